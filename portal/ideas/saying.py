"""What in the words of a card asks for a look before everybody reads it: words that worry, somebody's full name, a card said quite anew."""

import re

from sqlalchemy import and_, func, or_, select

from portal.db import db
from portal.history import events_of
from portal.ideas import queries
from portal.ideas.model import Idea, IdeaLook
from portal.ideas.rules import new_words, said_anew
from portal.people.model import Person
from portal.people.worry_words import looked_at

WORD = r"[^\W\d_][\w’'-]+"
PAIRS = (re.compile(rf"(?=(?<!\w)({WORD})\s+({WORD}))"), re.compile(rf"(?=(?<!\w)({WORD})\s+{WORD}\s+({WORD}))"))  # with a middle name too
MOST_NAMES = 40  # pairs of words with capitals that are looked up


def what_worries(title: str, text: str, alt: str, area_id: int, owner_id: int | None) -> str:
    """Words that worry, what may be an address, and full names of people who live around there, with commas; "" when there are none. One
    query, where two words with capitals stand together. `alt`: what is on the photo.
    """
    said = f"{title}\n{text}\n{alt}"
    return ", ".join([*looked_at(said), *_neighbours_in(said, area_id, owner_id)])


def _neighbours_in(said: str, area_id: int, owner_id: int | None) -> list[str]:
    pairs = [pair for pattern in PAIRS for pair in pattern.findall(said)]
    found = list(dict.fromkeys((one.casefold(), two.casefold()) for one, two in pairs if one[0].isupper() and two[0].isupper()))[
        :MOST_NAMES
    ]
    if not found:
        return []
    name = func.lower(Person.name)
    called = or_(
        *(
            or_(name == f"{one} {two}", and_(name.startswith(f"{one} ", autoescape=True), name.endswith(f" {two}", autoescape=True)))
            for one, two in found
        )
    )
    there = select(Person.name).where(called, Person.area_id.in_(queries.around(area_id)), Person.deleted_at.is_(None))
    if owner_id is not None:
        there = there.where(Person.id != owner_id)
    return list(db.session.scalars(there.order_by(Person.name).distinct().limit(5)))


def news_of(idea: Idea, title: str, text: str) -> list[str]:
    """The words that say something and did not stand on the card, before it is changed to these."""
    return new_words(queries.stems(f"{idea.title} {idea.text}"), queries.stems(f"{title} {text}"))


def is_known(idea: Idea) -> bool:
    """Whether neighbours are in on a card, or somebody has looked at it: then others count on what it shows."""
    looked = select(IdeaLook.id).where(IdeaLook.idea_id == idea.id, IdeaLook.settled_at.is_not(None)).limit(1)
    return bool(idea.people) or db.session.scalar(looked) is not None


def is_another(idea: Idea, title: str, text: str) -> bool:
    """Whether a card that is known would say something else than it did when it became known; little by little counts as at once. Asked
    before it is changed.
    """
    before = 0
    for event in events_of(queries.about(idea)):
        before = 0 if event.kind == "let_go" else before + int(event.data.get("news", 0)) if event.kind == "edited" else before
    was, now = queries.stems(f"{idea.title} {idea.text}"), queries.stems(f"{title} {text}")
    return said_anew(was, now, before) or said_anew(was, queries.stems(title))


def rewritten(idea: Idea) -> bool:
    """Whether it is held because it says something else now."""
    kinds = [event.kind for event in events_of(queries.about(idea)) if event.kind in ("rewritten", "let_go")]
    return kinds[-1:] == ["rewritten"]
