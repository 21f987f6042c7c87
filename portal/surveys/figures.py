"""What figures of people may tell: years that are over, and no number that is small or from which a small one can be worked out.

A year is told when it is over and stays as it was told. So nobody is known by what changed from one look to the next, and since years
do not overlap and there is no sum of several, nobody by taking one time from another.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from portal import clock
from portal.few import FEW
from portal.money import financial_year, year_bounds

YEARS = 6
PRIME = 2**61 - 1  # sums are solved modulo this
K = TypeVar("K", bound=Hashable)
Sum = tuple[Sequence[K], Sequence[K]]  # the one part comes to as much as the other


def years() -> Sequence[str]:
    """The financial years that can be told, the newest first."""
    first, _last = year_bounds(financial_year(clock.today()))
    return [financial_year(date(first.year - back, 4, 1)) for back in range(1, YEARS + 1)]


def told_from() -> date:
    """The day on which the figures of this year come."""
    return year_bounds(financial_year(clock.today()))[1] + timedelta(days=1)


def year_of(month: str) -> str:
    """The financial year of a month such as 2026-11."""
    return financial_year(date.fromisoformat(f"{month}-01"))


def hidden(numbers: Mapping[K, int], sums: Iterable[Sum[K]], also: Collection[K] = ()) -> frozenset[K]:
    """Which of some numbers are not told: those below FEW, `also`, and as many more as it takes so that none of them can be worked out
    from `sums`: each says that the numbers of its first part come to as much as those of its second.

    What is hidden besides is the last of the second part that still stands, whatever its size: so that its being hidden says nothing
    about the others.
    """
    equations = list(sums)
    secret = {key for key, number in numbers.items() if number < FEW} | set(also)
    while True:
        more = next((key for equation in equations if (key := _one_more(numbers, equation, secret)) is not None), None)
        if more is None:
            more = _in_the_way(equations, secret)
        if more is None:
            return frozenset(secret)
        secret.add(more)


def _one_more(numbers: Mapping[K, int], equation: Sum[K], secret: Collection[K]) -> K | None:
    """What has to be hidden of one sum so that nothing of it is left alone, and what is left together is not small."""
    sides = [[key for key in side if key in secret] for side in equation]
    alone = sum(map(len, sides)) == 1
    small = any(one and not other and sum(numbers[key] for key in one) < FEW for one, other in (sides, reversed(sides)))
    if not (alone or small):
        return None
    return next((key for side in reversed(equation) for key in reversed(side) if key not in secret), None)


def _in_the_way(equations: Sequence[Sum[K]], secret: Collection[K]) -> K | None:
    """When several sums together give a number away: something that still stands, of the sums of that number if there is any."""
    given = _worked_out(equations, secret)
    if not given:
        return None
    standing = [(key, bool(given & {*one, *other})) for one, other in equations for key in (*one, *other) if key not in secret]
    return max(reversed(standing), key=lambda each: each[1], default=(None, False))[0]


def _worked_out(equations: Iterable[Sum[K]], secret: Collection[K]) -> set[K]:
    """The hidden numbers that the sums determine, by elimination: those that stand alone in a line at the end."""
    solved: dict[K, dict[K, int]] = {}  # by the number that each line gives
    for one, other in equations:
        line = {key: 1 for key in one if key in secret} | {key: PRIME - 1 for key in other if key in secret}
        for key in [key for key in line if key in solved]:
            _take_away(line, solved[key], line[key])
        if not line:
            continue
        pivot, factor = next(iter(line.items()))
        inverse = pow(factor, -1, PRIME)
        line = {key: value * inverse % PRIME for key, value in line.items()}
        for before in solved.values():
            if pivot in before:
                _take_away(before, line, before[pivot])
        solved[pivot] = line
    return {key for key, line in solved.items() if len(line) == 1}


def _take_away(line: dict[K, int], other: Mapping[K, int], times: int) -> None:
    for key, value in other.items():
        left = (line.get(key, 0) - times * value) % PRIME
        if left:
            line[key] = left
        else:
            line.pop(key, None)
