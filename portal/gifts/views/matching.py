"""What may fit and what is not for somebody; and the weekly letter, which is set, changed and stopped with one tap."""

from typing import Any

from flask import Blueprint, abort, flash, g, request
from flask_login import current_user

from portal.errors import Refused
from portal.gifts import suggestions, weekly
from portal.refs import clean_ref
from portal.web.limits import limiter
from portal.web.pages import page, see_other
from portal.web.policy import allow
from portal.words import _

gift_matching = Blueprint("gift_matching", __name__)
WHAT = "any(all, mine, stop):what"


@gift_matching.post("/gifts/not-this")
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def not_this() -> Any:
    """Never suggest this again; back to where it was suggested."""
    suggestions.not_this(request.form.get("what", ""), current_user)
    flash(_("We do not suggest that again."))
    mine = clean_ref(request.form.get("for", ""))
    return see_other(f"/gifts/{mine}" if mine else "/gifts/")


@gift_matching.get("/gifts/weekly")
@allow("signed in")
def letter() -> Any:
    """How the reader's weekly letter is set."""
    row = weekly.of(current_user.id)
    return page("gifts/weekly.html", sentence=weekly.in_words(row), choices=weekly.choices(row), to="/gifts/weekly/", by_link=False)


@gift_matching.post(f"/gifts/weekly/<{WHAT}>")
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def set_letter(what: str) -> Any:
    """One tap: everything that is new, only what may fit, or nothing."""
    _set(current_user.id, what, by_link=False)
    return see_other("/gifts/weekly")


@gift_matching.get("/gifts/weekly/by/<token>")
@allow("anyone")
@limiter.limit("60/minute")
def letter_by_link(token: str) -> Any:
    """The same by the link of a letter, without signing in. Opening it changes nothing: machines that look through mail open links too."""
    g.private = True
    row = weekly.by_token(token)
    return page(
        "gifts/weekly.html", sentence=weekly.in_words(row), choices=weekly.choices(row), to=f"/gifts/weekly/by/{token}/", by_link=True
    )


@gift_matching.post("/gifts/weekly/by/<token>")
@allow("anyone", without_token=True)
@limiter.limit("60/minute")
def stop_from_mail(token: str) -> Any:
    """The button of the mail program (RFC 8058): it has no session, sends one known answer, and follows no redirect."""
    g.private = True
    row = weekly.by_token(token)
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    weekly.stop(row.person_id, by_link=True)
    return page(
        "gifts/weekly.html", sentence=weekly.in_words(row), choices=weekly.choices(row), to=f"/gifts/weekly/by/{token}/", by_link=True
    )


@gift_matching.post(f"/gifts/weekly/by/<token>/<{WHAT}>")
@allow("anyone")
@limiter.limit("20/minute", methods=["POST"])
def set_by_link(token: str, what: str) -> Any:
    """One tap, without signing in."""
    _set(weekly.by_token(token).person_id, what, by_link=True)
    return see_other(f"/gifts/weekly/by/{token}")


def _set(person_id: int, what: str, *, by_link: bool) -> None:
    try:
        if what == "stop":
            weekly.stop(person_id, by_link=by_link)
        else:
            weekly.ask(person_id, what, by_link=by_link)
    except Refused as why:
        flash(why.sentence)
    else:
        flash(_("Stopped. Nothing more comes.") if what == "stop" else _("Done. It comes on Thursdays."))
