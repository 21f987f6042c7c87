"""Telling several people the same, and fitting words into a text message."""

from collections.abc import Iterable

from portal.outbox import Text, queue
from portal.people import queries as people
from portal.people.model import Person
from portal.words import _

SHORT = 306  # characters of a text message


def tell(key: str, about: str, to: Iterable[Person], text: Text) -> bool:
    """Queue it for each of them, once for each key, as a part of an action. Whether anybody is told."""
    told = False
    for someone in to:
        told |= queue(f"{key}:person:{someone.id}", people.addressee_of(someone), text, about=about)
    return told


def fitted(sentence: str, words: str, **values: str) -> str:
    """A text message, from a marked sentence, whose `words` give way, so that the link behind them stays whole."""
    words = " ".join(words.split())
    room = SHORT - len(_(sentence, words="", **values))
    return _(sentence, words=words if len(words) <= room else words[: max(room - 1, 0)].rstrip() + "…", **values)
