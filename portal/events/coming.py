"""Who comes: "I'm coming", with friends, with or without an account; calling it off; the waiting list, which moves up by itself.

Whoever takes a place or gives one back holds the event meanwhile. Somebody who left an e-mail address before they had an account is
known again by it, so that nobody is on the list twice.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import aliased

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.events import notices, queries
from portal.events.model import Gathering, Guest
from portal.events.notices import about
from portal.events.queries import locked, must_run
from portal.events.rules import is_over
from portal.history import BASES, SCHEME, Actor, record
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.refs import new_ref
from portal.words import _, _n

MOST_GUESTS = 1000
BEST = ("going", "waiting", "none", "off")


@dataclass(frozen=True)
class Asked:
    """What somebody says who wants to come. `party`: how many, themselves included; `hear`: we may ask them for something afterwards."""

    party: int = 1
    hear: bool = False
    name: str = ""  # of who has no account
    email: str | None = None


@dataclass(frozen=True)
class Came:
    """What came of it. `token`: their own link, where it may be shown here; empty where it went to their e-mail address alone."""

    state: str
    token: str = ""


# --- asking --------------------------------------------------------------------------------------------------------------


def come(ref: str, asked: Asked, who: Any, *, once_key: str) -> Came:
    """ "I'm coming": a place, or the waiting list. With an account a second time changes how many come.

    Somebody without one leaves a name and perhaps an e-mail address; what stands about that address already is told to the address
    alone. Refused: over, cancelled, no name, too many friends, fewer places than friends.
    """
    with transaction():
        gathering = _open(ref)
        if (done := once.claim(once_key)) is not None:
            return Came(*done.split(" ", 1)) if " " in done else Came(done)
        _judge(gathering, asked, signed_in=isinstance(who, Who))
        if isinstance(who, Who):
            row = own_row(gathering, who.id)
            row = _take(gathering, row, asked, Actor(who.id), person_id=who.id)
            came = Came(row.state)
        else:
            came = _come_by_name(gathering, asked)
        once.keep(once_key, f"{came.state} {came.token}" if came.token else came.state)
        return came


def _come_by_name(gathering: Gathering, asked: Asked) -> Came:
    row = _known(gathering, asked.email) if asked.email else None
    if row is None or row.state in ("off", "none"):
        row = _take(gathering, row, asked, Actor())
    if asked.email:
        notices.on_the_list(gathering, row)
        return Came("mail")
    return Came(row.state, queries.guest_token(row))


def _known(gathering: Gathering, email: str) -> Guest | None:
    """The line of this address, by itself or by the account that has it."""
    row = db.session.scalar(select(Guest).where(Guest.gathering_id == gathering.id, Guest.email == email))
    someone = people.person_at("email", email) if row is None else None
    return queries.guest_of(gathering, someone.id) if someone is not None else row


def enter(ref: str, asked: Asked, basis: str, who: Who, *, once_key: str) -> str:
    """Who looks after the event enters somebody who said so on paper, by telephone or face to face; returns their state.

    A connector's e-mail address of somebody with an account enters that person. Refused: no basis, as for `come`. NotYours.
    """
    with transaction():
        gathering = _open(ref)
        must_run(who, gathering)
        if (done := once.claim(once_key)) is not None:
            return done
        if basis not in BASES:
            raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
        _judge(gathering, asked, signed_in=False)
        known = people.person_at("email", asked.email) if asked.email and who.can("help others", gathering) else None
        row = own_row(gathering, known.id) if known is not None else _known(gathering, asked.email) if asked.email else None
        if row is None or row.state in ("off", "none"):
            actor = Actor(who.id, known.id if known is not None else None, basis)
            row = _take(gathering, row, asked, actor, person_id=known.id if known is not None else None)
            notices.on_the_list(gathering, row)
        once.keep(once_key, row.state)
        return row.state


def _open(ref: str, *also: str) -> Gathering:
    """An event for which people can still say that they come, locked; `also`: in which other states it may be."""
    gathering = locked(ref)
    if gathering.status == "cancelled":
        raise Conflict(_("This was cancelled. Look at what else is on."))
    if gathering.status not in ("open", *also):
        raise NotFound(_("We cannot find that event."))
    if is_over(gathering):
        raise Conflict(_("This is over. Look at what else is on."))
    return gathering


def _judge(gathering: Gathering, asked: Asked, *, signed_in: bool) -> None:
    if not signed_in and not asked.name:
        raise Refused(_("Write your name, as neighbours know you."), "name")
    if not 1 <= asked.party <= 1 + gathering.friends:
        if gathering.friends:
            raise Refused(
                _n("You can bring one friend.", "You can bring up to %(num)d friends.", gathering.friends),
                "friends",
            )
        raise Refused(_("This is for one person each. Ask your friends to say themselves that they come."), "friends")
    count = db.session.scalar(select(func.count()).where(Guest.gathering_id == gathering.id)) or 0
    if count >= MOST_GUESTS:
        raise Refused(_("So many have asked already that we take no more names. Just come along and ask at the door."))


def own_row(gathering: Gathering, person_id: int) -> Guest | None:
    """A person's own line, as a part of an action that holds the event; what they said by their e-mail address before becomes theirs."""
    row = queries.guest_of(gathering, person_id)
    email = people.person(person_id).email
    other = db.session.scalar(select(Guest).where(Guest.gathering_id == gathering.id, Guest.email == email)) if email else None
    if other is None:
        return row
    if row is not None:
        return _merge(gathering, row, other)
    other.person_id, other.name, other.email = person_id, "", None
    db.session.flush()
    return other


def _take(gathering: Gathering, row: Guest | None, asked: Asked, actor: Actor, *, person_id: int | None = None) -> Guest:
    """Give a line what was asked for: a place when one is free, else the waiting list. Who has one keeps it."""
    free = _free(gathering, row)
    fits = free is None or asked.party <= free
    had = row is not None and row.state == "going"
    if had and not fits:
        raise Refused(_n("Only one place is left.", "Only %(num)d places are left.", free or 0), "friends")
    state = "going" if fits else "waiting"
    if row is None:
        row = Guest(
            ref=new_ref("GST"), gathering_id=gathering.id, person_id=person_id, name="" if person_id else asked.name,
            email=None if person_id else asked.email, party=asked.party, state=state, asked_at=clock.now(), hear=asked.hear,
            entered_by=actor.code, basis=actor.basis,
        )  # fmt: skip
        db.session.add(row)
    else:
        if row.state not in ("going", "waiting"):
            row.asked_at = clock.now()
        row.party, row.state, row.hear = asked.party, state, asked.hear
    db.session.flush()
    record(about(gathering), "coming", actor, guest=row.id, state=state, party=asked.party)
    move_up(gathering)
    return row


def _free(gathering: Gathering, row: Guest | None) -> int | None:
    """How many places somebody could have, their own included; None: as many as they like."""
    if gathering.places is None:
        return None
    own = row.party if row is not None and row.state == "going" else 0
    return max(gathering.places - queries.taken(gathering) + own, 0)


# --- calling it off ------------------------------------------------------------------------------------------------------


def cannot_come(ref: str, who: Who) -> None:
    """A person calls it off; whoever waits has their place. A second time changes nothing. Refused: they were there, over, cancelled."""
    with transaction():
        gathering = _open(ref, "held")
        row = own_row(gathering, who.id)
        if row is not None:
            _off(gathering, row, Actor(who.id))


def call_off(token: str) -> None:
    """The same by a neighbour's own link. NotFound: no such link."""
    ref = queries.guest_by_token(token).gathering.ref
    with transaction():
        gathering = _open(ref, "held")
        row = queries.guest_by_token(token)
        _off(gathering, row, Actor(row.person_id))


def take_off(ref: str, guest_ref: str, who: Who) -> None:
    """Who looks after the event takes somebody off the list; they hear of it. NotYours, NotFound; Refused as for the others."""
    with transaction():
        gathering = _open(ref)
        must_run(who, gathering)
        row = guest(gathering, guest_ref)
        if _off(gathering, row, Actor(who.id)):
            notices.taken_off(gathering, row, int(clock.now().timestamp()))


def guest(gathering: Gathering, ref: str) -> Guest:
    """One line of an event, as a part of an action. NotFound."""
    query = select(Guest).where(Guest.gathering_id == gathering.id, Guest.ref == ref).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(_("They are not on the list any more."))
    return found


def _off(gathering: Gathering, row: Guest, actor: Actor) -> bool:
    """Whether it is new."""
    if row.here_at is not None:
        raise Refused(_("They are checked in already, so they stay on the list."))
    if row.state == "off":
        return False
    row.state = "off"
    db.session.flush()
    record(about(gathering), "called_off", actor, guest=row.id)
    move_up(gathering)
    return True


def let_go(gathering: Gathering, row: Guest, actor: Actor) -> None:
    """The place of somebody who leaves us goes to who waits, as a part of that action."""
    must_be_in_transaction()
    if gathering.status in ("open", "held") and row.here_at is None and row.state != "off":
        _off(gathering, row, actor)


def move_up(gathering: Gathering) -> None:
    """Give free places to who waits, in order, as long as all of them and their friends fit; and tell them. Nobody once it is over, or
    while it is held.
    """
    free = None if gathering.places is None else gathering.places - queries.taken(gathering)
    if gathering.status != "open" or is_over(gathering) or free == 0:
        return
    waiting = select(Guest).where(Guest.gathering_id == gathering.id, Guest.state == "waiting").order_by(Guest.asked_at, Guest.id)
    for row in db.session.scalars(waiting).all():
        if free is not None and row.party > free:
            continue
        row.state = "going"
        db.session.flush()
        free = None if free is None else free - row.party
        event = record(about(gathering), "moved_up", SCHEME, guest=row.id)
        db.session.flush()
        notices.moved_up(gathering, row, event.id)


# --- the same person twice -----------------------------------------------------------------------------------------------


def same(ref: str, keep: str, drop: str, who: Who) -> None:
    """Who looks after the event says that two lines are one human being: the second, which has no account, goes into the first.

    Refused: the second has an account of its own. NotYours, NotFound.
    """
    with transaction():
        gathering = locked(ref)
        must_run(who, gathering)
        first, second = guest(gathering, keep), guest(gathering, drop)
        if first.id == second.id or second.person_id is not None:
            raise Refused(_("Both have an account, so they are two people to us. Take one off the list instead."))
        kept = _merge(gathering, first, second)
        record(about(gathering), "same", Actor(who.id), guest=kept.id, gone=second.id)
        move_up(gathering)


def _merge(gathering: Gathering, first: Guest, second: Guest) -> Guest:
    """The second line goes into the first: the better state, the earlier turn, who was there is counted once."""
    state = min((first.state, second.state), key=BEST.index)
    party = first.party if first.state == state else second.party
    here = first if first.here_at is not None else second
    there = (here.here_at, here.here_party, here.how, here.sheet)
    asked_at, hear, email = min(first.asked_at, second.asked_at), first.hear or second.hear, second.email
    if gathering.status == "cancelled" and second.here_at is not None:
        raise Conflict(_("This was cancelled. Who was there stays recorded."))
    db.session.delete(second)
    db.session.flush()
    first.state, first.party, first.asked_at, first.hear = state, party, asked_at, hear
    first.here_at, first.here_party, first.how, first.sheet = there
    if first.person_id is None and first.email is None:
        first.email = email
    db.session.flush()
    return first


def know_again(someone: Person) -> None:
    """Somebody has a new address: lines that a neighbour of that address has become theirs, unless they have one of their own there."""
    if someone.email is None:
        return
    other = aliased(Guest)
    own = exists().where(other.gathering_id == Guest.gathering_id, other.person_id == someone.id)
    db.session.execute(
        update(Guest).where(Guest.email == someone.email, ~own).values(person_id=someone.id, name="", email=None),
        execution_options={"synchronize_session": False},
    )


people.AT_NEW_ADDRESS.append(know_again)
