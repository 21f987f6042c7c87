"""Where the rows of the matrix come from: a list of functions, so that a room that has initiatives adds one here.

A source gets what is asked and gives lines; a cell is counted for the area in which something is, and the matrix finds its ward.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

from sqlalchemy import case, func, select

from portal.db import db
from portal.events.model import Gathering
from portal.events.queries import PUBLIC
from portal.events.rules import KINDS
from portal.exports import register
from portal.gifts import lists
from portal.gifts.model import GiftPost
from portal.grants.model import Application, Award, Fund
from portal.ideas.model import Idea
from portal.ideas.queries import live as on_the_wall
from portal.money import year_bounds
from portal.places.model import Area
from portal.strengths.model import Strength
from portal.timebank import search as posts
from portal.timebank.posts_model import Post
from portal.timebank.sessions_model import TimeSession
from portal.words import N_, _


@dataclass(frozen=True)
class Asked:
    """A financial year ("2026-27"): what happened in it; what stands today is told as it is today."""

    year: str

    @property
    def days(self) -> tuple[date, date]:
        """Its first and last day."""
        return year_bounds(self.year)


@dataclass(frozen=True)
class Part:
    """So many in one area. `people`: who stands behind them, where a number would tell of persons; `ref`: the page, when it is one."""

    area_id: int
    number: int
    people: frozenset[int] | None = None
    ref: str = ""


@dataclass(frozen=True)
class Line:
    """A row: what goes on, what is counted, and where. `address` makes the link of a cell from an area's code ("" for no link)."""

    name: str
    what: str  # marked for translation: what a number in it counts
    parts: Sequence[Part] = ()
    address: Callable[[str], str] = field(default=lambda _code: "")


def marked_entries(_asked: Asked) -> Sequence[Line]:
    """Entries of the map that are marked as initiatives; those of one name are one row."""
    rows = db.session.execute(
        select(Strength.name_key, Strength.name, Strength.area_id, Strength.ref)
        .where(Strength.status == "published", Strength.initiative)
        .order_by(Strength.name_key, Strength.id)
    )
    named: dict[str, tuple[str, list[Part]]] = {}
    for key, name, area_id, ref in rows:
        named.setdefault(key, (name, []))[1].append(Part(area_id, 1, ref=f"/strengths/{ref}"))
    return [Line(name, N_("on the map"), parts, _to("/strengths/", q=name)) for name, parts in named.values()]


def funded_ideas(asked: Asked) -> Sequence[Line]:
    """Each fund with the ideas that got money in the year, as the register tells them."""
    first, last = asked.days
    rows = db.session.execute(
        select(Fund.code, Fund.name, Award.area_id, func.count())
        .join(Award, Award.fund_id == Fund.id)
        .join(Application, Application.id == Award.application_id)
        .where(Award.decided_on >= first, Award.decided_on <= last, Application.decided == "yes", register.shown())
        .group_by(Fund.code, Fund.name, Award.area_id)
        .order_by(Fund.name)
    )
    funds: dict[str, tuple[str, list[Part]]] = {}
    for code, name, area_id, number in rows:
        funds.setdefault(code, (name, []))[1].append(Part(area_id, number))
    return [
        Line(name, N_("ideas with a grant"), parts, _to("/register/", fund=code, year=asked.year)) for code, (name, parts) in funds.items()
    ]


def sessions(asked: Asked) -> Sequence[Line]:
    """Sessions of the year that were not called off: those at hubs, and all others."""
    first, last = asked.days
    hub = case((Area.kind == "hub", 1), else_=0)
    rows = db.session.execute(
        select(hub, TimeSession.area_id, func.count())
        .join(Area, Area.id == TimeSession.area_id)
        .where(TimeSession.day >= first, TimeSession.day <= last, TimeSession.status != "cancelled")
        .group_by(hub, TimeSession.area_id)
    )
    found: dict[int, list[Part]] = {0: [], 1: []}
    for at_hub, area_id, number in rows:
        found[at_hub].append(Part(area_id, number))
    names = {1: _("Sessions at hubs"), 0: _("Sessions where hours are shared")}
    return [Line(names[which], N_("sessions in the year"), found[which]) for which in (1, 0) if found[which]]


def offers(_asked: Asked) -> Sequence[Line]:
    """What neighbours offer of their time today, where five or more do."""
    found: dict[int, list[int]] = {}
    for area_id, member_id in db.session.execute(select(Post.area_id, Post.member_id).where(Post.kind == "offer", posts.live())):
        found.setdefault(area_id, []).append(member_id)
    parts = [Part(area_id, len(members), frozenset(members)) for area_id, members in sorted(found.items())]
    return [Line(_("Neighbours offer their time"), N_("offers today"), parts, _to("/timebank/posts", kind="offer"))] if parts else []


def events(asked: Asked) -> Sequence[Line]:
    """Public events of the year that were not called off, by their kind."""
    first, last = asked.days
    rows = db.session.execute(
        select(Gathering.kind, Gathering.area_id, func.count())
        .where(PUBLIC, Gathering.status == "open", Gathering.day >= first, Gathering.day <= last)
        .group_by(Gathering.kind, Gathering.area_id)
    )
    found: dict[str, list[Part]] = {}
    for kind, area_id, number in rows:
        found.setdefault(kind, []).append(Part(area_id, number))
    return [
        Line(_(name), N_("events in the year"), found[kind], _to("/events/", kind=kind)) for kind, name in KINDS.items() if kind in found
    ]


def cards(_asked: Asked) -> Sequence[Line]:
    """Ideas that are on the wall today."""
    rows = db.session.execute(select(Idea.area_id, func.count()).where(on_the_wall()).group_by(Idea.area_id).order_by(Idea.area_id))
    parts = [Part(area_id, number) for area_id, number in rows]
    return [Line(_("Ideas on the wall"), N_("ideas today"), parts, _to("/ideas/"))] if parts else []


def gifts(_asked: Asked) -> Sequence[Line]:
    """Gifts and wishes on the boards today, where five people or groups or more have one."""
    found: dict[tuple[str, int], list[int]] = {}
    for kind, area_id, party_id in db.session.execute(select(GiftPost.kind, GiftPost.area_id, GiftPost.party_id).where(lists.live())):
        found.setdefault((kind, area_id), []).append(party_id)
    lines = []
    for kind, name in (("gift", _("Gifts on the boards")), ("wish", _("Wishes on the boards"))):
        parts = [Part(area_id, len(whose), frozenset(whose)) for (what, area_id), whose in sorted(found.items()) if what == kind]
        if parts:
            lines.append(Line(name, N_("today"), parts, _to("/gifts/", kind=kind)))
    return lines


def _to(path: str, **values: str) -> Callable[[str], str]:
    return lambda code: f"{path}?{urlencode({**values, 'area': code})}"


SOURCES: list[tuple[str, Callable[[Asked], Sequence[Line]]]] = [
    (N_("Small grants"), funded_ideas),
    (N_("Shared time"), sessions),
    (N_("Shared time"), offers),
    (N_("Gifts and ideas"), cards),
    (N_("Gifts and ideas"), gifts),
    (N_("Events"), events),
    (N_("On the map"), marked_entries),
]
