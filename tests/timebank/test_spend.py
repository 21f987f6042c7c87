"""Spend offers by their actions: made and looked at, booked and given back, redeemed and undone; and what the database refuses of them."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal import clock, photos
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import Event
from portal.ledger import queries as books
from portal.ledger.model import Entry
from portal.money import Minutes
from portal.outbox import Message
from portal.people import actions as people
from portal.people.queries import all_about
from portal.timebank import leaving, members, queries, spend, spend_offers, spend_queries, till
from portal.timebank.spend_model import SpendBooking, SpendRedemption, SpendSlot
from portal.timebank.spend_rules import Window
from tests.timebank.bank import assert_books_are_right, lend
from tests.timebank.pool import FRIDAY, POOL, SIX, TEN, TODAY, TOMORROW, WEDNESDAY, Pool, on, open_pool


@pytest.fixture
def pool(app: Flask) -> Iterator[Pool]:
    with clock.held_at(WEDNESDAY):
        yield open_pool()


def told(key: str) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.to_name).where(Message.key.like(f"%{key}%")).order_by(Message.to_name)))


class TestOffers:
    def test_made_looked_at_and_open(self, pool: Pool) -> None:
        ref = pool.made()
        assert pool.offer(ref).status == "waiting" and told(":look:") == ["Cass"]
        assert [each.ref for each in spend_queries.to_look_at(frozenset({pool.bank.areas["mossgate"]}))] == [ref]
        assert not spend_queries.to_look_at(frozenset({pool.bank.areas["riverside"]})) and not spend_queries.open_offers()
        spend_offers.approve(ref, "", pool.bank.who("Cass"), shown=1)
        spend_offers.approve(ref, "", pool.bank.who("Cass"), shown=1)
        assert [each.ref for each in spend_queries.open_offers()] == [ref] and told(":approved:") == ["Pia"]

    def test_a_second_sending_makes_no_second(self, pool: Pool) -> None:
        assert pool.made(key="one") == pool.made(key="one")

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"title": ""}, "Write what it is"),
            ({"words": ""}, "a few words"),
            ({"place": ""}, "where it is"),
            ({"words": "Call Pia on 07700 900123"}, "telephone"),
            ({"title": "Swim, ask pia@example.org"}, "e-mail"),
            ({"area_id": 999}, "Choose a place"),
            ({"minutes": 20}, "quarters"),
            ({"minutes": 0}, "quarters"),
            ({"minutes": 975}, "quarters"),
            ({"places": 0}, "1 to 10,000"),
            ({"per": "week"}, "each time, a day or in all"),
            ({"each_month": 0}, "1 to 31"),
            ({"each_all": 0}, "1 to 1,000"),
            ({"cancel_hours": 200}, "a week"),
            ({"times": ()}, "days of the week"),
            ({"times": (Window(0, 600, 600),)}, "after the beginning"),
            ({"times": (Window(0, 600, 700), Window(0, 690, 800))}, "overlap"),
            ({"last_day": date(2026, 6, 2)}, "still ahead"),
            ({"title": "Gift card"}, "“gift card”.*swapped for something that works like money"),
            ({"words": "Only £2 on top"}, "leave prices out"),
        ],
    )
    def test_what_cannot_be_is_refused(self, pool: Pool, changes: dict[str, Any], said: str) -> None:
        with pytest.raises(Refused, match=said):
            pool.made(**changes)

    def test_names_of_its_people_stay_out(self, pool: Pool) -> None:
        pool.bank.join("Pat Poole")
        pool.bank.group("Poole Pilates", "Pat Poole")
        with pytest.raises(Refused, match="name of a person"):
            spend_offers.make(
                pool.bank.cards["Poole Pilates"], pool.offered(words="With Pat Poole"), None, "", Path("/x"), pool.bank.who("Pat Poole"), once_key="k"
            )  # fmt: skip

    def test_only_who_acts_for_a_partner(self, pool: Pool) -> None:
        for card, who in ((pool.card, "Maya"), (pool.bank.cards["Maya"], "Maya")):
            with pytest.raises(NotYours):
                spend_offers.make(card, pool.offered(), None, "", Path("/x"), pool.bank.who(who), once_key="k")

    def test_sent_back_changed_and_looked_at_again(self, pool: Pool) -> None:
        ref, cass = pool.made(), pool.bank.who("Cass")
        with pytest.raises(Refused, match="what to change"):
            spend_offers.send_back(ref, "", cass, shown=1)
        spend_offers.send_back(ref, "Say how deep it is.", cass, shown=1)
        assert pool.offer(ref).answer == "Say how deep it is." and told(":sent-back:") == ["Pia"]
        with pytest.raises(Conflict):
            spend_offers.approve(ref, "", cass, shown=1)
        spend_offers.change(ref, 1, pool.offered(words="Not deep at all."), None, "", Path("/x"), pool.pia)
        assert pool.offer(ref).status == "waiting" and pool.offer(ref).answer == ""
        with pytest.raises(Conflict, match="changed meanwhile"):
            spend_offers.approve(ref, "", cass, shown=1)
        spend_offers.approve(ref, "", cass, shown=2)
        assert pool.offer(ref).status == "open"

    def test_who_may_look(self, pool: Pool) -> None:
        ref = pool.made()
        pool.bank.join("Rae", "riverside", "connector")
        far = pool.bank.who("Rae").__class__(
            pool.bank.who("Rae").id, "x", "Rae", None, frozenset({("connector", pool.bank.areas["riverside"])})
        )
        for act in (spend_offers.approve, spend_offers.send_back):
            with pytest.raises(NotYours):
                act(ref, "Why", far, shown=1)
            with pytest.raises(NotYours):
                act(ref, "Why", pool.bank.who("Maya"), shown=1)
        pool.bank.group("Cass and friends", "Cass")
        own = spend_offers.make(
            pool.bank.cards["Cass and friends"], pool.offered(), None, "", Path("/x"), pool.bank.who("Cass"), once_key="own"
        )
        with pytest.raises(Refused, match="Ask a colleague"):
            spend_offers.approve(own, "", pool.bank.who("Cass"), shown=1)

    def test_the_filter_is_passed_by_an_officer_with_a_reason_alone(self, pool: Pool) -> None:
        with pytest.raises(spend_offers.LikeCash):
            pool.made(title="Make your own gift cards")
        ref = pool.made(title="Make your own gift cards", ask_officer=True)
        assert pool.offer(ref).flagged == "gift cards" and told(":look:") == ["Olga"]
        with pytest.raises(Refused, match="An officer decides"):
            spend_offers.approve(ref, "Fine", pool.bank.who("Cass"), shown=1)
        with pytest.raises(Refused, match="Write why it may be there"):
            spend_offers.approve(ref, "", pool.bank.who("Olga"), shown=1)
        with pytest.raises((IntegrityError, DBAPIError)), transaction():
            db.session.execute(text("UPDATE spend_offer SET status = 'open', opened_at = made_at"))
        db.session.rollback()
        spend_offers.approve(ref, "It is a craft class.", pool.bank.who("Olga"), shown=1)
        kept = db.session.scalars(select(Event).where(Event.kind == "approved")).one()
        assert (kept.reason, kept.data["flagged"]) == ("It is a craft class.", "gift cards")
        assert pool.offer(ref).excuse == "It is a craft class."
        spend_offers.change(ref, 1, pool.offered(title="Make your own gift cards", places=9), None, "", Path("/x"), pool.pia)
        assert pool.offer(ref).status == "open", "the same words need no second look"
        spend_offers.change(ref, 2, pool.offered(title="Gift cards of paper"), None, "", Path("/x"), pool.pia, ask_officer=True)
        assert pool.offer(ref).status == "waiting" and pool.offer(ref).excuse == "", "others do, and a reason of their own"

    def test_what_a_change_takes_off_the_list(self, pool: Pool) -> None:
        ref = pool.open()
        spend_offers.change(ref, 1, pool.offered(places=5, cancel_hours=2), None, "", Path("/x"), pool.pia)
        assert pool.offer(ref).status == "open", "places and limits are the partner's own"
        with pytest.raises(Conflict):
            spend_offers.change(ref, 1, pool.offered(places=6), None, "", Path("/x"), pool.pia)
        spend_offers.change(ref, 2, pool.offered(minutes=90), None, "", Path("/x"), pool.pia)
        assert pool.offer(ref).status == "waiting", "a price is looked at"
        with pytest.raises(NotYours):
            spend_offers.change(ref, 3, pool.offered(), None, "", Path("/x"), pool.bank.who("Maya"))

    def test_a_photo_is_kept_and_replaced(self, pool: Pool, tmp_path: Path) -> None:
        out = io.BytesIO()
        Image.new("RGB", (40, 30), "blue").save(out, "PNG")
        picture = photos.read(out.getvalue())
        ref = spend_offers.make(pool.card, pool.offered(), picture, "The pool", tmp_path, pool.pia, once_key="p")
        assert spend_offers.make(pool.card, pool.offered(), picture, "The pool", tmp_path, pool.pia, once_key="p") == ref
        assert len(list(tmp_path.rglob("*.jpg"))) == 1, "the second tap's photo is not kept"
        first = pool.offer(ref).photo_file
        spend_offers.change(ref, 1, pool.offered(), picture, "The pool", tmp_path, pool.pia)
        assert len(list(tmp_path.rglob("*.jpg"))) == 1 and pool.offer(ref).photo_file != first
        with pytest.raises(Refused):
            spend_offers.change(ref, 2, pool.offered(title=""), picture, "", tmp_path, pool.pia)
        assert len(list(tmp_path.rglob("*.jpg"))) == 1

    def test_fewer_places_than_are_taken(self, pool: Pool) -> None:
        ref = pool.open()
        pool.book(ref, "Maya"), pool.book(ref, "Idris")
        waits = pool.book(ref, "Walter", wait=True)
        with pytest.raises(Refused, match="2 places are taken already"):
            spend_offers.change(ref, 1, pool.offered(places=1), None, "", Path("/x"), pool.pia)
        with pytest.raises(Refused, match="in another way"):
            spend_offers.change(ref, 1, pool.offered(per="all"), None, "", Path("/x"), pool.pia)
        spend_offers.change(ref, 1, pool.offered(places=3), None, "", Path("/x"), pool.pia)
        assert pool.status(waits) == "booked", "more places go to who waits"
        assert_books_are_right()

    def test_ended_by_its_partner_by_a_coordinator_and_by_its_date(self, pool: Pool) -> None:
        ref = pool.open()
        place, waits = pool.book(ref, "Maya"), [pool.book(ref, "Idris"), pool.book(ref, "Walter", wait=True)][1]
        with pytest.raises(NotYours):
            spend_offers.end(ref, "", pool.bank.who("Maya"))
        with pytest.raises(Refused, match="Write why"):
            spend_offers.end(ref, "", pool.bank.who("Cass"))
        spend_offers.end(ref, "The boiler is broken.", pool.bank.who("Cass"))
        spend_offers.end(ref, "", pool.pia)
        assert pool.offer(ref).status == "ended" and {pool.status(place), pool.status(waits)} == {"off"}
        assert told(":off:") == ["Idris", "Maya", "Walter"] and told(":stopped:") == ["Pia"]
        with pytest.raises(Refused, match="has ended"):
            spend_offers.change(ref, 1, pool.offered(), None, "", Path("/x"), pool.pia)
        other = pool.open(title="Another swim", last_day=FRIDAY)
        assert spend_offers.end_due() == 0
        with on(FRIDAY + timedelta(days=1), 0, 1):
            assert not spend_queries.open_offers() and spend_offers.end_due() == 1 and spend_offers.end_due() == 0
        assert pool.offer(other).status == "ended"

    def test_a_partner_that_leaves_ends_its_offers(self, pool: Pool) -> None:
        ref = pool.open()
        place = pool.book(ref, "Maya")
        leaving.leave(pool.card, leaving.POT, "", pool.pia)
        assert spend_offers.end_due() == 1 and pool.status(place) == "off"

    def test_a_day_is_called_off(self, pool: Pool) -> None:
        ref = pool.open()
        friday, other = pool.book(ref, "Maya"), pool.book(ref, "Maya", TOMORROW)
        with pytest.raises(NotYours):
            spend_offers.call_off(ref, FRIDAY, "", pool.bank.who("Maya"))
        with pytest.raises(Refused):
            spend_offers.call_off(ref, TODAY - timedelta(days=1), "", pool.pia)
        assert spend_offers.call_off(ref, FRIDAY, "No lifeguard", pool.pia) == 1
        assert spend_offers.call_off(ref, FRIDAY, "No lifeguard", pool.pia) == 0
        assert (pool.status(friday), pool.status(other)) == ("off", "booked") and told(":off:") == ["Maya"]
        with pytest.raises(Refused, match="cannot be booked"):
            pool.book(ref, "Idris")
        with on(FRIDAY, 11), pytest.raises(Refused, match="not count at this time"):
            pool.redeemed(ref, "Idris")


class TestBooking:
    def test_a_place_a_second_tap_and_a_full_day(self, pool: Pool) -> None:
        ref = pool.open()
        place = pool.book(ref, "Maya")
        assert pool.book(ref, "Maya") == place, "the second tap gives the first result"
        pool.book(ref, "Idris")
        with pytest.raises(spend.Full, match="quicker"):
            pool.book(ref, "Walter")
        assert pool.status(pool.book(ref, "Walter", wait=True)) == "waiting"
        assert told(f"spend:{pool.booking(place).id}:booked") == ["Maya"]
        assert spend.code_of(pool.booking(place)) in (
            db.session.scalar(select(Message.body).where(Message.key.like("spend:1:booked%"))) or ""
        )
        assert pool.bank.has("Maya") == 0, "a place costs nothing until it is used"
        assert_books_are_right()

    @pytest.mark.parametrize(("per", "free"), [("time", True), ("day", False), ("all", False)])
    def test_places_of_a_time_a_day_or_in_all(self, pool: Pool, per: str, free: bool) -> None:
        ref = pool.open(per=per, places=1, times=(Window(4, TEN, 660), Window(4, SIX, 1140), Window(3, TEN, 660)))
        pool.book(ref, "Maya")
        if free:
            pool.book(ref, "Idris", begins=SIX)
        else:
            with pytest.raises(spend.Full):
                pool.book(ref, "Idris", begins=SIX)
        if per == "all":
            with pytest.raises(spend.Full):
                pool.book(ref, "Idris", TOMORROW)
        else:
            pool.book(ref, "Idris", TOMORROW)

    def test_what_cannot_be_booked(self, pool: Pool) -> None:
        ref, just_come, waiting = pool.open(), pool.open(title="Just come", ahead=False), pool.made(title="Not yet")
        for day, begins in ((TODAY, TEN), (FRIDAY, SIX), (date(2026, 6, 6), TEN), (date(2026, 7, 2), TEN), (date(2025, 6, 4), TEN)):
            with pytest.raises(Refused, match="cannot be booked"):
                pool.book(ref, "Maya", day, begins)
        pool.book(ref, "Maya", date(2026, 7, 1))
        with pytest.raises(Refused, match="just come"):
            pool.book(just_come, "Maya")
        with pytest.raises(Refused, match="not open"):
            pool.book(waiting, "Maya")
        with pytest.raises(Refused, match="your own offer"):
            spend.book(ref, FRIDAY, TEN, pool.card, pool.pia)
        with pytest.raises(NotYours):
            spend.book(ref, FRIDAY, TEN, pool.bank.cards["Maya"], pool.bank.who("Idris"))
        with pytest.raises(NotFound):
            pool.book("SPD-2222-2222", "Maya")
        members.set_member(
            pool.bank.cards["Idris"], area_id=pool.bank.areas["mossgate"], seen_outside=False, paused=True, actor=pool.bank.actor("Idris")
        )
        with pytest.raises(Refused, match="a break"):
            pool.book(ref, "Idris")

    def test_as_often_as_one_may(self, pool: Pool) -> None:
        ref = pool.open(each_month=1, each_all=2)
        first = pool.book(ref, "Maya")
        with pytest.raises(Refused, match="once a month"):
            pool.book(ref, "Maya", TOMORROW)
        pool.book(ref, "Maya", date(2026, 7, 1))
        spend.cancel(first, pool.bank.who("Maya"))
        pool.book(ref, "Maya", TOMORROW)
        with on(date(2026, 7, 20), 11), pytest.raises(Refused, match="2 times, so that everybody"):
            pool.book(ref, "Maya", date(2026, 8, 3))

    def test_a_floor_says_the_way_on(self, pool: Pool) -> None:
        ref = pool.open(minutes=240)
        lend(pool.bank, "Idris", 2400)
        pool.bank.settled("Idris", "Maya", 960)
        pool.book(ref, "Maya")
        pool.bank.settled("Idris", "Maya", 15, day=TODAY - timedelta(days=1))
        with pytest.raises(Refused, match="cannot go below -20 h"):
            pool.book(ref, "Maya", TOMORROW)

    def test_a_coordinator_books_for_who_has_no_telephone(self, pool: Pool) -> None:
        ref = pool.open()
        pool.bank.join("Nell", email=None, postal="3 Larch Court")
        cass, card = pool.bank.who("Cass"), pool.bank.cards["Nell"]
        with pytest.raises(Refused, match="how you know"):
            spend.book(ref, FRIDAY, TEN, card, cass)
        made = spend.book(ref, FRIDAY, TEN, card, cass, basis="telephone")
        assert (made.basis, made.booked_by) == ("telephone", f"person:{cass.id}")
        spend.cancel(made.ref, cass, basis="telephone")
        assert pool.status(made.ref) == "cancelled"

    def test_given_back_in_time_frees_the_place_for_who_waits(self, pool: Pool) -> None:
        ref = pool.open(places=1)
        place = pool.book(ref, "Maya")
        first, second = pool.book(ref, "Idris", wait=True), pool.book(ref, "Walter", wait=True)
        assert [spend_queries.place_in_line(pool.booking(each)) for each in (first, second)] == [1, 2]
        with pytest.raises(NotYours):
            spend.cancel(place, pool.bank.who("Idris"))
        spend.cancel(place, pool.bank.who("Maya"))
        spend.cancel(place, pool.bank.who("Maya"))
        assert [pool.status(each) for each in (place, first, second)] == ["cancelled", "booked", "waiting"]
        assert told(":moved-up:") == ["Idris"]
        spend.cancel(second, pool.bank.who("Walter"))
        with pytest.raises(Conflict):
            spend_offers.end(ref, "", pool.pia)
            spend.cancel(first, pool.bank.who("Idris"))
        assert_books_are_right()

    def test_given_back_late_leaves_a_mark(self, pool: Pool) -> None:
        ref = pool.open()
        place, waits = pool.book(ref, "Maya"), pool.book(ref, "Idris")
        with on(TOMORROW, 10, 1):
            spend.cancel(place, pool.bank.who("Maya"))
        with on(TOMORROW, 9, 59):
            spend.cancel(waits, pool.bank.who("Idris"))
        assert (pool.status(place), pool.status(waits)) == ("late", "cancelled")
        began = pool.book(ref, "Walter")
        with on(FRIDAY, 10, 1), pytest.raises(Refused, match="has begun"):
            spend.cancel(began, pool.bank.who("Walter"))
        with pytest.raises(NotYours):
            spend.excuse(place, "Ill", pool.bank.who("Maya"))
        with pytest.raises(Refused, match="Write why"):
            spend.excuse(place, "", pool.pia)
        spend.excuse(place, "Ill", pool.pia)
        spend.excuse(place, "Ill", pool.pia)
        assert pool.status(place) == "cancelled"
        with pytest.raises(Conflict):
            spend.excuse(began, "Ill", pool.pia)

    def test_a_place_that_comes_late_is_given_back_without_a_mark(self, pool: Pool) -> None:
        ref = pool.open(places=1)
        place, waits = pool.book(ref, "Maya"), pool.book(ref, "Idris", wait=True)
        with on(FRIDAY, 8):
            spend.cancel(place, pool.bank.who("Maya"))
            assert pool.status(waits) == "booked"
        with on(FRIDAY, 9, 30):
            spend.cancel(waits, pool.bank.who("Idris"))
        assert pool.status(waits) == "cancelled"

    def test_three_not_used_pause_booking_and_not_coming(self, pool: Pool) -> None:
        ref, other = pool.open(each_month=31, cancel_hours=0), pool.open(title="Another swim")
        days = [TOMORROW, FRIDAY, date(2026, 6, 8)]
        for day in days:
            pool.book(ref, "Maya", day)
        with on(date(2026, 6, 9), 8):
            assert spend.mark_missed() == 3 and spend.mark_missed() == 0
            assert [len(told(f"spend:{n}:missed")) for n in (1, 2, 3)] == [1, 1, 1]
            bodies = db.session.scalars(select(Message.body).where(Message.key.like("spend:%:missed%")).order_by(Message.id)).all()
            assert ["third time" in each for each in bodies] == [False, False, True]
            for offer in (ref, other):
                with pytest.raises(Refused, match="until Wednesday 8 July 2026"):
                    pool.book(offer, "Maya", date(2026, 6, 11))
            pool.book(ref, "Idris", date(2026, 6, 11))
            assert spend_queries.month_of(pool.bank.member(POOL), date(2026, 6, 1)) == spend_queries.Month(0, 0, 3)
        with on(date(2026, 6, 9), 11):
            pool.redeemed(ref, "Maya")
        with on(date(2026, 7, 8), 8):
            pool.book(ref, "Maya", date(2026, 7, 9))
        spend.excuse(spend_queries.unused(pool.bank.member(POOL))[0].ref, "They were there", pool.pia)
        with on(date(2026, 6, 9), 9):
            pool.book(ref, "Maya", date(2026, 6, 12))
        assert_books_are_right()

    def test_waiting_that_came_to_nothing_and_places_in_all_that_come_back(self, pool: Pool) -> None:
        ref = pool.open(places=1, per="all")
        pool.book(ref, "Maya", TOMORROW)
        friday = pool.book(ref, "Idris", FRIDAY, wait=True)
        thursday = pool.book(ref, "Walter", TOMORROW, wait=True)
        with on(TOMORROW, 10, 0):
            assert spend.mark_missed() == 1 and pool.status(thursday) == "passed"
        with on(FRIDAY, 0, 1):
            assert spend.mark_missed() == 1 and pool.status(friday) == "booked", "the place that nobody used is the next one's"
        assert_books_are_right()

    def test_who_leaves_frees_places(self, pool: Pool) -> None:
        ref = pool.open(places=1)
        place, waits = pool.book(ref, "Maya"), pool.book(ref, "Idris", wait=True)
        leaving.leave(pool.bank.cards["Maya"], leaving.POT, "", pool.bank.who("Maya"))
        assert spend.let_go_of_leavers() == 1 and spend.let_go_of_leavers() == 0
        assert (pool.status(place), pool.status(waits)) == ("cancelled", "booked")

    def test_the_worker_moves_who_waits(self, pool: Pool) -> None:
        ref = pool.open(places=1)
        place, waits = pool.book(ref, "Maya"), pool.book(ref, "Idris", wait=True)
        with transaction():
            db.session.execute(text(f"UPDATE spend_booking SET status = 'cancelled' WHERE ref = '{place}'"))
        assert spend.move_waiting() == 1 and spend.move_waiting() == 0 and pool.status(waits) == "booked"


def test_places_that_are_kept_count_against_the_floor(pool: Pool) -> None:
    refs = [pool.open(minutes=600) for _each in range(3)]
    pool.book(refs[0], "Maya")
    last = pool.book(refs[1], "Maya", day=FRIDAY + timedelta(days=7))
    with pytest.raises(Refused, match="you have places for 20 h already"):
        pool.book(refs[2], "Maya", day=FRIDAY + timedelta(days=14))
    spend.cancel(last, pool.bank.who("Maya"))
    pool.book(refs[2], "Maya", day=FRIDAY + timedelta(days=14))


class TestTill:
    def test_a_booking_by_its_digits(self, pool: Pool) -> None:
        ref = pool.open()
        place = pool.book(ref, "Maya")
        code = spend.code_of(pool.booking(place))
        with pytest.raises(Refused, match="No booking of today"):
            till.recognise(pool.card, code, "", pool.pia)
        with on(FRIDAY, 9, 29):
            token = till.recognise(pool.card, f"{code[:3]} {code[3:]}", "", pool.pia)
            with pytest.raises(Refused, match="begins at 10:00"):
                till.redeem(pool.card, token, place, pool.pia)
        with on(FRIDAY, 10, 10):
            token = till.recognise(pool.card, code, "", pool.pia)
            seen = till.known(pool.bank.member(POOL), token, pool.pia)
            assert (till.first_name(seen.member), seen.proof) == ("Maya", "code")
            assert [each.ref for each in till.choices(pool.bank.member(POOL), seen)] == [place]
            with pytest.raises(NotFound):
                till.redeem(pool.card, token, ref, pool.pia)
            assert till.redeem(pool.card, token, place, pool.pia).ref == place
            assert till.redeem(pool.card, token, place, pool.pia).ref == place
        assert (pool.bank.has("Maya"), pool.bank.has(POOL)) == (-60, 60) and told(":receipt:") == ["Maya"]
        row = db.session.scalars(select(SpendRedemption)).one()
        assert (row.proof, row.entry_key, row.by) == ("code", f"spend:{row.booking_id}:redeemed", f"person:{pool.pia.id}")
        entry = db.session.scalars(select(Entry).where(Entry.key == row.entry_key)).one()
        assert entry.sentence == f"Time spent at {POOL}" and "Maya" not in entry.sentence
        assert [line.sentence for line in queries.statement(pool.bank.member("Maya"))] == [f"Time spent at {POOL}"]
        assert_books_are_right()

    def test_who_just_comes_by_their_card(self, pool: Pool) -> None:
        ref = pool.open(ahead=False, places=1)
        token = till.recognise(pool.card, pool.bank.cards["Maya"].lower(), " ".join(pool.digits("Maya")), pool.pia)
        choice = till.choices(pool.bank.member(POOL), till.known(pool.bank.member(POOL), token, pool.pia))
        assert [(each.ref, each.booked, each.done, each.minutes) for each in choice] == [(ref, False, False, 60)]
        first = till.redeem(pool.card, token, ref, pool.pia).ref
        assert till.redeem(pool.card, pool.at_till("Maya"), ref, pool.pia).ref == first
        again = till.choices(pool.bank.member(POOL), till.known(pool.bank.member(POOL), token, pool.pia))
        assert [(each.ref, each.done) for each in again] == [(first, True)]
        with pytest.raises(Refused, match="No place is free"):
            pool.redeemed(ref, "Idris")
        assert pool.bank.has("Maya") == -60
        assert_books_are_right()

    def test_a_number_alone_is_not_enough(self, pool: Pool) -> None:
        pool.open(ahead=False)
        card, right = pool.bank.cards["Maya"], pool.digits("Maya")
        wrong = f"{(int(right) + 1) % 10_000:04}"
        for typed, digits, said in (
            (card, "", "Type the four digits"),
            (card, "Maya", "Type the four digits"),
            (card, f"{right}0", "Type the four digits"),
            (card, wrong, "do not belong together"),
            ("MEM-2222-2222", right, "do not belong together"),
            (pool.card.replace("MEM", "SPD"), right, "Type the number on the card"),
            ("hello", right, "Type the number on the card"),
            ("", "", "Type the number on the card"),
            ("123456", "", "No booking of today"),
        ):
            with pytest.raises(Refused, match=said):
                till.recognise(pool.card, typed, digits, pool.pia)
        with pytest.raises(NotYours):
            till.recognise(pool.card, card, right, pool.bank.who("Idris"))
        for _time in range(till.MOST_WRONG_DIGITS - 1):
            with pytest.raises(Refused, match="do not belong together"):
                till.recognise(pool.card, card, wrong, pool.pia)
        with pytest.raises(Refused, match="Too many wrong digits"):
            till.recognise(pool.card, card, right, pool.pia)
        pool.at_till("Idris")
        with on(TOMORROW, 11):
            pool.at_till("Maya")

    def test_digits_are_not_guessed(self, pool: Pool) -> None:
        place = pool.book(pool.open(), "Maya")
        code = spend.code_of(pool.booking(place))
        wrong = "000000" if code != "000000" else "111111"
        with on(FRIDAY, 11):
            for _time in range(till.MOST_WRONG_CODES):
                with pytest.raises(Refused, match="No booking"):
                    till.recognise(pool.card, wrong, "", pool.pia)
            with pytest.raises(Refused, match="Too many wrong digits"):
                till.recognise(pool.card, code, "", pool.pia)
            pool.at_till("Maya")

    def test_who_was_recognised_is_for_this_till_and_a_while(self, pool: Pool) -> None:
        ref = pool.open(ahead=False)
        pool.bank.join("Ria")
        pool.bank.group("Another pool", "Pia", "Ria")
        token = pool.at_till("Maya")
        with pytest.raises(NotFound):
            till.redeem(pool.bank.cards["Another pool"], token, ref, pool.bank.who("Pia"))
        with pytest.raises(NotFound):
            till.redeem(pool.card, token.replace(pool.bank.cards["Maya"], pool.bank.cards["Idris"]), ref, pool.pia)
        for bent in ("", "x", "MEM-2222-2222.1.abc", f"{token}a", token.replace(".", ".9", 1), "MEM-2222-2222.99999999999999.a"):
            with pytest.raises((NotFound, Refused)):
                till.redeem(pool.card, bent, ref, pool.pia)
        with clock.held_at(WEDNESDAY + timedelta(minutes=11)), pytest.raises(Refused, match="a while ago"):
            till.redeem(pool.card, token, ref, pool.pia)
        other = spend_offers.make(
            pool.bank.cards["Another pool"], pool.offered(ahead=False), None, "", Path("/x"), pool.bank.who("Ria"), once_key="o"
        )
        spend_offers.approve(other, "", pool.bank.who("Cass"), shown=1)
        with pytest.raises(NotYours):
            till.redeem(pool.card, token, other, pool.pia)
        assert pool.bank.has("Maya") == 0

    def test_hours_limits_and_states_are_judged_at_that_moment(self, pool: Pool) -> None:
        ref = pool.open(ahead=False, each_month=1, places=9)
        for hour, minute in ((9, 29), (15, 0), (23, 0)):
            with on(TODAY, hour, minute), pytest.raises(Refused, match="Monday to Friday, 10:00 to 15:00"):
                pool.redeemed(ref, "Maya")
        with on(TODAY, 9, 30):
            pool.redeemed(ref, "Maya")
        with on(TOMORROW, 11), pytest.raises(Refused, match="once a month"):
            pool.redeemed(ref, "Maya")
        waiting = pool.made(title="Not yet", ahead=False)
        with pytest.raises(Refused, match="not open"):
            pool.redeemed(waiting, "Idris")
        with pytest.raises(Refused, match="own offer"):
            till.redeem(pool.card, till.recognise(pool.card, pool.card, pool.digits(POOL), pool.pia), ref, pool.pia)

    def test_a_booking_is_redeemed_on_its_day_for_its_price_although_it_changed(self, pool: Pool) -> None:
        ref = pool.open()
        place = pool.book(ref, "Maya")
        spend_offers.change(ref, 1, pool.offered(minutes=120), None, "", Path("/x"), pool.pia)
        with pytest.raises(Refused, match="another day"):
            pool.redeemed(place, "Maya")
        with on(FRIDAY, 16):  # somebody remembered after the hours
            with pytest.raises(NotFound):
                pool.redeemed(place, "Idris")
            pool.redeemed(place, "Maya")
        assert pool.bank.has("Maya") == -60
        gone = pool.book(pool.open(title="Another"), "Idris")
        spend.cancel(gone, pool.bank.who("Idris"))
        with on(FRIDAY, 11), pytest.raises(Conflict, match="not open any more"):
            pool.redeemed(gone, "Idris")

    def test_who_booked_and_gives_the_number_uses_the_booking(self, pool: Pool) -> None:
        ref = pool.open(places=1)
        place = pool.book(ref, "Maya")
        with on(FRIDAY, 11):
            with pytest.raises(Refused, match="No place is free"):
                pool.redeemed(ref, "Idris")
            assert pool.redeemed(ref, "Maya") == place

    def test_who_waits_and_comes_gets_what_is_free(self, pool: Pool) -> None:
        ref = pool.open(places=1, cancel_hours=0)
        place, waits = pool.book(ref, "Maya"), pool.book(ref, "Idris", wait=True)
        with on(FRIDAY, 10, 5):
            with pytest.raises(Refused, match="No place is free"):
                pool.redeemed(ref, "Idris")
            till.undo(pool.redeemed(place, "Maya"), "The wrong Maya", pool.pia)
            assert pool.redeemed(ref, "Idris") == waits
        assert_books_are_right()

    def test_across_areas_and_the_soft_floor(self, pool: Pool) -> None:
        ref = pool.open(ahead=False, minutes=660)
        pool.redeemed(ref, "Walter")
        assert books.balance("area:mossgate:clearing") == -books.balance("area:riverside:clearing") != 0
        assert told(":soft-floor:") == ["Cass"]
        assert "give an hour back" in (db.session.scalar(select(Message.body).where(Message.key.like("%:receipt:%"))) or "")
        assert_books_are_right()

    def test_the_hard_floor_is_kind_and_tells_the_till_no_balance(self, pool: Pool) -> None:
        lend(pool.bank, "Idris", 2400)
        pool.bank.settled("Idris", "Maya", 960)
        pool.bank.settled("Idris", "Maya", 225, day=TODAY - timedelta(days=1))
        ref = pool.open(ahead=False)
        with pytest.raises(Refused, match="Maya has not enough time left") as caught:
            pool.redeemed(ref, "Maya")
        assert "h 4" not in caught.value.sentence and "-" not in caught.value.sentence
        assert db.session.scalar(select(func.count()).select_from(SpendBooking)) == 0, "nothing of it happened"
        members.allow_lower(pool.bank.cards["Maya"], Minutes(-1800), "A hard month", pool.bank.actor("Cass"))
        pool.redeemed(ref, "Maya")
        assert pool.bank.has("Maya") == -1245

    def test_undone_the_same_day_and_later(self, pool: Pool) -> None:
        ref = pool.open(ahead=False, places=1)
        first = pool.redeemed(ref, "Maya")
        with pytest.raises(NotYours):
            till.undo(first, "No", pool.bank.who("Idris"))
        with pytest.raises(Refused, match="Write why"):
            till.undo(first, "", pool.pia)
        till.undo(first, "Maya did not stay", pool.pia)
        till.undo(first, "Maya did not stay", pool.pia)
        assert (pool.status(first), pool.bank.has("Maya"), pool.bank.has(POOL)) == ("undone", 0, 0)
        assert told(":undone:person") == ["Maya"] and told(":undone:partner:") == ["Pia"]
        assert all("Maya" not in line.sentence for line in queries.statement(pool.bank.member("Maya"))), "typed words stay out of the books"
        second = pool.redeemed(ref, "Maya")
        assert second != first, "the place is free again"
        with on(TOMORROW, 9):
            with pytest.raises(Refused, match="a coordinator undoes it"):
                till.undo(second, "Late", pool.pia)
            till.undo(second, "Both agree", pool.bank.who("Cass"))
        with pytest.raises(Conflict):
            till.undo(pool.book(pool.open(title="Another"), "Maya"), "Why", pool.pia)
        assert_books_are_right()

    def test_a_tap_that_comes_late_does_not_redeem_again_what_was_undone(self, pool: Pool) -> None:
        ref, token = pool.open(ahead=False), pool.at_till("Maya")
        first = till.redeem(pool.card, token, ref, pool.pia, once_key="tap").ref
        till.undo(first, "Maya did not stay", pool.pia)
        assert till.redeem(pool.card, token, ref, pool.pia, once_key="tap").ref == first
        assert pool.bank.has("Maya") == 0 and pool.status(first) == "undone"
        assert till.redeem(pool.card, token, ref, pool.pia, once_key="another").ref != first and pool.bank.has("Maya") == -60

    def test_something_wrong_goes_to_a_coordinator(self, pool: Pool) -> None:
        place = pool.redeemed(pool.open(ahead=False), "Walter")
        walter, cass = pool.bank.who("Walter"), pool.bank.who("Cass")
        with pytest.raises(NotYours):
            till.something_wrong(place, "No", pool.bank.who("Maya"))
        with pytest.raises(Refused):
            till.something_wrong(place, "", walter)
        till.something_wrong(place, "I was at home", walter)
        with pytest.raises(Conflict, match="told already"):
            till.something_wrong(place, "I was at home", walter)
        assert told(":questioned:") == ["Cass"] and [each.ref for each in spend_queries.questioned(None)] == [place]
        for who in ("Pia", "Walter", "Maya"):
            with pytest.raises(NotYours):
                till.stands(place, "Fine", pool.bank.who(who))
        with pytest.raises(Refused):
            till.stands(place, "", cass)
        till.stands(place, "We have talked, it was you.", cass)
        assert not spend_queries.questioned(None) and told(":stands:") == ["Walter"]
        with pytest.raises(Conflict):
            till.stands(place, "Again", cass)
        with on(TOMORROW, 9):
            till.something_wrong(place, "It was not", walter)
            till.undo(place, "Another Walter", cass)
        assert not spend_queries.questioned(None) and pool.bank.has("Walter") == 0
        with pytest.raises(Conflict):
            till.something_wrong(place, "Still", walter)


class TestData:
    def test_what_we_keep_is_told_and_goes(self, pool: Pool) -> None:
        ref = pool.open(places=1)
        used = pool.redeemed(ref, "Maya")
        till.something_wrong(used, "It was Thursday", pool.bank.who("Maya"))
        place, waits = pool.book(ref, "Maya"), pool.book(ref, "Idris", wait=True)
        kept = all_about(pool.bank.who("Maya").id)["spend offers"]
        assert [(each["status"], each["what is wrong"]) for each in kept] == [("redeemed", "It was Thursday"), ("booked", "")]
        leaving.leave(pool.bank.cards["Maya"], leaving.POT, "", pool.bank.who("Maya"))
        people.delete_me(pool.bank.who("Maya").id, pool.bank.actor("Maya"))
        assert pool.booking(used).question == "" and pool.status(place) == "cancelled"
        assert spend.move_waiting() == 1 and pool.status(waits) == "booked"
        assert_books_are_right()

    def test_the_file_of_a_month(self, pool: Pool) -> None:
        pool.bank.join("Zoë Ward")
        ref = pool.open(ahead=False)
        till.undo(pool.redeemed(ref, "Maya"), "Why", pool.pia)
        till.redeem(pool.card, pool.at_till("Zoë Ward"), ref, pool.pia)
        rows = list(spend_queries.redemptions(pool.bank.member(POOL), date(2026, 6, 1), date(2026, 6, 30)))
        assert [(row[2], row[3], row[4], row[5]) for row in rows] == [
            ("Maya", pool.bank.cards["Maya"], 60, "undone"), ("Zoë", pool.bank.cards["Zoë Ward"], 60, ""),
        ]  # fmt: skip
        assert spend_queries.month_of(pool.bank.member(POOL), date(2026, 6, 1)) == spend_queries.Month(1, 60, 0)


@pytest.fixture
def sold_out(pool: Pool) -> Pool:
    """One place in all, redeemed; one who waits."""
    ref = pool.open(places=1)
    pool.redeemed(ref, "Maya")
    pool.book(ref, "Idris"), pool.book(ref, "Walter", wait=True)
    return pool


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE spend_booking SET status = 'booked' WHERE status = 'waiting'",  # one more than there are
        "UPDATE spend_slot SET taken = taken + 1",
        "UPDATE spend_slot SET taken = -1",
        "UPDATE spend_slot SET places = 50",
        "UPDATE spend_slot SET day = NULL",
        "UPDATE spend_slot SET code = 'another'",
        "DELETE FROM spend_slot",
        "INSERT INTO spend_slot (offer_id, code, places, taken) SELECT offer_id, 'more', 50, 0 FROM spend_slot LIMIT 1",
        "UPDATE spend_booking SET status = 'booked' WHERE status = 'redeemed'",
        "UPDATE spend_booking SET status = 'cancelled' WHERE status = 'redeemed'",
        "UPDATE spend_booking SET minutes = 15",
        "UPDATE spend_booking SET member_id = member_id + 1",
        "UPDATE spend_booking SET day = '2026-07-01'",
        "UPDATE spend_booking SET status = 'paid'",
        "DELETE FROM spend_booking",
        "UPDATE spend_redemption SET minutes = 15",
        "UPDATE spend_redemption SET proof = 'code'",
        "DELETE FROM spend_redemption",
        "UPDATE spend_offer SET places = 0",
        "UPDATE spend_offer SET opened_at = NULL",
        "UPDATE spend_offer SET flagged = 'voucher'",
        "UPDATE spend_offer SET minutes = 20",
    ],
)
def test_the_database_refuses(sold_out: Pool, what: str) -> None:
    with pytest.raises((IntegrityError, DBAPIError)), transaction():
        done = db.session.execute(text(what))
        assert done.rowcount != 0, "the statement met no row: this test proves nothing"  # type: ignore[attr-defined]
    db.session.rollback()
    assert_books_are_right()


@pytest.mark.parametrize("status", ["booked", "redeemed"])
def test_an_oversold_place_is_refused_however_it_is_written(sold_out: Pool, status: str) -> None:
    columns = "offer_id, slot_id, day, begins, ends, starts_at, minutes, booked_by, booked_at, free_until, question"
    with pytest.raises(IntegrityError, match="not_oversold"), transaction():
        db.session.execute(
            text(
                f"INSERT INTO spend_booking (ref, member_id, status, {columns}) SELECT 'BKG-TEST-TEST', (SELECT min(id) FROM member), '{status}', {columns} "
                "FROM spend_booking WHERE status = 'waiting'"
            )
        )
    db.session.rollback()


@pytest.mark.parametrize("change", ["status = 'booked'", "minutes = 15"])
def test_a_redemption_is_of_a_redeemed_booking_for_its_price(sold_out: Pool, change: str) -> None:
    values = "booking_id, partner_id, minutes, day, at, by, proof, entry_key"
    booking = "(SELECT id FROM spend_booking WHERE status = 'booked')" if "status" in change else "booking_id"
    minutes = "15" if "minutes" in change else "minutes"
    with pytest.raises((IntegrityError, DBAPIError)), transaction():
        db.session.execute(
            text(
                f"INSERT INTO spend_redemption ({values}) SELECT {booking}, partner_id, {minutes}, day, at, by, proof, 'another' FROM spend_redemption"
            )
        )
    db.session.rollback()


def test_one_place_a_member_and_time(sold_out: Pool) -> None:
    columns = "offer_id, slot_id, member_id, day, begins, ends, starts_at, minutes, booked_by, booked_at, free_until, question"
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(
            text(
                f"INSERT INTO spend_booking (ref, status, {columns}) SELECT 'BKG-TEST-TEST', 'waiting', {columns} FROM spend_booking WHERE status = 'waiting'"
            )
        )
    db.session.rollback()


def test_what_is_not_as_the_books_say_is_found(sold_out: Pool) -> None:
    assert list(spend_queries.broken_caches()) == []
    used = db.session.scalars(select(SpendBooking).where(SpendBooking.status == "redeemed")).one()
    code, offer, ref = used.slot.code, used.offer.ref, used.ref
    with transaction():
        db.session.execute(text("UPDATE spend_booking SET status = 'undone' WHERE status = 'redeemed'"))
    assert list(spend_queries.broken_caches()) == [f"booking {ref} is undone, and the books say otherwise"]
    with transaction():
        db.session.execute(text("UPDATE spend_slot SET taken = 1 WHERE taken = 0"))
    assert f"offer {offer} says that 1 places are taken ({code}), and 0 are" in list(spend_queries.broken_caches())
    with transaction():
        db.session.execute(text("UPDATE spend_booking SET status = 'redeemed' WHERE status = 'cancelled'"))
    assert db.session.scalar(select(func.count()).select_from(SpendSlot)) == 2


def test_an_entry_without_a_redemption_is_found(pool: Pool) -> None:
    from portal.ledger.posting import Line, post

    with transaction():
        post(
            [Line(f"member:{pool.bank.cards['Maya']}", f"member:{pool.card}", 60)], key="spend:99:redeemed", kind="spend", about="spend:99", sentence="x",
            actor="scheme",
        )  # fmt: skip
    assert list(spend_queries.broken_caches()) == ["the books have spend:99:redeemed, and no booking was redeemed for it"]
