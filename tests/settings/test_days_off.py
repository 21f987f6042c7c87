"""Days off of the scheme's own: what can be written, what is reckoned without them, and that nothing that was told moves."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal import clock, working_days
from portal.db import MIGRATIONS, db, transaction
from portal.errors import NotFound, Refused
from portal.grants import appeals, apply, decide, runs
from portal.history import Actor, events_of
from portal.outbox import messages_about
from portal.settings import days_off
from portal.settings.days_off import Closure
from tests.grants.season import Season, begin

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)
TUESDAY = date(2026, 6, 2)
ANYBODY = Actor()


@pytest.fixture
def monday(app: Flask) -> Iterator[None]:
    with clock.held_at(MONDAY):
        yield


def close(first: date = TUESDAY, last: date | None = None, name: str = "Strike", reason: str = "The board said so") -> None:
    days_off.add(Closure(name, first, last or first), reason, ANYBODY)


@pytest.mark.parametrize(
    ("said", "sentence", "field"),
    [
        ({"name": ""}, "what the day off is for", "name"),
        ({"reason": ""}, "Write why", "reason"),
        ({"first": date(2026, 5, 31)}, "is over", "first_day"),
        ({"last": date(2026, 6, 1)}, "before the first", "last_day"),
        ({"last": date(2026, 8, 3)}, "at most 62 days", "last_day"),
        ({"first": date(2029, 6, 4)}, "until Friday 1 June 2029", "last_day"),
        ({"first": date(2026, 6, 6), "last": date(2026, 6, 7)}, "works then anyway", "first_day"),
        ({"first": date(2026, 8, 31)}, "works then anyway", "first_day"),
    ],
)
def test_what_cannot_be_a_day_off(monday: None, said: dict[str, Any], sentence: str, field: str) -> None:
    with pytest.raises(Refused, match=sentence) as refused:
        close(**said)
    assert refused.value.field == field and not days_off.closures()


def test_days_off_are_left_out_but_not_where_banks_work(monday: None) -> None:
    assert days_off.working_days_after(date(2026, 6, 1), 2) == date(2026, 6, 3)
    close(TUESDAY, date(2026, 6, 3))
    assert days_off.working_days_after(date(2026, 6, 1), 2) == date(2026, 6, 5)
    assert days_off.working_days_between(date(2026, 6, 1), date(2026, 6, 5)) == 2
    assert working_days.working_days_after(date(2026, 6, 1), 2) == date(2026, 6, 3)
    assert runs.first_day_to_pay() == TUESDAY and runs.day_to_pay(TUESDAY) == TUESDAY
    for overlap in (TUESDAY, date(2026, 6, 3)):
        with pytest.raises(Refused, match="off already: Strike: Tuesday 2 June 2026 to Wednesday 3 June 2026"):
            close(overlap, date(2026, 6, 10))


def test_one_is_taken_away_until_it_is_over(monday: None) -> None:
    close(TUESDAY, date(2026, 6, 4))
    with pytest.raises(Refused, match="Write why"):
        days_off.take_away(TUESDAY, "", ANYBODY)
    with pytest.raises(NotFound):
        days_off.take_away(date(2026, 6, 3), "No strike", ANYBODY)
    with clock.held_at(datetime(2026, 6, 3, 9, tzinfo=UTC)):
        days_off.take_away(TUESDAY, "It ended", ANYBODY)
        assert [each.last_day for each in days_off.closures()] == [date(2026, 6, 3)]
        with pytest.raises(Refused, match="cannot be changed"):
            days_off.take_away(TUESDAY, "Again", ANYBODY)
    close(date(2026, 6, 8), name="Picnic")
    days_off.take_away(date(2026, 6, 8), "Rain", ANYBODY)
    assert len(days_off.closures()) == 1
    told = [(each.reason, each.data["was"], each.data["now"]) for each in events_of("days_off")]
    assert told[-1] == ("Rain", "Picnic: Monday 8 June 2026", "") and [each[0] for each in told[:2]] == ["The board said so", "It ended"]


def test_nothing_that_was_told_moves(monday: None) -> None:
    season: Season = begin()
    late = season.sent()
    apply.set_ineligible(late, "That is for another fund.", season.actor("Olga"))
    told = appeals.make(late, "rules", "Nobody read it.", season.actor("Rita"))
    before = appeals.letter_of(season.bid(late))
    assert before is not None and before.until == date(2026, 6, 29)
    close(date(2026, 6, 8), date(2026, 6, 12))
    assert appeals.letter_of(season.bid(late)) == before and appeals.appeal_by_ref(told).answer_by == date(2026, 6, 15)
    assert any("until Monday 29 June 2026" in each.body for each in messages_about(f"bid:{season.bid(late).id}"))
    another = season.sent("Another idea")
    apply.set_ineligible(another, "That is for another fund.", season.actor("Olga"))
    after = appeals.letter_of(season.bid(another))
    assert after is not None and after.until == date(2026, 7, 6)
    assert any("until Monday 6 July 2026" in each.body for each in messages_about(f"bid:{season.bid(another).id}"))
    days_off.take_away(date(2026, 6, 8), "They work", ANYBODY)
    assert appeals.letter_of(season.bid(another)) == after


@pytest.mark.parametrize("change", ["name = ''", "last_day = '2026-06-01'"])
def test_the_database_keeps_no_day_off_that_is_none(monday: None, change: str) -> None:
    close()
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(f"UPDATE day_off SET {change}"))


def test_the_migration_keeps_what_letters_said_before(monday: None) -> None:
    season: Season = begin()
    late, refused = season.sent(), season.sent("A bench")
    apply.set_ineligible(late, "That is for another fund.", season.actor("Olga"))
    season.decided(refused, "no")
    decide.write_letter(refused, "There is one already.", (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [refused], season.actor("Olga")), season.actor("Otto"))
    said = {ref: season.bid(ref).appeal_by for ref in (late, refused)}
    assert set(said.values()) == {date(2026, 6, 29)}
    db.session.remove()
    downgrade(revision=str(ScriptDirectory(str(MIGRATIONS)).get_revision("0047").down_revision))
    upgrade()
    db.session.remove()
    assert {ref: season.bid(ref).appeal_by for ref in said} == said
