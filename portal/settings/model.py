"""What a scheme sets beside its name: the words of its letters, what an hour counts for, its own days off, and its limits."""

from datetime import date

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.money import Pence

# the least and the most of each limit, in pence or days
BOUNDS = {
    "large": (1_000_00, 1_000_000_00), "receipt": (3, 60), "appeal": (10, 60), "answer": (3, 40), "second_look": (5, 40), "neighbours": (6, 30),
    "slow": (3, 30),
}  # fmt: skip


class Wording(Base):
    """The scheme's own words of one letter, in place of those that ship. No row: as it ships."""

    __tablename__ = "wording"
    __table_args__ = (CheckConstraint("subject <> '' and body <> '' and short <> ''", name="words"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    body: Mapped[str]
    short: Mapped[str]


class HourRate(Base):
    """What an hour counts for from a day on: in the match of new rounds, or in the council's figures. One rate a day and purpose."""

    __tablename__ = "hour_rate"
    __table_args__ = (
        CheckConstraint("purpose in ('match', 'figures')", name="purpose"),
        CheckConstraint("pence between 1 and 10000", name="pence"),
        CheckConstraint("source <> '' and year <> ''", name="source"),
    )

    purpose: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    pence: Mapped[Pence]
    source: Mapped[str]
    year: Mapped[str]


class DayOff(Base):
    """Days on which the scheme does not work, beside the bank holidays: one or a span of at most two months."""

    __tablename__ = "day_off"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("last_day >= first_day", name="span"),
        UniqueConstraint("last_day"),
    )

    first_day: Mapped[date] = mapped_column(primary_key=True)
    last_day: Mapped[date]
    name: Mapped[str]


class SchemeLimit(Base):
    """A limit that is not as it ships, in pence or days. No row: as it ships."""

    __tablename__ = "scheme_limit"
    __table_args__ = (
        CheckConstraint(
            " or ".join(f"(key = '{key}' and value between {least} and {most})" for key, (least, most) in BOUNDS.items()), name="bounds"
        ),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
