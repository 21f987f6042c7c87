"""Search over everything an officer, finance or an administrator may open: by reference, name or words. Nothing else is ever counted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, literal, or_, select

from portal.db import db
from portal.exports.register import matching
from portal.grants.model import Appeal, Application, Award, Fund, Payee, Payment, PaymentRun, QuickFloat, Release, Report, Round
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
    pages: dict[str, tuple[Any, Any, str]] = {
        "SPK": (scope.bids, Application, "/desk/bids/{}"), "RPT": (scope.bids, Report, "/desk/reports/{}"),
        "APL": (scope.bids, Appeal, "/desk/appeals/{}"), "AWD": (scope.money, Award, "/finance/awards/{}"),
        "TXN": (scope.money, Payment, "/finance/payments/{}"), "RUN": (scope.money, PaymentRun, "/finance/runs/{}"),
        "RND": (scope.rounds, Round, "/desk/rounds/{}"), "REL": (scope.rounds, Release, "/desk/releases/{}"),
        "FLT": (scope.rounds, QuickFloat, "/desk/floats/{}"), "PNL": (scope.rounds, Panel, "/panels/{}"),
        "PER": (scope.people, Person, "/desk/people/{}"),
    }  # fmt: skip
    found = pages.get(ref[:3])
    if found is None or found[0] is False:
        return None
    where, model, page = found
    query: Select[Any] = select(model).where(model.ref == ref)
    if model is Person:
        query = query.where(Person.deleted_at.is_(None))
    if model in (Application, Report, Appeal):
        query = _of_bids(query, model, None if isinstance(where, bool) else where, scope.person_id)
    elif model is Person and not isinstance(where, bool) and where is not None:
        query = query.where(Person.area_id.in_(where))
    piece = Application.ref if model is Report else model.ref  # a report's page is its idea's
    there = db.session.scalar(query.with_only_columns(piece, maintain_column_froms=True))
    return None if there is None else page.format(there)


def _of_bids(query: Select[Any], model: Any, areas: Collection[int] | None, person_id: int) -> Select[Any]:
    if model is Report:
        query = query.join(Award, Award.id == Report.award_id).join(Award.application)
    elif model is Appeal:
        query = query.join(Appeal.application).where(free_to_judge(person_id))
    return query.where(lies_in(areas), visible_to(person_id))


def everything(typed: str, scope: Scope) -> Sequence[Group]:
    """What holds the words, by sort; nothing for fewer than two letters. Four queries at most."""
    text = " ".join(typed.split())
    if len(text) < SHORTEST:
        return []
    groups = []
    if scope.people is not False:
        areas = None if isinstance(scope.people, bool) else scope.people
        found = people.search(text, limit=FIRST + 1, areas=areas)
        groups.append(_group(N_("People"), [Hit(f"/desk/people/{each.ref}", each.name, each.ref) for each in found]))
    if scope.bids is not False:
        groups.append(_group(N_("Ideas"), _bids(text, None if isinstance(scope.bids, bool) else scope.bids, scope.person_id)))
    if scope.money:
        groups.append(_group(N_("Payments"), _payments(text)))
    if scope.rounds:
        groups.append(_group(N_("Rounds and funds"), _rounds(text)))
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
        .where(Application.sent_at.is_not(None), lies_in(areas), visible_to(person_id), or_(*names, *([] if words is None else [words])))
        .order_by(Application.sent_at.desc(), Application.id.desc())
        .limit(FIRST + 1)
    )
    return [Hit(f"/desk/bids/{ref}", title, " · ".join(filter(None, (name, group, ref)))) for ref, title, name, group in rows]


def _payments(text: str) -> Sequence[Hit]:
    """By whom they are paid to, newest first."""
    rows = db.session.execute(
        select(Payment.ref, Payee.name, Application.title)
        .join(Payee, Payee.id == Payment.payee_id)
        .join(Award, Award.id == Payment.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(func.lower(Payee.name).like(_like(text), escape="\\"))
        .order_by(Payment.id.desc())
        .limit(FIRST + 1)
    )
    return [Hit(f"/finance/payments/{ref}", name, f"{title} · {ref}") for ref, name, title in rows]


def _rounds(text: str) -> Sequence[Hit]:
    inside = _like(text, within=True)
    rounds = select(literal("/desk/rounds/"), Round.ref, Round.name).where(func.lower(Round.name).like(inside, escape="\\"))
    funds = select(literal("/desk/funds/"), Fund.code, Fund.name).where(func.lower(Fund.name).like(inside, escape="\\"))
    rows = db.session.execute(rounds.union_all(funds).limit(FIRST + 1))
    return [Hit(page + ref, name, ref) for page, ref, name in rows]
