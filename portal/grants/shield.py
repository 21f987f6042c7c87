"""People stay out of what everybody can read: the last look at free text on its way out.

Titles and summaries are screened when they are sent, and people read them before a decision is told (design 6). Reasons and
reports are typed later, and something always slips through: so whatever leaves for the public passes here too.
"""

import re
from collections.abc import Iterable

from portal.grants.apply import PRIVATE
from portal.words import _

_MAY_HOLD = re.compile(r"[@\d]")  # each of the patterns needs one of these; most text has neither


def shielded(text: str, names: Iterable[str] = ()) -> str:
    """Text without addresses, numbers that point to a person, and these people's full names, which become "a neighbour".

    A first name alone stays: "Rose" and "Will" are words too, and name nobody to a stranger.
    """
    if not text:
        return ""
    if _MAY_HOLD.search(text):
        for pattern, _what in PRIVATE:
            text = pattern.sub(_("[left out]"), text)
    seen = text.casefold()
    for name in names:
        words = name.split()
        if len(words) > 1 and all(word.casefold() in seen for word in words):  # almost never: spares making the pattern
            text = re.sub(r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)", _("a neighbour"), text, flags=re.IGNORECASE)
    return text
