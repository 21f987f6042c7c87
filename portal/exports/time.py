"""E9: time credits by month, ward and kind of help; and a member's own statement as a file.

Hours first: the value is hours x rate (the one in force on the first day of the month), a replacement-cost estimate of the council's own, and no cash; without a rate there is none.
Cells with fewer than five people are told together, without ward and kind, with so many others that nobody is known by them. Of a month
with fewer than five people the file says only that.
"""

from collections.abc import Iterator
from datetime import date

from portal.db import db
from portal.exports import files
from portal.exports.filters import Filter
from portal.money import Pence, match_value
from portal.places.queries import wards_on, within
from portal.settings import rates
from portal.timebank import figures, members, queries
from portal.timebank.model import Member
from portal.timebank.rules import TimeRules

VERSION = "1"
BASES = ("given",)  # the day on which the hours were given
COLUMNS = ("Month", "Ward code", "Activity type", "People", "Hours given", "Hours received", "Rate", "Rate source", "Value")
DAY_FORMAT = "%Y-%m-%d"
TOTAL, HOURS = COLUMNS.index("Value"), COLUMNS.index("Hours given")
RATE, SOURCE = COLUMNS.index("Rate"), COLUMNS.index("Rate source")
TOGETHER = "Several kinds, some with fewer than five people"
FEW = "Fewer than five people"  # all of a month: neither their hours nor their number are told
STATEMENT = ("Day", "Entered on", "What", "Kind", "Hours", "Balance in hours", "Number")


def rows(chosen: Filter) -> Iterator[files.Row]:
    """One row a month, ward and kind of help within the days of the filter, in this order. The ward as it stands on the last day."""
    rules = members.rules() or TimeRules()
    inside = set(db.session.scalars(within(chosen.area))) if chosen.area else None
    codes = {id_: code for id_, (code, _name) in wards_on(chosen.last_day).items() if inside is None or id_ in inside}
    found = figures.publishable(figures.cells(chosen.first_day, chosen.last_day, codes))
    for (month, code, kind), cell in sorted(found.items()):
        if cell.number is None:
            yield (month, "", FEW, None, None, None, None, None, None)
            continue
        pence, source = _rate(month, rules)
        rate, value = (files.Money(pence), files.Money(match_value(cell.given, pence))) if pence else (None, None)
        yield (
            month, code, kind or TOGETHER, cell.number, files.Hours(cell.given), files.Hours(cell.received), rate, source or None, value,
        )  # fmt: skip


def _rate(month: str, rules: TimeRules) -> tuple[Pence, str]:
    """Pence an hour on the first day of a month "2026-07", and whose they are: as the scheme says, else as the timebank's rules do."""
    said = rates.in_force("figures", date.fromisoformat(f"{month[:7]}-01"))
    return (said.pence, said.named) if said is not None else (rules.figure_rate, rules.figure_source)


def statement(member: Member) -> Iterator[files.Row]:
    """All lines of a member, newest first; read in pages, so that a long one needs no more room than a short one."""
    before: int | None = None
    while lines := queries.statement(member, before, 200):
        for line in lines:
            yield (line.day, line.entered, line.sentence, line.note, files.Hours(line.minutes), files.Hours(line.after), line.ref)
        before = lines[-1].sequence
