"""An appeal on a phone without JavaScript: from the letter's page to the officer's answer and the public register."""

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_appeal_is_made_answered_and_printed(chromium: Browser, site: Site) -> None:
    def visitor() -> Visitor:
        return Visitor(chromium.new_context(viewport=PHONE, java_script_enabled=False), site.address, scripts=False)

    maya, desk = visitor(), visitor()
    maya.be("Maya Greene").open("/grants/")
    mine = maya.page.locator("main a[href^='/grants/SPK-']")
    for ref in [each.get_attribute("href") or "" for each in mine.all()]:
        maya.open(ref)
        if "Did we not keep to the rules?" in maya.page.inner_text("main"):
            break
    bid = maya.page.url.rsplit("/", 1)[1]
    title = maya.page.inner_text("h1")
    maya.click("Appeal").sees("did we keep to the rules").press("Continue").sees("Choose what went wrong.")
    maya.choose(maya.page.get_by_label("Something we sent was not looked at")).press("Continue")
    maya.fill("What happened?", "We sent a letter from the school, and nobody speaks of it.").press("Send the appeal")
    maya.sees("We have your appeal", "You hear by")
    found = re.search(r"APL-\w{4}-\w{4}", maya.page.inner_text("main"))
    assert found
    wide = maya.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"], "nothing sticks out to the side"

    desk.be("Amara Okafor").open("/desk/appeals").click(title).sees("Not yours to answer", "Somebody else answers.")
    desk.be("Hana Brook").open(f"/desk/appeals/{found[0]}").sees("We sent a letter from the school")
    desk.choose(desk.page.get_by_label("Yes, it is right")).fill("Why? It goes into the letter.", "The letter lay in another folder.")
    desk.choose(desk.page.get_by_label("Nothing ties me to this idea")).press("Send the answer").sees(
        "They hear from us now", "It was right"
    )

    maya.open(f"/grants/{bid}").sees("You hear by", "After an appeal the idea is looked at anew.")
    maya.open(f"/register/{bid}").sees("Looked at anew", "Something we sent was not looked at", "The appeal was right.")
    assert "folder" not in maya.page.inner_text("main") and "school" not in maya.page.inner_text("main")
    for who in (maya, desk):
        who.noise = [line for line in who.noise if "status of 422" not in line]  # the one that said what was missing
        who.leave()
