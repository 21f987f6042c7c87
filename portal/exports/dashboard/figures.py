"""The figures of a time, counted from the very rows that the files hold, so that dashboard, report and files cannot disagree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from portal.exports import achieved, files, grants, time, vcse
from portal.exports.filters import Filter
from portal.outcomes.rules import Sums

QUICK = "QSP-"  # how the reference of a quick spark begins
OFFERED, GRANTED = ("reserved",), ("conditions_open", "ready_to_pay", "paid", "reporting", "closed", "returned")


@dataclass
class Sum:
    """How many, and pence."""

    number: int = 0
    pence: int = 0

    def add(self, pence: int) -> None:
        self.number += 1
        self.pence += pence

    def take_off(self, pence: int) -> None:
        """One that was counted is none after all."""
        self.number -= 1
        self.pence -= pence


@dataclass
class Figures:
    """Sums of the days, the fund and the area of `chosen`. Grants by the day of the decision, money by the day it was paid."""

    chosen: Filter
    granted: Sum = field(default_factory=Sum)  # awards that were taken up or can be; offers that nobody took up are none
    offered: Sum = field(default_factory=Sum)  # of them: waiting for a yes
    bodies: Sum = field(default_factory=Sum)  # to community bodies, quick sparks among them: the total of E3
    quick: Sum = field(default_factory=Sum)  # quick sparks that were given on these days
    paid: Sum = field(default_factory=Sum)  # grants and quick sparks that reached somebody, less what the bank sent back
    back: Sum = field(default_factory=Sum)  # what payees gave back; negative pence: paid and back are the total of E4
    minutes: int | None = None  # hours given in the timebank, as E9 tells them; None where a fund is chosen
    estimate: int | None = None  # pence: hours x rate as E9 tells it, what they would cost; no cash. None where there is no rate
    rates: list[tuple[int, str]] = field(default_factory=list)  # of which it was made: pence an hour, and whose rate of which year
    achieved: Mapping[str, Sums] = field(default_factory=dict)  # of the awards of these days
    by_fund: dict[str, Sum] = field(default_factory=dict)
    by_ward: dict[str, Sum] = field(default_factory=dict)
    by_month: dict[date, tuple[Sum, Sum]] = field(default_factory=dict)  # granted, and paid less what came back

    @property
    def net(self) -> int:
        """Paid less what came back, in pence."""
        return self.paid.pence + self.back.pence


def read(chosen: Filter) -> Figures:
    """One pass over awards, one over E3, one over money, one over outcomes, one over hours; memory does not grow with the rows."""
    found = Figures(chosen, by_month={month: (Sum(), Sum()) for month in _months(chosen)})
    for award in grants.awards(chosen):
        if award.status not in (*OFFERED, *GRANTED):
            continue
        found.granted.add(award.amount)
        if award.status in OFFERED:
            found.offered.add(award.amount)
        found.by_fund.setdefault(award.fund, Sum()).add(award.amount)
        found.by_ward.setdefault(award.ward_name, Sum()).add(award.amount)
        found.by_month[award.decided_on.replace(day=1)][0].add(award.amount)
    for row in vcse.rows(chosen):
        amount = row[vcse.TOTAL]
        assert isinstance(amount, files.Money)
        found.bodies.add(amount.pence)
    for line in grants.money(chosen):
        if line.given_back or line.pence > 0:
            (found.back if line.given_back else found.paid).add(line.pence)
        else:
            found.paid.take_off(-line.pence)
        if line.ref.startswith(QUICK) and line.pence > 0:
            found.quick.add(line.pence)
        found.by_month[line.day.replace(day=1)][1].add(line.pence)
    found.achieved = achieved.by_heading(chosen)
    if not chosen.fund:
        add_hours(found, time.rows(chosen))
    return found


def add_hours(found: Figures, rows: Iterable[files.Row]) -> None:
    """Hours, and beside them what they would cost, from the lines of E9."""
    found.minutes = 0
    for row in rows:
        if isinstance(cell := row[time.HOURS], files.Hours):
            found.minutes += cell.minutes
        if isinstance(value := row[time.TOTAL], files.Money) and isinstance(rate := row[time.RATE], files.Money):
            found.estimate = (found.estimate or 0) + value.pence
            if (of := (rate.pence, str(row[time.SOURCE] or ""))) not in found.rates:
                found.rates.append(of)


def most(sums: Mapping[str, Sum]) -> list[tuple[str, Sum]]:
    """The greatest first, then by name."""
    return sorted(sums.items(), key=lambda each: (-each[1].pence, each[0]))


def _months(chosen: Filter) -> list[date]:
    months, month = [], chosen.first_day.replace(day=1)
    while month <= chosen.last_day:
        months.append(month)
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    return months
