"""Limits in which councils differ, each with its bounds and the number that ships. What was promised or frozen with one stays as it was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from portal.db import db, forget_kept, kept, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.history import Actor, Event, record
from portal.money import Pence, pounds
from portal.settings import log
from portal.settings.model import BOUNDS, SchemeLimit
from portal.words import N_, _, _n


@dataclass(frozen=True)
class Limit:
    """One limit: what it is called and does (to be translated), its unit ("pence", "days", "working days") and the number that ships."""

    key: str
    name: str
    what: str
    unit: str
    ships: int

    @property
    def least(self) -> int:
        return BOUNDS[self.key][0]

    @property
    def most(self) -> int:
        return BOUNDS[self.key][1]

    def shown(self, value: int) -> str:
        """A number of it in words: "£100,000.00", "20 working days"."""
        if self.unit == "pence":
            return pounds(Pence(value))
        return (
            _n("%(num)d working day", "%(num)d working days", value)
            if self.unit == "working days"
            else _n("%(num)d day", "%(num)d days", value)
        )


LARGE = Limit(
    "large", N_("A sum that needs two"), N_("When a funder gives more than this in one sum, a second person confirms it before it is in the books."),
    "pence", 100_000_00,
)  # fmt: skip
APPEAL = Limit(
    "appeal", N_("Time to appeal"), N_("So long after our letter people can say that we did not keep to the rules. The letter says the day."),
    "working days", 20,
)  # fmt: skip
ANSWER = Limit(
    "answer", N_("Time to answer an appeal"), N_("By then somebody who had no part in it has answered, and again after a second look was asked for."),
    "working days", 10,
)  # fmt: skip
SECOND_LOOK = Limit(
    "second_look", N_("Time to ask for a second look"), N_("So long after the answer to an appeal people can ask that a different person looks at it."),
    "working days", 10,
)  # fmt: skip
RECEIPT = Limit(
    "receipt", N_("Time for the receipt of a quick spark"), N_("So long after a connector gave one. While a receipt is late they give no more."), "days", 14
)  # fmt: skip
NEIGHBOURS = Limit(
    "neighbours", N_("Time for three neighbours"), N_("Where two people of the timebank do not agree about hours, three neighbours say a figure by then."),
    "working days", 10,
)  # fmt: skip
SLOW = Limit(
    "slow", N_("A payment on its way"), N_("After so many days at the bank we tell finance to ask where it is. Only days on which banks work count."),
    "working days", 10,
)  # fmt: skip
LIMITS = {each.key: each for each in (LARGE, RECEIPT, APPEAL, ANSWER, SECOND_LOOK, NEIGHBOURS, SLOW)}


def _own() -> Mapping[str, int]:
    return dict(db.session.execute(select(SchemeLimit.key, SchemeLimit.value)).tuples().all())


def own() -> Mapping[str, int]:
    """The scheme's own numbers by limit, in pence or days. One query for a page or an action."""
    return kept("limits", _own)


def of(limit: Limit) -> int:
    """What is in force, in pence or days: the scheme's own, else what ships."""
    return own().get(limit.key, limit.ships)


def by_key(key: str) -> Limit:
    """One limit. NotFound."""
    if key not in LIMITS:
        raise NotFound(_("There is no such limit."))
    return LIMITS[key]


def set_limit(key: str, value: int, seen: int, actor: Actor) -> None:
    """Let this hold from now on, in pence or days; the number that ships is no longer one's own. `seen`: what stood on the page.

    Refused: outside its bounds. Conflict: somebody changed it meanwhile.
    """
    limit = by_key(key)
    if not limit.least <= value <= limit.most:
        least, most = limit.shown(limit.least), limit.shown(limit.most)
        raise Refused(_("Choose something from %(least)s to %(most)s.", least=least, most=most), "value")
    with transaction():
        one_at_a_time("limits")
        was = of(limit)
        if was == value:
            return
        if was != seen:
            raise Conflict(_("Somebody else changed this meanwhile. It is %(now)s now.", now=limit.shown(was)))
        row = db.session.get(SchemeLimit, key, with_for_update=True)
        if row is None:
            db.session.add(SchemeLimit(key=key, value=value))
        elif value == limit.ships:
            db.session.delete(row)
        else:
            row.value = value
        record("limits", "limit_changed", actor, limit=key, was=was, now=value)
        forget_kept("limits")


def _changes(event: Event) -> Iterable[log.Change]:
    limit = LIMITS.get(event.data["limit"])
    if limit is not None:
        yield log.Change(_(limit.name), limit.shown(event.data["was"]), limit.shown(event.data["now"]))


log.READERS["limits", "limit_changed"] = log.Reader(N_("Limits"), _changes)
