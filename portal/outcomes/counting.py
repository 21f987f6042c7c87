"""What came of grants, counted under the headings of community progress: of awards that were promised and not turned down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, select

from portal.db import db
from portal.grants.model import Application, Award, Fund, Report
from portal.outcomes.model import Hope
from portal.outcomes.rules import HEADINGS, HOW_FAR, Sums
from portal.places import queries as places

PROMISED = ("reserved", "conditions_open", "ready_to_pay", "paid", "reporting", "closed", "returned")
RANK = {how_far: rank for rank, how_far in enumerate(reversed(HOW_FAR), start=1)}  # what came furthest is the greatest


@dataclass(frozen=True)
class Which:
    """Which awards are counted: decided on these days (None: whenever), of a fund, in an area and all in it, by their codes."""

    first_day: date | None = None
    last_day: date | None = None
    fund: str = ""
    area: str = ""


def by_ward(which: Which) -> Mapping[tuple[str, str, str], Sums]:
    """Sums by (ward's name, ward's code, heading), sorted by these; the ward as it was frozen on each award. One query.

    How far an idea came counts from when its report was sent. Where two of its outcomes lie under one heading, the one that came furthest.
    """
    found: dict[tuple[str, str, str], Sums] = {}
    words = {rank: how_far for how_far, rank in RANK.items()} | {0: ""}
    for ward, code, heading, minutes, rank in db.session.execute(_query(which)):
        found.setdefault((ward, code, heading), Sums()).add(words[rank], minutes)
    order = list(HEADINGS)
    return {key: found[key] for key in sorted(found, key=lambda each: (each[0], each[1], order.index(each[2])))}


def by_heading(which: Which) -> Mapping[str, Sums]:
    """Sums by heading, all five of them, in their order. One query."""
    found = {heading: Sums() for heading in HEADINGS}
    for (_ward, _code, heading), sums in by_ward(which).items():
        found[heading].join(sums)
    return found


def _query(which: Which) -> Any:
    """An award and heading a line, with minutes and the rank of how far it came."""
    said = case((Report.sent_at.is_not(None), case(RANK, value=Hope.how_far, else_=0)), else_=0)
    query = (
        select(Award.ward_name, Award.ward_code, Hope.heading, Award.delivered, func.max(said))
        .join(Application, Application.id == Award.application_id)
        .join(Hope, Hope.application_id == Application.id)
        .join(Fund, Fund.id == Award.fund_id)
        .outerjoin(Report, Report.award_id == Award.id)
        .where(Award.status.in_(PROMISED))
        .group_by(Award.id, Award.ward_name, Award.ward_code, Award.delivered, Hope.heading)
    )
    if which.first_day is not None and which.last_day is not None:
        query = query.where(Award.decided_on >= which.first_day, Award.decided_on <= which.last_day)
    if which.fund:
        query = query.where(Fund.code == which.fund)
    if which.area:
        query = query.where(Award.area_id.in_(places.within(which.area)))
    return query
