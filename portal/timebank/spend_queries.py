"""Reading spend offers for their pages: what there is, whose bookings, a partner's day and month; and whether all of it is as the books say."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, case, func, not_, or_, select
from sqlalchemy.orm import aliased, joinedload

from portal import clock
from portal.db import db
from portal.ledger.model import Entry, Transfer
from portal.places.queries import within
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.timebank.spend_model import HOLDING, UNUSED, SpendBooking, SpendOffer, SpendRedemption, SpendSlot

PARTNER = joinedload(SpendOffer.partner)
OF_OFFER = (PARTNER.joinedload(Member.organisation), joinedload(SpendOffer.area))
MEMBER = joinedload(SpendBooking.member)
OF_BOOKING = (
    joinedload(SpendBooking.offer).joinedload(SpendOffer.partner).joinedload(Member.organisation),
    MEMBER.joinedload(Member.person),
    MEMBER.joinedload(Member.organisation),
)


# --- offers --------------------------------------------------------------------------------------------------------------


def offer(ref: str) -> SpendOffer | None:
    """One offer with its partner and area, in one query."""
    return db.session.scalar(select(SpendOffer).where(SpendOffer.ref == ref).options(*OF_OFFER))


def open_offers(area: str = "", most: int | None = None, before: int | None = None, limit: int = 20) -> Sequence[SpendOffer]:
    """What members can do with their time, the newest first. `area`: its code, with what lies in it; `most`: minutes that one place may
    cost; `before`: the last id seen. One query.
    """
    query = select(SpendOffer).where(SpendOffer.status == "open", or_(SpendOffer.last_day.is_(None), SpendOffer.last_day >= clock.today()))
    if area:
        query = query.where(SpendOffer.area_id.in_(within(area)))
    if most is not None:
        query = query.where(SpendOffer.minutes <= most)
    if before is not None:
        query = query.where(SpendOffer.id < before)
    return db.session.scalars(query.options(*OF_OFFER).order_by(SpendOffer.id.desc()).limit(limit)).all()


def offers_of(partner: Member) -> Sequence[SpendOffer]:
    """Everything a partner offers or offered: what needs them first, then what is open, the newest first. One query."""
    order = case((SpendOffer.status == "sent_back", 0), (SpendOffer.status == "waiting", 1), (SpendOffer.status == "open", 2), else_=3)
    query = select(SpendOffer).where(SpendOffer.partner_id == partner.id).order_by(order, SpendOffer.id.desc()).limit(60)
    return db.session.scalars(query.options(*OF_OFFER)).all()


def has_offers(partners: Collection[Member]) -> Sequence[Member]:
    """Which of these have a till to stand at: they offer something, or did. One query."""
    found = set(
        db.session.scalars(select(SpendOffer.partner_id).where(SpendOffer.partner_id.in_({each.id for each in partners})).distinct())
    )
    return [each for each in partners if each.id in found]


def to_look_at_query(areas: frozenset[int] | None) -> Select[SpendOffer]:
    """Offers that are held until a coordinator of these areas (None: all) has looked at them."""
    query = select(SpendOffer).where(SpendOffer.status == "waiting")
    return query if areas is None else query.where(SpendOffer.area_id.in_(areas))


def to_look_at(areas: frozenset[int] | None) -> Sequence[SpendOffer]:
    """The same to be read, the longest waiting first. One query."""
    return db.session.scalars(to_look_at_query(areas).options(*OF_OFFER).order_by(SpendOffer.id).limit(50)).all()


def questioned_query(areas: frozenset[int] | None) -> Select[SpendBooking]:
    """Redemptions of which a member says that something is wrong, where they or the partner are in these areas (None: all)."""
    query = select(SpendBooking).where(SpendBooking.questioned_at.is_not(None))
    if areas is not None:
        here = select(Member.id).where(Member.area_id.in_(areas))
        partners = select(SpendOffer.id).where(SpendOffer.partner_id.in_(here))
        query = query.where(or_(SpendBooking.member_id.in_(here), SpendBooking.offer_id.in_(partners)))
    return query


def questioned(areas: frozenset[int] | None) -> Sequence[SpendBooking]:
    """The same to be read, the oldest question first. One query."""
    query = questioned_query(areas).options(*OF_BOOKING)
    return db.session.scalars(query.order_by(SpendBooking.questioned_at).limit(50)).all()


# --- bookings ------------------------------------------------------------------------------------------------------------


def booking(ref: str) -> SpendBooking | None:
    """One booking with its offer, partner and member, in one query."""
    return db.session.scalar(select(SpendBooking).where(SpendBooking.ref == ref).options(*OF_BOOKING))


def place_in_line(of: SpendBooking) -> int:
    """1 for who waits longest. One query."""
    query = select(func.count()).select_from(SpendBooking)
    ahead = (SpendBooking.slot_id == of.slot_id, SpendBooking.status == "waiting", SpendBooking.id < of.id)
    same = (SpendBooking.day == of.day, SpendBooking.begins == of.begins)
    return 1 + (db.session.scalar(query.where(*ahead, *same)) or 0)


def coming(member: Member) -> Sequence[SpendBooking]:
    """A member's places and waiting from today on, the next first. One query."""
    query = select(SpendBooking).where(SpendBooking.member_id == member.id, SpendBooking.status.in_(("waiting", "booked")))
    return db.session.scalars(query.options(*OF_BOOKING).order_by(SpendBooking.starts_at, SpendBooking.id).limit(60)).all()


def past(member: Member, before: int | None = None, limit: int = 20) -> Sequence[SpendBooking]:
    """What became of the others, the newest first; `before`: the last id seen. One query."""
    query = select(SpendBooking).where(SpendBooking.member_id == member.id, SpendBooking.status.not_in(("waiting", "booked")))
    if before is not None:
        query = query.where(SpendBooking.id < before)
    return db.session.scalars(query.options(*OF_BOOKING).order_by(SpendBooking.id.desc()).limit(limit)).all()


def mine_at(member: Member, offer: SpendOffer, since: date) -> Sequence[SpendBooking]:
    """A member's standing bookings of one offer from a day on. One query."""
    query = select(SpendBooking).where(SpendBooking.member_id == member.id, SpendBooking.offer_id == offer.id, SpendBooking.day >= since)
    return db.session.scalars(query.where(SpendBooking.status.in_(("waiting", *HOLDING))).order_by(SpendBooking.starts_at)).all()


# --- a partner's pages ---------------------------------------------------------------------------------------------------


def _at(partner: Member) -> ColumnElement[bool]:
    return SpendBooking.offer_id.in_(select(SpendOffer.id).where(SpendOffer.partner_id == partner.id))


def of_day(partner: Member, day: date) -> Sequence[SpendBooking]:
    """Who has a place, waits or came on a day, by time. One query."""
    query = select(SpendBooking).where(_at(partner), SpendBooking.day == day, SpendBooking.status.in_(("waiting", *HOLDING, *UNUSED)))
    return db.session.scalars(query.options(*OF_BOOKING).order_by(SpendBooking.begins, SpendBooking.id).limit(500)).all()


def unused(partner: Member, limit: int = 30) -> Sequence[SpendBooking]:
    """Places that were kept and not used in the last ninety days, the newest first. One query."""
    since = clock.today() - timedelta(days=90)
    query = select(SpendBooking).where(_at(partner), SpendBooking.status.in_(UNUSED), SpendBooking.day >= since)
    return db.session.scalars(query.options(*OF_BOOKING).order_by(SpendBooking.day.desc(), SpendBooking.id.desc()).limit(limit)).all()


@dataclass(frozen=True)
class Month:
    """A partner's month: how often something was redeemed and not undone, for how many minutes, how many places were not used."""

    redeemed: int
    minutes: int
    unused: int


def month_of(partner: Member, first: date) -> Month:
    """Of the month that begins on `first`. One query."""
    last = (first + timedelta(days=32)).replace(day=1)
    redeemed = SpendBooking.status == "redeemed"
    row = db.session.execute(
        select(
            func.count().filter(redeemed),
            func.coalesce(func.sum(case((redeemed, SpendBooking.minutes), else_=0)), 0),
            func.count().filter(SpendBooking.status.in_(UNUSED)),
        )
        .select_from(SpendBooking)
        .where(_at(partner), SpendBooking.day >= first, SpendBooking.day < last)
    ).one()
    return Month(int(row[0]), int(row[1]), int(row[2]))


def redemptions(partner: Member, first: date, last: date) -> Iterator[tuple[date, str, str, str, int, str]]:
    """(day, offer, first name, number, minutes, "" or "undone") of what was redeemed from one day to another, for a file. One query."""
    query = (
        select(SpendRedemption, SpendBooking)
        .join(SpendBooking, SpendBooking.id == SpendRedemption.booking_id)
        .where(SpendRedemption.partner_id == partner.id, SpendRedemption.day >= first, SpendRedemption.day <= last)
        .options(*OF_BOOKING)
        .order_by(SpendRedemption.id)
    )
    for row, of in db.session.execute(query).tuples():
        name = name_of(of.member).split()[0]
        yield row.day, of.offer.title, name, of.member.ref, row.minutes, "undone" if of.status == "undone" else ""


# --- as the books say ----------------------------------------------------------------------------------------------------


def broken_caches() -> Sequence[str]:
    """Lines in words where bookings, places or redemptions are not what the books say; for the ledger check."""
    return [*_broken_redemptions(), *_broken_states(), *_broken_places()]


def _broken_redemptions() -> Iterator[str]:
    """Each redemption is one entry with its minutes on every line, and each entry is one redemption."""
    least, most = func.min(Transfer.amount), func.max(Transfer.amount)
    query = (
        select(SpendBooking.ref, SpendRedemption.minutes, least)
        .join(SpendBooking, SpendBooking.id == SpendRedemption.booking_id)
        .outerjoin(Entry, Entry.key == SpendRedemption.entry_key)
        .outerjoin(Transfer, Transfer.entry_id == Entry.id)
        .group_by(SpendRedemption.id, SpendBooking.ref, SpendRedemption.minutes)
        .having(or_(least.is_(None), least != SpendRedemption.minutes, most != SpendRedemption.minutes))
    )
    for ref, said, found in db.session.execute(query).tuples():
        yield f"booking {ref} says {said} minutes and the books say {found}"
    alone = select(Entry.key).where(Entry.kind == "spend", Entry.key.not_in(select(SpendRedemption.entry_key)))
    for key in db.session.scalars(alone):
        yield f"the books have {key}, and no booking was redeemed for it"


def _broken_states() -> Iterator[str]:
    """What is redeemed stands in the books; what is undone is reversed there; nothing else has a redemption."""
    mirror = aliased(Entry)
    stands = or_(
        (SpendBooking.status == "redeemed") & Entry.id.is_not(None) & mirror.id.is_(None),
        (SpendBooking.status == "undone") & mirror.id.is_not(None),
    )
    query = (
        select(SpendBooking.ref, SpendBooking.status)
        .outerjoin(SpendRedemption, SpendRedemption.booking_id == SpendBooking.id)
        .outerjoin(Entry, Entry.key == SpendRedemption.entry_key)
        .outerjoin(mirror, mirror.reverses_id == Entry.id)
        .where(or_(SpendBooking.status.in_(("redeemed", "undone")), SpendRedemption.id.is_not(None)), not_(stands))
    )
    for ref, status in db.session.execute(query).tuples():
        yield f"booking {ref} is {status}, and the books say otherwise"


def _broken_places() -> Iterator[str]:
    """A slot has as many places taken as bookings hold."""
    held = func.count(SpendBooking.id)
    query = (
        select(SpendOffer.ref, SpendSlot.code, SpendSlot.taken, held)
        .join(SpendOffer, SpendOffer.id == SpendSlot.offer_id)
        .outerjoin(SpendBooking, (SpendBooking.slot_id == SpendSlot.id) & SpendBooking.status.in_(HOLDING))
        .group_by(SpendSlot.id, SpendOffer.ref, SpendSlot.code, SpendSlot.taken)
        .having(held != SpendSlot.taken)
    )
    for ref, code, said, found in db.session.execute(query).tuples():
        yield f"offer {ref} says that {said} places are taken ({code}), and {found} are"
