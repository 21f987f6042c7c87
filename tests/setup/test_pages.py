"""An empty database becomes a scheme in a browser: the whole way, with the wrong word, twice, in two tabs."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.db import db, transaction
from portal.grants.model import Fund
from portal.outbox import Message
from portal.people import queries as people
from portal.people.model import Person, Role
from portal.places.model import Area
from portal.places.queries import scheme
from portal.setup import actions
from portal.setup.views import BEGUN
from tests.client import Inspector
from tests.grants.season import begin, person

SAID: dict[str, Any] = {"name": "Estuary Together", "email": "hello@estuary.example", "telephone": "01632 960123"}


@pytest.fixture
def empty(app: Flask) -> Iterator[Flask]:
    """A migrated database, and an app that leads to the set-up as in production."""
    app.config["LEADS_TO_SETUP"] = True
    app.extensions.pop(BEGUN, None)
    yield app
    app.config["LEADS_TO_SETUP"] = False
    app.extensions.pop(BEGUN, None)


def come_to_administrator(app: Flask, word: str) -> Inspector:
    browser = Inspector(app).get("/setup/")
    browser.submit("Begin", token=word.lower().replace("-", " ")).follow().submit("Continue", **SAID).follow()
    assert browser.path == "/setup/administrator"
    return browser


def test_the_whole_way(empty: Flask) -> None:
    stranger = Inspector(empty)
    for path in ("/", "/grants/", "/people/sign-in", "/desk/", "/register/"):
        assert stranger.get(path, status=303).location in ("/setup/", "/people/sign-in?next=/desk/")
    stranger.get("/healthz")
    browser = come_to_administrator(empty, actions.new_token())
    browser.submit("Begin Estuary Together", name="Farah Nasser", email="Farah@Council.example").follow()
    assert browser.path == "/setup/areas" and "Farah Nasser" in browser.text
    browser.submit("Continue", status=422, way="names", names="Mossgate\nPump Green\nMossgate")
    assert "is wrong. Nothing was loaded" in browser.text and db.session.scalar(select(func.count()).select_from(Area)) == 0
    browser.submit("Continue", way="names", names="Mossgate\n\n  Pump   Green ").follow()
    assert db.session.scalars(select(Area.code).order_by(Area.code)).all() == ["mossgate", "pump-green"]
    assert "£50 to £250" in browser.text and "£12.00" in browser.text
    browser.submit("Open this fund").follow()
    assert browser.path == "/setup/look" and db.session.scalars(select(Fund.code)).all() == ["small-sparks"]
    browser.get("/setup/fund").submit("Open this fund", status=422)
    assert "There is a fund already" in browser.text
    browser.get("/setup/checklist").submit("Send a test message").follow()
    assert db.session.scalars(select(Message.address).where(Message.about == actions.TEST)).all() == ["farah@council.example"]
    assert "5 things are left" in browser.text
    assert "/setup/checklist" in set(browser.get("/desk/").links()) and "things to set up" in browser.text
    for path in ("/setup/", "/setup/scheme", "/setup/administrator"):
        assert browser.get(path, status=303).location == "/setup/areas"
        assert Inspector(empty).get(path, status=303).location == "/"
    Inspector(empty).get("/people/sign-in")
    found = scheme()
    assert found is not None and (found.name, found.telephone) == ("Estuary Together", "01632 960123")


def test_a_wrong_word_and_one_of_before_open_nothing(empty: Flask) -> None:
    old = actions.new_token()
    right = actions.new_token()
    browser = Inspector(empty).get("/setup/")
    for wrong in ("", "7F3K-9QXA-2B4D-5E6G", old, right[:-1]):
        browser.submit("Begin", status=422, token=wrong)
    for path in ("/setup/scheme", "/setup/administrator"):
        assert browser.get(path, status=303).location in ("/setup/", "/setup/scheme")
    browser = come_to_administrator(empty, right)
    actions.new_token()  # the server was started again meanwhile
    browser.submit("Begin Estuary Together", status=422, name="Farah", email="farah@council.example")
    assert "does not open the set-up any more" in browser.text and scheme() is None


def test_two_tabs_and_a_second_tap_make_one_scheme(empty: Flask) -> None:
    word = actions.new_token()
    one, two = come_to_administrator(empty, word), come_to_administrator(empty, word)
    two_again = two.tree
    one.submit("Begin Estuary Together", name="Farah Nasser", email="farah@council.example")
    assert (
        one.post("/setup/administrator", {"name": "Farah", "email": "x@y.example"}, status=400).status == 400
    )  # the page of before the session
    two.tree = two_again
    assert two.submit("Begin Estuary Together", name="Mallory", email="mallory@else.example").location == "/"
    assert db.session.scalars(select(Person.name)).all() == ["Farah Nasser"]
    assert db.session.scalars(select(Role.name)).all() == ["administrator"]


def test_without_wards_there_is_one_area_to_choose(empty: Flask) -> None:
    browser = come_to_administrator(empty, actions.new_token())
    browser.submit("Begin Estuary Together", name="Farah Nasser", email="farah@council.example").follow()
    browser.submit("Continue", status=422, way="file").submit("Continue", status=422, way="names", names=" ")
    assert "Write between 1 and 200 names" in browser.text
    browser.submit("Continue", way="one").follow()
    assert db.session.scalars(select(Area.name)).all() == ["Estuary Together"]
    assert "Estuary Together" in browser.get("/people/me").text.split("<select")[1]


def test_the_list_ends_when_all_is_there(app: Flask) -> None:
    begin()
    farah = person("Farah", "administrator")
    with transaction():
        found = scheme()
        assert found is not None
        found.publisher_prefix = "360G-Estuary"
    actions.send_test(farah.id)
    browser = Inspector(app).sign_in(farah.id).get("/setup/checklist")
    assert "One thing is left" in browser.text  # the message has not gone out
    with transaction():
        message = db.session.scalars(select(Message).where(Message.about == actions.TEST)).one()
        message.sent_at = message.created_at
    assert "All is set up" in browser.get("/setup/checklist").text
    assert "/setup/checklist" not in set(browser.get("/desk/").links())
    Inspector(app).sign_in(people.person_at("email", "olga@example.org").id).get("/setup/checklist", status=404)  # type: ignore[union-attr]
