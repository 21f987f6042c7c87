"""The only source of time. Instants are UTC; the days that people see are Europe/London."""

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

_held: datetime | None = None


def now() -> datetime:
    """The present instant, aware, UTC."""
    return _held or datetime.now(UTC)


def today() -> date:
    """The present day in Europe/London."""
    return london_day(now())


def in_words(day: date) -> str:
    """ "Saturday 4 July 2026"."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def london_day(instant: datetime) -> date:
    """The day in Europe/London on which an aware instant falls."""
    return instant.astimezone(LONDON).date()


def months_on(day: date, months: int) -> date:
    """The same day so many months later (or earlier), or the last of a month that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def end_of_day(day: date) -> datetime:
    """The last second of a London day, as a UTC instant: a round that closes on a day closes then."""
    return datetime.combine(day, time(23, 59, 59), LONDON).astimezone(UTC)


def start_of_day(day: date) -> datetime:
    """The first instant of a London day, UTC."""
    return datetime.combine(day, time(0), LONDON).astimezone(UTC)


@contextmanager
def held_at(instant: datetime) -> Iterator[None]:
    """Hold the clock still (for tests and for the demo scheme, which writes its own past)."""
    global _held
    before = _held
    _held = instant.astimezone(UTC)
    try:
        yield
    finally:
        _held = before
