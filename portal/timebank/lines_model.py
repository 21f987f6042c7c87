"""What members say is wrong with a line of their statement that has no page of its own: a gift, hours of a pot, what was brought along."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.timebank.model import Member


class LineQuestion(Base):
    """Once for each member and entry. A coordinator answers with a sentence, and puts it right or lets it stand."""

    __tablename__ = "line_question"
    __table_args__ = (
        CheckConstraint("outcome in ('', 'stands', 'reversed')", name="outcome"),
        CheckConstraint("(outcome = '') = (answered_at is null) and (answered_at is null) = (answered_by is null)", name="answered"),
        CheckConstraint("answered_by is null or answered_by <> asked_by", name="second_person"),
        UniqueConstraint("member_id", "entry_id"),
        Index("ix_line_question_answered_at", "answered_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    entry_id: Mapped[str] = mapped_column(ForeignKey("ledger_entry.id"))
    words: Mapped[str]  # emptied when they leave
    asked_by: Mapped[str]  # "person:12"
    asked_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="")

    member: Mapped[Member] = relationship(viewonly=True)
