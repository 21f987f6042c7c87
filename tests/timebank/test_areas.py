"""One book for the borough: net positions, soft limits, and two areas that become one."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.ledger import queries as books
from portal.money import Minutes
from portal.outbox import Message
from portal.people import queries as people
from portal.people.model import Role
from portal.places import actions as places
from portal.places.model import Area
from portal.timebank import areas, exchange, leaving, neighbours, sessions
from portal.timebank.rules import TimeRules
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank
from tests.timebank.market import put_up, the_post
from tests.timebank.test_neighbours import SITTING, give_seats, the_three
from tests.timebank.test_sessions import opened


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank(TimeRules(area_limit=Minutes(300)))


def test_what_was_given_and_received_elsewhere(bank: Bank) -> None:
    bank.settled("Walter", "Maya", 120)
    bank.settled("Idris", "Walter", 45)
    bank.settled("Idris", "Maya", 60)
    found = {each.code: (each.gave, each.received, each.net) for each in areas.positions()}
    assert found == {"mossgate": (45, 120, 75), "riverside": (120, 45, -75)}


def position(code: str, number: int) -> areas.Position:
    return areas.Position(code.title(), code, number, Minutes(60 * number), Minutes(15), Minutes(0))


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ([9, 7], [9, 7]),
        ([9, 3, 4], [9, 7]),
        ([9, 8, 2], [9, 10]),  # the next smallest goes along, or the difference tells
        ([9, 8, 1, 1], [9, 10]),
        ([9, 1], [10]),
        ([2, 1], []),
        ([4], []),
    ],
)
def test_small_areas_are_told_together(sizes: list[int], told: list[int]) -> None:
    found = [position(f"place{number}", size) for number, size in enumerate(sizes)]
    seen = areas.told_to_all(found)
    assert [each.members for each in seen] == told
    assert not told or sum(each.gave for each in seen) == sum(each.gave for each in found)


def test_neighbours_are_not_told_what_one_of_a_small_area_did(bank: Bank, app: Flask) -> None:
    ref = bank.settled("Walter", "Maya", 120)
    assert "Riverside" not in Inspector(app, 8).sign_in(bank.who("Maya").id).get("/timebank/areas").text
    assert "Riverside" in Inspector(app, 8).sign_in(bank.who("Cass").id).get("/timebank/areas").text
    assert areas.of_exchange(bank.entry(ref)) == []
    for number in range(5):
        for area in ("mossgate", "riverside"):
            bank.join(f"{area} {number}", area)
    assert dict(areas.of_exchange(bank.entry(ref))) == {"Riverside": -120, "Mossgate": 120}


def test_the_coordinators_of_both_are_told_once_when_it_grows_too_large(bank: Bank) -> None:
    bank.join("Rafi", "riverside")
    with transaction():
        db.session.add(
            Role(person_id=bank.who("Rafi").id, name="connector", area_id=bank.areas["riverside"], since=clock.today(), reason="test")
        )
    bank.settled("Walter", "Maya", 300)
    told = select(Message.to_name, func.count()).where(Message.subject.endswith("time to look at the balance")).group_by(Message.to_name)
    assert db.session.execute(told).all() == []
    bank.settled("Walter", "Maya", 15)
    bank.settled("Walter", "Idris", 60)
    assert dict(db.session.execute(told).tuples().all()) == {"Cass": 2, "Rafi": 2}, "of each of the two areas, once"


def test_two_areas_become_one(bank: Bank) -> None:
    lend(bank, "Walter", 600)
    bank.settled("Walter", "Maya", 120)
    leaving.donate(bank.cards["Walter"], leaving.POT, 60, "", bank.who("Walter"), once_key="x")
    with pytest.raises(Refused, match="two different"):
        areas.join_areas("riverside", "riverside", "One ward now", bank.actor("Olga"))
    with pytest.raises(Refused, match="Write why"):
        areas.join_areas("riverside", "mossgate", "", bank.actor("Olga"))
    assert areas.join_areas("riverside", "mossgate", "One ward now", bank.actor("Olga")) == 1
    assert [books.balance(code) for code in ("area:riverside:clearing", "area:mossgate:clearing", "pot:riverside", "pot:mossgate")] == [
        0,
        0,
        0,
        60,
    ]
    bank.settled("Walter", "Idris", 30)
    assert books.balance("area:mossgate:clearing") == 0, "they are of one area now"
    assert areas.join_areas("riverside", "mossgate", "One ward now", bank.actor("Olga")) == 0
    assert_books_are_right()


def test_what_is_still_to_come_goes_along(bank: Bank) -> None:
    """An area that ends: what is open settles in the new one, what was settled keeps the area as it was then."""
    before = bank.settled("Walter", "Maya", 60)
    open_ = bank.log("Walter", "gave", "Maya", 30)
    post = put_up(bank, "Walter", "I can sew", area="riverside")
    session = opened(bank, "Walter", day=clock.today() + timedelta(days=1), area_id=bank.areas["riverside"])
    give_seats(bank, *SITTING, area=None)
    asked = neighbours.propose("riverside", bank.cards["Walter"], 480, "Out of hospital", bank.who("Olga"), once_key="p")
    lend(bank, "Walter", 600)
    leaving.donate(bank.cards["Walter"], leaving.POT, 600, "", bank.who("Walter"), once_key="d")
    areas.join_areas("riverside", "mossgate", "One ward now", bank.actor("Olga"))
    new, old = bank.areas["mossgate"], bank.areas["riverside"]
    assert (the_post(post).area_id, sessions.by_ref(session).area_id) == (new, new)
    exchange.answer(open_, 30, "", bank.who("Maya"), shown=30)
    assert bank.entry(before).giver_area_id == old and bank.entry(open_).giver_area_id == new
    for who in the_three(bank, asked)[:2]:
        neighbours.say(asked, 480, "Yes", who)
    assert books.balance("pot:mossgate") == 120 and books.balance("pot:riverside") == 0
    assert_books_are_right()


def test_the_page(bank: Bank, app: Flask) -> None:
    bank.settled("Walter", "Maya", 120)
    for number in range(5):
        bank.join(f"Mo {number}")
        bank.join(f"Ri {number}", "riverside")
    maya = Inspector(app, 8).sign_in(bank.who("Maya").id).get("/timebank/areas")
    assert "Riverside" in maya.text and "-2 h" in maya.text and "See what would move" not in maya.text
    ref = bank.settled("Walter", "Maya", 15)
    maya.get(f"/timebank/exchanges/{ref}")
    assert "Mossgate has received 2 h 15 min more from other places than it gave." in maya.text
    olga = Inspector(app, 30).sign_in(bank.who("Olga").id).get("/timebank/areas")
    olga.get("/desk/areas/riverside/retire")
    assert "6 members of the timebank have their cards here" in olga.text and "Retire it" not in olga.text
    with pytest.raises(Refused, match="Join this area with another one first"):
        places.retire_area("riverside", "Gone", bank.actor("Olga"))
    with transaction():
        db.session.get_one(Area, bank.areas["mossgate"]).parent_id = bank.areas["riverside"]
    olga.get("/timebank/areas?old=riverside").submit("See what would move", status=422, new="mossgate", reason="")
    olga.submit("See what would move", status=200, old="riverside", new="mossgate", reason="One ward now")
    assert "6 members move" in olga.text and "Mossgate lies in Riverside" in olga.text
    assert bank.member("Walter").area.code == "riverside", "looked at, not done"
    olga.submit("Yes, join them")
    assert bank.member("Walter").area.code == "mossgate"
    assert people.person(bank.who("Walter").id).area_id == bank.areas["mossgate"], "where he lives is not left behind"
    with transaction():
        db.session.get_one(Area, bank.areas["mossgate"]).parent_id = None
    olga.get("/desk/areas/riverside/retire").submit("Retire it", reason="One ward now")
    cass = Inspector(app, 30).sign_in(bank.who("Cass").id).get("/timebank/areas")
    form = {
        "csrf_token": cass.get("/timebank/me")._values(cass.forms()[0])["csrf_token"],
        "old": "mossgate",
        "new": "riverside",
        "reason": "No",
    }
    cass.post("/timebank/areas", form, status=404)
