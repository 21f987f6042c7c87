"""Joined twice, joined into each other, two applications, a pledge taken back while it is carried over, one neighbour from many phones, an
owner who leaves, one wall sent twice: real processes on both engines.
"""

import pytest
from sqlalchemy import func, select

from portal.db import db
from portal.grants import queries as grants
from portal.grants.idea_model import BegunFromIdea
from portal.grants.model import Application
from portal.ideas import counting
from portal.ideas.model import Idea, IdeaJoin, IdeaPledge
from portal.outbox import Message
from tests.conftest import Store
from tests.grants.season import Season
from tests.ideas.fair import fair, joined, known, pin, sent, the, who_is_in, without
from tests.races import race, ways

JOINING, PLEDGES, FROM_IDEA, CARDS, WALL, PEOPLE = (
    f"__import__('portal.{name}', fromlist=['x'])"
    for name in ("ideas.joining", "ideas.pledges", "grants.from_idea", "ideas.cards", "ideas.wall", "people.actions")
)
READY = "__import__('portal.ideas.leaving', fromlist=['x']) and "


@pytest.fixture
def season(store: Store) -> Season:
    with store.app.app_context():
        made = fair()
        db.session.remove()
        return made


def ask(season: Season, one: str, other: str) -> str:
    return f"{JOINING}.ask({one!r}, {other!r}, {known(season.who('Gus'))}, basis='telephone').status"


def test_joined_into_each_other_and_twice_at_once(store: Store, season: Season) -> None:
    with store.app.app_context():
        one, other, third = (
            pin(season, "Bo", "Some benches by the bus stop"),
            pin(season),
            pin(season, "Idris", "Benches where a bus stops"),
        )
        without(one, "Hattie", 60, ("email", "hattie@example.org"))
        without(other, "Hattie", 120, ("email", "hattie@example.org"))
        db.session.remove()
    results = race(store, [ask(season, one, other), ask(season, other, one), ask(season, one, third), ask(season, other, one)])
    with store.app.app_context():
        assert (
            db.session.scalar(select(func.count()).select_from(Idea).where(Idea.status == "joined"))
            == ways(results).count("done")
            in (1, 2)
        )
        standing = db.session.scalars(select(IdeaJoin).where(IdeaJoin.status == "joined")).all()
        assert len({each.idea_id for each in standing}) == len(standing)
        roots = db.session.scalars(select(Idea).where(Idea.into_id.is_(None))).all()
        assert roots and list(counting.broken_caches()) == []
        db.session.remove()


def test_two_applications_from_one_idea_at_once(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref = pin(season)
        pledge = without(ref, "Hattie", 60, ("email", "hattie@example.org"))
        token = sent(pledge)
        db.session.remove()
    begin = f"{FROM_IDEA}.start({ref!r}, {season.round_ref!r}, {known(season.who('Maya'))}, data_dir=Path({str(store.home)!r}), once_key='begin-{{}}')"
    results = race(store, [begin.format(1), begin.format(2), f"{PLEDGES}.take_back({token!r})", begin.format(3)])
    begun = [results[0], results[1], results[3]]
    with store.app.app_context():
        assert ways(begun) == ["done", "refused", "refused"]
        assert db.session.scalar(select(func.count()).select_from(BegunFromIdea)) == 1
        bid = db.session.scalars(select(Application)).one()
        came = [each.name for each in grants.pledges_of(bid.id)]
        told = db.session.scalar(select(func.count()).select_from(Message).where(Message.key.endswith(":carried")))
        # whoever came first: carried over and told, and then the old link says where to take it back; or out, and nobody is carried
        assert (came, told, results[2][0], len(who_is_in(ref))) in ((["Hattie"], 1, "refused", 1), ([], 0, "done", 0))
        db.session.remove()


def test_one_neighbour_from_many_phones_is_in_once(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref = pin(season)
        db.session.remove()
    same = f"{PLEDGES}.say_in_without({ref!r}, 'Hattie', 60, ('email', 'hattie@example.org'), once_key='tap-{{}}')"
    calls = [same.format(turn) for turn in range(3)] + [
        f"{PLEDGES}.say_in({ref!r}, {60 * turn}, {known(season.who('Bo'))})" for turn in (1, 2, 3)
    ]
    assert ways(race(store, calls)) == ["done"] * 6
    with store.app.app_context():
        assert sorted(name for name, _minutes in who_is_in(ref)) == ["Bo", "Hattie"]
        assert db.session.scalar(select(func.count()).select_from(IdeaPledge)) == 2 and the(ref).people == 2
        db.session.remove()


def test_an_owner_leaves_while_neighbours_say_in_and_somebody_joins(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref, other = pin(season), pin(season, "Bo", "Some benches by the bus stop")
        without(ref, "Hattie", 60, ("email", "hattie@example.org"))
        db.session.remove()
    maya, bo = season.who("Maya"), season.who("Bo")
    leave = f"{READY}len({PEOPLE}.delete_me({maya.id}, Actor({maya.id})))"
    calls = [
        leave,
        f"{PLEDGES}.say_in({ref!r}, 60, {known(season.who('Idris'))})",
        ask(season, other, ref),
        f"{PLEDGES}.say_in({other!r}, 60, {known(season.who('Cora'))})",
    ]
    results = race(store, calls)
    assert results[0][0] == "done"
    with store.app.app_context():
        assert the(ref).status == "withdrawn" and the(ref).owner_id is None
        assert the(other).status == "open" and the(other).owner_id == bo.id
        assert list(counting.broken_caches()) == []
        db.session.remove()


def test_one_wall_sent_twice_and_two_walls_at_once(store: Store, season: Season) -> None:
    with store.app.app_context():
        from tests.ideas.fair import area

        place = area()
        db.session.remove()
    rows = f"[{WALL}.note(1, 'A choir for the estate'), {WALL}.note(2, 'A bench by the bus stop')]"
    pinned = f"{WALL}.pin_wall({rows}, {place}, {known(season.who('Gus'))}, once_key={{!r}})"
    results = race(store, [pinned.format("one"), pinned.format("one"), pinned.format("two")])
    with store.app.app_context():
        # the same form twice is one wall; of two walls that say the same the second is pointed out, and nothing of it is saved
        assert sorted(db.session.scalars(select(Idea.number))) == [1, 2]
        assert ways(results).count("done") in (1, 2)
        db.session.remove()


def test_undone_while_somebody_is_in_on_both(store: Store, season: Season) -> None:
    with store.app.app_context():
        one, other = pin(season, "Bo", "Some benches by the bus stop"), pin(season)
        without(one, "Ada", 60)
        join = joined(season, one, other).ref
        db.session.remove()
    undo = f"{JOINING}.undo({join!r}, 'Two are wanted', {known(season.who('Cora'))}).status"
    calls = [undo, undo, f"{PLEDGES}.say_in({other!r}, 120, {known(season.who('Idris'))})"]
    assert race(store, calls)[2][0] == "done"
    with store.app.app_context():
        assert (who_is_in(one), who_is_in(other)) == ([("Ada", 60)], [("Idris", 120)])
        assert list(counting.broken_caches()) == []
        db.session.remove()
