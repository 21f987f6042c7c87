"""Offer, yes or no, conditions, the account, giving back: every refusal, and where the money is each time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock, vault
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import award, pay
from portal.grants.model import Award, Payee
from portal.grants.payees import clean_account_number, clean_sort_code
from portal.ledger import queries as books
from portal.outbox import Message, messages_about
from portal.people.actions import delete_me
from portal.people.queries import COLLECTORS, all_about
from portal.work.model import Purpose
from tests.client import Inspector
from tests.grants.season import NUMBER, SORT_CODE, Season, assert_books_are_right, begin

FREE = "fund:small-sparks:available"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


class TestTheAnswer:
    def test_yes_opens_the_purpose_and_is_said_once(self, season: Season) -> None:
        made = season.offered()
        award.accept(made.ref, season.actor("Rita"))
        award.accept(made.ref, season.actor("Rita"))
        made = season.award_now(made)
        assert made.status == "ready_to_pay" and books.balance(award.payable(made)) == 250_00
        purpose = db.session.scalars(select(Purpose)).one()
        assert (purpose.about, purpose.first_day, purpose.last_day) == (f"award:{made.id}", made.first_day, made.last_day)
        assert len([each for each in messages_about(f"bid:{made.application_id}") if "Thank you" in each.subject]) == 1

    def test_no_gives_the_money_back(self, season: Season) -> None:
        made = season.offered()
        award.decline(made.ref, season.actor("Rita"), "Found the money elsewhere")
        assert season.award_now(made).status == "declined" and season.bid(made.application.ref).status == "declined"
        assert books.balance(FREE) == 1000_00
        with pytest.raises(Refused, match="not open any more"):
            award.accept(made.ref, season.actor("Rita"))
        with pytest.raises(Refused, match="not open any more"):
            award.decline(made.ref, season.actor("Rita"))

    def test_nobody_answers_after_the_last_day_and_the_money_goes_back_once(self, season: Season) -> None:
        made = season.offered()
        with clock.held_at(clock.end_of_day(made.accept_by)):
            assert award.lapse() == 0, "the last day is theirs"
        with clock.held_at(clock.end_of_day(made.accept_by) + timedelta(seconds=2)):
            with pytest.raises(Refused, match="time to say yes ended"):
                award.accept(made.ref, season.actor("Rita"))
            assert award.lapse() == 1
            assert award.lapse() == 0
            with pytest.raises(Refused):
                award.accept(made.ref, season.actor("Rita"))
        assert season.award_now(made).status == "lapsed" and books.balance(FREE) == 1000_00
        assert season.bid(made.application.ref).status == "lapsed"
        assert award.offer_reserves() == 0, "who let an offer lapse is not on the reserve list"

    def test_an_offer_past_its_day_says_so_before_the_worker_comes(self, app: Flask, season: Season) -> None:
        made = season.offered()
        rita = Inspector(app, budget=40).sign_in(season.who("Rita").id)
        link = "/a/" + award.accept_link(made).split("/a/")[1]
        bid = f"/grants/{made.application.ref}"
        for path in (f"{bid}/award", link):
            assert "Yes, we take it" in rita.get(path).text
        with clock.held_at(clock.end_of_day(made.accept_by) + timedelta(minutes=1)):
            later = Inspector(app, budget=40).sign_in(season.who("Rita").id)
            for path in (bid, f"{bid}/award", link):
                page = later.get(path).text
                assert "time to say yes ended" in page and "waits for your yes" not in page and "Yes, we take it" not in page
            fay = Inspector(app, budget=40).sign_in(season.who("Fay").id)
            assert "Ended: not taken up in time" in fay.get(f"/finance/awards/{made.ref}").text

    def test_one_reminder_three_days_before(self, season: Season) -> None:
        made = season.offered()
        assert award.remind() == 0
        with clock.held_at(clock.start_of_day(made.accept_by - timedelta(days=4))):
            assert award.remind() == 0
        with clock.held_at(clock.start_of_day(made.accept_by - timedelta(days=3)) + timedelta(hours=9)):
            assert award.remind() == 1
            assert award.remind() == 0
        with clock.held_at(clock.start_of_day(made.accept_by) + timedelta(hours=9)):
            assert award.remind() == 0
        assert award.accept_link(made) in messages_about(f"bid:{made.application_id}")[0].body

    def test_the_link_of_the_letter_opens_that_award_only(self, season: Season) -> None:
        made = season.offered()
        mark = award.accept_link(made).rsplit("/", 1)[1]
        assert award.award_of_link(made.ref, mark).id == made.id
        other = season.offered(season.sent("Bench"))
        for wrong in (mark[:-1] + "x", "", mark.upper() + "é"):
            with pytest.raises(NotFound):
                award.award_of_link(made.ref, wrong)
        with pytest.raises(NotFound):
            award.award_of_link(other.ref, mark)

    def test_a_rotated_key_keeps_old_links_and_recognises_old_accounts(self, season: Season) -> None:
        made = season.ready()
        mark = award.accept_link(made).rsplit("/", 1)[1]
        old = award.current_payee(made)
        assert old is not None
        keys = vault._keys
        try:
            vault.open_with((vault.new_key(), *keys))
            assert award.award_of_link(made.ref, mark).id == made.id
            other = season.offered(season.sent("Bench", by="Rob"))
            award.accept(other.ref, season.actor("Rob"))
            award.give_details(other.ref, "Rob", SORT_CODE, NUMBER, season.actor("Rob"))
            payee = award.current_payee(other)
            assert payee is not None and payee.fingerprint != old.fingerprint
            assert [each.ref for each in award.same_account(payee)] == [made.ref]
        finally:
            vault.open_with(keys)


class TestConditions:
    def test_each_is_seen_once_and_only_the_last_one_frees_the_money(self, season: Season) -> None:
        made = season.offered(conditions=("Landowner", "Insurance"))
        award.meet_condition(made.ref, 0, season.actor("Olga"))
        award.accept(made.ref, season.actor("Rita"))
        assert season.award_now(made).status == "conditions_open" and books.balance(award.payable(made)) == 0
        award.meet_condition(made.ref, 0, season.actor("Olga"))
        with pytest.raises(NotFound):
            award.meet_condition(made.ref, 2, season.actor("Olga"))
        with pytest.raises(NotFound):
            award.meet_condition(made.ref, -1, season.actor("Olga"))
        award.meet_condition(made.ref, 1, season.actor("Otto"))
        made = season.award_now(made)
        assert made.status == "ready_to_pay" and books.balance(award.payable(made)) == 250_00
        assert [each["met_by"] for each in made.conditions] == [season.who("Olga").id, season.who("Otto").id]

    def test_not_after_it_ended(self, season: Season) -> None:
        made = season.offered(conditions=("Landowner",))
        award.decline(made.ref, season.actor("Rita"))
        with pytest.raises(Refused):
            award.meet_condition(made.ref, 0, season.actor("Olga"))


class TestTheAccount:
    def test_not_before_yes_and_not_after_payment(self, season: Season) -> None:
        made = season.offered()
        with pytest.raises(Refused, match="after you said yes"):
            award.give_details(made.ref, "Rita", SORT_CODE, NUMBER, season.actor("Rita"))
        award.accept(made.ref, season.actor("Rita"))
        award.give_details(made.ref, "Rita", SORT_CODE, NUMBER, season.actor("Rita"))
        payment = season.released(made)
        with pytest.raises(Refused, match="on its way"):
            award.give_details(made.ref, "Rita", SORT_CODE, "87654321", season.actor("Rita"))
        pay.settle(payment.ref, clock.today(), season.actor("Fay"))
        with pytest.raises(Refused):
            award.give_details(made.ref, "Rita", SORT_CODE, "87654321", season.actor("Rita"))

    def test_what_the_council_buys_needs_none(self, season: Season) -> None:
        made = season.offered(season.sent(route="council_buys"))
        award.accept(made.ref, season.actor("Rita"))
        with pytest.raises(Refused, match="council buys"):
            award.give_details(made.ref, "Rita", SORT_CODE, NUMBER, season.actor("Rita"))
        assert award.current_payee(season.award_now(made)) is None
        assert season.released(made).status == "released"
        payee = award.current_payee(season.award_now(made))
        assert payee is not None and (payee.name, payee.sealed, payee.masked) == ("Corner Hardware", "", "")

    def test_it_is_sealed_masked_and_told(self, season: Season) -> None:
        made = season.ready()
        payee = award.current_payee(made)
        assert payee is not None
        assert vault.unseal(payee.sealed) == f"{SORT_CODE}:{NUMBER}"
        for message in db.session.scalars(select(Message)):
            assert NUMBER not in message.body + message.short + message.letter
        assert "••••5678" in messages_about(f"bid:{made.application_id}")[0].body
        assert COLLECTORS["awards"](season.who("Rita").id)[0]["account"] == payee.masked
        assert "12345678" not in str(all_about(season.who("Rita").id))

    def test_the_same_again_changes_nothing(self, season: Season) -> None:
        made = season.ready()
        before = award.current_payee(made)
        award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, NUMBER, season.actor("Rita"))
        after = award.current_payee(season.award_now(made))
        assert before is not None and after is not None and before.id == after.id

    def test_a_change_waits_and_calls_off_what_has_not_left(self, season: Season) -> None:
        made = season.ready()
        payment = pay.prepare(made.ref, None, season.actor("Fay"))
        pay.approve(payment, season.actor("Olga"))
        award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, "87654321", season.actor("Rita"))
        assert pay.payment_by_ref(payment).status == "cancelled"
        with pytest.raises(Refused, match="We wait until"):
            pay.prepare(made.ref, None, season.actor("Fay"))
        assert "was changed" in messages_about(f"bid:{made.application_id}")[0].body
        with clock.held_at(clock.now() + timedelta(days=3, minutes=1)):
            assert season.released(made).status == "released"

    def test_the_same_account_of_somebody_else_is_seen(self, season: Season) -> None:
        made = season.ready()
        again = season.ready(season.sent("Second idea"))
        other = season.ready(season.sent("Rob's idea", by="Rob"))
        payees = {each.ref: award.current_payee(each) for each in (made, again, other)}
        own, second, robs = payees.values()
        assert own and second and robs
        assert {each.ref for each in award.same_account(robs)} == {made.ref, again.ref}
        assert {each.ref for each in award.same_account(own)} == {other.ref}, "a group's second award is no surprise"

    def test_numbers_are_forgotten_a_month_later_never_before(self, season: Season) -> None:
        made = season.ready()
        waits = season.ready(season.sent("Waits"))
        season_payment = season.released(made)
        pay.settle(season_payment.ref, clock.today(), season.actor("Fay"))
        with clock.held_at(clock.now() + timedelta(days=29)):
            assert award.purge_details() == 0
        with clock.held_at(clock.now() + timedelta(days=31)):
            assert award.purge_details() == 1
        kept = db.session.scalars(select(Payee).where(Payee.sealed != "")).all()
        assert [each.award_id for each in kept] == [waits.id]
        # sent back by the bank after that: the number is asked for again
        with clock.held_at(clock.now() + timedelta(days=32)):
            pay.bounce(season_payment.ref, clock.today(), "Account closed", season.actor("Fay"))
            with pytest.raises(Refused, match="forgotten"):
                pay.prepare(made.ref, None, season.actor("Fay"))
            award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, NUMBER, season.actor("Rita"))

    @pytest.mark.parametrize("good", ["20-12-34", "201234", " 20 12 34 ", "20–12–34"])
    def test_sort_codes(self, good: str, season: Season) -> None:
        assert clean_sort_code(good) == "201234"

    @pytest.mark.parametrize("bad", ["", "20123", "2012345", "20-12-3a", "000000", "٢٠١٢٣٤", "20/12/34", "=201234"])
    def test_what_is_no_sort_code(self, bad: str, season: Season) -> None:
        with pytest.raises(ValueError, match="six digits"):
            clean_sort_code(bad)

    def test_account_numbers(self, season: Season) -> None:
        assert clean_account_number("1234 5678") == "12345678"
        assert clean_account_number("123456") == "00123456"
        for bad in ("", "12345", "123456789", "1234567x", "00000000", "12.345678", "-1234567x"):
            with pytest.raises(ValueError, match="eight digits"):
                clean_account_number(bad)


class TestGivingBack:
    @pytest.mark.parametrize("state", ["reserved", "conditions_open", "ready_to_pay", "prepared", "approved"])
    def test_before_the_money_has_left(self, season: Season, state: str) -> None:
        made = season.offered(conditions=("Landowner",) if state == "conditions_open" else ())
        if state != "reserved":
            award.accept(made.ref, season.actor("Rita"))
        payment = ""
        if state in ("prepared", "approved"):
            award.give_details(made.ref, "Rita", SORT_CODE, NUMBER, season.actor("Rita"))
            payment = pay.prepare(made.ref, None, season.actor("Fay"))
        if state == "approved":
            pay.approve(payment, season.actor("Olga"))
        award.withdraw(made.ref, season.actor("Rita"), "We moved away")
        assert season.award_now(made).status == "returned" and season.bid(made.application.ref).status == "withdrawn"
        assert books.balance(FREE) == 1000_00
        if payment:
            assert pay.payment_by_ref(payment).status == "cancelled"
        with pytest.raises(Refused):
            award.withdraw(made.ref, season.actor("Rita"))

    def test_not_after_it_has_left(self, season: Season) -> None:
        made = season.ready()
        payment = season.released(made)
        with pytest.raises(Refused, match="on its way"):
            award.withdraw(made.ref, season.actor("Rita"))
        pay.settle(payment.ref, clock.today(), season.actor("Fay"))
        with pytest.raises(Refused):
            award.withdraw(made.ref, season.actor("Rita"))

    def test_nobody_leaves_while_money_is_under_way(self, season: Season) -> None:
        made = season.ready()
        with pytest.raises(Refused, match="money under way"):
            delete_me(season.who("Rita").id, season.actor("Rita"))
        award.withdraw(made.ref, season.actor("Rita"))
        delete_me(season.who("Rita").id, season.actor("Rita"))


class TestTheProof:
    def test_a_cache_that_was_bent_is_named(self, season: Season) -> None:
        made = season.ready()
        pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
        other = season.offered(season.sent("Bench"))
        with transaction():
            db.session.get_one(Award, made.id).paid = 1  # type: ignore[assignment]
            db.session.get_one(Award, other.id).status = "ready_to_pay"
        lines = list(pay.broken_caches())
        assert f"award:{made.id} says £0.01 is paid, the books say £250.00" in lines
        assert f"award:{other.id} is ready_to_pay, but £250.00 is reserved for it" in lines
        with transaction():
            db.session.get_one(Award, made.id).paid = 250_00  # type: ignore[assignment]
            db.session.get_one(Award, other.id).status = "reserved"

    def test_whoever_is_not_there(self, season: Season) -> None:
        with pytest.raises(NotFound):
            award.accept("AWD-2222-2222", season.actor("Rita"))
        with pytest.raises(NotFound):
            award.award_by_ref("AWD-2222-2222")
