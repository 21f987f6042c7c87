"""The ground a demo stands on: whose database it is, and how it is cleared for a fresh one."""

import shutil
from pathlib import Path

from sqlalchemy import inspect, select, text

from portal.db import db, must_be_in_transaction
from portal.history import SCHEME, Event, record
from portal.people.model import Person
from portal.places.model import Scheme

ABOUT, BEGUN, TOLD = "scheme:1", "demo_begun", "demo_told"


def begin() -> None:
    """Say that this scheme is the demo's, as a part of the action that makes it."""
    must_be_in_transaction()
    record(ABOUT, BEGUN, SCHEME)


def end() -> None:
    """Say that the story is told to its end, as a part of its last action."""
    must_be_in_transaction()
    record(ABOUT, TOLD, SCHEME)


def standing() -> str:
    """What the database holds: "nothing", "half" a demo (its filling was interrupted), a "whole" one, or "people" who are real.

    Also of a database that was made by older code, or has no tables.
    """
    with db.engine.connect() as connection:
        if not {"event", "person", "scheme"} <= set(inspect(connection).get_table_names()):
            return "nothing"
        kinds = set(connection.scalars(select(Event.kind).where(Event.about == ABOUT, Event.kind.in_((BEGUN, TOLD)))))
        if kinds:
            return "whole" if TOLD in kinds else "half"
        held = connection.scalar(select(Person.id).limit(1)) or connection.scalar(select(Scheme.id).limit(1))
        return "people" if held else "nothing"


def clear(data_dir: Path) -> None:
    """Throw away every table of the database, and the photos. Only ever of a demo: the caller has looked at `standing`."""
    db.session.remove()
    with db.engine.connect().execution_options(writes=True) as connection:
        if connection.dialect.name == "postgresql":
            schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
            connection.execute(text(f"CREATE SCHEMA {schema}"))
            connection.commit()
        else:
            _clear_sqlite(connection.connection.driver_connection)
        connection.detach()  # it has forgotten what it had prepared
    db.engine.dispose()
    shutil.rmtree(data_dir / "photos", ignore_errors=True)


def _clear_sqlite(file: object) -> None:
    import sqlite3

    assert isinstance(file, sqlite3.Connection)
    file.execute("PRAGMA foreign_keys=OFF")  # outside a transaction, or it would not be heard
    file.execute("BEGIN IMMEDIATE")
    made = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql LIKE ?"
    for kind, like in (("trigger", "%"), ("view", "%"), ("table", "CREATE VIRTUAL%"), ("table", "%")):  # a virtual one takes its own along
        for (name,) in file.execute(made, (kind, like)).fetchall():
            file.execute(f'DROP {kind} "{name}"')
    file.execute("COMMIT")
