"""The desk's pages of places: the scheme's own data, areas and their ward codes."""

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from portal.errors import Refused
from portal.history import Actor, events_of
from portal.places import actions, forms, load, queries
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import N_, _, _n

desk_places = Blueprint("desk_places", __name__)

EVENT_WORDS = {
    "area_added": N_("Added"),
    "area_changed": N_("Changed"),
    "area_retired": N_("Retired"),
    "area_back": N_("Brought back"),
    "area_coded": N_("New ONS code"),
    "area_loaded": N_("Loaded from a file"),
    "area_drawn": N_("Drawn on the map"),
}
SHOWN_EVENTS = 50


def _actor() -> Actor:
    return Actor(current_user.id)


@desk_places.route("/desk/scheme", methods=["GET", "POST"])
@allow("manage places")
def scheme() -> Any:
    form = forms.SchemeForm(data=forms.SchemeForm.of(queries.scheme())).fill()
    if form.validate_on_submit():
        actions.change_scheme(form.values(), _actor())
        flash(_("Saved. It stands on every page from now on."))
        return see_other("/desk/scheme")
    return form_page("places/scheme.html", form)


@desk_places.get("/desk/areas")
@allow("manage places")
def areas() -> Any:
    in_use, retired = queries.tree()
    return page("places/areas.html", areas=in_use, retired=retired, kinds=forms.KIND_NAMES, codes=queries.codes_today())


@desk_places.route("/desk/areas/new", methods=["GET", "POST"])
@allow("manage places")
def new() -> Any:
    form = forms.AreaForm().fill(queries.areas())
    if form.validate_on_submit():
        try:
            code = actions.add_area(form.name.data, form.kind.data, form.parent.data, form.reason.data, _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("%(name)s is an area now.", name=form.name.data))
            return see_other(f"/desk/areas/{code}")
    return form_page("places/area_form.html", form, area=None)


@desk_places.route("/desk/areas/load", methods=["GET", "POST"])
@allow("manage places")
def load_file() -> Any:
    form = forms.Load()
    lines: list[str] = []
    if form.validate_on_submit():
        sent = form.file.data
        data = sent.read(load.MOST_BYTES + 1) if sent else b""
        try:
            if not data:
                raise Refused(_("Choose a CSV file."), "file")
            changed, codes = load.load(data, _actor())
        except load.BadFile as why:
            form.refuse(
                _n("One line is wrong. Nothing was loaded.", "%(num)d lines are wrong. Nothing was loaded.", len(why.lines)), "file"
            )
            lines = why.lines
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Loaded: %(what)s", what=load.in_words(changed, codes)))
            return see_other("/desk/areas")
    return form_page("places/load.html", form, lines=lines, most=load.MOST_NAMED, columns=",".join(load.COLUMNS))


@desk_places.get("/desk/areas/<code>")
@allow("manage places")
def area(code: str) -> Any:
    found = queries.area(code)
    inside, parent = queries.around(found)
    return page(
        "places/area.html", area=found, parent=parent, inside=inside, kinds=forms.KIND_NAMES, codes=found.ward_codes,
        events=events_of(f"area:{found.id}")[-SHOWN_EVENTS:], event_words=EVENT_WORDS,
    )  # fmt: skip


@desk_places.route("/desk/areas/<code>/change", methods=["GET", "POST"])
@allow("manage places")
def change(code: str) -> Any:
    found = queries.area(code)
    _inside, parent = queries.around(found)
    form = forms.AreaForm(data={"name": found.name, "kind": found.kind, "parent": parent.code if parent else ""}).fill(
        queries.areas(), but=code
    )
    if form.validate_on_submit():
        try:
            actions.change_area(code, form.name.data, form.kind.data, form.parent.data, form.reason.data, _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved."))
            return see_other(f"/desk/areas/{code}")
    return form_page("places/area_form.html", form, area=found)


@desk_places.route("/desk/areas/<code>/code", methods=["GET", "POST"])
@allow("manage places")
def add_code(code: str) -> Any:
    found = queries.area(code)
    form = forms.CodeForm()
    if form.validate_on_submit():
        assert form.valid_from.data is not None
        try:
            actions.add_code(code, form.ons_code.data, form.valid_from.data, form.reason.data, _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved. Grants that are decided from that day on carry the new code."))
            return see_other(f"/desk/areas/{code}")
    return form_page("places/code.html", form, area=found)


@desk_places.route("/desk/areas/<code>/retire", methods=["GET", "POST"])
@allow("manage places")
def retire(code: str) -> Any:
    found = queries.area(code)
    form = forms.Reason()
    if form.validate_on_submit():
        try:
            actions.retire_area(code, form.reason.data, _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("%(name)s is retired. Nobody can choose it any more.", name=found.name))
            return see_other("/desk/areas")
    return form_page("places/retire.html", form, area=found, kept=queries.lying_in(found))


@desk_places.post("/desk/areas/<code>/bring-back")
@allow("manage places")
def bring_back(code: str) -> Any:
    actions.bring_back_area(code, _actor())
    flash(_("The area is in use again."))
    return see_other(f"/desk/areas/{code}")
