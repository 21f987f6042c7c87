"""Whose money a promise is: what was taken from a pot at one moment, and each funder's share of it. Written once, never changed."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.money import Pence


class FundDraw(Base):
    """Money that was taken from a pot at one moment: for an award, or for a float that a panel granted.

    Its shares are a chain whose last link must say its amount when the transaction ends: the database refuses anything else.
    """

    __tablename__ = "fund_draw"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(award_id is null) <> (request_id is null)", name="one_reason"),
        ForeignKeyConstraint(["award_id", "fund_id", "amount"], ["award.id", "award.fund_id", "award.amount"], name="fk_fund_draw_award"),
        ForeignKeyConstraint(
            ["request_id", "fund_id", "amount"], ["float_request.id", "float_request.fund_id", "float_request.amount"], name="fk_fund_draw_request"
        ),
        ForeignKeyConstraint(
            ["id", "amount"], ["fund_share.draw_id", "fund_share.after"], name="fk_fund_draw_shares", deferrable=True, initially="DEFERRED", use_alter=True
        ),
        UniqueConstraint("award_id"),
        UniqueConstraint("request_id"),
        Index("ix_fund_draw_fund_id", "fund_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    award_id: Mapped[int | None]
    request_id: Mapped[int | None]
    amount: Mapped[Pence]
    taken_on: Mapped[date]


class FundShare(Base):
    """One funder's share of what was taken. `after` is the sum of the shares so far, this one with them."""

    __tablename__ = "fund_share"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        UniqueConstraint("draw_id", "after"),
        UniqueConstraint("draw_id", "funder_id"),
        Index("ix_fund_share_funder_id", "funder_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("fund_draw.id"))
    funder_id: Mapped[int] = mapped_column(ForeignKey("funder.id"))
    amount: Mapped[Pence]
    after: Mapped[Pence]


class Withdrawal(Base):
    """A funder takes free money out of a pot: one asks, a second person does it. Posted `fund:F:available` to `funder:X` under key `withdrawal:<id>`."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("(done_at is null) = (done_by_id is null)", name="done"),
        CheckConstraint("done_at is null or cancelled_at is null", name="one_end"),
        Index("ix_withdrawal_fund_id", "fund_id"),
        Index(
            "uq_withdrawal_waiting",
            "funder_id",
            "fund_id",
            unique=True,
            sqlite_where=text("done_at is null and cancelled_at is null"),
            postgresql_where=text("done_at is null and cancelled_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # WDR-....-....
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    funder_id: Mapped[int] = mapped_column(ForeignKey("funder.id"))
    amount: Mapped[Pence]
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
