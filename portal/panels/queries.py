"""Reading panels, seats, matters, and what a seat may know of them."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from portal import clock
from portal.db import db
from portal.errors import NotFound
from portal.panels import model
from portal.panels.model import Called, Hall, Interest, Mark, Matter, Panel, PanelArea, Remark, Seat, SeatOffer, Struck, Vote
from portal.panels.rules import Tally, Threshold, count
from portal.people.model import Person
from portal.people.queries import COLLECTORS, TRUSTED
from portal.places.model import Area
from portal.words import _

# Who is tied to matters by what they are, whatever they declare: whoever brings matters before panels fills this in.
# Prefix of `about` ("bid") → function from abouts to the persons tied to each.
TIED_BY_NATURE: dict[str, Callable[[Sequence[str]], Mapping[str, frozenset[int]]]] = {}


# --- what counts, as SQL and as Python -----------------------------------------------------------------------------------


def entitled() -> ColumnElement[bool]:
    """Of the seats and matters of a query: which seat decides which matter, ties aside."""
    called = exists().where(Called.matter_id == Matter.id, Called.seat_id == Seat.id)
    return or_(Seat.kind == "member", and_(Seat.kind == "guest", Seat.given_at < Matter.opened_at), and_(Seat.kind == "substitute", called))


def decides(seat: Seat, one: Matter, called: Container[int]) -> bool:
    """Whether a seat decides a matter, ties aside; `called` are the substitutes that were called to it."""
    if seat.kind == "guest":
        return seat.given_at < one.opened_at  # nobody takes a seat to decide what is on the table already
    return seat.kind == "member" or seat.id in called


def standing_vote() -> ColumnElement[bool]:
    """Votes that no later tie of their seat has taken away, and that were no mistake."""
    return and_(_no_tie_since(Vote.matter_id, Vote.seat_id, Vote.cast_at), ~exists().where(Struck.vote_id == Vote.id))


def standing_mark() -> ColumnElement[bool]:
    """Marks that no later tie of their seat has taken away."""
    return _no_tie_since(Mark.matter_id, Mark.seat_id, Mark.marked_at)


def _no_tie_since(
    matter_id: InstrumentedAttribute[int], seat_id: InstrumentedAttribute[int], given_at: InstrumentedAttribute[datetime]
) -> ColumnElement[bool]:
    return ~exists().where(
        Interest.matter_id == matter_id, Interest.seat_id == seat_id, Interest.tie != "none", Interest.declared_at >= given_at
    )


def _last_tie() -> ScalarSelect[str]:
    return (
        select(Interest.tie)
        .where(Interest.matter_id == Matter.id, Interest.seat_id == Seat.id)
        .order_by(Interest.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _asked() -> ColumnElement[bool]:
    """Matters of which a seat that is not tied is asked its vote; and those of an area ballot to come, until it has said that."""
    ballot = and_(model.Sitting.id == Matter.sitting_id, model.Sitting.votes_until.is_not(None), model.Sitting.fell_short_at.is_(None))
    to_come = exists().where(ballot, model.Sitting.votes_from.is_(None))
    return or_(Matter.sitting_id.is_(None), ~exists().where(ballot), and_(_last_tie().is_(None), to_come))


def by_residents(one: Matter) -> bool:
    """Whether an area ballot decides a matter, and not the panel's seats."""
    return one.sitting is not None and one.sitting.by_residents


def _waits(*columns: Any) -> Select[Any]:
    """What waits for the person `:person` on the day `:today`: open, theirs to decide, neither tied nor voted on."""
    today: BindParameter[date] = bindparam("today")
    return (
        select(*columns)
        .select_from(Matter)
        .join(Seat, Seat.panel_id == Matter.panel_id)
        .where(
            Seat.person_id == bindparam("person"),
            Seat.term_start <= today,
            or_(Seat.term_end.is_(None), Seat.term_end >= today),
            Matter.status == "open",
            entitled(),
            func.coalesce(_last_tie(), "none") == "none",
            ~exists().where(Vote.matter_id == Matter.id, Vote.seat_id == Seat.id, standing_vote()),
            # who has begun to mark waits for the others, until the marks are shown
            or_(Matter.revealed_at.is_not(None), ~exists().where(Mark.matter_id == Matter.id, Mark.seat_id == Seat.id, standing_mark())),
            _asked(),
        )
        .limit(bindparam("most"))
    )


WAITING = _waits(Matter.panel_id, Matter.about)  # asked on everybody's home page, and built once
MINE = _waits(Matter, Seat, _last_tie()).order_by(Matter.decide_by, Matter.id)


@dataclass(frozen=True)
class Sitting:
    """A seat and one matter: what this seat said of ties, and its own vote. Never anybody else's."""

    matter: Matter
    seat: Seat
    tie: str | None  # the last declared; None before that
    vote: Vote | None
    natural: frozenset[int]  # persons who are tied to the matter by what they are
    accepted: bool  # the panel's code of conduct, as it is now

    @property
    def may_open(self) -> bool:
        return self.tie == "none" and self.accepted


@dataclass(frozen=True)
class SeatOf:
    """A seat with the name of who sits on it."""

    seat: Seat
    name: str
    person_ref: str


def panel(ref: str) -> Panel:
    """One panel by reference. NotFound."""
    found = db.session.scalar(select(Panel).where(Panel.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that panel."))
    return found


def panel_by_id(id_: int) -> Panel:
    """One panel by id. NotFound."""
    found = db.session.get(Panel, id_)
    if found is None:
        raise NotFound(_("We cannot find that panel."))
    return found


def panels() -> Sequence[Panel]:
    """All panels, by name."""
    return db.session.scalars(select(Panel).order_by(Panel.name)).all()


def in_term(day: date) -> ColumnElement[bool]:
    """Seats whose term holds on a day."""
    return and_(Seat.term_start <= day, or_(Seat.term_end.is_(None), Seat.term_end >= day))


def seats_of(panel_id: int) -> Sequence[SeatOf]:
    """All seats of a panel, those in term first, by name."""
    rows = db.session.execute(
        select(Seat, Person.name, Person.ref)
        .join(Person, Person.id == Seat.person_id)
        .where(Seat.panel_id == panel_id)
        .order_by(Person.name)
    ).all()
    today = clock.today()
    found = [SeatOf(seat, name, ref) for seat, name, ref in rows]
    return sorted(found, key=lambda each: not holds(each.seat, today))


def holds(seat: Seat, day: date) -> bool:
    """Whether a seat's term holds on a day."""
    return seat.term_start <= day and (seat.term_end is None or seat.term_end >= day)


def seat_of(person_id: int | None, panel_id: int) -> Seat | None:
    """The seat of a person on a panel today, if they have one."""
    if person_id is None:
        return None
    return db.session.scalar(select(Seat).where(Seat.panel_id == panel_id, Seat.person_id == person_id, in_term(clock.today())))


def has_seat(person_id: int) -> bool:
    """Whether somebody sits on any panel, today or from a later day."""
    last = or_(Seat.term_end.is_(None), Seat.term_end >= clock.today())
    return db.session.scalar(select(Seat.id).where(Seat.person_id == person_id, last).limit(1)) is not None


TRUSTED.append(has_seat)


def accepted(seat: Seat) -> bool:
    """Whether a seat has accepted its panel's code of conduct as it is now."""
    return seat.conduct >= db.session.get_one(Panel, seat.panel_id).conduct


def stands_in(seat: Seat, one: Matter) -> bool:
    """Whether a seat runs a matter that is on the table of a hall, in place of a chair who is tied to it."""
    return bool(db.session.scalar(select(exists().where(Hall.matter_id == one.id, Hall.stand_in_id == seat.id))))


def areas_of(panel_ids: Iterable[int]) -> Mapping[int, Sequence[Area]]:
    """The areas that panels decide for, by name; none means everywhere. One query."""
    found: dict[int, list[Area]] = {id_: [] for id_ in panel_ids}
    for panel_id, area in db.session.execute(
        select(PanelArea.panel_id, Area)
        .join(Area, Area.id == PanelArea.area_id)
        .where(PanelArea.panel_id.in_(list(found)))
        .order_by(Area.name)
    ):
        found[panel_id].append(area)
    return found


def panels_for(person_id: int) -> Sequence[tuple[Panel, Seat | None, SeatOffer | None]]:
    """All panels by name, with the seat that a person has there today and the last offer that they made. One query."""
    last = select(func.max(SeatOffer.id)).where(SeatOffer.person_id == person_id).group_by(SeatOffer.panel_id)
    rows = db.session.execute(
        select(Panel, Seat, SeatOffer)
        .outerjoin(Seat, and_(Seat.panel_id == Panel.id, Seat.person_id == person_id, in_term(clock.today())))
        .outerjoin(SeatOffer, and_(SeatOffer.panel_id == Panel.id, SeatOffer.id.in_(last)))
        .order_by(Panel.name, Panel.id)
    )
    return [(panel, seat, offer) for panel, seat, offer in rows]


def called_to(matter_ids: Iterable[int]) -> Mapping[int, frozenset[int]]:
    """Matter → the substitutes that were called to it. One query."""
    found: dict[int, set[int]] = {id_: set() for id_ in matter_ids}
    for matter_id, seat_id in db.session.execute(select(Called.matter_id, Called.seat_id).where(Called.matter_id.in_(list(found)))):
        found[matter_id].add(seat_id)
    return {matter_id: frozenset(seats) for matter_id, seats in found.items()}


def is_entitled(seat: Seat, one: Matter) -> bool:
    """Whether a seat decides a matter, ties aside."""
    return decides(seat, one, called_to([one.id])[one.id] if seat.kind == "substitute" else ())


def matter(ref: str, panel_id: int) -> Matter:
    """One matter of a panel by reference. NotFound."""
    found = db.session.scalar(select(Matter).where(Matter.ref == ref, Matter.panel_id == panel_id).options(joinedload(Matter.sitting)))
    if found is None:
        raise NotFound(_("We cannot find that page."))
    return found


def matters_of(one: Panel, status: str, limit: int = 100) -> Sequence[Matter]:
    """A panel's matters for an officer: open ones by the day to decide by, closed ones newest first."""
    order = (Matter.decide_by, Matter.id) if status == "open" else (Matter.closed_at.desc(), Matter.id.desc())
    return db.session.scalars(select(Matter).where(Matter.panel_id == one.id, Matter.status == status).order_by(*order).limit(limit)).all()


def matters_about(about: str) -> Sequence[Matter]:
    """Every time this was before a panel, newest first."""
    return db.session.scalars(select(Matter).where(Matter.about == about).order_by(Matter.id.desc())).all()


def last_tallies(abouts: Sequence[str]) -> Mapping[str, Matter]:
    """The matter that counts for each of these things: the last one that was not withdrawn. One query."""
    rows = db.session.scalars(select(Matter).where(Matter.about.in_(abouts), Matter.status != "withdrawn").order_by(Matter.id)).all()
    return {row.about: row for row in rows}


def tied_by_nature(abouts: Iterable[str]) -> Mapping[str, frozenset[int]]:
    """Persons tied to each of these by what they are; one call for each kind of thing."""
    by_kind: dict[str, list[str]] = {}
    for about in abouts:
        by_kind.setdefault(about.partition(":")[0], []).append(about)
    found: dict[str, frozenset[int]] = {}
    for kind, some in by_kind.items():
        if kind in TIED_BY_NATURE:
            found.update(TIED_BY_NATURE[kind](some))
    return found


def declared_ties(abouts: Sequence[str] | None = None, person_id: int | None = None) -> Mapping[str, frozenset[int]]:
    """about → persons whose seat has declared a tie to it, of these things or of this person's. What was withdrawn counts too. One query."""
    query = _declared()
    if abouts is not None:
        query = query.where(Matter.about.in_(abouts))
    if person_id is not None:
        query = query.where(Seat.person_id == person_id)
    found: dict[str, set[int]] = {}
    for about, who in db.session.execute(query):
        found.setdefault(about, set()).add(who)
    return {about: frozenset(persons) for about, persons in found.items()}


def _declared() -> Select[str, int]:
    return (
        select(Matter.about, Seat.person_id)
        .join(Seat, Seat.panel_id == Matter.panel_id)
        .where(func.coalesce(_last_tie(), "none") != "none")
    )


def tied_to(person_id: int) -> Select[str]:
    """What a seat of theirs has declared a tie to, as a part of a query."""
    return _declared().where(Seat.person_id == person_id).with_only_columns(Matter.about, maintain_column_froms=True)


def last_ties(matter_ids: Sequence[int], seat_id: int | None = None) -> Mapping[tuple[int, int], Interest]:
    """(matter, seat) → what the seat last declared."""
    last = select(func.max(Interest.id)).where(Interest.matter_id.in_(matter_ids))
    if seat_id is not None:
        last = last.where(Interest.seat_id == seat_id)
    rows = db.session.scalars(select(Interest).where(Interest.id.in_(last.group_by(Interest.matter_id, Interest.seat_id)))).all()
    return {(row.matter_id, row.seat_id): row for row in rows}


def last_votes(matter_ids: Sequence[int], seat_id: int | None = None) -> Mapping[tuple[int, int], Vote]:
    """(matter, seat) → its last vote; none where a tie was declared after it."""
    last = select(func.max(Vote.id)).where(Vote.matter_id.in_(matter_ids), standing_vote())
    if seat_id is not None:
        last = last.where(Vote.seat_id == seat_id)
    rows = db.session.scalars(select(Vote).where(Vote.id.in_(last.group_by(Vote.matter_id, Vote.seat_id)))).all()
    return {(row.matter_id, row.seat_id): row for row in rows}


def sittings(seat: Seat, status: str = "open", limit: int = 100, *, whole: bool = False) -> Sequence[Sitting]:
    """The matters before a seat, the most urgent first, without those it is tied to. Four queries whatever their number.

    `whole`: for an officer, who sees also what this seat does not decide.
    """
    return _seen_from(seat, _before(seat, status, limit, whole))


def open_and_closed(seat: Seat, *, whole: bool = False) -> tuple[Sequence[Sitting], Sequence[Sitting]]:
    """`sittings` of either status. Five queries."""
    found = _seen_from(seat, [one for status in ("open", "closed") for one in _before(seat, status, 100, whole)])
    return [each for each in found if each.matter.status == "open"], [each for each in found if each.matter.status == "closed"]


def _before(seat: Seat, status: str, limit: int, whole: bool) -> Sequence[Matter]:
    order = (Matter.decide_by, Matter.id) if status == "open" else (Matter.closed_at.desc(), Matter.id.desc())
    asked = select(Matter).join(Seat, Seat.panel_id == Matter.panel_id).where(Seat.id == seat.id, Matter.status == status)
    return db.session.scalars((asked if whole else asked.where(entitled())).order_by(*order).limit(limit)).all()


def _seen_from(seat: Seat, found: Sequence[Matter]) -> Sequence[Sitting]:
    ids = [each.id for each in found]
    ties, votes = last_ties(ids, seat.id), last_votes(ids, seat.id)
    natural = tied_by_nature(each.about for each in found)
    ready = accepted(seat)
    shown = []
    for each in found:
        tie = ties.get((each.id, seat.id))
        tied = natural.get(each.about, frozenset())
        if seat.person_id in tied or (tie is not None and tie.tie != "none"):
            continue
        shown.append(Sitting(each, seat, tie.tie if tie else None, votes.get((each.id, seat.id)), tied, ready))
    return shown


def sitting(seat: Seat, one: Matter) -> Sitting:
    """One matter before a seat. NotFound when it is not this seat's to decide, or when the seat is tied to it: it is hidden everywhere."""
    tie, natural = untied(seat, one)
    if not is_entitled(seat, one):
        raise NotFound(_("We cannot find that page."))
    return Sitting(one, seat, tie.tie if tie else None, last_votes([one.id], seat.id).get((one.id, seat.id)), natural, accepted(seat))


def untied(seat: Seat, one: Matter) -> tuple[Interest | None, frozenset[int]]:
    """What a seat last declared, and who is tied by nature. NotFound when the seat is tied."""
    tie = last_ties([one.id], seat.id).get((one.id, seat.id))
    natural = tied_by_nature([one.about]).get(one.about, frozenset())
    if seat.person_id in natural or (tie is not None and tie.tie != "none"):
        raise NotFound(_("We cannot find that page."))
    return tie, natural


@dataclass(frozen=True)
class Place:
    """Where a matter stands among those before a seat: "3 of 11", with the references of its neighbours in line."""

    number: int
    of: int
    before: str | None
    after: str | None
    waiting: str | None  # the next one that waits for a word of this seat, this one left out


def place_in_line(seat: Seat, one: Matter) -> Place:
    """Among the open matters of the same sitting, or else of the panel, without those the seat is tied to. Two queries."""
    vote = exists().where(Vote.matter_id == Matter.id, Vote.seat_id == seat.id, standing_vote())
    together = Matter.sitting_id == one.sitting_id if one.sitting_id is not None else Matter.sitting_id.is_(None)
    rows = db.session.execute(
        select(Matter.ref, Matter.about, _last_tie().is_(None) if by_residents(one) else ~vote)
        .join(Seat, Seat.panel_id == Matter.panel_id)
        .where(Seat.id == seat.id, Matter.status == "open", together, entitled(), func.coalesce(_last_tie(), "none") == "none")
        .order_by(Matter.decide_by, Matter.id)
        .limit(300)
    ).all()
    natural = tied_by_nature(about for _ref, about, _waits in rows)
    line = [(ref, waits) for ref, about, waits in rows if seat.person_id not in natural.get(about, ())]
    refs = [ref for ref, _waits in line]
    if one.ref not in refs:
        return Place(0, len(refs), None, None, next((ref for ref, waits in line if waits), None))
    here = refs.index(one.ref)
    onward = [*line[here + 1 :], *line[:here]]
    return Place(
        here + 1,
        len(refs),
        refs[here - 1] if here else None,
        refs[here + 1] if here + 1 < len(refs) else None,
        next((ref for ref, waits in onward if waits), None),
    )


def waiting_for(person_id: int) -> Mapping[int, int]:
    """How many open matters wait for this person's word: panel id → number; at most a few dozen are looked at. Two queries."""
    rows = db.session.execute(WAITING, {"person": person_id, "today": clock.today(), "most": 50}).tuples().all()
    natural = tied_by_nature(about for _panel, about in rows)
    return Counter(panel_id for panel_id, about in rows if person_id not in natural.get(about, ()))


def my_sittings(person_id: int, limit: int = 100) -> Sequence[Sitting]:
    """What waits for this person on all their panels, the soonest first. Two queries; panels that were read already are not asked for again."""
    rows = db.session.execute(MINE, {"person": person_id, "today": clock.today(), "most": limit}).tuples().all()
    natural = tied_by_nature(one.about for one, _seat, _tie in rows)
    found = [Sitting(one, seat, tie, None, natural.get(one.about, frozenset()), accepted(seat)) for one, seat, tie in rows]
    return [each for each in found if person_id not in each.natural]


def may_read(person_id: int | None, about: str) -> bool:
    """Whether a seat of this person has opened this, now or in an earlier matter: for pictures that are not public."""
    for one in matters_about(about):
        seat = seat_of(person_id, one.panel_id)
        if seat is None:
            continue
        try:
            found = sitting(seat, one)
        except NotFound:
            continue
        if found.may_open:
            return True
    return False


def short_matters(person_id: int, limit: int = 100) -> Sequence[tuple[Matter, Panel]]:
    """Open matters that fewer seats can decide than the quorum, for an officer; without those they are tied to. Three queries."""
    rows = db.session.execute(
        select(Matter, Panel)
        .join(Panel, Panel.id == Matter.panel_id)
        .where(Matter.short, Matter.status == "open")
        .order_by(Matter.decide_by, Matter.id)
        .limit(limit)
    ).all()
    natural = tied_by_nature(one.about for one, _panel in rows)
    said: dict[int, str] = dict(  # the last of each counts
        db.session.execute(
            select(Interest.matter_id, Interest.tie)
            .join(Seat, Seat.id == Interest.seat_id)
            .where(Interest.matter_id.in_([one.id for one, _panel in rows]), Seat.person_id == person_id)
            .order_by(Interest.id)
        )
        .tuples()
        .all()
    )
    return [(one, panel) for one, panel in rows if person_id not in natural.get(one.about, ()) and said.get(one.id, "none") == "none"]


@dataclass(frozen=True)
class Standing:
    """How a matter stands, for whoever counts: who has voted, never what."""

    tally: Tally
    able: Sequence[SeatOf]
    tied: Sequence[tuple[SeatOf, str]]  # with the kind of tie
    silent: Sequence[SeatOf]  # able, but not voted yet
    untold: Sequence[SeatOf]  # able, but have not said yet whether something ties them
    votes: Mapping[int, Vote]  # seat → last vote; shown only after closing


def standing(one: Matter, natural: frozenset[int] | None = None) -> Standing:
    """Count a matter as it stands now, over the seats in term today; `natural` where it is known already who is tied by nature."""
    return standings([one], None if natural is None else {one.about: natural})[one.id]


def standings(some: Sequence[Matter], natural: Mapping[str, frozenset[int]] | None = None) -> Mapping[int, Standing]:
    """`standing` for several matters of one panel: matter id → how it stands. Three queries, one more for who is tied by nature, one for substitutes."""
    if not some:
        return {}
    if natural is None:
        natural = tied_by_nature(each.about for each in some)
    return standings_from(some, natural, seats_of(some[0].panel_id), last_ties([each.id for each in some]))


def standings_from(
    some: Sequence[Matter], natural: Mapping[str, frozenset[int]], everybody: Sequence[SeatOf], ties: Mapping[tuple[int, int], Interest]
) -> Mapping[int, Standing]:
    """`standings` of matters whose seats and ties were read already. One query, one more for substitutes."""
    today, ids = clock.today(), [each.id for each in some]
    votes = last_votes(ids)
    seats = [each for each in everybody if holds(each.seat, today)]
    called = called_to(ids) if any(each.seat.kind == "substitute" for each in seats) else {}
    return {
        one.id: _standing(one, seats, ties, votes, natural.get(one.about, frozenset()), called.get(one.id, frozenset())) for one in some
    }


def _standing(
    one: Matter,
    seats: Sequence[SeatOf],
    ties: Mapping[tuple[int, int], Interest],
    votes: Mapping[tuple[int, int], Vote],
    natural: frozenset[int],
    called: frozenset[int],
) -> Standing:
    able: list[SeatOf] = []
    tied: list[tuple[SeatOf, str]] = []
    for each in seats:
        if not decides(each.seat, one, called):
            continue
        said = ties.get((one.id, each.seat.id))
        if said is not None and said.tie != "none":
            tied.append((each, said.tie))
        elif each.seat.person_id in natural:
            tied.append((each, "member"))
        else:
            able.append(each)
    # a vote counts only of a seat that has said "no tie"
    cast = {
        each.seat.id: votes[one.id, each.seat.id] for each in able if (one.id, each.seat.id) in votes and (one.id, each.seat.id) in ties
    }
    tally = count([each.seat.id for each in able], len(tied), {seat: (vote.choice, vote.source) for seat, vote in cast.items()})
    untold = [each for each in able if (one.id, each.seat.id) not in ties]
    return Standing(tally, able, tied, [each for each in able if each.seat.id not in cast], untold, cast)


def open_in(sitting_id: int) -> int:
    """How many matters of a sitting are still open."""
    query = select(func.count()).select_from(Matter).where(Matter.sitting_id == sitting_id, Matter.status == "open")
    return db.session.scalar(query) or 0


def voted(one: Matter) -> int:
    """How many seats have voted: what a seat may know before closing."""
    return db.session.scalar(select(func.count(func.distinct(Vote.seat_id))).where(Vote.matter_id == one.id, standing_vote())) or 0


def _seats_of_person(person_id: int) -> list[dict[str, Any]]:
    """Seats with everything that was said from them; nobody else's votes."""
    seats = db.session.execute(select(Seat, Panel.name).join(Panel, Panel.id == Seat.panel_id).where(Seat.person_id == person_id)).all()
    ids = [seat.id for seat, _name in seats]
    votes = db.session.execute(
        select(Vote, Matter.ref).join(Matter, Matter.id == Vote.matter_id).where(Vote.seat_id.in_(ids)).order_by(Vote.id)
    ).all()
    mistakes = set(db.session.scalars(select(Struck.vote_id).join(Vote, Vote.id == Struck.vote_id).where(Vote.seat_id.in_(ids))))
    ties = db.session.execute(
        select(Interest, Matter.ref).join(Matter, Matter.id == Interest.matter_id).where(Interest.seat_id.in_(ids)).order_by(Interest.id)
    ).all()
    marks = db.session.execute(
        select(Mark, Matter).join(Matter, Matter.id == Mark.matter_id).where(Mark.seat_id.in_(ids)).order_by(Mark.id)
    ).all()
    return [
        {
            "panel": name, "kind": seat.kind, "chair": seat.chair, "from": seat.term_start.isoformat(), "to": seat.term_end and seat.term_end.isoformat(),
            "code of conduct accepted": seat.conduct_at and {"version": seat.conduct, "when": seat.conduct_at.isoformat()},
            "ties": [_tie(tie, ref, person_id) for tie, ref in ties if tie.seat_id == seat.id],
            "marks": [_marked(mark, one) for mark, one in marks if mark.seat_id == seat.id],
            "votes": [{"matter": ref, "vote": vote.choice, "reason": vote.reason, "when": vote.cast_at.isoformat(), "how": vote.source, "a mistake": vote.id in mistakes} for vote, ref in votes if vote.seat_id == seat.id],
        }
        for seat, name in seats
    ]  # fmt: skip


def _marked(mark: Mark, one: Matter) -> dict[str, Any]:
    asked = Threshold.load(one.rule).criteria[mark.criterion]
    return {"matter": one.ref, "question": asked, "mark": mark.mark, "reason": mark.reason, "when": mark.marked_at.isoformat()}


def _remarks_of_person(person_id: int) -> list[dict[str, Any]]:
    """What somebody said in the talks of panels, from a seat or as an officer."""
    rows = db.session.execute(
        select(Remark, Matter.ref).join(Matter, Matter.id == Remark.matter_id).where(Remark.person_id == person_id).order_by(Remark.id)
    )
    return [
        {"matter": ref, "said": row.words, "when": row.said_at.isoformat(), "taken back": row.struck_at and row.struck_at.isoformat()}
        for row, ref in rows
    ]


def _tie(tie: Interest, ref: str, person_id: int) -> dict[str, Any]:
    said: dict[str, Any] = {"matter": ref, "tie": tie.tie, "when": tie.declared_at.isoformat()}
    return said | (
        {"note": tie.note} if tie.declared_by_id == person_id else {"said by": "somebody else"}
    )  # whose note is for the officers


def _offers_of_person(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(SeatOffer, Panel.name)
        .join(Panel, Panel.id == SeatOffer.panel_id)
        .where(SeatOffer.person_id == person_id)
        .order_by(SeatOffer.id)
    )
    return [
        {"panel": name, "why": row.words, "when": row.offered_at.isoformat(), "state": row.status, "answer": row.answer}
        for row, name in rows
    ]


COLLECTORS["panels"] = _seats_of_person
COLLECTORS["talks of panels"] = _remarks_of_person
COLLECTORS["offers to sit on a panel"] = _offers_of_person
