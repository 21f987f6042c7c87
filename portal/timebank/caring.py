"""What a coordinator does for a member who cannot do it on a phone: their details, a break, the ways to reach them."""

from collections.abc import Iterable, Sequence

from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Refused
from portal.history import Actor, record
from portal.people import caring
from portal.people.access import Who
from portal.people.model import Person
from portal.places.model import Area
from portal.timebank import members
from portal.timebank.members import about, acts_as
from portal.timebank.model import Member
from portal.words import _


def reached(member: Member, who: Who) -> Sequence[Person]:
    """Whom a coordinator asks about a member: the person, or who acts for the organisation; nobody when they do not help there."""
    return members.persons_of(member) if who.can("help others", member) else ()


def sides(some: Iterable[Member], who: Who) -> Sequence[tuple[Member, str, Sequence[Person]]]:
    """The members something is about, each with their name and whom a coordinator asks; nobody where a colleague helps."""
    return [(member, members.name_of(member), reached(member, who)) for member in some]


def _theirs(ref: str, who: Who) -> Member:
    must_be_in_transaction()
    member = members.locked(ref)
    if member.status == "left" or not who.can("help others", member):
        raise members.unknown()
    return member


def set_break(ref: str, paused: bool, reason: str, who: Who, basis: str) -> None:
    """A coordinator begins or ends a break for a member; again changes nothing. Refused: no reason; their own or their group's."""
    with transaction():
        member = _theirs(ref, who)
        if acts_as(who, member):
            raise Refused(_("Change your own break on the page “Your time”."))
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if (member.status == "paused") != paused:
            member.status = "paused" if paused else "active"
            kind = "break_begun" if paused else "break_ended"
            record(about(member), kind, Actor(who.id, member.person_id, basis), reason=reason)


def change_details(ref: str, given: caring.Details, reason: str, who: Who, basis: str) -> None:
    """A coordinator changes for a member how they are reached and where they live; their hours are in the book of that place from now on.

    Refused: as for `people.caring.change_for`; a place that is not in use.
    """
    with transaction():
        member = _theirs(ref, who)
        if member.person_id is None:
            raise members.unknown()
        area = db.session.get(Area, given.area_id) if given.area_id is not None else None
        if area is None or area.archived_at is not None or area.kind == "scheme":
            raise Refused(_("Choose where they live, so that neighbours find them."), "area")
        actor = Actor(who.id, member.person_id, basis)
        changed = caring.change_for(member.person_id, given, reason, actor)
        moves = member.area_id != area.id
        if moves:
            member.area_id = area.id
            members.open_books_of(area)
        if changed or moves:
            record(about(member), "details_changed", actor, reason=reason, area=area.code)
