"""Who is here: the sheet at the door on one's own phone, the organiser's list, and paper afterwards."""

from typing import Any

from flask import flash, request
from flask_limiter.util import get_remote_address
from flask_login import current_user

from portal import clock
from portal.errors import NotFound
from portal.events import checkin, coming, queries
from portal.events import forms as typed
from portal.events.checkin import Here, Tap
from portal.events.coming import Asked
from portal.events.model import Gathering
from portal.events.rules import is_over, times
from portal.events.views.calendar import HOME, act, events, path
from portal.refs import clean_ref
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

EMPTY_LINES = 14  # of a printed list


# --- on one's own phone --------------------------------------------------------------------------------------------------


def door_page(gathering: Gathering, token: str, form: Any) -> Any:
    """Where the QR code at the door leads."""
    row = queries.guest_of(gathering, current_user.id) if current_user.is_authenticated else None
    shown = form or (typed.Here if current_user.is_authenticated else typed.HereByName)(formdata=None)
    return form_page("events/here.html", shown, event=gathering, token=token, row=row, today=clock.today(), times=times)


@events.post("/events/<token>/here")
@allow("anyone")
@limiter.limit("300/minute")  # a hall full of people may share one network
def here(token: str) -> Any:
    """ "I'm here", from the page that the QR code opens."""
    ref = queries.ref_of_token(token)
    if ref is None:
        raise NotFound(_("We cannot find that event. Type the six digits at the door instead."))
    form = typed.Here() if current_user.is_authenticated else typed.HereByName()
    if form.validate():
        done, _ref = act(form, lambda: checkin.here_by_token(token, _said(form), current_user, once_key=_key(form, ref)))
        if done:
            flash(_("You are checked in. Thank you for coming!"))
            return see_other(HOME + ref)
    return door_page(queries.by_ref(ref), token, form)


@events.route("/events/here", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("60/minute", methods=["POST"])  # wrong ones are counted by the action, for the day
def here_by_code() -> Any:
    """The six digits at the door, typed."""
    form = typed.CodeAlone() if current_user.is_authenticated else typed.Code()
    if form.validate_on_submit():
        done, ref = act(
            form,
            lambda: checkin.here_by_code(
                form.code.data, _said(form), current_user, once_key=_key(form, "code"), network=get_remote_address()
            ),
        )
        if done:
            flash(_("You are checked in. Thank you for coming!"))
            return see_other(HOME + str(ref))
    return form_page("events/code.html", form)


def _said(form: Any) -> Here:
    return Here(form.name.data if "name" in form else "", bool(form.hear.data), bool(form.another.data) if "another" in form else False)


def _key(form: Any, what: str) -> str:
    return form.once_key(current_user.id or what) if current_user.is_authenticated else f"door:{form.once_key(what)}"


# --- the organiser's list ------------------------------------------------------------------------------------------------


@events.get("/events/<ref>/check-in")
@allow("signed in")
def check_in(ref: str) -> Any:
    """Who is here, for the organiser."""
    return _check_in(queries.run_by(ref, current_user), typed.Tap(formdata=None))


def _check_in(gathering: Gathering, form: Any) -> Any:
    rows = sorted(queries.guests(gathering), key=lambda row: queries.name_of(row).casefold())
    names: dict[str, list[Any]] = {}
    for row in rows:
        names.setdefault(queries.name_of(row).casefold(), []).append(row)
    twice = {} if gathering.status == "cancelled" else {row.ref: first.ref for first, row in _pairs(names)}
    return form_page(
        "events/check_in.html", form, event=gathering, expected=[row for row in rows if row.here_at is None], there=[row for row in rows if row.here_at],
        total=sum(row.here_party or 0 for row in rows), twice=twice, name_of=queries.name_of, today=clock.today(), times=times,
    )  # fmt: skip


def _pairs(names: dict[str, list[Any]]) -> list[tuple[Any, Any]]:
    """Two lines of one name of which the second has no account: they may be one human being."""
    found = []
    for rows in names.values():
        first, *others = sorted(rows, key=lambda row: (row.person_id is None, row.id))
        found += [(first, other) for other in others if other.person_id is None and queries.name_of(other) != _("A neighbour")]
    return found


@events.post("/events/<ref>/check-in")
@allow("signed in")
@limiter.limit("300/minute")
def tap(ref: str) -> Any:
    """One tap of the organiser."""
    form = typed.Tap()
    if form.validate():
        one = Tap(str(form.act.data)[:20], clean_ref(str(form.guest.data)[:40]) or "", form.name.data, form.party.data)
        done, _none = act(
            form, lambda: checkin.tap(ref, one, current_user, once_key=f"{form.once_key(current_user.id)}:{ref}:{one.act}:{one.guest}")
        )
        if done:
            return see_other(f"{HOME}{ref}/check-in")
    return _check_in(queries.run_by(ref, current_user), form)


@events.post("/events/<ref>/same")
@allow("signed in")
def same(ref: str) -> Any:
    """Two lines are one human being."""
    form = typed.Tap()  # its refusal stands on the page of the organiser
    keep, drop = (clean_ref(request.form.get(name, "")[:40]) or "" for name in ("keep", "drop"))
    done, _none = act(form, lambda: coming.same(ref, keep, drop, current_user))
    if not done:
        return _check_in(queries.run_by(ref, current_user), form)
    flash(_("Joined. They count once."))
    return see_other(f"{HOME}{ref}/check-in")


@events.post("/events/<ref>/take-off")
@allow("signed in")
def take_off(ref: str) -> Any:
    """Take somebody off the list."""
    form = typed.Tap()
    whom = clean_ref(request.form.get("guest", "")[:40]) or ""
    done, _none = act(form, lambda: coming.take_off(ref, whom, current_user))
    if not done:
        return _check_in(queries.run_by(ref, current_user), form)
    flash(_("Taken off the list. They hear of it, if they left an address."))
    return see_other(f"{HOME}{ref}/check-in")


@events.route("/events/<ref>/enter", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def enter(ref: str) -> Any:
    """Write down somebody who said that they come, on paper, by telephone or face to face."""
    gathering = queries.run_by(ref, current_user)
    form = typed.Enter().fill()
    if form.validate_on_submit():
        asked = Asked(1 + (form.friends.data or 0), bool(form.hear.data), form.name.data, form.email.data)
        done, state = act(
            form, lambda: coming.enter(ref, asked, form.basis.data or "", current_user, once_key=form.once_key(current_user.id))
        )
        if done:
            name = form.name.data
            flash(_("%(name)s is on the list.", name=name) if state == "going" else _("%(name)s is on the waiting list.", name=name))
            return see_other(path(gathering, "/enter"))
    return form_page("events/enter.html", form, event=gathering, times=times, over=is_over(gathering) or gathering.status != "open")


@events.get("/events/<ref>/list")
@allow("signed in")
def paper_list(ref: str) -> Any:
    """To print: who comes, and empty lines."""
    gathering = queries.run_by(ref, current_user)
    some = sorted((each for each in queries.guests(gathering) if each.state == "going"), key=lambda row: queries.name_of(row).casefold())
    return page(
        "events/list.html", event=gathering, some=some, empty=max(EMPTY_LINES - len(some) // 3, 6), times=times, name_of=queries.name_of
    )


@events.route("/events/<ref>/paper", methods=["GET", "POST"])
@allow("signed in")
def paper(ref: str) -> Any:
    """Type in what the list says."""
    gathering = queries.run_by(ref, current_user)
    form = typed.Sheet()
    ticked = [number for text in request.form.getlist("ticked")[:500] if (number := clean_ref(text[:40])) is not None]
    if form.validate_on_submit():
        done, came = act(
            form,
            lambda: checkin.from_paper(ref, form.sheet.data, ticked, form.names(), current_user, once_key=form.once_key(current_user.id)),
        )
        if done:
            flash(_what_was_typed(came))
            return see_other(path(gathering, "/check-in"))
    some = [each for each in queries.guests(gathering) if each.here_at is None]
    return form_page("events/paper.html", form, event=gathering, some=some, ticked=ticked, name_of=queries.name_of)


def _what_was_typed(came: checkin.Typed) -> str:
    parts = []
    if came.here or came.new:
        parts.append(_("Checked in: %(names)s.", names=", ".join([*came.here, *came.new])))
    if came.again:
        parts.append(_("In the list already: %(names)s.", names=", ".join(came.again)))
    return " ".join(parts) or _("This sheet is in already.")
