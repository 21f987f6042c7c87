"""Two who say yes, two who propose, a tap at the second at which it expires, one tariff from both sides: real processes on both engines."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal import clock
from portal.db import db, transaction
from portal.outbox import Message
from portal.timebank import promises, search, tariffs
from portal.timebank.posts_model import Post, Promise
from portal.timebank.tariff_model import Tariff
from tests.conftest import Store
from tests.races import race
from tests.timebank.bank import Bank, open_bank
from tests.timebank.market import propose, put_up, reply, write
from tests.timebank.test_conversations import soon
from tests.timebank.test_exchange_races import known
from tests.timebank.test_tariffs import BAND, HALL, proposed

POSTS, PROMISES, TARIFFS = (f"__import__('portal.timebank.{name}', fromlist=['x'])" for name in ("posts", "promises", "tariffs"))
AHEAD = "__import__('datetime').datetime.now(__import__('datetime').UTC) + __import__('datetime').timedelta(days={})"


@pytest.fixture
def bank(store: Store) -> Bank:
    with store.app.app_context():
        made = open_bank()
        db.session.remove()
        return made


@pytest.fixture
def talk_(store: Store, bank: Bank) -> str:
    with store.app.app_context():
        ref = write(bank, "Walter", put_up(bank, "Maya"))
        reply(bank, "Maya", ref)
        db.session.remove()
        return ref


def test_many_proposals_at_once_are_one_promise(store: Store, bank: Bank, talk_: str) -> None:
    """Both sides propose, from several phones: the last one stands, and never two days at once."""
    calls = [
        f"{PROMISES}.propose({talk_!r}, {AHEAD.format(turn + 2)}, 60, 'The library', {known(bank.who('Maya' if turn % 2 else 'Walter'))}, once_key='day-{turn}')"
        for turn in range(8)
    ]
    race(store, calls)
    with store.app.app_context():
        standing = select(func.count()).where(Promise.status.in_(promises.STANDS))
        assert db.session.scalar(standing.select_from(Promise)) == 1
        db.session.remove()


def test_a_yes_and_a_no_at_once_leave_one_word(store: Store, bank: Bank, talk_: str) -> None:
    with store.app.app_context():
        ref = propose(bank, "Walter", talk_, soon())
        db.session.remove()
    yes = f"{PROMISES}.accept({ref!r}, {known(bank.who('Maya'))}, shown=0).status"
    no = f"{PROMISES}.cancel({ref!r}, 'I cannot make it', {known(bank.who('Walter'))}).status"
    results = race(store, [yes, no] * 4)
    assert {said for way, said in results[1::2] if way == "done"} == {"cancelled"}
    with store.app.app_context():
        assert db.session.scalar(select(Promise.status).where(Promise.ref == ref)) == "cancelled"
        subjects = Counter(subject.split(":")[0] for subject in db.session.scalars(select(Message.subject)))
        assert subjects["Called off"] == 1 and subjects["Agreed"] in (0, 2)
        db.session.remove()


def test_renewed_at_the_second_at_which_it_expires_it_stays(store: Store, bank: Bank) -> None:
    with store.app.app_context():
        ref = put_up(bank, "Maya")
        with transaction():
            db.session.execute(update(Post).values(ends_on=clock.today() - timedelta(days=1)))
        db.session.remove()
    race(store, [f"{POSTS}.renew({ref!r}, {known(bank.who('Maya'))}).status", f"{POSTS}.end_due()"] * 4)
    with store.app.app_context():
        row = db.session.scalars(select(Post)).one()
        assert (row.status, row.ends_on) == ("open", clock.today() + timedelta(days=90))
        assert [each.ref for each in search.search("bicycles", search.viewer_of(bank.who("Idris")), search.Filters()).rows] == [ref]
        db.session.remove()


def test_one_tariff_proposed_and_answered_from_both_sides(store: Store, bank: Bank) -> None:
    with store.app.app_context():
        for name in ("Hattie", "Hugh", "Bea", "Both"):
            bank.join(name)
        bank.group(HALL, "Hattie", "Hugh", "Both")
        bank.group(BAND, "Bea", "Both", area="riverside")
        one = proposed(bank)
        db.session.remove()
    yes = f"{TARIFFS}.agree({one!r}, {known_for(bank, 'Bea')})"
    back = f"{TARIFFS}.withdraw({one!r}, {known_for(bank, 'Hattie')})"
    other = (
        f"{TARIFFS}.propose({bank.cards[HALL]!r}, {bank.cards[BAND]!r}, True, 'The hall', 'events', 'hour', 120, {known_for(bank, 'Hugh')}, once_key='t')"
    )  # fmt: skip
    race(store, [yes, back, other, yes])
    with store.app.app_context():
        by_status = Counter(db.session.scalars(select(Tariff.status)))
        assert by_status["agreed"] <= 1 and by_status["proposed"] <= 1
        line = db.session.scalars(select(Tariff).where(Tariff.ref == one)).one()
        assert (line.over_at is None) == (line.status in ("proposed", "agreed"))
        assert tariffs.seen_by(one, bank.who("Bea"))[0].ref == one
        db.session.remove()


def known_for(bank: Bank, name: str) -> str:
    """The same person with what they act for, which `known` leaves out."""
    who = bank.who(name)
    return f"Who({who.id}, {who.ref!r}, {who.name!r}, {who.area_id!r}, frozenset({sorted(who.roles, key=str)!r}), acts_for=frozenset({sorted(who.acts_for)!r}))"
