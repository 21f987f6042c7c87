"""The read interface beyond the register: the map, what is on, the boards, help on the spot, hours. What is not for everybody is not there,
and nobody is named.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import update

from portal.clock import held_at
from portal.db import db, transaction
from portal.events import planning
from portal.exports.strengths import data
from portal.gifts.model import GiftParty
from portal.grants.model import QuickSpark, Round
from portal.money import Pence
from portal.people.model import Organisation
from portal.places.model import WardCode
from portal.web.interface import ROOT
from tests.events.fair import MONDAY, open_fair
from tests.exports.reading import RESOURCES, ask, valid, whole
from tests.gifts.street import open_street
from tests.grants.season import begin as begin_season
from tests.grants.season import person
from tests.grants.sparks import granted, png, season_with_connectors, spend
from tests.strengths.ground import begin as begin_map
from tests.timebank.bank import open_bank


def named(items: Sequence[Mapping[str, Any]], of: str = "name") -> list[Any]:
    return [item[of] for item in items]


def test_the_map(app: Flask) -> None:
    ground = begin_map()
    group, person_ = ground.group("Friends of the Green", "Idris"), ground.group("Ivy Sorrel", "Maya")
    ground.published("Maya", "Mossgate Hall", kind="place", place="Market Square, RM17 6SL", open_door=True, latitude=51420, longitude=320, phone="+441375000111", contact_public=True, access="step-free, loop")  # fmt: skip
    ground.published("Maya", "Choir", keeper="me", email="maya@example.org", contact_public=True, initiative=True, tags="song, noise")
    ground.published("Idris", "The Green", "larch-court", keeper=group, links="https://green.example/")
    ground.published("Maya", "Listening", "riverside", kind="support", ways="telephone, group", keeper=person_)
    waits = ground.suggest("Maya", "Waits")
    with transaction():
        db.session.execute(update(Organisation).where(Organisation.ref == person_).values(name="Idris"))  # as somebody here is called
    found = whole(app, RESOURCES["strengths"])
    hall, choir, green, listening = (
        next(each for each in found if each["name"] == name) for name in ("Mossgate Hall", "Choir", "The Green", "Listening")
    )
    assert named(found) == ["Listening", "The Green", "Choir", "Mossgate Hall"], "newest first"
    assert (hall["latitude"], hall["longitude"], hall["access"], hall["telephone"]) == (51.42, 0.32, ["step-free", "loop"], "01375 000111")
    assert (choir["email"], choir["initiative"], choir["tags"], choir["looked_after_by"]) == (None, True, ["song", "noise"], None)
    assert (green["looked_after_by"], green["web"], green["area_code"]) == (
        "Friends of the Green",
        ["https://green.example/"],
        "larch-court",
    )
    assert listening["looked_after_by"] is None and listening["ways"] == ["group", "telephone"], "who is called like a person is one"
    assert "Idris" not in {row[list(data.COLUMNS).index("looked_after_by")] for row in data.rows()}, "the file says the same"
    assert ask(app, f"{ROOT}/strengths/{hall['reference']}").get_json() == hall
    ask(app, f"{ROOT}/strengths/{waits}", 404)
    for query, some in (
        ("&kind=place", ["Mossgate Hall"]), ("&area=mossgate", ["The Green", "Choir", "Mossgate Hall"]), ("&way=group", ["Listening"]), ("&access=loop", ["Mossgate Hall"]),
        ("&q=hall", ["Mossgate Hall"]), ("&q=haal", []), ("&q=%3F", []),
    ):  # fmt: skip
        assert named(whole(app, RESOURCES["strengths"], query)) == some, query
    areas = {each["code"]: each for each in whole(app, RESOURCES["areas"])}
    assert areas.keys() == {"mossgate", "riverside", "larch-court"}
    assert areas["larch-court"]["part_of"] == "mossgate" and areas["larch-court"]["ward_code"] == "E05000001"
    assert areas["mossgate"]["part_of"] is None and areas["riverside"]["ward_code"] is None


def test_what_is_on(app: Flask) -> None:
    with held_at(MONDAY):
        fair = open_fair()
        friends = fair.group("Friends of the Green", "Maya")
        first = fair.opened(places=1)
        late = fair.opened("Maya", friends, title="Quiz", kind="celebration", day=date(2026, 6, 20))
        rained_off = fair.opened(title="Picnic", day=date(2026, 6, 13), step_free="", food="")
        planning.cancel(rained_off, "Rain.", fair.who("Cass"))
        held = fair.opened("Idris", title="A neighbour’s own", day=date(2026, 6, 14))
        fair.come(first, "Maya")
        found = whole(app, RESOURCES["events"])
        assert named(found, "reference") == [first, rained_off, late]
        assert (found[0]["starts_at"], found[0]["places"], found[0]["full"], found[0]["organised_by"]) == (
            "2026-06-06T10:00:00+01:00",
            1,
            True,
            None,
        )
        assert (found[1]["cancelled"], found[1]["step_free"], found[1]["food"]) == (True, None, None)
        assert found[2]["organised_by"] == "Friends of the Green" and found[2]["full"] is False
        ask(app, f"{ROOT}/events/{held}", 404)
        assert ask(app, f"{ROOT}/events/{first}").get_json() == found[0]
        assert named(whole(app, RESOURCES["events"], "&kind=celebration"), "reference") == [late]
        assert whole(app, RESOURCES["events"], "&area=riverside") == []
    with held_at(MONDAY + timedelta(days=10)):
        assert named(whole(app, RESOURCES["events"]), "reference") == [rained_off, late]
        valid(ask(app, f"{ROOT}/events/{first}").get_json(), "Event")


def test_the_boards(app: Flask) -> None:
    street = open_street()
    hub = street.found("The hub", "Cass", kind="hub")
    street.found("Maya Moss Garden", "Maya")
    shared = street.put_up("Maya")
    near = street.put_up("Maya", "A ladder", sort="lend", reach="area")
    wish = street.put_up("Walter", "Somebody to talk to", kind="wish", sort="heart", area="riverside", hub_id=hub)
    group = street.put_up("Maya", "Seedlings", group="Maya Moss Garden", quantity=9)
    found = whole(app, RESOURCES["gifts"])
    assert named(found, "reference") == [group, wish, shared]
    assert [(one["organisation"], one["hub"], one["left"]) for one in found] == [
        ("Maya Moss Garden", None, 9),
        (None, "The hub", 1),
        (None, None, 1),
    ]
    ask(app, f"{ROOT}/gifts/{near}", 404)
    assert ask(app, f"{ROOT}/gifts/{wish}").get_json() == found[1]
    for query, some in (
        ("&kind=wish", [wish]),
        ("&sort=give", [group, shared]),
        ("&area=riverside", [wish]),
        ("&q=bike", [shared]),
        ("&q=biike", []),
    ):
        assert named(whole(app, RESOURCES["gifts"], query), "reference") == some, query
    with transaction():
        db.session.execute(
            update(GiftParty)
            .where(GiftParty.id == street.party("Walter").id)
            .values(stopped_at=MONDAY, stopped_by_id=street.who("Cass").id)
        )
    ask(app, f"{ROOT}/gifts/{wish}", 404)
    assert "Walter" not in ask(app, f"{ROOT}/gifts").text


def test_help_on_the_spot(app: Flask) -> None:
    with held_at(datetime(2026, 5, 1, 9, tzinfo=UTC)):
        season, folder = season_with_connectors(), Path(app.extensions["kindling"].data_dir)
        granted(season)
        person("Elsie Marsh")
    with held_at(datetime(2026, 5, 10, 9, tzinfo=UTC)):
        kettle = spend(season, folder, what="A kettle", amount=Pence(15_00), spent_on=date(2026, 5, 9), photo=png()).ref
        fare = spend(season, folder, what="A bus fare", amount=Pence(4_50), payee_kind="person", payee_name="Elsie Marsh", helps="An older neighbour").ref  # fmt: skip
        cups = spend(season, folder, what="Cups", amount=Pence(3_00), spent_on=date(2026, 5, 9)).ref
        with transaction():  # a name that slipped through
            db.session.execute(update(QuickSpark).where(QuickSpark.ref == fare).values(what="A bus fare for Elsie Marsh"))
        found = whole(app, RESOURCES["quick-sparks"], limit=1)
        assert named(found, "reference") == [fare, cups, kettle]
        assert found[2]["pence"] == 15_00 and found[2]["photos"] and "Elsie" not in str(found)
        assert whole(app, RESOURCES["quick-sparks"], "&year=2025-26") == []
        assert len(whole(app, RESOURCES["quick-sparks"], "&area=mossgate&year=2026-27")) == 3


def test_hours_say_nothing_of_few(app: Flask) -> None:
    with held_at(MONDAY):
        bank = open_bank()
        with transaction():
            for number, area in enumerate(bank.areas.values()):
                db.session.add(WardCode(area_id=area, ons_code=f"E0509900{number}", valid_from=date(2020, 1, 1)))
        bank.settled("Idris", "Maya", 60)
        few = ask(app, f"{ROOT}/hours").get_json()["items"]
        assert [(one["month"], one["people"], one["given_minutes"], one["ward_code"]) for one in few] == [("2026-06", None, None, None)]
        for name in ("Ann", "Bob", "Cid"):
            bank.join(name)
            bank.settled(name, "Maya", 60)
        assert [(one["people"], one["given_minutes"]) for one in whole(app, RESOURCES["hours"], "&year=2026-27")] == [(5, 240)]
        assert whole(app, RESOURCES["hours"], "&year=2025-26") == []


def test_open_rounds(app: Flask) -> None:
    with held_at(MONDAY):
        season = begin_season()
        found = whole(app, RESOURCES["rounds"])
        assert named(found, "reference") == [season.round_ref] and found[0]["closes_at"] is None
        assert (found[0]["least_pence"], found[0]["most_pence"], found[0]["voters"], found[0]["fund_code"]) == (
            50_00,
            250_00,
            "panel",
            "small-sparks",
        )
        with transaction():
            db.session.execute(update(Round).values(closes_at=MONDAY + timedelta(hours=1)))
        assert ask(app, f"{ROOT}/rounds/{season.round_ref}").get_json()["closes_at"] == "2026-06-01T11:00:00+01:00"
    with held_at(MONDAY + timedelta(hours=2)):
        assert ask(app, f"{ROOT}/rounds").get_json()["items"] == []
        ask(app, f"{ROOT}/rounds/{season.round_ref}", 404)
