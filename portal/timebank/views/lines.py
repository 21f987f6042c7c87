"""Something wrong? with a line of the statement that has no page of its own."""

from typing import Any

from flask import Blueprint, flash, g, request
from flask_login import current_user
from wtforms import RadioField

from portal.errors import Refused
from portal.people.forms import bases
from portal.refs import clean_ref
from portal.timebank import forms, lines, members, queries
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.timebank.views.hours import suffix
from portal.web.forms import Form, Line, Needed
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow, may
from portal.words import N_, _

time_lines = Blueprint("time_lines", __name__)


class WrongLine(forms.Wrong):
    basis = RadioField(N_("How do you know?"), [Needed(N_("Say how you know: on paper, by telephone or face to face."))])


class Answer(Form):
    words = Line(N_("Why? Both read this."), [Needed(N_("Write why, in a few words."))], most=300)


def _member(ref: str) -> Member:
    found = members.by_ref(clean_ref(ref) or "")
    if not members.acts_as(current_user, found) and not may("help others", found):
        raise members.unknown()
    return found


@time_lines.route("/timebank/lines/<ref>/<int:sequence>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def line(ref: str, sequence: int) -> Any:
    """One line: what it is, what was said about it, and a form to say what is wrong."""
    g.private = True
    member = _member(ref)
    own = members.acts_as(current_user, member)
    found = lines.line_of(member, sequence)
    form = WrongLine()
    if own:
        del form.basis
    else:
        form.basis.choices = bases()
    if form.validate_on_submit():
        try:
            made = lines.something_wrong(ref, sequence, form.words.data, current_user, basis=None if own else form.basis.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Thank you for telling us. A coordinator looks at it and tells you what they did."))
            return see_other(f"/timebank/lines/{ref}/{sequence}" if own else f"/timebank/desk/lines/{made.id}")
    back = f"/timebank/statement{suffix(member)}" if own else f"/timebank/desk/members/{member.ref}"
    return form_page(
        "timebank/line.html", form, line=found, told=queries.statement(member, sequence + 1, 1, to_member=own)[0], member=member, name=name_of(member), own=own, back=back, question=lines.question_about(member, found.key)
    )  # fmt: skip


@time_lines.route("/timebank/desk/lines/<int:id_>", methods=["GET", "POST"])
@allow("help others")
def desk_line(id_: int) -> Any:
    """A coordinator answers: it stands, or it is taken back."""
    seen = lines.seen_by_coordinator(id_, current_user)
    form = Answer()
    if form.validate_on_submit():
        try:
            lines.answer(id_, bool(request.form.get("put_right")), form.words.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Done. Both are told."))
            return see_other("/timebank/desk/")
    return form_page(
        "timebank/desk_line.html", form, seen=seen, name=name_of(seen.question.member), others=[name_of(each) for each in seen.others],
        can=lines.can_be_put_right(seen), page=queries.page_about(seen.entry.about),
    )  # fmt: skip
