"""For whom a coordinator writes: somebody by their number, by where they are reached, or by name, whom we may know already."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.db import must_be_in_transaction
from portal.errors import NotFound, Refused
from portal.history import Actor
from portal.people import actions as people
from portal.people import queries as persons
from portal.people.access import Who
from portal.people.model import Person
from portal.places import queries as places
from portal.refs import clean_ref
from portal.words import _


@dataclass(frozen=True)
class Neighbour:
    """Who it is, as somebody wrote it: a name or a number (PER-....-....), and ("email" or "sms", address) or None. `another`: nobody of
    those who are called so.
    """

    name: str
    contact: tuple[str, str] | None = None
    another: bool = False


class SameName(Refused):
    """Somebody is called so already. The coordinator writes their number (where they help) or their address, or says that it is somebody else."""

    def __init__(self, some: Sequence[Person], who: Who) -> None:
        near = [each for each in some if who.can("help others", each)]
        super().__init__(_asked_near(near) if near else _asked_far(some), "name")


def _asked_near(some: Sequence[Person]) -> str:
    words = "; ".join(persons.in_short(each) for each in some[:3])
    return _("Is it one of these: %(people)s? Then write their number. Else say that it is somebody else.", people=words)


def _asked_far(some: Sequence[Person]) -> str:
    """Of who lives elsewhere a coordinator reads a first name and an area."""
    names = places.names([each.area_id for each in some[:3] if each.area_id is not None])
    words = "; ".join(
        _("%(name)s in %(area)s", name=each.name.partition(" ")[0], area=names[each.area_id])
        if each.area_id is not None
        else _("%(name)s, whose area we do not know", name=each.name.partition(" ")[0])
        for each in some[:3]
    )
    return _("Is it one we know: %(people)s? Then write their e-mail or mobile too. Else say that it is somebody else.", people=words)


def found(one: Neighbour, area_id: int, who: Who, basis: str) -> Person:
    """The person, made when nobody knows them yet, as a part of an action. Refused: no name, a number that is nobody's where they help,
    an address of somebody who is called otherwise. SameName.
    """
    must_be_in_transaction()
    ref = clean_ref(one.name)
    if ref is not None and ref.startswith("PER"):
        return _numbered(ref, who)
    if not one.name:
        raise Refused(_("Write their name, or the number on their letters."), "name")
    known = persons.person_at(*one.contact) if one.contact is not None else None
    if known is not None:
        if _first(known.name) != _first(one.name):
            raise Refused(_("This address is somebody’s who is called otherwise. Look again, or leave it out."), "contact")
        return known
    if not one.another and (some := _called(one.name, area_id)):
        raise SameName(some, who)
    return people.find_or_create_person(one.name, one.contact, area_id, "", Actor(who.id, None, basis))


def _called(name: str, area_id: int) -> Sequence[Person]:
    """Who is called so: there, or, of a full name, anywhere."""
    return persons.called(name, area_id) or (persons.called_anywhere(name) if " " in name else [])


def _numbered(ref: str, who: Who) -> Person:
    try:
        someone = persons.person_by_ref(ref)
    except NotFound as why:
        raise Refused(_("We know nobody with this number where you help others."), "name") from why
    if someone.deleted_at is not None or not who.can("help others", someone):
        raise Refused(_("We know nobody with this number where you help others."), "name")
    return someone


def _first(name: str) -> str:
    return name.casefold().partition(" ")[0]
