"""Who may put an event into the calendar, what a connector decides, what changes and what is cancelled."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Problem, Refused
from portal.events import coming, due, planning, queries
from portal.events.rules import organised_by, published
from portal.people.access import Nobody
from tests.events.fair import MONDAY, ON_SATURDAY, SATURDAY, Fair, open_fair


@pytest.fixture
def fair(app: Flask) -> Iterator[Fair]:
    with clock.held_at(MONDAY):
        yield open_fair()


def test_a_connector_and_an_organisation_at_once_a_neighbour_when_somebody_said_yes(fair: Fair) -> None:
    hub = fair.group("Mossgate Hub", "Idris")
    own, groups, held = fair.opened(), fair.opened("Idris", hub), fair.opened("Maya")
    assert [fair.event(ref).status for ref in (own, groups, held)] == ["open", "open", "held"]
    assert [organised_by(fair.event(ref)) for ref in (own, groups, held)] == ["Cass, connector", "Mossgate Hub", "Maya, a neighbour"]
    assert {each[0].ref for each in queries.coming()} == {own, groups}
    assert {each.ref for each in queries.desk(None)} == {held, groups}  # an organisation's is looked at too, without waiting
    [asked] = fair.told(held, "look")
    assert asked.person_id == fair.who("Cass").id and "Wednesday 3 June 2026" in asked.body
    for nobody in (Nobody(), fair.who("Idris")):
        with pytest.raises(NotFound):
            queries.seen_by(held, nobody)
    assert queries.seen_by(held, fair.who("Maya")).ref == held
    with pytest.raises(NotYours):
        planning.say_yes(held, fair.who("Maya"))
    assert planning.say_yes(held, fair.who("Cass")) == 1 and planning.say_yes(held, fair.who("Olga")) == 0
    assert fair.event(held).status == "open" and [each.person_id for each in fair.told(held, "yes")] == [fair.who("Maya").id]
    assert planning.say_yes(groups, fair.who("Cass")) == 0 and list(queries.desk(None)) == []
    with pytest.raises(Conflict, match="in the calendar already"):
        planning.say_no(held, "Too late.", fair.who("Cass"))


def test_no_with_a_reason(fair: Fair) -> None:
    ref = fair.opened("Maya")
    with pytest.raises(Refused, match="Write why"):
        planning.say_no(ref, "", fair.who("Cass"))
    assert planning.say_no(ref, "The hall is taken that day.", fair.who("Cass")) == 1
    assert planning.say_no(ref, "The hall is taken that day.", fair.who("Cass")) == 0
    [said] = fair.told(ref, "no")
    assert "The hall is taken that day." in said.body and fair.event(ref).status == "refused"
    for act in (lambda: planning.say_yes(ref, fair.who("Cass")), lambda: fair.come(ref, "Idris")):
        with pytest.raises(Problem):
            act()


def test_a_hold_has_a_deadline(fair: Fair) -> None:
    ref = fair.opened("Maya", day=date(2026, 6, 20))
    assert due.chase_held() == 0
    with clock.held_at(MONDAY + timedelta(days=3)):
        assert (due.chase_held(), due.chase_held()) == (1, 0)
    assert [each.person_id for each in fair.told(ref, "late")] == [fair.who("Olga").id]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "party"}, "Choose what it is"),
        ({"title": ""}, "what it is called"),
        ({"place": ""}, "where people meet"),
        ({"what": "Call 07700 900123"}, "a telephone number"),
        ({"food": "ask ada@example.org"}, "an e-mail address"),
        ({"access": "Ring at RM16 4LU"}, "a postcode"),
        ({"day": date(2026, 5, 31)}, "That day is over"),
        ({"day": date(2027, 7, 1)}, "more than a year"),
        ({"ends": time(10)}, "ends before it begins"),
        ({"places": 0}, "number of places"),
        ({"friends": 10}, "number of friends"),
        ({"step_free": "perhaps"}, "from the list"),
        ({"area_id": None}, "in which area"),
    ],
)
def test_what_is_not_taken(fair: Fair, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        fair.opened(**changes)  # type: ignore[arg-type]
    ref = fair.opened()
    with pytest.raises(Refused, match=sentence):
        planning.change(ref, fair.plan(**changes), fair.who("Cass"), shown=1)


def test_for_an_organisation_of_others_nobody_organises(fair: Fair) -> None:
    hub = fair.group("Mossgate Hub", "Idris")
    with pytest.raises(Refused, match="for whom"):
        fair.opened("Maya", hub)
    ref = fair.opened("Idris", hub)
    for act in (
        lambda: planning.change(ref, fair.plan(), fair.who("Maya"), shown=1),
        lambda: planning.cancel(ref, "Rain.", fair.who("Maya")),
    ):
        with pytest.raises(NotYours):
            act()


def test_a_connector_of_one_area_is_a_neighbour_elsewhere(fair: Fair) -> None:
    cass = replace(fair.who("Cass"), roles=frozenset({("connector", fair.bank.areas["mossgate"])}))
    fair.bank.people["Cass"] = cass
    assert fair.event(fair.opened()).status == "open"
    elsewhere = fair.opened(area_id=fair.bank.areas["riverside"])
    assert fair.event(elsewhere).status == "held" and queries.desk(frozenset({fair.bank.areas["mossgate"]})) == []
    with pytest.raises(NotYours):
        planning.say_yes(elsewhere, cass)


def test_a_series(fair: Fair) -> None:
    first = fair.opened("Maya", every="month", until=date(2026, 9, 30), kind="meeting")
    series = fair.event(first).series
    assert series is not None
    assert len(queries.desk(None)) == 1  # one tap for all
    assert planning.say_yes(first, fair.who("Cass")) == 4
    some = queries.times_of(series)
    assert [each.day for each in some] == [date(2026, 6, 6), date(2026, 7, 4), date(2026, 8, 1), date(2026, 9, 5)]
    assert planning.change(some[1].ref, fair.plan(kind="meeting", day=date(2026, 7, 5)), fair.who("Cass"), shown=1, later=True) == 3
    assert [each.day for each in queries.times_of(series)][1:] == [date(2026, 7, 5), date(2026, 8, 2), date(2026, 9, 6)]
    assert planning.cancel(some[2].ref, "Summer.", fair.who("Maya"), later=True).count == 2
    assert [each.status for each in queries.times_of(series)] == ["open", "open", "cancelled", "cancelled"]
    for every, until, sentence in (
        ("week", None, "until when"),
        ("day", SATURDAY, "how often"),
        ("week", date(2026, 6, 1), "before the first"),
    ):
        with pytest.raises(Refused, match=sentence):
            fair.opened(every=every, until=until)


def test_changed_and_who_hears(fair: Fair) -> None:
    ref = fair.opened(places=3)
    fair.come(ref, "Idris")
    fair.by_name(ref, "Tom Hale", "tom@example.org")
    fair.by_name(ref, "Nan Webb")
    code = fair.event(ref).code
    with pytest.raises(Refused, match="3 places are taken"):
        planning.change(ref, fair.plan(places=2), fair.who("Cass"), shown=1)
    with pytest.raises(Conflict, match="meanwhile"):
        planning.change(ref, fair.plan(places=4), fair.who("Cass"), shown=7)
    planning.change(ref, fair.plan(places=4, food="Soup"), fair.who("Cass"), shown=1)
    assert fair.told(ref, "changed") == []
    planning.change(ref, fair.plan(places=4, food="Soup", day=date(2026, 6, 7)), fair.who("Cass"), shown=2)
    told = fair.told(ref, "changed")
    assert {each.address for each in told} == {"idris@example.org", "tom@example.org"} and "Sunday 7 June 2026" in told[0].body
    assert fair.event(ref).code != code or fair.event(ref).day != SATURDAY
    assert fair.event(ref).version == 3 and fair.event(ref).looked == 3


def test_what_a_neighbour_changes_is_held_again(fair: Fair) -> None:
    ref, maya, cass = fair.opened("Maya", places=2), fair.who("Maya"), fair.who("Cass")
    planning.say_yes(ref, cass)
    fair.come(ref, "Idris")
    fair.by_name(ref, "Tom Hale", "tom@example.org")
    planning.change(ref, fair.plan(places=2, ends=time(14)), maya, shown=1)
    assert fair.event(ref).status == "open" and len(queries.desk(None)) == 1
    before = len(fair.told(ref, "changed"))
    planning.change(ref, fair.plan(places=3, ends=time(14), title="Burn down the mosque", place="Idris Cole, 5"), maya, shown=2)
    assert fair.event(ref).status == "held" and list(queries.coming()) == [] and [each.ref for each in queries.desk(None)] == [ref]
    assert len(fair.told(ref, "look")) == 2 and len(fair.told(ref, "changed")) == before and queries.mine(fair.who("Idris"))[1] == []
    with pytest.raises(NotFound):
        queries.seen_by(ref, fair.who("Idris"))
    with pytest.raises(NotFound):
        fair.come(ref, "Olga")
    coming.cannot_come(ref, fair.who("Idris"))
    planning.change(ref, fair.plan(places=3, title="Ideas and cake"), cass, shown=3)  # who looks may put it right
    assert planning.say_yes(ref, cass) == 1 and fair.states(ref)["Tom Hale"] == "going"
    assert [each.address for each in fair.told(ref, "changed")[before:]] == ["tom@example.org"] and list(queries.desk(None)) == []
    planning.change(ref, fair.plan(places=3, title="Ideas and tea"), cass, shown=4)
    assert fair.event(ref).status == "open"


def test_no_to_a_change_tells_who_comes_without_its_words(fair: Fair) -> None:
    for number, refused in enumerate((True, False)):
        ref = fair.opened("Maya")
        planning.say_yes(ref, fair.who("Cass"))
        fair.by_name(ref, "Tom Hale", f"tom{number}@example.org")
        planning.change(ref, fair.plan(title="Burn down the mosque"), fair.who("Maya"), shown=1)
        if refused:
            planning.say_no(ref, "Not this.", fair.who("Cass"))
        else:
            planning.cancel(ref, "Rain.", fair.who("Maya"))
        [told] = fair.told(ref, "cancelled")
        assert "mosque" not in told.subject + told.body and "Saturday 6 June 2026" in told.body
        assert list(queries.for_calendars()) == []
        with pytest.raises(NotFound):
            queries.seen_by(ref, Nobody())


def test_words_that_worry_are_held(fair: Fair) -> None:
    hub = fair.group("Mossgate Hub", "Idris")
    assert fair.event(fair.opened("Idris", hub, what="Bring a weapon.")).status == "held"
    assert fair.event(fair.opened("Cass", what="No weapons, please.")).status == "open"
    held: list[dict[str, Any]] = [
        {"what": "Come for tea to 14 Marsh Lane."},
        {"title": "Massages for all"},
        {"food": "What is for sale at Flat 3"},
    ]
    plain: list[dict[str, Any]] = [
        {"place": "The hall, 14 Marsh Lane"},
        {"access": "Side door at 12 Mill Road", "what": "Two steps, 1 to 10 people."},
    ]
    for said in held:
        assert fair.event(fair.opened("Idris", hub, **said)).status == "held", said
    for said in plain:
        assert fair.event(fair.opened("Idris", hub, **said)).status == "open", said
    ref = fair.opened("Idris", hub)
    planning.change(ref, fair.plan(title="Ideas and cake"), fair.who("Idris"), shown=1)
    assert fair.event(ref).status == "open"
    planning.change(ref, fair.plan(title="Gift cards for all"), fair.who("Idris"), shown=2)
    assert fair.event(ref).status == "held"


def test_while_people_are_there_a_neighbour_does_not_rename_it(fair: Fair) -> None:
    ref = fair.opened("Maya")
    planning.say_yes(ref, fair.who("Cass"))
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Idris")
        with pytest.raises(Refused, match="Ask a connector"):
            planning.change(ref, fair.plan(title="Something else"), fair.who("Maya"), shown=1)
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text("UPDATE gathering SET status = 'held'"))


def test_cancelled_tells_all_and_names_whom_it_cannot(fair: Fair) -> None:
    ref = fair.opened(places=1)
    fair.come(ref, "Idris")
    fair.by_name(ref, "Tom Hale", "tom@example.org")
    fair.by_name(ref, "Nan Webb")
    for reason, sentence in (("", "Write why"), ("Ask 07700 900123", "a telephone number")):
        with pytest.raises(Refused, match=sentence):
            planning.cancel(ref, reason, fair.who("Cass"))
    done = planning.cancel(ref, "The hall has no heating.", fair.who("Cass"))
    assert (done.count, done.untold) == (1, ("Nan Webb",))
    assert planning.cancel(ref, "Again.", fair.who("Olga")).count == 0
    assert fair.event(ref).reason == "The hall has no heating."
    assert {each.address for each in fair.told(ref, "cancelled")} == {"idris@example.org", "tom@example.org"}
    for act in (
        lambda: planning.change(ref, fair.plan(), fair.who("Cass"), shown=2),
        lambda: fair.come(ref, "Maya"),
        lambda: planning.say_yes(ref, fair.who("Cass")),
    ):
        with pytest.raises(Conflict):
            act()


def test_why_it_was_cancelled_names_nobody_who_comes(fair: Fair) -> None:
    ref, cass = fair.opened(), fair.who("Cass")
    fair.by_name(ref, "Rosa Delgado")
    with pytest.raises(Refused, match="without names"):
        planning.cancel(ref, "rosa delgado fell ill", cass)
    with pytest.raises(Conflict, match="not cancelled"):
        planning.say_why_again(ref, "Rain.", cass)
    planning.cancel(ref, "Rosa fell ill", cass)
    for reason, sentence in (("", "Write why"), ("Rosa Delgado is ill", "without names")):
        with pytest.raises(Refused, match=sentence):
            planning.say_why_again(ref, reason, cass)
    with pytest.raises(NotYours):
        planning.say_why_again(ref, "Rain.", fair.who("Maya"))
    planning.say_why_again(ref, "Illness.", cass)
    assert fair.event(ref).reason == "Illness." and fair.event(ref).looked == fair.event(ref).version == 3


def test_why_a_neighbours_event_is_cancelled_has_no_words_that_worry(fair: Fair) -> None:
    ref, maya = fair.opened("Maya"), fair.who("Maya")
    planning.say_yes(ref, fair.who("Cass"))
    with pytest.raises(Refused, match="other words") as why:
        planning.cancel(ref, "Somebody has a knife.", maya)
    assert why.value.field == "reason" and fair.event(ref).status == "open"
    planning.cancel(ref, "Rain.", maya)
    assert fair.event(ref).looked < fair.event(ref).version, "nobody has looked at her words"
    with pytest.raises(Refused, match="other words"):
        planning.say_why_again(ref, "A knife was there.", maya)
    planning.say_why_again(ref, "No knives for the bread.", fair.who("Cass"))
    assert fair.event(ref).looked == fair.event(ref).version


def test_why_a_series_is_cancelled_asks_once_for_all_names(fair: Fair) -> None:
    ref = fair.opened(every="week", until=SATURDAY + timedelta(days=14))
    last = queries.later_of(fair.event(ref))[-1].ref
    fair.by_name(last, "Rosa Delgado")
    fair.come(last, "Idris")
    some = [fair.event(ref), *queries.later_of(fair.event(ref))]
    assert len(some) == 3 and sorted(queries.names_at(some)) == ["Idris", "Rosa Delgado"] and queries.names_at([]) == []
    with pytest.raises(Refused, match="without names"):
        planning.cancel(ref, "Rosa Delgado fell ill", fair.who("Cass"), later=True)


def test_a_day_that_is_over_stays(fair: Fair) -> None:
    ref = fair.opened()
    with clock.held_at(ON_SATURDAY + timedelta(days=1)):
        for act in (
            lambda: planning.cancel(ref, "Rain.", fair.who("Cass")),
            lambda: planning.change(ref, fair.plan(), fair.who("Cass"), shown=1),
        ):
            with pytest.raises(Conflict, match="day is over"):
                act()


def test_the_database_has_the_last_word(fair: Fair) -> None:
    ref = fair.opened(places=2, friends=3)
    fair.come(ref, "Idris", 2)
    fair.by_name(ref, "Tom Hale")
    id_ = fair.event(ref).id
    for statement in (
        "UPDATE gathering_guest SET state = 'going' WHERE state = 'waiting'",
        "UPDATE gathering_guest SET party = 3 WHERE state = 'going'",
        "UPDATE gathering SET places = 1",
        "UPDATE gathering SET status = 'cancelled', cancelled_at = changed_at",  # no reason
        "UPDATE gathering SET ref = 'EVT-2222-2222'",
        "UPDATE gathering SET looked = 9",
        "UPDATE gathering SET role = 'officer', organisation_id = 1",
        "DELETE FROM gathering",
        f"INSERT INTO gathering_guest (ref, gathering_id, name, party, state, asked_at, hear, entered_by, sheet) "
        f"SELECT 'GST-X', {id_}, 'X', 1, 'going', asked_at, hear, 'scheme', '' FROM gathering_guest LIMIT 1",
        "UPDATE gathering_guest SET email = 'a@example.org' WHERE person_id IS NOT NULL",
        "UPDATE gathering_guest SET here_at = asked_at WHERE state = 'going'",
    ):
        db.session.rollback()
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(statement))
    planning.cancel(ref, "Rain.", fair.who("Cass"))
    for statement in (
        "UPDATE gathering SET status = 'open', cancelled_at = NULL",
        "UPDATE gathering_guest SET here_at = asked_at, here_party = 1, how = 'code'",
        f"INSERT INTO gathering_guest (ref, gathering_id, name, party, state, asked_at, hear, entered_by, sheet) "
        f"SELECT 'GST-X', {id_}, 'X', 1, 'off', asked_at, hear, 'scheme', '' FROM gathering_guest LIMIT 1",
    ):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(statement))


def test_few_are_not_published() -> None:
    assert [published(count) for count in (0, 4, 5)] == [None, None, 5]
