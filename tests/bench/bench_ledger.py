"""How fast facts get into the books, beside what the same rows cost in raw SQL on the same engine and disk.

`raw` is the driver alone, one commit a fact, on a copy of the same tables and indexes without guards or foreign keys:
the limit of this machine. All are taken in turns in one run, the best of several rounds each, because only their ratios
travel from one machine to another.
"""

import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from flask_migrate import upgrade
from sqlalchemy import make_url

from portal.db import db, is_postgresql, transaction
from portal.ledger.posting import Fact, Line, open_accounts, post, post_all
from tests.conftest import make_app

ROUNDS = 5
SINGLES = 300
BATCH = 1000
SESSION = 200
HEAD = "0" * 64
ENTRY = (
    "INSERT INTO ledger_entry (id, key, fingerprint, kind, effective_on, recorded_at, actor, about, sentence, lines)"
    " VALUES (?, ?, ?, 'bench', ?, '2026-07-04 12:00:00+00:00', 'person:1', 'bench:1', 'A spark', 1)"
)
STANDING = "SELECT account_id, sequence, credits - debits, head FROM ledger_state WHERE account_id IN (1, 2) ORDER BY account_id"
TRANSFER = (
    "INSERT INTO ledger_transfer (entry_id, line, unit, amount, effective_on, debit_id, debit_sequence, debit_after, debit_head,"
    " credit_id, credit_sequence, credit_after, credit_head) VALUES (?, 1, 'GBP', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
MOVED = (
    "UPDATE ledger_state SET sequence = sequence + 1, debits = debits + 1, head = ? WHERE account_id = ?",
    "UPDATE ledger_state SET sequence = sequence + 1, credits = credits + 1, head = ? WHERE account_id = ?",
)
_numbers = count(1)


def measure(database_url: str) -> dict[str, float]:
    """Facts a second, by way of posting, and their ratios. `database_url` names an empty database, of no use afterwards."""
    best = dict.fromkeys(("single", "batch", "session", "raw"), 0.0)
    with tempfile.TemporaryDirectory() as home, make_app(database_url, Path(home)).app_context():
        upgrade()
        codes = [f"bench:{number}" for number in range(SESSION + 1)]
        with transaction():
            open_accounts([(code, "GBP", "asset", code, None, None) for code in codes])
        with _bare(database_url, Path(home)) as run:
            for _round in range(ROUNDS):
                for way, times, facts, work in (
                    ("raw", SINGLES, 1, lambda: _raw(run)),
                    ("single", SINGLES, 1, lambda: _single(codes)),
                    ("batch", 1, BATCH, lambda: _batch(codes)),
                    ("session", 2, 1, lambda: _session(codes)),
                ):
                    best[way] = max(best[way], facts * _rate(times, work))
        db.session.remove()
        db.engine.dispose()
    return {
        "raw SQL a second": best["raw"],
        "ledger.post a second": best["single"],
        "ledger.post / raw SQL": best["single"] / best["raw"],
        "ledger.post_all a second": best["batch"],
        "ledger.post_all / ledger.post": best["batch"] / best["single"],
        f"session of {SESSION} / ledger.post, time": best["single"] / best["session"],
    }


def _rate(times: int, work: Callable[[], object]) -> float:
    work()
    start = time.perf_counter()
    for _time in range(times):
        work()
    return times / (time.perf_counter() - start)


def _single(codes: list[str]) -> None:
    with transaction():
        post(
            [Line(codes[0], codes[1], 1)],
            key=f"bench:{next(_numbers)}",
            kind="bench",
            about="bench:1",
            sentence="A spark",
            actor="person:1",
        )


def _batch(codes: list[str]) -> None:
    with transaction():
        post_all(
            [
                Fact(f"bench:{next(_numbers)}", "bench", "bench:1", "A spark", "person:1", [Line(codes[0], codes[1 + number % SESSION], 1)])
                for number in range(BATCH)
            ]
        )


def _session(codes: list[str]) -> None:
    lines = [Line(codes[0], code, 1) for code in codes[1:]]
    with transaction():
        post(lines, key=f"bench:{next(_numbers)}", kind="session", about="bench:1", sentence="Litter pick", actor="person:1")


Run = Callable[[str, tuple[object, ...]], list[tuple[Any, ...]]]


@contextmanager
def _bare(database_url: str, home: Path) -> Iterator[Run]:
    """The driver itself on a bare copy of the tables; commits as durable as ours."""
    if is_postgresql():
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True, prepare_threshold=1) as server:
            server.execute("CREATE SCHEMA bare")
            for table in ("ledger_entry", "ledger_transfer", "ledger_state"):
                server.execute(f"CREATE TABLE bare.{table} (LIKE public.{table} INCLUDING ALL)".encode())
            server.execute("INSERT INTO bare.ledger_state SELECT * FROM public.ledger_state")
            server.execute("SET search_path = bare")

            def on_postgresql(statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
                found = server.execute(statement.replace("?", "%s").encode(), values)
                return list(found) if found.description else []

            yield on_postgresql
        return
    with sqlite3.connect(make_url(database_url).database or "") as whole:
        whole.execute("VACUUM INTO ?", (str(home / "bare.db"),))
    file = sqlite3.connect(home / "bare.db", isolation_level=None)
    for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        file.execute(f"DROP TRIGGER {name}")
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("PRAGMA synchronous=FULL")
    yield lambda statement, values: file.execute(statement, values).fetchall()
    file.close()


def _raw(run: Run) -> None:
    """What a fact with one line leaves behind: an entry, a transfer, two states moved."""
    day = date(2026, 7, 4).isoformat()
    entry = uuid.uuid4().hex
    run("BEGIN" if is_postgresql() else "BEGIN IMMEDIATE", ())
    run(ENTRY, (entry, f"raw:{entry}", HEAD, day))
    debit, credit = run(STANDING + (" FOR NO KEY UPDATE" if is_postgresql() else ""), ())
    run(TRANSFER, (entry, day, debit[0], debit[1] + 1, debit[2] - 1, HEAD, credit[0], credit[1] + 1, credit[2] + 1, HEAD))
    for moved, account in zip(MOVED, (debit, credit), strict=True):
        run(moved, (HEAD, account[0]))
    run("COMMIT", ())
