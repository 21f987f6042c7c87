"""What the council buys for an idea: ordered with a payment, with its receipt, until somebody there has it in their hands. The money moves
as with any payment (see `pay`), and a lower price leaves a rest that `pay.keep_rest` gives back to the fund.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import select

from portal import clock, photos
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Refused
from portal.grants import apply, desk, letters, pay
from portal.grants.award import BOUGHT
from portal.grants.by_hand_model import Purchase
from portal.grants.model import Application, Payee, Payment
from portal.grants.moves import about
from portal.grants.ties import must_not_be_their_money
from portal.history import Actor, record
from portal.outbox import queue
from portal.people.queries import addressee_of, person
from portal.words import _

ORDERED = ("released", "settled")  # the money is on its way to the shop, or there


def of_payments(ids: Sequence[int]) -> Mapping[int, Purchase]:
    """What was bought, by the id of the payment. One query, none for no payment."""
    if not ids:
        return {}
    return {each.payment_id: each for each in db.session.scalars(select(Purchase).where(Purchase.payment_id.in_(ids)))}


def steps(lines: Sequence[desk.Line]) -> list[str]:
    """For the applicant: of each thing that the council buys, where it is now, oldest first. One query."""
    found = of_payments([line.payment.id for line in lines])
    return [
        _step(line, found[line.payment.id])
        for line in sorted(lines, key=lambda line: line.payment.id)
        if line.payment.id in found and line.payment.status not in ("cancelled", "bounced")
    ]


def _step(line: desk.Line, row: Purchase) -> str:
    if row.delivered_on is not None:
        return _("%(what)s: came on %(day)s. %(name)s has it.", what=row.what, day=clock.in_words(row.delivered_on), name=row.received_by)
    if line.payment.status not in ORDERED:
        return _("%(what)s: we are about to order it.", what=row.what)
    shop = "" if line.payee.individual else line.payee.name
    said = _("%(what)s: ordered from %(shop)s.", what=row.what, shop=shop) if shop else _("%(what)s: ordered.", what=row.what)
    number = _("The number of the order is %(number)s.", number=row.order_ref) if row.order_ref else ""
    paid = _("It is paid for.") if line.payment.status == "settled" else ""
    return " ".join(each for each in (said, number, paid) if each)


def note(payment_ref: str, what: str, order_ref: str, actor: Actor) -> None:
    """Write down what is bought, and the number of the order, which often comes later. The same again changes nothing.

    Refused: not bought by the council, nothing said, it came already, an award of one's own.
    """
    if not what:
        raise Refused(_("Write what is bought."), "what")
    with transaction():
        _bid, payment, row = _locked(payment_ref, actor)
        if row is None:
            row = Purchase(payment_id=payment.id, what=what)
            db.session.add(row)
        elif (row.what, row.order_ref) == (what, order_ref):
            return
        elif row.delivered_on is not None:
            raise Refused(_("It came already, so what was ordered stays as it is."))
        row.what, row.order_ref = what, order_ref
        record(about(payment), "order_noted", actor, what=what, order=order_ref)


def attach_receipt(payment_ref: str, picture: photos.Picture | None, data_dir: Path, actor: Actor) -> None:
    """Keep a photo of the shop's receipt with the payment. Refused: no photo, not ordered yet, a receipt is there, not bought by the
    council, an award of one's own.
    """
    if picture is None:
        raise Refused(_("Choose a photo of the receipt."))
    file = photos.keep(picture, data_dir)
    try:
        with transaction():
            _bid, payment, row = _locked(payment_ref, actor)
            if row is None or payment.status not in ORDERED:
                raise Refused(_("There is a receipt once it is ordered."))
            if row.receipt_id is not None:
                raise Refused(_("A receipt is there already."))
            row.receipt_id = apply.attach(f"purchase:{row.id}", file, picture, row.what, actor, public=False).id
            record(about(payment), "receipt_kept", actor)
    except BaseException:
        photos.drop(file, data_dir)
        raise


def delivered(payment_ref: str, on: date, by: str, actor: Actor) -> None:
    """It came: on which day, and who has it. Written once more it is put right; the same again changes nothing. The applicant hears of it once.

    Refused: nobody named, not ordered yet, a day to come or before the order, not bought by the council, an award of one's own.
    """
    if not by:
        raise Refused(_("Write who has it now."), "by")
    with transaction():
        bid, payment, row = _locked(payment_ref, actor)
        if row is None or payment.status not in ORDERED:
            raise Refused(_("It is not ordered yet. First the payment is released."))
        if on > clock.today():
            raise Refused(_("That day is still to come."), "on")
        if on < clock.london_day(payment.prepared_at):
            raise Refused(_("That is before it was ordered. Check the day."), "on")
        if (row.delivered_on, row.received_by) == (on, by):
            return
        row.delivered_on, row.received_by, row.told_by_id = on, by, actor.person_id
        record(about(payment), "delivered", actor, on=on.isoformat())
        queue(
            f"payment:{payment.id}:delivered", addressee_of(person(bid.person_id)), letters.delivered(bid, row.what, on), about=about(bid)
        )


def _locked(payment_ref: str, actor: Actor) -> tuple[Application, Payment, Purchase | None]:
    must_be_in_transaction()
    bid, _award, payment = pay.locked_payments([payment_ref])[0]
    must_not_be_their_money(bid, actor)
    if db.session.get_one(Payee, payment.payee_id).route != BOUGHT:
        raise Refused(_("The council does not buy anything with this payment."))
    return bid, payment, pay.purchase_of(payment)
