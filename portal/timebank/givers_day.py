"""One person's day is one day, whichever way its hours come in: exchanges, sessions and paper sheets are judged together."""

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import ColumnElement, case, func, select, union_all

from portal.db import db, must_be_in_transaction, one_at_a_time
from portal.errors import Refused
from portal.money import Minutes
from portal.timebank.members import name_of
from portal.timebank.model import OPEN, Exchange, Member
from portal.timebank.rules import MOST_A_DAY
from portal.timebank.sessions_model import Attendance, Correction, TimeSession
from portal.words import _


def lock_of(member_id: int) -> str:
    """What an action holds (`one_at_a_time`) while it judges and fills a giver's day."""
    return f"giver:{member_id}"


FROM_MANY = TimeSession.split.in_(("shared", "each"))  # one gave, and those who came received


def session_giver() -> ColumnElement[int | None]:
    """Who gave the time of a line of a session."""
    return case((FROM_MANY, TimeSession.giver_id), else_=Attendance.member_id)


def session_minutes() -> ColumnElement[Minutes | None]:
    """What stands for a line of a closed session: the latest correction, or else what was closed with. In minutes."""
    latest = (
        select(Correction.after)
        .where(Correction.attendance_id == Attendance.id)
        .order_by(Correction.number.desc())
        .limit(1)
        .correlate(Attendance)
        .scalar_subquery()
    )
    return func.coalesce(latest, Attendance.minutes)


def given(ids: Collection[int], day: date, *, but_exchange: int | None = None, but_line: int | None = None) -> Mapping[int, int]:
    """Minutes that members gave on a day, by member id: written down and not given up, or in the books. One query.

    `but_exchange`, `but_line`: the entry, or the line of a session, that is being judged.
    """
    exchanges = select(Exchange.giver_id.label("member"), func.coalesce(Exchange.settled_minutes, Exchange.minutes).label("minutes")).where(
        Exchange.giver_id.in_(ids), Exchange.day == day, Exchange.status.in_((*OPEN, "settled"))
    )
    together = (
        select(session_giver(), session_minutes())
        .join(TimeSession, TimeSession.id == Attendance.session_id)
        .where(session_giver().in_(ids), TimeSession.day == day, TimeSession.status == "closed", TimeSession.reversed_at.is_(None))
    )
    if but_exchange is not None:
        exchanges = exchanges.where(Exchange.id != but_exchange)
    if but_line is not None:
        together = together.where(Attendance.id != but_line)
    each = union_all(exchanges, together).subquery()
    rows = db.session.execute(select(each.c.member, func.sum(each.c.minutes)).group_by(each.c.member))
    return {member: int(minutes or 0) for member, minutes in rows}


def must_fit(giver: Member, minutes: int, day: date, *, but_exchange: int | None = None, but_line: int | None = None) -> None:
    """Judge so many minutes more of a giver, as a part of an action, which holds their day from now on.

    Refused: with all else of that day it is more than one person can give. An organisation is many people.
    """
    one_at_a_time(lock_of(giver.id))
    if giver.person_id is not None:
        judge(giver, minutes, given([giver.id], day, but_exchange=but_exchange, but_line=but_line).get(giver.id, 0))


def judge(giver: Member, minutes: int, has: int, field: str = "minutes", *, named: bool = False) -> None:
    """The same with what they `has` given on that day, known by an action that holds it. `named`: say about whom it is.

    The sentence tells nothing of what else they gave: who reads it may be anybody who organises something.
    """
    must_be_in_transaction()
    if giver.person_id is None or has + minutes <= MOST_A_DAY:
        return
    sentence = _("With what is written down already, this is more than one person can give in a day. Check the day and the time.")
    raise Refused(_("%(name)s: %(why)s", name=name_of(giver), why=sentence) if named else sentence, field)
