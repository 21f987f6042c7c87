"""Recording hours: logged by one, checked by another, used once for each thing they count for."""

from collections.abc import Callable, Collection, Sequence
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased, joinedload

from portal import clock
from portal.db import db, must_be_in_transaction, one_at_a_time
from portal.errors import Conflict, NotFound, Refused
from portal.history import Actor
from portal.money import STEP, Minutes, hours
from portal.people.model import Person
from portal.people.queries import ERASERS
from portal.refs import new_ref
from portal.words import _
from portal.work.model import Purpose, WorkRecord, WorkUse

MOST_A_DAY = Minutes(16 * 60)

# what the room that opened a purpose ("award") does with hours for it, as a part of the action that checks them or takes them back
COUNTS: dict[str, Callable[[WorkRecord, str, Actor], None]] = {}
COUNTS_NO_MORE: dict[str, Callable[[WorkRecord, str, str, Actor], None]] = {}
# why somebody's hours are none for a purpose, in a sentence, or None: whoever asks for an idea is not its neighbour
NOT_FOR: dict[str, Callable[[str, str], str | None]] = {}
# why a person's word is not enough for some hours, in a sentence, or None: (purpose, the hours, person's id)
NOT_CHECKED_BY: dict[str, Callable[[str, WorkRecord, int | None], str | None]] = {}


def open_purpose(about: str, title: str, area_id: int | None, first_day: date, last_day: date) -> Purpose:
    """Something hours may be given for, between two days, as a part of an action; once per `about`."""
    must_be_in_transaction()
    found = db.session.scalar(select(Purpose).where(Purpose.about == about))
    if found is None:
        found = Purpose(about=about, title=title, area_id=area_id, first_day=first_day, last_day=last_day)
        db.session.add(found)
        db.session.flush()
    return found


def close_purpose(about: str) -> None:
    """No more hours for it, as a part of an action."""
    must_be_in_transaction()
    found = db.session.scalar(select(Purpose).where(Purpose.about == about))
    if found is not None and found.closed_at is None:
        found.closed_at = clock.now()


def log_hours(
    about: str, worker: str, worker_name: str, day: date, minutes: Minutes, what: str, entered_by: str, basis: str | None = None
) -> WorkRecord:
    """Record what one worker gave to one purpose on one day, as a part of an action. `worker`, `entered_by`: "person:12", "pledge:9".

    Logged again before it is checked, the figure is replaced; after a refusal the day may be logged anew. Refused: no such purpose
    or closed, a day outside it or still ahead, less than a quarter of an hour, not in quarters, more than 16 hours, or
    checked already; more than 16 hours with all that the same worker gave to other things that day.
    """
    must_be_in_transaction()
    purpose = db.session.scalar(select(Purpose).where(Purpose.about == about))
    if purpose is None or purpose.closed_at is not None:
        raise Refused(_("No more hours can be added here."))
    if minutes < STEP or minutes % STEP:
        raise Refused(_("Write the time in quarters of an hour, like 1 h 15 min."), "minutes")
    if minutes > MOST_A_DAY:
        raise Refused(_("That is more than one person can give in a day. Use one line for each day."), "minutes")
    if day > clock.today():
        raise Refused(_("That day is still ahead. Come back when it is done."), "day")
    if not purpose.first_day <= day <= purpose.last_day:
        first, last = clock.in_words(purpose.first_day), clock.in_words(purpose.last_day)
        raise Refused(
            _("Only hours between the first and the last day of the idea count: %(first)s to %(last)s.", first=first, last=last), "day"
        )
    record = db.session.scalar(
        select(WorkRecord)
        .where(WorkRecord.worker == worker, WorkRecord.purpose_id == purpose.id, WorkRecord.day == day, WorkRecord.refused_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if record is not None and record.checked_at is not None:
        raise Refused(_("Hours of that day are checked already. If they are wrong, tell us and we put them right."), "day")
    _within_a_day(worker, day, minutes, record)
    if record is None:
        record = WorkRecord(ref=new_ref("WRK"), purpose_id=purpose.id, worker=worker, day=day)
        db.session.add(record)
    record.worker_name, record.minutes, record.what = worker_name, minutes, what
    record.entered_by, record.basis, record.entered_at = entered_by, basis, clock.now()
    try:
        db.session.flush()
    except IntegrityError as why:
        raise Conflict(_("Somebody has just entered hours for that day. Look at them first.")) from why
    return record


def _within_a_day(worker: str, day: date, minutes: Minutes, standing: WorkRecord | None) -> None:
    """One worker's day is one day, whatever the hours were for. Two at once, for two things, queue on the worker's name.

    The sentence names no other idea and no figure of one: whoever asked for this one may read it.
    """
    one_at_a_time(f"work:{worker}")
    query = select(func.coalesce(func.sum(WorkRecord.minutes), 0)).where(
        WorkRecord.worker == worker, WorkRecord.day == day, WorkRecord.refused_at.is_(None)
    )
    if standing is not None:
        query = query.where(WorkRecord.id != standing.id)
    if int(db.session.scalar(query) or 0) + minutes > MOST_A_DAY:
        raise Refused(
            _("With what is written down elsewhere, this is more than one person can give in a day. Check the day and the time."), "minutes"
        )


def same_worker(old: str, new: str) -> bool:
    """Whatever is written down of `old` is of `new` from now on, as a part of an action.

    False, and nothing is changed, when both have a line for one thing and day, or when one has checked what the other wrote: those were
    two people to whoever wrote it down, and one line cannot stand for both.
    """
    one_at_a_time(f"work:{old}", f"work:{new}")
    both, mine = (old, new), aliased(WorkRecord)
    twice = select(WorkRecord.id).join(mine, (mine.purpose_id == WorkRecord.purpose_id) & (mine.day == WorkRecord.day)).where(
        WorkRecord.worker == old, mine.worker == new, WorkRecord.refused_at.is_(None), mine.refused_at.is_(None)
    )  # fmt: skip
    crossed = select(WorkRecord.id).where(WorkRecord.entered_by.in_(both), WorkRecord.checked_by.in_(both))
    if db.session.scalar(twice.union_all(crossed).limit(1)) is not None:
        return False
    for column in (WorkRecord.worker, WorkRecord.entered_by, WorkRecord.checked_by):
        db.session.execute(update(WorkRecord).where(column == old).values({column: new}))
    return True


def forget_worker(worker: str) -> None:
    """The name goes from all hours of one worker, as a part of an action; the hours stay."""
    must_be_in_transaction()
    db.session.execute(update(WorkRecord).where(WorkRecord.worker == worker).values(worker_name=_("Former member")))


def check_hours(ref: str, checked_by: str, shown: int | None = None) -> WorkRecord:
    """A second person says that it is so, as a part of an action: not who entered it.

    Refused also when judged already, or when it is not (any more) the minutes that the page had shown them.
    """
    record = _locked(ref)
    if record.checked_at is not None:
        raise Conflict(_("These hours are checked already."))
    if record.refused_at is not None:
        raise Refused(_("These hours were turned down. They can be entered again."))
    if checked_by == record.entered_by:
        raise Refused(_("A second person checks hours, not who entered them."))
    if shown is not None and shown != record.minutes:
        raise Refused(_("This is %(time)s now. Look at it again.", time=hours(record.minutes)))
    record.checked_by, record.checked_at = checked_by, clock.now()
    return record


def refuse_hours(ref: str, reason: str) -> WorkRecord:
    """Say that it was not so, as a part of an action. Refused: no reason, or checked already."""
    record = _locked(ref)
    if record.checked_at is not None:
        raise Refused(_("These hours are checked already."))
    if not reason:
        raise Refused(_("Write why, in a few words."), "reason")
    record.refused_at, record.refused_reason = clock.now(), reason
    return record


def take_back(ref: str, reason: str) -> WorkRecord:
    """Checked hours turned out wrong: they stop counting, as a part of an action that also puts the books right.

    What they were used for stays on record; the day may be logged anew. Refused: no reason, or never checked.
    """
    record = _locked(ref)
    if record.checked_at is None:
        raise Refused(_("These hours are not checked yet. Turn them down instead."))
    if not reason:
        raise Refused(_("Write why, in a few words."), "reason")
    record.checked_by = record.checked_at = None
    record.refused_at, record.refused_reason = clock.now(), reason
    return record


def check_and_count(ref: str, checked_by: str, actor: Actor, shown: int | None = None) -> WorkRecord:
    """`check_hours`, and the room that opened the purpose lets them count, as a part of an action."""
    record = check_hours(ref, checked_by, shown)
    about = record.purpose.about
    COUNTS[about.partition(":")[0]](record, about, actor)
    return record


def take_back_and_uncount(ref: str, reason: str, actor: Actor) -> WorkRecord:
    """`take_back`, and the room that opened the purpose lets them count no more, as a part of an action."""
    record = take_back(ref, reason)
    about = record.purpose.about
    COUNTS_NO_MORE[about.partition(":")[0]](record, about, reason, actor)
    return record


def log_elsewhere(
    about: str, worker: str, worker_name: str, day: date, minutes: Minutes, what: str, entered_by: str, basis: str | None = None
) -> WorkRecord:
    """`log_hours` for hours that are written down in another book too, so that a figure that stands is never replaced.

    Refused also when hours of that worker, purpose and day are written down already, and when they are none of theirs (`NOT_FOR`).
    """
    must_be_in_transaction()
    if (why := NOT_FOR[about.partition(":")[0]](about, worker)) is not None:  # holds the purpose, and before the worker, as everywhere
        raise Refused(why, "purpose")
    one_at_a_time(f"work:{worker}")
    standing = (
        select(WorkRecord.id)
        .join(Purpose, Purpose.id == WorkRecord.purpose_id)
        .where(Purpose.about == about, WorkRecord.worker == worker, WorkRecord.day == day, WorkRecord.refused_at.is_(None))
    )
    if db.session.scalar(standing) is not None:
        raise Refused(_("Hours of that day for this idea are written down already, so they are not written down again."), "purpose")
    return log_hours(about, worker, worker_name, day, minutes, what, entered_by, basis)


def hold(about: str, workers: Collection[str]) -> None:
    """Before hours of many workers for one purpose are written down, as a part of an action: wait for all of them in one order."""
    must_be_in_transaction()
    for worker in list(workers)[:1]:
        NOT_FOR[about.partition(":")[0]](about, worker)  # holds the purpose, whomever it is asked about
    one_at_a_time(*(f"work:{worker}" for worker in workers))


def set_minutes(record: WorkRecord, minutes: Minutes) -> None:
    """The figure on which two people settled, before it is checked, as a part of an action."""
    must_be_in_transaction()
    assert record.checked_at is None, "what is checked is taken back, not changed"
    record.minutes = minutes
    db.session.flush()


def use(record: WorkRecord, use: str, entry_key: str | None = None) -> None:
    """Let a checked record count as credit, as match or in the figures, once each, as a part of an action.

    Refused: not checked, or used so already; the database's unique constraint stands behind this.
    """
    must_be_in_transaction()
    if record.checked_at is None:
        raise Refused(_("Only hours that were checked count."))
    if db.session.scalar(select(WorkUse.id).where(WorkUse.work_record_id == record.id, WorkUse.use == use)):
        raise Refused(_("These hours count there already."))
    db.session.add(WorkUse(work_record_id=record.id, use=use, entry_key=entry_key, used_at=clock.now()))
    db.session.flush()


def _locked(ref: str) -> WorkRecord:
    must_be_in_transaction()
    query = select(WorkRecord).where(WorkRecord.ref == ref).options(joinedload(WorkRecord.purpose, innerjoin=True))
    record = db.session.scalar(query.with_for_update(of=WorkRecord).execution_options(populate_existing=True))
    if record is None:
        raise NotFound(_("We cannot find those hours."))
    return record


def _forget_person(someone: Person) -> Sequence[str]:
    forget_worker(f"person:{someone.id}")
    return ()


ERASERS.append(_forget_person)
