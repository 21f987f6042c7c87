"""The second factor: set up, given once, lost and taken away; and what sleeps until it is given."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal import clock, vault
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import Actor, events_of
from portal.outbox import Message
from portal.people import actions, held, queries, second, sessions
from portal.people.model import HeldForm, RecoveryCode, SecondFactor, SignInSession
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import begin, person
from tests.races import race, ways

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECRET = "a secret that only the tests know, long enough"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.held_at(NOON):
        yield


def session_of(person_id: int) -> int:
    db.session.rollback()
    query = select(SignInSession.id).where(SignInSession.person_id == person_id).order_by(SignInSession.id.desc())
    return db.session.scalars(query).first() or 0


def code(person_id: int, *, confirmed: bool = True, at: datetime | None = None) -> str:
    """What the app on their phone shows."""
    which = SecondFactor.confirmed_at.is_not(None) if confirmed else SecondFactor.confirmed_at.is_(None)
    row = db.session.scalars(select(SecondFactor).where(SecondFactor.person_id == person_id, which)).one()
    shown = pyotp.TOTP(vault.unseal(row.sealed)).at(at or clock.now())
    db.session.rollback()
    return shown


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06d}"


def set_up(app: Flask, name: str, *roles: str) -> int:
    """Somebody with a second factor, confirmed at noon."""
    someone = person(name, *roles)
    Inspector(app).sign_in(someone.id)
    second.show(someone.id, session_of(someone.id))
    second.confirm(someone.id, session_of(someone.id), code(someone.id, confirmed=False))
    return someone.id


def give(who: int, typed: str) -> None:
    second.give(who, session_of(who), typed, secret_key=SECRET)


# --- the code ------------------------------------------------------------------------------------------------------------


def test_a_key_counts_from_the_first_code_of_it(app: Flask) -> None:
    begin()
    olga = person("Olga2", "officer")
    Inspector(app).sign_in(olga.id)
    with pytest.raises(Refused, match="Begin again"):
        second.confirm(olga.id, session_of(olga.id), "123456")
    with clock.held_at(NOON):
        second.show(olga.id, session_of(olga.id))
        first = second.shown(olga.id, session_of(olga.id), "Estuary Together")
        assert first is not None and "Estuary" in first.address and "secret=" in first.address and first.key.count(" ") == 7
        second.show(olga.id, session_of(olga.id))
        again = second.shown(olga.id, session_of(olga.id), "Estuary Together")
        assert again is not None and again.key != first.key
        assert second.factor_of(olga.id) is None
        with pytest.raises(Refused, match="not right"):
            second.confirm(olga.id, session_of(olga.id), wrong(code(olga.id, confirmed=False)))
        second.confirm(olga.id, session_of(olga.id), code(olga.id, confirmed=False))
    assert second.factor_of(olga.id) is not None and second.shown(olga.id, session_of(olga.id), "x") is None
    row = db.session.scalars(select(SecondFactor)).one()
    assert again.key.replace(" ", "") not in row.sealed


def test_what_was_prepared_elsewhere_or_long_ago_is_not_confirmed(app: Flask) -> None:
    """Whoever reads her e-mail makes a key and waits that she takes it for her own."""
    begin()
    olga = person("Olga2", "officer").id
    Inspector(app).sign_in(olga)
    thief = session_of(olga)
    second.show(olga, thief)
    Inspector(app).sign_in(olga)
    mine = session_of(olga)
    assert mine != thief and second.shown(olga, mine, "x") is None and second.shown(olga, thief, "x") is not None
    with pytest.raises(Refused, match="Begin again"):
        second.confirm(olga, mine, code(olga, confirmed=False))
    second.show(olga, mine)
    assert second.shown(olga, thief, "x") is None
    with clock.held_at(NOON + second.SHOWN):
        assert second.shown(olga, mine, "x") is None
        with pytest.raises(Refused, match="Begin again"):
            second.confirm(olga, mine, code(olga, confirmed=False))
    with clock.held_at(NOON + second.SHOWN - timedelta(seconds=1)):
        assert second.shown(olga, mine, "x") is not None
        second.confirm(olga, mine, code(olga, confirmed=False))


def test_who_sets_it_up_and_the_administrators_are_told(app: Flask) -> None:
    begin()
    boss = person("Boss", "administrator").id
    olga = set_up(app, "Olga2", "officer")
    told = db.session.scalars(select(Message).where(Message.key.like("second-set:%"), Message.about == f"person:{olga}")).all()
    assert {olga, boss} <= {each.person_id for each in told} and all("Olga2" in each.body for each in told)


def test_a_code_is_good_once(app: Flask) -> None:
    begin()
    olga = set_up(app, "Olga2", "officer")
    with pytest.raises(Refused, match="used before"):
        give(olga, code(olga))  # the code that confirmed it
    with clock.held_at(NOON + timedelta(minutes=1)):
        late, early = code(olga, at=NOON + timedelta(seconds=30)), code(olga, at=NOON + timedelta(seconds=90))
        for typed in ("", code(olga, at=NOON - timedelta(minutes=5)), "١٢٣٤٥٦"):
            with pytest.raises(Refused):
                give(olga, typed)
        give(olga, f" {late[:3]} {late[3:]} ")  # a clock that is half a minute behind
        give(olga, early)
        for typed in (late, early, code(olga)):
            with pytest.raises(Refused):
                give(olga, typed)
    kinds = [event.kind for event in events_of(f"person:{olga}")]
    assert kinds.count("second_set") == 1 and kinds.count("second_given") == 2


def test_five_wrong_codes_close_the_door_for_a_quarter_of_an_hour(app: Flask) -> None:
    begin()
    olga = set_up(app, "Olga2", "officer")
    at = NOON + timedelta(hours=1)
    with clock.held_at(at):
        for _try in range(second.WRONG_TRIES):
            with pytest.raises(Refused, match="not right"):
                give(olga, wrong(code(olga)))
        with pytest.raises(Refused, match="too many"):
            give(olga, code(olga))
    with clock.held_at(at + second.WINDOW - timedelta(seconds=1)), pytest.raises(Refused, match="too many"):
        give(olga, code(olga))
    with clock.held_at(at + second.WINDOW):
        give(olga, code(olga))
    assert "second_wrong" in [event.kind for event in events_of(f"person:{olga}")]


def test_recovery_codes_open_once_each_and_the_newest_ten_alone(app: Flask) -> None:
    begin()
    olga, fay = set_up(app, "Olga2", "officer"), set_up(app, "Fay2", "finance")
    old = second.new_codes(olga, secret_key=SECRET)
    mine = second.new_codes(olga, secret_key=SECRET)
    assert len(set(mine)) == 10 and second.codes_left(olga) == 10
    kept = db.session.scalars(select(RecoveryCode.code_hash)).all()
    assert not any(each in kept or each.replace("-", "") in kept for each in mine)
    with clock.held_at(NOON + timedelta(hours=1)):
        for typed in (old[0], second.new_codes(fay, secret_key=SECRET)[0]):
            with pytest.raises(Refused):
                give(olga, typed)
        give(olga, mine[0].lower().replace("-", " "))
        with pytest.raises(Refused, match="recovery code was used before"):
            give(olga, mine[0])
    assert second.codes_left(olga) == 9
    with pytest.raises(Refused, match="first"):
        second.new_codes(person("Ola", "officer").id, secret_key=SECRET)


@pytest.mark.slow
def test_two_browsers_with_one_code_is_a_race_that_one_wins(store: Store) -> None:
    with store.app.app_context():
        begin()
        olga = set_up(store.app, "Olga2", "officer")
        recovery = second.new_codes(olga, secret_key=SECRET)[0]
        session = session_of(olga)
        db.session.remove()
        db.engine.dispose()
    call = f"second.give({olga}, {session}, {recovery!r}, secret_key={SECRET!r})"
    assert ways(race(store, [call, call])) == ["done", "refused"]


def test_the_database_keeps_one_factor_for_a_person(app: Flask) -> None:
    begin()
    olga = set_up(app, "Olga2", "officer")
    for values in (
        {"confirmed_at": NOON, "last_step": 5, "wrong_tries": 0},  # a second one in use
        {"confirmed_at": None, "wrong_tries": -1},
    ):
        with pytest.raises(IntegrityError):
            db.session.execute(insert(SecondFactor).values(person_id=olga, sealed="x", made_at=NOON, **values))
        db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(
            insert(SecondFactor).values(person_id=person("Ola").id, sealed="x", made_at=NOON, confirmed_at=NOON, wrong_tries=0)
        )
    db.session.rollback()


# --- what sleeps ---------------------------------------------------------------------------------------------------------


def who(person_id: int, *, required: bool = False) -> tuple[bool, bool]:
    """Whether a fresh browser of theirs has the role, and could have it."""
    with transaction():
        token = sessions.begin(person_id, "Test")
    found = sessions.who_has(token, second=required)
    assert found is not None
    return found.can("run rounds"), found.could("run rounds")


def test_roles_sleep_until_it_is_given_in_this_browser(app: Flask) -> None:
    begin()
    plain = person("Ola", "officer").id
    assert who(plain) == (True, True), "where it is one's own choice, who has none goes on as before"
    assert who(plain, required=True) == (False, True)
    olga = set_up(app, "Olga2", "officer")
    assert who(olga) == who(olga, required=True) == (False, True)
    connector = person("Con", "connector").id
    assert who(connector, required=True) == (False, False)


def test_a_new_phone_puts_the_browsers_of_the_old_one_to_sleep(app: Flask) -> None:
    """A laptop that was stolen with the old phone's code typed into it."""
    begin()
    olga = set_up(app, "Olga2", "officer")
    stolen = session_of(olga)
    Inspector(app).sign_in(olga)
    mine = session_of(olga)
    second.show(olga, mine)
    second.confirm(olga, mine, code(olga, confirmed=False))
    awake = db.session.execute(
        select(SignInSession.id, SignInSession.second_at.is_not(None)).where(SignInSession.person_id == olga)
    ).tuples()
    assert dict(awake.all()) == {stolen: False, mine: True}


def test_another_officer_takes_it_away_and_everybody_is_told(app: Flask) -> None:
    begin()
    olga, otto = set_up(app, "Olga2", "officer"), person("Otto2", "officer").id
    for by, reason, sentence in ((olga, "lost", "for themselves"), (otto, "", "Write why")):
        with pytest.raises(Refused, match=sentence):
            second.reset(olga, reason, Actor(by))
    second.reset(olga, "Her phone fell into the estuary", Actor(otto))
    assert second.factor_of(olga) is None and not queries.sessions_of(olga)
    told = db.session.scalars(select(Message.person_id).where(Message.key.like("second-reset:%"))).all()
    assert {olga, otto} <= set(told)
    with pytest.raises(Refused, match="no second step"):
        second.reset(olga, "again", Actor(otto))
    assert [event.reason for event in events_of(f"person:{olga}") if event.kind == "second_reset"] == ["Her phone fell into the estuary"]


def test_who_must_have_it_cannot_do_without(app: Flask) -> None:
    begin()
    olga, rita = set_up(app, "Olga2", "officer"), set_up(app, "Rita2")
    with pytest.raises(Refused, match="Your role needs"):
        second.remove(olga, required=True)
    second.remove(rita, required=True)
    second.remove(olga, required=False)
    assert second.factor_of(olga) is second.factor_of(rita) is None


def test_it_goes_with_whoever_leaves(app: Flask) -> None:
    begin()
    rita = set_up(app, "Rita2")
    second.new_codes(rita, secret_key=SECRET)
    held.hold(session_of(rita), held.Held("/x", [("a", "b")]))
    assert queries.all_about(rita)["you"]["second step since"] is not None
    actions.delete_me(rita, Actor(rita))
    for table in (SecondFactor, RecoveryCode, HeldForm):
        assert db.session.scalars(select(table)).all() == []


# --- forms that wait -----------------------------------------------------------------------------------------------------


def test_what_was_sent_waits_locked_and_for_half_an_hour(app: Flask) -> None:
    begin()
    rita = person("Rita2").id
    Inspector(app).sign_in(rita)
    mine = session_of(rita)
    with clock.held_at(NOON):
        held.hold(mine, held.Held("/old", [("a", "1")]))
        held.hold(mine, held.Held("/grants/x", [("number", "12345678"), ("number", "2")]))
    assert "12345678" not in db.session.scalars(select(HeldForm.sealed)).one()
    with clock.held_at(NOON + held.KEPT):
        assert held.held(mine) == held.Held("/grants/x", [("number", "12345678"), ("number", "2")])
        assert held.held(mine + 1) is None and held.held(None) is None
        assert held.forget(NOON) == 0
    with clock.held_at(NOON + held.KEPT + timedelta(seconds=1)):
        assert held.held(mine) is None
    assert held.forget(NOON + timedelta(seconds=1)) == 1
    held.hold(mine, held.Held("/x", [("a", "b" * held.MOST)]))
    assert held.held(mine) is None
