"""Quick sparks as everybody may read them: what for, where, how much, when, looked at or not. Nobody is named.

Paged by day and reference, forwards; one index gives the order, whatever is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.db import db
from portal.exports.register import Picture, pictures
from portal.grants import queries as grants
from portal.grants.model import Photo, QuickFloat, QuickSpark
from portal.money import financial_year, year_bounds
from portal.people.known import known_as
from portal.people.model import Person
from portal.people.shield import shielded
from portal.places import queries as places
from portal.places.model import Area

PAGE = 30
AHEAD = 3  # on the first page of the register


@dataclass(frozen=True)
class Asked:
    """What somebody looks for, as it stands in the address; all of it may be nonsense."""

    area: str = ""  # code; what lies in it counts too
    year: str = ""

    def address(self, **more: str) -> str:
        """The address of this question, with a place to go on from."""
        values = {name: value for name, value in (vars(self) | more).items() if value}
        return "/register/quick/" + ("?" + urlencode(values) if values else "")


@dataclass(frozen=True)
class Line:
    """A quick spark in the list. Money in pence."""

    ref: str
    what: str
    area: str
    amount: int
    spent_on: date
    looked_at: bool
    taken_back: str | None  # why, when it was
    photos: Sequence[Picture] = ()


@dataclass(frozen=True)
class Found:
    """One page, and the address of the next."""

    lines: Sequence[Line]
    years: Sequence[str]
    older: str | None


def search(asked: Asked, *, after: str = "", limit: int = PAGE) -> Found:
    """A page: the first, or the one after a quick spark by its reference. Four queries, three without lines."""
    query = sparks().where(*narrowed(asked))
    ends, here = _bearings(after)
    if here is not None:
        day, id_ = here
        # said twice, so that the index is entered at this place
        query = query.where(QuickSpark.spent_on <= day, or_(QuickSpark.spent_on < day, QuickSpark.id < id_))
    rows = db.session.execute(query.limit(limit + 1)).all()
    shown = rows[:limit]
    photos = photos_of([row[0] for row in shown])
    lines = [line_of(row, photos) for row in shown]
    return Found(lines, ends, asked.address(after=lines[-1].ref) if len(rows) > limit else None)


def latest() -> Sequence[Line]:
    """The last few that stand, for the front of the register. One query."""
    rows = db.session.execute(sparks().where(QuickSpark.reversed_at.is_(None)).limit(AHEAD))
    return [line_of(row, {}) for row in rows]


def photos_of(some: Sequence[QuickSpark]) -> Mapping[str, Sequence[Photo]]:
    """Photos of quick sparks, by what they are about. One query, none without any."""
    photos: dict[str, list[Photo]] = {}
    for photo in grants.photos_of(*(f"quick:{spark.id}" for spark in some)) if some else ():
        photos.setdefault(photo.about, []).append(photo)
    return photos


def sparks() -> Any:
    """Quick sparks with the name of their area and of who gave them, newest first."""
    return (
        select(QuickSpark, Area.name, Person.name, or_(QuickSpark.payee_kind == "person", known_as(QuickSpark.payee_name)))
        .join(Area, Area.id == QuickSpark.area_id)
        .join(QuickFloat, QuickFloat.id == QuickSpark.float_id)
        .join(Person, Person.id == QuickFloat.person_id)
        .order_by(QuickSpark.spent_on.desc(), QuickSpark.id.desc())
    )


def narrowed(asked: Asked) -> list[ColumnElement[bool]]:
    """What is asked for, as conditions. One query for a place, else none."""
    parts: list[ColumnElement[bool]] = []
    if asked.area:
        ids = list(db.session.scalars(places.within(asked.area)))
        parts.append(QuickSpark.area_id == ids[0] if len(ids) == 1 else QuickSpark.area_id.in_(ids))
    if asked.year:
        try:
            first, last = year_bounds(asked.year)
        except ValueError:
            parts.append(QuickSpark.id.is_(None))
        else:
            parts.append(and_(QuickSpark.spent_on >= first, QuickSpark.spent_on <= last))
    return parts


def _bearings(ref: str) -> tuple[Sequence[str], tuple[date, int] | None]:
    """The financial years with a quick spark, newest first, and where one stands in the order. One query."""
    place = [select(column).where(QuickSpark.ref == ref).scalar_subquery() for column in (QuickSpark.spent_on, QuickSpark.id)]
    ends = [select(which(QuickSpark.spent_on)).scalar_subquery() for which in (func.min, func.max)]
    row: Any = db.session.execute(select(*ends, *place)).one()
    first, last, day, id_ = row
    if first is None:
        return [], None
    begin, end = (int(financial_year(each)[:4]) for each in (first, last))
    return [f"{year}-{(year + 1) % 100:02d}" for year in range(end, begin - 1, -1)], None if id_ is None else (day, id_)


def line_of(row: Any, photos: Mapping[str, Sequence[Photo]]) -> Line:
    """A row of `sparks`. Who is paid is not named where it is a person, or a group or shop that is called like one, as files judge it."""
    spark, area, connector, a_person = row
    hidden = [connector, spark.payee_name if a_person else ""]
    return Line(
        spark.ref, shielded(spark.what, hidden), area, spark.amount, spark.spent_on, spark.reviewed_on is not None,
        shielded(spark.reversed_reason, hidden) if spark.reversed_at is not None else None, pictures(photos.get(f"quick:{spark.id}", ()), hidden),
    )  # fmt: skip
