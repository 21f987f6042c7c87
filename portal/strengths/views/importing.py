"""Bringing a list: send the file, read what would be done, then do it; and take a whole list back."""

from typing import Any

from flask import Blueprint, Response, flash, request
from flask_login import current_user

from portal.errors import Refused
from portal.people import queries as people
from portal.strengths import forms, imports, reading
from portal.strengths.rules import KIND_WORDS
from portal.web.carried import packed, unpacked
from portal.web.forms import one_line
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

strengths_import = Blueprint("strengths_import", __name__)
MOST_SHOWN = 300


@strengths_import.route("/strengths/desk/import", methods=["GET", "POST"])
@allow("manage places")
@limiter.limit("30/minute", methods=["POST"])
def bring() -> Any:
    """Nothing is changed until the button below what would be done is pressed."""
    form = forms.Import().fill()
    plan, files = None, []
    if form.validate_on_submit():
        try:
            files = _sent(form)
            name, data = files[0]
            if "do" in request.form:
                done, _ref = imports.take_over(
                    data, name, form.source.data, form.area.data or "", current_user, publish=bool(form.publish.data)
                )
                flash(imports.told(done, dry_run=False))
                return see_other("/strengths/desk/imports")
            plan = imports.plan(data, form.source.data, form.area.data or "")
        except imports.NotReady as why:
            form.refuse(why.sentence, "file")
            plan = why.plan
        except Refused as why:
            form.refuse(why.sentence, why.field)
    return form_page(
        "strengths/import.html", form, plan=plan, kept=packed(files) if plan else "", files=[name for name, _data in files], most=MOST_SHOWN, kinds=KIND_WORDS,
        told=imports.told(plan, dry_run=True) if plan else ""
    )  # fmt: skip


def _sent(form: forms.Import) -> list[tuple[str, bytes]]:
    """The file of this sending; or the one that was looked at before, which the page carries along. Refused: none."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return [(one_line(sent.filename)[-60:], sent.stream.read(reading.MOST_BYTES + 1))]
    files = unpacked(form.kept.data or "", reading.MOST_BYTES)[:1]
    if not files:
        raise Refused(_("Choose a CSV file."), "file")
    return files


@strengths_import.get("/strengths/desk/import/template.csv")
@allow("manage places")
def template() -> Response:
    """The columns, with two lines to show how."""
    response = Response("\ufeff" + reading.template(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="strengths.csv"'
    return response


@strengths_import.get("/strengths/desk/imports")
@allow("manage places")
def loads() -> Any:
    """Lists that were brought, and the way to take one back."""
    found = imports.loads()
    return page("strengths/imports.html", loads=found, standing=imports.standing(found), names=people.names(load.by_id for load in found))


@strengths_import.post("/strengths/desk/imports/<ref>/undo")
@allow("manage places")
def undo(ref: str) -> Any:
    """Take back what one file brought."""
    gone, left = imports.undo(ref, current_user)
    flash(
        _(
            "%(gone)d entries were taken back. %(left)d stay, because somebody has changed them or looks after them since.",
            gone=gone,
            left=left,
        )
    )
    return see_other("/strengths/desk/imports")
