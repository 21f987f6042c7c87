"""What officers do with funds and rounds: open, fill, plan, freeze, extend, close. Dates move rounds through `move_rounds`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import func, or_, select, update

from portal import clock, once
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.grants import letters, pooled
from portal.grants.model import Application, Closing, Contribution, Extension, Fund, Funder, Round
from portal.grants.moves import begin, move
from portal.grants.pooled_model import OfferMatch, SliceYear
from portal.grants.rules import RoundRules
from portal.grants.ties import must_not_be_their_own
from portal.history import SCHEME, Actor, record
from portal.ledger import queries as books
from portal.ledger.model import Entry
from portal.ledger.posting import Line, open_account, post, reverse
from portal.money import Pence, pounds
from portal.outbox import queue
from portal.panels.ballots import FEWEST
from portal.people.queries import addressee_of, person
from portal.places import queries as places
from portal.refs import new_ref
from portal.settings import limits, rates
from portal.words import _


def available(fund: Fund) -> str:
    """The ledger account of a fund's free money."""
    return f"fund:{fund.code}:available"


def locked_fund(fund_id: int) -> Fund:
    """The fund, locked, as a part of an action that gives out its money or must not meet its closing. NotFound."""
    must_be_in_transaction()
    found = db.session.scalar(select(Fund).where(Fund.id == fund_id).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that fund."))
    return found


def must_be_open(fund: Fund) -> None:
    """Refused when a fund is closed."""
    if fund.closed_at is not None:
        raise Refused(_("The fund %(name)s is closed. Reopen it first, with a reason.", name=fund.name))


def with_rate_of_today(rules: RoundRules) -> RoundRules:
    """Rules to begin a fund or a round with: an hour counts for what the scheme says today, if it does."""
    rate = rates.in_force("match", clock.today())
    return rules if rate is None else replace(rules, rate=rate.pence)


def plain(name: str) -> str:
    """A name as names of funds and funders are compared: without capitals, and without more spaces than one."""
    return " ".join(name.casefold().split())


def name_for_fund(name: str) -> str:
    """The name of a fund that opens, plain, as a part of an action. Refused: a fund that is open has it."""
    one_at_a_time("names of funds")
    if db.session.scalar(select(Fund.id).where(Fund.plain_name == plain(name))) is not None:
        raise Refused(_("There is an open fund with that name already. Choose another name, so that nobody mixes them up."), "name")
    return plain(name)


def open_fund(code: str, name: str, purpose: str, rules: RoundRules, actor: Actor) -> None:
    """A new pot. Its account has floor 0: the books refuse to overspend it. Refused: the code is taken, or the name by a fund that is open."""
    with transaction():
        put_fund(code, name, purpose, rules, actor)


def put_fund(code: str, name: str, purpose: str, rules: RoundRules, actor: Actor) -> None:
    """`open_fund` as a part of an action."""
    must_be_in_transaction()
    if db.session.scalar(select(Fund.id).where(Fund.code == code)):
        raise Refused(_("There is a fund with that short name already. Choose another."), "code")
    fund = Fund(code=code, name=name, purpose=purpose, rules=rules.store(), opened_at=clock.now(), plain_name=name_for_fund(name))
    db.session.add(fund)
    db.session.flush()
    open_account(available(fund), "GBP", "asset", name, floor=0)
    record(f"fund:{fund.id}", "opened", actor)


def add_funder(code: str, name: str, actor: Actor) -> None:
    """Somebody who puts money in. Refused: the code or the name is taken."""
    with transaction():
        one_at_a_time("names of funders")
        if db.session.scalar(select(Funder.id).where(Funder.code == code)):
            raise Refused(_("There is a funder with that short name already. Choose another."), "code")
        if db.session.scalar(select(Funder.id).where(Funder.plain_name == plain(name))) is not None:
            raise Refused(_("There is a funder with that name already. Use that one, or choose another name."), "name")
        funder = Funder(code=code, name=name, plain_name=plain(name))
        db.session.add(funder)
        db.session.flush()
        open_account(f"funder:{code}", "GBP", "equity", name)
        record(f"funder:{funder.id}", "added", actor)


def contribute(
    fund_id: int,
    funder_id: int,
    amount: Pence,
    received_on: date,
    reference: str,
    actor: Actor,
    *,
    once_key: str | None = None,
    another: bool = False,
) -> str:
    """Record money received, posted funder to fund; returns the contribution's reference.

    Refused: a day to come, a closed fund, so much that a second person must confirm it (`large.ask`), the same of the same funder on the
    same day stands there already, unless this is said to be `another` one.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        fund, funder = may_come_in(fund_id, funder_id, amount, received_on, another=another)
        if amount > limits.of(limits.LARGE):
            raise Refused(_("So much needs a second person. Ask for it to be confirmed."), "amount")
        row = take_in(fund, funder, amount, received_on, reference, actor)
        if once_key:
            once.keep(once_key, row.ref)
        return row.ref


def may_come_in(fund_id: int, funder_id: int, amount: Pence, received_on: date, *, another: bool) -> tuple[Fund, Funder]:
    """The fund, locked, and the funder of a sum that came in, as a part of an action.

    Refused: a day to come, a closed fund, the same sum of the same funder for that day stands there already (it may have been typed twice)
    and nobody says that it is `another` one. NotFound: no such funder.
    """
    if received_on > clock.today():
        raise Refused(_("The money cannot have come on a day that is still ahead."), "received_on")
    fund, funder = locked_fund(fund_id), db.session.get(Funder, funder_id)
    if funder is None:
        raise NotFound(_("We cannot find that funder."))
    must_be_open(fund)
    same = select(Contribution.id).where(
        Contribution.fund_id == fund.id, Contribution.funder_id == funder.id, Contribution.amount == amount, Contribution.received_on == received_on
    )  # fmt: skip
    keys = [] if another else [f"contribution:{id_}" for id_ in db.session.scalars(same)]
    if set(keys) - books.reversed_keys(keys):
        raise Refused(
            _("%(amount)s of %(funder)s for that day stands here already. Is this another one? Then say so, and record it again.", amount=pounds(amount), funder=funder.name), "another"
        )  # fmt: skip
    return fund, funder


def take_in(fund: Fund, funder: Funder, amount: Pence, received_on: date, reference: str, actor: Actor) -> Contribution:
    """Money of a funder into a pot, as a part of an action that has locked the open fund."""
    must_be_in_transaction()
    row = Contribution(
        ref=new_ref("CON"), fund_id=fund.id, funder_id=funder.id, amount=amount, received_on=received_on, reference=reference,
        entered_by_id=actor.person_id,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    post(
        [Line(f"funder:{funder.code}", available(fund), amount)], key=f"contribution:{row.id}", kind="contribution", about=f"contribution:{row.id}",
        sentence=_("%(funder)s put in %(amount)s", funder=funder.name, amount=pounds(amount)), actor=actor.code, effective_on=received_on,
    )  # fmt: skip
    record(f"fund:{fund.id}", "contribution", actor, amount=amount, funder=funder.name, ref=row.ref)
    return row


def reverse_contribution(ref: str, reason: str, actor: Actor) -> None:
    """Take back a contribution that was entered wrongly. Refused: no reason; the money has been promised meanwhile; a closed fund, or
    one that was closed after this came in, because then the money has gone back already; what an offer added for money that neighbours raised.
    """
    with transaction():
        matched = select(OfferMatch.id).join(Contribution, Contribution.id == OfferMatch.contribution_id)
        if db.session.scalar(matched.where(Contribution.ref == ref, OfferMatch.undone_at.is_(None))) is not None:
            raise Refused(_("This came because of what neighbours raised. Take that line back on their match page, and this goes with it."))
        take_out(ref, reason, actor)


def take_out(ref: str, reason: str, actor: Actor) -> None:
    """`reverse_contribution` as a part of an action."""
    must_be_in_transaction()
    row = db.session.scalar(select(Contribution).where(Contribution.ref == ref))
    if row is None:
        raise NotFound(_("We cannot find that contribution."))
    if not reason:
        raise Refused(_("Write why, in a few words. It stands in the books."), "reason")
    must_be_open(locked_fund(row.fund_id))
    came = db.session.scalar(select(Entry.recorded_at).where(Entry.key == f"contribution:{row.id}"))
    closed = select(func.max(Closing.closed_at)).where(Closing.fund_id == row.fund_id, Closing.amount > 0)
    given_back = db.session.scalar(closed)
    if came is not None and given_back is not None and given_back >= came:
        raise Refused(
            _("This fund was closed on %(day)s, and what was left of this money went back to its funders then. It cannot be taken back once more.", day=clock.in_words(clock.london_day(given_back)))
        )  # fmt: skip
    if reverse(f"contribution:{row.id}", reason=reason, actor=actor.code).fresh:
        _must_not_be_promised(row)
        same = (SliceYear.contribution_id == row.id, SliceYear.dropped_at.is_(None))
        db.session.execute(update(SliceYear).where(*same).values(dropped_at=clock.now()))
        record(f"fund:{row.fund_id}", "contribution_reversed", actor, reason=reason, ref=ref)


def _must_not_be_promised(row: Contribution) -> None:
    """After the reversal, which holds the pot's account: what is left of this funder's money, the others' cannot stand in for it."""
    fund, funder = db.session.get_one(Fund, row.fund_id), db.session.get_one(Funder, row.funder_id)
    if pooled.free_before(pooled.positions(fund), funder, row.amount) < row.amount:
        raise Refused(
            _("Some of this money of %(funder)s has been promised or paid meanwhile, so it cannot be taken back.", funder=funder.name)
        )


def plan_round(
    fund_id: int,
    panel_id: int,
    name: str,
    opens_at: datetime,
    closes_at: datetime | None,
    decide_by: date | None,
    rules: RoundRules,
    actor: Actor,
    *,
    vote_until: date | None = None,
) -> str:
    """A round to come, rolling when it has no closing date; returns its reference. `vote_until`: the last day on which residents can
    vote, where the rules say that they do. Refused: dates out of order, an area ballot that cannot be, a closed fund.
    """
    with transaction():
        must_be_open(locked_fund(fund_id))
        _dates_in_order(opens_at, closes_at, decide_by)
        _ballot_can_be(closes_at, vote_until, decide_by, rules)
        round_ = Round(
            ref=new_ref("RND"), fund_id=fund_id, panel_id=panel_id, name=name, rolling=closes_at is None, opens_at=opens_at, closes_at=closes_at,
            decide_by=decide_by, rules=rules.store(), vote_until=vote_until if rules.voters == "area" else None,
        )  # fmt: skip
        db.session.add(round_)
        db.session.flush()
        begin(round_, "planned", actor)
        return round_.ref


def change_round(
    ref: str,
    panel_id: int,
    name: str,
    opens_at: datetime,
    closes_at: datetime | None,
    decide_by: date | None,
    rules: RoundRules,
    actor: Actor,
    *,
    vote_until: date | None = None,
) -> None:
    """Change a round while it is planned. Refused afterwards: its rules froze when it opened."""
    with transaction():
        round_ = locked_round(ref)
        if round_.status != "planned":
            raise Refused(
                _("This round is over or was called off. Plan a new one.") if round_.status == "finished" else _("This round has opened, so its rules stay as they were promised.")
            )  # fmt: skip
        _dates_in_order(opens_at, closes_at, decide_by)
        _ballot_can_be(closes_at, vote_until, decide_by, rules)
        round_.vote_until = vote_until if rules.voters == "area" else None
        round_.panel_id, round_.name, round_.opens_at, round_.closes_at, round_.decide_by = panel_id, name, opens_at, closes_at, decide_by
        round_.rolling, round_.rules = closes_at is None, rules.store()
        record(f"round:{round_.id}", "replanned", actor)


def _dates_in_order(opens_at: datetime, closes_at: datetime | None, decide_by: date | None) -> None:
    if closes_at is not None and closes_at <= opens_at:
        raise Refused(_("The round must close after it opens."), "closes_on")
    if closes_at is not None and decide_by is None:
        raise Refused(_("Say by which day everybody will hear."), "decide_by")
    if closes_at is not None and decide_by is not None and decide_by <= clock.london_day(closes_at):
        raise Refused(_("The day of the decision must come after the round closes."), "decide_by")


def _ballot_can_be(closes_at: datetime | None, vote_until: date | None, decide_by: date | None, rules: RoundRules) -> None:
    if rules.voters != "area":
        return
    if closes_at is None or decide_by is None:
        raise Refused(_("Residents can vote only in a round with a closing day. Say on which day it closes."), "closes_on")
    if rules.decision == "threshold" or rules.ballots == "marks":
        raise Refused(_("Where residents vote, the money goes by most votes or in equal shares by votes. Choose one of these."), "decision")
    if rules.marking:
        raise Refused(_("Where residents vote, the panel gives no marks. Take that tick away."), "marking")
    if rules.least_ballots < FEWEST:
        raise Refused(
            _("At least %(fewest)d must vote: of fewer, everybody could guess whose ballot is whose.", fewest=FEWEST), "least_ballots"
        )
    if vote_until is None:
        raise Refused(_("Say until which day residents can vote."), "vote_until")
    if not clock.london_day(closes_at) < vote_until < decide_by:
        raise Refused(_("The last day to vote must come after the round closes, and before everybody hears."), "vote_until")
    for code in rules.areas:
        if places.area_by_code(code) is None:
            raise Refused(_("We do not know one of these areas. Choose them again."), "areas")


def open_round(ref: str, actor: Actor) -> None:
    """Open now: the rules freeze."""
    with transaction():
        _open(locked_round(ref), actor)


def _open(round_: Round, actor: Actor) -> None:
    move(round_, "opened", actor)
    round_.frozen_at = clock.now()
    round_.opens_at = min(round_.opens_at, clock.now())


def close_round(ref: str, actor: Actor) -> None:
    """Close now, by hand."""
    with transaction():
        round_ = locked_round(ref)
        move(round_, "closed", actor)
        round_.closes_at = clock.now()


def finish_round(ref: str, actor: Actor) -> None:
    """Nothing of this round is under way any more; one that is planned is called off. Refused while a bid is.

    An idea that was told "not yet" does not hold it up: it may come back, and is then released by itself.
    """
    with transaction():
        round_ = locked_round(ref)
        under_way = db.session.scalar(
            select(func.count()).select_from(Application).where(
                Application.round_id == round_.id, Application.status.in_(("sent", "more_asked", "with_panel", "decided", "offered")),
                or_(Application.status != "sent", Application.released_at.is_(None)),
            )
        )  # fmt: skip
        if under_way:
            raise Refused(_("%(number)d ideas of this round are still waiting. Decide them first.", number=under_way))
        move(round_, "finished", actor)


def extend(ref: str, until: datetime, reason: str, actor: Actor, application_id: int | None = None) -> None:
    """More time, for everybody or for one applicant; whoever is not done hears of it.

    Refused: no reason; a rolling round; not later than now and before; later than the day on which everybody hears; an idea
    that is with the panel, decided or withdrawn, or one's own.
    """
    with transaction():
        round_ = locked_round(ref)
        if not reason:
            raise Refused(_("Write why. Everybody may read it."), "reason")
        if round_.closes_at is None or round_.status not in ("open", "closed"):
            raise Refused(_("Only a round with a closing date that is not being decided can be extended."))
        if until <= max(clock.now(), round_.closes_at):
            raise Refused(_("The new day must be later than the old one."), "until")
        waiting = select(Application).where(Application.round_id == round_.id, Application.status.in_(("draft", "more_asked")))
        if application_id is not None:
            waiting = select(Application).where(Application.id == application_id, Application.status.in_(("draft", "sent", "more_asked")))
        bids = db.session.scalars(waiting).all()
        if application_id is not None and not bids:
            if db.session.scalar(select(Application.status).where(Application.id == application_id)) == "with_panel":
                raise Refused(_("This idea is with the panel. Take it back first, then give more time."))
            raise Refused(_("This idea has been decided or withdrawn. More time does not help it."))
        if application_id is not None:
            must_not_be_their_own(bids, actor)
        if round_.decide_by is not None and round_.decide_by <= clock.london_day(until):
            day = letters.in_words(round_.decide_by)
            raise Refused(_("That leaves no time to decide before %(day)s. Choose an earlier day.", day=day), "until")
        if round_.vote_until is not None and round_.vote_until <= clock.london_day(until):
            day = letters.in_words(round_.vote_until)
            raise Refused(_("Residents vote on these ideas until %(day)s. Choose an earlier day.", day=day), "until")
        given = Extension(
            round_id=round_.id, application_id=application_id, until=until, reason=reason, given_by_id=actor.person_id, given_at=clock.now()
        )
        db.session.add(given)
        db.session.flush()
        for bid in bids:
            text = letters.more_time(bid, clock.london_day(until), reason)
            queue(f"extension:{given.id}:{bid.id}", addressee_of(person(bid.person_id)), text, about=f"bid:{bid.id}")
        if application_id is None:
            if round_.status == "closed":
                move(round_, "reopened", actor, reason=reason)
            round_.closes_at = until
        about = f"round:{round_.id}" if application_id is None else f"bid:{application_id}"
        record(about, "extended", actor, reason=reason, until=until.isoformat())


def locked_round(ref: str) -> Round:
    """The round, locked, as a part of an action. NotFound."""
    found = db.session.scalar(select(Round).where(Round.ref == ref).with_for_update(of=Round))
    if found is None:
        raise NotFound(_("We cannot find that round."))
    return found


def state_at(round_: Round, now: datetime) -> str:
    """What a reader should see: the dates' word where the worker has not come by yet. Writes nothing."""
    if round_.status == "planned" and round_.opens_at <= now:
        return "open" if round_.closes_at is None or now <= round_.closes_at else "closed"
    if round_.status == "open" and round_.closes_at is not None and now > round_.closes_at:
        return "closed"
    return round_.status


def closes_for(round_: Round, application_id: int | None) -> datetime | None:
    """When this round closes for one applicant, their own extension counted; None when it does not."""
    if round_.closes_at is None or application_id is None:
        return round_.closes_at
    own = own_time(application_id)
    return max(round_.closes_at, own) if own else round_.closes_at


def own_time(application_id: int) -> datetime | None:
    """Until when one applicant has more time than the others; None when they never had."""
    return db.session.scalar(select(func.max(Extension.until)).where(Extension.application_id == application_id))


def takes_bids(round_: Round, application_id: int | None = None) -> bool:
    """Whether a bid may be sent or changed now. Somebody's own time counts before the round's state: the others may be with the panel."""
    now = clock.now()
    if round_.status == "deciding" and application_id is not None:
        own = own_time(application_id)
        return own is not None and now <= own
    closes = closes_for(round_, application_id)
    return round_.status in ("planned", "open", "closed") and round_.opens_at <= now and (closes is None or now <= closes)


def still_writing(round_: Round) -> Sequence[tuple[Application, datetime]]:
    """Drafts of a round whose applicants have more time now, and until when: a release of the round waits for them."""
    rows = db.session.execute(
        select(Application, func.max(Extension.until))
        .join(Extension, Extension.application_id == Application.id)
        .where(Application.round_id == round_.id, Application.status == "draft", Extension.until >= clock.now())
        .group_by(Application.id)
        .order_by(Application.id)
    )
    return [(bid, until) for bid, until in rows.tuples()]


def move_rounds() -> int:
    """Open and close the rounds whose time has come (the worker's work). Each move once: it is judged under the lock."""
    now = clock.now()
    due = db.session.scalars(
        select(Round.ref).where(
            ((Round.status == "planned") & (Round.opens_at <= now)) | ((Round.status == "open") & (Round.closes_at < now))
        )
    ).all()  # fmt: skip
    for ref in due:
        with transaction():
            round_ = locked_round(ref)
            if round_.status == "planned" and round_.opens_at <= now:
                _open(round_, SCHEME)
            if round_.status == "open" and round_.closes_at is not None and round_.closes_at < now:
                move(round_, "closed", SCHEME)
    return len(due)
