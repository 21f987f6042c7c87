"""Rows typed into a table on a page: as many as a connector likes, each fault at its own row, all of them saved or none.

The table is drawn by `macros/sheet.html`; a room says which columns there are, and judges what stands in them.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from portal.errors import Refused
from portal.web.forms import one_line, whole_number
from portal.words import _

MOST = 60
LONGEST = 160  # letters of a cell
MOST_PASTED = 30_000  # letters
AT_ONCE = 10  # empty rows of a new page, and how many more a button gives


@dataclass(frozen=True)
class Row:
    """A row as somebody typed it. `line` from 1; `again`: it is another one, although it looks like one that is there."""

    line: int
    cells: Mapping[str, str] = field(default_factory=dict)
    again: bool = False

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def is_empty(self) -> bool:
        return not any(self.cells.values())


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell. `twice`: what it may be already, as (address, words); the address is "" for another row."""

    line: int
    column: str
    sentence: str
    twice: tuple[str, str] | None = None

    @property
    def may_be_another(self) -> bool:
        return self.twice is not None


class Faulty(Refused):
    """Some rows cannot be saved, so none was."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(_("Nothing was saved. Put right what is marked, and send the wall again."))
        self.faults = faults

    def by_line(self) -> Mapping[int, Sequence[Fault]]:
        """The faults of each row."""
        wrong: dict[int, list[Fault]] = {}
        for fault in self.faults:
            wrong.setdefault(fault.line, []).append(fault)
        return wrong


@dataclass(frozen=True)
class Sheet:
    """The table as its page shows it: the words over its columns, its rows, and the faults of each row."""

    heads: Mapping[str, str]
    rows: Sequence[Row]
    wrong: Mapping[int, Sequence[Fault]] = field(default_factory=dict)
    most: int = MOST

    @property
    def columns(self) -> list[str]:
        """The words over the columns, in order."""
        return [_(words) for words in self.heads.values()]


def typed_sheet(form: Any, values: Mapping[str, str] | None, heads: Mapping[str, str], save: Callable[[Sequence[Row]], str]) -> str | Sheet:
    """What a page with a table does with what was sent (None: it is only opened): the reference that `save` returns for its rows, or the table
    to be shown, with more rows, with what was pasted, or with each fault at its row.
    """
    values = values or {}
    rows = sent(values, list(heads))
    if not values or "more" in values:
        return Sheet(heads, padded(rows, AT_ONCE if values else 0))
    if not form.validate():
        return Sheet(heads, padded(rows))
    if "fill" in values:
        return Sheet(heads, filling(form, rows, list(heads), Sheet(heads, rows).columns))
    try:
        return save(rows)
    except Faulty as why:
        form.refuse(why.sentence)
        return Sheet(heads, padded(rows), why.by_line())
    except Refused as why:
        form.refuse(why.sentence, why.field)
        return Sheet(heads, padded(rows))


def filling(form: Any, rows: Sequence[Row], columns: Sequence[str], heads: Sequence[str]) -> Sequence[Row]:
    """The rows for the page when somebody asked for what they pasted to be put into it; what is wrong with it stands at the box."""
    try:
        found = pasted(rows, form.paste.data, columns, heads)
    except Refused as why:
        form.refuse(why.sentence, why.field)
        return padded(rows)
    form.paste.data = ""
    return padded(found)


def filled(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows in which something stands. Refused: none, or too many."""
    some = [row for row in rows if not row.is_empty]
    if not some:
        raise Refused(_("Type at least one note."))
    if len(some) > MOST:
        raise Refused(_("Send at most %(most)d notes at a time.", most=MOST))
    return some


def sent(values: Mapping[str, str], columns: Sequence[str]) -> list[Row]:
    """The rows of a form, in order: its cells are called by column and place, "idea-0"."""
    places = [whole_number(name.rpartition("-")[2]) for name in values if name.rpartition("-")[0] in columns]
    count = max((place + 1 for place in places if 0 <= place < MOST), default=0)
    return [
        Row(
            place + 1,
            {column: one_line(values.get(f"{column}-{place}", ""))[:LONGEST] for column in columns},
            again=values.get(f"again-{place}") == "y",
        )
        for place in range(count)
    ]


def pasted(rows: Sequence[Row], text: str, columns: Sequence[str], heads: Sequence[str]) -> list[Row]:
    """What is typed already, and after it the rows of a spreadsheet: tabs, semicolons or commas between cells, the columns in the order of
    the page; a first line of headings is left out. Refused: nothing there, or more rows than a page takes.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    first = plain.strip("\n").partition("\n")[0]
    between = next((each for each in ("\t", ";", ",") if each in first), "\t")
    lines = [[one_line(cell)[:LONGEST] for cell in cells] for cells in csv.reader(io.StringIO(plain), delimiter=between)]
    lines = [cells for cells in lines if any(cells)]
    if lines and {cell.casefold() for cell in lines[0] if cell} <= {each.casefold() for each in heads}:
        lines = lines[1:]
    if not lines:
        raise Refused(_("Paste at least one row."), "paste")
    kept = [row for row in rows if not row.is_empty]
    if len(kept) + len(lines) > MOST:
        raise Refused(_("Send at most %(most)d notes at a time.", most=MOST), "paste")
    new = [Row(0, dict(zip(columns, cells, strict=False))) for cells in lines]
    return [replace(row, line=line) for line, row in enumerate([*kept, *new], 1)]


def padded(rows: Sequence[Row], more: int = 0) -> list[Row]:
    """Rows for the page: those typed, then empty ones, at least AT_ONCE of them all."""
    kept = list(rows)
    while kept and kept[-1].is_empty:
        kept.pop()
    wanted = min(max(AT_ONCE, len(rows) + more, len(kept) + 1), MOST)
    return [*kept, *(Row(line) for line in range(len(kept) + 1, wanted + 1))]
