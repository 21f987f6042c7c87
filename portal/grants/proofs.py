"""What the ledger check asks of grants: everything that is shown, against the events and the books. Each line in words names what differs."""

from collections.abc import Iterator

from sqlalchemy import Select, Text, case, func, literal, select

from portal.db import db
from portal.gifts.talks_model import GiftPromise
from portal.grants.closing import LIVE
from portal.grants.model import Award, Closing, Contribution, Delivery, Fund, Payment, QuickFloat, Refund, Round
from portal.grants.moves import TABLES
from portal.grants.pay import in_transit
from portal.grants.pooled_model import Withdrawal
from portal.grants.wish_model import KeptGift
from portal.history import Event
from portal.ledger.model import Account, Entry, State, Transfer
from portal.ledger.queries import BALANCE
from portal.money import Pence
from portal.work.model import WorkRecord, WorkUse


def broken_caches() -> Iterator[str]:
    """Statuses beside their events; contributions, refunds, closings, payments on their way and checked hours beside the books; other
    help, of which the books hold nothing, beside its events. Streamed.
    """
    yield from _statuses()
    yield from _sums("contribution", select(Contribution.id, Contribution.amount))
    yield from _sums("refund", select(Refund.id, Refund.amount))
    yield from _sums("closing", select(Closing.id, Closing.amount))
    yield from _sums("withdrawal", select(Withdrawal.id, Withdrawal.amount).where(Withdrawal.done_at.is_not(None)))
    yield from _closed_funds()
    yield from _on_the_way()
    yield from _hours()
    yield from _deliveries()
    yield from _gifts()


def _statuses() -> Iterator[str]:
    for model, (name, moves) in TABLES.items():
        last = (
            select(func.max(Event.id))
            .where(Event.about == literal(name + ":") + func.cast(model.id, Text), Event.kind.in_(list(moves)))
            .correlate(model)
            .scalar_subquery()
        )
        ends = case({kind: end for kind, (_starts, end) in moves.items()}, value=Event.kind, else_="")
        rows = db.session.execute(
            select(model.id, model.status, func.coalesce(ends, ""))
            .outerjoin(Event, Event.id == last)
            .where(func.coalesce(ends, "") != model.status)
            .execution_options(yield_per=1000)
        )
        for id_, shown, said in rows:
            yield f"{name}:{id_} says {shown}, its events say {said or 'nothing'}"


def _sums(name: str, rows: Select[int, Pence]) -> Iterator[str]:
    """Sums that stand in one row and in one entry under its key."""
    mine = rows.subquery()
    booked = (
        select(Entry.key, func.sum(Transfer.amount).label("amount"))
        .join(Transfer, Transfer.entry_id == Entry.id)
        .group_by(Entry.key)
        .subquery()
    )
    key = literal(name + ":") + func.cast(mine.c.id, Text)
    found = db.session.execute(
        select(mine.c.id, mine.c.amount, func.coalesce(booked.c.amount, 0))
        .outerjoin(booked, booked.c.key == key)
        .where(mine.c.amount != func.coalesce(booked.c.amount, 0))
        .execution_options(yield_per=1000)
    )
    for id_, shown, said in found:
        yield f"{name}:{id_} says {shown} pence, the books {said}"


def _closed_funds() -> Iterator[str]:
    """A fund is closed when its events say so, and then nothing of it is under way."""
    last = select(func.max(Event.id)).where(
        Event.about == literal("fund:") + func.cast(Fund.id, Text), Event.kind.in_(("closed", "reopened"))
    ).correlate(Fund).scalar_subquery()  # fmt: skip
    said = case((func.coalesce(Event.kind, "") == "closed", 1), else_=0)
    shown = case((Fund.closed_at.is_not(None), 1), else_=0)
    for id_, is_closed in db.session.execute(select(Fund.id, shown).outerjoin(Event, Event.id == last).where(said != shown)):
        yield f"fund:{id_} is {'closed' if is_closed else 'open'}, its events say something else"
    for name, model, under_way in (
        ("round", Round, Round.status != "finished"),
        ("award", Award, Award.status.in_(LIVE)),
        ("quick-float", QuickFloat, QuickFloat.status == "open"),
    ):
        for id_, fund_id in db.session.execute(
            select(model.id, model.fund_id).join(Fund, Fund.id == model.fund_id).where(Fund.closed_at.is_not(None), under_way)
        ):
            yield f"fund:{fund_id} is closed, but {name}:{id_} is under way"


def _on_the_way() -> Iterator[str]:
    moving = dict(
        db.session.execute(select(Payment.run_id, func.sum(Payment.amount)).where(Payment.status == "released").group_by(Payment.run_id))
        .tuples()
        .all()
    )
    booked = dict(
        db.session.execute(
            select(Account.code, BALANCE).join(State, State.account_id == Account.id).where(Account.code.like("run:%"), BALANCE != 0)
        )
        .tuples()
        .all()
    )
    for code in sorted({in_transit(run_id) for run_id in moving if run_id is not None} | set(booked)):
        shown = next((int(total) for run_id, total in moving.items() if run_id is not None and in_transit(run_id) == code), 0)
        if shown != booked.get(code, 0):
            yield f"{code}: payments on their way are {shown} pence, the books say {booked.get(code, 0)}"


def _hours() -> Iterator[str]:
    """Each checked record counts once, with its own minutes; no other record counts at all."""
    booked = (
        select(Entry.key, func.sum(Transfer.amount).label("minutes"))
        .join(Transfer, Transfer.entry_id == Entry.id)
        .where(Transfer.unit == "MATCH")
        .group_by(Entry.key)
        .subquery()
    )
    found = db.session.execute(
        select(WorkRecord.id, WorkRecord.minutes, func.coalesce(booked.c.minutes, 0))
        .join(WorkUse, (WorkUse.work_record_id == WorkRecord.id) & (WorkUse.use == "match"))
        .outerjoin(booked, booked.c.key == WorkUse.entry_key)
        .where(WorkRecord.minutes != func.coalesce(booked.c.minutes, 0))
        .execution_options(yield_per=1000)
    )
    for id_, shown, said in found:
        yield f"work record {id_} says {shown} minutes, the books {said}"


def _deliveries() -> Iterator[str]:
    """What each line is worth is what its last event says, and an award shows the sum of its checked lines."""
    about = literal("delivery:") + func.cast(Delivery.id, Text)
    last = (
        select(func.max(Event.id)).where(Event.about == about, Event.kind.in_(("delivered", "corrected", "checked"))).correlate(Delivery).scalar_subquery()
    )  # fmt: skip
    said = func.coalesce(Event.data["value"].as_integer(), 0)
    rows = db.session.execute(
        select(Delivery.id, Delivery.value, said)
        .outerjoin(Event, Event.id == last)
        .where(Delivery.value != said)
        .execution_options(yield_per=1000)
    )
    for id_, shown, told in rows:
        yield f"delivery:{id_} says {shown} pence, its events say {told}"
    checked = (
        select(Delivery.award_id, func.sum(Delivery.value).label("value"))
        .where(Delivery.status == "checked")
        .group_by(Delivery.award_id)
        .subquery()
    )
    total = func.coalesce(checked.c.value, 0)
    sums = select(Award.id, Award.given, total).outerjoin(checked, checked.c.award_id == Award.id).where(Award.given != total)
    for id_, shown, counted in db.session.execute(sums.execution_options(yield_per=1000)):
        yield f"award:{id_} says {shown} pence of other help were given, its checked lines say {counted}"


def _gifts() -> Iterator[str]:
    """A gift counts for a bid as long as its promise says that it was handed over."""
    handed = case((GiftPromise.status == "handed", 1), else_=0)
    counts = case((KeptGift.taken_back_at.is_(None), 1), else_=0)
    for id_, is_handed in db.session.execute(
        select(KeptGift.id, handed).join(GiftPromise, GiftPromise.id == KeptGift.promise_id).where(handed != counts)
    ):
        yield f"kept-gift:{id_} {'does not count' if is_handed else 'counts'}, its promise says something else"
