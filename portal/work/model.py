"""An hour given, recorded once: who, which day, how many minutes, for which purpose; and where it counts."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.money import Minutes

USES = ("credit", "match", "figures")


class Purpose(Base):
    """What hours may be given for. Grants opens one for a live award; the timebank offers it when hours are logged."""

    __tablename__ = "purpose"

    id: Mapped[int] = mapped_column(primary_key=True)
    about: Mapped[str] = mapped_column(unique=True)  # "award:17"
    title: Mapped[str]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    closed_at: Mapped[datetime | None]


class WorkRecord(Base):
    """Hours of one worker on one day. Checked by a second person before it counts anywhere."""

    __tablename__ = "work_record"
    __table_args__ = (
        CheckConstraint("minutes > 0 and minutes <= 1440", name="minutes"),
        CheckConstraint("checked_by is null or checked_by <> entered_by", name="second_person"),
        CheckConstraint("not (checked_at is not null and refused_at is not null)", name="one_verdict"),
        # the same hour twice: one worker gives one purpose one figure a day; more is a correction of that figure
        Index(
            "uq_work_record_standing",
            "worker",
            "purpose_id",
            "day",
            unique=True,
            sqlite_where=text("refused_at is null"),
            postgresql_where=text("refused_at is null"),
        ),
        Index("ix_work_record_purpose_id", "purpose_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # WRK-....-....
    purpose_id: Mapped[int] = mapped_column(ForeignKey("purpose.id"))
    worker: Mapped[str]  # who gave it: "person:12", or "pledge:9" for a neighbour without account, by their first pledge
    worker_name: Mapped[str]
    day: Mapped[date]
    minutes: Mapped[Minutes]
    what: Mapped[str] = mapped_column(default="")
    entered_by: Mapped[str]  # "person:12" or "pledge:9"
    basis: Mapped[str | None]
    entered_at: Mapped[datetime]
    checked_by: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    refused_reason: Mapped[str | None]

    purpose: Mapped[Purpose] = relationship(viewonly=True)


class WorkUse(Base):
    """Where a record counts: as credit, as match, in the figures, at most once each."""

    __tablename__ = "work_use"
    __table_args__ = (UniqueConstraint("work_record_id", "use"), CheckConstraint("use in ('credit', 'match', 'figures')", name="use"))

    id: Mapped[int] = mapped_column(primary_key=True)
    work_record_id: Mapped[int] = mapped_column(ForeignKey("work_record.id"))
    use: Mapped[str]
    entry_key: Mapped[str | None]  # the ledger entry that says so
    used_at: Mapped[datetime]
