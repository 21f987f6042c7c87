"""Chadwell on phones at 360 px (with scripts, without, by keyboard): a group that looks for ground meets a mother who cannot face her garden."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_hall import flask
from tests.browser.test_hours import IN_APP
from tests.browser.test_story import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]
GROUP = "Mossgate School allotment group"
HUB = """
from sqlalchemy import select
from portal.db import db
from portal.people.model import Organisation
from wsgi import app
with app.app_context():
    print(db.session.scalars(select(Organisation.ref).where(Organisation.name == "Mossgate Hub")).one())
"""
CODE = """
import re
from sqlalchemy import select
from portal.db import db
from portal.outbox import Message
from wsgi import app
with app.app_context():
    print(re.search(r"\\d{{6}}", db.session.scalars(select(Message.body).where(Message.address == {address!r}).order_by(Message.id.desc())).first())[0])
"""


@dataclass(frozen=True)
class Way:
    """How the phones are used, and words of its own, so that three stories on one site do not meet."""

    scripts: bool
    keys: bool
    ground: str
    garden: str
    mother: str
    address: str


WAYS = {
    "with JavaScript": Way(True, False, "More ground to grow beans on", "I cannot face my garden", "Nell", "4 Sample Lane"),
    "without JavaScript": Way(False, False, "Ground for our pumpkins", "A garden full of brambles", "Tess", "6 Sample Lane"),
    "keyboard only": Way(True, True, "A plot for forty sunflowers", "The garden has won", "Wren", "8 Sample Lane"),
}


@pytest.mark.parametrize("how", WAYS)
def test_a_garden_is_cleared(chromium: Browser, site: Site, how: str, tmp_path: Path) -> None:
    way = WAYS[how]

    def phone() -> Visitor:
        context = chromium.new_context(viewport=PHONE, java_script_enabled=way.scripts, service_workers="block")
        return Visitor(context, site.address, keys=way.keys, scripts=way.scripts)

    people = idris, mother, gus, rosa, stranger = phone(), phone(), phone(), phone(), phone()
    photo = tmp_path / "garden.png"
    photo.write_bytes(picture())
    board = f"/gifts/hubs/{flask(site, HUB)}"
    gus.be("Gus Penhaligon")
    ground = the_group_looks_for_ground(idris.be("Idris Cole"), gus, board, way)
    garden = the_mother_asks_first_and_signs_in_last(site, mother, board, way, photo)
    let_stand(gus, way.garden)
    talk = they_are_brought_together(idris, mother, ground, garden, way)
    they_agree(site, idris, mother, talk, way)
    nobody_else_sees_the_address((rosa.be("Rosa Delgado"), stranger, gus), (talk, garden, ground, board, "/gifts/"), way)
    it_is_done(idris, mother, talk, way)
    assert flask(site, IN_APP + "print(*checks.check(caches=CACHES).broken)") == ""
    for each in people:
        each.noise = [line for line in each.noise if not re.search(r"status of (404|422)", line)]
        each.leave()


def path_of(who: Visitor) -> str:
    return who.page.url.removeprefix(who.site)


def let_stand(gus: Visitor, title: str) -> None:
    """The connector looks at what somebody new wrote."""
    gus.open("/gifts/desk/").click(title).choose(gus.page.get_by_label("Put it on the board")).press("Decide")


def the_group_looks_for_ground(idris: Visitor, gus: Visitor, board: str, way: Way) -> str:
    """On the hub's board, for the group; the first of a group that nobody knows yet is looked at."""
    idris.open(board).click("Ask for something").fill("What is it?", way.ground)
    idris.choose(idris.page.get_by_label("A thing to borrow")).select(idris.page.get_by_label("Where?"), "Mossgate")
    idris.select(idris.page.get_by_label("Who is it from?"), GROUP).press("Put it on the board").sees(way.ground)
    if "A person looks at it first" in idris.page.inner_text("main"):
        let_stand(gus, way.ground)
    return path_of(idris)


def the_mother_asks_first_and_signs_in_last(site: Site, mother: Visitor, board: str, way: Way, photo: Path) -> str:
    """As a stranger: the photo first, too little said, then all of it; the e-mail address last."""
    address = f"{way.mother.lower()}@example.org"
    mother.open(board).click("Ask for something")
    mother.page.set_input_files("input[type=file]", photo)
    mother.fill("What is it?", way.garden).press("Continue").sees("There is a problem", "Choose what sort it is.")
    mother.page.set_input_files("input[type=file]", photo)
    mother.choose(mother.page.get_by_label("Somebody who can do it")).select(mother.page.get_by_label("Where?"), "Mossgate")
    mother.press("Continue").sees("Nearly there", way.garden, "Nobody sees it yet").click("Continue")
    mother.fill("E-mail address or mobile number", address).press("Send me a code")
    mother.fill("Six-digit code", flask(site, CODE.format(address=address))).press("Continue")
    mother.fill("Your name", f"{way.mother} Newcome").select(mother.page.get_by_label("Where you live"), "Mossgate").press("Come in")
    mother.choose(mother.page.get_by_label("I am 18 or over")).press("Put it on the board").sees("A person looks at it first")
    return path_of(mother)


def they_are_brought_together(idris: Visitor, mother: Visitor, ground: str, garden: str, way: Way) -> str:
    """Both are told of the other and why; the group writes, with one tap and without an address. Returns the talk."""
    why = ("Both are about gardens and growing", "You may help each other: both of you wish for something")
    mother.open(garden).sees("Who may help", way.ground, *why, f"A group may do it together: {GROUP}")
    idris.open(ground).sees("Who may help", way.garden, *why)
    idris._use(idris.page.locator(f"main a[href*='{garden}/interested']"))
    assert idris.page.get_by_label("Who writes?").evaluate("one => one.selectedOptions[0].label") == GROUP
    idris.press("Send").sees(f"You and {way.mother}", f"We wrote on the board: “{way.ground}”")
    return path_of(idris)


def they_agree(site: Site, idris: Visitor, mother: Visitor, talk: str, way: Way) -> None:
    """Yes please; a day, a time and a place, with a file for the calendar; and the giver's address for her alone."""
    mother.open("/gifts/mine").click(f"{GROUP} about “{way.garden}”").click(f"Yes please, {GROUP}").press("Say yes")
    mother.click("Say when and where").day("day", date.today() + timedelta(days=6)).fill("At what time?", "2 pm")
    mother.fill("Where do you meet?", "At the allotment gate").press(f"Tell {GROUP}").sees(
        "At the allotment gate", "Put it into your calendar"
    )
    file = mother.context.request.get(site.address + str(mother.page.get_by_text("Put it into your calendar").get_attribute("href")))
    assert file.ok and "BEGIN:VEVENT" in file.text() and way.garden in file.text() and way.address not in file.text()
    idris.open(talk).sees("At the allotment gate").click("Let them see my address")
    idris.fill("Your address", f"{way.address}, by the water tank").press("Save").sees(f"{way.mother} can see it now, and nobody else.")
    mother.open(talk).sees("Only you see this address:", way.address)


def nobody_else_sees_the_address(others: tuple[Visitor, ...], paths: tuple[str, ...], way: Way) -> None:
    for each in others:
        for path in paths:
            each.open(path)
            text = each.page.content()
            assert way.address not in text and "@example.org" not in text, (path, each.page.url)


def it_is_done(idris: Visitor, mother: Visitor, talk: str, way: Way) -> None:
    """Done, thanked, counted; the address is gone and the wish is on no board."""
    given = counted(idris, "Gifts given")
    mother.open(talk).press("It was handed over").sees("Lovely!").click("Say thank you")
    mother.fill("Your thanks", "My son has five friends now.").press("Say thank you").sees("My son has five friends now.")
    assert way.address not in mother.page.content()
    idris.open(talk).sees("My son has five friends now.")
    assert way.address not in idris.page.content()
    assert counted(idris, "Gifts given") == given + 1 and counted(mother, "Gifts received") == 1
    assert way.garden not in mother.open("/gifts/?kind=wish").page.inner_text("main")


def counted(who: Visitor, what: str) -> int:
    """A counter of somebody's own page; none before the first."""
    who.open("/gifts/mine")
    figure = who.page.locator(".figures div", has_text=what).locator("dd")
    return int(figure.inner_text()) if figure.count() else 0
