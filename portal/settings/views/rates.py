"""What an hour counts for: the rates in force and to come, and another one."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.history import Actor
from portal.settings import forms, rates
from portal.web.forms import plain_day
from portal.web.pages import done, form_page, see_other
from portal.web.policy import allow
from portal.words import _

desk_rates = Blueprint("desk_rates", __name__)


@desk_rates.route("/desk/settings/rates", methods=["GET", "POST"])
@allow("change settings")
def index() -> Any:
    form = forms.Rate().fill()
    if done(form, lambda: rates.set_rate(form.rate(), Actor(current_user.id))):
        flash(_("Saved. It counts from that day on; what was promised before stays."))
        return see_other("/desk/settings/rates")
    today = clock.today()
    now = {purpose: rates.in_force(purpose, today) for purpose in rates.PURPOSES}
    return form_page("settings/rates.html", form, rates=rates.rates(), purposes=rates.PURPOSES, now=now, today=today)


@desk_rates.post("/desk/settings/rates/remove")
@allow("change settings")
def remove() -> Any:
    day = plain_day(request.form.get("valid_from"), clock.today())
    rates.take_back(request.form.get("purpose", ""), day, Actor(current_user.id))
    flash(_("Taken back."))
    return see_other("/desk/settings/rates")
