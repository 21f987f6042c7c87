"""Sixteen phones at one float, two chairs at one request: real processes on both engines."""

from pathlib import Path

import pytest

from portal.db import db
from portal.grants import floats
from portal.ledger import queries as books
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right
from tests.grants.sparks import FREE, asked, granted, held, season_with_connectors, spend, voted
from tests.races import race, ways

QUICK = "__import__('portal.grants.quick', fromlist=['spend'])"
PATIENT = "__import__('tests.grants.sparks', fromlist=['patient'])"
FLOATS = "__import__('portal.grants.floats', fromlist=['ask'])"
WHO = "__import__('portal.people.access', fromlist=['Who']).Who({id}, 'x', 'x', None, frozenset({roles}))"
CLOSE = "__import__('portal.panels.actions', fromlist=['close']).close({who}, {panel!r}, {matter!r})"


@pytest.fixture
def season(store: Store) -> Season:
    with store.app.app_context():
        made = season_with_connectors(300_00)
        db.session.remove()
        return made


def tap(season: Season, float_ref: str, folder: Path, once_key: str, amount: int = 15_00) -> str:
    given = f"{QUICK}.Given('A kettle', '', 1, {amount}, today(), 'shop', 'Corner Hardware', True)"
    return f"{PATIENT}.patient(lambda: {QUICK}.spend({float_ref!r}, {given}, None, None, '', Path({str(folder)!r}), Actor({season.who('Gus').id}), once_key={once_key!r}))"


def test_sixteen_at_one_float(store: Store, season: Season, tmp_path: Path) -> None:
    with store.app.app_context():
        ref = granted(season, 100_00).ref
        db.session.remove()
    results = race(store, [tap(season, ref, tmp_path, f"phone {number}") for number in range(16)])
    assert ways(results) == ["done"] * 6 + ["refused"] * 10
    assert all(str(said).startswith("Your float holds £10.00") for what, said in results if what == "refused")
    with store.app.app_context():
        assert held(season).balance == 10_00 == books.balance(floats.account(held(season)))
        assert_books_are_right()


def test_one_tap_sixteen_times(store: Store, season: Season, tmp_path: Path) -> None:
    with store.app.app_context():
        ref = granted(season, 100_00).ref
        db.session.remove()
    results = race(store, [tap(season, ref, tmp_path, "one")] * 16)
    assert len(set(results)) == 1 and results[0][0] == "done"
    with store.app.app_context():
        assert held(season).balance == 85_00
        assert_books_are_right()


def test_giving_and_taking_the_float_back_at_once(store: Store, season: Season, tmp_path: Path) -> None:
    with store.app.app_context():
        ref = granted(season, 100_00).ref
        made = spend(season, tmp_path).ref
        db.session.remove()
    olga = season.who("Olga").id
    race(
        store,
        [
            tap(season, ref, tmp_path, "a"), f"{FLOATS}.take_back({ref!r}, 'Over', Actor({olga}))", f"{QUICK}.put_right({made!r}, 'Wrong', Actor({olga}))",
            f"{FLOATS}.take_back({ref!r}, 'Over', Actor({olga}))", f"{QUICK}.put_right({made!r}, 'Wrong', Actor({olga}))", tap(season, ref, tmp_path, "b"),
        ],
    )  # fmt: skip
    with store.app.app_context():
        float_ = held(season)
        assert (float_.status, float_.balance) == ("closed", 0)
        assert books.balance(FREE) + float_.spent == 300_00
        assert_books_are_right()


def test_two_chairs_count_one_request(store: Store, season: Season) -> None:
    with store.app.app_context():
        matter = voted(season, asked(season))
        db.session.remove()
    call = CLOSE.format(who=WHO.format(id=season.who("Olga").id, roles=[("officer", None)]), panel=season.panel_ref, matter=matter)
    results = race(store, [call] * 4)
    assert ways(results) == ["done", "refused", "refused", "refused"]
    with store.app.app_context():
        assert held(season).balance == 100_00 and books.balance(FREE) == 200_00
        assert_books_are_right()


def test_two_panels_worth_of_money_for_one(store: Store, season: Season) -> None:
    """Two requests are counted at once, and the fund has money for one: the other is not counted at all."""
    with store.app.app_context():
        matters = [voted(season, asked(season, 200_00, who)) for who in ("Gus", "Cora")]
        db.session.remove()
    who = WHO.format(id=season.who("Olga").id, roles=[("officer", None)])
    results = race(store, [CLOSE.format(who=who, panel=season.panel_ref, matter=matter) for matter in matters])
    assert ways(results) == ["done", "refused"]
    with store.app.app_context():
        assert books.balance(FREE) == 100_00
        assert_books_are_right()


def test_a_count_and_a_request_taken_back_at_once(store: Store, season: Season) -> None:
    with store.app.app_context():
        request = asked(season)
        matter = voted(season, request)
        db.session.remove()
    olga = season.who("Olga").id
    close = CLOSE.format(who=WHO.format(id=olga, roles=[("officer", None)]), panel=season.panel_ref, matter=matter)
    results = race(store, [close, f"{FLOATS}.withdraw({request!r}, 'Typed twice', Actor({olga}))"])
    assert ways(results) == ["done", "refused"]
    with store.app.app_context():
        assert (held(season) is None) == (floats.request_by_ref(request).status == "withdrawn")
        assert_books_are_right()
