"""One book for the whole borough: what areas owe each other in time, and what happens when two areas become one.

A clearing account grows by what members of its area received from elsewhere and falls by what they gave there. All of them
together are always zero.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, func, select, update

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Refused
from portal.events.model import Gathering
from portal.few import FEW
from portal.history import Actor, record
from portal.ledger import queries as books
from portal.ledger.model import Account, State
from portal.ledger.posting import Line, post
from portal.money import Minutes
from portal.people.model import Person
from portal.places.model import Area
from portal.places.queries import LIES_IN, Kept, outside_of
from portal.places.queries import area as area_of
from portal.timebank.members import clearing, open_books_of, pot
from portal.timebank.model import Exchange, Member
from portal.timebank.neighbours_model import STANDS, NeighbourQuestion
from portal.timebank.posts_model import Post
from portal.timebank.rules import TimeRules
from portal.timebank.sessions_model import TimeSession
from portal.timebank.spend_model import SpendOffer
from portal.words import _, _n


@dataclass(frozen=True)
class Position:
    """An area among the others, in minutes. `net` above zero: its members received so much more from elsewhere than they gave. `places`:
    how many areas it stands for together, when in one of them alone a figure would tell what a neighbour did.
    """

    name: str
    code: str
    members: int
    gave: Minutes
    received: Minutes
    pot: Minutes
    places: int = 1

    @property
    def net(self) -> Minutes:
        return Minutes(self.received - self.gave)


def positions() -> Sequence[Position]:
    """All areas that have members or have had hours, by name. One query."""
    count = select(func.count()).where(Member.area_id == Area.id, Member.status != "left").scalar_subquery()
    kept = Account.__table__.alias("pot"), State.__table__.alias("pot_state")
    in_pot = (
        select(kept[1].c.credits - kept[1].c.debits)
        .join_from(kept[0], kept[1], kept[1].c.account_id == kept[0].c.id)
        .where(kept[0].c.code == "pot:" + Area.code)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Area.name, Area.code, count, State.debits, State.credits, func.coalesce(in_pot, 0))
        .join(Account, Account.code == "area:" + cast(Area.code, Text) + ":clearing")
        .join(State, State.account_id == Account.id)
        .order_by(Area.name)
    )
    return [
        Position(name, code, number, Minutes(gave), Minutes(received), Minutes(pot_)) for name, code, number, gave, received, pot_ in rows
    ]


def told_to_all(found: Sequence[Position]) -> Sequence[Position]:
    """The same for everybody to read: areas with fewer than FEW members are told together, with the next smallest while they are still
    few or only one, because the others would give it away.
    """
    by_size = sorted(found, key=lambda each: (each.members, each.name))
    few = [each for each in by_size if each.members < FEW]
    while few and len(few) < len(by_size) and (len(few) < 2 or sum(each.members for each in few) < FEW):
        few.append(by_size[len(few)])
    if not few:
        return found
    if sum(each.members for each in few) < FEW:
        return []
    gave, received, kept = (sum(getattr(each, part) for each in few) for part in ("gave", "received", "pot"))
    together = Position("", "", sum(each.members for each in few), Minutes(gave), Minutes(received), Minutes(kept), len(few))
    return [*(each for each in found if each not in few), together]


def nets(areas: Collection[Area]) -> Mapping[int, Minutes]:
    """The net position of each of these areas, by id. One query."""
    found = books.balances([clearing(area) for area in areas])
    return {area.id: Minutes(found[clearing(area)]) for area in areas}


def crossed(giver: Area, receiver: Area, minutes: int, rules: TimeRules) -> Sequence[Area]:
    """Areas whose net position went over the soft limit by what was just posted between them."""
    if giver.id == receiver.id or not rules.area_limit:
        return []
    now = nets((giver, receiver))
    moved = {giver.id: -minutes, receiver.id: minutes}
    return [area for area in (giver, receiver) if abs(now[area.id]) > rules.area_limit >= abs(now[area.id] - moved[area.id])]


def join_areas(old_code: str, new_code: str, reason: str, actor: Actor) -> int:
    """The time of one area becomes another's: members, who lives there, pot and net position move, and what is still to come; the past stays.

    Returns how many members moved. What is open between members settles in the new area. Again moves what is left, which is nothing. Refused: the same area, no reason, an area that is not in use.
    """
    with transaction():
        old, new = _two(old_code, new_code)
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        ids = db.session.scalars(select(Member.id).where(Member.area_id == old.id).order_by(Member.id).with_for_update()).all()
        db.session.execute(update(Member).where(Member.id.in_(ids)).values(area_id=new.id))
        for area in (old, new):
            open_books_of(area)
        db.session.execute(update(Person).where(Person.area_id == old.id, Person.deleted_at.is_(None)).values(area_id=new.id))
        _move_what_is_to_come(old, new)
        _move(old, new, actor, reason)
        record(f"area:{old.id}", "time_joined", actor, reason=reason, into=new.code, members=len(ids))
        return len(ids)


def _two(old_code: str, new_code: str) -> tuple[Area, Area]:
    old, new = area_of(old_code), area_of(new_code)
    if old.id == new.id:
        raise Refused(_("Choose two different areas."), "new")
    if new.archived_at is not None or new.kind == "scheme":
        raise Refused(_("Choose an area that is in use."), "new")
    return old, new


@dataclass(frozen=True)
class Joining:
    """What would move when two areas are joined. `inside`: the new one lies in the old one, which is seldom what somebody wants."""

    old: Area
    new: Area
    members: int
    people: int
    to_come: int  # posts, sessions, offers
    pot: Minutes
    inside: bool


def joining(old_code: str, new_code: str) -> Joining:
    """To look at before it is done. Refused as for `join_areas`. Six queries."""
    old, new = _two(old_code, new_code)

    def number(*of: ColumnElement[bool]) -> Any:
        return select(func.count()).where(*of).scalar_subquery()

    row = db.session.execute(
        select(
            number(Member.area_id == old.id, Member.status != "left"),
            number(Person.area_id == old.id, Person.deleted_at.is_(None)),
            *(number(column == old.id, still) for column, still in living() if column.key == "area_id"),
        )
    ).one()
    inside = old.id in set(db.session.scalars(outside_of(new.id)))
    return Joining(old, new, row[0], row[1], sum(row[2:]), Minutes(books.balance(pot(old))), inside)


def living() -> Sequence[tuple[Any, ColumnElement[bool]]]:
    """Of what is in an area: what goes along, and which of it is not over."""
    return (
        (Post.area_id, Post.status.in_(("open", "paused"))),
        (Gathering.area_id, and_(Gathering.status.in_(("held", "open")), Gathering.day >= clock.today())),
        (TimeSession.area_id, TimeSession.status == "open"),
        (TimeSession.pot_id, TimeSession.status == "open"),
        (SpendOffer.area_id, SpendOffer.status != "ended"),
        (NeighbourQuestion.pot_id, NeighbourQuestion.status.in_(STANDS)),
    )


def _move_what_is_to_come(old: Area, new: Area) -> None:
    """Events that are to come, posts and offers that are not over, sessions that are open, and who asks for hours of the old pot."""
    must_be_in_transaction()
    for column, still in living():
        db.session.execute(update(column.class_).where(column == old.id, still).values({column: new.id}))


def _move(old: Area, new: Area, actor: Actor, reason: str) -> None:
    must_be_in_transaction()
    lines = []
    for account in (clearing, pot):
        has = books.balance(account(old))
        if has > 0:
            lines.append(Line(account(old), account(new), has))
        elif has < 0:
            lines.append(Line(account(new), account(old), -has))
    if lines:
        number = len(books.entries_about(f"area:{old.id}")) + 1
        post(
            lines, key=f"area:{old.id}:joined:{number}", kind="areas joined", about=f"area:{old.id}", sentence=_("%(old)s became a part of %(new)s", old=old.name, new=new.name),
            actor=actor.code, basis=reason,
        )  # fmt: skip


def _cards_in(area: Area) -> Kept | None:
    number = db.session.scalar(select(func.count()).where(Member.area_id == area.id, Member.status != "left")) or 0
    told = _n(
        "One member of the timebank has their card here. Join this area with another one first.",
        "%(num)d members of the timebank have their cards here. Join this area with another one first.",
        number,
    )
    return Kept(told, f"/timebank/areas?old={area.code}#join", _("Join it with another area")) if number else None


LIES_IN.append(_cards_in)


def of_exchange(exchange: Exchange) -> Sequence[tuple[str, Minutes]]:
    """Names and net positions of the two areas, when an exchange is between two that are not small. Two queries, or none."""
    giver, receiver = exchange.giver.area, exchange.receiver.area
    if giver.id == receiver.id:
        return []
    there = select(func.count()).where(Member.area_id.in_((giver.id, receiver.id)), Member.status != "left").group_by(Member.area_id)
    sizes = db.session.scalars(there).all()
    if len(sizes) < 2 or min(sizes) < FEW:
        return []
    found = nets((giver, receiver))
    return [(area.name, found[area.id]) for area in (giver, receiver)]
