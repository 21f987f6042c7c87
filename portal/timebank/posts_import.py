"""Offers and requests from another timebank, as a part of an import: each once, by its number there, as its member's own.

What stays behind is told by its line: of a kind of help that nobody matched with one of ours, with something private in it, over
already, or more than one member may have. Sent again when that is put right, it comes too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select

from portal import clock
from portal.db import db, must_be_in_transaction
from portal.errors import Refused
from portal.finding import words_of
from portal.history import Actor, record
from portal.refs import new_ref
from portal.timebank import posts, search
from portal.timebank.foreign import Foreign, ForeignPost, Problem
from portal.timebank.model import Category, Member
from portal.timebank.paper_model import ImportedPost
from portal.timebank.posts import Draft
from portal.timebank.posts_model import Post
from portal.words import _

SHORT = 1  # letters: “Lifts” was enough there, and is what its member wrote
Kinds = Mapping[str, str]  # a kind of help as it is called there: the code of ours


@dataclass(frozen=True)
class Owner:
    """Whose posts are looked at: as the files say, where they come from, their area, and the member they are by now (None: a new one)."""

    foreign: Foreign
    source: str
    area_id: int
    member_id: int | None


@dataclass(frozen=True)
class Coming:
    """A post that is taken over, of this kind of help of ours."""

    owner: Owner
    post: ForeignPost
    category: str


@dataclass
class KindThere:
    """A kind of help as they called it ("": none was written), at how many posts it stands, and the code of ours that it becomes, or ""."""

    name: str
    file: str
    line: int
    number: int = 0
    ours: str = ""


@dataclass
class PostPlan:
    """What would be done with the offers and requests of an import."""

    coming: list[Coming] = field(default_factory=list)
    done: int = 0
    behind: int = 0
    kinds: list[KindThere] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def plan(owners: Sequence[Owner], kinds: Kinds) -> PostPlan:
    """Which posts come, by what stands in the database now. Writes nothing; three queries. Refused: `kinds` names one that we have not."""
    made = PostPlan()
    if not any(owner.foreign.offers for owner in owners):
        return made
    ours = {row.code: row.name for row in db.session.scalars(select(Category).where(Category.archived_at.is_(None)))}
    if unknown := next((code for code in kinds.values() if code and code not in ours), None):
        raise Refused(_("We have no kind of help with the code “%(code)s”.", code=unknown[:40]), "kinds")
    match = _matching(ours, kinds)
    before = {(row.source, row.their_id) for row in db.session.scalars(select(ImportedPost))}
    has, left = _standing([owner.member_id for owner in owners if owner.member_id is not None])
    found: dict[str, KindThere] = {}
    for owner in owners:
        room = posts.MOST_OPEN - (has.get(owner.member_id, 0) if owner.member_id is not None else 0)
        for post in owner.foreign.offers:
            if (owner.source, post.key) in before:
                made.done += 1
                continue
            kind = found.setdefault(_plain(post.category), KindThere(post.category, post.file, post.line))
            kind.number += 1
            kind.ours = match.get(_plain(post.category), "")
            one = Coming(owner, post, kind.ours)
            why = _stays_behind(one, room, gone=owner.member_id in left)
            if why is not None:
                made.problems.append(Problem(post.file, post.line, why, stops=False))
            if why is not None or not kind.ours:
                made.behind += 1
                continue
            room -= 1
            before.add((owner.source, post.key))
            made.coming.append(one)
    made.kinds = sorted(found.values(), key=lambda kind: kind.name.casefold())
    made.problems += [_unmatched(kind) for kind in made.kinds if not kind.ours]
    return made


def _plain(name: str) -> str:
    return " ".join(words_of(name))


def _matching(ours: Mapping[str, str], kinds: Kinds) -> Mapping[str, str]:
    """Codes of ours by their names: those that are called the same, and what somebody said."""
    same = {_plain(name): code for code, name in ours.items()} | {_plain(code): code for code in ours}
    return same | {_plain(name): code for name, code in kinds.items() if code}


def _standing(ids: Sequence[int]) -> tuple[Mapping[int, int], set[int]]:
    """How many posts of these members are in the lists now; and who of them has left."""
    found: dict[int, int] = {}
    left: set[int] = set()
    for start in range(0, len(ids), 400):
        some = ids[start : start + 400]
        open_ones = select(Post.member_id, func.count()).where(
            Post.member_id.in_(some), Post.status == "open", Post.ends_on >= clock.today()
        )
        found |= dict(db.session.execute(open_ones.group_by(Post.member_id)).tuples().all())
        left |= set(db.session.scalars(select(Member.id).where(Member.id.in_(some), Member.status == "left")))
    return found, left


def _draft(one: Coming) -> Draft:
    """As if its member had written it here. Who saw it there was one timebank; here that is one area."""
    post = one.post
    tags = ", ".join(posts.tidy_tags(post.tags).split(", ")[: posts.MOST_TAGS])
    farthest = clock.today() + timedelta(days=posts.FARTHEST)
    until = post.until if post.until is not None and post.until <= farthest else None  # farther ahead is no date: the usual days hold
    return Draft(post.kind, post.title, one.category, one.owner.area_id, "area", text=post.text, until_day=until, tags=tags)


def _stays_behind(one: Coming, room: int, *, gone: bool) -> str | None:
    """Why a post is not taken over, in a sentence; None when nothing speaks against it but perhaps its kind."""
    title = one.post.title[:60]
    if gone:
        return _("“%(title)s” stays behind: its member has left the timebank here.", title=title)
    if one.post.until is not None and one.post.until < clock.today():
        return _("The time of “%(title)s” is over, so it stays behind.", title=title)
    try:
        posts.judge(_draft(one), one.owner.foreign.name, kind=one.post.kind, least=SHORT)
    except Refused as why:
        return _("“%(title)s” stays behind: %(why)s", title=title, why=why.sentence)
    if room <= 0:
        return _("“%(title)s” stays behind: %(most)d of one member are enough.", title=title, most=posts.MOST_OPEN)
    return None


def _unmatched(kind: KindThere) -> Problem:
    if not kind.name:
        sentence = _(
            "%(number)d offers and requests have no kind of help. Say which one they get, or they stay behind.", number=kind.number
        )
    else:
        sentence = _(
            "We have no kind of help called “%(name)s” (%(number)d offers and requests). Say which of ours it is, or they stay behind.",
            name=kind.name,
            number=kind.number,
        )
    return Problem(kind.file, kind.line, sentence, stops=False)


def take(coming: Sequence[Coming], member_of: Mapping[tuple[str, str], Member], actor: Actor) -> None:
    """Make the posts, as a part of an import; nobody is told. `member_of`: by (source, their number there).

    Who takes a break has them paused, and puts them up when the break is over.
    """
    must_be_in_transaction()
    for one in coming:
        owner = member_of[one.owner.source, one.owner.foreign.id]
        row = Post(
            ref=new_ref("POS"), member_id=owner.id, posted_at=clock.now(), entered_by=actor.code, basis="import",
            status="open" if owner.status == "active" else "paused", version=0,
        )  # fmt: skip
        posts.fill(row, _draft(one), owner, least=SHORT)
        db.session.add(row)
        db.session.flush()
        search.keep(row)
        record(posts.about(row), "posted", Actor(actor.person_id, owner.person_id, "import"))
        db.session.add(ImportedPost(source=one.owner.source, their_id=one.post.key, post_id=row.id, imported_at=clock.now()))
