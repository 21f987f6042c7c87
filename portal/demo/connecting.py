"""Introductions in the demo: who said yes, what came of being introduced, and who was asked to lead."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal import clock
from portal.connecting import actions, queries
from portal.db import db
from portal.ideas.model import Idea
from portal.people import queries as people
from portal.people.access import Who

if TYPE_CHECKING:
    from portal.demo.story import Story

# (one, two, about what, days ago, what came of it)
BROUGHT = (
    (0, 1, "bees and beginners", 300, "began"),
    (1, 2, "a garden and two strong arms", 190, "met"),
    (2, 5, "reading with children", 120, "began"),
    (0, 3, "bread for the hub", 90, "met"),
    (3, 4, "the choir looks for a piano", 40, "nothing"),
    (4, 6, "walking slowly, with a dog", 12, "nothing"),
)
# (who, what for, days ago, their answer)
ASKED = (
    (1, "the Tuesday lunch", 60, "not_now"),
    (2, "the repair café", 45, "yes"),
    (3, "the carnival table", 30, "never"),
    (5, "a walk each month", 4, ""),
)


def tell(story: "Story") -> None:
    """Told after everything else."""
    connector = story.staff["connector"]
    who = [Who(each.id, each.ref, each.name, each.area_id) for each in map(people.person, story.residents[:7])]
    for place, each in enumerate(who):
        with story.at(story.ago(400 - place)):
            actions.say_yes(each, grown=True)
    began = db.session.scalars(select(Idea.ref).where(Idea.status == "open").order_by(Idea.id)).first()
    for number, (one, two, words, days, outcome) in enumerate(BROUGHT):
        with story.at(story.ago(days)):
            ref = actions.introduce(who[one].ref, who[two].ref, words, clock.today(), connector, once_key=f"demo:introduction:{number}")
        with story.at(story.ago(days) + timedelta(days=5)):
            actions.came_of_it(ref, outcome, began or "" if outcome == "began" and number == 0 else "", connector)
    for number, (one, words, days, answer) in enumerate(ASKED):
        with story.at(story.ago(days)):
            actions.ask(who[one].ref, words, connector, once_key=f"demo:ask:{number}")
        if answer:
            with story.at(story.ago(days) + timedelta(hours=30)):
                asked = queries.asks_of(who[one].id)[0].ref
                actions.answer_mine(asked, answer, who[one])
    with story.at(story.ago(4)):
        actions.look([who[5].ref], connector)
