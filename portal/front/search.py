"""Search over everything an officer, finance or an administrator may open: by reference, name or words. Nothing else is ever counted."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true

from portal.books.model import Journal
from portal.db import db
from portal.exports.register import matching
from portal.grants.model import (
    Appeal,
    Application,
    Award,
    Contribution,
    Fund,
    Funder,
    Payee,
    Payment,
    PaymentRun,
    QuickFloat,
    QuickSpark,
    Refund,
    Release,
    Report,
    Round,
)
from portal.grants.pooled_model import LargeContribution, MatchOffer, Withdrawal
from portal.grants.queries import lies_in
from portal.grants.ties import free_to_judge, visible_to
from portal.panels.model import Panel
from portal.people import queries as people
from portal.people.model import Organisation, Person
from portal.refs import clean_ref
from portal.words import N_

FIRST = 10  # of each sort are named
SHORTEST = 2  # letters


@dataclass(frozen=True)
class Scope:
    """What somebody may open. `people`, `bids`: in which areas (None: everywhere), or not at all (False)."""

    people: Collection[int] | bool | None
    bids: Collection[int] | bool | None
    money: bool
    rounds: bool
    person_id: int  # they, from whom a declared tie hides an idea until its letter has gone out
    seconds: bool = False  # may be the second person where money goes back


@dataclass(frozen=True)
class Hit:
    """One thing found: where, its name, and what tells it from another of the same name."""

    href: str
    name: str
    about: str


@dataclass(frozen=True)
class Group:
    """Hits of one sort, at most FIRST; `more`: there are others."""

    heading: str
    hits: Sequence[Hit]
    more: bool


def jump(typed: str, scope: Scope) -> str | None:
    """The page of the thing with this reference, typed with or without dashes and capitals. None where it is none, or none of theirs."""
    ref = clean_ref(typed)
    if ref is None:
        return None
    ways = [*_at_the_desk(ref, scope), *(_of_money(ref, scope) if scope.money else [])]
    for prefix, page, query in ways:
        if ref.startswith(prefix) and (row := db.session.execute(query.limit(1)).one_or_none()) is not None:
            return page.format(*row)
    return None


def _at_the_desk(ref: str, scope: Scope) -> Iterator[tuple[str, str, Select[Any]]]:
    """The pages of the desk: the beginning of a reference, the address, and what finds its pieces."""
    if scope.bids is not False:
        mine = _mine(None if isinstance(scope.bids, bool) else scope.bids, scope.person_id)
        free = free_to_judge(scope.person_id)
        yield "SPK", "/desk/bids/{}", select(Application.ref).where(Application.ref == ref, mine)
        yield (
            "RPT",
            "/desk/reports/{}",
            select(Application.ref).join(Award).join(Report, Report.award_id == Award.id).where(Report.ref == ref, mine),
        )
        yield "APL", "/desk/appeals/{}", select(Appeal.ref).join(Appeal.application).where(Appeal.ref == ref, mine, free)
    if scope.rounds:
        for prefix, page, model in (("RND", "/desk/rounds/{}", Round), ("REL", "/desk/releases/{}", Release), ("PNL", "/panels/{}", Panel)):
            yield prefix, page, _named(model, ref)
    if scope.people is not False:
        there = true() if isinstance(scope.people, bool) or scope.people is None else Person.area_id.in_(scope.people)
        yield "PER", "/desk/people/{}", _named(Person, ref).where(Person.deleted_at.is_(None), there)


def _of_money(ref: str, scope: Scope) -> Iterator[tuple[str, str, Select[Any]]]:
    """The pages of money. A reference without a page of its own leads to the one that it stands on."""
    seen = visible_to(scope.person_id)
    awards = select(Award.ref).join(Application, Application.id == Award.application_id).where(seen)
    yield "AWD", "/finance/awards/{}", awards.where(Award.ref == ref)
    yield "SPK", "/finance/awards/{}", awards.where(Application.ref == ref)
    yield "RPT", "/finance/awards/{}", awards.join(Report, Report.award_id == Award.id).where(Report.ref == ref)
    yield "RFD", "/finance/awards/{}", awards.join(Refund, Refund.award_id == Award.id).where(Refund.ref == ref)
    paid = _named(Payment, ref).join(Award, Award.id == Payment.award_id).join(Application, Application.id == Award.application_id)
    yield "TXN", "/finance/payments/{}", paid.where(seen)
    for prefix, page, model in (
        ("RUN", "/finance/runs/{}", PaymentRun), ("FLT", "/desk/floats/{}", QuickFloat), ("MTO", "/desk/match-offers/{}", MatchOffer),
        ("JNL", "/finance/books/journal/files/{}", Journal),
    ):  # fmt: skip
        yield prefix, page, _named(model, ref)
    yield (
        "QSP",
        "/desk/floats/{}",
        select(QuickFloat.ref).join(QuickSpark, QuickSpark.float_id == QuickFloat.id).where(QuickSpark.ref == ref),
    )
    yield "CON", "/desk/funds/{}", select(Fund.code).join(Contribution, Contribution.fund_id == Fund.id).where(Contribution.ref == ref)
    large: Any = select(Fund.code, LargeContribution.ref).join(LargeContribution, LargeContribution.fund_id == Fund.id)
    yield (
        "LCN",
        "/desk/funds/{}/large/{}" if scope.seconds else "/desk/funds/{}",
        large.where(LargeContribution.ref == ref),
    )
    back: Any = select(Funder.code, Withdrawal.ref).join(Withdrawal, Withdrawal.funder_id == Funder.id).where(Withdrawal.ref == ref)
    yield "WDR", "/desk/funders/{}/withdrawals/{}" if scope.seconds else "/desk/funders/{}", back


def _named(model: Any, ref: str) -> Select[Any]:
    return select(model.ref).where(model.ref == ref)


def _mine(areas: Collection[int] | None, person_id: int) -> ColumnElement[bool]:
    return and_(lies_in(areas), visible_to(person_id))


def too_short(typed: str) -> bool:
    """Whether there are fewer letters and figures in it than can be looked for."""
    return sum(each.isalnum() for each in typed) < SHORTEST


def everything(typed: str, scope: Scope) -> Sequence[Group]:
    """What holds the words, by sort; nothing for fewer than two letters. Six queries at most."""
    text = " ".join(typed.split())
    if too_short(text):
        return []
    groups = []
    if scope.people is not False:
        areas = None if isinstance(scope.people, bool) else scope.people
        found = people.search(text, limit=FIRST + 1, areas=areas)
        groups.append(_group(N_("People"), [Hit(f"/desk/people/{each.ref}", each.name, each.ref) for each in found]))
    if scope.bids is not False:
        groups.append(_group(N_("Ideas"), _bids(text, None if isinstance(scope.bids, bool) else scope.bids, scope.person_id)))
    if scope.money:
        if scope.bids is False:
            groups.append(_group(N_("Grants"), _awards(text, scope.person_id)))
        groups.append(_group(N_("Payments"), _payments(text, scope.person_id)))
        groups.append(_group(N_("Funders"), _funders(text)))
    if scope.rounds:
        groups.append(_group(N_("Rounds and funds"), _rounds(text)))
    elif scope.money:
        groups.append(_group(N_("Funds"), _funds(text)))
    return [group for group in groups if group.hits]


def _group(heading: str, hits: Sequence[Hit]) -> Group:
    return Group(heading, hits[:FIRST], len(hits) > FIRST)


def _like(text: str, *, within: bool = False) -> str:
    pattern = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return "%" + pattern if within else pattern


def _bids(text: str, areas: Collection[int] | None, person_id: int) -> Sequence[Hit]:
    """Sent ones, by their words, by who asks and for which group, newest first."""
    names = [
        func.lower(each).like(_like(text), escape="\\")
        for each in (Person.name, Organisation.name, Application.group_name, Application.pay_to)
    ]
    words = matching(text)
    rows = db.session.execute(
        select(Application.ref, Application.title, Person.name, Application.group_name)
        .join(Person, Person.id == Application.person_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .where(Application.sent_at.is_not(None), _mine(areas, person_id), or_(*names, *([] if words is None else [words])))
        .order_by(Application.sent_at.desc(), Application.id.desc())
        .limit(FIRST + 1)
    )
    return [Hit(f"/desk/bids/{ref}", title, " · ".join(filter(None, (name, group, ref)))) for ref, title, name, group in rows]


def _awards(text: str, person_id: int) -> Sequence[Hit]:
    """Ideas that were granted, by a part of their title, of the group, of whom they are paid to, or of their reference, newest first."""
    parts = [_holds(each, text) for each in (Application.title, Organisation.name, Application.group_name, Application.pay_to, Payee.name)]
    rows = db.session.execute(
        select(Award.ref, Application.title, Application.group_name, Application.ref)
        .join(Application, Application.id == Award.application_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .outerjoin(Payee, (Payee.award_id == Award.id) & Payee.replaced_at.is_(None))
        .where(visible_to(person_id), or_(*parts, func.lower(Application.ref).like(_like(text), escape="\\")))
        .order_by(Award.id.desc())
        .limit(FIRST + 1)
    )
    return [Hit(f"/finance/awards/{ref}", title, " · ".join(filter(None, (group, of)))) for ref, title, group, of in rows]


def _funders(text: str) -> Sequence[Hit]:
    rows = db.session.execute(select(Funder.code, Funder.name).where(_holds(Funder.name, text)).order_by(Funder.name).limit(FIRST + 1))
    return [Hit(f"/desk/funders/{code}", name, "") for code, name in rows]


def _holds(column: Any, text: str) -> ColumnElement[bool]:
    return func.lower(column).like(_like(text, within=True), escape="\\")


def _payments(text: str, person_id: int) -> Sequence[Hit]:
    """By a part of whom they are paid to, newest first."""
    rows = db.session.execute(
        select(Payment.ref, Payee.name, Application.title)
        .join(Payee, Payee.id == Payment.payee_id)
        .join(Award, Award.id == Payment.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(_holds(Payee.name, text), visible_to(person_id))
        .order_by(Payment.id.desc())
        .limit(FIRST + 1)
    )
    return [Hit(f"/finance/payments/{ref}", name, f"{title} · {ref}") for ref, name, title in rows]


def _rounds(text: str) -> Sequence[Hit]:
    rounds = select(literal("/desk/rounds/"), Round.ref, Round.name).where(_holds(Round.name, text))
    rows = db.session.execute(rounds.union_all(_funds_query(text)).limit(FIRST + 1))
    return [Hit(page + ref, name, ref) for page, ref, name in rows]


def _funds(text: str) -> Sequence[Hit]:
    return [Hit(page + code, name, code) for page, code, name in db.session.execute(_funds_query(text).limit(FIRST + 1))]


def _funds_query(text: str) -> Select[str, str, str]:
    return select(literal("/desk/funds/"), Fund.code, Fund.name).where(_holds(Fund.name, text))
