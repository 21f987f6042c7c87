"""Days on which people in England work: Monday to Friday without the bank holidays, and without days off of one's own. Pure functions of days.

What the council promises is reckoned by `portal.settings.days_off`, which knows the scheme's days off. Banks work on those: their days are these.
"""

from collections.abc import Container, Mapping
from datetime import date, timedelta
from functools import cache

import holidays

NONE: Container[date] = frozenset()


@cache
def bank_holidays(year: int) -> Mapping[date, str]:
    """The bank holidays of England in a year, with their names."""
    return dict(sorted(holidays.country_holidays("GB", subdiv="ENG", years=year).items()))


def is_working_day(day: date, off: Container[date] = NONE) -> bool:
    """Whether letters are answered on this day. `off`: days on which they are not, beside the bank holidays."""
    return day.weekday() < 5 and day not in bank_holidays(day.year) and day not in off


def working_days_after(day: date, number: int, off: Container[date] = NONE) -> date:
    """The day that is so many working days after `day`, which itself is not counted: the next working day is the first.

    That day counts to its end: who has until Friday 4 July has until midnight in London.
    """
    while number > 0:
        day += timedelta(days=1)
        number -= is_working_day(day, off)
    return day


def working_days_between(day: date, later: date, off: Container[date] = NONE) -> int:
    """How many working days come after `day` up to and with `later`; 0 when it is not later."""
    return sum(is_working_day(day + timedelta(days=number), off) for number in range(1, (later - day).days + 1))
