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


class TopSlice(Base):
    """A budget of which a small part goes into a fund each year: from 0.1 to 1 percent, as a contribution of the budget's owner."""

    __tablename__ = "top_slice"
    __table_args__ = (CheckConstraint("rate between 10 and 100", name="rate"), UniqueConstraint("id", "rate"), UniqueConstraint("name"))

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # TSL-....-....
    name: Mapped[str]
    rate: Mapped[int]  # basis points: 50 is 0.5 percent
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    funder_id: Mapped[int] = mapped_column(ForeignKey("funder.id"))
    begun_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SliceYear(Base):
    """What a budget gives in one financial year: proposed by one, a contribution by a second person's yes. Never twice a year."""

    __tablename__ = "slice_year"
    __table_args__ = (
        CheckConstraint("amount > 0 and amount = budget * rate / 10000", name="amount"),
        CheckConstraint("said_yes_by_id is null or said_yes_by_id <> proposed_by_id", name="two_people"),
        CheckConstraint("(contribution_id is null) = (said_yes_by_id is null)", name="yes"),
        ForeignKeyConstraint(["slice_id", "rate"], ["top_slice.id", "top_slice.rate"], name="fk_slice_year_slice"),
        UniqueConstraint("contribution_id"),
        Index(
            "uq_slice_year_standing",
            "slice_id",
            "year",
            unique=True,
            sqlite_where=text("dropped_at is null"),
            postgresql_where=text("dropped_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # SLY-....-....
    slice_id: Mapped[int]
    year: Mapped[str]  # "2026-27"
    budget: Mapped[Pence]
    rate: Mapped[int]
    amount: Mapped[Pence]  # rounded down to whole pence
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    said_yes_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    contribution_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"))
    dropped_at: Mapped[datetime | None]  # not wanted after all, or its contribution was put right: the year is free again


class MatchOffer(Base):
    """A funder adds to what neighbours raise in money, for ideas of a fund or of one round, up to a cap."""

    __tablename__ = "match_offer"
    __table_args__ = (
        CheckConstraint("ratio between 1 and 100000", name="ratio"),
        CheckConstraint("cap > 0", name="cap"),
        CheckConstraint("given >= 0 and given <= cap", name="given"),
        CheckConstraint("last_day >= first_day", name="days"),
        Index("ix_match_offer_fund_id", "fund_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # MTO-....-....
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    funder_id: Mapped[int] = mapped_column(ForeignKey("funder.id"))
    ratio: Mapped[int]  # basis points of what was raised: 10000 doubles it
    cap: Mapped[Pence]
    given: Mapped[Pence] = mapped_column(default=0)  # cache of its matches that stand; the ledger check compares
    first_day: Mapped[date]
    last_day: Mapped[date]
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class OfferMatch(Base):
    """What an offer added for one sum that neighbours raised. A sum is matched once, by one offer, with its receipt seen."""

    __tablename__ = "offer_match"
    __table_args__ = (
        CheckConstraint("amount > 0 and raised > 0", name="amount"),
        UniqueConstraint("contribution_id"),
        Index("ix_offer_match_offer_id", "offer_id"),
        Index("uq_offer_match_standing", "delivery_id", unique=True, sqlite_where=text("undone_at is null"), postgresql_where=text("undone_at is null")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("match_offer.id"))
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    raised: Mapped[Pence]
    amount: Mapped[Pence]
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"))
    seen_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    seen_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class LargeContribution(Base):
    """A sum above the limit of the scheme that came in: one person writes it down, a second one confirms it."""

    __tablename__ = "large_contribution"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("(done_at is null) = (done_by_id is null)", name="done"),
        CheckConstraint("done_at is null or dropped_at is null", name="one_end"),
        CheckConstraint("contribution_id is null or done_at is not null", name="in_the_books"),
        Index("ix_large_contribution_fund_id", "fund_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # LCN-....-....
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    funder_id: Mapped[int] = mapped_column(ForeignKey("funder.id"))
    amount: Mapped[Pence]
    received_on: Mapped[date]
    reference: Mapped[str] = mapped_column(default="")
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    contribution_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"), unique=True)
