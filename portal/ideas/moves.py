"""How a card changes state, as a part of an action that holds the ideas (`queries.hold`). Rooms above take one over by these too."""

from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.errors import Refused
from portal.history import SCHEME, Actor, record
from portal.ideas import counting, notices, queries
from portal.ideas.model import Idea, IdeaJoin
from portal.ideas.queries import about
from portal.ideas.rules import DAYS
from portal.words import _


def back_on_the_wall(idea: Idea, actor: Actor, kind: str) -> None:
    """Open for a whole term from today."""
    must_be_in_transaction()
    idea.status, idea.into_id, idea.reminded_at = "open", None, None
    idea.ends_on = clock.today() + timedelta(days=DAYS)
    queries.keep(idea)
    record(about(idea), kind, actor, until=idea.ends_on.isoformat())


def leave_the_wall(idea: Idea, status: str, actor: Actor, *, reason: str | None = None) -> None:
    """Who is in hears when it is "done" or "withdrawn". Ideas that had joined one that is taken back or down are on the wall again."""
    must_be_in_transaction()
    if status in ("done", "withdrawn"):
        notices.ended(idea, status)
    idea.status = status
    queries.keep(idea)
    record(about(idea), status, actor, reason=reason)
    if status in ("withdrawn", "hidden"):
        _let_go_of(idea, actor)


def take_down(idea: Idea, why: str, actor: Actor) -> None:
    """Off the wall for good; its owner hears why. What it had joined, however long ago, goes on without it and who said "I'm in" on it.

    Refused: it has become an application, by itself or with what it has joined.
    """
    root = queries.root_of(idea)
    if root.status == "taken":
        raise Refused(_("This idea has become an application. An officer looks at that first."))
    if idea.status == "hidden":
        return
    if idea.status == "joined":
        take_apart(idea, actor)
    leave_the_wall(idea, "hidden", actor, reason=why)
    notices.taken_down(idea, why)
    if root is not idea:
        counting.recount(root)


def _let_go_of(idea: Idea, actor: Actor) -> None:
    """What had joined a card that is gone is on the wall by itself again, with whoever was in on it."""
    for other in db.session.scalars(select(Idea).where(Idea.into_id == idea.id).order_by(Idea.id).with_for_update()).all():
        join = take_apart(other, actor)
        notices.apart(join, other)
    counting.recount(idea)


def take_apart(other: Idea, actor: Actor) -> IdeaJoin:
    """An idea that had joined another is on the wall by itself again; returns what they had agreed."""
    must_be_in_transaction()
    joins = select(IdeaJoin).where(IdeaJoin.idea_id == other.id, IdeaJoin.status == "joined").with_for_update()
    join = db.session.scalars(joins).one()
    join.status, join.undone_at = "undone", clock.now()
    back_on_the_wall(other, actor, "apart")
    counting.recount(other)
    return join


def take(idea: Idea, by: str, actor: Actor) -> None:
    """It becomes something else ("bid:17"): off the wall, and not open to be joined. Refused: it is not on the wall."""
    must_be_in_transaction()
    if not queries.is_live(idea):
        raise Refused(_("This idea is not on the wall any more. Look at its page: it may be under way already."))
    idea.taken_by = by
    leave_the_wall(idea, "taken", actor)


def give_back(idea: Idea, actor: Actor = SCHEME) -> None:
    """What it had become came to nothing: on the wall again; who is in hears of it."""
    if idea.status == "taken":
        back_on_the_wall(idea, actor, "given_back")
        notices.given_back(idea)


def happened(idea: Idea, actor: Actor = SCHEME) -> None:
    """What it had become is done; who is in hears of it."""
    if idea.status == "taken":
        leave_the_wall(idea, "done", actor)
