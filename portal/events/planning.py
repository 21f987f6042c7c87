"""Opening an event or a series of them, changing and cancelling it, and the yes or no of a connector where a neighbour asks.

Connectors and officers where they are trusted, and organisations, put theirs into the calendar at once; what an organisation or a
neighbour made or changed stands on the connectors' list until one has looked. A neighbour's own event is held until one said yes, and
again when they change what it says; so is an organisation's with words that worry.
Lock order: event, then what belongs to it in rooms above.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import select

from portal import clock, once, vault
from portal.calendars import MOST_TIMES, days_of
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.events import coming, hooks, notices, queries
from portal.events.model import Gathering, Guest, Series
from portal.events.notices import about
from portal.events.queries import locked, must_run
from portal.events.rules import Plan, asks_for_a_look, judge, words_that_worry, worrying
from portal.history import Actor, record
from portal.people.access import Lying, Who
from portal.people.model import Organisation
from portal.people.shield import not_for_the_public
from portal.places.model import Area
from portal.refs import new_ref
from portal.settings.days_off import working_days_after
from portal.words import _, _n

ANSWER_IN = 2  # working days in which a neighbour hears whether their event is on


# --- opening -------------------------------------------------------------------------------------------------------------


def plan_event(plan: Plan, organisation: str, who: Who, *, once_key: str, every: str = "", until: date | None = None) -> str:
    """Put an event into the calendar, or with `every` and `until` one for each day of a series; returns the reference of the first.

    `organisation`: the reference of one that they act for, or "" for themselves: then in their role, if they have one there, else as a
    neighbour, and it is held until a connector says yes, as is what has words that worry. Refused: what `judge` says, not their organisation, too many times.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        judge(plan, [who.name], clock.today())
        area = _area(plan.area_id)
        trusted = who.can("help others", Lying(area.id))
        group = _organisation(organisation, who)
        role = _role(who, area) if trusted and group is None else ""
        held = not trusted and (group is None or bool(words_that_worry(plan)))
        series, days = _days(plan.day, every, until)
        made: list[Gathering] = []
        for day in days:
            made.append(_one(replace(plan, day=day), series, group, role, who, open_=not held, looked=trusted))
        if made[0].status == "held":
            notices.look_at_it(made[0])
        once.keep(once_key, made[0].ref)
        return made[0].ref


def _days(first: date, every: str, until: date | None) -> tuple[Series | None, Sequence[date]]:
    if not every:
        return None, [first]
    if until is None:
        raise Refused(_("Say until when it comes."), "until")
    days = days_of(every, first, until)
    if len(days) > MOST_TIMES:
        raise Refused(_("That is more than %(most)d times. Choose an earlier last day.", most=MOST_TIMES), "until")
    series = Series(ref=new_ref("SER"), every=every, first_day=first, until=until)
    db.session.add(series)
    db.session.flush()
    return series, days


def _one(plan: Plan, series: Series | None, group: Organisation | None, role: str, who: Who, *, open_: bool, looked: bool) -> Gathering:
    ref, now = new_ref("EVT"), clock.now()
    gathering = Gathering(
        ref=ref, series_id=series.id if series else None, organiser_id=who.id, organisation_id=group.id if group else None, role=role,
        entered_by=Actor(who.id).code, code=_new_code(ref, plan.day), made_at=now, changed_at=now, version=1, looked=1 if looked else 0,
        status="open" if open_ else "held", decided_at=now if open_ else None, decided_by=Actor(who.id).code if open_ else None,
        answer_by=None if open_ else _answer_by(plan.day), **asdict(plan),
    )  # fmt: skip
    db.session.add(gathering)
    db.session.flush()
    record(about(gathering), "opened" if open_ else "held", Actor(who.id), series=series.ref if series else None)
    return gathering


def _answer_by(day: date) -> date:
    return min(working_days_after(clock.today(), ANSWER_IN), max(day, clock.today()))


def _area(area_id: int | None) -> Area:
    found = db.session.get(Area, area_id) if area_id is not None else None
    if found is None or found.archived_at is not None or found.kind == "scheme":
        raise Refused(_("Choose in which area it is."), "area")
    return found


def _organisation(ref: str, who: Who) -> Organisation | None:
    if not ref:
        return None
    found = db.session.scalar(select(Organisation).where(Organisation.ref == ref, Organisation.archived_at.is_(None)))
    if found is None or not who.can("act for this group", found.id):
        raise Refused(_("Choose for whom you organise it."), "organisation")
    return found


def _role(who: Who, area: Area) -> str:
    return "connector" if who.has_in(area.id, "connector") else "officer"


def _new_code(ref: str, day: date) -> str:
    """Six digits that no other event of that day has."""
    one_at_a_time(f"event codes:{day}")
    taken = set(db.session.scalars(select(Gathering.code).where(Gathering.day == day)))
    number = 0
    while True:
        number += 1
        code = f"{int(vault.marks('event code', f'{ref}:{day}:{number}')[0][-12:], 16) % 1_000_000:06d}"
        if code not in taken:
            return code


# --- changing ------------------------------------------------------------------------------------------------------------


def change(ref: str, plan: Plan, who: Who, *, shown: int, later: bool = False) -> int:
    """Change an event, or with `later` this one and all later ones of its series; returns how many.

    Later ones keep their own days, moved by as many days as this one. Who comes hears of another day, time, place or name; where a
    neighbour changed what it says, or new words worry, it is held first, and they hear once a connector said yes. Refused: over,
    changed by somebody else since it was `shown`, people checked in already, more people than places. NotYours.
    """
    with transaction():
        gathering = _open_one(ref, who)
        if shown != gathering.version:
            raise Conflict(_("Somebody changed this meanwhile. Look at it again."))
        judge(plan, [gathering.organiser.name, who.name], clock.today())
        _area(plan.area_id)
        moved = plan.day - gathering.day
        some = [gathering, *(queries.later_of(gathering) if later else ())]
        held = [each for each in some if _change_one(each, replace(plan, day=each.day + moved), who)]
        if held:
            notices.look_at_it(held[0])
        return len(some)


def _open_one(ref: str, who: Who) -> Gathering:
    gathering = locked(ref)
    must_run(who, gathering)
    if gathering.status == "cancelled":
        raise Conflict(_("This was cancelled. Copy it to hold another one."))
    if gathering.status == "refused":
        raise Conflict(_("We said no to this. Talk to us, or copy it and try again."))
    if gathering.day < clock.today():
        raise Conflict(_("That day is over. Copy it to hold another one."))
    return gathering


def _change_one(gathering: Gathering, plan: Plan, who: Who) -> bool:
    """Whether it is held again by it."""
    new = asdict(plan)
    before = {name: getattr(gathering, name) for name in new}
    if new == before:
        return False
    if plan.day != gathering.day:
        if anybody_here(gathering):
            raise Refused(_("People are checked in already, so the day stays as it is."), "day")
        gathering.code = _new_code(gathering.ref, plan.day)
    taken = queries.taken(gathering)
    if plan.places is not None and taken > plan.places:
        raise Refused(
            _n("One place is taken already. Write at least 1.", "%(num)d places are taken already. Write at least %(num)d.", taken),
            "places",
        )
    trusted, all_seen = who.can("help others", Lying(plan.area_id)), gathering.looked == gathering.version
    hold = not trusted and gathering.status == "open" and asks_for_a_look(gathering, plan)
    if hold and anybody_here(gathering):
        raise Refused(_("People are checked in already, so it stays as it is called. Ask a connector to change it."), "title")
    for name, value in new.items():
        setattr(gathering, name, value)
    gathering.version += 1
    if hold:
        gathering.status, gathering.answer_by = "held", _answer_by(plan.day)
    if trusted and all_seen:
        gathering.looked = gathering.version
    gathering.changed_at = clock.now()
    db.session.flush()
    actor = Actor(who.id)
    record(about(gathering), "changed", actor, fields=sorted(name for name in new if new[name] != before[name]), held=hold or None)
    if gathering.status == "open":
        _goes_along(gathering, actor, tell=any(new[name] != before[name] for name in ("day", "starts", "ends", "place", "title")))
    return hold


def _goes_along(gathering: Gathering, actor: Actor, *, tell: bool) -> None:
    """What everybody may read now goes into the rooms above, to who waits for a place, and with `tell` to who comes."""
    for follow in hooks.AT_CHANGE:
        follow(gathering, actor)
    coming.move_up(gathering)
    if tell:
        notices.changed(gathering, _awaited(gathering))


def _awaited(gathering: Gathering) -> list[Guest]:
    return [each for each in queries.guests(gathering) if each.state in ("going", "waiting")]


def anybody_here(gathering: Gathering) -> bool:
    """Whether somebody was checked in."""
    query = select(Guest.id).where(Guest.gathering_id == gathering.id, Guest.here_at.is_not(None)).limit(1)
    return db.session.scalar(query) is not None


# --- cancelling ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cancelled:
    """How many events were cancelled, and who of those who come left no way to be told: names."""

    count: int
    untold: tuple[str, ...] = ()


def cancel(ref: str, reason: str, who: Who, *, later: bool = False) -> Cancelled:
    """It does not take place, or with `later` neither do the later ones of its series; everybody who comes or waits hears why. A second
    time changes nothing.

    Also after people were checked in: they stay recorded as there, and hear that it ended early. Refused: over, no reason, or one
    that names somebody or should be looked at first. NotYours.
    """
    with transaction():
        gathering = locked(ref)
        must_run(who, gathering)
        every = [gathering, *(queries.later_of(gathering) if later else ())]
        _judge_reason(reason, every, who)
        if gathering.status != "cancelled":
            _open_one(ref, who)
        some = [each for each in every if each.status in ("held", "open")]
        untold = [name for each in some for name in cancel_one(each, reason, Actor(who.id), looked=who.can("help others", each))]
        return Cancelled(len(some), tuple(dict.fromkeys(untold)))


def _judge_reason(reason: str, every: Sequence[Gathering], who: Who) -> None:
    """Everybody reads it at once: nobody who organises or comes is named in it, nor what points to a person; and no words that worry, but
    of who looks at those of others there.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. Everybody who comes reads it."), "reason")
    names = [*(each.organiser.name for each in every), *queries.names_at(every)]
    if not_for_the_public(reason, names) is None:
        if worrying(reason) and not all(who.can("help others", each) for each in every):
            raise Refused(_("Say it in other words, please: everybody reads this at once. If there was trouble, call us."), "reason")
        return
    if (private := not_for_the_public(reason)) is None:
        raise Refused(_("Everybody can read why, so say it without names."), "reason")
    raise Refused(_("Everybody can read why, so take out %(what)s.", what=private), "reason")


def say_why_again(ref: str, reason: str, who: Who) -> None:
    """Say in another way why an event was cancelled; what was sent already stays sent. Who signed up for a session of it hears the new
    words. The same again changes nothing.

    Refused: as of `cancel`. Conflict: it was not cancelled. NotYours.
    """
    with transaction():
        gathering = locked(ref)
        must_run(who, gathering)
        _judge_reason(reason, [gathering], who)
        if gathering.status != "cancelled":
            raise Conflict(_("This was not cancelled."))
        if reason == gathering.reason:
            return
        before, gathering.reason, gathering.changed_at = gathering.reason, reason, clock.now()
        gathering.version += 1
        if who.can("help others", gathering):
            gathering.looked = gathering.version
        record(about(gathering), "reason_changed", Actor(who.id))
        for follow in hooks.AT_REASON:
            follow(gathering, before, Actor(who.id))


def cancel_one(gathering: Gathering, reason: str, actor: Actor, *, looked: bool) -> Iterable[str]:
    """As a part of an action; `looked`: by somebody who looks at what others write there. Returns the names of those who cannot be told."""
    must_be_in_transaction()
    held = gathering.status == "held"
    gathering.status, gathering.cancelled_at, gathering.reason = "cancelled", clock.now(), reason
    if held:  # nobody has looked at its words, so it is not for everybody to read
        gathering.decided_at, gathering.decided_by = None, None
    gathering.version += 1
    gathering.looked, gathering.changed_at = gathering.version if looked else gathering.looked, clock.now()
    db.session.flush()
    record(about(gathering), "cancelled", actor, reason=reason)
    for follow in hooks.AT_CANCEL:
        follow(gathering, actor)
    to = [each for each in queries.guests(gathering) if each.state in ("going", "waiting") or each.here_at is not None]
    (notices.not_on if held else notices.cancelled)(gathering, to)
    return [queries.name_of(each) for each in to if not notices.can_be_told(each) and each.here_at is None]


# --- yes or no -----------------------------------------------------------------------------------------------------------


def say_yes(ref: str, who: Who) -> int:
    """A connector or officer of the area has looked: a held event is on, with all of its series that were held. Returns how many.

    A second time changes nothing. NotYours: not their area. Conflict: it is over or was decided otherwise.
    """
    with transaction():
        gathering = _to_decide(ref, who)
        if gathering.status in ("cancelled", "refused"):
            raise Conflict(_("This is not to be decided any more."))
        first, some = gathering.status == "held", 0
        for each in [gathering, *queries.later_of(gathering)]:
            if each.looked == each.version:
                continue
            if each.status == "held":
                again = each.decided_at is not None
                each.status, each.decided_at, each.decided_by, each.answer_by = "open", clock.now(), Actor(who.id).code, None
                each.changed_at = clock.now()
                some += 1
                db.session.flush()
                if again:
                    _goes_along(each, Actor(who.id), tell=True)
            each.looked = each.version
            db.session.flush()
            record(about(each), "looked_at", Actor(who.id), status=each.status)
        if first:
            notices.said_yes(gathering)
        return some


def say_no(ref: str, reason: str, who: Who) -> int:
    """The other answer to a held event and the later ones of its series, with a reason that whoever asked reads. Returns how many.

    Who comes to one that was on before it was changed hears that it is not on.
    """
    with transaction():
        gathering = _to_decide(ref, who)
        if not reason:
            raise Refused(_("Write why, in a few words. Whoever asked reads it."), "reason")
        if gathering.status == "refused":
            return 0
        if gathering.status != "held":
            raise Conflict(_("This is in the calendar already. Cancel it instead, with a reason for everybody."))
        some = [each for each in [gathering, *queries.later_of(gathering)] if each.status == "held"]
        for each in some:
            each.status, each.decided_at, each.decided_by, each.reason = "refused", clock.now(), Actor(who.id).code, reason
            each.looked, each.changed_at = each.version, clock.now()
            db.session.flush()
            record(about(each), "refused", Actor(who.id), reason=reason)
            for follow in hooks.AT_CANCEL:
                follow(each, Actor(who.id))
            notices.not_on(each, _awaited(each))
        notices.said_no(gathering)
        return len(some)


def _to_decide(ref: str, who: Who) -> Gathering:
    gathering = locked(ref)
    if not who.can("help others", gathering):
        raise NotYours(_("We cannot find that event."))
    if gathering.status == "held" and gathering.day < clock.today():
        raise Conflict(_("That day is over. There is nothing to decide any more."))
    return gathering
