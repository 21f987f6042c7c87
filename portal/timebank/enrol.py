"""Somebody joins at the desk: on paper, by telephone or face to face, with or without e-mail and telephone."""

from collections.abc import Sequence
from datetime import date

from portal import once
from portal.db import transaction
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


HOUSEHOLD = "household"  # in the place of a reference: somebody else who lives at the same address


class SameAddress(SameName):
    """The e-mail address or number is somebody's of another name: the coordinator says whether it is them, or somebody they live with."""

    def __init__(self, theirs: Person, who: Who) -> None:
        here = who.has_in(theirs.area_id, "connector", "officer")
        super().__init__([(theirs.ref, _("Yes, it is %(name)s", name=theirs.name))] if here else [])
        if here:
            self.sentence = _("This address is %(name)s’s. Is it the same person?", name=theirs.name)
        else:
            self.sentence = _("This address is somebody’s who lives where a colleague helps. Is it somebody they live with?")


def enrol(
    name: str, contact: tuple[str, str] | None, area_id: int, postal_address: str, who: Who, basis: str, *, agreed: bool, large_print: bool,
    same: str | None, once_key: str, adult_on: date | None = None,
) -> str:  # fmt: skip
    """Make a person a member, who said yes to what members say; returns the number on their card. Sent twice: the first result.

    `contact`: ("email" or "sms", address), or None. `same`: the reference of who it is, "" for nobody that we know, `HOUSEHOLD` for
    somebody who lives with who has that address and joins without one, None when nobody has said yet. `adult_on`: when they are 18, of who is younger. Refused: not agreed, no basis, an area where they do not help, too young;
    `SameName`, `SameAddress`.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        rules = members.open_rules()
        persons.must_help_in(who.id, area_id)
        if not agreed:
            raise Refused(_("They must say yes to this first."), "agreed")
        called, theirs = persons.called(name, area_id), persons.person_at(*contact) if contact else None
        asked = asked_about(name, contact, area_id, who)
        if isinstance(asked, SameAddress):
            if same not in (HOUSEHOLD, *(ref for ref, _words in asked.known)):
                raise asked
        elif same is None and asked is not None and theirs is None:
            raise asked
        if same == HOUSEHOLD:
            contact, same, theirs = None, "", None
        chosen = theirs or next((each for each in called if each.ref == same), None)
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


def asked_about(name: str, contact: tuple[str, str] | None, area_id: int, who: Who) -> SameName | None:
    """What is asked about somebody who joins, as `enrol` asks it; None: nobody is called like that or has that address. Two queries."""
    theirs = persons.person_at(*contact) if contact else None
    if theirs is not None and theirs.name.casefold() != name.casefold():
        return SameAddress(theirs, who)
    some = known(name, area_id, who)
    return SameName(some) if some else None


def known(name: str, area_id: int, who: Who) -> Sequence[tuple[str, str]]:
    """Who is called like that in an area, as (reference, words to tell them apart; of whom `who` does not help without an address). One query."""
    return [(each.ref, persons.in_short(each, known=who.can("help others", each))) for each in persons.called(name, area_id)]
