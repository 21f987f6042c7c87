"""What the bank says, brought together with the payments: lines are read once, matched, and written into the books when somebody says so."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, and_, delete, or_, select

from portal import clock, vault
from portal.db import db, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.grants import pay, statement
from portal.grants.award import locked
from portal.grants.bank_model import BankLine
from portal.grants.bank_refunds import Booked, untold_of
from portal.grants.by_hand_model import Cheque
from portal.grants.model import Application, Award, Payment, Refund
from portal.grants.ties import must_not_be_their_money
from portal.history import Actor, record
from portal.ledger import queries as books
from portal.money import Pence, pounds
from portal.refs import ALPHABET, new_ref
from portal.words import N_, _

OUTCOMES = {
    "waiting": N_("Waits"),
    "arrived": N_("Arrived"),
    "came_back": N_("Came back"),
    "refund": N_("Refund"),
    "not_ours": N_("Nothing to do"),
}
NOT_OURS = "not_ours"
BOOKED, AGAIN = "booked", "again"  # a refund that is in the books already; one more of the same sum, although one is
FORGET = timedelta(days=90)  # so long a line waits for a word
KNOWN_FOR = timedelta(days=60)  # so long a payment that arrived by our word is offered for the bank's line about it
SENT_BACK_WITHIN = timedelta(days=14)  # money of the same sum that comes in so soon was sent back, later it is a refund
PAGE = 50
CHEQUE_NUMBER = "cheque "
_DIGITS = re.compile(r"(?<![0-9.,/-])[0-9]{1,12}(?![0-9.,/-])")
_REF = re.compile(rf"SPK[\s-]*([{ALPHABET}]{{4}})[\s-]*([{ALPHABET}]{{4}})")


# --- reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TakenIn:
    """What came of a file: how many lines are new, how many were here before, and what could not be read."""

    new: int
    known: int
    problems: Sequence[str]


def take_in(data: bytes, actor: Actor) -> TakenIn:
    """Read a statement; nothing is posted. The same file, or the same line in another file, changes nothing. Refused as `statement.read`."""
    read = statement.read(data)
    if not read.lines and not read.problems:
        raise Refused(_("There is no line in that file."), "file")
    with transaction():
        one_at_a_time("bank statement")
        marks = [_marks(line) for line in read.lines]
        known = _known({mark for some in marks for mark in some})
        fresh = [(line, some[0]) for line, some in zip(read.lines, marks, strict=True) if not known.intersection(some)]
        for line, mark in fresh:
            db.session.add(
                BankLine(
                    ref=new_ref("BNK"), mark=mark, day=line.day, pence=line.pence, sealed=vault.seal(line.text), read_by_id=actor.person_id,
                    read_at=clock.now(),
                )
            )  # fmt: skip
        record("scheme:1", "statement_read", actor, new=len(fresh), known=len(read.lines) - len(fresh), problems=len(read.problems))
    return TakenIn(len(fresh), len(read.lines) - len(fresh), read.problems)


def _marks(line: statement.Said) -> tuple[str, ...]:
    return vault.marks("bank line", f"{line.day.isoformat()}|{line.pence}|{line.nth}|{line.text.upper()}")


def _known(marks: set[str]) -> set[str]:
    return set(db.session.scalars(select(BankLine.mark).where(BankLine.mark.in_(marks))))


# --- matching ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A payment that a line may be about."""

    ref: str
    bid_ref: str
    title: str
    pence: int
    status: str
    released_on: date
    told: frozenset[str]  # outcomes that another line has told of it
    cheque: str = ""  # its number; then the bank does not know our reference

    def is_named(self, refs: frozenset[str]) -> bool:
        """Whether these, as they stand in a line, name this payment."""
        return f"{CHEQUE_NUMBER}{self.cheque}" in refs if self.cheque else self.bid_ref in refs


@dataclass(frozen=True)
class Held:
    """An award of which money may come back."""

    ref: str
    bid_ref: str
    title: str
    paid: int


@dataclass(frozen=True)
class Choice:
    """What a line may be: a value for the form, and its words. `by_reference`: our reference stands in the line."""

    value: str
    words: str
    by_reference: bool = False


def references(text: str) -> frozenset[str]:
    """Our references in a bank's text, also where it took away spaces and dashes."""
    return frozenset(f"SPK-{first}-{second}" for first, second in _REF.findall(text.upper()))


def named_in(text: str) -> frozenset[str]:
    """What a bank's text may be about: our references, and what may be the number of a cheque, as "cheque 123"."""
    return references(text) | {f"{CHEQUE_NUMBER}{found.lstrip('0')}" for found in _DIGITS.findall(text)}


def choices(
    pence: int, day: date, refs: frozenset[str], sent: Sequence[Sent], held: Sequence[Held], booked: Sequence[Booked] = ()
) -> list[Choice]:
    """What a line may be, the likeliest first. What went out arrived with a payee; what came in was sent back, or is a refund. A refund
    that somebody entered by hand comes before all, and then one more of the same sum is never proposed. Of two payments for one idea, the
    one that was released last before the line's day comes first: the earlier one came back."""
    found: list[tuple[int, Choice]] = []
    for each in sorted(sent, key=lambda each: (each.released_on > day, -each.released_on.toordinal())):
        if each.pence != abs(pence):
            continue
        ours = each.is_named(refs)
        if pence < 0 and "arrived" not in each.told:
            found.append(
                (
                    0 if ours else 3,
                    Choice(f"arrived:{each.ref}", _("Arrived: %(ref)s, %(title)s", ref=each.bid_ref, title=each.title), ours),
                )
            )
        if pence > 0 and "came_back" not in each.told:
            soon = each.status == "bounced" or day - each.released_on <= SENT_BACK_WITHIN
            words = _("Sent back by the bank: %(ref)s, %(title)s", ref=each.bid_ref, title=each.title)
            found.append(((0 if soon else 2) if ours else 3, Choice(f"came_back:{each.ref}", words, ours)))
    for award in held if pence > 0 else ():
        ours = award.bid_ref in refs
        before = [refund for refund in booked if refund.may_be(award.ref, pence, day)]
        for refund in before:
            words = _("In the books already: %(refund)s of %(ref)s, %(title)s", refund=refund.ref, ref=award.bid_ref, title=award.title)
            found.append((-1 if ours else 2, Choice(f"{BOOKED}:{refund.ref}", words, ours)))
        if pence <= award.paid and before:
            words = _("Another refund of the same sum: %(ref)s, %(title)s", ref=award.bid_ref, title=award.title)
            found.append((5, Choice(f"{AGAIN}:{award.ref}", words)))
        elif pence <= award.paid:
            words = _("Refund: %(ref)s, %(title)s", ref=award.bid_ref, title=award.title)
            found.append((1 if ours else 4, Choice(f"refund:{award.ref}", words, ours)))
    return [choice for _rank, choice in sorted(found, key=lambda each: each[0])]


@dataclass(frozen=True)
class Shown:
    """A line that waits, as the page shows it: what it may be, and what we propose (empty: somebody must say)."""

    line: BankLine
    text: str
    choices: Sequence[Choice]
    proposed: str


def waiting(after: int = 0) -> Sequence[Shown]:
    """Lines that wait for a word, in the order in which they were read, PAGE at once, with what they may be. Seven queries."""
    lines = db.session.scalars(
        select(BankLine).where(BankLine.outcome == "waiting", BankLine.id > after).order_by(BankLine.id).limit(PAGE)
    ).all()  # fmt: skip
    if not lines:
        return []
    texts = {line.id: vault.unseal(line.sealed) if line.sealed else "" for line in lines}
    refs = {ref for text in texts.values() for ref in named_in(text)}
    sent, held = _sent(refs, {abs(line.pence) for line in lines}), _held(refs)
    booked = untold_of([each.ref for each in held], {line.pence for line in lines})
    used: set[str] = set()
    shown = []
    for line in sorted(lines, key=lambda each: (each.day, each.pence > 0, each.id)):
        may_be = choices(line.pence, line.day, named_in(texts[line.id]), sent, held, booked)
        proposed = next((each.value for each in may_be if each.by_reference and each.value not in used), "")
        if not proposed.startswith("refund:"):
            used.add(proposed)
        shown.append(Shown(line, texts[line.id], may_be[:20], proposed))
    return shown


def _sent(refs: set[str], sums: set[int]) -> Sequence[Sent]:
    rows = db.session.execute(
        select(Payment, Application.ref, Application.title)
        .join(Award, Award.id == Payment.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(
            Payment.status.in_(("released", "settled", "bounced")), Payment.amount.in_(sums),
            or_(
                Application.ref.in_(refs), Payment.status == "released", Payment.id.in_(_by_number(refs)),
                and_(Payment.status == "settled", Payment.settled_on >= clock.today() - KNOWN_FOR),
            ),
        )
        .order_by(Payment.id)
        .limit(1000)
    ).all()  # fmt: skip
    by_cheque = select(Cheque.payment_id, Cheque.number).where(
        Cheque.payment_id.in_([payment.id for payment, _ref, _title in rows]), Cheque.cancelled_at.is_(None)
    )  # fmt: skip
    numbers = dict(db.session.execute(by_cheque).tuples().all())
    told: dict[int, set[str]] = {}
    for payment_id, outcome in db.session.execute(
        select(BankLine.payment_id, BankLine.outcome).where(BankLine.payment_id.in_([payment.id for payment, _ref, _title in rows]))
    ):
        told.setdefault(payment_id or 0, set()).add(outcome)
    return [
        Sent(payment.ref, ref, title, payment.amount, payment.status, clock.london_day(payment.released_at or payment.prepared_at), frozenset(told.get(payment.id, ())), numbers.get(payment.id, ""))
        for payment, ref, title in rows
    ]  # fmt: skip


def _by_number(refs: set[str]) -> Select[int]:
    numbers = {ref.removeprefix(CHEQUE_NUMBER) for ref in refs if ref.startswith(CHEQUE_NUMBER)}
    return select(Cheque.payment_id).where(Cheque.number.in_(numbers), Cheque.cancelled_at.is_(None))


def _held(refs: set[str]) -> Sequence[Held]:
    """Awards that our references name; and the last that were paid, to choose from by hand. All may have come back of one meanwhile."""
    back = select(Refund.id).where(Refund.award_id == Award.id).exists()
    last = select(Award.id).where(Award.paid > 0).order_by(Award.id.desc()).limit(PAGE)
    rows = db.session.execute(
        select(Award.ref, Application.ref, Application.title, Award.paid)
        .join(Application, Application.id == Award.application_id)
        .where(or_(and_(Application.ref.in_(refs), or_(Award.paid > 0, back)), Award.id.in_(last)))
        .order_by(Award.id)
    )
    return [Held(*row) for row in rows.tuples()]


# --- deciding ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decided:
    """What came of a page of choices: how many lines of each outcome, and for others (by reference) why not."""

    done: Mapping[str, int]
    refused: Mapping[str, str]


def decide(chosen: Mapping[str, str], actor: Actor) -> Decided:
    """Write what was chosen (line's reference → value of a choice) into the books, a line after the other by day, each whole or not at all.

    Where the books are closed for the bank's day, the first open day after it counts in the books; the line keeps its own.
    A line that was decided meanwhile stays as it is. What an action refuses is told beside its line, and the others go on.
    """
    order = db.session.execute(select(BankLine.ref).where(BankLine.ref.in_(chosen)).order_by(BankLine.day, BankLine.pence > 0, BankLine.id))
    done: Counter[str] = Counter()
    refused: dict[str, str] = {}
    for (ref,) in order.all():
        if not chosen[ref]:
            continue
        try:
            if (outcome := _decide(ref, chosen[ref], actor)) is not None:
                done[outcome] += 1
        except Refused as why:
            refused[ref] = why.sentence
    return Decided(done, refused)


def _decide(ref: str, value: str, actor: Actor) -> str | None:
    """One line. None where it was decided before."""
    said, _colon, target = value.partition(":")
    outcome = "refund" if said in (BOOKED, AGAIN) else said
    if outcome not in ("arrived", "came_back", "refund", NOT_OURS):
        raise Refused(_("Choose what this line is."))
    with transaction():
        line = db.session.scalar(select(BankLine).where(BankLine.ref == ref).with_for_update().execution_options(populate_existing=True))
        assert line is not None, "lines that wait are deleted by age alone"
        if line.outcome != "waiting":
            return None
        try:
            if outcome == "refund":
                _write_refund(line, said, target, actor)
            else:
                _write(line, outcome, target, actor)
        except NotFound as why:
            raise Refused(_("We cannot find what you chose. Look at the page again.")) from why
        line.outcome, line.sealed, line.decided_by_id, line.decided_at = outcome, "", actor.person_id, clock.now()
        record(f"bank_line:{line.id}", outcome, actor, line=line.ref, of=target, said=said)
    return outcome


def _write(line: BankLine, outcome: str, target: str, actor: Actor) -> None:
    if outcome == NOT_OURS:
        return
    payment = pay.locked_payments([target])[0][2]
    _must_fit(line, outcome, payment)
    if outcome == "came_back":
        pay.bounce_part(target, books.first_open(line.day), _because(line), actor)
    elif payment.status != "bounced":  # it came back meanwhile by our word: then the bank's two lines balance
        pay.settle_part(target, books.first_open(line.day), actor)
    line.payment_id = payment.id


def _because(line: BankLine) -> str:
    return _("Bank statement of %(day)s, line %(ref)s", day=clock.in_words(line.day), ref=line.ref)


def _write_refund(line: BankLine, said: str, target: str, actor: Actor) -> None:
    if line.pence < 0:
        raise Refused(_("This money went out. A refund comes in."))
    award_ref = target
    if said == BOOKED:
        award_ref = db.session.scalar(select(Award.ref).join(Refund, Refund.award_id == Award.id).where(Refund.ref == target)) or ""
    bid, award = locked(award_ref)
    before = [each for each in untold_of([award.ref], [line.pence]) if each.may_be(award.ref, line.pence, line.day)]
    if said == BOOKED:
        must_not_be_their_money(bid, actor)
        if target not in {each.ref for each in before}:
            raise Refused(_("That refund is of another sum or day, or another line says it already."))
    elif before and said != AGAIN:
        raise Refused(_("%(ref)s is a refund of the same sum, and in the books already. Say whether this is that one, or another.", ref=before[0].ref))  # fmt: skip
    else:
        pay.refund_part(award.ref, Pence(line.pence), books.first_open(line.day), _because(line), actor)
    line.award_id = award.id


def _must_fit(line: BankLine, outcome: str, payment: Payment) -> None:
    if (line.pence < 0) != (outcome == "arrived"):
        raise Refused(_("This money went out, so it cannot have come back.") if line.pence < 0 else _("This money came in, so it cannot have been paid out."))  # fmt: skip
    if abs(line.pence) != payment.amount:
        raise Refused(_("The line is about %(one)s, the payment about %(two)s.", one=pounds(abs(line.pence)), two=pounds(payment.amount)))
    told = select(BankLine.ref).where(BankLine.payment_id == payment.id, BankLine.outcome == outcome)
    if (other := db.session.scalar(told)) is not None:
        raise Refused(_("Another line (%(ref)s) says that of this payment already.", ref=other))


# --- what is not ours ----------------------------------------------------------------------------------------------------


def rest() -> Mapping[int, str]:
    """Id → reference of the lines that wait and are about nothing of ours as far as we see: no reference of ours stands in them, whatever
    their sum, and no payment of their sum is on its way. A line without words says too little. In steps of PAGE, six queries each.
    """
    found: dict[int, str] = {}
    after = 0
    while some := waiting(after):
        found |= {
            each.line.id: each.line.ref
            for each in some
            if each.text and not references(each.text) and not any(_may_be_ours(choice) for choice in each.choices)
        }
        after = max(each.line.id for each in some)
    return found


def _may_be_ours(choice: Choice) -> bool:
    return choice.by_reference or not choice.value.startswith(("refund:", f"{AGAIN}:"))


def put_aside(reason: str, up_to: int, actor: Actor) -> int:
    """Say of all of `rest` at once that they are not ours, up to the line with this id, the last that was counted; returns how many. What
    was decided or read meanwhile stays as it is. Refused: no reason.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    refs = [ref for id_, ref in rest().items() if id_ <= up_to]
    count = 0
    for first in range(0, len(refs), PAGE):
        with transaction():
            count += _put_aside(refs[first : first + PAGE], reason, actor)
    return count


def _put_aside(refs: Sequence[str], reason: str, actor: Actor) -> int:
    query = select(BankLine).where(BankLine.ref.in_(refs), BankLine.outcome == "waiting").order_by(BankLine.id)
    lines = db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    for line in lines:
        line.outcome, line.sealed, line.decided_by_id, line.decided_at = NOT_OURS, "", actor.person_id, clock.now()
        record(f"bank_line:{line.id}", NOT_OURS, actor, reason=reason, line=line.ref, of="", said="rest")
    return len(lines)


def not_ours(before: int = 0) -> Sequence[BankLine]:
    """Lines that are not ours, by the newest day that they were read, PAGE at once."""
    query = select(BankLine).where(BankLine.outcome == NOT_OURS)
    if before:
        query = query.where(BankLine.id < before)
    return db.session.scalars(query.order_by(BankLine.id.desc()).limit(PAGE)).all()


def may_be_undone(lines: Sequence[BankLine]) -> set[int]:
    """Of which lines, by id, "not ours" can be taken back: the books are open still for the bank's day. A query a day."""
    is_open = {day: books.first_open(day) == day for day in {line.day for line in lines}}
    return {line.id for line in lines if is_open[line.day]}


def undo_not_ours(ref: str, actor: Actor) -> None:
    """It is ours after all: the line waits again, without its words, which were forgotten. Twice changes nothing.

    Refused: something else came of it, the books are closed for its day. NotFound.
    """
    with transaction():
        line = db.session.scalar(select(BankLine).where(BankLine.ref == ref).with_for_update().execution_options(populate_existing=True))
        if line is None:
            raise NotFound(_("We cannot find that line."))
        if line.outcome == "waiting":
            return
        if line.outcome != NOT_OURS:
            raise Refused(_("This line is in the books. Put it right where it stands there."))
        if not may_be_undone([line]):
            raise Refused(_("The books are closed for that day, so this line stays as it is."))
        line.outcome, line.decided_by_id, line.decided_at, line.read_at = "waiting", None, None, clock.now()
        record(f"bank_line:{line.id}", "waits_again", actor, line=line.ref)


# --- after ---------------------------------------------------------------------------------------------------------------


def latest(limit: int = 20) -> Sequence[tuple[BankLine, str | None, str | None]]:
    """The last lines that were decided, newest first, with the reference of their payment or award."""
    rows = db.session.execute(
        select(BankLine, Payment.ref, Award.ref)
        .outerjoin(Payment, Payment.id == BankLine.payment_id)
        .outerjoin(Award, Award.id == BankLine.award_id)
        .where(BankLine.outcome != "waiting")
        .order_by(BankLine.decided_at.desc(), BankLine.id.desc())
        .limit(limit)
    )
    return [(line, payment, award) for line, payment, award in rows.tuples()]


def forget() -> int:
    """Lines that nobody decided in ninety days are let go, with the text in them (the worker's work)."""
    with transaction():
        old = db.session.scalars(select(BankLine.id).where(BankLine.outcome == "waiting", BankLine.read_at < clock.now() - FORGET)).all()
        db.session.execute(delete(BankLine).where(BankLine.id.in_(old), BankLine.outcome == "waiting"))
    return len(old)
