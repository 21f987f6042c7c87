"""A panel in a hall: who runs it, hands that are votes, mistakes put right, the timer, and what nobody in the room may learn."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.grants.rules import RoundRules
from portal.history import events_of
from portal.outbox import messages_about
from portal.panels import actions, conduct, hall, queries, seats, sittings
from portal.panels.model import Hall, InHall, Interest, Seat, Struck, Vote
from tests.client import Inspector
from tests.grants.season import assert_books_are_right, begin, person
from tests.panels.test_sittings import SEATS, Table

AT = datetime(2026, 6, 1, 18, tzinfo=UTC)


class Meeting(Table):
    """The table of a sitting, in a hall."""

    taps = 0

    @property
    def address(self) -> str:
        return f"/panels/{self.panel}/sittings/{self.ref}/hall"

    def tap(self, by: str, act: str, number: int | None = None, person: str = "", *, key: str = "", **more: object) -> None:
        self.taps += 1
        one = hall.Tap(act, "" if number is None else self.matters[number], self.season.ref(person) if person else "", **more)  # type: ignore[arg-type]
        with clock.held_at(self.now):
            hall.tap(self.who(by), self.panel, self.ref, one, once_key=key or f"tap {self.taps}")

    def begin(self, by: str = "Olga", *, without: str = "") -> None:
        """Everybody is here, nothing ties them to the first idea, which is on the table."""
        self.tap(by, "came")
        if without:
            self.tap(by, "went", person=without)
        self.tap(by, "put", 0)
        self.tap(by, "no_tie", 0)

    def hands(self, number: int = 0) -> dict[str, str]:
        """Name → choice of those hands that count."""
        standing = queries.standing(self.matter(number))
        return {each.name: standing.votes[each.seat.id].choice for each in standing.able if each.seat.id in standing.votes}

    def room(self, name: str) -> hall.Room:
        db.session.rollback()
        with clock.held_at(self.now):
            return hall.room(self.who(name), hall.place(self.panel, self.ref))

    def hall(self) -> Hall:
        db.session.rollback()
        return db.session.scalars(select(Hall)).one()

    def page(self, app: Flask, name: str) -> Inspector:
        return Inspector(app, budget=16).sign_in(self.who(name).id)


@pytest.fixture
def meeting(app: Flask) -> Iterator[Meeting]:
    """Two ideas without marks, each on its own."""
    with clock.held_at(AT):
        season = begin(1000_00, rolling=False, rules=RoundRules())
        yield Meeting(season, 100_00, 200_00, 150_00)
        assert_books_are_right()


def test_who_decides_nothing_of_it_reads_nothing_of_it(meeting: Meeting, app: Flask) -> None:
    with clock.held_at(meeting.now):
        later = person("Gus")
        seats.add_seat(
            meeting.who("Olga"), meeting.panel, later.ref, kind="substitute", term_start=clock.today(), term_end=None, reason="Drawn"
        )
    meeting.begin()
    with clock.held_at(meeting.now):
        gus = Inspector(app, budget=16).sign_in(later.id).get(meeting.address)
        assert gus.text.count("Not yours to decide.") == 3 and "This one is not yours to decide" in gus.text
        assert "ties you" not in gus.text and "Idea 0" not in gus.text and "100.00" not in gus.text
        assert "Idea 0" in meeting.page(app, "Ben").get(meeting.address).text


class TestHands:
    def test_all_in_favour_then_correct_the_few(self, meeting: Meeting) -> None:
        meeting.begin()
        meeting.tap("Olga", "hands", 0, choice="yes")
        assert meeting.hands() == dict.fromkeys(SEATS, "yes")
        meeting.tap("Olga", "hands", 0, "Dan", choice="no", reason="Too near the road")
        assert meeting.hands() == {"Ada": "yes", "Ben": "yes", "Cleo": "yes", "Dan": "no"}
        tally = queries.standing(meeting.matter(0)).tally
        assert (tally.yes, tally.no, tally.sources) == (3, 1, {"hall": 4})
        votes = db.session.scalars(select(Vote).order_by(Vote.id)).all()
        assert len(votes) == 5 and {vote.source for vote in votes} == {"hall"}  # appended; the last counts
        assert {vote.entered_by_id for vote in votes} == {meeting.who("Olga").id} and votes[-1].reason == "Too near the road"

    def test_the_few_first_and_then_the_others(self, meeting: Meeting) -> None:
        meeting.begin()
        meeting.tap("Ada", "hands", 0, "Ben", choice="not_yet")
        meeting.tap("Ada", "hands", 0, choice="yes")
        assert meeting.hands() == {"Ada": "yes", "Ben": "not_yet", "Cleo": "yes", "Dan": "yes"}

    def test_only_who_is_here(self, meeting: Meeting) -> None:
        meeting.begin(without="Dan")
        meeting.tap("Olga", "hands", 0, choice="yes")
        assert "Dan" not in meeting.hands()
        meeting.tap("Olga", "came", person="Dan")
        with pytest.raises(Refused, match="Ask them first"):
            meeting.tap("Olga", "hands", 0, "Dan", choice="yes")
        with pytest.raises(Refused, match="Nobody in the hall is left"):
            meeting.tap("Olga", "hands", 0, choice="yes")
        meeting.tap("Olga", "no_tie", 0, "Dan")
        meeting.tap("Olga", "hands", 0, choice="abstain")
        assert meeting.hands()["Dan"] == "abstain"

    def test_the_roll_does_not_hold_until_next_month(self, meeting: Meeting) -> None:
        meeting.begin()
        meeting.now += timedelta(hours=13)
        assert meeting.room("Olga").roll == frozenset()
        meeting.tap("Olga", "came", person="Ben")
        assert meeting.room("Olga").roll == {meeting.seat("Ben")}

    def test_a_hand_says_that_its_seat_is_here(self, meeting: Meeting) -> None:
        meeting.begin()
        meeting.tap("Olga", "went", person="Ben")
        meeting.tap("Olga", "hands", 0, "Ben", choice="yes")
        assert meeting.seat("Ben") in meeting.room("Olga").roll

    def test_what_was_said_on_a_phone_stays_unless_they_raise_a_hand(self, meeting: Meeting) -> None:
        with clock.held_at(meeting.now):
            actions.declare(meeting.who("Ben"), meeting.panel, meeting.matters[0], "none")
        meeting.vote("Ben", 0, "no")
        meeting.begin()
        meeting.tap("Olga", "hands", 0, choice="yes")
        assert meeting.hands()["Ben"] == "no"
        assert queries.standing(meeting.matter(0)).tally.sources == {"hall": 3, "phone": 1}
        meeting.tap("Olga", "hands", 0, "Ben", choice="yes")
        assert meeting.hands()["Ben"] == "yes"
        told = [each.person_id for each in messages_about(f"panel:{queries.panel(meeting.panel).id}") if ":entered:" in each.key]
        assert meeting.who("Ben").id in told and len(told) == len(set(told)), "nobody is turned round without hearing of it"

    def test_a_hand_written_down_by_mistake_counts_no_more_and_what_was_before_counts_again(self, meeting: Meeting) -> None:
        with clock.held_at(meeting.now):
            actions.declare(meeting.who("Ben"), meeting.panel, meeting.matters[0], "none")
        meeting.vote("Ben", 0, "no")
        meeting.begin()
        meeting.tap("Olga", "hands", 0, "Ben", choice="yes")
        meeting.tap("Olga", "hands", 0, "Dan", choice="yes")
        for name in ("Ben", "Dan"):
            meeting.tap("Olga", "lower", 0, name)
            meeting.tap("Olga", "lower", 0, name)  # a second tap; Ben's earlier vote came by phone and is no hand
        assert meeting.hands() == {"Ben": "no"}
        assert [event.kind for event in events_of(f"matter:{meeting.matter(0).id}")].count("hand_taken_back") == 2
        waiting = {panel_id for panel_id, number in queries.waiting_for(meeting.who("Dan").id).items() if number == 3}
        assert waiting, "it waits for Dan again"
        for statement in ("UPDATE struck SET vote_id = 99", "DELETE FROM struck"):
            with pytest.raises(DBAPIError):
                db.session.execute(text(statement))
            db.session.rollback()

    def test_a_second_tap_says_nothing_new(self, meeting: Meeting) -> None:
        meeting.begin()
        for _time in range(2):
            meeting.tap("Olga", "hands", 0, "Ben", choice="yes")
        for _time in range(2):
            meeting.tap("Olga", "hands", 0, "Dan", choice="yes", key="the same")
        assert len(db.session.scalars(select(Vote)).all()) == 2

    def test_the_same_key_is_done_once_whatever_came_between(self, meeting: Meeting) -> None:
        meeting.begin()
        meeting.tap("Olga", "hands", 0, "Ben", choice="yes", key="kept on a phone")
        meeting.tap("Olga", "hands", 0, "Ben", choice="no")
        meeting.tap("Olga", "hands", 0, "Ben", choice="yes", key="kept on a phone")  # its answer was lost, so it came again
        assert meeting.hands()["Ben"] == "no"

    def test_by_the_rules_of_every_vote(self, meeting: Meeting) -> None:
        meeting.begin()
        with clock.held_at(meeting.now):
            actions.declare(meeting.who("Cleo"), meeting.panel, meeting.matters[0], "friend")
            seats.end_seat(meeting.who("Olga"), meeting.panel, meeting.season.ref("Dan"), clock.today() - timedelta(days=1), "Moved")
        with pytest.raises(Refused, match="tied"):
            meeting.tap("Olga", "hands", 0, "Cleo", choice="yes")
        for name in ("Dan", "Rita"):
            with pytest.raises(NotFound, match="no seat"):
                meeting.tap("Olga", "hands", 0, name, choice="yes")
        with pytest.raises(Refused, match="Choose yes"):
            meeting.tap("Olga", "hands", 0, "Ben", choice="maybe")
        with clock.held_at(meeting.now):
            conduct.publish(meeting.who("Olga"), meeting.panel, "Be kind.", "First", 0)
        with pytest.raises(Refused, match="code of conduct"):
            meeting.tap("Olga", "hands", 0, "Ben", choice="yes")
        with pytest.raises(Refused, match="Nobody in the hall"):
            meeting.tap("Olga", "hands", 0, choice="yes")
        assert meeting.hands() == {}

    def test_not_before_the_marks_are_shown(self, app: Flask) -> None:
        with clock.held_at(AT):
            meeting = Meeting(begin(1000_00, rolling=False, rules=RoundRules(marking=True)), 100_00)
            meeting.begin()
            with pytest.raises(Refused, match="marks"):
                meeting.tap("Olga", "hands", 0, choice="yes")

    def test_a_tap_that_comes_after_the_count_is_refused(self, meeting: Meeting) -> None:
        meeting.begin()
        meeting.tap("Olga", "hands", 0, choice="yes")
        with clock.held_at(meeting.now):
            assert actions.close(meeting.who("Ada"), meeting.panel, meeting.matters[0]) == "yes"
        for act in ("hands", "lower", "no_tie"):
            with pytest.raises(Refused, match="closed meanwhile"):
                meeting.tap("Olga", act, 0, "Ben", choice="no")
        assert meeting.matter(0).tally["sources"] == {"hall": 4}  # type: ignore[index]

    def test_in_another_sitting_or_none_it_is_not_there(self, meeting: Meeting) -> None:
        with pytest.raises(NotFound):
            hall.tap(meeting.who("Olga"), meeting.panel, None, hall.Tap("hands", meeting.matters[0], choice="yes"), once_key="a")
        with pytest.raises(NotFound):
            hall.tap(meeting.who("Olga"), meeting.panel, "SIT-2222-2222", hall.Tap("came"), once_key="a")
        with pytest.raises(NotFound):
            hall.tap(meeting.who("Olga"), "PNL-2222-2222", meeting.ref, hall.Tap("came"), once_key="a")
        with pytest.raises(NotFound):
            meeting.tap("Olga", "put", person="")
        with pytest.raises(Refused, match="not there any more"):
            meeting.tap("Olga", "dance")


class TestWhoRunsIt:
    @pytest.mark.parametrize("name", ["Ben", "Rita", "Fay"])
    def test_neither_a_seat_nor_a_stranger(self, meeting: Meeting, name: str) -> None:
        meeting.begin()
        for act in ("put", "came", "went", "no_tie", "hands", "lower", "start", "pause", "reset", "length"):
            with pytest.raises((NotYours, NotFound)):
                meeting.tap(name, act, 0, "Ben", choice="yes", minutes=3)
        assert meeting.hands() == {}

    def test_the_chair_runs_what_nothing_ties_them_to(self, meeting: Meeting) -> None:
        meeting.begin("Ada")
        meeting.tap("Ada", "hands", 0, choice="yes")
        meeting.tap("Ada", "start")
        assert meeting.hands()["Ada"] == "yes"

    def test_for_a_tied_chair_another_seat_runs_it_alone(self, meeting: Meeting) -> None:
        meeting.begin()
        with clock.held_at(meeting.now):
            actions.declare(meeting.who("Ada"), meeting.panel, meeting.matters[1], "family")
        meeting.tap("Ada", "put", 1)  # by its number, without seeing what it is
        for act in ("hands", "no_tie", "start"):
            with pytest.raises((NotYours, NotFound)):
                meeting.tap("Ada", act, 1, choice="yes")
        with pytest.raises(NotFound):
            meeting.tap("Ada", "take_chair", 1)
        with pytest.raises(Refused, match="Say first"):
            meeting.tap("Ben", "take_chair", 1)
        for name in ("Ben", "Cleo"):
            with clock.held_at(meeting.now):
                actions.declare(meeting.who(name), meeting.panel, meeting.matters[1], "none")
        assert meeting.room("Ben").may_take_chair and not meeting.room("Ada").may_take_chair
        meeting.tap("Ben", "take_chair", 1)
        meeting.tap("Ben", "take_chair", 1)  # a second tap
        with pytest.raises(Refused, match="quicker"):
            meeting.tap("Cleo", "take_chair", 1)
        meeting.tap("Ben", "no_tie", 1)
        meeting.tap("Ben", "start")
        meeting.tap("Ben", "hands", 1, choice="yes")
        assert meeting.hands(1) == {"Ben": "yes", "Cleo": "yes", "Dan": "yes"}
        with pytest.raises(NotYours):
            meeting.tap("Ben", "hands", 0, choice="yes")  # of this one alone
        meeting.tap("Ben", "put", 2)
        with pytest.raises(NotYours):
            meeting.tap("Ben", "put", 0)  # the chair is back
        assert "took_the_chair" in {event.kind for event in events_of(f"hall:{meeting.hall().id}")}

    def test_nobody_takes_the_chair_from_who_can_sit_in_it(self, meeting: Meeting) -> None:
        meeting.begin()
        with pytest.raises(Refused, match="Whoever has the chair can run"):
            meeting.tap("Ben", "take_chair", 0)
        with pytest.raises(NotFound):
            meeting.tap("Rita", "take_chair", 0)
        with pytest.raises(Refused, match="Another idea"):
            with clock.held_at(meeting.now):
                actions.declare(meeting.who("Ben"), meeting.panel, meeting.matters[1], "none")
            meeting.tap("Ben", "take_chair", 1)

    def test_a_stand_in_who_turns_out_to_be_tied_leaves_too(self, meeting: Meeting) -> None:
        meeting.begin()
        with clock.held_at(meeting.now):
            actions.declare(meeting.who("Ada"), meeting.panel, meeting.matters[0], "family")
            meeting.tap("Ben", "take_chair", 0)
            actions.declare(meeting.who("Ben"), meeting.panel, meeting.matters[0], "friend")
        with pytest.raises(NotFound):
            meeting.tap("Ben", "hands", 0, choice="yes")

    def test_an_officer_whose_own_it_is_does_not_write_down_hands(self, meeting: Meeting) -> None:
        with transaction():
            bid = meeting.season.bid(meeting.bids[0])
            db.session.get_one(type(bid), bid.id).helper_id = meeting.who("Olga").id
        meeting.tap("Olga", "put", 0)
        with pytest.raises(NotYours):
            meeting.tap("Olga", "hands", 0, choice="yes")


class TestTheTime:
    def left(self, meeting: Meeting) -> int:
        return hall.seconds_left(meeting.hall(), meeting.now)

    def wait(self, meeting: Meeting, seconds: float) -> None:
        meeting.now += timedelta(seconds=seconds)

    def test_it_runs_stands_goes_on_and_begins_anew(self, meeting: Meeting) -> None:
        with pytest.raises(Refused, match="Nothing is on the table"):
            meeting.tap("Olga", "start")
        meeting.tap("Olga", "put", 0)
        assert self.left(meeting) == 300
        meeting.tap("Olga", "start")
        self.wait(meeting, 10.5)
        meeting.tap("Olga", "start")  # a second tap
        assert self.left(meeting) == 290
        meeting.tap("Olga", "pause")
        self.wait(meeting, 60)
        meeting.tap("Olga", "pause")
        assert self.left(meeting) == 290
        meeting.tap("Olga", "start")
        self.wait(meeting, 289)
        assert self.left(meeting) == 1
        self.wait(meeting, 30)
        assert self.left(meeting) == 0
        meeting.tap("Olga", "pause")
        assert self.left(meeting) == 0
        meeting.tap("Olga", "reset")
        meeting.tap("Olga", "reset")
        assert self.left(meeting) == 300

    def test_each_idea_has_its_own_time(self, meeting: Meeting) -> None:
        meeting.tap("Olga", "put", 0)
        meeting.tap("Olga", "start")
        self.wait(meeting, 100)
        meeting.tap("Olga", "put", 0)  # it is there already
        assert self.left(meeting) == 200
        meeting.tap("Olga", "put", 1)
        assert self.left(meeting) == 300 and meeting.hall().ends_at is None

    @pytest.mark.parametrize("minutes", [0, -1, 61, 10**8])
    def test_minutes_that_are_none(self, meeting: Meeting, minutes: int) -> None:
        with pytest.raises(Refused, match="from 1 to 60"):
            meeting.tap("Olga", "length", minutes=minutes)

    def test_another_length(self, meeting: Meeting) -> None:
        meeting.tap("Olga", "put", 0)
        meeting.tap("Olga", "start")
        meeting.tap("Olga", "length", minutes=2)
        assert self.left(meeting) == 120 and meeting.hall().ends_at is None
        meeting.tap("Olga", "put", 1)
        assert self.left(meeting) == 120

    def test_a_tap_that_waited_for_the_signal_counts_from_when_it_was_tapped(self, meeting: Meeting) -> None:
        meeting.tap("Olga", "put", 0)
        self.wait(meeting, 60)
        meeting.tap("Olga", "start", age=50)
        assert self.left(meeting) == 250
        self.wait(meeting, 40)
        meeting.tap("Olga", "pause", age=30)
        assert self.left(meeting) == 240
        meeting.tap("Olga", "reset")
        meeting.tap("Olga", "start", age=-99)  # no time is won by a clock that is wrong
        assert self.left(meeting) == 300


class TestNothingGetsOut:
    """Ada has the chair and is tied to the first idea; Ben is tied to the second; both go by what the pages say."""

    @pytest.fixture
    def tied(self, meeting: Meeting) -> Meeting:
        with clock.held_at(meeting.now):
            actions.declare(meeting.who("Ada"), meeting.panel, meeting.matters[0], "family", "A private note")
            actions.declare(meeting.who("Ben"), meeting.panel, meeting.matters[1], "friend")
        meeting.tap("Olga", "came")
        meeting.tap("Olga", "put", 0)
        meeting.tap("Olga", "no_tie", 0)
        meeting.tap("Olga", "hands", 0, choice="yes")
        meeting.tap("Olga", "hands", 0, "Dan", choice="no", reason="A secret reason")
        return meeting

    @pytest.mark.parametrize("where", ["", "/screen"])
    def test_a_tied_seat_finds_nothing_of_it(self, tied: Meeting, app: Flask, where: str) -> None:
        with clock.held_at(tied.now):
            page = tied.page(app, "Ada").get(tied.address + where)
            fragment = tied.page(app, "Ada").get(tied.address + where, headers={"HX-Request": "true"})
        for seen in (page.text, fragment.text):
            for secret in ("Idea 0", "£100", tied.matters[0], "Raised beds that", "A secret reason", "A private note"):
                assert secret not in re.sub(r'value="MAT[^"]*"|data-on="[^"]*"|id="[bo]-[^"]*"', "", seen), secret
        if not where:
            assert "Please leave the room" in page.text and "Idea 1" in page.text

    def test_the_others_see_it_but_neither_run_it_nor_open_the_screen(self, tied: Meeting, app: Flask) -> None:
        with clock.held_at(tied.now):
            page = tied.page(app, "Cleo").get(tied.address)
            assert "Idea 0" in page.text and "Show of hands" not in page.text and "A secret reason" not in page.text
            page.get(tied.address + "/screen", status=404)
            assert "Leaves the room for this one: Ada" in tied.page(app, "Olga").get(tied.address).text
            for name in ("Rita", "Fay"):
                for where in ("", "/screen"):
                    tied.page(app, name).get(tied.address + where, status=404)

    def test_the_screen_says_what_the_register_will_and_hands_only_when_all_are_up(self, tied: Meeting, app: Flask) -> None:
        with clock.held_at(tied.now):
            page = tied.page(app, "Olga").get(tied.address + "/screen")
            for public in ("Idea 0", "Mossgate", "£100.00", "Raised beds that neighbours look after.", "<dd>2</dd>", "<dd>1</dd>"):
                assert public in page.text, public
            for secret in ("A secret reason", "A private note", "Rita", "Ada", "Dan", "family", "Raised beds by the old pump"):
                assert secret not in page.text, secret
        tied.tap("Olga", "lower", 0, "Dan")
        with clock.held_at(tied.now):
            page = tied.page(app, "Olga").get(tied.address + "/screen")
            assert "2 hands so far" in page.text and "<dd>2</dd>" not in page.text

    def test_names_that_slipped_into_the_summary_are_left_out(self, meeting: Meeting, app: Flask) -> None:
        with transaction():
            bid = meeting.season.bid(meeting.bids[0])
            db.session.get_one(type(bid), bid.id).public_summary = "Ring Rita Moss on 07700 900123"
            who = db.session.get_one(type(bid), bid.id).person_id
            db.session.execute(text("UPDATE person SET name = 'Rita Moss' WHERE id = :who"), {"who": who})
        meeting.tap("Olga", "put", 0)
        with clock.held_at(meeting.now):
            page = meeting.page(app, "Olga").get(meeting.address + "/screen")
        assert "Rita Moss" not in page.text and "900123" not in page.text and "a neighbour" in page.text

    def test_votes_from_phones_stay_closed_on_page_and_screen(self, meeting: Meeting, app: Flask) -> None:
        with clock.held_at(meeting.now):
            actions.declare(meeting.who("Dan"), meeting.panel, meeting.matters[0], "none")
        meeting.vote("Dan", 0, "no")
        meeting.begin()
        meeting.tap("Olga", "hands", 0, choice="yes")
        with clock.held_at(meeting.now):
            for where in ("", "/screen"):
                seen = re.findall(r"<dt>(\w+[^<]*)</dt><dd>(\d+)</dd>", meeting.page(app, "Olga").get(meeting.address + where).text)
                assert ("Yes", "3") in seen and ("No", "0") in seen, seen
            assert "has voted on the phone" in meeting.page(app, "Olga").get(meeting.address).text

    def test_a_chair_who_has_not_said_yet_reads_no_more_than_its_name(self, meeting: Meeting, app: Flask) -> None:
        meeting.tap("Ada", "put", 0)
        with clock.held_at(meeting.now):
            page = meeting.page(app, "Ada").get(meeting.address)
            assert "say whether something ties you" in page.text and "Show of hands" not in page.text
            assert "Raised beds" not in meeting.page(app, "Ada").get(meeting.address + "/screen").text

    def test_marks_show_only_to_who_gave_theirs(self, app: Flask) -> None:
        with clock.held_at(AT):
            season = begin(1000_00, rolling=False, rules=RoundRules(marking=True))
            meeting = Meeting(season, 100_00)
            for name in ("Ben", "Cleo", "Dan"):
                meeting.mark(name, 0)
            with clock.held_at(meeting.now):
                actions.declare(season.who("Ada"), meeting.panel, meeting.matters[0], "none")
            meeting.tap("Ada", "put", 0)
        with clock.held_at(meeting.now):
            ada = meeting.page(app, "Ada").get(meeting.address)
            assert "3 of 4 seats have given all their marks" in ada.text and "They know everybody" not in ada.text
            ada.submit("Show all marks now")
            assert "Very much" not in ada.follow().text  # she has not marked
            assert "Very much: 3" in meeting.page(app, "Olga").get(meeting.address).text


class TestPages:
    def test_a_meeting_without_scripts(self, meeting: Meeting, app: Flask) -> None:
        with clock.held_at(meeting.now):
            olga = meeting.page(app, "Olga").get(f"/panels/{meeting.panel}/sittings/{meeting.ref}")
            assert meeting.address in set(olga.links())
            olga.budget = 60
            olga.get(meeting.address).submit("Put the first idea on the table")
            olga.follow().submit("Everybody is here")
            olga.follow().submit("Nothing ties any of them")
            olga.follow().submit("All in favour")
            olga.follow().submit("No Ben")
            olga.follow().submit("Start the time")
            assert "Pause the time" in olga.follow().text
            olga.submit("Take back Cleo")
            assert meeting.hands() == {"Ada": "yes", "Ben": "no", "Dan": "yes"}
            olga.follow().submit("Count and close")
            assert "Counted" in olga.follow().text
            assert "3 in the hall" in olga.get(f"/panels/{meeting.panel}/bids/{meeting.matters[0]}").text
            refused = olga.get(meeting.address)
            values = {"act": "hands", "matter": meeting.matters[0], "person": meeting.season.ref("Ben"), "choice": "yes", "once": "late"}
            refused.post(meeting.address, values | {"csrf_token": refused._values(refused.forms()[0])["csrf_token"]}, status=422)
            assert "closed meanwhile" in refused.text

    def test_a_tap_is_answered_in_plain_words(self, meeting: Meeting, app: Flask) -> None:
        with clock.held_at(meeting.now):
            olga = meeting.page(app, "Olga").get(meeting.address)
            token = olga._values(olga.forms()[0])["csrf_token"]

            def tap(**values: str) -> tuple[int, str]:
                answer = olga.client.post(meeting.address, data={"csrf_token": token, **values}, headers={"X-Tap": "1"})
                return answer.status_code, answer.text

            assert tap(act="put", matter=meeting.matters[0], once="1") == (204, "")
            assert tap(act="put", matter=meeting.matters[0], once="1") == (204, "")
            status, words = tap(act="hands", matter=meeting.matters[0], choice="yes", once="2")
            assert status == 409 and words.startswith("Nobody in the hall is left") and "<" not in words
            assert tap(act="length", minutes="²", once="3")[0] == 409
            assert tap(act="start", once="4", age="x" * 99)[0] == 204
            assert tap(act="hands", matter=meeting.matters[0], choice="yes", reason="x" * 201, once="5")[0] == 409
            assert olga.client.post(meeting.address, data={"act": "came"}, headers={"X-Tap": "1"}).status_code == 400

    def test_polling_costs_little_and_says_nothing_when_nothing_changed(self, meeting: Meeting, app: Flask) -> None:
        meeting.begin()
        with clock.held_at(meeting.now):
            for where in ("", "/screen"):
                olga = meeting.page(app, "Olga").get(meeting.address + where)
                seen = re.search(r'data-stamp="([^"]+)"', olga.text)
                assert seen is not None
                asks = {"HX-Request": "true", "If-None-Match": f'"{seen[1]}"'}
                olga.budget = 4  # two of them for who asks
                assert olga.get(meeting.address + where, status=204, headers=asks).text == ""
                olga.get(meeting.address + where, status=204, headers=asks)
                olga.budget = 16
                chairs = where == ""
                changes: list[Callable[[], object]] = [
                    lambda: meeting.tap("Olga", "start"),
                    lambda: meeting.tap("Olga", "hands", 0, "Ben", choice="yes"),
                    lambda: meeting.tap("Olga", "lower", 0, "Ben"),
                    lambda: meeting.tap("Olga", "reset"),
                    lambda: meeting.vote("Cleo", 0),
                    lambda: meeting.tap("Olga", "went", person="Dan"),
                    lambda: meeting.tap("Olga", "came", person="Dan"),
                    lambda: seats.set_chair(meeting.who("Olga"), meeting.panel, meeting.season.ref("Ben"), chairs, "x"),  # noqa: B023
                ]
                for change in changes:
                    change()
                    olga.get(meeting.address + where, headers=asks)
                    fresh = re.search(r'data-stamp="([^"]+)"', olga.text)
                    assert fresh is not None and "<html" not in olga.text
                    asks["If-None-Match"] = f'"{fresh[1]}"'
                    olga.get(meeting.address + where, status=204, headers=asks)
                other = meeting.page(app, "Otto").get(meeting.address + where, headers=asks)
                assert other.status == 200, "what one has seen, another has not"
            assert olga.client.get(meeting.address).headers["X-Now"] == str(round(meeting.now.timestamp() * 1000))

    def test_the_code_of_conduct_comes_first(self, meeting: Meeting, app: Flask) -> None:
        with clock.held_at(meeting.now):
            conduct.publish(meeting.who("Olga"), meeting.panel, "Be kind.", "First", 0)
            for name in ("Ada", "Ben"):
                assert meeting.page(app, name).get(meeting.address, status=303).location.endswith("/conduct")
        with pytest.raises(NotYours):
            meeting.tap("Ada", "came")

    def test_a_counted_sitting(self, meeting: Meeting, app: Flask) -> None:
        meeting.tap("Olga", "came")
        for number in range(3):
            meeting.tap("Olga", "put", number)
            meeting.tap("Olga", "no_tie", number)
            meeting.tap("Olga", "hands", number, choice="yes")
        meeting.count()
        with clock.held_at(meeting.now):
            for where in ("", "/screen"):
                assert "counted" in meeting.page(app, "Olga").get(meeting.address + where).text.lower()


class TestAPanelWithoutASitting:
    """What a rolling round brings is decided one by one, in a hall too."""

    def test_from_the_first_to_the_count(self, app: Flask) -> None:
        season = begin()
        first, second = (season.with_panel(season.sent(title)) for title in ("Benches", "Lamps"))
        olga = Inspector(app, budget=60).sign_in(season.who("Olga").id)
        address = f"/panels/{season.panel_ref}/hall"
        assert address in set(olga.get(f"/panels/{season.panel_ref}").links())
        olga.get(address).submit("Put the first idea on the table")
        for button in ("Everybody is here", "Nothing ties any of them", "All in favour", "Count and close"):
            olga.follow().submit(button)
        assert season.matter_by(first).outcome == "yes"
        page = olga.follow()
        assert "Benches" in page.text and "Lamps" in page.text  # the one on the table stays until the next comes
        page.submit("Put on the table idea 2")
        assert "Benches" not in page.follow().text
        assert season.matter_by(second).status == "open"
        assert "Lamps" in olga.get(address + "/screen").text
        olga.get(f"/panels/{season.panel_ref}/sittings/SIT-2222-2222/hall", status=404)

    def test_what_is_not_for_the_screen(self, app: Flask) -> None:
        season = begin()
        season.with_panel(season.sent("Benches"))
        from portal.panels.views import SHOWS

        assert SHOWS["bid"].public is not None and SHOWS["float"].public is None  # whose float it is the register never says


def test_a_hall_and_its_roll_are_made_once(meeting: Meeting) -> None:
    meeting.begin()
    meeting.begin("Ada")
    assert len(db.session.scalars(select(Hall)).all()) == 1
    assert len(db.session.scalars(select(InHall)).all()) == len(SEATS)
    assert not db.session.scalars(select(Struck)).all()
    assert len(db.session.scalars(select(Interest).join(Seat, Seat.id == Interest.seat_id)).all()) == len(SEATS)
    assert sittings.matters_of(meeting.sitting())
