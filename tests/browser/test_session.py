"""A session on the organiser's phone: an hour without signal, without scripts, by keyboard; and every page of it looked at by axe."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_axe import judge_page
from tests.browser.test_hall import NO_SIGNAL, flask

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OPEN = """
import uuid
from datetime import time
from sqlalchemy import select
from portal import clock
from portal.db import db
from portal.history import Actor
from portal.money import Minutes
from portal.people.access import Who
from portal.people.model import Person
from portal.timebank import checkin, members, session_closing, sessions
from portal.timebank.rules import TimeRules
from wsgi import app
with app.app_context():
    members.open_timebank(TimeRules(), Actor(None))
    everybody = db.session.scalars(select(Person).where(Person.deleted_at.is_(None)).order_by(Person.id).limit(60)).all()
    people = {one.name: (one.id, one.ref, one.area_id) for one in everybody}
    area = next(area for _id, _ref, area in people.values() if area is not None)
    names = ["Gus Penhaligon", "Maya Greene", "Rosa Delgado", "Nadia Hassan", "Idris Cole"]
    cards = {name: members.join(people[name][0], people[name][2] or area, True, Actor(people[name][0])) for name in names}
    gus = Who(people[names[0]][0], people[names[0]][1], names[0], people[names[0]][2], frozenset({("connector", None)}))
    plan = sessions.Plan("Hedge day", "", "events", area, "The gate", clock.today(), time(0, 5), time(23, 55), Minutes(60), None)
    ref = sessions.open_session(plan, "member:" + cards[names[0]], gus, once_key=uuid.uuid4().hex)
    for name in names[1:4]:
        sessions.sign_up(ref, cards[name], gus)
    print(ref, sessions.token_of(sessions.by_ref(ref)), cards["Idris Cole"])
"""
THERE = """
from portal.timebank import checkin, sessions
from wsgi import app
with app.app_context():
    session = sessions.by_ref("{ref}")
    print(session.status, ", ".join(checkin.label(row) for row in checkin.there(session)))
"""
CLOSE = """
from portal.people.access import Who
from portal.timebank import session_closing, sessions
from wsgi import app
with app.app_context():
    one = sessions.by_ref("{ref}")
    session_closing.close("{ref}", 60, {{}}, Who(one.organiser.id, one.organiser.ref, one.organiser.name, None))
"""


@pytest.fixture
def opened(site: Site) -> tuple[str, str, str]:
    """(the session, the token of its poster, the card of somebody who did not sign up)."""
    ref, token, card = flask(site, OPEN).split()
    return ref, token, card


@pytest.fixture
def gus(chromium: Browser, site: Site, opened: tuple[str, str, str]) -> Iterator[Visitor]:
    who = Visitor(chromium.new_context(viewport=PHONE, service_workers="block"), site.address).be("Gus Penhaligon")
    yield who.open(f"/timebank/sessions/{opened[0]}/check-in")
    who.noise = [line for line in who.noise if not NO_SIGNAL.search(line)]
    who.leave()


def there(site: Site, ref: str) -> str:
    return flask(site, THERE.format(ref=ref))


def pressed(page: Page, name: str) -> bool:
    return page.get_by_role("button", name=name, exact=True).first.get_attribute("aria-pressed") == "true"


def test_an_hour_without_signal(gus: Visitor, site: Site, opened: tuple[str, str, str]) -> None:
    """Taps are kept in their order, sent when the signal is back, and count once even if an answer was lost."""
    ref, _token, card = opened
    gus.press("Maya Greene", island=True).sees("1 person is here")
    gus.context.set_offline(True)
    gus.press("Rosa Delgado", island=True).press("Nadia Hassan", island=True).press("Rosa Delgado", island=True)
    gus.fill("The number on their card", card.lower()).press("Is here", island=True)
    gus.fill("Their name", "A boy").press("Write down a guest", island=True)
    gus.sees("No signal. 5 taps are kept on this phone and will be sent.", "A boy (not sent yet)")
    assert pressed(gus.page, "Nadia Hassan") and not pressed(gus.page, "Rosa Delgado")
    assert there(site, ref) == "open Maya Greene"
    lost: list[int] = []

    def loses_the_first_answer(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    gus.page.route("**/check-in", loses_the_first_answer)
    gus.context.set_offline(False)
    gus.sees("4 people are here")
    assert lost == [204] and gus.page.locator("#signal").is_hidden()
    assert there(site, ref) == "open Idris Cole, Maya Greene, Nadia Hassan, A boy"


def test_taps_outlive_the_page(gus: Visitor, site: Site, opened: tuple[str, str, str]) -> None:
    address = gus.page.url
    gus.context.set_offline(True)
    gus.press("Rosa Delgado", island=True).sees("1 tap is kept on this phone")
    gus.page.goto("about:blank")
    gus.context.set_offline(False)
    gus.open(address).sees("1 person is here")
    assert there(site, opened[0]) == "open Rosa Delgado"


def test_what_comes_too_late_is_told_and_stays_until_read(gus: Visitor, site: Site, opened: tuple[str, str, str]) -> None:
    gus.press("Maya Greene", island=True).sees("1 person is here")
    gus.context.set_offline(True)
    gus.press("Rosa Delgado", island=True).sees("1 tap is kept")
    flask(site, CLOSE.format(ref=opened[0]))
    gus.context.set_offline(False)
    gus.sees("These could not be done", "Rosa Delgado: This is closed already.")


@pytest.mark.parametrize("how", ["without scripts", "by keyboard"])
def test_from_check_in_to_the_result(chromium: Browser, site: Site, opened: tuple[str, str, str], how: str) -> None:
    scripts = how != "without scripts"
    context = chromium.new_context(viewport=PHONE, java_script_enabled=scripts, service_workers="block")
    who = Visitor(context, site.address, scripts=scripts, keys=how == "by keyboard").be("Gus Penhaligon")
    who.open(f"/timebank/sessions/{opened[0]}/check-in").press("Maya Greene", island=True).sees("1 person is here")
    who.fill("Their name", "A boy").press("Write down a guest", island=True).sees("2 people are here")
    who.page.wait_for_timeout(300)
    who.open(f"/timebank/sessions/{opened[0]}/close").fill("How long was it, for everybody?", "1 h 30 min")
    who.press("Close it and give the hours").sees("1 person has 1 h 30 min.", "1 guest without hours.")
    who.leave()


def test_one_tap_from_the_poster(chromium: Browser, site: Site, opened: tuple[str, str, str]) -> None:
    """Scanned by somebody who is not signed in: they sign in, come back, and tap."""
    who = Visitor(chromium.new_context(viewport=PHONE, service_workers="block"), site.address).open(f"/timebank/sessions/{opened[1]}")
    who.click("Sign in").press("Be Rosa Delgado").sees("Are you here?", "Hedge day")
    who.press("I’m here").sees("You are checked in")
    who.leave()
    assert there(site, opened[0]) == "open Rosa Delgado"


def test_every_page_is_for_everybody(chromium: Browser, site: Site, opened: tuple[str, str, str]) -> None:
    ref, token, _card = opened
    who = Visitor(chromium.new_context(viewport=PHONE, service_workers="block"), site.address).be("Gus Penhaligon")
    address = f"/timebank/sessions/{ref}"
    for path in ("/timebank/sessions/", "/timebank/sessions/new", "/timebank/sessions/calendar", "/timebank/desk/sessions", address, f"/timebank/sessions/{token}"):  # fmt: skip
        judge_page(who.open(path).page)
    for end in ("change", "cancel", "poster", "register", "paper", "check-in", "new-member", "close", "pot"):
        judge_page(who.open(f"{address}/{end}").page)
    who.open(f"{address}/check-in").press("Maya Greene", island=True).sees("1 person is here")
    who.fill("Their name", "A boy").press("Write down a guest", island=True).sees("2 people are here")
    judge_page(who.open(f"{address}/check-in?q=ma").page)
    who.open(f"{address}/close").fill("How long was it, for everybody?", "20 min").press("Close it and give the hours").sees(
        "There is a problem"
    )
    judge_page(who.page)
    who.fill("How long was it, for everybody?", "1 h").press("Close it and give the hours").sees("1 person has 1 h.")
    for end in ("result", "forgotten", "reverse"):
        judge_page(who.open(f"{address}/{end}").page)
    who.noise = [line for line in who.noise if "status of 422" not in line]
    who.leave()
