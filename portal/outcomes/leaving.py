"""A person and what came of their ideas: what they told goes along with them and is forgotten with them; what they chose from a list stays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from portal.db import db
from portal.grants.model import Application, Pledge
from portal.history import SCHEME, Actor, record
from portal.outcomes.model import Hope, Story
from portal.outcomes.stories import about
from portal.people.keeping import KEEPERS, SOME, Keeper, count
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.people.shield import nameless
from portal.words import N_


def _told(person_id: int) -> dict[str, Any]:
    hopes = db.session.execute(
        select(Application.ref, Hope)
        .join(Application, Application.id == Hope.application_id)
        .where(Application.person_id == person_id)
        .order_by(Hope.application_id, Hope.position)
    ).tuples()
    stories = db.session.execute(
        select(Application.ref, Story)
        .join(Application, Application.id == Story.application_id)
        .where(or_(Application.person_id == person_id, Story.consent_by_id == person_id))
        .order_by(Story.id)
    ).tuples()
    return {
        "hoped for": [{"idea": ref, "what": row.words, "how far it came": row.how_far, "what happened": row.happened} for ref, row in hopes],
        "stories": [
            {
                "idea": ref, "words": row.words, "state": row.status, "you agreed to": row.consent, "on": row.consent_at.isoformat(),
                "taken back": row.taken_back_at and row.taken_back_at.isoformat(), "why it is not shown": row.reason,
            }
            for ref, row in stories
        ],
    }  # fmt: skip


def _erase(someone: Person) -> Sequence[str]:
    """Their stories go whole, also those for a group to which they alone agreed; what they wrote about an outcome goes too. In what others
    told, their name goes. Part of an action; no file of ours goes.
    """
    theirs = select(Application.id).where(Application.person_id == someone.id)
    stories = (
        select(Story).where(or_(Story.application_id.in_(theirs), Story.consent_by_id == someone.id)).order_by(Story.id).with_for_update()
    )
    for story in db.session.scalars(stories).all():
        record(about(story), "forgotten", Actor(someone.id))
        db.session.delete(story)
    for hope in db.session.scalars(select(Hope).where(Hope.application_id.in_(theirs), Hope.happened != "").with_for_update()):
        hope.happened = ""
    db.session.flush()
    _leave_out(someone)
    return []


def _leave_out(someone: Person) -> None:
    helped = select(Pledge.application_id).where(or_(Pledge.person_id == someone.id, Pledge.worker == f"person:{someone.id}"))
    for story in db.session.scalars(select(Story).where(Story.application_id.in_(helped)).with_for_update()):
        story.words = nameless(story.words, [someone.name])
    for hope in db.session.scalars(select(Hope).where(Hope.application_id.in_(helped), Hope.happened != "").with_for_update()):
        hope.happened = nameless(hope.happened, [someone.name])


def _unshown(before: datetime) -> ColumnElement[bool]:
    """Taken back before an instant, or told before it and declined or taken down."""
    not_ours = and_(Story.status.in_(("declined", "taken_down")), Story.consent_at < before)
    return or_(Story.taken_back_at < before, not_ours)


def _forget_unshown(before: datetime) -> tuple[int, Sequence[str]]:
    rows = db.session.scalars(select(Story).where(_unshown(before)).order_by(Story.id).limit(SOME).with_for_update()).all()
    for story in rows:
        record(about(story), "forgotten", SCHEME)
        db.session.delete(story)
    return len(rows), []


COLLECTORS["what came of your ideas"] = _told
ERASERS.append(_erase)
KEEPERS.append(
    Keeper(
        "stories", N_("Stories about an idea that nobody else reads"), N_("%(days)s days after they were taken back, or told and not published"),
        N_("The story and the consent to it. That there was one stays."), 365, lambda before: count(_unshown(before)), _forget_unshown,
    )
)  # fmt: skip
