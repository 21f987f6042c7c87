"""A telephone call on record, and a bid that happens somewhere else than was said."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import corrections, queries, timeline
from portal.grants.model import Award
from portal.places import queries as places
from portal.places.model import Area, WardCode
from portal.places.queries import ward_on
from tests.client import Inspector
from tests.grants.season import Season, begin


def elsewhere() -> Area:
    """Another ward, with its code."""
    with transaction():
        area = Area(code="riverside", name="Riverside", kind="ward")
        db.session.add(area)
        db.session.flush()
        db.session.add(WardCode(area_id=area.id, ons_code="E05099999", valid_from=date(2020, 1, 1)))
    return area


def story(season: Season, ref: str, *, near: bool) -> list[str | None]:
    return [each.note for each in timeline.told(queries.story_of(season.bid(ref), None), near=near)]


def test_a_call_is_written_down_once_and_read_by_few(app: Flask) -> None:
    season = begin()
    ref, today, olga = season.sent(), clock.today(), season.actor("Olga")
    for _again in range(2):
        corrections.note_call(ref, today, "She has the landowner's yes.", olga, once_key="k")
    assert story(season, ref, near=True).count("She has the landowner's yes.") == 1
    assert "She has the landowner's yes." not in story(season, ref, near=False), "the panel does not read it"
    for day, words in ((today + timedelta(days=1), "x"), (today - timedelta(days=61), "x"), (today, "")):
        with pytest.raises(Refused):
            corrections.note_call(ref, day, words, olga, once_key="other")


def test_a_grant_goes_to_another_ward_as_of_its_decision(app: Flask) -> None:
    season = begin()
    made = season.ready()
    ref = season.bid(made.application.ref).ref
    area, olga = elsewhere(), season.actor("Olga")
    code, version = area.code, season.bid(ref).version
    corrections.correct_area(ref, code, "The green lies there", olga)
    after = season.award_now(made)
    area = db.session.scalars(select(Area).where(Area.code == code)).one()
    assert (after.area_id, after.ward_code, after.ward_name) == (area.id, *ward_on(area, after.decided_on))
    assert (season.bid(ref).area_id, season.bid(ref).version) == (area.id, version + 1)
    for wrong, why in ((code, "again"), ("nowhere", "x"), ("mossgate", "")):
        with pytest.raises(Refused):
            corrections.correct_area(ref, wrong, why, olga)
    waiting = season.sent("A choir by the sea")
    season.with_panel(waiting)
    with pytest.raises(Refused, match="panel"):
        corrections.correct_area(waiting, code, "x", olga)
    with pytest.raises(Refused, match="your own"):
        corrections.correct_area(season.sent("Tea on Tuesdays", by="Olga"), code, "x", olga)


def test_the_pages(app: Flask) -> None:
    season = begin()
    ref = season.sent()
    code = elsewhere().code
    olga = Inspector(app, 40).sign_in(season.who("Olga").id)
    olga.get(f"/desk/bids/{ref}/call").submit("Write it down", 422).submit("Write it down", words="We spoke.").follow()
    assert "We spoke." in olga.text
    olga.get(f"/desk/bids/{ref}/area").submit("Put it right", 422, reason="There").submit(
        "Put it right", area=code, reason="There"
    ).follow()
    assert "put right where it happens" in olga.text
    rita = Inspector(app, 40).sign_in(season.who("Rita").id)
    assert "We spoke." in rita.get(f"/grants/{ref}").text
    rita.get(f"/desk/bids/{ref}/call", status=404)


def test_the_database_moves_a_grant_only_with_its_reason(app: Flask) -> None:
    season = begin()
    made = season.ready()
    code, ref = elsewhere().code, season.award_now(made).application.ref
    area = places.area(code).id
    for change in ({"area_id": area}, {"ward_name": "Elsewhere"}, {"amount": 1}):
        with pytest.raises(IntegrityError, match="stays as it was"), transaction():
            db.session.execute(update(Award).where(Award.ref == made.ref).values(change))
    corrections.correct_area(ref, code, "The green lies there", season.actor("Olga"))
    for change in ({"ward_name": "Elsewhere"}, {"amount": 1}):
        with pytest.raises(IntegrityError, match="stays as it was"), transaction():
            db.session.execute(update(Award).where(Award.ref == made.ref).values(change))
