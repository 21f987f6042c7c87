"""The last piece promised to two, a tap at the second at which it expires, the same twice, two who decide: real processes on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal import clock
from portal.db import db, transaction
from portal.gifts.model import GiftPost
from portal.gifts.talks_model import GiftPromise, GiftSaid
from portal.people.access import Who
from tests.conftest import Store
from tests.gifts.street import Street, looks, open_street, the_post
from tests.races import race, ways

POSTS, PROMISES, CARE, RULES = (f"__import__('portal.gifts.{name}', fromlist=['x'])" for name in ("posts", "promises", "care", "rules"))


@pytest.fixture
def street(store: Store) -> Street:
    with store.app.app_context():
        made = open_street()
        db.session.remove()
        return made


def known(who: Who) -> str:
    return f"Who({who.id}, {who.ref!r}, {who.name!r}, {who.area_id}, roles=frozenset({sorted(who.roles, key=str)!r}))"


def test_the_last_piece_is_promised_to_one(store: Store, street: Street) -> None:
    names = [f"Neighbour{number}" for number in range(6)]
    with store.app.app_context():
        ref = street.put_up("Maya", "Jam jars", quantity=2)
        for name in names:
            street.move_in(name)
        talks = [street.write(name, ref) for name in names]
        db.session.remove()
    maya = known(street.who("Maya"))
    results = race(store, [f"{PROMISES}.promise({talk!r}, 1, {maya}, once_key={talk!r})" for talk in talks])
    assert ways(results) == ["done"] * 2 + ["refused"] * 4
    with store.app.app_context():
        row = the_post(ref)
        assert row.promised == 2 == db.session.scalar(select(func.sum(GiftPromise.quantity)))
        db.session.remove()


def test_called_off_and_handed_over_at_once_is_one_of_them(store: Store, street: Street) -> None:
    with store.app.app_context():
        ref = street.promise("Maya", street.write("Idris", street.put_up("Maya")))
        db.session.remove()
    off = f"{PROMISES}.let_go({ref!r}, 'I cannot', {known(street.who('Idris'))}).status"
    done = f"{PROMISES}.handed({ref!r}, {known(street.who('Maya'))}).status"
    results = race(store, [off, done] * 3)
    assert len({said for way, said in results if way == "done"}) == 1
    with store.app.app_context():
        row = db.session.scalars(select(GiftPromise)).one()
        post = db.session.scalars(select(GiftPost)).one()
        assert (row.status, post.promised, post.status) in (("handed", 1, "gone"), ("let_go", 0, "open"))
        db.session.remove()


def test_renewed_at_the_second_at_which_it_expires_it_stays(store: Store, street: Street) -> None:
    with store.app.app_context():
        ref = street.put_up("Maya")
        with transaction():
            db.session.execute(update(GiftPost).values(ends_on=clock.today() - timedelta(days=1)))
        db.session.remove()
    race(store, [f"{POSTS}.renew({ref!r}, {known(street.who('Maya'))}).status", f"{POSTS}.end_due()"] * 3)
    with store.app.app_context():
        row = the_post(ref)
        assert row.status == "open" and row.ends_on > clock.today() and row.words
        db.session.remove()


def test_the_same_from_several_phones_is_one(store: Store, street: Street) -> None:
    draft = f"{RULES}.Draft('gift', 'give', 'A blue bike', {street.areas['mossgate']})"
    results = race(store, [f"{POSTS}.post({draft}, {known(street.who('Maya'))}, once_key='{turn}')" for turn in range(5)])
    assert ways(results) == ["done"] + ["refused"] * 4
    tap = f"{POSTS}.post({draft.replace('blue', 'red')}, {known(street.who('Maya'))}, once_key='tap')"
    assert len({said for _way, said in race(store, [tap] * 4)}) == 1


def test_two_who_look_at_it_decide_once(store: Store, street: Street) -> None:
    with store.app.app_context():
        street.put_up("Maya", "A hunting knife")
        number = looks()[0].id
        db.session.remove()
    calls = [
        f"{CARE}.decide({number}, {what!r}, 'Because', {known(street.who(name))})"
        for what, name in (("shown", "Cass"), ("taken_down", "Olga")) * 3
    ]
    assert ways(race(store, calls)) == ["done"] + ["refused"] * 5


def test_somebody_new_answers_twice_at_once(store: Store, street: Street) -> None:
    """The party is made by whichever tap comes first; one talk."""
    with store.app.app_context():
        ref = street.put_up("Maya")
        ada = street.move_in("Ada", known=False)
        db.session.remove()
    talks = "__import__('portal.gifts.talks', fromlist=['x'])"
    results = race(store, [f"{talks}.interested({ref!r}, 'Hello', {known(ada)}, grown=True, once_key='{turn}')" for turn in range(4)])
    assert ways(results) == ["done"] * 4 and len({said for _way, said in results}) == 1


def test_who_leaves_reports_and_decides_at_once_waits_for_the_others(store: Store, street: Street) -> None:
    """All lock in one order, so that nobody is thrown out: two leave who write to each other about each other's posts."""
    with store.app.app_context():
        bike, soup = street.put_up("Maya", "A bike with a bell"), street.put_up("Idris", "Soup with a spoon")
        talk, other = street.write("Idris", bike), street.write("Maya", soup)
        promises = [street.promise("Maya", talk), street.promise("Idris", other)]
        street.put_up("Walter", "A knife with a bell")
        hold, said = looks()[0].id, db.session.scalars(select(GiftSaid).where(GiftSaid.from_id == street.party("Idris").id)).all()[0].id
        db.session.remove()
    names = ("Maya", "Idris", "Cass", "Walter")
    maya, idris, cass, walter = (known(street.who(name)) for name in names)
    leave = "__import__('portal.people.actions', fromlist=['x']).delete_me({0}.id, Actor({0}.id))"
    calls = [
        leave.format(maya), leave.format(idris), f"{CARE}.something_wrong({talk!r}, {said}, 'Rude', {maya})",
        f"{CARE}.decide({hold}, 'shown', 'Fine', {cass}, stop=True)", f"{CARE}.report({bike!r}, 'Stolen', {walter})",
        f"{POSTS}.post({RULES}.Draft('gift', 'give', 'A bell with a spoon', {street.areas['mossgate']}), {walter}, once_key='bell')",
        *(f"{PROMISES}.let_go({ref!r}, 'Sorry', {maya})" for ref in promises),
    ]  # fmt: skip
    assert ways(race(store, calls)).count("done") >= 3
