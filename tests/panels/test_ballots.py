"""An area ballot: one person, one vote, on a phone or on paper, and nobody sees whose is whose."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from portal import clock, refs
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.grants import apply, decide, rounds
from portal.grants.rules import RoundRules
from portal.history import Event
from portal.money import Pence
from portal.outbox import Message
from portal.panels import actions, ballots, marking, polling, queries, sittings
from portal.panels.model import Ballot, BallotPaper, Matter, Panel, Sitting
from portal.people import actions as people
from portal.people import queries as persons
from portal.people.access import Who
from portal.people.model import Person
from portal.places.model import Area
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin, person

RULES = RoundRules(voters="area", areas=("mossgate",), decision="most_votes", least_ballots=5, pot=Pence(450_00))
HOSTILE = ("", "x" * 5000, "\x00", "MAT-2222-2222", "'; DROP TABLE ballot; --", "<script>", "-1", "²", "\u202e")


class Poll:
    """A closed round whose ideas are before the panel, and residents who may vote on them."""

    def __init__(self, rules: RoundRules = RULES, ideas: int = 3, cost: int = 200_00) -> None:
        self.season = season = begin(2000_00, rolling=False, rules=rules)
        self.home = db.session.scalars(select(Area.id).where(Area.code == "mossgate")).one()
        with transaction():
            inside = Area(code="larch", name="Larch Court", kind="estate", parent_id=self.home)
            away = Area(code="saltmarsh", name="Saltmarsh", kind="ward")
            db.session.add_all([inside, away])
            db.session.flush()
            self.inside, self.away = inside.id, away.id
        self.bids = [season.sent(f"Idea {number}", cost, ("Rita", "Rob", "Rosa")[number % 3]) for number in range(ideas)]
        self.now = clock.now() + timedelta(days=11)
        self.voters = [person(f"Voter{number}", area_id=self.home) for number in range(8)]
        with self.at():
            rounds.move_rounds()
            decide.put_round_to_panel(season.round_ref, season.actor("Olga"))
        found = db.session.scalars(select(Sitting)).one()
        self.ref, self.id, self.panel = found.ref, found.id, season.panel_ref
        self.until = found.votes_until
        self.matters = [season.matter(ref).ref for ref in self.bids]

    def at(self, moment: datetime | None = None) -> Any:
        return clock.held_at(moment or self.now)

    def who(self, name: str) -> Who:
        return self.season.who(name)

    def open(self, by: str = "Olga") -> "Poll":
        with self.at():
            polling.open_ballot(self.who(by), self.panel, self.ref)
        return self

    def cast(self, who: Who, *numbers: int) -> int:
        with self.at():
            return ballots.cast(who, self.ref, [self.matters[number] for number in numbers])

    def close(self) -> "Poll":
        assert self.until is not None
        self.now = self.until + timedelta(hours=1)
        return self

    def count(self, by: str = "Olga") -> dict[str, int]:
        with self.at():
            return dict(sittings.count(self.who(by), self.panel, self.ref))

    def sitting(self) -> Sitting:
        db.session.rollback()
        return db.session.get_one(Sitting, self.id)

    def papers(self, number: int) -> list[str]:
        with self.at():
            batch = polling.print_papers(self.who("Olga"), self.panel, self.ref, number)
            return [each.serial for each in polling.batch(self.sitting(), batch)]

    def take(self, who: Who) -> None:
        with self.at():
            polling.take(self.who("Olga"), self.panel, self.ref, who.ref)

    def enter(self, serial: str, *numbers: int, by: str = "Olga") -> str:
        with self.at():
            return polling.enter(self.who(by), self.panel, self.ref, serial, [self.matters[number] for number in numbers])

    def browser(self, app: Flask, who: Who) -> Inspector:
        """Somebody who signs in now: a session ends by itself in the weeks of a ballot."""
        with self.at():
            return Inspector(app, budget=45).sign_in(who.id)

    def release(self) -> None:
        season = self.season
        with self.at():
            for ref in self.bids:
                if season.bid(ref).status == "decided":
                    decide.write_letter(ref, "So many wanted it.", [], None, season.actor("Olga"))
            decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))

    def funded(self) -> list[int]:
        one = self.sitting()
        return [self.matters.index(each.matter.ref) for each in sittings.line_of(one, sittings.matters_of(one)) if each.funded]


@pytest.fixture
def poll(app: Flask) -> Iterator[Poll]:
    yield Poll()
    assert_books_are_right()


class TestTheRound:
    def plan(self, season: Season, rules: RoundRules, closes: int | None, vote: int | None, hear: int | None) -> str:
        now = clock.now()
        return rounds.plan_round(
            season.fund_id, db.session.scalars(select(Panel.id)).one(), "Vote", now, None if closes is None else now + timedelta(days=closes),
            None if hear is None else clock.today() + timedelta(days=hear), rules, season.actor("Olga"),
            vote_until=None if vote is None else clock.today() + timedelta(days=vote),
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("change", "days", "words"),
        [
            ({}, (None, None, None), "only in a round with a closing day"),
            ({"decision": "threshold"}, (10, 20, 30), "most votes or in equal shares"),
            ({"decision": "equal_shares", "ballots": "marks"}, (10, 20, 30), "most votes or in equal shares"),
            ({"marking": True}, (10, 20, 30), "gives no marks"),
            ({"least_ballots": 4}, (10, 20, 30), "At least 5"),
            ({}, (10, None, 30), "until which day"),
            ({}, (10, 10, 30), "must come after"),
            ({}, (10, 30, 30), "before everybody hears"),
            ({"areas": ("atlantis",)}, (10, 20, 30), "one of these areas"),
        ],
    )
    def test_a_ballot_that_cannot_be_is_refused(
        self, app: Flask, change: dict[str, Any], days: tuple[int | None, int | None, int | None], words: str
    ) -> None:
        rules = RoundRules.load(RULES.store() | change)
        with pytest.raises(Refused, match=words):
            self.plan(begin(), rules, *days)

    def test_what_it_asks_freezes_with_the_round(self, poll: Poll) -> None:
        with pytest.raises(Refused, match="has opened"):
            rounds.change_round(
                poll.season.round_ref, 1, "x", clock.now(), clock.now() + timedelta(days=1), clock.today() + timedelta(days=9), RoundRules(), poll.season.actor("Olga")
            )  # fmt: skip
        one = poll.sitting()
        assert poll.until == clock.end_of_day(clock.london_day(poll.until or clock.now())) and one.rule["least_ballots"] == 5
        assert [area.name for area in ballots.areas_of(one)] == ["Mossgate"]

    def test_more_time_never_runs_into_the_ballot(self, app: Flask) -> None:
        season = begin(rolling=False, rules=RULES)
        with pytest.raises(Refused, match="Residents vote on these ideas until"):
            rounds.extend(season.round_ref, clock.now() + timedelta(days=30), "More time", season.actor("Olga"))

    def test_an_idea_without_words_for_everybody_is_not_sent(self, app: Flask) -> None:
        season = begin(rolling=False, rules=RULES)
        ref = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
        found = {each.sentence for each in apply.problems(season.bid(ref))}
        assert any("Residents vote on the ideas of this round" in sentence for sentence in found)

    def test_the_officer_plans_it_on_one_page(self, app: Flask) -> None:
        season = begin()
        olga = Inspector(app, budget=45).sign_in(season.who("Olga").id)
        day = clock.today()

        def parts(name: str, days: int) -> dict[str, Any]:
            then = day + timedelta(days=days)
            return {f"{name}_day": str(then.day), f"{name}_month": str(then.month), f"{name}_year": str(then.year)}

        olga.get("/desk/funds/small-sparks/rounds/new")
        given = parts("opens_on", 1) | parts("closes_on", 10) | parts("decide_by", 40)
        olga.submit("Plan this round", status=422, name="Vote", voters="area", decision="most_votes", **given)
        assert "Say until which day residents can vote" in olga.text
        olga.submit(
            "Plan this round", voters="area", areas="mossgate", decision="most_votes", least_ballots="12", **parts("vote_until", 30)
        )
        assert "All residents of Mossgate, until" in olga.follow().text and "fewer than 12" in olga.text
        olga.get(olga.path + "/change").submit("Save", least_ballots="13")
        assert "fewer than 13" in olga.follow().text


class TestThePanel:
    def test_it_reads_and_talks_and_asks_before_the_ballot_and_does_not_vote(self, poll: Poll, app: Flask) -> None:
        ada, matter = poll.who("Ada"), poll.matters[0]
        with poll.at():
            assert {each.matter.ref for each in queries.my_sittings(ada.id)} == set(poll.matters)
            with pytest.raises(Refused, match="Say first"):
                marking.say(ada, poll.panel, matter, "What for?")
            actions.declare(ada, poll.panel, matter, "none")
            assert matter not in {each.matter.ref for each in queries.my_sittings(ada.id)}
            marking.say(ada, poll.panel, matter, "What for?")
            with pytest.raises(Refused, match="residents of the area vote"):
                actions.vote(ada, poll.panel, matter, "yes", "")
            with pytest.raises(Refused, match="residents of the area vote"):
                actions.enter_vote(poll.who("Olga"), poll.panel, matter, poll.season.ref("Ada"), "yes", "", "hall")
            page = Inspector(app, budget=45).sign_in(ada.id).get(f"/panels/{poll.panel}/bids/{matter}")
            assert "Residents vote on this" in page.text and "What for?" in page.text and "Your vote" not in page.text
            page.get(f"/panels/{poll.panel}/bids/{matter}/paper", status=404)
            page.get(f"/panels/{poll.panel}/sittings/{poll.ref}").get(f"/panels/{poll.panel}")
            place = queries.place_in_line(queries.seat_of(ada.id, 1) or pytest.fail(), poll.season.matter_by(matter))
            assert place.waiting == poll.matters[1]
            assert "waits for you" in page.get(f"/panels/{poll.panel}/sittings/{poll.ref}").text or "wait for you" in page.text

    def test_nothing_is_asked_of_it_while_residents_vote(self, poll: Poll, app: Flask) -> None:
        poll.open()
        ada = poll.who("Ada")
        with poll.at():
            assert not queries.my_sittings(ada.id) and not queries.waiting_for(ada.id)
            page = Inspector(app, budget=45).sign_in(ada.id).get(f"/panels/{poll.panel}/sittings/{poll.ref}")
            assert "Nothing waits for you" in page.text and "New: say first" not in page.text and "Residents vote" in page.text
            assert "New: say first" not in page.get(f"/panels/{poll.panel}").text

    def test_a_question_takes_nothing_off_an_open_ballot(self, poll: Poll) -> None:
        from portal.grants.views.decide import ask_applicant

        poll.open()
        with poll.at(), pytest.raises(Refused, match="would take it off"):
            actions.ask(poll.who("Ada"), poll.panel, poll.matters[0], ask_applicant, ["money"], "Why?", clock.today())
        with poll.at(), pytest.raises(Refused, match="would take it off"):  # nor does one from the desk
            apply.ask_more(poll.bids[0], ["money"], "Why?", clock.today(), poll.season.actor("Olga"))

    def test_no_substitute_is_called_for_it(self, app: Flask) -> None:
        poll = Poll(RoundRules.load(RULES.store() | {"quorum": 9}))
        assert not db.session.scalars(select(Matter).where(Matter.short)).all()
        poll.open().close()
        with poll.at():
            sittings.hand_to_panel(poll.who("Olga"), poll.panel, poll.ref)
        assert len(db.session.scalars(select(Matter).where(Matter.short)).all()) == 3

    def test_what_comes_when_the_ballot_is_open_is_decided_by_itself(self, poll: Poll) -> None:
        poll.open()
        with poll.at():
            decide.take_back(poll.bids[2], "A mistake in the sum", poll.season.actor("Olga"))
            decide.put_to_panel(poll.bids[2], poll.season.actor("Olga"))
        late = poll.season.matter(poll.bids[2])
        assert late.sitting_id is None
        with poll.at(), pytest.raises(Refused, match="taken back meanwhile"):
            ballots.cast(poll.voters[0], poll.ref, [late.ref])

    def test_before_it_opens_an_idea_comes_back_onto_it(self, poll: Poll) -> None:
        with poll.at():
            decide.take_back(poll.bids[2], "A mistake in the sum", poll.season.actor("Olga"))
            decide.put_to_panel(poll.bids[2], poll.season.actor("Olga"))
        assert poll.season.matter(poll.bids[2]).sitting_id == poll.id


class TestVoting:
    def test_the_last_one_counts_and_there_is_one_line_for_each(self, poll: Poll) -> None:
        poll.open()
        ann = poll.voters[0]
        assert poll.cast(ann, 0, 1) == 2 and poll.cast(ann, 2, 2) == 1
        rows = db.session.scalars(select(Ballot)).all()
        assert [(row.person_id, row.way, row.ticks) for row in rows] == [(ann.id, "phone", [poll.season.matter_by(poll.matters[2]).id])]
        with pytest.raises(IntegrityError), transaction():
            db.session.add(Ballot(sitting_id=poll.id, person_id=ann.id, way="phone", ticks=[1], at=clock.now()))
        with pytest.raises(IntegrityError), transaction():
            db.session.add(Ballot(sitting_id=poll.id, person_id=poll.voters[1].id, way="paper", ticks=[1], at=clock.now()))

    def test_not_before_it_opens_and_not_a_second_too_late(self, poll: Poll) -> None:
        with pytest.raises(Refused, match="not opened yet"):
            poll.cast(poll.voters[0], 0)
        poll.open().open()
        assert poll.until is not None
        poll.now = poll.until
        assert poll.cast(poll.voters[0], 0) == 1
        poll.now = poll.until + timedelta(seconds=1)
        with pytest.raises(Refused, match="ballot is over"):
            poll.cast(poll.voters[0], 1)
        with pytest.raises(Refused, match="ballot is over"):
            poll.cast(poll.voters[1], 1)
        assert db.session.scalars(select(Ballot.ticks)).one() == [poll.season.matter_by(poll.matters[0]).id]

    def test_nothing_ticked_and_things_that_are_not_there(self, poll: Poll) -> None:
        poll.open()
        with pytest.raises(Refused, match="Tick at least one"):
            poll.cast(poll.voters[0])
        for odd in HOSTILE[1:]:
            with poll.at(), pytest.raises(Refused, match="taken back meanwhile"):
                ballots.cast(poll.voters[0], poll.ref, [poll.matters[0], odd])
        with poll.at(), pytest.raises(NotFound):
            ballots.cast(poll.voters[0], "SIT-2222-2222", [poll.matters[0]])
        assert not db.session.scalars(select(Ballot)).all()

    def test_who_lives_there_and_who_does_not(self, poll: Poll) -> None:
        poll.open()
        inside, away, nowhere = (person(name, area_id=area) for name, area in (("Ina", poll.inside), ("Wes", poll.away), ("Nia", None)))
        assert poll.cast(inside, 0) == 1
        with pytest.raises(Refused, match="who live in Mossgate"):
            poll.cast(away, 0)
        with pytest.raises(Refused, match="do not know where your home is"):
            poll.cast(nowhere, 0)

    def test_nobody_votes_in_one_area_and_then_in_the_next(self, poll: Poll) -> None:
        wes = person("Wes", area_id=poll.away)

        def moves(area: int | None) -> None:
            people.change_profile(wes.id, name="Wes", area_id=area, channel="email", large_print=False, postal_address="")

        with poll.at(poll.now - timedelta(days=2)):
            moves(poll.home)
            moves(poll.home)
        poll.open()
        assert poll.cast(wes, 0) == 1  # who moved before is at home
        with poll.at():
            moves(None)
            moves(poll.home)
        with pytest.raises(Refused, match="another home after"):
            poll.cast(wes, 1)

    def test_a_ballot_that_names_no_area_is_for_all(self, app: Flask) -> None:
        poll = Poll(RoundRules.load(RULES.store() | {"areas": ()})).open()
        assert poll.cast(poll.voters[0], 0) == 1 and poll.cast(person("Wes", area_id=poll.away), 0) == 1
        assert [area.name for area in ballots.areas_of(poll.sitting())] == ["Mossgate", "Saltmarsh"]

    def test_each_idea_is_as_often_first(self, poll: Poll) -> None:
        one, names = poll.sitting(), list("abcdefgh")
        orders = [ballots.in_turn(one, f"PER-{number}", names) for number in range(800)]
        firsts = [order[0] for order in orders]
        assert all(70 <= firsts.count(name) <= 130 for name in names)
        assert all("".join(order) in "abcdefghabcdefgh" for order in orders)
        assert ballots.in_turn(one, "PER-1", names) == ballots.in_turn(one, "PER-1", names) and ballots.in_turn(one, "x", []) == []

    def test_home_shows_what_waits(self, poll: Poll, app: Flask) -> None:
        vera = poll.browser(app, poll.voters[0])
        with poll.at():
            assert "Vote: Spring" not in vera.get("/").text
        poll.open()
        with poll.at():
            assert "Vote: Spring" in vera.get("/").text
            assert "Vote: Spring" not in Inspector(app).sign_in(person("Wes", area_id=poll.away).id).get("/").text
        poll.cast(poll.voters[0], 0)
        with poll.at():
            assert "Vote: Spring" not in vera.get("/").text

    def test_names_that_slipped_into_an_idea_are_left_out(self, poll: Poll, app: Flask) -> None:
        with transaction():
            bid = decide.locked_bid(poll.bids[0])
            bid.title, bid.public_summary = "Tea with Rita Ogden", "Ring 07700 900123, or ask Rita Ogden or Will."
            db.session.get_one(Person, poll.who("Rita").id).name = "Rita Ogden"
        poll.open()
        vera = poll.browser(app, poll.voters[0])
        with poll.at():
            page = vera.get(f"/panels/ballots/{poll.ref}").text
        assert "Tea with a neighbour" in page and "Ogden" not in page and "900123" not in page and "Will" in page

    def test_the_page_from_the_first_look_to_the_result(self, poll: Poll, app: Flask) -> None:
        path = f"/panels/ballots/{poll.ref}"
        vera, wes, nia = (poll.browser(app, one) for one in (poll.voters[0], person("Wes", area_id=poll.away), person("Nia")))
        with poll.at():
            Inspector(app).get(path, status=303)
            assert "has not opened yet" in vera.get(path).text and "Idea 0" not in vera.text
        poll.open()
        with poll.at():
            assert "Thank you for looking in" in wes.get(path).text and "Idea 0" not in wes.text
            assert "Say where your home is" in nia.get(path).text and "Idea 0" not in nia.text
            vera.get(path)
            assert "Raised beds that neighbours look after" in vera.text and "£200.00" in vera.text and "Rita" not in vera.text
            vera.submit("Send my ballot", status=422)
            assert "Tick at least one idea" in vera.text
            vera.submit("Send my ballot", idea=[poll.matters[0], poll.matters[2]])
            assert "2 ideas ticked" in vera.follow().text and vera.text.count(" checked") == 2
            vera.submit("Change my ballot", status=422, idea=[poll.matters[0], "MAT-2222-2222"])
            assert vera.text.count(" checked") == 1  # what was ticked is kept
            vera.submit("Change my ballot", idea=poll.matters[1])
            assert "one idea ticked" in vera.follow().text
        poll.close()
        for voter in poll.voters[1:6]:
            with poll.at((poll.until or clock.now()) - timedelta(days=1)):
                ballots.cast(voter, poll.ref, [poll.matters[0]])
        vera = poll.browser(app, poll.voters[0])
        with poll.at():
            assert "The ballot is over" in vera.get(path).text and "You voted" in vera.text and "See how the pot" not in vera.text
        poll.count()
        poll.release()
        with poll.at():
            vera.get(path)
            vera.get(f"/panels/{poll.panel}/sittings/{poll.ref}/result")
            assert "6 residents voted" in vera.text and "6 on the phone and 0 on paper" in vera.text


class TestPaper:
    def test_numbers_are_drawn_and_a_slip_is_seen(self, poll: Poll) -> None:
        serials = poll.open().papers(30)
        assert len(set(serials)) == 30
        for serial in serials:
            assert refs.clean_serial(serial) == serial == refs.clean_serial(serial[4:].lower().replace("-", " "))
            plain = serial[4:].replace("-", "")
            for place in range(8):
                for letter in refs.ALPHABET.replace(plain[place], ""):
                    assert refs.clean_serial(plain[:place] + letter + plain[place + 1 :]) is None
        for odd in (*HOSTILE, "BAL-", "BAL-OIL0-1111", "BALBALBA", "SPK-2222-2222"):
            assert refs.clean_serial(odd) is None
            with pytest.raises(Refused, match="not right"):
                polling.paper(poll.sitting(), odd)
        with pytest.raises(Refused, match="No paper of this ballot"):
            polling.paper(poll.sitting(), refs.new_serial())

    def test_entered_once_and_told_by_whom(self, poll: Poll) -> None:
        first, second = poll.open().papers(2)
        for voter in poll.voters[:2]:
            poll.take(voter)
            poll.take(voter)  # a second tap
        assert poll.enter(first.lower(), 0, 1) == first
        with pytest.raises(Refused, match="Olga entered this paper on"):
            poll.enter(first, 2, by="Otto")
        poll.close()
        assert poll.enter(second, 2, by="Ada") == second  # what came back in time is typed afterwards
        assert ballots.turnout(poll.sitting()) == ballots.Turnout(0, 2, 0, taken=2, out=0)

    def test_no_more_papers_than_residents_who_took_one(self, poll: Poll) -> None:
        first, second = poll.open().papers(2)
        with pytest.raises(Refused, match="0 papers are entered, and 0 residents took one"):
            poll.enter(first, 0)
        poll.take(poll.voters[0])
        poll.enter(first, 0)
        with pytest.raises(Refused, match="Write down first who took this one"):
            poll.enter(second, 0)
        with poll.at(), pytest.raises(Refused, match="theirs is among them"):
            polling.give_back(poll.who("Olga"), poll.panel, poll.ref, poll.voters[0].ref)

    def test_one_vote_on_the_phone_or_on_paper(self, poll: Poll) -> None:
        poll.open().papers(2)
        ann, bea = poll.voters[:2]
        poll.cast(ann, 0)
        with pytest.raises(Refused, match="Voter0 has voted on the phone already"):
            poll.take(ann)
        poll.take(bea)
        with pytest.raises(Refused, match="took a paper ballot"):
            poll.cast(bea, 0)
        with poll.at():
            polling.give_back(poll.who("Olga"), poll.panel, poll.ref, bea.ref)
            polling.give_back(poll.who("Olga"), poll.panel, poll.ref, bea.ref)
        assert poll.cast(bea, 0) == 1
        with pytest.raises(Refused, match="lives somewhere else"):
            poll.take(person("Wes", area_id=poll.away))

    def test_a_mistake_is_struck_and_a_spoilt_paper_stays_spoilt(self, poll: Poll) -> None:
        first, second, third = poll.open().papers(3)
        poll.take(poll.voters[0])
        poll.enter(first, 0)
        olga = poll.who("Olga")
        with poll.at():
            for act in (polling.strike, polling.spoil):
                with pytest.raises(Refused, match="Write why"):
                    act(olga, poll.panel, poll.ref, first, "")
            with pytest.raises(Refused, match="strike it first"):
                polling.spoil(olga, poll.panel, poll.ref, first, "Torn")
            polling.strike(olga, poll.panel, poll.ref, first, "The wrong box")
            with pytest.raises(Refused, match="nothing to strike"):
                polling.strike(olga, poll.panel, poll.ref, first, "The wrong box")
            polling.spoil(olga, poll.panel, poll.ref, second, "Blank")
            polling.spoil(olga, poll.panel, poll.ref, second, "Blank")
        assert poll.enter(first, 1) == first
        with pytest.raises(Refused, match="is spoilt"):
            poll.enter(second, 0)
        kinds = db.session.scalars(
            select(Event.kind)
            .where(Event.about == f"sitting:{poll.id}", Event.kind.startswith("paper_", autoescape=True))
            .order_by(Event.id)
        ).all()
        assert kinds == ["paper_taken", "paper_entered", "paper_struck", "paper_spoilt", "paper_entered"]
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text("UPDATE ballot_paper SET ticks = '[1]' WHERE serial = :serial"), {"serial": third})

    def test_only_who_counts_and_only_while_it_runs(self, poll: Poll) -> None:
        def acts(who: Who) -> list[Any]:
            return [
                lambda: polling.open_ballot(who, poll.panel, poll.ref),
                lambda: polling.print_papers(who, poll.panel, poll.ref, 1),
                lambda: polling.take(who, poll.panel, poll.ref, poll.voters[0].ref),
                lambda: polling.give_back(who, poll.panel, poll.ref, poll.voters[0].ref),
                lambda: polling.enter(who, poll.panel, poll.ref, "BAL-2222-2222", []),
                lambda: sittings.hand_to_panel(who, poll.panel, poll.ref),
                lambda: sittings.count(who, poll.panel, poll.ref),
            ]

        with poll.at():
            for name in ("Ben", "Rita", "Fay"):
                for act in acts(poll.who(name)):
                    with pytest.raises(NotYours):
                        act()
            actions.declare(poll.who("Ada"), poll.panel, poll.matters[0], "friend")
            for act in acts(poll.who("Ada")):
                with pytest.raises(NotYours):
                    act()
            for act in acts(poll.who("Olga"))[1:4]:
                with pytest.raises(Refused, match="Open the ballot first"):
                    act()
            with pytest.raises(Refused, match="from 1 to 200"):
                polling.print_papers(poll.who("Olga"), poll.panel, poll.ref, 201)
        poll.open().close()
        with poll.at():
            for act in acts(poll.who("Olga"))[1:4]:
                with pytest.raises(Refused, match="ballot is over"):
                    act()

    def test_the_desk_by_hand(self, poll: Poll, app: Flask) -> None:
        path = f"/panels/{poll.panel}/sittings/{poll.ref}/ballot"
        olga = poll.browser(app, poll.who("Olga"))
        with poll.at():
            olga.get(path).submit("Open the ballot now")
            olga.follow().submit("Print papers", status=422, number="many")
            olga.submit("Print papers", status=422, number="201")
            olga.submit("Print papers", number="2")
            page = olga.follow().text
            serials = re.findall(r'id="(BAL-[^"]+)"', page)
            assert len(serials) == 2 and page.count("<svg") >= 2 and f"/panels/ballots/{poll.ref}" in page
            assert not re.search(r"href=\"[^\"]*BAL-", page) and "Raised beds" not in page
            olga.get(path).submit("They take a paper", status=422, person="nobody@example.org")
            olga.submit("They take a paper", person="voter3@example.org")
            assert "Voter3 is on the roll" in olga.follow().text
            olga.submit("Voter3 gave it back").follow()
            olga.submit("They take a paper", person=poll.voters[3].ref)
            olga.get(path + "/enter").submit("Continue", status=422, serial=serials[0][:-1] + ("2" if serials[0][-1] != "2" else "3"))
            assert "That number is not right" in olga.text
            olga.submit("Continue", serial=serials[0].lower()).follow()
            olga.submit("Enter this paper", status=422)
            assert "Tick at least one" in olga.text
            olga.submit("Enter this paper", idea=[poll.matters[1]])
            assert f"{serials[0]} is in" in olga.follow().text
            olga.get(f"{path}/enter/{serials[0]}")
            assert "Olga entered it on" in olga.text and "checked" not in olga.text
            olga.submit("Strike it", status=422)
            olga.submit("Strike it", why_reason="Wrong box").follow()
            olga.submit("It is spoilt", why_reason="Torn in half").follow()
            assert "that it is spoilt" in olga.get(f"{path}/enter/{serials[0]}").text
            olga.get(path + "/enter/BAL-2222-2222", status=404)
            olga.get(path + "/papers/9", status=404)


class TestTheCount:
    def vote(self, poll: Poll, *lines: str) -> None:
        """ "01" is a ballot for ideas 0 and 1."""
        poll.open()
        for voter, line in zip(poll.voters, lines, strict=False):
            poll.cast(voter, *(int(letter) for letter in line))

    def test_most_ticks_first_and_what_nobody_ticks_is_a_no(self, app: Flask) -> None:
        poll = Poll(ideas=4)
        self.vote(poll, "01", "01", "1", "2", "1")
        with pytest.raises(Refused, match="Residents can vote until"):
            poll.count()
        poll.close()
        assert poll.count() == {"yes": 3, "no": 1} == poll.count()
        assert poll.funded() == [1, 0]
        tally = poll.season.matter_by(poll.matters[1]).tally or {}
        assert (tally["yes"], tally["ballots"], tally["sources"]) == (4, 5, {"phone": 5, "paper": 0})
        assert (poll.sitting().result or {})["turnout"] == {"phone": 5, "paper": 0, "spoilt": 0}
        olga = poll.browser(app, poll.who("Olga"))
        with poll.at():
            assert "4 of 5 residents who voted want it." in olga.get(f"/desk/bids/{poll.bids[1]}/letter").text
        poll.release()
        assert [poll.season.bid(ref).status for ref in poll.bids] == ["offered", "offered", "lapsed", "declined"]
        letters = " ".join(message.body for message in db.session.scalars(select(Message).where(Message.about.like("bid:%"))))
        assert "was chosen" in letters and "was not chosen" in letters and "was wanted" in letters
        assert "panel said" not in letters and "The panel read it" not in letters
        assert_books_are_right()

    def test_equal_shares_hear_the_few(self, app: Flask) -> None:
        poll = Poll(RoundRules.load(RULES.store() | {"decision": "equal_shares", "majority_percent": 0, "pot": 600_00}), ideas=4)
        self.vote(poll, "012", "012", "012", "012", "3", "3")
        poll.close()
        poll.count()
        assert 3 in poll.funded() and len(poll.funded()) == 3
        assert_books_are_right()

    def test_phones_and_papers_are_one_count_without_an_order_that_tells(self, poll: Poll) -> None:
        self.vote(poll, "2", "0", "12", "0")
        serial, spoilt = poll.papers(2)
        poll.take(poll.voters[5])
        poll.enter(serial, 1)
        with poll.at():
            polling.spoil(poll.who("Olga"), poll.panel, poll.ref, spoilt, "Blank")
        poll.close()
        poll.count()
        result = poll.sitting().result or {}
        assert result["turnout"] == {"phone": 4, "paper": 1, "spoilt": 1}
        assert list(result["votes"]) == [f"voter {number:05}" for number in range(1, 6)]
        given = [sorted(poll.matters.index(ref) for ref in votes) for votes in result["votes"].values()]
        assert given == [[0], [0], [1], [1, 2], [2]]

    def test_who_votes_first_or_who_they_are_changes_nothing_that_is_published(self, app: Flask) -> None:
        poll = Poll()
        poll.open()
        lines = ["0", "01", "2", "12", "1"]
        for voter, line in zip(reversed(poll.voters), reversed(lines), strict=False):
            poll.cast(voter, *(int(letter) for letter in line))
        poll.close()
        poll.count()
        mine = (poll.sitting().result or {})["votes"]
        assert [sorted(poll.matters.index(ref) for ref in votes) for votes in mine.values()] == [[0], [0, 1], [1], [1, 2], [2]]

    def test_an_idea_that_was_withdrawn_takes_no_ballot_with_it(self, poll: Poll) -> None:
        self.vote(poll, "0", "0", "0", "01", "1")
        with poll.at():
            apply.withdraw(poll.bids[0], "We moved", poll.season.actor("Rita"))
        poll.close()
        assert poll.count() == {"yes": 1, "no": 1}
        assert (poll.sitting().result or {})["outcome"]["voters"] == 5

    def test_too_few_and_the_panel_decides_by_the_same_rule(self, poll: Poll, app: Flask) -> None:
        self.vote(poll, "0", "0", "0", "0")
        olga = poll.who("Olga")
        with poll.at(), pytest.raises(Refused, match="Only when the ballot is over"):
            sittings.hand_to_panel(olga, poll.panel, poll.ref)
        poll.close()
        with pytest.raises(Refused, match="so the panel decides"):
            poll.count()
        desk = poll.browser(app, olga)
        with poll.at():
            desk.get(f"/panels/{poll.panel}/sittings/{poll.ref}/ballot").submit("Let the panel decide")
            assert "The panel decides now" in desk.follow().text
            sittings.hand_to_panel(olga, poll.panel, poll.ref)
            assert {each.matter.ref for each in queries.my_sittings(poll.who("Ben").id)} == set(poll.matters)
            with pytest.raises(Refused, match="so the panel decides"):
                polling.print_papers(olga, poll.panel, poll.ref, 1)
            assert "so the panel decides" in Inspector(app).sign_in(poll.voters[0].id).get(f"/panels/ballots/{poll.ref}").text
            for seat in ("Ada", "Ben", "Cleo"):
                for number, matter in enumerate(poll.matters):
                    actions.declare(poll.who(seat), poll.panel, matter, "none")
                    actions.vote(poll.who(seat), poll.panel, matter, "yes" if number else "no", "Because.")
        assert poll.count("Ada") == {"yes": 2, "no": 1}
        result = poll.sitting().result or {}
        assert set(result["votes"]) == {"seat 1", "seat 2", "seat 3"} and "turnout" not in result

    def test_enough_voted_so_the_panel_does_not(self, poll: Poll) -> None:
        self.vote(poll, *"00000")
        poll.close()
        with poll.at(), pytest.raises(Refused, match="too few"):
            sittings.hand_to_panel(poll.who("Olga"), poll.panel, poll.ref)

    def test_a_ballot_that_nobody_opened_goes_to_the_panel(self, poll: Poll) -> None:
        poll.close()
        with poll.at():
            with pytest.raises(Refused, match="last day to vote is over"):
                polling.open_ballot(poll.who("Olga"), poll.panel, poll.ref)
            sittings.hand_to_panel(poll.who("Olga"), poll.panel, poll.ref)
        assert not poll.sitting().by_residents

    def test_undone_and_counted_again_with_a_paper_that_was_forgotten(self, poll: Poll) -> None:
        self.vote(poll, *"00000")
        serial = poll.papers(1)[0]
        poll.take(poll.voters[6])
        poll.close()
        poll.count()
        with pytest.raises(Refused, match="Undo the count first"):
            poll.enter(serial, 1)
        with poll.at():
            sittings.undo_count(poll.who("Olga"), poll.panel, poll.ref, "A paper lay under the table")
        poll.enter(serial, 1)
        assert poll.count() == {"yes": 2, "no": 1}

    def test_overridden_by_two_people_as_any_other(self, poll: Poll) -> None:
        self.vote(poll, *"00000")
        poll.close()
        poll.count()
        with poll.at():
            ref = sittings.propose(poll.who("Olga"), poll.panel, poll.ref, poll.matters[0], False, "The hall burnt down")
            sittings.second(poll.who("Otto"), poll.panel, poll.ref, ref)
        assert poll.funded() == []

    def test_thousands_of_ballots_take_two_queries(self, poll: Poll) -> None:
        poll.open()
        ids = [poll.season.matter_by(ref).id for ref in poll.matters]
        with transaction():
            db.session.add_all(
                Person(ref=f"PER-{number:04}-2222", name="x", channel="letter", joined_at=clock.now(), area_id=poll.home)
                for number in range(2000)
            )
            db.session.flush()
            for number, id_ in enumerate(db.session.scalars(select(Person.id).where(Person.name == "x")).all()):
                db.session.add(Ballot(sitting_id=poll.id, person_id=id_, way="phone", ticks=ids[: number % 3 + 1], at=clock.now()))
        asked: list[str] = []

        def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.append(statement)

        one = poll.sitting()
        _ = one.id
        event.listen(Engine, "before_cursor_execute", listen)
        try:
            assert len(ballots.ballots_in(one)) == 2000
        finally:
            event.remove(Engine, "before_cursor_execute", listen)
        assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2
        poll.close()
        assert poll.count() == {"yes": 3}


class TestSecrecy:
    def test_no_page_tells_who_ticked_what(self, poll: Poll, app: Flask) -> None:
        """Every page and file of the sitting, at every time, for everybody who may open it: names of voters stand nowhere but on the
        roll of papers, and the mark of a ballot nowhere at all.
        """
        poll.open()
        for number, voter in enumerate(poll.voters[:6]):
            poll.cast(voter, number % 3)
        serial = poll.papers(1)[0]
        poll.take(poll.voters[7])
        poll.enter(serial, 2)
        base, matter = f"/panels/{poll.panel}/sittings/{poll.ref}", f"/panels/{poll.panel}/bids/{poll.matters[0]}"
        paths = [base, base + "/ballot", base + "/ballot/enter", f"{base}/ballot/enter/{serial}", base + "/result", matter, f"/panels/{poll.panel}",
                 *(f"{base}/result.{form}" for form in ("json", "csv", "pb")), f"/panels/ballots/{poll.ref}", "/", "/register/"]  # fmt: skip
        readers = [poll.who(name) for name in ("Olga", "Ada", "Ben", "Fay")] + [poll.voters[0], poll.voters[6]]

        def look() -> None:
            with poll.at():
                actions.declare(poll.who("Ada"), poll.panel, poll.matters[0], "none") if poll.sitting().status == "open" else None
                for who in readers:
                    browser = Inspector(app, budget=60).sign_in(who.id)
                    for path in paths:
                        answer = browser.client.get(path)
                        assert answer.status_code in (200, 303, 404), path
                        told = answer.text.replace("Voter7", "") if path == base + "/ballot" else answer.text
                        assert not [name for name in re.findall(r"Voter\d", told) if name != who.name], (who.name, path)
                        if path.startswith(base) and answer.status_code == 200:
                            assert "checked" not in told, path

        look()
        with poll.at():
            for path in ("/result.json", "/result.pb", "/result"):
                Inspector(app, budget=60).sign_in(poll.who("Olga").id).get(base + path, status=404)
        poll.close()
        look()
        poll.count()
        look()
        poll.release()
        look()
        visitor = Inspector(app)
        with poll.at():
            told = json.loads(visitor.get(base + "/result.json").text)
            assert told["turnout"] == {"phone": 6, "paper": 1, "spoilt": 0} and len(told["votes"]) == 7
            assert "num_votes;7" in visitor.get(base + "/result.pb").text and "voter_id;vote" in visitor.text
            paid = poll.bids[poll.funded()[0]]
            assert json.loads(visitor.get(f"/register/{paid}.json").text)["votes"]["ballots"] == 7
            assert "How residents voted" in visitor.get(f"/register/{paid}").text

    def test_events_say_that_and_never_what(self, poll: Poll) -> None:
        poll.open()
        poll.cast(poll.voters[0], 0, 2)
        serial = poll.papers(1)[0]
        poll.take(poll.voters[1])
        poll.enter(serial, 1)
        told = db.session.scalars(select(Event).where(Event.about == f"sitting:{poll.id}")).all()
        ids = {poll.season.matter_by(ref).id for ref in poll.matters}
        for one in told:
            assert not set(poll.matters) & set(map(str, one.data.values())) and "ticks" not in one.data
            assert one.kind == "papers_printed" or not ids & {value for value in one.data.values() if isinstance(value, int)}

    def test_once_the_letters_are_out_the_database_does_not_know_it_any_more(self, poll: Poll) -> None:
        poll.open()
        for voter in poll.voters[:5]:
            poll.cast(voter, 0)
        serial = poll.papers(1)[0]
        poll.take(poll.voters[6])
        poll.enter(serial, 1)
        poll.close()
        poll.count()
        mine = persons.all_about(poll.voters[0].id)["area ballots"]
        assert mine == [{"ballot": "Spring", "way": "phone", "when": mine[0]["when"], "ticked": [poll.matters[0]]}]
        assert poll.matters[0] not in json.dumps(persons.all_about(poll.voters[6].id)["area ballots"])
        poll.release()
        assert persons.all_about(poll.voters[0].id)["area ballots"][0]["ticked"] is None
        assert db.session.scalar(select(func.count()).select_from(Ballot).where(Ballot.ticks.is_not(None))) == 0
        assert db.session.scalar(select(func.count()).select_from(BallotPaper).where(BallotPaper.ticks.is_not(None))) == 0
        assert len((poll.sitting().result or {})["votes"]) == 6

    def test_leaving_while_it_is_open_takes_the_ballot_along_and_later_only_the_name(self, poll: Poll) -> None:
        poll.open()
        for voter in poll.voters[:6]:
            poll.cast(voter, 0)
        with poll.at():
            people.delete_me(poll.voters[0].id, poll.season.actor("Olga"))
        assert ballots.turnout(poll.sitting()).phone == 5
        poll.close()
        with poll.at():
            people.delete_me(poll.voters[1].id, poll.season.actor("Olga"))
        assert ballots.turnout(poll.sitting()).phone == 5
        assert db.session.scalar(select(func.count()).select_from(Ballot).where(Ballot.person_id == poll.voters[1].id)) == 0
        assert poll.count() == {"yes": 1, "no": 2}

    def test_a_resident_who_sits_on_the_panel_and_is_tied_votes_like_any_other(self, poll: Poll, app: Flask) -> None:
        """What every neighbour reads is hidden from none of them; it stays hidden on the panel's own pages."""
        with transaction():
            db.session.get_one(Person, poll.who("Ben").id).area_id = poll.home
        with poll.at():
            actions.declare(poll.who("Ben"), poll.panel, poll.matters[0], "friend")
        poll.open()
        with poll.at():
            ben = Inspector(app, budget=45).sign_in(poll.who("Ben").id)
            assert "Idea 0" in ben.get(f"/panels/ballots/{poll.ref}").text
            assert "Idea 0" not in ben.get(f"/panels/{poll.panel}/sittings/{poll.ref}").text
            ben.get(f"/panels/{poll.panel}/bids/{poll.matters[0]}", status=404)
