"""The board on paper and the boards of events, as people see them. HTML alone, on SQLite only."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.client import Inspector
from tests.gifts.street import Street, open_street, the_post
from tests.gifts.test_paper import an_event

DESK = "/gifts/desk/"


@pytest.fixture
def street(app: Flask) -> Street:
    return open_street()


@pytest.fixture
def browser(app: Flask, street: Street) -> Callable[..., Inspector]:
    def open_as(name: str = "", budget: int = 60) -> Inspector:
        one = Inspector(app, budget)
        return one.sign_in(street.who(name).id) if name else one

    return open_as


def test_notes_are_printed_and_found_by_their_number(street: Street, browser: Callable[..., Inspector]) -> None:
    event = an_event(street)
    cass = browser("Cass")
    assert {f"{DESK}notes", f"{DESK}wall", f"{DESK}new"} <= set(cass.get(DESK).links())
    cass.get(f"{DESK}notes?event={event.ref}")
    assert "from 1 to 10" in cass.submit("Make them", 422, pages="40").text
    cass.submit("Make them", pages="1").follow()
    assert "Notes 101 to 108" in cass.text and "Soup and gifts" in cass.text
    cass.get(next(each for each in cass.links() if each.endswith(".pdf")))
    maya = browser("Maya")
    maya.get("/n/7", 404)
    maya.get("/n/102", 303).follow()
    assert "Note 102" in maya.text
    maya.submit("Put it on the board", kind="gift", title="A tall ladder", sort="lend").follow()
    assert "Soup and gifts" in maya.text and browser().get("/n/102", 303).location == maya.path
    maya.get("/gifts/new?note=102").submit("Put it on the board", 422, kind="gift", title="Jam jars", sort="give", area="mossgate")
    assert "on the board already" in maya.text
    stranger = browser()
    stranger.get("/n/103", 303).follow().submit("Continue", kind="wish", title="A walk by the river", sort="heart").follow()
    assert "A walk by the river" in stranger.text


def test_a_wall_in_one_go(street: Street, browser: Callable[..., Inspector]) -> None:
    cass = browser("Cass")
    assert "G for a gift" in cass.get(f"{DESK}wall").text
    cells: dict[str, Any] = {
        "area": "mossgate",
        "kind_0": "g",
        "sort_0": "lend",
        "what_0": "A tall ladder",
        "name_0": "Elsie Moor",
        "what_1": "Jam jars",
    }
    assert "Row 2: Write G for a gift or W for a wish" in cass.submit("Put them all up", 422, **cells).text and "A tall ladder" in cass.text
    assert "at least one" in cass.get(f"{DESK}wall").submit("Put them all up", 422, area="mossgate").text
    cass.submit("Ten more rows", 200)
    cells.pop("what_1")
    cass.submit("Put them all up", **cells).follow()
    assert "A tall ladder" in cass.text and "Elsie in Mossgate" in cass.text
    cass.get(f"{DESK}wall").submit("Put them all up", 422, **cells)
    assert "Is it one of these" in cass.text and "Row 1 is another one" in cass.text
    cass.submit("Put them all up", 422, name_0="Nora New")
    assert "has the same on the board" in cass.text and "in a new tab" in cass.text
    cass.submit("Put them all up", again_0="y").follow()
    cass.get(f"{DESK}walls/WAL-2345-6789", 404)
    pasted = "Number\tG or W\tSort\tWhat\tName\n\tg\tk\tHow to knit\tNora New\n\tw\tcare\tA fourth for cards\tNora New\n"
    cass.get(f"{DESK}wall").submit("Put these rows in the table", 200, paste=pasted, area="mossgate")
    assert "How to knit" in cass.text and "A fourth for cards" in cass.text
    assert "at least one row" in cass.submit("Put these rows in the table", 422, paste="").text and "How to knit" in cass.text
    assert "at most 60" in cass.submit("Put these rows in the table", 422, paste="a;b\n" * 60).text
    for path in (f"{DESK}wall", f"{DESK}notes", f"{DESK}new"):
        browser("Maya").get(path, 404)


def test_for_somebody_and_what_became_of_it(street: Street, browser: Callable[..., Inspector]) -> None:
    cass = browser("Cass")
    cass.get(f"{DESK}new").submit("Put it on the board", 422, title="Jam jars", kind="gift", sort="give", area="mossgate")
    given: dict[str, Any] = {
        "title": "Jam jars",
        "kind": "gift",
        "sort": "give",
        "area": "mossgate",
        "name": "Elsie Moor",
        "basis": "telephone",
    }
    cass.submit("Put it on the board", **given).follow()
    ref = cass.path.rpartition("/")[2]
    assert "They have no e-mail" in cass.text and "Elsie in Mossgate" in cass.text
    cass.get(f"{DESK}new").submit("Put it on the board", 422, **(given | {"title": "A blue bowl"}))
    assert "somebody else of that name" in cass.text
    cass.submit("Put it on the board", another="y").follow()
    street.write("Idris", ref)
    say = next(each for each in cass.get(f"/gifts/{ref}").links() if each.startswith(f"{DESK}say/"))
    party = str(the_post(ref).party_id)
    cass.get(say).submit("Pass it on" if "Pass it on" in cass.text else None, side=party, act="promise", basis="telephone")
    cass.get(say).submit("Pass it on" if "Pass it on" in cass.text else None, side=party, act="handed", basis="telephone")
    assert the_post(ref).status == "gone"
    assert "They have no e-mail" not in cass.get(f"/gifts/{street.put_up('Maya')}").text


def test_the_board_of_an_event(street: Street, browser: Callable[..., Inspector]) -> None:
    event = an_event(street)
    ref = street.put_up("Maya", event_id=event.id)
    street.put_up("Idris", "Jam jars")
    anybody = browser(budget=8)
    board = f"/gifts/?event={event.ref}"
    assert board in anybody.get(f"/events/{event.ref}").links()
    anybody.get(board)
    assert "Soup and gifts" in anybody.text and "child’s bike" in anybody.text and "Jam jars" not in anybody.text
    assert f"event={event.ref}" in next(each for each in anybody.links() if each.startswith("/gifts/new?kind=gift"))
    assert "Nothing like that" in anybody.get(f"{board}&kind=wish").text
    anybody.get("/gifts/?event=EVT-2345-6789", 404)
    anybody.get(f"/gifts/?event={an_event(street, 'held').ref}", 404)
    maya = browser("Maya")
    maya.get(f"/gifts/{ref}/edit").submit("Save", title="A child’s bike, red").follow()
    assert the_post(ref).event_id == event.id and "Soup and gifts" in maya.text
