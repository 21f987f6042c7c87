"""What the council buys: the order, its receipt, and who has it now."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.db import db
from portal.grants import desk, pay
from portal.grants import purchases as actions
from portal.grants.award import BOUGHT
from portal.grants.by_hand_model import Purchase
from portal.grants.forms import pay as forms
from portal.grants.forms.decide import Nothing
from portal.grants.model import Award, Payment, Photo
from portal.grants.views import apply as apply_views
from portal.people.views import actor, sent_picture, settings
from portal.web.pages import done, form_page, see_other
from portal.web.policy import allow
from portal.words import _

purchases = Blueprint("purchases", __name__, url_prefix="/finance")


@purchases.route("/payments/<ref>/purchase", methods=["GET", "POST"])
@allow("prepare payments")
def purchase(ref: str) -> Any:
    """One thing that the council buys, from the order to the door."""
    line = desk.by_refs([pay.payment_by_ref(ref).ref])[0]
    row = pay.purchase_of(line.payment)
    act = request.form.get("act", "")
    shown: dict[str, Any] = {
        "order": forms.Order(prefix="order-", formdata=None, data={"what": row.what if row else line.bid.title, "order_ref": row.order_ref if row else ""}),
        "came": forms.Delivered(prefix="came-", formdata=None),
        "receipt": Nothing(),
    }  # fmt: skip
    shown |= (
        {"order": forms.Order(prefix="order-")} if act == "order" else {"came": forms.Delivered(prefix="came-")} if act == "came" else {}
    )
    order, came = shown["order"], shown["came"]
    acts: dict[str, tuple[Any, str]] = {
        "order": (lambda: actions.note(ref, order.what.data, order.order_ref.data, actor()), _("The order is written down.")),
        "came": (lambda: actions.delivered(ref, came.on.data, came.by.data, actor()), _("Good. The applicant hears of it.")),
        "receipt": (lambda: actions.attach_receipt(ref, sent_picture(), settings().data_dir, actor()), _("The receipt is kept.")),
    }
    if act in acts and done(shown[act], acts[act][0]):
        flash(acts[act][1])
        return see_other(f"/finance/payments/{ref}/purchase")
    return form_page(
        "finance/purchase.html", shown.get(act, shown["receipt"]), line=line, row=row, order=order, came=came, is_bought=line.payee.route == BOUGHT,
        receipt=db.session.get(Photo, row.receipt_id) if row and row.receipt_id else None, ordered=line.payment.status in actions.ORDERED,
    )  # fmt: skip


def _photo(photo: Photo) -> tuple[bool, bool]:
    """A receipt of the council's: for who pays, and for the side of the applicant."""
    row = db.session.get_one(Purchase, int(photo.about.partition(":")[2]))
    bid = db.session.get_one(Award, db.session.get_one(Payment, row.payment_id).award_id).application
    return False, bool(current_user.can("open finance") or current_user.can("edit this bid", bid))


apply_views.OTHER_PHOTOS["purchase"] = _photo
