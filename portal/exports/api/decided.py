"""The register for programs: what its pages say, with reasons, declared ties and money; individuals shielded as there."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from portal.clock import london_day
from portal.db import db
from portal.errors import NotFound
from portal.exports import register
from portal.exports.api.resource import Filter, Page, Question, Resource
from portal.exports.api.shape import Shape, address, day, number, one_of, or_null, record, reference, some, text, truth
from portal.exports.bodies import not_to_name
from portal.few import FEW
from portal.grants.letters import GROUNDS
from portal.grants.model import Application, Pledge
from portal.grants.queries import SAID_YES
from portal.money import year_bounds
from portal.outbox import address_of
from portal.panels.model import Matter
from portal.people.shield import shielded
from portal.words import N_

YEAR = Filter(N_("A financial year from 1 April to 31 March."), pattern=r"20[0-9]{2}-[0-9]{2}", example="2026-27", judge=year_bounds)
AREA = Filter(N_("The code of an area. What lies in it counts too."))
FUND = Filter(N_("The code of a fund."))
GRANT = Shape(
    "Grant",
    N_("An idea that was decided, and what came of it."),
    {
        "reference": reference(), "address": address(N_("Its page for people.")), "title": text(), "summary": text(N_("The idea in a few words.")),
        "area": text(N_("Where it is.")), "area_code": text(), "fund": text(N_("The pot of money.")), "fund_code": text(),
        "words_taken_down": truth(N_("An officer took its words down; what was decided and paid stays.")),
        "state": one_of(register.STATES, N_("awarded: under way. finished. returned: the money came back. declined: not this time.")),
        "decided_on": day(N_("The day on which the decision was told.")),
        "recipient": or_null(text(N_("An organisation by name, or “A resident of” and the ward: individuals are never named; “A group in” and the ward where its words were taken down. null when nothing was awarded."))),
        "asked_pence": number(), "awarded_pence": or_null(number()), "paid_pence": or_null(number()),
        "pledged_minutes": number(N_("Time that neighbours promised.")), "delivered_minutes": or_null(number(N_("Time that they gave."))),
        "pledged_other_help_pence": number(N_("Things, rooms and money that neighbours promised, at what they would cost.")),
        "delivered_other_help_pence": or_null(number(N_("The same as it was given."))), "reason": text(N_("Why it was decided so.")),
        "votes": or_null(
            record(
                {name: or_null(number()) for name in register.COUNTED},
                N_("How the panel voted: able: seats that could; tied: seats with a declared interest, who took no part. ballots: how many residents voted, where residents decide."),
            )
        ),
        "declared_ties": some(text(), N_("A kind of declared interest for each seat that had one.")),
    },
)  # fmt: skip
IN_FULL = Shape(
    "GrantInFull",
    N_("All that the page of an idea says."),
    {
        **GRANT.fields, "neighbours": or_null(number(N_("Neighbours who promised to help; null: fewer than five."), FEW)),
        "not_needed_pence": number(N_("What need not be paid, because neighbours gave the thing itself.")),
        "what_happened": or_null(text(N_("From the report, if we may print it."))), "what_changed": or_null(text()),
        "hoped_for": some(
            record({"words": text(), "heading": text(), "how_far": or_null(text()), "what_happened": or_null(text())}),
            N_("What it hoped for, and how far the report says that it came."),
        ),
        "story": or_null(text(N_("Told by who asked, for as long as they agree."))),
        "began_as": or_null(text(N_("Where it began, when that was a card on the wall of ideas."))),
        "minutes": or_null(address(N_("The minutes in which the decision stands."))),
        "photos": some(record({"address": address(), "shows": text()})),
        "appeals": some(
            record({"ground": one_of(GROUNDS), "made_on": day(), "outcome": one_of(register.APPEALED), "final": truth(N_("Nothing can follow any more."))})
        ),
    },
)  # fmt: skip


def _facts(line: register.Line, reason: str, tally: Mapping[str, Any] | None, given: Mapping[str, int]) -> dict[str, Any]:
    awarded = line.awarded is not None
    return {
        "reference": line.ref, "address": address_of(f"/register/{line.ref}"), "title": line.title, "summary": line.summary, "area": line.area,
        "area_code": line.area_code, "fund": line.fund, "fund_code": line.fund_code, "words_taken_down": line.withheld, "state": line.state, "decided_on": london_day(line.released_at).isoformat(),
        "recipient": line.who or None, "asked_pence": line.asked, "awarded_pence": line.awarded, "paid_pence": line.paid if awarded else None,
        "pledged_minutes": given["pledged"], "delivered_minutes": given["delivered"] if awarded else None, "pledged_other_help_pence": given["other"],
        "delivered_other_help_pence": given["other_given"] if awarded else None, "reason": reason,
        "votes": {name: tally.get(name) for name in register.COUNTED} if tally else None, "declared_ties": list((tally or {}).get("ties", ())),
    }  # fmt: skip


def read(asked: Question) -> Page:
    """A page of the register. Three queries, four for a place or fund."""
    wanted = register.Asked(**asked.values)
    by, id_of, falling = register.order_of(wanted)
    query = register.narrowed(wanted).add_columns(by.label("by"))
    if asked.after is not None:
        said, id_ = asked.after
        value = datetime.fromisoformat(said) if isinstance(said, str) else said
        # said twice, so that the index is entered at this place
        query = query.where(by <= value if falling else by >= value)
        query = query.where(or_(by < value, id_of < id_) if falling else or_(by > value, id_of > id_))
    found = db.session.execute(query.order_by(*((by.desc(), id_of.desc()) if falling else (by, id_of))).limit(asked.limit + 1)).all()
    page = found[: asked.limit]
    items = _told([row[0] for row in page]) if page else []
    if len(found) <= len(page):
        return Page(items)
    last = page[-1]
    return Page(items, (last[1].isoformat() if isinstance(last[1], datetime) else last[1], last[0]))


def _told(ids: list[int]) -> list[dict[str, Any]]:
    """Bids in this order. Two queries."""
    yes = (Pledge.application_id == Application.id, Pledge.status.in_(SAID_YES))
    sums = [
        select(func.coalesce(func.sum(each), 0)).where(*yes).correlate(Application).scalar_subquery().label(name)
        for name, each in (("pledged", Pledge.minutes), ("other", Pledge.value))
    ]
    query = register.bids().add_columns(register.NEIGHBOURS, *sums).where(Application.id.in_(ids))
    tallies = _tallies(ids)
    found = {}
    for row in db.session.execute(query):
        names = (row.neighbours or "").split("\n")
        given = {
            "pledged": int(row.pledged),
            "delivered": int(row.delivered or 0),
            "other": int(row.other),
            "other_given": int(row.given or 0),
        }
        reason = "" if row.withheld else shielded(row.decision_reason, [*not_to_name(row), *names])
        found[row.id] = GRANT.filled(_facts(register.line_of(row, names), reason, tallies.get(row.id), given))
    return [found[id_] for id_ in ids]


def _tallies(ids: Iterable[int]) -> Mapping[int, Mapping[str, Any] | None]:
    """Bid → the tally that counts. One query."""
    of = {f"bid:{id_}": id_ for id_ in ids}
    rows = db.session.execute(
        select(Matter.about, Matter.tally).where(Matter.about.in_(of), Matter.status != "withdrawn").order_by(Matter.id)
    )
    return {of[about]: tally for about, tally in rows}


def one(ref: str) -> Mapping[str, Any] | None:
    """An idea with all that its page says; None for what is not public. Six queries, as its page."""
    try:
        found = register.entry(ref)
    except NotFound:
        return None
    given = {
        "pledged": found.hours_pledged,
        "delivered": found.hours_delivered,
        "other": found.other_pledged,
        "other_given": found.other_given,
    }
    return IN_FULL.filled(
        _facts(found.line, found.reason, found.tally, given)
        | {
            "neighbours": found.neighbours, "not_needed_pence": found.not_needed, "what_happened": found.happened or None, "what_changed": found.changed or None,
            "hoped_for": [
                {"words": each.words, "heading": each.heading, "how_far": each.how_far or None, "what_happened": each.happened or None}
                for each in found.hopes
            ],
            "story": found.story.words if found.story is not None else None,
            "began_as": found.origin.words if found.origin is not None else None, "minutes": address_of(found.minutes) if found.minutes else None,
            "photos": [{"address": address_of(f"/photos/{photo.ref}.jpg"), "shows": photo.alt} for photo in found.photos],
            "appeals": [
                {"ground": each.ground, "made_on": each.made_on.isoformat(), "outcome": each.outcome, "final": each.final} for each in found.appeals
            ],
        }
    )  # fmt: skip


REGISTER = Resource(
    "register", N_("Who got what"), N_("Every idea that was decided, newest first, with the reasons, the declared interests and the money."), GRANT, read,
    {
        "q": Filter(N_("Words of the title or the summary, or their beginnings.")), "area": AREA, "year": YEAR, "fund": FUND,
        "state": Filter(N_("What came of it."), tuple(register.STATES)), "sort": Filter(N_("Another order: the oldest first, or the most money first."), ("oldest", "most")),
    },
    one, IN_FULL,
)  # fmt: skip
