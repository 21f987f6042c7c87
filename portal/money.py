"""Pence and minutes: integers with their unit. Text becomes numbers, and numbers text, only here."""

import re
from datetime import date
from typing import NewType

from portal.words import _

Pence = NewType("Pence", int)
Minutes = NewType("Minutes", int)

STEP = Minutes(15)
MOST_PENCE = Pence(100_000_000_00)  # £100 million: larger is a slip of the finger, and fits every export
MOST_MINUTES = Minutes(60 * 24 * 31)

_POUNDS = re.compile(r"^£?\s*([0-9]{1,3}(?:[,\s][0-9]{3})+|[0-9]{1,12})(?:\.([0-9]{1,2}))?\s*(?:gbp)?$", re.IGNORECASE)
_CLOCK = re.compile(r"^([0-9]{1,3})\s*:\s*([0-5][0-9])$")
_WORDS = re.compile(
    r"^(?:([0-9]{1,3}(?:[.,][0-9]{1,2})?)\s*(?:hours?|hrs?|h))?\s*(?:(?:and\s*)?([0-9]{1,4})\s*(?:minutes?|mins?|m))?$", re.IGNORECASE
)
_BARE = re.compile(r"^[0-9]{1,3}(?:[.,][0-9]{1,4})?$")
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75", "1/2": ".5", "1/4": ".25", "3/4": ".75"}
_FRACTION = re.compile(r"([0-9]{1,3})? ?([½¼¾])|(?:([0-9]{1,3}) )?(?<![0-9/])(1/2|1/4|3/4)(?![0-9/])")
_COUNTED = {
    word: str(number)
    for number, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1)
}
_PARTS = {"half": 30, "quarter": 15, "3 quarters": 45}
_SAID = re.compile(
    r"(?:([0-9]{1,3}|an?)(?: ?(?:hours?|hrs?|h))? and )?(?:an? |1 )?(half|quarter|3 quarters)(?: of)?(?: an?)?( ?(?:hours?|hrs?|h))?"
)


def pounds(amount: int) -> str:
    """Pence as people read it: `25000` gives `£250.00`, `-5` gives `-£0.05`."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 100)
    return f"{sign}£{whole:,}.{part:02d}"


def round_pounds(amount: int) -> str:
    """Pence in a sentence that names no account: `25000` gives `£250`, `25050` gives `£250.50`."""
    return pounds(amount).removesuffix(".00")


def plain_pounds(amount: int) -> str:
    """Pence as files want it: `25000` gives `250.00`, without sign of currency or thousands."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 100)
    return f"{sign}{whole}.{part:02d}"


def hours(minutes: int) -> str:
    """Minutes as people read them: `75` gives `1 h 15 min`, `120` gives `2 h`, `0` gives `0 h`."""
    sign = "-" if minutes < 0 else ""
    whole, part = divmod(abs(minutes), 60)
    if not part:
        return sign + _("%(hours)d h", hours=whole)
    if not whole:
        return sign + _("%(minutes)d min", minutes=part)
    return sign + _("%(hours)d h %(minutes)d min", hours=whole, minutes=part)


def parse_pounds(text: str) -> Pence:
    """Pounds as typed ("250", "£1,250.50", " 12.5 ") to pence. ValueError, with a sentence, for anything else."""
    found = _POUNDS.match(text.strip())
    if not found:
        raise ValueError(_("Write the amount in pounds, like 45 or 45.50."))
    whole, part = found.groups()
    amount = int(re.sub(r"[,\s]", "", whole)) * 100 + int((part or "0").ljust(2, "0"))
    if amount > MOST_PENCE:
        raise ValueError(_("That amount is too large. Check the number of noughts."))
    return Pence(amount)


def parse_hours(text: str) -> Minutes:
    """Hours as typed ("2", "1.5", "1½", "1:30", "1 h 15 min", "90 min", "half an hour") to minutes. ValueError, with a sentence, otherwise."""
    if re.fullmatch(r"\s*[-−–]\s*[0-9].*", text):
        raise ValueError(_("That is too little. Write the time in hours, like 2 or 1.5 or 1 h 15 min."))
    if re.fullmatch(r"\s*[0-9]{4,}(?:\.[0-9]+)?\s*(?:h|hours?)?\s*", text):
        raise ValueError(_("That is too much: more hours than there are in a month. Check the number."))
    text = _in_figures(text)
    if (said := _SAID.fullmatch(text)) and (said[1] or said[3]):
        minutes = (int(said[1]) if said[1] and said[1].isdigit() else int(bool(said[1]))) * 60 + _PARTS[said[2]]
    elif clock := _CLOCK.match(text):
        minutes = int(clock[1]) * 60 + int(clock[2])
    elif _BARE.match(text):
        minutes = _minutes_of(text)
    elif text and (words := _WORDS.match(text)) and (words[1] or words[2]):
        minutes = (_minutes_of(words[1]) if words[1] else 0) + int(words[2] or 0)
    else:
        raise ValueError(_("Write the time in hours, like 2 or 1.5 or 1 h 15 min."))
    if minutes > MOST_MINUTES:
        raise ValueError(_("That is too much: more hours than there are in a month. Check the number."))
    return Minutes(minutes)


def _in_figures(text: str) -> str:
    """ "Two and a half hours" as "2 and a half hours", "1½" as "1.5", "an hour" as "1 h"."""
    plain = " ".join(text.lower().replace("-", " ").split()) if text[:1] not in "-+" else text
    plain = _FRACTION.sub(lambda found: (found[1] or found[3] or "0") + _FRACTIONS[found[2] or found[4]], plain)
    plain = re.sub(r"[a-z]+", lambda word: _COUNTED.get(word[0], word[0]), plain)
    return re.sub(r"^an? hour(?= and [0-9]|$)", "1 h", plain)


def _minutes_of(decimal_hours: str) -> int:
    whole, _dot, part = decimal_hours.replace(",", ".").partition(".")
    return int(whole) * 60 + (int(part.ljust(4, "0")) * 60 + 5000) // 10000


def match_value(minutes: int, pence_per_hour: int) -> Pence:
    """What hours count for in the match meter: floor(minutes x rate / 60), in pence (design 1, Grants)."""
    return Pence(minutes * pence_per_hour // 60)


def financial_year(day: date) -> str:
    """The council's year, 1 April to 31 March: 31 March 2027 gives `2026-27`."""
    first = day.year if day.month >= 4 else day.year - 1
    return f"{first}-{(first + 1) % 100:02d}"


def year_bounds(year: str) -> tuple[date, date]:
    """First and last day of `2026-27`. ValueError, with a sentence, for anything else."""
    found = re.fullmatch(r"((?:19|20|21)[0-9]{2})-([0-9]{2})", year)
    if not found or (int(found[1]) + 1) % 100 != int(found[2]):
        raise ValueError(_("Write the financial year like 2026-27."))
    first = int(found[1])
    return date(first, 4, 1), date(first + 1, 3, 31)
