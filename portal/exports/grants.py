"""The rows that more than one export is made of: awards with what was paid by a day, and money as it left and came back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select, union_all

from portal.db import db
from portal.exports.filters import Filter
from portal.grants.model import Application, Award, Fund, Payee, Payment, Refund
from portal.people.model import Organisation
from portal.places.model import Area

VCSE = ("group", "charity", "hub")  # voluntary, community and social enterprise bodies; schools, firms and the council are not
SETTLED = ("settled",)


@dataclass(frozen=True)
class Money:
    """One payment that settled (positive pence) or one refund (negative), with what the spend file says of it."""

    ref: str
    day: date
    pence: int
    title: str
    route: str
    payee_name: str
    organisation: str | None
    organisation_ref: str | None
    organisation_kind: str | None
    charity_number: str
    company_number: str


def _narrowed(query: Select[*tuple[Any, ...]], chosen: Filter) -> Select[*tuple[Any, ...]]:
    if chosen.fund:
        query = query.where(Fund.code == chosen.fund)
    if chosen.area:
        query = query.where(Award.area_id == select(Area.id).where(Area.code == chosen.area).scalar_subquery())
    return query


def awards(chosen: Filter) -> Iterator[Any]:
    """Awards of the filter with organisation, fund and `paid` pence by the end of its as-at day, by decision and reference.

    Streamed: memory does not grow with the number of rows.
    """
    paid = (
        select(Payment.award_id.label("award_id"), func.sum(Payment.amount).label("amount"))
        .where(Payment.status.in_(SETTLED), Payment.settled_on <= chosen.until)
        .group_by(Payment.award_id)
        .subquery()
    )
    back = (
        select(Refund.award_id, func.sum(Refund.amount).label("amount"))
        .where(Refund.received_on <= chosen.until)
        .group_by(Refund.award_id)
        .subquery()
    )
    query = (
        select(
            Award.decided_on, Award.first_day, Award.last_day, Award.amount, Award.status, Award.ward_code, Award.ward_name, Application.ref,
            Application.title, Application.public_summary, Fund.name.label("fund"), Organisation.name.label("organisation"),
            Organisation.kind.label("organisation_kind"), Organisation.charity_number, Organisation.company_number,
            (func.coalesce(paid.c.amount, 0) - func.coalesce(back.c.amount, 0)).label("paid"),
        )
        .join(Application, Application.id == Award.application_id)
        .join(Fund, Fund.id == Award.fund_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .outerjoin(paid, paid.c.award_id == Award.id)
        .outerjoin(back, back.c.award_id == Award.id)
        .order_by(Award.decided_on, Award.id)
    )  # fmt: skip
    if chosen.basis == "awarded":
        query = query.where(Award.decided_on >= chosen.first_day, Award.decided_on <= chosen.last_day)
    else:
        in_days = select(Payment.award_id).where(
            Payment.status.in_(SETTLED), Payment.settled_on >= chosen.first_day, Payment.settled_on <= chosen.last_day
        )
        query = query.where(Award.id.in_(in_days))
    if chosen.changed_since is not None:
        query = query.where(
            or_(
                Award.offered_at >= chosen.changed_since, Award.accepted_at >= chosen.changed_since, Award.closed_at >= chosen.changed_since
            )
        )
    yield from db.session.execute(_narrowed(query, chosen).execution_options(yield_per=1000))


def money(chosen: Filter) -> Iterator[Money]:
    """Payments that settled and refunds that came in within the filter's days, by day and reference. Streamed."""
    paid = select(
        Payment.ref, Payment.settled_on.label("day"), Payment.amount.label("pence"), Payment.award_id, Payment.payee_id
    ).where(Payment.status.in_(SETTLED), Payment.settled_on >= chosen.first_day, Payment.settled_on <= chosen.last_day)  # fmt: skip
    back = select(Refund.ref, Refund.received_on.label("day"), (-Refund.amount).label("pence"), Refund.award_id, Refund.payee_id).where(
        Refund.received_on >= chosen.first_day, Refund.received_on <= chosen.last_day
    )
    moved = union_all(paid, back).subquery()
    query = (
        select(
            moved.c.ref, moved.c.day, moved.c.pence, Application.title, Payee.route, Payee.name, Organisation.name.label("organisation"),
            Organisation.ref.label("organisation_ref"), Organisation.kind, func.coalesce(Organisation.charity_number, ""),
            func.coalesce(Organisation.company_number, ""),
        )
        .join(Award, Award.id == moved.c.award_id)
        .join(Application, Application.id == Award.application_id)
        .join(Fund, Fund.id == Award.fund_id)
        .join(Payee, Payee.id == moved.c.payee_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .order_by(moved.c.day, moved.c.ref)
    )  # fmt: skip
    for row in db.session.execute(_narrowed(query, chosen).execution_options(yield_per=1000)):
        yield Money(*row)
