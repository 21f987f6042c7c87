"""What applicants may hope for, and how what came of it is counted: pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.few import FEW
from portal.words import N_

# the five headings of community progress, in the order of the table
HEADINGS = {
    "support": N_("Building mutual support"),
    "connections": N_("Facilitating connections"),
    "inclusion": N_("Enabling inclusion"),
    "ownership": N_("Ownership"),
    "services": N_("Reshaping services"),
}
HOW_FAR = {"a_lot": N_("A lot"), "a_little": N_("A little"), "not_yet": N_("Not yet")}
TONES = {"a_lot": "good", "a_little": "calm"}  # how an answer is coloured
MOST = 3  # outcomes that one idea may choose

# the list that a scheme may begin with, under its headings; officers keep it from then on
DEFAULTS = (
    ("connections", N_("People get to know their neighbours")),
    ("connections", N_("People of different ages or backgrounds meet")),
    ("support", N_("People help each other more")),
    ("support", N_("People have somebody nearby to call on")),
    ("inclusion", N_("Somebody who is often left out takes part")),
    ("inclusion", N_("Someone can do something new")),
    ("ownership", N_("A place is better looked after")),
    ("ownership", N_("Neighbours decide and run things themselves")),
    ("services", N_("People find the help that they need sooner")),
    ("services", N_("A service works better, because residents shaped it")),
)


@dataclass
class Sums:
    """What is counted of grants under one heading. A grant counts once under it, by the outcome of it that came furthest."""

    grants: int = 0
    a_lot: int = 0
    a_little: int = 0
    not_yet: int = 0
    minutes: int = 0  # hours that neighbours gave to these grants

    @property
    def silent(self) -> int:
        """Grants of which nobody has said yet how far it came."""
        return self.grants - self.a_lot - self.a_little - self.not_yet

    @property
    def parts(self) -> tuple[int, int, int, int]:
        """How far they came, in the order of HOW_FAR, and those of which nothing is said: together all grants."""
        return self.a_lot, self.a_little, self.not_yet, self.silent

    def add(self, how_far: str, minutes: int) -> None:
        """One more grant; `how_far` of HOW_FAR, or empty."""
        self.grants += 1
        self.minutes += minutes
        if how_far:
            setattr(self, how_far, getattr(self, how_far) + 1)

    def join(self, other: "Sums") -> None:
        """All grants of another sum."""
        for name in ("grants", "a_lot", "a_little", "not_yet", "minutes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Told:
    """Sums as they are told. None: too few to be told."""

    grants: int | None
    parts: tuple[int | None, ...]
    minutes: int | None


def told(sums: Sums, *, public: bool) -> Told:
    """For officers as they are. In public no number from 1 to 4, nor one from which it could be worked out; then no hours either."""
    if not public:
        return Told(sums.grants, sums.parts, sums.minutes)
    if 0 < sums.grants < FEW:
        return Told(None, (None,) * 4, None)
    return Told(sums.grants, _hidden(sums.parts), sums.minutes)


def _hidden(parts: Sequence[int]) -> tuple[int | None, ...]:
    """Parts of a whole that is told, at least FEW: what is hidden of them is their rest, so that it is never one alone, nor less than FEW
    together (two that make two are one each). The next smallest go with the small ones.
    """
    by_size = sorted((place for place, part in enumerate(parts) if part), key=lambda place: parts[place])
    hidden = [place for place in by_size if parts[place] < FEW]
    while hidden and (len(hidden) < 2 or sum(parts[place] for place in hidden) < FEW):
        hidden.append(by_size[len(hidden)])
    return tuple(None if place in hidden else part for place, part in enumerate(parts))
