"""A pot of three funders, for tests of pooled money."""

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.grants import pay, pooled, queries, rounds
from portal.grants.model import Award, Funder
from portal.grants.pooled_rules import Position
from portal.money import Pence
from tests.grants.season import Season
from tests.grants.sparks import season_with_connectors

FREE = "fund:small-sparks:available"


def pot() -> Season:
    """£1,000 of the council, £500 of Tideway Homes, £300 of The Harbour Trust; connectors Gus and Cora."""
    season = season_with_connectors()
    for code, name, pence in (("tideway", "Tideway Homes", 500_00), ("harbour", "The Harbour Trust", 300_00)):
        rounds.add_funder(code, name, season.actor("Olga"))
        contribute(season, code, pence)
    return season


def contribute(season: Season, funder: str, pence: int) -> str:
    """Money comes in today; returns the contribution's reference."""
    id_ = db.session.scalars(select(Funder.id).where(Funder.code == funder)).one()
    return rounds.contribute(season.fund_id, id_, Pence(pence), clock.today(), "", season.actor("Olga"), another=True)


def at(code: str) -> Position:
    """Where one funder's money stands now."""
    db.session.rollback()
    return pooled.positions(queries.fund_by_code("small-sparks"))[code]


def left() -> dict[str, int]:
    """What is left of each funder's money."""
    db.session.rollback()
    return {code: each.left for code, each in pooled.positions(queries.fund_by_code("small-sparks")).items()}


def shares(made: Award) -> dict[str, int]:
    """Each funder's share of an award."""
    db.session.rollback()
    return {each.name: each.amount for each in pooled.shares_of(made)}


def settled(season: Season, made: Award, pence: int | None = None) -> str:
    """Paid through three hands and arrived today; returns the payment's reference."""
    ref = season.released(made, Pence(pence) if pence else None).ref
    pay.settle(ref, clock.today(), season.actor("Fay"))
    return ref
