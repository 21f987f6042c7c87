"""Who is in on a card, for its owner and who helps there; and taking one off."""

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from portal.ideas import counting, forms, taking_off
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

idea_neighbours = Blueprint("idea_neighbours", __name__)


@idea_neighbours.get("/ideas/<ref>/neighbours")
@allow("signed in")
def listed(ref: str) -> Any:
    """First names and hours, and who left no address."""
    idea = taking_off.looks_after(ref, current_user)
    return page("ideas/neighbours.html", idea=idea, some=counting.neighbours_of(idea))


@idea_neighbours.route("/ideas/<ref>/neighbours/<pledge_ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def take_off(ref: str, pledge_ref: str) -> Any:
    """One of them, and why."""
    idea = taking_off.looks_after(ref, current_user)
    form = forms.Why()
    if done(form, lambda: taking_off.take_off(ref, pledge_ref, form.why.data, current_user)):
        flash(_("Taken off the card."))
        return see_other(f"/ideas/{ref}/neighbours")
    pledge = taking_off.pledge_on(idea, pledge_ref)
    return form_page(
        "ideas/why.html", form, idea=idea, back=f"/ideas/{ref}/neighbours", title=_("Take %(name)s off this card", name=pledge.name), do=_("Take off"),
        sentence=_("For a name that is no name, or somebody who is not in at all. Their hours do not count any more, and they cannot say “I’m in” here again with the same address."),
    )  # fmt: skip
