"""Reading funds, rounds and bids."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, func, literal, or_, select, true, union_all
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db
from portal.errors import NotFound
from portal.grants import kept
from portal.grants.model import (
    Appeal,
    Application,
    Award,
    Closing,
    Contribution,
    Delivery,
    Fund,
    Funder,
    MoreAsked,
    Payment,
    Photo,
    Pledge,
    QuickFloat,
    Receipt,
    Report,
    Round,
    Snapshot,
)
from portal.grants.pooled_model import Withdrawal
from portal.grants.rules import Meter, PledgeFact, RoundRules, meter, opens_next_rung
from portal.history import Event
from portal.ledger import queries as books
from portal.money import Pence
from portal.people.model import Person
from portal.words import _

PRIVATE = ("decided", "decision_undone")  # events of a bid that nobody outside hears of before the letters go out
SAID_YES = ("confirmed", "delivered", "checked")  # pledges
UNDER_WAY = ("draft", "sent", "more_asked", "with_panel", "decided", "offered", "accepted")
ENDED = ("withdrawn", "declined", "ineligible")
NEVER_OFFERED_NOW = or_(Application.reserve_place.is_(None), Application.round_id.in_(select(Round.id).where(Round.status == "finished")))
# bids of which nothing comes. Who has a place on a reserve list waits until the round is finished
OVER = or_(Application.status.in_(ENDED), and_(Application.status == "lapsed", NEVER_OFFERED_NOW))


def is_over(application: Application) -> bool:
    """Whether nothing comes of one bid: `OVER` for one with its round at hand."""
    never_now = application.reserve_place is None or application.round.status == "finished"
    return application.status in ENDED or (application.status == "lapsed" and never_now)


def funds() -> Sequence[Fund]:
    """All funds, by name."""
    return db.session.scalars(select(Fund).order_by(Fund.name)).all()


def open_funds() -> Sequence[Fund]:
    """Funds that are not closed, by name."""
    return db.session.scalars(select(Fund).where(Fund.closed_at.is_(None)).order_by(Fund.name)).all()


def fund_by_code(code: str) -> Fund:
    """One fund. NotFound."""
    found = db.session.scalar(select(Fund).where(Fund.code == code))
    if found is None:
        raise NotFound(_("We cannot find that fund."))
    return found


def funders() -> Sequence[Funder]:
    """All funders, by name."""
    return db.session.scalars(select(Funder).order_by(Funder.name)).all()


@dataclass(frozen=True)
class FundFigures:
    """Where a fund's money stands, in pence: what came in, what is free, promised, in floats, paid (quick sparks too) and given back."""

    received: int
    free: int
    promised: int
    paid: int
    in_floats: int = 0
    given_back: int = 0  # to the funders, when it was closed or one of them took money out


def figures_of(*some: Fund) -> Mapping[int, FundFigures]:
    """Fund id → figures from the books: free is the fund's account; promised and paid are its awards and quick sparks. Three queries."""
    free, ids = books.balances(f"fund:{fund.code}:available" for fund in some), [fund.id for fund in some]
    promised = func.sum(Award.amount).filter(Award.status.in_(("reserved", "conditions_open", "ready_to_pay")))
    awards = {
        fund_id: (int(promised or 0), int(paid or 0))
        for fund_id, promised, paid in db.session.execute(
            select(Award.fund_id, promised, func.sum(Award.paid)).where(Award.fund_id.in_(ids)).group_by(Award.fund_id)
        )
    }
    others = union_all(
        select(QuickFloat.fund_id, QuickFloat.balance, QuickFloat.spent, literal(0).label("back")).where(QuickFloat.fund_id.in_(ids)),
        select(Closing.fund_id, literal(0), literal(0), Closing.amount).where(Closing.fund_id.in_(ids)),
        select(Withdrawal.fund_id, literal(0), literal(0), Withdrawal.amount).where(
            Withdrawal.fund_id.in_(ids), Withdrawal.done_at.is_not(None)
        ),
    ).subquery()
    beside = {
        fund_id: (int(held), int(spent), int(back))
        for fund_id, held, spent, back in db.session.execute(
            select(others.c.fund_id, func.sum(others.c.balance), func.sum(others.c.spent), func.sum(others.c.back)).group_by(
                others.c.fund_id
            )
        )
    }
    found = {}
    for fund in some:
        left, (due, paid) = free[f"fund:{fund.code}:available"], awards.get(fund.id, (0, 0))
        held, spent, back = beside.get(fund.id, (0, 0, 0))
        received = left + due + paid + held + spent + back
        found[fund.id] = FundFigures(received=received, free=left, promised=due, paid=paid + spent, in_floats=held, given_back=back)
    return found


def contributions_of(fund: Fund) -> Sequence[tuple[Contribution, str, bool]]:
    """Contributions with the funder's name and whether they were taken back, newest first."""
    rows = db.session.execute(
        select(Contribution, Funder.name)
        .join(Funder, Funder.id == Contribution.funder_id)
        .where(Contribution.fund_id == fund.id)
        .order_by(Contribution.id.desc())
        .limit(200)
    ).all()
    undone = books.reversed_keys(f"contribution:{row.id}" for row, _name in rows)
    return [(row, name, f"contribution:{row.id}" in undone) for row, name in rows]


def round_by_ref(ref: str) -> Round:
    """One round with its fund. NotFound."""
    found = db.session.scalar(select(Round).where(Round.ref == ref).options(joinedload(Round.fund)))
    if found is None:
        raise NotFound(_("We cannot find that round."))
    return found


def rounds(fund: Fund | None = None, limit: int = 100) -> Sequence[Round]:
    """Rounds with their funds, newest first."""
    query = select(Round).options(joinedload(Round.fund)).order_by(Round.opens_at.desc(), Round.id.desc()).limit(limit)
    return db.session.scalars(query.where(Round.fund_id == fund.id) if fund else query).all()


def open_rounds() -> Sequence[Round]:
    """Rounds that take bids now, as the dates say it, those that close first first."""
    now = clock.now()
    return db.session.scalars(
        select(Round)
        .options(joinedload(Round.fund))
        .where(Round.status.in_(("planned", "open")), Round.opens_at <= now, or_(Round.closes_at.is_(None), Round.closes_at >= now))
        .order_by(Round.closes_at.is_(None), Round.closes_at, Round.id)
    ).all()


def next_round() -> Round | None:
    """The next round to open, for the page that has no open one."""
    return db.session.scalar(
        select(Round)
        .options(joinedload(Round.fund))
        .where(Round.status == "planned", Round.opens_at > clock.now())
        .order_by(Round.opens_at)
        .limit(1)
    )


def bid(ref: str) -> Application:
    """One bid with its round and fund. NotFound."""
    found = db.session.scalar(
        select(Application).where(Application.ref == ref).options(joinedload(Application.round).joinedload(Round.fund))
    )
    if found is None:
        raise NotFound(_("We cannot find that idea."))
    return found


def whole_bid(ref: str) -> Application:
    """One bid with all that its page shows: round, fund, area, budget and award. One query. NotFound."""
    whole = (
        joinedload(Application.round).joinedload(Round.fund), joinedload(Application.area), joinedload(Application.lines),
        joinedload(Application.award),
    )  # fmt: skip
    found = db.session.scalars(select(Application).where(Application.ref == ref).options(*whole)).unique().one_or_none()
    if found is None:
        raise NotFound(_("We cannot find that idea."))
    return found


def bid_by_id(id_: int) -> Application:
    """One bid with its round, fund and area. NotFound."""
    found = db.session.scalar(
        select(Application)
        .where(Application.id == id_)
        .options(joinedload(Application.round).joinedload(Round.fund), joinedload(Application.area))
    )
    if found is None:
        raise NotFound(_("We cannot find that idea."))
    return found


def rules_of(application: Application) -> RoundRules:
    """The rules of a bid's round."""
    return RoundRules.load(application.round.rules)


def bids_of(person_id: int, acts_for: frozenset[int], limit: int = 50) -> Sequence[Application]:
    """A person's bids, those of groups they act for, and those they typed for others; newest first."""
    mine = or_(Application.person_id == person_id, Application.helper_id == person_id)
    if acts_for:
        mine = or_(mine, Application.organisation_id.in_(acts_for))
    return db.session.scalars(
        select(Application)
        .options(joinedload(Application.round).joinedload(Round.fund), joinedload(Application.award))
        .where(mine)
        .order_by(Application.id.desc())
        .limit(limit)
    ).all()


def lies_in(areas: Collection[int] | None) -> ColumnElement[bool]:
    """Bids that happen in one of these areas; None: all, wherever."""
    return true() if areas is None else Application.area_id.in_(areas)


def bids(
    *,
    status: str = "",
    round_ref: str = "",
    after: tuple[datetime, int] | None = None,
    limit: int = 30,
    areas: Collection[int] | None = None,
) -> Sequence[Application]:
    """The desk's list: bids that were sent, newest first, keyset-paged by (sent_at, id). `areas`: only those there; None: all."""
    query = (
        select(Application)
        .options(joinedload(Application.round).joinedload(Round.fund))
        .where(Application.sent_at.is_not(None), lies_in(areas))
    )
    if status:
        query = query.where(Application.status == status)
    if round_ref:
        query = query.where(Application.round_id == select(Round.id).where(Round.ref == round_ref).scalar_subquery())
    if after:
        query = query.where(or_(Application.sent_at < after[0], and_(Application.sent_at == after[0], Application.id < after[1])))
    return db.session.scalars(query.order_by(Application.sent_at.desc(), Application.id.desc()).limit(limit)).all()


def pledges_of(application_id: int) -> Sequence[Pledge]:
    """Pledges to a bid, as they were invited."""
    return db.session.scalars(select(Pledge).where(Pledge.application_id == application_id).order_by(Pledge.id)).all()


def names_in(ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Bid → who asks and their neighbours, by name: whom everybody's pages leave out. Two queries."""
    found: dict[int, list[str]] = {id_: [] for id_ in ids}
    asking = select(Application.id, Person.name).join(Person, Person.id == Application.person_id).where(Application.id.in_(ids))
    helping = select(Pledge.application_id, Pledge.name).where(Pledge.application_id.in_(ids))
    for id_, name in (*db.session.execute(asking), *db.session.execute(helping)):
        found[id_].append(name)
    return found


def worker_of(pledge: Pledge) -> str:
    """The same text for the same neighbour, whichever idea they help: their account, or the first pledge at their address, or this one.

    It names them in the record of work and in the books, so it says nothing of the address itself (decision 13).
    """
    return pledge.worker or (f"person:{pledge.person_id}" if pledge.person_id else f"pledge:{pledge.id}")


def deliveries_of(award_id: int) -> Sequence[Delivery]:
    """Things, rooms and money that neighbours gave for an award and that stand, by day. One query."""
    return db.session.scalars(
        select(Delivery)
        .where(Delivery.award_id == award_id, Delivery.status.in_(("delivered", "checked")))
        .order_by(Delivery.day, Delivery.id)
    ).all()


def meter_of(application: Application, pledges: Sequence[Pledge] | None = None, gifts: Sequence[kept.Gift] | None = None) -> Meter:
    """The match meter of a bid: what confirmed pledges count for, and what neighbours gave so that it need not be bought."""
    some = [each for each in (pledges_of(application.id) if pledges is None else pledges) if each.status in SAID_YES]
    counted = [PledgeFact(worker_of(pledge), pledge.kind, pledge.minutes, pledge.planning_minutes, pledge.value) for pledge in some]
    by_hand = [kept.ByHand(worker_of(pledge), pledge.what, pledge.value) for pledge in some if pledge.kind != "hours"]
    counted += kept.facts(kept.gifts_of(application.id) if gifts is None else gifts, by_hand)
    return meter(application.asked, counted, rules_of(application))


def photos_of(*abouts: str) -> Sequence[Photo]:
    """Photos of these things, oldest first."""
    return db.session.scalars(select(Photo).where(Photo.about.in_(abouts)).order_by(Photo.id)).all()


def open_more_asked(application_id: int) -> MoreAsked | None:
    """What is asked of the applicant just now, if anything is."""
    return db.session.scalar(
        select(MoreAsked)
        .where(MoreAsked.application_id == application_id, MoreAsked.answered_at.is_(None))
        .order_by(MoreAsked.id.desc())
        .limit(1)
    )


def snapshots_of(application_id: int) -> Sequence[Snapshot]:
    """What the bid said each time it was sent, first to last."""
    return db.session.scalars(select(Snapshot).where(Snapshot.application_id == application_id).order_by(Snapshot.number)).all()


def closed_awards(person_id: int, organisation_id: int | None) -> int:
    """How many finished awards have opened a rung for this group (or this person, for a bid without a group): see `opens_next_rung`."""
    promised = (
        select(func.coalesce(func.sum(Pledge.minutes), 0))
        .where(Pledge.application_id == Application.id, Pledge.kind == "hours", Pledge.status.in_(("confirmed", "delivered", "checked")))
        .scalar_subquery()
    )
    whose = (
        Application.organisation_id == organisation_id
        if organisation_id
        else and_(Application.person_id == person_id, Application.organisation_id.is_(None))
    )
    rows = db.session.execute(
        select(Report.status, promised, Award.delivered)
        .select_from(Award)
        .join(Application, Application.id == Award.application_id)
        .outerjoin(Report, Report.award_id == Award.id)
        .where(Award.status == "closed", whose)
    )
    return sum(opens_next_rung(status, int(hours), delivered) for status, hours, delivered in rows)


def most_for(application: Application) -> Pence:
    """How much this bid may ask for, by its round's rules and its group's rung."""
    return rules_of(application).most_on_rung(closed_awards(application.person_id, application.organisation_id))


@dataclass(frozen=True)
class History:
    """What a group (or a person without one) was given before: how many awards, of these closed, and how many reports are due or late."""

    awards: int
    closed: int
    owing: int


def history_of(application: Application) -> History:
    """Of whoever asks, this bid left out. One query."""
    whose = (
        Application.organisation_id == application.organisation_id
        if application.organisation_id
        else and_(Application.person_id == application.person_id, Application.organisation_id.is_(None))
    )
    row = db.session.execute(
        select(func.count(Award.id), func.count().filter(Award.status == "closed"), func.count().filter(Report.status.in_(("due", "started", "late"))))
        .select_from(Award)
        .join(Application, Application.id == Award.application_id)
        .outerjoin(Report, Report.award_id == Award.id)
        .where(whose, Application.id != application.id, Award.status.not_in(("lapsed", "declined", "reserved")))
    ).one()  # fmt: skip
    return History(*map(int, row))


def award_of(application_id: int) -> Award | None:
    """The award of a bid, if it has one."""
    return db.session.scalar(select(Award).where(Award.application_id == application_id))


def appeals_of(application_id: int) -> Sequence[Appeal]:
    """Appeals about a bid's letters, the last one first."""
    return db.session.scalars(select(Appeal).where(Appeal.application_id == application_id).order_by(Appeal.id.desc())).all()


def story_of(application: Application, award: Award | None) -> Sequence[Event]:
    """All events about a bid, its neighbours and what they gave, appeals, award, payments and report, oldest first. One query."""
    parts = [
        select(literal(f"bid:{application.id}")),
        select("pledge:" + func.cast(Pledge.id, String)).where(Pledge.application_id == application.id),
        select("appeal:" + func.cast(Appeal.id, String)).where(Appeal.application_id == application.id),
    ]
    if award is not None:
        parts += [
            select(literal(f"award:{award.id}")),
            select("payment:" + func.cast(Payment.id, String)).where(Payment.award_id == award.id),
            select("delivery:" + func.cast(Delivery.id, String)).where(Delivery.award_id == award.id),
            select("report:" + func.cast(Report.id, String)).where(Report.award_id == award.id),
        ]
    return db.session.scalars(select(Event).where(Event.about.in_(union_all(*parts))).order_by(Event.id)).all()


def told_story_of(application: Application, award: Award | None) -> Sequence[Event]:
    """The story as the applicant may read it: what the panel did after the last letter went out stays private until the next."""
    told_at = application.released_at
    return [
        event
        for event in story_of(application, award)
        if event.kind not in PRIVATE or not event.about.startswith("bid:") or (told_at is not None and event.at <= told_at)
    ]


def photo_by_ref(ref: str) -> Photo:
    """One photo, whatever it belongs to. NotFound."""
    found = db.session.scalar(select(Photo).where(Photo.ref == ref))
    if found is None:
        raise NotFound(_("That photo is gone."))
    return found


def photo(ref: str) -> tuple[Photo, Application]:
    """One photo and the bid that it, its report or its receipt belongs to. NotFound."""
    found = photo_by_ref(ref)
    kind, _colon, id_ = found.about.partition(":")
    if kind == "bid":
        return found, bid_by_id(int(id_))
    reports = select(Report.award_id).where(Report.id == int(id_))
    if kind == "receipt":
        reports = select(Report.award_id).join(Receipt, Receipt.report_id == Report.id).where(Receipt.id == int(id_))
    owner = db.session.scalar(select(Award.application_id).where(Award.id.in_(reports)))
    if owner is None:
        raise NotFound(_("That photo is gone."))
    return found, bid_by_id(owner)
