"""A question to an applicant has a day: a reminder, and after it the idea goes on. Nobody waits for ever."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.front.queries import Job, waiting_at_desk
from portal.grants import apply, asked, decide, rounds
from portal.outbox import messages_about
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def asked_about(season: Season, days: int) -> str:
    ref = season.sent()
    apply.ask_more(ref, ["idea"], "Whose pump is it?", clock.today() + timedelta(days=days), season.actor("Olga"))
    return ref


def test_a_reminder_and_then_it_goes_on(app: Flask, season: Season) -> None:
    ref = asked_about(season, 7)
    assert asked.remind() == asked.end() == 0
    assert any("waits for an answer" in line.what for line in waiting_at_desk(Job(officer=True, finance=False)))
    with clock.held_at(clock.now() + timedelta(days=5)):
        assert (asked.remind(), asked.remind(), asked.end()) == (1, 0, 0)
        assert "Whose pump is it?" in messages_about(f"bid:{season.bid(ref).id}")[0].body
    with clock.held_at(clock.now() + timedelta(days=7)):
        assert asked.end() == 0, "the day is theirs"
    with clock.held_at(clock.now() + timedelta(days=8)):
        assert (asked.remind(), asked.end(), asked.end()) == (0, 1, 0)
        assert season.bid(ref).status == "sent" and "goes on as it is" in messages_about(f"bid:{season.bid(ref).id}")[0].subject
        rita = Inspector(app, budget=40).sign_in(season.who("Rita").id).get(f"/grants/{ref}")
        assert "not answered in time" in rita.text
        assert "Whose pump" not in rita.get(f"/grants/{ref}/check").text
        apply.ask_more(ref, ["idea"], "And whose key?", clock.today() + timedelta(days=2), season.actor("Olga"))
        assert asked.remind() == 0, "not on the day of the question"
        apply.answer_more(ref, season.bid(ref).version, season.actor("Rita"))
        decide.put_to_panel(ref, season.actor("Olga"))
    with clock.held_at(clock.now() + timedelta(days=30)):
        assert asked.remind() == asked.end() == 0


def test_more_time_of_their_own_counts(app: Flask) -> None:
    season = begin(rolling=False)
    ref = asked_about(season, 3)
    rounds.extend(season.round_ref, clock.now() + timedelta(days=20), "Ill", season.actor("Olga"), season.bid(ref).id)
    with clock.held_at(clock.now() + timedelta(days=19)):
        assert asked.end() == 0
    with clock.held_at(clock.now() + timedelta(days=21)):
        assert asked.end() == 1
