"""A small scheme whose every day is fixed, so that its files can be known to the byte.

2026: on 1 June the scheme begins. Four bids are sent, told, accepted and released on 2 June:
  garden, of the Mossgate Gardeners (a group, £250)   paid on 10 June, sent back by the bank on 6 July, paid again on 20 July
  hall, of St Chad (a charity, £120)                  paid on 10 June; £20 came back on 3 August
  bench, of Rita alone (£80)                          paid on 10 June
  books, of the Mill school (£60)                     paid to a host, Mill House Trust, on 10 June
On 1 July the Gardeners ask again (herbs, £90): offered, and turned down. On 1 August St Chad is offered £70 (lamps) and says
nothing yet (they stand by the pump, inside Mossgate); a bid for gnomes is declined.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy import select, update

from portal.clock import held_at
from portal.db import db, transaction
from portal.grants import award, decide, pay
from portal.grants.model import Application
from portal.history import Actor
from portal.money import Pence
from portal.people.actions import create_organisation
from portal.people.model import Organisation
from portal.places.model import Area, Scheme
from tests.grants.season import NUMBER, SORT_CODE, Season, begin

TODAY = datetime(2026, 8, 15, 10, 0, tzinfo=UTC)


@dataclass
class Small:
    """Our names of bids, payments and organisations → their references."""

    season: Season
    bids: dict[str, str] = field(default_factory=dict)
    money: dict[str, str] = field(default_factory=dict)
    organisations: dict[str, str] = field(default_factory=dict)


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 9, 0, tzinfo=UTC)


def build() -> Small:
    """Live through the story above; ends with the clock let go."""
    with held_at(at(6, 1)):
        season = begin()
        small = Small(season)
        with transaction():
            db.session.get_one(Scheme, 1).department = "Communities"
            rita = season.actor("Rita")
            for name, kind, number in (
                ("Mossgate Gardeners", "group", ""),
                ("St Chad", "charity", "0123456"),
                ("Mill school", "school", ""),
            ):
                small.organisations[name] = create_organisation(name, kind, None, rita, charity_number=number).ref
            ward = db.session.scalars(select(Area.id)).one()
            db.session.add(Area(code="pump", name="By the pump", kind="estate", parent_id=ward))
    ids = dict(db.session.execute(select(Organisation.name, Organisation.id)).tuples().all())
    with held_at(at(6, 2)):
        for name, title, asked, route, organisation in (
            ("garden", "A garden for Mossgate", 250_00, "group", "Mossgate Gardeners"),
            ("hall", "=Chairs for the hall", 120_00, "group", "St Chad"),
            ("bench", "A bench by the bus stop", 80_00, "group", ""),
            ("books", "Books for the stairs", 60_00, "host", "Mill school"),
        ):
            small.bids[name] = _ready(season, title, asked, route, ids.get(organisation))
            small.money[name] = _prepared(season, small.bids[name])
        pay.release_run(list(small.money.values()), season.actor("Otto"))
    with held_at(at(6, 10)):
        for ref in small.money.values():
            pay.settle(ref, date(2026, 6, 10), season.actor("Fay"))
    with held_at(at(7, 1)):
        small.bids["herbs"] = season.sent("Herbs in tubs", 90_00, organisation_id=ids["Mossgate Gardeners"])
        award.decline(season.offered(small.bids["herbs"]).ref, season.actor("Rita"))
    with held_at(at(7, 6)):
        pay.bounce(small.money["garden"], date(2026, 7, 6), "Account closed", season.actor("Fay"))
    with held_at(at(7, 15)):
        small.money["garden again"] = _prepared(season, small.bids["garden"])
        pay.release_run([small.money["garden again"]], season.actor("Otto"))
    with held_at(at(7, 20)):
        pay.settle(small.money["garden again"], date(2026, 7, 20), season.actor("Fay"))
    with held_at(at(8, 1)):
        small.bids["lamps"] = season.sent("Lamps for the path", 70_00, organisation_id=ids["St Chad"])
        with transaction():
            pump = select(Area.id).where(Area.code == "pump").scalar_subquery()
            db.session.execute(update(Application).where(Application.ref == small.bids["lamps"]).values(area_id=pump))
        season.offered(small.bids["lamps"])
        small.bids["gnomes"] = decline(season, season.sent("Gnomes", 50_00))
    with held_at(at(8, 3)):
        hall = season.award(small.bids["hall"]).ref
        small.money["hall back"] = pay.refund(hall, Pence(20_00), date(2026, 8, 3), "Chairs were cheaper", season.actor("Fay"))
    return small


def decline(season: Season, ref: str, reason: str = "We would rather have trees.") -> str:
    """The panel says no, and the applicant is told."""
    season.decided(ref, "no")
    decide.write_letter(ref, reason, (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    return ref


def _ready(season: Season, title: str, asked: int, route: str, organisation_id: int | None) -> str:
    ref = season.sent(title, asked, route=route, organisation_id=organisation_id)
    made = season.offered(ref)
    applicant = Actor(made.application.person_id)
    award.accept(made.ref, applicant)
    award.give_details(made.ref, "Mill House Trust" if route == "host" else "The account", SORT_CODE, NUMBER, applicant)
    return ref


def _prepared(season: Season, ref: str) -> str:
    payment = pay.prepare(season.award(ref).ref, None, season.actor("Fay"))
    pay.approve(payment, season.actor("Olga"))
    return payment
