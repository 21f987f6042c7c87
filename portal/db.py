"""The database: one Base, one session, one way to change anything (`transaction`)."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ARRAY, BigInteger, Connection, DateTime, Dialect, Engine, Integer, MetaData, Text, cast, event, func, select
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, registry
from sqlalchemy.types import TypeDecorator

from portal.money import Minutes, Pence

BigInt = BigInteger().with_variant(Integer, "sqlite")  # SQLite's row ids are INTEGER, and 64 bits wide


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; naive ones are refused on the way in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must say its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    # one registry said explicitly: Flask-SQLAlchemy copies this class, and a copied type map would be refused
    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: Instant(), Pence: BigInt, Minutes: BigInt, str: Text(), int: BigInt},
    )


# Every model subclasses Base, not db.Model: plain SQLAlchemy, which strict typing understands. Flask-SQLAlchemy
# gives the engine from the settings and a session that ends with its request.
db = SQLAlchemy(model_class=Base, disable_autonaming=True)


@contextmanager
def transaction() -> Iterator[None]:
    """One action, one transaction: committed at the end, or nothing of it happened.

    Takes the write lock at once on SQLite (BEGIN IMMEDIATE), so that two writers queue instead of one failing half-way.
    Anything read before in this session is let go, so that the action judges by what stands now. Not to be nested.
    """
    session = db.session
    if session.info.get("in_transaction"):
        raise RuntimeError("transaction() inside transaction(): split the action into a part that is called within one")
    assert not session.new and not session.dirty and not session.deleted, "changes made outside transaction()"
    session.rollback()
    session.info["in_transaction"] = True
    try:
        session.connection(execution_options={"writes": True})
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["in_transaction"] = False


def must_be_in_transaction() -> None:
    """For functions that are only right as a part of an action."""
    assert db.session.info.get("in_transaction"), "call this inside transaction()"


def one_at_a_time(*names: str) -> None:
    """Wait, as a part of an action, until no other action holds one of these names; ours until the end of the action.

    On SQLite the one writer holds everything already.
    """
    must_be_in_transaction()
    if is_postgresql():
        wanted = cast(sorted(set(names)), ARRAY(Text))  # in one order, so that two never wait for each other
        name = func.unnest(wanted).column_valued("name")
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


T = TypeVar("T")


def kept(name: str, load: Callable[[], T]) -> T:
    """What `load` reads, read once for as long as the session looks at one state of the database: for settings, which many places ask for.

    Plain values only: rows would outlive their session.
    """
    found: dict[str, T] = db.session.info.setdefault("kept", {})
    if name not in found:
        found[name] = load()
    return found[name]


def forget_kept(name: str) -> None:
    """Read it anew from here on, as a part of the action that changed it."""
    must_be_in_transaction()
    db.session.info.get("kept", {}).pop(name, None)


@event.listens_for(Session, "after_transaction_end")
def _let_go(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        session.info.pop("kept", None)


def is_postgresql() -> bool:
    """Whether the session's engine is PostgreSQL (else it is SQLite)."""
    return db.engine.dialect.name == "postgresql"


MIGRATIONS = Path(__file__).parent.parent / "migrations"


@cache
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """Every migration of this code, and the newest."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return frozenset(script.revision for script in scripts.walk_revisions()), frozenset(scripts.get_heads())


def age() -> str:
    """The database beside the code: "current", "older" (run the migrations) or "newer". OperationalError when it is away."""
    with db.engine.connect() as connection:
        stands = frozenset(MigrationContext.configure(connection).get_current_heads())
    known, newest = _known()
    return "current" if stands == newest else "older" if stands <= known else "newer"


@event.listens_for(Engine, "connect")
def _prepare_connection(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=15000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


__all__ = [
    "Base", "BigInt", "Instant", "age", "db", "forget_kept", "is_postgresql", "kept", "must_be_in_transaction", "one_at_a_time", "transaction",
]  # fmt: skip
