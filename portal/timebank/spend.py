"""Booking a place of a spend offer, giving it back, waiting for one; what becomes of places that nobody used.

A place costs nothing until the till has redeemed it (`till`). Whoever keeps a place and does not use it pays nothing either, but the
partner sees it, and after three in ninety days only comes without booking for a while (`spend_rules.paused_until`).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import String, cast, func, literal, or_, select, update

from portal import clock, vault
from portal.calendars import Happening, calendar_file
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import BASES, SCHEME, Actor, record
from portal.ledger.model import Account, State
from portal.ledger.queries import BALANCE
from portal.money import Minutes, hours
from portal.outbox import Message
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.refs import new_ref
from portal.timebank import members, spend_messages
from portal.timebank import spend_offers as offers
from portal.timebank.members import account, floor_of, name_of
from portal.timebank.model import Member
from portal.timebank.spend_model import STANDING, UNUSED, SpendBooking, SpendOffer, SpendSlot
from portal.timebank.spend_places import fill, slot_of, time_at
from portal.timebank.spend_rules import AHEAD, Occurrence, paused_until
from portal.web.filters import day as day_words
from portal.words import _, _n

NOTICE = timedelta(hours=24)  # a place that came from the waiting list later than so long before, and was missed, leaves no mark


class Full(Refused):
    """No place is free at that time: the member may wait for one."""


def about(booking: SpendBooking) -> str:
    """How events, messages and the books name it."""
    return f"spend:{booking.id}"


def by_ref(ref: str) -> SpendBooking:
    """One booking. NotFound."""
    found = db.session.scalar(select(SpendBooking).where(SpendBooking.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that booking."))
    return found


def locked(ref: str) -> SpendBooking:
    """The same, locked after its offer, as a part of an action."""
    must_be_in_transaction()
    offers.locked(by_ref(ref).offer.ref)
    return db.session.scalars(
        select(SpendBooking).where(SpendBooking.ref == ref).with_for_update(of=SpendBooking).execution_options(populate_existing=True)
    ).one()


def code_of(booking: SpendBooking) -> str:
    """The six digits that its member shows at the till."""
    return codes_of(booking)[0]


def codes_of(booking: SpendBooking) -> tuple[str, ...]:
    """The same under each key, so that a rotated key does not end a booking."""
    return tuple(f"{int(mark[-12:], 16) % 1_000_000:06d}" for mark in vault.marks("spend", booking.ref))


def hand_of(who: Who, member: Member, basis: str | None) -> Actor:
    """Who books or gives back: the member's own side, or somebody who may help, on a basis. NotYours; Refused without a basis."""
    if members.acts_as(who, member):
        return Actor(who.id)
    if not who.can("help others", member):
        raise members.unknown()
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    return Actor(who.id, member.person_id, basis)


# --- who may come --------------------------------------------------------------------------------------------------------


def judge_member(offer: SpendOffer, member: Member, called: str, actor: Actor = SCHEME) -> None:
    """Refused: the partner itself, a member who takes a break. `called`: the name that may be shown to the `actor`."""
    if member.id == offer.partner_id:
        raise Refused(_("That is your own offer."))
    if member.status != "active":
        raise Refused(members.on_break(member, actor, called))


def _judge_balance(offer: SpendOffer, member: Member) -> None:
    """Refused, kindly and with the way on: a balance that would fall below the floor."""
    (has, kept), floor = has_and_kept(member), floor_of(member, members.open_rules())
    if has - kept - offer.minutes >= floor:
        return
    values = {"cost": hours(offer.minutes), "has": hours(has), "floor": hours(floor), "kept": hours(kept)}
    if kept:
        raise Refused(
            _(
                "This costs %(cost)s. Your balance is %(has)s, you have places for %(kept)s already, and it cannot go below %(floor)s. Use one first, give one back, or give an hour: a coordinator can help too.",
                **values,
            )
        )
    raise Refused(_("This costs %(cost)s, your balance is %(has)s, and it cannot go below %(floor)s. Give an hour first, or ask a coordinator: there is a pot for hard times.", **values))  # fmt: skip


def has_and_kept(member: Member) -> tuple[Minutes, Minutes]:
    """(balance, what all the places that a member has kept will cost). Places that they wait for do not count yet. One query."""
    kept = select(func.coalesce(func.sum(SpendBooking.minutes), 0)).where(
        SpendBooking.member_id == member.id, SpendBooking.status == "booked"
    )
    query = select(BALANCE, kept.scalar_subquery()).select_from(Account).join(State, State.account_id == Account.id)
    has, booked = db.session.execute(query.where(Account.code == account(member))).one()
    return Minutes(has), Minutes(booked)


def judge_limits(offer: SpendOffer, member: Member, day: date) -> None:
    """Refused: as often as one member may come that month, or in all. Part of an action that has locked the offer."""
    first = day.replace(day=1)
    later = (first + timedelta(days=32)).replace(day=1)
    mine = select(func.count()).select_from(SpendBooking)
    mine = mine.where(SpendBooking.offer_id == offer.id, SpendBooking.member_id == member.id, SpendBooking.status.in_(STANDING))
    if (db.session.scalar(mine.where(SpendBooking.day >= first, SpendBooking.day < later)) or 0) >= offer.each_month:
        raise Refused(
            _n(
                "One person may come once a month, so that everybody gets a turn. Choose a day in another month.",
                "One person may come %(num)d times a month, so that everybody gets a turn. Choose a day in another month.",
                offer.each_month,
            )
        )
    if offer.each_all is not None and (db.session.scalar(mine) or 0) >= offer.each_all:
        raise Refused(
            _n(
                "One person may come once, so that everybody gets a turn. Look what else there is.",
                "One person may come %(num)d times, so that everybody gets a turn. Look what else there is.",
                offer.each_all,
            )
        )


def marks_of(partner_id: int, member_ids: Sequence[int]) -> dict[int, list[date]]:
    """The days of places of this partner that these members did not use lately. One query."""
    since = clock.today() - timedelta(days=150)
    rows = db.session.execute(
        select(SpendBooking.member_id, SpendBooking.day, SpendBooking.status, SpendBooking.moved_at, SpendBooking.starts_at)
        .join(SpendOffer, SpendOffer.id == SpendBooking.offer_id)
        .where(SpendOffer.partner_id == partner_id, SpendBooking.member_id.in_(member_ids), SpendBooking.status.in_(UNUSED))
        .where(SpendBooking.day >= since)
        .order_by(SpendBooking.day)
    )
    found: dict[int, list[date]] = {}
    for member_id, day, status, moved_at, starts_at in rows:
        if status == "late" or moved_at is None or starts_at - moved_at >= NOTICE:
            found.setdefault(member_id, []).append(day)
    return found


def paused(partner_id: int, member: Member) -> date | None:
    """The day from which a member may book at this partner again; None when they may today. One query."""
    return paused_until(marks_of(partner_id, [member.id]).get(member.id, ()), clock.today())


# --- booking and giving back ---------------------------------------------------------------------------------------------


def book(ref: str, day: date, begins: int, member_ref: str, who: Who, *, wait: bool = False, basis: str | None = None) -> SpendBooking:
    """Keep a place for a member; with `wait` go on the waiting list where none is free. `begins`: minutes after midnight.

    Again for the same time gives the first booking. `Full` without `wait`. Refused: not bookable, not a time of it or too far ahead,
    as often as one may, paused after unused places, a floor; typed for others without a basis.
    """
    with transaction():
        offer, member = offers.locked(ref), members.by_ref(member_ref)
        actor = hand_of(who, member, basis)
        if (standing := standing_at(offer, member, day, begins)) is not None:
            return standing
        if offer.status != "open":
            raise Refused(_("This offer is not open just now. Look what else there is."))
        if not offer.ahead:
            raise Refused(_("No place needs to be kept here: just come, and show your card."))
        when = time_at(offer, day, begins)
        if when is None or when.starts_at <= clock.now() or day > clock.today() + timedelta(days=AHEAD):
            raise Refused(_("That time cannot be booked any more. Choose another one."), "when")
        judge_member(offer, member, name_of(member), actor)
        _judge_balance(offer, member)
        judge_limits(offer, member, day)
        if (again := paused(offer.partner_id, member)) is not None:
            raise Refused(
                _(
                    "Three places that were kept for you were not used, so no place can be kept until %(day)s. You can still just come: when there is room, you are welcome.",
                    day=day_words(again),
                )
            )
        slot = slot_of(offer, when)
        if slot.taken >= slot.places and not wait:
            raise Full(_("Somebody was quicker: this time is full now. Wait for a place, or choose another time."), "when")
        made = new_booking(offer, slot, member, when, "waiting" if slot.taken >= slot.places else "booked", actor)
        record(about(made), made.status, actor, day=day.isoformat(), begins=begins)
        spend_messages.booked(made, code_of(made))
        return made


def standing_at(offer: SpendOffer, member: Member, day: date, begins: int) -> SpendBooking | None:
    """What a member has at that time already."""
    return db.session.scalar(
        select(SpendBooking).where(
            SpendBooking.offer_id == offer.id, SpendBooking.member_id == member.id, SpendBooking.day == day, SpendBooking.begins == begins,
            SpendBooking.status.in_(STANDING),
        )
    )  # fmt: skip


def new_booking(offer: SpendOffer, slot: SpendSlot, member: Member, when: Occurrence, status: str, actor: Actor) -> SpendBooking:
    """A row, as a part of an action; the database counts its place."""
    made = SpendBooking(
        ref=new_ref("BKG"), offer_id=offer.id, slot_id=slot.id, member_id=member.id, day=when.day, begins=when.begins, ends=when.ends,
        starts_at=when.starts_at, minutes=offer.minutes, status=status, booked_by=actor.code, basis=actor.basis, booked_at=clock.now(),
        free_until=when.starts_at - timedelta(hours=offer.cancel_hours),
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    return made


def cancel(ref: str, who: Who, *, basis: str | None = None) -> SpendBooking:
    """A member gives a place back, or waits no longer; the place goes to who waits. After the partner's moment it leaves a mark.

    Again changes nothing. Refused: not theirs; used or over already.
    """
    with transaction():
        booking = locked(ref)
        actor = hand_of(who, booking.member, basis)
        if booking.status in ("cancelled", "late"):
            return booking
        if booking.status not in ("waiting", "booked"):
            raise Conflict(_("There is nothing to give back here any more."))
        now = clock.now()
        if booking.starts_at <= now:
            raise Refused(_("It has begun, so the place cannot be given back any more. Nothing is taken from your time."))
        _given_back(booking, "late" if booking.status == "booked" and now > booking.free_until else "cancelled", actor)
        return booking


def _given_back(booking: SpendBooking, status: str, actor: Actor) -> None:
    booking.status, booking.ended_at = status, clock.now()
    record(about(booking), status, actor)
    fill(booking.offer)


def excuse(ref: str, reason: str, who: Who) -> SpendBooking:
    """A partner lets a mark go: somebody came after all, or had a good reason. Refused: not theirs, no mark, no reason."""
    with transaction():
        booking = locked(ref)
        if not members.acts_as(who, booking.offer.partner):
            raise NotYours(_("We cannot find that booking."))
        if booking.status == "cancelled":
            return booking
        if booking.status not in UNUSED:
            raise Conflict(_("There is no mark to let go here."))
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        booking.status = "cancelled"
        record(about(booking), "excused", Actor(who.id), reason=reason)
        return booking


# --- the worker ----------------------------------------------------------------------------------------------------------


def _each(refs: Sequence[str], act: Callable[[SpendBooking], bool]) -> int:
    """Do something for each of these, in a transaction of its own; how many it was done for."""
    count = 0
    for ref in refs:
        with transaction():
            count += act(locked(ref))
    return count


WAKING = (9, 20)  # o'clock in London: reminders reach people between these hours


def remind_tomorrow() -> int:
    """Remind who has a place tomorrow and booked it before today (the worker's work); each once, in the waking hours of the day before."""
    now = clock.now().astimezone(clock.LONDON)
    if now.hour >= WAKING[1]:
        return 0
    today = clock.today()
    told = select(Message.id).where(Message.key.startswith(literal("spend:") + cast(SpendBooking.id, String) + ":tomorrow:")).exists()
    due = select(SpendBooking.ref).where(
        SpendBooking.status == "booked", SpendBooking.day == today + timedelta(days=1), SpendBooking.booked_at < clock.start_of_day(today), ~told,
    )  # fmt: skip
    at = max(clock.now(), datetime.combine(today, time(WAKING[0]), clock.LONDON).astimezone(UTC))

    def act(booking: SpendBooking) -> bool:
        return booking.status == "booked" and spend_messages.tomorrow(booking, at)

    return _each(db.session.scalars(due.order_by(SpendBooking.id)).all(), act)


def calendar_of(booking: SpendBooking) -> bytes:
    """A booking as a file for its member's calendar; what was given back or called off takes itself out of it."""
    offer = booking.offer
    link = spend_messages.page_of(booking)
    off = booking.status in ("cancelled", "late", "off", "passed", "undone")
    return calendar_file(
        [Happening(
            uid=f"{booking.ref}@timebank.kindling", sequence=1 if off else 0, status="CANCELLED" if off else "TENTATIVE" if booking.status == "waiting" else "CONFIRMED",
            starts_at=booking.starts_at, minutes=booking.ends - booking.begins, summary=_("%(title)s (%(partner)s)", title=offer.title, partner=name_of(offer.partner)),
            place=offer.place, description=_("Give the place back here if you cannot come: %(link)s", link=link), url=link,
            changed_at=booking.ended_at or booking.booked_at,
        )]
    )  # fmt: skip


def mark_missed() -> int:
    """Places of days that are over and that nobody used; waiting that came to nothing (the worker's work)."""
    due = select(SpendBooking.ref).where(
        or_(
            (SpendBooking.status == "booked") & (SpendBooking.day < clock.today()),
            (SpendBooking.status == "waiting") & (SpendBooking.starts_at <= clock.now()),
        )
    )

    def act(booking: SpendBooking) -> bool:
        if booking.status not in ("booked", "waiting"):
            return False
        missed = booking.status == "booked"
        booking.status, booking.ended_at = "missed" if missed else "passed", clock.now()
        record(about(booking), booking.status, SCHEME)
        if missed:
            fill(booking.offer)  # of places in all
            spend_messages.missed(booking, paused(booking.offer.partner_id, booking.member))
        return True

    return _each(db.session.scalars(due.order_by(SpendBooking.id)).all(), act)


def let_go_of_leavers() -> int:
    """Free the places of who has left the timebank (the worker's work)."""
    left = select(Member.id).where(Member.status == "left")
    due = select(SpendBooking.ref).where(SpendBooking.status.in_(("waiting", "booked")), SpendBooking.member_id.in_(left))

    def act(booking: SpendBooking) -> bool:
        if booking.status not in ("waiting", "booked"):
            return False
        _given_back(booking, "cancelled", SCHEME)
        return True

    return _each(db.session.scalars(due.order_by(SpendBooking.id)).all(), act)


def move_waiting() -> int:
    """Give what is free to who waits, wherever an action did not (the worker's work)."""
    free = (
        select(SpendOffer.ref)
        .join(SpendBooking, SpendBooking.offer_id == SpendOffer.id)
        .join(SpendSlot, SpendSlot.id == SpendBooking.slot_id)
        .where(SpendBooking.status == "waiting", SpendBooking.starts_at > clock.now(), SpendSlot.taken < SpendSlot.places)
        .where(SpendOffer.status != "ended")
        .distinct()
    )
    moved = 0
    for ref in db.session.scalars(free).all():
        with transaction():
            moved += fill(offers.locked(ref))
    return moved


# --- what we keep about a person -----------------------------------------------------------------------------------------


def _bookings_of_person(person_id: int) -> Any:
    rows = db.session.scalars(
        select(SpendBooking)
        .join(Member, Member.id == SpendBooking.member_id)
        .where(Member.person_id == person_id)
        .order_by(SpendBooking.id)
    ).all()
    return [
        {
            "number": row.ref, "offer": row.offer.title, "partner": name_of(row.offer.partner), "day": row.day.isoformat(), "minutes": row.minutes,
            "status": row.status, "booked": row.booked_at.isoformat(), "entered by": row.basis, "what is wrong": row.question,
        }
        for row in rows
    ]  # fmt: skip


COLLECTORS["spend offers"] = _bookings_of_person


def _forget(someone: Person) -> Sequence[str]:
    """Places to come are free again, and words go; what was redeemed stays in the books."""
    mine = select(Member.id).where(Member.person_id == someone.id).scalar_subquery()
    db.session.execute(
        update(SpendBooking)
        .where(SpendBooking.member_id == mine, SpendBooking.status.in_(("waiting", "booked")))
        .values(status="cancelled", ended_at=clock.now())
    )
    db.session.execute(update(SpendBooking).where(SpendBooking.member_id == mine).values(question="", basis=None))
    return ()


ERASERS.append(_forget)
