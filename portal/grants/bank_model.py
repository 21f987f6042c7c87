"""Between the books and the bank: the scheme's own account, a run's files, a run called back, lines of bank statements."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.money import Pence


class PayingAccount(Base):
    """The scheme's own account, that payments leave from. Appended: the last one counts."""

    __tablename__ = "paying_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[str]  # sort code and account number, encrypted
    masked: Mapped[str]
    name: Mapped[str]
    given_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]


class RunFile(Base):
    """The bank's files of a run, as they were first taken. Appended, and from then on the run is locked: the database says so too."""

    __tablename__ = "run_file"
    __table_args__ = (
        CheckConstraint("bank_payments between 1 and payments", name="payments"),
        CheckConstraint("bank_pence between 1 and pence", name="pence"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("payment_run.id"), unique=True)
    payments: Mapped[int]  # control totals of the whole run, what is paid by hand among them
    pence: Mapped[Pence]
    bank_payments: Mapped[int]  # and of what goes through the bank
    bank_pence: Mapped[Pence]
    pays_on: Mapped[date]
    from_sealed: Mapped[str]  # the scheme's account as it was then: sort code, number, name; encrypted
    from_masked: Mapped[str]
    csv_sha256: Mapped[str]
    standard_sha256: Mapped[str]
    taken_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    taken_at: Mapped[datetime]


class FreshFile(Base):
    """The bank took nothing of a run's file: one asks for a fresh one, a second person lets it be made. It is the file from then on."""

    __tablename__ = "fresh_file"
    __table_args__ = (
        UniqueConstraint("run_id", "number"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("(done_at is null) = (done_by_id is null)", name="done"),
        CheckConstraint("done_at is null or (csv_sha256 <> '' and standard_sha256 <> '' and from_sealed <> '')", name="made"),
        CheckConstraint("done_at is null or dropped_at is null", name="one_end"),
        Index(
            "uq_fresh_file_waits",
            "run_id",
            unique=True,
            sqlite_where=text("done_at is null and dropped_at is null"),
            postgresql_where=text("done_at is null and dropped_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("payment_run.id"))
    number: Mapped[int]  # 2 for the second file of a run
    reason: Mapped[str]
    pays_on: Mapped[date]
    from_sealed: Mapped[str] = mapped_column(default="")  # as in RunFile, when it is made
    from_masked: Mapped[str] = mapped_column(default="")
    csv_sha256: Mapped[str] = mapped_column(default="")
    standard_sha256: Mapped[str] = mapped_column(default="")
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]


class CallingBack(Base):
    """A run is cancelled before its file is taken: one asks, a second person does it. At most one that waits or was done."""

    __tablename__ = "calling_back"
    __table_args__ = (
        CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("(done_at is null) = (done_by_id is null)", name="done"),
        CheckConstraint("done_at is null or taken_back_at is null", name="one_end"),
        Index(
            "uq_calling_back_stands",
            "run_id",
            unique=True,
            sqlite_where=text("taken_back_at is null"),
            postgresql_where=text("taken_back_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("payment_run.id"), index=True)
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[datetime | None]
    taken_back_at: Mapped[datetime | None]


class BankLine(Base):
    """A line of a bank statement: kept by a mark of its day, sum, text and which of several alike it is, so that it counts once.

    Its text is sealed while it waits for a word, and forgotten then: other people's business may stand in it.
    """

    __tablename__ = "bank_line"
    __table_args__ = (
        CheckConstraint("pence <> 0", name="pence"),
        CheckConstraint("outcome in ('waiting', 'arrived', 'came_back', 'refund', 'not_ours')", name="outcome"),
        CheckConstraint("(outcome = 'waiting') = (decided_at is null)", name="decided"),
        CheckConstraint("(decided_at is null) = (decided_by_id is null)", name="decided_by"),
        CheckConstraint("outcome = 'waiting' or sealed = ''", name="forgotten"),
        CheckConstraint("(outcome in ('arrived', 'came_back')) = (payment_id is not null)", name="payment"),
        CheckConstraint("(outcome = 'refund') = (award_id is not null)", name="award"),
        CheckConstraint("outcome <> 'arrived' or pence < 0", name="arrived"),
        CheckConstraint("outcome not in ('came_back', 'refund') or pence > 0", name="came_in"),
        Index("ix_bank_line_outcome", "outcome", "id"),
        # money of one payment leaves once, and comes back once
        Index(
            "uq_bank_line_payment",
            "payment_id",
            "outcome",
            unique=True,
            sqlite_where=text("payment_id is not null"),
            postgresql_where=text("payment_id is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # BNK-....-....
    mark: Mapped[str] = mapped_column(unique=True)  # keyed hash
    day: Mapped[date]
    pence: Mapped[Pence]  # more than 0: came in; less: went out
    sealed: Mapped[str]
    outcome: Mapped[str] = mapped_column(default="waiting")
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))
    award_id: Mapped[int | None] = mapped_column(ForeignKey("award.id"))
    read_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    read_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
