"""From an idea to an application on phones at 360 px (with scripts, without, by keyboard), with a connector's wall of notes between."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_hall import flask
from tests.browser.test_hours import IN_APP

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK: ViewportSize = {"width": 1280, "height": 900}
LINK = """
from sqlalchemy import select
from portal.db import db
from portal.outbox import Message
from wsgi import app
with app.app_context():
    sent = select(Message.body).where(Message.address == {address!r}, Message.subject.like({subject!r})).order_by(Message.id.desc())
    print(next(word for word in db.session.scalars(sent).first().split() if word.startswith("http")))
"""


@dataclass(frozen=True)
class Way:
    """How the phones are used, and an idea of its own, so that three stories on one site do not meet."""

    scripts: bool
    keys: bool
    idea: str
    like: str
    mail: str


WAYS = {
    "with JavaScript": Way(
        True, False, "A hammock between the lime trees", "Hammocks for lazy days under lime trees", "hammock@example.org"
    ),
    "without JavaScript": Way(False, False, "A sundial on the school wall", "The school wall needs a sundial", "sundial@example.org"),
    "keyboard only": Way(True, True, "A pond for newts behind the library", "A pond where newts and frogs can live", "newts@example.org"),
}


@pytest.mark.parametrize("how", WAYS)
def test_from_an_idea_to_an_application(chromium: Browser, site: Site, how: str) -> None:
    way = WAYS[how]

    def phone() -> Visitor:
        context = chromium.new_context(viewport=PHONE, java_script_enabled=way.scripts, service_workers="block")
        return Visitor(context, site.address, keys=way.keys, scripts=way.scripts)

    maya, ada, hattie = phone().be("Maya Greene"), phone(), phone()
    gus = Visitor(chromium.new_context(viewport=DESK, service_workers="block"), site.address, keys=way.keys).be("Gus Penhaligon")
    short = an_idea_on_a_phone(maya, way)
    two_neighbours_are_in(site, (ada, hattie), short, way)
    the_same_idea_from_a_wall(gus, short, way)
    it_becomes_an_application(site, maya, way)
    hattie.open(flask(site, LINK.format(address=way.mail, subject="%goes on%"))).sees("Can you help with", "You are in: 2 h")
    ada.page.reload()
    ada.sees("It goes on: are you still in?").click("Go to its page").sees("Can you help with")
    for each in (maya, ada, hattie, gus):
        each.noise = [line for line in each.noise if "status of 422" not in line]
        each.leave()


def an_idea_on_a_phone(maya: Visitor, way: Way) -> str:
    """First with too little, which keeps what was typed; returns the short address of the card."""
    maya.open("/grants/").click("Pin an idea to the wall").fill("Your idea in one sentence", "Pond").press("Pin it up").sees(
        "There is a problem"
    )
    maya.fill("Your idea in one sentence", way.idea).select(maya.page.get_by_label("Where?"), "Mossgate").press("Pin it up").sees(
        "It is on the wall"
    )
    found = re.search(r"/i/(\d+)", maya.page.inner_text("main"))
    assert found is not None
    return found.group()


def two_neighbours_are_in(site: Site, two: tuple[Visitor, Visitor], short: str, way: Way) -> None:
    """By the code on the card, without an account: one keeps the page, the other gets a link by e-mail and says that it was her."""
    ada, hattie = two
    ada.open(short).sees(way.idea).click("I’m in").fill("How many hours?", "20 min").fill("Your first name", "Ada").press("I’m in").sees(
        "There is a problem"
    )
    ada.fill("How many hours?", "3").press("I’m in").sees("Ada, you are in with 3 h")
    ada.fill("How many hours?", "1.5").press("Change my hours").sees("Ada, you are in with 1 h 30 min")
    hattie.open(short).click("I’m in").fill("How many hours?", "2").fill("Your first name", "Hattie")
    hattie.fill("E-mail address or mobile number (optional)", way.mail).press("I’m in").sees(
        "We have sent you a link", "2 neighbours are in, with 3 h 30 min"
    )
    hattie.open(flask(site, LINK.format(address=way.mail, subject="You are in%"))).press("Yes, that was me").sees(
        "Hattie, you are in with 2 h"
    )


def the_same_idea_from_a_wall(gus: Visitor, short: str, way: Way) -> None:
    """A connector types a note; a row that is wrong is told at its place; the card that wants the same is joined on the word of both."""
    gus.open("/ideas/desk/wall").type(gus.page.locator("#idea-0"), "Pond").press("Pin them all up").sees("Row 1:", "Nothing was saved")
    gus.type(gus.page.locator("#idea-0"), way.like).type(gus.page.locator("#name-0"), "Elsie").press("Pin them all up").sees(
        "Numbers for the notes"
    )
    gus.click(way.like).click(way.idea).choose(gus.page.get_by_label(way.idea).first).choose(gus.page.get_by_label("Both"))
    gus.choose(gus.page.get_by_label("By telephone")).press("Make one of them").sees("They are one idea now", f"Joined: {way.like}")
    gus.open(short).sees("2 neighbours are in, with 3 h 30 min")


def it_becomes_an_application(site: Site, maya: Visitor, way: Way) -> None:
    """Words and neighbours are there."""
    maya.open("/ideas/mine").click(way.idea).click("Turn it into an application").sees(
        "Hattie, 2 h", "said yes", "Ada, 1 h 30 min", "is asked again"
    )
    maya.choose(maya.page.get_by_label("Small Sparks, all year round")).press("Start the application").sees(
        "Your words and your neighbours are here"
    )
    assert maya.page.get_by_label("A short name for it").input_value() == way.idea
    bid = maya.page.url.rsplit("/", 1)[0]
    maya.open(bid + "/match").sees("Hattie", "2 h", "Ada")
    maya.open(bid).sees("It began as a card on the wall in Mossgate").click("See the card").sees("Under way", "Go to the application")
    assert flask(site, IN_APP + "print(*checks.check(caches=CACHES).broken)") == ""
