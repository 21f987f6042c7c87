"""How rows become a file: CSV, XLSX or JSON, streamed row by row, the same bytes for the same rows.

A cell is text, a whole number of pence or minutes, a day, a plain integer or empty; each format writes these in its own right way.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import xlsxwriter

from portal.money import Pence, plain_pounds
from portal.tables import safe_text

FORMATS = ("csv", "xlsx", "json")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json; charset=utf-8",
}
_EXCEL_DAYS = {"%Y-%m-%d": "yyyy-mm-dd", "%d/%m/%Y": "dd/mm/yyyy"}


@dataclass(frozen=True)
class Money:
    """Pence in a cell; negative amounts stay numbers."""

    pence: Pence


@dataclass(frozen=True)
class Hours:
    """Minutes in a cell, told as a decimal of hours; negative ones stay numbers. Quarters of an hour are told exactly."""

    minutes: int

    @property
    def text(self) -> str:
        whole, part = divmod(abs(self.minutes), 60)
        return f"{'-' if self.minutes < 0 else ''}{whole}.{part * 100 // 60:02d}"


class Exact(float):
    """A number that XLSX gets with its own two decimals; its writer would tell 74.74 as 74.73999999999999."""

    def __new__(cls, text: str) -> "Exact":
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def __format__(self, _how: str) -> str:
        return self.text


Cell = str | int | date | Money | Hours | None
Row = Sequence[Cell]


class Table(Protocol):
    """What a formatter needs of an export."""

    columns: Sequence[str]
    day_format: str  # strftime, for text files


def _as_text(cell: Cell, day_format: str) -> str:
    match cell:
        case None:
            return ""
        case Money(pence):
            return plain_pounds(pence)
        case Hours():
            return cell.text
        case date():
            return cell.strftime(day_format)
        case int():
            return str(cell)
        case _:
            return safe_text(cell)


def csv_chunks(columns: Sequence[str], rows: Iterable[Row], day_format: str = "%Y-%m-%d") -> Iterator[bytes]:
    """RFC 4180: UTF-8 without BOM, CRLF, one header row and nothing above it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_as_text(cell, day_format) for cell in row])
        if buffer.tell() > 60_000:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def json_chunks(columns: Sequence[str], rows: Iterable[Row], day_format: str = "%Y-%m-%d") -> Iterator[bytes]:
    """A list of objects, one a line; money as numbers with two decimals, empty cells left out."""
    yield b"["
    between = b"\n"
    for row in rows:
        values: list[str] = []
        for column, cell in zip(columns, row, strict=True):
            if cell is None or cell == "":
                continue
            values.append(f"{json.dumps(column, ensure_ascii=False)}: {cell_as_json(cell)}")
        yield between + ("{" + ", ".join(values) + "}").encode()
        between = b",\n"
    yield b"\n]\n"


def cell_as_json(cell: str | date | int | Money | Hours) -> str:
    """One cell that is not empty as JSON: money and hours as numbers."""
    if isinstance(cell, Money):
        return plain_pounds(cell.pence)
    if isinstance(cell, Hours):
        return cell.text
    return json.dumps(cell.isoformat() if isinstance(cell, date) else cell, ensure_ascii=False)


def as_json(facts: Mapping[str, Any]) -> str:
    """One object for programs, days as ISO dates."""
    return json.dumps(facts, ensure_ascii=False, indent=2, default=lambda day: day.isoformat()) + "\n"


def xlsx_chunks(columns: Sequence[str], rows: Iterable[Row], day_format: str = "%Y-%m-%d") -> Iterator[bytes]:
    """One sheet in constant memory: real dates, money as numbers, everything else as text so that leading zeros live."""
    with tempfile.TemporaryFile() as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties({"created": datetime(2026, 1, 1)})  # noqa: DTZ001  a fixed stamp: the same request gives the same bytes
        sheet = book.add_worksheet("Data")
        money, day = book.add_format({"num_format": "0.00"}), book.add_format({"num_format": _EXCEL_DAYS[day_format]})
        sheet.write_row(0, 0, columns)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                match cell:
                    case None:
                        pass
                    case Money(pence):
                        sheet.write_number(number, column, Exact(plain_pounds(pence)), money)
                    case Hours():
                        sheet.write_number(number, column, Exact(cell.text), money)
                    case date():
                        sheet.write_datetime(number, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001
                    case int():
                        sheet.write_number(number, column, cell)
                    case _:
                        sheet.write_string(number, column, safe_text(cell)[:32_767])  # what a cell can hold
        book.close()
        file.seek(0)
        while chunk := file.read(64 * 1024):
            yield chunk


WRITERS = {"csv": csv_chunks, "xlsx": xlsx_chunks, "json": json_chunks}
