"""Closing a fund: nothing of it is under way any more, and what is free goes back to its funders, each what is left of their money. Two people where money moves; a closed fund opens no round and takes no money until it is reopened with a reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import pooled, queries, rounds
from portal.grants.model import Appeal, Application, Award, Closing, FloatRequest, Fund, Payment, QuickFloat, Round
from portal.history import Actor, Event, events_of, record
from portal.ledger import queries as books
from portal.ledger.posting import Line, post
from portal.money import Pence, pounds
from portal.people.queries import names
from portal.words import _

LIVE = ("reserved", "conditions_open", "ready_to_pay", "paid", "reporting")  # awards that hold money, or owe a report of it
MOST = 20  # of one kind of thing in the way, by name


@dataclass(frozen=True)
class InTheWay:
    """Something of a fund that is under way: what it is, its reference, and the page where it is ended."""

    what: str
    ref: str
    href: str


# --- reading -------------------------------------------------------------------------------------------------------------


def in_the_way(fund: Fund) -> Sequence[InTheWay]:
    """What keeps a fund from being closed, at most MOST of each kind. Six queries."""
    return list(_in_the_way(fund))


def _in_the_way(fund: Fund) -> Iterator[InTheWay]:
    for ref, status in db.session.execute(
        select(Round.ref, Round.status).where(Round.fund_id == fund.id, Round.status != "finished").order_by(Round.id).limit(MOST)
    ):
        what = _("A round that is planned") if status == "planned" else _("A round that is not finished")
        yield InTheWay(what, ref, f"/desk/rounds/{ref}")
    # an idea that was told "not yet" may come back to a finished round, and an appeal may open one again
    untold = (Application.status == "sent") & Application.released_at.is_(None)
    for ref in db.session.scalars(
        select(Application.ref)
        .join(Round, Round.id == Application.round_id)
        .where(
            Round.fund_id == fund.id,
            Round.status == "finished",
            Application.status.in_(("more_asked", "with_panel", "decided")) | untold,
        )
        .order_by(Application.id)
        .limit(MOST)
    ):
        yield InTheWay(_("An idea that waits for an answer"), ref, f"/desk/bids/{ref}")
    moving = select(Payment.id).where(Payment.award_id == Award.id, Payment.status == "released").exists()
    for ref, on_its_way in db.session.execute(
        select(Award.ref, moving).where(Award.fund_id == fund.id, Award.status.in_(LIVE)).order_by(Award.id).limit(MOST)
    ):
        yield InTheWay(
            _("A grant whose money is on its way") if on_its_way else _("A grant that is not closed"), ref, f"/finance/awards/{ref}"
        )
    for ref in db.session.scalars(
        select(Appeal.ref)
        .join(Application, Application.id == Appeal.application_id)
        .join(Round, Round.id == Application.round_id)
        .where(Round.fund_id == fund.id, Appeal.status.in_(("open", "second_stage")))
        .order_by(Appeal.id)
        .limit(MOST)
    ):
        yield InTheWay(_("An appeal that waits for an answer"), ref, f"/desk/appeals/{ref}")
    for ref in db.session.scalars(
        select(QuickFloat.ref).where(QuickFloat.fund_id == fund.id, QuickFloat.status == "open").order_by(QuickFloat.id).limit(MOST)
    ):
        yield InTheWay(_("A float for quick sparks"), ref, f"/desk/floats/{ref}")
    for ref in db.session.scalars(
        select(FloatRequest.ref).where(FloatRequest.fund_id == fund.id, FloatRequest.status == "with_panel").limit(MOST)
    ):
        yield InTheWay(_("A float that a panel was asked for"), ref, "/desk/floats")


def shares(fund: Fund) -> Mapping[str, Pence]:
    """What of the free money of a fund is whose: code → pence, by code, without those who have nothing in it."""
    return {code: Pence(at.left) for code, at in pooled.positions(fund).items() if at.left > 0}


def waiting(fund: Fund) -> Closing | None:
    """The closing of a fund that waits for a second person, if one does."""
    return db.session.scalar(select(Closing).where(Closing.fund_id == fund.id, Closing.closed_at.is_(None), Closing.cancelled_at.is_(None)))


def all_waiting() -> Sequence[tuple[Closing, Fund]]:
    """Closings that wait for a second person, the oldest first."""
    rows = db.session.execute(
        select(Closing, Fund)
        .join(Fund, Fund.id == Closing.fund_id)
        .where(Closing.closed_at.is_(None), Closing.cancelled_at.is_(None))
        .order_by(Closing.id)
        .limit(50)
    )
    return [(closing, fund) for closing, fund in rows]


def story_of(fund: Fund) -> Sequence[Event]:
    """What happened with a fund itself, the newest first; what came in stands in a list of its own."""
    told = (
        "opened",
        "quick_limit_set",
        "closing_asked",
        "closing_taken_back",
        "closed",
        "given_back",
        "reopened",
        "withdrawal_asked",
        "withdrawal_taken_back",
        "withdrawn",
        "large_asked",
        "large_confirmed",
        "large_dropped",
    )
    return [event for event in reversed(events_of(f"fund:{fund.id}")) if event.kind in told]


# --- acting --------------------------------------------------------------------------------------------------------------


def ask(code: str, reason: str, actor: Actor) -> bool:
    """Close a fund whose account is empty, or ask a second person to; whether it is closed now. Twice changes nothing.

    On a closed fund: to give back what came in since. Refused: no reason, something is under way, somebody asked already,
    nothing to give back.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        fund = _locked(code)
        if (before := waiting(fund)) is not None:
            if before.asked_by_id == actor.person_id:
                return False
            raise Refused(_("%(name)s has asked for this already. You can be the second person.", name=_name(before.asked_by_id)))
        free = books.balance(rounds.available(fund))
        if fund.closed_at is not None and not free:
            if _last_by(fund, "closed", actor):
                return True
            raise Refused(_("This fund is closed already, and nothing has come in since."))
        _must_be_still(fund)
        assert actor.person_id is not None
        closing = Closing(fund_id=fund.id, reason=reason, asked_by_id=actor.person_id, asked_at=clock.now())
        db.session.add(closing)
        db.session.flush()
        if free:
            record(_about(fund), "closing_asked", actor, reason=reason)
            return False
        _close(fund, closing, actor)
        return True


def cancel(code: str, actor: Actor) -> None:
    """Leave the fund as it is after all. Twice changes nothing. Refused: closed meanwhile."""
    with transaction():
        fund = _locked(code)
        if (found := waiting(fund)) is None:
            if fund.closed_at is not None:
                raise Refused(_("The fund has been closed meanwhile. Look at its page again."))
            return
        found.cancelled_at = clock.now()
        record(_about(fund), "closing_taken_back", actor)


def confirm(code: str, seen: int, actor: Actor) -> Pence:
    """The second person: the free money goes back to the funders, and the fund is closed; returns how much went back.

    `seen`: the pence that the page showed. A second tap of the same person changes nothing. Refused: nobody asked, the same
    person asked, something is under way meanwhile, the fund has another sum now.
    """
    with transaction():
        fund = _locked(code)
        closing = waiting(fund)
        if closing is None:
            last = db.session.scalar(select(Closing).where(Closing.fund_id == fund.id).order_by(Closing.id.desc()).limit(1))
            if last is not None and last.closed_by_id == actor.person_id:
                return last.amount
            raise Refused(_("Nobody asks to close this fund now. Look at its page again."))
        if closing.asked_by_id == actor.person_id:
            raise Refused(_("You asked for this. A second person must do it."))
        _must_be_still(fund)
        free = books.balance(rounds.available(fund))
        if free != seen:
            raise Refused(_("The fund has %(free)s free now. Look at the sums once more.", free=pounds(free)))
        _close(fund, closing, actor)
        return closing.amount


def reopen(code: str, reason: str, actor: Actor) -> None:
    """Take money and open rounds again. What went back to the funders stays there. Twice changes nothing.

    Refused: no reason, not closed, giving back waits for a second person.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        fund = _locked(code)
        if fund.closed_at is None:
            if _last_by(fund, "reopened", actor):
                return
            raise Refused(_("This fund is open."))
        if waiting(fund) is not None:
            raise Refused(_("To give money of this fund back waits for a second person. Take that back first."))
        fund.plain_name = rounds.name_for_fund(fund.name)
        fund.closed_at = None
        record(_about(fund), "reopened", actor, reason=reason)


def _close(fund: Fund, closing: Closing, actor: Actor) -> None:
    parts = shares(fund)
    closing.closed_by_id, closing.closed_at, closing.amount = actor.person_id, clock.now(), Pence(sum(parts.values()))
    if parts:
        here = rounds.available(fund)
        post(
            [Line(here, f"funder:{code}", share) for code, share in parts.items()], key=f"closing:{closing.id}", kind="given_back", about=_about(fund),
            sentence=_("Back to the funders of %(fund)s: %(reason)s", fund=fund.name, reason=closing.reason), actor=actor.code,
            refusals={here: _("Money of this fund moved a moment ago. Look at the sums once more.")},
        )  # fmt: skip
        db.session.flush()
        pooled.held_positions(fund, 0)
        if books.balance(here):
            raise pooled.moved_meanwhile()
    kind = "given_back" if fund.closed_at else "closed"
    fund.closed_at = fund.closed_at or clock.now()
    fund.plain_name = None  # a new fund may have its name
    record(_about(fund), kind, actor, reason=closing.reason, amount=closing.amount, parts=dict(parts))


def _must_be_still(fund: Fund) -> None:
    if found := in_the_way(fund):
        said = ", ".join(f"{each.what.lower()} ({each.ref})" for each in found[:3])
        more = _(" and others") if len(found) > 3 else ""
        raise Refused(_("Something of this fund is still under way: %(what)s%(more)s. End it first.", what=said, more=more))


def _about(fund: Fund) -> str:
    return f"fund:{fund.id}"


def _name(person_id: int) -> str:
    return names([person_id]).get(person_id, "") or _("Somebody")


def _last_by(fund: Fund, kind: str, actor: Actor) -> bool:
    last = next(iter(story_of(fund)), None)
    return last is not None and last.kind == kind and last.actor_id == actor.person_id


def _locked(code: str) -> Fund:
    """The fund, locked after the ideas that could go to a panel again: whoever puts one there waits, and then reads that it is closed."""
    id_ = queries.fund_by_code(code).id
    db.session.scalars(
        select(Application)
        .join(Round, Round.id == Application.round_id)
        .where(Round.fund_id == id_, Round.status == "finished", Application.status == "sent")
        .order_by(Application.id)
        .with_for_update(of=Application)
        .execution_options(populate_existing=True)
    ).all()
    return rounds.locked_fund(id_)
