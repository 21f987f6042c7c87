"""A few days of a timebank at 360 px: hours by three taps, answered by tap, by link and by six digits, and put right at a desk."""

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_hall import flask

pytestmark = [pytest.mark.browser, pytest.mark.slow]
IN_APP = "from portal.app import create_app\nfrom portal.ledger import checks\nfrom portal.timebank import exchange\nfrom portal.worker import CACHES\nwith create_app().app_context(): "
DIGITS = IN_APP + "one = exchange.by_ref({ref!r}); print(exchange.code_of(one), exchange.token_of(one))"


# each way has times of its own: the same twice on one day would be asked about
WAYS = {
    "with JavaScript": (45, "1 h 30 min", "1 h 15 min"),
    "without JavaScript": (30, "1 h 45 min", "1 h 30 min"),
    "keyboard only": (15, "2 h", "1 h 45 min"),
}


@pytest.mark.parametrize("way", WAYS)
def test_hours_from_tap_to_books(chromium: Browser, site: Site, way: str) -> None:
    minutes, logged, answered = WAYS[way]
    scripts, keys = way != "without JavaScript", way == "keyboard only"

    def visitor() -> Visitor:
        return Visitor(chromium.new_context(viewport=PHONE, java_script_enabled=scripts), site.address, keys=keys, scripts=scripts)

    people = giver, other, stranger = visitor(), visitor(), visitor()

    # three taps from the home page to a logged hour
    giver.be("Rosa Delgado").open("/")
    had = _minutes(giver, "Your time: ")
    taps = 0
    giver.click("I gave time")
    taps += 1
    name = giver.page.locator(".who strong").first.inner_text()
    giver._use(giver.page.locator(".who").first)
    taps += 1
    giver.press(f"{minutes} min").sees("Written down", f"You helped {name}: {minutes} min")
    taps += 1
    assert taps == 3
    ref = re.search(r"EXC-\w{4}-\w{4}", giver.page.url).group()  # type: ignore[union-attr]

    # the other one reads out six digits
    code, token = flask(site, DIGITS.format(ref=ref)).split()
    giver.fill("Six digits from their message", "000000" if code != "000000" else "111111").press("It is agreed").sees("not the six digits")
    giver.noise = [line for line in giver.noise if "status of 422" not in line]
    giver.fill("Six digits from their message", code).press("It is agreed").sees("in the books")
    giver.open("/")
    assert _minutes(giver, "Your time: ") == had + minutes
    stranger.open(f"/t/{token}").sees("in the books")

    # two write down the same hour: one entry; the link without signing in, with another figure
    other.be("Maya Greene").open("/timebank/log/gave").fill("Name, or the number on their card", "Rosa").press("Find")
    other._use(other.page.locator(".who", has_text="Rosa Delgado").first)
    kind = other.page.get_by_label("Cooking and food", exact=True)
    if kind.first.is_visible():
        other.choose(kind.first)
    other.press(logged).sees("Written down")
    ref = re.search(r"EXC-\w{4}-\w{4}", other.page.url).group()  # type: ignore[union-attr]
    _code, token = flask(site, DIGITS.format(ref=ref)).split()
    stranger.open(f"/t/{token}").unfold("It was another time")
    stranger.fill("How long was it really?", "soon").press("It was this long").sees("Write the time in hours")
    stranger.noise = [line for line in stranger.noise if "status of 422" not in line]
    stranger.fill("How long was it really?", answered).press("It was this long").sees(f"It is in the books: {answered}")
    other.open("/timebank/statement").sees("You helped Rosa Delgado", f"+{answered}")

    # something wrong: a coordinator puts it right, and both see both lines
    giver.open(f"/timebank/exchanges/{ref}").unfold("Something wrong?").fill("What is wrong?", "It was half an hour").press(
        "Tell a coordinator"
    ).sees("A coordinator looks at it")
    stranger.be("Gus Penhaligon").open(f"/timebank/desk/exchanges/{ref}").sees("It was half an hour")
    stranger.fill("How long was it?", "30 min").fill("Why? Both read this.", "Both say so now").press("Decide").sees("Done. Both are told.")
    other.open("/timebank/statement").sees("Put right: You helped Rosa Delgado", f"-{answered}", "+30 min")
    assert flask(site, IN_APP + "print(*checks.check(caches=CACHES).broken)") == ""
    for each in people:
        each.leave()


def _minutes(who: Visitor, before: str) -> int:
    """The balance that the page says after these words, in minutes."""
    said = re.search(re.escape(before) + r"(-?)(?:(\d+) h ?)?(?:(\d+) min)?", who.page.inner_text("main"))
    assert said, who.page.inner_text("main")[:300]
    minutes = int(said[2] or 0) * 60 + int(said[3] or 0)
    return -minutes if said[1] else minutes
