"""The statement of one account, newest first, a page at a time in both directions; it costs the same however long it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from portal import clock
from portal.books.groups import Group, group_of, named, of_one
from portal.books.trial import as_at, ids_of
from portal.books.words import KINDS
from portal.db import db
from portal.errors import NotFound
from portal.exports import files
from portal.ledger import queries as ledger
from portal.ledger.model import Account, State
from portal.money import Pence
from portal.words import _

PAGE = 50
COLUMNS = ("Number", "Date", "Entered", "Kind", "What", "Other account", "Amount", "Balance", "Entry")
DAY_FORMAT = "%Y-%m-%d"


@dataclass(frozen=True)
class Head:
    """An account and how it stands: now, after so many lines, and at the end of the day that was asked for."""

    id: int
    code: str
    name: str
    unit: str
    kind: Group
    lines: int
    now: int
    on_the_day: int | None

    @property
    def private(self) -> bool:
        return self.unit != "GBP"


@dataclass(frozen=True)
class Shown:
    """A line as a page shows it. `other_id` names the other account in addresses."""

    line: ledger.StatementLine
    what: str
    other: str
    other_id: int


@dataclass(frozen=True)
class Page:
    """`newer` and `older`: where the neighbouring pages begin (`before` in an address), or None."""

    rows: Sequence[Shown]
    newer: int | None
    older: int | None


def head(account_id: int, day: date | None = None) -> Head:
    """One account. NotFound."""
    row = db.session.execute(
        select(Account, State.sequence, State.credits - State.debits)
        .join(State, State.account_id == Account.id)
        .where(Account.id == account_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("We cannot find that account."))
    account, lines, now = row
    past = as_at(day)
    return Head(
        account.id, account.code, named(account.code, account.name), account.unit, group_of(account.code, account.unit), lines, now,
        None if past is None else ledger.balance_as_at(account.code, past),
    )  # fmt: skip


def page(account: Head, before: int | None = None) -> Page:
    """A page of lines: the newest, or those before the line with the number `before`. Two queries.

    Lines are numbered without gaps, so the page before this one is known without being looked for.
    """
    lines = ledger.statement(account.code, before=before, limit=PAGE)
    ids = ids_of(sorted({each.other for each in lines}))
    rows = [Shown(each, what(account, each), named(each.other, each.other_name), ids[each.other]) for each in lines]
    newest = lines[0].sequence if lines else 0
    newer = min(newest + PAGE, account.lines) + 1 if newest < account.lines and lines else None
    return Page(rows, newer, lines[-1].sequence if lines and lines[-1].sequence > 1 else None)


def what(account: Head, line: ledger.StatementLine) -> str:
    """What a line says: of money its sentence; of hours only what kind it was, for people write to each other in those."""
    return said(account.unit, line.kind, line.sentence)


def said(unit: str, kind: str, sentence: str) -> str:
    """The words of an entry for who reads the books."""
    return sentence if unit == "GBP" else _(KINDS.get(kind, kind))


def rows(account: Head) -> Iterator[files.Row]:
    """The whole statement as a file, newest first; read in pages, so that a long one needs no more room than a short one."""
    before: int | None = None
    while lines := ledger.statement(account.code, before=before, limit=500):
        for each in lines:
            money = files.Money(Pence(each.amount)), files.Money(Pence(each.after))
            hours = files.Hours(each.amount), files.Hours(each.after)
            amount, after = money if account.unit == "GBP" else hours
            other = each.other if of_one(each.other) else f"{each.other} {each.other_name}"
            yield (
                each.sequence,
                each.effective_on,
                clock.london_day(each.recorded_at),
                KINDS.get(each.kind, each.kind),
                what(account, each),
                other,
                amount,
                after,
                each.entry,
            )
        before = lines[-1].sequence
