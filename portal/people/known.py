"""Whether a name is that of somebody we know, however it is typed: "mary smith" is Mary Smith, and O’Brien is O'Brien.

Names are compared plain: small letters, no apostrophes, dots or commas, a space for a hyphen. The database does the same, with an
index; SQLite makes only A to Z small, so other letters are asked for as they may have been typed.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Exists, exists, func, literal_column, or_, select
from sqlalchemy.orm import aliased, column_property

from portal.db import db
from portal.people.merged import leads_to_somebody
from portal.people.model import Organisation, Person

PLAIN = "’‘'.,"  # what is no part of a name when names are compared; an index of person is made with just these
_WORD = re.compile(r"[^\W\d_][\w’‘'-]*")
_DOTTED = re.compile(r"[^\W\d_][\w’‘'.-]*")  # J.R. Smith
_HIS = re.compile(r"[’‘']s?$", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,]+")
_GONE = str.maketrans({"-": " "} | dict.fromkeys(PLAIN, ""))
_SMALL = {letter: chr(letter + 32) for letter in range(ord("A"), ord("Z") + 1)}
_LONGEST = 4  # words of a name
_MOST = 5_000  # names in one question to the database


def plain(name: str) -> str:
    """A name as names are compared."""
    return " ".join(name.translate(_GONE).lower().split())


def plain_in_sql(column: Any) -> ColumnElement[str]:
    """The same of a column."""
    for mark in PLAIN:
        column = func.replace(column, literal_column("'" + mark.replace("'", "''") + "'"), literal_column("''"))
    return func.lower(func.replace(column, literal_column("'-'"), literal_column("' '")))


def known_as(column: Any) -> Exists:
    """Whether a column holds the name of somebody who is here."""
    somebody = aliased(Person)
    return exists(select(somebody.id).where(plain_in_sql(somebody.name) == plain_in_sql(column), _here(somebody)))


def _here(somebody: Any) -> ColumnElement[bool]:
    return or_(somebody.deleted_at.is_(None), leads_to_somebody(somebody.id))


Organisation.like_a_person = column_property(known_as(Organisation.name))  # type: ignore[assignment]


def known_names(texts: Iterable[str]) -> frozenset[str]:
    """Which of the words that stand together in these texts are full names of people in the scheme, plain. A query or two."""
    typed = {text[begins:ends] for text in texts for _name, begins, ends in _runs(text)}
    may_be = sorted({form for words in typed for form in _forms(words)})
    found: set[str] = set()
    for first in range(0, len(may_be), _MOST):
        some = plain_in_sql(Person.name).in_(may_be[first : first + _MOST])
        found |= {plain(name) for name in db.session.scalars(select(Person.name).where(some, _here(Person)))}
    return frozenset(found)


def spans(names: Collection[str], text: str) -> Iterator[tuple[int, int]]:
    """Where these full names, plain, stand in a text: each place once."""
    whole = _plain_run(text)
    if there := {name for name in names if name in whole}:
        yield from sorted({(begins, ends) for name, begins, ends in _runs(text) if name in there})


def _forms(words: str) -> set[str]:
    """As `plain_in_sql` may say it on either engine."""
    bare = " ".join(words.replace(",", " ").translate(_GONE).split())
    return {bare.lower(), *(form.translate(_SMALL) for form in (bare, bare.title(), bare.upper()))}


def _plain_run(words: str) -> str:
    return plain(words.replace(",", " "))


def _runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Two or more words that stand together, plain, and where."""
    for pattern in (_WORD, _DOTTED) if "." in text else (_WORD,):
        words = [found.span() for found in pattern.finditer(text)]
        for first, (begins, _end) in enumerate(words):
            for many, (word, ends) in enumerate(words[first : first + _LONGEST]):
                if many and not _BETWEEN.fullmatch(text, words[first + many - 1][1], word):
                    break
                last = text[word:ends].rstrip(".")
                for end in {word + len(last), word + len(_HIS.sub("", last))}:
                    name = _plain_run(text[begins:end])
                    if " " in name:
                        yield name, begins, end
