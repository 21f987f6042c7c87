"""Looking through offers and requests: one question, answered by SQLite's FTS5 or PostgreSQL's full text.

A post has words while it is open (`keep`): folded to plain small letters, so that "Tŷ" and "ty" are one word on both engines.
When nothing holds the words typed, they are compared with the words that open posts do hold, and the nearest stand in for them.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, and_, column, delete, func, or_, select, table, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db, is_postgresql, must_be_in_transaction, one_at_a_time
from portal.people.access import Nobody, Who
from portal.places.model import Area
from portal.places.queries import outside_of, within
from portal.timebank import members
from portal.timebank.model import Category, Member
from portal.timebank.posts_model import KnownWord, Post

PAGE = 20
MANY_WORDS = 8
LONGEST = 40
MOST_ALTERNATIVES = 3
MOST_CANDIDATES = 3000
# what PostgreSQL leaves out of an English index; left out here too, so that both engines are asked the same
NOISE = frozenset(
    re.findall(
        "[a-z]+",
        "i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself they them"
        " their theirs themselves what which who whom this that these those am is are was were be been being have has had having do does did doing a"
        " an the and but if or because as until while of at by for with about against between into through during before after above below to from"
        " up down in out on off over under again further then once here there when where why how all any both each few more most other some such no"
        " nor not only own same so than too very s t can will just don should now",
    )
)


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


@dataclass(frozen=True)
class Found:
    """A page of posts, newest first. `instead`: what stood in for words that no post holds; `wordless`: only signs were typed."""

    posts: Sequence[Post]
    more: bool = False
    instead: Mapping[str, Sequence[str]] = field(default_factory=dict)
    wordless: bool = False


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


def search(typed: str, viewer: Viewer, filters: Filters, *, before: int | None = None, limit: int = PAGE) -> Found:
    """Posts that hold all the words typed, newest first: at most `limit` with an id below `before`.

    Never raises on what is typed. One query; with two more when nothing holds the words, for what was meant.
    """
    words = [word for word in words_of(typed) if word not in NOISE][:MANY_WORDS]
    if not words:
        if typed.strip():
            return Found([], wordless=True)
        return _page(listed(viewer, filters), {}, before, limit)
    found = _page(listed(viewer, filters), {word: [word] for word in words}, before, limit)
    if found.posts or before is not None:
        return found
    meant = alternatives(words)
    if not meant:
        return found
    nearest = _page(listed(viewer, filters), {word: [word, *meant.get(word, ())] for word in words}, before, limit)
    return Found(nearest.posts, nearest.more, meant if nearest.posts else {})


def _page(query: Select[Post], wanted: Mapping[str, Sequence[str]], before: int | None, limit: int) -> Found:
    """First which posts, by their ids alone; then these with all that is shown of them. One query."""
    order: ColumnElement[int] = Post.id.expression
    if wanted and is_postgresql():
        query = query.where(*_in_postgresql(list(wanted.values())))
    elif wanted:
        found = table("post_words", column("rowid"), column("post_words"))
        query = query.join(found, found.c.rowid == Post.id).where(found.c.post_words.op("MATCH")(in_fts5(list(wanted.values()))))
        order = found.c.rowid  # in which FTS5 gives its rows, so that a word of many posts costs one page
    if before is not None:
        query = query.where(order < before)
    which = query.with_only_columns(Post.id).order_by(order.desc()).limit(limit + 1).subquery()
    posts = db.session.scalars(select(Post).join(which, which.c.id == Post.id).options(*WHOLE).order_by(Post.id.desc())).all()
    return Found(posts[:limit], len(posts) > limit)


def in_fts5(wanted: Sequence[Sequence[str]]) -> str:
    """FTS5's own grammar: one of each group, every word quoted."""
    return " AND ".join("(" + " OR ".join(f'"{word}"' for word in group) + ")" for group in wanted)


def _in_postgresql(wanted: Sequence[Sequence[str]]) -> tuple[ColumnElement[bool], ...]:
    english = text("'english'")
    whole_query: ColumnElement[object] | None = None
    for group in wanted:
        either: ColumnElement[object] | None = None
        for word in group:
            one = func.plainto_tsquery(english, word)
            either = one if either is None else either.op("||")(one)
        assert either is not None
        whole_query = either.self_group() if whole_query is None else whole_query.op("&&")(either.self_group())
    vector = func.to_tsvector(english, Post.words)
    return (Post.words != text("''"), vector.op("@@", is_comparison=True)(whole_query))


def words_of(typed: str) -> list[str]:
    """The words of a text in order, each once: small letters and digits, without accents; apostrophes join."""
    plain = unicodedata.normalize("NFKD", typed.casefold())
    plain = "".join(each for each in plain if unicodedata.category(each)[0] != "M" and each not in "'’‘")
    return list(dict.fromkeys(word[:LONGEST] for word in re.findall(r"[^\W_]+", plain.casefold())))


# --- what was meant ------------------------------------------------------------------------------------------------------


def alternatives(words: Collection[str]) -> Mapping[str, Sequence[str]]:
    """For each word that no open post holds: the nearest that some do, at most three. One query.

    Looked for among words with the same first letter or the same last two; a slip at both ends at once is not found.
    """
    typed = [word for word in words if len(word) > 2 and not word.isdigit()]
    if not typed:
        return {}
    near = []
    for word in map(singular, typed):
        least, most = len(word) - slips(word), len(word) + slips(word)
        near += [
            and_(KnownWord.head == word[0], KnownWord.size >= least),
            and_(KnownWord.tail == word[-2:], KnownWord.size.between(least, most)),
        ]
    query = select(KnownWord.word).where(or_(KnownWord.word.in_(typed), *near)).order_by(KnownWord.uses.desc(), KnownWord.word)
    known = db.session.scalars(query.limit(MOST_CANDIDATES)).all()
    found = {word: _nearest(word, known) for word in typed if word not in known}
    return {word: some for word, some in found.items() if some}


def _nearest(word: str, known: Sequence[str]) -> Sequence[str]:
    begins = [each for each in known if each.startswith(word)][:MOST_ALTERNATIVES]
    if begins:
        return begins
    meant, most = singular(word), slips(singular(word))
    far = {each: distance(meant, singular(each), most) for each in known} if most else {}
    least = min(far.values(), default=most + 1)
    return [each for each in known if far.get(each, most + 1) == least <= most][:MOST_ALTERNATIVES]


def singular(word: str) -> str:
    """A word without the s of many: "bicycles" and "bicycle" are as far from "bycicle"."""
    return word[:-1] if len(word) > 4 and word[-1] == "s" and word[-2] != "s" else word


def slips(word: str) -> int:
    """How many slips of the finger a word may hold and still be known: none below four letters, one below seven, then two.

    "bycicle" has seven letters and two of them.
    """
    return 0 if len(word) < 4 else 1 if len(word) < 7 else 2


def distance(one: str, other: str, most: int) -> int:
    """Damerau and Levenshtein's: letters to add, leave out, change, or swap with their neighbour; `most` + 1 for anything farther."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, its in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most and (i == 1 or min(before) > most):
            return most + 1
    return min(row[-1], most + 1)


# --- what posts hold -----------------------------------------------------------------------------------------------------


def keep(post: Post) -> None:
    """Let the search know what a post says now, or forget it when it is not open; as a part of the action that changes it."""
    must_be_in_transaction()
    was = frozenset((post.words or "").split())
    found = words_of(" ".join((post.title, post.text, post.tags, post.category.name))) if post.status == "open" else []
    post.words = " ".join(found)
    db.session.flush()
    _count(was, frozenset(found))


def keep_all() -> int:
    """Let the search read all open posts anew, for instance when a kind of help has got another name; returns how many."""
    must_be_in_transaction()
    posts = db.session.scalars(select(Post).where(Post.status == "open").order_by(Post.id)).all()
    for post in posts:
        keep(post)
    return len(posts)


def _count(was: frozenset[str], now: frozenset[str]) -> None:
    came, went = (sorted(word for word in some if len(word) > 2 and word not in NOISE) for some in (now - was, was - now))
    if not came and not went:
        return
    one_at_a_time("words of posts")
    if came:
        insert = postgresql.insert if is_postgresql() else sqlite.insert
        rows = [{"word": word, "uses": 1, "size": len(singular(word)), "head": word[0], "tail": singular(word)[-2:]} for word in came]
        statement = insert(KnownWord).values(rows)
        db.session.execute(statement.on_conflict_do_update(index_elements=["word"], set_={"uses": KnownWord.uses + 1}))
    if went:
        db.session.execute(update(KnownWord).where(KnownWord.word.in_(went)).values(uses=KnownWord.uses - 1))
        db.session.execute(delete(KnownWord).where(KnownWord.word.in_(went), KnownWord.uses == 0))
