"""A small part of named budgets goes into a fund each year: an officer proposes it from the budget's sum, a second person says yes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import queries, rounds
from portal.grants.model import Contribution, Fund, Funder
from portal.grants.pooled_model import SliceYear, TopSlice
from portal.grants.pooled_rules import sliced
from portal.history import Actor, record
from portal.money import Pence, pounds, year_bounds
from portal.refs import new_ref
from portal.words import _

LEAST, MOST = 10, 100  # basis points: 0.1 to 1 percent


@dataclass(frozen=True)
class Proposal:
    """A budget in one year: `row` is what was proposed for it, if something was, `contribution` what it became."""

    slice: TopSlice
    fund: Fund
    funder: Funder
    row: SliceYear | None
    contribution: Contribution | None


def of_year(year: str) -> Sequence[Proposal]:
    """Every budget that is in use, or was in this year, with what stands for the year; by name. One query."""
    rows = db.session.execute(
        select(TopSlice, Fund, Funder, SliceYear, Contribution)
        .join(Fund, Fund.id == TopSlice.fund_id)
        .join(Funder, Funder.id == TopSlice.funder_id)
        .outerjoin(SliceYear, and_(SliceYear.slice_id == TopSlice.id, SliceYear.year == year, SliceYear.dropped_at.is_(None)))
        .outerjoin(Contribution, Contribution.id == SliceYear.contribution_id)
        .where(TopSlice.ended_at.is_(None) | SliceYear.id.is_not(None))
        .order_by(TopSlice.name)
    )
    return [Proposal(*row) for row in rows]


def begin(name: str, rate: int, fund_code: str, funder_code: str, actor: Actor) -> str:
    """A budget that gives a part each year; returns its reference. `rate` in basis points.

    Refused: a rate outside 0.1 to 1 percent, the name is taken, a closed fund.
    """
    with transaction():
        if not LEAST <= rate <= MOST:
            raise Refused(_("Choose between 0.1 and 1 percent."), "rate")
        if db.session.scalar(select(TopSlice.id).where(TopSlice.name == name)) is not None:
            raise Refused(_("There is a budget with that name already. Choose another."), "name")
        fund = rounds.locked_fund(queries.fund_by_code(fund_code).id)
        rounds.must_be_open(fund)
        funder = db.session.scalar(select(Funder).where(Funder.code == funder_code))
        if funder is None:
            raise NotFound(_("We cannot find that funder."))
        row = TopSlice(
            ref=new_ref("TSL"),
            name=name,
            rate=rate,
            fund_id=fund.id,
            funder_id=funder.id,
            begun_by_id=actor.person_id,
            begun_at=clock.now(),
        )
        db.session.add(row)
        db.session.flush()
        record(f"top-slice:{row.id}", "begun", actor, name=name, rate=rate)
        return row.ref


def end(ref: str, actor: Actor) -> None:
    """It gives nothing any more. What came stays. Twice changes nothing. Refused: a proposal waits."""
    with transaction():
        one = _locked(ref)
        if one.ended_at is not None:
            return
        waits = select(SliceYear.id).where(
            SliceYear.slice_id == one.id, SliceYear.contribution_id.is_(None), SliceYear.dropped_at.is_(None)
        )
        if db.session.scalar(waits) is not None:
            raise Refused(_("A proposal of this budget waits for a yes. Take that back first."))
        one.ended_at = clock.now()
        record(f"top-slice:{one.id}", "ended", actor)


def propose(ref: str, year: str, budget: Pence, actor: Actor) -> str:
    """The first person says how large the budget is in a year; returns the proposal's reference. The same again gives the first one.

    Refused: an unknown year, one that is still ahead, nothing comes of so little, proposed already with another sum, ended.
    """
    with transaction():
        one = _locked(ref)
        try:
            first, _last = year_bounds(year)
        except ValueError as why:
            raise Refused(str(why), "year") from why
        if first > clock.today():
            raise Refused(_("That year is still ahead."), "year")
        if one.ended_at is not None:
            raise Refused(_("This budget gives nothing any more."))
        same = select(SliceYear).where(SliceYear.slice_id == one.id, SliceYear.year == year, SliceYear.dropped_at.is_(None))
        before = db.session.scalar(same)
        if before is not None and (before.budget, before.proposed_by_id) == (budget, actor.person_id):
            return before.ref
        if before is not None:
            raise Refused(_("%(amount)s of this budget stand for %(year)s already.", amount=pounds(before.amount), year=year))
        amount = sliced(budget, one.rate)
        if amount < 1:
            raise Refused(_("Nothing comes of so little. Check the sum of the budget."), "budget")
        row = SliceYear(
            ref=new_ref("SLY"), slice_id=one.id, year=year, budget=budget, rate=one.rate, amount=amount, proposed_by_id=actor.person_id,
            proposed_at=clock.now(),
        )  # fmt: skip
        db.session.add(row)
        record(f"top-slice:{one.id}", "proposed", actor, year=year, budget=budget, amount=amount)
        return row.ref


def drop(ref: str, actor: Actor) -> None:
    """The proposal is not wanted: the year is free again. Twice changes nothing. Refused: it is a contribution already."""
    with transaction():
        row, one = _locked_year(ref)
        if row.contribution_id is not None:
            raise Refused(_("This is a contribution already. Take it back on the page of the fund."))
        if row.dropped_at is None:
            row.dropped_at = clock.now()
            record(f"top-slice:{one.id}", "dropped", actor, year=row.year)


def say_yes(ref: str, actor: Actor) -> str:
    """The second person makes a contribution of a proposal, received today; returns its reference. Twice gives the same one.

    Refused: the same person proposed it, not wanted any more, a closed fund.
    """
    with transaction():
        row, one = _locked_year(ref)
        if row.contribution_id is not None:
            return db.session.get_one(Contribution, row.contribution_id).ref
        if row.dropped_at is not None:
            raise Refused(_("This proposal was taken back. Look at the list again."))
        if row.proposed_by_id == actor.person_id:
            raise Refused(_("You proposed this. A second person must say yes."))
        fund = rounds.locked_fund(one.fund_id)
        rounds.must_be_open(fund)
        came = rounds.take_in(
            fund,
            db.session.get_one(Funder, one.funder_id),
            row.amount,
            clock.today(),
            _("%(name)s, %(year)s", name=one.name, year=row.year),
            actor,
        )
        row.said_yes_by_id, row.contribution_id = actor.person_id, came.id
        record(f"top-slice:{one.id}", "said_yes", actor, year=row.year, ref=came.ref)
        return came.ref


def _locked(ref: str) -> TopSlice:
    found = db.session.scalar(select(TopSlice).where(TopSlice.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that budget."))
    return found


def _locked_year(ref: str) -> tuple[SliceYear, TopSlice]:
    id_ = db.session.scalar(select(TopSlice.ref).join(SliceYear, SliceYear.slice_id == TopSlice.id).where(SliceYear.ref == ref))
    if id_ is None:
        raise NotFound(_("We cannot find that proposal."))
    one = _locked(id_)
    row = db.session.scalars(
        select(SliceYear).where(SliceYear.ref == ref).with_for_update().execution_options(populate_existing=True)
    ).one()
    return row, one
