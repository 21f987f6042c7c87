"""What happened: an append-only event for each act — who, on whose behalf, on what basis, when, why.

A status column elsewhere is a cache of these events (design 1, Life of a bid). The database refuses to change or delete one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, must_be_in_transaction


class Event(Base):
    __tablename__ = "event"
    __table_args__ = (Index("ix_event_about_id", "about", "id"), Index("ix_event_kind_at", "kind", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    about: Mapped[str]  # "bid:17", "award:17", "round:3", "person:12"
    kind: Mapped[str]  # "sent", "offered": a word of that object's life
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: the worker, or a neighbour by link
    on_behalf_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    basis: Mapped[str | None]  # "paper sheet 41", "telephone", "in person"
    reason: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


@dataclass(frozen=True)
class Actor:
    """Who acts. `person_id` None is the scheme itself (the worker) or somebody known only by their link."""

    person_id: int | None = None
    on_behalf_id: int | None = None
    basis: str | None = None

    @property
    def code(self) -> str:
        """How the ledger names it: `person:12` or `scheme`."""
        return f"person:{self.person_id}" if self.person_id else "scheme"

    @property
    def on_behalf_code(self) -> str | None:
        return f"person:{self.on_behalf_id}" if self.on_behalf_id else None


SCHEME = Actor()
BASES = ("paper sheet", "telephone", "in person")  # how somebody who acts for another may know; a sheet has a number behind it


def record(about: str, kind: str, actor: Actor, *, reason: str | None = None, **data: Any) -> Event:
    """Append an event, as a part of the action that makes it true."""
    must_be_in_transaction()
    event = Event(
        about=about, kind=kind, at=clock.now(), actor_id=actor.person_id, on_behalf_id=actor.on_behalf_id, basis=actor.basis,
        reason=reason, data=data,
    )  # fmt: skip
    db.session.add(event)
    return event


def events_of(*abouts: str) -> Sequence[Event]:
    """All events about these things, oldest first."""
    return db.session.scalars(select(Event).where(Event.about.in_(abouts)).order_by(Event.id)).all()
