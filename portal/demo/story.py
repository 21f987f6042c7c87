"""Two years of a small scheme, lived through the same actions that people use, with the clock held where each act happens.

So the books, the letters and the stories are those of real use, and every state of every object is there to be seen.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from portal import clock
from portal.db import db, transaction
from portal.demo import (
    appealing,
    banking,
    by_hand,
    connecting,
    dated,
    events,
    gifts,
    ground,
    hall,
    ideas,
    merging,
    outcomes,
    panel_seats,
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
from portal.events import due as happenings
from portal.grants import appeals, asked, award, closing, match, pay, quick, quick_review, report, rounds
from portal.grants.model import Application, Fund, Funder
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import Message
from portal.panels import calls, conduct, seats
from portal.panels import queries as panel_queries
from portal.people import actions as people
from portal.people.access import Who
from portal.people.model import Organisation, Person, Role
from portal.places.model import Area, Scheme, WardCode
from portal.refs import drawn_from
from portal.timebank import exchange, sessions

DOMAIN = "demo.kindling.example"

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
            dated.rolling(self)
            dated.dated(self)
            panel_seats.tell(self)
            QuickSparks(self).tell()
            appealing.tell(self)
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
        with self.at(self.ago(dated.START.days)), transaction():
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
        with self.at(self.ago(dated.START.days - 1)), transaction():
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
        with self.at(self.ago(dated.START.days - 2)):
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
        with self.at(self.ago(dated.START.days - 3)):
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
        past = dated._past(self, "Jubilee Sparks", fund_of["jubilee"], 620, ("yes", "no"), 130)
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

    # --- seats -----------------------------------------------------------------------------------------------------------

    # --- one bid ---------------------------------------------------------------------------------------------------------

    def _tidy(self) -> None:
        """Marks what is past as sent, so that the worker does not send two years of letters at its first start."""
        with transaction():
            db.session.execute(
                update(Message)
                .where(Message.created_at < self.now - timedelta(days=2))
                .values(sent_at=Message.created_at, sender_ref="demo")
            )
            ground.end()
