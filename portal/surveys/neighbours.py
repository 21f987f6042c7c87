"""Three short questions to one person, at the start and half a year on or after their idea was done: whether to ask, and what they say.

An answer stands apart from who gave it: under a keyed hash of their number, with the month and the area.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, case, exists, literal, or_, select, update

from portal import clock, vault
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants.model import Application, Award, Report
from portal.ideas.model import IdeaPledge
from portal.people.access import Nobody, Who
from portal.people.model import Person
from portal.surveys import asking
from portal.surveys.model import NeighboursAnswer, SurveyAsked, SurveySwitch
from portal.surveys.wording import NEIGHBOURS
from portal.timebank.model import Member
from portal.words import _

NAME = "neighbours"
MONTHS = 6  # after the first answers we ask again
AFTER_REPORT = 2  # or so many, when the story of an idea of theirs was accepted


def asked_as(moment: str) -> str:
    """The flag of being asked."""
    return f"{NAME}:{moment}"


def tokens(ref: str) -> Collection[str]:
    """What the answers of a person may stand under, by their number; new ones under the first."""
    return vault.marks("three questions", ref)


def _month(back: int = 0) -> str:
    return f"{clock.months_on(clock.today(), -back):%Y-%m}"


# --- whether to ask ------------------------------------------------------------------------------------------------------


def card(who: Who | Nobody) -> ColumnElement[str]:
    """What the home page asks somebody for, as a part of a query: "start", "later", "about_you" (the timebank's) or nothing."""
    if not isinstance(who, Who):
        return literal("")
    member = exists().where(Member.person_id == who.id, Member.status != "left")
    begun = or_(
        member,
        exists().where(Application.person_id == who.id, Application.sent_at.is_not(None)),
        exists().where(IdeaPledge.person_id == who.id, IdeaPledge.status == "in"),
    )
    return case(
        (and_(_asks(NAME), _not_asked(who, asked_as("start")), begun), "start"),
        (and_(_asks(NAME), _not_asked(who, asked_as("later")), _later_is_due(who)), "later"),
        (and_(_asks("about_you"), _not_asked(who, "about_you:timebank"), member), "about_you"),
        else_="",
    )


def _asks(name: str) -> ColumnElement[bool]:
    return ~exists().where(SurveySwitch.name == name, SurveySwitch.asks.is_(False))


def _not_asked(who: Who, what: str) -> ColumnElement[bool]:
    return ~exists().where(SurveyAsked.person_id == who.id, SurveyAsked.what == what)


def _later_is_due(who: Who) -> ColumnElement[bool]:
    told = (
        select(Report.id)
        .join(Award, Award.id == Report.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Application.person_id == who.id, Report.status == "accepted")
    )
    month = NeighboursAnswer.month
    due = or_(month <= _month(MONTHS), and_(month <= _month(AFTER_REPORT), told.exists()))
    return exists().where(NeighboursAnswer.token.in_(tokens(who.ref)), NeighboursAnswer.moment == "start", due)


def due(who: Who) -> str:
    """ "start" (also of who has begun nothing yet and comes by themselves), "later" or nothing."""
    query = select(_asks(NAME), _not_asked(who, asked_as("start")), _not_asked(who, asked_as("later")), _later_is_due(who))
    asks, fresh, once, ripe = db.session.execute(query).one()
    return "" if not asks else "start" if fresh else "later" if once and ripe else ""


# --- what they say -------------------------------------------------------------------------------------------------------


def answers_of(ref: str) -> Sequence[NeighboursAnswer]:
    """What a person answered, the start first; nothing when the key is no longer in the vault."""
    query = select(NeighboursAnswer).where(NeighboursAnswer.token.in_(tokens(ref)))
    return db.session.scalars(query.order_by(NeighboursAnswer.moment.desc())).all()


def answer(who: Who, moment: str, wording: int, answers: Mapping[str, str]) -> bool:
    """Keep what somebody answers, once; False when they were asked before, and then nothing changes. Without any answer only that they
    were asked is kept. Later it is asked in the words of the start, so that the two can be compared.

    Refused: switched off; too early; an answer or a wording that is not ours.
    """
    said = asking.judged(NEIGHBOURS, wording, answers)
    with transaction():
        asking.must_ask(NAME)
        if not asking.claim(who.id, asked_as(moment)):
            return False
        first = next(iter(answers_of(who.ref)), None)
        if moment == "later" and (first is None or not db.session.scalar(select(_later_is_due(who)))):
            raise Refused(_("We ask this once more later. There is nothing to do now."))
        if moment == "later" and first is not None and first.wording != wording:
            raise Refused(_("This page was open for too long. Please answer once more."))
        if said:
            db.session.add(
                NeighboursAnswer(
                    token=first.token if first is not None else next(iter(tokens(who.ref))), moment=moment, wording=wording, month=_month(),
                    area_id=who.area_id if first is None else first.area_id, **said,
                )
            )  # fmt: skip
    return True


def carry(old: Person, new: Person) -> None:
    """A part of joining two records of one person: what was answered under the one is asked again under the other, unless that one has
    answers of its own; then it stays in figures that were told, under a token of which no key knows.
    """
    if answers_of(new.ref):
        cut_tie(old)
        return
    rows = NeighboursAnswer.token.in_(tokens(old.ref))
    db.session.execute(update(NeighboursAnswer).where(rows).values(token=next(iter(tokens(new.ref)))))


def cut_tie(someone: Person) -> None:
    """A part of leaving: their answers stay in figures that were told already, under a token of which no key knows."""
    rows = NeighboursAnswer.token.in_(tokens(someone.ref))
    db.session.execute(update(NeighboursAnswer).where(rows).values(token=f"gone:{secrets.token_hex(20)}"))
