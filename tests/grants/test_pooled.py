"""Several funders in one pot: each promise says whose money it is, to the penny, and the database keeps it so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import DatabaseError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, Refused
from portal.grants import award, closing, decide, floats, pay, pooled, queries, quick, report, rounds, withdrawals
from portal.grants.model import Award
from portal.ledger import queries as books
from portal.ledger.posting import Line, post, reverse
from portal.money import Pence
from portal.refs import new_ref
from tests.client import Inspector
from tests.grants.pots import FREE, at, contribute, left, pot, settled, shares
from tests.grants.season import Season, assert_books_are_right
from tests.grants.sparks import asked, granted, spend


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield pot()
    assert sum(left().values()) == books.balance(FREE) and min(left().values()) >= 0
    assert_books_are_right()


def refused(statement: str) -> str:
    """What the database says to a statement."""
    with pytest.raises(DatabaseError) as why, transaction():
        db.session.execute(sa.text(statement))
    return str(why.value)


def test_an_award_is_shared_by_what_each_has_in_the_pot(season: Season) -> None:
    """£250 of £1,800: 10, 5 and 3 eighteenths."""
    made = season.offered()
    assert shares(made) == {"Estuary Council": 138_89, "Tideway Homes": 69_44, "The Harbour Trust": 41_67}
    assert left() == {"council": 861_11, "harbour": 258_33, "tideway": 430_56}
    assert at("council").promised == 138_89


def test_the_shares_stay_when_more_comes_in(season: Season) -> None:
    made = season.offered()
    before = shares(made)
    contribute(season, "harbour", 5_000_00)
    assert shares(made) == before
    second = season.offered(season.sent("Benches", by="Rob"))
    assert shares(second)["The Harbour Trust"] > shares(second)["Estuary Council"], "by what is in the pot now"


def test_what_lapses_goes_back_to_whom_it_came_from(season: Season) -> None:
    made = season.offered()
    award.decline(made.ref, season.actor("Rita"))
    assert left() == {"council": 1000_00, "harbour": 300_00, "tideway": 500_00}


def test_paid_in_parts_and_refunded_it_ends_at_nothing(season: Season) -> None:
    made = season.ready()
    whole = shares(made)
    settled(season, made, 33_33)
    assert sum(each.paid for each in pooled.shares_of(season.award_now(made))) == 33_33
    assert {code: at(code).paid for code in left()} == {"council": 18_52, "harbour": 5_55, "tideway": 9_26}
    settled(season, made)
    assert {each.name: each.paid for each in pooled.shares_of(season.award_now(made))} == whole
    pay.refund(made.ref, Pence(100_01), clock.today(), "Not spent", season.actor("Fay"))
    assert sum(each.back for each in pooled.shares_of(season.award_now(made))) == 100_01
    pay.refund(made.ref, Pence(149_99), clock.today(), "Nothing came of it", season.actor("Fay"))
    assert left() == {"council": 1000_00, "harbour": 300_00, "tideway": 500_00}
    assert {each.paid for each in pooled.shares_of(season.award_now(made))} == {0}


def test_the_rest_that_is_not_needed_goes_back_and_a_bounce_changes_nothing(season: Season) -> None:
    made = season.ready()
    ref = settled(season, made, 100_00)
    pay.keep_rest(made.ref, "Cheaper than we thought", season.actor("Fay"))
    before = left()
    pay.bounce(ref, clock.today(), "Account closed", season.actor("Fay"))
    assert left() == before and at("council").promised == 55_55 and at("council").paid == 0


def test_positions_are_read_at_one_moment(season: Season, tmp_path: Path) -> None:
    """In two statements an award that is paid between them would be in both of them, or in none."""
    made = season.ready()
    settled(season, made, 100_00)
    season.offered(season.sent("Benches", by="Rob"))
    granted(season, 90_00)
    spend(season, tmp_path)
    fund = queries.fund_by_code("small-sparks")
    read: list[str] = []
    with_them = sa.event.listens_for(db.engine, "before_cursor_execute")
    listener = with_them(lambda _conn, _cursor, statement, *_rest: read.append(statement))
    try:
        assert sum(each.left for each in pooled.positions(fund).values()) == books.balance(FREE)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listener)
    assert sum("fund_share" in each for each in read) == 1 and len(read) == 2


def test_nothing_is_shared_by_sums_that_are_not_the_pots(season: Season) -> None:
    """As if an award was paid between two readings: the pot and its funders' positions are apart."""
    made = season.ready()
    settled(season, made)
    waits = withdrawals.ask("small-sparks", "harbour", Pence(10_00), "They leave", season.actor("Olga"))
    report.waive(made.application.ref, "Seen", season.actor("Olga"))
    second = season.decided(season.sent("Benches", by="Rob"))
    decide.write_letter(second, "Yes.", (), None, season.actor("Olga"))
    release = decide.prepare_release(season.round_ref, [second], season.actor("Olga"))

    acts: list[Callable[[], Any]] = [
        partial(decide.release, release, season.actor("Otto")), partial(withdrawals.confirm, waits, season.actor("Fay")),
    ]  # fmt: skip
    with more_in_the_pot(made):
        for act in acts:
            with pytest.raises(Conflict, match="Somebody moved money meanwhile"):
                act()
    for act in acts:
        act()
    award.decline(season.award(second).ref, season.actor("Rob"))
    rounds.finish_round(season.round_ref, season.actor("Olga"))
    closing.ask("small-sparks", "It has done its work", season.actor("Olga"))
    with more_in_the_pot(made), pytest.raises(Conflict, match="Somebody moved money meanwhile"):
        closing.confirm("small-sparks", books.balance(FREE), season.actor("Fay"))
    closing.confirm("small-sparks", books.balance(FREE), season.actor("Fay"))
    assert not books.balance(FREE)


@contextmanager
def more_in_the_pot(made: Award) -> Iterator[None]:
    """A pound is in the pot's account that the awards say nothing of."""
    payee = award.current_payee(made)
    assert payee is not None
    key = new_ref("TST")
    with transaction():
        post([Line(pay.paid_to(payee), FREE, 100)], key=key, kind="refund", about="test", sentence="Unseen", actor="test")
    try:
        yield
    finally:
        with transaction():
            reverse(key, reason="Seen", actor="test")


def test_a_float_is_shared_too(season: Season, tmp_path: Path) -> None:
    float_ = granted(season, 90_00)
    assert at("council").floats == 50_00 and at("tideway").floats == 25_00 and at("harbour").floats == 15_00
    ref = spend(season, tmp_path).ref
    assert (at("council").quick, at("council").floats) == (8_33, 41_67)
    floats.take_back(float_.ref, "The year is over", season.actor("Olga"))
    assert at("council").floats == 0 and sum(left().values()) == 1800_00 - 15_00
    quick.put_right(ref, "It was not for us", season.actor("Olga"))
    assert left() == {"council": 1000_00, "harbour": 300_00, "tideway": 500_00}


def test_what_was_promised_of_it_is_not_taken_back_as_a_mistake(season: Season) -> None:
    """The pot has enough, but it is the others' money."""
    rounds.add_funder("late", "Late but kind", season.actor("Olga"))
    wrong = contribute(season, "late", 200_00)
    made = season.offered()
    with pytest.raises(Refused, match="promised or paid meanwhile"):
        rounds.reverse_contribution(wrong, "Typed twice", season.actor("Olga"))
    award.decline(made.ref, season.actor("Rita"))
    rounds.reverse_contribution(wrong, "Typed twice", season.actor("Olga"))
    assert left()["council"] == 1000_00 and "late" not in left()


def test_the_database_keeps_the_shares_whole(season: Season) -> None:
    made = season.offered()
    draw = f"(SELECT id FROM fund_draw WHERE award_id = {made.id})"
    assert "only ever appended" in refused("UPDATE fund_share SET amount = amount + 1")
    assert "only ever appended" in refused("DELETE FROM fund_share")
    assert "only ever appended" in refused("UPDATE fund_draw SET amount = amount + 1")
    assert "only ever appended" in refused("DELETE FROM fund_draw")
    rounds.add_funder("late", "Too Late", season.actor("Olga"))
    late = "(SELECT id FROM funder WHERE code = 'late')"
    for amount, after in ((1, 250_01), (1, 1), (-1, 249_99)):
        refused(f"INSERT INTO fund_share (draw_id, funder_id, amount, after) VALUES ({draw}, {late}, {amount}, {after})")


@pytest.mark.parametrize("shares", ["", "99_99", "50_00 40_00"])
def test_what_is_taken_without_all_its_shares_is_not_kept(season: Season, shares: str) -> None:
    """As if the program forgot a share, or fell a penny short: nothing of it is committed."""
    request = floats.request_by_ref(asked(season, 100_00)).id
    db.session.rollback()
    with pytest.raises(DatabaseError), transaction():
        values = {"fund": season.fund_id, "request": request, "day": clock.today().isoformat()}
        insert = "INSERT INTO fund_draw (fund_id, request_id, amount, taken_on) VALUES (:fund, :request, 10000, :day) RETURNING id"
        draw, after = db.session.scalar(sa.text(insert), values), 0
        for funder, pence in enumerate((int(each) for each in shares.split()), 1):
            after += pence
            share = (
                "INSERT INTO fund_share (draw_id, funder_id, amount, after) SELECT :draw, min(id) + :funder - 1, :pence, :after FROM funder"
            )
            db.session.execute(sa.text(share), {"draw": draw, "funder": funder, "pence": pence, "after": after})
    db.session.rollback()
    assert not db.session.scalar(sa.text("SELECT count(*) FROM fund_draw"))


def test_old_promises_are_shared_out_as_they_would_have_been(season: Season) -> None:
    made = season.ready()
    settled(season, made, 100_00)
    pay.keep_rest(made.ref, "Cheaper than we thought", season.actor("Fay"))
    granted(season, 90_00)
    contribute(season, "harbour", 77_77)
    season.offered(season.sent("Benches", by="Rob"))
    query = sa.text(
        "SELECT award_id, request_id, taken_on, f.code, s.amount FROM fund_draw d JOIN fund_share s ON s.draw_id = d.id JOIN funder f ON f.id = s.funder_id ORDER BY d.id, f.code"
    )
    before = db.session.execute(query).all()
    db.session.remove()
    downgrade(revision="0036")
    upgrade()
    assert db.session.execute(query).all() == before


def test_pages(season: Season, app: Flask) -> None:
    made = season.ready()
    settled(season, made, 100_00)
    finance = Inspector(app, budget=15).sign_in(season.who("Fay").id)
    page = finance.get("/desk/funds/small-sparks")
    assert "The Harbour Trust" in page.text and "£258.33" in page.text
    page = finance.get(f"/finance/awards/{made.ref}")
    assert "Whose money it is" in page.text and "£41.67" in page.text and "£16.67" in page.text
