"""A tap on a mark is kept at once, on a telephone, also when it is put away before the answer comes."""

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_tap_is_kept(chromium: Browser, site: Site) -> None:
    joan = Visitor(chromium.new_context(viewport=PHONE, service_workers="block"), site.address).be("Joan Abara").open("/panels/")
    waiting = [one.get_attribute("href") or "" for one in joan.page.locator("main a[href*='/bids/']").all()]
    for path in waiting:
        joan.open(path)
        if joan.page.get_by_label("No, nothing ties me to it").count() and joan.page.get_by_role("button", name="Continue").count():
            joan.choose(joan.page.get_by_label("No, nothing ties me to it")).press("Continue")
        if joan.page.locator("#marks input[name=mark_0]").count():
            break
    page = joan.page.url
    taps = joan.page.locator("#marks input[name=mark_0]")
    other = next(value for value in ("3", "1") if not joan.page.locator(f"#marks input[name=mark_0][value='{value}']").is_checked())
    joan.page.locator(f"#marks input[name=mark_0][value='{other}']").check()
    joan.sees("Saved ")
    assert re.search(r"[123] of \d marks", joan.page.inner_text("#marks"))
    joan.open(page)
    assert [one.get_attribute("value") for one in taps.all() if one.is_checked()] == [other]

    # put away right after the tap: the page is hidden when htmx is about to send
    last = "2"
    joan.page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    with joan.page.expect_response(lambda answer: answer.url.endswith("/marks")):
        joan.page.locator(f"#marks input[name=mark_0][value='{last}']").check()
    joan.open(page)
    assert [one.get_attribute("value") for one in taps.all() if one.is_checked()] == [last]
    joan.leave()
