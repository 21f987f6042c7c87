"""Is it you? A code from the phone or from a message, before something that matters; and the second factor itself."""

from typing import Any
from urllib.parse import quote

import segno
from flask import Blueprint, flash, g, request, session
from flask_login import current_user
from markupsafe import Markup

from portal.errors import Refused
from portal.people import actions, forms, held, queries, second
from portal.people.views import actor, needs_proof, renew_session, send_code, settings
from portal.places.queries import scheme
from portal.web import logs
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, safe_path, see_other
from portal.web.policy import allow, require
from portal.words import _, _n

proving = Blueprint("proving", __name__)


@proving.route("/people/prove", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def prove() -> Any:
    """A fresh code before something that matters: from the phone of whoever has a second factor, else from a message."""
    next_path = safe_path(request.values.get("next"))
    if current_user.factor:
        return _prove_by_phone(next_path)
    if request.method == "POST" and "send" in request.form:  # by a button: a GET writes nothing
        return _send_code(next_path)
    form = forms.Code()
    if request.method == "POST" and form.validate():
        try:
            next_path = actions.prove(current_user.session_id, session.get("proving", ""), form.code.data, secret_key=settings().secret_key)
        except Refused as why:
            logs.refused("wrong code", purpose="prove")
            form.refuse(why.sentence, "code")
        else:
            session.pop("proving", None)
            renew_session()
            return see_other(safe_path(next_path))
    return form_page("people/prove.html", form, next_path=next_path, sent_to=session.get("sent_to", "") if "proving" in session else "")


def _send_code(next_path: str) -> Any:
    me = queries.addressee_of(queries.person(current_user.id))
    if me.channel == "letter":
        raise Refused(_("We have neither an e-mail address nor a number of yours. Ask us for help."))
    session["proving"] = send_code(me.channel, me.address, "prove", next_path, current_user.id)
    session["sent_to"] = me.address
    return see_other("/people/prove?next=" + quote(next_path))


def _prove_by_phone(next_path: str) -> Any:
    form = forms.AppCode()
    if done(form, lambda: second.give(current_user.id, current_user.session_id, form.code.data, secret_key=settings().secret_key)):
        renew_session()
        if "".join(form.code.data.split()).isdigit():
            return see_other(next_path)
        left = second.codes_left(current_user.id)
        flash(
            _n("You have one recovery code left. Make new ones under “About you”.", "You have %(num)d recovery codes left.", left)
            if left
            else _("That was your last recovery code. Make new ones under “About you”.")
        )
        return see_other(next_path)
    if form.errors:
        logs.refused("wrong second step")
    return form_page("people/prove_by_phone.html", form, next_path=next_path)


@proving.get("/people/go-on")
@allow("signed in")
def go_on() -> Any:
    """The form that waited while they proved who they are, to be sent by one button."""
    return page("people/go_on.html", held=held.held(current_user.session_id))


# --- setting it up -------------------------------------------------------------------------------------------------------


@proving.route("/people/me/second-factor", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def second_factor() -> Any:
    """What there is; a picture for the phone, and the first code that it shows."""
    if (proof := needs_proof()) is not None:
        return proof
    act = request.form.get("act", "")
    next_path = safe_path(request.values.get("next"), "/people/me")
    here = "/people/me/second-factor?next=" + quote(next_path)
    form = forms.AppCode()
    match act:
        case "show":
            second.show(current_user.id, current_user.session_id)
            return see_other(here)
        case "remove":
            second.remove(current_user.id, required=settings().second_factor)
            flash(_("The second step is gone."))
            return see_other("/people/me")
        case _:
            if done(form, lambda: second.confirm(current_user.id, current_user.session_id, form.code.data)):
                renew_session()
                flash(_("Your phone is your second step from now on."))
                return see_other("/people/me/second-factor/codes?next=" + quote(next_path))
    shown = second.shown(current_user.id, current_user.session_id, getattr(scheme(), "short_name", "Kindling"))
    return form_page(
        "people/second_factor.html", form, next_path=next_path, factor=second.factor_of(current_user.id), left=second.codes_left(current_user.id),
        shown=shown, picture=_picture(shown.address) if shown else "", required=settings().second_factor,
    )  # fmt: skip


def _picture(address: str) -> Markup:
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=2, omitsize=True, title=_("Picture for the app on your phone"))
    return Markup(drawn)  # made by segno from a key of ours  # noqa: S704  # nosec


@proving.route("/people/me/second-factor/codes", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("10/minute", methods=["POST"])
def recovery_codes() -> Any:
    """Ten codes, made and shown by the same button: a second tap makes and shows ten others."""
    if (proof := needs_proof()) is not None:
        return proof
    g.private = True
    made = second.new_codes(current_user.id, secret_key=settings().secret_key) if request.method == "POST" else []
    return page("people/recovery_codes.html", codes=made, next_path=safe_path(request.values.get("next"), "/people/me"))


@proving.route("/desk/people/<ref>/second-factor", methods=["GET", "POST"])
@allow("reset second factors")
@limiter.limit("10/minute", methods=["POST"])
def reset(ref: str) -> Any:
    """Somebody lost their phone and their codes: take the second factor away."""
    someone = queries.person_by_ref(ref)
    require("manage people", someone)
    form = forms.Why()
    if form.validate_on_submit() and (proof := needs_proof()) is not None:
        return proof
    if done(form, lambda: second.reset(someone.id, form.reason.data, actor())):
        flash(_("Done. They set it up anew when they sign in, and all officers are told."))
        return see_other(f"/desk/people/{ref}")
    return form_page("people/second_reset.html", form, someone=someone)
