"""What a scheme needs before it can give money away: counted in one query, so that the desk can show what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, or_, select

from portal import clock
from portal.db import db
from portal.grants.model import Fund
from portal.outbox import Message
from portal.panels.model import Panel
from portal.people.model import Role
from portal.places.model import Area, Scheme
from portal.setup.actions import TEST
from portal.words import N_, _


@dataclass(frozen=True)
class Step:
    """One thing to set up. `what`, `why`: to be translated."""

    name: str
    what: str
    why: str
    href: str
    link: str
    done: bool = False


STEPS = (
    Step("areas", N_("Areas"), N_("People choose where they live, and each grant carries its ward."), "/setup/areas", N_("Add areas")),
    Step("fund", N_("A fund"), N_("The pot that grants come from, with its rules."), "/setup/fund", N_("Open a fund")),
    Step("officers", N_("Two officers"), N_("One does, another looks. Find both among the people and give them the role."), "/desk/people", N_("Find people")),
    Step(
        "finance", N_("A finance officer, and two hands for money"),
        N_("Nobody pays alone: another person than who prepared a payment releases it."), "/desk/people", N_("Find people"),
    ),
    Step("panel", N_("A panel"), N_("Neighbours who decide. An officer makes it and gives the seats."), "/panels/", N_("See the panels")),
    Step("publisher", N_("Who publishes"), N_("Who makes the grants, and the 360Giving prefix: open data need both."), "/desk/scheme", N_("Say who")),
    Step("messages", N_("Messages arrive"), N_("Send yourself a test message. It is ticked off when it has gone out."), "/setup/checklist#test", N_("Send a test message")),
)  # fmt: skip


def _holders(*names: str) -> Select[int]:
    today = clock.today()
    held = (Role.area_id.is_(None), Role.since <= today, or_(Role.until.is_(None), Role.until >= today))
    return select(func.count(func.distinct(Role.person_id))).where(Role.name.in_(names), *held)


def steps() -> Sequence[Step]:
    """Every step and whether it is done. One query."""
    sent = and_(Message.about == TEST, Message.sent_at.is_not(None), Message.failed_at.is_(None))
    row = db.session.execute(
        select(
            select(Area.id).where(Area.archived_at.is_(None)).exists().label("areas"),
            select(Fund.id).where(Fund.closed_at.is_(None)).exists().label("fund"),
            _holders("officer").scalar_subquery().label("officers"),
            _holders("finance").scalar_subquery().label("finance"),
            _holders("finance", "officer").scalar_subquery().label("hands"),
            select(Panel.id).exists().label("panel"),
            select(Scheme.id).where(Scheme.publisher_name != "", Scheme.publisher_prefix != "").exists().label("publisher"),
            select(Message.id).where(sent).exists().label("messages"),
        )
    ).one()
    done = {
        "areas": row.areas, "fund": row.fund, "officers": row.officers >= 2, "finance": row.finance >= 1 and row.hands >= 2,
        "panel": row.panel, "publisher": row.publisher, "messages": row.messages,
    }  # fmt: skip
    return [Step(one.name, _(one.what), _(one.why), one.href, _(one.link), bool(done[one.name])) for one in STEPS]


def missing() -> int:
    """How many steps are not done. One query."""
    return sum(not one.done for one in steps())
