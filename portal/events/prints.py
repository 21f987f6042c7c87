"""What is hung up for an event: the poster that asks people to come, and the sheet at the door with which they check in. As tagged PDF of
one page, also in large print.
"""

from pathlib import Path

import segno

from portal import clock
from portal.events.model import Gathering
from portal.events.queries import token_of
from portal.events.rules import times
from portal.outbox import address_of
from portal.places.model import Scheme
from portal.web.documents import Printed
from portal.web.filters import day as day_words
from portal.words import _

LAYOUT = Path(__file__).parent / "poster.typ"
MOST_WORDS = 220  # letters of what a poster says about its event


def short_address(gathering: Gathering) -> str:
    """Where the event's page is, short enough to type: without "https://"."""
    return address_of("/e/" + gathering.ref.removeprefix("EVT-").lower()).split("://")[-1]


def poster(gathering: Gathering, scheme: Scheme, *, large: bool) -> Printed:
    """To be hung up before: what, when, where, what helps to get in, and how to say "I'm coming"."""
    address = address_of(f"/events/{gathering.ref}")
    content = _about(gathering) | {
        "extra": [*access_words(gathering), *([gathering.food] if gathering.food else [])], "ask": _("Are you coming? Say so, and bring somebody."),
        "picture": segno.make(address, error="m").svg_inline(border=2), "alt": _("QR code for %(address)s", address=address),
        "type": _("Point your phone at this, or type"), "big": short_address(gathering), "only": "",
        "call": _("No phone? Just come along, or call %(number)s.", number=_number(scheme)),
    }  # fmt: skip
    return _printed(gathering, _("%(title)s: poster", title=gathering.title), scheme, content, large)


def door(gathering: Gathering, scheme: Scheme, *, large: bool) -> Printed:
    """To be hung up at the door: how to check in, by QR code and by six digits."""
    address = address_of("/events/" + token_of(gathering))
    content = _about(gathering) | {
        "what": "", "extra": [], "ask": _("Welcome! Tell us that you are here."), "picture": segno.make(address, error="m").svg_inline(border=2),
        "alt": _("QR code for %(address)s", address=address),
        "type": _("Point your phone at this. Or open %(address)s and type", address=address_of("/events/here").split("://")[-1]),
        "big": f"{gathering.code[:3]} {gathering.code[3:]}", "only": _("It works on %(day)s only.", day=day_words(gathering.day)),
        "call": _("No phone? Tell the organiser your name, or sign the list. Questions: %(number)s", number=_number(scheme)),
    }  # fmt: skip
    return _printed(gathering, _("%(title)s: sheet for the door", title=gathering.title), scheme, content, large)


def access_words(gathering: Gathering) -> list[str]:
    """What helps people to get in and take part, as short sentences."""
    said = []
    if gathering.step_free:
        said.append(_("No steps to get in.") if gathering.step_free == "yes" else _("There are steps to get in."))
    if gathering.hearing_loop:
        said.append(_("There is a hearing loop.") if gathering.hearing_loop == "yes" else _("There is no hearing loop."))
    return [*said, *([gathering.access] if gathering.access else [])]


def _about(gathering: Gathering) -> dict[str, object]:
    plain = " ".join(gathering.what.split())
    return {
        "title": gathering.title, "when": f"{day_words(gathering.day)}, {times(gathering)}", "place": f"{gathering.place}, {gathering.area.name}",
        "what": plain if len(plain) <= MOST_WORDS else plain[:MOST_WORDS].rpartition(" ")[0] + " …",
    }  # fmt: skip


def _number(scheme: Scheme) -> str:
    return scheme.telephone.replace(" ", "\u00a0")


def _printed(gathering: Gathering, title: str, scheme: Scheme, content: dict[str, object], large: bool) -> Printed:
    return Printed(title, scheme.name, gathering.ref, clock.now(), LAYOUT, content, large=large)
