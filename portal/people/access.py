"""Who may do what: one table of named predicates (`MAY`), read top to bottom.

A route names its predicate with `web.policy.allow`; an object is judged with `web.policy.require`. A predicate gets the
person and, for objects, a target with the few attributes that the protocols below name. What is not in the table is denied.

A role may be given for an area. It opens the routes of its predicates, and there only what lies in that area or in one inside
it; everything that is the scheme's as a whole needs the role for the whole scheme.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from portal import clock

FRESH = timedelta(minutes=10)  # how long a proof of identity opens bank details and releases
SECOND = ("officer", "finance", "auditor", "administrator")  # roles that ask for a second factor


@dataclass(frozen=True)
class Who:
    """The person of this request, as access rules see them. Also Flask-Login's user."""

    id: int
    ref: str
    name: str
    area_id: int | None
    roles: frozenset[tuple[str, int | None]] = frozenset()  # (role, area or None for everywhere); an area with all inside it
    acts_for: frozenset[int] = frozenset()  # organisation ids
    session_id: int | None = None
    proved_at: datetime | None = None
    asleep: frozenset[tuple[str, int | None]] = (
        frozenset()
    )  # roles that count only when they have given their second factor in this browser
    factor: bool = False  # whether they have set one up
    second_at: datetime | None = None  # when they gave it here
    token: str = field(default="", repr=False)
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return self.token

    def has(self, *names: str) -> bool:
        """Whether they hold one of these roles, for the whole scheme."""
        return any((name, None) in self.roles for name in names)

    def has_in(self, area_id: int | None, *names: str) -> bool:
        """Whether they hold one of these roles for the whole scheme or for this area. What lies nowhere is the scheme's."""
        return any((name, area_id) in self.roles or (name, None) in self.roles for name in names)

    def has_somewhere(self, *names: str) -> bool:
        """Whether they hold one of these roles, for whatever part of the scheme."""
        return any(role in names for role, _area in self.roles)

    def areas(self, *names: str) -> frozenset[int] | None:
        """The areas that their lists show by these roles, for a query's `in`; None: all, and what lies nowhere."""
        return None if self.has(*names) else frozenset(area for role, area in self.roles if role in names and area is not None)

    def can(self, predicate: str, target: Any = None) -> bool:
        """Ask the table. An unknown predicate is a mistake of ours and is denied loudly."""
        return MAY[predicate](self, target)

    def could(self, predicate: str, target: Any = None) -> bool:
        """The same, if they had given their second factor."""
        return MAY[predicate](replace(self, roles=self.roles | self.asleep), target)


@dataclass(frozen=True)
class Nobody:
    """A visitor who has not signed in."""

    id: None = None
    name: str = ""
    area_id: None = None
    is_authenticated: bool = False
    is_active: bool = False
    is_anonymous: bool = True

    def get_id(self) -> None:
        return None

    def has(self, *names: str) -> bool:
        return False

    def has_in(self, area_id: int | None, *names: str) -> bool:
        return False

    def has_somewhere(self, *names: str) -> bool:
        return False

    def areas(self, *names: str) -> frozenset[int]:
        return frozenset()

    def can(self, predicate: str, target: Any = None) -> bool:
        return MAY[predicate](self, target)

    could = can


class Owned(Protocol):
    """A bid, as access sees it: whose it is, who helped, for which organisation."""

    person_id: int
    organisation_id: int | None
    helper_id: int | None
    area_id: int | None


class Placed(Protocol):
    """Something that lies in an area: a bid where it happens, a person where they live. None: nowhere that we know."""

    area_id: int | None


@dataclass(frozen=True)
class Lying:
    """What lies in an area, of which no more is asked: the area itself."""

    area_id: int | None


Anybody = Who | Nobody
Predicate = Callable[[Any, Any], bool]


def _anyone(_who: Anybody, _target: Any) -> bool:
    return True


def _signed_in(who: Anybody, _target: Any) -> bool:
    return who.is_authenticated


def _role(*names: str) -> Predicate:
    """For the whole scheme."""
    return lambda who, _target: bool(who.has(*names))


def _role_there(*names: str) -> Predicate:
    """Without a target: somewhere, which opens the route. With one: where it lies."""
    return lambda who, target: bool(who.has_somewhere(*names) if target is None else who.has_in(target.area_id, *names))


def _people(who: Anybody, someone: Placed | None) -> bool:
    """Administrators all, officers those who live in their area."""
    return bool(who.has("administrator")) or _role_there("officer")(who, someone)


def _own(who: Anybody, bid: Owned) -> bool:
    """The applicant, somebody who acts for the applying organisation, or the helper who typed it."""
    return isinstance(who, Who) and (
        who.id in (bid.person_id, bid.helper_id) or (bid.organisation_id is not None and bid.organisation_id in who.acts_for)
    )


def _see_bid(who: Anybody, bid: Owned) -> bool:
    return _own(who, bid) or who.has_in(bid.area_id, "officer") or who.has("finance", "auditor")


def _bank_details(who: Anybody, bid: Owned) -> bool:
    """Typed by the applicant's side, or by an officer who has it on paper; finance only sees them masked."""
    return _own(who, bid) or who.has_in(bid.area_id, "officer")


def _acts_for(who: Anybody, organisation_id: int) -> bool:
    return isinstance(who, Who) and organisation_id in who.acts_for


def proved_lately(who: Anybody) -> bool:
    """Whether they proved who they are within FRESH, by their second factor when they have one; else they are asked for a code first."""
    if not isinstance(who, Who):
        return False
    proved_at = who.second_at if who.factor else who.proved_at
    return proved_at is not None and clock.now() - proved_at <= FRESH


MAY: dict[str, Predicate] = {
    "anyone": _anyone,
    "signed in": _signed_in,
    # roles that count in an area too; a target is a bid or a person
    "help others": _role_there("connector", "officer"),  # type for somebody else, on a basis
    "give quick sparks": _role_there("connector"),  # from a float of their own
    "open the desk": lambda who, _target: bool(who.has_somewhere("officer", "connector") or who.has("administrator", "finance")),
    "search the desk": lambda who, _target: bool(who.has_somewhere("officer") or who.has("administrator", "finance", "auditor")),
    "handle bids": _role_there("officer"),  # screen, ask, to the panel and back, letters, more time, reports, appeals
    "manage people": _people,
    # roles for the whole scheme: its money, its rounds, its panels
    "run rounds": _role("officer"),
    "open finance": _role("finance", "officer", "auditor"),
    "prepare payments": _role("finance", "officer"),
    "release payments": _role("finance", "officer"),
    "export": _role("finance", "officer", "auditor"),  # what is public anyway
    "export the books": _role("finance", "auditor"),
    "settle": _role("finance"),
    "keep the books": _role("finance"),  # close a period, give journals to the council's ledger; two people where nothing can be undone
    "publish": _role("officer"),  # sign off what the public gets, publish it, take it down
    "manage places": _role("officer", "administrator"),  # the scheme's own data, areas, ward codes
    "grant roles": _role("administrator"),
    "change settings": _role("administrator"),  # how the scheme looks, what its letters say, its rates, days off and limits
    "look after privacy": _role("officer", "administrator"),  # who saw what, what is kept how long, copies for who asks
    "join records": _role("officer", "administrator"),  # of a group that is here twice; of people as for "manage people"
    "reset second factors": _role("officer", "administrator"),  # of somebody else, whose phone is lost
    "manage panels": _role("officer"),
    "run the post room": _role("officer", "administrator"),  # print letters, deal with what could not be delivered
    # the same, and who helps others: letters without an address to people in their areas, which they hand over
    "hand over letters": lambda who, _target: bool(who.has("officer", "administrator") or who.has_somewhere("connector", "officer")),
    # panels: a seat is looked up where it matters (panels.queries.seat_of), because it has a term and ties
    # bids
    "see this bid": _see_bid,
    "edit this bid": _own,
    "give bank details": _bank_details,
    # groups
    "act for this group": _acts_for,  # target: its id
}
