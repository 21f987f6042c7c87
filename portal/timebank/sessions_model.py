"""Sessions: one organiser, many people, one date. Who has a place, who was there, and what was put right afterwards.

A place has a number, so that the database itself refuses to give one twice or more than there are. Once a session is closed, what
its rows say of who was there and for how long stays: what is put right later stands beside them (`Correction`).
"""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.db import Base
from portal.events.model import Gathering
from portal.money import Minutes
from portal.people.model import Person
from portal.places.model import Area
from portal.timebank.model import Category, Member
from portal.work.model import Purpose, WorkRecord

EVERY = ("week", "fortnight", "month")


class Rota(Base):
    """A session that comes again. Each time is a session of its own, and may be changed or cancelled alone."""

    __tablename__ = "rota"
    __table_args__ = (
        CheckConstraint("every in ('week', 'fortnight', 'month')", name="every"),
        CheckConstraint("until >= first_day", name="until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # ROT-....-....
    every: Mapped[str]
    first_day: Mapped[date]
    until: Mapped[date]


class TimeSession(Base):
    """A litter pick, an afternoon at the hub. The days and times are those of London."""

    __tablename__ = "time_session"
    __table_args__ = (
        CheckConstraint("status in ('open', 'closed', 'cancelled')", name="status"),
        CheckConstraint("(payer_id is null) <> (pot_id is null)", name="one_payer"),
        CheckConstraint("minutes > 0 and minutes <= 960 and minutes % 15 = 0", name="minutes"),
        CheckConstraint("places is null or (places > 0 and places <= 500)", name="places"),
        CheckConstraint("ends > starts", name="ends"),
        CheckConstraint("(status = 'closed') = (closed_at is not null)", name="closed"),
        CheckConstraint("(closed_at is null) = (closed_by is null)", name="closed_by"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at is not null)", name="cancelled"),
        CheckConstraint("split in ('', 'shared', 'each', 'pot')", name="split"),
        CheckConstraint(
            "(split = '') = (giver_id is null) and (split not in ('shared', 'each') or payer_id = giver_id) and (split <> 'pot' or pot_id is not null)",
            name="giver",
        ),
        UniqueConstraint("day", "code"),
        Index("ix_time_session_day", "day", "starts"),
        Index("ix_time_session_area_id", "area_id", "day"),
        Index("ix_time_session_organiser_id", "organiser_id", "day"),
        Index("ix_time_session_rota_id", "rota_id", "day"),
        Index("uq_time_session_gathering_id", "gathering_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # SES-....-....
    rota_id: Mapped[int | None] = mapped_column(ForeignKey("rota.id"))
    title: Mapped[str]  # title, what and place are for everybody to read
    what: Mapped[str] = mapped_column(default="")
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    place: Mapped[str]
    day: Mapped[date]
    starts: Mapped[time] = mapped_column(Time)
    ends: Mapped[time] = mapped_column(Time)
    minutes: Mapped[Minutes]  # what each is expected to get
    places: Mapped[int | None]  # None: as many as come
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    pot_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))  # of which area the community pot pays
    organiser_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    entered_by: Mapped[str]  # "person:12": who typed it, for themselves or for the organiser
    basis: Mapped[str | None]
    code: Mapped[str]  # six digits, good on the day
    version: Mapped[int] = mapped_column(default=1)  # counts the changes, for calendars and for two who change it at once
    changed_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="open")
    cancelled_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")  # why it was cancelled, for everybody to read
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    entry_key: Mapped[str | None] = mapped_column(unique=True)  # of its entry in the books; None: nobody got hours
    reversed_at: Mapped[datetime | None]
    purpose_id: Mapped[int | None] = mapped_column(ForeignKey("purpose.id"))  # it was work on a funded idea too
    split: Mapped[str] = mapped_column(default="")  # "": whoever comes gives time; else one gives to all who come, and how they pay
    giver_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))  # that one; `payer_id` too, unless a pot pays
    gathering_id: Mapped[int | None] = mapped_column(ForeignKey("gathering.id"))  # the event that it belongs to: one check-in does for both

    rota: Mapped[Rota | None] = relationship(viewonly=True)
    category: Mapped[Category] = relationship(viewonly=True)
    area: Mapped[Area] = relationship(foreign_keys=[area_id], viewonly=True)
    pot: Mapped[Area | None] = relationship(foreign_keys=[pot_id], viewonly=True)
    payer: Mapped[Member | None] = relationship(foreign_keys=[payer_id], viewonly=True)
    giver: Mapped[Member | None] = relationship(foreign_keys=[giver_id], viewonly=True)
    purpose: Mapped[Purpose | None] = relationship(viewonly=True)
    gathering: Mapped[Gathering | None] = relationship(viewonly=True)
    organiser: Mapped[Person] = relationship(viewonly=True)

    @property
    def over(self) -> bool:
        """Whether the time at which it ends has passed, whoever still has to close it."""
        return clock.now() > datetime.combine(self.day, self.ends, clock.LONDON)


class SignUp(Base):
    """A member who wants to come: with a numbered place, on the waiting list, or not any more."""

    __tablename__ = "sign_up"
    __table_args__ = (
        CheckConstraint("state in ('going', 'waiting', 'off')", name="state"),
        CheckConstraint("(state = 'going') = (number is not null)", name="number"),
        CheckConstraint("number is null or number > 0", name="positive"),
        UniqueConstraint("session_id", "member_id"),
        UniqueConstraint("session_id", "number"),
        Index("ix_sign_up_member_id", "member_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("time_session.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    state: Mapped[str]
    number: Mapped[int | None]
    asked_at: Mapped[datetime]  # the order of the waiting list

    member: Mapped[Member] = relationship(viewonly=True)


class Attendance(Base):
    """Somebody who was there: a member, or a guest whose name goes when the session is closed."""

    __tablename__ = "attendance"
    __table_args__ = (
        CheckConstraint("how in ('phone', 'code', 'organiser', 'paper')", name="how"),
        CheckConstraint("minutes is null or (minutes >= 0 and minutes <= 960 and minutes % 15 = 0)", name="minutes"),
        CheckConstraint("said is null or (said >= 0 and said <= 960 and said % 15 = 0)", name="said"),
        CheckConstraint("why in ('', 'none', 'own', 'payer', 'left', 'guest', 'added')", name="why"),
        CheckConstraint("minutes is null or (minutes = 0) = (why <> '')", name="reason"),
        CheckConstraint("member_id is not null or minutes is null or minutes = 0", name="guest"),
        UniqueConstraint("session_id", "member_id"),
        Index("ix_attendance_member_id", "member_id"),
        Index("ix_attendance_questioned_at", "questioned_at"),
        Index("uq_attendance_work_id", "work_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("time_session.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    guest: Mapped[str] = mapped_column(default="")
    how: Mapped[str]
    sheet: Mapped[str] = mapped_column(default="")  # number of the paper sheet it was typed from
    entered_by: Mapped[str]
    entered_at: Mapped[datetime]
    said: Mapped[Minutes | None]  # at closing: how long it was
    minutes: Mapped[Minutes | None]  # at closing: what went into the books
    why: Mapped[str] = mapped_column(default="")  # at closing: why it was nothing
    questioned_by: Mapped[str | None]  # who says that it is wrong; the scheme, where another person must confirm it
    questioned_at: Mapped[datetime | None]
    question: Mapped[str] = mapped_column(default="")
    work_id: Mapped[int | None] = mapped_column(ForeignKey("work_record.id"))  # the same hours as work on a funded idea

    work: Mapped[WorkRecord | None] = relationship(viewonly=True)
    session: Mapped[TimeSession] = relationship(viewonly=True)
    member: Mapped[Member | None] = relationship(viewonly=True)


class Correction(Base):
    """One person's figure, put right after the closing by an entry of its own. Only ever appended."""

    __tablename__ = "attendance_correction"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("before <> after and before >= 0", name="changes"),
        CheckConstraint("after >= 0 and after <= 960 and after % 15 = 0", name="after"),
        UniqueConstraint("attendance_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendance.id"))
    number: Mapped[int]
    before: Mapped[Minutes]
    after: Mapped[Minutes]
    reason: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    entry_key: Mapped[str]


class CodeTry(Base):
    """How many wrong codes somebody typed on a day."""

    __tablename__ = "code_try"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    wrong: Mapped[int]
