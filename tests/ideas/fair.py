"""An ideas fair for tests: the season of the grants, a connector, neighbours, and cards pinned by the same actions that people use."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.db import db, transaction
from portal.ideas import cards, counting, joining, leaving, pledges, queries
from portal.ideas.model import Idea, IdeaJoin, IdeaPledge
from portal.outbox import Message
from portal.people.access import Who
from portal.photos import Picture
from portal.places.model import Area
from tests.grants.season import Season, begin, person

assert leaving
BENCH = "A bench by the bus stop"
PLAIN = cards.Draft(title=BENCH, area_id=None, text="So that old people can rest.")


def fair() -> Season:
    """The season with the connectors Gus and Cora, the neighbours Maya, Bo and Idris without a card yet, and the area Chadwell too."""
    season = begin()
    with transaction():
        db.session.add(Area(code="chadwell", name="Chadwell", kind="ward"))
    for short in ("Gus", "Cora"):
        season.people[short] = person(short, "connector")
    for short in ("Maya", "Bo", "Idris"):
        season.people[short] = person(short)
    return season


def area(code: str = "mossgate") -> int:
    return db.session.scalars(select(Area.id).where(Area.code == code)).one()


def pin(
    season: Season, by: str | None = "Maya", title: str = BENCH, *, known: bool = True, code: str = "mossgate", basis: str | None = None,
    picture: Picture | None = None, data_dir: Path | None = None, key: str = "", **changes: Any,
) -> str:  # fmt: skip
    """Somebody pins a card (None: Gus types it from paper); `known`: it is on the wall at once. Returns its reference."""
    draft = replace(PLAIN, title=title, area_id=area(code), **changes)
    who = season.who(by or "Gus")
    ref = cards.post(
        draft, who, for_somebody=by is None, basis=basis or ("paper sheet" if by is None else None), picture=picture, data_dir=data_dir,
        once_key=key or uuid.uuid4().hex,
    )  # fmt: skip
    if known:
        let_go(season, ref)
    return ref


def let_go(season: Season, ref: str) -> None:
    """A connector has looked at it."""
    from portal.ideas import care

    for look in care.waiting(None):
        if look.idea.ref == ref:
            care.settle(look.id, "stands", "", season.who("Cora"), shown=look.idea.version)
    db.session.rollback()


def the(ref: str) -> Idea:
    """As it stands now."""
    db.session.rollback()
    return queries.by_ref(ref)


def without(ref: str, name: str = "Ada", minutes: int = 120, contact: tuple[str, str] | None = None) -> IdeaPledge:
    """A neighbour without an account is in."""
    pledges.say_in_without(ref, name, minutes, contact, once_key=uuid.uuid4().hex, another=True)
    return last_pledge()


def last_pledge() -> IdeaPledge:
    db.session.rollback()
    return db.session.scalars(select(IdeaPledge).order_by(IdeaPledge.id.desc())).first()  # type: ignore[return-value]


def sent(pledge: IdeaPledge) -> str:
    """The link that went to their address."""
    return counting.token_of(pledge, counting.SENT)


def joined(season: Season, one: str, other: str, by: str = "Gus") -> IdeaJoin:
    return joining.ask(one, other, season.who(by), basis="telephone")


def who_is_in(ref: str) -> list[tuple[str, int]]:
    return [(each.pledge.name, each.minutes) for each in counting.neighbours_of(the(ref))]


def mail(about: str = "") -> Sequence[Message]:
    db.session.rollback()
    query = select(Message).order_by(Message.id)
    return db.session.scalars(query.where(Message.about == about) if about else query).all()


def known(who: Who) -> str:
    """A person, as another process reads them."""
    return f"Who({who.id}, {who.ref!r}, {who.name!r}, {who.area_id!r}, frozenset({sorted(who.roles, key=str)!r}))"
