"""A person and the open data: what of theirs is published, and that their name goes from it with them."""

from typing import Any

from sqlalchemy import or_, select

from portal.db import db, one_at_a_time
from portal.exports.publish import publishing
from portal.exports.publish.model import Summary
from portal.grants.model import Application, Award
from portal.history import SCHEME, record
from portal.people.known import plain, plain_in_sql, spans
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.words import _

TEXTS = ("title", "description", "from_title", "from_words")


def _published(person_id: int) -> list[dict[str, Any]]:
    query = (
        select(Application.ref, Summary)
        .join(Award, Award.application_id == Application.id)
        .join(Summary, Summary.award_id == Award.id)
        .where(Application.person_id == person_id)
        .order_by(Summary.award_id)
    )
    return [
        {"idea": ref, "title": row.title, "description": row.description, "signed off": row.signed_at.isoformat(), "taken down": row.taken_down_reason}
        for ref, row in db.session.execute(query)
    ]  # fmt: skip


def _erase(someone: Person) -> list[str]:
    """Nobody signs a text with a name that we know, but names become known later. Every file that holds it goes, whatever its words were
    signed anew as since; an organisation of that name is a person's for good. Part of an action; no file of ours goes.
    """
    name = plain(someone.name)
    if " " not in name:
        return []
    one_at_a_time(publishing.LOCK)
    changed = [row for row in db.session.scalars(_perhaps_of(name)).all() if _without(row, name)]
    if publishing.forget_name(name) or changed:  # the worker publishes anew
        record("publishing", "name_gone", SCHEME)
    return []


def _perhaps_of(name: str) -> Any:
    query = select(Summary).order_by(Summary.award_id)
    last = name.split()[-1]
    if not last.isascii():  # SQLite makes no other letters small
        return query
    texts = [getattr(Summary, column) for column in (*TEXTS, "recipient")]
    return query.where(or_(*(plain_in_sql(text).contains(last, autoescape=True) for text in texts)))


def _without(row: Summary, name: str) -> bool:
    """Whether a summary held the name, which it holds no more."""
    before = [getattr(row, column) for column in TEXTS]
    for column in TEXTS:
        setattr(row, column, blotted(getattr(row, column), name))
    if plain(row.recipient) == name and not row.vouched:
        row.recipient = ""
        return True
    return before != [getattr(row, column) for column in TEXTS]


def blotted(text: str, name: str) -> str:
    """A text in which a full name, plain, became "a neighbour"."""
    for begins, ends in reversed(list(spans({name}, text))):
        text = text[:begins] + _("a neighbour") + text[ends:]
    return text


COLLECTORS["grants in the open data"] = _published
ERASERS.append(_erase)
