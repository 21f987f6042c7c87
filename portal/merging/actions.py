"""Two records of one human being, or of one group, become one: one officer asks with a reason, a second person does it.

Always two people, because it cannot be undone: what moved is the kept record's from then on, and nobody could say later which of it was
whose. Nothing in the books is rewritten; a card of the timebank goes along, or two cards are joined first by one visible entry.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update

from portal import clock
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.grants.match import same_neighbour
from portal.grants.model import Application, Pledge
from portal.history import Actor, record
from portal.merging import judging
from portal.merging.judging import Record
from portal.merging.moving import move
from portal.outbox import Addressee, Text, address_of, queue
from portal.people import actions as people_actions
from portal.people import caring, second
from portal.people import queries as people
from portal.people.model import Merger, Organisation, Person, SignInCode, SignInSession
from portal.refs import new_ref
from portal.surveys import neighbours
from portal.words import _


class _DryRun(Exception):
    """Everything went well, and nothing of it stays."""


def pair(kind: str, goes: str, stays: str) -> tuple[Record, Record]:
    """Two records of a "person" or an "organisation" by their references. NotFound."""
    if kind == "person":
        return people.person_by_ref(goes), people.person_by_ref(stays)
    return people.organisation_by_ref(goes), people.organisation_by_ref(stays)


def why_not(old: Record, new: Record, actor: Actor) -> Refused | None:
    """Why `ask` would refuse now, as far as looking tells; what comes of moving everything is judged when it is asked."""
    try:
        judging.judge(old, new, actor)
    except Refused as why:
        return why
    return None


def ask(kind: str, goes: str, stays: str, reason: str, actor: Actor) -> str:
    """The first person asks to fold `goes` into `stays`; returns the reference. The same again gives the first one.

    It is tried out whole, and none of it stays. Refused: no reason, asked already of one of the two, whatever keeps them two now.
    """
    if not reason:
        raise Refused(_("Write how you know that both are the same. It is kept."), "reason")
    with transaction():
        one_at_a_time("merging")
        old, new = pair(kind, goes, stays)
        if (before := _waiting(old, new)) is not None:
            if (_old_id(before), _new_id(before), before.asked_by_id) == (old.id, new.id, actor.person_id):
                return before.ref
            raise Refused(_("To join one of the two waits for a second person already. Look at that first."))
        _lock(old, new)
        judging.judge(old, new, actor)
        _try_out(old, new, actor)
        assert actor.person_id is not None
        row = Merger(ref=new_ref("MRG"), reason=reason, asked_by_id=actor.person_id, asked_at=clock.now(), **_along(old, new))
        db.session.add(row)
        for one, other in ((old, new), (new, old)):
            record(about(one), "merging_asked", actor, reason=reason, other=other.ref)
        return row.ref


def drop(ref: str, actor: Actor) -> None:
    """Leave them two after all. Twice changes nothing. Refused: they have become one meanwhile."""
    with transaction():
        one_at_a_time("merging")
        row = by_ref(ref)
        if row.status == "done":
            raise Refused(_("They have become one meanwhile."))
        if row.status == "asked":
            row.status = "dropped"
            for one in sides(row):
                record(about(one), "merging_dropped", actor)


def confirm(ref: str, actor: Actor) -> None:
    """The second person: the two become one, for good. A second tap of the same person changes nothing.

    Refused: the same person asked, dropped or done by somebody else, whatever keeps them two now.
    """
    with transaction():
        one_at_a_time("merging")
        row = by_ref(ref)
        if row.status == "done" and row.done_by_id == actor.person_id:
            return
        if row.status != "asked":
            raise Refused(_("Nobody asks for this now. Look at the page again."))
        if row.asked_by_id == actor.person_id:
            raise Refused(_("You asked for this. A second person must do it."))
        old, new = sides(row)
        _lock(old, new)
        judging.judge(old, new, actor)
        ways = _ways_in(old, new)
        row.status, row.done_by_id, row.done_at = "done", actor.person_id, clock.now()
        db.session.flush()
        _fold(old, new, actor)
        for one, other, kind in ((old, new, "merged_into"), (new, old, "merged")):
            record(about(one), kind, actor, reason=row.reason, other=other.ref)
        _tell(row, new, ways)


# --- reading -------------------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> Merger:
    """One of them, whatever became of it, as it stands now. NotFound."""
    found = db.session.scalar(select(Merger).where(Merger.ref == ref).execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that."))
    return found


def sides(row: Merger) -> tuple[Record, Record]:
    """(the one that is folded in, the one that is kept)."""
    kind: Any = Person if row.kept_id is not None else Organisation
    return db.session.get_one(kind, _old_id(row)), db.session.get_one(kind, _new_id(row))


def all_of(status: str, limit: int | None = 50) -> Sequence[tuple[Merger, Record, Record]]:
    """Those that wait, or were done lately, with (goes, is kept); the newest first; None: all. Three queries."""
    rows = db.session.scalars(select(Merger).where(Merger.status == status).order_by(Merger.id.desc()).limit(limit)).all()
    found: dict[Any, dict[int | None, Any]] = {}
    kind: Any
    for kind, ids in (
        (Person, {id_ for row in rows for id_ in (row.kept_id, row.folded_id)}),
        (Organisation, {id_ for row in rows for id_ in (row.kept_group_id, row.folded_group_id)}),
    ):
        found[kind] = {each.id: each for each in db.session.scalars(select(kind).where(kind.id.in_(ids - {None})))}
    return [(row, of[_old_id(row)], of[_new_id(row)]) for row in rows for of in [found[Person if row.kept_id else Organisation]]]


def about(one: Record) -> str:
    """How events name a record: "person:12"."""
    return f"{'person' if isinstance(one, Person) else 'organisation'}:{one.id}"


def _old_id(row: Merger) -> int | None:
    return row.folded_id or row.folded_group_id


def _new_id(row: Merger) -> int | None:
    return row.kept_id or row.kept_group_id


def _waiting(old: Record, new: Record) -> Merger | None:
    both = (old.id, new.id)
    columns = (Merger.kept_id, Merger.folded_id) if isinstance(old, Person) else (Merger.kept_group_id, Merger.folded_group_id)
    return db.session.scalar(select(Merger).where(Merger.status == "asked", or_(*(each.in_(both) for each in columns))).limit(1))


# --- doing ---------------------------------------------------------------------------------------------------------------


def _lock(old: Record, new: Record) -> None:
    """Bids first, as everybody locks them who pays, decides or writes hours down; the two themselves last, as by whoever leaves."""
    both = (old.id, new.id)
    persons = isinstance(old, Person)
    whose: Any = Application.organisation_id.in_(both)
    if persons:
        whose = or_(Application.person_id.in_(both), Application.id.in_(select(Pledge.application_id).where(Pledge.person_id.in_(both))))
    db.session.scalars(select(Application).where(whose).order_by(Application.id).with_for_update()).all()
    if persons:
        for held in people.BEFORE_NEW_ADDRESS:
            held()
        for lock in people.BEFORE_LEAVING:
            lock(old.id)
    kind = type(old)
    query = select(kind).where(kind.id.in_(both)).order_by(kind.id)
    db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _try_out(old: Record, new: Record, actor: Actor) -> None:
    try:
        with db.session.begin_nested():
            _stand_in(old, new, actor)
            _fold(old, new, actor)
            raise _DryRun
    except _DryRun:
        return


def _stand_in(old: Record, new: Record, actor: Actor) -> None:
    """The row along which the database lets a card move, for as long as it is tried out; in the name of anybody, as a second is not known yet."""
    anybody = db.session.scalar(select(Person.id).where(Person.id != actor.person_id).limit(1))
    asked = {"reason": "?", "asked_by_id": actor.person_id, "asked_at": clock.now()}
    db.session.add(Merger(ref=new_ref("MRG"), status="done", done_by_id=anybody, done_at=clock.now(), **asked, **_along(old, new)))
    db.session.flush()


def _along(old: Record, new: Record) -> dict[str, int]:
    if isinstance(old, Person):
        return {"kept_id": new.id, "folded_id": old.id}
    return {"kept_group_id": new.id, "folded_group_id": old.id}


def _fold(old: Record, new: Record, actor: Actor) -> None:
    must_be_in_transaction()
    if isinstance(old, Person) and isinstance(new, Person):
        _fold_person(old, new)
    else:
        assert isinstance(old, Organisation) and isinstance(new, Organisation)
        _fold_group(old, new)
    judging.must_still_be_right(new, actor)


def _fold_person(old: Person, new: Person) -> None:
    move("person", old.id, new.id)
    if not same_neighbour(f"person:{old.id}", f"person:{new.id}"):
        raise Refused(
            _(
                "Both stand with hours of one day at one idea, or one has checked what the other wrote. Take one of these back first, at the idea."
            )
        )
    db.session.execute(update(Pledge).where(Pledge.worker == f"person:{old.id}").values(worker=f"person:{new.id}"))
    neighbours.carry(old, new)
    _sign_out_for_good(old)
    _take_over_details(old, new)
    db.session.execute(update(Merger).where(Merger.kept_id == old.id, Merger.status == "done").values(kept_id=new.id))
    db.session.flush()


def _sign_out_for_good(old: Person) -> None:
    second.forget(old.id)
    db.session.execute(delete(SignInSession).where(SignInSession.person_id == old.id))
    db.session.execute(delete(SignInCode).where(SignInCode.person_id == old.id))


def _take_over_details(old: Person, new: Person) -> None:
    """What the kept record lacks. Another address stays with the folded one, and leads here; but never to somebody with a role or a seat,
    whose ways in only they themselves change: theirs open nothing any more.
    """
    gained = {}
    if caring.why_not(new, None) is not None:
        old.email = old.phone = None
    for field in ("email", "phone"):
        if getattr(new, field) is None and getattr(old, field) is not None:
            gained[field] = getattr(old, field)
            setattr(old, field, None)
    old.deleted_at = clock.now()
    db.session.flush()  # an address is free before somebody else has it
    for field, value in gained.items():
        setattr(new, field, value)
    new.postal_address = new.postal_address or old.postal_address
    new.area_id = new.area_id if new.area_id is not None else old.area_id
    new.large_print = new.large_print or old.large_print
    if gained and new.channel == "letter" and not new.postal_address:
        new.channel = "email" if new.email else "sms"
    if gained:
        people_actions.at_new_address(new)


def _fold_group(old: Organisation, new: Organisation) -> None:
    move("organisation", old.id, new.id)
    old.archived_at = clock.now()
    new.charity_number = new.charity_number or old.charity_number
    new.company_number = new.company_number or old.company_number
    new.area_id = new.area_id if new.area_id is not None else old.area_id
    db.session.execute(update(Merger).where(Merger.kept_group_id == old.id, Merger.status == "done").values(kept_group_id=new.id))
    db.session.flush()


def _ways_in(*some: Record) -> Sequence[tuple[str, str]]:
    """Every address that one of them has: whoever joins two people wrongly opens one's door to the other, so each is told."""
    ways = [
        (way, address) for one in some if isinstance(one, Person) for way, address in (("email", one.email), ("sms", one.phone)) if address
    ]
    return list(dict.fromkeys(ways))


def _tell(row: Merger, new: Record, ways: Sequence[tuple[str, str]]) -> None:
    """The person, at every address that either had, each once; or everybody who acts for the group."""
    if isinstance(new, Person):
        told = [Addressee(new.name, way, address, new.id) for way, address in ways] or [people.addressee_of(new)]
        what = _("You were on our list twice. Your two records are one now.")
    else:
        told = [people.addressee_of(someone) for _row, someone in people.acting_for(new.id)]
        what = _("Your group “%(name)s” was on our list twice. The two records are one now.", name=new.name)
    values = {"what": what, "link": address_of("/people/me")}
    text = Text(
        subject=_("Your two records are one now"),
        body=_("%(what)s\n\nEverything that stood under the other one is with this one.\n\n%(link)s\n\nIf this is not right, call us at once.", **values),
        short=_("%(what)s If this is not right, call us at once. %(link)s", **values),
    )  # fmt: skip
    for number, to in enumerate(told, 1):
        queue(f"merger:{row.id}:{number}", to, text, about=about(new))
