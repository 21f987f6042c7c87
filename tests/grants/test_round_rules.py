"""Every rule that an officer can type into a round: kept, frozen, shown, and what the round really does."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import award, floats, match, pay, queries, rounds
from portal.grants.rules import RoundRules
from portal.money import Minutes, Pence
from portal.panels import actions as panels
from portal.panels.model import Matter
from portal.panels.queries import panel
from portal.panels.rules import Threshold
from portal.people.model import Role
from tests.client import Inspector
from tests.grants.season import SORT_CODE, Season, assert_books_are_right, begin

TYPED = {  # field → (what is typed, rule, its value); none of them what ships
    "least": ("60.00", "least", 60_00), "most": ("300.00", "most", 300_00), "second": ("400.00", "ladder", (300_00, 400_00, 800_00)),
    "third": ("800.00", "ladder", (300_00, 400_00, 800_00)), "ratio_percent": ("150", "ratio_percent", 150), "rate": ("10.50", "rate", 10_50),
    "neighbours": ("2", "neighbours", 2), "person_percent": ("40", "person_percent", 40), "goods_percent": ("30", "goods_percent", 30),
    "planning_percent": ("10", "planning_percent", 10), "quorum": ("2", "quorum", 2), "majority_percent": ("60", "majority_percent", 60),
    "on_tie": ("no", "on_tie", "no"), "decide_within_days": ("10", "decide_within_days", 10), "accept_within_days": ("7", "accept_within_days", 7),
    "report_within_days": ("20", "report_within_days", 20), "bank_wait_days": ("5", "bank_wait_days", 5),
    "criteria": ("Is it kind?", "criteria", ("Is it kind?",)), "marking": ("y", "marking", True), "named": ("y", "anonymous", False), "outcomes_needed": ("y", "outcomes_needed", True), "cheques": ("y", "cheques", True),
    "decision": ("equal_shares_marks", "decision", "equal_shares"), "pot": ("450.00", "pot", 450_00),
}  # fmt: skip
SHOWN = (
    "£60.00 to £300.00", "up to £400.00 after one", "up to £800.00 after two", "at least 2 others", "£150.00 for each £100", "£10.50",
    "hours up to 40% of what is needed", "planning meetings up to 10%", "goods, rooms and cash up to 30%", "marks each idea",
    "reading whose group it is", "at least 2 of the panel", "yes must be more than 60% of yes and no; exactly that is a no",
    "each idea chooses one to three outcomes", "are sent to who has no bank account", "7 days after the letter", "20 days after the last day of the idea", "is paid after 5 days",
)  # fmt: skip
NEW = "/desk/funds/small-sparks/rounds/new"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def planned(app: Flask, season: Season, **typed: str) -> Inspector:
    olga = Inspector(app).sign_in(season.who("Olga").id).get(NEW)
    today = clock.today()
    opens = {"opens_on-day": str(today.day), "opens_on-month": str(today.month), "opens_on-year": str(today.year)}
    values = {**olga._values(olga._form(None, None)), "name": "Summer", **opens, **typed}
    return olga.post(NEW, values, status=303 if typed.get("expect") is None else 422)


class TestTheForm:
    def test_every_field_is_kept_frozen_and_shown(self, app: Flask, season: Season) -> None:
        olga = planned(app, season, **{name: typed for name, (typed, _rule, _value) in TYPED.items()})
        ref = olga.location.rsplit("/", 1)[1]
        kept = asdict(RoundRules.load(queries.round_by_ref(ref).rules))
        assert {rule: kept[rule] for _typed, rule, _value in TYPED.values()} == {rule: value for _typed, rule, value in TYPED.values()}
        assert kept["ballots"] == "marks"
        again = olga.get(f"/desk/rounds/{ref}/change")
        now = again._values(again._form(None, None))
        assert {name: now[name] for name in TYPED} == {name: typed for name, (typed, _rule, _value) in TYPED.items()}
        assert again.text.count('<details class="govuk-details" open>') == 4, "what differs from what ships is not hidden"
        rounds.open_round(ref, season.actor("Olga"))
        officer = olga.get(f"/desk/rounds/{ref}").text
        public = Inspector(app).get(f"/grants/new?round={ref}").text
        for words in SHOWN:
            assert words in officer and words in public, words
        with pytest.raises(Refused, match="stay as they were promised"):
            rounds.change_round(ref, 1, "Other", clock.now(), None, None, RoundRules(), season.actor("Olga"))

    def test_there_is_a_field_for_every_rule(self) -> None:
        """`quick_most` is of a fund, with a page of its own; `ballots` is a part of how the money is shared; who votes: tests/panels/test_ballots.py."""
        elsewhere = {"quick_most", "ballots", "voters", "areas", "least_ballots"}
        assert {rule for _typed, rule, _value in TYPED.values()} | elsewhere == set(asdict(RoundRules()))

    def test_what_ships_stays_folded(self, app: Flask, season: Season) -> None:
        page = Inspector(app).sign_in(season.who("Olga").id).get(NEW)
        assert '<details class="govuk-details" open>' not in page.text and page.text.count("<details") == 5

    @pytest.mark.parametrize(
        ("field", "typed", "says"),
        [
            ("least", "0", "The smallest grant must be more than nothing."),
            ("most", "20", "must not be smaller than the smallest"),
            ("second", "100", "must not be smaller than the largest first one"),
            ("third", "300", "must not be smaller than the largest second one"),
            ("ratio_percent", "1001", "between £0 and £1,000"),
            ("rate", "0", "An hour must count for something."),
            ("rate", "1001", "An hour counts for at most £1,000."),
            ("neighbours", "51", "between 0 and 50 neighbours"),
            ("person_percent", "0", "between 1% and 100% of the hours"),
            ("person_percent", "101", "between 1% and 100% of the hours"),
            ("person_percent", "half", "Write a whole number"),
            ("goods_percent", "101", "between 0% and 100% of the match"),
            ("planning_percent", "", "Write the most that planning meetings count for."),
            ("quorum", "0", "Between 1 and 50 of the panel must vote."),
            ("majority_percent", "100", "between 0% and 99%"),
            ("on_tie", "maybe", "Choose something from the list"),
            ("decide_within_days", "0", "between 1 and 365 days"),
            ("accept_within_days", "91", "Give between 1 and 90 days to say yes."),
            ("report_within_days", "0", "Give between 1 and 365 days to tell how it went."),
            ("bank_wait_days", "31", "Wait between 0 and 30 days."),
            ("bank_wait_days", "-1", "Write a whole number"),
            ("pot", "0", "The pot must hold something."),
            ("pot", "49.99", "The pot must hold the smallest grant at least"),
        ],
    )
    def test_what_cannot_be_is_said_at_its_field(self, app: Flask, season: Season, field: str, typed: str, says: str) -> None:
        page = planned(app, season, **{field: typed, "expect": "no"})
        assert says in page.text and page.text.count(f'id="{field}-error"') == 1
        if field != "on_tie":
            assert f'value="{typed}"' in page.text, "what was typed is gone"
        folded = {"person_percent", "goods_percent", "planning_percent", "second", "third", "majority_percent", "on_tie", "accept_within_days", "report_within_days", "bank_wait_days"}  # fmt: skip
        assert page.text.count('<details class="govuk-details" open>') == (field in folded), "the fold with the mistake opens by itself"

    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            ("", "Write at least one question."),
            ("\n".join(f"Is it good in way {way}?" for way in range(11)), "Ask at most 10 questions"),
            ("Is it kind?\n Is it kind? ", "One of these questions stands there twice."),
        ],
    )
    def test_questions_that_no_panel_could_answer(self, app: Flask, season: Season, typed: str, says: str) -> None:
        page = planned(app, season, criteria=typed, expect="no")
        assert says in page.text and page.text.count('id="criteria-error"') == 1
        assert page._values(page._form(None, None))["criteria"].strip().splitlines() == typed.strip().splitlines(), "what was typed is gone"

    def test_a_closing_day_that_is_over(self, app: Flask, season: Season) -> None:
        gone = clock.today() - timedelta(days=1)
        parts = {f"closes_on-{part}": str(getattr(gone, part)) for part in ("day", "month", "year")}
        page = planned(app, season, **parts, expect="no")
        assert "That day is over. Choose a closing day" in page.text and page.text.count('id="closes_on-error"') == 1

    def test_without_javascript_nor_knowledge_the_fields_have_unit_and_hint(self, app: Flask, season: Season) -> None:
        page = Inspector(app).sign_in(season.who("Olga").id).get(NEW)
        assert page.text.count('<div class="govuk-input__suffix" aria-hidden="true">%</div>') == 4
        assert page.text.count('<div class="govuk-input__suffix" aria-hidden="true">days</div>') == 4
        for name in ("second", "third", "person_percent", "goods_percent", "planning_percent", "majority_percent", "accept_within_days", "report_within_days", "bank_wait_days"):  # fmt: skip
            assert f'id="{name}-hint"' in page.text, name


# --- each value is what the round does -----------------------------------------------------------------------------------


def meter(season: Season, *pledges: tuple[str, int, int, int]) -> Any:
    """The match meter of an idea of £250 to which these said yes: kind, minutes, of them in meetings, pence."""
    ref = season.sent()
    for number, (kind, minutes, meetings, value) in enumerate(pledges):
        invited = match.invite(ref, f"Nora {number}", ("email", f"nora{number}@example.org"), season.actor("Rita"))
        pledge = next(each for each in queries.pledges_of(season.bid(ref).id) if each.ref == invited)
        match.say_yes(match.token_of(pledge), kind, Minutes(minutes), Minutes(meetings), value, "Things")
    return queries.meter_of(season.bid(ref))


def votes(season: Season, *said: str) -> str:
    """What comes of these votes by Ada, Ben, Cleo and Dan."""
    matter = season.with_panel(season.sent())
    for seat, choice in zip(("Ada", "Ben", "Cleo", "Dan"), said, strict=False):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, choice, "We talked about it.")
    try:
        panels.close(season.who("Ada"), season.panel_ref, matter)
    except Refused as why:
        return why.sentence
    return str(season.matter_by(matter).outcome)


def most_after(season: Season, closed: int) -> int:
    return queries.rules_of(season.bid(season.sent(asked=60_00))).most_on_rung(closed)


def refusal(season: Season, asked: int) -> str:
    try:
        season.sent(asked=asked)
    except Refused as why:
        return why.sentence
    return "sent"


def waits(season: Season) -> int:
    made = season.ready()
    award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, "87654321", season.actor("Rita"))
    payee = award.current_payee(season.award_now(made))
    assert payee is not None
    if payee.usable_from > clock.now():
        with pytest.raises(Refused, match="We wait until"):
            pay.prepare(made.ref, None, season.actor("Fay"))
    return (payee.usable_from - payee.given_at).days


@pytest.mark.parametrize(
    ("rules", "does", "ships", "now"),
    [
        ({"person_percent": 10}, lambda season: meter(season, ("hours", 600, 0, 0)).counted_minutes, 600, 125),
        ({"goods_percent": 0}, lambda season: meter(season, ("goods", 0, 0, 100_00)).counted_goods, 100_00, 0),
        ({"planning_percent": 0}, lambda season: meter(season, ("hours", 60, 60, 0)).counted_minutes, 60, 0),
        ({"ratio_percent": 50}, lambda season: meter(season).needed, 250_00, 125_00),
        ({"rate": Pence(6_00)}, lambda season: meter(season).needed_minutes, 1250, 2500),
        ({"neighbours": 1}, lambda season: meter(season).neighbours_needed, 3, 1),
        ({"quorum": 4}, lambda season: votes(season, "yes", "yes", "yes"), "yes", "3 of 4 votes are in. Wait for the others, or enter the votes given on paper."),
        ({"majority_percent": 70}, lambda season: votes(season, "yes", "yes", "no"), "yes", "no"),
        ({"on_tie": "no"}, lambda season: votes(season, "yes", "yes", "no", "no"), "not_yet", "no"),
        ({"most": Pence(100_00), "ladder": (100_00, 500_00, 1000_00)}, lambda season: refusal(season, 250_00), "sent", "You can ask for up to £100.00 this time."),
        ({"ladder": (250_00, 300_00, 400_00)}, lambda season: most_after(season, 1), 500_00, 300_00),
        ({"ladder": (250_00, 300_00, 400_00)}, lambda season: most_after(season, 2), 1000_00, 400_00),
        ({"least": Pence(100_00)}, lambda season: refusal(season, 60_00), "sent", "The smallest grant is £100.00."),
        ({"decide_within_days": 5}, lambda season: (season.bid(season.sent()).hear_by - clock.today()).days, 21, 5),
        ({"accept_within_days": 5}, lambda season: (season.offered().accept_by - clock.today()).days, 14, 5),
        ({"report_within_days": 9}, lambda season: (lambda made: (made.report_due - made.last_day).days)(season.offered()), 42, 9),
        ({"bank_wait_days": 0}, waits, 3, 0),
        ({"bank_wait_days": 10}, waits, 3, 10),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
@pytest.mark.parametrize("changed", [False, True], ids=["ships", "changed"])
def test_another_value_does_something_else(
    app: Flask, rules: dict[str, Any], does: Callable[[Season], Any], ships: Any, now: Any, changed: bool
) -> None:
    """The round is the only place that has the changed value: its fund keeps what ships."""
    assert ships != now
    season = begin()
    if changed:
        season.round_ref = rounds.plan_round(season.fund_id, panel(season.panel_ref).id, "Other", clock.now(), None, None, RoundRules(**rules), season.actor("Olga"))  # fmt: skip
        rounds.open_round(season.round_ref, season.actor("Olga"))
    assert does(season) == (now if changed else ships)
    assert_books_are_right()


def test_an_offer_lapses_by_the_days_of_its_round(app: Flask) -> None:
    season = begin(rules=RoundRules(accept_within_days=2))
    made = season.offered()
    for days, status in ((2, "reserved"), (3, "lapsed")):
        with clock.held_at(clock.now() + timedelta(days=days)):
            award.lapse()
        assert season.award_now(made).status == status
    assert_books_are_right()


def test_more_hours_than_count_are_said_with_the_rounds_own_share(app: Flask) -> None:
    season = begin(rules=RoundRules(person_percent=20))
    ref = season.sent()
    invited = match.invite(ref, "Nora", ("email", "nora@example.org"), season.actor("Rita"))
    pledge = next(each for each in queries.pledges_of(season.bid(ref).id) if each.ref == invited)
    match.say_yes(match.token_of(pledge), "hours", Minutes(600), Minutes(0), 0, "")
    page = Inspector(app).sign_in(season.who("Rita").id).get(f"/grants/{ref}/match")
    assert "promised more than 20% of the hours" in page.text


@pytest.mark.parametrize(("rolling", "majority"), [(True, 50), (False, 0)])
def test_equal_shares_ask_no_majority_only_where_a_pot_is_shared(app: Flask, rolling: bool, majority: int) -> None:
    """A rolling round decides each idea alone, whatever its rules say about sharing a pot."""
    season = begin(rolling=rolling, rules=RoundRules(decision="equal_shares"))
    ref = season.sent()
    with clock.held_at(clock.now() + timedelta(days=0 if rolling else 11)):
        assert Threshold.load(season.matter_by(season.with_panel(ref)).rule).majority_percent == majority


def test_a_float_is_decided_by_the_majority_of_its_fund(app: Flask) -> None:
    season = begin(rules=RoundRules(decision="equal_shares", majority_percent=66, on_tie="no", quorum=2, decide_within_days=4))
    with transaction():
        db.session.add(Role(person_id=season.who("Rob").id, name="connector", since=clock.today(), reason="test"))
    ref = floats.ask(season.ref("Rob"), "small-sparks", season.panel_ref, Pence(50_00), "At the door", season.actor("Rob"), once_key="one")
    found = db.session.scalars(select(Matter).where(Matter.about == floats.matter_about(floats.request_by_ref(ref)))).one()
    assert Threshold.load(found.rule) == Threshold(2, 66, "no") and (found.decide_by - clock.today()).days == 4


def test_what_the_panel_reads_is_the_frozen_rule(app: Flask) -> None:
    season = begin(rules=RoundRules(majority_percent=60, on_tie="no", quorum=2))
    matter = season.with_panel(season.sent())
    ada = season.who("Ada")
    panels.declare(ada, season.panel_ref, matter, "none")
    page = Inspector(app, budget=40).sign_in(ada.id).get(f"/panels/{season.panel_ref}/bids/{matter}").text
    assert "at least 2 seats vote; yes must be more than 60 in a hundred of yes and no, and exactly that is a no." in page
