"""The rows that more than one export is made of: awards with what was paid by a day, and money as it left and came back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, func, literal, or_, select, union_all

from portal.db import db
from portal.exports.bodies import a_person, not_to_name, taken_down
from portal.exports.filters import Filter
from portal.grants.award import BOUGHT
from portal.grants.model import Application, Award, Fund, Payee, Payment, QuickFloat, QuickSpark, Refund
from portal.history import Event
from portal.ledger.model import Entry
from portal.people.known import known_as
from portal.people.model import Organisation, Person
from portal.people.shield import shielded
from portal.places import queries as places

VCSE = ("group", "charity", "hub")  # voluntary, community and social enterprise bodies; schools, firms and the council are not
REDACTED = "REDACTED PERSONAL DATA"
AT_ONCE = 250  # rows in memory
NOT_RECORDED = "Supplier not recorded"  # the council bought before it was asked whom it paid


@dataclass(frozen=True)
class Granted:
    """One award as files print it; sums in pence, text shielded and on one line."""

    ref: str
    decided_on: date
    first_day: date
    last_day: date
    organisation: str | None
    organisation_kind: str | None
    registration: str
    purpose: str
    amount: int
    paid: int  # less what came back, by the end of the filter's as-at day
    fund: str
    ward_code: str
    ward_name: str
    status: str
    a_person: bool = False  # the organisation is called like somebody, and no file names it


@dataclass(frozen=True)
class Money:
    """Money that reached a payee (positive pence), or that the bank or the payee sent back (negative)."""

    ref: str
    day: date
    pence: int
    purpose: str
    supplier: str  # who was paid; never an individual
    organisation_ref: str
    charity_number: str
    company_number: str
    vcse: bool

    @property
    def given_back(self) -> bool:
        """Whether a payee gave this back. What the bank sent back was never paid: it is taken off what was, on the day on which it came."""
        return self.pence < 0 and not self.ref.startswith("TXN-")


@dataclass(frozen=True)
class Back:
    """Money that a payee gave back: a refund, or a quick spark that was taken back. In pence; `about`: the award or the quick spark."""

    day: date
    ref: str
    about: str
    fund_id: int
    fund: str
    area_id: int
    reason: str
    pence: int


def given_back(last: date, first: date | None = None) -> Sequence[Back]:
    """The one definition of what came back, from `first` (ever) to `last`, by day; what is not in it and left a payee again was never paid.

    Two queries.
    """
    refunds = (
        select(Refund.received_on, Refund.ref, Award.ref, Fund.id, Fund.name, Award.area_id, Refund.reason, Refund.amount)
        .join(Award, Award.id == Refund.award_id)
        .join(Fund, Fund.id == Award.fund_id)
        .where(Refund.received_on <= last)
    )
    why = literal("Quick spark taken back")
    sparks = (
        select(QuickSpark.reversed_on, QuickSpark.ref, QuickSpark.ref, Fund.id, Fund.name, QuickSpark.area_id, why, QuickSpark.amount)
        .join(QuickFloat, QuickFloat.id == QuickSpark.float_id)
        .join(Fund, Fund.id == QuickFloat.fund_id)
        .where(QuickSpark.reversed_on <= last)
    )
    if first is not None:
        refunds, sparks = refunds.where(Refund.received_on >= first), sparks.where(QuickSpark.reversed_on >= first)
    rows: list[Any] = [*db.session.execute(refunds), *db.session.execute(sparks)]
    return sorted((Back(*row) for row in rows), key=lambda row: (row.day, row.ref))


def one_line(text: str) -> str:
    """Typed text in one cell of one line, without control characters."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())


def narrowed(query: Any, chosen: Filter, area_id: Any = Award.area_id, inside: Any = None) -> Any:
    """A query narrowed to the filter's fund and area; `inside` where one query asks several times for what lies in the area."""
    if chosen.fund:
        query = query.where(Fund.code == chosen.fund)
    if chosen.area:
        query = query.where(area_id.in_(places.within(chosen.area) if inside is None else inside))
    return query


def arrived(until: date) -> ColumnElement[bool]:
    """Payments that had reached the payee by the end of a day, and had not been sent back by then."""
    return and_(Payment.settled_on <= until, or_(Payment.bounced_on.is_(None), Payment.bounced_on > until))


def code(kind: str, id_: Any, ending: str = "") -> ColumnElement[str]:
    """`award:17`, `payment:9:settled`: how events and the books name a thing, as a column."""
    return literal(f"{kind}:") + cast(id_, String) + literal(ending)


def on_days(query: Any, chosen: Filter) -> Any:
    """A query of awards narrowed to those that were decided, or paid, on the filter's days."""
    if chosen.basis == "awarded":
        return query.where(Award.decided_on >= chosen.first_day, Award.decided_on <= chosen.last_day)
    in_days = select(Payment.award_id).where(
        arrived(chosen.until), Payment.settled_on >= chosen.first_day, Payment.settled_on <= chosen.last_day
    )
    return query.where(Award.id.in_(in_days))


def awards(chosen: Filter) -> Iterator[Granted]:
    """Awards of the filter by day of decision and order of award. Streamed: memory does not grow with the number of rows."""
    paid = (
        select(Payment.award_id.label("award_id"), func.sum(Payment.amount).label("amount"))
        .where(arrived(chosen.until))
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
            Organisation.kind.label("organisation_kind"), Organisation.charity_number, Organisation.company_number, Person.name.label("applicant"),
            (func.coalesce(paid.c.amount, 0) - func.coalesce(back.c.amount, 0)).label("paid"),
            a_person().label("a_person"), taken_down().label("withheld"),
        )
        .join(Application, Application.id == Award.application_id)
        .join(Person, Person.id == Application.person_id)
        .join(Fund, Fund.id == Award.fund_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .outerjoin(paid, paid.c.award_id == Award.id)
        .outerjoin(back, back.c.award_id == Award.id)
        .order_by(Award.decided_on, Award.id)
    )  # fmt: skip
    query = on_days(query, chosen)
    if chosen.changed_since is not None:
        told = exists().where(Event.about == code("award", Award.id), Event.at >= chosen.changed_since)
        moved = exists().where(
            Payment.award_id == Award.id, Event.about == code("payment", Payment.id), Event.at >= chosen.changed_since
        )  # fmt: skip
        query = query.where(or_(told, moved))
    for row in db.session.execute(narrowed(query, chosen).execution_options(yield_per=AT_ONCE)):
        yield Granted(
            ref=row.ref, decided_on=row.decided_on, first_day=row.first_day, last_day=row.last_day,
            organisation=REDACTED if row.withheld else one_line(row.organisation) if row.organisation else None, organisation_kind=row.organisation_kind,
            registration="" if row.withheld else row.charity_number or row.company_number or "",
            purpose=REDACTED if row.withheld else one_line(shielded(row.public_summary or row.title, not_to_name(row))), amount=row.amount, paid=int(row.paid), fund=row.fund,
            ward_code=row.ward_code, ward_name=row.ward_name, status=row.status, a_person=row.a_person,
        )  # fmt: skip


def money(chosen: Filter) -> Iterator[Money]:
    """What reached payees, and what came back, on the filter's days: by day and reference; quick sparks among them. Streamed.

    A payment that the bank sent back later stays where it was, and is taken off on the day it came back: so a file that was
    published stays true, and the sum is what the books say of all payees on these days.
    """

    def within(day: Any) -> ColumnElement[bool]:
        return and_(day >= chosen.first_day, day <= chosen.last_day)

    def moved(ref: Any, day: Any, pence: Any, thing: Any, key: ColumnElement[str], *, and_also: Any = True) -> Any:
        query = select(ref.label("ref"), day.label("day"), pence.label("pence"), thing.award_id, thing.payee_id).where(
            within(day), and_also
        )
        if chosen.changed_since is not None:
            renamed = exists().where(
                Event.about == code("award", thing.award_id), Event.kind == "supplier_changed", Event.at >= chosen.changed_since
            )
            query = query.where(or_(exists().where(Entry.key == key, Entry.recorded_at >= chosen.changed_since), renamed))
        return query

    lines = union_all(
        moved(Payment.ref, Payment.settled_on, Payment.amount, Payment, code("payment", Payment.id, ":settled")),
        moved(
            Payment.ref, Payment.bounced_on, -Payment.amount, Payment, code("payment", Payment.id, ":bounced"),
            and_also=Payment.settled_on.is_not(None),
        ),
        moved(Refund.ref, Refund.received_on, -Refund.amount, Refund, code("refund", Refund.id)),
    ).subquery()  # fmt: skip
    query = (
        select(
            lines.c.ref, lines.c.day, lines.c.pence, Application.title, Payee.route, Payee.name.label("account"), known_as(Payee.name).label("known"),
            Person.name.label("applicant"), Organisation.name.label("organisation"), Organisation.ref.label("organisation_ref"),
            Organisation.kind.label("organisation_kind"), Organisation.charity_number, Organisation.company_number,
            Payee.company_number.label("supplier_number"), Payee.individual, a_person().label("a_person"), taken_down().label("withheld"),
        )
        .join(Award, Award.id == lines.c.award_id)
        .join(Application, Application.id == Award.application_id)
        .join(Person, Person.id == Application.person_id)
        .join(Fund, Fund.id == Award.fund_id)
        .join(Payee, Payee.id == lines.c.payee_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
    )  # fmt: skip
    inside = places.within(chosen.area) if chosen.area else None
    sparks = [_quick_sparks(chosen, inside, back=back) for back in (False, True)]
    everything = union_all(narrowed(query, chosen, inside=inside), *sparks).subquery()
    by = (everything.c.day, everything.c.ref, everything.c.pence.desc())
    for row in db.session.execute(select(everything).order_by(*by).execution_options(yield_per=AT_ONCE)):
        yield _quick_money(row) if row.route.startswith("quick:") else _money(row)


def _quick_sparks(chosen: Filter, inside: Any, *, back: bool) -> Any:
    """Quick sparks as the columns of `money`: given on their day, or taken back on another. The applicant is their connector."""
    day = QuickSpark.reversed_on if back else QuickSpark.spent_on
    nothing = literal("")
    query = (
        select(
            QuickSpark.ref, day.label("day"), (-QuickSpark.amount if back else QuickSpark.amount).label("pence"), QuickSpark.what,
            literal("quick:") + QuickSpark.payee_kind, QuickSpark.payee_name, known_as(QuickSpark.payee_name), Person.name, nothing, nothing, nothing, nothing, nothing,
            nothing, false(), false(), false(),
        )
        .join(QuickFloat, QuickFloat.id == QuickSpark.float_id)
        .join(Fund, Fund.id == QuickFloat.fund_id)
        .join(Person, Person.id == QuickFloat.person_id)
        .where(day >= chosen.first_day, day <= chosen.last_day)
    )  # fmt: skip
    if chosen.changed_since is not None:
        key = code("quick", QuickSpark.id, ":given:reversed" if back else ":given")
        query = query.where(exists().where(Entry.key == key, Entry.recorded_at >= chosen.changed_since))
    return narrowed(query, chosen, QuickSpark.area_id, inside)


def _quick_money(row: Any) -> Money:
    """A shop or a group by its name, unless that is a person's; a person never. A group's is a grant to a community body."""
    named_after_somebody = row.known or row.account.casefold().split() == row.applicant.casefold().split()
    named = row.route != "quick:person" and not named_after_somebody
    return Money(
        ref=row.ref, day=row.day, pence=row.pence, purpose=one_line(shielded(row.title, [row.applicant, "" if named else row.account])),
        supplier=one_line(shielded(row.account, [row.applicant])) if named else REDACTED, organisation_ref="", charity_number="",
        company_number="", vcse=named and row.route == "quick:group",
    )  # fmt: skip


def quick_grants(chosen: Filter) -> Iterator[Granted]:
    """Quick sparks that went to a group: small, but grants to a community body all the same. By day and order of entry. Streamed.

    What was taken back stays, with nothing paid, like any grant that came back.
    """
    query = (
        select(QuickSpark, Fund.name, Person.name)
        .join(QuickFloat, QuickFloat.id == QuickSpark.float_id)
        .join(Fund, Fund.id == QuickFloat.fund_id)
        .join(Person, Person.id == QuickFloat.person_id)
        .where(
            QuickSpark.payee_kind == "group", QuickSpark.spent_on >= chosen.first_day, QuickSpark.spent_on <= chosen.last_day,
            ~known_as(QuickSpark.payee_name),
        )
        .order_by(QuickSpark.spent_on, QuickSpark.id)
    )  # fmt: skip
    if chosen.changed_since is not None:
        told = exists().where(Event.about == code("quick", QuickSpark.id), Event.at >= chosen.changed_since)
        query = query.where(told)
    for spark, fund, connector in db.session.execute(narrowed(query, chosen, QuickSpark.area_id).execution_options(yield_per=AT_ONCE)):
        came_back = spark.reversed_on is not None and spark.reversed_on <= chosen.until
        yield Granted(
            ref=spark.ref, decided_on=spark.spent_on, first_day=spark.spent_on, last_day=spark.spent_on,
            organisation=one_line(shielded(spark.payee_name, [connector])), organisation_kind="group", registration="",
            purpose=one_line(shielded(spark.what, [connector])), amount=spark.amount,
            paid=0 if came_back or spark.spent_on > chosen.until else spark.amount, fund=fund, ward_code=spark.ward_code,
            ward_name=spark.ward_name, status="returned" if came_back else "closed",
        )  # fmt: skip


def _money(row: Any) -> Money:
    """The supplier is whom the council bought from, a host's account, or the organisation that applied; a person is redacted, and so
    are their group's numbers.
    """
    named_after_somebody = row.known or row.account.casefold().split() == row.applicant.casefold().split()
    if row.route == BOUGHT:  # the supplier is who was paid, and a purchase is no grant
        named = bool(row.account) and not row.individual and not named_after_somebody
        return Money(
            ref=row.ref, day=row.day, pence=row.pence, purpose=REDACTED if row.withheld else one_line(shielded(row.title, [*not_to_name(row), "" if named else row.account])),
            supplier=one_line(shielded(row.account, [row.applicant])) if named else REDACTED if row.account else NOT_RECORDED,
            organisation_ref="", charity_number="", company_number=row.supplier_number if named else "", vcse=False,
        )  # fmt: skip
    hosted = row.route == "host" and bool(row.account) and not named_after_somebody
    itself = row.organisation is not None and row.route != "host" and not row.a_person
    return Money(
        ref=row.ref, day=row.day, pence=row.pence, purpose=REDACTED if row.withheld else one_line(shielded(row.title, not_to_name(row))),
        supplier=one_line(row.account) if hosted else one_line(row.organisation) if itself else REDACTED,
        organisation_ref=row.organisation_ref if itself else "", charity_number=row.charity_number if itself else "",
        company_number=row.company_number if itself else "", vcse=row.organisation_kind in VCSE and not row.a_person,
    )  # fmt: skip
