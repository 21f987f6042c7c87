"""The year end as a workbook: a cover, then a sheet each. Real dates, codes as text, money as numbers; the same year gives the same bytes."""

import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import xlsxwriter

from portal.books.year_end import YearEnd
from portal.exports import files
from portal.money import plain_pounds
from portal.places import queries as places
from portal.tables import safe_text

FIXED = datetime(2026, 1, 1)  # noqa: DTZ001  a fixed stamp: the same request gives the same bytes
WIDTH = 18


def chunks(found: YearEnd) -> Iterator[bytes]:
    """The bytes of the workbook, in pieces."""
    with tempfile.TemporaryFile() as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties({"created": FIXED, "title": f"Year end {found.year}"})
        forms = {
            "money": book.add_format({"num_format": "#,##0.00"}), "day": book.add_format({"num_format": "dd/mm/yyyy"}), "bold": book.add_format({"bold": True}),
            "sum": book.add_format({"num_format": "#,##0.00", "bold": True}),
        }  # fmt: skip
        _write(book.add_worksheet("Cover"), list(_cover(found)), forms)
        for each in found.sheets:
            total: list[Any] = ["Total", *[None] * (each.total - 1), files.Money(each.pence)]  # type: ignore[arg-type]
            _write(book.add_worksheet(each.title), [each.columns, *each.rows, total], forms, bold=(0, len(each.rows) + 1))
        book.close()
        file.seek(0)
        while piece := file.read(64 * 1024):
            yield piece


def _cover(found: YearEnd) -> Iterator[list[Any]]:
    scheme = places.scheme()
    yield [f"Year end {found.year}", scheme.name if scheme else ""]
    yield ["From", found.first]
    yield ["Up to", found.last]
    yield ["The books of this year", "are closed" if found.closed else "are still open"]
    yield ["Chain head", found.head]
    yield ["SHA-256 of all sheets as CSV", found.digest]
    yield []
    yield ["Sheet", "Rows", "Total"]
    for sheet in found.sheets:
        yield [sheet.title, len(sheet.rows), files.Money(sheet.pence)]  # type: ignore[arg-type]
    yield []
    yield ["Ties", "Source", "Here", "There", "Apart"]
    for tie in found.ties:
        yield [tie.what, tie.source, *map(files.Money, (tie.here, tie.there, tie.here - tie.there))]  # type: ignore[arg-type]


def _write(sheet: Any, rows: list[Any], forms: dict[str, Any], bold: tuple[int, ...] = (0,)) -> None:
    sheet.set_column(0, 12, WIDTH)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            heavy = number in bold
            match cell:
                case None:
                    pass
                case files.Money(pence):
                    sheet.write_number(number, column, files.Exact(plain_pounds(pence)), forms["sum" if heavy else "money"])
                case date():
                    sheet.write_datetime(number, column, datetime(cell.year, cell.month, cell.day), forms["day"])  # noqa: DTZ001
                case int():
                    sheet.write_number(number, column, cell)
                case _:
                    sheet.write_string(number, column, safe_text(cell)[:32_767], forms["bold"] if heavy else None)
