"""Nobody judges, pays or lets go what is their own: every act of an officer, tried by an officer on their own idea."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.db import transaction
from portal.errors import Refused
from portal.grants import apply, award, decide, pay, report, rounds
from portal.panels import actions as panels
from portal.people.actions import act_for, create_organisation
from tests.grants.season import NUMBER, SORT_CODE, Season, assert_books_are_right, begin, person

OWN = "your own"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    one = begin()
    one.people["Oda"], one.people["Finn"] = person("Oda", "officer"), person("Finn", "finance")
    yield one
    assert_books_are_right()


def sent_by_an_officer(season: Season, whose: str) -> str:
    """Olga's own idea, her group's, or one that she wrote down for Rita."""
    if whose == "own":
        return season.sent(by="Olga")
    if whose == "group":
        with transaction():
            group = create_organisation("Gardeners", "group", None, season.actor("Rita"))
            act_for(season.who("Olga").id, group.id, season.actor("Rita"))
            group_id = group.id
        return season.sent(organisation_id=group_id)
    ref = season.sent()
    with transaction():
        season_bid = apply.locked(ref)
        season_bid.helper_id, season_bid.helper_basis = season.who("Olga").id, "in person"
    return ref


@pytest.mark.parametrize("whose", ["own", "group", "helped"])
def test_before_the_decision(season: Season, whose: str) -> None:
    ref, olga = sent_by_an_officer(season, whose), season.actor("Olga")
    for act in (
        lambda: decide.put_to_panel(ref, olga),
        lambda: decide.put_round_to_panel(season.round_ref, olga),
        lambda: apply.ask_more(ref, ["idea"], "Where?", clock.today(), olga),
        lambda: apply.set_ineligible(ref, "Not here", olga),
    ):
        with pytest.raises(Refused, match=OWN):
            act()
    decide.put_to_panel(ref, season.actor("Otto"))
    with pytest.raises(Refused, match=OWN):
        decide.take_back(ref, "I know better", olga)
    assert season.bid(ref).status == "with_panel"


def test_more_time(app: Flask) -> None:
    season = begin(rolling=False)
    ref = apply.start(season.round_ref, season.who("Olga").id, season.actor("Olga"))
    with pytest.raises(Refused, match=OWN):
        rounds.extend(season.round_ref, clock.now() + timedelta(days=15), "I am late", season.actor("Olga"), season.bid(ref).id)


def test_after_the_decision(season: Season) -> None:
    ref, olga, otto = season.sent(by="Olga"), season.actor("Olga"), season.actor("Otto")
    decide.put_to_panel(ref, otto)
    matter = season.matter(ref).ref
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "yes", "ok")
    panels.close(season.who("Ada"), season.panel_ref, matter)
    decide.write_letter(ref, "ok", ("Show the insurance",), None, otto)
    decide.release(decide.prepare_release(season.round_ref, [ref], otto), season.actor("Oda"))
    made = season.award(ref)
    award.accept(made.ref, olga)
    with pytest.raises(Refused, match=OWN):
        award.meet_condition(made.ref, 0, olga)
    award.meet_condition(made.ref, 0, otto)
    award.give_details(made.ref, "Olga", SORT_CODE, NUMBER, olga)
    payment = pay.prepare(made.ref, None, season.actor("Fay"))
    with pytest.raises(Refused, match=OWN):
        pay.cancel(payment, "I want more", olga)
    pay.approve(payment, otto)
    pay.release_run([payment], season.actor("Oda"))
    pay.settle(payment, clock.today(), season.actor("Fay"))
    with pytest.raises(Refused, match=OWN):
        report.waive(ref, "My own", olga)
    report.save(ref, report.of_bid(season.bid(ref)).version, "It went well.", "", False, olga)
    assert season.award_now(made).status == "reporting"
