"""Offers of partners: made by who acts for one, looked at by a coordinator of the area before they are public, changed, called off, ended.

What is like cash is refused at once (`portal.cash`). A partner who thinks that we are wrong asks an officer, who lets it
through with a reason that is kept with the offer, or not at all: the database refuses it open without one.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import or_, select, update

from portal import clock, once, photos
from portal.cash import CashLike, cash_like
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import SCHEME, Actor, record
from portal.money import STEP, Minutes
from portal.people.access import Who
from portal.people.shield import not_for_the_public
from portal.places.model import Area
from portal.refs import new_ref
from portal.timebank import members, spend_messages
from portal.timebank.model import Member
from portal.timebank.spend_model import SpendBooking, SpendOffer, SpendSlot
from portal.timebank.spend_places import fill
from portal.timebank.spend_rules import PER, Window, why_not
from portal.words import _

MOST_MINUTES = 16 * 60
MOST_TIMES = 30
SEEN = ("title", "words", "place", "minutes", "area_id")  # what a coordinator has looked at: a change of it is looked at again


class LikeCash(Refused):
    """The filter says no. The partner writes it in other words, or asks an officer."""

    def __init__(self, found: CashLike, field: str) -> None:
        super().__init__(why_not(found), field)
        self.found = found


@dataclass(frozen=True)
class Offered:
    """What a partner says of an offer. `minutes` for one place; `cancel_hours` before it begins; see `SpendOffer`."""

    title: str
    words: str
    place: str
    area_id: int
    minutes: int
    places: int
    per: str
    ahead: bool
    times: tuple[Window, ...]
    first_day: date
    last_day: date | None
    each_month: int
    each_all: int | None
    cancel_hours: int


def about(offer: SpendOffer) -> str:
    """How events and messages name it."""
    return f"spend-offer:{offer.id}"


# --- finding -------------------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> SpendOffer:
    """One offer, whatever its state. NotFound."""
    found = db.session.scalar(select(SpendOffer).where(SpendOffer.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that offer."))
    return found


def locked(ref: str) -> SpendOffer:
    """The same, locked, as a part of an action: whoever moves a place of it waits here."""
    must_be_in_transaction()
    query = select(SpendOffer).where(SpendOffer.ref == ref).with_for_update(of=SpendOffer).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(_("We cannot find that offer."))
    return found


def partner_of(ref: str, who: Who) -> Member:
    """The partner whose card number this is, for somebody who acts for it. NotYours for everybody else, and for a person's number."""
    found = members.by_ref(ref)
    if found.organisation_id is None or not members.acts_as(who, found):
        raise NotYours(_("We cannot find that partner."))
    return found


def _own(offer: SpendOffer, who: Who) -> None:
    if not members.acts_as(who, offer.partner):
        raise NotYours(_("We cannot find that offer."))


# --- making and changing -------------------------------------------------------------------------------------------------


def _judge(offered: Offered, partner: Member, who: Who) -> None:
    """Refused: anything that cannot be, whatever it is for."""
    for field, sentence in (
        ("title", _("Write what it is, like “A swim in the quiet hours”.")), ("words", _("Write a few words about it.")),
        ("place", _("Write where it is, so that people find it.")),
    ):  # fmt: skip
        if not getattr(offered, field):
            raise Refused(sentence, field)
    names = {someone.name for someone in members.persons_of(partner)} | {who.name}
    for field in ("title", "words"):
        if what := not_for_the_public(getattr(offered, field), names):
            raise Refused(_("Everybody can read this, so take out %(what)s.", what=what), field)
    area = db.session.get(Area, offered.area_id)
    if area is None or area.archived_at is not None or area.kind == "scheme":
        raise Refused(_("Choose a place, so that neighbours find it."), "area")
    if offered.minutes < STEP or offered.minutes % STEP or offered.minutes > MOST_MINUTES:
        raise Refused(_("Write the time in quarters of an hour, like 1 h 15 min."), "time")
    _judge_places(offered)
    _judge_days(offered)


def _filtered(offered: Offered, ask_officer: bool) -> str:
    """What the filter found, when an officer is asked about it; "" when nothing. `LikeCash` otherwise."""
    for field in ("title", "words", "place"):
        if found := cash_like(getattr(offered, field)):
            if not ask_officer:
                raise LikeCash(found, field)
            return found.word
    return ""


def _judge_places(offered: Offered) -> None:
    if offered.per not in PER:
        raise Refused(_("Say whether the places are for each time, a day or in all."), "per")
    if not 1 <= offered.places <= 10_000:
        raise Refused(_("Write a number of places from 1 to 10,000."), "places")
    if not 1 <= offered.each_month <= 31:
        raise Refused(_("Write a number from 1 to 31."), "each_month")
    if offered.each_all is not None and not 1 <= offered.each_all <= 1000:
        raise Refused(_("Write a number from 1 to 1,000, or nothing."), "each_all")
    if not 0 <= offered.cancel_hours <= 168:
        raise Refused(_("Write a number of hours from 0 to 168, which is a week."), "cancel_hours")


def _judge_days(offered: Offered) -> None:
    if not offered.times:
        raise Refused(_("Choose the days of the week, and from when to when."), "days1")
    if len(offered.times) > MOST_TIMES:
        raise Refused(_("These are too many times for one offer. Make two of it."), "days1")
    last = Window(-1, 0, 0)
    for each in sorted(offered.times):
        if not (0 <= each.weekday <= 6 and 0 <= each.begins < each.ends <= 24 * 60):
            raise Refused(_("The end comes after the beginning, on the same day."), "days1")
        if each.weekday == last.weekday and each.begins < last.ends:
            raise Refused(_("Two of the times overlap. Join them, or move one."), "days1")
        last = each
    if offered.last_day is not None and offered.last_day < max(offered.first_day, clock.today()):
        raise Refused(_("The last day comes after the first, and is still ahead."), "last_day")


def make(
    partner_ref: str, offered: Offered, picture: photos.Picture | None, alt: str, data_dir: Path, who: Who, *, once_key: str, ask_officer: bool = False
) -> str:  # fmt: skip
    """A partner makes an offer, which a coordinator of its area looks at; returns its reference. A second sending gives the first.

    Refused: not for them to make, anything that cannot be, private data in public words; `LikeCash` unless `ask_officer`.
    """

    def act(file: str | None) -> str:
        if (done := once.claim(once_key)) is not None:
            if file:
                photos.drop(file, data_dir)  # a second tap brought the same photo again: the first one stays
            return done
        members.open_rules()
        partner = partner_of(partner_ref, who)
        if partner.status != "active":
            raise Refused(_("%(name)s is taking a break from the timebank just now.", name=members.name_of(partner)))
        _judge(offered, partner, who)
        flagged = _filtered(offered, ask_officer)
        made = SpendOffer(
            ref=new_ref("SPD"), partner_id=partner.id, made_by=Actor(who.id).code, made_at=clock.now(), flagged=flagged, **_columns(offered)
        )
        _hang(made, picture, file, alt)
        db.session.add(made)
        db.session.flush()
        record(about(made), "made", Actor(who.id), flagged=flagged)
        spend_messages.look(made, partner)
        once.keep(once_key, made.ref)
        return made.ref

    return _with_photo(picture, data_dir, act)


def _columns(offered: Offered) -> dict[str, object]:
    said = {each.name: getattr(offered, each.name) for each in fields(offered)}
    said["times"] = [[each.weekday, each.begins, each.ends] for each in sorted(offered.times)]
    said["minutes"] = Minutes(offered.minutes)
    return said


def _hang(offer: SpendOffer, picture: photos.Picture | None, file: str | None, alt: str) -> None:
    offer.photo_alt = alt
    if picture is not None and file is not None:
        offer.photo_file, offer.photo_width, offer.photo_height = file, picture.width, picture.height


def _with_photo(picture: photos.Picture | None, data_dir: Path, act: Callable[[str | None], str]) -> str:
    """Keep the picture, then act in a transaction; without it when the act does not come about."""
    file = photos.keep(picture, data_dir) if picture else None
    try:
        with transaction():
            return act(file)
    except BaseException:
        if file:
            photos.drop(file, data_dir)
        raise


def change(
    ref: str, shown: int, offered: Offered, picture: photos.Picture | None, alt: str, data_dir: Path, who: Who, *, ask_officer: bool = False
) -> str:  # fmt: skip
    """A partner changes an offer. New words, another price, place or photo are looked at again first; bookings stand as they are.

    Refused: as for `make`; it has ended; fewer places than are taken; other kinds of places while some are booked. Conflict:
    changed since version `shown`.
    """
    gone: list[str] = []

    def act(file: str | None) -> str:
        offer = locked(ref)
        _own(offer, who)
        if offer.status == "ended":
            raise Refused(_("This offer has ended. Make a new one."))
        if offer.version != shown:
            raise Conflict(_("This was changed meanwhile. Look at it again."))
        _judge(offered, offer.partner, who)
        same = all(getattr(offer, name) == getattr(offered, name) for name in SEEN)
        flagged = offer.flagged if same else _filtered(offered, ask_officer)
        looked_at = same and file is None and alt == offer.photo_alt
        if offer.per != offered.per and _standing(offer):
            raise Refused(_("Places are booked already. End this offer and make a new one to count places in another way."), "per")
        before = offer.places
        for name, value in _columns(offered).items():
            setattr(offer, name, value)
        if file and offer.photo_file:
            gone.append(offer.photo_file)
        _hang(offer, picture, file, alt)
        offer.version += 1
        if not looked_at or offer.status != "open":
            offer.status, offer.flagged, offer.excuse, offer.answer = "waiting", flagged, "", ""
        db.session.flush()
        if offered.places != before:
            _set_places(offer)
            fill(offer)
        record(about(offer), "changed", Actor(who.id), version=offer.version, places=offer.places, minutes=offer.minutes)
        if offer.status == "waiting":
            spend_messages.look(offer, offer.partner)
        return offer.ref

    done = _with_photo(picture, data_dir, act)
    for file in gone:
        photos.drop(file, data_dir)
    return done


def _standing(offer: SpendOffer) -> bool:
    query = select(SpendBooking.id).where(SpendBooking.offer_id == offer.id, SpendBooking.status.in_(("waiting", "booked")))
    return db.session.scalar(query.limit(1)) is not None


def _set_places(offer: SpendOffer) -> None:
    """The places of times to come. Refused: more are taken than there would be."""
    ahead = or_(SpendSlot.day.is_(None), SpendSlot.day >= clock.today())
    full = db.session.scalar(
        select(SpendSlot).where(SpendSlot.offer_id == offer.id, ahead, SpendSlot.taken > offer.places).order_by(SpendSlot.day).limit(1)
    )
    if full is not None:
        raise Refused(_("%(taken)d places are taken already. Write that number or more.", taken=full.taken), "places")
    db.session.execute(update(SpendSlot).where(SpendSlot.offer_id == offer.id, ahead).values(places=offer.places))


# --- a coordinator looks -------------------------------------------------------------------------------------------------


def _must_look(offer: SpendOffer, who: Who, *roles: str) -> None:
    if not who.has_in(offer.area_id, "connector", "officer"):
        raise NotYours(_("We cannot find that offer."))
    if members.acts_as(who, offer.partner):
        raise Refused(_("Ask a colleague: nobody decides about an offer of their own group."))
    if roles and not who.has_in(offer.area_id, *roles):
        raise Refused(_("Our filter found something in this offer. An officer decides about it."))


def approve(ref: str, reason: str, who: Who, *, shown: int) -> None:
    """A connector or officer of the area makes it public. Where the filter found something: an officer, with a reason that is kept.

    Refused: somebody of the partner; no reason where one is needed. Conflict: changed since version `shown`, decided already.
    """
    with transaction():
        offer = locked(ref)
        _must_look(offer, who, *(("officer",) if offer.flagged else ()))
        if offer.status == "open":
            return
        if offer.status != "waiting":
            raise Conflict(_("There is nothing to decide here any more."))
        if offer.version != shown:
            raise Conflict(_("This was changed meanwhile. Look at it again."))
        if offer.flagged and not reason:
            raise Refused(_("Our filter found “%(word)s”. Write why it may be there all the same.", word=offer.flagged), "reason")
        offer.excuse = reason if offer.flagged else ""
        offer.status, offer.answer, offer.opened_at = "open", "", offer.opened_at or clock.now()
        record(about(offer), "approved", Actor(who.id), reason=reason or None, flagged=offer.flagged, version=offer.version)
        spend_messages.approved(offer)


def send_back(ref: str, reason: str, who: Who, *, shown: int) -> None:
    """A connector or officer says what to change first. Refused: as for `approve`; no reason."""
    with transaction():
        offer = locked(ref)
        _must_look(offer, who)
        if offer.status != "waiting":
            raise Conflict(_("There is nothing to decide here any more."))
        if offer.version != shown:
            raise Conflict(_("This was changed meanwhile. Look at it again."))
        if not reason:
            raise Refused(_("Write what to change, in a few words. The partner reads it."), "reason")
        offer.status, offer.answer = "sent_back", reason
        record(about(offer), "sent_back", Actor(who.id), reason=reason, version=offer.version)
        spend_messages.sent_back(offer, reason)


# --- calling off and ending ----------------------------------------------------------------------------------------------


def end(ref: str, reason: str, who: Who) -> None:
    """Its partner, or a coordinator with a reason that the partner reads, ends it. Who had a place hears of it. Again: nothing.

    Refused: not theirs; no reason of a coordinator.
    """
    with transaction():
        offer = locked(ref)
        own = members.acts_as(who, offer.partner)
        if not own and not who.has_in(offer.area_id, "connector", "officer"):
            raise NotYours(_("We cannot find that offer."))
        if offer.status == "ended":
            return
        if not own and not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        _end(offer, reason, Actor(who.id))
        if not own:
            spend_messages.stopped(offer, reason)


def _end(offer: SpendOffer, reason: str, actor: Actor) -> None:
    offer.status, offer.answer = "ended", reason
    record(about(offer), "ended", actor, reason=reason or None)
    _off(offer, None, reason, actor)


def call_off(ref: str, day: date, reason: str, who: Who) -> int:
    """A partner calls off one day; returns how many had a place or waited, who hear of it. Again: nothing more.

    Refused: not theirs, a day that has been, or so far ahead that nobody could have booked it.
    """
    with transaction():
        offer = locked(ref)
        _own(offer, who)
        if not clock.today() <= day <= clock.today() + timedelta(days=366):
            raise Refused(_("Choose a day from today on."), "day")
        if day.isoformat() in offer.days_off:
            return 0
        offer.days_off = sorted({each for each in offer.days_off if each >= clock.today().isoformat()} | {day.isoformat()})
        offer.version += 1
        record(about(offer), "called_off", Actor(who.id), reason=reason or None, day=day.isoformat())
        return _off(offer, day, reason, Actor(who.id))


def _off(offer: SpendOffer, day: date | None, reason: str, actor: Actor) -> int:
    """End the bookings of a day, or all to come, without a mark; tell who had one."""
    query = select(SpendBooking).where(SpendBooking.offer_id == offer.id, SpendBooking.status.in_(("waiting", "booked")))
    query = query.where(SpendBooking.day == day) if day else query.where(SpendBooking.day >= clock.today())
    rows = db.session.scalars(query.order_by(SpendBooking.id).with_for_update(of=SpendBooking)).all()
    for each in rows:
        each.status, each.ended_at = "off", clock.now()
        record(f"spend:{each.id}", "off", actor, reason=reason or None)
        spend_messages.off(each, reason)
    return len(rows)


def end_due() -> int:
    """End offers whose last day is over, or whose partner has left (the worker's work)."""
    left = select(Member.id).where(Member.status == "left")
    over = or_(SpendOffer.last_day < clock.today(), SpendOffer.partner_id.in_(left))
    count = 0
    for ref in db.session.scalars(select(SpendOffer.ref).where(SpendOffer.status != "ended", over).order_by(SpendOffer.id)).all():
        with transaction():
            offer = locked(ref)
            if offer.status != "ended" and (offer.partner.status == "left" or (offer.last_day and offer.last_day < clock.today())):
                _end(offer, "", SCHEME)
                count += 1
    return count
