"""The last place, one till twice, one person's limit, one floor: sixteen real processes at once, on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.people.access import Who
from portal.timebank import spend_offers, till
from portal.timebank.spend_model import SpendBooking, SpendRedemption, SpendSlot
from portal.timebank.spend_rules import Window
from tests.conftest import Store
from tests.races import race, ways
from tests.timebank.bank import assert_books_are_right, lend
from tests.timebank.pool import Pool, open_pool

SPEND, TILL, OFFERS = (f"__import__('portal.timebank.{name}', fromlist=['x'])" for name in ("spend", "till", "spend_offers"))
ALWAYS = tuple(Window(day, 0, 1440) for day in range(7))
SWIMMERS = [f"Swimmer{number}" for number in range(16)]


@pytest.fixture
def pool(store: Store) -> Pool:
    """At the present time, as the other processes see it."""
    with store.app.app_context():
        made = open_pool()
        for number, name in enumerate(SWIMMERS):
            made.bank.join(name, "mossgate" if number % 2 else "riverside")
        db.session.remove()
        return made


def known(who: Who) -> str:
    return f"Who({who.id}, {who.ref!r}, {who.name!r}, {who.area_id!r}, frozenset({sorted(who.roles, key=str)!r}), frozenset({sorted(who.acts_for)!r}))"


def book(pool: Pool, ref: str, name: str, days: int = 3, *, wait: bool = False) -> str:
    day = clock.today() + timedelta(days=days)
    return f"{SPEND}.book({ref!r}, __import__('datetime').date({day.year}, {day.month}, {day.day}), 0, {pool.bank.cards[name]!r}, {known(pool.bank.who(name))}, wait={wait}).ref"


def redeem(pool: Pool, token: str, ref: str) -> str:
    return f"{TILL}.redeem({pool.card!r}, {token!r}, {ref!r}, {known(pool.pia)}).ref"


def count(status: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(SpendBooking).where(SpendBooking.status == status)) or 0


def test_sixteen_book_the_last_place(store: Store, pool: Pool) -> None:
    with store.app.app_context():
        ref = pool.open(times=ALWAYS, places=1)
        db.session.remove()
    results = race(store, [book(pool, ref, name) for name in SWIMMERS])
    assert ways(results) == ["done"] + ["refused"] * 15
    assert all("full now" in said for way, said in results if way == "refused")
    with store.app.app_context():
        assert count("booked") == 1 and db.session.scalars(select(SpendSlot.taken)).all() == [1]
        db.session.remove()


def test_sixteen_at_once_of_whom_the_others_wait(store: Store, pool: Pool) -> None:
    with store.app.app_context():
        ref = pool.open(times=ALWAYS, places=5)
        db.session.remove()
    assert ways(race(store, [book(pool, ref, name, wait=True) for name in SWIMMERS])) == ["done"] * 16
    with store.app.app_context():
        assert (count("booked"), count("waiting")) == (5, 11)
        booked = db.session.scalars(select(SpendBooking).where(SpendBooking.status == "booked").order_by(SpendBooking.id)).all()
        names = {card: name for name, card in pool.bank.cards.items()}
        back = [f"{SPEND}.cancel({each.ref!r}, {known(pool.bank.who(names[each.member.ref]))}).status" for each in booked]
        db.session.remove()
    assert race(store, back) == [("done", "cancelled")] * 5
    with store.app.app_context():
        assert (count("booked"), count("waiting"), count("cancelled")) == (5, 6, 5), "each place went to one who waited"
        assert_books_are_right()
        db.session.remove()


def test_one_person_on_sixteen_phones_books_as_often_as_one_may(store: Store, pool: Pool) -> None:
    with store.app.app_context():
        ref = pool.open(times=ALWAYS, places=50, each_month=31, each_all=3)
        db.session.remove()
    assert ways(race(store, [book(pool, ref, "Maya", days) for days in range(2, 18)])) == ["done"] * 3 + ["refused"] * 13
    same = race(store, [book(pool, ref, "Idris")] * 8)
    assert ways(same) == ["done"] * 8 and len({ref for _way, ref in same}) == 1, "one time on eight phones is one place"


def test_one_booking_redeemed_at_sixteen_tills_moves_time_once(store: Store, pool: Pool) -> None:
    with store.app.app_context():
        ref = pool.open(times=ALWAYS, ahead=False, places=50)
        token = pool.at_till("Maya")
        db.session.remove()
    results = race(store, [redeem(pool, token, ref)] * 16)
    assert ways(results) == ["done"] * 16 and len({said for _way, said in results}) == 1, results
    with store.app.app_context():
        assert pool.bank.has("Maya") == -60
        assert db.session.scalar(select(func.count()).select_from(SpendRedemption)) == 1
        assert_books_are_right()
        db.session.remove()


def test_the_last_place_at_the_till(store: Store, pool: Pool) -> None:
    with store.app.app_context():
        ref = pool.open(times=ALWAYS, ahead=False, places=3, per="all")
        tokens = [pool.at_till(name) for name in SWIMMERS]
        db.session.remove()
    assert ways(race(store, [redeem(pool, token, ref) for token in tokens])) == ["done"] * 3 + ["refused"] * 13
    with store.app.app_context():
        assert sum(pool.bank.has(name) for name in SWIMMERS) == -180
        assert_books_are_right()
        db.session.remove()


def test_one_floor_at_four_tills(store: Store, pool: Pool) -> None:
    """Twelve hours are all that Maya may still fall: of four times five hours two are redeemed."""
    with store.app.app_context():
        refs = [pool.open(title=f"Swim {number}", times=ALWAYS, ahead=False, minutes=300) for number in range(4)]
        lend(pool.bank, "Idris", 480)
        pool.bank.settled("Idris", "Maya", 480)
        token = pool.at_till("Maya")
        db.session.remove()
    assert ways(race(store, [redeem(pool, token, ref) for ref in refs])) == ["done"] * 2 + ["refused"] * 2
    with store.app.app_context():
        assert pool.bank.has("Maya") == -1080
        assert_books_are_right()
        db.session.remove()


def test_undone_while_it_is_redeemed_and_called_off_while_it_is_booked(store: Store, pool: Pool) -> None:
    with store.app.app_context():
        ref = pool.open(times=ALWAYS, places=20)
        token, just_came = pool.at_till("Maya"), pool.open(title="Another", times=ALWAYS, ahead=False)
        first = till.redeem(pool.card, token, just_came, pool.pia).ref
        db.session.remove()
    undo = f"{TILL}.undo({first!r}, 'Both agree', {known(pool.pia)}).status"
    end = f"{OFFERS}.end({ref!r}, '', {known(pool.pia)})"
    race(store, [undo, undo, redeem(pool, token, first), *[book(pool, ref, name) for name in SWIMMERS[:8]], end])
    with store.app.app_context():
        assert count("booked") == 0 and spend_offers.by_ref(ref).status == "ended"
        assert pool.bank.has("Maya") == 0, "the booking was undone, and cannot be redeemed again"
        assert_books_are_right()
        db.session.remove()


def test_sixteen_tills_guess_no_more_often_than_one(store: Store, pool: Pool) -> None:
    card = pool.bank.cards["Maya"]
    with store.app.app_context():
        wrong = f"{(int(pool.digits('Maya')) + 1) % 10_000:04}"
        db.session.remove()
    guess = f"{TILL}.recognise({pool.card!r}, {card!r}, {wrong!r}, {known(pool.pia)})"
    results = race(store, [guess] * 16)
    assert [("Too many" in said) for _way, said in results].count(False) == till.MOST_WRONG_DIGITS, results
