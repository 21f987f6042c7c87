"""An event's page, "I'm coming" with and without an account, and a neighbour's own link."""

from typing import Any

from flask import flash, request
from flask_login import current_user

from portal import clock
from portal.calendars import in_words
from portal.events import checkin, coming, hooks, prints, queries
from portal.events import forms as typed
from portal.events.coming import Asked, Came
from portal.events.model import Gathering
from portal.events.rules import KINDS, is_over, is_public, organised_by, published, times
from portal.events.views.calendar import HOME, act, events, path
from portal.events.views.door import door_page
from portal.refs import clean_ref
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow
from portal.words import _


@events.get("/events/<code>")
@allow("anyone")
def one(code: str) -> Any:
    """An event by its reference; or by the address of the sheet at the door, where one tap says "I'm here"."""
    if (ref := queries.ref_of_token(code)) is not None:
        return door_page(queries.by_ref(ref), code, None)
    return _one(queries.seen_by(clean_ref(code) or code, current_user), typed.Nothing(formdata=None))


def _one(gathering: Gathering, form: Any) -> Any:
    some = queries.guests(gathering)
    mine = next((each for each in some if current_user.is_authenticated and each.person_id == current_user.id), None)
    there = sum(each.here_party or 0 for each in some)
    runs = queries.runs(current_user, gathering)
    later = queries.times_of(gathering.series, since=clock.today(), limit=7) if gathering.series is not None else ()
    return form_page(
        "events/one.html", form, event=gathering, times=times, kind=KINDS[gathering.kind], by=organised_by(gathering), mine=mine, runs=runs,
        going=sum(each.party for each in some if each.state == "going"), waiting=sum(each.state == "waiting" for each in some), there=there,
        came=published(there), access=prints.access_words(gathering), over=is_over(gathering), today=clock.today(), public=is_public(gathering),
        later=[each for each in later if each.id != gathering.id], pattern=in_words(gathering.series.every, gathering.series.first_day) if gathering.series else "",
        also=[line for ask in hooks.ALSO if runs and (line := ask(gathering)) is not None],
        links=[link(gathering) for link in hooks.LINKS] if is_public(gathering) else [], decides=current_user.can("help others", gathering),
    )  # fmt: skip


@events.route("/events/<ref>/come", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("30/minute", methods=["POST"])
def come(ref: str) -> Any:
    """ "I'm coming": for who is signed in how many friends; for everybody else a name, and perhaps an e-mail address."""
    gathering = queries.seen_by(ref, current_user)
    signed_in = current_user.is_authenticated
    row = queries.guest_of(gathering, current_user.id) if signed_in else None
    start = {"friends": row.party - 1, "hear": row.hear} if row is not None and request.method == "GET" else None
    form = typed.Come(data=start) if signed_in else typed.ComeByName()
    if form.validate_on_submit():
        done, came = act(form, lambda: coming.come(ref, _asked(form), current_user, once_key=form.once_key(current_user.id or ref)))
        if done:
            return _answered(gathering, came)
    over = is_over(gathering) or gathering.status != "open"
    free = None if gathering.places is None else gathering.places - queries.taken(gathering)
    return form_page("events/come.html", form, event=gathering, times=times, row=row, over=over, free=free, signed_in=signed_in)


def _asked(form: Any) -> Asked:
    party, hear = 1 + (form.friends.data or 0), bool(form.hear.data)
    return Asked(party, hear, form.name.data, form.email.data) if isinstance(form, typed.ComeByName) else Asked(party, hear)


def _answered(gathering: Gathering, came: Came) -> Any:
    if came.state == "mail":
        flash(_("Thank you. Look into your e-mail: there is your place, and a link in case you cannot come."))
        return see_other(path(gathering))
    flash(
        _("There is a place for you. See you there!")
        if came.state == "going"
        else _("On the waiting list. A place is yours by itself when one is free.")
    )
    return see_other(f"{HOME}coming/{came.token}" if came.token else path(gathering))


@events.post("/events/<ref>/cannot-come")
@allow("signed in")
@limiter.limit("60/minute")
def cannot_come(ref: str) -> Any:
    gathering, form = queries.seen_by(ref, current_user), typed.Nothing()
    done, _none = act(form, lambda: coming.cannot_come(ref, current_user))
    if not done:
        return _one(queries.by_ref(ref), form)
    flash(_("Taken off the list. Thank you for saying so."))
    return see_other(path(gathering))


@events.route("/events/coming/<token>", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("60/minute", methods=["POST"])
def own_link(token: str) -> Any:
    """What a neighbour without an account has, and two buttons: "I cannot come", and on the day "I'm here"."""
    form = typed.Nothing()
    if request.method == "POST":
        here = request.form.get("do") == "here"
        done, _none = act(form, lambda: checkin.here_by_own_link(token) if here else coming.call_off(token))
        if done:
            flash(_("You are checked in. Thank you for coming!") if here else _("Taken off the list. Thank you for saying so."))
            return see_other(f"{HOME}coming/{token}")
    guest = queries.guest_by_token(token)
    return form_page(
        "events/own_link.html", form, guest=guest, event=guest.gathering, times=times, today=clock.today(), over=is_over(guest.gathering), token=token,
        name=queries.name_of(guest), public=is_public(guest.gathering),
    )  # fmt: skip
