"""A sitting from the first mark to the letters: private until shown, counted at once, shared by the rule, changed by two people only."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.grants import award, decide, rounds
from portal.grants.rules import RoundRules
from portal.history import events_of
from portal.money import Pence
from portal.outbox import Message, messages_about
from portal.panels import actions, marking, queries, seats, sittings, ties
from portal.panels.model import Mark, Matter, Seat, Sitting
from portal.panels.rules import Threshold
from portal.people import actions as actions_of_people
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin

SEATS = ("Ada", "Ben", "Cleo", "Dan")
FULL = {0: (3, "They know everybody"), 1: (2, ""), 2: (1, "")}


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin(600_00, rolling=False, rules=RoundRules(marking=True, decision="most_votes", most=Pence(250_00)))
    assert_books_are_right()


def shared(app_rules: RoundRules, money: int = 600_00) -> Season:
    return begin(money, rolling=False, rules=app_rules)


class Table:
    """The panel's table: bids of a closed round before it."""

    def __init__(self, season: Season, *asked: int, by: tuple[str, ...] = ("Rita", "Rob", "Rosa")) -> None:
        self.season = season
        self.bids = [season.sent(f"Idea {number}", sum_, by[number % len(by)]) for number, sum_ in enumerate(asked)]
        self.now = clock.now() + timedelta(days=11)
        with clock.held_at(self.now):
            rounds.move_rounds()
            decide.put_round_to_panel(season.round_ref, season.actor("Olga"))
        self.matters = [season.matter(ref).ref for ref in self.bids]
        found = db.session.scalars(select(Sitting)).one()
        self.ref, self.id = found.ref, found.id
        self.panel = season.panel_ref

    def who(self, name: str) -> Who:
        return self.season.who(name)

    def mark(self, name: str, number: int, given: dict[int, tuple[int, str]] | None = None) -> bool:
        with clock.held_at(self.now):
            if queries.last_ties([self.matter(number).id], self.seat(name)) == {}:
                actions.declare(self.who(name), self.panel, self.matters[number], "none")
            return marking.mark(self.who(name), self.panel, self.matters[number], FULL if given is None else given)

    def vote(self, name: str, number: int, choice: str = "yes") -> None:
        with clock.held_at(self.now):
            actions.vote(self.who(name), self.panel, self.matters[number], choice, "Because.")

    def all(self, votes: dict[str, str]) -> None:
        """Everybody marks everything; then each votes: name → a letter for each bid, y n l(ater) a(bstain)."""
        for name in votes:
            for number in range(len(self.bids)):
                self.mark(name, number)
        with clock.held_at(self.now):
            marking.reveal_ready(self.who("Olga"), self.panel, self.ref)
        for name, letters in votes.items():
            for number, letter in enumerate(letters):
                self.vote(name, number, {"y": "yes", "n": "no", "l": "not_yet", "a": "abstain"}[letter])

    def count(self, by: str = "Olga") -> dict[str, int]:
        with clock.held_at(self.now):
            return dict(sittings.count(self.who(by), self.panel, self.ref))

    def matter(self, number: int) -> Matter:
        return self.season.matter_by(self.matters[number])

    def seat(self, name: str) -> int:
        found = queries.seat_of(self.who(name).id, queries.panel(self.panel).id)
        assert found is not None
        return found.id

    def sitting(self) -> Sitting:
        db.session.rollback()
        return db.session.get_one(Sitting, self.id)

    def funded(self) -> list[int]:
        line = sittings.line_of(self.sitting(), sittings.matters_of(self.sitting()))
        return [self.matters.index(each.matter.ref) for each in line if each.funded]


@pytest.mark.parametrize(("rule", "lands"), [("threshold", "Counted"), ("most_votes", "How the pot was shared")])
def test_counting_by_hand_leads_to_a_page_that_is_there(app: Flask, rule: str, lands: str) -> None:
    season = begin(600_00, rolling=False, rules=RoundRules(marking=True, decision=rule))
    table = Table(season, 100_00, 100_00)
    table.all(dict.fromkeys(SEATS, "yn"))
    with clock.held_at(table.now):
        ada = Inspector(app, budget=40).sign_in(season.who("Ada").id).get(f"/panels/{table.panel}/sittings/{table.ref}")
        ada.submit("Count everything").follow()
        assert lands in ada.text and "Keep it to yourself" in ada.text


class TestMarks:
    def test_nobody_marks_before_saying_whether_they_are_tied(self, season: Season) -> None:
        table = Table(season, 100_00)
        with clock.held_at(table.now), pytest.raises(Refused, match="Say first"):
            marking.mark(season.who("Ada"), table.panel, table.matters[0], FULL)

    def test_each_tap_is_kept_and_the_last_counts(self, season: Season) -> None:
        table = Table(season, 100_00)
        assert table.mark("Ada", 0, {0: (3, "")}) is False
        assert table.mark("Ada", 0, {0: (1, "On reflection")}) is False
        assert table.mark("Ada", 0, {0: (1, "On reflection")}) is False  # a second tap says nothing new
        assert table.mark("Ada", 0, {1: (2, ""), 2: (0, "")}) is True
        assert [(row.criterion, row.mark) for row in db.session.scalars(select(Mark).order_by(Mark.id))] == [(0, 3), (0, 1), (1, 2), (2, 0)]
        own = marking.marks_of([table.matter(0).id], table.seat("Ada"))[table.matter(0).id, table.seat("Ada")]
        assert [own[number].mark for number in range(3)] == [1, 2, 0]

    @pytest.mark.parametrize("given", [{}, {3: (1, "")}, {-1: (1, "")}, {0: (4, "")}, {0: (-1, "")}])
    def test_marks_that_are_none(self, season: Season, given: dict[int, tuple[int, str]]) -> None:
        table = Table(season, 100_00)
        with pytest.raises(Refused, match="Choose"):
            table.mark("Ada", 0, given)

    def test_the_database_keeps_them(self, season: Season) -> None:
        table = Table(season, 100_00)
        table.mark("Ada", 0)
        for statement in ("UPDATE mark SET mark = 0", "DELETE FROM mark"):
            with pytest.raises(DBAPIError):
                db.session.execute(text(statement))
            db.session.rollback()

    def test_they_are_shown_by_themselves_when_all_are_in_and_only_to_who_gave_theirs(self, season: Season) -> None:
        table = Table(season, 100_00)
        for name in SEATS[:3]:
            table.mark(name, 0)
        assert table.matter(0).revealed_at is None
        with clock.held_at(table.now), pytest.raises(Refused, match="marks are shown"):
            actions.vote(season.who("Ada"), table.panel, table.matters[0], "yes")
        table.mark("Dan", 0)
        assert table.matter(0).revealed_at is not None

    def test_who_has_not_marked_sees_nobodys_marks_and_hears_no_talk(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00)
        for name in SEATS[:3]:
            table.mark(name, 0, {0: (3, f"Secret of {name}"), 1: (1, ""), 2: (1, "")})
        with clock.held_at(table.now):
            actions.declare(season.who("Dan"), table.panel, table.matters[0], "none")
            page = f"/panels/{table.panel}/bids/{table.matters[0]}"
            ada, dan = (Inspector(app, budget=45).sign_in(season.who(name).id) for name in ("Ada", "Dan"))
            assert "Secret of Ben" not in ada.get(page).text
            marking.reveal(season.who("Ada"), table.panel, table.matters[0])
            marking.say(season.who("Ben"), table.panel, table.matters[0], "I know the hall")
            assert "Secret of Ben" in ada.get(page).text and "I know the hall" in ada.text
            assert "Secret of" not in dan.get(page).text and "I know the hall" not in dan.text
            with pytest.raises(Refused, match="talk opens"):
                marking.say(season.who("Dan"), table.panel, table.matters[0], "Me too")
            marking.mark(season.who("Dan"), table.panel, table.matters[0], FULL)
            assert "Secret of Ben" in dan.get(page).text

    def test_what_was_shown_stays_as_it_is(self, season: Season) -> None:
        table = Table(season, 100_00)
        for name in SEATS:
            table.mark(name, 0)
        with pytest.raises(Refused, match="open now"):
            table.mark("Ada", 0, {0: (0, "")})

    def test_not_shown_before_enough_are_in_and_only_by_chair_or_officer(self, season: Season) -> None:
        table = Table(season, 100_00)
        table.mark("Ada", 0)
        with clock.held_at(table.now):
            with pytest.raises(Refused, match="1 of at least 3"):
                marking.reveal(season.who("Olga"), table.panel, table.matters[0])
            for name in ("Ben", "Rita"):
                with pytest.raises(NotYours):
                    marking.reveal(season.who(name), table.panel, table.matters[0])
        with clock.held_at(table.now + timedelta(days=60)):
            marking.reveal(season.who("Olga"), table.panel, table.matters[0])
        assert table.matter(0).revealed_at is not None

    def test_a_tie_told_after_marking_takes_the_marks_away_and_says_so(self, season: Season) -> None:
        table = Table(season, 100_00)
        for name in SEATS:
            table.mark(name, 0)
        with clock.held_at(table.now):
            actions.declare(season.who("Ben"), table.panel, table.matters[0], "friend")
        standing = queries.standing(table.matter(0))
        shown = marking.shown_marks(table.matter(0), standing, marking.marks_of([table.matter(0).id]))
        assert sorted(each.seat.name for each in shown) == ["Ada", "Cleo", "Dan"]
        assert "marks_withdrawn" in {event.kind for event in events_of(f"matter:{table.matter(0).id}")}
        with pytest.raises(NotFound):
            table.mark("Ben", 0)

    def test_a_tie_that_was_a_mistake_brings_no_mark_back(self, season: Season) -> None:
        table = Table(season, 100_00)
        for name in SEATS:
            table.mark(name, 0)
        with clock.held_at(table.now):
            ties.declare_for(season.who("Olga"), table.panel, table.matters[0], season.ref("Ben"), "friend", "Seen together")
            table.now += timedelta(minutes=1)
        with clock.held_at(table.now):
            ties.correct(season.who("Olga"), table.panel, table.matters[0], season.ref("Ben"), "Another Ben")
            assert (table.matter(0).id, table.seat("Ben")) not in marking.marks_of([table.matter(0).id])
            assert [one.matter.ref for one in queries.my_sittings(season.who("Ben").id)] == table.matters, "it waits for him again"
            assert marking.mark(season.who("Ben"), table.panel, table.matters[0], FULL) is True
        assert len(marking.marks_of([table.matter(0).id], table.seat("Ben"))) == 1

    def test_marks_from_paper_carry_the_sheet_and_who_typed(self, season: Season) -> None:
        table = Table(season, 100_00)
        olga, dan = season.who("Olga"), season.ref("Dan")
        with clock.held_at(table.now):
            with pytest.raises(Refused, match="number"):
                marking.enter_marks(olga, table.panel, table.matters[0], dan, FULL, "")
            with pytest.raises(NotYours):
                marking.enter_marks(season.who("Ben"), table.panel, table.matters[0], dan, FULL, "41")
            assert marking.enter_marks(olga, table.panel, table.matters[0], dan, FULL, "41")
        rows = db.session.scalars(select(Mark)).all()
        assert {(row.source, row.sheet, row.entered_by_id) for row in rows} == {("paper", "41", olga.id)}


class TestTalk:
    def test_one_takes_back_ones_own_and_the_chair_anybodys(self, season: Season) -> None:
        table = Table(season, 100_00)
        for name in SEATS:
            table.mark(name, 0)
        with clock.held_at(table.now):
            first = marking.say(season.who("Ben"), table.panel, table.matters[0], "Too loud")
            second = marking.say(season.who("Cleo"), table.panel, table.matters[0], "Quite right", once_key="k")
            assert marking.say(season.who("Cleo"), table.panel, table.matters[0], "Quite right", once_key="k") == second
            with pytest.raises(Refused):
                marking.say(season.who("Cleo"), table.panel, table.matters[0], "")
            with pytest.raises(NotYours):
                marking.take_back(season.who("Cleo"), table.panel, table.matters[0], first)
            file = people.all_about(season.who("Ben").id)
            assert [(said["said"], said["taken back"]) for said in file["talks of panels"]] == [("Too loud", None)]
            assert [(each["question"], each["mark"], each["reason"]) for each in file["panels"][0]["marks"]] == [
                (asked, *FULL[number]) for number, asked in enumerate(Threshold.load(table.matter(0).rule).criteria)
            ]
            assert "Quite right" not in str(file) and people.all_about(season.who("Rita").id)["talks of panels"] == []
            marking.take_back(season.who("Ada"), table.panel, table.matters[0], first)
            marking.take_back(season.who("Cleo"), table.panel, table.matters[0], second)
            with pytest.raises(NotFound):
                marking.take_back(season.who("Cleo"), table.panel, table.matters[0], "RMK-2222-2222")
            with pytest.raises(NotYours):
                marking.say(season.who("Rita"), table.panel, table.matters[0], "It is mine")
        assert [each.words for each in marking.talk(table.matter(0), season.who("Ada"))] == ["", ""]

    def test_asking_whoever_has_the_idea_takes_it_from_the_panel_until_they_answer(self, season: Season) -> None:
        table = Table(season, 100_00)
        from portal.grants.views.decide import ask_applicant

        with clock.held_at(table.now):
            actions.ask(
                season.who("Ada"), table.panel, table.matters[0], ask_applicant, ["money"], "What does the soil cost?", clock.today()
            )
            assert season.bid(table.bids[0]).status == "more_asked"
            with pytest.raises(Refused, match="closed meanwhile"):
                actions.ask(season.who("Ada"), table.panel, table.matters[0], ask_applicant, ["money"], "And?", clock.today())
            with pytest.raises(NotYours):
                actions.ask(season.who("Ben"), table.panel, table.matters[0], ask_applicant, ["money"], "And?", clock.today())


class TestTheCount:
    def test_most_votes_first_and_the_rest_in_line(self, season: Season) -> None:
        """The pot of £600 pays 250 and 200; the third, of 250, does not fit, the fourth is a no."""
        table = Table(season, 250_00, 200_00, 250_00, 100_00)
        table.all({"Ada": "yyyn", "Ben": "yyyn", "Cleo": "yynn", "Dan": "ynyn"})
        assert table.count() == {"yes": 3, "no": 1}
        assert table.funded()[0] == 0 and len(table.funded()) == 2
        bids = [season.bid(ref) for ref in table.bids]
        assert [bid.decided for bid in bids] == ["yes", "yes", "yes", "no"]
        assert bids[0].funded is True and bids[3].funded is None
        assert sorted(bid.reserve_place for bid in bids[:3] if bid.reserve_place) == [1, 2, 3]
        assert table.count() == {"yes": 3, "no": 1}  # the second of two who press at once

    def test_what_shares_a_pot_is_not_counted_alone(self, season: Season) -> None:
        table = Table(season, 100_00)
        table.all(dict.fromkeys(SEATS, "y"))
        with clock.held_at(table.now), pytest.raises(Refused, match="shares a pot"):
            actions.close(season.who("Olga"), table.panel, table.matters[0])

    def test_not_before_every_idea_has_its_quorum_unless_the_day_is_over(self, season: Season) -> None:
        table = Table(season, 100_00, 100_00)
        table.all({"Ada": "yy", "Ben": "yy", "Cleo": "yy"})
        with transaction():
            for name in ("Ben", "Cleo"):
                actions.declared(table.matter(1), db.session.get_one(Seat, table.seat(name)), "friend", "", season.who(name).id)
        with pytest.raises(Refused, match="1 ideas have too few"):
            table.count()
        table.now += timedelta(days=40)
        assert table.count() == {"yes": 1, "no_quorum": 1}
        assert season.bid(table.bids[1]).status == "sent"

    def test_everybody_abstains(self, season: Season) -> None:
        table = Table(season, 100_00)
        table.all(dict.fromkeys(SEATS, "a"))
        assert table.count() == {"not_yet": 1} and table.funded() == []

    def test_a_pot_smaller_than_the_smallest_bid(self, app: Flask) -> None:
        season = shared(RoundRules(decision="most_votes", marking=True, pot=Pence(50_00)))
        table = Table(season, 60_00)
        table.all(dict.fromkeys(SEATS, "y"))
        table.count()
        assert table.funded() == [] and season.bid(table.bids[0]).funded is False

    def test_neither_a_seat_nor_a_tied_chair_counts(self, season: Season) -> None:
        table = Table(season, 100_00, 100_00)
        table.all(dict.fromkeys(SEATS, "yy"))
        for name in ("Ben", "Rita"):
            with pytest.raises(NotYours):
                table.count(name)
        with clock.held_at(table.now):
            actions.declare(season.who("Ada"), table.panel, table.matters[1], "family")
        with pytest.raises(NotYours):
            table.count("Ada")
        table.count()

    def test_nobody_votes_or_marks_after_it(self, season: Season) -> None:
        table = Table(season, 100_00)
        table.all(dict.fromkeys(SEATS, "y"))
        table.count()
        with pytest.raises(Refused, match="closed meanwhile"):
            table.vote("Ada", 0, "no")
        with pytest.raises(Refused, match="closed meanwhile"):
            table.mark("Ada", 0)

    def test_equal_shares_hears_a_small_group(self, app: Flask) -> None:
        """Three seats want four of the ideas, one wants the fifth: by most votes it gets nothing, in equal shares it is paid."""
        votes = {"Ada": "yyyyn", "Ben": "yyyyn", "Cleo": "yyyyn", "Dan": "nnnny"}
        season = shared(RoundRules(decision="equal_shares", marking=True, quorum=3, most=Pence(250_00)), 400_00)
        table = Table(season, *[100_00] * 5)
        table.all(votes)
        table.count()
        assert 4 in table.funded() and len(table.funded()) == 4
        result = table.sitting().result
        assert result is not None and result["others"]["most_votes"] != result["outcome"]["funded"]

    def test_equal_shares_by_marks(self, app: Flask) -> None:
        season = shared(RoundRules(decision="equal_shares", ballots="marks", marking=True, most=Pence(250_00)), 100_00)
        table = Table(season, 100_00, 100_00)
        for name in SEATS:
            table.mark(name, 0, {0: (1, ""), 1: (1, ""), 2: (1, "")})
            table.mark(name, 1, {0: (3, ""), 1: (3, ""), 2: (3, "")})
        for name in SEATS:
            table.vote(name, 0)
            table.vote(name, 1)
        table.count()
        assert table.funded() == [1]

    def test_each_on_its_own_is_counted_one_by_one_or_at_once(self, app: Flask) -> None:
        season = shared(RoundRules(), 1000_00)
        table = Table(season, 100_00, 100_00)
        for name in SEATS:
            for number in range(2):
                with clock.held_at(table.now):
                    actions.declare(season.who(name), table.panel, table.matters[number], "none")
                table.vote(name, number)
        with clock.held_at(table.now):
            actions.close(season.who("Olga"), table.panel, table.matters[0])
        assert table.sitting().status == "open"
        assert table.count() == {"yes": 2}
        assert table.sitting().result is None and season.bid(table.bids[0]).funded is None


class TestChanges:
    @pytest.fixture
    def table(self, season: Season) -> Table:
        """Two of three are funded: 0 and 1."""
        table = Table(season, 250_00, 250_00, 250_00)
        table.all({"Ada": "yyy", "Ben": "yyy", "Cleo": "yyy", "Dan": "yyn"})
        table.count()
        assert sorted(table.funded()) == [0, 1]
        return table

    def propose(self, table: Table, number: int, funded: bool, by: str = "Olga", reason: str = "The hall burnt down") -> str:
        return sittings.propose(table.who(by), table.panel, table.ref, table.matters[number], funded, reason)

    def test_two_people_and_a_reason(self, table: Table) -> None:
        with pytest.raises(Refused, match="Write why"):
            self.propose(table, 0, False, reason="")
        with pytest.raises(Refused, match="gave already"):
            self.propose(table, 0, True)
        ref = self.propose(table, 0, False)
        with pytest.raises(Refused, match="second person already"):
            self.propose(table, 0, False, by="Otto")
        with pytest.raises(Refused, match="You proposed"):
            sittings.second(table.who("Olga"), table.panel, table.ref, ref)
        with pytest.raises(NotYours):
            sittings.second(table.who("Ben"), table.panel, table.ref, ref)
        assert sorted(table.funded()) == [0, 1]
        sittings.second(table.who("Otto"), table.panel, table.ref, ref)
        sittings.second(table.who("Otto"), table.panel, table.ref, ref)  # a second tap
        assert table.funded() == [1]
        bid = table.season.bid(table.bids[0])
        assert bid.funded is False and bid.reserve_place == 3  # behind the one that waited

    def test_never_more_than_the_pot(self, table: Table) -> None:
        ref = self.propose(table, 2, True)
        with pytest.raises(Refused, match=r"the pot holds £600\.00"):
            sittings.second(table.who("Otto"), table.panel, table.ref, ref)
        sittings.second(table.who("Otto"), table.panel, table.ref, self.propose(table, 0, False))
        sittings.second(table.who("Otto"), table.panel, table.ref, ref)
        assert sorted(table.funded()) == [1, 2]

    def test_taken_back_before_it_counts(self, table: Table) -> None:
        ref = self.propose(table, 0, False)
        sittings.drop(table.who("Olga"), table.panel, table.ref, ref)
        sittings.drop(table.who("Olga"), table.panel, table.ref, ref)
        with pytest.raises(Refused, match="taken back"):
            sittings.second(table.who("Otto"), table.panel, table.ref, ref)
        with pytest.raises(NotFound):
            sittings.drop(table.who("Olga"), table.panel, table.ref, "OVR-2222-2222")

    def test_the_database_wants_two_people(self, table: Table) -> None:
        self.propose(table, 0, False)
        with pytest.raises(DBAPIError):
            db.session.execute(text("UPDATE override SET seconded_by_id = proposed_by_id"))
        db.session.rollback()

    def test_the_count_is_undone_with_a_reason_and_everything_stays(self, table: Table) -> None:
        with pytest.raises(Refused, match="Write why"):
            sittings.undo_count(table.who("Olga"), table.panel, table.ref, "")
        with pytest.raises(NotYours):
            sittings.undo_count(table.who("Ada"), table.panel, table.ref, "x")
        sittings.undo_count(table.who("Olga"), table.panel, table.ref, "A sheet was forgotten")
        assert [table.season.bid(ref).status for ref in table.bids] == ["with_panel"] * 3
        assert table.sitting().result is None
        with pytest.raises(Refused, match="Only a count"):
            sittings.undo_count(table.who("Olga"), table.panel, table.ref, "Again")
        table.vote("Cleo", 0, "no")
        assert table.count() == {"yes": 3}

    def test_one_decision_of_a_shared_pot_is_not_undone_alone(self, table: Table) -> None:
        with pytest.raises(Refused, match="shared a pot"):
            decide.undo_decision(table.bids[0], "x", table.season.actor("Olga"))

    def test_letters_follow_the_line_and_nothing_changes_after_them(self, table: Table) -> None:
        season = table.season
        with clock.held_at(table.now):
            for number, ref in enumerate(table.bids):
                decide.write_letter(ref, f"Reason {number}", [], 9, season.actor("Olga"))
            release = decide.prepare_release(season.round_ref, [], season.actor("Olga"))
            with pytest.raises(Refused, match="waiting for the second person"):
                sittings.undo_count(season.who("Olga"), table.panel, table.ref, "x")
            assert [(each.what, each.place) for each in decide.plan(decide.release_by_ref(release))] == [
                ("offered", None), ("offered", None), ("reserve", 1),
            ]  # fmt: skip
            assert decide.release(release, season.actor("Otto")) == 3
            told = db.session.scalars(select(Message).where(Message.about.like("bid:%"), Message.subject.like("%reserve%"))).all()
            assert len(told) == 1
            assert table.sitting().published_at is not None
            for attempt in (
                lambda: self.propose(table, 0, False),
                lambda: sittings.undo_count(season.who("Olga"), table.panel, table.ref, "x"),
            ):
                with pytest.raises(Refused, match="letters have not gone out"):
                    attempt()

    def test_the_reserve_is_offered_money_of_its_pot_alone(self, table: Table) -> None:
        """The fund gets £500 more: that is not this round's. When one of the two says no, the third is asked."""
        season = table.season
        with clock.held_at(table.now):
            for ref in table.bids:
                decide.write_letter(ref, "A reason", [], None, season.actor("Olga"))
            decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))
            rounds.contribute(season.fund_id, 1, Pence(500_00), clock.today(), "", season.actor("Olga"))
            assert award.offer_reserves() == 0
            award.decline(season.award(table.bids[0]).ref, season.actor("Rita"), "We moved")
            assert award.offer_reserves() == 1 and award.offer_reserves() == 0
        assert season.bid(table.bids[2]).status == "offered"


class TestPages:
    def test_the_result_says_why_and_the_public_reads_it_after_the_letters(self, season: Season, app: Flask) -> None:
        table = Table(season, 250_00, 200_00, 250_00, 100_00)
        table.all({"Ada": "yyyn", "Ben": "yyyn", "Cleo": "yynn", "Dan": "ynyn"})
        table.count()
        path = f"/panels/{table.panel}/sittings/{table.ref}"
        with clock.held_at(table.now):
            visitor = Inspector(app)
            for ending in ("/result", "/result.json", "/result.csv", "/result.pb"):
                visitor.get(path + ending, status=404)
            olga = Inspector(app, budget=45).sign_in(season.who("Olga").id)
            text_ = olga.get(path + "/result").text
            assert "Idea 0" in text_ and "Passed the panel, but not paid" in text_ and "Did not pass the panel" in text_
            olga.get(path)
            ben = Inspector(app, budget=45).sign_in(season.who("Ben").id)
            ben.get(path + "/result")
            assert "Propose a change" not in ben.text
            for ref in table.bids:
                decide.write_letter(ref, "A reason", [], None, season.actor("Olga"))
            decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))
            first = visitor.get(path + "/result").text
            assert visitor.get(path + "/result").text == first
            for ending in ("/result.json", "/result.csv", "/result.pb"):
                visitor.get(path + ending)
                for name in SEATS:
                    assert name not in visitor.text

    def test_every_sitting_is_found(self, season: Season, app: Flask) -> None:
        table, rob = Table(season, 100_00), season.who("Rob")
        first = table.sitting()
        panel_of = {"panel_id": first.panel_id, "rule": first.rule, "decide_by": first.decide_by}
        with transaction():
            for number in range(70):
                opened = table.now - timedelta(days=30 * (1 + number // 2))  # two at the same instant, each time
                db.session.add(
                    Sitting(
                        ref=f"SIT-{number:04}-OLD2",
                        about=f"old:{number}",
                        name=f"Old {number}",
                        seed="x",
                        opened_at=opened,
                        status="open",
                        **panel_of,
                    )
                )
        with clock.held_at(table.now):
            ada = Inspector(app, budget=17).sign_in(season.who("Ada").id).get(f"/panels/{table.panel}")
            names: list[str] = []
            at: str | None = next(link for link in ada.links() if link.endswith("/sittings"))
            while at:
                ada.get(at)
                names += re.findall(r"/sittings/(SIT-\w{4}-\w{4})", ada.text)
                at = next((link for link in ada.links() if "before=" in link), None)
            assert len(names) == len(set(names)) == 71 and names[0] == table.ref
            ada.get(f"/panels/{table.panel}/sittings?before=SIT-9999-9999", status=404)
            Inspector(app).sign_in(rob.id).get(f"/panels/{table.panel}/sittings", status=404)

    def test_the_public_reads_no_names_in_titles_and_reasons(self, season: Season, app: Flask) -> None:
        with transaction():
            db.session.get_one(Person, season.who("Rita").id).name = "Rita Quill"
        table = Table(season, 250_00, 200_00, 250_00)
        with transaction():
            decide.locked_bid(table.bids[0]).title = "Rita Quill's garden, 07700 900123"
        table.all({"Ada": "yyy", "Ben": "yyy", "Cleo": "yyn"})
        table.count()
        with clock.held_at(table.now):
            change = sittings.propose(season.who("Olga"), table.panel, table.ref, table.matters[0], False, "Rita Quill asked us to wait")
            sittings.second(season.who("Otto"), table.panel, table.ref, change)
            for ref in table.bids:
                decide.write_letter(ref, "A reason", [], None, season.actor("Olga"))
            decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))
            for gone in (False, True):
                if gone:
                    actions_of_people.delete_me(season.who("Rita").id, season.actor("Rita"))
                for ending in ("/result", "/result.json", "/result.csv", "/result.pb"):
                    seen = Inspector(app).get(f"/panels/{table.panel}/sittings/{table.ref}{ending}").text
                    assert "a neighbour" in seen and "garden" in seen and "Quill" not in seen and "900123" not in seen, (ending, gone)

    def test_letters_begin_as_a_draft_of_what_the_panel_thought_and_lead_on_to_the_next(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00, 100_00)
        table.all({"Ada": "yy", "Ben": "yn", "Cleo": "yn"})
        table.count()
        with clock.held_at(table.now):
            olga = Inspector(app, budget=45).sign_in(season.who("Olga").id)
            olga.get(f"/desk/bids/{table.bids[0]}/letter")
            asked = Threshold.load(table.matter(0).rule).criteria
            assert (
                f"3 of 3 who voted said yes. What the panel thought, in the middle of its marks: {asked[0]} Very much. {asked[1]} Quite."
                in olga.text
            )
            assert season.bid(table.bids[0]).decision_reason == "", "nothing is said that nobody has read"
            olga.submit("Keep this letter", reason="Everybody wants it.").follow()
            assert olga.path == f"/desk/bids/{table.bids[1]}/letter" and "1 of 3 who voted said yes" in olga.text
            olga.submit("Keep this letter", reason="Fewer want this.").follow()
            assert olga.path == f"/desk/rounds/{season.round_ref}/release" and "The letter is written." in olga.text
            assert "Everybody wants it." in olga.get(f"/desk/bids/{table.bids[0]}/letter").text and "Draft" not in olga.text

    def test_a_tied_seat_sees_no_result_before_the_letters(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00, 100_00)
        table.all(dict.fromkeys(SEATS, "yy"))
        with clock.held_at(table.now):
            actions.declare(season.who("Ben"), table.panel, table.matters[1], "friend")
            table.count()
            ben = Inspector(app, budget=45).sign_in(season.who("Ben").id)
            ben.get(f"/panels/{table.panel}/sittings/{table.ref}/result", status=404)
            page = ben.get(f"/panels/{table.panel}/sittings/{table.ref}").text
            assert "Idea 0" in page and "Idea 1" not in page and "when the letters go out" in page
            ben.get(f"/panels/{table.panel}/bids/{table.matters[1]}", status=404)

    def test_marks_by_taps_and_by_one_button(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00, 100_00)
        with clock.held_at(table.now):
            ada = Inspector(app, budget=45).sign_in(season.who("Ada").id)
            page = f"/panels/{table.panel}/bids/{table.matters[0]}"
            ada.get(page).submit("Continue", tie_tie="none")
            ada.follow()
            assert "1 of 2" in ada.text
            ada.submit("Keep my marks", mark_0="3", why_0="Good")
            ada.follow()
            assert "Saved. You can go on later." in ada.text
            answer = ada.client.post(
                page + "/marks",
                data={**ada._values(ada._form("Keep my marks", None)), "mark_1": "2", "mark_2": "0"},
                headers={"HX-Request": "true"},
            )
            assert answer.status_code == 200 and "3 of 3 marks" in answer.text
            ada.get(page).submit("Keep my marks", status=422, why_0="x" * 300)
            assert "Shorten it" in ada.text and "x" * 300 in ada.text

    def test_paper_and_asking_and_the_sheet(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00)
        with clock.held_at(table.now):
            olga = Inspector(app, budget=45).sign_in(season.who("Olga").id)
            page = f"/panels/{table.panel}/bids/{table.matters[0]}"
            olga.get(page + "/sheet")
            olga.get(page + "/paper-marks").submit("Enter this sheet", status=422)
            olga.submit("Enter this sheet", person=season.ref("Dan"), sheet="12", no_tie="y", mark_0="1", mark_1="1", mark_2="2")
            olga.get(page + "/ask").submit("Ask", status=422)
            olga.get(page)
            assert "1 of 4 seats have given all their marks" in olga.text
            Inspector(app, budget=45).sign_in(season.who("Ben").id).get(page + "/paper-marks", status=404)

    def test_changing_the_result_by_two_officers(self, season: Season, app: Flask) -> None:
        table = Table(season, 250_00, 250_00, 250_00)
        table.all({"Ada": "yyy", "Ben": "yyy", "Cleo": "yyy", "Dan": "yyn"})
        path = f"/panels/{table.panel}/sittings/{table.ref}"
        with clock.held_at(table.now):
            olga, otto = (Inspector(app, budget=45).sign_in(season.who(name).id) for name in ("Olga", "Otto"))
            olga.get(path).submit("Count everything")
            olga.follow()
            olga.get(path + "/change").submit("Propose this change", status=422)
            olga.submit("Propose this change", matter=f"take:{table.matters[0]}", reason="The hall burnt down")
            assert "I agree to this change" not in olga.follow().text
            otto.get(path + "/result").submit("I agree to this change")
            assert "Agreed by Otto" in otto.follow().text and "The hall burnt down" in otto.text
            olga.get(path + "/undo").submit("Undo the count", reason="A sheet was forgotten")
            assert "The sitting is open again" in olga.follow().text
            olga.submit("Count everything").follow()
            assert "Counted before, and undone" in olga.text and "by Olga: A sheet was forgotten" in olga.text
            assert "It fell away when the count was undone." in olga.text and "Two people changed" not in olga.text
            for inside in ("Ada", "Olga"):
                assert (
                    "by Olga: A sheet was forgotten" in Inspector(app, budget=45).sign_in(season.who(inside).id).get(path + "/minutes").text
                )

    def test_what_two_people_changed_is_so_everywhere(self, app: Flask) -> None:
        """The rule pays two of £200 and £150 from £400, and £50 stay; then two people take the money from the first."""
        season = shared(RoundRules(marking=True, decision="most_votes"), 400_00)
        table = Table(season, 200_00, 150_00, 250_00)
        table.all({"Ada": "yyy", "Ben": "yyy", "Cleo": "yyn", "Dan": "yna"})
        path, first = f"/panels/{table.panel}/sittings/{table.ref}", table.matters[0]
        table.count()
        assert table.funded() == [0, 1]
        with clock.held_at(table.now):
            olga, otto, late = (Inspector(app, budget=45).sign_in(season.who(name).id) for name in ("Olga", "Otto", "Otto"))
            late.get(path + "/change")
            olga.get(path + "/change").submit("Propose this change", matter=f"take:{first}", reason="It was paid by the school")
            otto.get(path + "/result").submit("I agree to this change")
            late.submit("Propose this change", matter=f"take:{first}", reason="It was paid by the school", status=422)
            assert len(sittings.overrides_of(table.sitting())) == 1, "an old tab never asks for the opposite"
            for ref in table.bids:
                decide.write_letter(ref, "Because.", (), None, season.actor("Olga"))
            decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))
            told = messages_about(f"bid:{season.bid(table.bids[0]).id}")[0].body
            assert "two people decided that the money of this round goes elsewhere, for this reason: It was paid by the school" in told
            assert "used up" not in told and "You are number 2 on the reserve list" in told
            text = Inspector(app).get(path + "/result").text
            for said in (
                "Shared out",
                "£150.00",
                "Left over",
                "£250.00",
                "Two people changed what the rule gave",
                "So the reserve list is",
            ):
                assert said in text, said
            assert "They are the reserve list, in this order" not in text
            assert text.index("So the reserve list is") < text.rindex("Idea 2") < text.rindex("Idea 0")
            minutes = Inspector(app, budget=25).get(path + "/minutes").text
            assert "£250.00" in minutes and "They are the reserve list, in this order" not in minutes
            data = json.loads(Inspector(app).get(path + "/result.json").text)
            assert (data["funded"], data["reserve"]) == ([table.matters[1]], [table.matters[2], first])
            assert [(each["matter"], each["funded"], each["reason"]) for each in data["changes"]] == [
                (first, False, "It was paid by the school")
            ]
            assert data["outcome"]["funded"] == [first, table.matters[1]], "as the rule gave it"

    def test_an_officer_with_a_seat_that_decides_nothing_of_it_looks_after_it(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00)
        with clock.held_at(table.now):
            seats.add_seat(
                season.who("Olga"),
                table.panel,
                season.who("Otto").ref,
                kind="substitute",
                term_start=clock.today(),
                term_end=None,
                reason="Drawn",
            )
            otto = Inspector(app, budget=45).sign_in(season.who("Otto").id).get(f"/panels/{table.panel}/sittings/{table.ref}")
            assert "For whoever counts" in otto.text and "Idea 0" in otto.text and "Nothing waits for you" in otto.text

    def test_what_came_too_late_is_shown_once_more(self, season: Season, app: Flask) -> None:
        table = Table(season, 100_00)
        table.all(dict.fromkeys(("Ada", "Ben", "Cleo"), "y"))
        with clock.held_at(table.now):
            ada = Inspector(app, budget=45).sign_in(season.who("Ada").id).get(f"/panels/{table.panel}/bids/{table.matters[0]}")
        table.count()
        with clock.held_at(table.now):
            ada.submit("Change my vote", status=422, choice="no", reason="The gate is locked at night")
            assert "What you had typed" in ada.text and "The gate is locked at night" in ada.text
            ben = Inspector(app, budget=45).sign_in(season.who("Ben").id).get("/people/me")
            token = ben._values(ben.forms()[0])["csrf_token"]
            ben.post(
                f"/panels/{table.panel}/bids/{table.matters[0]}",
                {"csrf_token": token, "act": "tie", "tie-tie": "friend", "tie-note": "My sister"},
                status=422,
            )
            assert "an officer can undo the count" in ben.text and "My sister" in ben.text


class TestPaper:
    def test_paper_never_goes_over_what_came_from_the_phone(self, season: Season) -> None:
        table = Table(season, 100_00)
        olga = season.who("Olga")
        for name in SEATS:
            table.mark(name, 0)
        with clock.held_at(table.now), pytest.raises(Refused, match="marked it on their phone"):
            marking.enter_marks(olga, table.panel, table.matters[0], season.ref("Ada"), FULL, "S-1")
        with clock.held_at(table.now):
            marking.reveal_ready(olga, table.panel, table.ref)
        table.vote("Ada", 0)
        for source, sheet in (("paper", "S-1"), ("hall", "")):
            with clock.held_at(table.now), pytest.raises(Refused, match="voted on their phone"):
                actions.enter_vote(olga, table.panel, table.matters[0], season.ref("Ada"), "no", "No", source, sheet)
        assert queries.last_votes([table.matter(0).id], table.seat("Ada"))[table.matter(0).id, table.seat("Ada")].choice == "yes"

    def test_a_sheet_is_of_one_seat_and_the_seat_hears(self, season: Season) -> None:
        table = Table(season, 100_00)
        olga = season.who("Olga")
        with clock.held_at(table.now):
            marking.enter_marks(olga, table.panel, table.matters[0], season.ref("Dan"), FULL, "M-1")
            with pytest.raises(Refused, match="entered for somebody else"):
                marking.enter_marks(olga, table.panel, table.matters[0], season.ref("Cleo"), FULL, "M-1")
        for name in SEATS[:3]:
            table.mark(name, 0)
        with clock.held_at(table.now):
            marking.reveal_ready(olga, table.panel, table.ref)
            for choice in ("no", "yes"):  # what was typed wrong is typed anew
                actions.enter_vote(olga, table.panel, table.matters[0], season.ref("Ben"), choice, "As on the sheet", "paper", "S-1")
            with pytest.raises(Refused, match="entered for somebody else"):
                actions.enter_vote(olga, table.panel, table.matters[0], season.ref("Cleo"), "no", "No", "paper", "S-1")
        told = [each for each in messages_about(f"panel:{queries.panel(table.panel).id}") if ":entered:" in each.key]
        assert {each.person_id for each in told} == {season.who(name).id for name in ("Ben", "Dan")} and len(told) == 2
        assert "Olga has entered what you said" in told[0].body
