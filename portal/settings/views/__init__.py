"""The settings of the scheme: one page that leads to each group of them, and what was changed."""

from typing import Any

from flask import Blueprint, request

from portal.settings import log
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
    found = log.entries(before, PAGE + 1)
    older = f"/desk/settings/changed?before={found[PAGE - 1].event.id}" if len(found) > PAGE else None
    return page("settings/changed.html", entries=found[:PAGE], older=older, newest="/desk/settings/changed" if before else None)


PAGES: list[Blueprint] = [desk_settings]
