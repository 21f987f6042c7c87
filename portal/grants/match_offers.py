"""A funder adds to what neighbours raise in money: "we double what you raise, up to £2,000". A sum counts once it is checked and an officer
has seen its receipt; then the funder's money moves into the fund as a contribution, in the same transaction, and never over the cap.

Locks are taken in the order bid, line, fund, offer: whoever adds to one fund waits for the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Label, String, and_, func, or_, select

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.grants import apply, queries, rounds
from portal.grants.model import Application, Award, Contribution, Delivery, Fund, Funder, Photo, Round
from portal.grants.pooled_model import MatchOffer, OfferMatch
from portal.grants.pooled_rules import matched
from portal.grants.ties import must_not_be_their_own
from portal.history import Actor, record
from portal.money import Pence, pounds, round_pounds
from portal.refs import new_ref
from portal.words import _

STANDS = ("delivered", "checked")
MOST_LINES = 100


@dataclass(frozen=True)
class Offer:
    """An offer as it is shown; `here` is what it added for one idea, in pence."""

    offer: MatchOffer
    fund: Fund
    funder: str
    round: str | None
    here: int = 0

    @property
    def words(self) -> str:
        """What it does, in a sentence."""
        values = {"name": self.funder, "cap": round_pounds(self.offer.cap), "so_far": round_pounds(self.offer.given)}
        if self.offer.ratio == 10_000:
            return _("%(name)s doubles what you raise, up to %(cap)s: %(so_far)s so far.", **values)
        each = round_pounds(self.offer.ratio // 100)
        return _("%(name)s adds %(each)s for each £1 that you raise, up to %(cap)s: %(so_far)s so far.", each=each, **values)


@dataclass(frozen=True)
class Raised:
    """A sum that neighbours of an idea raised; `match` is what an offer added for it, if one did."""

    line: Delivery
    bid_ref: str
    title: str
    receipt: str | None  # the reference of its photo
    match: OfferMatch | None


# --- the offer -----------------------------------------------------------------------------------------------------------


def offer(funder_code: str, fund_code: str, round_ref: str, ratio: int, cap: Pence, first_day: date, last_day: date, actor: Actor) -> str:
    """Write down a funder's offer for a fund, or for one round of it (an empty `round_ref`: all); returns its reference. `ratio` in basis
    points. Refused: no ratio, no cap, days out of order, a closed fund.
    """
    with transaction():
        if not 1 <= ratio <= 100_000:
            raise Refused(_("Say how much is added for each £1, between 1p and £10."), "ratio")
        if cap < 1:
            raise Refused(_("Write the most that is added in all."), "cap")
        if last_day < first_day:
            raise Refused(_("The last day must come after the first."), "last_day")
        fund = rounds.locked_fund(queries.fund_by_code(fund_code).id)
        rounds.must_be_open(fund)
        round_ = queries.round_by_ref(round_ref) if round_ref else None
        if round_ is not None and round_.fund_id != fund.id:
            raise Refused(_("That round belongs to another fund."), "where")
        funder = db.session.scalar(select(Funder).where(Funder.code == funder_code))
        if funder is None:
            raise NotFound(_("We cannot find that funder."))
        row = MatchOffer(
            ref=new_ref("MTO"), fund_id=fund.id, round_id=round_.id if round_ else None, funder_id=funder.id, ratio=ratio, cap=cap, given=Pence(0),
            first_day=first_day, last_day=last_day, entered_by_id=actor.person_id, entered_at=clock.now(),
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        record(f"match-offer:{row.id}", "offered", actor, cap=cap, ratio=ratio, funder=funder.name)
        return row.ref


def end(ref: str, actor: Actor) -> None:
    """It adds nothing any more. What came stays. Twice changes nothing."""
    with transaction():
        row = db.session.scalars(select(MatchOffer).where(MatchOffer.id == by_ref(ref).offer.id).with_for_update()).one()
        if row.ended_at is None:
            row.ended_at = clock.now()
            record(f"match-offer:{row.id}", "ended", actor)


# --- adding --------------------------------------------------------------------------------------------------------------


def follow(application: Application, line: Delivery, actor: Actor) -> Pence:
    """An officer has just checked a line: when it is money, its receipt is there, and it is not their own, an offer adds to it.
    As a part of that action, which has locked the bid and the line; returns how much, often nothing.
    """
    if line.kind != "cash" or _receipt(line) is None:
        return Pence(0)
    try:
        must_not_be_their_own([application], actor)
    except Refused:
        return Pence(0)  # a colleague looks at it on the offer's page
    return _add(application, line, actor)


def give(bid_ref: str, line_ref: str, actor: Actor) -> Pence:
    """An officer has seen the receipt of a sum that is checked: the offer adds to it; returns how much. A second tap adds nothing.

    Refused: not money, not checked, no receipt, one's own, written down by oneself, no offer that is open has anything left.
    """
    with transaction():
        application = apply.locked(bid_ref)
        line = db.session.scalar(
            select(Delivery)
            .join(Award, Award.id == Delivery.award_id)
            .where(Delivery.ref == line_ref, Award.application_id == application.id)
            .with_for_update(of=Delivery)
            .execution_options(populate_existing=True)
        )
        if line is None:
            raise NotFound(_("We cannot find that line."))
        must_not_be_their_own([application], actor)
        if (before := _standing(line)) is not None:
            return before.amount
        if line.kind != "cash" or line.status != "checked":
            raise Refused(_("Only money that is checked counts. Look at the match page of this idea."))
        if line.entered_by == actor.code:
            raise Refused(_("You wrote this down yourself. A colleague must see the receipt."))
        if _receipt(line) is None:
            raise Refused(_("There is no receipt yet. Ask them for a photo of it."))
        if not (added := _add(application, line, actor)):
            raise Refused(_("No offer that is open has anything left for this."))
        return added


def undo(line: Delivery, reason: str, actor: Actor) -> None:
    """A line was taken back: what an offer added for it goes back to the funder, as a part of that action. Refused: promised meanwhile."""
    must_be_in_transaction()
    found = _standing(line)
    if found is None:
        return
    came = db.session.get_one(Contribution, found.contribution_id)
    rounds.take_out(came.ref, reason, actor)
    row = db.session.scalars(
        select(MatchOffer).where(MatchOffer.id == found.offer_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    found.undone_at, row.given = clock.now(), Pence(row.given - found.amount)
    record(f"match-offer:{row.id}", "undone", actor, reason=reason, amount=found.amount)


def _add(application: Application, line: Delivery, actor: Actor) -> Pence:
    fund = rounds.locked_fund(application.round.fund_id)
    if fund.closed_at is not None or _standing(line) is not None:
        return Pence(0)
    open_ = (
        MatchOffer.ended_at.is_(None),
        MatchOffer.given < MatchOffer.cap,
        MatchOffer.first_day <= line.day,
        MatchOffer.last_day >= line.day,
    )
    found = select(MatchOffer).where(*open_, _reaches(application)).order_by(MatchOffer.id).limit(1).with_for_update()
    row = db.session.scalar(found.execution_options(populate_existing=True))
    amount = matched(line.value, row.ratio, row.cap - row.given) if row is not None else Pence(0)
    if row is None or not amount:
        return Pence(0)
    funder = db.session.get_one(Funder, row.funder_id)
    came = rounds.take_in(fund, funder, amount, clock.today(), _("For what neighbours raised: %(ref)s", ref=application.ref), actor)
    db.session.add(
        OfferMatch(
            offer_id=row.id, delivery_id=line.id, raised=line.value, amount=amount, contribution_id=came.id, seen_by_id=actor.person_id, seen_at=clock.now()
        )
    )  # fmt: skip
    row.given = Pence(row.given + amount)
    db.session.flush()
    record(f"match-offer:{row.id}", "added", actor, amount=amount, line=line.ref, ref=came.ref)
    return amount


def _reaches(application: Application) -> ColumnElement[bool]:
    of_round = or_(MatchOffer.round_id.is_(None), MatchOffer.round_id == application.round_id)
    return and_(MatchOffer.fund_id == application.round.fund_id, of_round)


def _standing(line: Delivery) -> OfferMatch | None:
    return db.session.scalar(select(OfferMatch).where(OfferMatch.delivery_id == line.id, OfferMatch.undone_at.is_(None)))


def _receipt(line: Delivery) -> str | None:
    return db.session.scalar(select(Photo.ref).where(Photo.about == f"delivery:{line.id}").limit(1))


# --- reading -------------------------------------------------------------------------------------------------------------


def _offers(*which: ColumnElement[bool]) -> Sequence[Offer]:
    rows = db.session.execute(
        select(MatchOffer, Fund, Funder.name, Round.name)
        .join(Fund, Fund.id == MatchOffer.fund_id)
        .join(Funder, Funder.id == MatchOffer.funder_id)
        .outerjoin(Round, Round.id == MatchOffer.round_id)
        .where(*which)
        .order_by(MatchOffer.id.desc())
        .limit(100)
    )
    return [Offer(*row) for row in rows]


def all_offers() -> Sequence[Offer]:
    """Every offer, the newest first. One query."""
    return _offers()


def by_ref(ref: str) -> Offer:
    """One offer. NotFound."""
    found = _offers(MatchOffer.ref == ref)
    if not found:
        raise NotFound(_("We cannot find that offer."))
    return found[0]


def offers_for(application: Application) -> Sequence[Offer]:
    """Offers that are open for an idea today. One query."""
    today = clock.today()
    return _offers(MatchOffer.ended_at.is_(None), MatchOffer.first_day <= today, MatchOffer.last_day >= today, _reaches(application))


def added_to_bid() -> tuple[Label[int], Label[str]]:
    """Pence that offers added to the fund for a bid, and the names of those funders, as a part of a query of bids; for everybody to read."""
    each = (
        select(Award.application_id.label("bid_id"), Funder.name.label("name"), func.sum(OfferMatch.amount).label("pence"))
        .join_from(OfferMatch, MatchOffer, MatchOffer.id == OfferMatch.offer_id)
        .join(Funder, Funder.id == MatchOffer.funder_id)
        .join(Delivery, Delivery.id == OfferMatch.delivery_id)
        .join(Award, Award.id == Delivery.award_id)
        .where(OfferMatch.undone_at.is_(None))
        .group_by(Award.application_id, Funder.name)
        .subquery()
    )
    pence = select(func.coalesce(func.sum(each.c.pence), 0)).where(each.c.bid_id == Application.id).correlate(Application)
    names = select(func.aggregate_strings(each.c.name, ", ")).where(each.c.bid_id == Application.id).correlate(Application)
    return pence.scalar_subquery().label("added"), names.scalar_subquery().label("added_by")


def raised_under(one: Offer) -> Sequence[Raised]:
    """Money that neighbours raised in an offer's days for the ideas that it reaches: what waits first, then what was added. One query."""
    row = one.offer
    receipt = select(func.min(Photo.ref)).where(Photo.about == "delivery:" + func.cast(Delivery.id, String)).scalar_subquery()
    standing = and_(OfferMatch.delivery_id == Delivery.id, OfferMatch.undone_at.is_(None))
    reached = Round.fund_id == row.fund_id if row.round_id is None else Round.id == row.round_id
    found = db.session.execute(
        select(Delivery, Application.ref, Application.title, receipt, OfferMatch)
        .join(Award, Award.id == Delivery.award_id)
        .join(Application, Application.id == Award.application_id)
        .join(Round, Round.id == Application.round_id)
        .outerjoin(OfferMatch, standing)
        .where(Delivery.kind == "cash", Delivery.status.in_(STANDS), reached, Delivery.day.between(row.first_day, row.last_day))
        .where(or_(OfferMatch.id.is_(None), OfferMatch.offer_id == row.id))
        .order_by(OfferMatch.id.is_not(None), Delivery.id.desc())
        .limit(MOST_LINES)
    )
    return [Raised(*each) for each in found]


# --- proof ---------------------------------------------------------------------------------------------------------------


def broken_caches() -> Iterator[str]:
    """Lines in words about offers whose sum is not that of what they added, and matches that no contribution carries. For the ledger check."""
    added = select(OfferMatch.offer_id, func.sum(OfferMatch.amount).label("amount")).where(OfferMatch.undone_at.is_(None))
    sums = added.group_by(OfferMatch.offer_id).subquery()
    rows = select(MatchOffer.ref, MatchOffer.given, func.coalesce(sums.c.amount, 0)).outerjoin(sums, sums.c.offer_id == MatchOffer.id)
    for ref, given, together in db.session.execute(rows.where(MatchOffer.given != func.coalesce(sums.c.amount, 0))):
        yield f"offer {ref} says {pounds(given)} was added, its matches say {pounds(int(together))}"
    wrong = (
        select(OfferMatch.id)
        .join(MatchOffer, MatchOffer.id == OfferMatch.offer_id)
        .join(Contribution, Contribution.id == OfferMatch.contribution_id)
        .where(
            or_(
                Contribution.amount != OfferMatch.amount,
                Contribution.funder_id != MatchOffer.funder_id,
                Contribution.fund_id != MatchOffer.fund_id,
            )
        )
    )
    for id_ in db.session.scalars(wrong):
        yield f"match {id_} of an offer is not what its contribution says"
