"""The only way into the books: `post` (or many facts at once, `post_all`) and `reverse`.

Three statements whatever the number of lines: the entries on their keys, the states locked in order, the transfers; the
database's guards apply these to the states and have the last word. Core, never the ORM (design 5: a third of the cost).
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.errors import Conflict, Refused
from portal.ledger.model import MOST, UNITS, Account, Entry, Period, State, Transfer
from portal.money import hours, pounds
from portal.words import _


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
    must_be_in_transaction()
    connection = db.session.connection()
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
    fact = Fact(
        key=f"{key}:reversed", kind="reversal", about=entry["about"], sentence=_("Put right: %(what)s (%(why)s)", what=entry["sentence"], why=reason),
        actor=actor, lines=lines, effective_on=effective_on, on_behalf=on_behalf, basis=basis, reverses_id=entry["id"],
    )  # fmt: skip
    return post_all([fact])[0]


def post_all(facts: Sequence[Fact]) -> list[Posted]:
    """Post many facts in order, as a part of an action; results in the same order. Refusals as for `post`, of all or none."""
    must_be_in_transaction()
    connection = db.session.connection()
    now = clock.now()
    today = clock.london_day(now)
    entries: dict[str, dict[str, Any]] = {}
    for fact in facts:
        _judge(fact)
        fingerprint = fact.fingerprint()
        known = entries.get(fact.key)
        if known is not None and known["fingerprint"] != fingerprint:
            raise _other_content(fact.key)
        if known is None:
            entries[fact.key] = _entry(fact, fingerprint, now, fact.effective_on or today)
    fresh = _insert_entries(connection, list(entries.values()))
    old = [key for key in entries if key not in fresh]
    found: dict[str, str] = {}
    if old:
        for key, id_, fingerprint in connection.execute(select(ENTRY.c.key, ENTRY.c.id, ENTRY.c.fingerprint).where(ENTRY.c.key.in_(old))):
            if fingerprint != entries[key]["fingerprint"]:
                raise _other_content(key)
            found[key] = id_
        if len(found) < len(old):  # not the key but the entry to be reversed was taken
            raise Refused(_("That entry has been put right already, so it cannot be put right again."))
    to_post = []
    told: set[str] = set()
    for fact in facts:
        if fact.key in fresh and fact.key not in told:
            told.add(fact.key)
            to_post.append(fact)
    if to_post:
        _insert_transfers(connection, to_post, entries)
    first = set(fresh)
    results = []
    for fact in facts:
        results.append(Posted(found.get(fact.key) or entries[fact.key]["id"], fact.key, fact.key in first))
        first.discard(fact.key)
    return results


def _judge(fact: Fact) -> None:
    """What can be seen without the database; mistakes of ours, not of a person."""
    assert fact.lines, "an entry has at least one line"
    for line in fact.lines:
        assert type(line.amount) is int and 0 < line.amount <= MOST, f"{line.amount!r} is not an amount"
        assert line.debit != line.credit, "an account cannot pay itself"


def _entry(fact: Fact, fingerprint: str, now: datetime, effective_on: date) -> dict[str, Any]:
    return {
        "id": _uuid7(now), "key": fact.key, "fingerprint": fingerprint, "kind": fact.kind, "effective_on": effective_on,
        "recorded_at": now, "actor": fact.actor, "on_behalf": fact.on_behalf, "basis": fact.basis, "about": fact.about,
        "sentence": fact.sentence, "lines": len(fact.lines), "reverses_id": fact.reverses_id,
    }  # fmt: skip


def _insert_entries(connection: Connection, rows: list[dict[str, Any]]) -> set[str]:
    """Insert on the keys; those that were new. A racing key waits here for the other's commit."""
    closed = connection.scalar(select(Period.last_day).order_by(Period.last_day.desc()).limit(1))
    if closed is not None and any(row["effective_on"] <= closed for row in rows):
        raise Refused(_("The books are closed up to that day. Use a later date."))
    fresh: set[str] = set()
    statement = _insert(connection)(ENTRY).on_conflict_do_nothing().returning(ENTRY.c.key)
    if len(rows) == 1:
        return set(connection.scalars(statement.values(rows[0])))
    for start in range(0, len(rows), 1000):
        fresh.update(connection.scalars(statement, rows[start : start + 1000]))
    return fresh


def _insert_transfers(connection: Connection, facts: Sequence[Fact], entries: Mapping[str, dict[str, Any]]) -> None:
    codes = {code for fact in facts for line in fact.lines for code in (line.debit, line.credit)}
    standing = _lock(connection, sorted(codes))
    rows = []
    for fact in facts:
        entry = entries[fact.key]
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
    try:
        connection.execute(insert(TRANSFER), rows)
    except IntegrityError as why:  # a guard knew better than we: nothing is posted
        raise Refused(_("The books did not accept that. Nothing was changed; try again.")) from why


def _lock(connection: Connection, codes: list[str]) -> dict[str, _Standing]:
    """The accounts by code, locked in the order of their ids, so that two postings cannot wait for each other."""
    found: dict[str, _Standing] = {}
    columns = (
        ACCOUNT.c.id, ACCOUNT.c.code, ACCOUNT.c.unit, ACCOUNT.c.name, STATE.c.sequence, (STATE.c.credits - STATE.c.debits).label("balance"),
        STATE.c.floor, STATE.c.ceiling, STATE.c.head,
    )  # fmt: skip
    query = select(*columns).join_from(ACCOUNT, STATE, ACCOUNT.c.id == STATE.c.account_id).order_by(ACCOUNT.c.id)
    if connection.dialect.name == "postgresql":
        query = query.where(ACCOUNT.c.code == postgresql.array(codes).any_()) if len(codes) > 1 else query.where(ACCOUNT.c.code == codes[0])
        query = query.with_for_update(of=STATE, key_share=True)
        found = {row.code: _Standing(*row) for row in connection.execute(query)}
    else:
        for start in range(0, len(codes), 500):
            found.update(
                {row.code: _Standing(*row) for row in connection.execute(query.where(ACCOUNT.c.code.in_(codes[start : start + 500])))}
            )
    if missing := [code for code in codes if code not in found]:
        raise Refused(_("There is no account %(code)s in the books.", code=missing[0]))
    return found


def _within_bounds(debit: _Standing, credit: _Standing, fact: Fact) -> None:
    for account in (debit, credit):
        show = pounds if account.unit == "GBP" else hours
        if account is debit and account.floor is not None and account.balance < account.floor:
            sentence = _("That would take %(name)s below %(floor)s.", name=account.name, floor=show(account.floor))
        elif account is credit and account.ceiling is not None and account.balance > account.ceiling:
            sentence = _("That would take %(name)s above %(ceiling)s.", name=account.name, ceiling=show(account.ceiling))
        else:
            continue
        raise Refused(fact.refusals.get(account.code, sentence))


def _other_content(key: str) -> Conflict:
    return Conflict(_("This was entered before with other figures (%(key)s). Look at what stands in the books first.", key=key))


def _insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _uuid7(now: datetime) -> str:
    """RFC 9562: 48 bits of milliseconds, then random; 32 hex digits, in order of time."""
    value = (int(now.timestamp() * 1000) & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"


def _sha(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def entry_digest(entry: Mapping[str, Any]) -> str:
    """Hash of everything an entry says; SHA-256 over a JSON list of its columns in this order."""
    return _sha(
        entry["id"], entry["key"], entry["fingerprint"], entry["kind"], entry["effective_on"].isoformat(),
        int(entry["recorded_at"].timestamp() * 1_000_000), entry["actor"], entry["on_behalf"], entry["basis"], entry["about"],
        entry["sentence"], entry["lines"], entry["reverses_id"],
    )  # fmt: skip


def chained(head: str, digest: str, line: int, side: str, debit: str, credit: str, amount: int, sequence: int, balance: int) -> str:
    """The next head of an account's chain: SHA-256 over the head before, the entry, the line and where it leaves the account."""
    return hashlib.sha256(f"{head}|{digest}|{line}|{side}|{debit}|{credit}|{amount}|{sequence}|{balance}".encode()).hexdigest()


__all__ = ["UNITS", "Fact", "Line", "Posted", "chained", "entry_digest", "open_account", "open_accounts", "post", "post_all", "reverse"]
