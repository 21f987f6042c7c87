"""No money is locked for ever: an accepted grant of which nothing came is ended by two people, and the rest of a refunded one goes back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.front.queries import Job, waiting_at_desk
from portal.grants import award, ending, pay, report
from portal.grants.model import Award, Ending
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import messages_about
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin

FREE = "fund:small-sparks:available"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def part_paid_and_all_back(season: Season) -> Award:
    made = season.ready()
    pay.settle(season.released(made, Pence(100_00)).ref, clock.today(), season.actor("Fay"))
    pay.refund(made.ref, Pence(100_00), clock.today(), "It was called off", season.actor("Fay"))
    return season.award_now(made)


def test_the_rest_of_a_grant_whose_payments_all_came_back(season: Season) -> None:
    made = part_paid_and_all_back(season)
    assert (made.status, made.paid, books.balance(award.payable(made))) == ("ready_to_pay", 0, 150_00)
    with pytest.raises(Refused, match="Give the rest back"):
        ending.ask(made.ref, "Called off", season.actor("Olga"))
    pay.keep_rest(made.ref, "It was called off", season.actor("Olga"))
    made = season.award_now(made)
    assert (made.status, books.balance(FREE)) == ("returned", 1000_00)
    assert "went back into the fund" in messages_about(f"bid:{made.application_id}")[0].subject
    with pytest.raises(Refused):
        pay.keep_rest(made.ref, "Again", season.actor("Olga"))


def test_the_page_offers_it(app: Flask, season: Season) -> None:
    made = part_paid_and_all_back(season)
    fay = Inspector(app, budget=40).sign_in(season.who("Fay").id).get(f"/finance/awards/{made.ref}")
    fay.submit("Give the rest back to the fund", rest_reason="Called off").follow()
    assert "Given back" in fay.text and season.award_now(made).status == "returned"


def test_a_report_on_receipts_goes_with_the_rest(season: Season) -> None:
    made = season.ready(season.sent(route="receipts"))
    report.add_receipt(made.application.ref, "Soil", Pence(40_00), None, None, None, season.actor("Rita"))  # type: ignore[arg-type]
    pay.settle(season.released(season.award_now(made)).ref, clock.today(), season.actor("Fay"))
    pay.refund(made.ref, Pence(40_00), clock.today(), "Soil went back to the shop", season.actor("Fay"))
    pay.keep_rest(made.ref, "Called off", season.actor("Olga"))
    assert season.award_now(made).status == "returned" and report.of_bid(season.bid(made.application.ref)).status == "waived"


@pytest.mark.parametrize("conditions", [(), ("Insurance",)])
def test_whoever_says_yes_and_is_silent(season: Season, conditions: tuple[str, ...]) -> None:
    made = season.offered(conditions=conditions)
    with pytest.raises(Refused, match="lapses by itself"):
        ending.ask(made.ref, "They are silent", season.actor("Olga"))
    award.accept(made.ref, season.actor("Rita"))
    with clock.held_at(clock.now() + timedelta(days=200)):
        with pytest.raises(Refused, match="Write why"):
            ending.ask(made.ref, "", season.actor("Olga"))
        ending.ask(made.ref, "We wrote three times and rang twice.", season.actor("Olga"))
        ending.ask(made.ref, "We wrote three times and rang twice.", season.actor("Olga"))
        with pytest.raises(Refused, match="Olga has asked"):
            ending.ask(made.ref, "Silent", season.actor("Fay"))
        with pytest.raises(Refused, match="second person"):
            ending.end(made.ref, season.actor("Olga"))
        ending.end(made.ref, season.actor("Otto"))
        ending.end(made.ref, season.actor("Otto"))
        with pytest.raises(Refused, match="Nobody asks"):
            ending.end(made.ref, season.actor("Fay"))
    made = season.award_now(made)
    assert (made.status, made.application.status, books.balance(FREE)) == ("lapsed", "lapsed", 1000_00)
    assert "rang twice" in messages_about(f"bid:{made.application_id}")[0].body
    assert award.offer_reserves() == 0
    with pytest.raises(Refused, match="ended already"):
        ending.cancel(made.ref, season.actor("Olga"))


def test_going_on_after_all_and_payments_in_hand(season: Season) -> None:
    made = season.ready()
    payment = pay.prepare(made.ref, None, season.actor("Fay"))
    ending.ask(made.ref, "Silent", season.actor("Olga"))
    ending.cancel(made.ref, season.actor("Otto"))
    ending.cancel(made.ref, season.actor("Otto"))
    with pytest.raises(Refused, match="Nobody asks"):
        ending.end(made.ref, season.actor("Otto"))
    ending.ask(made.ref, "Silent", season.actor("Otto"))
    pay.approve(payment, season.actor("Olga"))
    pay.release_run([payment], season.actor("Otto"))
    with pytest.raises(Refused, match="on its way"):
        ending.end(made.ref, season.actor("Olga"))
    pay.bounce(payment, clock.today(), "No such account", season.actor("Fay"))
    second = pay.prepare(made.ref, None, season.actor("Fay"))
    ending.end(made.ref, season.actor("Olga"))
    assert pay.payment_by_ref(second).status == "cancelled" and season.award_now(made).status == "lapsed"


def test_nobody_ends_their_own_and_the_database_wants_two(season: Season) -> None:
    made = season.ready(season.sent(by="Fay"))
    with pytest.raises(Refused, match="your own"):
        ending.ask(made.ref, "x", season.actor("Fay"))
    ending.ask(made.ref, "x", season.actor("Olga"))
    for act in (ending.end, ending.cancel):
        with pytest.raises(Refused, match="your own"):
            act(made.ref, season.actor("Fay"))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE ending SET ended_by_id = asked_by_id"))
    with pytest.raises(IntegrityError), transaction():
        first = db.session.query(Ending).one()
        db.session.add(Ending(award_id=first.award_id, reason="x", asked_by_id=first.asked_by_id, asked_at=clock.now()))


def test_two_people_on_the_pages(app: Flask, season: Season) -> None:
    made = season.offered(conditions=("Insurance",))
    award.accept(made.ref, season.actor("Rita"))
    olga = Inspector(app, budget=40).sign_in(season.who("Olga").id)
    assert made.ref in olga.get("/finance/").text, "what waits for a condition is listed"
    olga.get(f"/finance/awards/{made.ref}").get(f"/finance/awards/{made.ref}/end")
    olga.submit("Ask a second person", status=422)
    olga.submit("Ask a second person", reason="They moved away.").follow()
    assert "waits for a second person" in olga.text
    olga.get(f"/finance/awards/{made.ref}/end")
    assert "End it now" not in olga.text
    db.session.rollback()
    assert any(line.what.startswith("grant to end") for line in waiting_at_desk(Job(officer=True, finance=False)))
    otto = Inspector(app, budget=40).sign_in(season.who("Otto").id).get("/finance/")
    assert f"/finance/awards/{made.ref}/end" in set(otto.links())
    with clock.held_at(clock.now() + timedelta(minutes=30)):
        otto.get(f"/finance/awards/{made.ref}/end").submit("End it now")
        assert otto.location.startswith("/people/prove"), "whoever releases money proves who they are"
    otto.get(f"/finance/awards/{made.ref}/end").submit("End it now").follow()
    assert season.award_now(made).status == "lapsed"
    rita = Inspector(app, budget=40).sign_in(season.who("Rita").id).get(f"/grants/{made.application.ref}")
    assert "The grant was ended before it was paid" in rita.text
    for reader, page in ((rita, f"/grants/{made.application.ref}/award"), (otto, f"/finance/awards/{made.ref}")):
        assert "Ended before it was paid" in reader.get(page).text and "not taken up in time" not in reader.text
