"""Seats, ties, votes, the count: each refusal, and what nobody may learn."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import events_of
from portal.outbox import Message
from portal.panels import actions, queries, seats
from portal.panels.model import Interest, Vote
from portal.people.actions import act_for, create_organisation
from tests.grants.season import Season, begin


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()


@pytest.fixture
def matter(season: Season) -> str:
    return season.with_panel(season.sent())


def vote(season: Season, matter: str, name: str, choice: str = "yes", reason: str = "Because.") -> None:
    actions.declare(season.who(name), season.panel_ref, matter, "none")
    actions.vote(season.who(name), season.panel_ref, matter, choice, reason)


class TestSeats:
    def test_a_seat_needs_a_reason_and_a_term_in_order(self, season: Season) -> None:
        today = clock.today()
        with pytest.raises(Refused, match="Write why"):
            seats.add_seat(season.who("Olga"), season.panel_ref, season.ref("Rob"), term_start=today, term_end=None, reason="")
        with pytest.raises(Refused, match="last day comes before"):
            seats.add_seat(
                season.who("Olga"), season.panel_ref, season.ref("Rob"), term_start=today, term_end=today - timedelta(days=1), reason="x"
            )
        with pytest.raises(NotFound):
            seats.add_seat(season.who("Olga"), season.panel_ref, "PER-2222-2222", term_start=today, term_end=None, reason="x")
        with pytest.raises(NotFound):
            seats.add_seat(season.who("Olga"), "PNL-2222-2222", season.ref("Rob"), term_start=today, term_end=None, reason="x")

    def test_one_seat_a_person_at_a_time_and_again_later(self, season: Season) -> None:
        today = clock.today()
        with pytest.raises(Refused, match="has a seat"):
            seats.add_seat(season.who("Olga"), season.panel_ref, season.ref("Ada"), term_start=today, term_end=None, reason="x")
        seats.end_seat(season.who("Olga"), season.panel_ref, season.ref("Ada"), today, "Moved away")
        seats.add_seat(
            season.who("Olga"), season.panel_ref, season.ref("Ada"), term_start=today + timedelta(days=1), term_end=None, reason="Back"
        )
        with pytest.raises(Refused, match="last day comes before"):
            seats.end_seat(season.who("Olga"), season.panel_ref, season.ref("Ben"), today - timedelta(days=9), "x")

    def test_a_seat_out_of_term_neither_sees_nor_votes(self, season: Season, matter: str) -> None:
        seats.end_seat(season.who("Olga"), season.panel_ref, season.ref("Ben"), clock.today() - timedelta(days=1), "Moved away")
        assert queries.seat_of(season.who("Ben").id, queries.panel(season.panel_ref).id) is None
        with pytest.raises(NotFound):
            actions.declare(season.who("Ben"), season.panel_ref, matter, "none")
        assert "Ben" not in {each.name for each in queries.standing(season.matter_by(matter)).able}

    def test_a_panel_needs_a_name(self, season: Season) -> None:
        with pytest.raises(Refused, match="name"):
            seats.create_panel(season.who("Olga"), "", "")

    def test_the_chair_is_given_with_a_reason(self, season: Season) -> None:
        with pytest.raises(Refused):
            seats.set_chair(season.who("Olga"), season.panel_ref, season.ref("Ben"), True, "")
        seats.set_chair(season.who("Olga"), season.panel_ref, season.ref("Ben"), True, "Ada is away")
        seat = queries.seat_of(season.who("Ben").id, queries.panel(season.panel_ref).id)
        assert seat is not None and seat.chair


class TestTies:
    def test_nobody_votes_before_saying_whether_they_are_tied(self, season: Season, matter: str) -> None:
        with pytest.raises(Refused, match="Say first"):
            actions.vote(season.who("Ada"), season.panel_ref, matter, "yes")
        assert queries.standing(season.matter_by(matter)).tally.voted == 0

    def test_a_tie_hides_the_matter_everywhere_from_that_seat(self, season: Season, matter: str) -> None:
        ben = season.who("Ben")
        seat = queries.seat_of(ben.id, queries.panel(season.panel_ref).id)
        assert seat is not None
        assert len(queries.sittings(seat)) == 1
        assert queries.waiting_for(ben.id) == {seat.panel_id: 1}
        assert actions.declare(ben, season.panel_ref, matter, "friend") is False
        assert queries.sittings(seat) == [] and not queries.waiting_for(ben.id)
        for attempt in (
            lambda: actions.vote(ben, season.panel_ref, matter, "yes"),
            lambda: actions.declare(ben, season.panel_ref, matter, "none"),
        ):
            with pytest.raises(NotFound):
                attempt()

    def test_a_tie_that_is_told_late_takes_the_vote_away(self, season: Season, matter: str) -> None:
        for name in ("Ada", "Ben", "Cleo"):
            vote(season, matter, name)
        assert queries.standing(season.matter_by(matter)).tally.yes == 3
        actions.declare(season.who("Ben"), season.panel_ref, matter, "money")
        tally = queries.standing(season.matter_by(matter)).tally
        assert (tally.yes, tally.able, tally.tied) == (2, 3, 1)

    def test_no_such_kind_of_tie(self, season: Season, matter: str) -> None:
        with pytest.raises(Refused, match="Say whether"):
            actions.declare(season.who("Ada"), season.panel_ref, matter, "hunch")

    def test_a_seat_never_sees_its_own_idea_whatever_it_declares(self, season: Season) -> None:
        matter = season.with_panel(season.sent("Ada's idea", by="Ada"))
        with pytest.raises(NotFound):
            actions.declare(season.who("Ada"), season.panel_ref, matter, "none")
        standing = queries.standing(season.matter_by(matter))
        assert [(each.name, tie) for each, tie in standing.tied] == [("Ada", "member")]
        with pytest.raises(NotFound):
            actions.close(season.who("Ada"), season.panel_ref, matter)

    def test_whoever_acts_for_the_group_is_tied_from_that_day(self, season: Season) -> None:
        with transaction():
            group = create_organisation("Gardeners", "group", None, season.actor("Rita"))
            act_for(season.who("Rita").id, group.id, season.actor("Rita"))
            group_id = group.id
        matter = season.with_panel(season.sent("Theirs", organisation_id=group_id))
        actions.declare(season.who("Cleo"), season.panel_ref, matter, "none")
        with transaction():
            act_for(season.who("Cleo").id, group_id, season.actor("Rita"))
        with pytest.raises(NotFound):
            actions.vote(season.who("Cleo"), season.panel_ref, matter, "yes")

    def test_a_stranger_and_a_seat_of_another_panel_find_nothing(self, season: Season, matter: str) -> None:
        other = seats.create_panel(season.who("Olga"), "Another", "")
        seats.add_seat(season.who("Olga"), other, season.ref("Rob"), term_start=clock.today(), term_end=None, reason="x")
        for who, panel in (("Rita", season.panel_ref), ("Rob", season.panel_ref), ("Rob", other)):
            with pytest.raises(NotFound):
                actions.declare(season.who(who), panel, matter, "none")


class TestVotes:
    def test_no_and_not_yet_say_why(self, season: Season, matter: str) -> None:
        actions.declare(season.who("Ada"), season.panel_ref, matter, "none")
        for choice in ("no", "not_yet"):
            with pytest.raises(Refused, match="Write why"):
                actions.vote(season.who("Ada"), season.panel_ref, matter, choice)
        with pytest.raises(Refused, match="Choose"):
            actions.vote(season.who("Ada"), season.panel_ref, matter, "maybe", "x")
        actions.vote(season.who("Ada"), season.panel_ref, matter, "abstain")

    def test_the_last_vote_counts_and_every_one_is_kept(self, season: Season, matter: str) -> None:
        vote(season, matter, "Ada", "no")
        vote(season, matter, "Ada", "yes")
        assert queries.standing(season.matter_by(matter)).tally.yes == 1
        assert [each.choice for each in db.session.scalars(select(Vote).order_by(Vote.id))] == ["no", "yes"]

    def test_votes_and_ties_are_only_ever_appended(self, season: Season, matter: str) -> None:
        vote(season, matter, "Ada")
        for statement in (
            "UPDATE vote SET choice = 'no'",
            "DELETE FROM vote",
            "UPDATE interest SET tie = 'family'",
            "DELETE FROM interest",
        ):
            with pytest.raises(DBAPIError):
                db.session.execute(text(statement))
            db.session.rollback()
        assert db.session.scalars(select(Interest)).all()

    def test_events_say_that_somebody_voted_never_what(self, season: Season, matter: str) -> None:
        vote(season, matter, "Ada", "no", "Too dear")
        for event in events_of(f"matter:{season.matter_by(matter).id}"):
            assert "no" not in event.data.values() and "Too dear" not in (event.reason or "")

    def test_paper_and_hall_votes_are_entered_by_officer_or_chair(self, season: Season, matter: str) -> None:
        actions.enter_vote(season.who("Olga"), season.panel_ref, matter, season.ref("Ben"), "yes", "", "paper", "7")
        actions.declare(season.who("Ada"), season.panel_ref, matter, "none")
        actions.enter_vote(season.who("Ada"), season.panel_ref, matter, season.ref("Cleo"), "yes", "", "hall")
        assert queries.standing(season.matter_by(matter)).tally.sources == {"paper": 1, "hall": 1}
        row = db.session.scalars(select(Vote).order_by(Vote.id)).first()
        assert row is not None and row.entered_by_id == season.who("Olga").id
        with pytest.raises(NotYours):
            actions.enter_vote(season.who("Ben"), season.panel_ref, matter, season.ref("Dan"), "yes", "", "paper", "8")
        with pytest.raises(NotYours):
            actions.enter_vote(season.who("Rita"), season.panel_ref, matter, season.ref("Dan"), "yes", "", "paper", "8")
        with pytest.raises(Refused, match="number that stands on the paper"):
            actions.enter_vote(season.who("Olga"), season.panel_ref, matter, season.ref("Dan"), "yes", "", "paper")
        with pytest.raises(Refused, match="on paper or in the hall"):
            actions.enter_vote(season.who("Olga"), season.panel_ref, matter, season.ref("Dan"), "yes", "", "phone")
        actions.declare(season.who("Dan"), season.panel_ref, matter, "family")
        with pytest.raises(Refused, match="tied"):
            actions.enter_vote(season.who("Olga"), season.panel_ref, matter, season.ref("Dan"), "yes", "", "paper", "8")
        with pytest.raises(NotFound):
            actions.enter_vote(season.who("Olga"), season.panel_ref, matter, season.ref("Rob"), "yes", "", "paper", "9")


class TestTheCount:
    def test_not_before_the_quorum_and_only_by_officer_or_chair(self, season: Season, matter: str) -> None:
        vote(season, matter, "Ada")
        vote(season, matter, "Ben")
        with pytest.raises(Refused, match="2 of 3 votes"):
            actions.close(season.who("Olga"), season.panel_ref, matter)
        vote(season, matter, "Cleo")
        for name in ("Ben", "Rita"):
            with pytest.raises(NotYours):
                actions.close(season.who(name), season.panel_ref, matter)
        assert actions.close(season.who("Ada"), season.panel_ref, matter) == "yes"

    def test_it_freezes_and_nobody_votes_after_it(self, season: Season, matter: str) -> None:
        for name in ("Ada", "Ben", "Cleo"):
            vote(season, matter, name)
        actions.close(season.who("Olga"), season.panel_ref, matter)
        for attempt in (
            lambda: actions.vote(season.who("Ada"), season.panel_ref, matter, "no", "x"), lambda: actions.declare(season.who("Dan"), season.panel_ref, matter, "family"),
            lambda: actions.close(season.who("Olga"), season.panel_ref, matter),
        ):  # fmt: skip
            with pytest.raises(Refused, match=r"(closed|counted) meanwhile"):
                attempt()
        tally = season.matter_by(matter).tally
        assert tally is not None and tally["yes"] == 3

    def test_too_few_votes_after_the_day_bring_it_back(self, season: Season) -> None:
        ref = season.sent()
        matter = season.with_panel(ref)
        vote(season, matter, "Ada")
        with clock.held_at(clock.now() + timedelta(days=60)):
            assert actions.close(season.who("Olga"), season.panel_ref, matter) == "no_quorum"
        assert season.bid(ref).status == "sent"
        season.with_panel(ref)  # and it can be put again
        assert season.bid(ref).status == "with_panel"

    def test_seats_hear_once_a_day_without_what_it_is(self, season: Season) -> None:
        season.with_panel(season.sent("Secret one"))
        season.with_panel(season.sent("Secret two"))
        told = db.session.scalars(select(Message).where(Message.about.like("panel:%"))).all()
        assert sorted(each.to_name for each in told) == ["Ada", "Ben", "Cleo", "Dan"]
        assert not any("Secret" in each.body + each.short + each.subject for each in told)
