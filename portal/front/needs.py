"""What needs an officer or finance today: one list for the desk and the home page, so that both say the same.

Each need is a query of what waits. It is counted, and on the desk its first few are named, each with how long it waits, the day by which
it must be done, and the page where it is done in one tap.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Text, and_, cast, func, literal, or_, select, union_all

from portal import clock
from portal.db import db
from portal.front import of_money
from portal.front.need import Need, day_of, not_by
from portal.grants import quick
from portal.grants.model import (
    Appeal,
    Application,
    Award,
    MoreAsked,
    QuickFloat,
    QuickSpark,
    Release,
    Report,
    Round,
)
from portal.grants.queries import lies_in
from portal.grants.ties import free_to_judge, visible_to
from portal.outbox import Message
from portal.outcomes.model import Story
from portal.panels.model import Matter, SeatOffer
from portal.people.model import Merger, Organisation, Person
from portal.words import N_, _n

MOST = 99  # a larger number tells nobody more
FIRST = 3  # of each need are named


@dataclass(frozen=True)
class Item:
    """One thing to do: where, what it is about, since when it waits and until when it should be done."""

    href: str
    name: str
    since: date | None
    due: date | None

    @property
    def late(self) -> bool:
        return self.due is not None and self.due < clock.today()

    @property
    def days(self) -> int | None:
        """For how many days it has waited."""
        return None if self.since is None else max((clock.today() - self.since).days, 0)


@dataclass(frozen=True)
class Heap:
    """What waits of one sort: how many (up to MOST + 1), how many of them are late, the first few, and the page of all."""

    name: str
    number: int
    late: int
    need: Need
    items: Sequence[Item]

    @property
    def days(self) -> int:
        """How long the one that has waited longest has waited, of those that are named."""
        return max((item.days or 0 for item in self.items), default=0)


def needs(*, officer: bool, finance: bool, areas: Collection[int] | None = None, person_id: int | None = None) -> Mapping[str, Need]:
    """By name, in the order of an officer's day. `areas`: an officer for these gets what lies there, and nothing that is the whole
    scheme's; None: everything. `person_id`: they, from whom a declared tie hides an idea until its letter has gone out.
    """
    found: dict[str, Need] = {}
    if officer:
        found |= _bids(areas, person_id) | _afterwards(areas, person_id)
    if officer and areas is None:
        found |= _decisions(person_id) | _post()
    if finance or (officer and areas is None):
        found |= of_money.needs(person_id, finance=finance)
    return found


def _bids(areas: Collection[int] | None, person_id: int | None) -> dict[str, Need]:
    here = lies_in(areas) if person_id is None else and_(lies_in(areas), visible_to(person_id))
    bid: dict[str, Any] = {
        "ref": Application.ref,
        "name": Application.title,
        "since": day_of(Application.sent_at),
        "due": Application.hear_by,
    }
    answer_by = (
        select(func.max(MoreAsked.answer_by))
        .where(MoreAsked.application_id == Application.id, MoreAsked.answered_at.is_(None))
        .correlate(Application)
        .scalar_subquery()
    )
    asked_at = (
        select(func.max(MoreAsked.asked_at))
        .where(MoreAsked.application_id == Application.id, MoreAsked.answered_at.is_(None))
        .correlate(Application)
        .scalar_subquery()
    )
    late = select(Application).where(
        Application.status.in_(("sent", "more_asked", "with_panel", "decided")),
        Application.hear_by < clock.today(),
        or_(Application.status != "sent", Application.released_at.is_(None)),  # who was told "not yet" has heard
        here,
    )
    return {
        "screen": Need(
            select(Application).where(Application.status == "sent", here),
            lambda n: _n("idea to screen", "ideas to screen", n),
            N_("Screen it"), "/desk/bids/{}", "/desk/bids?status=sent", **bid,
        ),
        "asked": Need(
            select(Application).where(Application.status == "more_asked", here),
            lambda n: _n("question that waits for an answer", "questions that wait for an answer", n),
            N_("See what was asked"), "/desk/bids/{}", "/desk/bids?status=more_asked",
            **bid | {"since": day_of(asked_at), "due": answer_by},
        ),
        "late_decision": Need(
            late, lambda n: _n("person who should have heard by now", "people who should have heard by now", n),
            N_("See where it is"), "/desk/bids/{}", "/desk/bids", **bid, tone="bad",
        ),
        "decided": Need(
            select(Application).where(Application.status == "decided", here),
            lambda n: _n("decision that needs a letter", "decisions that need a letter", n),
            N_("Write the letter"), "/desk/bids/{}/letter", "/desk/bids?status=decided", **bid,
        ),
    }  # fmt: skip


def _decisions(person_id: int | None) -> dict[str, Need]:
    of_matter = literal("bid:") + cast(Application.id, Text) == Matter.about
    short = select(Matter).outerjoin(Application, of_matter).where(Matter.short, Matter.status == "open")
    return {
        "release": Need(
            select(Release)
            .join(Round, Round.id == Release.round_id)
            .where(Release.released_at.is_(None), Release.cancelled_at.is_(None), not_by(Release.prepared_by_id, person_id)),
            lambda n: _n("release that waits for a second person", "releases that wait for a second person", n),
            N_("Look at it and release"), "/desk/releases/{}", "/desk/decisions", Release.ref, Round.name, day_of(Release.prepared_at),
            Round.decide_by, tone="warm",
        ),
        "short": Need(
            short if person_id is None else short.where(or_(Application.id.is_(None), free_to_judge(person_id))),
            lambda n: _n("idea that too few of its panel can decide", "ideas that too few of their panel can decide", n),
            N_("Find more seats"), "/desk/seats", "/desk/seats", Matter.ref, func.coalesce(Application.title, Matter.ref),
            day_of(Matter.opened_at), Matter.decide_by, tone="bad",
        ),
        "twice": Need(
            select(Merger)
            .outerjoin(Person, Person.id == Merger.kept_id)
            .outerjoin(Organisation, Organisation.id == Merger.kept_group_id)
            .where(Merger.status == "asked", not_by(Merger.asked_by_id, person_id)),
            lambda n: _n("record to join that waits for a second person", "records to join that wait for a second person", n),
            N_("Look at both"), "/desk/merging/{}", "/desk/merging/", Merger.ref, func.coalesce(Person.name, Organisation.name),
            day_of(Merger.asked_at), tone="warm",
        ),
        "offers": Need(
            select(SeatOffer).join(Person, Person.id == SeatOffer.person_id).where(SeatOffer.status == "open"),
            lambda n: _n("neighbour who offers to sit on a panel", "neighbours who offer to sit on a panel", n),
            N_("Answer"), "/desk/seats/{}", "/desk/seats", SeatOffer.ref, Person.name, day_of(SeatOffer.offered_at),
        ),
        "conditions": Need(
            select(Award).join(Application, Application.id == Award.application_id).where(Award.status == "conditions_open"),
            lambda n: _n("grant with open conditions", "grants with open conditions", n),
            N_("See what is missing"), "/finance/awards/{}", "/finance/", Award.ref, Application.title, day_of(Award.accepted_at),
        ),
    }  # fmt: skip


def _afterwards(areas: Collection[int] | None, person_id: int | None) -> dict[str, Need]:
    reports = select(Report).join(Award, Award.id == Report.award_id).join(Award.application).where(lies_in(areas))
    report: dict[str, Any] = {"ref": Application.ref, "name": Application.title, "due": Report.due}
    appeals = select(Appeal).join(Appeal.application).where(Appeal.status.in_(("open", "second_stage")), lies_in(areas))
    if person_id is not None:
        appeals = appeals.where(free_to_judge(person_id))
    since = day_of(func.coalesce(Appeal.second_asked_at, Appeal.opened_at))
    appeal: dict[str, Any] = {"ref": Appeal.ref, "name": Application.title, "since": since, "due": Appeal.answer_by}
    stories = select(Story).join(Story.application).where(Story.status == "waiting", lies_in(areas))
    if person_id is not None:
        stories = stories.where(free_to_judge(person_id))
    return {
        "stories": Need(
            stories, lambda n: _n("story that waits to be read", "stories that wait to be read", n),
            N_("Read it"), "/desk/stories/{}", "/desk/stories", Story.ref, Application.title, day_of(Story.consent_at),
        ),
        "reports": Need(
            reports.where(Report.status == "sent"), lambda n: _n("report to read", "reports to read", n),
            N_("Read it"), "/desk/reports/{}", "/desk/reports", **report | {"since": day_of(Report.sent_at), "due": None},
        ),
        "late_reports": Need(
            reports.where(Report.status == "late"), lambda n: _n("report that is late", "reports that are late", n),
            N_("Ask how it goes"), "/desk/reports/{}", "/desk/reports", **report, tone="warm",
        ),
        "appeals": Need(
            appeals.where(Appeal.answer_by >= clock.today()), lambda n: _n("appeal to answer", "appeals to answer", n),
            N_("Answer it"), "/desk/appeals/{}", "/desk/appeals", **appeal,
        ),
        "late_appeals": Need(
            appeals.where(Appeal.answer_by < clock.today()), lambda n: _n("appeal that is late", "appeals that are late", n),
            N_("Answer it"), "/desk/appeals/{}", "/desk/appeals", **appeal, tone="bad",
        ),
    }  # fmt: skip


def _post() -> dict[str, Need]:
    sparks = select(QuickSpark).join(QuickFloat, QuickFloat.id == QuickSpark.float_id).where(QuickSpark.id.in_(quick.receipts_late()))
    floats = select(QuickFloat).join(Person, Person.id == QuickFloat.person_id).where(QuickFloat.id.in_(quick.to_take_back()))
    letters = select(Message).where(Message.channel == "letter", Message.sent_at.is_(None), Message.failed_at.is_(None))
    return {
        "floats": Need(
            floats,
            lambda n: _n("float of somebody who is not a connector any more", "floats of people who are not connectors any more", n),
            N_("Take it back"), "/desk/floats/{}", "/desk/floats", QuickFloat.ref, Person.name, tone="warm",
        ),
        "receipts": Need(
            sparks, lambda n: _n("quick spark whose receipt is late", "quick sparks whose receipts are late", n),
            N_("Ask for the receipt"), "/desk/floats/{}", "/desk/floats", QuickFloat.ref, QuickSpark.what, day_of(QuickSpark.entered_at),
            QuickSpark.receipt_by,
        ),
        "failed": Need(
            select(Message).where(Message.failed_at.is_not(None), Message.sent_at.is_(None), Message.body != ""),
            lambda n: _n("message that could not be delivered", "messages that could not be delivered", n),
            N_("Find another way"), "/desk/undelivered", "/desk/undelivered", cast(Message.id, Text), Message.to_name,
            day_of(Message.failed_at), tone="bad",
        ),
        "letters": Need(
            letters, lambda n: _n("letter to print", "letters to print", n),
            N_("Print"), "/desk/letters", "/desk/letters", cast(Message.id, Text), Message.to_name, day_of(Message.created_at),
        ),
    }  # fmt: skip


# --- counting and reading ------------------------------------------------------------------------------------------------


def counts(some: Mapping[str, Need]) -> Sequence[Any]:
    """How many wait of each, up to MOST + 1, as labelled columns of a query: the home page and the desk count alike."""
    return [_counted(need).label(name) for name, need in some.items()]


def _counted(need: Need, *when: ColumnElement[bool]) -> Any:
    rows = need.rows.with_only_columns(literal(1), maintain_column_froms=True).where(*when).order_by(None).limit(MOST + 1)
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()


def heaps(some: Mapping[str, Need], numbers: Mapping[str, int]) -> Sequence[Heap]:
    """The first of each that waits, and how many of them are late, the most pressing heap first. One query, none when nothing waits."""
    there = {name: need for name, need in some.items() if numbers[name]}
    if not there:
        return []
    items: dict[str, list[Item]] = {name: [] for name in there}
    late = dict.fromkeys(there, 0)
    for name, ref, title, since, due, behind in db.session.execute(union_all(*(_first(name, need) for name, need in there.items()))):
        items[name].append(Item(there[name].one.format(ref), title, since, due))
        late[name] = behind
    found = [Heap(name, numbers[name], late[name], need, sorted(items[name], key=_order)) for name, need in there.items()]
    return sorted(found, key=lambda heap: (not heap.late, heap.need.tone != "bad"))


def _first(name: str, need: Need) -> Any:
    no_day = cast(literal(None), Date)
    since = no_day if need.since is None else need.since
    due = no_day if need.due is None else need.due
    behind = literal(0) if need.due is None else _counted(need, need.due < clock.today())
    columns = [
        cast(literal(name), Text).label("name"), cast(need.ref, Text).label("ref"), cast(need.name, Text).label("title"),
        since.label("since"), due.label("due"), behind.label("behind"),
    ]  # fmt: skip
    rows = need.rows.with_only_columns(*columns, maintain_column_froms=True).order_by(None)
    order = [each for each in (need.due, need.since) if each is not None]
    inner = rows.order_by(*order, need.ref).limit(FIRST).subquery()
    return select(*inner.c)


def _order(item: Item) -> tuple[date, date]:
    return (item.due or date.max, item.since or date.max)
