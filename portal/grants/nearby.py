"""What stands near payments, for `second_look`: three queries for any number of payments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, select, union

from portal import clock
from portal.db import db
from portal.grants.award import marks_of
from portal.grants.desk import Line
from portal.grants.model import Application, Award, Payee, Payment, Receipt, Report, Round
from portal.grants.moves import about
from portal.grants.rules import RoundRules
from portal.grants.second_look import Account, Hand, Look, Near, hands_of, looks
from portal.panels.queries import declared_ties
from portal.people.model import ActingFor, Person
from portal.people.queries import in_force


@dataclass(frozen=True)
class Beside:
    """What to look at beside each payment, by its id; and the names of everybody who was asked for."""

    looks: Mapping[int, Sequence[Look]]
    names: Mapping[int, str]


def beside(lines: Sequence[Line], *, also: Iterable[int | None] = (), now: datetime | None = None) -> Beside:
    """What to look at beside these payments. `also`: persons whose names the page needs; `now`: the moment that judges what is recent."""
    marks = {line.payment.id: marks_of(line.payee) for line in lines}
    hands = _hands({id_ for line in lines for id_ in hands_of(line)} | {id_ for id_ in also if id_ is not None}, lines)
    if not lines:
        return Beside({}, {id_: hand.name for id_, hand in hands.items()})
    near = _near(lines, {mark for some in marks.values() for mark in some})
    ties = declared_ties([about(line.bid) for line in lines])
    found = {
        line.payment.id: looks(line, near, marks[line.payment.id], ties.get(about(line.bid), ()), hands, now or clock.now())
        for line in lines
    }
    return Beside(found, {id_: hand.name for id_, hand in hands.items()})


def _hands(ids: set[int], lines: Sequence[Line]) -> Mapping[int, Hand]:
    groups = {line.bid.organisation_id for line in lines if line.bid.organisation_id is not None}
    if not ids:
        return {}
    rows = db.session.execute(
        select(Person.id, Person.name, ActingFor.organisation_id)
        .outerjoin(
            ActingFor,
            and_(ActingFor.person_id == Person.id, ActingFor.organisation_id.in_(groups), in_force(ActingFor, clock.today())),
        )
        .where(Person.id.in_(ids))
    )
    found: dict[int, Hand] = {}
    for id_, name, group in rows:
        found[id_] = Hand(name, (found[id_].acts_for if id_ in found else frozenset()) | ({group} if group is not None else set()))
    return found


def _near(lines: Sequence[Line], marks: set[str]) -> Mapping[int, Near]:
    """The awards of these payments, others of the same applicants, and others with the same accounts, by id."""
    applicants = {line.bid.person_id for line in lines}
    groups = {line.bid.organisation_id for line in lines if line.bid.organisation_id is not None}
    wanted = union(
        select(Award.id).where(Award.id.in_({line.award.id for line in lines})),
        select(Award.id).join(Application, Application.id == Award.application_id).where(Application.person_id.in_(applicants)),
        select(Award.id).join(Application, Application.id == Award.application_id).where(Application.organisation_id.in_(groups)),
        select(Payee.award_id).where(Payee.fingerprint.in_(marks)),
    )
    receipts = (
        select(Report.award_id, func.sum(Receipt.amount).label("amount"), func.sum(case((Receipt.photo_id.is_(None), 1), else_=0)).label("bare"))
        .join(Receipt, Receipt.report_id == Report.id)
        .where(Report.award_id.in_({line.award.id for line in lines}))
        .group_by(Report.award_id)
        .subquery()
    )  # fmt: skip
    moving = (
        select(Payment.award_id, func.sum(Payment.amount).label("amount"))
        .where(Payment.status.in_(("prepared", "approved", "released")), Payment.award_id.in_({line.award.id for line in lines}))
        .group_by(Payment.award_id)
        .subquery()
    )
    bounced = (
        select(Payment.bounced_reason)
        .where(Payment.payee_id == Payee.id, Payment.status == "bounced")
        .order_by(Payment.id.desc())
        .limit(1)
        .correlate(Payee)
        .scalar_subquery()
    )
    query = (
        select(
            Award.id, Award.ref, Award.amount, Award.paid, Award.status, Award.decided_on, Award.fund_id, Application.person_id,
            Application.organisation_id, Round.rules, receipts.c.amount.label("on_receipts"), receipts.c.bare, moving.c.amount.label("moving"),
            Payee.fingerprint, Payee.given_at, Payee.replaced_at, bounced.label("bounced"),
        )
        .join(Application, Application.id == Award.application_id)
        .join(Round, Round.id == Application.round_id)
        .outerjoin(Payee, Payee.award_id == Award.id)
        .outerjoin(receipts, receipts.c.award_id == Award.id)
        .outerjoin(moving, moving.c.award_id == Award.id)
        .where(Award.id.in_(wanted))
        .order_by(Award.id, Payee.id)
    )  # fmt: skip
    found: dict[int, Near] = {}
    for row in db.session.execute(query):
        if row.id not in found:
            rules = RoundRules.load(row.rules)
            found[row.id] = Near(
                row.id, row.ref, row.amount, row.paid, row.status, row.decided_on, row.fund_id, row.person_id, row.organisation_id,
                frozenset({rules.most, *rules.ladder}), int(row.on_receipts or 0), int(row.bare or 0), int(row.moving or 0),
            )  # fmt: skip
        if row.given_at is not None:
            found[row.id].accounts.append(Account(row.fingerprint, row.given_at, row.replaced_at, row.bounced))
    return found
