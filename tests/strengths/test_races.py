"""Two who join two entries crosswise, two who bring the same list, two tiles on one place: real processes on both engines."""

import pytest
from sqlalchemy import func, select

from portal.db import db
from portal.people.access import Who
from portal.strengths import queries
from portal.strengths.model import AreaShape, Strength
from tests.conftest import Store
from tests.races import race, ways
from tests.strengths.ground import Ground, begin

DESK, IMPORTS, KEEPING, SHAPES = (
    f"__import__('portal.strengths.{name}', fromlist=['x'])" for name in ("desk", "imports", "keeping", "shapes")
)
LIST = b"id,name,kind,offers,area,contact\n1,Choir,people,We sing.,Mossgate,Come\n2,Hall,place,A hall.,Mossgate,Come\n"


def known(who: Who) -> str:
    return f"Who({who.id}, {who.ref!r}, {who.name!r}, {who.area_id!r}, frozenset({sorted(who.roles, key=str)!r}))"


@pytest.fixture
def ground(store: Store) -> Ground:
    with store.app.app_context():
        made = begin()
        db.session.remove()
        return made


def test_many_at_once(store: Store, ground: Ground) -> None:
    olga = known(ground.who("Olga"))
    with store.app.app_context():
        one, two, third = (ground.published("Maya", name, keeper="me") for name in ("One", "Two", "Third"))
        db.session.remove()
    crosswise = race(store, [f"{DESK}.merge({one!r}, {two!r}, 'same', {olga})", f"{DESK}.merge({two!r}, {one!r}, 'same', {olga})"])
    assert ways(crosswise) == ["done", "refused"]
    bring = f"{IMPORTS}.take_over({LIST!r}, 'a.csv', 'List', '', {olga}, publish=True)[1]"
    assert sorted(bool(ref) for _what, ref in race(store, [bring, bring])) == [False, True]
    assert ways(race(store, [f"{SHAPES}.set_shape({code!r}, 1, 1, '', Actor({ground.who('Olga').id}))" for code in ("mossgate", "riverside")])) == ["done", "refused"]  # fmt: skip
    assert ways(race(store, [f"{KEEPING}.still_so({third!r}, {olga}) and None"] * 2)) == ["done", "done"]
    with store.app.app_context():
        merged = db.session.scalars(select(Strength).where(Strength.status == "merged")).all()
        assert len(merged) == 1 and queries.leads_to(merged[0].ref) in (one, two)
        assert db.session.scalar(select(func.count()).select_from(Strength).where(Strength.import_id.is_not(None))) == 2
        assert db.session.scalar(select(func.count()).select_from(AreaShape)) == 1
        db.session.remove()
