"""People stay out of what everybody can read: the first look at free text when it is typed, and the last on its way out.

Titles and summaries are screened when they are sent, and people read them before a decision is told (design 6). Reasons and
reports are typed later, and something always slips through: so whatever leaves for the public passes here too.
"""

import re
from collections.abc import Iterable

from portal.words import N_, _

PRIVATE = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), N_("an e-mail address")),
    (re.compile(r"(?:\+44|\b0)(?:[\s-]?\d){9,10}\b"), N_("a telephone number")),
    (re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b", re.IGNORECASE), N_("a postcode")),
    (re.compile(r"\b\d{2}-\d{2}-\d{2}\b"), N_("a sort code")),
    (
        re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\s?(?:\d{2}\s?){3}[A-D]\b", re.IGNORECASE),
        N_("a National Insurance number"),
    ),
)
_MAY_HOLD = re.compile(r"[@\d]")  # each of the patterns needs one of these; most text has neither


def not_for_the_public(text: str, names: Iterable[str] = ()) -> str | None:
    """What a public summary must not hold, in words, or None (design 6: screened at entry). `names`: of people it may be about.

    Only a full name counts: "Rose" and "Will" are words too.
    """
    plain = " ".join(text.casefold().split())
    if any(name in plain for name in (" ".join(each.casefold().split()) for each in names) if " " in name):
        return _("the name of a person")
    return next((_(what) for pattern, what in PRIVATE if pattern.search(text)), None)


def shielded(text: str, names: Iterable[str] = ()) -> str:
    """Text without addresses, numbers that point to a person, and these people's full names, which become "a neighbour"."""
    if text and _MAY_HOLD.search(text):
        for pattern, _what in PRIVATE:
            text = pattern.sub(_("[left out]"), text)
    return nameless(text, names)


def nameless(text: str, names: Iterable[str]) -> str:
    """Text in which these people's full names became "a neighbour".

    A first name alone stays: "Rose" and "Will" are words too, and name nobody to a stranger.
    """
    seen = text.casefold()
    for name in names:
        words = name.split()
        if len(words) > 1 and all(word.casefold() in seen for word in words):  # almost never: spares making the pattern
            text = re.sub(r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)", _("a neighbour"), text, flags=re.IGNORECASE)
    return text
