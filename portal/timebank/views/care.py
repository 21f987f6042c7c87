"""The desk's pages for who cannot do it on a phone: their details, a break, leaving."""

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from portal import photos
from portal.errors import NotFound, Refused
from portal.people import caring as details
from portal.people.model import Person
from portal.people.views import details_form, details_of, saw, settings
from portal.timebank import caring, leaving, members
from portal.timebank.forms import Break, LeaveFor
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

time_care = Blueprint("time_care", __name__)


def _member(ref: str) -> Member:
    """A member whom this coordinator looks after. NotFound, also for their own and their group's, which have pages of their own."""
    found = members.by_ref(ref)
    require("help others", found)
    if members.acts_as(current_user, found):
        raise NotFound(_("Do that on your own page “Your time”, or ask a colleague."))
    saw("member", found.person_id, about=ref)
    return found


def _person(found: Member) -> Person:
    if found.person is None:
        raise NotFound(_("A group has no details of its own. Ask who acts for it."))
    return found.person


@time_care.route("/timebank/desk/members/<ref>/details", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("30/minute", methods=["POST"])
def change_details(ref: str) -> Any:
    """How they are reached, where they live, large print."""
    found = _member(ref)
    someone = _person(found)
    form = details_form(someone, found.area.code)
    if form.validate_on_submit():
        try:
            caring.change_details(ref, details_of(form), form.reason.data, current_user, form.basis.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved. They are told, if we can reach them."))
            return see_other(f"/timebank/desk/members/{ref}" if may("help others", members.by_ref(ref)) else "/timebank/desk/")
    back = f"/timebank/desk/members/{ref}"
    return form_page("people/details.html", form, name=someone.name, back=back, why_not=details.why_not(someone, current_user.id))


@time_care.route("/timebank/desk/members/<ref>/break", methods=["GET", "POST"])
@allow("help others")
def set_break(ref: str) -> Any:
    """Begin a break, or end it."""
    found = _member(ref)
    ends = found.status == "paused"
    form = Break().fill()
    if form.validate_on_submit():
        try:
            caring.set_break(ref, form.to.data == "break", form.reason.data, current_user, form.basis.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("They take a break now.") if form.to.data == "break" else _("They are back. Hours can be written down with them."))
            return see_other(f"/timebank/desk/members/{ref}")
    return form_page("timebank/desk_break.html", form, member=found, name=name_of(found), ends=ends)


@time_care.route("/timebank/desk/members/<ref>/leave", methods=["GET", "POST"])
@allow("help others")
def leave(ref: str) -> Any:
    """Close a membership for somebody who moved away, died, or asks for it."""
    found = _member(ref)
    has = members.balance(found)
    form = LeaveFor().fill_for(found.area.name, members.recent(found))
    if form.validate_on_submit():
        try:
            to = form.whom() if has > 0 else leaving.POT
            files = leaving.leave(ref, to, form.note.data, current_user, basis=form.basis.data, tell=bool(form.tell.data))
        except Refused as why:
            form.refuse(why.sentence, {"reason": "note"}.get(why.field or "", why.field))
        else:
            for file in files:
                photos.drop(file, settings().data_dir)
            flash(_("%(name)s is no longer a member. Their hours are where you said.", name=name_of(found)))
            return see_other("/timebank/desk/")
    return form_page("timebank/desk_leave.html", form, member=found, name=name_of(found), has=has)
