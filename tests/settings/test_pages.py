"""The settings of the scheme, as an administrator sees and changes them."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import rounds
from portal.grants.rules import RoundRules
from portal.history import Actor, record
from portal.money import Minutes, Pence
from portal.outbox import Message
from portal.people import keeping
from portal.places import actions as places
from portal.settings import rates
from portal.timebank import members
from tests.client import Inspector
from tests.grants.season import person

BUDGET = 8


@pytest.fixture
def admin(app: Flask) -> Inspector:
    """Farah, who administers the scheme of this database."""
    first = person("Farah", "administrator")
    places.change_scheme(
        {"name": "Estuary Together", "short_name": "Estuary", "email": "hello@estuary.example", "telephone": "01632 960123"},
        Actor(first.id),
    )
    return Inspector(app, budget=BUDGET).sign_in(first.id)


def test_one_page_leads_to_every_setting(app: Flask, admin: Inspector) -> None:
    links = set(admin.get("/desk/settings").links())
    assert {"/desk/scheme", "/desk/areas", "/desk/roles", "/desk/settings/changed"} <= links
    assert "/desk/publish/settings" not in links and "Officers do this." in admin.text
    officer = Inspector(app).sign_in(person("Olga", "officer").id).get("/desk/settings")
    assert {"/desk/scheme", "/desk/publish/settings", "/timebank/desk/rules"} <= set(officer.links())
    assert "/desk/roles" not in set(officer.links()) and "Administrators do this." in officer.text
    Inspector(app).sign_in(person("Rita").id).get("/desk/settings", status=404)


def test_the_log_says_what_stood_before_and_what_stands_now(app: Flask, admin: Inspector) -> None:
    admin.get("/desk/scheme").submit("Save", telephone="01632 960999", spend_threshold="50000")
    olga = Actor(person("Olga", "officer").id)
    keeping.set_days("drafts", 100, "The board said so", olga)
    members.set_rules(soft_floor=Minutes(-60), hard_floor=Minutes(-1200), settle_days=14, starting_credit=Minutes(0), actor=olga)
    said_there = " ".join(admin.get("/desk/settings/changed").text.split())
    for said in ("01632 960123", "01632 960999", "Those above £500", "All of them", "Farah", "Olga", "The board said so", "-10 h", "-1 h"):
        assert said in said_there, said
    assert said_there.index("Rules of the timebank") < said_there.index("How long data is kept") < said_there.index("Name and contact")


def test_the_log_is_paged_and_reads_what_was_kept_before(app: Flask, admin: Inspector) -> None:
    with transaction():
        record("scheme", "scheme_changed", Actor(), changed=["telephone"])  # as it was kept until 2026: without values
    for number in range(30):
        places.change_scheme({"department": f"Department {number}"}, Actor())
    admin.get("/desk/settings/changed")
    assert "Department 29" in admin.text and "Department 3<" not in admin.text
    older = next(link for link in admin.links() if "before=" in link)
    admin.get(older)
    assert "Department 2<" in admin.text and "Telephone for questions" in admin.text and "by command" in admin.text
    admin.get("/desk/settings/changed?before=nonsense")


def test_the_words_of_a_letter_are_shown_saved_and_shipped_again(app: Flask, admin: Inspector) -> None:
    admin.typed = ("{",)
    browser = admin.get("/desk/settings/words").get("/desk/settings/words/code")
    assert "in one part" in browser.text and "the six digits" in browser.text
    browser.submit("Save these words", status=422, body="Type it in {link}", short="{code} http://evil.example")
    assert "{code} is missing" in browser.text
    shown: dict[str, Any] = {"subject": "{scheme}: {code}", "body": "Hello! {code}\n\n{link}", "short": "{code}"}
    browser.get("/desk/settings/words/code").submit("Show me how it arrives", status=200, **shown)
    assert "Nothing is saved yet" in browser.text and "Hello! 314159" in browser.text and "one part" in browser.text
    assert "Hello! 314159" not in admin.get("/desk/settings/words/code").text
    stale = browser.get("/desk/settings/words/code").tree
    browser.submit("Save these words", **shown).follow()
    assert "Hello! 314159" in browser.text and "Your words" in browser.get("/desk/settings/words").text
    visitor = Inspector(app).get("/people/sign-in").submit("Send me a code", address="rita@example.org")
    assert visitor.location == "/people/sign-in/code"
    message = db.session.scalars(select(Message)).one()
    assert message.subject.startswith("Estuary Together: ") and message.body.startswith("Hello! ") and message.short.isdigit()
    browser.get("/desk/settings/words/code").tree = stale
    browser.submit("Save these words", status=422, subject="Stale {code}")
    assert "Somebody else changed these words" in browser.text
    browser.get("/desk/settings/words/code").submit("Use the words that ship").follow()
    assert "Hello! {code}" in browser.get("/desk/settings/changed?about=wording").text
    assert "The scheme was set up" not in browser.text
    browser.get("/desk/settings/words/nonsense", status=404)


def _png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 300), colour).save(out, "PNG")
    return out.getvalue()


def test_colours_are_shown_saved_and_shipped_again(app: Flask, admin: Inspector) -> None:
    assert "/look/look/" not in admin.get("/").text
    browser = admin.get("/desk/settings/look").submit("Save these colours", status=422, brand="#ffcc00")
    assert (
        "White words on the header: the contrast is 1.5 and must be 4.5." in browser.text
        and "The nearest colour that passes is" in browser.text
    )
    browser.submit("Show me", status=200, brand="#0b3d91", action="#8a3b00")
    assert "Nothing is saved yet" in browser.text and "/look/both/0b3d91-8a3b00.css" in browser.text and "/look/look/" not in browser.text
    browser.submit("Save these colours").follow()
    sheet = re.search(r'href="(/look/look/0b3d91-8a3b00\.css\?v=[0-9a-f]{10})"', Inspector(app).get("/").text)
    assert sheet is not None
    answer = Inspector(app).client.get(sheet[1])
    assert answer.mimetype == "text/css" and "immutable" in answer.headers["Cache-Control"] and b"--k-brand:#0b3d91" in answer.data
    assert "immutable" in browser.client.get(sheet[1]).headers["Cache-Control"], "the same for who is signed in"
    for wrong in ("/look/look/ffcc00-8a3b00.css", "/look/look/red-8a3b00.css", "/look/nonsense/0b3d91-8a3b00.css"):
        Inspector(app).get(wrong, status=404)
    browser.get("/desk/settings/look").submit("Use the colours that ship").follow()
    assert "/look/look/" not in browser.text
    assert "#8a3b00" in browser.get("/desk/settings/changed").text


def test_a_logo_is_made_small_shown_and_taken_away(app: Flask, admin: Inspector) -> None:
    browser = admin.get("/desk/settings/look")
    browser.submit("Show this logo", status=422, photo=(io.BytesIO(b"<svg/>"), "logo.svg"), alt="Arms")
    assert "not a photo that we can read" in browser.text
    browser.submit("Show this logo", status=422, photo=(io.BytesIO(_png("red")), "logo.png"), alt="")
    assert "Write what the picture shows" in browser.text
    browser.submit("Show this logo", photo=(io.BytesIO(_png("red")), "logo.png"), alt="Arms of Estuary").follow()
    first = re.search(r"/look/logo/PIC-[^.]+\.jpg", Inspector(app).get("/").text)
    assert first is not None and 'alt="Arms of Estuary"' in browser.text
    answer = Inspector(app).client.get(first[0])
    assert answer.mimetype == "image/jpeg" and Image.open(io.BytesIO(answer.data)).size == (600, 200)
    browser.submit("Show this logo", photo=(io.BytesIO(_png("blue")), "logo.png"), alt="New arms").follow()
    Inspector(app).get(first[0], status=404)
    browser.submit("Take the logo away").follow()
    assert "/look/logo/" not in Inspector(app).get("/").text
    told = browser.get("/desk/settings/changed").text
    assert "Arms of Estuary" in told and "New arms" in told


def test_rates_are_said_with_their_source_and_count_from_their_day(app: Flask, admin: Inspector) -> None:
    today = clock.today()
    tomorrow = today + timedelta(days=1)
    said: dict[str, Any] = {"purpose": "match", "source": "Estuary Council", "year": "2026-27"}
    day: dict[str, Any] = {f"valid_from_{part}": str(getattr(today, part)) for part in ("day", "month", "year")}
    browser = admin.get("/desk/settings/rates").submit("Save this rate", status=422, pence="0", **said, **day)
    assert "more than nothing" in browser.text
    browser.submit("Save this rate", status=422, pence="12.60", **{**said, "source": ""}, **day)
    assert "Write whose rate it is." in browser.text
    browser.submit("Save this rate", pence="12.60", **said, **day).follow()
    assert "£12.60 an hour (Estuary Council, 2026-27)" in browser.text and "In force" in browser.text
    assert rounds.with_rate_of_today(RoundRules()).rate == 12_60 and RoundRules().rate == 12_00
    rates.set_rate(rates.Rate("match", tomorrow, Pence(13_00), "Estuary Council", "2027-28"), Actor())
    assert rounds.with_rate_of_today(RoundRules()).rate == 12_60
    found = rates.in_force("match", tomorrow)
    assert found is not None and found.pence == 13_00 and rates.in_force("figures", tomorrow) is None
    assert "To come" in browser.get("/desk/settings/rates").text
    form = browser.tree
    browser.submit(form="/desk/settings/rates/remove", valid_from=tomorrow.isoformat()).follow()
    assert rates.in_force("match", tomorrow) == rates.in_force("match", today)
    assert form is not None and browser.post("/desk/settings/rates/remove", {"purpose": "match"}, status=400)
    with pytest.raises(Refused, match="begun already"):
        rates.take_back("match", today, Actor())
    browser.get("/desk/settings/rates").submit("Save this rate", status=422, pence="13.00", **said, **day)
    assert "has begun on that day already" in browser.text and rates.in_force("match", today).pence == 12_60  # type: ignore[union-attr]
    assert "£13.00 an hour (Estuary Council, 2027-28)" in browser.get("/desk/settings/changed").text


def test_a_rate_that_has_begun_stays_and_one_to_come_is_put_right(app: Flask) -> None:
    today = clock.today()
    tomorrow, yesterday = today + timedelta(days=1), today - timedelta(days=1)
    for pence in (12_00, 12_50):
        rates.set_rate(rates.Rate("figures", tomorrow, Pence(pence), "Council", "2027-28"), Actor())
    rates.set_rate(rates.Rate("figures", today, Pence(12_00), "Council", "2026-27"), Actor())
    for day, said in ((today, "has begun on that day"), (yesterday, "That day is over")):
        with pytest.raises(Refused, match=said) as refused:
            rates.set_rate(rates.Rate("figures", day, Pence(14_00), "Council", "2026-27"), Actor())
        assert refused.value.field == "valid_from"
    assert [(rate.valid_from, rate.pence) for rate in rates.rates()] == [(tomorrow, 12_50), (today, 12_00)]


@pytest.mark.parametrize("column", ["purpose = 'salary'", "pence = 0", "source = ''"])
def test_the_database_keeps_no_rate_of_nobody(app: Flask, column: str) -> None:
    rates.set_rate(rates.Rate("match", clock.today(), Pence(12_00), "Council", "2026-27"), Actor())
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(f"UPDATE hour_rate SET {column}"))


def test_days_off_are_written_and_taken_away(app: Flask, admin: Inspector) -> None:
    first = clock.months_on(clock.today(), 2)
    first += timedelta(days=(7 - first.weekday()) % 7)  # a Monday, and the week after it, so that some of it is no bank holiday
    last = first + timedelta(days=6)
    days: dict[str, Any] = {
        f"{name}_{part}": str(getattr(day, part))
        for name, day in (("first_day", first), ("last_day", last))
        for part in ("day", "month", "year")
    }
    browser = admin.get("/desk/settings/days-off")
    assert (
        "None yet" in browser.text
        and "Christmas Day" in browser.text
        and "Summer bank holiday" in browser.text
        and "observed" not in browser.text
    )
    browser.submit("Save these days off", status=422, name="Town hall moves", **days)
    assert "Write why" in browser.text and "Town hall moves" in browser.text
    browser.submit("Save these days off", reason="The cabinet decided it").follow()
    assert f"Town hall moves: {clock.in_words(first)} to {clock.in_words(last)}" in browser.text
    browser.get(f"/desk/settings/days-off/{first.isoformat()}/remove").submit("Take it away", status=422, reason="")
    browser.submit("Take it away", reason="It stays where it is").follow()
    assert "None yet" in browser.text
    told = browser.get("/desk/settings/changed?about=days_off").text
    assert "The cabinet decided it" in told and "It stays where it is" in told
    browser.get("/desk/settings/days-off/nonsense/remove", status=404)


def test_a_limit_is_changed_and_ships_again(app: Flask, admin: Inspector) -> None:
    browser = admin.get("/desk/settings/limits")
    for link in {link for link in browser.links() if link.startswith(("/desk", "/timebank"))}:
        assert admin.client.get(link).status_code == 200, link
    admin.get("/desk/settings/limits")
    assert "£100,000.00" in browser.text and "20 working days" in browser.text and "Your own" not in browser.text
    browser.get("/desk/settings/limits/large").submit("Save this limit", status=422, value="5")
    assert "Choose something from £1,000.00 to £1,000,000.00." in browser.text and 'value="5"' in browser.text
    stale = browser.tree
    browser.submit("Save this limit", value="50,000").follow()
    assert "£50,000.00" in browser.text and "Your own" in browser.text
    browser.get("/desk/settings/limits/large").tree = stale
    browser.submit("Save this limit", status=422, value="60,000")
    assert "Somebody else changed this meanwhile. It is £50,000.00 now." in browser.text
    browser.submit("Save this limit", value="60,000").follow()
    browser.get("/desk/settings/limits/answer").submit("Save this limit", status=422, value="soon")
    browser.submit("Save this limit", value="15").follow()
    browser.get("/desk/settings/limits/answer").submit("Use what ships").follow()
    told = browser.get("/desk/settings/changed?about=limits").text
    assert "15 working days" in told and "10 working days" in told and "£50,000.00" in told
    browser.get("/desk/settings/limits/nonsense", status=404)
