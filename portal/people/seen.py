"""Who of the programme was shown whose record: written for each page, read by the person, and by officers after a breach."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db, transaction
from portal.people import queries
from portal.people.access import Who
from portal.people.model import Person, RecordLook
from portal.words import N_

PAGES = {
    "details": N_("Their details at the desk"), "people": N_("A list of people with addresses"), "idea": N_("Their idea, with the pages of the desk"),
    "account": N_("Where their grant is paid"), "numbers": N_("Account numbers of a payment run"), "cheques": N_("Names and addresses for cheques"), "member": N_("Their card at the timebank"),
    "letters": N_("A letter to them"), "copy": N_("A copy of everything we hold"), "looks": N_("Who looked at their record"),
}  # fmt: skip
ROLES = ("finance", "auditor", "officer", "connector", "administrator")  # the first that they hold is written down
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Asked:
    """What is looked for: at whose record, by whom, from one London day to another."""

    whom_id: int | None = None
    by_id: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Line:
    """One look, in words of the people."""

    id: int
    at: datetime
    by: str
    by_ref: str
    role: str
    whom: str
    whom_ref: str
    page: str
    about: str


def note(by: Who, page: str, whom: Iterable[int], about: str = "") -> None:
    """Write down that somebody with a role was shown the records of others; of themselves, or without a role, nothing is written."""
    role = next((each for each in ROLES if by.has_somewhere(each)), None)
    others = sorted(set(whom) - {by.id})
    if role is None or not others:
        return
    now = clock.now()
    with transaction():
        rows = [{"at": now, "by_id": by.id, "role": role, "whom_id": each, "page": page, "about": about} for each in others]
        db.session.execute(insert(RecordLook), rows)


def looks(asked: Asked, before: int | None = None, limit: int = 50) -> Sequence[Line]:
    """The newest first; `before`: the number of the last line of the page before."""
    query = _asked(asked)
    if before is not None:
        query = query.where(RecordLook.id < before)
    return [Line(*row) for row in db.session.execute(query.limit(limit)).tuples()]


def all_looks(asked: Asked) -> Iterator[Line]:
    """All of them, for a file, in constant memory."""
    for row in db.session.execute(_asked(asked).execution_options(yield_per=500)).tuples():
        yield Line(*row)


def _asked(asked: Asked) -> Select[*tuple[Any, ...]]:
    by, whom = aliased(Person), aliased(Person)
    query = (
        select(
            RecordLook.id, RecordLook.at, by.name, by.ref, RecordLook.role, whom.name, whom.ref, RecordLook.page, RecordLook.about,
        )
        .join(by, by.id == RecordLook.by_id)
        .join(whom, whom.id == RecordLook.whom_id)
        .order_by(RecordLook.id.desc())
    )  # fmt: skip
    if asked.whom_id is not None:
        query = query.where(RecordLook.whom_id == asked.whom_id)
    if asked.by_id is not None:
        query = query.where(RecordLook.by_id == asked.by_id)
    if asked.since is not None:
        query = query.where(RecordLook.at >= clock.start_of_day(asked.since))
    if asked.until is not None:
        query = query.where(RecordLook.at < clock.start_of_day(asked.until + timedelta(days=1)))
    return query


def at_me(person_id: int, limit: int = 100) -> Sequence[tuple[date, str, str]]:
    """For the person themselves: (London day, role, page) of the last year, the newest first, each once a day."""
    rows = db.session.execute(
        select(RecordLook.at, RecordLook.role, RecordLook.page)
        .where(RecordLook.whom_id == person_id, RecordLook.at > clock.now() - YEAR)
        .order_by(RecordLook.id.desc())
        .limit(1000)
    ).tuples()
    return list(dict.fromkeys((clock.london_day(at), role, page) for at, role, page in rows))[:limit]


def _of_person(person_id: int) -> dict[str, Any]:
    mine = select(RecordLook.at).where(RecordLook.by_id == person_id, RecordLook.at > clock.now() - YEAR).order_by(RecordLook.id)
    return {
        "who looked at your record": [{"when": day.isoformat(), "role": role, "page": page} for day, role, page in at_me(person_id, 1000)],
        "you looked at the record of somebody": sorted({clock.london_day(at).isoformat() for at in db.session.scalars(mine)}),
    }


queries.COLLECTORS["who saw what"] = _of_person
