"""How well a gift and a wish fit each other, and why in plain words. Pure: what is judged is in two `Side`s, and the same two get the same answer.

Words speak first: nothing is suggested because it lies in the same street alone. Where the words differ, what they are about may still
be the same (`THEMES`): a mother who cannot face her garden, and a group that looks for more ground.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal import finding
from portal.clock import in_words
from portal.finding import NOISE, singular
from portal.gifts.rules import sort_name
from portal.words import N_, _

# what speaks for a pair, and how much
IN_BOTH_TITLES, IN_ONE_TITLE, IN_NO_TITLE, THEME, IN_PASSING, COUNTERPART, SORT, SAME_AREA, INSIDE, LINKED, TIME = (
    4,
    3,
    1,
    3,
    2,
    3,
    2,
    3,
    2,
    1,
    1,
)
LEAST = 3  # points that words and themes alone must bring
MOST_WORDS = 3  # that count, and that are named
MOST_ASKED = 16
ENOUGH = timedelta(days=3)  # together on the boards, so that two have time to meet
DO, HAVE = frozenset(("head", "hands", "heart")), frozenset(("give", "lend"))
# said in so many posts that it says nothing
IDLE = NOISE | frozenset(
    re.findall(
        "[a-z]+",
        "need needs needed want wants wanted wish would like love please thank thanks somebody someone anybody anyone something"
        " anything nothing one two three four five six new old good nice little big small large bit lot lots many much free still get"
        " got give gives given lend borrow take come make made go going see look looking find know help day days week weeks time times"
        " year years size sizes use used black white red blue green yellow brown grey our us ask show thing things people neighbour"
        " neighbours home house back next every also well away",
    )
)
THEMES: Mapping[str, str] = {
    N_("gardens and growing"): "garden allotment plot ground soil dig grow weed lawn hedge compost seed vegetable spade mower greenhouse",
    N_("bikes"): "bike bicycle cycle tyre helmet tricycle",
    N_("babies and small children"): "baby babies pram buggy cot toddler nappy highchair",
    N_("cooking"): "cook bake recipe bread cake chutney jam",
    N_("mending and sewing"): "mend repair sew knit crochet darn zip button needle wool",
    N_("computers and telephones"): "computer laptop tablet internet printer smartphone",
    N_("forms and letters"): "form paperwork",
    N_("music"): "guitar piano sing choir drum violin ukulele music",
    N_("camping"): "tent camp sleeping rucksack",
}
ENDINGS = ("ing", "ers", "er", "ed")


@dataclass(frozen=True)
class Side:
    """One of two: what it says, where it is, how long it is there. `kind`: "gift", "wish", or "entry" of another room, which may be either."""

    kind: str
    title: Sequence[str]  # words that say something, in order (`telling`)
    more: Sequence[str] = ()
    sort: str = ""
    area_id: int = 0
    parent_id: int | None = None  # of the area
    area: str = ""
    ends_on: date = date.max
    until_day: date | None = None
    group: str = ""  # the name of the organisation whose it is


@dataclass(frozen=True)
class Likeness:
    """How well two fit, in points, and the reasons as they are shown."""

    score: int
    reasons: Sequence[str]


def telling(text: str) -> list[str]:
    """The words of a post that say something on a board, in order, each once."""
    return finding.telling(text, 3, IDLE)


def asked_for(sides: Collection[Side]) -> list[str]:
    """Words by which to look for what may fit any of these: theirs, and those of what they are about."""
    own = [word for side in sides for word in (*side.title, *side.more)[:MOST_ASKED]]
    about = [word for name, words in THEMES.items() if any(name in themes(side) for side in sides) for word in words.split()]
    return list(dict.fromkeys((*own, *about)))


def themes(side: Side) -> list[str]:
    """What a post is about, of the few things that we know by other words."""
    roots = {root(word) for word in (*side.title, *side.more)}
    return [name for name, known in _ROOTS.items() if roots & known]


def root(word: str) -> str:
    """What a word has in common with its other forms: "gardening", "gardener" and "gardens" are one."""
    plain = singular(word)
    for ending in ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= 3:
            plain = plain[: -len(ending)]
            break
    if len(plain) > 3 and plain[-1] == plain[-2] and plain[-1] not in "lse":
        plain = plain[:-1]
    return plain[:-1] if len(plain) > 3 and plain[-1] == "e" else plain


_ROOTS = {name: frozenset(map(root, words.split())) for name, words in THEMES.items()}


def may_answer(mine: Side, other: Side) -> bool:
    """Whether two are of kinds that can answer each other: a gift and a wish; or two wishes, one of a group and one of a person, of which
    one asks for hands and the other for a thing or a place. An entry answers both.
    """
    if mine.kind != "wish" or other.kind != "wish":
        return mine.kind != other.kind
    crossed = (mine.sort in DO and other.sort in HAVE) or (mine.sort in HAVE and other.sort in DO)
    return crossed and bool(mine.group) != bool(other.group)


def likeness(mine: Side, other: Side, today: date, meant: Mapping[str, Sequence[str]] | None = None) -> Likeness | None:
    """How well `other` fits what is `mine`, with the reasons told to its owner; None when it does not.

    `meant`: for words of mine that may hold a slip of the finger, what others write (`finding.Shelf.alternatives`).
    """
    if not may_answer(mine, other):
        return None
    found = _words(mine, other, meant or {})
    both = [name for name in themes(mine) if name in themes(other)]
    score = sum(points for _word, points in found) + (_in_titles(both[0], mine, other) if both else 0)
    if score < LEAST:
        return None
    reasons = []
    if found:
        reasons.append(_("Same words: %(words)s", words=", ".join(word for word, _points in found)))
    if both:
        reasons.append(_("Both are about %(theme)s", theme=_(both[0])))
    for points, reason in (_kinds(mine, other), _near(mine, other), _in_time(mine, other, today)):
        score += points
        reasons += [reason] if reason else []
    if other.group and other.kind != "entry":
        reasons.append(_("A group may do it together: %(name)s", name=other.group))
    return Likeness(score, reasons)


def _words(mine: Side, other: Side, meant: Mapping[str, Sequence[str]]) -> list[tuple[str, int]]:
    """Words of mine that the other one says too, with their points; the weightiest first, at most three."""
    titled, said = frozenset(map(root, other.title)), frozenset(map(root, other.more))
    found: dict[str, tuple[str, int]] = {}
    for word, in_title in (*((each, True) for each in mine.title), *((each, False) for each in mine.more)):
        roots = {root(word), *(root(each) for each in meant.get(word, ()))}
        if roots & titled:
            points = IN_BOTH_TITLES if in_title else IN_ONE_TITLE
        elif roots & said:
            points = IN_ONE_TITLE if in_title else IN_NO_TITLE
        else:
            continue
        if root(word) not in found:
            found[root(word)] = (word, points)
    return sorted(found.values(), key=lambda each: -each[1])[:MOST_WORDS]


def _in_titles(theme: str, mine: Side, other: Side) -> int:
    """Points for what both are about; fewer when one of them says so only in passing."""
    said = [bool(_ROOTS[theme] & frozenset(map(root, side.title))) for side in (mine, other)]
    return THEME if all(said) else IN_PASSING if any(said) else 0


def _kinds(mine: Side, other: Side) -> tuple[int, str]:
    if other.kind == "entry":
        return 0, ""
    if mine.kind == other.kind:
        return 0, _("You may help each other: both of you wish for something")
    if mine.sort == other.sort:
        return COUNTERPART + SORT, _("Same sort: %(sort)s", sort=sort_name(other.kind, other.sort))
    return COUNTERPART, ""


def _near(mine: Side, other: Side) -> tuple[int, str]:
    if mine.area_id == other.area_id:
        return SAME_AREA, _("Also in %(area)s", area=other.area)
    if mine.area_id == other.parent_id or other.area_id == mine.parent_id:
        return INSIDE, _("Near: %(area)s", area=other.area)
    return (LINKED, "") if mine.parent_id is not None and mine.parent_id == other.parent_id else (0, "")


def _in_time(mine: Side, other: Side, today: date) -> tuple[int, str]:
    """Whether both are there long enough to meet; named where one of them must go by a day."""
    together = min(mine.ends_on, other.ends_on)
    if together - today < ENOUGH:
        return 0, ""
    hurried = mine.until_day or other.until_day
    return TIME, _("Both are there until %(day)s", day=in_words(together)) if hurried and together < date.max else ""
