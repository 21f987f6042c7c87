"""An area ballot on a phone: found on the home page, read, ticked and changed; and a paper from the printer to the count of those who voted."""

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAME = "Neighbours choose this winter"


@pytest.mark.parametrize(
    ("name", "scripts", "keys"), [("Maya Greene", True, False), ("Idris Cole", False, False), ("Rosa Delgado", True, True)]
)
def test_a_resident_votes_and_changes_it(chromium: Browser, site: Site, name: str, scripts: bool, keys: bool) -> None:
    who = Visitor(chromium.new_context(viewport=PHONE, java_script_enabled=scripts), site.address, scripts=scripts, keys=keys)
    who.be(name).open("/").sees(f"Vote: {NAME}").click("See the ideas and vote").sees("Everybody who lives in Estuary has one vote")
    boxes = who.page.locator("input[name=idea]")
    number = boxes.count()
    assert number > 5
    assert who.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing sticks out to the side"
    who.press("Send my ballot").sees("Tick at least one idea that you would like.")
    first, last = (boxes.nth(place).get_attribute("value") for place in (0, number - 1))
    who.choose(boxes.nth(0)).choose(boxes.nth(number - 1)).press("Send my ballot").sees("with 2 ideas ticked")
    assert [box.get_attribute("value") for box in boxes.all() if box.is_checked()] == [first, last]  # in the same order as before
    who.tick(boxes.nth(0)).press("Change my ballot").sees("with one idea ticked")
    who.open("/")
    assert NAME not in who.page.inner_text("main")
    who.noise = [line for line in who.noise if "status of 422" not in line]
    who.leave()


def test_a_paper_is_printed_given_out_and_entered(chromium: Browser, site: Site) -> None:
    desk = Visitor(chromium.new_context(viewport=PHONE), site.address).be("Amara Okafor").open("/panels/")
    desk.click("Estuary Small Sparks panel").click(NAME).click("Look after the ballot").sees("What anybody ticked is shown nowhere.")
    address = desk.page.url
    desk.type(desk.page.get_by_label("How many papers?"), "2").press("Print papers").sees("2 papers, a page each.")
    serials = re.findall(r"BAL-\w{4}-\w{4}", desk.page.inner_text("main"))
    assert len(serials) == 2
    desk.page.set_viewport_size({"width": 718, "height": 1050})
    desk.page.emulate_media(media="print")
    assert not desk.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert len(re.findall(rb"/Type\s*/Page\b", desk.page.pdf(format="A4"))) in (2, 3), "a page each"
    assert len(re.findall(rb"/Type\s*/Page\b", desk.page.pdf(format="A5"))) >= 2
    desk.page.emulate_media(media="screen")
    desk.page.set_viewport_size(PHONE)
    desk.open(address).type(desk.page.get_by_label("Who takes a paper?"), "connector.gus@demo.kindling.example").press("They take a paper")
    desk.sees("Gus Penhaligon is on the roll with a paper.")
    gus = Visitor(chromium.new_context(viewport=PHONE), site.address).be("Gus Penhaligon").open(f"/panels/ballots/{address.split('/')[-2]}")
    gus.sees("You took a paper ballot, so you vote on that.").leave()
    desk.click("Enter papers").fill("Number of the paper", serials[0][:-1] + "O").press("Continue").sees("That number is not right.")
    desk.fill("Number of the paper", serials[0].lower()).press("Continue").sees(f"Paper {serials[0]}")
    desk.choose(desk.page.locator("input[name=idea]").nth(2)).press("Enter this paper").sees(f"{serials[0]} is in. Now the next one.")
    desk.fill("Number of the paper", serials[0]).press("Continue").sees("Amara Okafor entered it on")
    assert not desk.page.locator("input[name=idea]").count()
    desk.noise = [line for line in desk.noise if "status of 422" not in line]
    desk.leave()
