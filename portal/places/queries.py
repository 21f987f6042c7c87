"""Reading the scheme and its areas."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, or_, select

from portal.db import db
from portal.places.model import Area, Scheme, WardCode


def scheme() -> Scheme | None:
    """The scheme, or None before it is set up."""
    return db.session.get(Scheme, 1)


def areas() -> Sequence[Area]:
    """Areas in use, by name."""
    return db.session.scalars(select(Area).where(Area.archived_at.is_(None)).order_by(Area.name)).all()


def area_by_code(code: str) -> Area | None:
    """One area by our short code."""
    return db.session.scalar(select(Area).where(Area.code == code))


def within(code: str) -> Select[int]:
    """A select of the ids of an area and of all that lies in it, at any depth."""
    inside = select(Area.id).where(Area.code == code).cte("inside", recursive=True)
    inside = inside.union(select(Area.id).join(inside, Area.parent_id == inside.c.id))
    return select(inside.c.id)


def ward_on(area: Area, day: date) -> tuple[str, str]:
    """(ONS code, name) of the ward that an area is, or lies in, on a day; two empty strings when none is known.

    Frozen on each award, because boundaries change (design 1, area).
    """
    seen: set[int] = set()
    here: Area | None = area
    while here is not None and here.id not in seen:
        seen.add(here.id)
        code = db.session.scalar(
            select(WardCode.ons_code).where(
                WardCode.area_id == here.id, WardCode.valid_from <= day, or_(WardCode.valid_to.is_(None), WardCode.valid_to >= day)
            )
        )
        if code:
            return code, here.name
        here = db.session.get(Area, here.parent_id) if here.parent_id else None
    return "", ""
