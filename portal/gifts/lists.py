"""What stands on which board, and looking through it. What expires, is all promised or is held leaves every board at that moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db
from portal.errors import NotFound, Unknown
from portal.events.hooks import LINKS, Also
from portal.events.model import Gathering
from portal.finding import Found, Shelf
from portal.gifts import parties
from portal.gifts.model import GiftParty, GiftPost, GiftWord
from portal.gifts.rules import SORT_NAMES
from portal.gifts.talks_model import GiftTalk
from portal.people.access import Nobody, Who
from portal.people.model import Organisation
from portal.places.model import Area
from portal.places.queries import outside_of, within
from portal.words import N_, _

PAGE = 20
SHELF = Shelf(GiftPost, GiftWord)
WHOLE = (
    joinedload(GiftPost.party).joinedload(GiftParty.person), joinedload(GiftPost.party).joinedload(GiftParty.organisation),
    joinedload(GiftPost.area), joinedload(GiftPost.hub), joinedload(GiftPost.event),
)  # fmt: skip


@dataclass(frozen=True)
class Board:
    """Which board is looked at: that of an area, of a hub, of an event, or everywhere. `homes`: as `homes_of` says of the
    reader, whom that reaches; `helps`: areas in which they help others (None: everywhere).
    """

    area: Area | None = None
    hub: Organisation | None = None
    event: Gathering | None = None
    homes: frozenset[int] = frozenset()
    helps: frozenset[int] | None = frozenset()


@dataclass(frozen=True)
class Filters:
    """The chips. `kind`: "gift", "wish" or "" for both; `sort`: a code or "" for all."""

    kind: str = ""
    sort: str = ""


def live() -> ColumnElement[bool]:
    """Posts that are on the boards at this moment."""
    owner = select(GiftParty.id).where(GiftParty.id == GiftPost.party_id, GiftParty.stopped_at.is_(None)).correlate(GiftPost)
    return and_(GiftPost.status == "open", GiftPost.ends_on >= clock.today(), GiftPost.promised < GiftPost.quantity, owner.exists())


def is_live(post: GiftPost) -> bool:
    """Whether one post is."""
    return post.status == "open" and post.ends_on >= clock.today() and post.left > 0 and post.party.stopped_at is None


def homes_of(who: Who | Nobody) -> frozenset[int]:
    """The areas for which a post is meant for a reader: where they live, and where the groups are for which they act. One query, none for
    who acts for none.
    """
    if not isinstance(who, Who):
        return frozenset()
    groups = select(Organisation.area_id).where(Organisation.id.in_(who.acts_for))
    homes = {who.area_id, *(db.session.scalars(groups) if who.acts_for else ())}
    return frozenset(home for home in homes if home is not None)


def reaches(homes: Collection[int]) -> ColumnElement[bool]:
    """Posts meant for who is at home in one of these areas; without any, those for the whole scheme."""
    if not homes:
        return GiftPost.reach == "scheme"
    around = outside_of(*homes)
    linked = select(Area.id).where(Area.parent_id.in_(around))
    near = or_(GiftPost.area_id.in_(around), and_(GiftPost.reach == "linked", GiftPost.area_id.in_(linked)))
    return or_(GiftPost.reach == "scheme", near)


def reaches_home(post: GiftPost, home: int | None, parents: Mapping[int, int | None]) -> bool:
    """The same for one post and who lives in `home`; `parents`: of every area the one it lies in."""
    if post.reach == "scheme" or home is None:
        return post.reach == "scheme"
    around: set[int] = set()
    here: int | None = home
    while here is not None and here not in around:
        around.add(here)
        here = parents.get(here)
    return post.area_id in around or (post.reach == "linked" and post.area.parent_id in around)


def listed(board: Board, filters: Filters, own: Sequence[int] = ()) -> Select[GiftPost]:
    """Posts that this reader sees on a board, in no order yet. `own`: parties of theirs."""
    query = select(GiftPost).where(live())
    if board.helps is not None:
        helped = [GiftPost.area_id.in_(board.helps)] if board.helps else []
        query = query.where(or_(reaches(board.homes), *helped, *([GiftPost.party_id.in_(own)] if own else [])))
    if board.area is not None:
        query = query.where(GiftPost.area_id.in_(within(board.area.code)))
    if board.hub is not None:
        query = query.where(or_(GiftPost.hub_id == board.hub.id, GiftPost.party_id.in_(_party_of(board.hub.id))))
    if board.event is not None:
        query = query.where(GiftPost.event_id == board.event.id)
    if filters.kind:
        query = query.where(GiftPost.kind == filters.kind)
    return query.where(GiftPost.sort == filters.sort) if filters.sort else query


def _party_of(organisation_id: int) -> Select[int]:
    return select(GiftParty.id).where(GiftParty.organisation_id == organisation_id)


def search(
    typed: str, board: Board, filters: Filters, *, own: Sequence[int] = (), before: int | None = None, limit: int = PAGE
) -> Found[GiftPost]:
    """Posts on a board that hold all the words typed, newest first: at most `limit` with an id below `before`. One query, or three."""
    return SHELF.search(typed, listed(board, filters, own), WHOLE, before=before, limit=limit)


def keep(post: GiftPost) -> None:
    """Let the search know what a post says now, or forget it when it is not open; as a part of the action that changes it."""
    said = (post.title, post.text, post.photo_alt, _(SORT_NAMES[post.sort]))
    SHELF.keep(post, said if post.status == "open" else None)


def is_seen(post: GiftPost, who: Who | Nobody) -> bool:
    """Whether a post of somebody else stands on a board that this reader sees. At most three queries."""
    own = [party.id for party in parties.own(who)]
    listed_ = listed(Board(homes=homes_of(who)), Filters()).where(GiftPost.id == post.id, GiftPost.party_id.not_in(own))
    return db.session.scalar(listed_.with_only_columns(GiftPost.id)) is not None


# --- one of them ---------------------------------------------------------------------------------------------------------


class OffTheBoard(Unknown):
    """A gift or wish that there is not, or not for this reader: a printed note may lead to it long after."""

    href, link = "/gifts/", N_("See what is on the board")


def by_ref(ref: str) -> GiftPost:
    """One post, with whose it is. NotFound."""
    found = db.session.scalar(select(GiftPost).where(GiftPost.ref == ref).options(*WHOLE))
    if found is None:
        raise OffTheBoard(_("We cannot find that gift or wish."))
    return found


def readable(ref: str, who: Who | Nobody) -> GiftPost:
    """A post for this reader, as `may_read` says. NotFound for everybody else. One to three queries."""
    post = by_ref(ref)
    if may_read(post, who):
        return post
    if is_live(post) and not isinstance(who, Who):
        raise OffTheBoard(_("This is only for neighbours of one place. If you live there, sign in to see it."))
    raise OffTheBoard(_("This is not on the board any more. See what else there is."))


def is_for_all(post: GiftPost) -> bool:
    """Whether everybody may read a post, also who has not signed in."""
    return is_live(post) and post.reach == "scheme"


def may_read(post: GiftPost, who: Who | Nobody) -> bool:
    """Who may read a post: everybody what is on the boards for everybody; whom it is meant for what is on the boards at all; and always
    its owner, who helps others there, and who writes about it. No query for what is for everybody, else at most three.
    """
    if is_for_all(post):
        return True
    if not isinstance(who, Who):
        return False
    if parties.acts_as(who, post.party) or who.can("help others", post):
        return True
    return (is_live(post) and is_meant_for(post, who)) or _writes_about(post, who)


def is_meant_for(post: GiftPost, who: Who) -> bool:
    """Whether a post is for where somebody is at home (`homes_of`). At most two queries."""
    if post.reach == "scheme":
        return True
    return bool(db.session.scalar(select(exists().where(GiftPost.id == post.id, reaches(homes_of(who))))))


def _writes_about(post: GiftPost, who: Who) -> bool:
    mine = select(GiftParty.id).where(or_(GiftParty.person_id == who.id, GiftParty.organisation_id.in_(who.acts_for)))
    return bool(db.session.scalar(select(exists().where(GiftTalk.post_id == post.id, GiftTalk.other_id.in_(mine)))))


def of_photo(photo_ref: str) -> GiftPost:
    """The post that a picture belongs to. NotFound."""
    found = db.session.scalar(select(GiftPost).where(GiftPost.photo_ref == photo_ref).options(*WHOLE))
    if found is None:
        raise NotFound(_("That photo is gone."))
    return found


def of_parties(ids: Sequence[int], *, before: int | None = None, limit: int = PAGE) -> Sequence[GiftPost]:
    """All posts of these parties, in whatever state, newest first."""
    query = select(GiftPost).where(GiftPost.party_id.in_(ids)).options(*WHOLE)
    if before is not None:
        query = query.where(GiftPost.id < before)
    return db.session.scalars(query.order_by(GiftPost.id.desc()).limit(limit)).all()


# --- events --------------------------------------------------------------------------------------------------------------


def board_of(gathering: Gathering) -> Also:
    """For the page of a public event, as everybody sees it."""
    return Also(_("The gift board of this event"), f"/gifts/?event={gathering.ref}")


LINKS.append(board_of)
