"""What began after an introduction: something here that the coordinator and at least one of the two may read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.connecting.model import Introduction
from portal.errors import NotFound, NotYours, Refused
from portal.events import queries as events
from portal.gifts import lists as gifts
from portal.ideas import queries as ideas
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.refs import clean_ref
from portal.timebank import exchange, members, sessions
from portal.words import _


def known(typed: str, row: Introduction, who: Who) -> str:
    """The reference that was typed, tidied. Refused, in one sentence: nothing that is here, or that they may not read."""
    ref = clean_ref(typed) or ""
    room = ROOMS.get(ref[:3])
    if room is None or not room.read(ref, who, [_reader(row.one), _reader(row.two)]):
        raise Refused(
            _("We cannot find that. Copy the reference of an idea, an exchange, a gift, an event or a session, like IDE-2345-6789."),
            "led_to",
        )
    return ref


def _reader(someone: Person) -> Who:
    """One of the two as a neighbour: what they read in a role is not theirs."""
    acts_for = frozenset(each.id for each in people.organisations_of(someone.id))
    return Who(someone.id, someone.ref, someone.name, someone.area_id, acts_for=acts_for)


def _reads(find: Callable[[str, Who], object], ref: str, who: Who) -> bool:
    try:
        find(ref, who)
    except (NotFound, NotYours):
        return False
    return True


def _by_all(find: Callable[[str, Any], object]) -> "Reader":
    return lambda ref, who, two: _reads(find, ref, who) and any(_reads(find, ref, each) for each in two)


def _exchange(ref: str, who: Who, two: Sequence[Who]) -> bool:
    """A coordinator reads it where they help one of its sides, and one of the two is a side."""
    try:
        found = exchange.by_ref(ref)
    except (NotFound, NotYours):
        return False
    sides = (found.giver, found.receiver)
    return any(who.can("help others", side) for side in sides) and any(members.acts_as(each, side) for each in two for side in sides)


Reader = Callable[[str, Who, Sequence[Who]], bool]


@dataclass(frozen=True)
class Room:
    """Where something stands that can begin: its pages, those of the desk where these are others, and whether somebody reads it."""

    path: str
    read: Reader
    desk: str = ""


ROOMS: Mapping[str, Room] = {
    "IDE": Room("/ideas/", _by_all(ideas.readable)),
    "GFT": Room("/gifts/", _by_all(gifts.readable)),
    "EVT": Room("/events/", _by_all(events.seen_by)),
    "SES": Room("/timebank/sessions/", _by_all(lambda ref, _who: sessions.by_ref(ref))),
    "EXC": Room("/timebank/exchanges/", _exchange, "/timebank/desk/exchanges/"),
}


def page_of(ref: str, *, desk: bool = False) -> str:
    """The address of its page, for a neighbour or for the desk; "" of what is in none of these rooms."""
    room = ROOMS.get(ref[:3])
    return f"{(desk and room.desk) or room.path}{ref}" if room is not None else ""
