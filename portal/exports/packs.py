"""An export as it leaves the house: the file, its manifest, and the line in the log that says who took it."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal import clock
from portal.db import transaction
from portal.errors import Refused
from portal.exports import files, spend, vcse
from portal.exports.filters import Filter
from portal.history import Actor, record
from portal.ledger import export as books
from portal.words import N_, _


@dataclass(frozen=True)
class Export:
    """One kind of file: its frozen columns, its rows, and which column holds the money that the control total sums."""

    name: str
    number: str
    title: str
    public: bool
    version: str
    columns: Sequence[str]
    rows: Callable[[Filter], Iterator[files.Row]]
    total: int
    day_format: str


EXPORTS: Mapping[str, Export] = {
    export.name: export
    for export in (
        Export(
            "vcse-grants-register",
            "E3",
            N_("Register of grants to community bodies"),
            True,
            vcse.VERSION,
            vcse.COLUMNS,
            vcse.rows,
            vcse.TOTAL,
            vcse.DAY_FORMAT,
        ),
        Export(
            "lga-spend",
            "E4",
            N_("Spending, as the LGA lays it out"),
            False,
            spend.VERSION,
            spend.COLUMNS,
            spend.rows,
            spend.TOTAL,
            spend.DAY_FORMAT,
        ),
    )
}
LEDGER = "ledger"  # E10: not a table but a journal, in hledger's or Beancount's words


@dataclass
class Totals:
    """Counted while the rows go by: nothing is held."""

    rows: int = 0
    pence: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


def chunks(name: str, format_name: str, chosen: Filter, totals: Totals) -> Iterator[bytes]:
    """The bytes of an export, in pieces, counting into `totals`. Refused when there is no such export or format."""
    if name == LEDGER:
        if format_name not in books.FORMATS:
            raise Refused(_("The ledger comes as hledger or beancount."), "format")
        source: Iterator[bytes] = (piece.encode() for piece in books.lines(format_name))
    else:
        export = EXPORTS.get(name)
        if export is None:
            raise Refused(
                _("There is no export called %(name)s. There are: %(all)s.", name=name, all=", ".join([*EXPORTS, LEDGER])), "name"
            )
        if format_name not in files.WRITERS:
            raise Refused(_("Choose csv, xlsx or json."), "format")
        source = files.WRITERS[format_name](export.columns, counted(export, chosen, totals), export.day_format)
    for piece in source:
        totals.digest.update(piece)
        yield piece


def counted(export: Export, chosen: Filter, totals: Totals) -> Iterator[files.Row]:
    """The rows of an export, counted into `totals` as they go by."""
    for row in export.rows(chosen):
        totals.rows += 1
        amount = row[export.total]
        assert isinstance(amount, files.Money)
        totals.pence += amount.pence
        yield row


def file_name(name: str, format_name: str, chosen: Filter) -> str:
    """`lga-spend-2026-04-01-to-2027-03-31.csv`; the ledger's ending is the program's own."""
    if name == LEDGER:
        return "ledger.journal" if format_name == "hledger" else "ledger.beancount"
    return f"{name}-{chosen.first_day.isoformat()}-to-{chosen.last_day.isoformat()}.{format_name}"


def manifest(name: str, format_name: str, chosen: Filter, totals: Totals, who: str, at: datetime) -> dict[str, Any]:
    """What goes beside the file, so that anybody can see what it holds and that it is unchanged."""
    export = EXPORTS.get(name)
    return {
        "file": file_name(name, format_name, chosen),
        "export": name,
        "schema_version": export.version if export else "1",
        "columns": list(export.columns) if export else [],
        "rows": totals.rows,
        "total_pence": totals.pence,
        "filter": chosen.as_json(),
        "basis": chosen.basis,
        "sha256": totals.digest.hexdigest(),
        "made_by": who,
        "made_at": at.astimezone(UTC).isoformat(timespec="seconds"),
    }


def write(name: str, format_name: str, chosen: Filter, folder: Path, who: str) -> dict[str, Any]:
    """Write the file and `manifest.json` into a folder; returns the manifest. OSError when the folder cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    totals = Totals()
    with (folder / file_name(name, format_name, chosen)).open("wb") as file:
        for piece in chunks(name, format_name, chosen, totals):
            file.write(piece)
    about = manifest(name, format_name, chosen, totals, who, clock.now())
    (folder / "manifest.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    return about


def log_download(name: str, format_name: str, chosen: Filter, actor: Actor) -> None:
    """Say who took what, before it goes. An action of its own."""
    if name != LEDGER and name not in EXPORTS:
        raise Refused(_("There is no export called %(name)s.", name=name))
    with transaction():
        record(f"export:{name}", "downloaded", actor, format=format_name, filter=chosen.as_json())
