"""Keeping the map true: asking whether an entry is still so, and putting away what nobody answers for."""

from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotYours
from portal.history import SCHEME, Actor, record
from portal.people.access import Who
from portal.strengths import desk, notices, queries
from portal.strengths.model import Strength
from portal.words import _

FIRST, SECOND = timedelta(days=28), timedelta(days=7)  # before its day
BETWEEN = timedelta(days=7)  # two questions
GRACE = timedelta(days=14)  # after the last question, also when that came late


def still_so(ref: str, who: Who) -> Strength:
    """Who looks after it, or a coordinator there, says that it is still so: for another year. Answered twice, it counts once.

    Conflict: it is not on the map (`desk.restore` brings it back). NotYours.
    """
    with transaction():
        row = queries.locked(ref)
        if not (queries.looks_after(who, row) or who.can("help others", row)):
            raise NotYours(_("We cannot find that on the map. See what else there is."))
        if row.status != "published":
            raise Conflict(_("This is off the map now. Bring it back first."))
        until = clock.months_on(clock.today(), desk.YEAR)
        assert row.review_on is not None
        if row.review_on < until:
            row.review_on, row.nudges, row.asked_at = until, 0, None
            record(queries.about(row), "strength_still_so", Actor(who.id), until=until.isoformat())
        return row


# --- the worker ----------------------------------------------------------------------------------------------------------


def remind() -> int:
    """Ask about entries whose day comes near, four weeks and one week before (the worker's work)."""
    today, now = clock.today(), clock.now()
    due = select(Strength.ref).where(
        Strength.status == "published",
        ((Strength.nudges == 0) & (Strength.review_on <= today + FIRST))
        | ((Strength.nudges == 1) & (Strength.review_on <= today + SECOND) & (Strength.asked_at <= now - BETWEEN)),
    )
    count = 0
    for ref in db.session.scalars(due.order_by(Strength.id)).all():
        with transaction():
            row = queries.locked(ref)
            if (
                row.status != "published"
                or row.review_on is None
                or row.nudges > 1
                or row.review_on > today + (SECOND if row.nudges else FIRST)
            ):
                continue
            row.nudges += 1
            row.asked_at = now
            notices.is_it_still_so(row)
            count += 1
    return count


def archive_due() -> int:
    """Put away what nobody answered for: its day has passed, and the second question is two weeks old (the worker's work)."""
    now = clock.now()
    due = select(Strength.ref).where(
        Strength.status == "published", Strength.nudges >= 2, Strength.review_on < clock.today(), Strength.asked_at <= now - GRACE
    )
    count = 0
    for ref in db.session.scalars(due.order_by(Strength.id)).all():
        with transaction():
            row = queries.locked(ref)
            if row.status != "published" or row.nudges < 2 or row.review_on is None or row.review_on >= clock.today():
                continue
            desk.archive_now(row, SCHEME)
            notices.put_away(row)
            count += 1
    return count
