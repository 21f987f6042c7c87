"""Who buys first is paid back what stands on the receipts, and no more; what no receipt was brought for returns to the fund."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import award, desk, pay, report
from portal.grants.model import Award
from portal.ledger import queries as books
from portal.money import Pence
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin

FREE = "fund:small-sparks:available"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


@pytest.fixture
def ready(season: Season) -> Award:
    return season.ready(season.sent(route="receipts"))


def buy(season: Season, made: Award, amount: int, folder: Path) -> None:
    report.add_receipt(made.application.ref, "Timber", Pence(amount), clock.today(), None, folder, season.actor("Rita"))
    db.session.rollback()


def queue_of(made: Award) -> list[int]:
    return [line.left for line in desk.to_prepare() if line.award.id == made.id]


def told(season: Season, made: Award) -> None:
    bid = made.application.ref
    report.save(bid, report.of_bid(made.application).version, "Six beds stand.", "", False, season.actor("Rita"))
    report.send(bid, season.actor("Rita"))
    report.accept(bid, season.actor("Olga"))


def arrived(season: Season, made: Award, amount: Pence | None = None) -> None:
    pay.settle(season.released(made, amount).ref, clock.today(), season.actor("Fay"))
    db.session.rollback()


def test_nothing_is_paid_before_a_receipt_and_never_more_than_is_on_them(season: Season, ready: Award, tmp_path: Path) -> None:
    assert queue_of(ready) == []
    with pytest.raises(Refused, match="none waits to be paid back"):
        pay.prepare(ready.ref, None, season.actor("Fay"))
    buy(season, ready, 80_00, tmp_path)
    assert queue_of(ready) == [80_00]
    with pytest.raises(Refused, match="At most £80"):
        pay.prepare(ready.ref, Pence(80_01), season.actor("Fay"))
    arrived(season, ready)
    assert (season.award_now(ready).status, season.award_now(ready).paid) == ("ready_to_pay", 80_00)
    assert queue_of(ready) == []
    buy(season, ready, 300_00, tmp_path)  # more than the grant: the grant is the most
    assert queue_of(ready) == [170_00]
    arrived(season, ready)
    assert season.award_now(ready).status == "reporting"
    told(season, ready)
    assert season.award_now(ready).status == "closed"


def test_what_is_on_its_way_is_not_paid_twice(season: Season, ready: Award, tmp_path: Path) -> None:
    buy(season, ready, 80_00, tmp_path)
    payment = season.released(ready)
    assert queue_of(ready) == []
    with pytest.raises(Refused, match="none waits"):
        pay.prepare(ready.ref, None, season.actor("Olga"))
    pay.bounce(payment.ref, clock.today(), "Account closed", season.actor("Fay"))
    assert queue_of(season.award_now(ready)) == [80_00]


def test_the_rest_returns_when_the_report_is_accepted_and_every_receipt_paid(season: Season, ready: Award, tmp_path: Path) -> None:
    buy(season, ready, 80_00, tmp_path)
    arrived(season, ready, Pence(50_00))
    told(season, ready)
    assert season.award_now(ready).status == "ready_to_pay"
    assert pay.return_unused() == 0  # £30 of receipts wait to be paid back
    arrived(season, season.award_now(ready))
    assert (pay.return_unused(), pay.return_unused()) == (1, 0)
    assert report.close_finished() == 1
    done = season.award_now(ready)
    assert (done.status, done.paid) == ("closed", 80_00)
    assert books.balance(FREE) == 920_00


def test_no_report_without_a_receipt_and_none_waived_while_money_waits(season: Season, ready: Award) -> None:
    bid = ready.application.ref
    report.save(bid, report.of_bid(ready.application).version, "Six beds stand.", "", False, season.actor("Rita"))
    with pytest.raises(Refused, match="Add at least one receipt"):
        report.send(bid, season.actor("Rita"))
    with pytest.raises(Refused, match="not paid yet"):
        report.waive(bid, "They moved away", season.actor("Olga"))


def test_giving_the_grant_back_ends_the_report_and_its_reminders(season: Season, ready: Award) -> None:
    award.withdraw(ready.ref, season.actor("Rita"), "We were lent everything")
    assert report.of_bid(season.award_now(ready).application).status == "waived"
    assert books.balance(FREE) == 1000_00
    with clock.held_at(clock.now().replace(year=clock.now().year + 1)):
        assert report.remind_and_mark_late() == 0


def test_a_receipt_that_is_being_paid_back_stays(season: Season, ready: Award, tmp_path: Path) -> None:
    buy(season, ready, 80_00, tmp_path)
    buy(season, ready, 20_00, tmp_path)
    payment = pay.prepare(ready.ref, Pence(80_00), season.actor("Fay"))
    dear, cheap = (each.id for each in report.of_bid(season.award_now(ready).application).receipts)
    bid = season.award_now(ready).application.ref
    report.remove_receipt(bid, cheap, tmp_path, season.actor("Rita"))
    with pytest.raises(Refused, match="being paid back"):
        report.remove_receipt(bid, dear, tmp_path, season.actor("Rita"))
    pay.cancel(payment, "The sum was wrong", season.actor("Fay"))
    report.remove_receipt(bid, dear, tmp_path, season.actor("Rita"))


def test_no_hand_lets_more_pass_than_stands_on_receipts(season: Season, ready: Award, tmp_path: Path) -> None:
    buy(season, ready, 80_00, tmp_path)
    payment = pay.prepare(ready.ref, None, season.actor("Fay"))
    with transaction():
        db.session.execute(text("DELETE FROM receipt"))
    with pytest.raises(Refused, match="receipts of"):
        pay.approve(payment, season.actor("Olga"))


def test_a_receipt_that_was_paid_back_stays_and_the_page_says_so(app: Flask, season: Season, ready: Award, tmp_path: Path) -> None:
    buy(season, ready, 80_00, tmp_path)
    bid = ready.application.ref
    rita = Inspector(app, budget=30).sign_in(season.who("Rita").id).get(f"/grants/{bid}/report")
    assert "Remove Timber" in rita.text
    pay.settle(season.released(ready).ref, clock.today(), season.actor("Fay"))
    rita.submit("Remove Timber", status=422)  # on a page from before
    assert "“Timber” was paid back, or is being paid back, so it stays." in rita.text
    rita.get(f"/grants/{bid}/report")
    assert "Remove Timber" not in rita.text and "It was paid back, or is being paid back, so it stays." in rita.text
    buy(season, ready, 5_00, tmp_path)
    receipts = report.of_bid(season.award_now(ready).application).receipts
    assert report.paid_back(season.award_now(ready), report.of_bid(season.award_now(ready).application)) == {receipts[0].id}


def test_receipts_of_more_than_was_paid_are_said_so_that_it_makes_sense(app: Flask, season: Season, ready: Award, tmp_path: Path) -> None:
    buy(season, ready, 120_00, tmp_path)
    bid, fay = ready.application.ref, season.actor("Fay")
    pay.settle(season.released(ready, Pence(100_00)).ref, clock.today(), fay)
    rita = Inspector(app, budget=30).sign_in(season.who("Rita").id).get(f"/grants/{bid}/report")
    assert "£120.00 of £250.00 on receipts" in rita.text
    pay.keep_rest(ready.ref, "They gave the rest themselves", fay)
    rita.get(f"/grants/{bid}/report")
    assert "£120.00 on receipts; the grant pays £100.00 of it" in rita.text and "£120.00 of £100.00" not in rita.text
    rita.get(f"/grants/{bid}")
    assert "<dt>Grant offered</dt><dd>£250.00</dd>" in rita.text and "<dt>Grant kept</dt><dd>£100.00</dd>" in rita.text
    rita.get(f"/grants/{bid}/award")
    assert "£100.00<small>for your idea, of £250.00 that were offered" in rita.text
