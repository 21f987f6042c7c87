"""What the front door and the desk show: who is waited for, and for what. Bounded lists, a handful of queries each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, or_, select, true
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db
from portal.events import queries as events
from portal.events.model import Gathering
from portal.gifts import care as gift_care
from portal.gifts import talks as gift_talks
from portal.gifts.talks_model import GiftLook
from portal.grants import quick
from portal.grants.desk import to_prepare_query
from portal.grants.model import Appeal, Application, Award, Closing, Ending, Fund, Payment, Release, Report, Round
from portal.grants.queries import lies_in
from portal.grants.worked import to_check_query
from portal.ideas import today as ideas
from portal.ledger.model import Account, State
from portal.ledger.queries import BALANCE
from portal.outbox import Message
from portal.panels.model import Matter, SeatOffer
from portal.people.access import Nobody, Who
from portal.places.model import Area, Scheme
from portal.places.queries import outside_of
from portal.strengths import today as strengths
from portal.timebank import today as timebank
from portal.timebank.members import rules as rules_of_time
from portal.timebank.model import Timebank
from portal.words import _n

MOST = 99  # a larger number tells nobody more
PLACED = ("/desk/bids", "/desk/reports", "/desk/appeals")  # where an officer for an area works


@dataclass(frozen=True)
class Waiting:
    """One kind of thing that waits, how many (up to MOST + 1), and where to do something about it."""

    what: str
    number: int
    href: str
    tone: str = ""


def waiting_at_desk(
    *, officer: bool, finance: bool, areas: Collection[int] | None = None, coordinator: bool = False, helps_in: frozenset[int] | None = None,
    who: Who | None = None,
) -> Sequence[Waiting]:  # fmt: skip
    """What needs an officer, finance or a connector today. One query, and the rules for who looks after the timebank: every part counts
    at most MOST + 1 rows.

    `areas`: an officer for these gets what lies there, and nothing that is the whole scheme's; None: everything. `helps_in`: the same for
    who looks after the timebank, whose desk names what is counted here. `who`: they, who do not judge what neighbours say
    about themselves.
    """
    today = clock.today()
    here = lies_in(areas)
    placed = officer and areas is not None
    parts = {
        "screen": select(Application.id).where(Application.status == "sent", here),
        "asked": select(Application.id).where(Application.status == "more_asked", here),
        "late_decision": select(Application.id).where(
            Application.status.in_(("sent", "more_asked", "with_panel", "decided")),
            Application.hear_by < today,
            or_(Application.status != "sent", Application.released_at.is_(None)),  # who was told "not yet" has heard
            here,
        ),
        "decided": select(Application.id).where(Application.status == "decided", here),
        "release": select(Release.id).where(Release.released_at.is_(None), Release.cancelled_at.is_(None)),
        "endings": select(Ending.id).where(Ending.ended_at.is_(None), Ending.cancelled_at.is_(None)),
        "closings": select(Closing.id).where(Closing.closed_at.is_(None), Closing.cancelled_at.is_(None)),
        "left_over": select(Fund.id)
        .join(Account, Account.code == "fund:" + Fund.code + ":available")
        .join(State, State.account_id == Account.id)
        .where(Fund.closed_at.is_not(None), BALANCE > 0),
        "conditions": select(Award.id).where(Award.status == "conditions_open"),
        "pay": to_prepare_query().with_only_columns(Award.id),
        "approve": select(Payment.id).where(Payment.status == "prepared"),
        "send": select(Payment.id).where(Payment.status == "approved"),
        "bounced": select(Payment.id)
        .join(Award, Award.id == Payment.award_id)
        .where(Payment.status == "bounced", Award.status == "ready_to_pay"),
        "reports": _of_bids(select(Report.id).where(Report.status == "sent"), areas),
        "late_reports": _of_bids(select(Report.id).where(Report.status == "late"), areas),
        "hours": to_check_query(helps_in).with_only_columns(Application.id),
        "short": select(Matter.id).where(Matter.short, Matter.status == "open"),
        "offers": select(SeatOffer.id).where(SeatOffer.status == "open"),
        "floats": quick.to_take_back(),
        "receipts": quick.receipts_late(),
        "appeals": select(Appeal.id)
        .join(Appeal.application)
        .where(Appeal.status.in_(("open", "second_stage")), Appeal.answer_by >= today, here),
        "late_appeals": select(Appeal.id)
        .join(Appeal.application)
        .where(Appeal.status.in_(("open", "second_stage")), Appeal.answer_by < today, here),
        "failed": select(Message.id).where(Message.failed_at.is_not(None), Message.sent_at.is_(None)),
        "letters": select(Message.id).where(Message.channel == "letter", Message.sent_at.is_(None), Message.failed_at.is_(None)),
    }
    if coordinator:
        parts |= ideas.at_desk(helps_in)
        parts["events"] = events.to_look_at(helps_in)
        parts["gifts"] = gift_care.waiting_query(helps_in, who).with_only_columns(GiftLook.id)
    columns = [
        select(func.count()).select_from(part.limit(MOST + 1).subquery()).scalar_subquery().label(name) for name, part in parts.items()
    ]
    of_time = timebank.parts(helps_in, rules_of_time(), who) if coordinator else {}
    columns += [timebank.counted(part).label(f"time_{what}") for what, part in of_time.items()]
    of_map = strengths.waiting(helps_in) if coordinator else {}
    columns += [strengths.counted(query, MOST + 1).label(f"map_{what}") for what, query in of_map.items()]
    numbers = db.session.execute(select(*columns)).one()._mapping
    lines = []
    if officer:
        lines += [
            Waiting(_n("idea to screen", "ideas to screen", numbers["screen"]), numbers["screen"], "/desk/bids?status=sent"),
            Waiting(
                _n("question that waits for an answer", "questions that wait for an answer", numbers["asked"]),
                numbers["asked"],
                "/desk/bids?status=more_asked",
            ),
            Waiting(
                _n("person who should have heard by now", "people who should have heard by now", numbers["late_decision"]),
                numbers["late_decision"],
                "/desk/bids",
                "bad",
            ),
            Waiting(
                _n("decision that needs a letter", "decisions that need a letter", numbers["decided"]),
                numbers["decided"],
                "/desk/bids?status=decided",
            ),
            Waiting(
                _n("release that waits for a second person", "releases that wait for a second person", numbers["release"]),
                numbers["release"],
                "/desk/decisions",
                "warm",
            ),
            Waiting(
                _n("idea that too few of its panel can decide", "ideas that too few of their panel can decide", numbers["short"]),
                numbers["short"],
                "/desk/seats",
                "bad",
            ),
            Waiting(
                _n("neighbour who offers to sit on a panel", "neighbours who offer to sit on a panel", numbers["offers"]),
                numbers["offers"],
                "/desk/seats",
            ),
            Waiting(
                _n("grant with open conditions", "grants with open conditions", numbers["conditions"]), numbers["conditions"], "/finance/"
            ),
            Waiting(_n("report to read", "reports to read", numbers["reports"]), numbers["reports"], "/desk/reports"),
            Waiting(
                _n("report that is late", "reports that are late", numbers["late_reports"]),
                numbers["late_reports"],
                "/desk/reports",
                "warm",
            ),
            Waiting(_n("appeal to answer", "appeals to answer", numbers["appeals"]), numbers["appeals"], "/desk/appeals"),
            Waiting(
                _n("appeal that is late", "appeals that are late", numbers["late_appeals"]),
                numbers["late_appeals"],
                "/desk/appeals",
                "bad",
            ),
            Waiting(
                _n(
                    "float of somebody who is not a connector any more",
                    "floats of people who are not connectors any more",
                    numbers["floats"],
                ),
                numbers["floats"],
                "/desk/floats",
                "warm",
            ),
            Waiting(
                _n("quick spark whose receipt is late", "quick sparks whose receipts are late", numbers["receipts"]),
                numbers["receipts"],
                "/desk/floats",
            ),
            Waiting(
                _n("message that could not be delivered", "messages that could not be delivered", numbers["failed"]),
                numbers["failed"],
                "/desk/undelivered",
                "bad",
            ),
            Waiting(_n("letter to print", "letters to print", numbers["letters"]), numbers["letters"], "/desk/letters"),
        ]
    if placed:
        lines = [line for line in lines if line.href.startswith(PLACED)]
    if coordinator:
        what = _n("idea whose hours wait for a second person", "ideas whose hours wait for a second person", numbers["hours"])
        lines.append(Waiting(what, numbers["hours"], "/desk/hours"))
        looks, joins = numbers["idea_looks"], numbers["idea_joins"]
        lines.append(Waiting(_n("card of an idea to look at", "cards of ideas to look at", looks), looks, "/ideas/desk/"))
        lines.append(Waiting(_n("question whether two ideas are one", "questions whether two ideas are one", joins), joins, "/ideas/desk/"))
        lines.append(
            Waiting(_n("gift or wish to look at", "gifts and wishes to look at", numbers["gifts"]), numbers["gifts"], "/gifts/desk/")
        )
    for what, (_one, everything) in timebank.PAGES.items():
        if what in of_time:
            number = numbers[f"time_{what}"]
            lines.append(Waiting(timebank.line(what, number), number, everything))
    if coordinator:
        lines.append(Waiting(_n("event to look at", "events to look at", numbers["events"]), numbers["events"], "/events/desk"))
    for what in of_map:
        number = numbers[f"map_{what}"]
        lines.append(Waiting(strengths.in_words(what, number), number, f"{strengths.DESK}?part={what}"))
    if finance or (officer and not placed):
        lines += [
            Waiting(
                _n("grant to end that waits for a second person", "grants to end that wait for a second person", numbers["endings"]),
                numbers["endings"],
                "/finance/",
                "warm",
            ),
            Waiting(
                _n("fund to close that waits for a second person", "funds to close that wait for a second person", numbers["closings"]),
                numbers["closings"],
                "/finance/",
                "warm",
            ),
            Waiting(
                _n("closed fund into which money came back", "closed funds into which money came back", numbers["left_over"]),
                numbers["left_over"],
                "/desk/funds",
                "warm",
            ),
            Waiting(_n("grant to pay", "grants to pay", numbers["pay"]), numbers["pay"], "/finance/"),
            Waiting(_n("payment to approve", "payments to approve", numbers["approve"]), numbers["approve"], "/finance/"),
            Waiting(_n("payment to send to the bank", "payments to send to the bank", numbers["send"]), numbers["send"], "/finance/"),
            Waiting(_n("payment that came back", "payments that came back", numbers["bounced"]), numbers["bounced"], "/finance/", "bad"),
        ]
    return [line for line in lines if line.number]


def _of_bids(query: Select[int], areas: Collection[int] | None) -> Select[int]:
    """Reports, of bids in these areas when any are named."""
    if areas is None:
        return query
    return query.join(Award, Award.id == Report.award_id).join(Award.application).where(lies_in(areas))


def recent_awards(limit: int = 6) -> Sequence[tuple[str, str, int]]:
    """The latest grants: reference, title, pence."""
    rows = db.session.execute(
        select(Application.ref, Application.title, Award.amount)
        .join(Award, Award.application_id == Application.id)
        .where(
            Application.decided == "yes",
            Application.released_at.is_not(None),
            Award.status.not_in(("reserved", "lapsed", "declined", "returned")),  # a no: with a list of yes SQLite would sort them all
        )
        .order_by(Award.decided_on.desc(), Award.id.desc())
        .limit(limit)
    )
    return [(ref, title, amount) for ref, title, amount in rows]


def front_door(who: Who | Nobody) -> tuple[Scheme | None, Round | None, Timebank | None, Sequence[Gathering], int]:
    """The scheme, the round to offer first (one that closes before one that never does), the timebank if it is open, the next two events
    near where they live (there, in what it lies in or in what lies in it; else anywhere), and how many neighbours wait for an answer
    about a gift. One query.

    While the caller holds the scheme and the timebank, whatever asks for them on the same page is answered without another query.
    """
    now = clock.now()
    takes = and_(
        Round.status.in_(("planned", "open")), Round.opens_at <= now, or_(Round.closes_at.is_(None), Round.closes_at >= now)
    )  # fmt: skip
    first, second = aliased(Gathering), aliased(Gathering)
    home = who.area_id
    near = None if home is None else select(Area.id).where(or_(Area.id.in_(outside_of(home)), Area.parent_id == home))
    found = db.session.execute(
        select(Scheme, Round, Timebank, first, second, gift_talks.waiting_count(who))
        .select_from(Scheme)
        .outerjoin(Round, takes)
        .outerjoin(Timebank, true())
        .outerjoin(first, first.id == events.next_near(near, 0))
        .outerjoin(second, second.id == events.next_near(near, 1))
        .order_by(Round.closes_at.is_(None), Round.closes_at)
        .limit(1)
    ).one_or_none()
    if not found:
        return None, None, None, [], 0
    return found[0], found[1], found[2], [each for each in found[3:5] if each is not None], found[5]
