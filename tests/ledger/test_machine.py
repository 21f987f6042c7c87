"""Random postings, reversals and retries against a model that a child could keep on paper, on both engines."""

from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from portal.db import db, transaction
from portal.errors import Conflict, Refused
from portal.ledger import checks, queries
from portal.ledger.posting import Line, open_account, post, reverse

CODES = ("in", "fund", "held", "out")
FLOORS = {"in": None, "fund": 0, "held": 0, "out": -50}
accounts = st.sampled_from(CODES)
lines = st.lists(st.tuples(accounts, accounts, st.integers(1, 120)).filter(lambda line: line[0] != line[1]), min_size=1, max_size=4)
run = 0


class Books(RuleBasedStateMachine):
    expected = 0  # entries of all runs on this database
    entries = Bundle("entries")
    reversed_ = Bundle("reversed")

    def __init__(self) -> None:
        super().__init__()
        global run
        run += 1
        self.run = run
        self.paper = dict.fromkeys(CODES, 0)
        self.number = 0
        self.standing = 0  # entries that must be in the books
        with transaction():
            for code in CODES:
                open_account(self.code(code), "GBP", "asset", code, floor=FLOORS[code])
        for name in ("fund", "held"):  # so that most of what comes fits
            assert self.try_on_paper([("in", name, 200)])
            assert self.post(f"{self.run}:{name}", [("in", name, 200)])

    def code(self, name: str) -> str:
        return f"{name}:{self.run}"

    def try_on_paper(self, wanted: list[tuple[str, str, int]]) -> bool:
        after = dict(self.paper)
        for debit, credit, amount in wanted:
            after[debit] -= amount
            after[credit] += amount
            floor = FLOORS[debit]
            if floor is not None and after[debit] < floor:
                return False
        self.paper = after
        return True

    def post(self, key: str, wanted: list[tuple[str, str, int]]) -> bool:
        try:
            with transaction():
                fresh = post(
                    [Line(self.code(debit), self.code(credit), amount) for debit, credit, amount in wanted], key=key, kind="test", about="x:1",
                    sentence="s", actor="scheme",
                ).fresh  # fmt: skip
        except Refused:
            return False
        self.standing += fresh
        return fresh

    @rule(target=entries, wanted=lines)
    def posting(self, wanted: list[tuple[str, str, int]]) -> tuple[str, list[tuple[str, str, int]], bool]:
        self.number += 1
        key = f"{self.run}:{self.number}"
        fits = self.try_on_paper(wanted)
        assert self.post(key, wanted) is fits
        return key, wanted, fits

    @rule(entry=entries)
    def again(self, entry: tuple[str, list[tuple[str, str, int]], bool]) -> None:
        key, wanted, stands = entry
        if stands:
            assert not self.post(key, wanted)

    @rule(entry=entries)
    def other_content(self, entry: tuple[str, list[tuple[str, str, int]], bool]) -> None:
        key, _wanted, stands = entry
        if stands:
            try:
                with transaction():
                    post([Line(self.code("in"), self.code("out"), 777)], key=key, kind="test", about="x:1", sentence="s", actor="scheme")
            except Conflict:
                return
            raise AssertionError("the same key took other content")

    @rule(target=reversed_, entry=consumes(entries))
    def reversing(self, entry: tuple[str, list[tuple[str, str, int]], bool]) -> Any:
        key, wanted, stands = entry
        mirror = [(credit, debit, amount) for debit, credit, amount in reversed(wanted)]
        fits = stands and self.try_on_paper(mirror)
        try:
            with transaction():
                fresh = reverse(key, reason="test", actor="scheme").fresh
        except Refused:
            fresh = False
        assert fresh is fits
        self.standing += fresh
        return key, fits

    @rule(entry=reversed_)
    def reversing_again(self, entry: tuple[str, bool]) -> None:
        key, done = entry
        if done:
            with transaction():
                assert not reverse(key, reason="test", actor="scheme").fresh

    @invariant()
    def balances_are_those_on_paper(self) -> None:
        assert queries.balances([self.code(name) for name in CODES]) == {self.code(name): amount for name, amount in self.paper.items()}

    def teardown(self) -> None:
        report = checks.check(full=False)
        assert report.broken == []
        assert report.entries == Books.expected + self.standing
        Books.expected += self.standing


def test_the_books_agree_with_paper(app: Flask) -> None:
    Books.expected = 0
    run_state_machine_as_test(
        Books,
        settings=settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None),
    )
    report = checks.check()
    assert report.broken == []
    assert report.entries == Books.expected >= 50
    db.session.rollback()
