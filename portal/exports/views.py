"""The public register, and finance's page of exports."""

import itertools
import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, stream_with_context
from flask_login import current_user

from portal import clock
from portal.errors import Refused
from portal.exports import files, filters, forms, packs, register
from portal.grants import queries as grants
from portal.history import Actor
from portal.money import financial_year, pounds
from portal.places import queries as places
from portal.web.limits import limiter
from portal.web.pages import form_page, page
from portal.web.policy import allow
from portal.words import N_

exports = Blueprint("exports", __name__)

TIES = {
    "family": N_("family"), "friend": N_("friend"), "member": N_("member of the group"), "money": N_("money"), "neighbour": N_("close neighbour"),
    "other": N_("another tie"), "nature": N_("part of the idea"),
}  # fmt: skip


@exports.get("/register/")
@allow("anyone")
@limiter.limit("120/minute")
def index() -> Any:
    chosen = {name: request.args.get(name, "")[:80] for name in ("q", "area", "year", "fund", "state")}
    after = register.position(request.args.get("after", "")) if request.args.get("after") else None
    found = register.search(chosen["q"], area=chosen["area"], year=chosen["year"], fund=chosen["fund"], state=chosen["state"], after=after)
    shown = found[: register.PAGE]
    older = None
    if len(found) > register.PAGE:
        older = "/register/?" + urlencode({name: value for name, value in chosen.items() if value} | {"after": shown[-1].ref})
    return page(
        "register/index.html", block="results", found=shown, older=older, chosen=chosen, years=register.years(), states=register.STATES,
        areas=[area for area in places.areas() if area.kind != "scheme"], funds=grants.funds(), later=after is not None,
    )  # fmt: skip


@exports.get("/register/<ref>")
@allow("anyone")
@limiter.limit("120/minute")
def entry(ref: str) -> Any:
    return page("register/entry.html", entry=register.entry(ref), ties=TIES)


@exports.get("/finance/exports")
@allow("export")
def choose() -> Any:
    years = _years()
    given = {"name": "vcse-grants-register", "year": years[0], "basis": "awarded", "form": "csv"}
    form = forms.Choose(formdata=request.args if request.args else None, data=given, meta={"csrf": False}).fill(years)
    preview: list[list[str]] = []
    columns: Any = ()
    totals = packs.Totals()
    about: dict[str, Any] | None = None
    if request.args:
        try:
            chosen = filters.of_year(form.year.data, form.basis.data)
            if form.name.data in packs.EXPORTS:
                export = packs.EXPORTS[form.name.data]
                columns = export.columns
                rows = packs.counted(export, chosen, totals)
                preview = [[_shown(cell, export.day_format) for cell in row] for row in itertools.islice(rows, 10)]
                for _row in rows:
                    pass
            about = {
                "name": form.name.data,
                "file": packs.file_name(form.name.data or "", form.form.data or "csv", chosen),
                "rows": totals.rows,
                "pence": totals.pence,
            }
        except Refused as why:
            form.refuse(why.sentence, why.field)
    return form_page("finance/exports.html", form, preview=preview, columns=columns, about=about)


def _years() -> list[str]:
    first = int(financial_year(clock.today())[:4])
    return [f"{year}-{(year + 1) % 100:02d}" for year in range(first, first - 12, -1)]


def _shown(cell: files.Cell, day_format: str) -> str:
    if isinstance(cell, files.Money):
        return pounds(cell.pence)
    return cell.strftime(day_format) if isinstance(cell, date) else "" if cell is None else str(cell)


@exports.post("/finance/exports/download")
@allow("export")
@limiter.limit("30/minute")
def download() -> Response:
    """Log who takes it, then stream it; the manifest comes from the same page as a file of its own."""
    name, form, manifest = request.form.get("name", ""), request.form.get("form", "csv"), "manifest" in request.form
    chosen = filters.of_year(request.form.get("year"), request.form.get("basis") or "awarded")
    totals = packs.Totals()
    pieces = packs.chunks(name, form, chosen, totals)
    first = next(pieces, b"")  # a refusal comes before the first byte, as a page
    packs.log_download(name, "manifest" if manifest else form, chosen, Actor(current_user.id))
    if manifest:
        for _piece in pieces:
            pass
        body = json.dumps(packs.manifest(name, form, chosen, totals, current_user.ref, clock.now()), indent=2, ensure_ascii=False)
        return _file(iter([body.encode()]), "manifest.json", "application/json; charset=utf-8")
    return _file(itertools.chain([first], pieces), packs.file_name(name, form, chosen), files.TYPES.get(form, "text/plain; charset=utf-8"))


def _file(pieces: Iterator[bytes], name: str, content_type: str) -> Response:
    response = Response(stream_with_context(pieces), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
