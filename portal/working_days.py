"""Days on which the council works: Monday to Friday without the bank holidays of England. Pure functions of days."""

from collections.abc import Container
from datetime import date, timedelta
from functools import cache

import holidays


@cache
def _bank_holidays(year: int) -> Container[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_working_day(day: date) -> bool:
    """Whether letters are answered on this day."""
    return day.weekday() < 5 and day not in _bank_holidays(day.year)


def working_days_after(day: date, number: int) -> date:
    """The day that is so many working days after `day`, which itself is not counted: the next working day is the first.

    That day counts to its end: who has until Friday 4 July has until midnight in London.
    """
    while number > 0:
        day += timedelta(days=1)
        number -= is_working_day(day)
    return day


def working_days_between(day: date, later: date) -> int:
    """How many working days come after `day` up to and with `later`; 0 when it is not later."""
    return sum(is_working_day(day + timedelta(days=number)) for number in range(1, (later - day).days + 1))
