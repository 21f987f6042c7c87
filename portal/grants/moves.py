"""One way for anything in grants to change state: judge by its table, append the event, refresh the cached status."""

from typing import Any

from portal.errors import Refused
from portal.grants import rules
from portal.grants.model import Appeal, Application, Award, Delivery, Payment, Pledge, Report, Round
from portal.history import Actor, record
from portal.words import _

Thing = Round | Application | Award | Payment | Report | Pledge | Delivery | Appeal

TABLES: dict[type[Any], tuple[str, rules.Moves]] = {
    Round: ("round", rules.ROUND_MOVES),
    Application: ("bid", rules.BID_MOVES),
    Award: ("award", rules.AWARD_MOVES),
    Payment: ("payment", rules.PAYMENT_MOVES),
    Report: ("report", rules.REPORT_MOVES),
    Pledge: ("pledge", rules.PLEDGE_MOVES),
    Delivery: ("delivery", rules.DELIVERY_MOVES),
    Appeal: ("appeal", rules.APPEAL_MOVES),
}


def about(thing: Thing) -> str:
    """How events, messages and the ledger name it: "bid:17". The thing must have its id (flush first)."""
    assert thing.id is not None, "flush before naming it"
    return f"{TABLES[type(thing)][0]}:{thing.id}"


def begin(thing: Thing, kind: str, actor: Actor, *, reason: str | None = None, **data: Any) -> None:
    """The first event of a new thing, which has been added and flushed. Part of an action."""
    end = rules.after(None, kind, TABLES[type(thing)][1])
    assert end is not None, f"{kind} begins nothing"
    thing.status = end
    record(about(thing), kind, actor, reason=reason, **data)


def move(thing: Thing, kind: str, actor: Actor, *, refusal: str | None = None, reason: str | None = None, **data: Any) -> None:
    """Move a thing, as a part of an action that has locked it.

    Refused, with `refusal` or a general sentence, when the move may not start from its present state.
    """
    _name, moves = TABLES[type(thing)]
    end = rules.after(thing.status, kind, moves)
    if end is None:
        raise Refused(refusal or _("That is no longer possible: something changed meanwhile. Look at the page again."))
    thing.status = end
    record(about(thing), kind, actor, reason=reason, **data)
