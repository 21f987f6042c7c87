"""The rules of gift boards, pure: how long a post stays, what is too much like money, what somebody looks at first, what needs care."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from portal.gifts import medicine as medicines
from portal.gifts.model import KINDS, MOST_PIECES, REACHES, SORTS, GiftPost
from portal.people import contacts
from portal.people.cash_words import CASH, PRICE, all_cash_like, cash_like
from portal.people.shield import not_for_the_public
from portal.people.worry_words import folded, phrases
from portal.words import N_, _

STAYS = {"7": 7, "14": 14, "28": 28, "90": 90}  # days; what is asked on the form
USUAL = 28
FARTHEST = 366
LEAST_TITLE = 2  # letters: "TV"
MOST_STANDING = 20  # of one party
MOST_A_DAY = 8  # that one person puts up
MOST_REPOSTS = 3  # of the same in REPOST_DAYS
REPOST_DAYS = 90
REMINDED_BEFORE = 2  # days before its last one
LOOKED_AT_WITHIN = 2  # working days
REPORTS_THAT_HOLD = 2  # from so many neighbours a post leaves the boards until somebody has looked
MOST_MESSAGES_AN_HOUR = 40
MOST_BEGUN_A_DAY = 15
LONGEST = 1500  # characters of a message
UNDONE_WITHIN = timedelta(days=7)
LONGEST_LOAN = 366

SORT_NAMES: Mapping[str, str] = {
    "head": N_("What I know"),
    "hands": N_("What I can do"),
    "heart": N_("What I care about"),
    "give": N_("Things to give"),
    "lend": N_("Things to lend"),
}
WISHED_NAMES: Mapping[str, str] = {
    "head": N_("Somebody who knows"),
    "hands": N_("Somebody who can do it"),
    "heart": N_("Company"),
    "give": N_("A thing to have"),
    "lend": N_("A thing to borrow"),
}
STATE_NAMES: Mapping[str, tuple[str, str]] = {
    "held": (N_("A person looks at it first"), "warm"),
    "open": (N_("On the board"), "good"),
    "paused": (N_("Paused"), "warm"),
    "ended": (N_("Ended"), ""),
    "expired": (N_("Its time is over"), "warm"),
    "gone": (N_("All gone, thank you"), "good"),
    "hidden": (N_("Taken down"), "bad"),
}


@dataclass(frozen=True)
class Draft:
    """What is typed. `until_day`: it must go by then."""

    kind: str
    sort: str
    title: str
    area_id: int | None
    text: str = ""
    reach: str = "scheme"
    quantity: int = 1
    days: int = USUAL
    until_day: date | None = None
    alt: str = ""
    hub_id: int | None = None
    event_id: int | None = None


@dataclass(frozen=True)
class Refusal:
    """What is wrong with what was typed, and at which field."""

    sentence: str
    field: str


def judged(draft: Draft, names: tuple[str, ...], today: date) -> Refusal | None:
    """What keeps a draft from a board, or None. `names`: of people it may be about."""
    if draft.kind not in KINDS:
        return Refusal(_("Say whether you give something or wish for it."), "kind")
    if draft.sort not in SORTS:
        return Refusal(_("Choose what sort it is."), "sort")
    if draft.reach not in REACHES:
        return Refusal(_("Choose who sees it."), "reach")
    if len(draft.title) < LEAST_TITLE:
        return Refusal(_("Say what it is, like “A child’s bike, blue”."), "title")
    if not 1 <= draft.quantity <= MOST_PIECES:
        return Refusal(_("Write a number from 1 to %(most)d.", most=MOST_PIECES), "quantity")
    if draft.until_day is not None and draft.until_day < today:
        return Refusal(_("That day has passed. Choose one that is ahead, or leave it empty."), "until_day")
    if draft.until_day is not None and draft.until_day > today + timedelta(days=FARTHEST):
        return Refusal(_("That is more than a year ahead. Come back nearer the time."), "until_day")
    return _words_judged(draft, names)


def _words_judged(draft: Draft, names: tuple[str, ...]) -> Refusal | None:
    for field in ("title", "text", "alt"):
        typed = getattr(draft, field)
        if (what := not_for_the_public(typed, names)) is not None:
            return Refusal(_("Leave out %(what)s: everybody can read this. Neighbours write to you here.", what=what), field)
        found = cash_like(typed)
        if found is not None and found.surely and found.kind == PRICE:
            return Refusal(_("We found “%(word)s”. Nothing has a price here, so leave it out.", word=found.word), field)
        if found is not None and found.surely and found.kind == CASH:
            return Refusal(_("We found “%(word)s”. Give the thing itself, not money or something like it.", word=found.word), field)
        if (word := medicine(typed)) and not (draft.kind == "wish" and draft.sort in ("head", "hands", "heart")):
            return Refusal(
                _("We found “%(word)s”. Medicines cannot change hands here. Your pharmacy takes back what is left.", word=word), field
            )
    return None


def sort_name(kind: str, sort: str) -> str:
    """What a sort is called, of a gift or of a wish."""
    return _((WISHED_NAMES if kind == "wish" else SORT_NAMES)[sort])


def state_of(post: GiftPost, today: date) -> str:
    """The state that people see, as in `STATE_NAMES`: past its last day it is over, before the worker says so."""
    return "expired" if post.status == "open" and post.ends_on < today else post.status


def last_day(draft_days: int, until_day: date | None, today: date) -> date:
    """Its last day on the boards: so many days from today, or the day by which it must go, whichever is sooner."""
    days = draft_days if draft_days in STAYS.values() else USUAL
    plain = today + timedelta(days=days)
    return plain if until_day is None else min(plain, until_day)


def same(title: str) -> str:
    """What a title says, so that "Blue bike!" and "blue  BIKE" are the same."""
    return " ".join(re.findall(r"[^\W_]+", folded(title))) or " ".join(folded(title).split())


# --- what a person looks at first, and what needs care -------------------------------------------------------------------

_FOOD = re.compile(
    r"\b(food|soups?|stews?|cakes?|bread|meals?|jam|jams|chutneys?|eggs?|milk|meat|fish|cheese|fruit|vegetables?|veg|apples?|plums?|rhubarb|tomatoes|curry|pasta|rice|biscuits?"
    r"|dinner|lunch|freezer|tins?|tinned)\b"
)


def medicine(text: str) -> str | None:
    """The word in a text that speaks of medicine, or None."""
    return medicines.surely(folded(text))


def worries(*texts: str) -> list[str]:
    """Every word that a person should look at before it stands on a board, each once. Bets, alcohol and tobacco are among them, and what
    may be like money."""
    words: dict[str, None] = {}
    for text in texts:
        seen = folded(text)
        words |= dict.fromkeys((*phrases(text), *contacts.perhaps(text)))
        words |= dict.fromkeys(medicines.perhaps(seen))
        words |= dict.fromkeys(like.word for like in all_cash_like(text))
    return list(words)


def is_food(*texts: str) -> bool:
    """Whether the rules for food are shown beside it."""
    return any(_FOOD.search(folded(text)) for text in texts)
