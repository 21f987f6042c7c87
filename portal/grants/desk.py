"""The lists of those who decide and pay: what waits for which hand. Each is a handful of queries, whatever the size of the scheme."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, String, Subquery, case, func, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from portal import clock, vault
from portal.db import db, transaction
from portal.errors import NotYours, Refused
from portal.grants.award import CHEQUE, REPAID
from portal.grants.bank_model import RunFile
from portal.grants.model import Application, Award, Fund, Payee, Payment, PaymentRun, Receipt, Refund, Release, Report, Round
from portal.grants.pay import run_by_ref
from portal.history import Actor, Event, record
from portal.ledger.model import Account, Entry, State, Transfer
from portal.panels.marking import marks_of
from portal.panels.model import Matter, Vote
from portal.panels.queries import last_tallies, last_votes, standing
from portal.panels.rules import Threshold
from portal.people.access import FRESH
from portal.words import _

WAITING = ("sent", "more_asked", "with_panel", "decided")


# --- decisions -----------------------------------------------------------------------------------------------------------


def rounds_to_decide() -> Sequence[tuple[Round, Mapping[str, int]]]:
    """Rounds with bids on the way to a decision, with how many stand where; the oldest first."""
    counts: dict[int, dict[str, int]] = {}
    for round_id, status, number in db.session.execute(
        select(Application.round_id, Application.status, func.count())
        .where(Application.status.in_(WAITING))
        .group_by(Application.round_id, Application.status)
    ):
        counts.setdefault(round_id, {})[status] = number
    found = db.session.scalars(
        select(Round).where(Round.id.in_(counts)).options(joinedload(Round.fund)).order_by(Round.opens_at, Round.id)
    ).all()
    return [(each, counts[each.id]) for each in found]


def releases_to_second() -> Sequence[Release]:
    """Releases that wait for the second person, the oldest first."""
    return db.session.scalars(
        select(Release).where(Release.released_at.is_(None), Release.cancelled_at.is_(None)).order_by(Release.id).limit(50)
    ).all()


def waiting_bids(round_: Round, limit: int = 300) -> Mapping[str, Sequence[Application]]:
    """Bids of a round on the way to a decision, by where they stand, the oldest first."""
    found: dict[str, list[Application]] = {status: [] for status in WAITING}
    for bid in db.session.scalars(
        select(Application)
        .where(Application.round_id == round_.id, Application.status.in_(WAITING))
        .order_by(Application.sent_at, Application.id)
        .limit(limit)
    ):
        found[bid.status].append(bid)
    return found


def matters_of(bids: Sequence[Application]) -> Mapping[int, Matter]:
    """The panel's last matter on each bid."""
    found = last_tallies([f"bid:{bid.id}" for bid in bids])
    return {bid.id: found[f"bid:{bid.id}"] for bid in bids if f"bid:{bid.id}" in found}


def reasons_of(matter: Matter) -> Sequence[Vote]:
    """The votes with a reason, without whose they are, for whoever writes the letter. Empty until the panel has counted."""
    return [vote for vote in last_votes([matter.id]).values() if vote.reason] if matter.status == "closed" else []


def marks_by_question(matter: Matter) -> Sequence[tuple[str, list[int], list[str]]]:
    """For whoever writes the letter, once the panel has counted: each question with the marks and the lines why, without names."""
    if matter.status != "closed":
        return []
    able = {each.seat.id for each in standing(matter).able}
    found = []
    given = marks_of([matter.id])
    for number, question in enumerate(Threshold.load(matter.rule).criteria):
        rows = [own[number] for (_matter, seat), own in sorted(given.items()) if seat in able and number in own]
        found.append((question, [row.mark for row in rows], [row.reason for row in rows if row.reason]))
    return found


# --- payments ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ToPrepare:
    """An award with money to pay and no payment for it yet."""

    award: Award
    payee: Payee | None
    left: int

    @property
    def usable(self) -> bool:
        return self.payee is not None and self.payee.purged_at is None and self.payee.usable_from <= clock.now()


def to_prepare_query() -> Select[Award, Payee, int]:
    """Awards of which something can be paid (see `pay.due`) and is in no payment yet, with their account details and the pence."""
    in_hand = _paying("prepared", "approved")
    moving = _paying("prepared", "approved", "released")
    shown = (
        select(Report.award_id, func.sum(Receipt.amount).label("amount"))
        .join(Receipt, Receipt.report_id == Report.id)
        .join(Award, Award.id == Report.award_id)
        .where(Award.status == "ready_to_pay")
        .group_by(Report.award_id)
        .subquery()
    )
    payable = State.credits - State.debits - func.coalesce(in_hand.c.amount, 0)
    on_receipts = func.coalesce(shown.c.amount, 0) - Award.paid - func.coalesce(moving.c.amount, 0)
    left = case(((Application.pay_route == REPAID) & (on_receipts < payable), on_receipts), else_=payable)
    return (
        select(Award, Payee, left)
        .join(Application, Application.id == Award.application_id)
        .join(Account, Account.code == "award:" + func.cast(Award.id, String) + ":payable")
        .join(State, State.account_id == Account.id)
        .outerjoin(in_hand, in_hand.c.award_id == Award.id)
        .outerjoin(moving, moving.c.award_id == Award.id)
        .outerjoin(shown, shown.c.award_id == Award.id)
        .outerjoin(Payee, (Payee.award_id == Award.id) & Payee.replaced_at.is_(None))
        .where(Award.status == "ready_to_pay", left > 0)
    )


def _paying(*states: str) -> Subquery:
    total = func.sum(Payment.amount).label("amount")
    return select(Payment.award_id, total).where(Payment.status.in_(states)).group_by(Payment.award_id).subquery()


def to_prepare(limit: int = 50) -> Sequence[ToPrepare]:
    """What `to_prepare_query` finds, those that have waited longest first."""
    rows = db.session.execute(
        to_prepare_query().options(contains_eager(Award.application)).order_by(Award.accepted_at, Award.id).limit(limit)
    ).all()
    return [ToPrepare(award, payee, int(amount)) for award, payee, amount in rows]


@dataclass(frozen=True)
class Line:
    """A payment as the lists show it."""

    payment: Payment
    award: Award
    bid: Application
    payee: Payee
    run_ref: str | None


def payments(
    *statuses: str,
    before: int | None = None,
    run_id: int | None = None,
    award_id: int | None = None,
    refs: Sequence[str] | None = None,
    limit: int = 50,
) -> Sequence[Line]:
    """Payments in these states (all when none is named), newest first; `before` is the id of the last one seen."""
    query = _lines().order_by(Payment.id.desc()).limit(limit)
    if statuses:
        query = query.where(Payment.status.in_(statuses))
    if before is not None:
        query = query.where(Payment.id < before)
    if run_id is not None:
        query = query.where(Payment.run_id == run_id)
    if award_id is not None:
        query = query.where(Payment.award_id == award_id)
    if refs is not None:
        query = query.where(Payment.ref.in_(refs))
    return [Line(*row) for row in db.session.execute(query).tuples()]


def _lines() -> Select[Payment, Award, Application, Payee, str | None]:
    return (
        select(Payment, Award, Application, Payee, PaymentRun.ref)
        .join(Award, Award.id == Payment.award_id)
        .join(Application, Application.id == Award.application_id)
        .join(Payee, Payee.id == Payment.payee_id)
        .outerjoin(PaymentRun, PaymentRun.id == Payment.run_id)
    )


def by_refs(refs: Sequence[str]) -> Sequence[Line]:
    """These payments, the newest first."""
    return payments(refs=refs, limit=len(refs))


def to_look_at(
    first: datetime, before: datetime, *, after: int = 0, fund: str = "", areas: Select[int] | None = None, limit: int = 200
) -> Sequence[Line]:
    """Payments that were prepared from `first` up to `before` and not called off, of a fund (by code) and of some areas, in order; `after`
    is the id of the last one seen."""
    query = (
        _lines()
        .where(Payment.status != "cancelled", Payment.prepared_at >= first, Payment.prepared_at < before, Payment.id > after)
        .order_by(Payment.id)
        .limit(limit)
    )
    if fund:
        query = query.join(Fund, Fund.id == Award.fund_id).where(Fund.code == fund)
    if areas is not None:
        query = query.where(Award.area_id.in_(areas))
    return [Line(*row) for row in db.session.execute(query).tuples()]


def refunds_of(award: Award) -> Sequence[Refund]:
    """Money that came back of an award, oldest first."""
    return db.session.scalars(select(Refund).where(Refund.award_id == award.id).order_by(Refund.id)).all()


@dataclass(frozen=True)
class Moved:
    """One line of an award's story in the books."""

    day: date
    recorded_at: datetime
    sentence: str
    debit: str
    credit: str
    amount: int
    key: str
    actor: str


def story(award: Award) -> Sequence[Moved]:
    """What moved for an award, oldest first, from the books."""
    debit, credit = aliased(Account), aliased(Account)
    rows = db.session.execute(
        select(Entry.effective_on, Entry.recorded_at, Entry.sentence, debit.name, credit.name, Transfer.amount, Entry.key, Entry.actor)
        .join(Transfer, Transfer.entry_id == Entry.id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Entry.about == f"award:{award.id}", Transfer.unit == "GBP")
        .order_by(Entry.id, Transfer.line)
    )
    return [Moved(*row) for row in rows.tuples()]


# --- account numbers -----------------------------------------------------------------------------------------------------


def show_numbers(run_ref: str, actor: Actor) -> None:
    """Put on record that somebody is about to see the account numbers of a run. Refused: its file was taken, so they would be paid twice."""
    with transaction():
        run = db.session.scalar(
            select(PaymentRun).where(PaymentRun.id == run_by_ref(run_ref).id).with_for_update().execution_options(populate_existing=True)
        )
        assert run is not None
        _must_have_no_file(run)
        record(f"run:{run.id}", "numbers_seen", actor)


def _must_have_no_file(run: PaymentRun) -> None:
    if db.session.scalar(select(RunFile.id).where(RunFile.run_id == run.id)) is not None:
        raise Refused(_("The file of this run was taken for the bank. To type the payments too would pay them twice."))


def numbers(run: PaymentRun, person_id: int) -> Sequence[dict[str, Any]]:
    """Names and numbers to pay into, of what is still on its way. NotYours unless this was put on record a moment ago. Refused: the run's
    file was taken meanwhile.
    """
    _must_have_no_file(run)
    seen = db.session.scalar(
        select(func.max(Event.at)).where(Event.about == f"run:{run.id}", Event.kind == "numbers_seen", Event.actor_id == person_id)
    )
    if seen is None or clock.now() - seen > FRESH:
        raise NotYours(_("Ask for the numbers on the page of the run."))
    shown = []
    for line in payments("released", run_id=run.id, limit=1000):
        if line.payee.route == CHEQUE:
            continue
        sort_code, _colon, number = vault.unseal(line.payee.sealed).partition(":") if line.payee.sealed else ("", "", "")
        shown.append(
            {"line": line, "sort_code": "-".join((sort_code[:2], sort_code[2:4], sort_code[4:])) if sort_code else "", "number": number}
        )
    return shown
