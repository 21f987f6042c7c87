"""An event and a session of the timebank at once: one check-in for both, hours by the timebank's rules."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotYours, Refused
from portal.events import checkin, planning, queries
from portal.events.checkin import Tap
from portal.ledger.posting import Line, post
from portal.money import Minutes
from portal.outbox import Message
from portal.timebank import at_events, members, session_closing, sessions
from portal.timebank import checkin as at_session
from tests.conftest import Store
from tests.events.fair import MONDAY, ON_SATURDAY, SATURDAY, Fair, open_fair
from tests.events.test_races import CHECKIN, PLANNING, opened
from tests.races import race, ways
from tests.timebank.bank import assert_books_are_right

AT_EVENTS = "__import__('portal.timebank.at_events', fromlist=['x'])"
AT_SESSION = "__import__('portal.timebank.checkin', fromlist=['x'])"


@pytest.fixture
def fair(app: Flask) -> Iterator[Fair]:
    with clock.held_at(MONDAY):
        yield open_fair()


def fill_pot(minutes: int) -> None:
    """Hours for the community pot, out of nowhere."""
    with transaction():
        lines = [Line(members.ISSUE, "pot:mossgate", Minutes(minutes))]
        post(lines, key="pot", kind="starting credit", about="test", sentence="Starting credit", actor="scheme")


def session_for(fair: Fair, ref: str, by: str = "Cass") -> str:
    return at_events.open_for(ref, fair.who(by), once_key=fair.key())


def at(fair: Fair, session: str) -> set[str]:
    db.session.rollback()
    return {at_session.label(row) for row in at_session.there(sessions.by_ref(session))}


def test_one_tap_opens_it_and_one_check_in_does_for_both(fair: Fair) -> None:
    ref = fair.opened()
    fair.come(ref, "Idris")
    session = session_for(fair, ref)
    assert session_for(fair, ref) == session  # one event, one session
    made = sessions.by_ref(session)
    assert (made.day, made.minutes, made.title, sessions.payer_name(made)) == (SATURDAY, 180, "Ideas fair", "the community pot of Mossgate")
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Idris")
        at_session.here_by_token(sessions.token_of(sessions.by_ref(session)), fair.who("Maya"))  # the other way round
        checkin.tap(ref, Tap("new", name="A stranger"), fair.who("Cass"), once_key="1")
        assert at(fair, session) == {"Idris", "Maya"} and fair.there(ref) == {"Idris": 1, "Maya": 1, "A stranger": 1}
        checkin.tap(ref, Tap("away", fair.rows(ref)["Maya"].ref), fair.who("Cass"), once_key="2")
        assert at(fair, session) == {"Idris"}
        fill_pot(600)
        session_closing.close(session, 180, {}, fair.who("Cass"), basis="in person")
        fair.here(ref, "Walter")  # too late for hours, and counted
        assert fair.there(ref).keys() == {"Idris", "A stranger", "Walter"} and at(fair, session) == {"Idris"}
    assert fair.bank.has("Idris") == 180
    assert_books_are_right()


def test_who_was_there_before_it_was_opened_is_there(fair: Fair) -> None:
    ref = fair.opened()
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Idris")
    with clock.held_at(ON_SATURDAY + timedelta(days=2)):
        assert at(fair, session_for(fair, ref)) == {"Idris"}


def test_whose_hours(fair: Fair) -> None:
    hub = fair.group("Mossgate Hub", "Idris")
    by_group, by_neighbour = fair.opened("Idris", hub), fair.opened("Maya")
    planning.say_yes(by_neighbour, fair.who("Cass"))
    assert sessions.payer_name(sessions.by_ref(session_for(fair, by_group, "Idris"))) == "Mossgate Hub"
    assert sessions.payer_name(sessions.by_ref(session_for(fair, by_neighbour, "Maya"))) == "Maya"
    with pytest.raises(NotYours):
        session_for(fair, by_group, "Walter")
    held = fair.opened("Maya")
    with pytest.raises(Refused, match="not in the calendar"):
        session_for(fair, held, "Maya")


def test_a_member_who_takes_a_break_is_counted_without_hours(fair: Fair) -> None:
    ref = fair.opened()
    session = session_for(fair, ref)
    members.set_member(
        fair.bank.cards["Idris"], area_id=fair.bank.areas["mossgate"], seen_outside=True, paused=True, actor=fair.bank.actor("Idris")
    )
    with clock.held_at(ON_SATURDAY):
        fair.here(ref, "Idris")
    assert fair.there(ref) == {"Idris": 1} and at(fair, session) == set()


def test_moved_and_cancelled_together(fair: Fair) -> None:
    ref, other = fair.opened(), fair.opened()
    session, kept = session_for(fair, ref), session_for(fair, other)
    planning.change(ref, fair.plan(day=SATURDAY + timedelta(days=1), title="Fair"), fair.who("Cass"), shown=1)
    moved = sessions.by_ref(session)
    assert (moved.day, moved.title) == (SATURDAY + timedelta(days=1), "Fair")
    planning.cancel(ref, "Rain.", fair.who("Cass"))
    db.session.rollback()
    assert (sessions.by_ref(session).status, sessions.by_ref(session).reason) == ("cancelled", "Rain.")
    with clock.held_at(ON_SATURDAY):
        fair.here(other, "Idris")
        planning.cancel(other, "A pipe burst.", fair.who("Cass"))
        db.session.rollback()
        assert sessions.by_ref(kept).status == "open"  # so that the hours that were given are given
        fill_pot(600)
        session_closing.close(kept, 60, {}, fair.who("Cass"), basis="in person")
    assert fair.bank.has("Idris") == 60
    assert_books_are_right()


def test_why_it_was_cancelled_is_said_anew_in_both(fair: Fair) -> None:
    ref, own = fair.opened(), fair.opened()
    session, by_itself = session_for(fair, ref), session_for(fair, own)
    for each in (session, by_itself):
        sessions.sign_up(each, fair.bank.cards["Idris"], fair.who("Idris"))
    sessions.cancel(by_itself, "No tools.", fair.who("Cass"))
    for each in (ref, own):
        planning.cancel(each, "Rain.", fair.who("Cass"))
    for _twice in range(2):
        planning.say_why_again(ref, "The roof lets the rain in.", fair.who("Cass"))
        planning.say_why_again(own, "The roof lets the rain in.", fair.who("Cass"))
    db.session.rollback()
    assert [sessions.by_ref(each).reason for each in (session, by_itself)] == ["The roof lets the rain in.", "No tools."]
    told = list(db.session.scalars(select(Message).where(Message.key.like("session:%:reason:%"))))
    assert [(each.to_name, "The roof lets the rain in." in each.body, "The roof lets" in each.short) for each in told] == [
        ("Idris", True, True)
    ]
    with clock.held_at(ON_SATURDAY + timedelta(days=1)):
        planning.say_why_again(ref, "The roof.", fair.who("Cass"))
        db.session.rollback()
    assert sessions.by_ref(session).reason == "The roof."
    assert db.session.scalar(select(func.count()).select_from(Message).where(Message.key.like("session:%:reason:%"))) == 1, (
        "its day is over"
    )


def test_two_sessions_of_one_event_are_none(fair: Fair) -> None:
    ref = fair.opened()
    session = session_for(fair, ref)
    plan = at_events._plan(fair.event(ref))
    sessions.open_session(plan, "pot:mossgate", fair.who("Cass"), once_key="other")
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(f"UPDATE time_session SET gathering_id = (SELECT gathering_id FROM time_session WHERE ref = '{session}')"))


def test_checked_in_here_and_there_while_it_is_cancelled(store: Store) -> None:
    """Each way holds the event first: nobody waits for the other for ever, and everybody is in both lists or in none."""
    with store.app.app_context():
        fair = open_fair()
        for number in range(8):
            fair.bank.join(f"Helper {number}")
        db.session.remove()
    ref = opened(store, fair)
    with store.app.app_context():
        session = session_for(fair, ref)
        event, door = queries.token_of(fair.event(ref)), sessions.token_of(sessions.by_ref(session))
        db.session.remove()
    calls = []
    for number in range(8):
        who = fair.who(f"Helper {number}")
        calls.append(f"{CHECKIN}.here_by_token({event!r}, {CHECKIN}.Here(), {who!r}, once_key='x')")
        calls.append(f"{AT_SESSION}.here_by_token({door!r}, {who!r})")
    calls.append(f"{AT_EVENTS}.open_for({ref!r}, {fair.who('Olga')!r}, once_key='again')")
    calls.append(f"{PLANNING}.cancel({ref!r}, 'A pipe burst.', {fair.who('Cass')!r}).count")
    results = race(store, calls)
    assert results[-1] == ("done", 1) and set(ways(results)) <= {"done", "refused"}
    with store.app.app_context():
        there, here = fair.there(ref).keys(), at(fair, session)
        assert set(there) <= here and fair.event(ref).status == "cancelled"
        assert sessions.by_ref(session).status == ("open" if here else "cancelled")
        db.session.remove()


def test_opened_while_it_is_cancelled(store: Store) -> None:
    """Whichever comes first: no session stands open for an event that is off."""
    with store.app.app_context():
        fair = open_fair()
        db.session.remove()
    refs = [opened(store, fair) for _event in range(3)]
    calls = []
    for ref in refs:
        calls.append(f"{AT_EVENTS}.open_for({ref!r}, {fair.who('Cass')!r}, once_key={ref!r})")
        calls.append(f"{PLANNING}.cancel({ref!r}, 'A pipe burst.', {fair.who('Cass')!r}).count")
    results = race(store, calls)
    assert results[1::2] == [("done", 1)] * 3
    with store.app.app_context():
        for ref, (way, _said) in zip(refs, results[::2], strict=True):
            session = at_events.session_of(fair.event(ref))
            assert fair.event(ref).status == "cancelled" and (session is not None) == (way == "done")
            assert session is None or sessions.by_ref(session).status == "cancelled"
        db.session.remove()
