"""Open data, the directory on paper, and the matrix: what leaves the house says the same everywhere, and nothing of a person."""

import csv
import io
import itertools
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal import clock
from portal.db import db
from portal.errors import Refused
from portal.events import planning
from portal.exports.initiatives import matrix, sources
from portal.exports.strengths import data
from portal.history import Actor
from portal.ideas import cards
from portal.places.queries import area, scheme
from portal.strengths import actions, desk, prints, shapes
from portal.strengths.queries import Filters
from portal.web.documents import pdf
from tests.client import Inspector
from tests.events.fair import MONDAY, Fair
from tests.gifts.street import Street
from tests.strengths.ground import Ground, begin
from tests.tagged import Tagged
from tests.timebank.bank import open_bank
from tests.timebank.market import put_up

HOME = {"mossgate": "51.40, 0.30\n51.40, 0.35\n51.45, 0.35\n51.45, 0.30", "riverside": "51.45, 0.30\n51.50, 0.30\n51.50, 0.35\n51.45, 0.35"}


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    yield begin()


def filled(ground: Ground) -> None:
    """A hall with a position, a group whose keeper uses their own address, something that looks like a formula."""
    group = ground.group("Friends of the Green", "Idris")
    ground.published("Maya", "Mossgate Hall", kind="place", place="Market Square, RM17 6SL", open_door=True, latitude=51420, longitude=320, phone="+441375000111", contact_public=True, access="step-free, loop")  # fmt: skip
    ground.published("Maya", "Choir", keeper="me", email="maya@example.org", contact_public=True, initiative=True)
    ground.published(
        "Idris", "The Green", "larch-court", keeper=group, offers="=1+1 gardens", links="https://green.example/", initiative=True
    )
    ground.suggest("Maya", "Waits")


def feature_of(text: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in json.loads(text)["features"] if each["properties"]["name"] == name)
    return found


def test_the_files(ground: Ground, app: Flask) -> None:
    filled(ground)
    for code, outline in HOME.items():
        shapes.set_shape(code, None, None, outline, Actor(ground.who("Olga").id))
    browser = Inspector(app)
    answer = browser.client.get("/strengths/strengths.csv")
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert set(rows) == {"Mossgate Hall", "Choir", "The Green"} and list(rows["Choir"]) == list(data.COLUMNS)
    hall, green = rows["Mossgate Hall"], rows["The Green"]
    assert (hall["latitude"], hall["longitude"], hall["telephone"], hall["ward_code"]) == ("51.420", "0.320", "01375 000111", "E05000001")
    assert hall["place"] == "Market Square, RM17 6SL" and hall["address"].startswith("http://localhost/strengths/STR-")
    assert green["offers"] == "'=1+1 gardens" and green["ward"] == "Mossgate" and green["looked_after_by"] == "Friends of the Green"
    assert rows["Choir"]["email"] == "" and "maya" not in answer.text.lower()  # her own address stays on the page, where she put it
    for path in ("/strengths/strengths.csv", "/strengths/strengths.geojson", "/strengths/areas.geojson"):
        first = browser.client.get(path)
        assert first.status_code == 200 and first.headers["Access-Control-Allow-Origin"] == "*"
        again = browser.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304 and not again.data
    desk.archive(hall["reference"], "Closed", ground.who("Olga"))
    assert browser.client.get("/strengths/strengths.csv", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200


def test_geojson_is_as_rfc_7946_has_it(ground: Ground) -> None:
    assert json.loads(data.points())["features"] == [] and "bbox" not in json.loads(data.points())
    filled(ground)
    shapes.set_shape("riverside", None, None, HOME["riverside"], Actor(ground.who("Olga").id))
    points = json.loads(data.points())
    assert points["type"] == "FeatureCollection" and points["bbox"] == [0.32, 51.42, 0.32, 51.42] and "crs" not in points
    assert feature_of(data.points(), "Mossgate Hall")["geometry"] == {"type": "Point", "coordinates": [0.32, 51.42]}
    assert feature_of(data.points(), "Choir")["geometry"] is None
    assert all(each["type"] == "Feature" and each["id"].startswith("STR-") for each in points["features"])
    (ring,) = feature_of(data.areas(), "Riverside")["geometry"]["coordinates"]
    assert ring[0] == ring[-1] and sum(x * b[1] - b[0] * y for (x, y), b in itertools.pairwise(ring)) > 0  # anticlockwise
    assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
    mossgate = feature_of(data.areas(), "Mossgate")
    assert mossgate["geometry"] is None and mossgate["properties"]["entries"] == 3 and mossgate["properties"]["people"] == 2


def test_the_directory(ground: Ground) -> None:
    filled(ground)
    ours = scheme()
    assert ours is not None
    made = prints.directory(ours, Filters(area="mossgate"), area("mossgate"), large=False)
    told = Tagged(pdf(made))
    assert [text for _tag, text in told.headings()] == [
        "What we have in Mossgate",
        "Larch Court",
        "People and groups",
        "Mossgate",
        "People and groups",
        "Places",
    ]
    for words in (
        "Mossgate Hall.",
        "Market Square, RM17 6SL",
        "01375 000111",
        "No steps, Hearing loop",
        "Call us on 01375 000000",
        "https",
    ):
        assert (words in told.text()) == (words != "https"), words
    assert "Maya" not in told.text()
    large = prints.directory(ours, Filters(kind="place"), None, large=True)
    assert large.large and large.title == "Places in Estuary Together"
    for filters in (Filters(kind="support"), Filters(area="riverside")):
        with pytest.raises(Refused):
            prints.directory(ours, filters, None, large=False)


class TestMatrix:
    def test_initiatives_stand_in_their_wards(self, ground: Ground) -> None:
        filled(ground)
        ground.published("Maya", "choir", "riverside", initiative=True)
        found = matrix.read()
        assert [column.name for column in found.columns] == ["Mossgate", "Riverside"] and found.columns[0].ons_code == "E05000001"
        choir, green = found.rows
        assert [cell and cell.number for cell in choir.cells] == [1, 1] and [cell and cell.number for cell in green.cells] == [1, None]
        assert green.cells[0] is not None and green.cells[0].href.startswith("/strengths/STR-")
        assert found.busy == [2, 1] and choir.told == 2 and choir.whole
        assert matrix.head(found)[3:] == ["Mossgate (E05000001)", "Riverside"]
        assert list(matrix.rows(found))[1][1:] == ["The Green", "on the map", 1, None]

    def test_nonsense_is_this_year(self, ground: Ground) -> None:
        assert matrix.read("x").asked.year == matrix.read("").asked.year == matrix.read().years[0]
        assert matrix.read().rows == []

    def test_few_people_are_not_counted_and_no_sum_tells(self, app: Flask) -> None:
        bank = open_bank()
        for number in range(5):
            bank.join(f"Neighbour {number}")
            put_up(bank, f"Neighbour {number}", f"I can mend bicycle number {number}")
        for number in range(6):
            put_up(bank, "Walter", f"I can mend clock number {number}")
        (row,) = matrix.read().rows
        assert [cell and cell.number for cell in row.cells] == [5, None] and row.cells[1] is not None
        assert row.told == 5 and not row.whole
        assert [cells[3:] for cells in matrix.rows(matrix.read())] == [[5, "under 5"]]
        page = Inspector(app, budget=11).get("/register/initiatives").text
        assert "under 5" in page and "more than 5" in page
        assert "under 5" in Inspector(app).client.get("/register/initiatives.csv").text

    def test_events_ideas_and_gifts_stand_in_it(self, app: Flask) -> None:
        with clock.held_at(MONDAY):
            fair = Fair(open_bank())
            fair.opened()
            planning.cancel(fair.opened(title="Called off", kind="meeting"), "Rain.", fair.who("Cass"))
            street = Street({"Cass": fair.who("Cass")}, areas=fair.bank.areas)
            for number in range(5):
                street.move_in(f"Neighbour {number}")
                street.put_up(f"Neighbour {number}", f"Seeds of {number} kinds of beans")
            street.put_up("Neighbour 0", "A ladder for a day", kind="wish", sort="lend")
            cards.post(
                cards.Draft(title="A bench by the bus stop", area_id=fair.bank.areas["mossgate"]),
                fair.who("Cass"),
                for_somebody=True,
                basis="paper sheet",
                once_key="a",
            )
            told = {(row.group, row.name): [cell and cell.number for cell in row.cells] for row in matrix.read().rows}
        assert told == {
            ("Gifts and ideas", "Ideas on the wall"): [1, None],
            ("Gifts and ideas", "Gifts on the boards"): [5, None],
            ("Gifts and ideas", "Wishes on the boards"): [None, None],  # one neighbour's: not told
            ("Events", "Ideas fair"): [1, None],
        }

    def test_what_lies_in_no_ward_has_a_column_of_its_own(self, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
        line = sources.Line("Whole scheme", "x", [sources.Part(ground.areas["estuary"], 2)])
        monkeypatch.setattr(matrix, "SOURCES", [("x", lambda _asked: [line])])
        found = matrix.read()
        assert found.columns[-1].name == "In no ward" and found.rows[0].cells[-1] == matrix.Cell(2)


def test_a_changed_entry_has_another_day(ground: Ground) -> None:
    ref = ground.published("Maya", "Choir", keeper="me")
    with clock.held_at(clock.now() + timedelta(days=3)):
        actions.edit(ref, ground.draft("Choir", offers="Louder."), ground.who("Maya"), shown=1)
        db.session.rollback()
        assert list(data.rows()) == [], "what a keeper changes is looked at first"
        desk.publish(ref, ground.who("Olga"), shown=2, months=12, initiative=False)
        db.session.rollback()
        assert [row[-1] for row in data.rows()] == [clock.today().isoformat()]
