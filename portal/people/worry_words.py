"""Words that ask for a look before everybody reads them. Pure."""

import re
import unicodedata
from collections.abc import Iterable

from portal.finding import words_of
from portal.people.contacts import perhaps

# A word here is no verdict: a neighbour who helps reads the card before everybody does.
WORRY = frozenset(
    [
        "abuse",
        "abused",
        "addict",
        "alcohol",
        "ammunition",
        "betting",
        "bomb",
        "cannabis",
        "cocaine",
        "crypto",
        "deadly",
        "drug",
        "drugs",
        "explosive",
        "fight",
        "firearm",
        "gambling",
        "gun",
        "hate",
        "heroin",
        "immigrant",
        "immigrants",
        "investment",
        "kill",
        "knife",
        "knives",
        "loan",
        "loans",
        "nude",
        "overdose",
        "paedophile",
        "password",
        "pin",
        "pornography",
        "prescription",
        "racist",
        "revenge",
        "sex",
        "suicide",
        "terrorist",
        "vape",
        "vigilante",
        "weapon",
        "weapons",
    ]
)
# several words together, and beginnings of words, in folded text
_PHRASES = (
    re.compile(
        r"\b(guns?|rifles?|pistols?|knife|knives|machetes?|air ?guns?|ammunition|fireworks?|cannabis|weed for sale|cocaine|steroids?|vapes?|massages?|escorts?)\b"
    ),
    re.compile(r"\b(nude|nudes|naked|sexy|passports?|driving licen[cs]es?|national insurance|bank account|pin number|passwords?|whats ?app|telegram|snapchat)\b"),
    re.compile(r"\b(lend (?:you |me )?money|loans? (?:for|of) (?:money|everybody|anybody)|invest(?:ment|ing)?|get rich|earn from home|borrow money|for sale|selling)\b"),
    re.compile(r"\b(baby ?sit(?:ter|ting)?|child ?mind(?:er|ing)?|look after (?:your |my )?(?:children|kids|baby)|baby formula|breast milk|infant formula|car seats?)\b"),
    re.compile(
        r"\b(?:i am|i’m|i'm|im) (?:only |just |nearly |almost )?(?:(?:[5-9]|1[0-7])\b(?: years)?|(?:five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)\b(?! o.?clock| ?(?:minutes?|miles?|doors?|steps?|metres?)))"
        r"|\byear (?:[5-9]|1[0-3]|five|six|seven|eight|nine|ten|eleven|twelve) at (?:\w+ )?school\b|\b(?:i am|i’m|i'm|im) in (?:year|yr|y) ?(?:[1-9]|1[0-3]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen)\b"
        r"|\bmy (?:gcses?|a levels|sats)\b|\bunder ?age\b"
    ),
    re.compile(r"\b(suicid\w*|kill myself|hurt myself|self ?harm|nowhere to sleep|nothing to eat|afraid of my)\b"),
)  # fmt: skip


def worries(words: Iterable[str]) -> list[str]:
    """Those of these words (small letters) that ask for a look, in order."""
    return [word for word in words if word in WORRY]


def phrases(text: str) -> list[str]:
    """What in a text asks for a look as it stands there, folded, in the order of the list, also twice."""
    seen = folded(text)
    return [found[0].strip() for pattern in _PHRASES for found in pattern.finditer(seen)]


def looked_at(said: str, *, ways: str = "") -> list[str]:
    """All of a text that asks for a look, each once: words, phrases, and what may be a street address or a number in words. `ways`: text that
    may say where to go.
    """
    both = f"{said}\n{ways}"
    return list(dict.fromkeys((*worries(words_of(both)), *phrases(both), *perhaps(said))))


def folded(text: str) -> str:
    """Small plain letters: no accents, nothing invisible."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in plain if not unicodedata.combining(each) and unicodedata.category(each) != "Cf")
