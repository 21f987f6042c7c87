"""Several funders in one pot: whose money each promise is. The shares are frozen when the money is reserved; what is paid of it and what
comes back is told from them (`pooled_rules.part`), so that nothing has to be kept twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.errors import Conflict
from portal.grants.model import Award, FloatRequest, Fund, Funder, Payment, QuickFloat
from portal.grants.pooled_model import FundDraw, FundShare
from portal.grants.pooled_rules import Position, free_of, part
from portal.grants.queries import FundFigures
from portal.grants.rules import shared_out
from portal.ledger import queries as books
from portal.ledger.model import Account, Entry, State, Transfer
from portal.money import Pence, pounds
from portal.words import _

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
    free = {code: at.left for code, at in held_positions(fund, taken.amount).items() if at.left > 0}
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
    """Where each funder's money in a pot stands now, by code: all who ever put something in. One query."""
    return positions_in([fund])[fund.id]


def positions_in(funds: Collection[Fund]) -> Mapping[int, Mapping[str, Position]]:
    """`positions` of several pots, by their ids. One query: in two, an award that is paid between them would be in both, or in none."""
    ids = [fund.id for fund in funds]
    found: dict[int, defaultdict[str, Position]] = {id_: defaultdict(Position) for id_ in ids}
    partly = or_(Award.status == "ready_to_pay", and_(Award.status.in_(DONE), Award.paid < Award.amount))
    rows = union_all(_sums(ids), _awards(FundDraw.fund_id.in_(ids), partly), _floats(ids)).subquery()
    order = (rows.c.what, rows.c.id, rows.c.fund_id)
    for (what, id_, fund_id), group in groupby(db.session.execute(select(rows).order_by(*order)), key=lambda row: tuple(row[:3])):
        if id_ == 0:
            for row in group:
                at = found[fund_id][row.code]
                setattr(at, what, getattr(at, what) + int(row.pence))
            continue
        for code, held, used in _holder(list(group)).split():
            at = found[fund_id][code]
            if what == "float":
                at.quick, at.floats = at.quick + used, at.floats + held - used
            else:
                at.paid, at.promised = at.paid + used, at.promised + held - used
    for some in found.values():
        free = free_of(bare := {code: at.bare for code, at in some.items()})
        for code, at in some.items():
            at.covers = bare[code] - free.get(code, 0)
    return {id_: {code: some[code] for code in sorted(some)} for id_, some in found.items()}


def free_before(found: Mapping[str, Position], funder: Funder, amount: int) -> int:
    """What of a funder's money was free before `amount` (pence) of it went out; `found`: positions that show that it did."""
    bare = {code: at.bare for code, at in found.items()}
    return free_of({**bare, funder.code: bare.get(funder.code, 0) + amount}).get(funder.code, Pence(0))


def held_positions(fund: Fund, taken: int) -> Mapping[str, Position]:
    """`positions`, to judge by: after a post of this action, which holds the pot's account and took `taken` (pence) that no funder's position
    shows yet. Conflict: they are not what the pot holds.
    """
    found = positions(fund)
    if sum(each.left for each in found.values()) != books.balance(f"fund:{fund.code}:available") + taken:
        raise moved_meanwhile()
    return found


def moved_meanwhile() -> Conflict:
    """The sums that an action judges by are not those of the pot."""
    return Conflict(_("Somebody moved money meanwhile. Try again."))


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
    """Whose money an award is, by the funder's name; two queries at most."""
    rows = db.session.execute(_awards(Award.id == award.id)).all()
    if not rows:
        return []
    names, holder = funder_names(), _holder(rows)
    split = [(code, holder.shares[code], held, used) for code, held, used in holder.split()]
    return sorted((ShareOf(names[code], share, used, share - held) for code, share, held, used in split), key=lambda each: each.name)


def funder_names() -> Mapping[str, str]:
    """Names of all funders, by code."""
    return dict(db.session.execute(select(Funder.code, Funder.name)).tuples().all())


def _sums(funds: Collection[int]) -> Any:
    """By pot and funder, in pence: what came in ("given") and went back ("back"); the shares of awards that hold all that they were
    promised, paid or not ("paid", "promised"). In the columns of `_awards`, with the id 0.
    """
    moved = union_all(_between(funds, "given"), _between(funds, "back"), _whole(funds)).subquery()
    nothing = [literal(0).label(name) for name in ("held", "used")]
    return select(
        moved.c.what, literal(0).label("id"), moved.c.fund_id, moved.c.code, func.sum(moved.c.pence).label("pence"), *nothing
    ).group_by(moved.c.fund_id, moved.c.code, moved.c.what)


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


def _awards(*which: ColumnElement[bool]) -> Any:
    """Awards with what they hold and have used, a row for each funder with their share of the whole."""
    to_pay = (
        select(State.credits - State.debits)
        .join(Account, Account.id == State.account_id)
        .where(Account.code == "award:" + func.cast(Award.id, String) + ":payable")
        .scalar_subquery()
    )
    moving = select(func.sum(Payment.amount)).where(Payment.award_id == Award.id, Payment.status == "released").scalar_subquery()
    waiting = func.coalesce(to_pay, 0) + func.coalesce(moving, 0)
    held = case((Award.status.in_(ENDED), 0), (Award.status.in_(PROMISED), Award.amount), else_=Award.paid + waiting)
    return (
        select(
            literal("award").label("what"), Award.id.label("id"), Award.fund_id.label("fund_id"), Funder.code.label("code"),
            FundShare.amount.label("pence"), held.label("held"), case((Award.status.in_(ENDED), 0), else_=Award.paid).label("used"),
        )
        .join(FundDraw, FundDraw.award_id == Award.id)
        .join(FundShare, FundShare.draw_id == FundDraw.id)
        .join(Funder, Funder.id == FundShare.funder_id)
        .where(*which)
    )  # fmt: skip


def _floats(funds: Collection[int]) -> Any:
    """Floats with what they hold and have used, in the columns of `_awards`."""
    return (
        select(
            literal("float").label("what"), QuickFloat.id.label("id"), QuickFloat.fund_id.label("fund_id"), Funder.code.label("code"),
            func.sum(FundShare.amount).label("pence"), (QuickFloat.balance + QuickFloat.spent).label("held"), QuickFloat.spent.label("used"),
        )
        .join(FloatRequest, FloatRequest.float_id == QuickFloat.id)
        .join(FundDraw, FundDraw.request_id == FloatRequest.id)
        .join(FundShare, FundShare.draw_id == FundDraw.id)
        .join(Funder, Funder.id == FundShare.funder_id)
        .where(QuickFloat.fund_id.in_(funds))
        .group_by(QuickFloat.id, QuickFloat.fund_id, QuickFloat.balance, QuickFloat.spent, Funder.code)
    )  # fmt: skip


def _holder(rows: Sequence[Any]) -> Holder:
    return Holder(int(rows[0].held), int(rows[0].used), {row.code: int(row.pence) for row in rows})


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
