"""Sessions in the demo: one to come with a waiting list, one of today half checked in, one closed, one cancelled, a hub's rota."""

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

from portal import clock
from portal.db import transaction
from portal.history import Actor
from portal.ledger import queries as books
from portal.money import Minutes
from portal.people import queries as people
from portal.people.access import Who
from portal.timebank import checkin, exchange, leaving, members, session_closing, sessions, tariffs
from portal.timebank.rules import TimeRules
from portal.work import queries as works

if TYPE_CHECKING:
    from portal.demo.story import Story

HELPERS = 12


class TimeSessions:
    """Told after the timebank has begun; whoever takes part is a member by then, or becomes one here."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.connector = story.staff["connector"]
        self.helpers: list[Who] = []
        self.cards: dict[int, str] = {}
        self.tap = 0

    def tell(self) -> None:
        self._members()
        self._to_come()
        self._closed()
        self._cancelled()
        self._rota()
        self._class()
        self._for_an_idea()
        self._tariff()
        self._today()

    def _members(self) -> None:
        story = self.story
        with story.at(story.ago(120)):
            members.open_timebank(TimeRules(), Actor(None))
            for id_ in [self.connector.id, *story.residents[:HELPERS]]:
                someone = people.person(id_)
                area_id = someone.area_id or story.areas[0].id
                self.cards[id_] = members.join(id_, area_id, True, Actor(id_))
                if id_ != self.connector.id:
                    self.helpers.append(story._who(someone))

    def _plan(self, title: str, what: str, place: str, days: int, starts: int, minutes: int, places: int | None = None) -> sessions.Plan:
        """`days` from today; `starts` at a full hour of London."""
        day = clock.london_day(self.story.now + timedelta(days=days))
        end = starts * 60 + minutes
        return sessions.Plan(
            title, what, "events", self.story.areas[0].id, place, day, time(starts), time(end // 60, end % 60), Minutes(minutes), places
        )

    def _open(self, who: Who, payer: str, plan: sessions.Plan, ago: int, **how: object) -> str:
        self.tap += 1
        with self.story.at(self.story.ago(ago)):
            return sessions.open_session(plan, payer, who, once_key=f"demo session {self.tap}", **how)  # type: ignore[arg-type]

    def _sign_up(self, ref: str, some: list[Who], ago: int) -> None:
        for number, who in enumerate(some):
            with self.story.at(self.story.ago(ago) + timedelta(minutes=number)):
                sessions.sign_up(ref, self.cards[who.id], who)

    def _own(self, who: Who) -> str:
        return f"member:{self.cards[who.id]}"

    def _to_come(self) -> None:
        """Six places, eight people; one cannot come, so that one moves up."""
        who = self.helpers[0]
        plan = self._plan(
            "Tree planting by the creek",
            "Twenty young trees, spades are there. Bring boots and gloves.",
            "Creek Road car park",
            9,
            10,
            120,
            6,
        )
        ref = self._open(who, self._own(who), plan, 6)
        self._sign_up(ref, self.helpers[1:9], 5)
        with self.story.at(self.story.ago(2)):
            sessions.take_off(ref, self.cards[self.helpers[2].id], self.helpers[2])

    def _closed(self) -> None:
        who = self.helpers[1]
        ref = self._open(
            who, self._own(who), self._plan("Litter pick at Quay Street", "Pickers and bags are there.", "The bandstand", -9, 10, 120), 20
        )
        self._sign_up(ref, [self.helpers[0], *self.helpers[2:6]], 15)
        token = sessions.token_of(sessions.by_ref(ref))
        with self.story.at(self.story.ago(9, 12)):
            for helper in self.helpers[2:6]:
                checkin.here_by_token(token, helper)
            self._tap(who, ref, "guest", name="Tom with his boy")
            checkin.from_paper(ref, "12", [], [self.cards[self.helpers[0].id]], who, once_key="demo sheet 12")
        with self.story.at(self.story.ago(8)):
            rows = {row.member_id: row.id for row in checkin.there(sessions.by_ref(ref))}
            late = members.by_ref(self.cards[self.helpers[3].id]).id
            session_closing.close(ref, 120, {rows[late]: 60}, who)
        with self.story.at(self.story.ago(7)):
            session_closing.something_wrong(ref, "I stayed until the end, like the others.", self.helpers[3])

    def _cancelled(self) -> None:
        who = self.helpers[0]
        ref = self._open(
            who, self._own(who), self._plan("Paint the shelter", "Brushes are there.", "The shelter in the park", 3, 14, 150), 10
        )
        self._sign_up(ref, self.helpers[3:6], 8)
        with self.story.at(self.story.ago(1)):
            sessions.cancel(ref, "Rain is forecast, and the paint would not dry.", who)

    def _rota(self) -> None:
        """Every week at the hub, paid by its own account; two times are over, one was moved, one is a holiday."""
        story, runs = self.story, self.helpers[6]
        with story.at(story.ago(60)):
            hub = story._group("Mossgate Hub friends", story.areas[0].id, runs.id)
            runs = replace(runs, acts_for=runs.acts_for | {hub})
            self.hub, self.hub_runs = members.join_organisation(hub, story.areas[0].id, Actor(runs.id)), runs
        card = self.hub
        plan = self._plan("Warm afternoon at the hub", "Tea, a chat and a helping hand. We need four people each time.", "The hub, Mill Lane", -13, 13, 180, 4)  # fmt: skip
        first = self._open(runs, f"member:{card}", plan, 20, every="week", until=plan.day + timedelta(days=84))
        rota = sessions.by_ref(first).rota
        assert rota is not None
        some = [each.ref for each in sessions.times_of(rota)]
        for ref, ago in zip(some, (13, 6), strict=False):
            self._sign_up(ref, self.helpers[7:10], ago + 3)
            token = sessions.token_of(sessions.by_ref(ref))
            with story.at(story.ago(ago, 14)):
                for helper in [runs, *self.helpers[7:10]]:
                    checkin.here_by_token(token, helper)
            with story.at(story.ago(ago - 1)):
                session_closing.close(ref, 180, {}, runs)
        with story.at(story.ago(2)):
            sessions.cancel(some[4], "The hub is closed that week.", runs)
            moved = sessions.by_ref(some[5])
            sessions.change(some[5], replace(plan, day=moved.day + timedelta(days=1)), runs, shown=moved.version)

    def _class(self) -> None:
        """One who gives to many: the time is shared out between those who came."""
        who = self.helpers[4]
        plan = replace(
            self._plan("Mend your bicycle", "Bring it along, and we look at it together.", "The hub, Mill Lane", -11, 14, 120),
            split="shared",
        )
        ref = self._open(who, self._own(who), plan, 16)
        token = sessions.token_of(sessions.by_ref(ref))
        with self.story.at(self.story.ago(11, 15)):
            for helper in (self.helpers[2], self.helpers[5], self.helpers[9]):
                checkin.here_by_token(token, helper)
        with self.story.at(self.story.ago(10)):
            session_closing.close(ref, 120, {}, who)

    def _for_an_idea(self) -> None:
        """Hours that help a funded idea too, where the story has one under way."""
        who = self.helpers[5]
        plan = self._plan("Dig and plant together", "Spades are there.", "Where the idea grows", -6, 10, 90)
        ideas = works.open_purposes(plan.day)
        if not ideas:
            return
        ref = self._open(who, self._own(who), replace(plan, purpose_id=ideas[0].id), 10)
        token = sessions.token_of(sessions.by_ref(ref))
        with self.story.at(self.story.ago(6, 11)):
            for helper in self.helpers[9:12]:
                checkin.here_by_token(token, helper)
        with self.story.at(self.story.ago(5)):
            session_closing.close(ref, 90, {}, who)

    def _tariff(self) -> None:
        """The hub's hall counts for the players; a minibus waits for an answer."""
        story, plays = self.story, self.helpers[8]
        with story.at(story.ago(45)):
            players = story._group("Quay Street Players", story.areas[0].id, plays.id)
            plays = replace(plays, acts_for=plays.acts_for | {players})
            card = members.join_organisation(players, story.areas[0].id, Actor(plays.id))
        with story.at(story.ago(40)):
            hall = tariffs.propose(self.hub, card, True, "The hall", "events", "hour", 90, self.hub_runs, once_key="demo tariff hall")
        with story.at(story.ago(39)):
            tariffs.agree(hall, plays)
        with story.at(story.ago(12)):
            made = tariffs.log(hall, self.hub, 3, clock.today(), self.hub_runs, once_key="demo tariff evening")
            exchange.answer(made, 270, "", plays, shown=270)
        with story.at(story.ago(3)):
            tariffs.propose(
                card, self.hub, True, "The minibus with a driver", "lifts", "half day", 240, plays, once_key="demo tariff minibus"
            )

    def _today(self) -> None:
        """The connector's, from the community pot, with people arriving now; neighbours gave to the pot before."""
        with self.story.at(self.story.ago(30)), transaction():
            members.open_books_of(self.story.areas[0])
        plan = self._plan("Open garden at the allotments", "Weeding, planting, cake.", "Allotment gate, Mill Lane", 0, 9, 60, 8)
        self._fill_pot(Minutes(8 * 60))
        ref = self._open(self.connector, f"pot:{self.story.areas[0].code}", plan, 5)
        self._sign_up(ref, self.helpers[:7], 4)
        token = sessions.token_of(sessions.by_ref(ref))
        with self.story.at(self.story.now):
            for helper in self.helpers[:3]:
                checkin.here_by_token(token, helper)
            self._tap(self.connector, ref, "here", member=self.cards[self.helpers[3].id])
            self._tap(self.connector, ref, "guest", name="A neighbour with a dog")

    def _fill_pot(self, minutes: Minutes) -> None:
        """Whoever has some gives, until there is so much in it."""
        pot = members.pot(self.story.areas[0])
        with self.story.at(self.story.ago(6)):
            for who in self.helpers:
                card = self.cards[who.id]
                gift = Minutes(min(minutes - books.balance(pot), members.balance(members.by_ref(card)) // 15 * 15))
                if gift > 0:
                    leaving.donate(card, leaving.POT, gift, "For the open garden", who, once_key=f"demo pot {card}")

    def _tap(self, who: Who, ref: str, act: str, **what: str) -> None:
        self.tap += 1
        checkin.tap(who, ref, checkin.Tap(act, **what), once_key=f"demo session {self.tap}")  # type: ignore[arg-type]


def tell(story: "Story") -> None:
    """Told after the rest of the story, so that nothing before it changes."""
    TimeSessions(story).tell()
