"""Closing a stretch of days: nothing is dated into it any more, and balances at its end are kept."""

import hashlib
from datetime import date

from sqlalchemy import Connection, func, insert, literal, select, union_all

from portal import clock
from portal.db import db, is_postgresql, must_be_in_transaction
from portal.errors import Refused
from portal.ledger.model import Account, Period, Snapshot, State
from portal.ledger.queries import moves
from portal.words import _


def close_period(last_day: date, closed_by: str) -> str:
    """Close the books up to and including `last_day`, as a part of an action; returns the hash over all account heads.

    Refused: a day that is not over, or is closed already.
    """
    must_be_in_transaction()
    if last_day >= clock.today():
        raise Refused(_("A period can be closed when its last day is over."))
    connection = db.session.connection()
    if is_postgresql():
        # whoever has entered something ends first, and whoever comes now waits: no posting is half in and half out
        connection.exec_driver_sql("LOCK TABLE ledger_entry IN SHARE ROW EXCLUSIVE MODE")
    before = db.session.scalar(select(func.max(Period.last_day)))
    if before is not None and last_day <= before:
        raise Refused(_("The books are closed up to that day already."))
    parts = union_all(*moves(before, last_day)).subquery()
    total = select(parts.c.account_id, literal(last_day), func.sum(parts.c.amount)).group_by(parts.c.account_id)
    connection.execute(insert(Snapshot).from_select(["account_id", "last_day", "balance"], total))
    heads = seal(connection)
    db.session.add(Period(last_day=last_day, closed_at=clock.now(), closed_by=closed_by, heads=heads))
    return heads


def seal(connection: Connection) -> str:
    """One hash over the heads of all accounts: who has it on paper can tell later whether the past was edited."""
    hashed = hashlib.sha256()
    for code, head in connection.execute(
        select(Account.code, State.head).join(State, State.account_id == Account.id).order_by(Account.id).execution_options(yield_per=1000)
    ):
        hashed.update(f"{code}|{head}\n".encode())
    return hashed.hexdigest()
