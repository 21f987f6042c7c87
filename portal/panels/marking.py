"""Marks in private, the moment they are shown, and the talk that follows (design 1, The panel, 2 and 3).

Nobody sees another's marks before giving their own. A vote comes after the marks are shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import Actor, record
from portal.panels import actions, queries
from portal.panels.model import MARKS, Mark, Matter, Panel, Remark, Seat, Sitting
from portal.panels.rules import Threshold
from portal.people.access import Who
from portal.people.model import Person
from portal.refs import new_ref
from portal.words import _

Given = tuple[int, str]  # a mark, 0 to 3, and the line why


def mark(who: Who, panel_ref: str, matter_ref: str, given: Mapping[int, Given]) -> bool:
    """Give or change one's own marks on the phone: criterion → (mark, why). Returns whether all of them are given now.

    Each tap is one call. Refused: no tie declared yet, closed already, no such criterion or mark, or the marks were shown and
    all of this seat's were among them. NotFound: not theirs to see.
    """
    with transaction():
        _panel, matter, seat = actions.before_seat(who, panel_ref, matter_ref)
        if not queries.sitting(seat, matter).may_open:
            raise Refused(_("Say first whether something ties you to this idea."))
        return _mark(matter, seat, given, "phone", "", who.id)


def enter_marks(who: Who, panel_ref: str, matter_ref: str, person_ref: str, given: Mapping[int, Given], sheet: str) -> bool:
    """An officer or the chair enters the marks that a seat gave on paper, with its "no tie". As `mark`; refused without a
    sheet number, on a sheet of somebody else, and for a seat that has marked on its phone.

    NotYours: neither officer nor chair, or tied themselves.
    """
    if not sheet:
        raise Refused(_("Write the number that stands on the paper sheet."), "sheet")
    with transaction():
        panel = queries.panel(panel_ref)
        matter = actions.open_one(panel, matter_ref)
        actions.must_count(who, panel, matter)
        seat = actions.seat_for_paper(panel, matter, person_ref, who)
        if any(each.source == "phone" for each in own_marks(matter, seat).values()):
            raise Refused(_("They have marked it on their phone. Only they can change that, there."), "person")
        actions.sheet_is_theirs(Mark, matter, seat, sheet)
        return _mark(matter, seat, given, "paper", sheet, who.id)


def _mark(matter: Matter, seat: Seat, given: Mapping[int, Given], source: str, sheet: str, by: int) -> bool:
    criteria = Threshold.load(matter.rule).criteria
    if not criteria:
        raise Refused(_("This idea is decided by a vote alone. Give your vote instead."))
    if not given:
        raise Refused(_("Choose a mark for at least one question."))
    own = own_marks(matter, seat)
    if matter.revealed_at is not None and len(own) == len(criteria):
        raise Refused(_("The marks are open now, so they stay as they are. Say it in the talk, or with your vote."))
    for criterion, (value, why) in sorted(given.items()):
        if not 0 <= criterion < len(criteria) or value not in MARKS:
            raise Refused(_("Choose one of the marks that are offered."))
        before = own.get(criterion)
        if before is not None and (before.mark, before.reason, before.source) == (value, why, source):
            continue  # a second tap says nothing new
        db.session.add(
            Mark(
                matter_id=matter.id, seat_id=seat.id, criterion=criterion, mark=value, reason=why, source=source, sheet=sheet, marked_at=clock.now(),
                entered_by_id=by,
            )
        )  # fmt: skip
    actions.tell_of_entry(seat, by)
    db.session.flush()
    complete = len(own_marks(matter, seat)) == len(criteria)
    if complete and len(own) < len(criteria):
        record(f"matter:{matter.id}", "marked", Actor(by), seat=seat.id, source=source)  # that, not what
        if matter.revealed_at is None and not still_to_mark(matter, queries.standing(matter), marks_of([matter.id])):
            _reveal(matter, Actor(by))
    return complete


def own_marks(matter: Matter, seat: Seat) -> Mapping[int, Mark]:
    """Criterion → this seat's last mark."""
    return marks_of([matter.id], seat.id).get((matter.id, seat.id), {})


def marks_of(matter_ids: Sequence[int], seat_id: int | None = None) -> Mapping[tuple[int, int], Mapping[int, Mark]]:
    """(matter, seat) → criterion → last mark; none where a tie was declared after it. One query. Whoever calls this decides who may see it."""
    last = select(func.max(Mark.id)).where(Mark.matter_id.in_(matter_ids), queries.standing_mark())
    if seat_id is not None:
        last = last.where(Mark.seat_id == seat_id)
    last = last.group_by(Mark.matter_id, Mark.seat_id, Mark.criterion)
    found: dict[tuple[int, int], dict[int, Mark]] = {}
    for row in db.session.scalars(select(Mark).where(Mark.id.in_(last)).order_by(Mark.criterion)):
        found.setdefault((row.matter_id, row.seat_id), {})[row.criterion] = row
    return found


Marks = Mapping[tuple[int, int], Mapping[int, Mark]]  # (matter, seat) → criterion → last mark


def still_to_mark(matter: Matter, standing: queries.Standing, given: Marks) -> Sequence[queries.SeatOf]:
    """The seats that are able to decide and have not given all their marks."""
    criteria = Threshold.load(matter.rule).criteria
    return [each for each in standing.able if len(given.get((matter.id, each.seat.id), {})) < len(criteria)]


# --- shown to all ----------------------------------------------------------------------------------------------------------


def reveal(who: Who, panel_ref: str, matter_ref: str) -> None:
    """Show the marks to every seat that has given its own; the talk and the votes begin. A second tap changes nothing.

    Refused: nothing is marked here, or fewer seats than the quorum have given all their marks and the day to decide by is not over.
    NotYours: neither officer nor chair, or tied.
    """
    with transaction():
        panel = queries.panel(panel_ref)
        matter = actions.open_one(panel, matter_ref)
        actions.must_count(who, panel, matter)
        if matter.revealed_at is not None:
            return
        rule = Threshold.load(matter.rule)
        if not rule.criteria:
            raise Refused(_("This idea is decided by a vote alone."))
        standing = queries.standing(matter)
        able = len(standing.able)
        marked = able - len(still_to_mark(matter, standing, marks_of([matter.id])))
        if marked < min(rule.quorum, able) and clock.today() <= matter.decide_by:
            raise Refused(
                _("%(marked)d of at least %(quorum)d have given their marks. Wait for the others, or enter the marks given on paper.", marked=marked, quorum=rule.quorum)
            )  # fmt: skip
        _reveal(matter, Actor(who.id))


def reveal_ready(who: Who, panel_ref: str, sitting_ref: str) -> int:
    """Show the marks of every matter of a sitting of which enough are in; returns how many. As `reveal` for each."""
    with transaction():
        panel = queries.panel(panel_ref)
        found = db.session.scalar(select(Sitting).where(Sitting.ref == sitting_ref, Sitting.panel_id == panel.id).with_for_update())
        if found is None:
            raise NotFound(_("We cannot find that sitting."))
        if found.by_residents:
            raise Refused(_("Residents vote here, so the panel marks nothing."))
        query = select(Matter).where(Matter.sitting_id == found.id, Matter.status == "open", Matter.revealed_at.is_(None))
        matters = db.session.scalars(query.order_by(Matter.id).with_for_update()).all()
        seat = queries.seat_of(who.id, panel.id)
        if not (who.can("manage panels") or (seat is not None and seat.chair and queries.accepted(seat))):
            raise NotYours(_("We cannot find that page."))
        ties = queries.last_ties([each.id for each in matters], seat.id) if seat else {}
        natural = queries.tied_by_nature(each.about for each in matters)
        standings, given = queries.standings(matters), marks_of([each.id for each in matters])
        shown = 0
        for matter in matters:
            tie = ties.get((matter.id, seat.id)) if seat else None
            if who.id in natural.get(matter.about, ()) or (tie is not None and tie.tie != "none"):
                continue  # somebody else shows those
            rule, standing = Threshold.load(matter.rule), standings[matter.id]
            marked = len(standing.able) - len(still_to_mark(matter, standing, given))
            if rule.criteria and (marked >= min(rule.quorum, len(standing.able)) or clock.today() > matter.decide_by):
                _reveal(matter, Actor(who.id))
                shown += 1
        return shown


def _reveal(matter: Matter, actor: Actor) -> None:
    must_be_in_transaction()
    matter.revealed_at = clock.now()
    record(f"matter:{matter.id}", "revealed", actor)


@dataclass(frozen=True)
class MarksOf:
    """One seat's marks, as the others see them: criterion → mark."""

    seat: queries.SeatOf
    marks: Mapping[int, Mark]
    total: int


def shown_marks(matter: Matter, standing: queries.Standing, given: Marks) -> Sequence[MarksOf]:
    """Everybody's marks, by name; empty before they are shown. Whoever calls this has asked `may_talk`.

    Marks of a seat that turned out to be tied count no more and are not shown.
    """
    if matter.revealed_at is None:
        return []
    found = ((each, given.get((matter.id, each.seat.id))) for each in standing.able)
    return [MarksOf(each, own, sum(row.mark for row in own.values())) for each, own in found if own]


# --- the talk --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """One remark of the talk."""

    ref: str
    name: str
    officer: bool
    words: str  # empty once it was taken back
    said_at: datetime
    mine: bool


def may_talk(matter: Matter, seat: Seat | None, own: Mapping[int, Mark] | None = None) -> bool:
    """Whether marks and talk are open to this seat (None: an officer): the marks are shown, and it has given all its own. Where
    residents vote the panel marks nothing, and talks from the beginning.
    """
    if queries.by_residents(matter):
        return True
    criteria = Threshold.load(matter.rule).criteria
    if matter.revealed_at is None or not criteria:
        return False
    return seat is None or len(own_marks(matter, seat) if own is None else own) == len(criteria)


def say(who: Who, panel_ref: str, matter_ref: str, words: str, *, once_key: str | None = None) -> str:
    """Say something in the talk; returns its reference. Refused: nothing said, closed already, or the talk is not open to them."""
    if not words:
        raise Refused(_("Write what you would like to say."), "words")
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        panel = queries.panel(panel_ref)
        matter = actions.open_one(panel, matter_ref)
        seat = _talks(who, panel, matter)
        made = Remark(
            ref=new_ref("RMK"), matter_id=matter.id, seat_id=seat.id if seat else None, person_id=who.id, words=words, said_at=clock.now()
        )
        db.session.add(made)
        db.session.flush()
        record(f"matter:{matter.id}", "said", Actor(who.id), remark=made.ref)
        if once_key:
            once.keep(once_key, made.ref)
        return made.ref


def take_back(who: Who, panel_ref: str, matter_ref: str, remark_ref: str) -> None:
    """Take back one's own remark, or, as the chair or an officer, somebody's. It shows as taken back. NotYours for anybody else."""
    with transaction():
        panel = queries.panel(panel_ref)
        matter = actions.open_one(panel, matter_ref)
        _talks(who, panel, matter)
        found = db.session.scalar(select(Remark).where(Remark.ref == remark_ref, Remark.matter_id == matter.id).with_for_update())
        if found is None:
            raise NotFound(_("That remark is not there."))
        if found.person_id != who.id:
            actions.must_count(who, panel, matter)
        if found.struck_at is None:
            found.struck_at, found.struck_by_id = clock.now(), who.id
            record(f"matter:{matter.id}", "remark_taken_back", Actor(who.id), remark=found.ref)


def _talks(who: Who, panel: Panel, matter: Matter) -> Seat | None:
    """The seat from which somebody talks, or None for an officer. NotFound when tied or a stranger; Refused before it is open to them."""
    seat = queries.seat_of(who.id, panel.id)
    if seat is not None:
        if not queries.sitting(seat, matter).may_open:
            raise Refused(_("Say first whether something ties you to this idea."))
    elif not who.can("manage panels") or who.id in queries.tied_by_nature([matter.about]).get(matter.about, ()):
        raise NotYours(_("We cannot find that page."))
    if not may_talk(matter, seat):
        raise Refused(_("The talk opens when the marks are shown and you have given yours."))
    return seat


def talk(matter: Matter, who: Who) -> Sequence[Said]:
    """What was said, the first first. One query. Whoever calls this has asked `may_talk`."""
    rows = db.session.execute(
        select(Remark, Person.name).join(Person, Person.id == Remark.person_id).where(Remark.matter_id == matter.id).order_by(Remark.id)
    )
    return [
        Said(row.ref, name, row.seat_id is None, "" if row.struck_at else row.words, row.said_at, row.person_id == who.id)
        for row, name in rows
    ]
