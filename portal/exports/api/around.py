"""Areas, the map of strengths, what is on, and the gift boards, for programs: what stands there for everybody, and nobody by name."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db
from portal.errors import NotFound
from portal.events import queries as events
from portal.events.model import Gathering
from portal.events.rules import KINDS, ends_at, starts_at
from portal.exports import bodies
from portal.exports.api.decided import AREA
from portal.exports.api.resource import Filter, Page, Question, Resource, cut
from portal.exports.api.shape import Shape, address, day, decimal, instant, number, one_of, or_null, record, reference, some, text, truth
from portal.exports.strengths import data
from portal.gifts import lists
from portal.gifts.model import SORTS, GiftPost
from portal.outbox import address_of
from portal.people.shield import shielded
from portal.places import queries as places
from portal.places.model import Area
from portal.strengths import queries as strengths
from portal.strengths.model import ACCESS, WAYS, Strength
from portal.strengths.model import KINDS as STRENGTHS
from portal.words import N_

NEWEST = 2**62  # no row's id: a page of a search that begins there looks for the words as they are typed

# --- areas ---------------------------------------------------------------------------------------------------------------

PLACE = Shape(
    "Area",
    N_("A ward, an estate or the patch of a hub."),
    {
        "code": text(N_("What filters ask for.")), "name": text(), "kind": one_of(("ward", "estate", "hub")),
        "part_of": or_null(text(N_("The code of the area in which it lies."))), "ward_code": or_null(text(N_("The ONS code of its ward, as it is today."))),
        "ward": or_null(text()),
    },
)  # fmt: skip


def areas(asked: Question) -> Page:
    """Two queries."""
    some_ = places.areas()
    wards = places.wards_on(clock.today())
    codes = {each.id: each.code for each in some_ if each.kind != "scheme"}
    return cut((((each.code,), _area(each, codes, *wards.get(each.id, ("", "")))) for each in some_ if each.id in codes), asked)


def _area(one: Area, codes: Mapping[int, str], ward_code: str, ward: str) -> Mapping[str, Any]:
    return PLACE.filled(
        {
            "code": one.code, "name": one.name, "kind": one.kind, "part_of": codes.get(one.parent_id) if one.parent_id else None,
            "ward_code": ward_code or None, "ward": ward if ward_code else None,
        }
    )  # fmt: skip


AREAS = Resource("areas", N_("Areas"), N_("The areas of the scheme with their codes, by code."), PLACE, areas)

# --- the map of strengths ------------------------------------------------------------------------------------------------

STRENGTH = Shape(
    "Strength",
    N_("A group, a place, a custom, support or an enterprise of the neighbourhood."),
    {
        "reference": reference(), "address": address(N_("Its page for people.")), "kind": one_of(STRENGTHS), "name": text(), "offers": text(N_("In its own words.")),
        "ways": some(one_of(WAYS), N_("Of peer support.")), "area": text(), "area_code": text(), "place": or_null(text(N_("Where there, in words."))),
        "when": or_null(text()), "contact": or_null(text(N_("How to get in touch, in words."))), "email": or_null(text(N_("A published one of the group."))),
        "telephone": or_null(text(N_("A published one of the group."))), "web": some(address()), "access": some(one_of(ACCESS), N_("Getting in.")),
        "access_more": or_null(text()), "tags": some(text()),
        "latitude": or_null(decimal(N_("WGS84, to about 100 metres. Only where everybody may come."), -90, 90)), "longitude": or_null(decimal(N_("Likewise."), -180, 180)),
        "initiative": truth(N_("It is a row in the table of initiatives.")), "looked_after_by": or_null(text(N_("An organisation. Never a person."))),
        "changed_on": day(),
    },
)  # fmt: skip


def on_the_map(asked: Question) -> Page:
    """Three queries."""
    chosen = strengths.filters_of(asked["kind"], asked["area"], asked["way"], asked["access"])
    before = asked.after[0] if asked.after is not None else NEWEST
    found = strengths.search(asked["q"], chosen, before=before, limit=asked.limit)
    return Page(_strengths(found.rows), (found.rows[-1].id,) if found.more else None)


def strength(ref: str) -> Mapping[str, Any] | None:
    """Three queries."""
    try:
        row = strengths.by_ref(ref)
    except NotFound:
        return None
    return _strengths([row])[0] if row.status == "published" else None


def _strengths(rows: Sequence[Strength]) -> list[Mapping[str, Any]]:
    return [_strength(facts) for facts in data.facts_of(rows, {})]


def _strength(facts: Mapping[str, str]) -> Mapping[str, Any]:
    told: dict[str, Any] = {name: value or None for name, value in facts.items() if name not in ("ward", "ward_code", "changed")}
    told |= {name: [each.strip() for each in facts[name].split(",") if each.strip()] for name in ("ways", "access", "tags")}
    told |= {name: float(facts[name]) if facts[name] else None for name in ("latitude", "longitude")}
    told |= {
        "web": facts["web"].split(),
        "initiative": facts["initiative"] == "yes",
        "changed_on": facts["changed"],
        "offers": facts["offers"],
    }
    return STRENGTH.filled(told)


MAP = Resource(
    "strengths", N_("What we have here"), N_("The map of strengths, newest first. Only what is published."), STRENGTH, on_the_map,
    {
        "q": Filter(N_("Words that an entry holds."), most=200), "kind": Filter(N_("What it is."), STRENGTHS), "area": AREA,
        "way": Filter(N_("Of peer support: how."), WAYS), "access": Filter(N_("What helps to get in."), ACCESS),
    },
    strength,
)  # fmt: skip

# --- events --------------------------------------------------------------------------------------------------------------

EVENT = Shape(
    "Event",
    N_("A time when neighbours come together."),
    {
        "reference": reference(), "address": address(N_("Its page, where people say that they come.")), "kind": one_of(KINDS), "title": text(),
        "what": or_null(text()), "area": text(), "area_code": text(), "place": text(), "day": day(), "starts_at": instant(), "ends_at": instant(),
        "cancelled": truth(), "places": or_null(number(N_("How many people can come; null: as many as like."))), "full": truth(N_("There is a waiting list.")),
        "step_free": or_null(truth(N_("null: nobody has said."))), "hearing_loop": or_null(truth(N_("null: nobody has said."))), "access": or_null(text(N_("What else helps to get in."))),
        "food": or_null(text()), "organised_by": or_null(text(N_("An organisation. Never a person."))),
    },
)  # fmt: skip
SAID = {"yes": True, "no": False}


def coming(asked: Question) -> Page:
    """Two queries."""
    after = None
    if asked.after is not None:
        on, at, id_ = asked.after
        after = date.fromisoformat(on), time.fromisoformat(at), id_
    found = events.coming(asked["area"], asked["kind"], after, asked.limit + 1)
    rows = found[: asked.limit]
    last = rows[-1][0] if len(found) > len(rows) else None
    return Page(_events(rows), None if last is None else (last.day.isoformat(), last.starts.isoformat(), last.id))


def event(ref: str) -> Mapping[str, Any] | None:
    """Also one that is over. Two queries."""
    query = select(Gathering, events.going()).where(Gathering.ref == ref, events.PUBLIC).options(joinedload(Gathering.area))
    found = db.session.execute(query).tuples().one_or_none()
    return None if found is None else _events([found])[0]


def _events(rows: Sequence[events.Listed]) -> list[Mapping[str, Any]]:
    named = bodies.names_of({row.organisation_id for row, _going in rows if row.organisation_id is not None})
    return [_event(row, int(going), named.get(row.organisation_id) if row.organisation_id is not None else None) for row, going in rows]


def _event(row: Gathering, going: int, organisation: str | None) -> Mapping[str, Any]:
    return EVENT.filled(
        {
            "reference": row.ref, "address": address_of(f"/events/{row.ref}"), "kind": row.kind, "title": shielded(row.title), "what": shielded(row.what) or None,
            "area": row.area.name, "area_code": row.area.code, "place": row.place, "day": row.day.isoformat(), "starts_at": starts_at(row).isoformat(),
            "ends_at": ends_at(row).isoformat(), "cancelled": row.status == "cancelled", "places": row.places,
            "full": row.places is not None and going >= row.places, "step_free": SAID.get(row.step_free), "hearing_loop": SAID.get(row.hearing_loop),
            "access": shielded(row.access) or None, "food": shielded(row.food) or None, "organised_by": organisation,
        }
    )  # fmt: skip


EVENTS = Resource(
    "events", N_("Events"), N_("What is on from today, in the order of the days."), EVENT, coming, {"area": AREA, "kind": Filter(N_("What it is."), tuple(KINDS))}, event
)  # fmt: skip

# --- gift boards ---------------------------------------------------------------------------------------------------------

POST = Shape(
    "Gift",
    N_("A gift or a wish that stands on a board for everybody."),
    {
        "reference": reference(), "address": address(N_("Its page, where neighbours answer.")), "kind": one_of(("gift", "wish")), "sort": one_of(SORTS), "title": text(),
        "text": or_null(text()), "area": text(), "area_code": text(), "left": number(N_("How many are left."), 1), "until": or_null(day(N_("It must go by then."))),
        "organisation": or_null(text(N_("Whose it is, when that is an organisation. Never a person."))), "hub": or_null(text(N_("On whose board it stands too."))),
        "event": or_null(address(N_("The event on whose board it stands too."))), "photo": or_null(record({"address": address(), "shows": text()})),
    },
)  # fmt: skip


def gifts(asked: Question) -> Page:
    """Two queries."""
    query = lists.listed(lists.Board(), lists.Filters(asked["kind"], asked["sort"]))
    if asked["area"]:
        query = query.where(GiftPost.area_id.in_(places.within(asked["area"])))
    before = asked.after[0] if asked.after is not None else NEWEST
    found = lists.SHELF.search(asked["q"], query, lists.WHOLE, before=before, limit=asked.limit)
    return Page(_gifts(found.rows), (found.rows[-1].id,) if found.more else None)


def gift(ref: str) -> Mapping[str, Any] | None:
    """Two queries."""
    try:
        row = lists.by_ref(ref)
    except NotFound:
        return None
    return _gifts([row])[0] if lists.is_for_all(row) else None


def _gifts(rows: Sequence[GiftPost]) -> list[Mapping[str, Any]]:
    named = bodies.names_of({id_ for row in rows for id_ in (row.party.organisation_id, row.hub_id) if id_ is not None})
    return [_gift(row, named) for row in rows]


def _gift(row: GiftPost, named: Mapping[int, str]) -> Mapping[str, Any]:
    photo = {"address": address_of(f"/gifts/photos/{row.photo_ref}.jpg"), "shows": shielded(row.photo_alt)} if row.photo_ref else None
    return POST.filled(
        {
            "reference": row.ref, "address": address_of(f"/gifts/{row.ref}"), "kind": row.kind, "sort": row.sort, "title": shielded(row.title),
            "text": shielded(row.text) or None, "area": row.area.name, "area_code": row.area.code, "left": row.left,
            "until": row.until_day.isoformat() if row.until_day else None, "organisation": named.get(row.party.organisation_id or 0),
            "hub": named.get(row.hub_id or 0), "event": address_of(f"/events/{row.event.ref}") if row.event is not None else None, "photo": photo,
        }
    )  # fmt: skip


GIFTS = Resource(
    "gifts", N_("Gifts and wishes"), N_("What stands on the boards for everybody, newest first. What is only for neighbours of one place is not here."), POST, gifts,
    {
        "q": Filter(N_("Words that it holds."), most=200), "kind": Filter(N_("Gifts alone, or wishes."), ("gift", "wish")), "sort": Filter(N_("What sort it is."), SORTS),
        "area": AREA,
    },
    gift,
)  # fmt: skip
