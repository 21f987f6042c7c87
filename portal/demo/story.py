"""Two years of a small scheme, lived through the same actions that people use, with the clock held where each act happens.

So the books, the letters and the stories are those of real use, and every state of every object is there to be seen.
"""

import io
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw
from sqlalchemy import func, select, update

from portal import clock, photos
from portal.db import db, transaction
from portal.demo import (
    banking,
    by_hand,
    connecting,
    events,
    gifts,
    ground,
    hall,
    ideas,
    merging,
    outcomes,
    pooled,
    posts,
    privacy,
    publishing,
    settings,
    strengths,
    surveys,
    timesessions,
    wishes,
    words,
)
from portal.demo import books as year_books
from portal.demo.hours import Hours
from portal.demo.sparks import QuickSparks
from portal.demo.spend import Spending
from portal.demo.vote import AreaBallots
from portal.errors import Refused
from portal.events import due as happenings
from portal.grants import appeals, apply, asked, award, closing, decide, goods, match, pay, queries, quick, quick_review, report, rounds
from portal.grants.model import Application, Fund, Funder
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.ledger import queries as books
from portal.money import Minutes, Pence
from portal.outbox import Message
from portal.panels import actions as panels
from portal.panels import calls, conduct, marking, offers, seats, sittings, ties
from portal.panels import queries as panel_queries
from portal.people import actions as people
from portal.people.access import Who
from portal.people.model import Organisation, Person, Role
from portal.places.model import Area, Scheme, WardCode
from portal.refs import drawn_from
from portal.timebank import exchange, sessions

DOMAIN = "demo.kindling.example"
START = timedelta(days=730)

# How far each bid of the story goes, and what becomes of it.
STOPS = (
    "draft", "sent", "more_asked", "with_panel", "decided", "no", "not_yet", "offered", "turned_down", "conditions", "ready", "prepared", "approved",
    "released", "bounced", "paid", "report_started", "report_sent", "report_more_asked", "late", "closed", "closed", "closed", "returned", "waived",
    "withdrawn", "ineligible", "given_back", "closed", "closed",
)  # fmt: skip


DUE: list[Callable[[], int]] = [
    rounds.move_rounds, award.remind, award.lapse, award.offer_reserves, award.purge_details, match.remind_invited, match.expire,
    report.remind_and_mark_late, pay.return_unused, report.close_finished, calls.after_terms_ended, seats.remind_of_ends,
    quick.remind_of_receipts, quick_review.open_reviews, appeals.close_unasked, appeals.remind,
    asked.remind, asked.end, exchange.remind, exchange.settle_due, sessions.remind_to_close, happenings.remind_tomorrow, happenings.thank,
    happenings.chase_held, happenings.forget_names,
]  # fmt: skip


class Story:
    """Everything a telling needs; `tell` fills an empty database."""

    def __init__(self, seed: int, data_dir: Path, say: Callable[[str], None]) -> None:
        self.random = random.Random(seed)  # noqa: S311  a demo must come out the same every time
        self.data_dir = data_dir
        self.say = say
        self.now = clock.now().astimezone(clock.LONDON)  # so that days counted back from it are the days of people, across the summer
        self.staff: dict[str, Who] = {}
        self.panel: list[Who] = []
        self.residents: list[int] = []
        self.areas: list[Area] = []
        self.panel_ref = self.rolling = ""
        self.account = 10_000_000
        self.deciding: list[str] = []  # ideas of the round that is being decided
        self.told: set[tuple[int, int]] = set()  # which idea, in which area

    @contextmanager
    def at(self, instant: datetime) -> Iterator[None]:
        """Hold the clock, never beyond the present."""
        with clock.held_at(min(instant, self.now)):
            yield

    def ago(self, days: float, hour: int = 10) -> datetime:
        """An instant so many days ago, in daytime."""
        moment = self.now - timedelta(days=days)
        return min(moment.replace(hour=hour, minute=self.random.randrange(0, 60), second=0, microsecond=0), self.now)

    def tell(self) -> None:
        with drawn_from(self.random):
            self._places()
            self._people()
            self._money()
            outcomes.begin(self)
            self._rolling()
            self._dated()
            self._seats()
            QuickSparks(self).tell()
            self._appeals()
            AreaBallots(self).tell()
            self._closed_funds()
            pooled.tell(self)
            self._area_officer()
            hall.tell(self)
            hours = Hours(self)
            hours.tell()
            timesessions.tell(self)
            posts.tell(self)
            Spending(self, hours).tell()
            events.tell(self)
            ideas.tell(self)
            strengths.tell(self)
            gifts.tell(self)
            connecting.tell(self)
            wishes.tell(self)
            banking.tell(self)
            privacy.tell(self)
            surveys.tell(self)
            outcomes.tell(self)
            settings.tell(self)
            merging.tell(self)
            by_hand.tell(self)
            for days in (3, 0):  # what dates have brought about by now, so that the worker's first minute changes nothing
                with self.at(self.ago(days) if days else self.now):
                    for brought_about in DUE:
                        brought_about()
            publishing.tell(self)
            year_books.tell(self)
            self._tidy()

    # --- who and where ---------------------------------------------------------------------------------------------------

    def _places(self) -> None:
        with self.at(self.ago(START.days)), transaction():
            db.session.add(
                Scheme(
                    id=1, name="Estuary Together", short_name="Estuary", about="Small grants, shared time and gifts between neighbours along the estuary.",
                    email="hello@estuary.example", telephone="01632 960123", postal_address="Estuary Together\n1 Market Square\nMossgate\nZZ1 1AA",
                    publisher_name="Estuary Borough Council (fictional)", department="Communities", publisher_prefix="",
                )
            )  # fmt: skip
            ground.begin()
            top = Area(code="estuary", name="Estuary", kind="scheme")
            db.session.add(top)
            db.session.flush()
            for number, name in enumerate(words.WARDS, start=1):
                area = Area(code=name.lower().replace(" ", "-"), name=name, kind="ward", parent_id=top.id)
                db.session.add(area)
                db.session.flush()
                changed = date(2026, 5, 7)
                db.session.add(
                    WardCode(
                        area_id=area.id, ons_code=f"E05099{number:03d}", valid_from=date(2015, 5, 7), valid_to=changed - timedelta(days=1)
                    )
                )
                db.session.add(WardCode(area_id=area.id, ons_code=f"E05099{number + 100:03d}", valid_from=changed))
                self.areas.append(area)
            for kind, some in (("estate", words.ESTATES), ("hub", words.HUBS)):
                for name, ward in some:
                    parent = next(area for area in self.areas if area.name == ward)
                    db.session.add(Area(code=name.lower().replace(" ", "-"), name=name, kind=kind, parent_id=parent.id))

    def _person(self, does: str, first: str, last: str) -> Person:
        return people.create_person(
            f"{first} {last}",
            email=f"{does}@{DOMAIN}" if "." in does else f"{does}.{first.lower()}@{DOMAIN}",
            area_id=self.random.choice(self.areas).id,
        )

    def _who(self, person: Person, role: str = "") -> Who:
        return Who(person.id, person.ref, person.name, person.area_id, frozenset({(role, None)}) if role else frozenset())

    def _people(self) -> None:
        with self.at(self.ago(START.days - 1)), transaction():
            since = clock.today()
            for does, first, last, role in words.STAFF:
                person = self._person(does, first, last)
                db.session.add(Role(person_id=person.id, name=role, since=since, reason="Since the scheme began"))
                self.staff[does] = self._who(person, role)
            for does, first, last in words.PANEL:
                self.panel.append(self._who(self._person(does, first, last)))
            for does, first, last in words.RESIDENTS:
                self.residents.append(self._person(does, first, last).id)
            for number in range(1, 286):
                name = f"{self.random.choice(words.FIRST)} {self.random.choice(words.LAST)}"
                way = self.random.choices(("email", "sms", "letter"), (70, 22, 8))[0]
                someone = people.create_person(
                    name,
                    email=f"neighbour{number}@people.example" if way == "email" else None,
                    phone=f"+44770090{number:04d}" if way == "sms" else None,
                    postal_address=f"{number} Sample Street\nEstuary\nZZ1 1AA" if way == "letter" else "",
                    area_id=self.random.choice(self.areas).id,
                )
                self.residents.append(someone.id)
        officer = self.staff["council-officer"]
        with self.at(self.ago(START.days - 2)):
            self.panel_ref = seats.create_panel(officer, "Estuary Small Sparks panel", "Neighbours who decide about small grants")
            for number, member in enumerate(self.panel):
                seats.add_seat(
                    officer,
                    self.panel_ref,
                    member.ref,
                    term_start=clock.today(),
                    term_end=None,
                    chair=number == 0,
                    reason="Drawn by lot from those who offered",
                )
            conduct.publish(officer, self.panel_ref, conduct.DEFAULT, "So that all of us begin with the same", 0)
            for member in self.panel:
                conduct.accept(member, self.panel_ref, 1)

    def _group(self, name: str, area_id: int | None, person_id: int) -> int:
        known = db.session.scalar(select(Organisation.id).where(Organisation.name == name))
        with transaction():
            if known is None:
                known = people.create_organisation(name, "group", area_id, Actor(person_id)).id
            people.act_for(person_id, known, Actor(person_id))
        return known

    # --- money and rounds ------------------------------------------------------------------------------------------------

    def _money(self) -> None:
        officer = Actor(self.staff["council-officer"].id)
        with self.at(self.ago(START.days - 3)):
            rounds.open_fund("small-sparks", "Small Sparks", "£50 to £250 for things that neighbours do together.", RoundRules(), officer)
            rounds.open_fund(
                "warm-winter", "Warm Winter", "For company and warmth between November and March.", RoundRules(most=Pence(150_00)), officer
            )
            rounds.add_funder("borough", "Estuary Borough Council (fictional)", officer)
            rounds.add_funder("tideway-homes", "Tideway Homes (fictional)", officer)
            rounds.add_funder("harbour-trust", "The Harbour Trust (fictional)", officer)
            fund_of = {fund.code: fund.id for fund in db.session.scalars(select(Fund))}
            funder_of = {funder.code: funder.id for funder in db.session.scalars(select(Funder))}
            rounds.contribute(fund_of["small-sparks"], funder_of["borough"], Pence(8_000_00), clock.today(), "First year", officer)
            rounds.contribute(fund_of["warm-winter"], funder_of["tideway-homes"], Pence(600_00), clock.today(), "Winter gift", officer)
            wrong = rounds.contribute(
                fund_of["small-sparks"], funder_of["tideway-homes"], Pence(2_000_00), clock.today(), "Typed twice", officer
            )
            rounds.reverse_contribution(wrong, "Typed into the wrong fund", officer)
        with self.at(self.ago(300)):
            for funder, pence, what in (
                ("borough", 3_500_00, "Second year"),
                ("tideway-homes", 1_500_00, "For all"),
                ("harbour-trust", 1_000_00, "Gift"),
            ):
                rounds.contribute(fund_of["small-sparks"], funder_of[funder], Pence(pence), clock.today(), what, officer)
        self.fund, self.winter = fund_of["small-sparks"], fund_of["warm-winter"]

    def round(
        self,
        name: str,
        fund_id: int,
        opens: float,
        closes: float | None,
        decide: float | None,
        rules: RoundRules | None = None,
        *,
        vote_until: float | None = None,
    ) -> str:
        """Days are counted back from now; negative ones are still to come."""
        panel_id = panel_queries.panel(self.panel_ref).id
        planned = self.ago(max(opens + 7, 1))
        with self.at(planned):
            return rounds.plan_round(
                fund_id, panel_id, name, self.now - timedelta(days=opens), None if closes is None else self.now - timedelta(days=closes),
                None if decide is None else clock.london_day(self.now - timedelta(days=decide)), rules or RoundRules(), Actor(self.staff["council-officer"].id),
                vote_until=None if vote_until is None else clock.london_day(self.now - timedelta(days=vote_until)),
            )  # fmt: skip

    def _closed_funds(self) -> None:
        """A fund that has done its work, whose rest went back to two funders; and one that waits for the second person."""
        officer, finance = Actor(self.staff["council-officer"].id), Actor(self.staff["finance-officer"].id)
        funder_of = {funder.code: funder.id for funder in db.session.scalars(select(Funder))}
        with self.at(self.ago(640)):
            rules = RoundRules(most=Pence(150_00), ladder=(150_00, 150_00, 150_00))
            rounds.open_fund("jubilee", "Jubilee Sparks", "For street parties in the jubilee year.", rules, officer)
            rounds.open_fund("lantern-walk", "Lantern Walk", "For lanterns and cocoa.", rules, officer)
            fund_of = {fund.code: fund.id for fund in db.session.scalars(select(Fund))}
            for funder, amount in (("borough", 700_00), ("tideway-homes", 333_33)):
                rounds.contribute(fund_of["jubilee"], funder_of[funder], Pence(amount), clock.today(), "Jubilee", officer)
            rounds.contribute(fund_of["lantern-walk"], funder_of["tideway-homes"], Pence(120_00), clock.today(), "Lanterns", officer)
        past = self._past("Jubilee Sparks", fund_of["jubilee"], 620, ("yes", "no"), 130)
        with self.at(self.ago(480)):
            report.close_finished()
            rounds.finish_round(past, officer)
            closing.ask("jubilee", "The jubilee is over", officer)
        with self.at(self.ago(479)):
            closing.confirm("jubilee", books.balance("fund:jubilee:available"), finance)
        with self.at(self.ago(2)):
            closing.ask("lantern-walk", "The walk found another sponsor", officer)

    def _area_officer(self) -> None:
        """Somebody who handles the ideas of one ward and of the estates in it, the one from which most ideas came."""
        here = func.count(Application.id).desc()
        sent = (
            select(Area.id).join(Application, Application.area_id == Area.id).where(Area.kind == "ward", Application.sent_at.is_not(None))
        )
        area_id = db.session.scalars(sent.group_by(Area.id).order_by(here, Area.id).limit(1)).one()
        with self.at(self.ago(20)):
            with transaction():
                person_id = people.create_person("Ines Duarte", email=f"area-officer.ines@{DOMAIN}", area_id=area_id).id
            people.grant_role(person_id, "officer", "Looks after this ward", Actor(self.staff["administrator"].id), area_id)

    def _rolling(self) -> None:
        """One rolling round for the two years, in which every end of a bid occurs."""
        self.rolling = ref = self.round("Small Sparks, all year round", self.fund, START.days - 10, None, None)
        with self.at(self.ago(START.days - 10)):
            rounds.open_round(ref, Actor(self.staff["council-officer"].id))
        early = {"closed", "returned", "waived", "no", "turned_down", "given_back", "late"}
        for number, stop in enumerate(STOPS):
            old = stop in early
            days = (
                640 - number * 17
                if old
                else {
                    "draft": 2,
                    "sent": 4,
                    "more_asked": 8,
                    "with_panel": 7,
                    "decided": 9,
                    "offered": 11,
                    "withdrawn": 30,
                    "ineligible": 45,
                }.get(stop, 24 + number)
            )
            if stop in ("report_started", "report_sent", "report_more_asked", "paid"):
                days = 40 + number  # before the report is due
            if stop == "late":
                days = 150
            self.bid(ref, number, float(days), stop)
            self.say(f"  {number + 1} of {len(STOPS)} ideas")

    def _dated(self) -> None:
        """A dated round in each state: finished, released, deciding, closed, open, planned."""
        officer = Actor(self.staff["council-officer"].id)
        first = self._past("First Sparks", self.fund, 700, ("no", "no"), 60)
        with self.at(self.ago(640)):
            rounds.finish_round(first, officer)
        self._past("Warm Winter, last winter", self.winter, 380, ("yes", "yes", "yes", "yes", "no"), 40)
        self._shared("Summer Sparks", 170, 160, told=True, rules=RoundRules(marking=True, decision="most_votes", pot=Pence(500_00)))
        self._shared(
            "Sparks for school gates", 75, 90, told=False,
            rules=RoundRules(marking=True, anonymous=False, decision="equal_shares", ballots="marks", pot=Pence(400_00)),
        )  # fmt: skip
        equal = RoundRules(marking=True, decision="equal_shares", pot=Pence(600_00))
        deciding = self.round("Autumn Sparks", self.fund, 40, 10, -10, equal)
        with self.at(self.ago(40)):
            rounds.open_round(deciding, officer)
        self.deciding = refs = [self.bid(deciding, 50 + number, 20 - number, "sent") for number in range(9)]
        with self.at(self.ago(9)):
            rounds.move_rounds()
            decide.put_round_to_panel(deciding, officer)
        self._half_way(refs)
        closed = self.round("Sparks for play", self.fund, 30, 1.5, -20)
        with self.at(self.ago(30)):
            rounds.open_round(closed, officer)
        for number in range(2):
            self.bid(closed, 70 + number, 6 - number, "sent")
        self.round("Winter Sparks", self.fund, 5, -25, -45)
        rounds.move_rounds()
        self.round("Spring Sparks", self.fund, -60, -90, -110)

    def _past(self, name: str, fund_id: int, opens: float, votes: Sequence[str], number: int) -> str:
        """A dated round that was told: the first two yes are lived to their end, the others never answer. `opens` days ago."""
        officer, second = Actor(self.staff["council-officer"].id), Actor(self.staff["second-officer"].id)
        past = self.round(name, fund_id, opens, opens - 30, opens - 50, RoundRules(most=Pence(150_00)))
        with self.at(self.ago(opens)):
            rounds.open_round(past, officer)
        refs = [self.bid(past, number + place, opens - 10 - place, "sent", small=True) for place in range(len(votes))]
        with self.at(self.ago(opens - 31)):
            rounds.move_rounds()
            match.expire()
            decide.put_round_to_panel(past, officer)
        for place, ref in enumerate(refs):
            with self.at(self.ago(opens - 40 - place)):
                self._vote(ref, votes[place])
        with self.at(self.ago(opens - 48)):
            for place, ref in enumerate(refs):
                reason = self.random.choice(words.REASONS[queries.bid(ref).decided or "no"])
                decide.write_letter(ref, reason, [], place + 1 if votes[place] == "yes" else None, officer)
            decide.release(decide.prepare_release(past, [], officer), second)
            match.expire()
        for place, ref in enumerate(refs[:2]):
            if queries.bid(ref).status == "offered":
                self._paid(ref, number + place, opens - 44, "closed", Actor(queries.bid(ref).person_id))
        with self.at(self.ago(opens - 65)):
            award.lapse()
        return past

    def _shared(self, name: str, opens: float, number: int, *, told: bool, rules: RoundRules) -> None:
        """A round whose pot was shared: with its letters out, or counted and with a change that waits for its second person."""
        officer, second = Actor(self.staff["council-officer"].id), Actor(self.staff["second-officer"].id)
        ref = self.round(name, self.fund, opens, opens - 30, opens - 60 if told else opens - 90, rules)
        with self.at(self.ago(opens)):
            rounds.open_round(ref, officer)
        refs = [self.bid(ref, number + place, opens - 10 - place, "sent") for place in range(5)]
        with self.at(self.ago(opens - 31)):
            rounds.move_rounds()
            match.expire()
            decide.put_round_to_panel(ref, officer)
        matters = [panel_queries.matters_about(f"bid:{queries.bid(each).id}")[-1] for each in refs]
        with self.at(self.ago(opens - 35)):
            for seat, member in enumerate(self.panel):
                for place, matter in enumerate(matters):
                    tie = "friend" if (seat, place) == (2, 4) else "none"
                    if panels.declare(member, self.panel_ref, matter.ref, tie):
                        self._mark(member, matter.ref, seat + place)
        with self.at(self.ago(opens - 38)):
            sitting = sittings.by_about(f"round:{queries.round_by_ref(ref).id}")
            assert sitting is not None
            marking.reveal_ready(self.staff["council-officer"], self.panel_ref, sitting.ref)
            marking.say(self.panel[1], self.panel_ref, matters[0].ref, "I walked past there on Sunday. It is needed.")
            for seat, member in enumerate(self.panel):
                for place, matter in enumerate(matters):
                    if (seat, place) == (2, 4):
                        continue
                    choice = "no" if (seat + place) % 4 == 3 or (place == 3 and seat > 1) else "yes"
                    panels.vote(member, self.panel_ref, matter.ref, choice, self.random.choice(words.REASONS[choice]))
            sittings.count(self.staff["council-officer"], self.panel_ref, sitting.ref)
            paid = next(each for each in sittings.line_of(sitting, sittings.matters_of(sitting)) if each.funded)
            change = sittings.propose(
                self.staff["council-officer"],
                self.panel_ref,
                sitting.ref,
                paid.matter.ref,
                False,
                "The hall that they need was sold after they asked.",
            )
            if not told:
                return
            sittings.second(self.staff["second-officer"], self.panel_ref, sitting.ref, change)
        with self.at(self.ago(opens - 42)):
            for each in refs:
                decide.write_letter(each, self.random.choice(words.REASONS[queries.bid(each).decided or "no"]), [], None, officer)
            decide.release(decide.prepare_release(ref, [], officer), second)
            match.expire()

    def _mark(self, member: Who, matter: str, number: int, questions: int = 3) -> None:
        given = {
            question: ((number + question) % 4, "I know the people there." if (number + question) % 5 == 0 else "")
            for question in range(questions)
        }
        marking.mark(member, self.panel_ref, matter, given)

    def _half_way(self, refs: Sequence[str]) -> None:
        """A sitting in the middle: one idea talked about, one marked by all, one by some, one by nobody."""
        matters = [panel_queries.matters_about(f"bid:{queries.bid(each).id}")[-1].ref for each in refs]
        with self.at(self.ago(5)):
            for seat, member in enumerate(self.panel):
                for place in range(2):
                    panels.declare(member, self.panel_ref, matters[place], "none")
                    self._mark(member, matters[place], seat + place)
            for member in self.panel[:2]:
                panels.declare(member, self.panel_ref, matters[2], "none")
                self._mark(member, matters[2], 2, 2 if member is self.panel[1] else 3)
            panels.declare(self.panel[3], self.panel_ref, matters[3], "neighbour", "Lives across the road")
        with self.at(self.ago(4)):
            marking.say(self.panel[0], self.panel_ref, matters[0], "Who looks after it in winter?")
            marking.say(self.panel[2], self.panel_ref, matters[0], "The school said it would. I asked.")
            panels.vote(self.panel[1], self.panel_ref, matters[0], "yes", "It is wanted here")

    # --- seats -----------------------------------------------------------------------------------------------------------

    def _resident(self, number: int) -> Who:
        return self._who(db.session.get_one(Person, self.residents[number]))

    def _seats(self) -> None:
        """Who came and went on the panel, its substitutes and guests, offers to sit, and ties that others noted."""
        officer, second = self.staff["council-officer"], self.staff["second-officer"]
        chair, ravi, kelly, abdul, nia = self.panel
        former, called, guest, newest = self._resident(230), self._resident(231), self._resident(232), self._resident(2)
        today = clock.london_day(self.now)
        with self.at(self.ago(520)):
            seats.set_chair(officer, self.panel_ref, ravi.ref, True, "Joan is away for the summer")
            seats.add_seat(officer, self.panel_ref, former.ref, term_start=clock.today(), term_end=None, reason="Drawn by lot")
        with self.at(self.ago(430)):
            seats.set_chair(officer, self.panel_ref, ravi.ref, False, "Joan is back")
        with self.at(self.ago(210)):
            seats.end_seat(officer, self.panel_ref, former.ref, clock.today(), "Moved to another town")
        with self.at(self.ago(60)):
            seats.add_seat(
                officer, self.panel_ref, called.ref, kind="substitute", term_start=clock.today(), term_end=today + timedelta(days=20), reason="Second in the draw"
            )  # fmt: skip
            conduct.accept_on_paper(officer, self.panel_ref, called.ref, 1, "Signed sheet 4")
        with self.at(self.ago(31)):
            other = seats.create_panel(
                officer, "Saltmarsh and Priory panel", "Decides about small things on the marsh side",
                [area.id for area in self.areas if area.name in ("Saltmarsh", "Priory")], takes_guests=True,
            )  # fmt: skip
            conduct.publish(second, other, conduct.DEFAULT, "The same as the other panel", 0)
        with self.at(self.ago(12)):
            seats.edit_panel(
                officer, self.panel_ref, name="Estuary Small Sparks panel", purpose="Neighbours who decide about small grants", area_ids=[], takes_guests=True,
                reason="Agreed at the open evening",
            )  # fmt: skip
        with self.at(self.ago(11)):
            offers.join(guest, self.panel_ref, 1)
        with self.at(self.ago(3)):
            seats.add_seat(
                officer,
                self.panel_ref,
                newest.ref,
                kind="substitute",
                term_start=clock.today(),
                term_end=None,
                reason="Offered at the open evening",
            )  # has not read the code of conduct yet
        self._offers(other)
        first, second_idea, third = (
            panel_queries.matters_about(f"bid:{queries.bid(ref).id}")[0].ref for ref in (self.deciding[place] for place in (1, 7, 8))
        )
        with self.at(self.ago(2.2)):  # one idea has so many ties that a substitute is called
            panels.declare(kelly, self.panel_ref, first, "none")
            panels.vote(kelly, self.panel_ref, first, "yes", "It is time")
            panels.declare(chair, self.panel_ref, first, "none")
            for member, tie in ((ravi, "friend"), (abdul, "money"), (nia, "neighbour")):
                panels.declare(member, self.panel_ref, first, tie)
        with self.at(self.ago(2.1)):
            ties.declare_for(chair, self.panel_ref, first, kelly.ref, "family", "Her sister leads the group")
            for member in (*self.panel, guest):  # and another so many that nobody is left
                panels.declare(member, self.panel_ref, second_idea, "neighbour")
            ties.declare_for(officer, self.panel_ref, third, abdul.ref, "member", "His name stands on their poster")
        with self.at(self.ago(1.5)):
            seat = panel_queries.seat_of(kelly.id, panel_queries.panel(self.panel_ref).id)
            assert seat is not None
            ties.object_to(kelly, self.panel_ref, ties.said_of(seat)[0].interest.id, "My sister left the group last year.")
            ties.correct(second, self.panel_ref, third, abdul.ref, "It is another man of the same name")

    def _offers(self, other: str) -> None:
        officer = self.staff["council-officer"]
        for number, panel_ref, why in (
            (0, self.panel_ref, "I have lived here for thirty years and like to hear new ideas."), (1, other, "I walk on the marsh every day."),
            (240, other, "I was on the board of the school."), (241, self.panel_ref, "I would like to help."), (242, other, "To meet people."),
        ):  # fmt: skip
            with self.at(self.ago(8)):
                offers.offer(self._resident(number), panel_ref, why)
        known = {each.person.id: each.offer.ref for each in offers.waiting()}
        with self.at(self.ago(6)):
            offers.say_no(officer, known[self.residents[1]], "There are three of your street on it already. Please ask again in spring.")
            offers.say_yes(officer, known[self.residents[240]], kind="member", term_start=clock.today(), term_end=None, words="Welcome!")
            offers.withdraw(self._resident(242), other)

    def _appeals(self) -> None:
        """An appeal in each state, and each end of one. The third officer had no part in any decision; nor had one who was lent to us."""
        third, connector = Actor(self.staff["third-officer"].id), self.staff["connector"].id
        with self.at(self.ago(210)), transaction():
            lent = people.create_person("Milan Osei", email="milan.osei@people.example")
            db.session.add(
                Role(person_id=lent.id, name="officer", since=clock.today(), reason="Lent by the next borough, for second looks")
            )
            second = Actor(lent.id)

        def appealed(number: int, began: float, stop: str, made: float, ground: str, *, helper: int = 0, who: int | None = None) -> str:
            bid = queries.bid(self.bid(self.rolling, number, began, stop, by=who))
            by = Actor(helper, bid.person_id, "telephone") if helper else Actor(bid.person_id)
            with self.at(self.ago(made)):
                return appeals.make(bid.ref, ground, words.APPEALS[ground], by)

        def answered(ref: str, days: float, upheld: bool, by: Actor, stage: str = "open") -> None:
            with self.at(self.ago(days)):
                appeals.answer(ref, stage, upheld, words.ANSWERS["upheld" if upheld else "not_upheld"], {0}, True, by)

        def asked_again(ref: str, days: float) -> None:
            with self.at(self.ago(days)):
                appeals.ask_again(ref, words.SECOND, Actor(appeals.appeal_by_ref(ref).application.person_id))

        self.bid(self.rolling, 110, 12, "no", by=self.residents[0])  # and one that can be appealed
        appealed(100, 14, "no", 3, "tie", helper=connector)
        appealed(101, 60, "no", 40, "rules")  # late
        answered(appealed(102, 40, "no", 25, "unseen", who=self.residents[2]), 4, False, third)
        twice = appealed(103, 50, "no", 40, "unseen")
        answered(twice, 12, False, second)
        asked_again(twice, 2)
        answered(appealed(104, 20, "ineligible", 15, "fact"), 6, True, third)
        anew = appealed(105, 30, "no", 20, "unseen")
        answered(anew, 8, True, third)
        with self.at(self.ago(7)):
            decide.put_to_panel(appeals.appeal_by_ref(anew).application.ref, Actor(self.staff["council-officer"].id))
        twice = appealed(106, 200, "no", 190, "tie")
        answered(twice, 180, False, third)
        asked_again(twice, 175)
        answered(twice, 168, False, second, "second_stage")
        back = appealed(107, 120, "no", 112, "fact")
        with self.at(self.ago(110)):
            appeals.withdraw(back, Actor(appeals.appeal_by_ref(back).application.person_id))
        answered(appealed(108, 70, "conditions", 58, "fact"), 50, True, third)
        answered(appealed(109, 150, "no", 140, "rules"), 130, False, third)
        with self.at(self.ago(105)):
            appeals.close_unasked()

    # --- one bid ---------------------------------------------------------------------------------------------------------

    def bid(
        self,
        round_ref: str,
        number: int,
        days: float,
        stop: str,
        *,
        small: bool = False,
        by: int | None = None,
        where: Sequence[Area] = (),
        route: str = "",
    ) -> str:
        """One idea from its first word to where it stops; returns its reference. `days` ago it began; `route` is how it is paid, if not by turns."""
        title, idea, who_for, better, lines, group = words.IDEAS[number % len(words.IDEAS)]
        areas = where or self.areas
        fresh = [each for each in areas if (number % len(words.IDEAS), each.id) not in self.told] or areas
        area = self.random.choice(fresh)  # a group has an idea once
        self.told.add((number % len(words.IDEAS), area.id))
        person = self.residents[2] if stop == "paid" else self.residents[0] if stop == "draft" else self.residents[3 + number % 200]
        person = by or person
        me = Actor(person)
        officer, second = Actor(self.staff["council-officer"].id), Actor(self.staff["second-officer"].id)
        with self.at(self.ago(days)):
            organisation = self._group(f"{area.name} {group}", area.id, person) if group else None
            ref = apply.start(round_ref, person, me, organisation_id=organisation)
            first = clock.today() + timedelta(days=45 if small else 14)  # a dated round is told weeks later
            last = first + timedelta(days=20)
            version = apply.save(ref, 1, "idea", {"title": f"{title}, {area.name}", "idea": idea, "place": "", "area_id": area.id}, me)
            if number % 3 == 0:
                self._photo(ref, number, title, me)
            if stop == "draft":
                return ref
            budget = [apply.Line(what, Pence(min(amount, 70_00) if small else amount)) for what, amount in (lines[:2] if small else lines)]
            version = apply.save(ref, version, "who", {"who_for": who_for, "better": better, "public_summary": idea}, me)
            version = outcomes.hoped(ref, number, version, me)
            version = apply.save(ref, version, "money", {}, me, lines=budget)
            version = apply.save(ref, version, "help", {"group_name": group}, me)
            version = apply.save(ref, version, "when", {"first_day": first, "last_day": last}, me)
            route = route or ("group" if group else "receipts", "host", "council_buys")[0 if number % 4 < 2 else number % 4 - 1]
            if route == "receipts" and stop == "returned":
                route = "host"  # who is paid back after buying has nothing to return
            version = apply.save(
                ref,
                version,
                "pay",
                {
                    "pay_route": route,
                    "pay_to": "" if route in ("council_buys", "receipts", award.CHEQUE) else f"{area.name} {group or 'Hub'}",
                },
                me,
            )
        self._neighbours(ref, number, days, me, few=stop in ("sent", "more_asked") and not small)
        with self.at(self.ago(days - 1)):
            apply.send(ref, queries.bid(ref).version, me, sure=True)
        if stop == "withdrawn":
            with self.at(self.ago(days - 2)):
                apply.withdraw(ref, "We found another way", me)
        elif stop == "ineligible":
            with self.at(self.ago(days - 2)):
                apply.set_ineligible(
                    ref, "This round is for things that neighbours do together; a shop front is for the high street fund.", officer
                )
        elif stop == "more_asked":
            with self.at(self.ago(days - 2)):
                apply.ask_more(
                    ref,
                    ["money", "when"],
                    "Could you find out what the planks cost at the timber yard?",
                    clock.today() + timedelta(days=7),
                    officer,
                )
        if stop in ("sent", "withdrawn", "ineligible", "more_asked"):
            return ref
        with self.at(self.ago(days - 2)):
            decide.put_to_panel(ref, officer)
        if stop == "with_panel":
            return ref
        with self.at(self.ago(days - 4)):
            self._vote(ref, stop if stop in ("no", "not_yet") else "yes")
        if stop == "decided":
            return ref
        with self.at(self.ago(days - 5)):
            conditions = ["The owner of the ground agrees in writing"] if stop == "conditions" else []
            decide.write_letter(
                ref, self.random.choice(words.REASONS[stop if stop in ("no", "not_yet") else "yes"]), conditions, None, officer
            )
            decide.release(decide.prepare_release(round_ref, [ref], officer), second)
        if stop not in ("no", "not_yet", "offered"):
            self._paid(ref, number, days, stop, me)
        return ref

    def _award(self, ref: str) -> str:
        found = queries.award_of(queries.bid(ref).id)
        assert found is not None
        return found.ref

    def _neighbours(self, ref: str, number: int, days: float, me: Actor, *, few: bool) -> None:
        for place in range(2 if few else 4):
            name = f"{self.random.choice(words.FIRST)} {self.random.choice(words.LAST)}"
            with self.at(self.ago(days - 0.2)):
                try:
                    pledge = match.invite(
                        ref,
                        f"{name} {place}" if place == 3 else name,
                        ("email", f"helper{number}.{place}@people.example") if place else None,
                        me,
                    )
                except Refused:
                    continue
                token = match.token_of(next(one for one in queries.pledges_of(queries.bid(ref).id) if one.ref == pledge))
                if place == 3:
                    if number % 5 == 3:
                        match.say_no(token)
                    elif number % 5:
                        kind, what, value = words.BROUGHT[number % 5 % 4]
                        match.say_yes(token, kind, Minutes(0), Minutes(0), value, what)
                    continue
                match.say_yes(
                    token,
                    "hours",
                    Minutes(self.random.choice((300, 360, 420, 480))),
                    Minutes(60 if place == 0 else 0),
                    0,
                    self.random.choice(words.WORK),
                )

    def _vote(self, ref: str, choice: str) -> None:
        matter = panel_queries.matters_about(f"bid:{queries.bid(ref).id}")[-1]
        for number, member in enumerate(self.panel):
            if number == 4:
                panels.declare(member, self.panel_ref, matter.ref, "neighbour", "Lives on that street")
                continue
            if panels.declare(member, self.panel_ref, matter.ref, "none"):
                vote = "abstain" if number == 3 and choice == "yes" else choice
                panels.vote(
                    member,
                    self.panel_ref,
                    matter.ref,
                    vote,
                    self.random.choice(words.REASONS[choice]) if vote != "abstain" else "I was not sure",
                )
        panels.close(self.staff["council-officer"], self.panel_ref, matter.ref)

    def _paid(self, ref: str, number: int, days: float, stop: str, me: Actor) -> None:
        """From the offer to the money, and on to the report."""
        award_ref = self._award(ref)
        with self.at(self.ago(days - 6)):
            if stop == "turned_down":
                award.decline(award_ref, me, "We were lent everything already")
                return
            award.accept(award_ref, me)
            if stop == "conditions":
                return
            if queries.bid(ref).pay_route in award.NUMBERED_ROUTES:
                self.account += 1
                award.give_details(award_ref, queries.bid(ref).pay_to or "M Resident", f"1122{number % 90 + 10:02d}", str(self.account), me)
            if stop == "given_back":
                award.withdraw(award_ref, me, "The hall is closed this year")
                return
        if stop == "ready":
            return
        first, second, third = (Actor(self.staff[name].id) for name in ("council-officer", "finance-officer", "finance-manager"))
        with self.at(self.ago(days - 7)):
            if queries.bid(ref).pay_route == award.REPAID:
                for line in list(queries.bid(ref).lines):
                    report.add_receipt(ref, line.what, Pence(line.amount or 0), clock.today(), None, self.data_dir, me)
            bought = queries.bid(ref).pay_route == award.BOUGHT
            shop = award.Supplier(*words.SHOPS[number // 4 % len(words.SHOPS)]) if bought else None
            payment = pay.prepare(award_ref, None, first, supplier=shop)
            if stop == "prepared":
                pay.cancel(payment, "Prepared before the invoice was read", first)
                pay.prepare(award_ref, None, first, supplier=shop)
                return
            pay.approve(payment, second)
            if stop == "approved":
                return
            run = pay.release_run([payment], third)
        if stop == "released":
            return
        with self.at(self.ago(days - 9)):
            if stop == "bounced":
                pay.bounce(payment, clock.today(), "Account closed", second)
                return
            pay.settle_run(run, clock.today(), second)
        if stop not in ("paid", "late"):
            self._told(ref, number, days, stop, me)

    def _told(self, ref: str, number: int, days: float, stop: str, me: Actor) -> None:
        officer = Actor(self.staff["council-officer"].id)
        bid = queries.bid(ref)
        for pledge in list(queries.pledges_of(bid.id)):
            if pledge.status != "confirmed":
                continue
            if pledge.kind != "hours":
                self._brought(ref, pledge.ref, number, days, stop, me)
                continue
            with self.at(self.ago(days - 20)):
                record = match.did_it(match.token_of(pledge), clock.today(), Minutes(min(pledge.minutes, 360)), pledge.what)
            if stop != "report_started":
                with self.at(self.ago(days - 21)):
                    match.check(ref, record, officer if match.at_the_door(pledge) else me)
        with self.at(self.ago(days - 36)):
            found = queries.award_of(bid.id)
            assert found is not None
            spent = found.amount - (12_34 if stop == "returned" else 0)
            if stop == "waived":
                report.waive(ref, "The applicant moved away; the work was seen by the connector", officer)
                return
            held = report.of_bid(queries.bid(ref))
            if not held.receipts:
                report.add_receipt(ref, "Everything on the list", Pence(spent), clock.today(), None, self.data_dir, me)
                held = report.of_bid(queries.bid(ref))
            report.save(ref, held.version, self.random.choice(words.DONE), self.random.choice(words.BETTER), number % 2 == 0, me)
            outcomes.told(ref, number, me)
            if stop == "report_started":
                return
            report.send(ref, me)
        with self.at(self.ago(days - 40)):
            if stop == "report_sent":
                return
            if stop == "report_more_asked":
                report.ask_more(ref, "How many people came, roughly?", officer)
                return
            report.accept(ref, officer)
        if stop == "returned":
            with self.at(self.ago(days - 45)):
                pay.refund(self._award(ref), Pence(12_34), clock.today(), "Not spent", Actor(self.staff["finance-officer"].id))
                report.close_finished()

    def _brought(self, ref: str, pledge_ref: str, number: int, days: float, stop: str, me: Actor) -> None:
        """Things, a room or money, said by the neighbour with a picture and checked by the applicant; sometimes not at once."""
        pledge = next(one for one in queries.pledges_of(queries.bid(ref).id) if one.ref == pledge_ref)
        token, side = match.token_of(pledge), goods.ForIdea(ref, me)
        with self.at(self.ago(days - 20)):
            given = goods.Given(pledge.kind, pledge.what, pledge.value, clock.today())
            if number == 21:
                wrong = goods.write(ref, pledge_ref, replace(given, value=Pence(given.value * 2)), None, self.data_dir, me)
                goods.turn_down(goods.ByLink(token), wrong, "It was half of that", self.data_dir)
            if number == 22:
                goods.withdraw(
                    goods.ByLink(token), goods.say(token, replace(given, value=Pence(given.value * 10)), None, self.data_dir), self.data_dir
                )
            said = goods.say(token, given, self._drawing(number), self.data_dir)
        if stop == "report_started":
            return
        with self.at(self.ago(days - 21)):
            goods.check(side, said, 1)
            if number == 17:
                goods.take_back(ref, said, "Counted by mistake: it was for the party next door", me)

    def _photo(self, ref: str, number: int, title: str, me: Actor) -> None:
        apply.add_photo(ref, self._drawing(number), f"A drawing of hills and sun, for “{title}”", self.data_dir, me)

    def _drawing(self, number: int) -> photos.Picture:
        """A drawn picture: hills in the colours of the day, different for each number."""
        paint = random.Random(number)  # noqa: S311
        picture = Image.new("RGB", (960, 640), (250, 226 - number % 40, 180 + number % 60))
        draw = ImageDraw.Draw(picture)
        draw.ellipse((640, 60, 820, 240), fill=(244, 150, 79))
        for layer in range(4):
            height = 300 + layer * 80
            points = [(x, height + paint.randrange(-50, 50)) for x in range(0, 1021, 60)]
            draw.polygon([*points, (1020, 640), (0, 640)], fill=(90 - layer * 14, 120 - layer * 16, 70 + layer * 4))
        out = io.BytesIO()
        picture.save(out, "PNG")
        return photos.read(out.getvalue())

    def _tidy(self) -> None:
        """Marks what is past as sent, so that the worker does not send two years of letters at its first start."""
        with transaction():
            db.session.execute(
                update(Message)
                .where(Message.created_at < self.now - timedelta(days=2))
                .values(sent_at=Message.created_at, sender_ref="demo")
            )
            ground.end()
