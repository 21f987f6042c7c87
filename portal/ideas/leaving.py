"""What ideas tell and forget about a person who takes their data along or leaves.

Their cards leave the wall and lose their words; what others had joined to them is on the wall again by itself.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update

from portal import photos
from portal.db import db
from portal.history import Actor
from portal.ideas import counting, queries
from portal.ideas.model import GONE, Idea, IdeaJoin, IdeaLook, IdeaPledge
from portal.ideas.moves import leave_the_wall
from portal.outbox import Message
from portal.people.model import Person
from portal.people.queries import BEFORE_LEAVING, COLLECTORS, ERASERS
from portal.words import _

# --- taking along --------------------------------------------------------------------------------------------------------


def _cards(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        select(Idea)
        .where(or_(Idea.owner_id == person_id, Idea.entered_by == f"person:{person_id}"))
        .options(*queries.WHOLE)
        .order_by(Idea.id)
    )
    return [
        {
            "reference": row.ref, "number": row.number, "sentence": row.title, "more": row.text, "place": row.area.name, "photo": row.photo_ref,
            "what is in the photo": row.photo_alt, "state": row.status, "pinned": row.posted_at.isoformat(), "on the wall until": row.ends_on.isoformat(),
            "you wrote it for somebody": row.owner_id != person_id,
        }
        for row in rows
    ]  # fmt: skip


def _pledges(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(IdeaPledge, Idea.title)
        .join(Idea, Idea.id == IdeaPledge.idea_id)
        .where(IdeaPledge.person_id == person_id)
        .order_by(IdeaPledge.id)
    )
    return [
        {
            "idea": title, "your name there": row.name, "your address there": row.contact, "minutes": row.minutes, "state": row.status,
            "said": row.said_at.isoformat(), "changed": row.changed_at.isoformat(),
        }
        for row, title in rows
    ]  # fmt: skip


def _looks(person_id: int) -> list[dict[str, Any]]:
    reported = db.session.execute(
        select(IdeaLook, Idea.title).join(Idea, Idea.id == IdeaLook.idea_id).where(IdeaLook.by_id == person_id).order_by(IdeaLook.id)
    )
    return [
        {"idea": title, "your words": row.why, "when": row.opened_at.isoformat(), "what came of it": row.answer or row.outcome}
        for row, title in reported
    ]


# --- leaving -------------------------------------------------------------------------------------------------------------


def _leave(someone: Person) -> Sequence[str]:
    actor, files = Actor(someone.id), []
    for idea in db.session.scalars(select(Idea).where(Idea.owner_id == someone.id).order_by(Idea.id).with_for_update()).all():
        db.session.execute(delete(Message).where(Message.about == queries.about(idea), Message.sent_at.is_(None)))
        if idea.photo_file is not None:
            files.append(idea.photo_file)
            photos.put(idea, None, None, "")
        if idea.status in ("open", "held", "expired", "archived", "taken"):
            leave_the_wall(idea, "withdrawn", actor)
        idea.title, idea.text, idea.owner_id = _("An idea of a former neighbour"), "", None
        idea.version += 1
        db.session.flush()
        db.session.expire(idea, ["owner"])
        counting.recount(idea)
    _pledges_go(someone)
    for join in db.session.scalars(
        select(IdeaJoin).where(IdeaJoin.asked_by_id == someone.id, IdeaJoin.status == "asked").with_for_update()
    ):
        join.status = "lapsed"
    db.session.execute(update(IdeaLook).where(IdeaLook.by_id == someone.id, IdeaLook.kind == "reported").values(why=""))
    db.session.execute(update(IdeaLook).where(IdeaLook.keeper_id == someone.id, IdeaLook.settled_at.is_(None)).values(keeper_id=None))
    return files


def _pledges_go(someone: Person) -> None:
    """Also what was said at their addresses before they had an account."""
    ways = [way for way in (someone.email, someone.phone) if way]
    theirs = or_(IdeaPledge.person_id == someone.id, IdeaPledge.contact.in_(ways) & IdeaPledge.person_id.is_(None))
    cards = set()
    for pledge in db.session.scalars(select(IdeaPledge).where(theirs).order_by(IdeaPledge.idea_id, IdeaPledge.id).with_for_update()).all():
        pledge.status, pledge.name, pledge.channel, pledge.contact, pledge.person_id = "out", _("Former member"), "none", "", None
        pledge.link_number += 1 if pledge.link_number else GONE  # the link that they were sent is dead
        cards.add(pledge.idea_id)
    db.session.flush()
    for id_ in sorted(cards):
        counting.recount(db.session.get_one(Idea, id_))


COLLECTORS["idea cards"] = _cards
COLLECTORS["ideas you are in"] = _pledges
COLLECTORS["cards that you reported"] = _looks
BEFORE_LEAVING.append(lambda _person_id: queries.hold())
ERASERS.append(_leave)
