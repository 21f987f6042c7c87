"""E7: the year's figures in one workbook for the treasurer. Each sheet ties to the ledger, to E3 and to E4, and the cover says so."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal import clock
from portal.books import agree, funds, trial
from portal.db import db
from portal.exports import files, grants, vcse
from portal.exports.filters import Filter
from portal.grants.model import Application, Award, Fund, Payee, QuickFloat, QuickSpark, Report
from portal.ledger.model import Account, Entry, Period, Transfer
from portal.ledger.periods import seal
from portal.money import Pence, year_bounds
from portal.places.model import Area
from portal.words import N_

UNPROVED = "No report accepted"
NO_RECEIPT = "No receipt"


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows, the column that is summed up, and that sum in pence."""

    title: str
    columns: Sequence[str]
    rows: Sequence[files.Row]
    total: int
    pence: int


@dataclass(frozen=True)
class Tie:
    """A sum of the workbook beside the same from somewhere else, in pence."""

    what: str
    here: int
    there: int
    source: str


@dataclass(frozen=True)
class YearEnd:
    """The year as it stood at the end of `last` (today, when the year is not over). `closed`: the books are, with this `head`."""

    year: str
    first: date
    last: date
    sheets: Sequence[Sheet]
    ties: Sequence[Tie]
    head: str
    closed: bool
    digest: str  # SHA-256 over all sheets as CSV, one after the other

    @property
    def ok(self) -> bool:
        return all(tie.here == tie.there for tie in self.ties)

    @property
    def file(self) -> str:
        return f"year-end-{self.year}.xlsx"


@dataclass(frozen=True)
class _Award:
    ref: str
    reference: str
    fund: str
    area: str
    row: Award


def year_end(year: str) -> YearEnd:
    """Everything of a financial year like `2026-27`, read at one moment. ValueError, with a sentence, for no year."""
    first, end = year_bounds(year)
    last = min(end, clock.today())
    agree.hold_still()
    known = _known()
    standing = trial.balances("GBP", last)
    paid, unpaid, unproved = _paid(first, last), _unpaid(known, standing, last), _unproved(known, standing, last)
    back, cancelled = _back(first, last), _cancelled(known, first, last)
    budget = funds.sheet(last)
    sheets = [paid, unpaid, unproved, back, cancelled, *_budget(budget)]
    period = db.session.scalar(select(Period).where(Period.last_day == end))
    return YearEnd(
        year, first, last, sheets, list(_ties(sheets, budget, standing, first, last)),
        period.heads if period is not None else seal(db.session.connection()), period is not None, _digest(sheets),
    )  # fmt: skip


def _digest(sheets: Sequence[Sheet]) -> str:
    found = hashlib.sha256()
    for sheet in sheets:
        for piece in files.csv_chunks(sheet.columns, sheet.rows):
            found.update(piece)
    return found.hexdigest()


def _known() -> dict[int, _Award]:
    rows = db.session.execute(
        select(Award, Application.ref, Fund.name, Area.name)
        .join(Application, Application.id == Award.application_id)
        .join(Fund, Fund.id == Award.fund_id)
        .join(Area, Area.id == Award.area_id)
        .order_by(Award.id)
    )
    return {award.id: _Award(award.ref, ref, fund, area, award) for award, ref, fund, area in rows}


def _sums(*pence: int) -> tuple[files.Money, ...]:
    return tuple(_money(each) for each in pence)


def _money(pence: int) -> files.Money:
    return files.Money(Pence(pence))


def _sheet(title: str, columns: Sequence[str], rows: Sequence[files.Row]) -> Sheet:
    """The last column is the one that is summed."""
    place = len(columns) - 1
    pence = 0
    for row in rows:
        cell = row[place]
        assert isinstance(cell, files.Money)
        pence += cell.pence
    return Sheet(title, columns, rows, place, pence)


# --- the sheets ----------------------------------------------------------------------------------------------------------


def _paid(first: date, last: date) -> Sheet:
    """What reached payees; what the bank sent back is a negative line. What payees gave back stands under recoveries."""
    rows = [
        (each.day, each.ref, each.supplier, each.purpose, _money(each.pence))
        for each in grants.money(Filter(first, last, "paid"))
        if not each.given_back
    ]
    return _sheet(N_("Paid in year"), ("Date", "Reference", "Paid to", "Purpose", "Amount"), rows)


def _unpaid(known: dict[int, _Award], standing: Sequence[Any], last: date) -> Sheet:
    parts: dict[int, list[int]] = {}
    for each in standing:
        match each.code.split(":"):
            case ["award", number, ("reserved" | "payable") as what]:
                parts.setdefault(int(number), [0, 0, 0])[what == "payable"] += each.balance
    for award_id, pence in funds.on_the_way(trial.as_at(last)):
        parts.setdefault(award_id, [0, 0, 0])[2] += pence
    rows: list[files.Row] = [
        (known[id_].ref, known[id_].reference, known[id_].fund, known[id_].area, known[id_].row.decided_on, *_sums(*three), _money(sum(three)))
        for id_, three in sorted(parts.items())
    ]  # fmt: skip
    columns = ("Award", "Reference", "Fund", "Area", "Decided", "Offered", "To be paid", "In transit", "Unpaid")
    return _sheet(N_("Awarded but unpaid"), columns, rows)


def _unproved(known: dict[int, _Award], standing: Sequence[Any], last: date) -> Sheet:
    """Money with payees at the end of the day of which no report had been accepted by then, or no receipt of a quick spark."""
    over = clock.end_of_day(last)
    proved = set(db.session.scalars(select(Report.award_id).where(Report.closed_at <= over)))
    due = dict(db.session.execute(select(Report.award_id, Report.due)).tuples().all())
    payees = dict(db.session.execute(select(Payee.ref, Payee.award_id)).tuples().all())
    sparks = {row.ref: row for row in _sparks()}
    held: dict[int, int] = {}
    rows: list[files.Row] = []
    for each in standing:
        parts = each.code.split(":")
        if parts[0] != "payee":
            continue
        if (award_id := payees.get(parts[1])) is not None:
            held[award_id] = held.get(award_id, 0) + (0 if award_id in proved else each.balance)
        elif (spark := sparks.get(parts[1])) is not None and not _seen(spark, over):
            rows.append((spark.ref, spark.ref, spark.fund, spark.area, spark.receipt_by, NO_RECEIPT, _money(each.balance)))
    awards = [
        (known[id_].ref, known[id_].reference, known[id_].fund, known[id_].area, due.get(id_, known[id_].row.report_due), UNPROVED, _money(pence))
        for id_, pence in sorted(held.items()) if pence
    ]  # fmt: skip
    return _sheet(N_("Paid but unevidenced"), ("Award", "Reference", "Fund", "Area", "Due", "Missing", "Paid"), [*awards, *rows])


def _sparks() -> Sequence[Any]:
    return db.session.execute(
        select(
            QuickSpark.ref, QuickSpark.receipt_by, QuickSpark.receipt_at, QuickSpark.waived_at,
            Fund.name.label("fund"), Area.name.label("area"),
        )
        .join(QuickFloat, QuickFloat.id == QuickSpark.float_id)
        .join(Fund, Fund.id == QuickFloat.fund_id)
        .join(Area, Area.id == QuickSpark.area_id)
    ).all()  # fmt: skip


def _seen(spark: Any, over: Any) -> bool:
    return any(at is not None and at <= over for at in (spark.receipt_at, spark.waived_at))


def _back(first: date, last: date) -> Sheet:
    rows = [
        (row.day, row.ref, row.about, row.fund, grants.one_line(row.reason), _money(row.pence)) for row in grants.given_back(last, first)
    ]
    columns = ("Date", "Reference", "Award", "Fund", "Why", "Amount")
    return _sheet(N_("Recoveries"), columns, rows)


def _cancelled(known: dict[int, _Award], first: date, last: date) -> Sheet:
    """Promises that came back into their fund in the year: turned down, lapsed, ended, or the rest of one that was not needed."""
    out = aliased(Account)
    found = db.session.execute(
        select(Entry.effective_on, Entry.sentence, out.code, Transfer.amount)
        .join(Transfer, Transfer.entry_id == Entry.id)
        .join(out, out.id == Transfer.debit_id)
        .where(Entry.kind == "returned", out.code.startswith("award:"), Entry.effective_on >= first, Entry.effective_on <= last)
        .order_by(Entry.id, Transfer.line)
    )
    rows = []
    for day, sentence, code, pence in found:
        award = known[int(code.split(":")[1])]
        rows.append((day, award.ref, award.reference, award.fund, award.area, sentence, _money(pence)))
    return _sheet(N_("Cancelled"), ("Date", "Award", "Reference", "Fund", "Area", "What", "Amount"), rows)


def _budget(found: funds.Sheet) -> Iterator[Sheet]:
    """Allocated, committed, paid, free; the committed sum is what is offered, to be paid and in transit."""
    columns = ("Fund", "Allocated", "Committed", "In floats", "Paid", "Refunded", "Free")
    rows: list[files.Row] = [
        (name, *_sums(each.allocated, _committed(each), each.floats, each.paid, each.refunded, each.free)) for name, each in found.funds
    ]
    yield _sheet(N_("Budget by fund"), columns, rows)
    areas: list[files.Row] = [(name, *_sums(_committed(each), each.refunded, each.paid)) for name, each in found.areas]
    yield _sheet(N_("Budget by area"), ("Area", "Committed", "Refunded", "Paid"), areas)


def _committed(money: funds.Money) -> int:
    return money.reserved + money.payable + money.transit


# --- how they tie --------------------------------------------------------------------------------------------------------


def _ties(sheets: Sequence[Sheet], budget: funds.Sheet, standing: Sequence[Any], first: date, last: date) -> Iterator[Tie]:
    paid, unpaid, _missing, back, cancelled, by_fund, _by_area = sheets
    now, before = trial.grouped("GBP", standing), trial.sheet("GBP", first - timedelta(days=1))
    total, left_out = agree.spent(Filter(first, last, "paid"))
    yield Tie(N_("Paid in year"), paid.pence, now.balance("paid") - before.balance("paid") + back.pence, N_("Ledger, with what came back"))
    yield Tie(
        N_("Paid in year, less what came back"), paid.pence - back.pence, total + left_out, N_("Spending (E4), with lines below its limit")
    )
    yield Tie(N_("Awarded but unpaid"), unpaid.pence, sum(map(now.balance, ("offered", "payable", "transit"))), N_("Ledger"))
    yield Tie(N_("Recoveries"), back.pence, _entered("refund", first, last) + _taken_back(first, last), N_("Ledger"))
    yield Tie(N_("Cancelled"), cancelled.pence, _entered("returned", first, last, "award:"), N_("Ledger"))
    yield Tie(N_("Free in funds"), by_fund.pence, now.balance("free"), N_("Ledger"))
    yield Tie(N_("Put in by funders"), budget.together.allocated, -now.balance("funders"), N_("Ledger"))
    listed = list(vcse.rows(Filter(agree.FIRST, last, "awarded", as_at=last)))
    refs = {str(row[vcse.COLUMNS.index("Grant reference")]) for row in listed}
    register = sum(_pence(row[vcse.COLUMNS.index("Amount paid")]) for row in listed)
    yield Tie(
        "Paid to community bodies", sum(pence for ref, pence in agree.by_reference(standing) if ref in refs), register, "Register (E3)"
    )


def _pence(cell: files.Cell) -> int:
    assert isinstance(cell, files.Money)
    return cell.pence


def _entered(kind: str, first: date, last: date, start: str = "") -> int:
    """What entries of a kind moved on these days, by the ledger; `start`: only from accounts whose code begins so."""
    query = select(Transfer.amount).join(Entry, Entry.id == Transfer.entry_id).join(Account, Account.id == Transfer.debit_id)
    query = query.where(Entry.kind == kind, Entry.effective_on >= first, Entry.effective_on <= last, Account.code.startswith(start))
    return sum(db.session.scalars(query))


def _taken_back(first: date, last: date) -> int:
    query = select(Transfer.amount).join(Entry, Entry.id == Transfer.entry_id)
    query = query.where(Entry.kind == "reversal", Entry.key.startswith("quick:"), Entry.effective_on >= first, Entry.effective_on <= last)
    return sum(db.session.scalars(query))
