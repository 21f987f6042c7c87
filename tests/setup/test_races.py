"""Two who know the word begin at the same moment: one scheme, one administrator, on both engines."""

from sqlalchemy import func, select

from portal.db import db
from portal.people.model import Role
from portal.setup import actions
from tests.conftest import Store
from tests.races import race, ways


def test_two_who_begin_make_one_scheme(store: Store) -> None:
    with store.app.app_context():
        word = actions.new_token()
        db.session.remove()
    room = "__import__('portal.setup.actions', fromlist=['x'])"
    calls = [
        f"{room}.begin({word!r}, 'Estuary', 'a@x.example', '1', {name!r}, '{name}@x.example', 'Test') and None"
        for name in ("farah", "olga")
    ]
    assert ways(race(store, calls)) == ["done", "refused"]
    with store.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Role)) == 1
        assert not actions.opens(word)
        db.session.remove()
