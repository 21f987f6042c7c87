"""Signed-in browsers: a row each, found by the hash of a random token, ended by sign-out, everywhere, or time."""

import hashlib
import secrets
from datetime import date, timedelta

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, literal, or_, select, true, union_all, update

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.people.access import SECOND, Who
from portal.people.model import ActingFor, Person, Role, SecondFactor, SignInSession
from portal.places.model import Area

IDLE = timedelta(days=30)
IDLE_STAFF = timedelta(hours=1)  # officers, finance, administrators
ABSOLUTE = timedelta(days=180)
ABSOLUTE_STAFF = timedelta(hours=12)
STAFF = ("officer", "finance", "administrator", "auditor")
TOUCH = timedelta(minutes=5)


# Asked by every request of somebody signed in, and built once: building it costs more than the database takes to answer.
# Who has the token; a row for each role, for each area inside one that a role is for, and (without a name) for each organisation.
_behind = (
    select(
        Person.id, Person.ref, Person.name.label("called"), Person.area_id.label("home_id"), SignInSession.id.label("session_id"),
        SignInSession.created_at, SignInSession.seen_at, SignInSession.proved_at, SignInSession.second_at,
        exists().where(SecondFactor.person_id == Person.id, SecondFactor.confirmed_at.is_not(None)).label("factor"),
    )
    .join(SignInSession, SignInSession.person_id == Person.id)
    .where(SignInSession.token_hash == bindparam("token"), SignInSession.ended_at.is_(None), Person.deleted_at.is_(None))
    .cte("behind")
)  # fmt: skip


def _in_force(table: type[Role] | type[ActingFor]) -> ColumnElement[bool]:
    today: BindParameter[date] = bindparam("today")
    mine = table.person_id == select(_behind.c.id).scalar_subquery()
    return and_(mine, table.since <= today, or_(table.until.is_(None), table.until >= today))


_placed = (
    select(Role.name.label("name"), Role.area_id.label("area_id")).where(_in_force(Role), Role.area_id.is_not(None)).cte(recursive=True)
)
_placed = _placed.union(select(_placed.c.name, Area.id).join(_placed, Area.parent_id == _placed.c.area_id))  # with all inside, retired too
_standing = union_all(
    select(Role.name, Role.area_id).where(_in_force(Role), Role.area_id.is_(None)),
    select(_placed.c.name, _placed.c.area_id),
    select(literal(""), ActingFor.organisation_id).where(_in_force(ActingFor)),
).subquery("standing")
WHO = select(_behind, _standing.c.name, _standing.c.area_id).select_from(_behind.outerjoin(_standing, true()))


def hashed(secret: str) -> str:
    """How secrets with full entropy are kept: SHA-256, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(person_id: int, device: str) -> str:
    """A fresh session as a part of signing in; returns the token for the cookie (256 bits)."""
    must_be_in_transaction()
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.session.add(
        SignInSession(token_hash=hashed(token), person_id=person_id, device=device[:80], created_at=now, seen_at=now, proved_at=now)
    )
    return token


def who_has(token: str, *, second: bool = False) -> Who | None:
    """The person behind a token, or None when the session ended, idled out or grew too old. One query, a write in five minutes.

    Roles that need a second factor sleep until it was given in this browser: of whoever has one, and with `second` of everybody.
    """
    now = clock.now()
    rows = db.session.execute(WHO, {"token": hashed(token), "today": clock.today()}).tuples().all()
    if not rows:
        return None
    person_id, ref, name, area_id, session_id, created_at, seen_at, proved_at, second_at, factor = rows[0][:10]
    roles = frozenset((role, area) for *_person, role, area in rows if role)
    acts_for = frozenset(organisation for *_person, role, organisation in rows if role == "")
    staff = any(role in STAFF for role, _area in roles)
    if now - seen_at > (IDLE_STAFF if staff else IDLE) or now - created_at > (ABSOLUTE_STAFF if staff else ABSOLUTE):
        return None
    if now - seen_at > TOUCH:
        _touch(session_id)
    asleep = frozenset(each for each in roles if each[0] in SECOND) if second_at is None and (factor or second) else frozenset()
    return Who(person_id, ref, name, area_id, roles - asleep, acts_for, session_id, proved_at, asleep, bool(factor), second_at, token)


def _touch(session_id: int) -> None:
    with transaction():
        db.session.execute(update(SignInSession).where(SignInSession.id == session_id).values(seen_at=clock.now()))


def prove(session_id: int) -> None:
    """A code was entered again: bank details and releases are open for a while. Part of an action."""
    must_be_in_transaction()
    db.session.execute(update(SignInSession).where(SignInSession.id == session_id).values(proved_at=clock.now()))


def give_second(session_id: int) -> None:
    """The second factor was given in this browser: roles that need one are awake in it, and it is a fresh proof. Part of an action."""
    must_be_in_transaction()
    now = clock.now()
    db.session.execute(update(SignInSession).where(SignInSession.id == session_id).values(second_at=now, proved_at=now))


def put_to_sleep(person_id: int, but: int) -> None:
    """Somebody has a new second factor, given in the session `but`: in their other browsers it is asked for anew. Part of an action."""
    must_be_in_transaction()
    others = SignInSession.person_id == person_id, SignInSession.id != but, SignInSession.second_at.is_not(None)
    db.session.execute(update(SignInSession).where(*others).values(second_at=None))


def renew(session_id: int) -> str:
    """A fresh token for a session that goes on, in the place of the one it had. Part of an action."""
    must_be_in_transaction()
    token = secrets.token_urlsafe(32)
    which = SignInSession.id == session_id, SignInSession.ended_at.is_(None)
    db.session.execute(update(SignInSession).where(*which).values(token_hash=hashed(token)))
    return token


def end(session_id: int) -> None:
    """Sign out of one browser. Part of an action."""
    must_be_in_transaction()
    db.session.execute(
        update(SignInSession).where(SignInSession.id == session_id, SignInSession.ended_at.is_(None)).values(ended_at=clock.now())
    )


def end_all(person_id: int) -> None:
    """Sign out everywhere. Part of an action."""
    must_be_in_transaction()
    db.session.execute(
        update(SignInSession).where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None)).values(ended_at=clock.now())
    )
