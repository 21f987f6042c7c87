"""Funders: where their money stands, their statements, and money that goes back to them."""

import csv
import io
from typing import Any

from flask import Blueprint, Response, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused, Unknown
from portal.grants import queries, statement_letter, statements, withdrawals
from portal.grants.forms.decide import Nothing
from portal.grants.forms.funders import TakeOut
from portal.money import financial_year, plain_pounds, pounds, year_bounds
from portal.people import queries as people
from portal.people.views import actor, needs_proof
from portal.places import queries as places
from portal.tables import safe_text
from portal.web.documents import Document
from portal.web.forms import one_line
from portal.web.pages import form_page, page, pdf_page, see_other
from portal.web.policy import allow, require
from portal.words import N_, _

desk_funders = Blueprint("desk_funders", __name__)

COLUMNS = ("Financial year", "Fund", "Put in", "Given back", "Promised", "Came back from ideas", "Paid", "Left at the end of the year")


@desk_funders.get("/desk/funders")
@allow("open finance")
def index() -> Any:
    """Every funder, with where their money stands in all funds together."""
    return page("grants/desk_funders.html", funders=queries.funders(), totals=statements.totals(), waiting=withdrawals.all_waiting())


@desk_funders.get("/desk/funders/<code>")
@allow("open finance")
def funder(code: str) -> Any:
    """One funder's statement by year and fund."""
    found = statements.funder_by_code(code)
    lines = statements.years_of(found)
    left = {each.fund.code: (each.fund, each.left) for each in reversed(lines)}  # the newest year of a fund last
    waits = withdrawals.waiting(found)
    return page(
        "grants/desk_funder.html", funder=found, lines=lines, left=left.values(), total=sum(pence for _fund, pence in left.values()), waiting=waits,
        years=list(dict.fromkeys(each.year for each in lines)), names=people.names(row.asked_by_id for row, _fund in waits),
    )  # fmt: skip


@desk_funders.get("/desk/funders/<code>/statement.csv")
@allow("open finance")
def statement(code: str) -> Response:
    """The same as a file, in pounds."""
    found = statements.funder_by_code(code)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in statements.years_of(found):
        sums = (each.came, each.back, each.promised, each.returned, each.paid, each.left)
        writer.writerow([each.year, safe_text(each.fund.name), *map(plain_pounds, sums)])
    response = Response(out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="statement-{found.code}.csv"'
    return response


@desk_funders.get("/desk/funders/<code>/letter")
@allow("open finance")
def letter(code: str) -> Any:
    """One year as it is sent to the funder."""
    document, year = _letter(code)
    return page(
        "grants/desk_funder_letter.html",
        data=document.data(),
        address=f"/desk/funders/{code}/letter.pdf?year={year}",
        back=f"/desk/funders/{code}",
    )


@desk_funders.get("/desk/funders/<code>/letter.pdf")
@allow("open finance")
def letter_pdf(code: str) -> Response:
    """The same as a tagged PDF."""
    document, year = _letter(code)
    return pdf_page(document, f"statement-{code}-{year}")


def _letter(code: str) -> tuple[Document, str]:
    found, scheme = statements.funder_by_code(code), places.scheme()
    year = one_line(request.args.get("year"))[:10] or financial_year(clock.today())
    try:
        first, last = year_bounds(year)
    except ValueError as why:
        raise _NoSuchYear(str(why), code) from why
    if first > clock.today():
        raise _NoSuchYear(
            _("The year %(year)s has not begun, so there is nothing to tell of it yet. Choose a year that has begun.", year=year), code
        )
    if scheme is None:
        raise NotFound(_("We cannot find that page."))
    lines = [each for each in statements.years_of(found) if each.year == year]
    return statement_letter.letter(found, year, lines, statements.ideas_of(found, first, last), scheme), year


class _NoSuchYear(Unknown):
    """A year that has no letter, with the way to those that have one."""

    link = N_("Choose a year of this funder")

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.href = f"/desk/funders/{code}"


# --- money that goes back ------------------------------------------------------------------------------------------------


@desk_funders.route("/desk/funders/<code>/take-out/<fund_code>", methods=["GET", "POST"])
@allow("run rounds")
def take_out(code: str, fund_code: str) -> Any:
    """The first person asks to give free money back to a funder."""
    found, fund = statements.funder_by_code(code), queries.fund_by_code(fund_code)
    free = withdrawals.free(fund, found)
    form = TakeOut(data={"amount": free or None})
    if form.validate_on_submit():
        assert form.amount.data is not None
        try:
            withdrawals.ask(fund_code, code, form.amount.data, form.reason.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("A second person must do it now. Tell them that it waits."))
            return see_other(f"/desk/funders/{code}")
    return form_page("grants/desk_take_out.html", form, funder=found, fund=fund, free=free)


@desk_funders.route("/desk/funders/<code>/withdrawals/<ref>", methods=["GET", "POST"])
@allow("release payments")
def second(code: str, ref: str) -> Any:
    """The second person looks at it, and gives the money back or leaves it."""
    found, row = statements.funder_by_code(code), withdrawals.by_ref(ref)
    if row.funder_id != found.id:
        raise NotFound(_("We cannot find that."))
    form: Any = Nothing()
    if form.validate_on_submit():
        act = request.form.get("act", "")
        if act == "give" and (proof := needs_proof()) is not None:
            return proof
        try:
            if act == "give":
                back = withdrawals.confirm(ref, actor())
                flash(_("%(amount)s went back to %(name)s.", amount=pounds(back), name=found.name))
            else:
                require("run rounds")
                withdrawals.cancel(ref, actor())
                flash(_("The money stays in the fund."))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/desk/funders/{code}")
    fund = withdrawals.fund_of(row)
    return form_page(
        "grants/desk_withdrawal.html",
        form,
        funder=found,
        row=row,
        fund=fund,
        free=withdrawals.free(fund, found),
        by=withdrawals.asked_by(row),
        me=current_user.id,
    )
