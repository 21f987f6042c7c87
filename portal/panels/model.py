"""Groups of residents that decide. A panel knows matters, never what a matter is about."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

CHOICES = ("yes", "no", "not_yet", "abstain")
TIES = ("none", "family", "friend", "member", "money", "neighbour", "other")


class Panel(Base):
    __tablename__ = "panel"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # PNL-....-....
    name: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    created_at: Mapped[datetime]


class Seat(Base):
    """A person's place on a panel, from when to when."""

    __tablename__ = "seat"
    __table_args__ = (Index("ix_seat_person_id", "person_id"), Index("ix_seat_panel_id", "panel_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    chair: Mapped[bool] = mapped_column(default=False)
    term_start: Mapped[date]
    term_end: Mapped[date | None]  # last day, inclusive


class Matter(Base):
    """One thing a panel decides. `about` names it to whoever asked ("bid:17"); the panel does not look inside."""

    __tablename__ = "matter"
    __table_args__ = (
        CheckConstraint("status in ('open', 'closed', 'withdrawn')", name="status"),
        Index("ix_matter_panel_id_status", "panel_id", "status"),
        # a bid that comes back after "not yet" is a new matter; only one may be open
        Index("uq_matter_open", "about", unique=True, sqlite_where=text("status = 'open'"), postgresql_where=text("status = 'open'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # MAT-....-....
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    about: Mapped[str] = mapped_column(index=True)
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)  # the frozen threshold rule: see rules.Threshold
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    decide_by: Mapped[date]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # yes, no, not_yet, no_quorum
    tally: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # as counted at closing, for the register


class Interest(Base):
    """A seat says what ties it to a matter, `none` included, before it may open it. Appended; the last counts."""

    __tablename__ = "interest"
    __table_args__ = (
        CheckConstraint("tie in ('none', 'family', 'friend', 'member', 'money', 'neighbour', 'other')", name="tie"),
        Index("ix_interest_matter_id_seat_id", "matter_id", "seat_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    tie: Mapped[str]
    note: Mapped[str] = mapped_column(default="")  # private to officers; the register prints the kind of tie
    declared_at: Mapped[datetime]
    declared_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Vote(Base):
    """A vote, appended; the last of a seat counts."""

    __tablename__ = "vote"
    __table_args__ = (
        CheckConstraint("choice in ('yes', 'no', 'not_yet', 'abstain')", name="choice"),
        CheckConstraint("source in ('phone', 'paper', 'hall')", name="source"),
        Index("ix_vote_matter_id_seat_id", "matter_id", "seat_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    choice: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="phone")
    cast_at: Mapped[datetime]
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
