"""Setting up a new scheme: while the database is empty every page leads here; whoever has read the server's word may go on."""

from typing import Any

from flask import Blueprint, current_app, flash, request, session
from flask_login import current_user

from portal.errors import Refused
from portal.grants.rules import RoundRules
from portal.people.views import actor, begin_session, device
from portal.places import load
from portal.places import queries as places
from portal.setup import actions, checklist, forms
from portal.web.forms import one_line, show_phone
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _, _n

setup = Blueprint("setup", __name__, url_prefix="/setup")

STAYS = ("/setup/", "/look/", "/static/", "/healthz", "/readyz", "/offline", "/sw.js", "/site.webmanifest", "/favicon.ico", "/robots.txt")
BEGUN = "kindling_begun"


def _begun() -> bool:
    """Whether there is a scheme; asked of the database until there is one, and never again by this process."""
    if not current_app.extensions.get(BEGUN):
        current_app.extensions[BEGUN] = places.scheme() is not None
    return bool(current_app.extensions[BEGUN])


@setup.record_once
def _switch(state: Any) -> None:
    # tests of other things stand on half a scheme, and a demo fills itself
    state.app.config.setdefault("LEADS_TO_SETUP", not state.app.testing and not state.app.extensions["kindling"].demo)


@setup.before_app_request
def lead_here() -> Any:
    """Nothing works before the scheme is there."""
    if current_app.config["LEADS_TO_SETUP"] and not request.path.startswith(STAYS) and not _begun():
        return see_other("/setup/")
    return None


def _go_on() -> Any:
    """None while nobody has begun; else where somebody goes who comes back to a step that is done."""
    if places.scheme() is None:
        return None
    return see_other("/setup/areas" if current_user.is_authenticated and current_user.could("change settings") else "/")


@setup.route("/", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("10/minute", methods=["POST"])
def opening() -> Any:
    if (on := _go_on()) is not None:
        return on
    form = forms.Opening()

    def judge() -> None:
        if not actions.opens(form.token.data):
            raise Refused(_("That is not the word. Copy the newest one from where the server runs."), "token")

    if done(form, judge):
        session["setup"] = {"token": form.token.data}
        return see_other("/setup/scheme")
    return form_page("setup/opening.html", form)


@setup.route("/scheme", methods=["GET", "POST"])
@allow("anyone")
def scheme() -> Any:
    if (on := _go_on()) is not None:
        return on
    if "setup" not in session:
        return see_other("/setup/")
    form = forms.SchemeStep(data=session["setup"])
    if form.validate_on_submit():
        session["setup"] = {**session["setup"], "name": form.name.data, "email": form.email.data, "telephone": form.telephone.data}
        return see_other("/setup/administrator")
    return form_page("setup/scheme.html", form)


@setup.route("/administrator", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("10/minute", methods=["POST"])
def administrator() -> Any:
    if (on := _go_on()) is not None:
        return on
    said = session.get("setup", {})
    if "telephone" not in said:
        return see_other("/setup/scheme")
    form = forms.AdministratorStep()
    if form.validate_on_submit():
        assert form.email.data is not None
        try:
            token = actions.begin(
                said["token"], said["name"], said["email"], show_phone(said["telephone"]), form.name.data, form.email.data, device()
            )
        except Refused as why:
            form.refuse(why.sentence)
        else:
            begin_session(token)
            return see_other("/setup/areas")
    return form_page("setup/administrator.html", form, name=said["name"])


@setup.route("/areas", methods=["GET", "POST"])
@allow("change settings")
def areas() -> Any:
    form = forms.AreasStep().fill()
    lines: list[str] = []
    if form.validate_on_submit():
        try:
            number = _load(form)
        except load.BadFile as why:
            form.refuse(
                _n("One line is wrong. Nothing was loaded.", "%(num)d lines are wrong. Nothing was loaded.", len(why.lines)), form.way.data
            )
            lines = why.lines
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_n("One area is there now.", "%(num)d areas are there now.", number))
            return see_other("/setup/fund")
    return form_page("setup/areas.html", form, lines=lines[: load.MOST_NAMED], columns=",".join(load.COLUMNS), there=len(places.areas()))


def _load(form: forms.AreasStep) -> int:
    if form.way.data == "file":
        sent = form.file.data
        data = sent.read(load.MOST_BYTES + 1) if sent else b""
        if not data:
            raise Refused(_("Choose a CSV file."), "file")
        return load.load(data, actor())[0]
    if form.way.data == "one":
        here = places.scheme()
        assert here is not None
        return actions.first_areas([here.name], "estate", actor())
    names = [name for line in form.names.data.splitlines() if (name := one_line(line)[: load.LONGEST])]
    return actions.first_areas(names, "ward", actor())


@setup.route("/fund", methods=["GET", "POST"])
@allow("change settings")
def fund() -> Any:
    form = forms.FundStep(data={"name": _("Small Sparks")})
    if done(form, lambda: actions.first_fund(form.name.data, form.purpose.data, actor())):
        flash(_("%(name)s is open. Officers record what comes in.", name=form.name.data))
        return see_other("/setup/look")
    return form_page("setup/fund.html", form, rules=RoundRules())


@setup.get("/look")
@allow("change settings")
def look() -> Any:
    return page("setup/look.html")


@setup.get("/checklist")
@allow("change settings")
def what_is_missing() -> Any:
    steps = checklist.steps()
    return page("setup/checklist.html", steps=steps, left=sum(not step.done for step in steps))


@setup.post("/test")
@allow("change settings")
@limiter.limit("5/minute")
def test() -> Any:
    actions.send_test(current_user.id)
    flash(_("On its way to you. When it has gone out, the list ticks it off."))
    return see_other("/setup/checklist")
