"""Gifts handed over at the moment at which the applicant saves, stops asking or sends: real processes on both engines."""

import pytest
from sqlalchemy import select

from portal.db import db
from portal.gifts.talks_model import GiftPromise
from portal.grants.wish_model import KeptGift
from portal.people.access import Who
from tests.conftest import Store
from tests.grants.season import Season, begin
from tests.grants.wishing import amounts, draft, known, promised, wish
from tests.races import race

PROMISES, WISHES, KEPT, PEOPLE = (
    f"__import__({name!r}, fromlist=['x'])"
    for name in ("portal.gifts.promises", "portal.grants.wishes", "portal.grants.wish_kept", "portal.people.actions")
)


@pytest.fixture
def season(store: Store) -> Season:
    with store.app.app_context():
        made = begin()
        known(made, "Rita", "Rob", "Rosa", "Olga")
        db.session.remove()
        return made


def said(who: Who) -> str:
    return f"Who({who.id}, {who.ref!r}, {who.name!r}, None, frozenset())"


def test_each_gift_lowers_the_ask_once_whatever_happens_beside_it(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref = draft(season)
        post = wish(season, ref, pieces=3)
        handed = [promised(season, post, name) for name in ("Rob", "Rosa", "Olga")]
        version = season.bid(ref).version
        db.session.remove()
    rita = said(season.who("Rita"))
    calls = [f"({KEPT}, {PROMISES}.handed({promise!r}, {rita}).status)[1]" for promise in handed for _twice in range(2)]
    calls.append(f"{WISHES}.stop({ref!r}, {post!r}, {rita})")
    calls.append(f"apply.send({ref!r}, {version}, Actor({season.who('Rita').id}), sure=True)")
    came = race(store, calls)
    assert [what for what, _said in came[:-1]] == ["done"] * 7 and {said for _what, said in came[:6]} == {"handed"}
    assert came[-1][0] in ("done", "refused"), "a gift that came first has changed what was about to be sent"
    with store.app.app_context():
        rows = db.session.scalars(select(KeptGift)).all()
        assert sorted(row.value for row in rows) == [33_33, 33_33, 33_34]
        assert amounts(season, ref)[-1] == 180_00 - sum(row.lowered for row in rows) == 80_00
        db.session.remove()


def test_leaving_while_gifts_are_handed_over(store: Store, season: Season) -> None:
    with store.app.app_context():
        ref = draft(season)
        posts = [wish(season, ref, position, title=title) for position, title in enumerate(("Timber", "Paint", "Compost"))]
        givers = {promised(season, post, name): name for post, name in zip(posts, ("Rob", "Rosa", "Olga"), strict=True)}
        db.session.remove()
    calls = [f"({KEPT}, {PROMISES}.handed({promise!r}, {said(season.who(name))}).status)[1]" for promise, name in givers.items()]
    calls.append(f"len({PEOPLE}.delete_me({season.who('Rita').id}, Actor({season.who('Rita').id})))")
    came = race(store, calls)
    assert came[-1][0] == "done" and all(what == "refused" or said == "handed" for what, said in came[:-1]), came
    with store.app.app_context():
        assert season.bid(ref).status == "withdrawn"
        states = set(db.session.scalars(select(GiftPromise.status)))
        assert "promised" not in states, "handed over, or off with her who left"
        db.session.remove()
