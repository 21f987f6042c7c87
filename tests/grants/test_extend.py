"""More time, for everybody or for one: who is not done hears of it, once, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal import clock
from portal.errors import Refused
from portal.grants import apply, rounds
from portal.outbox import messages_about
from tests.client import Inspector
from tests.grants.season import Season, begin


@pytest.fixture
def season(app: Flask) -> Season:
    return begin(rolling=False)


def draft(season: Season, by: str) -> str:
    return apply.start(season.round_ref, season.who(by).id, season.actor(by))


def told(season: Season, ref: str) -> list[str]:
    return [message.key for message in messages_about(f"bid:{season.bid(ref).id}") if message.key.startswith("extension:")]


def test_everybody_who_has_not_sent_hears_of_a_later_day(season: Season) -> None:
    sent, writing = season.sent(), draft(season, "Rob")
    later = clock.now() + timedelta(days=20)
    rounds.extend(season.round_ref, later, "The hall was closed", season.actor("Olga"))
    assert season.bid(sent).round.closes_at == later
    assert (len(told(season, writing)), told(season, sent)) == (1, [])


def test_one_idea_gets_more_time_by_its_reference(app: Flask, season: Season) -> None:
    one, other = draft(season, "Rob"), draft(season, "Rosa")
    olga = Inspector(app).sign_in(season.who("Olga").id)
    olga.get(f"/desk/rounds/{season.round_ref}")
    olga.get(f"/desk/extend?ref={one.lower()}", status=303).follow()
    day = clock.today() + timedelta(days=20)
    typed: dict[str, Any] = {"until_day": str(day.day), "until_month": str(day.month), "until_year": str(day.year)}
    olga.submit("Give more time", status=422, **typed)
    assert "Write why" in olga.text
    olga.submit("Give more time", reason="Her phone broke", **typed).follow()
    assert (len(told(season, one)), told(season, other)) == (1, [])
    olga.get("/desk/extend?ref=SPK-2222-2222", status=404)


def test_no_more_time_for_what_is_decided(season: Season) -> None:
    ref = season.sent()
    apply.withdraw(ref, "Moved away", season.actor("Rita"))
    with pytest.raises(Refused, match="does not help"):
        rounds.extend(season.round_ref, clock.now() + timedelta(days=20), "Why not", season.actor("Olga"), season.bid(ref).id)
