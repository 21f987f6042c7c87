"""The history of a panel in plain words: who came, went and chaired, why, and by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.db import db
from portal.history import Event
from portal.panels.model import Panel, Seat
from portal.panels.seats import day_words
from portal.people.model import Person
from portal.people.queries import names
from portal.words import N_, _

SENTENCES: dict[str, str] = {
    "created": N_("%(who)s made this panel."),
    "seat_added": N_("%(who)s gave %(name)s a seat."),
    "seat_added.substitute": N_("%(who)s gave %(name)s a seat as a substitute."),
    "seat_added.guest": N_("%(name)s joined as a guest."),
    "seat_ended": N_("%(who)s ended the seat of %(name)s. Last day: %(day)s."),
    "chair_set.yes": N_("%(who)s gave the chair to %(name)s."),
    "chair_set.no": N_("%(who)s took the chair back from %(name)s."),
    "kind_set.member": N_("%(who)s made %(name)s, a substitute, a member."),
    "kind_set.substitute": N_("%(who)s made %(name)s, a member, a substitute."),
    "conduct_published": N_("%(who)s published version %(version)s of the code of conduct."),
    "conduct_accepted": N_("%(name)s accepted version %(version)s of the code of conduct."),
    "edited": N_("%(who)s changed the panel: %(changes)s."),
}
CHANGES: dict[str, str] = {
    "name": N_("its name"),
    "purpose": N_("what it decides"),
    "areas": N_("its areas"),
    "takes_guests": N_("whether it takes guests"),
}


@dataclass(frozen=True)
class Line:
    """One thing that happened, for the timeline macro."""

    at: datetime
    sentence: str
    note: str | None = None


def story_of(panel: Panel, limit: int = 300) -> Sequence[Line]:
    """What happened with a panel and its seats, newest first. Three queries."""
    events = db.session.scalars(
        select(Event).where(Event.about == f"panel:{panel.id}").order_by(Event.at.desc(), Event.id.desc()).limit(limit)
    ).all()
    sitters: dict[int, str] = dict(
        db.session.execute(select(Seat.id, Person.name).join(Person, Person.id == Seat.person_id).where(Seat.panel_id == panel.id))
        .tuples()
        .all()
    )
    actors = names(event.actor_id for event in events)
    return [Line(event.at, sentence, _note(event)) for event in events if (sentence := _sentence(event, sitters, actors))]


def _sentence(event: Event, sitters: Mapping[int, str], actors: Mapping[int, str]) -> str | None:
    data: dict[str, Any] = event.data
    kind = event.kind
    if kind == "chair_set":
        kind += ".yes" if data["chair"] else ".no"
    elif f"{kind}.{data.get('seat_kind')}" in SENTENCES:
        kind += f".{data['seat_kind']}"
    if kind not in SENTENCES:
        return None
    said = _(
        SENTENCES[kind], who=actors.get(event.actor_id or 0, _("The scheme")), name=sitters.get(data.get("seat", 0), ""), day=day_words(date.fromisoformat(data["last_day"])) if "last_day" in data else "",
        version=data.get("version", ""), changes=_(" and ").join(_(CHANGES[what]) for what in data.get("changes", {}) if what in CHANGES),
    )  # fmt: skip
    return said + " " + _("They have the chair.") if event.kind == "seat_added" and data.get("chair") else said


def _note(event: Event) -> str | None:
    parts = [event.reason or ""]
    if event.kind == "conduct_accepted" and event.basis:
        parts.append(_("Written down for them: %(basis)s", basis=event.basis))
    name = event.data.get("changes", {}).get("name") if event.kind == "edited" else None
    if name:
        parts.append(_("“%(old)s” is now “%(new)s”.", old=name[0], new=name[1]))
    return "\n".join(part for part in parts if part) or None
