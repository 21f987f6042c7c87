"""One meeting as a file for a calendar (RFC 5545): UTC times, text escaped, lines folded at 75 octets."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LINE = 75  # octets, without the line break
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Meeting:
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


def calendar_file(meeting: Meeting) -> bytes:
    """The whole file. What is cancelled comes as METHOD:CANCEL, so that a calendar takes the meeting out."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Kindling//Timebank//EN",
        "CALSCALE:GREGORIAN",
        f"METHOD:{'CANCEL' if meeting.status == 'CANCELLED' else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{_text(meeting.uid)}",
        f"DTSTAMP:{_instant(meeting.changed_at)}",
        f"LAST-MODIFIED:{_instant(meeting.changed_at)}",
        f"SEQUENCE:{meeting.sequence}",
        f"STATUS:{meeting.status}",
        f"DTSTART:{_instant(meeting.starts_at)}",
        f"DTEND:{_instant(meeting.starts_at + timedelta(minutes=meeting.minutes))}",
        f"SUMMARY:{_text(meeting.summary)}",
        f"LOCATION:{_text(meeting.place)}",
        f"DESCRIPTION:{_text(meeting.description)}",
        f"URL:{meeting.url}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) + b"\r\n" for line in lines)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(plain: str) -> str:
    plain = CONTROL.sub("", plain.replace("\r\n", "\n").replace("\r", "\n"))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """At most 75 octets a line, never in the middle of a character; what goes on begins with a space."""
    rows: list[bytes] = []
    row = b""
    for letter in line:
        octets = letter.encode()
        if len(row) + len(octets) > LINE:
            rows.append(row)
            row = b" "
        row += octets
    return b"\r\n".join([*rows, row])
