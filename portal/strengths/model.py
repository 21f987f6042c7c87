"""The map of strengths: what a neighbourhood has. What each entry said before, what a file brought, and how areas are drawn.

An entry tells of a group, a place or a custom, never of a person: its contact is a published one, its position is no home. Who looks
after it is known to us alone.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.finding import KnownWords
from portal.people.model import Organisation, Person
from portal.places.model import Area

KINDS = ("people", "place", "culture", "support", "enterprise")
WAYS = ("one-to-one", "group", "telephone", "online")  # of peer support
ACCESS = ("step-free", "toilet", "loop", "parking", "quiet", "signing")
STATES = ("suggested", "published", "turned_down", "archived", "merged", "undone")

_came = text("import_key is not null and status <> 'undone'")


class Strength(Base):
    """One entry. Everybody reads it while it is published; it is never deleted, so that its address keeps its meaning."""

    __tablename__ = "strength"
    __table_args__ = (
        CheckConstraint("kind in ('people', 'place', 'culture', 'support', 'enterprise')", name="kind"),
        CheckConstraint("status in ('suggested', 'published', 'turned_down', 'archived', 'merged', 'undone')", name="status"),
        CheckConstraint("kind = 'support' or ways = ''", name="ways"),
        CheckConstraint("contact_public or (email = '' and phone = '')", name="contact"),
        CheckConstraint("(latitude is null) = (longitude is null)", name="position"),
        CheckConstraint(
            "latitude is null or (open_door and latitude between -90000 and 90000 and longitude between -180000 and 180000)",
            name="on_earth",
        ),
        CheckConstraint("(status = 'merged') = (merged_into_id is not null)", name="merged"),
        CheckConstraint("merged_into_id is null or merged_into_id <> id", name="merged_elsewhere"),
        CheckConstraint("status <> 'published' or (review_on is not null and published_at is not null)", name="review"),
        CheckConstraint("(status = 'archived') = (archived_at is not null)", name="archived"),
        CheckConstraint("status = 'published' or words = ''", name="found_while_published"),
        CheckConstraint("(offer_by_id is null) = (offer_at is null)", name="offer"),
        CheckConstraint("(import_id is null) = (import_key is null)", name="import"),
        Index("ix_strength_status_area", "status", "area_id", "id"),
        Index("ix_strength_review_on", "status", "review_on"),
        Index("ix_strength_name_key", "name_key", "area_id"),
        Index("ix_strength_keeper_id", "keeper_id"),
        Index("ix_strength_organisation_id", "organisation_id"),
        Index("ix_strength_suggested_by_id", "suggested_by_id"),
        Index("ix_strength_merged_into_id", "merged_into_id"),
        Index("ix_strength_import_id", "import_id"),
        Index("uq_strength_import_key", "import_key", unique=True, sqlite_where=_came, postgresql_where=_came),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # STR-....-....
    kind: Mapped[str]
    name: Mapped[str]
    name_key: Mapped[str]  # its words in small plain letters: the same name however it is typed
    offers: Mapped[str]  # what it offers
    ways: Mapped[str] = mapped_column(default="")  # of peer support: "group, telephone"
    contact: Mapped[str] = mapped_column(default="")  # how to get in touch, in words: "Ask at the bar"
    email: Mapped[str] = mapped_column(default="")  # published ones of the group
    phone: Mapped[str] = mapped_column(default="")  # E.164
    contact_public: Mapped[bool] = mapped_column(default=False)  # whoever wrote them down says that they are public
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    place: Mapped[str] = mapped_column(default="")  # "behind the library"
    open_door: Mapped[bool] = mapped_column(default=False)  # everybody may come there, and nobody lives there
    access: Mapped[str] = mapped_column(default="")  # "step-free, toilet"
    access_words: Mapped[str] = mapped_column(default="")
    when_words: Mapped[str] = mapped_column(default="")
    tags: Mapped[str] = mapped_column(default="")
    links: Mapped[str] = mapped_column(default="")  # https addresses, one on a line
    latitude: Mapped[int | None]  # thousandths of a degree, WGS84: about a hundred metres
    longitude: Mapped[int | None]
    initiative: Mapped[bool] = mapped_column(default=False)  # a row in the matrix of initiatives by ward
    keeper_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # who looks after it, for us alone
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))  # for everybody to read
    keeper_wanted_at: Mapped[datetime | None]  # nobody looks after it since
    offer_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # somebody who would
    offer_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(default="suggested")
    suggested_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    suggested_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(default="")  # why it is not published, or not any more
    published_at: Mapped[datetime | None]
    review_on: Mapped[date | None]  # until when somebody must say that it is still so
    nudges: Mapped[int] = mapped_column(default=0)  # how often they were asked before that day
    asked_at: Mapped[datetime | None]  # the last time
    archived_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("strength.id"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("strength_import.id"))
    import_key: Mapped[str | None]  # "council list:17": a line comes once
    words: Mapped[str] = mapped_column(default="")  # what the search reads while it is published; never shown
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]

    area: Mapped[Area] = relationship(viewonly=True)
    keeper: Mapped[Person | None] = relationship(foreign_keys=[keeper_id], viewonly=True)
    organisation: Mapped[Organisation | None] = relationship(viewonly=True)


class StrengthKnown(KnownWords, Base):
    """A word of the entries that are published, and of how many."""

    __tablename__ = "strength_known"


class StrengthVersion(Base):
    """What an entry said before it was changed, without its contacts."""

    __tablename__ = "strength_version"
    __table_args__ = (UniqueConstraint("strength_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    strength_id: Mapped[int] = mapped_column(ForeignKey("strength.id"))
    version: Mapped[int]  # the one that ended
    said: Mapped[dict[str, Any]] = mapped_column(JSON)  # only what is different now
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class StrengthImport(Base):
    """A file that brought entries; undone as a whole, or not at all."""

    __tablename__ = "strength_import"
    __table_args__ = (CheckConstraint("(undone_at is null) = (undone_by_id is null)", name="undone"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # LOD-....-....
    source: Mapped[str]  # what the list is called
    file_name: Mapped[str]
    made: Mapped[int]  # entries that it brought
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class AreaShape(Base):
    """How an area is drawn: a tile's place in the grid, an outline, or both."""

    __tablename__ = "area_shape"
    __table_args__ = (
        CheckConstraint("(tile_column is null) = (tile_row is null)", name="tile"),
        CheckConstraint("tile_column is null or (tile_column between 1 and 30 and tile_row between 1 and 30)", name="grid"),
        UniqueConstraint("tile_column", "tile_row"),
    )

    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True, autoincrement=False)
    tile_column: Mapped[int | None]
    tile_row: Mapped[int | None]
    outline: Mapped[list[list[int]] | None] = mapped_column(JSON(none_as_null=True))  # ring of [longitude, latitude] in 1/10,000 degree
    changed_at: Mapped[datetime]
