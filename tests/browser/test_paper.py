"""What comes out on paper, what moves, what people see who choose their own colours or large text."""

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
A4 = {"width": 718, "height": 1050}  # px between margins of 10 mm
ON_PAPER = """() => {
  const shown = one => one.checkVisibility() && one.getClientRects().length > 0;
  const light = one => (getComputedStyle(one).backgroundColor.match(/[\\d.]+/g) || []).slice(0, 3).every(part => part > 200);
  return {
    screen: [...document.querySelectorAll("nav, .k-bar, .k-strip, .no-print, .govuk-skip-link, button, input[type=file]")].filter(shown).map(one => one.outerHTML.slice(0, 120)),
    wide: document.documentElement.scrollWidth > innerWidth,
    words: document.querySelector("main").innerText.length,
    ink: light(document.body) || getComputedStyle(document.body).backgroundColor === "rgba(0, 0, 0, 0)",
  };
}"""


@pytest.mark.parametrize(
    ("name", "start", "steps"),
    [
        ("Amara Okafor", "/desk/letters", ["/desk/letters/print"]),
        ("Rosa Delgado", "/", ["/grants/SPK-"]),
        ("Dee Larsson", "/finance/payments", ["/finance/payments/"]),
        ("", "/register/", ["/register/SPK-"]),
    ],
)
def test_on_paper(chromium: Browser, site: Site, name: str, start: str, steps: list[str]) -> None:
    """Letters, a bid, a payment, an entry of the register: black on white, no buttons, nothing cut off at the side, even from a dark screen."""
    who = Visitor(chromium.new_context(color_scheme="dark", service_workers="block"), site.address)
    if name:
        who.be(name)
    who.open(start)
    for step in steps:
        who.open(who.page.locator(f"main a[href^='{step}']").first.get_attribute("href") or "")
    who.page.set_viewport_size(A4)  # type: ignore[arg-type]
    who.page.emulate_media(media="print")
    found = who.page.evaluate(ON_PAPER)
    assert not found["screen"], (who.page.url, found)
    assert not found["wide"], who.page.url
    assert found["words"] > 100, who.page.url
    assert found["ink"], who.page.url
    assert who.page.pdf(format="A4").startswith(b"%PDF")
    who.leave()


def test_letters_begin_a_page_each(chromium: Browser, site: Site) -> None:
    who = Visitor(chromium.new_context(service_workers="block"), site.address).be("Amara Okafor").open("/desk/letters/print")
    letters = who.page.locator("main .letter").count()
    assert letters > 1, who.page.inner_text("main")[:300]
    pages = len(re.findall(rb"/Type\s*/Page\b", who.page.pdf(format="A4")))
    assert pages >= letters, (pages, letters)
    who.leave()


@pytest.mark.parametrize("path", ["/", "/grants/", "/register/", "/help", "/people/sign-in"])
def test_still_colours_of_ones_own_and_large_text(chromium: Browser, site: Site, path: str) -> None:
    """Nothing moves for who wants it still; buttons keep an edge in forced colours; text at 200 % scrolls one way only."""
    context = chromium.new_context(
        viewport={"width": 640, "height": 800}, reduced_motion="reduce", forced_colors="active", service_workers="block"
    )
    who = Visitor(context, site.address).open(path)
    moving = who.page.evaluate(
        "() => [...document.querySelectorAll('*')].map(one => getComputedStyle(one)).filter("
        "style => Math.max(...[...style.transitionDuration.split(','), ...style.animationDuration.split(',')].map(parseFloat)) > 0.01"
        " || style.scrollBehavior === 'smooth').length"
    )
    assert moving == 0
    edges = who.page.locator("main .govuk-button").evaluate_all("all => all.map(one => parseFloat(getComputedStyle(one).borderTopWidth))")
    assert all(edge >= 1 for edge in edges), edges
    who.page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
    assert who.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path}: 200 % text scrolls sideways"
    who.leave()
