"""Two ask the same person, somebody stops while a note is written, both note the same pair: real processes on both engines."""

from collections.abc import Sequence

import pytest

from portal import clock
from portal.db import db
from tests.conftest import Store
from tests.connecting.village import notes, village
from tests.gifts.street import Street
from tests.gifts.test_races import known
from tests.races import race, ways

ACTIONS = "__import__('portal.connecting.actions', fromlist=['x'])"


@pytest.fixture
def street(store: Store) -> Street:
    with store.app.app_context():
        made = village("Maya", "Idris")
        db.session.remove()
        return made


def after(store: Store) -> Sequence[int]:
    with store.app.app_context():
        found = notes()
        db.session.remove()
        return found


def test_two_ask_at_once(store: Store, street: Street) -> None:
    maya = street.who("Maya").ref
    results = race(
        store,
        [f"{ACTIONS}.ask({maya!r}, 'the lunch', {known(street.who(by))}, once_key={by!r})" for by in ("Cass", "Olga", "Cass", "Olga")],
    )
    assert "done" in ways(results) and after(store) == (0, 1)


def test_the_same_pair_at_once(store: Store, street: Street) -> None:
    one, two = street.who("Maya").ref, street.who("Idris").ref
    pairs = ((one, two, "Cass"), (two, one, "Olga"))
    results = race(
        store,
        [
            f"{ACTIONS}.introduce({a!r}, {b!r}, 'bees', __import__('datetime').date.fromisoformat({clock.today().isoformat()!r}), {known(street.who(by))}, once_key={by!r})"
            for a, b, by in pairs
        ],
    )
    assert ways(results) == ["done", "refused"] and after(store) == (1, 0)


def test_stopping_while_notes_are_written(store: Store, street: Street) -> None:
    maya, cass, olga = street.who("Maya"), known(street.who("Cass")), known(street.who("Olga"))
    day = f"__import__('datetime').date.fromisoformat({clock.today().isoformat()!r})"
    race(
        store,
        [
            f"{ACTIONS}.stop({known(maya)})",
            f"{ACTIONS}.introduce({street.who('Idris').ref!r}, {maya.ref!r}, 'bees', {day}, {cass}, once_key='a')",
            f"{ACTIONS}.ask({maya.ref!r}, 'the lunch', {olga}, once_key='b')",
            f"{ACTIONS}.look([{maya.ref!r}], {cass})",
        ],
    )
    assert after(store) == (0, 0), "whichever came first, nothing is left of her"
