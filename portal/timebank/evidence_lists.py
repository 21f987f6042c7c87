"""A coordinator's lists of evidence: who waits for it, what is to be looked at again, who helps already without it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, case, or_, select, union_all
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db
from portal.timebank import members, safety
from portal.timebank.evidence_model import Evidence, EvidenceWanted
from portal.timebank.model import Category, Exchange, Member
from portal.timebank.posts_model import Conversation, Post, Promise
from portal.timebank.rules import TimeRules
from portal.timebank.sessions_model import Attendance, SignUp, TimeSession
from portal.words import _

SOON = timedelta(days=30)  # what is due within it stands in the list
LATELY = timedelta(days=30)  # hours older than that are the past
PAGE = 25


def _here(areas: frozenset[int] | None) -> Any:
    """Members of these areas (None: all) who have not left."""
    return Member.status != "left" if areas is None else and_(Member.status != "left", Member.area_id.in_(areas))


def waiting_query(areas: frozenset[int] | None, rules: TimeRules) -> Select[EvidenceWanted]:
    """Who waits still; nobody for whom nothing is missing any more, because a rule changed or they are 18."""
    still = or_(*(and_(EvidenceWanted.level == level, lacks) for level, lacks in safety.lacking(rules).items()))
    query = select(EvidenceWanted).join(Member, Member.id == EvidenceWanted.member_id)
    return query.where(EvidenceWanted.settled_at.is_(None), _here(areas), still)


def review_query(areas: frozenset[int] | None) -> Select[Evidence]:
    """What must be looked at again within thirty days, or should have been."""
    query = select(Evidence).join(Member, Member.id == Evidence.member_id)
    return query.where(Evidence.ended_at.is_(None), Evidence.review_on <= clock.today() + SOON, _here(areas))


def level_of(rules: TimeRules) -> Any:
    """The most careful level at which a member of `helping_query` lacks something."""
    return case((and_(safety.lacking(rules)["at_risk"], _helps("at_risk")), "at_risk"), else_="home")


def helping_query(areas: frozenset[int] | None, rules: TimeRules) -> Select[Member]:
    """Who gave in a careful kind lately, has promised to or has a place, without what the kind asks. What was given was given: nothing is
    refused for it, and a coordinator talks to them.
    """
    lacks = safety.lacking(rules)
    return select(Member).where(_here(areas), or_(*(and_(lacks[level], _helps(level)) for level in safety.CAREFUL)))


def _helps(level: str) -> Any:
    careful = select(Category.id).where(Category.risk == level)
    return or_(*(Member.id.in_(rows.where(kind.in_(careful)).with_only_columns(who)) for rows, who, kind in _help()))


def _help() -> Sequence[tuple[Select[Any], Any, Any]]:
    """Where somebody gave lately, has a place or has promised: the rows, and in them the member and the kind of help."""
    today = clock.today()
    gave = select(Exchange).where(Exchange.day >= today - LATELY, Exchange.status.in_(("logged", "disputed", "held", "settled")))
    was_there = select(Attendance).join(Attendance.session).where(Attendance.member_id.is_not(None), TimeSession.day >= today - LATELY)
    has_place = (
        select(SignUp)
        .join(TimeSession, TimeSession.id == SignUp.session_id)
        .where(SignUp.state == "going", TimeSession.day >= today, TimeSession.status == "open")
    )
    promised = (
        select(Promise)
        .join(Conversation, Conversation.id == Promise.conversation_id)
        .join(Post, Post.id == Conversation.post_id)
        .where(Promise.status == "agreed", Promise.starts_at >= clock.now())
    )
    return (
        (gave, Exchange.giver_id, Exchange.category_id),
        (was_there, Attendance.member_id, TimeSession.category_id),
        (has_place, SignUp.member_id, TimeSession.category_id),
        (promised.where(Post.kind == "offer"), Promise.owner_id, Post.category_id),
        (promised.where(Post.kind == "request"), Promise.other_id, Post.category_id),
    )


@dataclass(frozen=True)
class Early:
    """Why somebody helps too early: the careful kinds by name, and what is missing, in words."""

    kinds: Sequence[str]
    missing: Sequence[str]


def early(some: Sequence[Member], held: Mapping[int, Counter[str]] | None = None) -> Mapping[int, Early]:
    """By member id, of those for whom something is missing. `held`: what is in force of each, when that is known. One query when nobody
    helps in a careful kind, else two, and the rules; none for nobody.
    """
    if not some:
        return {}
    ids = [member.id for member in some]
    rows = union_all(
        *(rows.where(who.in_(ids)).with_only_columns(who.label("who"), kind.label("kind")) for rows, who, kind in _help())
    ).subquery()
    careful = (
        select(rows.c.who, Category.name, Category.risk)
        .join(Category, Category.id == rows.c.kind)
        .where(Category.risk.in_(safety.CAREFUL))
        .distinct()
        .order_by(Category.name)
    )
    kinds: dict[int, list[tuple[str, str]]] = {}
    for who, name, level in db.session.execute(careful):
        kinds.setdefault(who, []).append((name, level))
    if not kinds:
        return {}
    rules, held, found = members.open_rules(), held or safety.held_by_each(ids), {}
    for member in some:
        lacks = {level: safety.missing(member, level, rules, held[member.id]) for level in safety.CAREFUL}
        without = [(name, level) for name, level in kinds.get(member.id, ()) if lacks[level]]
        if without:
            worst = max((level for _name, level in without), key=safety.CAREFUL.index)
            found[member.id] = Early([_(name) for name, _level in without], lacks[worst])
    return found


NAMED = (Member.person, Member.organisation, Member.area)


def waiting(areas: frozenset[int] | None, skip: int = 0, limit: int = PAGE) -> Sequence[EvidenceWanted]:
    """Who waits, the longest first, after the first `skip`. One query, and the rules."""
    query = waiting_query(areas, members.open_rules()).options(*(joinedload(EvidenceWanted.member).joinedload(part) for part in NAMED))
    return db.session.scalars(query.order_by(EvidenceWanted.asked_at, EvidenceWanted.id).limit(limit).offset(skip)).unique().all()


def to_review(areas: frozenset[int] | None, skip: int = 0, limit: int = PAGE) -> Sequence[Evidence]:
    """What is to be looked at again, the first due first, after the first `skip`. One query."""
    query = review_query(areas).options(*(joinedload(Evidence.member).joinedload(part) for part in NAMED))
    return db.session.scalars(query.order_by(Evidence.review_on, Evidence.id).limit(limit).offset(skip)).unique().all()


def helping(areas: frozenset[int] | None, skip: int = 0, limit: int = PAGE) -> Sequence[Member]:
    """Who helps already without it, in the order in which they joined, after the first `skip`. One query, and the rules."""
    query = helping_query(areas, members.open_rules()).options(*members.NAMED).order_by(Member.id)
    return db.session.scalars(query.limit(limit).offset(skip)).all()
