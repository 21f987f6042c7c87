"""What happened with a grant: receipts, delivered hours, photos, two sentences; read by an officer, who closes it."""

from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal import clock, once, photos
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.grants import apply, queries
from portal.grants.letter_words import REPORT_REMINDER
from portal.grants.model import Application, Award, Payment, Photo, Receipt, Report
from portal.grants.moves import about, begin, move
from portal.grants.rules import not_spent
from portal.grants.ties import must_not_be_their_own
from portal.history import SCHEME, Actor
from portal.money import Pence, pounds
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.refs import new_ref
from portal.settings.wording import write
from portal.web.filters import day as day_words
from portal.words import _
from portal.work.actions import close_purpose

REMINDERS = (timedelta(days=-7), timedelta(days=0), timedelta(days=7))  # before, on and after the day it is due
OPEN = ("due", "started", "late", "more_asked")
MOST_RECEIPTS = 40


def open_report(award: Award, actor: Actor) -> None:
    """Ask how it goes, as a part of an action: when the money has arrived, or at once where receipts come first. Once for each award."""
    must_be_in_transaction()
    if award.status == "paid":
        move(award, "report_opened", actor)
    if db.session.scalar(select(Report.id).where(Report.award_id == award.id)) is None:
        report = Report(ref=new_ref("RPT"), award_id=award.id, due=award.report_due)
        db.session.add(report)
        db.session.flush()
        begin(report, "due", actor)


def let_report_go(award: Award, actor: Actor, reason: str) -> None:
    """Nothing is left to tell, because the award has ended: as a part of an action that has locked it."""
    must_be_in_transaction()
    report = db.session.scalar(select(Report).where(Report.award_id == award.id).with_for_update(of=Report))
    if report is not None and report.status not in ("accepted", "waived"):
        move(report, "waived", actor, reason=reason)


def of_bid(application: Application) -> Report:
    """The report of a bid's award. NotFound before the money has arrived."""
    report = db.session.scalar(
        select(Report)
        .join(Award, Award.id == Report.award_id)
        .where(Award.application_id == application.id)
        .options(joinedload(Report.receipts))
    )
    if report is None:
        raise NotFound(_("There is nothing to tell yet: it begins when the money has arrived."))
    return report


def spent(report: Report) -> int:
    """Pence on the receipts so far."""
    return sum(receipt.amount for receipt in report.receipts)


def owed(award: Award, report: Report) -> Pence:
    """Pence that the applicant holds: paid to them, neither spent by receipts nor given back."""
    return not_spent(award.application.pay_route, award.paid, spent(report))


def paid_back(award: Award, report: Report) -> frozenset[int]:
    """Ids of receipts that cannot go, where receipts are paid back: without them less stands there than was paid, or is on its way."""
    if award.application.pay_route != "receipts":
        return frozenset()
    moving = select(func.coalesce(func.sum(Payment.amount), 0)).where(
        Payment.award_id == award.id, Payment.status.in_(("prepared", "approved", "released"))
    )
    over = spent(report) - award.paid - int(db.session.scalar(moving) or 0)
    return frozenset(receipt.id for receipt in report.receipts if receipt.amount > over)


def _locked(bid_ref: str) -> tuple[Application, Award, Report]:
    application = apply.locked(bid_ref)
    award = db.session.scalar(select(Award).where(Award.application_id == application.id).with_for_update(of=Award))
    report = db.session.scalar(select(Report).where(Report.award_id == (award.id if award else 0)).with_for_update(of=Report))
    if award is None or report is None:
        raise NotFound(_("There is nothing to tell yet: it begins when the money has arrived."))
    return application, award, report


def _editable(report: Report) -> None:
    if report.status not in OPEN:
        raise Refused(_("It is sent already. If something is missing, call us."))


def _started(report: Report, actor: Actor) -> None:
    if report.status == "due":
        move(report, "started", actor)
    report.version += 1


def begun(bid_ref: str) -> tuple[Application, Report]:
    """A report that can still be changed, locked with its bid, as a part of an action. NotFound before there is one; Refused: sent already."""
    must_be_in_transaction()
    application, _award, report = _locked(bid_ref)
    _editable(report)
    return application, report


def touched(report: Report, actor: Actor) -> None:
    """Something else of a report was changed, as a part of an action that has locked it."""
    must_be_in_transaction()
    _started(report, actor)


def add_receipt(
    bid_ref: str, what: str, amount: Pence, bought_on: date | None, picture: photos.Picture | None, data_dir: Path, actor: Actor,
    *, once_key: str | None = None,
) -> None:  # fmt: skip
    """One receipt, with its photo or without (paper at the hub). Refused: no amount, a day to come, too many, sent already."""
    file = photos.keep(picture, data_dir) if picture else None
    try:
        with transaction():
            if once_key and once.claim(once_key) is not None:
                return _not_twice(file, data_dir)
            _application, _award, report = _locked(bid_ref)
            _editable(report)
            if amount < 1:
                raise Refused(_("Write the sum that stands on the receipt."), "amount")
            if bought_on is not None and bought_on > clock.today():
                raise Refused(_("That day is still ahead."), "bought_on")
            if len(report.receipts) >= MOST_RECEIPTS:
                raise Refused(_("That is a lot of receipts. Bring the rest to us, and we add them together."))
            receipt = Receipt(report_id=report.id, what=what, amount=amount, bought_on=bought_on, added_at=clock.now())
            db.session.add(receipt)
            db.session.flush()
            if picture and file:
                receipt.photo_id = apply.attach(f"receipt:{receipt.id}", file, picture, what, actor, public=False).id
            _started(report, actor)
    except BaseException:
        if file:
            photos.drop(file, data_dir)
        raise


def _not_twice(file: str | None, data_dir: Path) -> None:
    """A second tap brought the same photo again: the first one stays."""
    if file:
        photos.drop(file, data_dir)


def remove_receipt(bid_ref: str, receipt_id: int, data_dir: Path, actor: Actor) -> None:
    """Take a receipt off again, with its photo. Refused: it has been paid back, or is in a payment on its way."""
    file = None
    with transaction():
        _application, award, report = _locked(bid_ref)
        _editable(report)
        receipt = db.session.scalar(select(Receipt).where(Receipt.id == receipt_id, Receipt.report_id == report.id))
        if receipt is None:
            raise NotFound(_("That receipt is gone already."))
        if receipt.id in paid_back(award, report):
            raise Refused(
                _(
                    "“%(what)s” was paid back, or is being paid back, so it stays. Call us if it is wrong, and we put it right together.",
                    what=receipt.what,
                )
            )
        photo = db.session.get(Photo, receipt.photo_id) if receipt.photo_id else None
        db.session.delete(receipt)
        db.session.flush()
        if photo is not None:
            file = photo.file
            db.session.delete(photo)
        _started(report, actor)
    if file:
        photos.drop(file, data_dir)


def add_photo(bid_ref: str, picture: photos.Picture, alt: str, data_dir: Path, actor: Actor) -> None:
    """A photo of what happened; public only when the applicant agrees. Refused: too many, sent already."""
    file = photos.keep(picture, data_dir)
    try:
        with transaction():
            _application, _award, report = _locked(bid_ref)
            _editable(report)
            apply.attach(about(report), file, picture, alt, actor, public=False)
            _started(report, actor)
    except BaseException:
        photos.drop(file, data_dir)
        raise


def save(bid_ref: str, version: int, happened: str, changed: str, may_publish: bool, actor: Actor) -> int:
    """Keep the two sentences, complete or not; returns the new version. Conflict: saved elsewhere meanwhile."""
    with transaction():
        _application, _award, report = _locked(bid_ref)
        _editable(report)
        if report.version != version:
            raise Conflict(_("This page was changed on another phone meanwhile. Copy your words, load the page again and add them."))
        if (report.happened, report.changed, report.may_publish) != (happened, changed, may_publish):
            report.happened, report.changed, report.may_publish = happened, changed, may_publish
            _started(report, actor)
        return report.version


def send(bid_ref: str, actor: Actor) -> None:
    """Send it. A second tap changes nothing. Refused: no word of what happened; no receipt although money was paid."""
    with transaction():
        application, award, report = _locked(bid_ref)
        if report.status in ("sent", "accepted", "waived"):
            return
        if not report.happened:
            raise Refused(_("Write a sentence about what happened."), "happened")
        if not report.receipts and (application.pay_route == "receipts" or (award.paid and application.pay_route != "council_buys")):
            raise Refused(_("Add at least one receipt. Without a photo is fine: bring the paper to us."))
        move(report, "sent", actor)
        report.sent_at, report.unspent = clock.now(), owed(award, report)
        for photo in queries.photos_of(about(report)):
            photo.public = report.may_publish


def ask_more(bid_ref: str, note: str, actor: Actor) -> None:
    """An officer asks one more thing; the applicant may change the report again. Refused: no note, one's own."""
    with transaction():
        application, _award, report = _locked(bid_ref)
        must_not_be_their_own([application], actor)
        if not note:
            raise Refused(_("Write what you would like to know."), "note")
        move(report, "more_asked", actor, reason=note)
        report.officer_note = note
        values = {"title": application.title, "note": note, "link": address_of(f"/grants/{application.ref}/report")}
        text = Text(
            subject=_("One more thing about “%(title)s”", **values),
            body=_("Thank you for telling us how “%(title)s” went. One more thing:\n\n%(note)s\n\n%(link)s", **values),
            short=_("One more thing about “%(title)s”: %(link)s", **values),
        )
        queue(
            f"report:{report.id}:more_asked:{report.version}",
            people.addressee_of(people.person(application.person_id)),
            text,
            about=about(application),
        )
        report.version += 1


def accept(bid_ref: str, actor: Actor) -> None:
    """An officer has read it. With nothing left to give or pay back the award closes, and may open the next rung of the ladder.

    Refused: one's own report.
    """
    with transaction():
        application, award, report = _locked(bid_ref)
        must_not_be_their_own([application], actor)
        move(report, "accepted", actor, refusal=_("It has not been sent, or it is accepted already."))
        report.unspent = owed(award, report)
        if report.unspent:
            _tell_unspent(application, report)
        elif award.status in ("paid", "reporting"):
            _close(application, award, report, actor)


def waive(bid_ref: str, reason: str, actor: Actor) -> None:
    """Let the report go, for a reason that is kept; the award closes. Refused: no reason, one's own."""
    with transaction():
        application, award, report = _locked(bid_ref)
        must_not_be_their_own([application], actor)
        if not reason:
            raise Refused(_("Write why. It is kept."), "reason")
        if award.status == "ready_to_pay":
            raise Refused(_("Some of this award is not paid yet. Pay it or give it back first."))
        move(report, "waived", actor, refusal=_("It is accepted already."), reason=reason)
        report.officer_note = reason
        _close(application, award, report, actor)


def close_finished() -> int:
    """Close awards whose report was accepted and whose unspent money has come back since (the worker's work)."""
    waiting = (
        select(Application.ref)
        .join(Award, Award.application_id == Application.id)
        .join(Report, Report.award_id == Award.id)
        .where(Report.status == "accepted", Award.status.in_(("paid", "reporting")))
    )
    closed = 0
    for ref in db.session.scalars(waiting).all():
        with transaction():
            application, award, report = _locked(ref)
            if award.status in ("paid", "reporting") and report.status == "accepted" and not owed(award, report):
                _close(application, award, report, SCHEME)
                closed += 1
    return closed


def _close(application: Application, award: Award, report: Report, actor: Actor) -> None:
    move(award, "closed", actor)
    award.closed_at = report.closed_at = clock.now()
    close_purpose(about(award))
    db.session.flush()
    most = queries.most_for(application)
    values = {"title": application.title, "most": pounds(most), "link": address_of("/grants/")}
    text = Text(
        subject=_("Thank you for “%(title)s”", **values),
        body=_(
            "“%(title)s” is finished. Thank you, and thank your neighbours from us.\n\nNext time you can ask for up to %(most)s. That grows when a grant ends with its report and at least half of the promised hours.\n\n%(link)s",
            **values,
        ),
        short=_("“%(title)s” is finished. Thank you! Next time you can ask for up to %(most)s.", **values),
    )
    queue(f"award:{award.id}:closed", people.addressee_of(people.person(application.person_id)), text, about=about(application))


def _tell_unspent(application: Application, report: Report) -> None:
    values = {"title": application.title, "sum": pounds(report.unspent), "ref": application.ref}
    text = Text(
        subject=_("%(sum)s of “%(title)s” are left", **values),
        body=_(
            "Thank you for telling us how “%(title)s” went.\n\n%(sum)s were not spent. Please send them back, with the reference %(ref)s, or call us. Then all is done.",
            **values,
        ),
        short=_("%(sum)s of “%(title)s” were not spent. Please send them back with the reference %(ref)s, or call us.", **values),
    )
    queue(f"report:{report.id}:unspent", people.addressee_of(people.person(application.person_id)), text, about=about(application))


# --- dates ---------------------------------------------------------------------------------------------------------------


def remind_and_mark_late() -> int:
    """Remind a week before, on the day and a week after; mark what is late (the worker's work). Each message once."""
    today = clock.today()
    count = 0
    refs = db.session.scalars(
        select(Application.ref)
        .join(Award, Award.application_id == Application.id)
        .join(Report, Report.award_id == Award.id)
        .where(Report.status.in_(OPEN), Report.due <= today - REMINDERS[0])
    ).all()
    for ref in refs:
        with transaction():
            application, _award, report = _locked(ref)
            if report.status not in OPEN:
                continue
            if report.status in ("due", "started") and report.due < today:
                move(report, "late", SCHEME)
                count += 1
            number = max((number for number, gap in enumerate(REMINDERS) if report.due + gap <= today), default=None)
            if number is not None:
                count += _remind(application, report, number)
    return count


def _remind(application: Application, report: Report, number: int) -> bool:
    link = address_of(f"/grants/{application.ref}/report")
    text = write(REPORT_REMINDER, title=application.title, day=day_words(report.due), link=link)
    return queue(
        f"report:{report.id}:reminder:{number}", people.addressee_of(people.person(application.person_id)), text, about=about(application)
    )


def waiting(limit: int = 100, *, areas: Collection[int] | None = None) -> list[tuple[Report, Application]]:
    """Reports for an officer to read (sent) or to chase (late), oldest first. `areas`: only of bids there; None: all."""
    rows = db.session.execute(
        select(Report, Application)
        .join(Award, Award.id == Report.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Report.status.in_(("sent", "late")), queries.lies_in(areas))
        .order_by(Report.status.desc(), Report.due)
        .limit(limit)
    )
    return [(report, application) for report, application in rows]
