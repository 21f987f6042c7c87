"""Reading events: what is on, what was, who comes, and who may look after one."""

import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import contains_eager, joinedload

from portal import clock, vault
from portal.db import db, must_be_in_transaction
from portal.errors import NotFound, NotYours
from portal.events.model import Gathering, Guest, Series
from portal.events.rules import KINDS, is_public
from portal.people.access import Who
from portal.people.model import Person
from portal.places.queries import within
from portal.words import _

MARK = 8
FEED_BACK = timedelta(days=90)  # how long what is over stays in a calendar that people keep
MOST = 500
LATELY = timedelta(days=60)
PUBLIC = and_(Gathering.status.in_(("open", "cancelled")), Gathering.decided_at.is_not(None))
WHOLE = (
    joinedload(Gathering.area), joinedload(Gathering.organiser), joinedload(Gathering.organisation), joinedload(Gathering.series),
)  # fmt: skip
Listed = tuple[Gathering, int]  # with how many have a place, or were there
Key = tuple[date, time, int]


# --- one -----------------------------------------------------------------------------------------------------------------


def _none() -> NotFound:
    return NotFound(_("We cannot find that event."))


def by_ref(ref: str) -> Gathering:
    """One event with what it names, whoever asks. One query. NotFound."""
    found = db.session.scalar(select(Gathering).where(Gathering.ref == ref).options(*WHOLE))
    if found is None:
        raise _none()
    return found


def seen_by(ref: str, who: Any) -> Gathering:
    """The same, if this reader may see it: what is held or refused is for who asked for it and who decides. NotFound."""
    found = by_ref(ref)
    if not is_public(found) and not runs(who, found):
        raise _none()
    return found


def run_by(ref: str, who: Any) -> Gathering:
    """The same, for who looks after it; to anybody else it is missing. NotFound, NotYours."""
    found = by_ref(ref)
    must_run(who, found)
    return found


def locked(ref: str) -> Gathering:
    """The same, locked, as a part of an action: nobody takes a place, checks in or cancels meanwhile."""
    must_be_in_transaction()
    query = select(Gathering).where(Gathering.ref == ref).with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise _none()
    return found


def shared(which: Any, *, alone: bool = False) -> Gathering:
    """The one event that a condition names, held so that it cannot be cancelled at the same moment; many may check in at once, unless
    it is held `alone`.
    """
    must_be_in_transaction()
    query = select(Gathering).where(which).with_for_update(read=not alone).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise _none()
    return found


def later_of(gathering: Gathering) -> Sequence[Gathering]:
    """The later ones of its series that are not over, locked in order."""
    if gathering.series_id is None:
        return []
    query = select(Gathering).where(
        Gathering.series_id == gathering.series_id, Gathering.day > gathering.day, Gathering.status.in_(("held", "open"))
    )
    return db.session.scalars(query.order_by(Gathering.id).with_for_update().execution_options(populate_existing=True)).all()


def times_of(series: Series, *, since: date | None = None, limit: int = MOST) -> Sequence[Gathering]:
    """The public events of a series in order of their days. One query."""
    query = select(Gathering).where(Gathering.series_id == series.id, PUBLIC).options(joinedload(Gathering.area))
    if since is not None:
        query = query.where(Gathering.day >= since)
    return db.session.scalars(query.order_by(Gathering.day, Gathering.id).limit(limit)).all()


def for_all(ref: str) -> Gathering | None:
    """An event that everybody may know of, by its reference; None: there is none. One query, and none without a reference."""
    return db.session.scalar(select(Gathering).where(Gathering.ref == ref, PUBLIC)) if ref else None


def lately(areas: Collection[int]) -> Sequence[Gathering]:
    """Where a wall of notes may come from: public events in these areas of the last sixty days, the latest first."""
    today = clock.today()
    query = select(Gathering).where(PUBLIC, Gathering.status == "open", Gathering.area_id.in_(areas))
    query = query.where(Gathering.day <= today, Gathering.day >= today - LATELY)
    return db.session.scalars(query.order_by(Gathering.day.desc(), Gathering.id.desc()).limit(30)).all()


# --- who may -------------------------------------------------------------------------------------------------------------


def runs(who: Any, gathering: Gathering) -> bool:
    """Whether somebody looks after it: who acts for its organisation, the neighbour who organises it, a connector or officer there."""
    if not isinstance(who, Who):
        return False
    if gathering.organisation_id is not None:
        own = gathering.organisation_id in who.acts_for
    else:
        own = gathering.role == "" and who.id == gathering.organiser_id
    return own or who.can("help others", gathering)


def must_run(who: Any, gathering: Gathering) -> None:
    """Refuse like a missing page when somebody does not look after it."""
    if not runs(who, gathering):
        raise NotYours(_("We cannot find that event."))


# --- links and codes -----------------------------------------------------------------------------------------------------


def token_of(gathering: Gathering) -> str:
    """The last part of the address that the sheet at the door shows, which a guess does not meet."""
    return f"{gathering.ref}-{vault.marks('event', gathering.ref)[0][:MARK]}"


def ref_of_token(token: str) -> str | None:
    """The event that an address at the door opens; None when we did not make it."""
    return _ref_in(token, "event")


def guest_token(guest: Guest) -> str:
    """The last part of a neighbour's own link, with which they call it off."""
    return f"{guest.ref}-{vault.marks('guest', guest.ref)[0][:20]}"


def guest_by_token(token: str) -> Guest:
    """Whose link it is, with the event. NotFound: none of ours, or taken off the list by the organiser."""
    ref = _ref_in(token, "guest", 20)
    named = (joinedload(Guest.gathering).options(joinedload(Gathering.area)), joinedload(Guest.person))
    found = db.session.scalar(select(Guest).where(Guest.ref == ref).options(*named)) if ref else None
    if found is None:
        raise NotFound(_("This link leads nowhere any more. Look for the event in the calendar."))
    return found


def _ref_in(token: str, purpose: str, length: int = MARK) -> str | None:
    ref, _dash, mark = token.rpartition("-")
    right = any(hmac.compare_digest(mark.encode(), each[:length].encode()) for each in vault.marks(purpose, ref))
    return ref if right else None


# --- lists ---------------------------------------------------------------------------------------------------------------


def going() -> Any:
    """How many have a place, for a query that selects events."""
    places = func.coalesce(func.sum(Guest.party), 0)
    return select(places).where(Guest.gathering_id == Gathering.id, Guest.state == "going").correlate(Gathering).scalar_subquery()


def came() -> Any:
    """How many were there, for a query that selects events."""
    there = func.coalesce(func.sum(Guest.here_party), 0)
    return select(there).where(Guest.gathering_id == Gathering.id).correlate(Gathering).scalar_subquery()


def _where(area: str, kind: str) -> Any:
    """An area by its code, with all that lies in it; a kind. Empty: all."""
    return and_(
        Gathering.area_id.in_(within(area)) if area else true(),
        Gathering.kind == kind if kind in KINDS else true(),
    )


def _listed(count: Any) -> Select[Any]:
    return select(Gathering, count).join(Gathering.area).options(contains_eager(Gathering.area)).where(PUBLIC)


def coming(area: str = "", kind: str = "", after: Key | None = None, limit: int = 20) -> Sequence[Listed]:
    """What is on from today, in order, keyset-paged by (day, starts, id). One query."""
    query = _listed(going()).where(Gathering.day >= clock.today(), _where(area, kind))
    if after is not None:
        query = query.where(tuple_(Gathering.day, Gathering.starts, Gathering.id) > tuple_(*after))
    return db.session.execute(query.order_by(Gathering.day, Gathering.starts, Gathering.id).limit(limit)).tuples().all()


def past(area: str = "", kind: str = "", before: Key | None = None, limit: int = 20) -> Sequence[Listed]:
    """What was, the latest first, keyset-paged. One query."""
    query = _listed(came()).where(Gathering.day < clock.today(), _where(area, kind))
    if before is not None:
        query = query.where(tuple_(Gathering.day, Gathering.starts, Gathering.id) < tuple_(*before))
    order = (Gathering.day.desc(), Gathering.starts.desc(), Gathering.id.desc())
    return db.session.execute(query.order_by(*order).limit(limit)).tuples().all()


def between(first: date, last: date, area: str = "", kind: str = "") -> Sequence[Listed]:
    """From one day to another, in order. One query."""
    query = _listed(going()).where(Gathering.day >= first, Gathering.day <= last, _where(area, kind))
    return db.session.execute(query.order_by(Gathering.day, Gathering.starts, Gathering.id).limit(MOST)).tuples().all()


def for_calendars(area: str = "", kind: str = "") -> Sequence[Gathering]:
    """What a calendar that people keep is told, cancelled ones too. One query."""
    query = (
        select(Gathering).where(PUBLIC, Gathering.day >= clock.today() - FEED_BACK, _where(area, kind)).options(joinedload(Gathering.area))
    )
    return db.session.scalars(query.order_by(Gathering.day, Gathering.id).limit(MOST)).all()


def next_near(area_ids: Any, number: int) -> Any:
    """The id of the next event in these areas (None: anywhere) after `number` others, as a part of another query."""
    here = true() if area_ids is None else Gathering.area_id.in_(area_ids)
    query = select(Gathering.id).where(Gathering.status == "open", Gathering.day >= clock.today(), here)
    return query.order_by(Gathering.day, Gathering.starts, Gathering.id).offset(number).limit(1).scalar_subquery()


def mine(who: Who, limit: int = 20) -> tuple[Sequence[Gathering], Sequence[tuple[Gathering, str]]]:
    """(what somebody organises themselves that is to come, where they have a place or wait). Two queries."""
    today = clock.today()
    order = (Gathering.day, Gathering.starts, Gathering.id)
    own = or_(and_(Gathering.organiser_id == who.id, Gathering.organisation_id.is_(None)), Gathering.organisation_id.in_(who.acts_for))
    query = select(Gathering).where(own, Gathering.day >= today, Gathering.status != "cancelled").options(joinedload(Gathering.area))
    run = db.session.scalars(query.order_by(*order).limit(limit)).all()
    come = (
        select(Gathering, Guest.state)
        .join(Guest, Guest.gathering_id == Gathering.id)
        .where(Guest.person_id == who.id, Guest.state.in_(("going", "waiting")), Gathering.day >= today, PUBLIC)
        .options(joinedload(Gathering.area))
    )
    return run, db.session.execute(come.order_by(*order).limit(limit)).tuples().all()


def to_look_at(areas: Collection[int] | None) -> Select[int]:
    """Ids of events that a connector or officer of these areas (None: all) has to look at: held ones, and open ones that somebody else
    made or changed.
    """
    here = true() if areas is None else Gathering.area_id.in_(areas)
    return select(Gathering.id).where(
        Gathering.looked < Gathering.version, Gathering.day >= clock.today(), Gathering.status.in_(("held", "open")), here
    )


def desk(areas: Collection[int] | None, limit: int = 100) -> Sequence[Gathering]:
    """The same, the ones with a deadline first; of a series the first alone. One query."""
    query = select(Gathering).where(Gathering.id.in_(to_look_at(areas))).options(*WHOLE)
    order = (Gathering.answer_by.is_(None), Gathering.answer_by, Gathering.day, Gathering.id)
    found: dict[tuple[int | None, int], Gathering] = {}
    for each in db.session.scalars(query.order_by(*order).limit(limit)):
        found.setdefault((each.series_id, 0 if each.series_id else each.id), each)
    return list(found.values())


# --- who comes -----------------------------------------------------------------------------------------------------------


def guests(gathering: Gathering) -> Sequence[Guest]:
    """Everybody who wants to come or was there, in the order in which they asked. One query."""
    query = select(Guest).where(Guest.gathering_id == gathering.id, or_(Guest.state != "off", Guest.here_at.is_not(None)))
    return db.session.scalars(query.options(joinedload(Guest.person)).order_by(Guest.asked_at, Guest.id)).all()


def names_at(some: Iterable[Gathering]) -> Sequence[str]:
    """What everybody is called who wants to come to one of these or was there; who left us has no name. One query."""
    there = (Guest.gathering_id.in_([each.id for each in some]), or_(Guest.state != "off", Guest.here_at.is_not(None)))
    query = select(func.coalesce(Person.name, Guest.name)).select_from(Guest).outerjoin(Person, Person.id == Guest.person_id).where(*there)
    return [name for name in db.session.scalars(query.distinct()) if name]


def guest_of(gathering: Gathering, person_id: int) -> Guest | None:
    """A person's own line."""
    return db.session.scalar(select(Guest).where(Guest.gathering_id == gathering.id, Guest.person_id == person_id))


def name_of(guest: Guest) -> str:
    """What they are called in the organiser's lists."""
    if guest.person is not None:
        return guest.person.name
    return guest.name or _("A neighbour")


def taken(gathering: Gathering) -> int:
    """How many places are taken."""
    query = select(func.coalesce(func.sum(Guest.party), 0)).where(Guest.gathering_id == gathering.id, Guest.state == "going")
    return int(db.session.scalar(query) or 0)
