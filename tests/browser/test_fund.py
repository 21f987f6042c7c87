"""A fund from its rules to its end, on a phone: with a finger, without JavaScript, by keyboard alone."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("how", "keys", "scripts"), [("finger", False, True), ("plain", False, False), ("keys", True, True)])
def test_a_fund_gets_its_rules_and_is_closed(chromium: Browser, site: Site, how: str, keys: bool, scripts: bool) -> None:
    def visitor() -> Visitor:
        return Visitor(chromium.new_context(viewport=PHONE, java_script_enabled=scripts), site.address, keys=keys, scripts=scripts)

    amara, chidi = visitor(), visitor()
    code = f"fair-{how}"
    amara.be("Amara Okafor").open("/desk/funds/new").fill("Name of the fund", f"Fair {how}").fill(
        "Short name for addresses and the books", code
    )
    amara.unfold("Days to say yes").fill("Days to say yes to an offer", "100").press("Open this fund")
    amara.sees("There is a problem", "Give between 1 and 90 days to say yes.")
    fold = amara.page.locator("details", has=amara.page.locator("#accept_within_days"))
    assert fold.get_attribute("open") is not None, "the mistake is not hidden"
    assert amara.page.locator("details[open]").count() == 1
    assert amara.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing sticks out to the side"
    amara.fill("Days to say yes to an offer", "10").press("Open this fund").sees("The fund is open.")
    amara.select(amara.page.locator("#funder"), "Tideway Homes (fictional)").fill("How much?", "45.50").press("Record it").sees("£45.50")
    amara.click("Close this fund").sees("What goes back", "£45.50").fill("Why?", "The fair is off").press("Ask a second person")
    amara.sees("To close this fund waits for a second person.")

    chidi.be("Chidi Rahman").open("/finance/").click(f"Fair {how}").sees("The fair is off", "asked by Amara Okafor")
    assert chidi.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    chidi.press("Give it back and close the fund").sees("Done. £45.50 went back to the funders.", "Closed")
    amara.open(f"/desk/funds/{code}").sees("This fund is closed").click("Reopen it").fill("Why?", "The sun came out").press("Reopen it")
    amara.sees("The fund is open again.")
    for who in (amara, chidi):
        who.noise = [line for line in who.noise if "status of 422" not in line]  # the one that said what was wrong
        who.leave()
