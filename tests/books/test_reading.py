"""The trial balance, a statement and an entry: sums that tie, pages in both directions, and no name where a number is enough."""

import csv
import io
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.books import entries, groups, statement, trial
from portal.db import db, transaction
from portal.errors import NotFound
from portal.exports import files
from portal.grants import pay
from portal.history import Actor, events_of
from portal.ledger.model import Account, Entry
from portal.ledger.periods import close_period
from portal.ledger.posting import Line, open_account, post
from portal.people.access import Who
from tests.client import Inspector
from tests.exports.small import Small
from tests.grants.season import person

FREE = "fund:small-sparks:available"


def account_id(code: str) -> int:
    return db.session.scalars(select(Account.id).where(Account.code == code)).one()


def test_each_unit_sums_to_nothing_on_every_day(small: Small) -> None:
    """Before the first day, between, on the last of a closed period, and now: through snapshots and without."""
    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 10), date(2026, 6, 30), date(2026, 7, 6), None]
    before = [trial.sheets(day) for day in days]
    for sheets in before:
        assert [sheet.off for sheet in sheets] == [0, 0, 0]
    with transaction():
        close_period(date(2026, 6, 30), "test")
    assert [trial.sheets(day) for day in days] == before
    money = [sheets[0] for sheets in before]
    assert [sheet.balance("paid") for sheet in money] == [0, 0, 510_00, 510_00, 260_00, 490_00]
    assert [sheet.balance("funders") for sheet in money] == [0, -1000_00, -1000_00, -1000_00, -1000_00, -1000_00]
    assert money[-1].balance("offered") == 70_00 and money[-1].balance("free") == 440_00
    assert money[4].balance("payable") == 250_00, "what the bank sent back is payable again"


def test_a_kind_is_listed_by_pages(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "PAGE", 2)
    paid = groups.group("GBP", "paid")
    assert paid is not None
    seen, after = [], ""
    while True:
        page = trial.listing(paid, None, after)
        seen += [row.balance for row in page.rows]
        assert page.sum == 490_00 and page.before == bool(after)
        if not (after := page.after):
            break
    assert sum(seen) == 490_00 and len(seen) == 4


def test_a_statement_goes_both_ways(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement, "PAGE", 3)
    fund = statement.head(account_id(FREE), date(2026, 6, 10))
    assert (fund.now, fund.on_the_day) == (440_00, 490_00)
    first = statement.page(fund)
    assert first.newer is None and first.rows[0].line.sequence == fund.lines and first.rows[0].line.after == fund.now
    second = statement.page(fund, first.older)
    assert second.rows[0].line.sequence == first.rows[-1].line.sequence - 1
    assert statement.page(fund, second.newer) == first, "and back"
    with pytest.raises(NotFound):
        statement.head(10**6)
    rows = list(csv.reader(io.StringIO(b"".join(files.csv_chunks(statement.COLUMNS, statement.rows(fund))).decode())))
    assert len(rows) == fund.lines + 1 and rows[1][7] == "440.00" and sum(round(float(row[6]) * 100) for row in rows[1:]) == 440_00


def test_an_entry_tells_its_story(small: Small) -> None:
    fay = small.season.who("Fay")
    paid = db.session.scalars(select(Entry).where(Entry.key.like("payment:%:settled")).order_by(Entry.id)).first()
    assert paid is not None
    told = entries.story(paid.id, fay)
    assert told.by == "Fay" and told.kind == "Paid" and len(told.digest) == 64 and told.lines[0].debit.code.startswith("run:")
    assert [link.href.rpartition("/")[0] for link in told.links] == ["/finance/awards", "/finance/payments"]
    back = db.session.scalars(select(Entry).where(Entry.kind == "bounce")).one()
    payment = pay.payment_by_ref(small.money["garden"])
    assert entries.story(back.id, fay).links[1].href == f"/finance/payments/{payment.ref}"
    with pytest.raises(NotFound):
        entries.story("0" * 32, fay)


def test_hours_have_numbers_and_no_names(small: Small) -> None:
    """A neighbour's account carries their name in the books; who reads the books sees its number, and no words of anybody."""
    rita = small.season.who("Rita")
    with transaction():
        open_account("neighbour:person:8:given", "MATCH", "memo", "Rita Ray")
        open_account("award:1:delivered", "MATCH", "memo", "A garden for Mossgate")
        post(
            [Line("neighbour:person:8:given", "award:1:delivered", 120)], key="work:X:match", kind="match", about="award:1",
            sentence="Rita Ray gave 2 h", actor=Actor(rita.id).code, on_behalf=Actor(small.season.who("Rob").id).code, basis="in person",
        )  # fmt: skip
    head = statement.head(account_id("neighbour:person:8:given"))
    told = entries.story(statement.page(head).rows[0].line.entry, small.season.who("Fay"))
    lines = str(list(statement.rows(head))) + str(statement.page(head).rows[0].what) + str(list(trial.rows(None)))
    shown = " ".join([head.name, lines, told.by, told.behalf, told.what, *(f"{line.debit.name} {line.credit.name}" for line in told.lines)])
    assert "Rita" not in shown and "Rob" not in shown
    assert (told.by, told.behalf, told.what) == ("Somebody who takes part", "Somebody who takes part", "Hours for an idea")


def test_an_exchange_is_linked_only_for_officers(small: Small) -> None:
    entry = Entry(id="x", key="exchange:1:settled:1", about="exchange:1", kind="exchange")
    assert entries.links_of(entry, small.season.who("Fay")) == []
    assert entries.links_of(entry, Who(1, "PER", "Olga", None, frozenset({("officer", 5)}))) == []


def test_the_pages(scheme: Flask, small: Small) -> None:
    """Finance, officers and the auditor read; nobody else; a wrong day says how to write it; every file is on record."""
    Inspector(scheme).get("/finance/books/", status=303)
    for role in ("", "connector", "administrator"):
        Inspector(scheme).sign_in(person(f"P{role}", *([role] if role else [])).id).get("/finance/books/", status=404)
    for who in (small.season.who("Olga"), person("Augusta", "auditor")):
        Inspector(scheme, 10).sign_in(who.id).get("/finance/books/")
    fay = Inspector(scheme, 8).sign_in(small.season.who("Fay").id).get("/finance/")
    assert "/finance/books/" in list(fay.links())
    fay.budget = 8
    fay.get("/finance/books/?day=2026-07-06")
    assert "£260.00" in fay.text and "Monday 6 July 2026" in fay.text and "does not add up" not in fay.text
    fay.get("/finance/books/?day=31.3.2026")
    assert "Write the day like 2026-03-31." in fay.text
    fay.get("/finance/books/?day=2027-02-29")
    assert "Write the day like 2026-03-31." in fay.text
    fay.get("/finance/books/kinds/GBP/paid?day=2026-07-06")
    account = next(link for link in fay.links() if "/accounts/" in link)
    fay.get("/finance/books/kinds/GBP/nothing", status=404)
    fay.budget = 10
    fay.get(account)
    assert "£" in fay.text
    fay.submit("Take the whole statement (CSV)", status=200)
    assert events_of("export:statement")[-1].actor_id == small.season.who("Fay").id
    fay.get(account)
    fay.get(next(link for link in fay.links() if "/entries/" in link))
    assert "The seal of this entry" in fay.text and "/finance/awards/" in fay.text
    fay.get("/finance/books/entries/none", status=404)
    fay.get("/finance/books/?day=2026-07-06").submit("Take it as a file (CSV)", status=200)
    assert fay.text.startswith("Unit,Kind,Account,Name,Amount,Hours\r\n") and events_of("export:trial-balance")[-1].data["filter"] == {
        "day": "2026-07-06"
    }


def test_midnight_in_london_ends_the_day(small: Small) -> None:
    """Half past eleven at night in London on 31 March is 1 half hour before the new year, whatever the clock in Greenwich says."""
    from datetime import UTC, datetime

    with clock.held_at(datetime(2027, 3, 31, 22, 30, tzinfo=UTC)):  # half past eleven, summer time
        assert clock.today() == date(2027, 3, 31) and trial.as_at(date(2027, 3, 31)) is None
    with clock.held_at(datetime(2027, 3, 31, 23, 30, tzinfo=UTC)):  # half past midnight on 1 April
        assert trial.as_at(date(2027, 3, 31)) == date(2027, 3, 31)
