"""How the scheme looks: choose, see it by day and by night, save, back to what ships; and the small files that pages take."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, flash, g, request, send_file
from flask_login import current_user

from portal import photos
from portal.errors import NotFound, Refused
from portal.history import Actor
from portal.places.queries import scheme
from portal.settings import colours, forms, look
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow
from portal.words import _

desk_look = Blueprint("desk_look", __name__)
KINDS = {"look": colours.stylesheet, "both": colours.both}
LOGO_BYTES = 5 * 1024 * 1024


@desk_look.app_context_processor
def _dressed() -> dict[str, object]:
    return {"look_of": look.stylesheet_of}


def _folder() -> Path:
    return Path(current_app.extensions["kindling"].data_dir)


@desk_look.route("/desk/settings/look", methods=["GET", "POST"])
@allow("change settings")
def index() -> Any:
    """Two colours; "Show me" keeps nothing, and shows them below as what stands is shown at first."""
    shown = look.colours_of(scheme())
    form = forms.Look(data={"brand": shown[0], "action": shown[1]})
    if form.validate_on_submit():
        try:
            chosen = form.colours()
            if request.form.get("act") != "show":
                look.set_colours(*chosen, Actor(current_user.id))
                flash(_("Saved. Every page looks like this from now on."))
                return see_other("/desk/settings/look")
            colours.judge(*chosen)
            shown = chosen
        except Refused as why:
            form.refuse(why.sentence, why.field)
    only_shown = request.method == "POST" and not form.errors
    return _page(form, forms.Logo(formdata=None, data={"alt": ""}), shown, only_shown)


def _page(form: Any, logo: Any, shown: tuple[str, str], only_shown: bool = False) -> Any:
    return form_page(
        "settings/look.html", logo if logo.errors else form, colours=form, logo=logo, sheet=look.address(*shown, kind="both"), only_shown=only_shown,
        ships=shown == (colours.BRAND, colours.ACTION),
    )  # fmt: skip


@desk_look.post("/desk/settings/look/logo")
@allow("change settings")
@limiter.limit("20/minute")
def logo() -> Any:
    shown = look.colours_of(scheme())
    form = forms.Logo()
    if form.validate_on_submit():
        sent = request.files.get("photo")
        try:
            data = sent.read(LOGO_BYTES + 1) if sent is not None and sent.filename else b""
            if not data:
                raise Refused(_("Choose a picture first."), "photo")
            if len(data) > LOGO_BYTES:
                raise Refused(_("That picture is larger than 5 megabytes. Choose a smaller one."), "photo")
            look.set_logo(photos.read(data, look.LONGEST), form.alt.data, _folder(), Actor(current_user.id))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The logo is at the top of every page now."))
            return see_other("/desk/settings/look")
    return _page(forms.Look(formdata=None, data={"brand": shown[0], "action": shown[1]}), form, shown)


@desk_look.post("/desk/settings/look/logo/remove")
@allow("change settings")
def remove() -> Any:
    look.take_logo_away(_folder(), Actor(current_user.id))
    flash(_("The logo is gone."))
    return see_other("/desk/settings/look")


@desk_look.post("/desk/settings/look/ship")
@allow("change settings")
def ship() -> Any:
    look.set_colours(colours.BRAND, colours.ACTION, Actor(current_user.id))
    flash(_("The colours that ship stand again."))
    return see_other("/desk/settings/look")


@desk_look.get("/look/<kind>/<brand>-<action>.css")
@allow("anyone")
def sheet(kind: str, brand: str, action: str) -> Response:
    """The stylesheet of two colours that people can read; the same for everybody and for ever."""
    try:
        pair = colours.understood(brand, "brand"), colours.understood(action, "action")
        colours.judge(*pair)
        text = KINDS[kind](*pair)
    except (Refused, KeyError) as why:
        raise NotFound(_("There is no such look.")) from why
    return _for_ever(Response(text, content_type="text/css; charset=utf-8"))


@desk_look.get("/look/logo/<ref>.jpg")
@allow("anyone")
def picture(ref: str) -> Response:
    here = look.logo()
    if here.photo_ref != ref:
        raise NotFound(_("There is no such picture."))
    response = _for_ever(send_file(photos.path(here.photo_file or "", _folder()), mimetype="image/jpeg"))
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _for_ever(response: Response) -> Response:
    g.private = False
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
