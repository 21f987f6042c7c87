"""The public register: every decided bid, with reasons, votes, ties and money; individuals shielded.

Paged by key in both directions; found by words through the database's own full-text index. No counting, no skipping: first
the ids of a page are found along one index, then what is shown of them is read.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, column, false, func, literal, or_, select, table, text

from portal.clock import end_of_day, london_day, start_of_day
from portal.db import db, is_postgresql
from portal.errors import NotFound
from portal.exports.bodies import a_person, not_to_name, taken_down
from portal.few import FEW
from portal.grants import from_idea, kept, match_offers
from portal.grants import queries as grants
from portal.grants.model import BID_STATES, Appeal, Application, Award, Fund, Photo, Pledge, Report, Round
from portal.money import financial_year, year_bounds
from portal.outcomes import achieved
from portal.panels.model import Matter, Panel, Sitting
from portal.people.model import Organisation, Person
from portal.people.shield import shielded
from portal.places import queries as places
from portal.places.model import Area
from portal.words import N_, _

# said by what it is not: then SQLite goes along the dates, and does not gather and sort everything of a state
NOT_PROMISED = tuple(state for state in BID_STATES if state not in ("offered", "accepted"))
PAGE = 20
STATES = {"awarded": N_("Under way"), "finished": N_("Finished"), "returned": N_("Money came back"), "declined": N_("Not this time")}
TONES = {"awarded": "warm", "finished": "good"}  # how a state is coloured
TIES = {
    "family": N_("family"), "friend": N_("friend"), "member": N_("member of the group"), "money": N_("money"), "neighbour": N_("close neighbour"),
    "other": N_("another tie"), "nature": N_("part of the idea"),
}  # fmt: skip
APPEALED = {
    "open": N_("Not answered yet."),
    "upheld": N_("The appeal was right."),
    "not_upheld": N_("The rules were kept."),
    "withdrawn": N_("The appeal was taken back."),
}
SORTS = {"": N_("Newest first"), "oldest": N_("Oldest first"), "most": N_("Most money first")}
OF_AWARDS = {
    "awarded": ("reserved", "conditions_open", "ready_to_pay", "paid", "reporting"),
    "finished": ("closed",),
    "returned": ("returned",),
}
COUNTED = ("able", "tied", "yes", "no", "not_yet", "abstain", "ballots")  # of a tally, in public
MANY_WORDS = 8
# words that say nothing about an idea; PostgreSQL's English dictionary leaves them out of its index
NOISE = {
    "an",
    "and",
    "are",
    "as",
    "at",
    "be",
    "by",
    "for",
    "from",
    "in",
    "is",
    "it",
    "of",
    "on",
    "or",
    "our",
    "that",
    "the",
    "this",
    "to",
    "was",
    "we",
    "with",
}


@dataclass(frozen=True)
class Asked:
    """What somebody looks for, as it stands in the address; all of it may be nonsense."""

    q: str = ""
    area: str = ""  # code; what lies in it counts too
    year: str = ""
    fund: str = ""  # code
    state: str = ""
    sort: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order was asked for."""
        return any((self.q, self.area, self.year, self.fund, self.state))

    def address(self, **more: str) -> str:
        """The address of this question, with a place to go on from."""
        values = {name: value for name, value in (vars(self) | more).items() if value}
        return "/register/" + ("?" + urlencode(values) if values else "")


@dataclass(frozen=True)
class Line:
    """A bid in the register's list. Money in pence; `who` never names an individual."""

    ref: str
    title: str
    summary: str
    who: str
    area: str
    fund: str
    asked: int
    awarded: int | None
    paid: int
    state: str
    released_at: datetime
    area_code: str
    fund_code: str
    withheld: bool = False  # an officer took its words down


@dataclass(frozen=True)
class Found:
    """One page of the register, and the addresses of the pages beside it, if there are any."""

    lines: Sequence[Line]
    years: Sequence[str]  # financial years with an entry, newest first
    newer: str | None = None
    older: str | None = None


# the names of a bid's neighbours, a line each: the list hides what the entry hides
NEIGHBOURS = (
    select(func.aggregate_strings(Pledge.name, "\n")).where(Pledge.application_id == Application.id).scalar_subquery().label("neighbours")
)


def shown() -> ColumnElement[bool]:
    """What the public may see: told to the applicant, and either promised money (not turned down, lapsed or given back unpaid)
    or declined by the panel."""
    return and_(
        Application.released_at.is_not(None),
        or_(
            and_(Application.decided == "yes", Application.status.not_in(NOT_PROMISED)),
            and_(Application.decided == "no", Application.status == "declined"),
        ),
    )


def bids() -> Any:
    """What is told of a bid in the list, without any condition yet."""
    return (
        select(
            Application.id, Application.ref, Application.title, Application.public_summary, Application.decision_reason, Person.name.label("applicant"),
            Organisation.name.label("organisation"), Area.name.label("area"), Area.code.label("area_code"), Award.ward_name,
            Fund.name.label("fund"), Fund.code.label("fund_code"), Application.asked, Award.amount,
            Award.paid, Award.status.label("award_status"), Award.delivered, Award.given, Award.id.label("award_id"), Application.decided, Application.released_at,
            a_person().label("a_person"), taken_down().label("withheld"),
        )
        .join(Round, Round.id == Application.round_id)
        .join(Fund, Fund.id == Round.fund_id)
        .join(Area, Area.id == Application.area_id)
        .join(Person, Person.id == Application.person_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .outerjoin(Award, Award.application_id == Application.id)
    )  # fmt: skip


def matching(words_typed: str) -> ColumnElement[bool] | None:
    """Bids whose title or summary hold all of the words, or longer ones that begin like them ("gard" finds "gardens").

    None when nothing to look for was typed. Never raises on punctuation: only letters and digits reach the index.
    """
    words = [word for word in re.findall(r"[^\W_]+", words_typed.casefold()) if len(word) > 1 and word not in NOISE][:MANY_WORDS]
    if not words:
        return None
    if is_postgresql():
        vector = func.to_tsvector(text("'english'"), Application.title + " " + Application.public_summary)
        return vector.op("@@")(func.to_tsquery(text("'english'"), " & ".join(f"'{word}':*" for word in words)))
    found = table("application_words", column("rowid"), column("application_words"))
    quoted = " ".join(f'"{word}"*' for word in words)
    return Application.id.in_(select(found.c.rowid).where(found.c.application_words.op("MATCH")(quoted)))


def narrowed(asked: Asked) -> Any:
    """A select of the ids of what was asked for; with awards where they are asked for, or sorted by."""
    if asked.state in ("awarded", "finished") and not (asked.q or asked.area or asked.fund or asked.year):
        return select(Award.application_id).where(Award.status.in_(OF_AWARDS[asked.state]))  # such an award says all that _shown asks
    query = select(Application.id).where(shown())
    if (words := matching(asked.q)) is not None:
        query = query.where(words, ~taken_down())
    if asked.area or asked.fund:
        areas, rounds = _inside(asked)
        for column_of, ids in (
            (Application.area_id, areas if asked.area else None),
            (Application.round_id, rounds if asked.fund else None),
        ):
            if ids is not None:  # one alone is said as such: then the index gives the order too
                query = query.where(false() if not ids else column_of == ids[0] if len(ids) == 1 else column_of.in_(ids))
    if asked.year:
        query = query.where(*in_year(asked.year))
    if asked.state == "declined":
        return query.where(Application.decided == "no")
    if asked.state and asked.state not in OF_AWARDS:
        return query.where(false())
    if asked.state or asked.sort == "most":
        query = query.join(Award, Award.application_id == Application.id)
    return query.where(Award.status.in_(OF_AWARDS[asked.state])) if asked.state else query


def in_year(year: str) -> tuple[ColumnElement[bool], ...]:
    """Bids whose decision was told in a financial year; none of them when that is no year."""
    try:
        first, last = year_bounds(year)
    except ValueError:
        return (false(),)
    return (Application.released_at >= start_of_day(first), Application.released_at <= end_of_day(last))


def order_of(asked: Asked) -> tuple[Any, Any, bool]:
    """What a page is sorted by, the id that settles ties, and whether the greatest comes first: columns of one index."""
    if asked.sort == "most" and asked.state != "declined":
        return Award.amount, Award.application_id, True
    if asked.state in OF_AWARDS:
        return Award.offered_at, Award.application_id, asked.sort != "oldest"
    return Application.released_at, Application.id, asked.sort != "oldest"


def _inside(asked: Asked) -> tuple[list[int], list[int]]:
    """The ids of the areas and of the rounds that were asked for. One query."""
    areas = places.within(asked.area).subquery()
    rounds = select(Round.id).join(Fund, Fund.id == Round.fund_id).where(Fund.code == asked.fund).subquery()
    rows = db.session.execute(select(literal("area"), areas.c.id).union_all(select(literal("round"), rounds.c.id))).all()
    return [id_ for what, id_ in rows if what == "area"], [id_ for what, id_ in rows if what == "round"]


def search(asked: Asked, *, after: str = "", before: str = "", limit: int = PAGE) -> Found:
    """A page of the register: the first, or the one after or before an entry by its reference. Three queries, four for a place or fund.

    One more than `limit` is read, to know whether there is more. A reference that is not in the register begins anew.
    """
    by, id_of, falling = order_of(asked)
    query = narrowed(asked)
    back = bool(before) and not after
    years, here = _bearings(after or before, by, id_of)
    if here is not None:
        falling = falling != back
        value, id_ = here
        # said twice, so that the index is entered at this place
        query = query.where(by <= value if falling else by >= value)
        query = query.where(or_(by < value, id_of < id_) if falling else or_(by > value, id_of > id_))
    order = (by.desc(), id_of.desc()) if falling else (by, id_of)
    ids = list(db.session.scalars(query.order_by(*order).limit(limit + 1)))
    more, ids = len(ids) > limit, ids[:limit]
    if here is not None and back:
        ids.reverse()
        if not ids:  # somebody went back from the first page
            return search(asked, limit=limit)
    found = db.session.execute(bids().add_columns(NEIGHBOURS).where(Application.id.in_(ids))) if ids else ()
    rows = {row.id: line_of(row, (row.neighbours or "").split("\n")) for row in found}
    lines = [rows[id_] for id_ in ids]
    earlier, later = (more, True) if here is not None and back else (here is not None, more)
    return Found(
        lines,
        years,
        newer=asked.address(before=lines[0].ref) if lines and earlier else asked.address() if earlier else None,
        older=asked.address(after=lines[-1].ref) if lines and later else None,
    )


def not_needed(asked: Asked) -> int:
    """Pence that grants did not need to pay for, because neighbours gave the thing itself, in the place and year that were asked for. One query."""
    try:
        first, last = year_bounds(asked.year) if asked.year else (None, None)
    except ValueError:
        return 0
    return kept.not_needed(area=asked.area, first=first, last=last)


def _bearings(ref: str, by: Any, id_of: Any) -> tuple[Sequence[str], tuple[Any, int] | None]:
    """The years of the register, from its first and last entry, and where the entry `ref` stands in the order. One query."""
    ends = [select(which(Application.released_at)).scalar_subquery() for which in (func.min, func.max)]
    here = select(Application.id).where(Application.ref == ref, shown()).scalar_subquery()
    place = [select(each).where(id_of == here).scalar_subquery() for each in (by, id_of)]
    row: Any = db.session.execute(select(*ends, *place)).one()
    first, last, value, id_ = row
    if first is None or last is None:
        return [], None
    years = [f"{year}-{(year + 1) % 100:02d}" for year in range(_begin(last), _begin(first) - 1, -1)]
    return years, None if id_ is None else (value, id_)


def _begin(at: datetime) -> int:
    """The calendar year in which an instant's financial year begins."""
    return int(financial_year(london_day(at))[:4])


def line_of(row: Any, names: Iterable[str] = ()) -> Line:
    """A row of `bids`, with the names of these people and of who asked left out."""
    awarded = row.decided == "yes" and row.award_status is not None
    state = "declined" if not awarded else {"closed": "finished", "returned": "returned"}.get(row.award_status, "awarded")
    hidden = [*not_to_name(row), *names]
    title, summary = (_("Words taken down"), "") if row.withheld else (shielded(row.title, hidden), shielded(row.public_summary, hidden))
    return Line(
        ref=row.ref, title=title, summary=summary,
        who=_who(row) if awarded else "", area=row.area, fund=row.fund, asked=row.asked,
        awarded=row.amount if awarded else None, paid=row.paid or 0, state=state, released_at=row.released_at, area_code=row.area_code, fund_code=row.fund_code,
        withheld=row.withheld,
    )  # fmt: skip


def _who(row: Any) -> str:
    ward = row.ward_name or row.area
    if row.organisation and not row.a_person:
        return _("A group in %(ward)s", ward=ward) if row.withheld else str(row.organisation)
    return _("A resident of %(ward)s", ward=ward)


@dataclass(frozen=True)
class Picture:
    """A public photo: where it is, its size in pixels, what it shows."""

    ref: str
    width: int
    height: int
    alt: str


def pictures(photos: Iterable[Photo], names: Iterable[str]) -> Sequence[Picture]:
    """Those that are for everybody, with these people's names left out of what they show."""
    return [Picture(photo.ref, photo.width, photo.height, shielded(photo.alt, names)) for photo in photos if photo.public]


@dataclass(frozen=True)
class Appealed:
    """An appeal as everybody may read it: the kind of ground and what came of it, nothing that anybody wrote."""

    ground: str
    made_on: date
    outcome: str  # upheld, not_upheld, withdrawn; "open" while it is not answered
    final: bool  # nothing can follow any more


@dataclass(frozen=True)
class Entry:
    """One bid as everybody may read it."""

    line: Line
    reason: str
    tally: dict[str, Any] | None
    ties: Sequence[str]
    hours_pledged: int
    hours_delivered: int
    other_pledged: int  # things, rooms and money, in pence at cost
    other_given: int
    neighbours: int | None  # None: fewer than FEW, not said
    happened: str
    changed: str
    photos: Sequence[Picture]
    appeals: Sequence[Appealed]
    minutes: str = ""  # the address of the minutes in which the decision stands
    not_needed: int = 0  # pence that need not be paid, because neighbours gave the thing itself
    added: int = 0  # pence that funders added to the fund for what neighbours raised
    added_by: str = ""  # their names
    hopes: Sequence[achieved.Hoped] = ()  # what it hoped for, and how far it came
    story: achieved.Read | None = None  # what the applicant tells everybody, while they agree
    origin: from_idea.Origin | None = None  # where it began, when that was a card on the wall of ideas


def entry(ref: str) -> Entry:
    """One bid of the register. NotFound for what is not public. Six queries."""
    # of a report what an officer has read and accepted, and the applicant lets us print
    query = bids().outerjoin(Report, (Report.award_id == Award.id) & (Report.status == "accepted") & Report.may_publish)
    query = query.add_columns(
        Report.id.label("report_id"), Report.happened, Report.changed, kept.of_bid().label("not_needed"), *match_offers.added_to_bid()
    )
    row = db.session.execute(achieved.beside(query).where(Application.ref == ref, shown())).one_or_none()
    if row is None:
        raise NotFound(_("There is no such entry in the register."))
    about = f"bid:{row.id}"
    asked = grants.pledges_of(row.id)
    names = [*not_to_name(row), *(pledge.name for pledge in asked)]  # also of those who said no
    pledges = [pledge for pledge in asked if pledge.status in ("confirmed", "delivered", "checked")]
    neighbours = len({grants.worker_of(pledge) for pledge in pledges})
    tally, minutes = _decision(about)
    photos = (
        grants.photos_of(about, *([f"report:{row.report_id}"] if row.report_id else []))
        if row.decided == "yes" and not row.withheld
        else []
    )
    told = dict.fromkeys(("reason", "happened", "changed"), "")
    line = line_of(row, names)
    hopes, story = achieved.in_public(row, line.title, line.area, names)
    if row.withheld:  # what it hoped for are the scheme's words; what was told are the applicant's
        hopes, story = [replace(each, happened="") for each in hopes], None
    else:
        told = {"reason": row.decision_reason, "happened": row.happened or "", "changed": row.changed or ""}
    return Entry(
        hopes=hopes, story=story, line=line, **{name: shielded(words, names) for name, words in told.items()}, tally=tally, ties=tuple((tally or {}).get("ties", ())),
        hours_pledged=sum(pledge.minutes for pledge in pledges), hours_delivered=int(row.delivered or 0),
        other_pledged=sum(pledge.value for pledge in pledges), other_given=int(row.given or 0),
        neighbours=neighbours if neighbours >= FEW else None,
        photos=pictures(photos, names),
        appeals=[appealed(each) for each in reversed(grants.appeals_of(row.id))], minutes=minutes, not_needed=int(row.not_needed), added=int(row.added), added_by=row.added_by or "", origin=None if row.withheld else from_idea.origin_of(row.id),
    )  # fmt: skip


def _decision(about: str) -> tuple[dict[str, Any] | None, str]:
    """The tally that counts, and the address of the minutes with it that everybody may read: of its sitting, or of the month in which
    it was decided on its own. One query.
    """
    query = (
        select(Matter, Panel.ref, Sitting.ref, Sitting.published_at)
        .join(Panel, Panel.id == Matter.panel_id)
        .outerjoin(Sitting, Sitting.id == Matter.sitting_id)
        .where(Matter.about == about, Matter.status != "withdrawn")
        .order_by(Matter.id.desc())
        .limit(1)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None, ""
    matter, panel, sitting, told = row
    where = sitting if told is not None else None if sitting or matter.closed_at is None else f"{london_day(matter.closed_at):%Y-%m}"
    return dict(matter.tally) if matter.tally else None, f"/panels/{panel}/sittings/{where}/minutes#{matter.ref}" if where else ""


def appealed(row: Appeal) -> Appealed:
    waits = row.status in ("open", "second_stage")
    return Appealed(row.ground, london_day(row.opened_at), "open" if waits or row.outcome is None else row.outcome, row.status == "closed")


@dataclass(frozen=True)
class Anew:
    """What stands where an entry stood whose no was appealed, and rightly: until there is a new decision, that and nothing of the old."""

    ref: str
    title: str
    area: str
    fund: str
    appeals: Sequence[Appealed]


def looked_at_anew(ref: str) -> Anew:
    """One bid that was in the register and is decided anew after an appeal. NotFound for any other. Three queries."""
    right = select(Appeal.application_id).where(Appeal.remedy == "anew", Appeal.against == "no")
    under_way = Application.status.in_(("sent", "more_asked", "with_panel", "decided"))
    row = db.session.execute(bids().where(Application.ref == ref, under_way, Application.id.in_(right))).one_or_none()
    if row is None:
        raise NotFound(_("There is no such entry in the register."))
    names = [*not_to_name(row), *(pledge.name for pledge in grants.pledges_of(row.id))]
    return Anew(row.ref, shielded(row.title, names), row.area, row.fund, [appealed(each) for each in reversed(grants.appeals_of(row.id))])


def anew_as_data(one: Anew) -> dict[str, Any]:
    """The same for programs."""
    return {
        "reference": one.ref,
        "title": one.title,
        "area": one.area,
        "fund": one.fund,
        "state": "anew",
        "appeals": appeals_as_data(one.appeals),
    }


def appeals_as_data(some: Sequence[Appealed]) -> list[dict[str, Any]]:
    return [{"ground": each.ground, "made_on": each.made_on, "outcome": each.outcome, "final": each.final} for each in some]


def as_data(one: Entry) -> dict[str, Any]:
    """An entry for programs: the facts of its page, sums in pence, time in minutes. What is not known, or not said, is left out."""
    line = one.line
    facts: dict[str, Any] = {
        "reference": line.ref, "words_taken_down": line.withheld or None, "title": line.title, "summary": line.summary, "area": line.area, "fund": line.fund, "state": line.state,
        "decided_on": london_day(line.released_at), "recipient": line.who, "asked_pence": line.asked, "awarded_pence": line.awarded,
        "paid_pence": line.paid if line.awarded is not None else None, "pledged_minutes": one.hours_pledged,
        "delivered_minutes": one.hours_delivered if line.awarded is not None else None, "pledged_other_help_pence": one.other_pledged,
        "delivered_other_help_pence": one.other_given if line.awarded is not None else None, "not_needed_pence": one.not_needed or None, "neighbours": one.neighbours, "reason": one.reason,
        "votes": {name: one.tally[name] for name in COUNTED if name in one.tally} if one.tally else None, "declared_ties": list(one.ties),
        "appeals": appeals_as_data(one.appeals), "origin": one.origin.words if one.origin is not None else None,
        "hoped_for": [{"words": each.words, "heading": each.heading, "how_far": each.how_far, "what_happened": each.happened} for each in one.hopes] or None,
        "story": one.story.words if one.story is not None else None, "what_happened": one.happened, "what_changed": one.changed, "photos": [f"/photos/{photo.ref}.jpg" for photo in one.photos],
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value not in (None, "")}


def places_and_funds() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(code, name) of the areas in use and of all funds, by name. One query."""
    areas = select(literal("area").label("what"), Area.code, Area.name.label("name")).where(
        Area.archived_at.is_(None), Area.kind != "scheme"
    )
    rows = db.session.execute(areas.union_all(select(literal("fund"), Fund.code, Fund.name)).order_by("name")).all()
    return [(code, name) for what, code, name in rows if what == "area"], [(code, name) for what, code, name in rows if what == "fund"]
