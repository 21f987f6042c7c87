"""What an hour counts for, from which day on, by whom and of which year it is said. What is frozen in a round or told in a file stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from portal import clock
from portal.db import db, forget_kept, kept, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, Event, record
from portal.money import Pence, pounds
from portal.settings import log
from portal.settings.model import HourRate
from portal.words import N_, _

PURPOSES = {"match": N_("What neighbours put in, in new rounds"), "figures": N_("The estimate in the council’s figures")}
MOST = 100_00


@dataclass(frozen=True)
class Rate:
    """Pence an hour from a day on."""

    purpose: str
    valid_from: date
    pence: Pence
    source: str
    year: str

    @property
    def named(self) -> str:
        """Whose rate it is, and of which year: "Estuary Council, 2026-27"."""
        return f"{self.source}, {self.year}"


def _all() -> Sequence[Rate]:
    rows = db.session.scalars(select(HourRate).order_by(HourRate.purpose, HourRate.valid_from.desc()))
    return [Rate(row.purpose, row.valid_from, row.pence, row.source, row.year) for row in rows]


def rates() -> Sequence[Rate]:
    """Every rate, by purpose, the newest first. One query for a page or an action."""
    return kept("rates", _all)


def in_force(purpose: str, day: date) -> Rate | None:
    """The rate on a day; None: nobody has said one."""
    return next((rate for rate in rates() if rate.purpose == purpose and rate.valid_from <= day), None)


def set_rate(rate: Rate, actor: Actor) -> None:
    """A rate from a day on, today at the earliest; the same day again puts right one that is still to come.

    Refused: too much or nothing, nobody's, of no year, no purpose; a day that is over; a rate that has begun, with which figures were made.
    """
    if rate.purpose not in PURPOSES:
        raise Refused(_("Choose what the rate is for."), "purpose")
    if not 0 < rate.pence <= MOST:
        raise Refused(_("Write a rate of more than nothing and at most %(most)s.", most=pounds(MOST)), "pence")
    if not (rate.source and rate.year):
        raise Refused(_("Write whose rate it is, and of which year."), "year" if rate.source else "source")
    if rate.valid_from < clock.today():
        raise Refused(_("That day is over, and what was reckoned then stays. Choose today or a later day."), "valid_from")
    with transaction():
        one_at_a_time("rates")
        row = db.session.get(HourRate, (rate.purpose, rate.valid_from), with_for_update=True)
        if row is not None and rate.valid_from <= clock.today():
            raise Refused(_("A rate has begun on that day already, and it stays. Choose a later day."), "valid_from")
        was = _told_as(row) if row is not None else ""
        if row is None:
            row = HourRate(purpose=rate.purpose, valid_from=rate.valid_from)
            db.session.add(row)
        row.pence, row.source, row.year = rate.pence, rate.source, rate.year
        _tell(rate.purpose, rate.valid_from, was, _told_as(row), actor)


def take_back(purpose: str, valid_from: date, actor: Actor) -> None:
    """A rate that is still to come does not come. NotFound; Refused: it is in force, or was, and figures were made with it."""
    with transaction():
        one_at_a_time("rates")
        row = db.session.get(HourRate, (purpose, valid_from), with_for_update=True)
        if row is None:
            raise NotFound(_("There is no such rate."))
        if valid_from <= clock.today():
            raise Refused(_("This rate has begun already. Write down another one from a later day."))
        was = _told_as(row)
        db.session.delete(row)
        _tell(purpose, valid_from, was, "", actor)


def _told_as(row: HourRate) -> str:
    return _("%(sum)s an hour (%(source)s, %(year)s)", sum=pounds(row.pence), source=row.source, year=row.year)


def _tell(purpose: str, day: date, was: str, now: str, actor: Actor) -> None:
    if was != now:
        record("rates", "rate_changed", actor, purpose=purpose, valid_from=day.isoformat(), was=was, now=now)
    forget_kept("rates")


def _changes(event: Event) -> Iterable[log.Change]:
    day = clock.in_words(date.fromisoformat(event.data["valid_from"]))
    what = _("%(purpose)s, from %(day)s", purpose=_(PURPOSES[event.data["purpose"]]), day=day)
    yield log.Change(what, event.data["was"], event.data["now"])


log.READERS["rates", "rate_changed"] = log.Reader(N_("Rates"), _changes)
