"""Hours between two members: written down by one side, answered by the other, then one entry in the books.

The other side answers on its own page, by the link of the message, or by its six digits, which it may read out. Nobody
answers what they wrote down themselves. What nobody answers settles after two reminders; what would take the receiver
below the hard floor is held for a coordinator, because the hours were given all the same.
"""

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Select, or_, select

from portal import clock, once, vault
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused, Unknown
from portal.history import BASES, SCHEME, Actor, Event, record
from portal.ledger.posting import Fact, Line, post_all, reverse
from portal.money import Minutes, hours
from portal.outbox import address_of, gets_through
from portal.people import queries as people
from portal.people.access import Who
from portal.refs import new_ref
from portal.timebank import areas, givers_day, ideas, members, messages, neighbour_queries
from portal.timebank.members import account, balance, clearing, codes_of, floor_of, name_of
from portal.timebank.model import OPEN, Exchange, Member
from portal.timebank.rules import agreed, judge_day, judge_time, too_low
from portal.words import _

MARK = 12
MOST_WRONG_CODES = 5


class Twice(Refused):
    """It looks like an hour that is written down already: the person says whether it is the same."""

    def __init__(self, sentence: str, ref: str, *, theirs: bool) -> None:
        super().__init__(sentence)
        self.ref = ref
        self.theirs = theirs  # the other side wrote it, so that saying "the same" is the answer to it


def about(exchange: Exchange) -> str:
    """How events, messages and the books name it."""
    return f"exchange:{exchange.id}"


def sides(exchange: Exchange) -> tuple[Member, Member]:
    """(who wrote it down, who answers)."""
    return (exchange.giver, exchange.receiver) if exchange.logged_by == "giver" else (exchange.receiver, exchange.giver)


# --- links and codes -----------------------------------------------------------------------------------------------------


def token_of(exchange: Exchange) -> str:
    """The last part of the other side's link."""
    return f"{exchange.ref}-{_marks(exchange)[0][:MARK]}"


def link_of(exchange: Exchange) -> str:
    """The whole address at which the other side answers without signing in."""
    return address_of(f"/t/{token_of(exchange)}")


def code_of(exchange: Exchange) -> str:
    """The six digits of the other side's message."""
    return _digits(_marks(exchange)[0])


def _marks(exchange: Exchange) -> tuple[str, ...]:
    return vault.marks("exchange", f"{exchange.ref}:{exchange.link_number}")


def _digits(mark: str) -> str:
    return f"{int(mark[-12:], 16) % 1_000_000:06d}"


def by_token(token: str) -> Exchange:
    """The exchange that a link opens. Unknown: we did not make it, or it was replaced."""
    ref, _dash, mark = token.rpartition("-")
    found = db.session.scalar(select(Exchange).where(Exchange.ref == ref))
    if found is None or not any(hmac.compare_digest(mark.encode(), each[:MARK].encode()) for each in _marks(found)):
        raise Unknown(_("We cannot find that page. Copy the whole link from the message."))
    return found


# --- finding -------------------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> Exchange:
    """One exchange. NotFound."""
    found = db.session.scalar(select(Exchange).where(Exchange.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that exchange."))
    return found


def _locked(ref: str) -> Exchange:
    must_be_in_transaction()
    found = db.session.scalar(select(Exchange).where(Exchange.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that exchange."))
    return found


def locked_sides(ids: Collection[int]) -> Mapping[int, Member]:
    """These members by id, locked in the order of their ids against a change of floor or area, as a part of an action."""
    must_be_in_transaction()
    rows = db.session.scalars(
        select(Member)
        .where(Member.id.in_(ids))
        .order_by(Member.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    return {row.id: row for row in rows}


# --- writing it down -----------------------------------------------------------------------------------------------------


def log(
    mine: str, other: str, way: str, minutes: int, kind: str, day: date, note: str, actor: Actor, *, once_key: str, again: bool = False,
    purpose_id: int | None = None, beside: Callable[[Exchange], None] | None = None,
) -> str:  # fmt: skip
    """Write down that the member `mine` gave ("gave") to or received ("received") from `other`; returns the reference.

    `mine`, `other`: card numbers; `minutes` in quarters of an hour; `kind`: a category's code. `again`: it is another one,
    although it looks like one that is there. The other side hears of it. Refused: not one of the two ways, oneself, a paused
    member, no quarter hours, a day ahead or long ago, more than a giver's day holds, typed for others without a basis; `Twice`.
    `purpose_id`: it was work on a funded idea (`work.queries.open_purposes`); refused as for `ideas.begin`. `beside`: what else is written
    down with it, as a part of the same action.
    """
    if way not in ("gave", "received"):
        raise Refused(_("Say whether you gave time or received it."))
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        me, them = members.by_ref(mine), members.by_ref(other)
        giver, receiver = (me, them) if way == "gave" else (them, me)
        one_at_a_time(*locks(giver, receiver))
        made = written(giver, receiver, way, minutes, kind, day, note, actor, again=again)
        if purpose_id is not None:
            ideas.begin(made, purpose_id, giver)
        if beside is not None:
            beside(made)
        messages.ask(made, me, them, link_of(made), code_of(made))
        once.keep(once_key, made.ref)
        return made.ref


def locks(giver: Member, receiver: Member) -> tuple[str, str]:
    """What an action holds (`one_at_a_time`) while it judges hours between two: nobody writes down the same ones, or fills the giver's day."""
    low, high = sorted((giver.id, receiver.id))
    return f"time:{low}:{high}", givers_day.lock_of(giver.id)


def written(
    giver: Member, receiver: Member, way: str, minutes: int, kind: str, day: date, note: str, actor: Actor, *, again: bool
) -> Exchange:
    """Judge hours between two members and write them down, as a part of an action that holds their `locks`.

    `way`: "gave" when the giver wrote it down, "received" when the receiver did. Refused as for `log`.
    """
    must_be_in_transaction()
    rules = members.open_rules()
    if giver.id == receiver.id:
        raise Refused(_("That is your own number. Choose who it was with."), "who")
    coordinator = actor.on_behalf_id is not None or actor.basis is not None
    writer = None if coordinator else giver if way == "gave" else receiver
    for each in (giver, receiver):
        if each.status != "active" and not (each is writer and (began := members.break_began(each)) and day <= began):
            raise Refused(members.on_break(each, actor))
    if coordinator and actor.basis not in BASES and not (actor.basis or "").startswith("paper sheet"):
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    judge_time(minutes)
    judge_day(day, rules, coordinator=coordinator)
    category = members.category(kind)
    if not again:
        _not_twice(giver, receiver, minutes, day, giver if way == "gave" else receiver)
    givers_day.must_fit(giver, minutes, day)
    made = Exchange(
        ref=new_ref("EXC"), giver_id=giver.id, receiver_id=receiver.id, category_id=category.id, day=day, minutes=Minutes(minutes), note=note,
        logged_by="giver" if way == "gave" else "receiver", entered_by=actor.code, basis=actor.basis, entered_at=clock.now(),
        settle_on=clock.today() + timedelta(days=rules.settle_days),
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    record(about(made), "logged", actor, minutes=minutes, way=way)
    return made


def _not_twice(giver: Member, receiver: Member, minutes: int, day: date, me: Member) -> None:
    """Two people who log the same hour: one entry, which the second one answers; the same person twice is asked."""
    found = db.session.scalars(
        select(Exchange)
        .where(Exchange.giver_id == giver.id, Exchange.receiver_id == receiver.id, Exchange.day == day, Exchange.status.in_((*OPEN, "settled")))
        .order_by(Exchange.status != "logged", Exchange.id)
    ).all()  # fmt: skip
    mine = "giver" if me.id == giver.id else "receiver"
    for each in found:
        if each.logged_by != mine and each.status == "logged":
            raise Twice(
                _("%(name)s wrote down %(time)s for that day already. Is it the same?", name=name_of(sides(each)[0]), time=hours(each.minutes)),
                each.ref, theirs=True,
            )  # fmt: skip
    for each in found:
        if each.minutes == minutes or each.settled_minutes == minutes:
            raise Twice(
                _("There is an entry of %(time)s between you for that day already. Is this another one?", time=hours(each.minutes)),
                each.ref, theirs=False,
            )  # fmt: skip


# --- answering -----------------------------------------------------------------------------------------------------------


def answer(ref: str, minutes: int, words: str, who: Who, *, shown: int, actor: Actor | None = None) -> Exchange:
    """The other side says how long it was: the same figure, another one, or 0 for "it was not so". Signed in; saying the same again gives
    the first result.

    `actor`: a coordinator who types the answer of somebody else, on a basis. Refused: not theirs to answer, not any more
    the figure that they were `shown`, quarters of an hour, settled or held already. Who said something else may say it anew.
    """
    with transaction():
        exchange = _locked(ref)
        _logger, other = sides(exchange)
        if actor is None:
            if not members.acts_as(who, other):
                raise NotYours(_("We cannot find that exchange."))
            actor = Actor(who.id)
        elif not who.can("help others", other) or not actor.basis:
            raise NotYours(_("We cannot find that exchange."))
        return _answered(exchange, minutes, words, actor.code, actor, shown)


def answer_by_token(token: str, minutes: int, words: str, *, shown: int) -> Exchange:
    """The same by the link of the message, without signing in. Refused as for `answer`."""
    with transaction():
        exchange = _locked(by_token(token).ref)
        by_token(token)  # judged again by what stands now
        _logger, other = sides(exchange)
        return _answered(exchange, minutes, words, members.about(other), Actor(None, other.person_id, "link"), shown)


def answer_by_code(ref: str, typed: str, who: Who) -> Exchange:
    """Who wrote it down types the six digits that the other one reads out: a yes. Refused: not six, wrong, or wrong too often."""
    wrong = False
    with transaction():
        exchange = _locked(ref)
        logger, other = sides(exchange)
        if not members.acts_as(who, logger) and not who.can("help others", logger):
            raise NotYours(_("We cannot find that exchange."))
        _must_wait(exchange)
        if exchange.wrong_codes >= MOST_WRONG_CODES:
            raise Refused(_("Too many wrong numbers. They can answer by the link in their message."), "code")
        digits = "".join(each for each in typed if each.isascii() and each.isdigit())
        if len(digits) != 6:  # a slip, and no guess
            raise Refused(_("Write the six digits from their message."), "code")
        if any(hmac.compare_digest(digits.encode(), _digits(mark).encode()) for mark in _marks(exchange)):
            return _answered(exchange, exchange.minutes, "", members.about(other), Actor(None, other.person_id, "code"), exchange.minutes)
        exchange.wrong_codes += 1
        wrong = True
    assert wrong  # counted for good, whatever is said now
    raise Refused(_("Those are not the six digits in their message. Look again, and type them once more."), "code")


def _must_wait(exchange: Exchange) -> None:
    """Refused, in words that fit: it is not open for an answer any more."""
    said = {
        "settled": _("This is in the books already: %(time)s.", time=hours(exchange.settled_minutes or 0)),
        "reversed": _("This was put right by a coordinator, so it cannot be answered any more."),
        "withdrawn": _("Whoever wrote this down has taken it back."),
        "refused": _("A coordinator has looked at this: it does not count."),
        "disputed": _("You have answered this already. A coordinator looks at it."),
        "held": _("You have answered this already. A coordinator looks at it."),
    }
    if exchange.status != "logged":
        raise Conflict(said[exchange.status])


def _answered(exchange: Exchange, minutes: int, words: str, by: str, actor: Actor, shown: int) -> Exchange:
    if by == exchange.answered_by and (minutes, words) == (exchange.answered_minutes, exchange.answer) and _still_as_answered(exchange):
        return exchange  # pressed twice, or once more after going back
    if exchange.status == "disputed":  # they may say it in another way until somebody else has acted on it
        neighbour_queries.must_not_be_with_neighbours(exchange)
    else:
        _must_wait(exchange)
    if shown != exchange.minutes:
        raise Conflict(_("This is %(time)s now. Look at it again.", time=hours(exchange.minutes)))
    if by == exchange.entered_by:
        raise Refused(_("A second person says that it is so, not who wrote it down."))
    if minutes:
        judge_time(minutes)
    exchange.answered_by, exchange.answered_at, exchange.answered_minutes, exchange.answer = by, clock.now(), Minutes(minutes), words
    record(about(exchange), "answered", actor, minutes=minutes)
    figure = agreed(exchange.minutes, minutes, members.open_rules())
    if figure is None:
        exchange.status = "disputed"
        messages.differs(exchange, *sides(exchange))
    else:
        _settle(exchange, figure, actor)
    return exchange


def may_say_anew(exchange: Exchange, me: Member, who: Who) -> bool:
    """Whether somebody has answered as this side, and may still say it in another way."""
    return exchange.status == "disputed" and me.id == sides(exchange)[1].id and members.acts_as(who, me)


def _still_as_answered(exchange: Exchange) -> bool:
    """Whether nobody has decided otherwise since the other side answered."""
    if exchange.status == "settled":
        return exchange.settled_minutes == agreed(exchange.minutes, exchange.answered_minutes or 0, members.open_rules())
    return exchange.status in ("disputed", "held")


def accept_answer(ref: str, who: Who, *, shown: int) -> Exchange:
    """Who wrote it down takes the other's figure; 0 takes the entry back. Refused: not theirs, no longer that figure."""
    with transaction():
        exchange = _locked(ref)
        if not members.acts_as(who, sides(exchange)[0]):
            raise NotYours(_("We cannot find that exchange."))
        if exchange.status != "disputed" or exchange.answered_minutes is None:
            raise Conflict(_("There is nothing to agree on here any more."))
        if shown != exchange.answered_minutes:
            raise Conflict(_("This is %(time)s now. Look at it again.", time=hours(exchange.answered_minutes)))
        record(about(exchange), "accepted", Actor(who.id), minutes=shown)
        neighbour_queries.overtake(exchange)
        if shown:
            _more_fits(exchange, exchange.minutes, shown)
            _settle(exchange, exchange.answered_minutes, Actor(who.id))
        else:
            exchange.status = "withdrawn"
            ideas.given_up(exchange, _("Taken back in the timebank"))
            messages.withdrawn(exchange, *sides(exchange))
        return exchange


def withdraw(ref: str, who: Who) -> Exchange:
    """Who wrote it down takes it back, until the other side has answered. Refused: not theirs; answered."""
    with transaction():
        exchange = _locked(ref)
        logger, other = sides(exchange)
        if not members.acts_as(who, logger) and exchange.entered_by != f"person:{who.id}":
            raise NotYours(_("We cannot find that exchange."))
        if exchange.status == "withdrawn":
            return exchange
        _must_wait(exchange)
        exchange.status = "withdrawn"
        ideas.given_up(exchange, _("Taken back in the timebank"))
        record(about(exchange), "withdrawn", Actor(who.id))
        messages.withdrawn(exchange, logger, other)
        return exchange


# --- into the books ------------------------------------------------------------------------------------------------------


def lines_of(giver: Member, receiver: Member, minutes: int) -> list[Line]:
    """What moves: from the receiver to the giver, through the clearing accounts when they belong to two areas."""
    if giver.area_id == receiver.area_id:
        return [Line(account(receiver), account(giver), minutes)]
    return [
        Line(account(receiver), clearing(receiver.area), minutes),
        Line(clearing(giver.area), account(giver), minutes),
    ]


def fact_of(exchange: Exchange, giver: Member, receiver: Member, minutes: int, actor: Actor, refusal: str) -> Fact:
    """The entry that puts an exchange in the books; `refusal`: the sentence when the receiver's floor says no."""
    number = 1 if exchange.entry_key is None else int(exchange.entry_key.rpartition(":")[2]) + 1
    return Fact(
        key=f"exchange:{exchange.id}:settled:{number}", kind="exchange", about=about(exchange), sentence=_("Help: %(kind)s", kind=exchange.category.name),
        actor=actor.code, lines=lines_of(giver, receiver, minutes), on_behalf=actor.on_behalf_code, basis=actor.basis, refusals={account(receiver): refusal},
    )  # fmt: skip


def in_books(exchange: Exchange, minutes: Minutes, key: str, actor: Actor) -> None:
    """What is true of an exchange once its entry `key` is posted, as a part of the action that posts it."""
    must_be_in_transaction()
    exchange.status, exchange.settled_minutes, exchange.settled_at, exchange.entry_key = "settled", minutes, clock.now(), key
    exchange.giver_area_id, exchange.receiver_area_id = exchange.giver.area_id, exchange.receiver.area_id
    ideas.settled(exchange, minutes, actor)
    record(about(exchange), "settled", actor, minutes=minutes)


def _more_fits(exchange: Exchange, before: int, minutes: int) -> None:
    """A higher figure than was judged `before` still has to fit into the giver's day; judged before anything else is locked."""
    if minutes > before:
        givers_day.must_fit(exchange.giver, minutes, exchange.day, but_exchange=exchange.id)


def _settle(exchange: Exchange, minutes: Minutes, actor: Actor) -> None:
    """One entry in the books; or held for a coordinator when the receiver would fall below the hard floor."""
    rules = members.open_rules()
    both = locked_sides((exchange.giver_id, exchange.receiver_id))
    giver, receiver = both[exchange.giver_id], both[exchange.receiver_id]
    fact = fact_of(exchange, giver, receiver, minutes, actor, too_low(name_of(receiver), floor_of(receiver, rules)))
    try:
        [posted] = post_all([fact])
    except Refused as why:
        if exchange.settled_minutes is not None:  # it was in the books before, so it is put right or stays as it was
            raise Refused(_at_the_floor(), "minutes") from why
        exchange.status = "held"
        record(about(exchange), "held", SCHEME, reason=why.sentence, minutes=minutes)
        messages.held(exchange, giver, receiver)
        return
    assert posted.fresh
    in_books(exchange, minutes, fact.key, actor)
    after = {giver.id: balance(giver), receiver.id: balance(receiver)}
    messages.receipts(exchange, giver, receiver, after[giver.id], after[receiver.id])
    if after[receiver.id] < rules.soft_floor <= after[receiver.id] + minutes:
        messages.soft_floor(exchange, receiver, after[receiver.id], rules)
    for area in areas.crossed(giver.area, receiver.area, minutes, rules):
        messages.area_limit(exchange, giver, receiver, area)


# --- a coordinator -------------------------------------------------------------------------------------------------------


def decide(ref: str, minutes: int, reason: str, who: Who) -> Exchange:
    """A coordinator says what it was: so many minutes, or 0 for nothing. What is held may be tried again with its figure.

    Refused: nothing to decide, no reason, one of the two sides or who typed it, quarters of an hour; a floor, with its way on.
    """
    with transaction():
        exchange = _locked(ref)
        _must_be_coordinator(exchange, who)
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if exchange.status not in OPEN:
            raise Conflict(_("This has been settled meanwhile."))
        neighbour_queries.must_not_be_with_neighbours(exchange)
        record(about(exchange), "decided", Actor(who.id), reason=reason, minutes=minutes)
        if minutes:
            judge_time(minutes)
            _more_fits(exchange, exchange.minutes, minutes)
            _settled_or_refused(exchange, minutes, Actor(who.id))
        else:
            exchange.status = "refused"
            ideas.given_up(exchange, reason)
            messages.decided(exchange, exchange.giver, exchange.receiver, reason)
        return exchange


def _must_be_coordinator(exchange: Exchange, who: Who) -> None:
    giver, receiver = exchange.giver, exchange.receiver
    if not (who.can("help others", giver) or who.can("help others", receiver)):
        raise NotYours(_("We cannot find that exchange."))
    if f"person:{who.id}" in codes_of((giver, receiver)) | {exchange.entered_by}:
        raise Refused(_("Ask a colleague: nobody decides about their own hours, or what they typed."))


def decision(exchange: Exchange) -> Event | None:
    """What was last decided about it, with the reason that both sides read: by a coordinator, or by neighbours (then of nobody). One query."""
    query = select(Event).where(Event.about == about(exchange), Event.kind.in_(("decided", "put_right")))
    return db.session.scalar(query.order_by(Event.id.desc()).limit(1))


def something_wrong(ref: str, words: str, who: Who) -> Exchange:
    """One of the two says that a settled exchange is wrong: a coordinator looks at it. Refused: not theirs, not settled, no words."""
    with transaction():
        exchange = _locked(ref)
        if not any(members.acts_as(who, side) for side in sides(exchange)):
            raise NotYours(_("We cannot find that exchange."))
        if exchange.status != "settled":
            raise Conflict(_("This is not in the books, so there is nothing to put right."))
        if not words:
            raise Refused(_("Write what is wrong, in a few words."), "words")
        if exchange.questioned_at is not None:
            raise Conflict(_("A coordinator has been told already, and looks at it."))
        exchange.questioned_by, exchange.questioned_at, exchange.question = f"person:{who.id}", clock.now(), words
        record(about(exchange), "questioned", Actor(who.id), reason=words)
        messages.questioned(exchange, exchange.giver, exchange.receiver)
        return exchange


def put_right(ref: str, minutes: int, reason: str, who: Who) -> Exchange:
    """A coordinator puts a settled exchange right: a reversal that stays to be seen, and the right figure (0: none) after it.

    The same figure answers the question and moves nothing. Refused: as for `decide`; a floor, of who would have to give back.
    """
    with transaction():
        exchange = _locked(ref)
        _must_be_coordinator(exchange, who)
        if exchange.status != "settled" or exchange.entry_key is None:
            raise Conflict(_("This is not in the books, so there is nothing to put right."))
        neighbour_queries.must_not_be_with_neighbours(exchange)
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        if minutes:
            judge_time(minutes)
        _more_fits(exchange, exchange.settled_minutes or 0, minutes)
        actor = Actor(who.id)
        record(about(exchange), "put_right", actor, reason=reason, minutes=minutes, before=exchange.settled_minutes)
        exchange.questioned_at = None
        _moved(exchange, minutes, reason, actor)
        messages.decided(exchange, exchange.giver, exchange.receiver, reason)
        return exchange


def _moved(exchange: Exchange, minutes: int, reason: str, actor: Actor) -> None:
    """What is in the books becomes `minutes`: a reversal that stays to be seen, and the right figure (0: none) after it."""
    if minutes == exchange.settled_minutes:
        return
    assert exchange.entry_key is not None
    locked_sides((exchange.giver_id, exchange.receiver_id))  # members before accounts, as whoever settles
    reverse(exchange.entry_key, reason=reason, actor=actor.code, basis=actor.basis)
    was_for = ideas.put_right(exchange, reason, actor)
    if not minutes:
        exchange.status = "reversed"
        return
    if was_for is not None:
        ideas.again(exchange, was_for, Minutes(minutes))
    _settled_or_refused(exchange, minutes, actor)


def _settled_or_refused(exchange: Exchange, minutes: int, actor: Actor) -> None:
    _settle(exchange, Minutes(minutes), actor)
    if exchange.status == "held":
        raise Refused(_at_the_floor(), "minutes")


def _at_the_floor() -> str:
    return _("The receiver would fall below their floor. Lower it for them first, or grant hours from the pot.")


def stands(exchange: Exchange) -> Minutes | None:
    """What counts of it now, in minutes; None while nobody has said."""
    if exchange.status == "settled":
        return exchange.settled_minutes
    return None if exchange.status in OPEN else Minutes(0)


def locked_by_id(id_: int) -> Exchange:
    """One exchange, locked, as a part of an action."""
    return _locked(db.session.scalars(select(Exchange.ref).where(Exchange.id == id_)).one())


def becomes(exchange: Exchange, minutes: int, reason: str, actor: Actor) -> None:
    """Others than the coordinator have the last word: from now on it is `minutes` (0: it does not count), as a part of their action.

    Refused: a floor, of the receiver or of who would have to give back.
    """
    must_be_in_transaction()
    record(about(exchange), "decided", actor, reason=reason, minutes=minutes, before=stands(exchange))
    exchange.questioned_at = None
    if exchange.status == "settled":
        _moved(exchange, minutes, reason, actor)
    elif minutes:
        _settled_or_refused(exchange, minutes, actor)
    elif exchange.status in OPEN:
        exchange.status = "refused"
        ideas.given_up(exchange, reason)


# --- the worker ----------------------------------------------------------------------------------------------------------


def _each(refs: Sequence[str], act: Callable[[Exchange], bool]) -> int:
    """Do something for each of these, in a transaction of its own; how many it was done for."""
    count = 0
    for ref in refs:
        with transaction():
            count += act(_locked(ref))
    return count


def remind() -> int:
    """Remind who has not answered, as often as the rules say (the worker's work). Each message once."""
    rules = members.rules()
    if rules is None or not rules.reminder_days:
        return 0
    today = clock.today()
    due = select(Exchange.ref).where(
        Exchange.status == "logged", Exchange.settle_on <= today + timedelta(days=rules.settle_days - min(rules.reminder_days))
    )

    def act(exchange: Exchange) -> bool:
        waited = rules.settle_days - (exchange.settle_on - today).days
        number = sum(waited >= each for each in rules.reminder_days)
        if exchange.status != "logged" or not number:
            return False
        logger, other = sides(exchange)
        return messages.ask(exchange, logger, other, link_of(exchange), code_of(exchange), number=number)

    return _each(db.session.scalars(due.order_by(Exchange.id)).all(), act)


def settle_due() -> int:
    """Settle what nobody answered in time (the worker's work).

    Left for a coordinator: what is asked of somebody we cannot reach, or of an organisation for which whoever wrote it down speaks too.
    """
    due = select(Exchange.ref).where(Exchange.status == "logged", Exchange.settle_on <= clock.today()).order_by(Exchange.id)

    def act(exchange: Exchange) -> bool:
        if exchange.status != "logged" or not counts_unanswered(exchange):
            return False
        _settle(exchange, exchange.minutes, SCHEME)
        return True

    return _each(db.session.scalars(due).all(), act)


def _for_their_own_group(exchange: Exchange) -> bool:
    """Whether who wrote it down is among those who speak for the other side: silence of the others is no yes then (decision 0014)."""
    return exchange.entered_by in codes_of((sides(exchange)[1],))


def counts_unanswered(exchange: Exchange) -> bool:
    """Whether silence of the other side is a yes when its time is over: they are somebody else, whom a message reaches."""
    return not _for_their_own_group(exchange) and can_be_heard(exchange)


def can_be_heard(exchange: Exchange) -> bool:
    """Whether the other side is somebody else, whom a message reaches: a letter that nobody has printed yet is no question."""
    _logger, other = sides(exchange)
    return any(
        f"person:{someone.id}" != exchange.entered_by and gets_through(about(exchange), people.addressee_of(someone))
        for someone in members.persons_of(other)
    )


def speaks_for_both(exchange: Exchange) -> bool:
    """Whether nobody speaks for the other side than who wrote it down, so that a second person is wanted."""
    _logger, other = sides(exchange)
    return codes_of((other,)) == {exchange.entered_by}


def waiting_query(here: frozenset[int] | None) -> Select[Exchange]:
    """What a coordinator of the areas `here` (None: all) has to look at."""
    overdue = (Exchange.status == "logged") & (Exchange.settle_on <= clock.today())
    query = select(Exchange).where(
        or_(Exchange.status.in_(("disputed", "held")), overdue, (Exchange.status == "settled") & Exchange.questioned_at.is_not(None)),
        ~neighbour_queries.looked_at(),
    )
    if here is not None:
        theirs = select(Member.id).where(Member.area_id.in_(here))
        query = query.where(or_(Exchange.giver_id.in_(theirs), Exchange.receiver_id.in_(theirs)))
    return query
