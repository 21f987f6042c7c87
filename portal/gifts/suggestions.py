"""Which gifts and wishes may fit together: for the owner of a post, and for a reader of the boards over all that is theirs.

Only what both may see: live, within reach of one another, of two that have not blocked each other and do not write about it already. Rooms
above add what the gift boards do not know (`ELSEWHERE`): groups and places of the map of strengths.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock
from portal.db import db, is_postgresql, transaction
from portal.errors import NotFound
from portal.gifts import likeness, lists, parties
from portal.gifts.likeness import Side
from portal.gifts.matching_model import GiftNotThis
from portal.gifts.model import GiftParty, GiftPost
from portal.gifts.talks_model import GiftBlock, GiftTalk
from portal.people.access import Who
from portal.places.model import Area
from portal.refs import clean_ref
from portal.words import _

MOST = 5
AT_BOARD = 3
OWN_AT_BOARD = 10  # newest posts of a reader for which the board looks
CANDIDATES = 120  # newest that hold a word
ENTRIES = 40


@dataclass(frozen=True)
class Entry:
    """Something of another room that may answer a gift or a wish: a group, a place. `href`: its page, where one gets in touch."""

    ref: str
    name: str
    sort: str  # what it is, in words
    says: str
    area: Area
    href: str
    organisation_id: int | None = None


@dataclass(frozen=True)
class Suggestion:
    """What may fit a post of the reader, and the reasons as they are shown: another post, or an entry of another room."""

    mine: GiftPost
    score: int
    reasons: Sequence[str]
    post: GiftPost | None = None
    entry: Entry | None = None

    @property
    def ref(self) -> str:
        """Its public reference, by which it is hidden."""
        return self.post.ref if self.post is not None else self.entry.ref if self.entry is not None else ""


# entries that hold any of the words, at most so many, newest first; filled by rooms above, one query each
ELSEWHERE: list[Callable[[Collection[str], int], Sequence[Entry]]] = []


# --- reading -------------------------------------------------------------------------------------------------------------


def for_post(post: GiftPost, who: Who, own: Sequence[GiftParty]) -> Sequence[Suggestion]:
    """What may fit a live post of the reader: neighbours' posts, then entries of other rooms, the likeliest first; at most five. Four queries, one more for each
    room of `ELSEWHERE`, and one for who acts for a group.
    """
    mine = side_of(post)
    meant = lists.SHELF.alternatives(mine.title[: likeness.MOST_ASKED], but=post)
    words = [*likeness.asked_for([mine]), *(word for some in meant.values() for word in some)]
    found = _pairs([post], _candidates([post], words, who, own, lists.homes_of(who)), parents(), meant)
    return _best([*found, *_entries(post, mine, words, who)], MOST)


def for_reader(who: Who, own: Sequence[GiftParty], homes: Collection[int], above: Mapping[int, int | None]) -> Sequence[Suggestion]:
    """The likeliest pairs over all live posts of the reader and of organisations for which they act, at most three, each post once.
    `homes`: as `lists.homes_of` says; `above`: as `parents` says. Two queries, none for who has nothing.
    """
    if not own:
        return []
    mine = live_of([each.id for each in own], limit=OWN_AT_BOARD)
    words = likeness.asked_for([side_of(each) for each in mine])
    found = _pairs(mine, _candidates(mine, words, who, own, homes), above) if mine else []
    return _best(found, AT_BOARD)


def live_of(ids: Sequence[int], *, limit: int | None = None) -> Sequence[GiftPost]:
    """Live posts of these parties, for which something may fit, newest first. One query."""
    query = select(GiftPost).where(GiftPost.party_id.in_(ids), lists.live()).options(*lists.WHOLE)
    return db.session.scalars(query.order_by(GiftPost.id.desc()).limit(limit)).all()


def parents() -> Mapping[int, int | None]:
    """Of every area the one it lies in. One query."""
    return dict(db.session.execute(select(Area.id, Area.parent_id)).tuples().all())


def side_of(post: GiftPost) -> Side:
    """A post as the rules see it."""
    group = post.party.organisation
    title = likeness.telling(post.title)
    return Side(
        kind=post.kind, sort=post.sort, title=title, more=[word for word in likeness.telling(post.text) if word not in title], area_id=post.area_id,
        parent_id=post.area.parent_id, area=post.area.name, ends_on=post.ends_on, until_day=post.until_day, group=group.public_name if group is not None else "",
    )  # fmt: skip


def home_of(party: GiftParty) -> int | None:
    """The area in which a party is at home."""
    return party.organisation.area_id if party.organisation is not None else party.person.area_id if party.person is not None else None


def _candidates(
    mine: Sequence[GiftPost], words: Collection[str], who: Who, own: Sequence[GiftParty], homes: Collection[int]
) -> Sequence[GiftPost]:  # fmt: skip
    """Live posts of others that hold any of the words and that the reader may answer; the newest. One query."""
    ids = [each.id for each in own]
    kinds = {"wish"} if all(each.kind == "gift" for each in mine) else {"gift", "wish"}
    writes = or_(
        and_(GiftTalk.post_id == GiftPost.id, GiftTalk.other_id.in_(ids)),
        and_(GiftTalk.post_id.in_([each.id for each in mine]), GiftTalk.other_id == GiftPost.party_id),
    )
    query = select(GiftPost).where(
        lists.live(), lists.reaches(homes), GiftPost.kind.in_(kinds), GiftPost.party_id.not_in(ids), ~exists().where(writes), unblocked(ids),
        wanted(who.id),
    )  # fmt: skip
    return lists.SHELF.like(words, query, lists.WHOLE, limit=CANDIDATES)


def unblocked(ids: Sequence[int]) -> ColumnElement[bool]:
    """Posts whose owner none of these parties has blocked, and who blocked none of them."""
    between = or_(
        and_(GiftBlock.by_id.in_(ids), GiftBlock.against_id == GiftPost.party_id),
        and_(GiftBlock.against_id.in_(ids), GiftBlock.by_id == GiftPost.party_id),
    )
    return ~exists().where(between)


def wanted(person_id: int) -> ColumnElement[bool]:
    """Posts of which somebody has not said "Not this one"."""
    return ~exists().where(GiftNotThis.person_id == person_id, GiftNotThis.post_id == GiftPost.id)


def _pairs(
    mine: Sequence[GiftPost],
    others: Sequence[GiftPost],
    above: Mapping[int, int | None],
    meant: Mapping[str, Sequence[str]] | None = None,
) -> list[Suggestion]:
    """For each of the others the post of mine that it fits best, if any and if its owner may see that."""
    found = (fits(each, mine, above, meant) for each in others)
    return [each for each in found if each is not None]


def fits(
    other: GiftPost, mine: Sequence[GiftPost], above: Mapping[int, int | None], meant: Mapping[str, Sequence[str]] | None = None
) -> Suggestion | None:
    """Which of my posts another one fits best, and why; None when it fits none that its owner may see. No query."""
    theirs, home = side_of(other), home_of(other.party)
    judged = (
        (each, likeness.likeness(side_of(each), theirs, clock.today(), meant)) for each in mine if lists.reaches_home(each, home, above)
    )
    some = [Suggestion(each, like.score, like.reasons, post=other) for each, like in judged if like is not None]
    return max(some, key=lambda each: (each.score, each.mine.id), default=None)


def _entries(post: GiftPost, mine: Side, words: Collection[str], who: Who) -> list[Suggestion]:
    """Entries of other rooms that fit, but those of the reader's own groups and those hidden. One query and one for each room."""
    hidden = frozenset(
        db.session.scalars(select(GiftNotThis.entry_ref).where(GiftNotThis.person_id == who.id, GiftNotThis.post_id.is_(None)))
    )
    found = []
    for entry in (entry for ask in ELSEWHERE for entry in ask(words, ENTRIES)):
        if entry.ref in hidden or entry.organisation_id in who.acts_for:
            continue
        title = likeness.telling(entry.name)
        more = [word for word in likeness.telling(entry.says) if word not in title]
        place = entry.area
        side = Side("entry", title, more, area_id=place.id, parent_id=place.parent_id, area=place.name)
        if (like := likeness.likeness(mine, side, clock.today())) is not None:
            found.append(
                Suggestion(post, like.score, [_("On the map of strengths: %(sort)s", sort=entry.sort), *like.reasons], entry=entry)
            )
    return found


def _best(found: Sequence[Suggestion], most: int) -> Sequence[Suggestion]:
    """The likeliest first; neighbours, who wait for an answer, before what stands on the map all year."""

    def order(each: Suggestion) -> tuple[bool, int, int, str]:
        return each.post is None, -each.score, -each.post.id if each.post is not None else 0, each.ref

    return sorted(found, key=order)[:most]


# --- not this one --------------------------------------------------------------------------------------------------------


def not_this(ref: str, who: Who) -> None:
    """Never suggest this again to somebody, nor tell it in their weekly letter: a post or an entry, by its reference. Again changes nothing.

    NotFound: no post has it, or it is no reference.
    """
    ref = clean_ref(ref) or ""
    with transaction():
        post_id = db.session.scalar(select(GiftPost.id).where(GiftPost.ref == ref)) if ref.startswith("GFT") else None
        if not ref or (post_id is None and ref.startswith("GFT")):
            raise NotFound(_("We cannot find that gift or wish."))
        insert = postgresql.insert if is_postgresql() else sqlite.insert
        values = {"person_id": who.id, "post_id": post_id, "entry_ref": None if post_id is not None else ref}
        db.session.execute(insert(GiftNotThis).values(**values).on_conflict_do_nothing())


def answering(ref: str, who: Who, post: GiftPost) -> GiftPost | None:
    """The reader's own post for whose sake they answer another one, so that its words can say so; None when it is not theirs."""
    found = db.session.scalar(select(GiftPost).where(GiftPost.ref == ref, GiftPost.id != post.id).options(*lists.WHOLE)) if ref else None
    return found if found is not None and parties.acts_as(who, found.party) else None
