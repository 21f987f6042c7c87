"""What grants tells, keeps and forgets about a person who takes their data along or leaves.

What was sent to a panel, decided or paid stays: it is the record of public money (design 5, personal data), and the person's row
behind it is empty. What was never sent goes, and so do names and addresses wherever they stand.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update

from portal import clock
from portal.db import db
from portal.gifts.model import GiftParty
from portal.gifts.talks_model import GiftPromise
from portal.grants import apply, floats, goods, match, queries, quick, wishes, worked
from portal.grants.award import UNPAID, current_payee
from portal.grants.by_hand_model import Purchase
from portal.grants.model import (
    Appeal,
    Application,
    Award,
    BudgetLine,
    FloatRequest,
    Payee,
    Payment,
    Photo,
    Pledge,
    QuickFloat,
    QuickRemark,
    QuickSpark,
    Refund,
    Report,
)
from portal.grants.moves import about, move
from portal.grants.wish_model import KeptGift, WishedLine
from portal.history import Actor, record
from portal.ledger.posting import rename_account
from portal.money import Pence
from portal.outbox import Message
from portal.panels import sittings
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS, KEEPS_FROM_LEAVING, acting_for, person
from portal.people.shield import nameless
from portal.words import _
from portal.work.actions import forget_worker

UNDER_WAY = ("sent", "more_asked", "with_panel", "decided")


# --- taking along --------------------------------------------------------------------------------------------------------


def _ideas(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        select(Application).where(or_(Application.person_id == person_id, Application.helper_id == person_id)).order_by(Application.id)
    ).all()
    return [_idea(row) if row.person_id == person_id else {"reference": row.ref, "you wrote it for somebody": True} for row in rows]


def _idea(row: Application) -> dict[str, Any]:
    untold = row.status == "decided"  # private until the letters go out together
    events = queries.told_story_of(row, queries.award_of(row.id))
    return {
        "reference": row.ref, "state": "with_panel" if untold else row.status, "begun": row.created_at.isoformat(),
        "sent": row.sent_at and row.sent_at.isoformat(), "answers": apply.content(row),
        "photos": [photo.ref for photo in queries.photos_of(about(row))],
        "neighbours you asked": [{"name": pledge.name, "state": pledge.status} for pledge in queries.pledges_of(row.id)],
        "asked of neighbours": [
            {"what": each.row.what, "pence": each.row.price, "asked": each.row.asked_at.isoformat(), "pence not needed": each.saved}
            for each in wishes.of_bid(row.id)
        ],
        "appeals": [_appeal(each) for each in queries.appeals_of(row.id)],
        "what happened": [{"when": event.at.isoformat(), "what": event.kind, "why": event.reason} for event in events],
    } | ({"decision": row.decided, "reason": row.decision_reason} if row.told else {})  # fmt: skip


def _appeal(row: Appeal) -> dict[str, Any]:
    return {
        "reference": row.ref, "state": row.status, "made": row.opened_at.isoformat(), "ground": row.ground, "your words": row.words,
        "answer": row.answer, "your words for a second look": row.second_words, "second answer": row.second_answer, "outcome": row.outcome,
    }  # fmt: skip


def _promises(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(Pledge, Application.title)
        .join(Application, Application.id == Pledge.application_id)
        .where(_theirs(person(person_id)))
        .order_by(Pledge.id)
    )
    return [
        {
            "idea": title, "your name there": pledge.name, "your address there": pledge.contact, "state": pledge.status, "kind": pledge.kind,
            "minutes": pledge.minutes, "value in pence": pledge.value, "what": pledge.what, "asked": pledge.invited_at.isoformat(),
            "hours given": [{"day": row.day.isoformat(), "minutes": row.minutes, "what": row.what} for row in worked.hours_of(pledge)],
            "other help given": [
                {"kind": row.kind, "what": row.what, "value in pence": row.value, "day": row.day.isoformat(), "state": row.status}
                for row in goods.given_by(pledge)
            ],
        }
        for pledge, title in rows
    ]  # fmt: skip


def _gifts(person_id: int) -> list[dict[str, Any]]:
    """What somebody gave that an idea did not have to buy."""
    rows = db.session.execute(
        select(Application.title, WishedLine.what, KeptGift)
        .join(WishedLine, WishedLine.id == KeptGift.wished_line_id)
        .join(Application, Application.id == KeptGift.application_id)
        .join(GiftPromise, GiftPromise.id == KeptGift.promise_id)
        .join(GiftParty, GiftParty.id == GiftPromise.giver_id)
        .where(GiftParty.person_id == person_id)
        .order_by(KeptGift.id)
    ).tuples()
    return [
        {"idea": title, "what": what, "pieces": gift.pieces, "pence not needed": gift.value, "day": gift.day.isoformat(), "counts": gift.taken_back_at is None}
        for title, what, gift in rows
    ]  # fmt: skip


def _awards(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        select(Award).join(Application, Application.id == Award.application_id).where(Application.person_id == person_id).order_by(Award.id)
    ).all()
    if not rows:
        return []
    ids = [row.id for row in rows]
    columns = (Payment.award_id, Payment.ref, Payment.amount, Payment.status, Payment.settled_on)
    payments = db.session.execute(
        select(*columns).where(Payment.award_id.in_(ids), Payment.released_at.is_not(None)).order_by(Payment.id)
    ).all()
    columns_back = (Refund.award_id, Refund.ref, Refund.amount, Refund.received_on, Refund.reason)
    refunds = db.session.execute(select(*columns_back).where(Refund.award_id.in_(ids)).order_by(Refund.id)).all()
    of_purchase = (Payment.award_id, Purchase.what, Purchase.delivered_on, Purchase.received_by)
    things = db.session.execute(
        select(*of_purchase).join(Payment, Payment.id == Purchase.payment_id).where(Payment.award_id.in_(ids)).order_by(Purchase.id)
    ).all()
    told = {row.award_id: row for row in db.session.scalars(select(Report).where(Report.award_id.in_(ids)))}
    return [
        {
            "reference": row.ref, "idea": row.application.title, "amount in pence": row.amount, "state": row.status, "decided": row.decided_on.isoformat(),
            "paid in pence": row.paid, "account": payee.masked if (payee := current_payee(row)) else None,
            "payments": [{"reference": ref, "pence": pence, "state": state, "arrived": day and day.isoformat()} for of, ref, pence, state, day in payments if of == row.id],
            "given back": [{"reference": ref, "pence": pence, "day": day.isoformat(), "why": why} for of, ref, pence, day, why in refunds if of == row.id],
            "bought for them": [{"what": what, "came": day and day.isoformat(), "who has it": by} for of, what, day, by in things if of == row.id],
            "how it went": _report(told[row.id]) if row.id in told else None,
        }
        for row in rows
    ]  # fmt: skip


def _report(row: Report) -> dict[str, Any]:
    return {
        "state": row.status, "what happened": row.happened, "what is better": row.changed, "may be published": row.may_publish,
        "receipts": [{"what": receipt.what, "pence": receipt.amount, "bought": receipt.bought_on and receipt.bought_on.isoformat()} for receipt in row.receipts],
    }  # fmt: skip


def _quick(person_id: int) -> dict[str, Any]:
    held = db.session.scalars(select(QuickFloat).where(QuickFloat.person_id == person_id).order_by(QuickFloat.id)).all()
    said = db.session.execute(
        select(QuickRemark, QuickSpark.ref)
        .join(QuickSpark, QuickSpark.id == QuickRemark.spark_id)
        .where(QuickRemark.said_by_id == person_id)
        .order_by(QuickRemark.id)
    )
    return {
        "floats": [
            {"reference": row.ref, "since": row.opened_at.isoformat(), "until": row.closed_at and row.closed_at.isoformat(), "left in pence": row.balance}
            for row in held
        ],
        "asked for": [
            {"reference": row.ref, "pence": row.amount, "why": row.reason, "state": row.status, "asked": row.asked_at.isoformat()}
            for row in quick.requests_of(person_id, limit=1000)
        ],
        "given": [
            {"reference": row.ref, "what": row.what, "pence": row.amount, "day": row.spent_on.isoformat(), "taken back": row.reversed_on and row.reversed_on.isoformat()}
            for row in quick.sparks_of(person_id, limit=10_000)
        ],
        "questions and answers": [{"about": ref, "words": row.words, "when": row.said_at.isoformat()} for row, ref in said],
    }  # fmt: skip


def _theirs(someone: Person) -> Any:
    """Pledges of their account, and those at an address of theirs that are of nobody else's: addresses pass to other people."""
    addresses = [address for address in (someone.email, someone.phone) if address]
    at_their_address = and_(Pledge.contact.in_(addresses), Pledge.person_id.is_(None), ~Pledge.worker.startswith("person:"))
    return or_(Pledge.person_id == someone.id, Pledge.worker == f"person:{someone.id}", at_their_address)


# --- staying -------------------------------------------------------------------------------------------------------------


def _money_under_way(person_id: int) -> str | None:
    found = db.session.scalar(
        select(Application.title)
        .join(Award, Award.application_id == Application.id)
        .where(Application.person_id == person_id, Award.status.in_((*UNPAID, "paid", "reporting")))
        .limit(1)
    )
    return _("There is still money under way for “%(title)s”. Finish or give back that award first.", title=found) if found else None


def _bid_under_way(person_id: int) -> str | None:
    found = db.session.scalar(
        select(Application.title).where(Application.person_id == person_id, Application.status.in_(UNDER_WAY)).limit(1)
    )
    return (
        _("Your idea “%(title)s” is with us and not decided yet. Withdraw it first, or wait for the answer.", title=found)
        if found
        else None
    )


def _float_in_hand(person_id: int) -> str | None:
    if not quick.floats_of(person_id):
        return None
    return _("You hold a float for quick sparks. Ask an officer to take it back, then you can go.")


def _appeal_under_way(person_id: int) -> str | None:
    found = db.session.scalar(
        select(Application.title)
        .join(Appeal, Appeal.application_id == Application.id)
        .where(Application.person_id == person_id, Appeal.status.in_(("open", "second_stage")))
        .limit(1)
    )
    return (
        _("Your appeal about “%(title)s” is not answered yet. Take it back first, or wait for the answer.", title=found) if found else None
    )


# --- going ---------------------------------------------------------------------------------------------------------------


def _erase(someone: Person) -> Sequence[str]:
    files: list[str] = []
    _leave_out(someone)
    for application in db.session.scalars(
        select(Application)
        .where(Application.person_id == someone.id, Application.sent_at.is_(None))
        .order_by(Application.id)
        .with_for_update()
    ):
        if not _goes_on(application, someone):
            files += erase_draft(application, Actor(someone.id), "withdrawn")
    for appeal in db.session.scalars(
        select(Appeal)
        .join(Application, Application.id == Appeal.application_id)
        .where(Application.person_id == someone.id)
        .order_by(Appeal.id)
        .with_for_update(of=Appeal)
    ):
        appeal.words = appeal.second_words = ""
        if appeal.status == "answered":
            appeal.closed_at = clock.now()
            move(appeal, "closed", Actor(someone.id))
    for waiting in db.session.scalars(
        select(Application)
        .where(Application.person_id == someone.id, Application.status == "lapsed", Application.reserve_place.is_not(None))
        .order_by(Application.id)
        .with_for_update()
    ):
        waiting.reserve_place = None  # nobody is there to say yes
        record(about(waiting), "left_reserve", Actor(someone.id))
    for pledge_id in db.session.scalars(select(Pledge.id).where(_theirs(someone)).order_by(Pledge.application_id, Pledge.id)).all():
        _application, pledge = match.locked_pledge(pledge_id)
        worker = queries.worker_of(pledge)
        files += goods.forget_photos(pledge)
        _erase_neighbour(pledge, Actor(someone.id))
        forget_worker(worker)
        for code in (worker, f"pledge:{pledge.id}"):  # also what the books called them before they were known again
            rename_account(f"neighbour:{code}:given", _("Former member"))
    rename_account(f"neighbour:person:{someone.id}:given", _("Former member"))
    for payee in db.session.scalars(
        select(Payee)
        .join(Award, Award.id == Payee.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Application.person_id == someone.id)
    ):
        if payee.sealed:
            payee.sealed, payee.purged_at = "", clock.now()
        if payee.route in ("receipts", "cheque"):
            payee.name = _("Former member")
    _erase_who_received(someone)
    _erase_from_quick_sparks(someone)
    return files


def _erase_who_received(someone: Person) -> None:
    theirs = (
        select(Purchase)
        .join(Payment, Payment.id == Purchase.payment_id)
        .join(Award, Award.id == Payment.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Application.person_id == someone.id, Purchase.received_by != "")
    )
    for row in db.session.scalars(theirs):
        row.received_by = _("Former member")


def _leave_out(someone: Person) -> None:
    """Their full name goes from what everybody reads about their ideas and those that they helped: once the name is gone from
    their row, the shield no longer knows whom to hide.
    """
    names = [someone.name, *db.session.scalars(select(Pledge.name).where(_theirs(someone)).distinct())]
    helped = select(Pledge.application_id).where(_theirs(someone))
    query = select(Application).where(
        or_(Application.person_id == someone.id, Application.id.in_(helped)), Application.sent_at.is_not(None)
    )
    query = query.order_by(Application.id)
    abouts = [about(each) for each in db.session.scalars(query)]
    sittings.leave_out(abouts, names)  # first: a count locks its sitting before the bids
    bids = db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    about_bids = Award.application_id.in_([each.id for each in bids])
    reports = db.session.scalars(select(Report).join(Award, Award.id == Report.award_id).where(about_bids)).all()
    photos = select(Photo).where(Photo.about.in_([*abouts, *(f"report:{each.id}" for each in reports)]))
    for row, columns in (
        *((each, ("title", "public_summary", "decision_reason")) for each in bids),
        *((each, ("happened", "changed")) for each in reports),
        *((each, ("alt",)) for each in db.session.scalars(photos)),
    ):
        for column in columns:
            setattr(row, column, nameless(getattr(row, column), names))


def _erase_from_quick_sparks(someone: Person) -> None:
    """What they asked of a panel is taken back; where money was given to them by name, the name goes."""
    asked = select(FloatRequest.id).where(FloatRequest.person_id == someone.id, FloatRequest.status == "with_panel")
    for id_ in db.session.scalars(asked).all():
        floats.end_request(id_, _("They left the scheme."), Actor(someone.id))
    named = select(QuickSpark).where(QuickSpark.payee_kind == "person", func.lower(QuickSpark.payee_name) == someone.name.lower())
    for spark in db.session.scalars(named):
        spark.payee_name, spark.helps = _("Former member"), ""
        spark.what = nameless(spark.what, [someone.name])
    given = select(QuickSpark).join(QuickFloat, QuickFloat.id == QuickSpark.float_id).where(QuickFloat.person_id == someone.id)
    sparks = db.session.scalars(given).all()
    for photo in db.session.scalars(select(Photo).where(Photo.about.in_([f"quick:{spark.id}" for spark in sparks]))):
        photo.alt = nameless(photo.alt, [someone.name])
    for spark in sparks:
        spark.what, spark.reversed_reason = nameless(spark.what, [someone.name]), nameless(spark.reversed_reason, [someone.name])


def _goes_on(application: Application, someone: Person) -> bool:
    """A draft of a group stays while somebody else acts for the group."""
    return application.organisation_id is not None and any(
        other.id != someone.id for _row, other in acting_for(application.organisation_id)
    )


def erase_draft(application: Application, actor: Actor, how: str, **data: Any) -> list[str]:
    """Empty what was never sent, as a part of an action; returns the files of its photos. `how` a draft ends, with the `data` of that event."""
    for column in ("title", "idea", "place", "who_for", "better", "group_name", "pay_to", "public_summary"):
        setattr(application, column, "")
    application.lines = list[BudgetLine]()
    application.asked = Pence(0)
    db.session.execute(update(WishedLine).where(WishedLine.application_id == application.id).values(what=""))
    application.version += 1
    if application.status == "draft":
        move(application, how, actor, **data)
    for pledge in queries.pledges_of(application.id):
        _erase_neighbour(pledge, actor)
    db.session.execute(delete(Message).where(Message.about == about(application)))
    photos = db.session.scalars(select(Photo).where(Photo.about == about(application))).all()
    for photo in photos:
        db.session.delete(photo)
    return [photo.file for photo in photos]


def _erase_neighbour(pledge: Pledge, actor: Actor) -> None:
    if pledge.status in ("invited", "confirmed"):
        move(pledge, "refused", actor)
    pledge.name, pledge.channel, pledge.contact = _("Former member"), "none", ""
    pledge.link_number += 1  # the link that they were sent is dead


COLLECTORS["ideas"] = _ideas
COLLECTORS["promises to ideas"] = _promises
COLLECTORS["gifts to ideas"] = _gifts
COLLECTORS["awards"] = _awards
COLLECTORS["quick sparks"] = _quick
KEEPS_FROM_LEAVING += [_money_under_way, _bid_under_way, _float_in_hand, _appeal_under_way]
ERASERS.append(_erase)
