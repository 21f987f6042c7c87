"""Finance and cheques: their numbers, the list for the post, and the ones that nobody has paid in."""

from typing import Any

from flask import Blueprint, flash, g, request
from flask_login import current_user

from portal.grants import cheques as actions
from portal.grants import desk, pay
from portal.grants.award import CHEQUE
from portal.grants.forms import pay as forms
from portal.grants.forms.decide import Nothing
from portal.people import queries as people
from portal.people.views import actor, needs_proof, saw
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _, _n

cheques = Blueprint("cheques", __name__, url_prefix="/finance")


@cheques.get("/cheques")
@allow("open finance")
def old() -> Any:
    """Cheques that no bank takes any more and nobody has paid in, each with the page where it is stopped."""
    return page("finance/cheques_old.html", rows=actions.not_paid_in(), good_until=actions.good_until)


@cheques.route("/payments/<ref>/cheque", methods=["GET", "POST"])
@allow("settle")
def cheque(ref: str) -> Any:
    """One cheque: its number, and what came of it."""
    line = desk.by_refs([pay.payment_by_ref(ref).ref])[0]
    back = request.form.get("act") == "back"
    write = forms.WriteCheque(prefix="write-") if not back else forms.WriteCheque(prefix="write-", formdata=None)
    came = forms.ChequeBack(prefix="back-") if back else forms.ChequeBack(prefix="back-", formdata=None)
    if back and done(came, lambda: actions.came_back(ref, came.was.data or "", came.on.data, came.reason.data, actor())):
        flash(_("The money is back with us and can be paid again."))
        return see_other(f"/finance/payments/{ref}")
    if not back and done(write, lambda: actions.write(ref, write.number.data, actor(), write.why.data)):
        flash(_("The number is written down. The applicant hears that the cheque is in the post."))
        return see_other(f"/finance/payments/{ref}")
    stands = pay.cheque_of(line.payment)
    return form_page(
        "finance/cheque.html", came if back else write, line=line, cheque=stands, write=write, back=came, is_cheque=line.payee.route == CHEQUE,
        until=actions.good_until(stands) if stands else None, stale=stands is not None and actions.is_stale(stands),
        names=people.names([stands.written_by_id] if stands else []),
    )  # fmt: skip


@cheques.route("/runs/<ref>/cheques/numbers", methods=["GET", "POST"])
@allow("settle")
def number_all(ref: str) -> Any:
    """Number the cheques of a run one after the other."""
    run = pay.run_by_ref(ref)
    form, count = forms.WriteCheques(), []
    if done(form, lambda: count.append(actions.write_all(ref, form.first.data, actor()))):
        flash(_n("One cheque has its number.", "%(num)d cheques have their numbers.", sum(count)))
        return see_other(f"/finance/runs/{ref}")
    return form_page("finance/cheques_numbers.html", form, run=run, lines=_waiting(run.id))


def _waiting(run_id: int) -> list[desk.Line]:
    lines = [line for line in desk.payments("released", run_id=run_id, limit=1000) if line.payee.route == CHEQUE]
    written = actions.of_payments([line.payment.id for line in lines])
    return sorted((line for line in lines if line.payment.id not in written), key=lambda line: line.payment.id)


@cheques.route("/runs/<ref>/cheques", methods=["GET", "POST"])
@allow("settle")
def slips(ref: str) -> Any:
    """The list for the printer, with addresses, to whoever has just proved who they are; each look is on record."""
    if request.method == "POST":
        if (proof := needs_proof()) is not None:
            return proof
        actions.show(ref, actor())
        return see_other(f"/finance/runs/{ref}/cheques")
    g.private = True
    run = pay.run_by_ref(ref)
    rows = actions.slips(run, current_user.id)
    saw("cheques", *(row.line.bid.person_id for row in rows), about=ref)
    return form_page("finance/cheques.html", Nothing(), run=run, rows=rows, total=sum(row.line.payment.amount for row in rows))
