"""The trial balance: every account of a unit, now or at the end of a day, by kind; all of it sums to zero."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from portal import clock
from portal.books.groups import GROUPS, OTHER, UNITS, Group, group_of, named
from portal.db import db
from portal.exports import files
from portal.ledger import queries as ledger
from portal.ledger.model import Account
from portal.money import Pence

PAGE = 50
COLUMNS = ("Unit", "Kind", "Account", "Name", "Amount", "Hours")
UNIT_NAMES = {"GBP": "Money", "MIN": "Time credits", "MATCH": "Match hours"}


@dataclass
class Line:
    """A kind of account: how many of its accounts have a balance, and their sum in pence or minutes."""

    group: Group
    accounts: int = 0
    balance: int = 0


@dataclass(frozen=True)
class Sheet:
    """One unit. `off` is what all its balances sum to: 0 unless the books are broken."""

    unit: str
    lines: Sequence[Line]

    @property
    def off(self) -> int:
        return sum(line.balance for line in self.lines)

    def balance(self, name: str) -> int:
        """The sum of one kind by its name; 0 where it has no account."""
        return sum(line.balance for line in self.lines if line.group.name == name)


@dataclass(frozen=True)
class Listed:
    """An account in the list of its kind. `id` names it in addresses."""

    id: int
    code: str
    name: str
    balance: int


@dataclass(frozen=True)
class Listing:
    """A page of the accounts of a kind, by code; `sum` is of all of them."""

    rows: Sequence[Listed] = field(default_factory=tuple)
    sum: int = 0
    after: str = ""  # code where the next page goes on
    before: bool = False  # there is a page before this one


def as_at(day: date | None) -> date | None:
    """The day to ask the books for: None (as it stands now, which is quicker) for today and later."""
    return None if day is None or day >= clock.today() else day


def balances(unit: str, day: date | None) -> Sequence[ledger.TrialLine]:
    """Accounts of a unit with a balance, by code, at the end of `day` or now. One query, or two."""
    return ledger.trial_balance(unit, as_at(day))


def sheet(unit: str, day: date | None = None) -> Sheet:
    """The trial balance of one unit by kind."""
    return grouped(unit, balances(unit, day))


def grouped(unit: str, found: Sequence[ledger.TrialLine]) -> Sheet:
    """The accounts that `balances` found, by kind."""
    lines = {each.name: Line(each) for each in [*(one for one in GROUPS if one.unit == unit), OTHER[unit]]}
    for each in found:
        line = lines[group_of(each.code, unit).name]
        line.accounts += 1
        line.balance += each.balance
    return Sheet(unit, [line for line in lines.values() if line.accounts or line.group.name != "other"])


def sheets(day: date | None = None) -> Sequence[Sheet]:
    """The trial balances of all units; they never mix."""
    return [sheet(unit, day) for unit in UNITS]


def listing(kind: Group, day: date | None, after: str = "") -> Listing:
    """Accounts of one kind that have a balance, PAGE at a time, beginning after the code `after`. Three queries."""
    found = [each for each in balances(kind.unit, day) if group_of(each.code, kind.unit) is kind]
    rest = [each for each in found if each.code > after]
    shown = rest[:PAGE]
    ids = ids_of([each.code for each in shown])
    rows = [Listed(ids[each.code], each.code, named(each.code, each.name), each.balance) for each in shown]
    return Listing(rows, sum(each.balance for each in found), shown[-1].code if len(rest) > PAGE else "", len(rest) < len(found))


def ids_of(codes: Sequence[str]) -> Mapping[str, int]:
    """How addresses name these accounts: a code may hold the number of a person. One query."""
    return dict(db.session.execute(select(Account.code, Account.id).where(Account.code.in_(codes))).tuples().all()) if codes else {}


def rows(day: date | None) -> Iterator[files.Row]:
    """The whole trial balance as a file: a row an account, money in one column and hours in another."""
    for unit in UNITS:
        for each in balances(unit, day):
            kind = group_of(each.code, unit)
            money, time = (files.Money(Pence(each.balance)), None) if unit == "GBP" else (None, files.Hours(each.balance))
            yield (UNIT_NAMES[unit], kind.title, each.code, named(each.code, each.name), money, time)
