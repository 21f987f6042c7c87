"""The till of a partner: who stands there, what they have a place for, one tap that moves their time to the partner; and its undoing.

A number on a card alone takes nothing from anybody, nor does a name: members find each other's. The till needs the six digits of a
booking, or the number with the four digits that stand on the card and nowhere else. Wrong ones are counted for good. The member hears at once, and says so when something is wrong.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from portal import clock, once, vault
from portal.db import db, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import Actor, Event, record
from portal.ledger.posting import post, reverse
from portal.people.access import Who
from portal.refs import clean_card
from portal.timebank import members, spend, spend_messages
from portal.timebank import spend_offers as offers
from portal.timebank.exchange import lines_of
from portal.timebank.members import NAMED, account, balance, name_of
from portal.timebank.model import Member
from portal.timebank.spend_model import SpendBooking, SpendOffer, SpendRedemption
from portal.timebank.spend_places import fill, slot_of, time_now
from portal.timebank.spend_rules import EARLY, Occurrence, clock_words, times_in_words
from portal.words import _

GOOD_FOR = 10  # minutes for which who was recognised at the till may be served
MOST_WRONG_DIGITS = 5  # a day, for one card's number
MOST_WRONG_CODES = 30  # a day, for one partner
MARK = 16
CARD = "name"  # how redemptions keep "by the card": its number went with a first name before it had four digits


@dataclass(frozen=True)
class Known:
    """Who stands at the till: a member; with `booking_ref` by the code of that booking, else by their card."""

    member: Member
    booking_ref: str | None

    @property
    def proof(self) -> str:
        return CARD if self.booking_ref is None else "code"


def first_name(member: Member) -> str:
    """All of a name that a till shows."""
    return name_of(member).split()[0]


# --- recognising ---------------------------------------------------------------------------------------------------------


def recognise(partner_ref: str, typed: str, digits_typed: str, who: Who) -> str:
    """The till types six digits of a booking, or a card's number and its four digits; returns a token for `known`.

    Refused: no booking of today with these digits; number and digits that do not belong together (with the same words as a number
    that is nobody's); too many wrong ones today. Wrong ones are counted, whatever is said then.
    """
    with transaction():
        partner = offers.partner_of(partner_ref, who)
        digits = "".join(each for each in typed if each.isascii() and each.isdigit())
        by_code = clean_card(typed) is None and len(digits) == 6
        one_at_a_time(_about(partner), f"till:{clean_card(typed)}")  # so that many at once cannot guess more often than one after another
        found = _by_code(partner, digits) if by_code else _by_card(typed, digits_typed)
        if found is not None:
            return _token(partner, found, who)
        record(_about(partner), "till_wrong", Actor(who.id), by="code" if by_code else "card", number=clean_card(typed))
    if by_code:
        raise Refused(_("No booking of today has these six digits. Look again, or ask for the number on the card."), "shown")
    raise Refused(_("This number and these four digits do not belong together. Look at the card once more."), "shown")


def _about(partner: Member) -> str:
    """How events name the till of a partner."""
    return f"till:{partner.id}"


def _wrong_today(*which: ColumnElement[bool]) -> int:
    """How often a till typed wrong today."""
    query = select(func.count()).select_from(Event).where(Event.kind == "till_wrong", Event.at >= clock.start_of_day(clock.today()))
    return db.session.scalar(query.where(*which)) or 0


def _by_code(partner: Member, digits: str) -> str | None:
    """The booking of today that shows these digits. Refused when two do, or after too many wrong ones."""
    if _wrong_today(Event.about == _about(partner), Event.data["by"].as_string() == "code") >= MOST_WRONG_CODES:
        raise Refused(_("Too many wrong digits today. Ask for the card: its number and its four digits."), "shown")
    rows = db.session.scalars(
        select(SpendBooking)
        .join(SpendOffer, SpendOffer.id == SpendBooking.offer_id)
        .where(SpendOffer.partner_id == partner.id, SpendBooking.day == clock.today(), SpendBooking.status.in_(("booked", "redeemed")))
    ).all()
    found = [each for each in rows if any(hmac.compare_digest(digits, code) for code in spend.codes_of(each))]
    if len(found) > 1:
        raise Refused(_("Two bookings have these digits today. Ask for the card: its number and its four digits."), "shown")
    return found[0].ref if found else None


def _by_card(typed: str, digits_typed: str) -> str | None:
    """The card's number, when its four digits were typed. Refused: nothing typed, too many wrong ones today."""
    number = clean_card(typed)
    if number is None or not number.startswith("MEM"):
        raise Refused(_("Type the number on the card, like MEM-7F3K-9QXA, or the six digits of a booking."), "shown")
    digits = "".join(each for each in digits_typed if each.isascii() and each.isdigit())
    if len(digits) != 4:
        raise Refused(_("Type the four digits on the card. No card here? The six digits of a booking do as well."), "digits")
    if _wrong_today(Event.data["number"].as_string() == number) >= MOST_WRONG_DIGITS:
        raise Refused(_("Too many wrong digits for this card today. A booking’s six digits still work, or a coordinator helps."), "shown")
    card = db.session.scalar(select(Member).where(Member.ref == number))
    if card is None or not hmac.compare_digest(digits, card.digits):
        return None
    try:
        return members.by_ref(card.ref).ref  # the card that it leads to; nobody who has left
    except NotFound:
        return None


def _token(partner: Member, subject: str, who: Who) -> str:
    minute = int(clock.now().timestamp()) // 60
    return f"{subject}.{minute}.{_marks(partner, subject, minute, who)[0][:MARK]}"


def _marks(partner: Member, subject: str, minute: int, who: Who) -> tuple[str, ...]:
    return vault.marks("till", f"{partner.id}:{subject}:{minute}:{who.id}")


def known(partner: Member, token: str, who: Who) -> Known:
    """Who was recognised. Refused: it was a while ago. NotFound: not our token, not this till's, not this person's."""
    subject, _dot, rest = token.partition(".")
    number, _dot, mark = rest.partition(".")
    minute = int(number) if number.isascii() and number.isdigit() and len(number) < 12 else 0
    if not any(hmac.compare_digest(mark.encode(), each[:MARK].encode()) for each in _marks(partner, subject, minute, who)):
        raise NotFound(_("We cannot find that page. Type the number once more."))
    if not 0 <= int(clock.now().timestamp()) // 60 - minute <= GOOD_FOR:
        raise Refused(_("That was a while ago. Type the number once more."))
    if subject.startswith("BKG"):
        booking = spend.by_ref(subject)
        return Known(_member(booking.member_id), booking.ref)
    found = db.session.scalar(select(Member).where(Member.ref == subject).options(*NAMED))
    if found is None:
        raise members.unknown()
    return Known(found, None)


def _member(id_: int) -> Member:
    return db.session.scalars(select(Member).where(Member.id == id_).options(*NAMED)).one()


# --- what they may have --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One thing that the till can redeem now: of a booking (`ref` BKG-…), or of an offer to which people just come (SPD-…)."""

    ref: str
    offer: SpendOffer
    begins: int
    minutes: int
    booked: bool
    done: bool  # redeemed already


def choices(partner: Member, seen: Known) -> Sequence[Choice]:
    """What the member may have now, bookings first. Two queries."""
    query = select(SpendBooking).join(SpendOffer, SpendOffer.id == SpendBooking.offer_id).options(joinedload(SpendBooking.offer))
    query = query.where(SpendOffer.partner_id == partner.id, SpendBooking.member_id == seen.member.id, SpendBooking.day == clock.today())
    rows = db.session.scalars(query.where(SpendBooking.status.in_(("booked", "redeemed"))).order_by(SpendBooking.begins)).all()
    if seen.booking_ref is not None:
        rows = [each for each in rows if each.ref == seen.booking_ref]
    found = [Choice(each.ref, each.offer, each.begins, each.minutes, True, each.status == "redeemed") for each in rows]
    if seen.booking_ref is not None:
        return found
    had = {(each.offer_id, each.begins) for each in rows}
    open_ = db.session.scalars(
        select(SpendOffer).where(SpendOffer.partner_id == partner.id, SpendOffer.status == "open").order_by(SpendOffer.title)
    )
    for offer in open_:
        when = time_now(offer)
        if when is not None and (offer.id, when.begins) not in had:
            found.append(Choice(offer.ref, offer, when.begins, offer.minutes, False, False))
    return found


# --- redeeming -----------------------------------------------------------------------------------------------------------


def redeem(partner_ref: str, token: str, ref: str, who: Who, *, once_key: str = "") -> SpendBooking:
    """One tap: time moves from the member to the partner, once. `ref`: a booking, or an offer to which the member just came.

    A second tap gives the first result, and so does another page for the same time; with `once_key` also after it was undone. Refused: not recognised, outside its hours, no place free, as often as one may, the hard
    floor (with the way on), a member who takes a break.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return spend.by_ref(done)
        partner = offers.partner_of(partner_ref, who)
        seen = known(partner, token, who)
        if seen.booking_ref is not None and seen.booking_ref != ref:
            raise NotFound(_("We cannot find that booking."))
        offer = offers.locked(spend.by_ref(ref).offer.ref if ref.startswith("BKG") else ref)
        if offer.partner_id != partner.id:
            raise NotYours(_("We cannot find that offer."))
        pair = {each.id: each for each in _both(partner.id, seen.member.id)}
        partner, member = pair[partner.id], pair[seen.member.id]
        booking = _booked(offer, ref, member) if ref.startswith("BKG") else _came(offer, member, Actor(who.id))
        if booking.status != "redeemed":
            _move(booking, offer, partner, member, seen.proof, Actor(who.id))
        if once_key:
            once.keep(once_key, booking.ref)
        return booking


def _both(*ids: int) -> Sequence[Member]:
    """The two members, locked in the order of their ids against a change of floor or area."""
    query = select(Member).where(Member.id.in_(ids)).order_by(Member.id).with_for_update(key_share=True)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _booked(offer: SpendOffer, ref: str, member: Member) -> SpendBooking:
    """A booking that can be redeemed now, or was already. Refused in words that fit what became of it."""
    booking = db.session.scalars(
        select(SpendBooking).where(SpendBooking.ref == ref).with_for_update(of=SpendBooking).execution_options(populate_existing=True)
    ).one()
    if booking.member_id != member.id or booking.offer_id != offer.id:
        raise NotFound(_("We cannot find that booking."))
    if booking.status == "redeemed":
        return booking
    if booking.status != "booked":
        raise Conflict(_("This booking is not open any more. Look at what they can have now."))
    if booking.day != clock.today():
        raise Refused(_("This booking is for another day."))
    if clock.now() < booking.starts_at - EARLY:
        raise Refused(_("This begins at %(time)s. Come back half an hour before it.", time=clock_words(booking.begins)))
    spend.judge_member(offer, member, first_name(member))
    return booking


def _came(offer: SpendOffer, member: Member, actor: Actor) -> SpendBooking:
    """A place for who just came: theirs already, or one that is free."""
    when = _now(offer)
    standing = spend.standing_at(offer, member, when.day, when.begins)
    if standing is not None and standing.status != "waiting":
        return standing
    if offer.status != "open":
        raise Refused(_("This offer is not open just now."))
    if standing is None:
        spend.judge_limits(offer, member, when.day)
    spend.judge_member(offer, member, first_name(member))
    slot = slot_of(offer, when)
    if slot.taken >= slot.places:
        raise Refused(_("No place is free just now."))
    if standing is not None:  # they waited for a place, and are here
        standing.status, standing.moved_at = "booked", clock.now()
        db.session.flush()
        return standing
    made = spend.new_booking(offer, slot, member, when, "booked", actor)
    record(spend.about(made), "came", actor, day=when.day.isoformat(), begins=when.begins)
    return made


def _now(offer: SpendOffer) -> Occurrence:
    when = time_now(offer)
    if when is None:
        raise Refused(_("This does not count at this time of day. Its hours: %(times)s", times="; ".join(times_in_words(offer.windows))))
    return when


def _move(booking: SpendBooking, offer: SpendOffer, partner: Member, member: Member, proof: str, actor: Actor) -> None:
    """One entry in the books, one line that stays, a receipt."""
    key = f"spend:{booking.id}:redeemed"
    post(
        lines_of(partner, member, booking.minutes), key=key, kind="spend", about=spend.about(booking),
        sentence=_("Time spent at %(partner)s", partner=name_of(partner)), actor=actor.code,
        refusals={account(member): _at_the_floor(member)},
    )  # fmt: skip
    booking.status, booking.ended_at = "redeemed", clock.now()
    db.session.flush()
    db.session.add(
        SpendRedemption(
            booking_id=booking.id, partner_id=partner.id, minutes=booking.minutes, day=clock.today(), at=clock.now(), by=actor.code, proof=proof,
            entry_key=key,
        )
    )  # fmt: skip
    db.session.flush()
    record(spend.about(booking), "redeemed", actor, minutes=booking.minutes, proof=proof)
    spend_messages.receipt(booking, balance(member), members.open_rules())


def _at_the_floor(member: Member) -> str:
    """For the till, which does not learn a balance: what to say, and the way on."""
    return _(
        "%(name)s has not enough time left for this just now. Nobody did anything wrong: a coordinator can help today, and giving an hour helps too.",
        name=first_name(member),
    )  # fmt: skip


# --- undoing, and something wrong ----------------------------------------------------------------------------------------


def undo(ref: str, reason: str, who: Who) -> SpendBooking:
    """The partner on the same day, a coordinator of either area at any time, with a reason: both lines stay in the books.

    Again changes nothing. Refused: not theirs, no reason, too late for the partner, a coordinator about their own; a partner
    whose balance would fall below its floor.
    """
    with transaction():
        booking = spend.locked(ref)
        partner, member = booking.offer.partner, booking.member
        own = members.acts_as(who, partner)
        coordinator = coordinates(who, booking)
        if not own and not coordinator:
            raise NotYours(_("We cannot find that booking."))
        if booking.status == "undone":
            return booking
        if booking.status != "redeemed":
            raise Conflict(_("This was not redeemed, so there is nothing to undo."))
        if own and not coordinator and booking.day != clock.today():
            raise Refused(_("A day later a coordinator undoes it. Tell them what happened."))
        if not reason:
            raise Refused(_("Write why, in a few words. The member reads it."), "reason")
        said = _("undone by the partner") if own else _("undone by a coordinator")  # what was typed may name somebody, and the books stay
        reverse(f"{spend.about(booking)}:redeemed", reason=said, actor=Actor(who.id).code)
        booking.status, booking.questioned_at = "undone", None
        record(spend.about(booking), "undone", Actor(who.id), reason=reason)
        spend_messages.undone(booking, reason, member, partner)
        fill(booking.offer)
        return booking


def coordinates(who: Who, booking: SpendBooking) -> bool:
    """Whether somebody is a coordinator of one of the two areas, and neither the member nor of the partner."""
    partner, member = booking.offer.partner, booking.member
    there = who.can("help others", partner) or who.can("help others", member)
    return bool(there) and not members.acts_as(who, partner) and not members.acts_as(who, member)


def something_wrong(ref: str, words: str, who: Who) -> SpendBooking:
    """The member says that what was redeemed is wrong: a coordinator looks at it. Refused: not theirs, not redeemed, no words."""
    with transaction():
        booking = spend.locked(ref)
        if not members.acts_as(who, booking.member):
            raise NotYours(_("We cannot find that booking."))
        if booking.status != "redeemed":
            raise Conflict(_("This is not in the books, so there is nothing to put right."))
        if not words:
            raise Refused(_("Write what is wrong, in a few words."), "words")
        if booking.questioned_at is not None:
            raise Conflict(_("A coordinator has been told already, and looks at it."))
        booking.questioned_at, booking.question = clock.now(), words
        record(spend.about(booking), "questioned", Actor(who.id), reason=words)
        spend_messages.questioned(booking)
        return booking


def stands(ref: str, reason: str, who: Who) -> SpendBooking:
    """A coordinator has looked: it stays as it is. The member reads why. Refused: nothing asked, no reason, their own."""
    with transaction():
        booking = spend.locked(ref)
        if not coordinates(who, booking):
            raise NotYours(_("We cannot find that booking."))
        if booking.questioned_at is None:
            raise Conflict(_("There is nothing to decide here any more."))
        if not reason:
            raise Refused(_("Write why, in a few words. The member reads it."), "reason")
        record(spend.about(booking), "stands", Actor(who.id), reason=reason)
        spend_messages.stands(booking, reason)
        booking.questioned_at = None
        return booking
