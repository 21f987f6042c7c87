"""The gift boards of the demo: every state of every gift and promise, a hub with a board, the garden of Chadwell's story, and what waits for a look."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.demo import one_bid
from portal.events.model import Gathering
from portal.gifts import care, loans, notes, posts, promises, suggestions, talks, wall, weekly
from portal.gifts.rules import Draft
from portal.history import Actor
from portal.people import actions as people
from portal.people import queries
from portal.people.access import Who
from portal.web.rows import Row

if TYPE_CHECKING:
    from portal.demo.story import Story

DUE = (posts.remind_ending, posts.end_due, talks.remind, promises.remind, promises.ask_after, loans.remind, care.chase)
# (who of the residents, kind, sort, what, more, how many, days ago, a photo)
SAID = (
    (1, "gift", "lend", "A long ladder", "Reaches the gutter. Ask me to hold it.", 1, 20, False),
    (2, "gift", "head", "I know how to fill in forms", "Cups of tea included.", 1, 18, False),
    (4, "gift", "give", "A child’s bike, blue", "For about six years. New tyres.", 1, 6, True),
    (5, "gift", "give", "Jam jars with lids", "Washed, all sizes.", 24, 5, False),
    (6, "wish", "give", "A high chair for our baby", "", 1, 4, False),
    (7, "gift", "heart", "Somebody to sit with at the surgery", "I like waiting rooms, and bring a crossword.", 1, 9, False),
    (8, "wish", "lend", "A tent for one weekend", "For two small people and one tired one.", 1, 3, False),
    (9, "gift", "hands", "I sew on buttons and zips", "", 1, 12, False),
    (3, "gift", "give", "Rhubarb, as much as you can carry", "From the allotment, cut on Sunday.", 6, 2, True),
)  # fmt: skip


# typed from sticky notes: gift or wish, sort, what, who, where they are reached
NOTES = (
    ("g", "lend", "A wallpaper table", "Elsie Moor", ""),
    ("w", "do", "Somebody to hang a curtain rail", "Elsie Moor", ""),
    ("g", "know", "How to bake without gluten", "Walter Webb", "walter.webb@people.example"),
    ("w", "company", "A walk with a dog, I have none", "Dot Finch", ""),
)


class Gifts:
    """Tells it, after everything else, so that nothing before it changes."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.number = 0
        self.who = [self._resident(id_) for id_ in story.residents[:16]]
        self.connector = story.staff["connector"]
        self.hub = 0
        self.school = 0

    def tell(self) -> None:
        self._groups()
        told = {each[3]: self._post(*each) for each in sorted(SAID, key=lambda each: -each[6])}
        self._looked_at()
        self._garden()
        self._bike(told["A child’s bike, blue"])
        self._jars(told["Jam jars with lids"])
        self._ladder(told["A long ladder"])
        talk = self._interested(told["I know how to fill in forms"], 12, "The one from the council has forty pages!", 8)
        self._say(talk, 2, "Forty pages are two cups of tea. Tuesday?", 7)
        self._fitting()
        self._ended()
        self._on_paper()
        for days in (10, 3, 0):
            with self.story.at(self.story.ago(days) if days else self.story.now):
                for brought_about in DUE:
                    brought_about()
        with self.story.at(self.story.now):
            weekly.send()  # when it is told on a Thursday evening, its letters have just gone

    # --- who -------------------------------------------------------------------------------------------------------------

    def _resident(self, id_: int) -> Who:
        someone = queries.person(id_)
        return Who(someone.id, someone.ref, someone.name, someone.area_id)

    def _groups(self) -> None:
        """A hub for which the connector acts, and a school's allotment group of two residents."""
        place = self.story.areas[0].id
        with self.story.at(self.story.ago(60)), transaction():
            hub = people.create_organisation("Mossgate Hub", "hub", place, Actor(self.connector.id))
            people.act_for(self.connector.id, hub.id, Actor(self.connector.id))
            school = people.create_organisation("Mossgate School allotment group", "school", place, Actor(self.who[1].id))
            people.act_for(self.who[1].id, school.id, Actor(self.who[1].id))
            self.hub, self.school = hub.id, school.id
        self.who[1] = replace(self.who[1], acts_for=self.who[1].acts_for | {self.school})
        self.connector = replace(self.connector, acts_for=self.connector.acts_for | {self.hub})

    # --- what ------------------------------------------------------------------------------------------------------------

    def _key(self) -> str:
        self.number += 1
        return f"demo gifts {self.number}"

    def _post(self, who: int, kind: str, sort: str, title: str, text: str, many: int, ago: float, photo: bool, **changes: Any) -> str:
        """Somebody puts it up; the first of somebody new is looked at by the connector at once."""
        draft = Draft(
            kind=kind,
            sort=sort,
            title=title,
            area_id=self.story.areas[0].id,
            text=text,
            quantity=many,
            alt="A drawing of hills and sun" if photo else "",
        )
        with self.story.at(self.story.ago(ago)):
            ref = posts.post(
                replace(draft, **changes), self.who[who], grown=True, picture=one_bid.drawing(43) if photo else None, data_dir=self.story.data_dir,
                once_key=self._key(),
            )  # fmt: skip
            for look in care.waiting(None):
                if look.kind == "new" and look.post.ref == ref:
                    care.decide(look.id, "shown", "", self.connector)
        return ref

    def _interested(self, post: str, who: int, words: str, days: float, group: int | None = None) -> str:
        with self.story.at(self.story.ago(days, 12)):
            return talks.interested(post, words, self.who[who], organisation_id=group, grown=True, once_key=self._key())

    def _say(self, talk: str, who: int, words: str, days: float) -> None:
        with self.story.at(self.story.ago(days, 16)):
            talks.say(talk, words, self.who[who], once_key=self._key())

    def _promised(self, talk: str, who: int, days: float, pieces: int = 1, back: int | None = None) -> str:
        with self.story.at(self.story.ago(days, 17)):
            back_on = clock.today() + timedelta(days=back) if back is not None else None
            return promises.promise(talk, pieces, self.who[who], back_on=back_on, once_key=self._key())

    def _meet(self, promise: str, who: int, days: int, said_days: float, place: str) -> None:
        """They meet in so many days from now (before, when it is negative); said so many days ago."""
        at = datetime.combine(clock.london_day(self.story.now) + timedelta(days=days), datetime.min.time(), clock.LONDON) + timedelta(
            hours=14
        )
        with self.story.at(self.story.ago(said_days, 18)):
            promises.meet(promise, at, place, self.who[who])

    def _garden(self) -> None:
        """A mother who cannot face her garden, and the allotment group of a school that has no ground left."""
        wish = self._post(
            0,
            "wish",
            "hands",
            "Our garden has got away from us",
            "We are new here, and it is up to my son’s chin.",
            1,
            16,
            False,
            hub_id=self.hub,
        )
        talk = self._interested(wish, 1, "We have twelve pairs of hands and no ground left. May we dig, and your son too?", 15, self.school)
        self._say(talk, 0, "He is looking for his wellies already.", 14.5)
        done = self._promised(talk, 0, 14)
        self._meet(done, 0, -11, 13.5, "At our back gate, round the corner")
        with self.story.at(self.story.ago(10)):
            promises.handed(done, self.who[0])
        with self.story.at(self.story.ago(9)):
            promises.thank(done, "He has five friends now, and we have beans.", self.who[0])

    def _bike(self, bike: str) -> None:
        """Promised, with a day ahead and an address that only one neighbour sees; another waits for a word."""
        talk = self._interested(bike, 0, "My son is six, and has been walking behind us all summer.", 5)
        self._say(talk, 4, "Then it is his.", 4)
        promise = self._promised(talk, 4, 4)
        self._meet(promise, 0, 2, 3, "Outside the library")
        with self.story.at(self.story.ago(2)):
            promises.show_address(promise, "3 Sample Street, the blue door", self.who[4])

    def _jars(self, jars: str) -> None:
        """Some for one who did not come, some called off, some left; and one who waits for an answer."""
        first = self._interested(jars, 10, "A dozen would do for our chutney.", 4.5)
        missed = self._promised(first, 5, 4, pieces=12)
        self._meet(missed, 5, -2, 3.5, "The community hall")
        second = self._interested(jars, 11, "Six for honey, please.", 3)
        off = self._promised(second, 5, 2.5, pieces=6)
        with self.story.at(self.story.ago(1)):
            promises.missed(missed, self.who[5])
            promises.let_go(off, "The bees have moved out. Thank you all the same!", self.who[11])
        self._interested(jars, 0, "Are there any small ones?", 0.2)

    def _ladder(self, ladder: str) -> None:
        """Lent, and late to come back; before that lent and back in time."""
        talk = self._interested(ladder, 13, "Our gutter grows a tree.", 19)
        back = self._promised(talk, 1, 18.5, back=4)
        with self.story.at(self.story.ago(17)):
            promises.handed(back, self.who[1])
        with self.story.at(self.story.ago(15)):
            loans.came_back(back, self.who[1])
        talk = self._interested(ladder, 0, "To get the ball off the roof. All of them.", 12)
        late = self._promised(talk, 1, 11, back=8)
        with self.story.at(self.story.ago(10)):
            promises.handed(late, self.who[0])

    def _looked_at(self) -> None:
        """Held for a word, held as the first of somebody new, reported, and decided long ago."""
        loan = self._post(12, "gift", "give", "Fireworks from last year", "", 1, 8, False)
        with self.story.at(self.story.ago(7)):
            held = next(each for each in care.waiting(None) if each.post.ref == loan)
            care.decide(held.id, "taken_down", "Fireworks go back to the shop: they are not safe to pass on.", self.connector)
        self._post(13, "gift", "give", "Kitchen knives in a block", "Sharp, five of them.", 1, 0.4, False)
        draft = Draft(kind="gift", sort="head", title="Guitar for beginners", area_id=self.story.areas[0].id)
        with self.story.at(self.story.ago(0.2)):
            posts.post(draft, self.who[14], grown=True, once_key=self._key())
        sofa = self._post(15, "gift", "give", "A sofa, a little tired", "", 1, 5, False)
        with self.story.at(self.story.ago(1)):
            care.report(sofa, "This is the same sofa that lies in the lane.", self.who[6])

    def _on_paper(self) -> None:
        """Notes printed for an event, a wall of them typed the day after, one with an answer that the connector passes on."""
        event = db.session.scalars(
            select(Gathering)
            .where(Gathering.status == "open", Gathering.decided_at.is_not(None), Gathering.day < clock.today())
            .order_by(Gathering.day.desc())
        ).first()
        if event is None:
            return
        days = (clock.today() - event.day).days
        with self.story.at(self.story.ago(days + 2)):
            sheet = notes.print_sheet(event.area_id, None, event.id, 1, self.connector, once_key=self._key())
        numbers = [str(each.number) for each in notes.sheet(sheet, self.connector)[1]]
        rows = [Row(line, dict(zip(wall.COLUMNS, (numbers[line], *cells), strict=True))) for line, cells in enumerate(NOTES, 1)]
        with self.story.at(self.story.ago(max(days - 1, 0), hour=12)):
            ref = wall.put_up(rows, wall.Head(event.area_id, event_id=event.id), self.connector, once_key=self._key())
        self._interested(wall.typed(ref, self.connector)[0].ref, 4, "I could do with that on Saturdays.", max(days - 2, 0))

    def _fitting(self) -> None:
        """Two wishes that answer each other, one that nobody wants suggested, and letters once a week."""
        with self.story.at(self.story.ago(9)):
            weekly.ask(self.who[0].id, "all")
            weekly.ask(self.who[1].id, "mine")
            weekly.ask(self.who[6].id, "all")
            weekly.stop(self.who[6].id)
        self._post(0, "wish", "hands", "Our hedge has grown over the gate", "The postman has stopped coming.", 1, 3, False, hub_id=self.hub)
        draft = Draft(
            kind="wish", sort="lend", title="A corner of ground to grow squash on", area_id=self.story.areas[0].id, hub_id=self.hub
        )
        with self.story.at(self.story.ago(2.5)):
            ground = posts.post(draft, self.who[1], organisation_id=self.school, once_key=self._key())
            care.decide(next(each.id for each in care.waiting(None) if each.post.ref == ground), "shown", "", self.connector)
        tyre = self._post(9, "gift", "give", "A bicycle pump and two tyres", "", 1, 2, False)
        suggestions.not_this(tyre, self.who[4])

    def _ended(self) -> None:
        """One in each state that is on no board, and one that ends soon."""
        paused = self._post(9, "gift", "hands", "Haircuts for children", "Straight ones.", 1, 15, False)
        ended = self._post(2, "wish", "heart", "A fourth for our card table", "", 1, 14, False)
        self._post(3, "gift", "give", "Daffodil bulbs", "", 3, 13, False, days=7)
        self._post(7, "gift", "give", "A box of detective stories", "", 1, 6, False, days=7, hub_id=self.hub)
        with self.story.at(self.story.ago(6)):
            posts.pause(paused, self.who[9])
            posts.end(ended, self.who[2])


def tell(story: "Story") -> None:
    """Told after everything else."""
    Gifts(story).tell()
