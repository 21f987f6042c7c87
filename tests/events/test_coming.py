"""Who comes: places, friends, the waiting list, neighbours without an account, entered by another, the same person twice."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.db import db
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.events import checkin, coming, planning, queries
from portal.events.coming import Asked
from portal.events.model import Guest
from portal.history import Actor
from portal.people.access import Nobody
from portal.people.actions import delete_me
from portal.people.queries import COLLECTORS
from tests.events.fair import MONDAY, ON_SATURDAY, Fair, open_fair


@pytest.fixture
def fair(app: Flask) -> Iterator[Fair]:
    with clock.held_at(MONDAY):
        yield open_fair()


def test_places_friends_and_a_list_that_moves_up(fair: Fair) -> None:
    ref = fair.opened(places=3, friends=2)
    assert fair.come(ref, "Idris", 2) == "going"
    assert fair.come(ref, "Maya", 2) == "waiting"  # she and her friend do not fit
    assert fair.come(ref, "Walter") == "going"  # but one does
    assert fair.come(ref, "Olga") == "waiting"
    with pytest.raises(Refused, match="Only 2 places"):
        fair.come(ref, "Idris", 3)
    with pytest.raises(Refused, match="up to 2 friends"):
        fair.come(ref, "Olga", 4)
    assert fair.come(ref, "Idris", 1) == "going"  # one friend fewer: Olga moves up, for whom it is enough
    assert fair.states(ref) == {"Idris": "going", "Maya": "waiting", "Walter": "going", "Olga": "going"}
    assert [each.person_id for each in fair.told(ref, "moved_up")] == [fair.who("Olga").id]
    coming.cannot_come(ref, fair.who("Walter"))
    coming.cannot_come(ref, fair.who("Walter"))
    assert fair.states(ref)["Maya"] == "waiting"
    planning.change(ref, fair.plan(places=4, friends=2), fair.who("Cass"), shown=1)  # more places
    assert fair.states(ref)["Maya"] == "going" and len(fair.told(ref, "moved_up")) == 2
    assert queries.taken(fair.event(ref)) == 4


def test_without_an_account(fair: Fair) -> None:
    ref = fair.opened(places=2)
    with pytest.raises(Refused, match="Write your name"):
        fair.by_name(ref, "")
    with pytest.raises(Refused, match="one person each"):
        fair.by_name(ref, "Nan Webb", party=2)
    nan = fair.by_name(ref, "Nan Webb")
    assert nan.state == "going" and nan.token  # her link stands on the page
    tom = fair.by_name(ref, "Tom Hale", "tom@example.org")
    assert tom == coming.Came("mail")
    [mail] = fair.told(ref, "list")
    token = mail.body.split("/events/coming/")[1].split()[0]
    assert fair.come(ref, "Idris") == "waiting"
    coming.call_off(token)
    coming.call_off(token)
    assert fair.states(ref) == {"Nan Webb": "going", "Idris": "going"}
    coming.call_off(nan.token)
    for wrong in ("GST-2222-2222-0123456789abcdef0123", nan.token[:-1] + "x", "nothing"):
        with pytest.raises(NotFound):
            coming.call_off(wrong)


def test_somebody_elses_address_tells_nothing(fair: Fair) -> None:
    """Whoever types an address sees the same, whether it has a place or not; only the address itself hears."""
    ref = fair.opened(places=1)
    fair.come(ref, "Idris")
    assert fair.by_name(ref, "A stranger", "idris@example.org") == coming.Came("mail")
    assert fair.by_name(ref, "A stranger", "nobody@example.org") == coming.Came("mail")
    assert len(fair.rows(ref)) == 2 and fair.states(ref)["Idris"] == "going"
    assert {each.address for each in fair.told(ref, "list")} == {"idris@example.org", "nobody@example.org"}
    again = fair.by_name(ref, "A stranger", "nobody@example.org")
    assert again == coming.Came("mail") and len(fair.rows(ref)) == 2 and len(fair.told(ref, "list")) == 2


def test_twice_by_account_and_by_address_is_once(fair: Fair) -> None:
    ref = fair.opened(places=4, friends=2)
    fair.by_name(ref, "Idi", "idris@example.org", 2)
    assert fair.come(ref, "Idris") == "going"
    assert fair.states(ref) == {"Idris": "going"} and queries.taken(fair.event(ref)) == 1
    fair.by_name(ref, "New Ned", "ned@example.org", 2)
    ned = fair.bank.join("Ned", email="ned@example.org")  # an account, after they said that they come
    assert fair.states(ref) == {"Idris": "going", "Ned": "going"} and db.session.query(Guest).filter_by(person_id=ned.id).one().party == 2


def test_twice_by_account_and_by_name_is_joined_by_the_organiser(fair: Fair) -> None:
    ref = fair.opened(places=2)
    fair.by_name(ref, "Maya")
    fair.come(ref, "Maya")
    fair.come(ref, "Idris")
    rows = queries.guests(fair.event(ref))
    assert [queries.name_of(row) for row in rows] == ["Maya", "Maya", "Idris"]
    with pytest.raises(NotYours):
        coming.same(ref, rows[1].ref, rows[0].ref, fair.who("Maya"))
    with pytest.raises(Refused, match="two people"):
        coming.same(ref, rows[1].ref, rows[2].ref, fair.who("Cass"))
    coming.same(ref, rows[1].ref, rows[0].ref, fair.who("Cass"))
    assert fair.states(ref) == {"Maya": "going", "Idris": "going"}  # the free place went to who waited
    with pytest.raises(NotFound):
        coming.same(ref, rows[1].ref, rows[0].ref, fair.who("Cass"))


def test_counted_once_when_both_lines_were_checked_in(fair: Fair) -> None:
    ref = fair.opened()
    fair.by_name(ref, "Maya")
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Maya")
        first = next(row for row in queries.guests(fair.event(ref)) if row.person_id is None)
        second = next(row for row in queries.guests(fair.event(ref)) if row.person_id is not None)
        first_ref, second_ref = first.ref, second.ref
        checkin.tap(ref, checkin.Tap("here", first_ref), fair.who("Cass"), once_key="tap")
        coming.same(ref, second_ref, first_ref, fair.who("Cass"))
    assert fair.there(ref) == {"Maya": 1}


def test_entered_by_a_connector(fair: Fair) -> None:
    ref = fair.opened(places=2, friends=1)
    cass = fair.who("Cass")
    with pytest.raises(Refused, match="how you know"):
        coming.enter(ref, Asked(1, name="Walt"), "guess", cass, once_key="1")
    with pytest.raises(NotYours):
        coming.enter(ref, Asked(1, name="Walt"), "telephone", fair.who("Maya"), once_key="2")
    assert coming.enter(ref, Asked(1, name="Walt Webb"), "telephone", cass, once_key="3") == "going"
    assert coming.enter(ref, Asked(1, name="Walt Webb"), "telephone", cass, once_key="3") == "going"
    assert coming.enter(ref, Asked(1, name="Idris", email="idris@example.org"), "paper sheet", cass, once_key="4") == "going"
    assert coming.enter(ref, Asked(2, name="Nan", email="nan@example.org"), "in person", cass, once_key="5") == "waiting"
    assert fair.states(ref) == {"Walt Webb": "going", "Idris": "going", "Nan": "waiting"}
    row = fair.rows(ref)["Idris"]
    assert row.person_id == fair.who("Idris").id and row.basis == "paper sheet" and row.entered_by == f"person:{cass.id}"
    assert {each.address for each in fair.told(ref, "list")} == {"idris@example.org", "nan@example.org"}
    with pytest.raises(NotYours):
        coming.take_off(ref, row.ref, fair.who("Maya"))
    coming.take_off(ref, row.ref, cass)
    assert [each.address for each in fair.told(ref, ":off:")] == ["idris@example.org"]


def test_over_and_not_there(fair: Fair) -> None:
    ref, held = fair.opened(), fair.opened("Maya")
    with pytest.raises(NotFound):
        fair.come(held, "Idris")
    with pytest.raises(NotFound):
        fair.come("EVT-2222-2222", "Idris")
    with clock.held_at(ON_SATURDAY + timedelta(hours=3)), pytest.raises(Conflict, match="This is over"):
        fair.come(ref, "Idris")


def test_the_same_form_twice_is_one_line(fair: Fair) -> None:
    ref = fair.opened()
    one = coming.come(ref, Asked(name="Nan Webb"), Nobody(), once_key="form")
    assert coming.come(ref, Asked(name="Nan Webb"), Nobody(), once_key="form") == one and len(fair.rows(ref)) == 1


def test_somebody_leaves_us(fair: Fair) -> None:
    ref, past, own = fair.opened(places=1), fair.opened(), fair.opened("Idris")
    planning.say_yes(own, fair.who("Cass"))
    group = fair.opened("Idris", fair.group("Mossgate Hub", "Idris", "Maya"))
    role = fair.opened("Cass")
    fair.come(ref, "Idris")
    fair.come(ref, "Maya")
    fair.come(own, "Maya")
    fair.by_name(past, "Idi", "idris@example.org")
    with clock.held_at(ON_SATURDAY):
        fair.here(past, "Idris")
        told = COLLECTORS["events"](fair.who("Idris").id)
        assert [row["reference"] for row in told["came or said so"] if row["there"]] == [past] and len(told["organised"]) == 2
        delete_me(fair.who("Idris").id, Actor(fair.who("Idris").id))
        assert fair.states(ref) == {"Maya": "going"} and [each.person_id for each in fair.told(ref, "moved_up")] == [fair.who("Maya").id]
        assert fair.there(past) == {"A neighbour": 1}  # counted, without a name
        assert fair.event(own).status == "cancelled" and fair.event(group).status == "open" and len(fair.told(own, "cancelled")) == 1
        assert {each.person_id for each in fair.told(group, "without")} == {fair.who("Cass").id, fair.who("Olga").id}
        assert COLLECTORS["events"](fair.who("Idris").id)["came or said so"] == []
        assert queries.runs(fair.who("Maya"), fair.event(group)) and not queries.runs(fair.who("Maya"), fair.event(role))
