"""The scheme's own days off, beside England's bank holidays: closures of the council. What is promised from now on is reckoned without them.

A day that was told to somebody already never moves: whoever promises one keeps it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from portal import clock, working_days
from portal.db import db, forget_kept, kept, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, Event, record
from portal.settings import log
from portal.settings.model import DayOff
from portal.words import N_, _

MOST_DAYS = 62  # of one closure
YEARS_AHEAD = 3
HOLIDAYS = {  # as the calendar of England calls them → as people do; one that is kept once, as a coronation, has no other name
    "New Year's Day": N_("New Year’s Day"), "Good Friday": N_("Good Friday"), "Easter Monday": N_("Easter Monday"), "May Day": N_("Early May bank holiday"),
    "Spring Bank Holiday": N_("Spring bank holiday"), "Late Summer Bank Holiday": N_("Summer bank holiday"), "Christmas Day": N_("Christmas Day"), "Boxing Day": N_("Boxing Day"),
}  # fmt: skip
INSTEAD = " (observed)"  # a weekend took the day itself


@dataclass(frozen=True)
class Closure:
    """Days off with their name, from the first to the last of them."""

    name: str
    first_day: date
    last_day: date

    def days(self) -> Iterable[date]:
        """Each of them."""
        return (self.first_day + timedelta(days=number) for number in range((self.last_day - self.first_day).days + 1))

    @property
    def in_words(self) -> str:
        """ "Christmas closure: Monday 28 December 2026 to Thursday 31 December 2026"."""
        first, last = clock.in_words(self.first_day), clock.in_words(self.last_day)
        if first == last:
            return _("%(name)s: %(day)s", name=self.name, day=first)
        return _("%(name)s: %(first)s to %(last)s", name=self.name, first=first, last=last)


def bank_holidays_from(day: date) -> Sequence[tuple[date, str]]:
    """The bank holidays of England from a day to the end of the next year, with their names for people."""
    known = {**working_days.bank_holidays(day.year), **working_days.bank_holidays(day.year + 1)}
    return [(each, _holiday(name)) for each, name in known.items() if each >= day]


def _holiday(name: str) -> str:
    plain = name.removesuffix(INSTEAD)
    said = _(HOLIDAYS[plain]) if plain in HOLIDAYS else plain
    return said if plain == name else _("%(name)s, on another day", name=said)


# --- reckoning -----------------------------------------------------------------------------------------------------------


def _all() -> Sequence[Closure]:
    rows = db.session.scalars(select(DayOff).order_by(DayOff.first_day))
    return [Closure(row.name, row.first_day, row.last_day) for row in rows]


def closures() -> Sequence[Closure]:
    """All of the scheme's own, the first first. One query for a page or an action."""
    return kept("days off", _all)


def _off() -> frozenset[date]:
    return kept("each day off", lambda: frozenset(day for closure in closures() for day in closure.days()))


def working_days_after(day: date, number: int) -> date:
    """`portal.working_days.working_days_after`, without the scheme's own days off. Keep what you tell somebody: another day would move it."""
    return working_days.working_days_after(day, number, _off())


def working_days_between(day: date, later: date) -> int:
    """`portal.working_days.working_days_between`, without the scheme's own days off."""
    return working_days.working_days_between(day, later, _off())


# --- changing ------------------------------------------------------------------------------------------------------------


def add(closure: Closure, reason: str, actor: Actor) -> None:
    """Days on which nobody works. Refused: no name, no reason, over, upside down, too long or far ahead, off already."""
    _judge(closure, reason)
    with transaction():
        one_at_a_time("days off")
        for other in _all():
            if closure.first_day <= other.last_day and other.first_day <= closure.last_day:
                raise Refused(_("Some of that is off already: %(what)s.", what=other.in_words), "first_day")
        db.session.add(DayOff(name=closure.name, first_day=closure.first_day, last_day=closure.last_day))
        _tell("", closure.in_words, reason, actor)


def _judge(closure: Closure, reason: str) -> None:
    first, last, today = closure.first_day, closure.last_day, clock.today()
    if not closure.name:
        raise Refused(_("Write what the day off is for."), "name")
    if first < today:
        raise Refused(_("That day is over. What is past cannot be changed."), "first_day")
    if last < first:
        raise Refused(_("The last day comes before the first."), "last_day")
    if (last - first).days >= MOST_DAYS:
        raise Refused(_("That is very long. Write at most %(days)d days at once.", days=MOST_DAYS), "last_day")
    if last > (furthest := clock.months_on(today, 12 * YEARS_AHEAD)):
        raise Refused(_("That is far ahead. Choose days until %(day)s.", day=clock.in_words(furthest)), "last_day")
    if not any(map(working_days.is_working_day, closure.days())):
        raise Refused(_("Nobody works then anyway: these are weekends or bank holidays."), "first_day")
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")


def closure_from(first_day: date) -> Closure:
    """One of the scheme's own by its first day. NotFound."""
    found = next((each for each in closures() if each.first_day == first_day), None)
    if found is None:
        raise NotFound(_("There is no such day off."))
    return found


def take_away(first_day: date, reason: str, actor: Actor) -> None:
    """Let people work on these days after all; where they have begun, on the rest of them. NotFound; Refused: over, no reason."""
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        one_at_a_time("days off")
        row = db.session.get(DayOff, first_day, with_for_update=True, populate_existing=True)
        if row is None:
            raise NotFound(_("There is no such day off."))
        before, today = Closure(row.name, row.first_day, row.last_day), clock.today()
        if before.last_day <= today:
            raise Refused(_("These days are over, or end today. What is past cannot be changed."))
        if before.first_day <= today:
            row.last_day = today
            _tell(before.in_words, Closure(row.name, row.first_day, today).in_words, reason, actor)
            return
        db.session.delete(row)
        _tell(before.in_words, "", reason, actor)


def _tell(was: str, now: str, reason: str, actor: Actor) -> None:
    record("days_off", "day_off_changed", actor, reason=reason, was=was, now=now)
    forget_kept("days off")
    forget_kept("each day off")


def _changes(event: Event) -> Iterable[log.Change]:
    yield log.Change(_("Day off"), event.data["was"], event.data["now"])


log.READERS["days_off", "day_off_changed"] = log.Reader(N_("Days off"), _changes)
