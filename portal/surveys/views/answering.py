"""Three short questions, and a page of questions about oneself: all of it may be left out, and put away for good by one tap."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, request
from flask_login import current_user

from portal.errors import NotFound
from portal.grants import queries as grants
from portal.grants.model import Application
from portal.grants.views import apply as bids
from portal.refs import clean_ref
from portal.surveys import asking, equality, forms, leaving, neighbours
from portal.surveys.wording import ABOUT_YOU, NEIGHBOURS, newest
from portal.timebank import members
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

surveys = Blueprint("surveys", __name__, url_prefix="/surveys")


@surveys.route("/", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def three() -> Any:
    """The three questions while they are to be asked; else what one has answered."""
    g.private = True
    moment, mine = neighbours.due(current_user), neighbours.answers_of(current_user.ref)
    if not moment:
        return page("surveys/mine.html", mine=[leaving.in_words(row) for row in mine], more=_about_me())
    form = forms.questions(NEIGHBOURS, mine[0].wording if mine else newest(NEIGHBOURS))
    if done(form, lambda: neighbours.answer(current_user, moment, form.number, form.answers)):
        flash(_("Thank you. That helps us to see whether it makes a difference."))
        return see_other("/surveys/")
    return form_page("surveys/three.html", form, moment=moment)


@surveys.post("/put-away")
@allow("signed in")
def put_away() -> Any:
    """They would rather not be asked: what the card on the home page stands for, or a page."""
    what = request.form.get("what", "")
    if what in ("start", "later"):
        asking.put_away(current_user.id, neighbours.asked_as(what))
    elif pot := _pot(what):
        asking.put_away(current_user.id, equality.asked_as(pot))
    flash(_("That is fine. We will not ask this again."))
    return see_other("/")


@surveys.route("/about-you/<of>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def about_you(of: str) -> Any:
    """Questions about oneself after joining the timebank ("timebank") or sending an idea (its reference)."""
    g.private = True
    pot = _pot(of)
    if not pot:
        raise NotFound(_("We cannot find that page."))
    if not equality.may_answer(current_user, pot):
        return page("surveys/about_you_done.html", sentence=_(equality.CANNOT_BE_FOUND))
    form = forms.questions(ABOUT_YOU, newest(ABOUT_YOU))
    if done(form, lambda: equality.answer(current_user, pot, form.number, form.answers)):
        flash(_("Thank you."))
        return see_other("/")
    return form_page("surveys/about_you.html", form, of=of, sentence=_(equality.CANNOT_BE_FOUND))


def _pot(of: str) -> str:
    """Where answers count that are given at an address; empty when it is nothing of theirs."""
    if of == equality.TIMEBANK:
        return of if members.member_of(current_user.id) is not None else ""
    try:
        application = grants.bid(clean_ref(of) or "")
    except NotFound:
        return ""
    return equality.pot_of(application) if application.person_id == current_user.id and application.sent_at is not None else ""


def _about_me() -> bool:
    """Whether a member of the timebank may be asked about themselves next."""
    return bool(_pot(equality.TIMEBANK)) and equality.may_answer(current_user, equality.TIMEBANK)


def _after_sending(application: Application) -> Sequence[tuple[str, str, str]]:
    """A line for the page that says that an idea is sent."""
    if application.person_id != current_user.id or not equality.may_answer(current_user, equality.pot_of(application)):
        return []
    words = _(
        "May we ask a little about you? It shows us whom we reach and whom we miss. The panel never sees it, and nobody can tell what you said."
    )
    return [(words, f"/surveys/about-you/{application.ref}", _("See the questions"))]


bids.ALSO_SENT.append(_after_sending)
