"""The timebank: its rules, kinds of help, members, and exchanges between two of them.

Minutes live in the ledger alone: a member's balance is the balance of their account there. What stands here says who helped
whom, on which day, and how far the two agree.
"""

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.money import Minutes
from portal.people.model import Organisation, Person
from portal.places.model import Area
from portal.work.model import WorkRecord

MEMBER_STATES = ("active", "paused", "left")
EXCHANGE_STATES = ("logged", "disputed", "held", "settled", "withdrawn", "refused", "reversed")
OPEN = ("logged", "disputed", "held")  # somebody still has to say something
SIDES = ("giver", "receiver")


class Timebank(Base):
    """One row once the scheme has opened its timebank; the rules as the scheme set them (`rules.TimeRules`)."""

    __tablename__ = "timebank"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    opened_at: Mapped[datetime]
    rules: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Category(Base):
    """A kind of help: what an hour was given for."""

    __tablename__ = "category"
    __table_args__ = (CheckConstraint("risk in ('ordinary', 'home', 'at_risk')", name="risk"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # "garden"
    name: Mapped[str] = mapped_column(unique=True)
    archived_at: Mapped[datetime | None]
    risk: Mapped[str] = mapped_column(default="ordinary")  # decides what must have been seen of who gives it (safety.py)


def new_digits() -> str:
    """Four digits for a card."""
    return f"{secrets.randbelow(10_000):04}"


class Member(Base):
    """A person or an organisation with an account of minutes. The reference is the number on their card."""

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("status in ('active', 'paused', 'left')", name="status"),
        CheckConstraint("(person_id is null) <> (organisation_id is null)", name="one_of_two"),
        CheckConstraint("length(digits) = 4", name="digits"),
        Index("ix_member_area_id", "area_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # MEM-....-....
    digits: Mapped[str] = mapped_column(default=new_digits)  # on the card and nowhere else: what a till asks for
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), unique=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))  # whose book their hours are in; on each exchange as it was then
    status: Mapped[str] = mapped_column(default="active")
    seen_outside: Mapped[bool] = mapped_column(default=False)  # whether members of other areas find them by name
    hard_floor: Mapped[Minutes | None]  # a coordinator's exception, in minutes; None: the scheme's
    joined_at: Mapped[datetime]
    agreement: Mapped[str] = mapped_column(default="")  # the words that they said yes to when they joined
    adult_on: Mapped[date | None]  # when they are 18, of who joined younger: until then somebody consents

    person: Mapped[Person | None] = relationship(viewonly=True)
    organisation: Mapped[Organisation | None] = relationship(viewonly=True)
    area: Mapped[Area] = relationship(viewonly=True)


class Exchange(Base):
    """Help that one member gave another. Written down by one side, answered by the other, then in the books."""

    __tablename__ = "exchange"
    __table_args__ = (
        CheckConstraint("status in ('logged', 'disputed', 'held', 'settled', 'withdrawn', 'refused', 'reversed')", name="status"),
        CheckConstraint("giver_id <> receiver_id", name="two_members"),
        CheckConstraint("logged_by in ('giver', 'receiver')", name="logged_by"),
        CheckConstraint("minutes > 0 and minutes <= 960 and minutes % 15 = 0", name="minutes"),
        CheckConstraint("answered_minutes is null or (answered_minutes >= 0 and answered_minutes % 15 = 0)", name="answered_minutes"),
        CheckConstraint("settled_minutes is null or (settled_minutes > 0 and settled_minutes % 15 = 0)", name="settled_minutes"),
        CheckConstraint("answered_by is null or answered_by <> entered_by", name="second_person"),
        CheckConstraint("(status in ('settled', 'reversed')) = (settled_minutes is not null)", name="settled"),
        Index("ix_exchange_giver_id", "giver_id", "day"),
        Index("ix_exchange_receiver_id", "receiver_id", "day"),
        Index("ix_exchange_status", "status", "settle_on"),
        Index("ix_exchange_day", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # EXC-....-....
    giver_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    receiver_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    day: Mapped[date]
    minutes: Mapped[Minutes]  # as written down
    note: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="logged")
    logged_by: Mapped[str]  # the side that wrote it down
    entered_by: Mapped[str]  # "person:12": who typed it, for themselves or for that side
    basis: Mapped[str | None]
    entered_at: Mapped[datetime]
    settle_on: Mapped[date]  # the day on which it settles by itself when nobody answers
    link_number: Mapped[int] = mapped_column(default=1)  # a higher one ends the older link and code
    wrong_codes: Mapped[int] = mapped_column(default=0)
    answered_by: Mapped[str | None]  # "person:13", or "member:9" by link or code
    answered_at: Mapped[datetime | None]
    answered_minutes: Mapped[Minutes | None]  # what the other side said; 0: it was not so
    answer: Mapped[str] = mapped_column(default="")  # their words
    settled_minutes: Mapped[Minutes | None]
    settled_at: Mapped[datetime | None]
    entry_key: Mapped[str | None] = mapped_column(unique=True)  # its latest entry in the books
    questioned_by: Mapped[str | None]  # who says that something is wrong with what is in the books
    questioned_at: Mapped[datetime | None]
    question: Mapped[str] = mapped_column(default="")
    work_id: Mapped[int | None] = mapped_column(ForeignKey("work_record.id"), unique=True)  # the same hours as work on a funded idea

    giver_area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))  # as they were when it was put in the books: people move
    receiver_area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))

    giver: Mapped[Member] = relationship(foreign_keys=[giver_id], viewonly=True)
    receiver: Mapped[Member] = relationship(foreign_keys=[receiver_id], viewonly=True)
    category: Mapped[Category] = relationship(viewonly=True)
    work: Mapped[WorkRecord | None] = relationship(viewonly=True)
