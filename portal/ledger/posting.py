"""The only way into the books: `post` (or many facts at once, `post_all`) and `reverse`.

Three statements whatever the number of lines: the states locked in order, the entries on their keys, the transfers; the
database's guards apply these to the states and have the last word. What a floor or a closed period refuses is refused
before anything is written, so that an action may hear it and go on. Core with statements built once, never the ORM
(design 5: a third of the cost).

Whoever wants to prove a chain without us finds all they need in the tables: `entry_digest` and `chained` say how.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.errors import Conflict, Refused
from portal.ledger.model import MOST, UNITS, Account, Entry, Period, State, Transfer
from portal.money import hours, pounds
from portal.words import _

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """`amount` (pence or minutes, more than 0) flows from the account `debit` to the account `credit`, both by code."""

    debit: str
    credit: str
    amount: int


@dataclass(frozen=True)
class Fact:
    """What is to be posted. `key` names the fact; `about` the thing it concerns; `sentence` is the statement's line."""

    key: str
    kind: str
    about: str
    sentence: str
    actor: str
    lines: Sequence[Line]
    effective_on: date | None = None  # today in Europe/London when not said
    on_behalf: str | None = None
    basis: str | None = None
    reverses_id: str | None = None
    refusals: Mapping[str, str] = field(default_factory=dict)  # account code → sentence when its floor or ceiling says no

    def fingerprint(self) -> str:
        """Of what is moved and why; not of who typed it or how it is worded, so that a retry by a colleague is a retry."""
        said = [self.kind, self.about, self.effective_on and self.effective_on.isoformat(), self.reverses_id]
        return _sha(said, [[line.debit, line.credit, line.amount] for line in self.lines])


@dataclass(frozen=True)
class Posted:
    """What came of a fact. `fresh` is False when this key had been posted before with the same content."""

    id: str
    key: str
    fresh: bool


@dataclass
class _Standing:
    """An account as it stands during a posting."""

    id: int
    code: str
    unit: str
    name: str
    sequence: int
    balance: int
    floor: int | None
    ceiling: int | None
    head: str


ACCOUNT: Table = Account.__table__  # type: ignore[assignment]
STATE: Table = State.__table__  # type: ignore[assignment]
ENTRY: Table = Entry.__table__  # type: ignore[assignment]
TRANSFER: Table = Transfer.__table__  # type: ignore[assignment]


TRANSFER_COLUMNS = tuple(column for column in TRANSFER.c if column is not TRANSFER.c.id)

# built once: building them costs more than SQLite takes to run them
INSERT_ENTRIES = {
    "postgresql": postgresql.insert(ENTRY).on_conflict_do_nothing().returning(ENTRY.c.key),
    "sqlite": sqlite.insert(ENTRY).on_conflict_do_nothing().returning(ENTRY.c.key),
}
INSERT_TRANSFER = insert(TRANSFER)
INSERT_TRANSFERS_AT_ONCE = insert(TRANSFER).from_select(  # PostgreSQL: one statement, so that its guard works once
    TRANSFER_COLUMNS, select(*(func.unnest(bindparam(column.name, type_=postgresql.ARRAY(column.type))) for column in TRANSFER_COLUMNS))
)
STANDINGS = (
    select(
        ACCOUNT.c.id, ACCOUNT.c.code, ACCOUNT.c.unit, ACCOUNT.c.name, STATE.c.sequence, (STATE.c.credits - STATE.c.debits).label("balance"),
        STATE.c.floor, STATE.c.ceiling, STATE.c.head, select(func.max(Period.last_day)).scalar_subquery().label("closed"),
    )
    .join_from(ACCOUNT, STATE, ACCOUNT.c.id == STATE.c.account_id)
    .order_by(ACCOUNT.c.id)
)  # fmt: skip
LOCK_STANDINGS = {
    "postgresql": STANDINGS.where(
        ACCOUNT.c.code == func.any(bindparam("codes", type_=postgresql.ARRAY(ACCOUNT.c.code.type)))
    ).with_for_update(of=STATE, key_share=True),
    "sqlite": STANDINGS.where(ACCOUNT.c.code.in_(select(func.json_each(bindparam("codes")).table_valued("value").c.value))),
}
KNOWN = {
    "postgresql": select(ENTRY.c.key, ENTRY.c.id, ENTRY.c.fingerprint).where(
        ENTRY.c.key == func.any(bindparam("keys", type_=postgresql.ARRAY(ENTRY.c.key.type)))
    ),
    "sqlite": select(ENTRY.c.key, ENTRY.c.id, ENTRY.c.fingerprint).where(
        ENTRY.c.key.in_(select(func.json_each(bindparam("keys")).table_valued("value").c.value))
    ),
}


def open_account(code: str, unit: str, kind: str, name: str, *, floor: int | None = None, ceiling: int | None = None) -> None:
    """Make sure an account is there, as a part of an action. `floor` and `ceiling` bound its balance in pence or minutes.

    Opening one that exists changes nothing; with another unit it is a Conflict.
    """
    open_accounts([(code, unit, kind, name, floor, ceiling)])


def open_accounts(wanted: Sequence[tuple[str, str, str, str, int | None, int | None]]) -> None:
    """`open_account` for many at once: (code, unit, kind, name, floor, ceiling) each."""
    must_be_in_transaction()
    connection = db.session.connection()
    for start in range(0, len(wanted), 500):
        some = {code: (unit, kind, name, floor, ceiling) for code, unit, kind, name, floor, ceiling in wanted[start : start + 500]}
        rows = [{"code": code, "unit": unit, "kind": kind, "name": name} for code, (unit, kind, name, _f, _c) in sorted(some.items())]
        made = connection.execute(
            _insert(connection)(ACCOUNT)
            .values(rows)
            .on_conflict_do_nothing(index_elements=["code"])
            .returning(ACCOUNT.c.id, ACCOUNT.c.code)
        ).all()
        if made:
            states = [
                {"account_id": id_, "sequence": 0, "debits": 0, "credits": 0, "head": "", "floor": some[code][3], "ceiling": some[code][4]}
                for id_, code in made
            ]
            connection.execute(insert(STATE), states)
        if len(made) < len(some):
            for code, unit in connection.execute(select(ACCOUNT.c.code, ACCOUNT.c.unit).where(ACCOUNT.c.code.in_(list(some)))):
                if some[code][0] != unit:
                    raise Conflict(_("The account %(code)s is kept in another unit.", code=code))


def rename_account(code: str, name: str) -> None:
    """Call an account something else, as a part of an action: who leaves takes their name out of the books, and nothing else."""
    must_be_in_transaction()
    db.session.execute(update(ACCOUNT).where(ACCOUNT.c.code == code).values(name=name))


def set_floor(codes: Collection[str] | Select[str], floor: int) -> None:
    """Let the balances of these accounts fall to another figure (pence or minutes), as a part of an action that says who wanted it.

    Refused: one of them is below that now. The state's own check stands behind this.
    """
    must_be_in_transaction()
    these = select(ACCOUNT.c.id).where(ACCOUNT.c.code.in_(codes))
    fits = STATE.c.credits - STATE.c.debits >= floor
    db.session.execute(update(STATE).where(STATE.c.account_id.in_(these), fits).values(floor=floor))
    left = select(ACCOUNT.c.code).join(STATE, STATE.c.account_id == ACCOUNT.c.id).where(ACCOUNT.c.code.in_(codes))
    below = db.session.scalar(left.where(STATE.c.floor.is_(None) | (STATE.c.floor != floor)).limit(1))
    if below is not None:
        raise Refused(_("The account %(code)s is below that already.", code=below))


def post(
    lines: Sequence[Line],
    *,
    key: str,
    kind: str,
    about: str,
    sentence: str,
    actor: str,
    effective_on: date | None = None,
    on_behalf: str | None = None,
    basis: str | None = None,
    refusals: Mapping[str, str] | None = None,
) -> Posted:
    """Post one fact as a part of an action: all its lines or none.

    The same key with the same content gives the first result again. Refused: a floor or ceiling (with the sentence of
    `refusals` for that account, or a general one), a closed period. Conflict: the same key with other content.
    """
    fact = Fact(key, kind, about, sentence, actor, lines, effective_on, on_behalf, basis, None, refusals or {})
    return post_all([fact])[0]


def reverse(
    key: str, *, reason: str, actor: str, effective_on: date | None = None, on_behalf: str | None = None, basis: str | None = None
) -> Posted:
    """Post the mirror of the entry `key`, once, as a part of an action. A second reversal gives the first result.

    Refused: as for `post` (what was given may have been spent); no such entry; a reversal of a reversal.
    """
    return reverse_all([key], reason=reason, actor=actor, effective_on=effective_on, on_behalf=on_behalf, basis=basis)[0]


def reverse_all(
    keys: Sequence[str], *, reason: str, actor: str, effective_on: date | None = None, on_behalf: str | None = None, basis: str | None = None,
    refusals: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Posted]:  # fmt: skip
    """`reverse` for many entries in order: all of them or none. `refusals`: for each key the sentences of `post`. Refused as for `reverse`."""
    must_be_in_transaction()
    connection = db.session.connection()
    said = refusals or {}
    facts = [_mirror(connection, key, reason, actor, effective_on, on_behalf, basis, said.get(key, {})) for key in keys]
    return post_all(facts)


def _mirror(
    connection: Connection, key: str, reason: str, actor: str, effective_on: date | None, on_behalf: str | None, basis: str | None,
    refusals: Mapping[str, str],
) -> Fact:  # fmt: skip
    entry = connection.execute(select(ENTRY).where(ENTRY.c.key == key)).mappings().one_or_none()
    if entry is None:
        raise Refused(_("There is no such entry in the books."))
    if entry["reverses_id"] is not None:
        raise Refused(_("A reversal cannot be reversed. Enter the fact again instead."))
    debit, credit = ACCOUNT.alias(), ACCOUNT.alias()
    lines = [
        Line(credit_code, debit_code, amount)
        for debit_code, credit_code, amount in connection.execute(
            select(debit.c.code, credit.c.code, TRANSFER.c.amount)
            .join_from(TRANSFER, debit, TRANSFER.c.debit_id == debit.c.id)
            .join(credit, TRANSFER.c.credit_id == credit.c.id)
            .where(TRANSFER.c.entry_id == entry["id"])
            .order_by(TRANSFER.c.line.desc())
        )
    ]
    return Fact(
        key=f"{key}:reversed", kind="reversal", about=entry["about"], sentence=_("Put right: %(what)s (%(why)s)", what=entry["sentence"], why=reason),
        actor=actor, lines=lines, effective_on=effective_on, on_behalf=on_behalf, basis=basis, reverses_id=entry["id"], refusals=refusals,
    )  # fmt: skip


def post_all(facts: Sequence[Fact]) -> list[Posted]:
    """Post many facts in order, as a part of an action; results in the same order. Refusals as for `post`, of all or none."""
    must_be_in_transaction()
    connection = db.session.connection()
    now = clock.now()
    today = clock.london_day(now)
    wanted: dict[str, Fact] = {}
    entries: dict[str, dict[str, Any]] = {}
    for fact in facts:
        _judge(fact)
        fingerprint = fact.fingerprint()
        if fact.key not in entries:
            wanted[fact.key] = fact
            entries[fact.key] = _entry(fact, fingerprint, now, fact.effective_on or today, len(entries))
        elif entries[fact.key]["fingerprint"] != fingerprint:
            raise _other_content(fact.key)
    standing, closed = _lock(connection, {code for fact in facts for line in fact.lines for code in (line.debit, line.credit)})
    known: dict[str, str] = {}
    try:
        rows = _transfers(wanted, entries, standing, closed)
    except Refused:
        known = _known(connection, entries, entries)
        if not known:
            raise  # what stands in the books is not judged again; this does not
        rows = _transfers({key: fact for key, fact in wanted.items() if key not in known}, entries, standing, closed)
    missing = [entry for key, entry in entries.items() if key not in known]
    if missing:
        late = {entry["key"] for entry in missing} - _insert_entries(connection, missing)
        if late:
            known |= (found := _known(connection, entries, late))
            if len(found) < len(late):  # not the key but the entry to be reversed was taken
                raise Refused(_("That entry has been put right already, so it cannot be put right again."))
            rows = _transfers({key: fact for key, fact in wanted.items() if key not in known}, entries, standing, closed)
        _insert_transfers(connection, rows)
    results = []
    told = set(known)
    for fact in facts:
        results.append(Posted(known.get(fact.key, entries[fact.key]["id"]), fact.key, fact.key not in told))
        told.add(fact.key)
    return results


def _judge(fact: Fact) -> None:
    """What can be seen without the database; mistakes of ours, not of a person."""
    assert fact.lines, "an entry has at least one line"
    for line in fact.lines:
        assert type(line.amount) is int and 0 < line.amount <= MOST, f"{line.amount!r} is not an amount"
        assert line.debit != line.credit, "an account cannot pay itself"


def _entry(fact: Fact, fingerprint: str, now: datetime, effective_on: date, place: int) -> dict[str, Any]:
    return {
        "id": _uuid7(now, place), "key": fact.key, "fingerprint": fingerprint, "kind": fact.kind, "effective_on": effective_on,
        "recorded_at": now, "actor": fact.actor, "on_behalf": fact.on_behalf, "basis": fact.basis, "about": fact.about,
        "sentence": fact.sentence, "lines": len(fact.lines), "reverses_id": fact.reverses_id,
    }  # fmt: skip


def _lock(connection: Connection, codes: Collection[str]) -> tuple[dict[str, _Standing], date | None]:
    """The accounts by code, locked in the order of their ids, so that two postings cannot wait for each other; the last closed day."""
    asked: Any = list(codes) if connection.dialect.name == "postgresql" else json.dumps(list(codes))
    closed: date | None = None
    found = {}
    for row in connection.execute(LOCK_STANDINGS[connection.dialect.name], {"codes": asked}):
        found[row.code] = _Standing(*row[:-1])
        closed = row.closed
    for code in codes:
        if code not in found:
            raise Refused(_("There is no account %(code)s in the books.", code=code))
    return found, closed


def _transfers(
    facts: Mapping[str, Fact], entries: Mapping[str, dict[str, Any]], before: Mapping[str, _Standing], closed: date | None
) -> list[dict[str, Any]]:
    """The rows that these facts add to the accounts as they stood `before`. Refused: a bound, a closed period."""
    standing = {code: copy(account) for code, account in before.items()}
    rows = []
    for fact in facts.values():
        entry = entries[fact.key]
        if closed is not None and entry["effective_on"] <= closed:
            raise _closed()
        digest = entry_digest(entry)
        for number, line in enumerate(fact.lines, start=1):
            debit, credit = standing[line.debit], standing[line.credit]
            assert debit.unit == credit.unit, f"{line.debit} and {line.credit} are kept in two units"
            for account, change in ((debit, -line.amount), (credit, line.amount)):
                account.sequence += 1
                account.balance += change
            _within_bounds(debit, credit, fact)
            for account, side in ((debit, "debit"), (credit, "credit")):
                account.head = chained(
                    account.head, digest, number, side, debit.code, credit.code, line.amount, account.sequence, account.balance
                )
            rows.append({
                "entry_id": entry["id"], "line": number, "unit": debit.unit, "amount": line.amount, "effective_on": entry["effective_on"],
                "debit_id": debit.id, "debit_sequence": debit.sequence, "debit_after": debit.balance, "debit_head": debit.head,
                "credit_id": credit.id, "credit_sequence": credit.sequence, "credit_after": credit.balance, "credit_head": credit.head,
            })  # fmt: skip
    return rows


def _insert_entries(connection: Connection, rows: list[dict[str, Any]]) -> set[str]:
    """Insert on the keys; those that were new. A racing key waits here for the other's commit."""
    try:
        return set(connection.scalars(INSERT_ENTRIES[connection.dialect.name], rows[0] if len(rows) == 1 else rows))
    except IntegrityError as why:
        if "period is closed" in str(why.orig):  # while we waited
            raise _closed() from why
        raise _not_accepted() from why


def _insert_transfers(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    try:
        if len(rows) > 1 and connection.dialect.name == "postgresql":
            connection.execute(INSERT_TRANSFERS_AT_ONCE, {column.name: [row[column.name] for row in rows] for column in TRANSFER_COLUMNS})
        else:
            connection.execute(INSERT_TRANSFER, rows[0] if len(rows) == 1 else rows)
    except IntegrityError as why:  # a guard knew better than we: nothing is posted
        raise _not_accepted() from why


def _known(connection: Connection, entries: Mapping[str, dict[str, Any]], keys: Iterable[str]) -> dict[str, str]:
    """Those of `keys` that are in the books, with the ids of their entries. Conflict: with other content."""
    asked: Any = list(keys) if connection.dialect.name == "postgresql" else json.dumps(list(keys))
    found = {}
    for key, id_, fingerprint in connection.execute(KNOWN[connection.dialect.name], {"keys": asked}):
        if fingerprint != entries[key]["fingerprint"]:
            raise _other_content(key)
        found[key] = id_
    return found


def _within_bounds(debit: _Standing, credit: _Standing, fact: Fact) -> None:
    if debit.floor is not None and debit.balance < debit.floor:
        show = pounds if debit.unit == "GBP" else hours
        sentence = _("That would take %(name)s below %(floor)s.", name=debit.name, floor=show(debit.floor))
        raise Refused(fact.refusals.get(debit.code, sentence))
    if credit.ceiling is not None and credit.balance > credit.ceiling:
        show = pounds if credit.unit == "GBP" else hours
        sentence = _("That would take %(name)s above %(ceiling)s.", name=credit.name, ceiling=show(credit.ceiling))
        raise Refused(fact.refusals.get(credit.code, sentence))


def _closed() -> Refused:
    return Refused(_("The books are closed up to that day. Use a later date."))


def _not_accepted() -> Refused:
    return Refused(_("The books did not accept that. Nothing was changed; try again."))


def _other_content(key: str) -> Conflict:
    return Conflict(_("This was entered before with other figures (%(key)s). Look at what stands in the books first.", key=key))


def _insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _uuid7(now: datetime, place: int) -> str:
    """RFC 9562: 48 bits of milliseconds, 12 of the place among facts posted together, then random; 32 hex digits, in order."""
    first = _microseconds(now) // 1000 << 16 | 0x7000 | min(place, 0xFFF)
    return f"{first:016x}{1 << 63 | int.from_bytes(os.urandom(8), 'big') >> 2:016x}"


def _microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


def _sha(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def entry_digest(entry: Mapping[str, Any]) -> str:
    """Hash of everything an entry says: SHA-256, in hex, over a JSON list of its columns in this order.

    JSON as UTF-8 without spaces and without \\u escapes; the date as YYYY-MM-DD, the instant as microseconds since 1970 UTC.
    """
    return _sha(
        entry["id"], entry["key"], entry["fingerprint"], entry["kind"], entry["effective_on"].isoformat(),
        _microseconds(entry["recorded_at"]), entry["actor"], entry["on_behalf"], entry["basis"], entry["about"],
        entry["sentence"], entry["lines"], entry["reverses_id"],
    )  # fmt: skip


def chained(head: str, digest: str, line: int, side: str, debit: str, credit: str, amount: int, sequence: int, balance: int) -> str:
    """The next head of an account's chain: SHA-256, in hex, over the head before ("" at first), the entry's digest, the line and
    where it leaves this account; `side` is "debit" or "credit", the accounts are codes, all joined by "|".
    """
    return hashlib.sha256(f"{head}|{digest}|{line}|{side}|{debit}|{credit}|{amount}|{sequence}|{balance}".encode()).hexdigest()


__all__ = [
    "UNITS",
    "Fact",
    "Line",
    "Posted",
    "chained",
    "entry_digest",
    "open_account",
    "open_accounts",
    "post",
    "post_all",
    "reverse",
    "reverse_all",
]
