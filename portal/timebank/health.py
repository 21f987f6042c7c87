"""How the timebank is (design 1): how soon people begin, how soon a need is met, who both gives and receives, what nobody has met.

For the twelve months before today, for the whole scheme and by place. As in all figures nobody is told apart among fewer than five: a
number of fewer people is left out, and what could be found by taking the others away from the whole is told together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median

from sqlalchemy import and_, func, literal, or_, select, union_all

from portal import clock
from portal.db import db
from portal.few import FEW
from portal.timebank.figures import YEAR, moved
from portal.timebank.model import Member
from portal.timebank.posts import UNMET_UNTIL
from portal.timebank.posts_model import Conversation, Post, Promise

BANDS = (14, 30, 90, UNMET_UNTIL)  # days since a request was posted, each to the end of its band


@dataclass(frozen=True)
class Numbers:
    """The four of a place, or of all. None: nobody yet, or so few that they could be known."""

    days_to_first: float | None  # from joining to the first hour given or received: the middle one of who joined in these months
    days_to_met: float | None  # from asking to the day on which it was done: the middle one of what was met in these months
    both_percent: int | None  # of the members, how many gave and received, to the nearest whole
    unmet: int | None  # requests that wait now

    @property
    def tells(self) -> bool:
        """Whether there is anything to say of a place."""
        return any((self.days_to_first is not None, self.days_to_met is not None, self.both_percent is not None, self.unmet))


@dataclass(frozen=True)
class Band:
    """Requests that have waited for so many days, both ends included. None: of so few people that they could be known."""

    first: int
    last: int
    number: int | None


@dataclass(frozen=True)
class Health:
    """All that is told of how the timebank is."""

    members: int | None
    minutes: int
    givers: int | None
    receivers: int | None
    anybody: int | None  # who gave or received, each once
    both: int | None  # members who gave and received
    whole: Numbers
    places: Sequence[tuple[str, Numbers]]  # by name; "" is last: the places with few people, whose requests are told together
    bands: Sequence[Band]


@dataclass
class Facts:
    """What is known of a place, or of all."""

    active: int = 0  # members who have not left: also who takes a break, as everywhere
    both: int = 0
    to_first: list[int] = field(default_factory=list)
    to_met: list[tuple[int, int]] = field(default_factory=list)  # (whose request, days)
    unmet: list[tuple[int, int]] = field(default_factory=list)  # (whose request, days that it has waited)

    def numbers(self, unmet: int | None) -> Numbers:
        """As they may be told."""
        return Numbers(
            median(self.to_first) if len(self.to_first) >= FEW else None,
            median(days for _whose, days in self.to_met) if _people(self.to_met) >= FEW else None,
            (200 * self.both + self.active) // (2 * self.active) if self.active and shown(self.both) is not None else None,
            unmet,
        )


def shown(number: int) -> int | None:
    """A number of people, or None when they are so few that they could be known."""
    return number if number >= FEW else None


def health(place_of: Mapping[int, str]) -> Health:
    """Two queries, whatever the size of the timebank. `place_of`: the name of each place to be told apart, by area id."""
    since = clock.today() - YEAR
    whole, places = Facts(), {name: Facts() for name in place_of.values()}
    givers = receivers = anybody = minutes = 0
    for area_id, status, joined, first, gave, got in _members(since):
        givers, receivers, anybody, minutes = givers + (gave > 0), receivers + (got > 0), anybody + (gave + got > 0), minutes + gave
        for facts in _facts(whole, places, place_of.get(area_id, "")):
            facts.active += status != "left"
            facts.both += status != "left" and gave > 0 and got > 0
            if first is not None and joined >= since:
                facts.to_first.append(max(0, (first - joined).days))
    for whose, area_id, posted, met, waits in _requests(since):
        for facts in _facts(whole, places, place_of.get(area_id, "")):
            if met is not None and met >= since:
                facts.to_met.append((whose, max(0, (met - posted).days)))
            if waits:
                facts.unmet.append((whose, (clock.today() - posted).days))
    return Health(
        shown(whole.active), minutes, shown(givers), shown(receivers), shown(anybody), shown(whole.both), whole.numbers(_told(whole.unmet)),
        _by_place(places, whole), bands(whole.unmet),
    )  # fmt: skip


def _facts(whole: Facts, places: Mapping[str, Facts], name: str) -> Sequence[Facts]:
    return (whole, places[name]) if name in places else (whole,)


def _people(found: Iterable[tuple[int, int]]) -> int:
    return len({whose for whose, _days in found})


def _told(found: Sequence[tuple[int, int]]) -> int | None:
    """How many requests; 0 for none, None when they are of so few people that these could be known."""
    return len(found) if not found or _people(found) >= FEW else None


def _members(since: date) -> Iterable[tuple[int, str, date, date | None, int, int]]:
    """Every member: area, state, day of joining, first day since then with hours, minutes given and received."""
    hours = moved(since, clock.today()).cte("moved")
    gave = select(hours.c.giver.label("member"), hours.c.day, hours.c.minutes.label("gave"), literal(0).label("got"))
    got = select(hours.c.receiver, hours.c.day, literal(0), hours.c.minutes).where(hours.c.receiver.is_not(None))
    side = union_all(gave, got).subquery()
    each = (
        select(side.c.member, func.min(side.c.day).label("first"), func.sum(side.c.gave).label("gave"), func.sum(side.c.got).label("got"))
        .group_by(side.c.member)
        .subquery()
    )
    query = select(Member.area_id, Member.status, Member.joined_at, each.c.first, each.c.gave, each.c.got)
    for area_id, status, joined, first, given, received in db.session.execute(query.outerjoin(each, each.c.member == Member.id)):
        yield area_id, status, clock.london_day(joined), first, int(given or 0), int(received or 0)


def _requests(since: date) -> Iterable[tuple[int, int, date, date | None, bool]]:
    """Requests that were met since then or wait now: whose, their area, day of asking, day on which it was done, whether it waits.

    It was done on the day of the first promise that was kept (hours between the two say so too), or else when its owner said so.
    """
    today = clock.today()
    kept = (
        select(Conversation.post_id, func.min(Promise.starts_at).label("done"))
        .join(Promise, Promise.conversation_id == Conversation.id)
        .where(Promise.status == "kept")
        .group_by(Conversation.post_id)
        .subquery()
    )
    begin = clock.start_of_day(since)
    waits = and_(
        Post.status.in_(("open", "expired")), Member.status == "active", Post.posted_at >= clock.start_of_day(today - timedelta(days=UNMET_UNTIL))
    )  # fmt: skip
    query = (
        select(Post.member_id, Member.area_id, Post.posted_at, Post.met_at, kept.c.done, waits)
        .join(Member, Member.id == Post.member_id)
        .outerjoin(kept, kept.c.post_id == Post.id)
        .where(Post.kind == "request", or_(waits, Post.met_at >= begin, kept.c.done >= begin))
    )
    for whose, area_id, posted, met, done, waiting in db.session.execute(query):
        ended = done or met
        yield whose, area_id, clock.london_day(posted), clock.london_day(ended) if ended is not None else None, bool(waiting)


def _by_place(places: Mapping[str, Facts], whole: Facts) -> Sequence[tuple[str, Numbers]]:
    """Places by name. Requests of places with few people are told in one line, with so many others that nobody is known by the rest."""
    apart = sorted((name for name in places if places[name].unmet), key=lambda name: (_people(places[name].unmet), name))
    few = [name for name in apart if _told(places[name].unmet) is None]
    placeless = len(whole.unmet) - sum(len(facts.unmet) for facts in places.values())
    rest = [name for name in apart if name not in few]
    while few and rest and not placeless and _told([one for name in few for one in places[name].unmet]) is None:
        few.append(rest.pop(0))
    rows = [(name, places[name].numbers(None if name in few else len(places[name].unmet))) for name in sorted(places)]
    together = _told([one for name in few for one in places[name].unmet])
    return [*rows, ("", Numbers(None, None, None, together))] if few else rows


def bands(unmet: Sequence[tuple[int, int]]) -> Sequence[Band]:
    """Requests by how long they have waited, in days; a band of few people becomes one with the next, so that their sum hides nobody."""
    found: list[tuple[int, int, list[tuple[int, int]]]] = []
    first = 0
    for last in BANDS:
        some = [(whose, days) for whose, days in unmet if first <= days <= last]
        if found and _told(found[-1][2]) is None:
            begin, _end, before = found.pop()
            found.append((begin, last, before + some))
        else:
            found.append((first, last, some))
        first = last + 1
    while len(found) > 1 and _told(found[-1][2]) is None:
        _begin, last, some = found.pop()
        begin, _end, before = found.pop()
        found.append((begin, last, before + some))
    return [Band(begin, last, _told(some)) for begin, last, some in found]
