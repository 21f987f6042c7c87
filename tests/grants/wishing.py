"""A season in which Rita's lines are asked of neighbours first: real actions on both sides."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.gifts import parties, promises, talks
from portal.gifts.model import GiftPost
from portal.grants import apply, wish_kept, wishes
from portal.grants.wish_model import KeptGift
from portal.grants.wishes import Wish
from portal.money import Pence
from portal.outbox import Message
from portal.places.model import Area
from tests.grants.season import Season

assert wish_kept  # hears of promises that are kept
LINES = (("Timber for three beds", 100_00), ("Paint", 20_00), ("Compost", 60_00))


def known(season: Season, *names: str) -> None:
    """They are 18 or over, and something of theirs was on a board before."""
    with transaction():
        for name in names:
            party = parties.enter(person_id=season.who(name).id)
            party.known_at = party.grown_at = clock.now()


def draft(season: Season, lines: Sequence[tuple[str, int]] = LINES, by: str = "Rita") -> str:
    """An idea that could be sent, with these lines; returns its reference."""
    ref = apply.start(season.round_ref, season.who(by).id, season.actor(by))
    first = clock.today() + timedelta(days=30)
    answers = {
        "title": "A garden for Mossgate", "idea": "Raised beds.", "place": "The green", "who_for": "Everybody", "better": "We meet.",
        "public_summary": "Raised beds that neighbours look after.", "first_day": first, "last_day": first + timedelta(days=60), "pay_route": "group",
        "pay_to": "Mossgate Gardeners", "area_id": db.session.scalar(select(Area.id).where(Area.code == "mossgate")),
    }  # fmt: skip
    apply.save(ref, 1, "idea", answers, season.actor(by), lines=typed(lines))
    return ref


def typed(lines: Sequence[tuple[str, int]]) -> list[apply.Line]:
    return [apply.Line(what, Pence(amount)) for what, amount in lines]


def send(season: Season, ref: str, by: str = "Rita") -> str:
    apply.send(ref, season.bid(ref).version, season.actor(by), sure=True)
    return ref


def save(season: Season, ref: str, *lines: tuple[str, int], by: str = "Rita") -> None:
    apply.save(ref, season.bid(ref).version, "money", {}, season.actor(by), lines=typed(lines))


def key(season: Season, ref: str, position: int) -> str:
    """What pages name a line by."""
    db.session.rollback()
    return wishes.key_of(season.bid(ref).lines[position])


def wish(season: Season, ref: str, position: int = 0, title: str = "Timber", by: str = "Rita", **how: object) -> str:
    """Neighbours are asked for a line; returns the post's reference."""
    return wishes.ask(ref, key(season, ref, position), Wish(title, **how), season.who(by), grown=True, once_key=uuid.uuid4().hex)  # type: ignore[arg-type]


def promised(season: Season, post: str, by: str = "Rob", pieces: int = 1, owner: str = "Rita") -> str:
    """Somebody offers it, and the owner says yes please; returns the promise's reference."""
    talk = talks.interested(post, "I have some.", season.who(by), grown=True, once_key=uuid.uuid4().hex)
    return promises.promise(talk, pieces, season.who(owner), once_key=uuid.uuid4().hex)


def given(season: Season, post: str, by: str = "Rob", pieces: int = 1, owner: str = "Rita") -> str:
    """The same, and it is handed over."""
    ref = promised(season, post, by, pieces, owner)
    promises.handed(ref, season.who(owner))
    return ref


def amounts(season: Season, ref: str) -> list[int | None]:
    """What the lines ask, and all of them together."""
    bid = season.bid(ref)
    return [*(line.amount for line in bid.lines), bid.asked]


def gifts() -> list[tuple[int, int, bool]]:
    """(value, by how much the ask was lowered, whether it counts) of every gift, in order."""
    db.session.rollback()
    return [(row.value, row.lowered, row.taken_back_at is None) for row in db.session.scalars(select(KeptGift).order_by(KeptGift.id))]


def status(post: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(GiftPost.status).where(GiftPost.ref == post)).one()


def heard(name: str) -> list[str]:
    """Subjects of what somebody was told, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(Message.subject).where(Message.to_name == name).order_by(Message.id)))
