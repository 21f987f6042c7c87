"""What the database itself refuses: each rule of `3-ledger.md` with an attempt in raw SQL, and what tampering leaves."""

import re

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.db import db, is_postgresql, transaction
from portal.ledger import checks
from portal.ledger.posting import Line, open_account, post, reverse

ENTRY = "INSERT INTO ledger_entry (id, key, fingerprint, kind, effective_on, recorded_at, actor, about, sentence, lines, reverses_id) VALUES ({})"
TRANSFER = (
    "INSERT INTO ledger_transfer (id, entry_id, line, unit, amount, effective_on, debit_id, debit_sequence, debit_after, debit_head,"
    " credit_id, credit_sequence, credit_after, credit_head) SELECT 99, e.id, {line}, '{unit}', {amount}, e.effective_on, d.account_id,"
    " d.sequence + {step}, d.credits - d.debits - {after}, 'h', c.account_id, c.sequence + 1, c.credits - c.debits + {after}, 'h'"
    " FROM ledger_entry e, ledger_state d, ledger_state c, ledger_account da, ledger_account ca WHERE e.key = '{key}' AND da.code = '{debit}'"
    " AND ca.code = '{credit}' AND d.account_id = da.id AND c.account_id = ca.id"
)
GOOD = {"line": 1, "unit": "GBP", "amount": 5, "step": 1, "after": 5, "key": "empty", "debit": "a", "credit": "b"}


@pytest.fixture
def books(app: Flask) -> None:
    with transaction():
        open_account("a", "GBP", "equity", "A", floor=-100)
        open_account("b", "GBP", "asset", "B", ceiling=100)
        open_account("t", "MIN", "liability", "T")
        post([Line("a", "b", 10)], key="one", kind="test", about="x:1", sentence="ten pence", actor="scheme")
    # an entry that lost its lines is the only way in for a raw transfer; the check names it
    raw(ENTRY.format("'e0', 'empty', 'f', 'k', '2026-07-01', '2026-07-01 10:00:00', 'x', 'x', 's', 1, NULL"))


def raw(statement: str) -> None:
    with transaction():
        db.session.execute(text(statement))


def refused(statement: str) -> str:
    with pytest.raises(DBAPIError) as why:
        raw(statement)
    return str(why.value.orig)


def test_a_right_transfer_would_be_taken(books: None) -> None:
    """So that every refusal below is for its own reason."""
    raw(TRANSFER.format(**GOOD))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"amount": 0, "after": 0}, "amount"),
        ({"amount": -5, "after": -5}, "amount"),
        ({"amount": 10**14, "after": 10**14}, "amount"),
        ({"step": 2}, "stale"),
        ({"step": 0}, "stale|duplicate key"),
        ({"after": 6}, "stale"),
        ({"line": 2}, "its entry"),
        ({"key": "one"}, "its entry|replaced|unique"),
        ({"unit": "MIN"}, "(?i)foreign key"),
        ({"credit": "t"}, "(?i)foreign key"),
        ({"debit": "b", "credit": "b"}, "stale|two_accounts"),
        ({"amount": 91, "after": 91}, "floor|ceiling"),
    ],
)
def test_a_wrong_transfer_is_refused(books: None, change: dict[str, object], why: str) -> None:
    assert re.search(why, refused(TRANSFER.format(**{**GOOD, **change})))


def test_a_float_is_refused_or_never_kept(books: None) -> None:
    if is_postgresql():
        # its bigint rounds before any rule sees the value: no fraction can be kept
        raw(TRANSFER.format(**{**GOOD, "amount": "4.6", "after": "4.6"}))
        assert db.session.scalar(text("SELECT amount FROM ledger_transfer WHERE id = 99")) == 5
    else:
        assert "whole number" in refused(TRANSFER.format(**{**GOOD, "amount": 4.5, "after": 4.5}))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET sentence = 'other'",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_transfer SET amount = 11",
        "DELETE FROM ledger_transfer",
        "UPDATE ledger_state SET credits = credits + 5",
        "UPDATE ledger_state SET sequence = sequence + 1",
        "UPDATE ledger_state SET head = 'x'",
        "UPDATE ledger_state SET debits = debits + 5, credits = credits + 5, sequence = sequence + 1",
        "DELETE FROM ledger_state",
        "UPDATE ledger_account SET unit = 'MIN'",
        "UPDATE ledger_account SET code = 'z' WHERE code = 'a'",
        "DELETE FROM ledger_account",
        "INSERT INTO ledger_state (account_id, sequence, debits, credits, head) SELECT id, 0, 0, 5, '' FROM ledger_account WHERE code = 'a'",
    ],
)
def test_what_stands_is_never_changed(books: None, statement: str) -> None:
    assert refused(statement)


def test_an_account_opens_at_zero(books: None) -> None:
    raw("INSERT INTO ledger_account (code, unit, kind, name) VALUES ('new', 'GBP', 'asset', 'New')")
    assert "opens at zero" in refused(
        "INSERT INTO ledger_state (account_id, sequence, debits, credits, head) SELECT id, 0, 0, 5, '' FROM ledger_account WHERE code = 'new'"
    )


def test_no_table_is_emptied(books: None) -> None:
    for table in ("ledger_entry", "ledger_transfer", "ledger_state", "ledger_account"):
        if is_postgresql():
            assert "appended" in refused(f"TRUNCATE {table} CASCADE")
        else:
            assert refused(f"DELETE FROM {table}")


def test_replace_replaces_nothing(books: None) -> None:
    if is_postgresql():
        return  # PostgreSQL has no REPLACE; ON CONFLICT DO UPDATE is an UPDATE, refused above
    row = "'{id}', '{key}', 'f', 'k', '2026-07-01', '2026-07-01 10:00:00', 'x', 'x', 'changed', 1, NULL"
    raw(ENTRY.format(row.format(id="other", key="one")).replace("INSERT", "INSERT OR REPLACE"))
    assert db.session.scalar(text("SELECT sentence FROM ledger_entry WHERE key = 'one'")) == "ten pence"
    assert "replaced" in refused(ENTRY.format(row.format(id="e0", key="other")).replace("INSERT", "INSERT OR REPLACE"))
    assert refused("INSERT OR REPLACE INTO ledger_transfer SELECT * FROM ledger_transfer")
    assert refused("INSERT OR REPLACE INTO ledger_state SELECT account_id, 0, 0, 0, NULL, NULL, '' FROM ledger_state")


def test_a_second_reversal_is_refused(books: None) -> None:
    with transaction():
        reverse("one", reason="r", actor="scheme")
    statement = ENTRY.format(
        "'e1', 'again', 'f', 'k', '2026-07-01', '2026-07-01 10:00:00', 'x', 'x', 's', 1, (SELECT id FROM (SELECT id FROM ledger_entry WHERE key = 'one') q)"
    )
    assert refused(statement)


def test_a_closed_period_takes_no_entry(books: None) -> None:
    raw("INSERT INTO ledger_period (last_day, closed_at, closed_by, heads) VALUES ('2026-07-31', '2026-08-01 10:00:00', 'x', '')")
    assert "closed" in refused(ENTRY.format("'e1', 'late', 'f', 'k', '2026-07-31', '2026-08-01 10:00:00', 'x', 'x', 's', 1, NULL"))


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        ("UPDATE ledger_transfer SET amount = 11", "account a: line 1 (entry one)"),
        ("UPDATE ledger_entry SET sentence = 'eleven pence' WHERE key = 'one'", "entry one"),
        ("UPDATE ledger_entry SET effective_on = '2020-01-01' WHERE key = 'one'", "entry one"),
        ("UPDATE ledger_entry SET actor = 'person:2' WHERE key = 'one'", "entry one"),
        ("UPDATE ledger_state SET credits = credits + 1 WHERE credits > 0", "account b"),
        ("DELETE FROM ledger_transfer", "entry one says 1 lines and has 0"),
    ],
)
def test_whoever_drops_the_guards_is_found_out(books: None, edit: str, named: str) -> None:
    if is_postgresql():
        raw("SET LOCAL session_replication_role = replica; " + edit)
    else:
        for name in db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            raw(f"DROP TRIGGER {name}")
        raw(edit)
    report = checks.check()
    assert not report.ok
    assert any(named in line for line in report.broken), report.broken
