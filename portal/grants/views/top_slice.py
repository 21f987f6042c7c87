"""Small parts of budgets, by year: proposed by one officer, a contribution by the yes of a second person."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.grants import queries, top_slice
from portal.grants.forms.decide import Nothing
from portal.grants.forms.funders import NewSlice, Propose
from portal.money import financial_year, year_bounds
from portal.people.views import actor
from portal.web.pages import form_page, see_other
from portal.web.policy import allow, require
from portal.words import _

desk_top_slice = Blueprint("desk_top_slice", __name__)


def _year() -> str:
    year = request.values.get("year", "") or financial_year(clock.today())
    try:
        year_bounds(year)
    except ValueError as why:
        raise NotFound(_("We cannot find that page.")) from why
    return year


@desk_top_slice.get("/desk/top-slice")
@allow("open finance")
def index() -> Any:
    """The budgets of one year: what they give, what waits, what is still to be written."""
    return _index(Nothing(), {})


def _index(active: Any, forms: dict[str, Propose]) -> Any:
    year = _year()
    found = top_slice.of_year(year)
    shown = {each.slice.ref: forms.get(each.slice.ref) or Propose(prefix=f"{each.slice.ref}-", formdata=None) for each in found}
    this = financial_year(clock.today())
    before = f"{int(year[:4]) - 1}-{int(year[:4]) % 100:02d}"
    return form_page(
        "grants/desk_top_slice.html", active, year=year, proposals=found, forms=shown, before=before, this=this, me=current_user.id,
        total=sum(each.row.amount for each in found if each.row and each.contribution),
    )  # fmt: skip


@desk_top_slice.post("/desk/top-slice")
@allow("release payments")
def act() -> Any:
    """Propose, say yes, take back, or end a budget."""
    year, ref, what = _year(), request.form.get("ref", "")[:20], request.form.get("act", "")
    form: Any = Propose(prefix=f"{ref}-") if what == "propose" else Nothing()
    if what != "yes":
        require("run rounds")
    if form.validate():
        try:
            match what:
                case "propose":
                    top_slice.propose(ref, year, form.budget.data, actor())
                    flash(_("Proposed. A second person says yes."))
                case "yes":
                    top_slice.say_yes(ref, actor())
                    flash(_("The contribution is in the books."))
                case "drop":
                    top_slice.drop(ref, actor())
                    flash(_("Taken back."))
                case "end":
                    top_slice.end(ref, actor())
                    flash(_("This budget gives nothing any more. What came stays."))
                case _:
                    raise Refused(_("Choose what to do with this budget."))
        except Refused as why:
            form.refuse(why.sentence, why.field if what == "propose" else None)
        else:
            return see_other(f"/desk/top-slice?year={year}")
    return _index(form, {ref: form} if what == "propose" else {})


@desk_top_slice.route("/desk/top-slice/new", methods=["GET", "POST"])
@allow("run rounds")
def new() -> Any:
    """A budget that gives a part each year."""
    form = NewSlice(data={"rate": "50"}).fill(queries.open_funds(), queries.funders())
    if form.validate_on_submit():
        try:
            top_slice.begin(form.name.data, int(form.rate.data), form.fund.data, form.funder.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Now write how large this budget is."))
            return see_other("/desk/top-slice")
    return form_page("grants/desk_top_slice_new.html", form)
