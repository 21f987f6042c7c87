"""Quick sparks at a browser: the connector at the door, the panel, the desk, finance; what was typed stays when something is wrong."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal import clock
from portal.db import db
from portal.grants import floats, quick, quick_review
from portal.money import Pence
from portal.people import actions as people_actions
from portal.people.model import Role
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right
from tests.grants.sparks import asked, granted, held, matter_of, picture_bytes, season_with_connectors, spark, spend


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield season_with_connectors()
    assert_books_are_right()


def at(app: Flask, season: Season, who: str, budget: int = 40) -> Inspector:
    return Inspector(app, budget).sign_in(season.who(who).id)


def typed(**changes: str) -> dict[str, Any]:
    return {
        "what": "A kettle", "helps": "A neighbour", "area": "mossgate", "amount": "15", "payee_kind": "shop", "payee_name": "Corner Hardware",
        "not_ours": "y", **changes,
    }  # fmt: skip


def image(colour: str = "green") -> tuple[io.BytesIO, str]:
    return io.BytesIO(picture_bytes(colour)), "receipt.png"


def test_from_asking_to_giving_on_a_phone(app: Flask, season: Season) -> None:
    gus = at(app, season, "Gus")
    gus.get("/")
    assert "Ask the panel for a float first" in gus.text
    gus.get("/grants/quick/new", status=303)
    gus.get("/grants/quick/ask")
    gus.submit("Ask the panel", status=422, amount="lots", reason="")
    assert 'value="lots"' in gus.text and "The panel reads it" in gus.text
    gus.submit("Ask the panel", amount="100", reason="For the flats by the pump").follow()
    assert "With the panel" in gus.text
    gus.get("/grants/quick/ask").submit("Ask the panel", status=422, amount="100", reason="Again")
    assert "asked already" in gus.text
    matter = matter_of(floats.requests([1])[1].ref).ref
    page = f"/panels/{season.panel_ref}/bids/{matter}"
    for seat in ("Ada", "Ben", "Cleo"):
        browser = at(app, season, seat).get(f"/panels/{season.panel_ref}")
        assert "A float of £100 for the quick sparks of Gus Penny" in browser.text
        browser.get(page)
        assert "Connector" in browser.text and "For the flats" not in browser.text
        browser.submit("Continue", tie_tie="none").follow()
        assert "For the flats by the pump" in browser.text and "£25.00" in browser.text
        browser.submit("Vote", choice="yes")
    at(app, season, "Ada").get(page).submit("Count and close")
    gus.get("/")
    assert "Quick sparks: £100.00 left" in gus.text
    gus.get("/grants/quick/new")
    gus.submit("Give it", status=422, **typed(amount="26", what="Ring 01375 555 123"))
    assert 'value="26"' in gus.text and "Ring 01375 555 123" in gus.text and 'value="Corner Hardware"' in gus.text
    gus.submit("Give it", status=422, **typed(amount="26"))
    assert "up to £25.00" in gus.text
    values = {name: value for name, value in typed().items() if name != "not_ours"}
    gus.get("/grants/quick/new").submit("Give it", status=422, **values)
    assert "Tick the box if it is not for you or anybody you live with" in gus.text and "Write down an idea" not in gus.text
    gus.submit("Give it", status=422, **typed(), receipt=(io.BytesIO(b"no picture"), "receipt.png"))
    assert "not a photo that we can read" in gus.text
    gus.submit("Give it", **typed(), receipt=image(), photo=image("red")).follow()
    assert "receipt is in" in gus.text and "Corner Hardware" in gus.text
    gus.get("/grants/quick/")
    assert "£85.00" in gus.text and "A kettle" in gus.text
    assert held(season).balance == 85_00


def test_the_same_form_sent_twice_is_given_once(app: Flask, season: Season) -> None:
    granted(season)
    gus = at(app, season, "Gus").get("/grants/quick/new")
    form = gus.forms()[-1]
    values = gus._values(form) | typed()
    first = gus.post("/grants/quick/new", values).location
    assert gus.post("/grants/quick/new", values).location == first and held(season).balance == 85_00


def test_a_late_receipt_stops_the_page_and_its_photo_opens_it(app: Flask, season: Season, tmp_path: Path) -> None:
    granted(season)
    made = spend(season, tmp_path)
    with clock.held_at(clock.now() + timedelta(days=15)):
        gus = at(app, season, "Gus").get("/grants/quick/new")
        assert "is missing since" in gus.text and "Give it" not in gus.text
        gus.get("/grants/quick/")
        assert "is late. Until it is there" in gus.text
        gus.get(f"/grants/quick/{made.ref}").submit("Add the receipt", status=422)
        assert "Take a photo" in gus.text
        gus.submit("Add the receipt", receipt=image()).follow()
        assert "receipt is in" in gus.text
        gus.get("/grants/quick/new")
        assert "Give it" in gus.text


def test_the_desk_sees_who_holds_what_and_puts_things_right(app: Flask, season: Season, tmp_path: Path) -> None:
    granted(season)
    late = spend(season, tmp_path)
    asked(season, 30_00, "Cora")
    with clock.held_at(clock.now() + timedelta(days=15)):
        olga = at(app, season, "Olga")
        olga.get("/desk/")
        assert "quick spark whose receipt is late" in olga.text
        olga.get("/desk/floats")
        assert "Gus Penny" in olga.text and "£85.00" in olga.text and "1 is late" in olga.text and "Cora Lane" in olga.text
        for path, button in (("waive", "Let it go"), ("put-right", "Take it back")):
            olga.get(f"/desk/quick/{late.ref}/{path}").submit(button, status=422, reason="")
            assert "Write why" in olga.text
        olga.get(f"/desk/quick/{late.ref}/waive").submit("Let it go", reason="The paper was seen").follow()
        assert "The paper was seen" in olga.text
        float_ = held(season)
        olga.get(f"/desk/floats/{float_.ref}/spark").submit("Give it", status=422, **typed())
        assert "which slip" in olga.text
        olga.submit("Give it", **typed(what="A torch", slip="slip 41")).follow()
        assert "slip 41" in olga.text and held(season).balance == 70_00
        olga.get(f"/desk/quick/{late.ref}/put-right").submit("Take it back", reason="The shop took it back").follow()
        assert "Taken back on" in olga.text and "The shop took it back" in olga.text
        olga.get(f"/desk/floats/{float_.ref}")
        assert "Put right" in olga.text
        olga.get("/desk/funds/small-sparks/quick").submit("Save", status=422, most="60", reason="x")
        olga.submit("Save", most="20", reason="Many small ones").follow()
        assert "Up to £20.00 each" in olga.text and "In floats" in olga.text
        olga.get(f"/desk/floats/requests/{floats.requests([2])[2].ref}/withdraw").submit("Take it back", reason="Typed twice")
        role = db.session.query(Role).filter_by(person_id=season.who("Gus").id).one()
        people_actions.end_role(season.who("Gus").id, role.id, "Moved away", season.actor("Otto"))
        olga.get("/desk/")
        assert "float of somebody who is not a connector any more" in olga.text
        olga.get("/desk/floats")
        assert "take it back" in olga.text
        olga.get(f"/desk/floats/{float_.ref}/return").submit("Take it back", reason="Moved away").follow()
        assert "ended" in olga.text and held(season).balance == 0
        olga.get("/desk/floats/ask").submit("Ask the panel", amount="20", reason="For the quay").follow()
        assert "Cora Lane" in olga.text


def test_who_sees_what(app: Flask, season: Season, tmp_path: Path) -> None:
    """By the address: the list of floats is the desk's and finance's, a quick spark its connector's too; acting is the officer's."""
    float_ = granted(season)
    made = spend(season, tmp_path)
    desk = ("/desk/floats", f"/desk/floats/{float_.ref}")
    acts = (
        "/desk/floats/ask", f"/desk/floats/{float_.ref}/spark", f"/desk/floats/{float_.ref}/return", f"/desk/quick/{made.ref}/waive",
        f"/desk/quick/{made.ref}/put-right", "/desk/funds/small-sparks/quick", f"/desk/floats/requests/{floats.requests([1])[1].ref}/withdraw",
    )  # fmt: skip
    own = ("/grants/quick/", "/grants/quick/ask")
    one = f"/grants/quick/{made.ref}"
    for who, sees_desk, may_act, gives, sees_one in (
        ("Olga", 200, 200, 404, 200), ("Fay", 200, 404, 404, 200), ("Gus", 404, 404, 200, 200), ("Cora", 404, 404, 200, 404), ("Ada", 404, 404, 404, 404),
        ("Rita", 404, 404, 404, 404),
    ):  # fmt: skip
        browser = at(app, season, who)
        for paths, status in ((desk, sees_desk), (acts, may_act), (own, gives), ((one,), sees_one)):
            for path in paths:
                browser.get(path, status=status)
    fay = at(app, season, "Fay").get(one)
    assert "Add the receipt" not in fay.text and "Take it back" not in fay.text
    assert "Take it back" not in at(app, season, "Gus").get(one).text
    assert "Floats" in at(app, season, "Fay").get("/finance/").text


def test_the_panel_reads_a_month(app: Flask, season: Season, tmp_path: Path) -> None:
    granted(season)
    spend(season, tmp_path, what="A bus fare", payee_kind="person", payee_name="Elsie Marsh", helps="A neighbour upstairs")
    made = spend(season, tmp_path, what="Paint", amount=Pence(20_00))
    month = f"{clock.today():%Y-%m}"
    with clock.held_at(clock.start_of_day(quick_review.after(clock.today())) + timedelta(hours=9)):
        quick_review.open_reviews()
        page = f"/panels/{season.panel_ref}/quick/{month}"
        ada = at(app, season, "Ada").get(f"/panels/{season.panel_ref}")
        assert ": 2, £35" in ada.text and page in set(ada.links())
        ada.get(page)
        assert "A neighbour upstairs" in ada.text and "A person" in ada.text and "Elsie" not in ada.text
        ada.submit("I have read it").follow()
        assert "You have read this" in ada.text and "1 of 4" in ada.text
        token = ada._values(ada.forms()[-1])["csrf_token"]
        ada.post(page, {"csrf_token": token, "act": "ask", "spark": made.ref, "q-words": ""}, status=422)
        assert "what you would like to know" in ada.text
        ada.submit("Ask", q_words="Which door?", spark=made.ref).follow()
        assert "Which door?" in ada.text
        gus = at(app, season, "Gus").get(f"/grants/quick/{made.ref}")
        gus.submit("Answer the panel", status=422, words="")
        gus.submit("Answer the panel", words="The shed of the allotment").follow()
        assert "The shed of the allotment" in ada.get(page).text
        ben = at(app, season, "Ben").get(page)
        assert "Note it and close" not in ben.text
        ada.submit("Note it and close", status=422, c_outcome="")
        ada.submit("Note it and close", c_outcome="All clear").follow()
        assert "All clear" in ada.text and "Ask about this" not in ada.text
        assert spark(made.ref).reviewed_on is not None
        ada.post(page, {"csrf_token": token, "act": "dance"}, status=422)
        for who, status in (("Olga", 200), ("Rita", 404), ("Gus", 404), ("Fay", 404)):
            at(app, season, who).get(page, status=status)
        at(app, season, "Ada").get(f"/panels/{season.panel_ref}/quick/2020-01", status=404)


def test_two_floats_are_chosen_between(app: Flask, season: Season) -> None:
    from portal.grants import rounds
    from portal.grants.model import Fund, Funder
    from portal.grants.rules import RoundRules
    from tests.grants.sparks import decided

    rounds.open_fund("warm", "Warm Winter", "", RoundRules(quick_most=Pence(10_00)), season.actor("Olga"))
    fund = db.session.query(Fund).filter_by(code="warm").one()
    rounds.contribute(fund.id, db.session.query(Funder).one().id, Pence(100_00), clock.today(), "", season.actor("Olga"))
    granted(season)
    decided(season, floats.ask(season.ref("Gus"), "warm", season.panel_ref, Pence(40_00), "x", season.actor("Gus"), once_key="w"))
    gus = at(app, season, "Gus").get("/grants/quick/new")
    assert "Warm Winter: £40.00 left" in gus.text
    winter = next(each.ref for each in quick.floats_of(season.who("Gus").id) if each.fund.code == "warm")
    gus.submit("Give it", status=422, **typed(float=winter))
    assert "up to £10.00" in gus.text
    gus.submit("Give it", **typed(float=winter, amount="10"))
    assert quick.in_hand(season.who("Gus").id) == 130_00
