"""A sitting: matters decided together. Counted at once, shared out by the rule that was published, changed only by two people.

How a pot is shared is `sharing.py`, pure; here it gets its ballots and its result is kept, with what went in, so that the page
"how the pot was shared" never has to count again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, or_, select

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import Actor, Event, events_of, record
from portal.money import Pence, pounds
from portal.panels import actions, ballots, calls, marking, queries, sharing
from portal.panels.model import Matter, Override, Seat, Sitting, SittingArea
from portal.panels.rules import Sharing, Tally, Threshold, outcome, quorate
from portal.people.access import Anybody, Who
from portal.people.shield import nameless
from portal.refs import new_ref
from portal.words import _


@dataclass(frozen=True)
class Given:
    """What a matter gets: its place in line (1 is first), and whether the pot pays it."""

    matter: Matter
    place: int
    funded: bool


# What follows when a pot was shared, or an override changed it: whoever brings sittings fills this in. Prefix of the matters'
# `about` → function of all matters that passed, called within the transaction. It refuses what may no longer change.
SHARED: dict[str, Callable[[Sequence[Given], Actor], None]] = {}
# What follows when a count is undone: prefix → function of the matters that are open again.
REOPENED: dict[str, Callable[[Sequence[Matter], str, Actor], None]] = {}


def open_sitting(
    panel_id: int,
    about: str,
    name: str,
    rule: Sharing,
    seed: str,
    pot: Pence | None,
    decide_by: date,
    actor: Actor,
    *,
    votes_until: datetime | None = None,
    area_ids: Collection[int] = (),
) -> Sitting | None:
    """The sitting about something, opened now if it is not there; a part of an action. None when it has been counted, or stands on
    the ballots of residents: what comes after that is decided on its own.

    `seed`: what settles ties, published before anything came in. `pot`: pence to be shared; not asked by the threshold rule.
    `votes_until`: who lives in `area_ids` votes, until then, and not the panel.
    """
    must_be_in_transaction()
    found = db.session.scalar(select(Sitting).where(Sitting.about == about).with_for_update())
    if found is not None:
        return found if found.status == "open" and not (found.by_residents and ballots.state(found) != "planned") else None
    made = Sitting(
        ref=new_ref("SIT"), panel_id=panel_id, about=about, name=name, rule=rule.store(), seed=seed, pot=pot if rule.shares else None,
        opened_at=clock.now(), decide_by=decide_by, status="open", votes_until=votes_until,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    if votes_until is not None:
        db.session.add_all(SittingArea(sitting_id=made.id, area_id=area_id) for area_id in sorted(set(area_ids)))
    record(f"sitting:{made.id}", "opened", actor, thing=about)
    return made


def hold(about: str) -> None:
    """Lock the sitting about something, as a part of an action that will lock its bids too: a count locks them in this order."""
    must_be_in_transaction()
    db.session.execute(select(Sitting.id).where(Sitting.about == about).with_for_update())


# --- the count -------------------------------------------------------------------------------------------------------------


def count(who: Who, panel_ref: str, sitting_ref: str) -> Mapping[str, int]:
    """Count and close every matter of a sitting at once, and share out the pot; returns how many came to which outcome.

    The second of two who press at once gets the first one's count. Refused: nothing to count, or a matter with too few votes before
    the day to decide by is over. NotYours: neither officer nor chair, or tied to one of its matters.
    """
    with transaction():
        sitting = _locked(panel_ref, sitting_ref)
        matters = open_matters(sitting, lock=True)
        _must_count(who, sitting)
        if sitting.status == "counted":
            return _outcomes(sitting)
        if not matters:
            raise Refused(_("There is nothing to count in this sitting."))
        standings = queries.standings(matters)
        if sitting.by_residents:
            return _count_ballots(sitting, matters, standings, Actor(who.id))
        short = [each for each in matters if not quorate(standings[each.id].tally, Threshold.load(each.rule))]
        if short and clock.today() <= sitting.decide_by:
            raise Refused(
                _("%(number)d ideas have too few votes yet. Wait for the others, or enter the votes given on paper.", number=len(short))
            )
        actor = Actor(who.id)
        for each in matters:
            tally = standings[each.id].tally
            actions.freeze(each, outcome(tally, Threshold.load(each.rule)), actions.tally_of(standings[each.id]), actor)
        if Sharing.load(sitting.rule).shares:
            sitting.result = _shared(sitting, matters, _votes_of_seats(sitting, matters, standings))
        return _counted(sitting, matters, actor)


def _counted(sitting: Sitting, matters: Sequence[Matter], actor: Actor) -> Mapping[str, int]:
    sitting.status, sitting.counted_at, sitting.counted_by_id = "counted", clock.now(), actor.person_id
    if sitting.result is not None:
        _hand_over(sitting, matters, actor)
    record(f"sitting:{sitting.id}", "counted", actor, result=sitting.result and sitting.result["outcome"])
    return _outcomes(sitting)


def _count_ballots(
    sitting: Sitting, matters: Sequence[Matter], standings: Mapping[int, queries.Standing], actor: Actor
) -> Mapping[str, int]:
    """Residents voted: what anybody ticked shares in the pot, and what nobody ticked is a no. The seats have no part in it."""
    assert sitting.votes_until is not None
    if clock.now() <= sitting.votes_until:
        raise Refused(_("Residents can vote until %(day)s. Count after that.", day=clock.in_words(clock.london_day(sitting.votes_until))))
    came = ballots.turnout(sitting)
    if too_few(sitting, came):
        raise Refused(_("Too few residents voted, so the panel decides. Press the button for that."))
    cast = ballots.ballots_in(sitting)
    wanted = ballots.ticks_by_matter(cast)
    for each in matters:
        number = wanted.get(each.id, 0)
        tied = standings[each.id].tied
        tally = Tally(came.voted, len(tied), yes=number, sources={"phone": came.phone, "paper": came.paper}).store()
        actions.freeze(each, "yes" if number else "no", tally | {"ties": sorted(tie for _seat, tie in tied), "ballots": came.voted}, actor)
    refs = {each.id: each.ref for each in matters}
    votes = {f"voter {place:05}": {refs[id_]: 1 for id_ in ticks if id_ in refs} for place, ticks in enumerate(cast, start=1)}
    turnout = {"phone": came.phone, "paper": came.paper, "spoilt": came.spoilt}
    sitting.result = _shared(sitting, matters, votes) | {"turnout": turnout}
    return _counted(sitting, matters, actor)


def too_few(sitting: Sitting, came: ballots.Turnout) -> bool:
    """Whether fewer residents voted than the rules ask for, or than can be counted in secret."""
    return came.voted < max(Sharing.load(sitting.rule).least_ballots, ballots.FEWEST)


def hand_to_panel(who: Who, panel_ref: str, sitting_ref: str) -> None:
    """Too few residents voted, so the panel's seats vote on the same ideas, by the same rule. A second tap changes nothing.

    Refused: no area ballot, not over, or enough of them voted. NotYours: as for `count`.
    """
    with transaction():
        sitting = _locked(panel_ref, sitting_ref)
        matters = open_matters(sitting, lock=True)
        _must_count(who, sitting)
        if sitting.votes_until is None:
            raise Refused(_("In this sitting the panel decides already."))
        if sitting.fell_short_at is not None:
            return
        came = ballots.turnout(sitting)
        if ballots.state(sitting) != "over" or not too_few(sitting, came):
            raise Refused(_("Only when the ballot is over and too few voted does the panel decide."))
        sitting.fell_short_at = clock.now()
        db.session.flush()
        record(f"sitting:{sitting.id}", "fell_short", Actor(who.id), voted=came.voted)
        for each in matters[:1]:
            actions.tell_seats(each)
        calls.recount(sitting.panel_id, Actor(who.id))


def _outcomes(sitting: Sitting) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for each in matters_of(sitting):
        if each.outcome:
            found[each.outcome] = found.get(each.outcome, 0) + 1
    return found


def undo_count(who: Who, panel_ref: str, sitting_ref: str, reason: str) -> None:
    """Open a counted sitting again, with all marks and votes as they are, before its letters have gone out.

    Refused: no reason, not counted, released. NotYours: no officer, or tied. What the count said stays on record.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        sitting = _locked(panel_ref, sitting_ref)
        if not who.can("manage panels"):
            raise NotYours(_("We cannot find that page."))
        _must_count(who, sitting)
        if sitting.status != "counted" or sitting.published_at is not None:
            raise Refused(_("Only a count whose letters have not gone out can be undone."))
        actor = Actor(who.id)
        again = [each for each in matters_of(sitting, lock=True) if each.status == "closed" and each.outcome != "no_quorum"]
        for each in again:
            each.status, each.closed_at, each.outcome, each.tally = "open", None, None, None
            record(f"matter:{each.id}", "reopened", actor, reason=reason)
        for kind, some in _by_kind(again).items():
            REOPENED[kind](some, reason, actor)
        for override in overrides_of(sitting):
            override.dropped_at = override.dropped_at or clock.now()
        record(f"sitting:{sitting.id}", "count_undone", actor, reason=reason, result=sitting.result and sitting.result["outcome"])
        sitting.status, sitting.counted_at, sitting.counted_by_id, sitting.result = "open", None, None, None


def must_be_settled(about: str) -> None:
    """Before letters are prepared or go out. Refused: a change of how the pot was shared waits for its second person."""
    waits = (
        select(Override.id).join(Sitting, Sitting.id == Override.sitting_id).where(Sitting.about == about, Sitting.published_at.is_(None))
    )
    if db.session.scalar(waits.where(Override.seconded_at.is_(None), Override.dropped_at.is_(None)).limit(1)) is not None:
        raise Refused(
            _("A change of how the pot was shared waits for a second person. Agree to it or take it back first, on the page of the result.")
        )


def publish(about: str) -> None:
    """From now on everybody may read how a pot was shared; a part of the release. Nothing for what never sat. Refused: a change waits."""
    must_be_in_transaction()
    found = db.session.scalar(select(Sitting).where(Sitting.about == about).with_for_update())
    must_be_settled(about)
    if found is not None and found.status == "counted" and found.published_at is None:
        found.published_at = clock.now()
        if found.votes_until is not None:
            ballots.forget_what_was_ticked(found)


# --- overrides -------------------------------------------------------------------------------------------------------------


def propose(who: Who, panel_ref: str, sitting_ref: str, matter_ref: str, funded: bool, reason: str) -> str:
    """The first of two people asks to change what the rule gave to one matter; returns the override's reference.

    Refused: no reason, not counted or released, the matter did not pass, it changes nothing, another one waits for it already.
    """
    if not reason:
        raise Refused(_("Write why. Everybody will read it beside the result."), "reason")
    with transaction():
        sitting = _locked(panel_ref, sitting_ref)
        _must_count(who, sitting)
        _changeable(sitting)
        line = next((each for each in line_of(sitting, matters_of(sitting)) if each.matter.ref == matter_ref), None)
        if line is None:
            raise Refused(_("That idea did not pass the panel, so the pot cannot pay it."), "matter")
        if line.funded == funded:
            raise Refused(_("That is what the rule gave already. There is nothing to change."), "matter")
        if any(each.matter_id == line.matter.id and each.seconded_at is None and each.dropped_at is None for each in overrides_of(sitting)):
            raise Refused(_("A change for this idea waits for its second person already."), "matter")
        made = Override(
            ref=new_ref("OVR"), sitting_id=sitting.id, matter_id=line.matter.id, funded=funded, reason=reason, proposed_by_id=who.id,
            proposed_at=clock.now(),
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        record(f"sitting:{sitting.id}", "override_proposed", Actor(who.id), reason=reason, override=made.ref)
        return made.ref


def second(who: Who, panel_ref: str, sitting_ref: str, override_ref: str) -> None:
    """The second person agrees, and it takes effect. A second tap changes nothing.

    Refused: the same person who proposed it, taken back meanwhile, released, or the funded ideas would cost more than the pot holds.
    """
    with transaction():
        sitting = _locked(panel_ref, sitting_ref)
        _must_count(who, sitting)
        found = _override(sitting, override_ref)
        if found.seconded_at is not None:
            return
        _changeable(sitting)
        if found.dropped_at is not None:
            raise Refused(_("This change was taken back."))
        if found.proposed_by_id == who.id:
            raise Refused(_("You proposed this. A second person must agree."))
        found.seconded_by_id, found.seconded_at = who.id, clock.now()
        db.session.flush()
        matters = matters_of(sitting)
        cost = spent(line_of(sitting, matters))
        if sitting.pot is not None and cost > sitting.pot:
            raise Refused(
                _("With this change the ideas cost %(spent)s, and the pot holds %(pot)s. Take the money from another idea first.", spent=pounds(cost), pot=pounds(sitting.pot))
            )  # fmt: skip
        record(f"sitting:{sitting.id}", "overridden", Actor(who.id), reason=found.reason, override=found.ref)
        _hand_over(sitting, matters, Actor(who.id))


def drop(who: Who, panel_ref: str, sitting_ref: str, override_ref: str) -> None:
    """Take a proposed change back before it is seconded. A second tap changes nothing. Refused: it has taken effect."""
    with transaction():
        sitting = _locked(panel_ref, sitting_ref)
        _must_count(who, sitting)
        found = _override(sitting, override_ref)
        if found.seconded_at is not None:
            raise Refused(_("This change has taken effect. Propose the opposite to change it again."))
        if found.dropped_at is None:
            found.dropped_at = clock.now()
            record(f"sitting:{sitting.id}", "override_dropped", Actor(who.id), override=found.ref)


def _changeable(sitting: Sitting) -> None:
    if sitting.status != "counted" or sitting.published_at is not None or sitting.result is None:
        raise Refused(_("Only a counted sitting whose letters have not gone out can be changed."))


def _override(sitting: Sitting, ref: str) -> Override:
    found = db.session.scalar(select(Override).where(Override.ref == ref, Override.sitting_id == sitting.id).with_for_update())
    if found is None:
        raise NotFound(_("We cannot find that change."))
    return found


# --- reading ---------------------------------------------------------------------------------------------------------------


def sitting(panel_id: int, ref: str) -> Sitting:
    """One sitting of a panel. NotFound."""
    found = db.session.scalar(select(Sitting).where(Sitting.ref == ref, Sitting.panel_id == panel_id))
    if found is None:
        raise NotFound(_("We cannot find that sitting."))
    return found


def sittings_of(panel_id: int, limit: int, before: Sitting | None = None) -> Sequence[Sitting]:
    """The sittings of a panel, the last that was opened first; keyset-paged: those that opened before another one."""
    query = select(Sitting).where(Sitting.panel_id == panel_id).order_by(Sitting.opened_at.desc(), Sitting.id.desc())
    if before is not None:
        query = query.where(or_(Sitting.opened_at < before.opened_at, and_(Sitting.opened_at == before.opened_at, Sitting.id < before.id)))
    return db.session.scalars(query.limit(limit)).all()


def by_about(about: str) -> Sitting | None:
    """The sitting about something, if there was one."""
    return db.session.scalar(select(Sitting).where(Sitting.about == about))


def shares_a_pot(matter: Matter) -> bool:
    """Whether a matter is counted with the others of its sitting."""
    return matter.sitting is not None and Sharing.load(matter.sitting.rule).shares


def matters_of(one: Sitting, *, lock: bool = False) -> Sequence[Matter]:
    """All matters of a sitting that were not withdrawn, in the order in which they came."""
    query = select(Matter).where(Matter.sitting_id == one.id, Matter.status != "withdrawn").order_by(Matter.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).all()


def open_matters(one: Sitting, *, lock: bool = False) -> Sequence[Matter]:
    """The matters of a sitting that are not counted."""
    return [each for each in matters_of(one, lock=lock) if each.status == "open"]


def overrides_of(one: Sitting) -> Sequence[Override]:
    """Changes that were proposed, oldest first."""
    return db.session.scalars(select(Override).where(Override.sitting_id == one.id).order_by(Override.id)).all()


def undone(one: Sitting) -> Sequence[Event]:
    """Counts of a sitting that were undone, oldest first: when, by whom, why."""
    return [each for each in events_of(f"sitting:{one.id}") if each.kind == "count_undone"]


def spent(line: Sequence[Given]) -> int:
    """What the funded of a line cost together, in pence: what the pot pays, with overrides in force."""
    return sum(each.matter.cost or 0 for each in line if each.funded)


def taken_from(abouts: Sequence[str]) -> Mapping[str, str]:
    """Of these things, those that lost the money by an override in force, with its reason: `about` → reason. One query."""
    query = (
        select(Matter.about, Override)
        .join(Override, Override.matter_id == Matter.id)
        .where(Matter.about.in_(abouts), Matter.status == "closed")
    )
    last = {about: each for about, each in db.session.execute(query.order_by(Override.id)).tuples() if each.in_force}
    return {about: each.reason for about, each in last.items() if not each.funded}


def line_of(one: Sitting, matters: Sequence[Matter]) -> Sequence[Given]:
    """The matters that passed, as they stand in line for the money: the rule's order, with overrides in force.

    Whoever an override takes the money from goes to the end of the reserve, else money that is left would come straight back; whoever
    it gives to, to the end of the funded.
    """
    if one.result is None:
        return []
    by_ref = {each.ref: each for each in matters}
    outcome = one.result["outcome"]
    funded = [ref for ref in outcome["funded"] if ref in by_ref]
    reserve = [ref for ref in outcome["reserve"] if ref in by_ref]
    refs = {each.id: each.ref for each in matters}
    for each in overrides_of(one):
        ref = refs.get(each.matter_id)
        if not each.in_force or ref is None:
            continue
        funded, reserve = [r for r in funded if r != ref], [r for r in reserve if r != ref]
        if each.funded:
            funded.append(ref)
        else:
            reserve.append(ref)
    order = [(ref, True) for ref in funded] + [(ref, False) for ref in reserve]
    return [Given(by_ref[ref], place, paid) for place, (ref, paid) in enumerate(order, start=1)]


@dataclass(frozen=True)
class Access:
    """How somebody stands to a sitting."""

    seat: Seat | None
    tied: frozenset[int]  # ids of the matters that are hidden from them: by what they are, or by what they declared
    said: Mapping[int, str]  # matter → what their seat declared last
    counts: bool  # an officer or the panel's chair, tied to none of the matters
    natural: Mapping[str, frozenset[int]]  # about → who is tied by nature


def access(who: Anybody, one: Sitting, matters: Sequence[Matter]) -> Access:
    """How somebody stands to a sitting with these matters. Three queries at most."""
    return access_to(who, one.panel_id, matters)


def access_to(who: Anybody, panel_id: int, matters: Sequence[Matter]) -> Access:
    """`access` to matters of a panel that were decided on their own."""
    natural = queries.tied_by_nature(each.about for each in matters)
    if not isinstance(who, Who):
        return Access(None, frozenset(), {}, False, natural)
    seat = queries.seat_of(who.id, panel_id)
    ties = queries.last_ties([each.id for each in matters], seat.id) if seat is not None else {}
    said = {matter_id: tie.tie for (matter_id, _seat), tie in ties.items()}
    tied = frozenset(each.id for each in matters if who.id in natural.get(each.about, ()) or said.get(each.id, "none") != "none")
    counts = (who.can("manage panels") or (seat is not None and seat.chair)) and not tied
    return Access(seat, tied, said, counts, natural)


def readings(here: Access, matters: Sequence[Matter]) -> Mapping[int, queries.Sitting]:
    """Matter id → how a seat stands to it, of those that it decides and is not tied to. One query, one more for a substitute."""
    seat = here.seat
    if seat is None:
        return {}
    ids = [each.id for each in matters]
    votes, ready = queries.last_votes(ids, seat.id), queries.accepted(seat)
    called = queries.called_to(ids) if seat.kind == "substitute" else {}
    return {
        each.id: queries.Sitting(
            each, seat, here.said.get(each.id), votes.get((each.id, seat.id)), here.natural.get(each.about, frozenset()), ready
        )
        for each in matters
        if each.id not in here.tied and queries.decides(seat, each, called.get(each.id, frozenset()))
    }  # fmt: skip


def decides_all(here: Access, matters: Sequence[Matter]) -> bool:
    """Whether a seat that has accepted the code of conduct decides every one of these and is tied to none: only then may it read how
    their pot was shared before everybody does. Two queries at most.
    """
    return here.seat is not None and not here.tied and queries.accepted(here.seat) and len(readings(here, matters)) == len(matters)


def _locked(panel_ref: str, sitting_ref: str) -> Sitting:
    panel = queries.panel(panel_ref)
    found = db.session.scalar(
        select(Sitting)
        .where(Sitting.ref == sitting_ref, Sitting.panel_id == panel.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_("We cannot find that sitting."))
    return found


def to_count(who: Who, panel_ref: str, sitting_ref: str) -> Sitting:
    """A sitting, locked, for whoever counts; a part of an action. NotYours: neither officer nor chair, or tied to one of its matters."""
    must_be_in_transaction()
    one = _locked(panel_ref, sitting_ref)
    _must_count(who, one)
    return one


def _must_count(who: Who, one: Sitting) -> None:
    if not access(who, one, matters_of(one)).counts:
        raise NotYours(_("We cannot find that page."))


def leave_out(abouts: Sequence[str], names: Sequence[str]) -> None:
    """Somebody leaves: their full names go from the reasons for changes to these things, which everybody reads. A part of that action."""
    must_be_in_transaction()
    query = select(Override).join(Matter, Matter.id == Override.matter_id).where(Matter.about.in_(abouts)).order_by(Override.id)
    for each in db.session.scalars(query.with_for_update(of=Override)):
        each.reason = nameless(each.reason, names)


# --- sharing ---------------------------------------------------------------------------------------------------------------


def _by_kind(matters: Sequence[Matter]) -> Mapping[str, Sequence[Matter]]:
    found: dict[str, list[Matter]] = {}
    for each in matters:
        found.setdefault(each.about.partition(":")[0], []).append(each)
    return found


def _hand_over(one: Sitting, matters: Sequence[Matter], actor: Actor) -> None:
    line = line_of(one, matters)
    for kind in _by_kind([each.matter for each in line]):
        SHARED[kind]([each for each in line if each.matter.about.startswith(kind + ":")], actor)


def _votes_of_seats(one: Sitting, matters: Sequence[Matter], standings: Mapping[int, queries.Standing]) -> sharing.Ballots:
    """Voters are the seats that voted on anything here, in an order that says nothing of who: that of what they want. Their votes and
    marks on what they are tied to do not count.
    """
    rule = Sharing.load(one.rule)
    voting: dict[int, dict[str, int]] = {}
    marks = marking.marks_of([each.id for each in matters]) if rule.ballots == "marks" else {}
    for matter in matters:
        for seat, vote in standings[matter.id].votes.items():
            given = voting.setdefault(seat, {})
            if rule.ballots == "marks":
                given[matter.ref] = sum(mark.mark for mark in marks.get((matter.id, seat), {}).values())
            elif vote.choice == "yes":
                given[matter.ref] = 1
    return {f"seat {number}": given for number, given in enumerate(sorted(voting.values(), key=lambda one: sorted(one.items())), start=1)}


def _shared(one: Sitting, matters: Sequence[Matter], votes: sharing.Ballots) -> dict[str, Any]:
    """Share the pot among the matters that passed. What went in is kept with what came out, so that anybody can do it again."""
    rule = Sharing.load(one.rule)
    passed = [sharing.Project(each.ref, each.cost or 0) for each in matters if each.outcome == "yes"]
    pot = one.pot or 0
    return {
        "projects": [[project.ref, project.cost] for project in passed],
        "votes": votes,
        "outcome": sharing.share(rule.rule, rule.ballots, passed, votes, pot, one.seed).store(),
        "others": {name: list(refs) for name, refs in sharing.compare(rule.ballots, passed, votes, pot, one.seed).items()},
    }


def outcome_of(one: Sitting) -> sharing.Result | None:
    """How the pot was shared, as it was counted; None before that, and where nothing was shared."""
    return None if one.result is None else sharing.Result.load(one.result["outcome"])


def went_in(one: Sitting) -> tuple[Sequence[sharing.Project], sharing.Ballots]:
    """The bids and the ballots, without names, that the count was made of."""
    assert one.result is not None
    return [sharing.Project(ref, cost) for ref, cost in one.result["projects"]], one.result["votes"]
