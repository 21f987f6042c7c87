"""A large sum that came in: one officer writes it down, a second person says that it is so, and only then it is in the books."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from portal import clock, once
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import rounds
from portal.grants.model import Fund, Funder
from portal.grants.pooled_model import LargeContribution
from portal.history import Actor, record
from portal.money import Pence, pounds
from portal.refs import new_ref
from portal.words import _


def ask(
    fund_id: int,
    funder_id: int,
    amount: Pence,
    received_on: date,
    reference: str,
    actor: Actor,
    *,
    once_key: str | None = None,
    another: bool = False,
) -> str:
    """The first person writes down a sum above `limits.LARGE`; returns its reference. Nothing is in the books yet.

    Refused as for `rounds.contribute`, and when the same waits already.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        fund, funder = rounds.may_come_in(fund_id, funder_id, amount, received_on, another=another)
        if not another and any(
            (each.funder_id, each.amount, each.received_on) == (funder_id, amount, received_on) for each, _funder in waiting(fund)
        ):
            raise Refused(_("This sum waits for a second person already. Is this another one? Say so below."), "another")
        assert actor.person_id is not None
        row = LargeContribution(
            ref=new_ref("LCN"), fund_id=fund_id, funder_id=funder_id, amount=amount, received_on=received_on, reference=reference,
            asked_by_id=actor.person_id, asked_at=clock.now(),
        )  # fmt: skip
        db.session.add(row)
        record(f"fund:{fund_id}", "large_asked", actor, amount_asked=amount, funder=funder.name)
        if once_key:
            once.keep(once_key, row.ref)
        return row.ref


def waiting(fund: Fund) -> Sequence[tuple[LargeContribution, Funder]]:
    """What waits for a second person in a fund, the oldest first. One query."""
    query = select(LargeContribution, Funder).join(Funder, Funder.id == LargeContribution.funder_id).order_by(LargeContribution.id)
    open_ = (LargeContribution.fund_id == fund.id, LargeContribution.done_at.is_(None), LargeContribution.dropped_at.is_(None))
    return [(row, funder) for row, funder in db.session.execute(query.where(*open_)).tuples()]


def by_ref(ref: str) -> tuple[LargeContribution, Fund, Funder]:
    """One, whatever became of it, with its fund and funder. NotFound."""
    query = select(LargeContribution, Fund, Funder).join(Fund, Fund.id == LargeContribution.fund_id).join(Funder, Funder.id == LargeContribution.funder_id)  # fmt: skip
    found = db.session.execute(query.where(LargeContribution.ref == ref).execution_options(populate_existing=True)).tuples().one_or_none()
    if found is None:
        raise NotFound(_("We cannot find that."))
    return found


def confirm(ref: str, actor: Actor) -> Pence:
    """The second person: it is in the books now; returns how much. A second tap of the same person changes nothing.

    Refused: the same person wrote it down, taken back or done by somebody else, the fund closed meanwhile.
    """
    with transaction():
        row, fund, funder = _locked(ref)
        if row.done_at is not None and row.done_by_id == actor.person_id:
            return row.amount
        if row.done_at is not None or row.dropped_at is not None:
            raise Refused(_("Nobody asks for this now. Look at the page again."))
        if row.asked_by_id == actor.person_id:
            raise Refused(_("You wrote this down. A second person must confirm it."))
        rounds.must_be_open(fund)
        row.done_by_id, row.done_at = actor.person_id, clock.now()
        first = Actor(row.asked_by_id)
        row.contribution_id = rounds.take_in(fund, funder, row.amount, row.received_on, row.reference, first).id
        record(f"fund:{fund.id}", "large_confirmed", actor, amount_asked=row.amount, funder=funder.name)
        return row.amount


def drop(ref: str, actor: Actor) -> None:
    """It was a mistake. Twice changes nothing. Refused: it is in the books meanwhile."""
    with transaction():
        row, fund, funder = _locked(ref)
        if row.done_at is not None:
            raise Refused(_("%(amount)s is in the books meanwhile. Take it back there.", amount=pounds(row.amount)))
        if row.dropped_at is None:
            row.dropped_at = clock.now()
            record(f"fund:{fund.id}", "large_dropped", actor, amount_asked=row.amount, funder=funder.name)


def _locked(ref: str) -> tuple[LargeContribution, Fund, Funder]:
    rounds.locked_fund(by_ref(ref)[0].fund_id)
    return by_ref(ref)
