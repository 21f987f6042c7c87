"""What a person was told by weekly letters already, and what they do not want to have suggested."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class GiftTold(Base):
    """A post that a weekly letter told somebody about: never again."""

    __tablename__ = "gift_told"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    post_id: Mapped[int] = mapped_column(ForeignKey("gift_post.id"), primary_key=True, autoincrement=False, index=True)


class GiftNotThis(Base):
    """Somebody does not want to have this suggested: a post, or what another room suggested, by its reference."""

    __tablename__ = "gift_not_this"
    __table_args__ = (
        CheckConstraint("(post_id is null) <> (entry_ref is null)", name="one_of_two"),
        UniqueConstraint("person_id", "post_id"),
        Index(
            "uq_gift_not_this_entry", "person_id", "entry_ref", unique=True, sqlite_where=text("entry_ref is not null"), postgresql_where=text("entry_ref is not null")
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("gift_post.id"), index=True)
    entry_ref: Mapped[str | None]


__all__ = ["GiftNotThis", "GiftTold"]
