"""Two write to each other about a gift or a wish, on the portal: each message is passed on, and neither sees an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.gifts import lists, notices, parties, posts
from portal.gifts.model import STANDING, GiftParty, GiftPost
from portal.gifts.rules import LONGEST, MOST_BEGUN_A_DAY, MOST_MESSAGES_AN_HOUR
from portal.gifts.talks_model import GiftBlock, GiftPromise, GiftSaid, GiftTalk
from portal.history import Actor, record
from portal.people.access import Nobody, Who
from portal.refs import new_ref
from portal.words import _

REMIND_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Sides:
    """A talk as one of the two sees it."""

    talk: GiftTalk
    me: GiftParty
    them: GiftParty


def about(talk: GiftTalk) -> str:
    """How events and messages name it."""
    return f"gift talk:{talk.id}"


# --- finding -------------------------------------------------------------------------------------------------------------

OWNER, OTHER = joinedload(GiftTalk.owner), joinedload(GiftTalk.other)
BOTH = (
    OWNER.joinedload(GiftParty.person), OWNER.joinedload(GiftParty.organisation), OTHER.joinedload(GiftParty.person), OTHER.joinedload(GiftParty.organisation),
    joinedload(GiftTalk.post).joinedload(GiftPost.area),
)  # fmt: skip


def sides(ref: str, who: Who) -> Sides:
    """A talk, and which of the two somebody is or acts for. NotYours for everybody else. One query."""
    found = db.session.scalar(select(GiftTalk).where(GiftTalk.ref == ref).options(*BOTH))
    if found is None:
        raise NotFound(_("We cannot find that conversation."))
    return seen_by(found, who)


def by_id(id_: int) -> GiftTalk:
    """A talk for who looks at a message of it. NotFound."""
    found = db.session.scalar(select(GiftTalk).where(GiftTalk.id == id_).options(*BOTH))
    if found is None:
        raise NotFound(_("We cannot find that conversation."))
    return found


def seen_by(found: GiftTalk, who: Who) -> Sides:
    """The same for a talk at hand."""
    if parties.acts_as(who, found.owner):
        return Sides(found, found.owner, found.other)
    if parties.acts_as(who, found.other):
        return Sides(found, found.other, found.owner)
    raise NotYours(_("We cannot find that conversation."))


def speaking(talk: GiftTalk, who: Who, for_party: int | None, basis: str | None) -> tuple[Sides, Actor]:
    """Which side somebody speaks for: their own, or (who helps others there, on a basis) that of `for_party`.

    NotYours: neither of the two, or not where they help; Refused: no basis.
    """
    if for_party is None:
        return seen_by(talk, who), Actor(who.id)
    me = next((side for side in (talk.owner, talk.other) if side.id == for_party), None)
    if me is None or any(parties.acts_as(who, side) for side in (talk.owner, talk.other)):
        raise NotYours(_("We cannot find that conversation."))
    actor = parties.acting(who, talk.post, me, basis)
    return Sides(talk, me, talk.other if me is talk.owner else talk.owner), actor


def to_speak_for(ref: str, who: Who) -> GiftTalk:
    """A talk for who passes on what one of the two says without internet. NotFound: not where they help, or their own."""
    found = db.session.scalar(select(GiftTalk).where(GiftTalk.ref == ref).options(*BOTH))
    if found is None or not who.can("help others", found.post) or any(parties.acts_as(who, side) for side in (found.owner, found.other)):
        raise NotFound(_("We cannot find that conversation. Check the number in the letter."))
    return found


def locked(ref: str) -> GiftTalk:
    """A talk, locked, and before it its post, as a part of an action: everybody locks in this order. NotFound."""
    must_be_in_transaction()
    post_id = db.session.scalar(select(GiftTalk.post_id).where(GiftTalk.ref == ref))
    db.session.scalar(select(GiftPost).where(GiftPost.id == post_id).with_for_update().execution_options(populate_existing=True))
    found = db.session.scalar(select(GiftTalk).where(GiftTalk.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that conversation."))
    return found


def thread(talk: GiftTalk) -> Sequence[GiftSaid]:
    """What was said, oldest first; the latest two hundred."""
    newest = select(GiftSaid).where(GiftSaid.talk_id == talk.id).order_by(GiftSaid.id.desc()).limit(200)
    return db.session.scalars(newest).all()[::-1]


def of_parties(ids: Sequence[int], *, before: int | None = None, limit: int = 20) -> Sequence[GiftTalk]:
    """Talks of these parties, the latest first; `before`: the id of the last one seen."""
    query = select(GiftTalk).where(or_(GiftTalk.owner_id.in_(ids), GiftTalk.other_id.in_(ids))).options(*BOTH)
    if before is not None:
        last = select(GiftTalk.last_at).where(GiftTalk.id == before).scalar_subquery()
        query = query.where(or_(GiftTalk.last_at < last, and_(GiftTalk.last_at == last, GiftTalk.id < before)))
    return db.session.scalars(query.order_by(GiftTalk.last_at.desc(), GiftTalk.id.desc()).limit(limit)).all()


def about_post(post: GiftPost) -> Sequence[GiftTalk]:
    """Talks about a post, the latest first."""
    query = select(GiftTalk).where(GiftTalk.post_id == post.id).options(*BOTH)
    return db.session.scalars(query.order_by(GiftTalk.last_at.desc(), GiftTalk.id.desc()).limit(50)).all()


def with_me(post: GiftPost, ids: Sequence[int]) -> GiftTalk | None:
    """The talk about a post that one of these parties has already."""
    return db.session.scalar(select(GiftTalk).where(GiftTalk.post_id == post.id, GiftTalk.other_id.in_(ids)).limit(1))


def waits_for(ids: Sequence[int] | Select[int]) -> ColumnElement[bool]:
    """Talks in which an owner among these parties was written to and has not answered, while the post stands, up to its last day."""
    stands = GiftTalk.post_id.in_(select(GiftPost.id).where(GiftPost.status.in_(STANDING), GiftPost.ends_on >= clock.today()))
    return and_(GiftTalk.owner_id.in_(ids), GiftTalk.answered_at.is_(None), GiftTalk.status == "open", stands)


def is_waiting(talk: GiftTalk, post: GiftPost) -> bool:
    """The same for one talk about a post: whether its owner has not answered."""
    return talk.answered_at is None and talk.status == "open" and post.status in STANDING and post.ends_on >= clock.today()


def waiting_count(who: Who | Nobody) -> ColumnElement[int]:
    """How many neighbours wait for an answer of somebody, or of an organisation for which they act, as a part of a query."""
    if not isinstance(who, Who):
        return literal(0)
    mine = select(GiftParty.id).where(or_(GiftParty.person_id == who.id, GiftParty.organisation_id.in_(who.acts_for)))
    return select(func.count()).select_from(GiftTalk).where(waits_for(mine)).scalar_subquery()


# --- writing -------------------------------------------------------------------------------------------------------------


def interested(post_ref: str, words: str, who: Who, *, organisation_id: int | None = None, grown: bool = False, once_key: str) -> str:
    """Write to the owner of a post, as oneself or for an organisation; returns the talk's reference. One that there is already goes on.

    Refused: not on the boards, not meant for them, one's own, blocked, kept away, under 18, no words, too much at once.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        post = posts.locked(post_ref)
        if not lists.is_live(post):
            raise Refused(_("This is not on the board any more. See what else there is."))
        if parties.acts_as(who, post.party):
            raise Refused(_("This is your own."))
        me = parties.entering(who, organisation_id, grown=grown)
        if not who.can("help others", post) and not lists.is_meant_for(post, who):
            raise Refused(_("This is only for neighbours in %(area)s.", area=post.area.name))
        talk = _begun(post, me, words, Actor(who.id))
        once.keep(once_key, talk.ref)
        return talk.ref


def _begun(post: GiftPost, me: GiftParty, words: str, actor: Actor) -> GiftTalk:
    one_at_a_time(f"gift talk:{min(post.party_id, me.id)}:{max(post.party_id, me.id)}")
    not_blocked(post.party_id, me.id)
    found = db.session.scalar(select(GiftTalk).where(GiftTalk.post_id == post.id, GiftTalk.other_id == me.id).with_for_update())
    if found is None:
        _not_too_many_begun(me)
        now = clock.now()
        found = GiftTalk(
            ref=new_ref("GTK"), post_id=post.id, owner_id=post.party_id, other_id=me.id, status="open", opened_at=now, last_at=now
        )
        db.session.add(found)
        db.session.flush()
        record(about(found), "begun", actor)
    must_be_open(found)
    put(found, me, words, actor)
    return found


def say(ref: str, words: str, who: Who, *, for_party: int | None = None, basis: str | None = None, once_key: str) -> None:
    """One more message. Refused: not one of the two, closed, blocked (in whichever talk), kept away, no words, too much at once."""
    with transaction():
        if once.claim(once_key) is not None:
            return
        found = locked(ref)
        seen, actor = speaking(found, who, for_party, basis)
        parties.must_not_be_stopped(seen.me)
        must_be_open(found)
        not_blocked(seen.me.id, seen.them.id)
        put(found, seen.me, words, actor)


def put(found: GiftTalk, sender: GiftParty, words: str, actor: Actor, kind: str = "words") -> GiftSaid:
    """Append a message and pass it on, as a part of an action. What is not "words" is passed on by whoever called."""
    must_be_in_transaction()
    if not words:
        raise Refused(_("Write a few words."), "words")
    if len(words) > LONGEST:
        raise Refused(_("That is long. Say the most important part, and the rest when you meet."), "words")
    assert actor.person_id is not None
    _not_too_much(actor.person_id)
    said = GiftSaid(
        talk_id=found.id, post_id=found.post_id, owner_id=found.owner_id, other_id=found.other_id, from_id=sender.id, by_person_id=actor.person_id,
        basis=actor.basis, kind=kind, words=words, at=clock.now(),
    )  # fmt: skip
    db.session.add(said)
    db.session.flush()
    found.last_at = said.at
    if sender.id == found.owner_id and found.answered_at is None:
        found.answered_at = said.at
    if kind == "words":
        notices.relay(found, said, sender, found.other if sender.id == found.owner_id else found.owner)
    return said


def must_be_open(found: GiftTalk) -> None:
    """Conflict: it was closed."""
    if found.status != "open":
        raise Conflict(_("This conversation is closed. See what else there is on the board."))


def not_blocked(one: int, two: int) -> None:
    """Refused: one of two parties does not want to hear from the other."""
    between = or_(and_(GiftBlock.by_id == one, GiftBlock.against_id == two), and_(GiftBlock.by_id == two, GiftBlock.against_id == one))
    if db.session.scalar(select(exists().where(between))):
        raise Refused(_("You two cannot write to each other here. Call us if we can help."))


def _not_too_many_begun(me: GiftParty) -> None:
    since = clock.now() - timedelta(days=1)
    begun = select(func.count()).where(GiftTalk.other_id == me.id, GiftTalk.opened_at > since)
    if (db.session.scalar(begun.select_from(GiftTalk)) or 0) >= MOST_BEGUN_A_DAY:
        raise Refused(_("You have written to many neighbours today. Wait for some answers, and go on tomorrow."))


def _not_too_much(person_id: int) -> None:
    query = select(func.count()).where(GiftSaid.by_person_id == person_id, GiftSaid.at > clock.now() - timedelta(hours=1))
    if (db.session.scalar(query) or 0) >= MOST_MESSAGES_AN_HOUR:
        raise Refused(_("That is a lot of messages in an hour. Go on a little later, please."))


# --- closing -------------------------------------------------------------------------------------------------------------


def close(ref: str, who: Who, *, block: bool) -> None:
    """End a talk; with `block` the two do not write to each other any more, about anything, and what is promised between them is off.
    Again changes nothing more.

    Refused: something is promised, and it is no block; that is called off first, with a kind word.
    """
    with transaction():
        found = locked(ref)
        seen, actor = seen_by(found, who), Actor(who.id)
        row = db.session.scalar(select(GiftPromise).where(GiftPromise.talk_id == found.id, GiftPromise.status == "promised"))
        if row is not None and not block:
            raise Refused(_("Something is promised between you. Call it off first, so that it is free for others."))
        if row is not None:
            undone(row, db.session.get_one(GiftPost, found.post_id), actor)
            notices.let_go(row, found, seen.me, put(found, seen.me, _("I would rather call this off."), actor, "let_go"))
        if found.status == "open":
            found.status, found.closed_by_id = "closed", seen.me.id
            record(about(found), "closed", actor, block=block)
        if block:
            _block(seen.me, seen.them)


def undone(row: GiftPromise, post: GiftPost, actor: Actor) -> None:
    """A promise that stands is off, and its pieces are free, as a part of an action."""
    must_be_in_transaction()
    row.status, row.changed_at, row.address = "let_go", clock.now(), ""
    row.sequence += 1
    posts.give_back(post, row.quantity, actor)
    record(f"gift promise:{row.id}", "let_go", actor)


def _block(me: GiftParty, them: GiftParty) -> None:
    known = exists().where(GiftBlock.by_id == me.id, GiftBlock.against_id == them.id)
    one_at_a_time(f"gift talk:{min(me.id, them.id)}:{max(me.id, them.id)}")
    if not db.session.scalar(select(known)):
        db.session.add(GiftBlock(by_id=me.id, against_id=them.id, at=clock.now()))


def reopen(ref: str, who: Who) -> None:
    """Whoever closed it opens it again, and takes a block back. Refused: the other side, or a coordinator, closed it."""
    with transaction():
        found = locked(ref)
        seen = seen_by(found, who)
        if found.status == "open":
            return
        if found.closed_by_id != seen.me.id:
            raise Refused(_("Only whoever closed this can open it again."))
        for block in db.session.scalars(select(GiftBlock).where(GiftBlock.by_id == seen.me.id, GiftBlock.against_id == seen.them.id)):
            db.session.delete(block)
        db.session.flush()
        not_blocked(seen.me.id, seen.them.id)
        found.status, found.closed_by_id = "open", None
        record(about(found), "reopened", Actor(who.id))


# --- the worker ----------------------------------------------------------------------------------------------------------


def remind() -> int:
    """No answer after two days: remind the owner, once, while the post is on the board (the worker's work)."""
    due = (
        select(GiftTalk.ref)
        .join(GiftPost, GiftPost.id == GiftTalk.post_id)
        .where(
            GiftTalk.answered_at.is_(None), GiftTalk.nudged_at.is_(None), GiftTalk.status == "open", GiftTalk.opened_at <= clock.now() - REMIND_AFTER,
            lists.live(),
        )
        .order_by(GiftTalk.id)
    )  # fmt: skip
    count = 0
    for ref in db.session.scalars(due).all():
        with transaction():
            found = locked(ref)
            if found.answered_at is None and found.nudged_at is None and found.status == "open":
                found.nudged_at = clock.now()
                notices.waits(found)
                count += 1
    return count
