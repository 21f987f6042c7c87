"""Outlines and tiles: reading what an officer gives, and turning it into what is drawn. Pure arithmetic.

An outline is one ring of [longitude, latitude] in ten-thousandths of a degree (WGS84, about ten metres), anticlockwise as RFC 7946
has it, without its first point again at the end.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.errors import Refused
from portal.words import _

Ring = list[list[int]]
FINE = 10_000
MOST_TYPED = 200_000  # letters
MOST_POINTS = 120  # kept of one outline
FEWER = (MOST_POINTS, 80, 50, 30)  # tried in turn: leaving points out may let a narrow place cross itself


def outline(text: str) -> Ring | None:
    """An outline from what was typed: "51.482, 0.331" on each line, or a GeoJSON polygon; None for nothing.

    Refused: what is no outline, leaves the earth, or crosses itself. Simplified to at most MOST_POINTS points.
    """
    if not text.strip():
        return None
    if len(text) > MOST_TYPED:
        raise Refused(_("This outline is too long. Make it simpler: a hundred points are enough."), "outline")
    points = _of_geojson(text) if text.lstrip().startswith("{") else _of_lines(text)
    if not all(math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90 for x, y in points):
        raise Refused(_("One of the points is nowhere on earth. Write latitude and longitude, like 51.482, 0.331."), "outline")
    ring = _without_doubles([[round(x * FINE), round(y * FINE)] for x, y in points])
    if len(ring) < 3 or area_of(ring) == 0:
        raise Refused(_("An outline needs three points or more that do not lie on a line."), "outline")
    ring = next((fewer for most in FEWER if not crosses_itself(fewer := simplified(ring, most))), [])
    if not ring:
        raise Refused(_("This outline crosses itself. Give the points in the order in which one walks around the area."), "outline")
    return ring if area_of(ring) > 0 else ring[::-1]


def _of_lines(text: str) -> list[tuple[float, float]]:
    points = []
    for number, line in enumerate(text.strip().split("\n"), 1):
        if not line.strip():
            continue
        found = re.fullmatch(r"\s*([+-]?\d{1,3}(?:\.\d{1,15})?)\s*[,; \t]\s*([+-]?\d{1,3}(?:\.\d{1,15})?)\s*", line)
        if found is None:
            raise Refused(_("Line %(number)d cannot be read. Write latitude and longitude, like 51.482, 0.331.", number=number), "outline")
        points.append((float(found[2]), float(found[1])))
    return points


def _of_geojson(text: str) -> list[tuple[float, float]]:
    """The outer ring of a Polygon, of the largest part of a MultiPolygon, or of the first feature that holds one."""
    try:
        found = json.loads(text)
        for _deeper in range(3):
            found = (
                found["features"][0]
                if found.get("type") == "FeatureCollection"
                else found["geometry"]
                if found.get("type") == "Feature"
                else found
            )
        rings = [found["coordinates"][0]] if found["type"] == "Polygon" else [part[0] for part in found["coordinates"]]
        if found["type"] not in ("Polygon", "MultiPolygon"):
            raise ValueError
        ring = max(rings, key=len)
        return [(float(point[0]), float(point[1])) for point in ring]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as why:
        raise Refused(_("This cannot be read as a GeoJSON polygon."), "outline") from why


def _without_doubles(ring: Ring) -> Ring:
    plain = [point for place, point in enumerate(ring) if place == 0 or point != ring[place - 1]]
    while len(plain) > 1 and plain[0] == plain[-1]:
        plain.pop()
    return plain


def area_of(ring: Sequence[Sequence[int]]) -> int:
    """Twice the signed area: above zero when the points go anticlockwise."""
    return sum(x * after[1] - after[0] * y for (x, y), after in zip(ring, [*ring[1:], *ring[:1]], strict=True))


def holds(ring: Sequence[Sequence[int]], x: int, y: int) -> bool:
    """Whether a point lies in a ring: a line from it to the east crosses an odd number of its sides."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (x2 - x1) * (y - y1) / (y2 - y1):
            inside = not inside
    return inside


def crosses_itself(ring: Ring) -> bool:
    """Whether two sides that are no neighbours meet."""
    sides = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    count = len(sides)
    return any(
        _meet(*sides[one], *sides[other])
        for one in range(count)
        for other in range(one + 2, count)
        if not (one == 0 and other == count - 1)
    )


def _meet(a: Sequence[int], b: Sequence[int], c: Sequence[int], d: Sequence[int]) -> bool:
    def side(p: Sequence[int], q: Sequence[int], r: Sequence[int]) -> int:
        turn = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        return (turn > 0) - (turn < 0)

    def between(p: Sequence[int], q: Sequence[int], r: Sequence[int]) -> bool:
        return min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and min(p[1], q[1]) <= r[1] <= max(p[1], q[1])

    turns = side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)
    if turns[0] != turns[1] and turns[2] != turns[3]:
        return True
    return any(turn == 0 and between(*line) for turn, line in zip(turns, ((a, b, c), (a, b, d), (c, d, a), (c, d, b)), strict=True))


def simplified(ring: Ring, most: int) -> Ring:
    """At most `most` points: those go first whose triangle with their neighbours is smallest (Visvalingam and Whyatt)."""
    kept = list(ring)
    while len(kept) > most:
        sizes = [
            abs(area_of([kept[place - 1], kept[place], kept[(place + 1) % len(kept)]])) for place in range(len(kept))
        ]  # fmt: skip
        few = max(1, (len(kept) - most) // 4)  # a quarter of what is too many at a time: quick for thousands of points
        going = set(sorted(range(len(kept)), key=sizes.__getitem__)[:few])
        kept = [point for place, point in enumerate(kept) if place not in going]
    return kept


# --- drawing -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """An area as it is drawn: a path for SVG, and where its words stand."""

    path: str
    x: float
    y: float


WIDTH = 1000.0
TILE, GAP = 100, 8


def outlines(rings: Mapping[int, Ring]) -> tuple[Mapping[int, Shape], float, "Projection"]:
    """Paths by key in a drawing WIDTH wide; its height; and how positions get into it."""
    where = Projection.around(rings.values())
    made = {}
    for key, ring in rings.items():
        points = [where.to(x / FINE, y / FINE) for x, y in ring]
        path = "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in points) + "Z"
        made[key] = Shape(path, sum(x for x, _y in points) / len(points), sum(y for _x, y in points) / len(points))
    return made, where.height, where


@dataclass(frozen=True)
class Projection:
    """Degrees onto the drawing: as wide as it is tall on the ground (equirectangular around the middle)."""

    west: float
    north: float
    squeeze: float
    scale: float
    height: float

    @staticmethod
    def around(rings: Any) -> "Projection":
        xs = [point[0] / FINE for ring in rings for point in ring]
        ys = [point[1] / FINE for ring in rings for point in ring]
        squeeze = max(math.cos(math.radians((min(ys) + max(ys)) / 2)), 0.05)
        wide = max((max(xs) - min(xs)) * squeeze, 1e-4)
        scale = (WIDTH - 20) / wide
        return Projection(min(xs), max(ys), squeeze, scale, (max(ys) - min(ys)) * scale + 20)

    def to(self, longitude: float, latitude: float) -> tuple[float, float]:
        return 10 + (longitude - self.west) * self.squeeze * self.scale, 10 + (self.north - latitude) * self.scale


def tiles(keys: Sequence[int], places: Mapping[int, tuple[int, int]]) -> Mapping[int, tuple[int, int]]:
    """A (column, row) for each key, from 1: those that were set, and the others in order on what is free.

    Nothing set: as nearly a square as the number allows.
    """
    found = {key: places[key] for key in keys if key in places}
    taken = set(found.values())
    rest = [key for key in keys if key not in found]
    wide = max([math.ceil(math.sqrt(len(keys))) if keys else 1, *(column for column, _row in taken)])
    row, column = 1, 1
    for key in rest:
        while (column, row) in taken:
            column, row = (column + 1, row) if column < wide else (1, row + 1)
        found[key] = (column, row)
        taken.add((column, row))
    return found


def squares(grid: Mapping[int, tuple[int, int]]) -> tuple[Mapping[int, Shape], float, float]:
    """Tiles as shapes, and the width and height of the drawing."""
    left, top = (min((place[axis] for place in grid.values()), default=1) for axis in (0, 1))
    made = {}
    for key, (column, row) in grid.items():
        x, y = (column - left) * TILE + GAP / 2, (row - top) * TILE + GAP / 2
        side = TILE - GAP
        made[key] = Shape(f"M{x:.0f} {y:.0f}h{side}v{side}h-{side}Z", x + side / 2, y + side / 2)
    wide, high = (max((place[axis] for place in grid.values()), default=1) - least + 1 for axis, least in ((0, left), (1, top)))
    return made, wide * TILE, high * TILE


def closed(ring: Ring) -> list[list[float]]:
    """A ring as GeoJSON has it: in degrees, and its first point again at the end."""
    return [[x / FINE, y / FINE] for x, y in [*ring, ring[0]]]
