"""Two cards of one person become one: once, exactly, and what is open goes along."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.ledger import queries as books
from portal.money import Minutes
from portal.outbox import Message
from portal.people.queries import all_about
from portal.timebank import (
    checkin,
    evidence,
    exchange,
    leaving,
    members,
    merging,
    neighbours,
    posts,
    promises,
    queries,
    search,
    session_closing,
    sessions,
    spend,
    tariffs,
    till,
)
from portal.timebank.model import Member
from portal.timebank.rules import TimeRules
from tests.client import Inspector
from tests.conftest import Store
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank
from tests.timebank.market import propose, put_up, reply, talk, the_post, write
from tests.timebank.pool import POOL, TODAY, on, open_pool
from tests.timebank.test_neighbours import SITTING, give_seats, the_three
from tests.timebank.test_posts import picture
from tests.timebank.test_sessions import here, opened, signed


@pytest.fixture
def bank(app: Flask) -> Bank:
    """Maya was brought over a second time, as Maya Greene of Riverside."""
    made = open_bank()
    made.join("Maya Greene", "riverside")
    return made


def merge(bank: Bank, old: str = "Maya Greene", new: str = "Maya", who: str = "Olga", reason: str = "Same birthday and street") -> Minutes:
    return merging.merge(bank.cards[old], bank.cards[new], reason, bank.who(who))[0]


def raw(bank: Bank, name: str) -> Member:
    db.session.rollback()
    return db.session.query(Member).filter_by(ref=bank.cards[name]).one()


def test_the_balance_moves_once_and_the_old_card_leads_on(bank: Bank) -> None:
    bank.settled("Maya Greene", "Idris", 90)
    bank.settled("Maya", "Idris", 60)
    assert merge(bank) == 90
    assert (bank.has("Maya"), bank.has("Maya Greene")) == (150, 0)
    assert raw(bank, "Maya Greene").status == "left"
    assert members.by_ref(bank.cards["Maya Greene"]).ref == bank.cards["Maya"]
    assert [each.ref for each in members.search_all(bank.cards["Maya Greene"], None)] == [bank.cards["Maya"]]
    assert books.balance("area:riverside:clearing") == -books.balance("area:mossgate:clearing")
    line = queries.statement(bank.member("Maya"), limit=1)[0]
    assert line.minutes == 90 and bank.cards["Maya Greene"] in line.sentence
    assert db.session.query(Message).filter(Message.key.like("merged:%")).count() == 2
    with pytest.raises(Conflict, match="joined already"):
        merge(bank)
    with pytest.raises(Refused, match="left the timebank"):
        merge(bank, "Maya", "Maya Greene")
    assert merging.follow() == 0
    assert all_about(bank.who("Maya").id)["cards that became one"][0]["minutes that moved"] == 90
    assert_books_are_right()


def test_a_balance_below_zero_moves_too(bank: Bank) -> None:
    bank.settled("Idris", "Maya Greene", 600)
    bank.settled("Walter", "Maya", 480)
    assert merge(bank) == -600
    assert bank.has("Maya") == -1080 and bank.has("Maya Greene") == 0
    assert_books_are_right()


def test_together_below_the_floor_is_refused(bank: Bank) -> None:
    bank.settled("Idris", "Maya Greene", 600)
    bank.settled("Idris", "Maya Greene", 300, day=clock.today() - timedelta(days=1))
    bank.settled("Walter", "Maya", 600)
    with pytest.raises(Refused, match="Together they would be below"):
        merge(bank)
    members.allow_lower(bank.cards["Maya"], Minutes(-1800), "For the two cards", bank.actor("Cass"))
    assert merge(bank) == -900
    assert_books_are_right()


def test_what_is_open_goes_along_and_what_is_between_the_two_is_taken_back(bank: Bank) -> None:
    asked = bank.log("Idris", "gave", "Maya Greene", 60)
    differs = bank.log("Maya Greene", "gave", "Walter", 120)
    exchange.answer(differs, 30, "", bank.who("Walter"), shown=120)
    between = bank.log("Maya", "gave", "Maya Greene", 60)
    even = bank.settled("Maya", "Maya Greene", 45)
    seen = merging.preview(bank.cards["Maya Greene"], bank.cards["Maya"], bank.who("Olga"))
    assert (seen.minutes, seen.together, seen.moving, seen.between, seen.problem) == (-45, 0, 2, 1, "")
    merge(bank)
    assert bank.entry(between).status == "withdrawn" and bank.entry(even).status == "settled" and bank.has("Maya") == 0
    exchange.answer(asked, 60, "", bank.who("Maya"), shown=60)
    exchange.decide(differs, 60, "I spoke with both", bank.who("Olga"))
    assert (bank.has("Maya"), bank.has("Idris"), bank.has("Walter")) == (0, 60, -60)
    assert bank.entry(differs).giver.ref == bank.cards["Maya"]
    assert_books_are_right()


def test_what_is_put_right_later_follows(bank: Bank) -> None:
    """An exchange of the old card is reversed after the joining: its account is even again, and the other one pays."""
    ref = bank.settled("Maya Greene", "Idris", 90)
    merge(bank)
    exchange.something_wrong(ref, "It was half", bank.who("Idris"))
    exchange.put_right(ref, 45, "It was half", bank.who("Cass"))
    assert bank.has("Maya Greene") == -45
    assert merging.follow() == 1 and merging.follow() == 0
    assert (bank.has("Maya"), bank.has("Maya Greene"), bank.has("Idris")) == (45, 0, -45)
    with pytest.raises(Conflict):
        exchange.answer(ref, 90, "", bank.who("Idris"), shown=90)
    assert_books_are_right()


def test_starting_credit_counts_once(app: Flask) -> None:
    bank = open_bank(TimeRules(starting_credit=Minutes(120)))
    bank.join("Maya Greene")
    assert merge(bank) == 0
    assert bank.has("Maya") == 120
    assert_books_are_right()


def test_chains_lead_to_the_last(bank: Bank) -> None:
    bank.join("M Greene")
    lend(bank, "Maya Greene", 60)
    merge(bank)
    merge(bank, "Maya", "M Greene")
    assert members.by_ref(bank.cards["Maya Greene"]).ref == bank.cards["M Greene"] and bank.has("M Greene") == 60
    assert_books_are_right()


def test_who_may_and_what_cannot_be(bank: Bank) -> None:
    bank.group("Friends", "Idris")
    for who in ("Maya", "Walter"):
        with pytest.raises(NotYours):
            merge(bank, who=who)
    with pytest.raises(Refused, match="Write why"):
        merge(bank, reason="")
    with pytest.raises(Refused, match="same card"):
        merge(bank, "Maya", "Maya")
    with pytest.raises(Refused, match="a person and the other an organisation"):
        merge(bank, "Friends", "Maya")
    with pytest.raises(Refused, match="nobody joins their own"):
        merge(bank, "Olga", "Maya")
    leaving.leave(bank.cards["Walter"], leaving.POT, "", bank.who("Walter"))
    with pytest.raises(Refused, match="left the timebank"):
        merge(bank, "Walter", "Maya")


def test_the_old_one_cannot_join_again(bank: Bank) -> None:
    merge(bank)
    with pytest.raises(Refused, match=bank.cards["Maya"]):
        members.join(bank.who("Maya Greene").id, bank.areas["riverside"], True, bank.actor("Maya Greene"))
    assert raw(bank, "Maya Greene").status == "left"


def test_two_organisations(bank: Bank) -> None:
    bank.group("Friends", "Idris")
    bank.group("The Friends", "Walter", area="riverside")
    lend(bank, "The Friends", 60)
    assert merge(bank, "The Friends", "Friends") == 60
    assert bank.has("Friends") == 60


def test_offers_go_along_their_talks_end_and_an_agreed_day_comes_first(bank: Bank) -> None:
    offer = put_up(bank, "Maya Greene", "I can sew", area="riverside")
    talk_ = write(bank, "Walter", offer)
    reply(bank, "Maya Greene", talk_)
    day = propose(bank, "Walter", talk_, clock.now() + timedelta(days=3))
    with pytest.raises(Refused, match="a day agreed"):
        merge(bank)
    promises.cancel(day, "Another time", bank.who("Walter"))
    merge(bank)
    assert the_post(offer).status == "ended" and talk(talk_).status == "closed"
    (moved,) = posts.of_members([bank.member("Maya").id])
    assert (moved.title, moved.status, moved.ends_on) == ("I can sew", "open", the_post(offer).ends_on)
    assert [each.ref for each in search.search("sew", search.viewer_of(bank.who("Idris")), search.Filters()).rows] == [moved.ref]
    write(bank, "Walter", moved.ref)


def test_offers_go_along_as_long_as_the_other_card_has_room_and_with_their_picture(bank: Bank, store: Store) -> None:
    for number in range(posts.MOST_OPEN - 2):
        put_up(bank, "Maya", f"I can knit pattern {number}")
    put_up(bank, "Maya Greene", "I can sew", area="riverside")
    shown = put_up(bank, "Maya Greene", "I can bake", area="riverside", picture=picture(), data_dir=store.home, alt="A cake")
    resting = put_up(bank, "Maya Greene", "I can sing", area="riverside")
    posts.pause(resting, bank.who("Maya Greene"))
    was = the_post(shown)
    name, file = was.photo_ref, was.photo_file
    assert merging.merge(bank.cards["Maya Greene"], bank.cards["Maya"], "The same", bank.who("Olga")) == (0, [])
    assert the_post(resting).status == "ended"
    mine = {post.title: post for post in posts.of_members([bank.member("Maya").id])}
    assert len(mine) == posts.MOST_OPEN and (mine["I can bake"].photo_ref, mine["I can bake"].photo_file) == (name, file)
    assert (the_post(shown).status, the_post(shown).photo_ref) == ("ended", None)


def test_places_in_sessions_go_along(bank: Bank) -> None:
    tomorrow = clock.today() + timedelta(days=1)
    one, two, own = (opened(bank, who, day=tomorrow, places=1) for who in ("Cass", "Cass", "Maya Greene"))
    sessions.sign_up(one, bank.cards["Maya Greene"], bank.who("Maya Greene"))
    sessions.sign_up(two, bank.cards["Maya"], bank.who("Maya"))
    sessions.sign_up(two, bank.cards["Maya Greene"], bank.who("Maya Greene"))
    merge(bank)
    assert signed(one) == [("Maya", "going", 1)]
    assert ("Maya", "going", 1) in signed(two) and ("Maya Greene", "waiting", None) not in signed(two)
    assert sessions.by_ref(own).payer_id == bank.member("Maya").id and sessions.by_ref(own).status == "open"


def test_both_checked_in_is_refused_and_one_goes_along(bank: Bank) -> None:
    ref = opened(bank, "Cass", day=clock.today())
    here(bank, ref, "Maya", "Maya Greene")
    with pytest.raises(Refused, match="Both cards are checked in"):
        merge(bank)
    bank.join("M Greene")
    here(bank, ref, "Walter")
    assert merge(bank, "Walter", "M Greene") == 0
    row = checkin.row_of(sessions.by_ref(ref), bank.member("M Greene"))
    assert row is not None


def test_bookings_and_offers_for_time_come_first(app: Flask) -> None:
    with on(TODAY, 11):
        pool = open_pool()
        swim = pool.open()
        pool.bank.join("Maya Greene")
        ref = pool.book(swim, "Maya Greene")
        with pytest.raises(Refused, match=ref):
            merge(pool.bank)
        spend.cancel(ref, pool.bank.who("Maya Greene"))
        merge(pool.bank)
        pool.bank.group("The pool", "Walter")
        with pytest.raises(Refused, match="has offers for time"):
            merge(pool.bank, POOL, "The pool")
        old = raw(pool.bank, "Maya Greene").digits
        assert till.recognise(pool.card, pool.bank.cards["Maya Greene"], old, pool.pia), "the old card is known at a till"


def test_a_pot_that_neighbours_are_asked_about(bank: Bank) -> None:
    give_seats(bank, *SITTING, area=None)
    ref = neighbours.propose("riverside", bank.cards["Maya Greene"], 480, "Out of hospital", bank.who("Olga"), once_key="p")
    merge(bank)
    lend(bank, "Walter", 600)
    leaving.donate(bank.cards["Walter"], leaving.POT, 600, "", bank.who("Walter"), once_key="d")
    for who in the_three(bank, ref)[:2]:
        neighbours.say(ref, 480, "Yes", who)
    assert bank.has("Maya") == 480
    assert_books_are_right()


def test_the_database_moves_nothing_else(bank: Bank) -> None:
    open_, settled = bank.log("Idris", "gave", "Maya Greene", 60), bank.settled("Walter", "Maya Greene", 30)
    merge(bank)
    for statement in (
        f"UPDATE exchange SET receiver_id = {bank.member('Maya').id} WHERE ref = '{settled}'",
        f"UPDATE exchange SET receiver_id = {bank.member('Walter').id} WHERE ref = '{open_}'",
        "UPDATE merged_member SET new_id = old_id + 1",
        "DELETE FROM merged_member",
    ):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(statement))


def test_the_pages(bank: Bank, app: Flask) -> None:
    bank.settled("Maya Greene", "Idris", 90)
    old, new = bank.cards["Maya Greene"], bank.cards["Maya"]
    olga = Inspector(app, 8).sign_in(bank.who("Olga").id).get(f"/timebank/desk/members/{new}")
    assert f"/timebank/desk/members/{new}/same" in list(olga.links())
    olga.get(f"/timebank/desk/members/{new}/same")
    olga.get(f"/timebank/desk/members/{new}/same?q=zzz")
    assert "Nobody found" in olga.text
    olga.get(f"/timebank/desk/members/{new}/same?q={old}")
    assert f"/timebank/desk/members/{old}/same/{new}" in list(olga.links())
    olga.budget = 20
    olga.get(f"/timebank/desk/members/{old}/same/{new}")
    assert "Look twice" in olga.text and "1 h 30 min" in olga.text
    olga.budget = 80
    olga.submit("Join the two cards", status=422)
    assert "Write why" in olga.text
    olga.submit("Join the two cards", reason="Same birthday")
    olga.follow()
    assert "the old card leads here" in olga.text
    olga.get(f"/timebank/desk/members/{old}/same/{new}")
    assert "joined already" in olga.text
    olga.get(f"/timebank/desk/members/{old}")
    assert "Maya" in olga.text
    Inspector(app, 8).sign_in(bank.who("Idris").id).get(f"/timebank/to/{old}", status=303).follow().get(
        f"/timebank/desk/members/{old}/same/{new}", status=404
    )


def test_sessions_that_the_old_card_gives_or_pays_go_along(bank: Bank) -> None:
    class_ref = opened(bank, "Maya Greene", day=clock.today(), split="shared")
    pot_ref = opened(bank, "Maya Greene", day=clock.today(), split="pot")
    merge(bank)
    shared, pot = (sessions.by_ref(ref) for ref in (class_ref, pot_ref))
    new = bank.member("Maya").id
    assert (shared.payer_id, shared.giver_id, pot.payer_id, pot.giver_id) == (new, new, None, new)
    assert_books_are_right()


def test_what_was_seen_counts_for_the_card_that_stays_and_no_reference_twice(bank: Bank) -> None:
    today = clock.today()
    for name, kind, key in (("Maya Greene", "dbs", "a"), ("Maya Greene", "reference", "b"), ("Maya", "reference", "c")):
        evidence.write_down(
            bank.cards[name], kind, today, today + timedelta(days=300), bank.who("Cass").id, bank.who("Cass"), once_key=key
        )  # fmt: skip
    old = raw(bank, "Maya Greene")
    merge(bank)
    assert sorted(each.kind for each in evidence.of_member(bank.member("Maya"))) == ["dbs", "reference"]
    assert evidence.of_member(old) == []
    assert_books_are_right()


def test_a_tariff_of_the_old_card_is_over(app: Flask) -> None:
    bank = open_bank()
    for name in ("Hall", "The Hall", "Bus club"):
        bank.group(name, "Maya" if name != "Bus club" else "Idris")
    ref = tariffs.propose(
        bank.cards["Hall"], bank.cards["Bus club"], True, "The hall", "events", "hour", 60, bank.who("Maya"), once_key="t"
    )  # fmt: skip
    tariffs.agree(ref, bank.who("Idris"))
    merge(bank, "Hall", "The Hall")
    assert [each.status for each in tariffs.lines_of(bank.member("Bus club"))] == ["ended"]


class TestTheSameHourUnderBothCards:
    def test_it_is_asked_and_taken_back_with_its_card(self, bank: Bank, app: Flask) -> None:
        twin = bank.settled("Maya Greene", "Idris", 60)
        stays = bank.settled("Maya", "Idris", 60)
        with pytest.raises(Refused, match="Say of each whether it is the same hour"):
            merge(bank)
        old, new = bank.cards["Maya Greene"], bank.cards["Maya"]
        olga = Inspector(app, 120).sign_in(bank.who("Olga").id).get(f"/timebank/desk/members/{old}/same/{new}")
        olga.submit("Join the two cards", status=422, reason="Same birthday")
        assert "Say of each whether it is the same hour" in olga.text and "Same birthday" in olga.text
        said: dict[str, Any] = {f"twin-{twin}:{stays}": "same"}
        olga.submit("Join the two cards", reason="Same birthday", **said).follow()
        assert bank.entry(twin).status == "reversed" and bank.entry(stays).status == "settled"
        assert (bank.has("Maya"), bank.has("Maya Greene"), bank.has("Idris")) == (60, 0, -60)
        assert_books_are_right()

    def test_the_floor_is_judged_by_what_is_left_without_them(self, bank: Bank) -> None:
        """Refused before anything is taken back."""
        old, new, olga = bank.cards["Maya Greene"], bank.cards["Maya"], bank.who("Olga")
        gave, stays = bank.settled("Maya Greene", "Idris", 600), bank.settled("Maya", "Idris", 600)
        bank.settled("Walter", "Maya Greene", 600, day=clock.today() - timedelta(days=1))
        bank.settled("Walter", "Maya Greene", 600, day=clock.today() - timedelta(days=2))
        bank.settled("Walter", "Maya", 600, day=clock.today() - timedelta(days=3))
        bank.settled("Walter", "Maya", 600, day=clock.today() - timedelta(days=4))
        with pytest.raises(Refused, match="Together they would be below"):
            merging.join(old, new, "Same birthday", {f"{gave}:{stays}": "same"}, olga)
        assert bank.entry(gave).status == "settled", "nothing was taken back for nothing"

    def test_below_the_floor_only_with_the_hour_that_counts_twice(self, bank: Bank) -> None:
        old, new, olga = bank.cards["Maya Greene"], bank.cards["Maya"], bank.who("Olga")
        twice, once = bank.settled("Idris", "Maya Greene", 300), bank.settled("Idris", "Maya", 300)
        bank.settled("Walter", "Maya Greene", 600, day=clock.today() - timedelta(days=1))
        bank.settled("Walter", "Maya", 300, day=clock.today() - timedelta(days=2))
        assert merging.preview(old, new, olga).problem == "", "until somebody has said that these are two"
        with pytest.raises(Refused, match="Together they would be below"):
            merging.join(old, new, "Same birthday", {f"{twice}:{once}": "other"}, olga)
        merging.join(old, new, "Same birthday", {f"{twice}:{once}": "same"}, olga)
        assert bank.has("Maya") == -1200 and bank.entry(twice).status == "reversed"
        assert_books_are_right()

    def test_two_different_hours_stay(self, bank: Bank) -> None:
        one, two = bank.settled("Maya Greene", "Idris", 60), bank.settled("Maya", "Idris", 60)
        [pair] = merging.preview(bank.cards["Maya Greene"], bank.cards["Maya"], bank.who("Olga")).twins
        assert pair.key == f"{one}:{two}"
        merging.join(bank.cards["Maya Greene"], bank.cards["Maya"], "Same street", {pair.key: "other"}, bank.who("Olga"))
        assert bank.has("Maya") == 120
        assert_books_are_right()

    def test_what_is_no_twin(self, bank: Bank) -> None:
        bank.settled("Maya Greene", "Idris", 60)
        bank.settled("Maya", "Walter", 60)  # another one
        bank.settled("Maya", "Idris", 75)  # another time
        bank.settled("Maya", "Idris", 60, day=clock.today() - timedelta(days=1))  # another day
        bank.settled("Idris", "Maya", 60)  # the other way round
        assert not merging.preview(bank.cards["Maya Greene"], bank.cards["Maya"], bank.who("Olga")).twins

    def test_of_what_is_not_in_the_books_yet_and_of_a_session(self, bank: Bank) -> None:
        waits, stays = bank.log("Maya Greene", "gave", "Idris", 60), bank.settled("Maya", "Idris", 60)
        session = opened(bank, "Walter", day=clock.today(), minutes=Minutes(60))
        here(bank, session, "Maya Greene", "Maya")
        session_closing.close(session, 60, {}, bank.who("Walter"))
        some = merging.preview(bank.cards["Maya Greene"], bank.cards["Maya"], bank.who("Olga")).twins
        assert {each.old.ref for each in some} == {waits, session}
        before = bank.has("Maya") + bank.has("Maya Greene")
        merging.join(bank.cards["Maya Greene"], bank.cards["Maya"], "Same street", {each.key: "same" for each in some}, bank.who("Olga"))
        assert bank.entry(waits).status == "refused" and bank.entry(stays).status == "settled"
        assert bank.has("Maya") == before - 60
        assert_books_are_right()
