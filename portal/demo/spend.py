"""Spend offers in the demo: a pool, a class and a hall; every state of an offer and of a booking, and something for today."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from portal import clock
from portal.history import Actor
from portal.people.access import Who
from portal.timebank import leaving, members, spend, spend_offers, till
from portal.timebank.spend_offers import Offered
from portal.timebank.spend_rules import Window

if TYPE_CHECKING:
    from portal.demo.hours import Hours
    from portal.demo.story import Story

EVERY_DAY = range(7)
TEN, SIX = 600, 1080


class Spending:
    """Tells it after the hours, with their members."""

    def __init__(self, story: "Story", hours: "Hours") -> None:
        self.story, self.cards, self.who = story, hours.cards, hours.who
        self.gus, self.officer = story.staff["connector"], story.staff["council-officer"]
        self.partners: dict[str, Who] = {}  # by card

    def tell(self) -> None:
        area = self.story.areas[0]
        lido = self._partner("Mossgate Lido", self.story.residents[2])
        studio = self._partner("Studio Nine", self.story.residents[3])
        hall = self._partner("Tanners’ Hall", self.story.residents[4])
        pool = Offered(
            title="A swim in the quiet hours", words="The whole pool, warm and not full. Bring a towel.",
            place="The Lido, Mill Lane", area_id=area.id, minutes=60, places=6, per="day", ahead=True, times=tuple(Window(day, TEN, 900) for day in EVERY_DAY),
            first_day=self._day(60), last_day=None, each_month=12, each_all=None, cancel_hours=24,
        )  # fmt: skip
        swim = self._open(lido, pool, 55)
        evening = replace(
            pool, title="Slow yoga, sitting or standing", words="An hour of slow movement. Chairs for everybody who likes one; wheelchairs get in by the side door.",
            place="Studio Nine, first floor, with a lift", places=2, per="time", times=tuple(Window(day, SIX, 1140) for day in EVERY_DAY), cancel_hours=12,
        )  # fmt: skip
        yoga = self._open(studio, evening, 50)
        room = replace(
            pool, title="The small hall for a family party", words="Tables, chairs and a kitchen for three hours. Leave it as you found it.",
            place="Tanners’ Hall, Church Street", minutes=180, places=8, per="all", times=(Window(5, 540, 1260), Window(6, 540, 1260)), each_month=1, each_all=2,
            area_id=self.story.areas[1].id,
        )  # fmt: skip
        self._open(hall, room, 45)
        come = replace(
            pool, title="Soup and company", words="A bowl of soup at the long table. Just come.", place="Tanners’ Hall, the long room", minutes=30, places=20,
            ahead=False, times=tuple(Window(day, 720, 840) for day in EVERY_DAY), area_id=self.story.areas[1].id,
        )  # fmt: skip
        soup = self._open(hall, come, 44)
        self._desk(lido, studio, hall, pool, evening)
        self._used(lido, studio, hall, swim, yoga, soup)
        self._empty(yoga, swim)
        self._to_come(swim, yoga)
        self._moved_by_dates()

    # --- partners and their offers ---------------------------------------------------------------------------------------

    def _day(self, ago: float) -> date:
        return (self.story.now - timedelta(days=ago)).date()

    def _at(self, ago: int, hour: int, minute: int = 0) -> Any:
        """Hold the clock at a time of a day, never beyond the present."""
        return self.story.at(datetime.combine(self._day(ago), time(hour, minute), clock.LONDON))

    def _partner(self, name: str, person_id: int) -> str:
        area = self.story.areas[0]
        group = self.story._group(name, area.id, person_id)
        with self.story.at(self.story.ago(58)):
            card = members.join_organisation(group, area.id, Actor(person_id))
        me = next(who for who in self.who.values() if who.id == person_id)
        self.partners[card] = replace(me, acts_for=me.acts_for | {group})
        return card

    def _make(self, partner: str, offered: Offered, days: float, *, ask: bool = False) -> str:
        with self.story.at(self.story.ago(days)):
            return spend_offers.make(
                partner,
                offered,
                None,
                "",
                self.story.data_dir,
                self.partners[partner],
                once_key=f"demo offer {offered.title}",
                ask_officer=ask,
            )

    def _open(self, partner: str, offered: Offered, days: float) -> str:
        ref = self._make(partner, offered, days)
        with self.story.at(self.story.ago(days - 1)):
            spend_offers.approve(ref, "", self.officer, shown=1)
        return ref

    def _desk(self, lido: str, studio: str, hall: str, pool: Offered, evening: Offered) -> None:
        """What waits for a look, what was sent back, what an officer let through, what has ended."""
        self._make(lido, replace(pool, title="Learn to float", places=3, per="time"), 1)
        self._make(
            studio, replace(evening, title="Make your own gift cards", words="Paper, ink and an old press.", minutes=120), 2, ask=True
        )
        craft = self._make(
            studio,
            replace(evening, title="Ginger beer without alcohol", words="Brew it, taste it, take a bottle home.", minutes=90),
            30,
            ask=True,
        )
        with self.story.at(self.story.ago(29)):
            spend_offers.approve(craft, "There is no alcohol in it: “beer” is its name.", self.officer, shown=1)
        back = self._make(hall, replace(pool, title="A room", words="A room.", place="Tanners’ Hall"), 5)
        with self.story.at(self.story.ago(4)):
            spend_offers.send_back(back, "Say how large it is and what people may do there.", self.gus, shown=1)
        over = self._open(lido, replace(pool, title="Cold water for beginners", last_day=self._day(20)), 40)
        with self._at(22, 9):
            for card in self.cards[6:8]:
                spend.book(over, self._day(21), TEN, card, self.who[card])
        with self._at(21, 8):
            spend_offers.call_off(over, self._day(21), "The pump is broken.", self.partners[lido])

    # --- what became of places -------------------------------------------------------------------------------------------

    def _redeem(self, partner: str, ref: str, card: str) -> str:
        clerk = self.partners[partner]
        token = till.recognise(partner, card, members.by_ref(card).digits, clerk)
        return till.redeem(partner, token, ref, clerk).ref

    def _used(self, lido: str, studio: str, hall: str, swim: str, yoga: str, soup: str) -> None:
        for number in range(16):
            card = self.cards[number % 12]
            if self.who[card].id in {self.partners[each].id for each in (lido, hall)}:
                continue
            ago = 34 - 2 * number
            with self._at(ago, 11, number):
                self._redeem(lido, swim, card)
            if number % 2:
                with self._at(ago, 12, 30):
                    self._redeem(hall, soup, card)
        maya, idris = self.cards[:2]
        with self._at(9, 10):
            booked = spend.book(yoga, self._day(8), SIX, maya, self.who[maya]).ref
        with self._at(8, 17, 50):
            digits = spend.code_of(spend.by_ref(booked))
            till.redeem(studio, till.recognise(studio, digits, "", self.partners[studio]), booked, self.partners[studio])
        with self._at(6, 11, 40):
            wrong = self._redeem(lido, swim, idris)
            till.undo(wrong, "The wrong Idris: the other one swam.", self.partners[lido])
        with self._at(5, 12, 10):
            asked = self._redeem(hall, soup, self.cards[13])
        with self._at(4, 9):
            till.something_wrong(asked, "I was at my sister’s that day.", self.who[self.cards[13]])
        with self._at(3, 18):
            given = next((card for card in self.partners if members.balance(members.by_ref(card)) >= 120), None)
            if given is not None:
                leaving.donate(given, leaving.POT, 60, "For whoever needs it", self.partners[given], once_key="demo partner gives")

    def _empty(self, yoga: str, swim: str) -> None:
        """Given back in time and late, not used, waited for in vain; one who only comes for a while."""
        often, late, waits, second = self.cards[14:18]
        for ago in (27, 19, 12):
            with self._at(ago + 2, 9):
                spend.book(swim, self._day(ago), TEN, often, self.who[often])
            with self._at(ago - 1, 1):
                spend.mark_missed()
        with self._at(12, 9):
            given_back = spend.book(yoga, self._day(10), SIX, late, self.who[late]).ref
            spend.book(yoga, self._day(10), SIX, second, self.who[second])
            vain = spend.book(yoga, self._day(10), SIX, waits, self.who[waits], wait=True).ref
            also = spend.book(yoga, self._day(10), SIX, self.cards[18], self.who[self.cards[18]], wait=True).ref
        with self._at(10, 9):
            spend.cancel(given_back, self.who[late])
        with self._at(10, 18, 1):
            spend.mark_missed()
        assert spend.by_ref(vain).status != "waiting" and spend.by_ref(also).status == "passed"

    def _to_come(self, swim: str, yoga: str) -> None:
        """Places of today and of the next days, and somebody who waits."""
        maya, idris, rosa, fourth = self.cards[0], self.cards[1], self.cards[5], self.cards[6]
        with self._at(1, 9):
            for card in (maya, fourth):
                spend.book(swim, self._day(0), TEN, card, self.who[card])
            spend.book(swim, self._day(-3), TEN, idris, self.who[idris])
            for card in (idris, rosa):
                spend.book(yoga, self._day(-2), SIX, card, self.who[card])
            spend.book(yoga, self._day(-2), SIX, maya, self.who[maya], wait=True)
            back = spend.book(swim, self._day(-4), TEN, maya, self.who[maya])
            spend.cancel(back.ref, self.who[maya])

    def _moved_by_dates(self) -> None:
        """What dates have brought about by now."""
        with self.story.at(self.story.now):
            for due in (spend_offers.end_due, spend.let_go_of_leavers, spend.mark_missed, spend.move_waiting):
                due()
