"""How long each kind of data is kept: rooms say what they hold and how it goes; officers set the days; the worker forgets once a day.

Nothing of the books goes: what was paid, decided or recorded stays.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.history import SCHEME, Actor, Event, record
from portal.outbox import Message
from portal.people import merged
from portal.people.model import KeepingRule, Person, SecondFactor, SignInCode, SignInSession
from portal.settings import log
from portal.words import N_, _

SOME = 200  # rows that one transaction forgets
MOST_DAYS = 3650


@dataclass(frozen=True)
class Keeper:
    """One kind of data. `forget(before)` is a part of an action: it forgets at most SOME of what is older and returns how many, and the files of
    pictures that nobody needs now. None: another rule takes care, or the law keeps it.
    """

    name: str
    what: str  # marked for translation
    rule: str  # when it goes, with %(days)s
    goes: str  # what of it goes
    days: int
    due: Callable[[datetime], int]  # how many are older than an instant
    forget: Callable[[datetime], tuple[int, Sequence[str]]] | None = None
    warns: Callable[[datetime], int] | None = None  # how many are warned before they are due
    least: int = 30  # officers may choose between this and MOST_DAYS; 0: the days are not theirs to choose


@dataclass(frozen=True)
class Planned:
    """A kind of data with its days as they stand, how many of it are due now, and how many will be due and are told first."""

    keeper: Keeper
    days: int
    due: int
    warned: int = 0


KEEPERS: list[Keeper] = []


def keeper(name: str) -> Keeper:
    """NotFound when no room says that it keeps this, or when its days are fixed."""
    found = next((each for each in KEEPERS if each.name == name and each.least), None)
    if found is None:
        raise NotFound(_("We cannot find that page."))
    return found


def days_of() -> Mapping[str, int]:
    """Days for each kind: as officers chose, else as it ships."""
    chosen = dict(db.session.execute(select(KeepingRule.name, KeepingRule.days)).tuples().all())
    return {each.name: chosen.get(each.name, each.days) if each.least else each.days for each in KEEPERS}


def plan() -> Sequence[Planned]:
    """What would go if the worker came now."""
    days = days_of()
    at = {each.name: _before(days[each.name]) for each in KEEPERS}
    return [
        Planned(each, days[each.name], each.due(at[each.name]), each.warns(at[each.name]) if each.warns is not None else 0)
        for each in KEEPERS
    ]


def _before(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def set_days(name: str, days: int | None, reason: str, actor: Actor) -> None:
    """Keep a kind of data for longer or shorter. Refused: no reason, too short or too long a time."""
    kept = keeper(name)
    with transaction():
        if days is None or not kept.least <= days <= MOST_DAYS:
            raise Refused(_("Write a number of days from %(least)d to %(most)d.", least=kept.least, most=MOST_DAYS), "days")
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        old = days_of()[name]
        row = db.session.get(KeepingRule, name, with_for_update=True, populate_existing=True)
        if row is None:
            row = KeepingRule(name=name)
            db.session.add(row)
        assert actor.person_id is not None
        row.days, row.changed_at, row.changed_by_id = days, clock.now(), actor.person_id
        record("keeping", "keeping_changed", actor, reason=reason, what=name, old=old, new=days)


def _told(event: Event) -> Iterable[log.Change]:
    kept = next((each.what for each in KEEPERS if each.name == event.data["what"]), event.data["what"])
    yield log.Change(_(kept), str(event.data["old"]), str(event.data["new"]))


log.READERS["keeping", "keeping_changed"] = log.Reader(N_("How long data is kept, in days"), _told)


def changes(limit: int = 20) -> Sequence[Event]:
    """What was set and what was forgotten lately, newest first."""
    return db.session.scalars(select(Event).where(Event.about == "keeping").order_by(Event.id.desc()).limit(limit)).all()


def forget_due(drop: Callable[[str], None]) -> dict[str, int]:
    """Forget everything that is due (the worker's work, once a day); how many of each kind. `drop` deletes the file of a picture."""
    gone: dict[str, int] = {}
    for name, days in days_of().items():
        forget = next(each.forget for each in KEEPERS if each.name == name)
        number = SOME
        while forget is not None and number == SOME:
            with transaction():
                number, files = forget(_before(days))
                if number:
                    record("keeping", "forgotten", SCHEME, what=name, number=number, days=days)
            for file in files:
                drop(file)
            gone[name] = gone.get(name, 0) + number
    return {name: number for name, number in gone.items() if number}


def count(query: ColumnElement[bool]) -> int:
    """How many rows a condition finds, for `due`."""
    return db.session.scalar(select(func.count()).where(query)) or 0


def _forget_codes(before: datetime) -> tuple[int, Sequence[str]]:
    some = select(SignInCode.id).where(SignInCode.created_at < before).limit(SOME)
    return len(db.session.scalars(delete(SignInCode).where(SignInCode.id.in_(some)).returning(SignInCode.id)).all()), []


_last_used = func.coalesce(SignInSession.ended_at, SignInSession.seen_at)


def _forget_sessions(before: datetime) -> tuple[int, Sequence[str]]:
    some = db.session.scalars(select(SignInSession.id).where(_last_used < before).limit(SOME)).all()
    db.session.execute(delete(SecondFactor).where(SecondFactor.session_id.in_(some)))  # shown there, and never confirmed
    return len(db.session.scalars(delete(SignInSession).where(SignInSession.id.in_(some)).returning(SignInSession.id)).all()), []


def _done_before(before: datetime) -> ColumnElement[bool]:
    return (func.coalesce(Message.sent_at, Message.failed_at) < before) & (Message.body != "")


def _forget_messages(before: datetime) -> tuple[int, Sequence[str]]:
    """Words and addresses go; the key stays, so that nobody is told the same thing again."""
    some = select(Message.id).where(_done_before(before)).limit(SOME)
    emptied = {"to_name": "", "address": "", "subject": "", "body": "", "short": "", "letter": ""}
    return len(db.session.scalars(update(Message).where(Message.id.in_(some)).values(emptied).returning(Message.id)).all()), []


def _none_due(_before: datetime) -> int:
    return 0


def _left(_before: datetime) -> int:
    """People who left and of whom an address stands here still: none, unless something is wrong."""
    gone = Person.deleted_at.is_not(None) & ~merged.leads_to_somebody(Person.id)
    return count(gone & (Person.email.is_not(None) | Person.phone.is_not(None) | (Person.postal_address != "")))


KEEPERS += [
    Keeper(
        "books", N_("Records of money and decisions"), N_("This financial year and six more, at least"),
        N_("Nothing goes by itself: the books and the register stay, without the names of those who left."), 0, _none_due, least=0,
    ),
    Keeper(
        "left", N_("People who left"), N_("At once, when they say so"), N_("Name, addresses, sign-ins, messages, what they never sent."), 0, _left, least=0,
    ),
    Keeper(
        "codes", N_("Codes for signing in"), N_("One day after they were sent"), N_("The whole line."), 1,
        lambda before: count(SignInCode.created_at < before), _forget_codes, least=0,
    ),
    Keeper(
        "sessions", N_("Browsers that were signed in"), N_("%(days)s days after they were last used"), N_("The whole line. Nobody is signed out by it."), 30,
        lambda before: count(_last_used < before), _forget_sessions,
    ),
    Keeper(
        "messages", N_("Messages and letters that we sent"), N_("%(days)s days after they went out"), N_("Name, address and words. That one was sent stays."), 365,
        lambda before: count(_done_before(before)), _forget_messages, least=90,
    ),
]  # fmt: skip
