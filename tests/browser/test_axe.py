"""Every kind of page, looked at by axe-core in light and dark, on a phone, a small phone and a desk; print, motion and large text."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PHONE, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
STARTS = (
    "/", "/grants/", "/register/", "/panels/", "/desk/", "/finance/", "/people/me", "/people/sign-in", "/help", "/status", "/privacy", "/accessibility",
    "/offline", "/desk/letters/print", "/register/?q=zzzz", "/nothing-here",
)  # fmt: skip
WHO = ("a visitor", "Maya Greene", "Rosa Delgado", "Joan Abara", "Amara Okafor", "Dee Larsson", "Gus Penhaligon", "Farah Nasser")
OFTEN = {
    "/": 8,
    "/register/": 2,
    "/grants/REF": 6,
    "/panels/REF/bids/REF": 3,
    "/register/REF": 2,
    "/finance/payments/REF": 2,
    "/desk/bids/REF": 3,
}
EMPTY_SENT = {
    "/people/sign-in": "Send me a code", "/grants/REF/match": "Ask", "/grants/REF/award/account": "Keep this account", "/people/me": "Save",
    "/desk/funds/new": "Open this fund", "/desk/people/new": "Enter them", "/desk/areas/new": "Add this area", "/desk/funders/new": "Add this funder",
    "/grants/REF/match/paper": "Write it down",
}  # fmt: skip
EVERYTHING = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIZES = {"runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}}
COLOURS_AND_SIZES = {"runOnly": {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]}}


def kind_of(path: str) -> str:
    """The page without whose it is: /grants/REF/money."""
    path = re.sub(r"[A-Z]{3}-\w{4}-\w{4}(-\w+)?", "REF", path.split("?")[0].split("#")[0])
    path = re.sub(r"^/desk/(areas|funds)/(?!new|load)[^/]+", r"/desk/\1/CODE", path)
    return re.sub(r"\d+", "N", re.sub(r"/(m|a|link)/.*", r"/\1/TOKEN", path))


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    """How often each kind of page was looked at, by anybody."""
    return Counter()


def judge(page: Page, options: Mapping[str, object], how: str) -> None:
    """No violation, of these rules."""
    found = page.evaluate("options => axe.run(document, {...options, resultTypes: ['violations']})", options)["violations"]
    faults = [f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:240]}" for one in found for node in one["nodes"][:2]]
    assert not faults, f"{page.url} {how}: {faults}"


def judge_page(page: Page) -> None:
    """Light, dark, wide and narrow."""
    page.emulate_media(color_scheme="light")
    whole(page, 360)
    page.evaluate(AXE_SCRIPT)
    judge(page, EVERYTHING, "light, 360 px")
    whole(page, 1280)
    judge(page, SIZES, "light, 1280 px")
    page.emulate_media(color_scheme="dark")
    whole(page, 320)
    judge(page, COLOURS_AND_SIZES, "dark, 320 px")
    wide = page.evaluate(
        "() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]"
        ".filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 160)).slice(0, 4)"
    )
    assert not wide, f"{page.url} scrolls sideways at 320 px: {wide}"


def whole(page: Page, width: int) -> None:
    """So long a window that nothing lies under the bar at its bottom, from where one would scroll it away."""
    page.set_viewport_size({"width": width, "height": 900})
    page.set_viewport_size({"width": width, "height": 200 + int(page.evaluate("document.documentElement.scrollHeight"))})


def pages_of(who: Visitor) -> Iterator[str]:
    """The addresses that one comes to from the usual places: a few of each kind."""
    todo, opened, kinds = list(STARTS), set[str](), Counter[str]()
    while todo:
        path = todo.pop(0)
        if (
            path in opened
            or kinds[kind_of(path)] >= OFTEN.get(kind_of(path), 2)
            or re.match(r"/(static|dev|photos|look|api/v1/[a-z-]+)\b|.*\.(geojson|json|csv|xlsx|pb|pdf|ics)(\?|$)", path)
        ):
            continue
        opened.add(path)
        kinds[kind_of(path)] += 1
        answer = who.context.request.get(who.site + path)
        if kind_of(answer.url.removeprefix(who.site)) != kind_of(path):  # sign in first
            continue
        yield path
        todo += [
            href.removeprefix(who.site)
            for href in re.findall(r'href="((?:' + who.site + r")?/[^\"#]*)", answer.text().replace("&amp;", "&"))
        ]


@pytest.mark.parametrize("name", WHO)
def test_every_kind_of_page(chromium: Browser, site: Site, seen: Counter[str], name: str) -> None:
    """Each in light and dark, wide and narrow, and some as they come back when nothing was filled in."""
    who = Visitor(chromium.new_context(viewport=PHONE, service_workers="block", reduced_motion="reduce"), site.address)
    if name != "a visitor":
        who.be(name)
    for path in pages_of(who):
        kind = kind_of(path)
        if seen[kind] >= OFTEN.get(kind, 1):
            continue
        seen[kind] += 1
        who.open(path)
        judge_page(who.page)
        if kind in EMPTY_SENT and seen[kind] == 1:
            for field in who.page.locator("main form[method=post] input.govuk-input, main textarea").all():
                if field.is_visible():
                    field.fill("")
            who.press(EMPTY_SENT[kind])
            assert who.page.title().startswith("Error: "), who.page.url
            judge_page(who.page)
    who.noise = [line for line in who.noise if not re.search("status of (404|422)", line)]
    who.leave()
