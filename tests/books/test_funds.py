"""Where the money is: by fund and by area, on any day, always what the trial balance says."""

from datetime import UTC, date, datetime

from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.books import closing, funds
from portal.db import db
from portal.grants import rounds, runs
from portal.grants.model import Contribution, Fund, Funder, PaymentRun
from portal.grants.rules import RoundRules
from portal.history import events_of
from portal.ledger import queries as ledger
from portal.money import Pence
from tests.client import Inspector
from tests.exports.small import Small, at


def test_every_day_ties(small: Small) -> None:
    for day in (
        date(2026, 5, 31),
        date(2026, 6, 1),
        date(2026, 6, 2),
        date(2026, 6, 10),
        date(2026, 7, 6),
        date(2026, 7, 15),
        date(2026, 8, 3),
        None,
    ):
        found = funds.sheet(day)
        assert not found.untied and not found.together.off, day
        by_area = [sum(getattr(money, column) for _name, money in found.areas) for column in funds.OF_AREAS]
        assert by_area == [getattr(found.together, column) for column in funds.OF_AREAS], day
    assert funds.sheet(date(2026, 6, 2)).together == funds.Money(1000_00, 490_00, 0, 0, 0, 510_00, 0, 0)
    assert funds.sheet(date(2026, 7, 6)).together == funds.Money(1000_00, 490_00, 0, 0, 250_00, 0, 260_00, 0)
    assert funds.sheet().together == funds.Money(1000_00, 440_00, 0, 70_00, 0, 0, 510_00, 20_00)
    assert dict(funds.sheet().areas)["By the pump"] == funds.Money(reserved=70_00)


def test_what_was_called_back_is_on_its_way_until_then(small: Small) -> None:
    """Released on 6 August, called back half past midnight of 8 August in London, when Greenwich still has the day before."""
    with clock.held_at(at(8, 4)):
        made = small.season.ready(small.season.sent("Kettles", 60_00))
    with clock.held_at(at(8, 6)):
        small.season.released(made)
        run = db.session.scalars(select(PaymentRun.ref).order_by(PaymentRun.id.desc())).first()
        assert run is not None
        runs.ask_back(run, "Wrong day", small.season.actor("Olga"))
    with clock.held_at(datetime(2026, 8, 7, 23, 30, tzinfo=UTC)):
        runs.call_back(run, small.season.actor("Otto"))
    for day, pence in ((5, 0), (6, 60_00), (7, 60_00), (8, 0), (9, 0)):
        found = funds.sheet(date(2026, 8, day))
        assert (found.together.transit, found.untied, found.together.off) == (pence, {}, 0), day
        with clock.held_at(at(8, 15)):
            assert sum(pence for _ref, pence in closing.still_open(date(2026, 8, day)).moving) == pence, day


def test_two_funds_and_two_funders(small: Small) -> None:
    """What came into one fund is not the other's; a contribution that was taken back is nobody's."""
    olga = small.season.actor("Olga")
    rounds.open_fund("green", "Green", "Trees", RoundRules(), olga)
    rounds.add_funder("tideway", "Tideway Homes", olga)
    green = db.session.scalars(select(Fund.id).where(Fund.code == "green")).one()
    tideway = db.session.scalars(select(Funder.id).where(Funder.code == "tideway")).one()
    rounds.contribute(green, tideway, Pence(300_00), date(2026, 8, 10), "", olga)
    rounds.contribute(small.season.fund_id, tideway, Pence(50_00), date(2026, 8, 11), "", olga)
    row = db.session.scalars(select(Contribution.ref).where(Contribution.amount == 50_00)).one()
    with clock.held_at(at(8, 12)):
        rounds.reverse_contribution(row, "Typed twice", olga)
    found = dict(funds.sheet().funds)
    assert found["Green"] == funds.Money(allocated=300_00, free=300_00)
    assert not funds.sheet().untied and not funds.sheet().together.off
    assert funds.put_in(date(2026, 8, 10))["small-sparks"] == 1000_00
    assert ledger.balance("fund:green:available") == 300_00


def test_the_page(scheme: Flask, small: Small) -> None:
    fay = Inspector(scheme, 15).sign_in(small.season.who("Fay").id).get("/finance/books/funds")
    assert "ties to the trial balance" in fay.text and "£440.00" in fay.text and "By the pump" in fay.text
    fay.submit("Take it as a file (CSV)", status=200)
    assert fay.text.splitlines()[1] == "Small Sparks,1000.00,440.00,0.00,70.00,0.00,0.00,510.00,20.00"
    assert fay.text.splitlines()[2].startswith("All funds,1000.00,")
    fay.get("/finance/books/funds?day=2026-06-02").submit("Take the areas as a file (CSV)", status=200)
    assert fay.text.splitlines() == ["Area,Offered,To be paid,In transit,Paid,Refunded", "Mossgate,0.00,0.00,510.00,0.00,0.00"]
    assert events_of("export:areas")[-1].data["filter"] == {"day": "2026-06-02"}
