"""One £250 grant from an idea on a phone to the public register, by everybody who has a part in it: with and without JavaScript."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"width": 360, "height": 740}


def visitor(chromium: Browser, site: str, *, scripts: bool = True) -> Visitor:
    return Visitor(chromium.new_context(viewport=PHONE, java_script_enabled=scripts), site)  # type: ignore[arg-type]


def fill_day(who: Visitor, field: str, day: date) -> None:
    for part, text in (("day", day.day), ("month", day.month), ("year", day.year)):
        who.page.fill(f"#{field}-{part}", str(text))


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_one_grant_to_the_end(chromium: Browser, site: str, scripts: bool) -> None:
    title = f"Planters for the steps {'A' if scripts else 'B'}"
    start = date.today()
    # Idris has an idea
    idris = visitor(chromium, site, scripts=scripts).be("Idris Cole")
    idris.open("/grants/").click("Small Sparks, all year round").press("Start")
    idris.fill("A short name for it", title).fill(
        "What do you want to do?", "Six planters on the steps, so that they are a place and not a gap."
    )
    idris.page.select_option("#area", "mossgate")
    idris.press("Continue")
    idris.fill("Who is it for?", "Everybody on the steps").fill("What will be better afterwards?", "We sit there together.").press(
        "Continue"
    )
    idris.fill("Thing 1", "Planters").fill("Cost of thing 1", "200").press("Add another thing")
    idris.fill("Thing 2", "Soil and plants").fill("Cost of thing 2", "50.00").press("Continue")
    idris.fill("What do you call yourselves? (optional)", "Steps Together").press("Continue")
    fill_day(idris, "first_day", start)
    fill_day(idris, "last_day", start + timedelta(days=30))
    idris.press("Continue")
    idris.page.get_by_label("I buy, you pay me back against receipts").check()
    idris.press("Continue").sees("Check your answers").sees("£250.00")
    ref = re.search(r"SPK-\w{4}-\w{4}", idris.page.url)
    assert ref
    bid = f"/grants/{ref[0]}"

    # three neighbours say yes at the doorstep, without an account
    neighbours = []
    for name in ("Ana", "Bo", "Cy"):
        idris.open(f"{bid}/match").fill("Their name", name).press("Ask").sees(f"A link for {name}")
        link = idris.page.get_by_role("link", name=re.compile("/m/")).inner_text()
        neighbour = visitor(chromium, site, scripts=scripts).open(link)
        neighbour.fill("How many hours?", "7").press("I’m in").sees("You are in")
        neighbours.append((neighbour, link))
    idris.open(f"{bid}/check").press("Send your idea").sees("Your idea is sent").sees(ref[0])

    # the officer gives it to the panel, the panel votes, the officer writes the letter, a second person releases
    amara = visitor(chromium, site, scripts=scripts).be("Amara Okafor").open(f"/desk/bids/{ref[0]}").press("Give it to the panel")
    for name in ("Joan Abara", "Ravi Patel", "Kelly Stone"):
        seat = visitor(chromium, site, scripts=scripts).be(name).open("/panels/")
        seat.page.get_by_role("link", name=re.compile("panel", re.I)).and_(seat.page.locator("main a")).first.click()
        _vote(seat, title)
    _close(amara, title)
    amara.open(f"/desk/bids/{ref[0]}/letter")
    amara.page.locator("main textarea").first.fill("Many neighbours stand behind this.")
    amara.page.locator("main form button").last.click()
    amara.open(f"/desk/bids/{ref[0]}").click("Release the letters of the round")
    amara.page.locator("main form").filter(has_text=title).locator(f"input[value='{ref[0]}']").check()
    amara.page.locator("main form button", has_text=re.compile("letters|release|Prepare", re.I)).last.click()
    amara.page.wait_for_load_state()
    ben = visitor(chromium, site, scripts=scripts).be("Ben Hughes").open(amara.page.url)
    ben.page.locator("main form button").first.click()
    ben.page.wait_for_load_state()

    # Idris says yes
    idris.open(bid).click("See the grant")
    idris.page.locator("main form button").first.click()
    idris.page.wait_for_load_state()
    idris.open(bid).sees("Accepted")

    # and everybody can read why
    public = visitor(chromium, site, scripts=scripts).open("/register/").fill("Search for words", title).press("Search")
    public.page.wait_for_timeout(800 if scripts else 0)
    public.click(title).sees("Many neighbours stand behind this.").sees("A resident of Mossgate")
    assert "Idris" not in public.page.inner_text("main")
    for who in (idris, amara, ben, public, *(neighbour for neighbour, _link in neighbours)):
        assert who.noise == []


def _vote(seat: Visitor, title: str) -> None:
    seat.page.wait_for_load_state()
    row = seat.page.locator("main a", has_text=title)
    if row.count() == 0:  # before a tie is declared the title is not shown: take the newest that waits
        row = seat.page.locator("main a[href*='/bids/MAT']").last
    row.first.click()
    seat.page.wait_for_load_state()
    seat.page.locator("main input[type=radio][value=none]").check()
    seat.page.locator("main form button").first.click()
    seat.page.wait_for_load_state()
    seat.page.locator("main input[type=radio][value=yes]").check()
    seat.page.locator("main form button").first.click()
    seat.page.wait_for_load_state()


def _close(officer: Visitor, title: str) -> None:
    officer.open("/panels/")
    officer.page.locator("main a[href*='/panels/PNL']").first.click()
    officer.page.wait_for_load_state()
    officer.page.locator("main a", has_text=title).first.click()
    officer.page.wait_for_load_state()
    officer.page.get_by_role("button", name=re.compile("^(Count|Close)")).first.click()
    officer.page.wait_for_load_state()
