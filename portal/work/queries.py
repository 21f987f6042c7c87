"""Reading recorded hours."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from portal.db import db
from portal.people.queries import COLLECTORS
from portal.work.model import Purpose, WorkRecord, WorkUse


def purpose_of(about: str) -> Purpose | None:
    """The purpose of a thing, if hours may be given for it."""
    return db.session.scalar(select(Purpose).where(Purpose.about == about))


def open_purposes(day: date, areas: Collection[int] = (), limit: int = 30) -> Sequence[Purpose]:
    """What hours of a day may be given for now: what lies in one of these areas first, then by title."""
    query = select(Purpose).where(Purpose.closed_at.is_(None), Purpose.first_day <= day, Purpose.last_day >= day)
    return db.session.scalars(query.order_by(Purpose.area_id.in_(areas).desc(), Purpose.title, Purpose.id).limit(limit)).all()


def purposes_since(day: date, areas: Collection[int] = (), limit: int = 60) -> Sequence[Purpose]:
    """What hours of some day from `day` on may be given for, for who plans ahead; ordered as `open_purposes`."""
    query = select(Purpose).where(Purpose.closed_at.is_(None), Purpose.last_day >= day)
    return db.session.scalars(query.order_by(Purpose.area_id.in_(areas).desc(), Purpose.title, Purpose.id).limit(limit)).all()


def records_of(about: str) -> Sequence[WorkRecord]:
    """Hours recorded for a thing, by day."""
    return db.session.scalars(
        select(WorkRecord)
        .join(Purpose, Purpose.id == WorkRecord.purpose_id)
        .where(Purpose.about == about)
        .order_by(WorkRecord.day, WorkRecord.id)
    ).all()


def record(ref: str) -> tuple[WorkRecord, str] | None:
    """One record and what it was given for ("award:17")."""
    row = db.session.execute(
        select(WorkRecord, Purpose.about).join(Purpose, Purpose.id == WorkRecord.purpose_id).where(WorkRecord.ref == ref)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def counted(about: str, use: str) -> int:
    """Minutes of a thing's checked hours that count for one use."""
    return int(
        db.session.scalar(
            select(func.coalesce(func.sum(WorkRecord.minutes), 0))
            .join(Purpose, Purpose.id == WorkRecord.purpose_id)
            .join(WorkUse, WorkUse.work_record_id == WorkRecord.id)
            .where(Purpose.about == about, WorkUse.use == use, WorkRecord.refused_at.is_(None))
        )
        or 0
    )


def _hours_of_person(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(WorkRecord, Purpose.title)
        .join(Purpose, Purpose.id == WorkRecord.purpose_id)
        .where(WorkRecord.worker == f"person:{person_id}")
        .order_by(WorkRecord.day, WorkRecord.id)
    )
    return [
        {"for": title, "day": row.day.isoformat(), "minutes": row.minutes, "what": row.what, "checked": row.checked_at is not None, "refused": row.refused_reason}
        for row, title in rows
    ]  # fmt: skip


COLLECTORS["hours"] = _hours_of_person
