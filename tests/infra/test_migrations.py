"""Migrations: one line of them, whole or not at all, never waiting long for a lock, and exactly what the models say."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade

from portal.db import MIGRATIONS, age, db
from tests.conftest import Store, make_app

TOP = Path(__file__).parents[2]


def test_there_is_one_head_and_the_names_are_in_order() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert len(scripts.get_heads()) == 1
    names = [script.revision for script in scripts.walk_revisions()][::-1]
    assert names == [f"{number:04}" for number in range(1, len(names) + 1)]
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(script.revision + "_"), script.path


def test_the_database_is_what_the_models_say(app: Flask) -> None:
    check()


@pytest.mark.parametrize(
    "change", ["DROP INDEX ix_event_about_id", "ALTER TABLE message ADD COLUMN colour text", "CREATE TABLE odd (id integer)"]
)
def test_drift_is_noticed(app: Flask, change: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text(change))
    with pytest.raises(SystemExit):
        check()


def test_every_model_is_known_to_the_migrations() -> None:
    said = (MIGRATIONS / "env.py").read_text()
    for file in TOP.glob("portal/**/*.py"):
        if "__tablename__ =" in file.read_text():
            module = ".".join(file.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")
            assert module == "portal.db" or f"import {module}\n" in said or f"import {module} " in said, module


def test_age(store: Store) -> None:
    with store.app.app_context():
        assert age() == "current"
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
        assert age() == "older"
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        assert age() == "newer"
        with db.engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE alembic_version"))
        assert age() == "older"
        db.session.remove()
        db.engine.dispose()


def at_first(store: Store) -> None:
    """The store's database as it was after the first migration, without anything of ours in it yet."""
    with store.app.app_context():
        db.session.remove()
        with db.engine.begin() as connection:
            if store.engine == "postgresql":
                connection.execute(sa.text("DROP SCHEMA public CASCADE"))
                connection.execute(sa.text("CREATE SCHEMA public"))
        db.engine.dispose()
    if store.engine == "sqlite":
        for leftover in store.home.glob("work.db*"):
            leftover.unlink()
    with store.app.app_context():
        upgrade(revision="0001")
        db.session.remove()


def tables(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


def test_a_waiting_migration_gives_up_before_the_portal_suffers(store: Store) -> None:
    at_first(store)
    with store.app.app_context():
        with db.engine.connect().execution_options(writes=True) as busy:
            if store.engine == "postgresql":
                busy.execute(sa.text("LOCK TABLE event IN ACCESS EXCLUSIVE MODE"))
            else:
                busy.execute(sa.text("INSERT INTO worker_state (name, result) VALUES ('x', '{}')"))
            began = time.monotonic()
            with pytest.raises(sa.exc.OperationalError, match=r"lock timeout|database is locked"):
                upgrade()
            assert time.monotonic() - began < 30
            busy.rollback()
        assert age() == "older"
        upgrade()
        assert age() == "current"
        db.session.remove()
        db.engine.dispose()


def test_a_migration_that_breaks_leaves_nothing_of_itself(store: Store, tmp_path: Path) -> None:
    # the second migration meets a table of its name's making half-way: a trigger that is there already
    at_first(store)
    with store.app.app_context():
        with db.engine.begin() as connection:
            if store.engine == "postgresql":
                connection.execute(
                    sa.text("CREATE FUNCTION ledger_entry_open() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
                )
            else:
                connection.execute(sa.text("CREATE TRIGGER ledger_entry_open BEFORE INSERT ON ledger_entry BEGIN SELECT 1; END"))
        with pytest.raises(sa.exc.DBAPIError, match="already exists"):
            upgrade()
        with db.engine.connect() as connection:
            count = (
                "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
                if store.engine == "postgresql"
                else "SELECT count(*) - 1 FROM sqlite_master WHERE type = 'trigger'"
            )
            assert connection.scalar(sa.text(count)) == 0, "half a migration stayed"
        assert age() == "older"
        db.session.remove()
        db.engine.dispose()


def test_two_that_migrate_at_once_both_end_well(store: Store) -> None:
    at_first(store)
    env = {**os.environ, "KINDLING_DEMO": "1", "KINDLING_DATA": str(store.home), "DATABASE_URL": store.url}
    racers = [
        subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"], cwd=TOP, env=env, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [racer.communicate(timeout=240)[1].decode() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], said
    with store.app.app_context():
        assert age() == "current"
        db.session.remove()
        db.engine.dispose()


def test_killed_in_the_middle_it_goes_on(tmp_path: Path) -> None:
    """SQLite: whatever instant the process ends at, the next run brings the database to the head."""
    env = {**os.environ, "KINDLING_DEMO": "1", "KINDLING_DATA": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'k.db'}"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    for killed in range(3):
        process = subprocess.Popen(command, cwd=TOP, env=env, stderr=subprocess.DEVNULL)
        journal = tmp_path / "k.db-wal"
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline and not (journal.exists() and journal.stat().st_size):
            time.sleep(0.001)
        threading.Event().wait(0.02 * killed)
        process.kill()
        process.wait()
    assert subprocess.run(command, cwd=TOP, env=env, check=False).returncode == 0
    with sqlite3.connect(tmp_path / "k.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    app = make_app(f"sqlite:///{tmp_path / 'k.db'}", tmp_path)
    with app.app_context():
        check()
        db.session.remove()
        db.engine.dispose()


def test_seats_and_panels_keep_what_they_were_there_and_back(store: Store) -> None:
    """0005 moves the area of a panel into a table of its own and makes SQLite's panel anew, under the feet of seats and rounds."""
    before = str(ScriptDirectory(str(MIGRATIONS)).get_revision("0005").down_revision)
    at_first(store)

    def said(question: str) -> list[tuple[object, ...]]:
        with db.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(question))]

    with store.app.app_context():
        upgrade(revision=before)
        with db.engine.begin() as connection:
            for statement in (
                "INSERT INTO area (id, code, name, kind) VALUES (3, 'moss', 'Moss', 'ward'), (4, 'salt', 'Salt', 'ward')",
                "INSERT INTO person (id, ref, name, postal_address, channel, large_print, joined_at) VALUES (7, 'PER-1', 'Ann', '', 'email', false, '2026-01-01 00:00:00')",
                "INSERT INTO panel (id, ref, name, purpose, area_id, created_at) VALUES (5, 'PNL-1', 'Moss panel', '', 3, '2026-01-01 00:00:00'), (6, 'PNL-2', 'Everywhere', '', NULL, '2026-01-01 00:00:00')",
                "INSERT INTO seat (id, panel_id, person_id, chair, term_start, term_end) VALUES (8, 5, 7, true, '2026-02-03', NULL)",
            ):
                connection.execute(sa.text(statement))
        upgrade(revision="0005")
        assert said("SELECT panel_id, area_id FROM panel_area") == [(5, 3)]
        assert said("SELECT id, name FROM panel ORDER BY id") == [(5, "Moss panel"), (6, "Everywhere")]
        assert said("SELECT kind, conduct, substr(cast(given_at AS text), 1, 10) FROM seat") == [("member", 0, "2026-02-03")]
        with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM panel WHERE id = 5"))  # its seat still stands on it
        with db.engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO panel_area (panel_id, area_id) VALUES (5, 4)"))
            connection.execute(
                sa.text(
                    "INSERT INTO seat (id, panel_id, person_id, chair, term_start, term_end, kind, given_at, conduct) VALUES (9, 6, 7, false, '2026-02-03', NULL, 'guest', '2026-02-03 00:00:00', 0)"
                )
            )
        downgrade(revision=before)
        assert said("SELECT id, area_id FROM panel ORDER BY id") == [(5, 3), (6, None)]
        assert said("SELECT id FROM seat WHERE term_end IS NULL") == [(8,)], "a guest is no member of the older code"
        upgrade(revision="0005")
        assert said("SELECT panel_id, area_id FROM panel_area") == [(5, 3)]
        db.session.remove()
        db.engine.dispose()
