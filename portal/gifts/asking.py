"""What rooms above ask of the boards as a part of their own actions: a wish put up, watched and ended; gifts that say something like it.

They hear of promises that were kept, or were not after all, by `promises.KEPT`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ScalarSelect, SQLColumnExpression, func, or_, select

from portal import finding
from portal.db import db, must_be_in_transaction
from portal.finding import singular
from portal.gifts import lists, notices, parties, posts, suggestions, talks
from portal.gifts.lists import Board, Filters
from portal.gifts.model import GiftParty, GiftPost
from portal.gifts.rules import Draft
from portal.gifts.talks_model import GiftPromise, GiftTalk
from portal.history import Actor
from portal.people.access import Nobody, Who

MOST_LOOKED_AT = 60
SAYS_LITTLE = 3  # letters: a word so short is no reason to think of a gift


# --- a wish --------------------------------------------------------------------------------------------------------------


def put_up(
    draft: Draft, who: Who, *, organisation_id: int | None = None, for_person: int | None = None, basis: str | None = None, grown: bool = False
) -> GiftPost:  # fmt: skip
    """A new post, as a part of an action. Refused as for `posts.post`."""
    must_be_in_transaction()
    party, actor = posts.whose(draft, who, organisation_id, for_person, basis, grown)
    return posts.begin(party, draft, who, actor)


def asks_age(who: Who) -> bool:
    """Whether somebody has not said yet that they are 18 or over. One query."""
    return not any(each.person_id == who.id and each.grown_at is not None for each in parties.own(who))


def end(post: GiftPost, actor: Actor, *, over: bool = False) -> None:
    """A wish is not needed any more, as a part of an action that has locked it: whoever wrote about it is told, once.

    What is promised stays so. When what it was `over` for has ended, a promise without a time is off, and one with a time is asked after.
    """
    must_be_in_transaction()
    if post.status not in ("ended", "gone", "hidden"):
        posts.ended(post, actor)
    standing = {
        row.talk_id: row
        for row in db.session.scalars(select(GiftPromise).where(GiftPromise.post_id == post.id, GiftPromise.status == "promised"))
    }
    done = set(db.session.scalars(select(GiftPromise.talk_id).where(GiftPromise.post_id == post.id, GiftPromise.status == "handed")))
    for talk in talks.about_post(post):
        row = standing.get(talk.id)
        if row is not None and not over:
            continue
        if row is not None and row.starts_at is not None:
            notices.was_for(row, talk)
            continue
        if row is not None:
            talks.undone(row, post, actor)
        if talk.status == "open" and talk.id not in done:
            notices.not_needed(talk)
    if over and post.status == "open":  # what was promised came free again: nobody needs it
        posts.ended(post, actor)


def how_many_wrote() -> ScalarSelect[int]:
    """How many neighbours wrote about a post, as a part of a query of posts."""
    return select(func.count()).where(GiftTalk.post_id == GiftPost.id).correlate(GiftPost).scalar_subquery()


def wrote_for(person_id: SQLColumnExpression[Any], organisation_id: SQLColumnExpression[Any]) -> ScalarSelect[int]:
    """How many times a person, or a group, wrote about a post, as a part of a query of posts."""
    total = select(func.count()).select_from(GiftTalk).join(GiftParty, GiftParty.id == GiftTalk.other_id)
    theirs = or_(GiftParty.person_id == person_id, GiftParty.organisation_id == organisation_id)
    return total.where(GiftTalk.post_id == GiftPost.id, theirs).correlate_except(GiftTalk, GiftParty).scalar_subquery()


def how_many(status: str) -> ScalarSelect[int]:
    """How many pieces of a post are promised now, or were handed over, as a part of a query of posts."""
    total = func.coalesce(func.sum(GiftPromise.quantity), 0)
    return select(total).where(GiftPromise.post_id == GiftPost.id, GiftPromise.status == status).correlate(GiftPost).scalar_subquery()


# --- gifts like it -------------------------------------------------------------------------------------------------------


def like(texts: Sequence[str], who: Who | Nobody) -> Mapping[str, GiftPost]:
    """For each text the gift on a board, among those that this reader sees there anyway, that says most of it; not their own, nor of whom
    they blocked or who blocked them, nor what they do not want suggested.

    Three queries, or none.
    """
    wanted = {text: telling(text) for text in texts}
    every = sorted({word for words in wanted.values() for word in words})
    if not every:
        return {}
    own = [party.id for party in parties.own(who)]
    listed = lists.listed(Board(homes=lists.homes_of(who)), Filters("gift")).where(
        GiftPost.party_id.not_in(own), suggestions.unblocked(own)
    )
    if isinstance(who, Who):
        listed = listed.where(suggestions.wanted(who.id))
    some = lists.SHELF.like(every, listed, lists.WHOLE, limit=MOST_LOOKED_AT)
    said = {post.id: telling(post.words) for post in some}
    found: dict[str, GiftPost] = {}
    for text, words in wanted.items():
        best = max(some, key=lambda post: (len(words & said[post.id]), post.id), default=None)
        if best is not None and 2 * len(words & said[best.id]) >= len(words) > 0:
            found[text] = best
    return found


def telling(text: str) -> frozenset[str]:
    """The words of a text by which something like it is found, as one of many is said."""
    return frozenset(map(singular, finding.telling(text, SAYS_LITTLE + 1)))
