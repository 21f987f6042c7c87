"""Areas and ward codes from a CSV file: all of it or nothing, with every error named by its line."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import SCHEME, Actor, record
from portal.places.actions import TAKEN_BY_PAGES, code_in_use, would_circle
from portal.places.model import Area, WardCode
from portal.words import _, _n

COLUMNS = ("code", "name", "kind", "parent", "ons_code", "valid_from", "valid_to")
KINDS = ("scheme", "ward", "estate", "hub")
ONS_CODE = r"[A-Z]\d{8}"
MOST_NAMED = 20
MOST_BYTES = 2 * 1024 * 1024
LONGEST = 80
YEARS_AHEAD = 10  # as where a day is typed on a page: anything later is a slip


class BadFile(Refused):
    """The file cannot be loaded; `lines` says why, a sentence for each line of it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines[:MOST_NAMED]))
        self.lines = lines


def load(data: bytes, actor: Actor = SCHEME) -> tuple[int, int]:
    """Load areas from CSV bytes (UTF-8, at most MOST_BYTES); returns (areas made or changed, codes added or changed).

    Columns: code, name, kind (scheme, ward, estate, hub), parent (a code, or empty), ons_code, valid_from, valid_to (days
    like 2026-05-07). An area may stand on several lines, one for each of its codes. Loading the same file twice changes
    nothing. BadFile names each wrong line, or what is wrong with the columns, and then nothing of the file is loaded.
    """
    rows = _rows(data)
    faults: list[str] = []
    with transaction():
        known = {area.code: area for area in db.session.scalars(select(Area))}
        said: dict[str, tuple[str, str, str]] = {}
        touched: dict[int, None] = {}
        changed: set[int] = set()
        codes = 0
        for number, row in rows:
            about = (row["name"], row["kind"], row["parent"])
            fault = _fault(row, known)
            if fault is None and said.setdefault(row["code"], about) != about:
                fault = _("a line above says another name, kind or parent for %(code)s.", code=row["code"])
            if fault:
                faults.append(_("Line %(number)d: %(fault)s", number=number, fault=fault))
                continue
            area = known.get(row["code"])
            if area is None:
                area = known[row["code"]] = Area(code=row["code"], name="", kind=row["kind"])
                db.session.add(area)
            parent_id = known[row["parent"]].id if row["parent"] else None
            before = (area.name, area.kind, area.parent_id)
            area.name, area.kind, area.parent_id = row["name"], row["kind"], parent_id
            db.session.flush()
            if before != (row["name"], row["kind"], parent_id):
                changed.add(area.id)
                touched[area.id] = None
            if row["ons_code"] and _code(area, row, number, faults):
                codes += 1
                touched[area.id] = None
        if faults:
            raise BadFile(faults)
        for area_id in touched:
            record(f"area:{area_id}", "area_loaded", actor)
        return len(changed), codes


def in_words(changed: int, codes: int) -> str:
    """What `load` says, as the rest of a sentence."""
    areas = _n("one area made or changed", "%(num)d areas made or changed", changed)
    return _("%(areas)s, %(codes)s.", areas=areas, codes=_n("one code added or changed", "%(num)d codes added or changed", codes))


def _rows(data: bytes) -> list[tuple[int, dict[str, str]]]:
    if len(data) > MOST_BYTES:
        raise BadFile([_("The file is larger than 2 megabytes. Areas need far less: is it the right file?")])
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
        missing = [name for name in COLUMNS[:4] if name not in (reader.fieldnames or [])]
        if missing:
            raise BadFile(
                [_("Line 1: the column %(name)s is missing. The first line must read: %(all)s", name=missing[0], all=",".join(COLUMNS))]
            )
        if strange := _strange_columns(reader.fieldnames or ()):
            raise BadFile([strange])
        rows, overfull = list[tuple[int, dict[str, str]]](), list[str]()
        for row in reader:
            if any(row.get(None) or ()) or row.get(""):  # cells below no name: left out in silence, they would be missed later
                overfull.append(
                    _("Line %(number)d: %(fault)s", number=reader.line_num, fault=_("there is something in a column without a name."))
                )
            rows.append((reader.line_num, {name: (row.get(name) or "").strip() for name in COLUMNS}))
        if overfull:
            raise BadFile(overfull)
    except UnicodeDecodeError as why:
        raise BadFile([_("The file is not UTF-8 text. Save it as CSV UTF-8.")]) from why
    except csv.Error as why:
        raise BadFile([_("The file cannot be read as CSV. Save it as CSV UTF-8.")]) from why
    if not rows:
        raise BadFile([_("The file has no lines below its header.")])
    return rows


def _strange_columns(names: Sequence[str]) -> str | None:
    """What is wrong with columns that we do not know, or that stand twice, as a sentence."""
    others = [name for name in names if name and name not in COLUMNS]
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if not others and not twice:
        return None
    fault = (
        _("these columns are not known: %(names)s. Take them out.", names=", ".join(name[:LONGEST] for name in others[:MOST_NAMED]))
        if others
        else _("the column %(name)s stands there twice.", name=twice[0])
    )
    return _("Line 1: %(fault)s The first line must read: %(all)s", fault=fault, all=",".join(COLUMNS))


def _fault(row: dict[str, str], known: dict[str, Area]) -> str | None:
    if not all(value.isprintable() for value in row.values()):
        return _("there is a sign in it that cannot be printed.")
    return _area_fault(row, known) or _code_fault(row)


def _area_fault(row: dict[str, str], known: dict[str, Area]) -> str | None:
    code, name, parent = row["code"], row["name"], known.get(row["parent"])
    if code in TAKEN_BY_PAGES:
        return _("the code “%(code)s” is the address of a page of ours. Choose another, like %(code)s-area.", code=code)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code):
        return _("“%(code)s” is no short code. Use small letters, digits and dashes.", code=code[:LONGEST])
    if not name:
        return _("the name is missing.")
    if max(len(code), len(name)) > LONGEST:
        return _("the code or the name is longer than %(most)d characters.", most=LONGEST)
    if any(area.name == name and other != code for other, area in known.items()):
        return _("another area is called %(name)s already.", name=name)
    if row["kind"] not in KINDS:
        return _("“%(kind)s” is none of scheme, ward, estate, hub.", kind=row["kind"][:LONGEST])
    if row["parent"] and (parent is None or row["parent"] == code):
        return _("the parent “%(code)s” does not stand above this line.", code=row["parent"][:LONGEST])
    if parent is not None and code in known and would_circle(known[code], parent):
        return _("%(parent)s lies in this area itself, so it cannot be its parent.", parent=row["parent"])
    return None


def _code_fault(row: dict[str, str]) -> str | None:
    if row["ons_code"] and not re.fullmatch(ONS_CODE, row["ons_code"]):
        return _("“%(code)s” is no ONS code: a letter and eight digits.", code=row["ons_code"][:LONGEST])
    if row["ons_code"] and not row["valid_from"]:
        return _("a code needs the day from which it holds.")
    if not row["ons_code"] and (row["valid_from"] or row["valid_to"]):
        return _("there is a day, but no ONS code that it belongs to.")
    for name in ("valid_from", "valid_to"):
        day = _day(row[name])
        if row[name] and day is None:
            return _("“%(day)s” is no day. Write it like 2026-05-07.", day=row[name][:LONGEST])
        if day is not None and day.year > clock.today().year + YEARS_AHEAD:
            return (
                _("%(day)s is more than ten years ahead. Check it.", day=row[name])
                if name == "valid_from"
                else _("%(day)s is more than ten years ahead. Leave it empty when no end is known.", day=row[name])
            )
    if row["valid_from"] and row["valid_to"] and row["valid_to"] < row["valid_from"]:
        return _("the code ends before it begins.")
    return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def _code(area: Area, row: dict[str, str], number: int, faults: list[str]) -> bool:
    """Give an area the code of a line; whether that changed anything. A fault when two codes would hold on one day."""
    start, end = _day(row["valid_from"]), _day(row["valid_to"])
    assert start is not None
    held = db.session.scalars(select(WardCode).where(WardCode.area_id == area.id)).all()
    same = next((one for one in held if one.valid_from == start), None)
    if any(one is not same and one.valid_from <= (end or date.max) and start <= (one.valid_to or date.max) for one in held):
        faults.append(_("Line %(number)d: %(name)s would have two codes on the same day.", number=number, name=area.name))
        return False
    if other := code_in_use(row["ons_code"], area.id, start, end):
        faults.append(_("Line %(number)d: %(name)s has this code at that time.", number=number, name=other))
        return False
    if same is None:
        db.session.add(WardCode(area_id=area.id, ons_code=row["ons_code"], valid_from=start, valid_to=end))
    elif (same.ons_code, same.valid_to) == (row["ons_code"], end):
        return False
    else:
        same.ons_code, same.valid_to = row["ons_code"], end
    db.session.flush()
    return True
