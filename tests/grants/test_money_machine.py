"""The life of payments against a small model: whatever people do in whatever order, sums and states agree, and the books are right."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from portal import clock
from portal.db import db
from portal.errors import Refused
from portal.grants import award, pay
from portal.ledger import queries as books
from portal.money import Pence
from tests.conftest import Store
from tests.grants.season import NUMBER, SORT_CODE, Season, assert_books_are_right, begin

HANDS = ("Olga", "Otto", "Fay")
AMOUNT = 250_00


class Model:
    """What should be true, kept with plain numbers."""

    def __init__(self) -> None:
        self.free = 1000_00 - AMOUNT
        self.payable = AMOUNT
        self.payments: dict[str, dict[str, Any]] = {}
        self.paid = 0
        self.state = "ready_to_pay"
        self.returned = 0

    def in_hand(self) -> int:
        return sum(each["amount"] for each in self.payments.values() if each["state"] in ("prepared", "approved"))

    def on_its_way(self) -> int:
        return sum(each["amount"] for each in self.payments.values() if each["state"] == "released")

    def finish(self) -> None:
        if self.state == "ready_to_pay" and not self.payable and not self.on_its_way():
            self.state = "reporting"


def machine(store: Store) -> type[RuleBasedStateMachine]:
    """The machine over one engine; each run begins with a fresh database."""

    class Payments(RuleBasedStateMachine):
        made = Bundle("payments")

        @initialize()
        def start(self) -> None:
            store.fresh()
            self.context = store.app.app_context()
            self.context.push()
            self.season: Season = begin()
            self.award = self.season.ready().ref
            self.model = Model()
            self.account = NUMBER

        def teardown(self) -> None:
            if hasattr(self, "context"):
                assert_books_are_right()
                db.session.remove()
                self.context.pop()

        def tried(self, right: bool, act: Any) -> Any:
            """Do it; it must be refused exactly when the model says so."""
            try:
                result = act()
            except Refused:
                assert not right, "refused though it was right"
                return None
            assert right, "allowed though it was wrong"
            return result if result is not None else True

        @rule(target=made, who=st.sampled_from(HANDS), amount=st.sampled_from([None, 1, 100_00, 150_00, 250_00, 251_00]))
        def prepare(self, who: str, amount: int | None) -> str:
            left = self.model.payable - self.model.in_hand()
            right = self.model.state == "ready_to_pay" and left > 0 and (amount is None or amount <= left)
            ref = self.tried(right, lambda: pay.prepare(self.award, None if amount is None else Pence(amount), self.season.actor(who)))
            if ref is None:
                return ""
            self.model.payments[ref] = {"amount": left if amount is None else amount, "state": "prepared", "hands": [who]}
            return str(ref)

        @rule(ref=made, who=st.sampled_from(HANDS))
        def approve(self, ref: str, who: str) -> None:
            if not ref:
                return
            one = self.model.payments[ref]
            again = one["state"] == "approved" and one["hands"][1] == who
            right = again or (one["state"] == "prepared" and who != one["hands"][0])
            if self.tried(right, lambda: pay.approve(ref, self.season.actor(who))) and not again:
                one["state"], one["hands"] = "approved", [one["hands"][0], who]

        @rule(refs=st.lists(made, min_size=1, max_size=3, unique=True), who=st.sampled_from(HANDS))
        def release(self, refs: list[str], who: str) -> None:
            refs = [ref for ref in refs if ref]
            if not refs:
                return
            some = [self.model.payments[ref] for ref in refs]
            right = all(one["state"] == "approved" and who not in one["hands"] for one in some)
            if self.tried(right, lambda: pay.release_run(refs, self.season.actor(who))):
                for one in some:
                    one["state"] = "released"
                    self.model.payable -= one["amount"]

        @rule(ref=made)
        def cancel(self, ref: str) -> None:
            if ref:
                one = self.model.payments[ref]
                if self.tried(
                    one["state"] in ("prepared", "approved", "cancelled"), lambda: pay.cancel(ref, "x", self.season.actor("Olga"))
                ):
                    one["state"] = "cancelled"

        @rule(ref=made)
        def settle(self, ref: str) -> None:
            if ref:
                one = self.model.payments[ref]
                fresh = one["state"] == "released"
                if (
                    self.tried(fresh or one["state"] == "settled", lambda: pay.settle(ref, clock.today(), self.season.actor("Fay")))
                    and fresh
                ):
                    one["state"] = "settled"
                    self.model.paid += one["amount"]
                    self.model.finish()

        @rule(ref=made)
        def bounce(self, ref: str) -> None:
            if not ref:
                return
            one = self.model.payments[ref]
            before = one["state"]
            still_there = before != "settled" or (self.model.paid >= one["amount"] and self.model.state in ("ready_to_pay", "reporting"))
            right = before == "bounced" or (before in ("released", "settled") and still_there)
            if self.tried(right, lambda: pay.bounce(ref, clock.today(), "x", self.season.actor("Fay"))) and before != "bounced":
                one["state"] = "bounced"
                self.model.payable += one["amount"]
                if before == "settled":
                    self.model.paid -= one["amount"]
                self.model.state = "ready_to_pay"

        @rule(amount=st.sampled_from([1, 10_00, 250_00]))
        def refund(self, amount: int) -> None:
            right = amount <= self.model.paid
            if self.tried(right, lambda: pay.refund(self.award, Pence(amount), clock.today(), "x", self.season.actor("Fay"))):
                self.model.paid -= amount
                self.model.free += amount
                self.model.returned += amount
                if not self.model.paid and self.model.state == "reporting":
                    self.model.state = "returned"

        @rule()
        def keep_rest(self) -> None:
            under_way = any(one["state"] in ("prepared", "approved", "released") for one in self.model.payments.values())
            was_paid = any(one["state"] == "settled" for one in self.model.payments.values())  # also when all of it came back
            right = self.model.state == "ready_to_pay" and not under_way and self.model.payable > 0 and was_paid
            if self.tried(right, lambda: pay.keep_rest(self.award, "x", self.season.actor("Fay"))):
                self.model.free += self.model.payable
                self.model.payable = 0
                if self.model.paid:
                    self.model.finish()
                else:
                    self.model.state = "returned"

        @rule()
        def change_account(self) -> None:
            under_way = any(one["state"] == "released" for one in self.model.payments.values())
            new = "87654321" if self.account == NUMBER else NUMBER
            right = self.model.state == "ready_to_pay" and not under_way
            if self.tried(right, lambda: award.give_details(self.award, "Mossgate Gardeners", SORT_CODE, new, self.season.actor("Rita"))):
                self.account = new
                for one in self.model.payments.values():
                    if one["state"] in ("prepared", "approved"):
                        one["state"] = "cancelled"
                payee = award.current_payee(award.award_by_ref(self.award))
                assert payee is not None
                if payee.usable_from > clock.now():  # the waiting period is tried elsewhere
                    from portal.db import transaction

                    with transaction():
                        found = award.current_payee(award.award_by_ref(self.award))
                        assert found is not None
                        found.usable_from = clock.now() - timedelta(seconds=1)

        @invariant()
        def sums_and_states_agree(self) -> None:
            if not hasattr(self, "model"):
                return
            db.session.rollback()
            one = award.award_by_ref(self.award)
            assert one.status == self.model.state
            assert one.paid == self.model.paid
            assert books.balance(award.payable(one)) == self.model.payable
            assert books.balance("fund:small-sparks:available") == self.model.free
            for ref, expected in self.model.payments.items():
                assert pay.payment_by_ref(ref).status == expected["state"]
            assert self.model.free + self.model.payable + self.model.on_its_way() + self.model.paid == 1000_00

    return Payments


@pytest.mark.slow
def test_payments_keep_to_the_model(store: Store) -> None:
    run_state_machine_as_test(
        machine(store),
        settings=settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)),
    )
