"""Reading the scheme and its areas."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, and_, or_, select

from portal import clock
from portal.db import db
from portal.errors import NotFound
from portal.places.model import Area, Scheme, WardCode
from portal.words import _


@dataclass(frozen=True)
class Kept:
    """What lies in an area, in words. `href`, `link`: where it is moved from there, when the area must not be retired before; else ""."""

    sentence: str
    href: str = ""
    link: str = ""


# rooms above say what of theirs lies in an area, for who would retire it
LIES_IN: list[Callable[[Area], Kept | None]] = []


def lying_in(area: Area) -> Sequence[Kept]:
    """What lies in an area, by rooms above; what keeps it from being retired comes first."""
    found = [kept for ask in LIES_IN if (kept := ask(area)) is not None]
    return sorted(found, key=lambda kept: not kept.href)


def scheme() -> Scheme | None:
    """The scheme, or None before it is set up."""
    return db.session.get(Scheme, 1)


def areas() -> Sequence[Area]:
    """Areas in use, by name."""
    return db.session.scalars(select(Area).where(Area.archived_at.is_(None)).order_by(Area.name)).all()


def by_name(some: Iterable[Area]) -> dict[str, Area]:
    """These areas by what people write for one: its name in small letters, or its code."""
    return {written: area for area in some for written in (area.name.casefold(), area.code, area.code.casefold())}


def area_by_code(code: str) -> Area | None:
    """One area by our short code."""
    return db.session.scalar(select(Area).where(Area.code == code))


def area(code: str) -> Area:
    """One area by our short code. NotFound."""
    found = area_by_code(code)
    if found is None:
        raise NotFound(_("We do not know that area."))
    return found


def names_of(codes: Collection[str]) -> Sequence[str]:
    """The names of these areas, in order. One query."""
    return db.session.scalars(select(Area.name).where(Area.code.in_(codes)).order_by(Area.name)).all() if codes else []


def names(ids: Collection[int]) -> Mapping[int, str]:
    """The names of these areas, by id. One query."""
    return dict(db.session.execute(select(Area.id, Area.name).where(Area.id.in_(ids))).tuples().all()) if ids else {}


def tree() -> tuple[Sequence[tuple[int, Area]], Sequence[Area]]:
    """Areas in use as (depth, area), each below the one it lies in, by name; and the retired ones by name. One query."""
    everything = db.session.scalars(select(Area).order_by(Area.name)).all()
    in_use = [one for one in everything if one.archived_at is None]
    known = {one.id for one in in_use}
    inside: dict[int | None, list[Area]] = {}
    for one in in_use:
        inside.setdefault(one.parent_id if one.parent_id in known else None, []).append(one)
    listed: list[tuple[int, Area]] = []

    def walk(parent: int | None, depth: int) -> None:
        for one in inside.get(parent, ()):
            listed.append((depth, one))
            walk(one.id, depth + 1)

    walk(None, 0)
    return listed, [one for one in everything if one.archived_at is not None]


def around(one: Area) -> tuple[Sequence[Area], Area | None]:
    """Areas in use that lie in an area, by name; and the area it lies in. One query."""
    near = db.session.scalars(select(Area).where(or_(Area.parent_id == one.id, Area.id == one.parent_id)).order_by(Area.name)).all()
    inside = [other for other in near if other.parent_id == one.id and other.archived_at is None]
    return inside, next((other for other in near if other.id == one.parent_id), None)


def codes_today() -> Mapping[int, WardCode]:
    """The ONS code in force today of each area that has one, by area id."""
    today = clock.today()
    rows = db.session.scalars(
        select(WardCode).where(WardCode.valid_from <= today, or_(WardCode.valid_to.is_(None), WardCode.valid_to >= today))
    )
    return {row.area_id: row for row in rows}


def within(code: str) -> Select[int]:
    """A select of the ids of an area and of all that lies in it, at any depth."""
    inside = select(Area.id).where(Area.code == code).cte("inside", recursive=True)
    inside = inside.union(select(Area.id).join(inside, Area.parent_id == inside.c.id))
    return select(inside.c.id)


def outside_of(*area_ids: int) -> Select[int]:
    """A select of the ids of an area, or of some, and of all that they lie in."""
    up = select(Area.id, Area.parent_id).where(Area.id.in_(area_ids)).cte("up", recursive=True)
    up = up.union(select(Area.id, Area.parent_id).join(up, Area.id == up.c.parent_id))
    return select(up.c.id)


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


def wards_on(day: date) -> Mapping[int, tuple[str, str]]:
    """(ONS code, name) of the ward that each area is, or lies in, on a day, by area id; ("", its own name) when none is known. One query."""
    in_force = and_(WardCode.area_id == Area.id, WardCode.valid_from <= day, or_(WardCode.valid_to.is_(None), WardCode.valid_to >= day))
    rows = db.session.execute(select(Area, WardCode.ons_code).outerjoin(WardCode, in_force)).tuples().all()
    areas = {one.id: one for one, _code in rows}
    codes = {one.id: code for one, code in rows if code is not None}
    found = {}
    for one in areas.values():
        here: Area | None = one
        seen: set[int] = set()
        while here is not None and here.id not in codes and here.id not in seen:
            seen.add(here.id)
            here = areas.get(here.parent_id) if here.parent_id else None
        found[one.id] = (codes[here.id], here.name) if here is not None and here.id in codes else ("", one.name)
    return found
