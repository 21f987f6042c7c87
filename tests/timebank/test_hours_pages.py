"""The pages of hours, as a member, a visitor, a connector see them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import NotYours, Refused
from portal.history import Actor, events_of
from portal.ledger import queries as books
from portal.money import parse_hours
from portal.outbox import Message
from portal.people.caring import Details
from portal.people.model import Role
from portal.people.queries import person
from portal.timebank import caring, exchange, members
from portal.web.filters import day as day_words
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank

BUDGET = 8
AN_ACT = 40  # an act reads what it judges by, writes the fact, the books, two receipts


class Phone(Inspector):
    """A page has its budget; an act may take more."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app, BUDGET)

    def post(self, path: str, data: Mapping[str, Any], status: int = 303) -> "Phone":
        self.budget = AN_ACT
        super().post(path, data, status)
        self.budget = BUDGET
        return self


Browser = Callable[..., Phone]


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


@pytest.fixture
def at(app: Flask, bank: Bank) -> Browser:
    def browser(name: str = "") -> Phone:
        them = Phone(app)
        if name:
            them.sign_in(bank.who(name).id)
        return them

    return browser


def test_three_taps_from_home_to_logged(bank: Bank, at: Browser) -> None:
    bank.settled("Idris", "Maya", day=clock.today().replace(day=1))
    idris = at("Idris").get("/")
    assert "Your time: 1 h" in idris.text
    idris.get("/timebank/log/gave")  # one
    assert f"/timebank/log/gave/{bank.cards['Maya']}" in list(idris.links())
    idris.get(f"/timebank/log/gave/{bank.cards['Maya']}")  # two
    idris.submit("1 h 15 min")  # three
    idris.follow()
    assert "Written down" in idris.text and "Your balance: 1 h. With this: 2 h 15 min." in idris.text
    maya = at("Maya").get("/")
    assert "One neighbour asks: is it right?" in maya.text
    maya.get("/timebank/").submit("Yes, 1 h 15 min Idris helped you")
    maya.follow()
    assert bank.has("Idris") == 135
    assert_books_are_right()


def test_joining_asks_for_a_place_and_a_yes(app: Flask, bank: Bank, at: Browser) -> None:
    from portal.db import transaction
    from portal.people.actions import create_person

    with transaction():
        new = create_person("Nia", email="nia@example.org").id
    nia = Phone(app).sign_in(new)
    nia.get("/timebank/")
    assert "Join the timebank" in nia.text
    nia.get(f"/timebank/to/{bank.cards['Maya']}", status=303).follow()
    nia.submit("Join", status=422)
    assert "Choose where you live" in nia.text and "Say yes to this first" in nia.text
    nia.submit("Join", area="riverside", agreed="y")
    nia.follow()
    assert "You and Maya" in nia.text, "where the card led them"
    nia.get("/timebank/")
    assert "Nothing in the books yet" in nia.text
    nia.get("/timebank/join", status=303)


def test_who_is_searched_and_not_found(bank: Bank, at: Browser) -> None:
    idris = at("Idris").get("/timebank/log/gave")
    idris.get("/timebank/log/gave?q=may")
    assert "Maya" in idris.text
    idris.get("/timebank/log/gave?q=walter")
    assert "Nobody found called “walter”" in idris.text
    idris.get(f"/timebank/log/gave?q={bank.cards['Walter']}")
    assert "Walter" in idris.text and "Riverside" in idris.text
    name, card = next((name, card) for name, card in bank.cards.items() if name != "Idris" and re.search(r"\d", card))
    idris.get(f"/timebank/log/gave?q={card[4:].lower()}")
    assert f"<strong>{name}</strong>" in idris.text, "the first letters of a number may be left out"
    idris.get(f"/timebank/to/{bank.cards['Walter']}")
    assert "You and Walter" in idris.text
    idris.get(f"/timebank/to/{bank.cards['Idris']}", status=303)
    idris.get("/timebank/to/MEM-2222-2222", status=404)


def test_what_is_typed_is_kept_when_it_cannot_be(bank: Bank, at: Browser) -> None:
    idris = at("Idris").get(f"/timebank/log/gave/{bank.cards['Maya']}")
    idris.submit("Write it down", status=422)
    assert "Choose what kind of help it was" in idris.text and "Say how long it was" in idris.text
    idris.submit("Write it down", status=422, kind="garden", time="ten past", note="The hedge")
    assert 'value="ten past"' in idris.text and 'value="The hedge"' in idris.text and "Write the time in hours" in idris.text
    idris.submit("Write it down", status=422, kind="garden", time="7 min", note="The hedge")
    assert "quarters of an hour" in idris.text
    idris.submit("Write it down", status=422, kind="garden", time="", note="The hedge")
    assert "Say how long it was" in idris.text
    idris.submit("Write it down", status=422, kind="garden", time="1 h", day_day="31", day_month="2")
    assert "There is no such date" in idris.text
    today = clock.today()
    idris.submit("Write it down", kind="garden", time="1.25", note="The hedge", day_day=str(today.day), day_month=str(today.month))
    idris.follow()
    assert "1 h 15 min" in idris.text


def test_a_first_meeting_takes_one_tap_more_for_its_kind(bank: Bank, at: Browser) -> None:
    idris = at("Idris").get("/timebank/log/gave")
    assert "Nobody is in this list yet" in idris.text
    idris.get(f"/timebank/log/gave/{bank.cards['Maya']}").submit("1 h 15 min", status=422)
    assert "1 h 15 min: now tap what it was." in idris.text and "Choose what kind of help it was" in idris.text
    idris.submit("Garden").follow()
    assert "You helped Maya: 1 h 15 min" in " ".join(idris.text.replace("<strong>", "").replace("</strong>", "").split())


def test_the_same_hour_in_other_words_says_which_words_stay(bank: Bank, at: Browser) -> None:
    bank.log("Idris", "gave", "Maya", 60)
    maya = at("Maya").get(f"/timebank/log/received/{bank.cards['Idris']}")
    maya.submit("1 h", status=409, kind="pets", note="Fed the cat")
    assert "it stays under “Garden”" in maya.text and "“Fed the cat”, is kept only if this is another one" in maya.text


def test_the_same_hour_from_both_sides_is_one(bank: Bank, at: Browser) -> None:
    ref = bank.log("Idris", "gave", "Maya", 60)
    maya = at("Maya").get(f"/timebank/log/received/{bank.cards['Idris']}")
    maya.submit("1 h", status=409, kind="garden")
    assert "Idris wrote down 1 h for that day already" in maya.text
    maya.submit("Yes, the same: it was 1 h")
    assert maya.location.startswith(f"/timebank/exchanges/{ref}")
    assert bank.has("Idris") == 60
    maya.get(f"/timebank/log/received/{bank.cards['Idris']}").submit("1 h", status=409, kind="garden")
    maya.submit("No, this is another 1 h")
    assert maya.location.startswith("/timebank/exchanges/EXC-")


def test_the_other_side_by_link(bank: Bank, at: Browser) -> None:
    ref = bank.log("Idris", "gave", "Maya", 120)
    token = exchange.token_of(bank.entry(ref))
    nobody = at().get(f"/t/{token}")
    assert "Idris helped you" in nobody.text and nobody.status == 200
    nobody.submit("It was this long", status=422, time="half")
    assert 'value="half"' in nobody.text
    nobody.submit("It was this long", time="1 h 45 min")
    nobody.follow()
    assert "in the books" in nobody.text and bank.has("Idris") == 105
    at("Idris").get(f"/t/{token}")
    nobody.get(f"/t/{ref}-000000000000", status=404)


def test_who_wrote_it_down_cannot_use_the_link(bank: Bank, at: Browser) -> None:
    token = exchange.token_of(bank.entry(bank.log("Idris", "gave", "Maya", 120)))
    idris = at("Idris").get(f"/t/{token}")
    assert "You wrote this down yourself" in idris.text and "Yes, 2 h" not in idris.text


def test_no_and_agreeing(bank: Bank, at: Browser) -> None:
    ref = bank.log("Idris", "gave", "Maya", 180)
    at("Maya").get(f"/timebank/exchanges/{ref}").submit("It was this long", time="1 h")
    idris = at("Idris").get(f"/timebank/exchanges/{ref}")
    assert "Maya says it was 1 h" in idris.text
    idris.submit("Yes, 1 h")
    assert bank.has("Idris") == 60
    other = bank.log("Idris", "gave", "Maya", 45)
    maya = at("Maya").get(f"/timebank/exchanges/{other}").submit("No, it was not so", words="Another day")
    maya.follow()
    assert "A coordinator looks at it" in maya.text
    idris.get(f"/timebank/exchanges/{other}").submit("Yes, take it back")
    assert bank.entry(other).status == "withdrawn"


def test_digits_read_out(bank: Bank, at: Browser) -> None:
    ref = bank.log("Idris", "gave", "Maya", 60)
    idris = at("Idris").get(f"/timebank/exchanges/{ref}")
    code = exchange.code_of(bank.entry(ref))
    assert code not in idris.text
    idris.submit("It is agreed", status=422, code="12")
    assert "Write the six digits" in idris.text
    idris.submit("It is agreed", code=code)
    assert bank.has("Idris") == 60


def test_the_statement_pages_and_something_wrong(bank: Bank, at: Browser) -> None:
    ref = ""
    for _each in range(27):
        ref = bank.settled("Idris", "Maya", 15)
    idris = at("Idris").get("/timebank/statement")
    assert "6 h 45 min" in idris.text and idris.text.count("You helped Maya</span>") == 25
    older = [link for link in idris.links() if "before=" in link]
    idris.get(older[0])
    assert idris.text.count("You helped Maya</span>") == 2
    idris.get(f"/timebank/exchanges/{ref}").submit("Tell a coordinator", status=422, words="")
    idris.submit("Tell a coordinator", words="It was half an hour")
    cass = at("Cass").get("/timebank/desk/")
    assert "Somebody says that hours are wrong" in cass.text
    cass.get(f"/timebank/desk/exchanges/{ref}").submit("Decide", status=422, time="30 min", reason="")
    cass.submit("Decide", time="30 min", reason="Both agree")
    assert bank.has("Idris") == 27 * 15 + 15
    cass.follow()
    assert "Both agree" in cass.text
    assert_books_are_right()


def test_a_stranger_finds_nothing(bank: Bank, at: Browser) -> None:
    ref = bank.log("Idris", "gave", "Maya", 60)
    walter = at("Walter")
    walter.get(f"/timebank/exchanges/{ref}", status=404)
    walter.get("/timebank/desk/", status=404)
    walter.get(f"/timebank/log/gave?as={bank.cards['Maya']}", status=404)
    at().get("/timebank/statement", status=303)


def test_a_connector_types_for_somebody(bank: Bank, at: Browser) -> None:
    bank.join("Nell", email=None)
    cass = at("Cass").get("/timebank/desk/?q=nell")
    cass.get(f"/timebank/desk/members/{bank.cards['Nell']}")
    cass.get(f"/timebank/log/gave?as={bank.cards['Nell']}")
    assert "You are typing for Nell." in cass.text
    cass.get(f"/timebank/log/gave/{bank.cards['Maya']}?as={bank.cards['Nell']}")
    cass.submit("2 h", status=422, kind="garden")
    assert "how you know" in cass.text
    cass.submit("2 h", kind="garden", basis="paper sheet", sheet="41")
    cass.follow()
    assert "You are typing for Nell." in cass.text
    ref = cass.path.rpartition("/")[2].split("?")[0]
    assert bank.entry(ref).basis == "paper sheet 41"
    at("Maya").get(f"/timebank/exchanges/{ref}").submit("Yes, 2 h")
    assert bank.has("Nell") == 120
    other = bank.log("Maya", "gave", "Nell", 30)
    olga = at("Olga").get(f"/timebank/exchanges/{other}?as={bank.cards['Nell']}").submit("Yes, 30 min", basis="telephone")
    assert olga.status == 303 and bank.has("Nell") == 90


def test_a_group_gives_and_receives(bank: Bank, at: Browser) -> None:
    bank.group("Mossgate Gardeners", "Idris", "Maya")
    idris = at("Idris").get("/timebank/")
    assert "Time of Mossgate Gardeners" in idris.text
    idris.get(f"/timebank/?as={bank.cards['Mossgate Gardeners']}")
    idris.get(f"/timebank/log/gave/{bank.cards['Walter']}?as={bank.cards['Mossgate Gardeners']}").submit("3 h", kind="garden")
    idris.follow()
    assert "You act for Mossgate Gardeners." in idris.text
    ref = idris.path.rpartition("/")[2].split("?")[0]
    at("Walter").get(f"/timebank/exchanges/{ref}").submit("Yes, 3 h")
    assert bank.has("Mossgate Gardeners") == 180


def test_no_form_that_always_refuses(bank: Bank, at: Browser) -> None:
    """A coordinator in a dispute of their own, with hours that they typed, at their own limit and pot."""
    bank.join("Gwen", "mossgate", "connector")
    own = bank.log("Idris", "gave", "Cass", 60)
    cass = at("Cass").get(f"/timebank/desk/exchanges/{own}")
    assert (
        "A colleague decides this" in cass.text
        and "Answer for Cass" not in cass.text
        and '<h2 class="govuk-heading-m">Decide' not in cass.text
    )
    gwen = at("Gwen").get(f"/timebank/desk/exchanges/{own}")
    assert "A colleague decides this" not in gwen.text and "Answer for Cass" in gwen.text
    typed = bank.log("Walter", "gave", "Idris", 60, actor=Actor(bank.who("Cass").id, None, "paper sheet"))
    assert "A colleague decides this" in cass.get(f"/timebank/desk/exchanges/{typed}").text and "Answer for Idris" not in cass.text
    mine = cass.get(f"/timebank/desk/members/{bank.cards['Cass']}").text
    assert "A colleague sets your own limit" in mine and '/grant"' not in mine
    assert "Ask a colleague" in cass.get(f"/timebank/desk/members/{bank.cards['Cass']}/grant").text and "Give it" not in cass.text


def test_the_floor_of_one_member_and_the_rules(bank: Bank, at: Browser) -> None:
    cass = at("Cass").get(f"/timebank/desk/members/{bank.cards['Maya']}")
    cass.submit("Save", status=422, hours="30", reason="")
    cass.submit("Save", hours="30", reason="Out of hospital")
    cass.follow()
    assert "-30 h" in cass.text and "Out of hospital" in cass.text
    cass.get("/timebank/desk/rules", status=404)
    olga = at("Olga").get("/timebank/desk/rules")
    olga.submit("Save", status=422, soft_floor="30", hard_floor="20")
    assert "The friendly word comes first" in olga.text
    olga.submit("Save", soft_floor="5", hard_floor="15", settle_days="7", starting_credit="")
    rules = members.rules()
    assert rules is not None and (rules.hard_floor, rules.soft_floor, rules.settle_days, rules.reminder_days) == (-900, -300, 7, (2, 5))


def test_before_it_is_open(app: Flask) -> None:
    from tests.grants.season import begin

    season = begin()
    rita = Phone(app).sign_in(season.who("Rita").id).get("/timebank/")
    assert "not open yet" in rita.text
    rita.get("/timebank/join", status=409)
    olga = Phone(app).sign_in(season.who("Olga").id).get("/timebank/").get("/timebank/desk/rules")
    olga.submit("Open the timebank")
    assert members.rules() is not None
    rita.get("/timebank/join")


def test_as_low_as_it_goes(bank: Bank, at: Browser) -> None:
    for days in (0, 1):
        bank.settled("Idris", "Maya", 600, day=clock.today() - timedelta(days=days))
    maya = at("Maya").get("/timebank/")
    assert "as far as it goes: give some time first" in maya.text
    lend(bank, "Maya", 15)
    assert "and that is fine" in maya.get("/timebank/statement").text


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("1½", 90), ("½", 30), ("1 1/2", 90), ("half an hour", 30), ("Two and a half hours", 150), ("an hour and a quarter", 75), ("three quarters of an hour", 45), ("one hour", 60), ("0.125", 8), ("0.25", 15), ("1 h 15 min", 75), ("1:30", 90)],
)  # fmt: skip
def test_hours_as_people_write_them(typed: str, minutes: int) -> None:
    assert parse_hours(typed) == minutes


@pytest.mark.parametrize("typed", ["", "-1", "ten past", "1/3", "11/2", "hour", "half", "1.5.2"])
def test_what_are_no_hours(typed: str) -> None:
    with pytest.raises(ValueError, match="in hours"):
        parse_hours(typed)


def test_my_card(bank: Bank, at: Browser) -> None:
    idris = at("Idris").get("/timebank/card")
    assert bank.cards["Idris"] in idris.text and "<svg" in idris.text
    idris.get("/timebank/me").submit("Save", seen_outside="y", paused="y")
    idris.follow()
    assert "You are taking a break" in idris.text
    idris.get("/timebank/log/gave")
    assert "Hours from before it can be written down" in idris.text
    assert "cannot go into the list yet" in idris.get("/timebank/posts/new").text


def test_an_address_that_names_another_does_nothing_for_me(bank: Bank, at: Browser) -> None:
    """An old tab of somebody who no longer acts for a group: not the group's page, and not their own in its place."""
    friends = bank.group("Friends", "Idris")
    bank.settled("Maya", "Idris", 60)
    maya = at("Maya")
    for page in ("", "me", "card", "statement", "statement.csv", "give", "leave"):
        for card in (friends, bank.cards["Walter"], "nonsense"):
            maya.get(f"/timebank/{page}?as={card}", status=404)
    maya.get("/timebank/leave")
    Inspector.post(maya, f"/timebank/leave?as={friends}", maya._values(maya._form(None, "/timebank/leave")), 404)
    assert bank.has("Maya") == 60 and bank.member("Maya").status == "active"


def test_yes_back_and_yes_again(bank: Bank, at: Browser) -> None:
    """In the message's page and in the signed-in one; and what changed meanwhile is said on the page as it stands now."""
    ref = bank.log("Maya", "gave", "Idris", 60)
    visitor = at()
    path = f"/t/{exchange.token_of(bank.entry(ref))}"
    visitor.get(path)
    form = visitor._values(visitor._form("Yes, 1 h", None)) | {"minutes": "60"}
    visitor.post(path, form).follow()
    visitor.post(path, form).follow()
    assert "did not go through" not in visitor.text and bank.has("Maya") == 60
    visitor.post(path, form | {"minutes": "30"}).follow()
    assert "in the books already" in visitor.text


def test_a_lost_card(bank: Bank, at: Browser) -> None:
    maya, before = at("Maya"), bank.member("Maya").digits
    maya.get("/timebank/card")
    assert before in maya.text and before not in at("Idris").get(f"/timebank/to/{bank.cards['Maya']}").text
    for _time in range(9):  # four new digits may by chance be the old ones
        maya.get("/timebank/card").submit("Change the four digits").follow()
        if (now := bank.member("Maya").digits) != before:
            break
    assert now != before and now in maya.text
    changed = [event.kind for event in events_of(members.about(bank.member("Maya")))].count("digits_changed")
    at("Cass").get(f"/timebank/desk/members/{bank.cards['Maya']}").submit("Change the four digits").follow()
    assert [event.kind for event in events_of(members.about(bank.member("Maya")))].count("digits_changed") == changed + 1
    maya.post(f"/timebank/desk/members/{bank.cards['Idris']}/digits", maya._values(maya._form("Change the four digits", None)), status=404)


def test_the_pages_of_a_group_and_of_a_person_are_apart(bank: Bank, at: Browser) -> None:
    lido = bank.group("Lido", "Idris", "Maya")
    bank.log("Idris", "gave", "Walter", 30)
    bank.log("Walter", "gave", "Lido", 60)
    own = bank.log("Lido", "gave", "Idris", 45, actor=bank.actor("Idris"))
    friends = bank.group("Friends", "Idris", "Maya")
    to_friends = bank.log("Lido", "gave", "Friends", 75, actor=bank.actor("Idris"))
    idris = at("Idris").get("/")
    assert "One neighbour asks: is it right?" in idris.text, "Walter asks the Lido; what he wrote himself he cannot answer"
    idris.get("/timebank/")
    assert "You helped Walter" in idris.text and "Lido helped you" in idris.text and "Yes, 45 min" not in idris.text
    assert "helped us" not in idris.text and "We helped" not in idris.text
    assert f"/timebank/?as={lido}" in list(idris.links()) and "One neighbour asks: is it right?" in idris.text
    idris.get(f"/timebank/?as={lido}")
    assert "Yes, 1 h" in idris.text and "We helped Idris" in idris.text and "You helped Walter" not in idris.text
    idris.get(f"/timebank/?as={friends}")
    assert "Lido helped us" in idris.text and "Yes, 1 h 15 min" not in idris.text
    idris.get(f"/timebank/exchanges/{to_friends}?as={friends}")
    assert "somebody else who acts for Friends" in idris.text and "Yes, 1 h 15 min" not in idris.text
    idris.get(f"/timebank/exchanges/{own}?as={lido}")
    assert "Whoever wrote this down speaks for Idris too" in idris.text and "no telephone" not in idris.text
    idris.get(f"/timebank/exchanges/{own}?as={bank.cards['Idris']}").submit("Take it back")
    maya = at("Maya").get(f"/timebank/?as={friends}")
    maya.submit("Yes, 1 h 15 min Lido helped us")
    assert bank.has("Lido") == 75


def test_a_number_or_link_that_leads_nowhere_says_what_to_do(bank: Bank, at: Browser) -> None:
    idris = at("Idris").get("/timebank/log/gave/MEM-0000-0000", status=404)
    assert "Check the number on the card." in idris.text and "may be old or mistyped" not in idris.text
    ref = bank.log("Idris", "gave", "Maya", 60)
    nobody = at().get(f"/t/{ref}-000000000000", status=404)
    assert "Copy the whole link from the message." in nobody.text
    idris.get(f"/timebank/exchanges/{ref}").submit("Take it back")
    nobody.get(f"/t/{exchange.token_of(bank.entry(ref))}")
    assert "Whoever wrote this down has taken it back." in nobody.text and "Yes, 1 h" not in nobody.text
    nobody.get("/nowhere", status=404)
    assert "may be old or mistyped" in nobody.text


def test_what_waits_says_when_it_was_what_kind_and_what_for(bank: Bank, at: Browser) -> None:
    idris = at("Idris").get(f"/timebank/log/gave/{bank.cards['Maya']}")
    idris.submit("30 min", kind="garden", note="The hedge")
    idris.follow()
    assert day_words(clock.today()) in idris.text and "Garden" in idris.text and "The hedge" in idris.text


def test_a_mistaken_answer_is_shown_and_can_be_put_right(bank: Bank, at: Browser) -> None:
    ref = bank.log("Idris", "gave", "Maya", 60)
    nobody = at().get(f"/t/{exchange.token_of(bank.entry(ref))}")
    nobody.submit("It was this long", status=422, time="0")
    assert "say no there" in nobody.text and bank.entry(ref).status == "logged"
    nobody.submit("No, it was not so", words="I was away").follow()
    assert "You said that it was not so" in nobody.text and "I was away" in nobody.text
    maya = at("Maya").get(f"/timebank/exchanges/{ref}")
    assert "You said that it was not so" in maya.text
    maya.submit("It was this long", time="15 min").follow()
    assert "You said it was 15 min" in maya.text
    assert "Maya says it was 15 min" in at("Idris").get(f"/timebank/exchanges/{ref}").text
    nobody.get(nobody.path).submit("Yes, 1 h")
    assert bank.has("Idris") == 60
    nobody.follow()
    assert "tapped the wrong thing" not in nobody.text
    assert_books_are_right()


def test_both_read_why_a_coordinator_decided(bank: Bank, at: Browser) -> None:
    ref = bank.settled("Idris", "Maya")
    exchange.put_right(ref, 0, "Nobody was there", bank.who("Cass"))
    for name in ("Idris", "Maya"):
        assert "Nobody was there" in at(name).get(f"/timebank/exchanges/{ref}").text


def test_what_keeps_from_leaving_is_on_the_page(bank: Bank, at: Browser) -> None:
    ref = bank.log("Idris", "gave", "Maya")
    idris = at("Idris").get("/timebank/leave")
    assert "First settle these hours" in idris.text and f"/timebank/exchanges/{ref}?as={bank.cards['Idris']}" in list(idris.links())
    idris.submit("Leave the timebank", status=422)
    assert "Take them back first" in idris.text


class TestWhoCannotDoItOnAPhone:
    """A coordinator looks after them: reach, details, a break, leaving; only where they help."""

    @pytest.fixture
    def ada(self, bank: Bank) -> str:
        bank.join("Ada", email=None, phone="+441632960001", postal="2 Quay Street\nMossgate")
        return bank.cards["Ada"]

    @pytest.fixture
    def cass(self, bank: Bank, at: Browser) -> Phone:
        """Trusted in Mossgate alone."""
        with transaction():
            db.session.scalars(select(Role).where(Role.person_id == bank.who("Cass").id)).one().area_id = bank.areas["mossgate"]
        return at("Cass")

    def test_how_to_reach_them_stands_where_a_call_helps(self, bank: Bank, ada: str, cass: Phone) -> None:
        bank.settled("Idris", "Ada", 60)
        cass.get(f"/timebank/desk/members/{ada}")
        assert "Idris helped Ada" in cass.text and "helped you" not in cass.text, "the coordinator is not Ada"
        assert "01632 960001" in cass.text and "2 Quay Street, Mossgate" in cass.text and 'href="tel:+441632960001"' in cass.text
        ref = bank.log("Walter", "gave", "Ada")
        cass.get(f"/timebank/desk/exchanges/{ref}")
        assert "01632 960001" in cass.text
        assert "walter@example.org" not in cass.text and "where a colleague helps" in cass.text
        cass.get(f"/timebank/desk/members/{bank.cards['Walter']}/details", status=404)

    @pytest.mark.parametrize(
        "typed", ["01632 960001", "+441632960001", "960001", "quay street", "2 Quay", "CARD", "Ada", "ada@example.org"]
    )
    def test_they_are_found_however_they_say_who_they_are(self, bank: Bank, ada: str, cass: Phone, typed: str) -> None:
        with transaction():
            person(bank.who("Ada").id).email = "ada@example.org"
        typed = ada.split("-")[1].lower() if typed == "CARD" else typed
        assert f"/timebank/desk/members/{ada}" in list(cass.get(f"/timebank/desk/?q={quote(typed)}").links())
        assert ada not in [each.ref for each in members.search("Quay", bank.member("Maya"))], "neighbours find nobody by their street"

    @pytest.mark.parametrize("typed", ["%", "_", "@", "0", "07700", "walter@example.org", "'; --", "\\"])
    def test_what_is_nobodys_finds_nobody(self, bank: Bank, ada: str, cass: Phone, typed: str) -> None:
        assert "Nobody found" in cass.get(f"/timebank/desk/?q={quote(typed)}").text

    def test_details_are_changed_for_them(self, bank: Bank, ada: str, cass: Phone) -> None:
        cass.get(f"/timebank/desk/members/{ada}/details")
        cass.submit(
            "Save", phone="01632 960002", area="riverside", large_print="y", basis="telephone", reason="She moved in with her son"
        ).follow()
        member = bank.member("Ada")
        assert member.person is not None
        assert (member.person.phone, member.area.code, member.person.large_print) == ("+441632960002", "riverside", True)
        assert member.person.area_id == member.area_id
        event = events_of(members.about(member))[-1]
        assert (event.kind, event.basis, event.reason) == ("details_changed", "telephone", "She moved in with her son")
        cass.get(f"/timebank/desk/members/{ada}", status=404)  # a colleague's from now on

    def test_a_break_begins_and_ends(self, bank: Bank, ada: str, cass: Phone) -> None:
        for button, status in (("Begin the break", "paused"), ("End the break", "active")):
            cass.get(f"/timebank/desk/members/{ada}/break").submit(button, status=422, reason="In hospital")
            cass.submit(button, basis="in person", reason="In hospital").follow()
            assert bank.member("Ada").status == status
        assert [event.kind for event in events_of(members.about(bank.member("Ada")))][-2:] == ["break_begun", "break_ended"]

    def test_who_died_is_closed_and_their_hours_go_to_the_pot(self, bank: Bank, ada: str, cass: Phone) -> None:
        lend(bank, "Ada", 90)
        cass.get(f"/timebank/desk/members/{ada}/leave").submit("Close their membership", status=422, basis="telephone")
        assert "Write why" in cass.text and "They have 1 h 30 min" in cass.text
        id_ = bank.member("Ada").id
        cass.submit("Close their membership", basis="telephone", note="Her daughter rang: Ada has died.").follow()
        assert "Ada is no longer a member" in cass.text
        assert bank.has("Ada") == 0 and books.balance("pot:mossgate") == 90
        event = events_of(f"member:{id_}")[-1]
        assert (event.kind, event.basis, event.on_behalf_id) == ("left", "telephone", bank.who("Ada").id)
        assert db.session.scalar(select(Message).where(Message.subject.contains("no longer a member"))) is None
        cass.get(f"/timebank/desk/members/{bank.cards['Maya']}/leave").submit(
            "Close their membership", basis="in person", note="She moved to Leeds.", tell="y"
        )
        assert db.session.scalar(select(Message).where(Message.subject.contains("no longer a member"))) is not None
        assert_books_are_right()

    def test_nobody_does_it_for_themselves_or_elsewhere(self, bank: Bank, at: Browser, cass: Phone) -> None:
        for page in ("details", "break", "leave"):
            for name in ("Cass", "Walter"):
                cass.get(f"/timebank/desk/members/{bank.cards[name]}/{page}", status=404)
            at("Maya").get(f"/timebank/desk/members/{bank.cards['Idris']}/{page}", status=404)
        who = replace(bank.who("Cass"), roles=frozenset({("connector", bank.areas["mossgate"])}))
        walter = bank.member("Walter")
        assert walter.person is not None
        with pytest.raises(NotYours):
            caring.set_break(walter.ref, True, "why", who, "telephone")
        with pytest.raises(NotYours):
            caring.change_details(walter.ref, Details.of(walter.person), "why", who, "telephone")
        with pytest.raises(Refused, match="your own break"):
            caring.set_break(bank.cards["Cass"], True, "why", who, "telephone")
