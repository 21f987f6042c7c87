"""What a coordinator has seen about a member: written down, looked at again, ended. And who is stopped until it was seen.

Never a document, never a number of one, no notes. Each row says who saw it, who wrote it down and when, and is only ever appended;
all of them go with who leaves the scheme.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import Actor, record
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import COLLECTORS
from portal.timebank import evidence_messages as messages
from portal.timebank import members, notices, safety
from portal.timebank.evidence_model import Evidence, EvidenceWanted
from portal.timebank.model import Member
from portal.timebank.safety import KINDS, OF_PERSONS
from portal.words import _

FARTHEST = timedelta(days=5 * 366)  # to the next look
P = ParamSpec("P")
R = TypeVar("R")


# --- writing down --------------------------------------------------------------------------------------------------------


def kinds_for(member: Member) -> Sequence[str]:
    """What may be written down about a member: of an organisation its policy, of a person the rest, consent while they are young."""
    if member.person_id is None:
        return ("policy",)
    return (*OF_PERSONS, "consent") if safety.is_young(member) else OF_PERSONS


def seers(member: Member) -> Sequence[Person]:
    """Who may have seen it: who looks after the member's area, and is not the member. One query, and who acts for an organisation."""
    own = {someone.id for someone in members.persons_of(member)}
    return [someone for someone in people.holders("connector", "officer", at=member.area_id) if someone.id not in own]


def write_down(
    ref: str, kind: str, seen_on: date | None, review_on: date | None, seen_by_id: int, who: Who, *, given_by: str = "", once_key: str
) -> None:
    """A coordinator writes down what was seen, by whom, and until when it counts. A new look ends the older one of its kind, except of
    references. Whoever waited for it hears that they may go on.

    Refused: about oneself, a kind that does not fit, days that cannot be, nobody who looks after that area, no name of who consents.
    NotYours: a member elsewhere.
    """
    with transaction():
        if once.claim(once_key) is not None:
            return
        member = _looked_after(ref, who)
        _judge(member, kind, seen_on, review_on, given_by)
        assert seen_on is not None and review_on is not None
        if seen_by_id not in {someone.id for someone in seers(member)}:
            raise Refused(_("Choose who saw it."), "seen_by")
        if kind != "reference":
            for older in db.session.scalars(_standing(member).where(Evidence.kind == kind)).all():
                _end(older, who)
        db.session.flush()
        made = Evidence(
            member_id=member.id, kind=kind, seen_on=seen_on, seen_by_id=seen_by_id, review_on=review_on, given_by=given_by if kind == "consent" else "",
            recorded_by_id=who.id, recorded_at=clock.now(),
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        record(members.about(member), "evidence_seen", Actor(who.id), evidence=made.id)
        _settle(member)


def _looked_after(ref: str, who: Who) -> Member:
    """The member, locked. NotYours: elsewhere; Refused: oneself, or somebody who has left."""
    member = members.locked(ref)
    if not who.can("help others", member):
        raise members.unknown()
    if members.acts_as(who, member):
        raise Refused(_("Ask a colleague: nobody looks at their own."))
    if member.status == "left":
        raise Refused(_("This member has left the timebank."))
    return member


def _judge(member: Member, kind: str, seen_on: date | None, review_on: date | None, given_by: str) -> None:
    today = clock.today()
    if kind not in kinds_for(member):
        raise Refused(_("Choose what you saw."), "kind")
    if kind == "consent" and not given_by:
        raise Refused(_("Write who says yes, like “Grace Cole, mother”."), "given_by")
    if seen_on is None or seen_on > today or seen_on < today - FARTHEST:
        raise Refused(_("Write the day on which it was seen, today or before."), "seen_on")
    if review_on is None or review_on <= today:
        raise Refused(
            _("Write when it is looked at again, a day that is ahead. If that day has passed, look at it anew first."), "review_on"
        )
    if review_on > seen_on + FARTHEST:
        raise Refused(_("Look at it again within five years."), "review_on")


def end(id_: int, ref: str, who: Who) -> None:
    """It counts no more. Again changes nothing. Refused: about oneself; NotYours: a member elsewhere."""
    with transaction():
        member = _looked_after(ref, who)
        found = db.session.scalar(select(Evidence).where(Evidence.id == id_, Evidence.member_id == member.id).with_for_update())
        if found is None:
            raise NotFound(_("We cannot find that."))
        if found.ended_at is None:
            _end(found, who)


def _end(found: Evidence, who: Who) -> None:
    found.ended_at, found.ended_by_id = clock.now(), who.id
    record(f"member:{found.member_id}", "evidence_ended", Actor(who.id), evidence=found.id)


def _standing(member: Member) -> Select[Evidence]:
    return select(Evidence).where(Evidence.member_id == member.id, Evidence.ended_at.is_(None))


def of_member(member: Member) -> Sequence[Evidence]:
    """What stands about a member, also past its day, the next to look at first, with who saw it. One query."""
    query = _standing(member).options(joinedload(Evidence.seen_by)).order_by(Evidence.review_on, Evidence.id)
    return db.session.scalars(query).all()


# --- who is stopped ------------------------------------------------------------------------------------------------------


class NotYet(Refused):
    """Somebody may not go on until a coordinator has seen something; that they wanted to is kept, though nothing else is."""

    def __init__(self, sentence: str, member_id: int, level: str) -> None:
        super().__init__(sentence)
        self.member_id, self.level = member_id, level


def telling(act: Callable[P, R]) -> Callable[P, R]:
    """For actions that ask `must_be_ready`: what it refuses, a coordinator hears of, once, though the action left nothing behind."""

    @wraps(act)
    def acted(*args: P.args, **named: P.kwargs) -> R:
        try:
            return act(*args, **named)
        except NotYet as why:
            with transaction():
                _want(why.member_id, why.level)
            raise

    return acted


def must_be_ready(member: Member, level: str, me: Member | None) -> None:
    """Refused (`NotYet`): what must have been seen of a member for help of a level was not, or is past its day. `me`: who reads the
    sentence; somebody else than the member is not told what is missing. One query for ordinary help of who is 18: none.
    """
    must_be_in_transaction()
    if level == "ordinary" and not safety.is_young(member):
        return
    held = safety.held_by(member)
    still = safety.missing(member, level, safety.level_rules(level), held)
    if not still:
        return
    wanted = "consent" if still == safety.missing(member, "consent", None, held) else level
    if me is not None and me.id == member.id:
        said = _(
            "Before that we must have seen %(what)s. Your coordinator knows now that you would like to help, and gets in touch with you.",
            what=_(" and ").join(still),
        )
    else:
        said = _(
            "%(name)s needs a word with their coordinator first, who knows of it now. You can ask your coordinator who else may help.",
            name=notices.first_name(member),
        )
    raise NotYet(said, member.id, wanted)


def _want(member_id: int, level: str) -> None:
    """Open it, and tell; nothing while it is open already."""
    must_be_in_transaction()
    db.session.flush()
    member = db.session.get_one(Member, member_id, with_for_update=True)
    row = db.session.scalar(select(EvidenceWanted).where(EvidenceWanted.member_id == member_id, EvidenceWanted.level == level))
    if row is None:
        row = EvidenceWanted(member_id=member_id, level=level, asked_at=clock.now(), times=1)
        db.session.add(row)
    elif row.settled_at is None:
        return
    else:
        row.asked_at, row.settled_at, row.times = clock.now(), None, row.times + 1
    db.session.flush()
    messages.somebody_waits(row, member)


def _joined(member: Member) -> None:
    """Of who is 16 or 17 the coordinator hears at once, because nobody can help or be helped before somebody consents."""
    if safety.is_young(member):
        _want(member.id, "consent")


members.WHEN_JOINED.append(_joined)


def _settle(member: Member) -> None:
    """Who waited and needs nothing more may go on, and hears so."""
    rules, held = members.open_rules(), safety.held_by(member)
    for row in db.session.scalars(select(EvidenceWanted).where(EvidenceWanted.member_id == member.id, EvidenceWanted.settled_at.is_(None))):
        if not safety.missing(member, row.level, rules, held):
            row.settled_at = clock.now()
            messages.go_on(row, member)


def not_needed(id_: int, who: Who) -> None:
    """A coordinator takes somebody off the list of who waits; whoever tries again stands there again. Again changes nothing."""
    with transaction():
        row = db.session.scalar(select(EvidenceWanted).where(EvidenceWanted.id == id_).with_for_update())
        if row is None or not who.can("help others", row.member):
            raise NotYours(_("We cannot find that."))
        if row.settled_at is None:
            row.settled_at = clock.now()
            record(members.about(row.member), "evidence_not_needed", Actor(who.id))


def wanted_by(member: Member) -> Sequence[EvidenceWanted]:
    """For what a member waits. One query."""
    query = select(EvidenceWanted).where(EvidenceWanted.member_id == member.id, EvidenceWanted.settled_at.is_(None))
    return db.session.scalars(query.order_by(EvidenceWanted.id)).all()


# --- leaving, and what we keep -------------------------------------------------------------------------------------------


def let_go(member: Member, who: Who) -> None:
    """A member leaves the timebank, as a part of that action: nothing counts any more, and nobody waits."""
    must_be_in_transaction()
    for found in db.session.scalars(_standing(member)).all():
        _end(found, who)
    db.session.execute(
        update(EvidenceWanted)
        .where(EvidenceWanted.member_id == member.id, EvidenceWanted.settled_at.is_(None))
        .values(settled_at=clock.now())
    )


def carry(old: Member, new: Member, who: Who) -> None:
    """Two cards become one, as a part of that action: what was seen counts for the one that stays, except of a kind that stands there
    already, because the same reference is not two.
    """
    must_be_in_transaction()
    known = {each.kind for each in of_member(new)}
    own = {someone.id for someone in members.persons_of(new)}
    seen = [each for each in of_member(old) if each.kind not in known and each.seen_by_id not in own]
    let_go(old, who)
    for each in seen:
        made = Evidence(
            member_id=new.id, kind=each.kind, seen_on=each.seen_on, seen_by_id=each.seen_by_id, review_on=each.review_on, given_by=each.given_by,
            recorded_by_id=who.id, recorded_at=clock.now(),
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        record(members.about(new), "evidence_seen", Actor(who.id), evidence=made.id)
    _settle(new)


def forget(member: Member) -> None:
    """A member who has left leaves the scheme too: what was seen about them goes, and how old they are."""
    must_be_in_transaction()
    member.adult_on = None
    db.session.flush()
    for table in (Evidence, EvidenceWanted):
        db.session.execute(delete(table).where(table.member_id == member.id))


def _evidence_of_person(person_id: int) -> Any:
    mine = select(Member.id).where(Member.person_id == person_id)
    seen = db.session.scalars(
        select(Evidence).where(Evidence.member_id.in_(mine)).options(joinedload(Evidence.seen_by)).order_by(Evidence.id)
    )
    asked = db.session.scalars(select(EvidenceWanted).where(EvidenceWanted.member_id.in_(mine)).order_by(EvidenceWanted.id))
    adult_on = db.session.scalar(select(Member.adult_on).where(Member.person_id == person_id))
    return {
        "18 on": adult_on and adult_on.isoformat(),
        "seen": [
            {
                "what": KINDS[row.kind], "seen on": row.seen_on.isoformat(), "seen by": row.seen_by.name, "counts until": row.review_on.isoformat(),
                "who says yes": row.given_by, "written down": row.recorded_at.isoformat(), "ended": row.ended_at and row.ended_at.isoformat(),
            }
            for row in seen
        ],
        "waited for": [{"since": row.asked_at.isoformat(), "for": row.level, "done": row.settled_at and row.settled_at.isoformat()} for row in asked],
    }  # fmt: skip


COLLECTORS["what we have seen"] = _evidence_of_person
