"""The ledger check sees it when a page would say something else than the events and the books."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from portal import clock
from portal.db import db
from portal.grants import match, pay, queries
from portal.grants.proofs import broken_caches
from portal.money import Minutes, Pence
from tests.grants.season import Season, assert_books_are_right, begin


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    """A paid award with a checked hour, one that is on its way, and money that came back."""
    season = begin()
    paid = season.ready(season.sent("Paid"))
    payment = season.released(paid)
    assert payment.run_id is not None
    pay.settle(payment.ref, clock.today(), season.actor("Fay"))
    pay.refund(paid.ref, Pence(10_00), clock.today(), "Not spent", season.actor("Fay"))
    ref = season.award_now(paid).application.ref
    pledge = match.invite(ref, "Nora", ("email", "nora@example.org"), season.actor("Rita"))
    token = match.token_of(next(each for each in queries.pledges_of(season.bid(ref).id) if each.ref == pledge))
    match.say_yes(token, "hours", Minutes(60), Minutes(0), 0, "Digging")
    with clock.held_at(clock.now() + timedelta(days=40)):
        record = match.did_it(token, clock.today(), Minutes(60), "Digging")
        match.check(ref, record, season.actor("Rita"))
    season.released(season.ready(season.sent("On its way", by="Rob")))
    assert_books_are_right()
    yield season


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE application SET status = 'withdrawn'", "bid:1 says withdrawn, its events say accepted"),
        ("UPDATE round SET status = 'finished'", "round:1 says finished, its events say open"),
        ("UPDATE award SET status = 'closed'", "award:1 says closed"),
        ("UPDATE pledge SET status = 'refused'", "pledge:1 says refused, its events say checked"),
        ("UPDATE report SET status = 'waived'", "report:1 says waived"),
        ("UPDATE contribution SET amount = amount * 7", "contribution:1 says 700000 pence, the books 100000"),
        ("UPDATE refund SET amount = 1", "refund:1 says 1 pence, the books 1000"),
        ("UPDATE work_record SET minutes = 90", "work record 1 says 90 minutes, the books 60"),
    ],
)
def test_what_was_changed_behind_the_back_is_named(season: Season, change: str, says: str) -> None:
    assert list(broken_caches()) == []
    db.session.execute(text(change))
    assert any(line.startswith(says) for line in broken_caches()), list(broken_caches())
    db.session.rollback()


def test_payments_on_their_way_are_what_the_books_say(season: Season) -> None:
    db.session.execute(
        text(
            "INSERT INTO event (id, about, kind, at, data) SELECT 900000, 'payment:2', 'bounced', recorded_at, '{}' FROM ledger_entry LIMIT 1"
        )
    )
    db.session.execute(text("UPDATE payment SET status = 'bounced' WHERE id = 2"))
    assert any(line.startswith("run:") for line in broken_caches())
    db.session.rollback()
