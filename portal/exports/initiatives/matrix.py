"""The matrix of initiatives by ward, as councils keep it: how much is going on where, drawn from what is in the system.

Numbers of initiatives are told as they are. Where a number tells of persons and fewer than five stand behind it, the cell says only that
there are some, and no sum lets anybody work it out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.db import db
from portal.exports import filters
from portal.exports.files import Cell as FileCell
from portal.exports.initiatives.sources import SOURCES, Asked, Line, Part
from portal.few import FEW
from portal.places import queries as places
from portal.places.model import Area
from portal.strengths.queries import above, drawn_areas
from portal.words import _

ELSEWHERE = 0


@dataclass(frozen=True)
class Cell:
    """How much goes on: a number, or None where it is not told because of the few people behind it."""

    number: int | None
    href: str = ""


@dataclass(frozen=True)
class Row:
    """One initiative. `cells` by ward, in the order of the columns; None where nothing goes on."""

    group: str
    name: str
    what: str
    cells: Sequence[Cell | None]

    @property
    def told(self) -> int:
        """The sum of what is told."""
        return sum(cell.number or 0 for cell in self.cells if cell is not None)

    @property
    def whole(self) -> bool:
        """Whether all of it is told."""
        return all(cell is None or cell.number is not None for cell in self.cells)


@dataclass(frozen=True)
class Column:
    """A ward, or what lies in none of them (code "")."""

    id: int
    name: str
    code: str
    ons_code: str


@dataclass(frozen=True)
class Matrix:
    asked: Asked
    years: Sequence[str]  # that may be asked for, this one first
    columns: Sequence[Column]
    rows: Sequence[Row]

    @property
    def busy(self) -> Sequence[int]:
        """How many initiatives go on in each column."""
        return [sum(row.cells[place] is not None for row in self.rows) for place in range(len(self.columns))]


def read(year: str = "") -> Matrix:
    """The matrix for a financial year; this one when none, or nonsense, was asked for. Ten queries."""
    known = filters.years()
    asked = Asked(year if year in known else known[0])
    areas = {area.id: area for area in db.session.scalars(select(Area).order_by(Area.name))}
    wards = drawn_areas(list(areas.values()))
    codes = places.codes_today()
    columns = [Column(ward.id, ward.name, ward.code, codes[ward.id].ons_code if ward.id in codes else "") for ward in wards]
    found = {ward.id: ward.id for ward in wards}
    lines = [(group, line) for group, source in SOURCES for line in source(asked)]
    ward_of = {area_id: above(area_id, areas, found) or ELSEWHERE for area_id in areas}
    if any(ward_of.get(part.area_id, ELSEWHERE) == ELSEWHERE for _group, line in lines for part in line.parts):
        columns.append(Column(ELSEWHERE, _("In no ward"), "", ""))
    return Matrix(asked, known, columns, [_row(group, line, columns, ward_of) for group, line in lines])


def _row(group: str, line: Line, columns: Sequence[Column], ward_of: dict[int, int]) -> Row:
    by_ward: dict[int, list[Part]] = {}
    for part in line.parts:
        by_ward.setdefault(ward_of.get(part.area_id, ELSEWHERE), []).append(part)
    cells = [_cell(line, by_ward[column.id], column) if column.id in by_ward else None for column in columns]
    return Row(_(group), line.name, _(line.what), cells)


def _cell(line: Line, parts: Sequence[Part], column: Column) -> Cell:
    number = sum(part.number for part in parts)
    href = parts[0].ref if len(parts) == 1 and parts[0].ref else line.address(column.code) if column.code else ""
    people = [part.people for part in parts if part.people is not None]
    if people and len(frozenset().union(*people)) < FEW:
        return Cell(None)
    return Cell(number, href)


# --- as a file -----------------------------------------------------------------------------------------------------------


def head(matrix: Matrix) -> list[str]:
    """Names of the columns of the file: wards with their ONS codes."""
    wards = [f"{column.name} ({column.ons_code})" if column.ons_code else column.name for column in matrix.columns]
    return ["group", "initiative", "counted", *wards]


def rows(matrix: Matrix) -> Iterator[Sequence[FileCell]]:
    """One line for each initiative; "under 5" where the people behind it are few."""
    for row in matrix.rows:
        cells: list[FileCell] = [None if cell is None else "under 5" if cell.number is None else cell.number for cell in row.cells]
        yield [row.group, row.name, row.what, *cells]
