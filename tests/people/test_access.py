"""Who may do what: every route has a policy of the one table, the table says what we mean, and what is another's is not there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.routing import Rule

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import appeals, apply, award, decide, goods, match, pay, report
from portal.grants.model import Application, Photo, Pledge
from portal.history import Actor
from portal.money import Minutes, Pence
from portal.panels import actions as panels
from portal.people import actions
from portal.people import queries as people
from portal.people.access import MAY, Nobody, Who
from portal.people.model import ROLES, Role
from portal.places.model import Area
from tests.client import Inspector
from tests.conftest import Store
from tests.grants import sparks
from tests.grants.season import Season, begin, person

TABLE = {  # predicate → the roles that it opens for; "resident" is anybody who signed in, "nobody" a visitor
    "anyone": {"nobody", "resident", *ROLES},
    "signed in": {"resident", *ROLES},
    "help others": {"connector", "officer"},
    "give quick sparks": {"connector"},
    "open the desk": {"connector", "officer", "administrator", "finance"},
    "search the desk": {"officer", "administrator", "finance", "auditor"},
    "hand over letters": {"connector", "officer", "administrator"},
    "handle bids": {"officer"},
    "run rounds": {"officer"},
    "open finance": {"officer", "finance", "auditor"},
    "prepare payments": {"officer", "finance"},
    "release payments": {"officer", "finance"},
    "export": {"officer", "finance", "auditor"},
    "export the books": {"finance", "auditor"},
    "settle": {"finance"},
    "publish": {"officer"},
    "keep the books": {"finance"},
    "change settings": {"administrator"},
    "join records": {"officer", "administrator"},
    "manage people": {"officer", "administrator"},
    "manage places": {"officer", "administrator"},
    "grant roles": {"administrator"},
    "look after privacy": {"officer", "administrator"},
    "reset second factors": {"officer", "administrator"},
    "manage panels": {"officer"},
    "run the post room": {"officer", "administrator"},
}
TABLE_THERE = {
    "search the desk": {"officer"},  # predicate → the roles that open its routes when they are given for an area; nothing else does
    "help others": {"connector", "officer"},
    "give quick sparks": {"connector"},
    "open the desk": {"connector", "officer"},
    "hand over letters": {"connector", "officer"},
    "handle bids": {"officer"},
    "manage people": {"officer"},
}
HERE, ELSEWHERE = 5, 6
OF_OBJECTS = {"see this bid", "edit this bid", "give bank details", "act for this group"}


@dataclass
class Bid:
    person_id: int = 1
    organisation_id: int | None = 7
    helper_id: int | None = 3
    area_id: int | None = HERE


def who(role: str = "resident", id_: int = 9, acts_for: frozenset[int] = frozenset(), area: int | None = None) -> Who | Nobody:
    if role == "nobody":
        return Nobody()
    return Who(id_, "PER-2222-2222", "Somebody", None, frozenset() if role == "resident" else frozenset({(role, area)}), acts_for)


def test_the_table_opens_for_these_roles_and_no_other() -> None:
    assert set(TABLE) | OF_OBJECTS == set(MAY), "a predicate without its line here"
    for predicate, opens in TABLE.items():
        assert {role for role in ("nobody", "resident", *ROLES) if who(role).can(predicate)} == opens, predicate


def test_a_role_for_an_area_opens_what_can_lie_in_one_and_nothing_of_the_whole_scheme() -> None:
    for predicate in TABLE:
        opens = TABLE_THERE.get(
            predicate, {role for role in ROLES if role in TABLE[predicate]} if predicate in ("anyone", "signed in") else set()
        )
        assert {role for role in ROLES if who(role, area=HERE).can(predicate)} == opens, predicate
    for predicate, roles in TABLE_THERE.items():
        for role in roles - {"connector"} if predicate == "manage people" else roles:
            if predicate in ("open the desk", "search the desk", "give quick sparks", "hand over letters"):
                continue  # no object lies behind these
            placed = who(role, area=HERE)
            assert placed.can(predicate, Bid()) and who(role).can(predicate, Bid()) and who(role).can(predicate, Bid(area_id=None))
            assert not placed.can(predicate, Bid(area_id=ELSEWHERE)) and not placed.can(predicate, Bid(area_id=None)), predicate
    assert who("administrator").can("manage people", Bid(area_id=None)), "administrators find everybody"


def test_what_lists_show() -> None:
    assert (who("officer").areas("officer"), who("officer", area=HERE).areas("officer"), who().areas("officer")) == (
        None,
        frozenset({HERE}),
        frozenset(),
    )
    assert Nobody().areas("officer") == frozenset()
    both = Who(1, "PER-2222-2222", "Both", None, frozenset({("officer", HERE), ("officer", None)}))
    assert both.areas("officer") is None


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
        (who("officer", area=HERE), {"see", "give"}),
        (who("officer", area=ELSEWHERE), set()),
        (who("connector", area=HERE), set()),
        (who("finance", area=HERE), set()),  # money is the whole scheme's
        (who("auditor", area=HERE), set()),
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
    "section": "idea", "act": "resend", "year": "2026-27", "form": "csv", "role_id": 1, "session_id": 1, "row_id": 1, "number": 1, "sequence": 1, "id_": 1, "code": "mossgate",
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


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_every_route_of_the_whole_scheme_is_closed_to_a_role_for_an_area(on_sqlite: Flask) -> None:
    app = on_sqlite
    begin()
    for role in ROLES:
        browser = Inspector(app, budget=40).sign_in(placed("New" + role, role, "mossgate").id)
        token = browser._values(browser.get("/people/me").forms()[0])["csrf_token"]
        for rule in rules(app):
            if role in TABLE_THERE.get(policy(app, rule), ()) or policy(app, rule) in ("anyone", "signed in"):
                continue
            for method in {"GET", "POST"} & set(rule.methods or ()):
                answer = browser.client.open(address(app, rule), method=method, data={"csrf_token": token} if method == "POST" else None)
                assert answer.status_code == 404, (role, method, str(rule), answer.status_code)


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


# --- areas ---------------------------------------------------------------------------------------------------------------


def placed(name: str, role: str, *codes: str) -> Who:
    """Somebody with a role for these areas only."""
    made = person(name)
    with transaction():
        for code in codes:
            area_id = db.session.scalars(select(Area.id).where(Area.code == code)).one()
            db.session.add(Role(person_id=made.id, name=role, area_id=area_id, since=clock.today() - timedelta(days=1), reason="test"))
    return made


def areas() -> dict[str, int]:
    """Mossgate ward with Mill Court in it and a stair of that; Elm ward beside it. Code → id."""
    with transaction():
        mossgate = db.session.scalars(select(Area).where(Area.code == "mossgate")).one()
        mill = Area(code="mill", name="Mill Court", kind="estate", parent_id=mossgate.id)
        db.session.add_all([mill, Area(code="elm", name="Elm", kind="ward")])
        db.session.flush()
        db.session.add(Area(code="stair", name="Stair 4", kind="estate", parent_id=mill.id))
    return dict(db.session.execute(select(Area.code, Area.id)).tuples().all())


def put_into(ref: str, area_id: int) -> None:
    with transaction():
        db.session.execute(update(Application).where(Application.ref == ref).values(area_id=area_id))


def touching_bids(app: Flask, ref: str, appeal: str) -> dict[str, str]:
    """Every GET and POST with a bid's reference in its address that an officer may open: "GET /desk/bids/<ref>" → address."""
    found = {}
    for rule in rules(app):
        about_bid = str(rule).startswith(("/desk/bids/<ref>", "/desk/reports/<ref>", "/desk/appeals/<ref>")) or str(rule) in (
            "/grants/<ref>", "/grants/<ref>/match", "/grants/<ref>/award", "/grants/<ref>/award/account",
            "/grants/<ref>/appeal", "/grants/<ref>/match/<pledge>/hours",
        )  # fmt: skip
        if about_bid:
            for method in {"GET", "POST"} & set(rule.methods or ()):
                found[f"{method} {rule}"] = address(app, rule, appeal if "/desk/appeals/" in str(rule) else ref)
    return found


def test_an_officer_of_another_area_meets_no_bid_on_any_route(app: Flask) -> None:
    """Every route that takes a bid or an appeal: like a missing one to who is for elsewhere; there for who is for its area, or one around it."""
    season = begin()
    ids = areas()
    made = season.ready()
    ref = made.application.ref
    pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
    refused = season.decided(season.sent("Lanterns", by="Rob"), "no")
    decide.write_letter(refused, "Too dear.", [], None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [refused], season.actor("Olga")), season.actor("Otto"))
    appeal = appeals.make(refused, "rules", "Nobody read it.", season.actor("Rob"))
    for one in (ref, refused):
        put_into(one, ids["stair"])
    routes = touching_bids(app, ref, appeal)
    assert len(routes) > 20 and all(
        f"GET {rule}" in routes for rule in ("/desk/bids/<ref>", "/desk/reports/<ref>", "/desk/appeals/<ref>", "/desk/bids/<ref>/letter")
    )
    elsewhere, here, connector = placed("Elma", "officer", "elm"), placed("Mona", "officer", "mossgate"), placed("Cora", "connector", "elm")
    for stranger in (elsewhere, connector):
        browser = Inspector(app, budget=40).sign_in(stranger.id)
        token = browser._values(browser.get("/people/me").forms()[0])["csrf_token"]
        for name, path in routes.items():
            method = name.partition(" ")[0]
            answer = browser.client.open(path, method=method, data={"csrf_token": token, "reason": "x"} if method == "POST" else None)
            assert answer.status_code == 404, (stranger.name, name, answer.status_code)
    assert season.bid(ref).status == "accepted" and report.of_bid(season.bid(ref)).status == "due", "nothing was done either"
    browser = Inspector(app, budget=40).sign_in(here.id).get("/people/me")
    for name, path in routes.items():
        if name.startswith("GET") and "<pledge>" not in name:
            assert browser.client.get(path).status_code in (200, 303, 409), (name, browser.client.get(path).status_code)
    number = re.compile(r"\b[0-9a-f]{12}\b")
    browser = Inspector(app, budget=40).sign_in(elsewhere.id).get("/people/me")
    theirs, missing = (browser.client.get(f"/desk/bids/{one}").text.replace(one, "") for one in (ref, "SPK-2222-2222"))
    assert number.sub("", theirs) == number.sub("", missing), "a bid of another area reads like one that is not there"


def test_every_list_of_bids_shows_an_officer_what_lies_in_their_areas(app: Flask) -> None:
    season = begin()
    ids = areas()
    titles = {"Garden": "mossgate", "Beds": "mill", "Lamps": "stair", "Elm party": "elm"}
    refs = {title: season.sent(title, 60_00, by=by) for title, by in zip(titles, ("Rita", "Rob", "Rosa", "Dan"), strict=True)}
    for title, code in titles.items():
        put_into(refs[title], ids[code])
    shown = {
        ("mossgate",): {"Garden", "Beds", "Lamps"},
        ("mill",): {"Beds", "Lamps"},
        ("elm",): {"Elm party"},
        ("stair", "elm"): {"Lamps", "Elm party"},
    }
    for codes, expected in shown.items():
        browser = Inspector(app).sign_in(placed("-".join(codes), "officer", *codes).id)
        for path in ("/desk/bids", "/desk/bids?status=sent", f"/desk/bids?round={season.round_ref}"):
            page = browser.get(path).text
            assert {title for title in titles if title in page} == expected, (codes, path)
        count = len(expected)
        assert f'<span class="number">{count}</span> ' in browser.get("/desk/").text, "what waits is counted there alone"
        assert "ideas to screen" in browser.text or count == 1
    assert {title for title in titles if title in Inspector(app).sign_in(season.who("Olga").id).get("/desk/bids").text} == set(titles)


def test_reports_and_appeals_are_listed_by_area(app: Flask) -> None:
    season = begin()
    ids = areas()
    made = season.ready(season.sent("Garden"))
    pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
    ref = made.application.ref
    with clock.held_at(clock.now() + timedelta(days=200)):
        report.remind_and_mark_late()
    refused = season.decided(season.sent("Lanterns", by="Rob"), "no")
    decide.write_letter(refused, "Too dear.", [], None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [refused], season.actor("Olga")), season.actor("Otto"))
    appeal = appeals.make(refused, "rules", "Nobody read it.", season.actor("Rob"))
    put_into(ref, ids["mill"])
    put_into(refused, ids["mill"])
    for code, sees in (("mossgate", True), ("mill", True), ("stair", False), ("elm", False)):
        browser = Inspector(app).sign_in(placed(code, "officer", code).id)
        assert ("Garden" in browser.get("/desk/reports").text) is sees
        assert (appeal in browser.get("/desk/appeals").text) is sees
        text = browser.get("/desk/").text
        assert ("report that is late" in text) is sees and ("appeal to answer" in text) is sees
    told = {code: appeals_told(season, refused, code) for code in ("mill", "elm")}
    assert told == {"mill": True, "elm": False}, "who is reminded of an appeal is who may answer it"


def appeals_told(season: Season, ref: str, code: str) -> bool:
    """Whether the officer of an area is among those who may answer an appeal about this bid."""
    from portal.people.queries import holders

    return code in {each.name for each in holders("officer", at=season.bid(ref).area_id)}


def test_an_officer_of_an_area_carries_a_bid_to_the_letter(app: Flask) -> None:
    """What lies there they do from screening to the letter; the release of the round and the money are others' work."""
    season = begin()
    areas()
    ref = season.sent("Garden")
    mona = Inspector(app, budget=60).sign_in(placed("Mona", "officer", "mossgate").id)
    page = mona.get(f"/desk/bids/{ref}")
    assert "/desk/rounds" not in page.text and "/finance" not in page.text
    assert "You see what lies in Mossgate." in mona.get("/desk/").text
    page = mona.get(f"/desk/bids/{ref}")
    page.submit("Give it to the panel").follow()
    matter = season.matter(ref).ref
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "yes", "Good.")
    panels.close(season.who("Ada"), season.panel_ref, matter)
    page = mona.get(f"/desk/bids/{ref}")
    assert "Write the letter" in page.text and "Release the letters" not in page.text
    mona.get(f"/desk/bids/{ref}/letter").submit(reason="It brings neighbours together.").follow()
    assert mona.path == f"/desk/bids/{ref}" and season.bid(ref).decision_reason == "It brings neighbours together."
    for path in (
        f"/desk/rounds/{season.round_ref}",
        f"/desk/rounds/{season.round_ref}/release",
        "/desk/funds",
        "/finance/",
        "/desk/floats",
        "/desk/seats",
    ):
        mona.get(path, status=404)
    mona.get(f"/desk/extend?ref={ref}", status=303)
    assert all(not link.startswith(("/finance", "/desk/rounds", "/desk/funds")) for link in mona.get("/desk/").links())
    with pytest.raises(AssertionError):
        mona.get(f"/panels/{season.panel_ref}")


def test_people_are_found_where_they_live(app: Flask) -> None:
    season = begin()
    ids = areas()
    ann, bea, cy = (person(name, area_id=area) for name, area in (("Ann", ids["stair"]), ("Bea", ids["elm"]), ("Cy", None)))
    mona = Inspector(app).sign_in(placed("Mona", "officer", "mossgate").id)
    page = mona.get("/desk/people").text
    assert "Ann" in page and "Bea" not in page and "Cy" not in page and "Olga" not in page
    assert "bea@example.org" not in mona.get("/desk/people?q=bea@example.org").text.replace('value="bea@example.org"', "")
    mona.get(f"/desk/people/{ann.ref}").get(f"/desk/people/{bea.ref}", status=404).get(f"/desk/people/{cy.ref}", status=404)
    token = mona._values(mona.get("/people/me").forms()[0])["csrf_token"]
    assert mona.client.post(f"/desk/people/{bea.ref}/sign-out", data={"csrf_token": token}).status_code == 404
    everybody = Inspector(app).sign_in(season.who("Olga").id).get("/desk/people").text
    assert all(name in everybody for name in ("Ann", "Bea", "Cy"))


def test_a_connector_of_an_area_types_and_gives_there_alone(app: Flask) -> None:
    season = begin()
    ids = areas()
    cora = placed("Cora", "connector", "mill")
    ref = apply.start_for(season.round_ref, "Pat Old", None, ids["elm"], "1 High Street", "on paper", cora.id, once_key="one")
    pat = season.bid(ref).person_id
    helper = Actor(cora.id, pat, "on paper")
    for code, good in (("elm", False), ("mossgate", False), ("mill", True), ("stair", True)):
        answers = {"title": "Soup", "idea": "Soup on Fridays", "area_id": ids[code]}
        if good:
            apply.save(ref, season.bid(ref).version, "idea", answers, helper)
            assert season.bid(ref).area_id == ids[code]
        else:
            with pytest.raises(Refused, match="You help others in Mill Court"):
                apply.save(ref, season.bid(ref).version, "idea", answers, helper)
    browser = Inspector(app, budget=40).sign_in(cora.id)
    browser.get(f"/grants/{ref}/idea").submit("Continue", status=422, area="elm", idea="Soup on Mondays")
    assert "You help others in Mill Court" in browser.text and "Soup on Mondays" in browser.text and 'id="area-error"' in browser.text
    with transaction():
        db.session.execute(update(Role).where(Role.person_id == cora.id).values(until=clock.today() - timedelta(days=1)))
    apply.save(ref, season.bid(ref).version, "idea", {"area_id": ids["elm"]}, helper)  # what was begun can be finished
    assert season.bid(ref).area_id == ids["elm"]


def test_a_helper_of_an_area_enters_people_who_live_there(app: Flask) -> None:
    begin()
    areas()
    cora = Inspector(app, budget=40).sign_in(placed("Cora", "connector", "mill").id)
    cora.get("/desk/people/new").submit("Enter them", status=422, name="Pat Old", postal_address="1 High Street", area="elm")
    assert "You help others in Mill Court" in cora.text and "Pat Old" in cora.text and 'id="area-error"' in cora.text
    cora.submit("Enter them", area="stair")
    assert people.search("Pat Old")


def test_a_photo_of_goods_is_seen_by_who_checks_there(app: Flask) -> None:
    season = begin()
    ids = areas()
    ref = season.sent()
    put_into(ref, ids["mill"])
    invited = match.invite(ref, "Ann", ("email", "ann@example.org"), season.actor("Rita"))
    token = match.token_of(db.session.scalars(select(Pledge).where(Pledge.ref == invited)).one())
    match.say_yes(token, "goods", Minutes(0), Minutes(0), 40_00, "Timber")
    award.accept(season.offered(ref).ref, season.actor("Rita"))
    goods.say(token, goods.Given("goods", "Timber", Pence(40_00), clock.today()), sparks.png(), app.extensions["kindling"].data_dir)
    photo = db.session.scalars(select(Photo.ref).where(Photo.about.startswith("delivery:"))).one()
    for code, status in (("mill", 200), ("mossgate", 200), ("elm", 404)):
        for role in ("connector", "officer"):
            Inspector(app).sign_in(placed(f"{role} of {code}", role, code).id).get(f"/photos/{photo}.jpg", status=status)


def test_a_retired_area_and_a_ring_of_areas_are_no_way_around(app: Flask) -> None:
    season = begin()
    ids = areas()
    ref = season.sent("Garden")
    put_into(ref, ids["stair"])
    mona, stella = placed("Mona", "officer", "mossgate"), placed("Stella", "officer", "stair")
    with transaction():
        db.session.execute(update(Area).where(Area.code == "stair").values(archived_at=clock.now()))
    for one in (mona, stella):
        Inspector(app).sign_in(one.id).get(f"/desk/bids/{ref}")
    with transaction():  # the pages refuse it; the books of areas may come from a file
        db.session.execute(update(Area).where(Area.code == "mossgate").values(parent_id=ids["stair"]))
    Inspector(app).sign_in(stella.id).get(f"/desk/bids/{ref}")
    assert people.holds(mona.id, "officer", ids["elm"]) is False and people.holds(stella.id, "officer", ids["mossgate"]) is True


def test_an_administrator_gives_a_role_for_an_area(app: Flask) -> None:
    season = begin()
    areas()
    rita = season.who("Rita")
    admin = Inspector(app).sign_in(person("Adm", "administrator").id)
    page = admin.get(f"/desk/people/{rita.ref}")
    assert "The whole scheme" in page.text and "Mill Court" in page.text
    page.submit("Give this role", status=422, role="finance", area="mill", reason="Joined")
    assert "Only connectors and officers are for an area" in admin.text
    admin.submit("Give this role", role="officer", area="mill", reason="Joined").follow()
    assert "in Mill Court" in admin.text and "Council officer, Mill Court" in admin.text
    admin.submit("Give this role", status=422, role="officer", area="stair", reason="Again")
    assert "They hold that role already" in admin.text, "Stair 4 lies in Mill Court"
    admin.submit("Give this role", role="officer", area="elm", reason="There too").follow()
    assert "in Elm" in admin.get("/desk/roles").text and "given Council officer, Mill Court" in admin.text
    admin.get(f"/desk/people/{rita.ref}").submit("Give this role", role="officer", area="", reason="Everywhere now").follow()
    assert Inspector(app).sign_in(rita.id).get("/desk/rounds").status == 200
    assert people.all_about(rita.id)["you"]["roles"][0]["area"] is None and people.all_about(rita.id)["you"]["roles"][1]["area"] == "Elm"


def test_a_role_for_an_area_is_no_administrator_and_no_hand_on_money(app: Flask) -> None:
    season = begin()
    areas()
    admin = person("Adm", "administrator")
    other = placed("Mill administrator", "administrator", "mill")
    fin = placed("Mill finance", "finance", "mill")
    placed("Mill officer", "officer", "mill")
    assert [each.name for each in people.holders("administrator")] == ["Adm"], "the last one cannot go"
    assert people.why_not_leave(admin.id) is not None and people.why_not_leave(other.id) is None
    assert pay.hands(season.bid(season.sent())) == 3, "Olga, Otto and Fay"
    Inspector(app).sign_in(fin.id).get("/finance/", status=404)
    shown = Inspector(app).sign_in(admin.id).get("/desk/roles").text
    assert shown.count("opens nothing: give it for the whole scheme") == 2


def test_a_connector_of_an_area_gives_quick_sparks_there_alone(app: Flask, tmp_path: Path) -> None:
    season = sparks.season_with_connectors()
    ids = areas()
    sparks.granted(season)
    with transaction():
        db.session.execute(update(Role).where(Role.person_id == season.who("Gus").id).values(area_id=ids["mill"]))
    gus = Inspector(app, budget=40).sign_in(season.who("Gus").id).get("/grants/quick/new")
    for code in ("elm", "mossgate"):
        with pytest.raises(Refused, match="This connector is for another area"):
            sparks.spend(season, tmp_path, area_id=ids[code])
    gus.submit(
        "Give it", status=422, what="A kettle", area="elm", amount="15", payee_kind="shop", payee_name="Corner Hardware", not_ours="y"
    )
    assert "This connector is for another area" in gus.text and 'id="area-error"' in gus.text
    sparks.spend(season, tmp_path, area_id=ids["stair"])


def test_hours_at_the_door_are_checked_by_who_is_for_that_area(app: Flask) -> None:
    season = begin()
    ids = areas()
    ref = season.ready().application.ref
    put_into(ref, ids["stair"])
    may = {
        name: placed(name, role, code).id
        for name, role, code in (("Mo", "officer", "mossgate"), ("Cy", "connector", "stair"), ("El", "officer", "elm"))
    }
    assert {name for name, id_ in may.items() if match.may_check_at_the_door(season.bid(ref), id_)} == {"Mo", "Cy"}
    for name, status in (("Mo", 200), ("Cy", 200), ("El", 404)):
        Inspector(app, budget=40).sign_in(may[name]).get(f"/grants/{ref}/match", status=status)
