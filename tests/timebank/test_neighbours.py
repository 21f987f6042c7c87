"""Three neighbours of a panel have the last word: about hours, and about more of a pot than one coordinator may give."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.ledger import queries as books
from portal.money import Minutes
from portal.outbox import Message
from portal.panels import seats as panel_seats
from portal.people.access import Who
from portal.people.queries import all_about
from portal.timebank import exchange, leaving, members, neighbour_queries, neighbours
from portal.timebank.neighbours_model import NeighbourQuestion, NeighbourSeat
from portal.working_days import working_days_after
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank

SITTING = ("Ada", "Ben", "Cleo", "Dora", "Eli")


def give_seats(bank: Bank, *names: str, area: str | None = "mossgate") -> str:
    """A panel for an area, with these neighbours on it; its reference."""
    olga = bank.who("Olga")
    ref = panel_seats.create_panel(olga, "Mossgate panel", "Small things", [bank.areas[area]] if area else [])
    for name in names:
        if name not in bank.people:
            bank.join(name)
        panel_seats.add_seat(
            olga, ref, bank.who(name).ref, term_start=clock.today() - timedelta(days=2), term_end=None, reason="Drawn by lot"
        )
    return ref


At = Callable[[date], None]


@pytest.fixture
def at() -> Iterator[At]:
    """Go to noon of a day, until the test is over."""
    with ExitStack() as stack:
        yield lambda day: stack.enter_context(clock.held_at(datetime(day.year, day.month, day.day, 12, tzinfo=clock.LONDON)))


@pytest.fixture
def bank(app: Flask) -> Bank:
    made = open_bank()
    give_seats(made, *SITTING)
    return made


def decided(bank: Bank, minutes: int = 60) -> str:
    """Idris wrote down three hours, Maya said one; Cass decided."""
    ref = bank.log("Idris", "gave", "Maya", 180)
    exchange.answer(ref, 60, "", bank.who("Maya"), shown=180)
    exchange.decide(ref, minutes, "I spoke with both", bank.who("Cass"))
    return ref


def the_three(bank: Bank, ref: str) -> list[Who]:
    """Who was drawn and has not said that something ties them, in the order of the draw."""
    db.session.rollback()
    found = neighbour_queries.by_ref(ref)
    ids = {who.id: who for who in bank.people.values()}
    rows = db.session.execute(
        text("SELECT s.person_id FROM neighbour_seat n JOIN seat s ON s.id = n.seat_id WHERE n.question_id = :q AND n.tied_at IS NULL ORDER BY n.asked_at, s.id"),
        {"q": found.id},
    )  # fmt: skip
    return [ids[row[0]] for row in rows]


def now(ref: str) -> NeighbourQuestion:
    db.session.rollback()
    return neighbour_queries.by_ref(ref)


def told(what: str) -> int:
    return db.session.query(Message).filter(Message.key.like(f"neighbours:%:{what}:%")).count()


class TestHours:
    def test_two_who_agree_decide_and_the_books_are_put_right(self, bank: Bank) -> None:
        hours = decided(bank)
        ref = neighbours.ask(hours, "It took the whole morning", bank.who("Idris"))
        assert now(ref).decide_by == working_days_after(clock.today(), 10)
        assert (now(ref).least, now(ref).most, now(ref).stands) == (60, 180, 60)
        three = the_three(bank, ref)
        assert len(three) == 3 and told("asked") == 3 and told("begun") == 3  # both sides and the coordinator
        neighbours.say(ref, 120, "Half way", three[0])
        assert now(ref).status == "open" and bank.has("Idris") == 60
        neighbours.say(ref, 120, "It is a big garden", three[2])
        assert now(ref).status == "done" and now(ref).figure == 120
        assert (bank.has("Idris"), bank.has("Maya")) == (120, -120)
        assert bank.entry(hours).settled_minutes == 120
        assert told("done") == 3
        with pytest.raises(Conflict, match="decided meanwhile"):
            neighbours.say(ref, 60, "Late", three[1])
        assert neighbours.carry_out_due() == 0 and neighbours.lapse() == 0
        assert_books_are_right()

    def test_three_who_differ_give_the_middle_figure(self, bank: Bank) -> None:
        hours = decided(bank, 0)
        assert bank.entry(hours).status == "refused"
        ref = neighbours.ask(hours, "I was there", bank.who("Idris"))
        for who, minutes in zip(the_three(bank, ref), (0, 180, 75), strict=True):
            neighbours.say(ref, minutes, "So I think", who)
        assert (bank.entry(hours).status, bank.has("Idris")) == ("settled", 75)
        assert_books_are_right()

    def test_a_no_takes_it_out_of_the_books(self, bank: Bank) -> None:
        hours = decided(bank, 180)
        exchange.something_wrong(hours, "No", bank.who("Maya"))
        exchange.put_right(hours, 120, "Less", bank.who("Cass"))
        ref = neighbours.ask(hours, "It was not so", bank.who("Maya"))
        assert (now(ref).least, now(ref).most) == (60, 180)
        three = the_three(bank, ref)
        with pytest.raises(Refused, match="from 1 h to 3 h"):
            neighbours.say(ref, 0, "Nothing", three[0])
        for who in three[:2]:
            neighbours.say(ref, 60, "What both said", who)
        assert bank.has("Idris") == 60
        assert_books_are_right()

    def test_what_was_right_once_and_is_called_wrong_may_become_nothing(self, bank: Bank) -> None:
        hours = bank.settled("Idris", "Maya")
        exchange.something_wrong(hours, "I was away", bank.who("Maya"))
        ref = neighbours.pass_on(hours, "They see it differently", bank.who("Cass"))
        assert (now(ref).least, now(ref).most, now(ref).stands) == (0, 60, 60)
        with pytest.raises(Conflict, match="Three neighbours look"):
            exchange.put_right(hours, 0, "I decide", bank.who("Cass"))
        for who in the_three(bank, ref)[:2]:
            neighbours.say(ref, 0, "She was away", who)
        assert bank.entry(hours).status == "reversed" and bank.entry(hours).questioned_at is None and bank.has("Idris") == 0
        assert_books_are_right()

    def test_passed_on_without_a_figure_goes_back_when_nobody_speaks(self, bank: Bank, at: At) -> None:
        hours = bank.log("Idris", "gave", "Maya", 180)
        exchange.answer(hours, 60, "", bank.who("Maya"), shown=180)
        ref = neighbours.pass_on(hours, "I know them both too well", bank.who("Cass"))
        assert neighbours.pass_on(hours, "Again", bank.who("Cass")) == ref, "the second time gives the first"
        with pytest.raises(Conflict, match="Three neighbours look"):
            exchange.decide(hours, 60, "I decide", bank.who("Cass"))
        assert not bank.waits(None), "the desk has nothing to do meanwhile"
        last = now(ref).decide_by
        at(last)
        assert neighbours.lapse() == 0, "its last day counts"
        at(last + timedelta(days=1))
        assert neighbours.lapse() == 1 and neighbours.lapse() == 0
        assert now(ref).status == "lapsed" and told("lapsed") == 3 and len(bank.waits(None)) == 1
        with pytest.raises(Conflict, match="decided meanwhile"):
            neighbours.say(ref, 60, "Late", the_three(bank, ref)[0])
        exchange.decide(hours, 60, "I decide", bank.who("Cass"))
        with pytest.raises(Conflict, match="They do it once"):
            neighbours.ask(hours, "Again", bank.who("Idris"))

    def test_the_two_may_still_agree_themselves(self, bank: Bank) -> None:
        hours = bank.log("Idris", "gave", "Maya", 180)
        exchange.answer(hours, 60, "", bank.who("Maya"), shown=180)
        ref = neighbours.pass_on(hours, "Neighbours know", bank.who("Cass"))
        three = the_three(bank, ref)
        exchange.accept_answer(hours, bank.who("Idris"), shown=60)
        assert now(ref).status == "overtaken"
        with pytest.raises(Conflict):
            neighbours.say(ref, 180, "Late", three[0])
        assert bank.has("Idris") == 60

    def test_a_floor_lets_it_wait_and_it_is_not_lost(self, bank: Bank) -> None:
        hours = decided(bank)
        lend(bank, "Walter", 0 + 1200)
        members.allow_lower(bank.cards["Maya"], Minutes(-60), "A bad month", bank.actor("Cass"))
        ref = neighbours.ask(hours, "Three hours", bank.who("Idris"))
        for who in the_three(bank, ref)[:2]:
            neighbours.say(ref, 180, "Three hours", who)
        assert now(ref).status == "decided" and "floor" in now(ref).waits and told("waits") == 1
        assert (bank.has("Idris"), bank.entry(hours).settled_minutes) == (60, 60), "what stood before stands"
        assert neighbours.carry_out_due() == 0 and told("waits") == 1
        members.allow_lower(bank.cards["Maya"], None, "Better", bank.actor("Cass"))
        assert neighbours.carry_out_due() == 1 and neighbours.carry_out_due() == 0
        assert now(ref).status == "done" and bank.has("Idris") == 180
        assert_books_are_right()

    def test_who_may_ask_and_when(self, bank: Bank, at: At) -> None:
        open_ = bank.log("Idris", "gave", "Maya", 30)
        with pytest.raises(Conflict, match="after a coordinator has decided"):
            neighbours.ask(open_, "Please", bank.who("Idris"))
        with pytest.raises(Conflict, match="nothing here"):
            neighbours.pass_on(open_, "Please", bank.who("Cass"))
        hours = decided(bank)
        with pytest.raises(NotYours):
            neighbours.ask(hours, "Please", bank.who("Walter"))
        with pytest.raises(NotYours):
            neighbours.pass_on(hours, "Please", bank.who("Walter"))
        with pytest.raises(Refused, match="Write why"):
            neighbours.ask(hours, "", bank.who("Idris"))
        at(clock.today() + timedelta(days=15))
        with pytest.raises(Conflict, match="14 days"):
            neighbours.ask(hours, "Please", bank.who("Idris"))


class TestSeats:
    def test_who_is_tied_is_not_drawn(self, app: Flask) -> None:
        bank = open_bank()
        give_seats(bank, "Maya", "Cass", "Ada", "Ben")
        hours = decided(bank)
        with pytest.raises(Refused, match="No panel here has three"):
            neighbours.ask(hours, "Please", bank.who("Idris"))
        give_seats(bank, "Maya", "Cass", "Ada", "Ben", "Cleo", area=None)
        ref = neighbours.ask(hours, "Please", bank.who("Idris"))
        assert {who.name for who in the_three(bank, ref)} == {"Ada", "Ben", "Cleo"}

    def test_who_knows_them_makes_room(self, bank: Bank) -> None:
        ref = neighbours.ask(decided(bank), "Please", bank.who("Idris"))
        three = the_three(bank, ref)
        neighbours.know_them(ref, three[0])
        after = the_three(bank, ref)
        assert len(after) == 3 and three[0] not in after
        with pytest.raises(NotFound):
            neighbours.say(ref, 60, "I stay", three[0])
        with pytest.raises(NotFound):
            neighbours.say(ref, 60, "I was not asked", bank.who("Walter"))

    def test_what_was_said_stays(self, bank: Bank) -> None:
        ref = neighbours.ask(decided(bank), "Please", bank.who("Idris"))
        one = the_three(bank, ref)[0]
        with pytest.raises(Refused, match="quarters"):
            neighbours.say(ref, 65, "Odd", one)
        with pytest.raises(Refused, match="Write why"):
            neighbours.say(ref, 60, "", one)
        neighbours.say(ref, 60, "An hour", one)
        neighbours.say(ref, 60, "An hour", one)
        with pytest.raises(Conflict, match="1 h already"):
            neighbours.say(ref, 90, "More", one)
        with pytest.raises(Conflict, match="1 h already"):
            neighbours.know_them(ref, one)

    def test_silent_seats_are_reminded_once_and_ended_ones_replaced(self, bank: Bank, at: At) -> None:
        ref = neighbours.ask(decided(bank), "Please", bank.who("Idris"))
        three = the_three(bank, ref)
        assert neighbours.remind() == 0
        panel = db.session.execute(text("SELECT ref FROM panel")).scalar_one()
        db.session.rollback()
        panel_seats.end_seat(bank.who("Olga"), panel, three[0].ref, clock.today(), "Moved")
        at(clock.today() + timedelta(days=1))
        assert neighbours.remind() == 1 and three[0] not in the_three(bank, ref) and len(the_three(bank, ref)) == 3
        at(now(ref).decide_by - timedelta(days=1))
        assert neighbours.remind() == 1 and neighbours.remind() == 0
        assert told("reminded") == 3

    def test_the_database_refuses_another_figure(self, bank: Bank) -> None:
        ref = neighbours.ask(decided(bank), "Please", bank.who("Idris"))
        neighbours.say(ref, 60, "An hour", the_three(bank, ref)[0])
        for statement in (
            "UPDATE neighbour_seat SET minutes = 120 WHERE minutes = 60",
            "UPDATE neighbour_seat SET minutes = 600, said_at = asked_at WHERE minutes IS NULL",
            "DELETE FROM neighbour_seat",
            "DELETE FROM neighbour_question",
            "UPDATE neighbour_question SET most = 600",
            "UPDATE neighbour_question SET figure = 600, status = 'decided'",
            "UPDATE neighbour_question SET status = 'done'",
        ):
            with pytest.raises(IntegrityError), transaction():
                db.session.execute(text(statement))

    def test_what_a_seat_said_is_theirs_to_take_along(self, bank: Bank) -> None:
        ref = neighbours.ask(decided(bank), "Please", bank.who("Idris"))
        one = the_three(bank, ref)[0]
        neighbours.say(ref, 60, "An hour is fair", one)
        assert all_about(one.id)["questions to neighbours"][0]["why"] == "An hour is fair"
        assert all_about(bank.who("Idris").id)["questions to neighbours"][0]["your words"] == "Please"
        assert "An hour is fair" not in str(all_about(bank.who("Maya").id))


class TestPot:
    def propose(self, bank: Bank, minutes: int = 480, key: str = "p") -> str:
        return neighbours.propose("mossgate", bank.cards["Idris"], minutes, "Out of hospital", bank.who("Cass"), once_key=key)

    def test_two_yes_give_it_once(self, bank: Bank) -> None:
        lend(bank, "Walter", 600)
        leaving.donate(bank.cards["Walter"], bank.cards["Maya"], 600, "", bank.who("Walter"), once_key="d1")
        leaving.donate(bank.cards["Maya"], leaving.POT, 600, "", bank.who("Maya"), once_key="d2")
        with pytest.raises(Refused, match="ask three neighbours"):
            leaving.grant("mossgate", bank.cards["Idris"], 480, "Out of hospital", bank.who("Cass"), once_key="g")
        ref = self.propose(bank)
        assert self.propose(bank) == ref and told("begun") == 1
        with pytest.raises(Conflict, match="asked about hours for this member"):
            self.propose(bank, 360, "again")
        three = the_three(bank, ref)
        with pytest.raises(Refused, match="yes or no"):
            neighbours.say(ref, 240, "Half", three[0])
        for who in three[:2]:
            neighbours.say(ref, 480, "He needs it", who)
        assert (bank.has("Idris"), books.balance("pot:mossgate")) == (480, 120)
        assert neighbours.carry_out(ref) is False and bank.has("Idris") == 480
        assert now(ref).status == "done" and told("done") == 2
        assert_books_are_right()

    def test_two_no_refuse_it_with_the_reasons(self, bank: Bank) -> None:
        ref = self.propose(bank)
        for who, why in zip(the_three(bank, ref), ("It is a lot", "Ask again in spring"), strict=False):
            neighbours.say(ref, 0, why, who)
        assert now(ref).status == "done" and now(ref).figure == 0 and bank.has("Idris") == 0
        [letter] = db.session.query(Message).filter(Message.key.like(f"neighbours:%:done:person:{bank.who('Idris').id}")).all()
        assert "It is a lot" in letter.body and not any(name in letter.body for name in SITTING)

    def test_an_empty_pot_lets_it_wait(self, bank: Bank) -> None:
        ref = self.propose(bank)
        for who in the_three(bank, ref)[:2]:
            neighbours.say(ref, 480, "Yes", who)
        assert now(ref).status == "decided" and "in the pot" in now(ref).waits
        lend(bank, "Maya", 480)
        leaving.donate(bank.cards["Maya"], leaving.POT, 480, "", bank.who("Maya"), once_key="d")
        assert neighbours.carry_out_due() == 1 and neighbours.carry_out_due() == 0
        assert bank.has("Idris") == 480
        assert_books_are_right()

    def test_who_may_propose_what(self, bank: Bank) -> None:
        with pytest.raises(Refused, match="give this much yourself"):
            self.propose(bank, 300)
        with pytest.raises(NotYours):
            neighbours.propose("mossgate", bank.cards["Idris"], 480, "Please", bank.who("Maya"), once_key="x")
        with pytest.raises(Refused, match="nobody gives to themselves"):
            neighbours.propose("mossgate", bank.cards["Cass"], 480, "Please", bank.who("Cass"), once_key="x")
        with pytest.raises(Refused, match="Write why"):
            neighbours.propose("mossgate", bank.cards["Idris"], 480, "", bank.who("Cass"), once_key="x")
        with pytest.raises(Refused, match="quarters"):
            neighbours.propose("mossgate", bank.cards["Idris"], 481, "Please", bank.who("Cass"), once_key="x")

    def test_who_left_meanwhile_gets_nothing(self, bank: Bank) -> None:
        ref = self.propose(bank)
        leaving.leave(bank.cards["Idris"], leaving.POT, "", bank.who("Idris"))
        for who in the_three(bank, ref)[:2]:
            neighbours.say(ref, 480, "Yes", who)
        assert now(ref).status == "overtaken" and bank.has("Idris") == 0


def test_the_middle_figure() -> None:
    assert neighbours.middle([]) is neighbours.middle([60]) is neighbours.middle([60, 120]) is None
    assert (neighbours.middle([60, 60]), neighbours.middle([0, 180, 60]), neighbours.middle([0, 180, 0])) == (60, 60, 0)


class TestPages:
    def look(self, app: Flask, bank: Bank, name: str) -> Inspector:
        return Inspector(app, 8).sign_in(bank.who(name).id)

    def test_hours_from_the_exchange_to_what_they_say(self, app: Flask, bank: Bank) -> None:
        hours = decided(bank)
        idris = self.look(app, bank, "Idris").get(f"/timebank/exchanges/{hours}")
        assert f"/timebank/exchanges/{hours}/neighbours" in list(idris.links())
        idris.budget = 60
        idris.get(f"/timebank/exchanges/{hours}/neighbours").submit("Ask three neighbours", status=422)
        assert "Write why, in a few words" in idris.text
        idris.submit("Ask three neighbours", words="It took the whole morning")
        idris.follow()
        assert "None of the three has spoken yet" in idris.text
        ref = idris.path.rpartition("/")[2]
        three = the_three(bank, ref)
        for who in three[:2]:
            one = self.look(app, bank, who.name).get("/")
            assert "Your panel is asked what is fair" in one.text
            one.get("/panels/")
            assert f"/timebank/neighbours/{ref}" in list(one.links())
            one.get(f"/timebank/neighbours/{ref}")
            assert "It took the whole morning" in one.text and "Idris helped Maya" in one.text
            one.budget = 80
            one.submit("Say it", status=422, time="5 h", reason="Long")
            assert "from 1 h to 3 h" in one.text and 'value="5 h"' in one.text
            one.submit("Say it", time="2 h", reason="It is a big garden")
            one.budget = 8
            one.follow()
        maya = self.look(app, bank, "Maya").get(f"/timebank/neighbours/{ref}")
        assert "it was 2 h" in maya.text and "It is a big garden" in maya.text
        assert not any(name in maya.text for name in SITTING)
        self.look(app, bank, "Cass").get(f"/timebank/neighbours/{ref}").get(f"/timebank/desk/exchanges/{hours}")
        self.look(app, bank, "Walter").get(f"/timebank/neighbours/{ref}", status=404)
        self.look(app, bank, three[2].name).get("/")

    def test_who_knows_them_says_so(self, app: Flask, bank: Bank) -> None:
        ref = neighbours.ask(decided(bank), "Please", bank.who("Idris"))
        who = the_three(bank, ref)[0]
        one = self.look(app, bank, who.name).get(f"/timebank/neighbours/{ref}")
        one.budget = 60
        one.submit("Yes, ask somebody else")
        one.get(f"/timebank/neighbours/{ref}", status=404)

    def test_more_of_the_pot(self, app: Flask, bank: Bank) -> None:
        cass = self.look(app, bank, "Cass").get(f"/timebank/desk/members/{bank.cards['Idris']}/grant")
        cass.budget = 60
        cass.submit("Give it", status=422, time="8 h", reason="Out of hospital")
        assert "For more, ask three neighbours" in cass.text
        cass.submit("It is more: ask three neighbours", status=422, time="1 h", reason="Out of hospital")
        assert "give this much yourself" in cass.text
        cass.submit("It is more: ask three neighbours", time="8 h", reason="Out of hospital")
        cass.get(f"/timebank/desk/members/{bank.cards['Idris']}/grant")
        [ref] = [link.rpartition("/")[2] for link in cass.links() if link.startswith("/timebank/neighbours/")]
        one = self.look(app, bank, the_three(bank, ref)[0].name).get(f"/timebank/neighbours/{ref}")
        one.budget = 60
        one.submit("Say it", status=422, reason="Yes")
        assert "Say yes or no" in one.text
        one.submit("Say it", yes="no", reason="It is a lot")
        one.follow()
        assert "You said no" in one.text
        idris = self.look(app, bank, "Idris").get("/timebank/")
        assert f"/timebank/neighbours/{ref}" in list(idris.links())
        idris.get(f"/timebank/neighbours/{ref}")
        assert "One of three has spoken" in idris.text


def test_seats_are_private_in_the_models(bank: Bank) -> None:
    ref = neighbours.ask(decided(bank), "Please", bank.who("Idris"))
    neighbours.say(ref, 60, "B", the_three(bank, ref)[0])
    assert [row.reason for row in neighbour_queries.said(now(ref))] == ["B"]
    assert db.session.query(NeighbourSeat).count() == 3
