"""Which offers and requests somebody sees, and looking through them."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.finding import Found, Shelf
from portal.people.access import Nobody, Who
from portal.places.model import Area
from portal.places.queries import outside_of, within
from portal.timebank import members
from portal.timebank.model import Category, Member
from portal.timebank.posts_model import KnownWord, Post

PAGE = 20
SHELF = Shelf(Post, KnownWord)


@dataclass(frozen=True)
class Viewer:
    """Who looks: where they live, and whether they are told first names."""

    member: Member | None = None
    area: Area | None = None
    named: bool = False


@dataclass(frozen=True)
class Filters:
    """The chips. `kind`: "offer", "request" or "" for both; `category`: a code; `near`: only the viewer's own area."""

    kind: str = ""
    category: str = ""
    near: bool = False


def viewer_of(who: Who | Nobody, area: Area | None = None) -> Viewer:
    """A member by their own area; somebody else by the `area` that they chose, or none. One query, or two."""
    if not isinstance(who, Who):
        return Viewer(area=area)
    member = members.member_of(who.id)
    if member is not None:
        return Viewer(member, member.area, named=True)
    home = area or (db.session.get(Area, who.area_id) if who.area_id else None)
    return Viewer(area=home, named=who.has_somewhere("connector", "officer"))


# what is shown beside a post, in the same query
WHOLE = (
    joinedload(Post.member).joinedload(Member.person), joinedload(Post.member).joinedload(Member.organisation),
    joinedload(Post.member).joinedload(Member.area), joinedload(Post.category), joinedload(Post.area),
)  # fmt: skip


# --- what is in the lists ------------------------------------------------------------------------------------------------


def live() -> ColumnElement[bool]:
    """Posts that are in the lists today. The member is asked for each post, so that a list reads posts in their order and stops."""
    owner = select(Member.id).where(Member.id == Post.member_id, Member.status == "active").correlate(Post)
    return and_(Post.status == "open", Post.ends_on >= clock.today(), owner.exists())


def reaches(area_id: int | None) -> ColumnElement[bool]:
    """Posts meant for who lives in an area; None: those for the whole scheme."""
    if area_id is None:
        return Post.reach == "scheme"
    around = outside_of(area_id)
    linked = select(Area.id).where(Area.parent_id.in_(around))
    return or_(Post.reach == "scheme", Post.area_id.in_(around), and_(Post.reach == "linked", Post.area_id.in_(linked)))


def listed(viewer: Viewer, filters: Filters) -> Select[Post]:
    """Posts that this viewer's list shows, in no order yet."""
    query = select(Post).where(live())
    mine = Post.member_id == viewer.member.id if viewer.member is not None else None
    reached = reaches(viewer.area.id if viewer.area is not None else None)
    query = query.where(reached if mine is None else or_(reached, mine))
    if filters.kind:
        query = query.where(Post.kind == filters.kind)
    if filters.category:
        query = query.where(Post.category_id.in_(select(Category.id).where(Category.code == filters.category)))
    if filters.near and viewer.area is not None:
        query = query.where(Post.area_id.in_(within(viewer.area.code)))
    return query


# --- the question --------------------------------------------------------------------------------------------------------


def search(typed: str, viewer: Viewer, filters: Filters, *, before: int | None = None, limit: int = PAGE) -> Found[Post]:
    """Posts that hold all the words typed, newest first: at most `limit` with an id below `before`. One query, or three."""
    return SHELF.search(typed, listed(viewer, filters), WHOLE, before=before, limit=limit)


def keep(post: Post) -> None:
    """Let the search know what a post says now, or forget it when it is not open; as a part of the action that changes it."""
    SHELF.keep(post, (post.title, post.text, post.tags, post.category.name) if post.status == "open" else None)


def keep_all() -> int:
    """Let the search read all open posts anew, for instance when a kind of help has got another name; returns how many."""
    must_be_in_transaction()
    posts = db.session.scalars(select(Post).where(Post.status == "open").order_by(Post.id)).all()
    for post in posts:
        keep(post)
    return len(posts)
