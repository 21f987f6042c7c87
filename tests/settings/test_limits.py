"""Limits: bounds, what holds from now on, what stays, and the log."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.grants import appeals, apply, rounds
from portal.grants.model import Funder
from portal.history import Actor, events_of
from portal.money import Pence
from portal.settings import limits
from portal.settings.model import BOUNDS
from tests.grants.season import begin

ANYBODY = Actor()


@pytest.fixture
def monday(app: Flask) -> Iterator[None]:
    with clock.held_at(datetime(2026, 6, 1, 9, tzinfo=UTC)):
        yield


def change(limit: limits.Limit, value: int) -> None:
    limits.set_limit(limit.key, value, limits.of(limit), ANYBODY)


def test_each_limit_ships_within_its_bounds() -> None:
    assert set(BOUNDS) == set(limits.LIMITS)
    assert all(each.least <= each.ships <= each.most for each in limits.LIMITS.values())


def test_bounds_conflicts_and_the_way_back(app: Flask) -> None:
    for value in (9, 61):
        with pytest.raises(Refused, match="from 10 working days to 60 working days") as refused:
            change(limits.APPEAL, value)
        assert refused.value.field == "value"
    with pytest.raises(NotFound):
        limits.set_limit("nonsense", 1, 1, ANYBODY)
    change(limits.APPEAL, 30)
    change(limits.APPEAL, 30)
    with pytest.raises(Conflict, match="30 working days now"):
        limits.set_limit("appeal", 25, 20, ANYBODY)
    change(limits.APPEAL, 25)
    change(limits.APPEAL, limits.APPEAL.ships)
    assert not limits.own()
    assert [(each.data["was"], each.data["now"]) for each in events_of("limits")] == [(20, 30), (30, 25), (25, 20)]


def test_the_database_keeps_the_bounds(app: Flask) -> None:
    wrong = [(key, value) for key, (least, most) in BOUNDS.items() for value in (least - 1, most + 1)]
    for key, value in [*wrong, ("nonsense", 10)]:
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text("INSERT INTO scheme_limit (key, value) VALUES (:key, :value)"), {"key": key, "value": value})
    with transaction():
        for key, pair in BOUNDS.items():
            for value in pair:
                db.session.execute(text("DELETE FROM scheme_limit"))
                db.session.execute(text("INSERT INTO scheme_limit (key, value) VALUES (:key, :value)"), {"key": key, "value": value})


def test_a_limit_holds_from_now_on_and_moves_nothing_that_was_told(monday: None) -> None:
    season = begin()
    first, second = season.sent(), season.sent("A bench")
    apply.set_ineligible(first, "That is for another fund.", season.actor("Olga"))
    made = appeals.make(first, "rules", "Nobody read it.", season.actor("Rita"))
    change(limits.APPEAL, 10)
    change(limits.ANSWER, 5)
    before = appeals.letter_of(season.bid(first))
    assert before is not None and before.until == date(2026, 6, 29) and appeals.appeal_by_ref(made).answer_by == date(2026, 6, 15)
    apply.set_ineligible(second, "That is for another fund.", season.actor("Olga"))
    after = appeals.letter_of(season.bid(second))
    assert after is not None and after.until == date(2026, 6, 15)
    assert appeals.appeal_by_ref(appeals.make(second, "rules", "Nor this.", season.actor("Rita"))).answer_by == date(2026, 6, 8)


def test_the_sum_that_needs_two_is_the_scheme_s(monday: None) -> None:
    season = begin()
    funder = db.session.scalars(select(Funder.id)).one()
    change(limits.LARGE, 1_000_00)
    rounds.contribute(season.fund_id, funder, Pence(1_000_00), clock.today(), "", season.actor("Olga"), another=True)
    with pytest.raises(Refused, match="needs a second person"):
        rounds.contribute(season.fund_id, funder, Pence(1_000_01), clock.today(), "", season.actor("Olga"))
