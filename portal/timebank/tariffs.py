"""What two organisations agreed, once, that something counts in hours: a hall for an hour, a minibus for a day.

One side proposes a line and somebody else of the other side agrees. From then on either writes down how many of it there were, and the
hours follow; they are answered like any others (`exchange.log`). A line is never changed: another figure is another line, which ends
the older one on the day it is agreed, so that what is in the books keeps the figure of its day.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import contains_eager, joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import BASES, Actor, Event, record
from portal.money import Minutes, hours
from portal.people import queries as people
from portal.people.access import Who
from portal.people.queries import COLLECTORS
from portal.refs import new_ref
from portal.timebank import exchange as exchanges
from portal.timebank import members, tariff_messages
from portal.timebank.members import name_of
from portal.timebank.model import Exchange, Member
from portal.timebank.rules import MOST_A_DAY, judge_time
from portal.timebank.tariff_messages import about
from portal.timebank.tariff_model import Tariff, TariffUse
from portal.words import N_, _, _n

UNITS = {
    "hour": N_("an hour"), "half day": N_("half a day"), "day": N_("a day"), "evening": N_("an evening"), "time": N_("each time"), "piece": N_("a piece"),
}  # fmt: skip
LONGEST = 60  # letters of what it is
MOST_OVER = 20  # lines that are over, of one organisation's page
SIDES = (Tariff.giver, Tariff.receiver)
WHOLE = (
    *(joinedload(side).joinedload(part) for side in SIDES for part in (Member.person, Member.organisation, Member.area)),
    joinedload(Tariff.category),
)


def counted(unit: str, number: int) -> str:
    """ "3 days", of a unit by its code."""
    return {
        "hour": _n("%(num)d hour", "%(num)d hours", number), "half day": _n("%(num)d half day", "%(num)d half days", number),
        "day": _n("%(num)d day", "%(num)d days", number), "evening": _n("%(num)d evening", "%(num)d evenings", number),
        "time": _n("once", "%(num)d times", number), "piece": _n("%(num)d piece", "%(num)d pieces", number),
    }[unit]  # fmt: skip


# --- finding -------------------------------------------------------------------------------------------------------------


def sides(line: Tariff) -> tuple[Member, Member]:
    """(who proposed it, who answers)."""
    return (line.giver, line.receiver) if line.side == "giver" else (line.receiver, line.giver)


def seen_by(ref: str, who: Who, as_: str | None = None) -> tuple[Tariff, Member]:
    """A line, and the organisation for which somebody looks at it: theirs, first the one called `as_`, else one that they may help.

    NotFound for everybody else.
    """
    line = db.session.scalar(select(Tariff).where(Tariff.ref == ref).options(*WHOLE))
    both = sorted((line.giver, line.receiver), key=lambda each: each.ref != as_) if line is not None else []
    for able in (members.acts_as, lambda who, side: who.can("help others", side)):
        for side in both:
            if line is not None and able(who, side):
                return line, side
    raise _no_line()


def _no_line() -> NotFound:
    return NotFound(_("We cannot find that line of a tariff."))


def lines_of(member: Member) -> Sequence[Tariff]:
    """All lines of an organisation: those that wait, then those in force, then the latest that are over. One query."""
    order = (Tariff.status == "proposed").desc(), (Tariff.status == "agreed").desc(), Tariff.over_at.desc(), Tariff.what, Tariff.id
    query = select(Tariff).where(or_(Tariff.giver_id == member.id, Tariff.receiver_id == member.id)).options(*WHOLE).order_by(*order)
    found = db.session.scalars(query).all()
    standing = [line for line in found if line.over_at is None]
    return [*standing, *[line for line in found if line.over_at is not None][:MOST_OVER]]


def uses_of(line: Tariff, limit: int = 10) -> Sequence[TariffUse]:
    """What was written down by a line, the latest first. One query."""
    query = select(TariffUse).join(TariffUse.exchange).where(TariffUse.tariff_id == line.id).options(contains_eager(TariffUse.exchange))
    return db.session.scalars(query.order_by(Exchange.day.desc(), Exchange.id.desc()).limit(limit)).all()


def partners(member: Member, limit: int = 300) -> Sequence[Member]:
    """Organisations with which a tariff can be agreed, those of the same area first. One query."""
    near = Member.area_id == member.area_id
    query = (
        select(Member)
        .where(Member.organisation_id.is_not(None), Member.status == "active", Member.id != member.id)
        .join(Member.organisation)
    )
    found = db.session.scalars(query.options(*members.NAMED).order_by(near.desc(), Member.id).limit(limit)).all()
    return sorted(found, key=lambda each: (each.area_id != member.area_id, name_of(each).casefold()))


def story_of(line: Tariff) -> Sequence[tuple[Event, str]]:
    """What happened with a line, newest first, and who did it. One query."""
    return people.story_of(about(line))


# --- who may -------------------------------------------------------------------------------------------------------------


def _actor(who: Who, side: Member, basis: str | None) -> Actor:
    """Who acts for an organisation: one of its own people, or a connector there who says how they know."""
    if members.acts_as(who, side):
        return Actor(who.id)
    if not who.can("help others", side):
        raise NotYours(_("We cannot find that line of a tariff."))
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    return Actor(who.id, None, basis)


def _locked(ref: str) -> Tariff:
    must_be_in_transaction()
    line = db.session.scalar(select(Tariff).where(Tariff.ref == ref).with_for_update().execution_options(populate_existing=True))
    if line is None:
        raise _no_line()
    return line


def _organisation(member: Member, field: str | None) -> Member:
    if member.organisation_id is None:
        raise Refused(_("A tariff is between two organisations. Between people an hour is an hour."), field)
    if member.status != "active":
        raise Refused(_("%(name)s is taking a break from the timebank just now.", name=name_of(member)), field)
    return member


# --- agreeing ------------------------------------------------------------------------------------------------------------


def propose(
    mine: str, other: str, gives: bool, what: str, kind: str, unit: str, minutes: int, who: Who, *, once_key: str, basis: str | None = None
) -> str:  # fmt: skip
    """Propose what a unit of something counts, in minutes; returns the reference. The other side hears of it.

    `mine`, `other`: card numbers; `gives`: whether mine is the one that gives it. Where there is a line for the same thing, the new one
    ends it when it is agreed. Refused: not theirs, no organisation, nothing said, not in quarters of an hour, more than 16 hours;
    the same line in force, or another proposal that waits.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        members.open_rules()
        me = _organisation(members.by_ref(mine), None)
        actor = _actor(who, me, basis)
        them = _organisation(members.by_ref(other), "other")
        if me.id == them.id:
            raise Refused(_("That is your own organisation. Choose the other one."), "other")
        if not what:
            raise Refused(_("Write what it is, like “The hall”."), "what")
        if unit not in UNITS:
            raise Refused(_("Choose what is counted: an hour of it, a day of it, a piece."), "unit")
        judge_time(minutes)
        giver, receiver = (me, them) if gives else (them, me)
        line = Tariff(
            ref=new_ref("TRF"), giver_id=giver.id, receiver_id=receiver.id, category_id=members.category(kind).id, what=what[:LONGEST], unit=unit,
            minutes=Minutes(minutes), same=f"{' '.join(what.casefold().split())}|{unit}", side="giver" if gives else "receiver", entered_by=actor.code,
            basis=actor.basis, proposed_at=clock.now(),
        )  # fmt: skip
        _not_there(line)
        db.session.add(line)
        db.session.flush()
        record(about(line), "proposed", actor, minutes=minutes)
        tariff_messages.proposed(line, me, them)
        once.keep(once_key, line.ref)
        return line.ref


def _not_there(line: Tariff) -> None:
    one_at_a_time(f"tariff:{line.giver_id}:{line.receiver_id}")
    for standing in _standing(line):
        if standing.status == "proposed":
            raise Refused(_("For this, %(time)s is proposed already and waits for an answer.", time=hours(standing.minutes)), "minutes")
        if standing.minutes == line.minutes:
            raise Refused(_("That is what the two of you have agreed already."), "minutes")


def _standing(line: Tariff) -> Sequence[Tariff]:
    """Lines for the same thing between the same two that wait or are in force."""
    query = select(Tariff).where(
        Tariff.giver_id == line.giver_id, Tariff.receiver_id == line.receiver_id, Tariff.same == line.same, Tariff.over_at.is_(None)
    )  # fmt: skip
    return db.session.scalars(query.order_by(Tariff.id).with_for_update()).all()


def agree(ref: str, who: Who, *, basis: str | None = None) -> None:
    """Somebody of the other side says yes: it is in force, and an older line for the same is over. A second time changes nothing.

    Refused: not theirs to answer, who typed the proposal, over, one of the two has left or takes a break.
    """
    with transaction():
        line = _locked(ref)
        proposer, other = sides(line)
        actor = _actor(who, other, basis)
        if line.status == "agreed":
            return
        _must_wait(line)
        if actor.code == line.entered_by:
            raise Refused(_("A second person says yes, not who proposed it. Ask somebody else of %(name)s.", name=name_of(other)))
        for side in (proposer, other):
            _organisation(side, None)
        for older in _standing(line):
            if older.status == "agreed":
                _over(older, "ended", actor)
                record(about(older), "replaced", actor, by=line.ref)
        line.status, line.agreed_by, line.agreed_at = "agreed", actor.code, clock.now()
        db.session.flush()
        record(about(line), "agreed", actor)
        tariff_messages.answered(line, other, proposer, yes=True)


def _must_wait(line: Tariff) -> None:
    said = {
        "agreed": _("This is agreed already."), "declined": _("They said no to this already."), "withdrawn": _("Whoever proposed this has taken it back."),
        "ended": _("This is over already."),
    }  # fmt: skip
    if line.status != "proposed":
        raise Conflict(said[line.status])


def _over(line: Tariff, status: str, actor: Actor) -> None:
    line.status, line.over_by, line.over_at = status, actor.code, clock.now()
    db.session.flush()


def answer_no(ref: str, reason: str, who: Who, *, basis: str | None = None) -> None:
    """The other side says no; `reason` may be empty. A second time changes nothing. Refused: not theirs, answered."""
    with transaction():
        line = _locked(ref)
        proposer, other = sides(line)
        actor = _actor(who, other, basis)
        if line.status == "declined":
            return
        _must_wait(line)
        _over(line, "declined", actor)
        record(about(line), "declined", actor, reason=reason or None)
        tariff_messages.answered(line, other, proposer, yes=False, reason=reason)


def withdraw(ref: str, who: Who, *, basis: str | None = None) -> None:
    """The side that proposed it takes it back, until it is answered. A second time changes nothing. Refused: not theirs, answered."""
    with transaction():
        line = _locked(ref)
        actor = _actor(who, sides(line)[0], basis)
        if line.status == "withdrawn":
            return
        _must_wait(line)
        _over(line, "withdrawn", actor)
        record(about(line), "withdrawn", actor)


def end(ref: str, mine: str, reason: str, who: Who, *, basis: str | None = None) -> None:
    """One of the two (`mine`, by card number) ends a line that is in force; what was written down by it stays. A second time changes nothing.

    Refused: not theirs, no reason, not in force.
    """
    with transaction():
        line = _locked(ref)
        side, other = _mine(line, mine)
        actor = _actor(who, side, basis)
        if line.status == "ended":
            return
        if line.status != "agreed":
            raise Conflict(_("This is not agreed, so there is nothing to end."))
        if not reason:
            raise Refused(_("Write why, in a few words. The other side reads it."), "reason")
        _over(line, "ended", actor)
        record(about(line), "ended", actor, reason=reason)
        tariff_messages.ended(line, side, other, reason)


def _mine(line: Tariff, mine: str) -> tuple[Member, Member]:
    """(the side with this card number, the other one)."""
    if mine == line.giver.ref:
        return line.giver, line.receiver
    if mine == line.receiver.ref:
        return line.receiver, line.giver
    raise _no_line()


def let_go(member: Member, actor: Actor) -> None:
    """An organisation leaves the timebank: its lines are over, as a part of that action."""
    must_be_in_transaction()
    query = select(Tariff).where(or_(Tariff.giver_id == member.id, Tariff.receiver_id == member.id), Tariff.over_at.is_(None))
    for line in db.session.scalars(query.order_by(Tariff.id).with_for_update()).all():
        _over(line, "ended" if line.status == "agreed" else "withdrawn", actor)
        record(about(line), "ended", actor, reason=_("One of the two has left the timebank."))


# --- writing hours down by it --------------------------------------------------------------------------------------------


def log(
    ref: str, mine: str, number: int, day: date, who: Who, *, once_key: str, again: bool = False, basis: str | None = None
) -> str:  # fmt: skip
    """One of the two (`mine`, by card number) writes down how many of it there were on a day; returns the exchange's reference.

    The minutes are those of the line times `number`, and stay with the exchange; the other side answers as for any exchange.
    Refused: not theirs, not in force, less than one, more than an entry holds; as for `exchange.log`, also `exchange.Twice`.
    """
    line, _side = seen_by(ref, who, mine)
    side, other = _mine(line, mine)
    actor = _actor(who, side, basis)
    _must_be_in_force(line)
    if number < 1:
        raise Refused(_("Write how many, like 3."), "number")
    minutes = line.minutes * number
    if minutes > MOST_A_DAY:
        raise Refused(
            _(
                "That is %(time)s, and one entry holds %(most)s. Write down each day by itself.",
                time=hours(minutes),
                most=hours(MOST_A_DAY),
            ),
            "number",
        )

    def beside(exchange: Exchange) -> None:
        standing = _locked(ref)
        _must_be_in_force(standing)
        db.session.add(TariffUse(exchange_id=exchange.id, tariff_id=standing.id, quantity=number, minutes=standing.minutes))
        db.session.flush()

    note = _("%(what)s, %(number)s. Agreed: %(time)s for %(unit)s.", what=line.what, number=counted(line.unit, number), time=hours(line.minutes), unit=_(UNITS[line.unit]))  # fmt: skip
    way = "gave" if side.id == line.giver_id else "received"
    return exchanges.log(
        side.ref, other.ref, way, minutes, line.category.code, day, note, actor, once_key=once_key, again=again, beside=beside
    )  # fmt: skip


def _must_be_in_force(line: Tariff) -> None:
    if line.status != "agreed":
        raise Conflict(_("This line is not in force any more. Look at the tariff again."))


# --- persons -------------------------------------------------------------------------------------------------------------


def _tariffs_of_person(person_id: int) -> Sequence[Mapping[str, Any]]:
    """For "export my data": the lines that somebody proposed, agreed to or ended for an organisation."""
    me = f"person:{person_id}"
    query = select(Tariff).where(or_(Tariff.entered_by == me, Tariff.agreed_by == me, Tariff.over_by == me)).order_by(Tariff.id)
    return [
        {
            "line": line.ref, "what": line.what, "unit": line.unit, "minutes": line.minutes, "state": line.status, "proposed": line.proposed_at.isoformat(),
            "you": [did for did, by in (("proposed", line.entered_by), ("agreed", line.agreed_by), ("ended", line.over_by)) if by == me],
        }
        for line in db.session.scalars(query)
    ]  # fmt: skip


COLLECTORS["tariffs"] = _tariffs_of_person
