"""A year end, as a treasurer lives it: three funders of whom one leaves, sixty awards in every state, runs and their files for the bank, bounces
and refunds up to midnight on 31 March.

Then the books are closed by two people, every file of the year says the same to the penny, and in the end the fund is closed.
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
from portal.exports.publish import giving, settings, summaries
from portal.grants import award, ending, pay, queries, report, rounds, runs, withdrawals
from portal.grants import closing as closing_of_fund
from portal.grants.bank_file import BankAccount
from portal.grants.model import Application, Award, Funder, Payment
from portal.history import Actor
from portal.ledger import checks
from portal.ledger import queries as books
from portal.money import Pence
from portal.people.actions import create_organisation
from portal.worker import CACHES
from tests.grants.season import Season, begin, person

AWARDS = 60
FREE = "fund:small-sparks:available"
STATES = ("offered", "declined", "ready", "prepared", "released", "settled", "bounced", "part back", "all back", "part paid")
YEAR, NEXT = "2026-27", "2027-28"
LAST = date(2027, 3, 31)
PUBLISHER = {"publisher_name": "Estuary Council", "publisher_prefix": "360G-Estuary"}
LEFT = 500_00  # what the funder who leaves takes back in March


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
    run = pay.release_run([payment], otto)
    rows = list(csv.reader(io.StringIO(runs.take_file(run, "csv", runs.first_day_to_pay(), fay).decode())))
    assert [round(float(row[3]) * 100) for row in rows] == [pay.payment_by_ref(payment).amount], "the bank is told what the books say"
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
        runs.set_paying_account(BankAccount("201234", "87654321", "ESTUARY BOROUGH"), season.actor("Fay"))
        settings.change({**PUBLISHER, "publisher_id": "GB-LAE-EST", "licence": "cc-by", "every": "never"}, olga)
        with transaction():
            gardeners = create_organisation("Gardeners", "group", None, season.actor("Rita")).id
    for movement in layout.MOVEMENTS:
        layout.set_codes("small-sparks", movement, {side: layout.Codes("01", f"0{side}") for side in layout.SIDES}, season.actor("Fay"))
    fay, finn = season.actor("Fay"), season.actor("Finn")
    payments = []
    for number in range(AWARDS):
        with held_at(at(3, 10) + timedelta(minutes=number)):
            payments.append(lives(season, number, gardeners if number % 3 == 0 else None))
    with held_at(at(3, 20)):
        withdrawals.confirm(withdrawals.ask("small-sparks", "lottery", Pence(LEFT), "They leave us", season.actor("Olga")), fay)
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
        assert not standing.untied and not standing.together.off and standing.together.allocated == 9999_99 - LEFT
        _all_agrees()
        _open_data_agrees(season)
        journals = [journal.make("month", "2027-03", fay)]
        assert (
            _posted(journals[0], fay) == sum(sheet.pence for sheet in year.sheets if sheet.title == "Paid in year") - year.sheets[3].pence
        )
    with held_at(at(5, 3)):
        _ends(season)
        gone = closing_of_fund.confirm("small-sparks", books.balance(FREE), fay)
        assert books.balance(FREE) == 0 and gone == 9999_99 - LEFT - sum(db.session.scalars(select(Award.paid)))
        assert year_end.year_end(YEAR).digest == before.digest, "nothing of it changes the year before"
        assert year_end.year_end(NEXT).ok
        _all_agrees()


def _all_agrees() -> None:
    assert agree.agreement().ok and checks.check(full=True, caches=CACHES).ok


def _open_data_agrees(season: Season) -> None:
    """E1 and E2 hold every grant once, their sums are those of the awards, and nobody is named."""
    while found := summaries.items("waiting")[0]:
        for item in found:
            summaries.sign_off(item.bid, item.title, item.description, item.stamp, True, season.actor("Olga"))
    year = of_year(YEAR)
    bodies, people = list(giving.organisations(year)), list(giving.individuals(year))
    assert bodies and people and not any("Rita" in str(row) or "Rosa" in str(row) for row in [*bodies, *people])
    promised = sum(db.session.scalars(select(Award.amount).where(summaries.promised())))
    awarded = [row[[*giving.ORGANISATIONS].index("Amount Awarded")] for row in bodies]
    awarded += [row[[*giving.INDIVIDUALS].index("Amount Awarded")] for row in people]
    assert sum(_pence(each) for each in awarded) == promised


def _ends(season: Season) -> None:
    """Everything of the fund is over: offers end, what waits is called off, what is on its way arrives, the rest returns, and a person asks to close."""
    fay, olga, otto = (season.actor(name) for name in ("Fay", "Olga", "Otto"))
    for payment in db.session.scalars(select(Payment.ref).where(Payment.status == "released")).all():
        pay.settle(payment, clock.today(), fay)
    for ref, status in db.session.execute(select(Award.ref, Award.status)).all():
        if status == "ready_to_pay" and award.award_by_ref(ref).paid:
            pay.keep_rest(ref, "The fund ends", fay)
        elif status == "reserved":
            award.decline(ref, Actor(award.award_by_ref(ref).application.person_id))
        elif status == "ready_to_pay":
            ending.ask(ref, "The fund ends", olga)
            ending.end(ref, otto)
    for bid in db.session.scalars(select(Application.ref).join(Award).where(Award.status == "reporting")).all():
        report.waive(bid, "The fund ends", olga)
    rounds.finish_round(season.round_ref, olga)
    db.session.rollback()
    assert not closing_of_fund.in_the_way(queries.fund_by_code("small-sparks"))
    closing_of_fund.ask("small-sparks", "It has done its work", olga)


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
