"""What a coordinator has seen about a member, and who waits for it. Never a document, never the number of one."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.people.model import Person
from portal.timebank.model import Member

STANDS = text("ended_at is null")
STANDS_ALONE = text("ended_at is null and kind <> 'reference'")  # of all others a new look takes the place of the old one


class Evidence(Base):
    """Something that was seen on a day, by somebody else than the member, and counts until it is looked at again."""

    __tablename__ = "evidence"
    __table_args__ = (
        CheckConstraint("kind in ('identity', 'reference', 'dbs', 'policy', 'consent')", name="kind"),
        CheckConstraint("review_on > seen_on", name="review"),
        CheckConstraint("kind = 'consent' or given_by = ''", name="given_by"),
        CheckConstraint("(ended_at is null) = (ended_by_id is null)", name="ended"),
        Index("ix_evidence_member_id_kind", "member_id", "kind"),
        Index("ix_evidence_review_on", "review_on", sqlite_where=STANDS, postgresql_where=STANDS),
        Index("uq_evidence_standing", "member_id", "kind", unique=True, sqlite_where=STANDS_ALONE, postgresql_where=STANDS_ALONE),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str]
    seen_on: Mapped[date]
    seen_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    review_on: Mapped[date]  # the last day on which it counts
    given_by: Mapped[str] = mapped_column(default="")  # who consents, for who is 16 or 17
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]

    member: Mapped[Member] = relationship(viewonly=True)
    seen_by: Mapped[Person] = relationship(foreign_keys=[seen_by_id], viewonly=True)


class EvidenceWanted(Base):
    """A member who was stopped for want of evidence, until it is there or a coordinator says that it is not needed."""

    __tablename__ = "evidence_wanted"
    __table_args__ = (
        CheckConstraint("level in ('home', 'at_risk', 'consent')", name="level"),
        CheckConstraint("times > 0", name="times"),
        UniqueConstraint("member_id", "level"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    level: Mapped[str]  # of the kind of help; "consent": of anything
    asked_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)  # how often it was opened; each is told once
    settled_at: Mapped[datetime | None]

    member: Mapped[Member] = relationship(viewonly=True)
