"""A backup holds everything and comes back whole, or says in one line why not."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import MetaData, func, select, text

from portal import clock
from portal.db import db
from tests.conftest import POSTGRES_BINARIES, Store, make_app
from tests.grants.season import begin

TOP = Path(__file__).parents[2]


@pytest.fixture
def elsewhere(store: Store, tmp_path: Path) -> Iterator[str]:
    """A new, empty database of the same engine."""
    if store.engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    name = f"{store.name}_restored"
    with psycopg.connect(store.server, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield store.url.rsplit("/", 1)[0] + "/" + name
    with psycopg.connect(store.server, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def flask(url: str, data: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.environ["PATH"] + (f":{POSTGRES_BINARIES[-1]}" if POSTGRES_BINARIES else "")
    env = {"PATH": path, "HOME": os.environ.get("HOME", "/"), "KINDLING_DEMO": "1", "KINDLING_DATA": str(data), "DATABASE_URL": url}
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *command], cwd=TOP, env=env, capture_output=True, text=True, check=False
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("kindling: "), done.stderr
    return lines[0]


def counts(url: str, home: Path) -> dict[str, int]:
    """Rows in each table."""
    app = make_app(url, home)
    with app.app_context():
        tables = MetaData()
        tables.reflect(db.engine)
        found = {name: db.session.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.tables.items()}
        db.session.remove()
        db.engine.dispose()
    return found


def test_everything_comes_back_and_the_books_are_proved(store: Store, elsewhere: str, tmp_path: Path) -> None:
    with store.app.app_context(), clock.held_at(datetime(2026, 6, 1, 12, tzinfo=UTC)):
        season = begin()
        season.released(season.ready())
        db.session.remove()
        db.engine.dispose()
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "photos" / "ab").mkdir(parents=True)
    (here / "photos" / "ab" / "picture.jpg").write_bytes(b"a picture")
    file = tmp_path / "monday.tar"
    done = flask(store.url, here, "backup", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
    with tarfile.open(file) as tar:
        assert not [name for name in tar.getnames() if "key" in name]
    back = flask(elsewhere, there, "restore", str(file))
    assert back.returncode == 0, back.stderr
    assert "The books are whole" in back.stdout
    assert (there / "photos" / "ab" / "picture.jpg").read_bytes() == b"a picture"
    before = counts(store.url, tmp_path)
    assert before["ledger_transfer"] > 3
    assert {name: count for name, count in counts(elsewhere, tmp_path).items() if name != "ledger_proof"} == {
        name: count for name, count in before.items() if name != "ledger_proof"
    }
    # the guards came back too: nothing in the restored books can be changed
    app = make_app(elsewhere, tmp_path)
    with app.app_context():
        with pytest.raises(Exception, match="only ever appended"):
            db.session.execute(text("UPDATE ledger_entry SET sentence = 'changed'"))
        db.session.remove()
        db.engine.dispose()


def test_a_backup_replaces_nothing(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "monday.tar"
    file.write_text("last week's")
    assert "is there already" in one_line(flask(store.url, tmp_path, "backup", str(file)))
    assert file.read_text() == "last week's"
    assert "cannot write" in one_line(flask(store.url, tmp_path, "backup", str(tmp_path / "no" / "such" / "folder.tar")))


def test_a_restore_replaces_nothing(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "monday.tar"
    assert flask(store.url, tmp_path, "backup", str(file)).returncode == 0
    assert "empty database" in one_line(flask(store.url, tmp_path, "restore", str(file)))


def test_a_damaged_backup_is_noticed(store: Store, elsewhere: str, tmp_path: Path) -> None:
    file, damaged = tmp_path / "monday.tar", tmp_path / "damaged.tar"
    assert flask(store.url, tmp_path, "backup", str(file)).returncode == 0
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    damaged.write_bytes(whole)
    assert "damaged" in one_line(flask(elsewhere, tmp_path, "restore", str(damaged)))
    damaged.write_bytes(whole[: len(whole) // 3])
    assert "damaged" in one_line(flask(elsewhere, tmp_path, "restore", str(damaged)))
    damaged.write_text("no tar at all")
    assert "no backup of ours" in one_line(flask(elsewhere, tmp_path, "restore", str(damaged)))
    assert not counts(elsewhere, tmp_path)


@pytest.mark.postgresql
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_backup_of_the_other_engine_is_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "monday.tar"
    assert flask(store.url, tmp_path, "backup", str(file)).returncode == 0
    assert "of postgresql" in one_line(flask(f"sqlite:///{tmp_path / 'new.db'}", tmp_path, "restore", str(file)))
