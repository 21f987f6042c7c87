"""One book for the borough: net positions, soft limits, and two areas that become one."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.ledger import queries as books
from portal.money import Minutes
from portal.outbox import Message
from portal.people.model import Role
from portal.timebank import areas, leaving
from portal.timebank.rules import TimeRules
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank(TimeRules(area_limit=Minutes(300)))


def test_what_was_given_and_received_elsewhere(bank: Bank) -> None:
    bank.settled("Walter", "Maya", 120)
    bank.settled("Idris", "Walter", 45)
    bank.settled("Idris", "Maya", 60)
    found = {each.code: (each.gave, each.received, each.net) for each in areas.positions()}
    assert found == {"mossgate": (45, 120, 75), "riverside": (120, 45, -75)}


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


def test_the_page(bank: Bank, app: Flask) -> None:
    bank.settled("Walter", "Maya", 120)
    maya = Inspector(app, 8).sign_in(bank.who("Maya").id).get("/timebank/areas")
    assert "Riverside" in maya.text and "-2 h" in maya.text and "Join them" not in maya.text
    ref = bank.settled("Walter", "Maya", 15)
    maya.get(f"/timebank/exchanges/{ref}")
    assert "Mossgate has received 2 h 15 min more from other places than it gave." in maya.text
    olga = Inspector(app, 30).sign_in(bank.who("Olga").id).get("/timebank/areas")
    olga.submit("Join them", status=422, old="riverside", new="mossgate", reason="")
    olga.submit("Join them", old="riverside", new="mossgate", reason="One ward now")
    assert bank.member("Walter").area.code == "mossgate"
    cass = Inspector(app, 30).sign_in(bank.who("Cass").id).get("/timebank/areas")
    form = {
        "csrf_token": cass.get("/timebank/me")._values(cass.forms()[0])["csrf_token"],
        "old": "mossgate",
        "new": "riverside",
        "reason": "No",
    }
    cass.post("/timebank/areas", form, status=404)
