"""A day, a time and a place: one of two proposes, the other accepts; both get it in writing and for their calendar.

Changing it is proposing again: the same promise, one sequence further, until the other side says yes once more.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from portal import clock, once
from portal.calendars import Happening
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import Actor, record
from portal.money import STEP, Minutes
from portal.people.access import Who
from portal.refs import new_ref
from portal.timebank import conversations, evidence, members, notices, posts
from portal.timebank.conversations import Sides, put, speaking
from portal.timebank.model import Exchange, Member
from portal.timebank.posts_model import Conversation, Post, Promise
from portal.timebank.rules import MOST_A_DAY
from portal.web.filters import when
from portal.words import _

FARTHEST = timedelta(days=366)
STANDS = ("proposed", "agreed")
IN_CALENDARS = {"proposed": "TENTATIVE", "agreed": "CONFIRMED", "kept": "CONFIRMED", "missed": "CONFIRMED", "cancelled": "CANCELLED"}
LOGGED_WITHIN = timedelta(days=30)  # after the day: hours between the two in that time say that it was kept


def about(promise: Promise) -> str:
    """How events name it."""
    return f"promise:{promise.id}"


# --- finding -------------------------------------------------------------------------------------------------------------


def latest(conversation: Conversation) -> Promise | None:
    """The promise that stands in a conversation, or the last one that there was."""
    query = select(Promise).where(Promise.conversation_id == conversation.id).order_by(Promise.status.in_(STANDS).desc(), Promise.id.desc())
    return db.session.scalar(query.limit(1))


def coming(ids: Sequence[int], limit: int = 10) -> Sequence[tuple[Promise, Conversation]]:
    """What these members have agreed and is still ahead, the soonest first, with its conversation."""
    query = (
        select(Promise, Conversation)
        .join(Conversation, Conversation.id == Promise.conversation_id)
        .where(Promise.status == "agreed", Promise.starts_at >= clock.now(), or_(Promise.owner_id.in_(ids), Promise.other_id.in_(ids)))
        .options(*conversations.BOTH)
        .order_by(Promise.starts_at, Promise.id)
    )
    return [(promise, found) for promise, found in db.session.execute(query.limit(limit)).unique()]


def of_sides(ref: str, who: Who) -> tuple[Promise, Sides]:
    """A promise for one of its two sides. NotFound for everybody else."""
    row = db.session.execute(
        select(Promise, Conversation)
        .join(Conversation, Conversation.id == Promise.conversation_id)
        .where(Promise.ref == ref)
        .options(*conversations.BOTH)
    ).one_or_none()
    if row is None:
        raise NotFound(_("We cannot find that."))
    promise, found = row
    for me, them in ((found.owner, found.other), (found.other, found.owner)):
        if members.acts_as(who, me):
            return promise, Sides(found, me, them)
    raise NotYours(_("We cannot find that."))


def roles(conversation: Conversation) -> tuple[Member, Member]:
    """(who gives, who receives): the owner of an offer gives, the owner of a request receives."""
    if conversation.post.kind == "offer":
        return conversation.owner, conversation.other
    return conversation.other, conversation.owner


def meeting(promise: Promise, seen: Sides) -> Happening:
    """The promise as the calendar of one side holds it."""
    values = {"title": seen.conversation.post.title, "name": notices.first_name(seen.them)}
    link = notices.page_of(seen.conversation)
    return Happening(
        uid=f"{promise.ref}@timebank.kindling", sequence=promise.sequence, status=IN_CALENDARS[promise.status], starts_at=promise.starts_at,
        minutes=promise.minutes, summary=_("%(title)s (with %(name)s)", **values), place=promise.place,
        description=_("Change it or call it off here: %(link)s", link=link), url=link, changed_at=promise.changed_at,
    )  # fmt: skip


def _locked(ref: str, *, and_post: bool = False) -> tuple[Promise, Conversation]:
    """A promise with its conversation, which is locked; before it the post, where that may change too: everybody locks in this order."""
    must_be_in_transaction()
    known = db.session.scalar(select(Promise).where(Promise.ref == ref))
    if known is None:
        raise NotFound(_("We cannot find that."))
    found = db.session.get_one(Conversation, known.conversation_id)
    if and_post:
        posts.locked(found.post.ref)
    conversation = conversations.locked(found.ref)
    db.session.refresh(known)
    return known, conversation


# --- agreeing ------------------------------------------------------------------------------------------------------------


@evidence.telling
def propose(
    ref: str, starts_at: datetime, minutes: int, place: str, who: Who, *, for_member: str | None = None, basis: str | None = None, once_key: str
) -> str:  # fmt: skip
    """Propose a day, time (an instant) and place in a conversation, about how long in minutes; or another one than stands.

    Returns the promise's reference; the other side is asked. Refused: not one of the two, closed, in the past or more than a year
    ahead, no place, the same as stands; `evidence.NotYet`: something must have been seen of one of the two first.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        found = conversations.locked(ref)
        seen, actor = speaking(found, who, for_member, basis)
        conversations.must_be_open(found)
        _must_be_ready(found, seen.me)
        _judge(starts_at, minutes, place)
        promise, changed = _changed_or_new(found, seen, starts_at, minutes, place)
        said = put(found, seen.me, _("%(when)s, %(place)s", when=when(starts_at), place=place), actor, "changed" if changed else "proposed")
        record(about(promise), "changed" if changed else "proposed", actor, at=starts_at.isoformat())
        notices.proposed(promise, seen.me, seen.them, said, changed=changed)
        once.keep(once_key, promise.ref)
        return promise.ref


def _must_be_ready(found: Conversation, me: Member) -> None:
    """Whoever gives needs what the kind of help asks; for who is young somebody consents, whichever side they are."""
    giver, receiver = roles(found)
    evidence.must_be_ready(giver, found.post.category.risk, me)
    evidence.must_be_ready(receiver, "ordinary", me)


def _judge(starts_at: datetime, minutes: int, place: str) -> None:
    if starts_at <= clock.now():
        raise Refused(_("That time has passed. Choose one that is ahead."), "day")
    if starts_at > clock.now() + FARTHEST:
        raise Refused(_("That is more than a year ahead. Choose a nearer day."), "day")
    if not 0 < minutes <= MOST_A_DAY:
        raise Refused(_("Say about how long it takes, like 1 h."), "minutes")
    if minutes % STEP:
        raise Refused(_("Write the time in quarters of an hour, like 1 h 15 min."), "minutes")
    if not place:
        raise Refused(_("Say where you meet."), "place")


def _changed_or_new(found: Conversation, seen: Sides, starts_at: datetime, minutes: int, place: str) -> tuple[Promise, bool]:
    standing = db.session.scalar(select(Promise).where(Promise.conversation_id == found.id, Promise.status.in_(STANDS)))
    if standing is None:
        made = Promise(
            ref=new_ref("PRM"), conversation_id=found.id, owner_id=found.owner_id, other_id=found.other_id, status="proposed", starts_at=starts_at,
            minutes=Minutes(minutes), place=place, proposed_by_id=seen.me.id, sequence=0, changed_at=clock.now(),
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        return made, False
    if (standing.starts_at, standing.minutes, standing.place) == (starts_at, minutes, place):
        raise Refused(_("That is what you have now. Change the day, the time or the place."), "day")
    standing.starts_at, standing.minutes, standing.place = starts_at, Minutes(minutes), place
    standing.status, standing.proposed_by_id, standing.accepted_by_id = "proposed", seen.me.id, None
    standing.sequence += 1
    standing.changed_at = clock.now()
    return standing, True


@evidence.telling
def accept(ref: str, who: Who, *, shown: int, for_member: str | None = None, basis: str | None = None) -> Promise:
    """The other side says yes to what was `shown` (its sequence); both get it in writing. Again changes nothing.

    Refused: not the side that is asked; as for `propose` what must have been seen first. Conflict: it is another day now, or was
    called off.
    """
    with transaction():
        promise, found = _locked(ref)
        seen, actor = speaking(found, who, for_member, basis)
        if promise.status == "agreed" and promise.accepted_by_id == seen.me.id and promise.sequence == shown:
            return promise
        if promise.status != "proposed":
            raise Conflict(_("This is not open any more. Look at the conversation again."))
        if promise.sequence != shown:
            raise Conflict(_("It is another day now: %(when)s. Look at it again.", when=when(promise.starts_at)))
        if promise.proposed_by_id == seen.me.id:
            raise Refused(_("You proposed this yourself. %(name)s says yes or proposes another day.", name=notices.first_name(seen.them)))
        if promise.starts_at <= clock.now():
            raise Refused(_("That time has passed. Propose another day."))
        conversations.must_be_open(found)
        _must_be_ready(found, seen.me)
        promise.status, promise.accepted_by_id, promise.changed_at = "agreed", seen.me.id, clock.now()
        put(found, seen.me, _("Yes: %(when)s, %(place)s", when=when(promise.starts_at), place=promise.place), actor, "agreed")
        record(about(promise), "agreed", actor)
        notices.agreed(promise, found.owner, found.other)
        return promise


def cancel(ref: str, words: str, who: Who, *, for_member: str | None = None, basis: str | None = None) -> Promise:
    """One side cannot make it, and says so kindly. Again changes nothing. Refused: not one of the two, no words, over already."""
    with transaction():
        promise, found = _locked(ref)
        seen, actor = speaking(found, who, for_member, basis)
        if promise.status == "cancelled":
            return promise
        if promise.status not in STANDS:
            raise Conflict(_("This is over already, so there is nothing to call off."))
        if not words:
            raise Refused(_("Write a few kind words, so that they know why."), "words")
        promise.status, promise.changed_at = "cancelled", clock.now()
        promise.sequence += 1
        said = put(found, seen.me, words, actor, "cancelled")
        record(about(promise), "cancelled", actor)
        notices.cancelled(promise, seen.me, seen.them, said)
        return promise


def tell_how_it_went(ref: str, kept: bool, who: Who, *, for_member: str | None = None, basis: str | None = None) -> Promise:
    """One side says that it happened (a request is met by that), or that it did not. Again, or the other way, changes nothing.

    Refused: not one of the two, not agreed, still ahead.
    """
    with transaction():
        promise, found = _locked(ref, and_post=True)
        seen, actor = speaking(found, who, for_member, basis)
        if promise.status in ("kept", "missed"):
            return promise
        if promise.status != "agreed":
            raise Conflict(_("This was not agreed, so it could not happen."))
        if promise.starts_at > clock.now():
            raise Refused(_("It is still ahead. Come back when it is done."))
        _over(promise, found, kept, actor)
        put(found, seen.me, _("It happened.") if kept else _("It did not happen."), actor, "kept" if kept else "missed")
        return promise


def _over(promise: Promise, found: Conversation, kept: bool, actor: Actor) -> None:
    promise.status, promise.changed_at = "kept" if kept else "missed", clock.now()
    record(about(promise), promise.status, actor)
    if kept and found.post.kind == "request" and found.post.status in ("open", "paused", "expired"):
        posts.end_now(posts.locked(found.post.ref), "met", actor)


# --- the worker ----------------------------------------------------------------------------------------------------------


def ask_after() -> int:
    """The day after, ask both how it went, with the way to write the hours down (the worker's work). Each once."""
    due = (
        select(Promise.ref)
        .where(Promise.status == "agreed", Promise.asked_at.is_(None), Promise.starts_at < clock.start_of_day(clock.today()))
        .order_by(Promise.id)
    )
    count = 0
    for ref in db.session.scalars(due).all():
        with transaction():
            promise, found = _locked(ref)
            if promise.status == "agreed" and promise.asked_at is None:
                promise.asked_at = clock.now()
                giver, receiver = roles(found)
                count += notices.how_was_it(promise, giver, receiver)
    return count


def keep_logged() -> int:
    """Hours between the two, on the day or soon after it, say that a promise was kept (the worker's work)."""
    giver_owns = and_(Post.kind == "offer", Exchange.giver_id == Promise.owner_id, Exchange.receiver_id == Promise.other_id)
    owner_gets = and_(Post.kind == "request", Exchange.receiver_id == Promise.owner_id, Exchange.giver_id == Promise.other_id)
    due = (
        select(Promise.ref, Promise.starts_at, Exchange.day)
        .join(Conversation, Conversation.id == Promise.conversation_id)
        .join(Post, Post.id == Conversation.post_id)
        .join(Exchange, or_(giver_owns, owner_gets))
        .where(Promise.status == "agreed", Promise.starts_at < clock.now(), Exchange.status.in_(("logged", "settled")))
        .order_by(Promise.id)
    )
    count = 0
    for ref, starts_at, day in db.session.execute(due).all():
        first = clock.london_day(starts_at)
        if not first <= day <= first + LOGGED_WITHIN:
            continue
        with transaction():
            promise, found = _locked(ref, and_post=True)
            if promise.status == "agreed":
                _over(promise, found, True, Actor(None))
                count += 1
    return count
