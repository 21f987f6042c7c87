"""Days of the week in what people write: "Wednesdays", "weekday mornings", "Mon to Fri". Pure; Monday is 0."""

import re
from datetime import date, timedelta

from portal.finding import words_of

EVERY_DAY = frozenset(range(7))
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {short: number for number, name in enumerate(_NAMES) for short in (name, name + "s", name[:3], name[:4], name[:5])}
_MANY = {
    **dict.fromkeys(("weekday", "weekdays"), frozenset(range(5))),
    **dict.fromkeys(("weekend", "weekends"), frozenset((5, 6))),
    **dict.fromkeys(("everyday", "daily", "anytime"), EVERY_DAY),
}
_LEFT_OUT = frozenset(("not", "no", "except", "but", "never", "without"))


def weekdays_in(words: str) -> frozenset[int]:
    """Days of the week that these words name; empty when they name none, or leave some out, which takes a person to understand."""
    said = words_of(words)
    if _LEFT_OUT & frozenset(said):
        return frozenset()
    if re.search(r"\b(?:every|any) ?(?:day|time)\b", words.lower()):
        return EVERY_DAY
    named = [_DAYS[word] for word in said if word in _DAYS]
    if len(named) == 2 and re.search(r"[a-z] ?(?:-|–|\bto\b|\buntil\b|\btill\b) ?[a-z]", words.lower()):
        named = [(named[0] + step) % 7 for step in range((named[1] - named[0]) % 7 + 1)]
    return frozenset(named).union(*(_MANY[word] for word in said if word in _MANY))


def weekdays_between(first: date, last: date) -> frozenset[int]:
    """Days of the week from one day to another, both included."""
    return frozenset((first + timedelta(days=number)).weekday() for number in range(min((last - first).days + 1, 7)))
