"""What of the map waits for a coordinator: one list for its desk, the scheme's desk and the home page, so that all say the same."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from portal import clock
from portal.db import db
from portal.people.model import ActingFor
from portal.people.queries import in_force
from portal.places.model import Area
from portal.strengths.model import Strength
from portal.strengths.queries import PAGE, WHOLE
from portal.words import _, _n

SOON = timedelta(days=28)  # before its day, a coordinator sees an entry that nobody looks after
DESK = "/strengths/desk/"


def waiting(areas: frozenset[int] | None) -> Mapping[str, Select[Strength]]:
    """By name: what is to be looked at, to be asked about again, looked after by nobody, and where no area is any more. `areas`: those
    where somebody helps others; None: all.
    """
    today = clock.today()
    published = Strength.status == "published"
    here = Strength.id.is_not(None) if areas is None else Strength.area_id.in_(areas)
    return {
        "look": select(Strength).where(Strength.status == "suggested", here),
        "offers": select(Strength).where(Strength.offer_by_id.is_not(None), published, here),
        "review": select(Strength).where(
            published, here, or_(Strength.review_on <= today, and_(Strength.review_on <= today + SOON, nobody_keeps()))
        ),
        "keepers": select(Strength).where(published, here, Strength.keeper_wanted_at.is_not(None)),
        "retired": select(Strength).join(Area, Area.id == Strength.area_id).where(published, Area.archived_at.is_not(None), here),
    }  # fmt: skip


def nobody_keeps() -> ColumnElement[bool]:
    """No person looks after it, and no organisation for which somebody acts today."""
    acting = select(ActingFor.id).where(ActingFor.organisation_id == Strength.organisation_id, in_force(ActingFor, clock.today()))
    return and_(Strength.keeper_id.is_(None), ~acting.correlate(Strength).exists())


def in_words(what: str, number: int) -> str:
    """What waits, beside its number."""
    return {
        "look": _n("suggestion for the map to look at", "suggestions for the map to look at", number),
        "offers": _n("neighbour who would look after an entry", "neighbours who would look after an entry", number),
        "review": _n("entry of the map to ask about again", "entries of the map to ask about again", number),
        "keepers": _n("entry of the map that nobody looks after", "entries of the map that nobody looks after", number),
        "retired": _n("entry in an area that is not used any more", "entries in an area that is not used any more", number),
    }[what]


def heading(what: str) -> tuple[str, str]:
    """The heading of a part on the desk, and what to do about it."""
    return {
        "look": (_("To look at"), _("Put it on the map, or say why not.")),
        "offers": (_("Would look after an entry"), _("Say yes when you know them.")),
        "review": (_("To ask about again"), _("Call, and say whether it is still so.")),
        "keepers": (_("Looked after by nobody"), _("Ask somebody there, or look after it yourself.")),
        "retired": (_("In an area that is not used any more"), _("Move them to where they are now.")),
    }[what]


def listed(areas: frozenset[int] | None, part: str, *, after: int | None = None, limit: int = PAGE) -> Sequence[Strength]:
    """What waits of one part, the oldest first."""
    query = waiting(areas)[part].options(*WHOLE)
    if after is not None:
        query = query.where(Strength.id > after)
    return db.session.scalars(query.order_by(Strength.id).limit(limit)).all()


def numbers(areas: frozenset[int] | None) -> Mapping[str, int]:
    """How much waits of each part. One query."""
    counts = [counted(query).label(what) for what, query in waiting(areas).items()]
    return dict(db.session.execute(select(*counts)).one()._mapping)


def counted(query: Select[Strength], most: int | None = None) -> Any:
    """How many entries a query has, up to `most`, as a part of another query."""
    rows = query.with_only_columns(Strength.id)
    rows = rows if most is None else rows.limit(most)
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()
