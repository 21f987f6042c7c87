"""What applicants hope for, in the words they were shown; what came of it; their stories; and the table of progress."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.grants.model import Application, Photo
from portal.outcomes.rules import HEADINGS, HOW_FAR, MOST

STORY_STATES = ("waiting", "published", "declined", "taken_back", "taken_down")


def _one_of(column: str, words: object) -> str:
    return f"{column} in ({', '.join(repr(word) for word in words)})"  # type: ignore[attr-defined]


class Outcome(Base):
    """One line of the list that applicants choose from. Officers keep it; a retired one is offered to nobody, and stays where it was chosen."""

    __tablename__ = "outcome"
    __table_args__ = (
        CheckConstraint(_one_of("heading", HEADINGS), name="heading"),
        CheckConstraint("words <> ''", name="words"),
        CheckConstraint("(retired_at is null) = (retired_reason = '')", name="retired"),
        Index(
            "uq_outcome_words", "words", unique=True, sqlite_where=text("retired_at is null"), postgresql_where=text("retired_at is null")
        ),
        Index("ix_outcome_position", "position", "id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # OUT-....-....
    words: Mapped[str]
    heading: Mapped[str]
    position: Mapped[int]
    added_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    retired_reason: Mapped[str] = mapped_column(default="")


class Hope(Base):
    """An outcome that an applicant chose, with its words and heading as they were shown; and, from the report, what came of it."""

    __tablename__ = "hope"
    __table_args__ = (
        CheckConstraint(f"position between 1 and {MOST}", name="position"),
        CheckConstraint(_one_of("heading", HEADINGS), name="heading"),
        CheckConstraint(f"how_far = '' or {_one_of('how_far', HOW_FAR)}", name="how_far"),
        CheckConstraint("words <> ''", name="words"),
        UniqueConstraint("application_id", "position"),  # so there are three at most
        UniqueConstraint("application_id", "outcome_id"),
        Index("ix_hope_heading", "heading", "application_id"),
        Index("ix_hope_outcome_id", "outcome_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id"))
    position: Mapped[int]
    words: Mapped[str]
    heading: Mapped[str]
    how_far: Mapped[str] = mapped_column(default="")  # empty: not said
    happened: Mapped[str] = mapped_column(default="")  # in the applicant's words

    outcome: Mapped[Outcome] = relationship(viewonly=True)


class Story(Base):
    """What an applicant tells everybody about their idea, and their consent to it. The words are published as they stand or not at all:
    another text needs another consent.
    """

    __tablename__ = "story"
    __table_args__ = (
        CheckConstraint(_one_of("status", STORY_STATES), name="status"),
        CheckConstraint("words <> '' and consent <> ''", name="words"),
        CheckConstraint("(status = 'taken_back') = (taken_back_at is not null)", name="taken_back"),
        CheckConstraint("status <> 'published' or (published_at is not null and judged_by_id is not null)", name="published"),
        CheckConstraint("(status in ('declined', 'taken_down')) = (reason <> '')", name="reason"),
        Index("ix_story_status", "status", "published_at", "id"),
        Index("ix_story_photo_id", "photo_id"),
        Index("ix_story_consent_by_id", "consent_by_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # STY-....-....
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    status: Mapped[str] = mapped_column(default="waiting")
    version: Mapped[int] = mapped_column(default=1)
    words: Mapped[str]
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id", ondelete="SET NULL"))
    consent: Mapped[str]  # what was agreed to, as it was worded
    consent_at: Mapped[datetime]
    consent_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # who gave it
    typed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # a helper who typed it for them, on a basis
    basis: Mapped[str] = mapped_column(default="")
    taken_back_at: Mapped[datetime | None]
    judged_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    published_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")  # why it is not published, or was taken down

    application: Mapped[Application] = relationship(viewonly=True)
    photo: Mapped[Photo | None] = relationship(viewonly=True)


class Progress(Base):
    """What officers write under one heading of the table of progress, for an area or (None) for the whole scheme."""

    __tablename__ = "progress"
    __table_args__ = (
        CheckConstraint(_one_of("heading", HEADINGS), name="heading"),
        Index(
            "uq_progress_scheme", "heading", unique=True, sqlite_where=text("area_id is null"), postgresql_where=text("area_id is null")
        ),
        Index(
            "uq_progress_area", "area_id", "heading", unique=True, sqlite_where=text("area_id is not null"),
            postgresql_where=text("area_id is not null"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    heading: Mapped[str]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    version: Mapped[int] = mapped_column(default=1)
    doing: Mapped[str] = mapped_column(default="")  # current interventions, one a line
    marker: Mapped[str] = mapped_column(default="")  # how we would know
    next_step: Mapped[str] = mapped_column(default="")
    who: Mapped[str] = mapped_column(default="")  # a role or a team; never in public
    by: Mapped[date | None]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
