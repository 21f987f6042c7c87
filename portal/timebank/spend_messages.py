"""What members, partners and coordinators are told of spend offers, in the transaction of the fact."""

from collections.abc import Iterable
from datetime import date, datetime

from portal.money import Minutes, hours
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.people.model import Person
from portal.timebank.members import name_of, persons_of
from portal.timebank.model import Member
from portal.timebank.rules import TimeRules
from portal.timebank.spend_model import SpendBooking, SpendOffer
from portal.timebank.spend_rules import clock_words
from portal.web.filters import day as day_words
from portal.web.filters import when as when_words
from portal.words import _


def _tell(key: str, to: Iterable[Person], text: Text, about: str) -> None:
    for someone in to:
        queue(f"{key}:person:{someone.id}", people.addressee_of(someone), text, about=about)


def _of_offer(offer: SpendOffer, what: str, to: Iterable[Person], text: Text) -> None:
    """Once for each version of an offer."""
    _tell(f"spend-offer:{offer.id}:{offer.version}:{what}", to, text, f"spend-offer:{offer.id}")


def _of_booking(booking: SpendBooking, what: str, text: Text, to: Iterable[Person] | None = None) -> None:
    """To the member of a booking, once of each kind."""
    _tell(f"spend:{booking.id}:{what}", persons_of(booking.member) if to is None else to, text, f"spend:{booking.id}")


def _values(booking: SpendBooking) -> dict[str, str]:
    offer = booking.offer
    return {
        "title": offer.title, "partner": name_of(offer.partner), "place": offer.place, "day": day_words(booking.day), "begins": clock_words(booking.begins),
        "ends": clock_words(booking.ends), "time": hours(booking.minutes), "link": page_of(booking), "until": when_words(booking.free_until),
    }  # fmt: skip


def page_of(booking: SpendBooking) -> str:
    """The address of its page for its member."""
    return address_of(f"/timebank/spend/bookings/{booking.ref}")


# --- offers --------------------------------------------------------------------------------------------------------------


def _coordinators(areas: Iterable[int], own: Iterable[Member], *first: str) -> list[Person]:
    """Connectors of these areas, or the officers where there is none (with `first`: those alone); nobody about their own."""
    not_them = {someone.id for member in own for someone in persons_of(member)}
    found: dict[int, Person] = {}
    for area_id in sorted(set(areas)):
        for role in first or ("connector", "officer"):
            some = [someone for someone in people.holders(role, at=area_id) if someone.id not in not_them]
            found |= {someone.id: someone for someone in some}
            if some:
                break
    return list(found.values())


def look(offer: SpendOffer, partner: Member) -> None:
    """Ask those who look at offers of that area; officers alone where the filter found something."""
    values = {"title": offer.title, "partner": name_of(partner), "link": address_of(f"/timebank/spend/desk/{offer.ref}")}
    text = Text(
        subject=_("An offer for time to look at: %(title)s", **values),
        body=_("%(partner)s would like to offer: %(title)s. Look at it, so that members can see it:\n\n%(link)s", **values),
        short=_("%(partner)s would like to offer: %(title)s. Look at it: %(link)s", **values),
    )
    roles = ("officer",) if offer.flagged else ()
    _of_offer(offer, "look", _coordinators([offer.area_id], [partner], *roles), text)


def approved(offer: SpendOffer) -> None:
    """To the partner: it is public now."""
    values = {"title": offer.title, "link": address_of(f"/timebank/spend/{offer.ref}")}
    text = Text(
        subject=_("Your offer is open: %(title)s", **values),
        body=_("Thank you! Members can see “%(title)s” now and use their time for it:\n\n%(link)s", **values),
        short=_("Members can see “%(title)s” now: %(link)s", **values),
    )
    _of_offer(offer, "approved", persons_of(offer.partner), text)


def sent_back(offer: SpendOffer, reason: str) -> None:
    """To the partner: what to change first."""
    values = {"title": offer.title, "reason": reason, "link": address_of(f"/timebank/spend/{offer.ref}/change")}
    text = Text(
        subject=_("Please change something first: %(title)s", **values),
        body=_("We have looked at “%(title)s”. Please change something first:\n\n%(reason)s\n\n%(link)s", **values),
        short=_("Please change something in “%(title)s” first: %(link)s", **values),
    )
    _of_offer(offer, "sent-back", persons_of(offer.partner), text)


def stopped(offer: SpendOffer, reason: str) -> None:
    """To the partner: a coordinator has ended it."""
    values = {"title": offer.title, "reason": reason, "link": address_of("/timebank/spend/partner")}
    text = Text(
        subject=_("Your offer has ended: %(title)s", **values),
        body=_("A coordinator has ended “%(title)s”.\n\nWhy: %(reason)s\n\n%(link)s", **values),
        short=_("A coordinator has ended “%(title)s”. Why: %(link)s", **values),
    )
    _of_offer(offer, "stopped", persons_of(offer.partner), text)


# --- bookings ------------------------------------------------------------------------------------------------------------


def booked(booking: SpendBooking, code: str) -> None:
    """To the member: the place that is kept, or that they wait."""
    values = _values(booking) | {"code": code}
    if booking.status == "waiting":
        text = Text(
            subject=_("On the waiting list: %(title)s", **values),
            body=_("You wait for a place: %(title)s, %(day)s at %(begins)s. We tell you when one is free.\n\n%(link)s", **values),
            short=_("You wait for a place: %(title)s, %(day)s at %(begins)s. We tell you. %(link)s", **values),
        )
    else:
        text = Text(
            subject=_("Your place: %(title)s, %(day)s", **values),
            body=_(
                "A place is kept for you: %(title)s at %(partner)s, %(place)s, %(day)s at %(begins)s. It costs %(time)s when you come.\n\nShow these six digits there: %(code)s\n\nCan you not come? Give the place back until %(until)s:\n\n%(link)s",
                **values,
            ),
            short=_("Your place: %(title)s, %(day)s at %(begins)s. Show %(code)s there. Not coming? %(link)s", **values),
        )
    _of_booking(booking, booking.status, text)


def tomorrow(booking: SpendBooking, due_at: datetime) -> bool:
    """To the member, on the day before, not before `due_at`: whether they come. Not by letter: it would come too late."""
    values = _values(booking)
    text = Text(
        subject=_("Tomorrow: %(title)s", **values),
        body=_(
            "You have a place tomorrow: %(title)s at %(partner)s, %(place)s, %(day)s at %(begins)s. The six digits for the till are here:\n\n%(link)s\n\nCan you not come? Please give the place back there, so that somebody else has it.",
            **values,
        ),
        short=_("Tomorrow: %(title)s, %(day)s at %(begins)s. Not coming? Give it back: %(link)s", **values),
    )
    told = False
    for someone in persons_of(booking.member):
        to = people.addressee_of(someone)
        if to.channel != "letter":
            told |= queue(f"spend:{booking.id}:tomorrow:person:{someone.id}", to, text, about=f"spend:{booking.id}", due_at=due_at)
    return told


def moved_up(booking: SpendBooking) -> None:
    """To who waited: a place is free, and kept for them."""
    values = _values(booking)
    text = Text(
        subject=_("A place is free for you: %(title)s, %(day)s", **values),
        body=_(
            "You waited, and a place is free: %(title)s at %(partner)s, %(place)s, %(day)s at %(begins)s. It is kept for you.\n\nCan you not come? Give it back, so that the next one has it. The six digits for the till are here too:\n\n%(link)s",
            **values,
        ),
        short=_("A place is free and kept for you: %(title)s, %(day)s at %(begins)s. Not coming? Give it back: %(link)s", **values),
    )
    _of_booking(booking, "moved-up", text)


def off(booking: SpendBooking, reason: str) -> None:
    """To the member: it does not take place."""
    values = _values(booking) | {"reason": reason, "link": address_of("/timebank/spend/")}
    what = _("%(title)s on %(day)s at %(begins)s does not take place.", **values)
    why = "\n\n" + _("Why: %(reason)s", **values) if reason else ""
    text = Text(
        subject=_("Called off: %(title)s, %(day)s", **values),
        body=_(
            "%(what)s%(why)s\n\nNothing is taken from your time. See what else there is:\n\n%(link)s",
            what=what,
            why=why,
            link=values["link"],
        ),
        short=_("%(what)s Nothing is taken from your time. %(link)s", what=what, link=values["link"]),
    )
    _of_booking(booking, "off", text)


def missed(booking: SpendBooking, again: date | None) -> None:
    """To the member: the place was not used; and when booking ahead is off for a while. Kindly."""
    values = _values(booking)
    so = _(
        "Nothing was taken from your time. Next time, give the place back when you cannot come: somebody else would like it. Were you there? Then tell %(partner)s.",
        **values,
    )
    if again is not None:
        so += "\n\n" + _(
            "This was the third time, so %(partner)s keeps no place for you until %(again)s. You can still just come: when there is room, you are welcome.",
            again=day_words(again), **values,
        )  # fmt: skip
    text = Text(
        subject=_("We missed you: %(title)s, %(day)s", **values),
        body=_("A place was kept for you: %(title)s, %(day)s at %(begins)s. It was not used.", **values) + f"\n\n{so}\n\n{values['link']}",
        short=_("A place was kept for you: %(title)s, %(day)s. It was not used. Nothing was taken. %(link)s", **values),
    )
    _of_booking(booking, "missed", text)


# --- redeemed ------------------------------------------------------------------------------------------------------------


def receipt(booking: SpendBooking, has: Minutes, rules: TimeRules) -> None:
    """To the member at once: what was spent, what they have, and where to say that something is wrong."""
    values = _values(booking) | {"balance": hours(has)}
    what = _("You spent %(time)s at %(partner)s: %(title)s.", **values)
    low = has < rules.soft_floor
    kind = (
        "\n\n" + _("You have had a good deal lately, and that is what the timebank is for. When you can, give an hour back.") if low else ""
    )
    text = Text(
        subject=_("You spent %(time)s at %(partner)s", **values),
        body=_("%(what)s\n\nYour balance: %(balance)s.%(kind)s\n\nWas it not you, or is something wrong? Tell us here:\n\n%(link)s", what=what, kind=kind, **values),
        short=_("%(what)s Your balance: %(balance)s. Something wrong? %(link)s", what=what, **values),
    )  # fmt: skip
    _of_booking(booking, "receipt", text)
    if low and has + booking.minutes >= rules.soft_floor:
        said = {"name": name_of(booking.member), "balance": hours(has)}
        link = address_of(f"/timebank/desk/members/{booking.member.ref}")
        subject = _("%(name)s is at %(balance)s", **said)
        told = Text(
            subject=subject, body=_("%(subject)s. See what it is:\n\n%(link)s", subject=subject, link=link), short=f"{subject}: {link}"
        )
        _of_booking(booking, "soft-floor", told, _coordinators([booking.member.area_id], [booking.member]))


def undone(booking: SpendBooking, reason: str, member: Member, partner: Member) -> None:
    """To both: the time is back."""
    values = _values(booking) | {"reason": reason}
    text = Text(
        subject=_("Undone: %(time)s at %(partner)s", **values),
        body=_("%(time)s for %(title)s on %(day)s is undone: the time is back with the member.\n\nWhy: %(reason)s\n\n%(link)s", **values),
        short=_("Undone: %(time)s for %(title)s. The time is back. %(link)s", **values),
    )
    _of_booking(booking, "undone", text, persons_of(member))
    back = Text(
        subject=text.subject,
        body=_("%(time)s for %(title)s on %(day)s is undone: the time is back with the member.\n\nWhy: %(reason)s", **values),
        short=_("Undone: %(time)s for %(title)s. The time is back with the member.", **values),
    )
    _of_booking(booking, "undone:partner", back, persons_of(partner))


def questioned(booking: SpendBooking) -> None:
    """To the coordinators of both: a member says that something is wrong."""
    member, partner = booking.member, booking.offer.partner
    subject = _("Somebody says that something is wrong at %(partner)s", partner=name_of(partner))
    link = address_of(f"/timebank/spend/desk/bookings/{booking.ref}")
    text = Text(subject=subject, body=_("%(subject)s. See what it is:\n\n%(link)s", subject=subject, link=link), short=f"{subject}: {link}")
    _of_booking(booking, f"questioned:{_asked(booking)}", text, _coordinators([member.area_id, partner.area_id], [member, partner]))


def _asked(booking: SpendBooking) -> str:
    """Which question it was: there may be another after the first is answered."""
    return booking.questioned_at.isoformat() if booking.questioned_at else ""


def stands(booking: SpendBooking, reason: str) -> None:
    """To the member: a coordinator has looked, and it stays as it is."""
    values = _values(booking) | {"reason": reason}
    text = Text(
        subject=_("A coordinator has looked: %(title)s", **values),
        body=_("A coordinator has looked at the %(time)s at %(partner)s: they stand.\n\nWhy: %(reason)s\n\n%(link)s", **values),
        short=_("A coordinator has looked at the %(time)s at %(partner)s: they stand. %(link)s", **values),
    )
    _of_booking(booking, f"stands:{_asked(booking)}", text)
