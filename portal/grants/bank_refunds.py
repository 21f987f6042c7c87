"""Refunds that somebody entered by hand before the bank's line about them came: so that the same money is not written down twice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from portal.db import db
from portal.grants.bank_model import BankLine
from portal.grants.model import Award, Refund

WITHIN = timedelta(days=31)  # so far apart the day that was typed and the bank's may lie, as where a month was closed between them


@dataclass(frozen=True)
class Told:
    """A line of the bank that was decided to be a refund: of an award, so many pence, on a day."""

    award: str
    pence: int
    day: date


@dataclass(frozen=True)
class Booked:
    """A refund in the books, by its reference."""

    ref: str
    award: str
    pence: int
    day: date

    def may_be(self, award: str, pence: int, day: date) -> bool:
        """Whether a line of the bank may be about this refund."""
        return (self.award, self.pence) == (award, pence) and abs(self.day - day) <= WITHIN


def untold(booked: Sequence[Booked], told: Sequence[Told]) -> list[Booked]:
    """Refunds of which no line has told yet: each line tells of one of its award and sum, those whose days lie nearest first."""
    pairs = sorted(
        (abs(each.day - line.day), each.ref, number)
        for number, line in enumerate(told)
        for each in booked
        if (each.award, each.pence) == (line.award, line.pence)
    )
    refs: set[str] = set()
    lines: set[int] = set()
    for _apart, ref, number in pairs:
        if ref not in refs and number not in lines:
            refs.add(ref)
            lines.add(number)
    return [each for each in booked if each.ref not in refs]


def untold_of(awards: Collection[str], sums: Collection[int]) -> list[Booked]:
    """Refunds of these awards (references) and sums of which no line has told yet, the oldest first. Two queries."""
    if not awards:
        return []
    booked = db.session.execute(
        select(Refund.ref, Award.ref, Refund.amount, Refund.received_on)
        .join(Award, Award.id == Refund.award_id)
        .where(Award.ref.in_(awards), Refund.amount.in_(sums))
        .order_by(Refund.id)
    )
    told = db.session.execute(
        select(Award.ref, BankLine.pence, BankLine.day)
        .join(Award, Award.id == BankLine.award_id)
        .where(BankLine.outcome == "refund", Award.ref.in_(awards), BankLine.pence.in_(sums))
        .order_by(BankLine.id)
    )
    return untold([Booked(*row) for row in booked.tuples()], [Told(*row) for row in told.tuples()])
