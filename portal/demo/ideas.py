"""The wall of ideas in the demo: each state of a card, who is in with and without an account, two that became one, one that became a bid."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.db import db
from portal.events.model import Gathering
from portal.grants import from_idea
from portal.ideas import cards, care, joining, pledges, queries, wall
from portal.people import queries as people
from portal.people.access import Nobody, Who
from portal.people.model import Person

if TYPE_CHECKING:
    from portal.demo.story import Story

DUE = (cards.remind_ending, cards.end_due, care.remind_late, joining.lapse, from_idea.follow)
NOTES = (
    wall.note(1, "A bench by the bus stop on the green", "So that older neighbours can rest on the way.", "Elsie"),
    wall.note(2, "Apple trees along the footpath", "", "Samir", "samir.fair@demo.example"),
    wall.note(3, "A choir for everybody who thinks they cannot sing"),
    wall.note(4, "Paint the underpass together", "With the school. Bright colours.", "Nadia"),
)


@dataclass(frozen=True)
class Pinned:
    """A card of the demo: whose (of the residents), what, where (of the areas), days ago."""

    whose: int
    title: str
    text: str
    area: int
    days: int


CARDS = (
    Pinned(3, "A seat at the bus stop", "My mother cannot stand for long. A seat would be a gift.", 0, 40),
    Pinned(4, "A street meal in summer", "One long table, everybody brings a dish.", 1, 60),
    Pinned(0, "A shelf where we swap books", "By the launderette, out of the rain.", 2, 25),
    Pinned(6, "Walk the dogs of neighbours who are ill", "A list by the door of the hub is enough.", 0, 190),
    Pinned(5, "A toy library by the launderette", "Swap what the little ones have grown out of.", 2, 20),
    Pinned(7, "A repair evening once a month", "Toasters, bikes, trousers. We have the tools.", 3, 90),
)


def tell(story: "Story") -> None:
    """Told after everything else, so that nothing before it changes."""
    connector, areas = story.staff["connector"], story.areas
    who = [_who(id_) for id_ in story.residents[:14]]
    refs: list[str] = []
    for number, each in enumerate(CARDS):
        with story.at(story.ago(each.days)):
            draft = cards.Draft(each.title, areas[each.area].id, each.text)
            refs.append(cards.post(draft, who[each.whose], once_key=f"demo idea {number}"))
        with story.at(story.ago(each.days - 1)):
            _let_go(connector)
    seat, meal, books, _dogs, toys, repair = refs
    with story.at(story.ago(35)):
        event = db.session.scalar(select(Gathering.ref).where(Gathering.kind == "fair", Gathering.status == "open").limit(1))
        ref = wall.pin_wall(NOTES, areas[0].id, connector, event_ref=event or "", once_key="demo wall")
        bench, apples, choir, paint = [each.ref for each in queries.of_wall(ref)]
    for number, (card, minutes) in enumerate(
        ((seat, 120), (bench, 180), (meal, 240), (books, 60), (meal, 120), (repair, 300), (apples, 90))
    ):
        with story.at(story.ago(30 - number)):
            pledges.say_in(card, minutes, who[8 + number % 6])
    with story.at(story.ago(22)):
        pledges.say_in_without(bench, "Walter", 120, None, once_key="demo in 1")
        pledges.say_in_without(apples, "Hattie", 60, ("email", "hattie.fair@demo.example"), once_key="demo in 2")
        pledges.write_down(choir, "Dorothy", 60, None, connector, basis="in person", once_key="demo in 3")
    with story.at(story.ago(20)):
        joining.ask(seat, bench, connector, basis="in person")
    with story.at(story.ago(12)):
        joining.ask(paint, choir, connector, basis="in person", said=("idea",))
        joining.ask(toys, books, who[5])
    with story.at(story.ago(9)):
        care.report(choir, "Our last choir was called that too.", who[9], once_key="demo report")
        cards.post(cards.Draft("A knife sharpener who comes round once a month", areas[4].id), who[10], once_key="demo words")
        cards.post(cards.Draft("A slide for the little ones", areas[1].id, name="Ivy"), Nobody(), once_key="demo stranger")
    with story.at(story.ago(6)):
        cards.end(repair, "done", who[7])
    with story.at(story.ago(5)):
        from_idea.start(meal, story.rolling, who[4], data_dir=story.data_dir, once_key="demo from idea")
    for days in (3, 0):
        with story.at(story.ago(days) if days else story.now):
            for brought_about in DUE:
                brought_about()


def _who(person_id: int) -> Who:
    one: Person = people.person(person_id)
    return Who(one.id, one.ref, one.name, one.area_id)


def _let_go(connector: Who) -> None:
    for look in care.waiting(None):
        care.settle(look.id, "stands", "", connector, shown=look.idea.version)
