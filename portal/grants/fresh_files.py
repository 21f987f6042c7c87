"""The bank took nothing of a run's file (a wrong day, a file that it could not read): one asks for a fresh one, a second person lets it
be made. The payments stay the same ones, so that nobody is paid twice; the file before cannot be taken any more.

Who locks a run locks it first, then bids, awards and payments in the order of the house.
"""

from datetime import date

from sqlalchemy import func, select

from portal import clock, vault
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Refused
from portal.grants import runs
from portal.grants.bank_model import FreshFile
from portal.grants.model import PaymentRun
from portal.grants.ties import must_not_be_their_money
from portal.history import Actor, record
from portal.people.queries import names
from portal.words import _


def ask(run_ref: str, pays_on: date | None, reason: str, actor: Actor) -> None:
    """The first person says that the bank took nothing of the file, and asks for a fresh one. Twice changes nothing.

    Refused: no reason, no file was taken, the bank has answered for a part of it, somebody else asks already, a day on which banks do not
    pay, an award of one's own.
    """
    if not reason:
        raise Refused(_("Write what the bank says. It is kept."), "reason")
    with transaction():
        run = runs.locked_run(run_ref)
        if (before := runs.fresh_waits(run)) is not None:
            if before.asked_by_id == actor.person_id:
                return
            name = names([before.asked_by_id]).get(before.asked_by_id, "")
            raise Refused(_("%(name)s asks for a fresh file already. You can be the second person.", name=name))
        _bank_took_nothing(run, actor)
        assert actor.person_id is not None
        db.session.add(
            FreshFile(
                run_id=run.id, number=_next(run), reason=reason, pays_on=runs.day_to_pay(pays_on), asked_by_id=actor.person_id, asked_at=clock.now()
            )
        )  # fmt: skip
        record(f"run:{run.id}", "fresh_file_asked", actor, reason=reason)


def drop(run_ref: str, actor: Actor) -> None:
    """Let the file stand that was taken. Twice changes nothing."""
    with transaction():
        row = runs.fresh_waits(run := runs.locked_run(run_ref))
        if row is not None:
            row.dropped_at = clock.now()
            record(f"run:{run.id}", "fresh_file_dropped", actor)


def make(run_ref: str, actor: Actor) -> None:
    """The second person: the fresh file is the run's from now on, of the same payments, and the earlier one cannot be taken any more.

    Refused: nobody asked, the same person asked, the bank has answered meanwhile, the day is over, an award of one's own. A second tap of
    the same person changes nothing.
    """
    with transaction():
        run = runs.locked_run(run_ref)
        row = runs.fresh_waits(run)
        if row is None and (stands := runs.fresh_of(run)) is not None and stands.done_by_id == actor.person_id:
            return
        if row is None:
            raise Refused(_("Nobody asks for a fresh file now. Look at the page again."))
        if row.asked_by_id == actor.person_id:
            raise Refused(_("You asked for this. A second person must let the file be made."))
        _bank_took_nothing(run, actor)
        runs.day_to_pay(row.pays_on)
        _fill(run, row)
        row.done_by_id, row.done_at = actor.person_id, clock.now()
        record(
            f"run:{run.id}", "fresh_file", actor, reason=row.reason, number=row.number, csv=row.csv_sha256, standard18=row.standard_sha256
        )


def _fill(run: PaymentRun, row: FreshFile) -> None:
    account = runs.paying_account()
    assert account is not None, "a file was taken, so somebody had said it"
    ours = vault.unseal(account.sealed)
    row.from_sealed, row.from_masked = vault.seal(f"{ours}:{account.name}"), account.masked
    hashes = runs.hashes_of(runs.made_of(run, row))
    row.csv_sha256, row.standard_sha256 = hashes["csv"], hashes["standard18"]


def _next(run: PaymentRun) -> int:
    return (db.session.scalar(select(func.max(FreshFile.number)).where(FreshFile.run_id == run.id)) or 1) + 1


def _bank_took_nothing(run: PaymentRun, actor: Actor) -> None:
    must_be_in_transaction()
    if runs.file_of(run) is None:
        raise Refused(_("No file of this run was taken yet. Take it first."))
    lines = runs.locked_lines(run)
    hand = runs.paid_by_hand(run)
    if any(payment.status != "released" for _bid, _award, payment in lines if payment.id not in hand):
        raise Refused(_("The bank has answered for a part of this run already, so a fresh file would pay twice. Say of each of the others what came of it."))  # fmt: skip
    for bid, _award, _payment in lines:
        must_not_be_their_money(bid, actor)
