"""Reading the books. Each costs the same at a million transfers as at a thousand: rows are found by key, never counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal, select, union_all
from sqlalchemy.orm import aliased

from portal.db import db
from portal.ledger.model import Account, Entry, Period, Snapshot, State, Transfer

BALANCE = State.credits - State.debits
NEWEST = 2**62  # beyond every sequence: the first page of a statement


@dataclass(frozen=True)
class StatementLine:
    """One line of an account's statement. `amount` is signed: what came to this account is positive."""

    sequence: int
    effective_on: date
    recorded_at: datetime
    kind: str
    key: str
    about: str
    sentence: str
    other: str  # the other account's code
    other_name: str
    amount: int
    after: int
    actor: str
    on_behalf: str | None
    basis: str | None
    reverses: bool
    reversed: bool
    entry: str  # its id


@dataclass(frozen=True)
class TrialLine:
    """An account in the trial balance. `balance` is credits minus debits; the lines of a unit sum to zero."""

    code: str
    name: str
    kind: str
    balance: int


def balance(code: str) -> int:
    """Balance now of one account in pence or minutes; 0 when it has not been opened."""
    return db.session.scalar(BALANCE_OF, {"code": code}) or 0


def balances(codes: Iterable[str]) -> Mapping[str, int]:
    """Balances now of several accounts, in one query; those not opened are 0."""
    wanted = list(codes)
    found = db.session.execute(select(Account.code, BALANCE).join(State, Account.id == State.account_id).where(Account.code.in_(wanted)))
    return dict.fromkeys(wanted, 0) | dict(found.tuples().all())


def net_from(prefix: str, code: str) -> Mapping[str, int]:
    """What an account got from each account whose code begins with `prefix`, less what went back to it. One query."""
    here = select(Account.id).where(Account.code == code).scalar_subquery()
    moved = union_all(
        select(Transfer.debit_id.label("other"), Transfer.amount.label("amount")).where(Transfer.credit_id == here),
        select(Transfer.credit_id, -Transfer.amount).where(Transfer.debit_id == here),
    ).subquery()
    found = db.session.execute(
        select(Account.code, func.sum(moved.c.amount))
        .join(moved, moved.c.other == Account.id)
        .where(Account.code.startswith(prefix, autoescape=True))
        .group_by(Account.code)
        .order_by(Account.code)
    )
    return {name: int(amount) for name, amount in found}


def bounds(code: str) -> tuple[int | None, int | None]:
    """Floor and ceiling of an account."""
    row = db.session.execute(
        select(State.floor, State.ceiling).join(Account, Account.id == State.account_id).where(Account.code == code)
    ).one_or_none()
    return (row[0], row[1]) if row else (None, None)


def is_closed(day: date) -> bool:
    """Whether the books are closed for that day: nothing may be dated to it any more."""
    return bool(db.session.scalar(select(Period.id).where(Period.last_day >= day).limit(1)))


def first_open(day: date) -> date:
    """The day itself, or the first one after it for which the books are open."""
    last = db.session.scalar(select(func.max(Period.last_day)))
    return day if last is None or last < day else last + timedelta(days=1)


def _last_closed(day: date) -> date | None:
    return db.session.scalar(select(func.max(Period.last_day)).where(Period.last_day <= day))


def balance_as_at(code: str, day: date) -> int:
    """Balance of one account by effective date at the end of a day: the last snapshot and what came after it."""
    account_id = db.session.scalar(select(Account.id).where(Account.code == code))
    if account_id is None:
        return 0
    closed = _last_closed(day)
    start = 0
    if closed is not None:
        start = db.session.scalar(select(Snapshot.balance).where(Snapshot.account_id == account_id, Snapshot.last_day == closed)) or 0
    return start + _moved(account_id, closed, day)


def _moved(account_id: int, after: date | None, until: date) -> int:
    total = 0
    for side, sign in ((Transfer.credit_id, 1), (Transfer.debit_id, -1)):
        query = select(func.coalesce(func.sum(Transfer.amount), 0)).where(side == account_id, Transfer.effective_on <= until)
        if after is not None:
            query = query.where(Transfer.effective_on > after)
        total += sign * int(db.session.scalar(query) or 0)
    return total


def moves(after: date | None, until: date, unit: str | None = None) -> list[Select[int, int]]:
    """Selects of (account_id, amount), to be added up by account: a snapshot at the end of `after`, and what came until `until`."""
    parts: list[Select[int, int]] = []
    for side, sign in ((Transfer.credit_id, 1), (Transfer.debit_id, -1)):
        query = select(side.label("account_id"), (literal(sign) * func.sum(Transfer.amount)).label("amount")).where(
            Transfer.effective_on <= until
        )
        if unit is not None:
            query = query.where(Transfer.unit == unit)
        if after is not None:
            query = query.where(Transfer.effective_on > after)
        parts.append(query.group_by(side))
    if after is not None:
        parts.append(select(Snapshot.account_id, Snapshot.balance.label("amount")).where(Snapshot.last_day == after))
    return parts


THIS = select(Account.id).where(Account.code == bindparam("code")).scalar_subquery()  # asked once for the whole statement


def _side(mine: str) -> Select[int, int, int]:
    columns: dict[str, ColumnElement[int]] = {
        "debit": Transfer.debit_sequence.expression,
        "credit": Transfer.credit_sequence.expression,
    }
    sequence = columns[mine]
    owner = Transfer.debit_id if mine == "debit" else Transfer.credit_id
    query = select(Transfer.id.label("id"), sequence.label("sequence"), literal(1 if mine == "credit" else -1).label("sign"))
    query = query.where(owner == THIS, sequence < bindparam("before"))
    return query.order_by(sequence.desc()).limit(bindparam("most"))


def _page() -> Select[Any]:
    sides = [select(_side(mine).subquery()) for mine in ("debit", "credit")]
    page = union_all(*sides).subquery()
    other, undone = select(Account).subquery(), select(Entry.reverses_id).where(Entry.reverses_id.is_not(None)).subquery()
    return (
        select(
            page.c.sequence, Entry.effective_on, Entry.recorded_at, Entry.kind, Entry.key, Entry.about, Entry.sentence, other.c.code,
            other.c.name, page.c.sign * Transfer.amount, case((page.c.sign > 0, Transfer.credit_after), else_=Transfer.debit_after), Entry.actor,
            Entry.on_behalf, Entry.basis, Entry.reverses_id.is_not(None), undone.c.reverses_id.is_not(None), Entry.id,
        )
        .join(Transfer, Transfer.id == page.c.id)
        .join(Entry, Entry.id == Transfer.entry_id)
        .join(other, other.c.id == Transfer.debit_id + Transfer.credit_id - THIS)
        .outerjoin(undone, undone.c.reverses_id == Entry.id)
        .order_by(page.c.sequence.desc())
        .limit(bindparam("most"))
    )  # fmt: skip


# built once: building them costs more than the database takes to answer them
BALANCE_OF = select(BALANCE).join(Account, Account.id == State.account_id).where(Account.code == bindparam("code"))
PAGE = _page()
TRIAL = (
    select(Account.code, Account.name, Account.kind, BALANCE.label("balance"))
    .join(State, State.account_id == Account.id)
    .where(Account.unit == bindparam("unit"), State.credits != State.debits)
    .order_by(Account.code)
)


def statement(code: str, *, before: int | None = None, limit: int = 25) -> Sequence[StatementLine]:
    """Lines of one account, newest first. `before` is the sequence of the last line seen, for the next page."""
    asked = {"code": code, "before": NEWEST if before is None else before, "most": limit}
    return [StatementLine(*row) for row in db.session.execute(PAGE, asked)]


def trial_balance(unit: str, as_at: date | None = None) -> Sequence[TrialLine]:
    """Every account of a unit that has a balance, by code; now, or by effective date at the end of a day."""
    if as_at is None:
        return [TrialLine(*row) for row in db.session.execute(TRIAL, {"unit": unit})]
    parts = union_all(*moves(_last_closed(as_at), as_at, unit)).subquery()
    total = func.sum(parts.c.amount)
    rows = db.session.execute(
        select(Account.code, Account.name, Account.kind, total)
        .join(parts, parts.c.account_id == Account.id)
        .where(Account.unit == unit)
        .group_by(Account.id, Account.code, Account.name, Account.kind)
        .having(total != 0)
        .order_by(Account.code)
    )
    return [TrialLine(code, name, kind, int(amount)) for code, name, kind, amount in rows]


def entries_about(about: str) -> Sequence[Entry]:
    """Entries about one thing, oldest first."""
    return db.session.scalars(select(Entry).where(Entry.about == about).order_by(Entry.id)).all()


def posted(key: str) -> bool:
    """Whether a fact with this key is in the books."""
    return db.session.scalar(select(Entry.id).where(Entry.key == key)) is not None


def reversed_keys(keys: Iterable[str]) -> frozenset[str]:
    """Which of these entries have been put right."""
    mirror = aliased(Entry)
    query = select(Entry.key).join(mirror, mirror.reverses_id == Entry.id).where(Entry.key.in_(list(keys)))
    return frozenset(db.session.scalars(query))
