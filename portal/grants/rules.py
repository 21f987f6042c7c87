"""The rules of small grants as pure functions (design 1, Grants). Money in pence, time in minutes, no database."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from difflib import SequenceMatcher
from typing import Any, Self

from portal.finding import telling
from portal.money import Minutes, Pence, match_value

LIKE, SHORT = 0.66, 4  # so much alike, words of at least so many letters may be one name, written twice
SECTIONS = ("idea", "who", "money", "help", "when", "pay")  # the six questions, in order


@dataclass(frozen=True)
class RoundRules:
    """What a round asks and how it decides. Frozen as JSON on the round when it opens; a fund keeps the defaults."""

    least: Pence = Pence(50_00)
    most: Pence = Pence(250_00)
    ladder: tuple[int, ...] = (250_00, 500_00, 1000_00)  # most by rung; see opens_next_rung
    ratio_percent: int = 100  # match asked for, per hundred of grant
    rate: Pence = Pence(12_00)  # an hour of match counts for this much in the meter
    neighbours: int = 3  # others, beside the applicant, who pledge time
    person_percent: int = 50  # most of the hours that one person's count for
    goods_percent: int = 50  # most of the match that goods, rooms and cash count for
    planning_percent: int = 20  # most of the match that planning meetings count for
    criteria: tuple[str, ...] = ("Will it bring neighbours together?", "Is it wanted here?", "Can they do it?")
    quorum: int = 3  # seats that must vote, of those able to
    majority_percent: int = 50  # yes must be more than this share of yes and no; see `majority`
    on_tie: str = "not_yet"  # what comes of exactly that share: "not_yet" or "no"
    marking: bool = False  # the panel marks each idea by the criteria, in private, before it talks and votes
    anonymous: bool = True  # the panel reads what the idea is, not whose group it is
    decision: str = "threshold"  # a dated round: threshold, most_votes or equal_shares (panels.rules.Sharing)
    ballots: str = "votes"  # equal shares by votes, or by marks
    pot: Pence | None = None  # what a dated round shares out at most; None: what the fund has free when the panel begins
    voters: str = "panel"  # who votes in a dated round: the panel's seats, or all residents ("area"): an area ballot
    areas: tuple[str, ...] = ()  # an area ballot: codes of the areas whose residents vote; none: of every area
    least_ballots: int = 20  # an area ballot: when fewer vote, the panel decides
    decide_within_days: int = 21  # rolling rounds: promised when sent
    accept_within_days: int = 14
    report_within_days: int = 42  # after the last day of the idea
    bank_wait_days: int = 3  # after details were changed (not when first given)
    cheques: bool = False  # who has no account may ask for a cheque: off, because only some councils still write them
    outcomes_needed: bool = False  # an idea must choose what it hopes for; else it may
    quick_most: Pence = Pence(25_00)  # one quick spark, given on the spot by a connector (of the fund, not of a round)

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """From the JSON of a round or fund; fields added since then take their defaults."""
        known: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stored.items() if name in cls.__dataclass_fields__
        }
        return cls(**known)

    def store(self) -> dict[str, Any]:
        """As JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def majority(self, *, shared: bool) -> int:
        """The share of yes and no that yes must be more than, in percent.

        `shared`: the idea shares a pot with others. Equal shares ask no majority then: that the few are heard is what they are for.
        """
        return 0 if shared and self.decision == "equal_shares" else self.majority_percent

    def most_on_rung(self, closed_awards: int) -> Pence:
        """How much a group may ask for whom this many closed awards have opened a rung: £250, then £500, then £1,000."""
        rungs = self.ladder or (self.most,)
        return Pence(max(self.most, rungs[min(closed_awards, len(rungs) - 1)]))


@dataclass(frozen=True)
class PledgeFact:
    """A pledge as the meter sees it. `giver` is the same text for the same person."""

    giver: str
    kind: str
    minutes: int = 0
    planning_minutes: int = 0
    value: int = 0


@dataclass(frozen=True)
class Meter:
    """The match meter: what is needed, what counts, and what is missing."""

    needed: Pence  # value of match asked for
    needed_minutes: Minutes  # the same in hours alone
    counted_minutes: Minutes
    counted_goods: Pence
    counted: Pence  # value of hours and goods together
    neighbours: int
    neighbours_needed: int
    capped: tuple[str, ...] = field(default=())  # givers of whom not everything counts

    @property
    def missing(self) -> Pence:
        return Pence(max(0, self.needed - self.counted))

    @property
    def missing_minutes(self) -> Minutes:
        return self.minutes_for(self.missing)

    @property
    def missing_neighbours(self) -> int:
        return max(0, self.neighbours_needed - self.neighbours)

    @property
    def full(self) -> bool:
        return not self.missing and not self.missing_neighbours

    @property
    def percent(self) -> int:
        """0 to 100, for the picture."""
        return 100 if not self.needed else min(100, self.counted * 100 // self.needed)

    @property
    def whole_hours(self) -> int:
        """The hours needed, rounded up, as the page says them: "21 hours"."""
        return -(-self.needed_minutes // 60)

    rate: int = 12_00

    def minutes_for(self, value: int) -> Minutes:
        """Fewest minutes that are worth at least `value` pence in the meter."""
        return Minutes(-(-value * 60 // self.rate)) if value > 0 else Minutes(0)


def needed_match(asked: int, rules: RoundRules) -> tuple[Pence, Minutes]:
    """Match for a grant: its value, and the fewest minutes worth that much. £250 at £12 gives 1,250 minutes (20 h 50 min)."""
    needed = Pence(-(-asked * rules.ratio_percent // 100))
    return needed, Minutes(-(-needed * 60 // rules.rate))


def meter(asked: int, pledges: Iterable[PledgeFact], rules: RoundRules) -> Meter:
    """What these pledges count for. Order does not matter; nobody counts above the caps.

    The person's cap is half of the hours that the whole match needs, so that a slow start is not punished twice. Planning
    counts up to its share of the needed hours, goods, rooms and cash up to theirs of the needed value.
    """
    needed, needed_minutes = needed_match(asked, rules)
    hours_of: dict[str, int] = {}
    planning_of: dict[str, int] = {}
    goods = 0
    for pledge in pledges:
        if pledge.kind == "hours":
            planning = min(pledge.planning_minutes, pledge.minutes)
            planning_of[pledge.giver] = planning_of.get(pledge.giver, 0) + planning
            hours_of[pledge.giver] = hours_of.get(pledge.giver, 0) + pledge.minutes - planning
        else:
            goods += pledge.value
    cap = needed_minutes * rules.person_percent // 100
    capped: list[str] = []
    hands = planning_total = 0
    for giver in sorted(hours_of):
        counted = min(hours_of[giver], cap)
        planning = min(planning_of[giver], cap - counted)
        if counted + planning < hours_of[giver] + planning_of[giver]:
            capped.append(giver)
        hands += counted
        planning_total += planning
    minutes = hands + min(planning_total, needed_minutes * rules.planning_percent // 100)
    counted_goods = min(goods, needed * rules.goods_percent // 100)
    return Meter(
        needed=needed,
        needed_minutes=needed_minutes,
        counted_minutes=Minutes(minutes),
        counted_goods=Pence(counted_goods),
        counted=Pence(match_value(minutes, rules.rate) + counted_goods),
        neighbours=sum(1 for giver, given in hours_of.items() if given + planning_of[giver] > 0),
        neighbours_needed=rules.neighbours,
        capped=tuple(capped),
        rate=rules.rate,
    )


RUNG_HOURS_PERCENT = 50


def opens_next_rung(report: str | None, promised: int, delivered: int) -> bool:
    """Whether a closed award lets its group ask for more next time: its report was accepted, and at least half of the promised
    hours were given. One that does not is held against nobody: the group stays where it is, and the next one may open the rung.
    """
    return report == "accepted" and delivered * 100 >= promised * RUNG_HOURS_PERCENT


def not_spent(route: str, paid: int, on_receipts: int) -> Pence:
    """Pence for an applicant to send back. What the council bought was never in their hands, so nothing of it."""
    return Pence(0 if route == "council_buys" else max(0, paid - on_receipts))


def shared_out(amount: int, weights: Mapping[str, int]) -> dict[str, Pence]:
    """An amount in pence in proportion to weights (zero or more, not all zero), to the penny: by largest remainder.

    What is left over after rounding down goes a penny each to those whose share lost most by it; among equals to the larger
    weight, then by name. Nobody gets more than their weight as long as the amount is not more than all weights together.
    """
    total = sum(weights.values())
    shares = {name: amount * weight // total for name, weight in weights.items()}
    in_line = sorted(weights, key=lambda name: (-(amount * weights[name] % total), -weights[name], name))
    for name in in_line[: amount - sum(shares.values())]:
        shares[name] += 1
    return {name: Pence(share) for name, share in shares.items()}


def same_lines(before: Sequence[str], now: Sequence[str]) -> list[int | None]:
    """For each line of a budget as it is typed now, which of those before it is: the same words, or else one that shares a telling word."""
    left = dict(enumerate(before))
    found: list[int | None] = []
    for what in now:
        place = next((place for place, old in left.items() if old.casefold() == what.casefold()), None)
        found.append(place)
        left.pop(-1 if place is None else place, None)
    for number, what in enumerate(now):
        if found[number] is None:
            place = next((place for place, old in left.items() if _telling(old) & _telling(what)), None)
            found[number] = place
            left.pop(-1 if place is None else place, None)
    return found


def _telling(what: str) -> set[str]:
    return set(telling(what, SHORT))


# --- lives ---------------------------------------------------------------------------------------------------------------
# Each move: (states it may start from, state it ends in). A status column is the reduction of the events by these tables.

Moves = Mapping[str, tuple[Sequence[str], str]]

ROUND_MOVES: Moves = {
    "planned": ((), "planned"),
    "opened": (("planned",), "open"),
    "closed": (("open",), "closed"),
    "reopened": (("closed",), "open"),  # an extension for everybody
    "deciding": (("closed", "open"), "deciding"),
    "released": (("deciding", "closed"), "released"),
    "finished": (("released", "open", "closed", "planned"), "finished"),  # a planned one is called off
}
BID_MOVES: Moves = {
    "started": ((), "draft"),
    "sent": (("draft",), "sent"),
    "changed": (("sent",), "sent"),  # edited freely until the round closes
    "more_asked": (("sent", "with_panel"), "more_asked"),
    "more_answered": (("more_asked",), "sent"),
    "not_answered": (("more_asked",), "sent"),  # the day to answer has passed: it goes on as it is
    "ineligible": (("sent", "more_asked"), "ineligible"),
    "put_to_panel": (("sent",), "with_panel"),
    "back_from_panel": (("with_panel",), "sent"),  # an officer takes it back before it is decided
    "decided": (("with_panel",), "decided"),  # private until released
    "decision_undone": (("decided",), "with_panel"),
    "offered": (("decided",), "offered"),
    "refused": (("decided",), "declined"),  # the panel said no
    "not_yet": (("decided",), "sent"),  # the panel said not yet: it may come back
    "reserved": (("decided",), "lapsed"),  # on the reserve list
    "offered_from_reserve": (("lapsed",), "offered"),
    "accepted": (("offered",), "accepted"),
    "turned_down": (("offered",), "declined"),  # the applicant said no
    "lapsed": (("offered",), "lapsed"),
    "ended": (("accepted",), "lapsed"),  # nothing came of the yes: two officers ended the grant
    "withdrawn": (("draft", "sent", "more_asked", "with_panel", "decided", "offered", "accepted"), "withdrawn"),
    "forgotten": (("draft",), "withdrawn"),  # never sent, and nobody wrote on it for long
    "appeal_upheld": (("declined", "lapsed", "ineligible"), "sent"),  # looked at anew; the old letter stays as it went out
}
AWARD_MOVES: Moves = {
    "offered": ((), "reserved"),
    "accepted": (("reserved",), "conditions_open"),
    "conditions_met": (("conditions_open",), "ready_to_pay"),
    "paid": (("ready_to_pay",), "paid"),
    "bounced": (("ready_to_pay", "paid", "reporting"), "ready_to_pay"),
    "report_opened": (("paid",), "reporting"),
    "closed": (("reporting", "paid"), "closed"),
    "returned": (("ready_to_pay", "conditions_open", "paid", "reporting"), "returned"),
    "lapsed": (("reserved",), "lapsed"),
    "ended": (("conditions_open", "ready_to_pay"), "lapsed"),
    "turned_down": (("reserved",), "declined"),
    "withdrawn": (("reserved", "conditions_open", "ready_to_pay"), "returned"),
}
PAYMENT_MOVES: Moves = {
    "prepared": ((), "prepared"),
    "approved": (("prepared",), "approved"),
    "released": (("approved",), "released"),
    "settled": (("released",), "settled"),
    "bounced": (("released", "settled"), "bounced"),
    "cancelled": (("prepared", "approved"), "cancelled"),
    "called_back": (("released",), "cancelled"),  # with its whole run, before the bank had its file
    "again": ((), "approved"),  # and stands anew, as its first two hands left it
}
REPORT_MOVES: Moves = {
    "due": ((), "due"),
    "started": (("due",), "started"),  # what is late stays late until it is sent
    "sent": (("due", "started", "late", "more_asked"), "sent"),
    "more_asked": (("sent",), "more_asked"),
    "accepted": (("sent",), "accepted"),
    "late": (("due", "started", "more_asked"), "late"),
    "waived": (("due", "started", "late", "more_asked", "sent"), "waived"),
}
APPEAL_MOVES: Moves = {
    "made": ((), "open"),
    "upheld": (("open", "second_stage"), "closed"),
    "not_upheld": (("open",), "answered"),
    "second_asked": (("answered",), "second_stage"),
    "not_upheld_again": (("second_stage",), "closed"),
    "withdrawn": (("open", "second_stage"), "closed"),
    "closed": (("answered",), "closed"),  # nobody asked for a second look in time
}
PLEDGE_MOVES: Moves = {
    "invited": ((), "invited"),
    "confirmed": (("invited", "refused", "expired"), "confirmed"),
    "changed": (("confirmed",), "confirmed"),
    "refused": (("invited", "confirmed"), "refused"),
    "delivered": (("confirmed", "delivered", "checked"), "delivered"),
    "checked": (("delivered", "checked"), "checked"),
    "not_delivered": (("delivered", "checked"), "confirmed"),
    "expired": (("invited",), "expired"),
}


DELIVERY_MOVES: Moves = {
    "delivered": ((), "delivered"),
    "corrected": (("delivered",), "delivered"),  # by whoever wrote it
    "withdrawn": (("delivered",), "withdrawn"),  # by whoever wrote it
    "turned_down": (("delivered",), "turned_down"),  # by a second person
    "checked": (("delivered",), "checked"),
    "taken_back": (("checked",), "taken_back"),  # it stays on record, with a reason
}


def after(status: str | None, kind: str, moves: Moves) -> str | None:
    """The state after a move, or None when that move may not start from `status` (None: the thing does not exist yet)."""
    if kind not in moves:
        return None
    starts, end = moves[kind]
    return end if (status in starts if starts else status is None) else None


def like_names(one: str, other: str) -> bool:
    """Whether two names may be one person's: each word of the shorter one is like one of the other ("Elsie", "E. Reyes", "Elsy Reyes")."""
    few, many = sorted((_words(one), _words(other)), key=len)
    return bool(few) and all(any(_like(word, each) for each in many) for word in few)


def _words(name: str) -> list[str]:
    bare = "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(each))
    return re.findall(r"\w+", bare)


def _like(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        return long.startswith(short)
    return short == long or (len(short) >= SHORT and SequenceMatcher(None, short, long).ratio() >= LIKE)


def hear_by(sent_on: date, rules: RoundRules, decide_by: date | None) -> date:
    """The day by which an applicant hears: the round's own, or so many days after sending."""
    return decide_by or sent_on + timedelta(days=rules.decide_within_days)
