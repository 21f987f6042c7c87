"""What a person takes along of what they answered, and what happens to it when they leave.

Their three short answers stay, under a token of which nobody has the key: figures were told from them, and would tell of who leaves if
they changed. What they said about themselves was never kept as theirs, so that it can be neither given nor deleted, which the copy says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from portal.db import db
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.surveys import neighbours
from portal.surveys.equality import CANNOT_BE_FOUND
from portal.surveys.model import NeighboursAnswer, SurveyAsked
from portal.surveys.wording import NEIGHBOURS
from portal.words import _


def _answered(person_id: int) -> Mapping[str, Any]:
    someone = db.session.get_one(Person, person_id)
    asked = db.session.scalars(select(SurveyAsked.what).where(SurveyAsked.person_id == person_id).order_by(SurveyAsked.what))
    return {
        "three short questions": [in_words(row) for row in neighbours.answers_of(someone.ref)],
        "questions about you": _(CANNOT_BE_FOUND),
        "you were asked, and answered or put it away": list(asked),
    }


def in_words(row: NeighboursAnswer) -> dict[str, Any]:
    """Somebody's answers as they read them."""
    said = [(each, getattr(row, each.code)) for each in NEIGHBOURS[row.wording]]
    return {
        "when": row.moment,
        "month": row.month,
        "answers": {_(each.words): _(each.answers[code]) for each, code in said if code},
    }


def _leave(someone: Person) -> Sequence[str]:
    neighbours.cut_tie(someone)
    db.session.execute(delete(SurveyAsked).where(SurveyAsked.person_id == someone.id))
    return []


COLLECTORS["questions that we ask"] = _answered
ERASERS.append(_leave)
