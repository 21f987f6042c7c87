"""What the books keep of their own: who asked to close a period, the codes of the council's ledger, and journals that went there."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

WAITING = text("closed_at is null and cancelled_at is null")


class PeriodClosing(Base):
    """The books are to be closed up to a day: one person of finance asks, a second one does it. The period itself is the ledger's."""

    __tablename__ = "period_closing"
    __table_args__ = (
        CheckConstraint("closed_by_id is null or closed_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("(closed_at is null) = (closed_by_id is null)", name="closed"),
        CheckConstraint("closed_at is null or cancelled_at is null", name="one_end"),
        CheckConstraint("closed_at is null or heads <> ''", name="heads"),
        Index("uq_period_closing_closed", "last_day", unique=True, sqlite_where=text("closed_at is not null"), postgresql_where=text("closed_at is not null")),
        Index("uq_period_closing_waiting", "waits", unique=True, sqlite_where=WAITING, postgresql_where=WAITING),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    last_day: Mapped[date]
    waits: Mapped[int] = mapped_column(default=1)  # always 1: so that only one waits at a time
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    heads: Mapped[str] = mapped_column(default="")  # the seal over all accounts, as the ledger's period has it


class JournalCode(Base):
    """Which codes of the council's ledger a movement of a fund has on one side. Codes are text: noughts in front count."""

    __tablename__ = "journal_code"
    __table_args__ = (
        CheckConstraint("side in ('debit', 'credit')", name="side"),
        CheckConstraint("movement in ('contribution', 'given_back', 'paid', 'refund', 'quick')", name="movement"),
        CheckConstraint("subjective <> ''", name="subjective"),
        UniqueConstraint("fund_id", "movement", "side"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    movement: Mapped[str]
    side: Mapped[str]
    cost_centre: Mapped[str] = mapped_column(default="")
    subjective: Mapped[str]
    project: Mapped[str] = mapped_column(default="")
    vat: Mapped[str] = mapped_column(default="")


class Journal(Base):
    """One file for the council's ledger: all of a month or of a payment run that no journal held before it."""

    __tablename__ = "journal"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("kind in ('month', 'run')", name="kind"),
        CheckConstraint("length(sha256) = 64", name="sha256"),
        UniqueConstraint("kind", "of", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # JNL-....-....: the journal's own reference, in each of its lines
    kind: Mapped[str]
    of: Mapped[str]  # "2026-08", or the run's reference
    number: Mapped[int]  # 1; 2 and more hold what came after
    day: Mapped[date]  # the date of the journal
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    pence: Mapped[int]  # of all debits, which is that of all credits
    codes: Mapped[dict[str, list[str]]] = mapped_column(JSON)  # "3:paid:debit" → cost centre, subjective, project, VAT, as they were then
    sha256: Mapped[str]  # of the file, each time the same


class JournalLine(Base):
    """A transfer of our ledger that has gone out. Its number is unique: nothing is posted twice, by month or by run."""

    __tablename__ = "journal_line"

    transfer_id: Mapped[int] = mapped_column(ForeignKey("ledger_transfer.id"), primary_key=True, autoincrement=False)
    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"), index=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    movement: Mapped[str]
