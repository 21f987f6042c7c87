"""A whole wall of notes, typed by a connector in one go: all of them or none, each fault at its row, notes that say the same pointed out."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from portal import once
from portal.db import db, transaction
from portal.errors import Refused
from portal.ideas import cards, queries
from portal.ideas.model import Idea
from portal.ideas.queries import hold
from portal.ideas.rules import the_same
from portal.people.access import Who
from portal.places import queries as places
from portal.places.model import Area
from portal.refs import new_ref
from portal.web.forms import parse_contact
from portal.web.rows import Fault, Faulty, Row, filled
from portal.words import _

COLUMNS = ("idea", "more", "name", "contact", "area")


def note(line: int, *cells: str, again: bool = False) -> Row:
    """A row from its cells in the order of COLUMNS; those that are missing are empty."""
    return Row(line, dict(zip(COLUMNS, cells, strict=False)), again)


def pin_wall(rows: Sequence[Row], area_id: int | None, who: Who, *, event_ref: str = "", once_key: str) -> str:
    """Pin all notes; returns the reference of the wall, whose page has their numbers. Rows in which nothing stands are left out.

    Faulty: names each fault; nothing was saved. Refused: no row, too many, not where they help.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        hold()
        some = filled(rows)
        ref = new_ref("WAL")
        faults = _pinned(some, cards.Draft("", area_id, event_ref=event_ref), who, ref)
        if faults:
            raise Faulty(faults)
        once.keep(once_key, ref)
        return ref


def _pinned(rows: Sequence[Row], plain: cards.Draft, who: Who, ref: str) -> list[Fault]:
    """Cards of the rows that can be, and the faults of the others."""
    areas = places.by_name(places.areas())
    there = _notes_there({area.id for area in areas.values()})
    faults: list[Fault] = []
    seen: list[tuple[Row, Sequence[str]]] = []
    for row in rows:
        words = queries.stems(row["idea"])
        faults += twins if (twins := _twin(row, words, seen, there)) else _pin(row, plain, areas, who, ref)
        seen.append((row, words))
    return faults


def _notes_there(area_ids: set[int]) -> Sequence[tuple[Idea, Sequence[str]]]:
    """Cards that are on the wall, with their words."""
    live = db.session.scalars(select(Idea).where(queries.live(), Idea.area_id.in_(area_ids)).order_by(Idea.id.desc()).limit(2000)).all()
    return [(each, queries.stems(each.title)) for each in live]


def _twin(
    row: Row, words: Sequence[str], seen: Sequence[tuple[Row, Sequence[str]]], there: Sequence[tuple[Idea, Sequence[str]]]
) -> list[Fault]:
    if row.again or not words:
        return []
    for other, said in seen:
        if the_same(words, said):
            return [
                Fault(
                    row.line,
                    "idea",
                    _("This says the same as row %(number)d. Leave one out, or say that it is another idea.", number=other.line),
                    ("", ""),
                )
            ]
    for card, said in there:
        if the_same(words, said):
            where = (f"/ideas/{card.ref}", _("Card %(number)d: %(title)s", number=card.number, title=card.title))
            return [
                Fault(
                    row.line,
                    "idea",
                    _("Card %(number)d on the wall says the same. Leave this out, or say that it is another idea.", number=card.number),
                    where,
                )
            ]
    return []


def _pin(row: Row, plain: cards.Draft, areas: dict[str, Area], who: Who, ref: str) -> list[Fault]:
    try:
        contact = parse_contact(row["contact"]) if row["contact"] else None
    except ValueError as why:
        return [Fault(row.line, "contact", str(why))]
    place = plain.area_id
    if row["area"]:
        found = areas.get(row["area"].casefold())
        if found is None:
            return [Fault(row.line, "area", _("We do not know that area. Write its name as it stands in the list."))]
        place = found.id
    draft = replace(plain, title=row["idea"], text=row["more"], area_id=place, name=row["name"], contact=contact)
    try:
        cards.new_card(draft, who, "paper sheet", for_somebody=True, wall=ref)
    except Refused as why:
        column = {"title": "idea", "text": "more"}.get(why.field or "", why.field or "")
        return [Fault(row.line, column if column in COLUMNS else "idea", why.sentence)]
    return []
