"""The demo is alive on any day: every state of every object is there, the books are right, and a seed says all of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock, worker
from portal.db import Base, db
from portal.demo import bulk, ground
from portal.demo.story import Story
from portal.events.model import Gathering
from portal.exports import filters, packs, register
from portal.gifts import model as gifts_model
from portal.gifts import rules as gifts_rules
from portal.gifts import talks_model as gift_talks
from portal.grants import model
from portal.history import Event
from portal.ledger import checks, export
from portal.outbox import Message
from portal.panels.model import CHOICES, Interest, Vote
from portal.timebank import model as timebank
from portal.timebank import posts_model, spend_model
from portal.timebank.sessions_model import TimeSession
from tests.conftest import Store
from tests.grants.season import begin

DAYS = {
    "a leap day": datetime(2028, 2, 29, 11, tzinfo=UTC),
    "the last hour of a year": datetime(2026, 12, 31, 23, 35, tzinfo=UTC),
    "the night when the clocks go forward": datetime(2030, 3, 31, 0, 59, tzinfo=UTC),
}
STATES: list[tuple[type[Base], tuple[str, ...]]] = [
    (model.Round, model.ROUND_STATES),
    (model.Application, model.BID_STATES),
    (model.Pledge, model.PLEDGE_STATES),
    (model.Award, tuple(state for state in model.AWARD_STATES if state != "paid")),  # for a moment only: the report opens with it
    (model.Payment, model.PAYMENT_STATES),
    (model.Report, model.REPORT_STATES),
    (model.Appeal, model.APPEAL_STATES),
    (model.Delivery, model.DELIVERY_STATES),
    (timebank.Member, timebank.MEMBER_STATES),
    (timebank.Exchange, timebank.EXCHANGE_STATES),
    (posts_model.Post, ("open", "paused", "expired", "met", "ended", "hidden")),
    (posts_model.Promise, ("proposed", "agreed", "cancelled", "kept", "missed")),
    (gifts_model.GiftPost, tuple(gifts_rules.STATE_NAMES)),
    (gift_talks.GiftPromise, ("promised", "handed", "missed", "let_go")),
    (TimeSession, ("open", "closed", "cancelled")),
    (Gathering, ("held", "open", "refused", "cancelled")),
    (spend_model.SpendOffer, spend_model.OFFER_STATES),
    (spend_model.SpendBooking, spend_model.BOOKING_STATES),
]


def tell(home: Path, at: datetime) -> None:
    with clock.held_at(at):
        Story(7, home, lambda _line: None).tell()


def missing() -> list[str]:
    """States that no object is in, and choices that nobody made."""
    found = []
    for table, states in STATES:
        there = set(db.session.scalars(select(table.status).distinct()))  # type: ignore[attr-defined]
        found += [f"{table.__name__} {state}" for state in states if state not in there]
    there = set(db.session.scalars(select(Vote.choice).distinct()))
    found += [f"vote {choice}" for choice in CHOICES if choice not in there]
    there = set(db.session.scalars(select(model.Appeal.outcome).distinct()))
    found += [f"appeal {outcome}" for outcome in model.APPEAL_OUTCOMES if outcome not in there]
    if db.session.scalar(select(func.count()).where(Interest.tie != "none")) == 0:
        found.append("a declared tie")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # the same story on either engine
@pytest.mark.parametrize("day", DAYS)
def test_the_demo_lives_on_any_day(app: Flask, tmp_path: Path, day: str) -> None:
    tell(tmp_path, DAYS[day])
    with clock.held_at(DAYS[day]):
        assert missing() == []
        report = checks.check(caches=worker.CACHES)
        assert report.ok, report.broken
        latest = db.session.scalars(select(Event.at).order_by(Event.at.desc()).limit(40)).all()
        assert latest[0] <= DAYS[day] and latest[-1] > DAYS[day] - timedelta(days=10), "something happened these days"
        assert not db.session.scalar(select(func.count()).where(Message.created_at > DAYS[day]))
        assert ground.standing() == "whole"
        first_minute = worker._due(lambda: False)
    assert first_minute == {"moved": {}, "stumbled": []}, "a demo that stands still until somebody does something"


def said(home: Path) -> dict[str, bytes]:
    """Register and exports, byte by byte."""
    found = {}
    for name in packs.EXPORTS:
        for year in ("2026-27", "2027-28"):
            usual = [basis for basis in packs.EXPORTS[name].bases if basis in filters.BASES]  # hours have a day of their own
            about = packs.write(name, "csv", filters.of_year(year, *usual[:1]), home, "test")
            found[f"{name} {year}"] = (home / about["file"]).read_bytes()
    found["books"] = "".join(sorted(export.lines("hledger"))).encode()  # of one instant, the order is chance
    page = register.search(register.Asked(), limit=100)
    found["register"] = repr(page).encode()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_seed_says_it_all(store: Store, tmp_path: Path) -> None:
    at = DAYS["a leap day"]
    told = []
    for number in range(2):
        store.fresh()
        with store.app.app_context():
            tell(tmp_path, at)
            (folder := tmp_path / str(number)).mkdir()
            with clock.held_at(at):
                told.append(said(folder))
            db.session.remove()
    assert all(told[0].values())
    for name, first in told[0].items():
        assert first == told[1][name], name


@pytest.mark.slow
def test_a_borough_in_bulk_is_right_too(app: Flask) -> None:
    """What `demo --scale` adds, on both engines: every row with its events, and all money through the books."""
    begin()
    bulk.grow(7, 1, lambda _line: None)
    assert db.session.scalar(select(func.count()).select_from(model.Application)) == bulk.BIDS
    assert (db.session.scalar(select(func.count()).select_from(model.Award)) or 0) > bulk.BIDS // 4
    report = checks.check(caches=worker.CACHES)
    assert report.ok, report.broken
