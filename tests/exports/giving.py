"""How a file for 360Giving is judged: by the official schema, by its codelists, and by our own rules about people.

The schema alone passes an invented code, a name, an e-mail address, 29 February 2027 and £0.
"""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

HERE = Path(__file__).parent / "360giving"
GRANT = json.loads((HERE / "360-giving-schema.json").read_text())
PACKAGE = json.loads((HERE / "360-giving-package-schema.json").read_text())
NOT_OFFERED = {f"GTIR{number:03d}" for number in range(20, 70, 10)}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# what may be one of ours: references and identifiers are no telephone numbers
IDS = re.compile(r"\b(?:360G|GB)-[A-Za-z0-9-]+|\b[EW]0\d{7}\b|https?://\S+|\d{4}-\d{2}-\d{2}(?:T[\d:+]+)?")
PRIVATE = {
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    "a postcode": re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b", re.IGNORECASE),
    "a sort code": re.compile(r"\b\d{2}-\d{2}-\d{2}\b"),
    "a telephone number": re.compile(r"(?:\+44|\b0)\s?\d(?:[\s-]?\d){8,10}\b"),
    "a National Insurance number": re.compile(r"\b[A-Z]{2}\s?(?:\d{2}\s?){3}[A-D]\b", re.IGNORECASE),
}

FORMATS = FormatChecker(formats=())


def _instant(value: object) -> bool:
    """As RFC 3339 has it: with a time and its zone. The library checks this only with one more package."""
    try:
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _address(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"https?://\S+", value) is not None


FORMATS.checks("date-time")(_instant)
FORMATS.checks("uri")(_address)


def codes(name: str) -> set[str]:
    with (HERE / f"{name}.csv").open(newline="", encoding="utf-8-sig") as file:
        return {row[0] for row in csv.reader(file)}


def faults(package: dict[str, Any], names: Sequence[str], today: date) -> list[str]:
    """Everything that is wrong with a file, in words. `names`: of people who must not be in it."""
    registry: Registry[Any] = Registry().with_resource("360-giving-schema.json", DRAFT202012.create_resource(GRANT))
    validator = Draft202012Validator(PACKAGE, registry=registry, format_checker=FORMATS)
    found = [f"schema: {each.message[:200]}" for each in validator.iter_errors(package)]
    if package.get("version") != "1.4":
        found.append("version")
    ids = [grant["id"] for grant in package["grants"]]
    found += [] if len(ids) == len(set(ids)) else ["the same identifier twice"]
    for grant in package["grants"]:
        found += [f"{grant['id']}: {each}" for each in _of_grant(grant, names, today)]
    return found


def _of_grant(grant: dict[str, Any], names: Sequence[str], today: date) -> Iterator[str]:
    yield from _codes(grant)
    for key in ("amountAwarded", "amountAppliedFor", "amountDisbursed"):
        if key in grant and grant[key] <= 0:
            yield f"{key} is {grant[key]}"
    try:
        datetime.fromisoformat(grant["dateModified"])
        days = [date.fromisoformat(text) for text in _texts(grant) if DAY.fullmatch(text)]
    except ValueError as why:
        yield f"no such day: {why}"
    else:
        if "T" not in grant["dateModified"] or not days:
            yield "Last Modified is no full date-time"
        if date.fromisoformat(grant["awardDate"]) > today:
            yield "decided in the future"
    yield from _private(grant, names)


def _codes(grant: dict[str, Any]) -> Iterator[str]:
    to = grant.get("toIndividualsDetails", {})
    places = [
        *grant.get("beneficiaryLocation", []),
        *(place for body in grant.get("recipientOrganization", []) for place in body.get("location", [])),
    ]
    for name, values in (
        ("currency", [grant["currency"]]), ("locationScope", [grant["locationScope"]] if "locationScope" in grant else []),
        ("countryCode", [place["countryCode"] for place in places if "countryCode" in place]),
        ("geoCodeType", [place["geoCodeType"] for place in places if "geoCodeType" in place]),
        ("grantToIndividualsReason", [to[key] for key in ("primaryGrantReason", "secondaryGrantReason") if key in to]),
        ("grantToIndividualsPurpose", to.get("grantPurpose", [])),
    ):  # fmt: skip
        yield from (f"{value} is not in {name}" for value in values if value not in codes(name))
    yield from (f"{value} says too much of a person" for value in to.values() if isinstance(value, str) and value in NOT_OFFERED)
    for place in places:
        if ("geoCode" in place) != ("geoCodeType" in place) or place.get("geoCodeType", "WD") != "WD":
            yield f"finer than a ward, or half a code: {place}"
    if not re.fullmatch(r"360G-\S+|[A-Z]{2}-[A-Z]+-\S+", grant["fundingOrganization"][0]["id"]):
        yield "no identifier of a funder"


def _private(grant: dict[str, Any], names: Sequence[str]) -> Iterator[str]:
    person = grant.get("recipientIndividual")
    if person is not None and (person["name"] != "Individual Recipient" or not re.fullmatch(r"360G-\w+-IND-[A-Z0-9-]{9}", person["id"])):
        yield f"a person is named: {person}"
    text = " | ".join(_texts(grant))
    yield from (f"{name} is named" for name in names if re.search(rf"\b{re.escape(name)}\b", text))
    bare = IDS.sub(" ", text)
    yield from (f"{what} in {bare!r}" for what, pattern in PRIVATE.items() if pattern.search(bare))
    yield from (f"{value!r} stands for nothing" for value in _texts(grant) if value.strip() in ("", "-", "N/A", "n/a", "None", "0"))


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for inner in part.values():
            yield from _texts(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _texts(inner)
    elif isinstance(part, str):
        yield part
