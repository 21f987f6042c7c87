"""Where the money of each fund, and of each area, stands: now or at the end of a day. Every column is a kind of the trial balance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from portal import clock
from portal.books.trial import as_at, balances
from portal.db import db
from portal.exports import files, grants
from portal.grants.bank_model import CallingBack
from portal.grants.model import Award, Fund, Payee, Payment, QuickFloat, QuickSpark
from portal.ledger.model import Account, Transfer
from portal.money import Pence
from portal.places.model import Area
from portal.words import N_

HEADINGS = {
    "allocated": N_("Put in"), "free": N_("Free"), "floats": N_("In floats"), "reserved": N_("Offered"), "payable": N_("To be paid"),
    "transit": N_("On its way"), "paid": N_("Paid"), "refunded": N_("Came back"),
}  # fmt: skip
COLUMNS = ("Fund", "Allocated", "Free", "In floats", "Offered", "To be paid", "In transit", "Paid", "Refunded")
AREA_COLUMNS = ("Area", "Offered", "To be paid", "In transit", "Paid", "Refunded")
OF_AREAS = ("reserved", "payable", "transit", "paid", "refunded")  # the rest belongs to no area


@dataclass
class Money:
    """Pence. `allocated`: put in by funders less what went back to them; `paid`: all that reached its payees, less what the bank sent back;
    `refunded`: what payees gave back of it (`exports.grants.given_back`). So allocated = free + floats + reserved + payable + transit + paid - refunded.
    """

    allocated: int = 0
    free: int = 0
    floats: int = 0
    reserved: int = 0
    payable: int = 0
    transit: int = 0
    paid: int = 0
    refunded: int = 0

    @property
    def off(self) -> int:
        """How much does not tie; 0 unless something is broken."""
        held = self.free + self.floats + self.reserved + self.payable + self.transit + self.paid - self.refunded
        return self.allocated - held

    @property
    def empty(self) -> bool:
        return not any(getattr(self, each.name) for each in fields(self))


@dataclass(frozen=True)
class Sheet:
    """Rows by name, and their sums. `untied`: the kinds of the trial balance that the funds' sum is not equal to, with the pence."""

    funds: Sequence[tuple[str, Money]]
    areas: Sequence[tuple[str, Money]]
    together: Money
    untied: Mapping[str, int] = field(default_factory=dict)


class Places:
    """To which fund and area each account belongs: awards by id, payees by reference, floats and quick sparks."""

    def __init__(self) -> None:
        self.awards = {id_: (fund, area) for id_, fund, area in db.session.execute(select(Award.id, Award.fund_id, Award.area_id))}
        of_payees = select(Payee.ref, Award.fund_id, Award.area_id).join(Award, Award.id == Payee.award_id)
        of_sparks = select(QuickSpark.ref, QuickFloat.fund_id, QuickSpark.area_id).join(QuickFloat, QuickFloat.id == QuickSpark.float_id)
        self.payees = {ref: (fund, area) for ref, fund, area in [*db.session.execute(of_payees), *db.session.execute(of_sparks)]}
        self.floats = dict(db.session.execute(select(QuickFloat.id, QuickFloat.fund_id)).tuples().all())
        rows = db.session.execute(select(Fund.id, Fund.code, Fund.name)).all()
        self.codes = {row.code: row.id for row in rows}
        self.names = {row.id: row.name for row in rows}

    def of(self, code: str) -> tuple[str, int, int | None] | None:
        """(column, fund, area) of an account; None for one that is of no single fund."""
        match code.split(":"):
            case ["fund", fund, "available"] if fund in self.codes:
                return "free", self.codes[fund], None
            case ["award", number, ("reserved" | "payable") as column] if int(number) in self.awards:
                return (column, *self.awards[int(number)])
            case ["payee", ref, "paid"] if ref in self.payees:
                return ("paid", *self.payees[ref])
            case ["float", number] if int(number) in self.floats:
                return "floats", self.floats[int(number)], None
        return None


def sheet(day: date | None = None) -> Sheet:
    """The funds by name and the areas by name, now or at the end of `day`. A dozen queries, whatever the number of funds."""
    past = as_at(day)
    places = Places()
    funds = {id_: Money() for id_ in places.names}
    areas: dict[int, Money] = {}
    kinds = Money()
    for each in balances("GBP", past):
        first = each.code.partition(":")[0]
        kinds.transit += each.balance if first == "run" else 0
        kinds.allocated -= each.balance if first == "funder" else 0
        if (found := places.of(each.code)) is not None:
            _add(funds, areas, found, each.balance)
            setattr(kinds, found[0], getattr(kinds, found[0]) + each.balance)
    for award_id, pence in on_the_way(past):
        _add(funds, areas, ("transit", *places.awards[award_id]), pence)
    for back in grants.given_back(past or date.max):
        for column in ("refunded", "paid"):  # the account says what is left with the payee
            _add(funds, areas, (column, back.fund_id, back.area_id), back.pence)
    for code, pence in put_in(past).items():
        funds[places.codes[code]].allocated = pence
    together = _sum(funds.values())
    kinds.paid, kinds.refunded = kinds.paid + together.refunded, together.refunded
    untied = {each.name: getattr(together, each.name) - getattr(kinds, each.name) for each in fields(Money)}
    names = dict(db.session.execute(select(Area.id, Area.name).where(Area.id.in_(areas))).tuples().all())
    return Sheet(
        _by_name(funds, places.names),
        _by_name({id_: money for id_, money in areas.items() if not money.empty}, names), together,
        {name: off for name, off in untied.items() if off},
    )  # fmt: skip


def _by_name(rows: Mapping[int, Money], names: Mapping[int, str]) -> Sequence[tuple[str, Money]]:
    return [(names[id_], rows[id_]) for id_ in sorted(rows, key=lambda each: (names[each].casefold(), each))]


def _add(funds: dict[int, Money], areas: dict[int, Money], where: tuple[str, int, int | None], pence: int) -> None:
    column, fund, area = where
    setattr(funds[fund], column, getattr(funds[fund], column) + pence)
    if area is not None:
        mine = areas.setdefault(area, Money())
        setattr(mine, column, getattr(mine, column) + pence)


def _sum(rows: Any) -> Money:
    total = Money()
    for row in rows:
        for each in fields(Money):
            setattr(total, each.name, getattr(total, each.name) + getattr(row, each.name))
    return total


def on_the_way(past: date | None) -> Sequence[tuple[int, int]]:
    """(award, pence) of what was released and not answered by the bank by the end of a day, or now. One query."""
    query = select(Payment.award_id, func.sum(Payment.amount)).group_by(Payment.award_id)
    if past is None:
        return _pairs(query.where(Payment.status == "released"))
    return _pairs(query.where(*was_on_the_way(past)))


def was_on_the_way(day: date) -> Sequence[ColumnElement[bool]]:
    """Which payments were on their way at the end of a day. One whose run was called back was, until the day of that in London."""
    over = clock.start_of_day(day + timedelta(days=1))
    called_back = select(CallingBack.id).where(CallingBack.run_id == Payment.run_id, CallingBack.done_at < over).exists()
    return (
        Payment.released_at < over,
        or_(Payment.settled_on.is_(None), Payment.settled_on > day),
        or_(Payment.bounced_on.is_(None), Payment.bounced_on > day),
        or_(Payment.status != "cancelled", ~called_back),
    )


def _pairs(query: Select[Any, Any]) -> Sequence[tuple[int, int]]:
    return [(int(id_), int(pence)) for id_, pence in db.session.execute(query)]


def put_in(past: date | None) -> Mapping[str, int]:
    """Fund code → pence that funders put in less what went back to them, from the funders' accounts, which hold few lines. One query."""
    funder, fund = aliased(Account), aliased(Account)
    parts = []
    for mine, other, sign in ((Transfer.debit_id, Transfer.credit_id, 1), (Transfer.credit_id, Transfer.debit_id, -1)):
        query = (
            select(fund.code.label("code"), (literal(sign) * Transfer.amount).label("pence"))
            .join(funder, funder.id == mine)
            .join(fund, fund.id == other)
            .where(funder.code.startswith("funder:"), fund.code.startswith("fund:"))
        )
        parts.append(query if past is None else query.where(Transfer.effective_on <= past))
    moved = union_all(*parts).subquery()
    found = db.session.execute(select(moved.c.code, func.sum(moved.c.pence)).group_by(moved.c.code))
    return {code.split(":")[1]: int(pence) for code, pence in found}


def rows(shown: Sheet) -> Iterator[files.Row]:
    """A row a fund, then their sums."""
    for name, money in [*shown.funds, ("All funds", shown.together)]:
        yield (name, *(files.Money(Pence(getattr(money, column))) for column in HEADINGS))


def area_rows(shown: Sheet) -> Iterator[files.Row]:
    """A row an area."""
    for name, money in shown.areas:
        yield (name, *(files.Money(Pence(getattr(money, column))) for column in OF_AREAS))
