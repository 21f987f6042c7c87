"""How areas are drawn, for officers: a place in the grid, an outline."""

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from portal.history import Actor
from portal.places import queries as places
from portal.strengths import forms, maps, shapes
from portal.strengths.views.entries import done
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

strengths_drawing = Blueprint("strengths_drawing", __name__)


@strengths_drawing.get("/strengths/desk/map")
@allow("manage places")
def index() -> Any:
    """The areas that the map draws, and how."""
    return page("strengths/desk_map.html", map=maps.the_map())


@strengths_drawing.route("/strengths/desk/map/<code>", methods=["GET", "POST"])
@allow("manage places")
def one(code: str) -> Any:
    """Where an area's tile stands, and its outline."""
    area = places.area(code)
    shape = shapes.of_area(area)
    shown = {"column": shape.tile_column, "row": shape.tile_row} if shape is not None else {}
    form = forms.Shape(data={**shown, "outline": shapes.as_typed(shape)})
    if done(form, lambda: shapes.set_shape(code, form.column.data, form.row.data, form.outline.data, Actor(current_user.id))):
        flash(_("Saved."))
        return see_other("/strengths/desk/map")
    return form_page("strengths/desk_shape.html", form, area=area)
