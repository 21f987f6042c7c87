"""When something comes again, and how calendars are told: pure."""

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from portal.errors import Refused
from portal.words import N_, _

MOST_TIMES = 60
LONGEST = timedelta(days=366)
GAPS = {"week": timedelta(days=7), "fortnight": timedelta(days=14)}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
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
    """What a calendar is told. `uid` stays; `sequence` grows with each change; `status`: TENTATIVE, CONFIRMED or CANCELLED."""

    uid: str
    sequence: int
    status: str
    starts_at: datetime
    minutes: int
    summary: str
    place: str
    description: str
    url: str
    changed_at: datetime


def calendar_file(happenings: Sequence[Happening], name: str = "") -> bytes:
    """A whole file, as RFC 5545 wants it. With a `name` it is a calendar that people keep: what was called off stays in, as cancelled.
    Without, it is one meeting; cancelled, it comes as METHOD:CANCEL, so that a calendar takes it out.

    Every time of a rota is an event of its own, in UTC: so whatever was moved or cancelled alone is right, and so is the hour when summer
    time begins or ends.
    """
    from icalendar import Calendar, Event, vText  # a tenth of a second, which a worker that hands out no file need not wait for

    file = Calendar()
    off = not name and all(each.status == "CANCELLED" for each in happenings)
    for key, value in (
        ("prodid", "-//Kindling//EN"),
        ("version", "2.0"),
        ("calscale", "GREGORIAN"),
        ("method", "CANCEL" if off else "PUBLISH"),
    ):
        file.add(key, value)
    if name:
        file.add("x-wr-calname", vText(_plain(name)))  # no standard property, so the library would not escape it
    for each in happenings:
        event, starts = Event(), each.starts_at.astimezone(UTC)
        changed = each.changed_at.astimezone(UTC).replace(microsecond=0)
        for key, what in (
            ("uid", each.uid), ("dtstamp", changed), ("last-modified", changed), ("sequence", each.sequence), ("status", each.status),
            ("dtstart", starts), ("dtend", starts + timedelta(minutes=each.minutes)), ("summary", _plain(each.summary)),
            ("location", _plain(each.place)), ("description", _plain(each.description)), ("url", each.url),
        ):  # fmt: skip
            event.add(key, what)
        file.add_component(event)
    return bytes(file.to_ical())


def _plain(typed: str) -> str:
    return CONTROL.sub("", typed.replace("\r\n", "\n").replace("\r", "\n"))
