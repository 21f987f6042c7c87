"""What is put before three neighbours of a panel: hours that two remember differently, and a gift from a pot that is more than one
coordinator may give.

Both are one question: a figure in quarters of an hour between two others. What a seat has said stays as it was said.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.money import Minutes
from portal.places.model import Area
from portal.timebank.model import Exchange, Member

STANDS = ("open", "decided")  # something is still to come of it


class NeighbourQuestion(Base):
    """Hours of an exchange, or hours of a pot for a member. Open, decided (the figure is known), done (it is in the books, or nothing is
    to be), lapsed (too few spoke in time), or overtaken by something else.
    """

    __tablename__ = "neighbour_question"
    __table_args__ = (
        CheckConstraint("kind in ('hours', 'grant')", name="kind"),
        CheckConstraint("status in ('open', 'decided', 'done', 'lapsed', 'overtaken')", name="status"),
        CheckConstraint("(kind = 'hours') = (exchange_id is not null)", name="hours"),
        CheckConstraint("(kind = 'grant') = (taker_id is not null) and (kind = 'grant') = (pot_id is not null)", name="grant"),
        CheckConstraint("least >= 0 and least < most and least % 15 = 0 and most % 15 = 0", name="between"),
        CheckConstraint("figure is null or (figure >= least and figure <= most and figure % 15 = 0)", name="figure"),
        CheckConstraint("kind = 'hours' or (least = 0 and (figure is null or figure in (0, most)))", name="yes_or_no"),
        CheckConstraint("(status in ('decided', 'done')) = (figure is not null) or status = 'overtaken'", name="decided"),
        CheckConstraint("(status in ('open', 'decided')) = (closed_at is null)", name="closed"),
        Index("ix_neighbour_question_status", "status", "decide_by"),
        Index("ix_neighbour_question_taker_id", "taker_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # NBR-....-....
    kind: Mapped[str]
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    exchange_id: Mapped[int | None] = mapped_column(ForeignKey("exchange.id"), unique=True)  # once for each exchange
    taker_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    pot_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))  # of which area the community pot gives
    least: Mapped[Minutes]
    most: Mapped[Minutes]
    stands: Mapped[Minutes | None]  # what the coordinator said; None: they passed it on without a figure
    words: Mapped[str]  # why it is asked; the three read it
    asked_by: Mapped[str]  # "person:12"
    decided_by: Mapped[str | None]  # the coordinator whose figure it is about, who hears what comes of it
    asked_at: Mapped[datetime]
    decide_by: Mapped[date]  # its last day
    status: Mapped[str] = mapped_column(default="open")
    figure: Mapped[Minutes | None]
    waits: Mapped[str] = mapped_column(default="")  # while decided: why it is not in the books yet
    closed_at: Mapped[datetime | None]

    exchange: Mapped[Exchange | None] = relationship(viewonly=True)
    taker: Mapped[Member | None] = relationship(viewonly=True)
    pot: Mapped[Area | None] = relationship(viewonly=True)


class NeighbourSeat(Base):
    """A seat that is asked, and what it said. Nobody but the person on it learns which seats these are."""

    __tablename__ = "neighbour_seat"
    __table_args__ = (
        CheckConstraint("(minutes is null) = (said_at is null)", name="said"),
        CheckConstraint("tied_at is null or said_at is null", name="tied"),
        CheckConstraint("minutes is null or (minutes >= 0 and minutes % 15 = 0)", name="minutes"),
        Index("ix_neighbour_seat_seat_id", "seat_id"),
    )

    question_id: Mapped[int] = mapped_column(ForeignKey("neighbour_question.id"), primary_key=True, autoincrement=False)
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"), primary_key=True, autoincrement=False)
    asked_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    tied_at: Mapped[datetime | None]  # they know one of the people, so another seat was asked
    minutes: Mapped[Minutes | None]
    reason: Mapped[str] = mapped_column(default="")  # emptied when they leave
    said_at: Mapped[datetime | None]
