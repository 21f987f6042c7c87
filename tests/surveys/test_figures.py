"""No small number is told, and none can be worked out from those that are: tried by somebody who tries everything."""

import itertools
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from portal import clock
from portal.few import FEW
from portal.surveys import figures

Key = tuple[str, str]
Sums = Sequence[figures.Sum[Key]]
ROWS, COLUMNS, ALL = ("north", "south"), ("yes", "no"), "all"


def table(*inside: int) -> tuple[dict[Key, int], Sums]:
    """Two places and two answers, with their sums."""
    numbers = dict(zip(itertools.product(ROWS, COLUMNS), inside, strict=True))
    sums: list[figures.Sum[Key]] = [([(row, ALL)], [(row, column) for column in COLUMNS]) for row in (*ROWS, ALL)]
    sums += [([(ALL, column)], [(row, column) for row in ROWS]) for column in (*COLUMNS, ALL)]
    return whole(numbers), sums


def whole(inside: Mapping[Key, int]) -> dict[Key, int]:
    rows = {(row, ALL): sum(inside[row, column] for column in COLUMNS) for row in ROWS}
    columns = {(ALL, column): sum(inside[row, column] for row in ROWS) for column in COLUMNS}
    return {**inside, **rows, **columns, (ALL, ALL): sum(inside.values())}


def possible(told: Mapping[Key, int], most: int) -> Mapping[Key, set[int]]:
    """What each number may be for somebody who knows what is told: every table that there could be is tried."""
    found: dict[Key, set[int]] = {}
    for inside in itertools.product(range(most), repeat=4):
        world = whole(dict(zip(itertools.product(ROWS, COLUMNS), inside, strict=True)))
        if all(world[key] == number for key, number in told.items()):
            for key, number in world.items():
                found.setdefault(key, set()).add(number)
    return found


def test_who_tries_everything_learns_no_small_number() -> None:
    draw = random.Random(8)
    for _each in range(60):
        numbers, sums = table(*(draw.randrange(10) for _cell in range(4)))
        unseen = figures.hidden(numbers, sums)
        told = {key: number for key, number in numbers.items() if key not in unseen}
        assert all(number >= FEW for number in told.values())
        for key, values in possible(told, 16).items():
            assert key in told or len(values) > 1, (numbers, key, values)


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ((30, 30, 30, 30), 9),  # nothing is small
        ((30, 3, 30, 30), 5),  # one small number takes one beside it, one below it, and the fourth with them
        ((0, 0, 30, 30), 3),  # a place with nobody: its sum is small too, and what would give it away
        ((1, 1, 1, 1), 0),
    ],
)
def test_as_little_as_need_be_is_hidden(inside: tuple[int, int, int, int], told: int) -> None:
    numbers, sums = table(*inside)
    assert len(numbers) - len(figures.hidden(numbers, sums)) == told


def test_several_sums_together_give_nothing_away() -> None:
    """In each line two are hidden, and yet the lines together would say what one of them is."""
    numbers = {"a": 3, "b": 30, "c": 30, "ab": 33, "bc": 60, "ca": 33}
    sums = [(["ab"], ["a", "b"]), (["bc"], ["b", "c"]), (["ca"], ["c", "a"])]
    assert figures._worked_out(sums, {"a", "b", "c"}) == {"a", "b", "c"}
    unseen = figures.hidden(numbers, sums, ("b", "c"))
    assert {"a", "b", "c"} < unseen and not figures._worked_out(sums, unseen) & {"a", "b", "c"}


def test_what_is_hidden_together_is_not_small() -> None:
    numbers = {"all": 63, "a": 1, "b": 2, "c": 30, "d": 30}
    assert figures.hidden(numbers, [(["all"], ["a", "b", "c", "d"])]) == {"a", "b", "d"}


def test_two_sides_of_one_sum() -> None:
    """The same people twice: what is told of the one time must not say what is hidden of the other."""
    numbers = {"yes before": 12, "no before": 3, "yes after": 7, "no after": 8}
    assert figures.hidden(numbers, [(["yes before", "no before"], ["yes after", "no after"])]) == {"no before", "no after"}


def test_years_that_are_over() -> None:
    with clock.held_at(datetime(2026, 3, 31, 22, 59, tzinfo=UTC)):  # a minute to midnight in London
        assert figures.years()[0] == "2024-25" and figures.told_from().isoformat() == "2026-04-01"
    with clock.held_at(datetime(2026, 3, 31, 23, 0, tzinfo=UTC)):
        assert figures.years()[:2] == ["2025-26", "2024-25"]
    assert figures.year_of("2026-03") == "2025-26" and figures.year_of("2026-04") == "2026-27"
