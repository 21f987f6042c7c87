"""What the public gets of each award, signed off by a person; and every edition of the open data as it was published."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.money import Pence

LICENCES = ("cc-by", "ogl")
EVERY = ("never", "monthly", "quarterly")


class Summary(Base):
    """The title and description of an award as an officer signed them off, and what they were made from: when that changes, it is no
    longer signed off. An award has one; what it said before stands in the events about `public:<award id>`.
    """

    __tablename__ = "public_summary"
    __table_args__ = (
        CheckConstraint("title <> '' and description <> ''", name="words"),
        CheckConstraint("(taken_down_at is null) = (taken_down_reason = '')", name="taken_down"),
        CheckConstraint("(taken_down_at is null) = (taken_down_by_id is null)", name="taken_down_by"),
        Index("ix_public_summary_taken_down_at", "taken_down_at", "award_id"),
    )

    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(
        unique=True
    )  # IND-....-....: a person in the files, drawn anew for each award, so that two never meet
    title: Mapped[str]
    description: Mapped[str]
    from_title: Mapped[str]  # of the bid, when it was signed off
    from_words: Mapped[str]
    recipient: Mapped[str]  # the organisation's name; empty for a person
    vouched: Mapped[str] = mapped_column(default="")  # the name of which an officer said: it is a group's, though it looks like a person's
    first_day: Mapped[date]
    last_day: Mapped[date]
    signed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    signed_at: Mapped[datetime]
    taken_down_at: Mapped[datetime | None]
    taken_down_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    taken_down_reason: Mapped[str] = mapped_column(default="")


class Publishing(Base):
    """How the scheme publishes: one row. The publisher's name and prefix stand in Scheme."""

    __tablename__ = "publishing"
    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint("licence in ('cc-by', 'ogl')", name="licence"),
        CheckConstraint("every in ('never', 'monthly', 'quarterly')", name="every"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    publisher_id: Mapped[str] = mapped_column(default="")  # org-id.guide: GB-LAE-THR, GB-CHC-1164883
    licence: Mapped[str] = mapped_column(default="cc-by")
    every: Mapped[str] = mapped_column(default="never")
    looked_at: Mapped[datetime | None]  # when the files were last made, also when they came out the same


class Publication(Base):
    """An edition of the open data. Never changed."""

    __tablename__ = "publication"
    __table_args__ = (CheckConstraint("why in ('officer', 'schedule', 'taken_down')", name="why"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # PUB-....-....
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: the worker
    why: Mapped[str]
    package: Mapped[dict[str, Any]] = mapped_column(JSON)  # 360giving.json as it was


class PublishedFile(Base):
    """One file of an edition. What it was stays known when its bytes had to go."""

    __tablename__ = "published_file"
    __table_args__ = (
        UniqueConstraint("publication_id", "name"),
        CheckConstraint("rows > 0", name="rows"),
        Index("ix_published_file_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"))
    name: Mapped[str]  # its stable name: 360giving-organisations-2026-27.csv
    export: Mapped[str]
    year: Mapped[str] = mapped_column(default="")  # empty: of all years
    form: Mapped[str]
    rows: Mapped[int]
    pence: Mapped[Pence]
    size: Mapped[int]  # bytes
    sha256: Mapped[str]
    about: Mapped[dict[str, Any]] = mapped_column(JSON)  # its line of manifest.json
    gone_at: Mapped[datetime | None]  # an award in it was taken down


class PublishedPiece(Base):
    """The bytes of a file, in pieces: the same file of two editions is kept once."""

    __tablename__ = "published_piece"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)
