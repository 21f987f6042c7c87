"""`make bench`: one run of about two minutes prints every cost as a multiple of the bare limit of this machine.

Absolute figures do not travel from one machine to another; these ratios do. All of them are written to bench.json.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from tests.bench import ledger, pages, search
from tests.bench.measures import Ratio, table
from tests.conftest import POSTGRES_BINARIES, start_cluster, stop_cluster


def main() -> None:
    """Measure, print, write; exit 0 whatever the figures are."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--rounds", type=int, default=80, help="turns of each posting and reading; pages take a twentieth")
    options.add_argument(
        "--facts", type=int, default=10_000, help="facts in the books when reading is measured, and live gifts when they are searched"
    )
    options.add_argument("--requests", type=int, default=8, help="requests of each page in a turn")
    options.add_argument("--engines", default="sqlite,postgresql")
    options.add_argument("--output", type=Path, default=Path("bench.json"))
    asked = options.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kindling-bench-") as folder:
        found: dict[str, list[Ratio]] = {"start": [pages.start_up(Path(folder))]}
    for engine in asked.engines.split(","):
        if engine == "postgresql" and not POSTGRES_BINARIES and not os.environ.get("TEST_DATABASE_URL"):
            print("PostgreSQL is not installed here: its half is left out (install it, or set TEST_DATABASE_URL)")
            continue
        with _empty(engine) as (url, home):
            found[f"{engine}: the ledger"] = ledger.measure(url, home, rounds=asked.rounds, facts=asked.facts)
        with _empty(engine) as (url, home):
            found[f"{engine}: search"] = search.measure(url, home, rounds=asked.rounds, posts=asked.facts)
        with _empty(engine) as (url, home):
            found[f"{engine}: pages"] = pages.measure(url, home, rounds=max(1, asked.rounds // 20), requests=asked.requests)
    for title, rows in found.items():
        print(table(title, rows))
    about = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(time.monotonic() - began), "cores": os.cpu_count(),
        "python": platform.python_version(), "rounds": asked.rounds, "facts": asked.facts, "requests": asked.requests,
    }  # fmt: skip
    asked.output.write_text(
        json.dumps({**about, "ratios": {title: [row.as_json() for row in rows] for title, rows in found.items()}}, indent=2) + "\n"
    )
    missed = sum(row.held is False for rows in found.values() for row in rows)
    print(f"\n{about['seconds']} s; {missed} over their budget. All figures: {asked.output}")


@contextmanager
def _empty(engine: str) -> Iterator[tuple[str, Path]]:
    """The address of an empty database whose commits reach the disk, and a folder; both gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="kindling-bench-"))
    try:
        if engine == "sqlite":
            yield f"sqlite:///{home / 'bench.db'}", home
        else:
            with _server() as server:
                name = f"kindling_bench_{os.getpid()}"
                drop, create = (
                    sql.SQL(words).format(sql.Identifier(name))
                    for words in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {}")
                )
                with psycopg.connect(server, autocommit=True) as connection:
                    connection.execute(drop)
                    connection.execute(create)
                    yield server.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + "/" + name, home
                    connection.execute(drop)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    cluster = Path(tempfile.mkdtemp(prefix="kindling-bench-pg-"))
    try:
        yield start_cluster(cluster, durable=True)
    finally:
        stop_cluster(cluster)


if __name__ == "__main__":
    main()
