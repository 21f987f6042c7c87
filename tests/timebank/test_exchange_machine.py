"""The life of exchanges against a small model: whatever two members and a coordinator do in whatever order, the hours agree."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from portal.db import db
from portal.errors import Problem
from portal.timebank import exchange
from tests.conftest import Store
from tests.timebank.bank import Bank, assert_books_are_right, open_bank

TIMES = (15, 30, 60, 75, 480)
FLOOR = -1200


def machine(store: Store) -> type[RuleBasedStateMachine]:
    """The machine over one engine; each run begins with a fresh database."""

    class Exchanges(RuleBasedStateMachine):
        made = Bundle("exchanges")

        @initialize()
        def start(self) -> None:
            store.fresh()
            self.context = store.app.app_context()
            self.context.push()
            self.bank: Bank = open_bank()
            self.model: dict[str, dict[str, Any]] = {}
            self.balance = dict.fromkeys(("Maya", "Idris", "Walter"), 0)

        def teardown(self) -> None:
            if hasattr(self, "context"):
                assert_books_are_right()
                db.session.remove()
                self.context.pop()

        def tried(self, act: Any) -> bool:
            try:
                act()
            except Problem:
                return False
            return True

        def settles(self, one: dict[str, Any], minutes: int) -> None:
            if self.balance[one["receiver"]] - minutes < FLOOR:
                one["state"] = "held"
                return
            one["state"], one["settled"] = "settled", minutes
            self.balance[one["receiver"]] -= minutes
            self.balance[one["giver"]] += minutes

        @rule(target=made, pair=st.sampled_from([("Maya", "Idris"), ("Idris", "Maya"), ("Walter", "Maya"), ("Maya", "Walter")]), way=st.sampled_from(["gave", "received"]), minutes=st.sampled_from(TIMES))  # fmt: skip
        def log(self, pair: tuple[str, str], way: str, minutes: int) -> str:
            mine, other = pair
            giver, receiver = pair if way == "gave" else (other, mine)
            of_today = sum(
                one["minutes"]
                for one in self.model.values()
                if one["giver"] == giver and one["state"] not in ("withdrawn", "refused", "reversed")
            )
            found: list[str] = []
            done = self.tried(lambda: found.append(self.bank.log(mine, way, other, minutes, again=True)))
            assert done == (of_today + minutes <= 16 * 60)
            if not done:
                return ""
            self.model[found[0]] = {
                "giver": giver,
                "receiver": receiver,
                "by": mine,
                "other": other,
                "minutes": minutes,
                "state": "logged",
                "settled": 0,
                "answered": None,
            }
            return found[0]

        @rule(ref=made, stranger=st.sampled_from([False, False, False, True]), apart=st.sampled_from([0, 0, -15, 15, 30, None]))
        def answer(self, ref: str, stranger: bool, apart: int | None) -> None:
            if not ref:
                return
            one = self.model[ref]
            said = 0 if apart is None else one["minutes"] + apart
            who = "Cass" if stranger else one["other"]
            done = self.tried(lambda: exchange.answer(ref, said, "", self.bank.who(who), shown=one["minutes"]))
            again = one["answered"] == said and one["state"] in ("settled", "disputed", "held")
            assert done == (who == one["other"] and (again or one["state"] in ("logged", "disputed")))
            if done and not again:
                one["answered"] = said
                if said and abs(said - one["minutes"]) <= 15:
                    self.settles(one, min(said, one["minutes"]))
                else:
                    one["state"] = "disputed"

        @rule(ref=made)
        def agree(self, ref: str) -> None:
            if not ref:
                return
            one = self.model[ref]
            done = self.tried(lambda: exchange.accept_answer(ref, self.bank.who(one["by"]), shown=one["answered"] or 0))
            assert done == (one["state"] == "disputed")
            if done and one["answered"]:
                self.settles(one, one["answered"])
            elif done:
                one["state"] = "withdrawn"

        @rule(ref=made)
        def withdraw(self, ref: str) -> None:
            if not ref:
                return
            one = self.model[ref]
            done = self.tried(lambda: exchange.withdraw(ref, self.bank.who(one["by"])))
            assert done == (one["state"] in ("logged", "withdrawn"))
            if done:
                one["state"] = "withdrawn"

        @rule(ref=made, minutes=st.sampled_from([0, 30, 60]))
        def decide(self, ref: str, minutes: int) -> None:
            if not ref:
                return
            one = self.model[ref]
            low = bool(minutes) and self.balance[one["receiver"]] - minutes < FLOOR
            done = self.tried(lambda: exchange.decide(ref, minutes, "We talked.", self.bank.who("Olga")))
            assert done == (one["state"] in ("logged", "disputed", "held") and not low)
            if done and minutes:
                self.settles(one, minutes)
            elif done:
                one["state"] = "refused"

        @rule(ref=made, minutes=st.sampled_from([0, 30, 60]))
        def put_right(self, ref: str, minutes: int) -> None:
            if not ref:
                return
            one = self.model[ref]
            done = self.tried(lambda: exchange.put_right(ref, minutes, "We talked.", self.bank.who("Olga")))
            if one["state"] != "settled":
                assert not done
                return
            before = one["settled"]
            gave_back = self.balance[one["giver"]] - before >= FLOOR
            after = self.balance[one["receiver"]] + before - minutes >= FLOOR
            assert done == (minutes == before or (gave_back and after))
            if done and minutes != before:
                self.balance[one["receiver"]] += before
                self.balance[one["giver"]] -= before
                if minutes:
                    self.settles(one, minutes)
                else:
                    one["state"] = "reversed"

        @invariant()
        def agrees(self) -> None:
            if not hasattr(self, "bank"):
                return
            assert {name: self.bank.has(name) for name in self.balance} == self.balance
            for ref, one in self.model.items():
                assert self.bank.entry(ref).status == one["state"]

    return Exchanges


@pytest.mark.slow
def test_exchanges_keep_to_the_model(store: Store) -> None:
    run_state_machine_as_test(
        machine(store),
        settings=settings(
            max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
        ),
    )
