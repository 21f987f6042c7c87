"""Care for the boards: what a person looks at first, what neighbours report, and what was decided. Every hold has a person and a day.

A decision is kept with its reason and told to whom it touches; `log` reads them all.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.gifts import lists, notices, parties
from portal.gifts.model import GiftParty, GiftPost
from portal.gifts.rules import LOOKED_AT_WITHIN, REPORTS_THAT_HOLD, last_day
from portal.gifts.talks_model import GiftLook, GiftSaid, GiftTalk
from portal.history import Actor, record
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.settings.days_off import working_days_after
from portal.words import _

PAGE = 30
HOLDS = ("new", "worry")
BETWEEN = ", "  # the words of one look; none of them holds this


def about(post: GiftPost) -> str:
    """How events and messages name a post."""
    return f"gift:{post.id}"


def about_look(look: GiftLook) -> str:
    """How events and messages name what somebody looks at."""
    return f"gift look:{look.id}"


# --- who looks -----------------------------------------------------------------------------------------------------------


def _touched(post: GiftPost, by_id: int | None, said: GiftSaid | None) -> set[int]:
    """Parties that a look is about, or who asked for it: nobody judges their own, and nobody of whom a neighbour tells us hears of that."""
    if said is not None:
        return {said.owner_id, said.other_id}
    reported = select(GiftLook.by_id).where(GiftLook.post_id == post.id, GiftLook.kind == "report", GiftLook.decided_at.is_(None))
    return {each for each in (post.party_id, by_id, *db.session.scalars(reported)) if each is not None}


def _own(touched: Collection[int]) -> set[int]:
    """Persons who are one of these parties, or act for one."""
    return {someone.id for each in touched for someone in parties.persons_of(db.session.get_one(GiftParty, each))}


def _coordinators(post: GiftPost, but: Collection[int]) -> Sequence[Person]:
    """Who looks after the place of a post, without the persons `but`: its connectors, or its officers where there is none."""
    for role in ("connector", "officer"):
        if found := [someone for someone in people.holders(role, at=post.area_id) if someone.id not in but]:
            return found
    return []


def _administrators(but: Collection[int]) -> list[Person]:
    return [someone for someone in people.holders("administrator") if someone.id not in but]


def _least_busy(some: Sequence[Person]) -> Person | None:
    ids = [someone.id for someone in some]
    query = select(GiftLook.answerable_id, func.count()).where(GiftLook.answerable_id.in_(ids), GiftLook.decided_at.is_(None))
    busy: dict[int | None, int] = dict(db.session.execute(query.group_by(GiftLook.answerable_id)).tuples().all())
    return min(some, key=lambda someone: (busy.get(someone.id, 0), someone.id), default=None)


# --- what is looked at ---------------------------------------------------------------------------------------------------


def hold(post: GiftPost, kind: str, words: Sequence[str], actor: Actor) -> None:
    """Off the boards until somebody has looked, as a part of an action. `kind`: "new" or "worry", with the `words` that were found."""
    must_be_in_transaction()
    open_ = select(GiftLook).where(GiftLook.post_id == post.id, GiftLook.kind.in_(HOLDS), GiftLook.decided_at.is_(None))
    standing = db.session.scalar(open_)
    if standing is None:
        _off_the_boards(post, _ask(post, kind, BETWEEN.join(words)), kind, actor)
        return
    standing.words = BETWEEN.join(words) or standing.words
    _held(post)


def _held(post: GiftPost) -> None:
    post.status = "held"
    lists.keep(post)


def _off_the_boards(post: GiftPost, look: GiftLook, why: str, actor: Actor) -> None:
    _held(post)
    record(about(post), "held", actor, why=why, look_by=look.look_by.isoformat())
    notices.held(post, look)


def passed(post: GiftPost) -> set[str]:
    """Words that a person has let stand in this post before."""
    shown = select(GiftLook.words).where(GiftLook.post_id == post.id, GiftLook.kind.in_(HOLDS), GiftLook.decision == "shown")
    return {word for words in db.session.scalars(shown) for word in words.split(BETWEEN)}


def _ask(post: GiftPost, kind: str, words: str, *, by: GiftParty | None = None, said: GiftSaid | None = None) -> GiftLook:
    db.session.expire(post, ["party"])
    own = _own(_touched(post, by.id if by is not None else None, said))
    some = _coordinators(post, own)
    answerable = _looks_already(post, some) or _least_busy(some)
    made = GiftLook(
        kind=kind, post_id=post.id, said_id=said.id if said is not None else None, by_id=by.id if by is not None else None, words=words, at=clock.now(),
        answerable_id=answerable.id if answerable is not None else None, look_by=working_days_after(clock.today(), LOOKED_AT_WITHIN),
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    notices.please_look(made, post, [answerable] if answerable is not None else _administrators(own))
    return made


def _looks_already(post: GiftPost, some: Sequence[Person]) -> Person | None:
    """Who of some looks at something else about this post: one post is one person's."""
    query = select(GiftLook.answerable_id).where(GiftLook.post_id == post.id, GiftLook.decided_at.is_(None)).order_by(GiftLook.id)
    asked = db.session.scalars(query).all()
    return next((someone for someone in some if someone.id in asked), None)


def report(ref: str, words: str, who: Who) -> None:
    """A neighbour says that something is wrong with a post. The same neighbour again changes nothing.

    From two neighbours it leaves the boards until somebody has looked. Refused: one's own, no words.
    """
    with transaction():
        post = _locked(ref)
        if not (lists.is_live(post) and lists.may_read(post, who)):
            raise NotFound(_("This is not on the board any more. See what else there is."))
        if parties.acts_as(who, post.party):
            raise Refused(_("This is your own. You can change it or end it."))
        if not words:
            raise Refused(_("Write what is wrong, in a few words."), "words")
        by = parties.enter(person_id=who.id)
        theirs = and_(GiftLook.post_id == post.id, GiftLook.kind == "report")
        if db.session.scalar(select(exists().where(theirs, GiftLook.by_id == by.id))):
            return
        made = _ask(post, "report", words, by=by)
        record(about(post), "reported", Actor(who.id), look=made.id)
        waiting = db.session.scalar(select(func.count()).select_from(GiftLook).where(theirs, GiftLook.decided_at.is_(None))) or 0
        if waiting >= REPORTS_THAT_HOLD:
            _off_the_boards(post, made, "report", Actor(who.id))


def something_wrong(talk_ref: str, said_id: int, words: str, who: Who) -> None:
    """One of the two of a talk says that something is wrong with a message of the other. Again changes nothing.

    Refused: not one of the two, not a message of the other side, no words.
    """
    with transaction():
        talk = db.session.scalar(select(GiftTalk).where(GiftTalk.ref == talk_ref))
        me = None if talk is None else next((each for each in (talk.owner, talk.other) if parties.acts_as(who, each)), None)
        if talk is None or me is None:
            raise NotYours(_("We cannot find that conversation."))
        said = db.session.get(GiftSaid, said_id)
        if said is None or said.talk_id != talk.id or said.from_id == me.id:
            raise NotFound(_("We cannot find that message."))
        if not words:
            raise Refused(_("Write what is wrong, in a few words."), "words")
        post = _locked(talk.post.ref)
        me = parties.enter(person_id=me.person_id, organisation_id=me.organisation_id)
        if db.session.scalar(select(exists().where(GiftLook.said_id == said.id, GiftLook.by_id == me.id))):
            return
        made = _ask(post, "message", words, by=me, said=said)
        record(about(post), "message_reported", Actor(who.id), look=made.id)


def _locked(ref: str) -> GiftPost:
    found = db.session.scalar(select(GiftPost).where(GiftPost.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that gift or wish."))
    return found


# --- reading -------------------------------------------------------------------------------------------------------------

SEEN = (
    joinedload(GiftLook.post).options(*(joinedload(each) for each in (GiftPost.area,))),
    joinedload(GiftLook.post).joinedload(GiftPost.party).options(joinedload(GiftParty.person), joinedload(GiftParty.organisation)),
    joinedload(GiftLook.said),
)  # fmt: skip


def _touch(who: Who) -> ColumnElement[bool]:
    """Looks that somebody does not judge, for a query: `_touched` of them or of an organisation for which they act."""
    mine = select(GiftParty.id).where(or_(GiftParty.person_id == who.id, GiftParty.organisation_id.in_(who.acts_for)))
    beside = aliased(GiftLook)
    reported = exists().where(
        GiftLook.said_id.is_(None), beside.post_id == GiftLook.post_id, beside.kind == "report", beside.decided_at.is_(None), beside.by_id.in_(mine)
    )  # fmt: skip
    return or_(
        exists().where(GiftPost.id == GiftLook.post_id, GiftPost.party_id.in_(mine)).correlate(GiftLook),
        exists().where(GiftSaid.id == GiftLook.said_id, or_(GiftSaid.owner_id.in_(mine), GiftSaid.other_id.in_(mine))),
        and_(GiftLook.by_id.is_not(None), GiftLook.by_id.in_(mine)),
        reported,
    )


def waiting_query(areas: frozenset[int] | None, who: Who | None = None) -> Select[Any]:
    """What waits for who helps others in these areas (None: everywhere); of these, what `who` may judge. What is asked about one
    post is one item: its first.
    """
    first = aliased(GiftLook)
    before = exists().where(
        GiftLook.kind != "message", first.post_id == GiftLook.post_id, first.kind != "message", first.decided_at.is_(None), first.id < GiftLook.id
    )  # fmt: skip
    query = select(GiftLook).where(GiftLook.decided_at.is_(None), ~before)
    if who is not None:
        query = query.where(~_touch(who))
    return query if areas is None else query.join(GiftPost, GiftPost.id == GiftLook.post_id).where(GiftPost.area_id.in_(areas))


def waiting(areas: frozenset[int] | None, who: Who | None = None, *, limit: int = 50) -> Sequence[GiftLook]:
    """The same to be read, what must be looked at soonest first. One query."""
    query = waiting_query(areas, who).options(*SEEN).order_by(GiftLook.look_by, GiftLook.id)
    return db.session.scalars(query.limit(limit)).unique().all()


def log(
    areas: frozenset[int] | None, who: Who | None = None, *, before: int | None = None, limit: int = PAGE
) -> Sequence[tuple[GiftLook, str]]:
    """What was decided, the latest look first, each with who decided it; nothing that touches `who`. One query."""
    query = select(GiftLook, func.coalesce(Person.name, "")).outerjoin(Person, Person.id == GiftLook.decided_by_id)
    query = query.join(GiftPost, GiftPost.id == GiftLook.post_id).where(GiftLook.decided_at.is_not(None)).options(*SEEN)
    if areas is not None:
        query = query.where(GiftPost.area_id.in_(areas))
    if who is not None:
        query = query.where(~_touch(who))
    if before is not None:
        query = query.where(GiftLook.id < before)
    rows = db.session.execute(query.order_by(GiftLook.id.desc()).limit(limit)).unique()
    return [(look, name) for look, name in rows]


def look(number: int, who: Who) -> GiftLook:
    """One thing to look at, for who helps others there and whom it does not touch. NotFound for everybody else."""
    found = db.session.scalar(select(GiftLook).where(GiftLook.id == number).options(*SEEN))
    if found is None or not _judges(found, who):
        raise NotFound(_("We cannot find that."))
    return found


def beside(found: GiftLook) -> Sequence[str]:
    """What else is said about the same post and decided with it, oldest first. One query."""
    if found.kind == "message":
        return []
    others = and_(GiftLook.post_id == found.post_id, GiftLook.id != found.id, GiftLook.kind != "message", GiftLook.decided_at.is_(None))
    return db.session.scalars(select(GiftLook.words).where(others, GiftLook.words != "").order_by(GiftLook.id)).all()


def _judges(found: GiftLook, who: Who) -> bool:
    own = {party.id for party in parties.own(who)}
    return bool(who.can("help others", found.post)) and not own & _touched(found.post, found.by_id, found.said)


# --- deciding ------------------------------------------------------------------------------------------------------------


def decide(number: int, decision: str, reason: str, who: Who, *, stop: bool = False) -> None:
    """Somebody has looked: "shown" (it stands on the board), "taken_down" (for good), or, of a message, "settled".

    The reason is told to the owner when it is taken down, and to who reported it. `stop`: whoever wrote it may not post or answer any more.
    Refused: no reason, though a neighbour waits for an answer or it does not stay as it was. Conflict: decided meanwhile. NotFound: not
    their place, or it touches them.
    """
    with transaction():
        known = look(number, who)
        post = _locked(known.post.ref)
        found = db.session.scalars(
            select(GiftLook).where(GiftLook.id == number).with_for_update().execution_options(populate_existing=True)
        ).one()
        if found.decided_at is not None:
            raise Conflict(_("A colleague has dealt with this meanwhile."))
        if not _judges(found, who):
            raise NotFound(_("We cannot find that."))
        some = [found] if found.kind == "message" else _open_looks(post)
        _may_decide(found, some, decision, reason)
        actor = Actor(who.id)
        if stop:  # before the words of a post, as whoever posts
            _stop(found, post, actor)
        if decision == "taken_down":
            take_down(post, reason, actor)
            return
        if decision == "shown":
            _show(post, actor)
        _decided(some, decision, reason, who.id)


def _may_decide(found: GiftLook, some: Sequence[GiftLook], decision: str, reason: str) -> None:
    if decision not in (("settled",) if found.kind == "message" else ("shown", "taken_down")):
        raise Refused(_("Choose what shall happen with it."), "decision")
    if not reason and (decision != "shown" or any(each.by_id is not None for each in some)):
        raise Refused(_("Write why, in a few words. It is kept, and told to whom it touches."), "reason")


def _open_looks(post: GiftPost) -> Sequence[GiftLook]:
    return db.session.scalars(
        select(GiftLook).where(GiftLook.post_id == post.id, GiftLook.decided_at.is_(None), GiftLook.kind != "message").with_for_update()
    ).all()


def _decided(looks: Sequence[GiftLook], decision: str, reason: str, by_id: int | None) -> None:
    for each in looks:
        each.decided_at, each.decision, each.reason, each.decided_by_id = clock.now(), decision, reason, by_id
        record(about_look(each), decision, Actor(by_id), reason=reason)
        if each.by_id is not None:
            notices.looked_at(each, db.session.get_one(GiftParty, each.by_id))


def _show(post: GiftPost, actor: Actor) -> None:
    """Onto the board, for as long as it was meant to stand there when it was posted."""
    party = db.session.get_one(GiftParty, post.party_id, with_for_update=True)
    party.known_at = party.known_at or clock.now()
    if post.status != "held":
        return
    stays = (post.ends_on - clock.london_day(post.posted_at)).days
    until = last_day(stays, post.until_day, clock.today())
    post.status, post.ends_on = ("open", until) if until >= clock.today() else ("expired", post.ends_on)
    lists.keep(post)
    record(about(post), "shown", actor)
    notices.shown(post)


def take_down(post: GiftPost, reason: str, actor: Actor) -> None:
    """Off the boards for good, as a part of an action; its owner hears why, and so does whoever said that something is wrong with it."""
    must_be_in_transaction()
    _decided(_open_looks(post), "taken_down", reason, actor.person_id)
    if post.status == "hidden":
        return
    post.status = "hidden"
    lists.keep(post)
    record(about(post), "hidden", actor, reason=reason)
    notices.taken_down(post, reason)


def _stop(found: GiftLook, post: GiftPost, actor: Actor) -> None:
    said = found.said
    wrote = post.party_id if said is None else said.from_id
    party = db.session.get_one(GiftParty, wrote, with_for_update=True)
    if party.stopped_at is None:
        party.stopped_at, party.stopped_by_id = clock.now(), actor.person_id
        record(f"gift party:{party.id}", "stopped", actor, look=found.id)


def let_again(party_id: int, reason: str, who: Who) -> None:
    """Somebody who was kept away may post and answer again. Refused: no reason. NotFound: not stopped, or their own."""
    with transaction():
        party = db.session.get(GiftParty, party_id, with_for_update=True)
        if party is None or party.stopped_at is None or parties.acts_as(who, party) or not who.has("connector", "officer"):
            raise NotFound(_("We cannot find that."))
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept."), "reason")
        party.stopped_at, party.stopped_by_id = None, None
        record(f"gift party:{party.id}", "let_again", Actor(who.id), reason=reason)


def stopped(limit: int = 50) -> Sequence[GiftParty]:
    """Whom coordinators keep away just now."""
    query = select(GiftParty).where(GiftParty.stopped_at.is_not(None)).options(*parties.NAMED)
    return db.session.scalars(query.order_by(GiftParty.stopped_at.desc()).limit(limit)).all()


def forget_holds(post: GiftPost) -> None:
    """Its owner ended it before anybody looked: nothing to look at any more, as a part of that action."""
    must_be_in_transaction()
    holds = [each for each in _open_looks(post) if each.kind in HOLDS]
    _decided(holds, "settled", _("Its owner ended it."), None)


def forget_looks(post: GiftPost) -> None:
    """Its owner leaves and its words go: nothing to look at any more, as a part of that action; whoever reported it hears so."""
    must_be_in_transaction()
    _decided(_open_looks(post), "settled", _("It is not on the board any more."), None)


def told_by(post: GiftPost, who: Who) -> bool:
    """Whether somebody said that something is wrong with a post, and nobody has decided about that yet."""
    theirs = (GiftLook.post_id == post.id, GiftLook.kind == "report", GiftLook.decided_at.is_(None))
    return bool(db.session.scalar(select(exists().where(*theirs, GiftLook.by_id.in_([each.id for each in parties.own(who)])))))


# --- the worker ----------------------------------------------------------------------------------------------------------


def chase() -> int:
    """Nobody looked by the day: all who look after the place hear of it, and the scheme's officers (the worker's work). Each once."""
    late = and_(GiftLook.decided_at.is_(None), GiftLook.chased_at.is_(None), GiftLook.look_by < clock.today())
    count = 0
    for number in db.session.scalars(select(GiftLook.id).where(late).order_by(GiftLook.id)).all():
        with transaction():
            found = db.session.scalar(select(GiftLook).where(GiftLook.id == number, late).with_for_update())
            if found is None:
                continue
            found.chased_at = clock.now()
            record(about_look(found), "chased", Actor(None))
            own = _own(_touched(found.post, found.by_id, found.said))
            some = (*_coordinators(found.post, own), *people.holders("officer"))
            everybody = {someone.id: someone for someone in some if someone.id not in own}
            notices.please_look(found, found.post, list(everybody.values()) or _administrators(own), late=True)
            count += 1
    return count
