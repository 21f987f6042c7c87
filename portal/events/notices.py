"""What people are told of events, in the transaction of the fact: those with an account as they wish, neighbours without one by the
e-mail address that they left, if they did.
"""

from collections.abc import Iterable
from datetime import datetime

from portal import clock
from portal.events import queries
from portal.events.model import Gathering, Guest
from portal.events.rules import times
from portal.outbox import Addressee, Text, address_of, queue
from portal.people import queries as people
from portal.people.model import Person
from portal.web.filters import day as day_words
from portal.words import _


def about(gathering: Gathering) -> str:
    """How history and messages name it."""
    return f"gathering:{gathering.id}"


def page_of(gathering: Gathering) -> str:
    """The address of its page."""
    return address_of(f"/events/{gathering.ref}")


def link_of(guest: Guest, gathering: Gathering) -> str:
    """Where a guest says that they cannot come."""
    return page_of(gathering) if guest.person_id is not None else address_of(f"/events/coming/{queries.guest_token(guest)}")


def can_be_told(guest: Guest) -> bool:
    return guest.email is not None or (guest.person_id is not None and guest.person is not None and guest.person.deleted_at is None)


def _addressee(guest: Guest) -> Addressee | None:
    if guest.person_id is not None:
        someone = people.person(guest.person_id)
        return people.addressee_of(someone) if someone.deleted_at is None else None
    return Addressee(guest.name, "email", guest.email) if guest.email else None


def _values(gathering: Gathering) -> dict[str, str]:
    return {
        "title": gathering.title, "day": day_words(gathering.day), "times": times(gathering), "place": gathering.place, "near": gathering.place[:60],
        "link": page_of(gathering), "reason": gathering.reason, "why": gathering.reason[:120],
    }  # fmt: skip


def _tell(gathering: Gathering, what: str, guest: Guest, text: Text, due_at: datetime | None = None) -> bool:
    to = _addressee(guest)
    return to is not None and queue(f"gathering:{gathering.id}:{what}:guest:{guest.id}", to, text, about=about(gathering), due_at=due_at)


def _tell_person(gathering: Gathering, what: str, someone: Person, text: Text) -> None:
    if someone.deleted_at is None:
        queue(f"gathering:{gathering.id}:{what}:person:{someone.id}", people.addressee_of(someone), text, about=about(gathering))


# --- before --------------------------------------------------------------------------------------------------------------


def on_the_list(gathering: Gathering, guest: Guest) -> None:
    """To a neighbour without an account, or who was entered by another: what they have, and how to call it off. Once a day."""
    values = _values(gathering) | {"link": link_of(guest, gathering), "name": guest.name}
    if guest.state == "waiting":
        first = _("You are on the waiting list. A free place is yours by itself, and you hear from us.", **values)
    else:
        first = _("You are on the list. See you there!", **values)
    text = Text(
        subject=_("%(title)s, %(day)s", **values),
        body=_("%(first)s\n\n%(title)s, %(day)s, %(times)s, %(place)s.\n\nCannot come, or did not ask for this? Say so here, without signing in:\n\n%(link)s", first=first, **values),
        short=_("%(title)s, %(day)s, %(times)s. Cannot come? %(link)s", **values),
    )  # fmt: skip
    _tell(gathering, f"list:{guest.state}:{guest.asked_at:%Y%m%d%H%M%S}:{clock.today()}", guest, text)


def moved_up(gathering: Gathering, guest: Guest, turn: int) -> None:
    """A place came free for somebody who waited. `turn`: which time, so that each is told."""
    values = _values(gathering) | {"link": link_of(guest, gathering)}
    text = Text(
        subject=_("You have a place: %(title)s", **values),
        body=_("A place is free for you: %(title)s, %(day)s, %(times)s, %(place)s.\n\nYou need do nothing. If you cannot come, say so here, and the next person has it:\n\n%(link)s", **values),
        short=_("You have a place: %(title)s, %(day)s, %(times)s. Cannot come? %(link)s", **values),
    )  # fmt: skip
    _tell(gathering, f"moved_up:{turn}", guest, text)


def changed(gathering: Gathering, to: Iterable[Guest]) -> None:
    """Another day, time, place or name, to everybody who comes or waits."""
    for guest in to:
        values = _values(gathering) | {"link": link_of(guest, gathering)}
        text = Text(
            subject=_("Changed: %(title)s", **values),
            body=_("This has changed. It is now: %(title)s, %(day)s, %(times)s, %(place)s.\n\nIf you cannot come then, say so here:\n\n%(link)s", **values),
            short=_("Changed: %(title)s is now %(day)s, %(times)s, %(near)s. Cannot come? %(link)s", **values),
        )  # fmt: skip
        _tell(gathering, f"changed:{gathering.version}", guest, text)


def tomorrow(gathering: Gathering, guest: Guest, due_at: datetime) -> bool:
    """The day before."""
    values = _values(gathering) | {"link": link_of(guest, gathering)}
    text = Text(
        subject=_("Tomorrow: %(title)s", **values),
        body=_("See you tomorrow: %(title)s, %(day)s, %(times)s, %(place)s.\n\nIf you cannot come, say so here, so that somebody else has your place:\n\n%(link)s", **values),
        short=_("Tomorrow: %(title)s, %(times)s, %(near)s. Cannot come? %(link)s", **values),
    )  # fmt: skip
    return _tell(gathering, f"tomorrow:{gathering.day}", guest, text, due_at)


def cancelled(gathering: Gathering, to: Iterable[Guest]) -> None:
    """It does not take place, and why; who was there already hears that it ended, and that they stay counted."""
    values = _values(gathering)
    off = Text(
        subject=_("Cancelled: %(title)s on %(day)s", **values),
        body=_("%(title)s on %(day)s does not take place.\n\nWhy: %(reason)s\n\nWhat else is on:\n\n%(all)s", all=address_of("/events/"), **values),
        short=_("%(title)s on %(day)s does not take place: %(why)s", **values),
    )  # fmt: skip
    early = Text(
        subject=_("It ended early: %(title)s", **values),
        body=_("Thank you for coming to %(title)s. It had to end early.\n\nWhy: %(reason)s\n\nYou stay counted as there. If you give time at a timebank session there, your hours still come.\n\n%(link)s", **values),
        short=_("Thank you for coming to %(title)s. It had to end early: %(why)s", **values),
    )  # fmt: skip
    for guest in to:
        _tell(gathering, "cancelled", guest, off if guest.here_at is None else early)


def not_on(gathering: Gathering, to: Iterable[Guest]) -> None:
    """The same of an event whose words nobody has looked at: without any of them."""
    values = {"day": day_words(gathering.day), "times": times(gathering), "area": gathering.area.name, "all": address_of("/events/")}
    text = Text(
        subject=_("Not on: an event on %(day)s", **values),
        body=_("You said that you come to an event in %(area)s on %(day)s, %(times)s. It does not take place.\n\nWhat else is on:\n\n%(all)s", **values),
        short=_("An event in %(area)s on %(day)s, %(times)s, does not take place. What else is on: %(all)s", **values),
    )  # fmt: skip
    for guest in to:
        _tell(gathering, "cancelled", guest, text)


def taken_off(gathering: Gathering, guest: Guest, turn: int) -> None:
    """Somebody else took them off the list: they hear of it, in case it was a mistake."""
    values = _values(gathering)
    text = Text(
        subject=_("You are off the list: %(title)s", **values),
        body=_("You are not on the list for %(title)s on %(day)s any more. Was that a mistake? Come back here:\n\n%(link)s", **values),
        short=_("You are off the list for %(title)s, %(day)s. A mistake? %(link)s", **values),
    )
    _tell(gathering, f"off:{turn}", guest, text)


# --- after ---------------------------------------------------------------------------------------------------------------


def thanks(gathering: Gathering, guest: Guest, due_at: datetime) -> bool:
    """The one message afterwards: thank you, and is there a gift, an idea or an hour? To nobody twice for one day."""
    to = _addressee(guest)
    if to is None:
        return False
    values = _values(gathering) | {
        "gift": address_of(f"/gifts/?event={gathering.ref}"),
        "idea": address_of("/ideas/"),
        "hour": address_of("/timebank/"),
    }
    text = Text(
        subject=_("Thank you for coming: %(title)s", **values),
        body=_("It was good to see you at %(title)s. You said that we may ask, so here are three small questions. Each is a way to go on, and none is a must.\n\nIs there something that you could give or lend?\n%(gift)s\n\nDid an idea come up?\n%(idea)s\n\nCould you give an hour, or do with one?\n%(hour)s\n\nThis is the only message of this kind about that day.", **values),
        short=_("Thank you for coming to %(title)s! A gift to give? %(gift)s An idea? %(idea)s An hour? %(hour)s", **values),
    )  # fmt: skip
    whose = f"person:{guest.person_id}" if guest.person_id is not None else f"guest:{to.address}"
    return queue(f"gathering:thanks:{gathering.day}:{whose}", to, text, about=about(gathering), due_at=due_at)


# --- who decides, and who asked ------------------------------------------------------------------------------------------


def look_at_it(gathering: Gathering, late: bool = False) -> None:
    """An event is held: a connector says yes or no by a day. `late`: to the officers, once, when nobody did."""
    values = _values(gathering) | {"by": day_words(gathering.answer_by), "link": address_of(f"/events/{gathering.ref}/decide")}
    text = Text(
        subject=_("An event to look at: %(title)s", **values),
        body=_("This waits for a look: %(title)s, %(day)s, %(times)s, %(place)s.\n\nPlease say yes or no by %(by)s:\n\n%(link)s", **values),
        short=_("An event to look at by %(by)s: %(title)s. %(link)s", **values),
    )  # fmt: skip
    connectors = [] if late else people.holders("connector", at=gathering.area_id)
    for someone in connectors or people.holders("officer", at=gathering.area_id):
        _tell_person(gathering, f"{'late' if late else 'look'}:{gathering.version}", someone, text)


def said_yes(gathering: Gathering) -> None:
    values = _values(gathering)
    text = Text(
        subject=_("Your event is on: %(title)s", **values),
        body=_("A connector said yes. Everybody can see %(title)s now, and say that they come.\n\nPrint the poster and the list here:\n\n%(link)s", **values),
        short=_("Your event is on: %(title)s, %(day)s. Poster and list: %(link)s", **values),
    )  # fmt: skip
    _tell_person(gathering, f"yes:{gathering.version}", gathering.organiser, text)


def said_no(gathering: Gathering) -> None:
    values = _values(gathering)
    text = Text(
        subject=_("About your event: %(title)s", **values),
        body=_("We cannot put %(title)s into the calendar.\n\nWhy: %(reason)s\n\nCall us, and we find another way with you.", **values),
        short=_("We cannot put %(title)s into the calendar: %(why)s", **values),
    )
    _tell_person(gathering, f"no:{gathering.version}", gathering.organiser, text)


def without_organiser(gathering: Gathering) -> None:
    """Who organised it has left: those who look after the area hear of it."""
    values = _values(gathering)
    text = Text(
        subject=_("Nobody organises this now: %(title)s", **values),
        body=_("Whoever organised %(title)s on %(day)s has left us. Please see who goes on with it:\n\n%(link)s", **values),
        short=_("Nobody organises %(title)s on %(day)s now. %(link)s", **values),
    )
    for someone in people.holders("connector", "officer", at=gathering.area_id):
        if someone.id != gathering.organiser_id:
            _tell_person(gathering, "without", someone, text)
