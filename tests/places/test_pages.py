"""The desk's pages of the scheme and its areas, as an officer uses them."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from portal import clock
from portal.errors import Refused
from portal.history import Actor, events_of
from portal.places import actions, load, queries
from tests.client import Inspector
from tests.grants.season import person

BUDGET = 8
LATER = clock.today() + timedelta(days=40)


def officer(app: Flask) -> Inspector:
    return Inspector(app, budget=20).sign_in(person("Olga", "officer").id)


def see(browser: Inspector, path: str) -> Inspector:
    browser.get(path)
    assert browser.queries <= BUDGET, (path, browser.queries)
    return browser


def test_the_scheme_is_set_up_and_changed(app: Flask) -> None:
    browser = officer(app)
    see(browser, "/desk/scheme").submit("Save", status=422, name="", email="nobody", telephone="12")
    assert "Write the name of the scheme." in browser.text and "Write an e-mail address like" in browser.text
    said: dict[str, Any] = {
        "name": "Estuary Together",
        "short_name": "Estuary",
        "email": "hello@estuary.example",
        "telephone": "01375 390000",
    }
    browser.submit("Save", **said, spend_threshold="50000")
    found = queries.scheme()
    assert found is not None and (found.telephone, found.spend_threshold) == ("01375 390000", 50000)
    see(browser.follow(), "/desk/scheme").submit("Save", telephone="01375 390001").follow()
    assert "01375 390001" in browser.text
    assert [(event.kind, event.data) for event in events_of("scheme")] == [
        ("scheme_begun", {}),
        ("scheme_changed", {"changed": {"telephone": ["01375 390000", "01375 390001"]}}),
    ]
    browser.get("/").get("/desk/scheme").submit("Save")
    assert len(events_of("scheme")) == 2, "saving what stands already is no change"


def test_the_prefix_is_changed_only_where_one_must_be_sure(app: Flask) -> None:
    boss = Inspector(app).sign_in(person("Farah", "administrator").id)
    said: dict[str, Any] = {
        "name": "Estuary Together",
        "short_name": "Estuary",
        "email": "hello@estuary.example",
        "telephone": "01375 390000",
    }
    boss.get("/desk/scheme").submit("Save", **said).follow()
    assert "Officers set the 360Giving prefix" in boss.text and "/desk/publish/settings" not in boss.links()
    actions.change_scheme({"publisher_prefix": "360G-Estuary"}, Actor())
    browser = officer(app)
    assert "/desk/publish/settings" in see(browser, "/desk/scheme").links() and 'name="publisher_prefix"' not in browser.text
    token = browser.tree.find(".//*[@name='csrf_token']").get("value")
    browser.post("/desk/scheme", {**said, "csrf_token": token, "spend_threshold": "0", "publisher_prefix": "360G-Other"})
    found = queries.scheme()
    assert found is not None and found.publisher_prefix == "360G-Estuary"


def test_an_area_from_its_beginning_to_its_end(app: Flask) -> None:
    browser = officer(app)
    see(browser, "/desk/areas").get("/desk/areas/new").submit("Add this area", status=422, name="Mossgate", kind="ward")
    assert "Write why" in browser.text
    browser.submit("Add this area", name="Mossgate", kind="ward", reason="It is on the map").follow()
    browser.get("/desk/areas/new").submit(
        "Add this area", name="Pump Green", kind="estate", parent="mossgate", reason="People say so"
    ).follow()
    assert see(browser, "/desk/areas/pump-green").path == "/desk/areas/pump-green"
    browser.get("/desk/areas/new").submit("Add this area", status=422, name="Pump Green", kind="estate", reason="Again")
    assert "called Pump Green already" in browser.text
    see(browser, "/desk/areas/mossgate/change").submit("Save", name="Mossgate West", reason="The review of 2026").follow()
    assert "The review of 2026" in browser.text and "(was Mossgate)" in browser.text and "Olga" in browser.text
    see(browser, "/desk/areas/mossgate/retire").submit("Retire it", status=422, reason="Merged")
    assert "still areas in it: Pump Green" in browser.text
    browser.get("/desk/areas/pump-green/retire").submit("Retire it", reason="Pulled down").follow()
    assert "pump-green" in browser.text and "pump-green" not in [area.code for area in queries.areas()]
    see(browser, "/desk/areas/pump-green").submit("Bring it back").follow()
    assert [event.kind for event in events_of(f"area:{queries.area('pump-green').id}")] == ["area_added", "area_retired", "area_back"]


def test_an_area_never_lies_in_itself(app: Flask) -> None:
    actor = Actor(person("Olga", "officer").id)
    actions.add_area("A", "ward", "", "why", actor)
    actions.add_area("B", "estate", "a", "why", actor)
    for parent in ("a", "b"):
        with pytest.raises(Refused):
            actions.change_area("a", "A", "ward", parent, "why", actor)
    with pytest.raises(Refused):
        actions.change_area("a", "B", "ward", "", "why", actor)
    assert queries.area("a").parent_id is None


def test_codes_of_areas_never_take_the_place_of_a_page(app: Flask) -> None:
    actor = Actor(person("Olga", "officer").id)
    assert [actions.add_area(name, "ward", "", "why", actor) for name in ("New", "Łoad", "Moss, Gate!", "Moss Gate", "漢字")] == [
        "new-2", "oad", "moss-gate", "moss-gate-2", "area",
    ]  # fmt: skip


def test_a_new_code_ends_the_old_one_on_the_eve(app: Flask) -> None:
    browser = officer(app)
    load.load(
        b"code,name,kind,parent,ons_code,valid_from,valid_to\nmossgate,Mossgate,ward,,E05099001,2015-05-07,\nother,Other,ward,,E05099002,2015-05-07,\n"
    )
    day: dict[str, Any] = {"valid_from_day": LATER.day, "valid_from_month": LATER.month, "valid_from_year": LATER.year}
    see(browser, "/desk/areas/mossgate/code").submit("Add this code", status=422, ons_code="E12", reason="Review", **day)
    assert "a letter and eight digits" in browser.text
    browser.submit("Add this code", status=422, ons_code="E05099002", reason="Review", **day)
    assert "Other has this code" in browser.text
    browser.submit("Add this code", ons_code="e05 099 101", reason="Review", **day).follow()
    area = queries.area("mossgate")
    assert [(code.ons_code, code.valid_from, code.valid_to) for code in area.ward_codes] == [
        ("E05099001", date(2015, 5, 7), LATER - timedelta(days=1)), ("E05099101", LATER, None),
    ]  # fmt: skip
    browser.get("/desk/areas/mossgate/code").submit("Add this code", ons_code="E05099103", reason="A slip", **day)  # the same day again
    assert [code.ons_code for code in queries.area("mossgate").ward_codes] == ["E05099001", "E05099103"]
    early: dict[str, Any] = {"valid_from_day": 1, "valid_from_month": 1, "valid_from_year": clock.today().year - 9}
    browser.get("/desk/areas/mossgate/code").submit("Add this code", status=422, ons_code="E05099104", reason="Late", **early)
    assert "from a later day already" in browser.text


def test_a_file_is_sent_from_the_desk(app: Flask) -> None:
    browser = officer(app)
    see(browser, "/desk/areas/load")
    bad = b"code,name,kind,parent\nmossgate,Mossgate,parish,\nRiver,River,ward,\n"
    browser.submit("Load this file", status=422, file=(io.BytesIO(bad), "areas.csv"))
    assert "2 lines are wrong. Nothing was loaded." in browser.text and "Line 2:" in browser.text and "Line 3:" in browser.text
    browser.get("/desk/areas/load").submit("Load this file", status=422)
    assert "Choose a CSV file." in browser.text
    good = b"code,name,kind,parent\nmossgate,Mossgate,ward,\n"
    browser.get("/desk/areas/load").submit("Load this file", file=(io.BytesIO(good), "areas.csv")).follow()
    assert "Mossgate" in browser.text
    assert [event.kind for event in events_of(f"area:{queries.area('mossgate').id}")] == ["area_loaded"]


def test_missing_areas_are_missing_and_nobody_else_comes_in(app: Flask) -> None:
    load.load(b"code,name,kind,parent\nmossgate,Mossgate,ward,\n")
    officer(app).get("/desk/areas/nowhere", status=404).get("/desk/areas/nowhere/change", status=404)
    for path in (
        "/desk/areas",
        "/desk/areas/new",
        "/desk/areas/load",
        "/desk/areas/mossgate",
        "/desk/areas/mossgate/retire",
        "/desk/scheme",
    ):
        Inspector(app).get(path, status=303)
        Inspector(app).sign_in(person("C" + path.replace("/", ""), "connector").id).get(path, status=404)
