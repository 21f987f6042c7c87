"""Between the books and the bank in the demo: our account, a run that is locked by its file, one that somebody asks to cancel, and a
statement of which some lines wait.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.grants import bank_lines, runs
from portal.grants.award import BOUGHT
from portal.grants.bank_file import BankAccount
from portal.grants.model import Application, Award, Payee, Payment, PaymentRun
from portal.history import Actor
from portal.money import Pence, plain_pounds

if TYPE_CHECKING:
    from portal.demo.story import Story

OURS = BankAccount("112299", "10000000", "Estuary Borough Council")


def tell(story: "Story") -> None:
    """Told after all awards."""
    finance = Actor(story.staff["finance-officer"].id)
    with story.at(story.ago(600)):
        runs.set_paying_account(OURS, finance)
    on_their_way = _payments("released")
    if on_their_way:
        (_payment, run, _ref), *more = on_their_way
        with story.at(run.released_at + timedelta(hours=2)):
            for form in ("csv", "standard18"):
                runs.take_file(run.ref, form, runs.first_day_to_pay(), finance)
        if more:
            with story.at(more[-1][1].released_at + timedelta(hours=3)):
                runs.ask_back(more[-1][1].ref, "Two of them should go out on another day", finance)
    _statement(story, finance)


def _payments(status: str) -> list[tuple[Payment, PaymentRun, str]]:
    """Payments of a status that go through the bank, with their runs and our references, the newest first."""
    rows = db.session.execute(
        select(Payment, PaymentRun, Application.ref)
        .join(PaymentRun, PaymentRun.id == Payment.run_id)
        .join(Payee, Payee.id == Payment.payee_id)
        .join(Award, Award.id == Payment.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Payment.status == status, Payee.route != BOUGHT)
        .order_by(PaymentRun.released_at.desc(), Payment.id.desc())
    )
    return [(payment, run, ref) for payment, run, ref in rows.tuples()]


def _statement(story: "Story", finance: Actor) -> None:
    """A payment that had arrived by our word is told by the bank too; one that is on its way waits for a word, like the council's rent."""
    lines = ["Date,Description,Paid out,Paid in"]
    settled = _payments("settled")[:2]
    for payment, _run, ref in settled:
        lines.append(f"{payment.settled_on:%d/%m/%Y},BACS {ref},{plain_pounds(payment.amount)},")
    for payment, run, ref in _payments("released")[:1]:
        lines.append(f"{clock.london_day(run.released_at):%d/%m/%Y},BACS {ref},{plain_pounds(payment.amount)},")
    with story.at(story.now):
        today = clock.today()
        lines.append(f"{today:%d/%m/%Y},RENT OF THE HALL,{plain_pounds(Pence(120_00))},")
        lines.append(f"{today:%d/%m/%Y},INTEREST,,{plain_pounds(Pence(3_21))}")
        bank_lines.take_in("\n".join(lines).encode(), finance)
        told = {each.line.ref: each.proposed for each in bank_lines.waiting() if any(f" {ref}" in each.text for _one, _run, ref in settled)}
        bank_lines.decide(told, finance)
