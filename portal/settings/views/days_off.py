"""Days off of the scheme's own: those to come beside England's bank holidays, another one, and taking one away again."""

from datetime import date
from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from portal import clock
from portal.history import Actor
from portal.settings import days_off, forms
from portal.web.forms import plain_day
from portal.web.pages import done, form_page, see_other
from portal.web.policy import allow
from portal.words import _

desk_days_off = Blueprint("desk_days_off", __name__)
HERE = "/desk/settings/days-off"


@desk_days_off.route(HERE, methods=["GET", "POST"])
@allow("change settings")
def index() -> Any:
    form = forms.DaysOff()
    if done(form, lambda: days_off.add(form.closure(), form.reason.data, Actor(current_user.id))):
        flash(_("Saved. What we promise from now on is reckoned without it; what was told to anybody stays."))
        return see_other(HERE)
    today = clock.today()
    closures = [each for each in days_off.closures() if each.last_day >= today]
    return form_page("settings/days_off.html", form, closures=closures, holidays=days_off.bank_holidays_from(today), today=today)


@desk_days_off.route(HERE + "/<day>/remove", methods=["GET", "POST"])
@allow("change settings")
def remove(day: str) -> Any:
    found = days_off.closure_from(plain_day(day, date.min))
    form = forms.Reason()
    if done(form, lambda: days_off.take_away(found.first_day, form.reason.data, Actor(current_user.id))):
        flash(_("Taken away. What was told to anybody stays."))
        return see_other(HERE)
    return form_page("settings/day_off_remove.html", form, closure=found)
