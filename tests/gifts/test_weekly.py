"""The weekly letter: asked for and stopped with one tap, once a week, never empty, each post once, nothing of who is blocked."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.gifts import care, posts, suggestions, talks, weekly
from portal.gifts.matching_model import GiftTold
from portal.gifts.model import GiftWeekly
from portal.history import Actor
from portal.outbox import Message
from portal.people.actions import delete_me
from portal.people.model import Organisation, Person
from portal.people.queries import all_about
from tests.client import Inspector
from tests.conftest import Store
from tests.gifts.street import Street, looks, open_street
from tests.races import race

DAY = date(2027, 3, 25)  # a Thursday, three days before the clocks go forward
LETTER = datetime(2027, 3, 25, 17, tzinfo=clock.LONDON)


@pytest.fixture
def street(app: Flask) -> Iterator[Street]:
    with clock.held_at(LETTER - timedelta(days=2)):
        yield open_street()


def letters(name: str = "") -> list[Message]:
    """Weekly letters to somebody, oldest first."""
    db.session.rollback()
    query = select(Message).where(Message.key.like("gift weekly:%")).order_by(Message.id)
    return list(db.session.scalars(query.where(Message.to_name == name) if name else query))


def send(weeks: int = 0, hours: float = 0.1) -> int:
    """The worker looks, some hours after five on a Thursday."""
    at = datetime.combine(DAY + timedelta(weeks=weeks), weekly.HOUR, clock.LONDON) + timedelta(hours=hours)
    with clock.held_at(at):
        return weekly.send()


def setting(name: str, street: Street) -> GiftWeekly:
    db.session.rollback()
    return db.session.get_one(GiftWeekly, street.who(name).id)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2027-03-25T16:59:59+00:00", None),
        ("2027-03-25T17:00:00+00:00", date(2027, 3, 25)),  # winter
        ("2027-04-01T15:59:59+00:00", None),
        ("2027-04-01T16:00:00+00:00", date(2027, 4, 1)),  # summer: the same hour on the clock of the hall
        ("2027-04-02T15:59:59+00:00", date(2027, 4, 1)),
        ("2027-04-02T16:00:00+00:00", None),  # a day late is too late
        ("2027-11-04T16:30:00+00:00", None),  # a week before, in summer, it was five by then
    ],
)
def test_it_is_due_on_thursdays_at_five_in_london(instant: str, day: date | None) -> None:
    assert weekly.due_day(datetime.fromisoformat(instant)) == day


def test_it_tells_what_is_new_once_and_is_never_empty(street: Street) -> None:
    street.put_up("Idris", "Before she asked for it")
    with clock.held_at(clock.now() + timedelta(hours=2)):
        weekly.ask(street.who("Maya").id, "all")
        street.put_up("Maya", "Her own")
        ladder = street.put_up("Walter", "A long ladder", sort="lend", area="riverside")
        gone = street.put_up("Idris", "Gone before Thursday")
        posts.end(gone, street.who("Idris"))
        street.put_up("Walter", "Only for Riverside", area="riverside", reach="area")
    assert send(hours=-1) == 0 == len(letters())
    assert send() == 1 and send() == 0 and send(hours=5) == 0
    one = letters("Maya")[0]
    assert (
        one.key.startswith("gift weekly:2027-03-25:person:") and one.channel == "email" and one.subject == "One new gift or wish near you"
    )
    assert "Gift: “A long ladder”, Riverside" in one.body and ladder in one.body and "Walter" not in one.body
    assert not any(words in one.body for words in ("Before", "Her own", "Gone", "Only for"))
    assert one.way_out.endswith(f"/gifts/weekly/by/{weekly.token_of(setting('Maya', street))}") and one.way_out in one.body
    assert send(1) == 0 and len(letters()) == 1, "nothing new: nothing comes"
    with clock.held_at(LETTER + timedelta(days=8)):
        street.put_up("Idris", "Jam jars", kind="wish")
    assert send(2) == 1 and "Wish: “Jam jars”, Mossgate" in letters("Maya")[1].body and ladder not in letters("Maya")[1].body


def test_what_was_held_comes_when_it_is_let_onto_the_board_and_once(street: Street) -> None:
    street.move_in("Nora", known=False)
    ref = street.put_up("Nora", "Soup for six")
    with clock.held_at(clock.now() + timedelta(minutes=5)):
        weekly.ask(street.who("Maya").id, "all")
    assert send() == 0
    with clock.held_at(LETTER + timedelta(days=1)):
        care.decide(looks()[0].id, "shown", "", street.who("Cass"))
    assert send(1) == 1 and ref in letters("Maya")[0].body
    with clock.held_at(LETTER + timedelta(days=8)):
        care.report(ref, "Cold", street.who("Idris"))
        care.report(ref, "Cold", street.who("Walter"))
        care.decide(looks()[0].id, "shown", "It is meant to be cold", street.who("Cass"))
    assert send(2) == 0, "told already"


def test_one_for_all_places_and_groups_and_nothing_of_whom_one_blocked(street: Street) -> None:
    street.found("Riverside Club", "Maya")
    with transaction():
        db.session.get_one(Organisation, street.groups["Riverside Club"]).area_id = street.areas["riverside"]
    talk = street.write("Idris", street.put_up("Maya", "A chair"))
    weekly.ask(street.who("Maya").id, "all")
    weekly.ask(street.who("Walter").id, "all")
    talks.close(talk, street.who("Maya"), block=True)
    with clock.held_at(clock.now() + timedelta(minutes=5)):
        street.put_up("Walter", "For Riverside", area="riverside", reach="area")
        street.put_up("Cass", "For Mossgate", reach="area")
        street.put_up("Idris", "From Idris")
        street.put_up("Maya", "From the club", group="Riverside Club")
        unwanted = street.put_up("Olga", "Not for Maya")
        suggestions.not_this(unwanted, street.who("Maya"))
    assert send() == 2 and len(letters("Maya")) == 1
    body = letters("Maya")[0].body
    assert "For Riverside" in body and "For Mossgate" in body and not any(words in body for words in ("Idris", "club", "Not for Maya"))
    assert "From Idris" in letters("Walter")[0].body and "For Mossgate" not in letters("Walter")[0].body


def test_what_may_fit_comes_first_or_alone(street: Street) -> None:
    street.put_up("Maya", "To borrow a ladder", kind="wish", sort="lend")
    for name in ("Maya", "Idris"):
        weekly.ask(street.who(name).id, "mine")
    with clock.held_at(clock.now() + timedelta(minutes=5)):
        street.put_up("Walter", "A long ladder", sort="lend")
        street.put_up("Walter", "Jar with a lid")
    assert send() == 1, "Idris has nothing on the boards"
    one = letters("Maya")[0]
    assert (
        "It may fit what you wrote: “To borrow a ladder”. Same words: ladder; Same sort: Things to lend" in one.body
        and "Jar" not in one.body
    )
    weekly.ask(street.who("Maya").id, "all")
    with clock.held_at(LETTER + timedelta(days=2)):
        street.put_up("Olga", "My ladder", sort="lend")
        for number in range(14):
            street.put_up(("Walter", "Cass")[number % 2], f"Jar {'abcdefghijklmn'[number] * 4}")
    assert send(1) == 1
    body = letters("Maya")[1].body
    assert body.index("My ladder") < body.index("Jar") and "And 3 more on the boards" in body and "long ladder" not in body
    assert letters("Maya")[1].subject == "15 new gifts and wishes near you"


def test_who_changes_to_everything_hears_what_is_new_since_the_last_thursday(street: Street) -> None:
    maya = street.who("Maya").id
    weekly.ask(maya, "mine")
    with clock.held_at(clock.now() + timedelta(minutes=5)):
        street.put_up("Idris", "Months old", days=90)
    assert send() == 0 == send(1), "nothing fits"
    with clock.held_at(LETTER + timedelta(days=8)):
        weekly.ask(maya, "all")
        street.put_up("Idris", "This week")
    assert send(2) == 1
    assert "This week" in letters("Maya")[0].body and "Months old" not in letters("Maya")[0].body


def test_asking_changing_stopping(street: Street) -> None:
    maya = street.who("Maya").id
    weekly.stop(maya)
    weekly.ask(maya, "all")
    asked = setting("Maya", street).asked_at
    with clock.held_at(LETTER + timedelta(hours=1)):
        weekly.ask(maya, "all")
        weekly.ask(maya, "mine")
        assert (setting("Maya", street).asked_at, setting("Maya", street).what) == (asked, "mine")
        weekly.stop(maya)
        weekly.stop(maya)
        weekly.ask(maya, "all")
        street.put_up("Idris", "After five")
    assert send(hours=3) == 0, "asked for after the hour: the next week"
    assert send(1) == 1
    with pytest.raises(Refused, match="what it tells"):
        weekly.ask(maya, "some")
    with transaction():
        db.session.get_one(Person, street.who("Idris").id).email = None
    with pytest.raises(Refused, match="e-mail"):
        weekly.ask(street.who("Idris").id, "all")
    with transaction():
        db.session.get_one(Person, maya).email = None
    with clock.held_at(LETTER + timedelta(days=8)):
        street.put_up("Idris", "Nowhere to send it")
    assert send(2) == 0


def test_taken_along_and_forgotten(street: Street) -> None:
    maya = street.who("Maya")
    weekly.ask(maya.id, "all")
    token = weekly.token_of(setting("Maya", street))
    with clock.held_at(clock.now() + timedelta(minutes=5)):
        ref = street.put_up("Idris", "Soup for six")
        suggestions.not_this(street.put_up("Idris", "Old stew"), maya)
    send()
    held = all_about(maya.id)["what fits on the boards"]
    assert held["weekly letter"]["tells"] == "all" and held["weekly letter"]["told"] == [ref] and len(held["not this one"]) == 1
    assert all_about(street.who("Walter").id)["what fits on the boards"] == {"weekly letter": None, "not this one": []}
    delete_me(maya.id, Actor(maya.id))
    db.session.rollback()
    assert db.session.get(GiftWeekly, maya.id) is None and db.session.scalar(select(func.count()).select_from(GiftTold)) == 0
    for wrong in (token, token[:-1] + "x", "GWK-2222-2222-0000", "nonsense", ""):
        with pytest.raises(NotFound):
            weekly.by_token(wrong)


def test_two_workers_send_one(store: Store) -> None:
    with store.app.app_context():
        with clock.held_at(LETTER - timedelta(days=1)):
            street = open_street()
            weekly.ask(street.who("Maya").id, "all")
        with clock.held_at(LETTER - timedelta(hours=20)):
            street.put_up("Idris", "Soup for six")
        db.session.remove()
    look = f"__import__('portal.clock', fromlist=['x']).held_at(__import__('datetime').datetime.fromisoformat({LETTER.isoformat()!r}))"
    call = f"(lambda held: (held.__enter__(), __import__('portal.gifts.weekly', fromlist=['x']).send(), held.__exit__(None, None, None))[1])({look})"
    assert sorted(said for _how, said in race(store, [call] * 3)) == [0, 0, 1]
    with store.app.app_context():
        assert len(letters()) == 1
        db.session.remove()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_one_tap_on_each_page(app: Flask, street: Street) -> None:
    maya = Inspector(app, budget=8).sign_in(street.who("Maya").id)
    maya.get("/gifts/")
    assert "You do not get it" in maya.text
    maya.submit("Tell me what is new").follow()
    assert "what is new near you" in maya.text and "Done." in maya.text and "Tell me what is new" not in maya.text
    assert "what is new near you" in maya.get("/gifts/").text
    maya.get("/people/me")
    assert "what is new near you. When nothing is new, nothing comes." in maya.text
    maya.submit("Only what may fit mine").follow()
    link = f"/gifts/weekly/by/{weekly.token_of(setting('Maya', street))}"
    scanner = Inspector(app, budget=8)
    scanner.get(link).get(link)
    assert setting("Maya", street).stopped_at is None, "looking changes nothing"
    assert "what may fit" in scanner.text and "Maya" not in scanner.text and "example.org" not in scanner.text
    scanner.submit("No weekly letter").follow()
    assert "Stopped" in scanner.text and setting("Maya", street).stopped_at is not None
    scanner.submit("Tell me what is new").follow()
    assert setting("Maya", street).stopped_at is None
    button = Inspector(app, budget=8)
    button.post(link, {}, status=400).post(link, {"List-Unsubscribe": "No"}, status=400)
    assert setting("Maya", street).stopped_at is None
    for _twice in range(2):
        answer = button.client.post(link, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200 and "You do not get it" in answer.text, "no session, no token of a page, no redirect"
        assert setting("Maya", street).stopped_at is not None
    button.post(link[:-1] + "-", {"List-Unsubscribe": "One-Click"}, status=404)
    weekly.ask(street.who("Maya").id, "all")
    scanner.get(link[:-1] + "-", status=404).get("/gifts/weekly", status=303)
    with transaction():
        db.session.get_one(Person, street.who("Maya").id).email = None
    assert "Add your e-mail address first" in maya.get("/people/me").text
    maya.get("/gifts/weekly").submit("Only what may fit mine").follow()
    assert "It comes by e-mail" in maya.text
