"""Reading who said yes, who was introduced to whom, who was asked, and who looked. A coordinator reads of their areas alone."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import aliased, joinedload

from portal import clock
from portal.connecting.model import EntryLook, Introduction, LeadAsk, Openness
from portal.db import db, must_be_in_transaction
from portal.errors import NotFound
from portal.people.access import Who
from portal.people.model import Person
from portal.words import _

PAGE = 20
PAIR = (joinedload(Introduction.one), joinedload(Introduction.two), joinedload(Introduction.by))
Areas = Collection[int] | None  # None: everywhere


def openness_of(person_id: int) -> Openness | None:
    """Somebody's yes, or None."""
    return db.session.get(Openness, person_id)


def locked(*person_ids: int) -> Sequence[Openness]:
    """The yes of each, locked in one order, as a part of an action; who has not said yes is missing."""
    must_be_in_transaction()
    query = select(Openness).where(Openness.person_id.in_(person_ids)).order_by(Openness.person_id)
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def entry(ref: str, who: Who) -> Openness:
    """Whose entry a coordinator opens. NotFound: nobody who said yes, not where they help others, or themselves."""
    return entries([ref], who)[0]


def entries(refs: Collection[str], who: Who) -> Sequence[Openness]:
    """The same of several people. One query. NotFound: not all of them are there for this coordinator."""
    query = select(Openness).join(Person, Person.id == Openness.person_id).where(Person.ref.in_(refs)).options(joinedload(Openness.person))
    found = db.session.scalars(query).all()
    if len(found) < len(set(refs)) or not all(each.person_id != who.id and who.can("help others", each.person) for each in found):
        raise NotFound(_("We do not know that person, or they have not said yes to this."))
    return found


def _lives_in(person: Any, areas: Areas) -> ColumnElement[bool]:
    return true() if areas is None else person.area_id.in_(areas)


def _may_be_asked() -> ColumnElement[bool]:
    today = clock.today()
    waits = select(LeadAsk.id).where(LeadAsk.person_id == Openness.person_id, LeadAsk.answer == "")
    rested = or_(Openness.rests_until.is_(None), Openness.rests_until <= today)
    return and_(Openness.never_since.is_(None), rested, ~waits.correlate(Openness).exists())


def people(areas: Areas, who: Who, *, askable: bool = False, after: tuple[str, str] | None = None, limit: int = PAGE) -> Sequence[Openness]:
    """Who said yes in these areas, by name, keyset-paged by (name, reference); `askable`: only whom somebody may ask to lead now."""
    query = (
        select(Openness)
        .join(Person, Person.id == Openness.person_id)
        .where(_lives_in(Person, areas), Openness.person_id != who.id)
        .options(joinedload(Openness.person))
    )
    if askable:
        query = query.where(_may_be_asked())
    if after is not None:
        query = query.where(or_(Person.name > after[0], and_(Person.name == after[0], Person.ref > after[1])))
    return db.session.scalars(query.order_by(Person.name, Person.ref).limit(limit)).all()


def introductions(areas: Areas, *, began: bool = False, before: int | None = None, limit: int = PAGE) -> Sequence[Introduction]:
    """Introductions of somebody who lives in these areas, the last noted first; `began`: those that led to something."""
    one, two = aliased(Person), aliased(Person)
    query = (
        select(Introduction)
        .join(one, one.id == Introduction.one_id)
        .join(two, two.id == Introduction.two_id)
        .where(or_(_lives_in(one, areas), _lives_in(two, areas)))
        .options(*PAIR)
    )
    if began:
        query = query.where(Introduction.outcome == "began")
    if before is not None:
        query = query.where(Introduction.id < before)
    return db.session.scalars(query.order_by(Introduction.id.desc()).limit(limit)).all()


def listed(refs: Collection[str]) -> Sequence[Introduction]:
    """Introductions by their references."""
    return db.session.scalars(select(Introduction).where(Introduction.ref.in_(refs)).options(*PAIR)).all()


def is_near(row: Introduction, who: Who) -> bool:
    """Whether somebody helps others where one of the two lives."""
    return who.can("help others", row.one) or who.can("help others", row.two)


def shown_to(row: Introduction, seen: Collection[int], who: Who) -> bool:
    """Whether a coordinator has said that they look at both (`seen`), but for themselves."""
    return {row.one_id, row.two_id} - {who.id} <= set(seen)


def introductions_of(*person_ids: int) -> Sequence[Introduction]:
    """Those with one of these people, the newest first. One query."""
    mine = or_(Introduction.one_id.in_(person_ids), Introduction.two_id.in_(person_ids))
    return db.session.scalars(
        select(Introduction).where(mine).options(*PAIR).order_by(Introduction.day.desc(), Introduction.id.desc())
    ).all()


def introduction(ref: str, who: Who, *, lock: bool = False) -> Introduction:
    """One for who helps others where one of the two lives, and is neither. NotFound."""
    query = select(Introduction).where(Introduction.ref == ref)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None or who.id in (found.one_id, found.two_id):
        raise NotFound(_("We cannot find that introduction."))
    if not is_near(found, who):
        raise NotFound(_("We cannot find that introduction."))
    return found


def asks_of(person_id: int) -> Sequence[LeadAsk]:
    """What somebody was asked, the newest first."""
    query = select(LeadAsk).where(LeadAsk.person_id == person_id).options(joinedload(LeadAsk.by))
    return db.session.scalars(query.order_by(LeadAsk.asked_on.desc(), LeadAsk.id.desc())).all()


def last_asks(person_ids: Collection[int]) -> Mapping[int, LeadAsk]:
    """By person: what they were asked last. One query."""
    query = select(LeadAsk).where(LeadAsk.person_id.in_(person_ids)).order_by(LeadAsk.asked_on, LeadAsk.id)
    return {each.person_id: each for each in db.session.scalars(query)} if person_ids else {}


def looks_of(person_id: int, limit: int = 50) -> Sequence[EntryLook]:
    """Who looked at somebody's entry and when, the last first."""
    query = select(EntryLook).where(EntryLook.person_id == person_id).options(joinedload(EntryLook.by))
    return db.session.scalars(query.order_by(EntryLook.day.desc(), EntryLook.by_id).limit(limit)).all()


def looked_today(person_ids: Collection[int], who: Who) -> frozenset[int]:
    """At whose entries this coordinator has looked today, and has said so."""
    query = select(EntryLook.person_id).where(
        EntryLook.person_id.in_(person_ids), EntryLook.by_id == who.id, EntryLook.day == clock.today()
    )
    return frozenset(db.session.scalars(query)) if person_ids else frozenset()
