"""The table of progress: for officers, who write it, and for everybody to read."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.history import Actor
from portal.money import financial_year
from portal.outcomes import forms, progress
from portal.outcomes.rules import HEADINGS
from portal.people import queries as people
from portal.people.access import Lying
from portal.places import queries as places
from portal.places.model import Area
from portal.web.forms import one_line, whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

progress_pages = Blueprint("progress", __name__)


def _area() -> Area | None:
    return progress.area_of(one_line(request.args.get("area"))[:80])


def _choice() -> list[tuple[str, str]]:
    return [(area.code, area.name) for area in places.areas() if area.kind != "scheme"]


def _may_write(area: Area | None) -> Lying:
    return Lying(area.id if area else None)


@progress_pages.get("/desk/progress")
@allow("handle bids")
def desk() -> Any:
    area = _area()
    return page(
        "outcomes/progress.html", rows=progress.table(area, public=False), area=area, places=_choice(), headings=HEADINGS, public=False,
        may_write=may("handle bids", _may_write(area)),
    )  # fmt: skip


@progress_pages.get("/register/progress")
@allow("anyone")
@limiter.limit("60/minute")
def public() -> Any:
    area = _area()
    return page(
        "outcomes/progress.html",
        rows=progress.table(area, public=True),
        area=area,
        places=_choice(),
        headings=HEADINGS,
        public=True,
        may_write=False,
        year=financial_year(clock.today()),
    )


@progress_pages.route("/desk/progress/<heading>", methods=["GET", "POST"])
@allow("handle bids")
def change(heading: str) -> Any:
    area = _area()
    require("handle bids", _may_write(area))
    written, version = progress.one(heading, area)
    form = forms.ChangeProgress(obj=written)
    back = "/desk/progress" + (f"?area={quote(area.code)}" if area else "")

    def act() -> None:
        new = progress.Written(form.doing.data, form.marker.data, form.next_step.data, form.who.data, form.by.data)
        progress.change(heading, area, whole_number(request.form.get("version")), new, Actor(current_user.id))

    if done(form, act):
        flash(_("Kept. What stood there before is in the story of the row."))
        return see_other(back)
    story = progress.story(heading, area)
    return form_page(
        "outcomes/progress_change.html", form, heading=heading, headings=HEADINGS, area=area, version=version, back=back, story=story,
        names=people.names(event.actor_id for event in story),
    )  # fmt: skip
