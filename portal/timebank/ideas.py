"""One hour, three jobs: hours of an exchange that were work on a funded idea are recorded once, in `work`.

The record is made when the hours are written down, so that no other way writes down the same day for the same idea; it is checked
by whoever answers, and then it is match for the idea and counts in the figures, each once. What settles by itself nobody has
checked: it is credit, and the idea's page asks a second person about the match.
"""

from sqlalchemy import select

from portal.db import db, must_be_in_transaction
from portal.errors import Refused
from portal.history import SCHEME, Actor
from portal.money import Minutes
from portal.people.model import Person
from portal.timebank.model import Exchange, Member
from portal.words import _
from portal.work import actions as work
from portal.work.model import Purpose, WorkRecord


def begin(exchange: Exchange, purpose_id: int, giver: Member) -> None:
    """Record the hours as work on an idea too, as a part of the action that writes them down.

    Refused: an organisation gave them; hours of that day for that idea are there; the giver asks for it; as for `work.log_hours`.
    """
    must_be_in_transaction()
    if giver.person_id is None:
        raise Refused(_("For an idea the hours of people count. Leave the idea out, or write them down for each person."), "purpose")
    about = db.session.scalar(select(Purpose.about).where(Purpose.id == purpose_id))
    if about is None:
        raise Refused(_("No more hours can be added here."), "purpose")
    _record(exchange, about, db.session.get_one(Person, giver.person_id), exchange.minutes)


def _record(exchange: Exchange, about: str, giver: Person, minutes: Minutes) -> WorkRecord:
    made = work.log_elsewhere(
        about, f"person:{giver.id}", giver.name, exchange.day, minutes, exchange.category.name if exchange.category else "", exchange.entered_by, exchange.basis
    )  # fmt: skip
    exchange.work_id = made.id
    return made


def _standing(exchange: Exchange) -> WorkRecord | None:
    """Its record, when nobody has turned it down."""
    if exchange.work_id is None:
        return None
    found = db.session.get_one(WorkRecord, exchange.work_id, with_for_update=True, populate_existing=True)
    return found if found.refused_at is None else None


def settled(exchange: Exchange, minutes: Minutes, actor: Actor) -> None:
    """The two agree on `minutes`, as a part of the action that puts them in the books."""
    record = _standing(exchange)
    if record is None:
        return
    if record.checked_at is None:
        work.set_minutes(record, minutes)
        if actor is SCHEME:
            return
        by = exchange.answered_by if exchange.answered_by and exchange.answered_by != exchange.entered_by else actor.code
        work.check_and_count(record.ref, by, actor)
    work.use(record, "credit", exchange.entry_key)


def given_up(exchange: Exchange, reason: str) -> None:
    """It does not count: nor as work, as a part of that action."""
    record = _standing(exchange)
    if record is not None and record.checked_at is None:
        work.refuse_hours(record.ref, reason)


def put_right(exchange: Exchange, reason: str, actor: Actor) -> str | None:
    """What was in the books is reversed: its work counts no more, as a part of that action. Returns what it was for, so that the right
    figure can be recorded again (`again`).
    """
    record = _standing(exchange)
    if record is None:
        return None
    about = db.session.scalars(select(Purpose.about).where(Purpose.id == record.purpose_id)).one()
    if record.checked_at is None:
        work.refuse_hours(record.ref, reason)
    else:
        work.take_back_and_uncount(record.ref, reason, actor)
    return about


def again(exchange: Exchange, about: str, minutes: Minutes) -> None:
    """Record the right figure, to be checked by who puts it right, as a part of that action."""
    giver = db.session.get_one(Member, exchange.giver_id)
    assert giver.person_id is not None
    _record(exchange, about, db.session.get_one(Person, giver.person_id), minutes)
