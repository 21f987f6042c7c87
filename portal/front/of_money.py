"""What of the scheme's money waits for somebody's hand: payments, what a second person must do, the bank, and the books."""

from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, func, literal, not_, or_, select, true
from sqlalchemy.orm import aliased

from portal import clock
from portal.books.model import PeriodClosing
from portal.front.need import Need, day_of, not_by
from portal.grants import cheques
from portal.grants.award import BOUGHT, CHEQUE
from portal.grants.bank_model import BankLine, CallingBack, FreshFile
from portal.grants.by_hand_model import Cheque
from portal.grants.desk import to_prepare_query
from portal.grants.model import Application, Award, Closing, Ending, Fund, Funder, Payee, Payment, PaymentRun
from portal.grants.pay import HANDS
from portal.grants.pooled_model import LargeContribution, SliceYear, TopSlice, Withdrawal
from portal.grants.ties import free_to_judge, not_their_money
from portal.ledger.model import Account, State
from portal.ledger.queries import BALANCE
from portal.people.model import Role
from portal.people.queries import in_force
from portal.settings import limits
from portal.turns import RECONCILED, Turn
from portal.words import N_, _, _n
from portal.working_days import working_days_between


def needs(me: int | None, *, finance: bool) -> dict[str, Need]:
    """By name. `me`: for whom, without what they began themselves or may not touch; None: whoever. `finance`: also what is finance's alone."""
    found = _seconds(me) | _ends(me) | _payments(me) | _not_agreed()
    return found | _of_finance(me) if finance else found


def _seconds(me: int | None) -> dict[str, Need]:
    back = (
        select(Withdrawal)
        .join(Funder, Funder.id == Withdrawal.funder_id)
        .where(Withdrawal.done_at.is_(None), Withdrawal.cancelled_at.is_(None), not_by(Withdrawal.asked_by_id, me))
    )
    slices = (
        select(SliceYear)
        .join(TopSlice, TopSlice.id == SliceYear.slice_id)
        .where(SliceYear.contribution_id.is_(None), SliceYear.dropped_at.is_(None), not_by(SliceYear.proposed_by_id, me))
    )
    runs = (
        select(CallingBack)
        .join(PaymentRun, PaymentRun.id == CallingBack.run_id)
        .where(CallingBack.done_at.is_(None), CallingBack.taken_back_at.is_(None), not_by(CallingBack.asked_by_id, me))
    )
    large = (
        select(LargeContribution)
        .join(Fund, Fund.id == LargeContribution.fund_id)
        .where(LargeContribution.done_at.is_(None), LargeContribution.dropped_at.is_(None), not_by(LargeContribution.asked_by_id, me))
    )
    files = (
        select(FreshFile)
        .join(PaymentRun, PaymentRun.id == FreshFile.run_id)
        .where(FreshFile.done_at.is_(None), FreshFile.dropped_at.is_(None), not_by(FreshFile.asked_by_id, me))
    )
    return {
        "fresh_files": Need(
            files, lambda n: _n("file for the bank to make anew that waits for a second person", "files for the bank to make anew that wait for a second person", n),
            N_("Let it be made or keep the first"), "/finance/runs/{}", "/finance/payments?state=released", PaymentRun.ref, PaymentRun.ref,
            day_of(FreshFile.asked_at), tone="warm",
        ),
        "large": Need(
            large, lambda n: _n("large sum that waits for a second person", "large sums that wait for a second person", n),
            N_("See whether it came"), "/desk/funds/{}", "/desk/funds", Fund.code + "/large/" + LargeContribution.ref, Fund.name,
            day_of(LargeContribution.asked_at), tone="warm",
        ),
        "withdrawals": Need(
            back, lambda n: _n("sum to give back that waits for a second person", "sums to give back that wait for a second person", n),
            N_("Give it back or keep it"), "/desk/funders/{}", "/desk/funders", Funder.code + "/withdrawals/" + Withdrawal.ref, Funder.name,
            day_of(Withdrawal.asked_at), tone="warm",
        ),
        "slices": Need(
            slices, lambda n: _n("part of a budget that waits for a yes", "parts of budgets that wait for a yes", n),
            N_("Say yes or no"), "/desk/top-slice?year={}", "/desk/top-slice", SliceYear.year, TopSlice.name, day_of(SliceYear.proposed_at), tone="warm",
        ),
        "call_backs": Need(
            runs, lambda n: _n("run to cancel that waits for a second person", "runs to cancel that wait for a second person", n),
            N_("Cancel it or let it stand"), "/finance/runs/{}", "/finance/payments?state=released", PaymentRun.ref, PaymentRun.ref,
            day_of(CallingBack.asked_at), tone="warm",
        ),
    }  # fmt: skip


def _not_agreed() -> dict[str, Need]:
    night = select(Turn).where(Turn.name == RECONCILED, Turn.done_at.is_not(None), Turn.result["ok"].as_boolean().is_(False))
    return {
        "not_agreed": Need(
            night, lambda n: _n("check of last night found sums that do not agree", "checks found sums that do not agree", n),
            N_("See which"), "/finance/books/agree", "/finance/books/agree", Turn.name, literal(_("Ledger, grants and payments")), day_of(Turn.done_at),
            tone="bad",
        ),
    }  # fmt: skip


def _of_finance(me: int | None) -> dict[str, Need]:
    close = select(PeriodClosing).where(
        PeriodClosing.closed_at.is_(None), PeriodClosing.cancelled_at.is_(None), not_by(PeriodClosing.asked_by_id, me)
    )
    return {
        "books": Need(
            close, lambda n: _n("closing of the books that waits for a second person", "closings of the books that wait for a second person", n),
            N_("Close them or leave them open"), "/finance/books/close", "/finance/books/close", PeriodClosing.last_day, literal(_("The books")),
            day_of(PeriodClosing.asked_at), tone="warm",
        ),
        "cheques": Need(
            cheques.to_write().join(PaymentRun, PaymentRun.id == Payment.run_id),
            lambda n: _n("cheque to write", "cheques to write", n),
            N_("Write its number and send it"), "/finance/runs/{}", "/finance/payments?state=released", PaymentRun.ref, Payment.ref,
            day_of(Payment.released_at),
        ),
        "old_cheques": Need(
            cheques.stale(), lambda n: _n("cheque that nobody has paid in", "cheques that nobody has paid in", n),
            N_("Stop it"), "/finance/payments/{}/cheque", "/finance/cheques", Payment.ref, Payment.ref, Cheque.dated, tone="warm",
        ),
        "bank_lines": Need(
            select(BankLine).where(BankLine.outcome == "waiting"),
            lambda n: _n("line of the bank to decide", "lines of the bank to decide", n),
            N_("Say what it is"), "/finance/statement", "/finance/statement", BankLine.ref, BankLine.ref, BankLine.day,
        ),
    }  # fmt: skip


def _first_in_time() -> date:
    day = clock.today()
    while working_days_between(day, clock.today()) < limits.of(limits.SLOW):
        day -= timedelta(days=1)
    return day


def _third() -> ColumnElement[int]:
    """How many people may handle a bid's money, as `pay.hands` counts them: with three, who approved does not release."""
    role, payee = aliased(Role), Payee
    return (
        select(func.count(func.distinct(role.person_id)))
        .where(
            role.name.in_(HANDS), role.area_id.is_(None), in_force(role, clock.today()), not_their_money(role.person_id),
            or_(payee.route == BOUGHT, payee.given_by_id != role.person_id),
        )
        .correlate(Application, Payee)
        .scalar_subquery()
    )  # fmt: skip


def _ends(me: int | None) -> dict[str, Need]:
    title = Application.title
    not_own = true() if me is None else free_to_judge(me)
    endings = select(Ending).join(Award, Award.id == Ending.award_id).join(Application, Application.id == Award.application_id)
    left_over = (
        select(Fund)
        .join(Account, Account.code == "fund:" + Fund.code + ":available")
        .join(State, State.account_id == Account.id)
        .where(Fund.closed_at.is_not(None), BALANCE > 0)
    )
    return {
        "endings": Need(
            endings.where(Ending.ended_at.is_(None), Ending.cancelled_at.is_(None), not_by(Ending.asked_by_id, me), not_own),
            lambda n: _n("grant to end that waits for a second person", "grants to end that wait for a second person", n),
            N_("End it or keep it"), "/finance/awards/{}/end", "/finance/", Award.ref, title, day_of(Ending.asked_at), tone="warm",
        ),
        "closings": Need(
            select(Closing)
            .join(Fund, Fund.id == Closing.fund_id)
            .where(Closing.closed_at.is_(None), Closing.cancelled_at.is_(None), not_by(Closing.asked_by_id, me)),
            lambda n: _n("fund to close that waits for a second person", "funds to close that wait for a second person", n),
            N_("Close it or keep it"), "/desk/funds/{}/close", "/finance/", Fund.code, Fund.name, day_of(Closing.asked_at), tone="warm",
        ),
        "left_over": Need(
            left_over, lambda n: _n("closed fund into which money came back", "closed funds into which money came back", n),
            N_("Give it back"), "/desk/funds/{}", "/desk/funds", Fund.code, Fund.name, tone="warm",
        ),
    }  # fmt: skip


def _payments(me: int | None) -> dict[str, Need]:
    title = Application.title
    payments = (
        select(Payment)
        .join(Award, Award.id == Payment.award_id)
        .join(Application, Application.id == Award.application_id)
        .join(Payee, Payee.id == Payment.payee_id)
    )
    bought = Application.pay_route == BOUGHT
    known = or_(bought, and_(Payee.id.is_not(None), Payee.purged_at.is_(None), Payee.usable_from <= clock.now()))
    not_mine = true() if me is None else not_their_money(me)
    not_entered = or_(bought, not_by(Payee.given_by_id, me))
    third = or_(not_by(Payment.approved_by_id, me), _third() < 3)
    anew = aliased(Payment)
    begun_anew = select(anew.id).where(anew.award_id == Award.id, anew.id > Payment.id, anew.status != "cancelled").exists()
    return {
        "pay": Need(
            to_prepare_query().where(known, not_mine, not_entered), lambda n: _n("grant to pay", "grants to pay", n),
            N_("Prepare the payment"), "/finance/awards/{}", "/finance/", Award.ref, title, day_of(Award.accepted_at),
        ),
        "no_account": Need(
            to_prepare_query().where(not_(known)), lambda n: _n("grant that waits for its account", "grants that wait for their accounts", n),
            N_("See what is missing"), "/finance/awards/{}", "/finance/", Award.ref, title, day_of(Award.accepted_at),
        ),
        "approve": Need(
            payments.where(Payment.status == "prepared", not_by(Payment.prepared_by_id, me), not_mine, not_entered), lambda n: _n("payment to approve", "payments to approve", n),
            N_("Look at it and approve"), "/finance/payments/{}", "/finance/", Payment.ref, title, day_of(Payment.prepared_at),
        ),
        "send": Need(
            payments.where(Payment.status == "approved", not_by(Payment.prepared_by_id, me), not_mine, not_entered, third),
            lambda n: _n("payment to send to the bank", "payments to send to the bank", n),
            N_("Release it"), "/finance/release?payments={}", "/finance/", Payment.ref, title, day_of(Payment.approved_at),
        ),
        "slow": Need(
            payments.where(
                Payment.status == "released", Payee.route != CHEQUE, Payment.released_at < clock.start_of_day(_first_in_time())
            ),
            lambda n: _n("payment that has been on its way too long", "payments that have been on their way too long", n),
            N_("Ask the bank"), "/finance/payments/{}", "/finance/payments?state=released", Payment.ref, title, day_of(Payment.released_at),
            tone="bad",
        ),
        "bounced": Need(
            payments.where(
                Payment.status == "bounced", Award.status == "ready_to_pay", Payee.replaced_at.is_(None), or_(Payee.route != CHEQUE, ~begun_anew)
            ),
            lambda n: _n("payment that came back", "payments that came back", n),
            N_("Put the account right"), "/finance/payments/{}", "/finance/", Payment.ref, title, Payment.bounced_on, tone="bad",
        ),
    }  # fmt: skip
