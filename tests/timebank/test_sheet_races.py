"""Sheets and imports from many desks at once: real processes on both engines, nothing twice, nobody waits for each other for ever."""

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.timebank import sheets
from portal.timebank.model import Exchange
from portal.timebank.paper_model import Imported, Sheet
from tests.conftest import Store
from tests.races import race, ways
from tests.timebank.bank import Bank, assert_books_are_right, open_bank
from tests.timebank.test_exchange_races import known
from tests.timebank.test_import import TIMEOVERFLOW

SHEETS, IMPORTS = (f"__import__('portal.timebank.{name}', fromlist=['x'])" for name in ("sheets", "imports"))


@pytest.fixture
def bank(store: Store) -> Bank:
    with store.app.app_context():
        made = open_bank()
        for number in range(6):
            made.join(f"Neighbour{number}", "mossgate" if number % 2 else "riverside")
        db.session.remove()
        return made


def send(bank: Bank, number: str, key: str, *rows: tuple[str, str], who: str = "Cass", again: bool = False) -> str:
    typed = ", ".join(
        f"{SHEETS}.Typed.of({line}, [{bank.cards[giver]!r}, {bank.cards[receiver]!r}, '1', 'pets'], again={again})"
        for line, (giver, receiver) in enumerate(rows, 1)
    )
    return f"{SHEETS}.post_sheet({bank.areas['mossgate']}, [{typed}], {known(bank.who(who))}, number={number!r}, day=today(), once_key={key!r})"


def test_one_sheet_sent_eight_times(store: Store, bank: Bank) -> None:
    results = race(store, [send(bank, "41", "one", ("Maya", "Idris"), ("Idris", "Walter"))] * 8)
    assert ways(results) == ["done"] * 8 and len({ref for _way, ref in results}) == 1
    with store.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Exchange)) == 2
        assert_books_are_right()
        db.session.remove()


def test_two_desks_type_the_same_sheet(store: Store, bank: Bank) -> None:
    calls = [send(bank, "41", f"desk {number}", ("Maya", "Idris"), who=("Cass", "Olga")[number % 2]) for number in range(6)]
    assert ways(race(store, calls)) == ["done"] + ["refused"] * 5, "the others hear that the number, and the hour, are there"
    with store.app.app_context():
        assert bank.has("Maya") == 60
        db.session.remove()


def test_sheets_that_cross_all_end(store: Store, bank: Bank) -> None:
    """The same people of two areas, in every order: whoever locks in the order of rows would wait for each other."""
    names = [f"Neighbour{number}" for number in range(6)]
    pairs = [(names[place], names[(place + 1) % 6]) for place in range(6)]
    calls = [send(bank, f"{number}", f"key {number}", *(pairs if number % 2 else pairs[::-1]), again=True) for number in range(8)]
    assert ways(race(store, calls)) == ["done"] * 8
    with store.app.app_context():
        assert [bank.has(name) for name in names] == [0] * 6
        assert db.session.scalar(select(func.count()).select_from(Exchange)) == 48
        assert_books_are_right()
        db.session.remove()


def test_taken_back_eight_times_at_once_while_others_type(store: Store, bank: Bank) -> None:
    with store.app.app_context():
        rows = [
            sheets.Typed.of(line, [bank.cards[f"Neighbour{line - 1}"], bank.cards[f"Neighbour{line}"], "1", "pets"]) for line in range(1, 6)
        ]
        ref = sheets.post_sheet(bank.areas["mossgate"], rows, bank.who("Cass"), number="1", day=clock.today(), once_key="first")
        db.session.remove()
    undo = f"{SHEETS}.undo({ref!r}, 'Wrong', {known(bank.who('Olga'))})"
    more = [
        send(bank, f"{number}", f"m {number}", ("Neighbour4", "Neighbour1"), ("Neighbour0", "Neighbour3"), again=True)
        for number in range(2, 6)
    ]
    results = race(store, [undo, *more, undo, undo, undo])
    assert ways(results) == ["done"] * 8
    assert sorted(said for _way, said in results if isinstance(said, int)) == [0, 0, 0, 5]
    with store.app.app_context():
        assert bank.has("Neighbour2") == 0 and bank.has("Neighbour4") == 240
        assert db.session.scalar(select(func.count()).select_from(Sheet).where(Sheet.undone_at.is_not(None))) == 1
        assert_books_are_right()
        db.session.remove()


def test_one_import_from_six_desks(store: Store, bank: Bank) -> None:
    call = f"len({IMPORTS}.take_over([('users.csv', {TIMEOVERFLOW.encode()!r})], 'timeoverflow', 'mossgate', Actor({bank.who('Olga').id})).fresh)"
    results = race(store, [call] * 6)
    assert ways(results) == ["done"] * 6 and sorted(said for _way, said in results) == [0, 0, 0, 0, 0, 3]
    with store.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Imported)) == 3
        assert_books_are_right()
        db.session.remove()
