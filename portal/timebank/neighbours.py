"""Three neighbours of a panel have the last word: about hours that a coordinator decided, and about more of a pot than one may give.

Seats are drawn by lot among those of the panel that has three without a tie. Each says a figure with a line why, and nobody sees
another's. When two say the same, or all three have spoken, the middle figure counts. It is put in the books by a step of its own,
so that what a floor or an empty pot refuses waits, and is not lost.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from statistics import median

from sqlalchemy import ColumnElement, and_, exists, or_, select

from portal import clock, once
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, NotYours, Problem, Refused
from portal.history import Actor, Event, record
from portal.money import STEP, Minutes, hours
from portal.panels.model import Panel, PanelArea, Seat
from portal.panels.queries import in_term
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.places.queries import area as area_of
from portal.places.queries import outside_of
from portal.refs import new_ref
from portal.settings import limits
from portal.settings.days_off import working_days_after
from portal.timebank import exchange as exchanges
from portal.timebank import leaving, members, neighbour_messages, neighbour_queries
from portal.timebank.members import codes_of
from portal.timebank.model import Exchange
from portal.timebank.neighbours_model import STANDS, NeighbourQuestion, NeighbourSeat
from portal.words import _

SEATS = 3
DAYS_TO_ASK = 14  # after a coordinator's decision
REMIND = 5  # working days before its last day
NEIGHBOURS = Actor(basis="three neighbours")


def about(question: NeighbourQuestion) -> str:
    """How events, messages and the books name it."""
    return f"neighbours:{question.id}"


# --- asking about hours --------------------------------------------------------------------------------------------------


def last_decision(exchange: Exchange) -> Event | None:
    """What a coordinator last decided about an exchange, when it is no longer ago than one may ask neighbours about it. One query."""
    decided = exchanges.decision(exchange)
    return decided if decided is not None and may_still_ask(decided) else None


def may_still_ask(decided: Event) -> bool:
    """Whether a decision is no longer ago than one may ask neighbours about it."""
    return decided.at >= clock.now() - timedelta(days=DAYS_TO_ASK)


def ask(ref: str, words: str, who: Who) -> str:
    """One of the two asks that neighbours look at what a coordinator decided about their hours; returns the question's reference.

    Refused: not theirs, nothing decided in the last 14 days, asked before, no words, no panel here has three seats without a tie.
    """
    with transaction():
        exchange = _locked(ref)
        if not any(members.acts_as(who, side) for side in (exchange.giver, exchange.receiver)):
            raise NotYours(_("We cannot find that exchange."))
        return _about_hours(exchange, words, who, last_decision(exchange))


def pass_on(ref: str, words: str, who: Who) -> str:
    """A coordinator leaves it to neighbours: hours that two remember differently, that somebody says are wrong, or that were decided in
    the last 14 days. Returns the question's reference. Refused: as for `ask`, one of the two sides.
    """
    with transaction():
        exchange = _locked(ref)
        if not (who.can("help others", exchange.giver) or who.can("help others", exchange.receiver)):
            raise NotYours(_("We cannot find that exchange."))
        if f"person:{who.id}" in codes_of((exchange.giver, exchange.receiver)):
            raise Refused(_("Ask a colleague: nobody decides about their own hours, or what they typed."))
        decided = last_decision(exchange)
        if decided is None and exchange.status != "disputed" and exchange.questioned_at is None:
            raise Conflict(_("There is nothing here that two see differently."))
        return _about_hours(exchange, words, who, decided, passed_on=True)


def _locked(ref: str) -> Exchange:
    return exchanges.locked_by_id(exchanges.by_ref(ref).id)


def _about_hours(exchange: Exchange, words: str, who: Who, decided: Event | None, *, passed_on: bool = False) -> str:
    if (asked := neighbour_queries.about_exchange(exchange.id)) is not None:
        if asked.status in STANDS:
            return asked.ref
        raise Conflict(_("Neighbours have looked at these hours already. They do it once."))
    if not passed_on and (decided is None or exchange.status not in ("settled", "refused", "reversed")):
        raise Conflict(_("You can ask for %(days)d days after a coordinator has decided.", days=DAYS_TO_ASK))
    if not words:
        raise Refused(_("Write why, in a few words."), "words")
    least, most = _between(exchange, decided)
    coordinator = f"person:{decided.actor_id}" if decided is not None and decided.actor_id else None
    tied = codes_of((exchange.giver, exchange.receiver)) | {
        exchange.entered_by,
        exchange.answered_by or "",
        f"person:{who.id}",
        coordinator or "",
    }
    made = NeighbourQuestion(
        kind="hours", exchange_id=exchange.id, least=least, most=most, stands=exchanges.stands(exchange), words=words,
        decided_by=coordinator or f"person:{who.id}",
    )  # fmt: skip
    _begin(made, (exchange.giver.area_id, exchange.receiver.area_id), tied, who)
    neighbour_messages.begun(made, exchange)
    return made.ref


def _between(exchange: Exchange, decided: Event | None) -> tuple[Minutes, Minutes]:
    """The lowest and the highest that anybody said it was; from nothing, when all say the same and it is called wrong."""
    said = {exchange.minutes, exchange.answered_minutes, exchanges.stands(exchange)}
    if decided is not None:
        said |= {decided.data.get("minutes"), decided.data.get("before")}
    figures = sorted(each for each in said if each is not None)
    return Minutes(figures[0] if figures[0] < figures[-1] else 0), Minutes(figures[-1])


# --- asking about a pot --------------------------------------------------------------------------------------------------


def propose(area_code: str, to: str, minutes: int, reason: str, who: Who, *, once_key: str) -> str:
    """A coordinator asks for more of a pot for a member than one may give; returns the question's reference.

    Refused: as for `leaving.grant`, but for the limit, which it must be above with what they had; asked for that member already.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        area = area_of(area_code)
        taker = leaving.judge_grant(area, to, minutes, reason, who)
        if minutes + leaving.had_from_pots(taker) <= members.open_rules().pot_limit:
            raise Refused(_("You may give this much yourself."), "time")
        one_at_a_time(f"pot-asked:{taker.id}")
        if any(each.status in STANDS for each in neighbour_queries.grants_for([taker.id])):
            raise Conflict(_("Neighbours are asked about hours for this member already. Wait for what they say."))
        made = NeighbourQuestion(
            kind="grant", taker_id=taker.id, pot_id=area.id, least=Minutes(0), most=Minutes(minutes), stands=Minutes(0), words=reason,
            decided_by=f"person:{who.id}",
        )  # fmt: skip
        _begin(made, (area.id, taker.area_id), codes_of((taker,)) | {f"person:{who.id}"}, who)
        neighbour_messages.proposed(made, taker)
        once.keep(once_key, made.ref)
        return made.ref


# --- the three -----------------------------------------------------------------------------------------------------------


def _begin(made: NeighbourQuestion, area_ids: Sequence[int], tied: Collection[str], who: Who) -> None:
    must_be_in_transaction()
    made.ref, made.asked_by, made.asked_at = new_ref("NBR"), f"person:{who.id}", clock.now()
    made.decide_by = working_days_after(clock.today(), limits.of(limits.NEIGHBOURS))
    made.panel_id = _panel(area_ids, tied)
    db.session.add(made)
    db.session.flush()
    record(about(made), "asked", Actor(who.id), reason=made.words)
    for _number in range(SEATS):
        _call_one(made, tied)


def _panel(area_ids: Sequence[int], tied: Collection[str]) -> int:
    """The panel that has the most seats without a tie, of those that decide where the members live; three at least. Refused: none."""
    here = select(PanelArea.panel_id).where(or_(*(PanelArea.area_id.in_(outside_of(area_id)) for area_id in set(area_ids))))
    everywhere = ~exists().where(PanelArea.panel_id == Panel.id)
    free = Counter(seat.panel_id for seat in _free(or_(Panel.id.in_(here), everywhere), tied))
    best = min(free, key=lambda id_: (-free[id_], id_), default=None)
    if best is None or free[best] < SEATS:
        raise Refused(_("No panel here has three neighbours just now who know neither side. A coordinator talks with you instead."))
    return best


def _free(which: ColumnElement[bool], tied: Collection[str]) -> Sequence[Seat]:
    """Seats of these panels that can be asked: in term, with the code of conduct accepted, and tied by nothing that we know. One query."""
    query = (
        select(Seat)
        .join(Panel, and_(Panel.id == Seat.panel_id, Seat.conduct >= Panel.conduct))
        .where(which, Seat.kind != "guest", in_term(clock.today()))
    )
    return [seat for seat in db.session.scalars(query) if f"person:{seat.person_id}" not in tied]


def _call_one(question: NeighbourQuestion, tied: Collection[str]) -> bool:
    """Ask the next seat of the lot, members before substitutes; whether there was one."""
    asked = set(db.session.scalars(select(NeighbourSeat.seat_id).where(NeighbourSeat.question_id == question.id)))
    left = [seat for seat in _free(Panel.id == question.panel_id, tied) if seat.id not in asked]
    if not left:
        return False
    drawn = min(left, key=lambda seat: (seat.kind != "member", hashlib.sha256(f"{question.ref}:{seat.id}".encode()).digest()))
    db.session.add(NeighbourSeat(question_id=question.id, seat_id=drawn.id, asked_at=clock.now()))
    db.session.flush()
    neighbour_messages.seat_asked(question, drawn.person_id)
    return True


def tied_to(question: NeighbourQuestion) -> frozenset[str]:
    """ "person:12" of everybody who is a side, acts for one, wrote it down, asked or decided, as of today."""
    mine = {question.asked_by, question.decided_by or ""}
    if question.exchange is not None:
        found = question.exchange
        return codes_of((found.giver, found.receiver)) | mine | {found.entered_by, found.answered_by or ""}
    assert question.taker is not None
    return codes_of((question.taker,)) | mine


def untied_seat(question: NeighbourQuestion, who: Who) -> NeighbourSeat | None:
    """The seat that somebody was asked on; None when they were not, said that they know those whom it is about, or are one of them."""
    seat = neighbour_queries.seat_asked(question, who.id)
    if seat is None or seat.tied_at is not None or f"person:{who.id}" in tied_to(question):
        return None
    return seat


def _locked_question(ref: str) -> NeighbourQuestion:
    must_be_in_transaction()
    query = select(NeighbourQuestion).where(NeighbourQuestion.ref == ref).with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(_("We cannot find that page."))
    return found


def _mine(ref: str, who: Who) -> tuple[NeighbourQuestion, NeighbourSeat]:
    """A question that waits for this person, locked, with the seat they sit on. NotFound for everybody else; Conflict: it is over."""
    question = _locked_question(ref)
    seat = untied_seat(question, who)
    if seat is None:
        raise NotFound(_("We cannot find that page."))
    if question.status != "open" or question.decide_by < clock.today():
        raise Conflict(_("Thank you. This has been decided meanwhile, so you need say nothing more."))
    return question, seat


def say(ref: str, minutes: int, reason: str, who: Who) -> None:
    """A seat says what it was, in minutes; for hours of a pot 0 is no and the whole is yes. The same once more changes nothing.

    Refused: not asked, over, said already, no reason, no quarters, not between the two figures.
    """
    with transaction():
        question, seat = _mine(ref, who)
        if seat.said_at is not None:
            if seat.minutes == minutes:
                return
            raise Conflict(_("You have said %(time)s already. What was said stays.", time=hours(seat.minutes or 0)))
        if minutes % STEP or not question.least <= minutes <= question.most:
            raise Refused(
                _("Write quarters of an hour from %(least)s to %(most)s.", least=hours(question.least), most=hours(question.most)), "time"
            )
        if question.kind == "grant" and minutes not in (0, question.most):
            raise Refused(_("Say yes or no to the whole."), "yes")
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        seat.minutes, seat.reason, seat.said_at = Minutes(minutes), reason, clock.now()
        record(about(question), "said", Actor(who.id))
        figure = middle([each.minutes or 0 for each in neighbour_queries.said(question)])
        if figure is not None:
            question.status, question.figure = "decided", Minutes(figure)
            record(about(question), "decided", NEIGHBOURS, minutes=figure)
    carry_out(ref)


def middle(said: Sequence[int]) -> int | None:
    """What counts of the figures said, in minutes: the middle one when all three spoke or two agree; None before that."""
    if len(said) >= SEATS or len(set(said)) < len(said):
        return int(median(said))
    return None


def know_them(ref: str, who: Who) -> None:
    """A seat knows one of the people well: another neighbour is asked. Again says that it is over. Refused: as for `say`."""
    with transaction():
        question, seat = _mine(ref, who)
        if seat.said_at is not None:
            raise Conflict(_("You have said %(time)s already. What was said stays.", time=hours(seat.minutes or 0)))
        seat.tied_at = clock.now()
        record(about(question), "tied", Actor(who.id))
        _call_one(question, tied_to(question))


# --- what comes of it ----------------------------------------------------------------------------------------------------


def carry_out(ref: str) -> bool:
    """Put what was decided in the books, once; whether it was done now. What a floor or the pot refuses waits, and the coordinator hears."""
    try:
        with transaction():
            return _carried_out(ref)
    except Problem as why:
        with transaction():
            question = _locked_question(ref)
            if question.status == "decided" and question.waits != why.sentence:
                question.waits = why.sentence
                neighbour_messages.waits(question)
        return False


def _carried_out(ref: str) -> bool:
    known = neighbour_queries.by_ref(ref)
    exchange = exchanges.locked_by_id(known.exchange_id) if known.exchange_id is not None else None  # before the question, as who agrees
    question = _locked_question(ref)
    if question.status != "decided":
        return False
    figure = question.figure or Minutes(0)
    if _overtaken(question, exchange):
        _close(question, "overtaken")
        return True
    if exchange is not None:
        if figure != question.stands:
            exchanges.becomes(exchange, figure, _("three neighbours looked at it"), NEIGHBOURS)
    elif figure:
        assert question.taker is not None and question.pot is not None
        leaving.post_grant(question.pot, question.taker, figure, f"{about(question)}:grant", question.words, NEIGHBOURS)
    _close(question, "done")
    neighbour_messages.done(question)
    return True


def _overtaken(question: NeighbourQuestion, exchange: Exchange | None) -> bool:
    """Whether the two, an undone sheet, or a member who left were quicker."""
    if exchange is None:
        return question.taker is None or question.taker.status == "left"
    return exchanges.stands(exchange) != question.stands or exchange.status in ("logged", "withdrawn")


def _close(question: NeighbourQuestion, how: str) -> None:
    question.status, question.waits, question.closed_at = how, "", clock.now()
    record(about(question), how, NEIGHBOURS)


def _each(refs: Sequence[str], act: Callable[[NeighbourQuestion], bool]) -> int:
    """Do something for each of these, in a transaction of its own; how many it was done for."""
    count = 0
    for ref in refs:
        with transaction():
            count += act(_locked_question(ref))
    return count


def carry_out_due() -> int:
    """Put in the books what was decided and waited (the worker's work)."""
    due = select(NeighbourQuestion.ref).where(NeighbourQuestion.status == "decided").order_by(NeighbourQuestion.id)
    return sum(carry_out(ref) for ref in db.session.scalars(due).all())


def lapse() -> int:
    """End what too few spoke about in time: the coordinator's figure stands (the worker's work)."""
    due = select(NeighbourQuestion.ref).where(NeighbourQuestion.status == "open", NeighbourQuestion.decide_by < clock.today())

    def act(question: NeighbourQuestion) -> bool:
        if question.status != "open" or question.decide_by >= clock.today():
            return False
        _close(question, "lapsed")
        neighbour_messages.lapsed(question)
        return True

    return _each(db.session.scalars(due.order_by(NeighbourQuestion.id)).all(), act)


def remind() -> int:
    """Remind the seats that have not spoken, once; ask others in the place of those whose term has ended (the worker's work)."""
    soon = working_days_after(clock.today(), REMIND)
    silent = and_(
        NeighbourSeat.question_id == NeighbourQuestion.id, NeighbourSeat.said_at.is_(None), NeighbourSeat.tied_at.is_(None),
    )  # fmt: skip
    over = exists().where(silent, Seat.id == NeighbourSeat.seat_id, ~in_term(clock.today()))
    to_remind = and_(NeighbourQuestion.decide_by <= soon, exists().where(silent, NeighbourSeat.reminded_at.is_(None)))
    due = select(NeighbourQuestion.ref).where(NeighbourQuestion.status == "open", or_(over, to_remind))

    def act(question: NeighbourQuestion) -> bool:
        if question.status != "open":
            return False
        rows = db.session.execute(
            select(NeighbourSeat, Seat).join(Seat, Seat.id == NeighbourSeat.seat_id).where(NeighbourSeat.question_id == question.id, NeighbourSeat.said_at.is_(None), NeighbourSeat.tied_at.is_(None))
        ).all()  # fmt: skip
        acted = False
        for row, seat in rows:
            if seat.term_end is not None and seat.term_end < clock.today():
                row.tied_at = clock.now()
                acted = True
                _call_one(question, tied_to(question))
            elif row.reminded_at is None and question.decide_by <= soon:
                row.reminded_at = clock.now()
                acted = True
                neighbour_messages.seat_reminded(question, seat.person_id)
        return acted

    return _each(db.session.scalars(due.order_by(NeighbourQuestion.id)).all(), act)


# --- what we keep about a person -----------------------------------------------------------------------------------------


def _said_by_person(person_id: int) -> list[dict[str, object]]:
    """What somebody asked of neighbours, and what they said from a seat."""
    rows = db.session.execute(
        select(NeighbourSeat, NeighbourQuestion)
        .join(NeighbourQuestion, NeighbourQuestion.id == NeighbourSeat.question_id)
        .join(Seat, Seat.id == NeighbourSeat.seat_id)
        .where(Seat.person_id == person_id)
        .order_by(NeighbourQuestion.id)
    )
    said: list[dict[str, object]] = [
        {
            "number": question.ref, "asked you": row.asked_at.isoformat(), "you said in minutes": row.minutes, "why": row.reason,
            "when": row.said_at and row.said_at.isoformat(), "you knew them": row.tied_at is not None,
        }
        for row, question in rows
    ]  # fmt: skip
    mine = db.session.scalars(
        select(NeighbourQuestion).where(NeighbourQuestion.asked_by == f"person:{person_id}").order_by(NeighbourQuestion.id)
    )
    return said + [
        {
            "number": row.ref,
            "you asked": row.asked_at.isoformat(),
            "your words": row.words,
            "state": row.status,
            "figure in minutes": row.figure,
        }
        for row in mine
    ]


def _forget(someone: Person) -> Sequence[str]:
    seats = select(Seat.id).where(Seat.person_id == someone.id)
    for row in db.session.scalars(select(NeighbourSeat).where(NeighbourSeat.seat_id.in_(seats), NeighbourSeat.reason != "")):
        row.reason = ""
    for question in db.session.scalars(select(NeighbourQuestion).where(NeighbourQuestion.asked_by == f"person:{someone.id}")):
        question.words = ""
    return ()


COLLECTORS["questions to neighbours"] = _said_by_person
ERASERS.append(_forget)
