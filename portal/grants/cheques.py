"""Cheques, from their number to the day on which they are paid in: written for payments that three hands have let go, sent by post, stopped
by us or sent back by the bank. The money moves as with any payment (see `pay`); here stands what is on the paper.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.exc import IntegrityError

from portal import clock, vault
from portal.db import db, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.grants import desk, letters, pay, sums_in_words
from portal.grants.award import CHEQUE
from portal.grants.by_hand_model import Cheque
from portal.grants.model import Application, Payee, Payment, PaymentRun
from portal.grants.moves import about
from portal.grants.ties import must_not_be_their_money
from portal.history import Actor, Event, record
from portal.outbox import queue
from portal.people.access import FRESH
from portal.people.queries import addressee_of, person
from portal.words import _

MONTHS = 6  # so long banks take a cheque after the day that is on it
SEEN = "cheques_seen"  # the event of each look at the list


def good_until(cheque: Cheque) -> date:
    """The last day on which a bank takes it."""
    return clock.months_on(cheque.dated, MONTHS)


def is_stale(cheque: Cheque) -> bool:
    """Whether its last day is over."""
    return good_until(cheque) < clock.today()


def stale() -> Select[Cheque]:
    """Cheques that nobody has paid in, and no bank takes any more; with their payments, which are on their way still."""
    return (
        select(Cheque)
        .join(Payment, Payment.id == Cheque.payment_id)
        .where(Cheque.cancelled_at.is_(None), Payment.status == "released", Cheque.dated < _first_good())
    )


def _first_good() -> date:
    return clock.months_on(clock.today(), -MONTHS)


def to_write() -> Select[Payment]:
    """Payments that were released by cheque and have no number yet."""
    written = select(Cheque.id).where(Cheque.payment_id == Payment.id, Cheque.cancelled_at.is_(None)).exists()
    return (
        select(Payment).join(Payee, Payee.id == Payment.payee_id).where(Payee.route == CHEQUE, Payment.status == "released", ~written)
    )  # fmt: skip


def of_payments(ids: Sequence[int]) -> Mapping[int, Cheque]:
    """The cheques that stand, by the id of their payment. One query, none for no payment."""
    if not ids:
        return {}
    found = db.session.scalars(select(Cheque).where(Cheque.payment_id.in_(ids), Cheque.cancelled_at.is_(None)))
    return {each.payment_id: each for each in found}


def not_paid_in(limit: int = 50) -> Sequence[tuple[Cheque, desk.Line]]:
    """Cheques whose last day is over, the oldest first, with their payments. Two queries."""
    cheques = db.session.scalars(stale().order_by(Cheque.dated, Cheque.id).limit(limit)).all()
    if not cheques:
        return []
    refs = db.session.scalars(select(Payment.ref).where(Payment.id.in_([each.payment_id for each in cheques]))).all()
    lines = {line.payment.id: line for line in desk.by_refs(refs)}
    return [(each, lines[each.payment_id]) for each in cheques]


def any_not_paid_in() -> bool:
    """Whether there is a cheque whose last day is over. One query."""
    return db.session.scalar(stale().with_only_columns(Cheque.id).limit(1)) is not None


# --- writing -------------------------------------------------------------------------------------------------------------


def write(payment_ref: str, number: str, actor: Actor, why: str = "") -> None:
    """Write down the number of a payment's cheque (see `payees.clean_cheque_number`), or another one, with a reason. The same again changes
    nothing. The applicant hears that the cheque is in the post.

    Refused: not by cheque, not on its way, another number without a reason, a number that is on another cheque, an award of one's own.
    """
    try:
        with transaction():
            bid, _award, payment = pay.locked_payments([payment_ref])[0]
            must_not_be_their_money(bid, actor)
            _write(bid, payment, number, actor, why)
    except IntegrityError as clash:
        raise Conflict(_("Somebody wrote a number down at the same moment. Look at the page again.")) from clash


def write_all(run_ref: str, first: str, actor: Actor) -> int:
    """Number the cheques of a run that have no number yet, one after the other from the first; returns how many.

    Refused: every cheque has its number, one of these numbers is on another cheque, an award of one's own.
    """
    run = pay.run_by_ref(run_ref)
    try:
        with transaction():
            refs = db.session.scalars(to_write().with_only_columns(Payment.ref).where(Payment.run_id == run.id)).all()
            if not refs:
                raise Refused(_("Every cheque of this run has its number."))
            for place, (bid, _award, payment) in enumerate(pay.locked_payments(refs)):
                must_not_be_their_money(bid, actor)
                _write(bid, payment, str(int(first) + place), actor, "")
    except IntegrityError as clash:
        raise Conflict(_("Somebody wrote a number down at the same moment. Look at the page again.")) from clash
    return len(refs)


def _write(bid: Application, payment: Payment, number: str, actor: Actor, why: str) -> None:
    assert actor.person_id is not None
    if db.session.get_one(Payee, payment.payee_id).route != CHEQUE:
        raise Refused(_("This payment is not made by cheque."))
    if payment.status != "released":
        raise Refused(_("Only a payment that was released and is on its way has a cheque to write."))
    old = pay.cheque_of(payment)
    if old is not None and old.number == number:
        return
    if old is not None and not why:
        raise Refused(_("Cheque %(number)s is written for this payment. Write why it has another number now.", number=old.number), "why")
    taken = db.session.scalar(select(Payment.ref).join(Cheque, Cheque.payment_id == Payment.id).where(*_is(number)))
    if taken is not None:
        raise Refused(_("Cheque %(number)s is written for payment %(ref)s already.", number=number, ref=taken), "number")
    if old is not None:
        old.cancelled_at, old.cancelled_by_id, old.cancelled_why = clock.now(), actor.person_id, why
        record(about(payment), "cheque_spoilt", actor, reason=why, number=old.number)
        db.session.flush()
    new = Cheque(payment_id=payment.id, number=number, dated=clock.today(), written_by_id=actor.person_id, written_at=clock.now())
    db.session.add(new)
    db.session.flush()
    record(about(payment), "cheque_written", actor, number=number)
    if old is None:
        text = letters.cheque_sent(bid, payment.amount, good_until(new))
        queue(f"payment:{payment.id}:cheque", addressee_of(person(bid.person_id)), text, about=about(bid))


def _is(number: str) -> tuple[ColumnElement[bool], ...]:
    return (Cheque.number == number, Cheque.cancelled_at.is_(None))


# --- what comes of it ----------------------------------------------------------------------------------------------------


def came_back(payment_ref: str, was: str, on: date, reason: str, actor: Actor) -> None:
    """We stopped the cheque, or the bank sent it back: the money is payable again, by a new payment. Twice changes nothing.

    Refused: neither of the two, stopped after it was paid in, not by cheque, and as for `pay.bounce`.
    """
    if was not in ("stopped", "returned"):
        raise Refused(_("Say whether we stopped it, or the bank sent it back."), "was")
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        _bid, _award, payment = pay.locked_payments([payment_ref])[0]
        if db.session.get_one(Payee, payment.payee_id).route != CHEQUE:
            raise Refused(_("This payment is not made by cheque."))
        if was == "stopped" and payment.status == "settled":
            raise Refused(_("This cheque was paid in, so it cannot be stopped any more. If the bank sent it back, say so."), "was")
        pay.bounce_part(payment_ref, on, reason, actor, cheque_was=was)


# --- the list for the post -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slip:
    """What is written on a cheque and its envelope."""

    line: desk.Line
    number: str
    dated: date | None
    in_words: str
    address: str


def show(run_ref: str, actor: Actor) -> None:
    """Put on record that somebody takes the list of a run's cheques, with its addresses. Refused: no cheque of it is on its way."""
    with transaction():
        run = pay.run_by_ref(run_ref)
        if not any(line.payee.route == CHEQUE for line in desk.payments("released", run_id=run.id, limit=1000)):
            raise Refused(_("No cheque of this run is on its way."))
        record(f"run:{run.id}", SEEN, actor)


def looks_at(run: PaymentRun) -> Sequence[Event]:
    """Who took the list of a run's cheques, and when, oldest first."""
    return db.session.scalars(select(Event).where(Event.about == f"run:{run.id}", Event.kind == SEEN).order_by(Event.id)).all()


def slips(run: PaymentRun, person_id: int) -> Sequence[Slip]:
    """The cheques of a run that are on their way, in the order of their payments. NotYours unless this was put on record a moment ago."""
    seen = db.session.scalar(
        select(func.max(Event.at)).where(Event.about == f"run:{run.id}", Event.kind == SEEN, Event.actor_id == person_id)
    )
    if seen is None or clock.now() - seen > FRESH:
        raise NotYours(_("Ask for the list on the page of the run."))
    lines = [line for line in desk.payments("released", run_id=run.id, limit=1000) if line.payee.route == CHEQUE]
    cheques = of_payments([line.payment.id for line in lines])
    return [_slip(line, cheques.get(line.payment.id)) for line in sorted(lines, key=lambda line: line.payment.id)]


def _slip(line: desk.Line, cheque: Cheque | None) -> Slip:
    address = vault.unseal(line.payee.sealed) if line.payee.sealed else ""
    words = sums_in_words.pounds_in_words(line.payment.amount)
    return Slip(line, cheque.number if cheque else "", cheque.dated if cheque else None, words, address)
