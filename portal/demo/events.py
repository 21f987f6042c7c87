"""Events in the demo: a fair to come with a waiting list, one of today with people arriving, a community of practice each month, one that
was, one that was cancelled, one that waits for a connector and one that got a no.
"""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from portal import clock
from portal.events import checkin, coming, planning, queries
from portal.events.coming import Asked
from portal.events.rules import Plan
from portal.people import queries as people
from portal.people.access import Nobody, Who
from portal.timebank import at_events

if TYPE_CHECKING:
    from portal.demo.story import Story

NEIGHBOURS = ("Nan Webb", "Bilal with his sister", "Old Tom", "Mrs Okoro")


class Events:
    """Told after the timebank, so that those who come may be members of it."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.connector = story.staff["connector"]
        self.neighbours: list[Who] = [story._who(people.person(id_)) for id_ in story.residents[:9]]
        self.tries = 0

    def tell(self) -> None:
        self._fair()
        self._been()
        self._today()
        self._each_month()
        self._cancelled()
        self._asked()

    def _plan(self, kind: str, title: str, what: str, place: str, days: int, starts: int, ends: int, area: int = 0) -> Plan:
        day = clock.london_day(self.story.now + timedelta(days=days))
        return Plan(
            kind=kind, title=title, what=what, area_id=self.story.areas[area].id, place=place, day=day, starts=time(starts), ends=time(ends),
            step_free="yes", food="Tea, coffee and cake",
        )  # fmt: skip

    def _key(self) -> str:
        self.tries += 1
        return f"demo event {self.tries}"

    def _opened(self, plan: Plan, who: Who, ago: int, organisation: str = "", every: str = "", until: date | None = None) -> str:
        with self.story.at(self.story.ago(ago)):
            return planning.plan_event(plan, organisation, who, once_key=self._key(), every=every, until=until)

    def _come(self, ref: str, some: list[Who], ago: int, party: int = 1, *, hear: bool = False) -> None:
        for number, who in enumerate(some):
            with self.story.at(self.story.ago(ago) + timedelta(minutes=number)):
                coming.come(ref, Asked(party, hear), who, once_key=self._key())

    def _by_name(self, ref: str, name: str, ago: int, email: str | None = None) -> None:
        with self.story.at(self.story.ago(ago)):
            coming.come(ref, Asked(1, name=name, email=email), Nobody(), once_key=self._key())

    def _fair(self) -> None:
        """Twelve places, all taken; two wait."""
        plan = self._plan("fair", "Ideas fair at the hub", "Pin up what you would like to do here, and find others for it. Bring a friend.", "The hub, Mill Lane", 12, 14, 17)  # fmt: skip
        ref = self._opened(
            replace(plan, places=12, friends=2, hearing_loop="yes", access="A quiet room upstairs, by lift."), self.connector, 9
        )
        self._come(ref, self.neighbours[:4], 7, 2, hear=True)
        self._by_name(ref, NEIGHBOURS[0], 6, "nan.webb@demo.kindling.example.org")
        with self.story.at(self.story.ago(5)):
            coming.enter(ref, Asked(2, name=NEIGHBOURS[1]), "telephone", self.connector, once_key=self._key())
        self._come(ref, self.neighbours[4:7], 3)

    def _been(self) -> None:
        plan = self._plan("celebration", "Thank you tea", "For everybody who helped this season.", "St Mary’s hall", -10, 15, 17)
        ref = self._opened(plan, self.connector, 30)
        self._come(ref, self.neighbours[:5], 20)
        self._by_name(ref, NEIGHBOURS[2], 15)
        with self.story.at(self.story.ago(10, 15)):
            token = queries.token_of(queries.by_ref(ref))
            for who in self.neighbours[:6]:
                checkin.here_by_token(token, checkin.Here(), who, once_key=self._key())
        with self.story.at(self.story.ago(9)):
            checkin.from_paper(ref, "3", [], [NEIGHBOURS[2], NEIGHBOURS[3]], self.connector, once_key=self._key())

    def _today(self) -> None:
        """With a session of the timebank: one check-in does for both."""
        plan = self._plan(
            "hub", "Warm afternoon", "Soup, company, and somebody who looks at your letters with you.", "The hub, Mill Lane", 0, 9, 23
        )
        ref = self._opened(plan, self.connector, 8)
        self._come(ref, self.neighbours[1:6], 4)
        with self.story.at(self.story.ago(3)):
            at_events.open_for(ref, self.connector, once_key=self._key())
        with self.story.at(self.story.now):
            token = queries.token_of(queries.by_ref(ref))
            for who in self.neighbours[1:3]:
                checkin.here_by_token(token, checkin.Here(), who, once_key=self._key())
            checkin.tap(ref, checkin.Tap("new", name=NEIGHBOURS[3], party=2), self.connector, once_key=self._key())

    def _each_month(self) -> None:
        """A group's own, in the calendar at once; the connectors have a look."""
        story, who = self.story, self.neighbours[6]
        with story.at(story.ago(60)):
            group = story._group("Growers of the estuary", story.areas[1].id, who.id)
        who = replace(who, acts_for=who.acts_for | {group})
        plan = self._plan(
            "meeting", "Growers learn from growers", "This time: how to share tools between gardens.", "The pub’s back room", 6, 19, 21, 1
        )
        ref = self._opened(plan, who, 4, people.organisation(group).ref, "month", plan.day + timedelta(days=120))
        self._come(ref, self.neighbours[7:9], 2)

    def _cancelled(self) -> None:
        plan = self._plan("celebration", "Lanterns on Quay Street", "Bring a lantern that you made.", "Quay Street", 4, 17, 19)
        ref = self._opened(plan, self.connector, 14)
        self._come(ref, self.neighbours[:3], 8)
        with self.story.at(self.story.ago(1)):
            planning.cancel(ref, "A storm is forecast. We hold it in spring.", self.connector)

    def _asked(self) -> None:
        """What neighbours want to hold: one waits, one got a no."""
        plan = self._plan("celebration", "Street party in Creek Road", "Everybody brings a dish.", "Creek Road", 25, 14, 18)
        self._opened(plan, self.neighbours[2], 1)
        no = self._opened(replace(plan, title="Fireworks by the creek", what="At midnight."), self.neighbours[3], 6)
        with self.story.at(self.story.ago(5)):
            planning.say_no(no, "The birds are nesting there. Ask us about another place.", self.connector)


def tell(story: "Story") -> None:
    """Told after the rest of the story, so that nothing before it changes."""
    Events(story).tell()
