"""What two say to each other about a gift or a wish, what is promised between them, and what somebody has to look at."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.gifts.model import GiftParty, GiftPost


class GiftTalk(Base):
    """Two parties about one post: its owner, and the one who is interested."""

    __tablename__ = "gift_talk"
    __table_args__ = (
        ForeignKeyConstraint(["post_id", "owner_id"], ["gift_post.id", "gift_post.party_id"]),
        UniqueConstraint("post_id", "other_id"),
        UniqueConstraint("id", "post_id", "owner_id", "other_id"),
        CheckConstraint("status in ('open', 'closed')", name="status"),
        CheckConstraint("owner_id <> other_id", name="two_parties"),
        CheckConstraint("closed_by_id is null or closed_by_id in (owner_id, other_id)", name="closed_by"),
        Index("ix_gift_talk_owner_id", "owner_id", "last_at"),
        Index("ix_gift_talk_other_id", "other_id", "last_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # GTK-....-....
    post_id: Mapped[int]
    owner_id: Mapped[int]
    other_id: Mapped[int] = mapped_column(ForeignKey("gift_party.id"))
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]  # when the owner first said or promised something
    nudged_at: Mapped[datetime | None]  # the owner was reminded that somebody waits
    closed_by_id: Mapped[int | None]  # None while closed: a coordinator did it, or somebody left

    post: Mapped[GiftPost] = relationship(primaryjoin="foreign(GiftTalk.post_id) == GiftPost.id", viewonly=True)
    owner: Mapped[GiftParty] = relationship(primaryjoin="foreign(GiftTalk.owner_id) == GiftParty.id", viewonly=True)
    other: Mapped[GiftParty] = relationship(foreign_keys=[other_id], viewonly=True)


class GiftSaid(Base):
    """One message between the two, passed on without an address. Only ever appended; the words of who left the scheme go."""

    __tablename__ = "gift_said"
    __table_args__ = (
        ForeignKeyConstraint(
            ["talk_id", "post_id", "owner_id", "other_id"],
            ["gift_talk.id", "gift_talk.post_id", "gift_talk.owner_id", "gift_talk.other_id"],
        ),
        CheckConstraint("from_id in (owner_id, other_id)", name="of_the_two"),
        CheckConstraint(
            "kind in ('words', 'promised', 'meeting', 'let_go', 'handed', 'missed', 'undone', 'thanks', 'back')",
            name="kind",
        ),
        Index("ix_gift_said_talk_id", "talk_id", "id"),
        Index("ix_gift_said_by_person_id", "by_person_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    talk_id: Mapped[int]
    post_id: Mapped[int]
    owner_id: Mapped[int]
    other_id: Mapped[int]
    from_id: Mapped[int]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # who typed it
    basis: Mapped[str | None]
    kind: Mapped[str]
    words: Mapped[str]
    at: Mapped[datetime]


class GiftPromise(Base):
    """So many pieces go from one to the other; when and where they meet, and, of what is lent, when it comes back."""

    __tablename__ = "gift_promise"
    __table_args__ = (
        ForeignKeyConstraint(
            ["talk_id", "post_id", "owner_id", "other_id"],
            ["gift_talk.id", "gift_talk.post_id", "gift_talk.owner_id", "gift_talk.other_id"],
        ),
        CheckConstraint("status in ('promised', 'handed', 'missed', 'let_go')", name="status"),
        CheckConstraint("giver_id in (owner_id, other_id)", name="giver"),
        CheckConstraint("quantity between 1 and 99", name="quantity"),
        CheckConstraint("(starts_at is null) = (place = '')", name="meeting"),
        CheckConstraint("address = '' or status in ('promised', 'handed')", name="address"),
        CheckConstraint("(status in ('handed', 'missed')) = (done_at is not null)", name="done"),
        CheckConstraint("returned_at is null or (back_on is not null and status = 'handed')", name="returned"),
        Index(
            "uq_gift_promise_open",
            "talk_id",
            unique=True,
            sqlite_where=text("status = 'promised'"),
            postgresql_where=text("status = 'promised'"),
        ),
        Index("ix_gift_promise_talk_id", "talk_id", "id"),
        Index("ix_gift_promise_post_id", "post_id", "status"),
        Index("ix_gift_promise_status", "status", "starts_at"),
        Index("ix_gift_promise_back_on", "back_on", sqlite_where=text("returned_at is null"), postgresql_where=text("returned_at is null")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # GPR-....-....; calendars know it by this
    talk_id: Mapped[int]
    post_id: Mapped[int]
    owner_id: Mapped[int]
    other_id: Mapped[int]
    giver_id: Mapped[int]  # of a gift its owner, of a wish the other one
    quantity: Mapped[int]
    status: Mapped[str] = mapped_column(default="promised")
    starts_at: Mapped[datetime | None]
    place: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")  # the giver's, if they wish the other one to see it; goes when it is over
    sequence: Mapped[int] = mapped_column(default=0)  # one more with each change, so that calendars take the newer one
    promised_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]  # of the day
    asked_at: Mapped[datetime | None]  # how it went
    done_at: Mapped[datetime | None]
    thanked_at: Mapped[datetime | None]
    back_on: Mapped[date | None]  # of what is lent
    back_told: Mapped[int] = mapped_column(default=0)  # how far the reminders have gone: 1 the day before, 2 to 4 late
    returned_at: Mapped[datetime | None]

    talk: Mapped[GiftTalk] = relationship(primaryjoin="foreign(GiftPromise.talk_id) == GiftTalk.id", viewonly=True)
    post: Mapped[GiftPost] = relationship(primaryjoin="foreign(GiftPromise.post_id) == GiftPost.id", viewonly=True)

    @property
    def taker_id(self) -> int:
        """Who receives it."""
        return self.other_id if self.giver_id == self.owner_id else self.owner_id


class GiftBlock(Base):
    """One party does not want to hear from another; they do not answer each other on any board."""

    __tablename__ = "gift_block"
    __table_args__ = (UniqueConstraint("by_id", "against_id"), CheckConstraint("by_id <> against_id", name="two_parties"))

    id: Mapped[int] = mapped_column(primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("gift_party.id"))
    against_id: Mapped[int] = mapped_column(ForeignKey("gift_party.id"), index=True)
    at: Mapped[datetime]


class GiftLook(Base):
    """Somebody has to look at something, by a day: a post that is held, or what a neighbour says is wrong. Kept, as the log of decisions."""

    __tablename__ = "gift_look"
    __table_args__ = (
        CheckConstraint("kind in ('new', 'worry', 'report', 'message')", name="kind"),
        CheckConstraint("(kind in ('report', 'message')) = (by_id is not null)", name="by"),
        CheckConstraint("(kind = 'message') = (said_id is not null)", name="said"),
        CheckConstraint("decision is null or decision in ('shown', 'taken_down', 'settled')", name="decision"),
        CheckConstraint("(decided_at is null) = (decision is null)", name="decided"),
        Index(
            "uq_gift_look_held",
            "post_id",
            unique=True,
            sqlite_where=text("decided_at is null and kind in ('new', 'worry')"),
            postgresql_where=text("decided_at is null and kind in ('new', 'worry')"),
        ),
        Index(
            "uq_gift_look_report",
            "post_id",
            "by_id",
            unique=True,
            sqlite_where=text("kind = 'report'"),
            postgresql_where=text("kind = 'report'"),
        ),
        Index(
            "uq_gift_look_message",
            "said_id",
            "by_id",
            unique=True,
            sqlite_where=text("kind = 'message'"),
            postgresql_where=text("kind = 'message'"),
        ),
        Index("ix_gift_look_decided_at", "decided_at", "look_by", "id"),
        Index("ix_gift_look_post_id", "post_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    post_id: Mapped[int] = mapped_column(ForeignKey("gift_post.id"))
    said_id: Mapped[int | None] = mapped_column(ForeignKey("gift_said.id"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("gift_party.id"))  # who reports it
    words: Mapped[str]  # the worry-word that was found, or what somebody says is wrong
    at: Mapped[datetime]
    answerable_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # who looks; None: whoever comes first to help others
    look_by: Mapped[date]
    chased_at: Mapped[datetime | None]  # nobody looked in time: others were told
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: its owner ended it first
    decision: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")

    post: Mapped[GiftPost] = relationship(viewonly=True)
    said: Mapped[GiftSaid | None] = relationship(viewonly=True)


__all__ = ["GiftBlock", "GiftLook", "GiftPromise", "GiftSaid", "GiftTalk"]
