"""Reading ideas: one of them, the wall, what is alike, what somebody has; and how a card is called."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db, must_be_in_transaction, one_at_a_time
from portal.errors import NotFound
from portal.events.hooks import ALSO, Also
from portal.events.model import Gathering
from portal.finding import NOISE, Found, Shelf, singular, words_of
from portal.ideas.model import Idea, IdeaPledge, IdeaWord
from portal.ideas.rules import alike, first_name, in_common
from portal.outbox import Message
from portal.people.access import Nobody, Who
from portal.places.model import Area
from portal.places.queries import outside_of, within
from portal.words import N_, _

PAGE = 20
MOST_CANDIDATES = 60
MOST_ALIKE = 3
DEEPEST = 20
SHELF = Shelf(Idea, IdeaWord)
WHOLE = (joinedload(Idea.area), joinedload(Idea.owner), joinedload(Idea.event))
STATE_WORDS = {
    "held": (N_("A neighbour looks at it first"), "warm"),
    "open": (N_("On the wall"), "good"),
    "joined": (N_("Joined another idea"), "calm"),
    "taken": (N_("Under way"), "warm"),
    "done": (N_("It happened"), "good"),
    "archived": (N_("Earlier idea"), ""),
    "expired": (N_("Its time is over"), "warm"),
    "withdrawn": (N_("Taken back"), ""),
    "hidden": (N_("Taken down"), "bad"),
}
FOR_ALL = ("open", "joined", "taken", "done", "archived")  # what everybody may read; of the open ones, while their time lasts
SHOWN = ("open", "taken", "done", "archived")  # chips of the wall


@dataclass(frozen=True)
class Became:
    """What became of an idea, for everybody. `href`: where to read more; "" when that is not public."""

    sentence: str
    at: date
    href: str = ""


# rooms above say what became of ideas: ids to what they know of each
BECAME: list[Callable[[Sequence[int]], Mapping[int, Sequence[Became]]]] = []
# the address at which a neighbour goes on, once their "I'm in" came along into something else; "" while it has not
NEXT_LINKS: list[Callable[[int], str]] = []


def about(idea: Idea) -> str:
    """How events and messages name it."""
    return f"idea:{idea.id}"


def hold() -> None:
    """Wait until no other action moves ideas; the first thing in each that does, so that cards, pledges and joins are judged whole."""
    one_at_a_time("ideas")


# --- one of them ---------------------------------------------------------------------------------------------------------


def not_on_the_wall(idea: Idea) -> tuple[str, str] | None:
    """What became of a card, as in `STATE_WORDS`; None: it is on the wall."""
    return STATE_WORDS[idea.status] if idea.status != "open" else None


def by_ref(ref: str) -> Idea:
    """One idea with its area and owner. NotFound."""
    found = db.session.scalar(select(Idea).where(Idea.ref == ref).options(*WHOLE))
    if found is None:
        raise NotFound(_("We cannot find that idea."))
    return found


def by_id(id_: int) -> Idea:
    """One idea by its id, which is there."""
    return db.session.scalars(select(Idea).where(Idea.id == id_).options(*WHOLE)).one()


def by_number(number: int) -> Idea:
    """One idea by the number on its paper note. NotFound."""
    found = db.session.scalar(select(Idea).where(Idea.number == number))
    if found is None:
        raise NotFound(_("There is no idea with that number. Look at the note again."))
    return found


def locked(ref: str) -> Idea:
    """The same, as a part of an action that holds the ideas."""
    must_be_in_transaction()
    found = db.session.scalar(select(Idea).where(Idea.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that idea."))
    return found


def locked_by_id(id_: int) -> Idea:
    """The same by its id."""
    must_be_in_transaction()
    return db.session.get_one(Idea, id_, with_for_update=True, populate_existing=True)


def is_live(idea: Idea) -> bool:
    """Whether it is on the wall today."""
    return idea.status == "open" and idea.ends_on >= clock.today()


def for_all(idea: Idea) -> bool:
    """Whether everybody may read it: on the wall today, or grown out of it."""
    return idea.status in FOR_ALL and (idea.status != "open" or is_live(idea))


def is_owner(who: Who | Nobody, idea: Idea) -> bool:
    """Whether it is theirs."""
    return isinstance(who, Who) and who.id == idea.owner_id


def helps(who: Who | Nobody, idea: Idea) -> bool:
    """Whether they help others where it is, and it is not their own."""
    return isinstance(who, Who) and who.can("help others", idea) and who.id != idea.owner_id


def readable(ref: str, who: Who | Nobody) -> Idea:
    """An idea for this reader: on the wall or grown out of it; their own, and where they help others, in whatever state; what they are
    in, unless it was taken down. NotFound for all others.
    """
    idea = by_ref(ref)
    if is_owner(who, idea) or helps(who, idea) or for_all(idea):
        return idea
    if isinstance(who, Who) and idea.status in ("open", "expired", "withdrawn"):
        mine = select(IdeaPledge.id).where(IdeaPledge.idea_id == idea.id, IdeaPledge.person_id == who.id, IdeaPledge.status == "in")
        if db.session.scalar(mine.limit(1)) is not None:
            return idea
    raise NotFound(_("This idea is not on the wall any more. See what else there is."))


def of_photo(photo_ref: str) -> Idea:
    """The idea that a picture belongs to. NotFound."""
    found = db.session.scalar(select(Idea).where(Idea.photo_ref == photo_ref).options(*WHOLE))
    if found is None:
        raise NotFound(_("That photo is gone."))
    return found


def whose(idea: Idea) -> str:
    """The first name of who had it, for everybody; "A neighbour" for nobody's."""
    return first_name(idea.owner.name if idea.owner is not None else idea.owner_name) or _("A neighbour")


def root_of(idea: Idea) -> Idea:
    """The idea that this one has become a part of, at the end of the line; itself, when it has joined none."""
    for _step in range(DEEPEST):
        if idea.into_id is None:
            break
        idea = db.session.get_one(Idea, idea.into_id)
    return idea


def family(root_id: int) -> Select[int]:
    """A select of the ids of an idea and of all that have joined it, at any depth."""
    inside = select(Idea.id).where(Idea.id == root_id).cte("family", recursive=True)
    inside = inside.union(select(Idea.id).join(inside, Idea.into_id == inside.c.id))
    return select(inside.c.id)


def joined_into(root_id: int) -> Sequence[Idea]:
    """Ideas that have joined this one, at any depth, the first card first."""
    query = select(Idea).where(Idea.id.in_(family(root_id)), Idea.id != root_id).options(*WHOLE)
    return db.session.scalars(query.order_by(Idea.id)).all()


def became(ids: Sequence[int]) -> Mapping[int, Sequence[Became]]:
    """What became of these ideas, as the rooms above tell it; oldest first."""
    found: dict[int, list[Became]] = {}
    for ask in BECAME if ids else ():
        for id_, some in ask(ids).items():
            found.setdefault(id_, []).extend(some)
    return found


def next_link(pledge_ids: Collection[int]) -> str:
    """Where a neighbour goes on with what they said on these cards; "" where it came along into nothing. One query for each at most."""
    return next((link for id_ in pledge_ids for ask in NEXT_LINKS if (link := ask(id_))), "")


# --- the wall ------------------------------------------------------------------------------------------------------------


def live() -> ColumnElement[bool]:
    """Ideas that are on the wall today."""
    return and_(Idea.status == "open", Idea.ends_on >= clock.today())


@dataclass(frozen=True)
class Filters:
    """The chips. `state`: one of SHOWN; `area`: all inside it; `event`: pinned there."""

    state: str = "open"
    area: Area | None = None
    event: Gathering | None = None


def listed(filters: Filters) -> Select[Idea]:
    """Ideas that the wall shows, in no order yet."""
    query = select(Idea).where(live() if filters.state == "open" else Idea.status == filters.state)
    if filters.event is not None:
        query = query.where(Idea.event_id == filters.event.id)
    return query if filters.area is None else query.where(Idea.area_id.in_(within(filters.area.code)))


def search(typed: str, filters: Filters, *, before: int | None = None, limit: int = PAGE) -> Found[Idea]:
    """Ideas that hold all the words typed, newest first. What has left the wall has no words: it is found by leafing. One query, or three."""
    return SHELF.search(typed if filters.state == "open" else "", listed(filters), WHOLE, before=before, limit=limit)


def keep(idea: Idea) -> None:
    """Let the search know what an idea says now, or forget it when it is not on the wall; as a part of the action that changes it."""
    SHELF.keep(idea, (idea.title, idea.text) if idea.status == "open" else None)


def of_wall(ref: str) -> Sequence[Idea]:
    """Cards that were typed together, as they were typed. NotFound."""
    found = db.session.scalars(select(Idea).where(Idea.wall == ref).options(*WHOLE).order_by(Idea.id)).all()
    if not found:
        raise NotFound(_("We cannot find those cards."))
    return found


def of_person(person_id: int, *, before: int | None = None, limit: int = PAGE) -> Sequence[Idea]:
    """Somebody's own, in whatever state, newest first."""
    query = select(Idea).where(Idea.owner_id == person_id).options(*WHOLE)
    if before is not None:
        query = query.where(Idea.id < before)
    return db.session.scalars(query.order_by(Idea.id.desc()).limit(limit)).all()


def for_printing(areas: Collection[int], limit: int) -> Sequence[Idea]:
    """Cards that are on the wall in these areas, by number, newest first."""
    query = select(Idea).where(live(), Idea.area_id.in_(areas)).options(*WHOLE)
    return db.session.scalars(query.order_by(Idea.id.desc()).limit(limit)).all()


# --- what is alike -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alike:
    """Another card that may mean the same thing: the words in common, and whether it is near."""

    idea: Idea
    shared: Sequence[str]
    near: bool


def stems(text: str) -> list[str]:
    """The words of a text that say something, without the s or es of many."""
    return list(dict.fromkeys(_stem(word) for word in words_of(text) if word not in NOISE and len(word) > 2))


def _stem(word: str) -> str:
    return word[:-2] if word.endswith(("ches", "shes", "xes", "sses")) else singular(word)


def alike_to(title: str, text: str, area_id: int, *, but: Collection[int] = (), limit: int = MOST_ALIKE) -> Sequence[Alike]:
    """Cards on the wall that may mean the same, the likest first, the near ones before the far. Two queries."""
    said = stems(f"{title} {text}")
    if not said:
        return []
    wanted = list(dict.fromkeys([*said[:12], *(word for word in words_of(f"{title} {text}") if _stem(word) in said[:12])]))
    query, order = SHELF.holding(select(Idea).where(live(), Idea.id.not_in(but)), [wanted])
    which = query.with_only_columns(Idea.id).order_by(order.desc()).limit(MOST_CANDIDATES).subquery()
    nearby = set(db.session.scalars(around(area_id)))
    found = []
    for one in db.session.scalars(select(Idea).join(which, which.c.id == Idea.id).options(*WHOLE)).unique():
        other = stems(f"{one.title} {one.text}")
        shared = in_common(said, other)
        if alike(len(shared), len(said), len(other)):
            found.append(Alike(one, shared[:4], one.area_id in nearby))
    found.sort(key=lambda each: (-len(each.shared) - each.near, -each.idea.id))
    return found[:limit]


def around(area_id: int) -> Select[int]:
    """A select of ids: the area, what it lies in short of the whole scheme, and what lies in the same ones."""
    up = select(Area.id).where(Area.id.in_(outside_of(area_id)), Area.kind != "scheme")
    return select(Area.id).where(or_(Area.id.in_(up), Area.parent_id.in_(up)))


def next_number() -> int:
    """The number of the next card, as a part of an action that holds the ideas."""
    must_be_in_transaction()
    return (db.session.scalar(select(func.max(Idea.number))) or 0) + 1


def messages_with(beginning: str) -> Select[int]:
    """Messages whose key begins so, for who counts them."""
    return select(Message.id).where(Message.key.startswith(beginning, autoescape=True))


# --- events --------------------------------------------------------------------------------------------------------------


def wall_of(gathering: Gathering) -> Also | None:
    """For the page of an event, as who looks after it sees it: its wall of notes."""
    return Also(_("Type the wall of ideas"), f"/ideas/desk/wall?event={gathering.ref}") if gathering.kind == "fair" else None


ALSO.append(wall_of)
