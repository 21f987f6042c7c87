"""The applicant's pages of a grant: say yes, say where the money goes, see where it is, give it back."""

from typing import Any

from flask import Blueprint, flash, g
from flask_login import current_user

from portal.errors import NotFound, Refused
from portal.grants import award, cheques, desk, purchases, queries
from portal.grants.forms import award as forms
from portal.grants.forms.apply import ROUTES
from portal.grants.forms.decide import Nothing
from portal.grants.model import Application, Award
from portal.grants.views import wishes as line_views
from portal.grants.views.apply import acting_on
from portal.history import Actor
from portal.people.views import needs_proof, saw
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, require
from portal.words import N_, _

awards = Blueprint("awards", __name__)

STATE_WORDS: dict[str, tuple[str, str]] = {
    "reserved": (N_("Offered: waits for your yes"), "warm"),
    "conditions_open": (N_("Accepted: something is still needed"), "warm"),
    "ready_to_pay": (N_("Accepted: the payment comes next"), "good"),
    "paid": (N_("Paid"), "good"),
    "reporting": (N_("Paid: tell us how it goes"), "good"),
    "closed": (N_("Finished"), "good"),
    "returned": (N_("Given back"), ""),
    "lapsed": (N_("Ended: not taken up in time"), ""),
    "declined": (N_("Turned down"), ""),
}
ENDED = (N_("Ended before it was paid"), "")  # by two officers, after the yes


def state_words(one: Award) -> tuple[str, str]:
    """How a grant stands now, in words, and their tone."""
    state = award.status_now(one)
    return ENDED if state == "lapsed" and one.accepted_at is not None else STATE_WORDS[state]


PAYMENT_WORDS: dict[str, tuple[str, str]] = {
    "prepared": (N_("Prepared"), "calm"),
    "approved": (N_("Approved"), "calm"),
    "released": (N_("On its way"), "warm"),
    "settled": (N_("Arrived"), "good"),
    "bounced": (N_("Came back"), "bad"),
    "cancelled": (N_("Cancelled"), ""),
}


def _theirs(ref: str, predicate: str) -> tuple[Application, Award]:
    """A bid and its award, to those who may; before the letters go out there is none."""
    bid = queries.bid(ref)
    require(predicate, bid)
    found = queries.award_of(bid.id)
    if found is None:
        raise NotFound(_("There is no grant for this idea."))
    return bid, found


@awards.get("/grants/<ref>/award")
@allow("signed in")
def grant(ref: str) -> Any:
    """How much, on what conditions, where the money goes, and where it is."""
    bid, one = _theirs(ref, "see this bid")
    lines = desk.payments(award_id=one.id)
    return page(
        "grants/award.html", bid=bid, award=one, stands=award.status_now(one), state=state_words(one), mine=current_user.can("edit this bid", bid), payee=award.current_payee(one), kept=award.kept(one),
        route=ROUTES.get(bid.pay_route, ""), numbered=bid.pay_route in award.TOLD_ROUTES, by_cheque=bid.pay_route == award.CHEQUE, payments=lines, bought=purchases.steps(lines), posted=cheques.of_payments([line.payment.id for line in lines]), good_until=cheques.good_until, payment_words=PAYMENT_WORDS,
        may_account=current_user.can("give bank details", bid) and one.status in ("conditions_open", "ready_to_pay"), form=Nothing(),
    )  # fmt: skip


@awards.post("/grants/<ref>/award/accept")
@allow("signed in")
def accept(ref: str) -> Any:
    bid, one = _theirs(ref, "edit this bid")
    award.accept(one.ref, acting_on(bid))
    flash(_("Thank you. The money is kept for you."))
    return see_other(f"/grants/{ref}/award")


@awards.route("/grants/<ref>/award/decline", methods=["GET", "POST"])
@allow("signed in")
def decline(ref: str) -> Any:
    bid, one = _theirs(ref, "edit this bid")
    form = forms.GiveUp()
    if form.validate_on_submit():
        award.decline(one.ref, acting_on(bid), form.reason.data or None)
        line_views.after_the_end(ref)
        flash(_("Thank you for telling us. The money helps another idea."))
        return see_other(f"/grants/{ref}")
    return form_page("grants/award_decline.html", form, bid=bid, award=one)


@awards.route("/grants/<ref>/award/give-back", methods=["GET", "POST"])
@allow("signed in")
def give_back(ref: str) -> Any:
    bid, one = _theirs(ref, "edit this bid")
    form = forms.GiveUp()
    if form.validate_on_submit():
        award.withdraw(one.ref, acting_on(bid), form.reason.data or None)
        line_views.after_the_end(ref)
        flash(_("Thank you for telling us. The money helps another idea."))
        return see_other(f"/grants/{ref}")
    return form_page("grants/award_give_back.html", form, bid=bid, award=one)


@awards.route("/grants/<ref>/award/account", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/hour", methods=["POST"])
def account(ref: str) -> Any:
    """Which account the money goes to: only after a fresh proof of who they are."""
    bid, one = _theirs(ref, "give bank details")
    if (proof := needs_proof()) is not None:
        return proof
    g.private = True
    saw("account", bid.person_id, about=ref)
    payee = award.current_payee(one)
    by_cheque = bid.pay_route == award.CHEQUE
    known = payee.name if payee else "" if by_cheque else bid.pay_to
    form: Any = (forms.ChequeTo if by_cheque else forms.Account)(data={"name": known})
    if form.validate_on_submit():
        by = acting_on(bid) if current_user.can("edit this bid", bid) else Actor(current_user.id, bid.person_id, _("as the applicant said"))
        try:
            if by_cheque:
                award.give_address(one.ref, form.name.data, form.address.data, by)
            else:
                award.give_details(one.ref, form.name.data, form.sort_code.data, form.account_number.data, by)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_kept_words(by_cheque, by))
            return see_other(f"/grants/{ref}/award")
    return form_page("grants/award_account.html", form, bid=bid, award=one, payee=payee, by_cheque=by_cheque)


def _kept_words(by_cheque: bool, by: Actor) -> str:
    if by.on_behalf_id is None:
        return (
            _("Thank you. We know where to send the cheque. A message about it is on its way, in case it was not you.")
            if by_cheque
            else _("Thank you. We have the account. A message about it is on its way, in case it was not you.")
        )
    return (
        _("We have the address, and tell the applicant so. Your colleagues handle the payment, because you entered the address.")
        if by_cheque
        else _("We have the account, and tell the applicant so. Your colleagues handle the payment, because you entered the account.")
    )


@awards.route("/a/<ref>/<mark>", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("30/minute")
def link(ref: str, mark: str) -> Any:
    """The link of the letter: a page with a button, which scanners that follow links do not press. No sign-in is needed."""
    g.private = True
    one = award.award_of_link(ref, mark)
    bid = one.application
    form = Nothing()
    if form.validate_on_submit():
        award.accept(one.ref, Actor(bid.person_id, basis=_("by the link in the letter")))
        return see_other(f"/a/{ref}/{mark}")
    response = form_page(
        "grants/award_link.html",
        form,
        bid=bid,
        award=one,
        stands=award.status_now(one),
        state=state_words(one),
        numbered=bid.pay_route in award.TOLD_ROUTES,
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
