"""What ideas hoped for in the demo, what came of it, stories in every state, and a table of progress that officers have begun.

Draws from a source of its own, so that the rest of the scheme comes out as it did before there were outcomes.
"""

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.grants import queries, report
from portal.grants.model import Application, Award, Report
from portal.history import Actor
from portal.outcomes import catalogue, hopes, progress, stories
from portal.outcomes.progress import Written
from portal.outcomes.rules import HOW_FAR
from portal.outcomes.stories import Telling
from portal.refs import drawn_from

if TYPE_CHECKING:
    from portal.demo.story import Story

SEED = 41
HAPPENED = (
    "Eleven people came each week, and four of them had never met.", "It took longer than we thought, and the children kept it going.",
    "Two neighbours look after it now.",
)  # fmt: skip
STORIES = (
    "Before, everybody hurried past that corner. Now there is a bench and a kettle, and on Tuesdays we do not get away before noon.",
    "We were four, then nine. The best moment was when the quiet man from the top floor brought his tools and stayed all afternoon.",
    "I had never asked anybody for anything. It turned out that they had only waited for somebody to begin.",
    "The soil was harder than we thought. Three evenings, many blisters, and the first beans in August.",
    "Our children wrote the signs. Even the postman stops to read them.",
)
WRITTEN = {
    "support": Written("Small sparks\nThe timebank’s lunch table", "More people say that they have somebody to call on", "Ask at the hubs in spring", "Hub team"),
    "connections": Written("Lanterns for the dark months\nTea on the green", "Neighbours greet each other by name", "A street table in each ward", "Connectors"),
    "ownership": Written("Beds and benches that neighbours look after", "Nobody calls the council about the green", "Hand over the keys of the shed", "Parks"),
}  # fmt: skip


def begin(story: "Story") -> None:
    """The list, from the first day on."""
    officer = Actor(story.staff["council-officer"].id)
    with drawn_from(random.Random(SEED)), clock.held_at(story.now - timedelta(days=700)):  # noqa: S311  a demo
        catalogue.begin(officer)


def hoped(ref: str, number: int, version: int, actor: Actor) -> int:
    """What this idea hopes for: most choose one or two; returns the new version of the bid."""
    lines = catalogue.offered()
    picked = [lines[(number * step + step) % len(lines)].ref for step in range(1, 1 + number % 4)]
    hopes.choose(ref, version, picked, actor)
    return queries.bid(ref).version


def told(ref: str, number: int, actor: Actor) -> None:
    """How far it came, with the report."""
    words = list(HOW_FAR)
    bid = queries.bid(ref)
    answers = {
        hope.position: hopes.Answer(words[(number + hope.position) % len(words)], HAPPENED[number % len(HAPPENED)])
        for hope in hopes.of_bid(bid.id)
    }
    hopes.tell(ref, report.of_bid(bid).version, answers, actor)


def tell(story: "Story") -> None:
    """Told at the end, when grants are finished."""
    officer = Actor(story.staff["council-officer"].id)
    with drawn_from(random.Random(SEED + 1)), clock.held_at(story.now - timedelta(hours=20)):  # noqa: S311  a demo
        _stories(officer)
        for heading, written in WRITTEN.items():
            progress.change(heading, None, 0, written, officer)
        progress.change("connections", story.areas[0], 0, Written("A walk with lanterns"), officer)


def _stories(officer: Actor) -> None:
    """Two for all to read, one that waits, one that was not printed, one that was taken back."""
    finished = db.session.execute(
        select(Application.ref, Application.person_id)
        .join(Award, Award.application_id == Application.id)
        .join(Report, Report.award_id == Award.id)
        .where(Report.status == "accepted", Application.person_id != officer.person_id)
        .order_by(Application.id)
        .limit(len(STORIES))
    ).all()
    for number, (ref, person_id) in enumerate(finished):
        mine = Actor(person_id)
        told_as = stories.tell(ref, Telling(STORIES[number], "", True, True), mine)
        if number in (0, 1, 4):
            stories.publish(told_as, 1, True, officer)
        if number == 2:
            stories.decline(told_as, 1, "Please leave out where you live, and send it again. It is a lovely story.", officer)
        if number == 4:
            stories.take_back(ref, mine)
