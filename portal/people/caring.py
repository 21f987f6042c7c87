"""What the desk changes for a person who cannot do it alone: their name, how they are reached, where they live.

Whoever can read somebody's messages can sign in as them. So only the details of people without a role or a seat are changed here, with
a reason and a basis, and every way in that they had before is told.
"""

from dataclasses import dataclass

from sqlalchemy import delete, select

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.outbox import Addressee, Text, queue
from portal.people import actions, merged, queries
from portal.people.model import Person, Role, SignInCode
from portal.words import N_, _

WORDS = {
    "name": N_("name"), "email": N_("e-mail address"), "phone": N_("telephone number"), "postal_address": N_("postal address"),
    "channel": N_("how they are told"), "large_print": N_("large print"), "area_id": N_("where they live"),
}  # fmt: skip


@dataclass(frozen=True)
class Details:
    """What the desk may change. `channel`: "email", "sms" or "letter", which may be handed over when there is no postal address."""

    name: str
    email: str | None
    phone: str | None
    postal_address: str
    channel: str
    large_print: bool
    area_id: int | None

    @staticmethod
    def of(someone: Person) -> "Details":
        """As they stand."""
        return Details(**{field: getattr(someone, field) for field in WORDS})


def why_not(someone: Person, by: int | None) -> str | None:
    """A sentence when the desk may not change this person's details: they have a role or a seat, or it is oneself."""
    if someone.id == by:
        return _("Change your own details on the page “About you”.")
    today = clock.today()
    held = select(Role.id).where(Role.person_id == someone.id, (Role.until.is_(None)) | (Role.until >= today))
    if db.session.scalar(held.limit(1)) is not None or any(holds(someone.id) for holds in queries.TRUSTED):
        return _("They have a role in the scheme, so only they change their details, on their page “About you”.")
    return None


def change_details(person_id: int, given: Details, reason: str, actor: Actor) -> None:
    """The same as `change_for`, as an action of its own, for the desk's list of people."""
    with transaction():
        change_for(person_id, given, reason, actor)


def change_for(person_id: int, given: Details, reason: str, actor: Actor) -> tuple[str, ...]:
    """Change a person's details for them, as a part of an action; returns what is new, as in WORDS. Nothing new changes nothing.

    Refused: no reason, a person with a role or a seat, oneself, an address of somebody else, a way to be told that there is no address for.
    """
    must_be_in_transaction()
    someone = db.session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if someone is None or someone.deleted_at is not None:
        raise NotFound(_("We do not know that person."))
    if not reason:
        raise Refused(_("Write why, in a few words."), "reason")
    if (why := why_not(someone, actor.person_id)) is not None:
        raise Refused(why)
    before = Details.of(someone)
    changed = tuple(field for field in WORDS if getattr(before, field) != getattr(given, field))
    _judge(someone, given)
    if not changed:
        return ()
    if {"email", "phone"} & set(changed):
        merged.close_doors(someone.id)
    for field in changed:
        setattr(someone, field, getattr(given, field))
    by = Actor(actor.person_id, someone.id, actor.basis)
    if "area_id" in changed and before.area_id is not None:
        record(f"person:{someone.id}", "home_changed", by, reason=reason)
    event = record(f"person:{someone.id}", "details_changed", by, reason=reason, changed=list(changed))
    db.session.flush()
    if {"email", "phone"} & set(changed):
        _close_old_doors(someone, before)
        actions.at_new_address(someone)
    _tell(someone, before, changed, event.id)
    return changed


def _judge(someone: Person, given: Details) -> None:
    for way, address, field in (("email", given.email, "email"), ("sms", given.phone, "phone")):
        other = queries.person_at(way, address) if address else None
        if other is not None and other.id != someone.id:
            raise Refused(_("%(address)s belongs to somebody who is with us already.", address=address), field)
    if not {"email": given.email, "sms": given.phone, "letter": True}[given.channel]:
        raise Refused(_("We have no address for that yet. Add it first, or choose another way."), "channel")


def _close_old_doors(someone: Person, before: Details) -> None:
    """Codes on their way to an address that is theirs no more open nothing."""
    gone = {before.email, before.phone} - {someone.email, someone.phone, None}
    db.session.execute(delete(SignInCode).where(SignInCode.address.in_(gone), SignInCode.used_at.is_(None)))


def _tell(someone: Person, before: Details, changed: tuple[str, ...], number: int) -> None:
    """To every way in that they had before, or to those that they have now: a thief would change it first."""
    had = {"email": before.email, "sms": before.phone}
    ways = had if any(had.values()) else {"email": someone.email, "sms": someone.phone}
    values = {"what": ", ".join(_(WORDS[field]) for field in changed)}
    text = Text(
        subject=_("Somebody at the desk changed your details"),
        body=_(
            "Somebody at the desk has changed what we know of you: %(what)s.\n\nIf you did not ask for that, call us at once.", **values
        ),
        short=_("Our desk has changed what we know of you: %(what)s. If you did not ask for that, call us at once.", **values),
    )
    for way, address in ways.items():
        if address:
            queue(f"details:{number}:{way}", Addressee(someone.name, way, address, someone.id), text, about="sign-in")
