"""Marks saved tap by tap, the moment they are shown, the talk, and the paper sheets."""

from typing import Any

from flask import flash, request
from flask_login import current_user
from htmx_flask import request as htmx_request

from portal import clock
from portal.errors import NotFound, Refused
from portal.panels import actions, forms, marking, queries
from portal.panels.model import Matter, Panel
from portal.panels.rules import Threshold
from portal.panels.views.matters import counts, matter_page, panels, reading_of, showing_of, titles_of
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import _


def _found(ref: str, matter_ref: str) -> tuple[Panel, Matter, queries.Sitting | None, str]:
    """The panel, the matter, how the reader stands to it, and its address."""
    panel = queries.panel(ref)
    matter = queries.matter(matter_ref, panel.id)
    return panel, matter, reading_of(panel, matter), f"/panels/{ref}/bids/{matter_ref}"


@panels.post("/<ref>/bids/<matter_ref>/marks")
@allow("signed in")
@limiter.limit("120/minute")
def mark(ref: str, matter_ref: str) -> Any:
    """Marks of one seat: each tap on its own where a script runs, all of them by one button elsewhere."""
    panel, matter, sitting, address = _found(ref, matter_ref)
    if sitting is None:
        raise NotFound(_("We cannot find that page."))
    criteria = Threshold.load(matter.rule).criteria
    form = forms.marks(criteria, {}, sent=True)
    if form.validate():
        try:
            complete = marking.mark(current_user, ref, matter_ref, forms.given(form, criteria))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            if htmx_request.htmx:
                given = len(marking.own_marks(queries.matter(matter_ref, panel.id), sitting.seat))
                return page("panels/_saved.html", given=given, of=len(criteria), complete=complete, now=clock.now(), address=address)
            flash(_("All your marks are in.") if complete else _("Saved. You can go on later."))
            return see_other(address + "#marks")
    if htmx_request.htmx:
        return page("panels/_saved.html", problem=" ".join(form.form_errors) or _("Not saved. Check what you typed."), address=address)
    return matter_page(panel, matter, sitting, form, marks=form)


@panels.post("/<ref>/bids/<matter_ref>/reveal")
@allow("signed in")
def reveal(ref: str, matter_ref: str) -> Any:
    marking.reveal(current_user, ref, matter_ref)
    flash(_("The marks are shown to everybody who has given theirs. Now talk, and vote."))
    return see_other(f"/panels/{ref}/bids/{matter_ref}#marks")


@panels.post("/<ref>/bids/<matter_ref>/talk")
@allow("signed in")
@limiter.limit("30/minute")
def talk(ref: str, matter_ref: str) -> Any:
    panel, matter, sitting, address = _found(ref, matter_ref)
    form = forms.Talk()
    if form.validate():
        try:
            marking.say(current_user, ref, matter_ref, form.words.data, once_key=form.once_key(current_user.id))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(address + "#talk")
    return matter_page(panel, matter, sitting, form, talk=form)


@panels.post("/<ref>/bids/<matter_ref>/talk/<remark>/take-back")
@allow("signed in")
def take_back(ref: str, matter_ref: str, remark: str) -> Any:
    marking.take_back(current_user, ref, matter_ref, remark)
    flash(_("Taken back."))
    return see_other(f"/panels/{ref}/bids/{matter_ref}#talk")


@panels.route("/<ref>/bids/<matter_ref>/ask", methods=["GET", "POST"])
@allow("signed in")
def ask(ref: str, matter_ref: str) -> Any:
    """The chair or an officer asks whoever brought it; until they answer, it is not before the panel."""
    panel, matter, sitting, address = _found(ref, matter_ref)
    showing = showing_of(matter.about)
    if not counts(sitting) or showing.ask is None:
        raise NotFound(_("We cannot find that page."))
    form = forms.Ask().fill(showing.sections)
    if form.validate_on_submit():
        assert form.answer_by.data is not None
        try:
            actions.ask(current_user, ref, matter_ref, showing.ask, form.sections.data or [], form.note.data, form.answer_by.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("They have your question. The idea comes back to the panel with their answer, and is marked anew."))
            return see_other(f"/panels/{ref}")
    questions = [each.words for each in marking.talk(matter, current_user) if each.words]
    return form_page(
        "panels/ask.html",
        form,
        panel=panel,
        matter=matter,
        title=titles_of([matter.about]).get(matter.about, ""),
        remarks=questions,
        address=address,
    )


@panels.route("/<ref>/bids/<matter_ref>/paper-marks", methods=["GET", "POST"])
@allow("signed in")
def paper_marks(ref: str, matter_ref: str) -> Any:
    """An officer or the chair enters the marks on somebody's sheet."""
    panel, matter, sitting, address = _found(ref, matter_ref)
    criteria = Threshold.load(matter.rule).criteria
    if not counts(sitting) or not criteria:
        raise NotFound(_("We cannot find that page."))
    form = forms.marks(criteria, {}, forms.PaperMarks, sent=request.method == "POST")
    form.person.choices = [(each.person_ref, each.name) for each in queries.standing(matter).able]
    if form.validate_on_submit():
        try:
            marking.enter_marks(current_user, ref, matter_ref, form.person.data, forms.given(form, criteria), form.sheet.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The sheet is entered."))
            return see_other(address)
    fields = [(form[f"mark_{number}"], form[f"why_{number}"]) for number in range(len(criteria))]
    return form_page(
        "panels/paper_marks.html",
        form,
        panel=panel,
        matter=matter,
        fields=fields,
        title=titles_of([matter.about]).get(matter.about, ""),
        address=address,
    )


@panels.get("/<ref>/bids/<matter_ref>/sheet")
@allow("signed in")
def sheet(ref: str, matter_ref: str) -> Any:
    """A sheet to print for somebody who reads and marks on paper."""
    panel, matter, sitting, address = _found(ref, matter_ref)
    if sitting is not None and not sitting.may_open:
        raise NotFound(_("We cannot find that page."))
    showing = showing_of(matter.about)
    return page(
        "panels/sheet.html", panel=panel, matter=matter, shown=showing.context(matter.about), shown_template=showing.template, words=forms.MARK_WORDS,
        choices=forms.CHOICE_WORDS, rule=Threshold.load(matter.rule), address=address,
    )  # fmt: skip
