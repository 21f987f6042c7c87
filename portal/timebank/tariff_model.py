"""What two organisations agreed that something counts in hours, and the exchanges that were worked out by it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.money import Minutes
from portal.timebank.model import Category, Exchange, Member


class Tariff(Base):
    """One line: a unit of something that one organisation gives another counts so many minutes. Never changed, only ended."""

    __tablename__ = "tariff"
    __table_args__ = (
        CheckConstraint("status in ('proposed', 'agreed', 'declined', 'withdrawn', 'ended')", name="status"),
        CheckConstraint("side in ('giver', 'receiver')", name="side"),
        CheckConstraint("giver_id <> receiver_id", name="two_members"),
        CheckConstraint("minutes > 0 and minutes <= 960 and minutes % 15 = 0", name="minutes"),
        CheckConstraint("agreed_by is null or agreed_by <> entered_by", name="second_person"),
        CheckConstraint("(agreed_at is null) = (agreed_by is null)", name="agreed_by"),
        CheckConstraint("(status in ('agreed', 'ended')) = (agreed_at is not null)", name="agreed"),
        CheckConstraint("(status in ('proposed', 'agreed')) = (over_at is null)", name="over"),
        *(
            Index(
                f"uq_tariff_{status}", "giver_id", "receiver_id", "same", unique=True, sqlite_where=text(f"status = '{status}'"),
                postgresql_where=text(f"status = '{status}'"),
            )
            for status in ("agreed", "proposed")
        ),
        Index("ix_tariff_receiver_id", "receiver_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # TRF-....-....
    giver_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    receiver_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    what: Mapped[str]  # "The hall"
    unit: Mapped[str]  # "hour": one of `tariffs.UNITS`
    minutes: Mapped[Minutes]  # what one unit counts
    same: Mapped[str]  # what and unit as they are compared: of one thing there is one line at a time
    status: Mapped[str] = mapped_column(default="proposed")
    side: Mapped[str]  # which of the two proposed it
    entered_by: Mapped[str]  # "person:12": who typed it, for their organisation or on its behalf
    basis: Mapped[str | None]
    proposed_at: Mapped[datetime]
    agreed_by: Mapped[str | None]
    agreed_at: Mapped[datetime | None]
    over_by: Mapped[str | None]
    over_at: Mapped[datetime | None]

    giver: Mapped[Member] = relationship(foreign_keys=[giver_id], viewonly=True)
    receiver: Mapped[Member] = relationship(foreign_keys=[receiver_id], viewonly=True)
    category: Mapped[Category] = relationship(viewonly=True)


class TariffUse(Base):
    """An exchange that was worked out by a line: how many units, and what one counted on that day. Only ever appended."""

    __tablename__ = "tariff_use"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), Index("ix_tariff_use_tariff_id", "tariff_id"))

    exchange_id: Mapped[int] = mapped_column(ForeignKey("exchange.id"), primary_key=True, autoincrement=False)
    tariff_id: Mapped[int] = mapped_column(ForeignKey("tariff.id"))
    quantity: Mapped[int]
    minutes: Mapped[Minutes]

    exchange: Mapped[Exchange] = relationship(viewonly=True)
    tariff: Mapped[Tariff] = relationship(viewonly=True)
