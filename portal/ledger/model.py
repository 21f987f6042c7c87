"""The books: accounts, their state, entries and their lines. Knows no person, grant or hour, only accounts and units.

A balance is credits minus debits, so that what flows *to* an account makes it grow. Everything here is written by
`posting.py` alone; the guards in the database (migration `guards`) refuse the rest:

* entries, transfers, periods and snapshots are never changed or deleted;
* a transfer must carry the next sequence and the balance after of both its accounts; inserting it moves their states;
* a state moves by exactly one transfer at a time, opens at zero, and stays within its floor and ceiling;
* no line has amount zero, two units, or the same account twice; no entry falls in a closed period;
* an entry has as many lines as it says, and is reversed at most once.

Somebody who owns the database can drop a guard. The hash chains show that: each transfer seals, for both accounts, the
head before it, its own content and that of its entry, so an edit breaks every later head (`checks.py`).
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

UNITS = ("GBP", "MIN", "MATCH")  # pence; minutes of credit; minutes of match, the memo book of sweat equity
KINDS = ("asset", "liability", "equity", "income", "expense", "hold", "memo")
MOST = 10**13  # £100 billion in pence: no line of a neighbourhood is larger


class Account(Base):
    """A place where pence or minutes can be."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("unit in ('GBP', 'MIN', 'MATCH')", name="unit"),
        CheckConstraint("kind in ('asset', 'liability', 'equity', 'income', 'expense', 'hold', 'memo')", name="kind"),
        UniqueConstraint("id", "unit"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # "fund:small-sparks:available"
    unit: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]


class State(Base):
    """Where an account stands. The only rows that change, and only by a transfer."""

    __tablename__ = "ledger_state"
    __table_args__ = (
        CheckConstraint("floor is null or credits - debits >= floor", name="floor"),
        CheckConstraint("ceiling is null or credits - debits <= ceiling", name="ceiling"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(default=0)  # how many transfers have touched it
    debits: Mapped[int] = mapped_column(default=0)
    credits: Mapped[int] = mapped_column(default=0)
    floor: Mapped[int | None]
    ceiling: Mapped[int | None]
    head: Mapped[str] = mapped_column(default="")  # hash of its last transfer


class Entry(Base):
    """One fact, under the key that names it."""

    __tablename__ = "ledger_entry"
    __table_args__ = (CheckConstraint("lines > 0", name="lines"), Index("ix_ledger_entry_about", "about"))

    id: Mapped[str] = mapped_column(primary_key=True)  # UUID, version 7: in order of time
    key: Mapped[str] = mapped_column(unique=True)  # "award:17:instalment:1"
    fingerprint: Mapped[str]  # of what was asked: the same key with other content is a mistake
    kind: Mapped[str]
    effective_on: Mapped[date] = mapped_column(index=True)
    recorded_at: Mapped[datetime]
    actor: Mapped[str]  # "person:12" or "scheme"
    on_behalf: Mapped[str | None]
    basis: Mapped[str | None]
    about: Mapped[str]  # "award:17"
    sentence: Mapped[str]  # as the statement says it
    lines: Mapped[int]
    reverses_id: Mapped[str | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)


class Transfer(Base):
    """A line: so much from the debit account to the credit account. Balanced by construction."""

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        ForeignKeyConstraint(["debit_id", "unit"], ["ledger_account.id", "ledger_account.unit"], name="fk_ledger_transfer_debit"),
        ForeignKeyConstraint(["credit_id", "unit"], ["ledger_account.id", "ledger_account.unit"], name="fk_ledger_transfer_credit"),
        CheckConstraint("amount > 0 and amount <= 10000000000000", name="amount"),
        CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        UniqueConstraint("entry_id", "line"),
        UniqueConstraint("debit_id", "debit_sequence"),
        UniqueConstraint("credit_id", "credit_sequence"),
        Index("ix_ledger_transfer_debit_id_effective_on", "debit_id", "effective_on"),
        Index("ix_ledger_transfer_credit_id_effective_on", "credit_id", "effective_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[str] = mapped_column(ForeignKey("ledger_entry.id"))
    line: Mapped[int]
    unit: Mapped[str]
    amount: Mapped[int]
    effective_on: Mapped[date]  # the entry's, kept here so that a balance at a date reads one index
    debit_id: Mapped[int]
    debit_sequence: Mapped[int]
    debit_after: Mapped[int]
    debit_head: Mapped[str]
    credit_id: Mapped[int]
    credit_sequence: Mapped[int]
    credit_after: Mapped[int]
    credit_head: Mapped[str]


class Period(Base):
    """A closed stretch of days. Corrections go into the next one."""

    __tablename__ = "ledger_period"

    id: Mapped[int] = mapped_column(primary_key=True)
    last_day: Mapped[date] = mapped_column(unique=True)
    closed_at: Mapped[datetime]
    closed_by: Mapped[str]
    heads: Mapped[str]  # hash over all account heads at closing: printed on the quarterly pack


class Snapshot(Base):
    """An account's balance by effective date at the end of a closed period, so that later sums are short."""

    __tablename__ = "ledger_snapshot"

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True, autoincrement=False)
    last_day: Mapped[date] = mapped_column(primary_key=True)
    balance: Mapped[int]


class Proof(Base):
    """How far an account's chain has been replayed and found whole; the nightly check goes on from here."""

    __tablename__ = "ledger_proof"

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    debits: Mapped[int]
    credits: Mapped[int]
    head: Mapped[str]
    proved_at: Mapped[datetime]
