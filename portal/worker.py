"""The worker: sends the outbox, does what is due by date, proves the books each night, clears up, says that it is alive.

Several may run, and any may be killed at any moment: a message is claimed, a turn is taken (`turns.py`), and every due
function below judges by what stands in the database, in one transaction for each thing it moves.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from portal import clock, once, photos, turns
from portal.books import agree
from portal.config import Settings
from portal.connecting import actions as connecting
from portal.db import db, transaction
from portal.events import due as events
from portal.exports.publish import publishing
from portal.gifts import care as gift_care
from portal.gifts import drafts as gift_drafts
from portal.gifts import loans
from portal.gifts import posts as gift_posts
from portal.gifts import promises as gift_promises
from portal.gifts import talks as gift_talks
from portal.gifts import weekly as gift_weekly
from portal.grants import (
    appeals,
    asked,
    award,
    bank_lines,
    from_idea,
    idea_drafts,
    match,
    match_offers,
    pay,
    pooled,
    proofs,
    quick,
    quick_review,
    report,
    rounds,
    statements,
    wishes,
)
from portal.grants import keeping as drafts
from portal.ideas import cards, care, counting, joining
from portal.ledger import checks
from portal.outbox import sending
from portal.outbox.senders import Notify, NotNow, Sender, senders
from portal.panels import calls, seats
from portal.people import actions as people
from portal.people import held, invitations
from portal.people import keeping as retention
from portal.strengths import keeping
from portal.timebank import (
    conversations,
    exchange,
    matching,
    merging,
    neighbours,
    posts,
    promises,
    session_closing,
    sessions,
    sheets,
    spend,
    spend_offers,
    spend_queries,
)
from portal.timebank import queries as timebank

log = logging.getLogger("kindling")

# What dates bring about. Each function takes nothing, moves what is due now, returns how many things it moved, and does
# nothing when it is called again at once.
DUE: list[Callable[[], int]] = [
    rounds.move_rounds,
    asked.remind,
    asked.end,
    award.remind,
    award.lapse,
    award.offer_reserves,
    award.purge_details,
    bank_lines.forget,
    match.remind_invited,
    match.expire,
    report.remind_and_mark_late,
    pay.return_unused,
    report.close_finished,
    calls.after_terms_ended,
    seats.remind_of_ends,
    quick.remind_of_receipts,
    quick_review.open_reviews,
    appeals.close_unasked,
    appeals.remind,
    exchange.remind,
    exchange.settle_due,
    sessions.remind_to_close,
    posts.remind_ending,
    posts.end_due,
    conversations.remind,
    promises.keep_logged,
    promises.ask_after,
    matching.nudge,
    merging.follow,
    neighbours.carry_out_due,
    neighbours.lapse,
    neighbours.remind,
    spend_offers.end_due,
    spend.let_go_of_leavers,
    spend.mark_missed,
    spend.remind_tomorrow,
    spend.move_waiting,
    events.remind_tomorrow,
    events.thank,
    events.chase_held,
    events.forget_names,
    idea_drafts.remind,
    drafts.warn_of_drafts,
    idea_drafts.let_go,
    from_idea.follow,
    wishes.follow,
    cards.remind_ending,
    cards.end_due,
    care.remind_late,
    joining.lapse,
    keeping.remind,
    keeping.archive_due,
    gift_posts.remind_ending,
    gift_posts.end_due,
    gift_talks.remind,
    gift_promises.remind,
    gift_promises.ask_after,
    loans.remind,
    gift_care.chase,
    gift_drafts.forget,
    connecting.forget_old,
    gift_weekly.send,
    publishing.publish_due,
]

# What the ledger check also asks: lines in words about sums shown elsewhere that disagree with the books.
CACHES: list[Callable[[], Iterable[str]]] = [
    pay.broken_caches,
    match.broken_caches,
    proofs.broken_caches,
    pooled.broken_caches,
    statements.broken_caches,
    match_offers.broken_caches,
    quick.broken_caches,
    timebank.broken_caches,
    session_closing.broken_caches,
    sheets.broken_caches,
    spend_queries.broken_caches,
    counting.broken_caches,
]

PAUSE = 2.0  # seconds between two looks at the outbox
BEAT = timedelta(seconds=20)
EVERY_MINUTE = timedelta(minutes=1)
EVERY_TEN_MINUTES = timedelta(minutes=10)
EVERY_HOUR = timedelta(hours=1)
PATIENCE = timedelta(minutes=10)  # a turn that was begun longer ago ended with its worker
NIGHT = timedelta(hours=2)  # after midnight in London
FORGET_FORMS = timedelta(days=7)
FORGET_CODES = timedelta(days=1)


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until `stop` is set; what is in hand is finished first. An accident is logged and does not end the worker."""
    by = senders(settings)
    log.info("worker begins")
    beaten: datetime | None = None
    while not stop.is_set():
        try:
            if beaten is None or clock.now() - beaten >= BEAT:
                turns.beat()
                beaten = clock.now()
            _round(by, stop.is_set, EVERY_MINUTE, settings.data_dir)
        except Exception:  # the database is away, or a mistake of ours: look again in a moment
            log.exception("worker stumbled")
            db.session.rollback()
            stop.wait(PAUSE)
        finally:
            db.session.remove()
        stop.wait(PAUSE)
    log.info("worker ends")


def run_once(settings: Settings) -> None:
    """Everything that is due now, once, and end. An accident in one thing does not keep the others from being done."""
    turns.beat()
    _round(senders(settings), lambda: False, timedelta(0), settings.data_dir)
    db.session.remove()


def _round(by: Mapping[str, Sender], stopped: Callable[[], bool], due_every: timedelta, data_dir: Path) -> None:
    """One look at everything. Messages first, and again after the dates have written theirs."""
    sending.send_due(by, lambda: not stopped())
    now = clock.now()
    turn: Callable[[], dict[str, object]]
    for name, since, turn in (
        ("due", now - due_every, lambda: _due(stopped)),
        ("bounces", now - EVERY_TEN_MINUTES, lambda: _bounces(by)),
        ("housekeeping", now - EVERY_HOUR, _clear_up),
        ("keeping", last_night(now), lambda: dict[str, object](retention.forget_due(lambda file: photos.drop(file, data_dir)))),
        (turns.LEDGER_CHECK, last_night(now), _prove),
        (turns.RECONCILED, last_night(now), _reconcile),
    ):
        if stopped():
            return
        if turns.take(name, unless_done_since=since, patience=PATIENCE):
            turns.finish(name, turn())
    sending.send_due(by, lambda: not stopped())


def last_night(now: datetime) -> datetime:
    """The latest instant at which it was two in the morning in London (an hour after midnight when the clocks go forward)."""
    tonight = clock.start_of_day(clock.london_day(now)) + NIGHT
    return tonight if tonight <= now else clock.start_of_day(clock.london_day(now) - timedelta(days=1)) + NIGHT


def _due(stopped: Callable[[], bool]) -> dict[str, object]:
    """Each due function by itself: what one stumbles over must not keep the others from their dates."""
    moved: dict[str, int] = {}
    stumbled: list[str] = []
    for function in DUE:
        if stopped():
            break
        name = f"{function.__module__.removeprefix('portal.')}.{function.__qualname__}"
        try:
            if count := function():
                moved[name] = count
        except Exception:
            log.exception("due work stumbled", extra={"fields": {"due": name}})
            db.session.rollback()
            stumbled.append(name)
    return {"moved": moved, "stumbled": stumbled}


def _bounces(by: Mapping[str, Sender]) -> dict[str, object]:
    for sender in {id(each): each for each in by.values() if isinstance(each, Notify)}.values():
        try:
            sending.note_bounces(sender.bounced())
        except NotNow as why:
            return {"why": str(why)}
    return {}


def _clear_up() -> dict[str, object]:
    now = clock.now()
    with transaction():
        once.forget_before(now - FORGET_FORMS)
    return {
        "codes": people.forget_codes(now - FORGET_CODES),
        "invitations": invitations.forget(now - FORGET_CODES),
        "held forms": held.forget(now - held.KEPT),
    }


def _prove() -> dict[str, object]:
    """The nightly check, from the last proven heads; pages show its result."""
    report = checks.check(full=False, caches=CACHES)
    if not report.ok:
        log.error("the books are broken", extra={"fields": {"broken": report.broken}})
    return report.summary()


def _reconcile() -> dict[str, object]:
    """Each night: whether ledger, awards, payments, register and exports agree; pages show its result."""
    found = agree.agreement()
    db.session.rollback()
    if not found.ok:
        log.error("the sums do not agree", extra={"fields": {"off": {each.name: each.off for each in found.apart}}})
    return found.summary()
