"""What dates bring about: the reminder the day before, thanks the day after, held events that nobody answered, names that are forgotten."""

from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from portal import clock
from portal.db import db, transaction
from portal.events import notices, queries
from portal.events.model import Gathering, Guest
from portal.events.notices import about
from portal.history import SCHEME, record

MORNING = time(9)  # nobody's phone rings before
THANK_FOR = timedelta(days=3)  # a worker that was away for longer thanks nobody
KEEP_NAMES = timedelta(days=30)
SOME = 200


def remind_tomorrow() -> int:
    """Tell who has a place that it is tomorrow, once for each day that an event had. Returns how many were told."""
    tomorrow = clock.today() + timedelta(days=1)
    unsaid = or_(Gathering.reminded_for.is_(None), Gathering.reminded_for != tomorrow)
    told = 0
    for ref in _refs(Gathering.status == "open", Gathering.day == tomorrow, unsaid):
        with transaction():
            gathering = queries.locked(ref)
            if gathering.status != "open" or gathering.day != tomorrow or gathering.reminded_for == tomorrow:
                continue
            gathering.reminded_for = tomorrow
            told += sum(notices.tomorrow(gathering, each, _morning()) for each in queries.guests(gathering) if each.state == "going")
    return told


def thank() -> int:
    """The day after, thank those who were there and agreed to hear from us, and ask for a gift, an idea or an hour. How many."""
    today = clock.today()
    told = 0
    for ref in _refs(
        Gathering.status == "open", Gathering.day < today, Gathering.day >= today - THANK_FOR, Gathering.followed_at.is_(None)
    ):
        with transaction():
            gathering = queries.locked(ref)
            if gathering.status != "open" or gathering.followed_at is not None:
                continue
            gathering.followed_at = clock.now()
            there = [each for each in queries.guests(gathering) if each.here_at is not None and each.hear]
            told += sum(notices.thanks(gathering, each, _morning()) for each in there)
    return told


def chase_held() -> int:
    """Held events whose deadline is over: the officers hear of it, once. How many events."""
    today, chased = clock.today(), 0
    for ref in _refs(Gathering.status == "held", Gathering.day >= today, Gathering.answer_by < today):
        with transaction():
            gathering = queries.locked(ref)
            if gathering.status == "held" and gathering.answer_by is not None and gathering.answer_by < today:
                notices.look_at_it(gathering, late=True)
                gathering.answer_by = today + timedelta(days=1)
                record(about(gathering), "chased", SCHEME)
                chased += 1
    return chased


def forget_names() -> int:
    """Names and addresses of neighbours without an account go some weeks after the day; how many came stays. How many lines."""
    old = select(Gathering.id).where(Gathering.day < clock.today() - KEEP_NAMES)
    with transaction():
        some = db.session.scalars(select(Guest.id).where(Guest.name != "", Guest.gathering_id.in_(old)).limit(SOME)).all()
        if some:
            db.session.execute(update(Guest).where(Guest.id.in_(some)).values(name="", email=None))
    return len(some)


def _refs(*which: ColumnElement[bool]) -> list[str]:
    query = select(Gathering.ref).where(*which).order_by(Gathering.day, Gathering.id).limit(SOME)
    found = list(db.session.scalars(query))
    db.session.rollback()
    return found


def _morning() -> datetime:
    """Nine o'clock today in London, or now when that is later."""
    return max(datetime.combine(clock.today(), MORNING, clock.LONDON), clock.now())
