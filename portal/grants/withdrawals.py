"""A funder takes free money out of a pot, or leaves: one officer asks, a second person does it. What is promised stays promised."""

from collections.abc import Sequence

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import pooled, queries, rounds
from portal.grants.model import Fund, Funder
from portal.grants.pooled_model import Withdrawal
from portal.grants.pooled_rules import Position
from portal.history import Actor, record
from portal.ledger.posting import Line, post
from portal.money import Pence, pounds
from portal.people.queries import names
from portal.refs import new_ref
from portal.words import _


def free(fund: Fund, funder: Funder) -> Pence:
    """What of a funder's money in a pot is promised to nobody."""
    return Pence(max(0, pooled.positions(fund).get(funder.code, Position()).left))


def waiting(funder: Funder) -> Sequence[tuple[Withdrawal, Fund]]:
    """What of a funder waits for a second person, the oldest first."""
    query = select(Withdrawal, Fund).join(Fund, Fund.id == Withdrawal.fund_id).order_by(Withdrawal.id)
    rows = db.session.execute(
        query.where(Withdrawal.funder_id == funder.id, Withdrawal.done_at.is_(None), Withdrawal.cancelled_at.is_(None))
    )
    return [(row, fund) for row, fund in rows]


def all_waiting() -> Sequence[tuple[Withdrawal, Fund, Funder]]:
    """What waits for a second person, the oldest first."""
    rows = db.session.execute(
        select(Withdrawal, Fund, Funder)
        .join(Fund, Fund.id == Withdrawal.fund_id)
        .join(Funder, Funder.id == Withdrawal.funder_id)
        .where(Withdrawal.done_at.is_(None), Withdrawal.cancelled_at.is_(None))
        .order_by(Withdrawal.id)
        .limit(50)
    )
    return [(row, fund, funder) for row, fund, funder in rows]


def ask(fund_code: str, funder_code: str, amount: Pence, reason: str, actor: Actor) -> str:
    """The first person asks to give free money back to a funder; returns the reference. The same again gives the first one.

    Refused: no reason, nothing, more than is free of theirs, asked already with another sum.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        fund, funder = _locked(fund_code, funder_code)
        before = next((row for row, of in waiting(funder) if of.id == fund.id), None)
        if before is not None and (before.amount, before.asked_by_id) == (amount, actor.person_id):
            return before.ref
        if before is not None:
            raise Refused(
                _("To give %(amount)s back waits for a second person already. Take that back first.", amount=pounds(before.amount))
            )
        if amount < 1:
            raise Refused(_("Write how much goes back."), "amount")
        _must_be_free(fund, funder, amount)
        assert actor.person_id is not None
        row = Withdrawal(
            ref=new_ref("WDR"), fund_id=fund.id, funder_id=funder.id, amount=amount, reason=reason, asked_by_id=actor.person_id, asked_at=clock.now()
        )  # fmt: skip
        db.session.add(row)
        record(f"fund:{fund.id}", "withdrawal_asked", actor, reason=reason, amount=amount, funder=funder.name)
        return row.ref


def cancel(ref: str, actor: Actor) -> None:
    """Leave the money where it is after all. Twice changes nothing. Refused: it went back meanwhile."""
    with transaction():
        row, fund, funder = _locked_row(ref)
        if row.done_at is not None:
            raise Refused(_("The money has gone back meanwhile."))
        if row.cancelled_at is None:
            row.cancelled_at = clock.now()
            record(f"fund:{fund.id}", "withdrawal_taken_back", actor, funder=funder.name)


def confirm(ref: str, actor: Actor) -> Pence:
    """The second person: the money goes back to the funder; returns how much. A second tap of the same person changes nothing.

    Refused: the same person asked, taken back or done by somebody else, not free any more.
    """
    with transaction():
        row, fund, funder = _locked_row(ref)
        if row.done_at is not None and row.done_by_id == actor.person_id:
            return row.amount
        if row.done_at is not None or row.cancelled_at is not None:
            raise Refused(_("Nobody asks for this now. Look at the page again."))
        if row.asked_by_id == actor.person_id:
            raise Refused(_("You asked for this. A second person must do it."))
        row.done_by_id, row.done_at = actor.person_id, clock.now()
        here = rounds.available(fund)
        post(
            [Line(here, f"funder:{funder.code}", row.amount)], key=f"withdrawal:{row.id}", kind="given_back", about=f"withdrawal:{row.id}",
            sentence=_("Back to %(funder)s: %(reason)s", funder=funder.name, reason=row.reason), actor=actor.code, refusals={here: _not_free(0)},
        )  # fmt: skip
        db.session.flush()
        found = pooled.held_positions(fund, 0)  # after the post, which holds the pot until the end
        if (left := pooled.free_before(found, funder, row.amount)) < row.amount:
            raise Refused(_not_free(left))
        record(f"fund:{fund.id}", "withdrawn", actor, reason=row.reason, amount=row.amount, funder=funder.name)
        return row.amount


def by_ref(ref: str) -> Withdrawal:
    """One of them, whatever became of it. NotFound."""
    found = db.session.scalar(select(Withdrawal).where(Withdrawal.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that."))
    return found


def fund_of(row: Withdrawal) -> Fund:
    """The fund that it is in."""
    return db.session.get_one(Fund, row.fund_id)


def asked_by(row: Withdrawal) -> str:
    """The name of the first person."""
    return names([row.asked_by_id]).get(row.asked_by_id, "") or _("Somebody")


def _must_be_free(fund: Fund, funder: Funder, amount: int) -> None:
    if amount > (left := free(fund, funder)):
        raise Refused(_not_free(left), "amount")


def _not_free(left: int) -> str:
    return _("%(left)s of this funder’s money is free in the fund. The rest is promised or paid, and stays so.", left=pounds(left))


def _locked(fund_code: str, funder_code: str) -> tuple[Fund, Funder]:
    fund = rounds.locked_fund(queries.fund_by_code(fund_code).id)
    funder = db.session.scalar(select(Funder).where(Funder.code == funder_code))
    if funder is None:
        raise NotFound(_("We cannot find that funder."))
    return fund, funder


def _locked_row(ref: str) -> tuple[Withdrawal, Fund, Funder]:
    fund = rounds.locked_fund(by_ref(ref).fund_id)
    row = db.session.scalars(
        select(Withdrawal).where(Withdrawal.ref == ref).with_for_update().execution_options(populate_existing=True)
    ).one()
    return row, fund, db.session.get_one(Funder, row.funder_id)
