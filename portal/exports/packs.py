"""An export as it leaves the house: the file, its manifest, and the line in the log that says who took it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal import clock
from portal.db import db, is_postgresql, transaction
from portal.errors import Refused
from portal.exports import duplicates, files, spend, time, vcse
from portal.exports.filters import BASES, Filter
from portal.exports.publish import giving, settings
from portal.history import Actor, Event, record
from portal.ledger import export as books
from portal.ledger.model import Entry, Transfer
from portal.ledger.periods import seal
from portal.people.model import Person
from portal.words import N_, _

TAKEN = "downloaded"  # the event that says so
Writer = Callable[[Sequence[str], Iterable[files.Row], str], Iterator[bytes]]


@dataclass(frozen=True)
class Export:
    """One kind of file: who may have it, its frozen columns, its rows, and which column holds the money that the control total sums."""

    name: str
    number: str
    title: str
    may: str  # a predicate of people.access
    bases: Sequence[str]  # which dates its days may judge; the first when nobody says
    version: str
    columns: Sequence[str]
    rows: Callable[[Filter], Iterator[files.Row]]
    total: int
    day_format: str
    hours: int | None = None  # the column whose hours are summed too
    writers: Mapping[str, Writer] = field(default_factory=lambda: files.WRITERS)  # by form, the usual one first
    ready: Callable[[], object] = lambda: None  # Refused, in a sentence, while it cannot be made at all
    left_out: Callable[[Filter], Mapping[str, int]] | None = None  # how many of the filter are not in it, by why


EXPORTS: Mapping[str, Export] = {
    "360giving-organisations": Export(
        "360giving-organisations", "E1", N_("Grants to organisations, for 360Giving"), "export", tuple(BASES), giving.VERSION,
        tuple(giving.ORGANISATIONS), giving.organisations, tuple(giving.ORGANISATIONS).index("Amount Awarded"), giving.DAY_FORMAT,
        writers=giving.WRITERS, ready=settings.ready, left_out=partial(giving.left_out, individuals=False),
    ),
    "360giving-individuals": Export(
        "360giving-individuals", "E2", N_("Grants to individuals, for 360Giving"), "export", tuple(BASES), giving.VERSION,
        tuple(giving.INDIVIDUALS), giving.individuals, tuple(giving.INDIVIDUALS).index("Amount Awarded"), giving.DAY_FORMAT,
        writers={form: giving.WRITERS[form] for form in ("json", "csv")}, ready=settings.ready, left_out=partial(giving.left_out, individuals=True),
    ),
    "vcse-grants-register": Export(
        "vcse-grants-register", "E3", N_("Register of grants to community bodies"), "export", tuple(BASES), vcse.VERSION, vcse.COLUMNS,
        vcse.rows, vcse.TOTAL, vcse.DAY_FORMAT,
    ),
    "lga-spend": Export(
        "lga-spend", "E4", N_("Spending, as the LGA lays it out"), "export the books", ("paid",), spend.VERSION, spend.COLUMNS, spend.rows,
        spend.TOTAL, spend.DAY_FORMAT,
    ),
    "duplicates": Export(
        "duplicates", "E8", N_("Payments to look at twice, before a run"), "prepare payments", duplicates.BASES, duplicates.VERSION,
        duplicates.COLUMNS, duplicates.rows, duplicates.TOTAL, duplicates.DAY_FORMAT,
    ),
    "time-credits": Export(
        "time-credits", "E9", N_("Time credits by month, ward and kind of help"), "export", time.BASES, time.VERSION, time.COLUMNS, time.rows,
        time.TOTAL, time.DAY_FORMAT, time.HOURS,
    ),
}  # fmt: skip
LEDGER = "ledger"  # E10: not a table but a journal, in hledger's or Beancount's words; always whole
LEDGER_MAY = "export the books"
TYPES = files.TYPES | dict.fromkeys(books.FORMATS, "text/plain; charset=utf-8")


@dataclass
class Totals:
    """Counted while the rows go by: nothing is held. `head` seals the books as they stood when the rows were read."""

    rows: int = 0
    pence: int = 0
    minutes: int = 0
    head: str = ""
    digest: Any = field(default_factory=hashlib.sha256)


def may(name: str) -> str:
    """The predicate that opens an export. Refused when there is none of that name."""
    if name == LEDGER:
        return LEDGER_MAY
    if name not in EXPORTS:
        raise Refused(_("There is no export called %(name)s. There are: %(all)s.", name=name, all=", ".join([*EXPORTS, LEDGER])), "name")
    return EXPORTS[name].may


def formats(name: str) -> tuple[str, ...]:
    """In which forms an export comes, the usual one first. Refused when there is none of that name."""
    may(name)
    return tuple(books.FORMATS) if name == LEDGER else tuple(EXPORTS[name].writers)


def fitting(name: str, format_name: str, chosen: Filter, *, basis: str = "") -> Filter:
    """The filter as this export takes it; `basis` only where somebody chose one. To be called before a byte is written.

    Refused: no such export; a form or a basis that it does not come in; a part of the ledger; a fund where hours are told.
    """
    may(name)
    if format_name not in formats(name):
        raise Refused(_("This file comes as %(all)s.", all=_(" or ").join(formats(name))), "form")
    if name == LEDGER:
        if chosen.fund or chosen.area or chosen.changed_since:
            raise Refused(_("The ledger goes out whole: choose no fund, no area and no changes."), "fund" if chosen.fund else "area")
        return chosen
    EXPORTS[name].ready()
    if chosen.fund and EXPORTS[name].hours is not None:
        raise Refused(_("Hours belong to no fund. Choose all funds."), "fund")
    if chosen.changed_since and EXPORTS[name].hours is not None:
        raise Refused(_("Hours of a month are told together, so that nobody is known by them. Take the whole file."), "changed")
    bases = EXPORTS[name].bases
    if basis and basis not in bases:
        if bases == time.BASES:
            raise Refused(_("This file goes by the day on which the hours were given. Choose nothing there."), "basis")
        raise Refused(_("This file goes by the day of the payment. Choose that, or nothing."), "basis")
    return replace(chosen, basis=basis or bases[0])


def chunks(name: str, format_name: str, chosen: Filter, totals: Totals) -> Iterator[bytes]:
    """The bytes of an export that `fitting` has judged, in pieces, counting into `totals`.

    Everything is read as of one moment: a payment that is entered meanwhile is in the file, the sums and the head, or in none.
    """
    hold_still()
    yield from pieces(name, format_name, chosen, totals)


def pieces(name: str, format_name: str, chosen: Filter, totals: Totals) -> Iterator[bytes]:
    """The same within a reading that holds still already: so that several files say the same."""
    totals.head = seal(db.session.connection())
    if name == LEDGER:
        _count_books(totals)
        source: Iterator[bytes] = (piece.encode() for piece in books.lines(format_name))
    else:
        export = EXPORTS[name]
        source = export.writers[format_name](export.columns, counted(export, chosen, totals), export.day_format)
    for piece in source:
        totals.digest.update(piece)
        yield piece


def hold_still() -> None:
    """Begin a reading that sees one state of the database. SQLite's always do."""
    db.session.rollback()
    if is_postgresql():
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _count_books(totals: Totals) -> None:
    totals.rows = db.session.scalar(select(func.count()).select_from(Entry)) or 0
    moved = dict(db.session.execute(select(Transfer.unit, func.sum(Transfer.amount)).group_by(Transfer.unit)).tuples().all())
    totals.pence, totals.minutes = int(moved.get("GBP", 0)), int(moved.get("MIN", 0)) + int(moved.get("MATCH", 0))


def counted(export: Export, chosen: Filter, totals: Totals) -> Iterator[files.Row]:
    """The rows of an export, counted into `totals` as they go by."""
    for row in export.rows(chosen):
        totals.rows += 1
        amount = row[export.total]
        assert isinstance(amount, files.Money) or (amount is None and export.hours is not None), "hours without a rate have no value"
        totals.pence += amount.pence if isinstance(amount, files.Money) else 0
        spent = row[export.hours] if export.hours is not None else None
        totals.minutes += spent.minutes if isinstance(spent, files.Hours) else 0
        yield row


def file_name(name: str, format_name: str, chosen: Filter) -> str:
    """`lga-spend-2026-04-01-to-2027-03-31.csv`; the ledger's ending is the program's own."""
    if name == LEDGER:
        return "ledger.journal" if format_name == "hledger" else "ledger.beancount"
    return f"{name}-{chosen.first_day.isoformat()}-to-{chosen.last_day.isoformat()}.{format_name}"


def manifest(name: str, format_name: str, chosen: Filter, totals: Totals, who: str, at: datetime) -> dict[str, Any]:
    """What goes beside a file that was read to its end, so that anybody can see what it holds and that it is unchanged.

    For a table `rows` and `total_pence` are its lines and their sum; for the ledger its entries and all that they moved.
    """
    export = EXPORTS.get(name)
    return {
        "file": file_name(name, format_name, chosen),
        "export": name,
        "schema_version": export.version if export else "1",
        "columns": list(export.columns) if export else [],
        "rows": totals.rows,
        "total_pence": totals.pence,
        **({} if export and export.hours is None else {"total_minutes": totals.minutes}),
        "filter": chosen.as_json() if export else {"as_at": chosen.until.isoformat()},
        "basis": chosen.basis if export else "",
        "sha256": totals.digest.hexdigest(),
        "ledger_head": totals.head,
        "made_by": who,
        "made_at": at.astimezone(UTC).isoformat(timespec="seconds"),
    }


def as_text(files_of_pack: Sequence[Mapping[str, Any]]) -> str:
    """A manifest.json: what is known of each file of a pack."""
    return json.dumps({"files": list(files_of_pack)}, indent=2, ensure_ascii=False) + "\n"


def zipped(name: str, format_name: str, chosen: Filter, who: str) -> Iterator[bytes]:
    """File and manifest together as a ZIP, in pieces: so the manifest is true of just this file."""
    pipe, totals = _Pipe(), Totals()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as pack:
        with pack.open(zipfile.ZipInfo(file_name(name, format_name, chosen)), "w", force_zip64=True) as file:
            for piece in chunks(name, format_name, chosen, totals):
                file.write(piece)
                yield pipe.taken()
        pack.writestr(zipfile.ZipInfo("manifest.json"), as_text([manifest(name, format_name, chosen, totals, who, clock.now())]))
    yield pipe.taken()


class _Pipe(io.RawIOBase):
    """Where a ZIP is written to and taken from, piece by piece."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.held += data
        return len(data)

    def taken(self) -> bytes:
        piece = bytes(self.held)
        self.held.clear()
        return piece


def write(name: str, format_name: str, chosen: Filter, folder: Path, who: str) -> dict[str, Any]:
    """Write the file into a folder and add it to the `manifest.json` there; returns what that says of it. The log is told.

    Nothing half-written stands under the file's name. Refused: as `fitting` says, and a manifest.json that is not ours.
    OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    others = [each for each in _listed(folder / "manifest.json") if each.get("file") != file_name(name, format_name, chosen)]
    totals = Totals()
    with _whole(folder / file_name(name, format_name, chosen)) as file:
        for piece in chunks(name, format_name, chosen, totals):
            file.write(piece)
    about = manifest(name, format_name, chosen, totals, who, clock.now())
    with _whole(folder / "manifest.json") as file:
        file.write(as_text([*others, about]).encode())
    log_download(name, format_name, chosen, Actor())
    return about


class _whole:
    """A file that appears under its name only when it was written to the end."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(path.name + ".part")

    def __enter__(self) -> Any:
        self.file = self.part.open("wb")
        return self.file

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self.file.close()
        if kind is None:
            self.part.replace(self.path)
        else:
            self.part.unlink(missing_ok=True)


def _listed(path: Path) -> list[dict[str, Any]]:
    """What a manifest of before says, so that a pack may be made in several steps."""
    try:
        found = json.loads(path.read_text())["files"]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as why:
        raise Refused(_("There is a manifest.json already that we did not write. Choose an empty folder.")) from why
    return [each for each in found if isinstance(each, dict)]


# --- the log -------------------------------------------------------------------------------------------------------------


def log_download(name: str, format_name: str, chosen: Filter, actor: Actor) -> None:
    """Say who took what. An action of its own."""
    narrowed = chosen.as_json() if name != LEDGER else {}
    with transaction():
        record(f"export:{name}", TAKEN, actor, format=format_name, file=file_name(name, format_name, chosen), filter=narrowed)


@dataclass(frozen=True)
class Download:
    """A line of the log. `who` is empty for the command line; `narrowed` says to what the file was narrowed."""

    id: int
    at: datetime
    who: str
    file: str
    narrowed: Sequence[str]


def downloads(limit: int = 20, before: int | None = None) -> Sequence[Download]:
    """The last files that were taken, newest first; those before one of them. One query."""
    query = select(Event.id, Event.at, Person.name, Event.data).outerjoin(Person, Person.id == Event.actor_id).where(Event.kind == TAKEN)
    if before is not None:
        query = query.where(Event.id < before)
    rows = db.session.execute(query.order_by(Event.id.desc()).limit(limit))
    return [Download(id_, at, name or "", str(data.get("file", "")), _narrowed(data.get("filter") or {})) for id_, at, name, data in rows]


def _narrowed(chosen: Mapping[str, Any]) -> Sequence[str]:
    since = str(chosen.get("changed_since") or "")
    return [
        *(str(chosen[name]) for name in ("fund", "area") if chosen.get(name)),
        *([_("changed since %(day)s", day=since[:10])] if since else []),
    ]


def last_taken(name: str) -> datetime | None:
    """When this export was last taken by anybody, in any form; None when never."""
    return db.session.scalar(select(func.max(Event.at)).where(Event.about == f"export:{name}", Event.kind == TAKEN))
