"""Gifts before money in the demo: an idea that asks neighbours first, with every state of it, and a grant that did not need all its money."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.gifts import care, promises, talks
from portal.grants import apply, wish_kept, wishes
from portal.grants.model import Application, Award, Report
from portal.history import Actor
from portal.money import Pence
from portal.people import queries as people
from portal.people.access import Who

if TYPE_CHECKING:
    from portal.demo.story import Story

assert wish_kept  # hears of what is handed over
LINES = (
    ("Paper and wire for lanterns", 40_00), ("A long table", 60_00), ("Jam jars with lids", 12_00), ("Fairy lights", 30_00), ("A lantern maker for a day", 80_00),
)  # fmt: skip


class Wishes:
    """Told after the boards, whose neighbours answer here."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.connector = story.staff["connector"]
        self.number = 0

    def tell(self) -> None:
        self._saved()
        self._lanterns()
        with self.story.at(self.story.now):
            wishes.follow()

    def _who(self, person_id: int) -> Who:
        someone = people.person(person_id)
        return Who(someone.id, someone.ref, someone.name, someone.area_id)

    def _key(self) -> str:
        self.number += 1
        return f"demo wishes {self.number}"

    def _lanterns(self) -> None:
        """One line given, one promised, one asked; for one somebody gives something like it."""
        mine, area = self._who(self.story.residents[2]), self.story.areas[0].id
        with self.story.at(self.story.ago(6)):
            ref = apply.start(self.story.rolling, mine.id, Actor(mine.id))
            answers = {"title": "Lanterns for the dark months", "idea": "We make them together, and walk with them.", "area_id": area}
            apply.save(ref, 1, "idea", answers, Actor(mine.id), lines=[apply.Line(what, Pence(amount)) for what, amount in LINES])
        paper = self._ask(ref, 0, mine, 5.5, pieces=2, still=Pence(10_00))
        table = self._ask(ref, 1, mine, 5.4, sort="lend")
        self._ask(ref, 3, mine, 5.3)
        self._promised(paper, 5, mine, 4)
        with self.story.at(self.story.ago(2)):
            promises.handed(self._promised(paper, 9, mine, 3.5), mine)
        self._promised(table, 7, mine, 1, back=9)

    def _ask(self, ref: str, position: int, who: Who, ago: float, **how: object) -> str:
        """A wish; the first of somebody new is looked at by the connector at once."""
        with self.story.at(self.story.ago(ago)):
            line = db.session.scalars(select(Application).where(Application.ref == ref)).one().lines[position]
            post = wishes.ask(ref, wishes.key_of(line), wishes.Wish(line.what, **how), who, grown=True, once_key=self._key())  # type: ignore[arg-type]
            for look in care.waiting(None):
                if look.kind == "new" and look.post.ref == post:
                    care.decide(look.id, "shown", "", self.connector)
        return post

    def _promised(self, post: str, by: int, owner: Who, ago: float, back: int | None = None) -> str:
        with self.story.at(self.story.ago(ago, 12)):
            neighbour = self._who(self.story.residents[by])
            talk = talks.interested(post, "I have some, and they only gather dust.", neighbour, grown=True, once_key=self._key())
            back_on = clock.today() + timedelta(days=back) if back is not None else None
            return promises.promise(talk, 1, owner, back_on=back_on, once_key=self._key())

    def _saved(self) -> None:
        """A grant that is under way, of which a line came as a gift instead: asked and given before its last day."""
        query = (
            select(Application.ref, Application.person_id, Award.last_day)
            .join(Award, Award.application_id == Application.id)
            .join(Report, Report.award_id == Award.id)
            .where(Award.status == "reporting", Report.status.in_(("due", "started")))
            .order_by(Application.id)
        )
        ref, person_id, last = db.session.execute(query.limit(1)).tuples().one()
        mine, ago = self._who(person_id), (clock.london_day(self.story.now) - last).days
        post = self._ask(ref, 0, mine, ago + 4)
        neighbour = next(number for number in (5, 9, 7) if self.story.residents[number] != person_id)
        with self.story.at(self.story.ago(ago + 1, 15)):
            promises.handed(self._promised(post, neighbour, mine, ago + 3), mine)


def tell(story: "Story") -> None:
    """Told after the boards."""
    Wishes(story).tell()
