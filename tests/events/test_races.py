"""Many at once at one event: real processes on both engines."""

from datetime import UTC, datetime, time

import pytest
from sqlalchemy import func, select, text

from portal import clock
from portal.db import db, transaction
from portal.events import queries
from portal.events.model import Gathering, Guest
from portal.outbox import Message
from tests.conftest import Store
from tests.events.fair import Fair, open_fair
from tests.races import race, ways

EVENT = "__import__('portal.events.{0}', fromlist=['x'])"
COMING, CHECKIN, PLANNING = (EVENT.format(each) for each in ("coming", "checkin", "planning"))
ASKED = f"{COMING}.Asked"
NOBODY = "__import__('portal.people.access', fromlist=['x']).Nobody()"
MANY = 12


@pytest.fixture
def fair(store: Store) -> Fair:
    with store.app.app_context():
        made = open_fair()
        for number in range(MANY):
            made.bank.join(f"Helper {number}")
        db.session.remove()
        return made


def opened(store: Store, fair: Fair, **changes: object) -> str:
    """An event of today, until the last minute."""
    with store.app.app_context():
        with clock.held_at(datetime.combine(clock.today(), time(0, 5), clock.LONDON).astimezone(UTC)):
            ref = fair.opened(day=clock.today(), starts=time(0, 10), ends=time(23, 59, 59), **changes)  # type: ignore[arg-type]
        db.session.remove()
        return ref


def helpers(fair: Fair) -> list[str]:
    return [f"Helper {number}" for number in range(MANY)]


def test_the_last_places(store: Store, fair: Fair) -> None:
    ref = opened(store, fair, places=5, friends=1)
    calls = [f"{COMING}.come({ref!r}, {ASKED}(2), {fair.who(name)!r}, once_key={name!r}).state" for name in helpers(fair)[:8]]
    calls += [f"{COMING}.come({ref!r}, {ASKED}(2, name={name!r}), {NOBODY}, once_key={name!r}).state" for name in helpers(fair)[8:]]
    results = race(store, calls)
    assert sorted(str(said) for _what, said in results) == ["going"] * 2 + ["waiting"] * (MANY - 2)
    with store.app.app_context():
        going = [row.person_id for row in queries.guests(queries.by_ref(ref)) if row.state == "going"]
        waiting = [row.id for row in queries.guests(queries.by_ref(ref)) if row.state == "waiting"]
        db.session.remove()
    by_id = {fair.who(name).id: name for name in helpers(fair)}
    off = [f"{COMING}.cannot_come({ref!r}, {fair.who(by_id[id_])!r})" for id_ in going if id_ is not None]
    if off:
        assert ways(race(store, off)) == ["done"] * len(off)
    with store.app.app_context():
        assert queries.taken(queries.by_ref(ref)) == 4
        moved = [row.id for row in queries.guests(queries.by_ref(ref)) if row.state == "going" and row.id in waiting]
        assert moved == waiting[: len(off)]  # who waited longest
        db.session.remove()


def test_one_person_twice_and_an_account_beside_its_address(store: Store, fair: Fair) -> None:
    ref = opened(store, fair, places=3)
    who = fair.who("Helper 0")
    calls = [f"{COMING}.come({ref!r}, {ASKED}(), {who!r}, once_key='{turn}').state" for turn in range(4)]
    calls += [
        f"{COMING}.come({ref!r}, {ASKED}(name='H', email='helper.0@example.org'), {NOBODY}, once_key='n{turn}').state" for turn in range(4)
    ]
    assert ways(race(store, calls)) == ["done"] * 8
    with store.app.app_context():
        assert queries.taken(queries.by_ref(ref)) == 1 and db.session.scalar(select(func.count(Guest.id))) == 1
        db.session.remove()


def test_cancelled_twice_while_people_check_in(store: Store, fair: Fair) -> None:
    """Whoever was checked in before stays, everybody else is told that it was cancelled; it is cancelled once."""
    ref = opened(store, fair)
    with store.app.app_context():
        for name in helpers(fair):
            fair.come(ref, name)
        token, code = queries.token_of(fair.event(ref)), fair.event(ref).code
        db.session.remove()
    here = f"{CHECKIN}.Here()"
    calls = [f"{CHECKIN}.here_by_token({token!r}, {here}, {fair.who(name)!r}, once_key='x')" for name in helpers(fair)[:6]]
    calls += [f"{CHECKIN}.here_by_code({code!r}, {here}, {fair.who(name)!r}, once_key='x')" for name in helpers(fair)[6:]]
    calls[4:4] = [f"{PLANNING}.cancel({ref!r}, 'A pipe burst.', {fair.who(name)!r}).count" for name in ("Cass", "Olga")]
    results = race(store, calls)
    assert sorted(said for what, said in results[4:6]) == [0, 1]
    arrived = sum(what == "done" for what, _said in results[:4] + results[6:])
    with store.app.app_context():
        event = queries.by_ref(ref)
        there = [row for row in queries.guests(event) if row.here_at is not None]
        assert event.status == "cancelled" and len(there) == arrived
        told = db.session.scalars(select(Message).where(Message.key.like(f"gathering:{event.id}:cancelled:%"))).all()
        assert len(told) == MANY and sum("stay counted" in each.body for each in told) == arrived
        db.session.remove()


def test_checked_in_by_everybody_at_once_counts_once(store: Store, fair: Fair) -> None:
    ref = opened(store, fair, friends=2)
    with store.app.app_context():
        fair.come(ref, "Helper 0", 3)
        token, row = queries.token_of(fair.event(ref)), fair.rows(ref)["Helper 0"].ref
        db.session.remove()
    here, who = f"{CHECKIN}.Here()", fair.who("Helper 0")
    calls = [f"{CHECKIN}.here_by_token({token!r}, {here}, {who!r}, once_key='x')" for _turn in range(4)]
    calls += [f"{CHECKIN}.tap({ref!r}, {CHECKIN}.Tap('here', {row!r}), {fair.who('Cass')!r}, once_key='{turn}')" for turn in range(3)]
    calls += [
        f"{CHECKIN}.here_by_token({token!r}, {here}, {fair.who('Helper 1')!r}, once_key='x')" for _turn in range(4)
    ]  # had not said so
    assert ways(race(store, calls)) == ["done"] * 11
    with store.app.app_context():
        assert fair.there(ref) == {"Helper 0": 3, "Helper 1": 1}
        db.session.remove()


def test_the_last_place_past_our_own_rules(store: Store, fair: Fair) -> None:
    """What the database itself says when two take the last place without asking us."""
    ref = opened(store, fair, places=1)
    with store.app.app_context():
        id_ = db.session.scalar(select(Gathering.id).where(Gathering.ref == ref))
        with transaction():
            for number in range(2):
                db.session.execute(
                    text(
                        "INSERT INTO gathering_guest (ref, gathering_id, name, party, state, asked_at, hear, entered_by, sheet) "
                        "VALUES (:ref, :id, 'N', 1, 'waiting', :at, :no, 'scheme', '')"
                    ),
                    {"ref": f"GST-{number}", "id": id_, "at": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), "no": False},
                )
        db.session.remove()
    calls = [f"__import__('tests.events.test_races', fromlist=['x']).push('GST-{number}')" for number in range(2)]
    assert ways(race(store, calls)) == ["done", "done"]
    with store.app.app_context():
        assert queries.taken(queries.by_ref(ref)) == 1
        db.session.remove()


def push(ref: str) -> str:
    """Take a place without asking; "full" when the database refuses."""
    from sqlalchemy.exc import IntegrityError

    try:
        with transaction():
            db.session.execute(text("UPDATE gathering_guest SET state = 'going' WHERE ref = :ref"), {"ref": ref})
    except IntegrityError:
        return "full"
    return "in"
