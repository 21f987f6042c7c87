"""Hours that stand under both cards of one person and may be the same hour, written down twice: asked about before the cards are joined."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from portal.db import db
from portal.money import Minutes
from portal.people.access import Who
from portal.timebank import exchange as exchanges
from portal.timebank import session_closing
from portal.timebank.givers_day import session_giver, session_minutes
from portal.timebank.model import OPEN, Exchange, Member
from portal.timebank.queries import WITH_NAMES, plain
from portal.timebank.sessions_model import Attendance, TimeSession

SAME, OTHER = "same", "other"


@dataclass(frozen=True)
class Hour:
    """Hours of one card, of an exchange or (`line`) of a session: how they are named, the day, whether the card gave, the other account."""

    ref: str
    line: int | None
    words: str
    day: date
    gave: bool
    other: str
    minutes: Minutes
    purpose_id: int | None
    settled: bool

    @property
    def key(self) -> str:
        return f"{self.ref}.{self.line}" if self.line else self.ref


@dataclass(frozen=True)
class Twins:
    """An hour of the card that ends, and one of the card that stays."""

    old: Hour
    new: Hour

    @property
    def key(self) -> str:
        return f"{self.old.key}:{self.new.key}"


def twins(old: Member, new: Member) -> Sequence[Twins]:
    """Pairs on one day, given by both cards or received by both, with the same other side and minutes, or for one idea. Two queries."""
    hours: dict[int, list[Hour]] = {old.id: [], new.id: []}
    for whose, hour in [*_of_exchanges(list(hours)), *_of_sessions(list(hours))]:
        hours[whose].append(hour)
    pairs = product(hours[old.id], hours[new.id])
    return [Twins(one, other) for one, other in pairs if _may_be_one(one, other)]


def _may_be_one(one: Hour, other: Hour) -> bool:
    if (one.day, one.gave) != (other.day, other.gave):
        return False
    alike = (one.other, one.minutes) == (other.other, other.minutes)
    return alike or (one.purpose_id is not None and one.purpose_id == other.purpose_id)


def take_back(some: Sequence[Twins], said: Mapping[str, str], reason: str, who: Who) -> None:
    """Of each pair that is the SAME hour, what stands under the card that ends is taken back, each by an action of its own; with its work.

    Refused: as for `exchange.put_right`, `exchange.decide` and `session_closing.put_right`.
    """
    for hour in {each.old.key: each.old for each in some if said.get(each.key) == SAME}.values():
        if hour.line is not None:
            session_closing.put_right(hour.ref, hour.line, 0, reason, who, shown=hour.minutes)
        elif hour.settled:
            exchanges.put_right(hour.ref, 0, reason, who)
        else:
            exchanges.decide(hour.ref, 0, reason, who)


def taken(some: Sequence[Twins], said: Mapping[str, str]) -> Minutes:
    """How much less the card that ends has after `take_back`; below zero: how much more. Of what nobody has said yet: what helps it."""
    same = {each.old.key: each.old for each in some if said.get(each.key, OTHER if each.old.gave else SAME) == SAME}.values()
    return Minutes(sum(hour.minutes if hour.gave else -hour.minutes for hour in same if hour.settled))


def unanswered(some: Sequence[Twins], said: Mapping[str, str]) -> Collection[str]:
    """Keys of the pairs of which nobody has said whether they are one hour."""
    return [each.key for each in some if said.get(each.key) not in (SAME, OTHER)]


def _of_exchanges(ids: Collection[int]) -> list[tuple[int, Hour]]:
    query = select(Exchange).where(or_(Exchange.giver_id.in_(ids), Exchange.receiver_id.in_(ids)), Exchange.status.in_((*OPEN, "settled")))
    found = []
    for each in db.session.scalars(query.options(*WITH_NAMES, joinedload(Exchange.work)).order_by(Exchange.day, Exchange.id)):
        purpose = each.work.purpose_id if each.work is not None and each.work.refused_at is None else None
        minutes = each.settled_minutes or each.minutes
        for mine, other in ((each.giver_id, each.receiver_id), (each.receiver_id, each.giver_id)):
            if mine in ids:
                gave = mine == each.giver_id
                hour = Hour(each.ref, None, plain(each), each.day, gave, f"member:{other}", minutes, purpose, each.status == "settled")
                found.append((mine, hour))
    return found


def _of_sessions(ids: Collection[int]) -> list[tuple[int, Hour]]:
    query = (
        select(Attendance, TimeSession, session_giver(), session_minutes())
        .join(TimeSession, TimeSession.id == Attendance.session_id)
        .where(Attendance.member_id.in_(ids), TimeSession.status == "closed", TimeSession.reversed_at.is_(None), session_minutes() > 0)
        .options(joinedload(Attendance.work))
    )
    found = []
    for row, session, giver, minutes in db.session.execute(query.order_by(TimeSession.day, Attendance.id)).tuples():
        assert row.member_id is not None and minutes is not None
        gave = giver == row.member_id
        payer = session.payer_id if gave else session.giver_id
        other = f"member:{payer}" if payer is not None else f"pot:{session.pot_id}"
        purpose = row.work.purpose_id if row.work is not None and row.work.refused_at is None else None
        found.append((row.member_id, Hour(session.ref, row.id, session.title, session.day, gave, other, minutes, purpose, True)))
    return found
