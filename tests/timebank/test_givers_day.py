"""One person's day is one day: what exchanges, sessions and sheets together would make longer than sixteen hours is refused."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask

from portal import clock
from portal.db import db
from portal.errors import Refused
from portal.money import Minutes
from portal.timebank import checkin, exchange, givers_day, session_closing, sessions, sheets
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.timebank.sheets import Faulty, Typed
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank

NOON = datetime(2026, 6, 6, 11, tzinfo=UTC)
TODAY = date(2026, 6, 6)
TOO_MUCH = "more than one person can give in a day"
EIGHT = 8 * 60


@pytest.fixture
def bank(app: Flask) -> Any:
    """Maya can pay for long days; Idris gives."""
    with clock.held_at(NOON):
        made = open_bank()
        made.group("Gardeners", "Idris", "Olga")
        for name in ("Maya", "Walter"):
            lend(made, name, 6000)
        yield made


def attended(bank: Bank, *names: str, day: date = TODAY) -> str:
    """A session of Maya's, with these people checked in."""
    plan = sessions.Plan(
        title="Litter pick", what="", kind="events", area_id=bank.areas["mossgate"], place="Creek Road", day=day, starts=time(10), ends=time(12),
        minutes=Minutes(120), places=None,
    )  # fmt: skip
    ref = sessions.open_session(plan, f"member:{bank.cards['Maya']}", bank.who("Maya"), once_key=uuid.uuid4().hex)
    for name in names:
        checkin.here_by_token(sessions.token_of(the_session(ref)), bank.who(name))
    return ref


def the_session(ref: str) -> TimeSession:
    db.session.rollback()
    return sessions.by_ref(ref)


def line_of(bank: Bank, ref: str, name: str) -> Attendance:
    row = checkin.row_of(the_session(ref), bank.member(name))
    assert row is not None
    return row


def by_exchange(bank: Bank, minutes: int) -> None:
    bank.log("Idris", "gave", "Walter", minutes, again=True)


def by_the_other_side(bank: Bank, minutes: int) -> None:
    bank.log("Maya", "received", "Idris", minutes, again=True)


def by_session(bank: Bank, minutes: int) -> None:
    session_closing.close(attended(bank, "Idris"), minutes, {}, bank.who("Maya"), sure=True)


def by_forgotten_line(bank: Bank, minutes: int) -> None:
    ref = attended(bank, "Cass")
    session_closing.close(ref, 15, {}, bank.who("Maya"), sure=True)
    session_closing.add_forgotten(ref, bank.cards["Idris"], minutes, "Was there too", bank.who("Olga"))


def by_correction(bank: Bank, minutes: int) -> None:
    """A line that is closed with a little, and put right to the rest."""
    ref = attended(bank, "Idris")
    session_closing.close(ref, 15, {}, bank.who("Maya"), sure=True)
    session_closing.put_right(ref, line_of(bank, ref, "Idris").id, minutes, "Was longer", bank.who("Cass"), shown=15)


def by_exchange_put_right(bank: Bank, minutes: int) -> None:
    ref = bank.settled("Idris", "Walter", 15)
    exchange.put_right(ref, minutes, "Was longer", bank.who("Olga"))


def by_decision(bank: Bank, minutes: int) -> None:
    ref = bank.log("Idris", "gave", "Walter", 15, again=True)
    exchange.answer(ref, minutes, "It was longer", bank.who("Walter"), shown=15)
    exchange.decide(ref, minutes, "Both say so", bank.who("Olga"))


def by_taking_the_others_figure(bank: Bank, minutes: int) -> None:
    ref = bank.log("Idris", "gave", "Walter", 15, again=True)
    exchange.answer(ref, minutes, "It was longer", bank.who("Walter"), shown=15)
    exchange.accept_answer(ref, bank.who("Idris"), shown=minutes)


def by_sheet(bank: Bank, minutes: int) -> None:
    typed = [Typed.of(1, ("Idris", "Walter", f"{minutes / 60:g}", "pets", "", ""), again=True)]
    try:
        sheets.post_sheet(
            bank.areas["mossgate"], typed, bank.who("Olga"), number=uuid.uuid4().hex[:6], day=TODAY, once_key=uuid.uuid4().hex
        )
    except Faulty as why:
        raise Refused(why.faults[0].sentence, why.faults[0].column) from why


WAYS = (
    by_exchange, by_the_other_side, by_session, by_forgotten_line, by_correction, by_exchange_put_right, by_decision, by_taking_the_others_figure, by_sheet,
)  # fmt: skip


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", [by_exchange, by_session, by_sheet])
def test_twenty_five_hours_by_whichever_mix(bank: Bank, first: Any, second: Any) -> None:
    first(bank, 12 * 60)
    with pytest.raises(Refused, match=TOO_MUCH) as caught:
        second(bank, 13 * 60)
    assert caught.value.field, "it is told where it was typed"
    assert "12" not in caught.value.sentence, "nobody learns what else they gave"
    before = givers_day.given([bank.member("Idris").id], TODAY)
    assert before[bank.member("Idris").id] <= 12 * 60 + 15
    assert_books_are_right()


def test_three_ways_make_sixteen_and_no_more(bank: Bank) -> None:
    by_exchange(bank, 5 * 60)
    by_session(bank, 6 * 60)
    by_sheet(bank, 5 * 60)
    for way in WAYS[:3]:
        with pytest.raises(Refused, match=TOO_MUCH):
            way(bank, 15)
    bank.log("Idris", "gave", "Maya", 60, day=TODAY - timedelta(days=1))
    assert_books_are_right()


def test_what_was_given_up_leaves_room(bank: Bank) -> None:
    ref = bank.log("Idris", "gave", "Walter", EIGHT)
    exchange.withdraw(ref, bank.who("Idris"))
    session = attended(bank, "Idris")
    session_closing.close(session, EIGHT, {}, bank.who("Maya"), sure=True)
    session_closing.reverse_all(session, "The wrong day", bank.who("Olga"))
    by_session(bank, 16 * 60)
    with pytest.raises(Refused, match=TOO_MUCH):
        by_exchange(bank, 15)


def test_less_than_was_written_down_is_always_possible(bank: Bank) -> None:
    ref = attended(bank, "Idris")
    session_closing.close(ref, 16 * 60, {}, bank.who("Maya"), sure=True)
    session_closing.put_right(ref, line_of(bank, ref, "Idris").id, EIGHT, "Half of it", bank.who("Cass"), shown=16 * 60)
    by_exchange(bank, EIGHT)


def test_a_closing_names_whose_day_is_full_and_enters_nothing(bank: Bank) -> None:
    by_exchange(bank, 10 * 60)
    ref = attended(bank, "Idris", "Cass")
    with pytest.raises(Refused, match=f"^Idris: .*{TOO_MUCH}") as caught:
        session_closing.close(ref, EIGHT, {}, bank.who("Maya"), sure=True)
    assert caught.value.field == f"each-{line_of(bank, ref, 'Idris').id}"
    assert the_session(ref).status == "open" and bank.has("Cass") == 0
    session_closing.close(ref, EIGHT, {line_of(bank, ref, "Idris").id: 6 * 60}, bank.who("Maya"), sure=True)
    assert (bank.has("Idris"), bank.has("Cass")) == (6 * 60, EIGHT)
    assert_books_are_right()


def test_a_group_is_many_people(bank: Bank) -> None:
    for _turn in range(3):
        bank.log("Gardeners", "gave", "Walter", EIGHT, actor=bank.actor("Olga"), again=True)
