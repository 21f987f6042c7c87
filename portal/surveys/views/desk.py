"""The officers' pages: whether we ask, and the figures of years that are over."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Blueprint, Response, flash, request
from flask_login import current_user

from portal.errors import NotFound, Refused
from portal.people import queries as people
from portal.people.views import actor
from portal.surveys import asking, change, equality, figures, looked
from portal.surveys.model import NAMES
from portal.web.forms import one_line
from portal.web.limits import limiter
from portal.web.pages import page, see_other
from portal.web.policy import allow
from portal.words import _

desk_surveys = Blueprint("desk_surveys", __name__, url_prefix="/desk/surveys")


@desk_surveys.get("/")
@allow("run rounds")
def index() -> Any:
    """Both, whether they are on, and who switched them."""
    events = asking.switched()
    return page(
        "surveys/desk.html", on={name: asking.asks(name) for name in NAMES}, events=events,
        names=people.names(event.actor_id for event in events),
    )  # fmt: skip


@desk_surveys.post("/switch/<name>")
@allow("run rounds")
def switch(name: str) -> Any:
    asking.switch(name, request.form.get("on") == "1", actor())
    flash(_("Saved."))
    return see_other("/desk/surveys/")


# --- the three questions -------------------------------------------------------------------------------------------------


def _year() -> str:
    asked = one_line(request.values.get("year"))
    return asked if asked in figures.years() else figures.years()[0]


def _years() -> list[tuple[str, str]]:
    return [(year, year) for year in figures.years()]


def _three() -> change.Figures:
    """Of the year and the place that were chosen; everywhere when there is no such place."""
    try:
        return change.read(_year(), one_line(request.values.get("place")))
    except Refused:
        return change.read(_year())


@desk_surveys.get("/neighbours")
@allow("run rounds")
def neighbours() -> Any:
    return page("surveys/neighbours.html", found=_three(), year_choices=_years(), comes=figures.told_from())


@desk_surveys.post("/neighbours/download")
@allow("run rounds")
@limiter.limit("30/minute")
def neighbours_file() -> Response:
    """What the page shows, as a file; the log says who took it."""
    found = _three()
    name = f"three-questions-{found.year}.csv"
    looked.note("three-questions", name, actor(), year=found.year, area=found.places[found.place] if found.place else "")
    rows = [
        (_(each.question.words), each.wording, _(each.question.answers[line.answer]), *map(shown, (line.start, line.before, line.after)))
        for each in found.told
        for line in each.lines
    ]
    return _file(name, ("Question", "Wording", "Answer", "At the start, everybody", "At the start, who answered twice", "Later"), rows)


# --- questions about oneself ---------------------------------------------------------------------------------------------


@desk_surveys.get("/about-you")
@allow("run rounds")
def about_you() -> Any:
    """A door first: who looks is noted, and may look for the rest of the day."""
    year = _year()
    pots = equality.pots()
    asked = one_line(request.args.get("pot"))
    pot = asked if asked in pots else equality.WHOLE
    seen = looked.today("equality", current_user.id)
    return page(
        "surveys/about_you_figures.html", told=equality.told(year, pot) if seen else None, year_choices=_years(), year=year, pots=pots, pot=pot,
        comes=figures.told_from(),
    )  # fmt: skip


@desk_surveys.post("/about-you/look")
@allow("run rounds")
def look() -> Any:
    """Say that one looks."""
    looked.note("equality", _("Who asks and who joins, on the page"), actor(), kind="page")
    return see_other("/desk/surveys/about-you")


@desk_surveys.post("/about-you/download")
@allow("run rounds")
@limiter.limit("30/minute")
def about_you_file() -> Response:
    """What the page shows, as a file; the log says who took it."""
    year, pot = _year(), one_line(request.form.get("pot"))
    try:
        told = equality.told(year, pot)
    except Refused as why:
        raise NotFound(_("There is no such file.")) from why
    name = f"equality-{year}.csv"
    looked.note("equality", name, actor(), year=year, fund=pot.removeprefix("fund:"))
    rows = [
        (_(each.question.words), each.wording, _(each.question.answers[line.answer]), shown(line.number))
        for each in told
        for line in each.lines
    ]
    return _file(name, ("Question", "Wording", "Answer", "Number"), rows)


def shown(number: int | None) -> str:
    """A number as page and file say it."""
    return _("not told") if number is None else str(number)


def _file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(columns)
    writer.writerows(rows)
    response = Response(made.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
