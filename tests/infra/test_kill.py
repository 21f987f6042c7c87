"""kill -9 between any two steps: nothing lost, nothing twice, the books clean.

A child process does one grant's money from the letter to the refund, and dies by its own hand at the n-th moment: before a
statement, before a commit, or between two actions. Then the people it acted for do what people do: everything once more,
with the form that is still open. What stands in the end must be what stands where nobody was killed.
"""

import os
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine

from portal import clock, worker
from portal.config import Settings
from portal.db import db
from portal.errors import Refused
from portal.grants import award, decide, pay, queries, report
from portal.grants.model import Payment, PaymentRun, Receipt, Refund
from portal.history import Event, events_of
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import Message, messages_about
from tests.conftest import Store
from tests.grants.season import NUMBER, SORT_CODE, Season, assert_books_are_right, begin

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
SHARE = int(os.environ.get("KINDLING_KILLS", "5"))  # moments within steps, and between them; set it high to kill in all of them
Step = Callable[[], object]


def moments(count: Callable[[str], None]) -> Callable[[], None]:
    """Call `count` before each statement and each commit of this process; returns what ends that."""

    def statement(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        count(text.split(None, 1)[0])

    def commit(_connection: Any) -> None:
        count("COMMIT")

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)

    def end() -> None:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)

    return end


def die_at(number: int, steps: list[Step]) -> bool:
    """Take the steps in a process of their own, which is killed at its moment `number`; whether it was."""
    db.session.remove()
    db.engine.dispose()  # a connection is not shared between two processes
    child = os.fork()
    if child == 0:
        seen = 0

        def count(_what: str) -> None:
            nonlocal seen
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            moments(count)
            for step in steps:
                step()
                count("between")
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _pid, ended = os.waitpid(child, 0)
    assert ended in (0, signal.SIGKILL), "the child stumbled by itself"
    return ended == signal.SIGKILL


def told_again(steps: list[Step]) -> None:
    """Somebody does it all once more; what was done already says so kindly, or says nothing."""
    for step in steps:
        with suppress(Refused):
            step()


class Grant:
    """One grant's money, step by step, each step as its person would take it from what the pages show."""

    def __init__(self, season: Season, store: Store, name: str) -> None:
        self.season, self.store, self.name = season, store, name
        self.bid = season.decided(season.sent(name, 100_00))
        decide.write_letter(self.bid, "Yes.", ["The landowner agrees"], None, season.actor("Olga"))
        self.release = decide.prepare_release(season.round_ref, [self.bid], season.actor("Olga"))

    def steps(self) -> list[Step]:
        rita, olga, otto, fay = (self.season.actor(name) for name in ("Rita", "Olga", "Otto", "Fay"))
        return [
            lambda: decide.release(self.release, otto),
            lambda: award.accept(self.award(), rita),
            lambda: award.give_details(self.award(), self.name, SORT_CODE, NUMBER, rita),
            lambda: award.meet_condition(self.award(), 0, olga),
            lambda: pay.prepare(self.award(), None, fay, once_key=f"prepare:{self.bid}"),
            lambda: pay.approve(self.payment(), olga),
            lambda: pay.release_run([self.payment()], otto, once_key=f"release:{self.bid}"),
            lambda: pay.settle_run(self.run(), clock.today(), fay),
            lambda: report.add_receipt(self.bid, "Soil", Pence(90_00), None, None, self.store.home, rita, once_key=f"receipt:{self.bid}"),
            lambda: report.save(self.bid, self.report_version(), "We met.", "We know each other.", True, rita),
            lambda: report.send(self.bid, rita),
            lambda: report.accept(self.bid, olga),
            lambda: pay.refund(self.award(), Pence(10_00), clock.today(), "Not needed", fay, once_key=f"refund:{self.bid}"),
            report.close_finished,
        ]

    def award(self) -> str:
        db.session.rollback()
        found = queries.award_of(queries.bid(self.bid).id)
        assert found is not None
        return found.ref

    def payment(self) -> str:
        return db.session.scalars(select(Payment.ref).where(Payment.award_id == award.award_by_ref(self.award()).id)).one()

    def run(self) -> str:
        return db.session.scalars(
            select(PaymentRun.ref).join(Payment, Payment.run_id == PaymentRun.id).where(Payment.ref == self.payment())
        ).one()

    def report_version(self) -> int:
        db.session.rollback()
        return report.of_bid(queries.bid(self.bid)).version

    def outcome(self) -> dict[str, object]:
        """All that stands of it, without the numbers that differ from one grant to another."""
        made = award.award_by_ref(self.award())
        bid, held = queries.bid(self.bid), report.of_bid(queries.bid(self.bid))
        payments = db.session.scalars(select(Payment).where(Payment.award_id == made.id)).all()
        things = [f"bid:{bid.id}", f"award:{made.id}", f"report:{held.id}", *(f"payment:{each.id}" for each in payments)]
        return {
            "states": (bid.status, made.status, made.paid, held.status, [(each.status, each.amount, each.instalment) for each in payments]),
            "entries": Counter((entry.kind, entry.sentence.split()[0]) for entry in books.entries_about(f"award:{made.id}")),
            "accounts": (books.balance(award.reserved(made)), books.balance(award.payable(made))),
            "rows": [
                list(db.session.scalars(query))
                for query in (select(Refund.amount).where(Refund.award_id == made.id), select(Receipt.amount).where(Receipt.report_id == held.id))
            ],
            "events": [Counter(each.kind for each in events_of(thing)) for thing in things],
            "messages": Counter(message.subject.replace(self.name, "it") for message in messages_about(f"bid:{bid.id}")),
        }  # fmt: skip


@pytest.fixture
def held(app: Flask) -> Iterator[Flask]:
    with clock.held_at(NOW):
        yield app


def spread(places: list[int]) -> list[int]:
    """SHARE of these moments, over all of them."""
    share = min(SHARE, len(places))
    return [places[number * (len(places) - 1) // max(1, share - 1)] for number in range(share)]


@contextmanager
def counted(found: list[str]) -> Iterator[None]:
    end = moments(found.append)
    try:
        yield
    finally:
        end()


def test_a_grant_survives_a_kill_at_any_moment(held: Flask, store: Store) -> None:
    season = begin(money=100_000_00)
    undisturbed = Grant(season, store, "Undisturbed")
    found: list[str] = []
    with counted(found):
        for step in undisturbed.steps():
            step()
            found.append("between")
    expected = undisturbed.outcome()
    assert expected["states"] == ("accepted", "closed", 90_00, "accepted", [("settled", 100_00, 1)]), expected
    after = [place for place, what in enumerate(found, start=1) if what == "between"]
    before = [place for place, what in enumerate(found, start=1) if what != "between"]
    assert found.count("COMMIT") == len(after), "each step is one transaction"
    for number in [*spread(before), *spread(after)]:
        grant = Grant(season, store, f"Moment {number}")
        assert die_at(number, grant.steps()), f"{number} of {len(found)}"
        told_again(grant.steps())
        assert grant.outcome() == expected, f"killed at moment {number} of {len(found)}: {found[number - 2 : number + 1]}"
    assert_books_are_right()
    with clock.held_at(NOW + timedelta(minutes=11)):
        worker.run_once(_settings(held))
    unsent = db.session.scalars(select(Message.key).where(Message.sent_at.is_(None), Message.channel == "email")).all()
    assert not unsent, "what was written is sent in the end"


def _settings(app: Flask) -> Settings:
    settings: Settings = app.extensions["kindling"]
    return settings


def test_a_worker_killed_again_and_again_moves_every_date_once(held: Flask, store: Store) -> None:
    """Offers run out, invitations and reports are due, letters wait: its successors finish, whatever it was doing."""
    season = begin(money=350_00)
    lapsing = [season.offered(season.sent(f"Idea {number}", 100_00)).ref for number in range(3)]
    waiting = season.decided(season.sent("In reserve", 100_00))
    decide.write_letter(waiting, "Yes.", [], None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [waiting], season.actor("Olga")), season.actor("Otto"))
    assert season.bid(waiting).status == "lapsed" and books.balance("fund:small-sparks:available") == 50_00
    late = NOW + timedelta(days=40)
    kills = 0
    for turn, number in enumerate((2, 9, 17, 31, 52, 80, 130, 10_000)):
        with clock.held_at(late + turn * timedelta(minutes=11)):  # what the dead one had claimed and begun has run out
            kills += die_at(number, [lambda: worker.run_once(_settings(held))])
    assert kills >= 4
    assert [award.award_by_ref(ref).status for ref in lapsing] == ["lapsed"] * 3
    assert season.bid(waiting).status == "offered"
    assert books.balance("fund:small-sparks:available") == 250_00
    assert_books_are_right()
    for ref in lapsing:
        made = award.award_by_ref(ref)
        assert [entry.kind for entry in books.entries_about(f"award:{made.id}")] == ["offer", "returned"]
        assert Counter(each.kind for each in events_of(f"award:{made.id}")) == {"offered": 1, "lapsed": 1}
        said = Counter(message.subject for message in messages_about(f"bid:{made.application_id}"))
        assert said and set(said.values()) == {1}
    assert not db.session.scalars(select(Message.key).where(Message.sent_at.is_(None), Message.failed_at.is_(None))).all()
    assert db.session.scalar(select(func.count()).where(Event.about.like("award:%"), Event.kind == "offered")) == 4
