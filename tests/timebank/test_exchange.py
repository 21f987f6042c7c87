"""Hours between two: written down, answered, in the books; and everything that can go wrong with it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import Actor
from portal.ledger import queries as books
from portal.money import Minutes
from portal.outbox import Message
from portal.timebank import caring, exchange, members
from portal.timebank.model import Exchange
from portal.timebank.rules import TimeRules
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def told(name: str) -> list[str]:
    """Subjects of what somebody was told, oldest first."""
    return list(db.session.scalars(select(Message.subject).where(Message.to_name == name).order_by(Message.id)))


class TestTheWay:
    def test_a_yes_puts_it_in_the_books_and_both_get_a_receipt(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya", 75)
        assert bank.has("Idris") == 0 and told("Maya") == ["Is it right? 1 h 15 min with Idris"]
        exchange.answer(ref, 75, "", bank.who("Maya"), shown=75)
        assert (bank.has("Idris"), bank.has("Maya")) == (75, -75)
        assert bank.entry(ref).status == "settled"
        assert told("Idris") == ["In the timebank: 1 h 15 min with Maya"] and told("Maya")[-1] == "In the timebank: 1 h 15 min with Idris"
        assert_books_are_right()

    def test_received_runs_the_other_way(self, bank: Bank) -> None:
        ref = bank.log("Maya", "received", "Idris", 30)
        exchange.answer(ref, 30, "", bank.who("Idris"), shown=30)
        assert (bank.has("Idris"), bank.has("Maya")) == (30, -30)

    def test_across_areas_the_clearing_accounts_show_who_owes(self, bank: Bank) -> None:
        bank.settled("Walter", "Maya", 120)
        assert (bank.has("Walter"), bank.has("Maya")) == (120, -120)
        assert books.balance("area:mossgate:clearing") == 120 and books.balance("area:riverside:clearing") == -120
        assert_books_are_right()

    def test_by_the_link_without_signing_in(self, bank: Bank) -> None:
        token = exchange.token_of(bank.entry(bank.log("Idris", "gave", "Maya")))
        exchange.answer_by_token(token, 60, "", shown=60)
        assert bank.has("Idris") == 60

    def test_by_the_six_digits_that_the_other_one_reads_out(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya")
        code = exchange.code_of(bank.entry(ref))
        assert any(code in body for body in db.session.scalars(select(Message.body).where(Message.to_name == "Maya")))
        exchange.answer_by_code(ref, f"{code[:3]} {code[3:]}", bank.who("Idris"))
        assert bank.has("Idris") == 60 and bank.entry(ref).answered_by == f"member:{bank.member('Maya').id}"

    def test_wrong_digits_are_counted_and_end(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya")
        code = exchange.code_of(bank.entry(ref))
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        for slip in ("abc", "", code[:5], code + "1"):
            with pytest.raises(Refused, match="Write the six digits"):
                exchange.answer_by_code(ref, slip, bank.who("Idris"))
        for _try in range(exchange.MOST_WRONG_CODES):
            with pytest.raises(Refused, match="not the six digits"):
                exchange.answer_by_code(ref, wrong, bank.who("Idris"))
        with pytest.raises(Refused, match="Too many"):
            exchange.answer_by_code(ref, code, bank.who("Idris"))
        assert bank.has("Idris") == 0

    def test_the_same_form_twice_is_one_entry(self, bank: Bank) -> None:
        first = bank.log("Idris", "gave", "Maya", key="one")
        assert bank.log("Idris", "gave", "Maya", key="one") == first
        assert db.session.scalar(select(func.count()).select_from(Exchange)) == 1


class TestDifferences:
    def test_a_quarter_of_an_hour_apart_settles_at_the_lower(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya", 60)
        exchange.answer(ref, 45, "", bank.who("Maya"), shown=60)
        assert bank.has("Idris") == 45
        other = bank.log("Idris", "gave", "Maya", 30)
        exchange.answer(other, 45, "", bank.who("Maya"), shown=30)
        assert bank.has("Idris") == 75

    def test_more_waits_for_a_coordinator_who_says_why(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya", 180)
        exchange.answer(ref, 60, "We had tea for two hours.", bank.who("Maya"), shown=180)
        assert bank.has("Idris") == 0 and bank.entry(ref).status == "disputed"
        assert told("Cass") == ["Two members remember an exchange differently"] and told("Idris") == ["Maya remembers it differently"]
        with pytest.raises(Refused, match="Write why"):
            exchange.decide(ref, 120, "", bank.who("Cass"))
        exchange.decide(ref, 120, "We talked: half of the tea counts.", bank.who("Cass"))
        assert bank.has("Idris") == 120
        assert_books_are_right()

    def test_whoever_wrote_it_down_may_agree(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya", 180)
        exchange.answer(ref, 60, "", bank.who("Maya"), shown=180)
        with pytest.raises(Conflict, match="1 h now"):
            exchange.accept_answer(ref, bank.who("Idris"), shown=45)
        exchange.accept_answer(ref, bank.who("Idris"), shown=60)
        assert bank.has("Idris") == 60

    def test_a_no_waits_too_and_may_be_accepted(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya", 60)
        exchange.answer(ref, 0, "That was last month.", bank.who("Maya"), shown=60)
        assert bank.entry(ref).status == "disputed"
        exchange.accept_answer(ref, bank.who("Idris"), shown=0)
        assert bank.entry(ref).status == "withdrawn" and bank.has("Idris") == 0

    def test_nobody_decides_about_their_own(self, bank: Bank) -> None:
        ref = bank.log("Cass", "gave", "Maya", 180)
        exchange.answer(ref, 60, "", bank.who("Maya"), shown=180)
        assert told("Cass") == ["Maya remembers it differently"] and "Two members remember an exchange differently" in told("Olga")
        with pytest.raises(Refused, match="nobody decides about their own"):
            exchange.decide(ref, 180, "I know.", bank.who("Cass"))
        with pytest.raises(NotYours):
            exchange.decide(ref, 180, "I am nobody.", bank.who("Walter"))


class TestNobodyAlone:
    def test_whoever_wrote_it_down_cannot_answer(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya")
        with pytest.raises(NotYours):
            exchange.answer(ref, 60, "", bank.who("Idris"), shown=60)
        with pytest.raises(NotYours):
            exchange.answer(ref, 60, "", bank.who("Walter"), shown=60)

    def test_hours_for_my_own_group_wait_for_somebody_else_of_it(self, bank: Bank) -> None:
        bank.group("Gardeners", "Idris")
        bank.group("Singers", "Idris", "Maya")
        songs = bank.log("Idris", "gave", "Singers", 30)
        with clock.held_at(clock.now() + timedelta(days=15)):
            assert exchange.settle_due() == 0, "Maya is asked, but her silence is no yes"
        exchange.answer(songs, 30, "", bank.who("Maya"), shown=30)
        ref = bank.log("Idris", "gave", "Gardeners")
        with pytest.raises(Refused, match="second person"):
            exchange.answer(ref, 60, "", bank.who("Idris"), shown=60)
        with clock.held_at(clock.now() + timedelta(days=15)):
            assert exchange.settle_due() == 0, "nobody else speaks for it"
            assert [each.ref for each in bank.waits(None)] == [ref]
            exchange.decide(ref, 60, "I saw him dig.", bank.who("Cass"))
        assert bank.has("Gardeners") == -60

    def test_the_database_refuses_it_too(self, bank: Bank) -> None:
        id_ = bank.entry(bank.log("Idris", "gave", "Maya")).id
        by = f"person:{bank.who('Idris').id}"
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(update(Exchange).where(Exchange.id == id_).values(answered_by=by))

    def test_a_coordinator_types_for_two_and_somebody_else_answers(self, bank: Bank) -> None:
        cass = bank.who("Cass")
        with pytest.raises(Refused, match="how you know"):
            bank.log("Idris", "gave", "Maya", actor=Actor(cass.id, bank.who("Idris").id, "gossip"))
        ref = bank.log("Idris", "gave", "Maya", actor=Actor(cass.id, bank.who("Idris").id, "paper sheet 41"))
        with pytest.raises(Refused, match="second person"):
            exchange.answer(ref, 60, "", cass, shown=60, actor=Actor(cass.id, bank.who("Maya").id, "telephone"))
        olga = bank.who("Olga")
        exchange.answer(ref, 60, "", olga, shown=60, actor=Actor(olga.id, bank.who("Maya").id, "telephone"))
        assert bank.has("Idris") == 60


class TestByItself:
    def test_two_reminders_and_then_it_counts(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya")
        start = clock.now()
        for days, reminded, settled in ((4, 0, 0), (5, 1, 0), (6, 0, 0), (10, 1, 0), (13, 0, 0), (14, 0, 1), (15, 0, 0)):
            with clock.held_at(start + timedelta(days=days)):
                assert exchange.settle_due() == settled, days
                assert (exchange.remind(), exchange.remind()) == (reminded, 0), days
        assert bank.entry(ref).status == "settled" and bank.has("Idris") == 60
        assert told("Maya")[1:3] == ["Still open: Is it right? 1 h with Idris"] * 2

    def test_who_cannot_be_reached_is_asked_by_a_coordinator(self, bank: Bank) -> None:
        bank.join("Nell", email=None)
        ref = bank.log("Idris", "gave", "Nell")
        with clock.held_at(clock.now() + timedelta(days=20)):
            assert exchange.settle_due() == 0
            assert [each.ref for each in bank.waits(frozenset({bank.areas["mossgate"]}))] == [ref]
            assert bank.waits(frozenset({bank.areas["riverside"]})) == []

    def test_a_letter_that_nobody_printed_is_no_question(self, bank: Bank) -> None:
        bank.join("Otto", email=None, postal="12 Marsh Lane")
        ref = bank.log("Maya", "gave", "Otto")
        with clock.held_at(clock.now() + timedelta(days=15)):
            assert exchange.settle_due() == 0 and [each.ref for each in bank.waits(None)] == [ref]
            with transaction():
                db.session.execute(update(Message).where(Message.to_name == "Otto").values(sent_at=clock.now()))
            assert exchange.settle_due() == 1

    def test_an_answer_after_that_says_so(self, bank: Bank) -> None:
        ref = bank.log("Idris", "gave", "Maya")
        with clock.held_at(clock.now() + timedelta(days=14)):
            exchange.settle_due()
            with pytest.raises(Conflict, match="in the books already: 1 h"):
                exchange.answer(ref, 60, "", bank.who("Maya"), shown=60)


class TestBadInput:
    @pytest.mark.parametrize(("minutes", "said"), [(7, "quarters"), (0, "quarters"), (-60, "quarters"), (25 * 60, "more than one person")])
    def test_a_time_that_is_none(self, bank: Bank, minutes: int, said: str) -> None:
        with pytest.raises(Refused, match=said):
            bank.log("Idris", "gave", "Maya", minutes)

    def test_a_day_has_only_so_many_hours(self, bank: Bank) -> None:
        bank.log("Idris", "gave", "Maya", 10 * 60)
        with pytest.raises(Refused, match="more than one person can give in a day"):
            bank.log("Idris", "gave", "Walter", 7 * 60)
        bank.log("Idris", "gave", "Walter", 6 * 60)

    def test_tomorrow_and_long_ago(self, bank: Bank) -> None:
        with pytest.raises(Refused, match="still ahead"):
            bank.log("Idris", "gave", "Maya", day=clock.today() + timedelta(days=1))
        with pytest.raises(Refused, match="Tell a coordinator"):
            bank.log("Idris", "gave", "Maya", day=clock.today() - timedelta(days=93))

    def test_nobody_helps_themselves_and_who_pauses_is_left_alone(self, bank: Bank) -> None:
        with pytest.raises(Refused, match="your own number"):
            bank.log("Idris", "gave", "Idris")
        members.set_member(bank.cards["Maya"], area_id=bank.areas["mossgate"], seen_outside=False, paused=True, actor=bank.actor("Maya"))
        with pytest.raises(Refused, match="Maya is taking a break"):
            bank.log("Idris", "gave", "Maya")

    def test_hours_from_before_a_break_are_written_down_by_who_takes_it(self, bank: Bank) -> None:
        for paused in (True, False, True, True):
            members.set_member(
                bank.cards["Maya"], area_id=bank.areas["mossgate"], seen_outside=False, paused=paused, actor=bank.actor("Maya")
            )
        began = clock.today()
        with clock.held_at(clock.now() + timedelta(days=3)):
            with pytest.raises(Refused, match="You are taking a break"):
                bank.log("Maya", "gave", "Idris", day=began + timedelta(days=1))
            with pytest.raises(Refused, match="Maya is taking a break"):
                bank.log("Idris", "received", "Maya", day=began)
            bank.log("Maya", "gave", "Idris", day=began - timedelta(days=2))

    def test_a_break_that_a_coordinator_began_counts_as_one(self, bank: Bank) -> None:
        caring.set_break(bank.cards["Maya"], True, "She is in hospital", bank.who("Cass"), "telephone")
        with clock.held_at(clock.now() + timedelta(days=3)):
            bank.log("Maya", "gave", "Idris", day=clock.today() - timedelta(days=5))
            with pytest.raises(Refused, match="You are taking a break"):
                bank.log("Maya", "gave", "Idris", day=clock.today() - timedelta(days=1))
            caring.set_break(bank.cards["Maya"], False, "She is back", bank.who("Cass"), "telephone")
        assert members.break_began(bank.member("Maya")) is None

    def test_no_such_kind_and_no_such_number(self, bank: Bank) -> None:
        with pytest.raises(Refused, match="what kind of help"):
            bank.log("Idris", "gave", "Maya", kind="magic")
        bank.cards["Ghost"] = "MEM-2222-2222"
        with pytest.raises(NotFound):
            bank.log("Idris", "gave", "Ghost")


class TestTheSameHourTwice:
    def test_the_other_side_wrote_it_too(self, bank: Bank) -> None:
        first = bank.log("Idris", "gave", "Maya", 60)
        with pytest.raises(exchange.Twice, match="wrote down 1 h for that day already") as same:
            bank.log("Maya", "received", "Idris", 75)
        assert same.value.ref == first and same.value.theirs
        exchange.answer(first, 75, "", bank.who("Maya"), shown=60)
        assert bank.has("Idris") == 60

    def test_the_same_person_is_asked_and_may_mean_another(self, bank: Bank) -> None:
        bank.log("Idris", "gave", "Maya", 60)
        with pytest.raises(exchange.Twice, match="Is this another one"):
            bank.log("Idris", "gave", "Maya", 60)
        bank.log("Idris", "gave", "Maya", 60, again=True)

    def test_pressed_again_after_going_back_it_is_the_first_answer(self, bank: Bank) -> None:
        ref = bank.log("Maya", "gave", "Idris", 60)
        exchange.answer(ref, 30, "", bank.who("Idris"), shown=60)
        for shown in (60, 30):
            assert exchange.answer(ref, 30, "", bank.who("Idris"), shown=shown).status == "disputed"
        exchange.answer(ref, 30, "I looked at the clock", bank.who("Idris"), shown=60)
        assert bank.entry(ref).answer == "I looked at the clock", "other words are another answer"
        assert told("Maya") == ["Idris remembers it differently"]

    def test_confirming_twice_and_after_it_was_put_right(self, bank: Bank) -> None:
        ref = bank.settled("Idris", "Maya", 60)
        assert exchange.answer(ref, 60, "", bank.who("Maya"), shown=60).status == "settled" and bank.has("Idris") == 60
        with pytest.raises(Conflict, match="in the books already"):
            exchange.answer(ref, 45, "", bank.who("Maya"), shown=60)
        exchange.put_right(ref, 0, "It was another day.", bank.who("Cass"))
        with pytest.raises(Conflict, match="put right"):
            exchange.answer(ref, 60, "", bank.who("Maya"), shown=60)


class TestPuttingRight:
    def test_a_reversal_and_the_right_figure_stay_to_be_seen(self, bank: Bank) -> None:
        ref = bank.settled("Walter", "Maya", 120)
        exchange.something_wrong(ref, "It was one hour.", bank.who("Maya"))
        assert told("Cass") == ["Somebody says that an exchange is wrong"]
        exchange.put_right(ref, 60, "Walter agrees: one hour.", bank.who("Cass"))
        assert (bank.has("Walter"), bank.has("Maya")) == (60, -60)
        assert [line.amount for line in books.statement(f"member:{bank.cards['Maya']}")] == [-60, 120, -120]
        assert books.balance("area:mossgate:clearing") == 60
        assert bank.entry(ref).settled_minutes == 60 and bank.entry(ref).questioned_at is None
        assert_books_are_right()

    def test_a_question_may_be_answered_with_it_stands(self, bank: Bank) -> None:
        ref = bank.settled("Idris", "Maya", 60)
        exchange.something_wrong(ref, "Was it?", bank.who("Maya"))
        with pytest.raises(Conflict, match="told already"):
            exchange.something_wrong(ref, "Was it?", bank.who("Idris"))
        exchange.put_right(ref, 60, "Yes, it was.", bank.who("Cass"))
        assert bank.has("Idris") == 60 and len(books.statement(f"member:{bank.cards['Maya']}")) == 1

    def test_what_was_spent_below_the_floor_cannot_be_taken_back(self, bank: Bank) -> None:
        ref = bank.settled("Idris", "Maya", 60)
        for _day in range(2):
            bank.settled("Maya", "Idris", 600, day=clock.today() - timedelta(days=_day + 1))
        assert bank.has("Idris") == -1140
        bank.settled("Walter", "Idris", 60)
        with pytest.raises(Refused):
            exchange.put_right(ref, 0, "It was not so.", bank.who("Cass"))
        assert bank.entry(ref).status == "settled"
        assert_books_are_right()


class TestFloors:
    def test_below_the_soft_floor_two_people_get_a_friendly_word_once(self, bank: Bank) -> None:
        bank.settled("Idris", "Maya", 600)
        assert "Your time balance is -10 h" not in told("Maya")
        bank.settled("Idris", "Maya", 15, day=clock.today() - timedelta(days=1))
        bank.settled("Idris", "Maya", 15, day=clock.today() - timedelta(days=2))
        assert told("Maya").count("Your time balance is -10 h 15 min") == 1 and "Maya is at -10 h 15 min" in told("Cass")

    def test_at_the_hard_floor_the_hours_are_not_lost(self, bank: Bank) -> None:
        lend(bank, "Idris", 600)
        bank.settled("Idris", "Maya", 900)
        ref = bank.settled("Idris", "Maya", 315, day=clock.today() - timedelta(days=1))
        assert bank.entry(ref).status == "held" and bank.has("Maya") == -900
        assert "An exchange waits, because of the receiver's floor" in told("Cass") and "A coordinator looks at your hours" in told("Idris")
        with pytest.raises(Refused, match="Lower it for them first"):
            exchange.decide(ref, 315, "It was so.", bank.who("Cass"))
        members.allow_lower(bank.cards["Maya"], Minutes(-30 * 60), "She has just come out of hospital.", bank.actor("Cass"))
        exchange.decide(ref, 315, "It was so.", bank.who("Cass"))
        assert bank.has("Maya") == -1215
        with pytest.raises(Refused, match="lower than that now"):
            members.allow_lower(bank.cards["Maya"], None, "Back to normal.", bank.actor("Cass"))
        assert_books_are_right()


def test_starting_credit_leaves_the_whole_book_at_zero(app: Flask) -> None:
    bank = open_bank(TimeRules(starting_credit=Minutes(120)))
    assert bank.has("Maya") == 120 and books.balance("issue") == -120 * 5
    members.join(bank.who("Maya").id, bank.areas["mossgate"], True, bank.actor("Maya"))
    assert bank.has("Maya") == 120
    assert_books_are_right()


def test_after_taking_it_back_the_link_says_so_and_answers_nothing(bank: Bank) -> None:
    ref = bank.log("Idris", "gave", "Maya")
    token = exchange.token_of(bank.entry(ref))
    exchange.withdraw(ref, bank.who("Idris"))
    with pytest.raises(Conflict, match="taken it back"):
        exchange.answer_by_token(token, 60, "", shown=60)
    with pytest.raises(Conflict, match="taken it back"):
        exchange.answer(ref, 60, "", bank.who("Maya"), shown=60)
    assert told("Maya")[-1] == "Taken back: 1 h with Idris"


def test_whoever_is_found_by_name(bank: Bank) -> None:
    maya = bank.member("Maya")
    assert [members.name_of(each) for each in members.search("idr", maya)] == ["Idris"]
    assert members.search("walter", maya) == []
    members.set_member(bank.cards["Walter"], area_id=bank.areas["riverside"], seen_outside=True, paused=False, actor=bank.actor("Walter"))
    assert [members.name_of(each) for each in members.search("Walt", maya)] == ["Walter"]
    assert [members.name_of(each) for each in members.search(bank.cards["Walter"].lower().replace("-", " "), maya)] == ["Walter"]
    assert members.search("%", maya) == [] and members.search("maya", maya) == []


def test_recent_people_come_first(bank: Bank) -> None:
    bank.settled("Idris", "Maya")
    bank.settled("Maya", "Walter")
    bank.settled("Olga", "Maya")
    bank.settled("Maya", "Walter", day=clock.today() - timedelta(days=1))
    assert [members.name_of(each) for each in members.recent(bank.member("Maya"))] == ["Walter", "Olga", "Idris"]
