"""From a sent bid to the letter: put it to the panel, write the reasons, prepare, and release all together.

A decision is private until it is released, and is never undone after that (design 1, The panel, 5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.grants import apply, award, letters, queries, rounds
from portal.grants.model import Application, Fund, Release, Round
from portal.grants.moves import about, move
from portal.grants.rules import RoundRules, hear_by
from portal.grants.ties import bid_of, must_not_be_their_own, tied_by_nature
from portal.history import Actor, record
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import Text, queue
from portal.panels import actions as panels
from portal.panels import queries as panel_queries
from portal.panels import sittings
from portal.panels.model import Matter, Sitting
from portal.panels.rules import Sharing, Threshold
from portal.people.queries import addressee_of, names, person
from portal.places import queries as places
from portal.refs import new_ref
from portal.words import _

MOST_CONDITIONS = 5


def hidden_from(person_id: int) -> frozenset[int]:
    """Ids of bids that a person must not see: a seat of theirs has declared a tie, and the letters have not gone out.

    Whoever asks, and whoever acts for them, sees their own. One query, three for somebody with ties.
    """
    abouts = list(panel_queries.declared_ties(person_id=person_id))
    if not abouts:
        return frozenset()
    natural = tied_by_nature(abouts)
    ids = [bid_of(each) for each in abouts if each.startswith("bid:") and person_id not in natural.get(each, ())]
    untold = or_(Application.released_at.is_(None), Application.status.in_(("with_panel", "decided")))  # not Application.told
    return frozenset(db.session.scalars(select(Application.id).where(Application.id.in_(ids), untold)))


# --- with the panel ------------------------------------------------------------------------------------------------------


def put_to_panel(bid_ref: str, actor: Actor) -> None:
    """Put a sent bid to its round's panel. Refused: not sent, its round still takes changes, or one's own."""
    with transaction():
        bid = locked_bid(bid_ref)
        must_not_be_their_own([bid], actor)
        _put(bid, actor)


def put_round_to_panel(round_ref: str, actor: Actor) -> int:
    """Put every sent bid of a round to its panel; returns how many. Refused while the round takes changes, and with one's own among them."""
    with transaction():
        round_ = rounds.locked_round(round_ref)
        bids = db.session.scalars(
            select(Application)
            .where(Application.round_id == round_.id, Application.status == "sent")
            .order_by(Application.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        must_not_be_their_own(bids, actor)
        for bid in bids:
            _put(bid, actor)
        return len(bids)


def _put(bid: Application, actor: Actor) -> None:
    round_ = bid.round
    now = clock.now()
    if not round_.rolling:
        closes = rounds.closes_for(round_, bid.id)
        if closes is not None and now <= closes:
            raise Refused(
                _("The round is still open until %(day)s, and ideas may change until then.", day=letters.in_words(clock.london_day(closes)))
            )
    own = rounds.own_time(bid.id)
    if own is not None and now <= own:
        raise Refused(_("They have more time until %(day)s.", day=letters.in_words(clock.london_day(own))))
    if bid.status == "sent" and bid.sent_at is not None and (faults := apply.problems(bid, clock.london_day(bid.sent_at))):
        raise Refused(
            _("“%(title)s” is not whole: %(faults)s Ask whoever has the idea, or set it aside.", title=bid.title, faults=" ".join(each.sentence for each in faults))
        )  # fmt: skip
    if db.session.scalar(select(Fund.closed_at).where(Fund.id == round_.fund_id)):  # whoever closes it waits for this bid's lock
        raise Refused(_("The fund of this idea is closed. Reopen it first, with a reason, or set the idea aside."))
    move(bid, "put_to_panel", actor, refusal=_("Only an idea that was sent can go to the panel. Look at its page again."))
    if bid.released_at is not None:  # it comes back after a "not yet", and hears again in good time
        bid.hear_by = hear_by(clock.today(), RoundRules.load(round_.rules), None)
    _open_matter(bid, actor)
    if not round_.rolling and round_.status in ("open", "closed"):
        move(round_, "deciding", actor)


def _open_matter(bid: Application, actor: Actor) -> None:
    rules = RoundRules.load(bid.round.rules)
    days = [day for day in (bid.round.decide_by, bid.hear_by) if day] or [clock.today() + timedelta(days=rules.decide_within_days)]
    decide_by = max(*days, clock.today())
    sitting = None if bid.round.rolling else _sitting(bid.round, rules, decide_by, actor)
    majority = rules.majority(shared=not bid.round.rolling)
    rule = Threshold(rules.quorum, majority, rules.on_tie, criteria=rules.criteria if rules.marking else ())
    panels.open_matter(bid.round.panel_id, about(bid), rule, decide_by, actor, sitting_id=sitting.id if sitting else None, cost=bid.asked)


def _sitting(round_: Round, rules: RoundRules, decide_by: date, actor: Actor) -> Sitting | None:
    """The sitting of a dated round, opened with its first bid. The round's reference settles ties: it was published before any bid came."""
    free = Pence(max(0, books.balance(rounds.available(round_.fund))))
    pot = free if rules.pot is None else Pence(min(rules.pot, free))
    rule = Sharing(rules.decision, rules.ballots, rules.least_ballots if round_.vote_until else 0)
    return sittings.open_sitting(
        round_.panel_id, about(round_), round_.name, rule, round_.ref, pot, decide_by, actor,
        votes_until=clock.end_of_day(round_.vote_until) if round_.vote_until else None, area_ids=_voting_areas(rules) if round_.vote_until else (),
    )  # fmt: skip


def _voting_areas(rules: RoundRules) -> frozenset[int]:
    """The ids of the areas whose residents vote, with all that lies in them; of every area where the round names none."""
    if not rules.areas:
        return frozenset(area.id for area in places.areas())
    return frozenset(id_ for code in rules.areas for id_ in db.session.scalars(places.within(code)))


def take_back(bid_ref: str, reason: str, actor: Actor) -> None:
    """Take a bid back from the panel before it is decided. Refused: no reason, not with the panel, one's own."""
    needs_reason(reason)
    with transaction():
        panels.hold(about(queries.bid(bid_ref)))
        bid = locked_bid(bid_ref)
        must_not_be_their_own([bid], actor)
        move(bid, "back_from_panel", actor, reason=reason, refusal=_("This idea is not with the panel now."))
        panels.withdraw_matter(about(bid), actor, reason)


def when_closed(matter: Matter, actor: Actor) -> None:
    """The panel has counted: part of the closing. Without a quorum the bid comes back to the officer."""
    must_be_in_transaction()
    bid = db.session.scalar(
        select(Application).where(Application.id == bid_of(matter.about)).with_for_update().execution_options(populate_existing=True)
    )
    assert bid is not None
    if matter.outcome == "no_quorum":
        move(bid, "back_from_panel", actor, reason=_("Too few votes came in."))
        return
    move(bid, "decided", actor)  # what was decided stays private until released
    bid.decided, bid.decision_reason, bid.conditions, bid.reserve_place, bid.funded = matter.outcome, "", [], None, None


def when_shared(line: Sequence[sittings.Given], actor: Actor) -> None:
    """The panel has shared out a pot, or two people changed what it gave: part of that. Refused when a letter is on its way already."""
    must_be_in_transaction()
    given = {bid_of(each.matter.about): each for each in line}
    for bid in _locked_bids(given):
        if bid.status == "withdrawn":
            continue
        if bid.status != "decided":
            raise Refused(_("“%(title)s” has had its letter, so nothing of this round changes any more.", title=bid.title))
        _not_in_release(bid)
        bid.funded, bid.reserve_place = given[bid.id].funded, given[bid.id].place


def when_reopened(matters: Sequence[Matter], reason: str, actor: Actor) -> None:
    """The count of a sitting is undone: part of that. Refused when a release of one of its bids is prepared."""
    must_be_in_transaction()
    for bid in _locked_bids(bid_of(each.about) for each in matters):
        if bid.status == "withdrawn":
            panels.withdraw_matter(about(bid), actor)
            continue
        _not_in_release(bid)
        move(bid, "decision_undone", actor, why=reason, refusal=_("Only a decision that has not been released can be undone."))
        bid.decided, bid.decision_reason, bid.conditions, bid.reserve_place, bid.funded = None, "", [], None, None


def _locked_bids(ids: Iterable[int]) -> Sequence[Application]:
    query = select(Application).where(Application.id.in_(list(ids))).order_by(Application.id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def undo_decision(bid_ref: str, reason: str, actor: Actor) -> None:
    """Send a decided bid back to the panel, before it is released: everybody votes anew.

    Refused: no reason, released, in a release, tied to it, or it shared a pot with others.
    """
    needs_reason(reason)
    with transaction():
        sittings.hold(about(queries.bid(bid_ref).round))
        bid = locked_bid(bid_ref)
        _not_in_release(bid)
        must_not_be_their_own([bid], actor)
        if bid.funded is not None:
            raise Refused(_("This idea shared a pot with others. Undo the whole count on the page of the sitting."))
        move(bid, "decision_undone", actor, why=reason, refusal=_("Only a decision that has not been released can be undone."))
        bid.decided, bid.decision_reason, bid.conditions, bid.reserve_place = None, "", [], None
        _open_matter(bid, actor)


# --- the letter ----------------------------------------------------------------------------------------------------------


def write_letter(bid_ref: str, reason: str, conditions: Sequence[str], place: int | None, actor: Actor) -> None:
    """What the letter of a decided bid says: the reason, a yes's conditions, and its place in line should the money run short.

    Refused: no reason, too many conditions, not decided, one's own, or a release of it is waiting for the second person.
    """
    if not reason:
        raise Refused(_("Write the reason in plain words. It goes into the letter."), "reason")
    if len(conditions) > MOST_CONDITIONS:
        raise Refused(_("At most %(most)d conditions. Fewer are kinder.", most=MOST_CONDITIONS), "conditions")
    with transaction():
        bid = locked_bid(bid_ref)
        if bid.status != "decided":
            raise Refused(_("The panel has not decided this idea, or the letter has gone out already."))
        _not_in_release(bid)
        must_not_be_their_own([bid], actor)
        if conditions and bid.decided != "yes":
            raise Refused(_("Only a yes has conditions."), "conditions")
        bid.decision_reason, bid.conditions = reason, list(conditions)
        if bid.funded is None:  # else the sharing of the pot gave its place
            bid.reserve_place = place if bid.decided == "yes" else None
        record(about(bid), "letter_written", actor)


def letters_to_write(round_: Round, person_id: int) -> Sequence[Application]:
    """Decided bids of a round without a reason yet, the oldest first, without those that are hidden from this person or their own."""
    query = select(Application).where(Application.round_id == round_.id, Application.status == "decided", Application.decision_reason == "")
    found = db.session.scalars(query.order_by(Application.sent_at, Application.id)).all()
    tied, hidden = tied_by_nature([about(bid) for bid in found]), hidden_from(person_id)
    return [bid for bid in found if bid.id not in hidden and person_id not in tied[about(bid)]]


def _not_in_release(bid: Application) -> None:
    for release in waiting_releases(bid.round_id):
        if bid.id in release.application_ids:
            raise Refused(_("A release of this idea is waiting for the second person. Take that release back first."))


# --- the release ---------------------------------------------------------------------------------------------------------


def waiting_releases(round_id: int) -> Sequence[Release]:
    """Releases of a round that were prepared and neither released nor taken back."""
    return db.session.scalars(
        select(Release)
        .where(Release.round_id == round_id, Release.released_at.is_(None), Release.cancelled_at.is_(None))
        .order_by(Release.id)
    ).all()


def prepare_release(round_ref: str, bid_refs: Sequence[str], actor: Actor) -> str:
    """Gather what is to be told at once; returns the release's reference. A second tap of the same person finds the first.

    A dated round goes out together, so `bid_refs` is not asked; a rolling one, or a bid that came back after the round's
    release, goes one by one or as chosen. Refused: something is undecided, has no reason yet, is in another release, or is
    the preparer's own.
    """
    with transaction():
        round_ = rounds.locked_round(round_ref)
        together = round_.together
        query = select(Application).where(Application.round_id == round_.id).order_by(Application.id).with_for_update()
        if together:
            waiting = db.session.scalar(
                select(func.count()).select_from(Application).where(
                    Application.round_id == round_.id, Application.status.in_(("sent", "more_asked", "with_panel"))
                )
            )  # fmt: skip
            if waiting:
                raise Refused(_("%(number)d ideas of this round are not decided yet. All hear on the same day.", number=waiting))
            for late, until in rounds.still_writing(round_):
                day = letters.in_words(clock.london_day(until))
                raise Refused(_("%(ref)s has more time until %(day)s. All hear on the same day, so wait for it.", ref=late.ref, day=day))
            query = query.where(Application.status == "decided")
        else:
            query = query.where(Application.ref.in_(bid_refs))
        bids = db.session.scalars(query.execution_options(populate_existing=True)).all()
        if not bids:
            raise Refused(_("Choose at least one idea that the panel has decided."))
        ids = [bid.id for bid in _in_order(bids)]
        for other in waiting_releases(round_.id):
            if other.prepared_by_id == actor.person_id and other.application_ids == ids:
                return other.ref
        for bid in bids:
            if bid.status != "decided":
                raise Refused(_("“%(title)s” is not decided, or has been released already.", title=bid.title))
            if not bid.decision_reason:
                raise Refused(_("Write the reason for “%(title)s” first.", title=bid.title))
            _not_in_release(bid)
        must_not_be_their_own(bids, actor)
        sittings.must_be_settled(about(round_))
        release = Release(
            ref=new_ref("REL"), round_id=round_.id, application_ids=ids, prepared_by_id=actor.person_id,
            prepared_at=clock.now(),
        )  # fmt: skip
        db.session.add(release)
        db.session.flush()
        record(f"release:{release.id}", "prepared", actor, bids=len(bids))
        return release.ref


def _in_order(bids: Sequence[Application]) -> list[Application]:
    """As the money is given out: the places that the officer gave, then by the day on which they were sent."""
    return sorted(bids, key=lambda bid: (bid.reserve_place is None, bid.reserve_place or 0, bid.sent_at or bid.created_at, bid.id))


def cancel_release(release_ref: str, actor: Actor) -> None:
    """Take a prepared release back, so that letters can be changed. Refused: released already."""
    with transaction():
        release = _locked_release(release_ref)
        if release.released_at is not None:
            raise Refused(_("The letters have gone out. A release is never undone."))
        if release.cancelled_at is None:
            release.cancelled_at = clock.now()
            record(f"release:{release.id}", "cancelled", actor)


@dataclass(frozen=True)
class Planned:
    """One bid of a release, and what will come of it: offered, reserve, refused, not_yet, or gone (withdrawn meanwhile)."""

    bid: Application
    what: str
    place: int | None
    letter: Text | None


def plan(release: Release) -> Sequence[Planned]:
    """What a release would do now: who gets money, who is on the reserve list, and every letter. Writes nothing.

    While somebody waits on the round's reserve list, the next yes waits behind them, also for a smaller sum.
    """
    round_ = db.session.get(Round, release.round_id)
    assert round_ is not None
    rows = {bid.id: bid for bid in db.session.scalars(select(Application).where(Application.id.in_(release.application_ids)))}
    bids = [rows[id_] for id_ in release.application_ids]
    free = books.balance(rounds.available(round_.fund))
    accept_by = clock.today() + timedelta(days=RoundRules.load(round_.rules).accept_within_days)
    planned: list[Planned] = []
    taken = sittings.taken_from([about(bid) for bid in bids])
    place = _last_place(round_.id)
    short = place > 0 and round_.status != "finished"  # whoever waits on the list comes first: nobody overtakes them
    for bid in bids:
        what, at = _fate(bid, free, short)
        if what == "offered":
            free -= bid.asked
        if what == "reserve":
            short = True
            place += 1
            at = place
        planned.append(Planned(bid, what, at, _letter(bid, what, at, accept_by, _("(a link of their own)"), taken.get(about(bid)))))
    return planned


def _fate(bid: Application, free: int, short: bool) -> tuple[str, int | None]:
    if bid.status != "decided":
        return "gone", None
    if bid.decided == "yes":
        return ("offered", None) if not short and bid.asked <= free and bid.funded is not False else ("reserve", None)
    return ("refused", None) if bid.decided == "no" else ("not_yet", None)


def _letter(bid: Application, what: str, place: int | None, accept_by: date, link: str, taken: str | None) -> Text | None:
    if what == "offered":
        return letters.offered(bid, bid.asked, bid.conditions, accept_by, link)
    if what == "reserve":
        return letters.on_reserve(bid, place or 1, taken)
    return {"refused": letters.refused, "not_yet": letters.not_yet}[what](bid) if what in ("refused", "not_yet") else None


def _last_place(round_id: int) -> int:
    """The last place on the reserve list of a round."""
    return (
        db.session.scalar(
            select(func.max(Application.reserve_place)).where(Application.round_id == round_id, Application.status == "lapsed")
        )
        or 0
    )


def release(release_ref: str, actor: Actor) -> int:
    """Tell everybody at once; returns how many letters were written. Never undone. A second tap of the same person changes nothing.

    For each yes the money is reserved while the fund has it; from the first that it cannot pay, the others go on the reserve
    list in their order. Refused: the same person who prepared it, their own bid, released by somebody else or taken back already.
    """
    with transaction():
        found = _locked_release(release_ref)
        if found.released_at is not None and found.released_by_id == actor.person_id:
            told = select(func.count()).where(Application.id.in_(found.application_ids), Application.released_at == found.released_at)
            return db.session.scalar(told) or 0
        if found.released_at is not None:
            by = names([found.released_by_id]).get(found.released_by_id or 0, "")
            raise Refused(_("%(name)s has released these letters already. Nothing is left to do.", name=by))
        if found.cancelled_at is not None:
            raise Refused(_("This release was taken back. Look at the decisions again."))
        if found.prepared_by_id == actor.person_id:
            raise Refused(_("You prepared this. A second person must release it."))
        round_ = db.session.get_one(Round, found.round_id)
        sittings.hold(about(round_))
        bids = db.session.scalars(
            select(Application)
            .where(Application.id.in_(found.application_ids))
            .order_by(Application.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        must_not_be_their_own(bids, actor)
        rounds.locked_fund(round_.fund_id)  # whoever else gives out this fund's money waits, so that the plan holds
        found.released_by_id, found.released_at = actor.person_id, clock.now()
        written = sum(_carry_out(each, found, round_.fund, actor) for each in plan(found))
        if not round_.rolling and round_.status in ("deciding", "closed"):
            move(round_, "released", actor)
        sittings.publish(about(round_))
        record(f"release:{found.id}", "released", actor, letters=written)
        return written


def _carry_out(planned: Planned, release: Release, fund: Fund, actor: Actor) -> int:
    bid, what = planned.bid, planned.what
    if what == "gone":
        return 0
    bid.released_at, bid.appeal_by = release.released_at, letters.appeal_by()
    data: dict[str, Any] = {"release": release.ref}
    if what == "offered":
        move(bid, "offered", actor, **data)
        bid.reserve_place = None
        award.offer(bid, fund, actor, released_by_id=release.released_by_id, seconded_by_id=release.prepared_by_id)
        return 1  # the offer writes its own letter, with its link
    if what == "reserve":
        move(bid, "reserved", actor, place=planned.place, **data)
        bid.reserve_place = planned.place
    else:
        move(bid, what, actor, reason=bid.decision_reason, **data)
        bid.reserve_place = None
        if what == "not_yet":
            bid.decided = None
    assert planned.letter is not None
    queue(f"bid:{bid.id}:release:{release.id}", addressee_of(person(bid.person_id)), planned.letter, about=about(bid))
    return 1


# --- loading and locking -------------------------------------------------------------------------------------------------


def locked_bid(ref: str) -> Application:
    """The bid, locked, as a part of an action. NotFound."""
    must_be_in_transaction()
    found = db.session.scalar(select(Application).where(Application.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that idea."))
    return found


def release_by_ref(ref: str) -> Release:
    """One release. NotFound."""
    found = db.session.scalar(select(Release).where(Release.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that release."))
    return found


def _locked_release(ref: str) -> Release:
    found = db.session.scalar(select(Release).where(Release.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that release."))
    return found


def needs_reason(reason: str) -> None:
    """Refused without a reason."""
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")


panels.CLOSED["bid"] = when_closed
sittings.SHARED["bid"] = when_shared
sittings.REOPENED["bid"] = when_reopened
