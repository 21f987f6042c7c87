"""What waits of ideas: for an owner on the home page, for who helps others on the desk. Counted inside the queries of those pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from portal.db import db
from portal.ideas import care, joining, queries
from portal.ideas.model import Idea, IdeaJoin, IdeaLook


@dataclass(frozen=True)
class Home:
    """Somebody's cards on the wall, how many are in on them, and questions that wait for their yes or no."""

    cards: int
    people: int
    asked: int


def at_home(person_id: int) -> Home | None:
    """None where there is nothing to tell. One query."""
    mine = (Idea.owner_id == person_id, queries.live())
    asked = select(func.count(IdeaJoin.id)).where(joining.waits_for(person_id)).scalar_subquery()
    row = db.session.execute(select(func.count(Idea.id), func.coalesce(func.sum(Idea.people), 0), asked).where(*mine)).one()
    return Home(*map(int, row)) if row[0] or row[2] else None


def at_desk(areas: frozenset[int] | None) -> Mapping[str, Any]:
    """What waits for who helps in these areas (None: all), as queries of ids."""
    return {
        "idea_looks": care.due_query(areas).with_only_columns(IdeaLook.id),
        "idea_joins": joining.desk_query(areas).with_only_columns(IdeaJoin.id),
    }
