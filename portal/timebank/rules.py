"""The rules of the timebank (design 1, The timebank), pure: what may be written down, and at which figure two people settle."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from portal import clock
from portal.errors import Refused
from portal.money import STEP, Minutes, Pence, hours
from portal.words import _

MOST_A_DAY = Minutes(16 * 60)  # of one giver, whatever it was for: as for hours on an idea (work.actions)
ADULT = 18


def usual_evidence() -> dict[str, dict[str, int]]:
    """What the levels of care ask of who gives, as it ships: how many of each kind must be in force."""
    return {"home": {"identity": 0, "reference": 1, "dbs": 0}, "at_risk": {"identity": 0, "reference": 2, "dbs": 1}}


LOWEST = Minutes(-2400)  # so low a coordinator may always let one member go


@dataclass(frozen=True)
class TimeRules:
    """What a scheme may set. Times in minutes, waits in days."""

    soft_floor: Minutes = Minutes(-600)  # below it both the member and the coordinator get a friendly word
    hard_floor: Minutes = Minutes(-1200)  # nothing goes below it unless a coordinator says so
    tolerance: Minutes = Minutes(15)  # two figures no further apart than this settle at the lower
    settle_days: int = 14  # unanswered for so long, it settles
    reminder_days: tuple[int, ...] = (5, 10)
    oldest_days: int = 92  # what is older is written down by a coordinator
    starting_credit: Minutes = Minutes(0)
    pot_limit: Minutes = Minutes(
        300
    )  # what coordinators together may give one member from community pots in 90 days; above it neighbours of a panel decide
    area_limit: Minutes = Minutes(6000)  # above it, in either direction, the coordinators of both areas are told; 0: never
    figure_rate: Pence = Pence(0)  # pence an hour, for the council's replacement-cost estimate alone; never beside a person's balance
    figure_source: str = ""  # whose rate it is, and of which year
    least_age: int = ADULT  # 16: who is 16 or 17 joins, with a consent that a coordinator has seen
    evidence: Mapping[str, Mapping[str, int]] = field(default_factory=usual_evidence)
    quiet_days: int = 90  # a member of whom nothing was heard for so long is asked how they are

    @property
    def lowest(self) -> Minutes:
        """How low a coordinator may let one member go: twice what the scheme says, and 40 hours where that is little."""
        return Minutes(min(2 * self.hard_floor, LOWEST))

    @staticmethod
    def load(kept: dict[str, Any]) -> "TimeRules":
        """From the kept JSON; what it does not say is as it ships."""
        known = {name: value for name, value in kept.items() if name in TimeRules.__dataclass_fields__}
        if "reminder_days" in known:
            known["reminder_days"] = tuple(known["reminder_days"])
        return TimeRules(**known)

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def judge_time(minutes: int, most: int = MOST_A_DAY) -> None:
    """Refused: not in quarters of an hour, nothing, or more than one person can give in a day."""
    if minutes < STEP or minutes % STEP:
        raise Refused(_("Write the time in quarters of an hour, like 1 h 15 min."), "minutes")
    if minutes > most:
        raise Refused(_("That is more than one person can give in a day. Use one line for each day."), "minutes")


def judge_day(day: date, rules: TimeRules, *, coordinator: bool = False) -> None:
    """Refused: a day that is still ahead, or so long ago that a coordinator should hear of it first."""
    if day > clock.today():
        raise Refused(_("That day is still ahead. Come back when it is done."), "day")
    if not coordinator and day < clock.today() - timedelta(days=rules.oldest_days):
        raise Refused(_("That is a long time ago. Tell a coordinator, who writes it down with you."), "day")


def agreed(logged: int, answered: int, rules: TimeRules) -> Minutes | None:
    """The figure at which two settle: the lower when they are close enough; None when somebody must look at it."""
    if answered <= 0 or abs(logged - answered) > rules.tolerance:
        return None
    return Minutes(min(logged, answered))


def too_low(name: str, floor: int) -> str:
    """What a hard floor says."""
    return _("That would take %(name)s below %(floor)s.", name=name, floor=hours(floor))
