"""What the books cost beside what the same rows cost by the bare driver, on the same engine and disk.

The bare copy has the same tables and indexes without guards and foreign keys, and its commits are as durable as ours.
"""

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from flask_migrate import upgrade
from sqlalchemy import event, make_url
from sqlalchemy.engine import Engine

from portal.db import db, is_postgresql, transaction
from portal.ledger import checks, queries
from portal.ledger.posting import Fact, Line, open_accounts, post, post_all
from tests.bench.measures import Ratio, in_turns
from tests.conftest import make_app

SESSION = 200  # people in one session: the design's number
HEAD = "0" * 64
DAY = date(2026, 7, 4)
ENTRY = (
    "INSERT INTO ledger_entry (id, key, fingerprint, kind, effective_on, recorded_at, actor, about, sentence, lines)"
    " VALUES (?, ?, ?, 'bench', ?, '2026-07-04 12:00:00+00:00', 'person:1', 'bench:1', 'A spark', 1)"
)
TRANSFER = (
    "INSERT INTO ledger_transfer (entry_id, line, unit, amount, effective_on, debit_id, debit_sequence, debit_after, debit_head,"
    " credit_id, credit_sequence, credit_after, credit_head) VALUES (?, 1, 'GBP', 1, ?, 1, ?, ?, ?, 2, ?, ?, ?)"
)
MOVED = (
    "UPDATE ledger_state SET sequence = sequence + 1, debits = debits + 1, head = ? WHERE account_id = 1",
    "UPDATE ledger_state SET sequence = sequence + 1, credits = credits + 1, head = ? WHERE account_id = 2",
)
LINES = (
    "SELECT t.*, e.id, e.key, e.fingerprint, e.kind, e.effective_on, e.recorded_at, e.actor, e.on_behalf, e.basis, e.about, e.sentence,"
    " e.lines, e.reverses_id FROM ledger_transfer t JOIN ledger_entry e ON e.id = t.entry_id ORDER BY t.{side}_id, t.{side}_sequence"
)
Run = Callable[[str, tuple[object, ...]], list[tuple[Any, ...]]]
_numbers = count(1)


def measure(database_url: str, home: Path, *, rounds: int, facts: int) -> list[Ratio]:
    """The ratios, in an empty database of no use afterwards, with `facts` in the books where reading is measured."""
    codes = [f"bench:{number}" for number in range(SESSION + 1)]
    app = make_app(database_url, home)
    with app.app_context():
        upgrade()
        with transaction():
            open_accounts([(code, "GBP", "asset", code, None, None) for code in codes])
        with _bare_copy(database_url, home) as run:
            rows = _posting(run, codes, rounds)
        for start in range(0, facts, 1000):
            _batch(codes, min(1000, facts - start))
        with driver(database_url) as run:
            rows += _reading(run, codes, rounds)
            rows.append(_replay(run))
        db.session.remove()
        db.engine.dispose()
    return rows


def _posting(run: Run, codes: list[str], rounds: int) -> list[Ratio]:
    one = in_turns({"ours": lambda: _single(codes), "bare": lambda: _insert(run)}, rounds)
    many = in_turns(
        {"single": lambda: _single(codes), "batch": lambda: _batch(codes, 500), "session": lambda: _session(codes)}, max(3, rounds // 20)
    )
    durable = "the same rows by the driver: 2 INSERTs, 2 UPDATEs, one commit"
    return [
        Ratio("post one fact", one["ours"], one["bare"], "µs", durable, 2.0),
        Ratio("post one of 500 facts together", many["batch"] / 500, many["single"], "µs", "post one fact", 0.1),
        Ratio(f"close a session of {SESSION} people", many["session"], many["single"], "µs", "post one fact", 10),
    ]


def _reading(run: Run, codes: list[str], rounds: int) -> list[Ratio]:
    hot, quiet = codes[0], codes[7]
    read = {
        "balance": lambda: queries.balance(hot),
        "statement": lambda: queries.statement(hot),
        "quiet": lambda: queries.statement(quiet),
        "trial": lambda: queries.trial_balance("GBP"),
    }
    ways: dict[str, Callable[[], object]] = dict(read)
    for name in ("balance", "statement", "trial"):
        heard = asked(read[name])
        ways["bare " + name] = lambda heard=heard: [run(statement, values) for statement, values in heard]  # type: ignore[misc]
    took = in_turns(ways, rounds)
    sequence = run("SELECT sequence FROM ledger_state WHERE account_id = 1", ())[0][0]
    fewer = run(f"SELECT sequence FROM ledger_state s JOIN ledger_account a ON a.id = s.account_id WHERE a.code = '{quiet}'", ())[0][0]
    return [
        Ratio("balance of an account", took["balance"], took["bare balance"], "µs", "the same query by the driver"),
        Ratio("statement page of 25 lines", took["statement"], took["bare statement"], "µs", "the same queries by the driver"),
        Ratio("trial balance of 201 accounts", took["trial"], took["bare trial"], "µs", "the same query by the driver"),
        Ratio(f"statement of an account with {sequence:,} lines", took["statement"], took["quiet"], "µs", f"of one with {fewer:,}"),
    ]


def _replay(run: Run) -> Ratio:
    lines = 2 * run("SELECT count(*) FROM ledger_transfer", ())[0][0]

    def check() -> None:
        report = checks.check(full=True)
        assert report.ok and report.lines_replayed == lines, report

    took = in_turns({"ours": check, "bare": lambda: [run(LINES.format(side=side), ()) for side in ("debit", "credit")]}, 3)
    what = f"full check, a line of {lines:,}"
    return Ratio(what, took["ours"] / lines, took["bare"] / lines, "µs", "reading the same rows in that order by the driver")


def _single(codes: list[str]) -> None:
    with transaction():
        key = f"bench:{next(_numbers)}"
        post([Line(codes[0], codes[1], 1)], key=key, kind="bench", about="bench:1", sentence="A spark", actor="person:1", effective_on=DAY)


def _batch(codes: list[str], number: int) -> None:
    facts = []
    for _fact in range(number):
        place = next(_numbers)
        lines = [Line(codes[0], codes[1 + place % SESSION], 1)]
        facts.append(Fact(f"bench:{place}", "bench", "bench:1", "A spark", "person:1", lines, DAY))
    with transaction():
        post_all(facts)


def _session(codes: list[str]) -> None:
    lines = [Line(codes[0], code, 1) for code in codes[1:]]
    with transaction():
        post(
            lines,
            key=f"bench:{next(_numbers)}",
            kind="session",
            about="bench:1",
            sentence="Litter pick",
            actor="person:1",
            effective_on=DAY,
        )


def _insert(run: Run) -> None:
    """What a fact with one line leaves behind: an entry, a transfer, two states moved. Nothing is read or judged."""
    number, entry, day = next(_numbers), uuid.uuid4().hex, DAY.isoformat()
    run("BEGIN" if is_postgresql() else "BEGIN IMMEDIATE", ())
    run(ENTRY, (entry, f"raw:{entry}", HEAD, day))
    run(TRANSFER, (entry, day, number, -number, HEAD, number, number, HEAD))
    for moved in MOVED:
        run(moved, (HEAD,))
    run("COMMIT", ())


def asked(call: Callable[[], object]) -> list[tuple[str, tuple[object, ...]]]:
    """The statements of a call as they reach the driver, with their values."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement != "BEGIN":
            heard.append((statement, values))

    event.listen(Engine, "before_cursor_execute", hear)
    call()
    event.remove(Engine, "before_cursor_execute", hear)
    return heard


@contextmanager
def _bare_copy(database_url: str, home: Path) -> Iterator[Run]:
    """The driver on a bare copy of the tables."""
    if is_postgresql():
        with driver(database_url) as run:
            run("CREATE SCHEMA bare", ())
            for name in ("ledger_entry", "ledger_transfer", "ledger_state"):
                run(f"CREATE TABLE bare.{name} (LIKE public.{name} INCLUDING ALL)", ())
            run("INSERT INTO bare.ledger_state SELECT * FROM public.ledger_state", ())
            run("SET search_path = bare", ())
            yield run
        return
    copy = f"sqlite:///{home / 'bare.db'}"
    with driver(database_url) as run:
        run("VACUUM INTO ?", (str(home / "bare.db"),))
    with driver(copy) as run:
        for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'trigger'", ()):
            run(f"DROP TRIGGER {name}", ())
        yield run


@contextmanager
def driver(database_url: str) -> Iterator[Run]:
    """The driver itself, committing each statement by itself unless told otherwise. Values where the statement says ? or %s."""
    if is_postgresql():
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True, prepare_threshold=1) as server:

            def on_postgresql(statement: str, values: Any) -> list[tuple[Any, ...]]:
                found = server.execute(statement.replace("?", "%s").encode(), values)
                return list(found) if found.description else []

            yield on_postgresql
        return
    file = sqlite3.connect(make_url(database_url).database or "", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16000"):
        file.execute(f"PRAGMA {pragma}")
    yield lambda statement, values: file.execute(statement, values).fetchall()
    file.close()
