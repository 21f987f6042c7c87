"""Help beside hours on a phone: promised by a link, brought with a photo, put right, and checked by the other side."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_story import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("way", ["with JavaScript", "without JavaScript", "keyboard only"])
def test_a_barrow_is_promised_brought_and_checked(chromium: Browser, site: Site, way: str, tmp_path: Path) -> None:
    scripts, keys = way != "without JavaScript", way == "keyboard only"

    def visitor() -> Visitor:
        context = chromium.new_context(viewport=PHONE, java_script_enabled=scripts)
        return Visitor(context, site.address, keys=keys, scripts=scripts)

    rosa, una = visitor(), visitor()
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    name = f"Una {way.split()[0]}"
    rosa.be("Rosa Delgado").open("/grants/")
    for path in [each.get_attribute("href") or "" for each in rosa.page.locator("main a[href^='/grants/SPK-']").all()]:
        rosa.open(path)
        if "Tell us how it goes" in rosa.page.inner_text("main"):
            break
    found = re.search(r"SPK-\w{4}-\w{4}", rosa.page.url)
    assert found
    ref = found[0]
    rosa.open(f"/grants/{ref}/match").fill("Their name", name)
    rosa.fill("Their e-mail address or mobile number (optional)", f"{way.split()[0]}@people.example").press("Ask")
    una.open("/dev/outbox")  # the message that Una gets; had Rosa seen the link, she could not check what it says
    link = una.page.locator("main a[href*='/m/']").first.get_attribute("href") or ""

    una.open(link).unfold("Something else than time, or more to say").choose(una.page.get_by_label("Things"))
    una.fill("What is it, or what will you do? (optional for time)", "A barrow").fill("What would it cost to buy or rent it?", "35")
    una.press("I’m in").sees("You are in: A barrow", "I brought it")
    una.fill("What would it cost to buy or rent it?", "40")
    una.page.set_input_files("input[type=file]", photo)
    una.press("I brought it").sees(
        "Thank you! It is written down. Whoever asked you checks it.", "A barrow, £40.00", "waiting for a second person"
    )
    una.click("Put it right A barrow")
    una.fill("What would it cost to buy or rent it?", "45").press("Keep it so").sees("It is put right.", "A barrow, £45.00")
    for who in (rosa.open(f"/grants/{ref}/match"), una):
        assert who.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing sticks out to the side"
    rosa.press("Yes, £45.00 for “A barrow” is right").sees("It counts now.", "of other help")
    rosa.open(f"/grants/{ref}/report").sees("promised A barrow, £35.00", "A barrow, £45.00")
    una.open(link).sees("A barrow, £45.00", "You have helped. Thank you from everybody.")
    for who in (rosa, una):
        who.leave()
