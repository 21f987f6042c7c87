"""The desk of an area ballot: it is opened, papers are printed, given out against the roll, and entered by their numbers.

A resident who takes a paper stands on the roll, and the paper stands in a pile of its own: nothing joins the two. What keeps one vote
for each person is that no more papers are entered than residents took one. Locks: sitting, then roll and papers.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select

from portal import clock, once
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.panels import ballots, sittings
from portal.panels.model import Ballot, BallotPaper, Sitting
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import names, person_by_ref
from portal.refs import clean_serial, new_serial
from portal.words import _

MOST_PAPERS = 200  # printed in one go


def open_ballot(who: Who, panel_ref: str, sitting_ref: str) -> None:
    """From now on residents vote, on what is before the panel now and nothing that comes later. A second tap changes nothing.

    Refused: nothing to vote on, or its last day is over. NotYours: neither officer nor chair, or tied to an idea of it.
    """
    with transaction():
        one = _desk(who, panel_ref, sitting_ref)
        if one.votes_from is not None:
            return
        if ballots.state(one) != "planned":
            raise Refused(_("The last day to vote is over."))
        if not sittings.open_matters(one, lock=True):
            raise Refused(_("There is no idea to vote on yet."))
        one.votes_from = clock.now()
        record(f"sitting:{one.id}", "ballot_opened", Actor(who.id))


# --- papers ----------------------------------------------------------------------------------------------------------------


def print_papers(who: Who, panel_ref: str, sitting_ref: str, number: int, *, once_key: str | None = None) -> int:
    """Fresh papers, each with a number of its own; returns the number of their batch. Refused: none or too many at once, not open."""
    if not 1 <= number <= MOST_PAPERS:
        raise Refused(_("Write how many, from 1 to %(most)d. Print again for more.", most=MOST_PAPERS), "number")
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return int(done)
        one = _desk(who, panel_ref, sitting_ref)
        _must_be_open(one)
        last = db.session.scalar(select(func.max(BallotPaper.batch)).where(BallotPaper.sitting_id == one.id)) or 0
        db.session.add_all(
            BallotPaper(
                serial=new_serial(), sitting_id=one.id, batch=last + 1, printed_at=clock.now(), printed_by_id=who.id, status="printed"
            )
            for _number in range(number)
        )
        record(f"sitting:{one.id}", "papers_printed", Actor(who.id), number=number, batch=last + 1)
        if once_key:
            once.keep(once_key, str(last + 1))
        return last + 1


def take(who: Who, panel_ref: str, sitting_ref: str, person_ref: str) -> None:
    """A resident takes a paper at the desk, and stands on the roll from now on. A second tap changes nothing.

    Their home is judged by whoever sees them, so somebody who moved lately can be given one. Refused: not open, they have voted on the
    phone, their home is elsewhere, or more take one than were printed.
    """
    with transaction():
        one = _desk(who, panel_ref, sitting_ref)
        _must_be_open(one)
        person = person_by_ref(person_ref)
        known = ballots.of_person(one, person.id)
        if known is not None and known.way == "paper":
            return
        if known is not None:
            raise Refused(_("%(name)s has voted on the phone already, and can change that there.", name=person.name), "person")
        if ballots.why_not(one, Who(person.id, person.ref, person.name, person.area_id)) in ("nowhere", "elsewhere"):
            raise Refused(
                _("As far as we know %(name)s lives somewhere else. Put their home right first, then give them a paper.", name=person.name), "person"
            )  # fmt: skip
        db.session.add(Ballot(sitting_id=one.id, person_id=person.id, way="paper", ticks=None, at=clock.now(), entered_by_id=who.id))
        record(f"sitting:{one.id}", "paper_taken", Actor(who.id, person.id))


def give_back(who: Who, panel_ref: str, sitting_ref: str, person_ref: str) -> None:
    """A resident gives their paper back unused, and may vote on the phone or take another. A second tap changes nothing.

    Refused: then more papers would be entered than were taken.
    """
    with transaction():
        one = _desk(who, panel_ref, sitting_ref)
        _must_be_open(one)
        known = ballots.of_person(one, person_by_ref(person_ref).id)
        if known is None or known.way != "paper":
            return
        now = ballots.turnout(one)
        if now.taken - 1 < now.paper:
            raise Refused(_("All papers that were taken are entered, so theirs is among them. It counts."))
        db.session.delete(known)
        record(f"sitting:{one.id}", "paper_given_back", Actor(who.id, known.person_id))


def takers(one: Sitting) -> Sequence[tuple[Ballot, Person]]:
    """Who took a paper, the last first. Whoever calls this has asked whether they may count. One query."""
    rows = db.session.execute(
        select(Ballot, Person)
        .join(Person, Person.id == Ballot.person_id)
        .where(Ballot.sitting_id == one.id, Ballot.way == "paper")
        .order_by(Ballot.id.desc())
    )
    return [(row, person) for row, person in rows]


def paper(one: Sitting, typed: str) -> BallotPaper:
    """A paper of this ballot by what somebody typed. Refused: a slip, or the number of no paper of this ballot."""
    serial = clean_serial(typed)
    if serial is None:
        raise Refused(
            _("That number is not right. Look at the paper once more: it has eight letters and figures, and no O, I, L or U."), "serial"
        )
    found = db.session.scalar(select(BallotPaper).where(BallotPaper.serial == serial, BallotPaper.sitting_id == one.id))
    if found is None:
        raise Refused(_("No paper of this ballot has that number. Is it of another ballot?"), "serial")
    return found


def batch(one: Sitting, number: int) -> Sequence[BallotPaper]:
    """The papers that were printed together and have not come back, for the printer. NotFound when there are none."""
    found = db.session.scalars(
        select(BallotPaper)
        .where(BallotPaper.sitting_id == one.id, BallotPaper.batch == number, BallotPaper.status == "printed")
        .order_by(BallotPaper.id)
    ).all()
    if not found:
        raise NotFound(_("There are no papers to print here. Print fresh ones."))
    return found


def batches(one: Sitting) -> Sequence[tuple[int, datetime, int]]:
    """What was printed together: (number of the batch, when, how many), the last first. One query."""
    rows = db.session.execute(
        select(BallotPaper.batch, func.min(BallotPaper.printed_at), func.count())
        .where(BallotPaper.sitting_id == one.id)
        .group_by(BallotPaper.batch)
        .order_by(BallotPaper.batch.desc())
    )
    return [(number, at, count) for number, at, count in rows]


def enter(who: Who, panel_ref: str, sitting_ref: str, typed: str, matter_refs: Iterable[str]) -> str:
    """Type in a paper that came back; returns its number. After the ballot has closed too, until it is counted.

    Refused: a slip in the number, entered or spoilt already (by whom and when), nothing ticked, or as many papers are entered as
    residents took one.
    """
    with transaction():
        one = _desk(who, panel_ref, sitting_ref)
        found = _locked(one, typed)
        if found.status == "entered":
            raise Refused(
                _("%(name)s entered this paper on %(when)s. If that was a mistake, strike it first.", **_settled(found)), "serial"
            )
        if found.status == "spoilt":
            raise Refused(_("%(name)s wrote down on %(when)s that this paper is spoilt. It does not count.", **_settled(found)), "serial")
        now = ballots.turnout(one)
        if now.paper >= now.taken:
            raise Refused(
                _("%(papers)d papers are entered, and %(taken)d residents took one. Write down first who took this one.", papers=now.paper, taken=now.taken)
            )  # fmt: skip
        found.ticks = ballots.ticked(one, matter_refs)
        found.status, found.settled_at, found.settled_by_id = "entered", clock.now(), who.id
        record(f"sitting:{one.id}", "paper_entered", Actor(who.id), serial=found.serial)  # that, never what
        return found.serial


def strike(who: Who, panel_ref: str, sitting_ref: str, typed: str, reason: str) -> str:
    """What was entered of a paper was a mistake: it counts no more, and can be entered anew; returns its number.

    Refused: no reason, or not entered.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        one = _desk(who, panel_ref, sitting_ref)
        found = _locked(one, typed)
        if found.status != "entered":
            raise Refused(_("This paper is not entered, so there is nothing to strike."))
        record(f"sitting:{one.id}", "paper_struck", Actor(who.id), reason=reason, serial=found.serial, entered_by=found.settled_by_id)
        found.status, found.ticks, found.settled_at, found.settled_by_id = "printed", None, None, None
        return found.serial


def spoil(who: Who, panel_ref: str, sitting_ref: str, typed: str, reason: str) -> str:
    """A paper that nobody can read, blank, torn, or given back: it does not count; returns its number. A second tap changes nothing.

    Refused: no reason, or entered already.
    """
    if not reason:
        raise Refused(_("Write why, in a few words. It is kept."), "reason")
    with transaction():
        one = _desk(who, panel_ref, sitting_ref)
        found = _locked(one, typed)
        if found.status == "entered":
            raise Refused(_("%(name)s entered this paper on %(when)s. If that was a mistake, strike it first.", **_settled(found)))
        if found.status == "printed":
            found.status, found.settled_at, found.settled_by_id = "spoilt", clock.now(), who.id
            record(f"sitting:{one.id}", "paper_spoilt", Actor(who.id), reason=reason, serial=found.serial)
        return found.serial


def _settled(found: BallotPaper) -> dict[str, str]:
    assert found.settled_at is not None
    name = names([found.settled_by_id]).get(found.settled_by_id or 0, _("Somebody"))
    return {"name": name, "when": clock.in_words(clock.london_day(found.settled_at))}


def _locked(one: Sitting, typed: str) -> BallotPaper:
    """A paper under the lock of its sitting, which whoever comes second has waited for."""
    found = paper(one, typed)
    db.session.refresh(found)
    return found


def _desk(who: Who, panel_ref: str, sitting_ref: str) -> Sitting:
    """The sitting of an area ballot that is not counted, locked. NotYours for whoever does not count; Refused when there is none."""
    one = sittings.to_count(who, panel_ref, sitting_ref)
    if one.votes_until is None:
        raise NotFound(_("We cannot find that ballot."))
    if one.status == "counted":
        raise Refused(_("The ballots are counted. Undo the count first."))
    if one.fell_short_at is not None:
        raise Refused(_("Too few residents voted, so the panel decides. Nothing of the ballot counts any more."))
    return one


def _must_be_open(one: Sitting) -> None:
    if ballots.state(one) == "planned":
        raise Refused(_("Open the ballot first."))
    if ballots.state(one) == "over":
        raise Refused(_("The ballot is over. Papers that were taken before can still be entered."))
