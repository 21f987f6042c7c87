"""The post room's pages, as an officer meets them; and that the demo's outbox is in the demo only."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.outbox import Addressee, Message, Text, queue, sending
from portal.outbox.senders import Parcel, Undeliverable
from portal.people import sessions
from portal.people.model import Person, Role
from portal.places.model import Area
from portal.refs import new_ref
from tests.conftest import Store, make_app


def person(name: str, *roles: str, postal_address: str = "", large_print: bool = False) -> int:
    with transaction():
        someone = Person(ref=new_ref("PER"), name=name, postal_address=postal_address, large_print=large_print, joined_at=clock.now())
        db.session.add(someone)
        db.session.flush()
        for role in roles:
            db.session.add(Role(person_id=someone.id, name=role, since=clock.today()))
        return someone.id


def signed_in(app: Flask, person_id: int) -> FlaskClient:
    with transaction():
        token = sessions.begin(person_id, "test")
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = token
        session["_fresh"] = True
    return client


@pytest.fixture
def officer(app: Flask) -> Iterator[FlaskClient]:
    app.config["WTF_CSRF_ENABLED"] = False
    yield signed_in(app, person("Olu", "officer"))
    app.config["WTF_CSRF_ENABLED"] = True


def letter(key: str, name: str, address: str = "1 High Road\nTilbury\nRM18 7AA", person_id: int | None = None) -> None:
    with transaction():
        queue(
            key,
            Addressee(name, "letter", address, person_id),
            Text(f"About {key}", "b", "c", f"Dear {name},\n\nyes <b>!</b>"),
            about="award:1",
        )


def message(key: str) -> Message:
    db.session.rollback()
    return db.session.scalars(select(Message).where(Message.key == key)).one()


def test_letters_are_printed_one_a_page_and_then_gone(officer: FlaskClient) -> None:
    ann = person("Ann", large_print=True)
    letter("one", "Ann", person_id=ann)
    letter("two", "Bob", "")
    listed = officer.get("/desk/letters").text
    assert "Ann" in listed and "hand it over" in listed
    sheet = officer.get("/desk/letters/print").text
    assert re.findall(r'<article class="([^"]+)"', sheet) == ["letter letter--large", "letter"]
    assert "1 High Road<br>Tilbury<br>RM18 7AA" in sheet and "yes &lt;b&gt;!&lt;/b&gt;" in sheet
    assert officer.get("/desk/letters/print?large=1").text.count("letter--large") == 2
    letter("late", "Cy")  # written after the sheet was drawn: not marked with it
    ids = re.findall(r'name="letter" value="(\d+)"', sheet)
    answer = officer.post("/desk/letters/printed", data={"letter": ids})
    assert answer.status_code == 303
    assert message("one").sent_at and message("two").sent_at and not message("late").sent_at
    assert "2 letters are marked as printed" in officer.get("/desk/letters").text
    assert officer.post("/desk/letters/printed", data={"letter": ids}).status_code == 303  # a double tap


def test_what_was_not_delivered_can_be_tried_printed_or_told(officer: FlaskClient) -> None:
    dee = person("Dee", postal_address="2 Low Road\nTilbury")

    class Refusing:
        def send(self, parcel: Parcel) -> str | None:
            raise Undeliverable("550 no such user")

    for key in ("a", "b", "c"):
        with transaction():
            queue(key, Addressee("Dee", "email", "dee@example.org", dee), Text("Hello", "Long", "Hi"), about="award:1")
    sending.send_due({"email": Refusing()})
    shown = officer.get("/desk/undelivered").text
    assert shown.count("550 no such user") == 3
    assert officer.post("/desk/undelivered/again", data={"message": message("a").id}).status_code == 303
    assert officer.post("/desk/undelivered/letter", data={"message": message("b").id}).status_code == 303
    assert officer.post("/desk/undelivered/told", data={"message": message("c").id}).status_code == 303
    assert message("a").failed_at is None and message("a").sent_at is None
    assert (message("b").channel, message("b").address) == ("letter", "2 Low Road\nTilbury")
    assert message("c").sent_at is not None
    assert officer.post("/desk/undelivered/told", data={"message": message("c").id}).status_code == 409
    assert "Everything was delivered" in officer.get("/desk/undelivered").text


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 30, "١", "1.5", "\0", "1 or 1=1"])
def test_numbers_that_are_none_change_nothing(officer: FlaskClient, value: str) -> None:
    letter("one", "Ann")
    assert officer.post("/desk/letters/printed", data={"letter": value}).status_code == 303
    assert officer.post("/desk/undelivered/again", data={"message": value}).status_code == 409
    assert officer.get("/desk/undelivered", query_string={"before": value}).status_code == 200
    assert message("one").sent_at is None


def test_other_people_do_not_see_letters(app: Flask) -> None:
    member, connector = signed_in(app, person("Maya")), signed_in(app, person("Con", "connector", "finance"))
    for path in ("/desk/letters", "/desk/letters/print", "/desk/undelivered"):
        hands_over = 404 if "undelivered" in path else 200
        for client, status in ((app.test_client(), 303), (member, 404), (connector, hands_over)):
            g.pop("_login_user", None)  # the test's own context outlives a request
            assert client.get(path).status_code == status


def test_a_connector_hands_over_letters_of_their_area_alone(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    with transaction():
        areas = [Area(code=code, name=code.title(), kind="ward") for code in ("near", "far")]
        db.session.add_all(areas)
        db.session.flush()
        near, far = (area.id for area in areas)
    con, walter, far_away = person("Con", "connector"), person("Walter"), person("Olive")
    with transaction():
        db.session.scalars(select(Role).where(Role.person_id == con)).one().area_id = near
        db.session.get_one(Person, walter).area_id, db.session.get_one(Person, far_away).area_id = near, far
    letter("mine", "Walter", "", walter)
    letter("posted", "Walter", person_id=walter)
    letter("far", "Olive", "", far_away)
    connector = signed_in(app, con)
    listed = connector.get("/desk/letters").text
    assert "About mine" in listed and "About posted" not in listed and "About far" not in listed
    assert connector.get("/desk/letters/print").text.count("<article") == 1
    connector.post("/desk/letters/printed", data={"letter": [message(key).id for key in ("mine", "posted", "far")]})
    assert message("mine").sent_at and not message("posted").sent_at and not message("far").sent_at
    app.config["WTF_CSRF_ENABLED"] = True


def test_the_outbox_shows_each_form_with_links_and_pages(store: Store, tmp_path: Path) -> None:
    app = make_app(store.url, tmp_path, demo=True)
    with app.app_context(), clock.held_at(datetime(2026, 6, 1, tzinfo=UTC)):
        with transaction():
            for number in range(25):
                queue(
                    f"m{number}",
                    Addressee("Maya", ("email", "sms", "letter")[number % 3], "maya@example.org"),
                    Text(f"No {number}", "Long: http://localhost/m/TOKEN <script>", "Short", "On paper"),
                    about="award:1",
                )
        client = app.test_client()
        first = client.get("/dev/outbox").text
        assert [int(found) for found in re.findall(r"No (\d+)<", first)] == list(range(24, 4, -1))
        assert 'href="http://localhost/m/TOKEN"' in first and "&lt;script&gt;" in first
        assert "Short" in first and "On paper" in first
        older = re.search(r'href="(/dev/outbox\?before=\d+)"', first)
        assert older is not None
        second = client.get(older[1]).text
        assert [int(found) for found in re.findall(r"No (\d+)<", second)] == [4, 3, 2, 1, 0]
        db.session.remove()
        db.engine.dispose()


def test_the_outbox_is_not_there_outside_a_demo(app: Flask) -> None:
    assert app.extensions["kindling"].demo is False
    assert app.test_client().get("/dev/outbox").status_code == 404
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/dev")]
