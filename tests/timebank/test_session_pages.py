"""Sessions as people meet them: every page for who may see it, what is typed wrong, and what happens the second time."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.errors import Refused
from portal.ledger import queries as books
from portal.people.actions import create_person
from portal.timebank import checkin, members, session_closing, sessions
from portal.timebank.sessions_model import TimeSession
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right
from tests.timebank.test_sessions import NOON, TODAY, bank, give_to_pot, here, line, one, opened, stands, tap

__all__ = ["bank"]


def sit(app: Flask, bank: Bank, name: str | None) -> Inspector:
    """Somebody at a browser; a page takes at most 8 queries."""
    browser = Inspector(app, budget=8)
    return browser.sign_in(bank.who(name).id) if name else browser


def post(browser: Inspector, *args: Any, **fields: Any) -> Inspector:
    """What is sent may take more queries than a page."""
    browser.budget = 80
    browser.submit(*args, **fields)
    browser.budget = 8
    return browser


FIELDS = {
    "title": "Litter pick", "what": "Bring gloves.", "kind": "events", "area": "mossgate", "place": "Creek Road car park", "day_day": "6", "day_month": "6",
    "day_year": "2026", "starts": "10", "ends": "12.30", "minutes": "", "places": "",
}  # fmt: skip


def test_a_pot_that_has_too_little_is_said_before_anybody_works(app: Flask, bank: Bank) -> None:
    give_to_pot(bank, 120)
    cass = sit(app, bank, "Cass").get("/timebank/sessions/new")
    assert "The community pot of Mossgate, which has 2 h" in cass.text
    ref = opened(bank, "Cass", "pot:mossgate", places=6)
    assert "The pot has 2 h. This needs up to 12 h. Fill it first" in cass.get(f"/timebank/sessions/{ref}").text
    assert "Fill it first" not in sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}").text
    give_to_pot(bank, 600)
    assert "Fill it first" not in cass.get(f"/timebank/sessions/{ref}").text
    own = opened(bank, "Maya", places=6)
    assert "Fill it first" not in sit(app, bank, "Maya").get(f"/timebank/sessions/{own}").text


class TestOpening:
    def test_a_coordinator_writes_down_what_was_long_ago(self, bank: Bank) -> None:
        opened(bank, "Cass", "pot:mossgate", day=TODAY - timedelta(days=118))
        with pytest.raises(Refused, match="Tell a coordinator"):
            opened(bank, "Maya", day=TODAY - timedelta(days=32))

    def test_a_member_opens_one_in_one_page(self, app: Flask, bank: Bank) -> None:
        members.set_member(bank.cards["Maya"], area_id=bank.areas["riverside"], seen_outside=False, paused=False, actor=bank.actor("Maya"))
        maya = sit(app, bank, "Maya").get("/timebank/sessions/new")
        assert "from your own balance" in maya.text and '<option value="riverside" selected' in maya.text, "where the card says"
        post(maya, "Open it", **FIELDS).follow()
        assert "It is open" in maya.text and "10:00 to 12:30" in maya.text and "2 h 30 min" in maya.text and "You run this" in maya.text

    def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(self, app: Flask, bank: Bank) -> None:
        maya = sit(app, bank, "Maya").get("/timebank/sessions/new")
        wrong = {"title": "Call 07700 900123", "starts": "noonish", "day_month": "13", "places": "many", "minutes": "20 min"}
        post(maya, "Open it", status=422, **{**FIELDS, **wrong})
        for sentence in ("Write the time of day like 10:30", "There is no such date", "Write a whole number"):
            assert sentence in maya.text
        assert 'value="noonish"' in maya.text and "Bring gloves." in maya.text
        post(maya, "Open it", status=422, **{**FIELDS, "title": "Call 07700 900123"})
        assert "take out a telephone number" in maya.text
        post(maya, "Open it", status=422, **{**FIELDS, "minutes": "20 min"})
        assert "quarters of an hour" in maya.text
        post(maya, "Open it", status=422, **{**FIELDS, "ends": "9 am"})
        assert "ends before it begins" in maya.text

    def test_a_connector_chooses_a_pot_or_somebody_whom_they_help(self, app: Flask, bank: Bank) -> None:
        cass = sit(app, bank, "Cass").get("/timebank/sessions/new")
        post(cass, "Open it", **FIELDS, payer="pot:riverside").follow()
        assert "the community pot of Riverside" in cass.text
        assert "The pot has 0 h. This needs up to" in cass.text, "before people have worked for it"
        assert "The pot of Riverside has" not in sit(app, bank, "Maya").get(cass.path).text, "the organiser's business alone"
        cass.get("/timebank/sessions/new")
        post(cass, "Open it", status=422, **FIELDS, payer="another", card="nonsense")
        assert "number on their card, like" in cass.text
        post(cass, "Open it", status=422, **FIELDS, payer="another", card=bank.cards["Maya"])
        assert "Say how you know" in cass.text
        post(cass, "Open it", status=422, **FIELDS, payer="another", card="MEM-2222-2222", basis="telephone")
        assert "cannot find that member" in cass.text
        post(cass, "Open it", **FIELDS, payer="another", card=bank.cards["Maya"], basis="telephone").follow()
        assert "Maya" in cass.text

    def test_who_is_no_member_is_shown_the_way(self, app: Flask, bank: Bank) -> None:
        from portal.db import transaction

        with transaction():
            id_ = create_person("Zoe", email="zoe@example.org").id
        zoe = Inspector(app, budget=8).sign_in(id_).get("/timebank/sessions/new")
        assert "Become a member first" in zoe.text and "/timebank/join" in zoe.text
        ref = opened(bank)
        assert "Join the timebank" in zoe.get(f"/timebank/sessions/{ref}").text
        zoe.get(f"/timebank/sessions/{sessions.token_of(one(ref))}")
        assert "Join the timebank" in zoe.text and "I’m here" not in zoe.text

    def test_a_rota_and_a_copy(self, app: Flask, bank: Bank) -> None:
        maya = sit(app, bank, "Maya").get("/timebank/sessions/new")
        post(maya, "Open it", status=422, **FIELDS, every="week")
        assert "Say until when it comes" in maya.text
        post(maya, "Open it", **FIELDS, every="week", until_day="27", until_month="6", until_year="2026").follow()
        assert "Every Saturday" in maya.text and "27 June" in maya.text
        ref = maya.path.rpartition("/")[2]
        rota = one(ref).rota
        assert rota is not None
        maya.get(f"/timebank/sessions/rotas/{rota.ref}.ics")
        assert maya.text.count("BEGIN:VEVENT") == 4
        maya.get(f"/timebank/sessions/new?like={ref}")
        assert 'value="Litter pick"' in maya.text and 'value="13"' in maya.text


class TestReading:
    def test_everybody_sees_what_is_on_and_no_names(self, app: Flask, bank: Bank) -> None:
        nobody = sit(app, bank, None).get("/timebank/sessions/")
        assert "Nothing is planned just now" in nobody.text
        ref = opened(bank, places=3)
        opened(bank, title="Hub tea", day=TODAY + timedelta(days=40))
        nobody.get("/timebank/sessions/")
        assert "Litter pick" in nobody.text and "3 places free" in nobody.text and "Hub tea" not in nobody.text
        with clock.held_at(NOON + timedelta(hours=8)):
            nobody.get("/timebank/sessions/")
            assert "Its time is over" in nobody.text and "places free" not in nobody.text
        nobody.get(f"/timebank/sessions/{ref}")
        assert "Maya" not in nobody.text and "Sign in first" in nobody.text
        nobody.get(f"/timebank/sessions/{ref}.ics")
        assert "SUMMARY:Litter pick" in nobody.text and "DTSTART:20260606T090000Z" in nobody.text
        nobody.get("/timebank/sessions/SES-2222-2222", status=404)
        nobody.get("/timebank/sessions/rotas/ROT-2222-2222.ics", status=404)

    def test_the_calendar_by_month_and_week(self, app: Flask, bank: Bank) -> None:
        opened(bank)
        opened(bank, title="Hub tea", day=TODAY + timedelta(days=40), area_id=bank.areas["riverside"])
        nobody = sit(app, bank, None).get("/timebank/sessions/calendar")
        assert "Sessions in June 2026" in nobody.text and "Litter pick" in nobody.text and "Hub tea" not in nobody.text
        nobody.get("/timebank/sessions/calendar?by=month&from=2026-07-01")
        assert "Hub tea" in nobody.text
        nobody.get("/timebank/sessions/calendar?by=month&from=2026-07-01&area=mossgate")
        assert "Hub tea" not in nobody.text and "Nothing is planned here" in nobody.text
        nobody.get("/timebank/sessions/calendar?by=week&from=2026-06-07")
        assert "week of Monday 1 June" in nobody.text and "Litter pick" in nobody.text
        nobody.get("/timebank/sessions/calendar?by=x&from=99999-99-99&area=zz")
        assert "June 2026" in nobody.text

    def test_who_does_not_run_it_finds_none_of_its_pages(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        row = line(bank, ref, "Idris").id
        walter, nobody = sit(app, bank, "Walter"), sit(app, bank, None)
        for end in ("change", "cancel", "poster", "register", "paper", "check-in", "new-member", "close", "result", f"lines/{row}", "wrong", "pot", "forgotten", "reverse"):  # fmt: skip
            walter.get(f"/timebank/sessions/{ref}/{end}", status=404)
            nobody.get(f"/timebank/sessions/{ref}/{end}", status=303)
        walter.get("/timebank/desk/sessions", status=404)


class TestSigningUp:
    def test_a_place_the_list_and_moving_up(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank, places=1, day=TODAY + timedelta(days=2))
        idris, walter = (sit(app, bank, name).get(f"/timebank/sessions/{ref}") for name in ("Idris", "Walter"))
        post(idris, "I’ll come").follow()
        assert "There is a place for you" in idris.text
        post(walter, "I’ll come").follow()  # the page is older than the last place
        assert "On the waiting list" in walter.text and "You are the next" in walter.text
        post(idris, "I cannot come").follow()
        assert "Put me on the waiting list" in idris.text
        assert "You have a place" in walter.get(f"/timebank/sessions/{ref}").text

    def test_the_organiser_signs_somebody_up_by_number(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank, day=TODAY + timedelta(days=2))
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}")
        post(maya, "Sign them up", member=bank.cards["Walter"].lower()).follow()
        assert "Who signed up" in maya.text and "Walter" in maya.text
        post(maya, "Take them off", member=bank.cards["Walter"]).follow()
        assert "Who signed up" not in maya.text
        post(maya, "Sign them up", status=422, member=bank.cards["Gardeners"])
        assert "Only people can come" in maya.text

    def test_cancelled_says_why(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank, day=TODAY + timedelta(days=2))
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}/cancel")
        post(maya, "Cancel it", status=422)
        assert "Write why" in maya.text
        post(maya, "Cancel it", reason="Storm").follow()
        assert "does not take place. Why: Storm" in maya.text
        assert "cancelled already" in maya.get(f"/timebank/sessions/{ref}/cancel").text
        assert "STATUS:CANCELLED" in maya.get(f"/timebank/sessions/{ref}.ics").text

    def test_changed_by_two_at_once(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank, day=TODAY + timedelta(days=2))
        first, second = (sit(app, bank, name).get(f"/timebank/sessions/{ref}/change") for name in ("Maya", "Cass"))
        post(first, "Save", title="Beach clean").follow()
        assert "Saved" in first.text and "Beach clean" in first.text
        post(second, "Save", status=422, title="Creek clean")
        assert "changed this meanwhile" in second.text and 'value="Creek clean"' in second.text
        post(second, "Save", title="Creek clean").follow()
        assert "Creek clean" in second.text


class TestCheckingIn:
    def test_the_poster_leads_to_one_tap(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}/poster")
        address, code = f"/timebank/sessions/{sessions.token_of(one(ref))}", one(ref).code
        assert f"{code[:3]} {code[3:]}" in maya.text and "<svg" in maya.text
        nobody = sit(app, bank, None).get(address)
        assert f"/people/sign-in?next={address}" in nobody.text
        idris = sit(app, bank, "Idris").get(address)
        post(idris, "I’m here").follow()
        assert "You are checked in" in idris.text
        assert "You are checked in" in idris.get(address).text and "I’m here" not in idris.text
        with clock.held_at(NOON + timedelta(days=1)):
            walter = sit(app, bank, "Walter").get(address)
            assert "This works on the day" in walter.text and "I’m here" not in walter.text
        walter.get(f"/timebank/sessions/{ref}-zzzzzzzz", status=404)

    def test_the_six_digits(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        idris = sit(app, bank, "Idris").get("/timebank/sessions/")
        post(idris, "I’m here", status=422, code="")
        assert "Write the six digits" in idris.text
        post(idris, "I’m here", status=422, code="12")
        assert "No session of today has that code" in idris.text and 'value="12"' in idris.text
        post(idris, "I’m here", code=one(ref).code).follow()
        assert "You are checked in" in idris.text
        for _try in range(checkin.MOST_WRONG):
            idris.get("/timebank/sessions/")
            post(idris, "I’m here", status=422, code="12")
        assert "too often today" in idris.text

    def test_the_organiser_taps_finds_and_writes_down(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        sessions.sign_up(ref, bank.cards["Idris"], bank.who("Idris"))
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}/check-in")
        assert "0 people are here" in maya.text
        post(maya, "Idris").follow()
        assert "1 person is here" in maya.text and 'aria-pressed="true"' in maya.text
        maya.get(f"/timebank/sessions/{ref}/check-in?q=ol")
        post(maya, "Olga is here").follow()
        post(maya, "Is here", member=bank.cards["Walter"].replace("-", " ").lower()).follow()
        post(maya, "Is here", status=422, member="hello")
        assert "number on their card, like" in maya.text
        maya.get(f"/timebank/sessions/{ref}/check-in")
        post(maya, "Write down a guest", name="A boy").follow()
        assert "4 people are here" in maya.text and "A boy" in maya.text
        maya.get(f"/timebank/sessions/{ref}/check-in?q=nobody")
        assert "Nobody here is called that" in maya.text
        guest = next(row.id for row in checkin.there(one(ref)) if row.guest)
        maya.get(f"/timebank/sessions/{ref}/new-member?row={guest}")
        assert 'value="A boy"' in maya.text and "I am 18 or over" in maya.text
        post(maya, "Make them a member, they are here", status=422, contact="nonsense")
        assert "when they say yes" in maya.text or "Write a telephone number" in maya.text
        post(maya, "Make them a member, they are here", contact="", agreed="y").follow()
        assert "Welcome, A boy" in maya.text and "Guests" in maya.text and "4 people are here" in maya.text

    def test_a_tap_kept_on_the_phone(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}/check-in")
        token = maya._values(maya.forms()[-1])["csrf_token"]
        path, header = f"/timebank/sessions/{ref}/check-in", {"X-Tap": "1"}
        for _twice in range(2):
            answer = maya.client.post(path, data={"csrf_token": token, "once": "k1", "act": "guest", "name": "A boy"}, headers=header)
            assert answer.status_code == 204
        assert len(checkin.there(one(ref))) == 1
        refused = maya.client.post(path, data={"csrf_token": token, "once": "k2", "act": "here", "member": "MEM-2222-2222"}, headers=header)
        assert refused.status_code == 409 and refused.mimetype == "text/plain" and "cannot find that member" in refused.text
        stranger = sit(app, bank, "Walter").get("/timebank/sessions/")
        token = stranger._values(stranger.forms()[-1])["csrf_token"]
        refused = stranger.client.post(path, data={"csrf_token": token, "once": "k3", "act": "guest", "name": "x"}, headers=header)
        assert refused.status_code == 409 and "cannot find that session" in refused.text

    def test_on_paper(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        sessions.sign_up(ref, bank.cards["Idris"], bank.who("Idris"))
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}/register")
        assert "Idris" in maya.text and "Sheet number" in maya.text and maya.text.count(">MEM-<") >= 6
        maya.get(f"/timebank/sessions/{ref}/paper")
        post(maya, "Check them in", status=422, sheet="12", lines="MEM-2222-2222")
        assert "We do not know the number MEM-2222-2222" in maya.text and "MEM-2222-2222</textarea>" in maya.text
        post(maya, "Check them in", sheet="12", ticked=bank.cards["Idris"], lines="Olga\nA girl\n").follow()
        assert "Checked in: Idris, Olga." in maya.text and "Guests, without hours: A girl." in maya.text


class TestClosing:
    def test_one_figure_the_sum_and_an_honest_result(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}/close")
        assert "Nobody is checked in" in maya.text
        here(bank, ref, "Idris", "Walter")
        tap(bank, ref, "Maya", "guest", name="A boy")
        maya.get(f"/timebank/sessions/{ref}/close")
        assert "1 guest gets none" in maya.text and ">4 h<" in maya.text
        walter = line(bank, ref, "Walter").id
        post(maya, "Work out the sum", status=200, minutes="1.5", **{f"each_{walter}": "45 min"})
        assert ">2 h 15 min<" in maya.text and one(ref).status == "open"
        for wrong, sentence in (("20 min", "quarters of an hour"), ("lots", "Write the time in hours"), ("17", "more than one person")):
            post(maya, "Close it and give the hours", status=422, **{f"each_{walter}": wrong})
            assert sentence in maya.text and f'value="{wrong}"' in maya.text and "Walter: " in maya.text
        post(maya, "Close it and give the hours", status=422, minutes="0", **{f"each_{walter}": ""})
        assert "quarters of an hour" in maya.text
        post(maya, "Close it and give the hours", minutes="1.5", **{f"each_{walter}": "45 min"}).follow()
        assert "2 people have 2 h 15 min together." in maya.text and "1 guest without hours." in maya.text
        assert maya.get(f"/timebank/sessions/{ref}/close", status=303).location.endswith("/result")
        assert_books_are_right()

    def test_who_closes_it_sees_that_their_own_waits_and_a_colleague_confirms_it(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank, "Idris", f"member:{bank.cards['Gardeners']}")
        here(bank, ref, "Idris", "Maya")
        idris = sit(app, bank, "Idris").get(f"/timebank/sessions/{ref}/close")
        assert "Your own hours are left out" in idris.text and ">2 h<" in idris.text
        post(idris, "Close it and give the hours").follow()
        assert "Nothing for Idris: they closed it themselves" in idris.text and "Confirm their hours" not in idris.text
        olga = sit(app, bank, "Olga").get(f"/timebank/sessions/{ref}/result")
        row = line(bank, ref, "Idris").id
        assert "Confirm their hours" in olga.text
        olga.get(f"/timebank/sessions/{ref}/lines/{row}")
        assert "wrote 2 h for their own hours" in olga.text and 'value="2 h"' in olga.text
        post(olga, "Enter it", reason="I saw him").follow()
        assert bank.has("Idris") == 120
        idris.get(f"/timebank/sessions/{ref}/lines/{row}", status=404)

    def test_a_figure_much_longer_than_planned_is_asked_about_once(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)  # from ten to twelve
        here(bank, ref, "Idris")
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}/close")
        assert "Yes, it was that long" not in maya.text
        post(maya, "Close it and give the hours", status=422, minutes="16")
        assert "16 h is much longer than the session was planned (2 h). Is it right?" in maya.text and one(ref).status == "open"
        post(maya, "Close it and give the hours", status=422, minutes="2", **{f"each_{line(bank, ref, 'Idris').id}": "4 h 15 min"})
        assert "4 h 15 min is much longer" in maya.text
        post(maya, "Close it and give the hours", sure="y")
        assert stands(bank, ref, "Idris") == 255
        again = opened(bank, key="again", title="Hub tea")
        here(bank, again, "Idris")
        maya.get(f"/timebank/sessions/{again}/close")
        post(maya, "Close it and give the hours", minutes="4")
        assert stands(bank, again, "Idris") == 240, "twice as long is not much longer"

    def test_who_is_there_is_counted_and_their_own_line_speaks_to_them(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank, "Idris", f"member:{bank.cards['Gardeners']}")
        here(bank, ref, "Idris", "Maya")
        idris = sit(app, bank, "Idris").get(f"/timebank/sessions/{ref}")
        assert "2 people are checked in" in idris.text and "0 people have signed up" not in idris.text
        session_closing.close(ref, 60, {}, bank.who("Idris"))
        idris.get(f"/timebank/sessions/{ref}")
        assert "you closed it yourself, so another person confirms it" in idris.text and "they closed" not in idris.text

    def test_the_statement_says_who_gave_and_who_paid(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank, "Idris", f"member:{bank.cards['Idris']}")
        here(bank, ref, "Maya", "Walter")
        with clock.held_at(NOON + timedelta(days=2)):
            session_closing.close(ref, 60, {}, bank.who("Idris"))
        maya = sit(app, bank, "Maya").get("/timebank/statement")
        assert "You gave time at “Litter pick”" in maya.text and "for Saturday 6 June 2026, entered on Monday 8 June 2026" in maya.text
        idris = sit(app, bank, "Idris").get("/timebank/statement")
        assert (
            "You paid for Maya at “Litter pick”" in idris.text and "You paid for somebody from another place at “Litter pick”" in idris.text
        )
        path = next(link for link in idris.links() if link.startswith("/timebank/lines/"))
        assert "at “Litter pick”" in idris.get(path).text and "Session: " not in idris.text

    def test_a_floor_says_the_way_on_and_the_pot_may_pay(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris", "Walter", "Olga")
        maya = sit(app, bank, "Maya").get(f"/timebank/sessions/{ref}/close")
        post(maya, "Close it and give the hours", status=422, minutes="8")
        post(maya, "Close it and give the hours", status=422, sure="y")
        assert "Nothing was entered: ask a coordinator" in maya.text and "/pot" not in maya.text
        cass = sit(app, bank, "Cass").get(f"/timebank/sessions/{ref}/close")
        post(cass, "Close it and give the hours", status=422, minutes="8")
        assert "Say how you know" in cass.text
        assert "After 24 h that would be below" in cass.text and f"/timebank/sessions/{ref}/pot" in cass.text
        cass.get(f"/timebank/sessions/{ref}/pot")
        post(cass, "Let the pot give them", status=422, area="mossgate")
        give_to_pot(bank, 3000)
        post(cass, "Let the pot give them", area="mossgate", reason="A big day").follow()
        post(cass, "Close it and give the hours", status=422, minutes="8")
        post(cass, "Close it and give the hours", sure="y").follow()
        assert "3 people have 24 h together." in cass.text and books.balance("pot:mossgate") == 3000 - 1440

    def test_my_own_hours_and_something_wrong(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        idris = sit(app, bank, "Idris").get(f"/timebank/sessions/{ref}")
        assert "Your hours" in idris.text and "1 h" in idris.text
        idris.get(f"/timebank/sessions/{ref}/wrong")
        post(idris, "Tell a coordinator", status=422)
        assert "Write what is wrong" in idris.text
        post(idris, "Tell a coordinator", words="It was two hours.").follow()
        assert "A coordinator looks at it" in idris.text
        assert "told already" in idris.get(f"/timebank/sessions/{ref}/wrong").text
        cass = sit(app, bank, "Cass").get("/timebank/desk/sessions")
        assert "It was two hours." in cass.text
        cass.get(f"/timebank/sessions/{ref}/lines/{line(bank, ref, 'Idris').id}")
        post(cass, "Enter it", status=422, minutes="2")
        post(cass, "Enter it", minutes="2", reason="Maya agrees").follow()
        assert "Nothing waits for you" in cass.text and stands(bank, ref, "Idris") == 120
        assert "put right" in cass.get(f"/timebank/sessions/{ref}/result").text

    def test_a_line_that_somebody_else_put_right_meanwhile(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        row = line(bank, ref, "Idris").id
        cass = sit(app, bank, "Cass").get(f"/timebank/sessions/{ref}/lines/{row}")
        session_closing.put_right(ref, row, 75, "Longer", bank.who("Olga"), shown=60)
        post(cass, "Enter it", status=422, minutes="2", reason="x")
        assert "This is 1 h 15 min now" in cass.text
        post(cass, "Enter it", minutes="2", reason="x")
        assert stands(bank, ref, "Idris") == 120

    def test_forgotten_and_all_taken_back(self, app: Flask, bank: Bank) -> None:
        ref = opened(bank)
        here(bank, ref, "Idris")
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        cass = sit(app, bank, "Cass").get(f"/timebank/sessions/{ref}/forgotten")
        post(cass, "Enter it", status=422, who="x", reason="y")
        post(cass, "Enter it", who=bank.cards["Walter"], minutes="1", reason="Was there").follow()
        assert "2 people have 2 h together." in cass.text
        cass.get(f"/timebank/sessions/{ref}/reverse")
        assert "gave 2 h to 2 people" in cass.text
        post(cass, "Take it back", reason="Wrong day").follow()
        assert "taken back the hours" in cass.text and bank.has("Idris") == bank.has("Walter") == bank.has("Maya") == 0
        assert "taken back" in sit(app, bank, "Idris").get(f"/timebank/sessions/{ref}").text
        assert_books_are_right()

    def test_what_nobody_closed_stands_on_the_desk(self, app: Flask, bank: Bank) -> None:
        opened(bank, day=TODAY - timedelta(days=3))
        assert "Over, and not closed" in sit(app, bank, "Cass").get("/timebank/desk/sessions").text


@pytest.mark.parametrize("name", [None, "Maya", "Cass", "Walter"])
def test_a_full_month_takes_no_more_queries(app: Flask, bank: Bank, name: str | None) -> None:
    for number in range(6):
        ref = opened(bank, title=f"Pick {number}", day=TODAY + timedelta(days=number), places=2)
        for each in ("Idris", "Walter", "Olga"):
            sessions.sign_up(ref, bank.cards[each], bank.who(each))
    browser = sit(app, bank, name).get("/timebank/sessions/").get("/timebank/sessions/calendar")
    for ref in db.session.scalars(select(TimeSession.ref)).all()[:2]:
        browser.get(f"/timebank/sessions/{ref}")
    assert members.categories()
