"""A person and the open data: what of theirs is published, and that their name goes from it with them."""

from typing import Any

from sqlalchemy import func, or_, select

from portal.db import db
from portal.exports.publish import publishing
from portal.exports.publish.model import Summary
from portal.grants.model import Application, Award
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.people.shield import nameless


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
    """Nobody signs a text with a name that we know, but names become known later. Part of an action; no file of ours goes."""
    if " " not in someone.name:
        return []
    text = func.lower(Summary.title + " " + Summary.description + " " + Summary.from_title + " " + Summary.from_words)
    last = someone.name.split()[-1].lower()
    query = (
        select(Summary, Application.ref).join(Award, Award.id == Summary.award_id).join(Application, Application.id == Award.application_id)
    )
    for row, ref in db.session.execute(query.where(or_(text.contains(last, autoescape=True)))).all():
        before = (row.title, row.description)
        for column in ("title", "description", "from_title", "from_words"):
            setattr(row, column, nameless(getattr(row, column), [someone.name]))
        if before != (row.title, row.description):
            publishing.forget(ref)  # the worker publishes anew
    return []


COLLECTORS["grants in the open data"] = _published
ERASERS.append(_erase)
