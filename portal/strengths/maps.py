"""The map of areas as a drawing of our own: outlines when every area has one, else a tidy grid of tiles. No tiles of others, no requests.

The table beside it says the same in numbers; the drawing is there to see at a glance where much is and where little.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from portal.db import db
from portal.places.model import Area
from portal.strengths import geometry, queries
from portal.strengths.geometry import WIDTH, Shape
from portal.strengths.model import KINDS, Strength
from portal.strengths.queries import Ground
from portal.strengths.rules import STEP

STEPS = 4  # shades, beside nothing
LONGEST = 11  # letters on one line of a tile


@dataclass(frozen=True)
class Drawn:
    """An area on the drawing: `shade` from 0 (nothing) to STEPS."""

    area: Area
    total: int
    shape: Shape
    shade: int
    lines: Sequence[str]


@dataclass(frozen=True)
class Dot:
    """An entry whose position somebody gave."""

    ref: str
    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Map:
    """The drawing, its size, and the numbers that stand beside it."""

    drawn: Sequence[Drawn]
    width: float
    height: float
    tiles: bool
    grounds: Sequence[Ground]
    elsewhere: Counter[str]
    dots: Sequence[Dot] = ()

    @property
    def sums(self) -> Counter[str]:
        return sum((ground.numbers for ground in self.grounds), Counter[str]()) + self.elsewhere

    @property
    def steps(self) -> Sequence[tuple[int, int, int]]:
        """What each shade means: (shade, from, to)."""
        most = max((each.total for each in self.drawn), default=0)
        bounds = [(shade, *_bounds(shade, most)) for shade in range(1, STEPS + 1)] if most else []
        return [(shade, low, high) for shade, low, high in bounds if low <= high]


def the_map() -> Map:
    """What the map shows today. Three queries."""
    grounds, elsewhere = queries.grounds()
    rings = {ground.area.id: ground.shape.outline for ground in grounds if ground.shape is not None and ground.shape.outline}
    most = max((ground.total for ground in grounds), default=0)
    if grounds and len(rings) == len(grounds):
        shapes, height, where = geometry.outlines(rings)
        dots = [
            Dot(row.ref, row.name, *where.to(row.longitude / STEP, row.latitude / STEP)) for row in located() if row.latitude is not None and row.longitude is not None
        ]  # fmt: skip
        dots = [dot for dot in dots if 0 <= dot.x <= WIDTH and 0 <= dot.y <= height]
        return Map([_drawn(ground, shapes[ground.area.id], most) for ground in grounds], WIDTH, height, False, grounds, elsewhere, dots)
    places = {
        ground.area.id: (ground.shape.tile_column, ground.shape.tile_row)
        for ground in grounds
        if ground.shape is not None and ground.shape.tile_column is not None and ground.shape.tile_row is not None
    }
    grid = geometry.tiles([ground.area.id for ground in grounds], places)
    squares, width, height = geometry.squares(grid)
    in_order = sorted(grounds, key=lambda ground: grid[ground.area.id][::-1])  # as one reads: whoever goes by keyboard goes so too
    return Map([_drawn(ground, squares[ground.area.id], most) for ground in in_order], width, height, True, grounds, elsewhere)


def located(limit: int = 2000) -> Sequence[Strength]:
    """Published entries with a position."""
    found = queries.listed(queries.Filters()).where(Strength.latitude.is_not(None)).order_by(Strength.id.desc()).limit(limit)
    return db.session.scalars(found).all()


def _drawn(ground: Ground, shape: Shape, most: int) -> Drawn:
    return Drawn(ground.area, ground.total, shape, shade_of(ground.total, most), lines_of(ground.area.name))


def shade_of(number: int, most: int) -> int:
    """0 for nothing; then STEPS of equal width up to the most."""
    return 0 if number <= 0 else min(STEPS, 1 + (number - 1) * STEPS // most)


def _bounds(shade: int, most: int) -> tuple[int, int]:
    inside = [number for number in range(1, most + 1) if shade_of(number, most) == shade]
    return (inside[0], inside[-1]) if inside else (1, 0)


def lines_of(name: str) -> Sequence[str]:
    """A name on at most two lines of a tile."""
    if len(name) <= LONGEST:
        return [name]
    words = name.split()
    best = min(range(1, len(words)), key=lambda cut: abs(len(" ".join(words[:cut])) - len(" ".join(words[cut:]))), default=0)
    lines = [" ".join(words[:best]), " ".join(words[best:])] if best else [name]
    return [line if len(line) <= LONGEST + 2 else line[: LONGEST + 1] + "…" for line in lines]


def kinds_there(numbers: Counter[str]) -> Sequence[tuple[str, int]]:
    """(kind, number) of all kinds, in their order."""
    return [(kind, numbers[kind]) for kind in KINDS]
