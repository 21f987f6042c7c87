"""Gift boards: who takes part, what they give or wish for, what a stranger typed before they signed in."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.events.model import Gathering
from portal.finding import KnownWords
from portal.people.model import Organisation, Person
from portal.places.model import Area

KINDS = ("gift", "wish")
SORTS = ("head", "hands", "heart", "give", "lend")
REACHES = ("area", "linked", "scheme")
STANDING = ("held", "open", "paused")  # of which nobody has the same twice
WEEKLY = ("all", "mine")  # what a letter tells: everything new, or only what may fit what its reader has on the boards
MOST_PIECES = 99


class GiftParty(Base):
    """A person or an organisation at the boards. Made when they first post or answer."""

    __tablename__ = "gift_party"
    __table_args__ = (
        CheckConstraint("(person_id is null) <> (organisation_id is null)", name="one_of_two"),
        CheckConstraint("(stopped_at is null) = (stopped_by_id is null)", name="stopped"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), unique=True)
    known_at: Mapped[datetime | None]  # when a person first let something of theirs onto a board: new ones are looked at
    grown_at: Mapped[datetime | None]  # when they said that they are 18 or over
    stopped_at: Mapped[datetime | None]  # a coordinator keeps them from posting and answering
    stopped_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    person: Mapped[Person | None] = relationship(foreign_keys=[person_id], viewonly=True)
    organisation: Mapped[Organisation | None] = relationship(viewonly=True)
    weekly: Mapped["GiftWeekly | None"] = relationship(
        primaryjoin="foreign(GiftParty.person_id) == GiftWeekly.person_id", viewonly=True, overlaps="person"
    )


class GiftWeekly(Base):
    """Somebody asked once for the letter that tells, once a week, what is new on the boards; or stopped it."""

    __tablename__ = "gift_weekly"
    __table_args__ = (CheckConstraint("what in ('all', 'mine')", name="what"), Index("ix_gift_weekly_week", "stopped_at", "week"))

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    ref: Mapped[str] = mapped_column(unique=True)  # GWK-....-....
    what: Mapped[str]
    asked_at: Mapped[datetime]  # the last time they asked for it
    stopped_at: Mapped[datetime | None]
    seen_to: Mapped[datetime]  # what came on a board before that is no news
    week: Mapped[date | None]  # the day of the last letter that was due, sent or not needed


class GiftPost(Base):
    """One gift or one wish. On the boards while it is open, its last day has not passed and there is some left."""

    __tablename__ = "gift_post"
    __table_args__ = (
        UniqueConstraint("id", "party_id"),
        CheckConstraint("kind in ('gift', 'wish')", name="kind"),
        CheckConstraint("sort in ('head', 'hands', 'heart', 'give', 'lend')", name="sort"),
        CheckConstraint("reach in ('area', 'linked', 'scheme')", name="reach"),
        CheckConstraint("status in ('held', 'open', 'paused', 'ended', 'expired', 'gone', 'hidden')", name="status"),
        CheckConstraint("quantity between 1 and 99", name="quantity"),
        CheckConstraint("promised between 0 and quantity", name="promised"),
        CheckConstraint("status <> 'gone' or promised = quantity", name="gone"),
        CheckConstraint("(photo_file is null) = (photo_ref is null)", name="photo"),
        CheckConstraint("status = 'open' or words = ''", name="found_while_open"),
        CheckConstraint("until_day is null or ends_on <= until_day", name="days"),
        Index(
            "uq_gift_post_same",
            "party_id",
            "kind",
            "same",
            unique=True,
            sqlite_where=text("status in ('held', 'open', 'paused')"),
            postgresql_where=text("status in ('held', 'open', 'paused')"),
        ),
        Index("ix_gift_post_status_id", "status", "id"),
        Index("ix_gift_post_party_id_id", "party_id", "id"),
        Index("ix_gift_post_area_id", "area_id", "status", "id"),
        Index("ix_gift_post_hub_id", "hub_id", "status", "id"),
        Index("ix_gift_post_event_id", "event_id", "status", "id"),
        Index("ix_gift_post_wall", "wall"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # GFT-....-....
    party_id: Mapped[int] = mapped_column(ForeignKey("gift_party.id"))  # whose it is
    kind: Mapped[str]
    sort: Mapped[str]
    title: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    same: Mapped[str]  # what it says, folded: nobody has the same standing twice (rules.same)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    hub_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))  # on whose board it also stands
    event_id: Mapped[int | None] = mapped_column(ForeignKey("gathering.id"))  # on whose board it also stands
    reach: Mapped[str]
    quantity: Mapped[int] = mapped_column(default=1)
    promised: Mapped[int] = mapped_column(default=0)  # promised to somebody, handed over, or lent and not back
    until_day: Mapped[date | None]  # it must go by then
    ends_on: Mapped[date]  # its last day on the boards
    status: Mapped[str]
    words: Mapped[str] = mapped_column(default="")  # what the search reads while it is open; never shown
    reminded_at: Mapped[datetime | None]  # that it ends soon; None again when it was renewed
    photo_ref: Mapped[str | None] = mapped_column(unique=True)
    photo_file: Mapped[str | None]  # under Settings.data_dir / "photos"
    photo_width: Mapped[int] = mapped_column(default=0)
    photo_height: Mapped[int] = mapped_column(default=0)
    photo_alt: Mapped[str] = mapped_column(default="")
    posted_at: Mapped[datetime]
    entered_by: Mapped[str]  # "person:12": who typed it, for themselves or for somebody else
    basis: Mapped[str | None]
    note_number: Mapped[str | None]  # of the sticky note that it was typed from
    wall: Mapped[str | None]  # WAL-....-....: typed from a wall together with others
    version: Mapped[int] = mapped_column(default=1)

    party: Mapped[GiftParty] = relationship(viewonly=True)
    area: Mapped[Area] = relationship(viewonly=True)
    hub: Mapped[Organisation | None] = relationship(viewonly=True)
    event: Mapped[Gathering | None] = relationship(viewonly=True)

    @property
    def left(self) -> int:
        """How many are left for others."""
        return self.quantity - self.promised


class GiftWord(KnownWords, Base):
    """A word of the posts that are open, and of how many."""

    __tablename__ = "gift_word"


class GiftDraft(Base):
    """What a stranger typed, with its photo, for a day: until they have said who they are. Nobody is named in it."""

    __tablename__ = "gift_draft"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # GDR-....-....
    typed: Mapped[dict[str, Any]] = mapped_column(JSON)
    picture: Mapped[bytes | None] = mapped_column(LargeBinary)  # JPEG, made anew by us
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    typed_at: Mapped[datetime] = mapped_column(index=True)


__all__ = [
    "KINDS", "MOST_PIECES", "REACHES", "SORTS", "STANDING", "WEEKLY", "GiftDraft", "GiftParty", "GiftPost", "GiftWeekly", "GiftWord",
]  # fmt: skip
