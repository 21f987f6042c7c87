"""Bringing members from another timebank: send the files, read what would be done, then do it."""

from typing import Any

from flask import Blueprint, Response, flash, request
from flask_wtf.file import MultipleFileField
from wtforms import HiddenField, SelectField

from portal.errors import Refused
from portal.people.forms import area_choices
from portal.people.views import actor
from portal.timebank import foreign, imports, members
from portal.web.carried import packed, unpacked
from portal.web.forms import Form, Needed, WholeNumberField, one_line
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow
from portal.words import N_, _

time_imports = Blueprint("time_imports", __name__)

NAMES = {"timeoverflow": N_("TimeOverflow"), "komunitin": N_("Komunitin"), "template": N_("Our plain template")}
WHATS = {
    "new": N_("new"), "joins": N_("is with us, becomes a member"), "member": N_("is a member, gets the balance"), "done": N_("came before: nothing"),
}  # fmt: skip
MOST_SHOWN = 300


class Import(Form):
    source = SelectField(N_("Where do the files come from?"), [Needed(N_("Choose where the files come from."))])
    area = SelectField(N_("Whose timebank was it?"), description=N_("For members whose line names no area."))
    unit = WholeNumberField(N_("How many minutes is one unit worth? (only Komunitin)"), default=60)
    files = MultipleFileField(N_("The files"))
    kept = HiddenField()

    def fill(self) -> "Import":
        self.source.choices = [(value, _(text)) for value, text in NAMES.items()]
        self.area.choices = area_choices(_("Each line says it"))
        return self


@time_imports.route("/timebank/desk/import", methods=["GET", "POST"])
@allow("run rounds")
@limiter.limit("30/minute", methods=["POST"])
def bring() -> Any:
    """Nothing is changed until the button below what would be done is pressed."""
    form = Import().fill()
    plan, files = None, []
    if form.validate_on_submit():
        try:
            files = _sent(form)
            unit = 60 if form.unit.data is None else form.unit.data
            kinds = dict(zip(request.form.getlist("theirs"), request.form.getlist("ours"), strict=False))
            if "do" in request.form:
                done = imports.take_over(files, form.source.data, form.area.data, actor(), unit, kinds)
                flash(imports.told(done, dry_run=False))
                return see_other("/timebank/desk/")
            plan = imports.plan(files, form.source.data, form.area.data, unit, kinds)
        except imports.NotReady as why:
            form.refuse(why.sentence, "files")
            plan = why.plan
        except Refused as why:
            form.refuse(why.sentence, why.field)
    return form_page(
        "timebank/import.html", form, plan=plan, ours=members.categories() if plan and plan.posts.kinds else [], kept=packed(files) if plan else "", files=[name for name, _data in files], whats=WHATS, most=MOST_SHOWN,
        words=imports.in_words, told=imports.told(plan, dry_run=True) if plan else "",
    )  # fmt: skip


def _sent(form: Import) -> list[tuple[str, bytes]]:
    """The files of this sending; or those that were looked at before, which the page carries along. Refused: none."""
    files, left = [], foreign.MOST_BYTES + 1
    for each in form.files.data or ():
        if each and each.filename:
            data = each.stream.read(left)
            left -= len(data)
            files.append((one_line(each.filename)[-60:], data))
    files = files or unpacked(form.kept.data or "", foreign.MOST_BYTES)
    if not files:
        raise Refused(_("Choose one or more CSV files."), "files")
    return files


@time_imports.get("/timebank/desk/import/template.csv")
@allow("run rounds")
def template() -> Response:
    """The plain template with two lines to show how."""
    return _csv("members.csv", foreign.template())


@time_imports.get("/timebank/desk/import/posts.csv")
@allow("run rounds")
def posts_template() -> Response:
    """The same for offers and requests."""
    return _csv("posts.csv", foreign.posts_template())


def _csv(name: str, text: str) -> Response:
    response = Response("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
