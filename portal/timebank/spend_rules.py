"""The rules of spend offers, pure: when they count, who may book ahead, and what is too much like cash.

Times of a day are minutes after midnight in Europe/London; a week begins on Monday (0).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from portal import clock
from portal.cash import CASH, CHANCE, DRINK, PRICE, SMOKE, CashLike
from portal.words import N_, _

AHEAD = 28  # days for which places can be booked
EARLY = timedelta(minutes=30)  # so long before a time begins the till takes hours for it
MARKS, MARK_DAYS, PAUSE_DAYS = 3, 90, 30  # so many unused places in so many days pause booking ahead for so many days
PER = {"time": N_("places each time"), "day": N_("places a day"), "all": N_("places in all")}
WEEKDAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))


# --- times ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Window:
    """A time of the week at which an offer counts."""

    weekday: int
    begins: int
    ends: int


@dataclass(frozen=True, order=True)
class Occurrence:
    """A window on a day."""

    day: date
    begins: int
    ends: int

    @property
    def starts_at(self) -> datetime:
        """Its beginning, UTC."""
        return instant(self.day, self.begins)

    @property
    def ends_at(self) -> datetime:
        """Its end, UTC."""
        return instant(self.day, self.ends)

    @property
    def code(self) -> str:
        """How forms name it: "2026-11-30 600"."""
        return f"{self.day.isoformat()} {self.begins}"

    def slot(self, per: str) -> str:
        """The name of what holds its places."""
        return {"all": "all", "day": self.day.isoformat()}.get(per, self.code)


def instant(day: date, minute: int) -> datetime:
    """A time of a London day, UTC; 1440 is the midnight that ends it."""
    if minute == 24 * 60:
        return clock.start_of_day(day + timedelta(days=1))
    return datetime.combine(day, time(minute // 60, minute % 60), clock.LONDON).astimezone(clock.now().tzinfo)


def occurrences(
    times: Collection[Window], first: date, last: date | None, days_off: Collection[str], since: date, days: int
) -> Iterator[Occurrence]:
    """When an offer counts on `days` days from `since` on, in order; between its first and last day, without its days off."""
    for number in range(days):
        day = since + timedelta(days=number)
        if first <= day and (last is None or day <= last) and day.isoformat() not in days_off:
            yield from (Occurrence(day, each.begins, each.ends) for each in sorted(times) if each.weekday == day.weekday())


def parse_clock(text: str) -> int | None:
    """ "9:30", "9.30 pm", "18", "6pm" as minutes after midnight; None for anything else. 24:00 is the end of the day."""
    found = re.fullmatch(r"\s*([0-9]{1,2})(?:\s*[:.]\s*([0-5][0-9]))?\s*(am|pm)?\s*", text.lower())
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    total = hour * 60 + minute
    return total if total <= 24 * 60 else None


def clock_words(minute: int) -> str:
    """ "9:30"; midnight at the end of a day is "24:00"."""
    return f"{minute // 60}:{minute % 60:02d}"


def times_in_words(times: Collection[Window]) -> list[str]:
    """A line for each time of the week: "Monday to Friday, 10:00 to 15:00"."""
    by_time: dict[tuple[int, int], list[int]] = {}
    for each in sorted(times):
        by_time.setdefault((each.begins, each.ends), []).append(each.weekday)
    return [
        _("%(days)s, %(begins)s to %(ends)s", days=_days_in_words(days), begins=clock_words(begins), ends=clock_words(ends))
        for (begins, ends), days in sorted(by_time.items(), key=lambda item: (item[1][0], item[0]))
    ]


def _days_in_words(days: Sequence[int]) -> str:
    if len(days) == 7:
        return _("Every day")
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return _("%(first)s to %(last)s", first=_(WEEKDAYS[days[0]]), last=_(WEEKDAYS[days[-1]]))
    return ", ".join(_(WEEKDAYS[day]) for day in days)


# --- places that nobody used ---------------------------------------------------------------------------------------------


def paused_until(marks: Sequence[date], today: date) -> date | None:
    """The first day on which somebody may book ahead again; None when they may today. `marks`: days of places not used."""
    marks = sorted(marks)
    last = [
        marks[number] for number in range(MARKS - 1, len(marks)) if marks[number] - marks[number - MARKS + 1] < timedelta(days=MARK_DAYS)
    ]
    again = last[-1] + timedelta(days=PAUSE_DAYS) if last else today
    return again if again > today else None


# --- what is too much like cash ------------------------------------------------------------------------------------------

WHY = {
    CASH: N_("Time is never swapped for something that works like money. Offer the thing itself: a swim, a class, a room, a meal."),
    PRICE: N_("Here an offer costs time and nothing else, so leave prices out. Say how long it costs."),
    CHANCE: N_("Time is not for bets and draws. Offer something that everybody gets who comes."),
    DRINK: N_("Time is not for alcohol. Offer the meal, the music or the room without it."),
    SMOKE: N_("Time is not for tobacco or vapes. Offer something else."),
}


def why_not(found: CashLike) -> str:
    """Why what was found in an offer cannot be, and how to put it."""
    return _("We found “%(word)s”. ", word=found.word) + _(WHY[found.kind])
