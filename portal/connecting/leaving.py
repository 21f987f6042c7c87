"""What is told and forgotten of introductions and of being asked, when somebody takes their data along or leaves."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from portal.connecting import actions, queries
from portal.connecting.model import EntryLook, Introduction, LeadAsk
from portal.db import db
from portal.history import Actor, events_of
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS


def _noted(person_id: int) -> dict[str, Any]:
    mine = queries.openness_of(person_id)
    made = db.session.scalars(select(Introduction).where(Introduction.by_id == person_id).order_by(Introduction.id))
    asked = db.session.scalars(select(LeadAsk).where(LeadAsk.by_id == person_id).order_by(LeadAsk.id))
    looked = db.session.scalars(select(EntryLook.day).where(EntryLook.by_id == person_id).order_by(EntryLook.day))
    return {
        "you said yes on": mine and mine.since.isoformat(),
        "a coordinator wrote it down": mine and mine.basis,
        "you do not want to be asked since": mine and mine.never_since and mine.never_since.isoformat(),
        "on and off": [{"when": each.at.isoformat(), "what": each.kind} for each in events_of(actions.about(person_id))],
        "introductions of you": [
            {
                "to": (row.two if row.one_id == person_id else row.one).name, "by": row.by.name, "about": row.words, "when": row.day.isoformat(),
                "what came of it": row.outcome, "what began": row.led_to,
            }
            for row in queries.introductions_of(person_id)
        ],
        "you were asked": [_ask(row) | {"by": row.by.name} for row in queries.asks_of(person_id)],
        "who looked": [{"who": each.by.name, "when": each.day.isoformat()} for each in queries.looks_of(person_id, limit=1000)],
        "introductions that you noted": [{"about": row.words, "when": row.day.isoformat(), "what came of it": row.outcome} for row in made],
        "you asked others": [_ask(row) for row in asked],
        "you looked at an entry": [day.isoformat() for day in looked],
    }  # fmt: skip


def _ask(row: LeadAsk) -> dict[str, Any]:
    return {
        "for": row.words,
        "when": row.asked_on.isoformat(),
        "answer": row.answer,
        "answered": row.answered_on and row.answered_on.isoformat(),
    }


def _leave(someone: Person) -> Sequence[str]:
    """What is noted of them goes, and at whose entries they looked. What they noted of others is those others' to keep or delete."""
    actions.forget(someone.id, Actor(someone.id))
    db.session.execute(delete(EntryLook).where(EntryLook.by_id == someone.id))
    return []


COLLECTORS["introductions and being asked to lead"] = _noted
ERASERS.append(_leave)
