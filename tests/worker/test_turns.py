"""Whose turn it is: one worker's, and nobody's when it was done."""

from datetime import UTC, datetime, timedelta

from flask import Flask

from portal import clock, turns
from portal.db import db

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PATIENCE = timedelta(minutes=10)


def take(at: datetime, since: datetime = NOON) -> bool:
    db.session.remove()
    with clock.held_at(at):
        return turns.take("due", unless_done_since=since, patience=PATIENCE)


def finish(at: datetime, **result: object) -> None:
    with clock.held_at(at):
        turns.finish("due", result)


def test_one_takes_the_turn_the_other_goes_on(app: Flask) -> None:
    assert take(NOON) is True
    assert take(NOON) is False
    assert take(NOON + timedelta(minutes=9)) is False


def test_done_is_done_until_it_is_due_again(app: Flask) -> None:
    assert take(NOON)
    finish(NOON + timedelta(seconds=5), moved=3)
    assert take(NOON + timedelta(seconds=6)) is False
    assert take(NOON + timedelta(minutes=1), since=NOON + timedelta(seconds=1)) is True
    last = turns.last("due")
    assert last is not None and last.result == {"moved": 3} and last.done_at == NOON


def test_a_worker_that_died_in_its_turn_is_given_up(app: Flask) -> None:
    assert take(NOON)
    assert take(NOON + PATIENCE) is True
    assert take(NOON + PATIENCE) is False


def test_the_heartbeat(app: Flask) -> None:
    with clock.held_at(NOON):
        assert turns.worker_is_alive() is False
        turns.beat()
        assert turns.worker_is_alive() is True
    db.session.remove()
    with clock.held_at(NOON + turns.ALIVE + timedelta(seconds=1)):
        assert turns.worker_is_alive() is False
        turns.beat()
        db.session.remove()
        assert turns.worker_is_alive() is True
