"""What happened with a grant: three taps, nothing lost, unspent money back, the next rung open."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.grants import apply, match, pay, queries, report
from portal.grants.model import Award, Report
from portal.history import Actor, events_of
from portal.ledger import queries as books
from portal.money import Minutes, Pence
from portal.outbox import messages_about
from portal.work import actions as work
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin

FREE = "fund:small-sparks:available"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


@pytest.fixture
def paid(season: Season) -> Award:
    payment = season.released(season.ready())
    pay.settle(payment.ref, clock.today(), season.actor("Fay"))
    db.session.rollback()
    return db.session.get_one(Award, payment.award_id)


def held(made: Award) -> Report:
    db.session.rollback()
    return report.of_bid(db.session.get_one(Award, made.id).application)


def bought(season: Season, made: Award, amount: int, folder: Path) -> None:
    report.add_receipt(made.application.ref, "Timber", Pence(amount), clock.today(), None, folder, season.actor("Rita"))
    db.session.rollback()


def told(season: Season, made: Award, words: str = "Six beds stand.") -> None:
    bid = made.application.ref
    report.save(bid, held(made).version, words, "We meet.", True, season.actor("Rita"))
    report.send(bid, season.actor("Rita"))
    db.session.rollback()


def test_three_taps_on_a_phone_with_a_running_total(app: Flask, season: Season, paid: Award) -> None:
    bid = paid.application.ref
    rita = Inspector(app, budget=40).sign_in(season.who("Rita").id).get(f"/grants/{bid}/report")
    assert "£0.00 of £250.00 on receipts" in rita.text
    rita.submit("Add this receipt", r_what="Timber", r_amount="lots", status=422)
    assert 'value="lots"' in rita.text and "like 45 or 45.50" in rita.text
    rita.submit("Add this receipt", r_what="Timber", r_amount="237.66").follow()
    assert "£237.66 of £250.00 on receipts" in rita.text and "£12.34 are not on a receipt yet" in rita.text
    rita.submit("Send it", happened="", status=422)
    rita.submit("Save and go on later", happened="Six beds")
    rita.get(f"/grants/{bid}/report")
    assert "Six beds</textarea>" in rita.text
    rita.submit("Send it", happened="Six beds stand", may_publish="y").follow()
    assert "Your story" in rita.text
    rita.get(f"/grants/{bid}/report")
    assert "It is with us" in rita.text and "Add this receipt" not in rita.text


def test_hours_of_somebody_who_is_not_in_the_list(app: Flask, season: Season, paid: Award) -> None:
    """They came from the timebank: the report counts them, and the desk sees that they wait."""
    bid = paid.application.ref
    with clock.held_at(clock.start_of_day(paid.first_day) + timedelta(hours=12)):
        with transaction():
            row = work.log_hours(f"award:{paid.id}", "person:99", "Elsie Reyes", clock.today(), Minutes(90), "", "person:99")
            ref = row.ref
        olga = Inspector(app, budget=40).sign_in(season.who("Olga").id).get(f"/desk/reports/{bid}")
        assert "1 h 30 min that neighbours gave wait for a second person" in olga.text
        match.check(bid, ref, season.actor("Olga"))
        rita = Inspector(app, budget=40).sign_in(season.who("Rita").id).get(f"/grants/{bid}/report")
        assert "Elsie Reyes: from the timebank" in rita.text and "Checked: 1 h 30 min of about" in rita.text


def test_before_the_money_there_is_nothing_to_tell(season: Season) -> None:
    made = season.ready()
    with pytest.raises(NotFound, match="begins when the money has arrived"):
        report.of_bid(made.application)


def test_what_is_wrong_with_a_receipt_is_said(season: Season, paid: Award, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="sum that stands"):
        bought(season, paid, 0, tmp_path)
    with pytest.raises(Refused, match="still ahead"):
        report.add_receipt(
            paid.application.ref, "Timber", Pence(1), clock.today() + timedelta(days=1), None, tmp_path, season.actor("Rita")
        )
    with pytest.raises(Refused, match="at least one receipt"):
        told(season, paid)


def test_two_phones_do_not_overwrite_each_other(season: Season, paid: Award) -> None:
    bid, version = paid.application.ref, held(paid).version
    report.save(bid, version, "From here", "", False, season.actor("Rita"))
    with pytest.raises(Conflict):
        report.save(bid, version, "From there", "", False, season.actor("Rita"))
    assert held(paid).happened == "From here"


def test_all_spent_it_closes_and_the_next_rung_opens(season: Season, paid: Award, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="up to £250"):
        season.sent("A larger idea", asked=500_00)
    bought(season, paid, 250_00, tmp_path)
    told(season, paid)
    report.send(paid.application.ref, season.actor("Rita"))  # a second tap
    with pytest.raises(Refused, match="your own"):
        report.accept(paid.application.ref, season.actor("Rita"))
    report.accept(paid.application.ref, season.actor("Olga"))
    assert season.award_now(paid).status == "closed"
    with pytest.raises(Refused):
        report.accept(paid.application.ref, season.actor("Otto"))
    closed = [each for each in messages_about(f"bid:{paid.application_id}") if each.key == f"award:{paid.id}:closed"]
    assert len(closed) == 1 and "£500" in closed[0].body


def test_what_is_not_spent_comes_back_before_it_closes(season: Season, paid: Award, tmp_path: Path) -> None:
    bought(season, paid, 237_66, tmp_path)
    told(season, paid)
    report.accept(paid.application.ref, season.actor("Olga"))
    assert (season.award_now(paid).status, report.close_finished()) == ("reporting", 0)
    pay.refund(paid.ref, Pence(12_34), clock.today(), "Timber was cheaper", season.actor("Fay"))
    assert (report.close_finished(), report.close_finished()) == (1, 0)
    assert (season.award_now(paid).status, season.award_now(paid).paid) == ("closed", 237_66)
    assert books.balance(FREE) == 1000_00 - 237_66


def test_one_more_question_opens_it_again(season: Season, paid: Award, tmp_path: Path) -> None:
    bought(season, paid, 250_00, tmp_path)
    told(season, paid)
    with pytest.raises(Refused, match="sent already"):
        bought(season, paid, 1_00, tmp_path)
    report.ask_more(paid.application.ref, "How many came?", season.actor("Olga"))
    told(season, paid, "Six beds stand, forty people came.")
    assert held(paid).happened.endswith("came.")


def test_reminded_a_week_before_on_the_day_and_after_each_once_and_late_is_late(season: Season, paid: Award) -> None:
    due = paid.report_due
    reminders = []
    for days in (-8, -7, -7, 0, 0, 1, 7, 7, 30):
        with clock.held_at(clock.start_of_day(due + timedelta(days=days)) + timedelta(hours=9)):
            report.remind_and_mark_late()
        keys = {each.key for each in messages_about(f"bid:{paid.application_id}") if each.key.startswith("report:")}
        reminders.append((days, len(keys), held(paid).status))
    assert reminders == [
        (-8, 0, "due"), (-7, 1, "due"), (-7, 1, "due"), (0, 2, "due"), (0, 2, "due"), (1, 2, "late"), (7, 3, "late"), (7, 3, "late"), (30, 3, "late"),
    ]  # fmt: skip


def test_let_go_with_a_reason_that_is_kept(season: Season, paid: Award) -> None:
    with pytest.raises(Refused, match="Write why"):
        report.waive(paid.application.ref, "", season.actor("Olga"))
    report.waive(paid.application.ref, "They moved away", Actor(season.who("Olga").id))
    assert (season.award_now(paid).status, held(paid).status, held(paid).officer_note) == ("closed", "waived", "They moved away")


def test_what_the_council_bought_is_not_asked_back(season: Season) -> None:
    made = season.ready(season.sent(route="council_buys"))
    pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
    told(season, made)
    assert report.owed(season.award_now(made), held(made)) == 0
    report.accept(made.application.ref, season.actor("Olga"))
    assert season.award_now(made).status == "closed", "the council holds nothing of ours"
    assert not [each for each in messages_about(f"bid:{made.application_id}") if "send them back" in each.body]


def test_a_late_report_stays_late_until_it_is_sent(season: Season, paid: Award) -> None:
    bid = paid.application.ref
    with clock.held_at(clock.now() + timedelta(days=200)):
        for words in ("One", "One and two"):
            report.remind_and_mark_late()
            report.save(bid, held(paid).version, words, "", False, season.actor("Rita"))
            assert held(paid).status == "late"
        kinds = [event.kind for event in events_of(f"report:{held(paid).id}")]
        assert kinds.count("late") == 1 and "started" not in kinds
        report.add_receipt(bid, "Timber", Pence(250_00), None, None, Path(), season.actor("Rita"))
        report.send(bid, season.actor("Rita"))
        assert held(paid).status == "sent"


def closed_after(season: Season, title: str, promised: int, given: int, *, waived: bool = False) -> str:
    """A grant from the idea to its end, with hours of a neighbour; returns the bid's reference."""
    ref = season.sent(title)
    match.invite(ref, "Nell", ("email", "nell@example.org"), season.actor("Rita"))
    token = match.token_of(queries.pledges_of(season.bid(ref).id)[0])
    match.say_yes(token, "hours", Minutes(promised), Minutes(0), 0, "")
    made = season.ready(ref)
    pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
    with clock.held_at(clock.now() + timedelta(days=40)):
        if given:
            match.check(ref, match.did_it(token, clock.today(), Minutes(given), "dug"), season.actor("Rita"))
        if waived:
            report.waive(ref, "They moved away", season.actor("Olga"))
        else:
            report.add_receipt(ref, "Timber", Pence(250_00), None, None, Path(), season.actor("Rita"))
            report.save(ref, held(made).version, "It stands.", "", False, season.actor("Rita"))
            report.send(ref, season.actor("Rita"))
            report.accept(ref, season.actor("Olga"))
    assert season.award_now(made).status == "closed"
    return ref


@pytest.mark.parametrize(("given", "waived", "most"), [(300, False, 500_00), (285, False, 250_00), (0, False, 250_00), (600, True, 250_00)])
def test_the_next_rung_opens_for_a_report_and_half_of_the_hours(app: Flask, season: Season, given: int, waived: bool, most: int) -> None:
    ref = closed_after(season, "First", 600, given, waived=waived)
    assert queries.most_for(season.bid(ref)) == most
    words = f"up to £{most // 100}"
    rita = Inspector(app, budget=40).sign_in(season.who("Rita").id).get(f"/grants/{ref}")
    assert words in rita.text and words in messages_about(f"bid:{season.bid(ref).id}")[0].body
    new = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
    assert f"£50 to £{most // 100}" in rita.get(f"/grants/{new}/money").text
