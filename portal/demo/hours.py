"""The timebank in the demo: forty members over two months, every state of an exchange, and something for each to do today."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.history import Actor
from portal.money import Minutes
from portal.panels.model import Seat
from portal.people import actions as people
from portal.people import queries
from portal.people.access import Who
from portal.timebank import exchange, leaving, lines, members, merging, neighbours, sheets
from portal.timebank import queries as statements
from portal.timebank.neighbours_model import NeighbourQuestion, NeighbourSeat
from portal.timebank.rules import TimeRules

if TYPE_CHECKING:
    from portal.demo.story import Story

KINDS = ("garden", "company", "lifts", "repairs", "computers", "cooking", "learning", "shopping")
NOTES = {
    "garden": "The hedge at the back",
    "lifts": "To the clinic and home",
    "computers": "Video calls with the grandchildren",
    "repairs": "A dripping tap",
}


class Hours:
    """Tells it, after the rest of the story, so that nothing before it changes."""

    def __init__(self, story: "Story") -> None:
        self.story, self.random = story, story.random
        self.cards: list[str] = []
        self.who: dict[str, Who] = {}
        self.refs: dict[str, str] = {}  # exchanges that the story comes back to

    def tell(self) -> None:
        story = self.story
        with story.at(story.ago(75)):
            members.open_timebank(TimeRules(), Actor(story.staff["council-officer"].id))
        everybody = [*story.residents[:36], *(each.id for each in story.panel), story.staff["connector"].id]
        for number, person_id in enumerate(everybody):
            with story.at(story.ago(74 - number)):
                someone = queries.person(person_id)
                card = members.join(person_id, story.areas[0 if number < 24 else 1 + number % 3].id, True, Actor(person_id))
                self.cards.append(card)
                self.who[card] = Who(person_id, someone.ref, someone.name, someone.area_id)
        self._without_phone()
        self._group()
        for number in range(150):
            self._settled(self.random.choice(self.cards[:20]), self.random.choice(self.cards), 60 - number * 0.38, number)
        self._today()
        self._sheet()
        self._neighbours()
        self._wrong_and_double()

    def _neighbours(self) -> None:
        """Three of the panel have looked at hours, are looking at others, and are asked for more of the pot than one may give."""
        gus = self.story.staff["connector"]
        idris, helper = self.cards[1], self.cards[8]
        dug = self._log(helper, "gave", idris, 180, 12, 840)
        with self.story.at(self.story.ago(11)):
            exchange.answer(dug, 60, "It rained at eleven.", self.who[idris], shown=180)
            exchange.decide(dug, 60, "The rain is in the diary of the hub.", gus)
        with self.story.at(self.story.ago(9)):
            ref = neighbours.ask(dug, "We went on in the shed.", self.who[helper])
        with self.story.at(self.story.ago(7)):
            for who, why in zip(self._drawn(ref), ("Half of it was in the dry.", "The shed counts too."), strict=False):
                neighbours.say(ref, 120, why, who)
        with self.story.at(self.story.ago(3)):
            neighbours.pass_on(self.refs["no"], "I know both families too well.", gus)
            ref = neighbours.propose(
                self.story.areas[0].code,
                self.cards[20],
                Minutes(480),
                "She cares for her mother all summer",
                gus,
                once_key="demo neighbours",
            )
        with self.story.at(self.story.ago(2)):
            neighbours.say(ref, 480, "Everybody has such a summer once.", self._drawn(ref)[0])

    def _drawn(self, ref: str) -> list[Who]:
        """Who sits on the seats that were asked."""
        asked = (
            select(Seat.person_id)
            .join(NeighbourSeat, NeighbourSeat.seat_id == Seat.id)
            .join(NeighbourQuestion)
            .where(NeighbourQuestion.ref == ref)
        )
        return [
            Who(someone.id, someone.ref, someone.name, someone.area_id)
            for someone in map(queries.person, db.session.scalars(asked.order_by(Seat.id)).all())
        ]

    def _wrong_and_double(self) -> None:
        """A gift that went to the wrong card, and somebody who was entered twice."""
        idris, gus = self.cards[1], self.story.staff["connector"]
        giver = next(card for card in self.cards[3:20] if members.balance(members.by_ref(card)) >= 60)
        with self.story.at(self.story.ago(2)):
            leaving.donate(giver, idris, Minutes(30), "For the lift", self.who[giver], once_key="demo wrong gift")
        with self.story.at(self.story.ago(1)):
            last = statements.statement(members.by_ref(idris), limit=1)[0]
            lines.something_wrong(idris, last.sequence, "My brother drove. I think it was for him.", self.who[idris])
        area = self.story.areas[0]
        with self.story.at(self.story.ago(6)):
            ref = people.enter_person("Olive Marsh", None, None, area.id, "4 Larch Court\nMossgate", Actor(gus.id, None, "in person"))
            second = members.join(queries.person_by_ref(ref).id, area.id, True, Actor(gus.id, queries.person_by_ref(ref).id, "in person"))
        with self.story.at(self.story.ago(5)):
            merging.merge(second, self.cards[-2], "She came to the hub a second time and had forgotten her card", gus)

    def _sheet(self) -> None:
        """What the connector typed from Olive's and Walter's time sheet."""
        walter, olive = self.cards[-3:-1]
        rows = [
            sheets.Typed.of(line, [giver, receiver, time, kind])
            for line, (giver, receiver, time, kind) in enumerate(
                (
                    (walter, self.cards[7], "1.5", "garden"),
                    (self.cards[8], olive, "1:15", "shopping"),
                    (olive, walter, "45 min", "company"),
                ),
                1,
            )
        ]
        with self.story.at(self.story.ago(2)):
            day = clock.today() - timedelta(days=3)
            sheets.post_sheet(self.story.areas[0].id, rows, self.story.staff["connector"], number="21", day=day, once_key="demo sheet")

    def _log(self, mine: str, way: str, other: str, minutes: int, days: float, number: int, actor: Actor | None = None) -> str:
        kind = KINDS[number % len(KINDS)]
        with self.story.at(self.story.ago(days, 15)):
            return exchange.log(
                mine, other, way, minutes, kind, clock.today(), NOTES.get(kind, "") if number % 3 == 0 else "", actor or Actor(self.who[mine].id),
                once_key=f"demo hours {number} {mine} {other} {days}", again=True,
            )  # fmt: skip

    def _settled(self, giver: str, receiver: str, days: float, number: int) -> str:
        if self.who[giver].id == self.who[receiver].id:
            return ""
        minutes = self.random.choice((30, 45, 60, 60, 60, 75, 90, 120, 120, 180))
        way = "gave" if number % 3 else "received"
        mine, other = (giver, receiver) if way == "gave" else (receiver, giver)
        ref = self._log(mine, way, other, minutes, days, number)
        with self.story.at(self.story.ago(max(0, days - 0.5), 18)):
            exchange.answer(ref, minutes, "", self.who[other], shown=minutes)
        return ref

    def _without_phone(self) -> None:
        """Two full members without telephone and e-mail: the connector enters them, and types their sheets."""
        gus = self.story.staff["connector"]
        for number, name in enumerate(("Walter Finch", "Olive Marsh")):
            with self.story.at(self.story.ago(50 - number)):
                ref = people.enter_person(
                    name, None, None, self.story.areas[0].id, f"{number + 3} Larch Court\nMossgate", Actor(gus.id, None, "in person")
                )
                someone = queries.person_by_ref(ref)
                card = members.join(someone.id, self.story.areas[0].id, True, Actor(gus.id, someone.id, "in person"))
                self.cards.append(card)
                self.who[card] = Who(someone.id, someone.ref, someone.name, someone.area_id)
            walter = Actor(gus.id, someone.id, f"paper sheet {12 + number}")
            sheet = self._log(card, "gave", self.cards[number], 120, 30 - number, 500 + number, walter)
            with self.story.at(self.story.ago(29 - number)):
                exchange.answer(sheet, 120, "", self.who[self.cards[number]], shown=120)

    def _group(self) -> None:
        """A group that gives its hall and receives hours."""
        area = self.story.areas[0]
        person = self.story.residents[2]
        group = self.story._group("Mossgate Wednesday Friends", area.id, person)
        with self.story.at(self.story.ago(48)):
            card = members.join_organisation(group, area.id, Actor(person))
        who = self.who[self.cards[2]]
        self.who[card] = Who(who.id, who.ref, who.name, who.area_id, acts_for=frozenset({group}))
        for number in range(4):
            self._settled(self.cards[5 + number], card, 40 - 9 * number, 700 + number)
        self.cards.append(card)

    def _today(self) -> None:
        """Something for each of the people to be in the demo."""
        maya, idris, rosa = self.cards[:3]
        others = self.cards[4:12]
        walter = self.cards[-3]
        self._log(others[0], "gave", maya, 90, 2, 800)  # Maya is asked
        self._log(idris, "gave", maya, 60, 0.2, 801)
        self._log(maya, "received", others[1], 45, 1, 802)  # Maya waits
        self._log(idris, "gave", walter, 120, 3, 803)  # nobody can reach Walter: the connector asks him
        differs = self._log(idris, "gave", others[2], 180, 4, 804)
        with self.story.at(self.story.ago(3)):
            exchange.answer(differs, 60, "We had tea for the rest.", self.who[others[2]], shown=180)
        no = self.refs["no"] = self._log(others[3], "received", rosa, 60, 5, 805)
        with self.story.at(self.story.ago(4)):
            exchange.answer(no, 0, "That was my sister.", self.who[rosa], shown=60)
        wrong = self._settled(others[4], idris, 6, 806)
        with self.story.at(self.story.ago(1)):
            exchange.something_wrong(wrong, "It was half an hour.", self.who[idris])
        right = self._settled(others[5], maya, 12, 807)
        gus = self.story.staff["connector"]
        with self.story.at(self.story.ago(9)):
            exchange.something_wrong(right, "I was not there.", self.who[maya])
            exchange.put_right(right, 0, "It was written down for the wrong day.", gus)
        back = self._log(others[6], "gave", maya, 30, 7, 808)
        with self.story.at(self.story.ago(7)):
            exchange.withdraw(back, self.who[others[6]])
        wary = self._log(others[7], "gave", idris, 240, 11, 809)
        with self.story.at(self.story.ago(10)):
            exchange.answer(wary, 30, "", self.who[idris], shown=240)
            exchange.decide(wary, 0, "Both agree now that it was another neighbour.", gus)
        for number, days in enumerate((22, 20, 18)):  # somebody who had a hard month
            self._settled(others[number], self.cards[20], days, 820 + number)
        with self.story.at(self.story.ago(5)):
            for number in range(3):
                ref = exchange.log(
                    others[number + 3], self.cards[20], "gave", 480, "company", clock.today() - timedelta(days=number), "", Actor(self.who[others[number + 3]].id),
                    once_key=f"demo floor {number}", again=True,
                )  # fmt: skip
                exchange.answer(ref, 480, "", self.who[self.cards[20]], shown=480)
            given = next(card for card in self.cards[:20] if members.balance(members.by_ref(card)) >= 240)
            leaving.donate(given, leaving.POT, Minutes(180), "For whoever needs it", self.who[given], once_key="demo donation")
            leaving.grant(self.story.areas[0].code, self.cards[20], Minutes(120), "A hard month", gus, once_key="demo grant")
            paused, leaver = self.who[self.cards[30]], self.who[self.cards[31]]
            members.set_member(self.cards[30], area_id=paused.area_id or 0, seen_outside=True, paused=True, actor=Actor(paused.id))
            leaving.leave(self.cards[31], leaving.POT, "We are moving to the coast", leaver)
