"""How a panel decides, as pure functions: the threshold rule, published before the round opens."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Threshold:
    """Each matter on its own. Frozen as JSON on the matter when it is opened."""

    quorum: int = 3  # seats that must vote, of those able to
    majority_percent: int = 50  # yes must be more than this share of yes and no
    on_tie: str = "not_yet"  # what comes of exactly that share: "not_yet" or "no"
    criteria: tuple[str, ...] = ()  # what each seat marks in private before the talk and the vote; none: only a vote

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """From JSON; fields added since then take their defaults."""
        known = {name: value for name, value in stored.items() if name in cls.__dataclass_fields__}
        return cls(**known | {"criteria": tuple(known.get("criteria", ()))})

    def store(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"criteria": list(self.criteria)}


SHARING_RULES = ("threshold", "most_votes", "equal_shares")


@dataclass(frozen=True)
class Sharing:
    """How the matters of a sitting are decided together. Frozen as JSON on the sitting when it opens."""

    rule: str = "threshold"  # one of SHARING_RULES
    ballots: str = "votes"  # equal shares: a yes is an approval; or the marks, added up, are how much a seat wants it
    least_ballots: int = 0  # an area ballot: when fewer residents vote, the panel decides

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """From JSON; fields added since then take their defaults."""
        return cls(**{name: value for name, value in stored.items() if name in cls.__dataclass_fields__})

    def store(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @property
    def shares(self) -> bool:
        """Whether one pot is shared out; otherwise each matter stands on its own."""
        return self.rule != "threshold"


@dataclass(frozen=True)
class Tally:
    """Votes counted. `able` seats may vote (in term, without a tie); an abstention is a vote for the quorum only."""

    able: int
    tied: int
    yes: int = 0
    no: int = 0
    not_yet: int = 0
    abstain: int = 0
    sources: Mapping[str, int] | None = None  # how many came by phone, on paper, in the hall

    @property
    def voted(self) -> int:
        return self.yes + self.no + self.not_yet + self.abstain

    def store(self) -> dict[str, Any]:
        """As JSON, for the register."""
        return asdict(self)


def count(able: Iterable[int], tied: int, votes: Mapping[int, tuple[str, str]]) -> Tally:
    """Count the last vote of each seat. `votes`: seat → (choice, source); a vote of a seat that is not able counts nowhere."""
    seats = set(able)
    numbers = dict.fromkeys(("yes", "no", "not_yet", "abstain"), 0)
    sources: dict[str, int] = {}
    for seat, (choice, source) in sorted(votes.items()):
        if seat in seats:
            numbers[choice] += 1
            sources[source] = sources.get(source, 0) + 1
    return Tally(able=len(seats), tied=tied, sources=sources, **numbers)


def quorate(tally: Tally, rule: Threshold) -> bool:
    """Whether enough of the seats that are able to vote have voted."""
    return tally.voted >= rule.quorum


def outcome(tally: Tally, rule: Threshold) -> str:
    """yes, no, not_yet or no_quorum.

    "Not yet" wins when more seats say so than say yes, and at least as many as say no. Otherwise yes needs more than
    `majority_percent` of yes and no together; exactly that share gives `on_tie`; nobody for or against gives "not yet".
    """
    if not quorate(tally, rule):
        return "no_quorum"
    if tally.not_yet > tally.yes and tally.not_yet >= tally.no:
        return "not_yet"
    said = tally.yes + tally.no
    if not said:
        return "not_yet"
    share = tally.yes * 100 - rule.majority_percent * said
    if share > 0:
        return "yes"
    return rule.on_tie if share == 0 else "no"
