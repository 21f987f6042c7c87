"""What needs a coordinator today: the desk and the home page say the same; members gone quiet are asked how they are."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import NotYours, Refused
from portal.front.queries import waiting_at_desk
from portal.outbox import Message
from portal.people.model import Role
from portal.people.queries import person
from portal.timebank import conversations, evidence, exchange, members, quiet, safety, today
from portal.timebank.model import Timebank
from portal.timebank.rules import usual_evidence
from tests.client import Inspector
from tests.timebank.bank import Bank, open_bank
from tests.timebank.market import Pages, propose, put_up, reply, told, write
from tests.timebank.pool import open_pool

LATER = timedelta(days=100)


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def at_home(areas: frozenset[int] | None = None) -> dict[str, int]:
    """What the home page counts, by the page where something is done about it."""
    found = waiting_at_desk(officer=False, finance=False, coordinator=True, helps_in=areas)
    return {line.href: line.number for line in found}


def at_desk(areas: frozenset[int] | None = None) -> dict[str, int]:
    return {heap.what: heap.number for heap in today.waiting(areas, members.rules(), None)}


def named(what: str, areas: frozenset[int] | None = None) -> list[str]:
    return [item.name for heap in today.waiting(areas, members.rules(), None) if heap.what == what for item in heap.items]


def everything_waits(bank: Bank) -> None:
    """One or two of each sort."""
    bank.join("Old Olive", email=None, postal="3 Larch Court")
    bank.log("Idris", "gave", "Old Olive", 60)
    differs = bank.log("Idris", "gave", "Maya", 180)
    exchange.answer(differs, 30, "", bank.who("Maya"), shown=180)
    wrong = bank.settled("Walter", "Maya", 60)
    exchange.something_wrong(wrong, "It was half an hour.", bank.who("Maya"))
    safety.set_level("garden", "home", bank.actor("Olga"))
    talk = write(bank, "Idris", put_up(bank, "Maya", "Who cuts my hedge, please?", "request", category="garden"))
    with pytest.raises(evidence.NotYet):
        propose(bank, "Idris", talk, clock.now() + timedelta(days=3))
    evidence.write_down(
        bank.cards["Idris"], "dbs", clock.today(), clock.today() + timedelta(days=20), bank.who("Cass").id, bank.who("Cass"), once_key="dbs"
    )
    bank.settled("Walter", "Maya", 30, kind="garden")
    reply(bank, "Maya", talk, "Go away.")
    said = conversations.thread(conversations.by_ref(talk))[-1]
    conversations.something_wrong(talk, said.id, "Not kind.", bank.who("Idris"))
    with transaction():
        db.session.get_one(Timebank, 1).rules = {**members.open_rules().dump(), "area_limit": 60}


def test_the_desk_and_the_home_page_agree(bank: Bank, app: Flask) -> None:
    everything_waits(bank)
    for areas in (None, frozenset({bank.areas["mossgate"]}), frozenset({bank.areas["riverside"]})):
        desk, home = at_desk(areas), at_home(areas)
        assert {today.PAGES[what][1]: number for what, number in desk.items()} == home
    assert at_desk() == {"answer": 1, "hours": 1, "wrong": 1, "wanted": 1, "review": 1, "helping": 2, "reports": 1, "limits": 2}
    assert (
        named("answer") == ["Idris helped Old Olive"]
        and named("hours") == ["Idris helped Maya"]
        and set(named("helping")) == {"Idris, help in somebody’s home", "Walter, help in somebody’s home"}
    )
    assert "limits" in at_desk(frozenset({bank.areas["riverside"]})) and "hours" not in at_desk(frozenset({bank.areas["riverside"]}))


def test_whom_to_call_stands_on_the_page_where_it_is_to_be_done(bank: Bank, app: Flask) -> None:
    """And who helps too early: with what, and what is missing."""
    everything_waits(bank)
    with transaction():
        person(bank.who("Idris").id).phone = "+441632960003"
        db.session.scalars(select(Role).where(Role.person_id == bank.who("Cass").id)).one().area_id = bank.areas["mossgate"]
    request = put_up(bank, "Maya", "Somebody for a chat, please", "request", category="company")
    with clock.held_at(clock.now() + timedelta(days=15)):
        put_up(bank, "Idris", "I chat gladly", category="company")
        cass = Inspector(app, 15).sign_in(bank.who("Cass").id)
        for page in (f"/timebank/posts/{request}/helpers", f"/timebank/desk/members/{bank.cards['Idris']}/evidence"):
            assert "01632 960003" in cass.get(page).text, page
        report = next(item.href for heap in today.waiting(None, members.rules(), None) if heap.what == "reports" for item in heap.items)
        cass.get(report)
        assert "01632 960003" in cass.text and f"/timebank/desk/members/{bank.cards['Maya']}" in cass.links()
        cass.get("/timebank/desk/requests")
        assert "maya@example.org" in cass.text
        assert "walter@example.org" not in cass.text
        assert "01632" not in Inspector(app, 15).sign_in(bank.who("Maya").id).get(f"/timebank/posts/{request}/helpers").text
    cass.get("/timebank/desk/evidence?list=helping")
    assert cass.queries <= 8 and "Garden" in cass.text and "Missing: one reference" in cass.text
    cass.get(f"/timebank/desk/members/{bank.cards['Idris']}/evidence")
    assert "They help already with: Garden. Missing: one reference" in cass.text and cass.queries <= 10


def test_all_of_it_on_one_page_within_eight_queries(bank: Bank, app: Flask) -> None:
    everything_waits(bank)
    cass = Pages(app, 8).sign_in(bank.who("Cass").id).get("/timebank/desk/")
    for what in at_desk():
        assert today.heading(what)[0] in cass.text, what
    shown = set(cass.links())
    for heap in today.waiting(None, members.rules(), None):
        for item in heap.items:
            assert item.href.split("#")[0] in shown, item
            cass.get(item.href.split("#")[0])
        cass.get(heap.href)
    cass.get("/timebank/desk/?all=hours")
    assert "Idris helped Maya" in cass.text and "Idris helped Old Olive" not in cass.text
    cass.get("/timebank/desk/?all=nonsense").get("/timebank/desk/?q=Idris")
    Pages(app, 8).sign_in(bank.who("Maya").id).get("/timebank/desk/", status=404)
    Pages(app, 8).sign_in(bank.who("Cass").id).get("/")


def test_nothing_is_said_kindly_and_a_closed_bank_asks_nothing(bank: Bank, app: Flask) -> None:
    cass = Pages(app, 8).sign_in(bank.who("Cass").id).get("/timebank/desk/")
    assert "Nothing needs you today" in cass.text
    assert today.waiting(None, None, None) == [] and dict(today.parts(None, None, None)) == {}


def test_more_than_five_are_counted_and_the_rest_is_one_link_away(bank: Bank, app: Flask) -> None:
    for number in range(7):
        ref = bank.log("Idris", "gave", "Maya", 60, kind="lifts", again=True, day=clock.today() - timedelta(days=number))
        exchange.answer(ref, 15, "", bank.who("Maya"), shown=60)
    heap = next(each for each in today.waiting(None, members.rules(), None) if each.what == "hours")
    assert (heap.number, len(heap.items)) == (7, 5)
    assert len(next(each for each in today.waiting(None, members.rules(), None, "hours") if each.what == "hours").items) == 7
    cass = Pages(app, 8).sign_in(bank.who("Cass").id).get("/timebank/desk/")
    assert "See all of them" in cass.text and "/timebank/desk/?all=hours" in set(cass.links())


def test_deadlines_come_first(bank: Bank) -> None:
    differs = bank.log("Idris", "gave", "Maya", 180)
    exchange.answer(differs, 30, "", bank.who("Maya"), shown=180)
    bank.log("Walter", "gave", "Maya", 30)
    with clock.held_at(clock.now() + timedelta(days=15)):
        heaps = today.waiting(None, members.rules(), None)
        assert heaps[0].what == "answer" and heaps[0].items[0].late and heaps[0].items[0].deadline


def test_offers_for_time_and_bookings_stand_there(app: Flask) -> None:
    pool = open_pool()
    pool.made()
    assert at_desk()["offers"] == 1 and named("offers") == ["A swim in the quiet hours, Blackshots pool"]
    assert at_home()["/timebank/spend/desk"] == 1


class TestQuiet:
    def quiet(self, areas: frozenset[int] | None = None) -> list[tuple[str, int]]:
        return [(members.name_of(each.member), each.days) for each in quiet.quiet(areas)]

    def test_who_was_not_heard_of_for_so_long(self, bank: Bank) -> None:
        assert self.quiet() == []
        with clock.held_at(clock.now() + LATER):
            assert self.quiet() == [(name, 100) for name in ("Olga", "Cass", "Maya", "Idris", "Walter")]
            assert self.quiet(frozenset({bank.areas["riverside"]})) == [("Walter", 100)]
            bank.log("Idris", "gave", "Maya", 60)
            assert [name for name, _days in self.quiet()] == ["Olga", "Cass", "Walter"]
            members.set_member(
                bank.cards["Walter"], area_id=bank.areas["riverside"], seen_outside=False, paused=True, actor=bank.actor("Walter")
            )
            assert [name for name, _days in self.quiet()] == ["Olga", "Cass"], "a break is a break"
            safety.set_rules(usual_evidence(), least_age=18, quiet_days=120, actor=bank.actor("Olga"))
            assert self.quiet() == []
        with clock.held_at(clock.now().replace(hour=12) + LATER + timedelta(days=125)):  # at night it is another day in summer
            assert ("Idris", 125) in self.quiet()

    def test_what_was_taken_back_says_nothing(self, bank: Bank) -> None:
        with clock.held_at(clock.now() + LATER):
            exchange.withdraw(bank.log("Idris", "gave", "Maya", 60), bank.who("Idris"))
            assert {"Idris", "Maya"} <= {name for name, _days in self.quiet()}
            talk = write(bank, "Idris", put_up(bank, "Maya", "Who mends my bicycle?", "request"))
            assert "Idris" in {name for name, _days in self.quiet()}
            propose(bank, "Idris", talk, clock.now() + timedelta(days=3))
            assert not {"Idris", "Maya"} & {name for name, _days in self.quiet()}

    def test_asked_in_a_tap_and_off_the_list_for_a_while(self, bank: Bank) -> None:
        with clock.held_at(clock.now() + LATER):
            for _again in range(2):
                quiet.ask_after(bank.cards["Maya"], "asked", bank.who("Cass"))
            assert told("Maya").count("How are you?") == 1
            quiet.ask_after(bank.cards["Idris"], "rang", bank.who("Cass"))
            assert "How are you?" not in told("Idris")
            assert not {"Idris", "Maya"} & {name for name, _days in self.quiet()}
            with pytest.raises(Refused, match="wrote, rang or visited"):
                quiet.ask_after(bank.cards["Walter"], "shouted", bank.who("Cass"))
            with pytest.raises(Refused, match="That is you"):
                quiet.ask_after(bank.cards["Cass"], "rang", bank.who("Cass"))
            with pytest.raises(NotYours):
                quiet.ask_after(bank.cards["Walter"], "rang", bank.who("Maya"))
        with clock.held_at(clock.now() + LATER + timedelta(days=61)):
            assert {"Idris", "Maya"} <= {name for name, _days in self.quiet()}

    def test_without_e_mail_a_letter_and_without_anything_a_knock(self, bank: Bank, app: Flask) -> None:
        bank.join("Olive Marsh", email=None, postal="3 Larch Court")
        bank.join("Walter Finch", email=None)
        with clock.held_at(clock.now() + LATER):
            cass = Pages(app, 8).sign_in(bank.who("Cass").id).get("/timebank/desk/quiet")
            assert "Send a letter: how are you?" in cass.text and "go and knock" in cass.text
            cass.post(f"/timebank/desk/members/{bank.cards['Olive Marsh']}/ask-after", {"how": "asked", "csrf_token": self.token(cass)})
            assert (
                db.session.scalar(select(Message.channel).where(Message.to_name == "Olive Marsh", Message.subject == "How are you?"))
                == "letter"
            )
            with pytest.raises(Refused, match="Go and knock"):
                quiet.ask_after(bank.cards["Walter Finch"], "asked", bank.who("Cass"))
            cass.get("/timebank/desk/quiet")
            assert "Olive Marsh" not in cass.text
            Pages(app, 8).sign_in(bank.who("Maya").id).get("/timebank/desk/quiet", status=404)

    def token(self, page: Inspector) -> str:
        return page.text.split('name="csrf_token" value="')[1].split('"')[0]

    def test_paged_and_empty(self, bank: Bank, app: Flask) -> None:
        cass = Pages(app, 8).sign_in(bank.who("Cass").id).get("/timebank/desk/quiet")
        assert "Nobody has gone quiet" in cass.text
        for number in range(24):
            bank.join(f"Neighbour {number}", email=None)
        with clock.held_at(clock.now() + LATER):
            cass.sign_in(bank.who("Cass").id).get("/timebank/desk/quiet")
            assert "/timebank/desk/quiet?skip=25" in set(cass.links())
            assert "Neighbour 23" in cass.get("/timebank/desk/quiet?skip=25").text
            cass.get("/timebank/desk/quiet?skip=junk").get("/timebank/desk/quiet?skip=99999999999")
