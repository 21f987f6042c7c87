"""Money leaving in three hands: every refusal, instalments, bounces, refunds, and the same thing twice."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.grants import award, desk, pay
from portal.grants.model import Award, Payment, Report
from portal.history import Actor, events_of
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import messages_about
from portal.people.actions import act_for, create_organisation
from portal.people.model import Role
from tests.grants.season import NUMBER, SORT_CODE, Season, assert_books_are_right, begin, person

FREE = "fund:small-sparks:available"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


@pytest.fixture
def ready(season: Season) -> Award:
    return season.ready()


class TestTheFirstHand:
    def test_not_without_an_account_and_not_before_it_is_ready(self, season: Season) -> None:
        made = season.offered()
        with pytest.raises(Refused, match="not ready"):
            pay.prepare(made.ref, None, season.actor("Fay"))
        award.accept(made.ref, season.actor("Rita"))
        with pytest.raises(Refused, match="where the money should go"):
            pay.prepare(made.ref, None, season.actor("Fay"))
        with pytest.raises(NotFound):
            pay.prepare("AWD-2222-2222", None, season.actor("Fay"))

    def test_no_more_than_is_left_and_nothing_of_nothing(self, season: Season, ready: Award) -> None:
        for amount, why in ((250_01, "At most £250"), (0, "more than nothing"), (-1, "more than nothing")):
            with pytest.raises(Refused, match=why):
                pay.prepare(ready.ref, Pence(amount), season.actor("Fay"))
        pay.prepare(ready.ref, Pence(100_00), season.actor("Fay"))
        with pytest.raises(Refused, match="At most £150"):
            pay.prepare(ready.ref, Pence(150_01), season.actor("Olga"))
        pay.prepare(ready.ref, None, season.actor("Olga"))
        with pytest.raises(Refused, match="Olga has prepared this payment already"):
            pay.prepare(ready.ref, None, season.actor("Otto"))

    def test_a_second_tap_gets_the_first_payment(self, season: Season, ready: Award) -> None:
        first = pay.prepare(ready.ref, Pence(100_00), season.actor("Fay"), once_key="form:1")
        assert pay.prepare(ready.ref, Pence(100_00), season.actor("Fay"), once_key="form:1") == first
        assert len(db.session.scalars(select(Payment)).all()) == 1

    def test_nobody_handles_their_own(self, season: Season) -> None:
        made = season.ready(season.sent("Fay's bench", by="Fay"))
        with pytest.raises(Refused, match="of your own"):
            pay.prepare(made.ref, None, season.actor("Fay"))
        payment = pay.prepare(made.ref, None, season.actor("Olga"))
        with pytest.raises(Refused, match="of your own"):
            pay.approve(payment, season.actor("Fay"))
        pay.approve(payment, season.actor("Otto"))
        with pytest.raises(Refused, match="of your own"):
            pay.release_run([payment], season.actor("Fay"))
        # without Fay only two are left: whoever approved may release, who prepared never
        with pytest.raises(Refused, match="You prepared"):
            pay.release_run([payment], season.actor("Olga"))
        pay.release_run([payment], season.actor("Otto"))
        assert pay.payment_by_ref(payment).two_hands
        with pytest.raises(Refused, match="of your own"):
            pay.settle(payment, clock.today(), season.actor("Fay"))
        with pytest.raises(Refused, match="of your own"):
            pay.bounce(payment, clock.today(), "x", season.actor("Fay"))

    def test_nor_that_of_a_group_they_act_for(self, season: Season) -> None:
        with transaction():
            group = create_organisation("Gardeners", "group", None, season.actor("Rita"))
            act_for(season.who("Rita").id, group.id, season.actor("Rita"))
            act_for(season.who("Olga").id, group.id, season.actor("Rita"))
            group_id = group.id
        ref = season.decided(season.sent(organisation_id=group_id))
        from portal.grants import decide

        decide.write_letter(ref, "Yes", [], None, season.actor("Otto"))
        decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Otto")), season.actor("Fay"))
        made = season.award(ref)
        award.accept(made.ref, season.actor("Rita"))
        award.give_details(made.ref, "Gardeners", SORT_CODE, NUMBER, season.actor("Rita"))
        with pytest.raises(Refused, match="of your own"):
            pay.prepare(made.ref, None, season.actor("Olga"))
        assert pay.hands(season.bid(ref)) == 2


class TestTheSecondHand:
    def test_another_person_and_once(self, season: Season, ready: Award) -> None:
        payment = pay.prepare(ready.ref, None, season.actor("Fay"))
        with pytest.raises(Refused, match="You prepared this"):
            pay.approve(payment, season.actor("Fay"))
        pay.approve(payment, season.actor("Olga"))
        pay.approve(payment, season.actor("Olga"))
        with pytest.raises(Refused, match="Olga has approved"):
            pay.approve(payment, season.actor("Otto"))
        with pytest.raises(NotFound):
            pay.approve("TXN-2222-2222", season.actor("Olga"))

    def test_cancelling_says_why_and_frees_the_sum(self, season: Season, ready: Award) -> None:
        payment = pay.prepare(ready.ref, None, season.actor("Fay"))
        with pytest.raises(Refused, match="Write why"):
            pay.cancel(payment, "", season.actor("Olga"))
        pay.cancel(payment, "Wrong sum", season.actor("Olga"))
        pay.cancel(payment, "Wrong sum", season.actor("Olga"))
        with pytest.raises(Refused, match="cannot be approved"):
            pay.approve(payment, season.actor("Olga"))
        again = season.released(ready)
        assert again.instalment == 1
        with pytest.raises(Refused, match="has been released"):
            pay.cancel(again.ref, "x", season.actor("Olga"))


class TestTheThirdHand:
    def test_refusals(self, season: Season, ready: Award) -> None:
        with pytest.raises(Refused, match="Choose at least one"):
            pay.release_run([], season.actor("Otto"))
        payment = pay.prepare(ready.ref, None, season.actor("Fay"))
        with pytest.raises(Refused, match="not approved"):
            pay.release_run([payment], season.actor("Otto"))
        pay.approve(payment, season.actor("Olga"))
        with pytest.raises(Refused, match="You prepared"):
            pay.release_run([payment], season.actor("Fay"))
        with pytest.raises(Refused, match="third person"):
            pay.release_run([payment], season.actor("Olga"))
        with pytest.raises(NotFound):
            pay.release_run([payment, "TXN-2222-2222"], season.actor("Otto"))
        run = pay.release_run([payment], season.actor("Otto"), once_key="form:9")
        assert pay.release_run([payment], season.actor("Otto"), once_key="form:9") == run
        with pytest.raises(Refused, match="Otto has released"):
            pay.release_run([payment], season.actor("Otto"))

    def test_two_hands_only_while_fewer_than_three_may(self, season: Season, ready: Award) -> None:
        payment = pay.prepare(ready.ref, None, season.actor("Fay"))
        pay.approve(payment, season.actor("Olga"))
        with transaction():
            for role in db.session.scalars(select(Role).where(Role.person_id == season.who("Otto").id)):
                role.until = clock.today() - timedelta(days=1)
        assert pay.hands(season.award_now(ready).application) == 2
        pay.release_run([payment], season.actor("Olga"))
        assert pay.payment_by_ref(payment).two_hands

    def test_all_of_a_run_or_none(self, season: Season, ready: Award) -> None:
        other = season.ready(season.sent("Bench"))
        one, two = (pay.prepare(each.ref, None, season.actor("Fay")) for each in (ready, other))
        pay.approve(one, season.actor("Olga"))
        with pytest.raises(Refused, match="not approved"):
            pay.release_run([one, two], season.actor("Otto"))
        assert pay.payment_by_ref(one).status == "approved" and books.balance(award.payable(ready)) == 250_00
        pay.approve(two, season.actor("Olga"))
        run = pay.run_by_ref(pay.release_run([one, two], season.actor("Otto")))
        assert books.balance(pay.in_transit(run.id)) == 500_00
        assert [line.payment.ref for line in desk.payments(run_id=run.id)] == [two, one]

    def test_the_account_changed_meanwhile(self, season: Season, ready: Award) -> None:
        payment = pay.prepare(ready.ref, None, season.actor("Fay"))
        pay.approve(payment, season.actor("Olga"))
        award.give_details(ready.ref, "Other", SORT_CODE, "87654321", season.actor("Rita"))
        with pytest.raises(Refused, match="not approved"):
            pay.release_run([payment], season.actor("Otto"))

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE payment SET amount = 1", "DELETE FROM payment", "UPDATE payment SET approved_by_id = prepared_by_id",
            "UPDATE payment SET status = 'settled'", "UPDATE payment SET released_by_id = prepared_by_id, two_hands = true",
        ],
    )  # fmt: skip
    def test_the_database_has_the_last_word(self, season: Season, ready: Award, statement: str) -> None:
        pay.prepare(ready.ref, None, season.actor("Fay"))
        with pytest.raises(DBAPIError):
            db.session.execute(text(statement))
        db.session.rollback()


class TestTheBank:
    def test_days_that_cannot_be(self, season: Season, ready: Award) -> None:
        payment = pay.prepare(ready.ref, None, season.actor("Fay"))
        with pytest.raises(Refused, match="Only a payment that was released"):
            pay.settle(payment, clock.today(), season.actor("Fay"))
        pay.approve(payment, season.actor("Olga"))
        pay.release_run([payment], season.actor("Otto"))
        for day, sentence in (
            (clock.today() + timedelta(days=1), "still to come"),
            (clock.today() - timedelta(days=1), "before the payment was released"),
        ):
            with pytest.raises(Refused, match=sentence):
                pay.settle(payment, day, season.actor("Fay"))
            with pytest.raises(Refused, match=sentence):
                pay.bounce(payment, day, "x", season.actor("Fay"))
        with pytest.raises(Refused, match="what the bank says"):
            pay.bounce(payment, clock.today(), "", season.actor("Fay"))

    def test_arrived_twice_is_arrived_once(self, season: Season, ready: Award) -> None:
        payment = season.released(ready)
        pay.settle(payment.ref, clock.today(), season.actor("Fay"))
        pay.settle(payment.ref, clock.today(), season.actor("Olga"))
        made = season.award_now(ready)
        assert (made.paid, made.status) == (250_00, "reporting")
        report = db.session.scalars(select(Report)).one()
        assert (report.award_id, report.due, report.status) == (made.id, made.report_due, "due")
        assert len([each for each in messages_about(f"bid:{made.application_id}") if "is paid" in each.subject]) == 1

    def test_two_instalments(self, season: Season, ready: Award) -> None:
        first = season.released(ready, Pence(100_00))
        pay.settle(first.ref, clock.today(), season.actor("Fay"))
        made = season.award_now(ready)
        assert (made.paid, made.status) == (100_00, "ready_to_pay")
        second = season.released(ready)
        assert (second.instalment, second.amount) == (2, 150_00)
        pay.settle(second.ref, clock.today(), season.actor("Fay"))
        assert (season.award_now(ready).paid, season.award_now(ready).status) == (250_00, "reporting")
        keys = [each.key for each in books.entries_about(f"award:{made.id}")]
        assert f"award:{made.id}:instalment:1:released" in keys and f"award:{made.id}:instalment:2:released" in keys

    def test_sent_back_before_it_arrived(self, season: Season, ready: Award) -> None:
        payment = season.released(ready)
        pay.bounce(payment.ref, clock.today(), "No such account", season.actor("Fay"))
        pay.bounce(payment.ref, clock.today(), "No such account", season.actor("Fay"))
        made = season.award_now(ready)
        assert (made.paid, made.status) == (0, "ready_to_pay") and books.balance(award.payable(made)) == 250_00
        assert "sent it back" in messages_about(f"bid:{made.application_id}")[0].body
        again = season.released(ready)
        assert again.instalment == 2, "the first release stays in the books under its own key"
        pay.settle(again.ref, clock.today(), season.actor("Fay"))
        assert season.award_now(ready).paid == 250_00
        with pytest.raises(Refused, match="Only a payment that was released"):
            pay.settle(payment.ref, clock.today(), season.actor("Fay"))

    def test_sent_back_after_it_had_arrived(self, season: Season, ready: Award) -> None:
        payment = season.released(ready)
        pay.settle(payment.ref, clock.today(), season.actor("Fay"))
        pay.bounce(payment.ref, clock.today(), "Account closed", season.actor("Fay"))
        made = season.award_now(ready)
        assert (made.paid, made.status) == (0, "ready_to_pay")
        again = season.released(ready)
        pay.settle(again.ref, clock.today(), season.actor("Fay"))
        assert season.award_now(ready).status == "reporting"
        assert len(db.session.scalars(select(Report)).all()) == 1

    def test_a_run_that_arrived_but_for_one(self, season: Season, ready: Award) -> None:
        other = season.ready(season.sent("Bench"))
        refs = [pay.prepare(each.ref, None, season.actor("Fay")) for each in (ready, other)]
        for ref in refs:
            pay.approve(ref, season.actor("Olga"))
        run = pay.release_run(refs, season.actor("Otto"))
        pay.bounce(refs[0], clock.today(), "No such account", season.actor("Fay"))
        assert pay.settle_run(run, clock.today(), season.actor("Fay")) == 1
        assert pay.settle_run(run, clock.today(), season.actor("Fay")) == 0
        assert [pay.payment_by_ref(ref).status for ref in refs] == ["bounced", "settled"]
        with pytest.raises(NotFound):
            pay.settle_run("RUN-2222-2222", clock.today(), season.actor("Fay"))


class TestWhatIsNotSpent:
    def test_refusals(self, season: Season, ready: Award) -> None:
        fay = season.actor("Fay")
        with pytest.raises(Refused, match="no more can come back"):
            pay.refund(ready.ref, Pence(1), clock.today(), "x", fay)
        pay.settle(season.released(ready).ref, clock.today(), fay)
        with pytest.raises(Refused, match="Write why"):
            pay.refund(ready.ref, Pence(1), clock.today(), "", fay)
        with pytest.raises(Refused, match="still to come"):
            pay.refund(ready.ref, Pence(1), clock.today() + timedelta(days=1), "x", fay)
        for amount in (250_01, 0, -5):
            with pytest.raises(Refused, match=r"no more can come back|how much came back"):
                pay.refund(ready.ref, Pence(amount), clock.today(), "x", fay)

    def test_a_part_then_all(self, season: Season, ready: Award) -> None:
        fay = season.actor("Fay")
        payment = season.released(ready)
        pay.settle(payment.ref, clock.today(), fay)
        ref = pay.refund(ready.ref, Pence(10_00), clock.today(), "Cheaper", fay, once_key="form:r")
        assert pay.refund(ready.ref, Pence(10_00), clock.today(), "Cheaper", fay, once_key="form:r") == ref
        assert season.award_now(ready).paid == 240_00 and books.balance(FREE) == 760_00
        with pytest.raises(Refused, match="refunded already"):
            pay.bounce(payment.ref, clock.today(), "x", fay)
        assert pay.payment_by_ref(payment.ref).status == "settled"
        pay.refund(ready.ref, Pence(240_00), clock.today(), "It rained all summer", fay)
        made = season.award_now(ready)
        assert (made.paid, made.status) == (0, "returned") and books.balance(FREE) == 1000_00

    def test_after_a_changed_account_it_comes_from_both(self, season: Season, ready: Award) -> None:
        fay = season.actor("Fay")
        pay.settle(season.released(ready, Pence(100_00)).ref, clock.today(), fay)
        award.give_details(ready.ref, "Mossgate Gardeners", SORT_CODE, "87654321", season.actor("Rita"))
        with clock.held_at(clock.now() + timedelta(days=4)):
            pay.settle(season.released(ready).ref, clock.today(), fay)
            pay.refund(ready.ref, Pence(200_00), clock.today(), "Not needed", fay)
        assert sorted(each.amount for each in desk.refunds_of(ready)) == [50_00, 150_00]
        assert season.award_now(ready).paid == 50_00

    def test_the_rest_goes_back(self, season: Season, ready: Award) -> None:
        fay = season.actor("Fay")
        with pytest.raises(Refused, match="Write why"):
            pay.keep_rest(ready.ref, "", fay)
        with pytest.raises(Refused, match="Only the rest"):
            pay.keep_rest(ready.ref, "x", fay)
        pay.settle(season.released(ready, Pence(100_00)).ref, clock.today(), fay)
        waiting = pay.prepare(ready.ref, Pence(1_00), fay)
        with pytest.raises(Refused, match="under way"):
            pay.keep_rest(ready.ref, "x", fay)
        pay.cancel(waiting, "x", fay)
        pay.keep_rest(ready.ref, "The council bought it for less", fay)
        made = season.award_now(ready)
        assert (made.paid, made.status) == (100_00, "reporting") and books.balance(FREE) == 900_00
        with pytest.raises(Refused):
            pay.keep_rest(ready.ref, "x", fay)


class TestLists:
    def test_what_waits_for_which_hand(self, season: Season, ready: Award) -> None:
        assert [(each.award.ref, each.left, each.usable) for each in desk.to_prepare()] == [(ready.ref, 250_00, True)]
        pay.prepare(ready.ref, Pence(100_00), season.actor("Fay"))
        assert [each.left for each in desk.to_prepare()] == [150_00]
        pay.prepare(ready.ref, None, season.actor("Fay"))
        assert desk.to_prepare() == []
        first = desk.payments("prepared", limit=1)
        assert len(first) == 1 and len(desk.payments("prepared", before=first[0].payment.id)) == 1

    def test_numbers_are_shown_to_who_asked_a_moment_ago_and_the_look_is_kept(self, season: Season, ready: Award) -> None:
        payment = season.released(ready)
        run = pay.run_by_ref(desk.payments(award_id=payment.award_id)[0].run_ref or "")
        otto = season.who("Otto").id
        with pytest.raises(NotYours):
            desk.numbers(run, otto)
        desk.show_numbers(run.ref, season.actor("Otto"))
        rows = desk.numbers(run, otto)
        assert [(row["sort_code"], row["number"]) for row in rows] == [("20-12-34", NUMBER)]
        with pytest.raises(NotYours):
            desk.numbers(run, season.who("Fay").id)
        with clock.held_at(clock.now() + timedelta(minutes=11)), pytest.raises(NotYours):
            desk.numbers(run, otto)
        assert [each.kind for each in events_of(f"run:{run.id}")] == ["released", "numbers_seen"]


def test_five_people_may_and_any_three_do(season: Season) -> None:
    season.people["Finn"] = person("Finn", "finance")
    season.people["Flo"] = person("Flo", "finance", "officer")
    made = season.ready()
    payment = pay.prepare(made.ref, None, season.actor("Finn"))
    pay.approve(payment, season.actor("Flo"))
    pay.release_run([payment], season.actor("Fay"))
    assert not pay.payment_by_ref(payment).two_hands


def test_nothing_comes_back_before_it_went_out(season: Season) -> None:
    made = season.ready()
    payment = season.released(made)
    pay.settle(payment.ref, clock.today(), season.actor("Fay"))
    with pytest.raises(Refused, match="before the money had arrived"):
        pay.refund(made.ref, Pence(10_00), clock.today() - timedelta(days=1), "Not spent", season.actor("Fay"))
    with pytest.raises(Refused, match="Write how much"):
        pay.refund(made.ref, Pence(0), clock.today(), "Not spent", season.actor("Fay"))
    pay.refund(made.ref, Pence(10_00), clock.today(), "Not spent", season.actor("Fay"))


class TestWhoEnteredTheAccount:
    def typed(self, season: Season, by: str, name: str = "Mossgate Gardeners", route: str = "group") -> Award:
        made = season.offered(season.sent(route=route))
        rita = season.actor("Rita")
        award.accept(made.ref, rita)
        award.give_details(made.ref, name, SORT_CODE, NUMBER, Actor(season.who(by).id, rita.person_id, "as the applicant said"))
        return season.award_now(made)

    def test_is_no_hand(self, season: Season) -> None:
        season.people["Oda"] = person("Oda", "officer")
        made, otto = self.typed(season, "Otto"), season.actor("Otto")
        with pytest.raises(Refused, match=r"You entered the account.+Ask a colleague"):
            pay.prepare(made.ref, None, otto)
        payment = pay.prepare(made.ref, None, season.actor("Fay"))
        with pytest.raises(Refused, match="You entered the account"):
            pay.approve(payment, otto)
        pay.approve(payment, season.actor("Olga"))
        with pytest.raises(Refused, match="You entered the account"):
            pay.release_run([payment], otto)
        with pytest.raises(Refused, match="A third person"):
            pay.release_run([payment], season.actor("Olga"))
        pay.release_run([payment], season.actor("Oda"))

    def test_then_two_of_three_are_enough(self, season: Season) -> None:
        made = self.typed(season, "Otto")
        payment = pay.prepare(made.ref, None, season.actor("Fay"))
        pay.approve(payment, season.actor("Olga"))
        assert pay.hands(made.application, award.current_payee(made)) == 2
        with pytest.raises(Refused, match="You prepared"):
            pay.release_run([payment], season.actor("Fay"))
        pay.release_run([payment], season.actor("Olga"))
        assert pay.payment_by_ref(payment).two_hands

    def test_what_the_council_buys_has_no_account(self, season: Season) -> None:
        made = season.ready(season.sent(route="council_buys"))
        shop = award.Supplier("Corner Hardware")
        pay.prepare(made.ref, Pence(100_00), season.actor("Otto"), supplier=shop)
        second = pay.prepare(made.ref, None, season.actor("Olga"), supplier=shop)
        pay.approve(second, season.actor("Otto"))
