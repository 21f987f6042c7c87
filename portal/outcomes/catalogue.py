"""The list that applicants choose from, as officers keep it: begin, add, reword, order, retire with a reason, take back."""

from collections.abc import Sequence

from sqlalchemy import func, select

from portal import clock, once
from portal.db import db, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.outcomes.model import Outcome
from portal.outcomes.rules import DEFAULTS, HEADINGS
from portal.refs import new_ref
from portal.words import _

LOCK = "outcomes"  # the order of the list, and that no line stands in it twice
MOST = 30  # more than this nobody reads on a phone


def offered() -> Sequence[Outcome]:
    """What can be chosen now, in order. One query."""
    return db.session.scalars(select(Outcome).where(Outcome.retired_at.is_(None)).order_by(Outcome.position, Outcome.id)).all()


def retired() -> Sequence[Outcome]:
    """What cannot be chosen any more, the latest first. One query."""
    return db.session.scalars(
        select(Outcome).where(Outcome.retired_at.is_not(None)).order_by(Outcome.retired_at.desc(), Outcome.id.desc())
    ).all()


def by_ref(ref: str) -> Outcome:
    """One line of the list, also a retired one. NotFound."""
    found = db.session.scalar(select(Outcome).where(Outcome.ref == ref))
    if found is None:
        raise NotFound(_("We do not know that outcome."))
    return found


def about(outcome: Outcome) -> str:
    """How events name it."""
    return f"outcome:{outcome.id}"


def begin(actor: Actor) -> int:
    """Begin with the list that we suggest; how many lines were added. Nothing happens where there is a list already."""
    with transaction():
        one_at_a_time(LOCK)
        if db.session.scalar(select(Outcome.id).limit(1)) is not None:
            return 0
        for heading, words in DEFAULTS:
            _add(_(words), heading, actor)
        return len(DEFAULTS)


def add(words: str, heading: str, actor: Actor, *, once_key: str | None = None) -> str:
    """One more line, at the end; returns its reference. Refused: no words, no heading, it stands there already, the list is long."""
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        one_at_a_time(LOCK)
        _judge(words, heading)
        if len(offered()) >= MOST:
            raise Refused(_("A list of more than %(most)d is too long to read on a phone. Retire one first.", most=MOST), "words")
        ref = _add(words, heading, actor).ref
        if once_key:
            once.keep(once_key, ref)
        return ref


def _add(words: str, heading: str, actor: Actor) -> Outcome:
    last = db.session.scalar(select(func.max(Outcome.position))) or 0
    outcome = Outcome(ref=new_ref("OUT"), words=words, heading=heading, position=last + 1, added_at=clock.now())
    db.session.add(outcome)
    db.session.flush()
    record(about(outcome), "added", actor, words=words, heading=heading)
    return outcome


def _judge(words: str, heading: str, but: int | None = None) -> None:
    if not words:
        raise Refused(_("Write what somebody might hope for."), "words")
    if heading not in HEADINGS:
        raise Refused(_("Choose what it belongs to."), "heading")
    same = select(Outcome.id).where(Outcome.retired_at.is_(None), func.lower(Outcome.words) == words.lower(), Outcome.id != (but or 0))
    if db.session.scalar(same.limit(1)) is not None:
        raise Refused(_("This stands on the list already."), "words")


def reword(ref: str, words: str, heading: str, actor: Actor) -> None:
    """Say it better. Ideas that chose it keep the words that they were shown. Refused as for `add`, or it was retired."""
    with transaction():
        outcome = _locked(ref)
        if outcome.retired_at is not None:
            raise Refused(_("This was retired. Offer it again first."))
        _judge(words, heading, outcome.id)
        if (outcome.words, outcome.heading) == (words, heading):
            return
        before = {"words": outcome.words, "heading": outcome.heading}
        outcome.words, outcome.heading = words, heading
        record(about(outcome), "reworded", actor, before=before, after={"words": words, "heading": heading})


def retire(ref: str, reason: str, actor: Actor) -> None:
    """Offer it to nobody any more; where it was chosen it stays. A second tap changes nothing. Refused: no reason."""
    with transaction():
        outcome = _locked(ref)
        if outcome.retired_at is not None:
            return
        if not reason:
            raise Refused(_("Write why. It is kept."), "reason")
        outcome.retired_at, outcome.retired_reason = clock.now(), reason
        record(about(outcome), "retired", actor, reason=reason)


def offer_again(ref: str, actor: Actor) -> None:
    """A retired line comes back. Refused: another one says the same by now."""
    with transaction():
        outcome = _locked(ref)
        if outcome.retired_at is None:
            return
        _judge(outcome.words, outcome.heading, outcome.id)
        outcome.retired_at, outcome.retired_reason = None, ""
        record(about(outcome), "offered_again", actor)


def move_up(ref: str, actor: Actor) -> None:
    """One place up in the order; the first one stays where it is."""
    with transaction():
        outcome = _locked(ref)
        above = [each for each in offered() if (each.position, each.id) < (outcome.position, outcome.id)]
        if outcome.retired_at is not None or not above:
            return
        other = above[-1]
        before = outcome.position
        outcome.position, other.position = other.position, before
        record(about(outcome), "moved", actor, before=before, after=outcome.position)


def _locked(ref: str) -> Outcome:
    one_at_a_time(LOCK)
    found = db.session.scalar(
        select(Outcome).where(Outcome.ref == ref).with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    if found is None:
        raise NotFound(_("We do not know that outcome."))
    return found
