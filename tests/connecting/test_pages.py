"""One's own page, the door to an entry, who links whom, asking: as people see them. HTML alone, on SQLite only."""

from collections.abc import Callable

import pytest
from flask import Flask

from portal.connecting import actions, queries
from portal.db import transaction
from portal.people.actions import create_person
from tests.client import Inspector
from tests.connecting.village import asked, introduced, notes, village
from tests.gifts.street import Street

DESK = "/connecting/desk/"


@pytest.fixture
def street(app: Flask) -> Street:
    return village("Idris", "Walter")


@pytest.fixture
def browser(app: Flask, street: Street) -> Callable[..., Inspector]:
    def open_as(name: str = "", budget: int = 15) -> Inspector:
        one = Inspector(app, budget)
        return one.sign_in(street.who(name).id) if name else one

    return open_as


def test_yes_lines_and_stop(street: Street, browser: Callable[..., Inspector]) -> None:
    maya = browser("Maya", 8)
    assert "/connecting/" in maya.get("/people/me").links() and "introduced" in browser().get("/privacy").text
    assert "This is off" in maya.get("/connecting/").text and "How to stop" in maya.text
    maya.budget = 40
    assert "18 or over" in maya.submit("Yes, introduce me and ask me", 422).text
    maya.submit("Yes, introduce me and ask me", grown="y").follow()
    assert "This is on" in maya.text
    ref = introduced(street, "Maya", "Idris", "bees and beginners")
    actions.came_of_it(ref, "began", street.put_up("Maya"), street.who("Cass"))
    asked(street, "Maya")
    actions.look([street.who("Maya").ref], street.who("Cass"))
    maya.budget = 12
    page = maya.get("/connecting/").text
    assert (
        "bees and beginners" in page
        and "Something began" in page
        and "the Tuesday lunch" in page
        and "Cass" in page
        and "/gifts/GFT-" in page
    )
    maya.budget = 40
    maya.submit("Yes, gladly").follow()
    assert "Said yes" in maya.text
    maya.submit("Please never ask me to lead").follow().submit("You may ask me again").follow()
    maya.submit("Delete “bees and beginners”").follow()
    assert "bees and beginners" not in maya.text and notes() == (0, 1)
    maya.submit("Delete “the Tuesday lunch”").follow()
    assert notes() == (0, 0)
    assert "from the page of the other person too" in maya.get("/connecting/stop").text
    maya.submit("Yes, stop and delete all").follow()
    assert "This is off" in maya.text and queries.openness_of(street.who("Maya").id) is None


def test_the_desk_opens_entries_and_is_seen(street: Street, browser: Callable[..., Inspector]) -> None:
    cass = browser("Cass")
    assert DESK in cass.get("/desk/").links()
    cass.budget = 8
    assert "Idris" in cass.get(DESK).text and "Nothing to tell yet" not in cass.text
    idris = f"{DESK}people/{street.who('Idris').ref}"
    assert "they see your name" in cass.get(idris).text
    cass.budget = 40
    cass.submit("Open it").follow()
    assert "Nothing to tell yet" in cass.text and "Cass" in browser("Idris").get("/connecting/").text
    assert cass.submit("I have asked them", 422).text.count("in a few words")
    cass.submit("I have asked them", words="the Tuesday lunch").follow()
    assert "No answer yet" in cass.text and "I have asked them" not in cass.text
    cass.submit("Write it down", answer="not_now").follow()
    assert "rests until" in cass.text and "Let it rest" in cass.text
    assert "Idris" not in cass.get(DESK).text and "Walter" in cass.text
    cass.submit("Show what speaks for them, and what they said").follow()
    assert "Nothing to tell yet" in cass.text
    assert "Not now" in cass.get(f"{DESK}?show=all").text and "rests until" in cass.text
    assert "Delete this line" not in cass.get(idris).text
    olga = browser("Cora").get(f"{DESK}?show=all")
    assert "Idris" in olga.text and "Not now" not in olga.text and "rests until" not in olga.text


def test_the_next_page_of_the_desk_stays_in_hand(street: Street, browser: Callable[..., Inspector]) -> None:
    cass = browser("Cass", 40).get(f"{DESK}?show=all&after={street.who('Idris').ref}")
    assert "Walter" in cass.text and "Idris" not in cass.text
    cass.submit("Show what speaks for them, and what they said").follow()
    assert "Nothing to tell yet" in cass.text and "Walter" in cass.text and "Idris" not in cass.text


def test_nobody_is_named_behind_the_door_who_does_not_see_the_look(street: Street, browser: Callable[..., Inspector]) -> None:
    introduced(street, "Idris", "Walter")
    cora = browser("Cora", 40)  # helps where Idris lives; Walter, who lives elsewhere, is not on her desk
    idris = f"{DESK}people/{street.who('Idris').ref}"
    cora.get(f"{DESK}?show=all").submit("Show what speaks for them, and what they said").follow()
    assert "Cora" not in browser("Walter").get("/connecting/").text
    assert "Walter" not in cora.get(idris).text and "so do those to whom they were introduced" in cora.text
    cora.submit("Open it").follow()
    assert "Walter" in cora.text and "Cora" in browser("Walter").get("/connecting/").text


def test_a_form_sent_past_the_door_meets_the_door(street: Street, browser: Callable[..., Inspector]) -> None:
    asked(street, "Idris", "the winter choir")
    cora = browser("Cora", 40)
    path = f"{DESK}people/{street.who('Idris').ref}"
    token = cora.get(path).tree.find(".//*[@name='csrf_token']").get("value")
    for words in ("", "the Tuesday lunch"):
        cora.post(f"{path}/ask", {"csrf_token": token, "words": words}, 200)
        assert "they see your name" in cora.text and "asked already" not in cora.text and "winter choir" not in cora.text
    cora.submit("Open it").follow()
    assert "winter choir" in cora.text


def test_noting_introductions(street: Street, browser: Callable[..., Inspector]) -> None:
    cass = browser("Cass", 40)
    links = f"{DESK}introductions"
    assert "Nothing noted yet" in cass.get(links).text
    cass.get(f"{DESK}introduce").submit("Note it", 422, two=street.who("Walter").ref)
    cass.submit("Note it", 422, one=street.who("Idris").ref, two=street.who("Idris").ref, words="bees")
    cass.submit("Note it", one=street.who("Idris").ref, two=street.who("Walter").ref, words="bees").follow()
    assert "Idris" not in cass.text and 'role="img"' not in cass.text
    cass.submit("Show who links whom").follow()
    assert "Cass" in browser("Walter").get("/connecting/").text
    cass.budget = 8
    cass.get(links)
    assert "Idris and Walter" in cass.text and 'role="img"' in cass.text and "Nothing yet" in cass.text
    cass.budget = 40
    one = next(each for each in cass.links() if each.startswith(f"{links}/INT-"))
    cass.get(one).submit("Save", 422, outcome="began", led_to="Sunday lunch")
    cass.submit("Save", outcome="began", led_to=street.put_up("Idris")).follow()
    assert "Idris and Walter" in cass.get(f"{links}?show=began").text
    browser("Rhea").get(one, 303)  # has not said that she looks
    browser("Idris").get(one, 404)
    cass.get(one).submit("Delete this line").follow()
    browser("Rhea").get(one, 404)


def test_others_find_nothing(street: Street, browser: Callable[..., Inspector]) -> None:
    idris = street.who("Idris").ref
    for path in (DESK, f"{DESK}introductions", f"{DESK}introduce", f"{DESK}people/{idris}"):
        browser("Maya").get(path, 404)
        assert "sign-in" in browser().get(path, 303).location
    rhea = browser("Rhea")
    assert "Idris" not in rhea.get(f"{DESK}?show=all").text and "Walter" in rhea.text
    rhea.get(f"{DESK}people/{idris}", 404)
    assert "Too few have said yes where you help" in rhea.get(f"{DESK}introduce").text and "helps everywhere can note it: " in rhea.text
    assert "Cass" in rhea.text
    rhea.get("/connecting/")
    token = rhea.tree.find(".//*[@name='csrf_token']").get("value")
    for path in (f"people/{idris}/ask", f"people/{idris}/asks/ASK-2345-6789/answer", "look"):
        rhea.post(f"{DESK}{path}", {"csrf_token": token, "person": idris, "words": "x", "answer": "yes"}, 404)
    assert notes() == (0, 0)


def test_the_yes_and_the_stop_of_somebody_without_e_mail(street: Street, browser: Callable[..., Inspector]) -> None:
    with transaction():
        ref = create_person("Elsie Moor", area_id=street.areas["mossgate"]).ref
    cass = browser("Cass", 40)
    assert f"{DESK}yes" in cass.get(DESK).links()
    cass.get(f"{DESK}yes").submit("They said yes", 422, number="PER-2345-6789", grown="y", basis="telephone")
    assert "nobody with this number" in cass.text
    cass.get(f"{DESK}yes").submit("They said yes", 422, number=ref, basis="telephone")
    assert "18 or over. Tick the box" in cass.text
    cass.submit("They said yes", number=ref.lower(), grown="y", basis="in person").follow()
    assert "Elsie Moor" in cass.text
    cass.get(f"{DESK}people/{ref}/stop").submit("Stop, and delete all of this", 422)
    cass.submit("Stop, and delete all of this", basis="telephone").follow()
    assert "Elsie Moor" not in cass.get(f"{DESK}?show=all").text
