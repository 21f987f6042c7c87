"""What the map tells and forgets about a person who takes their data along or leaves."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select, update

from portal import clock
from portal.db import db
from portal.history import Actor, record
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.strengths import notices, queries
from portal.strengths.model import Strength, StrengthImport, StrengthVersion


def _entries(person_id: int) -> list[dict[str, Any]]:
    own = or_(Strength.suggested_by_id == person_id, Strength.keeper_id == person_id, Strength.offer_by_id == person_id)
    return [
        {
            "reference": row.ref, "kind": row.kind, "name": row.name, "what it offers": row.offers, "contact": [each for each in (row.contact, row.email, row.phone) if each],
            "state": row.status, "suggested": row.suggested_at.isoformat(), "you suggested it": row.suggested_by_id == person_id,
            "you look after it": row.keeper_id == person_id, "you offered to look after it": row.offer_by_id == person_id,
        }
        for row in db.session.scalars(select(Strength).where(own).order_by(Strength.id))
    ]  # fmt: skip


def _changes(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(StrengthVersion, Strength.ref).join(Strength, Strength.id == StrengthVersion.strength_id).where(StrengthVersion.by_id == person_id)
    )  # fmt: skip
    return [{"reference": ref, "when": row.at.isoformat(), "changed": sorted(row.said)} for row, ref in rows]


def _files(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.scalars(select(StrengthImport).where(StrengthImport.by_id == person_id).order_by(StrengthImport.id))
    return [{"list": row.source, "file": row.file_name, "when": row.at.isoformat(), "entries": row.made} for row in rows]


def _leave(someone: Person) -> Sequence[str]:
    """Coordinators are asked to look after what they looked after; their own address and number leave the map with them."""
    kept = db.session.scalars(select(Strength).where(Strength.keeper_id == someone.id).order_by(Strength.id).with_for_update()).all()
    wanted = []
    for row in kept:
        row.keeper_id = None
        record(queries.about(row), "strength_keeper_left", Actor(someone.id))
        if row.status == "published":
            row.keeper_wanted_at = clock.now()
            wanted.append(row)
    for column, address in ((Strength.email, someone.email), (Strength.phone, someone.phone)):
        if address:
            db.session.execute(update(Strength).where(column == address).values({column: ""}))
    db.session.execute(update(Strength).where(Strength.suggested_by_id == someone.id).values(suggested_by_id=None))
    db.session.execute(update(StrengthVersion).where(StrengthVersion.by_id == someone.id).values(by_id=None))
    db.session.execute(update(Strength).where(Strength.offer_by_id == someone.id).values(offer_by_id=None, offer_at=None))
    db.session.flush()
    notices.keeper_wanted(wanted)
    return []


COLLECTORS["entries on the map"] = _entries
COLLECTORS["changes to the map"] = _changes
COLLECTORS["lists that you brought to the map"] = _files
ERASERS.append(_leave)
