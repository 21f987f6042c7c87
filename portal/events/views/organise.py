"""Planning an event, changing and cancelling it, what is hung up, and the connectors' list."""

from datetime import timedelta
from typing import Any

import segno
from flask import Response, flash, request
from flask_login import current_user
from markupsafe import Markup

from portal import clock
from portal.errors import Conflict, NotYours
from portal.events import forms as typed
from portal.events import planning, prints, queries
from portal.events.model import Gathering
from portal.events.rules import KINDS, organised_by, times
from portal.events.views.calendar import HOME, act, events, path
from portal.outbox import address_of
from portal.people import queries as people
from portal.places import queries as places
from portal.refs import clean_ref
from portal.web.limits import limiter
from portal.web.pages import form_page, page, pdf_page, see_other
from portal.web.policy import allow
from portal.words import _, _n


@events.route("/events/new", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def new() -> Any:
    """Plan an event; with ?like=… what an earlier one said stands there already, for the next time."""
    like = clean_ref(request.args.get("like", "")[:40])
    before = queries.run_by(like, current_user) if like is not None else None
    start: dict[str, Any] = {"day": clock.today() + timedelta(days=14), "kind": "hub", "area": _own_area()}
    if before is not None:
        start = typed.said(before) | {"day": max(before.day + timedelta(days=7), clock.today())}
        start["organisation"] = before.organisation.ref if before.organisation is not None else ""
    groups, helps = people.organisations_of(current_user.id), current_user.can("help others")
    form = typed.New(data=start if request.method == "GET" else None).fill_for(groups, helps=helps)
    if form.validate_on_submit():
        done, ref = act(
            form,
            lambda: planning.plan_event(
                form.plan(), form.organisation.data or "", current_user, once_key=form.once_key(current_user.id), every=form.every.data or "",
                until=form.until.data,
            ),
        )  # fmt: skip
        if done:
            held = queries.by_ref(ref).status == "held"
            flash(_("Thank you! A connector looks at it now.") if held else _("It is in the calendar. Print the poster, and tell people."))
            return see_other(HOME + ref)
    return form_page("events/new.html", form, groups=groups, helps=helps, before=before, hints=_hints())


def _hints() -> dict[str, str]:
    return {kind: _(words) for kind, words in typed.KIND_HINTS.items()}


def _own_area() -> str:
    return next((area.code for area in places.areas() if area.id == current_user.area_id), "")


@events.route("/events/<ref>/change", methods=["GET", "POST"])
@allow("signed in")
def change(ref: str) -> Any:
    gathering = queries.run_by(ref, current_user)
    form = typed.Change(data=typed.said(gathering) | {"version": gathering.version} if request.method == "GET" else None)
    form.fill()
    if form.validate_on_submit():
        done, count = act(form, lambda: planning.change(ref, form.plan(), current_user, shown=form.shown(), later=bool(form.later.data)))
        if done:
            if queries.by_ref(ref).status == "held":
                flash(_("Saved. A connector looks at it first, then it is in the calendar and whoever comes hears of it."))
            else:
                flash(_n("Saved. Whoever comes hears of it.", "%(num)d times are saved. Whoever comes hears of it.", count))
            return see_other(path(gathering))
        form.version.data = str(queries.by_ref(ref).version)
    own = gathering.organisation_id is None and not current_user.can("help others", gathering)
    return form_page("events/change.html", form, event=gathering, hints=_hints(), own=own)


@events.route("/events/<ref>/cancel", methods=["GET", "POST"])
@allow("signed in")
def cancel(ref: str) -> Any:
    gathering = queries.run_by(ref, current_user)
    form = typed.Cancel()
    if form.validate_on_submit():
        done, came = act(form, lambda: planning.cancel(ref, form.reason.data, current_user, later=bool(form.later.data)))
        if done:
            flash(
                _n(
                    "Cancelled. Everybody who comes is told.",
                    "%(num)d times are cancelled. Everybody who comes is told.",
                    max(came.count, 1),
                )
            )
            if came.untold:
                flash(_("These left no address. Please tell them yourself: %(names)s.", names=", ".join(came.untold)))
            return see_other(path(gathering))
    some = queries.guests(gathering)
    return form_page(
        "events/cancel.html", form, event=gathering, times=times, told=sum(each.state in ("going", "waiting") and each.here_at is None for each in some),
        there=sum(each.here_party or 0 for each in some), today=clock.today(),
    )  # fmt: skip


@events.route("/events/<ref>/reason", methods=["GET", "POST"])
@allow("signed in")
def reason(ref: str) -> Any:
    """Say in another way why it was cancelled."""
    gathering = queries.run_by(ref, current_user)
    form = typed.Reason(data={"reason": gathering.reason} if request.method == "GET" else None)
    if form.validate_on_submit():
        done, _none = act(form, lambda: planning.say_why_again(ref, form.reason.data, current_user))
        if done:
            flash(_("Saved."))
            return see_other(path(gathering))
    return form_page("events/reason.html", form, event=gathering, times=times)


# --- what is hung up -----------------------------------------------------------------------------------------------------


def _on(ref: str) -> Gathering:
    gathering = queries.run_by(ref, current_user)
    if gathering.status != "open":
        raise Conflict(_("This is not on, so there is nothing to hang up."))
    return gathering


@events.get("/events/<ref>/posters")
@allow("signed in")
def posters(ref: str) -> Any:
    """To print: the poster that asks people to come, and the sheet for the door."""
    gathering = _on(ref)
    address, here = address_of(path(gathering)), address_of(HOME + queries.token_of(gathering))
    drawn = {}
    for name, target, words in (("poster", address, _("Say that you come")), ("door", here, _("Check in"))):
        picture = segno.make(target, error="m").svg_inline(scale=6, border=2, omitsize=True, title=words)
        drawn[name] = Markup(picture)  # made by segno from our own address  # noqa: S704  # nosec
    return page(
        "events/posters.html",
        event=gathering,
        svg=drawn,
        short=prints.short_address(gathering),
        door_address=address_of("/events/here"),
        times=times,
    )


@events.get("/events/<ref>/poster.pdf")
@allow("signed in")
@limiter.limit("30/minute")
def poster_file(ref: str) -> Response:
    """The poster as a file to print; `?large=1` with larger letters."""
    return _printed(_on(ref), "poster")


@events.get("/events/<ref>/door.pdf")
@allow("signed in")
@limiter.limit("30/minute")
def door_file(ref: str) -> Response:
    """The sheet for the door in the same way."""
    return _printed(_on(ref), "door")


def _printed(gathering: Gathering, what: str) -> Response:
    shown = places.scheme()
    assert shown is not None, "a scheme has an event"
    draw = prints.poster if what == "poster" else prints.door
    return pdf_page(draw(gathering, shown, large=request.args.get("large") == "1"), f"{what}-{gathering.ref}")


# --- yes or no -----------------------------------------------------------------------------------------------------------


@events.get("/events/desk")
@allow("help others")
def desk() -> Any:
    """What a connector has to look at."""
    rows = queries.desk(current_user.areas("connector", "officer"))
    return page("events/desk.html", rows=rows, times=times, kinds=KINDS, by=organised_by, today=clock.today())


@events.route("/events/<ref>/decide", methods=["GET", "POST"])
@allow("help others")
def decide(ref: str) -> Any:
    """Yes with one tap, no with a reason; or "I have looked" at what is in the calendar already."""
    gathering = queries.by_ref(ref)
    if not current_user.can("help others", gathering):
        raise NotYours(_("We cannot find that event."))
    form = typed.Decide()
    if form.validate_on_submit():
        no = request.form.get("do") == "no"
        done, _count = act(
            form, lambda: planning.say_no(ref, form.reason.data, current_user) if no else planning.say_yes(ref, current_user)
        )
        if done:
            flash(_("Done. Whoever asked hears of it.") if gathering.status != "open" or no else _("Done. It is off the list."))
            return see_other(f"{HOME}desk")
    times_ = queries.times_of(gathering.series) if gathering.series is not None else ()
    return form_page("events/decide.html", form, event=gathering, times=times, kind=KINDS[gathering.kind], by=organised_by(gathering),
                     access=prints.access_words(gathering), again=len(times_), today=clock.today())  # fmt: skip
