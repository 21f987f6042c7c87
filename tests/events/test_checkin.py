"""Who was there: by the sheet at the door, by hand, from paper; a day that is wrong, an event that was cancelled; and what comes after."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.events import checkin, due, planning, queries
from portal.events.checkin import Here, Tap
from portal.events.model import Guest, WrongFrom
from portal.people.access import Nobody
from portal.people.actions import create_person
from tests.events.fair import MONDAY, ON_SATURDAY, SATURDAY, Fair, open_fair


@pytest.fixture
def fair(app: Flask) -> Iterator[Fair]:
    with clock.held_at(MONDAY):
        yield open_fair()


def test_every_way_counts_once(fair: Fair) -> None:
    ref = fair.opened(friends=2)
    fair.come(ref, "Idris", 3)
    nan = fair.by_name(ref, "Nan Webb")
    event = fair.event(ref)
    token, code = queries.token_of(event), event.code
    with clock.held_at(ON_SATURDAY):
        assert fair.here(ref, "Idris") == fair.here(ref, "Idris") == ref
        checkin.here_by_code(f"{code[:3]} {code[3:]}", Here(), fair.who("Idris"), once_key="1")
        checkin.here_by_code(code, Here(), fair.who("Maya"), once_key="2")  # had not said that she comes
        checkin.here_by_own_link(nan.token)
        checkin.here_by_own_link(nan.token)
        with pytest.raises(Refused, match="is checked in already"):
            checkin.here_by_token(token, Here("nan  WEBB"), Nobody(), once_key="3")
        with pytest.raises(Refused, match="Write your name"):
            checkin.here_by_token(token, Here(), Nobody(), once_key="4")
        checkin.here_by_token(token, Here("Tom Hale"), Nobody(), once_key="5")
        checkin.here_by_token(token, Here("Tom Hale"), Nobody(), once_key="5")
        with pytest.raises(NotFound):
            checkin.here_by_token(f"{ref}-00000000", Here(), fair.who("Walter"), once_key="6")
    assert fair.there(ref) == {"Idris": 3, "Nan Webb": 1, "Maya": 1, "Tom Hale": 1}
    assert {name: row.how for name, row in fair.rows(ref).items()} == {
        "Idris": "phone",
        "Nan Webb": "phone",
        "Maya": "code",
        "Tom Hale": "phone",
    }


def test_a_name_at_the_door_is_the_line_of_that_name(fair: Fair) -> None:
    ref = fair.opened(friends=1)
    fair.by_name(ref, "Nan Webb", party=2)
    token = queries.token_of(fair.event(ref))
    with clock.held_at(ON_SATURDAY):
        checkin.here_by_token(token, Here("Nan Webb", hear=True), Nobody(), once_key="1")
    assert fair.there(ref) == {"Nan Webb": 2} and fair.rows(ref)["Nan Webb"].hear


def test_the_wrong_day_and_wrong_digits(fair: Fair) -> None:
    ref = fair.opened()
    nan = fair.by_name(ref, "Nan Webb")
    code = fair.event(ref).code
    for act in (lambda: fair.here(ref, "Maya"), lambda: checkin.here_by_own_link(nan.token)):
        with pytest.raises(Refused, match="People are checked in on the day"):
            act()
        with clock.held_at(ON_SATURDAY + timedelta(days=1)), pytest.raises(Refused, match="It works on that day only"):
            act()
    with pytest.raises(Refused, match="No event of today"):
        checkin.here_by_code(code, Here(), fair.who("Maya"), once_key="0")
    with clock.held_at(ON_SATURDAY):
        for turn in range(checkin.MOST_WRONG):
            with pytest.raises(Refused, match="No event of today"):
                checkin.here_by_code(f"{(int(code) + 1) % 1_000_000:06d}", Here(), fair.who("Maya"), once_key=f"{turn}")
        with pytest.raises(Refused, match="wrong too often"):
            checkin.here_by_code(code, Here(), fair.who("Maya"), once_key="last")
        assert checkin.here_by_code(code, Here(), fair.who("Idris"), once_key="other") == ref


def test_the_organisers_list(fair: Fair) -> None:
    ref = fair.opened(friends=3)
    fair.come(ref, "Idris", 3)
    row, cass = fair.rows(ref)["Idris"].ref, fair.who("Cass")
    with pytest.raises(Refused, match="on the day"):
        checkin.tap(ref, Tap("here", row), cass, once_key="1")
    with clock.held_at(ON_SATURDAY):
        with pytest.raises(NotYours):
            checkin.tap(ref, Tap("here", row), fair.who("Maya"), once_key="2")
        checkin.tap(ref, Tap("here", row, party=2), cass, once_key="3")
        checkin.tap(ref, Tap("here", row, party=3), cass, once_key="4")  # is here already
        checkin.tap(ref, Tap("new", name="Two strangers", party=2), cass, once_key="5")
        checkin.tap(ref, Tap("new", name="Two strangers", party=2), cass, once_key="5")
        assert fair.there(ref) == {"Idris": 2, "Two strangers": 2}
        checkin.tap(ref, Tap("away", row), cass, once_key="6")
        checkin.tap(ref, Tap("away", fair.rows(ref)["Two strangers"].ref), cass, once_key="7")
        assert fair.there(ref) == {} and fair.states(ref) == {"Idris": "going"}
        for one, sentence in (
            (Tap("new"), "Write their name"),
            (Tap("new", name="Bus", party=50), "from 1 to 10"),
            (Tap("here", row, party=50), "from 1 to 10"),
            (Tap("dance", row), "not there any more"),
        ):
            with pytest.raises(Refused, match=sentence):
                checkin.tap(ref, one, cass, once_key=fair.key())


def test_a_tap_from_an_old_page_still_counts(fair: Fair) -> None:
    ref = fair.opened()
    fair.come(ref, "Idris")
    row, cass = fair.rows(ref)["Idris"].ref, fair.who("Cass")
    with clock.held_at(ON_SATURDAY):
        for act in ("here", "here", "away", "away", "here"):
            checkin.tap(ref, Tap(act, row), cass, once_key="the same page")
        assert fair.there(ref) == {"Idris": 1}
        checkin.tap(ref, Tap("new", name="Tom Hale"), cass, once_key="new")
        tom = fair.rows(ref)["Tom Hale"].ref
        for _tap in range(2):
            checkin.tap(ref, Tap("away", tom), cass, once_key="away")
        with pytest.raises(Refused, match="taken off the list meanwhile"):
            checkin.tap(ref, Tap("here", tom), cass, once_key="back")


def test_who_is_here_with_an_account_is_asked_for_at_the_door(fair: Fair) -> None:
    ref = fair.opened()
    with transaction():
        rosa = create_person("Rosa Delgado", area_id=fair.bank.areas["mossgate"])
        fair.bank.people["Rosa"] = replace(fair.who("Maya"), id=rosa.id, ref=rosa.ref, name=rosa.name)
    code = fair.event(ref).code
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Rosa")
        with pytest.raises(checkin.Unclear, match="Rosa Delgado is here already") as why:
            checkin.here_by_code(code, Here("rosa  delgado"), Nobody(), once_key="1")
        assert why.value.field == "another" and sum(fair.there(ref).values()) == 1
        checkin.here_by_code(code, Here("Rosa Delgado", another=True), Nobody(), once_key="2")
        checkin.here_by_code(code, Here("Rosa"), Nobody(), once_key="3")
    assert len(queries.guests(fair.event(ref))) == 3


def test_codes_are_not_guessed_without_an_account(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkin, "MOST_WRONG_AT", 3)
    ref = fair.opened()
    code = fair.event(ref).code
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    with clock.held_at(ON_SATURDAY):
        for turn in range(3):
            with pytest.raises(Refused, match="No event of today"):
                checkin.here_by_code(wrong, Here("Tom Hale"), Nobody(), once_key=f"{turn}", network="192.0.2.7")
        with pytest.raises(Refused, match="wrong too often"):
            checkin.here_by_code(code, Here("Tom Hale"), Nobody(), once_key="a", network="192.0.2.7")
        assert checkin.here_by_code(code, Here("Tom Hale"), Nobody(), once_key="b", network="192.0.2.8") == ref
    kept = db.session.scalars(select(WrongFrom)).all()
    assert [each.wrong for each in kept] == [3] and "192" not in kept[0].mark


def test_from_paper_afterwards(fair: Fair) -> None:
    ref = fair.opened()
    fair.come(ref, "Idris")
    fair.come(ref, "Maya")
    row, cass = fair.rows(ref)["Idris"].ref, fair.who("Cass")
    with pytest.raises(Refused, match="on the day"):
        checkin.from_paper(ref, "7", [row], [], cass, once_key="0")
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Maya")
    with clock.held_at(ON_SATURDAY + timedelta(days=9)):
        for sheet, ticked, lines, sentence in (
            ("", [row], [], "number of the sheet"),
            ("7", [], [""], "Tick who"),
            ("7", [], ["x"] * 81, "two sheets"),
        ):
            with pytest.raises(Refused, match=sentence):
                checkin.from_paper(ref, sheet, ticked, lines, cass, once_key=sentence)
        typed = checkin.from_paper(ref, "7", [row, "GST-2222-2222"], ["maya", "Old Bill"], cass, once_key="1")
        assert (typed.here, typed.new, typed.again) == (["Idris"], ["Old Bill"], ["Maya"])
        assert checkin.from_paper(ref, "7", [row], ["Old Bill"], cass, once_key="1") == checkin.Typed()
    assert fair.there(ref) == {"Idris": 1, "Maya": 1, "Old Bill": 1} and fair.rows(ref)["Old Bill"].sheet == "7"


def test_cancelled_after_people_were_checked_in(fair: Fair) -> None:
    ref = fair.opened()
    fair.come(ref, "Idris")
    fair.come(ref, "Maya")
    event = fair.event(ref)
    token, code = queries.token_of(event), event.code
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Idris")
        with pytest.raises(Refused, match="the day stays"):
            planning.change(ref, fair.plan(day=SATURDAY + timedelta(days=1)), fair.who("Cass"), shown=1)
        planning.cancel(ref, "A pipe burst.", fair.who("Cass"))
        early, off = sorted(fair.told(ref, "cancelled"), key=lambda each: each.person_id != fair.who("Idris").id)
        assert "You stay counted as there" in early.body and "does not take place" in off.body
        for act in (
            lambda: checkin.here_by_token(token, Here(), fair.who("Maya"), once_key="1"),
            lambda: checkin.here_by_code(code, Here(), fair.who("Maya"), once_key="2"),
            lambda: checkin.tap(ref, Tap("away", fair.rows(ref)["Idris"].ref), fair.who("Cass"), once_key="3"),
            lambda: checkin.from_paper(ref, "1", [], ["Maya"], fair.who("Cass"), once_key="4"),
        ):
            with pytest.raises(Conflict, match="This was cancelled"):
                act()
    assert fair.there(ref) == {"Idris": 1}
    with clock.held_at(ON_SATURDAY + timedelta(days=1)):
        assert due.thank() == 0


def test_reminded_the_day_before_once(fair: Fair) -> None:
    ref = fair.opened(places=1)
    fair.come(ref, "Idris")
    fair.come(ref, "Maya")  # waits
    assert due.remind_tomorrow() == 0
    with clock.held_at(ON_SATURDAY - timedelta(days=1, hours=6)):  # half past four in the morning
        assert (due.remind_tomorrow(), due.remind_tomorrow()) == (1, 0)
        [said] = fair.told(ref, "tomorrow")
        assert said.person_id == fair.who("Idris").id and f"{said.due_at.astimezone(clock.LONDON):%H:%M}" == "09:00"
        planning.change(ref, fair.plan(places=1, day=SATURDAY + timedelta(days=3)), fair.who("Cass"), shown=1)
        assert due.remind_tomorrow() == 0
    with clock.held_at(ON_SATURDAY + timedelta(days=2)):
        assert due.remind_tomorrow() == 1  # of the new day


def test_thanks_once_to_each_who_agreed(fair: Fair) -> None:
    ref, other = fair.opened(), fair.opened()
    for name in ("Idris", "Maya", "Walter"):
        fair.come(ref, name, hear=name != "Walter")
    fair.come(other, "Idris", hear=True)
    fair.by_name(ref, "Tom Hale", "tom@example.org", hear=True)
    fair.by_name(ref, "Nan Webb", hear=True)
    with clock.held_at(ON_SATURDAY):
        for each, who in ((ref, "Idris"), (other, "Idris"), (ref, "Walter")):
            fair.here(each, who)
        for name in ("Tom Hale", "Nan Webb"):
            checkin.tap(ref, Tap("here", fair.rows(ref)[name].ref), fair.who("Cass"), once_key=name)
        assert due.thank() == 0
    with clock.held_at(ON_SATURDAY + timedelta(days=1)):
        assert (due.thank(), due.thank()) == (2, 0)
    thanked = [each for one in (ref, other) for each in fair.told(one, "thanks")]
    assert {each.address for each in thanked} == {"idris@example.org", "tom@example.org"}  # not Maya, who was not there
    assert all(path in thanked[0].body for path in ("/gifts/", "/ideas/", "/timebank/"))


def test_names_are_forgotten(fair: Fair) -> None:
    ref = fair.opened()
    fair.by_name(ref, "Tom Hale", "tom@example.org")
    fair.come(ref, "Idris")
    with clock.held_at(ON_SATURDAY):
        checkin.tap(ref, Tap("here", fair.rows(ref)["Tom Hale"].ref), fair.who("Cass"), once_key="1")
    with clock.held_at(ON_SATURDAY + timedelta(days=30)):
        assert due.forget_names() == 0
    with clock.held_at(ON_SATURDAY + timedelta(days=31)):
        assert (due.forget_names(), due.forget_names()) == (1, 0)
    assert fair.there(ref) == {"A neighbour": 1} and db.session.query(Guest).filter(Guest.email.is_not(None)).count() == 0
