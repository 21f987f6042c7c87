"""Spend offers: spare capacity of partners that members use with their time; places, bookings, and what was redeemed at the till.

The database keeps the places: a slot counts what is taken of it by triggers, and refuses one more than there are. What was
redeemed is only ever appended; a booking says at which time, and what became of it.
"""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.db import Base
from portal.money import Minutes
from portal.places.model import Area
from portal.timebank.model import Member
from portal.timebank.spend_rules import Occurrence, Window

OFFER_STATES = ("waiting", "sent_back", "open", "ended")
BOOKING_STATES = ("waiting", "booked", "redeemed", "undone", "cancelled", "late", "missed", "off", "passed")
STANDING = ("waiting", "booked", "redeemed")  # one of these for each member and time
HOLDING = ("booked", "redeemed")  # these take a place
UNUSED = ("late", "missed")  # places that were kept for somebody who did not use them
ONCE = text("status in ('waiting', 'booked', 'redeemed')")


class SpendOffer(Base):
    """What a partner offers for time. It is public while it is open; a coordinator has looked at its words before."""

    __tablename__ = "spend_offer"
    __table_args__ = (
        CheckConstraint("status in ('waiting', 'sent_back', 'open', 'ended')", name="status"),
        CheckConstraint("minutes > 0 and minutes <= 960 and minutes % 15 = 0", name="minutes"),
        CheckConstraint("per in ('time', 'day', 'all')", name="per"),
        CheckConstraint("places > 0 and places <= 10000", name="places"),
        CheckConstraint("each_month > 0 and (each_all is null or each_all > 0)", name="limits"),
        CheckConstraint("cancel_hours >= 0 and cancel_hours <= 168", name="cancel_hours"),
        CheckConstraint("last_day is null or last_day >= first_day", name="days"),
        # what the filter found is never overridden without a reason
        CheckConstraint("flagged = '' or status <> 'open' or excuse <> ''", name="excuse"),
        CheckConstraint("status <> 'open' or opened_at is not null", name="looked_at"),
        Index("ix_spend_offer_status", "status", "id"),
        Index("ix_spend_offer_partner_id", "partner_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # SPD-....-....
    partner_id: Mapped[int] = mapped_column(ForeignKey("member.id"))  # an organisation
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    title: Mapped[str]
    words: Mapped[str]
    place: Mapped[str]
    minutes: Mapped[Minutes]  # what one place costs
    places: Mapped[int]
    per: Mapped[str]  # the places of each time, of a day, or of all
    ahead: Mapped[bool]  # bookable; otherwise people just come
    times: Mapped[list[list[int]]] = mapped_column(JSON)  # [weekday, begins, ends] each, see `windows`
    days_off: Mapped[list[str]] = mapped_column(JSON, default=list)  # days called off, ISO
    first_day: Mapped[date]
    last_day: Mapped[date | None]
    each_month: Mapped[int]  # how often one member may come in a calendar month
    each_all: Mapped[int | None]  # and in all
    cancel_hours: Mapped[int]  # until so many hours before, a place can be given back without a mark
    status: Mapped[str] = mapped_column(default="waiting")
    version: Mapped[int] = mapped_column(default=1)
    flagged: Mapped[str] = mapped_column(default="")  # what the filter found in it
    excuse: Mapped[str] = mapped_column(default="")  # why an officer let it through all the same
    answer: Mapped[str] = mapped_column(default="")  # why it was sent back or stopped, to the partner
    made_by: Mapped[str]  # "person:12"
    made_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]  # when it was approved first
    photo_file: Mapped[str | None]
    photo_width: Mapped[int | None]
    photo_height: Mapped[int | None]
    photo_alt: Mapped[str] = mapped_column(default="")

    partner: Mapped[Member] = relationship(viewonly=True)
    area: Mapped[Area] = relationship(viewonly=True)

    @property
    def windows(self) -> list[Window]:
        """The times of the week at which it counts."""
        return [Window(*each) for each in self.times]


class SpendSlot(Base):
    """The places of an offer at one time, on one day, or in all. `taken` follows the bookings by triggers of the database."""

    __tablename__ = "spend_slot"
    __table_args__ = (
        UniqueConstraint("offer_id", "code"),
        CheckConstraint("taken >= 0 and taken <= places", name="not_oversold"),
        Index("ix_spend_slot_offer_id_day", "offer_id", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("spend_offer.id"))
    code: Mapped[str]  # spend_rules.Occurrence.slot
    day: Mapped[date | None]  # None: of all
    places: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)


class SpendBooking(Base):
    """A place for a member at a time: waited for, booked, or taken by who just came; and what became of it."""

    __tablename__ = "spend_booking"
    __table_args__ = (
        CheckConstraint(
            "status in ('waiting', 'booked', 'redeemed', 'undone', 'cancelled', 'late', 'missed', 'off', 'passed')", name="status"
        ),
        CheckConstraint("minutes > 0 and minutes % 15 = 0", name="minutes"),
        CheckConstraint("begins >= 0 and begins < ends and ends <= 1440", name="times"),
        Index("uq_spend_booking_once", "offer_id", "member_id", "day", "begins", unique=True, sqlite_where=ONCE, postgresql_where=ONCE),
        Index("ix_spend_booking_member_id", "member_id", "id"),
        Index("ix_spend_booking_slot_id", "slot_id", "status"),
        Index("ix_spend_booking_status", "status", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # BKG-....-....
    offer_id: Mapped[int] = mapped_column(ForeignKey("spend_offer.id"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("spend_slot.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    day: Mapped[date]
    begins: Mapped[int]  # minutes after midnight in Europe/London
    ends: Mapped[int]
    starts_at: Mapped[datetime]
    minutes: Mapped[Minutes]  # what it costs, as it was said when it was booked
    status: Mapped[str]
    booked_by: Mapped[str]  # "person:12": the member, somebody who helped, or who stood at the till
    basis: Mapped[str | None]
    booked_at: Mapped[datetime]
    moved_at: Mapped[datetime | None]  # when a place became free for who had waited
    free_until: Mapped[datetime]  # until then it can be given back without a mark
    ended_at: Mapped[datetime | None]
    questioned_at: Mapped[datetime | None]  # the member says that something is wrong with what was redeemed
    question: Mapped[str] = mapped_column(default="")

    offer: Mapped[SpendOffer] = relationship(viewonly=True)
    member: Mapped[Member] = relationship(viewonly=True)
    slot: Mapped[SpendSlot] = relationship(viewonly=True)

    @property
    def over(self) -> bool:
        """Whether the time that it is for has passed."""
        return Occurrence(self.day, self.begins, self.ends).ends_at <= clock.now()


class SpendRedemption(Base):
    """Hours that moved from a member to a partner at the till. Only ever appended; an undoing stands in the books and on the booking."""

    __tablename__ = "spend_redemption"
    __table_args__ = (
        CheckConstraint("minutes > 0 and minutes % 15 = 0", name="minutes"),
        CheckConstraint("proof in ('code', 'name')", name="proof"),
        Index("ix_spend_redemption_partner_id", "partner_id", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("spend_booking.id"), unique=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    minutes: Mapped[Minutes]
    day: Mapped[date]  # in Europe/London
    at: Mapped[datetime]
    by: Mapped[str]  # "person:12": who stood at the till
    proof: Mapped[str]  # what the till had seen: the booking's six digits ("code"), or the card ("name")
    entry_key: Mapped[str] = mapped_column(unique=True)

    booking: Mapped[SpendBooking] = relationship(viewonly=True)


__all__ = ["BOOKING_STATES", "HOLDING", "OFFER_STATES", "STANDING", "UNUSED", "SpendBooking", "SpendOffer", "SpendRedemption", "SpendSlot"]
