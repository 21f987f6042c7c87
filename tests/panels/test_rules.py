"""The threshold rule, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.panels.rules import Tally, Threshold, count, outcome, quorate

votes_of = st.integers(min_value=0, max_value=9)
rules = st.builds(
    Threshold,
    quorum=st.integers(min_value=1, max_value=7),
    majority_percent=st.integers(min_value=30, max_value=75),
    on_tie=st.sampled_from(["no", "not_yet"]),
)
tallies = st.builds(
    Tally, able=st.integers(min_value=36, max_value=40), tied=st.just(0), yes=votes_of, no=votes_of, not_yet=votes_of, abstain=votes_of
)


@pytest.mark.parametrize(
    ("yes", "no", "not_yet", "abstain", "says"),
    [
        (3, 0, 0, 0, "yes"),
        (2, 1, 0, 0, "yes"),
        (1, 1, 0, 1, "not_yet"),  # a tie, as published
        (1, 2, 0, 0, "no"),
        (0, 0, 0, 3, "not_yet"),  # nobody is for or against
        (1, 0, 2, 0, "not_yet"),  # most say: not yet
        (2, 0, 2, 0, "yes"),
        (0, 2, 2, 0, "not_yet"),  # the kinder of two
        (0, 3, 2, 0, "no"),
        (2, 0, 0, 0, "no_quorum"),
        (0, 0, 0, 0, "no_quorum"),
        (1, 0, 0, 2, "yes"),  # abstaining counts for the quorum
    ],
)
def test_what_comes_of_votes(yes: int, no: int, not_yet: int, abstain: int, says: str) -> None:
    assert outcome(Tally(able=5, tied=0, yes=yes, no=no, not_yet=not_yet, abstain=abstain), Threshold()) == says


def test_a_tie_may_be_published_as_no() -> None:
    assert outcome(Tally(able=4, tied=0, yes=2, no=2), Threshold(on_tie="no")) == "no"


def test_two_thirds_are_more_than_sixty_percent_and_not_more_than_two_thirds_of_a_hundred() -> None:
    assert outcome(Tally(able=3, tied=0, yes=2, no=1), Threshold(majority_percent=60)) == "yes"
    assert outcome(Tally(able=3, tied=0, yes=2, no=1), Threshold(majority_percent=67)) == "no"


@given(tallies, rules)
def test_another_yes_never_makes_it_worse(tally: Tally, rule: Threshold) -> None:
    better = Tally(able=tally.able, tied=0, yes=tally.yes + 1, no=tally.no, not_yet=tally.not_yet, abstain=tally.abstain)
    if outcome(tally, rule) == "yes":
        assert outcome(better, rule) == "yes"
    if quorate(tally, rule):
        assert outcome(better, rule) != "no_quorum"


@given(tallies, rules)
def test_yes_needs_more_than_its_share(tally: Tally, rule: Threshold) -> None:
    if outcome(tally, rule) == "yes":
        assert tally.yes * 100 > rule.majority_percent * (tally.yes + tally.no)
        assert tally.voted >= rule.quorum
        assert tally.yes >= tally.not_yet or tally.no > tally.not_yet


def test_a_vote_of_a_seat_that_is_not_able_counts_nowhere() -> None:
    tally = count([1, 2, 3], 1, {1: ("yes", "phone"), 2: ("no", "paper"), 4: ("yes", "phone")})
    assert (tally.able, tally.tied, tally.yes, tally.no, tally.voted) == (3, 1, 1, 1, 2)
    assert tally.sources == {"phone": 1, "paper": 1}


def test_the_rule_is_kept_as_json_and_forgives_what_it_does_not_know() -> None:
    rule = Threshold(quorum=5, majority_percent=60, on_tie="no")
    assert Threshold.load(rule.store() | {"later": 1}) == rule
    assert Threshold.load({}) == Threshold()
