"""Giving time away, the community pot, leaving the timebank; what we keep about a member and what goes with them.

A pot is never overdrawn. Who leaves with a balance says where it goes; below zero the pot carries it as far as it reaches, and
the rest is written off where everybody sees it, because no pot may grow out of nothing (decision 0014).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from portal import clock, once
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import NotYours, Refused
from portal.history import SCHEME, Actor, Event, record
from portal.ledger import queries as books
from portal.ledger.posting import Line, post
from portal.money import STEP, Minutes, hours
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS, KEEPS_FROM_LEAVING
from portal.places.model import Area
from portal.timebank import evidence, exchange, members, messages, posts_leaving, sessions, tariffs
from portal.timebank.members import account, balance, name_of, pot
from portal.timebank.model import OPEN, Exchange, Member
from portal.timebank.queries import WITH_NAMES
from portal.web.filters import day as day_words
from portal.words import _

POT_DAYS = 90  # in which `pot_limit` is what coordinators may give one member
POT = "pot"  # in the place of a card number: the community pot of the giver's area


# --- giving away ---------------------------------------------------------------------------------------------------------


def donate(mine: str, to: str, minutes: int, note: str, who: Who, *, once_key: str) -> str:
    """Give some of one's minutes to another member (by card number) or to the pot (`POT`); returns whose they are now.

    In quarters of an hour, and only what one has: nobody goes below zero by giving away. Refused: not theirs, more than they have, from a
    group to whoever presses the button.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        giver = members.by_ref(mine)
        if not members.acts_as(who, giver):
            raise members.unknown()
        if minutes < STEP or minutes % STEP:
            raise Refused(_("Write the time in quarters of an hour, like 1 h 15 min."), "time")
        one_at_a_time(f"donor:{giver.id}")
        if minutes > balance(giver):
            raise Refused(_("You have %(balance)s to give away.", balance=hours(max(0, balance(giver)))), "time")
        name = _give(giver, to, minutes, f"form:{once_key}", "donation", who)
        record(members.about(giver), "donated", Actor(who.id), reason=note or None, minutes=minutes, to=to)
        once.keep(once_key, name)
        return name


def _give(giver: Member, to: str, minutes: int, key: str, kind: str, who: Who) -> str:
    """Move minutes from a member to the pot or to another; the name of where they are now."""
    actor = Actor(who.id)
    if to == POT:
        lines, name, sentence = [Line(account(giver), pot(giver.area), minutes)], _("the community pot"), _("Given to the community pot")
    else:
        taker = members.by_ref(to)
        if taker.id == giver.id:
            raise Refused(_("That is your own number. Choose who it was with."), "to")
        if members.acts_as(who, taker) and not members.acts_as(who, giver):
            raise Refused(_("Ask a colleague: nobody gives to themselves."), "to")
        if giver.organisation_id is not None and members.acts_as(who, taker):
            raise Refused(
                _("Nobody gives a group’s hours to themselves, nor to another group of theirs. Ask somebody else of %(name)s, or a coordinator.", name=name_of(giver)),
                "to",
            )  # fmt: skip
        lines, name, sentence = exchange.lines_of(taker, giver, minutes), name_of(taker), _("Time given away")
    post(
        lines, key=key, kind=kind, about=members.about(giver), sentence=sentence, actor=actor.code,
        refusals={account(giver): _("You have %(balance)s to give away.", balance=hours(max(0, balance(giver))))},
    )  # fmt: skip
    if to != POT:
        messages.given(members.by_ref(to), minutes, key)
    return name


def grant(area_code: str, to: str, minutes: int, reason: str, who: Who, *, once_key: str) -> str:
    """A coordinator gives minutes of an area's pot to a member who cannot earn; returns their name.

    Refused: no reason, themselves, another area's coordinator, more than the pot has; above what coordinators together may give one
    member in `POT_DAYS`.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        area = db.session.scalar(select(Area).where(Area.code == area_code))
        taker = judge_grant(area, to, minutes, reason, who)
        one_at_a_time(f"pot-given:{taker.id}")
        most, had = members.open_rules().pot_limit, had_from_pots(taker)
        if minutes + had > most:
            values = {"most": hours(most), "days": POT_DAYS, "name": name_of(taker), "had": hours(had)}
            if had:
                raise Refused(
                    _(
                        "Coordinators give one member up to %(most)s in %(days)d days, and %(name)s had %(had)s. For more, ask three neighbours.",
                        **values,
                    ),
                    "time",
                )
            raise Refused(
                _("Coordinators give one member up to %(most)s in %(days)d days. For more, ask three neighbours.", **values), "time"
            )
        assert area is not None
        post_grant(area, taker, minutes, f"form:{once_key}", reason, Actor(who.id))
        once.keep(once_key, name_of(taker))
        return name_of(taker)


def had_from_pots(taker: Member) -> Minutes:
    """What coordinators, all together, gave a member from community pots in the last `POT_DAYS`, whatever neighbours said yes to aside."""
    query = select(Event.data).where(
        Event.about == members.about(taker), Event.kind == "granted", Event.actor_id.is_not(None), Event.at > clock.now() - timedelta(days=POT_DAYS)
    )  # fmt: skip
    return Minutes(sum(data["minutes"] for data in db.session.scalars(query)))


def judge_grant(area: Area | None, to: str, minutes: int, reason: str, who: Who) -> Member:
    """Whether this coordinator may speak for hours of an area's pot for a member; that member. Refused: as for `grant`, the limit aside."""
    taker = members.by_ref(to)
    if area is None or not who.has_in(area.id, "connector", "officer"):
        raise NotYours(_("We do not know that area."))
    if members.acts_as(who, taker):
        raise Refused(_("Ask a colleague: nobody gives to themselves."))
    if not reason:
        raise Refused(_("Write why, in a few words."), "reason")
    if minutes < STEP or minutes % STEP:
        raise Refused(_("Write the time in quarters of an hour, like 1 h 15 min."), "time")
    return taker


def post_grant(area: Area, taker: Member, minutes: int, key: str, reason: str, actor: Actor) -> None:
    """Move minutes from an area's pot to a member under this key, as a part of an action, and tell them. Refused: more than the pot has."""
    must_be_in_transaction()
    members.open_books_of(area)
    lines = [Line(pot(area), account(taker), minutes)]
    if taker.area_id != area.id:
        lines = [Line(pot(area), members.clearing(area), minutes), Line(members.clearing(taker.area), account(taker), minutes)]
    post(
        lines, key=key, kind="pot grant", about=members.about(taker), sentence=_("From the community pot"), actor=actor.code, basis=actor.basis,
        refusals={pot(area): _("There is %(left)s in the pot.", left=hours(books.balance(pot(area))))},
    )  # fmt: skip
    record(members.about(taker), "granted", actor, reason=reason, minutes=minutes, area=area.code)
    messages.given(taker, minutes, key)


# --- leaving -------------------------------------------------------------------------------------------------------------


def leave(ref: str, to: str, reason: str, who: Who, *, basis: str | None = None, tell: bool = False) -> Sequence[str]:
    """A member leaves the timebank; a balance goes to the pot (`POT`) or to a member, by card number.

    By themselves, or by a coordinator who says why and how they know (`basis`); `tell`: the member gets a word about it. Below zero the
    pot carries it, and what the pot has not is written off visibly. Their posts, talks and places end. Returns the files of pictures that
    nobody needs now. Refused: hours that are not settled, with what to do first (what lies with a coordinator, these are told); a
    coordinator who does not say why.
    """
    with transaction():
        member = members.locked(ref)
        own = members.acts_as(who, member)
        if not own and not who.can("help others", member):
            raise members.unknown()
        if not own and not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if member.status == "left":
            return ()
        if (open_ := _unsettled(member)) is None:
            return _left(member, to, reason, who, Actor(who.id) if own else Actor(who.id, member.person_id, basis), tell)
        first = _first(open_, member, own=own)
    raise Refused(first)  # whoever has to act on it has been told for good


def _left(member: Member, to: str, reason: str, who: Who, actor: Actor, tell: bool) -> Sequence[str]:
    has = balance(member)
    if has > 0:
        _give(member, to or POT, has, f"member:{member.id}:left:{_times(member)}", "leaver", who)
    elif has < 0:
        _carry(member, Minutes(-has), actor)
    sessions.let_go(member, actor)
    evidence.let_go(member, who)
    tariffs.let_go(member, actor)
    files = posts_leaving.end_everything(member, actor)
    member.status = "left"
    event = record(members.about(member), "left", actor, reason=reason or None, minutes=has)
    if tell:
        db.session.flush()
        messages.left(member, reason, event.id)
    return files


def _first(open_: Exchange, member: Member, *, own: bool) -> str:
    """What has to be done about hours before somebody may leave, and by whom; a coordinator is told of what lies with them."""
    logger, other = exchange.sides(open_)
    values = {"day": day_words(open_.day), "name": name_of(other if logger.id == member.id else logger)}
    if not own:
        return _("The hours of %(day)s with %(name)s are not settled yet. Decide about them first, or answer for them.", **values)
    if open_.status != "logged":
        messages.wants_to_leave(open_, member)
        return _(
            "A coordinator looks at the hours of %(day)s with %(name)s. We have told them that you wish to leave: as soon as you hear from them you can.",
            **values,
        )
    if logger.id == member.id:
        return _("%(name)s has not answered yet about the hours of %(day)s. Take them back first, or wait for the answer.", **values)
    return _("%(name)s asks you whether the hours of %(day)s are right. Answer that first, on the page “Your time”.", **values)


def _times(member: Member) -> int:
    """How often they left before: somebody may come back and leave again."""
    from portal.history import Event

    return len(db.session.scalars(select(Event.id).where(Event.about == members.about(member), Event.kind == "left")).all()) + 1


def _carry(member: Member, minutes: Minutes, actor: Actor) -> None:
    """What a leaver received more than they gave: from the pot as far as it reaches, the rest written off."""
    must_be_in_transaction()
    members.open_books_of(member.area)
    one_at_a_time(f"pot:{member.area_id}")
    from_pot = min(minutes, max(0, books.balance(pot(member.area))))
    lines = [Line(pot(member.area), account(member), from_pot)] if from_pot else []
    if minutes > from_pot:
        lines.append(Line(members.ISSUE, account(member), minutes - from_pot))
    post(
        lines, key=f"member:{member.id}:written-off:{_times(member)}", kind="write-off", about=members.about(member),
        sentence=_("Written off: a member left"), actor=actor.code,
    )  # fmt: skip


def _unsettled(member: Member) -> Exchange | None:
    """What of a member's hours is not settled: first what they can do something about themselves."""
    query = select(Exchange).where(Exchange.status.in_(OPEN), or_(Exchange.giver_id == member.id, Exchange.receiver_id == member.id))
    return db.session.scalar(query.order_by(Exchange.status != "logged", Exchange.id).limit(1))


# --- what we keep about a person -----------------------------------------------------------------------------------------


def _time_of_person(person_id: int) -> Any:
    member = db.session.scalar(select(Member).where(Member.person_id == person_id).options(*members.NAMED))
    if member is None:
        return None
    rows = db.session.scalars(
        select(Exchange).where(or_(Exchange.giver_id == member.id, Exchange.receiver_id == member.id)).options(*WITH_NAMES).order_by(Exchange.id)
    ).all()  # fmt: skip
    return {
        "number": member.ref, "area": member.area.name, "joined": member.joined_at.isoformat(), "status": member.status, "said yes to": member.agreement,
        "found by name outside": member.seen_outside, "balance in minutes": balance(member),
        "exchanges": [
            {
                "number": row.ref, "day": row.day.isoformat(), "gave": row.giver_id == member.id, "minutes": row.settled_minutes or row.minutes,
                "kind": row.category.name, "status": row.status, "what": row.note, "answer": row.answer,
            }
            for row in rows
        ],
    }  # fmt: skip


COLLECTORS["time"] = _time_of_person


def _keeps(person_id: int) -> str | None:
    member = db.session.scalar(select(Member).where(Member.person_id == person_id, Member.status != "left"))
    if member is None or (balance(member) == 0 and _unsettled(member) is None):
        return None
    return _("You are a member of the timebank. Leave it first, on the page “Your time”, and say where your hours go.")


KEEPS_FROM_LEAVING.append(_keeps)


def _forget(someone: Person) -> Sequence[str]:
    """Words that only the two of them read go; the hours stay."""
    member = db.session.scalar(select(Member).where(Member.person_id == someone.id))
    if member is None:
        return ()
    if member.status != "left":
        member.status = "left"
        record(members.about(member), "left", SCHEME)
    evidence.forget(member)
    either = or_(Exchange.giver_id == member.id, Exchange.receiver_id == member.id)
    db.session.execute(update(Exchange).where(either).values(note="", answer="", question=""))
    return ()


ERASERS.append(_forget)
