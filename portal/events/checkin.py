"""Who is there: by the sheet at the door (QR code or six digits) on their own phone, by their own link, by the organiser's hand, or
typed from a paper list afterwards. Everybody counts once, however often they are checked in.

A room above may share a check-in: it registers a function in `hooks`, which runs as a part of the same action.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import joinedload

from portal import clock, once, vault
from portal.db import db, is_postgresql, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.events import coming, hooks, queries
from portal.events.model import Gathering, Guest, WrongCode, WrongFrom
from portal.events.notices import about
from portal.events.queries import must_run
from portal.history import Actor, record
from portal.people import queries as people
from portal.people.access import Who
from portal.refs import new_ref
from portal.web.filters import day as day_words
from portal.words import _

MOST_WRONG = 8  # codes that one person may type wrongly on a day
MOST_WRONG_AT = 60  # that all without an account may who share one network
MOST_THERE = 1000
MOST_LINES = 80  # of one paper list


@dataclass(frozen=True)
class Here:
    """Somebody at the door. `name`: of who has no account; `hear`: we may ask them for something tomorrow; `another`: they say that they
    are not the one of that name who is here already.
    """

    name: str = ""
    hear: bool = False
    another: bool = False


class Unclear(Refused):
    """A name that may mean somebody who is here already: whoever says it tells whether that is them."""


@dataclass
class Typed:
    """What came of a paper list: names."""

    here: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)  # had not said that they come
    again: list[str] = field(default_factory=list)  # were there already


# --- on one's own phone --------------------------------------------------------------------------------------------------


def here_by_token(token: str, here: Here, who: Any, *, once_key: str) -> str:
    """ "I'm here", by the QR code at the door; returns the event's reference. A second time changes nothing.

    NotFound: no such sheet. Refused: another day, cancelled, no name, or a name that is checked in.
    """
    ref = queries.ref_of_token(token)
    with transaction():
        if ref is None:
            raise NotFound(_("We cannot find that event. Type the six digits at the door instead."))
        return _here(queries.shared(Gathering.ref == ref), here, who, "phone", once_key)


def here_by_code(typed: str, here: Here, who: Any, *, once_key: str, network: str = "") -> str:
    """ "I'm here", by the six digits at the door, which are good on the day. `network`: from where somebody without an account types.

    Refused: wrong, or wrong too often on one day.
    """
    digits = "".join(each for each in typed if each.isascii() and each.isdigit())
    today = clock.today()
    with transaction():
        if _wrong_too_often(who, network):
            raise Refused(_("That was wrong too often today. Ask the organiser to check you in, by your name."), "code")
        ref = db.session.scalar(
            select(Gathering.ref).where(Gathering.day == today, Gathering.code == digits, Gathering.status.in_(("open", "cancelled")))
        )
        if ref is not None:
            return _here(queries.shared(Gathering.ref == ref), here, who, "code", once_key)
        _count_wrong(who, network)
    # counted for good, whatever is said now
    raise Refused(_("No event of today has that code. Look at the six digits again."), "code")


def _whose(who: Any, network: str) -> tuple[type[WrongCode] | type[WrongFrom], dict[str, Any], int]:
    """Where wrong codes are counted, for whom, and how many there may be. A network is kept as a mark of this day alone."""
    if isinstance(who, Who):
        return WrongCode, {"person_id": who.id}, MOST_WRONG
    return WrongFrom, {"mark": vault.marks("event door", f"{network}:{clock.today()}")[0]}, MOST_WRONG_AT


def _wrong_too_often(who: Any, network: str) -> bool:
    table, whose, most = _whose(who, network)
    return (db.session.scalar(select(table.wrong).filter_by(**whose, day=clock.today())) or 0) >= most


def _count_wrong(who: Any, network: str) -> None:
    table, whose, _most = _whose(who, network)
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    row = insert(table).values(**whose, day=clock.today(), wrong=1)
    db.session.execute(row.on_conflict_do_update(index_elements=[*whose, "day"], set_={"wrong": table.wrong + 1}))
    old = delete(table).where(table.day < clock.today())
    db.session.execute(old.where(WrongCode.person_id == who.id) if table is WrongCode else old)


def here_by_own_link(token: str) -> None:
    """ "I'm here", by the link that a neighbour without an account has, on the day. A second time changes nothing."""
    ref = queries.guest_by_token(token).gathering.ref
    with transaction():
        gathering = queries.shared(Gathering.ref == ref)
        _must_be_today(gathering)
        row = queries.guest_by_token(token)
        mark(gathering, row, "phone", Actor(row.person_id))


def _here(gathering: Gathering, here: Here, who: Any, how: str, once_key: str) -> str:
    _must_be_today(gathering)
    if isinstance(who, Who):
        person_here(gathering, who.id, how, Actor(who.id), hear=here.hear)
    elif once.claim(once_key) is None:
        _neighbour_here(gathering, here, how)
    return gathering.ref


def _must_be_today(gathering: Gathering) -> None:
    _must_be_on(gathering)
    if gathering.day != clock.today():
        raise Refused(_("This is for %(day)s. It works on that day only.", day=day_words(gathering.day)), "code")


def _must_be_on(gathering: Gathering) -> None:
    if gathering.status == "cancelled":
        raise Conflict(_("This was cancelled, so nobody is checked in any more. Who was there before stays counted."))
    if gathering.status != "open":
        raise NotFound(_("We cannot find that event."))
    if gathering.day > clock.today():
        raise Refused(_("That is on %(day)s. People are checked in on the day.", day=day_words(gathering.day)))


def _neighbour_here(gathering: Gathering, here: Here, how: str) -> None:
    """Somebody without an account, by name: the line that is called so, or a new one."""
    if not here.name:
        raise Refused(_("Write your name, so that you are counted once."), "name")
    there = [row for row in _called(gathering, here.name, with_account=True) if row.here_at is not None]
    if there and not here.another:
        name = queries.name_of(there[0])
        raise Unclear(_("%(name)s is here already. Is that you? Then all is well. If not, say so below the name.", name=name), "another")
    same = _called(gathering, here.name)
    if any(row.here_at is not None for row in same):
        raise Refused(
            _("Somebody of that name is checked in already. Is that you? Then all is well. If not, write your second name too."), "name"
        )
    if len(same) == 1:
        same[0].hear = same[0].hear or here.hear
        mark(gathering, same[0], how, Actor())
    else:
        walk_in(gathering, here.name, 1, how, Actor(), hear=here.hear)


def _called(gathering: Gathering, name: str, *, with_account: bool = False) -> Sequence[Guest]:
    """Lines of neighbours without an account who are called so; or of those with one, by their full name alone."""
    wanted = name.casefold().split()
    if with_account and len(wanted) < 2:
        return []
    whose = Guest.person_id.is_not(None) if with_account else and_(Guest.person_id.is_(None), Guest.name != "")
    query = select(Guest).where(Guest.gathering_id == gathering.id, whose).options(joinedload(Guest.person))
    return [row for row in db.session.scalars(query) if queries.name_of(row).casefold().split() == wanted]


# --- parts ---------------------------------------------------------------------------------------------------------------


def person_here(
    gathering: Gathering, person_id: int, how: str, actor: Actor, *, hear: bool = False, sheet: str = "", but: str = ""
) -> bool:
    """A person with an account is there, as a part of an action that holds the event; whether that is new. A room above may call it
    too, before it writes down its own part, and names itself (`but`) so that it is not told.
    """
    _must_be_on(gathering)
    row = _adopted(gathering, person_id)
    if row is None:
        insert = postgresql.insert if is_postgresql() else sqlite.insert
        now = clock.now()
        new = insert(Guest).values(
            ref=new_ref("GST"), gathering_id=gathering.id, person_id=person_id, name="", party=1, state="none", asked_at=now, hear=hear,
            entered_by=actor.code, basis=actor.basis, here_at=now, here_party=1, how=how, sheet=sheet,
        )  # fmt: skip
        made = db.session.scalar(new.on_conflict_do_nothing(index_elements=["gathering_id", "person_id"]).returning(Guest.id))
        if made is not None:
            _told(gathering, made, person_id, how, actor, but)
            return True
        row = queries.guest_of(gathering, person_id)
        assert row is not None
    if hear and not row.hear:
        row.hear = True
    return mark(gathering, row, how, actor, sheet=sheet, but=but)


def _adopted(gathering: Gathering, person_id: int) -> Guest | None:
    """A person's own line, or the one that they made by their e-mail address before they had an account. The event is only shared here,
    so two lines of one person stay for the organiser to join.
    """
    row = queries.guest_of(gathering, person_id)
    email = people.person(person_id).email
    if row is not None or email is None:
        return row
    db.session.execute(
        update(Guest).where(Guest.gathering_id == gathering.id, Guest.email == email).values(person_id=person_id, name="", email=None)
    )
    return queries.guest_of(gathering, person_id)


def mark(gathering: Gathering, row: Guest, how: str, actor: Actor, *, party: int | None = None, sheet: str = "", but: str = "") -> bool:
    """Somebody on the list is there, with `party` people (as many as they said); whether that is new. As a part of an action."""
    _must_be_on(gathering)
    values = {"here_at": clock.now(), "here_party": party or row.party, "how": how, "sheet": sheet}
    done = update(Guest).where(Guest.id == row.id, Guest.here_at.is_(None)).values(**values).returning(Guest.person_id)
    found = db.session.execute(done).one_or_none()
    if found is None:
        return False
    _told(gathering, row.id, found[0], how, actor, but)
    return True


def walk_in(gathering: Gathering, name: str, party: int, how: str, actor: Actor, *, hear: bool = False, sheet: str = "") -> None:
    """Somebody without an account who had not said that they come."""
    _must_be_on(gathering)
    if not name:
        raise Refused(_("Write their name, so that you know them in the list."), "name")
    if not 1 <= party <= 10:
        raise Refused(_("Write a number from 1 to 10."), "party")
    count = db.session.scalar(select(func.count()).where(Guest.gathering_id == gathering.id)) or 0
    if count >= MOST_THERE:
        raise Refused(_("That is more people than one list holds. Count the others on paper."), "name")
    now = clock.now()
    row = Guest(
        ref=new_ref("GST"), gathering_id=gathering.id, name=name, party=party, state="none", asked_at=now, hear=hear, entered_by=actor.code,
        basis=actor.basis, here_at=now, here_party=party, how=how, sheet=sheet,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    _told(gathering, row.id, None, how, actor)


def _told(gathering: Gathering, guest_id: int, person_id: int | None, how: str, actor: Actor, but: str = "") -> None:
    record(about(gathering), "here", actor, guest=guest_id, how=how)
    if person_id is not None:
        for room, share in hooks.AT_CHECK_IN.items():
            if room != but:
                share(gathering, person_id, how, actor)


# --- by the organiser ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tap:
    """One tap on the organiser's page. Each act reads what it needs."""

    act: str
    guest: str = ""  # a line's reference
    name: str = ""  # of who is not on the list
    party: int | None = None


def tap(ref: str, one: Tap, who: Who, *, once_key: str) -> None:
    """Do what the organiser tapped. Acts: "here", "away" for a mistake; "new" for who was not on the list, once for each key. The first
    two say how it is to be, so that a second tap changes nothing and one from an old page still counts.

    Refused: what the act refuses. NotYours: who does not look after it.
    """
    with transaction():
        gathering = queries.shared(Gathering.ref == ref)
        must_run(who, gathering)
        if one.act == "new" and once.claim(once_key) is not None:
            return
        if one.act not in ACTS:
            raise Refused(_("That button is not there any more. Load the page again."))
        ACTS[one.act](gathering, one, Actor(who.id))


def _tap_here(gathering: Gathering, one: Tap, actor: Actor) -> None:
    try:
        row = coming.guest(gathering, one.guest)
    except NotFound as why:
        raise Refused(_("They were taken off the list meanwhile. Write them down as somebody who is not on it."), "name") from why
    if one.party is not None and not 1 <= one.party <= 10:
        raise Refused(_("Write a number from 1 to 10."), "party")
    mark(gathering, row, "organiser", actor, party=one.party)


def _tap_away(gathering: Gathering, one: Tap, actor: Actor) -> None:
    _must_be_on(gathering)
    row = db.session.scalar(select(Guest).where(Guest.gathering_id == gathering.id, Guest.ref == one.guest))
    if row is None or row.here_at is None:
        return
    person_id = row.person_id
    if row.state == "none":
        db.session.execute(delete(Guest).where(Guest.id == row.id))
    else:
        db.session.execute(update(Guest).where(Guest.id == row.id).values(here_at=None, here_party=None, how=None, sheet=""))
    record(about(gathering), "not_here", actor, guest=row.id)
    if person_id is not None:
        for undo in hooks.AT_UNDO:
            undo(gathering, person_id, actor)


def _tap_new(gathering: Gathering, one: Tap, actor: Actor) -> None:
    walk_in(gathering, one.name, one.party or 1, "organiser", actor)


ACTS: dict[str, Callable[[Gathering, Tap, Actor], None]] = {"here": _tap_here, "away": _tap_away, "new": _tap_new}


def from_paper(ref: str, sheet: str, ticked: Sequence[str], lines: Sequence[str], who: Who, *, once_key: str) -> Typed:
    """Type in a paper list: `ticked` are references of printed names, `lines` names written by hand. A name that exactly one line has
    is that line; any other is new. Sent twice, it counts once.

    Refused: no sheet number, nothing on it, too early, cancelled. NotYours: who does not look after it.
    """
    with transaction():
        gathering = queries.shared(Gathering.ref == ref)
        must_run(who, gathering)
        if once.claim(once_key) is not None:
            return Typed()
        _must_be_on(gathering)
        names = [line for line in lines if line]
        if not sheet:
            raise Refused(_("Write the number of the sheet."), "sheet")
        if not ticked and not names:
            raise Refused(_("Tick who was there, or write a name."), "lines")
        if len(names) > MOST_LINES:
            raise Refused(_("That is more than %(most)d lines. Type it as two sheets.", most=MOST_LINES), "lines")
        typed, actor = Typed(), Actor(who.id, None, f"paper sheet {sheet}")
        rows = queries.guests(gathering)
        by_ref = {row.ref: row for row in rows}
        for number in ticked:
            if (row := by_ref.get(number)) is not None:
                _typed(gathering, row, typed, actor, sheet)
        for name in names:
            _typed_name(gathering, rows, name, typed, actor, sheet)
        record(about(gathering), "typed", actor, here=len(typed.here), new=len(typed.new))
        return typed


def _typed(gathering: Gathering, row: Guest, typed: Typed, actor: Actor, sheet: str) -> None:
    (typed.here if mark(gathering, row, "paper", actor, sheet=sheet) else typed.again).append(queries.name_of(row))


def _typed_name(gathering: Gathering, rows: Sequence[Guest], name: str, typed: Typed, actor: Actor, sheet: str) -> None:
    same = [row for row in rows if queries.name_of(row).casefold() == name.casefold()]
    if len(same) == 1:
        _typed(gathering, same[0], typed, actor, sheet)
    else:
        walk_in(gathering, name, 1, "paper", actor, sheet=sheet)
        typed.new.append(name)
