"""Which bid began as an idea on the wall, and which neighbour of it came along as which pledge."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.grants.model import Application
from portal.ideas.model import Idea


class BegunFromIdea(Base):
    """One open application for an idea. When that has ended without a grant the idea may begin another one."""

    __tablename__ = "begun_from_idea"
    __table_args__ = (
        CheckConstraint("ended_at is null or ended_at >= begun_at", name="ended"),
        Index("uq_begun_from_idea_open", "idea_id", unique=True, sqlite_where=text("ended_at is null"), postgresql_where=text("ended_at is null")),
        Index("ix_begun_from_idea_idea_id", "idea_id", "id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    idea_id: Mapped[int] = mapped_column(ForeignKey("idea.id"))
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship(viewonly=True)
    idea: Mapped[Idea] = relationship(viewonly=True)


class CarriedPledge(Base):
    """A neighbour of the idea who was told once, with the link of their pledge to the bid."""

    __tablename__ = "carried_pledge"
    __table_args__ = (
        UniqueConstraint("begun_id", "idea_pledge_id"),
        Index("ix_carried_pledge_pledge_id", "pledge_id"),
        Index("ix_carried_pledge_idea_pledge_id", "idea_pledge_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    begun_id: Mapped[int] = mapped_column(ForeignKey("begun_from_idea.id"))
    idea_pledge_id: Mapped[int] = mapped_column(ForeignKey("idea_pledge.id"))
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"))


__all__ = ["BegunFromIdea", "CarriedPledge"]
