"""Panels and their seats: made, changed with reasons, ended. Whatever changes here is looked at again for the quorum (calls.py)."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.outbox import Text, address_of, queue
from portal.panels import calls, queries
from portal.panels.model import KINDS, Interest, Objection, Panel, PanelArea, Seat, SeatOffer
from portal.people import merged
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import ERASERS, addressee_of, holders
from portal.places.model import Area
from portal.refs import new_ref
from portal.words import _

ENDS_SOON = timedelta(days=30)


# --- panels --------------------------------------------------------------------------------------------------------------


def create_panel(
    who: Who, name: str, purpose: str, area_ids: Sequence[int] = (), *, takes_guests: bool = False, once_key: str | None = None
) -> str:
    """A new panel, without seats; returns its reference. No areas: everywhere. Refused: no name."""
    _needs_name(name)
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        made = Panel(ref=new_ref("PNL"), name=name, purpose=purpose, takes_guests=takes_guests, created_at=clock.now())
        db.session.add(made)
        db.session.flush()
        _set_areas(made, area_ids)
        record(f"panel:{made.id}", "created", Actor(who.id), name=name)
        if once_key:
            once.keep(once_key, made.ref)
        return made.ref


def edit_panel(
    who: Who,
    panel_ref: str,
    *,
    name: str,
    purpose: str,
    area_ids: Sequence[int],
    takes_guests: bool,
    reason: str,
    end_guests: bool = False,
) -> None:
    """Change what a panel is called, decides, covers, and whether it takes guests; `end_guests` ends the seats of those it has.

    Refused: no name, no reason.
    """
    _needs_name(name)
    needs_reason(reason)
    with transaction():
        panel = locked_panel(panel_ref)
        was = _described(panel)
        panel.name, panel.purpose, panel.takes_guests = name, purpose, takes_guests
        _set_areas(panel, area_ids)
        changes = {what: [was[what], now] for what, now in _described(panel).items() if was[what] != now}
        if changes:
            record(f"panel:{panel.id}", "edited", Actor(who.id), reason=reason, changes=changes)
        if end_guests and not takes_guests:
            for seat in db.session.scalars(
                select(Seat).where(
                    Seat.panel_id == panel.id, Seat.kind == "guest", or_(Seat.term_end.is_(None), Seat.term_end >= clock.today())
                )
            ):
                _end(seat, clock.today() - timedelta(days=1), Actor(who.id), reason)
            calls.recount(panel.id, Actor(who.id))


def _described(panel: Panel) -> dict[str, Any]:
    areas = [area.name for area in queries.areas_of([panel.id])[panel.id]]
    return {"name": panel.name, "purpose": panel.purpose, "areas": areas, "takes_guests": panel.takes_guests}


def _set_areas(panel: Panel, area_ids: Sequence[int]) -> None:
    db.session.execute(delete(PanelArea).where(PanelArea.panel_id == panel.id))
    known = db.session.scalars(select(Area.id).where(Area.id.in_(list(area_ids)))).all()
    db.session.add_all(PanelArea(panel_id=panel.id, area_id=area_id) for area_id in known)
    db.session.flush()


# --- seats ---------------------------------------------------------------------------------------------------------------


def add_seat(
    who: Who,
    panel_ref: str,
    person_ref: str,
    *,
    term_start: date,
    term_end: date | None,
    reason: str,
    chair: bool = False,
    kind: str = "member",
    once_key: str | None = None,
) -> None:
    """Give a person a seat; a guest who is given one keeps the place and is no guest any more.

    Refused: no reason, no such kind, a chair who is no member, a term that ends before it begins, a seat that they have at that time.
    """
    needs_reason(reason)
    with transaction():
        if once_key and once.claim(once_key) is not None:
            return
        panel = locked_panel(panel_ref)
        person = db.session.scalar(select(Person).where(Person.ref == person_ref, Person.deleted_at.is_(None)))
        if person is None:
            raise NotFound(_("We do not know that person."))
        give_seat(panel, person, kind, term_start, term_end, Actor(who.id), reason, chair=chair)


def give_seat(
    panel: Panel, person: Person, kind: str, term_start: date, term_end: date | None, actor: Actor, reason: str, *, chair: bool = False
) -> Seat:
    """A part of an action that has locked the panel. Refused as for `add_seat`."""
    must_be_in_transaction()
    _needs_kind(kind)
    if chair and kind != "member":
        raise Refused(_("Only a member can take the chair."), "chair")
    if term_end is not None and term_end < term_start:
        raise Refused(_("The last day comes before the first. Check the dates."), "term_end")
    seat: Seat | None = None
    for other in db.session.scalars(select(Seat).where(Seat.panel_id == panel.id, Seat.person_id == person.id)):
        if (other.term_end is None or other.term_end >= term_start) and (term_end is None or other.term_start <= term_end):
            if other.kind != "guest" or kind == "guest":
                raise Refused(_("%(name)s has a seat on this panel at that time already.", name=person.name), "person")
            seat = other
    if seat is None:
        seat = Seat(panel_id=panel.id, person_id=person.id, kind=kind, term_start=term_start, given_at=clock.now(), conduct=0)
        db.session.add(seat)
        merged.close_doors(person.id)
    seat.kind, seat.chair, seat.term_end = kind, chair, term_end
    db.session.flush()
    record(f"panel:{panel.id}", "seat_added", actor, reason=reason or None, seat=seat.id, person=person.id, chair=chair, seat_kind=kind)
    calls.recount(panel.id, actor)
    return seat


def set_chair(who: Who, panel_ref: str, person_ref: str, chair: bool, reason: str) -> None:
    """Make the seat of a person the chair's, or an ordinary one. Refused: no reason, no member."""
    needs_reason(reason)
    with transaction():
        panel = locked_panel(panel_ref)
        seat = seat_in_term(panel, person_ref)
        if chair and seat.kind != "member":
            raise Refused(_("Only a member can take the chair."), "reason")
        if seat.chair != chair:
            seat.chair = chair
            record(f"panel:{panel.id}", "chair_set", Actor(who.id), reason=reason, seat=seat.id, chair=chair)


def set_kind(who: Who, panel_ref: str, person_ref: str, kind: str, reason: str) -> None:
    """Make a seat a member's or a substitute's. Refused: no reason, no such kind, the chair's (take the chair from them first), a guest's."""
    needs_reason(reason)
    _needs_kind(kind)
    with transaction():
        panel = locked_panel(panel_ref)
        seat = seat_in_term(panel, person_ref)
        if kind == "guest":
            raise Refused(_("Only residents themselves take a guest seat."), "kind")
        if seat.chair and kind != "member":
            raise Refused(_("They have the chair. Take the chair from them first."), "kind")
        if seat.kind != kind:
            seat.kind = kind
            record(f"panel:{panel.id}", "kind_set", Actor(who.id), reason=reason, seat=seat.id, seat_kind=kind)
            calls.recount(panel.id, Actor(who.id))


def end_seat(who: Who, panel_ref: str, person_ref: str, last_day: date, reason: str) -> None:
    """End a seat on a day; from the next day it neither sees nor votes. Refused: no reason, a day before the term began."""
    needs_reason(reason)
    with transaction():
        panel = locked_panel(panel_ref)
        seat = seat_in_term(panel, person_ref)
        if last_day < seat.term_start - timedelta(days=1):
            raise Refused(_("The last day comes before the first. Check the date."), "last_day")
        _end(seat, last_day, Actor(who.id), reason)
        calls.recount(panel.id, Actor(who.id))


def _end(seat: Seat, last_day: date, actor: Actor, reason: str | None = None) -> None:
    seat.term_end = last_day
    record(f"panel:{seat.panel_id}", "seat_ended", actor, reason=reason, seat=seat.id, last_day=last_day.isoformat())


# --- what dates bring about ----------------------------------------------------------------------------------------------


def remind_of_ends() -> int:
    """Tell the officers of a term that ends within a month (the worker's work). Once for each term and officer."""
    today = clock.today()
    rows = db.session.execute(
        select(Seat.id, Seat.term_end, Person.name, Panel.name, Panel.ref)
        .join(Person, Person.id == Seat.person_id)
        .join(Panel, Panel.id == Seat.panel_id)
        .where(Seat.kind != "guest", Seat.term_start <= today, Seat.term_end.between(today, today + ENDS_SOON), Person.deleted_at.is_(None))
        .order_by(Seat.id)
    ).all()
    if not rows:
        return 0
    told = 0
    with transaction():
        officers = holders("officer")
        for seat_id, last_day, name, panel, ref in rows:
            assert last_day is not None
            values = {"name": name, "panel": panel, "day": day_words(last_day), "link": address_of(f"/panels/{ref}")}
            text = Text(
                subject=_("A term on the panel %(panel)s ends soon", **values),
                body=_(
                    "The term of %(name)s on the panel %(panel)s ends on %(day)s.\n\nAsk them whether they would like to go on, or find somebody else.\n\n%(link)s",
                    **values,
                ),
                short=_("The term of %(name)s on the panel %(panel)s ends on %(day)s.", **values),
            )
            for officer in officers:
                told += queue(f"seat:{seat_id}:ends:{last_day}:person:{officer.id}", addressee_of(officer), text, about=f"seat:{seat_id}")
    return told


def day_words(day: date) -> str:
    """A day in a sentence: "4 July 2026"."""
    return f"{day.day} {day:%B %Y}"


# --- what others of this room need ---------------------------------------------------------------------------------------


def locked_panel(ref: str) -> Panel:
    """The panel, locked, as a part of an action: whoever changes its seats waits here. NotFound."""
    panel = db.session.scalar(select(Panel).where(Panel.ref == ref).with_for_update().execution_options(populate_existing=True))
    if panel is None:
        raise NotFound(_("We cannot find that panel."))
    return panel


def seat_in_term(panel: Panel, person_ref: str) -> Seat:
    """The seat that a person has on a panel today. NotFound."""
    seat = db.session.scalar(
        select(Seat)
        .join(Person, Person.id == Seat.person_id)
        .where(Seat.panel_id == panel.id, Person.ref == person_ref, queries.in_term(clock.today()))
    )
    if seat is None:
        raise NotFound(_("They have no seat on this panel now."))
    return seat


def needs_reason(reason: str) -> None:
    """Refused without a reason."""
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")


def _needs_name(name: str) -> None:
    if not name:
        raise Refused(_("Give the panel a name."), "name")


def _needs_kind(kind: str) -> None:
    if kind not in KINDS:
        raise Refused(_("Say what kind of seat it is."), "kind")


# --- leaving -------------------------------------------------------------------------------------------------------------


def _leave(person: Person) -> Sequence[str]:
    """Who leaves the scheme leaves their panels; what they voted stays with what was decided, without their name.

    What they wrote when they offered to sit, and against ties that others declared, goes.
    """
    yesterday = clock.today() - timedelta(days=1)
    on = or_(Seat.term_end.is_(None), Seat.term_end > yesterday)
    panel_ids = db.session.scalars(select(Seat.panel_id).where(Seat.person_id == person.id, on).distinct()).all()
    for panel in db.session.scalars(select(Panel).where(Panel.id.in_(panel_ids)).order_by(Panel.id).with_for_update()).all():
        for seat in db.session.scalars(select(Seat).where(Seat.panel_id == panel.id, Seat.person_id == person.id, on)):
            _end(seat, yesterday, Actor(person.id))
        calls.recount(panel.id, Actor(person.id))
    db.session.execute(
        update(SeatOffer)
        .where(SeatOffer.person_id == person.id, SeatOffer.status == "open")
        .values(status="withdrawn", answered_at=clock.now())
    )
    db.session.execute(update(SeatOffer).where(SeatOffer.person_id == person.id).values(words="", answer=""))
    theirs = select(Interest.id).join(Seat, Seat.id == Interest.seat_id).where(Seat.person_id == person.id)
    db.session.execute(update(Objection).where(Objection.interest_id.in_(theirs)).values(words=""))
    return ()


ERASERS.append(_leave)
