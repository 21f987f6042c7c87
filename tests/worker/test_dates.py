"""What dates bring about happens once: when the worker looks again at once, and when two workers look at the same time."""

import threading
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import func, select

from portal import clock, worker
from portal.db import db
from portal.history import Event
from portal.ledger import queries as books
from portal.outbox import Message
from tests.grants.season import Season, assert_books_are_right, begin

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def happened() -> dict[str, int]:
    """How often each kind of thing happened, and how many messages were written."""
    db.session.rollback()
    found = {kind: int(count) for kind, count in db.session.execute(select(Event.kind, func.count()).group_by(Event.kind))}
    return found | {"messages": db.session.scalar(select(func.count()).select_from(Message)) or 0}


def seasons_end() -> Season:
    """Two offers nobody has answered, one award that was paid and never reported, neighbours who were asked and said nothing."""
    season = begin(money=1000_00)
    for title in ("A garden", "A bench"):
        season.offered(season.sent(title, 200_00))
    return season


def test_looking_again_at_once_moves_nothing(app: Flask) -> None:
    with clock.held_at(NOON):
        seasons_end()
    for days in (12, 30, 90, 400):
        with clock.held_at(NOON + timedelta(days=days)):
            worker._due(lambda: False)
            before = happened()
            again = worker._due(lambda: False)
            assert again["stumbled"] == []
            assert happened() == before
    assert books.balance("fund:small-sparks:available") == 1000_00, "nobody accepted, so all came back"
    assert_books_are_right()


def test_two_workers_at_once_lapse_an_offer_once(app: Flask) -> None:
    with clock.held_at(NOON):
        seasons_end()
    stumbled: list[object] = []
    together = threading.Barrier(2, timeout=240)

    def work() -> None:
        with app.app_context():
            together.wait()
            stumbled.append(worker._due(lambda: False)["stumbled"])
            db.session.remove()

    with clock.held_at(NOON + timedelta(days=30)):
        before = happened()
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        after = happened()
    assert stumbled == [[], []]
    assert after["lapsed"] - before.get("lapsed", 0) == 4, "two offers: two awards and two bids"
    assert_books_are_right()
