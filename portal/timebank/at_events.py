"""A session of the timebank at an event: one check-in does for both. Hours stay the timebank's: the session is closed like any other.

Who is checked in at the event is at its session too, if they are a member; and the other way round. Where the timebank says no (the
session is closed, somebody takes a break) the event counts them all the same. Lock order: event, then session.
"""

from datetime import datetime

from sqlalchemy import delete, select

from portal.db import db, transaction
from portal.errors import Problem, Refused
from portal.events import hooks
from portal.events import queries as events
from portal.events.model import Gathering, Guest
from portal.history import Actor, record
from portal.money import STEP, Minutes
from portal.people.access import Who
from portal.timebank import checkin, members, sessions
from portal.timebank.members import categories
from portal.timebank.session_messages import about
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.words import _

USUAL = "events"  # the kind of help, where the scheme has it
LONGEST = 960  # minutes that one session gives at most


def open_for(ref: str, who: Who, *, once_key: str) -> str:
    """Open the session of an event by one tap, on its day and at its times; returns its reference, also when it was open already.

    The hours come from the organisation that holds it, else from the community pot for who may spend it, else from one's own balance.
    Whoever was checked in before is at the session too. Refused: the timebank is not open, no account, the event is not on. NotYours.
    """
    with transaction():
        gathering = events.shared(Gathering.ref == ref, alone=True)
        events.must_run(who, gathering)
        if gathering.status != "open":
            raise Refused(_("This is not in the calendar, so no session belongs to it."))
        made = sessions.opened(_plan(gathering), _payer(gathering, who), who, once_key=once_key, gathering_id=gathering.id)
        there = select(Guest.person_id).where(Guest.gathering_id == gathering.id, Guest.here_at.is_not(None), Guest.person_id.is_not(None))
        for person_id in db.session.scalars(there.order_by(Guest.id)).all():
            if person_id is not None:
                _share(gathering, person_id, "organiser", Actor(who.id))
        return made


def _plan(gathering: Gathering) -> sessions.Plan:
    kinds = [each.code for each in categories()]
    spent = datetime.combine(gathering.day, gathering.ends) - datetime.combine(gathering.day, gathering.starts)
    minutes = min(max(int(spent.total_seconds() // 60) // STEP * STEP, STEP), LONGEST)
    return sessions.Plan(
        title=gathering.title, what=gathering.what, kind=USUAL if USUAL in kinds else next(iter(kinds), ""), area_id=gathering.area_id,
        place=gathering.place, day=gathering.day, starts=gathering.starts, ends=gathering.ends, minutes=Minutes(minutes), places=None,
    )  # fmt: skip


def _payer(gathering: Gathering, who: Who) -> str:
    own = members.own(who)
    group = next((each for each in own if each.organisation_id is not None and each.organisation_id == gathering.organisation_id), None)
    if group is not None:
        return f"member:{group.ref}"
    if who.can("help others", gathering):
        return f"pot:{gathering.area.code}"
    me = next((each for each in own if each.person_id == who.id), None)
    if me is None:
        raise Refused(_("The hours that people get come from an account. Join the timebank first, or ask a connector to open the session."))
    return f"member:{me.ref}"


def session_of(gathering: Gathering) -> str | None:
    """The reference of an event's session."""
    return db.session.scalar(select(TimeSession.ref).where(TimeSession.gathering_id == gathering.id))


# --- what is shared ------------------------------------------------------------------------------------------------------


def _share(gathering: Gathering, person_id: int, how: str, actor: Actor) -> None:
    ref = session_of(gathering)
    member = members.member_of(person_id) if ref is not None else None
    if ref is None or member is None:
        return
    try:
        checkin.be_there(ref, member, how, actor)
    except Problem:
        pass  # the event counts them; a coordinator can still write them down for their hours


def _undo(gathering: Gathering, person_id: int, actor: Actor) -> None:
    ref = session_of(gathering)
    member = members.member_of(person_id) if ref is not None else None
    if ref is None or member is None:
        return
    session = sessions.locked(ref)
    if session.status == "open":
        gone = delete(Attendance).where(Attendance.session_id == session.id, Attendance.member_id == member.id).returning(Attendance.id)
        if db.session.scalar(gone) is not None:
            record(about(session), "not_here", actor, member=member.id)


def _change(gathering: Gathering, actor: Actor) -> None:
    """The session goes along to another day, time, place or name."""
    ref = session_of(gathering)
    if ref is not None:
        sessions.go_along(
            sessions.locked(ref), actor, title=gathering.title, what=gathering.what, area_id=gathering.area_id, place=gathering.place,
            day=gathering.day, starts=gathering.starts, ends=gathering.ends,
        )  # fmt: skip


def _cancel(gathering: Gathering, actor: Actor) -> None:
    """The session of a cancelled event is cancelled too; where people are checked in it stays, to be closed, so that they get their hours."""
    ref = session_of(gathering)
    if ref is not None:
        sessions.cancel_unless_there(sessions.locked(ref), gathering.reason, actor)


def _reason(gathering: Gathering, before: str, actor: Actor) -> None:
    """A session that was cancelled with an event says why in the same words."""
    ref = session_of(gathering)
    if ref is not None:
        sessions.say_why_again(sessions.locked(ref), before, gathering.reason, actor)


def _also(gathering: Gathering) -> hooks.Also | None:
    ref = session_of(gathering)
    if ref is not None:
        return hooks.Also(_("Its timebank session: give the hours"), f"/timebank/sessions/{ref}")
    if gathering.status != "open" or members.rules() is None:
        return None
    return hooks.Also(_("Open a timebank session for it"), f"/timebank/sessions/for/{gathering.ref}", opens=True)


hooks.AT_CHECK_IN["timebank"] = _share
hooks.AT_UNDO.append(_undo)
hooks.AT_CHANGE.append(_change)
hooks.AT_CANCEL.append(_cancel)
hooks.AT_REASON.append(_reason)
hooks.ALSO.append(_also)
