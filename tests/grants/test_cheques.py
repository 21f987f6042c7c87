"""Paid by cheque: from the name and address to the day on which it is paid in, stopped or sent back; the books agree all the way."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from portal import clock, vault
from portal.books import agree, year_end
from portal.db import db, transaction
from portal.errors import NotYours, Refused
from portal.exports import grants as money
from portal.exports.filters import of_year
from portal.front import needs
from portal.front.queries import Job, desk
from portal.grants import apply, award, bank_lines, cheques, pay, runs
from portal.grants.bank_file import BankAccount
from portal.grants.by_hand_model import Cheque
from portal.grants.model import Award, Payee, Payment, PaymentRun
from portal.grants.payees import clean_cheque_number, masked_address
from portal.grants.rules import RoundRules
from portal.grants.sums_in_words import pounds_in_words
from portal.history import Actor
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import Message
from portal.people.model import SignInSession
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin

MONDAY = datetime(2026, 10, 5, 9, tzinfo=UTC)
ADDRESS = "12 Harbour Street\nGrays\nRM17 6XX"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    with clock.held_at(MONDAY):
        yield begin(rules=RoundRules(cheques=True))
    with clock.held_at(MONDAY + timedelta(days=400)):  # the file of what was paid ends today: after all that a test has told
        db.session.rollback()
        assert_books_are_right()
        assert agree.agreement().ok


def ready(season: Season, title: str = "Beds", asked: int = 120_50, by: str = "Rita") -> Award:
    made = season.ready(season.sent(title, asked, by=by, route="cheque"))
    award.give_address(made.ref, f"{by} Smith", ADDRESS, season.actor(by))
    return season.award_now(made)


def now(payment: Payment) -> Payment:
    ref = payment.ref
    db.session.rollback()
    return pay.payment_by_ref(ref)


def heaps() -> dict[str, needs.Heap]:
    return {heap.name: heap for heap in desk(Job(finance=True))[0]}


def test_the_words_on_a_cheque() -> None:
    assert [pounds_in_words(pence) for pence in (250_00, 237_66, 1_01, 1_000_00, 15_040_00, 1_250_19, 50, 21_00)] == [
        "Two hundred and fifty pounds only", "Two hundred and thirty-seven pounds and 66 pence", "One pound and 1 penny", "One thousand pounds only",
        "Fifteen thousand and forty pounds only", "One thousand, two hundred and fifty pounds and 19 pence", "No pounds and 50 pence",
        "Twenty-one pounds only",
    ]  # fmt: skip
    assert [masked_address(each) for each in (ADDRESS, "The boat, Tilbury")] == ["••• RM17 •••", "•••"]
    assert clean_cheque_number("00-01 23") == "123"
    for wrong in ("", "000", "12a", "1" * 13):
        with pytest.raises(ValueError, match="digits"):
            clean_cheque_number(wrong)


def test_only_where_the_round_sends_them(app: Flask) -> None:
    season = begin()
    with pytest.raises(Refused, match="cannot send a cheque"):
        season.sent(route="cheque")
    rita = Inspector(app, 15).sign_in(season.who("Rita").id)
    draft = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
    assert "By a cheque in the post" not in rita.get(f"/grants/{draft}/pay").text
    assert not RoundRules.load({}).cheques, "a round that froze before there were cheques sends none"


class TestWhereItGoes:
    def test_sealed_masked_and_changed_after_a_wait(self, season: Season) -> None:
        made, rita = ready(season), season.actor("Rita")
        payee = award.current_payee(made)
        assert payee is not None and vault.unseal(payee.sealed) == ADDRESS and "Harbour" not in payee.sealed
        assert (payee.route, payee.masked, payee.name) == ("cheque", "••• RM17 •••", "Rita Smith")
        award.give_address(made.ref, "Rita Smith", ADDRESS, rita)
        prepared = pay.prepare(made.ref, None, season.actor("Fay"))
        award.give_address(made.ref, "Rita Smith", "3 Mill Lane\nGrays\nRM17 1AB", rita)
        assert pay.payment_by_ref(prepared).status == "cancelled"
        with pytest.raises(Refused, match="We wait until"):
            pay.prepare(made.ref, None, season.actor("Fay"))
        for name, address, said in (("", ADDRESS, "the name"), ("Rita", "", "the address")):
            with pytest.raises(Refused, match=said):
                award.give_address(made.ref, name, address, rita)
        with pytest.raises(Refused, match="paid by cheque, so no account"):
            award.give_details(made.ref, "Rita", "201234", "12345678", rita)
        with pytest.raises(Refused, match="not paid by cheque"):
            award.give_address(season.ready(season.sent(by="Rob")).ref, "Rob", ADDRESS, season.actor("Rob"))
        with clock.held_at(MONDAY + timedelta(days=4)):
            payment = season.released(season.award_now(made))
            with pytest.raises(Refused, match="A cheque is on its way to the old address"):
                award.give_address(made.ref, "Rita Smith", ADDRESS, rita)
            assert payment.status == "released"

    def test_who_entered_it_is_no_hand_and_the_same_elsewhere_is_seen(self, season: Season) -> None:
        made = season.ready(season.sent(route="cheque"))
        award.give_address(made.ref, "Rita Smith", ADDRESS, Actor(season.who("Olga").id, season.who("Rita").id, "on paper"))
        with pytest.raises(Refused, match="You entered the account"):
            pay.prepare(made.ref, None, season.actor("Olga"))
        other = season.ready(season.sent("A choir", 60_00, by="Rob", route="cheque"))
        award.give_address(other.ref, "rita  smith", ADDRESS.upper(), season.actor("Rob"))
        payee = award.current_payee(season.award_now(other))
        assert payee is not None and [each.ref for each in award.same_account(payee)] == [made.ref]


class TestItsLife:
    def test_from_the_number_to_the_bank(self, season: Season) -> None:
        fay, otto = season.actor("Fay"), season.actor("Otto")
        runs.set_paying_account(BankAccount("401234", "87654321", "Estuary Council"), fay)
        by_cheque, by_bank = ready(season), season.ready(season.sent("A choir", 80_00, by="Rob"))
        refs = [pay.prepare(each.ref, None, fay) for each in (by_cheque, by_bank)]
        for ref in refs:
            pay.approve(ref, season.actor("Olga"))
        run = pay.release_run(refs, otto)
        assert [item.href for item in heaps()["cheques"].items] == [f"/finance/runs/{run}"]
        rows = runs.take_file(run, "csv", runs.first_day_to_pay(), fay).decode().splitlines()
        assert len(rows) == 1 and "80.00" in rows[0], "no cheque in the bank's file"
        with pytest.raises(Refused, match="number of the cheque first"):
            pay.settle(refs[0], clock.today(), fay)
        assert pay.settle_run(run, clock.today(), fay) == 1, "a cheque is told on its own"
        assert books.balance(pay.in_transit(pay.run_by_ref(run).id)) == 120_50
        with pytest.raises(NotYours):
            cheques.slips(pay.run_by_ref(run), season.who("Fay").id)
        assert cheques.write_all(run, "100123", fay) == 1
        with pytest.raises(Refused, match="has its number"):
            cheques.write_all(run, "100124", fay)
        cheques.show(run, fay)
        (slip,) = cheques.slips(pay.run_by_ref(run), season.who("Fay").id)
        assert (slip.number, slip.address, slip.in_words) == ("100123", ADDRESS, "One hundred and twenty pounds and 50 pence")
        assert db.session.scalar(select(Message.subject).where(Message.key.like("payment:%:cheque"))) == "Your cheque is in the post"
        assert "cheques" not in heaps() and agree.agreement().ok
        bank_lines.take_in(b"Date,Description,Amount\n09/10/2026,CHQ 00100123,-120.50\n09/10/2026,CHQ 100124,-120.50\n", fay)
        with clock.held_at(MONDAY + timedelta(days=5)):
            mine, other = bank_lines.waiting()
            assert mine.proposed == f"arrived:{refs[0]}" and other.proposed == ""
            assert bank_lines.decide({mine.line.ref: mine.proposed}, fay).refused == {}
            paid = pay.payment_by_ref(refs[0])
            assert (paid.status, paid.settled_on) == ("settled", date(2026, 10, 9))
            assert season.award_now(by_cheque).status == "reporting"
            (row,) = (each for each in money.money(of_year("2026-27")) if each.ref == paid.ref)
            assert (row.pence, row.supplier) == (120_50, money.REDACTED)
        with clock.held_at(MONDAY + timedelta(days=80)):
            assert award.purge_details() >= 1
            assert not db.session.scalars(select(Payee).where(Payee.route == "cheque", Payee.sealed != "")).all()

    def test_a_number_is_on_one_cheque_and_a_wrong_one_is_put_right(self, season: Season) -> None:
        fay = season.actor("Fay")
        one, two = season.released(ready(season)), season.released(ready(season, "A choir", 60_00, "Rob"))
        cheques.write(one.ref, "7", fay)
        cheques.write(one.ref, "7", fay)
        with pytest.raises(Refused, match="is written for payment"):
            cheques.write(two.ref, "7", fay)
        with pytest.raises(Refused, match="Write why it has another number"):
            cheques.write(one.ref, "8", fay)
        cheques.write(one.ref, "8", fay, "A blot")
        cheques.write(two.ref, "7", fay)
        assert {each.number: bool(each.cancelled_at) for each in db.session.scalars(select(Cheque).where(Cheque.payment_id == one.id))} == {
            "7": True, "8": False,
        }  # fmt: skip
        other = season.released(season.ready(season.sent("A bench", 50_00, by="Rosa")))
        with pytest.raises(Refused, match="not made by cheque"):
            cheques.write(other.ref, "9", fay)
        with pytest.raises(Refused, match="not made by cheque"):
            cheques.came_back(other.ref, "stopped", clock.today(), "Lost", fay)
        with pytest.raises(Refused, match="Stop it first"):
            runs.ask_back(_run_of(one), "A mistake", fay)

    @pytest.mark.parametrize("was", ["stopped", "returned"])
    def test_it_comes_back_and_another_one_is_sent(self, season: Season, was: str) -> None:
        fay = season.actor("Fay")
        made = ready(season)
        payment = season.released(made)
        cheques.write(payment.ref, "100123", fay)
        for wrong, why, said in (("lost", "x", "Say whether"), (was, "", "Write why")):
            with pytest.raises(Refused, match=said):
                cheques.came_back(payment.ref, wrong, clock.today(), why, fay)
        if was == "returned":
            pay.settle(payment.ref, clock.today(), fay)
            with pytest.raises(Refused, match="was paid in"):
                cheques.came_back(payment.ref, "stopped", clock.today(), "Lost", fay)
        cheques.came_back(payment.ref, was, clock.today(), "Lost in the post", fay)
        cheques.came_back(payment.ref, was, clock.today(), "Lost in the post", fay)
        assert now(payment).status == "bounced" and books.balance(award.payable(season.award_now(made))) == 120_50
        stands = pay.cheque_of(now(payment))
        assert stands is not None and stands.ended == was and "bounced" in heaps()
        again = season.released(season.award_now(made))
        assert "bounced" not in heaps()
        with pytest.raises(Refused, match="is written for payment"):
            cheques.write(again.ref, "100123", fay)
        cheques.write(again.ref, "100124", fay)
        pay.settle(again.ref, clock.today(), fay)
        assert season.award_now(made).paid == 120_50 and agree.agreement().ok

    def test_six_months_and_a_year_end(self, season: Season) -> None:
        fay = season.actor("Fay")
        with clock.held_at(datetime(2027, 3, 20, 9, tzinfo=UTC)):
            payment = season.released(ready(season))
            cheques.write(payment.ref, "100123", fay)
        with clock.held_at(datetime(2027, 4, 2, 9, tzinfo=UTC)):
            found = year_end.year_end("2026-27")
            assert found.ok, [tie for tie in found.ties if tie.here != tie.there]
            sheets = {sheet.title: sheet.pence for sheet in found.sheets}
            assert (sheets["Paid in year"], sheets["Awarded but unpaid"]) == (0, 120_50), "not paid in on 31 March: not paid"
            assert agree.agreement().ok
        with clock.held_at(datetime(2027, 9, 20, 9, tzinfo=UTC)):
            assert "old_cheques" not in heaps() and not cheques.not_paid_in()
        with clock.held_at(datetime(2027, 9, 21, 9, tzinfo=UTC)):
            assert [item.href for item in heaps()["old_cheques"].items] == [f"/finance/payments/{payment.ref}/cheque"]
            assert [line.payment.ref for _cheque, line in cheques.not_paid_in()] == [payment.ref] and "slow" not in heaps()
            cheques.came_back(payment.ref, "stopped", clock.today(), "Nobody paid it in", fay)
            assert "old_cheques" not in heaps() and agree.agreement().ok
            assert year_end.year_end("2026-27").ok and year_end.year_end("2027-28").ok


def _run_of(payment: Payment) -> str:
    assert payment.run_id is not None
    return db.session.get_one(PaymentRun, payment.run_id).ref


def test_the_database_has_the_last_word(season: Season) -> None:
    fay = season.who("Fay").id
    one, other = season.released(ready(season)), season.released(season.ready(season.sent("A choir", 60_00, by="Rob")))
    prepared = pay.prepare(ready(season, "Tools", 55_00, "Rosa").ref, None, season.actor("Fay"))

    def refused(statement: str, **values: Any) -> None:
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.execute(text(statement), values)

    add = (
        "INSERT INTO cheque (payment_id, number, dated, written_by_id, written_at, ended, cancelled_why) "
        "VALUES (:payment, :number, '2026-10-05', :by, '2026-10-05 09:00:00+00:00', '', '')"
    )
    ids = [one.id, other.id, pay.payment_by_ref(prepared).id]
    db.session.rollback()
    refused("UPDATE payment SET status = 'settled' WHERE id = :id", id=ids[0])
    for id_ in ids[1:]:
        refused(add, payment=id_, number="5", by=fay)
    cheques.write(now(one).ref, "5", season.actor("Fay"))
    db.session.rollback()
    refused(add, payment=ids[0], number="6", by=fay)
    for change in (
        "number = '6'",
        "dated = '2026-10-06'",
        "ended = 'lost'",
        "cancelled_by_id = 1",
        "cancelled_by_id = 1, cancelled_at = written_at",
    ):
        refused(f"UPDATE cheque SET {change}")
    refused("DELETE FROM cheque")


def test_the_pages(app: Flask, season: Season) -> None:
    rita, fay, olga = (Inspector(app, 25).sign_in(season.who(name).id) for name in ("Rita", "Fay", "Olga"))
    draft = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
    assert "By a cheque in the post" in rita.get(f"/grants/{draft}/pay").text
    made = season.ready(season.sent(asked=120_50, route="cheque"))
    page = f"/grants/{made.application.ref}/award"
    assert "Tell us where to send the cheque" in rita.get(page).text
    with transaction():
        db.session.execute(update(SignInSession).values(proved_at=MONDAY))
    rita.get(f"{page}/account").submit("Send the cheque there", 422, name="Rita Smith", address="")
    rita.submit("Send the cheque there", name="Rita Smith", address=ADDRESS).follow()
    assert "••• RM17 •••" in rita.text and "Harbour" not in rita.text
    payment = season.released(season.award_now(made))
    run = _run_of(payment)
    assert "Write its number and send it" in fay.get("/desk/").text
    olga.get(f"/finance/runs/{run}/cheques/numbers", 404)
    assert "Write their numbers down" in fay.get(f"/finance/runs/{run}").text
    fay.get(f"/finance/runs/{run}/cheques/numbers").submit("Write the numbers down", 422, first="x")
    fay.submit("Write the numbers down", first="100123").follow()
    assert "by cheque 100123" in fay.text and "Nothing in this run goes through the bank" in fay.text
    fay.submit("Show the list of cheques").follow()
    assert "Harbour Street" in fay.text and "One hundred and twenty pounds and 50 pence" in fay.text
    assert "Who took the list" in fay.get(f"/finance/runs/{run}").text
    assert "The cheque is in the post" in rita.get(page).text
    assert "100123" in fay.get(f"/finance/payments/{payment.ref}").text and "It was paid in" in fay.text
    fay.get(f"/finance/payments/{payment.ref}/cheque").submit("Write the number down", 422, write_number="100124")
    with clock.held_at(MONDAY + timedelta(days=190)):
        fay, olga = (Inspector(app, budget).sign_in(season.who(name).id) for name, budget in (("Fay", 25), ("Olga", 15)))
        assert "Cheques that nobody has paid in for six months" in fay.get("/finance/payments").text
        assert "Stop cheque 100123" in olga.get("/finance/cheques").text
        fay.get(f"/finance/payments/{payment.ref}/cheque").submit("It does not count any more", 422, back_reason="Lost")
        fay.submit("It does not count any more", back_was="stopped", back_reason="Lost").follow()
        assert "We stopped it" in fay.text and "Came back" in fay.text
        assert "None. Every cheque was paid in" in olga.get("/finance/cheques").text
    assert Pence(120_50) == books.balance(award.payable(season.award_now(made)))
