"""Paper sheets typed at the desk: rows that both sides signed, in the books at once, all of a sheet or nothing.

The paper carries both signatures, so nobody is asked again: each row is written down and settled in one action, by the same judgement as
hours that are logged on a phone (`exchange.written`). Who typed it is on record, and types no row of their own. A whole sheet can be undone.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import Actor, Event, record
from portal.ledger import queries as books
from portal.ledger.posting import post_all, reverse_all
from portal.money import Minutes, hours, parse_hours
from portal.people import queries as people
from portal.people.access import Who
from portal.places.model import Area
from portal.places.queries import within
from portal.refs import ALPHABET, clean_card, new_ref
from portal.timebank import exchange as exchanges
from portal.timebank import ideas, members, messages, sheet_messages
from portal.timebank.days import typed_day
from portal.timebank.members import account, floor_of, name_of
from portal.timebank.model import Category, Exchange, Member
from portal.timebank.paper_model import Sheet, SheetRow
from portal.timebank.queries import WITH_NAMES
from portal.timebank.rules import too_low
from portal.words import _
from portal.work.model import WorkRecord

MOST_ROWS = 100  # of one sending
MOST_SHOWN = 6  # members of one name that a row offers
LONGEST = 120  # letters of a cell
COLUMNS = ("giver", "receiver", "time", "kind", "day", "number")
DITTO = frozenset(('"', "''", "”", "“", "″", "〃", ",,"))  # as on paper: the same as above
_NUMBER = re.compile(
    rf"MEM[\s-]*[{ALPHABET}]{{4}}[\s-]*[{ALPHABET}]{{4}}(?![{ALPHABET}])|^(?=.*[2-9])[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}$", re.IGNORECASE
)


@dataclass(frozen=True)
class Typed:
    """A row as somebody typed it. `line` from 1; `again`: it is another one, although it looks like an hour that is there."""

    line: int
    giver: str = ""
    receiver: str = ""
    time: str = ""
    kind: str = ""
    day: str = ""
    number: str = ""
    again: bool = False

    @staticmethod
    def of(line: int, cells: Sequence[str], *, again: bool = False) -> "Typed":
        """A row from its cells in the order of COLUMNS; those that are missing are empty."""
        giver, receiver, time, kind, day, number = (*cells, *("",) * len(COLUMNS))[: len(COLUMNS)]
        return Typed(line, giver, receiver, time, kind, day, number, again)

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, column) for column in COLUMNS)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell: its sentence; members of that name to choose from as (number, words); `twice`: the entry that it may be."""

    line: int
    column: str
    sentence: str
    candidates: Sequence[tuple[str, str]] = ()
    twice: str = ""
    member: str = ""  # whose page helps on


class Faulty(Refused):
    """Some rows cannot be posted, or a number was used before and nobody has said that the sheet goes on; so nothing was posted."""

    def __init__(self, faults: Sequence[Fault], used: Sequence[Sheet]) -> None:
        super().__init__(_("Nothing was posted. Put right what is marked, and send the sheet again."))
        self.faults = faults
        self.used = [(sheet.ref, sheet.number, sheet.area.name) for sheet in used]


@dataclass(frozen=True)
class _Row:
    line: int
    giver: Member
    receiver: Member
    minutes: Minutes
    kind: Category
    day: date
    number: str
    again: bool


def about(sheet: Sheet) -> str:
    """How events name a sheet."""
    return f"sheet:{sheet.id}"


# --- reading rows --------------------------------------------------------------------------------------------------------


def without_dittos(rows: Iterable[Typed]) -> list[Typed]:
    """The rows with what stands above in the place of each ditto mark."""
    told: list[Typed] = []
    for row in rows:
        above = told[-1] if told else None
        same = {column: getattr(above, column) for column in COLUMNS if above is not None and getattr(row, column) in DITTO}
        told.append(replace(row, **same))
    return told


def letters_of(kinds: Sequence[Category]) -> Mapping[str, str]:
    """For each kind (by code) the fewest first letters that no other kind begins with: what is printed on sheets, and enough to type."""
    names = {kind.code: _(kind.name) for kind in kinds}
    found = {}
    for code, name in names.items():
        others = [other.casefold() for each, other in names.items() if each != code]
        lengths = (length for length in range(1, len(name)) if not any(other.startswith(name[:length].casefold()) for other in others))
        found[code] = name[: next(lengths, len(name))]
    return found


def kind_of(text: str, kinds: Sequence[Category]) -> Category:
    """The kind of help that somebody named, or began to. ValueError, with a sentence: none, or several."""
    said = text.casefold()
    if not said:
        raise ValueError(_("Choose what kind of help it was."))
    named = [kind for kind in kinds if said in (kind.code, _(kind.name).casefold())]
    begun = named or [kind for kind in kinds if _(kind.name).casefold().startswith(said)]
    found = begun or [kind for kind in kinds if any(word.startswith(said) for word in _(kind.name).casefold().split())]
    if len(found) > 1:
        raise ValueError(
            _("More than one kind begins like that: %(kinds)s. Write more letters.", kinds=", ".join(_(kind.name) for kind in found))
        )
    if not found:
        raise ValueError(_("There is no kind of help called “%(text)s”. See the list below the table.", text=text))
    return found[0]


def number_of(text: str) -> str:
    """A sheet's number as we keep it. ValueError, with a sentence, when there is none."""
    number = " ".join(text.split()).upper()
    if not number:
        raise ValueError(_("Write the number of the sheet. If it has none, write one on it."))
    if len(number) > 20:
        raise ValueError(_("The number of a sheet is at most 20 letters and digits long."))
    return number


class _Reader:
    """Understands rows one after the other, and remembers what it looked up."""

    def __init__(self, number: str, day: date | None, areas: Collection[int] | None) -> None:
        self.number, self.day, self.areas = number, day, areas
        self.kinds = members.categories()
        self.found: dict[str, Member | Fault] = {}
        self.faults: list[Fault] = []

    def row(self, typed: Typed) -> _Row | None:
        """What a row says; None, with its faults kept, when a cell cannot be understood."""
        before = len(self.faults)
        giver, receiver = self._member(typed, "giver"), self._member(typed, "receiver")
        minutes = self._cell(typed, "time", parse_hours)
        kind = self._cell(typed, "kind", lambda text: kind_of(text, self.kinds))
        day = self._cell(typed, "day", self._day)
        number = self._cell(typed, "number", lambda text: number_of(text or self.number))
        if len(self.faults) > before:
            return None
        assert giver and receiver and minutes is not None and kind and day and number
        return _Row(typed.line, giver, receiver, minutes, kind, day, number, typed.again)

    def _cell(self, typed: Typed, column: str, read: Any) -> Any:
        try:
            return read(getattr(typed, column))
        except ValueError as why:
            self.faults.append(Fault(typed.line, column, str(why)))
            return None

    def _day(self, text: str) -> date:
        if text:
            return typed_day(text)
        if self.day is None:
            raise ValueError(_("Say on which day it was."))
        return self.day

    def _member(self, typed: Typed, column: str) -> Member | None:
        text = getattr(typed, column)
        if text not in self.found:
            self.found[text] = self._looked_up(text, column)
        found = self.found[text]
        if isinstance(found, Fault):
            self.faults.append(replace(found, line=typed.line, column=column))
            return None
        return found

    def _looked_up(self, text: str, column: str) -> Member | Fault:
        """By the number somewhere in the text, anywhere in the scheme; by name, in the areas where who types helps."""
        if not text:
            return Fault(0, column, _("Write who gave the help.") if column == "giver" else _("Write who received the help."))
        if number := _NUMBER.search(text):
            try:
                return members.by_ref(clean_card(number[0]) or "")
            except NotFound as why:
                return Fault(0, column, why.sentence)
        found = members.search_all(text, self.areas, limit=50)
        exact = [each for each in found if name_of(each).casefold() == text.casefold()]
        several = exact or found
        if len(several) == 1:
            return several[0]
        if not several:
            return Fault(0, column, _("Nobody here is called “%(text)s”. Check the spelling, or write the number on the card.", text=text))
        choices = [(each.ref, f"{name_of(each)}, {each.area.name}, {each.ref}") for each in several[:MOST_SHOWN]]
        if len(several) > MOST_SHOWN:
            return Fault(0, column, _("Many are called like that. Choose one, or write more of the name."), choices)
        return Fault(0, column, _("More than one is called like that. Choose one."), choices)


# --- posting -------------------------------------------------------------------------------------------------------------


def post_sheet(
    area_id: int, rows: Sequence[Typed], who: Who, *, number: str, day: date | None, once_key: str, go_on: bool = False,
    purpose_id: int | None = None,
) -> str:  # fmt: skip
    """Put all rows of one or more sheets of an area in the books; returns the reference of the first sheet. Sent twice: the first result.

    `number` and `day` hold for rows that do not say their own; `go_on`: sheets whose number was used before are continued;
    `purpose_id`: every row was work on this funded idea too.
    Refused: not a coordinator of that area, no rows or more than MOST_ROWS; `Faulty` with every row's faults, and then nothing was posted.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        members.open_rules()
        if not who.has_in(area_id, "connector", "officer"):
            raise NotYours(_("We do not know that area."))
        typed = [row for row in without_dittos(rows) if not row.is_empty]
        if not typed:
            raise Refused(_("Write at least one row."))
        if len(typed) > MOST_ROWS:
            raise Refused(_("Send at most %(most)d rows at a time.", most=MOST_ROWS))
        reader = _Reader(number, day, who.areas("connector", "officer"))
        read = [row for row in map(reader.row, typed) if row is not None]
        faults = list(reader.faults)
        locks = {lock for row in read if row.giver.id != row.receiver.id for lock in exchanges.locks(row.giver, row.receiver)}
        numbers = {row.number for row in read}
        one_at_a_time(*locks, *(f"sheet:{each}" for each in numbers))
        used = [] if go_on else _standing(numbers)
        made = _written(sorted(read, key=lambda row: (row.day, row.line)), who, faults)
        faults += [fault for fault in _elsewhere(area_id, read) if fault.line not in {each.line for each in faults}]
        if faults or used:
            raise Faulty(sorted(faults, key=lambda fault: (fault.line, COLUMNS.index(fault.column))), used)
        ref = _posted(area_id, made, who, purpose_id)
        once.keep(once_key, ref)
        return ref


def _elsewhere(area_id: int, rows: Sequence[_Row]) -> list[Fault]:
    """Rows of which neither side lives in the sheet's area: whoever looks after that area gets power over the sheet, and none over them."""
    area = db.session.get_one(Area, area_id)
    here = set(db.session.scalars(within(area.code)))
    return [
        Fault(
            row.line, "giver",
            _(
                "Neither of them lives in %(area)s. Choose %(theirs)s above for this sheet, or send this row by itself.",
                area=area.name, theirs=_(" or ").join(sorted({row.giver.area.name, row.receiver.area.name})),
            ),
        )
        for row in rows
        if not {row.giver.area_id, row.receiver.area_id} & here
    ]  # fmt: skip


def _standing(numbers: Collection[str]) -> Sequence[Sheet]:
    """Sheets with these numbers that were typed before and not undone, in whatever area: nobody types one twice under two."""
    query = select(Sheet).where(Sheet.number.in_(numbers), Sheet.undone_at.is_(None)).options(joinedload(Sheet.area))
    return db.session.scalars(query.order_by(Sheet.id)).all()


def _written(rows: Sequence[_Row], who: Who, faults: list[Fault]) -> list[tuple[_Row, Exchange]]:
    """Write each row down, by the day it was; what cannot be is added to `faults`."""
    rules = members.open_rules()
    exchanges.locked_sides({member.id for row in rows for member in (row.giver, row.receiver)})
    has = dict(books.balances({account(member) for row in rows for member in (row.giver, row.receiver)}))
    made = []
    for row in rows:
        if (fault := _not_theirs(row, who)) is not None:
            faults.append(fault)
            continue
        try:
            one = exchanges.written(
                row.giver, row.receiver, "gave", row.minutes, row.kind.code, row.day, "", _actor(row, who), again=row.again
            )  # fmt: skip
        except exchanges.Twice as same:
            faults.append(Fault(row.line, "time", same.sentence, twice=same.ref))
            continue
        except Refused as why:
            column = {"minutes": "time", "day": "day", "kind": "kind"}.get(why.field or "", "receiver")
            away = next((each.ref for each in (row.giver, row.receiver) if each.status != "active" and who.can("help others", each)), "")
            faults.append(Fault(row.line, column, why.sentence, member=away))
            continue
        floor = floor_of(row.receiver, rules)
        if has[account(row.receiver)] - row.minutes < floor:
            faults.append(Fault(row.line, "receiver", _below(row.receiver, floor), member=row.receiver.ref))
            continue
        has[account(row.receiver)] -= row.minutes
        has[account(row.giver)] += row.minutes
        made.append((row, one))
    return made


def _actor(row: _Row, who: Who) -> Actor:
    return Actor(who.id, row.giver.person_id, f"paper sheet {row.number}")


def _below(member: Member, floor: int) -> str:
    low = too_low(name_of(member), floor)
    return _("%(low)s Let them go lower on their page, or give them hours from the pot, and send the sheet again.", low=low)


def _not_theirs(row: _Row, who: Who) -> Fault | None:
    """Nobody types their own hours, and not for two who both live where they do not help."""
    if row.giver.id == row.receiver.id:
        return Fault(row.line, "receiver", _("That is the same member twice."))
    for column, member in (("giver", row.giver), ("receiver", row.receiver)):
        if members.acts_as(who, member):
            return Fault(row.line, column, _("These are your own hours, or your group’s: a colleague types them. Take this row out."))
    if not (who.can("help others", row.giver) or who.can("help others", row.receiver)):
        return Fault(row.line, "giver", _("Neither of them lives where you help. A colleague there types this row."))
    return None


def _posted(area_id: int, made: Sequence[tuple[_Row, Exchange]], who: Who, purpose_id: int | None) -> str:
    """The entries of all rows at once, the sheets, and one message to everybody on them."""
    rules = members.open_rules()
    facts = [
        exchanges.fact_of(
            one, row.giver, row.receiver, row.minutes, _actor(row, who), too_low(name_of(row.receiver), floor_of(row.receiver, rules))
        )
        for row, one in made
    ]
    before = dict(books.balances({account(member) for row, _one in made for member in (row.giver, row.receiver)}))
    post_all(facts)
    if purpose_id is not None:
        _for_an_idea(purpose_id, made)
    for (row, one), fact in zip(made, facts, strict=True):
        one.answered_by, one.answered_at, one.answered_minutes = members.about(row.receiver), clock.now(), row.minutes
        exchanges.in_books(one, row.minutes, fact.key, _actor(row, who))
        has = before[account(row.receiver)] = before[account(row.receiver)] - row.minutes
        before[account(row.giver)] += row.minutes
        if has < rules.soft_floor <= has + row.minutes:
            messages.soft_floor(one, row.receiver, Minutes(has), rules)
    sheets = _sheets(area_id, made, who)
    sheet_messages.posted(sheets[0].ref, [sheet.number for sheet in sheets], [one for _row, one in made], before)
    return sheets[0].ref


def _for_an_idea(purpose_id: int, made: Sequence[tuple[_Row, Exchange]]) -> None:
    """The rows are work on a funded idea too, or none of the sheet is in the books. After the books, as everybody waits for the two."""
    ideas.hold(purpose_id, [row.giver for row, _one in made])
    faults = []
    for row, one in made:
        try:
            ideas.begin(one, purpose_id, row.giver)
        except Refused as why:
            column = {"day": "day", "minutes": "time"}.get(why.field or "", "giver")
            faults.append(Fault(row.line, column, _("%(why)s Or send this row by itself, without the idea.", why=why.sentence)))
    if faults:
        raise Faulty(sorted(faults, key=lambda fault: fault.line), ())


def _sheets(area_id: int, made: Sequence[tuple[_Row, Exchange]], who: Who) -> list[Sheet]:
    must_be_in_transaction()
    now, batch = clock.now(), new_ref("SHT")
    sheets: list[Sheet] = []
    for number in sorted({row.number for row, _one in made}, key=lambda each: min(row.line for row, _one in made if row.number == each)):
        rows = sorted(((row.line, one) for row, one in made if row.number == number), key=lambda each: each[0])
        parts = db.session.scalar(select(func.max(Sheet.part)).where(Sheet.area_id == area_id, Sheet.number == number)) or 0
        sheet = Sheet(
            ref=new_ref("SHT") if sheets else batch, area_id=area_id, number=number, part=parts + 1, batch=batch, entered_by=f"person:{who.id}", entered_at=now
        )  # fmt: skip
        db.session.add(sheet)
        db.session.flush()
        db.session.add_all(SheetRow(sheet_id=sheet.id, line=line, exchange_id=one.id) for line, one in rows)
        record(
            about(sheet),
            "typed",
            Actor(who.id, None, f"paper sheet {number}"),
            rows=len(rows),
            minutes=sum(one.minutes for _line, one in rows),
        )
        sheets.append(sheet)
    db.session.flush()
    return sheets


# --- undoing -------------------------------------------------------------------------------------------------------------


def undo(ref: str, reason: str, who: Who) -> int:
    """A coordinator takes a whole sheet out of the books again, also who typed it; returns how many rows. A second time changes nothing.

    Each entry gets a reversal that stays to be seen; all of them or none. Rows that were put right to nothing before stay so.
    Refused: not theirs, no reason, one of their own hours; a floor of who would have to give back, with the row and the way on.
    """
    with transaction():
        sheet = db.session.scalar(select(Sheet).where(Sheet.ref == ref).with_for_update().execution_options(populate_existing=True))
        if sheet is None or not who.has_in(sheet.area_id, "connector", "officer"):
            raise NotYours(_("We cannot find that sheet."))
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if sheet.undone_at is not None:
            return 0
        rows = _rows_of(sheet.id, locked=True)
        if not _may_see(rows, who):
            raise NotYours(_("We cannot find that sheet."))
        if any(members.acts_as(who, side) for row in rows for side in exchanges.sides(row.exchange)):
            raise Refused(_("Ask a colleague: your own hours, or your group’s, are on this sheet."))
        standing = [row for row in rows if row.exchange.status == "settled"]
        actor = Actor(who.id, None, f"paper sheet {sheet.number}")
        _reverse(standing, reason, actor)
        sheet.undone_by, sheet.undone_at = actor.code, clock.now()
        record(about(sheet), "undone", actor, reason=reason, rows=len(standing))
        if standing:
            sheet_messages.undone(sheet.ref, sheet.number, [row.exchange for row in standing], reason)
        return len(standing)


def _reverse(rows: Sequence[SheetRow], reason: str, actor: Actor) -> None:
    rules = members.open_rules()
    exchanges.locked_sides({side.id for row in rows for side in exchanges.sides(row.exchange)})
    keys, refusals = [], {}
    for row in rows:
        one = row.exchange
        assert one.entry_key is not None
        low = too_low(name_of(one.giver), floor_of(one.giver, rules))
        sentence = _("Row %(row)d: %(low)s Put the rows right one by one, or let them go lower first.", row=row.line, low=low)
        keys.append(one.entry_key)
        refusals[one.entry_key] = {account(one.giver): sentence}
    if keys:
        reverse_all(keys, reason=reason, actor=actor.code, basis=actor.basis, refusals=refusals)
    for row in rows:
        one = row.exchange
        record(exchanges.about(one), "put_right", actor, reason=reason, minutes=0, before=one.settled_minutes)
        ideas.put_right(one, reason, actor)
        one.status, one.questioned_at = "reversed", None


# --- reading sheets ------------------------------------------------------------------------------------------------------


def _rows_of(sheet_id: int, *, locked: bool = False) -> Sequence[SheetRow]:
    if locked:
        of = select(Exchange.id).join(SheetRow, SheetRow.exchange_id == Exchange.id).where(SheetRow.sheet_id == sheet_id)
        db.session.execute(of.order_by(Exchange.id).with_for_update(of=Exchange)).all()
    with_names = [
        joinedload(SheetRow.exchange).options(each) for each in (*WITH_NAMES, joinedload(Exchange.work).joinedload(WorkRecord.purpose))
    ]
    query = select(SheetRow).where(SheetRow.sheet_id == sheet_id).options(*with_names).order_by(SheetRow.line)
    return db.session.scalars(query.execution_options(populate_existing=locked)).all()


def sheet_with_rows(ref: str, who: Who) -> tuple[Sheet, Sequence[SheetRow], Sequence[Sheet]]:
    """One sheet with its rows by line, and the others that were sent with it. NotFound: none, or of an area where they do not help."""
    sheet = db.session.scalar(select(Sheet).where(Sheet.ref == ref).options(joinedload(Sheet.area)))
    if sheet is None or not who.has_in(sheet.area_id, "connector", "officer"):
        raise NotFound(_("We cannot find that sheet."))
    rows = _rows_of(sheet.id)
    if not _may_see(rows, who):
        raise NotFound(_("We cannot find that sheet."))
    others = db.session.scalars(select(Sheet).where(Sheet.batch == sheet.batch, Sheet.id != sheet.id).order_by(Sheet.id)).all()
    return sheet, rows, others


def _may_see(rows: Sequence[SheetRow], who: Who) -> bool:
    """Whether somebody helps one side of each of these rows, where that side lives or lived then; the sheet's area alone is not enough."""
    for row in rows:
        then = {row.exchange.giver_area_id, row.exchange.receiver_area_id} - {None}
        now = exchanges.sides(row.exchange)
        if not (any(who.has_in(id_, "connector", "officer") for id_ in then) or any(who.can("help others", side) for side in now)):
            return False
    return True


def sheets_of(
    areas: Collection[int] | None, number: str = "", before: int | None = None, limit: int = 26
) -> Sequence[tuple[Sheet, int, int]]:
    """Sheets of these areas (None: all), newest first, each with its rows and minutes as typed. `before`: the last id seen. One query."""
    query = (
        select(Sheet, func.count(SheetRow.line), func.coalesce(func.sum(Exchange.minutes), 0))
        .outerjoin(SheetRow, SheetRow.sheet_id == Sheet.id)
        .outerjoin(Exchange, Exchange.id == SheetRow.exchange_id)
        .group_by(Sheet.id)
        .order_by(Sheet.id.desc())
        .limit(limit)
    )
    if areas is not None:
        query = query.where(Sheet.area_id.in_(areas))
    if number:
        query = query.where(Sheet.number == number.upper())
    if before is not None:
        query = query.where(Sheet.id < before)
    return [(sheet, int(rows), int(minutes)) for sheet, rows, minutes in db.session.execute(query)]


def story_of(sheet: Sheet) -> Sequence[tuple[Event, str]]:
    """What happened with a sheet, newest first, and who did it. One query."""
    return people.story_of(about(sheet))


def broken_caches() -> Sequence[str]:
    """Lines in words about sheets that say they are undone while a row of theirs stands; for the ledger check."""
    query = (
        select(Sheet.ref, Exchange.ref)
        .join(SheetRow, SheetRow.sheet_id == Sheet.id)
        .join(Exchange, Exchange.id == SheetRow.exchange_id)
        .where(Sheet.undone_at.is_not(None), Exchange.status != "reversed")
    )
    return [f"sheet {sheet} is undone, and exchange {one} stands" for sheet, one in db.session.execute(query)]


def _sheets_of_person(person_id: int) -> Any:
    """On which sheets a person's hours stand."""
    mine = select(Member.id).where(Member.person_id == person_id)
    query = (
        select(Sheet.number, SheetRow.line, Exchange.ref, Exchange.minutes)
        .join(SheetRow, SheetRow.sheet_id == Sheet.id)
        .join(Exchange, Exchange.id == SheetRow.exchange_id)
        .where(Exchange.giver_id.in_(mine) | Exchange.receiver_id.in_(mine))
        .order_by(Exchange.id)
    )
    return [
        {"sheet": number, "row": line, "exchange": ref, "time": hours(minutes)} for number, line, ref, minutes in db.session.execute(query)
    ]


people.COLLECTORS["paper sheets"] = _sheets_of_person
