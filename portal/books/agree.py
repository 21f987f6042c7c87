"""Do ledger, awards, payments, register and exports agree? Each sum of money is worked out by each of them on its own, to the penny.

Nothing is kept from one asking to the next: the exports' own rows are read to their end, as they would go out now.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, Text, func, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.books import trial
from portal.db import db, is_postgresql
from portal.exports import files, grants, spend, vcse
from portal.exports.filters import Filter
from portal.grants.model import Application, Award, Closing, Contribution, Payee, Payment, QuickFloat, QuickSpark, Refund
from portal.grants.pooled_model import Withdrawal
from portal.ledger.model import Entry, Transfer
from portal.ledger.periods import seal
from portal.ledger.queries import TrialLine
from portal.money import pounds
from portal.people.model import Organisation
from portal.places import queries as places
from portal.words import N_, _

LEDGER, AWARDS, PAYMENTS, REGISTER, SPENDING = N_("Ledger"), N_("Awards"), N_("Payments"), N_("Register (E3)"), N_("Spending (E4)")
FIRST = date(2000, 1, 1)


@dataclass(frozen=True)
class Control:
    """One sum of money by source, in pence. `name` is stable, for programs; `note` says what else a reader should know."""

    name: str
    title: str
    by: Mapping[str, int]
    note: str = ""

    @property
    def off(self) -> int:
        """How far the sources lie apart: 0 when they agree."""
        return max(self.by.values()) - min(self.by.values())


@dataclass(frozen=True)
class Agreement:
    """All sums at one moment. `head` seals the books as they were then."""

    controls: Sequence[Control]
    head: str

    @property
    def ok(self) -> bool:
        return not any(each.off for each in self.controls)

    @property
    def apart(self) -> Sequence[Control]:
        return [each for each in self.controls if each.off]

    def summary(self) -> dict[str, Any]:
        """As JSON: pence by control and source."""
        return {
            "ok": self.ok,
            "head": self.head,
            "off": {each.name: each.off for each in self.apart},
            "controls": {each.name: dict(each.by) for each in self.controls},
        }


def agreement() -> Agreement:
    """Every control as it stands now, all read at one moment. A dozen queries; the exports are streamed."""
    hold_still()
    found = trial.balances("GBP", None)
    return Agreement(list(_controls(trial.grouped("GBP", found), found)), seal(db.session.connection()))


def hold_still() -> None:
    """Begin a reading that sees one state of the database. SQLite's always do."""
    db.session.rollback()
    if is_postgresql():
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _controls(kinds: trial.Sheet, found: Sequence[TrialLine]) -> Iterator[Control]:
    told = _tables()
    paid = told["settled"] - told["refunds"] + told["sparks"]
    payable = told["ready"] - told["rest"] - told["gone"]
    put_in = told["contributions"] - told["given_back"] - told["withdrawn"]
    free = put_in - told["offered"] - payable - told["moving"] - told["floats"] - paid
    yield Control("put_in", N_("Put in by funders, less what went back"), {LEDGER: -kinds.balance("funders"), PAYMENTS: put_in})
    yield Control("offered", N_("Offered"), {LEDGER: kinds.balance("offered"), AWARDS: told["offered"]})
    yield Control("payable", N_("To be paid"), {LEDGER: kinds.balance("payable"), AWARDS: payable})
    yield Control("transit", N_("On its way"), {LEDGER: kinds.balance("transit"), PAYMENTS: told["moving"]})
    yield Control("floats", N_("In floats"), {LEDGER: kinds.balance("floats"), AWARDS: told["floats"]})
    yield Control("free", N_("Free in funds"), {LEDGER: kinds.balance("free"), PAYMENTS: free})
    total, left_out = spent(Filter(FIRST, clock.today(), "paid"))
    note = _("%(sum)s of this is in lines below the limit of the file.", sum=pounds(left_out)) if left_out else ""
    yield Control(
        "paid", N_("Paid, less what came back"),
        {LEDGER: kinds.balance("paid"), AWARDS: told["shown"] + told["sparks"], PAYMENTS: paid, SPENDING: total + left_out}, note,
    )  # fmt: skip
    yield from _register(found)


def _tables() -> Mapping[str, int]:
    """What awards and payments say, each sum from its own table, in pence. One query."""
    ready = Award.status == "ready_to_pay"
    paying = select(func.sum(Payment.amount)).join(Award, Award.id == Payment.award_id).where(ready)
    sums: dict[str, Select[Any]] = {
        "contributions": select(func.sum(Contribution.amount)).where(~_reversed("contribution:", Contribution.id)),
        "given_back": select(func.sum(Closing.amount)).where(Closing.closed_at.is_not(None)),
        "withdrawn": select(func.sum(Withdrawal.amount)).where(Withdrawal.done_at.is_not(None)),
        "offered": select(func.sum(Award.amount)).where(Award.status.in_(("reserved", "conditions_open"))),
        "ready": select(func.sum(Award.amount)).where(ready),
        "rest": _rest().where(ready),
        "gone": paying.where(Payment.status.in_(("released", "settled"))),
        "moving": select(func.sum(Payment.amount)).where(Payment.status == "released"),
        "settled": select(func.sum(Payment.amount)).where(Payment.status == "settled"),
        "refunds": select(func.sum(Refund.amount)),
        "floats": select(func.sum(QuickFloat.balance)),
        "sparks": select(func.sum(QuickSpark.amount)).where(QuickSpark.reversed_at.is_(None)),
        "shown": select(func.sum(Award.paid)),
    }  # fmt: skip
    row = db.session.execute(select(*(func.coalesce(each.scalar_subquery(), 0).label(name) for name, each in sums.items()))).one()
    return {name: int(getattr(row, name)) for name in sums}


def _rest() -> Select[Any]:
    """What went back to the fund because less was needed: an award can be to pay again after that, when the bank sends money back late."""
    about = "award:" + func.cast(Award.id, Text)
    return (
        select(func.sum(Transfer.amount))
        .join_from(Award, Entry, Entry.about == about)
        .join(Transfer, Transfer.entry_id == Entry.id)
        .where(Entry.kind == "returned", Entry.key.startswith(about + ":rest:"))
    )


def _reversed(prefix: str, id_: Any) -> Any:
    original, mirror = aliased(Entry), aliased(Entry)
    key = prefix + func.cast(id_, Text)
    return select(mirror.id).join(original, original.id == mirror.reverses_id).where(original.key == key).exists()


def spent(chosen: Filter) -> tuple[int, int]:
    """What the rows of E4 sum to, and what lies in lines that its threshold leaves out; pence."""
    total = sum(_pence(row[spend.TOTAL]) for row in spend.rows(chosen))
    scheme = places.scheme()
    limit = scheme.spend_threshold if scheme is not None else 0
    return total, sum(line.pence for line in grants.money(chosen) if abs(line.pence) <= limit) if limit else 0


def _pence(cell: files.Cell) -> int:
    assert isinstance(cell, files.Money)
    return cell.pence


def _register(found: Sequence[TrialLine]) -> Iterator[Control]:
    """The register's rows, beside the awards to community bodies, and what the books say of just these."""
    amount, ref, paid = (vcse.COLUMNS.index(each) for each in ("Amount", "Grant reference", "Amount paid"))
    listed: dict[str, tuple[int, int]] = {}
    twice = 0
    for row in vcse.rows(Filter(FIRST, clock.today(), "awarded")):
        twice += _pence(row[amount]) if str(row[ref]) in listed else 0
        listed[str(row[ref])] = (_pence(row[amount]), _pence(row[paid]))
    awards, shown = _to_bodies(listed)
    yield Control(
        "register_awarded",
        N_("Awarded to community bodies"),
        {REGISTER: sum(each for each, _paid in listed.values()) + twice, AWARDS: awards},
    )
    booked = {name: balance for name, balance in by_reference(found) if name in listed}
    yield Control(
        "register_paid", N_("Paid to community bodies"),
        {LEDGER: sum(booked.values()), AWARDS: shown, REGISTER: sum(each for _amount, each in listed.values())},
    )  # fmt: skip


def _to_bodies(listed: Mapping[str, Any]) -> tuple[int, int]:
    """What awards to community bodies, and the quick sparks that the register lists, come to: awarded and paid."""
    bodies = db.session.execute(
        select(func.coalesce(func.sum(Award.amount), 0), func.coalesce(func.sum(Award.paid), 0))
        .join(Application, Application.id == Award.application_id)
        .join(Organisation, Organisation.id == Application.organisation_id)
        .where(Organisation.kind.in_(grants.VCSE), Award.status.in_(vcse.STATUS))
    ).one()
    awarded, paid = int(bodies[0]), int(bodies[1])
    for ref, pence, back in db.session.execute(
        select(QuickSpark.ref, QuickSpark.amount, QuickSpark.reversed_at.is_not(None)).where(QuickSpark.payee_kind == "group")
    ):
        if ref in listed:
            awarded, paid = awarded + pence, paid + (0 if back else pence)
    return awarded, paid


def by_reference(found: Sequence[TrialLine]) -> Iterable[tuple[str, int]]:
    """What the books say is with the payees, by the reference that the register prints."""
    of_payees = (
        select(Payee.ref, Application.ref).join(Award, Award.id == Payee.award_id).join(Application, Application.id == Award.application_id)
    )
    refs = dict(db.session.execute(of_payees).tuples().all())
    sums: dict[str, int] = {}
    for each in found:
        parts = each.code.split(":")
        if parts[0] == "payee":
            ref = refs.get(parts[1], parts[1])
            sums[ref] = sums.get(ref, 0) + each.balance
    return sums.items()
