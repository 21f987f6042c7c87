"""Which codes of the council's own ledger stand for each movement of each fund. None is shipped: a scheme says them once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.books.model import JournalCode
from portal.db import db, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.grants import queries as grants
from portal.grants.model import Fund
from portal.history import Actor, record
from portal.words import N_, _

# what each movement is, its debit side and its credit side, in words
MOVEMENTS = {
    "contribution": (N_("Money from a funder"), N_("where it comes in, such as the bank"), N_("what it counts as, such as income")),
    "paid": (N_("Paid to somebody"), N_("what it is spent on"), N_("where it goes out, such as the bank")),
    "refund": (N_("Money that came back"), N_("where it comes in, such as the bank"), N_("what it makes smaller, such as spending")),
    "quick": (N_("Quick spark"), N_("what it is spent on"), N_("where it goes out, such as petty cash")),
    "given_back": (N_("Given back to a funder"), N_("what it makes smaller, such as income"), N_("where it goes out, such as the bank")),
}
SIDES = ("debit", "credit")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./&_-]{0,39}")


@dataclass(frozen=True)
class Codes:
    """Of one side. Text, never numbers: noughts in front count."""

    cost_centre: str = ""
    subjective: str = ""
    project: str = ""
    vat: str = ""

    def as_list(self) -> list[str]:
        return [self.cost_centre, self.subjective, self.project, self.vat]


Layout = Mapping[tuple[int, str, str], Codes]  # (fund, movement, side)


def layout() -> Layout:
    """All codes. One query."""
    rows = db.session.scalars(select(JournalCode))
    return {(row.fund_id, row.movement, row.side): Codes(row.cost_centre, row.subjective, row.project, row.vat) for row in rows}


def table() -> Sequence[tuple[Fund, Mapping[str, bool]]]:
    """Each fund by name, and which of its movements have codes. Two queries."""
    known = layout()
    return [(fund, {each: (fund.id, each, "debit") in known for each in MOVEMENTS}) for fund in grants.funds()]


def codes_of(fund: Fund, movement: str) -> Mapping[str, Codes]:
    """The codes of a movement, by side; empty ones where it has none yet. NotFound: no such movement."""
    if movement not in MOVEMENTS:
        raise NotFound(_("We cannot find that page."))
    known = layout()
    return {side: known.get((fund.id, movement, side), Codes()) for side in SIDES}


def set_codes(fund_code: str, movement: str, both: Mapping[str, Codes], actor: Actor) -> None:
    """Say the codes of one movement of one fund. Journals that went out keep theirs. The same again changes nothing.

    Refused: no subjective code on a side, a code that no ledger would take, or that a spreadsheet would reckon with.
    """
    if movement not in MOVEMENTS:
        raise NotFound(_("We cannot find that page."))
    for side in SIDES:
        _judge(side, both[side])
    with transaction():
        one_at_a_time("journal")
        fund = grants.fund_by_code(fund_code)
        before = codes_of(fund, movement)
        if before == dict(both):
            return
        for side in SIDES:
            row = db.session.scalar(
                select(JournalCode).where(JournalCode.fund_id == fund.id, JournalCode.movement == movement, JournalCode.side == side)
            )
            if row is None:
                row = JournalCode(fund_id=fund.id, movement=movement, side=side)
                db.session.add(row)
            row.cost_centre, row.subjective, row.project, row.vat = both[side].as_list()
        told: dict[str, Any] = {side: {"old": before[side].as_list(), "new": both[side].as_list()} for side in SIDES}
        record(f"fund:{fund.id}", "journal_codes_set", actor, movement=movement, **told)


def _judge(side: str, codes: Codes) -> None:
    if not codes.subjective:
        raise Refused(_("Write the subjective code. Your finance team has it."), f"{side}_subjective")
    for name in ("cost_centre", "subjective", "project", "vat"):
        code = getattr(codes, name)
        if code and not _CODE.fullmatch(code):
            raise Refused(
                _("A code begins with a letter or a number, and has only letters, numbers, spaces and . / & - _ in it."), f"{side}_{name}"
            )
