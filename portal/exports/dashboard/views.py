"""Figures by time, fund and area for officers, finance and auditors, and the report that a committee gets."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask_login import current_user
from wtforms import SelectField

from portal import clock
from portal.errors import NotFound, Refused
from portal.exports import achieved, files, filters, packs
from portal.exports.dashboard import figures, report
from portal.exports.strengths.views import lasting
from portal.grants import queries as grants
from portal.history import Actor
from portal.money import Pence, pounds
from portal.places import queries as places
from portal.web.filters import short_month
from portal.web.forms import Form, one_line
from portal.web.limits import limiter
from portal.web.pages import form_page, pdf_page
from portal.web.policy import allow
from portal.words import N_, _, _n

dashboard = Blueprint("dashboard", __name__)
ASKED = ("year", "part", "fund", "area")


class Choose(Form):
    year = SelectField(N_("Which financial year?"), validate_choice=False)
    part = SelectField(N_("Which part of the year?"), validate_choice=False)
    fund = SelectField(N_("Which fund?"), validate_choice=False)
    area = SelectField(N_("Which area?"), validate_choice=False)


def _form() -> Choose:
    years = filters.years()
    form = Choose(formdata=request.args or None, data={"year": years[0], "part": "", "fund": "", "area": ""}, meta={"csrf": False})
    form.year.choices = [(year, year) for year in years]
    form.part.choices = [(part, _(words)) for part, words in filters.PARTS.items()]
    form.fund.choices = [("", _("All funds")), *((fund.code, fund.name) for fund in grants.funds())]
    form.area.choices = [("", _("Everywhere")), *((area.code, area.name) for area in places.areas() if area.kind != "scheme")]
    return form


def _chosen(form: Choose) -> filters.Filter:
    return filters.of_year(form.year.data or None, fund=form.fund.data or "", area=form.area.data or "", part=form.part.data or "")


@dashboard.get("/finance/figures")
@allow("export")
def index() -> Any:
    form = _form()
    try:
        found = figures.read(_chosen(form))
    except Refused as why:
        form.refuse(why.sentence, why.field)
        return form_page("finance/figures.html", form, found=None)
    asked = urlencode({name: form[name].data or "" for name in ASKED})
    return form_page("finance/figures.html", form, found=found, report=report, parts=_parts(found), asked=asked)


def _parts(found: figures.Figures) -> list[tuple[str, list[tuple[str, int, str]]]]:
    """Headings, each with the rows of its chart: name, length in pence, and the number in words."""

    def grants_of(sums: Mapping[str, figures.Sum], nameless: str) -> list[tuple[str, int, str]]:
        return [
            (
                _n("%(name)s, %(num)d grant", "%(name)s, %(num)d grants", each.number, name=name or nameless),
                each.pence,
                pounds(Pence(each.pence)),
            )
            for name, each in figures.most(sums)
        ]

    months = [(short_month(month), promised.pence, spent.pence) for month, (promised, spent) in found.by_month.items()]
    return [
        (_("Promised, month by month"), [(month, promised, pounds(Pence(promised))) for month, promised, _spent in months]),
        (_("Spent, month by month"), [(month, max(spent, 0), pounds(Pence(spent))) for month, _promised, spent in months]),
        (_("Promised, by fund"), grants_of(found.by_fund, "")),
        (_("Promised, by ward"), grants_of(found.by_ward, _("No ward"))),
    ]


@dashboard.get("/finance/figures.pdf")
@allow("export")
def as_pdf() -> Any:
    """For the committee. A year, fund or area that is not there: Refused, which the page before would have said."""
    chosen = _chosen(_form())
    return pdf_page(report.document(figures.read(chosen), clock.today()), f"figures-{chosen.first_day}-to-{chosen.last_day}")


# --- what it achieved, as a file -----------------------------------------------------------------------------------------


@dashboard.post("/finance/figures/outcomes")
@allow("export")
@limiter.limit("30/minute")
def outcomes() -> Response:
    """The lines behind the section of the page, for the same choice; who takes them is logged."""
    asked = {name: one_line(request.form.get(name))[:80] for name in ASKED}
    chosen = filters.of_year(asked["year"] or None, fund=asked["fund"], area=asked["area"], part=asked["part"])
    packs.log_download(achieved.NAME, "csv", chosen, Actor(current_user.id))
    response = Response(achieved.content(chosen, public=False), content_type=files.TYPES["csv"])
    response.headers["Content-Disposition"] = f'attachment; filename="{packs.file_name(achieved.NAME, "csv", chosen)}"'
    return response


@dashboard.get("/register/outcomes-<year>.csv")
@allow("anyone")
@limiter.limit("12/minute")
def outcomes_for_all(year: str) -> Response:
    """A financial year, for everybody: without small numbers."""
    try:
        chosen = filters.of_year(year)
    except Refused as why:
        raise NotFound(_("There is no such file.")) from why
    return lasting(achieved.content(chosen, public=True), files.TYPES["csv"], packs.file_name(achieved.NAME, "csv", chosen))
