"""What in a text for the public asks for a look: addresses, numbers and names, each where it stands.

What reaches a person (e-mail, telephone, postcode, sort code, National Insurance number) and a full name that we know must go. What only
may be a name, or a street, is for a person to judge.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.db import db
from portal.people.contacts import contacts, perhaps
from portal.people.model import Person
from portal.words import N_, _

NAME, MAYBE_NAME, STREET = N_("the name of a person"), N_("perhaps a name"), N_("perhaps an address")
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_TITLES = frozenset(("mr", "mrs", "miss", "ms", "dr", "the", "and", "family", "former", "member"))
_SMALL = frozenset(
    (
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "our",
        "that",
        "the",
        "this",
        "to",
        "we",
        "with",
    )
)
_MOST = 5_000  # names in one question to the database


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
    """What asks for a look, in order. `near`: names of people of this award; `known`: full names of anybody, in small letters."""
    found = [Worry(each.begins, each.ends, each.what, True) for each in contacts(text)]
    close = list(near)
    full = {_plain(name) for name in close if " " in _plain(name)} | set(known)
    found += [Worry(*span, NAME, True) for name in full for span in _spans(name, text, re.IGNORECASE)]
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


def known_names(texts: Iterable[str]) -> frozenset[str]:
    """Which of the pairs and triples of words in these texts are full names of people in the scheme, in small letters. A query or two."""
    may_be = sorted({form for text in texts for name in _may_be_names(text) for form in (name, name.title())})
    found: set[str] = set()
    for first in range(0, len(may_be), _MOST):
        some = may_be[first : first + _MOST]
        found |= {
            _plain(name) for name in db.session.scalars(select(Person.name).where(Person.name.in_(some), Person.deleted_at.is_(None)))
        }
    return frozenset(found)


def _may_be_names(text: str) -> Iterator[str]:
    words = _WORD.findall(text)
    for many in (2, 3):
        for first in range(len(words) - many + 1):
            some = words[first : first + many]
            if not _SMALL & {some[0].casefold(), some[-1].casefold()}:
                yield " ".join(some)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _spans(words: str, text: str, flags: int) -> Iterator[tuple[int, int]]:
    pattern = r"(?<!\w)" + r"[\s,]+".join(map(re.escape, words.split())) + r"(?!\w)"
    for found in re.finditer(pattern, text, flags):
        yield found.span()
