"""E7: a workbook whose every sheet ties to the ledger, to E3 and to E4; the year ends at midnight in London."""

import io
import re
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
from flask import Flask

from portal import clock
from portal.books import workbook, year_end
from portal.db import transaction
from portal.grants import pay
from portal.history import events_of
from portal.ledger import queries as ledger
from portal.ledger.periods import close_period
from portal.money import Pence
from tests.client import Inspector
from tests.exports.small import Small


def read(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [tuple(cell.value for cell in row) for row in sheet.iter_rows()] for sheet in book.worksheets}


def test_totals_are_those_of_the_ledger(small: Small) -> None:
    found = year_end.year_end("2026-27")
    assert found.ok, [tie for tie in found.ties if tie.here != tie.there]
    data = b"".join(workbook.chunks(found))
    assert data == b"".join(workbook.chunks(year_end.year_end("2026-27"))), "the same request gives the same bytes"
    sheets = read(data)
    paid = sheets["Paid in year"]
    assert paid[-1][0] == "Total" and round(paid[-1][-1] * 100) == sum(round(row[-1] * 100) for row in paid[1:-1]) == 510_00
    payees = sum(each.balance for each in ledger.trial_balance("GBP") if each.code.startswith("payee:"))
    recovered = round(sheets["Recoveries"][-1][-1] * 100)
    assert 510_00 - recovered == payees and recovered == 20_00
    assert [row[-1] for row in sheets["Awarded but unpaid"][1:]] == [70, 70] and sheets["Cancelled"][-1][-1] == 90
    assert isinstance(paid[1][0], datetime) and paid[1][0].date() == date(2026, 6, 10)
    assert sheets["Budget by fund"][1][0] == "Small Sparks" and sheets["Budget by fund"][-1][-1] == 440
    assert round(sheets["Paid but unevidenced"][-1][-1] * 100) == payees, "no report has been accepted yet"
    inside = zipfile.ZipFile(io.BytesIO(data))
    written = [
        value
        for name in inside.namelist()
        if name.startswith("xl/worksheets/")
        for value in re.findall(r"<v>([^<]*)</v>", inside.read(name).decode())
    ]
    assert written and all(re.fullmatch(r"-?[0-9]+(\.[0-9]{2})?", value) for value in written), "pence to the penny"
    cover = {row[0]: row[1:] for row in sheets["Cover"] if row[0]}
    assert cover["Chain head"][0] == found.head and cover["SHA-256 of all sheets as CSV"][0] == found.digest and len(found.digest) == 64
    assert "Rita" not in str(sheets) and "=Chairs" not in str(sheets["Cover"])


def test_the_year_ends_at_midnight_in_london(small: Small) -> None:
    """What came back at half past eleven in the evening of 31 March counts in this year, an hour later in the next; also in E7."""
    hall = small.season.award(small.bids["hall"]).ref
    fay = small.season.actor("Fay")
    with clock.held_at(datetime(2027, 3, 31, 22, 30, tzinfo=UTC)):
        pay.refund(hall, Pence(10_00), clock.today(), "Late", fay)
    with clock.held_at(datetime(2027, 3, 31, 23, 30, tzinfo=UTC)):
        pay.refund(hall, Pence(5_00), clock.today(), "Later", fay)
        old, new = year_end.year_end("2026-27"), year_end.year_end("2027-28")
        assert [sheet.pence for sheet in old.sheets if sheet.title == "Recoveries"] == [30_00] and old.last == date(2027, 3, 31)
        assert [sheet.pence for sheet in new.sheets if sheet.title == "Recoveries"] == [5_00] and new.last == date(2027, 4, 1)
        assert old.ok and new.ok and not old.closed
        with transaction():
            head = close_period(date(2027, 3, 31), fay.code)
        closed = year_end.year_end("2026-27")
        assert closed.ok and closed.closed and closed.head == head and closed.digest == old.digest, "closing changes no figure"


def test_29_february_lies_in_its_year(small: Small) -> None:
    hall = small.season.award(small.bids["hall"]).ref
    with clock.held_at(datetime(2028, 3, 1, 9, 0, tzinfo=UTC)):
        pay.refund(hall, Pence(1_00), date(2028, 2, 29), "Leap", small.season.actor("Fay"))
        found = year_end.year_end("2027-28")
        assert found.ok and [sheet.pence for sheet in found.sheets if sheet.title == "Recoveries"] == [1_00]


def test_the_page(scheme: Flask, small: Small) -> None:
    fay = Inspector(scheme, 40).sign_in(small.season.who("Fay").id).get("/finance/books/year-end")
    assert "to the penny" in fay.text and "still open" in fay.text and "£510.00" in fay.text
    fay.submit("Take the workbook (Excel)", status=200)
    assert events_of("export:year-end")[-1].data["file"] == "year-end-2026-27.xlsx"
    fay.get("/finance/books/year-end?year=1066-67", status=404)
    olga = Inspector(scheme, 40).sign_in(small.season.who("Olga").id).get("/finance/books/year-end")
    assert "Take the workbook" not in olga.text
