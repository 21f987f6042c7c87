"""Money leaving, in three hands: prepared by one, approved by another, released by a third, then settled or bounced.

Three different people where the scheme has three who may, never fewer than two; the database says so too. Nobody handles
an award of their own, nor a payment to an account that they entered themselves. Each step that moves money is one entry in the books, under a key that names the fact, so that a
retry cannot pay twice. Locks are taken in the order bid, award, payments.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import String, func, or_, select

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.grants import letters, rounds
from portal.grants.award import BOUGHT, CHEQUE, REPAID, Order, Supplier, current_payee, judge, live_payments, locked, payable, supplied_by
from portal.grants.by_hand_model import Cheque, Purchase
from portal.grants.model import Application, Award, Payee, Payment, PaymentRun, Receipt, Refund, Report
from portal.grants.moves import about, begin, move
from portal.grants.report import let_report_go, open_report
from portal.grants.ties import must_not_be_their_money, owners_of
from portal.history import SCHEME, Actor, record
from portal.ledger import queries as books
from portal.ledger.model import Account, State
from portal.ledger.posting import Line, open_account, post
from portal.money import Pence, pounds
from portal.outbox import queue
from portal.people.queries import addressee_of, holders, names, person
from portal.refs import new_ref
from portal.words import _
from portal.work.actions import close_purpose

HANDS = ("finance", "officer")  # the roles that may prepare, approve and release


def in_transit(run_id: int) -> str:
    """The ledger account of a run's money between us and the bank's word."""
    return f"run:{run_id}:in-transit"


def release_key(payment: Payment) -> str:
    """Under which key the books have that a payment was released."""
    return f"award:{payment.award_id}:instalment:{payment.instalment}:released"


def paid_to(payee: Payee) -> str:
    """The ledger account of what a payee has received."""
    return f"payee:{payee.ref}:paid"


# --- who may -------------------------------------------------------------------------------------------------------------


def hands(bid: Application, payee: Payee | None = None) -> int:
    """How many people may handle this bid's money today, where it goes to this payee."""
    out = owners_of(bid) | {entered_by(payee)}
    return sum(1 for each in holders(*HANDS) if each.id not in out)


def entered_by(payee: Payee | None) -> int | None:
    """Who entered the account that money goes to; None where there is none. Whom the council buys from is said by the first hand."""
    return payee.given_by_id if payee is not None and payee.route != BOUGHT else None


def other_name(bid: Application, payee: Payee | None) -> str:
    """The name that the bid says the money should go to, where the account is in another one; empty where they agree, or one is missing."""
    said = bid.pay_to if payee is not None and payee.route not in (BOUGHT, CHEQUE) and payee.name else ""
    return said if payee is not None and said.casefold().split() != payee.name.casefold().split() else ""


def _must_not_have_entered(payee: Payee, actor: Actor) -> None:
    # one person who chose the account and moves the money is one hand, whatever the form of three hands says
    if actor.person_id is not None and actor.person_id == entered_by(payee):
        raise Refused(
            _("You entered the account that this money goes to. Ask a colleague to do this step, so that somebody else looks at it.")
        )


def _name(person_id: int | None) -> str:
    return names([person_id]).get(person_id or 0, "") or _("Somebody")


# --- the first hand ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """What can be paid of an award now, in pence, and the sentence that says why it cannot be prepared yet, if so."""

    left: int
    why_not: str | None
    on_receipts: int | None = None  # pence that receipts show, where these are paid back
    rest: int = 0  # pence that could go back to the fund, because something was paid and no payment is under way


def due(award: Award, payments: Sequence[Payment] | None = None, payee: Payee | None = None) -> Due:
    """How much of an award is payable and not in a payment already. Reads the books.

    Where receipts are paid back (design 1, four ways to be paid) no more than stands on them. `payments` and `payee`: those
    in force, where they were read already.
    """
    sums = {"prepared": 0, "approved": 0, "released": 0, "settled": 0}
    for each in live_payments(award) if payments is None else payments:
        if each.status in sums:
            sums[each.status] += each.amount
    was_paid = sums.pop("settled")  # also when all of it came back since
    held = books.balance(payable(award))
    left = held - sums["prepared"] - sums["approved"]
    rest = held if was_paid and award.status == "ready_to_pay" and not any(sums.values()) else 0
    why_not = _why_not(award, payee or current_payee(award))
    if award.application.pay_route != REPAID:
        return Due(left, why_not, rest=rest)
    shown = receipts_of(award)
    left = max(0, min(left, shown - award.paid - sum(sums.values())))
    return Due(left, why_not or (None if left else _("Receipts are paid back here, and none waits to be paid back.")), shown, rest)


def receipts_of(award: Award) -> Pence:
    """What stands on the receipts of an award."""
    total = (
        select(func.coalesce(func.sum(Receipt.amount), 0)).join(Report, Report.id == Receipt.report_id).where(Report.award_id == award.id)
    )
    return Pence(int(db.session.scalar(total) or 0))


def _why_not(award: Award, payee: Payee | None) -> str | None:
    if award.status != "ready_to_pay":
        return _("This award is not ready to be paid.")
    if award.application.pay_route == BOUGHT:
        return None  # each payment says whom it goes to
    if payee is None:
        return _("We do not know yet where the money should go.")
    if payee.purged_at is not None:
        return (
            _("The address was forgotten. Ask for it again.")
            if payee.route == CHEQUE
            else _("The account number was forgotten. Ask for it again.")
        )
    if payee.usable_from > clock.now():
        day = letters.in_words(clock.london_day(payee.usable_from))
        if payee.route == CHEQUE:
            return _("The name or address was changed. We wait until %(day)s, in case it was not they.", day=day)
        return _("The account was changed. We wait until %(day)s, in case it was not they.", day=day)
    return None


def prepare(
    award_ref: str, amount: Pence | None, actor: Actor, *, supplier: Supplier | None = None, order: Order | None = None,
    once_key: str | None = None,
) -> str:  # fmt: skip
    """The first hand: prepare a payment of all that is left, or of a part (an instalment); returns its reference. Where the council
    buys, `supplier` is whom this payment goes to, `order` what is bought (else: what the idea is called), `amount` its price.

    Refused: nothing left (somebody was quicker), nothing at all, more than is left, no usable account, one that they entered themselves, no supplier,
    an award of one's own.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        bid, award = locked(award_ref)
        must_not_be_their_money(bid, actor)
        payments = live_payments(award)
        if why := _why_not(award, current_payee(award)):
            raise Refused(why)
        now = due(award, payments)
        left = now.left
        if left <= 0 and now.on_receipts is not None:
            raise Refused(now.why_not or "")
        if left <= 0:
            latest = max(payments, key=lambda each: each.id, default=None)
            by = _name(latest.prepared_by_id if latest else None)
            raise Refused(_("%(name)s has prepared this payment already. Nothing is left to prepare.", name=by))
        amount = Pence(left) if amount is None else amount
        if amount <= 0:
            raise Refused(_("A payment must be more than nothing. Write how much, or leave it empty to pay all that is left."), "amount")
        bought = bid.pay_route == BOUGHT
        if amount > left and bought:
            raise Refused(
                _("Only %(left)s of this grant is left. Find it for less, buy a part of it now, or agree with the applicant what to leave out. A higher price needs a new decision.", left=pounds(left)),
                "amount",
            )  # fmt: skip
        if amount > left:
            raise Refused(_("At most %(left)s of this award can be paid now.", left=pounds(left)), "amount")
        payee = supplied_by(award, supplier or Supplier(""), actor) if bought else current_payee(award)
        assert payee is not None
        _must_not_have_entered(payee, actor)
        _must_not_be_themselves(payee.route, payee.name, actor)
        payment = Payment(
            ref=new_ref("TXN"), award_id=award.id, payee_id=payee.id, instalment=next_instalment(award), amount=amount, prepared_by_id=actor.person_id,
            prepared_at=clock.now(),
        )  # fmt: skip
        db.session.add(payment)
        db.session.flush()
        begin(payment, "prepared", actor, amount=amount)
        if bought:
            order = order or Order(bid.title)
            db.session.add(Purchase(payment_id=payment.id, what=order.what or bid.title, order_ref=order.ref))
        if once_key:
            once.keep(once_key, payment.ref)
        return payment.ref


def next_instalment(award: Award) -> int:
    """The number of an award's next payment. One that was called off counts once it had been released: the books have it under its number."""
    used = select(func.max(Payment.instalment)).where(
        Payment.award_id == award.id, or_(Payment.status != "cancelled", Payment.run_id.is_not(None))
    )
    return (db.session.scalar(used) or 0) + 1


# --- the second hand -----------------------------------------------------------------------------------------------------


def approve(payment_ref: str, actor: Actor) -> None:
    """The second hand. A second tap of the same person changes nothing.

    Refused: who prepared it or entered the account, an award of one's own, approved by somebody else already, the account changed
    meanwhile.
    """
    with transaction():
        bid, award, payment = _locked_payment(payment_ref)
        must_not_be_their_money(bid, actor)
        if payment.status == "approved":
            if payment.approved_by_id == actor.person_id:
                return
            raise Refused(_("%(name)s has approved this payment already.", name=_name(payment.approved_by_id)))
        if payment.prepared_by_id == actor.person_id:
            raise Refused(_("You prepared this payment. Another person must approve it."))
        _not_to_their_choice(payment, actor)
        _still_right(award, payment)
        move(payment, "approved", actor, refusal=_("This payment cannot be approved any more. Look at the list again."))
        payment.approved_by_id, payment.approved_at = actor.person_id, clock.now()


def _not_to_their_choice(payment: Payment, actor: Actor) -> None:
    payee = db.session.get_one(Payee, payment.payee_id)
    _must_not_have_entered(payee, actor)
    _must_not_be_themselves(payee.route, payee.name, actor)


def _must_not_be_themselves(route: str, name: str, actor: Actor) -> None:
    if route == BOUGHT and actor.person_id is not None and name.casefold().split() == _name(actor.person_id).casefold().split():
        raise Refused(_("That is your own name. Somebody else must handle what is paid to you."), "supplier")


def _still_right(award: Award, payment: Payment) -> None:
    payee = current_payee(award)
    if award.application.pay_route != BOUGHT and (payee is None or payee.id != payment.payee_id):
        raise Refused(_("Where the money goes was changed after %(ref)s was prepared. Cancel it and prepare it anew.", ref=payment.ref))
    if award.status != "ready_to_pay":
        raise Refused(_("The award of %(ref)s is not ready to be paid any more.", ref=payment.ref))
    if award.application.pay_route == REPAID:
        moving = sum(each.amount for each in live_payments(award) if each.status in ("prepared", "approved", "released"))
        if receipts_of(award) < award.paid + moving:
            raise Refused(
                _("The receipts of %(ref)s are less than what is to be paid back now. Cancel it and prepare it anew.", ref=payment.ref)
            )


def cancel(payment_ref: str, reason: str, actor: Actor) -> None:
    """Call a payment off before it is released. Twice changes nothing. Refused: no reason, released already, an award of one's own."""
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        bid, _award, payment = _locked_payment(payment_ref)
        must_not_be_their_money(bid, actor)
        if payment.status != "cancelled":
            move(payment, "cancelled", actor, reason=reason, refusal=_("This payment has been released. Wait for the bank's answer."))


def name_supplier(payment_ref: str, supplier: Supplier, reason: str, actor: Actor) -> None:
    """Put right whom the council bought from, once the payment has left the hands that looked at the name, or where none was asked.

    It stands for all payments of this award to the same payee. The same again changes nothing. Refused: not bought by the council, any
    of those payments in hand still (prepare it anew), no name, a person with a company number, no reason, an award or a name of one's own.
    """
    with transaction():
        bid, award, payment = _locked_payment(payment_ref)
        must_not_be_their_money(bid, actor)
        payee = db.session.get_one(Payee, payment.payee_id)
        if payee.route != BOUGHT:
            raise Refused(_("This money went to an account, and the name on it stays."))
        if Supplier(payee.name, payee.company_number, payee.individual) == supplier:
            return
        looked_at = ("prepared", "approved", "released") if payee.name else ("approved", "released")
        in_hand = select(Payment.ref).where(Payment.payee_id == payee.id, Payment.status.in_(looked_at)).order_by(Payment.id).limit(1)
        if (moving := db.session.scalar(in_hand)) is not None:
            raise Refused(
                _("Payment %(ref)s to this name is in hand. Cancel it and prepare it anew with the right name, or wait until it has arrived.", ref=moving)
            )  # fmt: skip
        judge(supplier)
        _must_not_be_themselves(BOUGHT, supplier.name, actor)
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept."), "reason")
        payee.name, payee.company_number, payee.individual = supplier.name, supplier.company_number, supplier.individual
        record(about(award), "supplier_changed", actor, reason=reason, payee=payee.ref)


# --- the third hand ------------------------------------------------------------------------------------------------------


def release_run(payment_refs: Sequence[str], actor: Actor, *, once_key: str | None = None) -> str:
    """The third hand: release approved payments together, all or none; returns the run's reference.

    Refused: nothing chosen, one that is not approved (somebody was quicker), prepared by the same person, approved by the
    same person where three may, an award of one's own, an account that they entered themselves, or that changed.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        if not payment_refs:
            raise Refused(_("Choose at least one payment to release."))
        chosen = locked_payments(payment_refs)
        for bid, award, payment in chosen:
            _may_release(bid, award, payment, actor)
        run = PaymentRun(ref=new_ref("RUN"), released_at=clock.now(), released_by_id=actor.person_id)
        db.session.add(run)
        db.session.flush()
        open_account(in_transit(run.id), "GBP", "hold", _("In transit: %(ref)s", ref=run.ref), floor=0)
        for bid, award, payment in chosen:
            payment.two_hands = payment.approved_by_id == actor.person_id
            payment.released_by_id, payment.released_at, payment.run_id = actor.person_id, clock.now(), run.id
            move(payment, "released", actor, run=run.ref)
            post(
                [Line(payable(award), in_transit(run.id), payment.amount)], key=release_key(payment),
                kind="release", about=about(award), sentence=_("Released to %(ref)s in %(run)s", ref=bid.ref, run=run.ref), actor=actor.code,
            )  # fmt: skip
        record(f"run:{run.id}", "released", actor, payments=len(chosen), total=sum(payment.amount for _bid, _award, payment in chosen))
        if once_key:
            once.keep(once_key, run.ref)
        return run.ref


def _may_release(bid: Application, award: Award, payment: Payment, actor: Actor) -> None:
    if payment.status in ("released", "settled", "bounced"):
        raise Refused(_("%(name)s has released %(ref)s already.", name=_name(payment.released_by_id), ref=payment.ref))
    if payment.status != "approved":
        raise Refused(_("%(ref)s is not approved. Look at the list again.", ref=payment.ref))
    must_not_be_their_money(bid, actor)
    if payment.prepared_by_id == actor.person_id:
        raise Refused(_("You prepared %(ref)s. Another person must release it.", ref=payment.ref))
    if payment.approved_by_id == actor.person_id and hands(bid, db.session.get_one(Payee, payment.payee_id)) > 2:
        raise Refused(_("You approved %(ref)s. A third person must release it.", ref=payment.ref))
    _not_to_their_choice(payment, actor)
    _still_right(award, payment)


# --- the bank's answer ---------------------------------------------------------------------------------------------------


def settle(payment_ref: str, on: date, actor: Actor) -> None:
    """The money has arrived, or the cheque was paid in, on a day. Twice changes nothing. Paid in full, the report opens.

    Refused: not released, a cheque without its number, a day to come or before the release, an award of one's own.
    """
    with transaction():
        settle_part(payment_ref, on, actor)


def settle_part(payment_ref: str, on: date, actor: Actor) -> None:
    """`settle`, as a part of an action."""
    bid, award, payment = _locked_payment(payment_ref)
    must_not_be_their_money(bid, actor)
    _settle(bid, award, payment, on, actor)


def settle_run(run_ref: str, on: date, actor: Actor) -> int:
    """Everything of a run that is still on its way has arrived, on a day; returns how many payments. A cheque is told on its own, because
    each is paid in on another day. Refused as for `settle`.
    """
    with transaction():
        run = run_by_ref(run_ref)
        moving = select(Payment.ref).join(Payee, Payee.id == Payment.payee_id).where(Payment.run_id == run.id, Payment.status == "released")
        refs = db.session.scalars(moving.where(Payee.route != CHEQUE)).all()
        chosen = locked_payments(refs)
        for bid, award, payment in chosen:
            must_not_be_their_money(bid, actor)
            _settle(bid, award, payment, on, actor)
        return len(chosen)


def _settle(bid: Application, award: Award, payment: Payment, on: date, actor: Actor) -> None:
    if payment.status == "settled":
        return
    _bank_day(payment, on)
    payee = db.session.get_one(Payee, payment.payee_id)
    if payee.route == CHEQUE and payment.status == "released" and cheque_of(payment) is None:
        raise Refused(_("Write down the number of the cheque first."))
    move(payment, "settled", actor, refusal=_("Only a payment that was released can arrive."))
    payment.settled_on = on
    open_account(paid_to(payee), "GBP", "expense", _("Paid to %(ref)s", ref=bid.ref), floor=0)
    assert payment.run_id is not None
    post(
        [Line(in_transit(payment.run_id), paid_to(payee), payment.amount)], key=f"payment:{payment.id}:settled", kind="payment", about=about(award),
        sentence=_("Paid to %(ref)s", ref=bid.ref), actor=actor.code, effective_on=on,
    )  # fmt: skip
    award.paid = Pence(award.paid + payment.amount)
    whole = _finish_paying(award, actor)
    queue(f"payment:{payment.id}:settled", addressee_of(person(bid.person_id)), letters.paid(bid, payment.amount, whole), about=about(bid))


def _finish_paying(award: Award, actor: Actor) -> bool:
    """Once nothing of an award is left to pay or on its way, it is paid, and the report opens. Whether that is so."""
    if award.status != "ready_to_pay" or books.balance(payable(award)):
        return False
    if any(each.status == "released" for each in live_payments(award)):
        return False
    move(award, "paid", actor)
    open_report(award, actor)
    return True


def _bank_day(payment: Payment, on: date) -> None:
    if on > clock.today():
        raise Refused(_("That day is still to come."), "on")
    if payment.released_at is not None and on < clock.london_day(payment.released_at):
        raise Refused(_("That is before the payment was released. Check the day."), "on")


def bounce(payment_ref: str, on: date, reason: str, actor: Actor) -> None:
    """The bank sent the money back, also after it had said that it arrived: it is payable again. Twice changes nothing.

    Refused: no reason, not released, a day to come or before the release, an award of one's own, refunded meanwhile.
    """
    if not reason:
        raise Refused(_("Write what the bank says. It is kept."), "reason")
    with transaction():
        bounce_part(payment_ref, on, reason, actor)


def purchase_of(payment: Payment) -> Purchase | None:
    """What the council buys with a payment; None where it buys nothing, or nobody was asked yet."""
    return db.session.scalar(select(Purchase).where(Purchase.payment_id == payment.id))


def cheque_of(payment: Payment) -> Cheque | None:
    """The cheque that stands for a payment, also once it was stopped or sent back."""
    return db.session.scalar(select(Cheque).where(Cheque.payment_id == payment.id, Cheque.cancelled_at.is_(None)))


def bounce_part(payment_ref: str, on: date, reason: str, actor: Actor, *, cheque_was: str = "returned") -> None:
    """`bounce`, as a part of an action. `cheque_was`: "returned" by the bank, or "stopped" by us."""
    bid, award, payment = _locked_payment(payment_ref)
    if payment.status == "bounced":
        return
    must_not_be_their_money(bid, actor)
    _bank_day(payment, on)
    arrived = payment.status == "settled"
    if arrived and award.status not in ("ready_to_pay", "paid", "reporting"):
        raise Refused(_("This award has been closed. Enter the money that came back as a refund."))
    move(payment, "bounced", actor, reason=reason, refusal=_("Only a payment that was released can bounce."))
    payment.bounced_on, payment.bounced_reason = on, reason
    payee = db.session.get_one(Payee, payment.payee_id)
    by_cheque = payee.route == CHEQUE
    if by_cheque and (cheque := cheque_of(payment)) is not None:
        cheque.ended = cheque_was
    assert payment.run_id is not None
    post(
        [Line(paid_to(payee) if arrived else in_transit(payment.run_id), payable(award), payment.amount)], key=f"payment:{payment.id}:bounced",
        kind="bounce", about=about(award), sentence=_back_in_words(bid, by_cheque, cheque_was), actor=actor.code, effective_on=on,
        refusals={paid_to(payee): _("Part of this money has been refunded already. Enter the rest as a refund.")},
    )  # fmt: skip
    if arrived:
        award.paid = Pence(award.paid - payment.amount)
    move(award, "bounced", actor, reason=reason)
    text = letters.cheque_back(bid, payment.amount, cheque_was) if by_cheque else letters.bounced(bid, payment.amount)
    queue(f"payment:{payment.id}:bounced", addressee_of(person(bid.person_id)), text, about=about(bid))


def _back_in_words(bid: Application, by_cheque: bool, cheque_was: str) -> str:
    if not by_cheque:
        return _("Sent back by the bank: %(ref)s", ref=bid.ref)
    return _("Cheque stopped: %(ref)s", ref=bid.ref) if cheque_was == "stopped" else _("Cheque sent back by the bank: %(ref)s", ref=bid.ref)


# --- what is not spent ---------------------------------------------------------------------------------------------------


def refund(
    award_ref: str, amount: Pence, received_on: date, reason: str, actor: Actor, *, payee_ref: str = "", once_key: str | None = None
) -> str:
    """Unspent money came back from the payee to us: it is the fund's again; returns the refund's reference. `payee_ref` says which of
    several shops it came from, where the council bought.

    Refused: more than was paid, by that shop; a day to come, no reason, no shop named of several, an award of one's own.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        ref = refund_part(award_ref, amount, received_on, reason, actor, payee_ref=payee_ref)
        if once_key:
            once.keep(once_key, ref)
        return ref


def refund_part(award_ref: str, amount: Pence, received_on: date, reason: str, actor: Actor, *, payee_ref: str = "") -> str:
    """`refund`, as a part of an action."""
    bid, award = locked(award_ref)
    must_not_be_their_money(bid, actor)
    if received_on > clock.today():
        raise Refused(_("That day is still to come."), "received_on")
    if amount <= 0:
        raise Refused(_("Write how much came back."), "amount")
    settled = db.session.scalar(select(func.min(Payment.settled_on)).where(Payment.award_id == award.id, Payment.status == "settled"))
    if settled is not None and received_on < settled:
        raise Refused(_("That is before the money had arrived, on %(day)s. Check the day.", day=letters.in_words(settled)), "received_on")
    if amount > award.paid:
        raise Refused(_("%(paid)s was paid for this award, so no more can come back.", paid=pounds(award.paid)), "amount")
    ref = ""
    left: int = amount
    payees = [each for each in _paid_payees(award) if not payee_ref or each.ref == payee_ref]
    held = books.balances(paid_to(each) for each in payees)
    if bid.pay_route == BOUGHT and not payee_ref and sum(1 for each in held.values() if each) > 1:
        raise Refused(_("Say which shop it came back from."), "payee")
    if amount > sum(held.values()):
        raise Refused(_("%(paid)s was paid to them, so no more can come back.", paid=pounds(sum(held.values()))), "amount")
    for payee in payees:
        part = min(left, books.balance(paid_to(payee)))
        if part > 0:
            ref = _refund_part(bid, award, payee, Pence(part), received_on, reason, actor)
            left -= part
    assert not left, "what was paid is with the payees"
    award.paid = Pence(award.paid - amount)
    if not award.paid and award.status in ("paid", "reporting"):
        move(award, "returned", actor, reason=reason)
        let_report_go(award, actor, reason)
    return ref


def _paid_payees(award: Award) -> Sequence[Payee]:
    return db.session.scalars(select(Payee).where(Payee.award_id == award.id).order_by(Payee.id.desc())).all()


def _refund_part(bid: Application, award: Award, payee: Payee, amount: Pence, received_on: date, reason: str, actor: Actor) -> str:
    row = Refund(
        ref=new_ref("RFD"), award_id=award.id, payee_id=payee.id, amount=amount, received_on=received_on, reason=reason, entered_by_id=actor.person_id
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    post(
        [Line(paid_to(payee), rounds.available(award.fund), amount)], key=f"refund:{row.id}", kind="refund", about=about(award),
        sentence=_("Unspent money back from %(ref)s", ref=bid.ref), actor=actor.code, effective_on=received_on,
    )  # fmt: skip
    record(about(award), "refunded", actor, reason=reason, amount=amount, ref=row.ref)
    return row.ref


def keep_rest(award_ref: str, reason: str, actor: Actor) -> None:
    """Less is needed than was awarded: what is neither paid nor in a payment returns to the fund; something must have been paid.

    When all that was paid has come back since, the award is returned whole. Refused: nothing was ever paid (then it is given
    back, or ended by two people), nothing left, a payment under way, no reason, one's own.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        bid, award = locked(award_ref)
        must_not_be_their_money(bid, actor)
        payments = live_payments(award)
        if any(each.status in ("prepared", "approved", "released") for each in payments):
            raise Refused(_("A payment is under way. Wait for it, or cancel it."))
        if not due(award, payments).rest:
            raise Refused(_("Only the rest of an award that is partly paid can go back to the fund."))
        _return_rest(bid, award, reason, actor)


def _return_rest(bid: Application, award: Award, reason: str, actor: Actor) -> None:
    left = books.balance(payable(award))
    post(
        [Line(payable(award), rounds.available(award.fund), left)], key=f"award:{award.id}:rest:{award.paid}", kind="returned", about=about(award),
        sentence=_("Not needed by %(ref)s", ref=bid.ref), actor=actor.code,
    )  # fmt: skip
    record(about(award), "rest_returned", actor, reason=reason, amount=left)
    if award.paid:
        _finish_paying(award, actor)
    else:  # what was paid has come back before
        move(award, "returned", actor, reason=reason)
        let_report_go(award, actor, reason)
        close_purpose(about(award))
        queue(f"award:{award.id}:rest", addressee_of(person(bid.person_id)), letters.rest_returned(bid, left, reason), about=about(bid))


def return_unused() -> int:
    """Where receipts are paid back: once the report is accepted and every receipt paid, the rest returns (the worker's work)."""
    finished = (
        select(Award.ref)
        .join(Application, Application.id == Award.application_id)
        .join(Report, Report.award_id == Award.id)
        .where(Application.pay_route == REPAID, Award.status == "ready_to_pay", Award.paid > 0, Report.status == "accepted")
    )
    count = 0
    for ref in db.session.scalars(finished).all():
        with transaction():
            bid, award = locked(ref)
            payments = live_payments(award)
            under_way = any(each.status in ("prepared", "approved", "released") for each in payments)
            if award.status == "ready_to_pay" and award.paid and not under_way and not due(award, payments).left:
                _return_rest(bid, award, _("No receipt was brought for it."), SCHEME)
                count += 1
    return count


# --- loading and locking -------------------------------------------------------------------------------------------------


def payment_by_ref(ref: str) -> Payment:
    """One payment. NotFound."""
    found = db.session.scalar(select(Payment).where(Payment.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that payment."))
    return found


def run_by_ref(ref: str) -> PaymentRun:
    """One run. NotFound."""
    found = db.session.scalar(select(PaymentRun).where(PaymentRun.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that payment run."))
    return found


def _locked_payment(ref: str) -> tuple[Application, Award, Payment]:
    return locked_payments([ref])[0]


def locked_payments(refs: Sequence[str]) -> list[tuple[Application, Award, Payment]]:
    """Payments with their bids and awards, all locked in the order of the house. NotFound when one is missing."""
    must_be_in_transaction()
    ids = db.session.execute(
        select(Payment.ref, Award.ref, Award.application_id).join(Award, Award.id == Payment.award_id).where(Payment.ref.in_(set(refs)))
    ).all()
    if len(ids) != len(set(refs)):
        raise NotFound(_("We cannot find that payment."))
    db.session.scalars(
        select(Application)
        .where(Application.id.in_({each.application_id for each in ids}))
        .order_by(Application.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    db.session.scalars(
        select(Award)
        .where(Award.application_id.in_({each.application_id for each in ids}))
        .order_by(Award.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    payments = db.session.scalars(
        select(Payment).where(Payment.ref.in_(set(refs))).order_by(Payment.id).with_for_update().execution_options(populate_existing=True)
    ).all()
    found = []
    for payment in payments:
        award = db.session.get_one(Award, payment.award_id)
        found.append((award.application, award, payment))
    return found


# --- proof ---------------------------------------------------------------------------------------------------------------


def broken_caches() -> Iterator[str]:
    """Lines in words about awards whose sums or accounts disagree with the books; for the ledger check. One pass, streamed."""
    held = (
        select(Payee.award_id, func.sum(State.credits - State.debits).label("paid"))
        .join(Account, Account.code == "payee:" + Payee.ref + ":paid")
        .join(State, State.account_id == Account.id)
        .group_by(Payee.award_id)
        .subquery()
    )
    accounts = {}
    for name in ("reserved", "payable"):
        account = (
            select(Account.code, (State.credits - State.debits).label("balance")).join(State, State.account_id == Account.id).subquery()
        )
        accounts[name] = (account, account.c.code == "award:" + func.cast(Award.id, String) + f":{name}")
    kept, kept_on = accounts["reserved"]
    owed, owed_on = accounts["payable"]
    moving = (
        select(Payment.award_id, func.sum(Payment.amount).label("amount"))
        .where(Payment.status == "released")
        .group_by(Payment.award_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            Award.id, Award.status, Award.amount, Award.paid, func.coalesce(held.c.paid, 0), func.coalesce(kept.c.balance, 0),
            func.coalesce(owed.c.balance, 0), func.coalesce(moving.c.amount, 0),
        )
        .outerjoin(held, held.c.award_id == Award.id)
        .outerjoin(kept, kept_on)
        .outerjoin(owed, owed_on)
        .outerjoin(moving, moving.c.award_id == Award.id)
        .execution_options(yield_per=1000)
    )  # fmt: skip
    for id_, status, amount, paid, with_payees, in_reserve, to_pay, on_its_way in rows:
        if paid != with_payees:
            yield f"award:{id_} says {pounds(paid)} is paid, the books say {pounds(int(with_payees))}"
        if in_reserve != (amount if status in ("reserved", "conditions_open") else 0):
            yield f"award:{id_} is {status}, but {pounds(in_reserve)} is reserved for it"
        if status == "ready_to_pay" and to_pay + on_its_way + paid > amount:
            yield f"award:{id_} of {pounds(amount)} has {pounds(to_pay + on_its_way + paid)} paid and payable"
        if status not in ("ready_to_pay",) and (to_pay or on_its_way):
            yield f"award:{id_} is {status}, but {pounds(to_pay + on_its_way)} is payable or on its way"
