"""Areas and ward codes from a CSV file: all of it or nothing, with every error named by its line."""

import csv
import io
import re
from datetime import date

from sqlalchemy import select

from portal.db import db, transaction
from portal.errors import Refused
from portal.places.model import Area, WardCode
from portal.words import _

COLUMNS = ("code", "name", "kind", "parent", "ons_code", "valid_from", "valid_to")
KINDS = ("scheme", "ward", "estate", "hub")
MOST_NAMED = 20


class BadFile(Refused):
    """The file cannot be loaded; `lines` says why, a sentence for each line of it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines[:MOST_NAMED]))
        self.lines = lines


def load(data: bytes) -> tuple[int, int]:
    """Load areas from CSV bytes (UTF-8); returns (areas made or renamed, codes added).

    Columns: code, name, kind (scheme, ward, estate, hub), parent (a code, or empty), ons_code, valid_from, valid_to (days
    like 2026-05-07). An area may stand on several lines, one for each of its codes. Loading the same file twice changes
    nothing. BadFile names each wrong line.
    """
    rows = _rows(data)
    faults: list[str] = []
    with transaction():
        known = {area.code: area for area in db.session.scalars(select(Area))}
        changed = codes = 0
        for number, row in rows:
            if fault := _fault(row, known):
                faults.append(_("Line %(number)d: %(fault)s", number=number, fault=fault))
                continue
            area = known.get(row["code"])
            if area is None:
                area = Area(code=row["code"], name=row["name"], kind=row["kind"])
                db.session.add(area)
                known[row["code"]] = area
                changed += 1
            elif (area.name, area.kind) != (row["name"], row["kind"]):
                area.name, area.kind = row["name"], row["kind"]
                changed += 1
            area.parent_id = known[row["parent"]].id if row["parent"] else None
            db.session.flush()
            if row["ons_code"]:
                codes += _code(area, row, number, faults)
        if faults:
            raise BadFile(faults)
        return changed, codes


def _rows(data: bytes) -> list[tuple[int, dict[str, str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise BadFile([_("The file is not UTF-8 text. Save it as CSV UTF-8.")]) from why
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS[:4] if name not in (reader.fieldnames or [])]
    if missing:
        raise BadFile(
            [_("Line 1: the column %(name)s is missing. The first line must read: %(all)s", name=missing[0], all=",".join(COLUMNS))]
        )
    rows = [(reader.line_num, {name: (row.get(name) or "").strip() for name in COLUMNS}) for row in reader]
    if not rows:
        raise BadFile([_("The file has no lines below its header.")])
    return rows


def _fault(row: dict[str, str], known: dict[str, Area]) -> str | None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["code"]):
        return _("“%(code)s” is no short code. Use small letters, digits and dashes.", code=row["code"])
    if not row["name"]:
        return _("the name is missing.")
    if any(area.name == row["name"] and code != row["code"] for code, area in known.items()):
        return _("another area is called %(name)s already.", name=row["name"])
    if row["kind"] not in KINDS:
        return _("“%(kind)s” is none of scheme, ward, estate, hub.", kind=row["kind"])
    if row["parent"] and (row["parent"] not in known or row["parent"] == row["code"]):
        return _("the parent “%(code)s” does not stand above this line.", code=row["parent"])
    if row["ons_code"] and not re.fullmatch(r"[A-Z]\d{8}", row["ons_code"]):
        return _("“%(code)s” is no ONS code: a letter and eight digits.", code=row["ons_code"])
    if row["ons_code"] and not row["valid_from"]:
        return _("a code needs the day from which it holds.")
    for name in ("valid_from", "valid_to"):
        if row[name] and _day(row[name]) is None:
            return _("“%(day)s” is no day. Write it like 2026-05-07.", day=row[name])
    if row["valid_from"] and row["valid_to"] and row["valid_to"] < row["valid_from"]:
        return _("the code ends before it begins.")
    return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _code(area: Area, row: dict[str, str], number: int, faults: list[str]) -> int:
    start, end = _day(row["valid_from"]), _day(row["valid_to"])
    assert start is not None
    for held in db.session.scalars(select(WardCode).where(WardCode.area_id == area.id)):
        if held.valid_from == start:
            held.ons_code, held.valid_to = row["ons_code"], end
            return 0
        if held.valid_from <= (end or date.max) and start <= (held.valid_to or date.max):
            faults.append(_("Line %(number)d: %(name)s would have two codes on the same day.", number=number, name=area.name))
            return 0
    db.session.add(WardCode(area_id=area.id, ons_code=row["ons_code"], valid_from=start, valid_to=end))
    db.session.flush()
    return 1
