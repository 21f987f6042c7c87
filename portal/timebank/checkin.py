"""Who is there: by the poster's address or its six digits on their own phone, by the organiser's hand, or typed from a paper register.

Somebody who is checked in has no hours yet; those come when the session is closed. A tap that was kept on a phone without signal may
come late and twice: it counts once, until the session is closed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import contains_eager

from portal import clock, once
from portal.db import db, is_postgresql, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, Refused, Unknown
from portal.events import checkin as at_event
from portal.events import queries as events
from portal.events.model import Gathering
from portal.finding import distance, slips
from portal.history import Actor, record
from portal.people.access import Who
from portal.people.actions import create_person
from portal.people.model import Organisation, Person
from portal.refs import clean_card
from portal.timebank import members, sessions
from portal.timebank import session_messages as messages
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.timebank.session_messages import about
from portal.timebank.sessions_model import Attendance, CodeTry, TimeSession
from portal.web.filters import day as day_words
from portal.words import _

MOST_WRONG = 8  # codes that one person may type wrongly on a day
MOST_THERE = 500
MOST_LINES = 60  # of one paper sheet


@dataclass(frozen=True)
class Tap:
    """One tap on the organiser's page. Each act reads what it needs."""

    act: str
    member: str = ""  # the number on a card
    row: int = 0  # somebody who is there
    name: str = ""  # of a guest


@dataclass
class Typed:
    """What came of a paper sheet."""

    members: list[str] = field(default_factory=list)
    guests: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)  # were there already


# --- on one's own phone --------------------------------------------------------------------------------------------------


def here_by_token(token: str, who: Who) -> str:
    """ "I'm here", by the poster's address; returns the session's reference. A second time changes nothing.

    NotFound: no such poster. Refused: another day, over, not a member.
    """
    ref = sessions.ref_of_token(token)
    with transaction():
        if ref is None:
            raise Unknown(_("We cannot find that session. Type the six digits of the poster instead."))
        return _here(_shared(ref), who, "phone")


def here_by_code(typed: str, who: Who) -> str:
    """ "I'm here", by the six digits of the poster, which are good on the day. Refused: wrong, or wrong too often on one day."""
    digits = "".join(each for each in typed if each.isascii() and each.isdigit())
    today = clock.today()
    with transaction():
        query = select(CodeTry.wrong).where(CodeTry.person_id == who.id, CodeTry.day == today)
        if (db.session.scalar(query) or 0) >= MOST_WRONG:
            raise Refused(_("That was wrong too often today. Ask the organiser to check you in, by your name."), "code")
        ref = db.session.scalar(
            select(TimeSession.ref).where(TimeSession.day == today, TimeSession.code == digits, TimeSession.status != "cancelled")
        )
        if ref is not None:
            return _here(_shared(ref), who, "code")
        _count_wrong(who.id)
    # counted for good, whatever is said now
    raise Refused(_("No session of today has that code. Look at the six digits again."), "code")


def _count_wrong(person_id: int) -> None:
    today = clock.today()
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    row = insert(CodeTry).values(person_id=person_id, day=today, wrong=1)
    db.session.execute(row.on_conflict_do_update(index_elements=["person_id", "day"], set_={"wrong": CodeTry.wrong + 1}))
    db.session.execute(delete(CodeTry).where(CodeTry.person_id == person_id, CodeTry.day < today))


def _here(session: TimeSession, who: Who, how: str) -> str:
    member = members.member_of(who.id)
    if member is None:
        raise Refused(_("Become a member of the timebank first: then the hours have somewhere to go."))
    if session.day != clock.today():
        raise Refused(_("This code is for %(day)s. It works on that day only.", day=day_words(session.day)))
    _check_in(session, member, how, Actor(who.id))
    return session.ref


def _shared(ref: str) -> TimeSession:
    """The session, held so that it cannot be closed at the same moment; many may check in at once."""
    must_be_in_transaction()
    if (gathering_id := db.session.scalar(select(TimeSession.gathering_id).where(TimeSession.ref == ref))) is not None:
        events.shared(Gathering.id == gathering_id)  # which comes first, always
    query = select(TimeSession).where(TimeSession.ref == ref).with_for_update(read=True).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(_("We cannot find that session."))
    return found


def _check_in(session: TimeSession, member: Member, how: str, actor: Actor, sheet: str = "") -> bool:
    """Whether it is new that they are there."""
    _must_be_on(session)
    sessions.must_be_able(member, actor)
    _at_its_event(session, member, how, actor)  # first: who checks in at the event writes in this order too
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    row = insert(Attendance).values(
        session_id=session.id, member_id=member.id, guest="", how=how, sheet=sheet, entered_by=actor.code, entered_at=clock.now(), why="", question="",
    )  # fmt: skip
    made = db.session.scalar(row.on_conflict_do_nothing(index_elements=["session_id", "member_id"]).returning(Attendance.id))
    if made is not None:
        record(about(session), "here", actor, member=member.id, how=how)
    return made is not None


def be_there(ref: str, member: Member, how: str, actor: Actor) -> None:
    """A member is there, as a part of an action that holds the event to which the session belongs. Refused: as for everybody."""
    _check_in(_shared(ref), member, how, actor)


def _at_its_event(session: TimeSession, member: Member, how: str, actor: Actor) -> None:
    """Whoever is at the session is at its event too, as long as that is on."""
    if session.gathering_id is None or member.person_id is None:
        return
    gathering = events.shared(Gathering.id == session.gathering_id)
    if gathering.status == "open" and gathering.day <= clock.today():
        at_event.person_here(gathering, member.person_id, how, actor, but="timebank")


def _must_be_on(session: TimeSession) -> None:
    if session.status == "closed":
        raise Conflict(_("This is closed already. A coordinator can still write down somebody who was forgotten."))
    if session.status == "cancelled":
        raise Conflict(_("This was cancelled."))
    if session.day > clock.today():
        raise Refused(_("That is on %(day)s. People are checked in on the day.", day=day_words(session.day)))


# --- by the organiser ----------------------------------------------------------------------------------------------------


def tap(who: Who, ref: str, one: Tap, *, once_key: str) -> None:
    """Do what the organiser tapped, once for each key: a tap that was kept on a device without signal may come twice.

    Acts: "here" a member, "away" somebody who was checked in by mistake, "guest" somebody without a membership, counted without
    credit. Refused: what the act refuses. NotYours: who does not run it.
    """
    with transaction():
        session = _shared(ref)
        sessions.must_run(who, session)
        if once.claim(once_key) is not None:
            return
        if one.act not in ACTS:
            raise Refused(_("That button is not there any more. Load the page again."))
        ACTS[one.act](session, one, Actor(who.id))


def _tap_here(session: TimeSession, one: Tap, actor: Actor) -> None:
    _check_in(session, members.by_ref(one.member), "organiser", actor)


def _tap_away(session: TimeSession, one: Tap, actor: Actor) -> None:
    _must_be_on(session)
    which = Attendance.id == one.row
    if one.member:
        which = Attendance.member_id == members.by_ref(one.member).id
    gone = db.session.execute(delete(Attendance).where(which, Attendance.session_id == session.id).returning(Attendance.member_id)).all()
    for (member_id,) in gone:
        record(about(session), "not_here", actor, member=member_id)


def _tap_guest(session: TimeSession, one: Tap, actor: Actor) -> None:
    _must_be_on(session)
    _guest(session, one.name, "organiser", actor)


def _guest(session: TimeSession, name: str, how: str, actor: Actor, sheet: str = "") -> None:
    if not name:
        raise Refused(_("Write their name, so that you know them in the list."), "name")
    count = db.session.scalar(select(func.count()).where(Attendance.session_id == session.id)) or 0
    if count >= MOST_THERE:
        raise Refused(_("That is more people than one session holds. Open a second one."), "name")
    db.session.add(Attendance(session_id=session.id, guest=name, how=how, sheet=sheet, entered_by=actor.code, entered_at=clock.now()))
    record(about(session), "guest_here", actor)


ACTS: dict[str, Callable[[TimeSession, Tap, Actor], None]] = {"here": _tap_here, "away": _tap_away, "guest": _tap_guest}


def new_member(
    ref: str, name: str, contact: tuple[str, str] | None, agreed: bool, who: Who, *, another: bool = False, once_key: str, row: int = 0
) -> str:  # fmt: skip
    """Somebody at the session becomes a member, and is checked in; returns the number for their card. They hear of it.

    `contact`: ("email" or "sms", address), or None; `agreed`: they said yes to what members say; `another`: it is somebody else than a
    member of that name; `row`: they stand in the list as a guest. Refused: no name, not agreed, an address that somebody has, a member of
    that name unless `another`. NotYours: who does not run it.
    """
    with transaction():
        session = _shared(ref)
        sessions.must_run(who, session)
        if (done := once.claim(once_key)) is not None:
            return done
        _must_be_on(session)
        if not name:
            raise Refused(_("Write their name, as neighbours know them."), "name")
        if not agreed:
            raise Refused(_("Read this to them, and tick it when they say yes."), "agreed")
        same = [each for each in search(session, name, who) if name_of(each).casefold() == name.casefold()]
        if same and not another:
            raise Refused(
                _("%(name)s is a member already, with the number %(number)s. Check them in by it, or tick that this is somebody else.", name=name_of(same[0]), number=same[0].ref),
                "another",
            )  # fmt: skip
        actor = Actor(who.id)
        channel, address = contact or ("", None)
        try:
            someone = create_person(
                name, email=address if channel == "email" else None, phone=address if channel == "sms" else None, area_id=session.area_id
            )
        except Refused as why:
            raise Refused(_("Somebody with that address is with us already. Find them by their name or number."), "contact") from why
        record(f"person:{someone.id}", "joined", actor)
        member = members.become(members.open_rules(), session.area_id, actor, person_id=someone.id)
        if row:
            db.session.execute(
                delete(Attendance).where(Attendance.id == row, Attendance.session_id == session.id, Attendance.member_id.is_(None))
            )
        _check_in(session, member, "organiser", actor)
        messages.welcome(session, member, who.name)
        once.keep(once_key, member.ref)
        return member.ref


class Unclear(Refused):
    """Lines of a register that may mean a member: who types says which, or that they are guests."""


def from_paper(
    ref: str, sheet: str, ticked: Sequence[str], lines: Sequence[str], who: Who, *, guests: bool = False, once_key: str
) -> Typed:  # fmt: skip
    """Type in a paper register: `ticked` are cards of those whose names were printed, `lines` what was written by hand, each a card's
    number or a name. A name that exactly one member has (nearby; for a coordinator wherever they help) is that member; one that nobody
    has is a guest. `guests`: who types has looked at names that are like a member's. Sent twice, it counts once.

    Refused: no sheet number, nothing on it, a number that is none of ours (with the line); `Unclear` unless `guests`. NotYours: who does
    not run it.
    """
    with transaction():
        session = _shared(ref)
        sessions.must_run(who, session)
        if once.claim(once_key) is not None:
            return Typed()
        _must_be_on(session)
        lines = [line for line in lines if line]
        if not sheet:
            raise Refused(_("Write the number of the sheet."), "sheet")
        if not ticked and not lines:
            raise Refused(_("Tick who was there, or write a name."), "lines")
        if len(lines) > MOST_LINES:
            raise Refused(_("That is more than %(most)d lines. Type it as two sheets.", most=MOST_LINES), "lines")
        actor, typed = Actor(who.id, None, f"paper sheet {sheet}"), Typed()
        meant = {each: _meant(session, each, who) for each in lines}
        if not guests:
            _ask_about({each: like for each, (found, like) in meant.items() if found is None and like})
        for each in [*ticked, *lines]:
            member = members.by_ref(each) if each in ticked else meant[each][0]
            if member is None:
                _guest(session, each, "paper", actor, sheet)
                typed.guests.append(each)
            elif _check_in(session, member, "paper", actor, sheet):
                typed.members.append(name_of(member))
            else:
                typed.again.append(name_of(member))
        record(about(session), "typed", actor, members=len(typed.members), guests=len(typed.guests))
        return typed


def _meant(session: TimeSession, line: str, who: Who) -> tuple[Member | None, Sequence[Member]]:
    """(the member that a line of the register means, those whom it may mean when that is not clear). Refused: a number that we do not know."""
    if (number := clean_card(line)) is not None:
        try:
            return members.by_ref(number), ()
        except Unknown as why:
            raise Refused(_("We do not know the number %(number)s. Check the card, or write the name.", number=number), "lines") from why
    name = line.casefold()
    found = search(session, line, who)
    same = [each for each in found if name_of(each).casefold() == name]
    if same:
        return (same[0], ()) if len(same) == 1 else (None, same)
    slip = sum(slips(word) for word in name.split())
    begins = {each.id: each for each in (*found, *search(session, name.split()[0][:2], who))}
    like = [
        each
        for each in begins.values()
        if name_of(each).casefold().startswith(name) or distance(name_of(each).casefold(), name, slip) <= slip
    ]
    return None, like


def _ask_about(unclear: Mapping[str, Sequence[Member]]) -> None:
    """Refused, naming each of these lines with the members whom it may mean."""
    if unclear:
        said = "; ".join(
            _("“%(line)s” may be %(names)s", line=line, names=_(" or ").join(f"{name_of(each)} ({each.ref}, {each.area.name})" for each in like[:4]))
            for line, like in unclear.items()
        )  # fmt: skip
        raise Unclear(_("%(said)s. Write the number instead of the name, or tick that they are guests.", said=said), "lines")


def search(session: TimeSession, text: str, who: Who) -> Sequence[Member]:
    """Persons that an organiser may find for a session: by number anybody, by name who lives in its area or is seen outside theirs; a
    coordinator also everybody where they help.
    """
    if not text:
        return []
    nearby = members.search(text, Member(id=0, area_id=session.area_id), 60)  # seen by somebody of that area, whoever it is
    helped = members.search_all(text, who.areas("connector", "officer"), 60) if who.has_somewhere("connector", "officer") else ()
    return list({each.id: each for each in (*nearby, *helped) if each.person_id is not None and each.status == "active"}.values())


# --- reading -------------------------------------------------------------------------------------------------------------


def count(session: TimeSession) -> int:
    """How many are or were there, guests too. One query."""
    return db.session.scalar(select(func.count()).select_from(Attendance).where(Attendance.session_id == session.id)) or 0


def there(session: TimeSession) -> Sequence[Attendance]:
    """Who is or was there, by name, guests last. One query."""
    query = (
        select(Attendance)
        .outerjoin(Attendance.member)
        .outerjoin(Member.person)
        .outerjoin(Member.organisation)
        .where(Attendance.session_id == session.id)
        .options(contains_eager(Attendance.member).options(contains_eager(Member.person), contains_eager(Member.organisation)))
        .order_by(
            Attendance.member_id.is_(None), func.lower(func.coalesce(Person.name, Organisation.name, Attendance.guest)), Attendance.id
        )
    )
    return db.session.scalars(query).all()


def row_of(session: TimeSession, member: Member) -> Attendance | None:
    """A member's own line of a session, if they were there."""
    return db.session.scalar(select(Attendance).where(Attendance.session_id == session.id, Attendance.member_id == member.id))


def label(row: Attendance) -> str:
    """What they are called in lists."""
    if row.member is not None:
        return name_of(row.member)
    return row.guest or _("A guest")
