"""Reading persons, organisations and what they may do."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db
from portal.errors import NotFound, Refused
from portal.history import Event, events_of
from portal.outbox import Addressee, Message
from portal.people import merged
from portal.people.model import ActingFor, Organisation, Person, Role, SecondFactor, SignInSession
from portal.places.model import Area
from portal.places.queries import LIES_IN, Kept, outside_of
from portal.words import _, _n

DEMO_DOMAIN = "@demo.kindling.example"

# rooms above add what they hold about a person (for "export my data") and what keeps them from leaving
COLLECTORS: dict[str, Callable[[int], Any]] = {}
KEEPS_FROM_LEAVING: list[Callable[[int], str | None]] = []
# what they do when a person has a new e-mail address or number, as a part of that action: know them again whom they met there before
AT_NEW_ADDRESS: list[Callable[[Person], None]] = []
# what they lock before any of them does, because their own actions lock in that order
BEFORE_NEW_ADDRESS: list[Callable[[], None]] = []
# whether somebody is trusted with more than residents are, by what a room above knows of them (a seat): the desk never changes their details
TRUSTED: list[Callable[[int], bool]] = []
# what they forget when a person leaves, as a part of that action; each returns the files of pictures that nobody needs now
ERASERS: list[Callable[[Person], Sequence[str]]] = []
# what they lock for the person who leaves (an id) before they are locked and anything is forgotten, because their own actions lock in that order
BEFORE_LEAVING: list[Callable[[int], None]] = []


@dataclass(frozen=True)
class Setting:
    """Something that a person sets with one tap, on the page about them. `buttons`: (where it is sent, its words, its tone)."""

    heading: str
    sentence: str
    buttons: Sequence[tuple[str, str, str]]


# what rooms above let a person set there; each one query
SETTINGS: list[Callable[[Person], Setting]] = []


def person(id_: int) -> Person:
    """One person by id. NotFound."""
    found = db.session.get(Person, id_)
    if found is None:
        raise NotFound(_("We do not know that person."))
    return found


def person_by_ref(ref: str) -> Person:
    """One person by public reference. NotFound."""
    found = db.session.scalar(select(Person).where(Person.ref == ref))
    if found is None:
        raise NotFound(_("We do not know that person."))
    return found


def person_at(channel: str, address: str) -> Person | None:
    """Who is reached at an e-mail address or number, if anybody of the scheme is; also where it stands on a record that is another one now."""
    column = Person.email if channel == "email" else Person.phone
    found = db.session.scalar(select(Person).where(column == address, Person.deleted_at.is_(None)))
    return found or merged.reached_at(column, address)


def names(ids: Iterable[int | None]) -> Mapping[int, str]:
    """Names by id, in one query."""
    wanted = {id_ for id_ in ids if id_ is not None}
    return dict(db.session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted))).tuples().all()) if wanted else {}


def addressee_of(someone: Person) -> Addressee:
    """How they want to be told, or the next best way that exists; a letter when nothing else does."""
    ways = {"email": someone.email or "", "sms": someone.phone or "", "letter": someone.postal_address}
    for channel in (someone.channel, "email", "sms"):
        if ways[channel]:
            return Addressee(someone.name, channel, ways[channel], someone.id)
    return Addressee(someone.name, "letter", someone.postal_address, someone.id)


def in_force(table: type[Role] | type[ActingFor], day: date) -> Any:
    """Rows that hold on a day."""
    return and_(table.since <= day, or_(table.until.is_(None), table.until >= day))


def organisations_of(person_id: int) -> Sequence[Organisation]:
    """Organisations a person acts for today, by name."""
    return db.session.scalars(
        select(Organisation)
        .join(ActingFor, ActingFor.organisation_id == Organisation.id)
        .where(ActingFor.person_id == person_id, in_force(ActingFor, clock.today()), Organisation.archived_at.is_(None))
        .order_by(Organisation.name)
    ).all()


def organisation_by_ref(ref: str) -> Organisation:
    """One organisation by public reference. NotFound."""
    found = db.session.scalar(select(Organisation).where(Organisation.ref == ref))
    if found is None:
        raise NotFound(_("We do not know that group."))
    return found


def organisation(id_: int) -> Organisation:
    """One organisation by id. NotFound."""
    found = db.session.get(Organisation, id_)
    if found is None:
        raise NotFound(_("We do not know that group."))
    return found


def hubs() -> Sequence[Organisation]:
    """Community hubs that are there, by name."""
    query = select(Organisation).where(Organisation.kind == "hub", Organisation.archived_at.is_(None))
    return db.session.scalars(query.order_by(Organisation.name, Organisation.id)).all()


def role_of(person_id: int, role_id: int) -> Role:
    """A role that a person holds or held. NotFound."""
    found = db.session.get(Role, role_id)
    if found is None or found.person_id != person_id:
        raise NotFound(_("They do not hold that role."))
    return found


def demo_persons() -> Sequence[Person]:
    """Whom the demo offers at its sign-in page; the part of the address before the first dot says what they do."""
    return db.session.scalars(
        select(Person).where(Person.email.like("%" + DEMO_DOMAIN), Person.deleted_at.is_(None)).order_by(Person.id)
    ).all()


def roles_of(person_id: int) -> Sequence[Role]:
    """All roles a person holds or held, with their areas, newest first."""
    query = select(Role).where(Role.person_id == person_id).options(joinedload(Role.area))
    return db.session.scalars(query.order_by(Role.since.desc(), Role.id.desc())).all()


def holders(*roles: str, at: int | None = None) -> Sequence[Person]:
    """Persons who hold one of these roles today for the whole scheme, or for what the area `at` is or lies in; by name."""
    return db.session.scalars(
        select(Person)
        .where(Person.id.in_(select(Role.person_id).where(Role.name.in_(roles), _counts(at))), Person.deleted_at.is_(None))
        .order_by(Person.name)
    ).all()


def holds(person_id: int, role: str, at: int | None) -> bool:
    """Whether somebody holds a role today for the whole scheme, or for what the area `at` is or lies in."""
    return db.session.scalar(select(Role.id).where(Role.person_id == person_id, Role.name == role, _counts(at)).limit(1)) is not None


def _counts(at: int | None) -> Any:
    """Roles that hold today and count in an area; None: those for the whole scheme."""
    there = Role.area_id.is_(None) if at is None else or_(Role.area_id.is_(None), Role.area_id.in_(outside_of(at)))
    return and_(in_force(Role, clock.today()), there)


def areas_given(person_id: int, *roles: str) -> Sequence[str]:
    """Names of the areas for which somebody holds one of these roles today."""
    return db.session.scalars(
        select(Area.name)
        .join(Role, Role.area_id == Area.id)
        .where(Role.person_id == person_id, Role.name.in_(roles), in_force(Role, clock.today()))
        .distinct()
        .order_by(Area.name)
    ).all()


def must_help_in(person_id: int, at: int | None) -> None:
    """Before somebody types for another: Refused when their roles for that are all for other areas. A role that has ended meanwhile
    keeps nobody from finishing what they began.
    """
    names = ("connector", "officer")
    if at is None or any(holds(person_id, name, at) for name in names):
        return
    if theirs := areas_given(person_id, *names):
        raise Refused(
            _("You help others in %(areas)s. Choose a place there, or ask a colleague to write this down.", areas=", ".join(theirs)), "area"
        )


def roles_in_force() -> Sequence[tuple[Role, Person]]:
    """Every role that somebody holds today, with who holds it; by role and name."""
    rows = db.session.execute(
        select(Role, Person)
        .join(Person, Person.id == Role.person_id)
        .where(in_force(Role, clock.today()), Person.deleted_at.is_(None))
        .options(joinedload(Role.area))
        .order_by(Role.name, Person.name, Role.id)
    )
    return [(role, someone) for role, someone in rows]


def role_events(limit: int = 50) -> Sequence[Event]:
    """The latest roles that were given or ended, newest first."""
    return db.session.scalars(
        select(Event).where(Event.kind.in_(("role_granted", "role_ended"))).order_by(Event.at.desc(), Event.id.desc()).limit(limit)
    ).all()


def story_of(about: str, limit: int = 50) -> Sequence[tuple[Event, str]]:
    """What happened with something ("person:12") lately, newest first, with the name of who did it; one query."""
    rows = db.session.execute(
        select(Event, Person.name)
        .outerjoin(Person, Person.id == Event.actor_id)
        .where(Event.about == about)
        .order_by(Event.id.desc())
        .limit(limit)
    )
    return [(event, name or "") for event, name in rows]


def acting_for(organisation_id: int) -> Sequence[tuple[ActingFor, Person]]:
    """Who acts for an organisation today, by name."""
    rows = db.session.execute(
        select(ActingFor, Person)
        .join(Person, Person.id == ActingFor.person_id)
        .where(ActingFor.organisation_id == organisation_id, in_force(ActingFor, clock.today()), Person.deleted_at.is_(None))
        .order_by(Person.name)
    )
    return [(row, someone) for row, someone in rows]


def search(
    text: str, after: tuple[str, int] | None = None, limit: int = 30, *, areas: Collection[int] | None = None, names: bool = True
) -> Sequence[Person]:
    """Persons whose name begins with, or whose address or reference is, what was typed; by name, keyset-paged by (name, id).

    `areas`: only those who live there; None: all. `names`: False finds by address and reference alone, where it must be one person.
    """
    query = select(Person).where(Person.deleted_at.is_(None))
    if areas is not None:
        query = query.where(Person.area_id.in_(areas))
    if text:
        lower = text.strip().lower()
        pattern = lower.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        number = "".join(letter for letter in text if letter.isdigit() or letter == "+")
        number = "+44" + number[1:] if number.startswith("0") else number
        query = query.where(
            or_(
                *([func.lower(Person.name).like(pattern, escape="\\")] if names else ()),
                Person.email == lower,
                Person.phone == number,
                Person.ref == text.strip().upper(),
            )
        )
    if after:
        query = query.where(or_(Person.name > after[0], and_(Person.name == after[0], Person.id > after[1])))
    return db.session.scalars(query.order_by(Person.name, Person.id).limit(limit)).all()


def called(name: str, area_id: int) -> Sequence[Person]:
    """Who is called like that and lives there, or nowhere that we know. One query."""
    return _called(name, or_(Person.area_id == area_id, Person.area_id.is_(None)))


def called_anywhere(name: str) -> Sequence[Person]:
    """Who is called like that, wherever they live, by their number. One query."""
    return _called(name)


def _called(name: str, *where: ColumnElement[bool]) -> Sequence[Person]:
    query = select(Person).where(func.lower(Person.name) == name.lower(), Person.deleted_at.is_(None), *where)
    return db.session.scalars(query.order_by(Person.id).limit(10)).all()


def in_short(someone: Person, *, known: bool = True) -> str:
    """Enough to tell two of one name apart, to who may type for both; not `known` (they help others elsewhere): no address, only the area."""
    if not known:
        home = db.session.get(Area, someone.area_id) if someone.area_id is not None else None
        return f"{someone.name}, {home.name if home is not None else _('no area')}, {someone.ref}"
    where = someone.postal_address.split("\n")[0] or someone.email or someone.phone or _("no address")
    return f"{someone.name}, {where}, {someone.ref}"


def sessions_of(person_id: int) -> Sequence[SignInSession]:
    """Browsers that are signed in, last seen first."""
    return db.session.scalars(
        select(SignInSession)
        .where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None))
        .order_by(SignInSession.seen_at.desc())
    ).all()


def all_about(person_id: int) -> dict[str, Any]:
    """Everything we hold about a person, as JSON, from every room; and what stands under records that were folded into theirs."""
    older = {someone.ref: _all_under(someone.id) for someone in merged.folded_into(person_id)}
    return _all_under(person_id) | ({"records that became this one": older} if older else {})


def _all_under(person_id: int) -> dict[str, Any]:
    me = person(person_id)
    acted = db.session.execute(
        select(ActingFor, Organisation.name)
        .join(Organisation, Organisation.id == ActingFor.organisation_id)
        .where(ActingFor.person_id == person_id)
    )
    area = db.session.scalar(select(Area.name).where(Area.id == me.area_id)) if me.area_id else None
    own = {
        "reference": me.ref, "name": me.name, "email": me.email, "telephone": me.phone, "postal address": me.postal_address, "area": area,
        "told by": me.channel, "large print": me.large_print, "joined": me.joined_at.isoformat(),
        "roles": [
            {"role": role.name, "area": role.area and role.area.name, "since": role.since.isoformat(), "until": role.until and role.until.isoformat(), "why": role.reason}
            for role in roles_of(person_id)
        ],
        "acts for": [{"group": name, "since": row.since.isoformat(), "until": row.until and row.until.isoformat()} for row, name in acted],
        "signed in": [{"device": row.device, "since": row.created_at.isoformat(), "seen": row.seen_at.isoformat()} for row in sessions_of(person_id)],
        "second step since": db.session.scalar(select(SecondFactor.confirmed_at).where(SecondFactor.person_id == person_id, SecondFactor.confirmed_at.is_not(None))),
        "what happened": [
            {"when": event.at.isoformat(), "what": event.kind, "why": event.reason, **event.data} for event in events_of(f"person:{person_id}")
        ],
        "messages to you": [
            {"when": row.created_at.isoformat(), "by": row.channel, "to": row.address, "subject": row.subject, "text": row.body, "sent": row.sent_at and row.sent_at.isoformat()}
            for row in _messages_to(me)
        ],
    }  # fmt: skip
    return {"you": own} | {name: collect(person_id) for name, collect in COLLECTORS.items()}


def _messages_to(me: Person) -> Sequence[Message]:
    """Messages to a person, and to an address of theirs before we knew them, oldest first; without sign-in codes, which open the door to whoever reads them."""
    addresses = [part for part in (me.email, me.phone) if part]
    to_them = or_(Message.person_id == me.id, Message.id.in_(loose_messages(me.name, addresses)))
    return db.session.scalars(select(Message).where(to_them, Message.about != "sign-in").order_by(Message.id)).all()


def loose_messages(name: str, addresses: Sequence[str]) -> Sequence[int]:
    """Ids of what went to addresses before we knew whose they are, to somebody of this name or to no name. A family may share an address:
    what went there to another first name is not theirs. One query.
    """
    query = select(Message.id, Message.to_name).where(Message.person_id.is_(None), Message.address.in_(addresses))
    first = name.casefold().split()[:1]
    return [id_ for id_, to_name in db.session.execute(query).tuples() if to_name.casefold().split()[:1] in ([], first)]


def _only_administrator(person_id: int) -> str | None:
    held = holders("administrator")
    if [one.id for one in held] == [person_id]:
        return _("You are the only administrator. Give the role to another person first.")
    return None


KEEPS_FROM_LEAVING.append(_only_administrator)


def _live_in(area: Area) -> Kept | None:
    number = db.session.scalar(select(func.count()).where(Person.area_id == area.id, Person.deleted_at.is_(None))) or 0
    told = _n("One person says that they live here. They are asked for another place.", "%(num)d people say that they live here. They are asked for another place.", number)  # fmt: skip
    return Kept(told) if number else None


LIES_IN.append(_live_in)


def why_not_leave(person_id: int) -> str | None:
    """A sentence when something keeps this person from being deleted now."""
    return next((why for ask in KEEPS_FROM_LEAVING if (why := ask(person_id))), None)
