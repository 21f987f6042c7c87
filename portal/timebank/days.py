"""A day as people write it in one box or a spreadsheet does in one cell: "26/11/2026", "26 Nov", "2026-11-26"."""

import re
from datetime import date

from portal import clock
from portal.words import _

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ].*)?")  # what comes after it is a time of day
_WRITTEN = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[\s./-]+([0-9]{1,2}|[a-z]{3,9})\.?(?:[\s./,-]+([0-9]{4}|[0-9]{2}))?", re.IGNORECASE)


def typed_day(text: str, years_back: int = 10) -> date:
    """The day that was typed, day before month. Without a year: the last such day that is not ahead.

    ValueError, with a sentence: no such day, or one more than `years_back` years ago or ten ahead.
    """
    text, today = text.strip(), clock.today()
    try:
        if iso := _ISO.fullmatch(text):
            found = date(int(iso[1]), int(iso[2]), int(iso[3]))
        elif written := _WRITTEN.fullmatch(text):
            found = _day(int(written[1]), _month(written[2]), written[3], today)
        else:
            raise ValueError(text)
    except ValueError as why:
        raise ValueError(_("Write the day like 27/3/2026 or 27 March.")) from why
    if not today.year - years_back <= found.year <= today.year + 10:
        raise ValueError(_("Check the year: write it with four digits, like %(year)d.", year=today.year))
    return found


def _day(day: int, month: int, year: str | None, today: date) -> date:
    if year is not None:
        return date(int(year) if len(year) == 4 else 2000 + int(year), month, day)
    for back in range(9):  # 29 February comes again after eight years at the latest
        try:
            found = date(today.year - back, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise ValueError(day)


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.index(text[:3].lower()) + 1
