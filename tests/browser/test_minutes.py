"""Minutes on a phone: from the panel to what was decided, to the PDF, and what everybody finds from the register; axe has nothing to say."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_axe import judge_page
from tests.tagged import Tagged

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("keys", "scripts"), [(True, True), (False, False)], ids=["by keyboard", "without JavaScript"])
def test_from_the_panel_to_the_pdf(chromium: Browser, site: Site, keys: bool, scripts: bool) -> None:
    joan = Visitor(chromium.new_context(viewport=PHONE, java_script_enabled=scripts), site.address, keys=keys, scripts=scripts)
    joan.be("Joan Abara").open("/panels/").click("Estuary Small Sparks panel").click("Sparks for school gates").click(
        "Minutes of this sitting"
    )
    joan.sees("DRAFT", "Keep it to yourself", "Joan Abara", "Step by step", "The letter is not written yet.")
    assert joan.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    link = joan.page.get_by_role("link", name="As a PDF that screen readers can read")
    if keys:
        joan.reach(link)
    answer = joan.context.request.get(site.address + (link.get_attribute("href") or ""))
    told = Tagged(answer.body())
    assert answer.headers["content-type"] == "application/pdf" and told.headings()[0] == ("H1", joan.page.inner_text("h1"))

    joan.open("/panels/").click("Estuary Small Sparks panel").click("All sittings").click("Summer Sparks").click("Minutes of this sitting")
    joan.sees("The letters have gone out.", "Joan Abara", "Changed by people").click("As everybody reads it")
    joan.sees("Names of individuals are left out")
    assert "Joan Abara" not in joan.page.inner_text("main")
    joan.leave()


def test_everybody_finds_them_and_axe_finds_nothing(chromium: Browser, site: Site) -> None:
    visitor = Visitor(chromium.new_context(viewport=PHONE), site.address)
    visitor.open("/register/").page.locator("main a[href^='/register/SPK-']").first.click()
    visitor.click("Minutes of the panel").sees("For everybody.", "Idea by idea")
    judge_page(visitor.page)
    visitor.page.emulate_media(media="print")
    assert not visitor.page.get_by_role("link", name="As a PDF that screen readers can read").is_visible(), "a link is nothing on paper"
    visitor.leave()
