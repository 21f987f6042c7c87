"""Hours given for an idea, as its pages show them: of neighbours in its list, and of members of the timebank who are not in it.

A name on paper and a member may be one person, and nobody can know it. So whoever writes down or checks hours of one sees what
stands of the other on that day, and says that it is another hour.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, Text, cast, func, select

from portal.db import db
from portal.grants.model import Application, Award, Pledge
from portal.grants.queries import award_of, lies_in, worker_of
from portal.grants.rules import like_names
from portal.money import Minutes
from portal.work import queries as works
from portal.work.model import Purpose, WorkRecord

OVER = ("reserved", "lapsed", "declined", "returned", "closed")


@dataclass(frozen=True)
class Worked:
    """Standing hours for one grant, by day: of each neighbour in the list by the pledge's id, and of everybody else."""

    of: Mapping[int, Sequence[WorkRecord]]
    elsewhere: Sequence[WorkRecord]
    everything: Sequence[WorkRecord]

    @property
    def to_check(self) -> Minutes:
        return Minutes(sum(row.minutes for row in self.everything if row.checked_at is None))


NOTHING = Worked({}, (), ())


def standing(about: str) -> list[WorkRecord]:
    """Hours for one thing that nobody has turned down, by day."""
    return [row for row in works.records_of(about) if row.refused_at is None]


def hours_for(award: Award | None, pledges: Sequence[Pledge]) -> Worked:
    """What was given for a grant; nothing before there is one. One query."""
    if award is None:
        return NOTHING
    rows = standing(f"award:{award.id}")
    of = {pledge.id: [row for row in rows if row.worker == worker_of(pledge)] for pledge in pledges}
    listed = {worker_of(pledge) for pledge in pledges}
    return Worked(of, [row for row in rows if row.worker not in listed], rows)


def hours_of(pledge: Pledge) -> Sequence[WorkRecord]:
    """Standing hours of one neighbour for this idea's grant, by day."""
    return hours_for(award_of(pledge.application_id), [pledge]).of.get(pledge.id, ())


def alike(rows: Collection[WorkRecord], worker: str, name: str, day: date) -> list[WorkRecord]:
    """Of standing hours for one thing, those of that day by whom this worker may be too: of a member and a like name without an
    account, either way round. Two members, and two names in the list, were told apart by whoever wrote them down.
    """
    account = worker.startswith("person:")
    return [row for row in rows if row.day == day and row.worker.startswith("person:") != account and like_names(row.worker_name, name)]


def may_be(member: WorkRecord, pledges: Sequence[Pledge]) -> list[Pledge]:
    """The names in an idea's list, without an account, that may be this member who is not in it."""
    workers = {worker_of(pledge): pledge for pledge in pledges}
    if not member.worker.startswith("person:") or member.worker in workers:
        return []
    return [pledge for worker, pledge in workers.items() if worker.startswith("pledge:") and like_names(pledge.name, member.worker_name)]


def twins_of(rows: Sequence[WorkRecord]) -> Mapping[int, Sequence[WorkRecord]]:
    """Record → `alike` records, for those to check that have some."""
    found = {row.id: alike(rows, row.worker, row.worker_name, row.day) for row in rows if row.checked_at is None}
    return {id_: others for id_, others in found.items() if others}


# --- what waits ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """An idea for which hours wait for a second person: how many lines and minutes, and the first of the days."""

    bid: Application
    lines: int
    minutes: Minutes
    since: date


def to_check_query(areas: Collection[int] | None) -> Select[Application]:
    """Ideas under way in these areas (None: all) for which somebody's hours wait for a second person."""
    return (
        select(Application)
        .join(Award, Award.application_id == Application.id)
        .join(Purpose, Purpose.about == "award:" + cast(Award.id, Text))
        .join(WorkRecord, WorkRecord.purpose_id == Purpose.id)
        .where(WorkRecord.checked_at.is_(None), WorkRecord.refused_at.is_(None), Award.status.not_in(OVER), lies_in(areas))
        .group_by(Application.id)
    )


def to_check(areas: Collection[int] | None, limit: int = 100) -> Sequence[Waiting]:
    """The same, those first that have waited longest. One query."""
    first = func.min(WorkRecord.day)
    query = to_check_query(areas).add_columns(func.count(WorkRecord.id), func.sum(WorkRecord.minutes), first)
    rows = db.session.execute(query.order_by(first, Application.id).limit(limit)).tuples()
    return [Waiting(bid, lines, Minutes(int(minutes)), since) for bid, lines, minutes, since in rows]
