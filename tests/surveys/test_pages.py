"""What neighbours are asked and what officers read, as they see it. HTML alone, on SQLite only."""

import csv
import io
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from portal import clock
from portal.errors import NotFound
from portal.exports import packs
from portal.surveys import asking, neighbours
from tests.client import NS, Inspector
from tests.surveys.street import AGAIN, NOW, many, open_street, say, tell
from tests.timebank.bank import Bank

Browser = Callable[..., Inspector]


@pytest.fixture
def street(app: Flask) -> Iterator[Bank]:
    street = open_street()
    with clock.held_at(NOW):
        yield street


@pytest.fixture
def browser(app: Flask, street: Bank) -> Browser:
    return lambda name="", budget=12: Inspector(app, budget).sign_in(street.who(name).id) if name else Inspector(app, budget)


def test_the_card_leads_through_all_of_it(street: Bank, browser: Browser) -> None:
    maya = browser("Maya", 8)
    assert "Three short questions" in maya.get("/").text
    maya.budget = 20
    maya.get("/surveys/").submit("Send my answers", 422, trust="certainly")
    assert "from the list" in maya.text
    maya.get("/surveys/").submit("Send my answers", trust="most", help="rather_not").follow()
    assert "Most of them" in maya.text and "I would rather not say" in maya.text and "/surveys/about-you/timebank" in maya.links()
    assert "A few questions about you" in maya.get("/").text
    maya.get("/surveys/about-you/timebank")
    assert (
        "cannot find your answers again" in maya.text
        and "No panel sees anything of it" in maya.text
        and maya.text.count("Prefer not to say") == 8
    )
    maya.submit("Send my answers", age="35").follow()
    assert 'id="ask"' not in maya.text
    assert "Nothing to answer now" in maya.get("/surveys/about-you/timebank").text
    browser().get("/surveys/", 303)
    assert 'id="ask"' not in browser().get("/").text


def test_one_tap_puts_it_away(street: Bank, browser: Browser) -> None:
    maya = browser("Maya", 20)
    maya.get("/").submit("No, and do not ask again").follow()
    assert "Three short" not in maya.text and "A few questions about you" in maya.text
    maya.submit("No, and do not ask again").follow()
    assert "A few questions about you" not in maya.text
    assert "that is fine" in maya.get("/surveys/").text and "Nothing to answer" in maya.get("/surveys/about-you/timebank").text
    idris = browser("Idris", 20)
    idris.get("/surveys/").submit("Skip these questions").follow()
    idris.get("/surveys/about-you/timebank").submit("Skip all of this").follow()
    assert 'id="ask"' not in idris.text
    idris.get("/surveys/about-you/SPK-2345-6789", 404)


def test_officers_read_and_take_the_same(street: Bank, browser: Browser) -> None:
    for place, who in enumerate(many(street, 14)):
        say(who, at=AGAIN, trust="most" if place < 8 else "few")
        tell(who, age="35" if place < 9 else "65", sex="female")
    olga = browser("Olga")
    assert "/desk/surveys/" in olga.get("/desk/").links()
    assert "/desk/surveys/neighbours" in olga.get("/desk/surveys/").links()
    assert "8" in cells(olga.get("/desk/surveys/neighbours?year=2025-26")) and "Thursday 1 April 2027" in olga.text
    shown = cells(olga)
    assert [row[-3:] for row in rows_of(olga.submit("Take it as a file (CSV)", 200))] == [
        shown[at : at + 3] for at in range(0, len(shown), 3)
    ]
    olga.get("/desk/surveys/about-you")
    assert "Please look at them for that alone" in olga.text and "35 to 44" not in olga.text
    olga.submit("Show me the figures").follow()
    shown = cells(olga.get("/desk/surveys/about-you?year=2025-26&pot="))
    assert {"9", "5", "14"} <= set(shown) and "not told" in shown
    assert [row[-1] for row in rows_of(olga.submit("Take it as a file (CSV)", 200))] == shown
    log = [(one.who, one.file) for one in packs.downloads()]
    assert log == [
        ("Olga", "equality-2025-26.csv"),
        ("Olga", "Who asks and who joins, on the page"),
        ("Olga", "three-questions-2025-26.csv"),
    ]
    olga.get("/desk/surveys/about-you?year=never&pot=nothing").get("/desk/surveys/neighbours?year=x&place=y")
    for path in ("/desk/surveys/", "/desk/surveys/neighbours", "/desk/surveys/about-you"):
        for name in ("Maya", "Cass"):
            browser(name).get(path, 404)
        browser().get(path, 303)


def test_officers_switch_it_off(street: Bank, browser: Browser) -> None:
    olga, maya = browser("Olga", 20), browser("Maya", 20)
    olga.get("/desk/surveys/").submit("Stop asking: three short questions").follow()
    assert "Olga switched off" in olga.text and "A few questions about you" in maya.get("/").text
    olga.submit("Stop asking: who asks and who joins").follow()
    assert 'id="ask"' not in maya.get("/").text and "Nothing to answer now" in maya.get("/surveys/about-you/timebank").text
    olga.submit("Ask again: three short questions").follow()
    assert asking.asks("neighbours") and neighbours.due(street.who("Maya")) == "start"
    with pytest.raises(NotFound):
        asking.switch("everything", False, street.actor("Olga"))


def test_the_notices_say_so(street: Bank, browser: Browser) -> None:
    assert "cannot find your answers again" in browser().get("/privacy").text
    assert "we cannot find it again" in browser("Maya", 20).get("/people/me/data").text
    assert "cannot find your answers again" in browser("Maya", 200).get("/people/me/data.json").text


def cells(page: Inspector) -> list[str]:
    return ["".join(cell.itertext()).strip() for cell in page.tree.iter(f"{NS}td")]


def rows_of(file: Inspector) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.text)))[1:]
