"""Who may help with a request, and why; and the kind words to who gives without asking, or has time that lies idle."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.db import transaction
from portal.errors import NotYours, Refused
from portal.timebank import conversations, exchange, matching, members, posts
from portal.timebank.weekdays import weekdays_in
from tests.client import _seen
from tests.timebank.bank import Bank, lend, open_bank
from tests.timebank.market import bodies, put_up, the_post, told, write


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


@pytest.fixture
def request_(bank: Bank) -> str:
    return put_up(bank, "Maya", "I need a lift to the clinic", "request", category="lifts")


def helpers(ref: str) -> dict[str, list[str]]:
    return {members.name_of(each.member): each.reasons for each in matching.helpers_for(the_post(ref))}


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("Wednesdays", {2}), ("wed or Thurs mornings", {2, 3}), ("Weekday mornings", {0, 1, 2, 3, 4}), ("weekends", {5, 6}), ("Monday to Friday", {0, 1, 2, 3, 4}), ("Sat-Sun", {5, 6}),
        ("any day", set(range(7))), ("Not Mondays", set()), ("every day except Sunday", set()), ("after school", set()), ("", set()), ("Fri – Mon", {4, 5, 6, 0}), ("Mondays, 9 to 11", {0}),
    ],
)  # fmt: skip
def test_days_of_the_week_in_words(words: str, days: set[int]) -> None:
    assert weekdays_in(words) == days


class TestHelpers:
    def test_an_offer_in_that_kind_with_the_reasons(self, bank: Bank, request_: str) -> None:
        put_up(bank, "Idris", "I can drive you about", category="lifts")
        put_up(bank, "Walter", "A lift into town on Fridays", category="lifts")
        put_up(bank, "Cass", "I can mend bicycles")
        assert helpers(request_) == {
            "Walter": ["Offers: A lift into town on Fridays", "Has not been asked lately"],
            "Idris": ["Offers: I can drive you about", "Lives in Mossgate too", "Has not been asked lately"],
        }
        assert list(helpers(request_)) == ["Walter", "Idris"], "who says the very word comes first"

    def test_who_did_it_before_and_who_would_like_to_give_back(self, bank: Bank, request_: str) -> None:
        bank.settled("Idris", "Cass", 60, kind="lifts")
        bank.settled("Walter", "Cass", 60, kind="lifts")
        bank.settled("Cass", "Idris", 120, kind="garden", day=clock.today() - timedelta(days=1))
        assert helpers(request_) == {
            "Idris": ["Has helped in this way once before", "Lives in Mossgate too", "Has not been asked lately", "Would like to give some time back"]
        }  # fmt: skip
        members.set_member(
            bank.cards["Walter"], area_id=bank.areas["riverside"], seen_outside=True, paused=False, actor=bank.actor("Walter")
        )
        assert list(helpers(request_)) == ["Idris", "Walter"], "now found from outside"

    def test_free_on_the_day(self, bank: Bank) -> None:
        today = clock.today()
        wednesday = today + timedelta(days=(2 - today.weekday()) % 7 + 7)
        ref = put_up(
            bank,
            "Maya",
            "I need a lift to the clinic",
            "request",
            category="lifts",
            until_day=wednesday,
            from_day=wednesday,
        )
        put_up(bank, "Idris", "I can drive you about", category="lifts", from_day=today + timedelta(days=30))
        put_up(
            bank,
            "Cass",
            "I can drive you about",
            category="lifts",
            from_day=today,
            until_day=today + timedelta(days=20),
            when_words="Weekdays",
        )
        put_up(bank, "Olga", "I can drive you about", category="lifts", until_day=today + timedelta(days=21))
        put_up(bank, "Walter", "I can drive you about", category="lifts", when_words="Wednesdays")
        found = helpers(ref)
        assert "Is free then: Weekdays" in found["Cass"] and "Is free in those days" in found["Olga"]
        assert "Is free then: Wednesdays" in found["Walter"], "days of the week count like dates"
        assert not [reason for reason in found["Idris"] if "free" in reason] and list(found)[-1] == "Idris"

    def test_who_is_never_suggested(self, bank: Bank, request_: str) -> None:
        for name in ("Maya", "Idris", "Cass", "Olga", "Walter"):
            put_up(bank, name, "I can drive you about", category="lifts", reach="area" if name == "Walter" else "scheme")
        conversations.invite(request_, bank.cards["Idris"], "Could you?", bank.who("Maya"))
        with transaction():
            members.locked(bank.cards["Olga"]).status = "paused"
        blocked = write(bank, "Cass", put_up(bank, "Maya"))
        assert list(helpers(request_)) == ["Cass"]
        conversations.close(blocked, bank.who("Cass"), block=True)
        assert helpers(request_) == {}

    def test_who_was_asked_by_others_comes_later(self, bank: Bank, request_: str) -> None:
        for name in ("Idris", "Cass"):
            put_up(bank, name, "I can drive you about", category="lifts")
        other = put_up(bank, "Walter", "I need a lift on Monday", "request", category="lifts")
        conversations.invite(other, bank.cards["Cass"], "Could you?", bank.who("Walter"))
        found = helpers(request_)
        assert list(found) == ["Idris", "Cass"] and "Has not been asked lately" not in found["Cass"]
        with clock.held_at(clock.now() + timedelta(days=15)):
            assert "Has not been asked lately" in helpers(request_)["Cass"]

    def test_five_at_most_in_five_queries(self, bank: Bank, request_: str) -> None:
        for number in range(9):
            bank.join(f"Driver{number}")
            put_up(bank, f"Driver{number}", "I can drive you about", category="lifts")
        post = the_post(request_)
        _seen.clear()
        assert len(matching.helpers_for(post)) == 5
        assert len([one for one in _seen if one.startswith(("SELECT", "WITH"))]) <= 5


class TestInviting:
    def test_one_tap_passes_the_request_on_once(self, bank: Bank, request_: str) -> None:
        first = conversations.invite(request_, bank.cards["Idris"], "Could you help with this?", bank.who("Maya"))
        assert conversations.invite(request_, bank.cards["Idris"], "Could you help with this?", bank.who("Maya")) == first
        assert told("Idris") == ["Maya writes: “I need a lift to the clinic”"]
        with pytest.raises(NotYours):
            conversations.invite(request_, bank.cards["Walter"], "Me too", bank.who("Idris"))

    def test_a_coordinator_invites_for_them(self, bank: Bank, request_: str) -> None:
        with pytest.raises(Refused, match="how you know"):
            conversations.invite(request_, bank.cards["Idris"], "Could you?", bank.who("Cass"))
        ref = conversations.invite(request_, bank.cards["Idris"], "Could you?", bank.who("Cass"), basis="telephone")
        conversations.say(ref, "With pleasure", bank.who("Idris"), once_key=uuid.uuid4().hex)
        assert told("Maya") == ["Idris writes: “I need a lift to the clinic”"]

    def test_no_invitation_to_what_is_in_no_list(self, bank: Bank, request_: str) -> None:
        posts.pause(request_, bank.who("Maya"))
        with pytest.raises(Refused, match="Put it up again"):
            conversations.invite(request_, bank.cards["Idris"], "Could you?", bank.who("Maya"))


class TestNudges:
    def test_who_only_gives_hears_it_once_in_ninety_days(self, bank: Bank) -> None:
        lend(bank, "Maya", 21 * 60)
        lend(bank, "Idris", 20 * 60)
        start = clock.now()
        for days, count in ((0, 1), (1, 0), (89, 0), (91, 1), (92, 0)):
            with clock.held_at(start + timedelta(days=days)):
                assert (matching.nudge(), matching.nudge()) == (count, 0), days
        assert told("Maya") == ["You have given so much. What would help you?"] * 2 and told("Idris") == []
        assert "You have 21 h" in bodies("Maya")[0].replace("you have", "You have")

    def test_who_has_plenty_and_used_none_for_long(self, bank: Bank) -> None:
        start = clock.now()
        with clock.held_at(start - timedelta(days=200)):
            for name in ("Maya", "Idris", "Walter"):
                bank.settled("Cass", name, 60)
        bank.settled("Cass", "Walter", 60)
        for name, hours in (("Maya", 42), ("Idris", 30), ("Walter", 60)):
            lend(bank, name, hours * 60)
        assert (matching.nudge(), matching.nudge()) == (1, 0)
        assert told("Maya")[-1] == "You have 41 h to use"
        assert not [subject for name in ("Idris", "Walter") for subject in told(name) if "to use" in subject or "so much" in subject]

    def test_no_nudge_to_who_takes_a_break_nor_to_a_group(self, bank: Bank) -> None:
        bank.group("Gardeners", "Idris")
        for name in ("Maya", "Gardeners"):
            lend(bank, name, 100 * 60)
        members.set_member(bank.cards["Maya"], area_id=bank.areas["mossgate"], seen_outside=False, paused=True, actor=bank.actor("Maya"))
        assert matching.nudge() == 0

    def test_hours_that_wait_for_a_yes_are_none_received(self, bank: Bank) -> None:
        lend(bank, "Maya", 30 * 60)
        ref = bank.log("Idris", "gave", "Maya")
        assert matching.nudge() == 1
        exchange.answer(ref, 60, "", bank.who("Maya"), shown=60)
        with clock.held_at(clock.now() + timedelta(days=100)):
            assert matching.nudge() == 0
