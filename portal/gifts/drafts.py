"""What a stranger typed before they said who they are: kept for a day, with its photo, under a reference that only they have."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from portal import clock, photos
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.gifts.model import GiftDraft
from portal.refs import new_ref
from portal.words import _

LIFE = timedelta(days=1)
MOST_WAITING = 300


def put_aside(typed: dict[str, Any], picture: photos.Picture | None) -> str:
    """Keep what was typed; returns the reference with which it is fetched after signing in. Refused: too many wait."""
    with transaction():
        waiting = db.session.scalar(select(func.count()).select_from(GiftDraft)) or 0
        if waiting >= MOST_WAITING:
            raise Refused(_("Many people write to us just now. Sign in first, and then put it up."))
        made = GiftDraft(ref=new_ref("GDR"), typed=typed, typed_at=clock.now())
        if picture is not None:
            made.picture, made.width, made.height = picture.data, picture.width, picture.height
        db.session.add(made)
        return made.ref


def of(ref: str) -> GiftDraft:
    """What was put aside. NotFound: a day has passed, or it stands on the board already."""
    found = db.session.scalar(select(GiftDraft).where(GiftDraft.ref == ref, GiftDraft.typed_at > clock.now() - LIFE))
    if found is None:
        raise NotFound(_("We do not have this any more. Look at your gifts and wishes: perhaps it is up already. Else write it once more."))
    return found


def picture_of(draft: GiftDraft) -> photos.Picture | None:
    """The photo that was sent with it."""
    return photos.Picture(draft.picture, draft.width, draft.height) if draft.picture is not None else None


def done_with(ref: str) -> None:
    """It stands on the board: nothing to put aside any more. Again changes nothing."""
    with transaction():
        db.session.execute(delete(GiftDraft).where(GiftDraft.ref == ref))


def forget() -> int:
    """Drop what nobody came back for (the worker's work)."""
    old = GiftDraft.typed_at <= clock.now() - LIFE
    with transaction():
        return len(db.session.scalars(delete(GiftDraft).where(old).returning(GiftDraft.id)).all())
