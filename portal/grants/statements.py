"""What became of a funder's money, by financial year and fund: read from the books line by line, not from the sums that pages keep.

Each promise is told by its frozen shares (`pooled_rules.part`), so that a year's figures are those of its last day less those of the
year before, and all years together are where the money stands now.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, case, func, literal, select, union_all
from sqlalchemy.orm import aliased

from portal.db import db
from portal.errors import NotFound
from portal.grants.model import Application, Award, FloatRequest, Fund, Funder, Payment, QuickFloat, QuickSpark, Refund
from portal.grants.pooled import ENDED, funder_names, positions_in
from portal.grants.pooled_model import FundDraw, FundShare
from portal.grants.pooled_rules import Position, part
from portal.ledger.model import Account, Entry, Transfer
from portal.money import financial_year, pounds
from portal.words import _

MOST_IDEAS = 200


@dataclass
class Year:
    """One financial year of a funder's money in one fund, in pence. `left`: on its last day, or now."""

    year: str
    fund: Fund
    came: int = 0
    back: int = 0
    promised: int = 0
    returned: int = 0  # from what had been promised or paid
    paid: int = 0  # less what came back
    left: int = 0
    covers: int = 0  # of what is theirs, what stands in for a funder who is short now (`pooled_rules.free_of`): not in `left`


@dataclass(frozen=True)
class Idea:
    """An idea that a funder's money helped: their share of its grant, in pence."""

    ref: str
    title: str
    fund: str
    taken_on: date
    share: int
    grant: int


@dataclass
class _Story:
    """What happened to an award or a float: (day, pence, shares) taken, (day, pence) come back and (day, pence) used."""

    taken: list[tuple[date, dict[str, int]]] = field(default_factory=list)
    returned: list[tuple[date, int]] = field(default_factory=list)
    used: list[tuple[date, int]] = field(default_factory=list)

    def at(self, year: str, code: str) -> tuple[int, int, int]:
        """One funder's pence at the end of a year: ever taken, held, used."""
        shares: defaultdict[str, int] = defaultdict(int)
        for day, some in self.taken:
            if financial_year(day) <= year:
                for name, pence in some.items():
                    shares[name] += pence
        if code not in shares:
            return 0, 0, 0
        whole = sum(shares.values())
        held = whole - sum(pence for day, pence in self.returned if financial_year(day) <= year)
        used = sum(pence for day, pence in self.used if financial_year(day) <= year)
        return shares[code], part(min(max(held, 0), whole), shares)[code], part(min(max(used, 0), whole), shares)[code]

    def years(self) -> Collection[str]:
        return {financial_year(each[0]) for each in (*self.taken, *self.returned, *self.used)}


def funder_by_code(code: str) -> Funder:
    """One funder. NotFound."""
    found = db.session.scalar(select(Funder).where(Funder.code == code))
    if found is None:
        raise NotFound(_("We cannot find that funder."))
    return found


def totals() -> Mapping[str, Position]:
    """Where each funder's money stands now in all pots together, by code. Four queries."""
    found: defaultdict[str, Position] = defaultdict(Position)
    for some in positions_in(db.session.scalars(select(Fund)).all()).values():
        for code, at in some.items():
            mine = found[code]
            for name in vars(at):
                setattr(mine, name, getattr(mine, name) + getattr(at, name))
    return found


def years_of(funder: Funder) -> Sequence[Year]:
    """The whole statement, the newest year first, then by the fund's name. Six queries, whatever happened."""
    funds = {fund.id: fund for fund in db.session.scalars(select(Fund).order_by(Fund.name))}
    found: dict[tuple[str, int], Year] = {}

    def line(year: str, fund_id: int) -> Year:
        return found.setdefault((year, fund_id), Year(year, funds[fund_id]))

    for fund_id, day, came, back in db.session.execute(_flows(funder)):
        each = line(financial_year(day), fund_id)
        each.came, each.back = each.came + int(came), each.back + int(back)
    for fund_id, story in _stories(funder):
        before = (0, 0, 0)
        for year in sorted(story.years()):
            now = story.at(year, funder.code)
            each, taken = line(year, fund_id), now[0] - before[0]
            each.promised += taken
            each.returned += taken - (now[1] - before[1])
            each.paid += now[2] - before[2]
            before = now
    left: defaultdict[int, int] = defaultdict(int)
    for (_year, fund_id), each in sorted(found.items()):
        left[fund_id] += each.came - each.back - each.promised + each.returned
        each.left = left[fund_id]
    newest = {fund_id: each for (_year, fund_id), each in sorted(found.items())}
    for fund_id, some in positions_in([each.fund for each in newest.values()]).items():
        newest[fund_id].covers = some.get(funder.code, Position()).covers
        newest[fund_id].left -= newest[fund_id].covers
    order = {id_: place for place, id_ in enumerate(funds)}
    by_fund = sorted(
        (each for each in found.values() if any(vars(each)[name] for name in ("came", "back", "promised", "returned", "paid"))),
        key=lambda each: order[each.fund.id],
    )
    return sorted(by_fund, key=lambda each: each.year, reverse=True)


def ideas_of(funder: Funder, first: date, last: date) -> Sequence[Idea]:
    """Ideas that were promised a share of a funder's money on these days and did not give it back, the newest first."""
    rows = db.session.execute(
        select(Award.ref, Application.title, Fund.name, FundDraw.taken_on, FundShare.amount, Award.amount)
        .join_from(FundShare, FundDraw, FundDraw.id == FundShare.draw_id)
        .join(Award, Award.id == FundDraw.award_id)
        .join(Application, Application.id == Award.application_id)
        .join(Fund, Fund.id == Award.fund_id)
        .where(FundShare.funder_id == funder.id, FundDraw.taken_on.between(first, last), Award.status.not_in(ENDED))
        .order_by(FundDraw.id.desc())
        .limit(MOST_IDEAS)
    )
    return [Idea(*row) for row in rows]


# --- the books -----------------------------------------------------------------------------------------------------------


def _flows(funder: Funder) -> Select[Any]:
    """By fund and day: what came in (less what was entered wrongly), and what went back."""
    mine, pot = aliased(Account), aliased(Account)
    parts = []
    for came, side, other in ((True, Transfer.debit_id, Transfer.credit_id), (False, Transfer.credit_id, Transfer.debit_id)):
        wrong = Entry.reverses_id.is_not(None)
        into = Transfer.amount if came else case((wrong, -Transfer.amount), else_=0)
        back = literal(0) if came else case((wrong, 0), else_=Transfer.amount)
        parts.append(
            select(Fund.id.label("fund_id"), Entry.effective_on.label("day"), into.label("came"), back.label("back"))
            .join_from(mine, Transfer, side == mine.id)
            .join(pot, pot.id == other)
            .join(Fund, pot.code == "fund:" + Fund.code + ":available")
            .join(Entry, Entry.id == Transfer.entry_id)
            .where(mine.code == f"funder:{funder.code}")
        )
    moved = union_all(*parts).subquery()
    return select(moved.c.fund_id, moved.c.day, func.sum(moved.c.came), func.sum(moved.c.back)).group_by(moved.c.fund_id, moved.c.day)


def _stories(funder: Funder) -> Iterator[tuple[int, _Story]]:
    """Every award and float that took a share of this funder's money, with the fund that it took it from. Three queries."""
    mine = select(FundShare.draw_id).where(FundShare.funder_id == funder.id)
    found: dict[str, tuple[int, _Story]] = {}
    draws: dict[int, dict[str, int]] = {}
    for draw_id, fund_id, award_id, float_id, day, code, amount in db.session.execute(
        select(FundDraw.id, FundDraw.fund_id, FundDraw.award_id, FloatRequest.float_id, FundDraw.taken_on, Funder.code, FundShare.amount)
        .join_from(FundDraw, FundShare, FundShare.draw_id == FundDraw.id)
        .join(Funder, Funder.id == FundShare.funder_id)
        .outerjoin(FloatRequest, FloatRequest.id == FundDraw.request_id)
        .where((FundDraw.id.in_(mine)) | (FundDraw.request_id.is_not(None)))  # a float's shares are those of all its grants
        .order_by(FundDraw.id)
    ):
        about = f"award:{award_id}" if award_id else f"quick-float:{float_id}"
        story = found.setdefault(about, (fund_id, _Story()))[1]
        if draw_id not in draws:
            draws[draw_id] = {}
            story.taken.append((day, draws[draw_id]))
        draws[draw_id][code] = amount
    funds = {fund_id for fund_id, _story in found.values()}
    for about, day, pence in db.session.execute(_returned(funds)):
        if about in found:
            found[about][1].returned.append((day, int(pence)))
    for about, day, pence in _used(funds):
        if about in found:
            found[about][1].used.append((day, pence))
    yield from found.values()


def _returned(funds: Collection[int]) -> Select[str, date, int]:
    pot = aliased(Account)
    return (
        select(Entry.about, Entry.effective_on, func.sum(Transfer.amount))
        .join_from(Fund, pot, pot.code == "fund:" + Fund.code + ":available")
        .join(Transfer, Transfer.credit_id == pot.id)
        .join(Entry, Entry.id == Transfer.entry_id)
        .where(Fund.id.in_(funds), Entry.about.startswith("award:") | Entry.about.startswith("quick-float:"))
        .group_by(Entry.about, Entry.effective_on)
    )


def _used(funds: Collection[int]) -> Iterator[tuple[str, date, int]]:
    """What has reached ideas from these pots, less what came back of it, summed up by day: (about, day, pence). One query."""
    arrived, award, spark = Payment.settled_on.is_not(None), Award.fund_id.in_(funds), QuickFloat.fund_id.in_(funds)
    settled = select(
        literal("award:").label("what"), Payment.award_id.label("id"), Payment.settled_on.label("day"), Payment.amount.label("pence")
    )
    sparks = QuickFloat, QuickFloat.id == QuickSpark.float_id
    moved = union_all(
        settled.join(Award, Award.id == Payment.award_id).where(arrived, award),
        select(literal("award:"), Payment.award_id, Payment.bounced_on, -Payment.amount)
        .join(Award, Award.id == Payment.award_id).where(arrived, Payment.status == "bounced", award),
        select(literal("award:"), Refund.award_id, Refund.received_on, -Refund.amount).join(Award, Award.id == Refund.award_id).where(award),
        select(literal("quick-float:"), QuickSpark.float_id, QuickSpark.spent_on, QuickSpark.amount).join(*sparks).where(spark),
        select(literal("quick-float:"), QuickSpark.float_id, QuickSpark.reversed_on, -QuickSpark.amount).join(*sparks).where(QuickSpark.reversed_on.is_not(None), spark),
    ).subquery()  # fmt: skip
    by = (moved.c.what, moved.c.id, moved.c.day)
    rows = db.session.execute(select(*by, func.sum(moved.c.pence)).group_by(*by))
    return ((f"{what}{id_}", day, int(pence)) for what, id_, day, pence in rows)


# --- proof ---------------------------------------------------------------------------------------------------------------


def broken_caches() -> Iterator[str]:
    """Lines in words about funders whose statement, read from the books, is not where the pots say that their money stands."""
    now = totals()
    for code, name in sorted(funder_names().items()):
        lines, at = years_of(funder_by_code(code)), now.get(code, Position())
        left = sum(each.came - each.back - each.promised + each.returned for each in lines)
        paid = sum(each.paid for each in lines)
        if left != at.bare or paid != at.paid + at.quick:
            yield f"the statement of {name} says {pounds(left)} left and {pounds(paid)} paid, the pots say {pounds(at.bare)} and {pounds(at.paid + at.quick)}"
