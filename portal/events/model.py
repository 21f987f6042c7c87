"""Events: when neighbours come together, who comes, and who was there.

The table `event` is the history's, so one of these is a `Gathering` here; pages call it an event. What everybody who has a place brings
with them is `party`, themselves included: the database counts these against the places, whoever asks at the same moment.
"""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, Time, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.people.model import Organisation, Person
from portal.places.model import Area


class Series(Base):
    """An event that comes again. Each time is an event of its own, and may be changed or cancelled alone."""

    __tablename__ = "gathering_series"
    __table_args__ = (
        CheckConstraint("every in ('week', 'fortnight', 'month')", name="every"),
        CheckConstraint("until >= first_day", name="until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # SER-....-....
    every: Mapped[str]
    first_day: Mapped[date]
    until: Mapped[date]


class Gathering(Base):
    """An ideas fair, a meeting, a session at the hub, a celebration. The days and times are those of London."""

    __tablename__ = "gathering"
    __table_args__ = (
        CheckConstraint("kind in ('fair', 'meeting', 'hub', 'celebration')", name="kind"),
        CheckConstraint("status in ('held', 'open', 'refused', 'cancelled')", name="status"),
        CheckConstraint("role in ('', 'connector', 'officer')", name="role"),
        CheckConstraint("role = '' or organisation_id is null", name="one_capacity"),
        CheckConstraint("ends > starts", name="ends"),
        CheckConstraint("places is null or (places > 0 and places <= 500)", name="places"),
        CheckConstraint("friends >= 0 and friends <= 9", name="friends"),
        CheckConstraint("step_free in ('', 'yes', 'no')", name="step_free"),
        CheckConstraint("hearing_loop in ('', 'yes', 'no')", name="hearing_loop"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at is not null)", name="cancelled"),
        CheckConstraint("status not in ('refused', 'cancelled') or reason <> ''", name="reason"),
        CheckConstraint("status = 'held' or status = 'cancelled' or decided_at is not null", name="decided"),
        CheckConstraint("(decided_at is null) = (decided_by is null)", name="decided_by"),
        CheckConstraint("looked >= 0 and looked <= version", name="looked"),
        UniqueConstraint("day", "code"),
        Index("ix_gathering_status", "status", "day", "starts", "id"),
        Index("ix_gathering_area_id", "area_id", "day"),
        Index("ix_gathering_organiser_id", "organiser_id", "day"),
        Index("ix_gathering_organisation_id", "organisation_id", "day"),
        Index("ix_gathering_series_id", "series_id", "day"),
        Index(
            "ix_gathering_to_look_at", "day", sqlite_where=text("looked < version"), postgresql_where=text("looked < version")
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # EVT-....-....
    series_id: Mapped[int | None] = mapped_column(ForeignKey("gathering_series.id"))
    kind: Mapped[str]
    title: Mapped[str]  # title, what, place, access and food are for everybody to read
    what: Mapped[str] = mapped_column(default="")
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    place: Mapped[str]
    step_free: Mapped[str] = mapped_column(default="")  # "": nobody has said
    hearing_loop: Mapped[str] = mapped_column(default="")
    access: Mapped[str] = mapped_column(default="")  # what else helps to get in and take part
    food: Mapped[str] = mapped_column(default="")
    day: Mapped[date]
    starts: Mapped[time] = mapped_column(Time)
    ends: Mapped[time] = mapped_column(Time)
    places: Mapped[int | None]  # None: as many as come
    friends: Mapped[int] = mapped_column(default=0)  # how many somebody may bring along
    organiser_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))  # for whom they organise it
    role: Mapped[str] = mapped_column(default="")  # or in which role
    entered_by: Mapped[str]  # "person:12"
    code: Mapped[str]  # six digits, good on the day
    version: Mapped[int] = mapped_column(default=1)  # counts the changes, for calendars and for two who change it at once
    looked: Mapped[int] = mapped_column(default=0)  # the last version that somebody we trust made or looked at
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    answer_by: Mapped[date | None]  # by when a connector says yes or no, while it is held
    status: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")  # why it was cancelled, for everybody; or why we said no, for who asked
    reminded_for: Mapped[date | None]  # the day of which those who come were reminded
    followed_at: Mapped[datetime | None]  # when those who were there were thanked

    series: Mapped[Series | None] = relationship(viewonly=True)
    area: Mapped[Area] = relationship(viewonly=True)
    organiser: Mapped[Person] = relationship(viewonly=True)
    organisation: Mapped[Organisation | None] = relationship(viewonly=True)


class Guest(Base):
    """Somebody who wants to come, waits for a place, or was there: a person, or a neighbour without an account by name."""

    __tablename__ = "gathering_guest"
    __table_args__ = (
        CheckConstraint("state in ('going', 'waiting', 'off', 'none')", name="state"),  # none: came without having said so
        CheckConstraint("party > 0 and party <= 10", name="party"),
        CheckConstraint("person_id is null or (name = '' and email is null)", name="person"),
        CheckConstraint("email is null or name <> ''", name="named"),
        CheckConstraint("(here_at is null) = (here_party is null) and (here_at is null) = (how is null)", name="here"),
        CheckConstraint("here_party is null or (here_party > 0 and here_party <= 10)", name="here_party"),
        CheckConstraint("state <> 'none' or here_at is not null", name="walked_in"),
        CheckConstraint("how is null or how in ('phone', 'code', 'organiser', 'paper')", name="how"),
        UniqueConstraint("gathering_id", "person_id"),
        UniqueConstraint("gathering_id", "email"),
        Index("ix_gathering_guest_gathering_id", "gathering_id", "state", "asked_at"),
        Index("ix_gathering_guest_person_id", "person_id"),
        Index("ix_gathering_guest_email", "email"),
        Index("ix_gathering_guest_named", "gathering_id", sqlite_where=text("name <> ''"), postgresql_where=text("name <> ''")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # GST-....-....
    gathering_id: Mapped[int] = mapped_column(ForeignKey("gathering.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(default="")  # of who has no account; emptied some weeks after the day
    email: Mapped[str | None]
    party: Mapped[int] = mapped_column(default=1)
    state: Mapped[str]
    asked_at: Mapped[datetime]  # the order of the waiting list
    hear: Mapped[bool] = mapped_column(default=False)  # they agreed that we ask them for something the day after
    entered_by: Mapped[str]
    basis: Mapped[str | None]
    here_at: Mapped[datetime | None]
    here_party: Mapped[int | None]
    how: Mapped[str | None]
    sheet: Mapped[str] = mapped_column(default="")  # number of the paper list it was typed from

    gathering: Mapped[Gathering] = relationship(viewonly=True)
    person: Mapped[Person | None] = relationship(viewonly=True)


class WrongCode(Base):
    """How many wrong codes somebody typed on a day."""

    __tablename__ = "gathering_wrong_code"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    wrong: Mapped[int]


class WrongFrom(Base):
    """How many wrong codes people without an account typed in one network on a day."""

    __tablename__ = "gathering_wrong_from"

    mark: Mapped[str] = mapped_column(primary_key=True)  # of the network's address and the day, which it does not give away
    day: Mapped[date] = mapped_column(primary_key=True)
    wrong: Mapped[int]
