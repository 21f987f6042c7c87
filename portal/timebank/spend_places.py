"""The places of an offer: what is free when, and who has waited longest. All as parts of actions that have locked the offer."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock
from portal.db import db, is_postgresql, must_be_in_transaction
from portal.history import SCHEME, record
from portal.timebank import spend_messages
from portal.timebank.spend_model import SpendBooking, SpendOffer, SpendSlot
from portal.timebank.spend_rules import EARLY, Occurrence, occurrences

TIME_TO_GIVE_BACK = timedelta(hours=24)  # who gets a place late has so long to give it back without a mark


def times_of(offer: SpendOffer, since: date, days: int) -> list[Occurrence]:
    """When an offer counts on `days` days from `since` on."""
    return list(occurrences(offer.windows, offer.first_day, offer.last_day, offer.days_off, since, days))


def time_at(offer: SpendOffer, day: date, begins: int) -> Occurrence | None:
    """The time of an offer that begins then; None when there is none."""
    return next((each for each in times_of(offer, day, 1) if each.begins == begins), None)


def time_now(offer: SpendOffer) -> Occurrence | None:
    """The time that is on now, or is about to begin (`EARLY`); None outside its hours."""
    now = clock.now()
    on = [each for each in times_of(offer, clock.today(), 1) if each.starts_at - EARLY <= now < each.ends_at]
    return next((each for each in on if each.starts_at <= now), on[0] if on else None)


def taken(offer: SpendOffer, times: Iterable[Occurrence]) -> Mapping[str, int]:
    """How many places are taken, by the code of the time. One query; nothing is locked."""
    times = list(times)
    codes = {each.slot(offer.per) for each in times}
    rows = db.session.execute(select(SpendSlot.code, SpendSlot.taken).where(SpendSlot.offer_id == offer.id, SpendSlot.code.in_(codes)))
    known = dict(rows.tuples().all())
    return {each.code: known.get(each.slot(offer.per), 0) for each in times}


def slot_of(offer: SpendOffer, when: Occurrence) -> SpendSlot:
    """What holds the places of that time, locked; made when nobody has asked for it before."""
    must_be_in_transaction()
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    code = when.slot(offer.per)
    query = select(SpendSlot).where(SpendSlot.offer_id == offer.id, SpendSlot.code == code)
    locked = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(locked)
    if found is None:
        values = {"offer_id": offer.id, "code": code, "day": None if offer.per == "all" else when.day, "places": offer.places, "taken": 0}
        db.session.execute(insert(SpendSlot).values(values).on_conflict_do_nothing(index_elements=["offer_id", "code"]))
        found = db.session.scalars(locked).one()
    return found


def fill(offer: SpendOffer) -> int:
    """Give free places to those who wait, the longest waiting first, and tell them; how many got one."""
    must_be_in_transaction()
    if offer.status == "ended":
        return 0
    db.session.flush()
    waiting = db.session.scalars(
        select(SpendBooking)
        .join(SpendSlot, SpendSlot.id == SpendBooking.slot_id)
        .where(SpendBooking.offer_id == offer.id, SpendBooking.status == "waiting", SpendSlot.taken < SpendSlot.places)
        .where(or_(SpendSlot.day.is_(None), SpendSlot.day >= clock.today()), SpendBooking.starts_at > clock.now())
        .order_by(SpendBooking.id)
        .with_for_update(of=SpendBooking)
    ).all()
    moved = 0
    for each in waiting:
        slot = db.session.scalars(
            select(SpendSlot).where(SpendSlot.id == each.slot_id).with_for_update().execution_options(populate_existing=True)
        ).one()
        if slot.taken >= slot.places:
            continue
        now = clock.now()
        each.status, each.moved_at = "booked", now
        each.free_until = max(each.free_until, min(each.starts_at, now + TIME_TO_GIVE_BACK))
        record(f"spend:{each.id}", "moved_up", SCHEME)
        spend_messages.moved_up(each)
        db.session.flush()
        moved += 1
    return moved
