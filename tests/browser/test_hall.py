"""A panel in a hall: hands by tap, by keyboard and without scripts; a minute without signal; the big screen beside it."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import PHONE, TOP, Site, Visitor
from tests.browser.test_axe import judge_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SITTING = "Sparks for long evenings"
NO_SIGNAL = re.compile(r"ERR_INTERNET_DISCONNECTED|ERR_FAILED|status of 409")  # the browser's own words
HANDS = """
from portal.db import db
from portal.panels.model import Hall, Struck, Vote
from wsgi import app
with app.app_context():
    rows = db.session.query(Vote).filter(Vote.source == "hall", ~Vote.id.in_(db.session.query(Struck.vote_id))).order_by(Vote.id)
    print(len(rows.all()))
"""
LEFT = """
from sqlalchemy import update
from portal.db import db, transaction
from portal.panels.model import Hall
from wsgi import app
with app.app_context(), transaction():
    db.session.execute(update(Hall).where(Hall.sitting_id.is_not(None)).values(ends_at=None, time_left={seconds}))
"""


# press it, and read the time in the same turn of the script
PAUSED = """() => {
  const clock = document.querySelector("#clock");
  clock.textContent = "";
  [...document.querySelectorAll("main button")].find((one) => one.textContent.trim() === "Pause the time").click();
  return clock.textContent;
}"""


def flask(site: Site, script: str) -> str:
    """Run a few lines beside the server; what they print."""
    done = subprocess.run([sys.executable, "-c", script], env=site.env, cwd=TOP, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def to_hall(who: Visitor) -> Visitor:
    who.open("/panels/").click("Estuary Small Sparks panel").click(SITTING)
    return who.click("In a hall: one idea after the other, by a show of hands")


def put(who: Visitor, number: int) -> Visitor:
    """The idea with this number, from wherever the hall stands."""
    if f"Idea {number} of 5" not in who.page.inner_text("main"):
        who.press(f"Put on the table idea {number}", island=True)
    return who.sees(f"Idea {number} of 5")


def pressed(who: Visitor, name: str) -> str:
    """Which hand of this person is shown."""
    shown = who.page.get_by_role("group", name=name, exact=True).locator("[aria-pressed=true]")
    return shown.inner_text().split("\n")[0].strip() if shown.count() else ""


@pytest.fixture
def amara(chromium: Browser, site: Site) -> Iterator[Visitor]:
    who = Visitor(chromium.new_context(viewport=PHONE), site.address)
    yield to_hall(who.be("Amara Okafor"))
    who.noise = [line for line in who.noise if not NO_SIGNAL.search(line)]
    who.leave()


@pytest.fixture
def screen(chromium: Browser, site: Site) -> Iterator[Visitor]:
    """The laptop at the projector, of another officer."""
    who = Visitor(chromium.new_context(viewport={"width": 1280, "height": 800}), site.address)
    to_hall(who.be("Ben Hughes"))
    yield who.open(who.page.url + "/screen")
    who.leave()


@pytest.mark.parametrize(("number", "how"), [(2, "with a finger"), (3, "without scripts"), (5, "by keyboard")])
def test_an_idea_is_decided(chromium: Browser, site: Site, number: int, how: str) -> None:
    scripts = how != "without scripts"
    context = chromium.new_context(viewport=PHONE, java_script_enabled=scripts, service_workers="block")
    who = to_hall(Visitor(context, site.address, scripts=scripts, keys=how == "by keyboard").be("Amara Okafor"))
    put(who, number).press("All in favour", island=True).sees("4 of" if number == 2 else "5 of")
    assert pressed(who, "Kelly Stone") == "Yes"
    who.press("Not yet Kelly Stone", island=True)
    who.page.wait_for_selector("#hall:not([data-stamp='']) button[id$=not_yet][aria-pressed=true]")
    assert pressed(who, "Kelly Stone") == "Not yet"
    who.unfold("Why Kelly Stone").fill("Why does Kelly Stone say so? (optional)", "After the summer").press("Keep it", island=True).sees(
        ": After the summer"
    )
    who.press("Take back Kelly Stone", island=True).sees("Kelly Stone not voted yet")
    who.press("Start the time", island=True).sees("Pause the time")
    assert re.search(r"\b[45]:\d\d\b", who.page.inner_text("#clock"))
    who.press("Pause the time", island=True).sees("Go on with the time").press("Begin the time anew", island=True).sees(
        "Start the time", "5:00"
    )
    if scripts:
        sent = "Object.entries(localStorage).every(([name, value]) => !name.startsWith('hall:') || value === '[]')"
        for _moment in range(100):
            if who.page.evaluate(sent):
                break
            who.page.wait_for_timeout(100)
        assert who.page.evaluate(sent)
    who.leave()


def test_a_minute_without_signal(amara: Visitor, screen: Visitor, site: Site) -> None:
    """Taps are kept in their order, sent when the signal is back, and count once even if their answer was lost."""
    put(amara, 4).press("Ravi Patel", island=True).sees("4 of 8")  # he has gone
    screen.sees("Idea 4 of 5")
    before = int(flask(site, HANDS))
    amara.context.set_offline(True)
    for button in ("Yes Kelly Stone", "No Nia Morgan", "Yes Nia Morgan", "Start the time"):
        amara.press(button, island=True)
    amara.sees("No signal. 4 taps are kept on this device and will be sent.")
    assert pressed(amara, "Nia Morgan") == "Yes" and "not sent yet" in amara.page.inner_text("main")
    assert "4 taps are kept" in amara.page.inner_text("#live")
    amara.page.wait_for_timeout(3000)
    running = amara.page.inner_text("#clock")
    assert running < "5:00", "the time runs here all the same"
    stands = amara.page.evaluate(PAUSED)
    assert re.fullmatch(r"4:\d\d", stands), "it is drawn at once, not at the next tick"
    amara.sees("5 taps are kept")
    amara.page.wait_for_timeout(1500)
    assert amara.page.inner_text("#clock") == stands
    amara.press("On to idea 5", island=True).sees("It is shown here as soon as there is a signal.", "6 taps are kept")
    assert not amara.page.get_by_role("button", name="Yes Kelly Stone").is_visible(), "no hand for an idea that is not before them"
    assert int(flask(site, HANDS)) == before
    lost: list[str] = []

    def loses_the_first_answer(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status.__str__())
            route.abort()
        else:
            route.continue_()

    amara.page.route("**/hall", loses_the_first_answer)
    amara.context.set_offline(False)
    amara.sees("Idea 5 of 5")
    assert lost == ["204"]
    assert amara.page.locator("#signal").is_hidden()
    assert int(flask(site, HANDS)) == before + 3  # one for Kelly, two for Nia, of whom the last counts
    screen.sees("Idea 5 of 5")
    put(amara, 4)
    assert (pressed(amara, "Kelly Stone"), pressed(amara, "Nia Morgan")) == ("Yes", "Yes")


def test_taps_outlive_the_page(amara: Visitor, site: Site) -> None:
    """Without signal the page is closed, and another day opened again."""
    put(amara, 4)
    address = amara.page.url
    amara.context.set_offline(True)
    amara.press("Abstain Abdul Karim", island=True).sees("1 tap is kept on this device")
    amara.page.goto("about:blank")
    amara.context.set_offline(False)
    amara.open(address).sees("Abdul Karim Abstain")


def test_what_is_refused_on_its_way_is_told_and_stays_until_read(amara: Visitor, chromium: Browser, site: Site) -> None:
    put(amara, 3)
    amara.page.wait_for_timeout(300)
    amara.context.set_offline(True)
    amara.press("No Nia Morgan", island=True).press("Yes Abdul Karim", island=True).sees("2 taps are kept")
    nia = Visitor(chromium.new_context(viewport=PHONE, service_workers="block"), site.address).be("Nia Morgan")
    nia.open(amara.page.url.replace("/hall", "")).page.locator("main ul a").nth(2).click()
    nia.unfold("Something ties me to this after all").choose(nia.page.get_by_label("I live next to where it happens and it touches me"))
    nia.press("Say so").leave()
    amara.context.set_offline(False)
    amara.sees(
        "These could not be done",
        "Nia Morgan: No: That seat is tied to this idea",
        "Leaves the room for this one: Nia Morgan",
        "Abdul Karim Yes",
    )
    amara.page.reload()
    amara.sees("These could not be done", "Nia Morgan: No: That seat is tied")
    judge_page(amara.page)
    amara.press("I have read this", island=True)
    assert amara.page.locator("#refused").is_hidden()
    amara.page.reload()
    amara.page.wait_for_timeout(300)
    assert amara.page.locator("#refused").is_hidden()


def test_signed_out_meanwhile_the_taps_stay(amara: Visitor) -> None:
    put(amara, 5)
    address, cookies = amara.page.url, amara.context.cookies()
    amara.context.clear_cookies()
    amara.press("Abstain Kelly Stone", island=True).sees("You are signed out, or this page is too old.", "1 tap is kept")
    amara.context.add_cookies(cookies)  # type: ignore[arg-type]
    amara.open(address).sees("Kelly Stone Abstain")
    amara.noise = [line for line in amara.noise if "status of 400" not in line]


def test_both_screens_count_alike_and_say_the_end_once(amara: Visitor, screen: Visitor, site: Site) -> None:
    put(amara, 2)
    if amara.page.get_by_role("button", name="Start the time").count() == 0:
        amara.press("Begin the time anew", island=True).sees("Start the time")
    amara.press("Start the time", island=True).sees("Pause the time")
    screen.page.wait_for_selector("#clock[data-ends]:not([data-ends=''])")
    there = [seconds(who.page) for who in (amara, screen)]
    assert abs(there[0] - there[1]) <= 1, there
    amara.press("Pause the time", island=True).sees("Go on with the time")
    flask(site, LEFT.format(seconds=55))
    amara.page.reload()
    amara.press("Go on with the time", island=True).sees("Time started", "The last minute")
    amara.page.wait_for_timeout(2500)  # drawn anew meanwhile
    assert amara.page.inner_text("#time-said") == "The last minute"
    assert "The last minute" in (amara.page.text_content("#live") or ""), "the tap's own words do not take its place"
    amara.press("Pause the time", island=True)
    flask(site, LEFT.format(seconds=8))
    amara.page.reload()
    said: list[str] = []
    screen.page.expose_function("heard", lambda words: said.append(words))
    screen.page.evaluate(
        "new MutationObserver(() => heard(document.getElementById('live').textContent)).observe(document.getElementById('live'), {childList: true})"
    )
    amara.press("Go on with the time", island=True)
    amara.page.wait_for_selector("#clock[data-state=up]", timeout=30_000)
    amara.sees("Time is up", "0:00")
    screen.sees("Time is up", "0:00")
    screen.page.wait_for_timeout(1500)
    assert said.count("Time is up") == 1, said  # and not every second
    assert screen.page.locator("#clock").get_attribute("data-state") == "up"
    amara.press("Begin the time anew", island=True).sees("5:00")


def seconds(page: Page) -> int:
    minutes, rest = page.inner_text("#clock").split(":")
    return int(minutes) * 60 + int(rest)


def test_nobody_asks_while_the_tab_is_hidden(screen: Visitor) -> None:
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    screen.page.wait_for_timeout(4500)
    assert len(asked) in (2, 3), asked
    screen.page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    screen.page.wait_for_timeout(2500)
    asked.clear()
    screen.page.wait_for_timeout(4500)
    assert not asked
    screen.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    screen.page.wait_for_timeout(500)
    assert len(asked) in (1, 2), asked  # at once, and perhaps by the clock


@pytest.mark.parametrize("look", ["", "?look=dark", "?look=light"])
def test_the_big_screen_can_be_read_by_all(screen: Visitor, look: str) -> None:
    screen.open(screen.page.url + look)
    size = screen.page.evaluate("parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)")
    assert size >= 60, size
    judge_page(screen.page)
    for scheme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=scheme)
        ground = screen.page.evaluate("getComputedStyle(document.querySelector('.screen')).backgroundColor")
        assert ground == ("rgb(0, 0, 0)" if (look.removeprefix("?look=") or scheme) == "dark" else "rgb(255, 255, 255)")


def test_a_chair_who_is_tied_leaves_and_another_seat_runs_it(chromium: Browser, site: Site) -> None:
    joan = to_hall(Visitor(chromium.new_context(viewport=PHONE), site.address).be("Joan Abara"))
    put(joan, 4).sees("Please leave the room for this one")
    judge_page(joan.page)
    joan.page.set_viewport_size(PHONE)
    ravi = to_hall(Visitor(chromium.new_context(viewport=PHONE), site.address).be("Ravi Patel"))
    ravi.press("Run this one in place of the chair").sees("Ravi Patel runs this one in place of the chair.", "Show of hands")
    joan.sees("Ravi Patel runs it in your place.")
    if "Not here: Ravi Patel" in ravi.page.inner_text("main"):
        ravi.press("Ravi Patel", island=True)
    ravi.press("Yes Ravi Patel", island=True).sees("Ravi Patel Yes")
    judge_page(ravi.page)
    joan.press("Put on the table idea 5", island=True).sees("Show of hands")
    ravi.sees("Idea 5 of 5")
    assert "Show of hands" not in ravi.page.inner_text("main")
    joan.leave()
    ravi.leave()
