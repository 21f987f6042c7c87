"""Giving time away, the community pot, leaving; what goes with a person and what stays."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.errors import NotFound, NotYours, Refused
from portal.ledger import queries as books
from portal.money import Minutes
from portal.outbox import Message
from portal.people import actions as people
from portal.people.queries import all_about
from portal.timebank import exchange, leaving, members, neighbours
from portal.timebank.rules import TimeRules
from portal.web.filters import day as day_words
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def give(bank: Bank, name: str, to: str, minutes: int, key: str = "") -> str:
    return leaving.donate(bank.cards[name], bank.cards.get(to, to), minutes, "", bank.who(name), once_key=key or uuid.uuid4().hex)


def grant(bank: Bank, to: str, minutes: int, by: str = "Cass", reason: str = "She cannot earn just now.") -> str:
    return leaving.grant("mossgate", bank.cards[to], minutes, reason, bank.who(by), once_key=uuid.uuid4().hex)


class TestThePotLimit:
    """All coordinators together, for one member, in 90 days: 5 hours; more is for neighbours to say."""

    def full(self, bank: Bank) -> None:
        lend(bank, "Maya", 1200)
        give(bank, "Maya", leaving.POT, 1200)

    def test_one_after_the_other(self, bank: Bank, app: Flask) -> None:
        self.full(bank)
        grant(bank, "Idris", 240)
        with pytest.raises(Refused, match="Idris had 4 h"):
            grant(bank, "Idris", 240)
        with pytest.raises(Refused, match="Idris had 4 h"):
            grant(bank, "Idris", 75, by="Olga")
        grant(bank, "Idris", 60, by="Olga")
        grant(bank, "Walter", 300)
        page = Inspector(app).sign_in(bank.who("Cass").id).get(f"/timebank/desk/members/{bank.cards['Idris']}/grant")
        assert "Idris had 5 h." in page.text
        with clock.held_at(clock.now() + timedelta(days=91)):
            grant(bank, "Idris", 300)
        assert_books_are_right()

    def test_a_little_more_than_the_rest_is_for_neighbours(self, bank: Bank) -> None:
        self.full(bank)
        grant(bank, "Idris", 240)
        with pytest.raises(Refused, match="give this much yourself"):
            neighbours.propose("mossgate", bank.cards["Idris"], 60, "Out of hospital", bank.who("Cass"), once_key="few")
        with pytest.raises(Refused, match="No panel here has three"):
            neighbours.propose("mossgate", bank.cards["Idris"], 75, "Out of hospital", bank.who("Cass"), once_key="more")


class TestHowFarOneMayGo:
    def test_a_cap_and_a_reason(self, bank: Bank) -> None:
        for floor, reason, said in (
            (-99999 * 60, "a", "Write why"),
            (-99999 * 60, "Out of hospital", "Write at most 40 h"),
            (-30 * 60, "a", "Write why"),
        ):
            with pytest.raises(Refused, match=said):
                members.allow_lower(bank.cards["Idris"], Minutes(floor), reason, bank.actor("Cass"))
        members.allow_lower(bank.cards["Idris"], Minutes(-40 * 60), "Out of hospital", bank.actor("Cass"))
        members.allow_lower(bank.cards["Idris"], None, "Well again", bank.actor("Cass"))
        assert (TimeRules(hard_floor=Minutes(-60 * 60)).lowest, TimeRules(hard_floor=Minutes(-60)).lowest) == (-120 * 60, -40 * 60)

    def test_not_ones_own_nor_of_whom_one_acts_for(self, bank: Bank) -> None:
        bank.group("Gardeners", "Cass")
        for whose in ("Cass", "Gardeners"):
            with pytest.raises(Refused, match="Ask a colleague"):
                members.allow_lower(bank.cards[whose], Minutes(-1300), "A hard month", bank.actor("Cass"))


class TestGivingAway:
    def test_to_somebody_here_and_elsewhere_and_to_the_pot(self, bank: Bank) -> None:
        lend(bank, "Idris", 300)
        assert give(bank, "Idris", "Maya", 60) == "Maya"
        assert give(bank, "Idris", "Walter", 60) == "Walter"
        assert give(bank, "Idris", leaving.POT, 60) == "the community pot"
        assert [bank.has(name) for name in ("Idris", "Maya", "Walter")] == [120, 60, 60]
        assert books.balance("pot:mossgate") == 60 and books.balance("area:mossgate:clearing") == 60
        assert_books_are_right()

    def test_only_what_one_has_in_quarters_and_once(self, bank: Bank) -> None:
        lend(bank, "Idris", 60)
        for minutes, said in ((75, "You have 1 h to give away"), (7, "quarters"), (0, "quarters")):
            with pytest.raises(Refused, match=said):
                give(bank, "Idris", "Maya", minutes)
        give(bank, "Idris", "Maya", 60, key="one")
        assert give(bank, "Idris", "Maya", 60, key="one") == "Maya" and bank.has("Idris") == 0
        with pytest.raises(NotYours):
            leaving.donate(bank.cards["Maya"], leaving.POT, 15, "", bank.who("Idris"), once_key="two")
        with pytest.raises(Refused, match="your own number"):
            give(bank, "Maya", "Maya", 15)


class TestThePot:
    def test_a_coordinator_gives_from_it_and_says_why(self, bank: Bank) -> None:
        lend(bank, "Idris", 600)
        give(bank, "Idris", leaving.POT, 400 - 10)
        with pytest.raises(Refused, match="Write why"):
            grant(bank, "Maya", 60, reason="")
        with pytest.raises(Refused, match="ask three neighbours"):
            grant(bank, "Maya", 315)
        with pytest.raises(Refused, match="gives to themselves"):
            grant(bank, "Cass", 60)
        with pytest.raises(NotYours):
            grant(bank, "Maya", 60, by="Walter")
        grant(bank, "Maya", 300)
        grant(bank, "Walter", 60)
        assert (bank.has("Maya"), bank.has("Walter"), books.balance("pot:mossgate")) == (300, 60, 30)
        with pytest.raises(Refused, match="There is 30 min in the pot"):
            grant(bank, "Walter", 45)
        assert_books_are_right()


class TestLeaving:
    def test_what_they_have_goes_where_they_say(self, bank: Bank) -> None:
        bank.settled("Idris", "Maya", 120)
        leaving.leave(bank.cards["Idris"], bank.cards["Walter"], "", bank.who("Idris"))
        assert bank.has("Walter") == 120 and bank.has("Idris") == 0
        with pytest.raises(NotFound):
            bank.log("Maya", "gave", "Idris")
        leaving.leave(bank.cards["Idris"], leaving.POT, "", bank.who("Idris"))  # again changes nothing
        assert members.join(bank.who("Idris").id, bank.areas["riverside"], True, bank.actor("Idris")) == bank.cards["Idris"]
        bank.settled("Idris", "Maya", 30)
        leaving.leave(bank.cards["Idris"], leaving.POT, "", bank.who("Idris"))
        assert books.balance("pot:riverside") == 30
        assert_books_are_right()

    def test_below_zero_the_pot_carries_it_and_the_rest_is_written_off_visibly(self, bank: Bank) -> None:
        bank.settled("Idris", "Maya", 120)
        give(bank, "Idris", leaving.POT, 45)
        leaving.leave(bank.cards["Maya"], leaving.POT, "", bank.who("Maya"))
        assert (bank.has("Maya"), books.balance("pot:mossgate"), books.balance("issue")) == (0, 0, -75)
        assert [line.kind for line in books.statement(f"member:{bank.cards['Maya']}")][:2] == ["write-off", "write-off"]
        assert_books_are_right()

    def test_who_comes_back_finds_what_was_written_off(self, bank: Bank) -> None:
        bank.settled("Idris", "Maya", 120)
        give(bank, "Idris", leaving.POT, 45)
        for times in (1, 2):
            leaving.leave(bank.cards["Maya"], leaving.POT, "", bank.who("Maya"))
            assert (bank.has("Maya"), books.balance("pot:mossgate")) == (0, 0)
            members.join(bank.who("Maya").id, bank.areas["mossgate"], True, bank.actor("Maya"))
            assert (bank.has("Maya"), books.balance("pot:mossgate"), books.balance("issue")) == (-120, 45, 0), times
        assert_books_are_right()

    def test_a_groups_hours_are_not_given_to_oneself(self, bank: Bank) -> None:
        friends = bank.group("Friends", "Idris", "Maya")
        bank.group("Singers", "Idris")
        lend(bank, "Friends", 120)
        for mine in ("Idris", "Singers"):
            with pytest.raises(Refused, match="somebody else of Friends"):
                leaving.donate(friends, bank.cards[mine], 60, "", bank.who("Idris"), once_key=mine)
            with pytest.raises(Refused, match="somebody else of Friends"):
                leaving.leave(friends, bank.cards[mine], "", bank.who("Idris"))
        leaving.donate(friends, bank.cards["Idris"], 60, "Thank you", bank.who("Maya"), once_key="b")
        leaving.leave(friends, leaving.POT, "", bank.who("Idris"))
        assert (bank.has("Idris"), books.balance("pot:mossgate")) == (60, 60)

    def test_who_closes_a_membership_does_not_get_its_hours(self, bank: Bank) -> None:
        lend(bank, "Maya", 120)
        helpers = bank.group("Helpers", "Cass")
        for mine in (bank.cards["Cass"], helpers):
            with pytest.raises(Refused, match="nobody gives to themselves"):
                leaving.leave(bank.cards["Maya"], mine, "She moved away", bank.who("Cass"), basis="telephone")
        leaving.leave(bank.cards["Maya"], bank.cards["Idris"], "She moved away, and said so", bank.who("Cass"), basis="telephone")
        assert bank.has("Idris") == 120

    def test_not_before_everything_is_settled_and_not_by_anybody(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya")
        with pytest.raises(Refused, match=f"asks you whether the hours of {day_words(clock.today())} are right"):
            leaving.leave(bank.cards["Maya"], leaving.POT, "", bank.who("Maya"))
        with pytest.raises(Refused, match="Take them back first"):
            leaving.leave(bank.cards["Idris"], leaving.POT, "", bank.who("Idris"))
        with pytest.raises(Refused, match="Decide about them first"):
            leaving.leave(bank.cards["Idris"], leaving.POT, "Moved away", bank.who("Cass"))
        exchange.withdraw(ref, bank.who("Idris"))
        with pytest.raises(NotYours):
            leaving.leave(bank.cards["Maya"], leaving.POT, "I say so", bank.who("Walter"))
        with pytest.raises(Refused, match="Write why"):
            leaving.leave(bank.cards["Maya"], leaving.POT, "", bank.who("Cass"))
        leaving.leave(bank.cards["Maya"], leaving.POT, "Moved away", bank.who("Cass"))

    def test_what_lies_with_a_coordinator_is_no_dead_end(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya")
        exchange.answer(ref, 0, "", bank.who("Maya"), shown=60)
        for _again in range(2):
            with pytest.raises(Refused, match="We have told them that you wish to leave"):
                leaving.leave(bank.cards["Idris"], leaving.POT, "", bank.who("Idris"))
        told = [each for each in db.session.scalars(select(Message)) if "Idris wishes to leave" in each.subject]
        assert len(told) == 1 and told[0].address == "cass@example.org" and f"/timebank/desk/exchanges/{ref}" in told[0].body
        exchange.decide(ref, 0, "Nobody was there", bank.who("Cass"))
        leaving.leave(bank.cards["Idris"], leaving.POT, "", bank.who("Idris"))
        assert_books_are_right()

    def test_who_deletes_their_account_leaves_first_and_their_words_go(self, bank: Bank, app: Flask) -> None:
        ref = exchange.log(
            bank.cards["Idris"], bank.cards["Maya"], "gave", 60, "garden", clock.today(), "Her mother's roses", bank.actor("Idris"), once_key="x"
        )  # fmt: skip
        exchange.answer(ref, 60, "", bank.who("Maya"), shown=60)
        maya = bank.who("Maya").id
        assert all_about(maya)["time"]["exchanges"][0]["what"] == "Her mother's roses"
        with pytest.raises(Refused, match="member of the timebank"):
            people.delete_me(maya, bank.actor("Maya"))
        leaving.leave(bank.cards["Maya"], leaving.POT, "", bank.who("Maya"))
        people.delete_me(maya, bank.actor("Maya"))
        assert bank.entry(ref).note == "" and bank.has("Idris") == 60
        db.session.rollback()
        idris = Inspector(app, 8).sign_in(bank.who("Idris").id).get("/timebank/statement")
        assert "Maya" not in idris.text
        assert_books_are_right()


def test_the_pages(bank: Bank, app: Flask) -> None:
    lend(bank, "Idris", 120)
    bank.settled("Idris", "Maya", 60)
    idris = Inspector(app, 30).sign_in(bank.who("Idris").id).get("/timebank/")
    idris.get("/timebank/give").submit("Give it", status=422, time="", to="pot")
    idris.submit("Give it", status=422, time="1 h", to="number", number="what")
    assert 'value="what"' in idris.text and "like MEM-7F3K-9QXA" in idris.text
    idris.submit("Give it", time="1 h", to="number", number=bank.cards["Walter"].lower())
    assert bank.has("Walter") == 60
    idris.get("/timebank/leave").submit("Leave the timebank", to="pot")
    assert books.balance("pot:mossgate") == 120
    idris.follow()
    assert "Join the timebank" in idris.text
    cass = Inspector(app, 30).sign_in(bank.who("Cass").id).get(f"/timebank/desk/members/{bank.cards['Maya']}/grant")
    cass.submit("Give it", status=422, time="3 h", reason="A hard month")
    assert "There is 2 h in the pot" in cass.text
    cass.submit("Give it", time="1 h", reason="A hard month")
    assert bank.has("Maya") == 0
