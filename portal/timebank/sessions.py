"""Sessions before they happen: opening one (or a rota of them), changing, cancelling, signing up and the waiting list.

Who pays is an account: a member's own, an organisation's by somebody who acts for it, or the community pot of an area by a connector or
officer there. Lock order: session, then members, then the books.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import contains_eager, joinedload

from portal import calendars, clock, once, vault
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.events import queries as events
from portal.events.model import Gathering
from portal.history import BASES, SCHEME, Actor, record
from portal.ledger import queries as books
from portal.ledger.model import Account, State
from portal.money import Minutes, hours
from portal.people import queries as people
from portal.people.access import Lying, Who
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.people.shield import not_for_the_public
from portal.places.model import Area
from portal.refs import new_ref
from portal.timebank import evidence, ideas, members, safety, session_split
from portal.timebank import session_messages as messages
from portal.timebank.members import account, name_of, pot
from portal.timebank.model import Member
from portal.timebank.rules import judge_time
from portal.timebank.session_messages import about
from portal.timebank.sessions_model import Attendance, Correction, Rota, SignUp, TimeSession
from portal.words import _, _n

AHEAD = timedelta(days=366)
OWN_PAST = timedelta(days=31)  # older ones are written down by a coordinator
MOST_PLACES = 500
MARK = 8
CLOSE_IT = (timedelta(days=1), timedelta(days=7))  # after its day, whoever organised it is asked to close it


@dataclass(frozen=True)
class Plan:
    """A session as typed. Day and times are those of London; `title`, `what` and `place` are for everybody to read."""

    title: str
    what: str
    kind: str  # a category's code
    area_id: int | None
    place: str
    day: date
    starts: time
    ends: time
    minutes: Minutes
    places: int | None
    purpose_id: int | None = None  # it is work on a funded idea too
    split: str = ""  # one gives to all who come: one of `session_split.SPLITS`; chosen once, when it is opened


# --- finding -------------------------------------------------------------------------------------------------------------

PAYER = (joinedload(TimeSession.payer).joinedload(Member.person), joinedload(TimeSession.payer).joinedload(Member.organisation))
WHOLE = (
    *PAYER, joinedload(TimeSession.payer).joinedload(Member.area), joinedload(TimeSession.pot), joinedload(TimeSession.area),
    joinedload(TimeSession.category), joinedload(TimeSession.rota), joinedload(TimeSession.organiser),
    joinedload(TimeSession.purpose), joinedload(TimeSession.gathering), joinedload(TimeSession.giver).joinedload(Member.person), joinedload(TimeSession.giver).joinedload(Member.organisation),
)  # fmt: skip


def by_ref(ref: str) -> TimeSession:
    """One session with what it names. One query. NotFound."""
    found = db.session.scalar(select(TimeSession).where(TimeSession.ref == ref).options(*WHOLE))
    if found is None:
        raise _no_session()
    return found


def _no_session() -> NotFound:
    return NotFound(_("We cannot find that session."))


def locked(ref: str) -> TimeSession:
    """The same, locked, as a part of an action."""
    must_be_in_transaction()
    query = select(TimeSession).where(TimeSession.ref == ref).with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise _no_session()
    return found


def rota_by_ref(ref: str) -> Rota:
    """A rota. NotFound."""
    found = db.session.scalar(select(Rota).where(Rota.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that rota."))
    return found


def times_of(rota: Rota, *, since: date | None = None) -> Sequence[TimeSession]:
    """The sessions of a rota in order of their days, from a day on. One query."""
    query = select(TimeSession).where(TimeSession.rota_id == rota.id).options(*WHOLE)
    if since is not None:
        query = query.where(TimeSession.day >= since)
    return db.session.scalars(query.order_by(TimeSession.day, TimeSession.id)).all()


def going() -> Any:
    """How many have a place in a session, for a query that selects sessions."""
    return select(func.count()).where(SignUp.session_id == TimeSession.id, SignUp.state == "going").correlate(TimeSession).scalar_subquery()


Listed = tuple[TimeSession, int]


def between(first: date, last: date, area_id: int | None = None, limit: int = 200) -> Sequence[Listed]:
    """(session, how many have a place) from one day to another, in order. One query."""
    query = _listed().where(TimeSession.day >= first, TimeSession.day <= last)
    if area_id is not None:
        query = query.where(TimeSession.area_id == area_id)
    return db.session.execute(query.order_by(TimeSession.day, TimeSession.starts, TimeSession.id).limit(limit)).all()


def mine(who: Who, limit: int = 30) -> tuple[Sequence[Listed], Sequence[Listed]]:
    """(what somebody runs that is not closed, where they have a place or wait and it is not over). Two queries."""
    paid = select(Member.id).where(or_(Member.person_id == who.id, Member.organisation_id.in_(who.acts_for)))
    runs = or_(TimeSession.organiser_id == who.id, TimeSession.payer_id.in_(paid), TimeSession.giver_id.in_(paid))
    soon = TimeSession.day <= clock.today() + timedelta(days=31)
    order = (TimeSession.day, TimeSession.starts, TimeSession.id)
    run = db.session.execute(_listed().where(runs, TimeSession.status == "open", soon).order_by(*order).limit(limit)).all()
    joined = select(SignUp.session_id).join(Member).where(Member.person_id == who.id, SignUp.state != "off")
    come = _listed().where(TimeSession.id.in_(joined), TimeSession.day >= clock.today(), TimeSession.status != "closed")
    return run, db.session.execute(come.order_by(*order).limit(limit)).all()


def _listed() -> Select[TimeSession, int]:
    return (
        select(TimeSession, going())
        .join(TimeSession.area)
        .join(TimeSession.category)
        .options(contains_eager(TimeSession.area), contains_eager(TimeSession.category))
    )


def sign_ups(session: TimeSession) -> Sequence[SignUp]:
    """Who has a place (in the order in which they asked), then who waits. One query."""
    query = select(SignUp).join(SignUp.member).where(SignUp.session_id == session.id, SignUp.state != "off")
    named = (contains_eager(SignUp.member).joinedload(Member.person), contains_eager(SignUp.member).joinedload(Member.organisation))
    return db.session.scalars(query.options(*named).order_by(SignUp.state, SignUp.asked_at, SignUp.id)).all()


def sign_up_of(session: TimeSession, member: Member) -> SignUp | None:
    """A member's own sign-up, also when they took themselves off."""
    return db.session.scalar(select(SignUp).where(SignUp.session_id == session.id, SignUp.member_id == member.id))


# --- links and codes -----------------------------------------------------------------------------------------------------


def token_of(session: TimeSession) -> str:
    """The last part of the poster's address, which a guess does not meet."""
    return f"{session.ref}-{vault.marks('session', session.ref)[0][:MARK]}"


def ref_of_token(token: str) -> str | None:
    """The session that a poster's address opens; None when we did not make it."""
    ref, _dash, mark = token.rpartition("-")
    right = any(hmac.compare_digest(mark.encode(), each[:MARK].encode()) for each in vault.marks("session", ref))
    return ref if right else None


def _new_code(ref: str, day: date) -> str:
    """Six digits that no other session of that day has."""
    one_at_a_time(f"session codes:{day}")
    taken = set(db.session.scalars(select(TimeSession.code).where(TimeSession.day == day)))
    number = 0
    while True:
        number += 1
        code = f"{int(vault.marks('session code', f'{ref}:{day}:{number}')[0][-12:], 16) % 1_000_000:06d}"
        if code not in taken:
            return code


# --- who may -------------------------------------------------------------------------------------------------------------


def runs(who: Any, session: TimeSession) -> bool:
    """Whether somebody runs it: the organiser, who acts for the account that pays, a connector or officer of the area."""
    if not isinstance(who, Who):
        return False
    gives = session.giver is not None and members.acts_as(who, session.giver)
    return who.id == session.organiser_id or gives or _pays(who, session) or who.can("help others", session)


def _pays(who: Who, session: TimeSession) -> bool:
    if session.payer is not None:
        return members.acts_as(who, session.payer)
    return who.can("help others", Lying(session.pot_id))


def may_close(who: Who, session: TimeSession) -> bool:
    """Whether somebody may spend the hours: who acts for the account, or a connector or officer, who says how they know."""
    return _pays(who, session) or who.can("help others", session)


def needs_basis(who: Who, session: TimeSession) -> bool:
    """Whether somebody closes it for others, and says on what basis."""
    return not _pays(who, session)


def must_run(who: Who, session: TimeSession) -> None:
    """Refuse like a missing page when somebody does not run it."""
    if not runs(who, session):
        raise NotYours(_("We cannot find that session."))


def payer_account(session: TimeSession) -> str:
    """The account in the books that pays."""
    if session.payer is not None:
        return account(session.payer)
    assert session.pot is not None
    return pot(session.pot)


def payer_name(session: TimeSession) -> str:
    """Who pays, in words."""
    if session.payer is not None:
        return name_of(session.payer)
    assert session.pot is not None
    return _("the community pot of %(area)s", area=session.pot.name)


def pot_short(session: TimeSession, going: int) -> tuple[Minutes, Minutes] | None:
    """What the community pot that pays a session has, and what it needs when all its places are taken (without places, when all come
    who signed up), in minutes; None when the pot has enough, or somebody else pays. One query, or none.
    """
    if session.pot is None:
        return None
    people_paid = 1 if session.split else session.places or max(going, 1)
    has, needs = Minutes(books.balance(pot(session.pot))), Minutes(people_paid * session.minutes)
    return (has, needs) if has < needs else None


def pots_of(who: Who) -> Sequence[tuple[Area, Minutes]]:
    """The areas whose community pot somebody may spend, by name, and what is in it, in minutes. One query, or none."""
    areas = who.areas("connector", "officer")
    query = (
        select(Area, func.coalesce(books.BALANCE, 0))
        .outerjoin(Account, Account.code == "pot:" + Area.code)
        .outerjoin(State, State.account_id == Account.id)
        .where(Area.archived_at.is_(None), Area.kind != "scheme")
    )
    if areas is not None:
        query = query.where(Area.id.in_(areas))
    found = db.session.execute(query.order_by(Area.name)).tuples() if areas is None or areas else ()
    return [(area, Minutes(has)) for area, has in found]


# --- opening -------------------------------------------------------------------------------------------------------------


def open_session(
    plan: Plan, payer: str, who: Who, *, once_key: str, every: str = "", until: date | None = None, basis: str | None = None
) -> str:
    """Open a session, or with `every` and `until` one for each day of a rota; returns the reference of the first.

    `payer`: "member:" and a card number, or "pot:" and an area's code. `basis`: how they know, where they type for somebody whom they
    do not act for. Refused: what `_judge` says, no account of theirs, a paused member, what `calendars.days_of` says.
    """
    with transaction():
        return opened(plan, payer, who, once_key=once_key, every=every, until=until, basis=basis)


def opened(
    plan: Plan, payer: str, who: Who, *, once_key: str, every: str = "", until: date | None = None, basis: str | None = None,
    gathering_id: int | None = None,
) -> str:  # fmt: skip
    """The same as a part of an action. `gathering_id`: of the event that it belongs to, which has one session at most."""
    must_be_in_transaction()
    if (done := once.claim(once_key)) is not None:
        return done
    if gathering_id is not None and (there := _of_event(gathering_id)) is not None:
        return there
    members.open_rules()
    paying, pot_area, actor = _payer(payer, who, basis)
    giver = _giver(plan, paying)
    if plan.split == "pot":
        assert giver is not None
        members.open_books_of(giver.area)
        pot_area, paying = giver.area, None
    behind = giver or paying
    organiser_id = behind.person_id if behind is not None and behind.person_id and actor.on_behalf_id else who.id
    category_id = _judge(plan, [who.name, people.person(organiser_id).name], typed=who.can("help others", Lying(plan.area_id)))
    rota = None
    days = [plan.day]
    if every:
        if until is None:
            raise Refused(_("Say until when it comes."), "until")
        days = calendars.days_of(every, plan.day, until)
        if len(days) > calendars.MOST_TIMES:
            raise Refused(_("That is more than %(most)d times. Choose an earlier last day.", most=calendars.MOST_TIMES), "until")
        if plan.purpose_id is not None:
            ideas.judge(plan.purpose_id, days[-1], "until")
        rota = Rota(ref=new_ref("ROT"), every=every, first_day=days[0], until=until)
        db.session.add(rota)
        db.session.flush()
    made = []
    for day in days:
        ref = new_ref("SES")
        session = TimeSession(
            ref=ref, rota_id=rota.id if rota else None, category_id=category_id, payer_id=paying.id if paying else None,
            pot_id=pot_area.id if pot_area else None, organiser_id=organiser_id, entered_by=actor.code, basis=actor.basis,
            code=_new_code(ref, day), changed_at=clock.now(), split=plan.split, giver_id=giver.id if giver else None,
            gathering_id=gathering_id, **_columns(replace(plan, day=day)),
        )  # fmt: skip
        db.session.add(session)
        db.session.flush()
        record(about(session), "opened", actor, payer=payer)
        made.append(ref)
    once.keep(once_key, made[0])
    return made[0]


def _of_event(gathering_id: int) -> str | None:
    """The session that an event has already; the event is held, so that two who open one at once open one."""
    events.shared(Gathering.id == gathering_id, alone=True)
    return db.session.scalar(select(TimeSession.ref).where(TimeSession.gathering_id == gathering_id))


def _giver(plan: Plan, chosen: Member | None) -> Member | None:
    """Who gives to all who come. Refused: a way to pay that there is not, nobody who gives, an idea that would have no hours of it."""
    if not plan.split:
        return None
    if plan.split not in session_split.SPLITS:
        raise Refused(_("Choose how it is paid."), "split")
    if chosen is None:
        raise Refused(_("Choose who gives the time: a person or an organisation, not a pot."), "payer")
    if plan.purpose_id is not None and plan.split != "pot":
        raise Refused(_("For an idea the hours of those who help it count, not of those who receive. Leave the idea out."), "purpose")
    return chosen


def _payer(payer: str, who: Who, basis: str | None) -> tuple[Member | None, Area | None, Actor]:
    """Whose account, and who acts for whom on what basis."""
    kind, _colon, name = payer.partition(":")
    if kind == "pot":
        area = db.session.scalar(select(Area).where(Area.code == name, Area.archived_at.is_(None), Area.kind != "scheme"))
        if area is None or not who.can("help others", Lying(area.id)):
            raise Refused(_("Choose who gives the hours."), "payer")
        members.open_books_of(area)
        return None, area, Actor(who.id)
    if kind != "member" or not name:
        raise Refused(_("Choose who gives the hours."), "payer")
    member = members.by_ref(name)
    if member.status != "active":
        raise Refused(members.on_break(member, Actor(who.id)), "payer")
    if members.acts_as(who, member):
        return member, None, Actor(who.id)
    if not who.can("help others", member):
        raise Refused(_("Choose who gives the hours."), "payer")
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    return member, None, Actor(who.id, member.person_id, basis)


def _columns(plan: Plan) -> dict[str, Any]:
    return {
        "title": plan.title, "what": plan.what, "area_id": plan.area_id, "place": plan.place, "day": plan.day, "starts": plan.starts, "ends": plan.ends,
        "minutes": plan.minutes, "places": plan.places, "purpose_id": plan.purpose_id,
    }  # fmt: skip


def _judge(plan: Plan, names: Iterable[str], *, typed: bool) -> int:
    """The id of its category. Refused, at its field, for whatever does not fit. `typed`: by a coordinator there, who may write down older
    ones, as of single hours.
    """
    members.open_rules()
    if not plan.title:
        raise Refused(_("Write what it is called."), "title")
    if not plan.place:
        raise Refused(_("Write where people meet."), "place")
    for field, text in (("title", plan.title), ("what", plan.what), ("place", plan.place)):
        if (private := not_for_the_public(text, names)) is not None:
            raise Refused(_("Everybody can read this, so take out %(what)s.", what=private), field)
    today = clock.today()
    if plan.day > today + AHEAD:
        raise Refused(_("That is more than a year ahead. Choose an earlier day."), "day")
    if not typed and plan.day < today - OWN_PAST:
        raise Refused(_("That is a long time ago. Tell a coordinator, who writes it down with you."), "day")
    if plan.ends <= plan.starts:
        raise Refused(_("It ends before it begins. Check both times."), "ends")
    judge_time(plan.minutes)
    if plan.places is not None and not 1 <= plan.places <= MOST_PLACES:
        raise Refused(_("Write a number of places from 1 to %(most)d, or leave it empty.", most=MOST_PLACES), "places")
    area = db.session.get(Area, plan.area_id) if plan.area_id is not None else None
    if area is None or area.archived_at is not None or area.kind == "scheme":
        raise Refused(_("Choose in which area it is."), "area")
    if plan.purpose_id is not None:
        ideas.judge(plan.purpose_id, plan.day)
    return members.category(plan.kind).id


# --- changing ------------------------------------------------------------------------------------------------------------


def change(ref: str, plan: Plan, who: Who, *, shown: int, later: bool = False) -> int:
    """Change a session, or with `later` this one and all later ones of its rota that are open; returns how many.

    Later ones keep their own days, moved by as many days as this one. Whoever signed up hears of another day, time, place or name.
    Refused: not theirs, over, changed by somebody else since it was `shown`, people checked in already, more people than places.
    """
    with transaction():
        session = _open_one(ref, who)
        if shown != session.version:
            raise Conflict(_("Somebody changed this meanwhile. Look at it again."))
        moved = plan.day - session.day
        some = [session] + (_later(session) if later else [])
        category_id = _judge(plan, [session.organiser.name], typed=who.can("help others", session))
        for each in some:
            _change_one(each, replace(plan, day=each.day + moved), category_id, Actor(who.id))
        return len(some)


def _open_one(ref: str, who: Who) -> TimeSession:
    session = locked(ref)
    must_run(who, session)
    _must_be_open(session)
    return session


def _must_be_open(session: TimeSession) -> None:
    if session.status == "closed":
        raise Conflict(_("This is closed already, and the hours are in the books."))
    if session.status == "cancelled":
        raise Conflict(_("This was cancelled. Copy it to open another one."))


def _later(session: TimeSession) -> list[TimeSession]:
    """The later open ones of its rota, locked in order."""
    if session.rota_id is None:
        return []
    query = select(TimeSession).where(
        TimeSession.rota_id == session.rota_id, TimeSession.day > session.day, TimeSession.status == "open"
    )  # fmt: skip
    return list(db.session.scalars(query.order_by(TimeSession.id).with_for_update().execution_options(populate_existing=True)))


def _change_one(session: TimeSession, plan: Plan, category_id: int, actor: Actor) -> None:
    if plan.purpose_id is not None:
        ideas.judge(plan.purpose_id, plan.day)
    new = _columns(plan) | {"category_id": category_id}
    before = {name: getattr(session, name) for name in new}
    if new == before:
        return
    if plan.day != session.day:
        if _anybody_here(session):
            raise Refused(_("People are checked in already, so the day stays as it is."), "day")
        session.code = _new_code(session.ref, plan.day)
    if session.split and plan.minutes > session.minutes and _anybody_here(session):
        raise Refused(_("People have checked in for %(time)s, so it cannot cost more now.", time=hours(session.minutes)), "minutes")
    if session.split in ("shared", "each") and plan.purpose_id is not None:
        raise Refused(_("For an idea the hours of those who help it count, not of those who receive. Leave the idea out."), "purpose")
    if plan.places is not None:
        _fit(session, plan.places)
    for name, value in new.items():
        setattr(session, name, value)
    session.version += 1
    session.changed_at = clock.now()
    db.session.flush()
    record(about(session), "changed", actor, fields=sorted(name for name in new if new[name] != before[name]))
    _move_up(session)
    if any(new[name] != before[name] for name in ("day", "starts", "ends", "place", "title")) and session.day >= clock.today():
        messages.changed(session, [each.member for each in sign_ups(session)])


def _anybody_here(session: TimeSession) -> bool:
    return db.session.scalar(select(Attendance.id).where(Attendance.session_id == session.id).limit(1)) is not None


def _fit(session: TimeSession, places: int) -> None:
    """Give lower numbers to who has one above `places`. Refused: more people have a place."""
    have = [each for each in sign_ups(session) if each.state == "going"]
    if len(have) > places:
        raise Refused(
            _n(
                "One person has a place already. Write at least 1.",
                "%(num)d people have a place already. Write at least %(num)d.",
                len(have),
            ),
            "places",
        )
    free = iter(sorted(set(range(1, places + 1)) - {each.number for each in have}))
    for each in have:
        if each.number is not None and each.number > places:
            each.number = next(free)
            db.session.flush()


def go_along(session: TimeSession, actor: Actor, **new: Any) -> None:
    """A session follows what it belongs to, as a part of that action, unless it is over or somebody is checked in."""
    must_be_in_transaction()
    if session.status == "open" and not _anybody_here(session):
        now = Plan(**{each.name: getattr(session, each.name) for each in fields(Plan) if each.name != "kind"} | {"kind": ""} | new)
        _change_one(session, now, session.category_id, actor)


def cancel_unless_there(session: TimeSession, reason: str, actor: Actor) -> None:
    """What it belongs to is cancelled: so is an open session, as a part of that action, unless somebody is checked in."""
    must_be_in_transaction()
    if session.status == "open" and not _anybody_here(session):
        _cancel_one(session, reason, actor)


def say_why_again(session: TimeSession, before: str, reason: str, actor: Actor) -> None:
    """What it belongs to says in another way why it was cancelled: so does a session that said the same, as a part of that action, and who
    signed up hears it. One that was cancelled for a reason of its own keeps it.
    """
    must_be_in_transaction()
    if session.status != "cancelled" or session.reason != before or reason == before:
        return
    session.reason, session.changed_at = reason, clock.now()
    session.version += 1
    db.session.flush()
    record(about(session), "reason_changed", actor, reason=reason)
    if session.day >= clock.today():
        messages.reason_changed(session, [each.member for each in sign_ups(session)])


def let_pot_pay(ref: str, area_code: str, reason: str, who: Who) -> None:
    """A connector or officer lets the community pot of an area pay instead, for a reason that is kept. Refused: no reason, over."""
    with transaction():
        session = _open_one(ref, who)
        if not who.can("help others", session):
            raise NotYours(_("We cannot find that session."))
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept."), "reason")
        _member, area, actor = _payer(f"pot:{area_code}", who, None)
        assert area is not None
        session.payer_id, session.pot_id = None, area.id
        session.split = "pot" if session.split else ""
        session.version += 1
        session.changed_at = clock.now()
        record(about(session), "pot_pays", actor, reason=reason, area=area.code)


def cancel(ref: str, reason: str, who: Who, *, later: bool = False) -> int:
    """It does not take place, or with `later` neither do the later ones of its rota; everybody who signed up hears why. Returns how
    many were cancelled; a second time none. Refused: not theirs, closed, no reason, people checked in.
    """
    with transaction():
        session = locked(ref)
        must_run(who, session)
        if not reason:
            raise Refused(_("Write why, in a few words. Everybody who signed up reads it."), "reason")
        if (private := not_for_the_public(reason, [session.organiser.name])) is not None:
            raise Refused(_("Everybody can read why, so take out %(what)s.", what=private), "reason")
        if session.status == "closed":
            _must_be_open(session)
        some = [each for each in [session] + (_later(session) if later else []) if each.status == "open"]
        for each in some:
            _cancel_one(each, reason, Actor(who.id))
        return len(some)


def _cancel_one(session: TimeSession, reason: str, actor: Actor) -> None:
    if _anybody_here(session):
        raise Refused(_("People are checked in. Close it instead, so that they get their hours."))
    session.status, session.cancelled_at, session.reason = "cancelled", clock.now(), reason
    session.version += 1
    session.changed_at = clock.now()
    db.session.flush()
    record(about(session), "cancelled", actor, reason=reason)
    if session.day >= clock.today():
        messages.cancelled(session, [each.member for each in sign_ups(session)])


# --- signing up ----------------------------------------------------------------------------------------------------------


@evidence.telling
def sign_up(ref: str, member_ref: str, who: Who) -> str:
    """A member wants to come: "going" with a place, or "waiting". A second time changes nothing.

    By themselves, or by who runs it. Refused: over, cancelled, not a person, taking a break, not theirs; `evidence.NotYet`: something
    must have been seen of them first.
    """
    with transaction():
        session = locked(ref)
        member = members.by_ref(member_ref)
        _must_be_theirs(who, session, member)
        _must_be_open(session)
        if session.day < clock.today():
            raise Conflict(_("That day is over."))
        must_be_able(member, Actor(who.id))
        row = sign_up_of(session, member)
        if row is not None and row.state != "off":
            return row.state
        evidence.must_be_ready(member, session.category.risk, member if member.person_id == who.id else None)
        number = _free_number(session)
        state = "waiting" if number is None or _first_waiting(session) is not None else "going"
        if row is None:
            row = SignUp(
                session_id=session.id, member_id=member.id, state=state, number=number if state == "going" else None, asked_at=clock.now()
            )
            db.session.add(row)
        else:
            row.state, row.number, row.asked_at = state, number if state == "going" else None, clock.now()
        db.session.flush()
        record(about(session), "signed_up", Actor(who.id), member=member.id, state=state)
        return state


def _must_be_theirs(who: Who, session: TimeSession, member: Member) -> None:
    if member.person_id != who.id and not runs(who, session):
        raise NotYours(_("We cannot find that session."))


def must_be_able(member: Member, actor: Actor = SCHEME) -> None:
    """Refused: somebody who cannot be given hours here. `actor`: who signs them up or checks them in."""
    if member.person_id is None:
        raise Refused(_("Only people can come, not groups. Choose a person."))
    if member.status == "paused":
        raise Refused(members.on_break(member, actor))
    if member.status == "left":
        raise members.unknown()


def _free_number(session: TimeSession) -> int | None:
    """The lowest number that nobody has; None when all are taken."""
    taken = set(db.session.scalars(select(SignUp.number).where(SignUp.session_id == session.id, SignUp.number.is_not(None))))
    number = next(each for each in range(1, len(taken) + 2) if each not in taken)
    return number if session.places is None or number <= session.places else None


def _first_waiting(session: TimeSession) -> SignUp | None:
    """Who has waited longest, of those who are members still and may help in this way."""
    risk = session.category.risk
    query = select(SignUp).join(SignUp.member).where(
        SignUp.session_id == session.id, SignUp.state == "waiting", Member.status == "active", safety.ready(risk, safety.level_rules(risk))
    )  # fmt: skip
    return db.session.scalar(query.order_by(SignUp.asked_at, SignUp.id).limit(1))


def take_off(ref: str, member_ref: str, who: Who) -> None:
    """A member cannot come; whoever waits longest has their place and hears of it. A second time changes nothing.

    Refused: not theirs, over.
    """
    with transaction():
        session = locked(ref)
        member = members.by_ref(member_ref)
        _must_be_theirs(who, session, member)
        _must_be_open(session)
        _take_off(session, member, Actor(who.id))


def _take_off(session: TimeSession, member: Member, actor: Actor) -> None:
    row = sign_up_of(session, member)
    if row is None or row.state == "off":
        return
    row.state, row.number = "off", None
    db.session.flush()
    record(about(session), "took_off", actor, member=member.id)
    _move_up(session)


def _move_up(session: TimeSession) -> None:
    """Give what places are free to who waits, in order, and tell them; nobody once the day is over."""
    if session.day < clock.today():
        return
    while (first := _first_waiting(session)) is not None and (number := _free_number(session)) is not None:
        first.state, first.number = "going", number
        db.session.flush()
        event = record(about(session), "moved_up", SCHEME, member=first.member_id)
        db.session.flush()
        messages.moved_up(session, first.member, event.id)


# --- the worker ----------------------------------------------------------------------------------------------------------


def remind_to_close() -> int:
    """Ask who organised a session that is over and not closed to close it: the day after, and after a week. Each message once."""
    today = clock.today()
    query = select(TimeSession.ref, TimeSession.day).where(
        TimeSession.status == "open", TimeSession.day <= today - CLOSE_IT[0], TimeSession.day > today - timedelta(days=31)
    )
    told = 0
    for ref, day in db.session.execute(query.order_by(TimeSession.id).limit(500)).all():
        number = sum(day + gap <= today for gap in CLOSE_IT)
        with transaction():
            session = locked(ref)
            if session.status == "open":
                told += messages.close_it(session, number)
    return told


# --- persons -------------------------------------------------------------------------------------------------------------


def let_go(member: Member, actor: Actor) -> None:
    """A member leaves the timebank, as a part of that action: their places go to who waits, and what they alone organise and pay is
    cancelled, with a word to everybody who signed up.
    """
    must_be_in_transaction()
    today = clock.today()
    places = select(TimeSession.ref).join(SignUp, SignUp.session_id == TimeSession.id).where(
        SignUp.member_id == member.id, SignUp.state != "off", TimeSession.status == "open", TimeSession.day >= today
    )  # fmt: skip
    for ref in db.session.scalars(places.order_by(TimeSession.id)).all():
        _take_off(locked(ref), member, actor)
    theirs = or_(TimeSession.payer_id == member.id, TimeSession.giver_id == member.id)
    own = select(TimeSession.ref).where(theirs, TimeSession.status == "open", TimeSession.day >= today)
    for ref in db.session.scalars(own.order_by(TimeSession.id)).all():
        session = locked(ref)
        if not _anybody_here(session):
            _cancel_one(session, _("Whoever organised it has left the timebank."), actor)


def _forget_person(me: Person) -> Sequence[str]:
    member = db.session.scalar(select(Member).where(Member.person_id == me.id))
    if member is not None:
        let_go(member, Actor(me.id))
        db.session.execute(update(Attendance).where(Attendance.member_id == member.id, Attendance.question != "").values(question=""))
    return []


def _sessions_of_person(person_id: int) -> Mapping[str, Any]:
    """For "export my data"."""
    joined = db.session.execute(
        select(SignUp, TimeSession)
        .join(TimeSession, TimeSession.id == SignUp.session_id)
        .join(Member, Member.id == SignUp.member_id)
        .where(Member.person_id == person_id)
        .order_by(TimeSession.day, TimeSession.id)
    )
    there = db.session.execute(
        select(Attendance, TimeSession)
        .join(TimeSession, TimeSession.id == Attendance.session_id)
        .join(Member, Member.id == Attendance.member_id)
        .where(Member.person_id == person_id)
        .order_by(TimeSession.day, TimeSession.id)
    )
    put = db.session.execute(
        select(Correction, TimeSession.title)
        .join(Attendance, Attendance.id == Correction.attendance_id)
        .join(TimeSession, TimeSession.id == Attendance.session_id)
        .join(Member, Member.id == Attendance.member_id)
        .where(Member.person_id == person_id)
        .order_by(Correction.id)
    )
    organised = db.session.scalars(
        select(TimeSession).where(TimeSession.organiser_id == person_id).order_by(TimeSession.day, TimeSession.id)
    )
    return {
        "signed up": [{"what": one.title, "day": one.day.isoformat(), "state": row.state, "when": row.asked_at.isoformat()} for row, one in joined],
        "was there": [
            {"what": one.title, "day": one.day.isoformat(), "checked in": row.entered_at.isoformat(), "how": row.how, "minutes": row.minutes, "you said": row.question}
            for row, one in there
        ],
        "put right": [{"what": title, "when": row.made_at.isoformat(), "minutes": row.after, "why": row.reason} for row, title in put],
        "organised": [
            {"reference": one.ref, "what": one.title, "about": one.what, "where": one.place, "day": one.day.isoformat(), "state": one.status} for one in organised
        ],
    }  # fmt: skip


COLLECTORS["sessions"] = _sessions_of_person
ERASERS.append(_forget_person)
