"""The letters go out while somebody changes or undoes the count: real processes on both engines, and nobody waits for ever."""

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.grants import decide
from portal.grants.rules import RoundRules
from portal.money import Pence
from portal.panels import actions, sittings
from portal.panels.model import Sitting
from tests.conftest import Store
from tests.grants.season import assert_books_are_right, begin
from tests.panels.test_sittings import Table
from tests.races import race, ways


@pytest.fixture
def table(store: Store) -> Table:
    """Three bids of £100, counted in a pot of £200."""
    with store.app.app_context():
        rules = RoundRules(marking=False, decision="most_votes", most=Pence(250_00))
        made = Table(begin(200_00, rolling=False, rules=rules), *[100_00] * 3)
        for name in ("Ada", "Ben", "Cleo"):
            for number in range(3):
                with clock.held_at(made.now):
                    actions.declare(made.who(name), made.panel, made.matters[number], "none")
                made.vote(name, number)
        made.count()
        db.session.remove()
        return made


def test_the_release_a_change_and_the_undoing_at_once(store: Store, table: Table) -> None:
    season = table.season
    with store.app.app_context():
        lose = table.matters[table.funded()[0]]
        for ref in table.bids:
            decide.write_letter(ref, "Because.", (), None, season.actor("Olga"))
        release = decide.prepare_release(season.round_ref, [], season.actor("Olga"))
        db.session.remove()
    acts = "__import__('portal.grants.decide', fromlist=['release'])"
    panel = "__import__('portal.panels.sittings', fromlist=['propose'])"
    otto, olga = season.who("Otto"), season.who("Olga")
    results = race(
        store,
        [
            f"{acts}.release({release!r}, Actor({otto.id}))",
            f"{panel}.propose({olga!r}, {table.panel!r}, {table.ref!r}, {lose!r}, False, 'It was paid by somebody else')",
            f"{panel}.undo_count({olga!r}, {table.panel!r}, {table.ref!r}, 'A sheet was forgotten')",
            f"{acts}.undo_decision({table.bids[1]!r}, 'x', Actor({olga.id}))",
        ],
    )
    (release_way, _), (change_way, _), *undone = results
    assert {release_way, change_way} == {"done", "refused"} and ways(undone) == ["refused", "refused"]
    gone = release_way == "done"
    with store.app.app_context():
        one = db.session.scalars(select(Sitting)).one()
        assert one.status == "counted" and (one.published_at is not None) == gone
        assert len(sittings.overrides_of(one)) == (0 if gone else 1)
        expected = ["lapsed", "offered", "offered"] if gone else ["decided"] * 3
        assert sorted(season.bid(ref).status for ref in table.bids) == expected
        assert_books_are_right()
