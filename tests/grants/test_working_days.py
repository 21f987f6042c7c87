"""Working days of England: weekends, Easter, Christmas on any weekday, leap days, days that a king adds."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.working_days import is_working_day, working_days_after, working_days_between

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("day", "number", "then"),
    [
        (date(2026, 6, 1), 10, date(2026, 6, 15)),  # two plain weeks
        (date(2026, 6, 5), 1, date(2026, 6, 8)),  # from a Friday
        (date(2026, 6, 6), 1, date(2026, 6, 8)),  # from a Saturday: Monday is the first
        (date(2026, 6, 7), 10, date(2026, 6, 19)),  # from a Sunday
        (date(2026, 12, 23), 1, date(2026, 12, 24)),
        (date(2026, 12, 23), 2, date(2026, 12, 29)),  # Boxing Day is a Saturday, so Monday is free
        (date(2027, 12, 24), 1, date(2027, 12, 29)),  # both on a weekend: Monday and Tuesday are free
        (date(2027, 12, 17), 10, date(2028, 1, 5)),  # New Year's Day on a Saturday too
        (date(2026, 4, 1), 10, date(2026, 4, 17)),  # Good Friday and Easter Monday
        (date(2027, 3, 24), 2, date(2027, 3, 30)),
        (date(2028, 2, 28), 1, date(2028, 2, 29)),  # there is a 29 February, and it is a Tuesday
        (date(2028, 2, 29), 1, date(2028, 3, 1)),
        (date(2027, 2, 28), 1, date(2027, 3, 1)),
        (date(2026, 5, 1), 20, date(2026, 6, 2)),  # two bank holidays in May
        (date(2026, 8, 28), 1, date(2026, 9, 1)),  # the last Monday in August; Scotland works
        (date(2022, 6, 1), 1, date(2022, 6, 6)),  # a Thursday and a Friday for the Queen
        (date(2026, 6, 1), 0, date(2026, 6, 1)),
    ],
)
def test_so_many_working_days_after(day: date, number: int, then: date) -> None:
    assert working_days_after(day, number) == then


@given(DAYS, st.integers(1, 30))
def test_it_ends_on_a_working_day_and_counts_back(day: date, number: int) -> None:
    then = working_days_after(day, number)
    assert is_working_day(then)
    assert working_days_between(day, then) == number
    assert working_days_after(day, number + 1) > then
    assert then - day >= timedelta(days=number)


def test_nothing_lies_between_a_day_and_an_earlier_one() -> None:
    assert working_days_between(date(2026, 6, 10), date(2026, 6, 1)) == 0
