"""What can be judged of an idea without asking the database: its words, the hours of who is in, and what is alike."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from portal.errors import Refused
from portal.finding import distance, slips, words_of
from portal.money import STEP, Minutes
from portal.people.shield import not_for_the_public
from portal.words import _

DAYS = 180  # on the wall without being renewed
REMINDED_BEFORE = 14  # days
MOST_OPEN = 20  # of one person at once
LEAST_TITLE = 8  # letters: "Bench" says too little
MOST_MINUTES = Minutes(16 * 60)
UNDO_DAYS = 14
ASKED_DAYS = 30  # how long a question to join waits
LOOK_WORKING_DAYS = 2
ANEW = 3  # new words of a card that somebody knows already: it is looked at again
# What nobody is called on a card
NO_NAMES = frozenset(
    [
        "arse",
        "arsehole",
        "bastard",
        "bitch",
        "bloody",
        "bugger",
        "cow",
        "crap",
        "cunt",
        "damn",
        "dickhead",
        "fascist",
        "fat",
        "fool",
        "fuck",
        "fucker",
        "fucking",
        "fucks",
        "git",
        "hitler",
        "idiot",
        "idiots",
        "junkie",
        "loser",
        "moron",
        "muppet",
        "nazi",
        "nazis",
        "nonce",
        "nude",
        "paedo",
        "paedophile",
        "pedo",
        "perv",
        "pervert",
        "pig",
        "pigs",
        "piss",
        "poo",
        "prat",
        "prick",
        "racist",
        "rapist",
        "scum",
        "sex",
        "shit",
        "shite",
        "slag",
        "slut",
        "smelly",
        "stupid",
        "thick",
        "thief",
        "tosser",
        "twat",
        "terrorist",
        "ugly",
        "wanker",
        "whore",
        "witch",
    ]
)


def judge_name(name: str) -> str:
    """The first name that everybody reads, without characters that are not seen. Refused: none, what points to a person, what is no name."""
    seen = "".join(each for each in name if each.isspace() or unicodedata.category(each)[0] != "C")
    first = first_name(seen)
    if not first:
        raise Refused(_("Write your first name."), "name")
    if (what := not_for_the_public(first)) is not None:
        raise Refused(_("Leave out %(what)s: everybody can read this.", what=what), "name")
    words = words_of(first)
    if "<" in first or ">" in first or not any(each.isalpha() for each in first) or NO_NAMES.intersection(words):
        raise Refused(_("Write the first name by which your neighbours know you: everybody can read it."), "name")
    return first


def judge_words(title: str, text: str, alt: str, names: Iterable[str]) -> None:
    """Refused, at its field: too little said, or what points to a person. `names`: of people it may be about."""
    if len(title) < LEAST_TITLE:
        raise Refused(_("Say your idea in a sentence, like “A bench by the bus stop”."), "title")
    known = list(names)
    for field, said in (("title", title), ("text", text), ("alt", alt)):
        if (what := not_for_the_public(said, known)) is not None:
            raise Refused(_("Leave out %(what)s: everybody can read this.", what=what), field)


def judge_minutes(minutes: int) -> Minutes:
    """The hours that somebody is in with. Refused: not in quarters of an hour, none, more than 16 hours."""
    if minutes < STEP:
        raise Refused(_("That is too little. Write the time in quarters of an hour, like 2 h or 1 h 15 min."), "minutes")
    if minutes % STEP:
        raise Refused(_("Write the time in quarters of an hour, like 2 h or 1 h 15 min."), "minutes")
    if minutes > MOST_MINUTES:
        raise Refused(_("That is too much: 16 hours are the most that one neighbour can put in here. Write less."), "minutes")
    return Minutes(minutes)


def first_name(name: str) -> str:
    """The first word of a name, which is all that anybody else reads."""
    return (name.split() or [""])[0]


def new_words(was: Collection[str], now: Iterable[str]) -> list[str]:
    """Of the words that a card says now, those that it did not; a slip put right is none."""
    return [word for word in now if not any(distance(word, old, 1) <= min(1, slips(word)) for old in was)]


def said_anew(was: Collection[str], now: Collection[str], before: int = 0) -> bool:
    """Whether a card says something else: three new words, or more than half of them. `before`: new words that came earlier."""
    new = len(new_words(was, now))
    return bool(new) and (new + before >= ANEW or new * 2 > len(now))


@dataclass(frozen=True)
class Said:
    """One "I'm in" as it is counted. `neighbour` is the same text for the same person."""

    neighbour: str
    minutes: int


def counted(some: Iterable[Said], leave_out: Collection[str] = ()) -> Mapping[str, Minutes]:
    """Neighbour to minutes: each once, with the larger number. `leave_out`: whose idea it is."""
    found: dict[str, Minutes] = {}
    for one in some:
        if one.neighbour not in leave_out:
            found[one.neighbour] = Minutes(max(found.get(one.neighbour, 0), one.minutes))
    return found


def in_common(one: Iterable[str], other: Collection[str]) -> list[str]:
    """Words that two cards share, in the order of the first."""
    return [word for word in dict.fromkeys(one) if word in other]


def alike(shared: int, one: int, other: int) -> bool:
    """Whether cards with so many words that say something, so many of them shared, may mean the same thing."""
    return shared >= 2 or (shared == 1 and min(one, other) <= 2)


def the_same(one: Collection[str], other: Collection[str]) -> bool:
    """Whether two notes on a wall say the same: four words of five."""
    both = len(set(one) & set(other))
    return bool(both) and both * 5 >= len(set(one) | set(other)) * 4
