"""Signed-in browsers: a row each, found by the hash of a random token, ended by sign-out, everywhere, or time."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Executable, and_, bindparam, literal, or_, select, union_all, update

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.people.access import Who
from portal.people.model import ActingFor, Person, Role, SignInSession
from portal.places.model import Area

IDLE = timedelta(days=30)
IDLE_STAFF = timedelta(hours=1)  # officers, finance, administrators
ABSOLUTE = timedelta(days=180)
ABSOLUTE_STAFF = timedelta(hours=12)
STAFF = ("officer", "finance", "administrator", "auditor")
TOUCH = timedelta(minutes=5)


def _in_force(table: type[Role] | type[ActingFor]) -> ColumnElement[bool]:
    today: BindParameter[date] = bindparam("today")
    return and_(table.person_id == bindparam("person"), table.since <= today, or_(table.until.is_(None), table.until >= today))


# asked by every request of somebody signed in, and built once: building them costs more than the database takes to answer
BEHIND = (
    select(
        Person.id, Person.ref, Person.name, Person.area_id, SignInSession.id, SignInSession.created_at, SignInSession.seen_at,
        SignInSession.proved_at,
    )
    .join(SignInSession, SignInSession.person_id == Person.id)
    .where(SignInSession.token_hash == bindparam("token"), SignInSession.ended_at.is_(None), Person.deleted_at.is_(None))
)  # fmt: skip
_placed = (
    select(Role.name.label("name"), Role.area_id.label("area_id")).where(_in_force(Role), Role.area_id.is_not(None)).cte(recursive=True)
)
_placed = _placed.union(select(_placed.c.name, Area.id).join(_placed, Area.parent_id == _placed.c.area_id))  # with all inside, retired too
STANDING: Executable = union_all(
    select(Role.name, Role.area_id).where(_in_force(Role), Role.area_id.is_(None)),
    select(_placed.c.name, _placed.c.area_id),
    select(literal(""), ActingFor.organisation_id).where(_in_force(ActingFor)),
)


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


def who_has(token: str) -> Who | None:
    """The person behind a token, or None when the session ended, idled out or grew too old. Two queries, a write in five minutes."""
    now = clock.now()
    row = db.session.execute(BEHIND, {"token": hashed(token)}).one_or_none()
    if row is None:
        return None
    person_id, ref, name, area_id, session_id, created_at, seen_at, proved_at = row
    roles, acts_for = _standing(person_id)
    staff = any(role in STAFF for role, _area in roles)
    if now - seen_at > (IDLE_STAFF if staff else IDLE) or now - created_at > (ABSOLUTE_STAFF if staff else ABSOLUTE):
        return None
    if now - seen_at > TOUCH:
        _touch(session_id)
    return Who(person_id, ref, name, area_id, roles, acts_for, session_id, proved_at, token)


def _standing(person_id: int) -> tuple[frozenset[tuple[str, int | None]], frozenset[int]]:
    """Roles, those for an area with all inside it, and organisations, in force today; in one query."""
    rows: Sequence[Any] = db.session.execute(STANDING, {"person": person_id, "today": clock.today()}).all()
    return frozenset((name, area) for name, area in rows if name), frozenset(org for name, org in rows if not name)


def _touch(session_id: int) -> None:
    with transaction():
        db.session.execute(update(SignInSession).where(SignInSession.id == session_id).values(seen_at=clock.now()))


def prove(session_id: int) -> None:
    """A code was entered again: bank details and releases are open for a while. Part of an action."""
    must_be_in_transaction()
    db.session.execute(update(SignInSession).where(SignInSession.id == session_id).values(proved_at=clock.now()))


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
