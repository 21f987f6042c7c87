"""Messages, written in the transaction of the fact they tell and sent by the worker afterwards, each once.

A message has three forms: an e-mail, a short text and a printable letter. Which one goes is the person's choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, is_postgresql, must_be_in_transaction

CHANNELS = ("email", "sms", "letter")

_home = "http://localhost"


def reached_at(home: str) -> None:
    """Say how people reach us, without a slash at the end; called once by `create_app`."""
    global _home
    _home = home


def address_of(path: str) -> str:
    """The whole address of a page of ours, for a message."""
    return _home + path


class Message(Base):
    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("channel in ('email', 'sms', 'letter')", name="channel"),
        Index("ix_message_due", "sent_at", "failed_at", "due_at"),
        Index("ix_message_person_id_id", "person_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # names the fact: "award:17:offered:person:4"
    about: Mapped[str]
    channel: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    to_name: Mapped[str]
    address: Mapped[str]  # e-mail address, telephone number in E.164, or postal address
    subject: Mapped[str]
    body: Mapped[str]  # the e-mail: plain text, paragraphs separated by an empty line
    short: Mapped[str]  # the text message, at most 306 characters
    letter: Mapped[str]  # the letter: plain text, paragraphs separated by an empty line
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    sender_ref: Mapped[str | None]
    way_out: Mapped[str] = mapped_column(default="")  # as in `Text`


@dataclass(frozen=True)
class Addressee:
    """Where somebody wants to be told. `address` is for `channel`; a letter needs a postal address."""

    name: str
    channel: str
    address: str
    person_id: int | None = None


@dataclass(frozen=True)
class Text:
    """One message in its three forms."""

    subject: str
    body: str
    short: str
    letter: str | None = None  # the body, unless a letter must read differently
    way_out: str = ""  # of an e-mail that comes again and again: the whole address to which one POST ends it, without signing in


def gets_through(about: str, to: Addressee) -> bool:
    """Whether what we have to say about something reaches them: there is an address, and no letter about it still waits for the printer, and
    none of its messages came back.
    """
    if not to.address:
        return False
    stuck = Message.failed_at.is_not(None) | ((Message.channel == "letter") & Message.sent_at.is_(None))
    query = select(Message.id).where(Message.about == about, Message.person_id == to.person_id, stuck)
    return db.session.scalar(query.limit(1)) is None


def queue(key: str, to: Addressee, text: Text, *, about: str, due_at: datetime | None = None) -> bool:
    """Write the message beside the fact. False when one with this key is there already: nobody is told twice."""
    must_be_in_transaction()
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    statement = insert(Message).values(**_row(key, to, text, about, due_at)).on_conflict_do_nothing(index_elements=["key"])
    return db.session.scalar(statement.returning(Message.id)) is not None


def queue_all(some: Sequence[tuple[str, Addressee, Text]], *, about: str) -> None:
    """`queue` for many at once: (key, to, text) each. A key that is there already is left out."""
    must_be_in_transaction()
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    if some:
        rows = [_row(key, to, text, about, None) for key, to, text in some]
        db.session.connection().execute(insert(Message).on_conflict_do_nothing(index_elements=["key"]), rows)


def _row(key: str, to: Addressee, text: Text, about: str, due_at: datetime | None) -> dict[str, Any]:
    now = clock.now()
    return {
        "key": key, "about": about, "channel": to.channel, "person_id": to.person_id, "to_name": to.name, "address": to.address,
        "subject": _one_line(text.subject), "body": text.body, "short": text.short, "letter": text.letter or text.body, "created_at": now,
        "due_at": due_at or now, "attempts": 0, "way_out": text.way_out,
    }  # fmt: skip


def messages_about(about: str) -> Sequence[Message]:
    """Messages about one thing, newest first."""
    return db.session.scalars(select(Message).where(Message.about == about).order_by(Message.id.desc()).limit(100)).all()


def _one_line(text: str) -> str:
    """A subject can never add a header."""
    return " ".join(text.split())
