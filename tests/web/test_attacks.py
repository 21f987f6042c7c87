"""What somebody with a terminal sends: forged hosts and addresses, bent cookies, floods, tokens of others, secrets fishing in the log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask, abort, request
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.config import Settings
from portal.db import db, transaction
from portal.links import path_without_key
from portal.outbox import Message
from portal.people.model import Person
from portal.web.logs import _Json
from tests.client import Inspector
from tests.conftest import VAULT_KEY, Store, make_app
from tests.grants.season import begin, person
from tests.web.test_routes import WITHOUT_TOKEN, address, rules

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # all of this happens before the database, or above it


@pytest.fixture
def guarded(store: Store) -> Iterator[Flask]:
    """As real people get it: not testing, limits on."""
    settings = Settings(
        database_url=store.url, secret_key="s" * 40, vault_keys=(VAULT_KEY,), base_url="http://localhost", data_dir=store.home
    )
    app = create_app(settings)
    with app.app_context():
        begin()
        yield app
        db.session.remove()
        db.engine.dispose()


def test_a_forged_host_leads_nobody_there(app: Flask) -> None:
    begin()
    person("Wanda")
    client = app.test_client()
    for path in ("/register", "/grants", "/panels", "/nowhere", "/desk/", "/favicon.ico", "/"):
        answer = client.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert "evil.example" not in str(answer.headers) + answer.text, path
    assert client.get("/register", headers={"Host": "evil.example"}).headers["Location"] == "/register/"
    browser = Inspector(app).get("/people/sign-in")
    values = browser._values(browser.forms()[0])
    browser.client.post("/people/sign-in", data={**values, "address": "wanda@example.org"}, headers={"X-Forwarded-Host": "evil.example"})
    message = db.session.scalars(select(Message)).one()
    assert "http://localhost/people/sign-in/link/" in message.body and "evil" not in message.body


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "203.0.113.7"), (2, "198.51.100.1")])
def test_nobody_names_their_own_address(store: Store, proxies: int, seen: str) -> None:
    app = make_app(store.url, store.home, trusted_proxies=proxies)

    def view() -> str:
        return f"{request.remote_addr} {request.scheme} {request.host}"

    view.policy = "anyone"  # type: ignore[attr-defined]
    app.add_url_rule("/test", view_func=view)
    headers = {"X-Forwarded-For": "192.0.2.66, 198.51.100.1, 203.0.113.7", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "666"}
    assert app.test_client().get("/test", headers=headers).text == f"{seen} http localhost"


def test_a_forged_address_is_no_way_round_the_limits(guarded: Flask) -> None:
    browser = Inspector(guarded).get("/people/sign-in")
    token = browser._values(browser.forms()[0])["csrf_token"]
    answers = [
        browser.client.post("/people/sign-in", data={"csrf_token": token}, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
        for number in range(22)
    ]
    assert answers == [422] * 20 + [429] * 2


def test_a_bent_cookie_is_nobodys(app: Flask) -> None:
    begin()
    browser = Inspector(app).sign_in(person("Wanda").id).get("/people/me")
    whole = browser.client.get_cookie("kindling")
    assert whole is not None
    for bent in (whole.value[:-2], whole.value[1:], "x" + whole.value, whole.value.split(".")[0], "", "a.b.c", "\u00ff", ".." * 2000):
        stranger = Inspector(app)
        stranger.client.set_cookie("kindling", bent)
        assert stranger.get("/people/me", status=303).location.startswith("/people/sign-in?"), bent[:20]


def test_the_token_of_another_browser_opens_nothing(app: Flask) -> None:
    begin()
    theirs = Inspector(app).sign_in(person("Wanda").id).get("/people/me")
    token = next(token for token in (theirs._values(form).get("csrf_token") for form in theirs.forms()) if token)
    mine = Inspector(app).sign_in(person("Willy").id).get("/people/me")
    mine.post("/people/sign-out", {"csrf_token": token}, status=400).get("/people/me")


def test_floods_are_refused_with_a_page(app: Flask) -> None:
    begin()
    browser = Inspector(app, budget=99).get("/people/sign-in")
    token = browser._values(browser.forms()[0])["csrf_token"]
    many = {"csrf_token": token, **{f"field{number}": "x" for number in range(5000)}}
    large = {"csrf_token": token, "address": "x" * (app.config["MAX_FORM_MEMORY_SIZE"] + 1)}
    refused = [browser.client.post("/people/sign-in", data=data, content_type="multipart/form-data") for data in (many, large)]
    refused += [browser.client.post("/people/sign-in", data=large)]
    assert [answer.status_code for answer in refused] == [413] * 3
    assert all("<h1" in answer.text for answer in refused)
    for path in ("/register/?q=" + "x" * 60_000, "/register/?" + "&".join(f"a{number}=1" for number in range(3000)), "/" + "x" * 60_000):
        assert browser.client.get(path).status_code in (200, 404), path[:20]
    assert browser.client.get("/", headers={"Cookie": "; ".join(f"c{number}={'x' * 100}" for number in range(500))}).status_code == 200


def test_a_body_that_is_no_form_is_refused(app: Flask) -> None:
    begin()
    client = app.test_client()
    for kind, body in (("application/json", b'{"email": 1}'), ("text/plain", b"x"), ("multipart/form-data", b"x"), ("", b"\xff" * 99)):
        assert client.post("/people/sign-in", data=io.BytesIO(body), content_type=kind).status_code == 400
    for method in ("TRACE", "PROPFIND", "DELETE"):
        assert client.open("/help", method=method).status_code == 405


@pytest.mark.parametrize(
    "path", ["/.git/HEAD", "/.env", "/console", "/metrics", "/static/../portal/config.py", "/static/%2e%2e/wsgi.py", "/dev/outbox"]
)
def test_nothing_of_the_house_is_handed_out(app: Flask, path: str) -> None:
    begin()
    assert app.test_client().get(path).status_code == 404


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503])
def test_every_way_of_saying_no_is_a_page_of_ours(guarded: Flask, status: int) -> None:
    def view() -> str:
        abort(status)

    view.policy = "anyone"  # type: ignore[attr-defined]
    guarded.add_url_rule("/test", view_func=view)
    answer: TestResponse = guarded.test_client().get("/test")
    assert answer.status_code == status and answer.headers["Cache-Control"] == "no-store"
    assert answer.text.count("<h1") == 1 and "kindling.css" in answer.text and 'href="/' in answer.text
    assert "'none'" in answer.headers["Content-Security-Policy"] and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_behind_a_key_are_kept_by_nobody_and_name_themselves_to_nobody(app: Flask) -> None:
    begin()
    keyed = [rule for rule in rules(app, "GET") if path_without_key(address(app, rule)) != address(app, rule)]
    assert len(keyed) >= 8
    for rule in keyed:
        answer = app.test_client().get(address(app, rule))
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer", rule


class TestTheLog:
    @pytest.fixture
    def lines(self) -> Iterator[list[str]]:
        """What the log says, as it is written."""
        written: list[str] = []

        class Kept(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                written.append(_Json().format(record))

        log, handler = logging.getLogger("kindling"), Kept()
        before = log.level
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        yield written
        log.removeHandler(handler)
        log.setLevel(before)

    def test_links_that_open_a_door_are_not_in_it(self, app: Flask, lines: list[str]) -> None:
        begin()
        secret = "kQ7-secret_of-a-link"
        asked = 0
        for rule in rules(app, "GET"):
            for name in rule.arguments & {"token", "link", "mark"}:
                asked += 1
                path = rule.rule.replace(f"<{name}>", secret).replace("<ref>", "SPK-2222-2222")
                app.test_client().get(path, headers={"Referer": f"http://localhost/{secret}"})
        assert asked >= 4 and len(lines) >= asked
        assert secret not in "".join(lines)

    def test_what_people_typed_is_not_in_it(self, app: Flask, lines: list[str]) -> None:
        begin()
        browser = Inspector(app).get("/people/sign-in")
        values = browser._values(browser.forms()[0])
        browser.client.post("/people/sign-in?email=grace@example.org", data={**values, "address": "grace@example.org"})
        assert lines and "grace" not in "".join(lines) and values["csrf_token"] not in "".join(lines)

    def test_what_was_refused_is_in_it_and_by_whom(self, app: Flask, lines: list[str]) -> None:
        begin()
        browser = Inspector(app).get("/people/sign-in")
        values = browser._values(browser.forms()[0])
        browser.post("/people/sign-in", {**values, "address": "grace@example.org"}).get("/people/sign-in/code")
        browser.submit("Continue", status=422, code="12345")
        browser.post("/people/sign-in/link/kQ7-no-such-link", {"csrf_token": values["csrf_token"]}, status=409)
        browser.post("/people/sign-in", {}, status=400)
        wanda = person("Wanda")
        Inspector(app).sign_in(wanda.id).get("/desk/people", status=404)
        found = [json.loads(line) for line in lines if '"refused"' in line]
        assert [(each["what"], each["page"], each["person"]) for each in found] == [
            ("wrong code", "people.code", None), ("wrong link", "people.link", None), ("token", "people.sign_in", None), ("not theirs", "people.desk_people", wanda.id),
        ]  # fmt: skip
        assert len({each["from"] for each in found}) == 1 and "127.0.0.1" not in "".join(lines) and "12345" not in "".join(lines)

    def test_a_line_is_one_object_whatever_is_sent(self, app: Flask, lines: list[str]) -> None:
        begin()
        app.test_client().get('/a%0d%0a{"level": "error"}%1b[31m', headers={"User-Agent": "x\x1b[31m"})
        assert len(lines) == 1 and "\n" not in lines[0] and "\x1b" not in lines[0]
        assert json.loads(lines[0])["status"] == 404

    def test_an_accident_tells_where_and_not_of_whom(self, guarded: Flask, lines: list[str]) -> None:
        known = db.session.scalars(select(Person.email).where(Person.email.is_not(None))).first()

        def view() -> str:
            with transaction():
                db.session.execute(text("insert into person (name, email) values ('Grace', :email)"), {"email": known})
            return ""

        view.policy = "anyone"  # type: ignore[attr-defined]
        guarded.add_url_rule("/test", view_func=view)
        assert guarded.test_client().get("/test").status_code == 500
        trace = next(json.loads(line)["trace"] for line in lines if "trace" in line)
        assert "IntegrityError" in trace and "test_attacks.py" in trace
        assert known and known not in trace


def test_every_address_takes_what_it_says_and_nothing_else(app: Flask) -> None:
    begin()
    from_mail = {rule.rule for rule in rules(app, "POST") if rule.endpoint in WITHOUT_TOKEN}  # answered by whose token it is
    for rule in app.url_map.iter_rules():
        assert not (rule.methods or set()) - {"GET", "HEAD", "OPTIONS", "POST"}, rule
        if rule.rule in from_mail:
            continue
        if rule.endpoint != "static" and "POST" not in (rule.methods or ()):
            assert app.test_client().post(address(app, rule)).status_code in (400, 405), rule
