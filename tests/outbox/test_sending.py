"""Messages are sent once each: claims, pauses, giving up, coming back; on both engines."""

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import SCHEME, events_of
from portal.outbox import Addressee, Message, Text, queue, sending
from portal.outbox.senders import NotNow, Parcel, Undeliverable
from tests.conftest import Store

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MAYA = Addressee("Maya", "email", "maya@example.org")


class Sender:
    """Takes parcels, or says no with the next of `answers`."""

    def __init__(self, *answers: Exception) -> None:
        self.answers = list(answers)
        self.parcels: list[Parcel] = []

    def send(self, parcel: Parcel) -> str | None:
        self.parcels.append(parcel)
        if self.answers:
            raise self.answers.pop(0)
        return f"ref-{len(self.parcels)}"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.held_at(NOON):
        yield


def put(key: str = "award:1:offered", to: Addressee = MAYA, due_at: datetime | None = None) -> None:
    with transaction():
        queue(key, to, Text("Hello", "Long hello", "Hi"), about="award:1", due_at=due_at)


def message(key: str = "award:1:offered") -> Message:
    db.session.rollback()
    return db.session.scalars(select(Message).where(Message.key == key)).one()


def test_sent_once_and_marked(app: Flask) -> None:
    put()
    sender = Sender()
    assert sending.send_due({"email": sender}) == 1
    assert sending.send_due({"email": sender}) == 0
    assert [parcel.again for parcel in sender.parcels] == [False]
    sent = message()
    assert (sent.sent_at, sent.sender_ref, sent.failed_at, sent.claimed_until) == (NOON, "ref-1", None, None)


def test_the_same_fact_is_written_once(app: Flask) -> None:
    with transaction():
        assert queue("k", MAYA, Text("a", "b", "c"), about="award:1") is True
        assert queue("k", MAYA, Text("other", "b", "c"), about="award:1") is False
    assert message("k").subject == "a"


def test_a_message_of_an_action_that_failed_was_never_written(app: Flask) -> None:
    with pytest.raises(Refused), transaction():
        queue("k", MAYA, Text("a", "b", "c"), about="award:1")
        raise Refused("no")
    assert sending.send_due({"email": Sender()}) == 0


def test_what_is_due_later_waits_and_the_longest_waiting_goes_first(app: Flask) -> None:
    put("later", due_at=NOON + timedelta(hours=1))
    put("second", due_at=NOON - timedelta(minutes=1))
    put("first", due_at=NOON - timedelta(minutes=2))
    sender = Sender()
    sending.send_due({"email": sender})
    assert [parcel.key for parcel in sender.parcels] == ["first", "second"]


def test_pauses_grow_and_then_it_has_failed(app: Flask) -> None:
    put()
    sender = Sender(*[NotNow(f"no {number}") for number in range(1, 7)])
    now, pauses = NOON, []
    for _ in range(6):
        with clock.held_at(now):
            assert sending.send_due({"email": sender}) == 1
            assert sending.send_due({"email": sender}) == 0  # not before the pause is over
            waiting = message()
            if waiting.failed_at is None:
                pauses.append(waiting.due_at - now)
                now = waiting.due_at
    assert pauses == [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12)]
    gone = message()
    assert (gone.failed_at, gone.last_error, gone.sent_at) == (now, "no 6", None)
    assert [parcel.again for parcel in sender.parcels] == [False, True, True, True, True, True]


def test_an_address_that_never_takes_it_fails_at_once(app: Flask) -> None:
    put()
    sending.send_due({"email": Sender(Undeliverable("550 no such user"))})
    assert (message().failed_at, message().last_error) == (NOON, "550 no such user")


def test_a_mistake_in_a_sender_does_not_stop_the_others(app: Flask) -> None:
    put("a")
    put("b")
    sender = Sender(ZeroDivisionError("ours"))
    assert sending.send_due({"email": sender}) == 2
    assert message("a").last_error == "a mistake of ours: ZeroDivisionError"
    assert message("b").sent_at == NOON


def test_a_text_without_anybody_to_carry_it_fails_and_a_letter_waits_for_print(app: Flask) -> None:
    put("text", Addressee("Tom", "sms", "+447700900123"))
    put("letter", Addressee("Ann", "letter", "1 High Road\nTilbury"))
    assert sending.send_due({"email": Sender()}) == 1
    assert message("text").last_error == sending.NO_TEXTS
    assert [waiting.key for waiting in sending.letters_waiting()] == ["letter"]


def test_a_claim_that_ran_out_is_tried_again_and_known_as_a_second_try(app: Flask) -> None:
    put()

    class Killed(BaseException):
        pass

    class Dying:
        def send(self, parcel: Parcel) -> str | None:
            raise Killed  # as kill -9 does: nothing after this line happens

    with pytest.raises(Killed):
        sending.send_due({"email": Dying()})
    sender = Sender()
    assert sending.send_due({"email": sender}) == 0, "claimed still"
    with clock.held_at(NOON + sending.LEASE):
        assert sending.send_due({"email": sender}) == 1
    assert sender.parcels[0].again


def test_a_message_that_kills_its_worker_each_time_is_given_up(app: Flask) -> None:
    put()
    with transaction():
        message().attempts = 6
    sender = Sender()
    sending.send_due({"email": sender})
    assert not sender.parcels
    assert message().failed_at == NOON


def test_a_worker_that_slept_through_its_claim_does_not_mark_for_the_other(app: Flask) -> None:
    put()

    class Slow:
        def send(self, parcel: Parcel) -> str | None:
            with clock.held_at(NOON + sending.LEASE):
                sending.send_due({"email": Sender(NotNow("busy"))})  # meanwhile another worker tried
            return "mine"

    sending.send_due({"email": Slow()})
    assert (message().sent_at, message().last_error) == (None, "busy")


def test_what_came_back_later_is_shown_as_failed_once(app: Flask) -> None:
    put()
    sending.send_due({"email": Sender()})
    assert sending.note_bounces([("ref-1", "permanent-failure"), ("of somebody else", "permanent-failure")]) == 1
    assert sending.note_bounces([("ref-1", "permanent-failure")]) == 0
    assert message().last_error == "came back: permanent-failure"
    assert [gone.key for gone in sending.failed()] == ["award:1:offered"]


def test_the_officer_tries_again_prints_or_telephones(app: Flask) -> None:
    for key in "abc":
        put(key)
    sending.send_due({"email": Sender(*[Undeliverable("550")] * 3)})
    with clock.held_at(NOON + timedelta(days=1)):
        sending.try_again(message("a").id, SCHEME)
        sending.as_letter(message("b").id, "1 High Road", SCHEME)
        sending.told_otherwise(message("c").id, SCHEME)
        sender = Sender()
        assert sending.send_due({"email": sender}) == 1
        assert sender.parcels[0].key == "a" and sender.parcels[0].again
        (letter,) = sending.letters_waiting()
        assert (letter.key, letter.address) == ("b", "1 High Road")
        assert not sending.failed()
        with pytest.raises(Refused, match="already"):
            sending.try_again(message("a").id, SCHEME)


def test_what_was_emptied_is_not_sent_again(app: Flask) -> None:
    put("a")
    with transaction():
        db.session.execute(update(Message).values(failed_at=NOON, body="", address=""))
    assert not sending.failed()
    for again in (sending.try_again, sending.told_otherwise):
        with pytest.raises(Refused, match="already"):
            again(message("a").id, SCHEME)


def test_letters_are_printed_once(app: Flask) -> None:
    put("letter", Addressee("Ann", "letter", "1 High Road"))
    put("mail")
    ids = [message("letter").id, message("mail").id]
    assert sending.printed(ids, SCHEME) == 1  # an e-mail is not printed away
    assert sending.printed(ids, SCHEME) == 0
    assert message("letter").sent_at == NOON and message("mail").sent_at is None
    assert [event.kind for event in events_of(f"message:{ids[0]}", f"message:{ids[1]}")] == ["printed"]


def test_lists_go_on_where_the_last_page_ended(app: Flask) -> None:
    for number in range(7):
        put(f"m{number}")
    first = sending.latest(limit=3)
    second = sending.latest(first[-1].id, limit=3)
    assert [one.key for one in [*first, *second]] == ["m6", "m5", "m4", "m3", "m2", "m1"]


def _race(url: str, home: str, start: "Barrier", out: "multiprocessing.Queue[list[str]]") -> None:
    from pathlib import Path

    from tests.conftest import make_app

    app = make_app(url, Path(home))
    sender = Sender()
    with app.app_context():
        start.wait(60)
        sending.send_due({"email": sender})
        db.session.remove()
    out.put([parcel.key for parcel in sender.parcels])


def test_four_senders_at_once_send_each_message_once(store: Store) -> None:
    with store.app.app_context():
        for number in range(60):
            put(f"m{number:02}", due_at=NOON - timedelta(days=1))
        db.session.remove()
        db.engine.dispose()
    spawn = multiprocessing.get_context("spawn")
    out = spawn.Queue()
    start = spawn.Barrier(4)
    racers = [spawn.Process(target=_race, args=(store.url, str(store.home), start, out)) for _ in range(4)]
    for racer in racers:
        racer.start()
    carried = [out.get(timeout=240) for _ in racers]
    for racer in racers:
        racer.join(timeout=240)
    assert sorted(key for keys in carried for key in keys) == [f"m{number:02}" for number in range(60)]
    assert sum(1 for keys in carried if keys) > 1, "they did not race at all"
