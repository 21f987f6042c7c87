"""Closing a session: everybody's hours in one entry of the books, all or nothing. And putting one line of it right afterwards.

Who closes it never gets hours by their own hand. Their own line is left out, they are told, and somebody else who may close it
confirms it (`put_right`); where the account that pays is their own there is nothing to confirm, for nobody pays themselves. Somebody
else's line is confirmed by the closing itself, also the organiser's.

What was posted stays. One person's figure is put right by an entry of its own, key `session:<id>:line:<line>:<number>`, in whichever
direction; all of it is taken back by reversing every entry that the session has. The figure that counts for somebody is what the
closing said and all corrections after it; `broken_caches` compares their sum with the books.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, String, and_, case, cast, func, literal, or_, select, union_all, update
from sqlalchemy.orm import contains_eager, joinedload

from portal import clock
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.history import BASES, Actor, events_of, record
from portal.ledger import queries as books
from portal.ledger.model import Account, Entry, Transfer
from portal.ledger.posting import Line, post, reverse
from portal.money import Minutes, hours
from portal.people.access import Who
from portal.people.shield import not_for_the_public
from portal.places.model import Area
from portal.timebank import checkin, givers_day, ideas, members, sessions
from portal.timebank import session_messages as messages
from portal.timebank import session_split as split
from portal.timebank.members import account, balance, clearing, floor_of, name_of
from portal.timebank.model import Member
from portal.timebank.rules import judge_time
from portal.timebank.session_messages import about
from portal.timebank.sessions_model import Attendance, Correction, TimeSession
from portal.words import _
from portal.work.model import WorkRecord

AS_PLANNED = -1  # in the place of an idea: the one that was chosen when the session was planned
MUCH_LONGER = 120  # minutes above what was planned
NOT_CLOSED = 2  # days after which a coordinator sees a session that nobody closed


@dataclass(frozen=True)
class Outcome:
    """What stands of a closed session, in numbers. `minutes` in all."""

    people: int
    minutes: int
    guests: int
    not_posted: Sequence[tuple[Attendance, str]]  # who got nothing, and why in words


# --- closing -------------------------------------------------------------------------------------------------------------


def close(
    ref: str, minutes: int | None, each: Mapping[int, int], who: Who, *, basis: str | None = None, purpose_id: int | None = AS_PLANNED,
    sure: bool = False,
) -> TimeSession:  # fmt: skip
    """Close a session: one entry with everybody's hours. Closed already: changes nothing, the first result stands.

    `minutes`: the one figure for all; `each`: another one for some, by the number of their line, 0 for none. `basis`: how a coordinator
    knows, who closes it for others. `purpose_id`: the idea that it was work for (None: none). `sure`: they were asked whether a figure that
    is much longer than planned is right. Refused: not theirs, cancelled, still ahead, nobody there, much longer and not `sure`, not in quarters of an hour, a line of another session, more than somebody can give in a day, and the payer's floor, with a
    way on.
    """
    with transaction():
        session = sessions.locked(ref)
        sessions.must_run(who, session)
        if session.status == "closed":
            return session
        if session.status == "cancelled":
            raise Conflict(_("This was cancelled, so there is nothing to close."))
        actor = _closer(session, who, basis)
        if session.day > clock.today():
            raise Refused(_("That day is still ahead. Close it when it is done."))
        rows = checkin.there(session)
        if not rows:
            raise Refused(_("Nobody is checked in. Say first who was there, or cancel it."))
        if purpose_id != AS_PLANNED and not split.taken_from_many(session):
            session.purpose_id = purpose_id
        if session.split == "pot":
            rows, each = _with_giver(session, rows, actor), {}
        split.judge(session, minutes, each, who)
        figures = _figures(rows, minutes, each)
        if not sure:
            _must_be_near(session, max(figures.values(), default=Minutes(0)))
        those = {row.member_id for row in rows if row.member_id is not None} | (
            {session.giver_id} if session.giver_id is not None else set()
        )
        one_at_a_time(*(givers_day.lock_of(member_id) for member_id in sorted(those)))  # before their rows, as in exchanges
        given, nothing = _sorted_out(session, rows, figures, minutes or 0, who)
        split.judge_total(session, sum(figure for _row, _member, figure in given))
        _must_fit(session, given)
        key = f"session:{session.id}:closed" if given else None
        if key is not None:
            _post_all(session, key, [(member, figure) for _row, member, figure in given], actor)
        _keep(session, figures, given, nothing, key, actor)
        if key is not None:
            ideas.of_session(session, given, key, actor)
        _tell(session, rows, given, nothing)
        return session


def _closer(session: TimeSession, who: Who, basis: str | None) -> Actor:
    if not sessions.may_close(who, session):
        raise Refused(_("You do not act for the account that gives the hours any more. Ask a coordinator to close it."))
    if not sessions.needs_basis(who, session):
        return Actor(who.id)
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    return Actor(who.id, session.organiser_id if session.organiser_id != who.id else None, basis)


def _figures(rows: Sequence[Attendance], minutes: int | None, each: Mapping[int, int]) -> dict[int, Minutes]:
    """Minutes by line: everybody's own, else the one figure. Guests have none."""
    lines = {row.id for row in rows if row.member_id is not None}
    if set(each) - lines:
        raise Refused(_("The list of people has changed meanwhile. Look at it again."))
    if minutes is not None:
        judge_time(minutes)
    elif lines - set(each):
        raise Refused(_("Write how long it was, for everybody or for each person."), "minutes")
    for row_id, figure in each.items():
        if figure:
            _judge_line(row_id, figure)
    return {row_id: Minutes(each.get(row_id, minutes or 0)) for row_id in lines}


def _must_be_near(session: TimeSession, longest: int) -> None:
    """Refused, to be asked once: more than twice as long as was planned, or more than two hours longer."""
    spent = datetime.combine(session.day, session.ends) - datetime.combine(session.day, session.starts)
    planned = max(session.minutes, int(spent.total_seconds()) // 60)
    if longest > min(2 * planned, planned + MUCH_LONGER):
        sentence = _(
            "%(time)s is much longer than the session was planned (%(planned)s). Is it right?", time=hours(longest), planned=hours(planned)
        )
        raise Refused(sentence, "sure")


def _judge_line(row_id: int, figure: int) -> None:
    try:
        judge_time(figure)
    except Refused as why:
        raise Refused(why.sentence, f"each-{row_id}") from why


Given = list[tuple[Attendance, Member, Minutes]]


def _sorted_out(
    session: TimeSession, rows: Sequence[Attendance], figures: dict[int, Minutes], total: int, who: Who
) -> tuple[Given, dict[int, str]]:
    """Who gets hours, and why the others get none. `total`: what there is to share out, where it is; `figures` is then each one's share."""
    ids = sorted(row.member_id for row in rows if row.member_id is not None)
    query = select(Member).where(Member.id.in_(ids)).options(*members.NAMED).order_by(Member.id).with_for_update(key_share=True, of=Member)
    standing = {member.id: member for member in db.session.scalars(query.execution_options(populate_existing=True))}
    given, nothing = _sort(session, rows, figures, standing, who)
    return _shared_out(given, nothing, figures, total) if session.split == "shared" else (given, nothing)


def _sort(
    session: TimeSession, rows: Sequence[Attendance], figures: Mapping[int, Minutes], standing: Mapping[int, Member], who: Who
) -> tuple[Given, dict[int, str]]:
    given: Given = []
    nothing: dict[int, str] = {}
    for row in rows:
        if row.member_id is None:
            nothing[row.id] = "guest"
            continue
        member = standing[row.member_id]
        if (why := _why_not(session, row, member, figures[row.id], who)) is not None:
            nothing[row.id] = why
        else:
            given.append((row, member, figures[row.id]))
    return given, nothing


def _shared_out(given: Given, nothing: dict[int, str], figures: dict[int, Minutes], total: int) -> tuple[Given, dict[int, str]]:
    """Each one's share, also of those who wait for a second person, by how long they were there; whose share is nothing gives nothing."""
    waiting = [row_id for row_id, why in nothing.items() if why == "own"]
    weights = {row.id: figure for row, _member, figure in given} | {row_id: figures[row_id] for row_id in waiting}
    shares = split.shared_out(total, sorted(weights.items()))
    for row_id in waiting:
        figures[row_id] = shares[row_id]
    left = {row.id: "none" for row, _member, _figure in given if not shares[row.id]} | {
        row_id: "none" for row_id in waiting if not shares[row_id]
    }
    return [(row, member, shares[row.id]) for row, member, _figure in given if shares[row.id]], nothing | left


def _with_giver(session: TimeSession, rows: Sequence[Attendance], actor: Actor) -> Sequence[Attendance]:
    """The rows and the giver's own, with what a pot pays; the others have nothing to pay."""
    assert session.giver is not None
    if all(row.member_id != session.giver_id for row in rows):
        made = Attendance(
            session_id=session.id, member_id=session.giver_id, how="organiser", entered_by=session.entered_by, entered_at=clock.now()
        )
        db.session.add(made)
        db.session.flush()
        record(about(session), "giver_added", actor, line=made.id)
        return checkin.there(session)
    return rows


def _must_fit(session: TimeSession, given: Given) -> None:
    """Refused, at the line where there is one: with what else they gave that day it is more than one person can give."""
    if split.taken_from_many(session):
        assert session.giver is not None
        has = givers_day.given([session.giver.id], session.day).get(session.giver.id, 0)
        givers_day.judge(session.giver, sum(figure for _row, _member, figure in given), has, named=True)
        return
    others = givers_day.given([member.id for _row, member, _figure in given], session.day)
    for row, member, figure in given:
        givers_day.judge(member, figure, others.get(member.id, 0), f"each-{row.id}", named=True)


def _why_not(session: TimeSession, row: Attendance, member: Member, figure: int, who: Who) -> str | None:
    if not figure or (session.split == "pot" and member.id != session.giver_id):
        return "none"
    if member.status == "left":
        return "left"
    if member.id == session.payer_id:
        return "payer"
    if split.taken_from_many(session):
        return "own" if split.second_person_needed(session, row, member, who) else None
    return "own" if members.acts_as(who, member) else None


def preview(session: TimeSession, rows: Sequence[Attendance], minutes: int | None, each: Mapping[int, int], who: Who) -> Given:
    """What closing it now would post where one gives to many: each one's line with the minutes that they would pay (of a pot: none).

    Empty when it cannot be said yet.
    """
    try:
        split.judge(session, minutes, each, who)
        figures = _figures(rows, minutes, each)
    except Refused:
        return []
    given, nothing = _sort(session, rows, figures, {row.member.id: row.member for row in rows if row.member is not None}, who)
    return _shared_out(given, nothing, figures, minutes or 0)[0] if session.split == "shared" else given


def _post_all(session: TimeSession, key: str, some: Sequence[tuple[Member, Minutes]], actor: Actor) -> None:
    total = sum(figure for _member, figure in some)
    from_many = split.taken_from_many(session)
    refusals = {sessions.payer_account(session): too_little(session, total)}
    if from_many:
        refusals = {account(member): split.refusal(member) for member, _figure in some}
    post(
        _lines(session, some, back=from_many), key=key, kind="session", about=about(session), sentence=_("Session: %(kind)s", kind=session.category.name),
        actor=actor.code, on_behalf=actor.on_behalf_code, basis=actor.basis, refusals=refusals,
    )  # fmt: skip


def _lines(session: TimeSession, some: Sequence[tuple[Member, int]], *, back: bool = False) -> list[Line]:
    """From the account that pays (or that all pay to, the other way round) to each member, through the clearing accounts when they belong to two areas; or `back`."""
    home = _home(session)
    areas = {
        area.id: area for area in db.session.scalars(select(Area).where(Area.id.in_({home.id, *(member.area_id for member, _m in some)})))
    }
    if any(member.area_id != home.id for member, _minutes in some):
        members.open_books_of(home)
    paying, found = sessions.payer_account(session), []
    for member, minutes in some:
        if member.area_id == home.id:
            steps = [(paying, account(member))]
        else:
            steps = [(paying, clearing(home)), (clearing(areas[member.area_id]), account(member))]
        found += [Line(credit, debit, minutes) if back else Line(debit, credit, minutes) for debit, credit in steps]
    return found


def _home(session: TimeSession) -> Area:
    """The area in whose book the account that pays is."""
    if session.payer is not None:
        return session.payer.area
    assert session.pot is not None
    return session.pot


def enough(session: TimeSession, has: int, total: int) -> bool:
    """Whether an account that `has` so much may give `total`, in minutes."""
    return has - total >= (floor_of(session.payer, members.open_rules()) if session.payer is not None else 0)


def too_little(session: TimeSession, total: int, now: int | None = None) -> str:
    """What the payer's floor says, and the ways on. `now`: the balance, where it is known, in minutes."""
    has = hours(books.balance(sessions.payer_account(session)) if now is None else now)
    if session.payer is None:
        return _(
            "%(total)s is more than %(name)s has (%(has)s). Ask neighbours to give to it, or let another pot pay.",
            total=hours(total), name=sessions.payer_name(session), has=has,
        )  # fmt: skip
    return _(
        "%(name)s has %(has)s. After %(total)s that would be below %(floor)s. Nothing was entered: ask a coordinator to lower the limit, or to let the community pot pay.",
        name=sessions.payer_name(session), has=has, total=hours(total), floor=hours(floor_of(session.payer, members.open_rules())),
    )  # fmt: skip


def _keep(
    session: TimeSession, figures: Mapping[int, Minutes], given: Given, nothing: Mapping[int, str], key: str | None, actor: Actor
) -> None:
    """What came of it, in the lines and then in the session: after that the database lets nobody change them."""
    rows = [{"id": row.id, "guest": "", "said": figure, "minutes": figure, "why": ""} for row, _member, figure in given]
    now = clock.now()
    waits = {"questioned_by": "scheme", "questioned_at": now}
    rows += [{"id": row_id, "guest": "", "said": figures.get(row_id, 0), "minutes": 0, "why": why} for row_id, why in nothing.items()]
    db.session.execute(update(Attendance), rows)
    own = [row_id for row_id, why in nothing.items() if why == "own"]
    if own:
        db.session.execute(update(Attendance).where(Attendance.id.in_(own)).values(**waits))
    session.status, session.closed_at, session.closed_by, session.entry_key = "closed", now, actor.code, key
    session.version += 1
    session.changed_at = now
    db.session.flush()
    record(
        about(session), "closed", actor, people=len(given), minutes=sum(figure for _row, _member, figure in given), not_posted=len(nothing)
    )


def _tell(session: TimeSession, rows: Sequence[Attendance], given: Given, nothing: Mapping[int, str]) -> None:
    rules = members.open_rules()
    after = books.balances([account(member) for _row, member, _figure in given])
    if split.taken_from_many(session):
        _tell_of_split(session, rows, given, nothing, {member.id: Minutes(after[account(member)]) for _row, member, _f in given})
        return
    messages.receipts(
        session,
        [(member, figure) for _row, member, figure in given],
        {member.id: Minutes(after[account(member)]) for _row, member, _f in given},
    )
    if session.payer is not None and given:
        total = sum(figure for _row, _member, figure in given)
        messages.paid(session, session.payer, len(given), total, balance(session.payer), rules)
    for row in rows:
        why = nothing.get(row.id)
        if row.member is not None and why in ("own", "payer", "left"):
            messages.left_out(session, row.member, why)
            if why == "own":
                subject = _("Somebody’s own hours for “%(title)s” want a second person", title=session.title)
                messages.tell_coordinators(session, f"own:{row.id}", row.member, subject)


def _tell_of_split(
    session: TimeSession, rows: Sequence[Attendance], given: Given, nothing: Mapping[int, str], after: Mapping[int, Minutes]
) -> None:
    assert session.giver is not None
    lines = [(member, figure) for _row, member, figure in given]
    messages.paid_by_many(session, session.giver, lines, after)
    if given:
        messages.got_from_many(session, session.giver, len(given), sum(figure for _row, _member, figure in given), balance(session.giver))
    waiting = [row for row in rows if nothing.get(row.id) == "own"]
    if waiting:
        subject = _("For “%(title)s” somebody else than the giver says who was there", title=session.title)
        messages.tell_coordinators(session, "own", session.giver, subject)


# --- what stands ---------------------------------------------------------------------------------------------------------


def corrections(session: TimeSession) -> Mapping[int, Sequence[Correction]]:
    """What was put right, by line, oldest first. One query."""
    query = select(Correction).join(Attendance, Attendance.id == Correction.attendance_id).where(Attendance.session_id == session.id)
    found: dict[int, list[Correction]] = {}
    for each in db.session.scalars(query.order_by(Correction.attendance_id, Correction.number)):
        found.setdefault(each.attendance_id, []).append(each)
    return found


def stands(row: Attendance, put_right: Mapping[int, Sequence[Correction]]) -> Minutes:
    """What counts for somebody now, in minutes."""
    some = put_right.get(row.id)
    return some[-1].after if some else row.minutes or Minutes(0)


def outcome(session: TimeSession, rows: Sequence[Attendance], put_right: Mapping[int, Sequence[Correction]]) -> Outcome:
    """What stands of a closed session."""
    figures = {row.id: stands(row, put_right) for row in rows}
    nothing = [(row, why_words(session, row, put_right)) for row in rows if not figures[row.id] and row.member_id is not None]
    got = [figure for figure in figures.values() if figure]
    return Outcome(len(got), sum(got), sum(row.member_id is None for row in rows), nothing)


@dataclass(frozen=True)
class ForIdea:
    """A session's hours as work on its idea, in minutes: what counts, and what waits for a second person; and whose do not, and why."""

    counted: int
    waiting: int
    nothing: Sequence[tuple[Attendance, str]]


def for_idea(session: TimeSession, rows: Sequence[Attendance], put_right: Mapping[int, Sequence[Correction]]) -> ForIdea | None:
    """How far a closed session counts for its idea; None when it was for none. Two queries."""
    if session.purpose_id is None:
        return None
    ids = [row.work_id for row in rows if row.work_id is not None]
    made = {each.id: each for each in db.session.scalars(select(WorkRecord).where(WorkRecord.id.in_(ids)))}
    why = {event.data["line"]: event.reason or "" for event in events_of(about(session)) if event.kind == "not_for_idea"}
    nothing = []
    for row in rows:
        if row.member_id is None or not stands(row, put_right):
            continue
        if row.work_id is None:
            nothing.append((row, why.get(row.id, "")))
        elif made[row.work_id].refused_at is not None:
            nothing.append((row, made[row.work_id].refused_reason or ""))
    standing = [each for each in made.values() if each.refused_at is None]
    counted = sum(each.minutes for each in standing if each.checked_at is not None)
    return ForIdea(counted, sum(each.minutes for each in standing) - counted, nothing)


def why_own(session: TimeSession, row: Attendance, put_right: Mapping[int, Sequence[Correction]]) -> str:
    """The same as `why_words`, to themselves."""
    if row.id in put_right:
        return why_words(session, row, put_right)
    if session.split == "pot" and row.member_id != session.giver_id:
        return _("the community pot pays, so it costs you nothing")
    many = split.taken_from_many(session)
    if row.why == "own" and row.questioned_at is not None:
        return (
            _("you did not check in yourself, so a coordinator says whether you were there")
            if many
            else _("you closed it yourself, so another person confirms it")
        )
    said = {
        "none": _("the time was shared out, and no quarter of an hour was left for you")
        if many and row.said
        else _("nothing was written down for you"),
        "payer": _("you gave the time") if many else _("nobody pays themselves"),
    }
    return said.get(row.why) or why_words(session, row, put_right)


def why_words(session: TimeSession, row: Attendance, put_right: Mapping[int, Sequence[Correction]]) -> str:
    """Why somebody has no hours."""
    if row.id in put_right:
        return _("put right: %(why)s", why=put_right[row.id][-1].reason)
    if session.split == "pot" and row.member_id != session.giver_id:
        return _("the community pot pays, so it costs them nothing")
    if split.taken_from_many(session):
        said = {
            "none": _("the time was shared out, and no quarter of an hour was left for them") if row.said else _("nothing was written down for them"),
            "own": _("they did not check in themselves, so a coordinator says whether they were there"),
            "payer": _("they gave the time"),
        }  # fmt: skip
        if row.why in said and not (row.why == "own" and row.questioned_at is None):
            return said[row.why]
    return {
        "none": _("nothing was written down for them"),
        "own": _("they closed it themselves, so another person confirms it")
        if row.questioned_at is not None
        else _("another person has looked at it"),
        "payer": _("nobody pays themselves"),
        "left": _("they have left the timebank"),
    }.get(row.why, "")


# --- putting right -------------------------------------------------------------------------------------------------------


def something_wrong(ref: str, words: str, who: Who) -> None:
    """Somebody who was there says that their line is wrong: a coordinator looks at it. Refused: not closed, not there, no words, told."""
    with transaction():
        session = sessions.locked(ref)
        member = members.member_of(who.id)
        row = checkin.row_of(session, member) if member is not None else None
        if session.status != "closed":
            raise Conflict(_("This is not closed yet. Tell the organiser."))
        if member is None:
            raise NotYours(_("We cannot find that session."))
        if not words:
            raise Refused(_("Write what is wrong, in a few words."), "words")
        if row is None:  # they signed up and say that they were there, but are not in the list
            if sessions.sign_up_of(session, member) is None:
                raise NotYours(_("We cannot find that session."))
            row = _add(session, member, Actor(who.id))
        if row.questioned_at is not None:
            raise Conflict(_("A coordinator has been told already, and looks at it."))
        row.questioned_by, row.questioned_at, row.question = f"person:{who.id}", clock.now(), words
        event = record(about(session), "questioned", Actor(who.id), reason=words, line=row.id)
        db.session.flush()
        messages.tell_coordinators(
            session, f"questioned:{event.id}", member, _("Somebody says that “%(title)s” is wrong", title=session.title)
        )


def _add(session: TimeSession, member: Member, actor: Actor) -> Attendance:
    """A line for somebody who was forgotten, with nothing yet."""
    row = Attendance(
        session_id=session.id, member_id=member.id, how="organiser", entered_by=actor.code, entered_at=clock.now(), said=Minutes(0), minutes=Minutes(0), why="added"
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def may_put_right(who: Who, session: TimeSession, row: Attendance) -> bool:
    """Coordinators; and for the line of who closed it, anybody else who could have closed it."""
    if session.split:  # nobody who gives says what others pay
        return who.can("help others", session) and not split.is_giver(who, session)
    return who.can("help others", session) or (row.why == "own" and row.questioned_at is not None and sessions.may_close(who, session))


def line_of(session: TimeSession, row_id: int, who: Who) -> Attendance:
    """One member's line of a closed session, for who may put it right. NotYours."""
    query = select(Attendance).where(Attendance.id == row_id, Attendance.session_id == session.id, Attendance.member_id.is_not(None))
    row = db.session.scalar(query.options(joinedload(Attendance.member).options(*members.NAMED)))
    if row is None or session.status != "closed" or not may_put_right(who, session, row):
        raise NotYours(_("We cannot find that line."))
    return row


def put_right(ref: str, row_id: int, minutes: int, reason: str, who: Who, *, shown: int) -> None:
    """Give one person's line another figure, by an entry of its own; the same figure answers the question and moves nothing.

    Refused: not theirs to do, their own line, no reason, not in quarters of an hour, not any more the figure that was `shown`, somebody
    who has left, more than they can give in a day, a floor (of who pays, or of who would have to give back) with a way on.
    """
    with transaction():
        session = sessions.locked(ref)
        row = line_of(session, row_id, who)
        _put_right(session, row, minutes, reason, who, shown)


def add_forgotten(ref: str, member_ref: str, minutes: int, reason: str, who: Who) -> None:
    """A coordinator writes down somebody who was forgotten when it was closed. Refused as for `put_right`, and: in the list already."""
    with transaction():
        session = sessions.locked(ref)
        if not who.can("help others", session):
            raise NotYours(_("We cannot find that session."))
        if session.status != "closed":
            raise Conflict(_("This is not closed yet. Check them in instead."))
        member = members.by_ref(member_ref)
        sessions.must_be_able(member)
        if checkin.row_of(session, member) is not None:
            raise Refused(_("They are in the list already. Put their line right instead."), "who")
        row = _add(session, member, Actor(who.id))
        row = line_of(session, row.id, who)
        if not minutes:
            raise Refused(_("Write the time in quarters of an hour, like 1 h 15 min."), "minutes")
        _put_right(session, row, minutes, reason, who, 0)


def _put_right(session: TimeSession, row: Attendance, minutes: int, reason: str, who: Who, shown: int) -> None:
    must_be_in_transaction()
    assert row.member is not None
    member, actor = row.member, Actor(who.id)
    before = corrections(session).get(row.id, ())
    now = before[-1].after if before else row.minutes or Minutes(0)
    if member.person_id == who.id or split.is_giver(who, session):
        raise Refused(_("Ask a colleague: nobody decides about their own hours."))
    if minutes and session.split == "pot" and member.id != session.giver_id:
        raise Refused(_("The community pot pays for this, so it costs them nothing. Leave it at 0."), "minutes")
    if not reason:
        raise Refused(_("Write why, in a few words. They read it."), "reason")
    if shown != now:
        raise Conflict(_("This is %(time)s now. Look at it again.", time=hours(now)))
    if minutes:
        judge_time(minutes)
    if minutes != now and member.status == "left":
        raise Refused(_("They have left the timebank, so nothing can be entered for them."))
    if minutes != now and member.id == session.payer_id:
        raise Refused(
            _("They gave the time, so there is nothing to pay for them.")
            if split.taken_from_many(session)
            else _("The hours came from their own account, so there are none for them.")
        )
    if minutes > now:
        gave = session.giver if split.taken_from_many(session) and session.giver is not None else member
        givers_day.must_fit(gave, minutes, session.day, but_line=row.id)
    if minutes != now:
        key = _post_one(session, row, member, now, minutes, reason, actor, len(before) + 1)
        ideas.line_put_right(session, (row, member, Minutes(minutes)), key, reason, actor)
    row.questioned_at, row.questioned_by = None, None
    event = record(about(session), "put_right", actor, reason=reason, line=row.id, before=now, minutes=minutes)
    db.session.flush()
    messages.put_right(session, row, Minutes(minutes), reason, event.id, balance(member))


def _post_one(session: TimeSession, row: Attendance, member: Member, now: int, minutes: int, reason: str, actor: Actor, number: int) -> str:
    key = f"session:{session.id}:line:{row.id}:{number}"
    difference = abs(minutes - now)
    less = (minutes < now) != split.taken_from_many(session)
    spent = _("%(name)s has spent those hours already. Lower their limit first, then put it right.", name=name_of(member))
    refusals = {account(member): spent, sessions.payer_account(session): too_little(session, difference)}
    if split.taken_from_many(session):
        refusals = {account(member): split.refusal(member), sessions.payer_account(session): too_little(session, difference)}
    post(
        _lines(session, [(member, difference)], back=less), key=key, kind="session put right", about=about(session),
        sentence=_("Put right: session, %(kind)s", kind=session.category.name), actor=actor.code,
        refusals=refusals,
    )  # fmt: skip
    db.session.add(
        Correction(
            attendance_id=row.id, number=number, before=Minutes(now), after=Minutes(minutes), reason=reason, made_by=actor.code, made_at=clock.now(), entry_key=key
        )
    )  # fmt: skip
    db.session.flush()
    return key


def reverse_all(ref: str, reason: str, who: Who) -> int:
    """A coordinator takes back everything that a session brought, each entry by its mirror, the latest first; returns for how many
    people. A second time changes nothing.

    Refused: not a coordinator there, their own hours or account, no reason, not closed, somebody who has spent the hours or has left.
    """
    with transaction():
        session = sessions.locked(ref)
        if not who.can("help others", session):
            raise NotYours(_("We cannot find that session."))
        if session.status != "closed":
            raise Conflict(_("This is not in the books, so there is nothing to take back."))
        if session.reversed_at is not None:
            return 0
        if not reason:
            raise Refused(_("Write why, in a few words. Everybody who was there reads it."), "reason")
        rows, put = checkin.there(session), corrections(session)
        got = [row for row in rows if stands(row, put)]
        names = [name_of(row.member) for row in rows if row.member is not None]
        if (private := not_for_the_public(reason, names)) is not None:
            raise Refused(_("Everybody who was there reads it, so take out %(what)s.", what=private), "reason")
        if split.is_giver(who, session) or any(row.member is not None and row.member.person_id == who.id for row in got):
            raise Refused(_("Ask a colleague: nobody decides about their own hours."))
        if any(row.member is not None and row.member.status == "left" for row in got):
            raise Refused(_("Somebody has left the timebank since. Put the lines of the others right one by one."))
        _reverse_entries(session, rows, put, reason, Actor(who.id))
        for row in rows:
            row.questioned_at = None
            ideas.line_taken_back(row, reason, Actor(who.id))
        session.reversed_at = clock.now()
        session.version += 1
        session.changed_at = clock.now()
        db.session.flush()
        record(about(session), "reversed", Actor(who.id), reason=reason, people=len(got))
        messages.reversed_all(session, [row.member for row in got if row.member is not None], reason)
        return len(got)


def _reverse_entries(
    session: TimeSession, rows: Sequence[Attendance], put: Mapping[int, Sequence[Correction]], reason: str, actor: Actor
) -> None:
    entries = [session.entry_key] if session.entry_key is not None else []
    entries += [each.entry_key for some in put.values() for each in some]
    try:
        for key in reversed(entries):
            reverse(key, reason=reason, actor=actor.code)
    except Refused as why:
        raise Refused(_("Not everybody can give it back: %(why)s Nothing was changed.", why=why.sentence)) from why
    for row in rows:
        if now := stands(row, put):
            db.session.add(
                Correction(
                    attendance_id=row.id, number=len(put.get(row.id, ())) + 1, before=now, after=Minutes(0), reason=reason, made_by=actor.code,
                    made_at=clock.now(), entry_key=f"{session.entry_key or entries[0]}:reversed",
                )
            )  # fmt: skip
    db.session.flush()


# --- the desk ------------------------------------------------------------------------------------------------------------


def lines_query(areas: frozenset[int] | None) -> Select[Attendance]:
    """Lines that a coordinator of these areas (None: all) has to look at: somebody says that it is wrong, or closed it themselves."""
    query = select(Attendance).join(Attendance.session).join(Attendance.member).where(Attendance.questioned_at.is_not(None))
    return query if areas is None else query.where(TimeSession.area_id.in_(areas))


def waiting_lines(areas: frozenset[int] | None, limit: int = 100) -> Sequence[Attendance]:
    """The same to be read, the longest waiting first. One query."""
    query = lines_query(areas).options(
        contains_eager(Attendance.session).joinedload(TimeSession.area), contains_eager(Attendance.member).options(*members.NAMED)
    )
    return db.session.scalars(query.order_by(Attendance.questioned_at, Attendance.id).limit(limit)).all()


def not_closed_query(areas: frozenset[int] | None) -> Select[TimeSession]:
    """Sessions in these areas (None: all) that are over and that nobody closed or cancelled."""
    query = select(TimeSession).where(TimeSession.status == "open", TimeSession.day <= clock.today() - timedelta(days=NOT_CLOSED))
    return query if areas is None else query.where(TimeSession.area_id.in_(areas))


def not_closed(areas: frozenset[int] | None, limit: int = 50) -> Sequence[TimeSession]:
    """The same to be read, the oldest first. One query."""
    query = not_closed_query(areas)
    named = (joinedload(TimeSession.organiser), joinedload(TimeSession.area))
    return db.session.scalars(query.options(*named).order_by(TimeSession.day, TimeSession.id).limit(limit)).all()


# --- proving it ----------------------------------------------------------------------------------------------------------


def broken_caches() -> list[str]:
    """Lines about sessions whose people have, by the books, not what their lines say (asked by the ledger check)."""
    name = literal("session:") + cast(TimeSession.id, String)
    rows = select(Attendance.session_id, Attendance.member_id, Attendance.minutes.label("minutes")).where(Attendance.minutes > 0)
    sign = case((TimeSession.split.in_(("shared", "each")), -1), else_=1)  # where many pay one, the other way round
    put = select(Attendance.session_id, Attendance.member_id, (Correction.after - Correction.before).label("minutes")).join(
        Correction, Correction.attendance_id == Attendance.id
    )
    lines = union_all(rows, put).subquery()
    said = (
        select(name.label("about"), (literal("member:") + Member.ref).label("code"), (sign * lines.c.minutes).label("minutes"))
        .join_from(lines, TimeSession, TimeSession.id == lines.c.session_id)
        .join(Member, Member.id == lines.c.member_id)
    )
    payer = func.coalesce(literal("member:") + Member.ref, literal("pot:") + Area.code)
    paid = (
        select(name.label("about"), payer.label("code"), (-sign * lines.c.minutes).label("minutes"))
        .join_from(lines, TimeSession, TimeSession.id == lines.c.session_id)
        .outerjoin(Member, Member.id == TimeSession.payer_id)
        .outerjoin(Area, Area.id == TimeSession.pot_id)
    )
    of_people = or_(Account.code.startswith("member:"), Account.code.startswith("pot:"))
    booked = [
        select(Entry.about.label("about"), Account.code.label("code"), (way * Transfer.amount).label("minutes"))
        .join(Transfer, Transfer.entry_id == Entry.id)
        .join(Account, Account.id == side)
        .where(and_(Entry.about.startswith("session:"), of_people))
        for side, way in ((Transfer.credit_id, -1), (Transfer.debit_id, 1))
    ]
    moved = union_all(said, paid, *booked).subquery()
    off = func.sum(moved.c.minutes)
    query = select(moved.c.about, moved.c.code, off).group_by(moved.c.about, moved.c.code).having(off != 0)
    return [
        f"{what}: the lines of who was there and the books differ by {difference} minutes for {code}"
        for what, code, difference in db.session.execute(query.order_by(moved.c.about, moved.c.code).limit(50))
    ]
