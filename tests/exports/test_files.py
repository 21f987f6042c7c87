"""Rows as files: each read back by somebody else's program, hostile text harmless, memory flat. No database."""

import csv
import io
import itertools
import json
import re
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell import Cell

from portal.exports import files, spend, vcse
from portal.money import Pence

COLUMNS = ("Day", "What", "Sum", "Count")
HOSTILE = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1＋1", 'a "quoted", text', "two\nlines", "two\r\nlines", "\x00\x08\x0b\x1f", "\u202eevil",
    "\U0001f469\u200d\U0001f467", "é" * 40_000, "_x000D_", "<script>alert(1)</script>", "'; DROP TABLE award; --", "{{7*7}}", "http://example.org", "mailto:a@b.example",
    "0123456", " padded ", "", "\ufffe\uffff",
)  # fmt: skip


def rows(*texts: str) -> Iterator[files.Row]:
    for number, text in enumerate(texts):
        yield date(2026, 4, 1), text, files.Money(Pence(-5 * number)), number


def test_headers_are_frozen() -> None:
    """Others load these files by their titles. A change is a new version, and is said to them first."""
    assert (vcse.VERSION, ",".join(vcse.COLUMNS)) == (
        "1",
        "Date awarded,Period start,Period end,Department,Beneficiary,Registration number,Purpose,Amount,Grant reference,Programme,Ward code,Ward name,"
        "Amount paid,Status",
    )
    assert (spend.VERSION, ";".join(spend.COLUMNS)) == (
        "1",
        "Organisation name;Organisation code;Directorate / service where expenditure occurred;Service category label;Service category URI;"
        "Supplier (beneficiary) name;Local supplier (beneficiary) internal reference;Supplier registered company number;"
        "Supplier registered charity number;VCSE grant;Date;Transaction number;Net Amount;Irrecoverable VAT;Purpose of spend (summary);"
        "Procurement classification: Council's procurement category name;Card Transaction (GPC|CCC|None);Contract reference",
    )


def test_csv_to_the_byte() -> None:
    made = b"".join(files.csv_chunks(COLUMNS, rows("plain", 'say "x", y', "=1"), "%d/%m/%Y"))
    assert made == b'Day,What,Sum,Count\r\n01/04/2026,plain,0.00,0\r\n01/04/2026,"say ""x"", y",-0.05,1\r\n01/04/2026,\'=1,-0.10,2\r\n'


def test_csv_is_read_back() -> None:
    made = b"".join(files.csv_chunks(COLUMNS, rows(*HOSTILE)))
    assert not made.startswith(b"\xef\xbb\xbf")
    found = list(csv.reader(io.StringIO(made.decode(), newline=""), strict=True))
    assert found[0] == list(COLUMNS)
    assert [row[1].removeprefix("'") for row in found[1:]] == [text.removeprefix("'") for text in HOSTILE]
    assert not [row for row in found for cell in row[:2] if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_no_cell_is_a_formula(text: str) -> None:
    made = b"".join(files.csv_chunks(COLUMNS, rows(text.encode("utf-8", "ignore").decode())))
    found = list(csv.reader(io.StringIO(made.decode(), newline="")))
    assert len(found) == 2
    assert not found[1][1].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_whoever_writes_a_table_guards_its_cells() -> None:
    """Those that do not guard write words of ours alone: two templates, the questions that we ask, and a list of areas that nobody gets."""
    portal = Path(__file__).parents[2] / "portal"
    writers = {str(each.relative_to(portal)) for each in portal.rglob("*.py") if "csv.writer(" in each.read_text()}
    unguarded = {each for each in writers if "safe_text" not in (portal / each).read_text()}
    assert len(writers) >= 6 and unguarded == {"strengths/reading.py", "timebank/foreign.py", "surveys/views/desk.py", "setup/actions.py"}


def test_negative_sums_stay_numbers() -> None:
    made = list(csv.DictReader(io.StringIO(b"".join(files.csv_chunks(COLUMNS, rows("a", "b"))).decode())))
    assert [float(row["Sum"]) for row in made] == [0, -0.05]


def test_excel_is_opened() -> None:
    made = b"".join(files.xlsx_chunks(COLUMNS, rows(*HOSTILE), "%d/%m/%Y"))
    sheet = openpyxl.load_workbook(io.BytesIO(made)).worksheets[0]
    found = list(sheet.iter_rows())
    assert [cell.value for cell in found[0]] == list(COLUMNS)
    assert len(found) == len(HOSTILE) + 1
    for row in found[1:]:
        day, what, money, count = row
        assert isinstance(day, Cell) and isinstance(what, Cell)
        assert (day.value, day.number_format, day.is_date) == (datetime(2026, 4, 1), "dd/mm/yyyy", True)
        assert what.data_type in ("s", "n", "inlineStr") and not what.hyperlink  # a formula would be "f"
        assert isinstance(money.value, int | float) and money.number_format == "0.00"
        assert isinstance(count.value, int)
    assert found[22][1].value == "0123456"  # leading noughts live


def test_pence_are_exact_in_a_workbook() -> None:
    """The numbers as they stand in the file, not as a library reads them."""
    sums = [files.Money(Pence(pence)) for pence in (74_74, -1, 0, 10_00, 123_456_789_01)] + [files.Hours(20), files.Hours(-90)]
    made = b"".join(files.xlsx_chunks(("Sum",), [(each,) for each in sums]))
    inside = zipfile.ZipFile(io.BytesIO(made)).read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r"<v>([^<]*)</v>", inside)[-7:] == ["74.74", "-0.01", "0.00", "10.00", "123456789.01", "0.33", "-1.50"]


def test_json_is_read_back() -> None:
    found = json.loads(b"".join(files.json_chunks(COLUMNS, rows(*HOSTILE))))
    assert [row.get("What", "") for row in found] == list(HOSTILE)  # nobody opens it by double click: text stays as it is
    assert found[1]["Sum"] == -0.05 and found[1]["Day"] == "2026-04-01"
    assert json.loads(b"".join(files.json_chunks(COLUMNS, []))) == []


@pytest.mark.parametrize("write", files.WRITERS.values(), ids=files.WRITERS)
def test_the_same_rows_give_the_same_bytes(write: Callable[..., Iterator[bytes]]) -> None:
    assert b"".join(write(COLUMNS, rows(*HOSTILE))) == b"".join(write(COLUMNS, rows(*HOSTILE)))


def peak(pieces: Iterable[bytes]) -> tuple[int, int]:
    """Bytes that went by, and the most that were held at once."""
    tracemalloc.start(1)
    try:
        size = sum(len(piece) for piece in pieces)
        return size, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("name", "number"), [("csv", 100_000), ("json", 100_000), ("xlsx", 10_000)])
def test_many_rows_need_no_memory(name: str, number: int) -> None:
    """Excel's file is ten times shorter only because writing it takes ten times as long; it grows on disk."""
    row = ("a text of some length " * 4, files.Money(Pence(1_00)))
    few, held_for_few = peak(files.WRITERS[name](COLUMNS[1:3], itertools.repeat(row, number // 10)))
    many, held_for_many = peak(files.WRITERS[name](COLUMNS[1:3], itertools.repeat(row, number)))
    assert many > 5 * few
    assert held_for_many < held_for_few + 200_000
