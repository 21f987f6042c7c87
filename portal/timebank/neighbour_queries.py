"""Reading what is before three neighbours: about an exchange, for a member, and for the person on a seat."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, select, update
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.errors import Conflict, NotFound
from portal.panels.model import Panel, Seat
from portal.panels.queries import in_term
from portal.timebank.model import Exchange, Member
from portal.timebank.neighbours_model import STANDS, NeighbourQuestion, NeighbourSeat
from portal.web.filters import day as day_words
from portal.words import _

WITH_PEOPLE = (
    *(
        joinedload(NeighbourQuestion.exchange).joinedload(side).joinedload(part)
        for side in (Exchange.giver, Exchange.receiver)
        for part in (Member.person, Member.organisation, Member.area)
    ),
    joinedload(NeighbourQuestion.exchange).joinedload(Exchange.category),
    *(joinedload(NeighbourQuestion.taker).joinedload(part) for part in (Member.person, Member.organisation, Member.area)),
    joinedload(NeighbourQuestion.pot),
)


def by_ref(ref: str) -> NeighbourQuestion:
    """One question with the people it is about. NotFound. One query."""
    found = db.session.scalar(select(NeighbourQuestion).where(NeighbourQuestion.ref == ref).options(*WITH_PEOPLE))
    if found is None:
        raise NotFound(_("We cannot find that page."))
    return found


# --- an exchange ---------------------------------------------------------------------------------------------------------


def about_exchange(exchange_id: int) -> NeighbourQuestion | None:
    """What neighbours were asked about an exchange, if ever."""
    return db.session.scalar(select(NeighbourQuestion).where(NeighbourQuestion.exchange_id == exchange_id))


def looked_at() -> ColumnElement[bool]:
    """Of the exchanges of a query: neighbours look at it just now, so that nobody else need."""
    return exists().where(NeighbourQuestion.exchange_id == Exchange.id, NeighbourQuestion.status == "open")


def must_not_be_with_neighbours(exchange: Exchange) -> None:
    """Conflict: neighbours look at these hours just now, so a coordinator waits for what they say."""
    found = about_exchange(exchange.id)
    if found is not None and found.status in STANDS:
        raise Conflict(_("Three neighbours look at these hours until %(day)s. Wait for what they say.", day=day_words(found.decide_by)))


def overtake(exchange: Exchange) -> None:
    """The two agree by themselves, as a part of that action: the neighbours need say nothing more."""
    must_be_in_transaction()
    db.session.execute(
        update(NeighbourQuestion)
        .where(NeighbourQuestion.exchange_id == exchange.id, NeighbourQuestion.status.in_(STANDS))
        .values(status="overtaken", closed_at=clock.now(), waits="")
    )


# --- a member ------------------------------------------------------------------------------------------------------------


def grants_for(ids: Collection[int], limit: int = 5) -> Sequence[NeighbourQuestion]:
    """Hours of a pot that neighbours were asked about for these members, the latest first. One query."""
    query = select(NeighbourQuestion).where(NeighbourQuestion.taker_id.in_(ids)).options(joinedload(NeighbourQuestion.pot))
    return db.session.scalars(query.order_by(NeighbourQuestion.id.desc()).limit(limit)).all()


def grants_lately(ids: Collection[int]) -> Sequence[NeighbourQuestion]:
    """Those that are open, or ended in the last two weeks. One query."""
    since = clock.now() - timedelta(days=14)
    return [each for each in grants_for(ids) if each.closed_at is None or each.closed_at >= since]


# --- a seat --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A question that waits for a person on a seat of a panel."""

    question: NeighbourQuestion
    panel: Panel


def waiting_ids(person_id: int) -> Select[int]:
    """A select of the questions that wait for the word of this person."""
    return (
        select(NeighbourQuestion.id)
        .join(NeighbourSeat, NeighbourSeat.question_id == NeighbourQuestion.id)
        .join(Seat, and_(Seat.id == NeighbourSeat.seat_id, in_term(clock.today())))
        .where(
            Seat.person_id == person_id, NeighbourQuestion.status == "open", NeighbourQuestion.decide_by >= clock.today(),
            NeighbourSeat.said_at.is_(None), NeighbourSeat.tied_at.is_(None),
        )
    )  # fmt: skip


def waiting_for(person_id: int, panel_id: int | None = None) -> Sequence[Asked]:
    """What waits for the word of this person, on one panel or all, the most urgent first. One query."""
    query = (
        select(NeighbourQuestion, Panel)
        .join(Panel, Panel.id == NeighbourQuestion.panel_id)
        .where(NeighbourQuestion.id.in_(waiting_ids(person_id)))
        .order_by(NeighbourQuestion.decide_by, NeighbourQuestion.id)
    )
    if panel_id is not None:
        query = query.where(Panel.id == panel_id)
    return [Asked(question, panel) for question, panel in db.session.execute(query)]


def seat_asked(question: NeighbourQuestion, person_id: int) -> NeighbourSeat | None:
    """The seat of this person that was asked about it; None when they were not, or their term has ended."""
    return db.session.scalar(
        select(NeighbourSeat)
        .join(Seat, and_(Seat.id == NeighbourSeat.seat_id, in_term(clock.today())))
        .where(NeighbourSeat.question_id == question.id, Seat.person_id == person_id)
    )


def said(question: NeighbourQuestion) -> Sequence[NeighbourSeat]:
    """What was said so far, in no order that tells by whom."""
    query = select(NeighbourSeat).where(NeighbourSeat.question_id == question.id, NeighbourSeat.said_at.is_not(None))
    return db.session.scalars(query.order_by(NeighbourSeat.minutes, NeighbourSeat.reason)).all()
