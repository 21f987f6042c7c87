"""People stay out of what everybody can read: the first look at free text when it is typed, and the last on its way out.

Titles and summaries are screened when they are sent, and people read them before a decision is told (design 6). Reasons and
reports are typed later, and something always slips through: so whatever leaves for the public passes here too.
"""

import re
from collections.abc import Iterable

from portal.people.contacts import contacts
from portal.words import _


def not_for_the_public(text: str, names: Iterable[str] = ()) -> str | None:
    """What a public summary must not hold, in words, or None (design 6: screened at entry). `names`: of people it may be about.

    Only a full name counts: "Rose" and "Will" are words too.
    """
    plain = " ".join(text.casefold().split())
    if any(name in plain for name in (" ".join(each.casefold().split()) for each in names) if " " in name):
        return _("the name of a person")
    return next((_(each.what) for each in contacts(text)), None)


def shielded(text: str, names: Iterable[str] = ()) -> str:
    """Text without addresses, numbers that point to a person, and these people's full names, which become "a neighbour"."""
    kept, at = [], 0
    for each in sorted(contacts(text), key=lambda found: found.begins):
        if each.begins >= at:
            kept += [text[at : each.begins], _("[left out]")]
        at = max(at, each.ends)
    return nameless("".join((*kept, text[at:])), names)


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
