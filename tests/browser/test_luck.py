"""Bad luck on a phone: double taps, two tabs, Back, no signal, signed out meanwhile. Nothing is lost, and nothing is sent twice."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_story import asks, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CONTROLLED = "Boolean(navigator.serviceWorker.controller)"
WORDS = "Benches under the lime trees, with a back to lean on."


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def maya(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[Visitor]:
    scripts = request.param == "with JavaScript"
    who = Visitor(chromium.new_context(viewport=PHONE, java_script_enabled=scripts), site.address, scripts=scripts)
    yield who.be("Maya Greene")
    who.leave()


def begin(who: Visitor) -> str:
    """The address of the first question of a new idea."""
    who.open("/grants/").click("Small Sparks, all year round").press("Start")
    return who.page.url


def test_two_taps_on_send_and_then_back(maya: Visitor, tmp_path: Path) -> None:
    """It is sent once; the way back shows what stands, and offers no second sending."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    ref = asks(maya, f"Benches, tapped twice, {maya.scripts}", photo)
    maya.choose(maya.page.get_by_label(re.compile("send it", re.IGNORECASE)))
    posts: list[str] = []
    maya.page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    maya.page.get_by_role("button", name="Send your idea").dblclick(no_wait_after=True)
    maya.page.wait_for_url("**/sent")
    maya.sees("Your idea is sent", ref)
    if maya.scripts:
        assert len(posts) == 1, posts
    maya.page.go_back()
    maya.page.wait_for_load_state()
    again = maya.page.get_by_role("button", name="Send your idea")
    if again.count():  # the browser shows the page from its memory
        maya.press("Send your idea").sees(ref)
    maya.open(f"/grants/{ref}")
    told = maya.page.locator(".story").inner_text()
    assert told.count("sent") == 1, told


def test_two_tabs(maya: Visitor) -> None:
    """The later tab is told, keeps its words, and writes nothing over."""
    address = begin(maya)
    other: Page = maya.context.new_page()
    other.goto(address)
    maya.fill("A short name for it", "Benches from the first tab").press("Continue")
    other.get_by_label("What do you want to do?").fill(WORDS)
    other.get_by_role("button", name="Continue").click()
    other.wait_for_load_state()
    if maya.scripts:
        other.wait_for_timeout(300)
    shown = other.inner_text("main") + "".join(other.locator("textarea").evaluate_all("all => all.map(one => one.value)"))
    assert "changed" in shown, shown
    assert WORDS in shown, shown
    maya.open(address)
    assert maya.page.get_by_label("A short name for it").input_value() == "Benches from the first tab"
    assert maya.page.get_by_label("What do you want to do?").input_value() in ("", WORDS if maya.scripts else "")
    maya.noise = [line for line in maya.noise if "409" not in line]


def test_signed_out_in_another_tab(maya: Visitor) -> None:
    """What was typed stands on the page that says so."""
    begin(maya)
    maya.page.get_by_label("What do you want to do?").fill(WORDS)
    other = maya.context.new_page()
    other.goto(maya.site + "/people/me")
    other.get_by_role("button", name="Sign out", exact=True).click()
    other.wait_for_load_state()
    other.close()
    maya.press("Continue").sees("Nothing is lost.")
    assert WORDS in maya.page.locator("main textarea").evaluate_all("all => all.map(one => one.value)")
    maya.noise = [line for line in maya.noise if "status of 400" not in line]


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[Visitor]:
    """A phone that has been here before: the page for no signal is on it."""
    who = Visitor(chromium.new_context(viewport=PHONE), site.address).be("Maya Greene")
    for moment in range(60):
        if who.page.evaluate(CONTROLLED):
            break
        who.page.wait_for_timeout(250)
        if moment % 12 == 11:  # leaving a page may break off what it was fetching; the next one tries again
            who.open("/")
    assert who.page.evaluate(CONTROLLED)
    yield who
    who.noise = [line for line in who.noise if "ERR_INTERNET_DISCONNECTED" not in line and "Failed to fetch" not in line]
    who.leave()


def test_signal_lost_in_the_middle_of_a_question(phone: Visitor) -> None:
    """The words stay on the phone, the page says so, and they are there when the signal is back."""
    address = begin(phone)
    phone.context.set_offline(True)
    phone.page.get_by_label("What do you want to do?").fill(WORDS)
    phone.page.get_by_role("button", name="Continue").click()
    phone.sees("No signal: kept on this phone.")
    phone.press("Continue").sees("You are offline", "your words are kept on this phone")
    phone.context.set_offline(False)
    phone.open(address).sees("We put back what you had typed before the signal went.")
    assert phone.page.get_by_label("What do you want to do?").input_value() == WORDS
    phone.sees("Saved ")
    phone.open(address)
    assert phone.page.get_by_label("What do you want to do?").input_value() == WORDS


def test_page_for_no_signal(phone: Visitor) -> None:
    """It looks like the rest of the site, and holds nothing of anybody."""
    phone.context.set_offline(True)
    phone.open("/register/").sees("You are offline", "Sign in")
    assert "Maya" not in phone.page.inner_text("body")
    assert phone.page.evaluate("getComputedStyle(document.querySelector('.k-header')).backgroundColor") != "rgba(0, 0, 0, 0)"
    phone.context.set_offline(False)
    phone.open("/register/").sees("Who got what")


def test_meter_fills_as_one_types(phone: Visitor) -> None:
    """Without a button and without a new page, and a screen reader is told."""
    begin(phone)
    ref = re.findall(r"SPK-\w{4}-\w{4}", phone.page.url)[0]
    phone.open(f"/grants/{ref}/money").fill("Thing 1", "Benches").fill("Cost of thing 1", "250").press("Continue")
    phone.open(f"/grants/{ref}/match").fill("So many neighbours", "2").fill("So many hours each", "7").sees("14 h of about 21 hours")
    width = "Number(document.querySelector('#plan .fill').getAttribute('width'))"
    before = phone.page.evaluate(width)
    phone.fill("So many neighbours", "3").sees("21 h of about 21 hours: enough")
    assert before < 100 <= phone.page.evaluate(width)
    assert phone.page.locator("#plan").get_attribute("aria-live") == "polite"
