"""Minutes of a panel: who sat, what was decided, by which rule and why. What is said of it: minutes_words.py.

A sitting is that of a dated round; of what a panel decides one by one, it is a calendar month. The panel reads them from the count on,
as a draft until the letters are out, without anything that a seat is tied to. Everybody reads them after that, as shielded as the
register, and never more than it or the page of the result tells. Private remarks are in neither.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.errors import NotFound
from portal.exports import register
from portal.exports.bodies import taken_down
from portal.grants import queries as grants
from portal.grants.model import Appeal, Application
from portal.grants.ties import bid_of
from portal.history import Event
from portal.panels import marking, queries, sittings
from portal.panels.model import Conduct, Matter, Panel, Sitting
from portal.panels.rules import Threshold
from portal.people.access import Anybody
from portal.people.shield import shielded
from portal.words import _

LETTERS = ("offered", "reserved", "refused", "not_yet")  # the events with which a letter about a decision goes out
MOST_MONTHS = 6  # on the page of a panel

Titles = Callable[[Sequence[str]], Mapping[str, str]]  # abouts → what they are called


@dataclass(frozen=True)
class Followed:
    """What became of a decision: its letter, what it said, and what came of an appeal against it."""

    told_at: datetime | None = None
    letter: str = ""  # one of LETTERS; nothing where there is none
    place: int | None = None  # on the reserve list
    reason: str = ""
    conditions: Sequence[str] = ()
    appeals: Sequence[register.Appealed] = ()
    anew: bool = False  # it counts no more: it was undone before the letter, or set aside by an appeal
    taken_back: bool = False  # by whoever asked, before the letter
    registered: bool = False  # stands in the public register
    withheld: bool = False  # an officer took its words down: everybody's version is without them


@dataclass(frozen=True)
class Decided:
    """One matter as it was counted. `marks`: question, sum of the marks and how many gave one; empty before they were shown."""

    matter: Matter
    title: str
    marks: Sequence[tuple[str, int, int]]
    followed: Followed
    names: Sequence[str] = ()  # full names that everybody's version leaves out

    @property
    def tally(self) -> Mapping[str, Any]:
        return self.matter.tally or {}

    @property
    def by_residents(self) -> bool:
        """Whether residents decided it, and not the seats."""
        return bool(self.tally.get("ballots"))

    @property
    def waits(self) -> bool:
        """Whether its letter is still to go out."""
        what = self.followed
        return what.told_at is None and self.matter.outcome != "no_quorum" and not what.anew and not what.taken_back


@dataclass(frozen=True)
class Sat:
    """A seat that could decide something of a sitting. `of`: how many matters it could vote on; `sources`: how its votes came."""

    name: str
    kind: str  # member, substitute, guest
    chair: bool
    voted: int
    of: int
    sources: Mapping[str, int]


@dataclass(frozen=True)
class Minutes:
    """One sitting, or one month of a panel, as one reader may know it."""

    panel: Panel
    sitting: Sitting | None
    month: date | None  # its first day
    decided: Sequence[Decided]
    sat: Sequence[Sat]
    conduct: Sequence[tuple[int, datetime]]  # versions of the code of conduct that were in force, and since when
    inside: bool  # the reader is a seat or an officer, and may have either version
    public: bool  # this is the version for everybody
    draft: bool  # letters are still to go out, or the month is not over
    shared: bool  # whether this reader may know how the pot was shared: it cannot be told without every matter
    hidden: int = 0  # for everybody: decided, but nothing that the register tells of
    has_public: bool = False  # whether there is a version for everybody
    undone: Sequence[Event] = ()  # earlier counts of the sitting that were undone, for whoever may read all of it
    accepts_first: bool = False  # the reader has not accepted the code of conduct, so there is nothing to read yet

    @property
    def running(self) -> bool:
        """Whether these are of a month that is not over."""
        return self.month is not None and clock.today() < _after(self.month)

    @property
    def turnout(self) -> Mapping[str, int] | None:
        """Ballots of residents by phone and paper, and spoilt papers; None where the seats voted."""
        found = self.sitting.result.get("turnout") if self.sitting is not None and self.sitting.result is not None else None
        return dict(found) if found else None


def read(who: Anybody, panel_ref: str, ref: str, titles: Titles, *, for_everybody: bool = False) -> Minutes:
    """The minutes of a sitting (its reference) or a month ("2026-06") for one reader; `titles` names matters for the panel.

    NotFound: nothing was counted; or the reader is neither seat nor officer, or asks for what everybody reads, and nothing is public yet.
    """
    panel = queries.panel(panel_ref)
    sitting, month = (None, _month(ref)) if re.fullmatch(r"[0-9]{4}-[0-9]{2}", ref) else (sittings.sitting(panel.id, ref), None)
    matters = sittings.matters_of(sitting) if sitting is not None else _decided_in(panel, month)
    matters = [each for each in matters if each.status == "closed"]
    if not matters or (sitting is not None and sitting.status != "counted"):
        raise NotFound(_("We cannot find that page."))
    here = sittings.access_to(who, panel.id, matters)
    officer = who.can("manage panels")
    mine = None if officer or here.seat is None else sittings.readings(here, matters)
    inside = here.seat is not None or officer
    told = sitting is not None and sitting.published_at is not None
    followed = follow(matters)
    known = [each for each in matters if followed[each.id].registered or (told and sitting is not None and sitting.result is not None)]
    has_public = bool(known) and (told or sitting is None)
    accepted = here.seat is None or queries.accepted(here.seat)
    if has_public and (not accepted or (told and here.tied) or (mine is not None and not mine)):
        inside = False  # what everybody reads
    public = not inside or for_everybody
    if public and not has_public:
        raise NotFound(_("We cannot find that page."))
    if not public and not accepted:
        return Minutes(panel, sitting, month, [], [], [], inside=True, public=False, draft=True, shared=False, accepts_first=True)
    shown = known if public else [each for each in matters if each.id not in here.tied and (mine is None or each.id in mine)]
    decided = _decisions(shown, followed, titles, public=public)
    whole = public or (not here.tied and (mine is None or len(mine) == len(matters)))
    return Minutes(
        panel, sitting, month, decided, _who_sat(panel, shown), _conduct(panel, shown), inside=inside, public=public,
        draft=_is_draft(sitting, month, decided), shared=sitting is not None and sitting.result is not None and whole,
        hidden=sum(each not in known and followed[each.id].told_at is not None for each in matters) if public else 0, has_public=has_public,
        undone=sittings.undone(sitting) if sitting is not None and whole else (),
    )  # fmt: skip


def _month(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[5:]), 1)
    except ValueError as why:
        raise NotFound(_("We cannot find that page.")) from why


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _decided_in(panel: Panel, month: date | None) -> Sequence[Matter]:
    """What a panel decided on its own in a month, the first first."""
    if month is None or month.year == date.max.year:
        return []
    first, end = clock.start_of_day(month), clock.start_of_day(_after(month))
    query = select(Matter).where(Matter.panel_id == panel.id, Matter.status == "closed", Matter.sitting_id.is_(None))
    return db.session.scalars(query.where(Matter.closed_at >= first, Matter.closed_at < end).order_by(Matter.closed_at, Matter.id)).all()


def months(panel_id: int) -> Sequence[date]:
    """The last months in which a panel decided something on its own, newest first. One query."""
    query = select(Matter.closed_at).where(Matter.panel_id == panel_id, Matter.status == "closed", Matter.sitting_id.is_(None))
    found = (
        clock.london_day(at).replace(day=1)
        for at in db.session.scalars(query.order_by(Matter.closed_at.desc()).limit(500))
        if at is not None
    )
    return list(dict.fromkeys(found))[:MOST_MONTHS]


def months_beside(panel_id: int, month: date) -> tuple[date | None, date | None]:
    """The nearest months before and after one in which a panel decided something on its own. One query."""
    query = select(Matter.closed_at).where(Matter.panel_id == panel_id, Matter.status == "closed", Matter.sitting_id.is_(None)).limit(1)
    before = query.where(Matter.closed_at < clock.start_of_day(month)).order_by(Matter.closed_at.desc())
    after = query.where(Matter.closed_at >= clock.start_of_day(_after(month))).order_by(Matter.closed_at)
    found = db.session.execute(select(before.scalar_subquery(), after.scalar_subquery())).tuples().one()
    earlier, later = (at and clock.london_day(at).replace(day=1) for at in found)
    return earlier, later


def _is_draft(sitting: Sitting | None, month: date | None, decided: Sequence[Decided]) -> bool:
    if sitting is not None:
        return sitting.published_at is None
    assert month is not None
    return clock.today() < _after(month) or any(each.waits for each in decided)


# --- who sat -----------------------------------------------------------------------------------------------------------------


def _who_sat(panel: Panel, matters: Sequence[Matter]) -> Sequence[Sat]:
    """The seats that could vote on any of these, as they were when it was counted: the chair first, then by kind and name. Two queries,
    one more for matters that were counted before their seats were kept: of those, who voted.
    """
    votes = queries.last_votes([each.id for each in matters])
    people = {each.seat.id: each for each in queries.seats_of(panel.id)}
    matters = [each for each in matters if not (each.tally or {}).get("ballots")]  # there, residents voted
    unkept = [each.id for each in matters if "seats" not in (each.tally or {})]
    ties = queries.last_ties(unkept) if unkept else {}
    found: dict[int, dict[str, Any]] = {}
    for matter in matters:
        kept = (matter.tally or {}).get("seats")
        if kept is None:
            voted = [people[seat].seat for of, seat in votes if of == matter.id and (of, seat) in ties and ties[of, seat].tie == "none"]
            kept = [{"seat": seat.id, "kind": seat.kind, "chair": seat.chair} for seat in voted]
        for each in kept:
            one = found.setdefault(each["seat"], {"kind": each["kind"], "chair": False, "voted": 0, "of": 0, "sources": {}})
            one["chair"] = one["chair"] or each["chair"]
            one["of"] += 1
            if (vote := votes.get((matter.id, each["seat"]))) is not None:
                one["voted"] += 1
                one["sources"][vote.source] = one["sources"].get(vote.source, 0) + 1
    sat = [Sat(people[seat].name, **one) for seat, one in found.items()]
    return sorted(sat, key=lambda each: (not each.chair, ("member", "substitute", "guest").index(each.kind), each.name))


def _conduct(panel: Panel, matters: Sequence[Matter]) -> Sequence[tuple[int, datetime]]:
    """The versions of the code of conduct that were in force when these were counted."""
    versions = db.session.execute(
        select(Conduct.version, Conduct.published_at).where(Conduct.panel_id == panel.id).order_by(Conduct.version)
    ).all()
    in_force = {max((version for version, since in versions if since <= each.closed_at), default=0) for each in matters if each.closed_at}
    return [(version, since) for version, since in versions if version in in_force]


# --- what was decided --------------------------------------------------------------------------------------------------------


def _decisions(matters: Sequence[Matter], followed: Mapping[int, Followed], titles: Titles, *, public: bool) -> Sequence[Decided]:
    """Each with its name (for everybody as the register has it), and with the marks of the seats that could vote on it."""
    named = titles([each.about for each in matters]) if matters else {}
    names = grants.names_in([bid_of(each.about) for each in matters if each.about.startswith("bid:")]) if public else {}
    given = marking.marks_of([each.id for each in matters])
    found = []
    for each in matters:
        criteria = Threshold.load(each.rule).criteria if each.revealed_at is not None else ()
        able = {one["seat"] for one in (each.tally or {}).get("seats", ())}
        marks = [own for (of, seat), own in given.items() if of == each.id and seat in able]
        by_question = [[own[number].mark for own in marks if number in own] for number in range(len(criteria))]
        means = [(question, sum(row), len(row)) for question, row in zip(criteria, by_question, strict=True) if row]
        hidden = names.get(bid_of(each.about), ()) if each.about.startswith("bid:") else ()
        title, became = named.get(each.about, ""), followed[each.id]
        if public and became.withheld:
            title, became = "", replace(became, reason="", conditions=())
        found.append(Decided(each, (shielded(title, hidden) if public else title) or each.ref, means, became, hidden))
    return found


def _bids(abouts: Sequence[str]) -> Mapping[str, Any]:
    """Bids as they stand, and whether the register tells of them. One query."""
    ids = {bid_of(each): each for each in abouts if each.startswith("bid:")}
    query = select(
        Application.id,
        Application.status,
        Application.decision_reason,
        Application.conditions,
        register.shown().label("registered"),
        taken_down().label("withheld"),
    )
    return {ids[row.id]: row for row in db.session.execute(query.where(Application.id.in_(ids)))} if ids else {}


def follow(matters: Sequence[Matter]) -> Mapping[int, Followed]:
    """Matter id → what became of its decision. Four queries.

    A bid may come before a panel more than once. To a decision belongs the letter that went out after it and before the bid's next
    matter was opened, and the appeal against that letter. What stands on the bid itself belongs to its last decision alone.
    """
    bids = _bids([each.about for each in matters])
    later: dict[str, list[Matter]] = {}
    for row in db.session.scalars(select(Matter).where(Matter.about.in_(list(bids))).order_by(Matter.id)):
        later.setdefault(row.about, []).append(row)
    letters = _by_about(
        db.session.scalars(select(Event).where(Event.about.in_(list(bids)), Event.kind.in_(LETTERS)).order_by(Event.id)).all()
    )
    appeals: dict[str, list[Appeal]] = {}
    for appeal in db.session.scalars(select(Appeal).where(Appeal.application_id.in_([bid_of(each) for each in bids])).order_by(Appeal.id)):
        appeals.setdefault(f"bid:{appeal.application_id}", []).append(appeal)
    return {
        each.id: _followed(each, bids[each.about], later[each.about], letters.get(each.about, []), appeals.get(each.about, []))
        if each.about in bids
        else Followed(told_at=each.closed_at)  # what is no bid has no letter: the count itself brings it about
        for each in matters
    }


def _by_about(events: Sequence[Event]) -> Mapping[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.about, []).append(event)
    return found


def _followed(matter: Matter, bid: Any, all_of_it: Sequence[Matter], letters: Sequence[Event], appeals: Sequence[Appeal]) -> Followed:
    since, until = matter.closed_at, next((each.opened_at for each in all_of_it if each.id > matter.id), None)
    assert since is not None
    letter = next((each for each in letters if each.at >= since and (until is None or each.at <= until)), None)
    about_it = [each for each in appeals if since <= each.letter_at and (until is None or each.letter_at <= until)]
    last = until is None
    stands = last and (letter is not None or bid.status == "decided")  # what the bid says is about this
    return Followed(
        told_at=letter.at if letter else None,
        letter=letter.kind if letter else "",
        place=letter.data.get("place") if letter else None,
        # first where a name goes when its bearer leaves
        reason=(bid.decision_reason if stands else "")
        or (letter.reason if letter else "")
        or next((each.letter_reason for each in about_it), ""),
        conditions=bid.conditions if stands else (),
        # as in the register: what was never in it does not come into it by an appeal
        appeals=[register.appealed(each) for each in about_it] if letter is not None and letter.kind in ("offered", "refused") else [],
        anew=(letter is None and not last and matter.outcome != "no_quorum") or any(each.remedy == "anew" for each in about_it),
        taken_back=letter is None and last and bid.status == "withdrawn",
        registered=bool(bid.registered) and last and letter is not None,
        withheld=bool(bid.withheld),
    )
