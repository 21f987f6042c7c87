"""What the post room needs to know about the people it writes to."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.outbox import Message
from portal.people.model import Person


def want_large_print(person_ids: Collection[int | None]) -> frozenset[int]:
    """Of these people, those who asked for large print."""
    ids = [person_id for person_id in person_ids if person_id is not None]
    return frozenset(db.session.scalars(select(Person.id).where(Person.id.in_(ids), Person.large_print))) if ids else frozenset()


def postal_address(person_id: int | None) -> str:
    """Where they want letters; empty when nobody knows, and then the letter is handed over."""
    if person_id is None:
        return ""
    return db.session.scalar(select(Person.postal_address).where(Person.id == person_id)) or ""


def addressed(message_id: int) -> int | None:
    """Whom a message is for, when it is somebody with an account."""
    return db.session.scalar(select(Message.person_id).where(Message.id == message_id))


def to_hand_over(areas: Collection[int] | None, limit: int) -> Sequence[Message]:
    """Letters that wait, without an address, to people who live in these areas (None: anywhere); oldest first. One query."""
    waiting = (Message.channel == "letter", Message.sent_at.is_(None), Message.failed_at.is_(None), Message.due_at <= clock.now())
    query = select(Message).join(Person, Person.id == Message.person_id).where(*waiting, Message.address == "")
    if areas is not None:
        query = query.where(Person.area_id.in_(areas))
    return db.session.scalars(query.order_by(Message.id).limit(limit)).all()
