"""What everybody may read of what came of an idea: its hopes, and its story, without whom they must not name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_
from sqlalchemy.orm import aliased, contains_eager

from portal.grants.model import Application, Award, Report
from portal.outcomes import stories
from portal.outcomes.model import Hope, Story
from portal.outcomes.rules import MOST
from portal.outcomes.stories import Read
from portal.people.shield import shielded

__all__ = ["Hoped", "Read", "beside", "in_public"]
LINES = [aliased(Hope, name=f"hope_{position}") for position in range(1, MOST + 1)]
READ = aliased(Report, name="read_report")  # once an officer has read it


@dataclass(frozen=True)
class Hoped:
    """An outcome as it was chosen; how far it came ("" as long as nobody has read the report), and what happened, where that may be printed."""

    words: str
    heading: str
    how_far: str
    happened: str


def beside(query: Any) -> Any:
    """A query of bids and their awards with what is needed for `in_public` beside it: no further query."""
    query = query.outerjoin(READ, and_(READ.award_id == Award.id, READ.status == "accepted"))
    for position, line in enumerate(LINES, start=1):
        query = query.outerjoin(line, and_(line.application_id == Application.id, line.position == position))
    query = query.outerjoin(Story, and_(Story.application_id == Application.id, stories.PUBLIC)).outerjoin(Story.photo)
    return query.add_columns(READ.may_publish.label("may_print"), *LINES, Story).options(contains_eager(Story.photo))


def in_public(row: Any, title: str, area: str, names: Sequence[str]) -> tuple[Sequence[Hoped], Read | None]:
    """The hopes of an idea, and its published story, from a row of `beside`; `names`: of its people, who are not named."""
    chosen = [hope for hope in (getattr(row, f"hope_{position}") for position in range(1, MOST + 1)) if hope is not None]
    story = stories.read(row.Story, row.ref, title, area, names) if row.Story is not None else None
    return [_hoped(hope, row.may_print, names) for hope in chosen], story


def _hoped(hope: Hope, may_print: bool | None, names: Sequence[str]) -> Hoped:
    how_far = hope.how_far if may_print is not None else ""
    return Hoped(hope.words, hope.heading, how_far, shielded(hope.happened, names) if may_print else "")
