"""One sort of what waits for somebody, as a query of it and how it is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Date, func, or_, true


@dataclass(frozen=True)
class Need:
    """One sort of what waits. Columns say of each row the last piece of its address, its name, since when it waits and its last day."""

    rows: Any  # a Select of one or more entities
    words: Callable[[int], str]  # what stands beside the number
    act: str  # what is done about one of them, as a button would say
    one: str  # the page of one of them, "{}" for its reference
    all: str
    ref: Any
    name: Any
    since: Any = None
    due: Any = None
    tone: str = ""


def day_of(instant: Any) -> Any:
    """The day of a column that holds a moment."""
    return func.date(instant, type_=Date)


def not_by(column: Any, person_id: int | None) -> ColumnElement[bool]:
    """What this person did not begin themselves, so that they can be its second; None: anybody."""
    return true() if person_id is None else or_(column.is_(None), column != person_id)
