"""An area ballot: every resident of an area ticks the ideas that they want, once, on a phone or on paper (docs/decisions/0009-ballot.md).

Here is what residents do, and the counting of ballots; what happens at the desk (papers, the roll) is `polling.py`, how a pot is
shared `sharing.py`. No function tells anybody who ticked what, but each their own.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import and_, bindparam, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock
from portal.db import db, is_postgresql, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, Event, record
from portal.panels.model import Ballot, BallotPaper, Matter, Sitting, SittingArea
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.places.model import Area
from portal.words import _

FEWEST = 5  # ballots that are counted: of fewer, everybody could guess whose is whose

# Open ballots of the area `:home` in which the person `:person` is not on the roll. Asked on everybody's home page, built once.
WAITING = (
    select(Sitting.ref, Sitting.name, Sitting.votes_until)
    .join(SittingArea, and_(SittingArea.sitting_id == Sitting.id, SittingArea.area_id == bindparam("home")))
    .where(
        Sitting.status == "open",
        Sitting.votes_from <= bindparam("now", type_=Sitting.votes_from.type),
        Sitting.votes_until >= bindparam("now", type_=Sitting.votes_from.type),
        ~exists().where(Ballot.sitting_id == Sitting.id, Ballot.person_id == bindparam("person")),
    )
    .order_by(Sitting.votes_until, Sitting.id)
    .limit(5)
)


# --- reading ---------------------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> Sitting:
    """The sitting of an area ballot. NotFound for any other."""
    found = db.session.scalar(select(Sitting).where(Sitting.ref == ref))
    if found is None or found.votes_until is None:
        raise NotFound(_("We cannot find that ballot."))
    return found


def state(one: Sitting) -> str:
    """ "planned" (nobody has opened it), "open", "over" (not counted), "short" (too few voted, the panel decides) or "counted"."""
    assert one.votes_until is not None
    if one.fell_short_at is not None:
        return "short"
    if one.status == "counted":
        return "counted"
    if clock.now() > one.votes_until:
        return "over"
    return "open" if one.votes_from is not None else "planned"


def areas_of(one: Sitting) -> Sequence[Area]:
    """The areas whose residents vote, by name, without those that lie in another of them. One query."""
    found = db.session.scalars(
        select(Area).join(SittingArea, SittingArea.area_id == Area.id).where(SittingArea.sitting_id == one.id).order_by(Area.name)
    ).all()
    ids = {area.id for area in found}
    return [area for area in found if area.parent_id not in ids]


def of_person(one: Sitting, person_id: int) -> Ballot | None:
    """A resident's own line of the roll."""
    return db.session.scalar(select(Ballot).where(Ballot.sitting_id == one.id, Ballot.person_id == person_id))


def why_not(one: Sitting, who: Who) -> str | None:
    """Why somebody has no vote here: "nowhere" (we do not know their home), "elsewhere", "moved" (it was changed after the ballot had
    opened); None when they have one. Two queries at most.
    """
    home = db.session.scalar(select(Person.area_id).where(Person.id == who.id))
    if home is None:
        return "nowhere"
    if db.session.get(SittingArea, (one.id, home)) is None:
        return "elsewhere"
    if one.votes_from is None:
        return None
    moved = select(Event.id).where(Event.about == f"person:{who.id}", Event.kind == "home_changed", Event.at >= one.votes_from)
    return "moved" if db.session.scalar(moved.limit(1)) else None


def waiting_for(who: Who) -> Sequence[Any]:
    """Open ballots in which somebody has a vote and has not used it: rows of ref, name, votes_until. One query."""
    if who.area_id is None:
        return ()
    return db.session.execute(WAITING, {"home": who.area_id, "person": who.id, "now": clock.now()}).all()


@dataclass(frozen=True)
class Turnout:
    """How many voted, and how: never what."""

    phone: int
    paper: int  # papers that came back and were entered
    spoilt: int
    taken: int = 0  # residents who are on the roll for a paper
    out: int = 0  # papers that were printed and neither entered nor spoilt

    @property
    def voted(self) -> int:
        return self.phone + self.paper


def turnout(one: Sitting) -> Turnout:
    """As it stands now. Two queries."""
    ways: Mapping[str, int] = dict(_counted(Ballot.way, Ballot.sitting_id == one.id))
    papers: Mapping[str, int] = dict(_counted(BallotPaper.status, BallotPaper.sitting_id == one.id))
    return Turnout(
        ways.get("phone", 0), papers.get("entered", 0), papers.get("spoilt", 0), taken=ways.get("paper", 0), out=papers.get("printed", 0)
    )


def _counted(column: Any, which: Any) -> Iterable[tuple[str, int]]:
    return db.session.execute(select(column, func.count()).where(which).group_by(column)).tuples().all()


def joined_since(one: Sitting) -> int:
    """How many of those on the roll came to the scheme after the ballot had opened: many of them are a reason to look closer."""
    if one.votes_from is None:
        return 0
    query = select(func.count()).select_from(Ballot).join(Person, Person.id == Ballot.person_id)
    return db.session.scalar(query.where(Ballot.sitting_id == one.id, Person.joined_at >= one.votes_from)) or 0


Idea = TypeVar("Idea")


def in_turn(one: Sitting, reader: str, ideas: Sequence[Idea]) -> list[Idea]:
    """Ideas in the order of their names, beginning at another place for each reader (a person, a paper): no idea is always first,
    and everybody finds one by its name. The same for the same reader, whenever they look.
    """
    if not ideas:
        return []
    start = int(hashlib.sha256(f"{one.seed}:{one.ref}:{reader}".encode()).hexdigest(), 16) % len(ideas)
    return [*ideas[start:], *ideas[:start]]


# --- voting ----------------------------------------------------------------------------------------------------------------


def cast(who: Who, ref: str, matter_refs: Iterable[str]) -> int:
    """A resident's whole ballot, from their phone; returns how many ideas it wants. It takes the place of an earlier one until the
    ballot closes.

    Refused: not open or over, no home in the area, a paper taken, nothing ticked, or something that is not on the ballot any more.
    NotFound: no such ballot.
    """
    with transaction():
        one = _open(ref)
        _may_vote(one, who)
        ticks = ticked(one, matter_refs)
        db.session.execute(
            _insert(Ballot)
            .values(sitting_id=one.id, person_id=who.id, way="phone", ticks=ticks, at=clock.now())
            .on_conflict_do_nothing(index_elements=["sitting_id", "person_id"])
        )
        mine = db.session.scalars(
            select(Ballot)
            .where(Ballot.sitting_id == one.id, Ballot.person_id == who.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        if mine.way == "paper":
            raise Refused(_("You took a paper ballot. Give that one back to us, and you can vote here instead."))
        mine.ticks, mine.at = ticks, clock.now()
        record(f"sitting:{one.id}", "ballot_cast", Actor(who.id))  # that, never what
        return len(ticks)


def _open(ref: str) -> Sitting:
    """The sitting, locked so that it is not counted meanwhile; others may vote at the same time."""
    one = db.session.scalar(select(Sitting).where(Sitting.ref == ref).with_for_update(read=True).execution_options(populate_existing=True))
    if one is None or one.votes_until is None:
        raise NotFound(_("We cannot find that ballot."))
    if state(one) == "planned":
        raise Refused(_("The ballot has not opened yet. Come back in a few days."))
    if state(one) != "open":
        raise Refused(_("The ballot is over. If you voted before, that counts."))
    return one


def _may_vote(one: Sitting, who: Who) -> None:
    why = why_not(one, who)
    if why == "nowhere":
        raise Refused(_("We do not know where your home is. Say it on your own page, then come back."))
    if why == "elsewhere":
        raise Refused(_("This ballot is for the people who live in %(areas)s.", areas=", ".join(area.name for area in areas_of(one))))
    if why == "moved":
        raise Refused(_("You told us of another home after this ballot had opened. Call us: we can give you a paper ballot."))


def ticked(one: Sitting, matter_refs: Iterable[str]) -> list[int]:
    """The ids of what was ticked, in order; a part of an action. Refused: nothing, or something that is not on the ballot any more."""
    wanted = set(matter_refs)
    if not wanted:
        raise Refused(_("Tick at least one idea that you would like."), "idea")
    rows = db.session.execute(select(Matter.ref, Matter.id).where(Matter.sitting_id == one.id, Matter.status == "open")).tuples()
    known = dict(rows.all())
    if wanted - set(known):
        raise Refused(
            _("One of the ideas that you ticked was taken back meanwhile. Look through the list once more, and send it again."), "idea"
        )
    return sorted(known[ref] for ref in wanted)


def _insert(table: type[Ballot]) -> Any:
    return (postgresql if is_postgresql() else sqlite).insert(table)


# --- the count -------------------------------------------------------------------------------------------------------------


def ballots_in(one: Sitting) -> Sequence[Sequence[int]]:
    """What every ballot wants, in an order that says nothing of who or when: that of what they want. Two queries, however many."""
    phones = db.session.scalars(select(Ballot.ticks).where(Ballot.sitting_id == one.id, Ballot.way == "phone")).all()
    papers = db.session.scalars(select(BallotPaper.ticks).where(BallotPaper.sitting_id == one.id, BallotPaper.status == "entered")).all()
    return sorted(sorted(ticks or ()) for ticks in (*phones, *papers))


def ticks_by_matter(cast_: Iterable[Iterable[int]]) -> Mapping[int, int]:
    """Matter id → how many want it."""
    return Counter(matter_id for ticks in cast_ for matter_id in ticks)


def forget_what_was_ticked(one: Sitting) -> None:
    """Once the letters are out nothing can be counted again, so from now on nothing here says who wanted what; a part of the release.

    All ballots stand in the sitting's result, without names.
    """
    must_be_in_transaction()
    for table in (Ballot, BallotPaper):
        db.session.execute(update(table).where(table.sitting_id == one.id).values(ticks=None))


# --- taking along, and leaving ---------------------------------------------------------------------------------------------


def _ballots_of_person(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(Ballot, Sitting.name).join(Sitting, Sitting.id == Ballot.sitting_id).where(Ballot.person_id == person_id).order_by(Ballot.id)
    ).all()
    ids = {id_ for row, _name in rows for id_ in row.ticks or ()}
    refs = dict(db.session.execute(select(Matter.id, Matter.ref).where(Matter.id.in_(ids))).tuples().all())
    return [
        {"ballot": name, "way": row.way, "when": row.at.isoformat(), "ticked": None if row.ticks is None else [refs[id_] for id_ in row.ticks]}
        for row, name in rows
    ]  # fmt: skip


def _leave(person: Person) -> Sequence[str]:
    """Who leaves while a ballot is open takes theirs along; what was cast in one that has closed counts on, and is nobody's."""
    now = clock.now()
    theirs = select(Sitting).join(Ballot, Ballot.sitting_id == Sitting.id).where(Ballot.person_id == person.id).order_by(Sitting.id)
    for one in db.session.scalars(theirs.with_for_update(of=Sitting, read=True)).all():
        mine = and_(Ballot.sitting_id == one.id, Ballot.person_id == person.id, Ballot.way == "phone")
        if one.status == "open" and one.votes_until is not None and now <= one.votes_until:
            db.session.execute(delete(Ballot).where(mine))
            record(f"sitting:{one.id}", "ballot_withdrawn", Actor(person.id))
        else:
            db.session.execute(update(Ballot).where(mine).values(person_id=None))
    return ()


COLLECTORS["area ballots"] = _ballots_of_person
ERASERS.append(_leave)
