"""Accounting stories that a treasurer can read. Each ends in a full check of the books."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, Refused
from portal.ledger import checks, periods, queries
from portal.ledger.posting import Fact, Line, open_account, post, post_all, reverse

MAY = "person:1"


def given(*accounts: tuple[str, str, str, int | None]) -> None:
    with transaction():
        for code, unit, kind, floor in accounts:
            open_account(code, unit, kind, code.replace(":", " "), floor=floor)


def move(key: str, debit: str, credit: str, amount: int, on: date | None = None) -> bool:
    with transaction():
        return post([Line(debit, credit, amount)], key=key, kind="test", about="award:17", sentence=key, actor=MAY, effective_on=on).fresh


def books_are_right() -> None:
    report = checks.check()
    assert report.broken == []
    assert report.ok
    assert all(total == 0 for total in report.sums.values())


@pytest.fixture
def fund(app: Flask) -> None:
    given(
        ("funder:council", "GBP", "equity", None),
        ("fund:sparks:available", "GBP", "asset", 0),
        ("award:17:reserved", "GBP", "hold", 0),
        ("award:17:payable", "GBP", "liability", 0),
        ("run:1:in-transit", "GBP", "hold", 0),
        ("payee:P:paid", "GBP", "expense", 0),
    )


def test_a_season_of_a_fund(fund: None) -> None:
    """£1,000 comes in; £250 is offered, accepted, released, bounced, released again, settled; £12.34 comes back."""
    move("contribution:1", "funder:council", "fund:sparks:available", 1000_00)
    move("award:17:offered", "fund:sparks:available", "award:17:reserved", 250_00)
    move("award:17:accepted", "award:17:reserved", "award:17:payable", 250_00)
    move("award:17:instalment:1", "award:17:payable", "run:1:in-transit", 250_00)
    move("payment:1:bounced", "run:1:in-transit", "award:17:payable", 250_00)
    move("award:17:instalment:1:again", "award:17:payable", "run:1:in-transit", 250_00)
    move("payment:2:settled", "run:1:in-transit", "payee:P:paid", 250_00)
    move("refund:1", "payee:P:paid", "fund:sparks:available", 12_34)

    assert queries.balances(["funder:council", "fund:sparks:available", "award:17:reserved", "award:17:payable", "run:1:in-transit", "payee:P:paid"]) == {
        "funder:council": -1000_00,
        "fund:sparks:available": 762_34,
        "award:17:reserved": 0,
        "award:17:payable": 0,
        "run:1:in-transit": 0,
        "payee:P:paid": 237_66,
    }  # fmt: skip
    assert [(line.sentence, line.amount, line.after) for line in queries.statement("fund:sparks:available")] == [
        ("refund:1", 12_34, 762_34),
        ("award:17:offered", -250_00, 750_00),
        ("contribution:1", 1000_00, 1000_00),
    ]
    assert [line.code for line in queries.trial_balance("GBP")] == ["fund:sparks:available", "funder:council", "payee:P:paid"]
    books_are_right()


def test_a_fund_cannot_be_overspent(fund: None) -> None:
    move("contribution:1", "funder:council", "fund:sparks:available", 100_00)
    with pytest.raises(Refused, match=r"below £0\.00"):
        move("award:17:offered", "fund:sparks:available", "award:17:reserved", 100_01)
    with pytest.raises(Refused, match="not enough in the pot"), transaction():
        post(
            [Line("fund:sparks:available", "award:17:reserved", 100_01)], key="x", kind="offer", about="award:17", sentence="", actor=MAY,
            refusals={"fund:sparks:available": "There is not enough in the pot."},
        )  # fmt: skip
    assert queries.balance("fund:sparks:available") == 100_00
    assert not queries.posted("award:17:offered")
    books_are_right()


def test_the_same_key_gives_the_first_result(fund: None) -> None:
    assert move("contribution:1", "funder:council", "fund:sparks:available", 100_00)
    assert not move("contribution:1", "funder:council", "fund:sparks:available", 100_00)
    with pytest.raises(Conflict):
        move("contribution:1", "funder:council", "fund:sparks:available", 100_01)
    assert queries.balance("fund:sparks:available") == 100_00
    books_are_right()


def test_a_mistake_is_put_right_once(fund: None) -> None:
    move("contribution:1", "funder:council", "fund:sparks:available", 100_00)
    with transaction():
        first = reverse("contribution:1", reason="typed twice", actor=MAY)
    with transaction():
        second = reverse("contribution:1", reason="typed twice", actor=MAY)
    assert (first.fresh, second.fresh, first.id) == (True, False, second.id)
    with pytest.raises(Refused), transaction():
        reverse("contribution:1:reversed", reason="no", actor=MAY)
    with pytest.raises(Refused), transaction():
        reverse("contribution:9", reason="no", actor=MAY)
    newest, oldest = queries.statement("fund:sparks:available")
    assert (newest.reverses, newest.amount, newest.after) == (True, -100_00, 0)
    assert oldest.reversed
    books_are_right()


def test_money_that_was_spent_cannot_be_taken_back(fund: None) -> None:
    move("contribution:1", "funder:council", "fund:sparks:available", 100_00)
    move("award:17:offered", "fund:sparks:available", "award:17:reserved", 60_00)
    with pytest.raises(Refused), transaction():
        reverse("contribution:1", reason="the cheque bounced", actor=MAY)
    books_are_right()


def test_a_week_of_a_timebank(app: Flask) -> None:
    """Maya helps Idris in her own area, then across areas; a session pays three at once; a leaver's hours go to the pot."""
    given(
        *((f"member:{name}", "MIN", "liability", -1200) for name in ("maya", "idris", "sol")),
        ("area:east:clearing", "MIN", "hold", None),
        ("area:west:clearing", "MIN", "hold", None),
        ("pot:east", "MIN", "equity", None),
    )
    move("exchange:1:confirmed", "member:idris", "member:maya", 75)
    with transaction():
        post(
            [Line("member:sol", "area:west:clearing", 60), Line("area:east:clearing", "member:maya", 60)], key="exchange:2:confirmed", kind="exchange",
            about="exchange:2", sentence="Maya helped Sol", actor=MAY,
        )  # fmt: skip
    assert queries.balance("area:east:clearing") + queries.balance("area:west:clearing") == 0
    with transaction():
        post(
            [Line("pot:east", f"member:{name}", 90) for name in ("maya", "idris", "sol")], key="session:S-4K2", kind="session", about="session:1",
            sentence="Litter pick", actor=MAY,
        )  # fmt: skip
    move("leaver:maya", "member:maya", "pot:east", queries.balance("member:maya"))
    assert queries.balances([f"member:{name}" for name in ("maya", "idris", "sol")]) == {
        "member:maya": 0,
        "member:idris": 15,
        "member:sol": 30,
    }
    with pytest.raises(Refused, match="-20 h"):
        move("exchange:3", "member:idris", "member:maya", 1216)
    books_are_right()


def test_an_entry_is_all_or_nothing(fund: None) -> None:
    move("contribution:1", "funder:council", "fund:sparks:available", 100_00)
    with pytest.raises(Refused), transaction():
        post(
            [Line("fund:sparks:available", "award:17:reserved", 60_00), Line("fund:sparks:available", "award:17:payable", 60_00)], key="two",
            kind="test", about="award:17", sentence="", actor=MAY,
        )  # fmt: skip
    assert queries.balance("award:17:reserved") == 0
    books_are_right()


def test_units_never_mix(app: Flask) -> None:
    given(("fund:sparks:available", "GBP", "asset", 0), ("member:maya", "MIN", "liability", None))
    with pytest.raises(AssertionError):
        move("x", "member:maya", "fund:sparks:available", 5)
    with pytest.raises(Conflict), transaction():
        open_account("member:maya", "GBP", "liability", "Maya")
    books_are_right()


def test_balances_at_a_date_and_a_closed_year(fund: None) -> None:
    with clock.held_at(datetime(2027, 4, 2, tzinfo=UTC)):
        move("contribution:1", "funder:council", "fund:sparks:available", 500_00, date(2026, 5, 1))
        move("award:17:offered", "fund:sparks:available", "award:17:reserved", 200_00, date(2027, 3, 31))
        move("contribution:2", "funder:council", "fund:sparks:available", 50_00, date(2027, 4, 1))
        before = {
            day: queries.balance_as_at("fund:sparks:available", day)
            for day in (date(2026, 4, 30), date(2027, 3, 30), date(2027, 3, 31), date(2027, 4, 1))
        }
        assert list(before.values()) == [0, 500_00, 300_00, 350_00]
        trial = queries.trial_balance("GBP", date(2027, 3, 31))
        with transaction():
            periods.close_period(date(2027, 3, 31), MAY)
        assert {day: queries.balance_as_at("fund:sparks:available", day) for day in before} == before
        assert queries.trial_balance("GBP", date(2027, 3, 31)) == trial
        assert sum(line.balance for line in queries.trial_balance("GBP", date(2027, 4, 1))) == 0
        with pytest.raises(Refused, match="closed"):
            move("late", "funder:council", "fund:sparks:available", 1, date(2027, 3, 31))
        with pytest.raises(Refused), transaction():
            periods.close_period(date(2027, 3, 31), MAY)
        with pytest.raises(Refused), transaction():
            periods.close_period(date(2027, 4, 2), MAY)
    books_are_right()


def test_a_statement_is_read_page_by_page(fund: None) -> None:
    with transaction():
        post_all(
            [
                Fact(f"contribution:{n}", "c", "fund:1", f"number {n}", MAY, [Line("funder:council", "fund:sparks:available", n)])
                for n in range(1, 61)
            ]
        )
    seen: list[int] = []
    before: int | None = None
    while page := queries.statement("fund:sparks:available", before=before, limit=25):
        seen += [line.amount for line in page]
        before = page[-1].sequence
    assert seen == list(range(60, 0, -1))
    assert queries.statement("nobody") == []


def test_many_at_once_are_as_one_by_one(fund: None) -> None:
    facts = [Fact(f"c:{n}", "c", "fund:1", "", MAY, [Line("funder:council", "fund:sparks:available", n)]) for n in range(1, 30)]
    facts.append(facts[3])
    with transaction():
        post_all(facts[:2])
    with transaction():
        results = post_all(facts)
    assert [result.fresh for result in results] == [False] * 2 + [True] * 27 + [False]
    assert queries.balance("fund:sparks:available") == sum(range(1, 30))
    books_are_right()


def test_the_nightly_check_goes_on_from_the_last_proof(fund: None) -> None:
    move("c:1", "funder:council", "fund:sparks:available", 5)
    assert checks.check().lines_replayed == 2
    move("c:2", "funder:council", "fund:sparks:available", 6)
    report = checks.check(full=False)
    assert (report.ok, report.lines_replayed, report.accounts_replayed) == (True, 2, 2)
    assert checks.check(full=False).lines_replayed == 0
    assert not checks.check(caches=[lambda: ["award:17 says 5, the ledger 6"]]).ok
    db.session.rollback()
