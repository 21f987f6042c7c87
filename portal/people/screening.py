"""What in a text for the public asks for a look: addresses, numbers and names, each where it stands.

What reaches a person (e-mail, telephone, postcode, sort code, National Insurance number) and a full name that we know must go. What only
may be a name, or a street, is for a person to judge.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from portal.people.contacts import contacts, perhaps
from portal.people.known import plain, spans
from portal.words import N_, _

NAME, MAYBE_NAME, STREET = N_("the name of a person"), N_("perhaps a name"), N_("perhaps an address")
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_TITLES = frozenset(("mr", "mrs", "miss", "ms", "dr", "the", "and", "family", "former", "member"))


@dataclass(frozen=True)
class Worry:
    """Where it stands, what it is in words, and whether it must go before anybody signs."""

    begins: int
    ends: int
    what: str
    must_go: bool


@dataclass(frozen=True)
class Piece:
    """A part of a text; `what` says why it is marked, empty where it is not."""

    text: str
    what: str = ""


def worries(text: str, near: Iterable[str], known: Collection[str]) -> Sequence[Worry]:
    """What asks for a look, in order. `near`: names of people of this award; `known`: full names of anybody, plain."""
    found = [Worry(each.begins, each.ends, each.what, True) for each in contacts(text)]
    close = list(near)
    full = {plain(name) for name in close} | set(known)
    found += [Worry(*span, NAME, True) for span in spans(full, text)]
    parts = {part for name in close for part in _WORD.findall(name) if len(part) > 2 and part.casefold() not in _TITLES}
    found += [Worry(*span, MAYBE_NAME, False) for part in parts for span in _spans(part, text, 0)]
    found += [Worry(*span, STREET, False) for street in perhaps(text) for span in _spans(street, text, re.IGNORECASE)]
    kept: list[Worry] = []
    for each in sorted(found, key=lambda one: (not one.must_go, one.begins, -one.ends)):
        if all(each.ends <= other.begins or each.begins >= other.ends for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda one: one.begins)


def pieces(text: str, found: Sequence[Worry]) -> Sequence[Piece]:
    """A text with its worries marked in place."""
    made, at = [], 0
    for each in found:
        made += [Piece(text[at : each.begins]), Piece(text[each.begins : each.ends], _(each.what))]
        at = each.ends
    return [piece for piece in (*made, Piece(text[at:])) if piece.text]


def _spans(words: str, text: str, flags: int) -> Iterator[tuple[int, int]]:
    pattern = r"(?<!\w)" + r"[\s,]+".join(map(re.escape, words.split())) + r"(?!\w)"
    for found in re.finditer(pattern, text, flags):
        yield found.span()
