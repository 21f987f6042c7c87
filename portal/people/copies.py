"""A copy of everything we hold, for somebody who asks for it on paper, by telephone or face to face."""

import json
from typing import Any

from portal.db import transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.links import words_without_keys
from portal.people import queries
from portal.words import _


def for_who_asks(person_id: int, reason: str, actor: Actor) -> dict[str, Any]:
    """Everything that every room holds about a person; that an officer took it, and why, is a part of it from then on. Links by which
    only they may act are cut, because the officer holds it first.

    Refused: no reason, oneself. NotFound: they have left.
    """
    with transaction():
        someone = queries.person(person_id)
        if someone.deleted_at is not None:
            raise NotFound(_("We do not know that person."))
        if person_id == actor.person_id:
            raise Refused(_("Take your own data on the page “About you”."))
        if not reason:
            raise Refused(_("Write how you know, in a few words."), "reason")
        record(f"person:{person_id}", "copy_made", actor, reason=reason)
    return {room: _without_keys(held) for room, held in queries.all_about(person_id).items()}


def _without_keys(value: Any) -> Any:
    if isinstance(value, str):
        return words_without_keys(value)
    if isinstance(value, dict):
        return {name: _without_keys(each) for name, each in value.items()}
    return [_without_keys(each) for each in value] if isinstance(value, list | tuple) else value


def as_json(everything: dict[str, Any]) -> str:
    """For programs; instants and days in ISO 8601."""
    return json.dumps(everything, indent=2, ensure_ascii=False, default=str)
