"""Whose a bid is: nobody judges, pays or lets go what is their own. Every act of an officer, of finance or of a seat asks here."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, literal, not_, or_, select

from portal import clock
from portal.db import db
from portal.errors import Refused
from portal.grants.model import Application
from portal.history import Actor
from portal.panels import queries as panel_queries
from portal.people.model import ActingFor
from portal.people.queries import in_force
from portal.words import _


def bid_of(matter_about: str) -> int:
    """The id of the bid that a matter is about: "bid:17" gives 17."""
    return int(matter_about.partition(":")[2])


def tied_by_nature(abouts: Sequence[str]) -> Mapping[str, frozenset[int]]:
    """Whose bids these are: the applicant, the helper who typed, and everybody who acts for the group. One query."""
    found: dict[str, set[int]] = {each: set() for each in abouts}
    rows = db.session.execute(
        select(Application.id, Application.person_id, Application.helper_id, ActingFor.person_id)
        .outerjoin(ActingFor, (ActingFor.organisation_id == Application.organisation_id) & in_force(ActingFor, clock.today()))
        .where(Application.id.in_([bid_of(each) for each in abouts]))
    )
    for bid_id, *persons in rows:
        found[f"bid:{bid_id}"].update(each for each in persons if each is not None)
    return {each: frozenset(persons) for each, persons in found.items()}


def must_not_be_their_own(bids: Sequence[Application], actor: Actor) -> None:
    """Before anybody judges: Refused when one of these bids is tied to them by nature, or a seat of theirs has declared a tie."""
    abouts = [f"bid:{bid.id}" for bid in bids]
    tied = tied_by_nature(abouts) if actor.person_id is not None else {}
    if actor.person_id is not None and any(actor.person_id in persons for persons in panel_queries.declared_ties(abouts).values()):
        raise Refused(_("You said on the panel that something ties you to this. Ask a colleague to do it."))
    if any(actor.person_id in persons for persons in tied.values()):
        raise Refused(
            _("This idea is your own, your group's, or you wrote it down for somebody. Ask a colleague to do this.")
            if len(bids) == 1
            else _("One of these ideas is your own, your group's, or you wrote it down for somebody. Ask a colleague to do this.")
        )


def owners_of(bid: Application) -> frozenset[int]:
    """Who would have the money: the applicant, and everybody who acts for the group today. Who only typed for them may pay it."""
    found = {bid.person_id}
    if bid.organisation_id is not None:
        found.update(
            db.session.scalars(
                select(ActingFor.person_id).where(ActingFor.organisation_id == bid.organisation_id, in_force(ActingFor, clock.today()))
            )
        )
    return frozenset(found)


def must_not_be_their_money(bid: Application, actor: Actor) -> None:
    """Before anybody handles money: Refused when it is theirs, or their group's."""
    if actor.person_id in owners_of(bid):
        raise Refused(_("This is an award of your own, or of your group. Somebody else must do this."))


panel_queries.TIED_BY_NATURE["bid"] = tied_by_nature


def visible_to(person_id: int) -> ColumnElement[bool]:
    """Bids that no declared tie hides from a person, as a condition of a query: `decide.hidden_from` for a whole list."""
    untold = or_(Application.released_at.is_(None), Application.status.in_(("with_panel", "decided")))
    return not_(and_(untold, (literal("bid:") + cast(Application.id, Text)).in_(panel_queries.tied_to(person_id))))


def free_to_judge(person_id: int) -> ColumnElement[bool]:
    """Bids that nothing ties a person to, neither what they said nor what they are, as a condition of a query."""
    groups = select(ActingFor.organisation_id).where(ActingFor.person_id == person_id, in_force(ActingFor, clock.today()))
    return and_(
        (literal("bid:") + cast(Application.id, Text)).not_in(panel_queries.tied_to(person_id)),
        Application.person_id != person_id,
        or_(Application.helper_id.is_(None), Application.helper_id != person_id),
        or_(Application.organisation_id.is_(None), Application.organisation_id.not_in(groups)),
    )


def not_their_money(person_id: Any) -> ColumnElement[bool]:
    """Bids whose money is not a person's own nor their group's, as a condition of a query: `owners_of` for a whole list."""
    groups = select(ActingFor.organisation_id).where(ActingFor.person_id == person_id, in_force(ActingFor, clock.today()))
    return and_(Application.person_id != person_id, or_(Application.organisation_id.is_(None), Application.organisation_id.not_in(groups)))
