"""Which record leads where, of two that have become one. What was folded in stays in the books under its own number."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Exists, exists, select, update
from sqlalchemy.orm import aliased

from portal.db import db, must_be_in_transaction
from portal.people.model import Merger, Organisation, Person


def person_now(person_id: int) -> Person | None:
    """The record that a person's folded one leads to; None when it was never folded."""
    query = select(Person).join(Merger, Merger.kept_id == Person.id)
    return db.session.scalar(query.where(Merger.folded_id == person_id, Merger.status == "done"))


def group_now(organisation_id: int) -> Organisation | None:
    """The same of a group."""
    query = select(Organisation).join(Merger, Merger.kept_group_id == Organisation.id)
    return db.session.scalar(query.where(Merger.folded_group_id == organisation_id, Merger.status == "done"))


def folded_into(person_id: int) -> Sequence[Person]:
    """The records that were folded into a person's, the oldest first."""
    query = select(Person).join(Merger, Merger.folded_id == Person.id)
    return db.session.scalars(query.where(Merger.kept_id == person_id, Merger.status == "done").order_by(Merger.id)).all()


def reached_at(column: Any, address: str) -> Person | None:
    """Who is reached at an address that stands on a record of theirs which was folded in."""
    old = aliased(Person)
    query = select(Person).join(Merger, Merger.kept_id == Person.id).join(old, old.id == Merger.folded_id)
    there = getattr(old, column.key) == address
    return db.session.scalar(query.where(there, Merger.status == "done", Person.deleted_at.is_(None)))


def leads_to_somebody(person_id: Any) -> Exists:
    """Whether a record was folded into one of somebody who is here, as a condition of a query."""
    kept = aliased(Person)
    return exists(
        select(Merger.id)
        .join(kept, kept.id == Merger.kept_id)
        .where(Merger.folded_id == person_id, Merger.status == "done", kept.deleted_at.is_(None))
    )


def close_doors(person_id: int) -> None:
    """The addresses that still stand on a person's folded records lead nowhere any more, and are free, as a part of an action: they said
    another one themselves, or are trusted with a role or a seat, and then only their own address is a way in.
    """
    must_be_in_transaction()
    theirs = select(Merger.folded_id).where(Merger.kept_id == person_id, Merger.status == "done")
    db.session.execute(update(Person).where(Person.id.in_(theirs)).values(email=None, phone=None))


def leave_be(records: Sequence[int]) -> None:
    """Nobody waits for a second person to join these records any more: one of the two leaves. A part of an action."""
    must_be_in_transaction()
    named = Merger.kept_id.in_(records) | Merger.folded_id.in_(records)
    db.session.execute(update(Merger).where(Merger.status == "asked", named).values(status="dropped"))
