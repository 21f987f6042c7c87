"""Who saw what: written down for each page, never changed, read by the person and by officers after a breach."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from portal import clock
from portal.db import db, is_postgresql
from portal.history import Actor
from portal.people import actions, queries, seen
from portal.people.model import RecordLook
from tests.client import Inspector
from tests.grants.season import Season, begin, person

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def lines(season: Season, **asked: Any) -> list[tuple[str, str, str, str, str]]:
    db.session.rollback()
    return [(each.by, each.role, each.whom, each.page, each.about) for each in seen.looks(seen.Asked(**asked))]


def test_what_is_shown_of_others_is_noted_and_of_oneself_or_without_a_role_not(app: Flask) -> None:
    season = begin()
    olga, rita, rob = season.who("Olga"), season.who("Rita"), season.who("Rob")
    seen.note(olga, "details", [rita.id, olga.id, rita.id], "PER")
    seen.note(olga, "details", [olga.id])
    seen.note(rob, "details", [rita.id])
    seen.note(olga, "people", [])
    assert lines(season) == [("Olga", "officer", "Rita", "details", "PER")]


def test_the_database_keeps_every_line_as_it_was(app: Flask) -> None:
    season = begin()
    olga, rita = season.who("Olga").id, season.who("Rita").id
    seen.note(season.who("Olga"), "details", [rita])
    row = {"at": NOON, "by_id": olga, "whom_id": rita, "role": "officer", "page": "details", "about": ""}
    for change in (update(RecordLook).values(page="x"), delete(RecordLook)):
        with pytest.raises(DatabaseError, match="only ever appended"):
            db.session.execute(change)
        db.session.rollback()
    wipe = "TRUNCATE record_look" if is_postgresql() else "REPLACE INTO record_look SELECT * FROM record_look"
    with pytest.raises(DatabaseError, match="only ever appended"):
        db.session.execute(text(wipe))
    db.session.rollback()
    for wrong in ({"whom_id": olga}, {"page": ""}, {"role": ""}):
        with pytest.raises(IntegrityError):
            db.session.execute(insert(RecordLook).values(row | wrong))
        db.session.rollback()
    assert len(lines(season)) == 1


def test_the_list_is_narrowed_by_who_whom_and_london_days(app: Flask) -> None:
    season = begin()
    olga, otto, rita, rob = (season.who(name) for name in ("Olga", "Otto", "Rita", "Rob"))
    for by, whom, at in (
        (olga, rita, datetime(2026, 6, 1, 22, 59, tzinfo=UTC)),
        (otto, rob, datetime(2026, 6, 1, 23, 0, tzinfo=UTC)),  # already the second of June in London
        (otto, rita, datetime(2026, 6, 3, 12, tzinfo=UTC)),
    ):
        with clock.held_at(at):
            seen.note(by, "details", [whom.id])
    assert [each[2] for each in lines(season, whom_id=rita.id)] == ["Rita", "Rita"]
    assert [each[0] for each in lines(season, by_id=otto.id)] == ["Otto", "Otto"]
    second = seen.Asked(
        since=clock.london_day(datetime(2026, 6, 2, 12, tzinfo=UTC)), until=clock.london_day(datetime(2026, 6, 2, 12, tzinfo=UTC))
    )
    assert [each.whom for each in seen.looks(second)] == [each.whom for each in seen.all_looks(second)] == ["Rob"]
    first = seen.looks(seen.Asked(), limit=2)
    assert [each.by for each in seen.looks(seen.Asked(), before=first[-1].id)] == ["Olga"]


def test_the_person_reads_roles_and_days_of_a_year_and_the_lines_stay_when_they_leave(app: Flask) -> None:
    season = begin()
    rita = season.who("Rita").id
    with clock.held_at(NOON - seen.YEAR):
        seen.note(season.who("Olga"), "details", [rita])
    for minutes in (0, 5):
        with clock.held_at(NOON + timedelta(minutes=minutes)):
            seen.note(season.who("Fay"), "idea", [rita])
    with clock.held_at(NOON + timedelta(hours=1)):
        assert seen.at_me(rita) == [(clock.london_day(NOON), "finance", "idea")]
        assert queries.all_about(rita)["who saw what"]["who looked at your record"] == [
            {"when": "2026-06-01", "role": "finance", "page": "idea"}
        ]
        assert queries.all_about(season.who("Fay").id)["who saw what"]["you looked at the record of somebody"] == ["2026-06-01"]
    actions.delete_me(rita, Actor(rita))
    assert db.session.scalars(select(RecordLook.whom_id)).all() == [rita] * 3


def test_pages_note_it(app: Flask) -> None:
    season = begin()
    ref = season.sent()
    olga, rita = Inspector(app, budget=40).sign_in(season.who("Olga").id), Inspector(app, budget=40).sign_in(season.who("Rita").id)
    rita.get(f"/grants/{ref}")
    olga.get(f"/desk/people/{season.ref('Rita')}").get(f"/grants/{ref}").get("/desk/people?q=rita").get("/desk/people?q=olga")
    assert lines(season) == [
        ("Olga", "officer", "Rita", "people", ""),
        ("Olga", "officer", "Rita", "idea", ref),
        ("Olga", "officer", "Rita", "details", ""),
    ]
    assert "Council officer: Their details at the desk" in rita.get("/people/me/data").text
    Inspector(app, budget=40).sign_in(season.who("Rob").id).get(f"/grants/{ref}", 404)
    olga.get(f"/desk/people/{season.ref('Rita')[:-1]}X", 404)
    assert len(lines(season)) == 3


def test_officers_look_it_up_and_take_it_as_a_file(app: Flask) -> None:
    season = begin()
    seen.note(season.who("Fay"), "idea", [season.who("Rita").id], "SPK-2222-2222")
    olga = Inspector(app).sign_in(season.who("Olga").id)
    olga.get("/desk/").get("/desk/privacy/").get("/desk/privacy/seen")
    assert "Fay" in olga.text and "SPK-2222-2222" in olga.text
    olga.get("/desk/privacy/seen?whom=rita@example.org&since=2026-01-01")
    assert "Fay" in olga.text and lines(season)[0][:4] == ("Olga", "officer", "Rita", "looks")
    assert "Fay" not in olga.get("/desk/privacy/seen?by=olga@example.org").text.split("<table")[-1]
    assert "We know nobody by" in olga.get("/desk/privacy/seen?whom=nobody", 422).text
    olga.get("/desk/privacy/seen.csv?by=" + season.ref("Fay"))
    assert olga.text.splitlines()[1].split(",")[1:] == [
        "Fay",
        season.ref("Fay"),
        "finance",
        "Rita",
        season.ref("Rita"),
        "idea",
        "SPK-2222-2222",
    ]
    for other in ("Fay", "Rita"):
        Inspector(app).sign_in(season.who(other).id).get("/desk/privacy/seen.csv", 404).get("/desk/privacy/", 404)
    assert person("Con", "connector")
