"""More time, for everybody or for one: who is not done hears of it, once, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal import clock
from portal.db import transaction
from portal.errors import Refused
from portal.grants import apply, decide, rounds
from portal.grants.rules import SECTIONS
from portal.money import Pence
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


def test_their_own_time_counts_while_the_others_are_with_the_panel(season: Season) -> None:
    sent, late = season.sent(), season.sent("Later", by="Rob")
    writing = draft(season, "Rosa")
    until = clock.now() + timedelta(days=20)
    for ref in (late, writing):
        rounds.extend(season.round_ref, until, "Ill", season.actor("Olga"), season.bid(ref).id)
    with clock.held_at(clock.now() + timedelta(days=12)):
        rounds.move_rounds()
        season.decided(sent)
        decide.write_letter(sent, "Lovely.", (), None, season.actor("Olga"))
        assert apply.sections_open(season.bid(late)) == SECTIONS and apply.sections_open(season.bid(sent)) == ()
        apply.save(late, season.bid(late).version, "idea", {"title": "Later and better"}, season.actor("Rob"))
        apply.withdraw(late, "", season.actor("Rob"))
        with pytest.raises(Refused, match="has more time until"):
            decide.prepare_release(season.round_ref, [], season.actor("Olga"))
        filled = {
            name: getattr(season.bid(sent), name) for name in apply.content(season.bid(sent)) if name not in ("lines", "organisation_id")
        }
        version = apply.save(
            writing, 1, "idea", filled | {"title": "A bench"}, season.actor("Rosa"), lines=[apply.Line("Wood", Pence(100_00))]
        )
        apply.send(writing, version, season.actor("Rosa"), sure=True)
        assert season.bid(writing).status == "sent"
    with clock.held_at(until + timedelta(minutes=1)):
        assert apply.sections_open(season.bid(writing)) == ()
        season.decided(writing, "no")
        decide.write_letter(writing, "Not here.", (), None, season.actor("Olga"))
        assert decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto")) == 2


def test_a_release_waits_no_longer_than_their_time(season: Season) -> None:
    sent, writing = season.sent(), draft(season, "Rosa")
    rounds.extend(season.round_ref, clock.now() + timedelta(days=20), "Ill", season.actor("Olga"), season.bid(writing).id)
    with clock.held_at(clock.now() + timedelta(days=21)):
        rounds.move_rounds()
        season.decided(sent)
        decide.write_letter(sent, "Lovely.", (), None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))
        assert season.bid(sent).status == "offered"


def test_more_time_that_would_open_nothing(season: Season) -> None:
    ref = season.sent()
    with pytest.raises(Refused, match="no time to decide before"):
        rounds.extend(season.round_ref, clock.now() + timedelta(days=60), "Ill", season.actor("Olga"), season.bid(ref).id)
    with transaction():
        apply.locked(ref).status = "with_panel"
    with pytest.raises(Refused, match="Take it back first"):
        rounds.extend(season.round_ref, clock.now() + timedelta(days=20), "Ill", season.actor("Olga"), season.bid(ref).id)
