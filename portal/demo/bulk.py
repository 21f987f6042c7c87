"""A borough's ten years, loaded in bulk: for measuring, not for reading. The books still go through `post_all`.

Skewed on purpose: a few wards and groups do most, as in life, so that hot accounts and common words show.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, text

from portal import clock
from portal.db import Base, db, transaction
from portal.demo import words
from portal.grants.model import (
    Application,
    Award,
    BudgetLine,
    Contribution,
    Fund,
    Funder,
    Payee,
    Payment,
    PaymentRun,
    Pledge,
    Report,
    Round,
)
from portal.grants.pooled_model import FundDraw, FundShare
from portal.history import Event
from portal.ledger.posting import Fact, Line, open_accounts, post_all
from portal.people.model import Organisation, Person
from portal.places import queries as places
from portal.refs import drawn_from, new_ref
from portal.words import _
from portal.working_days import working_days_after

PEOPLE, BIDS = 1_800, 200  # for each step of scale
BATCH = 500
YEARS = 10


def grow(seed: int, scale: int, say: Callable[[str], None]) -> None:
    """Add `scale` times 1,800 residents and 200 bids (of which about 80 become awards) to a filled demo."""
    source = random.Random(seed + 1)  # noqa: S311
    with drawn_from(source):
        first = _people(source, PEOPLE * scale, say)
        _contribution(scale)
        for start in range(0, BIDS * scale, BATCH):
            _bids(source, first, PEOPLE * scale, min(BATCH, BIDS * scale - start))
            say(f"  {start + BATCH} of {BIDS * scale} ideas")


def _next_id(table: type[Base]) -> int:
    return int(db.session.scalar(select(func.coalesce(func.max(table.id), 0))) or 0) + 1  # type: ignore[attr-defined]


def _insert(table: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(insert(table.__table__), rows)  # type: ignore[arg-type]


def _people(source: random.Random, number: int, say: Callable[[str], None]) -> int:
    areas = [area.id for area in places.areas() if area.kind == "ward"]
    weights = [1 / (place + 1) for place in range(len(areas))]
    first = _next_id(Person)
    now = clock.now()
    for start in range(0, number, 10_000):
        with transaction():
            rows = [
                {
                    "id": first + n, "ref": new_ref("PER"), "name": f"{source.choice(words.FIRST)} {source.choice(words.LAST)}", "email": f"b{n}@people.example",
                    "phone": None, "postal_address": "", "channel": "email", "large_print": False, "area_id": source.choices(areas, weights)[0],
                    "joined_at": now - timedelta(days=source.randrange(1, 365 * YEARS)), "deleted_at": None,
                }
                for n in range(start, min(start + 10_000, number))
            ]  # fmt: skip
            _insert(Person, rows)
        say(f"  {min(start + 10_000, number)} of {number} people")
    with transaction():
        base = _next_id(Organisation)
        _insert(Organisation, [
            {"id": base + n, "ref": new_ref("ORG"), "name": f"Group {n} of {source.choice(words.WARDS)}", "kind": "group", "area_id": source.choice(areas),
             "charity_number": "", "company_number": "", "created_at": now, "archived_at": None}
            for n in range(max(10, number // 200))
        ])  # fmt: skip
    return first


def _contribution(scale: int) -> None:
    with transaction():
        fund = db.session.scalars(select(Fund).where(Fund.code == "small-sparks")).one()
        funder = _funder()
        amount = 40_000_00 * scale
        row = Contribution(
            ref=new_ref("CON"), fund_id=fund.id, funder_id=funder.id, amount=amount, received_on=clock.today() - timedelta(days=365 * YEARS)
        )
        db.session.add(row)
        db.session.flush()
        post_all([
            Fact(f"contribution:{row.id}", "contribution", f"contribution:{row.id}", _("Ten years of money"), "scheme",
                 [Line(f"funder:{funder.code}", f"fund:{fund.code}:available", amount)], row.received_on)
        ])  # fmt: skip


def _funder() -> Funder:
    """Whose money all grants of the bulk are."""
    return db.session.scalars(select(Funder).order_by(Funder.id).limit(1)).one()


def _bids(source: random.Random, first_person: int, persons: int, number: int) -> None:
    """One batch of bids with everything that hangs on them, in one transaction."""
    areas = {area.id: area for area in places.areas() if area.kind == "ward"}
    weights = [1 / (place + 1) for place in range(len(areas))]
    with transaction():
        fund = db.session.scalars(select(Fund).where(Fund.code == "small-sparks")).one()
        round_id = db.session.scalars(select(Round.id).where(Round.fund_id == fund.id, Round.rolling.is_(True)).limit(1)).one()
        funder_id = _funder().id
        orgs = list(db.session.scalars(select(Organisation.id)))
        staff = list(db.session.scalars(select(Person.id).order_by(Person.id).limit(4)))
        rows: dict[type[Base], list[dict[str, Any]]] = {
            table: [] for table in (Application, BudgetLine, Pledge, Award, FundDraw, FundShare, Payee, PaymentRun, Payment, Report, Event)
        }
        ids = {table: _next_id(table) for table in rows}
        accounts: list[tuple[str, str, str, str, int | None, int | None]] = []
        facts: list[Fact] = []
        run = ids[PaymentRun]
        for n in range(number):
            bid = ids[Application] + n
            sent = clock.now() - timedelta(days=source.randrange(60, 365 * YEARS - 30), minutes=source.randrange(1440))
            day = clock.london_day(sent)
            area = areas[source.choices(list(areas), weights)[0]]
            title, idea, who_for, better, lines, _group = words.IDEAS[min(int(source.expovariate(0.25)), len(words.IDEAS) - 1)]
            asked = sum(amount for _what, amount in lines)
            yes = source.random() < 0.4
            status = "accepted" if yes else source.choice(("declined", "declined", "withdrawn", "ineligible"))
            released = sent + timedelta(days=14)
            rows[Application].append({
                "id": bid, "ref": new_ref("SPK"), "round_id": round_id, "person_id": first_person + int(persons * source.random() ** 2),
                "organisation_id": source.choice(orgs) if source.random() < 0.6 else None, "helper_id": None, "helper_basis": "", "status": status, "version": 7,
                "title": f"{title}, {area.name}", "idea": idea, "place": "", "area_id": area.id, "who_for": who_for, "better": better, "asked": asked,
                "group_name": "", "first_day": day + timedelta(days=20), "last_day": day + timedelta(days=60), "pay_route": "group", "pay_to": area.name,
                "public_summary": idea, "created_at": sent, "saved_at": sent, "sent_at": sent, "hear_by": day + timedelta(days=21),
                "decided": "yes" if yes else "no" if status == "declined" else None, "conditions": [],
                "decision_reason": source.choice(words.REASONS["yes" if yes else "no"]) if status in ("accepted", "declined") else "", "reserve_place": None,
                "released_at": released if status in ("accepted", "declined") else None,
                "appeal_by": None if status == "withdrawn" else working_days_after(clock.london_day(released), 20),
            })  # fmt: skip
            for position, (what, amount) in enumerate(lines):
                rows[BudgetLine].append(
                    {
                        "id": ids[BudgetLine] + len(rows[BudgetLine]),
                        "application_id": bid,
                        "position": position,
                        "what": what,
                        "amount": amount,
                        "typed": "",
                    }
                )
            for neighbour in range(3):
                rows[Pledge].append({
                    "id": ids[Pledge] + len(rows[Pledge]), "ref": new_ref("PLG"), "application_id": bid, "link_number": 1, "name": source.choice(words.FIRST),
                    "channel": "none", "contact": f"n{neighbour}.{bid}@people.example", "person_id": None, "worker": f"pledge:{ids[Pledge] + len(rows[Pledge])}", "kind": "hours", "status": "confirmed",
                    "minutes": source.choice((240, 360, 480)), "planning_minutes": 0, "value": 0, "what": "", "invited_by_id": None, "invited_at": sent,
                    "confirmed_at": sent,
                })  # fmt: skip
                for kind in ("invited", "confirmed"):
                    _event(rows, ids, f"pledge:{rows[Pledge][-1]['id']}", kind, sent)
            kinds = ["started", "sent"]
            if status in ("accepted", "declined"):
                kinds += ["put_to_panel", "decided", "offered" if yes else "refused"] + (["accepted"] if yes else [])
            else:
                kinds.append(status)
            for step, kind in enumerate(kinds):
                _event(rows, ids, f"bid:{bid}", kind, sent + timedelta(days=2 * step))
            if yes:
                _award(source, rows, ids, accounts, facts, bid, fund, area, asked, released, staff, run, funder_id)
        if rows[Payment]:
            rows[PaymentRun].append(
                {"id": run, "ref": new_ref("RUN"), "released_at": clock.now() - timedelta(days=1), "released_by_id": staff[3]}
            )
            accounts.append((f"run:{run}:in-transit", "GBP", "hold", f"Run {run}", 0, None))
        for table, held in rows.items():
            _insert(table, held)
        open_accounts(accounts)
        post_all(facts)
    if db.engine.dialect.name == "postgresql":
        _move_sequences([*rows])


def _event(rows: dict[type[Base], list[dict[str, Any]]], ids: dict[type[Base], int], about: str, kind: str, at: Any) -> None:
    rows[Event].append({
        "id": ids[Event] + len(rows[Event]), "about": about, "kind": kind, "at": at, "actor_id": None, "on_behalf_id": None, "basis": None, "reason": None, "data": {},
    })  # fmt: skip


def _award(
    source: random.Random, rows: dict[type[Base], list[dict[str, Any]]], ids: dict[type[Base], int], accounts: list[Any], facts: list[Fact], bid: int, fund: Fund,
    area: Any, asked: int, released: Any, staff: list[int], run: int, funder_id: int,
) -> None:  # fmt: skip
    award = ids[Award] + len(rows[Award])
    day = clock.london_day(released)
    code, name = places.ward_on(area, day)
    closed = source.random() < 0.9
    settled = day + timedelta(days=7)
    rows[Award].append({
        "id": award, "ref": new_ref("AWD"), "application_id": bid, "fund_id": fund.id, "amount": asked, "status": "closed" if closed else "reporting",
        "conditions": [], "area_id": area.id, "ward_code": code, "ward_name": name, "decided_on": day, "offered_at": released,
        "accept_by": day + timedelta(days=14), "accepted_at": released, "first_day": day, "last_day": day + timedelta(days=40),
        "report_due": day + timedelta(days=82), "released_by_id": staff[0], "seconded_by_id": staff[1], "paid": asked, "delivered": 0,
        "closed_at": released + timedelta(days=90) if closed else None,
    })  # fmt: skip
    payee_ref = new_ref("PAY")
    rows[Payee].append({
        "id": ids[Payee] + len(rows[Payee]), "ref": payee_ref, "award_id": award, "route": "group", "name": area.name, "sealed": "", "masked": "",
        "fingerprint": "", "given_by_id": staff[0], "given_at": released, "usable_from": released, "replaced_at": None, "purged_at": None,
    })  # fmt: skip
    payment = ids[Payment] + len(rows[Payment])
    rows[Payment].append({
        "id": payment, "ref": new_ref("TXN"), "award_id": award, "payee_id": rows[Payee][-1]["id"], "run_id": run, "instalment": 1, "amount": asked,
        "status": "settled", "two_hands": False, "prepared_by_id": staff[0], "prepared_at": released, "approved_by_id": staff[2], "approved_at": released,
        "released_by_id": staff[3], "released_at": released, "settled_on": settled, "bounced_on": None, "bounced_reason": None,
    })  # fmt: skip
    report = ids[Report] + len(rows[Report])
    rows[Report].append({
        "id": report, "ref": new_ref("RPT"), "award_id": award, "status": "accepted" if closed else "due", "due": day + timedelta(days=82), "version": 1,
        "happened": source.choice(words.DONE) if closed else "", "changed": "", "may_publish": source.random() < 0.6, "unspent": 0, "officer_note": "",
        "sent_at": None, "closed_at": None,
    })  # fmt: skip
    for about, kinds in (
        (f"award:{award}", ["offered", "accepted", "conditions_met", "paid", "report_opened"] + (["closed"] if closed else [])),
        (f"payment:{payment}", ["prepared", "approved", "released", "settled"]),
        (f"report:{report}", ["due"] + (["sent", "accepted"] if closed else [])),
    ):
        for step, kind in enumerate(kinds):
            _event(rows, ids, about, kind, released + timedelta(days=step))
    draw = ids[FundDraw] + len(rows[FundDraw])
    rows[FundDraw].append({"id": draw, "fund_id": fund.id, "award_id": award, "request_id": None, "amount": asked, "taken_on": day})
    rows[FundShare].append(
        {"id": ids[FundShare] + len(rows[FundShare]), "draw_id": draw, "funder_id": funder_id, "amount": asked, "after": asked}
    )
    reserved, payable, paid = f"award:{award}:reserved", f"award:{award}:payable", f"payee:{payee_ref}:paid"
    accounts += [
        (reserved, "GBP", "hold", f"Award {award}", 0, None), (payable, "GBP", "liability", f"Award {award}", 0, None), (paid, "GBP", "expense", area.name, 0, None),
    ]  # fmt: skip
    for key, kind, on, debit, credit in (
        (f"award:{award}:offered", "offer", day, f"fund:{fund.code}:available", reserved),
        (f"award:{award}:accepted", "acceptance", day, reserved, payable),
        (f"award:{award}:instalment:1", "release", day, payable, f"run:{run}:in-transit"),
        (f"payment:{payment}:settled", "settlement", settled, f"run:{run}:in-transit", paid),
    ):
        facts.append(Fact(key, kind, f"award:{award}", kind.capitalize(), "scheme", [Line(debit, credit, asked)], on))


def _move_sequences(tables: list[Any]) -> None:
    """PostgreSQL's counters do not see ids that we gave."""
    with transaction():
        for table in [*tables, Person, Organisation]:
            name = table.__tablename__
            db.session.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT coalesce(max(id), 1) FROM {name}))"))  # noqa: S608  # nosec
