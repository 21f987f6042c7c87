"""The table of community progress: what officers write under each of the five headings, beside what the figures say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.db import db, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.history import Actor, Event, events_of, record
from portal.outcomes import counting
from portal.outcomes.model import Progress
from portal.outcomes.rules import HEADINGS, Told, told
from portal.places import queries as places
from portal.places.model import Area
from portal.words import _


@dataclass(frozen=True)
class Written:
    """What stands in one row of the table; `doing` one thing a line."""

    doing: str = ""
    marker: str = ""
    next_step: str = ""
    who: str = ""
    by: date | None = None


@dataclass(frozen=True)
class Row:
    """A heading with what is written under it, and what the figures say."""

    heading: str
    written: Written
    version: int  # 0: nothing was ever written
    figures: Told

    @property
    def doing(self) -> Sequence[str]:
        return [line for line in self.written.doing.splitlines() if line.strip()]


def area_of(code: str) -> Area | None:
    """The area of a table; None for the whole scheme, which is no code or that of the scheme itself. NotFound: no such area."""
    found = places.area(code) if code else None
    return None if found is not None and found.kind == "scheme" else found


def table(area: Area | None, *, public: bool) -> Sequence[Row]:
    """All five headings, in order, for an area or the whole scheme. In public small numbers are hidden. Two queries."""
    rows = {row.heading: row for row in db.session.scalars(select(Progress).where(_of(area.id if area else None)))}
    sums = counting.by_heading(counting.Which(area=area.code if area else ""))
    return [
        Row(
            heading, _written(rows.get(heading)), rows[heading].version if heading in rows else 0, told(sums[heading], public=public)
        )
        for heading in HEADINGS
    ]  # fmt: skip


def _of(area_id: int | None) -> Any:
    return Progress.area_id.is_(None) if area_id is None else Progress.area_id == area_id


def _written(row: Progress | None) -> Written:
    return Written(row.doing, row.marker, row.next_step, row.who, row.by) if row is not None else Written()


def one(heading: str, area: Area | None) -> tuple[Written, int]:
    """What is written in one row, and its version. NotFound: no such heading."""
    if heading not in HEADINGS:
        raise NotFound(_("There is no such heading."))
    row = db.session.scalar(select(Progress).where(Progress.heading == heading, _of(area.id if area else None)))
    return _written(row), row.version if row is not None else 0


def about(heading: str, area: Area | None) -> str:
    """How events name a row."""
    return f"progress:{area.id if area else 0}:{heading}"


def story(heading: str, area: Area | None) -> Sequence[Event]:
    """Who changed what in a row, oldest first."""
    return events_of(about(heading, area))


def change(heading: str, area: Area | None, version: int, written: Written, actor: Actor) -> None:
    """Write one row; the event keeps what stood there before. Refused: no such heading, too much. Conflict: a colleague was quicker."""
    with transaction():
        if heading not in HEADINGS:
            raise NotFound(_("There is no such heading."))
        if len(written.doing.splitlines()) > 20:
            raise Refused(_("Twenty lines at most, so that it can be read at a glance."), "doing")
        one_at_a_time(about(heading, area))
        row = db.session.scalar(select(Progress).where(Progress.heading == heading, _of(area.id if area else None)).with_for_update())
        if (row.version if row is not None else 0) != version:
            raise Conflict(_("A colleague changed this row meanwhile. Look at it again, and add what is missing."))
        before = _written(row)
        if before == written:
            return
        assert actor.person_id is not None, "a person writes"
        if row is None:
            row = Progress(heading=heading, area_id=area.id if area else None, version=0)
            db.session.add(row)
        for name, value in asdict(written).items():
            setattr(row, name, value)
        row.version, row.changed_at, row.changed_by_id = version + 1, clock.now(), actor.person_id
        record(about(heading, area), "changed", actor, before=_as_json(before), after=_as_json(written))


def _as_json(written: Written) -> Mapping[str, Any]:
    return asdict(written) | {"by": written.by.isoformat() if written.by else None}
