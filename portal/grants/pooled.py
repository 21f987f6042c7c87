"""Several funders in one pot: whose money each promise is. The shares are frozen when the money is reserved; what is paid of it and what
comes back is told from them (`pooled_rules.part`), so that nothing has to be kept twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, Select, String, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.grants.model import Award, FloatRequest, Fund, Funder, Payment, QuickFloat
from portal.grants.pooled_model import FundDraw, FundShare
from portal.grants.pooled_rules import Position, part
from portal.grants.queries import FundFigures
from portal.grants.rules import shared_out
from portal.ledger import queries as books
from portal.ledger.model import Account, Entry, State, Transfer
from portal.money import Pence, pounds

ENDED = ("lapsed", "declined", "returned")  # awards that hold nothing
PROMISED = ("reserved", "conditions_open")  # that hold all they promise
DONE = ("paid", "reporting", "closed")  # that hold what was paid


# --- freezing ------------------------------------------------------------------------------------------------------------


def freeze(fund: Fund, taken: Award | FloatRequest) -> None:
    """Keep whose money it is that was taken from the pot, as a part of the action that has just posted it.

    After the post, because the post holds the pot's account until the action ends: nobody else takes from it or gives back meanwhile.
    """
    must_be_in_transaction()
    draw = FundDraw(fund_id=fund.id, amount=taken.amount, taken_on=clock.today())
    if isinstance(taken, Award):
        draw.award_id = taken.id
    else:
        draw.request_id = taken.id
    free = {code: at.left for code, at in positions(fund).items() if at.left > 0}
    db.session.add(draw)
    db.session.flush()
    ids = dict(db.session.execute(select(Funder.code, Funder.id)).tuples().all())
    so_far = 0
    for code, share in sorted(shared_out(taken.amount, free).items()):
        if share:
            so_far += share
            db.session.add(FundShare(draw_id=draw.id, funder_id=ids[code], amount=share, after=Pence(so_far)))
            db.session.flush()


# --- reading -------------------------------------------------------------------------------------------------------------


def positions(fund: Fund) -> Mapping[str, Position]:
    """Where each funder's money in a pot stands now, by code: all who ever put something in. Three queries."""
    return positions_in([fund])[fund.id]


def positions_in(funds: Collection[Fund]) -> Mapping[int, Mapping[str, Position]]:
    """`positions` of several pots, by their ids. Three queries."""
    ids = [fund.id for fund in funds]
    found: dict[int, defaultdict[str, Position]] = {id_: defaultdict(Position) for id_ in ids}
    for id_, code, what, amount in db.session.execute(_sums(ids)):
        setattr(found[id_][code], what, int(amount))
    partly = or_(Award.status == "ready_to_pay", and_(Award.status.in_(DONE), Award.paid < Award.amount))
    for award in _awards(FundDraw.fund_id.in_(ids), partly):
        for code, held, paid in award.split():
            found[award.fund_id][code].paid += paid
            found[award.fund_id][code].promised += held - paid
    for float_ in _floats(ids):
        for code, held, spent in float_.split():
            found[float_.fund_id][code].quick += spent
            found[float_.fund_id][code].floats += held - spent
    return {id_: {code: some[code] for code in sorted(some)} for id_, some in found.items()}


def figures(positions: Iterable[Position]) -> FundFigures:
    """Where the whole pot stands: its funders' money added up."""
    some = list(positions)
    return FundFigures(
        received=sum(each.given for each in some), free=sum(each.left for each in some), promised=sum(each.promised for each in some),
        paid=sum(each.paid + each.quick for each in some), in_floats=sum(each.floats for each in some), given_back=sum(each.back for each in some),
    )  # fmt: skip


@dataclass(frozen=True)
class Holder:
    """An award or a float: what it holds of the pot's money (pence), what of that has reached ideas, and whose its whole is."""

    fund_id: int
    held: int
    used: int
    shares: Mapping[str, int]

    def split(self) -> Iterator[tuple[str, int, int]]:
        """By funder: what of theirs is held, and what of that was used."""
        held, used = part(self.held, self.shares), part(self.used, self.shares)
        return ((code, held[code], used[code]) for code in self.shares)


@dataclass(frozen=True)
class ShareOf:
    """One funder's share of an award, in pence: at the offer, and what of it is paid and has gone back."""

    name: str
    amount: int
    paid: int
    back: int


def shares_of(award: Award) -> Sequence[ShareOf]:
    """Whose money an award is, by the funder's name; two queries."""
    holders = list(_awards(Award.id == award.id))
    names = funder_names()
    split = [(code, holder.shares[code], held, used) for holder in holders for code, held, used in holder.split()]
    return sorted((ShareOf(names[code], share, used, share - held) for code, share, held, used in split), key=lambda each: each.name)


def funder_names() -> Mapping[str, str]:
    """Names of all funders, by code."""
    return dict(db.session.execute(select(Funder.code, Funder.name)).tuples().all())


def _sums(funds: Collection[int]) -> Select[int, str, str, int]:
    """By pot and funder, in pence: what came in ("given") and went back ("back"); the shares of awards that hold all that they were
    promised, paid or not ("paid", "promised").
    """
    moved = union_all(_between(funds, "given"), _between(funds, "back"), _whole(funds)).subquery()
    return select(moved.c.fund_id, moved.c.code, moved.c.what, func.sum(moved.c.pence)).group_by(
        moved.c.fund_id, moved.c.code, moved.c.what
    )


def _between(funds: Collection[int], what: str) -> Select[int, str, str, int]:
    """What was entered wrongly and taken back never came."""
    funder, pot, mirror = aliased(Account), aliased(Account), aliased(Entry)
    side, other = (Transfer.debit_id, Transfer.credit_id) if what == "given" else (Transfer.credit_id, Transfer.debit_id)
    return (
        select(Fund.id.label("fund_id"), Funder.code.label("code"), literal(what).label("what"), Transfer.amount.label("pence"))
        .join_from(Funder, funder, funder.code == "funder:" + Funder.code)
        .join(Transfer, side == funder.id)
        .join(pot, pot.id == other)
        .join(Fund, pot.code == "fund:" + Fund.code + ":available")
        .join(Entry, Entry.id == Transfer.entry_id)
        .where(Fund.id.in_(funds), Entry.reverses_id.is_(None), ~select(mirror.id).where(mirror.reverses_id == Entry.id).exists())
    )


def _whole(funds: Collection[int]) -> Select[int, str, str, int]:
    paid = Award.status.in_(DONE)
    return (
        select(FundDraw.fund_id, Funder.code, case((paid, "paid"), else_="promised"), FundShare.amount)
        .join_from(Funder, FundShare, FundShare.funder_id == Funder.id)
        .join(FundDraw, FundDraw.id == FundShare.draw_id)
        .join(Award, Award.id == FundDraw.award_id)
        .where(FundDraw.fund_id.in_(funds), or_(Award.status.in_(PROMISED), and_(paid, Award.paid == Award.amount)))
    )


def _awards(*which: ColumnElement[bool]) -> Iterator[Holder]:
    """Awards with what they hold and whose it is. One query."""
    to_pay = (
        select(State.credits - State.debits)
        .join(Account, Account.id == State.account_id)
        .where(Account.code == "award:" + func.cast(Award.id, String) + ":payable")
        .scalar_subquery()
    )
    moving = select(func.sum(Payment.amount)).where(Payment.award_id == Award.id, Payment.status == "released").scalar_subquery()
    rows = db.session.execute(
        select(
            Award.id, Award.fund_id, Award.status, Award.amount, Award.paid, func.coalesce(to_pay, 0) + func.coalesce(moving, 0),
            Funder.code, FundShare.amount,
        )
        .join(FundDraw, FundDraw.award_id == Award.id)
        .join(FundShare, FundShare.draw_id == FundDraw.id)
        .join(Funder, Funder.id == FundShare.funder_id)
        .where(*which)
        .order_by(Award.id)
        .execution_options(yield_per=1000)
    )  # fmt: skip
    for _id, group in groupby(rows, key=lambda row: row[0]):
        some = list(group)
        _id, fund_id, status, amount, paid, waiting, _code, _share = some[0]
        held = 0 if status in ENDED else amount if status in PROMISED else paid + int(waiting)
        yield Holder(fund_id, held, paid if held else 0, {row[6]: row[7] for row in some})


def _floats(funds: Collection[int]) -> Iterator[Holder]:
    """Floats with what they hold, and whose it is. One query."""
    rows = db.session.execute(
        select(QuickFloat.id, QuickFloat.fund_id, QuickFloat.balance, QuickFloat.spent, Funder.code, func.sum(FundShare.amount))
        .join(FloatRequest, FloatRequest.float_id == QuickFloat.id)
        .join(FundDraw, FundDraw.request_id == FloatRequest.id)
        .join(FundShare, FundShare.draw_id == FundDraw.id)
        .join(Funder, Funder.id == FundShare.funder_id)
        .where(QuickFloat.fund_id.in_(funds))
        .group_by(QuickFloat.id, QuickFloat.fund_id, QuickFloat.balance, QuickFloat.spent, Funder.code)
        .order_by(QuickFloat.id)
    )
    for _id, group in groupby(rows, key=lambda row: row[0]):
        some = list(group)
        _id, fund_id, balance, spent, _code, _share = some[0]
        yield Holder(fund_id, balance + spent, spent, {row[4]: int(row[5]) for row in some})


# --- proof ---------------------------------------------------------------------------------------------------------------


def broken_caches() -> Iterator[str]:
    """Lines in words about money that is nobody's: promises without shares, pots whose funders do not add up. For the ledger check."""
    for id_ in db.session.scalars(select(Award.id).outerjoin(FundDraw, FundDraw.award_id == Award.id).where(FundDraw.id.is_(None))):
        yield f"award:{id_} does not say whose money it is"
    granted = select(FloatRequest.id).outerjoin(FundDraw, FundDraw.request_id == FloatRequest.id)
    for id_ in db.session.scalars(granted.where(FundDraw.id.is_(None), FloatRequest.status == "granted")):
        yield f"the float that was asked for in {id_} does not say whose money it is"
    for fund in db.session.scalars(select(Fund).order_by(Fund.id)).all():
        free, left = books.balance(f"fund:{fund.code}:available"), sum(each.left for each in positions(fund).values())
        if free != left:
            yield f"fund {fund.code} has {pounds(free)} free, its funders have {pounds(left)} left"
