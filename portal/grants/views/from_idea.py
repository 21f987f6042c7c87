"""Turning an idea from the wall into an application."""

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user
from wtforms import RadioField, SelectField

from portal.errors import NotFound, Refused
from portal.grants import from_idea, queries
from portal.grants.rules import RoundRules
from portal.ideas import queries as ideas
from portal.people import queries as people
from portal.people.forms import bases
from portal.people.views import settings
from portal.web.forms import EmailOrPhoneField, Form, Line, Needed
from portal.web.pages import form_page, see_other
from portal.web.policy import allow, require
from portal.words import N_, _

idea_bids = Blueprint("idea_bids", __name__)


class Begin(Form):
    round = RadioField(N_("Where would you like to ask?"), [Needed(N_("Choose where you would like to ask."))])
    organisation = SelectField(N_("Whose idea is it?"), validate_choice=False)
    name = Line(N_("Name of who asks"), description=N_("First name and family name."), most=80)
    contact = EmailOrPhoneField(N_("E-mail address or mobile number (optional)"))
    basis = RadioField(N_("How do you know?"), validate_choice=False)


@idea_bids.route("/grants/from-idea/<ref>", methods=["GET", "POST"])
@allow("signed in")
def begin(ref: str) -> Any:
    """What would come along, and in which round; then the six questions."""
    idea = ideas.readable(ref, current_user)
    desk = not ideas.is_owner(current_user, idea)
    if desk:
        require("help others", idea)
    if (standing := from_idea.open_for(idea)) is not None:
        return see_other(f"/grants/{standing.ref}")
    open_ = queries.open_rounds()
    form = Begin(data={"round": open_[0].ref if open_ else "", "name": idea.owner_name})
    form.round.choices = [(each.ref, each.name) for each in open_]
    form.basis.choices = bases()
    groups = [] if desk else people.organisations_of(current_user.id)
    form.organisation.choices = [("", _("Mine")), *((each.ref, each.name) for each in groups)]
    if form.validate_on_submit():
        group = next((each for each in groups if each.ref == form.organisation.data), None)
        if form.organisation.data and group is None:
            raise NotFound(_("We do not know that group."))
        try:
            made = from_idea.start(
                ref, form.round.data, current_user, basis=form.basis.data if desk else None, organisation_id=group.id if group is not None else None,
                name=form.name.data or "", contact=form.contact.data, data_dir=settings().data_dir, once_key=form.once_key(current_user.id),
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Your words and your neighbours are here. Go on with the questions."))
            return see_other(f"/grants/{made}/idea")
    rules = RoundRules.load(open_[0].rules) if open_ else None
    return form_page(
        "grants/from_idea.html", form, idea=idea, desk=desk, open_rounds=open_, groups=groups, live=ideas.is_live(idea),
        look=from_idea.look(idea, rules) if rules is not None else None, rules=rules, unnamed=desk and idea.owner_id is None,
    )  # fmt: skip
