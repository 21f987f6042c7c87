"""Reading the map of strengths: one entry, the list with its filters, numbers by area, who looks after what."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.errors import NotFound
from portal.finding import Found, Shelf, words_of
from portal.people.access import Nobody, Who
from portal.people.model import ActingFor, Organisation, Person
from portal.people.queries import in_force
from portal.places.model import Area
from portal.places.queries import outside_of, within
from portal.strengths.model import ACCESS, KINDS, WAYS, AreaShape, Strength, StrengthKnown, StrengthVersion
from portal.words import _

PAGE = 20
SHELF = Shelf(Strength, StrengthKnown)
WHOLE = (joinedload(Strength.area), joinedload(Strength.organisation))
LIVING = ("suggested", "published")


@dataclass(frozen=True)
class Filters:
    """The chips: codes, or "" for all of them. `area` counts with all that lies in it."""

    kind: str = ""
    area: str = ""
    way: str = ""
    access: str = ""

    @property
    def any(self) -> bool:
        return any((self.kind, self.area, self.way, self.access))


def filters_of(kind: str, area: str, way: str, access: str) -> Filters:
    """What stands in an address, which may be nonsense."""
    kind = kind if kind in KINDS else ""
    return Filters(kind, area[:80], way if way in WAYS and kind in ("", "support") else "", access if access in ACCESS else "")


def about(row: Strength) -> str:
    """How events and messages name it."""
    return f"strength:{row.id}"


def key_of(name: str) -> str:
    """A name in small plain letters, so that two spellings are one."""
    return " ".join(words_of(name)) or name.casefold()


# --- one of them ---------------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> Strength:
    """One entry in whatever state. NotFound."""
    found = db.session.scalar(select(Strength).where(Strength.ref == ref).options(*WHOLE))
    if found is None:
        raise _missing()
    return found


def locked(ref: str) -> Strength:
    """The same, locked, as a part of an action."""
    must_be_in_transaction()
    found = db.session.scalar(select(Strength).where(Strength.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise _missing()
    return found


def _missing() -> NotFound:
    return NotFound(_("We cannot find that on the map. See what else there is."))


def looks_after(who: Who | Nobody, row: Strength) -> bool:
    """Whether somebody looks after an entry: they themselves, or for its organisation."""
    return isinstance(who, Who) and (row.keeper_id == who.id or (row.organisation_id is not None and row.organisation_id in who.acts_for))


def may_see(who: Who | Nobody, row: Strength) -> bool:
    """Everybody what is published; the rest who looks after it, who suggested it, and who helps others there."""
    if row.status == "published":
        return True
    return isinstance(who, Who) and (looks_after(who, row) or row.suggested_by_id == who.id or who.can("help others", row))


def readable(ref: str, who: Who | Nobody) -> Strength:
    """An entry for this reader; of one that was joined with another the address is asked by `leads_to` first. NotFound for all others."""
    row = by_ref(ref)
    if not may_see(who, row):
        raise _missing()
    return row


def leads_to(ref: str) -> str | None:
    """Where an address leads whose entry was joined with another; None while it stands for itself. One query."""
    old = aliased(Strength)
    return db.session.scalar(select(Strength.ref).join(old, old.merged_into_id == Strength.id).where(old.ref == ref))


def history(row: Strength) -> Sequence[StrengthVersion]:
    """What an entry said before, the latest first."""
    query = select(StrengthVersion).where(StrengthVersion.strength_id == row.id)
    return db.session.scalars(query.order_by(StrengthVersion.version.desc())).all()


def twins(name: str, area_id: int, but: int | None = None) -> Sequence[Strength]:
    """Entries of the same name in an area, in one that it lies in, or in one inside it; at most five. One query."""
    code = select(Area.code).where(Area.id == area_id).scalar_subquery()
    inside = select(Area.id).where(Area.code == code).cte("inside", recursive=True)
    inside = inside.union(select(Area.id).join(inside, Area.parent_id == inside.c.id))
    near = or_(Strength.area_id.in_(outside_of(area_id)), Strength.area_id.in_(select(inside.c.id)))
    query = select(Strength).where(Strength.name_key == key_of(name), Strength.status.in_(LIVING), near).options(*WHOLE)
    if but is not None:
        query = query.where(Strength.id != but)
    return db.session.scalars(query.order_by(Strength.status, Strength.id).limit(5)).all()


# --- the list ------------------------------------------------------------------------------------------------------------


def listed(filters: Filters) -> Select[Strength]:
    """Published entries that pass the filters, in no order yet."""
    query = select(Strength).where(Strength.status == "published")
    if filters.kind:
        query = query.where(Strength.kind == filters.kind)
    if filters.area:
        query = query.where(Strength.area_id.in_(within(filters.area)))
    if filters.way:
        query = query.where(_holds(Strength.ways, filters.way))
    if filters.access:
        query = query.where(_holds(Strength.access, filters.access))
    return query


def _holds(column: Any, code: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (", " + column + ",").like(f"%, {code},%")
    return found


def search(typed: str, filters: Filters, *, before: int | None = None, limit: int = PAGE) -> Found[Strength]:
    """Entries that hold all the words typed, newest first. One query, or three."""
    return SHELF.search(typed, listed(filters), WHOLE, before=before, limit=limit)


def keep(row: Strength) -> None:
    """Let the search know what an entry says now, or forget it; as a part of the action that changes it."""
    with db.session.no_autoflush:  # state and words change together, or the database refuses
        area = db.session.get(Area, row.area_id)
    said = (row.name, row.offers, row.tags, row.place, row.when_words, area.name if area else "")
    SHELF.keep(row, said if row.status == "published" else None)


def in_order(filters: Filters, limit: int | None = None) -> Sequence[Strength]:
    """Published entries by area, kind and name, as a directory has them."""
    query = listed(filters).join(Area, Area.id == Strength.area_id).options(*WHOLE)
    query = query.order_by(Area.name, Strength.kind, Strength.name_key, Strength.id)
    return db.session.scalars(query if limit is None else query.limit(limit)).all()


def mine(who: Who, *, before: int | None = None, limit: int = PAGE) -> Sequence[Strength]:
    """What somebody suggested or looks after, in whatever state, newest first."""
    own = or_(Strength.suggested_by_id == who.id, Strength.keeper_id == who.id, Strength.organisation_id.in_(who.acts_for))
    query = select(Strength).where(own, Strength.status.not_in(("merged", "undone"))).options(*WHOLE)
    if before is not None:
        query = query.where(Strength.id < before)
    return db.session.scalars(query.order_by(Strength.id.desc()).limit(limit)).all()


# --- numbers by area -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ground:
    """An area that is drawn, what lies in it counted by kind, and how it is drawn."""

    area: Area
    numbers: Counter[str]
    shape: AreaShape | None

    @property
    def total(self) -> int:
        return sum(self.numbers.values())


def grounds() -> tuple[Sequence[Ground], Counter[str]]:
    """The areas that the map draws, in the order of their names, each with all that lies in it; and what lies in none of them, which is
    the whole scheme's. Two queries.
    """
    everything = db.session.execute(select(Area, AreaShape).outerjoin(AreaShape, AreaShape.area_id == Area.id).order_by(Area.name)).all()
    areas = {area.id: area for area, _shape in everything}
    drawn = drawn_areas(list(areas.values()))
    found = {area.id: Counter[str]() for area in drawn}
    elsewhere = Counter[str]()
    counted = select(Strength.area_id, Strength.kind, func.count()).where(Strength.status == "published")
    for area_id, kind, number in db.session.execute(counted.group_by(Strength.area_id, Strength.kind)):
        found.get(above(area_id, areas, found) or 0, elsewhere)[kind] += number
    shapes = {area.id: shape for area, shape in everything}
    return [Ground(area, found[area.id], shapes[area.id]) for area in drawn], elsewhere


def drawn_areas(areas: Sequence[Area]) -> Sequence[Area]:
    """Which areas the map draws: the wards in use; without wards, what lies highest below the scheme."""
    living = [area for area in areas if area.archived_at is None and area.kind != "scheme"]
    wards = [area for area in living if area.kind == "ward"]
    inner = {area.id for area in living}
    return wards or [area for area in living if area.parent_id not in inner]


def above(area_id: int, areas: Mapping[int, Area], wanted: Iterable[int]) -> int | None:
    """The nearest of the `wanted` areas that an area is or lies in, also when it is retired itself."""
    here: int | None = area_id
    seen: set[int] = set()
    chosen = set(wanted)
    while here is not None and here not in seen:
        if here in chosen:
            return here
        seen.add(here)
        here = areas[here].parent_id if here in areas else None
    return None


# --- who looks after it -------------------------------------------------------------------------------------------------


def keepers_of(row: Strength) -> Sequence[Person]:
    """Who looks after an entry: the person, or else who acts for its organisation today."""
    if row.keeper_id is not None:
        someone = db.session.get(Person, row.keeper_id)
        return [someone] if someone is not None and someone.deleted_at is None else []
    if row.organisation_id is None:
        return []
    query = (
        select(Person)
        .join(ActingFor, ActingFor.person_id == Person.id)
        .join(Organisation, Organisation.id == ActingFor.organisation_id)
        .where(Organisation.id == row.organisation_id, in_force(ActingFor, clock.today()), Person.deleted_at.is_(None))
    )
    return db.session.scalars(query.order_by(Person.id)).all()
