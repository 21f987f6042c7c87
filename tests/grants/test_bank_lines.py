"""From a bank statement into the books: nothing before somebody says so, and nothing twice; on both engines."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import award, bank_lines, pay
from portal.grants.bank_model import BankLine
from portal.grants.bank_refunds import Booked, Told, untold
from portal.grants.model import Award, Payment, Refund
from portal.ledger import queries as books
from portal.ledger.periods import close_period
from portal.money import Pence, plain_pounds
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin
from tests.races import race, ways

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)
FREE = "fund:small-sparks:available"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    with clock.held_at(MONDAY):
        made = begin()
    with clock.held_at(MONDAY + timedelta(days=20)):
        yield made
        assert_books_are_right()


@pytest.fixture
def paid(season: Season) -> Payment:
    """A payment of £250 that was released on Monday."""
    with clock.held_at(MONDAY):
        return season.released(season.ready())


def file_of(*lines: tuple[int, int, str]) -> bytes:
    """(day in June, pence, text) as a statement."""
    return (
        "Date,Description,Amount\n" + "".join(f"{day:02}/06/2026,{said},{plain_pounds(Pence(pence))}\n" for day, pence, said in lines)
    ).encode()


def bid_ref(payment: Payment) -> str:
    return db.session.get_one(Award, payment.award_id).application.ref


def take(season: Season, *lines: tuple[int, int, str]) -> bank_lines.TakenIn:
    return bank_lines.take_in(file_of(*lines), season.actor("Fay"))


def proposed() -> dict[str, str]:
    return {each.line.ref: each.proposed for each in bank_lines.waiting()}


def decide(season: Season, chosen: dict[str, str] | None = None) -> bank_lines.Decided:
    return bank_lines.decide(chosen if chosen is not None else proposed(), season.actor("Fay"))


def now(payment: Payment) -> Payment:
    ref = payment.ref
    db.session.rollback()
    return pay.payment_by_ref(ref)


def test_nothing_moves_before_somebody_says_so(season: Season, paid: Payment) -> None:
    came = take(season, (3, -250_00, f"BACS {bid_ref(paid)}"), (3, -9_99, "COFFEE AT ADA BELL"), (4, -250_00, "RENT"))
    assert (came.new, came.known, came.problems) == (3, 0, [])
    assert [row.sealed and "COFFEE" not in row.sealed for row in db.session.scalars(select(BankLine))] == [True] * 3
    shown = bank_lines.waiting()
    assert [each.proposed.split(":")[0] for each in shown] == ["arrived", "", ""] and now(paid).status == "released"
    assert [each.value for each in shown[2].choices] == [f"arrived:{paid.ref}"], "by hand, because the sum would fit"
    found = decide(season, {shown[0].line.ref: shown[0].proposed, shown[1].line.ref: "not_ours", shown[2].line.ref: ""})
    assert (dict(found.done), found.refused) == ({"arrived": 1, "not_ours": 1}, {})
    assert (now(paid).status, now(paid).settled_on) == ("settled", date(2026, 6, 3))
    assert [(row.outcome, bool(row.sealed)) for row in db.session.scalars(select(BankLine).order_by(BankLine.id))] == [
        ("arrived", False), ("not_ours", False), ("waiting", True),
    ]  # fmt: skip
    assert [(line.outcome, ref) for line, ref, _award in bank_lines.latest()] == [("not_ours", None), ("arrived", paid.ref)]


def test_the_same_file_and_the_same_line_twice_change_nothing(season: Season, paid: Payment) -> None:
    lines = [(3, -250_00, f"BACS {bid_ref(paid)}"), (3, -1_00, "TEA"), (3, -1_00, "TEA")]
    assert take(season, *lines).new == 3
    assert (take(season, *lines).new, take(season, *lines).known) == (0, 3)
    decide(season)
    entries = len(books.entries_about(f"award:{paid.award_id}"))
    again = take(season, *lines, (4, -1_00, "TEA"), (3, -1_00, "tea"))
    assert (again.new, again.known) == (1, 4), "the third cup on that day is known only when it is the third"
    assert decide(season).done == {} and len(books.entries_about(f"award:{paid.award_id}")) == entries
    assert take(season, *lines, (3, -1_00, "TEA")).new == 1


def test_a_line_is_decided_once(season: Season, paid: Payment) -> None:
    take(season, (3, -250_00, f"BACS {bid_ref(paid)}"))
    chosen = proposed()
    assert decide(season, chosen).done == {"arrived": 1}
    assert decide(season, chosen).done == {} and decide(season, dict.fromkeys(chosen, "not_ours")).done == {}
    assert decide(season, {"BNK-2222-2222": "not_ours"}).done == {}


def test_settled_then_sent_back(season: Season, paid: Payment) -> None:
    """Both lines in one file, the later first, as banks give it: the day decides."""
    ref = bid_ref(paid)
    take(season, (5, 250_00, f"UNPAID {ref}"), (3, -250_00, f"BACS {ref}"))
    assert decide(season).done == {"arrived": 1, "came_back": 1}
    payment = now(paid)
    assert (payment.status, payment.settled_on, payment.bounced_on) == ("bounced", date(2026, 6, 3), date(2026, 6, 5))
    made = db.session.get_one(Award, payment.award_id)
    assert (made.status, made.paid, books.balance(award.payable(made))) == ("ready_to_pay", 0, 250_00)
    assert "Bank statement of Friday 5 June 2026, line BNK-" in (payment.bounced_reason or "")
    assert_books_are_right()
    again = season.released(made)
    take(season, (21, -250_00, f"BACS {ref}"))
    assert set(proposed().values()) == {f"arrived:{again.ref}"}
    assert decide(season).done == {"arrived": 1}


def test_sent_back_in_another_file_than_it_arrived(season: Season, paid: Payment) -> None:
    take(season, (3, -250_00, f"BACS {bid_ref(paid)}"))
    decide(season)
    take(season, (8, 250_00, f"RETURNED {bid_ref(paid)}"))
    assert decide(season).done == {"came_back": 1} and now(paid).status == "bounced"


def test_what_was_said_by_hand_before_the_statement_came(season: Season, paid: Payment) -> None:
    ref = bid_ref(paid)
    pay.settle(paid.ref, date(2026, 6, 3), season.actor("Fay"))
    take(season, (3, -250_00, f"BACS {ref}"))
    assert decide(season).done == {"arrived": 1} and now(paid).settled_on == date(2026, 6, 3)
    pay.bounce(paid.ref, date(2026, 6, 5), "Closed", season.actor("Fay"))
    take(season, (5, 250_00, f"UNPAID {ref}"))
    assert decide(season).done == {"came_back": 1} and now(paid).bounced_reason == "Closed"


def test_a_refund_and_one_larger_than_was_paid(season: Season, paid: Payment) -> None:
    ref = bid_ref(paid)
    pay.settle(paid.ref, date(2026, 6, 3), season.actor("Fay"))
    take(season, (18, 20_00, f"FROM GARDENERS {ref}"), (19, 300_00, f"FROM GARDENERS {ref}"))
    values = list(proposed().values())
    made = db.session.get_one(Award, paid.award_id).ref
    assert values == [f"refund:{made}", ""]
    too_much = bank_lines.waiting()[1].line.ref
    free = books.balance(FREE)
    found = decide(season, {**proposed(), too_much: f"refund:{made}"})
    assert found.done == {"refund": 1} and "no more can come back" in found.refused[too_much]
    assert [row.amount for row in db.session.scalars(select(Refund))] == [20_00] and books.balance(FREE) == free + 20_00
    assert [each.line.ref for each in bank_lines.waiting()] == [too_much], "it waits still"


def test_a_refund_that_was_entered_by_hand_is_not_written_again(season: Season, paid: Payment) -> None:
    pay.settle(paid.ref, date(2026, 6, 3), season.actor("Fay"))
    made = db.session.get_one(Award, paid.award_id).ref
    by_hand = pay.refund(made, Pence(20_00), date(2026, 6, 16), "Not spent", season.actor("Fay"))
    take(season, (18, 20_00, f"FROM GARDENERS {bid_ref(paid)}"), (19, 20_00, f"GARDENERS {bid_ref(paid)}"))
    one, other = bank_lines.waiting()
    assert [each.proposed for each in (one, other)] == [f"booked:{by_hand}", ""]
    assert [each.value for each in one.choices] == [f"booked:{by_hand}", f"again:{made}"]
    assert by_hand in decide(season, {one.line.ref: f"refund:{made}"}).refused[one.line.ref]
    assert decide(season, {one.line.ref: one.proposed}).done == {"refund": 1}
    assert [row.amount for row in db.session.scalars(select(Refund))] == [20_00]
    assert "another line says it already" in decide(season, {other.line.ref: f"booked:{by_hand}"}).refused[other.line.ref]
    assert "cannot find" in decide(season, {other.line.ref: "booked:RFD-2222-2222"}).refused[other.line.ref]
    assert proposed() == {other.line.ref: f"refund:{made}"}, "that one is told: this is new"
    assert decide(season).done == {"refund": 1} and len(db.session.scalars(select(Refund)).all()) == 2


def test_another_refund_of_the_same_sum_is_said_so(season: Season, paid: Payment) -> None:
    pay.settle(paid.ref, date(2026, 6, 3), season.actor("Fay"))
    made = db.session.get_one(Award, paid.award_id).ref
    pay.refund(made, Pence(125_00), date(2026, 6, 16), "Not spent", season.actor("Fay"))
    take(season, (18, 125_00, f"FROM GARDENERS {bid_ref(paid)}"))
    (line,) = bank_lines.waiting()
    assert decide(season, {line.line.ref: f"again:{made}"}).done == {"refund": 1}
    assert books.balance(FREE) == 1000_00 and len(db.session.scalars(select(Refund)).all()) == 2


def test_all_came_back_by_hand_and_then_by_the_bank(season: Season, paid: Payment) -> None:
    pay.settle(paid.ref, date(2026, 6, 3), season.actor("Fay"))
    made = db.session.get_one(Award, paid.award_id).ref
    by_hand = pay.refund(made, Pence(250_00), date(2026, 6, 18), "Nothing came of it", season.actor("Fay"))
    take(season, (18, 250_00, f"FROM GARDENERS {bid_ref(paid)}"))
    assert list(proposed().values()) == [f"booked:{by_hand}"]


def test_each_line_tells_of_the_refund_nearest_to_it() -> None:
    day = date(2026, 6, 1)
    booked = [Booked(ref, "AWD", pence, day + timedelta(days=after)) for ref, pence, after in (("A", 1, 0), ("B", 1, 5), ("C", 2, 5))]
    told = [Told("AWD", 1, day + timedelta(days=after)) for after in (6, 4)]
    assert [each.ref for each in untold(booked, told[:1])] == ["A", "C"]
    assert [each.ref for each in untold(booked, told)] == ["C"]
    assert untold(booked, []) == booked and untold([], told) == []
    assert booked[0].may_be("AWD", 1, day + timedelta(days=31)) and not booked[0].may_be("AWD", 1, day - timedelta(days=32))


def test_what_cannot_be(season: Season, paid: Payment) -> None:
    take(season, (3, -250_00, "OUT"), (4, 250_00, "IN"), (4, -1_00, "SMALL"), (30, -250_00, "TO COME"), (1, 5_00, "BEFORE"))
    out, into, small, to_come, before = (row.ref for row in db.session.scalars(select(BankLine).order_by(BankLine.id)))
    made = db.session.get_one(Award, paid.award_id).ref
    for ref, value, why in (
        (out, f"came_back:{paid.ref}", "cannot have come back"),
        (into, f"arrived:{paid.ref}", "cannot have been paid out"),
        (out, f"refund:{made}", "A refund comes in"),
        (small, f"arrived:{paid.ref}", r"about £1\.00, the payment about £250\.00"),
        (to_come, f"arrived:{paid.ref}", "still to come"),
        (out, "arrived:TXN-2222-2222", "cannot find what you chose"),
        (into, "refund:AWD-2222-2222", "cannot find what you chose"),
        (out, "lost", "Choose what this line is"),
        (before, f"refund:{made}", "no more can come back"),
    ):
        found = decide(season, {ref: value})
        assert found.done == {} and pytest.raises(Refused, match=why).matches(Refused(found.refused[ref])), (value, found.refused)
    decide(season, {out: f"arrived:{paid.ref}"})
    with clock.held_at(MONDAY + timedelta(days=40)):
        assert "says that of this payment already" in decide(season, {to_come: f"arrived:{paid.ref}"}).refused[to_come]


def test_a_line_of_a_closed_month_counts_on_the_first_open_day(season: Season, paid: Payment) -> None:
    ref = bid_ref(paid)
    with clock.held_at(MONDAY + timedelta(days=40)):
        with transaction():
            close_period(date(2026, 6, 30), "test")
        take(season, (3, -250_00, f"BACS {ref}"), (18, 20_00, f"GARDENERS {ref}"))
        assert decide(season).done == {"arrived": 1}
        made = db.session.get_one(Award, paid.award_id).ref
        assert set(proposed().values()) == {f"refund:{made}"} and decide(season).done == {"refund": 1}
        assert now(paid).settled_on == date(2026, 7, 1)
        assert [row.received_on for row in db.session.scalars(select(Refund))] == [date(2026, 7, 1)]
        assert [row.day for row in db.session.scalars(select(BankLine).order_by(BankLine.id))] == [date(2026, 6, 3), date(2026, 6, 18)]
        assert books.first_open(date(2026, 7, 2)) == date(2026, 7, 2)


def test_nobody_writes_their_own(season: Season) -> None:
    made = season.ready(season.sent("Fay's bench", by="Fay"))
    payment = pay.prepare(made.ref, None, season.actor("Olga"))
    pay.approve(payment, season.actor("Otto"))
    pay.release_run([payment], season.actor("Otto"))
    take(season, (21, -250_00, season.award_now(made).application.ref))
    (why,) = decide(season).refused.values()
    assert "of your own" in why


def test_lines_without_a_word_are_forgotten(season: Season, paid: Payment) -> None:
    take(season, (3, -250_00, bid_ref(paid)), (3, -1_00, "TEA"))
    decide(season)
    assert bank_lines.forget() == 0
    with clock.held_at(clock.now() + timedelta(days=91)):
        assert (bank_lines.forget(), bank_lines.forget()) == (1, 0)
    assert [row.outcome for row in db.session.scalars(select(BankLine))] == ["arrived"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bank_line SET outcome = 'waiting', decided_at = NULL, decided_by_id = NULL, payment_id = NULL WHERE outcome = 'arrived'",
        "UPDATE bank_line SET pence = -1 WHERE outcome = 'waiting'",
        "UPDATE bank_line SET outcome = 'not_ours' WHERE outcome = 'waiting'",
        "UPDATE bank_line SET outcome = 'arrived', decided_at = read_at, decided_by_id = 1, sealed = '' WHERE outcome = 'waiting'",
        "UPDATE bank_line SET outcome = 'arrived', decided_at = read_at, decided_by_id = 1, sealed = '', payment_id = (SELECT max(id) FROM payment) WHERE outcome = 'waiting'",
        "DELETE FROM bank_line WHERE outcome = 'arrived'",
        "INSERT INTO bank_line (ref, mark, day, pence, sealed, outcome, read_by_id, read_at) SELECT 'x', mark, day, pence, '', 'waiting', read_by_id, read_at FROM bank_line",
    ],
)  # fmt: skip
def test_the_database_keeps_what_the_bank_said(season: Season, paid: Payment, change: str) -> None:
    take(season, (3, -250_00, bid_ref(paid)), (4, -250_00, "TEA"))
    decide(season)
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(change))


def test_read_and_decided_by_several_at_once(store: Store) -> None:
    with store.app.app_context():
        season = begin()
        payment = season.released(season.ready())
        today = clock.today()
        data = f"Date,Description,Amount\n{today:%d/%m/%Y},{bid_ref(payment)},-250\n".encode()
        fay, ref = season.who("Fay").id, payment.ref
        db.session.remove()
    results = race(store, [f"bank_lines.take_in({data!r}, Actor({fay})).new"] * 3)
    assert sorted(said for _what, said in results) == [0, 0, 1]
    with store.app.app_context():
        line = db.session.scalars(select(BankLine.ref)).one()
        db.session.remove()
    results = race(
        store,
        [
            f"dict(bank_lines.decide({{{line!r}: {value!r}}}, Actor({fay})).done)"
            for value in (f"arrived:{ref}", "not_ours", f"arrived:{ref}")
        ],
    )
    assert ways(results) == ["done"] * 3 and sum(len(said) for _what, said in results) == 1
    with store.app.app_context():
        assert_books_are_right()
