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
from portal.history import Actor, record
from portal.ledger import queries as books
from portal.ledger.model import Account, State
from portal.ledger.posting import Line, post
from portal.money import Minutes
from portal.places.model import Area
from portal.places.queries import area as area_of
from portal.timebank.members import clearing, open_books_of, pot
from portal.timebank.model import Exchange, Member
from portal.timebank.neighbours_model import STANDS, NeighbourQuestion
from portal.timebank.posts_model import Post
from portal.timebank.rules import TimeRules
from portal.timebank.sessions_model import TimeSession
from portal.timebank.spend_model import SpendOffer
from portal.words import _


@dataclass(frozen=True)
class Position:
    """An area among the others, in minutes. `net` above zero: its members received so much more from elsewhere than they gave."""

    name: str
    code: str
    members: int
    gave: Minutes
    received: Minutes
    pot: Minutes

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
    """The time of one area becomes another's: members, pot and net position move, and what is still to come there; the past stays.

    Returns how many members moved. What is open between members settles in the new area. Again moves what is left, which is nothing. Refused: the same area, no reason, an area that is not in use.
    """
    with transaction():
        old, new = area_of(old_code), area_of(new_code)
        if old.id == new.id:
            raise Refused(_("Choose two different areas."), "new")
        if new.archived_at is not None or new.kind == "scheme":
            raise Refused(_("Choose an area that is in use."), "new")
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        ids = db.session.scalars(select(Member.id).where(Member.area_id == old.id).order_by(Member.id).with_for_update()).all()
        db.session.execute(update(Member).where(Member.id.in_(ids)).values(area_id=new.id))
        for area in (old, new):
            open_books_of(area)
        _move_what_is_to_come(old, new)
        _move(old, new, actor, reason)
        record(f"area:{old.id}", "time_joined", actor, reason=reason, into=new.code, members=len(ids))
        return len(ids)


def _move_what_is_to_come(old: Area, new: Area) -> None:
    """Events that are to come, posts and offers that are not over, sessions that are open, and who asks for hours of the old pot."""
    must_be_in_transaction()
    living: Sequence[tuple[Any, ColumnElement[bool]]] = (
        (Post.area_id, Post.status.in_(("open", "paused"))),
        (Gathering.area_id, and_(Gathering.status.in_(("held", "open")), Gathering.day >= clock.today())),
        (TimeSession.area_id, TimeSession.status == "open"),
        (TimeSession.pot_id, TimeSession.status == "open"),
        (SpendOffer.area_id, SpendOffer.status != "ended"),
        (NeighbourQuestion.pot_id, NeighbourQuestion.status.in_(STANDS)),
    )
    for column, still in living:
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


def of_exchange(exchange: Exchange) -> Sequence[tuple[str, Minutes]]:
    """Names and net positions of the two areas, when an exchange is between two. One query, or none."""
    giver, receiver = exchange.giver.area, exchange.receiver.area
    if giver.id == receiver.id:
        return []
    found = nets((giver, receiver))
    return [(area.name, found[area.id]) for area in (giver, receiver)]
