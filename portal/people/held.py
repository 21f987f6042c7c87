"""What somebody sent just before we asked who they are: kept locked for their browser until they have proved it, and for half an hour at most."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete

from portal import clock, vault
from portal.db import db, transaction
from portal.people.model import HeldForm

KEPT = timedelta(minutes=30)
MOST = 100_000  # characters


@dataclass(frozen=True)
class Held:
    """Where the form goes, and its fields in their order."""

    path: str
    fields: Sequence[tuple[str, str]]


def hold(session_id: int, form: Held) -> None:
    """Keep a form for a browser, in the place of one that waited there. One that is too long is not kept."""
    packed = json.dumps(list(form.fields))
    with transaction():
        db.session.execute(delete(HeldForm).where(HeldForm.session_id == session_id))
        if len(packed) <= MOST:
            db.session.add(HeldForm(session_id=session_id, path=form.path, sealed=vault.seal(packed), at=clock.now()))


def held(session_id: int | None) -> Held | None:
    """What waits for a browser, if it is not too old."""
    row = db.session.get(HeldForm, session_id) if session_id is not None else None
    if row is None or row.at < clock.now() - KEPT:
        return None
    return Held(row.path, [(str(name), str(value)) for name, value in json.loads(vault.unseal(row.sealed))])


def forget(before: datetime) -> int:
    """Drop what was sent before an instant (the worker's work)."""
    with transaction():
        return len(db.session.scalars(delete(HeldForm).where(HeldForm.at < before).returning(HeldForm.session_id)).all())
