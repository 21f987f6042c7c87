"""Whether we ask, who has been asked, and the answers to the three questions, which name nobody. Answers about oneself stand in
`equality.py`, which alone reads them.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

NAMES = ("neighbours", "about_you")
MOMENTS = ("start", "later")


class SurveySwitch(Base):
    """Whether the scheme asks. Without a row it does."""

    __tablename__ = "survey_switch"
    __table_args__ = (CheckConstraint("name in ('neighbours', 'about_you')", name="name"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    asks: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class SurveyAsked(Base):
    """Somebody has been asked something. The row is the same whether they answered or put it away, and has no time."""

    __tablename__ = "survey_asked"
    __table_args__ = (CheckConstraint("what <> ''", name="what"), {"sqlite_with_rowid": False})

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    what: Mapped[str] = mapped_column(primary_key=True)  # "neighbours:start", "about_you:timebank", "about_you:small-sparks:2026-27"


class NeighboursAnswer(Base):
    """What somebody answered at the start or later. `token` is a keyed hash of their number: only who holds the key can tell whose it is,
    and when they leave it becomes a random one. The two rows of a person have the same.
    """

    __tablename__ = "survey_answer"
    __table_args__ = (
        CheckConstraint("moment in ('start', 'later')", name="moment"),
        CheckConstraint("wording > 0", name="wording"),
        CheckConstraint("month like '____-__'", name="month"),
        CheckConstraint("trust in ('', 'most', 'some', 'few', 'none', 'rather_not')", name="trust"),
        CheckConstraint("know in ('', 'most', 'some', 'few', 'none', 'rather_not')", name="know"),
        CheckConstraint("help in ('', 'surely', 'probably', 'hardly', 'no', 'rather_not')", name="help"),
        CheckConstraint("trust <> '' or know <> '' or help <> ''", name="something"),
        {"sqlite_with_rowid": False},  # else SQLite would number the rows as they come
    )

    token: Mapped[str] = mapped_column(primary_key=True)
    moment: Mapped[str] = mapped_column(primary_key=True)
    wording: Mapped[int]
    month: Mapped[str]  # "2026-11": no finer time
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))  # where they lived at the start
    trust: Mapped[str] = mapped_column(default="")  # empty: left out
    know: Mapped[str] = mapped_column(default="")
    help: Mapped[str] = mapped_column(default="")
