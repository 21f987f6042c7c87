"""Sticky notes that were printed, each with a number and a QR code; a note becomes one post at most."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.events.model import Gathering
from portal.gifts.model import GiftPost
from portal.people.model import Organisation
from portal.places.model import Area


class GiftSheet(Base):
    """Pages of notes printed at once, for a place, and perhaps for a hub or an event."""

    __tablename__ = "gift_sheet"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # SHT-....-....
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    hub_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("gathering.id"))
    printed_at: Mapped[datetime]
    printed_by: Mapped[str]  # "person:12"

    area: Mapped[Area] = relationship(viewonly=True)
    hub: Mapped[Organisation | None] = relationship(viewonly=True)
    event: Mapped[Gathering | None] = relationship(viewonly=True)


class GiftNote(Base):
    """One note; `number` is on the paper and in its short address /n/101."""

    __tablename__ = "gift_note"
    __table_args__ = (CheckConstraint("number > 100", name="number"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("gift_sheet.id"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("gift_post.id"), unique=True)  # what it has become

    sheet: Mapped[GiftSheet] = relationship(viewonly=True)
    post: Mapped[GiftPost | None] = relationship(viewonly=True)
