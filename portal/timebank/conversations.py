"""Two members write to each other about a post, on the portal: each message is passed on, and neither sees an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused, Unknown
from portal.history import BASES, Actor, record
from portal.people.access import Who
from portal.refs import new_ref
from portal.timebank import evidence, members, notices, posts, search
from portal.timebank.model import Member
from portal.timebank.posts_model import Conversation, Post, Relayed, Reported
from portal.words import _

MOST_AN_HOUR = 40  # messages of one person
MOST_BEGUN_A_DAY = 15  # conversations that one person begins
LONGEST = 1500  # characters of a message
REMIND_AFTER = timedelta(days=3)
TELL_AFTER = timedelta(days=7)
OTHERS = 3  # posts that are offered instead


@dataclass(frozen=True)
class Sides:
    """A conversation as one of the two sees it."""

    conversation: Conversation
    me: Member
    them: Member


def about(conversation: Conversation) -> str:
    """How events and messages name it."""
    return f"conversation:{conversation.id}"


# --- finding -------------------------------------------------------------------------------------------------------------

OWNER, OTHER = joinedload(Conversation.owner), joinedload(Conversation.other)
BOTH = (
    OWNER.joinedload(Member.person), OWNER.joinedload(Member.organisation), OWNER.joinedload(Member.area), OTHER.joinedload(Member.person),
    OTHER.joinedload(Member.organisation), OTHER.joinedload(Member.area), joinedload(Conversation.post),
)  # fmt: skip


def sides(ref: str, who: Who) -> Sides:
    """A conversation, and which of the two somebody is or acts for. NotYours for everybody else. One query."""
    found = db.session.scalar(select(Conversation).where(Conversation.ref == ref).options(*BOTH))
    if found is None:
        raise NotFound(_("We cannot find that conversation."))
    return _seen_by(found, who)


def by_ref(ref: str) -> Conversation:
    """A conversation for a coordinator who passes words on. NotFound."""
    found = db.session.scalar(select(Conversation).where(Conversation.ref == ref).options(*BOTH))
    if found is None:
        raise Unknown(_("We cannot find that conversation. Check the number in the letter."))
    return found


def _seen_by(found: Conversation, who: Who) -> Sides:
    if members.acts_as(who, found.owner):
        return Sides(found, found.owner, found.other)
    if members.acts_as(who, found.other):
        return Sides(found, found.other, found.owner)
    raise NotYours(_("We cannot find that conversation."))


def locked(ref: str) -> Conversation:
    """One conversation, locked, as a part of an action. NotFound."""
    must_be_in_transaction()
    found = db.session.scalar(
        select(Conversation).where(Conversation.ref == ref).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_("We cannot find that conversation."))
    return found


def speaking(conversation: Conversation, who: Who, for_member: str | None, basis: str | None) -> tuple[Sides, Actor]:
    """Which side somebody speaks for: their own, or (a coordinator, on a basis) that of the member with this number.

    NotYours: neither of the two; Refused: a coordinator without a basis, or for a member elsewhere.
    """
    if for_member is None:
        return _seen_by(conversation, who), Actor(who.id)
    me = next((side for side in (conversation.owner, conversation.other) if side.ref == for_member), None)
    if me is None or not who.can("help others", me) or any(members.acts_as(who, side) for side in (conversation.owner, conversation.other)):
        raise NotYours(_("We cannot find that conversation."))
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    them = conversation.other if me is conversation.owner else conversation.owner
    return Sides(conversation, me, them), Actor(who.id, me.person_id, basis)


def thread(conversation: Conversation) -> Sequence[Relayed]:
    """What was said, oldest first; the latest two hundred."""
    newest = select(Relayed).where(Relayed.conversation_id == conversation.id).order_by(Relayed.id.desc()).limit(200)
    return db.session.scalars(newest).all()[::-1]


def of_members(ids: Sequence[int], *, before: int | None = None, limit: int = 30) -> Sequence[Conversation]:
    """Conversations of these members, the latest first; `before`: the id of the last one seen, for the next page."""
    mine = or_(Conversation.owner_id.in_(ids), Conversation.other_id.in_(ids))
    query = select(Conversation).where(mine).options(*BOTH)
    if before is not None:
        last = select(Conversation.last_at).where(Conversation.id == before).scalar_subquery()
        query = query.where(or_(Conversation.last_at < last, and_(Conversation.last_at == last, Conversation.id < before)))
    return db.session.scalars(query.order_by(Conversation.last_at.desc(), Conversation.id.desc()).limit(limit)).all()


def about_post(post: Post) -> Sequence[Conversation]:
    """Conversations about a post, the latest first."""
    query = select(Conversation).where(Conversation.post_id == post.id).options(*BOTH)
    return db.session.scalars(query.order_by(Conversation.last_at.desc(), Conversation.id.desc()).limit(50)).all()


def with_me(post: Post, ids: Sequence[int]) -> Conversation | None:
    """The conversation about a post that one of these members has already."""
    return db.session.scalar(select(Conversation).where(Conversation.post_id == post.id, Conversation.other_id.in_(ids)).limit(1))


# --- writing -------------------------------------------------------------------------------------------------------------


def answer(post_ref: str, mine: str, words: str, who: Who, *, basis: str | None = None, once_key: str) -> str:
    """Write to the owner of a post, as oneself, an organisation one acts for, or (a coordinator, on a basis) the member `mine`.

    Returns the conversation's reference; one that there is already goes on. Refused: no words, not in the list, one's own, a break,
    somebody who does not want it, too much at once.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        post = posts.locked(post_ref)
        me = members.by_ref(mine)
        actor = posts.acting(who, me, basis)
        if not posts.is_live(post):
            raise Refused(_("This is not in the list any more. See what else there is."))
        if basis is None and not _reached(post, me):  # a coordinator may bring somebody in from farther away
            raise Refused(_("This is only for neighbours in %(area)s.", area=post.area.name))
        ref = _begin(post, me, me, words, actor).ref
        once.keep(once_key, ref)
        return ref


@evidence.telling
def invite(post_ref: str, helper_ref: str, words: str, who: Who, *, basis: str | None = None) -> str:
    """The owner of a post (or a coordinator for them, on a basis) writes first, to somebody who may help; returns the reference.

    A second tap finds the first. Refused as for `answer`; `evidence.NotYet`: something must have been seen of the helper first.
    """
    with transaction():
        post = posts.locked(post_ref)
        actor = posts.acting(who, post.member, basis)
        helper = members.by_ref(helper_ref)
        if not posts.is_live(post):
            raise Refused(_("This is not in the list any more. Put it up again first."))
        if (known := with_me(post, [helper.id])) is not None:
            return known.ref
        evidence.must_be_ready(helper if post.kind == "request" else post.member, post.category.risk, post.member)
        return _begin(post, helper, post.member, words, actor).ref


def _reached(post: Post, me: Member) -> bool:
    query = select(Post.id).where(Post.id == post.id, search.reaches(me.area_id))
    return db.session.scalar(query) is not None


def _begin(post: Post, other: Member, sender: Member, words: str, actor: Actor) -> Conversation:
    if post.member_id == other.id:
        raise Refused(_("This is your own."))
    for each in (post.member, other):
        if each.status != "active":
            raise Refused(members.on_break(each, actor, notices.first_name(each)))
    one_at_a_time(f"conversation:{min(post.member_id, other.id)}:{max(post.member_id, other.id)}")
    _not_blocked(post.member_id, other.id)
    found = db.session.scalar(
        select(Conversation).where(Conversation.post_id == post.id, Conversation.other_id == other.id).with_for_update()
    )
    if found is None:
        assert actor.person_id is not None
        _not_too_many_begun(actor.person_id)
        now = clock.now()
        found = Conversation(
            ref=new_ref("CNV"), post_id=post.id, owner_id=post.member_id, other_id=other.id, begun_by_id=sender.id, status="open", opened_at=now,
            last_at=now, nudges=0,
        )  # fmt: skip
        db.session.add(found)
        db.session.flush()
        record(about(found), "begun", actor)
    must_be_open(found)
    put(found, sender, words, actor)
    return found


def say(ref: str, words: str, who: Who, *, for_member: str | None = None, basis: str | None = None, once_key: str) -> None:
    """One more message. Refused: not one of the two, closed, blocked (in whichever conversation), no words, too much at once."""
    with transaction():
        if once.claim(once_key) is not None:
            return
        found = locked(ref)
        seen, actor = speaking(found, who, for_member, basis)
        must_be_open(found)
        _not_blocked(found.owner_id, found.other_id)
        put(found, seen.me, words, actor)


def put(found: Conversation, sender: Member, words: str, actor: Actor, kind: str = "words") -> Relayed:
    """Append a message and pass it on, as a part of an action. What is not "words" is passed on by whoever called."""
    must_be_in_transaction()
    if not words:
        raise Refused(_("Write a few words."), "words")
    if len(words) > LONGEST:
        raise Refused(_("That is long. Say the most important part, and the rest when you meet."), "words")
    assert actor.person_id is not None
    _not_too_much(actor.person_id)
    said = Relayed(
        conversation_id=found.id, owner_id=found.owner_id, other_id=found.other_id, from_id=sender.id, by_person_id=actor.person_id, basis=actor.basis,
        kind=kind, words=words, at=clock.now(),
    )  # fmt: skip
    db.session.add(said)
    db.session.flush()
    found.last_at = said.at
    if sender.id != found.begun_by_id and found.answered_at is None:
        found.answered_at = said.at
    if kind == "words":
        notices.relay(found, said, sender, found.other if sender.id == found.owner_id else found.owner)
    return said


def must_be_open(found: Conversation) -> None:
    """Conflict: it was closed."""
    if found.status != "open":
        raise Conflict(_("This conversation is closed. See what else neighbours offer and ask."))


def _not_blocked(one: int, two: int) -> None:
    between = or_(
        and_(Conversation.owner_id == one, Conversation.other_id == two), and_(Conversation.owner_id == two, Conversation.other_id == one)
    )
    if db.session.scalar(select(Conversation.id).where(between, Conversation.blocked_by_id.is_not(None)).limit(1)) is not None:
        raise Refused(_("You two cannot write to each other here. A coordinator can help: call us."))


def _not_too_many_begun(person_id: int) -> None:
    since = clock.now() - timedelta(days=1)
    first = select(func.min(Relayed.id)).group_by(Relayed.conversation_id)
    query = select(func.count()).where(Relayed.by_person_id == person_id, Relayed.at > since, Relayed.id.in_(first))
    if (db.session.scalar(query) or 0) >= MOST_BEGUN_A_DAY:
        raise Refused(_("You have written to many neighbours today. Wait for some answers, and go on tomorrow."))


def _not_too_much(person_id: int) -> None:
    query = select(func.count()).where(Relayed.by_person_id == person_id, Relayed.at > clock.now() - timedelta(hours=1))
    if (db.session.scalar(query) or 0) >= MOST_AN_HOUR:
        raise Refused(_("That is a lot of messages in an hour. Go on a little later, please."))


# --- closing, and what is wrong ------------------------------------------------------------------------------------------


def close(ref: str, who: Who, *, block: bool) -> None:
    """End a conversation; with `block` the two do not write to each other any more, about anything. Again changes nothing more."""
    with transaction():
        found = locked(ref)
        seen = _seen_by(found, who)
        if found.status == "open":
            found.status, found.closed_by_id = "closed", seen.me.id
            record(about(found), "closed", Actor(who.id), block=block)
        if block and found.blocked_by_id is None:
            found.blocked_by_id = seen.me.id


def reopen(ref: str, who: Who) -> bool:
    """Whoever closed it opens it again; whoever did not want to hear from the other any more lifts that. Returns whether it is open.

    Refused: the other side, or a coordinator, closed it, and there is nothing to lift.
    """
    with transaction():
        found = locked(ref)
        seen = _seen_by(found, who)
        if found.status == "open":
            return True
        closed, blocked = found.closed_by_id == seen.me.id, found.blocked_by_id == seen.me.id
        if found.closed_by_id is None or not (blocked or (closed and found.blocked_by_id is None)):
            raise Refused(_("Only whoever closed this can open it again."))
        found.blocked_by_id = None
        if closed:
            found.status, found.closed_by_id = "open", None
        record(about(found), "reopened" if closed else "unblocked", Actor(who.id))
        return closed


def something_wrong(ref: str, relayed_id: int, words: str, who: Who) -> None:
    """Tell a coordinator that something is wrong with a message of the other side. Again changes nothing.

    Refused: not one of the two, not a message of the other side, no words.
    """
    with transaction():
        found = locked(ref)
        seen = _seen_by(found, who)
        said = db.session.get(Relayed, relayed_id)
        if said is None or said.conversation_id != found.id or said.from_id != seen.them.id:
            raise NotFound(_("We cannot find that message."))
        if not words:
            raise Refused(_("Write what is wrong, in a few words."), "words")
        if db.session.scalar(select(Reported.id).where(Reported.relayed_id == said.id, Reported.by_id == seen.me.id)) is not None:
            return
        made = Reported(relayed_id=said.id, by_id=seen.me.id, words=words, at=clock.now())
        db.session.add(made)
        db.session.flush()
        record(about(found), "reported", Actor(who.id))
        notices.reported(made, found, (seen.me, seen.them))


@dataclass(frozen=True)
class ReportSeen:
    """A report with what a coordinator needs to judge it."""

    report: Reported
    conversation: Conversation
    by: Member
    against: Member


def reports_query(areas: frozenset[int] | None, who: Who | None) -> Select[Reported, Conversation]:
    """What waits for coordinators of these areas (None: all); nothing of a conversation of `who`."""
    query = (
        select(Reported, Conversation)
        .join(Relayed, Relayed.id == Reported.relayed_id)
        .join(Conversation, Conversation.id == Relayed.conversation_id)
        .where(Reported.settled_at.is_(None))
    )
    if areas is not None:
        here = select(Member.id).where(Member.area_id.in_(areas))
        query = query.where(or_(Conversation.owner_id.in_(here), Conversation.other_id.in_(here)))
    if who is not None:
        mine = select(Member.id).where(or_(Member.person_id == who.id, Member.organisation_id.in_(who.acts_for)))
        query = query.where(Conversation.owner_id.not_in(mine), Conversation.other_id.not_in(mine))
    return query


def reports(areas: frozenset[int] | None, who: Who | None, limit: int = 50) -> Sequence[ReportSeen]:
    """The same to be read, the longest waiting first."""
    query = reports_query(areas, who).options(*BOTH)
    return [_seen(report, found) for report, found in db.session.execute(query.order_by(Reported.id).limit(limit)).unique()]


def report_for(id_: int, who: Who) -> ReportSeen:
    """One report for a coordinator of either member's area, who is neither of the two. NotFound."""
    row = db.session.execute(
        select(Reported, Conversation)
        .join(Relayed, Relayed.id == Reported.relayed_id)
        .join(Conversation, Conversation.id == Relayed.conversation_id)
        .where(Reported.id == id_)
        .options(*BOTH)
    ).one_or_none()
    if row is None or not _judges(row[1], who):
        raise NotFound(_("We cannot find that report."))
    return _seen(row[0], row[1])


def _seen(report: Reported, found: Conversation) -> ReportSeen:
    by, against = (found.owner, found.other) if report.by_id == found.owner_id else (found.other, found.owner)
    return ReportSeen(report, found, by, against)


def _judges(found: Conversation, who: Who) -> bool:
    two = (found.owner, found.other)
    return any(who.can("help others", member) for member in two) and not any(members.acts_as(who, member) for member in two)


def settle_report(id_: int, outcome: str, who: Who, *, close_it: bool) -> None:
    """A coordinator has looked: what came of it is told to who reported; `close_it` ends the conversation for both.

    Refused: not their place, one of the two, no words. Conflict: settled already.
    """
    with transaction():
        report = db.session.scalar(select(Reported).where(Reported.id == id_).with_for_update())
        if report is None:
            raise NotFound(_("We cannot find that report."))
        found = db.session.get_one(Conversation, db.session.get_one(Relayed, report.relayed_id).conversation_id)
        if not _judges(found, who):
            raise NotYours(_("We cannot find that report."))
        if not outcome:
            raise Refused(_("Write what came of it. Whoever told us reads it."), "outcome")
        if report.settled_at is not None:
            raise Conflict(_("A colleague has dealt with this meanwhile."))
        report.settled_at, report.settled_by_id, report.outcome = clock.now(), who.id, outcome
        if close_it:
            found.status, found.closed_by_id, found.blocked_by_id = "closed", None, report.by_id
        record(about(found), "report_settled", Actor(who.id), reason=outcome, closed=close_it)
        notices.report_settled(report, found, _seen(report, found).by)


# --- the worker ----------------------------------------------------------------------------------------------------------


def remind() -> int:
    """No answer after three days: remind who was asked; after seven: tell who asked, with what to try next (the worker's work)."""
    now = clock.now()
    due = (
        select(Conversation.ref)
        .where(
            Conversation.answered_at.is_(None), Conversation.status == "open",
            or_(
                and_(Conversation.nudges == 0, Conversation.opened_at <= now - REMIND_AFTER),
                and_(Conversation.nudges == 1, Conversation.opened_at <= now - TELL_AFTER),
            ),
        )
        .order_by(Conversation.id)
    )  # fmt: skip
    count = 0
    for ref in db.session.scalars(due).all():
        with transaction():
            count += _nudge(locked(ref))
    return count


def _nudge(found: Conversation) -> bool:
    if found.answered_at is not None or found.status != "open":
        return False
    waited = clock.now() - found.opened_at
    asker, asked = (found.owner, found.other) if found.begun_by_id == found.owner_id else (found.other, found.owner)
    if found.nudges == 0 and waited >= REMIND_AFTER:
        found.nudges = 1
        if waited < TELL_AFTER and posts.is_live(found.post) and asked.status == "active":
            return notices.no_reply_yet(found, asked, asker)
    if found.nudges == 1 and waited >= TELL_AFTER:
        found.nudges = 2
        if found.post.status not in ("met", "ended"):
            return notices.no_reply(found, asked, asker, _like(found, asker))
    return False


def _like(found: Conversation, asker: Member) -> Sequence[Post]:
    """What suits the asker instead: the same kind of help, from others whom they have not written to.

    Who answered an offer wants help, so other offers; who answered a request wants to give, so other requests; who invited
    somebody to their own request wants offers.
    """
    kind = found.post.kind if found.begun_by_id == found.other_id else "offer" if found.post.kind == "request" else "request"
    written = select(Conversation.post_id).where(Conversation.other_id == asker.id)
    query = search.listed(search.Viewer(asker, asker.area, named=True), search.Filters(kind=kind)).where(
        Post.category_id == found.post.category_id, Post.member_id != asker.id, Post.member_id != (found.owner_id if asker.id == found.other_id else found.other_id),
        Post.id.not_in(written),
    )  # fmt: skip
    return db.session.scalars(query.order_by(Post.id.desc()).limit(OTHERS)).unique().all()
