"""Which line of a bid was asked of neighbours before money, on which post of the gift boards; and what came of it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.gifts.model import GiftPost
from portal.gifts.talks_model import GiftPromise
from portal.money import Pence


class WishedLine(Base):
    """A line that is asked of neighbours first: by a wish of our own, or by answering a gift of somebody else.

    What the line said and cost then stays here, whatever becomes of the line.
    """

    __tablename__ = "wished_line"
    __table_args__ = (
        UniqueConstraint("id", "application_id"),
        CheckConstraint("kind in ('wish', 'gift')", name="kind"),
        CheckConstraint("price > 0", name="price"),
        CheckConstraint("still >= 0 and still < price", name="still"),
        CheckConstraint("pieces between 1 and 99", name="pieces"),
        CheckConstraint("(ended_at is null) = (ended_why is null)", name="ended"),
        CheckConstraint("ended_why is null or ended_why in ('stopped', 'again', 'line', 'over')", name="ended_why"),
        # a line is asked once at a time, and a wish is for one line
        Index("uq_wished_line_open", "line_id", unique=True, sqlite_where=text("ended_at is null"), postgresql_where=text("ended_at is null")),
        Index("uq_wished_line_wish", "post_id", unique=True, sqlite_where=text("kind = 'wish'"), postgresql_where=text("kind = 'wish'")),
        Index(
            "uq_wished_line_gift",
            "application_id",
            "post_id",
            unique=True,
            sqlite_where=text("ended_at is null"),
            postgresql_where=text("ended_at is null"),
        ),
        Index("ix_wished_line_application_id", "application_id", "id"),
        Index("ix_wished_line_post_id", "post_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("budget_line.id", ondelete="SET NULL"))  # None: it is not in the budget any more
    post_id: Mapped[int] = mapped_column(ForeignKey("gift_post.id"))
    kind: Mapped[str]
    what: Mapped[str]  # the line's words when it was asked
    price: Mapped[Pence]  # its pence then
    still: Mapped[Pence] = mapped_column(default=0)  # of these, what is bought also when everything is given
    pieces: Mapped[int] = mapped_column(default=1)  # how many make the whole of it
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]

    post: Mapped[GiftPost] = relationship(viewonly=True)


class KeptGift(Base):
    """One promise that was kept for a line: once, by its promise. It is a memo for the match and the figures, never money (decision 13)."""

    __tablename__ = "kept_gift"
    __table_args__ = (
        ForeignKeyConstraint(["wished_line_id", "application_id"], ["wished_line.id", "wished_line.application_id"]),
        CheckConstraint("pieces between 1 and 99", name="pieces"),
        CheckConstraint("value > 0", name="value"),
        CheckConstraint("lowered between 0 and value", name="lowered"),
        CheckConstraint("left_to_ask >= 0", name="left_to_ask"),
        CheckConstraint("taken_back_at is null or taken_back_at >= kept_at", name="taken_back"),
        Index("ix_kept_gift_wished_line_id", "wished_line_id"),
        Index("ix_kept_gift_application_id", "application_id", "id"),
        Index("ix_kept_gift_day", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    promise_id: Mapped[int] = mapped_column(ForeignKey("gift_promise.id"), unique=True)
    wished_line_id: Mapped[int]
    application_id: Mapped[int]
    pieces: Mapped[int]
    value: Mapped[Pence]  # what does not have to be bought
    lowered: Mapped[Pence] = mapped_column(default=0)  # of it, what the bid asks less; nothing once the panel has it
    left_to_ask: Mapped[Pence] = mapped_column(default=0)  # what the line may ask at most since
    day: Mapped[date]
    kept_at: Mapped[datetime]
    taken_back_at: Mapped[datetime | None]

    promise: Mapped[GiftPromise] = relationship(viewonly=True)


__all__ = ["KeptGift", "WishedLine"]
