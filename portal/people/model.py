"""Who someone is, what they act for, what they may do, and how they signed in."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.places.model import Area

ROLES = ("connector", "officer", "finance", "auditor", "administrator")
PLACED_ROLES = ("connector", "officer")  # those that may be given for an area; the others are about the scheme's money and rules
# resident: everybody; panel seat: kept in panels, with its term


class Person(Base):
    """A human being with contact details. Deleting one empties it; the row stays for the books."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("channel in ('email', 'sms', 'letter')", name="channel"),
        Index("uq_person_email", "email", unique=True),
        Index("uq_person_phone", "phone", unique=True),
        Index("ix_person_name", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # PER-....-....
    name: Mapped[str]
    email: Mapped[str | None]  # lower case
    phone: Mapped[str | None]  # E.164
    postal_address: Mapped[str] = mapped_column(default="")
    channel: Mapped[str] = mapped_column(default="email")  # how they want to be told
    large_print: Mapped[bool] = mapped_column(default=False)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    joined_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Organisation(Base):
    """A group, school, hub, business, charity or council team. Persons act for it."""

    __tablename__ = "organisation"
    __table_args__ = (CheckConstraint("kind in ('group', 'school', 'hub', 'business', 'charity', 'council')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # ORG-....-....
    name: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(default="group")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    charity_number: Mapped[str] = mapped_column(default="")
    company_number: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    if TYPE_CHECKING:
        like_a_person: bool  # called like somebody who is here; read with the row (`people.known`)

    @property
    def public_name(self) -> str:
        """What everybody may read: its name; of one that is called like a person, as of a person, the first name alone."""
        return self.name.partition(" ")[0] if self.like_a_person else self.name


class ActingFor(Base):
    """A person acts for an organisation from one day to another."""

    __tablename__ = "acting_for"
    __table_args__ = (
        Index(
            "uq_acting_for_open",
            "person_id",
            "organisation_id",
            unique=True,
            sqlite_where=text("until is null"),
            postgresql_where=text("until is null"),
        ),
        Index("ix_acting_for_organisation_id", "organisation_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    since: Mapped[date]
    until: Mapped[date | None]


class Invitation(Base):
    """A link that lets whoever opens it act for an organisation: once, for a while. Hashed at rest."""

    __tablename__ = "invitation"
    __table_args__ = (Index("ix_invitation_organisation_id", "organisation_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # INV-....-....
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    link_hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]  # whom it is meant for, as the inviter wrote it
    address: Mapped[str]  # where it was sent; emptied when it is used, withdrawn or forgotten
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    invited_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]


class Role(Base):
    """What the scheme trusts a person with, everywhere or in one area and all inside it, from one day to another."""

    __tablename__ = "role"
    __table_args__ = (
        CheckConstraint("name in ('connector', 'officer', 'finance', 'auditor', 'administrator')", name="name"),
        Index("ix_role_person_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    since: Mapped[date]
    until: Mapped[date | None]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(default="")

    area: Mapped[Area | None] = relationship(viewonly=True)


class Merger(Base):
    """Two records of one human being, or of one group, become one: one officer asks, a second person does it. It is never undone."""

    __tablename__ = "merger"
    __table_args__ = (
        CheckConstraint("status in ('asked', 'done', 'dropped')", name="status"),
        CheckConstraint("(kept_id is null) = (folded_id is null) and (kept_group_id is null) = (folded_group_id is null)", name="pair"),
        CheckConstraint("(kept_id is null) <> (kept_group_id is null)", name="one_of_two"),
        CheckConstraint("kept_id <> folded_id and kept_group_id <> folded_group_id", name="two_records"),
        CheckConstraint("(status = 'done') = (done_at is not null)", name="done"),
        CheckConstraint("(done_at is null) = (done_by_id is null)", name="done_by"),
        CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("uq_merger_folded", "folded_id", unique=True, sqlite_where=text("status <> 'dropped'"), postgresql_where=text("status <> 'dropped'")),
        Index("uq_merger_folded_group", "folded_group_id", unique=True, sqlite_where=text("status <> 'dropped'"), postgresql_where=text("status <> 'dropped'")),
        Index("ix_merger_kept_id", "kept_id"),
        Index("ix_merger_kept_group_id", "kept_group_id"),
        Index("ix_merger_status", "status", "id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # MRG-....-....
    kept_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # where the folded one leads now
    folded_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kept_group_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    folded_group_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    status: Mapped[str] = mapped_column(default="asked")
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[datetime | None]


class SignInCode(Base):
    """A link and a six-digit code sent to an address: single use, fifteen minutes, hashed at rest."""

    __tablename__ = "sign_in_code"
    __table_args__ = (
        Index("ix_sign_in_code_address_created_at", "address", "created_at"),
        Index("ix_sign_in_code_from", "from_address", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str]  # "sign-in", "change-email", ...
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: nobody is known there; the same answer is shown
    address: Mapped[str]  # the e-mail address or number it went to
    ticket: Mapped[str] = mapped_column(unique=True)  # names this attempt in the browser that asked; not secret alone
    link_hash: Mapped[str] = mapped_column(unique=True)
    code_hash: Mapped[str]
    next_path: Mapped[str] = mapped_column(default="/")
    from_address: Mapped[str] = mapped_column(default="")  # keyed hash of the network address that asked, for rate limits
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    wrong_tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class SignInSession(Base):
    """One signed-in browser. Ended by signing out here, everywhere, or by time."""

    __tablename__ = "sign_in_session"
    __table_args__ = (Index("ix_sign_in_session_person_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    device: Mapped[str] = mapped_column(default="")  # "Chrome on Android": so that a person knows which one to end
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # written at most once in five minutes
    proved_at: Mapped[datetime]  # last time the person proved who they are; bank details and releases ask for a fresh one
    second_at: Mapped[datetime | None]  # last time they gave their second factor in this browser
    ended_at: Mapped[datetime | None]


def _one_of_a_person(name: str, where: str) -> Index:
    return Index(name, "person_id", unique=True, sqlite_where=text(where), postgresql_where=text(where))


class SecondFactor(Base):
    """A key that an app on somebody's phone shares with us (RFC 6238). Not confirmed: it was shown and no code of it was typed yet."""

    __tablename__ = "second_factor"
    __table_args__ = (
        CheckConstraint("wrong_tries >= 0", name="wrong_tries"),
        CheckConstraint("confirmed_at is null or last_step is not null", name="last_step"),
        _one_of_a_person("uq_second_factor_confirmed", "confirmed_at is not null"),
        _one_of_a_person("uq_second_factor_shown", "confirmed_at is null"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sign_in_session.id"))  # where it is shown, until it is confirmed
    sealed: Mapped[str]  # the key, encrypted
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]  # the newest half minute whose code was taken; none of it or before counts again
    wrong_tries: Mapped[int] = mapped_column(default=0)
    wrong_since: Mapped[datetime | None]  # the first of them


class RecoveryCode(Base):
    """One of ten codes for the day when the phone is lost. Hashed at rest, each good once."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "code_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    code_hash: Mapped[str]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class HeldForm(Base):
    """What somebody sent just before we asked who they are, so that they need not type it again: one for a browser, for a while."""

    __tablename__ = "held_form"

    session_id: Mapped[int] = mapped_column(ForeignKey("sign_in_session.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    path: Mapped[str]
    sealed: Mapped[str]  # its fields, encrypted: bank details may be among them
    at: Mapped[datetime]


class RecordLook(Base):
    """Somebody of the programme was shown what we hold about somebody else. Only ever appended; the database refuses anything else."""

    __tablename__ = "record_look"
    __table_args__ = (
        CheckConstraint("by_id <> whom_id", name="by_another"),
        CheckConstraint("page <> '' and role <> ''", name="said"),
        Index("ix_record_look_whom_id", "whom_id", "id"),
        Index("ix_record_look_by_id", "by_id", "id"),
        Index("ix_record_look_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str]  # what they were at that moment: "officer", "connector", "finance", "auditor" or "administrator"
    whom_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    page: Mapped[str]  # which kind, as in seen.PAGES
    about: Mapped[str] = mapped_column(default="")  # the reference of the idea, run or card that was open


class KeepingRule(Base):
    """For how many days a kind of data is kept, where officers chose something else than what ships."""

    __tablename__ = "keeping_rule"
    __table_args__ = (CheckConstraint("days between 1 and 3650", name="days"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
