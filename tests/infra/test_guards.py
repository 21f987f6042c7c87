"""What the database itself refuses outside the books: whoever gets past our code by mistake does not get past this."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import clock
from portal.db import db, is_postgresql, transaction
from portal.panels import conduct
from portal.panels.model import Called, Struck
from portal.work.model import Purpose, WorkRecord, WorkUse
from tests.grants.season import Season, begin


@pytest.fixture
def season(app: Flask) -> Season:
    """A bid that was decided, offered, accepted and is on its way to the bank; an hour that was checked and counted."""
    with clock.held_at(datetime(2026, 6, 1, 12, tzinfo=UTC)):
        made = begin()
        conduct.publish(made.who("Olga"), made.panel_ref, "Be kind.", "First", 0)
        for name in ("Ada", "Ben", "Cleo", "Dan"):
            conduct.accept(made.who(name), made.panel_ref, 1)
        made.released(made.ready())
        with transaction():
            purpose = Purpose(about="test:1", title="Test", first_day=clock.today(), last_day=clock.today())
            db.session.add(purpose)
            db.session.flush()
            record = WorkRecord(
                ref="WRK-TEST-TEST", purpose_id=purpose.id, worker="pledge:1", worker_name="Ann", day=clock.today(), minutes=60, entered_by="pledge:1",
                entered_at=clock.now(), checked_by="person:1", checked_at=clock.now(),
            )  # fmt: skip
            db.session.add(record)
            db.session.flush()
            db.session.add(Called(matter_id=1, seat_id=1, called_at=clock.now()))
            db.session.add(Struck(vote_id=1, struck_at=clock.now(), struck_by_id=made.who("Olga").id))
            db.session.add(WorkUse(work_record_id=record.id, use="match", used_at=clock.now()))
    return made


def refused(statement: str) -> str:
    """The database's words as it refuses; nothing is changed."""
    with pytest.raises(sa.exc.DBAPIError) as caught, db.engine.begin() as connection:
        done = connection.execute(sa.text(statement))
        assert done.rowcount != 0, "the statement met no row: this test proves nothing"
    return str(caught.value.orig)


APPENDED = {
    "event": "reason",
    "vote": "reason",
    "interest": "note",
    "snapshot": "number",
    "work_use": "use",
    "conduct": "words",
    "called": "seat_id",
    "struck": "struck_by_id",
}


@pytest.mark.parametrize("table", APPENDED)
def test_what_is_appended_stays(season: Season, table: str) -> None:
    column = APPENDED[table]
    assert db.session.scalar(sa.text(f"SELECT count(*) FROM {table}")), "no rows"
    db.session.rollback()
    value = "7" if column in ("number", "seat_id", "struck_by_id") else "'credit'" if column == "use" else "'something else'"
    assert "only ever appended" in refused(f"UPDATE {table} SET {column} = {value}")
    assert "only ever appended" in refused(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", [*APPENDED, "payment", "award"])
def test_no_table_is_emptied_at_once(season: Season, table: str) -> None:
    if is_postgresql():
        assert "only ever appended" in refused(f"TRUNCATE {table} CASCADE")
    else:
        columns = ", ".join(column["name"] for column in sa.inspect(db.engine).get_columns(table))
        said = refused(f"REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}")
        assert "appended" in said or "never deleted" in said


@pytest.mark.parametrize(
    "change",
    [
        "amount = amount + 1", "award_id = award_id + 1", "payee_id = payee_id + 1", "instalment = 2", "prepared_by_id = approved_by_id",
        "approved_by_id = NULL", "approved_by_id = released_by_id", "released_by_id = NULL", "run_id = NULL",
    ],
)  # fmt: skip
def test_a_payment_stays_as_it_was_prepared(season: Season, change: str) -> None:
    assert "stays as it was" in refused(f"UPDATE payment SET {change}")


def test_a_payment_is_never_deleted(season: Season) -> None:
    refused("DELETE FROM payment")


@pytest.mark.parametrize("hands", ["approved_by_id = prepared_by_id", "released_by_id = prepared_by_id"])
def test_one_person_is_not_two(season: Season, hands: str) -> None:
    """Three hands: even a row written whole is refused when one person prepared and approved or released it."""
    with transaction():
        db.session.execute(sa.text("UPDATE payment SET status = 'bounced'"))  # so that the award may have another
    columns = [column["name"] for column in sa.inspect(db.engine).get_columns("payment") if column["name"] != "id"]
    name, _equals, other = hands.partition(" = ")
    values = [
        "'TXN-TEST-TEST'" if column == "ref" else "'released'" if column == "status" else other if column == name else column
        for column in columns
    ]
    said = refused(f"INSERT INTO payment ({', '.join(columns)}) SELECT {', '.join(values)} FROM payment")
    assert "ck_payment" in said


@pytest.mark.parametrize(
    "change",
    [
        "amount = amount - 1",
        "ward_code = 'E05000001'",
        "ward_name = 'Elsewhere'",
        "decided_on = '2025-01-01'",
        "seconded_by_id = released_by_id + 3",
    ],
)
def test_an_award_stays_as_it_was_decided(season: Season, change: str) -> None:
    assert "stays as it was" in refused(f"UPDATE award SET {change}")


def test_an_award_is_never_deleted(season: Season) -> None:
    refused("DELETE FROM award")


@pytest.mark.parametrize("change", ["rules = '{}'", "panel_id = panel_id + 1", "fund_id = fund_id + 1", "frozen_at = NULL"])
def test_the_rules_of_an_open_round_are_frozen(season: Season, change: str) -> None:
    assert "froze when it opened" in refused(f"UPDATE round SET {change}")


def test_what_may_change_still_may(season: Season) -> None:
    """The guards refuse what must not be, and nothing else."""
    with db.engine.begin() as connection:
        for statement in (
            "UPDATE round SET closes_at = NULL, status = 'closed'",
            "UPDATE payment SET status = 'settled', settled_on = '2026-06-02'",
            "UPDATE award SET status = 'paid', paid = 25000",
            "INSERT INTO event (about, kind, at, data) VALUES ('bid:1', 'changed', '2026-06-01', '{}')",
        ):
            assert connection.execute(sa.text(statement)).rowcount == 1
