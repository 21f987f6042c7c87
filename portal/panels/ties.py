"""Ties on evidence: the chair or an officer declares one for a seat, the seat may object, an officer may put a mistake right."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.outbox import Text, address_of, queue
from portal.panels import calls, queries
from portal.panels.actions import declared, must_count, open_one
from portal.panels.model import Interest, Matter, Objection, Panel, Seat
from portal.panels.seats import needs_reason, seat_in_term
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import addressee_of, holders, names, person
from portal.words import _


def declare_for(who: Who, panel_ref: str, matter_ref: str, person_ref: str, tie: str, reason: str) -> None:
    """Chair or officer says, on evidence, what ties a seat to a matter. The seat hears of it; the reason is for the officers alone.

    Refused: no reason, "none", a tie that stands already, their own seat, closed already. NotYours: neither chair nor officer, or tied.
    """
    needs_reason(reason)
    if tie == "none":
        raise Refused(_("Say what ties them to it."), "tie")
    with transaction():
        panel = queries.panel(panel_ref)
        matter = open_one(panel, matter_ref)
        must_count(who, panel, matter)
        seat = seat_in_term(panel, person_ref)
        if seat.person_id == who.id:
            raise Refused(_("Say what ties you yourself, on the idea’s page."), "person")
        if seat.id in {each.seat.id for each, _tie in queries.standing(matter).tied}:
            raise Refused(_("That seat is tied to this idea already."), "person")
        declared(matter, seat, tie, reason, who.id)
        db.session.flush()
        interest = queries.last_ties([matter.id], seat.id)[matter.id, seat.id]
        values = {"name": who.name, "panel": panel.name, "link": address_of(f"/panels/{panel.ref}/said/{interest.id}")}
        text = Text(
            subject=_("Something about your panel"),
            body=_(
                "%(name)s has said that something ties you to an idea before the panel %(panel)s. So you do not decide about that idea, and you do not see it.\n\nThat is nothing bad. If it is not right, tell us: %(link)s",
                **values,
            ),
            short=_(
                "%(name)s has said that something ties you to an idea before the panel %(panel)s. If it is not right, tell us: %(link)s",
                **values,
            ),
        )
        queue(f"interest:{interest.id}:declared", addressee_of(person(seat.person_id)), text, about=f"panel:{panel.id}")


def correct(who: Who, panel_ref: str, matter_ref: str, person_ref: str, reason: str) -> None:
    """An officer puts right a tie that was declared by mistake: "none" is appended, and the seat votes anew.

    Refused: no reason, their own seat, nothing declared, tied by what it is (their own idea), closed already. NotYours: no officer, or tied.
    """
    needs_reason(reason)
    with transaction():
        panel = queries.panel(panel_ref)
        matter = open_one(panel, matter_ref)
        must_count(who, panel, matter)
        if not who.can("manage panels"):
            raise NotFound(_("We cannot find that page."))
        seat = seat_in_term(panel, person_ref)
        tie = queries.last_ties([matter.id], seat.id).get((matter.id, seat.id))
        if seat.person_id == who.id:
            raise Refused(_("Another officer must do this: it is your own seat."), "person")
        if tie is None or tie.tie == "none":
            raise Refused(_("No tie was declared for that seat."), "person")
        if seat.person_id in queries.tied_by_nature([matter.about]).get(matter.about, ()):
            raise Refused(_("It is their own idea, or their group’s. That tie stays."), "person")
        declared(matter, seat, "none", reason, who.id)
        record(f"matter:{matter.id}", "tie_corrected", Actor(who.id), seat=seat.id, was=tie.tie)
        calls.recount(panel.id, Actor(who.id), matter)
        text = Text(
            subject=_("You decide about an idea after all"),
            body=_(
                "We had noted a tie between you and an idea before the panel %(panel)s. That was a mistake, and we have put it right.\n\nSign in and press “Read and vote”. If you had voted already, please vote again.",
                panel=panel.name,
            ),
            short=_(
                "A tie that we noted for you on the panel %(panel)s was a mistake. Sign in to read and vote (again).", panel=panel.name
            ),
        )
        queue(f"interest:{tie.id}:corrected", addressee_of(person(seat.person_id)), text, about=f"panel:{panel.id}")


def object_to(who: Who, panel_ref: str, number: int, words: str) -> None:
    """A seat does not agree with a tie that somebody else declared for it: whoever did hears, or all officers when it was the chair.

    A second tap changes nothing. Refused: no words. NotFound: not theirs.
    """
    if not words:
        raise Refused(_("Write why it is not right."), "words")
    with transaction():
        panel = queries.panel(panel_ref)
        found = said_to(who, panel, number)
        if objection_to(found.interest.id) is not None:
            return
        db.session.add(Objection(interest_id=found.interest.id, words=words, made_at=clock.now()))
        record(f"matter:{found.interest.matter_id}", "tie_objected", Actor(who.id), seat=found.interest.seat_id)
        matter = db.session.get_one(Matter, found.interest.matter_id)
        values = {
            "name": who.name, "panel": panel.name, "words": words, "link": address_of(f"/panels/{panel.ref}/bids/{matter.ref}/ties"),
        }  # fmt: skip
        text = Text(
            subject=_("%(name)s does not agree with a tie", **values),
            body=_(
                "%(name)s sits on the panel %(panel)s and does not agree with a tie that was declared for them:\n\n%(words)s\n\nIf it was a mistake, put it right here: %(link)s",
                **values,
            ),
            short=_("%(name)s of the panel %(panel)s does not agree with a tie that was declared for them. Look: %(link)s", **values),
        )
        officers = {officer.id: officer for officer in holders("officer")}
        by = officers.get(found.interest.declared_by_id)
        tied = queries.tied_by_nature([matter.about]).get(matter.about, frozenset())
        for officer in [by] if by is not None else officers.values():
            if officer.id not in tied and officer.id != who.id:
                queue(f"interest:{found.interest.id}:objection:person:{officer.id}", addressee_of(officer), text, about=f"panel:{panel.id}")


# --- reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A tie that somebody else declared for a seat, as the seat may see it: that, when and by whom. Never for which idea."""

    interest: Interest
    by: str


def said_of(seat: Seat) -> Sequence[Said]:
    """Ties that others declared for a seat on what is still open, newest first. One query."""
    last = select(func.max(Interest.id)).where(Interest.seat_id == seat.id).group_by(Interest.matter_id)
    rows = db.session.execute(
        select(Interest, Person.name)
        .join(Person, Person.id == Interest.declared_by_id)
        .join(Matter, Matter.id == Interest.matter_id)
        .where(Interest.id.in_(last), Interest.tie != "none", Interest.declared_by_id != seat.person_id, Matter.status == "open")
        .order_by(Interest.id.desc())
    )
    return [Said(row, name) for row, name in rows]


def said_to(who: Who, panel: Panel, number: int) -> Said:
    """One tie that somebody else declared for a seat of this person. NotFound."""
    row = db.session.execute(
        select(Interest, Person.name)
        .join(Seat, Seat.id == Interest.seat_id)
        .join(Person, Person.id == Interest.declared_by_id)
        .where(
            Interest.id == number,
            Seat.panel_id == panel.id,
            Seat.person_id == who.id,
            Interest.declared_by_id != who.id,
            Interest.tie != "none",
        )
    ).one_or_none()
    if row is None:
        raise NotFound(_("We cannot find that page."))
    return Said(row[0], row[1])


def objection_to(interest_id: int) -> Objection | None:
    """What the seat said against it."""
    return db.session.scalar(select(Objection).where(Objection.interest_id == interest_id))


@dataclass(frozen=True)
class TieOf:
    """A tied seat, for whoever counts. Note and objection are for officers."""

    seat: queries.SeatOf
    tie: str
    by: str  # who declared it, when it was not the seat itself
    note: str
    objection: str
    fixed: bool  # tied by what it is: nobody can take that back


def ties_of(matter: Matter, standing: queries.Standing, natural: frozenset[int]) -> Sequence[TieOf]:
    """The tied seats of a matter; `natural` are the persons tied to it by what it is. Three queries."""
    said = queries.last_ties([matter.id])
    by = names(each.declared_by_id for each in said.values())
    against = {
        row.interest_id: row.words
        for row in db.session.scalars(select(Objection).where(Objection.interest_id.in_([each.id for each in said.values()])))
    }
    found = []
    for each, tie in standing.tied:
        own = said.get((matter.id, each.seat.id))
        other = own is not None and own.declared_by_id != each.seat.person_id
        found.append(
            TieOf(
                each, tie, by.get(own.declared_by_id, "") if own is not None and other else "", own.note if own is not None else "",
                against.get(own.id, "") if own is not None else "", each.seat.person_id in natural,
            )
        )  # fmt: skip
    return found
