"""One round of the worker: messages, dates, the nightly check, clearing up."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from portal import clock, once, turns, worker
from portal.config import Settings
from portal.db import db, transaction
from portal.history import SCHEME
from portal.ledger.posting import Line, open_accounts, post
from portal.outbox import Addressee, Message, Text, queue
from portal.people.model import SignInCode

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def settings(app: Flask) -> Settings:
    found = app.extensions["kindling"]
    assert isinstance(found, Settings)
    return found


def say(key: str) -> None:
    with transaction():
        queue(key, Addressee("Maya", "email", "maya@example.org"), Text("a", "b", "c"), about="award:1")


def unsent() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Message.sent_at.is_(None))) or 0


def test_messages_of_the_dates_go_out_in_the_same_round(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def lapse() -> int:
        say(f"lapsed at {clock.now()}")
        return 1

    monkeypatch.setattr(worker, "DUE", [lapse])
    with clock.held_at(NOON):
        say("before")
        worker.run_once(settings(app))
    assert unsent() == 0
    due = turns.last("due")
    assert due is not None and list(due.result["moved"].values()) == [1]
    assert turns.worker_is_alive() is False, "the clock was held in the past"


def test_what_one_date_stumbles_over_does_not_hold_up_the_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        with transaction():
            queue("half", Addressee("Maya", "email", "m@example.org"), Text("a", "b", "c"), about="award:1")
            raise ZeroDivisionError

    def whole() -> int:
        say("whole")
        return 1

    monkeypatch.setattr(worker, "DUE", [broken, whole])
    worker.run_once(settings(app))
    assert list(db.session.scalars(select(Message.key))) == ["whole"]
    due = turns.last("due")
    assert due is not None and len(due.result["stumbled"]) == 1 and "broken" in due.result["stumbled"][0]


def test_the_night_in_london() -> None:
    def night(*when: int) -> datetime:
        return worker.last_night(datetime(*when, tzinfo=UTC))  # type: ignore[arg-type, misc]

    assert night(2026, 1, 10, 2, 0) == datetime(2026, 1, 10, 2, tzinfo=UTC)
    assert night(2026, 1, 10, 1, 59) == datetime(2026, 1, 9, 2, tzinfo=UTC)
    assert night(2026, 7, 10, 1, 0) == datetime(2026, 7, 10, 1, tzinfo=UTC)  # two in the morning, summer time
    assert night(2026, 7, 10, 0, 59) == datetime(2026, 7, 9, 1, tzinfo=UTC)


def book(key: str) -> None:
    with transaction():
        open_accounts([("funder:council", "GBP", "equity", "Council", None, None), ("fund:a:available", "GBP", "asset", "Fund", 0, None)])
        post(
            [Line("funder:council", "fund:a:available", 100_00)],
            key=key,
            kind="contribution",
            about="fund:1",
            sentence="In",
            actor=SCHEME.code,
        )


def test_the_books_are_proved_once_a_night(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []

    def cache() -> list[str]:
        asked.append(clock.now())
        return []

    monkeypatch.setattr(worker, "CACHES", [cache])
    book("contribution:1")
    for hours in (0, 1, 13, 14, 15, 38, 39):  # noon, one, … one and two in the morning (summer time), …
        with clock.held_at(NOON + timedelta(hours=hours)):
            worker.run_once(settings(app))
    assert asked == [NOON, NOON + timedelta(hours=13), NOON + timedelta(hours=38)]
    check = turns.last(turns.LEDGER_CHECK)
    assert check is not None and check.result["ok"] is True and check.result["sums"] == {"GBP": 0}


def test_broken_books_are_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CACHES", [lambda: ["award:1 says £5.00 is paid, the books say £0.00"]])
    worker.run_once(settings(app))
    check = turns.last(turns.LEDGER_CHECK)
    assert check is not None and check.result["ok"] is False
    assert check.result["broken"] == ["award:1 says £5.00 is paid, the books say £0.00"]


def test_old_codes_and_form_keys_are_forgotten(app: Flask) -> None:
    for hours in (25, 23):
        made = NOON - timedelta(hours=hours)
        with clock.held_at(made), transaction():
            once.claim(f"form {hours}")
            db.session.add(
                SignInCode(
                    purpose="sign-in", address="m@example.org", ticket=str(hours), link_hash=str(hours), code_hash="", created_at=made, expires_at=made
                )
            )  # fmt: skip
    with clock.held_at(NOON):
        worker.run_once(settings(app))
    assert list(db.session.scalars(select(SignInCode.ticket))) == ["23"]
    assert set(db.session.scalars(select(once.DoneOnce.key))) == {"form 25", "form 23"}
    with clock.held_at(NOON + timedelta(days=8)):
        worker.run_once(settings(app))
    assert not list(db.session.scalars(select(once.DoneOnce.key)))


def test_a_database_that_stumbles_does_not_end_the_worker(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, rounds = threading.Event(), []

    def round_(*_args: object) -> None:
        rounds.append(1)
        if len(rounds) == 1:
            db.session.execute(text("select * from nowhere"))
        stop.set()

    monkeypatch.setattr(worker, "PAUSE", 0.01)
    monkeypatch.setattr(worker, "_round", round_)
    worker.run(settings(app), stop)
    assert len(rounds) == 2


def test_the_worker_stops_between_two_messages(app: Flask, tmp_path: Path) -> None:
    for number in range(3):
        say(str(number))
    stop = threading.Event()
    stop.set()
    worker._round({}, stop.is_set, timedelta(0), tmp_path)
    assert unsent() == 3
