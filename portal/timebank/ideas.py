"""One hour, three jobs: hours of an exchange that were work on a funded idea are recorded once, in `work`.

The record is made when the hours are written down, so that no other way writes down the same day for the same idea; it is checked
by whoever answers, and then it is match for the idea and counts in the figures, each once. What settles by itself nobody has
checked: it is credit, and the idea's page asks a second person about the match.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.errors import Refused
from portal.history import SCHEME, Actor, record
from portal.money import Minutes
from portal.people.model import Person
from portal.timebank.members import name_of
from portal.timebank.model import Exchange, Member
from portal.timebank.session_messages import about as session_about
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.words import _
from portal.work import actions as work
from portal.work.model import Purpose, WorkRecord


def begin(exchange: Exchange, purpose_id: int, giver: Member) -> None:
    """Record the hours as work on an idea too, as a part of the action that writes them down.

    Refused: an organisation gave them; hours of that day for that idea are there; the giver asks for it; as for `work.log_hours`.
    """
    must_be_in_transaction()
    if giver.person_id is None:
        raise Refused(_("For an idea the hours of people count. Leave the idea out, or write them down for each person."), "purpose")
    _record(exchange, _about(purpose_id), db.session.get_one(Person, giver.person_id), exchange.minutes)


def _about(purpose_id: int) -> str:
    about = db.session.scalar(select(Purpose.about).where(Purpose.id == purpose_id))
    if about is None:
        raise Refused(_("No more hours can be added here."), "purpose")
    return about


def hold(purpose_id: int, givers: Sequence[Member]) -> None:
    """Before hours of many for one idea are written down, as a part of an action: nobody else writes them down meanwhile."""
    work.hold(_about(purpose_id), [f"person:{giver.person_id}" for giver in givers if giver.person_id is not None])


def _record(exchange: Exchange, about: str, giver: Person, minutes: Minutes) -> WorkRecord:
    made = work.log_elsewhere(
        about, f"person:{giver.id}", giver.name, exchange.day, minutes, exchange.category.name if exchange.category else "", exchange.entered_by, exchange.basis
    )  # fmt: skip
    exchange.work_id = made.id
    return made


def _standing(one: Exchange | Attendance) -> WorkRecord | None:
    """Its record, when nobody has turned it down."""
    if one.work_id is None:
        return None
    found = db.session.get_one(WorkRecord, one.work_id, with_for_update=True, populate_existing=True)
    return found if found.refused_at is None else None


def settled(exchange: Exchange, minutes: Minutes, actor: Actor) -> None:
    """The two agree on `minutes`, as a part of the action that puts them in the books."""
    found = _standing(exchange)
    if found is not None and found.checked_at is not None and found.minutes != minutes:  # the idea's side checked what was first written
        about = _about(found.purpose_id)
        _take_back(found, _("The two settled on another figure"), actor)
        again(exchange, about, minutes)
        found = _standing(exchange)
    if found is None:
        return
    if found.checked_at is None:
        work.set_minutes(found, minutes)
        about = _about(found.purpose_id)
        on_paper = (
            actor.basis is not None and actor.code == exchange.entered_by
        )  # who wrote it down typed the answer too, from a sheet that both signed
        if actor is SCHEME or (on_paper and _asks_for(about, actor)) or _not_by(about, found, actor):
            return
        by = exchange.answered_by if exchange.answered_by and exchange.answered_by != exchange.entered_by else actor.code
        work.check_and_count(found.ref, by, actor)
    work.use(found, "credit", exchange.entry_key)


def _asks_for(about: str, actor: Actor) -> bool:
    """Whether somebody is of the side that asks for an idea."""
    return work.NOT_FOR[about.partition(":")[0]](about, actor.code) is not None


def _not_by(about: str, found: WorkRecord, actor: Actor) -> bool:
    """Whether somebody's word is not enough for these hours, by the rules of the idea."""
    return work.NOT_CHECKED_BY[about.partition(":")[0]](about, found, actor.person_id) is not None


def given_up(exchange: Exchange, reason: str) -> None:
    """It does not count: nor as work, as a part of that action."""
    found = _standing(exchange)
    if found is not None and found.checked_at is None:
        work.refuse_hours(found.ref, reason)


def put_right(exchange: Exchange, reason: str, actor: Actor) -> str | None:
    """What was in the books is reversed: its work counts no more, as a part of that action. Returns what it was for, so that the right
    figure can be recorded again (`again`).
    """
    found = _standing(exchange)
    if found is None:
        return None
    _take_back(found, reason, actor)
    return _about(found.purpose_id)


def _take_back(found: WorkRecord, reason: str, actor: Actor) -> None:
    if found.checked_at is None:
        work.refuse_hours(found.ref, reason)
    else:
        work.take_back_and_uncount(found.ref, reason, actor)


def again(exchange: Exchange, about: str, minutes: Minutes) -> None:
    """Record the right figure, to be checked by who puts it right, as a part of that action."""
    giver = db.session.get_one(Member, exchange.giver_id)
    assert giver.person_id is not None
    _record(exchange, about, db.session.get_one(Person, giver.person_id), minutes)


# --- sessions ------------------------------------------------------------------------------------------------------------

Line = tuple[Attendance, Member, Minutes]


def judge(purpose_id: int, day: date, field: str = "purpose") -> None:
    """Refused, at the field: an idea for which no hours of that day can be given."""
    found = db.session.get(Purpose, purpose_id)
    if found is None or found.closed_at is not None:
        raise Refused(_("No more hours can be added for this idea. Choose another one, or leave it out."), "purpose")
    if not found.first_day <= day <= found.last_day:
        first, last = clock.in_words(found.first_day), clock.in_words(found.last_day)
        raise Refused(
            _("Hours for this idea count from %(first)s to %(last)s. Choose such a day, or leave it out.", first=first, last=last), field
        )


def of_session(session: TimeSession, lines: Sequence[Line], key: str, actor: Actor) -> None:
    """The hours of these lines are work on the session's idea too, as a part of the action that puts them in the books under `key`.

    Who closes it is the second person, where they are one: not for a line that they wrote themselves, nor where the idea says
    otherwise; those wait on the idea's page. Whose hours are none for it (they ask for it, or that day is written down
    already) has the credit alone, and why is kept.
    """
    must_be_in_transaction()
    if session.purpose_id is None or not lines:
        return
    judge(session.purpose_id, session.day)
    hold(session.purpose_id, [member for _row, member, _minutes in lines])
    about = _about(session.purpose_id)
    for row, member, minutes in lines:
        _line(session, about, row, member, minutes, key, actor)


def _line(session: TimeSession, about: str, row: Attendance, member: Member, minutes: Minutes, key: str, actor: Actor) -> None:
    try:
        if member.person_id is None:
            raise Refused(_("For an idea the hours of people count."))
        made = work.log_elsewhere(
            about, f"person:{member.person_id}", name_of(member), session.day, minutes, session.category.name, row.entered_by, f"session {session.ref}"
        )  # fmt: skip
    except Refused as why:
        record(session_about(session), "not_for_idea", actor, reason=why.sentence, line=row.id)
        return
    row.work_id = made.id
    db.session.flush()
    if actor.code not in (made.entered_by, made.worker) and not _not_by(about, made, actor):
        work.check_and_count(made.ref, actor.code, actor)
        work.use(made, "credit", key)


def line_put_right(session: TimeSession, line: Line, key: str, reason: str, actor: Actor) -> None:
    """Somebody's line of a session has another figure (0: none) now, as a part of that action: so has their work on its idea.

    What was turned down on the idea's page stays so.
    """
    row, _member, minutes = line
    found = _standing(row)
    if row.work_id is not None and found is None:
        return
    line_taken_back(row, reason, actor)
    if minutes and session.purpose_id is not None:
        hold(session.purpose_id, [line[1]])
        _line(session, _about(session.purpose_id), *line, key, actor)


def line_taken_back(row: Attendance, reason: str, actor: Actor) -> None:
    """Somebody's line of a session does not count any more: nor as work, as a part of that action."""
    found = _standing(row)
    if found is not None:
        _take_back(found, reason, actor)
        row.work_id = None
        db.session.flush()
