"""The small scheme, lived through once for each engine and then copied: its story takes longer than most tests about it."""

import copy
import shutil
from collections.abc import Iterator

import pytest
from psycopg import sql

from portal.clock import held_at
from portal.db import db
from tests.conftest import Store
from tests.exports.small import TODAY, Small, build

_built: dict[str, Small] = {}


@pytest.fixture
def small(store: Store) -> Iterator[Small]:
    """The scheme of small.py in this test's own database, the clock held after its end."""
    if store.engine not in _built:
        with store.app.app_context():
            _built[store.engine] = build()
            db.session.remove()
            db.engine.dispose()
        _keep(store)
    else:
        _bring_back(store)
    with store.app.app_context(), held_at(TODAY):
        yield copy.deepcopy(_built[store.engine])
        db.session.remove()


def _keep(store: Store) -> None:
    if store.engine == "sqlite":
        shutil.copy(store.home / "work.db", store.home / "small.db")  # nobody has it open: nothing is left in its log
    else:
        store._admin(sql.SQL("DROP DATABASE IF EXISTS {}").format(_kept(store)), _copied(_kept(store), sql.Identifier(store.name)))


def _bring_back(store: Store) -> None:
    if store.engine == "sqlite":
        for leftover in store.home.glob("work.db*"):
            leftover.unlink()
        shutil.copy(store.home / "small.db", store.home / "work.db")
    else:
        mine = sql.Identifier(store.name)
        store._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(mine), _copied(mine, _kept(store)))


def _kept(store: Store) -> sql.Identifier:
    return sql.Identifier(store.name + "_small")


def _copied(name: sql.Identifier, template: sql.Identifier) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(name, template)
