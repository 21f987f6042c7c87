"""Bank statements as banks export them: a CSV with a day, a text, and either a signed amount or money in and money out. Pure, but for what day it is."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice

from portal import clock
from portal.errors import Refused
from portal.money import Pence
from portal.tables import plain, rows, separator
from portal.words import _

MOST_BYTES, MOST_LINES = 1_000_000, 2_000
HEAD_WITHIN = 15  # rows: some banks write a few lines of their own above the header
DAY = ("transaction date", "date", "posting date", "posted date", "entry date", "value date")
TEXT = (
    "description", "transaction description", "details", "transaction details", "narrative", *(f"narrative {number}" for number in range(1, 6)),
    "memo", "reference", "payment reference", "customer reference", "bank reference", "particulars", "name", "payee",
)  # fmt: skip
AMOUNT = ("amount", "value", "amount gbp", "value gbp", "transaction amount", "net amount")
OUT = ("paid out", "money out", "debit", "debit amount", "debits", "withdrawals", "withdrawn", "payments", "amount out", "out")
IN = ("paid in", "money in", "credit", "credit amount", "credits", "deposits", "receipts", "amount in", "in")
SIGN = ("debit credit", "credit debit", "dr cr", "cr dr")  # a column that says D or C beside an amount without a sign
_DAYS = ("%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%d-%m-%Y", "%d %b %Y", "%d-%b-%Y", "%d %b %y", "%d-%b-%y", "%d %B %Y", "%d.%m.%Y", "%Y%m%d")


FIRST, AHEAD = date(2000, 1, 1), timedelta(days=366)  # a day before this, or so far from today, was misread


@dataclass(frozen=True)
class Said:
    """One line as the bank says it: more than 0 pence came in, less went out. `nth` of several alike in one file, from 1."""

    day: date
    pence: Pence
    text: str
    nth: int


@dataclass
class Read:
    """What a file says, and sentences about lines that we do not understand."""

    lines: list[Said] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Columns:
    day: int
    text: Sequence[int]
    amount: int | None
    out: int | None
    into: int | None
    sign: int | None
    decimal_comma: bool = False  # "250,00" is 250 pounds: in files with semicolons

    @property
    def last(self) -> int:
        return max(self.day, *(each for each in (self.amount, self.out, self.into) if each is not None))


def read(data: bytes) -> Read:
    """The lines of a statement. Refused: too large, too many lines, no CSV, no column for day, text or money."""
    if len(data) > MOST_BYTES:
        raise Refused(_("That file is too large. Take the statement of a shorter time."), "file")
    try:
        found = [(number, [cell.strip() for cell in cells]) for number, cells in islice(rows(data), MOST_LINES + HEAD_WITHIN + 1)]
    except csv.Error as why:
        raise Refused(_("We cannot read that file. Save the statement as CSV and send that."), "file") from why
    for place, (_number, head) in enumerate(found[:HEAD_WITHIN]):
        if (columns := _columns([plain(name) for name in head])) is not None:
            return _read(found[place + 1 :], replace(columns, decimal_comma=separator(data) == ";"))
    raise Refused(_("We cannot find the columns. The file needs one with the date, one with the text, and one with the amount, or money in and money out."), "file")  # fmt: skip


def _columns(head: list[str]) -> _Columns | None:
    def first(names: Sequence[str]) -> int | None:
        return next((head.index(name) for name in names if name in head), None)

    day, text = first(DAY), [place for place, name in enumerate(head) if name in TEXT]
    amount, out, into = first(AMOUNT), first(OUT), first(IN)
    if day is None or not text or (amount is None and (out is None or into is None)):
        return None
    by_side = out is not None and into is not None
    return _Columns(day, text, None if by_side else amount, out if by_side else None, into if by_side else None, first(SIGN))


def _read(found: Sequence[tuple[int, list[str]]], columns: _Columns) -> Read:
    if len(found) > MOST_LINES:
        raise Refused(_("That file has more than %(number)s lines. Take the statement of a shorter time.", number=MOST_LINES), "file")
    said, seen = Read(), dict[tuple[date, int, str], int]()
    filled = [(number, [*short, *[""] * (columns.last + 1 - len(short))]) for number, short in found]
    minus_is_out = _minus_is_out([cells for _number, cells in filled], columns)
    for number, cells in filled:
        try:
            day, pence = _day(cells[columns.day]), _pence(cells, columns, minus_is_out)
            if day is None and pence:
                raise ValueError(_("it has a sum and no day."))
        except ValueError as why:
            said.problems.append(_("Line %(number)s: %(why)s", number=number, why=str(why)))
            continue
        text = one_spaced(" ".join(cells[place] for place in columns.text if place < len(cells)))
        if day is None or not pence:
            continue  # a balance, or a line of dashes
        seen[day, pence, text] = seen.get((day, pence, text), 0) + 1
        said.lines.append(Said(day, Pence(pence), text, seen[day, pence, text]))
    return said


def one_spaced(text: str) -> str:
    """Text on one line, of printable signs, no longer than a line of a statement needs."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:300]


def _day(text: str) -> date | None:
    if not text:
        return None
    for shape in (text, text.split(" ")[0].split("T")[0]):
        for form in _DAYS:
            try:
                day = datetime.strptime(shape, form).date()  # noqa: DTZ007  a day of the bank's, without an hour
            except ValueError:
                continue
            if not FIRST <= day <= clock.today() + AHEAD:
                raise ValueError(_("that day cannot be right."))
            return day
    raise ValueError(_("we cannot read the day."))


def _side(cells: Sequence[str], columns: _Columns) -> str:
    """ "C" or "D" where the file says in a column of its own whether a sum came in; else empty."""
    side = cells[columns.sign][:1].upper() if columns.sign is not None and columns.sign < len(cells) else ""
    return side if side in ("C", "D") else ""


def _minus_is_out(lines: Sequence[Sequence[str]], columns: _Columns) -> bool:
    """Whether the file writes a minus before what went out although a column says so already; else a minus there is a correction."""
    sums = []
    for cells in lines:
        try:
            if columns.out is not None:
                sums.append(_sum(cells[columns.out], columns.decimal_comma))
            elif columns.amount is not None and _side(cells, columns) == "D":
                sums.append(_sum(cells[columns.amount], columns.decimal_comma))
        except ValueError:
            continue  # it is told where its line is read
    return sum(each < 0 for each in sums) > sum(each > 0 for each in sums)


def _pence(cells: Sequence[str], columns: _Columns, minus_is_out: bool) -> int:
    """More than 0 for what came in; 0 where the line moves nothing."""
    out_of_us = 1 if minus_is_out else -1
    if columns.amount is None:
        assert columns.out is not None and columns.into is not None
        return _sum(cells[columns.into], columns.decimal_comma) + out_of_us * _sum(cells[columns.out], columns.decimal_comma)
    amount = _sum(cells[columns.amount], columns.decimal_comma)
    return out_of_us * amount if _side(cells, columns) == "D" else amount


def _sum(text: str, decimal_comma: bool = False) -> int:
    """Pence of "1,234.56", "£12", "-3.50", "(3.50)", "3.50 DR", and "1.234,56" where a comma may be the point; 0 for nothing."""
    bare = re.sub(r"[£\s']", "", text.upper()).replace("−", "-").replace("GBP", "")
    minus = bare.startswith(("-", "(")) or bare.endswith(("-", "DR", "D"))
    bare = re.sub(r"(CR|DR|C|D)$", "", bare).strip("+-()")
    if not bare:
        return 0
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?", bare):
        bare = bare.replace(",", "")
    elif decimal_comma and re.fullmatch(r"([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),[0-9]{2}", bare):
        bare = bare.replace(".", "").replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", bare):
        raise ValueError(_("we cannot read the amount."))
    whole, _point, part = bare.partition(".")
    pence = int(whole) * 100 + int(part.ljust(2, "0"))
    return -pence if minus else pence
