"""One gives to many: shared out, each the whole time, or the community pot; sums exact, in one entry, never by the giver's word alone."""

import uuid
from datetime import UTC, date, datetime, time
from itertools import product
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.ledger import queries as books
from portal.ledger.model import Entry
from portal.ledger.posting import Line, post
from portal.money import Minutes
from portal.outbox import Message
from portal.timebank import checkin, figures, leaving, members, session_closing, sessions
from portal.timebank import session_split as split
from portal.timebank.sessions_model import Attendance, TimeSession
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right, open_bank

TODAY = date(2026, 6, 6)
NOON = datetime(2026, 6, 6, 11, tzinfo=UTC)


@pytest.fixture
def bank(app: Flask) -> Any:
    with clock.held_at(NOON):
        made = open_bank()
        made.group("Music school", "Idris")
        for name in ("Ann", "Ben", "Col"):
            made.join(name)
        yield made


def opened(bank: Bank, how: str, by: str = "Idris", payer: str = "", **changes: Any) -> str:
    values: dict[str, Any] = {
        "title": "Drumming class", "what": "", "kind": "events", "area_id": bank.areas["mossgate"], "place": "The hub", "day": TODAY, "starts": time(10),
        "ends": time(12), "minutes": Minutes(120), "places": None, "split": how, **changes,
    }  # fmt: skip
    return sessions.open_session(sessions.Plan(**values), payer or f"member:{bank.cards[by]}", bank.who(by), once_key=uuid.uuid4().hex)


def one(ref: str) -> TimeSession:
    db.session.rollback()
    return sessions.by_ref(ref)


def here(bank: Bank, ref: str, *names: str) -> None:
    for name in names:
        checkin.here_by_token(sessions.token_of(one(ref)), bank.who(name))


def ticked(bank: Bank, ref: str, by: str, *names: str) -> None:
    for name in names:
        checkin.tap(bank.who(by), ref, checkin.Tap("here", member=bank.cards[name]), once_key=uuid.uuid4().hex)


def line(bank: Bank, ref: str, name: str) -> Attendance:
    row = checkin.row_of(one(ref), bank.member(name))
    assert row is not None
    return row


def has(bank: Bank, *names: str) -> list[int]:
    db.session.rollback()
    return [bank.has(name) for name in names]


def fill_pot(minutes: int) -> None:
    with transaction():
        post(
            [Line(members.ISSUE, "pot:mossgate", minutes)],
            key=f"form:{uuid.uuid4()}",
            kind="donation",
            about="test",
            sentence="Given",
            actor="scheme",
        )


class TestSharing:
    @pytest.mark.parametrize(
        ("total", "weights", "parts"),
        [
            (60, (1,), [60]), (60, (1, 1), [30, 30]), (60, (1, 1, 1), [30, 15, 15]), (120, (120, 120, 60), [45, 45, 30]), (60, (1,) * 5, [15, 15, 15, 15, 0]),
            (45, (0, 60, 60), [0, 30, 15]), (60, (), []), (60, (0, 0), [0, 0]), (0, (1, 2), [0, 0]), (15, (1, 2, 2), [0, 15, 0]),
        ],
    )  # fmt: skip
    def test_to_the_quarter_of_an_hour(self, total: int, weights: tuple[int, ...], parts: list[int]) -> None:
        assert split.share(total, weights) == parts

    def test_the_sum_is_exact_and_nobody_is_off_by_more_than_a_quarter(self) -> None:
        dice = Random(7)
        for quarters, people in product((1, 2, 3, 7, 20, 64), (1, 2, 3, 5, 12, 40)):
            weights = [dice.choice((15, 30, 60, 90, 120)) for _each in range(people)]
            parts = split.share(quarters * 15, weights)
            assert sum(parts) == quarters * 15
            for part, weight in zip(parts, weights, strict=True):
                assert abs(part - quarters * 15 * weight / sum(weights)) < 15 and part % 15 == 0


class TestPlanning:
    @pytest.mark.parametrize(
        ("how", "changes", "field"), [("halves", {}, "split"), ("shared", {"payer": "pot:mossgate", "by": "Cass"}, "payer")]
    )
    def test_what_does_not_fit(self, bank: Bank, how: str, changes: dict[str, Any], field: str) -> None:
        with pytest.raises(Refused) as caught:
            opened(bank, how, **changes)
        assert caught.value.field == field

    def test_it_is_chosen_once(self, bank: Bank) -> None:
        ref = opened(bank, "shared")
        here(bank, ref, "Ann")
        session = one(ref)
        plan = sessions.Plan(
            session.title, "", "events", session.area_id, "The hub", TODAY, time(10), time(13), Minutes(180), None, split="each"
        )
        with pytest.raises(Refused, match="cannot cost more"):
            sessions.change(ref, plan, bank.who("Idris"), shown=session.version)
        assert one(ref).split == "shared"

    @pytest.mark.parametrize(
        "what",
        [
            "UPDATE time_session SET split = 'halves'", "UPDATE time_session SET giver_id = NULL", "UPDATE time_session SET split = ''",
            "UPDATE time_session SET split = 'pot'", "UPDATE time_session SET payer_id = giver_id + 1",
        ],
    )  # fmt: skip
    def test_the_database_knows_who_gives(self, bank: Bank, what: str) -> None:
        opened(bank, "each")
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(what))

    def test_what_was_closed_stays(self, bank: Bank) -> None:
        ref = opened(bank, "each")
        here(bank, ref, "Ann")
        session_closing.close(ref, 60, {}, bank.who("Idris"))
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text("UPDATE time_session SET split = 'shared'"))


class TestShared:
    def test_one_entry_and_the_sum_is_what_was_given(self, bank: Bank) -> None:
        ref = opened(bank, "shared", payer=f"member:{bank.cards['Music school']}")
        here(bank, ref, "Ann", "Ben", "Col", "Maya", "Walter")  # Walter is of another area
        session_closing.close(ref, 120, {}, bank.who("Idris"))
        session_closing.close(ref, 60, {}, bank.who("Idris"))
        assert has(bank, "Ann", "Ben", "Col", "Maya", "Walter", "Music school") == [-30, -30, -30, -15, -15, 120]
        assert len(db.session.scalars(select(Entry).where(Entry.about == f"session:{one(ref).id}")).all()) == 1
        said = db.session.scalars(select(Message.subject).where(Message.to_name == "Ann").order_by(Message.id.desc())).first()
        assert said == "From your time: 30 min for “Drumming class”"
        assert_books_are_right()

    def test_by_how_long_each_was_there_and_nothing_where_no_quarter_is_left(self, bank: Bank) -> None:
        ref = opened(bank, "shared")
        here(bank, ref, "Ann", "Ben", "Col")
        session_closing.close(
            ref, 30, {line(bank, ref, "Ann").id: 120, line(bank, ref, "Ben").id: 60, line(bank, ref, "Col").id: 15}, bank.who("Idris")
        )
        assert has(bank, "Ann", "Ben", "Col", "Idris") == [-15, -15, 0, 30]
        row, put = line(bank, ref, "Col"), session_closing.corrections(one(ref))
        assert "no quarter of an hour was left" in session_closing.why_words(one(ref), row, put)
        assert_books_are_right()

    def test_who_gives_may_be_in_the_list_and_pays_nothing(self, bank: Bank) -> None:
        ref = opened(bank, "shared")
        here(bank, ref, "Idris", "Ann")
        session_closing.close(ref, 60, {}, bank.who("Idris"))
        assert has(bank, "Ann", "Idris") == [-60, 60]

    def test_the_givers_word_alone_takes_nothing(self, bank: Bank) -> None:
        ref = opened(bank, "shared")
        here(bank, ref, "Ann")
        ticked(bank, ref, "Idris", "Ben", "Col")
        with pytest.raises(Refused, match="has agreed to 2 h") as caught:
            session_closing.close(ref, 135, {}, bank.who("Idris"))
        assert caught.value.field == "minutes"
        session_closing.close(ref, 90, {}, bank.who("Idris"))
        assert has(bank, "Ann", "Ben", "Col", "Idris") == [-30, 0, 0, 30]
        ben = line(bank, ref, "Ben")
        assert (ben.why, ben.said) == ("own", 30)
        with pytest.raises(NotYours):
            session_closing.put_right(ref, ben.id, 30, "He was there", bank.who("Idris"), shown=0)
        session_closing.put_right(ref, ben.id, 30, "He was there", bank.who("Cass"), shown=0)
        assert has(bank, "Ben", "Idris") == [-30, 60]
        assert_books_are_right()

    def test_a_coordinator_closes_it_on_a_basis(self, bank: Bank) -> None:
        ref = opened(bank, "shared")
        ticked(bank, ref, "Idris", "Ann", "Ben")
        session_closing.close(ref, 180, {}, bank.who("Cass"), basis="paper sheet")
        assert has(bank, "Ann", "Ben", "Idris") == [-90, -90, 180]
        assert session_closing.reverse_all(ref, "Another day", bank.who("Olga")) == 2
        assert has(bank, "Ann", "Ben", "Idris") == [0, 0, 0]
        assert_books_are_right()


class TestEach:
    def test_everybody_gives_the_whole_time(self, bank: Bank) -> None:
        ref = opened(bank, "each")
        here(bank, ref, "Ann", "Ben", "Walter")
        session_closing.close(ref, 60, {line(bank, ref, "Ben").id: 30}, bank.who("Idris"))
        assert has(bank, "Ann", "Ben", "Walter", "Idris") == [-60, -30, -60, 150]
        session_closing.put_right(ref, line(bank, ref, "Ann").id, 15, "She left early", bank.who("Cass"), shown=60)
        session_closing.put_right(ref, line(bank, ref, "Ben").id, 45, "He stayed", bank.who("Cass"), shown=30)
        assert has(bank, "Ann", "Ben", "Idris") == [-15, -45, 120]
        cells = figures.cells(TODAY, TODAY, {bank.areas["mossgate"]: "Mossgate"})
        assert sum(cell.given for cell in cells.values()) == 120
        assert_books_are_right()

    def test_up_to_a_days_hours_for_one_giver(self, bank: Bank) -> None:
        names = [f"Kid {number}" for number in range(9)]
        for name in names:
            bank.join(name)
        ref = opened(bank, "each")
        here(bank, ref, *names)
        with pytest.raises(Refused, match="a day holds 16 h"):
            session_closing.close(ref, 120, {}, bank.who("Idris"))
        assert has(bank, "Idris") == [0]
        session_closing.close(ref, 105, {}, bank.who("Idris"))
        assert has(bank, "Idris") == [9 * 105]

    def test_a_floor_stops_all_of_it_and_says_how_to_go_on(self, bank: Bank) -> None:
        bank.settled("Maya", "Ann", 900)
        bank.settled("Col", "Ann", 240)
        ref = opened(bank, "each")
        here(bank, ref, "Ann", "Ben")
        with pytest.raises(Refused, match="write 0 for them"):
            session_closing.close(ref, 120, {}, bank.who("Idris"))
        assert has(bank, "Ben", "Idris") == [0, 0]
        fill_pot(600)
        sessions.let_pot_pay(ref, "mossgate", "She cannot", bank.who("Cass"))
        assert one(ref).split == "pot"
        session_closing.close(ref, 120, {}, bank.who("Cass"))
        assert has(bank, "Ann", "Ben", "Idris") == [-1140, 0, 120]
        assert_books_are_right()


class TestPot:
    def test_the_pot_pays_the_giver_and_is_never_overdrawn(self, bank: Bank) -> None:
        ref = opened(bank, "pot", payer=f"member:{bank.cards['Music school']}")
        here(bank, ref, "Ann", "Ben")
        with pytest.raises(Refused):
            session_closing.close(ref, 120, {}, bank.who("Idris"))  # does not spend the pot
        fill_pot(60)
        with pytest.raises(Refused, match="more than"):
            session_closing.close(ref, 120, {}, bank.who("Cass"))
        assert books.balance("pot:mossgate") == 60
        fill_pot(60)
        session_closing.close(ref, 120, {}, bank.who("Cass"))
        assert has(bank, "Ann", "Ben", "Music school") == [0, 0, 120] and books.balance("pot:mossgate") == 0
        ann = line(bank, ref, "Ann")
        assert "costs them nothing" in session_closing.why_words(one(ref), ann, {})
        with pytest.raises(Refused, match="Leave it at 0"):
            session_closing.put_right(ref, ann.id, 60, "So", bank.who("Cass"), shown=0)
        session_closing.put_right(ref, line(bank, ref, "Music school").id, 60, "An hour", bank.who("Olga"), shown=120)
        assert books.balance("pot:mossgate") == 60
        assert session_closing.reverse_all(ref, "Another day", bank.who("Olga")) == 1
        assert has(bank, "Music school") == [0] and books.balance("pot:mossgate") == 120
        assert_books_are_right()

    def test_a_coordinator_who_gives_does_not_pay_themselves(self, bank: Bank) -> None:
        fill_pot(120)
        ref = opened(bank, "pot", "Cass")
        here(bank, ref, "Ann")
        session_closing.close(ref, 60, {}, bank.who("Cass"))
        assert has(bank, "Cass") == [0] and line(bank, ref, "Cass").why == "own"
        session_closing.put_right(ref, line(bank, ref, "Cass").id, 60, "She did", bank.who("Olga"), shown=0)
        assert has(bank, "Cass") == [60]

    def test_who_leaves_calls_it_off(self, bank: Bank) -> None:
        ref = opened(bank, "pot", "Maya")
        leaving.leave(bank.cards["Maya"], leaving.POT, "", bank.who("Maya"))
        assert one(ref).status == "cancelled"
        with pytest.raises(Conflict):
            session_closing.close(ref, 60, {}, bank.who("Cass"))


class TestPages:
    def test_the_cost_is_named_before_anybody_checks_in_and_the_effect_before_it_is_closed(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank, "shared")
        ann = Inspector(app, 60).sign_in(bank.who("Ann").id).get(f"/timebank/sessions/{ref}")
        assert "It costs you" in ann.text and "It is shared out between all who come" in ann.text and ann.queries <= 8
        ann.get(f"/timebank/sessions/{sessions.token_of(one(ref))}")
        assert "It costs you: at most 2 h" in ann.text
        ann.submit("I’m here")
        here(bank, ref, "Ben", "Col")
        ticked(bank, ref, "Idris", "Maya")
        idris = Inspector(app, 60).sign_in(bank.who("Idris").id).get(f"/timebank/sessions/{ref}/close")
        assert (
            idris.queries <= 8
            and "What each would give" in idris.text
            and "Who did not check in themselves is left out for now" in idris.text
        )
        idris.submit("Work out the sum", 200, minutes="1 h 30 min")
        assert "Idris gets 1 h 15 min." in idris.text
        idris.submit("Close it and give the hours", 422, minutes="3 h")
        assert "has agreed to 2 h" in idris.text
        idris.submit("Close it and give the hours", minutes="1 h 30 min").follow()
        assert "3 people gave 1 h 15 min of their time together." in idris.text and idris.queries <= 8
        cass = Inspector(app, 60).sign_in(bank.who("Cass").id).get("/timebank/desk/sessions")
        assert "Maya" in cass.text
        cass.get(f"/timebank/sessions/{ref}/lines/{line(bank, ref, 'Maya').id}")
        assert "If they were there, they give 15 min for it." in cass.text
        cass.submit("Enter it", reason="She was there")
        assert has(bank, "Maya", "Idris") == [-15, 90]
        assert "of your time for this" in ann.get(f"/timebank/sessions/{ref}").text

    def test_it_is_chosen_on_the_form(self, app: Flask, bank: Bank) -> None:
        idris = Inspector(app, 60).sign_in(bank.who("Idris").id).get("/timebank/sessions/new")
        idris.submit(
            "Open it", 303, form=None, title="Drumming", kind="events", place="The hub", area="mossgate", starts="10:00", ends="12:00",
            payer=f"member:{bank.cards['Music school']}", split="each",
        )  # fmt: skip
        idris.follow()
        assert "Everybody who comes gives the whole time for it, up to 16 h in all." in idris.text
        ref = idris.path.rpartition("/")[2]
        idris.get(f"/timebank/sessions/{ref}/poster")
        assert "It costs you: 2 h" in idris.text
        idris.get(f"/timebank/sessions/new?like={ref}")
        assert idris.queries <= 8
        cass = Inspector(app, 60).sign_in(bank.who("Cass").id).get(f"/timebank/sessions/{opened(bank, 'pot', 'Maya')}/close")
        assert "Nobody is checked in" in cass.text or "still ahead" in cass.text
