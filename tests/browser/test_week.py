"""A week of a timebank: phones at 360 px (with scripts, without, by keyboard), and the coordinator's desk by keyboard alone."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ViewportSize

from portal import clock
from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_hall import flask
from tests.browser.test_hours import IN_APP

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK: ViewportSize = {"width": 1280, "height": 900}
THE_DAY_COMES = """
from datetime import timedelta
from sqlalchemy import update
from portal import clock
from portal.db import db, transaction
from portal.timebank.posts_model import Promise
from wsgi import app
with app.app_context(), transaction():
    db.session.execute(update(Promise).where(Promise.status == "agreed", Promise.ref == {ref!r}).values(starts_at=clock.now() - timedelta(hours=2)))
"""


@dataclass(frozen=True)
class Way:
    """How the phones are used; and a thing, hours and a sheet of its own, so that three weeks on one site do not meet."""

    scripts: bool
    keys: bool
    thing: str
    typo: str
    hours: str
    number: int


WAYS = {
    "with JavaScript": Way(True, False, "wheelbarrow", "weelbarow", "45 min", 1),
    "without JavaScript": Way(False, False, "birdhouse", "birdhose", "30 min", 2),
    "keyboard only": Way(True, True, "sandcastle", "sandcasle", "15 min", 3),
}


@pytest.mark.parametrize("how", WAYS)
def test_a_week(chromium: Browser, site: Site, how: str) -> None:
    way = WAYS[how]

    def phone(name: str) -> Visitor:
        context = chromium.new_context(viewport=PHONE, java_script_enabled=way.scripts, service_workers="block")
        return Visitor(context, site.address, keys=way.keys, scripts=way.scripts).be(name)

    rosa, idris = phone("Rosa Delgado"), phone("Idris Cole")
    gus = Visitor(chromium.new_context(viewport=DESK, service_workers="block"), site.address, keys=True).be("Gus Penhaligon")
    rosa.open("/timebank/")
    card, digits = re.search(r"(MEM-\w{4}-\w{4}).*sees them: (\d{4})", idris.open("/timebank/card").page.inner_text("main"), re.S).groups()  # type: ignore[union-attr]
    monday_somebody_asks(rosa, way)
    wednesday_it_happens(site, rosa, idris, way)
    thursday_at_the_desk(gus, way)
    friday_a_place_for_time(rosa, gus, (card, digits), way)
    saturday_together(gus, (rosa, idris), way)
    sunday_something_is_given_away(rosa)
    for each in (rosa, idris, gus):
        each.noise = [line for line in each.noise if "status of 422" not in line]
        each.leave()
    assert flask(site, IN_APP + "print(*checks.check(caches=CACHES).broken)") == ""


def monday_somebody_asks(rosa: Visitor, way: Way) -> None:
    """First with too little filled in, which keeps what was typed."""
    asks = f"Who has a {way.thing} for a morning?"
    rosa.open("/timebank/").click("Offers and requests").click("Ask for something")
    rosa.fill("In one sentence", asks).press("Put it in the list").sees("There is a problem")
    assert rosa.page.get_by_label("In one sentence").input_value() == asks
    rosa.select(rosa.page.get_by_label("What kind of help?"), "Garden")
    rosa.press("Put it in the list").sees("It is in the list")


def wednesday_it_happens(site: Site, rosa: Visitor, idris: Visitor, way: Way) -> None:
    """A neighbour finds it although they mistype it, writes, and proposes a day; then the hours of it are in the books by two taps."""
    idris.open("/timebank/posts").fill("What are you looking for?", way.typo).press("Search").sees(f"Nobody has written “{way.typo}”")
    idris.click(f"Who has a {way.thing} for a morning?").fill("Your message", "I have one, and a free Saturday").press("Send").sees("Sent.")
    talk = idris.page.url
    idris.click("Propose a day").press("Propose it").sees("There is a problem")
    idris.day("day", clock.today().replace(year=clock.today().year + 1)).fill("At what time?", "10:30")
    idris.fill("Where do you meet?", "At the hub").press("Propose it").sees("It stands when Rosa says yes")
    rosa.open("/timebank/conversations").sees("Waits for you").open(talk).sees("Does this suit you?").press("Yes, that suits me").sees(
        "Agreed."
    )
    promise = re.search(r"PRM-\w{4}-\w{4}", rosa.page.content()).group()  # type: ignore[union-attr]
    calendar = rosa.context.request.get(f"{rosa.site}/timebank/promises/{promise}.ics").text()
    assert "BEGIN:VEVENT" in calendar and "LOCATION:At the hub" in calendar
    flask(site, THE_DAY_COMES.format(ref=promise))
    rosa.open(talk).press("It happened").sees("Now write the hours down").click("Write the hours down")
    assert rosa.page.get_by_label("Garden", exact=True).is_checked()
    rosa.press(way.hours).sees("Written down")
    idris.open("/timebank/").sees("Is this right?")._use(idris.page.locator("main button", has_text=f"Yes, {way.hours}").first)
    idris.sees("in the books")
    rosa.open("/timebank/statement").sees("Idris Cole helped you", f"-{way.hours}")


def thursday_at_the_desk(gus: Visitor, way: Way) -> None:
    """A paper sheet: from cell to cell with one key each, a bad row told at its place, nothing posted until it is right."""
    gus.open("/timebank/desk").click("Type a paper sheet")
    gus.select(gus.page.get_by_label("Whose sheet is it?"), "Mossgate")
    gus.fill("Number of the sheet", f"W-4{way.number}").day("day", clock.today())
    keys = gus.page.keyboard
    gus.reach(gus.page.locator("#giver-0"))
    for row in (
        ("Arthur Reyes", "Elsie Reyes", f"{way.number}.6", "ga"),
        ("Elsie Reyes", "Bronwen Iqbal", f"{way.number} h 15 min", "com"),
    ):
        for cell in row:
            keys.type(cell)
            keys.press("Tab")
        keys.press("Tab")
        keys.press("Tab")
    gus.tick(gus.page.get_by_label("Both have signed each of these rows")).press("Put the sheet in the books")
    gus.sees("There is a problem", "Row 1:")
    assert gus.page.locator("#time-0").input_value() == f"{way.number}.6" and gus.page.locator("#giver-1").input_value() == "Elsie Reyes"
    gus.type(gus.page.locator("#time-0"), f"{way.number}.5").press("Put the sheet in the books").sees(
        f"W-4{way.number}", f"{2 * way.number} h 45 min"
    )


def friday_a_place_for_time(rosa: Visitor, gus: Visitor, card: tuple[str, str], way: Way) -> None:
    """A partner offers, a coordinator opens it, and the till takes the time of somebody who just came."""
    title = f"A seat near the {way.thing}"
    rosa.open("/timebank/spend/new").fill("What is it?", title).fill("A few words about it", "Vouchers for the shop").fill(
        "Where do they go?", "The Lido"
    )
    rosa.fill("How much time does one place cost?", "15 min").choose(rosa.page.get_by_label("They just come"))
    rosa.fill("How many places are there?", "8").choose(rosa.page.get_by_label("places a day"))
    for day in range(7):
        rosa.choose(rosa.page.locator(f"[name=days1][value='{day}']"))
    rosa.fill("From", "00:05").fill("Until", "23:55").press("Send it").sees("There is a problem", "voucher")
    rosa.fill("A few words about it", "Sit down and look").press("Send it").sees("a coordinator looks at it")
    gus.open("/timebank/spend/desk").click(title).press("Yes, open it").sees("It is open.")
    rosa.open("/timebank/spend/till").fill("Six digits of a booking, or the number on the card", card[0]).press("Go on").sees(
        "There is a problem"
    )
    rosa.fill("The four digits on the card", card[1]).press("Go on").sees(title)
    rosa._use(rosa.page.get_by_role("button", name=re.compile(title)).first).sees("They have a message")


def saturday_together(gus: Visitor, phones: tuple[Visitor, ...], way: Way) -> None:
    """The organiser opens a session; six digits of its poster check people in; one figure gives everybody their hours."""
    gus.open("/timebank/sessions/new").fill("What is it called?", f"Build a {way.thing}").fill("Where do people meet?", "The hub")
    gus.day("day", clock.today()).fill("From", "00:05").fill("Until", "23:55")
    gus.select(gus.page.get_by_label("What kind of help is it?"), "Events and hubs")
    gus.select(gus.page.get_by_label("Who gives the hours?"), "Me, from my own balance")
    gus.unfold("How many places, and how much time").fill("How much time does each get? (optional)", "1 h").press("Open it").sees(
        f"Build a {way.thing}"
    )
    session = gus.page.url
    code = re.search(r"\d{3} \d{3}", gus.click("Poster to print").page.inner_text("main")).group()  # type: ignore[union-attr]
    for phone in phones:
        phone.open("/timebank/sessions/").fill("The six digits on the poster", code).press("I’m here").sees("You are checked in")
    gus.open(session).click("Close it and give the hours").press("Close it and give the hours").sees("2 people have 2 h together.")
    for phone in phones:
        phone.open("/timebank/statement").sees(f"Build a {way.thing}", "+1 h")


def sunday_something_is_given_away(rosa: Visitor) -> None:
    rosa.open("/timebank/give").press("Give it").sees("There is a problem")
    rosa.fill("How much time?", "15 min").choose(rosa.page.get_by_label("The community pot of Mossgate", exact=False).first).press(
        "Give it"
    ).sees("Thank you")
    rosa.open("/timebank/statement").sees("Given to the community pot", "-15 min")
