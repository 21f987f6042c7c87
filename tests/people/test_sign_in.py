"""Signing in: a code that works once, five tries, fifteen minutes; links that mail scanners open; sessions that end."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import Actor, events_of
from portal.outbox import Message
from portal.people import actions, queries, sessions
from portal.people.model import Person, SignInCode, SignInSession
from portal.web.limits import limiter
from tests.client import Inspector
from tests.conftest import Store, make_app
from tests.grants.season import person

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SECRET = "a secret that only the tests know, long enough"
ADDRESS = "rita@example.org"


def ask(address: str = ADDRESS, purpose: str = "sign-in", person_id: int | None = None, network: str = "192.0.2.1") -> str:
    channel = "email" if "@" in address else "sms"
    return actions.ask_for_code(
        channel, address, purpose=purpose, next_path="/grants/", network=network, secret_key=SECRET, base_url="http://localhost", person_id=person_id
    )  # fmt: skip


def use(ticket: str, code: str, purpose: str = "sign-in") -> actions.SignedIn:
    return actions.use_code(ticket, code, purpose=purpose, device="Test", secret_key=SECRET)


def newest() -> Message:
    db.session.rollback()
    return db.session.scalars(select(Message).order_by(Message.id.desc())).first()  # type: ignore[return-value]


def sent() -> tuple[str, str]:
    """(six digits, link) of the newest message."""
    message = newest()
    code, link = re.search(r"\d{6}", message.subject), re.search(r"/people/sign-in/link/\S+", message.body)
    assert code and link and code[0] in message.short and link[0] in message.short
    return code[0], link[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def sessions_open(person_id: int) -> int:
    db.session.rollback()
    return len(queries.sessions_of(person_id))


# --- the code ------------------------------------------------------------------------------------------------------------


def test_a_code_works_once_and_only_as_sent(app: Flask) -> None:
    rita = person("Rita")
    ticket = ask()
    code, _link = sent()
    for number, typed in enumerate(("", "12345", wrong(code), code + "0", "x" * 5000, "١٢٣٤٥٦")):
        other = ask(f"other{number}@example.org") if typed == "" or number > 3 else ticket
        with pytest.raises(Refused):
            use(other, typed)
    assert use(ticket, f" {code[:3]} {code[3:]} ").token
    with pytest.raises(Refused):
        use(ticket, code)
    assert sessions_open(rita.id) == 1
    assert [event.kind for event in events_of(f"person:{rita.id}")] == ["signed_in"]


def test_a_code_of_somebody_else_or_for_something_else_opens_nothing(app: Flask) -> None:
    rita, rob = person("Rita"), person("Rob")
    mine = ask("rob@example.org")
    ask()
    code, _link = sent()
    with pytest.raises(Refused):
        use(mine, code)  # Rita's digits in Rob's browser
    proving = ask(purpose="prove", person_id=rita.id)
    code, _link = sent()
    with pytest.raises(Refused):
        use(proving, code, "sign-in")
    assert use(proving, code, "prove").token is None
    assert sessions_open(rita.id) == sessions_open(rob.id) == 0


def test_five_wrong_tries_lock_the_code_and_keep_nobody_out(app: Flask) -> None:
    person("Rita")
    ticket = ask()
    code, link = sent()
    for _try in range(4):
        with pytest.raises(Refused):
            use(ticket, wrong(code))
    late = ask()
    assert use(late, sent()[0]).token, "another code is not locked by it"
    with pytest.raises(Refused):
        use(ticket, wrong(code))
    with pytest.raises(Refused):
        use(ticket, code)
    assert actions.use_link(link.rsplit("/", 1)[1], device="Test").token, "else a stranger could lock a neighbour out"


def test_whoever_guesses_all_day_meets_no_more_digits(app: Flask) -> None:
    """Neither at one address nor, from one network, at many. The link goes on, so nobody is kept out; the next day all is as before."""
    rita = person("Rita")
    at = NOON

    def guess(address: str, network: str) -> None:
        ticket = ask(address, network=network)
        code, _link = sent()
        for _try in range(actions.WRONG_TRIES):
            with pytest.raises(Refused):
                use(ticket, wrong(code))

    for _code in range(actions.GUESSES // actions.WRONG_TRIES):
        with clock.held_at(at):
            guess(ADDRESS, "192.0.2.1")
        at += actions.WINDOW
    with clock.held_at(at):
        ticket = ask(network="198.51.100.7")
        message = newest()
        link = re.search(r"/people/sign-in/link/(\S+)", message.body)
        assert link and not re.search(
            r"\b\d{6}\b", message.subject + message.body.replace(link[0], "") + message.short.replace(link[0], "")
        )
        for typed in ("", "000000"):
            with pytest.raises(Refused):
                use(ticket, typed)
        assert actions.use_link(link[1], device="Test").token and sessions_open(rita.id) == 1
        for number in range(actions.GUESSES_FROM_NETWORK // actions.WRONG_TRIES):
            guess(f"neighbour{number}@example.org", "203.0.113.9")
        ask("one.more@example.org", network="203.0.113.9")
        assert newest().subject == "Your link"
        ask("another@example.org", network="203.0.113.10")
        assert sent()
    with clock.held_at(at + actions.DAY):
        ask()
        assert sent()


def test_fifteen_minutes_to_the_second(app: Flask) -> None:
    person("Rita")
    with clock.held_at(NOON):
        first = ask()
        code, link = sent()
    with clock.held_at(NOON + timedelta(minutes=15)):
        with pytest.raises(Refused):
            use(first, code)
        with pytest.raises(Refused):
            actions.use_link(link.rsplit("/", 1)[1], device="Test")
        assert actions.purpose_of_link(link.rsplit("/", 1)[1]) is None
    with clock.held_at(NOON + timedelta(minutes=14, seconds=59)):
        assert use(first, code).token


def test_what_is_kept_opens_nothing(app: Flask) -> None:
    """Neither the code nor the link nor a cookie stands in the database as it works."""
    person("Rita")
    ticket = ask()
    code, link = sent()
    row = db.session.scalars(select(SignInCode)).one()
    assert code not in row.code_hash and row.link_hash not in link and row.from_address != "192.0.2.1"
    token = use(ticket, code).token
    assert token and db.session.scalars(select(SignInSession.token_hash)).one() != token


def test_old_codes_are_forgotten(app: Flask) -> None:
    with clock.held_at(NOON):
        ask()
    assert actions.forget_codes(NOON) == 0
    assert actions.forget_codes(NOON + timedelta(seconds=1)) == 1


def test_too_many_codes(app: Flask) -> None:
    with clock.held_at(NOON):
        for number in range(actions.CODES_PER_ADDRESS):
            ask(network=f"192.0.2.{number}")
        with pytest.raises(Refused, match="several codes"):
            ask(network="198.51.100.1")
        for number in range(actions.CODES_PER_NETWORK):
            ask(f"neighbour{number}@example.org", network="203.0.113.9")
        with pytest.raises(Refused, match="several codes"):
            ask("one.more@example.org", network="203.0.113.9")
    with clock.held_at(NOON + timedelta(minutes=15)):
        assert ask()


# --- the pages -----------------------------------------------------------------------------------------------------------


def test_the_whole_way_in_and_out(app: Flask) -> None:
    rita = person("Rita")
    browser = Inspector(app, budget=20)
    browser.get("/people/sign-in?next=/grants/").submit("Send me a code", status=422, address="nobody")
    browser.submit("Send me a code", address=" RITA@Example.org ").follow()
    code, _link = sent()
    browser.submit("Continue", status=422, code=wrong(code)).submit("Continue", code=code)
    assert browser.location == "/grants/"
    token = browser._values(browser.get("/people/me")._form("Sign out", None))
    assert browser.client.post("/people/sign-out", data=token).headers["Clear-Site-Data"] == '"cache", "storage"'
    browser.get("/people/me", status=303)
    assert sessions_open(rita.id) == 0


def test_somebody_new_joins_with_a_name(app: Flask) -> None:
    browser = Inspector(app, budget=20)
    browser.get("/people/sign-in").submit("Send me a code", address="07700 900123").follow()
    assert newest().channel == "sms" and newest().address == "+447700900123"
    browser.submit("Continue", code=sent()[0]).follow().submit("Come in", status=422, name=" ")
    browser.submit("Come in", name="Nia Bell").follow()
    assert browser.path == "/"
    made = queries.person_at("sms", "+447700900123")
    assert made is not None and (made.name, made.channel) == ("Nia Bell", "sms")
    browser.get("/people/me")


def test_two_browsers_prove_one_new_address_and_one_joins(app: Flask) -> None:
    first, second = Inspector(app, budget=20), Inspector(app, budget=20)
    for browser in (first, second):
        browser.get("/people/sign-in").submit("Send me a code", address="nia@example.org").follow()
        browser.submit("Continue", code=sent()[0]).follow()
    first.submit("Come in", name="Nia")
    second.submit("Come in", status=422, name="Nia Too")
    assert "You are with us already" in second.text
    assert db.session.scalar(select(func.count()).select_from(Person)) == 1


def test_known_and_unknown_get_the_same_answer(app: Flask) -> None:
    person("Rita")
    pages: list[tuple[str, str, str]] = []
    for address in (ADDRESS, "ghost@example.org"):
        browser = Inspector(app)
        browser.get("/people/sign-in").submit("Send me a code", address=address)
        where = browser.location
        said = _without_tokens(browser.follow().text).replace(address, "ADDRESS")
        browser.submit("Continue", status=422, code="000000" if sent()[0] != "000000" else "000001")
        pages.append((where, said, _without_tokens(browser.text).replace(address, "ADDRESS")))
    assert pages[0] == pages[1]
    texts = db.session.scalars(select(Message.subject).order_by(Message.id)).all()
    assert len(texts) == 2, "both are written to: whoever is new joins this way"


def _without_tokens(text: str) -> str:
    return re.sub(r'name="(csrf_token|once)" value="[^"]*"', "", text)


def test_a_mail_scanner_opens_the_link_and_signs_nobody_in(app: Flask) -> None:
    rita = person("Rita")
    ask()
    _code, link = sent()
    scanner = Inspector(app)
    for _time in range(3):
        scanner.get(link)
    scanner.get("/people/me", status=303)
    assert scanner.client.head(link).status_code == 200
    assert sessions_open(rita.id) == 0
    response = scanner.client.get(link)
    assert response.headers["Referrer-Policy"] == "no-referrer" and "no-store" in response.headers["Cache-Control"]
    browser = Inspector(app)
    browser.get(link).submit("Sign me in")
    assert browser.location == "/grants/" and sessions_open(rita.id) == 1
    assert "too old" in Inspector(app).get(link).text
    late = Inspector(app).get("/people/sign-in")
    late.post(link, late._values(late.forms()[0]), status=409)


def test_a_link_to_change_an_address_works_only_where_it_was_asked_for(app: Flask) -> None:
    """Else somebody could tie their account to the address of whoever presses the button."""
    rita = person("Rita")
    browser = Inspector(app, budget=18).sign_in(rita.id)
    browser.get("/people/me/address").submit("Send a code there", address="new@example.org")
    _code, link = sent()
    stranger = Inspector(app, budget=18)
    stranger.get(link).submit("Use this address", status=409)
    other = Inspector(app, budget=18).sign_in(person("Rob").id)
    other.get(link).submit("Use this address", status=409)
    assert queries.person(rita.id).email == ADDRESS
    browser.get(link).submit("Use this address").follow()
    db.session.rollback()
    assert queries.person(rita.id).email == "new@example.org"
    told = newest()
    assert told.address == ADDRESS and "has changed" in told.subject, "the old address hears of it"


def test_a_changed_address_belongs_to_nobody_else(app: Flask) -> None:
    rita = person("Rita")
    person("Rob")
    browser = Inspector(app, budget=18).sign_in(rita.id)
    browser.get("/people/me/address").submit("Send a code there", address="rob@example.org").follow()
    browser.submit("Continue", status=422, code=sent()[0])
    assert "belongs to somebody" in browser.text and queries.person(rita.id).email == ADDRESS


def test_a_link_proves_in_the_same_browser_alone(app: Flask) -> None:
    rita = person("Rita")
    browser = Inspector(app, budget=18).sign_in(rita.id)
    row = db.session.scalars(select(SignInSession)).one()
    browser.get("/people/prove?next=/grants/").submit("Send me a code").follow()
    _code, link = sent()
    Inspector(app).get(link).submit("Yes, it is me", status=409)
    with clock.held_at(clock.now() + timedelta(minutes=11)):
        browser.get(link).submit("Yes, it is me")
        assert browser.location == "/grants/"
        db.session.rollback()
        assert db.session.get_one(SignInSession, row.id).proved_at == clock.now()


def test_a_proof_brings_a_fresh_cookie(app: Flask) -> None:
    """A cookie that was copied before is worth nothing after; a slip of the finger needs no second message."""
    browser = Inspector(app, budget=17).sign_in(person("Rita").id)
    copied = cookie(browser)["_user_id"]
    browser.get("/people/prove?next=/grants/").submit("Send me a code").follow()
    code, _link = sent()
    browser.submit("Continue", status=422, code=wrong(code))
    assert cookie(browser)["_user_id"] == copied
    browser.submit("Continue", code=code)
    assert browser.location == "/grants/" and cookie(browser)["_user_id"] != copied
    assert sessions.who_has(copied) is None
    browser.get("/people/me")


def test_who_found_a_phone_does_not_lead_it_elsewhere(app: Flask) -> None:
    rita = person("Rita")
    with clock.held_at(NOON):
        browser = Inspector(app, budget=17).sign_in(rita.id)
    with clock.held_at(NOON + timedelta(minutes=11)):
        browser.get("/people/me/address").submit("Send a code there", address="thief@example.org")
        assert browser.location == "/people/prove?next=/people/go-on"


def test_going_on_stays_on_this_site(app: Flask) -> None:
    for next_path in ("https://evil.example", "//evil.example", "/\\evil.example", "/\tevil", "javascript:alert(1)"):
        person_ = queries.person_at("email", ADDRESS)
        rita = person_.id if person_ else person("Rita").id
        browser = Inspector(app)
        browser.get("/people/sign-in").submit("Send me a code", address=ADDRESS, next=next_path).follow()
        browser.submit("Continue", code=sent()[0])
        assert browser.location == "/", next_path
        actions.forget_codes(clock.now() + timedelta(hours=1))
    assert rita


# --- sessions ------------------------------------------------------------------------------------------------------------


def cookie(browser: Inspector) -> dict[str, Any]:
    with browser.client.session_transaction() as held:
        return dict(held)


def test_signing_in_makes_a_new_session_and_carries_nothing_over(app: Flask) -> None:
    """Session fixation: a cookie that somebody planted before is worth nothing after."""
    rita, mallory = person("Rita"), person("Mallory")
    browser = Inspector(app, budget=18).sign_in(mallory.id)
    planted = cookie(browser)["_user_id"]
    with browser.client.session_transaction() as held:
        held["joining"] = 99
    browser.get("/people/sign-in").submit("Send me a code", address=ADDRESS).follow().submit("Continue", code=sent()[0])
    after = cookie(browser)
    assert after["_user_id"] != planted and not {"joining", "ticket", "sent_to"} & set(after)
    who = sessions.who_has(after["_user_id"])
    assert who is not None and who.id == rita.id


def test_sign_out_everywhere_kills_every_old_cookie(app: Flask) -> None:
    rita = person("Rita")
    phone, laptop, other = (Inspector(app, budget=18).sign_in(id_) for id_ in (rita.id, rita.id, person("Rob").id))
    stolen = cookie(phone)["_user_id"]
    laptop.get("/people/me").submit("Sign out everywhere")
    for browser in (phone, laptop):
        browser.get("/people/me", status=303)
    thief = Inspector(app)
    with thief.client.session_transaction() as held:
        held["_user_id"] = stolen
    thief.get("/people/me", status=303)
    other.get("/people/me")
    assert sessions.who_has(stolen) is None


def test_one_browser_is_signed_out_by_its_owner_alone(app: Flask) -> None:
    rita, rob = person("Rita"), person("Rob")
    phone = Inspector(app, budget=18).sign_in(rita.id)
    session_id = queries.sessions_of(rita.id)[0].id
    stranger = Inspector(app, budget=18).sign_in(rob.id).get("/people/me")
    token = stranger._values(stranger.forms()[0])["csrf_token"]
    stranger.post(f"/people/me/sessions/{session_id}/end", {"csrf_token": token})
    phone.get("/people/me")
    laptop = Inspector(app, budget=18).sign_in(rita.id).get("/people/me")
    laptop.submit(form=f"/people/me/sessions/{session_id}/end")
    phone.get("/people/me", status=303)
    laptop.get("/people/me")


@pytest.mark.parametrize(
    ("roles", "idle", "absolute"), [((), sessions.IDLE, sessions.ABSOLUTE), (("finance",), sessions.IDLE_STAFF, sessions.ABSOLUTE_STAFF)]
)
def test_sessions_end_by_idleness_and_by_age(app: Flask, roles: tuple[str, ...], idle: timedelta, absolute: timedelta) -> None:
    with clock.held_at(NOON):
        id_ = person("Fay", *roles).id
        with transaction():
            idle_one, busy_one = sessions.begin(id_, "idle"), sessions.begin(id_, "busy")
    with clock.held_at(NOON + idle):
        assert sessions.who_has(idle_one) is not None
    step, at = idle - timedelta(minutes=1), NOON + idle
    with clock.held_at(NOON + idle * 2 + timedelta(seconds=1)):
        assert sessions.who_has(idle_one) is None
    at = NOON
    while at + step < NOON + absolute:
        at += step
        with clock.held_at(at):
            assert sessions.who_has(busy_one) is not None
    with clock.held_at(NOON + absolute):
        assert sessions.who_has(busy_one) is not None
    with clock.held_at(NOON + absolute + timedelta(seconds=1)):
        assert sessions.who_has(busy_one) is None


def test_a_role_makes_the_limits_strict_at_once(app: Flask) -> None:
    with clock.held_at(NOON):
        rita, admin = person("Rita"), person("Ann", "administrator")
        browser = Inspector(app).sign_in(rita.id)
        actions.grant_role(rita.id, "officer", "Needed", Actor(admin.id))
    with clock.held_at(NOON + timedelta(hours=2)):
        browser.get("/people/me", status=303)


def test_whoever_was_deleted_is_signed_out(app: Flask) -> None:
    rita = person("Rita")
    browser = Inspector(app).sign_in(rita.id).get("/")
    actions.delete_me(rita.id, Actor(rita.id))
    browser.get("/people/me", status=303)


# --- limits, demo --------------------------------------------------------------------------------------------------------


@pytest.fixture
def limited(store: Store) -> Iterator[Flask]:
    """The app with its limits on, as for real people."""
    app = make_app(store.url, store.home, testing=False)
    app.config["LEADS_TO_SETUP"] = False  # without a scheme, as in other tests
    limiter.reset()
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    limiter.reset()
    limiter.enabled = False


def test_one_address_asks_and_guesses_only_so_often(limited: Flask) -> None:
    browser = Inspector(limited, budget=40)
    for _time in range(20):
        browser.get("/people/sign-in").submit("Send me a code", status=422, address="nobody")
    values = browser._values(browser._form("Send me a code", None))
    browser.post("/people/sign-in", {**values, "address": ADDRESS}, status=429)
    assert ADDRESS in browser.text, "what was typed is not lost"
    assert "Retry-After" in browser.client.post("/people/sign-in", data=values).headers
    browser.get("/people/sign-in")
    guesser = browser.client
    statuses = [guesser.post("/people/sign-in/link/" + "x" * 32, data=values).status_code for _time in range(21)]
    assert statuses[:20] == [409] * 20 and statuses[20] == 429


def test_two_people_behind_one_address_are_counted_apart(limited: Flask) -> None:
    """Twelve seats vote in one hall over one wifi."""
    rita, wanda = (Inspector(limited, budget=40).sign_in(person(name).id) for name in ("Rita", "Wanda"))
    for one, tries in ((rita, 10), (wanda, 1)):
        for _time in range(tries):
            one.get("/people/me/address").submit("Send a code there", status=422, address="nobody")
    values = rita._values(rita._form("Send a code there", None))
    rita.post("/people/me/address", {**values, "address": "nobody"}, status=429)


def test_nobody_signs_in_as_the_demo_outside_the_demo(store: Store) -> None:
    with store.app.app_context():
        with transaction():
            made = actions.create_person("Olga", email="council-officer.olga@demo.kindling.example")
            id_, ref = made.id, made.ref
        browser = Inspector(store.app).get("/people/sign-in")
        assert "Olga" not in browser.text and "/dev/outbox" not in browser.text
        values = browser._values(browser.forms()[0])
        browser.post("/people/sign-in/demo", {**values, "person": ref}, status=404)
        browser.get("/dev/outbox", status=404)
        db.session.remove()
    demo = make_app(store.url, store.home, demo=True)
    with demo.app_context():
        real = person("Rita")
        browser = Inspector(demo).get("/people/sign-in")
        values = browser._values(browser.forms()[0])
        browser.post("/people/sign-in/demo", {**values, "person": real.ref}, status=404)
        assert sessions_open(real.id) == 0, "not even in the demo as a person who is not the demo's"
        browser.get("/people/sign-in").submit("Be Olga")
        assert sessions_open(id_) == 1
        db.session.remove()
        db.engine.dispose()
