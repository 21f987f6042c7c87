"""Two officers at one appeal, two taps at once, an answer while it is taken back: real processes on both engines."""

import pytest

from portal.db import db
from portal.grants import appeals, decide
from portal.outbox import messages_about
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin, person
from tests.races import race, ways

ACTS = "__import__('portal.grants.appeals', fromlist=['make'])"


@pytest.fixture
def season(store: Store) -> Season:
    with store.app.app_context():
        made = begin()
        for name in ("Hana", "Ivo"):
            made.people[name] = person(name, "officer")
        db.session.remove()
        return made


def refused(season: Season) -> str:
    ref = season.decided(season.sent(), "no")
    decide.write_letter(ref, "No.", (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    return ref


def test_four_taps_make_one_appeal(store: Store, season: Season) -> None:
    with store.app.app_context():
        bid = refused(season)
        db.session.remove()
    results = race(
        store, [f"{ACTS}.make({bid!r}, 'tie', 'x', Actor({season.who('Rita').id}), once_key='tap{number // 2}')" for number in range(4)]
    )
    assert ways(results) == ["done", "done", "refused", "refused"], "each tap twice; and one appeal for one letter"
    with store.app.app_context():
        made = [each for each in messages_about(f"bid:{season.bid(bid).id}") if ":received:" in each.key]
        assert len(made) == 1
        assert_books_are_right()


def test_two_officers_answer_at_once(store: Store, season: Season) -> None:
    """One says yes and the other no: the first counts, the other is told by whom it was answered."""
    with store.app.app_context():
        bid = refused(season)
        ref = appeals.make(bid, "tie", "x", season.actor("Rita"))
        db.session.remove()
    results = race(
        store,
        [
            f"{ACTS}.answer({ref!r}, 'open', {upheld}, 'Because.', (), True, Actor({season.who(name).id}))"
            for name, upheld in (("Hana", True), ("Ivo", False))
        ],
    )
    assert ways(results) == ["done", "refused"]
    first = "Hana" if results[0][0] == "done" else "Ivo"
    assert f"{first} has answered this already." in [said for what, said in results if what == "refused"]
    with store.app.app_context():
        one = appeals.appeal_by_ref(ref)
        assert (one.answered_by_id, one.status) == (season.who(first).id, "closed" if first == "Hana" else "answered")
        assert season.bid(bid).status == ("sent" if first == "Hana" else "declined")
        told = [each.key for each in messages_about(f"bid:{one.application_id}") if each.key.endswith((":answered", ":closed"))]
        assert len(told) == 1
        assert_books_are_right()


def test_answered_and_taken_back_at_once(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref = appeals.make(refused(season), "tie", "x", season.actor("Rita"))
        db.session.remove()
    results = race(
        store,
        [
            f"{ACTS}.answer({ref!r}, 'open', False, 'Because.', (), True, Actor({season.who('Hana').id}))",
            f"{ACTS}.withdraw({ref!r}, Actor({season.who('Rita').id}))",
        ],
    )
    assert ways(results) == ["done", "refused"]
    with store.app.app_context():
        assert appeals.appeal_by_ref(ref).outcome == ("not_upheld" if results[0][0] == "done" else "withdrawn")
        assert_books_are_right()


def test_two_workers_close_and_remind_once(store: Store, season: Season) -> None:
    later = "(held := __import__('portal.clock', fromlist=['x']).held_at(__import__('portal.clock', fromlist=['x']).now() + __import__('datetime').timedelta(days=40)))"
    with store.app.app_context():
        ref = appeals.make(refused(season), "tie", "x", season.actor("Rita"))
        db.session.remove()
    results = race(store, [f"[{later}.__enter__(), {ACTS}.remind()][1]"] * 3)
    assert sum(int(said or 0) for _what, said in results) == 1
    with store.app.app_context():
        appeals.answer(ref, "open", False, "Because.", (), True, season.actor("Hana"))
        db.session.remove()
    results = race(store, [f"[{later}.__enter__(), {ACTS}.close_unasked()][1]"] * 3)
    assert sum(int(said or 0) for _what, said in results) == 1
    with store.app.app_context():
        assert_books_are_right()
