"""Offers of funders to add to what neighbours raise: written down, watched, and the receipts seen."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.errors import Refused
from portal.grants import match_offers, queries
from portal.grants.forms.decide import Nothing
from portal.grants.forms.funders import NewOffer
from portal.money import pounds
from portal.people.views import actor
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

desk_match_offers = Blueprint("desk_match_offers", __name__)


@desk_match_offers.get("/desk/match-offers")
@allow("open finance")
def index() -> Any:
    """Every offer, with what came of it."""
    return page("grants/desk_match_offers.html", offers=match_offers.all_offers())


@desk_match_offers.route("/desk/match-offers/new", methods=["GET", "POST"])
@allow("run rounds")
def new() -> Any:
    """A funder offers to add to what neighbours raise."""
    form = NewOffer(data={"ratio": "10000"}).fill(queries.funders(), queries.open_funds(), queries.rounds())
    if form.validate_on_submit():
        fund, _slash, round_ = form.where.data.partition("/")
        assert form.cap.data is not None and form.first_day.data is not None and form.last_day.data is not None
        try:
            ref = match_offers.offer(
                form.funder.data, fund, round_, int(form.ratio.data), form.cap.data, form.first_day.data, form.last_day.data, actor()
            )
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The offer stands. Neighbours read it on the match page of their idea."))
            return see_other(f"/desk/match-offers/{ref}")
    return form_page("grants/desk_match_offer_new.html", form)


@desk_match_offers.get("/desk/match-offers/<ref>")
@allow("open finance")
def one(ref: str) -> Any:
    """One offer: what waits for a look at its receipt, and what was added."""
    return _one(ref, Nothing())


def _one(ref: str, form: Any) -> Any:
    found = match_offers.by_ref(ref)
    return form_page(
        "grants/desk_match_offer.html", form, one=found, raised=match_offers.raised_under(found), me=f"person:{current_user.id}"
    )


@desk_match_offers.post("/desk/match-offers/<ref>")
@allow("run rounds")
def act(ref: str) -> Any:
    """See a receipt, so that the money moves; or end the offer."""
    form: Any = Nothing()
    if form.validate():
        try:
            if request.form.get("act") == "end":
                match_offers.end(ref, actor())
                flash(_("The offer has ended. What came stays."))
            else:
                added = match_offers.give(request.form.get("bid", "")[:20], request.form.get("line", "")[:20], actor())
                flash(_("%(amount)s came into the fund.", amount=pounds(added)))
        except Refused as why:
            form.refuse(why.sentence)
        else:
            return see_other(f"/desk/match-offers/{ref}")
    return _one(ref, form)
