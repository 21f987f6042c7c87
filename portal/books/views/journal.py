"""Journals for the council's ledger: which codes, what would go out, what went out."""

from typing import Any

from flask import Blueprint, Response, flash, request
from flask_login import current_user

from portal.books import forms, journal, layout
from portal.errors import Refused
from portal.exports import files
from portal.grants import queries as grants
from portal.money import pounds
from portal.people import queries as people
from portal.people.views import actor
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

books_journal = Blueprint("books_journal", __name__, url_prefix="/finance/books/journal")
PAGE = "/finance/books/journal"
MOST = 40  # rows on a page


@books_journal.get("")
@allow("open finance")
def index() -> Any:
    """Months, runs and files, each paged by itself."""
    asked = {name: whole_number(request.args.get(name), 0) or None for name in ("run", "file")}
    months, earlier = journal.months(request.args.get("month", ""))
    runs, more_runs = journal.runs(asked["run"])
    made, more_made = journal.journals(asked["file"])
    return page(
        "books/journal.html", made=made, months=months, runs=runs, names=people.names(each.made_by_id for each in made),
        mapped=any(all(found.values()) for _fund, found in layout.table()), first=not request.args,
        months_before=earlier and f"{PAGE}?month={earlier}", runs_before=more_runs and f"{PAGE}?run={more_runs}", made_before=more_made and f"{PAGE}?file={more_made}",
    )  # fmt: skip


@books_journal.route("/<any(month, run):kind>/<of>", methods=["GET", "POST"])
@allow("open finance")
@limiter.limit("60/minute")
def one(kind: str, of: str) -> Any:
    """What a month or a run would send, looked at first; then made."""
    form = forms.Sure()
    if request.method == "POST":
        require("keep the books")
        ref = ""
        try:
            if form.validate():
                ref = journal.make(kind, of, actor(), once_key=form.once_key(current_user.id))
        except Refused as why:
            form.refuse(why.sentence)
        if ref:
            flash(_("The journal is made. Take the file, and post it once."))
            return see_other(f"{PAGE}/files/{ref}")
    found = journal.preview(kind, of)
    return form_page(
        "books/journal_one.html", form, kind=kind, of=of, found=found, rows=_shown(found.rows), more=max(0, len(found.rows) - MOST), columns=journal.COLUMNS,
        words=layout.MOVEMENTS, may_keep=may("keep the books"),
    )  # fmt: skip


@books_journal.route("/files/<ref>", methods=["GET", "POST"])
@allow("open finance")
@limiter.limit("60/minute")
def made(ref: str) -> Any:
    """A journal that was made: its rows, and its file, the same each time."""
    if request.method == "POST":
        require("export the books")
        data = journal.take(ref, actor())
        response = Response(data, content_type=files.TYPES["csv"])
        response.headers["Content-Disposition"] = f'attachment; filename="{journal.file_name(journal.by_ref(ref))}"'
        return response
    found = journal.by_ref(ref)
    rows = journal.shown(found)
    return page(
        "books/journal_file.html", journal=found, rows=_shown(rows), more=max(0, len(rows) - MOST), columns=journal.COLUMNS,
        names=people.names([found.made_by_id]), lines=len(rows),
    )  # fmt: skip


def _shown(rows: Any) -> list[list[str]]:
    return [
        [pounds(cell.pence) if isinstance(cell, files.Money) else "" if cell is None else str(cell) for cell in row] for row in rows[:MOST]
    ]


@books_journal.get("/layout")
@allow("open finance")
def codes() -> Any:
    return page("books/layout.html", table=layout.table(), words=layout.MOVEMENTS, may_keep=may("keep the books"))


@books_journal.route("/layout/<fund>/<movement>", methods=["GET", "POST"])
@allow("keep the books")
def codes_of(fund: str, movement: str) -> Any:
    """The codes of one movement of one fund, on both sides."""
    found = grants.fund_by_code(fund)
    known = layout.codes_of(found, movement)
    names = ("cost_centre", "subjective", "project", "vat")
    form = forms.Codes(data={f"{side}_{name}": getattr(known[side], name) for side in layout.SIDES for name in names})

    def keep() -> None:
        both = {side: layout.Codes(*(form[f"{side}_{name}"].data for name in names)) for side in layout.SIDES}
        layout.set_codes(fund, movement, both, actor())

    if done(form, keep):
        flash(_("The codes are kept."))
        return see_other(f"{PAGE}/layout")
    return form_page("books/codes.html", form, fund=found, movement=movement, words=layout.MOVEMENTS[movement])
