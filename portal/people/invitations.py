"""Joining a group by invitation: a link by message, good once and for two weeks. Pressing its button lets a person act for the group."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, update

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.outbox import Addressee, Text, address_of, queue
from portal.people import queries
from portal.people.actions import act_for
from portal.people.model import ActingFor, Invitation, Organisation
from portal.people.sessions import hashed
from portal.refs import new_ref
from portal.words import _

LIFE = timedelta(days=14)
MOST_WAITING = 10


def invite(organisation_id: int, name: str, contact: tuple[str, str], actor: Actor) -> str:
    """Ask somebody to act for a group; returns the invitation's reference. `contact` is (channel, address).

    Refused: they act for it already, or too many invitations wait (the link could be used to pester strangers).
    """
    channel, address = contact
    now = clock.now()
    with transaction():
        group = db.session.get(Organisation, organisation_id, with_for_update=True)
        if group is None or group.archived_at is not None:
            raise NotFound(_("We do not know that group."))
        known = queries.person_at(channel, address)
        if known and _acts_for(known.id, organisation_id):
            raise Refused(_("They act for this group already."), "address")
        if len(waiting(organisation_id)) >= MOST_WAITING:
            raise Refused(_("%(most)d invitations wait for an answer. Take one back first.", most=MOST_WAITING))
        assert actor.person_id is not None
        link = secrets.token_urlsafe(24)
        made = Invitation(
            ref=new_ref("INV"), organisation_id=organisation_id, link_hash=hashed(link), name=name, address=address, invited_by_id=actor.person_id,
            invited_at=now, expires_at=now + LIFE,
        )  # fmt: skip
        db.session.add(made)
        inviter = queries.person(actor.person_id).name
        url = address_of(f"/people/join/{link}")
        text = Text(
            subject=_("%(inviter)s asks you to act for %(group)s", inviter=inviter, group=group.name),
            body=_(
                "Hello %(name)s,\n\n%(inviter)s asks you to act for %(group)s: you can then write and send its ideas and see its grants.\n\nIf you want to, open this link and press the button:\n\n%(url)s\n\nIt works once, for 14 days. If you do not know what this is about, you can forget this message.",
                name=name, inviter=inviter, group=group.name, url=url,
            ),
            short=_("%(inviter)s asks you to act for %(group)s: %(url)s", inviter=inviter[:40], group=group.name[:60], url=url),
        )  # fmt: skip
        queue(
            f"invitation:{made.ref}", Addressee(name, channel, address, known.id if known else None), text, about=f"organisation:{group.id}"
        )
        record(f"organisation:{group.id}", "invited", actor, invitation=made.ref)
        return made.ref


def withdraw(organisation_id: int, ref: str, actor: Actor) -> None:
    """Take an invitation back: its link is dead. NotFound: none of this group waits under that reference."""
    with transaction():
        found = db.session.scalar(
            select(Invitation).where(Invitation.ref == ref, Invitation.organisation_id == organisation_id, _open()).with_for_update()
        )
        if found is None:
            raise NotFound(_("That invitation does not wait any more."))
        found.withdrawn_at, found.address = clock.now(), ""
        record(f"organisation:{organisation_id}", "invitation_withdrawn", actor, invitation=ref)


def accept(link: str, person_id: int) -> str:
    """Whoever holds the link acts for the group from now on; returns the group's reference.

    Refused: used, taken back or too old; they act for it already, and then the link stays good for whom it was meant for.
    """
    with transaction():
        found = db.session.scalar(select(Invitation).where(Invitation.link_hash == hashed(link), _open()).with_for_update())
        if found is None:
            raise Refused(_("That invitation has been used or is too old. Ask for a new one."))
        group = db.session.get_one(Organisation, found.organisation_id)
        if _acts_for(person_id, group.id):
            raise Refused(_("You act for %(group)s already. This link is for somebody else.", group=group.name))
        act_for(person_id, group.id, Actor(person_id))
        found.used_at, found.used_by_id, found.address = clock.now(), person_id, ""
        inviter, joined = queries.person(found.invited_by_id), queries.person(person_id)
        text = Text(
            subject=_("%(name)s now acts for %(group)s", name=joined.name, group=group.name),
            body=_("%(name)s has accepted your invitation and now acts for %(group)s.", name=joined.name, group=group.name),
            short=_("%(name)s now acts for %(group)s.", name=joined.name[:60], group=group.name[:80]),
        )
        if inviter.deleted_at is None:
            queue(f"invitation:{found.ref}:used", queries.addressee_of(inviter), text, about=f"organisation:{group.id}")
        return group.ref


def by_link(link: str) -> tuple[str, str] | None:
    """(who asks, the group's name) while a link can be used; for the page with its button."""
    found = db.session.scalar(select(Invitation).where(Invitation.link_hash == hashed(link), _open()))
    if found is None:
        return None
    return queries.person(found.invited_by_id).name, db.session.get_one(Organisation, found.organisation_id).name


def waiting(organisation_id: int) -> Sequence[Invitation]:
    """Invitations of a group that can still be used, newest first."""
    return db.session.scalars(
        select(Invitation).where(Invitation.organisation_id == organisation_id, _open()).order_by(Invitation.id.desc())
    ).all()


def forget(before: datetime) -> int:
    """Empty what invitations that ended before an instant say of the person they were meant for (the worker's work)."""
    with transaction():
        done = db.session.execute(
            update(Invitation)
            .where(func.coalesce(Invitation.used_at, Invitation.withdrawn_at, Invitation.expires_at) < before, Invitation.name != "")
            .values(name="", address="")
        )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _open() -> ColumnElement[bool]:
    return and_(Invitation.used_at.is_(None), Invitation.withdrawn_at.is_(None), Invitation.expires_at > clock.now())


def _acts_for(person_id: int, organisation_id: int) -> bool:
    return (
        db.session.scalar(
            select(ActingFor.id)
            .where(
                ActingFor.person_id == person_id, ActingFor.organisation_id == organisation_id, queries.in_force(ActingFor, clock.today())
            )
            .limit(1)
        )
        is not None
    )
