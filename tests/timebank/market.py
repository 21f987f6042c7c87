"""Offers and requests for tests, posted by the same actions that people use."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.db import db
from portal.outbox import Message
from portal.people.access import Who
from portal.photos import Picture
from portal.timebank import conversations, posts, promises
from portal.timebank.posts_model import Conversation, Post, Promise
from tests.client import Inspector
from tests.timebank.bank import Bank


class Pages(Inspector):
    """A browser whose pages keep to their budget; what is sent does more than show a page, and may ask more for it."""

    def post(self, path: str, data: Mapping[str, Any], status: int = 303) -> Inspector:
        before, self.budget = self.budget, 40
        try:
            return super().post(path, data, status)
        finally:
            self.budget = before


PLAIN = posts.Draft(kind="offer", title="I can mend bicycles", category="repairs", area_id=None, reach="scheme")


def put_up(
    bank: Bank, name: str, title: str = "I can mend bicycles", kind: str = "offer", *, area: str = "", by: Who | None = None, basis: str | None = None,
    key: str = "", picture: Picture | None = None, data_dir: Path | None = None, **changes: object,
) -> str:  # fmt: skip
    """Somebody posts; returns the reference. `changes`: what the draft says otherwise."""
    home = area or next(code for code, id_ in bank.areas.items() if id_ == bank.member(name).area_id)
    draft = replace(PLAIN, kind=kind, title=title, area_id=bank.areas[home], **changes)  # type: ignore[arg-type]
    return posts.post(
        bank.cards[name], draft, by or bank.who(name), basis=basis, picture=picture, data_dir=data_dir, once_key=key or uuid.uuid4().hex
    )


def the_post(ref: str) -> Post:
    """As it stands now."""
    db.session.rollback()
    return posts.by_ref(ref)


def write(bank: Bank, name: str, post_ref: str, words: str = "I would love that.") -> str:
    """Somebody answers a post; returns the conversation's reference."""
    return conversations.answer(post_ref, bank.cards[name], words, bank.who(name), once_key=uuid.uuid4().hex)


def reply(bank: Bank, name: str, ref: str, words: str = "Lovely, when?") -> None:
    conversations.say(ref, words, bank.who(name), once_key=uuid.uuid4().hex)


def propose(bank: Bank, name: str, ref: str, at: datetime, place: str = "The library") -> str:
    """Somebody proposes an hour; returns the promise's reference."""
    return promises.propose(ref, at, 60, place, bank.who(name), once_key=uuid.uuid4().hex)


def talk(ref: str) -> Conversation:
    db.session.rollback()
    return conversations.by_ref(ref)


def promise(ref: str) -> Promise:
    db.session.rollback()
    return db.session.scalars(select(Promise).where(Promise.ref == ref)).one()


def told(name: str) -> list[str]:
    """Subjects of what somebody was told, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(Message.subject).where(Message.to_name == name).order_by(Message.id)))


def bodies(name: str) -> list[str]:
    """What e-mails to somebody say, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(Message.body).where(Message.to_name == name).order_by(Message.id)))
