"""Who links whom as a small picture: names below each other, an arc for each introduction. The table beside it says the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.connecting.model import Introduction

ROW = 28  # between two names
LEFT = 150  # where the arcs begin; names stand before it
WIDTH = 320
DEEPEST = 150  # how far an arc reaches to the right
LONGEST = 18  # letters of a name
DASHES = {"nothing": "2 5", "met": "", "began": ""}
STROKES = {"nothing": 1.5, "met": 1.5, "began": 4.0}


@dataclass(frozen=True)
class Arc:
    """A line from one name to another: thin dashes, thin, or thick when something began."""

    path: str
    dashes: str
    stroke: float


@dataclass(frozen=True)
class Picture:
    names: Sequence[tuple[str, int]]  # with the height at which each stands
    arcs: Sequence[Arc]
    height: int
    width: int = WIDTH
    left: int = LEFT


def drawn(rows: Sequence[Introduction]) -> Picture:
    """The people of these introductions by name, and what links them."""
    people = {person.id: person.name for row in rows for person in (row.one, row.two)}
    order = sorted(people, key=lambda id_: (people[id_].casefold(), id_))
    heights = {id_: ROW // 2 + place * ROW for place, id_ in enumerate(order)}
    arcs = [_arc(heights[row.one_id], heights[row.two_id], row.outcome) for row in rows]
    return Picture([(_short(people[id_]), heights[id_]) for id_ in order], arcs, len(order) * ROW)


def _arc(one: int, two: int, outcome: str) -> Arc:
    top, bottom = min(one, two), max(one, two)
    half = (bottom - top) / 2
    deep = min(DEEPEST, 14 + half * 0.9)
    return Arc(f"M{LEFT} {top}A{deep:g} {half:g} 0 0 1 {LEFT} {bottom}", DASHES[outcome], STROKES[outcome])


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1].rstrip() + "…"
