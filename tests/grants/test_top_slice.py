"""A small part of a budget: proposed by one, a contribution by a second person's yes, once a budget and year."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError, IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import rounds, top_slice
from portal.grants.pooled_model import SliceYear
from portal.grants.pooled_rules import sliced
from portal.ledger import queries as books
from portal.money import Pence, financial_year
from tests.client import Inspector
from tests.grants.pots import FREE, at
from tests.grants.season import Season, assert_books_are_right, begin


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def year() -> str:
    return financial_year(clock.today())


def budget(season: Season, rate: int = 50, name: str = "Highways") -> str:
    return top_slice.begin(name, rate, "small-sparks", "council", season.actor("Olga"))


def proposed(season: Season, ref: str, pence: int = 123_456_78, by: str = "Olga") -> str:
    return top_slice.propose(ref, year(), Pence(pence), season.actor(by))


@given(st.integers(0, 10**12), st.integers(10, 100))
def test_a_part_is_rounded_down(budget: int, rate: int) -> None:
    assert 0 <= budget * rate - sliced(budget, rate) * 10_000 < 10_000


def test_one_proposes_and_another_says_yes(season: Season) -> None:
    ref = proposed(season, budget(season))
    assert books.balance(FREE) == 1000_00, "a proposal moves nothing"
    with pytest.raises(Refused, match="You proposed this"):
        top_slice.say_yes(ref, season.actor("Olga"))
    came = top_slice.say_yes(ref, season.actor("Fay"))
    assert top_slice.say_yes(ref, season.actor("Fay")) == came, "a second tap"
    assert books.balance(FREE) == 1000_00 + 617_28 and at("council").given == 1617_28
    (line,) = top_slice.of_year(year())
    assert line.contribution is not None and (line.contribution.ref, line.contribution.reference) == (came, f"Highways, {year()}")


def test_never_twice_a_year(season: Season) -> None:
    one = budget(season)
    ref = proposed(season, one)
    assert proposed(season, one) == ref, "a second tap"
    with pytest.raises(Refused, match=r"£617\.28 of this budget stand"):
        proposed(season, one, 5_000_00)
    top_slice.say_yes(ref, season.actor("Otto"))
    with pytest.raises(Refused, match="stand"):
        proposed(season, one, 123_456_78, by="Otto")
    with pytest.raises(Refused, match="contribution already"):
        top_slice.drop(ref, season.actor("Olga"))
    with pytest.raises(IntegrityError), transaction():
        row = db.session.scalars(sa.select(SliceYear)).one()
        same = {
            "ref": "SLY-TEST-TEST",
            "slice_id": row.slice_id,
            "year": row.year,
            "budget": row.budget,
            "rate": row.rate,
            "amount": row.amount,
        }
        db.session.add(SliceYear(**same, proposed_by_id=row.proposed_by_id, proposed_at=clock.now()))
    db.session.rollback()


def test_what_was_put_right_frees_the_year(season: Season) -> None:
    one = budget(season)
    came = top_slice.say_yes(proposed(season, one), season.actor("Otto"))
    rounds.reverse_contribution(came, "The budget was smaller", season.actor("Olga"))
    top_slice.say_yes(proposed(season, one, 100_000_00), season.actor("Otto"))
    assert books.balance(FREE) == 1500_00


def test_refused(season: Season) -> None:
    one = budget(season)
    for name, rate, sentence in (("Parks", 9, "between"), ("Parks", 101, "between"), ("Highways", 50, "name already")):
        with pytest.raises(Refused, match=sentence):
            budget(season, rate, name)
    with pytest.raises(NotFound):
        top_slice.begin("Parks", 50, "small-sparks", "nobody", season.actor("Olga"))
    for when, pence, sentence in (("2026", 100_00, "2026-27"), ("2090-91", 100_00, "ahead"), (year(), 1, "so little")):
        with pytest.raises(Refused, match=sentence):
            top_slice.propose(one, when, Pence(pence), season.actor("Olga"))
    ref = proposed(season, one)
    with pytest.raises(Refused, match="waits for a yes"):
        top_slice.end(one, season.actor("Olga"))
    top_slice.drop(ref, season.actor("Olga"))
    top_slice.drop(ref, season.actor("Olga"))
    with pytest.raises(Refused, match="taken back"):
        top_slice.say_yes(ref, season.actor("Otto"))
    top_slice.end(one, season.actor("Olga"))
    top_slice.end(one, season.actor("Olga"))
    with pytest.raises(Refused, match="nothing any more"):
        proposed(season, one)
    assert top_slice.of_year(year()) == []


@pytest.mark.parametrize("change", ["amount = amount + 1", "rate = 51", "said_yes_by_id = proposed_by_id", "year = year, slice_id = 99"])
def test_the_database_refuses(season: Season, change: str) -> None:
    proposed(season, budget(season))
    with pytest.raises(DatabaseError), transaction():
        db.session.execute(sa.text(f"UPDATE slice_year SET {change}"))
    db.session.rollback()


def test_the_pages(app: Flask, season: Season) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only the page differs")
    olga = Inspector(app, budget=15).sign_in(season.who("Olga").id)
    olga.get("/desk/top-slice")
    olga.get("/desk/top-slice/new")
    olga.submit("Add it", 422)
    olga.submit("Add it", name="Highways", rate="50", fund="small-sparks", funder="council").follow()
    one = top_slice.of_year(year())[0].slice.ref
    wrong: dict[str, Any] = {f"{one}-budget": "lots"}
    olga.submit("Propose it", 422, **wrong)
    right: dict[str, Any] = {f"{one}-budget": "123,456.78"}
    olga.submit("Propose it", **right).follow()
    assert "Waits for a yes" in olga.text and "£617.28" in olga.text
    fay = Inspector(app, budget=15).sign_in(season.who("Fay").id)
    fay.get("/desk/top-slice")
    fay.submit("Yes, £617.28 goes into the fund").follow()
    assert "Came in" in fay.text
    olga.get("/desk/top-slice?year=1999", 404)
