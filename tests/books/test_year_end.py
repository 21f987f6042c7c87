"""A year end, as a treasurer lives it: three funders, sixty awards in every state, runs, bounces and refunds up to midnight on 31 March.

Then the books are closed by two people, and every file of the year says the same to the penny.
"""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.books import agree, closing, funds, journal, layout, year_end
from portal.clock import held_at
from portal.db import db, transaction
from portal.errors import Refused
from portal.exports import files, spend, vcse
from portal.exports.filters import of_year
from portal.grants import award, pay, rounds
from portal.grants.model import Award, Funder
from portal.history import Actor
from portal.ledger import checks
from portal.money import Pence
from portal.people.actions import create_organisation
from portal.worker import CACHES
from tests.grants.season import Season, begin, person

AWARDS = 60
STATES = ("offered", "declined", "ready", "prepared", "released", "settled", "bounced", "part back", "all back", "part paid")
YEAR, NEXT = "2026-27", "2027-28"
LAST = date(2027, 3, 31)


def at(month: int, day: int, year: int = 2027) -> datetime:
    return datetime(year, month, day, 9, 0, tzinfo=UTC)


def lives(season: Season, number: int, organisation_id: int | None) -> str:
    """One award, as far as its state says by the middle of March; returns its payment's reference, or nothing."""
    state = STATES[number % len(STATES)]
    fay, olga, otto = (season.actor(name) for name in ("Fay", "Olga", "Otto"))
    bid = season.sent(f"Idea {number}", 50_00 + number * 101, by=("Rita", "Rob", "Rosa")[number % 3], organisation_id=organisation_id)
    made = season.offered(bid)
    if state == "offered":
        return ""
    applicant = Actor(made.application.person_id)
    if state == "declined":
        award.decline(made.ref, applicant)
        return ""
    award.accept(made.ref, applicant)
    award.give_details(made.ref, "The group", "201234", "12345678", applicant)
    if state == "ready":
        return ""
    part = Pence(20_00) if state == "part paid" else None
    payment = pay.prepare(made.ref, part, fay)
    if state == "prepared":
        return ""
    pay.approve(payment, olga)
    pay.release_run([payment], otto)
    if state in ("released", "bounced"):
        if state == "bounced":
            pay.bounce(payment, clock.today(), "Account closed", fay)
        return payment
    pay.settle(payment, clock.today(), fay)
    if state == "part back":
        pay.refund(made.ref, Pence(5_01), clock.today(), "Not needed", fay)
    if state == "all back":
        pay.refund(made.ref, Pence(made.amount), clock.today(), "It did not happen", fay)
    if state == "part paid" and number % 20 == 9:
        pay.keep_rest(made.ref, "Less was needed", fay)
    return payment


@pytest.mark.slow
def test_a_year_end(app: Flask, request: pytest.FixtureRequest) -> None:
    if "postgresql" in request.node.name:
        pytest.skip("a long story, told once: nothing in it depends on the engine")
    with held_at(at(3, 1)):
        season = begin(money=4000_00)
        season.people["Finn"] = person("Finn", "finance")
        olga = season.actor("Olga")
        for code, pence in (("tideway", 3000_00), ("lottery", 2999_99)):
            rounds.add_funder(code, code.title(), olga)
            funder = db.session.scalars(select(Funder.id).where(Funder.code == code)).one()
            rounds.contribute(season.fund_id, funder, Pence(pence), clock.today(), "", olga)
        with transaction():
            gardeners = create_organisation("Gardeners", "group", None, season.actor("Rita")).id
    for movement in layout.MOVEMENTS:
        layout.set_codes("small-sparks", movement, {side: layout.Codes("01", f"0{side}") for side in layout.SIDES}, season.actor("Fay"))
    fay, finn = season.actor("Fay"), season.actor("Finn")
    payments = []
    for number in range(AWARDS):
        with held_at(at(3, 10) + timedelta(minutes=number)):
            payments.append(lives(season, number, gardeners if number % 3 == 0 else None))
    db.session.rollback()
    assert {"reserved", "declined", "ready_to_pay", "returned", "reporting"} <= set(db.session.scalars(select(Award.status)))
    moving = [payment for number, payment in enumerate(payments) if STATES[number % len(STATES)] == "released"]
    with held_at(datetime(2027, 3, 31, 22, 30, tzinfo=UTC)):  # half past eleven on the last evening, in London
        pay.settle(moving[0], clock.today(), fay)
        with pytest.raises(Refused, match="when its last day is over"):
            closing.ask(LAST, fay)
    with held_at(datetime(2027, 3, 31, 23, 30, tzinfo=UTC)):  # half past midnight on 1 April
        pay.settle(moving[1], clock.today(), fay)
        pay.bounce(moving[2], LAST, "Typed late, of yesterday", fay)
        before = year_end.year_end(YEAR)
        assert before.ok, [tie for tie in before.ties if tie.here != tie.there]
        closing.ask(LAST, fay)
        head = closing.confirm(LAST, finn)
        with pytest.raises(Refused, match="The books are closed up to that day"):
            pay.bounce(moving[3], LAST, "Too late", fay)
        pay.bounce(moving[3], date(2027, 4, 1), "In the next year then", fay)
    with held_at(at(4, 20)):
        year, after = year_end.year_end(YEAR), year_end.year_end(NEXT)
        assert year.ok and after.ok and year.closed and (year.head, year.digest) == (head, before.digest), "the old year stays as it was"
        _files_agree(year)
        _files_agree(after)
        standing = funds.sheet()
        assert not standing.untied and not standing.together.off and standing.together.allocated == 9999_99
        assert agree.agreement().ok and checks.check(full=True, caches=CACHES).ok
        journals = [journal.make("month", "2027-03", fay)]
        assert (
            _posted(journals[0], fay) == sum(sheet.pence for sheet in year.sheets if sheet.title == "Paid in year") - year.sheets[3].pence
        )


def _files_agree(year: year_end.YearEnd) -> None:
    """E4's lines come to what was paid less what came back; E3's to what the workbook says of community bodies."""
    spent = sum(_pence(row[spend.TOTAL]) for row in spend.rows(of_year(year.year, "paid")))
    sheets = {sheet.title: sheet.pence for sheet in year.sheets}
    assert spent == sheets["Paid in year"] - sheets["Recoveries"]
    assert not [row for row in vcse.rows(of_year(year.year)) if row[vcse.TOTAL] is None]


def _posted(ref: str, actor: Actor) -> int:
    """What a journal posts to spending, net: paid less bounced less refunded; its debits equal its credits."""
    rows = list(csv.DictReader(io.StringIO(journal.take(ref, actor).decode())))
    debits, credits = (sum(round(float(row[side]) * 100) for row in rows) for side in ("Debit", "Credit"))
    assert debits == credits
    paid = [row for row in rows if row["Source ref"].startswith("TXN") and row["Subjective code"] == "0debit"]
    back = [row for row in rows if row["Source ref"].startswith("RFD") and row["Subjective code"] == "0credit"]
    return sum(round(float(row["Net"]) * 100) for row in [*paid, *back])


def _pence(cell: files.Cell) -> int:
    assert isinstance(cell, files.Money)
    return cell.pence
