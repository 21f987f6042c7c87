"""What every export can be narrowed by. An export is a pure function of the books and one of these."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.errors import NotFound, Refused
from portal.grants import queries as grants
from portal.ledger.model import Entry
from portal.money import financial_year, year_bounds
from portal.people.model import Person
from portal.places import queries as places
from portal.words import N_, _

MOST_YEARS = 60  # a slip in an old date makes no endless list
BASES = {"awarded": N_("The day of the decision"), "paid": N_("The day of the payment")}
PARTS = {
    "": N_("The whole year"),
    "q1": N_("April to June"), "q2": N_("July to September"), "q3": N_("October to December"), "q4": N_("January to March"),
    "m4": N_("April"), "m5": N_("May"), "m6": N_("June"), "m7": N_("July"), "m8": N_("August"), "m9": N_("September"), "m10": N_("October"),
    "m11": N_("November"), "m12": N_("December"), "m1": N_("January"), "m2": N_("February"), "m3": N_("March"),
}  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """Days are inclusive, Europe/London. `basis` says which date of an award they judge: the decision, or the payment."""

    first_day: date
    last_day: date
    basis: str = "awarded"
    fund: str = ""  # code
    area: str = ""  # code; what lies in it counts too
    changed_since: datetime | None = None
    as_at: date | None = None  # what was paid by the end of this day; today when not said

    @property
    def until(self) -> date:
        return self.as_at or clock.today()

    def as_json(self) -> dict[str, Any]:
        """For the manifest and the log."""
        return {
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "basis": self.basis,
            "fund": self.fund,
            "area": self.area,
            "changed_since": self.changed_since.astimezone(UTC).isoformat() if self.changed_since else "",
            "as_at": self.until.isoformat(),
        }


def of_year(year: str | None = None, basis: str = "awarded", fund: str = "", area: str = "", part: str = "") -> Filter:
    """A financial year such as `2026-27` (this one when not said), or a quarter or month of it.

    Refused: no year, no basis, no part of the year; a fund or an area that is not there.
    """
    try:
        first, last = year_bounds(year or financial_year(clock.today()))
    except ValueError as why:
        raise Refused(_("Write the financial year like 2026-27."), "year") from why
    if basis not in BASES:
        raise Refused(_("Choose whether the year goes by the day of the decision or of the payment: awarded or paid."), "basis")
    if part not in PARTS:
        raise Refused(_("Choose a part of the year: q1 to q4, or m1 to m12 for a month."), "part")
    if fund:
        try:
            grants.fund_by_code(fund)
        except NotFound as why:
            raise Refused(_("There is no fund called %(name)s.", name=fund), "fund") from why
    if area and places.area_by_code(area) is None:
        raise Refused(_("There is no area called %(name)s.", name=area), "area")
    return Filter(*_days(first, last, part), basis, fund, area)


def years() -> list[str]:
    """The financial years that may be asked for: this one, and those before it back to the first in which the scheme has anything. One query."""
    now = _begin(clock.today())
    joined, entered = db.session.execute(
        select(select(func.min(Person.joined_at)).scalar_subquery(), select(func.min(Entry.effective_on)).scalar_subquery())
    ).one()
    days = [day for day in (entered, joined and clock.london_day(joined)) if day is not None]
    first = max(min(map(_begin, days), default=now), now - MOST_YEARS)
    return [f"{year}-{(year + 1) % 100:02d}" for year in range(now, first - 1, -1)]


def _begin(day: date) -> int:
    return int(financial_year(day)[:4])


def _days(first: date, last: date, part: str) -> tuple[date, date]:
    """First and last day of a quarter or month of the year that begins on `first`."""
    if not part:
        return first, last
    number = int(part[1:])
    month = 3 * number + 1 if part[0] == "q" else number + (12 if number < 4 else 0)
    after = _month(first.year, month + (3 if part[0] == "q" else 1))
    return _month(first.year, month), after - timedelta(days=1)


def _month(year: int, month: int) -> date:
    """The first day of a month counted from January of `year`; 13 is the next January."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
