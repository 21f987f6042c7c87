"""Who takes part: a person for themselves, or everybody who acts for an organisation."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db, is_postgresql, must_be_in_transaction
from portal.errors import NotYours, Refused
from portal.gifts.model import GiftParty, GiftPost
from portal.history import Actor
from portal.people import queries as people
from portal.people.access import Nobody, Who
from portal.people.forms import BASES
from portal.people.model import Person
from portal.places.model import Area
from portal.words import _

NAMED = (joinedload(GiftParty.person), joinedload(GiftParty.organisation))


def acts_as(who: Who | Nobody, party: GiftParty) -> bool:
    """Whether somebody is this party, or acts for it."""
    if not isinstance(who, Who):
        return False
    return party.person_id == who.id or (party.organisation_id is not None and party.organisation_id in who.acts_for)


def own(who: Who | Nobody) -> Sequence[GiftParty]:
    """The parties that somebody is or acts for, as far as there are any yet. One query."""
    if not isinstance(who, Who):
        return []
    mine = or_(GiftParty.person_id == who.id, GiftParty.organisation_id.in_(who.acts_for))
    options = (*NAMED, joinedload(GiftParty.weekly))
    return db.session.scalars(select(GiftParty).where(mine).options(*options).order_by(GiftParty.id)).all()


def enter(*, person_id: int | None = None, organisation_id: int | None = None) -> GiftParty:
    """The party of a person or an organisation, locked, made when there is none; as a part of an action."""
    must_be_in_transaction()
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    column = "person_id" if person_id is not None else "organisation_id"
    values = {"person_id": person_id, "organisation_id": organisation_id}
    db.session.execute(insert(GiftParty).values(**values).on_conflict_do_nothing(index_elements=[column]))
    which = GiftParty.person_id == person_id if person_id is not None else GiftParty.organisation_id == organisation_id
    return db.session.scalars(select(GiftParty).where(which).with_for_update().execution_options(populate_existing=True)).one()


def entering(who: Who, organisation_id: int | None, *, grown: bool) -> GiftParty:
    """The party for which somebody posts or answers now: themselves, or an organisation for which they act; as a part of an action.

    `grown`: they say that they are 18 or over, which each person says once. Refused: they do not; a coordinator keeps them away.
    """
    if organisation_id is not None and organisation_id not in who.acts_for:
        raise NotYours(_("We do not know that group."))
    me = enter(person_id=who.id)
    if me.grown_at is None:
        if not grown:
            raise Refused(_("Say that you are 18 or over. If you are younger, a parent, a carer or your hub can do this for you."), "grown")
        me.grown_at = clock.now()
    must_not_be_stopped(me)
    if organisation_id is None:
        return me
    group = enter(organisation_id=organisation_id)
    must_not_be_stopped(group)
    return group


def must_not_be_stopped(party: GiftParty) -> None:
    """Refused: a coordinator keeps this party from posting and answering."""
    if party.stopped_at is not None:
        raise Refused(_("You cannot post or answer on the boards just now. Call us if you would like to talk about it."))


def acting(who: Who, post: GiftPost, party: GiftParty, basis: str | None = None) -> Actor:
    """Who acts for a party about a post: itself, or (on a basis) whoever helps others where the post is. NotYours for anybody else;
    Refused without a basis.
    """
    if acts_as(who, party):
        return Actor(who.id)
    if not who.can("help others", post):
        raise NotYours(_("We cannot find that."))
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    return Actor(who.id, party.person_id, basis)


def place_to_write_for(who: Who, area_id: int | None) -> Area:
    """The area in which somebody puts up what others say. Refused: none, or one that there is no more. NotYours: not where they help others."""
    area = db.session.get(Area, area_id) if area_id is not None else None
    if area is None or area.archived_at is not None:
        raise Refused(_("Choose where it is."), "area")
    if not who.has_in(area.id, "connector", "officer"):
        raise NotYours(_("You write for others where you look after a place. Ask a colleague for this one."))
    return area


def persons_of(party: GiftParty) -> Sequence[Person]:
    """Who speaks for a party: the person, or everybody who acts for the organisation today. Nobody who left."""
    if party.person_id is not None:
        someone = people.person(party.person_id)
        return [someone] if someone.deleted_at is None else []
    assert party.organisation_id is not None
    return [someone for _row, someone in people.acting_for(party.organisation_id)]


def is_reached(party: GiftParty) -> bool:
    """Whether a party can read and answer alone: an organisation, or a person with e-mail or a telephone."""
    someone = party.person
    return someone is None or bool(someone.email or someone.phone)


def first_name(party: GiftParty) -> str:
    """What neighbours see: a first name, or the name of an organisation (of one that is called like a person, the first of it)."""
    if party.organisation is not None:
        return party.organisation.public_name
    assert party.person is not None
    return party.person.name if party.person.deleted_at is not None else party.person.name.partition(" ")[0]


def full_name(party: GiftParty) -> str:
    """The whole name, for what must not hold it."""
    return party.organisation.name if party.organisation is not None else party.person.name if party.person is not None else ""
