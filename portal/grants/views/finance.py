"""Finance: what waits for which hand, runs, payments, and the story of an award in the books."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import turns
from portal.errors import Problem, Refused
from portal.grants import award, cheques, closing, desk, ending, nearby, pay, pooled
from portal.grants.bank_file import name_for_bank
from portal.grants.forms import pay as forms
from portal.grants.forms.decide import Nothing
from portal.grants.model import Award, Payment
from portal.grants.moves import about
from portal.grants.ties import owners_of, tied_by_nature
from portal.grants.views.award import PAYMENT_WORDS, state_words
from portal.people import queries as people
from portal.people.views import actor, needs_proof
from portal.web.forms import whole_number
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, require
from portal.words import _, _n

finance = Blueprint("finance", __name__, url_prefix="/finance")

PAGE = 50


@finance.get("/")
@allow("open finance")
def index() -> Any:
    """The queue: to prepare, to approve, to release, on its way."""
    lines = desk.payments("prepared", "approved", "released", limit=200)
    by_state = {state: [line for line in lines if line.payment.status == state] for state in ("prepared", "approved", "released")}
    proof = turns.last(turns.LEDGER_CHECK)
    endings = ending.waiting()
    closings = closing.all_waiting()
    found = nearby.beside(lines, also=[*(each.asked_by_id for each, _award in endings), *(each.asked_by_id for each, _fund in closings)])
    return page(
        "finance/index.html", endings=endings, closings=closings, conditions=ending.open_conditions(), waiting=desk.to_prepare(), lines=by_state, entered={line.payment.id: pay.entered_by(line.payee) for line in lines}, names=found.names, looks=found.looks, proof=proof, me=current_user.id,
        sums={state: sum(line.payment.amount for line in some) for state, some in by_state.items()},
    )  # fmt: skip


@finance.get("/payments")
@allow("open finance")
def payments() -> Any:
    """Every payment, newest first, by state."""
    state = request.args.get("state", "")
    before = request.args.get("before", "")
    found = desk.payments(
        *([state] if state in PAYMENT_WORDS else []),
        before=int(before[:18]) if before.isascii() and before.isdecimal() else None,
        limit=PAGE + 1,
    )
    older = (
        f"/finance/payments?state={state if state in PAYMENT_WORDS else ''}&before={found[PAGE - 1].payment.id}"
        if len(found) > PAGE
        else None
    )
    return page(
        "finance/payments.html", lines=found[:PAGE], older=older, state=state, words=PAYMENT_WORDS, old_cheques=cheques.any_not_paid_in()
    )  # fmt: skip


# --- one payment ---------------------------------------------------------------------------------------------------------


def _payment_page(payment: Payment, active: Any, **all_forms: Any) -> Any:
    line = desk.by_refs([payment.ref])[0]
    entered = pay.entered_by(line.payee)
    found = nearby.beside([line], also=[entered])
    fresh = {"cancel": forms.Cancel, "settle": forms.Settle, "bounce": forms.Bounce}
    if all_forms.get("supplier") is None:
        who = {"supplier": line.payee.name, "company_number": line.payee.company_number, "individual": line.payee.individual}
        all_forms["supplier"] = forms.NameSupplier(prefix="supplier-", formdata=None, data=who)
    shown = {name: all_forms.get(name) or make(prefix=f"{name}-") for name, make in fresh.items()}
    return form_page(
        "finance/payment.html", active, line=line, names=found.names, looks=found.looks[payment.id], words=PAYMENT_WORDS, me=current_user.id,
        tied=current_user.id in owners_of(line.bid), hands=pay.hands(line.bid, line.payee), supplier=all_forms["supplier"],
        cheque=pay.cheque_of(line.payment) if line.payee.route == award.CHEQUE else None,
        entered=entered, other_name=pay.other_name(line.bid, line.payee), in_file=name_for_bank(line.payee.name, line.bid.ref), **shown,
    )  # fmt: skip


@finance.get("/payments/<ref>")
@allow("open finance")
def payment(ref: str) -> Any:
    """One payment, its three hands, and what can be done with it now."""
    return _payment_page(pay.payment_by_ref(ref), Nothing())


@finance.post("/payments/<ref>")
@allow("prepare payments")
def act_on_payment(ref: str) -> Any:
    """Approve, cancel, settle or bounce; say whom the council bought from."""
    act = request.form.get("act", "")
    known: dict[str, Any] = {"cancel": forms.Cancel, "settle": forms.Settle, "bounce": forms.Bounce, "supplier": forms.NameSupplier}
    form: Any = known[act](prefix=f"{act}-") if act in known else Nothing()
    if act in ("settle", "bounce"):
        require("settle")
    if form.validate():
        try:
            match act:
                case "approve":
                    pay.approve(ref, actor())
                    flash(_("Approved. A third person releases it."))
                case "cancel":
                    pay.cancel(ref, form.reason.data, actor())
                    flash(_("The payment is cancelled. No money moved."))
                case "settle":
                    pay.settle(ref, form.on.data, actor())
                    flash(_("The money has arrived. The applicant hears of it."))
                case "bounce":
                    pay.bounce(ref, form.on.data, form.reason.data, actor())
                    flash(_("The money is back with us and can be paid again."))
                case "supplier":
                    pay.name_supplier(ref, _supplier(form), form.reason.data, actor())
                    flash(_("The name is put right, also for the spending file."))
                case _:
                    raise Refused(_("Choose what to do with this payment."))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/finance/payments/{ref}")
    return _payment_page(pay.payment_by_ref(ref), form, **({act: form} if act in known else {}))


def _supplier(form: forms.Bought) -> award.Supplier:
    return award.Supplier(form.supplier.data, form.company_number.data, bool(form.individual.data))


# --- releasing -----------------------------------------------------------------------------------------------------------


@finance.route("/release", methods=["GET", "POST"])
@allow("release payments")
def release() -> Any:
    """What was chosen, with its control totals, once more before the third hand lets it go."""
    if request.method == "GET" and len(request.args.getlist("payment")) > 0:
        return see_other("/finance/release?payments=" + ",".join(_refs(request.args.getlist("payment"))))
    refs = _refs(request.values.get("payments", "").split(","))
    if not refs:
        flash(_("Choose at least one payment to release."))
        return see_other("/finance/")
    if (proof := needs_proof()) is not None:
        return proof
    form = forms.Release()
    if form.validate_on_submit():
        try:
            run = pay.release_run(refs, actor(), once_key=form.once_key(current_user.id))
        except Problem as why:
            form.refuse(why.sentence)
        else:
            flash(_n("One payment is released.", "%(num)d payments are released.", len(refs)))
            return see_other(f"/finance/runs/{run}")
    lines = desk.by_refs(refs)
    found = nearby.beside(lines, also=[pay.entered_by(line.payee) for line in lines])
    return form_page(
        "finance/release.html", form, lines=lines, in_file={line.payment.id: name_for_bank(line.payee.name, line.bid.ref) for line in lines}, total=sum(line.payment.amount for line in lines), names=found.names, looks=found.looks,
        entered={line.payment.id: pay.entered_by(line.payee) for line in lines}, others={line.payment.id: pay.other_name(line.bid, line.payee) for line in lines}, refs=",".join(refs), words=PAYMENT_WORDS,
    )  # fmt: skip


def _refs(typed: list[str]) -> list[str]:
    """References as they came in the address, without anything that is none."""
    return [ref for ref in dict.fromkeys(typed) if len(ref) == 13 and ref.replace("-", "").isalnum() and ref.isascii()][:200]


# --- one award -----------------------------------------------------------------------------------------------------------


@finance.get("/awards/<ref>")
@allow("open finance")
def story(ref: str) -> Any:
    """An award's story in the books, and what can be done with its money."""
    return _award_page(award.award_by_ref(ref), Nothing())


def _award_page(one: Award, active: Any, **all_forms: Any) -> Any:
    lines = desk.payments(award_id=one.id)
    payee = award.current_payee(one)
    moved = desk.story(one)
    refunds = desk.refunds_of(one)
    due = pay.due(one, [line.payment for line in lines], payee)
    bought = one.application.pay_route == award.BOUGHT
    fresh: dict[str, Any] = {"prepare": forms.PrepareBought if bought else forms.Prepare, "refund": forms.Refund, "rest": forms.Rest}
    known = {"data": {"what": one.application.title}} if bought else {}
    shown = {name: all_forms.get(name) or make(prefix=f"{name}-", **(known if name == "prepare" else {})) for name, make in fresh.items()}
    shops = list(
        dict.fromkeys((line.payee.ref, line.payee.name or _("Not recorded")) for line in lines if line.payment.status == "settled")
    )
    shown["refund"].fill(shops if bought else ())
    actors = {int(each.actor.partition(":")[2]) for each in moved if each.actor.startswith("person:")}
    entered = pay.entered_by(payee)
    return form_page(
        "finance/award.html", active, award=one, bid=one.application, lines=lines, payee=payee, due=due, moved=moved, refunds=refunds, state=state_words(one),
        words=PAYMENT_WORDS, names=people.names([*actors, entered]), me=current_user.id, entered=entered, other_name=pay.other_name(one.application, payee), same=award.same_account(payee) if payee else [], tied=current_user.id in owners_of(one.application),
        shares=pooled.shares_of(one), bought=bought, shops=shops if bought else [], may_end=one.status in ending.MAY_END and not any(line.payment.status in ("released", "settled") for line in lines), ending=ending.of_award(one) if one.status in ending.MAY_END else None,
        **shown,
    )  # fmt: skip


@finance.post("/awards/<ref>")
@allow("prepare payments")
def act_on_award(ref: str) -> Any:
    """Prepare a payment, enter a refund, give the rest back to the fund, or say that a condition is met."""
    one = award.award_by_ref(ref)
    act = request.form.get("act", "")
    bought = one.application.pay_route == award.BOUGHT
    known: dict[str, Any] = {"prepare": forms.PrepareBought if bought else forms.Prepare, "refund": forms.Refund, "rest": forms.Rest}
    form = known[act](prefix=f"{act}-") if act in known else Nothing()
    if act == "refund":
        require("settle")
    if form.validate():
        try:
            match act:
                case "prepare":
                    made = pay.prepare(
                        ref, form.amount.data, actor(), supplier=_supplier(form) if bought else None,
                        order=award.Order(form.what.data, form.order_ref.data) if bought else None, once_key=form.once_key(current_user.id)
                    )  # fmt: skip
                    flash(_("Prepared. Another person approves it."))
                    return see_other(f"/finance/payments/{made}")
                case "refund":
                    pay.refund(
                        ref, form.amount.data, form.received_on.data, form.reason.data, actor(),
                        payee_ref=(form.payee.data or "") if bought else "", once_key=form.once_key(current_user.id),
                    )  # fmt: skip
                    flash(_("The refund is in the books."))
                case "rest":
                    pay.keep_rest(ref, form.reason.data, actor())
                    flash(_("The rest is back in the fund."))
                case "condition":
                    require("run rounds")
                    number = request.form.get("number", "")
                    award.meet_condition(ref, whole_number(number), actor())
                    flash(_("Done."))
                case _:
                    raise Refused(_("Choose what to do with this award."))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/finance/awards/{ref}")
    return _award_page(award.award_by_ref(one.ref), form, **({act: form} if act in known else {}))


@finance.route("/awards/<ref>/end", methods=["GET", "POST"])
@allow("prepare payments")
def end(ref: str) -> Any:
    """End an accepted award of which nothing came: the first person asks, with a reason; the second looks at it and ends it."""
    one = award.award_by_ref(ref)
    waits = ending.of_award(one)
    act = request.form.get("act", "")
    form: Any = Nothing() if act in ("end", "cancel") or (waits and not act) else forms.End()
    if form.validate_on_submit():
        if act == "end" and (proof := needs_proof()) is not None:
            return proof
        try:
            match act:
                case "end":
                    ending.end(ref, actor())
                    flash(_("The grant has ended. The money is back in the fund, and the applicant hears of it."))
                case "cancel":
                    ending.cancel(ref, actor())
                    flash(_("The grant goes on."))
                case _:
                    ending.ask(ref, form.reason.data, actor())
                    flash(_("A second person must end it now. Tell them that it waits."))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/finance/awards/{ref}")
    waits = ending.of_award(one)
    return form_page(
        "finance/end.html", form, award=one, bid=one.application, ending=waits, names=people.names([waits.asked_by_id] if waits else []),
        me=current_user.id, tied=current_user.id in tied_by_nature([about(one.application)])[about(one.application)],
    )  # fmt: skip
