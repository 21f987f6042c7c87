"""How the timebank is: four numbers of a world computed by hand, and nobody to be known by them."""

import csv
import io
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from portal import clock
from portal.db import db, transaction
from portal.places.model import WardCode
from portal.timebank import health, posts, promises
from portal.timebank.health import Band, Numbers
from portal.timebank.model import Member
from portal.timebank.posts_model import Post
from tests.client import Inspector
from tests.timebank import market
from tests.timebank.bank import Bank, open_bank

SOME = ("Ann", "Bob", "Cid", "Dot", "Eve", "Flo")
NAMES = {"mossgate": "Mossgate", "riverside": "Riverside"}


@pytest.fixture
def bank(app: Flask) -> Bank:
    """Six who joined 100 days ago in Mossgate, beside the five of every bank; Wyn and Walter in Riverside."""
    made = open_bank()
    with transaction():
        for number, area in enumerate(made.areas.values()):
            db.session.add(WardCode(area_id=area, ons_code=f"E0509900{number}", valid_from=date(2020, 1, 1)))
    for name in SOME:
        made.join(name)
    made.join("Wyn", "riverside")
    with transaction():
        db.session.execute(update(Member).values(joined_at=clock.now() - timedelta(days=100)))
    return made


def names(bank: Bank) -> dict[int, str]:
    return {id_: NAMES[code] for code, id_ in bank.areas.items()}


def ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def asked(bank: Bank, name: str, days: int, title: str = "A hand with my hedge") -> str:
    """Somebody asked so many days ago, and keeps it in the list until today."""
    with clock.held_at(ago(days)):
        return market.put_up(bank, name, title, "request", until_day=clock.today() + timedelta(days=300))


def met(bank: Bank, name: str, days: int, after: int) -> str:
    """Asked so many days ago, met `after` days later, as its owner says."""
    ref = asked(bank, name, days)
    with clock.held_at(ago(days - after)):
        posts.end(ref, "met", bank.who(name))
    return ref


def test_days_from_joining_to_the_first_hour(bank: Bank) -> None:
    """Hours 2, 3, 10, 11 and 30 days after joining: Ann and Bob began after 2 days, Cid and Dot after 3, Eve after 11, Flo after 30."""
    for giver, receiver, after in (("Ann", "Bob", 2), ("Cid", "Dot", 3), ("Ann", "Dot", 10), ("Eve", "Bob", 11), ("Flo", "Eve", 30)):
        with clock.held_at(ago(100 - after)):
            bank.settled(giver, receiver, 30, day=clock.today())
    found = health.health(names(bank))
    assert found.whole.days_to_first == 3, "of 2, 2, 3, 3, 11 and 30 it lies between 3 and 3"
    assert dict(found.places)["Mossgate"].days_to_first == 3 and dict(found.places)["Riverside"].days_to_first is None
    with transaction():
        db.session.execute(update(Member).where(Member.ref == bank.cards["Flo"]).values(joined_at=ago(3000)))
    assert health.health(names(bank)).whole.days_to_first == 3, "2, 2, 3, 3 and 11: who joined long ago does not count"
    with transaction():
        db.session.execute(update(Member).where(Member.ref == bank.cards["Eve"]).values(joined_at=ago(3000)))
    assert health.health(names(bank)).whole.days_to_first is None, "four are few"


def test_days_from_asking_to_done(bank: Bank) -> None:
    for name, days, after in (("Ann", 50, 1), ("Bob", 50, 2), ("Cid", 50, 9), ("Dot", 60, 21)):
        met(bank, name, days, after)
    assert health.health(names(bank)).whole.days_to_met is None, "four people are few"
    met(bank, "Dot", 40, 0)
    assert health.health(names(bank)).whole.days_to_met is None, "and one of them twice is no fifth"
    with clock.held_at(ago(30)):
        ref = market.put_up(bank, "Eve", "A hand with my gate", "request")
        talk = market.write(bank, "Flo", ref)
        day = market.propose(bank, "Flo", talk, clock.now() + timedelta(days=5))
        promises.accept(day, bank.who("Eve"), shown=0)
    assert health.health(names(bank)).whole.unmet is None, "one waits, until it is done"
    with clock.held_at(ago(20)):
        promises.tell_how_it_went(day, True, bank.who("Eve"))
    found = health.health(names(bank))
    assert found.whole.days_to_met == 3.5, "0, 1, 2, 5, 9, 21: done on the day agreed, not when somebody said so"
    assert dict(found.places)["Mossgate"].days_to_met == 3.5
    with clock.held_at(clock.now() + timedelta(days=400)):
        assert health.health(names(bank)).whole.days_to_met is None, "a year later it is the past"


def test_who_gave_and_received(bank: Bank) -> None:
    ring = ("Ann", "Bob", "Cid", "Dot", "Eve")
    for giver, receiver in zip(ring, (*ring[1:], ring[0]), strict=True):
        bank.settled(giver, receiver, 15)
    bank.settled("Flo", "Maya", 15)
    found = health.health(names(bank))
    assert (found.members, found.both, found.whole.both_percent) == (12, 5, 42), "5 of 12"
    assert dict(found.places)["Mossgate"].both_percent == 50, "5 of 10"
    assert dict(found.places)["Riverside"].both_percent is None
    assert (found.givers, found.receivers, found.anybody, found.minutes) == (6, 6, 7, 90)
    with transaction():
        db.session.execute(update(Member).where(Member.ref == bank.cards["Ann"]).values(status="paused"))
    assert health.health(names(bank)).members == 12, "who takes a break is a member, as on the page of the areas"
    with transaction():
        db.session.execute(update(Member).where(Member.ref == bank.cards["Ann"]).values(status="left"))
    assert health.health(names(bank)).whole.both_percent is None, "four are few"


def test_requests_that_wait(bank: Bank) -> None:
    for name, days in (("Ann", 3), ("Bob", 14), ("Cid", 15), ("Dot", 20), ("Eve", 60), ("Flo", 100), ("Ann", 179)):
        asked(bank, name, days)
    asked(bank, "Maya", 200)
    met(bank, "Idris", 20, 5)
    over = asked(bank, "Idris", 40)
    with transaction():
        db.session.execute(update(Post).where(Post.ref == over).values(status="expired", words=""))
    found = health.health(names(bank))
    assert found.whole.unmet == 8, "one whose time is over waits too; what is older than 180 days does not"
    assert found.bands == [Band(0, 180, 8)], "six of up to 90 days, and then two people: told together"
    assert dict(found.places)["Mossgate"].unmet == 8


def test_bands_hide_nobody() -> None:
    many = [(number, 5) for number in range(6)]
    assert health.bands([]) == [Band(0, 14, 0), Band(15, 30, 0), Band(31, 90, 0), Band(91, 180, 0)]
    assert health.bands([*many, (1, 20)]) == [Band(0, 180, 7)], "one person who waits longer is not to be known"
    old = [(number, 100) for number in range(5)]
    assert health.bands([*many, (1, 20), *old]) == [Band(0, 14, 6), Band(15, 180, 6)]
    assert health.bands([(1, 3), (2, 40)]) == [Band(0, 180, None)]
    assert health.bands([(1, 3)] * 9) == [Band(0, 180, None)], "nine of one person are one person's"


def test_a_place_with_few_is_not_what_is_left_of_the_whole(bank: Bank) -> None:
    for name in SOME:
        asked(bank, name, 10)
    asked(bank, "Wyn", 10)
    found = health.health(names(bank))
    assert found.whole.unmet == 7
    assert dict(found.places) == {
        "Mossgate": Numbers(None, None, None, None),
        "Riverside": Numbers(None, None, None, None),
        "": Numbers(None, None, None, 7),
    }, "6 of 7 in Mossgate would say that 1 is in Riverside"


def test_on_the_page_and_in_the_file(bank: Bank, app: Flask) -> None:
    page = Inspector(app, 8)
    assert "too few yet" in page.get("/timebank/figures").text
    for name in SOME:
        asked(bank, name, 20)
        met(bank, name, 20, 4)
    bank.settled("Ann", "Bob", 15)
    page.get("/timebank/figures")
    assert "Requests that wait, by how long" in page.text and "0 to 30 days" not in page.text
    rows = list(csv.reader(io.StringIO(page.client.get("/timebank/figures.csv").text)))
    assert rows[0] == [
        "Place", "Days from joining to the first hour", "Days from asking to done", "Gave and received, percent", "Requests that wait",
    ]  # fmt: skip
    assert rows[1:4] == [["Everywhere", "", "4", "", "6"], ["Mossgate", "", "4", "", "6"], ["Riverside", "", "", "", "0"]]
    assert rows[4:] == [
        ["Everywhere, waiting 0 to 14 days", "", "", "", "0"],
        ["Everywhere, waiting 15 to 30 days", "", "", "", "6"],
        ["Everywhere, waiting 31 to 90 days", "", "", "", "0"],
        ["Everywhere, waiting 91 to 180 days", "", "", "", "0"],
    ]


def test_before_there_is_a_timebank(app: Flask) -> None:
    assert len(list(csv.reader(io.StringIO(app.test_client().get("/timebank/figures.csv").text)))) == 1
