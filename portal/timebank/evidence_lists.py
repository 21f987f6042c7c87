"""A coordinator's lists of evidence: who waits for it, what is to be looked at again, who helps already without it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db
from portal.timebank import members, safety
from portal.timebank.evidence_model import Evidence, EvidenceWanted
from portal.timebank.model import Category, Exchange, Member
from portal.timebank.posts_model import Conversation, Post, Promise
from portal.timebank.rules import TimeRules
from portal.timebank.sessions_model import Attendance, SignUp, TimeSession

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


def helping_query(areas: frozenset[int] | None, rules: TimeRules) -> Select[Member]:
    """Who gave in a careful kind lately, has promised to or has a place, without what the kind asks. What was given was given: nothing is
    refused for it, and a coordinator talks to them.
    """
    lacks = safety.lacking(rules)
    return select(Member).where(_here(areas), or_(*(and_(lacks[level], _helps(level)) for level in safety.CAREFUL)))


def _helps(level: str) -> Any:
    today = clock.today()
    careful = select(Category.id).where(Category.risk == level)
    gave = select(Exchange.giver_id).where(
        Exchange.category_id.in_(careful), Exchange.day >= today - LATELY, Exchange.status.in_(("logged", "disputed", "held", "settled"))
    )
    was_there = (
        select(Attendance.member_id)
        .join(Attendance.session)
        .where(Attendance.member_id.is_not(None), TimeSession.category_id.in_(careful), TimeSession.day >= today - LATELY)
    )
    has_place = (
        select(SignUp.member_id)
        .join(TimeSession, TimeSession.id == SignUp.session_id)
        .where(SignUp.state == "going", TimeSession.category_id.in_(careful), TimeSession.day >= today, TimeSession.status == "open")
    )
    promised = (
        select(Promise)
        .join(Conversation, Conversation.id == Promise.conversation_id)
        .join(Post, Post.id == Conversation.post_id)
        .where(Post.category_id.in_(careful), Promise.status == "agreed", Promise.starts_at >= clock.now())
    )
    gives = (
        promised.where(Post.kind == "offer").with_only_columns(Promise.owner_id),
        promised.where(Post.kind == "request").with_only_columns(Promise.other_id),
    )
    return or_(*(Member.id.in_(each) for each in (gave, was_there, has_place, *gives)))


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
