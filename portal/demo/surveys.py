"""What neighbours of the demo said of where they live, at the start and later, and a little about themselves."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.db import db
from portal.grants.model import Fund
from portal.people import queries as people
from portal.people.access import Who
from portal.surveys import equality, neighbours
from portal.surveys.wording import ABOUT_YOU, NEIGHBOURS, Question, newest
from portal.timebank.model import Member

if TYPE_CHECKING:
    from portal.demo.story import Story

BEGAN, AGAIN, FIRST = 700, 330, 20  # days ago; and how many of the first neighbours are left to be asked
MOST = 120


def tell(story: "Story") -> None:
    """Members answer after they joined, two of three of them again later, and most say a little about themselves."""
    members = db.session.scalars(
        select(Member.person_id).where(Member.person_id.is_not(None), Member.status == "active").order_by(Member.id)
    )
    some = [Who(each.id, each.ref, each.name, each.area_id) for each in map(people.person, members.all()[FIRST : FIRST + MOST])]  # type: ignore[arg-type]
    fund = db.session.scalars(select(Fund.code).order_by(Fund.id)).first()
    for number, who in enumerate(some):
        with story.at(story.ago(BEGAN)):
            neighbours.answer(
                who, "start", newest(NEIGHBOURS), {each.code: _drawn(story, each, 0.5) for each in NEIGHBOURS[newest(NEIGHBOURS)]}
            )
        with story.at(story.ago(AGAIN) + timedelta(hours=number % 9)):
            if number % 3:
                neighbours.answer(
                    who, "later", newest(NEIGHBOURS), {each.code: _drawn(story, each, 0.7) for each in NEIGHBOURS[newest(NEIGHBOURS)]}
                )
            pot = f"fund:{fund}" if number % 4 == 3 else equality.TIMEBANK
            equality.answer(who, pot, newest(ABOUT_YOU), {each.code: _drawn(story, each, 0.3) for each in ABOUT_YOU[newest(ABOUT_YOU)]})


def _drawn(story: "Story", question: Question, first: float) -> str:
    """The first answer by its share, now and then none, else any."""
    draw = story.random.random()
    return "" if draw > 0.95 else next(iter(question.answers)) if draw < first else story.random.choice(list(question.answers))
