"""How everything here is measured: in turns, so that whatever else the machine does falls on both sides, and as a ratio."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """One line of the table. `ours` and `bare` are kept in one unit: microseconds, bytes or queries."""

    what: str
    ours: float
    bare: float
    unit: str
    limit: str  # what the bare limit is, in words
    at_most: float | None = None  # the design's budget for `times`, where it has one

    @property
    def times(self) -> float:
        return self.ours / self.bare

    @property
    def held(self) -> bool | None:
        """Whether the budget is held; None where there is none."""
        return None if self.at_most is None else self.times <= self.at_most

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "times": round(self.times, 3), "held": self.held}


def in_turns(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Microseconds that one call of each way takes: the median of `rounds` calls of all of them in turns."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _round in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - start)
    return {name: 1e6 * median(each) for name, each in taken.items()}


def table(title: str, rows: list[Ratio]) -> str:
    """The lines of one engine, for a person to read."""
    out = [f"\n{title}", f"  {'what':<44} {'x bare':>7} {'budget':>7}  {'ours':>16} {'bare':>10}  the bare limit"]
    for row in rows:
        budget = "" if row.at_most is None else f"{row.at_most:g}"
        mark = {None: " ", True: "✓", False: "✗"}[row.held]
        out.append(f"  {row.what:<44} {row.times:>7.2f} {budget:>7} {mark}{row.ours:>10,.0f} {row.unit:<7}{row.bare:>9,.0f}  {row.limit}")
    return "\n".join(out)
