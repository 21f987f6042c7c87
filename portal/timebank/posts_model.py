"""Offers and requests, what two members write to each other about one, the day they promise, and what is wrong with a message."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.finding import KnownWords
from portal.money import Minutes
from portal.places.model import Area
from portal.timebank.model import Category, Member

KINDS = ("offer", "request")
REACHES = ("area", "linked", "scheme")
OVER = ("met", "ended", "expired")  # in no list, and can be put up again


class Post(Base):
    """One sentence that offers something or asks for it. In the lists while it is open and its last day has not passed."""

    __tablename__ = "post"
    __table_args__ = (
        CheckConstraint("kind in ('offer', 'request')", name="kind"),
        CheckConstraint("reach in ('area', 'linked', 'scheme')", name="reach"),
        CheckConstraint("status in ('open', 'paused', 'met', 'ended', 'expired', 'hidden')", name="status"),
        CheckConstraint("status <> 'met' or kind = 'request'", name="met"),
        CheckConstraint("from_day is null or until_day is null or from_day <= until_day", name="days"),
        CheckConstraint("(photo_file is null) = (photo_ref is null)", name="photo"),
        CheckConstraint("status = 'open' or words = ''", name="found_while_open"),
        Index("ix_post_status_id", "status", "id"),
        Index("ix_post_member_id_id", "member_id", "id"),
        Index("ix_post_category_id", "category_id", "status", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # POS-....-....
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))  # whose it is
    kind: Mapped[str]
    title: Mapped[str]  # the one sentence
    text: Mapped[str] = mapped_column(default="")
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    reach: Mapped[str]  # who sees it: the area, the areas that lie in the same one, the whole scheme
    when_words: Mapped[str] = mapped_column(default="")  # "weekday mornings"
    from_day: Mapped[date | None]
    until_day: Mapped[date | None]
    tags: Mapped[str] = mapped_column(default="")  # "bikes, tools"
    status: Mapped[str] = mapped_column(default="open")
    words: Mapped[str] = mapped_column(default="")  # what the search reads while it is open (search.keep); never shown
    ends_on: Mapped[date]  # its last day in the lists
    reminded_at: Mapped[datetime | None]  # that it ends soon; None again when it was renewed
    photo_ref: Mapped[str | None] = mapped_column(unique=True)  # names the picture in its address; another picture, another address
    photo_file: Mapped[str | None]  # under Settings.data_dir / "photos"
    photo_width: Mapped[int] = mapped_column(default=0)
    photo_height: Mapped[int] = mapped_column(default=0)
    photo_alt: Mapped[str] = mapped_column(default="")
    posted_at: Mapped[datetime]
    entered_by: Mapped[str]  # "person:12": who typed it, for themselves or for the member
    basis: Mapped[str | None]
    met_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    member: Mapped[Member] = relationship(viewonly=True)
    category: Mapped[Category] = relationship(viewonly=True)
    area: Mapped[Area] = relationship(viewonly=True)


class KnownWord(KnownWords, Base):
    """A word of the posts that are open, and of how many."""

    __tablename__ = "known_word"


class Conversation(Base):
    """Two members about one post: its owner, and the one who answered it or was invited."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("post_id", "other_id"),
        UniqueConstraint("id", "owner_id", "other_id"),
        CheckConstraint("status in ('open', 'closed')", name="status"),
        CheckConstraint("owner_id <> other_id", name="two_members"),
        CheckConstraint("begun_by_id in (owner_id, other_id)", name="begun_by"),
        CheckConstraint("closed_by_id is null or closed_by_id in (owner_id, other_id)", name="closed_by"),
        CheckConstraint("blocked_by_id is null or blocked_by_id in (owner_id, other_id)", name="blocked_by"),
        Index("ix_conversation_owner_id", "owner_id", "last_at"),
        Index("ix_conversation_other_id", "other_id", "last_at"),
        Index(
            "ix_conversation_waiting", "opened_at", sqlite_where=text("answered_at is null"), postgresql_where=text("answered_at is null")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # CNV-....-....
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    begun_by_id: Mapped[int] = mapped_column(ForeignKey("member.id"))  # who wrote first
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]  # when the side that did not begin first said something
    nudges: Mapped[int] = mapped_column(default=0)  # how far the timers for no reply have gone: 1 reminded, 2 told
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))  # None while closed: a coordinator did it
    blocked_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))  # who does not want the other one to write any more

    post: Mapped[Post] = relationship(viewonly=True)
    owner: Mapped[Member] = relationship(foreign_keys=[owner_id], viewonly=True)
    other: Mapped[Member] = relationship(foreign_keys=[other_id], viewonly=True)


class Relayed(Base):
    """One message between the two, passed on without an address. Only ever appended; the words of who left the scheme go."""

    __tablename__ = "relayed"
    __table_args__ = (
        ForeignKeyConstraint(
            ["conversation_id", "owner_id", "other_id"], ["conversation.id", "conversation.owner_id", "conversation.other_id"]
        ),
        CheckConstraint("from_id in (owner_id, other_id)", name="of_the_two"),
        CheckConstraint("kind in ('words', 'proposed', 'changed', 'agreed', 'cancelled', 'kept', 'missed')", name="kind"),
        Index("ix_relayed_conversation_id", "conversation_id", "id"),
        Index("ix_relayed_by_person_id", "by_person_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int]
    owner_id: Mapped[int]
    other_id: Mapped[int]
    from_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # who typed it
    basis: Mapped[str | None]  # how a coordinator knows who typed it for the member
    kind: Mapped[str]  # words, or what became of the promise
    words: Mapped[str]
    at: Mapped[datetime]


class Reported(Base):
    """Somebody says that something is wrong with a message; a coordinator looks at it."""

    __tablename__ = "reported"
    __table_args__ = (
        UniqueConstraint("relayed_id", "by_id"),
        CheckConstraint("(settled_at is null) = (settled_by_id is null)", name="settled"),
        Index("ix_reported_settled_at", "settled_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    relayed_id: Mapped[int] = mapped_column(ForeignKey("relayed.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    words: Mapped[str]
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(default="")

    relayed: Mapped[Relayed] = relationship(viewonly=True)


class Promise(Base):
    """A day, a time and a place: proposed by one of the two of a conversation, accepted by the other."""

    __tablename__ = "promise"
    __table_args__ = (
        ForeignKeyConstraint(
            ["conversation_id", "owner_id", "other_id"], ["conversation.id", "conversation.owner_id", "conversation.other_id"]
        ),
        CheckConstraint("status in ('proposed', 'agreed', 'cancelled', 'kept', 'missed')", name="status"),
        CheckConstraint("minutes > 0 and minutes <= 960", name="minutes"),
        CheckConstraint("proposed_by_id in (owner_id, other_id)", name="of_the_two"),
        CheckConstraint("accepted_by_id is null or accepted_by_id in (owner_id, other_id)", name="accepted_by"),
        CheckConstraint("accepted_by_id is null or accepted_by_id <> proposed_by_id", name="both"),
        CheckConstraint("status not in ('agreed', 'kept', 'missed') or accepted_by_id is not null", name="agreed"),
        Index(
            "uq_promise_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("status in ('proposed', 'agreed')"),
            postgresql_where=text("status in ('proposed', 'agreed')"),
        ),
        Index("ix_promise_conversation_id", "conversation_id", "id"),
        Index("ix_promise_status", "status", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # PRM-....-....; the calendar knows it by this
    conversation_id: Mapped[int]
    owner_id: Mapped[int]
    other_id: Mapped[int]
    status: Mapped[str] = mapped_column(default="proposed")
    starts_at: Mapped[datetime]
    minutes: Mapped[Minutes]  # about how long
    place: Mapped[str]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    sequence: Mapped[int] = mapped_column(default=0)  # one more with each change, so that calendars take the newer one
    changed_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]  # how it went, the day after

    conversation: Mapped[Conversation] = relationship(primaryjoin="foreign(Promise.conversation_id) == Conversation.id", viewonly=True)


__all__ = ["KINDS", "OVER", "REACHES", "Conversation", "KnownWord", "Post", "Promise", "Relayed", "Reported"]
