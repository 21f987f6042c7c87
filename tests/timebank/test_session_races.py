"""Many at once at one session: real processes on both engines."""

from datetime import time

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.ledger import queries as books
from portal.money import Minutes
from portal.timebank import checkin, members, sessions
from portal.timebank.sessions_model import Attendance, SignUp, TimeSession
from tests.conftest import Store
from tests.races import race, ways
from tests.timebank.bank import Bank, assert_books_are_right, open_bank

SESSIONS = "__import__('portal.timebank.sessions', fromlist=['sign_up'])"
CHECKIN = "__import__('portal.timebank.checkin', fromlist=['tap'])"
CLOSING = "__import__('portal.timebank.session_closing', fromlist=['close'])"
MANY = 16


@pytest.fixture
def bank(store: Store) -> Bank:
    with store.app.app_context():
        made = open_bank()
        for number in range(MANY):
            made.join(f"Helper {number}")
        db.session.remove()
        return made


def opened(store: Store, bank: Bank, places: int | None = None) -> tuple[str, str]:
    """(a session of today, the token of its poster)."""
    with store.app.app_context():
        plan = sessions.Plan("Pick", "", "events", bank.areas["mossgate"], "Creek", clock.today(), time(10), time(12), Minutes(60), places)
        ref = sessions.open_session(plan, f"member:{bank.cards['Maya']}", bank.who("Maya"), once_key="race")
        token = sessions.token_of(sessions.by_ref(ref))
        db.session.remove()
        return ref, token


def helpers(bank: Bank) -> list[str]:
    return [f"Helper {number}" for number in range(MANY)]


def test_the_last_places_for_sixteen(store: Store, bank: Bank) -> None:
    ref, _token = opened(store, bank, 3)
    calls = [f"{SESSIONS}.sign_up({ref!r}, {bank.cards[name]!r}, {bank.who(name)!r})" for name in helpers(bank)]
    results = race(store, calls)
    assert sorted(said for _what, said in results) == ["going"] * 3 + ["waiting"] * (MANY - 3)
    with store.app.app_context():
        numbers = db.session.scalars(select(SignUp.number).where(SignUp.number.is_not(None)).order_by(SignUp.number)).all()
        assert numbers == [1, 2, 3]
        db.session.remove()
    going = [name for name, (_what, said) in zip(helpers(bank), results, strict=True) if said == "going"]
    calls = [f"{SESSIONS}.take_off({ref!r}, {bank.cards[name]!r}, {bank.who(name)!r})" for name in going]
    assert ways(race(store, calls)) == ["done"] * 3
    with store.app.app_context():
        rows = sessions.sign_ups(sessions.by_ref(ref))
        assert [row.state for row in rows] == ["going"] * 3 + ["waiting"] * (MANY - 6)
        first = [row.member_id for row in sorted(rows, key=lambda row: (row.asked_at, row.id))][:3]
        assert {row.member_id for row in rows if row.state == "going"} == set(first)  # who waited longest
        db.session.remove()


def test_closed_by_sixteen_at_once_is_one_entry(store: Store, bank: Bank) -> None:
    ref, token = opened(store, bank)
    with store.app.app_context():
        for name in helpers(bank)[:5]:
            checkin.here_by_token(token, bank.who(name))
        db.session.remove()
    results = race(store, [f"{CLOSING}.close({ref!r}, {60 + 15 * (turn % 2)}, {{}}, {bank.who('Maya')!r}).ref" for turn in range(MANY)])
    assert ways(results) == ["done"] * MANY
    with store.app.app_context():
        session = sessions.by_ref(ref)
        assert len(books.entries_about(f"session:{session.id}")) == 1
        figures = {int(each or 0) for each in db.session.scalars(select(Attendance.minutes))}
        assert figures in ({60}, {75}) and books.balance(f"member:{bank.cards['Maya']}") == -5 * figures.pop()
        assert_books_are_right()
        db.session.remove()


def test_checked_in_and_closed_at_the_same_moment(store: Store, bank: Bank) -> None:
    """Whoever is in the list when it is closed has hours; whoever comes too late is told so. Nobody is in the list without a figure."""
    ref, token = opened(store, bank)
    with store.app.app_context():
        checkin.here_by_token(token, bank.who("Idris"))
        db.session.remove()
    calls = [f"{CHECKIN}.here_by_token({token!r}, {bank.who(name)!r})" for name in helpers(bank)[:-1]]
    results = race(store, [*calls, f"{CLOSING}.close({ref!r}, 60, {{}}, {bank.who('Maya')!r}).ref"])
    assert results[-1][0] == "done"
    came = sum(what == "done" for what, _said in results[:-1])
    with store.app.app_context():
        assert db.session.scalar(select(func.count()).where(Attendance.minutes == 60)) == came + 1
        assert db.session.scalar(select(func.count()).where(Attendance.minutes.is_(None))) == 0
        assert all("closed already" in said for what, said in results[:-1] if what == "refused")
        assert_books_are_right()
        db.session.remove()


def test_one_person_checked_in_by_sixteen_taps(store: Store, bank: Bank) -> None:
    ref, token = opened(store, bank)
    tap = f"{CHECKIN}.Tap('here', {bank.cards['Idris']!r})"
    calls = [f"{CHECKIN}.tap({bank.who('Maya')!r}, {ref!r}, {tap}, once_key={str(turn // 2)!r})" for turn in range(MANY // 2)]
    calls += [f"{CHECKIN}.here_by_token({token!r}, {bank.who('Idris')!r})"] * (MANY // 2)
    assert ways(race(store, calls)) == ["done"] * MANY
    with store.app.app_context():
        assert [members.name_of(row.member) for row in checkin.there(sessions.by_ref(ref)) if row.member] == ["Idris"]
        db.session.remove()


def test_wrong_codes_at_once_are_all_counted(store: Store, bank: Bank) -> None:
    opened(store, bank)
    with store.app.app_context():
        code = db.session.scalar(select(TimeSession.code)) or ""
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        db.session.remove()
    assert ways(race(store, [f"{CHECKIN}.here_by_code({wrong!r}, {bank.who('Idris')!r})"] * MANY)) == ["refused"] * MANY
    results = race(store, [f"{CHECKIN}.here_by_code({code!r}, {bank.who('Idris')!r})"])
    assert results[0][0] == "refused" and "too often" in results[0][1]


def test_one_line_put_right_by_sixteen(store: Store, bank: Bank) -> None:
    ref, token = opened(store, bank)
    with store.app.app_context():
        checkin.here_by_token(token, bank.who("Idris"))
        db.session.remove()
    assert ways(race(store, [f"{CLOSING}.close({ref!r}, 60, {{}}, {bank.who('Maya')!r}).ref"])) == ["done"]
    with store.app.app_context():
        row = db.session.scalar(select(Attendance.id))
        db.session.remove()
    calls = [f"{CLOSING}.put_right({ref!r}, {row}, 120, 'Longer', {bank.who('Cass')!r}, shown=60)"] * (MANY - 1)
    results = race(store, [*calls, f"{CLOSING}.reverse_all({ref!r}, 'Wrong', {bank.who('Olga')!r})"])
    assert ways(results[:-1]).count("done") in (0, 1)  # none when all of it was taken back first
    with store.app.app_context():
        assert books.balance(f"member:{bank.cards['Idris']}") == 0 and results[-1][0] == "done"
        assert_books_are_right()
        db.session.remove()
