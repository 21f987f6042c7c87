"""How areas are drawn on the map: an officer gives a tile its place, or an area its outline."""

from collections.abc import Sequence

from sqlalchemy import select

from portal import clock
from portal.db import db, one_at_a_time, transaction
from portal.errors import Refused
from portal.history import Actor, record
from portal.places.model import Area
from portal.places.queries import area as area_by_code
from portal.strengths import geometry
from portal.strengths.model import AreaShape
from portal.words import _

MOST = 30  # columns and rows


def set_shape(code: str, column: int | None, row: int | None, outline: str, actor: Actor) -> None:
    """Where an area's tile stands (both numbers from 1 to 30, or neither) and its outline as typed ("" for none). Again changes nothing.

    Refused: one number without the other, a place that another area has, an outline that cannot be drawn.
    """
    ring = geometry.outline(outline)
    with transaction():
        one_at_a_time("shapes of areas")
        area = area_by_code(code)
        if (column is None) != (row is None):
            raise Refused(_("Write both a column and a row, or neither."), "row" if row is None else "column")
        if column is not None and row is not None and not (1 <= column <= MOST and 1 <= row <= MOST):
            raise Refused(_("Columns and rows go from 1 to %(most)d.", most=MOST), "column")
        taken = select(Area.name).join(AreaShape).where(AreaShape.tile_column == column, AreaShape.tile_row == row, Area.id != area.id)
        if column is not None and (name := db.session.scalar(taken)) is not None:
            raise Refused(_("%(name)s stands there already. Choose another place, or move that one first.", name=name), "column")
        shape = db.session.get(AreaShape, area.id, with_for_update=True)
        if shape is None:
            shape = AreaShape(area_id=area.id, tile_column=None, tile_row=None, outline=None, changed_at=clock.now())
            db.session.add(shape)
        if (shape.tile_column, shape.tile_row, shape.outline) == (column, row, ring):
            return
        shape.tile_column, shape.tile_row, shape.outline, shape.changed_at = column, row, ring, clock.now()
        record(f"area:{area.id}", "area_drawn", actor, column=column, row=row, points=len(ring) if ring else 0)


def of_area(area: Area) -> AreaShape | None:
    """How one area is drawn, when anybody has said so."""
    return db.session.get(AreaShape, area.id)


def outlines() -> Sequence[geometry.Ring]:
    """The outlines of all areas that have one. One query."""
    rings = db.session.scalars(select(AreaShape.outline).where(AreaShape.outline.is_not(None)))
    return [ring for ring in rings if ring]


def as_typed(shape: AreaShape | None) -> str:
    """An outline as an officer reads and changes it: latitude and longitude, a point on each line."""
    ring = (shape.outline if shape is not None else None) or []
    return "\n".join(f"{y / geometry.FINE:.4f}, {x / geometry.FINE:.4f}" for x, y in ring)
