"""Two memberships of the same person or organisation become one: a card that was made twice, somebody who was brought over twice.

What is in the books stays where it is; one entry carries the balance over, and the old card leads to the other from then on. Only the
membership is joined: two sign-in accounts stay two. What could not be carried over exactly is refused before anything moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, exists, or_, select, update
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, Refused
from portal.history import SCHEME, Actor, record
from portal.ledger import queries as books
from portal.ledger.model import Account, State
from portal.ledger.posting import post, reverse
from portal.ledger.queries import BALANCE
from portal.money import Minutes, hours
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.people.access import Who
from portal.people.queries import COLLECTORS
from portal.timebank import evidence, ideas, members, posts_leaving, sessions, tariffs, twins
from portal.timebank import exchange as exchanges
from portal.timebank.members import account, balance, persons_of
from portal.timebank.merged_model import MergedMember
from portal.timebank.model import OPEN, Exchange, Member
from portal.timebank.neighbours_model import STANDS as WITH_NEIGHBOURS
from portal.timebank.neighbours_model import NeighbourQuestion
from portal.timebank.posts_model import Promise
from portal.timebank.promises import STANDS as AGREED
from portal.timebank.sessions_model import Attendance, SignUp, TimeSession
from portal.timebank.spend_model import SpendBooking, SpendOffer
from portal.timebank.twins import Twins
from portal.words import _


@dataclass(frozen=True)
class Preview:
    """What joining two memberships would do: minutes that move, exchanges that go along, and those between the two, which are taken back."""

    minutes: Minutes
    together: Minutes
    moving: int
    between: int
    twins: Sequence[Twins]  # what may be one hour under both cards
    problem: str  # why it cannot be done just now, and what to do first; "" when it can


def pair(old_ref: str, new_ref: str, who: Who) -> tuple[Member, Member]:
    """The two by the numbers on their cards. NotYours: a coordinator of both only."""
    old, new = (db.session.scalar(select(Member).where(Member.ref == ref).options(*members.NAMED)) for ref in (old_ref, new_ref))
    if old is None or new is None or not (who.can("help others", old) and who.can("help others", new)):
        raise members.unknown()
    return old, new


def preview(old_ref: str, new_ref: str, who: Who, said: Mapping[str, str] | None = None) -> Preview:
    """What `merge` would do now, or why it would not, after what was `said` of twins, as for `join`. Refused: as for `pair`."""
    old, new = pair(old_ref, new_ref, who)
    both = twins.twins(old, new)
    try:
        _judge(old, new, who, Minutes(balance(old) - twins.taken(both, said or {})))
        problem = ""
    except (Refused, Conflict) as why:
        problem = why.sentence
    some = db.session.scalars(_open_of(old)).all()
    between = sum(new.id in (each.giver_id, each.receiver_id) for each in some)
    return Preview(balance(old), Minutes(balance(old) + balance(new)), len(some) - between, between, both, problem)


def join(old_ref: str, new_ref: str, reason: str, said: Mapping[str, str], who: Who) -> tuple[Minutes, Sequence[str]]:
    """`merge`, when of all hours that may be one under both cards somebody has `said` whether they are (by `Twins.key`: SAME or OTHER).

    What is the same hour is taken back from the card that ends, before, each by an action of its own. Refused: as for `merge` and
    `twins.take_back`.
    """
    seen = preview(old_ref, new_ref, who, said)
    if not reason:
        raise Refused(_("Write why, in a few words."), "reason")
    if seen.problem:
        raise Refused(seen.problem)
    _must_be_said(seen.twins, said)
    twins.take_back(seen.twins, said, _("The same hour stood under two cards: %(reason)s", reason=reason), who)
    return merge(old_ref, new_ref, reason, who, said)


def _must_be_said(some: Sequence[Twins], said: Mapping[str, str]) -> None:
    if twins.unanswered(some, said):
        raise Refused(_("Some hours stand under both cards. Say of each whether it is the same hour."), "twins")


def merge(old_ref: str, new_ref: str, reason: str, who: Who, said: Mapping[str, str] | None = None) -> tuple[Minutes, Sequence[str]]:
    """Join the membership `old_ref` with `new_ref`, which stays; returns the minutes that moved, and the files of pictures that nobody
    needs now.

    Its open exchanges, offers and requests (as long as the other card has room), places in sessions and what a coordinator has seen go
    along, exchanges between the two are taken back, its talks and tariffs end. What both started with counts once. Refused: no reason, the
    same card, a person and an organisation, their own, left or joined already, days agreed with somebody, bookings or offers of a partner
    that stand, both checked in at once, together below the floor; hours that may be one under both cards, and nobody has `said`.
    """
    with transaction():
        first, second = pair(old_ref, new_ref, who)
        db.session.scalars(_open_of(first).with_for_update()).all()  # exchanges before members, as whoever settles
        both = exchanges.locked_sides((first.id, second.id))
        old, new = both[first.id], both[second.id]
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        _judge(old, new, who, balance(old))
        _must_be_said(twins.twins(old, new), said or {})
        actor = Actor(who.id)
        start = f"member:{old.id}:start"
        if books.posted(start) and books.posted(f"member:{new.id}:start") and start not in books.reversed_keys([start]):
            reverse(start, reason=_("everybody starts once"), actor=actor.code)
        moved = balance(old)
        db.session.add(MergedMember(old_id=old.id, new_id=new.id, minutes=moved, merged_by=actor.code, merged_at=clock.now()))
        db.session.flush()
        _carry(old, new, actor)
        _exchanges(old, new, actor)
        _places(old, new, actor)
        tariffs.let_go(old, actor)
        evidence.carry(old, new, who)
        new.adult_on = new.adult_on or old.adult_on
        posts_leaving.carry(old, new, actor)
        files = posts_leaving.end_everything(old, actor)
        db.session.execute(
            update(NeighbourQuestion).where(NeighbourQuestion.taker_id == old.id, NeighbourQuestion.status.in_(WITH_NEIGHBOURS)).values(taker_id=new.id)
        )  # fmt: skip
        old.status = "left"
        record(members.about(old), "joined_with", actor, reason=reason, minutes=moved, into=new.ref)
        record(members.about(new), "took_over", actor, reason=reason, minutes=moved, from_=old.ref)
        _tell(old, new, moved)
        return moved, files


# --- judging -------------------------------------------------------------------------------------------------------------


def _judge(old: Member, new: Member, who: Who, has: Minutes) -> None:
    """Refused: whatever could not be carried over exactly, with what to do first. `has`: what the old card has when it is carried over."""
    if old.id == new.id:
        raise Refused(_("That is the same card. Choose the other one."))
    if (found := db.session.get(MergedMember, old.id)) is not None:
        raise Conflict(
            _(
                "This card was joined already, on %(day)s. It leads to %(ref)s.",
                day=found.merged_at.date().isoformat(),
                ref=members.joined_to(old.ref),
            )
        )
    if new.status == "left" or old.status == "left":
        raise Refused(_("One of the two has left the timebank. Their hours are settled, so there is nothing to join."))
    if (old.person_id is None) != (new.person_id is None):
        raise Refused(_("One is a person and the other an organisation, so they are not the same."))
    if members.acts_as(who, old) or members.acts_as(who, new):
        raise Refused(_("Ask a colleague: nobody joins their own cards."))
    _judge_what_stands(old, new)
    lowest = members.floor_of(new, members.open_rules())
    if has < 0 and has + balance(new) < lowest:
        raise Refused(_("Together they would be below %(floor)s. Let the card that stays go lower first.", floor=hours(lowest)))


def _judge_what_stands(old: Member, new: Member) -> None:
    agreed = select(Promise.id).where(or_(Promise.owner_id == old.id, Promise.other_id == old.id), Promise.status.in_(AGREED))
    if db.session.scalar(agreed.limit(1)) is not None:
        raise Refused(_("The old card has a day agreed with somebody. Say how it went, or call it off, first."))
    booked = select(SpendBooking.ref).where(SpendBooking.member_id == old.id, SpendBooking.status.in_(("waiting", "booked")))
    if (ref := db.session.scalar(booked.limit(1))) is not None:
        raise Refused(_("The old card has a booking, %(ref)s. Use it or give it back first, and book for the other card.", ref=ref))
    if db.session.scalar(select(SpendOffer.id).where(SpendOffer.partner_id == old.id, SpendOffer.status != "ended").limit(1)) is not None:
        raise Refused(_("The old card has offers for time. End them first, or let the other card be the one that ends."))
    mine, theirs = aliased(Attendance), aliased(Attendance)
    both = (
        select(TimeSession.title)
        .join(mine, and_(mine.session_id == TimeSession.id, mine.member_id == old.id))
        .join(theirs, and_(theirs.session_id == TimeSession.id, theirs.member_id == new.id))
        .where(TimeSession.status == "open")
    )
    if (title := db.session.scalar(both.limit(1))) is not None:
        raise Refused(_("Both cards are checked in at “%(title)s”. Take one of them off its list first.", title=title))


# --- moving --------------------------------------------------------------------------------------------------------------


def _open_of(member: Member) -> Select[Exchange]:
    query = select(Exchange).where(Exchange.status.in_(OPEN), or_(Exchange.giver_id == member.id, Exchange.receiver_id == member.id))
    return query.order_by(Exchange.id).execution_options(populate_existing=True)


def _carry(old: Member, new: Member, actor: Actor) -> None:
    """One entry that takes what the old account has, or lacks, to the other one; none when it is even."""
    must_be_in_transaction()
    has = balance(old)
    if not has:
        return
    members.open_books_of(old.area)
    members.open_books_of(new.area)
    number = len(books.entries_about(f"merged:{old.id}")) + 1
    post(
        exchanges.lines_of(new, old, has) if has > 0 else exchanges.lines_of(old, new, -has),
        key=f"member:{old.id}:joined:{number}", kind="cards joined", about=f"merged:{old.id}", sentence=_("Brought over from the card %(ref)s", ref=old.ref),
        actor=actor.code, refusals={account(new): _("The card that stays would fall below its floor.")},
    )  # fmt: skip


def _exchanges(old: Member, new: Member, actor: Actor) -> None:
    """What is still open goes along; what one card asks of the other is taken back, because nobody helps themselves."""
    for each in db.session.scalars(_open_of(old)).all():
        if new.id in (each.giver_id, each.receiver_id):
            each.status = "withdrawn"
            each.link_number += 1
            ideas.given_up(each, _("Both cards are the same person's"))
            record(exchanges.about(each), "withdrawn", actor)
        else:
            side = "giver_id" if each.giver_id == old.id else "receiver_id"
            setattr(each, side, new.id)
            record(exchanges.about(each), "moved", actor, into=new.ref)
    db.session.flush()


def _places(old: Member, new: Member, actor: Actor) -> None:
    """Places in sessions that are open, and who is checked in at one, pays for it or gives to all."""
    open_ = select(TimeSession.id).where(TimeSession.status == "open")
    theirs = {part: case((part == old.id, new.id), else_=part) for part in (TimeSession.payer_id, TimeSession.giver_id)}
    own = or_(TimeSession.payer_id == old.id, TimeSession.giver_id == old.id)
    db.session.execute(update(TimeSession).where(own, TimeSession.status == "open").values(theirs))
    db.session.execute(update(Attendance).where(Attendance.member_id == old.id, Attendance.session_id.in_(open_)).values(member_id=new.id))
    others = aliased(SignUp)
    twice = exists().where(others.session_id == SignUp.session_id, others.member_id == new.id)
    db.session.execute(update(SignUp).where(SignUp.member_id == old.id, SignUp.session_id.in_(open_), ~twice).values(member_id=new.id))
    sessions.let_go(old, actor)  # where the other card has a place too


def follow() -> int:
    """Carry over what came to an old card after it was joined: something put right, hours that were written down at that moment (the
    worker's work). What a floor refuses is tried again.
    """
    late = select(Exchange.id).where(
        Exchange.status.in_(OPEN), or_(Exchange.giver_id == MergedMember.old_id, Exchange.receiver_id == MergedMember.old_id)
    )
    uneven = (
        select(State.account_id).join(Account, Account.id == State.account_id).where(Account.code == "member:" + Member.ref, BALANCE != 0)
    )
    due = (
        select(Member.ref)
        .join(MergedMember, MergedMember.old_id == Member.id)
        .where(or_(late.exists(), uneven.exists()))
        .order_by(Member.id)
    )
    count = 0
    for ref in db.session.scalars(due).all():
        try:
            with transaction():
                old = members.locked(ref)
                new = db.session.get_one(Member, db.session.get_one(MergedMember, old.id).new_id)
                _exchanges(old, new, SCHEME)
                _carry(old, new, SCHEME)
                count += 1
        except Refused:
            continue  # a floor: it stays where it is seen, until there is room
    return count


def _tell(old: Member, new: Member, moved: int) -> None:
    values = {"old": old.ref, "new": new.ref, "time": hours(moved), "link": address_of("/timebank/")}
    text = Text(
        subject=_("Your two cards of the timebank are one now"),
        body=_("You had two cards: %(old)s and %(new)s. A coordinator has joined them. The hours of the first, %(time)s, are on %(new)s now. The old card still leads there.\n\n%(link)s", **values),
        short=_("Your two cards of the timebank are one now: %(new)s. %(time)s came over. %(link)s", **values),
    )  # fmt: skip
    for someone in {each.id: each for member in (old, new) for each in persons_of(member)}.values():
        queue(f"merged:{old.id}:person:{someone.id}", people.addressee_of(someone), text, about=members.about(new))


# --- what we keep about a person -----------------------------------------------------------------------------------------


def _joined_of_person(person_id: int) -> Sequence[Mapping[str, Any]]:
    old, new = aliased(Member), aliased(Member)
    query = (
        select(MergedMember, old.ref, new.ref)
        .join(old, old.id == MergedMember.old_id)
        .join(new, new.id == MergedMember.new_id)
        .where(or_(old.person_id == person_id, new.person_id == person_id))
        .order_by(MergedMember.merged_at)
    )
    return [
        {"card": was, "joined with": now, "minutes that moved": row.minutes, "when": row.merged_at.isoformat()}
        for row, was, now in db.session.execute(query)
    ]


COLLECTORS["cards that became one"] = _joined_of_person
