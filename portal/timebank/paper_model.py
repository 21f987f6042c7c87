"""What came on paper or in a file: sheets that a coordinator typed, and members, offers and requests that an import brought."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.money import Minutes
from portal.places.model import Area
from portal.timebank.model import Exchange
from portal.timebank.posts_model import Post


class Sheet(Base):
    """A sheet of paper of an area. `part`: the first time its number was typed, or a later one; `batch`: the first of those sent together."""

    __tablename__ = "paper_sheet"
    __table_args__ = (
        UniqueConstraint("area_id", "number", "part"),
        CheckConstraint("number <> '' and part > 0", name="numbered"),
        CheckConstraint("(undone_at is null) = (undone_by is null)", name="undone"),
        Index("ix_paper_sheet_batch", "batch"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # SHT-....-....
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    number: Mapped[str]  # as it stands on the paper, in capital letters
    part: Mapped[int]
    batch: Mapped[str]
    entered_by: Mapped[str]  # "person:12"
    entered_at: Mapped[datetime]
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]

    area: Mapped[Area] = relationship(viewonly=True)


class SheetRow(Base):
    """A row of a sheet, and the exchange that it became."""

    __tablename__ = "paper_sheet_row"

    sheet_id: Mapped[int] = mapped_column(ForeignKey("paper_sheet.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)  # as typed, from 1
    exchange_id: Mapped[int] = mapped_column(ForeignKey("exchange.id"), unique=True)

    exchange: Mapped[Exchange] = relationship(viewonly=True)


class Imported(Base):
    """A member whom an import brought, once: who they were there, and the minutes that they came with."""

    __tablename__ = "imported_member"
    __table_args__ = (UniqueConstraint("source", "their_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]  # "timeoverflow/mossgate": the program, and the area whose book it was
    their_id: Mapped[str]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), unique=True)
    minutes: Mapped[Minutes]
    imported_at: Mapped[datetime]


class ImportedPost(Base):
    """An offer or a request that an import brought, once; it is the member's own now, whatever becomes of it."""

    __tablename__ = "imported_post"
    __table_args__ = (UniqueConstraint("source", "their_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]  # as at the member
    their_id: Mapped[str]  # its number there, or one made of whose it is and what it says (foreign.ForeignPost.key)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), unique=True)
    imported_at: Mapped[datetime]

    post: Mapped[Post] = relationship(viewonly=True)
