"""Real databases for every test: a fresh copy of a migrated template, on SQLite and on PostgreSQL."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import upgrade
from psycopg import sql

from portal import outbox
from portal.app import create_app
from portal.config import Settings
from portal.db import db
from portal.web.limits import limiter

POSTGRES_BINARIES = sorted(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0
)
VAULT_KEY = Fernet.generate_key().decode()
IN_CI = bool(os.environ.get("CI"))
MEMORY, ROOM = Path("/dev/shm"), 6 * 2**30  # where Linux keeps files in memory, and what must be free there
_cluster: Path | None = None
_in_memory: Path | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Once, before the workers start: a folder in memory for all files of the tests, where there is room, because every commit on SQLite
    waits for the disk; and a throwaway PostgreSQL cluster, unless TEST_DATABASE_URL names a server.
    """
    global _cluster, _in_memory
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM and "TMPDIR" not in os.environ:
        _in_memory = Path(tempfile.mkdtemp(prefix="kindling-tests-", dir=MEMORY))
        _in_memory.chmod(0o755)  # the server of PostgreSQL runs as somebody else
        os.environ["TMPDIR"] = tempfile.tempdir = str(_in_memory)
    if os.environ.get("TEST_DATABASE_URL"):
        return
    if not POSTGRES_BINARIES:
        line = "PostgreSQL is not installed here: its half of the tests is left out (install it, or set TEST_DATABASE_URL)"
        if IN_CI:
            pytest.exit(line, returncode=1)
        os.environ["KINDLING_NO_POSTGRESQL"] = line
        print(line)
        return
    _cluster = Path(tempfile.mkdtemp(prefix="kindling-pg-"))
    os.environ["TEST_DATABASE_URL"] = start_cluster(_cluster)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another test does as well: pages are looked at closely on SQLite only, and walked on both engines."""
    whole = _whole(config)
    left = {item for item in items if ("postgresql" in item.name and item.path.name.endswith("pages.py")) or not (whole or _soon(item))}
    if left:
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]


def pytest_report_header(config: pytest.Config) -> str:
    return "" if _whole(config) else "Left out: what takes long, and most of PostgreSQL's half. With them, as CI does: make test WHOLE=1"


def _whole(config: pytest.Config) -> bool:
    """Whether everything is run: on CI, where it is asked for, and of any part that is named."""
    return IN_CI or bool(os.environ.get("WHOLE")) or config.args != config.getini("testpaths")


def _soon(item: pytest.Item) -> bool:
    """Whether a test is of those done in ten minutes: on PostgreSQL only what the database itself must refuse or sort out."""
    if item.get_closest_marker("slow") is not None or "postgresql" not in item.name:
        return item.get_closest_marker("slow") is None
    races = isinstance(item, pytest.Function) and "race" in item.function.__code__.co_names
    return (
        races
        or item.path.parent.name in ("ledger", "infra", "worker", "outbox")
        or bool(re.search("race|last_word|the_database", item.nodeid))
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster and leave nothing behind."""
    if _cluster is not None:
        stop_cluster(_cluster)
    if _in_memory is not None:
        shutil.rmtree(_in_memory, ignore_errors=True)


def start_cluster(home: Path, *, durable: bool = False) -> str:
    """Start a PostgreSQL server of our own in the empty folder `home`; returns its address. `durable`: commits reach the disk."""
    binaries = POSTGRES_BINARIES[-1]
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _as_unprivileged(
        binaries / "initdb", "-D", home / "data", "-U", "kindling", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
    )
    options = f"-p {port} -k {home} -h 127.0.0.1 -c max_connections=200 -c shared_buffers=128MB"
    options += "" if durable else " -c fsync=off -c full_page_writes=off"
    _as_unprivileged(binaries / "pg_ctl", "start", "-D", home / "data", "-l", home / "log", "-w", "-o", options)
    return f"postgresql://kindling@127.0.0.1:{port}/postgres"


def stop_cluster(home: Path) -> None:
    """End the server of `start_cluster` and leave nothing behind."""
    _as_unprivileged(POSTGRES_BINARIES[-1] / "pg_ctl", "stop", "-D", home / "data", "-m", "immediate")
    shutil.rmtree(home, ignore_errors=True)


def _as_unprivileged(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")


# both for PostgreSQL: what a schema is made of, and every row out of it without asking the guards
SCHEMA = """
    SELECT md5(string_agg(part, ' ' ORDER BY part)) || (SELECT string_agg(version_num, ' ') FROM alembic_version) FROM (
        SELECT oid || ':' || xmin AS part FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'S'
        UNION ALL SELECT 'trigger ' || oid || tgenabled::text FROM pg_trigger
        UNION ALL SELECT 'constraint ' || oid FROM pg_constraint
        UNION ALL SELECT 'function ' || oid || ':' || xmin FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ) AS parts
"""
EMPTY = """
    SET session_replication_role = replica;
    DO $$ DECLARE one text; BEGIN
        FOR one IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
            EXECUTE 'DELETE FROM ' || one;
        END LOOP;
        FOR one IN SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
            EXECUTE 'ALTER SEQUENCE ' || one || ' RESTART';
        END LOOP;
    END $$
"""


class Store:
    """One engine's template and the working copy that tests get."""

    def __init__(self, engine: str, home: Path, worker: str) -> None:
        self.engine = engine
        self.home = home
        self.name = f"kindling_{worker}"
        self.schema = ""  # of the working copy as it was made
        if engine == "sqlite":
            self.url = f"sqlite:///{home / 'work.db'}"
        else:
            self.server = os.environ["TEST_DATABASE_URL"]
            self.url = self._named(self.name)
        self.app = make_app(self.url, home)
        self._make_template()

    def _named(self, name: str) -> str:
        return self.server.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + "/" + name

    def _admin(self, *statements: sql.Composed) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _plain(self, name: str) -> str:
        return self._named(name).replace("postgresql+psycopg://", "postgresql://")

    @staticmethod
    def _schema(connection: psycopg.Connection[tuple[str]]) -> str:
        """Changes whenever a table, column, index, trigger or function does, or the migration that stands."""
        row = connection.execute(SCHEMA).fetchone()
        assert row is not None
        return row[0]

    def _emptied(self) -> bool:
        """Take all rows out of the working copy, guards or not, which is far quicker than a new copy; False when its schema was changed."""
        try:
            with psycopg.connect(self._plain(self.name), autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                if self._schema(connection) != self.schema:
                    return False
                connection.execute(EMPTY)
        except psycopg.Error:
            return False
        return True

    def _make_template(self) -> None:
        if self.engine == "postgresql":
            self._admin(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)),
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name + "_template")),
                sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)),
            )
        with self.app.app_context():
            upgrade()
            db.session.remove()
            db.engine.dispose()
        if self.engine == "postgresql":
            self._admin(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(self.name), sql.Identifier(self.name + "_template")),
            )
        else:
            (self.home / "work.db").rename(self.home / "template.db")

    def fresh(self) -> None:
        """Put what the template holds where the app looks: nothing but the schema."""
        with self.app.app_context():
            db.engine.dispose()
        if self.engine == "postgresql":
            if self.schema and self._emptied():
                return
            self._admin(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)),
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(self.name), sql.Identifier(self.name + "_template")
                ),
            )
            with psycopg.connect(self._plain(self.name), autocommit=True) as connection:
                self.schema = self._schema(connection)
        else:
            for leftover in self.home.glob("work.db*"):
                leftover.unlink()
            shutil.copy(self.home / "template.db", self.home / "work.db")


def make_app(url: str, home: Path, **changes: object) -> Flask:
    """An app as tests run it: real settings, nothing read from the environment."""
    settings = {
        "database_url": url,
        "secret_key": "a secret that only the tests know, long enough",
        "vault_keys": (VAULT_KEY,),
        "base_url": "http://localhost",
        "data_dir": home,
        "testing": True,
        **changes,
    }
    return create_app(Settings(**settings))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main")) + f"_{os.getpid()}"


@pytest.fixture(scope="session")
def stores() -> dict[str, Store]:
    return {}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, stores: dict[str, Store], worker: str, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A fresh, migrated, empty database on each engine. Use it directly in tests that start processes of their own."""
    engine: str = request.param
    if engine == "postgresql" and not os.environ.get("TEST_DATABASE_URL"):
        pytest.skip(os.environ.get("KINDLING_NO_POSTGRESQL", "no PostgreSQL"))
    if engine not in stores:
        stores[engine] = Store(engine, tmp_path_factory.mktemp(engine), worker)
    stores[engine].fresh()
    outbox.reached_at("http://localhost")  # an app that a test made with another address was the last to say
    return stores[engine]


@pytest.fixture
def database_url(store: Store) -> str:
    return store.url


@pytest.fixture
def app(store: Store) -> Iterator[Flask]:
    """The app inside an application context, on a fresh database."""
    with store.app.app_context():
        yield store.app
        db.session.remove()


@pytest.fixture(autouse=True)
def limits_end_with_the_test() -> Iterator[None]:
    """One limiter serves every app of a process: a test that turns it on must not slow down the others."""
    yield
    limiter.enabled = False
