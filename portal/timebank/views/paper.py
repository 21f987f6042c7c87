"""The desk's pages of paper: sheets of hours typed in one go, and members who join without a phone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import Refused
from portal.people.views import area_id, own_areas
from portal.places.model import Area
from portal.places.queries import areas as all_areas
from portal.timebank import enrol as enrolling
from portal.timebank import members, queries, sheets
from portal.timebank.forms import BASES
from portal.timebank.members import name_of
from portal.timebank.views import sheet_forms
from portal.timebank.views.session_forms import idea_of
from portal.web.forms import one_line, whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import _, _n
from portal.work import queries as works

time_paper = Blueprint("time_paper", __name__)

PAGE = 25
OLD = timedelta(days=92)  # how long after its last day an idea is offered for what comes late on paper


@time_paper.route("/timebank/desk/sheet", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("60/minute", methods=["POST"])
def sheet() -> Any:
    """Type a whole paper sheet: Tab from cell to cell, or rows pasted from a spreadsheet."""
    areas = own_areas()
    mine = members.member_of(current_user.id) if request.method == "GET" else None
    given = {"number": one_line(request.args.get("number"))[:20], "area": mine.area.code if mine else None}
    form = sheet_forms.SheetForm(data=given if request.method == "GET" else None).fill(
        areas, works.purposes_since(clock.today() - OLD, {area.id for area in areas})
    )
    rows = sheet_forms.rows_sent(request.form)
    if request.method == "GET":
        return _typing(form, sheet_forms.padded(rows), areas)
    if "more" in request.form:
        return _typing(form, sheet_forms.padded(rows, sheet_forms.AT_ONCE), areas)
    if "fill" in request.form or form.paste.data:
        return _filled(form, rows, areas)
    if not form.validate():
        return _typing(form, sheet_forms.padded(rows), areas)
    try:
        ref = sheets.post_sheet(
            area_id(form.area.data) or 0, rows, current_user, number=form.number.data, day=form.day.data, once_key=form.once_key(current_user.id),
            go_on=bool(form.go_on.data), purpose_id=idea_of(form),
        )  # fmt: skip
    except sheets.Faulty as why:
        form.refuse(why.sentence)
        return _typing(form, sheet_forms.padded(rows), areas, why.faults, why.used)
    except Refused as why:
        form.refuse(why.sentence, why.field)
        return _typing(form, sheet_forms.padded(rows), areas)
    flash(_("The sheet is in the books. Everybody on it is told."))
    return see_other(f"/timebank/desk/sheets/{ref}")


def _typing(form: Any, rows: Sequence[sheets.Typed], areas: Sequence[Area], faults: Sequence[sheets.Fault] = (), used: Any = ()) -> Any:
    """The page of the table; each fault stands at its row."""
    kinds = members.categories()
    wrong: dict[int, list[sheets.Fault]] = {}
    for fault in faults:
        wrong.setdefault(fault.line, []).append(fault)
    known = members.listed(current_user.areas("connector", "officer"))
    return form_page(
        "timebank/sheet.html", form, rows=rows, heads=sheet_forms.HEADS, wrong=wrong, used=used, areas=areas, kinds=kinds, letters=sheets.letters_of(kinds),
        columns=", ".join(_(head) for head in sheet_forms.HEADS.values()), known=[(each.ref, name_of(each)) for each in known], most=sheets.MOST_ROWS,
    )  # fmt: skip


def _filled(form: sheet_forms.SheetForm, rows: Sequence[sheets.Typed], areas: Sequence[Area]) -> Any:
    """Pasted rows move into the table, to be looked at before they are sent."""
    kept = [replace(row, line=line) for line, row in enumerate((row for row in rows if not row.is_empty), 1)]
    more = sheet_forms.pasted(form.paste.data or "", len(kept) + 1)
    if len(kept) + len(more) > sheets.MOST_ROWS:
        form.paste.errors = [_("Send at most %(most)d rows at a time.", most=sheets.MOST_ROWS)]
        return _typing(form, sheet_forms.padded(rows), areas)
    if not more:
        form.paste.errors = [_("There are no rows in this box. Copy them from your spreadsheet first.")]
        return _typing(form, sheet_forms.padded(rows), areas)
    form.paste.raw_data, form.paste.data = [], ""
    return _typing(form, sheet_forms.padded([*kept, *more]), areas)


@time_paper.get("/timebank/desk/sheets")
@allow("help others")
def index() -> Any:
    """Sheets that were typed, newest first, or by number."""
    number = one_line(request.args.get("q"))[:20]
    before = whole_number(request.args.get("before"), 0) or None
    found = sheets.sheets_of(current_user.areas("connector", "officer"), number, before, PAGE + 1)
    older = f"/timebank/desk/sheets?before={found[PAGE - 1][0].id}" if len(found) > PAGE and not number else None
    return page("timebank/sheets.html", found=found[:PAGE], q=number, older=older, names={area.id: area.name for area in all_areas()})


@time_paper.get("/timebank/desk/sheets/<ref>")
@allow("help others")
def one(ref: str) -> Any:
    """A sheet as it was posted, to print or to keep."""
    found, rows, others = sheets.sheet_with_rows(ref, current_user)
    return page(
        "timebank/sheet_posted.html", sheet=found, rows=rows, others=others, words=queries.plain, total=sum(row.exchange.minutes for row in rows),
        stands=any(row.exchange.status == "settled" for row in rows), story=sheets.story_of(found),
    )  # fmt: skip


@time_paper.route("/timebank/desk/sheets/<ref>/undo", methods=["GET", "POST"])
@allow("help others")
def undo(ref: str) -> Any:
    """Take a whole sheet out of the books again."""
    found, rows, _others = sheets.sheet_with_rows(ref, current_user)
    form = sheet_forms.Undo()
    if form.validate_on_submit():
        try:
            count = sheets.undo(ref, form.reason.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(
                _n("One row is out of the books. Both are told.", "%(num)d rows are out of the books. Everybody is told.", count)
                if count
                else _("That sheet does not count any more.")
            )
            return see_other(f"/timebank/desk/sheets/{ref}")
    return form_page("timebank/sheet_undo.html", form, sheet=found, count=sum(row.exchange.status == "settled" for row in rows))


@time_paper.route("/timebank/desk/members/new", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("30/minute", methods=["POST"])
def enrol() -> Any:
    """Somebody joins at the desk."""
    rules = members.open_rules()
    form = sheet_forms.Enrol().fill(own_areas(), BASES, rules.least_age)
    if form.same.data and request.method == "POST":
        form.ask_which(enrolling.asked_about(form.name.data, form.contact.data, area_id(form.area.data) or 0, current_user))
    else:
        del form.same
    if form.validate_on_submit():
        same = (form.same.data or "").replace(sheet_forms.NOBODY, "") if form.same else None
        try:
            ref = enrolling.enrol(
                form.name.data, form.contact.data, area_id(form.area.data) or 0, form.address.data, current_user, form.basis.data, agreed=bool(form.agreed.data),
                large_print=bool(form.large_print.data), same=same, once_key=form.once_key(current_user.id), adult_on=form.adult_on.data if form.adult_on else None,
            )  # fmt: skip
        except enrolling.SameName as why:
            form = sheet_forms.Enrol().fill(own_areas(), BASES, rules.least_age)
            form.ask_which(why)
            form.same.errors = [why.sentence]
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("They are a member of the timebank. Print their card, and a time sheet for the first hours."))
            return see_other(f"/timebank/desk/members/{ref}")
    return form_page("timebank/enrol.html", form, words=_(members.AGREEMENT, age=rules.least_age))
