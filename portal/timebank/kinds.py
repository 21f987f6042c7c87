"""Kinds of help: a scheme adds its own, calls them as people there do, and retires what nobody needs. What was given keeps its kind."""

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import func, select

from portal import clock
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.timebank import search
from portal.timebank.model import Category
from portal.words import _


def everything() -> Sequence[Category]:
    """All kinds of help, those in use first, by name."""
    return db.session.scalars(select(Category).order_by(Category.archived_at.is_not(None), Category.name)).all()


def add(name: str, actor: Actor) -> str:
    """A new kind of help; returns its code. Refused: no name, or one that is there, also among the retired ones."""
    with transaction():
        one_at_a_time("kinds")
        _free(name, None)
        made = Category(code=_code(name), name=name)
        db.session.add(made)
        db.session.flush()
        record(f"category:{made.id}", "added", actor, name=name)
        return made.code


def rename(code: str, name: str, actor: Actor) -> None:
    """Call a kind of help something else, everywhere, also where it was given already. Refused as for `add`."""
    with transaction():
        one_at_a_time("kinds")
        found = _locked(code)
        _free(name, found)
        before, found.name = found.name, name
        db.session.flush()
        if before != name:
            search.keep_all()
            record(f"category:{found.id}", "renamed", actor, before=before, name=name)


def retire(code: str, actor: Actor) -> None:
    """Offer a kind of help no more. Refused: it is the last one. Again changes nothing."""
    with transaction():
        one_at_a_time("kinds")
        found = _locked(code)
        in_use = db.session.scalar(select(func.count()).select_from(Category).where(Category.archived_at.is_(None))) or 0
        if found.archived_at is None:
            if in_use == 1:
                raise Refused(_("Keep at least one kind of help."))
            found.archived_at = clock.now()
            record(f"category:{found.id}", "retired", actor)


def bring_back(code: str, actor: Actor) -> None:
    """Offer a retired kind of help again. Again changes nothing."""
    with transaction():
        found = _locked(code)
        if found.archived_at is not None:
            found.archived_at = None
            record(f"category:{found.id}", "back", actor)


def _locked(code: str) -> Category:
    found = db.session.scalar(select(Category).where(Category.code == code).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We do not know that kind of help."))
    return found


def _free(name: str, but: Category | None) -> None:
    must_be_in_transaction()
    if not name:
        raise Refused(_("Write what it is called."), "name")
    other = db.session.scalar(select(Category).where(func.lower(Category.name) == name.lower()))
    if other is not None and other is not but:
        raise Refused(_("There is a kind of help called %(name)s already. Perhaps it is retired: bring it back.", name=other.name), "name")


def _code(name: str) -> str:
    """A short code of our own for addresses and forms, from the first word."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    word = re.search(r"[a-z]+", plain)
    stem = word.group()[:20] if word else "kind"
    code, number = stem, 1
    while db.session.scalar(select(Category.id).where(Category.code == code)) is not None:
        number += 1
        code = f"{stem}{number}"
    return code
