"""The public register, and finance's page of exports."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request, stream_with_context
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.exports import files, filters, forms, minutes, minutes_words, packs, quick, register, time
from portal.exports.grants import REDACTED
from portal.grants import queries as grants
from portal.grants.letters import GROUNDS
from portal.history import Actor
from portal.money import financial_year, hours, pounds
from portal.panels import queries as panel_queries
from portal.panels import views as panel_views
from portal.panels.model import Panel, Seat
from portal.panels.views.matters import titles_of
from portal.places import queries as places
from portal.timebank import members
from portal.web.filters import month as month_words
from portal.web.forms import one_line, whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, pdf_page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

exports = Blueprint("exports", __name__)
PREVIEW = 10  # rows
LOG_PAGE = 50


# --- the public register -------------------------------------------------------------------------------------------------


@exports.get("/register/")
@allow("anyone")
@limiter.limit("120/minute")
def index() -> Any:
    typed = {name: one_line(request.args.get(name))[:80] for name in ("q", "area", "year", "fund", "state", "sort", "after", "before")}
    after, before = typed.pop("after"), typed.pop("before")
    asked = register.Asked(**typed)
    found = register.search(asked, after=after, before=before)
    areas, funds = register.places_and_funds()
    response = page(
        "register/index.html", block="results", found=found, asked=asked, not_needed=register.not_needed(asked), states=register.STATES, tones=register.TONES,
        places=areas, pots=funds, spans=[(year, year) for year in found.years], outcomes=_words(register.STATES), orders=_words(register.SORTS),
        quick=quick.latest() if not (asked.narrowed or asked.sort or after or before) else [],
    )  # fmt: skip
    return _fresh(response)


@exports.get("/register/quick/")
@allow("anyone")
@limiter.limit("120/minute")
def quick_sparks() -> Any:
    asked = quick.Asked(**{name: one_line(request.args.get(name))[:80] for name in ("area", "year")})
    found = quick.search(asked, after=one_line(request.args.get("after"))[:20])
    areas, _funds = register.places_and_funds()
    return _fresh(page("register/quick.html", found=found, asked=asked, places=areas, spans=[(year, year) for year in found.years]))


def _words(choices: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, _(words)) for value, words in choices.items()]


@exports.get("/register/<ref>")
@allow("anyone")
@limiter.limit("120/minute")
def entry(ref: str) -> Any:
    try:
        found = register.entry(ref)
    except NotFound:
        return _fresh(page("register/anew.html", entry=register.looked_at_anew(ref), grounds=GROUNDS, appealed=register.APPEALED))
    return _fresh(
        page(
            "register/entry.html",
            entry=found,
            ties=register.TIES,
            states=register.STATES,
            tones=register.TONES,
            grounds=GROUNDS,
            appealed=register.APPEALED,
        )
    )


@exports.get("/register/<ref>.json")
@allow("anyone")
@limiter.limit("120/minute")
def entry_as_data(ref: str) -> Response:
    """The same facts for programs."""
    try:
        facts = register.as_data(register.entry(ref))
    except NotFound:
        facts = register.anew_as_data(register.looked_at_anew(ref))
    return _fresh(Response(files.as_json(facts), content_type=files.TYPES["json"]))


@exports.get("/register/<any('vcse-grants-register', 'time-credits'):name>-<year>.<form>")
@allow("anyone")
@limiter.limit("12/minute")
def open_data(name: str, year: str, form: str) -> Response:
    """E3 and E9, which are for everybody: a file for each financial year, or a quarter of it (`?part=q3`)."""
    try:
        chosen = packs.fitting(name, form, filters.of_year(year, part=one_line(request.args.get("part"))[:3]))
    except Refused as why:
        raise NotFound(_("There is no such file.")) from why
    pieces = packs.chunks(name, form, chosen, packs.Totals())
    response = _file(pieces, packs.file_name(name, form, chosen), packs.TYPES[form])
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@exports.get("/timebank/statement.csv")
@allow("signed in")
@limiter.limit("12/minute")
def time_statement() -> Any:
    """A member's whole statement; of an organisation, for who acts for it (`?as=`)."""
    member = members.chosen(members.own(current_user), request.args.get("as", ""))
    if member is None:
        return see_other("/timebank/join")
    rows = files.csv_chunks(time.STATEMENT, time.statement(member), time.DAY_FORMAT)
    return _file(rows, f"hours-{member.ref}.csv", files.TYPES["csv"])


def _fresh(response: Response) -> Response:
    """Caches may keep it, and must ask whether it is still so: the answer to that is short (304)."""
    response.headers["Cache-Control"] = "public, no-cache"
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:24])
    response.vary.add("Cookie")  # the header of the page says who has signed in
    response.make_conditional(request)
    return response


# --- minutes -------------------------------------------------------------------------------------------------------------


@exports.get("/panels/<ref>/sittings/<sitting>/minutes")
@allow("anyone")
@limiter.limit("60/minute")
def minutes_page(ref: str, sitting: str) -> Any:
    """The minutes of a sitting, or of a month ("2026-06"): for seats and officers theirs, for everybody else, or on request, everybody's."""
    found = _minutes(ref, sitting)
    if found.accepts_first:
        return see_other(f"/panels/{ref}/conduct")
    back = (
        f"/panels/{ref}/sittings/{sitting}"
        if found.sitting is not None and found.inside
        else f"/panels/{ref}"
        if found.inside
        else "/register/"
    )
    earlier, later = minutes.months_beside(found.panel.id, found.month) if found.inside and found.month else (None, None)
    return page(
        "panels/minutes.html", minutes=found, data=minutes_words.document(found).data(), address=f"/panels/{ref}/sittings/{sitting}/minutes",
        back=back, older=earlier and f"/panels/{ref}/sittings/{earlier:%Y-%m}/minutes", newer=later and f"/panels/{ref}/sittings/{later:%Y-%m}/minutes",
    )  # fmt: skip


@exports.get("/panels/<ref>/sittings/<sitting>/minutes.pdf")
@allow("anyone")
@limiter.limit("12/minute")
def minutes_as_pdf(ref: str, sitting: str) -> Any:
    """The same as a tagged PDF."""
    found = _minutes(ref, sitting)
    if found.accepts_first:
        return see_other(f"/panels/{ref}/conduct")
    return pdf_page(minutes_words.document(found), f"minutes-{sitting}")


def _minutes(ref: str, sitting: str) -> minutes.Minutes:
    return minutes.read(current_user, ref, sitting, titles_of, for_everybody="for" in request.args)


def _months_on_panel(panel: Panel, seat: Seat | None) -> Sequence[tuple[str, str, str, str]]:
    """A line for the minutes of each of the last months, on the page of a panel."""
    if seat is not None and not panel_queries.accepted(seat):
        return []
    return [
        (_("Minutes of %(month)s", month=month_words(each)), f"/panels/{panel.ref}/sittings/{each:%Y-%m}/minutes", _("decided one by one"), "")
        for each in minutes.months(panel.id)
    ]  # fmt: skip


panel_views.ALSO_ON.append(_months_on_panel)


# --- finance's page ------------------------------------------------------------------------------------------------------


@exports.get("/finance/exports")
@allow("export")
def choose() -> Any:
    form = _form(request.args)
    about: dict[str, Any] | None = None
    if request.args:
        try:
            about = _about(*_asked(form))
        except Refused as why:
            form.refuse(why.sentence, why.field)
    return form_page("finance/exports.html", form, about=about, taken=packs.downloads())


@exports.get("/finance/exports/log")
@allow("export")
def log() -> Any:
    """Who took what, all of it, a page at a time."""
    before = whole_number(request.args.get("before"))
    found = packs.downloads(LOG_PAGE + 1, before if before > 0 else None)
    older = f"/finance/exports/log?before={found[LOG_PAGE - 1].id}" if len(found) > LOG_PAGE else None
    return page("finance/exports_log.html", taken=found[:LOG_PAGE], older=older)


def _form(sent: Any) -> forms.Choose:
    given = {
        "name": "vcse-grants-register",
        "year": financial_year(clock.today()),
        "basis": "",
        "form": "csv",
        "part": "",
        "fund": "",
        "area": "",
    }
    form = forms.Choose(formdata=sent or None, data=given, meta={"csrf": False})
    return form.fill(filters.years(), may("export the books"), grants.funds(), places.areas())


def _asked(form: forms.Choose) -> tuple[str, str, filters.Filter]:
    """Name, form and filter of what somebody chose. Refused when it does not fit together; NotYours when it is not for them."""
    name, shape, basis = form.name.data or "", form.form.data or "", form.basis.data or ""
    require(packs.may(name))
    chosen = filters.of_year(form.year.data, basis or "awarded", form.fund.data or "", form.area.data or "", form.part.data or "")
    if form.changed.data:
        chosen = replace(chosen, changed_since=packs.last_taken(name))
    return name, shape, packs.fitting(name, shape, chosen, basis=basis)


def _about(name: str, shape: str, chosen: filters.Filter) -> dict[str, Any]:
    """What the file would hold: its name, first rows and control totals."""
    about: dict[str, Any] = {"file": packs.file_name(name, shape, chosen), "since": chosen.changed_since}
    if name == packs.LEDGER:
        return about
    export, totals = packs.EXPORTS[name], packs.Totals()
    rows = packs.counted(export, chosen, totals)
    about["columns"] = export.columns
    first = list(itertools.islice(rows, PREVIEW))
    about["preview"] = [[(_shown(cell, export.day_format), cell == REDACTED) for cell in row] for row in first]
    return about | {
        "redacted": sum(REDACTED in row for row in itertools.chain(first, rows)), "left_out": export.left_out(chosen) if export.left_out else {},
        "rows": totals.rows, "pence": totals.pence, "minutes": totals.minutes if export.hours is not None else None,
    }  # fmt: skip


def _shown(cell: files.Cell, day_format: str) -> str:
    if isinstance(cell, files.Money):
        return pounds(cell.pence)
    if isinstance(cell, files.Hours):
        return hours(cell.minutes)
    return cell.strftime(day_format) if isinstance(cell, date) else "" if cell is None else str(cell)


@exports.post("/finance/exports/download")
@allow("export")
@limiter.limit("30/minute")
def download() -> Response:
    """Log who takes it, then stream it: the file, or the file and its manifest in one ZIP."""
    name, shape, chosen = _asked(_form(request.form))
    if since := request.form.get("since"):  # as the page showed it, also when somebody took the file meanwhile
        chosen = replace(chosen, changed_since=_instant(since))
    packs.log_download(name, shape, chosen, Actor(current_user.id))
    file = packs.file_name(name, shape, chosen)
    if "zip" in request.form:
        return _file(packs.zipped(name, shape, chosen, current_user.ref), file + ".zip", "application/zip")
    return _file(packs.chunks(name, shape, chosen, packs.Totals()), file, packs.TYPES[shape])


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as why:
        raise Refused(_("Look at the file first, then take it.")) from why
    if found.tzinfo is None:
        raise Refused(_("Look at the file first, then take it."))
    return found


def _file(pieces: Iterator[bytes], name: str, content_type: str) -> Response:
    response = Response(stream_with_context(pieces), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
