"""Closing a period: what was posted stays posted, what comes at the same moment is either in or refused."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.ledger import checks, periods, queries
from portal.ledger.posting import Line, open_account, post

MAY = "person:1"
YEAR_END = date(2027, 3, 31)


@pytest.fixture
def books(app: Flask) -> Iterator[None]:
    with clock.held_at(datetime(2027, 4, 2, tzinfo=UTC)):
        with transaction():
            open_account("funder", "GBP", "equity", "Funder")
            open_account("fund", "GBP", "asset", "Fund", floor=0)
        yield


def contribute(key: str, amount: int, on: date) -> bool:
    with transaction():
        return post(
            [Line("funder", "fund", amount)], key=key, kind="contribution", about="fund:1", sentence=key, actor=MAY, effective_on=on
        ).fresh


def close(day: date = YEAR_END) -> None:
    with transaction():
        periods.close_period(day, MAY)


def test_a_retry_after_closing_gives_the_first_result(books: None) -> None:
    assert contribute("contribution:1", 500_00, YEAR_END)
    close()
    assert not contribute("contribution:1", 500_00, YEAR_END)
    with pytest.raises(Refused, match="closed"):
        contribute("contribution:2", 500_00, YEAR_END)
    assert queries.balance("fund") == 500_00


def test_a_refusal_leaves_nothing_behind_even_when_the_action_goes_on(books: None) -> None:
    """An action may try one award, hear that the fund is short, and offer the next."""
    contribute("contribution:1", 100, YEAR_END)
    with transaction():
        with pytest.raises(Refused):
            post([Line("fund", "funder", 101)], key="too much", kind="offer", about="award:1", sentence="s", actor=MAY)
        assert post([Line("fund", "funder", 99)], key="fits", kind="offer", about="award:2", sentence="s", actor=MAY).fresh
    assert not queries.posted("too much")
    assert checks.check().broken == []


def test_a_spent_fund_does_not_refuse_a_retry(books: None) -> None:
    contribute("contribution:1", 100, YEAR_END)
    for fresh in (True, False):
        with transaction():
            assert (
                post([Line("fund", "funder", 100)], key="all of it", kind="offer", about="award:1", sentence="s", actor=MAY).fresh is fresh
            )


def test_closing_waits_for_whoever_is_posting(books: None, app: Flask) -> None:
    """A posting dated in the period, begun before closing and ended during it, is in the snapshot. Or it is refused."""
    contribute("contribution:1", 500_00, YEAR_END)
    posted, go_on = threading.Event(), threading.Event()
    said: list[str] = []

    def slow() -> None:
        with app.app_context():
            try:
                with transaction():
                    open_account("funder:new", "GBP", "equity", "New")
                    open_account("fund:new", "GBP", "asset", "New")
                    post(
                        [Line("funder:new", "fund:new", 70_00)], key="slow", kind="c", about="fund:1", sentence="s", actor=MAY, effective_on=YEAR_END
                    )  # fmt: skip
                    posted.set()
                    go_on.wait(20)
                said.append("in")
            except Refused:
                said.append("refused")
            finally:
                db.session.remove()

    poster = threading.Thread(target=slow)
    poster.start()
    assert posted.wait(20)
    closer_done = threading.Event()

    def closing() -> None:
        with app.app_context():
            close()
            db.session.remove()
            closer_done.set()

    closer = threading.Thread(target=closing)
    closer.start()
    too_early = closer_done.wait(0.5)
    go_on.set()
    poster.join(20)
    closer.join(20)
    assert not too_early, "closed over a posting that was under way"
    assert said == ["in"]
    assert queries.balance_as_at("fund:new", YEAR_END) == 70_00
    assert checks.check().broken == []
