"""When something comes again, and what calendars are told: pure."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from portal import calendars, clock
from portal.calendars import Happening, calendar_file
from portal.errors import Refused

TODAY = date(2026, 6, 6)
MEETING = Happening(
    uid="PRM-1@timebank.kindling", sequence=3, status="CONFIRMED", starts_at=datetime(2026, 7, 4, 10, 30, tzinfo=clock.LONDON), minutes=90,
    summary="Tea, cake; and \\ more\nthan that", place="Café Tŷ 🚲 " * 12, description="See", url="http://localhost/x", changed_at=datetime(2026, 7, 1, 9, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    ("every", "first", "until", "days"),
    [
        ("week", "2026-06-06", "2026-06-27", ["06-06", "06-13", "06-20", "06-27"]),
        ("fortnight", "2026-06-06", "2026-07-03", ["06-06", "06-20"]),
        ("month", "2026-06-09", "2026-09-30", ["06-09", "07-14", "08-11", "09-08"]),  # the second Tuesday
        ("month", "2026-06-30", "2026-09-30", ["06-30", "07-28", "08-25", "09-29"]),  # the fifth is the last
        ("week", "2026-06-06", "2026-06-06", ["06-06"]),
    ],
)
def test_the_days(every: str, first: str, until: str, days: list[str]) -> None:
    found = calendars.days_of(every, date.fromisoformat(first), date.fromisoformat(until))
    assert [f"{day:%m-%d}" for day in found] == days


@pytest.mark.parametrize(
    ("every", "until", "field"), [("day", TODAY, "every"), ("week", date(2026, 6, 5), "until"), ("week", date(2027, 6, 8), "until")]
)
def test_what_is_no_rota(every: str, until: date, field: str) -> None:
    with pytest.raises(Refused) as caught:
        calendars.days_of(every, TODAY, until)
    assert caught.value.field == field


def test_in_words() -> None:
    assert calendars.in_words("month", date(2026, 6, 9)) == "Every second Tuesday of the month"
    assert calendars.in_words("month", date(2026, 6, 30)) == "Every last Tuesday of the month"
    assert calendars.in_words("fortnight", TODAY) == "Every other Saturday"


def lines_of(file: bytes) -> list[str]:
    """A strict reader of RFC 5545: CRLF, lines of at most 75 octets, none of which cuts a letter; unfolded."""
    assert file.endswith(b"END:VCALENDAR\r\n") and b"\n" not in file.replace(b"\r\n", b"")
    for line in file.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    return file.decode().replace("\r\n ", "").split("\r\n")[:-1]


def events(file: bytes) -> list[dict[str, str]]:
    return [
        dict(part.split(":", 1) for part in each.split("\n"))
        for each in re.findall(r"BEGIN:VEVENT\n(.*?)\nEND:VEVENT", "\n".join(lines_of(file)), re.S)
    ]


def test_as_the_standard_wants_it() -> None:
    whole = lines_of(calendar_file([MEETING]))
    assert "DTSTART:20260704T093000Z" in whole and "DTEND:20260704T110000Z" in whole, "in UTC, from summer time"
    assert "SUMMARY:Tea\\, cake\\; and \\\\ more\\nthan that" in whole
    assert "LOCATION:" + "Café Tŷ 🚲 " * 12 in whole
    assert {"UID:PRM-1@timebank.kindling", "SEQUENCE:3", "METHOD:PUBLISH", "DTSTAMP:20260701T090000Z"} <= set(whole)
    assert sum(line.startswith("BEGIN:V") for line in whole) == sum(line.startswith("END:V") for line in whole) == 2


def test_nothing_typed_adds_a_line() -> None:
    bad = "x\r\nATTENDEE:mailto:a@b.example\rBEGIN:VALARM\n\x00\x85\u2028y"
    file = calendar_file([replace(MEETING, summary=bad, place=bad, description=bad)], name=bad)
    names = [line.partition(":")[0] for line in lines_of(file)]
    assert "ATTENDEE" not in names and names.count("BEGIN") == 2 and b"\x00" not in file


def test_one_meeting_called_off_takes_itself_out_and_one_of_a_calendar_stays_as_cancelled() -> None:
    off = replace(MEETING, status="CANCELLED")
    assert "METHOD:CANCEL" in lines_of(calendar_file([off]))
    kept = calendar_file([off, replace(MEETING, uid="PRM-2")], name="Hub")
    assert {"METHOD:PUBLISH", "X-WR-CALNAME:Hub"} <= set(lines_of(kept))
    assert [(each["UID"], each["STATUS"]) for each in events(kept)] == [("PRM-1@timebank.kindling", "CANCELLED"), ("PRM-2", "CONFIRMED")]


def test_the_hour_is_londons_in_summer_and_winter() -> None:
    some = [replace(MEETING, starts_at=datetime(2026, month, 5, 10, tzinfo=clock.LONDON)) for month in (6, 12)]
    assert [each["DTSTART"] for each in events(calendar_file(some, name="Hub"))] == ["20260605T090000Z", "20261205T100000Z"]
