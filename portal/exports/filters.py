"""What every export can be narrowed by. An export is a pure function of the books and one of these."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portal import clock
from portal.errors import Refused
from portal.money import financial_year, year_bounds
from portal.words import _

BASES = ("awarded", "paid")


@dataclass(frozen=True)
class Filter:
    """Days are inclusive, Europe/London. `basis` says which date of an award they judge: the decision, or the payment."""

    first_day: date
    last_day: date
    basis: str = "awarded"
    fund: str = ""  # code
    area: str = ""  # code
    changed_since: datetime | None = None
    as_at: date | None = None  # what was paid by the end of this day; today when not said

    @property
    def until(self) -> date:
        return self.as_at or clock.today()

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "basis": self.basis,
            "fund": self.fund,
            "area": self.area,
            "changed_since": self.changed_since.isoformat() if self.changed_since else "",
            "as_at": self.until.isoformat(),
        }


def of_year(year: str | None = None, basis: str = "awarded", fund: str = "", area: str = "") -> Filter:
    """A financial year such as `2026-27` (this one when not said). Refused when it is no year or no basis."""
    try:
        first, last = year_bounds(year or financial_year(clock.today()))
    except ValueError as why:
        raise Refused(str(why), "year") from why
    if basis not in BASES:
        raise Refused(_("Choose whether the year goes by the day of the decision or of the payment."), "basis")
    return Filter(first, last, basis, fund, area)
