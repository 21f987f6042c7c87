"""When a session comes again, and how calendars are told: pure."""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from portal import clock
from portal.errors import Refused
from portal.words import N_, _

MOST_TIMES = 60
LONGEST = timedelta(days=366)
GAPS = {"week": timedelta(days=7), "fortnight": timedelta(days=14)}
WHICH = (N_("first"), N_("second"), N_("third"), N_("fourth"), N_("last"))
WEEKDAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))


def days_of(every: str, first: date, until: date) -> list[date]:
    """The days of a rota, `first` among them, none after `until`. By the month it is the same weekday of the month: the second
    Tuesday; a fifth one counts as the last.

    Refused: not one of the ways, an end before the beginning, too many times or for too long.
    """
    if every not in ("week", "fortnight", "month"):
        raise Refused(_("Choose how often it comes."), "every")
    if until < first:
        raise Refused(_("The last day is before the first one."), "until")
    if until - first > LONGEST:
        raise Refused(_("Choose a last day within a year. You can go on with it then."), "until")
    found: list[date] = []
    for day in _by_month(first) if every == "month" else _by_gap(first, GAPS[every]):
        if day > until:
            return found
        found.append(day)
    return found


def _by_gap(first: date, gap: timedelta) -> Iterator[date]:
    while True:
        yield first
        first += gap


def _by_month(first: date) -> Iterator[date]:
    which = (first.day - 1) // 7
    year, month = first.year, first.month
    while True:
        days = [day for week in calendar.monthcalendar(year, month) if (day := week[first.weekday()])]
        yield date(year, month, days[which] if which < 4 else days[-1])
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def in_words(every: str, first: date) -> str:
    """ "Every second Tuesday of the month"."""
    weekday = _(WEEKDAYS[first.weekday()])
    if every == "week":
        return _("Every %(weekday)s", weekday=weekday)
    if every == "fortnight":
        return _("Every other %(weekday)s", weekday=weekday)
    return _("Every %(which)s %(weekday)s of the month", which=_(WHICH[(first.day - 1) // 7]), weekday=weekday)


# --- RFC 5545 ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Happening:
    """One event of a calendar file. Day and times are those of London; `version` grows with each change."""

    uid: str
    title: str
    what: str
    place: str
    address: str
    day: date
    starts: time
    ends: time
    changed_at: datetime
    version: int
    cancelled: bool


def calendar_file(name: str, happenings: Sequence[Happening]) -> str:
    """A calendar as RFC 5545 wants it. Each time of a rota is an event of its own, in UTC: so whatever was moved or cancelled alone
    is right, and so is the hour when summer time begins or ends. What was called off stays in, as cancelled.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Kindling//Timebank//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    lines.append("X-WR-CALNAME:" + _text(name))
    for each in happenings:
        lines += [
            "BEGIN:VEVENT", "UID:" + each.uid, "DTSTAMP:" + _instant(each.changed_at), "LAST-MODIFIED:" + _instant(each.changed_at),
            f"SEQUENCE:{each.version - 1}", "DTSTART:" + _instant(_in_london(each.day, each.starts)),
            "DTEND:" + _instant(_in_london(each.day, each.ends)), "SUMMARY:" + _text(each.title), "DESCRIPTION:" + _text(each.what),
            "LOCATION:" + _text(each.place), "URL:" + each.address, "STATUS:" + ("CANCELLED" if each.cancelled else "CONFIRMED"), "END:VEVENT",
        ]  # fmt: skip
    lines.append("END:VCALENDAR")
    return "".join(part + "\r\n" for line in lines for part in _folded(line))


def _in_london(day: date, at: time) -> datetime:
    return datetime.combine(day, at, clock.LONDON)


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Parts of at most 75 octets, none of which cuts a letter; each after the first begins with a space."""
    part, size = "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > 75:
            yield part
            part, size = " ", 1
        part += letter
        size += width
    yield part
