"""Rounds that take ideas, help on the spot, and what grants and hours add up to, for programs."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select

from portal import clock
from portal.db import db
from portal.exports import filters, quick, register, time
from portal.exports.api.decided import AREA, YEAR
from portal.exports.api.resource import Page, Question, Resource, cut
from portal.exports.api.shape import Shape, address, day, instant, number, one_of, or_null, record, reference, some, text, truth
from portal.exports.files import Hours, Money
from portal.grants import queries as grants
from portal.grants.model import Application, Award, Fund, QuickSpark, Round
from portal.grants.rules import RoundRules
from portal.money import financial_year
from portal.outbox import address_of
from portal.places.model import Area
from portal.words import N_

# --- rounds --------------------------------------------------------------------------------------------------------------

ROUND = Shape(
    "Round",
    N_("A time in which a fund takes ideas."),
    {
        "reference": reference(), "address": address(N_("Where somebody begins.")), "name": text(), "fund": text(), "fund_code": text(),
        "opened_at": instant(), "closes_at": or_null(instant(N_("null: it stays open."))), "decide_by": or_null(day(N_("By when everybody hears."))),
        "decide_within_days": or_null(number(N_("Where there is no such day: how soon somebody hears."))), "least_pence": number(), "most_pence": number(),
        "neighbours": number(N_("How many others must promise some of their time.")), "questions": some(text(), N_("What the panel asks.")),
        "voters": one_of(("panel", "area"), N_("Who decides: a panel of neighbours, or all residents.")),
        "voter_areas": some(text(), N_("Codes of the areas whose residents vote; none: of every area.")), "vote_until": or_null(day()),
    },
)  # fmt: skip


def rounds(asked: Question) -> Page:
    """One query."""
    return cut(
        (((row.closes_at.isoformat() if row.closes_at else "never", row.id), _round(row)) for row in grants.open_rounds()), asked
    )  # digits before letters


def round_(ref: str) -> Mapping[str, Any] | None:
    """One query."""
    return next((_round(row) for row in grants.open_rounds() if row.ref == ref), None)


def _at(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(clock.LONDON).isoformat()


def _round(row: Round) -> Mapping[str, Any]:
    rules = RoundRules.load(row.rules)
    return ROUND.filled(
        {
            "reference": row.ref, "address": address_of(f"/grants/new?round={row.ref}"), "name": row.name, "fund": row.fund.name, "fund_code": row.fund.code,
            "opened_at": _at(row.opens_at), "closes_at": _at(row.closes_at), "decide_by": row.decide_by.isoformat() if row.decide_by else None,
            "decide_within_days": None if row.decide_by else rules.decide_within_days, "least_pence": rules.least, "most_pence": rules.most,
            "neighbours": rules.neighbours, "questions": list(rules.criteria), "voters": rules.voters, "voter_areas": list(rules.areas),
            "vote_until": row.vote_until.isoformat() if row.vote_until else None,
        }
    )  # fmt: skip


ROUNDS = Resource(
    "rounds", N_("Open rounds"), N_("Where neighbours can ask for money now, those that close first first."), ROUND, rounds, one=round_
)

# --- quick sparks --------------------------------------------------------------------------------------------------------

SPARK = Shape(
    "QuickSpark",
    N_("Small help that was given on the spot. Nobody is named."),
    {
        "reference": reference(), "what": text(), "area": text(), "area_code": text(), "pence": number(), "spent_on": day(),
        "looked_at": truth(N_("A second person has looked at it.")), "taken_back": or_null(text(N_("Why, when it was."))),
        "photos": some(record({"address": address(), "shows": text()})),
    },
)  # fmt: skip


def sparks(asked: Question) -> Page:
    """Two queries, three for a place."""
    query = quick.sparks().add_columns(Area.code).where(*quick.narrowed(quick.Asked(asked["area"], asked["year"])))
    if asked.after is not None:
        said, id_ = asked.after
        on = date.fromisoformat(said)
        query = query.where(QuickSpark.spent_on <= on, or_(QuickSpark.spent_on < on, QuickSpark.id < id_))
    rows = db.session.execute(query.limit(asked.limit + 1)).all()
    page = rows[: asked.limit]
    photos = quick.photos_of([row[0] for row in page])
    items = [_spark(quick.line_of(row[:-1], photos), row[-1]) for row in page]
    last = page[-1][0] if len(rows) > len(page) else None
    return Page(items, None if last is None else (last.spent_on.isoformat(), last.id))


def _spark(line: quick.Line, code: str) -> Mapping[str, Any]:
    return SPARK.filled(
        {
            "reference": line.ref, "what": line.what, "area": line.area, "area_code": code, "pence": line.amount, "spent_on": line.spent_on.isoformat(),
            "looked_at": line.looked_at, "taken_back": line.taken_back,
            "photos": [{"address": address_of(f"/photos/{photo.ref}.jpg"), "shows": photo.alt} for photo in line.photos],
        }
    )  # fmt: skip


SPARKS = Resource(
    "quick-sparks",
    N_("Quick sparks"),
    N_("Small help that connectors gave on the spot, newest first."),
    SPARK,
    sparks,
    {"area": AREA, "year": YEAR},
)

# --- figures -------------------------------------------------------------------------------------------------------------

FIGURE = Shape(
    "Figure",
    N_("What the register adds up to for one fund in one area, in one financial year."),
    {
        "year": text(), "fund": text(), "fund_code": text(), "area": text(), "area_code": text(), "granted": number(N_("Ideas that got money.")),
        "declined": number(), "awarded_pence": number(), "paid_pence": number(N_("Of it paid until now.")), "given_minutes": number(N_("Time that neighbours gave for it.")),
    },
)  # fmt: skip


def figures(asked: Question) -> Page:
    """One query."""
    year = asked["year"] or financial_year(clock.today())
    granted = func.count(Award.id).filter(Application.decided == "yes")
    sums = [func.coalesce(func.sum(each).filter(Application.decided == "yes"), 0) for each in (Award.amount, Award.paid, Award.delivered)]
    query = (
        select(Fund.code, Fund.name, Area.code, Area.name, granted, func.count() - granted, *sums)
        .select_from(Application)
        .join(Round, Round.id == Application.round_id)
        .join(Fund, Fund.id == Round.fund_id)
        .join(Area, Area.id == Application.area_id)
        .outerjoin(Award, Award.application_id == Application.id)
        .where(register.shown(), *register.in_year(year))
        .group_by(Fund.code, Fund.name, Area.code, Area.name)
    )
    rows = []
    for fund_code, fund, area_code, area, *numbers in db.session.execute(query):
        facts: dict[str, Any] = {"year": year, "fund": fund, "fund_code": fund_code, "area": area, "area_code": area_code}
        facts |= zip(("granted", "declined", "awarded_pence", "paid_pence", "given_minutes"), [int(each) for each in numbers], strict=True)
        rows.append(((fund_code, area_code), FIGURE.filled(facts)))
    return cut(rows, asked)


FIGURES = Resource(
    "figures", N_("Figures"), N_("What the register adds up to in a financial year (this one, when you name none), for each fund and area."), FIGURE, figures,
    {"year": YEAR},
)  # fmt: skip

HOURS = Shape(
    "Hours",
    N_("Hours that neighbours gave each other, of one kind in one month and ward."),
    {
        "month": text(), "ward_code": or_null(text(N_("The ONS code of the ward."))),
        "activity": text(N_("The kind of help; or what is told together, because fewer than five people stand behind it.")),
        "people": or_null(number(N_("How many took part; null: fewer than five in the whole month."), 5)),
        "given_minutes": or_null(number()), "received_minutes": or_null(number()),
        "rate_pence": or_null(number(N_("What the council says that an hour would cost. It is no cash."))), "rate_source": or_null(text()), "value_pence": or_null(number()),
    },
)  # fmt: skip


def hours(asked: Question) -> Page:
    """The open data about hours of a whole financial year: no finer, as two files beside each other would uncover small numbers. Four queries."""
    rows = []
    for month, ward, activity, people, given, received, rate, source, value in time.rows(filters.of_year(asked["year"] or None)):
        facts = {
            "month": month, "ward_code": ward or None, "activity": activity, "people": people, "given_minutes": given.minutes if isinstance(given, Hours) else None,
            "received_minutes": received.minutes if isinstance(received, Hours) else None, "rate_pence": rate.pence if isinstance(rate, Money) else None,
            "rate_source": source, "value_pence": value.pence if isinstance(value, Money) else None,
        }  # fmt: skip
        rows.append(((month, ward, activity), HOURS.filled(facts)))
    return cut(rows, asked)


HOURS_GIVEN = Resource(
    "hours", N_("Hours given"), N_("Hours in the timebank by month, ward and kind of help, in a financial year (this one, when you name none)."), HOURS, hours,
    {"year": YEAR},
)  # fmt: skip
