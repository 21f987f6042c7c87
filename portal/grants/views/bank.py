"""Finance and the bank: a run with its files, calling it back, the scheme's own account."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, g, request
from flask_login import current_user

from portal.errors import Refused
from portal.grants import bank_lines, cheques, desk, fresh_files, pay, runs, statement
from portal.grants.award import CHEQUE
from portal.grants.bank_file import BankAccount, name_for_bank
from portal.grants.forms import pay as forms
from portal.grants.forms.award import Account
from portal.grants.forms.decide import Nothing
from portal.grants.views.award import PAYMENT_WORDS
from portal.ledger import queries as books
from portal.people import queries as people
from portal.people.views import actor, needs_proof, saw
from portal.web.forms import whole_number
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _, _n

bank = Blueprint("bank", __name__, url_prefix="/finance")


# --- a run ---------------------------------------------------------------------------------------------------------------


@bank.get("/runs/<ref>")
@allow("open finance")
def run(ref: str) -> Any:
    """Payments that were released together, with control totals, the bank's files and who took them; for the printer too."""
    return _run_page(ref, Nothing())


def _run_page(ref: str, active: Any, **typed: Any) -> Any:
    one = pay.run_by_ref(ref)
    lines = sorted(desk.payments(run_id=one.id, limit=1000), key=lambda line: line.payment.id)
    state = runs.standing(one)
    ids = {id_ for line in lines for id_ in (line.payment.prepared_by_id, line.payment.approved_by_id)} | {one.released_by_id}
    fresh, waits = runs.fresh_of(one), runs.fresh_waits(one)
    ids |= {each.asked_by_id for each in (fresh, waits) if each} | ({fresh.done_by_id} if fresh and fresh.done_by_id else set())
    ids |= {each.actor_id for each in state.taken if each.actor_id} | (
        {state.back.asked_by_id, state.back.done_by_id} if state.back else set()
    )
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.payment.status] = sums.get(line.payment.status, 0) + line.payment.amount
    hand = [line for line in lines if runs.by_hand(line)]
    slips = [line for line in hand if line.payee.route == CHEQUE]
    looked = cheques.looks_at(one) if slips else []
    ids |= {each.actor_id for each in looked if each.actor_id}
    typed.setdefault("settle", forms.Settle(formdata=None))
    typed.setdefault("file", forms.BankFile(prefix="file-", formdata=None, data={"pays_on": runs.first_day_to_pay()}))
    typed.setdefault("again", forms.FreshFile(prefix="again-", formdata=None, data={"pays_on": runs.first_day_to_pay()}))
    typed.setdefault("back", forms.CallBack(prefix="back-", formdata=None))
    return form_page(
        "finance/run.html", active, run=one, lines=lines, names=people.names(ids), total=sum(sums.values()), sums=sums, words=PAYMENT_WORDS,
        in_transit=books.balance(pay.in_transit(one.id)), state=state, hand=hand, by_hand=sum(line.payment.amount for line in hand), me=current_user.id,
        in_file={line.payment.id: name_for_bank(line.payee.name, line.bid.ref) for line in lines}, ours=None if state.file else runs.paying_account(),
        slips=slips, by_cheque=sum(line.payment.amount for line in slips), looked=looked,
        cheques=cheques.of_payments([line.payment.id for line in slips]) if slips else {}, fresh=fresh, waits=waits, all_out=bool(sums.get("released")) and all(line.payment.status == "released" for line in lines if not runs.by_hand(line)), **typed,
    )  # fmt: skip


@bank.post("/runs/<ref>/settle")
@allow("settle")
def settle_run(ref: str) -> Any:
    form = forms.Settle()
    if form.validate():
        try:
            number = pay.settle_run(ref, form.on.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_n("One payment has arrived.", "%(num)d payments have arrived.", number))
            return see_other(f"/finance/runs/{ref}")
    return _run_page(ref, form, settle=form)


@bank.post("/runs/<ref>/file")
@allow("settle")
def run_file(ref: str) -> Any:
    """The bank's file, to whoever has just proved who they are; each download is on record, and the first locks the run."""
    if (proof := needs_proof()) is not None:
        return proof
    form = forms.BankFile(prefix="file-")
    if form.validate():
        kind = request.form.get("form", "")
        try:
            data = runs.take_file(ref, kind, form.pays_on.data, actor(), nothing_typed=form.nothing_typed.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            response = Response(data, content_type="text/csv; charset=us-ascii" if kind == "csv" else "text/plain; charset=us-ascii")
            response.headers["Content-Disposition"] = f'attachment; filename="{runs.file_name(pay.run_by_ref(ref), kind)}"'
            response.headers["Cache-Control"] = "no-store"
            return response
    return _run_page(ref, form, file=form)


@bank.post("/runs/<ref>/cancel")
@allow("release payments")
def cancel_run(ref: str) -> Any:
    """The first person asks with a reason; the second cancels the run, or somebody lets it stand."""
    act = request.form.get("act", "")
    if act == "cancel" and (proof := needs_proof()) is not None:
        return proof
    form: Any = forms.CallBack(prefix="back-") if act == "ask" else Nothing()
    if form.validate():
        try:
            match act:
                case "ask":
                    runs.ask_back(ref, form.reason.data, actor())
                    flash(_("Asked. A second person cancels the run, or lets it stand."))
                case "cancel":
                    runs.call_back(ref, actor())
                    flash(_("The run is cancelled. Its payments can be released again."))
                case "keep":
                    runs.keep(ref, actor())
                    flash(_("The run stands."))
                case _:
                    raise Refused(_("Choose what to do with this run."))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/finance/runs/{ref}")
    return _run_page(ref, form, **({"back": form} if act == "ask" else {}))


@bank.post("/runs/<ref>/fresh-file")
@allow("release payments")
def fresh_file(ref: str) -> Any:
    """The bank took nothing of the file: the first person asks for a fresh one; the second lets it be made, or somebody lets the first stand."""
    act = request.form.get("act", "")
    if act == "make" and (proof := needs_proof()) is not None:
        return proof
    form: Any = forms.FreshFile(prefix="again-") if act == "ask" else Nothing()
    acts = {
        "ask": (lambda: fresh_files.ask(ref, form.pays_on.data, form.reason.data, actor()), _("Asked. A second person lets the fresh file be made.")),
        "make": (lambda: fresh_files.make(ref, actor()), _("The fresh file can be taken now. The one before must not go to the bank again.")),
        "drop": (lambda: fresh_files.drop(ref, actor()), _("The file stands that was taken.")),
    }  # fmt: skip
    if act in acts and done(form, acts[act][0]):
        flash(acts[act][1])
        return see_other(f"/finance/runs/{ref}")
    return _run_page(ref, form, **({"again": form} if act == "ask" else {}))


@bank.route("/runs/<ref>/numbers", methods=["GET", "POST"])
@allow("release payments")
def numbers(ref: str) -> Any:
    """The account numbers to pay into, to whoever has just proved who they are; each look is on record."""
    if request.method == "POST":
        if (proof := needs_proof()) is not None:
            return proof
        try:
            desk.show_numbers(ref, actor())
        except Refused as why:
            form = Nothing()
            form.refuse(why.sentence)
            return _run_page(ref, form)
        return see_other(f"/finance/runs/{ref}/numbers")
    g.private = True
    one = pay.run_by_ref(ref)
    rows = desk.numbers(one, current_user.id)
    saw("numbers", *(row["line"].bid.person_id for row in rows), about=ref)
    return page("finance/numbers.html", run=one, rows=rows)


# --- our account ---------------------------------------------------------------------------------------------------------


@bank.route("/bank", methods=["GET", "POST"])
@allow("settle")
def our_account() -> Any:
    """The account that payments leave from, shown masked; changed by whoever has just proved who they are."""
    if request.method == "POST" and (proof := needs_proof()) is not None:
        return proof
    form = Account()
    if done(form, lambda: runs.set_paying_account(BankAccount(form.sort_code.data, form.account_number.data, form.name.data), actor())):
        flash(_("Payments leave from this account from now on."))
        return see_other("/finance/bank")
    now = runs.paying_account()
    return form_page("finance/bank.html", form, now=now, names=people.names([now.given_by_id] if now else []))


# --- what the bank says --------------------------------------------------------------------------------------------------


@bank.route("/statement", methods=["GET", "POST"])
@allow("settle")
def bank_statement() -> Any:
    """Read a statement; then look at each line that waits, and at what we would make of it. Nothing is posted here."""
    form = forms.Statement()
    if form.validate_on_submit():
        sent = request.files.get(form.file.name)
        try:
            if sent is None or not sent.filename:
                raise Refused(_("Choose the file that your bank gave you."), "file")
            came = bank_lines.take_in(sent.read(statement.MOST_BYTES + 1), actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            for sentence in _came(came):
                flash(sentence)
            return see_other("/finance/statement")
    return _statement_page(form)


def _came(came: bank_lines.TakenIn) -> list[str]:
    said = [
        _n("One line is new.", "%(num)d lines are new.", came.new) if came.new else _("No line is new."),
        _n("One was here before.", "%(num)d were here before.", came.known) if came.known else "",
        *came.problems[:5],
    ]
    more = len(came.problems) - 5
    return [each for each in said if each] + (
        [_n("One more line could not be read.", "%(num)d more lines could not be read.", more)] if more > 0 else []
    )


def _statement_page(form: Any, chosen: Mapping[str, str] | None = None, refused: Mapping[str, str] | None = None) -> Any:
    after = request.args.get("after", "")
    lines = bank_lines.waiting(whole_number(after, 0) if after else 0)
    older = f"/finance/statement?after={max(each.line.id for each in lines)}" if len(lines) == bank_lines.PAGE else None
    return form_page(
        "finance/statement.html", form, lines=lines, latest=bank_lines.latest(), chosen=chosen or {}, refused=refused or {}, words=bank_lines.OUTCOMES,
        matched=sum(1 for each in lines if each.proposed), more=older,
    )  # fmt: skip


@bank.post("/statement/lines")
@allow("settle")
def decide_lines() -> Any:
    """Write into the books what was chosen for each line; what cannot be done is said beside its line."""
    chosen = {name.removeprefix("line-"): value for name, value in request.form.items() if name.startswith("line-BNK-")}
    found = bank_lines.decide(chosen, actor())
    form: Any = forms.Statement(formdata=None)
    if not found.refused:
        flash(
            _n("One line is done.", "%(num)d lines are done.", sum(found.done.values()))
            if found.done
            else _("Nothing was chosen, so nothing changed.")
        )
        return see_other("/finance/statement")
    form.refuse(_n("One line could not be done. It says why.", "%(num)d lines could not be done. They say why.", len(found.refused)))
    return _statement_page(form, chosen, found.refused)


@bank.route("/statement/rest", methods=["GET", "POST"])
@allow("settle")
def put_aside() -> Any:
    """Say of all lines at once that are about nothing of ours that they are not ours."""
    form, count = forms.Aside(), []
    if done(form, lambda: count.append(bank_lines.put_aside(form.reason.data, whole_number(form.up_to.data, 0), actor()))):
        flash(_n("One line is put aside.", "%(num)d lines are put aside.", sum(count)))
        return see_other("/finance/statement")
    found = bank_lines.rest()
    form.up_to.data = str(max(found, default=0))
    return form_page("finance/statement_rest.html", form, number=len(found))


@bank.get("/statement/not-ours")
@allow("settle")
def not_ours() -> Any:
    """Lines that are not ours, with a button for what is ours after all."""
    before = request.args.get("before", "")
    lines = bank_lines.not_ours(whole_number(before, 0) if before else 0)
    older = f"/finance/statement/not-ours?before={lines[-1].id}" if len(lines) == bank_lines.PAGE else None
    return page("finance/statement_not_ours.html", lines=lines, older=older, open=bank_lines.may_be_undone(lines))


@bank.post("/statement/lines/<ref>/undo")
@allow("settle")
def undo_not_ours(ref: str) -> Any:
    bank_lines.undo_not_ours(ref, actor())
    flash(_("The line waits for your word again. Its words were forgotten: find it on the statement by its day and sum."))
    return see_other("/finance/statement")
