"""The monthly look: opened on the first, each seat told once, nobody looks at their own, the chair notes what came of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.clock import held_at
from portal.db import db
from portal.errors import NotFound, NotYours, Refused
from portal.grants import quick, quick_review
from portal.grants.model import QuickReview
from portal.money import Pence
from portal.outbox import messages_about
from portal.panels import queries as panel_queries
from portal.panels import seats
from tests.grants.season import Season, assert_books_are_right
from tests.grants.sparks import granted, png, season_with_connectors, spark, spend


def day(month: int, number: int, hour: int = 12) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=UTC)


@pytest.fixture
def season(app: Flask, tmp_path: Path) -> Iterator[Season]:
    """October: two of Gus and one of Cora. On 1 November the clock stands."""
    with held_at(day(10, 1)):
        made = season_with_connectors()
        granted(made)
        granted(made, 50_00, "Cora")
    with held_at(day(10, 5)):
        spend(made, tmp_path, what="A bus fare", receipt=png())
        spend(made, tmp_path, what="Paint for a door", amount=Pence(20_00), receipt=png())
    with held_at(day(10, 20)):
        spend(made, tmp_path, "Cora", what="A rug for the hall", amount=Pence(9_50), receipt=png())
    with held_at(day(11, 1, 8)):
        yield made
        assert_books_are_right()


def seat(season: Season, who: str, chair: bool = False) -> None:
    seats.add_seat(
        season.who("Olga"), season.panel_ref, season.ref(who), term_start=clock.today(), term_end=None, reason="Elected", chair=chair
    )


def look(season: Season, who: str = "Ada", month: str = "2026-10") -> quick_review.Look:
    db.session.rollback()
    return quick_review.look(season.who(who), season.panel_ref, month)


def panel_id(season: Season) -> int:
    return panel_queries.panel(season.panel_ref).id


def test_the_worker_opens_it_on_the_first_and_tells_each_seat_once(season: Season) -> None:
    with held_at(day(10, 31, 23)):
        assert quick_review.open_reviews() == 0
    assert (quick_review.open_reviews(), quick_review.open_reviews()) == (1, 0)
    one = quick_review.months_of(panel_id(season))[0]
    assert (one.review.month, one.number, one.pence) == (date(2026, 10, 1), 3, 44_50)
    told = messages_about(f"quick-review:{one.review.id}")
    assert sorted(each.to_name for each in told) == ["Ada", "Ben", "Cleo", "Dan"]
    assert "October 2026" in told[0].body and "/quick/2026-10" in told[0].body
    with held_at(day(12, 1)):
        assert quick_review.open_reviews() == 0  # nothing was given in November


def test_nobody_looks_at_their_own(season: Season) -> None:
    seat(season, "Gus", chair=True)
    quick_review.open_reviews()
    mine = look(season, "Gus")
    assert ([each.what for each in mine.sparks], mine.own, mine.pence) == (["A rug for the hall"], 2, 44_50)
    own, other = look(season).sparks[0].ref, look(season).sparks[2].ref
    with pytest.raises(NotFound):
        quick_review.question(season.who("Gus"), season.panel_ref, "2026-10", own, "Was it good?")
    quick_review.question(season.who("Gus"), season.panel_ref, "2026-10", other, "Which hall?")
    quick_review.mark_read(season.who("Gus"), season.panel_ref, "2026-10")
    with pytest.raises(NotYours):
        quick_review.close(season.who("Gus"), season.panel_ref, "2026-10", "All clear")


def test_who_gave_them_all_is_not_asked_to_read(season: Season) -> None:
    seat(season, "Cora")
    with held_at(day(11, 2)):
        quick_review.open_reviews()
    with held_at(day(11, 3)):
        quick.put_right(look(season).sparks[0].ref, "Wrong", season.actor("Olga"))  # what was taken back stays on the list
    assert len(look(season).sparks) == 3 and look(season).pence == 29_50
    with held_at(day(11, 5)):
        spend(season, Path("/nowhere"), "Cora", what="A lamp", amount=Pence(5_00))
    with held_at(day(12, 1)):
        quick_review.open_reviews()
        with pytest.raises(Refused, match="Every line here is your own"):
            quick_review.mark_read(season.who("Cora"), season.panel_ref, "2026-11")
        november = quick_review.months_of(panel_id(season))[0].review
        assert "Cora Lane" not in {each.to_name for each in messages_about(f"quick-review:{november.id}")}


def test_read_ask_answer_close(season: Season) -> None:
    quick_review.open_reviews()
    ada, ref, month = season.who("Ada"), season.panel_ref, "2026-10"
    for _tap in range(2):
        quick_review.mark_read(ada, ref, month)
    assert (look(season).readers, look(season).have_read, look(season, "Ben").have_read) == (1, True, False)
    one = look(season).sparks[0]
    with pytest.raises(Refused, match="what you would like to know"):
        quick_review.question(ada, ref, month, one.ref, "")
    with pytest.raises(Refused, match="asked nothing"):
        quick_review.answer(one.ref, "To the doctor", season.actor("Gus"))
    quick_review.question(ada, ref, month, one.ref, "To where?")
    assert "To where?" in messages_about(f"quick:{one.id}")[0].body
    with pytest.raises(Refused, match="Write your answer"):
        quick_review.answer(one.ref, "", season.actor("Gus"))
    quick_review.answer(one.ref, "To the doctor", season.actor("Gus"))
    assert [(remark.words, name) for remark, name in quick.remarks_of([one.id])[one.id]] == [
        ("To where?", "Ada"),
        ("To the doctor", "Gus Penny"),
    ]
    with pytest.raises(Refused, match="in a sentence"):
        quick_review.close(ada, ref, month, "")
    for nobody in ("Ben", "Dan"):
        with pytest.raises(NotYours):
            quick_review.close(season.who(nobody), ref, month, "All clear")
    quick_review.close(ada, ref, month, "All clear")
    assert spark(one.ref).reviewed_on == date(2026, 11, 1)
    acts: tuple[Callable[[], None], ...] = (
        lambda: quick_review.close(ada, ref, month, "Again"),
        lambda: quick_review.mark_read(season.who("Ben"), ref, month),
        lambda: quick_review.question(ada, ref, month, one.ref, "And?"),
    )
    for act in acts:
        with pytest.raises(Refused, match="closed meanwhile"):
            act()
    assert look(season).review.outcome == "All clear"


def test_an_officer_may_close_too_and_strangers_see_nothing(season: Season) -> None:
    quick_review.open_reviews()
    for stranger in ("Rita", "Gus", "Fay"):
        with pytest.raises(NotFound):
            look(season, stranger)
        with pytest.raises(NotFound):
            quick_review.close(season.who(stranger), season.panel_ref, "2026-10", "x")
    with pytest.raises(NotFound):
        quick_review.mark_read(season.who("Olga"), season.panel_ref, "2026-10")
    for month in ("2026-09", "2026-13", "x", "2026-10-05"):
        with pytest.raises(NotFound):
            look(season, month=month)
    quick_review.close(season.who("Olga"), season.panel_ref, "2026-10", "Seen at the meeting")


def test_a_latecomer_is_on_the_list_or_on_the_next_one(season: Season, tmp_path: Path) -> None:
    quick_review.open_reviews()
    with held_at(day(10, 31, 22)):  # entered a moment before the worker came, committed after
        late = spend(season, tmp_path, what="A torch", amount=Pence(4_00))
    assert quick_review.open_reviews() == 0
    assert spark(late.ref).review_id == look(season).review.id
    quick_review.close(season.who("Ada"), season.panel_ref, "2026-10", "All clear")
    with held_at(day(10, 31, 23)):
        later = spend(season, tmp_path, what="A bell", amount=Pence(3_00))
    assert quick_review.open_reviews() == 0 and spark(later.ref).review_id is None
    with held_at(day(12, 1)):
        assert quick_review.open_reviews() == 1
        assert [each.what for each in look(season, month="2026-11").sparks] == ["A bell"]


def test_two_workers_open_it_once(season: Season) -> None:
    quick_review.open_reviews()
    with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO quick_review (panel_id, month, opened_at, outcome) SELECT panel_id, month, opened_at, '' FROM quick_review"
            )
        )
    assert len(db.session.scalars(select(QuickReview)).all()) == 1


@pytest.mark.parametrize("table", ["quick_read", "quick_remark"])
def test_what_was_said_stays(season: Season, table: str) -> None:
    quick_review.open_reviews()
    quick_review.mark_read(season.who("Ada"), season.panel_ref, "2026-10")
    quick_review.question(season.who("Ada"), season.panel_ref, "2026-10", look(season).sparks[0].ref, "To where?")
    db.session.rollback()
    for statement in (f"UPDATE {table} SET id = id + 1", f"DELETE FROM {table}"):
        with pytest.raises(sa.exc.DBAPIError, match="only ever appended"), db.engine.begin() as connection:
            assert connection.execute(sa.text(statement)).rowcount != 0
