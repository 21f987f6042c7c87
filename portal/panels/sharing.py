"""How a pot is shared among bids, as pure functions: in order, by most votes, or in equal shares. Exact; nothing is rounded on the way.

The method of equal shares is that of Peters, Pierczyński and Skowron, "Proportional Participatory Budgeting with Additive
Utilities" (NeurIPS 2021), as cities use it (equalshares.net). Each voter holds an equal share of the pot. Again and again the bid
is bought that asks least of its supporters for what it is worth to them; they pay it, each the same for the same worth, who has too
little pays what is left. With votes a yes is worth the bid's cost (so that a pound spent on a bid I want is worth a pound to me);
with marks it is worth its marks. What is left at the end buys too little for anybody alone, so the shares are raised step by step
as long as everything bought still fits the pot ("Add1"), and the last pounds go to the bids with most votes ("completion").

Ties are settled by a seed that was published before any bid came: the bid whose SHA-256 of "seed:reference" is smallest is first.

Sums are pence. Inside, all purses are integers over one common denominator, which grows as shares are divided.
"""

import hashlib
import heapq
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Self

STEP_PERCENT = 1  # how much a share grows in one increment, in hundredths of the first share
MOST_INCREMENTS = 1000  # a share that has grown elevenfold buys nothing more that a pot could pay


@dataclass(frozen=True)
class Project:
    """A bid that passed the panel, and what it costs in pence."""

    ref: str
    cost: int


@dataclass(frozen=True)
class Step:
    """One bid that was bought, and why then."""

    ref: str
    cost: int
    how: str  # "order", "votes", "shares" or "completion"
    score: int  # yes votes, or all its marks
    left: int  # of the pot, afterwards
    each: Fraction | None = None  # shares: the most that one supporter paid
    worth: Fraction | None = None  # shares: what one unit of worth cost its supporters; the smallest is bought first
    broke: int = 0  # shares: supporters who paid less, for they had no more
    tied: tuple[str, ...] = ()  # others that were as good; the seed put this one first
    runner_up: str | None = None
    runner_up_worth: Fraction | None = None


@dataclass(frozen=True)
class Passed:
    """A bid that was not bought, and why."""

    ref: str
    cost: int
    why: str  # "nobody": no vote for it; "pot": dearer than what was left; "behind": after one that did not fit
    score: int
    left: int  # of the pot when its turn came
    have: Fraction | None = None  # equal shares: what its supporters had left together


@dataclass(frozen=True)
class Result:
    """Who gets the money. `reserve` is the order in which the others follow should money come back."""

    rule: str  # "threshold", "most_votes", "equal_shares"
    ballots: str  # "votes" or "marks"
    seed: str
    pot: int
    voters: int
    share: Fraction | None  # equal shares: what each voter held at last
    increments: int
    funded: tuple[str, ...]
    reserve: tuple[str, ...]
    left: int
    steps: tuple[Step, ...]
    passed: tuple[Passed, ...]

    def store(self) -> dict[str, Any]:
        """As JSON; fractions as "1/3"."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Back from `store`."""
        fractions = ("each", "worth", "runner_up_worth")
        steps = tuple(
            Step(**one | {name: _fraction(one[name]) for name in fractions} | {"tied": tuple(one["tied"])}) for one in stored["steps"]
        )
        passed = tuple(Passed(**one | {"have": _fraction(one["have"])}) for one in stored["passed"])
        return cls(
            **dict(stored)
            | {"share": _fraction(stored["share"]), "funded": tuple(stored["funded"]), "reserve": tuple(stored["reserve"])}
            | {"steps": steps, "passed": passed}
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _fraction(stored: str | None) -> Fraction | None:
    return None if stored is None else Fraction(stored)


Ballots = Mapping[str, Mapping[str, int]]  # voter → bid → 1 for a yes, or all marks together


def share(rule: str, ballots: str, projects: Sequence[Project], votes: Ballots, pot: int, seed: str) -> Result:
    """Share the pot by a rule. `projects` in the order in which they came; votes for others, and of nought, count nowhere.

    ValueError: a bid that costs nothing, or one that is named twice.
    """
    _judge(projects)
    known = {project.ref for project in projects}
    cast = {voter: {ref: mark for ref, mark in sorted(given.items()) if ref in known and mark > 0} for voter, given in votes.items()}
    if rule == "most_votes":
        return _most_votes(ballots, projects, cast, pot, seed)
    if rule == "equal_shares":
        return _equal_shares(ballots, projects, cast, pot, seed)
    return _in_order(ballots, projects, cast, pot, seed)


def compare(ballots: str, projects: Sequence[Project], votes: Ballots, pot: int, seed: str) -> dict[str, tuple[str, ...]]:
    """What each rule would have funded with the same ballots."""
    return {rule: share(rule, ballots, projects, votes, pot, seed).funded for rule in ("threshold", "most_votes", "equal_shares")}


def lot(seed: str, ref: str) -> str:
    """Where the seed puts a bid among equals: the smallest is first. Anybody can compute it."""
    return hashlib.sha256(f"{seed}:{ref}".encode()).hexdigest()


def _judge(projects: Sequence[Project]) -> None:
    if any(project.cost <= 0 for project in projects):
        raise ValueError("a bid must cost something")
    if len({project.ref for project in projects}) < len(projects):
        raise ValueError("a bid is named twice")


def scores(projects: Iterable[Project], votes: Ballots) -> dict[str, int]:
    """Bid → its yes votes, or all its marks together."""
    found = dict.fromkeys((project.ref for project in projects), 0)
    for given in votes.values():
        for ref, mark in given.items():
            if ref in found:
                found[ref] += mark
    return found


# --- in order, and by most votes -------------------------------------------------------------------------------------------


def _in_order(ballots: str, projects: Sequence[Project], votes: Ballots, pot: int, seed: str) -> Result:
    """In the order in which they came; from the first that the pot cannot pay, all others wait in that order."""
    score, left = scores(projects, votes), pot
    steps: list[Step] = []
    passed: list[Passed] = []
    for one in projects:
        if not passed and one.cost <= left:
            left -= one.cost
            steps.append(Step(one.ref, one.cost, "order", score[one.ref], left))
        else:
            passed.append(Passed(one.ref, one.cost, "behind" if one.cost <= left else "pot", score[one.ref], left))
    reserve = tuple(one.ref for one in passed)
    return Result(
        "threshold", ballots, seed, pot, len(votes), None, 0, tuple(s.ref for s in steps), reserve, left, tuple(steps), tuple(passed)
    )


def _line(ballots: str, projects: Iterable[Project], votes: Ballots, seed: str) -> list[tuple[Project, int, Fraction]]:
    """Bids with their scores and what puts them in line, the best first: most votes, or most marks for the pound."""
    projects = list(projects)
    score = scores(projects, votes)
    worth = {one.ref: Fraction(score[one.ref], one.cost if ballots == "marks" else 1) for one in projects}
    ranked = sorted(projects, key=lambda one: (-worth[one.ref], lot(seed, one.ref)))
    return [(one, score[one.ref], worth[one.ref]) for one in ranked]


def _greedy(how: str, ballots: str, projects: Iterable[Project], votes: Ballots, left: int, seed: str) -> tuple[list[Step], list[Passed]]:
    """Buy along the line what still fits; a bid that nobody wants is not bought."""
    line = _line(ballots, projects, votes, seed)
    steps: list[Step] = []
    passed: list[Passed] = []
    for place, (one, score, worth) in enumerate(line):
        if not score:
            passed.append(Passed(one.ref, one.cost, "nobody", 0, left))
        elif one.cost > left:
            passed.append(Passed(one.ref, one.cost, "pot", score, left))
        else:
            left -= one.cost
            tied = tuple(other.ref for other, _score, also in line[place + 1 :] if also == worth)
            following = line[place + 1][0].ref if place + 1 < len(line) else None
            steps.append(Step(one.ref, one.cost, how, score, left, tied=tied, runner_up=following))
    return steps, passed


def _most_votes(ballots: str, projects: Sequence[Project], votes: Ballots, pot: int, seed: str) -> Result:
    steps, passed = _greedy("votes", ballots, projects, votes, pot, seed)
    left = pot - sum(step.cost for step in steps)
    reserve = tuple(one.ref for one in passed)
    return Result(
        "most_votes", ballots, seed, pot, len(votes), None, 0, tuple(s.ref for s in steps), reserve, left, tuple(steps), tuple(passed)
    )


# --- equal shares ----------------------------------------------------------------------------------------------------------


def _equal_shares(ballots: str, projects: Sequence[Project], votes: Ballots, pot: int, seed: str) -> Result:
    voters = sorted(votes)
    if not voters:
        passed = tuple(Passed(one.ref, one.cost, "nobody", 0, pot) for one in projects)
        return Result("equal_shares", ballots, seed, pot, 0, None, 0, (), tuple(one.ref for one in passed), pot, (), passed)
    wanted = _Wanted(ballots, projects, [votes[voter] for voter in voters], seed)
    first = Fraction(pot, len(voters))
    bought = wanted.buy(first, pot)
    assert bought is not None, "equal shares of the pot never cost more than the pot"
    increments = 0
    while increments < MOST_INCREMENTS and not wanted.exhausted(bought, pot):
        more = wanted.buy(first * (100 + STEP_PERCENT * (increments + 1)) / 100, pot)
        if more is None:
            break
        bought, increments = more, increments + 1
    steps = bought.steps
    left = pot - sum(step.cost for step in steps)
    refs = {step.ref for step in steps}
    rest = [one for one in projects if one.ref not in refs]
    added, passed_over = _greedy("completion", ballots, rest, votes, left, seed)
    have = {one.ref: bought.have(one.ref) for one in rest}
    passed = tuple(Passed(one.ref, one.cost, one.why, one.score, one.left, have[one.ref]) for one in passed_over)
    every = (*steps, *added)
    return Result(
        "equal_shares", ballots, seed, pot, len(voters), first * (100 + STEP_PERCENT * increments) / 100, increments, tuple(step.ref for step in every),
        tuple(one.ref for one in passed), left - sum(step.cost for step in added), every, passed,
    )  # fmt: skip


@dataclass
class _Bought:
    """What a run of equal shares bought, and a way to ask what the supporters of a bid have left."""

    steps: list[Step]
    have: Callable[[str], Fraction]


class _Wanted:
    """Who wants what, prepared once for all runs of equal shares: bid → [(voter's number, worth)]."""

    def __init__(self, ballots: str, projects: Sequence[Project], votes: Sequence[Mapping[str, int]], seed: str) -> None:
        self.cost = {one.ref: one.cost for one in projects}
        self.voters = len(votes)
        self.by_votes = ballots == "votes"
        self.fans: dict[str, list[tuple[int, int]]] = {one.ref: [] for one in projects}
        self.score = dict.fromkeys(self.cost, 0)
        for number, given in enumerate(votes):
            for ref, mark in given.items():
                self.fans[ref].append((number, 1 if self.by_votes else mark))
                self.score[ref] += 1 if self.by_votes else mark
        self.lots = {ref: lot(seed, ref) for ref in self.cost}
        self.lcm = math.lcm(*({worth for fans in self.fans.values() for _voter, worth in fans} or {1}))

    def exhausted(self, bought: _Bought, pot: int) -> bool:
        """Whether nothing that anybody wants fits what is left of the pot."""
        have = {step.ref for step in bought.steps}
        left = pot - sum(step.cost for step in bought.steps)
        return all(cost > left or ref in have or not self.fans[ref] for ref, cost in self.cost.items())

    def buy(self, share: Fraction, pot: int) -> _Bought | None:
        """One run, each voter with `share` pence. None as soon as it costs more than the pot.

        What a bid asks of its supporters only grows while purses empty, so an old price is a bound from below: a bid is looked at
        again only when its bound comes up.
        """
        denominator = share.denominator
        purses = [share.numerator] * self.voters
        # worth of one: with votes the cost itself, so price = pence each supporter pays ÷ cost
        heap: list[tuple[Fraction, str, str]] = [(self._least(ref, share), self.lots[ref], ref) for ref, fans in self.fans.items() if fans]
        heapq.heapify(heap)
        steps: list[Step] = []
        spent = 0
        while heap:
            best: list[tuple[Fraction, str, str, int, int, int]] = []  # price, lot, bid, payment as numerator and parts, how many are broke
            while heap and (not best or heap[0][0] <= min(best)[0]):
                _bound, mine, ref = heapq.heappop(heap)
                asked = self._price(ref, purses, denominator)
                if asked is None:
                    continue  # its supporters cannot pay it any more, and purses only empty
                price, numerator, parts, broke = asked
                best.append((price, mine, ref, numerator, parts, broke))
            if not best:
                break
            best.sort()
            price, mine, ref, numerator, parts, broke = best[0]
            for other in best[1:]:
                heapq.heappush(heap, other[:3])
            spent += self.cost[ref]
            if spent > pot:
                return None
            factor = parts // math.gcd(numerator, parts)
            if factor > 1:
                denominator *= factor
                purses = [purse * factor for purse in purses]
                numerator *= factor
            payment = numerator // parts  # for one unit of worth
            most = 0
            for voter, worth in self.fans[ref]:
                paid = min(purses[voter], payment * worth)
                purses[voter] -= paid
                most = max(most, paid)
            tied = tuple(other[2] for other in best[1:] if other[0] == price)
            following = heap[0] if heap else None
            steps.append(
                Step(
                    ref, self.cost[ref], "shares", self.score[ref], pot - spent, each=Fraction(most, denominator), worth=price, broke=broke, tied=tied,
                    runner_up=following[2] if following else None, runner_up_worth=following[0] if following else None,
                )
            )  # fmt: skip
        final, by = purses, denominator
        return _Bought(steps, lambda ref: Fraction(sum(final[voter] for voter, _worth in self.fans[ref]), by))

    def _least(self, ref: str, share: Fraction) -> Fraction:
        """A bound from below for the price of a bid: as if no purse were ever too small."""
        total = sum(worth for _voter, worth in self.fans[ref])
        price = Fraction(self.cost[ref], total)
        return price / self.cost[ref] if self.by_votes else price

    def _price(self, ref: str, purses: Sequence[int], denominator: int) -> tuple[Fraction, int, int, int] | None:
        """What one unit of worth costs the supporters of a bid now: the price, the payment for a unit of worth as numerator and
        parts (over `denominator`), and how many pay all they have. None when they cannot pay it.
        """
        fans = self.fans[ref]
        cost = self.cost[ref] * denominator
        held = sum(purses[voter] for voter, _worth in fans)
        if held < cost:
            return None
        total = sum(worth for _voter, worth in fans)
        if self.by_votes:
            ordered = sorted(purses[voter] for voter, _worth in fans)
            pairs: Iterable[tuple[int, int]] = ((purse, 1) for purse in ordered)
        else:
            lcm = self.lcm
            ranked = sorted((purses[voter] * (lcm // worth), purses[voter], worth) for voter, worth in fans)
            pairs = ((purse, worth) for _key, purse, worth in ranked)
        for broke, (purse, worth) in enumerate(pairs):  # from who runs dry first: they give all, the others share what is left by worth
            if purse * total >= cost * worth:
                price = Fraction(cost, total * denominator)
                return price / self.cost[ref] if self.by_votes else price, cost, total, broke
            cost -= purse
            total -= worth
        return None


# --- files -----------------------------------------------------------------------------------------------------------------


PABULIB_RULES = {"most_votes": "greedy", "equal_shares": "equalshares"}  # as pabulib.org names them


def pabulib(
    name: str,
    rule: str,
    ballots: str,
    projects: Sequence[Project],
    votes: Ballots,
    pot: int,
    funded: Sequence[str],
    titles: Mapping[str, str],
) -> str:
    """The instance and its ballots in the .pb format of pabulib.org: META, PROJECTS, VOTES. Voters are numbers, not names."""

    def cell(text: str) -> str:
        return " ".join(text.replace(";", ",").split())

    score = scores(projects, votes)
    kind = "approval" if ballots == "votes" else "scoring"
    lines = [
        "META", "key;value", f"description;{cell(name)}", "country;United Kingdom", f"instance;{cell(name)}", f"num_projects;{len(projects)}",
        f"num_votes;{len(votes)}", f"budget;{_pounds(pot)}", f"vote_type;{kind}", f"rule;{PABULIB_RULES[rule]}", "PROJECTS",
        f"project_id;cost;{'votes' if kind == 'approval' else 'score'};name;selected",
    ]  # fmt: skip
    lines += [
        f"{one.ref};{_pounds(one.cost)};{score[one.ref]};{cell(titles.get(one.ref, ''))};{int(one.ref in funded)}" for one in projects
    ]
    lines += ["VOTES", "voter_id;vote" if kind == "approval" else "voter_id;vote;points"]
    for number, (_voter, given) in enumerate(sorted(votes.items()), start=1):
        refs = [one.ref for one in projects if given.get(one.ref, 0) > 0]
        row = f"{number};{','.join(refs)}"
        lines.append(row if kind == "approval" else row + ";" + ",".join(str(given[ref]) for ref in refs))
    return "\n".join(lines) + "\n"


def _pounds(pence: int) -> str:
    return str(pence // 100) if pence % 100 == 0 else f"{pence // 100}.{pence % 100:02d}"
