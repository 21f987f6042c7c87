"""The second sending of a form gets the first result."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from portal import clock, once
from portal.db import db, transaction
from portal.errors import Refused


def test_the_second_gets_the_first_result(app: Flask) -> None:
    with transaction():
        assert once.claim("form:1") is None
        once.keep("form:1", "/grants/SPK-1")
    with transaction():
        assert once.claim("form:1") == "/grants/SPK-1"
        assert once.claim("form:2") is None


def test_what_was_refused_may_be_sent_again(app: Flask) -> None:
    with pytest.raises(Refused), transaction():
        once.claim("form:1")
        raise Refused("a name is missing")
    with transaction():
        assert once.claim("form:1") is None


def test_a_double_tap_waits_for_the_first(app: Flask) -> None:
    inside, results = threading.Event(), []

    def second() -> None:
        with app.app_context():
            inside.wait(10)
            with transaction():
                results.append(once.claim("form:1"))
            db.session.remove()

    tap = threading.Thread(target=second)
    tap.start()
    with transaction():
        assert once.claim("form:1") is None
        inside.set()
        tap.join(0.5)
        assert tap.is_alive() and not results, "it did not wait"
        once.keep("form:1", "done")
    tap.join(20)
    assert results == ["done"]


def test_old_keys_are_forgotten(app: Flask) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    for days in (8, 1):
        with clock.held_at(now - timedelta(days=days)), transaction():
            once.claim(f"{days} days old")
    with transaction():
        once.forget_before(now - timedelta(days=7))
    with transaction():
        assert once.claim("8 days old") is None
        assert once.claim("1 days old") == ""
