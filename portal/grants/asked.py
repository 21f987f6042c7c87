"""Questions to an applicant have a day: a reminder before it, and after it the idea goes on as it is (the worker's work)."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.grants import apply, letters, queries, rounds
from portal.grants.model import Application, MoreAsked
from portal.grants.moves import about, move
from portal.history import SCHEME
from portal.outbox import queue
from portal.people.queries import addressee_of, person

REMIND = timedelta(days=2)  # before the last day to answer


def _open(until: date) -> Sequence[str]:
    """Ideas with an open question whose day is `until` or earlier."""
    return db.session.scalars(
        select(Application.ref)
        .join(MoreAsked, MoreAsked.application_id == Application.id)
        .where(Application.status == "more_asked", MoreAsked.answered_at.is_(None), MoreAsked.answer_by <= until)
        .distinct()
        .order_by(Application.ref)
        .limit(500)
    ).all()


def remind() -> int:
    """Remind whoever has not answered, two days before the day, once; not on the day of the question."""
    today, told = clock.today(), 0
    for ref in _open(today + REMIND):
        with transaction():
            bid = apply.locked(ref)
            asked = queries.open_more_asked(bid.id) if bid.status == "more_asked" else None
            if asked is not None and today <= asked.answer_by <= today + REMIND and clock.london_day(asked.asked_at) < today:
                key = f"{about(bid)}:question:{asked.id}:reminder"
                told += queue(key, addressee_of(person(bid.person_id)), letters.question_reminder(bid, asked), about=about(bid))
    return told


def end() -> int:
    """The day has passed: the idea goes on as it is, to the officer who asked, so that nobody waits for ever. More time of their own counts."""
    count = 0
    for ref in _open(clock.today() - timedelta(days=1)):
        with transaction():
            bid = apply.locked(ref)
            asked = queries.open_more_asked(bid.id) if bid.status == "more_asked" else None
            own = rounds.own_time(bid.id)
            if asked is None or clock.today() <= asked.answer_by or (own is not None and clock.now() <= own):
                continue
            move(bid, "not_answered", SCHEME)
            key = f"{about(bid)}:question:{asked.id}:ended"
            queue(key, addressee_of(person(bid.person_id)), letters.question_ended(bid, asked), about=about(bid))
            count += 1
    return count
