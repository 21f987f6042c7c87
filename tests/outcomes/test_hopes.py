"""What applicants hope for: chosen in the words they were shown, one to three, and told with the report."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.grants import apply, pay, report, rounds
from portal.grants.rules import RoundRules
from portal.history import events_of
from portal.money import Pence
from portal.outcomes import catalogue, hopes
from portal.outcomes.model import Hope, Outcome
from portal.outcomes.rules import HEADINGS, Sums, told
from portal.panels.queries import panel
from portal.places.model import Area
from tests.grants.season import Season, assert_books_are_right, begin

FRIENDS, BEDS = "People get to know their neighbours", "A place is better looked after"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    made = begin()
    catalogue.begin(made.actor("Olga"))
    yield made
    assert_books_are_right()


def line(words: str) -> Outcome:
    db.session.rollback()
    return db.session.scalars(select(Outcome).where(Outcome.words == words)).one()


def chosen(season: Season, ref: str, *words: str, by: str = "Rita") -> None:
    hopes.choose(ref, season.bid(ref).version, [line(each).ref for each in words], season.actor(by))


def words_of(season: Season, ref: str) -> list[str]:
    return [hope.words for hope in hopes.of_bid(season.bid(ref).id)]


def needing(season: Season) -> None:
    """From now on ideas are sent to a round that asks for it."""
    rules = RoundRules(outcomes_needed=True)
    olga, panel_id = season.actor("Olga"), panel(season.panel_ref).id
    season.round_ref = rounds.plan_round(season.fund_id, panel_id, "Hopeful", clock.now(), None, None, rules, olga)
    rounds.open_round(season.round_ref, olga)


def reporting(season: Season, *words: str) -> str:
    ref = season.sent()
    chosen(season, ref, *words)
    payment = season.released(season.ready(ref))
    pay.settle(payment.ref, clock.today(), season.actor("Fay"))
    db.session.rollback()
    return ref


class TestTheList:
    def test_it_begins_once_with_every_heading(self, season: Season) -> None:
        assert {each.heading for each in catalogue.offered()} == set(HEADINGS)
        assert catalogue.begin(season.actor("Olga")) == 0 and len(catalogue.offered()) == 10

    def test_each_change_is_an_event_with_old_and_new(self, season: Season) -> None:
        olga = season.actor("Olga")
        ref = catalogue.add("Children play outside", "ownership", olga, once_key="one")
        assert catalogue.add("Children play outside", "ownership", olga, once_key="one") == ref
        catalogue.reword(ref, "Children play outdoors", "inclusion", olga)
        catalogue.reword(ref, "Children play outdoors", "inclusion", olga)
        catalogue.move_up(ref, olga)
        catalogue.retire(ref, "Nobody chose it", olga)
        catalogue.retire(ref, "Again", olga)
        assert ref not in {each.ref for each in catalogue.offered()} and [each.ref for each in catalogue.retired()] == [ref]
        catalogue.offer_again(ref, olga)
        assert [each.ref for each in catalogue.offered()][-2] == ref
        told = events_of(f"outcome:{line('Children play outdoors').id}")
        assert [event.kind for event in told] == ["added", "reworded", "moved", "retired", "offered_again"]
        assert told[1].data["before"]["words"] == "Children play outside" and told[1].data["after"]["heading"] == "inclusion"

    def test_what_it_refuses(self, season: Season) -> None:
        olga = season.actor("Olga")
        for words, heading, says in (
            ("", "support", "Write what"), ("New", "nothing", "Choose what"), (FRIENDS.upper(), "support", "stands on the list already"),
        ):  # fmt: skip
            with pytest.raises(Refused, match=says):
                catalogue.add(words, heading, olga)
        with pytest.raises(Refused, match="Write why"):
            catalogue.retire(line(BEDS).ref, "", olga)
        catalogue.retire(line(BEDS).ref, "Too wide", olga)
        catalogue.add(BEDS, "ownership", olga)
        gone = catalogue.retired()[0].ref
        with pytest.raises(Refused, match="retired"):
            catalogue.reword(gone, "Other", "support", olga)
        with pytest.raises(Refused, match="already"):
            catalogue.offer_again(gone, olga)
        with pytest.raises(NotFound):
            catalogue.reword("OUT-2222-2222", "Other", "support", olga)
        for number in range(catalogue.MOST - 10):
            catalogue.add(f"Line {number}", "support", olga)
        with pytest.raises(Refused, match="too long"):
            catalogue.add("One more", "support", olga)

    def test_the_database_has_the_last_word(self, season: Season) -> None:
        row = {"ref": "OUT-2222-2222", "words": "New", "heading": "support", "position": 99, "added_at": clock.now(), "retired_reason": ""}
        for wrong in ({"heading": "other"}, {"words": ""}, {"retired_reason": "x"}, {"words": FRIENDS}):
            with pytest.raises(IntegrityError), transaction():
                db.session.execute(insert(Outcome).values({**row, **wrong}))


class TestChoosing:
    def test_an_idea_keeps_the_words_it_was_shown(self, season: Season) -> None:
        ref = season.sent()
        chosen(season, ref, BEDS, FRIENDS)
        assert words_of(season, ref) == [FRIENDS, BEDS], "in the order of the list"
        catalogue.reword(line(FRIENDS).ref, "Neighbours meet", "support", season.actor("Olga"))
        catalogue.retire(line(BEDS).ref, "Too wide", season.actor("Olga"))
        shown = [each.words for each in hopes.choices(season.bid(ref)) if each.chosen]
        assert shown == [FRIENDS, BEDS] and BEDS not in [each.words for each in hopes.choices(season.bid(season.sent("Other", by="Rob")))]
        hopes.choose(ref, season.bid(ref).version, [line("Neighbours meet").ref, line(BEDS).ref, line("Someone can do something new").ref], season.actor("Rita"))  # fmt: skip
        assert words_of(season, ref) == [FRIENDS, "Someone can do something new", BEDS]
        assert hopes.of_bid(season.bid(ref).id)[0].heading == "connections"
        told = [event for event in events_of(f"bid:{season.bid(ref).id}") if event.kind == "outcomes_chosen"]
        assert [len(event.data["after"]) for event in told] == [2, 3] and told[1].data["before"] == [FRIENDS, BEDS]

    def test_what_it_refuses(self, season: Season) -> None:
        ref, rita = season.sent(), season.actor("Rita")
        four = [each.ref for each in catalogue.offered()[:4]]
        with pytest.raises(Refused, match="Choose 3 at most"):
            hopes.choose(ref, season.bid(ref).version, four, rita)
        with pytest.raises(Refused, match="list has changed"):
            hopes.choose(ref, season.bid(ref).version, ["OUT-2222-2222"], rita)
        catalogue.retire(four[0], "Too wide", season.actor("Olga"))
        with pytest.raises(Refused, match="list has changed"):
            hopes.choose(ref, season.bid(ref).version, four[:1], rita)
        with pytest.raises(Conflict):
            hopes.choose(ref, season.bid(ref).version - 1, four[1:2], rita)
        season.with_panel(ref)
        with pytest.raises(Refused, match="no longer be changed"):
            hopes.choose(ref, season.bid(ref).version, four[1:2], rita)

    def test_only_a_round_that_says_so_needs_one(self, season: Season) -> None:
        rita = season.actor("Rita")
        assert season.sent("Without any")
        needing(season)
        with pytest.raises(Refused, match="Choose at least one thing that you hope for"):
            season.sent("With none", by="Rob")
        ref = apply.start(season.round_ref, season.who("Rita").id, rita)
        assert "outcomes" in {fault.section for fault in apply.problems(season.bid(ref))}
        chosen(season, ref, FRIENDS)
        assert "outcomes" not in {fault.section for fault in apply.problems(season.bid(ref))}
        hopes.choose(ref, season.bid(ref).version, [], rita)  # a draft is never judged
        for each in catalogue.offered():
            catalogue.retire(each.ref, "We ask nobody now", season.actor("Olga"))
        assert "outcomes" not in {fault.section for fault in apply.problems(season.bid(ref))}, "there is nothing to choose"

    def test_a_sent_idea_keeps_one_where_it_is_needed(self, season: Season) -> None:
        needing(season)
        ref, rita = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita")), season.actor("Rita")
        chosen(season, ref, FRIENDS)
        first = clock.today() + timedelta(days=3)
        answers = {
            "title": "Beds", "idea": "Beds", "who_for": "All", "better": "We meet", "first_day": first, "last_day": first, "pay_route": "receipts",
            "area_id": db.session.scalar(select(Area.id)),
        }  # fmt: skip
        version = apply.save(ref, season.bid(ref).version, "idea", answers, rita, lines=[apply.Line("Soil", Pence(100_00))])
        apply.send(ref, version, rita, sure=True)
        with pytest.raises(Refused, match="at least one"):
            chosen(season, ref)
        chosen(season, ref, BEDS)
        assert words_of(season, ref) == [BEDS]

    def test_the_database_has_the_last_word(self, season: Season) -> None:
        ref = season.sent()
        chosen(season, ref, FRIENDS)
        bid, outcome = season.bid(ref).id, line(BEDS).id
        row = {
            "application_id": bid,
            "outcome_id": outcome,
            "position": 2,
            "words": "x",
            "heading": "support",
            "how_far": "",
            "happened": "",
        }
        for wrong in (
            {"position": 4},
            {"position": 1},
            {"outcome_id": line(FRIENDS).id},
            {"heading": ""},
            {"how_far": "lots"},
            {"words": ""},
        ):
            with pytest.raises(IntegrityError), transaction():
                db.session.execute(insert(Hope).values({**row, **wrong}))


class TestTelling:
    def test_what_came_of_it_is_part_of_the_report(self, season: Season) -> None:
        ref, rita = reporting(season, FRIENDS, BEDS), season.actor("Rita")
        version = report.of_bid(season.bid(ref)).version
        hopes.tell(ref, version, {1: hopes.Answer("a_lot", "We all met."), 2: hopes.Answer("", ""), 3: hopes.Answer("a_lot", "")}, rita)
        first, second = hopes.of_bid(season.bid(ref).id)
        assert (first.how_far, first.happened, second.how_far) == ("a_lot", "We all met.", "")
        assert report.of_bid(season.bid(ref)).status == "started"
        with pytest.raises(Conflict):
            hopes.tell(ref, version, {1: hopes.Answer("not_yet", "")}, rita)
        with pytest.raises(Refused, match="from the list"):
            hopes.tell(ref, version + 1, {1: hopes.Answer("hugely", "")}, rita)
        report.waive(ref, "They moved away", season.actor("Olga"))
        with pytest.raises(Refused, match="sent already"):
            hopes.tell(ref, version + 1, {}, rita)

    def test_not_before_there_is_a_report(self, season: Season) -> None:
        ref = season.sent()
        with pytest.raises(NotFound):
            hopes.tell(ref, 1, {}, season.actor("Rita"))


class TestCounting:
    def test_small_numbers_and_what_gives_them_away_are_hidden(self) -> None:
        assert told(Sums(4, 1, 1, 1, 60), public=True).grants is None and told(Sums(4, 1, 1, 1, 60), public=False).parts == (1, 1, 1, 1)
        assert told(Sums(12, 6, 6, 0, 60), public=True).parts == (6, 6, 0, 0)
        assert told(Sums(14, 8, 6, 0, 60), public=True).parts == (8, 6, 0, 0)
        assert told(Sums(14, 8, 5, 1, 60), public=True).parts == (8, None, None, 0), "one hidden alone is the rest"
        assert told(Sums(14, 8, 3, 2, 60), public=True).parts == (8, None, None, None)
        assert told(Sums(8, 6, 1, 1, 60), public=True).parts == (None, None, None, 0), "two hidden that make two are one each"
        assert told(Sums(5, 0, 4, 1, 60), public=True).parts == (0, None, None, 0)
        assert told(Sums(), public=True).grants == 0
