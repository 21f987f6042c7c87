"""Every address of the app: somebody may open it, nobody can be made to, and every way of saying no is a page that helps."""

import io
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import NotFound
from werkzeug.routing import IntegerConverter, Rule
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.config import Settings
from portal.db import db
from portal.people.access import MAY
from portal.people.model import ROLES
from portal.web.pages import safe_path
from tests.client import WRITES, Inspector, _seen
from tests.conftest import VAULT_KEY, Store, make_app
from tests.grants.season import begin, person

WITHOUT_TOKEN = {"gift_matching.stop_from_mail"}  # sent by mail programs: a secret in their address says whose they are
ELSEWHERE = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "http://evil.example", "https:evil.example", "javascript:alert(1)", "/\t/evil.example",
    "/\n/evil.example", " /grants/", "grants/", "", "/\x00", "/a\\b",
]  # fmt: skip


@pytest.fixture
def demo(store: Store) -> Iterator[Flask]:
    """With the demo's own routes, so that they are walked too."""
    app = make_app(store.url, store.home, demo=True)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()) and rule.endpoint != "static"]


def address(app: Flask, rule: Rule) -> str:
    """One address of a rule, with something in every gap."""
    values: dict[str, Any] = {}
    for name in rule.arguments:
        kind = rule._converters[name]
        items = getattr(kind, "items", None)
        values[name] = 1 if isinstance(kind, IntegerConverter) else sorted(items)[0] if items else "SPK-2222-2222"
    path = app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"})))
    return str(path)


def test_every_route_names_who_may_use_it(demo: Flask) -> None:
    assert len(rules(demo, "GET")) > 60
    for rule in demo.url_map.iter_rules():
        if rule.endpoint != "static":
            predicate = getattr(demo.view_functions[rule.endpoint], "policy", None)
            assert predicate in MAY, f"{rule}: {predicate}"


def test_nothing_is_taken_without_the_token_of_the_page(demo: Flask) -> None:
    begin()
    everything = person("Everything", *ROLES)
    browser = Inspector(demo, budget=99).sign_in(everything.id)
    posts = rules(demo, "POST")
    assert len(posts) > 50
    for rule in posts:
        if rule.endpoint in WITHOUT_TOKEN:
            continue
        browser.post(address(demo, rule), {"reason": "a reason"}, status=400)
        written = [match[2] for match in map(WRITES.match, _seen) if match and match[2] != "sign_in_session"]
        assert not written, f"{rule} wrote to {written}"
    assert "so we could not be sure it was you" in browser.text
    assert "a reason" in browser.text  # what was typed is shown back


def test_only_what_is_listed_is_taken_without_it(demo: Flask) -> None:
    begin()
    marked = {rule.endpoint for rule in demo.url_map.iter_rules() if getattr(demo.view_functions[rule.endpoint], "without_token", False)}
    assert marked == WITHOUT_TOKEN
    for rule in rules(demo, "POST"):
        if rule.endpoint in WITHOUT_TOKEN:
            Inspector(demo).post(address(demo, rule), {}, status=404)


def test_a_stranger_gets_no_further_than_what_is_for_anyone(demo: Flask) -> None:
    begin()
    for rule in rules(demo, "GET"):
        if getattr(demo.view_functions[rule.endpoint], "policy", None) == "anyone":
            continue
        stranger = Inspector(demo).get(address(demo, rule), status=303)
        assert stranger.location.startswith("/people/sign-in?next="), (rule, stranger.location)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_way_leads_elsewhere(path: str) -> None:
    assert safe_path(path, "/here") == "/here"


def test_a_path_of_ours_is_kept() -> None:
    assert safe_path("/grants/SPK-2222-2222?rows=3#rows") == "/grants/SPK-2222-2222?rows=3#rows"


def test_the_demo_is_not_there_for_real_people(app: Flask, demo: Flask) -> None:
    only = {str(rule) for rule in demo.url_map.iter_rules()} - {str(rule) for rule in app.url_map.iter_rules()}
    assert {"/dev/outbox"} <= only
    for path in only:
        assert app.test_client().get(path).status_code == 404
        assert app.test_client().post(path).status_code in (400, 404)


class TestPagesThatSayNo:
    def test_what_is_not_there(self, app: Flask) -> None:
        begin()
        page = Inspector(app).get("/nowhere", status=404)
        assert "Go to the home page" in page.text and "01375 000000" in page.text

    def test_what_cannot_be_done_to_it(self, app: Flask) -> None:
        begin()
        answer = app.test_client().put("/help")
        assert answer.status_code == 405 and "GET" in answer.headers["Allow"]

    def test_what_is_too_large(self, app: Flask) -> None:
        begin()
        ada = Inspector(app).sign_in(person("Ada2").id)
        big = {"photo": (io.BytesIO(b"x" * (app.config["MAX_CONTENT_LENGTH"] + 1)), "photo.jpg")}
        answer = ada.client.post("/grants/SPK-2222-2222/idea", data=big)
        assert answer.status_code == 413 and "<h1" in answer.text and "photo" in answer.text.lower()

    def test_what_comes_too_often(self, store: Store) -> None:
        app = create_app(
            Settings(
                database_url=store.url, secret_key="s" * 40, vault_keys=(VAULT_KEY,), base_url="http://localhost", data_dir=Path(store.home), testing=False, demo=True
            )
        )  # fmt: skip
        with app.app_context():
            begin()
            browser = Inspector(app).get("/people/sign-in")
            token = browser._values(browser.forms()[0])["csrf_token"]
            answers = [browser.client.post("/people/sign-in", data={"csrf_token": token}) for _time in range(25)]
            db.session.remove()
            db.engine.dispose()
        assert [answer.status_code for answer in answers] == [422] * 20 + [429] * 5
        assert int(answers[-1].headers["Retry-After"]) > 0 and "<h1" in answers[-1].text

    @pytest.mark.parametrize(
        ("problem", "status"),
        [
            (OperationalError("select 1", None, psycopg.OperationalError("could not connect to server")), 503),
            (OperationalError("select 1", None, sqlite3.OperationalError("database is locked")), 503),
        ],
    )
    def test_a_database_that_is_away_says_when_to_come_back(self, store: Store, problem: Exception, status: int) -> None:
        answer = answer_to(store, lambda: (_ for _ in ()).throw(problem))
        assert answer.status_code == status and answer.headers["Retry-After"] == "30" and "<h1" in answer.text

    def test_a_mistake_of_ours_is_not_a_database_that_is_away(self, store: Store) -> None:
        answer = answer_to(store, lambda: db.session.execute(text("select nothing from nowhere")))
        assert answer.status_code == 500 and "It is our mistake" in answer.text


def answer_to(store: Store, does: Callable[[], object]) -> TestResponse:
    """What a visitor gets when a page does this."""
    app = make_app(store.url, store.home)
    with app.app_context():
        begin()
        app.config["TESTING"] = False

        def view() -> str:
            does()
            return ""

        view.policy = "anyone"  # type: ignore[attr-defined]
        app.add_url_rule("/test", view_func=view)
        answer = app.test_client().get("/test")
        db.session.remove()
        db.engine.dispose()
    return answer


def test_every_answer_is_guarded_and_a_cookie_stays_ours(app: Flask) -> None:
    begin()
    browser = Inspector(app).get("/people/sign-in")  # the inspector judges the headers
    cookie = browser.client.get("/people/sign-in").headers.getlist("Set-Cookie")
    for one in cookie:
        assert "HttpOnly" in one and "SameSite=Lax" in one, one


def test_behind_https_cookies_are_secure_and_the_browser_remembers_it(store: Store) -> None:
    app = make_app(store.url, store.home, base_url="https://kindling.example")
    with app.app_context():
        begin()
        client = app.test_client()
        answer = client.get("/people/sign-in", base_url="https://kindling.example")
        policy = answer.headers["Strict-Transport-Security"]
        assert int(policy.split("max-age=")[1].split(";")[0]) >= 31_536_000 and "includeSubDomains" in policy
        cookies = answer.headers.getlist("Set-Cookie")
        assert cookies
        for one in cookies:
            assert one.startswith("__Host-") and "; Secure" in one and "; Path=/" in one and "Domain" not in one, one
            assert len(one.split(";")[0].rpartition(".")[2]) == 43, "signed with SHA-256"
        db.session.remove()
        db.engine.dispose()


def test_a_number_that_no_row_can_have_is_no_address(app: Flask) -> None:
    addresses = app.url_map.bind("localhost")
    assert addresses.match("/panels/PNL-2222-2222/said/2147483647")[1]["number"] == 2**31 - 1
    for number in (2**31, 10**30):
        with pytest.raises(NotFound):
            addresses.match(f"/panels/PNL-2222-2222/said/{number}")
