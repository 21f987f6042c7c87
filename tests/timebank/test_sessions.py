"""Sessions: opened, signed up for, checked in, closed in one entry, put right; and everything that can go wrong with them."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import select

from portal import clock, vault
from portal.db import db, is_postgresql, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import Actor
from portal.ledger import queries as books
from portal.ledger.posting import Line, post
from portal.money import Minutes
from portal.outbox import Message
from portal.people.access import Who
from portal.people.actions import delete_me
from portal.people.queries import all_about
from portal.timebank import checkin, leaving, members, session_closing, sessions
from portal.timebank.model import Member
from portal.timebank.sessions_model import Attendance, Correction, SignUp, TimeSession
from portal.web.forms import parse_clock
from tests.client import _seen
from tests.timebank.bank import Bank, assert_books_are_right, open_bank

NOON = datetime(2026, 6, 6, 11, tzinfo=UTC)  # a Saturday
TODAY = date(2026, 6, 6)


@pytest.fixture
def bank(app: Flask) -> Any:
    with clock.held_at(NOON):
        made = open_bank()
        made.group("Gardeners", "Idris", "Olga")
        yield made


def plan(bank: Bank, **changes: Any) -> sessions.Plan:
    values: dict[str, Any] = {
        "title": "Litter pick", "what": "Bring gloves.", "kind": "events", "area_id": bank.areas["mossgate"], "place": "Creek Road car park", "day": TODAY,
        "starts": time(10), "ends": time(12), "minutes": Minutes(120), "places": None,
    }  # fmt: skip
    return sessions.Plan(**{**values, **changes})


def opened(
    bank: Bank, by: str = "Maya", payer: str = "", *, every: str = "", until: date | None = None, key: str = "", **changes: Any
) -> str:
    account = payer or f"member:{bank.cards[by]}"
    return sessions.open_session(plan(bank, **changes), account, bank.who(by), once_key=key or uuid.uuid4().hex, every=every, until=until)


def one(ref: str) -> TimeSession:
    db.session.rollback()
    return sessions.by_ref(ref)


def here(bank: Bank, ref: str, *names: str) -> None:
    for name in names:
        checkin.here_by_token(sessions.token_of(one(ref)), bank.who(name))


def tap(bank: Bank, ref: str, by: str, act: str, key: str = "", **what: Any) -> None:
    checkin.tap(bank.who(by), ref, checkin.Tap(act, **what), once_key=key or uuid.uuid4().hex)


def line(bank: Bank, ref: str, name: str) -> Attendance:
    row = checkin.row_of(one(ref), bank.member(name))
    assert row is not None
    return row


def stands(bank: Bank, ref: str, name: str) -> int:
    row = line(bank, ref, name)
    return session_closing.stands(row, session_closing.corrections(one(ref)))


def signed(ref: str) -> list[tuple[str, str, int | None]]:
    return [(members.name_of(row.member), row.state, row.number) for row in sessions.sign_ups(one(ref))]


def told(name: str) -> list[str]:
    return list(db.session.scalars(select(Message.subject).where(Message.to_name == name).order_by(Message.id)))


def give_to_pot(bank: Bank, minutes: int, area: str = "mossgate") -> None:
    with transaction():
        post(
            [Line(members.ISSUE, f"pot:{area}", minutes)], key=f"form:{uuid.uuid4()}", kind="donation", about="test", sentence="Given", actor="scheme",
        )  # fmt: skip


class TestOpening:
    def test_a_member_an_organisation_or_a_pot_pays(self, bank: Bank) -> None:
        own = opened(bank)
        theirs = opened(bank, "Idris", f"member:{bank.cards['Gardeners']}")
        pot = opened(bank, "Cass", "pot:mossgate")
        assert [sessions.payer_name(one(ref)) for ref in (own, theirs, pot)] == ["Maya", "Gardeners", "the community pot of Mossgate"]

    @pytest.mark.parametrize("payer", ["pot:mossgate", "pot:nowhere", "Gardeners", "Walter", "", "member:"])
    def test_nobody_spends_what_is_not_theirs(self, bank: Bank, payer: str) -> None:
        account = f"member:{bank.cards[payer]}" if payer in bank.cards else payer
        with pytest.raises(Refused) as caught:
            sessions.open_session(plan(bank), account, bank.who("Maya"), once_key="x")
        assert caught.value.field == "payer"

    def test_a_connector_types_it_for_somebody_on_a_basis(self, bank: Bank) -> None:
        account = f"member:{bank.cards['Maya']}"
        with pytest.raises(Refused) as caught:
            sessions.open_session(plan(bank), account, bank.who("Cass"), once_key="x", basis="")
        assert caught.value.field == "basis"
        ref = sessions.open_session(plan(bank), account, bank.who("Cass"), once_key="x", basis="telephone")
        assert (one(ref).organiser.name, one(ref).entered_by) == ("Maya", f"person:{bank.who('Cass').id}")

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"title": ""}, "title"), ({"place": ""}, "place"), ({"title": "Ask Maya on 07700 900123"}, "title"), ({"what": "me@example.org"}, "what"),
            ({"place": "12 High Street RM17 6SL"}, "place"), ({"ends": time(10)}, "ends"), ({"minutes": Minutes(20)}, "minutes"),
            ({"minutes": Minutes(0)}, "minutes"), ({"minutes": Minutes(975)}, "minutes"), ({"places": 0}, "places"), ({"places": 501}, "places"),
            ({"area_id": None}, "area"), ({"area_id": 999}, "area"), ({"kind": "nonsense"}, "kind"), ({"day": TODAY + timedelta(days=367)}, "day"),
            ({"day": TODAY - timedelta(days=32)}, "day"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_said_at_its_field(self, bank: Bank, changes: dict[str, Any], field: str) -> None:
        with pytest.raises(Refused) as caught:
            opened(bank, **changes)
        assert caught.value.field == field

    def test_the_same_form_twice_is_one_session(self, bank: Bank) -> None:
        assert opened(bank, key="k") == opened(bank, key="k")
        assert db.session.scalar(select(sa.func.count()).select_from(TimeSession)) == 1

    def test_two_sessions_of_a_day_have_two_codes(self, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
        first = opened(bank)
        code = one(first).code
        real = vault.marks
        draws = iter([f"{int(code):040x}", f"{int(code):040x}", "0" * 40])
        monkeypatch.setattr(vault, "marks", lambda purpose, text: (next(draws),) if purpose == "session code" else real(purpose, text))
        assert one(opened(bank)).code == "000000" and next(draws, None) is None


class TestRotas:
    def test_each_time_is_a_session_and_one_may_be_changed_or_cancelled_alone(self, bank: Bank) -> None:
        first = opened(bank, every="week", until=TODAY + timedelta(days=28))
        rota = one(first).rota
        assert rota is not None
        some = sessions.times_of(rota)
        assert [each.day for each in some] == [TODAY + timedelta(days=7 * week) for week in range(5)]
        refs = [each.ref for each in some]
        sessions.change(refs[1], plan(bank, day=some[1].day + timedelta(days=1), place="The hub"), bank.who("Maya"), shown=1)
        assert sessions.cancel(refs[2], "Bank holiday", bank.who("Maya")) == 1
        assert (
            sessions.change(
                refs[3], plan(bank, day=one(refs[3]).day, starts=time(11), ends=time(13)), bank.who("Maya"), shown=1, later=True
            )
            == 2
        )
        now = [one(ref) for ref in refs]
        assert [each.status for each in now] == ["open", "open", "cancelled", "open", "open"]
        assert [f"{each.starts:%H}" for each in now] == ["10", "10", "10", "11", "11"]
        assert now[1].day == TODAY + timedelta(days=8) and now[4].day == TODAY + timedelta(days=28)
        assert sessions.cancel(refs[3], "Holidays", bank.who("Maya"), later=True) == 2
        assert sessions.cancel(refs[3], "Holidays", bank.who("Maya"), later=True) == 0

    def test_later_ones_move_by_as_many_days(self, bank: Bank) -> None:
        first = opened(bank, every="week", until=TODAY + timedelta(days=14))
        sessions.change(first, plan(bank, day=TODAY + timedelta(days=2)), bank.who("Maya"), shown=1, later=True)
        rota = one(first).rota
        assert rota is not None
        assert [each.day for each in sessions.times_of(rota)] == [TODAY + timedelta(days=2 + 7 * week) for week in range(3)]

    def test_no_more_times_than_a_year_of_weeks(self, bank: Bank) -> None:
        with pytest.raises(Refused, match="Say until when"):
            opened(bank, every="week")
        monthly = opened(bank, every="month", until=TODAY + timedelta(days=366))
        rota = one(monthly).rota
        assert rota is not None and len(sessions.times_of(rota)) == 13


@pytest.mark.parametrize(
    ("typed", "found"),
    [("10", "10:00"), ("9.30", "09:30"), ("2 pm", "14:00"), ("12am", "00:00"), ("12:15 p.m.", "12:15"), ("23:59", "23:59"), ("0", "00:00")],
)
def test_a_time_of_day(typed: str, found: str) -> None:
    assert f"{parse_clock(typed):%H:%M}" == found


@pytest.mark.parametrize("typed", ["", "24", "13 pm", "0 am", "10:60", "10:5", "-1", "1e3", "１０"])
def test_no_time_of_day(typed: str) -> None:
    with pytest.raises(ValueError, match="like 10:30 or 2 pm"):
        parse_clock(typed)


class TestChanging:
    def test_who_signed_up_hears_of_another_time_once(self, bank: Bank) -> None:
        ref = opened(bank, day=TODAY + timedelta(days=3))
        sessions.sign_up(ref, bank.cards["Idris"], bank.who("Idris"))
        sessions.change(ref, plan(bank, day=TODAY + timedelta(days=4)), bank.who("Maya"), shown=1)
        assert told("Idris")[-1] == "Changed: Litter pick"
        sessions.change(ref, plan(bank, day=TODAY + timedelta(days=4), what="Bring boots."), bank.who("Maya"), shown=2)
        assert told("Idris").count("Changed: Litter pick") == 1

    def test_two_who_change_it_at_once(self, bank: Bank) -> None:
        ref = opened(bank)
        sessions.change(ref, plan(bank, title="Beach clean"), bank.who("Maya"), shown=1)
        with pytest.raises(Conflict, match="meanwhile"):
            sessions.change(ref, plan(bank, title="Creek clean"), bank.who("Maya"), shown=1)

    def test_nobody_else_changes_or_cancels_it(self, bank: Bank) -> None:
        ref = opened(bank)
        for act in (
            lambda: sessions.change(ref, plan(bank), bank.who("Walter"), shown=1),
            lambda: sessions.cancel(ref, "No", bank.who("Walter")),
            lambda: tap(bank, ref, "Walter", "here", member=bank.cards["Idris"]),
            lambda: session_closing.close(ref, 60, {}, bank.who("Walter")),
            lambda: sessions.let_pot_pay(ref, "mossgate", "x", bank.who("Maya")),
        ):
            with pytest.raises(NotYours):
                act()

    def test_the_day_stays_once_people_are_checked_in(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        with pytest.raises(Refused, match="checked in already"):
            sessions.change(ref, plan(bank, day=TODAY + timedelta(days=1)), bank.who("Maya"), shown=1)
        with pytest.raises(Refused, match="Close it instead"):
            sessions.cancel(ref, "Rain", bank.who("Maya"))

    def test_cancelled_with_a_reason_everybody_is_told(self, bank: Bank) -> None:
        ref = opened(bank, places=1, day=TODAY + timedelta(days=1))
        for name in ("Idris", "Walter"):
            sessions.sign_up(ref, bank.cards[name], bank.who(name))
        with pytest.raises(Refused, match="Write why"):
            sessions.cancel(ref, "", bank.who("Maya"))
        with pytest.raises(Refused, match="telephone number"):
            sessions.cancel(ref, "Call 07700 900123", bank.who("Maya"))
        sessions.cancel(ref, "Storm", bank.who("Maya"))
        assert told("Idris")[-1].startswith("Cancelled: Litter pick") and told("Walter")[-1].startswith("Cancelled")
        with pytest.raises(Conflict, match="cancelled"):
            sessions.sign_up(ref, bank.cards["Olga"], bank.who("Olga"))
        with pytest.raises(Conflict, match="cancelled"):
            sessions.change(ref, plan(bank), bank.who("Maya"), shown=2)
        with pytest.raises(Conflict, match="cancelled"):
            session_closing.close(ref, 60, {}, bank.who("Maya"))


class TestPlaces:
    def test_who_cannot_come_makes_room_for_who_waits(self, bank: Bank) -> None:
        ref = opened(bank, places=1, day=TODAY + timedelta(days=1))
        assert [sessions.sign_up(ref, bank.cards[name], bank.who(name)) for name in ("Idris", "Walter", "Olga")] == [
            "going",
            "waiting",
            "waiting",
        ]
        assert sessions.sign_up(ref, bank.cards["Idris"], bank.who("Idris")) == "going"
        sessions.take_off(ref, bank.cards["Idris"], bank.who("Idris"))
        assert signed(ref) == [("Walter", "going", 1), ("Olga", "waiting", None)]
        assert told("Walter") == ["You have a place: Litter pick"] and told("Olga") == []
        sessions.take_off(ref, bank.cards["Idris"], bank.who("Idris"))
        with clock.held_at(NOON + timedelta(minutes=1)):
            assert sessions.sign_up(ref, bank.cards["Idris"], bank.who("Idris")) == "waiting"
        assert [name for name, *_rest in signed(ref)] == ["Walter", "Olga", "Idris"]

    def test_more_places_move_several_up_and_fewer_only_as_far_as_they_are_free(self, bank: Bank) -> None:
        ref = opened(bank, places=2, day=TODAY + timedelta(days=1))
        for name in ("Idris", "Walter", "Olga", "Cass"):
            sessions.sign_up(ref, bank.cards[name], bank.who(name))
        day = TODAY + timedelta(days=1)
        sessions.change(ref, plan(bank, places=4, day=day), bank.who("Maya"), shown=1)
        assert [state for _name, state, _number in signed(ref)] == ["going"] * 4
        sessions.take_off(ref, bank.cards["Idris"], bank.who("Idris"))
        with pytest.raises(Refused, match="3 people have a place"):
            sessions.change(ref, plan(bank, places=2, day=day), bank.who("Maya"), shown=2)
        sessions.change(ref, plan(bank, places=3, day=day), bank.who("Maya"), shown=2)
        assert sorted(number for _name, _state, number in signed(ref) if number) == [1, 2, 3]

    def test_who_left_or_pauses_does_not_move_up(self, bank: Bank) -> None:
        ref = opened(bank, places=1, day=TODAY + timedelta(days=1))
        for name in ("Idris", "Walter", "Olga"):
            sessions.sign_up(ref, bank.cards[name], bank.who(name))
        members.set_member(
            bank.cards["Walter"], area_id=bank.areas["riverside"], seen_outside=False, paused=True, actor=bank.actor("Walter")
        )
        sessions.take_off(ref, bank.cards["Idris"], bank.who("Idris"))
        assert signed(ref) == [("Olga", "going", 1), ("Walter", "waiting", None)]
        with pytest.raises(Refused, match="taking a break"):
            sessions.sign_up(opened(bank), bank.cards["Walter"], bank.who("Walter"))

    def test_groups_strangers_and_days_that_are_over(self, bank: Bank) -> None:
        ref = opened(bank)
        with pytest.raises(Refused, match="Only people"):
            sessions.sign_up(ref, bank.cards["Gardeners"], bank.who("Maya"))
        with pytest.raises(NotYours):
            sessions.sign_up(ref, bank.cards["Idris"], bank.who("Walter"))
        with pytest.raises(Conflict, match="over"):
            sessions.sign_up(opened(bank, day=TODAY - timedelta(days=1)), bank.cards["Idris"], bank.who("Idris"))
        sessions.sign_up(ref, bank.cards["Walter"], bank.who("Maya"))  # who runs it signs others up
        assert signed(ref) == [("Walter", "going", 1)]

    def test_nobody_moves_up_once_the_day_is_over(self, bank: Bank) -> None:
        ref = opened(bank, places=1)
        for name in ("Idris", "Walter"):
            sessions.sign_up(ref, bank.cards[name], bank.who(name))
        with clock.held_at(NOON + timedelta(days=1)):
            sessions.take_off(ref, bank.cards["Idris"], bank.who("Idris"))
        assert signed(ref) == [("Walter", "waiting", None)] and told("Walter") == []


class TestCheckingIn:
    def test_by_the_poster_on_the_day_only(self, bank: Bank) -> None:
        ref = opened(bank, day=TODAY + timedelta(days=1))
        token = sessions.token_of(one(ref))
        with pytest.raises(Refused, match="works on that day only"):
            checkin.here_by_token(token, bank.who("Idris"))
        with clock.held_at(NOON + timedelta(days=1)):
            assert checkin.here_by_token(token, bank.who("Idris")) == ref
            checkin.here_by_token(token, bank.who("Idris"))  # a second tap changes nothing
        assert [checkin.label(row) for row in checkin.there(one(ref))] == ["Idris"]
        with pytest.raises(NotFound):
            checkin.here_by_token(ref + "-00000000", bank.who("Idris"))

    def test_by_the_six_digits_on_the_day_only(self, bank: Bank) -> None:
        ref, later = opened(bank), opened(bank, day=TODAY + timedelta(days=1))
        code, other = one(ref).code, one(later).code
        assert checkin.here_by_code(f"{code[:3]} {code[3:]}", bank.who("Idris")) == ref
        assert line(bank, ref, "Idris").how == "code"
        with pytest.raises(Refused, match="No session of today"):
            checkin.here_by_code(other, bank.who("Idris"))

    def test_guessing_ends(self, bank: Bank) -> None:
        code = one(opened(bank)).code
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        for _try in range(checkin.MOST_WRONG):
            with pytest.raises(Refused, match="No session of today"):
                checkin.here_by_code(wrong, bank.who("Idris"))
        with pytest.raises(Refused, match="too often"):
            checkin.here_by_code(code, bank.who("Idris"))
        checkin.here_by_code(code, bank.who("Walter"))  # counted for each person
        with clock.held_at(NOON + timedelta(days=1)), pytest.raises(Refused, match="No session of today"):
            checkin.here_by_code(code, bank.who("Idris"))

    def test_who_is_no_member_hears_how_to_become_one(self, bank: Bank) -> None:
        ref = opened(bank)
        with pytest.raises(Refused, match="Become a member"):
            checkin.here_by_token(sessions.token_of(one(ref)), Who(999, "PER-2222-2222", "Stranger", None))

    def test_the_organiser_taps_and_taps_again(self, bank: Bank) -> None:
        ref = opened(bank)
        tap(bank, ref, "Maya", "here", member=bank.cards["Walter"])
        tap(bank, ref, "Maya", "here", member=bank.cards["Walter"])
        tap(bank, ref, "Maya", "guest", name="A boy")
        assert [checkin.label(row) for row in checkin.there(one(ref))] == ["Walter", "A boy"]
        tap(bank, ref, "Maya", "away", member=bank.cards["Walter"])
        tap(bank, ref, "Maya", "away", row=checkin.there(one(ref))[0].id)
        assert not checkin.there(one(ref))
        with pytest.raises(Refused, match="button"):
            tap(bank, ref, "Maya", "dance")
        with pytest.raises(Refused, match="Write their name"):
            tap(bank, ref, "Maya", "guest")
        with pytest.raises(NotFound):
            tap(bank, ref, "Maya", "here", member="MEM-2222-2222")

    def test_a_tap_that_was_kept_without_signal_counts_once(self, bank: Bank) -> None:
        ref = opened(bank)
        for _time in range(2):  # the answer was lost, so it is sent again
            tap(bank, ref, "Maya", "guest", name="A boy", key="one")
            tap(bank, ref, "Maya", "here", member=bank.cards["Idris"], key="two")
            tap(bank, ref, "Maya", "away", member=bank.cards["Idris"], key="three")
            tap(bank, ref, "Maya", "here", member=bank.cards["Idris"], key="four")
        assert [checkin.label(row) for row in checkin.there(one(ref))] == ["Idris", "A boy"]

    def test_a_tap_that_comes_after_the_closing_is_refused_in_words(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        for act, what in (
            ("here", {"member": bank.cards["Walter"]}),
            ("away", {"member": bank.cards["Idris"]}),
            ("guest", {"name": "A boy"}),
        ):
            with pytest.raises(Conflict, match="closed already"):
                tap(bank, ref, "Maya", act, **what)

    def test_nobody_is_there_before_the_day(self, bank: Bank) -> None:
        ref = opened(bank, day=TODAY + timedelta(days=1))
        with pytest.raises(Refused, match="on the day"):
            tap(bank, ref, "Maya", "here", member=bank.cards["Idris"])
        with pytest.raises(Refused, match="still ahead"):
            session_closing.close(ref, 60, {}, bank.who("Maya"))

    def test_found_by_name_nearby_and_by_number_anywhere(self, bank: Bank) -> None:
        session = one(opened(bank))
        found = [members.name_of(each) for each in checkin.search(session, "i", bank.who("Maya"))]
        assert found == ["Idris"]
        assert not checkin.search(session, "Walter", bank.who("Maya")) and not checkin.search(session, "Gardeners", bank.who("Maya"))
        assert [members.name_of(each) for each in checkin.search(session, bank.cards["Walter"], bank.who("Maya"))] == ["Walter"]

    def test_somebody_new_becomes_a_member_and_hears_of_it(self, bank: Bank) -> None:
        ref = opened(bank)
        tap(bank, ref, "Maya", "guest", name="Zoe Hart")
        guest_id = checkin.there(one(ref))[0].id
        with pytest.raises(Refused, match="when they say yes"):
            checkin.new_member(ref, "Zoe Hart", None, False, bank.who("Maya"), once_key="a")
        number = checkin.new_member(ref, "Zoe Hart", ("email", "zoe@example.org"), True, bank.who("Maya"), once_key="b", row=guest_id)
        assert number == checkin.new_member(
            ref, "Zoe Hart", ("email", "zoe@example.org"), True, bank.who("Maya"), once_key="b", row=guest_id
        )
        assert [checkin.label(row) for row in checkin.there(one(ref))] == ["Zoe Hart"]
        assert told("Zoe Hart") == ["Welcome to the timebank"]
        with pytest.raises(Refused, match="with us already"):
            checkin.new_member(ref, "Zed", ("email", "zoe@example.org"), True, bank.who("Maya"), once_key="c")
        without = checkin.new_member(ref, "Old Tom", None, True, bank.who("Maya"), once_key="d")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        assert books.balance(f"member:{number}") == books.balance(f"member:{without}") == 60
        assert_books_are_right()


class TestPaper:
    def test_ticks_numbers_names_and_guests(self, bank: Bank) -> None:
        ref = opened(bank)
        lines = [bank.cards["Walter"].lower().replace("-", " "), "idris", "A boy", "", "Walter"]
        typed = checkin.from_paper(ref, "7", [bank.cards["Olga"]], lines, bank.who("Maya"), once_key="a")
        assert (typed.members, typed.guests, typed.again) == (["Olga", "Walter", "Idris"], ["A boy", "Walter"], [])
        rows = checkin.there(one(ref))
        assert {row.sheet for row in rows} == {"7"} and {row.how for row in rows} == {"paper"}
        again = checkin.from_paper(ref, "8", [bank.cards["Olga"]], [], bank.who("Maya"), once_key="b")
        assert again.again == ["Olga"]
        assert checkin.from_paper(ref, "7", [], lines, bank.who("Maya"), once_key="a") == checkin.Typed()
        assert len(checkin.there(one(ref))) == 5

    def test_a_name_that_two_have_is_nobodys(self, bank: Bank) -> None:
        bank.join("Sam Hill")
        before = bank.cards["Sam Hill"]
        bank.join("Sam Hill", email="sam2@example.org")
        ref = opened(bank)
        with pytest.raises(checkin.Unclear, match="Sam Hill \\(MEM"):
            checkin.from_paper(ref, "1", [before], ["Sam Hill"], bank.who("Maya"), once_key="a")
        typed = checkin.from_paper(ref, "1", [before], ["Sam Hill"], bank.who("Maya"), guests=True, once_key="a")
        assert (typed.members, typed.guests) == (["Sam Hill"], ["Sam Hill"])

    def test_a_slip_or_half_a_name_is_asked_about_and_a_coordinator_finds_everybody(self, bank: Bank) -> None:
        bank.join("Grace Moss")
        ref = opened(bank, "Cass")
        for line, like in (("Grace", "Grace Moss"), ("Grase Moss", "Grace Moss"), ("Idriss", "Idris"), ("Maja", "Maya")):
            with pytest.raises(checkin.Unclear, match=f"“{line}” may be {like}"):
                checkin.from_paper(ref, "1", [], [line, "A boy"], bank.who("Cass"), once_key=line)
            assert not checkin.there(one(ref))
        typed = checkin.from_paper(ref, "1", [], ["walter", "A boy"], bank.who("Cass"), once_key="a")
        assert (typed.members, typed.guests) == (["Walter"], ["A boy"]), "Walter lives elsewhere, and Cass helps everywhere"

    def test_a_guest_of_a_members_name_is_no_second_card_by_accident(self, bank: Bank) -> None:
        ref = opened(bank)
        with pytest.raises(Refused, match=bank.cards["Idris"]):
            checkin.new_member(ref, "Idris", None, True, bank.who("Maya"), once_key="a")
        assert checkin.new_member(ref, "Idris", None, True, bank.who("Maya"), another=True, once_key="b") != bank.cards["Idris"]

    @pytest.mark.parametrize(
        ("sheet", "lines", "field"),
        [("", ["Idris"], "sheet"), ("1", [], "lines"), ("1", ["MEM-2222-2222"], "lines"), ("1", ["x"] * 61, "lines")],
    )
    def test_what_is_wrong_on_it_is_said_and_nothing_is_half_typed(self, bank: Bank, sheet: str, lines: list[str], field: str) -> None:
        ref = opened(bank)
        with pytest.raises(Refused) as caught:
            checkin.from_paper(ref, sheet, [], ["Idris", *lines] if field == "lines" and lines else lines, bank.who("Maya"), once_key="a")
        assert caught.value.field == field and not checkin.there(one(ref))


class TestClosing:
    def test_one_entry_a_line_for_each_also_across_areas(self, bank: Bank) -> None:
        ref = opened(bank, "Idris", f"member:{bank.cards['Gardeners']}")
        here(bank, ref, "Maya", "Walter", "Cass")
        tap(bank, ref, "Idris", "guest", name="A boy")
        row = line(bank, ref, "Walter")
        session_closing.close(ref, 120, {row.id: 45}, bank.who("Idris"))
        assert (bank.has("Maya"), bank.has("Walter"), bank.has("Cass"), bank.has("Gardeners")) == (120, 45, 120, -285)
        assert books.balance("area:mossgate:clearing") == 45 and books.balance("area:riverside:clearing") == -45
        session = one(ref)
        entries = books.entries_about(f"session:{session.id}")
        assert [(entry.key, entry.lines) for entry in entries] == [(f"session:{session.id}:closed", 4)]
        found = session_closing.outcome(session, checkin.there(session), {})
        assert (found.people, found.minutes, found.guests, found.not_posted) == (3, 285, 1, [])
        assert [row.guest for row in checkin.there(session) if row.member_id is None] == [""]  # the name has gone
        assert told("Walter") == ["In the timebank: 45 min for “Litter pick”"] and told("Idris")[-1] == "Closed: “Litter pick”, 4 h 45 min"
        body = db.session.scalar(select(Message.body).where(Message.to_name == "Walter"))
        assert body is not None and "Your balance: 45 min." in body and f"/timebank/sessions/{ref}/wrong" in body
        assert_books_are_right()

    def test_closed_twice_is_the_first_result(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        session_closing.close(ref, 120, {}, bank.who("Maya"))
        assert bank.has("Idris") == 60 and len(told("Idris")) == 1

    @pytest.mark.parametrize("minutes", [None, 0, 7, 20, -15, 975])
    def test_half_quarters_nothing_and_too_much(self, bank: Bank, minutes: int | None) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        with pytest.raises(Refused) as caught:
            session_closing.close(ref, minutes, {}, bank.who("Maya"))
        assert caught.value.field == "minutes" and one(ref).status == "open"
        with pytest.raises(Refused) as caught:
            session_closing.close(ref, 60, {line(bank, ref, "Idris").id: 7}, bank.who("Maya"))
        assert caught.value.field == f"each-{line(bank, ref, 'Idris').id}"

    def test_nothing_for_somebody(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris", "Walter")
        session_closing.close(ref, 60, {line(bank, ref, "Walter").id: 0}, bank.who("Maya"))
        assert (bank.has("Idris"), bank.has("Walter"), line(bank, ref, "Walter").why) == (60, 0, "none")
        alone = opened(bank)
        here(bank, alone, "Walter")
        session_closing.close(alone, 60, {line(bank, alone, "Walter").id: 0}, bank.who("Maya"))
        assert one(alone).status == "closed" and one(alone).entry_key is None
        assert_books_are_right()

    def test_a_line_that_is_not_there(self, bank: Bank) -> None:
        ref = opened(bank)
        with pytest.raises(Refused, match="Nobody is checked in"):
            session_closing.close(ref, 60, {}, bank.who("Maya"))
        here(bank, ref, "Idris")
        with pytest.raises(Refused, match="changed meanwhile"):
            session_closing.close(ref, 60, {99999: 15}, bank.who("Maya"))

    def test_who_pays_gets_nothing_from_themselves(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris", "Maya")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        assert (bank.has("Idris"), bank.has("Maya")) == (60, -60) and line(bank, ref, "Maya").why == "payer"
        assert told("Maya")[-1] == "Your own hours for “Litter pick”"

    def test_who_closes_it_waits_for_a_second_person_of_the_group(self, bank: Bank) -> None:
        ref = opened(bank, "Idris", f"member:{bank.cards['Gardeners']}")
        here(bank, ref, "Idris", "Maya")
        session_closing.close(ref, 60, {}, bank.who("Idris"))
        assert (bank.has("Idris"), bank.has("Maya"), line(bank, ref, "Idris").why) == (0, 60, "own")
        assert any("second person" in subject for subject in told("Cass")) and not any(
            "second person" in subject for subject in told("Idris")
        )
        row = line(bank, ref, "Idris")
        with pytest.raises(Refused, match="their own hours"):
            session_closing.put_right(ref, row.id, 60, "I was there", bank.who("Idris"), shown=0)
        with pytest.raises(NotYours):
            session_closing.put_right(ref, row.id, 60, "Kind", bank.who("Walter"), shown=0)
        session_closing.put_right(ref, row.id, 60, "I saw him", bank.who("Olga"), shown=0)
        assert bank.has("Idris") == 60 and not session_closing.waiting_lines(None)
        assert_books_are_right()

    def test_somebody_else_of_the_group_closes_it_and_the_organiser_has_theirs(self, bank: Bank) -> None:
        ref = opened(bank, "Idris", f"member:{bank.cards['Gardeners']}")
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Olga"))
        assert bank.has("Idris") == 60

    def test_a_pot_without_enough_says_the_way_on_and_nothing_is_entered(self, bank: Bank) -> None:
        ref = opened(bank, "Cass", "pot:mossgate")
        here(bank, ref, "Idris", "Walter")
        give_to_pot(bank, 90)
        with pytest.raises(Refused, match="2 h is more than the community pot of Mossgate has"):
            session_closing.close(ref, 60, {}, bank.who("Cass"))
        assert (bank.has("Idris"), bank.has("Walter"), one(ref).status) == (0, 0, "open")
        give_to_pot(bank, 30)
        session_closing.close(ref, 60, {}, bank.who("Cass"))
        assert (bank.has("Idris"), bank.has("Walter"), books.balance("pot:mossgate")) == (60, 60, 0)
        assert_books_are_right()

    def test_the_floor_of_a_member_and_both_ways_on(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris", "Walter", "Cass")
        with pytest.raises(
            Refused, match=r"Maya has 0 h. After 24 h that would be below -20 h. .*lower the limit, or to let the community pot"
        ):
            session_closing.close(ref, 480, {}, bank.who("Maya"), sure=True)
        assert one(ref).status == "open" and not told("Idris")
        members.allow_lower(bank.cards["Maya"], Minutes(-1800), "A big day here", bank.actor("Cass"))
        session_closing.close(ref, 480, {}, bank.who("Maya"), sure=True)
        assert bank.has("Maya") == -1440
        assert "Maya is at -24 h" in told("Cass")  # below the soft floor, a friendly word
        other = opened(bank)
        here(bank, other, "Idris")
        give_to_pot(bank, 600)
        with pytest.raises(Refused, match="Write why"):
            sessions.let_pot_pay(other, "mossgate", "", bank.who("Cass"))
        sessions.let_pot_pay(other, "mossgate", "She gave a lot already", bank.who("Cass"))
        session_closing.close(other, 60, {}, bank.who("Cass"))
        assert books.balance("pot:mossgate") == 540
        assert_books_are_right()

    def test_a_coordinator_closes_it_for_a_member_on_a_basis(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        with pytest.raises(Refused) as caught:
            session_closing.close(ref, 60, {}, bank.who("Cass"))
        assert caught.value.field == "basis"
        session_closing.close(ref, 60, {}, bank.who("Cass"), basis="telephone")
        entry = books.entries_about(f"session:{one(ref).id}")[0]
        assert (entry.on_behalf, entry.basis) == (f"person:{bank.who('Maya').id}", "telephone")

    def test_who_left_meanwhile_is_named_and_the_others_have_theirs(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris", "Walter", "Cass")
        with transaction():
            db.session.execute(sa.update(Member).where(Member.ref == bank.cards["Walter"]).values(status="left"))
            db.session.execute(sa.update(Member).where(Member.ref == bank.cards["Cass"]).values(status="paused"))
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        session = one(ref)
        found = session_closing.outcome(session, checkin.there(session), {})
        assert (found.people, [why for _row, why in found.not_posted]) == (2, ["they have left the timebank"])
        assert bank.has("Cass") == 60 and bank.has("Walter") == 0  # who takes a break was there all the same
        assert_books_are_right()

    def test_an_organiser_who_acts_for_the_group_no_more(self, bank: Bank) -> None:
        ref = opened(bank, "Idris", f"member:{bank.cards['Gardeners']}")
        here(bank, ref, "Maya")
        idris = bank.who("Idris")
        with pytest.raises(Refused, match="any more"):
            session_closing.close(ref, 60, {}, Who(idris.id, idris.ref, idris.name, idris.area_id))

    def test_two_hundred_at_once(self, bank: Bank) -> None:
        ref = opened(bank, "Cass", "pot:mossgate")
        give_to_pot(bank, 200 * 60)
        session_id = one(ref).id
        with transaction():
            from portal.people.actions import create_person

            for number in range(200):
                someone = create_person(
                    f"Helper {number}", email=f"h{number}@example.org", area_id=bank.areas["riverside" if number % 10 == 0 else "mossgate"]
                )
                member = members.become(members.open_rules(), someone.area_id or 0, Actor(someone.id), person_id=someone.id)
                db.session.add(
                    Attendance(session_id=session_id, member_id=member.id, how="paper", entered_by="person:1", entered_at=clock.now())
                )
        _seen.clear()
        session_closing.close(ref, 60, {}, bank.who("Cass"))
        assert len(_seen) < 40, "as many statements for two hundred as for two"
        assert books.balance("pot:mossgate") == 0
        assert db.session.scalar(select(sa.func.count()).where(Message.subject.startswith("In the timebank"))) == 200
        assert [entry.lines for entry in books.entries_about(f"session:{session_id}")] == [220]
        assert_books_are_right()


class TestPuttingRight:
    @pytest.fixture
    def closed(self, bank: Bank) -> str:
        ref = opened(bank)
        for name in ("Idris", "Walter"):
            sessions.sign_up(ref, bank.cards[name], bank.who(name))
        here(bank, ref, "Idris", "Walter")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        return ref

    def test_somebody_says_that_it_is_wrong_and_a_coordinator_puts_it_right(self, bank: Bank, closed: str) -> None:
        with pytest.raises(Refused, match="Write what is wrong"):
            session_closing.something_wrong(closed, "", bank.who("Walter"))
        session_closing.something_wrong(closed, "I stayed for two hours.", bank.who("Walter"))
        with pytest.raises(Conflict, match="told already"):
            session_closing.something_wrong(closed, "Hello?", bank.who("Walter"))
        assert told("Cass") == ["Somebody says that “Litter pick” is wrong"]
        assert [row.question for row in session_closing.waiting_lines(frozenset({bank.areas["mossgate"]}))] == ["I stayed for two hours."]
        assert not session_closing.waiting_lines(frozenset({bank.areas["riverside"]}))
        row = line(bank, closed, "Walter")
        for reason, minutes, shown, kind in (("", 120, 60, Refused), ("So", 20, 60, Refused), ("So", 120, 45, Conflict)):
            with pytest.raises(kind):
                session_closing.put_right(closed, row.id, minutes, reason, bank.who("Cass"), shown=shown)
        session_closing.put_right(closed, row.id, 120, "Maya says so too", bank.who("Cass"), shown=60)
        assert (bank.has("Walter"), bank.has("Maya"), stands(bank, closed, "Walter")) == (120, -180, 120)
        assert line(bank, closed, "Walter").minutes == 60  # what the closing said stays
        session_closing.put_right(closed, row.id, 30, "No, half an hour", bank.who("Cass"), shown=120)
        assert (bank.has("Walter"), stands(bank, closed, "Walter")) == (30, 30)
        keys = sorted(entry.key for entry in books.entries_about(f"session:{one(closed).id}"))
        assert [key.split(":", 2)[2] for key in keys] == ["closed", f"line:{row.id}:1", f"line:{row.id}:2"]
        assert told("Walter")[-1] == "Your hours for “Litter pick”: 30 min"
        assert_books_are_right()

    def test_the_same_figure_answers_and_moves_nothing(self, bank: Bank, closed: str) -> None:
        session_closing.something_wrong(closed, "Hm.", bank.who("Walter"))
        row = line(bank, closed, "Walter")
        session_closing.put_right(closed, row.id, 60, "We talked", bank.who("Cass"), shown=60)
        assert not session_closing.waiting_lines(None) and len(books.entries_about(f"session:{one(closed).id}")) == 1
        assert told("Walter")[-1] == "Your hours for “Litter pick”: 1 h"

    def test_who_has_spent_it_is_not_pushed_below_the_floor(self, bank: Bank, closed: str) -> None:
        with transaction():
            post(
                [Line(f"member:{bank.cards['Walter']}", members.ISSUE, 1260)],
                key="x",
                kind="t",
                about="t",
                sentence="Spent",
                actor="scheme",
            )
        row = line(bank, closed, "Walter")
        with pytest.raises(Refused, match="Walter has spent those hours already"):
            session_closing.put_right(closed, row.id, 0, "Not there", bank.who("Cass"), shown=60)
        with pytest.raises(Refused, match="Nothing was changed"):
            session_closing.reverse_all(closed, "All wrong", bank.who("Cass"))
        assert (bank.has("Walter"), bank.has("Idris")) == (-1200, 60)
        assert_books_are_right()

    def test_nobody_but_a_coordinator_and_never_their_own(self, bank: Bank, closed: str) -> None:
        row = line(bank, closed, "Walter")
        with pytest.raises(NotYours):
            session_closing.put_right(closed, row.id, 0, "x", bank.who("Maya"), shown=60)
        with pytest.raises(NotYours):
            session_closing.reverse_all(closed, "x", bank.who("Maya"))
        with pytest.raises(NotYours):
            session_closing.something_wrong(closed, "I was there", bank.who("Olga"))  # neither there nor signed up
        with pytest.raises(NotYours):
            session_closing.put_right(opened(bank), row.id, 0, "x", bank.who("Cass"), shown=60)
        ref = opened(bank)
        here(bank, ref, "Cass", "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        with pytest.raises(Refused, match="their own hours"):
            session_closing.put_right(ref, line(bank, ref, "Cass").id, 120, "x", bank.who("Cass"), shown=60)
        with pytest.raises(Refused, match="their own hours"):
            session_closing.reverse_all(ref, "x", bank.who("Cass"))

    def test_who_signed_up_and_is_not_in_the_list_may_say_so(self, bank: Bank) -> None:
        ref = opened(bank)
        sessions.sign_up(ref, bank.cards["Walter"], bank.who("Walter"))
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        session_closing.something_wrong(ref, "I was there too.", bank.who("Walter"))
        row = line(bank, ref, "Walter")
        assert (row.minutes, row.why) == (0, "added")
        session_closing.put_right(ref, row.id, 60, "Maya remembers", bank.who("Cass"), shown=0)
        assert bank.has("Walter") == 60
        assert_books_are_right()

    def test_somebody_who_was_forgotten(self, bank: Bank, closed: str) -> None:
        session_closing.add_forgotten(closed, bank.cards["Olga"], 45, "She held the bags", bank.who("Cass"))
        assert bank.has("Olga") == 45
        with pytest.raises(Refused, match="in the list already"):
            session_closing.add_forgotten(closed, bank.cards["Olga"], 45, "Again", bank.who("Cass"))
        with pytest.raises(Refused, match="quarters"):
            session_closing.add_forgotten(closed, bank.cards["Cass"], 0, "x", bank.who("Olga"))
        with pytest.raises(Refused, match="came from their own account"):
            session_closing.add_forgotten(closed, bank.cards["Maya"], 45, "x", bank.who("Cass"))
        assert_books_are_right()

    def test_all_of_it_taken_back_with_what_was_put_right(self, bank: Bank, closed: str) -> None:
        row = line(bank, closed, "Walter")
        session_closing.put_right(closed, row.id, 120, "Longer", bank.who("Cass"), shown=60)
        with pytest.raises(Refused, match="Write why"):
            session_closing.reverse_all(closed, "", bank.who("Cass"))
        with pytest.raises(Refused, match="take out a telephone number"):
            session_closing.reverse_all(closed, "Call 07700 900123", bank.who("Cass"))
        assert session_closing.reverse_all(closed, "It was another day", bank.who("Cass")) == 2
        assert (bank.has("Idris"), bank.has("Walter"), bank.has("Maya")) == (0, 0, 0)
        assert stands(bank, closed, "Idris") == stands(bank, closed, "Walter") == 0
        assert told("Idris")[-1] == "Taken back: “Litter pick”"
        assert session_closing.reverse_all(closed, "Again", bank.who("Cass")) == 0
        session_closing.put_right(closed, row.id, 15, "This much is right", bank.who("Cass"), shown=0)
        assert bank.has("Walter") == 15
        assert_books_are_right()


class TestTheDesk:
    def test_what_nobody_closed(self, bank: Bank) -> None:
        ref = opened(bank)
        assert not session_closing.not_closed(None)
        with clock.held_at(NOON + timedelta(days=1)):
            assert sessions.remind_to_close() == 1 and sessions.remind_to_close() == 0
        with clock.held_at(NOON + timedelta(days=2)):
            assert [each.ref for each in session_closing.not_closed(frozenset({bank.areas["mossgate"]}))] == [ref]
        with clock.held_at(NOON + timedelta(days=8)):
            assert sessions.remind_to_close() == 1
        assert told("Maya") == ["Close “Litter pick”, so that people get their hours"] * 2


class TestPersonsWhoLeave:
    def test_their_places_go_to_who_waits_and_their_own_sessions_are_cancelled(self, bank: Bank) -> None:
        soon = TODAY + timedelta(days=3)
        ref, own = opened(bank, places=1, day=soon), opened(bank, "Idris", day=soon)
        for name in ("Idris", "Walter"):
            sessions.sign_up(ref, bank.cards[name], bank.who(name))
        sessions.sign_up(own, bank.cards["Maya"], bank.who("Maya"))
        delete_me(bank.who("Idris").id, bank.actor("Idris"))
        assert signed(ref) == [("Walter", "going", 1)] and told("Walter") == ["You have a place: Litter pick"]
        assert one(own).status == "cancelled" and told("Maya")[-1].startswith("Cancelled")

    def test_export_my_data(self, bank: Bank) -> None:
        ref = opened(bank)
        sessions.sign_up(ref, bank.cards["Idris"], bank.who("Idris"))
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        held = all_about(bank.who("Idris").id)["sessions"]
        assert held["signed up"][0]["state"] == "going" and held["was there"][0]["minutes"] == 60
        assert all_about(bank.who("Maya").id)["sessions"]["organised"][0]["reference"] == ref
        session_closing.put_right(ref, line(bank, ref, "Idris").id, 75, "Longer", bank.who("Cass"), shown=60)
        assert all_about(bank.who("Idris").id)["sessions"]["put right"][0]["minutes"] == 75

    def test_their_words_go_and_their_hours_stay(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        session_closing.something_wrong(ref, "My knee hurt.", bank.who("Idris"))
        leaving.leave(bank.cards["Idris"], leaving.POT, "", bank.who("Idris"))
        delete_me(bank.who("Idris").id, bank.actor("Idris"))
        rows = checkin.there(one(ref))
        assert [(checkin.label(row), row.question, row.minutes) for row in rows] == [("Former member", "", 60)]
        assert_books_are_right()


class TestWhatTheDatabaseRefuses:
    @pytest.fixture
    def closed(self, bank: Bank) -> int:
        ref = opened(bank, places=2)
        for name in ("Idris", "Walter"):
            sessions.sign_up(ref, bank.cards[name], bank.who(name))
        here(bank, ref, "Idris", "Walter")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        session_closing.put_right(ref, line(bank, ref, "Idris").id, 75, "x", bank.who("Cass"), shown=60)
        id_ = one(ref).id
        opened(bank, places=1)
        db.session.rollback()
        return id_

    def refused(self, statement: str, **values: Any) -> str:
        with pytest.raises(sa.exc.DBAPIError) as caught, db.engine.begin() as connection:
            done = connection.execute(sa.text(statement), values)
            assert done.rowcount != 0, "the statement met no row: this test proves nothing"
        return str(caught.value.orig)

    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("UPDATE attendance SET minutes = 90, said = 90 WHERE session_id = :id", "put right beside it"),
            ("UPDATE attendance SET why = 'none', minutes = 0 WHERE session_id = :id", "put right beside it"),
            ("UPDATE attendance SET sheet = '9' WHERE session_id = :id", "put right beside it"),
            ("DELETE FROM attendance WHERE session_id = :id", ""),
            ("UPDATE time_session SET status = 'open', closed_at = NULL, closed_by = NULL WHERE id = :id", "stays as it was"),
            ("UPDATE time_session SET payer_id = NULL, pot_id = area_id WHERE id = :id", "stays as it was"),
            ("UPDATE time_session SET entry_key = NULL WHERE id = :id", "stays as it was"),
            ("DELETE FROM time_session WHERE id = :id", ""),
            ("UPDATE attendance_correction SET after = 0", "appended"),
            ("DELETE FROM attendance_correction", "appended"),
            ("UPDATE sign_up SET number = number + 2 WHERE session_id = :id", "not so many places"),
            ("UPDATE time_session SET places = 1 WHERE id = :id", "fewer places"),
            ("UPDATE time_session SET minutes = 20 WHERE id <> :id", "ck_time_session_minutes"),
            ("UPDATE time_session SET pot_id = area_id WHERE id <> :id", "ck_time_session_one_payer"),
            ("UPDATE time_session SET ends = starts WHERE id <> :id", "ck_time_session_ends"),
        ],
    )
    def test_what_must_never_be(self, bank: Bank, closed: int, statement: str, said: str) -> None:
        assert said in self.refused(statement, id=closed) if ":id" in statement else said in self.refused(statement)

    def test_the_same_person_twice_a_place_twice_and_one_too_many(self, bank: Bank, closed: int) -> None:
        open_id = db.session.scalar(select(TimeSession.id).where(TimeSession.id != closed))
        members_ = dict(db.session.execute(select(Member.ref, Member.id)).tuples().all())
        idris, walter = members_[bank.cards["Idris"]], members_[bank.cards["Walter"]]
        db.session.rollback()
        row = "INSERT INTO sign_up (session_id, member_id, state, number, asked_at) VALUES (:session, :member, 'going', :number, :now)"
        now = NOON.replace(tzinfo=None) if not is_postgresql() else NOON
        with db.engine.begin() as connection:
            connection.execute(sa.text(row), {"session": open_id, "member": idris, "number": 1, "now": now})
        assert self.refused(row, session=open_id, member=walter, number=1, now=now)
        assert "not so many places" in self.refused(row, session=open_id, member=walter, number=2, now=now)
        there = (
            "INSERT INTO attendance (session_id, member_id, guest, how, sheet, entered_by, entered_at, why, question, minutes, said) "
            "VALUES (:session, :member, '', 'paper', '', 'x', :now, :why, '', :minutes, NULL)"
        )
        with db.engine.begin() as connection:
            connection.execute(sa.text(there), {"session": open_id, "member": idris, "now": now, "why": "", "minutes": None})
        assert self.refused(there, session=open_id, member=idris, now=now, why="", minutes=None)
        maya = members_[bank.cards["Maya"]]
        assert "the session is over" in self.refused(there, session=closed, member=maya, now=now, why="", minutes=60)
        assert "the session is over" in self.refused(there, session=closed, member=maya, now=now, why="", minutes=None)
        assert self.refused(there, session=open_id, member=None, now=now, why="", minutes=60)  # a guest has no credit

    def test_a_correction_follows_from_what_stands(self, bank: Bank, closed: int) -> None:
        id_ = db.session.scalar(select(Correction.attendance_id))
        db.session.rollback()
        row = (
            "INSERT INTO attendance_correction (attendance_id, number, before, after, reason, made_by, made_at, entry_key) "
            "VALUES (:id, :number, :before, :after, 'x', 'x', :now, 'x')"
        )
        now = NOON.replace(tzinfo=None) if not is_postgresql() else NOON
        assert "does not follow" in self.refused(row, id=id_, number=2, before=60, after=15, now=now)
        assert "does not follow" in self.refused(row, id=id_, number=3, before=75, after=15, now=now)
        with db.engine.begin() as connection:
            connection.execute(sa.text(row), {"id": id_, "number": 2, "before": 75, "after": 15, "now": now})


class TestTheLedgerCheck:
    def test_it_finds_a_line_that_the_books_do_not_have(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris", "Walter")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        assert session_closing.broken_caches() == []
        id_ = bank.member("Idris").id
        db.session.rollback()
        with db.engine.begin() as connection:  # past the guards, as only a hand in the database could
            if is_postgresql():
                connection.execute(sa.text("ALTER TABLE attendance DISABLE TRIGGER ALL"))
            else:
                connection.execute(sa.text("DROP TRIGGER attendance_fixed"))
            connection.execute(sa.text("UPDATE attendance SET minutes = 75 WHERE member_id = :id"), {"id": id_})
            if is_postgresql():
                connection.execute(sa.text("ALTER TABLE attendance ENABLE TRIGGER ALL"))
        broken = session_closing.broken_caches()
        assert len(broken) == 2 and all("differ by" in each for each in broken)
        assert any(bank.cards["Idris"] in each and "15 minutes" in each for each in broken)

    def test_it_finds_an_entry_that_no_line_has(self, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        with transaction():
            post(
                [Line(f"member:{bank.cards['Maya']}", f"member:{bank.cards['Walter']}", 15)], key="x", kind="session", about=f"session:{one(ref).id}",
                sentence="x", actor="scheme",
            )  # fmt: skip
        assert len(session_closing.broken_caches()) == 2

    def test_a_signed_up_member_is_no_line(self, bank: Bank) -> None:
        sessions.sign_up(opened(bank), bank.cards["Idris"], bank.who("Idris"))
        assert db.session.scalar(select(sa.func.count()).select_from(SignUp)) == 1 and session_closing.broken_caches() == []
