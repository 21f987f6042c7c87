"""The day before a booking: one reminder in waking hours, and a file for the calendar."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.outbox import Message
from portal.timebank import spend
from portal.worker import DUE
from tests.client import Inspector
from tests.timebank.pool import FRIDAY, TOMORROW, WEDNESDAY, Pool, on, open_pool


@pytest.fixture
def pool(app: Flask) -> Any:
    with clock.held_at(WEDNESDAY):
        yield open_pool()


def reminders() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).where(Message.key.contains(":tomorrow:")).order_by(Message.id)))


def test_once_on_the_day_before(pool: Pool) -> None:
    offer = pool.open()
    pool.book(offer, "Maya", FRIDAY)
    pool.book(offer, "Idris", TOMORROW)
    assert spend.remind_tomorrow() == 0, "Friday is not tomorrow, and what was booked today needs no reminder"
    with on(TOMORROW, 10):
        assert (spend.remind_tomorrow(), spend.remind_tomorrow()) == (1, 0)
    [told] = reminders()
    assert (
        told.to_name == "Maya" and told.subject == "Tomorrow: A swim in the quiet hours" and "/timebank/spend/bookings/BKG-" in told.short
    )
    assert spend.remind_tomorrow in DUE


def test_nobody_is_woken(pool: Pool) -> None:
    pool.book(pool.open(), "Maya", FRIDAY)
    with on(TOMORROW, 21):
        assert spend.remind_tomorrow() == 0 and not reminders()
    with on(TOMORROW, 3):
        assert spend.remind_tomorrow() == 1
    assert reminders()[0].due_at == datetime(2026, 6, 4, 8, tzinfo=UTC), "nine o'clock in London"


def test_not_of_what_was_given_back_and_not_by_letter(pool: Pool) -> None:
    pool.bank.join("Petra", email=None, postal="1 Larch Court")
    offer = pool.open()
    spend.cancel(pool.book(offer, "Maya", FRIDAY), pool.bank.who("Maya"))
    pool.book(offer, "Petra", FRIDAY)
    with on(TOMORROW, 10):
        assert spend.remind_tomorrow() == 0 and not reminders()


def test_the_calendar(pool: Pool, app: Flask) -> None:
    ref = pool.book(pool.open(), "Maya", FRIDAY)
    maya = Inspector(app, 8).sign_in(pool.bank.who("Maya").id)
    page = maya.get(f"/timebank/spend/bookings/{ref}")
    assert f"/timebank/spend/bookings/{ref}.ics" in list(page.links())
    text = maya.get(f"/timebank/spend/bookings/{ref}.ics").text.replace("\r\n ", "")
    assert "DTSTART:20260605T090000Z" in text and "DTEND:20260605T140000Z" in text and "STATUS:CONFIRMED" in text
    assert "SUMMARY:A swim in the quiet hours (Blackshots pool)" in text and "LOCATION:Blackshots Lane" in text
    spend.cancel(ref, pool.bank.who("Maya"))
    gone = maya.get(f"/timebank/spend/bookings/{ref}.ics").text
    assert "METHOD:CANCEL" in gone and "SEQUENCE:1" in gone
    Inspector(app, 8).sign_in(pool.bank.who("Idris").id).get(f"/timebank/spend/bookings/{ref}.ics", status=404)
