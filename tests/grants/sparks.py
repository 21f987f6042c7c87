"""A connector with a float, for tests of quick sparks: granted by the panel, as in life."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal import clock, photos
from portal.db import db
from portal.grants import floats, quick
from portal.grants.model import FloatRequest, QuickFloat, QuickSpark
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.money import Pence
from portal.panels import actions as panels
from portal.panels.model import Matter
from portal.places.model import Area
from tests.grants.season import Season, begin, person

FREE = "fund:small-sparks:available"


def season_with_connectors(money: int = 1000_00, *, rules: RoundRules | None = None) -> Season:
    """The season, with the connectors Gus Penny and Cora Lane."""
    season = begin(money, rules=rules)
    for short, name in (("Gus", "Gus Penny"), ("Cora", "Cora Lane")):
        season.people[short] = person(name, "connector")
    return season


def asked(season: Season, amount: int = 100_00, who: str = "Gus", by: str | None = None, reason: str = "For the flats by the pump") -> str:
    """The panel is asked; returns the reference of the request."""
    return floats.ask(
        season.ref(who), "small-sparks", season.panel_ref, Pence(amount), reason, season.actor(by or who), once_key=f"ask:{who}:{amount}:{clock.now()}"
    )  # fmt: skip


def matter_of(request_ref: str) -> Matter:
    db.session.rollback()
    request = floats.request_by_ref(request_ref)
    return db.session.scalars(select(Matter).where(Matter.about == floats.matter_about(request)).order_by(Matter.id.desc())).first()  # type: ignore[return-value]


def voted(season: Season, request_ref: str, choice: str = "yes") -> str:
    """Three seats vote alike; returns the matter's reference."""
    matter = matter_of(request_ref).ref
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, choice, "We talked about it.")
    return matter


def decided(season: Season, request_ref: str, choice: str = "yes") -> FloatRequest:
    """Three seats vote alike and the chair counts."""
    panels.close(season.who("Ada"), season.panel_ref, voted(season, request_ref, choice))
    db.session.rollback()
    return floats.request_by_ref(request_ref)


def granted(season: Season, amount: int = 100_00, who: str = "Gus") -> QuickFloat:
    """A float in somebody's hand."""
    decided(season, asked(season, amount, who))
    return held(season, who)


def held(season: Season, who: str = "Gus") -> QuickFloat:
    db.session.rollback()
    return db.session.scalars(select(QuickFloat).where(QuickFloat.person_id == season.who(who).id).order_by(QuickFloat.id.desc())).first()  # type: ignore[return-value]


def given(**changes: Any) -> quick.Given:
    """A quick spark as somebody types it."""
    plain = quick.Given(
        what="A kettle for the warm room", helps="An older neighbour", area_id=db.session.scalar(select(Area.id).where(Area.code == "mossgate")),
        amount=Pence(15_00), spent_on=clock.today(), payee_kind="shop", payee_name="Corner Hardware", not_ours=True,
    )  # fmt: skip
    return replace(plain, **changes)


def png(colour: str = "green") -> photos.Picture:
    return photos.read(picture_bytes(colour))


def picture_bytes(colour: str = "green") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


def patient(tap: Callable[[], Any]) -> Any:
    """Tap again, with the same key, when the page says that the database is busy and to come back in a moment."""
    for _time in range(20):
        try:
            return tap()
        except OperationalError as why:
            if "locked" not in str(why):
                raise
            db.session.remove()
    raise AssertionError("busy for ever")


_taps = iter(range(1_000_000))


def spend(
    season: Season, folder: Path, who: str = "Gus", *, receipt: photos.Picture | None = None, photo: photos.Picture | None = None, once_key: str = "",
    actor: Actor | None = None, **changes: Any,
) -> QuickSpark:  # fmt: skip
    """Give one."""
    ref = quick.spend(
        held(season, who).ref, given(**changes), receipt, photo, "A kettle", folder, actor or Actor(season.who(who).id, None, "in person"),
        once_key=once_key or f"tap {next(_taps)}",
    )  # fmt: skip
    return spark(ref)


def spark(ref: str) -> QuickSpark:
    db.session.rollback()
    return quick.by_ref(ref)
