"""The officer's pages that put a bid on record or right: a telephone call, and where it happens."""

from typing import Any

from flask import Blueprint, flash
from wtforms import SelectField

from portal import clock
from portal.errors import Refused
from portal.grants import corrections, queries
from portal.people.forms import area_choices
from portal.people.views import actor
from portal.web.forms import DayField, Form, Needed, Paragraphs
from portal.web.pages import form_page, see_other
from portal.web.policy import allow
from portal.words import N_, _

put_right = Blueprint("put_right", __name__, url_prefix="/desk")


class Call(Form):
    day = DayField(N_("When was the call?"), [Needed(N_("Write the day of the call."))])
    words = Paragraphs(
        N_("What was said?"),
        [Needed(N_("Write what was said, in a sentence or two."))],
        description=N_("They can read it too, on the page of their idea."),
        most=1000,
    )


class Place(Form):
    area = SelectField(N_("Where does it happen?"))
    reason = Paragraphs(N_("Why?"), [Needed(N_("Write why, in a few words. It is kept."))], most=500)


@put_right.route("/bids/<ref>/call", methods=["GET", "POST"])
@allow("handle bids")
def call(ref: str) -> Any:
    bid = queries.bid(ref)
    form = Call(data={"day": clock.today()})
    if form.validate_on_submit():
        assert form.day.data is not None
        try:
            corrections.note_call(ref, form.day.data, form.words.data, actor(), once_key=form.once_key(ref))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Written down."))
            return see_other(f"/desk/bids/{ref}")
    return form_page("grants/desk_call.html", form, bid=bid)


@put_right.route("/bids/<ref>/area", methods=["GET", "POST"])
@allow("handle bids")
def area(ref: str) -> Any:
    bid = queries.bid(ref)
    form = Place()
    form.area.choices = area_choices(_("Choose an area"))
    if form.validate_on_submit():
        try:
            corrections.correct_area(ref, form.area.data, form.reason.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Put right. The register and the files say it from now on."))
            return see_other(f"/desk/bids/{ref}")
    return form_page("grants/desk_area.html", form, bid=bid)
