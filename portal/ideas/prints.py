"""Cards of the wall on paper: number, sentence, QR code and short address, to cut out and pin up. As tagged PDF, also in large print."""

from collections.abc import Sequence
from pathlib import Path

import segno

from portal import clock
from portal.ideas.model import Idea
from portal.ideas.queries import whose
from portal.outbox import address_of
from portal.places.model import Scheme
from portal.web.documents import Printed
from portal.words import _

HERE = Path(__file__).parent
AT_ONCE = 60  # cards of one PDF


def short_address(idea: Idea) -> str:
    """What the QR code holds, short enough to type."""
    return address_of(f"/i/{idea.number}")


def cards(title: str, some: Sequence[Idea], scheme: Scheme, *, large: bool = False) -> Printed:
    """Six on a page, two in large print."""
    call = _("No phone? Call %(number)s.", number=scheme.telephone.replace(" ", "\u00a0"))
    made = [
        {
            "number": str(each.number), "title": each.title, "who": _("%(name)s, %(area)s", name=whose(each), area=each.area.name),
            "address": short_address(each).split("://")[-1], "picture": segno.make(short_address(each), error="m").svg_inline(border=2),
            "alt": _("QR code for %(address)s", address=short_address(each)), "ask": _("Are you in? Point your phone here, or type"), "call": call,
        }
        for each in some
    ]  # fmt: skip
    return Printed(title, scheme.name, _("Ideas"), clock.now(), HERE / "cards.typ", {"cards": made}, large=large)
