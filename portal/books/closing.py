"""Closing the books up to the end of a month: nothing is dated into it any more. One person of finance asks, a second one does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from portal import clock, turns
from portal.books import agree, trial
from portal.books.funds import was_on_the_way
from portal.books.model import PeriodClosing
from portal.db import db, one_at_a_time, transaction
from portal.errors import Refused
from portal.grants.bank_model import BankLine
from portal.grants.model import Payment
from portal.history import Actor, record
from portal.ledger import queries as ledger
from portal.ledger.model import Entry, Period
from portal.ledger.periods import close_period
from portal.people.queries import names
from portal.words import _

ABOUT = "books"
MOST = 24  # months that can be chosen


@dataclass(frozen=True)
class Open:
    """What stands open at the end of a day: pence, and the payments among it by reference with their pence."""

    money: trial.Sheet
    moving: Sequence[tuple[str, int]]
    held: int  # awards that held money then, offered or to be paid
    lines: int  # of the bank's up to that day, that wait for a word
    agreed: bool | None  # last night; None when it was not compared yet. Whoever closes compares anew


def closed_up_to() -> Period | None:
    """The last period that was closed; None before the first."""
    return db.session.scalar(select(Period).order_by(Period.last_day.desc()).limit(1))


def periods() -> Sequence[Period]:
    """The last periods that were closed, newest first."""
    return db.session.scalars(select(Period).order_by(Period.last_day.desc()).limit(MOST)).all()


def month_end(day: date) -> date:
    """The last day of a day's month: 29 February in a leap year."""
    return clock.months_on(day.replace(day=1), 1) - timedelta(days=1)


def choices() -> Sequence[date]:
    """Month ends that are over and not closed yet, newest first; none before the first entry. Two queries."""
    last = closed_up_to()
    first = db.session.scalar(select(func.min(Entry.effective_on)))
    found: list[date] = []
    day = clock.today().replace(day=1) - timedelta(days=1)
    while first is not None and len(found) < MOST and day >= first and (last is None or day > last.last_day):
        found.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    return found


def waiting() -> PeriodClosing | None:
    """What waits for a second person, if anything does."""
    return db.session.scalar(select(PeriodClosing).where(PeriodClosing.closed_at.is_(None), PeriodClosing.cancelled_at.is_(None)))


def still_open(day: date) -> Open:
    """What stands open at the end of a day: to look at before the books are closed."""
    night = turns.last(turns.RECONCILED)
    money = trial.sheet("GBP", day)
    moving = db.session.execute(select(Payment.ref, Payment.amount).where(*was_on_the_way(day)).order_by(Payment.id).limit(20))
    held = sum(line.accounts for line in money.lines if line.group.name in ("offered", "payable"))
    lines = db.session.scalar(select(func.count(BankLine.id)).where(BankLine.outcome == "waiting", BankLine.day <= day)) or 0
    return Open(
        money,
        [(ref, int(pence)) for ref, pence in moving],
        held,
        lines,
        night.result.get("ok") if night is not None and night.done_at else None,
    )


def ask(last_day: date, actor: Actor) -> None:
    """Ask a second person to close the books up to a day. The same again changes nothing.

    Refused: not the end of a month, not over, closed already, something else waits.
    """
    with transaction():
        one_at_a_time("closing the books")
        _may_close(last_day)
        if (before := waiting()) is not None:
            if (before.asked_by_id, before.last_day) == (actor.person_id, last_day):
                return
            by = names([before.asked_by_id]).get(before.asked_by_id, "")
            raise Refused(_("%(name)s has asked for this already. Look at that first.", name=by or _("Somebody")))
        assert actor.person_id is not None
        db.session.add(PeriodClosing(last_day=last_day, asked_by_id=actor.person_id, asked_at=clock.now()))
        record(ABOUT, "closing_asked", actor, last_day=last_day.isoformat())


def cancel(actor: Actor) -> None:
    """Leave the books open after all. Twice changes nothing. Refused: somebody closed them meanwhile."""
    with transaction():
        one_at_a_time("closing the books")
        if (found := waiting()) is None:
            last = db.session.scalar(select(PeriodClosing).order_by(PeriodClosing.id.desc()).limit(1))
            if last is not None and last.closed_at is not None:
                raise Refused(
                    _("The books were closed meanwhile, up to %(day)s. That cannot be undone.", day=clock.in_words(last.last_day))
                )
        else:
            found.cancelled_at = clock.now()
            record(ABOUT, "closing_taken_back", actor, last_day=found.last_day.isoformat())


def confirm(last_day: date, actor: Actor) -> str:
    """The second person closes the books up to the day that the page showed; returns the seal over all accounts.

    A second tap of the same person gives the first result. Refused: nobody asked for this day, the same person asked, the sums
    do not agree.
    """
    agreement = agree.agreement()
    with transaction():
        one_at_a_time("closing the books")
        found = waiting()
        if found is None or found.last_day != last_day:
            done = db.session.scalar(select(PeriodClosing).where(PeriodClosing.last_day == last_day, PeriodClosing.closed_at.is_not(None)))
            if done is not None and done.closed_by_id == actor.person_id:
                return done.heads
            raise Refused(_("Nobody asks to close the books up to that day now. Look at the page again."))
        if found.asked_by_id == actor.person_id:
            raise Refused(_("You asked for this. A second person must do it."))
        if not agreement.ok:
            raise Refused(_("Two sums do not agree, so the books stay open. Look at “Do they agree?” first."))
        _may_close(last_day)
        found.heads = close_period(last_day, actor.code)
        found.closed_by_id, found.closed_at = actor.person_id, clock.now()
        record(ABOUT, "closed", actor, last_day=last_day.isoformat(), heads=found.heads)
        return found.heads


def _may_close(last_day: date) -> None:
    if last_day >= clock.today():
        raise Refused(_("A period can be closed when its last day is over."), "last_day")
    if last_day != month_end(last_day):
        raise Refused(_("The books are closed at the end of a month, like 31 March."), "last_day")
    if ledger.is_closed(last_day):
        raise Refused(_("The books are closed up to that day already."), "last_day")
