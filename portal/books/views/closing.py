"""Closing the books, in two hands, and the year end's workbook."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.books import closing, forms, log, workbook, year_end
from portal.books.views.reading import file_of
from portal.errors import NotFound, Refused
from portal.exports import files, filters
from portal.money import financial_year
from portal.people import queries as people
from portal.people.views import actor, needs_proof
from portal.web.forms import one_line, plain_day
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

books_close = Blueprint("books_close", __name__, url_prefix="/finance/books")
PAGE = "/finance/books/close"


@books_close.route("/close", methods=["GET", "POST"])
@allow("open finance")
def close() -> Any:
    """Choose the last day, look at what stands open, ask; a second person closes."""
    act = request.form.get("act", "")
    form: Any = forms.Sure() if act in ("close", "cancel") else forms.Close().fill(())
    if request.method == "POST":
        require("keep the books")
        if act == "close" and (proof := needs_proof()) is not None:
            return proof
    if form.validate_on_submit():
        try:
            match act:
                case "close":
                    closing.confirm(plain_day(request.form.get("day"), date.min), actor())
                    flash(_("The books are closed up to that day. The seal stands below."))
                case "cancel":
                    closing.cancel(actor())
                    flash(_("The books stay open."))
                case _:
                    closing.ask(plain_day(form.last_day.data, date.min), actor())
                    flash(_("A second person of finance closes them now."))
            return see_other(PAGE)
        except Refused as why:
            form.refuse(why.sentence, why.field)
    return _page(form)


def _page(form: Any) -> Any:
    waits, days = closing.waiting(), closing.choices()
    chosen = plain_day(request.args.get("last_day"), date.min)
    day = waits.last_day if waits is not None else chosen if chosen in days else None
    return form_page(
        "books/close.html", form, day=day, waits=waits, still=closing.still_open(day) if day is not None else None, periods=closing.periods(),
        choices=forms.Close(formdata=None).fill(days), names=people.names([waits.asked_by_id] if waits else []), me=current_user.id,
        year_end=day is not None and (day.month, day.day) == (3, 31), may_close=may("keep the books"),
    )  # fmt: skip


@books_close.get("/year-end")
@allow("open finance")
def of_year() -> Any:
    """What the workbook of a year holds, and how it ties, before it is taken."""
    years = filters.years()
    return page("books/year_end.html", found=_year(years), years=years)


@books_close.post("/year-end.xlsx")
@allow("export the books")
@limiter.limit("12/minute")
def year_file() -> Any:
    found = _year(filters.years())
    log.taken("year-end", found.file, actor(), year=found.year, sha256=found.digest)
    return file_of(workbook.chunks(found), found.file, files.TYPES["xlsx"])


def _year(years: Sequence[str]) -> year_end.YearEnd:
    year = one_line(request.values.get("year"))[:10] or financial_year(clock.today())
    if year not in years:
        raise NotFound(_("There are no books of that year."))
    return year_end.year_end(year)
