"""Who is in: each neighbour once over a card and all that have joined it, with the larger number; and the link of each."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal import vault
from portal.db import db, must_be_in_transaction
from portal.errors import NotFound
from portal.ideas import queries
from portal.ideas.model import GONE, Idea, IdeaPledge
from portal.ideas.rules import Said, counted
from portal.money import Minutes
from portal.outbox import Addressee, address_of
from portal.people import queries as people
from portal.people.model import Person
from portal.words import _

MARK = 12
DOOR, SENT = "idea pledge", "idea pledge, sent"


@dataclass(frozen=True)
class Neighbour:
    """One neighbour of an idea, whichever cards they said it on: their best pledge, and all of them."""

    key: str
    pledge: IdeaPledge
    minutes: Minutes
    proved: bool
    all: Sequence[IdeaPledge]

    @property
    def unreached(self) -> bool:
        """Whether they left neither an account nor an address."""
        return self.key.startswith("pledge:")


def neighbour_of(pledge: IdeaPledge) -> str:
    """The same text for the same neighbour: their account, their address, or this pledge alone. Never shown."""
    return f"person:{pledge.person_id}" if pledge.person_id is not None else pledge.contact or f"pledge:{pledge.id}"


def waits(pledge: IdeaPledge) -> bool:
    """Said by somebody at the address of an account, and by nobody since: it is out until that person says that it was them."""
    return pledge.status == "out" and pledge.proved_at is None and pledge.link_number != GONE and pledge.changed_at == pledge.said_at


def pledges_of(idea: Idea) -> Sequence[IdeaPledge]:
    """Who is in, on this card and on all that have joined it, as they said it. One query."""
    query = select(IdeaPledge).where(IdeaPledge.idea_id.in_(queries.family(idea.id)), IdeaPledge.status == "in")
    return db.session.scalars(query.order_by(IdeaPledge.id)).all()


def by_ref(ref: str) -> IdeaPledge:
    """One "I'm in". NotFound."""
    found = db.session.scalar(select(IdeaPledge).where(IdeaPledge.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that page. Copy the whole link from the message."))
    return found


def of_person(person_id: int, limit: int = 50) -> Sequence[tuple[IdeaPledge, Idea]]:
    """What somebody is in, with the cards, newest first. One query."""
    query = (
        select(IdeaPledge, Idea)
        .join(Idea, Idea.id == IdeaPledge.idea_id)
        .where(IdeaPledge.person_id == person_id, IdeaPledge.status == "in")
        .options(joinedload(Idea.area), joinedload(Idea.owner))
    )
    return [(pledge, idea) for pledge, idea in db.session.execute(query.order_by(IdeaPledge.id.desc()).limit(limit))]


def of_person_on(idea: Idea, person_id: int) -> Neighbour | None:
    """What somebody with an account is in with, on this card. One query."""
    return next((each for each in neighbours_of(idea) if each.key == f"person:{person_id}"), None)


def owner_keys(idea: Idea) -> frozenset[str]:
    """Whom the count leaves out: whose idea it is counts anyway."""
    return frozenset({f"person:{idea.owner_id}"} if idea.owner_id is not None else {idea.owner_contact} - {""})


def neighbours_of(idea: Idea) -> Sequence[Neighbour]:
    """Each neighbour of an idea once, in the order in which they said it, with the larger number; without its owner. One query."""
    some = pledges_of(idea)
    minutes = counted((Said(neighbour_of(each), each.minutes) for each in some), owner_keys(idea))
    return [_together(key, minutes[key], [each for each in some if neighbour_of(each) == key]) for key in minutes]


def _together(key: str, minutes: Minutes, theirs: Sequence[IdeaPledge]) -> Neighbour:
    best = max(theirs, key=lambda each: (each.minutes, each.proved_at is not None, -each.id))
    proved = any(each.proved_at is not None and each.minutes == minutes for each in theirs)
    return Neighbour(key, best, minutes, proved, theirs)


def recount(idea: Idea) -> None:
    """Put the numbers of the cards right on which these pledges count, as a part of an action that holds the ideas."""
    must_be_in_transaction()
    db.session.flush()
    root = queries.root_of(idea)
    minutes = counted((Said(neighbour_of(each), each.minutes) for each in pledges_of(root)), owner_keys(root))
    root.people, root.minutes = len(minutes), Minutes(sum(minutes.values()))


def broken_caches() -> Iterable[str]:
    """Lines about cards whose numbers are not those of their pledges (asked by the ledger check)."""
    for idea in db.session.scalars(select(Idea).where(Idea.into_id.is_(None)).order_by(Idea.id)):
        found = neighbours_of(idea)
        if (idea.people, idea.minutes) != (len(found), sum(each.minutes for each in found)):
            yield f"idea:{idea.id} says {idea.people} people with {idea.minutes} minutes, its pledges {len(found)} with {sum(each.minutes for each in found)}"


# --- links ---------------------------------------------------------------------------------------------------------------


def token_of(pledge: IdeaPledge, purpose: str = DOOR) -> str:
    """The last part of a neighbour's link. One that is SENT proves that the address is theirs; one from the page does not."""
    return f"{pledge.ref}-{vault.marks(purpose, f'{pledge.ref}:{pledge.link_number}')[0][:MARK]}"


def link_of(pledge: IdeaPledge, purpose: str = SENT) -> str:
    """The whole address of a neighbour's page."""
    return address_of(f"/ideas/in/{token_of(pledge, purpose)}")


def opened(token: str, *, locked: bool = False) -> tuple[IdeaPledge, bool]:
    """The pledge that a link opens, and whether the link went to their address. NotFound: we did not make it, or it has ended."""
    ref, _dash, mark = token.rpartition("-")
    query = select(IdeaPledge).where(IdeaPledge.ref == ref)
    pledge = db.session.scalar(query.with_for_update().execution_options(populate_existing=True) if locked else query)
    if pledge is not None and pledge.link_number != GONE:
        for purpose in (DOOR, SENT):
            made = vault.marks(purpose, f"{ref}:{pledge.link_number}")
            if any(hmac.compare_digest(mark.encode(), each[:MARK].encode()) for each in made):
                return pledge, purpose == SENT
    raise NotFound(_("We cannot find that page. Copy the whole link from the message."))


def addressees_of(some: Sequence[IdeaPledge]) -> Mapping[int, Addressee]:
    """How those of these pledges who can be reached are told, by pledge. One query where there are accounts."""
    ids = {each.person_id for each in some if each.person_id is not None}
    accounts = {each.id: each for each in db.session.scalars(select(Person).where(Person.id.in_(ids)))} if ids else {}
    found = {}
    for each in some:
        account = accounts.get(each.person_id or 0)
        if account is not None and account.deleted_at is None:
            found[each.id] = people.addressee_of(account)
        elif each.contact:
            found[each.id] = Addressee(each.name, each.channel, each.contact)
    return found
