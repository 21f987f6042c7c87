"""What is done about places: the scheme's own data, areas, and the ONS codes of wards."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.places import queries
from portal.places.model import Area, Scheme, WardCode
from portal.words import _

TAKEN_BY_PAGES = ("new", "load")  # /desk/areas/new is a page of its own


def change_scheme(values: Mapping[str, Any], actor: Actor) -> None:
    """Say what the scheme is called and how it is reached; makes its row the first time. `values`: columns of Scheme but `id`.

    What stood before and what stands now is kept, for each of them that is different.
    """
    with transaction():
        put_scheme(values, actor)


def put_scheme(values: Mapping[str, Any], actor: Actor) -> None:
    """The same as a part of an action."""
    must_be_in_transaction()
    found = db.session.get(Scheme, 1, with_for_update=True)
    if found is None:
        db.session.add(Scheme(id=1, **values))
        record("scheme", "scheme_begun", actor)
        return
    changed = {name: [getattr(found, name), value] for name, value in values.items() if getattr(found, name) != value}
    for name, (_was, value) in changed.items():
        setattr(found, name, value)
    if changed:
        record("scheme", "scheme_changed", actor, changed=changed)


def add_area(name: str, kind: str, parent: str, reason: str, actor: Actor) -> str:
    """A new area inside another one (its code, or "" for none); returns its own code, made from its name. Refused: the name is taken."""
    with transaction():
        _name_is_free(name, None)
        made = Area(code=_free_code(name), name=name, kind=kind, parent_id=_parent(parent, None))
        db.session.add(made)
        db.session.flush()
        record(f"area:{made.id}", "area_added", actor, reason=reason, name=name)
        return made.code


def change_area(code: str, name: str, kind: str, parent: str, reason: str, actor: Actor) -> None:
    """Rename an area or move it; its code stays, because ledgers and links name it. Refused: no reason, name taken, a parent inside it."""
    with transaction():
        found = _locked(code)
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept with the area."), "reason")
        _name_is_free(name, found)
        parent_id = _parent(parent, found)
        if (found.name, found.kind, found.parent_id) == (name, kind, parent_id):
            return
        record(f"area:{found.id}", "area_changed", actor, reason=reason, was=found.name, name=name)
        found.name, found.kind, found.parent_id = name, kind, parent_id


def retire_area(code: str, reason: str, actor: Actor) -> None:
    """Offer an area no more; what was awarded there keeps its name.

    Refused: no reason, areas in use lie in it, somebody would be left behind (`queries.LIES_IN`), retired already.
    """
    with transaction():
        found = _locked(code)
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept with the area."), "reason")
        if found.archived_at is not None:
            raise Refused(_("This area is retired already."))
        inside = db.session.scalars(
            select(Area.name).where(Area.parent_id == found.id, Area.archived_at.is_(None)).order_by(Area.name)
        ).all()
        if inside:
            raise Refused(_("There are still areas in it: %(names)s. Move or retire them first.", names=", ".join(inside[:3])))
        if (first := next(iter(queries.lying_in(found)), None)) is not None and first.href:
            raise Refused(first.sentence)
        found.archived_at = clock.now()
        record(f"area:{found.id}", "area_retired", actor, reason=reason)


def bring_back_area(code: str, actor: Actor) -> None:
    """Offer a retired area again. Refused: it is in use."""
    with transaction():
        found = _locked(code)
        if found.archived_at is None:
            raise Refused(_("This area is in use already."))
        found.archived_at = None
        record(f"area:{found.id}", "area_back", actor)


def add_code(code: str, ons_code: str, valid_from: date, reason: str, actor: Actor) -> None:
    """A ward has a new ONS code from a day on; the one before ends on the eve. The same first day again puts a slip right.

    Awards keep the code that was frozen when they were decided. Refused: no reason, a code that begins later is there, or another
    area has this code at the time.
    """
    with transaction():
        found = _locked(code)
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept with the area."), "reason")
        codes = db.session.scalars(select(WardCode).where(WardCode.area_id == found.id).order_by(WardCode.valid_from)).all()
        if codes and codes[-1].valid_from > valid_from:
            raise Refused(_("There is a code from a later day already. Load a CSV file to change the past."), "valid_from")
        if codes and codes[-1].valid_from == valid_from:
            last = codes[-1]
            last.ons_code, last.valid_to = ons_code, None
        else:
            if codes and (codes[-1].valid_to is None or codes[-1].valid_to >= valid_from):
                codes[-1].valid_to = valid_from - timedelta(days=1)
            last = WardCode(area_id=found.id, ons_code=ons_code, valid_from=valid_from, valid_to=None)
        if other := code_in_use(ons_code, found.id, valid_from, None):
            raise Refused(_("%(name)s has this code at that time.", name=other), "ons_code")
        db.session.add(last)
        record(f"area:{found.id}", "area_coded", actor, reason=reason, ons_code=ons_code, valid_from=valid_from.isoformat())


def code_in_use(ons_code: str, area_id: int, first: date, last: date | None) -> str | None:
    """The name of another area that has this ONS code on a day between two; two wards never share one. Part of an action."""
    must_be_in_transaction()
    with db.session.no_autoflush:
        rows = db.session.execute(
            select(Area.name, WardCode.valid_from, WardCode.valid_to)
            .join(WardCode, WardCode.area_id == Area.id)
            .where(WardCode.ons_code == ons_code, WardCode.area_id != area_id)
        ).all()
    return next((name for name, start, end in rows if start <= (last or date.max) and first <= (end or date.max)), None)


def would_circle(area: Area, parent: Area) -> bool:
    """Whether an area would lie in itself, if it lay in `parent`. Part of an action."""
    must_be_in_transaction()
    here: Area | None = parent
    seen: set[int] = set()
    while here is not None and here.id not in seen:
        if here.id == area.id:
            return True
        seen.add(here.id)
        here = db.session.get(Area, here.parent_id) if here.parent_id else None
    return False


def _locked(code: str) -> Area:
    found = db.session.scalar(select(Area).where(Area.code == code).with_for_update())
    if found is None:
        raise NotFound(_("We do not know that area."))
    return found


def _name_is_free(name: str, but: Area | None) -> None:
    other = db.session.scalar(select(Area).where(Area.name == name))
    if other is not None and other is not but:
        raise Refused(_("Another area is called %(name)s already.", name=name), "name")


def _parent(code: str, area: Area | None) -> int | None:
    if not code:
        return None
    found = queries.area_by_code(code)
    if found is None or found.archived_at is not None:
        raise Refused(_("Choose where it lies."), "parent")
    if area is not None and would_circle(area, found):
        raise Refused(_("%(name)s lies in this area itself. Choose another one.", name=found.name), "parent")
    return found.id


def _free_code(name: str) -> str:
    return code_from(name, lambda code: code in TAKEN_BY_PAGES or queries.area_by_code(code) is not None)


def code_from(name: str, taken: Callable[[str], bool]) -> str:
    """A short name for addresses, made from a name, that is not taken: "priory-hub", or "priory-hub-2"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    code = stem = "-".join(re.findall(r"[a-z0-9]+", plain))[:40].strip("-") or "area"
    number = 1
    while taken(code):
        number += 1
        code = f"{stem}-{number}"
    return code
