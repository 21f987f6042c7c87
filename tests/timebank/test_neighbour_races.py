"""Two seats speak at once, two coordinators join two cards at once: real processes on both engines."""

import pytest

from portal.db import db
from tests.conftest import Store
from tests.races import race, ways
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank
from tests.timebank.test_exchange_races import known
from tests.timebank.test_neighbours import SITTING, decided, give_seats, now, the_three

NEIGHBOURS, MERGING = (f"__import__('portal.timebank.{name}', fromlist=['x'])" for name in ("neighbours", "merging"))


@pytest.fixture
def bank(store: Store) -> Bank:
    with store.app.app_context():
        made = open_bank()
        give_seats(made, *SITTING)
        db.session.remove()
        return made


def test_three_seats_at_once_put_one_figure_in_the_books(store: Store, bank: Bank) -> None:
    with store.app.app_context():
        from portal.timebank import neighbours

        hours = decided(bank)
        ref = neighbours.ask(hours, "It took the morning", bank.who("Idris"))
        three = the_three(bank, ref)
        db.session.remove()
    calls = [f"{NEIGHBOURS}.say({ref!r}, 120, 'Fair', {known(who)})" for who in three] + [f"{NEIGHBOURS}.carry_out_due()"]
    results = ways(race(store, calls))
    assert results.count("done") >= 3, results  # the third may come too late
    with store.app.app_context():
        neighbours.carry_out_due()
        assert now(ref).status == "done" and (bank.has("Idris"), bank.has("Maya")) == (120, -120)
        assert_books_are_right()
        db.session.remove()


def test_two_coordinators_join_two_cards_while_an_answer_comes(store: Store, bank: Bank) -> None:
    with store.app.app_context():
        bank.join("Maya Greene", "riverside")
        lend(bank, "Maya Greene", 60)
        asked = bank.log("Idris", "gave", "Maya Greene", 30)
        token = __import__("portal.timebank.exchange", fromlist=["x"]).token_of(bank.entry(asked))
        db.session.remove()
    merge = f"{MERGING}.merge({bank.cards['Maya Greene']!r}, {bank.cards['Maya']!r}, 'The same', {known(bank.who('Olga'))})[0]"
    answer = f"__import__('portal.timebank.exchange', fromlist=['x']).answer_by_token({token!r}, 30, '', shown=30).ref"
    results = race(store, [merge, merge, answer])
    assert ways(results) == ["done", "done", "refused"], results
    with store.app.app_context():
        from portal.timebank import merging

        merging.follow()
        assert (bank.has("Maya"), bank.has("Maya Greene"), bank.has("Idris")) == (30, 0, 30)
        assert_books_are_right()
        db.session.remove()
