"""Reading the books: the trial balance, an account's statement, an entry with its story."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, Response, request, stream_with_context
from flask_login import current_user

from portal import clock
from portal.books import entries, funds, groups, log, statement, trial
from portal.errors import NotFound
from portal.exports import files
from portal.people.views import actor
from portal.web.forms import one_line, plain_day, whole_number
from portal.web.limits import limiter
from portal.web.pages import page
from portal.web.policy import allow
from portal.words import _

books = Blueprint("books", __name__, url_prefix="/finance/books")


def day_asked() -> tuple[date | None, str]:
    """The day in the address (`day`, as 2026-07-04), and a sentence when it is none; None is now."""
    typed = _typed_day()
    if not typed:
        return None, ""
    found = plain_day(typed, date.min)
    if found == date.min:
        return None, _("Write the day like 2026-03-31.")
    return trial.as_at(found), ""


def _typed_day() -> str:
    return one_line(request.args.get("day"))[:20]


def file_of(pieces: Iterator[bytes], name: str, content_type: str = files.TYPES["csv"]) -> Response:
    """A file to keep."""
    response = Response(stream_with_context(pieces), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@books.get("/")
@allow("open finance")
def trial_balance() -> Any:
    day, wrong = day_asked()
    return page(
        "books/trial.html", sheets=trial.sheets(day), day=day, wrong=wrong, typed=_typed_day(), units=groups.UNITS, today=clock.today()
    )


@books.post("/trial.csv")
@allow("open finance")
@limiter.limit("30/minute")
def trial_file() -> Any:
    day, _wrong = day_asked()
    name = f"trial-balance-{(day or clock.today()).isoformat()}.csv"
    log.taken("trial-balance", name, actor(), day=(day or clock.today()).isoformat())
    return file_of(files.csv_chunks(trial.COLUMNS, trial.rows(day)), name)


@books.get("/kinds/<unit>/<name>")
@allow("open finance")
def kind(unit: str, name: str) -> Any:
    found = groups.group(unit, name)
    if found is None:
        raise NotFound(_("We cannot find that page."))
    day, wrong = day_asked()
    after = one_line(request.args.get("after"))[:200]
    return page("books/kind.html", kind=found, listing=trial.listing(found, day, after), day=day, wrong=wrong, typed=_typed_day())


@books.get("/accounts/<int:number>")
@allow("open finance")
def account(number: int) -> Any:
    day, _wrong = day_asked()
    found = statement.head(number, day)
    before = whole_number(request.args.get("before"), 0) or None
    return page("books/account.html", account=found, lines=statement.page(found, before), day=day)


@books.post("/accounts/<int:number>/statement.csv")
@allow("open finance")
@limiter.limit("30/minute")
def statement_file(number: int) -> Any:
    found = statement.head(number)
    name = f"statement-{re.sub(r'[^A-Za-z0-9-]+', '-', found.code)}.csv"
    log.taken("statement", name, actor(), account=found.code)
    return file_of(files.csv_chunks(statement.COLUMNS, statement.rows(found), statement.DAY_FORMAT), name)


@books.get("/entries/<id_>")
@allow("open finance")
def entry(id_: str) -> Any:
    return page("books/entry.html", story=entries.story(one_line(id_)[:40], current_user))


@books.get("/funds")
@allow("open finance")
def of_funds() -> Any:
    day, wrong = day_asked()
    return page(
        "books/funds.html",
        sheet=funds.sheet(day),
        day=day,
        wrong=wrong,
        typed=_typed_day(),
        headings=funds.HEADINGS,
        of_areas=funds.OF_AREAS,
    )


@books.post("/<any(funds, areas):what>.csv")
@allow("open finance")
@limiter.limit("30/minute")
def funds_file(what: str) -> Any:
    day, _wrong = day_asked()
    on = (day or clock.today()).isoformat()
    log.taken(what, f"{what}-{on}.csv", actor(), day=on)
    found = funds.sheet(day)
    of_funds = what == "funds"
    pieces = (
        files.csv_chunks(funds.COLUMNS, funds.rows(found)) if of_funds else files.csv_chunks(funds.AREA_COLUMNS, funds.area_rows(found))
    )
    return file_of(pieces, f"{what}-{on}.csv")
