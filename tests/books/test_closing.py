"""The books are closed up to the end of a month by two people of finance; what comes after counts on a later day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.books import closing
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import bank_lines, pay
from portal.history import events_of
from portal.ledger import queries as ledger
from portal.ledger.checks import check
from portal.ledger.periods import close_period
from portal.worker import CACHES
from tests.client import Inspector
from tests.exports.small import Small
from tests.grants.season import person

JUNE, JULY = date(2026, 6, 30), date(2026, 7, 31)


@pytest.fixture
def two(small: Small) -> Small:
    """Fay and Finn are finance."""
    small.season.people["Finn"] = person("Finn", "finance")
    return small


def test_two_people_close_a_month(two: Small) -> None:
    fay, finn = two.season.actor("Fay"), two.season.actor("Finn")
    assert closing.choices() == [JULY, JUNE]
    closing.ask(JUNE, fay)
    closing.ask(JUNE, fay)
    with pytest.raises(Refused, match="Fay has asked for this already"):
        closing.ask(JULY, finn)
    with pytest.raises(Refused, match="A second person must do it"):
        closing.confirm(JUNE, fay)
    with pytest.raises(Refused, match="Nobody asks to close the books up to that day"):
        closing.confirm(JULY, finn)
    seal = closing.confirm(JUNE, finn)
    assert closing.confirm(JUNE, finn) == seal and len(seal) == 64, "a second tap"
    with pytest.raises(Refused, match="Nobody asks"):
        closing.confirm(JUNE, fay)
    period = closing.closed_up_to()
    assert period is not None and (period.last_day, period.heads, period.closed_by) == (JUNE, seal, finn.code)
    assert [event.kind for event in events_of("books")] == ["closing_asked", "closed"]
    assert closing.choices() == [JULY] and ledger.is_closed(JUNE) and check(full=True, caches=CACHES).ok


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 6, 29), "at the end of a month"),
        (date(2026, 8, 31), "when its last day is over"),
        (date.min, "at the end of a month"),
        (date.max, "when its last day is over"),
    ],
)
def test_not_every_day_can_be_closed(two: Small, day: date, why: str) -> None:
    with pytest.raises(Refused, match=why):
        closing.ask(day, two.season.actor("Fay"))


def test_taken_back_and_closed_already(two: Small) -> None:
    fay, finn = two.season.actor("Fay"), two.season.actor("Finn")
    closing.ask(JULY, fay)
    closing.cancel(finn)
    closing.cancel(finn)
    with pytest.raises(Refused, match="Nobody asks"):
        closing.confirm(JULY, finn)
    closing.ask(JULY, finn)
    closing.confirm(JULY, fay)
    with pytest.raises(Refused, match="closed meanwhile, up to Friday 31 July 2026"):
        closing.cancel(finn)
    with pytest.raises(Refused, match="closed up to that day already"):
        closing.ask(JUNE, fay)


def test_books_that_do_not_agree_stay_open(two: Small) -> None:
    closing.ask(JUNE, two.season.actor("Fay"))
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE refund SET amount = amount - 5"))
    with pytest.raises(Refused, match="Two sums do not agree"):
        closing.confirm(JUNE, two.season.actor("Finn"))
    assert not ledger.is_closed(JUNE)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO period_closing (last_day, waits, asked_by_id, asked_at, closed_by_id, closed_at, heads) VALUES ('2026-05-31', 1, 1, :now, 1, :now, 'x')",
        "INSERT INTO period_closing (last_day, waits, asked_by_id, asked_at, closed_by_id, heads) VALUES ('2026-05-31', 1, 1, :now, 2, 'x')",
        "INSERT INTO period_closing (last_day, waits, asked_by_id, asked_at, closed_by_id, closed_at, heads) VALUES ('2026-05-31', 1, 1, :now, 2, :now, '')",
        "INSERT INTO period_closing (last_day, waits, asked_by_id, asked_at, heads) VALUES ('2026-05-31', 1, 1, :now, '')",
    ],
)
def test_the_database_wants_two_people_and_one_at_a_time(two: Small, statement: str) -> None:
    closing.ask(JUNE, two.season.actor("Fay"))
    db.session.rollback()
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text(statement), {"now": "2026-08-15 10:00:00+00:00"})


def test_the_pages(scheme: Flask, two: Small) -> None:
    """Officers and the auditor look; finance asks; another of finance proves who they are, and closes."""
    olga = Inspector(scheme).sign_in(two.season.who("Olga").id).get("/finance/books/close?last_day=2026-07-31")
    assert "Ask a second person" not in olga.text and "Friday 31 July 2026" in olga.text
    fay = Inspector(scheme).sign_in(two.season.who("Fay").id).get("/finance/books/close")
    fay.get("/finance/books/close?last_day=2026-06-30")
    assert "Look whether everything agrees" in fay.text
    assert "waits for a word" not in fay.text
    bank_lines.take_in(b"Date,Description,Amount\n30/06/2026,RENT,-250\n01/07/2026,TEA,-1\n", two.season.actor("Fay"))
    assert "One line of the bank" in fay.get("/finance/books/close?last_day=2026-06-30").text
    fay.get("/finance/books/close?last_day=9999-12-31").get("/finance/books/close?last_day=2026-06-30")
    fay.submit("Ask a second person to close them").follow()
    assert "so a second person must do it" in fay.text
    finn = Inspector(scheme, 40).sign_in(two.season.who("Finn").id)
    with clock.held_at(clock.now() + timedelta(minutes=30)):
        finn.get("/finance/books/close").submit("Close the books up to that day")
        assert finn.location == "/people/prove?next=/people/go-on" and closing.waiting() is not None
    finn.get("/finance/books/close").submit("Close the books up to that day").follow()
    assert "30 Jun 2026" in finn.text and closing.periods()[0].heads[:32] in finn.text
    fay.get("/finance/books/close?last_day=2026-07-31").submit("Ask a second person to close them").follow()
    fay.submit("Leave them open").follow()
    assert closing.waiting() is None


def test_only_finance_asks(scheme: Flask, two: Small) -> None:
    olga = Inspector(scheme).sign_in(two.season.who("Olga").id).get("/finance/books/")
    olga.post("/finance/books/close", {"csrf_token": token(olga), "act": "ask", "last_day": "2026-06-30"}, 404)
    assert closing.waiting() is None


def token(browser: Inspector) -> str:
    return str(next(values["csrf_token"] for values in map(browser._values, browser.forms()) if "csrf_token" in values))


def test_what_comes_late_counts_in_the_next_period(scheme: Flask, two: Small) -> None:
    """The bank sends a payment of June back in August, and finance types the day of July that was closed: the page says what to do."""
    with transaction():
        close_period(JULY, "test")
    ref = two.money["bench"]
    fay = Inspector(scheme, 30).sign_in(two.season.who("Fay").id).get(f"/finance/payments/{ref}")
    late: dict[str, Any] = {"bounce_reason": "Account closed", "bounce_on_month": "7", "bounce_on_year": "2026"}
    fay.submit("It came back", 422, bounce_on_day="30", **late)
    assert "The books are closed up to that day. Use a later date." in fay.text and "Account closed" in fay.text
    fay.submit("It came back", bounce_on_day="3", **{**late, "bounce_on_month": "8"})
    payment = pay.payment_by_ref(ref)
    assert (payment.status, payment.bounced_on) == ("bounced", date(2026, 8, 3))


def test_the_end_of_a_month_in_any_year_and_at_midnight() -> None:
    assert closing.month_end(date(2028, 2, 1)) == date(2028, 2, 29) and closing.month_end(date(2027, 2, 28)) == date(2027, 2, 28)
    assert closing.month_end(date(2026, 12, 31)) == date(2026, 12, 31)


def test_the_last_day_is_over_at_midnight_in_london(two: Small) -> None:
    """At half past eleven in the evening of 31 August, London time, Greenwich still has half past ten; a minute past midnight it is over."""
    fay, august = two.season.actor("Fay"), date(2026, 8, 31)
    with clock.held_at(datetime(2026, 8, 31, 22, 59, tzinfo=UTC)), pytest.raises(Refused, match="when its last day is over"):
        closing.ask(august, fay)
    with clock.held_at(datetime(2026, 8, 31, 23, 1, tzinfo=UTC)):
        closing.ask(august, fay)
