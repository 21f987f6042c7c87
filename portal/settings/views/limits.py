"""Limits: what each does and where it stands, and one page to change each."""

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from portal.errors import Conflict
from portal.history import Actor
from portal.settings import forms, limits
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

desk_limits = Blueprint("desk_limits", __name__)
HERE = "/desk/settings/limits"


@desk_limits.get(HERE)
@allow("change settings")
def index() -> Any:
    return page("settings/limits.html", limits=[(each, limits.of(each)) for each in limits.LIMITS.values()])


@desk_limits.route(HERE + "/<key>", methods=["GET", "POST"])
@allow("change settings")
def one(key: str) -> Any:
    limit = limits.by_key(key)
    stands = limits.of(limit)
    form: Any = (forms.LimitOfPounds if limit.unit == "pence" else forms.LimitOfDays)(data={"value": stands, "seen": str(stands)})
    try:
        if done(form, lambda: limits.set_limit(key, form.value.data, form.was_seen(stands), Actor(current_user.id))):
            flash(_("Saved. It holds from now on; what was told to anybody stays."))
            return see_other(HERE)
    except Conflict as why:
        form.refuse(why.sentence, "value")
        form.seen.data = str(limits.of(limit))  # who sends it again has read what stands now
    return form_page("settings/limit.html", form, limit=limit, stands=stands)


@desk_limits.post(HERE + "/<key>/ship")
@allow("change settings")
def ship(key: str) -> Any:
    limit = limits.by_key(key)
    limits.set_limit(key, limit.ships, limits.of(limit), Actor(current_user.id))
    flash(_("What ships holds again."))
    return see_other(HERE)
