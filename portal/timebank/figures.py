"""Figures of the timebank, in which nobody is counted twice and no small number shows (design 1, Privacy: fewer than five).

Hours are dated by the day on which they were given, and belong to the areas in which the two lived when they were put in the
books. An hour counts as given where the giver lives and as received where the receiver lives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import CompoundSelect, case, select, union_all

from portal import clock
from portal.db import db
from portal.few import FEW
from portal.money import Minutes
from portal.timebank import givers_day
from portal.timebank.model import Category, Exchange
from portal.timebank.sessions_model import Attendance, TimeSession

YEAR = timedelta(days=365)


@dataclass
class Cell:
    """One month, area and kind of help: who took part (member ids), minutes given there and received there."""

    people: set[int] = field(default_factory=set)
    given: int = 0
    received: int = 0

    def add(self, other: "Cell") -> None:
        self.people |= other.people
        self.given += other.given
        self.received += other.received

    @property
    def number(self) -> int | None:
        """How many people, or None when they are so few that they could be known."""
        return len(self.people) if len(self.people) >= FEW else None


Key = tuple[str, str, str]  # "2026-11", place, kind of help
K = TypeVar("K", str, Key)


def moved(first: date, last: date) -> CompoundSelect[date, int, int | None, int | None, int | None, Minutes | None, str]:
    """Every hour in the books between two days, of exchanges and of sessions: day, giver, giver's area, receiver, receiver's area,
    minutes, kind. A session belongs to the area in which it was; nobody received what a community pot paid.
    """
    exchanges = (
        select(
            Exchange.day, Exchange.giver_id.label("giver"), Exchange.giver_area_id, Exchange.receiver_id.label("receiver"), Exchange.receiver_area_id,
            Exchange.settled_minutes.label("minutes"), Category.name,
        )
        .join(Category, Category.id == Exchange.category_id)
        .where(Exchange.status == "settled", Exchange.day >= first, Exchange.day <= last)
    )  # fmt: skip
    figure = givers_day.session_minutes()
    giver = givers_day.session_giver()
    receiver = case((givers_day.FROM_MANY, Attendance.member_id), else_=TimeSession.payer_id)
    together = (
        select(TimeSession.day, giver, TimeSession.area_id, receiver, TimeSession.area_id, figure, Category.name)
        .join(TimeSession, TimeSession.id == Attendance.session_id)
        .join(Category, Category.id == TimeSession.category_id)
        .where(TimeSession.status == "closed", TimeSession.reversed_at.is_(None), Attendance.member_id.is_not(None), figure > 0)
        .where(TimeSession.day >= first, TimeSession.day <= last)
    )
    return union_all(exchanges, together)


def cells(first: date, last: date, place_of: Mapping[int, str]) -> Mapping[Key, Cell]:
    """All cells between two days, inclusive; `place_of` names the place of each area that is to be told apart, by area id; hours of
    others are left out. One query, streamed.
    """
    found: dict[Key, Cell] = {}
    for day, giver, giver_area, receiver, receiver_area, minutes, kind in db.session.execute(moved(first, last)).yield_per(1000):
        month = f"{day:%Y-%m}"
        assert minutes is not None, "what is settled has a figure"
        if giver_area is not None and giver_area in place_of:
            gave = found.setdefault((month, place_of[giver_area], kind), Cell())
            gave.people.add(giver)
            gave.given += minutes
        if receiver_area is not None and receiver_area in place_of:
            got = found.setdefault((month, place_of[receiver_area], kind), Cell())
            if receiver is not None:
                got.people.add(receiver)
            got.received += minutes
    return found


def publishable(found: Mapping[Key, Cell]) -> Mapping[Key, Cell]:
    """The same hours without small cells: those of a month with fewer than five people are one line without place and kind."""
    by_month: dict[str, dict[Key, Cell]] = {}
    for key, cell in found.items():
        by_month.setdefault(key[0], {})[key] = cell
    return {key: cell for month, some in by_month.items() for key, cell in _without_few(some, (month, "", "")).items()}


def by(found: Mapping[Key, Cell], part: int) -> Mapping[str, Cell]:
    """The same hours by month (0), place (1) or kind of help (2), each person once in each; small ones are one line, ""."""
    whole: dict[str, Cell] = {}
    for key, cell in found.items():
        whole.setdefault(key[part], Cell()).add(cell)
    return _without_few(whole, "")


def _without_few(found: Mapping[K, Cell], rest: K) -> Mapping[K, Cell]:
    """Cells of few people as one, with the smallest others as long as that one has few itself: what is left of a sum tells nobody."""
    small_first = sorted(found, key=lambda key: (len(found[key].people), key))
    together = Cell()
    while small_first and (found[small_first[0]].number is None or (together.people and together.number is None)):
        together.add(found[small_first.pop(0)])
    shown = {key: found[key] for key in small_first}
    return shown | {rest: together} if together.people or together.given or together.received else shown


def months(count: int = 12) -> Sequence[tuple[date, date]]:
    """First and last day of the last `count` months, the latest first."""
    found = []
    last = clock.today()
    for _each in range(count):
        first = last.replace(day=1)
        found.append((first, last))
        last = first - timedelta(days=1)
    return found
