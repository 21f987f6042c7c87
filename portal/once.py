"""The second sending of a form gets the first result (design 4, Double submit)."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, is_postgresql, must_be_in_transaction


class DoneOnce(Base):
    __tablename__ = "done_once"

    key: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(index=True)


def claim(key: str) -> str | None:
    """First thing in an action. None: go on, and `keep` the result. A string: it was done before, and that is its result.

    On PostgreSQL a second sender waits here for the first to commit; on SQLite the write lock already makes it wait.
    """
    must_be_in_transaction()
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    statement = insert(DoneOnce).values(key=key, result="", at=clock.now()).on_conflict_do_nothing(index_elements=["key"])
    if db.session.scalar(statement.returning(DoneOnce.key)) is not None:  # rowcount says -1 on PostgreSQL
        return None
    return db.session.scalar(select(DoneOnce.result).where(DoneOnce.key == key)) or ""


def keep(key: str, result: str) -> None:
    """Say what a second sending should get, within the action that claimed the key."""
    must_be_in_transaction()
    db.session.execute(update(DoneOnce).where(DoneOnce.key == key).values(result=result))


def forget_before(instant: datetime) -> None:
    """Drop keys older than `instant` (the worker's work); a form open for longer starts afresh."""
    must_be_in_transaction()
    db.session.execute(delete(DoneOnce).where(DoneOnce.at < instant))
