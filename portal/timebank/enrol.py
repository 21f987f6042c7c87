"""Somebody joins at the desk: on paper, by telephone or face to face, with or without e-mail and telephone."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from portal import once
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import Actor, record
from portal.people import actions as people
from portal.people import queries as persons
from portal.people.access import Who
from portal.people.model import Person
from portal.timebank import members
from portal.words import _


class SameName(Refused):
    """Somebody of that name lives there already: `known` as (reference, words). The coordinator says whether it is one of them."""

    def __init__(self, known: Sequence[tuple[str, str]]) -> None:
        super().__init__(_("Somebody of that name is with us already. Is it the same person?"), "same")
        self.known = known


def enrol(
    name: str, contact: tuple[str, str] | None, area_id: int, postal_address: str, who: Who, basis: str, *, agreed: bool, large_print: bool,
    same: str | None, once_key: str, adult_on: date | None = None,
) -> str:  # fmt: skip
    """Make a person a member, who said yes to what members say; returns the number on their card. Sent twice: the first result.

    `contact`: ("email" or "sms", address), or None. `same`: the reference of who it is, "" for nobody that we know, None when nobody has
    said yet. `adult_on`: when they are 18, of who is younger. Refused: not agreed, no basis, an area where they do not help, too young;
    `SameName`.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        rules = members.open_rules()
        persons.must_help_in(who.id, area_id)
        if not agreed:
            raise Refused(_("They must say yes to this first."), "agreed")
        called = _called(name, area_id)
        if same is None and called and not (contact and persons.person_at(*contact)):
            raise SameName(known(name, area_id))
        chosen = next((each for each in called if each.ref == same), None)
        if same and chosen is None:
            raise Refused(_("Choose one of these people, or say that it is somebody else."), "same")
        by = Actor(who.id, None, basis)
        someone = chosen or people.find_or_create_person(name, contact, area_id, postal_address, by)
        if chosen is None and large_print and not someone.large_print:
            someone.large_print = True
        actor = Actor(who.id, someone.id, basis)
        made = members.become(rules, area_id, actor, person_id=someone.id, adult_on=adult_on)
        if someone.area_id is None:
            someone.area_id = area_id
        record(members.about(made), "enrolled", actor)
        once.keep(once_key, made.ref)
        return made.ref


def known(name: str, area_id: int) -> Sequence[tuple[str, str]]:
    """Who is called like that in an area, as (reference, words to tell them apart). One query."""
    return [(each.ref, _words(each)) for each in _called(name, area_id)]


def _called(name: str, area_id: int) -> Sequence[Person]:
    """Who is called like that and lives there, or nowhere that we know."""
    here = (Person.area_id == area_id) | Person.area_id.is_(None)
    query = select(Person).where(func.lower(Person.name) == name.lower(), here, Person.deleted_at.is_(None))
    return db.session.scalars(query.order_by(Person.id).limit(10)).all()


def _words(someone: Person) -> str:
    """Enough to tell two of one name apart, to who may type for both."""
    where = someone.postal_address.split("\n")[0] or someone.email or someone.phone or _("no address")
    return f"{someone.name}, {where}, {someone.ref}"
