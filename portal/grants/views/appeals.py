"""The pages of an appeal: the applicant's, the helper's who types for them, and those of the officers who answer."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.errors import NotFound, NotYours, Refused
from portal.grants import appeals as acts
from portal.grants import award as awards
from portal.grants import queries
from portal.grants.forms import appeals as forms
from portal.grants.letters import GROUNDS
from portal.grants.model import Appeal, Application
from portal.grants.moves import about
from portal.history import Actor
from portal.people import queries as people
from portal.people.views import actor
from portal.refs import clean_ref
from portal.settings import limits
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import N_, _

appeals = Blueprint("appeals", __name__)

STATE_WORDS: dict[str, tuple[str, str]] = {
    "open": (N_("We look at it"), "calm"),
    "answered": (N_("Answered"), "warm"),
    "second_stage": (N_("A second look"), "calm"),
    "closed": (N_("Closed"), ""),
}
OUTCOME_WORDS: dict[str, tuple[str, str]] = {
    "upheld": (N_("It was right"), "good"),
    "not_upheld": (N_("The rules were kept"), ""),
    "withdrawn": (N_("Taken back"), ""),
}
AGAINST_WORDS = {
    "no": N_("The panel said no"),
    "reserve": N_("A place on the reserve list"),
    "ineligible": N_("Not in this round"),
    "conditions": N_("What is needed before we pay"),
}


# --- the applicant, and whoever types for them ---------------------------------------------------------------------------


def _helps(bid: Application) -> bool:
    """Whether this person types for the applicant. NotYours when they may do neither that nor speak for themselves."""
    if current_user.id == bid.person_id or may("act for this group", bid.organisation_id):
        return False
    tied = current_user.id != bid.helper_id and current_user.id in acts.hidden_from([about(bid)])[about(bid)]
    if tied or not (may("edit this bid", bid) or may("help others", bid)):
        raise NotYours(_("We cannot find that page."))
    return True


def _actor(bid: Application, form: Any, helps: bool) -> Actor:
    return Actor(current_user.id, bid.person_id, form.how()) if helps else Actor(current_user.id)


@appeals.route("/grants/<ref>/appeal", methods=["GET", "POST"])
@allow("signed in")
def choose(ref: str) -> Any:
    """What an appeal is and is not, by when, and what went wrong."""
    bid = queries.bid(ref)
    helps = _helps(bid)
    made = queries.appeals_of(bid.id)
    letter = acts.letter_of(bid)
    refusal = acts.why_not(bid, letter, made)
    form = forms.Ground().fill()
    if refusal is None and form.validate_on_submit():
        if form.ground.data == forms.DISAGREE:
            return see_other(f"/grants/{ref}/appeal/instead")
        if form.ground.data in GROUNDS:
            return see_other(f"/grants/{ref}/appeal/{form.ground.data}")
        form.refuse(_("Choose what went wrong."), "ground")
    hints = {value: _(text) for value, text in forms.GROUND_HINTS.items()}
    last = made[0] if made and letter is not None and made[0].letter_at == letter.at else None
    return form_page(
        "grants/appeal.html",
        form,
        bid=bid,
        letter=letter,
        refusal=refusal,
        hints=hints,
        helps=helps,
        made=last,
        answer_days=limits.of(limits.ANSWER),
    )


@appeals.get("/grants/<ref>/appeal/instead")
@allow("signed in")
def instead(ref: str) -> Any:
    """For who does not agree with the decision itself: what they can do."""
    bid = queries.bid(ref)
    helps = _helps(bid)
    open_ = queries.open_rounds()
    return page("grants/appeal_instead.html", bid=bid, helps=helps, open_rounds=open_, coming=None if open_ else queries.next_round())


@appeals.route("/grants/<ref>/appeal/<any(rules, tie, unseen, fact):ground>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/hour", methods=["POST"])
def write(ref: str, ground: str) -> Any:
    """What happened, in their own words."""
    bid = queries.bid(ref)
    helps = _helps(bid)
    form = forms.Words().fill(helps)
    letter = acts.letter_of(bid)
    if request.method == "GET" and acts.why_not(bid, letter, queries.appeals_of(bid.id)) is not None:
        return see_other(f"/grants/{ref}/appeal")
    if form.validate_on_submit():
        try:
            made = acts.make(ref, ground, form.words.data, _actor(bid, form, helps), once_key=form.once_key(current_user.id))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/grants/{ref}/appeals/{made}/sent")
    return form_page("grants/appeal_words.html", form, bid=bid, helps=helps, ground=GROUNDS[ground], letter=letter)


def _readable(ref: str, appeal_ref: str) -> tuple[Application, Appeal, bool]:
    """An appeal, to the applicant's side, to who typed it, and to those who see the bid; the last says whether they may act on it."""
    appeal = acts.appeal_by_ref(appeal_ref)
    bid = appeal.application
    if bid.ref != ref:
        raise NotFound(_("We cannot find that appeal."))
    if may("edit this bid", bid):
        return bid, appeal, True
    if current_user.id in acts.hidden_from([about(bid)])[about(bid)] or not (
        may("see this bid", bid) or current_user.id == appeal.helper_id
    ):
        raise NotYours(_("We cannot find that page."))
    return bid, appeal, current_user.id == appeal.helper_id


@appeals.get("/grants/<ref>/appeals/<appeal>")
@allow("signed in")
def one(ref: str, appeal: str) -> Any:
    """How an appeal stands."""
    bid, found, mine = _readable(ref, appeal)
    return page(
        "grants/appeal_one.html", bid=bid, appeal=found, mine=mine, ground=GROUNDS[found.ground], state=STATE_WORDS[found.status],
        outcome=OUTCOME_WORDS[found.outcome] if found.outcome else None,
    )  # fmt: skip


@appeals.get("/grants/<ref>/appeals/<appeal>/sent")
@allow("signed in")
def sent(ref: str, appeal: str) -> Any:
    bid, found, _mine = _readable(ref, appeal)
    if found.status not in acts.OPEN:
        return see_other(f"/grants/{ref}/appeals/{appeal}")
    return page("grants/appeal_sent.html", bid=bid, appeal=found)


def _act(ref: str, appeal_ref: str, form: Any, template: str, act: Any, onward: str) -> Any:
    """A page on which the applicant's side does something with their appeal."""
    appeal = acts.appeal_by_ref(appeal_ref)
    bid = appeal.application
    if bid.ref != ref:
        raise NotFound(_("We cannot find that appeal."))
    helps = _helps(bid)
    form.fill(helps)
    if form.validate_on_submit():
        try:
            act(form, _actor(bid, form, helps))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(onward)
    return form_page(template, form, bid=bid, appeal=appeal, helps=helps, answer_days=limits.of(limits.ANSWER))


@appeals.route("/grants/<ref>/appeals/<appeal>/second", methods=["GET", "POST"])
@allow("signed in")
def second(ref: str, appeal: str) -> Any:
    """Ask for a second look."""
    return _act(
        ref, appeal, forms.SecondLook(), "grants/appeal_second.html", lambda form, by: acts.ask_again(appeal, form.words.data, by),
        f"/grants/{ref}/appeals/{appeal}/sent",
    )  # fmt: skip


@appeals.route("/grants/<ref>/appeals/<appeal>/withdraw", methods=["GET", "POST"])
@allow("signed in")
def withdraw(ref: str, appeal: str) -> Any:
    return _act(
        ref, appeal, forms.TakeBack(), "grants/appeal_withdraw.html", lambda _form, by: acts.withdraw(appeal, by),
        f"/grants/{ref}/appeals/{appeal}",
    )  # fmt: skip


# --- the desk ------------------------------------------------------------------------------------------------------------


@appeals.route("/desk/appeals/new", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("60/hour", methods=["POST"])
def on_behalf() -> Any:
    """Somebody is at the door or on the telephone with their letter: which idea is it about?"""
    form = forms.Reference()
    if form.validate_on_submit():
        ref = clean_ref(form.ref.data)
        try:
            bid = queries.bid(ref or "")
            _helps(bid)
        except (NotFound, NotYours):
            form.refuse(_("We know no idea with that reference. Look at the letter once more."), "ref")
        else:
            return see_other(f"/grants/{bid.ref}/appeal")
    return form_page("grants/appeal_behalf.html", form)


@appeals.get("/desk/appeals")
@allow("handle bids")
def desk() -> Any:
    """What must be answered, the late ones first."""
    areas = current_user.areas("officer")
    return page(
        "grants/desk_appeals.html", waiting=acts.waiting(current_user.id, areas=areas), answered=acts.answered(current_user.id, areas=areas), grounds=GROUNDS,
        states=STATE_WORDS, outcomes=OUTCOME_WORDS,
    )  # fmt: skip


@appeals.route("/desk/appeals/<ref>", methods=["GET", "POST"])
@allow("handle bids")
def desk_one(ref: str) -> Any:
    """Everything that whoever answers needs, and the answer; or the sentence why it is not theirs to give."""
    appeal = acts.appeal_by_ref(ref)
    bid = appeal.application
    require("handle bids", bid)
    kept_out = acts.barred(bid, appeal)
    if kept_out.get(current_user.id) == _(acts.TIED):
        return page("grants/desk_appeal_hidden.html", sentence=_(acts.TIED), ref=appeal.ref)
    waits = appeal.status in acts.OPEN
    found = queries.award_of(bid.id) if waits and appeal.against == "conditions" else None
    remedy = acts.remedy(bid, appeal) if waits else ""
    conditions = awards.unmet(found) if found is not None and remedy == "conditions" else {}
    form = forms.Answer().fill(conditions)
    if form.validate_on_submit():
        upheld = form.outcome.data == "upheld"
        try:
            if form.outcome.data not in ("upheld", "not_upheld"):
                raise Refused(_("Say whether the appeal is right."), "outcome")
            acts.answer(ref, request.form.get("stage", ""), upheld, form.reasons.data, form.chosen(), bool(form.sure.data), actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Thank you. They hear from us now."))
            return see_other(f"/desk/appeals/{ref}")
    officers = [each.name for each in people.holders("officer", at=bid.area_id) if each.id not in kept_out] if waits else []
    who = people.names([appeal.helper_id, appeal.answered_by_id, appeal.second_answered_by_id, bid.person_id])
    return form_page(
        "grants/desk_appeal.html", form, appeal=appeal, bid=bid, matter=acts.decided_by(bid, appeal), ground=GROUNDS[appeal.ground], remedy=remedy,
        against=AGAINST_WORDS[appeal.against], state=STATE_WORDS[appeal.status], outcome=OUTCOME_WORDS[appeal.outcome] if appeal.outcome else None,
        why_not=kept_out.get(current_user.id), officers=officers, names=who, waits=waits,
    )  # fmt: skip
