"""Entries from a list in a CSV file: looked at first, then taken over in one transaction, each line once; taken back as a whole.

A line is known again by the name of its list and its number there, or else by its name and area. What came before is left as it is here,
because people may have put it right since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select

from portal import clock
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.people.access import Who
from portal.people.model import Person
from portal.places.model import Area
from portal.places.queries import areas as all_areas
from portal.places.queries import by_name, codes_today
from portal.refs import new_ref
from portal.strengths import actions, desk, queries, reading, rules, shapes
from portal.strengths.geometry import FINE, Ring, holds
from portal.strengths.model import Strength, StrengthImport
from portal.strengths.queries import LIVING, key_of
from portal.strengths.reading import Coming, NoTable, Problem
from portal.strengths.rules import Draft
from portal.web.forms import parse_phone
from portal.words import _


class NotReady(Refused):
    """Something in the file must be put right first; `plan` names each line."""

    def __init__(self, plan: "Plan") -> None:
        super().__init__(_("Nothing was taken over. Put right what stops it, and send the file again."), "file")
        self.plan = plan


@dataclass
class Plan:
    """What an import would do, in the order of its lines."""

    coming: list[Coming] = field(default_factory=list)
    done: int = 0
    twins: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def stops(self) -> bool:
        return any(problem.stops for problem in self.problems)


def plan(data: bytes, source: str, area_code: str = "") -> Plan:
    """What `take_over` would do, by what stands in the database now. Writes nothing; six queries. `source`: what the list is called;
    `area_code`: where a line lies that names no area. Refused: no name of the list.
    """
    if not source:
        raise Refused(_("Write what this list is called, like “Council list of groups”."), "source")
    try:
        found, odd = reading.rows(data)
    except NoTable as why:
        return Plan(problems=[why.problem])
    made = Plan(problems=odd)
    areas, outlines = _areas(), shapes.outlines()
    came, here = _known(source)
    private = _private([cells.get("email", "") for _line, cells in found], [cells.get("phone", "") for _line, cells in found])
    lines: dict[str, int] = {}
    for line, cells in found:
        try:
            one = reading.coming(line, cells, source, areas, area_code)
            _judge(one.draft, private)
        except (Refused, ValueError) as why:
            made.problems.append(Problem(line, str(why)))
            continue
        twin = (key_of(one.draft.name), one.draft.area_id or 0)
        if one.key in lines:
            made.problems.append(Problem(line, _("This is the same as line %(line)d. It is left out.", line=lines[one.key]), stops=False))
        elif one.key in came:
            made.done += 1
        elif twin in here:
            made.twins += 1
            said = _("“%(name)s” is on the map of %(area)s already. It is left out.", name=one.draft.name, area=one.area)
            made.problems.append(Problem(line, said, stops=False))
        else:
            if _outside(one.draft, outlines):
                made.problems.append(Problem(line, _("The position lies outside all areas that are drawn. Is it right?"), stops=False))
            made.coming.append(one)
            here.add(twin)
        lines.setdefault(one.key, line)
    made.problems.sort(key=lambda problem: problem.line)
    return made


def _areas() -> Mapping[str, Area]:
    """The areas in use by name in small letters, by code, and wards by their ONS code of today."""
    codes, some = codes_today(), [area for area in all_areas() if area.kind != "scheme"]
    return by_name(some) | {codes[area.id].ons_code.casefold(): area for area in some if area.id in codes}


def _outside(draft: Draft, outlines: Sequence[Ring]) -> bool:
    if draft.latitude is None or draft.longitude is None or not outlines:
        return False
    x, y = draft.longitude * FINE // rules.STEP, draft.latitude * FINE // rules.STEP
    return not any(holds(ring, x, y) for ring in outlines)


def _judge(draft: Draft, private: frozenset[str]) -> None:
    rules.judge(draft)
    if draft.email in private or draft.phone in private:
        raise Refused(_("The e-mail address or number is a person’s own. Ask the group for one that is theirs, or leave it out."))


def _known(source: str) -> tuple[set[str], set[tuple[str, int]]]:
    """The keys of what came with this list before, and names with areas of what is here. Two queries."""
    came = select(Strength.import_key).where(Strength.import_key.startswith(f"{source}:", autoescape=True), Strength.status != "undone")
    here = select(Strength.name_key, Strength.area_id).where(Strength.status.in_(LIVING))
    return {key for key in db.session.scalars(came) if key}, {(name, area_id) for name, area_id in db.session.execute(here)}


def _private(emails: Sequence[str], phones: Sequence[str]) -> frozenset[str]:
    """Of these addresses those that belong to persons of the scheme. A query for each few hundred."""
    wanted = {email.lower() for email in emails if email}
    for phone in phones:
        try:
            wanted |= {parse_phone(phone)} if phone else set()
        except ValueError:
            continue
    found: set[str] = set()
    some = sorted(wanted)
    for start in range(0, len(some), 400):
        part = some[start : start + 400]
        rows = db.session.execute(select(Person.email, Person.phone).where(or_(Person.email.in_(part), Person.phone.in_(part))))
        found |= {address for row in rows for address in row if address}
    return frozenset(found)


# --- taking over, and back -----------------------------------------------------------------------------------------------


def take_over(data: bytes, file_name: str, source: str, area_code: str, who: Who, *, publish: bool) -> tuple[Plan, str]:
    """Take the entries of a file over, all of them or nothing; returns what was done, and the reference of the import, "" when nothing was
    to be done. Again does nothing. `publish`: on the map at once, else they wait for a look. Nobody is told.

    Refused: as for `plan`; `NotReady` with every line that stops it.
    """
    with transaction():
        one_at_a_time("import of strengths")
        made = plan(data, source, area_code)
        if made.stops:
            raise NotReady(made)
        if not made.coming:
            return made, ""
        load = StrengthImport(
            ref=new_ref("LOD"), source=source, file_name=file_name, made=len(made.coming), by_id=who.id, at=clock.now()
        )  # fmt: skip
        db.session.add(load)
        db.session.flush()
        for one in made.coming:
            _make(one, load, who, publish)
        record(f"strength_import:{load.id}", "strengths_imported", Actor(who.id), source=source, entries=len(made.coming))
        return made, load.ref


def _make(one: Coming, load: StrengthImport, who: Who, publish: bool) -> None:
    must_be_in_transaction()
    row = Strength(
        ref=new_ref("STR"), suggested_by_id=None, suggested_at=clock.now(), status="suggested", version=1, words="", import_id=load.id, import_key=one.key,
        initiative=one.initiative,
    )  # fmt: skip
    actions.fill(row, one.draft)
    db.session.add(row)
    db.session.flush()
    record(queries.about(row), "strength_imported", Actor(who.id), load=load.ref)
    if publish:
        desk.publish_now(row, who, initiative=one.initiative, known_public=True)


def undo(ref: str, who: Who) -> tuple[int, int]:
    """Take back what a file brought; returns how many entries went and how many stay, because somebody changed them, looks after them or
    joined them with others since. Again changes nothing more. NotFound.
    """
    with transaction():
        load = db.session.scalar(select(StrengthImport).where(StrengthImport.ref == ref).with_for_update())
        if load is None:
            raise NotFound(_("We cannot find that list."))
        rows = db.session.scalars(select(Strength).where(Strength.import_id == load.id).order_by(Strength.id).with_for_update()).all()
        if load.undone_at is not None:
            gone = sum(row.status == "undone" for row in rows)
            return gone, len(rows) - gone
        into = set(db.session.scalars(select(Strength.merged_into_id).where(Strength.merged_into_id.in_([row.id for row in rows]))))
        going = [row for row in rows if row.version == 1 and row.status != "merged" and row.keeper_id is None and row.id not in into]
        for row in going:
            row.status, row.archived_at, row.offer_by_id, row.offer_at, row.keeper_wanted_at = "undone", None, None, None, None
            queries.keep(row)
            record(queries.about(row), "strength_undone", Actor(who.id))
        load.undone_at, load.undone_by_id = clock.now(), who.id
        record(f"strength_import:{load.id}", "strengths_undone", Actor(who.id), entries=len(going))
        return len(going), len(rows) - len(going)


def loads(limit: int = 50) -> Sequence[StrengthImport]:
    """The latest lists that were brought, newest first."""
    return db.session.scalars(select(StrengthImport).order_by(StrengthImport.id.desc()).limit(limit)).all()


def standing(loads_: Sequence[StrengthImport]) -> Mapping[int, int]:
    """How many entries of each list are here, by its id. One query."""
    query = select(Strength.import_id, func.count()).where(
        Strength.import_id.in_([load.id for load in loads_]), Strength.status != "undone"
    )
    return {load_id: number for load_id, number in db.session.execute(query.group_by(Strength.import_id)) if load_id is not None}


def told(made: Plan, *, dry_run: bool) -> str:
    """What an import did, or would do, in a sentence or two."""
    values = {"coming": len(made.coming), "done": made.done, "twins": made.twins}
    if dry_run:
        return _(
            "Would bring %(coming)d entries; %(done)d came before, %(twins)d are here under the same name. Nothing was changed.", **values
        )
    return _("Brought: %(coming)d entries; %(done)d came before, %(twins)d were here under the same name.", **values)
