"""Proving the books: replay every account's chain and compare it with its state, its bounds and the caches above.

An account is replayed alone, in the order of its sequence, so that memory does not grow with the books and a nightly
check only reads what came after the last proof. `full` starts every account from nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, func, insert, literal, select, union_all

from portal import clock
from portal.db import db, transaction
from portal.ledger.model import Account, Entry, Period, Proof, Snapshot, State, Transfer
from portal.ledger.periods import seal
from portal.ledger.posting import chained, entry_digest
from portal.ledger.queries import moves

MOST_NAMED = 50  # lines of what broke; a book with more has one cause


@dataclass
class Report:
    """What the check found. `ok` when nothing broke; `broken` names what did, in words."""

    ok: bool = True
    full: bool = True
    accounts: int = 0
    accounts_replayed: int = 0
    entries: int = 0
    lines_replayed: int = 0
    head: str = ""  # hash over the heads of all accounts: the one on the quarterly pack
    sums: dict[str, int] = field(default_factory=dict)  # unit → sum of all balances: zero
    broken: list[str] = field(default_factory=list)
    broken_in_all: int = 0

    def fails(self, line: str) -> None:
        self.ok = False
        self.broken_in_all += 1
        if len(self.broken) < MOST_NAMED:
            self.broken.append(line)

    def summary(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass
class _Replay:
    sequence: int = 0
    debits: int = 0
    credits: int = 0
    head: str = ""


def check(*, full: bool = True, caches: Iterable[Callable[[], Iterable[str]]] = ()) -> Report:
    """Replay the books in one consistent view, then ask each of `caches` (rooms above) for lines about what disagrees.

    A clean replay is remembered, so that the next check with `full=False` goes on from it.
    """
    report = Report(full=full)
    proved: list[dict[str, Any]] = []
    db.session.rollback()
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            _entries(connection, report)
            _accounts(connection, report, full, proved)
            if full:
                _periods(connection, report)
                _reversals(connection, report)
            report.head = seal(connection)
    for cache in caches:
        for line in cache():
            report.fails(line)
    db.session.rollback()
    if report.ok and proved:
        with transaction():
            for start in range(0, len(proved), 500):
                some = proved[start : start + 500]
                db.session.execute(delete(Proof).where(Proof.account_id.in_([row["account_id"] for row in some])))
                db.session.execute(insert(Proof), some)
    return report


def _entries(connection: Connection, report: Report) -> None:
    """Every entry has the lines it says, all in its own date."""
    report.entries = connection.scalar(select(func.count()).select_from(Entry)) or 0
    if not report.full:
        return
    held = select(Transfer.entry_id, func.count().label("lines")).group_by(Transfer.entry_id).subquery()
    for key, said, found in connection.execute(
        select(Entry.key, Entry.lines, func.coalesce(held.c.lines, 0))
        .outerjoin(held, held.c.entry_id == Entry.id)
        .where(func.coalesce(held.c.lines, 0) != Entry.lines)
    ):
        report.fails(f"entry {key} says {said} lines and has {found}")
    dates = select(Entry.key).join(Transfer, Transfer.entry_id == Entry.id).where(Transfer.effective_on != Entry.effective_on)
    for key in connection.scalars(dates):
        report.fails(f"entry {key} has a line with another date")


def _periods(connection: Connection, report: Report) -> None:
    """Every snapshot is the one before and what came between: nothing was dated into a period after its closing."""
    before: date | None = None
    for last_day in connection.scalars(select(Period.last_day).order_by(Period.last_day)).all():
        kept = select(Snapshot.account_id, (-Snapshot.balance).label("amount")).where(Snapshot.last_day == last_day)
        parts = union_all(*moves(before, last_day), kept).subquery()
        off = func.sum(parts.c.amount)
        query = select(Account.code, off).join(parts, parts.c.account_id == Account.id).group_by(Account.id, Account.code).having(off != 0)
        for code, amount in connection.execute(query.order_by(Account.code)):
            report.fails(f"account {code}: what was kept when {last_day} closed is off by {amount}")
        before = last_day


def _reversals(connection: Connection, report: Report) -> None:
    """Every reversal is the mirror of its entry: together they move nothing."""
    parts = [
        select(Entry.id.label("id"), Entry.key.label("key"), side.label("account_id"), (literal(sign) * Transfer.amount).label("amount"))
        .join(Transfer, Transfer.entry_id == entry)
        .where(Entry.reverses_id.is_not(None))
        for entry in (Entry.id, Entry.reverses_id)
        for side, sign in ((Transfer.credit_id, 1), (Transfer.debit_id, -1))
    ]
    moved = union_all(*parts).subquery()
    rest = select(moved.c.key).group_by(moved.c.id, moved.c.key, moved.c.account_id).having(func.sum(moved.c.amount) != 0).distinct()
    for key in connection.scalars(rest.order_by(moved.c.key)):
        report.fails(f"entry {key} is not the mirror of what it puts right")


def _accounts(connection: Connection, report: Report, full: bool, proved: list[dict[str, Any]]) -> None:
    query = select(
        Account.id, Account.code, Account.unit, State.sequence, State.debits, State.credits, State.floor, State.ceiling, State.head,
        Proof.sequence.label("p_sequence"), Proof.debits.label("p_debits"), Proof.credits.label("p_credits"), Proof.head.label("p_head"),
    ).outerjoin(State, State.account_id == Account.id).outerjoin(Proof, Proof.account_id == Account.id).order_by(Account.id)  # fmt: skip
    now = clock.now()
    rows = connection.execute(query).all()
    names = {row.id: row.code for row in rows}
    for row in rows:
        report.accounts += 1
        if row.sequence is None:
            report.fails(f"account {row.code} has no state")
            continue
        balance = row.credits - row.debits
        report.sums[row.unit] = report.sums.get(row.unit, 0) + balance
        if (row.floor is not None and balance < row.floor) or (row.ceiling is not None and balance > row.ceiling):
            report.fails(f"account {row.code} stands at {balance}, outside its bounds")
        replay = _Replay() if full or row.p_sequence is None else _Replay(row.p_sequence, row.p_debits, row.p_credits, row.p_head)
        if not full and replay.sequence == row.sequence and replay.head == row.head and replay.credits - replay.debits == balance:
            continue
        report.accounts_replayed += 1
        if not _replayed(connection, report, row.id, row.code, row.unit, replay, names):
            continue
        if (replay.sequence, replay.debits, replay.credits, replay.head) != (row.sequence, row.debits, row.credits, row.head):
            report.fails(
                f"account {row.code} says {balance} after {row.sequence} lines; its lines say {replay.credits - replay.debits} after {replay.sequence}"
            )
            continue
        proved.append(
            {
                "account_id": row.id,
                "sequence": row.sequence,
                "debits": row.debits,
                "credits": row.credits,
                "head": row.head,
                "proved_at": now,
            }
        )
    for unit, total in report.sums.items():
        if total:
            report.fails(f"all balances in {unit} sum to {total}, not to zero")


def _replayed(
    connection: Connection, report: Report, account_id: int, code: str, unit: str, replay: _Replay, names: dict[int, str]
) -> bool:
    """Replay one account's lines; False, with what broke in the report, at the first that does not follow."""
    for line in _lines(connection, account_id, replay.sequence):
        report.lines_replayed += 1
        replay.sequence += 1
        mine_is_debit = line.side == "debit"
        if mine_is_debit:
            replay.debits += line.amount
        else:
            replay.credits += line.amount
        sequence, after, head = (
            (line.debit_sequence, line.debit_after, line.debit_head)
            if mine_is_debit
            else (line.credit_sequence, line.credit_after, line.credit_head)
        )
        digest = entry_digest(line._mapping)
        expected = chained(
            replay.head,
            digest,
            line.line,
            line.side,
            names.get(line.debit_id, ""),
            names.get(line.credit_id, ""),
            line.amount,
            replay.sequence,
            replay.credits - replay.debits,
        )
        replay.head = expected
        if line.unit != unit or line.amount <= 0 or (sequence, after, head) != (replay.sequence, replay.credits - replay.debits, expected):
            report.fails(f"account {code}: line {replay.sequence} (entry {line.key}) does not follow from the line before")
            return False
    return True


def _lines(connection: Connection, account_id: int, after: int) -> Iterator[Any]:
    """An account's lines with their entries, by sequence, some at a time."""
    while True:
        sides = []
        for side, mine, sequence in (
            ("debit", Transfer.debit_id, Transfer.debit_sequence),
            ("credit", Transfer.credit_id, Transfer.credit_sequence),
        ):
            query = select(Transfer.id.label("transfer_id"), sequence.label("sequence"), literal(side).label("side"))
            query = query.where(mine == account_id, sequence > after).order_by(sequence).limit(2000)
            sides.append(select(query.subquery()))
        page = union_all(*sides).subquery()
        rows = connection.execute(
            select(
                page.c.sequence, page.c.side, Transfer.line, Transfer.unit, Transfer.amount, Transfer.debit_id, Transfer.debit_sequence,
                Transfer.debit_after, Transfer.debit_head, Transfer.credit_id, Transfer.credit_sequence, Transfer.credit_after,
                Transfer.credit_head, Entry.id, Entry.key, Entry.fingerprint, Entry.kind, Entry.effective_on, Entry.recorded_at, Entry.actor,
                Entry.on_behalf, Entry.basis, Entry.about, Entry.sentence, Entry.lines, Entry.reverses_id,
            )
            .join(Transfer, Transfer.id == page.c.transfer_id)
            .join(Entry, Entry.id == Transfer.entry_id)
            .order_by(page.c.sequence)
            .limit(2000)
        ).all()  # fmt: skip
        yield from rows
        if len(rows) < 2000:
            return
        after = rows[-1].sequence
