"""Who is left to decide: substitutes are called when too few seats could, and the desk hears when even they are too few."""

from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.history import SCHEME, Actor, record
from portal.outbox import Text, queue
from portal.panels import queries
from portal.panels.model import Called, Matter, Panel, Seat
from portal.panels.rules import Threshold
from portal.people.model import Person
from portal.people.queries import addressee_of
from portal.words import _

LOOK_BACK = timedelta(days=7)  # terms that ended longer ago were seen by an earlier minute of the worker


def recount(panel_id: int, actor: Actor, only: Matter | None = None) -> int:
    """After seats, ties or matters of a panel changed, as a part of that action: call substitutes where the quorum would fail.

    `only`: a matter that the action has locked; else all open matters of the panel are locked, in their order. Returns how
    many matters changed. Substitutes come in the order in which their terms began; who was called stays called.
    """
    must_be_in_transaction()
    db.session.flush()
    asked = select(Matter).where(Matter.panel_id == panel_id, Matter.status == "open").order_by(Matter.id)
    if only is not None:
        asked = asked.where(Matter.id == only.id)
    matters = db.session.scalars(asked.with_for_update().execution_options(populate_existing=True)).all()
    if not matters:
        return 0
    rows = db.session.execute(
        select(Seat, Person)
        .join(Person, Person.id == Seat.person_id)
        .where(Seat.panel_id == panel_id, queries.in_term(clock.today()), Person.deleted_at.is_(None))
        .order_by(Seat.term_start, Seat.id)
        .execution_options(populate_existing=True)
    ).all()
    ids = [matter.id for matter in matters]
    ties, called = queries.last_ties(ids), queries.called_to(ids)
    natural = queries.tied_by_nature(matter.about for matter in matters)
    changed = 0
    for matter in matters:
        need = 0 if queries.by_residents(matter) else Threshold.load(matter.rule).quorum
        untied = [
            (seat, person)
            for seat, person in rows
            if person.id not in natural.get(matter.about, ()) and ((tie := ties.get((matter.id, seat.id))) is None or tie.tie == "none")
        ]
        able = sum(1 for seat, _person in untied if queries.decides(seat, matter, called[matter.id]))
        spare = [(seat, person) for seat, person in untied if seat.kind == "substitute" and seat.id not in called[matter.id]]
        calling = spare[: max(need - able, 0)]
        for seat, person in calling:
            _call(matter, seat, person, actor)
        short = able + len(calling) < need
        changed += bool(calling) or short != matter.short
        if short and not matter.short:
            record(f"matter:{matter.id}", "too_few_seats", actor, able=able + len(calling), quorum=need)
        matter.short = short
    return changed


def _call(matter: Matter, seat: Seat, person: Person, actor: Actor) -> None:
    db.session.add(Called(matter_id=matter.id, seat_id=seat.id, called_at=clock.now()))
    record(f"matter:{matter.id}", "substitute_called", actor, seat=seat.id)
    panel = db.session.get_one(Panel, matter.panel_id)
    text = Text(
        subject=_("Your panel needs you"),
        body=_(
            "Too few people of the panel %(panel)s can decide something, so we call you, its substitute.\n\nSign in and press “Read and vote”.",
            panel=panel.name,
        ),
        short=_("The panel %(panel)s needs you, its substitute. Sign in and press “Read and vote”.", panel=panel.name),
    )
    # once a day, as for everybody else of the panel
    queue(f"panel:{panel.id}:called:{clock.today()}:person:{person.id}", addressee_of(person), text, about=f"panel:{panel.id}")


def after_terms_ended() -> int:
    """Look again at panels where a term ended by its date (the worker's work); returns how many matters changed."""
    today = clock.today()
    ended = aliased(Seat)
    panel_ids = db.session.scalars(
        select(Panel.id)
        .where(
            exists().where(ended.panel_id == Panel.id, ended.term_end < today, ended.term_end >= today - LOOK_BACK),
            exists().where(Matter.panel_id == Panel.id, Matter.status == "open"),
        )
        .order_by(Panel.id)
    ).all()
    changed = 0
    for panel_id in panel_ids:
        with transaction():
            db.session.scalar(select(Panel).where(Panel.id == panel_id).with_for_update())
            changed += recount(panel_id, SCHEME)
    return changed
