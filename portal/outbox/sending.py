"""Sending what is due: claim one message, carry it, mark what came of it. Two workers never carry the same one.

A crash between carrying and marking cannot be ruled out, so a message whose claim has run out is tried again as a copy
that can be known: e-mail with the same Message-ID (at least once), Notify only after asking it by our key (once).
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import Actor, record
from portal.outbox import Message
from portal.outbox.senders import NotNow, Parcel, Sender, Undeliverable
from portal.words import _

log = logging.getLogger("kindling")

LEASE = timedelta(minutes=10)  # how long a claim holds: longer than any sender may take
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))
NO_TEXTS = "this scheme has nobody who carries text messages; telephone them, or print it as a letter"


@dataclass(frozen=True)
class _Claim:
    id: int
    until: datetime
    attempts: int
    parcel: Parcel


def send_due(senders: Mapping[str, Sender], go_on: Callable[[], bool] = lambda: True) -> int:
    """Carry everything that is due, the longest waiting first, while `go_on()`; returns how many were tried.

    A letter without a sender is left for the printer; an e-mail or text without one fails, and the officer is told.
    """
    channels = {"email", "sms", *senders}
    tried = 0
    while go_on() and (claim := _claim(channels)) is not None:
        tried += 1
        _carry(claim, senders)
    return tried


def note_bounces(bounced: Sequence[tuple[str, str]]) -> int:
    """Messages that were taken and came back, by the sender's reference and its word for why; returns how many are new."""
    if not bounced:
        return 0
    noted = 0
    with transaction():
        for reference, status in bounced:
            done = db.session.execute(
                update(Message)
                .where(Message.sender_ref == reference, Message.sent_at.is_not(None), Message.failed_at.is_(None))
                .values(failed_at=clock.now(), last_error=f"came back: {status}")
            )
            noted += done.rowcount  # type: ignore[attr-defined]
    return noted


def _due(channels: Collection[str]) -> ColumnElement[bool]:
    now = clock.now()
    return and_(
        Message.sent_at.is_(None),
        Message.failed_at.is_(None),
        Message.due_at <= now,
        Message.channel.in_(sorted(channels)),
        or_(Message.claimed_until.is_(None), Message.claimed_until <= now),
    )


def _claim(channels: Collection[str]) -> _Claim | None:
    if not db.session.scalar(select(exists().where(_due(channels)))):
        return None  # nearly always: without a write lock
    with transaction():
        message = db.session.scalar(
            select(Message).where(_due(channels)).order_by(Message.due_at, Message.id).limit(1).with_for_update(skip_locked=True)
        )
        if message is None:
            return None
        again = message.attempts > 0 or message.last_error is not None
        message.attempts += 1
        message.claimed_until = clock.now() + LEASE
        parcel = Parcel(
            message.key,
            message.channel,
            message.to_name,
            message.address,
            message.subject,
            message.body,
            message.short,
            message.letter,
            again,
            message.way_out,
        )
        return _Claim(message.id, message.claimed_until, message.attempts, parcel)


def _carry(claim: _Claim, senders: Mapping[str, Sender]) -> None:
    if claim.attempts > len(PAUSES) + 1:
        return _mark(claim, failed_at=clock.now(), last_error="the worker ended in the middle each time")
    sender = senders.get(claim.parcel.channel)
    try:
        if sender is None:
            raise Undeliverable(NO_TEXTS)
        reference = sender.send(claim.parcel)
    except Undeliverable as why:
        return _mark(claim, failed_at=clock.now(), last_error=_said(why))
    except NotNow as why:
        return _later(claim, _said(why))
    except Exception as why:  # whatever a sender did not foresee must not stop the others
        log.exception("sender failed", extra={"fields": {"key": claim.parcel.key}})
        return _later(claim, f"a mistake of ours: {type(why).__name__}")
    return _mark(claim, sent_at=clock.now(), sender_ref=reference)


def _later(claim: _Claim, why: str) -> None:
    if claim.attempts > len(PAUSES):
        return _mark(claim, failed_at=clock.now(), last_error=why)
    return _mark(claim, due_at=clock.now() + PAUSES[claim.attempts - 1], last_error=why)


def _mark(claim: _Claim, **values: Any) -> None:
    with transaction():
        marked = db.session.execute(
            update(Message).where(Message.id == claim.id, Message.claimed_until == claim.until).values(claimed_until=None, **values)
        )
        ours = bool(marked.rowcount)  # type: ignore[attr-defined]
    if not ours:
        log.error("message outlived its claim", extra={"fields": {"key": claim.parcel.key}})
    elif "failed_at" in values:
        log.error("message failed", extra={"fields": {"key": claim.parcel.key}})


def _said(why: Exception) -> str:
    return " ".join(str(why).split())[:300]


# What the post room does by hand.


def letters_waiting(after: int = 0, limit: int = 50) -> Sequence[Message]:
    """Letters that are due and wait for the printer, oldest first, from the one after the id `after`."""
    return db.session.scalars(
        select(Message)
        .where(
            Message.channel == "letter", Message.sent_at.is_(None), Message.failed_at.is_(None), Message.due_at <= clock.now(), Message.id > after
        )
        .order_by(Message.id)
        .limit(limit)
    ).all()  # fmt: skip


def failed(before: int | None = None, limit: int = 25) -> Sequence[Message]:
    """Messages that could not be delivered, newest first, from the one before the id `before`."""
    query = select(Message).where(Message.failed_at.is_not(None)).order_by(Message.id.desc()).limit(limit)
    return db.session.scalars(query if before is None else query.where(Message.id < before)).all()


def latest(before: int | None = None, limit: int = 20) -> Sequence[Message]:
    """All messages, newest first, from the one before the id `before`."""
    query = select(Message).order_by(Message.id.desc()).limit(limit)
    return db.session.scalars(query if before is None else query.where(Message.id < before)).all()


def printed(ids: Collection[int], actor: Actor) -> int:
    """These letters are on paper and on their way; returns how many that is news of (twice is as good as once)."""
    with transaction():
        done = db.session.scalars(
            update(Message)
            .where(Message.id.in_(ids), Message.channel == "letter", Message.sent_at.is_(None), Message.failed_at.is_(None))
            .values(sent_at=clock.now())
            .returning(Message.id)
        ).all()
        for message_id in done:
            record(f"message:{message_id}", "printed", actor)
        return len(done)


def try_again(message_id: int, actor: Actor) -> None:
    """A failed message goes out anew, from the first pause on. Refused when it is not among the failed any more."""
    _revive(message_id, "sent again", actor, {})


def as_letter(message_id: int, address: str, actor: Actor) -> None:
    """A failed message is printed instead, to this postal address (empty: handed over). Refused as for `try_again`."""
    _revive(message_id, "made a letter", actor, {"channel": "letter", "address": address})


def told_otherwise(message_id: int, actor: Actor) -> None:
    """A failed message was told in some other way (by telephone, on the doorstep). Refused as for `try_again`."""
    _revive(message_id, "told otherwise", actor, {"sent_at": clock.now()})


def _revive(message_id: int, kind: str, actor: Actor, values: dict[str, Any]) -> None:
    with transaction():
        done = db.session.scalar(
            update(Message)
            .where(Message.id == message_id, Message.failed_at.is_not(None))
            .values({"failed_at": None, "sent_at": None, "sender_ref": None, "attempts": 0, "due_at": clock.now()} | values)
            .returning(Message.id)
        )
        if done is None:
            raise Refused(_("Somebody has dealt with this message already."))
        record(f"message:{message_id}", kind, actor)
