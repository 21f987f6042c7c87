"""Making one idea of two: asked by one side, agreed by the other, undone by a connector for a while.

The card that joins stays as it is, with who said "I'm in" on it; it counts with the other one, and its address leads there.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased, joinedload

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import BASES, SCHEME, Actor, record
from portal.ideas import counting, moves, notices, queries
from portal.ideas.cards import has_owner
from portal.ideas.model import Idea, IdeaJoin
from portal.ideas.queries import about, hold, is_owner
from portal.ideas.rules import ASKED_DAYS, UNDO_DAYS
from portal.people.access import Who
from portal.refs import new_ref
from portal.words import _

SIDES = ("idea", "into")
WHOLE = tuple(
    way
    for side in (IdeaJoin.idea, IdeaJoin.into)
    for way in (joinedload(side).joinedload(Idea.area), joinedload(side).joinedload(Idea.owner))
)


def ask(ref: str, into_ref: str, who: Who, *, basis: str | None = None, said: Collection[str] = SIDES) -> IdeaJoin:
    """Ask that one idea joins another. The owner of either asks, and the other is asked; a connector speaks for cards without an account,
    and on a basis for those who `said` yes ("idea", "into"). Where both sides have said yes, they are one at once.

    Refused: the same card, nobody's side taken, no basis. Conflict: it has joined one already, or one of them is not on the wall.
    """
    with transaction():
        hold()
        idea, into = _both(ref, into_ref)
        sides = _speaks_for(who, idea, into, basis, said)
        if not sides:
            raise NotYours(_("We cannot find that idea."))
        _may_join(idea, into)
        join = db.session.scalar(
            select(IdeaJoin).where(IdeaJoin.idea_id == idea.id, IdeaJoin.into_id == into.id, IdeaJoin.status == "asked").with_for_update()
        )
        if join is None:
            join = IdeaJoin(ref=new_ref("JOI"), idea_id=idea.id, into_id=into.id, status="asked", asked_by_id=who.id, asked_at=clock.now())
            db.session.add(join)
            db.session.flush()
            record(about(idea), "join_asked", Actor(who.id, None, basis), into=into.ref)
        _say_yes(join, idea, into, sides, Actor(who.id, None, basis))
        if join.status == "asked":
            notices.asked_to_join(join, idea, into, into if join.into_yes_at is None else idea)
        return join


def _both(ref: str, into_ref: str) -> tuple[Idea, Idea]:
    if ref == into_ref:
        raise Refused(_("That is the same card."), "into")
    return queries.locked(ref), queries.locked(into_ref)


def _speaks_for(who: Who, idea: Idea, into: Idea, basis: str | None, said: Collection[str] = SIDES) -> Collection[str]:
    """Whose yes this person can give: "idea", "into". Refused: a connector speaks for somebody without a basis."""
    sides = {name for name, card in (("idea", idea), ("into", into)) if is_owner(who, card)}
    free = {name for name, card in (("idea", idea), ("into", into)) if who.can("help others", card) and not has_owner(card)}
    helped = {name for name, card in (("idea", idea), ("into", into)) if who.can("help others", card)}
    if basis in BASES:
        return sides | free | (helped & set(said))
    if helped - free and not sides:
        raise Refused(_("Say how you know that they agree: on paper, by telephone or face to face."), "basis")
    return sides | free


def _may_join(idea: Idea, into: Idea) -> None:
    if idea.status == "joined":
        raise Conflict(_("This idea has joined another one already."))
    if into.status == "joined":
        raise Conflict(_("“%(title)s” has joined another idea itself. Join that one.", title=into.title))
    for card in (idea, into):
        if not queries.is_live(card):
            raise Conflict(_("“%(title)s” is not on the wall any more, so the two cannot be joined.", title=card.title))


def _say_yes(join: IdeaJoin, idea: Idea, into: Idea, sides: Collection[str], actor: Actor) -> None:
    now = clock.now()
    if "idea" in sides:
        join.idea_yes_at = join.idea_yes_at or now
    if "into" in sides:
        join.into_yes_at = join.into_yes_at or now
    if join.idea_yes_at is None or join.into_yes_at is None:
        return
    join.status, join.joined_at = "joined", now
    idea.status, idea.into_id = "joined", into.id
    queries.keep(idea)
    notices.joined(join, idea, into)
    counting.recount(into)
    record(about(idea), "joined", actor, into=into.ref)
    record(about(into), "joined_by", actor, idea=idea.ref)
    _others_lapse(idea, join)


def _others_lapse(idea: Idea, join: IdeaJoin) -> None:
    """Other questions about a card that has joined have no answer any more."""
    others = select(IdeaJoin).where(
        or_(IdeaJoin.idea_id == idea.id, IdeaJoin.into_id == idea.id), IdeaJoin.status == "asked", IdeaJoin.id != join.id
    )
    for each in db.session.scalars(others.with_for_update()):
        each.status = "lapsed"


# --- answering -----------------------------------------------------------------------------------------------------------


def answer(ref: str, yes: bool, who: Who, *, basis: str | None = None) -> IdeaJoin:
    """The side that was asked says yes or no; whoever asked may say no too, which takes it back. Twice changes nothing.

    Refused: no basis. Conflict: it was answered already, or one of the two is not on the wall.
    """
    with transaction():
        hold()
        join = _locked_join(ref)
        idea, into = queries.locked_by_id(join.idea_id), queries.locked_by_id(join.into_id)
        sides = _speaks_for(who, idea, into, basis)
        if not sides:
            raise NotYours(_("We cannot find that question."))
        if join.status == ("joined" if yes else "declined"):
            return join
        if join.status != "asked":
            raise Conflict(_("This was answered meanwhile, or is too old. Look at the two cards again."))
        if yes:
            _may_join(idea, into)
            _say_yes(join, idea, into, sides, Actor(who.id, None, basis))
            return join
        join.status = "declined"
        record(about(idea), "join_declined", Actor(who.id, None, basis), into=into.ref)
        if who.id != join.asked_by_id:
            notices.not_joined(join, idea, into)
        return join


def undo(ref: str, reason: str, who: Who) -> Idea:
    """A connector takes two apart again, within 14 days; returns the card that had joined. Everybody is in on what they said.

    Refused: no reason, too late, an application has begun from them together. Twice changes nothing.
    """
    with transaction():
        hold()
        join = _locked_join(ref)
        idea, into = queries.locked_by_id(join.idea_id), queries.locked_by_id(join.into_id)
        if not (who.can("help others", idea) or who.can("help others", into)):
            raise NotYours(_("We cannot find that question."))
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if join.status == "undone":
            return idea
        if join.status != "joined":
            raise Conflict(_("These two are not one idea."))
        if not may_undo(join):
            raise Refused(_("Two weeks are over, so they stay one idea."))
        if queries.root_of(idea).status not in ("open", "expired"):
            raise Refused(_("Something has begun from the two of them together, so they stay one idea."))
        moves.take_apart(idea, Actor(who.id))
        record(about(into), "apart_from", Actor(who.id), reason=reason, idea=idea.ref)
        counting.recount(into)
        for card in (idea, into):
            notices.apart(join, card)
        return idea


def may_undo(join: IdeaJoin) -> bool:
    """Whether the fourteen days are not over."""
    return join.joined_at is not None and clock.now() <= join.joined_at + timedelta(days=UNDO_DAYS)


def undo_until(join: IdeaJoin) -> datetime | None:
    """Until when it can be taken apart."""
    return join.joined_at + timedelta(days=UNDO_DAYS) if join.joined_at is not None else None


def lapse() -> int:
    """Questions that nobody answered for thirty days are over (the worker's work)."""
    old = select(IdeaJoin.ref).where(IdeaJoin.status == "asked", IdeaJoin.asked_at < clock.now() - timedelta(days=ASKED_DAYS))
    count = 0
    for ref in db.session.scalars(old.order_by(IdeaJoin.id)).all():
        with transaction():
            hold()
            join = _locked_join(ref)
            if join.status == "asked":
                join.status = "lapsed"
                record(f"idea:{join.idea_id}", "join_lapsed", SCHEME)
                count += 1
    return count


# --- reading -------------------------------------------------------------------------------------------------------------


def _locked_join(ref: str) -> IdeaJoin:
    found = db.session.scalar(select(IdeaJoin).where(IdeaJoin.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that question."))
    return found


def by_ref(ref: str, who: Who) -> IdeaJoin:
    """One question for its two sides and who helps there. NotFound."""
    found = db.session.scalar(select(IdeaJoin).where(IdeaJoin.ref == ref).options(*WHOLE))
    if found is None or not any(is_owner(who, card) or who.can("help others", card) for card in (found.idea, found.into)):
        raise NotFound(_("We cannot find that question."))
    return found


def of_idea(idea: Idea) -> Sequence[IdeaJoin]:
    """What is asked or agreed about a card, newest first. One query."""
    query = select(IdeaJoin).where(or_(IdeaJoin.idea_id == idea.id, IdeaJoin.into_id == idea.id), IdeaJoin.status.in_(("asked", "joined")))
    return db.session.scalars(query.options(*WHOLE).order_by(IdeaJoin.id.desc())).unique().all()


def waiting_for(person_id: int) -> Sequence[IdeaJoin]:
    """Questions that wait for somebody's yes or no. One query."""
    return db.session.scalars(select(IdeaJoin).where(waits_for(person_id)).options(*WHOLE).order_by(IdeaJoin.id)).unique().all()


def waits_for(person_id: int) -> ColumnElement[bool]:
    """Questions that wait for somebody's yes or no, for who counts them."""
    return and_(IdeaJoin.status == "asked", _theirs(person_id))


def _theirs(person_id: int) -> ColumnElement[bool]:
    mine = select(Idea.id).where(Idea.owner_id == person_id)
    return or_(
        and_(IdeaJoin.idea_yes_at.is_(None), IdeaJoin.idea_id.in_(mine)), and_(IdeaJoin.into_yes_at.is_(None), IdeaJoin.into_id.in_(mine))
    )


def desk_query(areas: Collection[int] | None) -> Select[IdeaJoin]:
    """Questions in these areas (None: all) that wait for the owner of a card without an account: a connector asks them."""
    idea, into = aliased(Idea), aliased(Idea)
    query = select(IdeaJoin).join(idea, idea.id == IdeaJoin.idea_id).join(into, into.id == IdeaJoin.into_id)
    return query.where(
        IdeaJoin.status == "asked",
        or_(
            and_(IdeaJoin.idea_yes_at.is_(None), idea.owner_id.is_(None), *_in(idea.area_id, areas)),
            and_(IdeaJoin.into_yes_at.is_(None), into.owner_id.is_(None), *_in(into.area_id, areas)),
        ),
    )


def _in(column: Any, areas: Collection[int] | None) -> list[ColumnElement[bool]]:
    return [] if areas is None else [column.in_(areas)]


def at_desk(areas: Collection[int] | None, limit: int = 50) -> Sequence[IdeaJoin]:
    """The same to be read, the oldest first."""
    return db.session.scalars(desk_query(areas).options(*WHOLE).order_by(IdeaJoin.id).limit(limit)).unique().all()
