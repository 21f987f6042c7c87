"""What is lent comes back: on a day, with a word the day before, and three kind ones when it is late."""

from datetime import date, timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.gifts import notices, posts, promises, talks
from portal.gifts.rules import LONGEST_LOAN
from portal.gifts.talks_model import GiftPromise
from portal.history import Actor, record
from portal.people.access import Who
from portal.web.filters import day as day_words
from portal.words import _

STEPS = (-1, 1, 7, 14)  # days after the day on which it should be back: one word each


def came_back(ref: str, who: Who, *, for_party: int | None = None, basis: str | None = None) -> GiftPromise:
    """The lender has it again: it is there for the next neighbour. Again changes nothing. Refused: not the lender. Conflict: not lent."""
    with transaction():
        row, talk, post = promises.locked(ref)
        seen, actor = talks.speaking(talk, who, for_party, basis)
        if seen.me.id != row.giver_id:
            raise NotYours(_("We cannot find that."))
        if row.returned_at is not None:
            return row
        if row.status != "handed" or row.back_on is None:
            raise Conflict(_("This is not lent just now."))
        row.returned_at, row.changed_at, row.address = clock.now(), clock.now(), ""
        if post.kind == "gift":
            posts.give_back(post, row.quantity, actor)
        talks.put(talk, seen.me, _("It came back. Thank you!"), actor, "back")
        record(promises.about(row), "back", actor)
        notices.came_back(row, talk)
        return row


def longer(ref: str, back_on: date, who: Who) -> None:
    """The lender lets them keep it longer. The same day again changes nothing. Refused: not the lender, a day that is not ahead."""
    with transaction():
        row, talk, _post = promises.locked(ref)
        seen = talks.seen_by(talk, who)
        if seen.me.id != row.giver_id:
            raise NotYours(_("We cannot find that."))
        if row.back_on is None or not promises.is_open(row):
            raise Conflict(_("This is not lent just now."))
        if not clock.today() < back_on <= clock.today() + timedelta(days=LONGEST_LOAN):
            raise Refused(_("Choose a day that is ahead, within a year."), "back_on")
        if row.back_on == back_on:
            return
        row.back_on, row.back_told, row.changed_at = back_on, 0, clock.now()
        talks.put(talk, seen.me, _("You can keep it until %(day)s.", day=day_words(back_on)), Actor(who.id))
        record(promises.about(row), "longer", Actor(who.id), until=back_on.isoformat())


def remind() -> int:
    """The day before, and a day, a week and two weeks after, tell who has it, and when it is late who lent it (the worker's work)."""
    lent = (GiftPromise.status == "handed") & GiftPromise.back_on.is_not(None) & GiftPromise.returned_at.is_(None)
    due = select(GiftPromise.ref).where(
        lent, GiftPromise.back_on <= clock.today() - timedelta(days=STEPS[0]), GiftPromise.back_told < len(STEPS)
    )
    count = 0
    for ref in db.session.scalars(due.order_by(GiftPromise.id)).all():
        with transaction():
            row, talk, _post = promises.locked(ref)
            step = _step(row)
            if step > row.back_told:
                row.back_told = step
                notices.bring_back(row, talk, late=step > 1)
                count += 1
    return count


def _step(row: GiftPromise) -> int:
    if row.status != "handed" or row.back_on is None or row.returned_at is not None:
        return 0
    late = (clock.today() - row.back_on).days
    return sum(late >= each for each in STEPS)
