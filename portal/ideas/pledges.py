""" "I'm in": saying it with an account or without one, changing it, taking it back; and knowing a neighbour again.

Without an account the link is everything: the one on the page lets who said it change it, the one that was sent proves the address too.
"""

from sqlalchemy import ColumnElement, func, or_, select

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.history import BASES, Actor, record
from portal.ideas import counting, notices, queries
from portal.ideas.cards import give_to
from portal.ideas.model import GONE, Idea, IdeaPledge
from portal.ideas.queries import about, hold, locked
from portal.ideas.rules import first_name, judge_minutes, judge_name
from portal.money import Minutes
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.refs import new_ref
from portal.words import _

MOST = 200  # on one card
MOST_LINKS = 3  # messages with a link to one address about one card


def say_in(ref: str, minutes: int, who: Who, *, once_key: str | None = None) -> None:
    """Somebody with an account is in, or changes with how much. Refused: hours that cannot be, their own idea, not on the wall."""
    with transaction():
        if once_key is not None and once.claim(once_key) is not None:
            return
        hold()
        idea = _open_card(ref)
        judged = judge_minutes(minutes)
        if who.id == queries.root_of(idea).owner_id:
            raise Refused(_("It is your own idea: you count anyway. Ask your neighbours to say “I’m in”."))
        if _taken_off(idea, IdeaPledge.person_id == who.id):
            raise Refused(_("You were taken off this card, and the reason was sent to you. If you do not agree, call us."))
        pledge = _of_person(idea, who.id) or _new(idea, first_name(who.name), None, who.id, judged, None)
        _set(idea, pledge, judged, proved=True, actor=Actor(who.id))


def say_in_without(ref: str, name: str, minutes: int, contact: tuple[str, str] | None, *, once_key: str, another: bool = False) -> str:
    """A neighbour without an account is in; returns the reference of the pledge where the page may show its link, "" where it was sent.

    An address that is in already changes nothing, and gets its link again: nobody learns here who is in. At the address of an account
    nothing counts before that person says yes by the link. `another`: of two neighbours of one name without an address, not the one who
    is in. Refused: somebody of that name is in, and it is not said to be another; no name, one that points to a person, hours that cannot be, not on
    the wall.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        hold()
        idea = _open_card(ref)
        judged, first = judge_minutes(minutes), judge_name(name)
        made = _said_at(idea, first, judged, contact) if contact is not None else _said_at_the_door(idea, first, judged, another)
        once.keep(once_key, made)
        return made


def _said_at_the_door(idea: Idea, first: str, minutes: Minutes, another: bool) -> str:
    some = [] if another else counting.neighbours_of(queries.root_of(idea))
    if there := next((each for each in some if each.unreached and each.pledge.name.casefold() == first.casefold()), None):
        raise Refused(_("%(name)s is in already. Is that you? Then all is well. If not, tick the box.", name=there.pledge.name), "another")
    pledge = _new(idea, first, None, None, minutes, None)
    counting.recount(idea)
    return pledge.ref


def _said_at(idea: Idea, first: str, minutes: Minutes, contact: tuple[str, str]) -> str:
    known = people.person_at(*contact)
    root = queries.root_of(idea)
    if (known is not None and known.id == root.owner_id) or contact[1] == root.owner_contact:
        return ""  # it is their own idea: nothing to do, and nothing to tell
    theirs = _from(contact[1], known)
    if _taken_off(idea, theirs):
        return ""
    pledge = db.session.scalar(select(IdeaPledge).where(IdeaPledge.idea_id == idea.id, theirs))
    if pledge is None:
        pledge = _new(idea, first, contact, known.id if known is not None else None, minutes, None)
        if known is not None:
            pledge.name, pledge.status = first_name(known.name), "out"  # anybody can type an address: it waits for their own yes
        counting.recount(idea)
    if pledge.contact:
        sent = select(func.count()).select_from(queries.messages_with(f"idea_pledge:{pledge.id}:in:").subquery())
        turn = (db.session.scalar(sent) or 0) + 1
        if turn <= MOST_LINKS:
            notices.you_are_in(pledge, idea, turn)
    return ""


def write_down(ref: str, name: str, minutes: int, contact: tuple[str, str] | None, who: Who, *, basis: str | None, once_key: str) -> None:
    """A connector types what somebody said on paper, by telephone or face to face. Refused as without an account, and without a basis."""
    with transaction():
        if once.claim(once_key) is not None:
            return
        hold()
        idea = _open_card(ref)
        if not who.can("help others", idea):
            raise NotYours(_("We cannot find that idea."))
        if basis not in BASES:
            raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
        judged, first = judge_minutes(minutes), judge_name(name)
        known = people.person_at(*contact) if contact is not None else None
        if known is not None and known.id == idea.owner_id:
            raise Refused(_("It is their own idea: they count anyway."), "contact")
        if contact is not None:
            _nobody_at(idea, contact[1], known)
        first = first_name(known.name) if known is not None else first
        pledge = _new(idea, first, contact, known.id if known is not None else None, judged, basis)
        counting.recount(idea)
        if contact is not None:
            notices.you_are_in(pledge, idea, 1)


def _nobody_at(idea: Idea, address: str, known: Person | None) -> None:
    theirs = _from(address, known)
    if _taken_off(idea, theirs):
        raise Refused(_("Whoever is at that address was taken off this card."), "contact")
    if db.session.scalar(select(IdeaPledge.id).where(IdeaPledge.idea_id == idea.id, theirs)) is not None:
        raise Refused(_("Somebody at that address is in already."), "contact")


def _from(address: str, known: Person | None) -> ColumnElement[bool]:
    """What was said at an address, or by whose it is."""
    at_it = IdeaPledge.contact == address
    return at_it if known is None else or_(at_it, IdeaPledge.person_id == known.id)


def _taken_off(idea: Idea, theirs: ColumnElement[bool]) -> bool:
    """Whether one of these was taken off this card or one that is the same idea now."""
    root = queries.root_of(idea)
    gone = select(IdeaPledge.id).where(IdeaPledge.idea_id.in_(queries.family(root.id)), IdeaPledge.link_number == GONE, theirs)
    return db.session.scalar(gone.limit(1)) is not None


def _open_card(ref: str) -> Idea:
    """A card on which somebody can say that they are in: on the wall. Refused otherwise."""
    idea = locked(ref)
    if idea.status == "joined":
        raise Conflict(_("This idea has joined another one. Look there: you can say “I’m in” on that."))
    if not queries.is_live(idea):
        raise Refused(_("This idea is not on the wall any more. Thank you all the same."))
    return idea


def _of_person(idea: Idea, person_id: int) -> IdeaPledge | None:
    return db.session.scalar(select(IdeaPledge).where(IdeaPledge.idea_id == idea.id, IdeaPledge.person_id == person_id).with_for_update())


def _new(idea: Idea, name: str, contact: tuple[str, str] | None, person_id: int | None, minutes: Minutes, basis: str | None) -> IdeaPledge:
    count = select(func.count()).select_from(IdeaPledge).where(IdeaPledge.idea_id == idea.id)
    if (db.session.scalar(count) or 0) >= MOST:
        raise Refused(_("%(most)d neighbours are wonderful, and as many as one card can hold.", most=MOST))
    now = clock.now()
    pledge = IdeaPledge(
        ref=new_ref("INN"), idea_id=idea.id, name=name, channel=contact[0] if contact else "none", contact=contact[1] if contact else "",
        person_id=person_id, minutes=minutes, status="in", basis=basis, link_number=1, said_at=now, changed_at=now,
    )  # fmt: skip
    db.session.add(pledge)
    db.session.flush()
    record(about(idea), "in", Actor(person_id if basis is None and contact is None else None), pledge=pledge.ref, minutes=minutes)
    return pledge


def _set(idea: Idea, pledge: IdeaPledge, minutes: Minutes, *, proved: bool, actor: Actor) -> None:
    """In, with so much; the same on other cards that are this idea now, so that it is what they said last."""
    for each in _theirs(idea, pledge):
        each.proved_at = clock.now() if proved else each.proved_at if each.minutes == minutes else None
        each.minutes, each.status, each.changed_at = minutes, "in", clock.now()
        _by_their_own_name(each)
    counting.recount(idea)
    record(about(idea), "in_with", actor, pledge=pledge.ref, minutes=minutes)


def _by_their_own_name(pledge: IdeaPledge) -> None:
    """Whatever somebody typed: who has an account is called as they call themselves."""
    if pledge.person_id is not None:
        pledge.name = first_name(people.person(pledge.person_id).name)


def _theirs(idea: Idea, pledge: IdeaPledge) -> list[IdeaPledge]:
    """All that this neighbour said on the cards that are one idea, those they are in with, and this one."""
    root = queries.root_of(idea)
    key = counting.neighbour_of(pledge)
    return [pledge, *(each for each in counting.pledges_of(root) if each.id != pledge.id and counting.neighbour_of(each) == key)]


# --- changing and taking back --------------------------------------------------------------------------------------------


def change(token: str, minutes: int) -> None:
    """Through the link: in with another number, or in again. Refused: hours that cannot be; the idea has ended or is under way."""
    with transaction():
        hold()
        pledge, proved = counting.opened(token, locked=True)
        idea = queries.locked_by_id(pledge.idea_id)
        _still_open(idea)
        _set(idea, pledge, judge_minutes(minutes), proved=proved, actor=Actor(pledge.person_id if proved else None))


def prove(token: str) -> None:
    """One tap on the link that was sent: yes, it was me, which counts from now on where it waited for that. Twice changes nothing; the
    link of the page proves nothing. Refused: it waited, and the idea has ended or is under way.
    """
    with transaction():
        hold()
        pledge, proved = counting.opened(token, locked=True)
        if proved and counting.waits(pledge):
            idea = queries.locked_by_id(pledge.idea_id)
            _still_open(idea)
            _set(idea, pledge, pledge.minutes, proved=True, actor=Actor(pledge.person_id))
        elif proved and pledge.status == "in" and pledge.proved_at is None:
            pledge.proved_at = clock.now()
            record(f"idea:{pledge.idea_id}", "proved", Actor(pledge.person_id), pledge=pledge.ref)


def take_back(token: str) -> None:
    """Through the link: not any more, on all the cards that are this idea. Twice changes nothing. Refused: it is under way, where their
    own page of it says how.
    """
    with transaction():
        hold()
        pledge, proved = counting.opened(token, locked=True)
        idea = queries.locked_by_id(pledge.idea_id)
        _out(idea, pledge, Actor(pledge.person_id if proved else None))


def say_out(ref: str, who: Who) -> None:
    """The same with an account. Refused: it is under way."""
    with transaction():
        hold()
        idea = locked(ref)
        root = queries.root_of(idea)
        mine = next((each for each in counting.pledges_of(root) if each.person_id == who.id), None)
        if mine is not None:
            _out(idea, mine, Actor(who.id))


def _out(idea: Idea, pledge: IdeaPledge, actor: Actor) -> None:
    if counting.waits(pledge):
        pledge.changed_at = clock.now()  # no, it was not them
        record(about(idea), "out", actor, pledge=pledge.ref)
    if pledge.status == "out":
        return
    if queries.root_of(idea).status == "taken":
        raise Refused(_("This idea is under way now. Use the link that we sent you then: there you can take it back."))
    for each in _theirs(idea, pledge):
        each.status, each.changed_at = "out", clock.now()
    counting.recount(idea)
    record(about(idea), "out", actor, pledge=pledge.ref)


def _still_open(idea: Idea) -> None:
    if queries.root_of(idea).status == "taken":
        raise Refused(_("This idea is under way now. Use the link that we sent you then: there you can change your hours."))
    if not queries.is_live(queries.root_of(idea)):
        raise Refused(_("This idea is not on the wall any more. Thank you all the same."))


# --- knowing somebody again ----------------------------------------------------------------------------------------------


def know_again(someone: Person) -> None:
    """Cards and pledges at this person's addresses are this person's, as a part of the action by which they have these; the ideas are
    held already. Where a card has both, the pledge at the address stays by itself.
    """
    must_be_in_transaction()
    ways = [way for way in (someone.email, someone.phone) if way]
    if not ways:
        return
    mine = select(IdeaPledge.idea_id).where(IdeaPledge.person_id == someone.id)
    theirs = select(IdeaPledge).where(IdeaPledge.contact.in_(ways), IdeaPledge.person_id.is_(None), IdeaPledge.idea_id.not_in(mine))
    for pledge in db.session.scalars(theirs.order_by(IdeaPledge.idea_id, IdeaPledge.id).with_for_update()).all():
        if _of_person(db.session.get_one(Idea, pledge.idea_id), someone.id) is None:
            pledge.person_id = someone.id
            _by_their_own_name(pledge)
            counting.recount(db.session.get_one(Idea, pledge.idea_id))
    for idea in db.session.scalars(select(Idea).where(Idea.owner_contact.in_(ways), Idea.owner_id.is_(None)).with_for_update()).all():
        give_to(idea, someone)


# beginning an application from a card holds the ideas first, and what grants have at the address afterwards
people.BEFORE_NEW_ADDRESS.append(hold)
people.AT_NEW_ADDRESS.append(know_again)
