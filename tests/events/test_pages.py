"""The pages of events, as everybody sees them. Only HTML differs between the engines, so one of them is enough."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import icalendar
import pytest
from flask import Flask

from portal import clock
from portal.db import db, transaction
from portal.events import planning, prints, queries
from portal.people.actions import create_person
from portal.places.queries import scheme
from portal.web import documents
from tests.client import Inspector
from tests.events.fair import MONDAY, ON_SATURDAY, SATURDAY, Fair, open_fair
from tests.tagged import Tagged

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def fair(app: Flask) -> Iterator[Fair]:
    with clock.held_at(MONDAY):
        yield open_fair()


def browser(app: Flask, fair: Fair, name: str = "", budget: int = 20) -> Inspector:
    made = Inspector(app, budget)
    return made.sign_in(fair.who(name).id) if name else made


def test_the_calendar(app: Flask, fair: Fair) -> None:
    refs = [
        fair.opened(title=f"Event {number:02}", day=SATURDAY + timedelta(days=number // 2), starts=time(10 + number % 2))
        for number in range(25)
    ]
    fair.opened("Maya", title="Held back")
    riverside = fair.opened(title="By the river", area_id=fair.bank.areas["riverside"], kind="hub")
    planning.cancel(refs[0], "Rain.", fair.who("Cass"))
    for reader in (browser(app, fair, budget=8), browser(app, fair, "Idris", 8)):
        reader.get("/events/")
        assert "Event 18" in reader.text and "Event 20" not in reader.text and "Cancelled" in reader.text and "Held back" not in reader.text
        later = next(path for path in reader.links() if "after=" in path)
        reader.get(later)
        assert "Event 24" in reader.text and "Event 18" not in reader.text
    reader.get("/events/?area=riverside")
    assert f"/events/{riverside}" in list(reader.links()) and "Event 01" not in reader.text
    reader.get("/events/?area=riverside&kind=fair")
    assert "Nothing of that kind is planned here" in reader.text
    reader.get("/events/month?from=2026-07-09&kind=hub")
    assert "Events in July 2026" in reader.text
    for strange in (
        "?after=x",
        "?after=2026-06-06.9999.1",
        "?after=2026-06-06.10²0.1",
        "?area=nowhere&kind=x",
        "?after=9999-12-31.1000.99999999999",
    ):
        reader.get("/events/" + strange)
    reader.get("/events/month?from=0001-01-01")


def test_an_empty_calendar_helps(app: Flask, fair: Fair) -> None:
    for path, words in (
        ("/events/", "Nothing is planned just now"),
        ("/events/past", "Nothing has been here yet"),
        ("/events/month", "Nothing is planned"),
    ):
        assert words in browser(app, fair).get(path).text


def test_the_home_page_and_the_desk(app: Flask, fair: Fair) -> None:
    """The two next ones near somebody, in the queries that the page takes anyway; what waits is counted for who may decide."""
    refs = [fair.opened(title=f"Event {number}", day=SATURDAY + timedelta(days=3 - number)) for number in range(3)]
    river = fair.opened(title="By the river", area_id=fair.bank.areas["riverside"], day=SATURDAY + timedelta(days=9))
    planning.cancel(refs[2], "Rain.", fair.who("Cass"))
    held = fair.opened("Maya", title="Held back")
    for name, there in (("", {refs[1], refs[0]}), ("Idris", {refs[1], refs[0]}), ("Walter", {river}), ("Olga", {refs[1], refs[0]})):
        reader = browser(app, fair, name, 8).get("/")
        assert {path.rsplit("/", 1)[1] for path in reader.links() if path.startswith("/events/EVT")} == there, name
    assert "event to look at" in browser(app, fair, "Cass", 8).get("/desk/").text and held
    assert "/events/desk" in list(browser(app, fair, "Cass", 8).get("/").links())


def test_calendars_that_people_keep(app: Flask, fair: Fair) -> None:
    """The hour is London's in winter and in summer; what was called off stays in, as cancelled."""
    first = fair.opened(every="week", until=date(2026, 11, 21), day=date(2026, 10, 17), kind="hub", title="Tea; and, cake")
    series = fair.event(first).series
    assert series is not None
    some = [each.ref for each in queries.times_of(series)]
    planning.cancel(some[1], "The hub is closed.", fair.who("Cass"))
    held = fair.opened("Maya")
    elsewhere = fair.opened(area_id=fair.bank.areas["riverside"])
    reader = Inspector(app, 8)
    for path, there, not_there in (
        ("/events/calendar.ics", elsewhere, held),
        ("/events/calendar/area/mossgate.ics", first, elsewhere),
        ("/events/calendar/kind/hub.ics", first, elsewhere),
    ):
        reader.get(path)
        assert there in reader.text and not_there not in reader.text
    file = icalendar.Calendar.from_ical(reader.client.get("/events/calendar/kind/hub.ics").data)
    found: dict[str, Any] = {str(each["uid"]).split("@")[0]: each for each in file.walk("VEVENT")}
    assert [f"{found[ref]['dtstart'].dt:%H:%M}" for ref in some[:3]] == ["09:00", "09:00", "10:00"]  # the clocks go back on 25 October
    assert [str(found[ref]["status"]) for ref in some[:2]] == ["CONFIRMED", "CANCELLED"] and int(found[some[1]]["sequence"]) == 1
    assert reader.client.get("/events/calendar.ics").mimetype == "text/calendar"
    reader.get(f"/events/{first}.ics")
    for path in (
        f"/events/{held}.ics",
        "/events/calendar/area/nowhere.ics",
        "/events/calendar/kind/party.ics",
        "/events/EVT-2222-2222.ics",
    ):
        reader.get(path, status=404)


def test_with_an_account(app: Flask, fair: Fair) -> None:
    ref = fair.opened(places=4, friends=2, hearing_loop="no", access="A quiet room upstairs.")
    idris = browser(app, fair, "Idris").get(f"/events/{ref}")
    for words in ("No steps to get in.", "There is no hearing loop.", "A quiet room upstairs.", "Tea and cake", "Cass, connector"):
        assert words in idris.text
    idris.get(f"/events/{ref}/come").submit("I’m coming", friends="5", status=422)
    assert "You can bring up to 2 friends." in idris.text and 'value="5"' in idris.text
    idris.submit("I’m coming", friends="1", hear="y").follow()
    assert "You are coming, 2 of you" in idris.text and "2 places are free" in idris.text
    assert "You are coming" in idris.get("/events/").text
    idris.get(f"/events/{ref}").submit("I cannot come").follow()
    assert "Are you coming?" in idris.text
    with clock.held_at(ON_SATURDAY + timedelta(hours=4)):
        idris.get(f"/events/{ref}/come").get(f"/events/{ref}")
        assert "I’m coming" not in idris.text


def test_without_an_account(app: Flask, fair: Fair) -> None:
    ref = fair.opened(places=1)
    nan = browser(app, fair).get(f"/events/{ref}/come").submit("I’m coming", status=422)
    assert "Write your name" in nan.text
    nan.submit("I’m coming", name="Nan <b>Webb", status=303).follow()
    assert "Your place, Nan &lt;b&gt;Webb" in nan.text and "There is a place for you." in nan.text
    own = nan.path
    tom = browser(app, fair).get(f"/events/{ref}/come")
    assert "All places are taken" in tom.text
    tom.submit("I’m coming", name="Tom", email="not an address", status=422)
    assert "not an address" in tom.text
    tom.submit("I’m coming", email="tom@example.org", name="Tom").follow()
    assert "Look into your e-mail" in tom.text and "tom@example.org" not in tom.text and "Tom" not in tom.text
    nan.get(own).submit("I cannot come").follow()
    assert "You said that you cannot come." in nan.text
    [mail] = fair.told(ref, "list")
    link = re.search(r"/events/coming/\S+", mail.body)
    assert link is not None
    tom.get(link[0])
    assert "There is a place for you." in tom.text
    with clock.held_at(ON_SATURDAY):
        tom.get(link[0]).submit("I’m here").follow()
        assert "You are checked in" in tom.text
    browser(app, fair).get("/events/coming/GST-2222-2222-0123", status=404)


def test_who_sees_what(app: Flask, fair: Fair) -> None:
    ref, held = fair.opened(), fair.opened("Maya", title="Plant swap")
    fair.by_name(ref, "Nan Webb", "nan@example.org")
    public = browser(app, fair).get(f"/events/{ref}")
    assert "Nan" not in public.text and fair.event(ref).code not in public.text
    public.get(f"/e/{ref[4:].lower()}", status=303)
    assert public.location == f"/events/{ref}"
    for path in (f"/events/{held}", "/events/EVT-2222-2222", "/e/nothing"):
        public.get(path, status=404)
    idris, maya, cass = (browser(app, fair, name) for name in ("Idris", "Maya", "Cass"))
    assert (
        "Waits for a connector" in maya.get("/events/").text
        and "A connector looks at it by Wednesday 3 June 2026" in maya.get(f"/events/{held}").text
    )
    for end in ("change", "cancel", "posters", "poster.pdf", "door.pdf", "check-in", "paper", "enter", "list"):
        idris.get(f"/events/{ref}/{end}", status=404)
        cass.get(f"/events/{ref}/{end}")
    assert "http://localhost/events/here" in cass.get(f"/events/{ref}/posters").text
    idris.get(f"/events/new?like={ref}", status=404)
    idris.get(f"/events/{held}/decide", status=404).get("/events/desk", status=404)


def test_planned_by_a_neighbour_and_let_in(app: Flask, fair: Fair) -> None:
    maya = browser(app, fair, "Maya").get("/events/new").submit("Plan it", status=422)
    assert "Write what it is called." in maya.text
    typed: dict[str, Any] = {
        "kind": "celebration",
        "title": "Street party",
        "place": "Quay Street",
        "area": "mossgate",
        "starts": "2 pm",
        "ends": "6 pm",
    }
    maya.submit("Plan it", **typed, day_day="6", day_month="6", day_year="2026", what="Call 07700 900123", status=422)
    assert "take out a telephone number" in maya.text and "Street party" in maya.text
    maya.submit("Plan it", **typed, what="Bring a chair.").follow()
    assert "A connector looks at it" in maya.text
    ref = maya.path.rsplit("/", 1)[1]
    cass = browser(app, fair, "Cass").get("/events/desk")
    assert "Street party" in cass.text
    cass.get(f"/events/{ref}/decide").submit("No", status=422)
    assert "Write why" in cass.text
    cass.submit("Yes, put it into the calendar").follow()
    assert "Nothing waits" in cass.text
    maya.get(f"/events/{ref}/change").submit("Save", title="A street party").follow()
    assert "A connector looks at it first" in maya.text and "Only you and the connectors" in maya.text.replace("only you", "Only you")
    browser(app, fair).get(f"/events/{ref}", 404)
    cass.get(f"/events/{ref}/decide").submit("Yes, put it into the calendar").follow()
    maya.get(f"/events/{ref}/cancel").submit("Cancel it", reason="Rain.").follow()
    assert "This was cancelled. Why: Rain." in maya.text
    maya.get(f"/events/{ref}/reason").submit("Save", reason="Snow.").follow()
    assert "Why: Snow." in maya.text
    for hung in ("posters", "poster.pdf", "door.pdf"):
        maya.get(f"/events/{ref}/{hung}", 409)
    assert "This was cancelled" in browser(app, fair).get(f"/events/{ref}").text
    for end in ("change", "cancel", "check-in", "decide"):
        cass.get(f"/events/{ref}/{end}")
    assert "A street party" in maya.get(f"/events/new?like={ref}").text


def test_at_the_door(app: Flask, fair: Fair) -> None:
    ref = fair.opened(friends=2)
    fair.come(ref, "Idris", 3)
    fair.by_name(ref, "Maya")
    fair.come(ref, "Maya")
    event = fair.event(ref)
    token, code = queries.token_of(event), event.code
    early = browser(app, fair, "Idris").get(f"/events/{token}")
    assert "This works on the day: Saturday 6 June 2026" in early.text
    with clock.held_at(ON_SATURDAY):
        walter = browser(app, fair, "Walter").get(f"/events/{token}").submit("I’m here").follow()
        assert "You are here. Welcome!" in walter.text
        stranger = browser(app, fair).get(f"/events/{token}").submit("I’m here", status=422)
        stranger.submit("I’m here", name="Old Bill").follow()
        browser(app, fair).get("/events/here").submit("I’m here", code="000 0000", name="Nan", status=422)
        browser(app, fair, "Olga").get("/events/here").submit("I’m here", code=code).follow()
        browser(app, fair).post("/events/EVT-2222-2222-00000000/here", {"csrf_token": "x"}, status=400)
        cass = browser(app, fair, "Cass").get(f"/events/{ref}/check-in")
        assert "3 people are here" in cass.text
        cass.submit("Idris is here", party="2").follow()
        cass.submit("The same Maya as in the other line").follow()
        cass.submit("Is here", name="", status=422)
        assert "Write their name" in cass.text
        cass.submit("Is here", name="Two more", party="2").follow()
        assert "7 people are here" in cass.text
        cass.get(f"/events/{ref}/enter").submit("Put them on the list", name="Nan Webb", status=422)
        cass.submit("Put them on the list", basis="telephone").follow()
        cass.get(f"/events/{ref}/paper").submit("Check them in", sheet="", status=422)
        cass.submit("Check them in", sheet="4", lines="Nan Webb\nOld Bill").follow()
        assert "Checked in: Nan Webb." in cass.text and "In the list already: Old Bill." in cass.text
        assert "One person was there" not in browser(app, fair).get(f"/events/{ref}").text
    with clock.held_at(ON_SATURDAY + timedelta(days=1)):
        assert (
            "8 people came" in browser(app, fair).get("/events/past").text
            and "8 people came" in browser(app, fair).get(f"/events/{ref}").text
        )


def test_a_few_stay_unsaid(app: Flask, fair: Fair) -> None:
    ref = fair.opened()
    with clock.held_at(ON_SATURDAY):
        for name in ("Idris", "Maya", "Walter", "Olga"):
            fair.here(ref, name)
    with clock.held_at(ON_SATURDAY + timedelta(days=1)):
        for path in ("/events/past", f"/events/{ref}"):
            assert "people came" not in browser(app, fair).get(path).text
        assert "4 were there" in browser(app, fair, "Cass").get(f"/events/{ref}").text


@pytest.mark.parametrize("large", [False, True])
def test_posters_are_one_tagged_page(fair: Fair, large: bool) -> None:
    markup = '#eval("1 + 1") *b* _i_ $x$ `r` <l> x@ref [c] \\ // = {{7*7}}'
    shown = scheme()
    assert shown is not None
    for title, what in (("Ideas fair", "Bring an idea."), (markup, markup * 9), ("Long words " * 7 + "end", "many words " * 90)):
        ref = fair.opened(
            title=title, what=what, place="The hall at the very long lane " * 3, hearing_loop="yes", access="words " * 30, food="cake " * 35
        )
        event = fair.event(ref)
        for draw, words, address in (
            (prints.poster, "Are you coming?", f"/events/{ref}"),
            (prints.door, f"{event.code[:3]} {event.code[3:]}", queries.token_of(event)),
        ):
            made = Tagged(documents.pdf(draw(event, shown, large=large)))
            assert len(made.file.pages) == 1 and bool(made.root.MarkInfo.Marked), (title, draw)
            assert words in made.text()
            [picture] = made.elements("Figure")
            assert address in str(picture.Alt) and [tag for tag, _text in made.headings()] == ["H1", "H2"]
    db.session.rollback()


def test_somebody_of_the_same_name_is_asked_at_the_door(app: Flask, fair: Fair) -> None:
    with transaction():
        rosa = create_person("Rosa Delgado", area_id=fair.bank.areas["mossgate"])
        fair.bank.people["Rosa"] = replace(fair.who("Maya"), id=rosa.id, ref=rosa.ref, name=rosa.name)
    ref = fair.opened()
    code = fair.event(ref).code
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Rosa")
        door = browser(app, fair).get("/events/here")
        assert "another one of that name" not in door.text
        door.submit("I’m here", 422, code=code, name="Rosa Delgado")
        assert "Rosa Delgado is here already. Is that you?" in door.text
        door.submit("I’m here", code=code, name="Rosa Delgado", another="y").follow()
    assert len(queries.guests(fair.event(ref))) == 2
