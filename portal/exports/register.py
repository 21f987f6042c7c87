"""The public register: every decided bid, with reasons, votes, ties and money; individuals shielded.

Newest first, paged by key; found by words through the database's own full-text index. No counting, no skipping.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, column, false, func, or_, select, table, text

from portal.clock import end_of_day, london_day, start_of_day
from portal.db import db, is_postgresql
from portal.errors import NotFound
from portal.grants import queries as grants
from portal.grants.model import Application, Award, Fund, Photo, Pledge, Report, Round
from portal.money import financial_year, year_bounds
from portal.panels import queries as panels
from portal.people.model import Organisation
from portal.places.model import Area
from portal.words import N_, _

FEW = 5  # fewer people than this are not counted in public
PAGE = 20
STATES = {"awarded": N_("Money was given"), "finished": N_("Finished"), "declined": N_("Not this time")}


@dataclass(frozen=True)
class Line:
    """A bid in the register's list. Money in pence; `who` never names an individual."""

    ref: str
    title: str
    summary: str
    who: str
    area: str
    fund: str
    asked: int
    awarded: int | None
    paid: int
    state: str
    released_at: datetime


def _shown() -> ColumnElement[bool]:
    """What the public may see: told to the applicant, and awarded (not lapsed or given back unpaid) or declined by the panel."""
    return and_(
        Application.released_at.is_not(None),
        Application.decided.in_(("yes", "no")),
        Application.status.in_(("offered", "accepted", "declined")),
    )


def _query() -> Any:
    return (
        select(
            Application.id, Application.ref, Application.title, Application.public_summary, Organisation.name.label("organisation"), Area.name.label("area"),
            Award.ward_name, Fund.name.label("fund"), Application.asked, Award.amount, Award.paid, Award.status.label("award_status"), Application.decided,
            Application.released_at,
        )
        .join(Round, Round.id == Application.round_id)
        .join(Fund, Fund.id == Round.fund_id)
        .join(Area, Area.id == Application.area_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .outerjoin(Award, Award.application_id == Application.id)
        .where(_shown())
    )  # fmt: skip


def matching(words_typed: str) -> ColumnElement[bool] | None:
    """Bids whose title, summary or group name hold all of the words, or None for no words. Never raises on punctuation."""
    words = re.findall(r"\w+", words_typed)[:8]
    if not words:
        return None
    if is_postgresql():
        vector = func.to_tsvector(text("'english'"), Application.title + " " + Application.public_summary + " " + Application.group_name)
        return vector.op("@@")(func.websearch_to_tsquery(text("'english'"), " ".join(words)))
    found = table("application_words", column("rowid"), column("application_words"))
    quoted = " ".join(f'"{word}"*' for word in words)
    return Application.id.in_(select(found.c.rowid).where(found.c.application_words.op("MATCH")(quoted)))


def search(
    words_typed: str = "",
    *,
    area: str = "",
    year: str = "",
    fund: str = "",
    state: str = "",
    after: tuple[datetime, int] | None = None,
    limit: int = PAGE,
) -> Sequence[Line]:
    """A page of the register; one more than `limit` is read, so that the caller knows whether there are older ones."""
    query = _query()
    if (words := matching(words_typed)) is not None:
        query = query.where(words)
    if area:
        query = query.where(Area.code == area)
    if fund:
        query = query.where(Fund.code == fund)
    if year:
        try:
            first, last = year_bounds(year)
        except ValueError:
            query = query.where(false())
        else:
            query = query.where(Application.released_at >= start_of_day(first), Application.released_at <= end_of_day(last))
    if state == "declined":
        query = query.where(Application.decided == "no")
    elif state == "finished":
        query = query.where(Award.status == "closed")
    elif state == "awarded":
        query = query.where(Application.decided == "yes")
    if after:
        query = query.where(or_(Application.released_at < after[0], and_(Application.released_at == after[0], Application.id < after[1])))
    rows = db.session.execute(query.order_by(Application.released_at.desc(), Application.id.desc()).limit(limit + 1)).all()
    return [_line(row) for row in rows]


def position(ref: str) -> tuple[datetime, int] | None:
    """Where a bid stands in the list, to go on after it."""
    row = db.session.execute(select(Application.released_at, Application.id).where(Application.ref == ref, _shown())).one_or_none()
    return (row[0], row[1]) if row and row[0] else None


def _line(row: Any) -> Line:
    awarded = row.decided == "yes" and row.award_status is not None
    state = "declined" if row.decided == "no" else "finished" if row.award_status == "closed" else "awarded"
    return Line(
        ref=row.ref, title=row.title, summary=row.public_summary, who=_who(row.organisation, row.ward_name or row.area) if awarded else "", area=row.area,
        fund=row.fund, asked=row.asked, awarded=row.amount if awarded else None, paid=row.paid or 0, state=state, released_at=row.released_at,
    )  # fmt: skip


def _who(organisation: str | None, ward: str) -> str:
    return organisation or _("A resident of %(ward)s", ward=ward)


@dataclass(frozen=True)
class Entry:
    """One bid as everybody may read it."""

    line: Line
    reason: str
    tally: dict[str, Any] | None
    ties: Sequence[str]
    hours_pledged: int
    hours_delivered: int
    neighbours: int | None  # None: fewer than FEW, not said
    happened: str
    changed: str
    photos: Sequence[Photo]


def entry(ref: str) -> Entry:
    """One bid of the register. NotFound for what is not public. Seven queries."""
    row = db.session.execute(_query().where(Application.ref == ref)).one_or_none()
    if row is None:
        raise NotFound(_("There is no such entry in the register."))
    application_id: int = row.id
    reason = db.session.scalar(select(Application.decision_reason).where(Application.id == application_id)) or ""
    minutes, people = db.session.execute(
        select(func.coalesce(func.sum(Pledge.minutes), 0), func.count()).where(
            Pledge.application_id == application_id, Pledge.status.in_(("confirmed", "delivered", "checked"))
        )
    ).one()
    delivered, happened, changed, may, report_id = (
        db.session.execute(
            select(Award.delivered, Report.happened, Report.changed, Report.may_publish, Report.id)
            .outerjoin(Report, Report.award_id == Award.id)
            .where(Award.application_id == application_id)
        ).one_or_none()
        or (0, "", "", False, None)
    )  # fmt: skip
    matter = panels.last_tallies([f"bid:{application_id}"]).get(f"bid:{application_id}")
    tally = dict(matter.tally) if matter is not None and matter.tally else None
    pictures = [
        photo for photo in grants.photos_of(f"bid:{application_id}", *([f"report:{report_id}"] if report_id else [])) if photo.public
    ]
    return Entry(
        line=_line(row), reason=reason, tally=tally, ties=tuple((tally or {}).get("ties", ())), hours_pledged=int(minutes), hours_delivered=int(delivered or 0),
        neighbours=int(people) if people >= FEW else None, happened=happened or "" if may else "", changed=changed or "" if may else "",
        photos=pictures if row.decided == "yes" else [],
    )  # fmt: skip


def years() -> Sequence[str]:
    """Financial years with an entry, newest first; from the first and last, so that nothing is counted."""
    first, last = db.session.execute(
        select(func.min(Application.released_at), func.max(Application.released_at)).where(Application.released_at.is_not(None))
    ).one()
    if first is None or last is None:
        return []
    start, end = int(financial_year(london_day(first))[:4]), int(financial_year(london_day(last))[:4])
    return [f"{year}-{(year + 1) % 100:02d}" for year in range(end, start - 1, -1)]
