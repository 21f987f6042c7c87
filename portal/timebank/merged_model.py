"""Two memberships of the same person or organisation that have become one. Only ever appended."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.money import Minutes


class MergedMember(Base):
    """A membership that has ended in another one; its card leads there. The database lets what was still open move along this row alone."""

    __tablename__ = "merged_member"
    __table_args__ = (CheckConstraint("old_id <> new_id", name="two_members"),)

    old_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, autoincrement=False)  # once
    new_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    minutes: Mapped[Minutes]  # the balance that moved; below zero when the old one had received more
    merged_by: Mapped[str]  # "person:12"
    merged_at: Mapped[datetime]
