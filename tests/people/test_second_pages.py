"""The second factor as somebody meets it: set up when they first need their role, asked in each browser, again before money."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.db import db
from portal.people import queries, second
from tests.client import Inspector
from tests.conftest import Store, make_app
from tests.grants.season import begin, person
from tests.people.test_second import NOON, code, set_up, wrong


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.held_at(NOON):
        yield


@pytest.fixture
def strict(store: Store) -> Iterator[Flask]:
    """As in production: required."""
    app = make_app(store.url, store.home, second_factor=True)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_a_new_officer_sets_it_up_on_the_way_to_the_desk(strict: Flask) -> None:
    begin()
    olga = person("Olga2", "officer")
    with clock.held_at(NOON):
        browser = Inspector(strict).sign_in(olga.id)
        browser.get("/people/me")
        assert "/desk/" in set(browser.links()), "the way to it is there"
        browser.get("/desk/?x=1", 303)
        assert browser.location == "/people/me/second-factor?next=/desk/%3Fx%3D1"
        browser.follow().submit("Show me the picture").follow()
        assert "<svg" in browser.text and "12345" not in browser.text
        browser.submit("Switch it on", status=422, code=wrong(code(olga.id, confirmed=False)))
        browser.submit("Switch it on", code=code(olga.id, confirmed=False)).follow()
        token = browser._values(browser.forms()[-1])
        browser.post("/people/me/second-factor/codes", token, status=200)
        shown = re.findall(r"<strong>([2-9A-Z]{4}-[2-9A-Z]{4})</strong>", browser.text)
        assert len(shown) == 10 and "/desk/?x=1" in set(browser.links())
        browser.get("/desk/?x=1").get("/people/me/second-factor")
        assert "10 recovery codes" in browser.text and shown[0] not in browser.text and "Do without it" not in browser.text
        browser.post("/people/me/second-factor", {**token, "act": "remove"}, status=409)
    with clock.held_at(NOON + timedelta(minutes=3)):
        other = Inspector(strict).sign_in(olga.id)
        other.get("/desk/", 303)
        other.follow().submit("Continue", status=422, code="000000")
        other.submit("Continue", code=shown[0])
        assert other.location == "/desk/"
        other.follow()
        assert "9 recovery codes" in other.text


def test_a_residents_own_pages_stay_open(strict: Flask) -> None:
    begin()
    olga = person("Olga2", "officer")
    browser = Inspector(strict).sign_in(olga.id)
    for path in ("/", "/people/me", "/grants/", "/people/me/data"):
        browser.get(path)
    for path in ("/desk/people", "/finance/", "/finance/exports", "/desk/rounds"):
        browser.get(path, 303)
        assert browser.location.startswith("/people/me/second-factor")
    Inspector(strict).sign_in(person("Con", "connector").id).get("/desk/")
    Inspector(strict).sign_in(person("Rita2").id).get("/desk/people", 404)


def test_a_form_comes_back_after_the_proof(app: Flask) -> None:
    """On this browser alone; who has a second factor proves by it, and a code by e-mail is not enough."""
    begin()
    olga, otto = set_up(app, "Olga2", "officer"), person("Otto2", "officer")
    lost = set_up(app, "Lost", "officer")
    with clock.held_at(NOON + timedelta(hours=1)):
        browser, elsewhere = Inspector(app).sign_in(olga), Inspector(app).sign_in(otto.id)
        browser.get("/people/prove?next=/desk/").submit("Continue", code=code(olga))
    ref = next(each.ref for each in queries.search("Lost"))
    with clock.held_at(NOON + timedelta(hours=1, minutes=11)):
        browser.get(f"/desk/people/{ref}/second-factor").submit("Take it away", status=422)
        browser.submit("Take it away", reason="Lost on the ferry").follow()
        assert "app on your phone" in browser.text and second.factor_of(lost) is not None
        assert "begin again" in elsewhere.get("/people/go-on").text
        browser.submit("Continue", code=code(olga)).follow().submit("Go on").follow()
        assert "all officers are told" in browser.text
    db.session.rollback()
    assert second.factor_of(lost) is None


def test_who_has_it_changes_an_address_only_with_it(app: Flask) -> None:
    begin()
    olga = set_up(app, "Olga2", "officer")
    browser = Inspector(app).sign_in(olga)
    browser.get("/people/me/address", 303)
    assert browser.location == "/people/prove?next=/people/me/address"


def test_who_has_it_takes_or_ends_what_is_theirs_only_with_it(app: Flask) -> None:
    begin()
    rita = set_up(app, "Rita2")
    browser = Inspector(app).sign_in(rita)
    browser.get("/people/me/data").submit("Delete me", sure="y")
    assert browser.location == "/people/prove?next=/people/go-on"
    browser.get("/people/me/data.json", 303)
    assert browser.location == "/people/prove?next=/people/me/data.json"
    db.session.rollback()
    assert queries.person(rita).deleted_at is None
    plain = Inspector(app, budget=80).sign_in(person("Rolf").id)
    assert "Rolf" in plain.get("/people/me/data.json").text
    with clock.held_at(NOON + timedelta(hours=1)):
        proved = Inspector(app, budget=160).sign_in(rita)
        proved.get("/people/prove?next=/people/me/data.json").submit("Continue", code=code(rita))
        assert "Rita2" in proved.follow().text
        proved.get("/people/me/data").submit("Delete me", sure="y").follow()
        assert proved.path == "/people/goodbye"


def test_whose_phone_is_lost_is_not_helped_by_themselves_or_a_stranger(app: Flask) -> None:
    begin()
    olga = set_up(app, "Olga2", "officer")
    ref = next(each.ref for each in queries.search("Olga2"))
    rita, con = person("Rita2"), person("Con", "connector")
    for someone in (rita, con):
        Inspector(app).sign_in(someone.id).get(f"/desk/people/{ref}/second-factor", 404)
    with clock.held_at(NOON + timedelta(hours=1)):
        browser = Inspector(app).sign_in(olga)
        browser.get("/people/prove?next=/").submit("Continue", code=code(olga))
        browser.get(f"/desk/people/{ref}/second-factor").submit("Take it away", status=422, reason="mine")
        assert "Ask another officer" in browser.text
