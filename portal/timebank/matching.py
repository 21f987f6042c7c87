"""Who may help with a request, and why; and a kind word to who gives without asking, or has time that lies idle."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from portal import clock
from portal.db import db, transaction
from portal.finding import NOISE, words_of
from portal.history import SCHEME, Event, record
from portal.ledger import queries as books
from portal.ledger.model import Account, State
from portal.money import Minutes, hours
from portal.timebank import members, notices, safety, search
from portal.timebank.members import NAMED
from portal.timebank.model import Exchange, Member
from portal.timebank.posts_model import Conversation, Post
from portal.timebank.weekdays import EVERY_DAY, weekdays_between, weekdays_in
from portal.words import _, _n

SUGGESTED = 5
CANDIDATES = 60  # of each sort, nearest and newest first
LATELY = timedelta(days=14)
EXPERIENCE = timedelta(days=730)
# what speaks for somebody, and how much
OFFERS, SAYS_SO, DONE_IT, NEAR, FREE, NOT_ASKED, WOULD_LIKE = 6, 3, 2, 2, 2, 1, 1
GIVES_A_LOT = Minutes(20 * 60)
HAS_PLENTY = Minutes(40 * 60)
NOT_USED_FOR = timedelta(days=180)
QUIET = timedelta(days=90)  # between two kind words


@dataclass
class Suggestion:
    """Somebody who may help, and the reasons as they are shown."""

    member: Member
    offer: Post | None = None
    score: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, points: int, reason: str) -> None:
        """One more reason."""
        self.score += points
        self.reasons.append(reason)


def helpers_for(post: Post, limit: int = SUGGESTED) -> Sequence[Suggestion]:
    """Up to five members who may help with a request, the likeliest first, each with the reasons. Five queries, six for careful kinds.

    Only who is to be found anyhow: by an offer that reaches the owner, by living in the same area, by being seen outside it, or as
    an organisation; and of whom what the kind of help asks has been seen. Nobody who was written to about it already, or whom either
    does not want to hear from.
    """
    may = safety.ready(post.category.risk, safety.level_rules(post.category.risk))
    found = {offer.member_id: Suggestion(offer.member, offer) for offer in reversed(_offers(post, may))}
    for member, times in _who_did_it(post, may):
        found.setdefault(member.id, Suggestion(member)).add(
            DONE_IT, _n("Has helped in this way once before", "Has helped in this way %(num)d times before", times)
        )
    _leave_out(post, found)
    asked = _asked_lately(found)
    balances = books.balances(members.account(each.member) for each in found.values())
    wanted = frozenset(word for word in words_of(f"{post.title} {post.tags}") if word not in NOISE)
    for each in found.values():
        _judge(each, post, wanted, each.member.id in asked, balances[members.account(each.member)])
    return sorted(found.values(), key=lambda each: (-each.score, -(each.offer.id if each.offer else 0), each.member.id))[:limit]


def _judge(each: Suggestion, post: Post, wanted: frozenset[str], asked: bool, balance: int) -> None:
    if each.offer is not None:
        each.reasons.insert(0, _("Offers: %(title)s", title=each.offer.title))
        each.score += OFFERS
        if wanted & frozenset(words_of(f"{each.offer.title} {each.offer.tags}")):
            each.score += SAYS_SO
        if _free(each.offer, post):
            each.add(FREE, _("Is free then: %(when)s", when=each.offer.when_words) if each.offer.when_words else _("Is free in those days"))
    if each.member.area_id == post.member.area_id:
        each.add(
            NEAR,
            _("Lives in %(area)s too", area=each.member.area.name)
            if each.member.person_id
            else _("Is in %(area)s too", area=each.member.area.name),
        )
    if not asked:
        each.add(NOT_ASKED, _("Has not been asked lately"))
    if balance < 0:
        each.add(WOULD_LIKE, _("Would like to give some time back"))


def _free(offer: Post, request: Post) -> bool:
    """Whether an offer names days, by date or as days of the week, and they meet those of the request."""
    begins = max(offer.from_day or date.min, request.from_day or date.min)
    if begins > min(offer.until_day or date.max, request.until_day or date.max):
        return False
    if free := weekdays_in(offer.when_words):
        return bool(free & _wanted_on(request))
    return bool((offer.from_day or offer.until_day) and (request.from_day or request.until_day))


def _wanted_on(request: Post) -> frozenset[int]:
    """The days of the week on which a request could be met; empty when it does not say."""
    named = weekdays_in(request.when_words)
    if request.from_day is None and request.until_day is None:
        return named
    return weekdays_between(request.from_day or clock.today(), request.until_day or date.max) & (named or EVERY_DAY)


def _offers(post: Post, may: ColumnElement[bool]) -> Sequence[Post]:
    """Offers in the lists, of the same kind of help, that reach whoever asks; those in the same place first."""
    query = (
        select(Post)
        .where(
            search.live(),
            Post.kind == "offer",
            Post.category_id == post.category_id,
            search.reaches(post.member.area_id),
            Post.member_id.in_(select(Member.id).where(may)),
        )
        .options(*search.WHOLE)
        .order_by((Post.area_id == post.area_id).desc(), Post.id.desc())
        .limit(CANDIDATES)
    )
    return db.session.scalars(query).unique().all()


def _who_did_it(post: Post, may: ColumnElement[bool]) -> Sequence[tuple[Member, int]]:
    """Members who helped in this way in the last two years, how often, and who are to be found from where the request is."""
    times = func.count().label("times")
    gave = (
        select(Exchange.giver_id, times)
        .where(Exchange.category_id == post.category_id, Exchange.status == "settled", Exchange.day >= clock.today() - EXPERIENCE)
        .group_by(Exchange.giver_id)
        .subquery()
    )
    seen = or_(Member.area_id == post.member.area_id, Member.seen_outside, Member.organisation_id.is_not(None))
    query = (
        select(Member, gave.c.times)
        .join(gave, gave.c.giver_id == Member.id)
        .where(Member.status == "active", seen, may)
        .options(*NAMED)
        .order_by((Member.area_id == post.member.area_id).desc(), gave.c.times.desc(), Member.id)
        .limit(CANDIDATES)
    )
    return [(member, number) for member, number in db.session.execute(query)]


def _leave_out(post: Post, found: dict[int, Suggestion]) -> None:
    """The owner, who was written to about it already, and where one of the two does not want to hear from the other."""
    found.pop(post.member_id, None)
    theirs = or_(
        Conversation.post_id == post.id, and_(Conversation.blocked_by_id.is_not(None), or_(Conversation.owner_id == post.member_id, Conversation.other_id == post.member_id))
    )  # fmt: skip
    for owner_id, other_id in db.session.execute(select(Conversation.owner_id, Conversation.other_id).where(theirs)):
        found.pop(other_id if owner_id == post.member_id else owner_id, None)


def _asked_lately(found: Mapping[int, Suggestion]) -> frozenset[int]:
    """Who was written to by somebody else in the last two weeks."""
    since = clock.now() - LATELY
    asked: set[int] = set()
    query = select(Conversation.begun_by_id, Conversation.owner_id, Conversation.other_id).where(
        Conversation.opened_at >= since, or_(Conversation.owner_id.in_(found), Conversation.other_id.in_(found))
    )
    for begun_by, owner, other in db.session.execute(query):
        asked.add(other if begun_by == owner else owner)
    return frozenset(asked)


# --- the worker ----------------------------------------------------------------------------------------------------------


def nudge() -> int:
    """A kind word to who has more than 20 hours and never received any, or more than 40 and used none for half a year (the
    worker's work). At most one in 90 days to each; none to who takes a break.
    """
    # who came from another timebank brought a history that we do not know
    rest = Event.kind.in_(("nudged", "imported"))
    told = frozenset(db.session.scalars(select(Event.about).where(rest, Event.at > clock.now() - QUIET)))
    due = [
        (member, balance, last)
        for member, balance, last in _idle()
        if members.about(member) not in told and (last is None or (balance > HAS_PLENTY and last < clock.today() - NOT_USED_FOR))
    ]
    period = clock.today().isoformat()
    refs = [(member.ref, balance, last is None) for member, balance, last in due]
    count = 0
    for ref, balance, never in refs:
        with transaction():
            member = members.locked(ref)
            if member.status != "active" or _nudged(member):
                continue
            record(members.about(member), "nudged", SCHEME, why="never received" if never else "has plenty")
            tell = notices.only_gives if never else notices.has_plenty
            count += tell(member, hours(balance), period)
    return count


def _nudged(member: Member) -> bool:
    query = select(Event.id).where(
        Event.about == members.about(member), Event.kind.in_(("nudged", "imported")), Event.at > clock.now() - QUIET
    )
    return db.session.scalar(query.limit(1)) is not None


def _idle() -> Iterable[tuple[Member, int, date | None]]:
    """Active persons with more than 20 hours, what they have in minutes, and the last day on which they received any. One query."""
    has = State.credits - State.debits
    last = select(func.max(Exchange.day)).where(Exchange.receiver_id == Member.id, Exchange.status == "settled").scalar_subquery()
    query = (
        select(Member, has, last)
        .join(Account, Account.code == literal("member:") + Member.ref)
        .join(State, State.account_id == Account.id)
        .where(Member.status == "active", Member.person_id.is_not(None), has > GIVES_A_LOT)
        .options(*NAMED)
        .order_by(Member.id)
    )
    return [(member, balance, day) for member, balance, day in db.session.execute(query)]
