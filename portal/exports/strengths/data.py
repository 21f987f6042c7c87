"""The map of strengths as open data: CSV and GeoJSON, without anything of a person, the same bytes while nothing changes.

Who looks after an entry is in neither. An e-mail address or number that is also a person's own of ours stays on the entry's page, where the
person put it, and out of files that are copied on.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from portal import clock
from portal.db import db
from portal.exports.bodies import names_of
from portal.exports.files import Cell
from portal.outbox import address_of
from portal.people.model import Person
from portal.people.shield import shielded
from portal.places import queries as places
from portal.strengths import geometry, queries, rules
from portal.strengths.model import Strength
from portal.strengths.queries import Filters
from portal.web.forms import show_phone
from portal.words import N_

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
LICENCE_NAME = N_("Open Government Licence v3.0")
# what each column holds; the page says the same
COLUMNS = {
    "reference": N_("Our reference. It stays, also when the entry is put away and comes back."),
    "address": N_("The page of the entry. When two entries become one, the old page leads to the new one."),
    "kind": N_("people, place, culture, support or enterprise."),
    "name": N_("What it is called."),
    "offers": N_("What it offers, in its own words."),
    "ways": N_("Of peer support: one-to-one, group, telephone, online."),
    "area": N_("The area in which it is."),
    "area_code": N_("Our short code of that area."),
    "ward_code": N_("The ONS code of the ward, as it is today. Empty when it is in no ward."),
    "ward": N_("The name of that ward."),
    "place": N_("Where there, in words."),
    "when": N_("When, in words."),
    "contact": N_("How to get in touch, in words."),
    "email": N_("A published e-mail address of the group."),
    "telephone": N_("A published telephone number of the group."),
    "web": N_("Web pages, with spaces between them."),
    "access": N_("Getting in: step-free, toilet, loop, parking, quiet, signing."),
    "access_more": N_("More about getting in."),
    "tags": N_("Words to find it by."),
    "latitude": N_("North, WGS84, to about 100 metres. Only for places where everybody may come."),
    "longitude": N_("East, likewise."),
    "initiative": N_("yes when it is a row in the table of initiatives."),
    "looked_after_by": N_("The organisation that looks after the entry, if one does. Never a person."),
    "changed": N_("The day of the last change."),
}


def rows() -> Iterator[Sequence[Cell]]:
    """The published entries, by area, kind and name. Five queries."""
    for facts in facts_of(queries.in_order(Filters())):
        yield [facts[column] for column in COLUMNS]


def facts_of(entries: Sequence[Strength], wards: Mapping[int, tuple[str, str]] | None = None) -> Iterator[dict[str, Any]]:
    """Each entry by our names of columns. `wards`: as `places.wards_on` has them, or empty where nobody asks. Two queries, three without it."""
    wards = places.wards_on(clock.today()) if wards is None else wards
    private, named = _private(entries), names_of({row.organisation_id for row in entries if row.organisation_id is not None})
    for row in entries:
        code, ward = wards.get(row.area_id, ("", ""))
        yield {
            "reference": row.ref, "address": address_of(f"/strengths/{row.ref}"), "kind": row.kind, "name": row.name, "offers": shielded(row.offers), "ways": row.ways,
            "area": row.area.name, "area_code": row.area.code, "ward_code": code, "ward": ward if code else "", "place": row.place if row.open_door else shielded(row.place),
            "when": shielded(row.when_words), "contact": shielded(row.contact), "email": "" if row.email in private else row.email,
            "telephone": "" if row.phone in private or not row.phone else show_phone(row.phone), "web": " ".join(rules.links_of(row.links)), "access": row.access,
            "access_more": shielded(row.access_words), "tags": shielded(row.tags), "latitude": "" if row.latitude is None else rules.degrees(row.latitude),
            "longitude": "" if row.longitude is None else rules.degrees(row.longitude), "initiative": "yes" if row.initiative else "no",
            "looked_after_by": named.get(row.organisation_id, "") if row.organisation_id is not None else "", "changed": clock.london_day(row.changed_at).isoformat(),
        }  # fmt: skip


def _private(entries: Sequence[Strength]) -> set[str]:
    """Contacts that are a person's own too. One query."""
    used = or_(
        Person.email.in_(select(Strength.email).where(Strength.status == "published", Strength.email != "")),
        Person.phone.in_(select(Strength.phone).where(Strength.status == "published", Strength.phone != "")),
    )
    if not any(row.email or row.phone for row in entries):
        return set()
    found = db.session.execute(select(Person.email, Person.phone).where(used))
    return {address for pair in found for address in pair if address}


# --- GeoJSON (RFC 7946) ---------------------------------------------------------------------------------------------------


def points() -> str:
    """The entries as a FeatureCollection: a Point where somebody gave a position, else no geometry."""
    features = []
    for facts in facts_of(queries.in_order(Filters())):
        north, east = facts.pop("latitude"), facts.pop("longitude")
        geometry_ = {"type": "Point", "coordinates": [float(east), float(north)]} if north else None
        properties = {name: value for name, value in facts.items() if value != ""}
        features.append({"type": "Feature", "id": facts["reference"], "geometry": geometry_, "properties": properties})
    found = [feature["geometry"]["coordinates"] for feature in features if feature["geometry"]]
    return _collection(features, found)


def areas() -> str:
    """The areas of the map with their numbers; a Polygon, anticlockwise, where an officer gave an outline."""
    grounds, _elsewhere = queries.grounds()
    codes = places.codes_today()
    features, found = [], []
    for ground in grounds:
        ring = geometry.closed(ground.shape.outline) if ground.shape is not None and ground.shape.outline else None
        found += ring or []
        code = codes.get(ground.area.id)
        properties: Mapping[str, Any] = {
            "name": ground.area.name, "code": ground.area.code, "ward_code": code.ons_code if code else "", "entries": ground.total,
            **{kind: ground.numbers[kind] for kind in rules.KIND_WORDS},
        }  # fmt: skip
        features.append(
            {"type": "Feature", "id": ground.area.code, "geometry": {"type": "Polygon", "coordinates": [ring]} if ring else None, "properties": properties}
        )  # fmt: skip
    return _collection(features, found)


def _collection(features: Sequence[Mapping[str, Any]], points_: Sequence[Sequence[float]]) -> str:
    made: dict[str, Any] = {"type": "FeatureCollection", "licence": LICENCE_NAME, "licence_address": LICENCE}
    if points_:
        xs, ys = [point[0] for point in points_], [point[1] for point in points_]
        made["bbox"] = [min(xs), min(ys), max(xs), max(ys)]
    return json.dumps(made | {"features": features}, ensure_ascii=False, separators=(",", ":")) + "\n"
