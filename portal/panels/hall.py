"""A panel that meets in a hall: one matter on the table at a time, a timer, and hands that are raised and written down.

A hand is a vote with the source "hall", by the rules of every other vote. What was said on a phone or on paper stays closed until the
count, here too. Lock order: hall, then matter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import String, and_, cast, func, literal, or_, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock, once
from portal.db import db, is_postgresql, must_be_in_transaction, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import Actor, Event, record
from portal.panels import actions, marking, queries
from portal.panels.model import CHOICES, MARKS, Hall, InHall, Matter, Panel, Seat, Sitting, Struck, Vote
from portal.panels.rules import Sharing, Threshold, quorate
from portal.panels.seats import seat_in_term
from portal.people.access import Who
from portal.words import _

ROLL_HOLDS = timedelta(hours=12)  # who was in the hall last month is not there today
LATE = 600  # seconds: a tap on the timer that comes later than this, after a loss of signal, counts as this late
MOST_MATTERS = 100


@dataclass(frozen=True)
class Place:
    """Which hall: of a panel's sitting, or (without one) of what the panel decides one by one. `hall` is None before the first tap."""

    panel: Panel
    sitting: Sitting | None
    hall: Hall | None


@dataclass(frozen=True)
class Tap:
    """One tap on the page of whoever runs a hall. Each act reads what it needs."""

    act: str
    matter: str = ""
    person: str = ""  # reference of who sits; "" for everybody it fits
    choice: str = ""
    reason: str = ""
    minutes: int = 0
    age: int = 0  # seconds since it was tapped: it may have waited on the device for a signal


def place(panel_ref: str, sitting_ref: str | None) -> Place:
    """The hall of a sitting, or of a panel. One query. NotFound."""
    of_sitting = Sitting.ref == sitting_ref if sitting_ref is not None else literal(False)
    same = Hall.sitting_id == Sitting.id if sitting_ref is not None else Hall.sitting_id.is_(None)
    row = db.session.execute(
        select(Panel, Sitting, Hall)
        .outerjoin(Sitting, and_(Sitting.panel_id == Panel.id, of_sitting))
        .outerjoin(Hall, and_(Hall.panel_id == Panel.id, same))
        .where(Panel.ref == panel_ref)
    ).one_or_none()
    if row is None or (sitting_ref is not None and (row[1] is None or row[1].by_residents)):  # residents vote on a ballot, not by hands
        raise NotFound(_("We cannot find that page."))
    return Place(*row)


# --- taps ------------------------------------------------------------------------------------------------------------------


def tap(who: Who, panel_ref: str, sitting_ref: str | None, one: Tap, *, once_key: str) -> None:
    """Do what was tapped, once for each key: a tap that was kept on a device without signal may come twice.

    Refused: what the act itself refuses. NotYours: who neither is an officer, nor has the chair, nor stands in for it.
    """
    with transaction():
        here = place(panel_ref, sitting_ref)
        if once.claim(once_key) is not None:
            return
        if one.act not in ACTS:
            raise Refused(_("That button is not there any more. Load the page again."))
        ACTS[one.act](who, here, one)


def _put(who: Who, here: Place, one: Tap) -> None:
    """The next matter comes on the table: its time begins anew, and the chair is back in the chair. Whoever leads may be tied to it."""
    hall = _led(who, here)
    matter = next((each for each in matters_of(here) if each.ref == one.matter), None)
    if matter is None:
        raise NotFound(_("That idea is not before this meeting."))
    if hall.matter_id != matter.id:
        hall.matter_id, hall.stand_in_id, hall.ends_at, hall.time_left = matter.id, None, None, None
        record(f"hall:{hall.id}", "on_the_table", Actor(who.id), matter=matter.id)


def _came(who: Who, here: Place, one: Tap) -> None:
    hall = _led(who, here)
    _comes(hall, [seat_in_term(here.panel, one.person)] if one.person else [each.seat for each in _in_term(here.panel)], who)


def _comes(hall: Hall, some: Sequence[Seat], who: Who) -> None:
    there = roll(hall)
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    for seat in some:
        if seat.id not in there:
            row = insert(InHall).values(hall_id=hall.id, seat_id=seat.id, since=clock.now())
            db.session.execute(row.on_conflict_do_update(index_elements=["hall_id", "seat_id"], set_={"since": clock.now()}))
            record(f"hall:{hall.id}", "came", Actor(who.id), seat=seat.id)


def _went(who: Who, here: Place, one: Tap) -> None:
    hall = _led(who, here)
    seat = seat_in_term(here.panel, one.person)
    found = db.session.get(InHall, (hall.id, seat.id))
    if found is not None:
        db.session.delete(found)
        record(f"hall:{hall.id}", "went", Actor(who.id), seat=seat.id)


def _no_tie(who: Who, here: Place, one: Tap) -> None:
    """Somebody in the hall, or everybody who has not said it yet, says that nothing ties them."""
    hall, matter = _on(who, here, one)
    there = roll(hall)
    untold = [
        each for each in queries.standing(matter).untold if each.person_ref == one.person or (not one.person and each.seat.id in there)
    ]
    for each in untold:
        actions.declared(matter, each.seat, "none", "", who.id)


def _hands(who: Who, here: Place, one: Tap) -> None:
    """The hand of one seat, or of everybody in the hall who has no vote yet: what was said on a phone or on paper stays.

    Refused: tied or not called, ties not asked about, code of conduct not accepted, nobody left, marks not shown, closed.
    """
    hall, matter = _on(who, here, one)
    standing = queries.standing(matter)
    untold = {each.seat.id for each in standing.untold}
    if one.person:
        seat = seat_in_term(here.panel, one.person)
        if seat.id not in {each.seat.id for each in standing.able}:
            raise Refused(_("That seat is tied to this idea or was not called to it, so it has no vote on it."), "person")
        if seat.id in untold:
            raise Refused(_("Ask them first whether something ties them to this idea."), "person")
        if not queries.accepted(seat):
            raise Refused(
                _("They have not accepted the panel’s code of conduct. Do that with them first, on the page of their seat."), "person"
            )
        raised = [seat]
    else:
        raised = [each.seat for each in waiting_hands(standing, roll(hall))]
        if not raised:
            raise Refused(_("Nobody in the hall is left who could raise a hand. Say first who is here, and whether something ties them."))
    for seat in raised:
        last = standing.votes.get(seat.id)
        same = last is not None and (last.source, last.choice) == ("hall", one.choice) and one.reason in ("", last.reason)
        if not same:  # a second tap says nothing new
            actions.cast(matter, seat, one.choice, one.reason, "hall", "", who.id)
    _comes(hall, raised, who)


def _lower(who: Who, here: Place, one: Tap) -> None:
    """Hands of a seat that were written down by mistake count no more; what it said on a phone or on paper counts again."""
    _hall, matter = _on(who, here, one)
    seat = seat_in_term(here.panel, one.person)
    raised = select(Vote.id).where(Vote.matter_id == matter.id, Vote.seat_id == seat.id, Vote.source == "hall", queries.standing_vote())
    mistakes = db.session.scalars(raised.order_by(Vote.id)).all()
    db.session.add_all(Struck(vote_id=vote_id, struck_at=clock.now(), struck_by_id=who.id) for vote_id in mistakes)
    if mistakes:
        record(f"matter:{matter.id}", "hand_taken_back", Actor(who.id), seat=seat.id)


def _start(who: Who, here: Place, one: Tap) -> None:
    hall = _timed(who, here)
    if hall.ends_at is None:
        hall.ends_at = _tapped_at(one) + timedelta(seconds=hall.length if hall.time_left is None else hall.time_left)
        hall.time_left = None
        record(f"hall:{hall.id}", "timer_started", Actor(who.id), matter=hall.matter_id)


def _pause(who: Who, here: Place, one: Tap) -> None:
    hall = _timed(who, here)
    if hall.ends_at is not None:
        hall.time_left, hall.ends_at = seconds_left(hall, _tapped_at(one)), None
        record(f"hall:{hall.id}", "timer_paused", Actor(who.id), matter=hall.matter_id)


def _reset(who: Who, here: Place, one: Tap) -> None:
    hall = _timed(who, here)
    if hall.ends_at is not None or hall.time_left is not None:
        hall.ends_at = hall.time_left = None
        record(f"hall:{hall.id}", "timer_reset", Actor(who.id), matter=hall.matter_id)


def _length(who: Who, here: Place, one: Tap) -> None:
    """Minutes for each matter, from now on; a time that runs begins anew."""
    if not 1 <= one.minutes <= 60:
        raise Refused(_("Write how many minutes, from 1 to 60."), "minutes")
    hall = _led(who, here)
    if hall.length != one.minutes * 60:
        hall.length, hall.ends_at, hall.time_left = one.minutes * 60, None, None
        record(f"hall:{hall.id}", "timer_set", Actor(who.id), minutes=one.minutes)


def _take_chair(who: Who, here: Place, one: Tap) -> None:
    """A seat runs what is on the table, because whoever has the chair is tied to it.

    Refused: somebody else took it, nothing said of ties yet, or a chair who is not tied. NotFound: not a seat that decides it.
    """
    hall = _locked(here)
    _panel, matter, seat = actions.before_seat(who, here.panel.ref, one.matter)
    if matter.id != hall.matter_id:
        raise Refused(_("Another idea is on the table by now."))
    if not queries.sitting(seat, matter).may_open:
        raise Refused(_("Say first whether something ties you to this idea."))
    if hall.stand_in_id == seat.id:
        return
    if hall.stand_in_id is not None:
        raise Refused(_("Somebody else was quicker and runs it already."))
    standing = queries.standing(matter)
    if not any(each.seat.chair for each, _tie in standing.tied) or any(each.seat.chair for each in standing.able):
        raise Refused(_("Whoever has the chair can run this idea. If they are not here, ask an officer."))
    hall.stand_in_id = seat.id
    record(f"hall:{hall.id}", "took_the_chair", Actor(who.id), matter=matter.id, seat=seat.id)


ACTS: dict[str, Callable[[Who, Place, Tap], None]] = {
    "put": _put, "came": _came, "went": _went, "no_tie": _no_tie, "hands": _hands, "lower": _lower, "start": _start, "pause": _pause,
    "reset": _reset, "length": _length, "take_chair": _take_chair,
}  # fmt: skip


def _tapped_at(one: Tap) -> datetime:
    return clock.now() - timedelta(seconds=min(max(one.age, 0), LATE))


def _locked(here: Place) -> Hall:
    """The hall, locked; made at the first tap. A part of an action."""
    must_be_in_transaction()
    sitting_id = here.sitting.id if here.sitting else None
    if here.hall is None:
        insert = postgresql.insert if is_postgresql() else sqlite.insert
        db.session.execute(insert(Hall).values(panel_id=here.panel.id, sitting_id=sitting_id, length=300).on_conflict_do_nothing())
    same = Hall.sitting_id == sitting_id if sitting_id is not None else Hall.sitting_id.is_(None)
    query = select(Hall).where(Hall.panel_id == here.panel.id, same).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def leads(who: Who, here: Place, seat: Seat | None) -> bool:
    """Whether somebody runs the meeting: an officer, the panel's chair, or who stands in for it just now."""
    if who.can("manage panels"):
        return True
    stands_in = here.hall is not None and seat is not None and here.hall.stand_in_id == seat.id
    return seat is not None and queries.accepted(seat) and (seat.chair or stands_in)


def _led(who: Who, here: Place) -> Hall:
    hall = _locked(here)
    if not leads(who, Place(here.panel, here.sitting, hall), queries.seat_of(who.id, here.panel.id)):
        raise NotYours(_("We cannot find that page."))
    return hall


def _on(who: Who, here: Place, one: Tap) -> tuple[Hall, Matter]:
    """The hall and one of its open matters, locked, for somebody who counts it. It need not be on the table any more: a tap may come late."""
    hall = _locked(here)
    matter = actions.open_one(here.panel, one.matter)
    if matter.sitting_id != (here.sitting.id if here.sitting else None):
        raise NotFound(_("That idea is not before this meeting."))
    actions.must_count(who, here.panel, matter)
    return hall, matter


def _timed(who: Who, here: Place) -> Hall:
    hall = _led(who, here)
    if hall.matter_id is None:
        raise Refused(_("Nothing is on the table just now."))
    actions.must_count(who, here.panel, db.session.get_one(Matter, hall.matter_id))
    return hall


# --- reading ---------------------------------------------------------------------------------------------------------------


def seconds_left(hall: Hall | None, at: datetime) -> int:
    """What is left of the time for what is on the table, in whole seconds; never below 0."""
    if hall is None:
        return 300
    if hall.ends_at is not None:
        return max(ceil((hall.ends_at - at).total_seconds()), 0)
    return hall.length if hall.time_left is None else hall.time_left


def roll(hall: Hall | None) -> frozenset[int]:
    """The seats that are in the hall. One query."""
    if hall is None:
        return frozenset()
    return frozenset(db.session.scalars(select(InHall.seat_id).where(InHall.hall_id == hall.id, InHall.since > clock.now() - ROLL_HOLDS)))


def _in_term(panel: Panel) -> Sequence[queries.SeatOf]:
    today = clock.today()
    return [each for each in queries.seats_of(panel.id) if queries.holds(each.seat, today)]


def matters_of(here: Place) -> Sequence[Matter]:
    """What is before the meeting, in order: a sitting's matters, or the open ones of the panel and the one on the table. One query."""
    if here.sitting is not None:
        query = select(Matter).where(Matter.sitting_id == here.sitting.id, Matter.status != "withdrawn").order_by(Matter.id)
        return db.session.scalars(query).all()
    on_table = here.hall.matter_id if here.hall else None
    wanted = or_(Matter.status == "open", Matter.id == on_table) if on_table is not None else Matter.status == "open"
    query = select(Matter).where(Matter.panel_id == here.panel.id, Matter.sitting_id.is_(None), wanted)
    return db.session.scalars(query.order_by(Matter.decide_by, Matter.id).limit(MOST_MATTERS)).all()


def stamp(here: Place, who: Who) -> str:
    """Changes whenever what the hall shows to somebody does: every act leaves an event. One query.

    The number of events beside the last one's id: on PostgreSQL an earlier id may be committed after a later one.
    """
    about = select("matter:" + cast(Matter.id, String))
    if here.sitting is not None:
        about = about.where(Matter.sitting_id == here.sitting.id)
    else:
        about = about.where(Matter.panel_id == here.panel.id, Matter.sitting_id.is_(None), Matter.status == "open")
    fixed = [f"panel:{here.panel.id}"]
    fixed += [f"sitting:{here.sitting.id}"] if here.sitting else []
    fixed += [f"hall:{here.hall.id}", f"matter:{here.hall.matter_id}"] if here.hall else []
    abouts = union_all(about, *(select(literal(each)) for each in fixed))
    last, number = db.session.execute(select(func.max(Event.id), func.count()).where(Event.about.in_(abouts))).one()
    return f"{who.id}-{last or 0}-{number}-{clock.today():%Y%m%d}"


@dataclass(frozen=True)
class Row:
    """One matter of the meeting, as one reader may know it."""

    matter: Matter
    number: int  # its place in the order, 1 first
    hidden: bool  # something ties the reader to it, or it is not theirs: nothing but its number is shown
    tied: bool  # hidden because something ties them
    runs: bool  # the reader writes down hands: an officer, the chair or who stands in, who has said "no tie"
    decides: bool  # the reader's seat decides it
    standing: queries.Standing
    to_mark: Sequence[queries.SeatOf]
    rule: Threshold

    @property
    def marking(self) -> bool:
        """Whether the marks come first and are not shown yet."""
        return bool(self.rule.criteria) and self.matter.revealed_at is None

    @property
    def enough(self) -> bool:
        return quorate(self.standing.tally, self.rule)

    @property
    def hands(self) -> Mapping[str, int]:
        """Hands by choice. Everybody in the hall has seen them; votes given elsewhere stay closed."""
        raised = [vote.choice for vote in self.standing.votes.values() if vote.source == "hall"]
        return {choice: raised.count(choice) for choice in CHOICES} if raised else {}

    @property
    def elsewhere(self) -> int:
        """How many votes were given on a phone or on paper."""
        return sum(vote.source != "hall" for vote in self.standing.votes.values())


@dataclass(frozen=True)
class Room:
    """A meeting as one reader sees it."""

    place: Place
    seat: Seat | None
    leads: bool
    rows: Sequence[Row]
    table: Row | None  # what is on the table
    roll: frozenset[int]
    seats: Sequence[queries.SeatOf]  # in term
    may_take_chair: bool
    stand_in: str  # the name of who stands in for the chair
    marks: Sequence[tuple[str, Mapping[int, int]]]  # once they are shown, for who gave theirs: question → mark → how many gave it

    @property
    def waiting(self) -> Sequence[queries.SeatOf]:
        return waiting_hands(self.table.standing, self.roll) if self.table else []

    @property
    def untold(self) -> Sequence[queries.SeatOf]:
        """Who is here and has not said whether something ties them to what is on the table."""
        return [each for each in self.table.standing.untold if each.seat.id in self.roll] if self.table else []

    @property
    def alone(self) -> bool:
        """Whether each matter is counted on its own."""
        return self.place.sitting is None or not Sharing.load(self.place.sitting.rule).shares


def waiting_hands(standing: queries.Standing, there: frozenset[int]) -> Sequence[queries.SeatOf]:
    """Who is in the hall, may vote, has said "no tie" and has no vote yet."""
    untold = {each.seat.id for each in standing.untold}
    return [each for each in standing.silent if each.seat.id in there and each.seat.id not in untold and queries.accepted(each.seat)]


def room(who: Who, here: Place, *, marks: bool = True) -> Room:
    """The meeting as it stands, for a seat of the panel or an officer. Eight queries. NotYours for everybody else.

    `marks`: the big screen does without them.
    """
    matters, everybody = matters_of(here), queries.seats_of(here.panel.id)
    today = clock.today()
    seats = [each for each in everybody if queries.holds(each.seat, today)]
    seat = next((each.seat for each in seats if each.seat.person_id == who.id), None)
    officer = who.can("manage panels")
    if seat is None and not officer:
        raise NotYours(_("We cannot find that page."))
    ids = [each.id for each in matters]
    natural, ties = queries.tied_by_nature(each.about for each in matters), queries.last_ties(ids)
    standings = queries.standings_from(matters, natural, everybody, ties) if matters else {}
    given = marking.marks_of(ids) if marks and any(Threshold.load(each.rule).criteria for each in matters) else {}
    leading = leads(who, here, seat)
    rows = []
    for number, each in enumerate(matters, start=1):
        standing, rule = standings[each.id], Threshold.load(each.rule)
        said = ties.get((each.id, seat.id)) if seat else None
        tied = who.id in natural.get(each.about, ()) or (said is not None and said.tie != "none")
        decides = seat is not None and any(one.seat.id == seat.id for one in standing.able)
        told = decides and said is not None and seat is not None and queries.accepted(seat)
        chairs = seat is not None and (
            seat.chair or (here.hall is not None and here.hall.matter_id == each.id and here.hall.stand_in_id == seat.id)
        )
        hidden = tied or not (officer or chairs or decides)  # a substitute who was not called, a guest who came later
        runs = not hidden and ((told and (chairs or officer)) or (officer and not decides))
        to_mark = marking.still_to_mark(each, standing, given) if marks and rule.criteria else []
        rows.append(Row(each, number, hidden, tied, runs, decides, standing, to_mark, rule))
    table = next((row for row in rows if here.hall is not None and row.matter.id == here.hall.matter_id), None)
    stand_in = next((each.name for each in seats if here.hall is not None and each.seat.id == here.hall.stand_in_id), "")
    vacant = False  # the chair is tied to what is on the table, and nobody stands in yet
    shown_marks: list[tuple[str, Mapping[int, int]]] = []
    if table is not None:
        chairs_tied = any(each.seat.chair for each, _tie in table.standing.tied) and not any(
            each.seat.chair for each in table.standing.able
        )
        vacant = table.matter.status == "open" and chairs_tied and not stand_in
        own = given.get((table.matter.id, seat.id), {}) if seat and table.decides else None
        if table.runs and marking.may_talk(table.matter, seat if table.decides else None, own):
            shown = [each.marks for each in marking.shown_marks(table.matter, table.standing, given)]
            for number, question in enumerate(table.rule.criteria):
                values = [row[number].mark for row in shown if number in row]
                shown_marks.append((question, {mark: values.count(mark) for mark in reversed(MARKS)}))
    takes = vacant and table is not None and table.decides and not table.hidden and not table.runs
    return Room(here, seat, leading, rows, table, roll(here.hall), seats, takes, stand_in, shown_marks)
