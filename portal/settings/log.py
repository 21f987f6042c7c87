"""What was changed of the scheme's settings: each field with what stood before and what stands now, who did it and when.

Rooms keep their own settings and record an event when one changes. They say here how theirs is read, so that one page shows all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select

from portal.db import db
from portal.history import Event
from portal.money import pounds
from portal.words import N_, _


@dataclass(frozen=True)
class Change:
    """One field that is different; empty where nothing stood, or stands."""

    what: str
    was: str
    now: str


@dataclass(frozen=True)
class Field:
    """What a field is called (to be translated) and how its values are shown."""

    label: str
    shown: Callable[[Any], str] = str


@dataclass(frozen=True)
class Reader:
    """How an event is read: what it is about (to be translated), and its changes."""

    group: str
    changes: Callable[[Event], Iterable[Change]]


@dataclass(frozen=True)
class Entry:
    """One act as the page tells it."""

    event: Event
    group: str
    changes: Sequence[Change]


def of_fields(group: str, fields: Mapping[str, Field]) -> Reader:
    """For events whose data is `changed`: {field: [was, now]}; those from before it was kept so only name the fields."""

    def changes(event: Event) -> Iterable[Change]:
        changed = event.data.get("changed", {})
        pairs = changed.items() if isinstance(changed, dict) else [(name, (None, None)) for name in changed]
        for name, (was, now) in pairs:
            field = fields.get(name, Field(name))
            yield Change(_(field.label), *("" if value in (None, "") else field.shown(value) for value in (was, now)))

    return Reader(group, changes)


def _threshold(pence: int) -> str:
    return _("Those above %(sum)s", sum=pounds(pence)) if pence else _("All of them")


# (what an event is about, its kind) → how it is read; rooms above add theirs
READERS: dict[tuple[str, str], Reader] = {
    ("scheme", "scheme_begun"): Reader(N_("The scheme was set up"), lambda _event: ()),
    ("scheme", "scheme_changed"): of_fields(
        N_("Name and contact"),
        {
            "name": Field(N_("Name of the scheme")),
            "short_name": Field(N_("Short name")),
            "about": Field(N_("What it is")),
            "email": Field(N_("E-mail address for questions")),
            "telephone": Field(N_("Telephone for questions")),
            "postal_address": Field(N_("Postal address")),
            "publisher_name": Field(N_("Who makes the grants")),
            "publisher_prefix": Field(N_("360Giving prefix")),
            "department": Field(N_("Department")),
            "spend_threshold": Field(N_("Which payments the spending file lists"), _threshold),
        },
    ),
}


def entries(before: int | None, limit: int, only: str = "") -> Sequence[Entry]:
    """What was changed, newest first, from before an event's id on; `only`: what it is about. One query."""
    kinds: dict[str, list[str]] = {}
    for about, kind in READERS:
        if only in ("", about):
            kinds.setdefault(about, []).append(kind)
    ours = or_(*(and_(Event.about == about, Event.kind.in_(some)) for about, some in kinds.items()))
    query = select(Event).where(ours).order_by(Event.id.desc()).limit(limit)
    found = db.session.scalars(query.where(Event.id < before) if before else query).all()
    readers = [(event, READERS[event.about, event.kind]) for event in found]
    return [Entry(event, _(reader.group), list(reader.changes(event))) for event, reader in readers]
