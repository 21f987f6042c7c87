"""Who may do what: every route has a policy of the one table, the table says what we mean, and what is another's is not there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.routing import Rule

from portal import clock
from portal.db import db, transaction
from portal.grants import apply
from portal.people import actions
from portal.people.access import MAY, Nobody, Who
from portal.people.model import ROLES, Role
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, begin, person

TABLE = {  # predicate → the roles that it opens for; "resident" is anybody who signed in, "nobody" a visitor
    "anyone": {"nobody", "resident", *ROLES},
    "signed in": {"resident", *ROLES},
    "help others": {"connector", "officer"},
    "give quick sparks": {"connector"},
    "open the desk": {"connector", "officer", "administrator"},
    "run rounds": {"officer"},
    "open finance": {"officer", "finance", "auditor"},
    "prepare payments": {"officer", "finance"},
    "release payments": {"officer", "finance"},
    "export": {"officer", "finance", "auditor"},
    "export the books": {"finance", "auditor"},
    "settle": {"finance"},
    "manage people": {"officer", "administrator"},
    "manage places": {"officer", "administrator"},
    "grant roles": {"administrator"},
    "manage panels": {"officer"},
    "run the post room": {"officer", "administrator"},
}
OF_OBJECTS = {"see this bid", "edit this bid", "give bank details", "act for this group"}


@dataclass
class Bid:
    person_id: int = 1
    organisation_id: int | None = 7
    helper_id: int | None = 3


def who(role: str = "resident", id_: int = 9, acts_for: frozenset[int] = frozenset()) -> Who | Nobody:
    if role == "nobody":
        return Nobody()
    return Who(id_, "PER-2222-2222", "Somebody", None, frozenset() if role == "resident" else frozenset({(role, None)}), acts_for)


def test_the_table_opens_for_these_roles_and_no_other() -> None:
    assert set(TABLE) | OF_OBJECTS == set(MAY), "a predicate without its line here"
    for predicate, opens in TABLE.items():
        assert {role for role in ("nobody", "resident", *ROLES) if who(role).can(predicate)} == opens, predicate


def test_a_predicate_that_is_not_in_the_table_is_denied_loudly() -> None:
    for anybody in (who("administrator"), who("nobody")):
        with pytest.raises(KeyError):
            anybody.can("do as they like")


@pytest.mark.parametrize(
    ("anybody", "may"),
    [
        (who(id_=1), {"see", "edit", "give"}),  # the applicant
        (who(id_=3), {"see", "edit", "give"}),  # the helper who typed it
        (who(acts_for=frozenset({7})), {"see", "edit", "give", "act"}),
        (who(acts_for=frozenset({8})), set()),  # of another group
        (who("officer"), {"see", "give"}),
        (who("finance"), {"see"}),
        (who("auditor"), {"see"}),
        (who("connector"), set()),  # who did not type this one
        (who("administrator"), set()),
        (who(), set()),
        (who("nobody"), set()),
    ],
)
def test_what_somebody_may_do_with_a_bid_and_its_group(anybody: Who | Nobody, may: set[str]) -> None:
    bid = Bid()
    asked = {
        "see": ("see this bid", bid),
        "edit": ("edit this bid", bid),
        "give": ("give bank details", bid),
        "act": ("act for this group", 7),
    }
    assert {word for word, (predicate, target) in asked.items() if anybody.can(predicate, target)} == may
    assert not anybody.can("act for this group", None)


def test_a_bid_without_group_is_nobody_elses() -> None:
    assert not who(acts_for=frozenset({7})).can("see this bid", Bid(organisation_id=None, helper_id=None))
    assert not who("nobody").can("see this bid", Bid(organisation_id=None, helper_id=None)), "nobody has no id, and neither has no helper"


# --- routes --------------------------------------------------------------------------------------------------------------

FILLED = {
    "section": "idea", "act": "resend", "year": "2026-27", "form": "csv", "role_id": 1, "session_id": 1, "number": 1, "code": "mossgate",
    "filename": "x", "mark": "x", "token": "x", "link": "x",
}  # fmt: skip


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(app: Flask, rule: Rule, ref: str = "SPK-2222-2222") -> str:
    values = {name: FILLED.get(name, ref) for name in rule.arguments}
    for name, converter in rule._converters.items():
        if items := getattr(converter, "items", None):  # one of a few words
            values[name] = sorted(items)[0]
    with app.test_request_context():
        return str(rule.build(values, append_unknown=False)[1])  # type: ignore[index]


def policy(app: Flask, rule: Rule) -> str:
    return str(getattr(app.view_functions[rule.endpoint], "policy", None))


@pytest.fixture
def on_sqlite(store: Store) -> Iterator[Flask]:
    with store.app.app_context():
        yield store.app
        db.session.remove()


def test_every_route_has_a_policy_of_the_table(app: Flask) -> None:
    assert len(rules(app)) > 120
    assert [str(rule) for rule in rules(app) if policy(app, rule) not in TABLE] == [], "unknown, or a predicate that needs an object"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_every_route_lets_in_whom_the_table_lets_in(on_sqlite: Flask) -> None:
    """Every route, as a visitor, a resident and each role: closed where the table closes it, and open where it takes no object."""
    app = on_sqlite
    season = begin()
    asks = {"/grants/new": f"?round={season.round_ref}", "/desk/extend": f"?ref={season.sent()}"}
    for role in ("nobody", "resident", *ROLES):
        browser = Inspector(app, budget=40)
        token = ""
        if role != "nobody":
            browser.sign_in(person("New" + role, *([] if role == "resident" else [role])).id)
            browser.get("/people/me")
        else:
            browser.get("/people/sign-in")
        token = browser._values(browser.forms()[0])["csrf_token"]
        for rule in rules(app):
            path, opens = address(app, rule) + asks.get(str(rule), ""), role in TABLE[policy(app, rule)]
            for method in {"GET", "POST"} & set(rule.methods or ()):
                if opens and (method == "POST" or rule.arguments):
                    continue  # what it does is for the tests of its room
                answer = browser.client.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
                if opens:
                    assert answer.status_code in (200, 302, 303, 409, 503) and "/sign-in?" not in answer.headers.get("Location", ""), (
                        role,
                        path,
                    )
                elif role == "nobody":
                    assert answer.status_code == 303 and answer.headers["Location"].startswith("/people/sign-in"), (role, method, path)
                else:
                    assert answer.status_code == 404, (role, method, path, answer.status_code)


# --- objects of others ---------------------------------------------------------------------------------------------------


def judged(app: Flask, browser: Inspector, prefix: str, ref: str) -> dict[str, int]:
    """The status of every GET and POST below a prefix, for one reference."""
    browser.get("/people/me")
    token = browser._values(browser.forms()[0])["csrf_token"]
    found = {}
    for rule in rules(app):
        if str(rule).startswith(prefix) and policy(app, rule) == "signed in":
            for method in {"GET", "POST"} & set(rule.methods or ()):
                answer = browser.client.open(
                    address(app, rule, ref), method=method, data={"csrf_token": token} if method == "POST" else None
                )
                found[f"{method} {rule}"] = answer.status_code
    return found


def test_the_bid_grant_and_panel_of_others_are_not_there(app: Flask) -> None:
    season: Season = begin()
    ref = season.ready().application.ref
    mine = Inspector(app, budget=40).sign_in(season.who("Rita").id)
    for path in (f"/grants/{ref}", f"/grants/{ref}/match", f"/grants/{ref}/award"):
        mine.get(path)
    for stranger in ("Rob", "Ada"):  # Ada sits on the panel that decided it: the panel's page is hers, the bid's is not
        browser = Inspector(app, budget=40).sign_in(season.who(stranger).id)
        answers = judged(app, browser, "/grants/<ref>", ref)
        assert len(answers) > 25 and set(answers.values()) == {404}, {path: status for path, status in answers.items() if status != 404}
        theirs, missing = (browser.client.get(f"/grants/{one}").text.replace(one, "") for one in (ref, "SPK-2222-2222"))
        number = re.compile(r"\b[0-9a-f]{12}\b")  # of the request, for telling us
        assert number.sub("", theirs) == number.sub("", missing), "a page that is another's reads like one that is not there"
    answers = judged(app, Inspector(app, budget=40).sign_in(season.who("Rob").id), "/panels/<ref>", season.panel_ref)
    assert answers and set(answers.values()) == {404}


def test_a_connector_sees_the_bids_they_typed_and_no_other(app: Flask) -> None:
    season = begin()
    connector = person("Con", "connector")
    typed = apply.start_for(season.round_ref, "Pat Old", None, None, "1 High Street", "on paper", connector.id, once_key="one")
    browser = Inspector(app, budget=40).sign_in(connector.id)
    assert "You are writing for Pat Old." in browser.get(f"/grants/{typed}/idea").text
    browser.get(f"/grants/{season.sent()}", status=404)


def test_the_group_of_others_is_not_there(app: Flask) -> None:
    rita, rob = person("Rita"), person("Rob", "officer")
    ref = actions.found_group(rita.id, "Mossgate Gardeners", "group", None, "", "")
    Inspector(app).sign_in(rita.id).get(f"/people/groups/{ref}")
    answers = judged(app, Inspector(app).sign_in(rob.id), "/people/groups/<ref>", ref)
    assert len(answers) == 4 and set(answers.values()) == {404}


def test_the_profile_of_others_is_not_there(app: Flask) -> None:
    rita, rob = person("Rita"), person("Rob")
    Inspector(app).sign_in(rob.id).get(f"/desk/people/{rita.ref}", status=404)
    officer = Inspector(app).sign_in(person("Olga", "officer").id)
    officer.get(f"/desk/people/{rita.ref}").get("/desk/people/PER-2222-2222", status=404)
    officer.get(f"/people/me/sessions/{1}/end", status=405)


def test_a_role_that_ended_or_has_not_begun_opens_nothing(app: Flask) -> None:
    rita = person("Rita")
    with transaction():
        for since, until in ((-9, -1), (1, None)):
            until_day = None if until is None else clock.today() + timedelta(days=until)
            db.session.add(Role(person_id=rita.id, name="officer", since=clock.today() + timedelta(days=since), until=until_day))
    browser = Inspector(app).sign_in(rita.id)
    browser.get("/desk/", status=404)
    with transaction():
        db.session.add(Role(person_id=rita.id, name="officer", since=clock.today(), until=clock.today()))
    browser.get("/desk/")
