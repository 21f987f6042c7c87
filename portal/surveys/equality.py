"""Who asks for grants and joins the timebank, as councils must know it (Equality Act 2010, section 149), without knowing anybody.

No answer is kept as one. Each adds one to a tally of its question, and the tallies of different questions do not know of each other: so
there is no row of anybody, nothing to export, nothing to delete, and nothing that could be joined to a person or an idea. Nothing outside
this file reads or writes the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import CheckConstraint, case, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, is_postgresql, one_at_a_time, transaction
from portal.errors import Refused
from portal.grants import queries as grants
from portal.grants.model import Application
from portal.money import financial_year
from portal.people.access import Who
from portal.surveys import asking, figures
from portal.surveys.wording import ABOUT_YOU, Question, newest
from portal.timebank import members
from portal.words import N_, _

TIMEBANK = "timebank"
WHOLE = ""  # every fund and the timebank together
CANNOT_BE_FOUND = N_(
    "Each answer only adds one to a count. The count does not know who you are, so we cannot find your answers again: they are not in a copy of your data, and they stay when you leave."
)


class EqualityTally(Base):
    """How often one answer was given to one question, of one wording, in one financial year, for one fund or the timebank."""

    __tablename__ = "equality_tally"
    __table_args__ = (
        CheckConstraint("number >= 0", name="number"),
        CheckConstraint("wording > 0", name="wording"),
        CheckConstraint("year like '____-__'", name="year"),
        CheckConstraint("pot <> '' and question <> '' and answer <> ''", name="said"),
        {"sqlite_with_rowid": False},
    )

    year: Mapped[str] = mapped_column(primary_key=True)
    pot: Mapped[str] = mapped_column(primary_key=True)  # the code of a fund with "fund:" before it, or "timebank"
    wording: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    question: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(default=0)


def pot_of(application: Application) -> str:
    """Where the answers of who sent an idea count."""
    return f"fund:{application.round.fund.code}"


def asked_as(pot: str) -> str:
    """The flag of being asked: for the timebank once, for a fund once in a financial year."""
    return f"about_you:{TIMEBANK}" if pot == TIMEBANK else f"about_you:{pot}:{financial_year(clock.today())}"


def may_answer(who: Who, pot: str) -> bool:
    """Whether they are asked and have not been: it is switched on, and they have not answered or put it away."""
    return asking.asks("about_you") and not asking.was_asked(who.id, asked_as(pot))


def answer(who: Who, pot: str, wording: int, answers: Mapping[str, str]) -> bool:
    """Count what somebody says of themselves, once; False when they were asked before, and then nothing is counted. `pot` is one that the
    caller knows to be theirs.

    That they were asked is written first and by itself, without a time; the tallies after it, all of them in one statement whatever was
    said, so that what the database notes of a change shows no answer. An accident between the two loses the answers, and tells nobody.

    Refused: switched off; an answer or a wording that is not ours; of the timebank, no member.
    """
    said = asking.judged(ABOUT_YOU, wording, answers)
    with transaction():
        asking.must_ask("about_you")
        if pot == TIMEBANK and members.member_of(who.id) is None:
            raise Refused(_("Join the timebank first."))
        if not asking.claim(who.id, asked_as(pot)):
            return False
    if said:
        with transaction():
            _count(financial_year(clock.today()), pot, wording, said)
    return True


def _count(year: str, pot: str, wording: int, said: Mapping[str, str]) -> None:
    one_at_a_time(f"equality:{pot}")
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    rows = [
        {"year": year, "pot": pot, "wording": wording, "question": each.code, "answer": code, "number": 0}
        for each in ABOUT_YOU[wording]
        for code in each.answers
    ]
    db.session.execute(insert(EqualityTally).values(rows).on_conflict_do_nothing())
    given = tuple_(EqualityTally.question, EqualityTally.answer).in_(list(said.items()))
    db.session.execute(
        update(EqualityTally)
        .where(EqualityTally.year == year, EqualityTally.pot == pot, EqualityTally.wording == wording)
        .values(number=EqualityTally.number + case((given, 1), else_=0))
        .execution_options(synchronize_session=False)
    )


# --- figures -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One answer, and how often it was given; None: not told."""

    answer: str
    number: int | None


@dataclass(frozen=True)
class Told:
    """One question of one wording. How many answered in all is not told: it would tell of answers that few gave."""

    question: Question
    wording: int
    lines: Sequence[Line]


def pots() -> Mapping[str, str]:
    """Everything that is told apart, code to name."""
    return {
        WHOLE: _("Every fund and the timebank"),
        **{f"fund:{fund.code}": fund.name for fund in grants.funds()},
        TIMEBANK: _("The timebank"),
    }


def told(year: str, pot: str = WHOLE) -> Sequence[Told]:
    """The figures of a year that is over, of one pot or of all of them together. Two queries.

    Refused: a year that is not over, or no such pot.
    """
    everywhere = pots()
    if year not in figures.years():
        raise Refused(_("The figures of a year come when it is over."), "year")
    if pot not in everywhere:
        raise Refused(_("Choose something from the list."), "pot")
    rows = db.session.execute(select(EqualityTally).where(EqualityTally.year == year)).scalars()
    counted = {(row.wording, row.question, row.pot, row.answer): row.number for row in rows}
    asked = sorted({wording for wording, *_rest in counted} or {newest(ABOUT_YOU)}, reverse=True)
    return [
        _told(question, wording, pot, [each for each in everywhere if each], counted)
        for wording in asked
        for question in ABOUT_YOU[wording]
    ]


def _told(question: Question, wording: int, pot: str, each: Sequence[str], counted: Mapping[tuple[int, str, str, str], int]) -> Told:
    numbers = {(one, code): counted.get((wording, question.code, one, code), 0) for one in each for code in question.answers}
    numbers |= {(WHOLE, code): sum(numbers[one, code] for one in each) for code in question.answers}
    unseen = figures.hidden(numbers, [([(WHOLE, code)], [(one, code) for one in each]) for code in question.answers])
    return Told(question, wording, [Line(code, None if (pot, code) in unseen else numbers[pot, code]) for code in question.answers])
