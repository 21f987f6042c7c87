"""Recurring work, one turn at a time: which worker takes it, when it was last done, what came of it.

Several workers may run; a turn is taken by one. Pages read the same rows: `/readyz` the heartbeat, `/status` and
`/finance` the last ledger check and whether everything agreed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, is_postgresql, transaction

HEARTBEAT = "heartbeat"
LEDGER_CHECK = "ledger check"
RECONCILED = "reconciliation"  # ledger, awards, payments, register and exports beside each other
ALIVE = timedelta(minutes=5)  # a worker that has not said so for longer is missing: the nightly check may take a while


class Turn(Base):
    """One kind of recurring work, or the heartbeat of whoever does it."""

    __tablename__ = "worker_state"

    name: Mapped[str] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]  # when the last turn that came to its end had begun
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


def take(name: str, *, unless_done_since: datetime, patience: timedelta) -> bool:
    """Take a turn at `name`: True to one worker only, and to nobody when it was done since that instant.

    A worker that took it and never came to the end is given up after `patience`, so that another goes on.
    """
    now = clock.now()
    turn = db.session.get(Turn, name)
    if turn is not None and turn.done_at is not None and turn.done_at >= unless_done_since:
        return False  # nearly always: without a write
    with transaction():
        _insert_if_missing(name)
        taken = db.session.execute(
            update(Turn)
            .where(
                Turn.name == name,
                or_(Turn.done_at.is_(None), Turn.done_at < unless_done_since),
                or_(Turn.begun_at.is_(None), Turn.begun_at <= now - patience, Turn.begun_at <= Turn.done_at),
            )
            .values(begun_at=now)
        )
        return bool(taken.rowcount)  # type: ignore[attr-defined]


def finish(name: str, result: Mapping[str, Any] | None = None) -> None:
    """The turn came to its end; `result` is kept for the pages."""
    with transaction():
        db.session.execute(update(Turn).where(Turn.name == name).values(done_at=Turn.begun_at, result=dict(result or {})))


def beat() -> None:
    """A worker says that it is alive."""
    with transaction():
        _insert_if_missing(HEARTBEAT)
        db.session.execute(update(Turn).where(Turn.name == HEARTBEAT).values(begun_at=clock.now(), done_at=clock.now()))


def last(name: str) -> Turn | None:
    """When a turn was last begun and done and what came of it; None before the first. One query."""
    return db.session.get(Turn, name)


def worker_is_alive() -> bool:
    """Whether some worker said so within ALIVE. One query."""
    heartbeat = last(HEARTBEAT)
    return heartbeat is not None and heartbeat.done_at is not None and clock.now() - heartbeat.done_at <= ALIVE


def _insert_if_missing(name: str) -> None:
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    db.session.execute(insert(Turn).values(name=name, result={}).on_conflict_do_nothing(index_elements=["name"]))
