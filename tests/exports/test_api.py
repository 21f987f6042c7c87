"""The read interface: what is promised, how it is asked, and that it says of the register what its pages say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from portal.app import create_app
from portal.config import Settings
from portal.db import db
from portal.exports.api import openapi
from portal.exports.api.resources import ALL
from portal.people.model import Person
from portal.web.interface import ROOT
from tests.client import Inspector, _seen
from tests.conftest import VAULT_KEY, Store
from tests.exports.reading import RESOURCES, ask, valid, whole
from tests.exports.small import Small

# every name, as programs of others rely on it: a change here is a version 2 beside this one
FROZEN = {
    "Grant": "reference address title summary area area_code fund fund_code words_taken_down state decided_on recipient asked_pence awarded_pence paid_pence pledged_minutes delivered_minutes pledged_other_help_pence delivered_other_help_pence reason votes declared_ties",
    "GrantInFull": "reference address title summary area area_code fund fund_code words_taken_down state decided_on recipient asked_pence awarded_pence paid_pence pledged_minutes delivered_minutes pledged_other_help_pence delivered_other_help_pence reason votes declared_ties neighbours not_needed_pence what_happened what_changed hoped_for story began_as minutes photos appeals",
    "Round": "reference address name fund fund_code opened_at closes_at decide_by decide_within_days least_pence most_pence neighbours questions voters voter_areas vote_until",
    "QuickSpark": "reference what area area_code pence spent_on looked_at taken_back photos",
    "Figure": "year fund fund_code area area_code granted declined awarded_pence paid_pence given_minutes",
    "Hours": "month ward_code activity people given_minutes received_minutes rate_pence rate_source value_pence",
    "Strength": "reference address kind name offers ways area area_code place when contact email telephone web access access_more tags latitude longitude initiative looked_after_by changed_on",
    "Event": "reference address kind title what area area_code place day starts_at ends_at cancelled places full step_free hearing_loop access food organised_by",
    "Gift": "reference address kind sort title text area area_code left until organisation hub event photo",
    "Area": "code name kind part_of ward_code ward",
    "Problem": "type title status detail parameter",
}
ASKED = {
    "register": "q area year fund state sort", "rounds": "", "quick-sparks": "area year", "figures": "year", "hours": "year", "strengths": "q kind area way access",
    "events": "area kind", "gifts": "q kind sort area", "areas": "",
}  # fmt: skip
HOSTILE = (
    "x" * 5000, "%00%01", "%ED%A0%80", "%FF", "'; DROP TABLE person; --", '"', "*", "(", "NEAR(", "-1", "0", "1e9", "99999999999999999999", "%D9%A3", "9999-00", "2099-00", "2026-28", "0000-01", "%0d%0aX: 1",
    "{0}%25s%25(x)s", "<script>", "../..", "W10", "eyJ", "=", "====", "a.b.c", "%F0%9F%91%A9",
)  # fmt: skip


@pytest.fixture
def app(small: Small, store: Store) -> Flask:
    """The app of the small scheme; `small` has begun its context."""
    return store.app


# --- what is promised ----------------------------------------------------------------------------------------------------


def test_the_names_are_frozen() -> None:
    schemas = openapi.document()["components"]["schemas"]
    assert {name: " ".join(schema["properties"]) for name, schema in schemas.items() if not name.endswith("Page")} == FROZEN
    assert {one.name: " ".join(one.filters) for one in ALL} == ASKED
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert name == "Problem" or list(schema["required"]) == list(schema["properties"])


def test_the_description_is_of_these_routes(app: Flask) -> None:
    told = ask(app, openapi.PATH).get_json()
    assert told == openapi.document() and told["openapi"] == "3.1.0" and told["servers"] == [{"url": "http://localhost/api/v1"}]
    routes = {str(rule).replace("<", "{").replace(">", "}") for rule in app.url_map.iter_rules() if str(rule).startswith(ROOT + "/")}
    assert routes - {ROOT + "/"} == {ROOT + path for path in told["paths"]} | {openapi.PATH}
    names = [of["get"]["operationId"] for of in told["paths"].values()]
    assert len(names) == len(set(names))

    def references(of: Any) -> Iterator[str]:
        if isinstance(of, dict):
            yield from ([of["$ref"]] if "$ref" in of else [])
            for value in of.values():
                yield from references(value)
        elif isinstance(of, list):
            for value in of:
                yield from references(value)

    for reference in references(told):
        here = told
        for step in reference.removeprefix("#/").split("/"):
            here = here[step]


def test_every_resource_answers_as_described(app: Flask, small: Small) -> None:
    for resource in ALL:
        found = whole(app, resource)
        assert found or resource.name in ("quick-sparks", "hours", "strengths", "events", "gifts"), resource.name
        if resource.one is not None:
            ask(app, f"{resource.path}/XXX-2222-2222", 404)
            for item in found:
                one = ask(app, f"{resource.path}/{item['reference']}").get_json()
                valid(one, resource.of_one.name)
                assert {name: one[name] for name in item} == item
    assert [each["address"] for each in ask(app, ROOT).get_json()["resources"]] == [f"http://localhost{one.path}" for one in ALL]
    assert ask(app, ROOT + "/").data == ask(app, ROOT).data, "as people write it"


# --- how it is asked -----------------------------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(app: Flask) -> None:
    path = f"{ROOT}/register"
    for encoding in ("", "gzip", "br"):
        first = ask(app, path, headers={"Accept-Encoding": encoding})
        again = ask(app, path, 304, {"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]})
        assert again.data == b"" and again.headers["ETag"] == first.headers["ETag"] and "max-age" in again.headers["Cache-Control"]
    for tag in ('"of another", ' + first.headers["ETag"], "W/" + first.headers["ETag"], "*"):
        ask(app, path, 304, {"If-None-Match": tag, "Accept-Encoding": "br"})
    ask(app, path, headers={"If-None-Match": '"of another"'})
    ask(app, path, 412, {"If-Match": '"of another"'})
    assert ask(app, path + "?limit=1").headers["ETag"] != ask(app, path).headers["ETag"]


def test_methods(app: Flask) -> None:
    client, path = app.test_client(), f"{ROOT}/register"
    head, got = client.head(path), client.get(path)
    assert head.status_code == 200 and head.data == b"" and head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(got.data))
    may = client.options(path, headers={"Origin": "https://other.example", "Access-Control-Request-Method": "GET"})
    assert may.status_code == 200 and "Set-Cookie" not in may.headers
    assert may.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS" and may.headers["Access-Control-Allow-Origin"] == "*"
    assert may.headers["Access-Control-Allow-Headers"] == "Accept, If-None-Match"
    for method in ("post", "put", "patch", "delete"):
        no = getattr(client, method)(path, data={"q": "x"})
        assert no.status_code == 405 and no.mimetype == "application/problem+json" and "GET" in no.headers["Allow"], method


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200), ("application/json; charset=utf-8", 200), ("application/json;q=0.5;version=1, text/html", 200), ("application/json;q=0, */*", 406), ("text/*", 406),
        ("application/jsonp", 406), ("*/*", 200), ("application/*", 200), ("text/html,*/*;q=0.1", 200), ("application/json", 200), ("text/html", 406), ("application/json;q=0", 406),
    ],
)  # fmt: skip
def test_json_is_all_there_is(app: Flask, accept: str, status: int) -> None:
    ask(app, f"{ROOT}/areas", status, {"Accept": accept})


def test_nothing_is_there(app: Flask, small: Small) -> None:
    for path in ("/nothing", "/register/", f"/register/{small.bids['herbs']}", "/register/x", "/register/a/b", "/../people"):
        ask(app, ROOT + path, 404)
    ask(app, f"{ROOT}/register/{small.bids['garden'].lower().replace('-', '')}")  # as somebody may type it
    assert Inspector(app).get("/api/v2", status=404).tree is not None, "what is beside it is a page"


@pytest.mark.parametrize(
    ("query", "parameter", "part"),
    [
        ("limit=0", "limit", "1 to 100"), ("limit=101", "limit", "1 to 100"), ("limit=ten", "limit", "1 to 100"), ("state=lost", "state", "awarded, finished"),
        ("year=2026", "year", "2026-27"), ("year=2026-28", "year", "2026-27"), ("area=" + "a" * 81, "area", "80"), ("Q=garden", "Q", "There are: q, area"), ("q=a&q=b", "q", "twice"), ("cursor=eyJhIjoxfQ", "cursor", "next"),
    ],
)  # fmt: skip
def test_a_question_that_is_not_understood(app: Flask, query: str, parameter: str, part: str) -> None:
    told = ask(app, f"{ROOT}/register?{query}", 400).get_json()
    assert told["parameter"] == parameter and part in told["detail"]


def test_a_cursor_is_of_one_question(app: Flask) -> None:
    cursor = ask(app, f"{ROOT}/register?limit=1").get_json()["next"].rpartition("cursor=")[2]
    assert ask(app, f"{ROOT}/register?cursor={cursor}&limit=3").get_json()["items"], "the number may change on the way"
    for other in (
        f"/register?state=finished&cursor={cursor}",
        f"/areas?cursor={cursor}",
        f"/register?cursor={cursor[:-3]}",
        f"/register?cursor=a{cursor}",
    ):
        ask(app, ROOT + other, 400)


def test_no_question_is_an_accident(app: Flask) -> None:
    for resource in ALL:
        for name in (*resource.filters, "limit", "cursor", "other"):
            for value in HOSTILE:
                answer = app.test_client().get(f"{resource.path}?{name}={value}")
                assert answer.status_code in (200, 400), (resource.name, name, value)
                db.session.rollback()
    assert app.test_client().get(f"{ROOT}/register?%FF=%00&&=&a").status_code == 400
    assert app.test_client().get(f"{ROOT}/register/%00%FF").status_code == 404


def test_who_is_signed_in_is_nobody_here(app: Flask, small: Small) -> None:
    """No cookie is looked at, so that what an officer sees is what everybody sees."""
    browser = Inspector(app).sign_in(small.season.who("Olga").id)
    db.session.rollback()
    _seen.clear()
    answer = browser.client.get(f"{ROOT}/register")
    assert not [one for one in _seen if "sign_in_session" in one]
    assert answer.data == app.test_client().get(f"{ROOT}/register").data and answer.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in answer.headers


def test_who_asks_too_often_is_told_when_to_come_back(store: Store, small: Small) -> None:
    app = create_app(
        Settings(database_url=store.url, secret_key="s" * 40, vault_keys=(VAULT_KEY,), base_url="http://localhost", data_dir=Path(store.home), testing=False)
    )  # fmt: skip
    with app.app_context():
        client = app.test_client()
        answers = [client.get(f"{ROOT}/{'areas' if number % 2 else 'rounds'}") for number in range(122)]
        db.session.remove()
        db.engine.dispose()
    assert [answer.status_code for answer in answers[118:]] == [200, 200, 429, 429], "all addresses count together"
    assert ["Retry-After" in answer.headers for answer in answers[118:]] == [False, False, True, True]
    last = answers[-1]
    assert (
        last.mimetype == "application/problem+json" and int(last.headers["Retry-After"]) > 0 and "Retry-After" in last.get_json()["detail"]
    )
    assert last.headers["Access-Control-Allow-Origin"] == "*" and "Retry-After" in last.headers["Access-Control-Expose-Headers"]


# --- the page for people -------------------------------------------------------------------------------------------------


def test_people_find_it_explained(app: Flask) -> None:
    page = Inspector(app, 8).get("/register/data/")
    assert "/api/" in page.links()
    page.get("/api/")
    links = list(page.links())
    assert {one.path for one in ALL} <= set(links) and openapi.PATH in links
    for path in {link for link in links if link.startswith(ROOT)}:
        ask(app, path)


# --- the register --------------------------------------------------------------------------------------------------------


def test_no_person_is_named(app: Flask, small: Small) -> None:
    """Not those who ask, decide or help; an organisation that is called like a person is one."""
    said = "".join(ask(app, f"{one.path}?limit=100").text for one in ALL)
    said += "".join(ask(app, f"{ROOT}/register/{item['reference']}").text for item in ask(app, f"{ROOT}/register").get_json()["items"])
    assert "Mossgate Gardeners" in said
    for name in db.session.query(Person.name).all():
        assert " " not in name[0] or name[0] not in said, name
    assert "@example" not in said


def test_the_register_is_that_of_its_pages(app: Flask, small: Small) -> None:
    register = RESOURCES["register"]
    found = whole(app, register)
    assert {item["reference"] for item in found} == {ref for name, ref in small.bids.items() if name != "herbs"}
    garden = next(item for item in found if item["reference"] == small.bids["garden"])
    assert (garden["state"], garden["awarded_pence"], garden["paid_pence"], garden["recipient"]) == (
        "awarded",
        250_00,
        250_00,
        "Mossgate Gardeners",
    )
    assert garden["decided_on"] == "2026-06-02" and garden["votes"]["yes"] == 3 and garden["declared_ties"] == []
    gnomes = next(item for item in found if item["reference"] == small.bids["gnomes"])
    assert (gnomes["state"], gnomes["awarded_pence"], gnomes["recipient"]) == ("declined", None, None) and gnomes["reason"]
    bench = next(item for item in found if item["reference"] == small.bids["bench"])
    assert bench["recipient"] == "A resident of Mossgate"
    for query, some in (
        ("&state=declined", {"gnomes"}), ("&area=pump", {"lamps"}), ("&area=mossgate", set(small.bids) - {"herbs"}), ("&q=gard", {"garden"}), ("&year=2025-26", set()),
        ("&area=nowhere", set()), ("&fund=small-sparks&year=2026-27&sort=oldest", set(small.bids) - {"herbs"}), ("&state=awarded&sort=most", {"garden", "hall", "bench", "books", "lamps"}),
    ):  # fmt: skip
        assert {item["reference"] for item in whole(app, register, query)} == {small.bids[name] for name in some}, query
    assert [item["awarded_pence"] for item in whole(app, register, "&sort=most")] == [250_00, 120_00, 80_00, 70_00, 60_00]


def test_the_figures_are_what_the_register_adds_up_to(app: Flask, small: Small) -> None:
    lines = ask(app, f"{ROOT}/register?limit=100").get_json()["items"]
    for place in ("mossgate", "pump"):
        figures = [one for one in ask(app, f"{ROOT}/figures?year=2026-27").get_json()["items"] if one["area_code"] == place]
        mine = [line for line in lines if line["area_code"] == place]
        assert sum(one["granted"] for one in figures) == len([line for line in mine if line["awarded_pence"] is not None])
        assert sum(one["declined"] for one in figures) == len([line for line in mine if line["state"] == "declined"])
        for name in ("awarded_pence", "paid_pence"):
            assert sum(one[name] for one in figures) == sum(line[name] or 0 for line in mine), name
    assert ask(app, f"{ROOT}/figures?year=2020-21").get_json()["items"] == []
