"""The officers' pages of what is published, and the open data as everybody finds it."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, flash, request, stream_with_context

from portal.errors import Refused
from portal.exports import files
from portal.exports.publish import forms, leaving, publishing, settings, summaries
from portal.grants.forms.decide import Nothing
from portal.history import events_of
from portal.people import queries as people
from portal.people.views import actor
from portal.web.forms import one_line, whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import N_, _, _n

publish = Blueprint("publish", __name__)
assert leaving  # hears of who leaves

STATE_WORDS = {"waiting": N_("To sign off"), "signed": N_("Signed off"), "taken_down": N_("Taken down")}
EVENT_WORDS = {
    "signed_off": N_("Signed off"),
    "taken_down": N_("Taken down"),
    "put_back": N_("Put back"),
}


# --- the desk ------------------------------------------------------------------------------------------------------------


def _list(form: Any) -> Any:
    state = request.args.get("state", "")
    state = state if state in summaries.STATES else "waiting"
    before = whole_number(request.args.get("before"))
    found, further = summaries.items(state, before if before > 0 else None)
    older = f"/desk/publish?state={state}&before={further}" if further else None
    return form_page(
        "publish/desk.html", form, items=found, state=state, states=STATE_WORDS, counts=summaries.counts(), older=older,
        clear=[each for each in found if each.clear] if state == "waiting" else [], who=settings.publisher(), edition=publishing.current(), asking=publishing.asked(),
    )  # fmt: skip


@publish.get("/desk/publish")
@allow("publish")
def desk() -> Any:
    return _list(Nothing(formdata=None))


@publish.post("/desk/publish")
@allow("publish")
def act() -> Any:
    """Sign off the list that was looked at, or ask for the files."""
    form = Nothing()
    if form.validate():
        try:
            if request.form.get("act") == "publish":
                publishing.ask(actor())
                return see_other("/desk/publish/making")
            number = summaries.sign_off_all(_looked_at(one_line(request.form.get("items"))), actor())
        except Refused as why:
            form.refuse(why.sentence)
        else:
            flash(_n("One award is signed off.", "%(num)d awards are signed off.", number))
            return see_other("/desk/publish")
    return _list(form)


@publish.get("/desk/publish/making")
@allow("publish")
def making() -> Any:
    """Whether the files that were asked for are there; where scripts run the page looks again by itself until they are."""
    return page("publish/making.html", asking=publishing.asked(), edition=publishing.current())


def _looked_at(sent: str) -> Mapping[str, str]:
    """bid → stamp, as the list sent it."""
    pairs = [each.partition(" ") for each in sent.split(",")[: summaries.PAGE] if each]
    return {bid: stamp for bid, _space, stamp in pairs}


@publish.route("/desk/publish/settings", methods=["GET", "POST"])
@allow("publish")
def set_up() -> Any:
    who = settings.publisher()
    form = forms.Settings(data=forms.Settings.of(who)).fill()
    if done(form, lambda: settings.change(form.values(), actor())):
        flash(_("Saved."))
        return see_other("/desk/publish")
    return form_page("publish/settings.html", form, who=who, published=settings.published() if who.prefix else 0)


@publish.route("/desk/publish/<ref>", methods=["GET", "POST"])
@allow("publish")
def award(ref: str) -> Any:
    found = summaries.item(ref)
    form = forms.SignOff(data={"title": found.title, "description": found.description, "stamp": found.stamp})
    words = (form.title.data, form.description.data, form.stamp.data or "", form.sure.data)
    if done(form, lambda: summaries.sign_off(ref, *words, actor(), vouched=form.vouched.data)):
        flash(_("Signed off. It goes out with the next files."))
        return see_other("/desk/publish")
    return _award(found, form, forms.Why(formdata=None))


@publish.post("/desk/publish/<ref>/<any('take-down', 'put-back'):act>")
@allow("publish")
def move(ref: str, act: str) -> Any:
    found = summaries.item(ref)
    form = forms.Why()
    does = publishing.take_down if act == "take-down" else publishing.put_back
    if done(form, lambda: does(ref, form.reason.data, actor())):
        flash(
            _("Taken down. Every file that held it is gone; new ones without it are made now.")
            if act == "take-down"
            else _("It goes out again with the next files.")
        )
        return see_other(f"/desk/publish/{ref}")
    shown = {"title": found.title, "description": found.description, "stamp": found.stamp}
    return _award(found, forms.SignOff(formdata=None, data=shown), form, active=form)


def _award(found: summaries.Item, form: Any, why: Any, active: Any = None) -> Any:
    form.stamp.data = found.stamp  # of what stands on the page now
    story = events_of(f"public:{found.award_id}")
    names = people.names({event.actor_id for event in story})
    told = [
        {
            "at": event.at, "sentence": _("%(what)s by %(name)s", what=_(EVENT_WORDS[event.kind]), name=names.get(event.actor_id or 0, "")),
            "note": event.reason or f"{event.data['title']}\n{event.data['description']}",
        }
        for event in story
    ]  # fmt: skip
    return form_page("publish/award.html", active or form, sign=form, why=why, item=found, story=told)


# --- for everybody -------------------------------------------------------------------------------------------------------


@publish.get("/register/data/")
@allow("anyone")
@limiter.limit("60/minute")
def index() -> Any:
    made = publishing.current_files()
    return page(
        "publish/index.html", edition=publishing.current(), who=settings.publisher(), titles=publishing.TITLES,
        groups=[(export, [(year, list(some)) for year, some in groupby((file for file in made if file.export == export), lambda file: file.year)]) for export in publishing.EXPORTS],
    )  # fmt: skip


@publish.get("/register/data/<any('manifest', '360giving'):name>.json")
@allow("anyone")
@limiter.limit("60/minute")
def about(name: str) -> Response:
    """What the files are, for programs."""
    facts = publishing.manifest()
    if name == "360giving":
        edition = publishing.current()
        assert edition is not None, "there is a manifest"
        facts = edition.package
    return _cached(Response(files.as_json(facts), content_type=files.TYPES["json"]))


@publish.get("/register/data/<name>")
@allow("anyone")
@limiter.limit("30/minute")
def data(name: str) -> Response:
    """A file of the edition that stands, at an address that stays."""
    found = publishing.file(name)
    response = Response(stream_with_context(publishing.pieces(found.sha256)), content_type=files.TYPES[found.form])
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    response.set_etag(found.sha256)
    return _cached(response)


def _cached(response: Response) -> Response:
    response.headers["Cache-Control"] = "public, no-cache"
    response.make_conditional(request)
    return response
