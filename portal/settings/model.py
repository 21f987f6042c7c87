"""What a scheme sets beside its name: the words of its letters, and what an hour counts for."""

from datetime import date

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.money import Pence


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
