"""The applicant's question "What do you hope for?", and what came of it in the report; and both wherever an idea is shown."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, request

from portal.errors import Refused
from portal.grants import queries, report
from portal.grants.model import Application
from portal.grants.views import apply as bids
from portal.grants.views.decide import judge_the_bid
from portal.outcomes import catalogue, forms, hopes
from portal.outcomes.model import Hope
from portal.outcomes.rules import HOW_FAR, TONES
from portal.web.forms import whole_number
from portal.web.pages import form_page, see_other
from portal.web.policy import allow, require
from portal.words import _

hopes_pages = Blueprint("hopes", __name__)
hopes_pages.before_request(judge_the_bid)


@hopes_pages.app_context_processor
def everywhere() -> dict[str, Any]:
    """For every page that shows an idea: what it hopes for, asked only where it is shown. One query."""
    asked: Callable[[int], Sequence[Hope]] = hopes.of_bid
    return {"hopes_of": asked, "hopes_offered": lambda: bool(catalogue.offered()), "how_far": HOW_FAR, "far_tones": TONES}


def _asked(application: Application) -> str:
    return f"/grants/{application.ref}/{hopes.SECTION}" if catalogue.offered() else ""


bids.ALSO_ASKED[hopes.WITH] = _asked


def _mine(ref: str) -> Application:
    application = queries.bid(ref)
    require("edit this bid", application)
    return application


@hopes_pages.route("/grants/<ref>/outcomes", methods=["GET", "POST"])
@allow("signed in")
def choose(ref: str) -> Any:
    application = _mine(ref)
    choices = hopes.choices(application)
    form = forms.Choose(data={"picked": [each.ref for each in choices if each.chosen]}).fill(choices)
    if request.method == "GET" and not hopes.may_choose(application):
        raise Refused(_("This part can no longer be changed."))
    if form.validate_on_submit():
        try:
            hopes.choose(ref, whole_number(request.form.get("version")), form.picked.data or [], bids.acting_on(application))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return _onward(ref, application)
    needed = queries.rules_of(application).outcomes_needed
    return form_page("outcomes/choose.html", form, application=application, offered=bool(choices), needed=needed)


def _onward(ref: str, application: Application) -> Any:
    if "later" in request.form:
        flash(_("Saved. You can go on whenever you like, on this phone or another one."))
        return see_other(f"/grants/{ref}")
    return see_other(f"/grants/{ref}/money" if application.status == "draft" and "check" not in request.form else f"/grants/{ref}/check")


@hopes_pages.route("/grants/<ref>/report/outcomes", methods=["GET", "POST"])
@allow("signed in")
def tell(ref: str) -> Any:
    """What came of each outcome: part of the report, and like it kept complete or not."""
    application = _mine(ref)
    found, chosen = report.of_bid(application), hopes.of_bid(application.id)
    if not chosen or found.status not in report.OPEN:
        return see_other(f"/grants/{ref}/report")
    answers = {
        hope.position: forms.Answer(prefix=f"o{hope.position}-", data={"far": hope.how_far, "happened": hope.happened}).fill()
        for hope in chosen
    }
    if request.method == "POST" and not [form for form in answers.values() if not form.validate()]:
        given = {position: hopes.Answer(form.far.data or "", form.happened.data) for position, form in answers.items()}
        hopes.tell(ref, whole_number(request.form.get("version")), given, bids.acting_on(application))
        flash(_("Saved."))
        return see_other(f"/grants/{ref}/report#hopes")
    wrong = next((form for form in answers.values() if form.errors), answers[chosen[0].position])
    return form_page("outcomes/tell.html", wrong, application=application, report=found, hopes=chosen, answers=answers)
