"""The settings of the scheme: one page that leads to each group of them, and what was changed."""

from typing import Any

from flask import Blueprint, request

from portal.settings import log
from portal.settings.views.days_off import desk_days_off
from portal.settings.views.limits import desk_limits
from portal.settings.views.look import desk_look
from portal.settings.views.rates import desk_rates
from portal.settings.views.words import desk_words
from portal.web.forms import whole_number
from portal.web.pages import page
from portal.web.policy import allow

desk_settings = Blueprint("desk_settings", __name__)

PAGE = 25


@desk_settings.get("/desk/settings")
@allow("manage places")
def index() -> Any:
    """Where everything of the scheme is set; what somebody may not change is said, and who does it."""
    return page("settings/index.html")


@desk_settings.get("/desk/settings/changed")
@allow("manage places")
def changed() -> Any:
    """The log of all settings, newest first."""
    before = whole_number(request.args.get("before"), 0) or None
    about = next((each for each in sorted({about for about, _kind in log.READERS}) if each == request.args.get("about")), "")
    found = log.entries(before, PAGE + 1, about)
    here = f"/desk/settings/changed?about={about}&" if about else "/desk/settings/changed?"
    older = f"{here}before={found[PAGE - 1].event.id}" if len(found) > PAGE else None
    return page("settings/changed.html", entries=found[:PAGE], older=older, newest=here.rstrip("&?") if before else None)


PAGES: list[Blueprint] = [desk_settings, desk_words, desk_look, desk_rates, desk_days_off, desk_limits]
