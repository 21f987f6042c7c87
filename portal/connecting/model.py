"""Who links whom and who might lead: only of people who said yes to it, and gone at once when they stop.

Every row hangs on the yes of whom it is about by a foreign key, so that nothing can be noted of anybody else. Nothing of it is written
into the history, which never forgets: that holds only that somebody switched this on or off.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.people.model import Person

OUTCOMES = ("nothing", "met", "began")
ANSWERS = ("", "yes", "not_now", "never")


class Openness(Base):
    """Somebody's yes: they may be introduced to others and asked to lead, and it may be noted."""

    __tablename__ = "openness"
    __table_args__ = (CheckConstraint("basis is null or basis in ('paper sheet', 'telephone', 'in person')", name="basis"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    since: Mapped[datetime]
    basis: Mapped[str | None]  # how a coordinator knows, who wrote it down for somebody without e-mail
    never_since: Mapped[date | None]  # they do not want to be asked to lead
    rests_until: Mapped[date | None]  # nobody asks them before that day; stays when the line of their answer is deleted

    person: Mapped[Person] = relationship(viewonly=True)


class Introduction(Base):
    """Somebody brought two people together. The two in the order of their numbers, so that a pair is one pair."""

    __tablename__ = "introduction"
    __table_args__ = (
        CheckConstraint("one_id < two_id", name="one_pair"),
        CheckConstraint("by_id <> one_id and by_id <> two_id", name="by_another"),
        CheckConstraint("outcome in ('nothing', 'met', 'began')", name="outcome"),
        CheckConstraint("led_to = '' or outcome = 'began'", name="led_to"),
        CheckConstraint("words <> ''", name="words"),
        UniqueConstraint("one_id", "two_id", "day"),
        Index("ix_introduction_two_id", "two_id"),
        Index("ix_introduction_by_id", "by_id"),
        Index("ix_introduction_day", "day", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # INT-....-....
    one_id: Mapped[int] = mapped_column(ForeignKey("openness.person_id"))
    two_id: Mapped[int] = mapped_column(ForeignKey("openness.person_id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    day: Mapped[date]
    words: Mapped[str]  # about what; the two read it
    outcome: Mapped[str] = mapped_column(default="nothing")
    led_to: Mapped[str] = mapped_column(default="")  # the reference of what began, if it is here: IDE-, EXC-, GFT-, EVT-, SES-
    noted_at: Mapped[datetime]

    one: Mapped[Person] = relationship(primaryjoin="foreign(Introduction.one_id) == Person.id", viewonly=True)
    two: Mapped[Person] = relationship(primaryjoin="foreign(Introduction.two_id) == Person.id", viewonly=True)
    by: Mapped[Person] = relationship(foreign_keys=[by_id], viewonly=True)


class LeadAsk(Base):
    """Somebody was asked to lead something, and what they said."""

    __tablename__ = "lead_ask"
    __table_args__ = (
        CheckConstraint("answer in ('', 'yes', 'not_now', 'never')", name="answer"),
        CheckConstraint("(answer = '') = (answered_on is null)", name="answered"),
        CheckConstraint("answered_on is null or answered_on >= asked_on", name="order"),
        CheckConstraint("by_id <> person_id", name="by_another"),
        CheckConstraint("words <> ''", name="words"),
        Index("uq_lead_ask_open", "person_id", unique=True, sqlite_where=text("answer = ''"), postgresql_where=text("answer = ''")),
        Index("ix_lead_ask_person_id", "person_id", "asked_on"),
        Index("ix_lead_ask_by_id", "by_id"),
        Index("ix_lead_ask_asked_on", "asked_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # ASK-....-....
    person_id: Mapped[int] = mapped_column(ForeignKey("openness.person_id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    words: Mapped[str]  # what for; the person reads it
    asked_on: Mapped[date]
    answer: Mapped[str] = mapped_column(default="")
    answered_on: Mapped[date | None]

    by: Mapped[Person] = relationship(foreign_keys=[by_id], viewonly=True)


class EntryLook(Base):
    """A coordinator looked at somebody's entry on a day: the person sees who."""

    __tablename__ = "entry_look"
    __table_args__ = (Index("ix_entry_look_by_id", "by_id", "day"), Index("ix_entry_look_day", "day"))

    person_id: Mapped[int] = mapped_column(ForeignKey("openness.person_id"), primary_key=True, autoincrement=False)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)

    by: Mapped[Person] = relationship(foreign_keys=[by_id], viewonly=True)
