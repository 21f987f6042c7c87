"""The desk's list of outcomes: begin, add, reword, order, retire."""

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from portal.history import Actor
from portal.outcomes import catalogue, forms
from portal.outcomes.rules import HEADINGS
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

desk_outcomes = Blueprint("desk_outcomes", __name__)
LIST = "/desk/outcomes"


def _actor() -> Actor:
    return Actor(current_user.id)


@desk_outcomes.get(LIST)
@allow("run rounds")
def index() -> Any:
    return page("outcomes/list.html", offered=catalogue.offered(), retired=catalogue.retired(), headings=HEADINGS)


@desk_outcomes.post("/desk/outcomes/begin")
@allow("run rounds")
def begin() -> Any:
    if catalogue.begin(_actor()):
        flash(_("This is the list now. Change it as you like."))
    return see_other(LIST)


@desk_outcomes.route("/desk/outcomes/new", methods=["GET", "POST"])
@allow("run rounds")
def new() -> Any:
    form = forms.Words().fill()
    if done(form, lambda: catalogue.add(form.words.data, form.heading.data, _actor(), once_key=form.once_key(current_user.id))):
        flash(_("Added. It can be chosen from now on."))
        return see_other(LIST)
    return form_page("outcomes/list_new.html", form)


@desk_outcomes.route("/desk/outcomes/<ref>", methods=["GET", "POST"])
@allow("run rounds")
def one(ref: str) -> Any:
    outcome = catalogue.by_ref(ref)
    form = forms.Words(data={"words": outcome.words, "heading": outcome.heading}).fill()
    if done(form, lambda: catalogue.reword(ref, form.words.data, form.heading.data, _actor())):
        flash(_("Kept. Ideas that chose it keep the words that they were shown."))
        return see_other(LIST)
    return form_page("outcomes/list_one.html", form, outcome=outcome, words_form=form, why=forms.Why(formdata=None))


@desk_outcomes.post("/desk/outcomes/<ref>/retire")
@allow("run rounds")
def retire(ref: str) -> Any:
    outcome = catalogue.by_ref(ref)
    why = forms.Why()
    if done(why, lambda: catalogue.retire(ref, why.reason.data, _actor())):
        flash(_("Retired. Where it was chosen, it stays."))
        return see_other(LIST)
    words = forms.Words(formdata=None, data={"words": outcome.words, "heading": outcome.heading}).fill()
    return form_page("outcomes/list_one.html", why, outcome=outcome, words_form=words, why=why)


@desk_outcomes.post("/desk/outcomes/<ref>/offer-again")
@allow("run rounds")
def offer_again(ref: str) -> Any:
    catalogue.offer_again(ref, _actor())
    flash(_("It can be chosen again."))
    return see_other(LIST)


@desk_outcomes.post("/desk/outcomes/<ref>/up")
@allow("run rounds")
def up(ref: str) -> Any:
    catalogue.move_up(ref, _actor())
    return see_other(LIST)
