"""What the front door and the desk show: who is waited for, and for what. Bounded lists, a handful of queries each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db
from portal.events import queries as events
from portal.events.model import Gathering
from portal.front import needs
from portal.front.need import Need
from portal.front.needs import MOST
from portal.gifts import care as gift_care
from portal.gifts import talks as gift_talks
from portal.gifts.talks_model import GiftLook
from portal.grants.model import Application, Award, Round
from portal.grants.worked import to_check_query
from portal.ideas import today as ideas
from portal.people.access import Nobody, Who
from portal.places.model import Area, Scheme
from portal.places.queries import outside_of
from portal.setup import checklist
from portal.strengths import today as strengths
from portal.surveys import neighbours as surveys
from portal.timebank import today as timebank
from portal.timebank.members import rules as rules_of_time
from portal.timebank.model import Timebank
from portal.words import _n


@dataclass(frozen=True)
class Waiting:
    """One kind of thing that waits, how many (up to MOST + 1), and where to do something about it."""

    what: str
    number: int
    href: str
    tone: str = ""


@dataclass(frozen=True)
class Job:
    """What somebody does here: `areas`, those of an officer for some only, and `helps_in`, those where they help others; None: all."""

    officer: bool = False
    finance: bool = False
    areas: Collection[int] | None = None
    coordinator: bool = False
    helps_in: frozenset[int] | None = None
    who: Who | None = None  # they, who do not judge what is theirs
    administrator: bool = False  # they see what the scheme still needs


def waiting_at_desk(job: Job) -> Sequence[Waiting]:
    """What needs an officer, finance or a connector today. One query, and the rules for who looks after the timebank: every part counts
    at most MOST + 1 rows.
    """
    some, numbers, others = _counted(job)
    lines = [Waiting(need.words(numbers[name]), numbers[name], need.all, need.tone) for name, need in some.items() if numbers[name]]
    return [*lines, *others]


def desk(job: Job) -> tuple[Sequence[needs.Heap], Sequence[Waiting]]:
    """The same, with the first of each named where officers and finance act, the most pressing first; and what desks of their own name.
    Two queries, one more for an administrator, and the rules for who looks after the timebank.
    """
    some, numbers, others = _counted(job)
    return needs.heaps(some, numbers), [*_to_set_up(job), *others]


def _to_set_up(job: Job) -> Sequence[Waiting]:
    """What the scheme still needs, for its administrators. One query."""
    left = checklist.missing() if job.administrator else 0
    return [Waiting(_n("thing to set up", "things to set up", left), left, "/setup/checklist", "bad")] if left else []


def _counted(job: Job) -> tuple[Mapping[str, Need], Mapping[str, int], Sequence[Waiting]]:
    some = needs.needs(officer=job.officer, finance=job.finance, areas=job.areas, person_id=job.who.id if job.who is not None else None)
    columns = [*needs.counts(some)]
    helps_in, who = job.helps_in, job.who
    of_time = timebank.parts(helps_in, rules_of_time(), who) if job.coordinator else {}
    of_map = strengths.waiting(helps_in) if job.coordinator else {}
    parts = {}
    if job.coordinator:
        parts = {"hours": to_check_query(helps_in).with_only_columns(Application.id), "events": events.to_look_at(helps_in)}
        parts |= ideas.at_desk(helps_in)
        parts["gifts"] = gift_care.waiting_query(helps_in, who).with_only_columns(GiftLook.id)
    columns += [
        select(func.count()).select_from(part.limit(MOST + 1).subquery()).scalar_subquery().label(name) for name, part in parts.items()
    ]
    columns += [timebank.counted(part).label(f"time_{what}") for what, part in of_time.items()]
    columns += [strengths.counted(query, MOST + 1).label(f"map_{what}") for what, query in of_map.items()]
    if not columns:
        return {}, {}, []
    numbers: Mapping[str, int] = dict(db.session.execute(select(*columns)).one()._mapping)
    lines = _of_rooms(numbers) if job.coordinator else []
    lines += [
        Waiting(timebank.line(what, numbers[f"time_{what}"]), numbers[f"time_{what}"], everything)
        for what, (_one, everything) in timebank.PAGES.items()
        if what in of_time
    ]
    lines += [
        Waiting(strengths.in_words(what, numbers[f"map_{what}"]), numbers[f"map_{what}"], f"{strengths.DESK}?part={what}")
        for what in of_map
    ]
    return some, numbers, [line for line in lines if line.number]


def _of_rooms(numbers: Mapping[str, int]) -> list[Waiting]:
    hours, looks, joins, gifts, happenings = (numbers[name] for name in ("hours", "idea_looks", "idea_joins", "gifts", "events"))
    return [
        Waiting(_n("idea whose hours wait for a second person", "ideas whose hours wait for a second person", hours), hours, "/desk/hours"),
        Waiting(_n("card of an idea to look at", "cards of ideas to look at", looks), looks, "/ideas/desk/"),
        Waiting(_n("question whether two ideas are one", "questions whether two ideas are one", joins), joins, "/ideas/desk/"),
        Waiting(_n("gift or wish to look at", "gifts and wishes to look at", gifts), gifts, "/gifts/desk/"),
        Waiting(_n("event to look at", "events to look at", happenings), happenings, "/events/desk"),
    ]


def recent_awards(limit: int = 6) -> Sequence[tuple[str, str, int]]:
    """The latest grants: reference, title, pence."""
    rows = db.session.execute(
        select(Application.ref, Application.title, Award.amount)
        .join(Award, Award.application_id == Application.id)
        .where(
            Application.decided == "yes",
            Application.released_at.is_not(None),
            Award.status.not_in(("reserved", "lapsed", "declined", "returned")),  # a no: with a list of yes SQLite would sort them all
        )
        .order_by(Award.decided_on.desc(), Award.id.desc())
        .limit(limit)
    )
    return [(ref, title, amount) for ref, title, amount in rows]


def front_door(who: Who | Nobody) -> tuple[Scheme | None, Round | None, Timebank | None, Sequence[Gathering], int, str]:
    """The scheme, the round to offer first (one that closes before one that never does), the timebank if it is open, the next two events
    near where they live (there, in what it lies in or in what lies in it; else anywhere), how many neighbours wait for an answer
    about a gift, and what we would like to ask them. One query.

    While the caller holds the scheme and the timebank, whatever asks for them on the same page is answered without another query.
    """
    now = clock.now()
    takes = and_(
        Round.status.in_(("planned", "open")), Round.opens_at <= now, or_(Round.closes_at.is_(None), Round.closes_at >= now)
    )  # fmt: skip
    first, second = aliased(Gathering), aliased(Gathering)
    home = who.area_id
    near = None if home is None else select(Area.id).where(or_(Area.id.in_(outside_of(home)), Area.parent_id == home))
    found = db.session.execute(
        select(Scheme, Round, Timebank, first, second, gift_talks.waiting_count(who), surveys.card(who))
        .select_from(Scheme)
        .outerjoin(Round, takes)
        .outerjoin(Timebank, true())
        .outerjoin(first, first.id == events.next_near(near, 0))
        .outerjoin(second, second.id == events.next_near(near, 1))
        .order_by(Round.closes_at.is_(None), Round.closes_at)
        .limit(1)
    ).one_or_none()
    if not found:
        return None, None, None, [], 0, ""
    return found[0], found[1], found[2], [each for each in found[3:5] if each is not None], found[5], found[6]
