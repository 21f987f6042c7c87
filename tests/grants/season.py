"""A small scheme for tests of decisions and money: real actions, so that a story reads like a day at the council."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.grants import apply, award, decide, pay, queries, rounds
from portal.grants.model import Application, Award, Fund, Funder, Payment
from portal.grants.rules import RoundRules
from portal.grants.ties import tied_by_nature
from portal.history import Actor
from portal.ledger import checks
from portal.money import Pence
from portal.panels import actions as panels
from portal.panels import seats
from portal.panels.model import Matter
from portal.people.access import Who
from portal.people.actions import create_person
from portal.people.model import Role
from portal.places.model import Area, Scheme, WardCode
from portal.worker import CACHES

SORT_CODE, NUMBER = "201234", "12345678"


@dataclass
class Season:
    """The people, a fund with money, a panel, and a round that takes ideas."""

    round_ref: str = ""
    panel_ref: str = ""
    fund_id: int = 0
    people: dict[str, Who] = field(default_factory=dict)

    def who(self, name: str) -> Who:
        return self.people[name]

    def actor(self, name: str) -> Actor:
        return Actor(self.people[name].id)

    def ref(self, name: str) -> str:
        return self.people[name].ref

    # --- the way of a bid ----------------------------------------------------------------------------------------------

    def sent(
        self,
        title: str = "A garden for Mossgate",
        asked: int = 250_00,
        by: str = "Rita",
        route: str = "group",
        organisation_id: int | None = None,
    ) -> str:
        """An idea that was sent; returns its reference."""
        actor = self.actor(by)
        ref = apply.start(self.round_ref, self.who(by).id, actor, organisation_id=organisation_id)
        first = clock.today() + timedelta(days=30)
        answers = {
            "title": title, "idea": "Raised beds by the old pump.", "place": "The green", "who_for": "Everybody on the estate", "better": "We meet.",
            "public_summary": "Raised beds that neighbours look after.", "first_day": first, "last_day": first + timedelta(days=60), "pay_route": route,
            "pay_to": "Mossgate Gardeners", "area_id": db.session.scalar(select(Area.id).where(Area.code == "mossgate")),
        }  # fmt: skip
        version = apply.save(ref, 1, "idea", answers, actor, lines=[apply.Line("Timber and soil", Pence(asked))])
        apply.send(ref, version, actor, sure=True)
        return ref

    def with_panel(self, ref: str) -> str:
        """Put to the panel by an officer whose own it is not; returns the matter's reference."""
        tied = tied_by_nature([f"bid:{self.bid(ref).id}"])[f"bid:{self.bid(ref).id}"]
        decide.put_to_panel(ref, self.actor("Olga" if self.who("Olga").id not in tied else "Otto"))
        return self.matter(ref).ref

    def matter(self, ref: str) -> Matter:
        return db.session.scalars(select(Matter).where(Matter.about == f"bid:{self.bid(ref).id}").order_by(Matter.id.desc())).first()  # type: ignore[return-value]

    def matter_by(self, ref: str) -> Matter:
        db.session.rollback()
        return db.session.scalars(select(Matter).where(Matter.ref == ref)).one()

    def decided(self, ref: str, choice: str = "yes") -> str:
        """Three seats vote alike and the chair counts; returns the bid's reference."""
        matter = self.with_panel(ref)
        for seat in ("Ada", "Ben", "Cleo"):
            panels.declare(self.who(seat), self.panel_ref, matter, "none")
            panels.vote(self.who(seat), self.panel_ref, matter, choice, "We talked about it.")
        panels.close(self.who("Ada"), self.panel_ref, matter)
        return ref

    def offered(self, ref: str | None = None, conditions: tuple[str, ...] = ()) -> Award:
        """Decided yes and released in two hands."""
        ref = self.decided(ref or self.sent())
        decide.write_letter(ref, "It brings neighbours together.", conditions, None, self.actor("Olga"))
        decide.release(decide.prepare_release(self.round_ref, [ref], self.actor("Olga")), self.actor("Otto"))
        return self.award(ref)

    def ready(self, ref: str | None = None) -> Award:
        """Accepted, with an account, so that it can be paid."""
        made = self.offered(ref)
        applicant = Actor(made.application.person_id)
        award.accept(made.ref, applicant)
        if self.award_now(made).application.pay_route in award.NUMBERED_ROUTES:
            award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, NUMBER, applicant)
        return self.award_now(made)

    def released(self, made: Award, amount: Pence | None = None) -> Payment:
        """Prepared by Fay, approved by Olga, released by Otto."""
        shop = award.Supplier("Corner Hardware") if self.award_now(made).application.pay_route == award.BOUGHT else None
        ref = pay.prepare(made.ref, amount, self.actor("Fay"), supplier=shop)
        pay.approve(ref, self.actor("Olga"))
        pay.release_run([ref], self.actor("Otto"))
        return pay.payment_by_ref(ref)

    # --- looking -------------------------------------------------------------------------------------------------------

    def bid(self, ref: str) -> Application:
        db.session.rollback()
        return queries.bid(ref)

    def award(self, bid_ref: str) -> Award:
        found = queries.award_of(self.bid(bid_ref).id)
        assert found is not None
        return found

    def award_now(self, made: Award) -> Award:
        ref = made.ref
        db.session.rollback()
        return award.award_by_ref(ref)


def person(name: str, *roles: str, area_id: int | None = None) -> Who:
    """Somebody with roles everywhere."""
    with transaction():
        made = create_person(name, email=f"{name.lower()}@example.org", area_id=area_id)
        for role in roles:
            db.session.add(Role(person_id=made.id, name=role, since=clock.today() - timedelta(days=1), reason="test"))
        id_, ref = made.id, made.ref
    return Who(id_, ref, name, area_id, frozenset((role, None) for role in roles))


def begin(money: int = 1000_00, *, rolling: bool = True, rules: RoundRules | None = None) -> Season:
    """Make the scheme: officers Olga and Otto, finance Fay, seats Ada (chair), Ben, Cleo and Dan, resident Rita."""
    season = Season()
    with transaction():
        db.session.add(
            Scheme(
                id=1,
                name="Estuary Together",
                short_name="Estuary",
                email="hello@estuary.example",
                telephone="01375 000000",
                publisher_name="Estuary Council",
            )
        )
        area = Area(code="mossgate", name="Mossgate", kind="ward")
        db.session.add(area)
        db.session.flush()
        db.session.add(WardCode(area_id=area.id, ons_code="E05099001", valid_from=date(2020, 1, 1)))
    for name, *roles in (
        ("Olga", "officer"), ("Otto", "officer"), ("Fay", "finance"), ("Ada",), ("Ben",), ("Cleo",), ("Dan",), ("Rita",), ("Rob",), ("Rosa",),
    ):  # fmt: skip
        season.people[name] = person(name, *roles)
    olga = season.actor("Olga")
    season.panel_ref = seats.create_panel(season.who("Olga"), "Mossgate panel", "Decides small grants")
    for name in ("Ada", "Ben", "Cleo", "Dan"):
        seats.add_seat(
            season.who("Olga"),
            season.panel_ref,
            season.ref(name),
            term_start=clock.today() - timedelta(days=1),
            term_end=None,
            reason="Elected",
            chair=name == "Ada",
        )
    rounds.open_fund("small-sparks", "Small Sparks", "Small ideas of neighbours", rules or RoundRules(), olga)
    rounds.add_funder("council", "Estuary Council", olga)
    fund = db.session.scalars(select(Fund)).one()
    season.fund_id = fund.id
    funder = db.session.scalars(select(Funder)).one()
    rounds.contribute(fund.id, funder.id, Pence(money), clock.today(), "", olga)
    from portal.panels.queries import panel

    now = clock.now()
    closes: datetime | None = None if rolling else now + timedelta(days=10)
    season.round_ref = rounds.plan_round(
        fund.id,
        panel(season.panel_ref).id,
        "Spring",
        now,
        closes,
        None if rolling else clock.today() + timedelta(days=40),
        rules or RoundRules(),
        olga,
        vote_until=clock.today() + timedelta(days=30) if rules and rules.voters == "area" else None,
    )
    rounds.open_round(season.round_ref, olga)
    return season


def assert_books_are_right() -> None:
    """The whole ledger check, with every cache."""
    report = checks.check(full=True, caches=CACHES)
    assert report.ok, report.broken
