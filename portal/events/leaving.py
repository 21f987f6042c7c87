"""What a person takes along from events, and what is forgotten when they leave. How many were there stays."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update

from portal import clock
from portal.db import db
from portal.events import coming, notices, planning, queries
from portal.events.model import Gathering, Guest, WrongCode
from portal.history import Actor
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.words import _


def _of_person(person_id: int) -> Mapping[str, Any]:
    """For "export my data"."""
    rows = db.session.execute(
        select(Guest, Gathering).join(Gathering).where(Guest.person_id == person_id).order_by(Gathering.day, Gathering.id)
    )
    organised = db.session.scalars(select(Gathering).where(Gathering.organiser_id == person_id).order_by(Gathering.day, Gathering.id))
    return {
        "came or said so": [
            {"reference": one.ref, "what": one.title, "day": one.day.isoformat(), "state": row.state, "how many": row.party, "when": row.asked_at.isoformat(),
             "there": row.here_at and row.here_at.isoformat(), "how": row.how, "we may ask afterwards": row.hear}
            for row, one in rows
        ],
        "organised": [
            {"reference": one.ref, "what": one.title, "about": one.what, "where": one.place, "day": one.day.isoformat(), "state": one.status} for one in organised
        ],
    }  # fmt: skip


def _forget(me: Person) -> Sequence[str]:
    actor, today = Actor(me.id), clock.today()
    theirs = Guest.person_id == me.id if me.email is None else or_(Guest.person_id == me.id, Guest.email == me.email)
    comes = select(Gathering.ref).join(Guest).where(theirs, Gathering.day >= today, Gathering.status.in_(("open", "held")))
    for ref in db.session.scalars(comes.order_by(Gathering.id)).unique().all():
        gathering = queries.locked(ref)
        for row in db.session.scalars(select(Guest).where(Guest.gathering_id == gathering.id, theirs)).all():
            coming.let_go(gathering, row, actor)
    db.session.execute(delete(Guest).where(theirs, Guest.here_at.is_(None)))
    db.session.execute(update(Guest).where(theirs).values(person_id=None, name="", email=None))
    db.session.execute(delete(WrongCode).where(WrongCode.person_id == me.id))
    _organised(me, actor)
    return []


def _organised(me: Person, actor: Actor) -> None:
    """What they organise as a neighbour is cancelled, with a word to who comes; what a group or role stands behind goes on."""
    own = select(Gathering.ref).where(
        Gathering.organiser_id == me.id, Gathering.day >= clock.today(), Gathering.status.in_(("held", "open"))
    )
    for ref in db.session.scalars(own.order_by(Gathering.id)).all():
        gathering = queries.locked(ref)
        if gathering.organisation_id is None and gathering.role == "":
            planning.cancel_one(gathering, _("Whoever organised it has left us."), actor, looked=False)
        else:
            notices.without_organiser(gathering)


COLLECTORS["events"] = _of_person
ERASERS.append(_forget)
