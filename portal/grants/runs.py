"""A payment run and the bank: its files, which lock it, and calling it back before that.

Who locks a run locks it first, then bids, awards and payments in the order of the house.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from portal import clock, vault
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.grants import bank_file, desk, pay
from portal.grants.award import BOUGHT, CHEQUE
from portal.grants.bank_file import BankAccount, Credit
from portal.grants.bank_model import CallingBack, FreshFile, PayingAccount, RunFile
from portal.grants.by_hand_model import Purchase
from portal.grants.model import Application, Award, Payment, PaymentRun
from portal.grants.moves import begin, move
from portal.grants.payees import masked
from portal.grants.ties import must_not_be_their_money
from portal.history import Actor, Event, record
from portal.ledger.posting import reverse
from portal.money import Pence
from portal.people.queries import names
from portal.refs import new_ref
from portal.words import _
from portal.working_days import is_working_day, working_days_after

FORMS = {"csv": "csv", "standard18": "txt"}  # of the bank's file, with the ending of its name
TAKEN = "file_taken"  # the event of each download
AHEAD = timedelta(days=31)  # so far ahead a day of payment may lie


# --- the scheme's own account --------------------------------------------------------------------------------------------


def paying_account() -> PayingAccount | None:
    """The account that payments leave from; None while nobody has said it."""
    return db.session.scalar(select(PayingAccount).order_by(PayingAccount.id.desc()).limit(1))


def set_paying_account(account: BankAccount, actor: Actor) -> None:
    """Say which account payments leave from. The same again changes nothing. Files that were taken keep theirs.

    Refused: a name of which the bank's file can hold nothing.
    """
    if not bank_file.fitted(account.name):
        raise Refused(_("Write the name on the account with letters from A to Z, as the bank has it."), "name")
    with transaction():
        old = paying_account()
        if old is not None and _opened(old) == account:
            return
        new = PayingAccount(
            sealed=vault.seal(f"{account.sort_code}:{account.number}"), masked=masked(account.sort_code, account.number), name=account.name,
            given_by_id=actor.person_id, given_at=clock.now(),
        )  # fmt: skip
        db.session.add(new)
        record("scheme:1", "paying_account_set", actor, old=old.masked if old else "", new=new.masked, name=new.name)


def _opened(account: PayingAccount) -> BankAccount:
    sort_code, number = vault.unseal(account.sealed).split(":")
    return BankAccount(sort_code, number, account.name)


# --- a run's page --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How a run stands to the bank: its file, once one was taken; who asks to call it back, or has; who took which file, oldest first."""

    file: RunFile | None
    back: CallingBack | None
    taken: Sequence[Event]
    numbers_seen: bool


def standing(run: PaymentRun) -> Standing:
    """How a run stands to the bank. Three queries."""
    seen = db.session.scalars(
        select(Event).where(Event.about == f"run:{run.id}", Event.kind.in_((TAKEN, "numbers_seen"))).order_by(Event.id)
    ).all()
    return Standing(
        file_of(run), _back(run), [each for each in seen if each.kind == TAKEN], any(each.kind == "numbers_seen" for each in seen)
    )  # fmt: skip


def file_of(run: PaymentRun) -> RunFile | None:
    return db.session.scalar(select(RunFile).where(RunFile.run_id == run.id))


def _back(run: PaymentRun) -> CallingBack | None:
    return db.session.scalar(select(CallingBack).where(CallingBack.run_id == run.id, CallingBack.taken_back_at.is_(None)))


def by_hand(line: desk.Line) -> bool:
    """Whether a payment is not in the bank's file: what the council buys, and what is paid by cheque."""
    return line.payee.route in (BOUGHT, CHEQUE)


def paid_by_hand(run: PaymentRun) -> frozenset[int]:
    """Ids of the payments of a run that are not in its file."""
    return frozenset(line.payment.id for line in _lines(run) if by_hand(line))


def first_day_to_pay() -> date:
    """The next day on which banks work; what the page proposes."""
    return working_days_after(clock.today(), 1)


# --- the file ------------------------------------------------------------------------------------------------------------


def take_file(run_ref: str, form: str, pays_on: date | None, actor: Actor, *, nothing_typed: bool = False) -> bytes:
    """The bank's file of a run, in one of FORMS; each download is put on record. The first locks the run, with its totals, the hash of
    each file, and the day of payment; every later one gives the same bytes, whatever `pays_on` says. `nothing_typed`: somebody says that
    none of it was typed into the bank, which the first time must be said where the account numbers were looked at before.

    Refused: no such form; cancelled, or somebody asks to cancel it or for a fresh file; no account of ours; nothing for the bank; the bank's answer is in
    already; a day on which banks do not pay; numbers that were seen, and nobody says that nothing was typed; numbers that were forgotten since.
    """
    if form not in FORMS:
        raise Refused(_("Choose which file the bank wants."))
    with transaction():
        run = locked_run(run_ref)
        if (back := _back(run)) is not None:
            raise Refused(_cancelled() if back.done_at else _("Somebody asks to cancel this run. Decide that first."))
        if fresh_waits(run) is not None:
            raise Refused(_("Somebody says that the bank took nothing of this file. Decide that first."))
        file = file_of(run) or _lock_with_file(run, pays_on, nothing_typed, actor)
        stands = fresh_of(run) or file
        made = made_of(run, stands)
        if hashes_of(made) != {"csv": stands.csv_sha256, "standard18": stands.standard_sha256}:
            raise Refused(_("The file would not be the one that was taken first. Ask whoever runs the portal to look at it."))
        record(f"run:{run.id}", TAKEN, actor, file=file_name(run, form), sha256=hashes_of(made)[form])
        return made[form]


def file_name(run: PaymentRun, form: str) -> str:
    """`payment-run-RUN-7F3K-9QXA.csv`; a fresh one says so: `payment-run-RUN-7F3K-9QXA-2.csv`."""
    fresh = fresh_of(run)
    return f"payment-run-{run.ref}{f'-{fresh.number}' if fresh else ''}.{FORMS[form]}"


def fresh_waits(run: PaymentRun) -> FreshFile | None:
    """What asks for a fresh file and waits for a second person, if anything does."""
    query = select(FreshFile).where(FreshFile.run_id == run.id, FreshFile.done_at.is_(None), FreshFile.dropped_at.is_(None))
    return db.session.scalar(query.execution_options(populate_existing=True))


def fresh_of(run: PaymentRun) -> FreshFile | None:
    """The fresh file that stands for a run, where the bank took nothing of the one before."""
    query = select(FreshFile).where(FreshFile.run_id == run.id, FreshFile.done_at.is_not(None))
    return db.session.scalar(query.order_by(FreshFile.number.desc()).limit(1))


def _cancelled() -> str:
    return _("This run was cancelled. Its payments wait to be released again.")


def locked_run(ref: str) -> PaymentRun:
    must_be_in_transaction()
    found = db.session.scalar(
        select(PaymentRun).where(PaymentRun.ref == ref).with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    if found is None:
        raise NotFound(_("We cannot find that payment run."))
    return found


def locked_lines(run: PaymentRun) -> list[tuple[Application, Award, Payment]]:
    return pay.locked_payments(db.session.scalars(select(Payment.ref).where(Payment.run_id == run.id)).all())


def _lines(run: PaymentRun) -> list[desk.Line]:
    return sorted(desk.payments(run_id=run.id, limit=100_000), key=lambda line: line.payment.id)


def _lock_with_file(run: PaymentRun, pays_on: date | None, nothing_typed: bool, actor: Actor) -> RunFile:
    locked_lines(run)
    lines = _lines(run)
    account = paying_account()
    if account is None:
        raise Refused(_("We do not know yet from which account the scheme pays: its sort code, number and name. Finance writes them down under “Our account”."))  # fmt: skip
    for_bank = [line for line in lines if not by_hand(line)]
    if not for_bank:
        raise Refused(_("Nothing in this run goes through the bank: it is paid by card or cheque."))
    if any(line.payment.status != "released" for line in for_bank):
        raise Refused(_("The bank has answered for a part of this run already, so its file would pay twice."))
    ours = _opened(account)
    file = RunFile(
        run_id=run.id, payments=len(lines), pence=sum(line.payment.amount for line in lines), bank_payments=len(for_bank),
        bank_pence=sum(line.payment.amount for line in for_bank), pays_on=day_to_pay(pays_on),
        from_sealed=vault.seal(f"{ours.sort_code}:{ours.number}:{ours.name}"), from_masked=account.masked, csv_sha256="", standard_sha256="",
        taken_by_id=actor.person_id, taken_at=clock.now(),
    )  # fmt: skip
    _must_not_be_typed(run, nothing_typed, actor)
    hashes = hashes_of(made_of(run, file))
    file.csv_sha256, file.standard_sha256 = hashes["csv"], hashes["standard18"]
    db.session.add(file)
    record(f"run:{run.id}", "locked", actor, payments=file.payments, total=file.pence, **hashes)
    return file


def _must_not_be_typed(run: PaymentRun, nothing_typed: bool, actor: Actor) -> None:
    if not standing(run).numbers_seen:
        return
    if not nothing_typed:
        raise Refused(
            _("Somebody looked at the account numbers of this run. Make sure that nothing was typed into the bank, and say so."), "nothing_typed"
        )  # fmt: skip
    record(f"run:{run.id}", "nothing_typed", actor)


def day_to_pay(pays_on: date | None) -> date:
    """The day on which the bank is asked to pay. Refused: none, over, too far ahead, no working day."""
    if pays_on is None:
        raise Refused(_("Write the day on which the bank should pay."), "pays_on")
    if pays_on < clock.today():
        raise Refused(_("That day is over. Choose a day from today on."), "pays_on")
    if pays_on > clock.today() + AHEAD:
        raise Refused(_("That is more than a month away. Choose an earlier day."), "pays_on")
    if not is_working_day(pays_on):
        raise Refused(_("Banks do not pay on that day. Choose a working day."), "pays_on")
    return pays_on


def made_of(run: PaymentRun, file: RunFile | FreshFile) -> dict[str, bytes]:
    """Both files from what stands in the database: payments of a run, their accounts and ours never change once it is locked."""
    credits = []
    for line in _lines(run):
        if by_hand(line):
            continue
        if not line.payee.sealed:
            raise Refused(_("The account number for %(ref)s was forgotten after the money had arrived, so the file cannot be made again.", ref=line.payment.ref))  # fmt: skip
        sort_code, number = vault.unseal(line.payee.sealed).split(":")
        credits.append(Credit(BankAccount(sort_code, number, line.payee.name), line.payment.amount, line.bid.ref))
    origin = BankAccount(*vault.unseal(file.from_sealed).split(":", 2))
    return {"csv": bank_file.as_csv(origin, credits, file.pays_on), "standard18": bank_file.as_standard_18(origin, credits)}


def hashes_of(made: dict[str, bytes]) -> dict[str, str]:
    return {form: hashlib.sha256(data).hexdigest() for form, data in made.items()}


# --- calling a run back --------------------------------------------------------------------------------------------------


def ask_back(run_ref: str, reason: str, actor: Actor) -> None:
    """The first person asks to cancel a run of which the bank has no file. Twice changes nothing.

    Refused: no reason, its file was taken, the bank has answered for a part of it, somebody else asks already, an award of one's own.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        run = locked_run(run_ref)
        if (before := _back(run)) is not None:
            if before.done_at:
                raise Refused(_cancelled())
            if before.asked_by_id == actor.person_id:
                return
            name = names([before.asked_by_id]).get(before.asked_by_id, "")
            raise Refused(_("%(name)s asks to cancel this run already. You can be the second person.", name=name))
        _can_be_called_back(run, actor)
        db.session.add(CallingBack(run_id=run.id, reason=reason, asked_by_id=actor.person_id, asked_at=clock.now()))
        record(f"run:{run.id}", "calling_back_asked", actor, reason=reason)


def keep(run_ref: str, actor: Actor) -> None:
    """Let the run stand after all. Twice changes nothing. Refused: it was cancelled."""
    with transaction():
        found = _back(run := locked_run(run_ref))
        if found is None:
            return
        if found.done_at:
            raise Refused(_cancelled())
        found.taken_back_at = clock.now()
        record(f"run:{run.id}", "calling_back_taken_back", actor)


def call_back(run_ref: str, actor: Actor) -> int:
    """The second person cancels the run: each payment that has not arrived is called off and its money payable again by a reversal in the books, and it stands
    anew, approved by the same hands, to be released in another run. Returns how many. A second tap of the same person changes nothing.

    Refused: nobody asked, the same person asked, its file was taken, the bank has answered meanwhile, an award of one's own.
    """
    with transaction():
        run = locked_run(run_ref)
        found = _back(run)
        if found is None:
            raise Refused(_("Nobody asks to cancel this run now. Look at its page again."))
        if found.done_at and found.done_by_id == actor.person_id:
            return 0
        if found.done_at:
            raise Refused(_cancelled())
        if found.asked_by_id == actor.person_id:
            raise Refused(_("You asked for this. A second person must cancel the run."))
        chosen = _can_be_called_back(run, actor)
        for _bid, award, payment in chosen:
            reverse(pay.release_key(payment), reason=found.reason, actor=actor.code)
            move(payment, "called_back", actor, reason=found.reason, run=run.ref)
            db.session.flush()
            _stand_anew(award, payment, actor)
        found.done_by_id, found.done_at = actor.person_id, clock.now()
        record(f"run:{run.id}", "called_back", actor, reason=found.reason, total=sum(payment.amount for _bid, _award, payment in chosen))
        return len(chosen)


def _can_be_called_back(run: PaymentRun, actor: Actor) -> list[tuple[Application, Award, Payment]]:
    if file_of(run) is not None:
        raise Refused(_("The file of this run was taken for the bank, so it cannot be cancelled here. Wait for the bank’s answer."))
    chosen = locked_lines(run)
    hand = paid_by_hand(run)
    on_its_way = [each for each in chosen if each[2].status == "released"]
    if not on_its_way or any(payment.status != "released" and payment.id not in hand for _bid, _award, payment in chosen):
        raise Refused(_("The bank has answered for a part of this run already. Say of each of the others what came of it."))
    for bid, _award, payment in on_its_way:
        must_not_be_their_money(bid, actor)
        if (cheque := pay.cheque_of(payment)) is not None:
            raise Refused(
                _("Cheque %(number)s of this run is written. Stop it first, then the rest can be cancelled.", number=cheque.number)
            )
    return on_its_way


def _stand_anew(award: Award, old: Payment, actor: Actor) -> None:
    """The same payment once more, as its first two hands left it."""
    new = Payment(
        ref=new_ref("TXN"), award_id=award.id, payee_id=old.payee_id, instalment=pay.next_instalment(award), amount=Pence(old.amount),
        prepared_by_id=old.prepared_by_id, prepared_at=old.prepared_at, approved_by_id=old.approved_by_id, approved_at=old.approved_at,
    )  # fmt: skip
    db.session.add(new)
    db.session.flush()
    begin(new, "again", actor, amount=new.amount, of=old.ref)
    if (bought := pay.purchase_of(old)) is not None:
        db.session.add(Purchase(payment_id=new.id, what=bought.what, order_ref=bought.order_ref))
    db.session.flush()
