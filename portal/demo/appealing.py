"""Appeals of the demo at every step."""

from typing import TYPE_CHECKING

from portal import clock
from portal.db import db, transaction
from portal.demo import (
    one_bid,
    words,
)
from portal.grants import appeals, decide, queries
from portal.history import Actor
from portal.people import actions as people
from portal.people.model import Role

if TYPE_CHECKING:
    from portal.demo.story import Story


def tell(story: "Story") -> None:
    """An appeal in each state, and each end of one. The third officer had no part in any decision; nor had one who was lent to us."""
    third, connector = Actor(story.staff["third-officer"].id), story.staff["connector"].id
    with story.at(story.ago(210)), transaction():
        lent = people.create_person("Milan Osei", email="milan.osei@people.example")
        db.session.add(Role(person_id=lent.id, name="officer", since=clock.today(), reason="Lent by the next borough, for second looks"))
        second = Actor(lent.id)

    def appealed(number: int, began: float, stop: str, made: float, ground: str, *, helper: int = 0, who: int | None = None) -> str:
        bid = queries.bid(one_bid.bid(story, story.rolling, number, began, stop, by=who))
        by = Actor(helper, bid.person_id, "telephone") if helper else Actor(bid.person_id)
        with story.at(story.ago(made)):
            return appeals.make(bid.ref, ground, words.APPEALS[ground], by)

    def answered(ref: str, days: float, upheld: bool, by: Actor, stage: str = "open") -> None:
        with story.at(story.ago(days)):
            appeals.answer(ref, stage, upheld, words.ANSWERS["upheld" if upheld else "not_upheld"], {0}, True, by)

    def asked_again(ref: str, days: float) -> None:
        with story.at(story.ago(days)):
            appeals.ask_again(ref, words.SECOND, Actor(appeals.appeal_by_ref(ref).application.person_id))

    one_bid.bid(story, story.rolling, 110, 12, "no", by=story.residents[0])  # and one that can be appealed
    appealed(100, 14, "no", 3, "tie", helper=connector)
    appealed(101, 60, "no", 40, "rules")  # late
    answered(appealed(102, 40, "no", 25, "unseen", who=story.residents[2]), 4, False, third)
    twice = appealed(103, 50, "no", 40, "unseen")
    answered(twice, 12, False, second)
    asked_again(twice, 2)
    answered(appealed(104, 20, "ineligible", 15, "fact"), 6, True, third)
    anew = appealed(105, 30, "no", 20, "unseen")
    answered(anew, 8, True, third)
    with story.at(story.ago(7)):
        decide.put_to_panel(appeals.appeal_by_ref(anew).application.ref, Actor(story.staff["council-officer"].id))
    twice = appealed(106, 200, "no", 190, "tie")
    answered(twice, 180, False, third)
    asked_again(twice, 175)
    answered(twice, 168, False, second, "second_stage")
    back = appealed(107, 120, "no", 112, "fact")
    with story.at(story.ago(110)):
        appeals.withdraw(back, Actor(appeals.appeal_by_ref(back).application.person_id))
    answered(appealed(108, 70, "conditions", 58, "fact"), 50, True, third)
    answered(appealed(109, 150, "no", 140, "rules"), 130, False, third)
    with story.at(story.ago(105)):
        appeals.close_unasked()
