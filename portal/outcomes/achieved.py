"""What everybody may read of what came of an idea: its hopes, and its story, without whom they must not name."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.db import db
from portal.grants.model import Application, Award, Report
from portal.outcomes import stories
from portal.outcomes.model import Hope, Story
from portal.outcomes.stories import Read
from portal.people.shield import shielded

__all__ = ["Hoped", "Read", "in_public"]


@dataclass(frozen=True)
class Hoped:
    """An outcome as it was chosen; how far it came ("" as long as nobody has read the report), and what happened, where that may be printed."""

    words: str
    heading: str
    how_far: str
    happened: str


def in_public(application_id: int, names: Sequence[str]) -> tuple[Sequence[Hoped], Read | None]:
    """The hopes of an idea that everybody may read of, and its published story; `names`: of its people. One query."""
    rows = (
        db.session.execute(
            select(Hope, Report.may_publish, Story, Application)
            .select_from(Application)
            .outerjoin(Hope, Hope.application_id == Application.id)
            .outerjoin(Award, Award.application_id == Application.id)
            .outerjoin(Report, (Report.award_id == Award.id) & (Report.status == "accepted"))
            .outerjoin(Story, (Story.application_id == Application.id) & stories.PUBLIC)
            .where(Application.id == application_id)
            .options(joinedload(Story.photo), joinedload(Application.area))
            .order_by(Hope.position)
        )
        .tuples()
        .all()
    )
    hopes = [_hoped(hope, may_print, names) for hope, may_print, _story, _application in rows if hope is not None]
    story = next((stories.read(story, application, names) for _hope, _may, story, application in rows if story is not None), None)
    return hopes, story


def _hoped(hope: Hope, may_print: bool | None, names: Sequence[str]) -> Hoped:
    how_far = hope.how_far if may_print is not None else ""
    return Hoped(hope.words, hope.heading, how_far, shielded(hope.happened, names) if may_print else "")
