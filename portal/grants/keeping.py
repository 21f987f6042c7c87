"""How long grants keep what was never sent, and where money was paid. Nobody loses a draft without two weeks' warning."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, exists, func, or_, select

from portal import clock
from portal.db import db, transaction
from portal.grants import award
from portal.grants.idea_model import BegunFromIdea
from portal.grants.leaving import erase_draft
from portal.grants.model import Application, Extension, Payee
from portal.grants.moves import about
from portal.history import SCHEME, Event, record
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.people.keeping import KEEPERS, SOME, Keeper, count, days_of
from portal.web.filters import day
from portal.words import N_, _

WARNED = timedelta(days=14)


def _untouched(before: datetime) -> ColumnElement[bool]:
    """Drafts that nobody wrote on since, and for which no more time was given; those of a card on the wall have their own reminder."""
    theirs = or_(
        Extension.application_id == Application.id, and_(Extension.application_id.is_(None), Extension.round_id == Application.round_id)
    )
    more_time = exists().where(theirs, Extension.until >= clock.now())
    of_a_card = exists().where(BegunFromIdea.application_id == Application.id, BegunFromIdea.ended_at.is_(None))
    return and_(Application.status == "draft", Application.saved_at < before, ~more_time, ~of_a_card)


def _warned(*when: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether we warned since somebody wrote on it last."""
    event = Event.about == "bid:" + func.cast(Application.id, String), Event.kind == "draft_warned", Event.at >= Application.saved_at
    return exists().where(*event, *when)


def _old(before: datetime) -> ColumnElement[bool]:
    return or_(and_(_untouched(before), _warned(Event.at <= clock.now() - WARNED)), _withdrawn(before))


def _withdrawn(before: datetime) -> ColumnElement[bool]:
    """Drafts that were taken back, by who wrote them or because a card waited for them, and still hold what was written."""
    emptied = exists().where(Event.about == "bid:" + func.cast(Application.id, String), Event.kind == "forgotten")
    return and_(Application.status == "withdrawn", Application.sent_at.is_(None), Application.saved_at < before, ~emptied)


def _to_warn(before: datetime) -> ColumnElement[bool]:
    return and_(_untouched(before + WARNED), ~_warned())


def warn_of_drafts() -> int:
    """Tell applicants, and who wrote for them, two weeks before what they began is forgotten (the worker's work); once for each time they
    wrote.
    """
    days = days_of()["drafts"]
    waiting = _to_warn(clock.now() - timedelta(days=days))
    some = db.session.scalars(select(Application.id).where(waiting).order_by(Application.id).limit(SOME)).all()
    told = 0
    for id_ in some:
        with transaction():
            application = db.session.scalar(
                select(Application).where(Application.id == id_, waiting).with_for_update().execution_options(populate_existing=True)
            )
            if application is not None:
                _warn(application, days)
                told += 1
    return told


def _warn(application: Application, days: int) -> None:
    event = record(about(application), "draft_warned", SCHEME)
    db.session.flush()
    until = max(clock.london_day(application.saved_at) + timedelta(days=days), clock.today() + WARNED)
    values = {"title": application.title or _("your idea"), "day": day(until), "link": address_of(f"/grants/{application.ref}")}
    text = Text(
        subject=_("Shall we keep “%(title)s”?", **values),
        body=_("You began to write “%(title)s” here and have not sent it. We do not keep such things for ever.\n\nChange or add something by %(day)s and it stays, also when its round is over. After that we forget what was written, and the photos.\n\n%(link)s", **values),
        short=_("We forget “%(title)s”, which was never sent, after %(day)s. Change or add something and it stays: %(link)s", **values),
    )  # fmt: skip
    for who in {application.person_id, application.helper_id or application.person_id}:
        queue(f"draft-warned:{event.id}:{who}", people.addressee_of(people.person(who)), text, about=about(application))


def _forget_drafts(before: datetime) -> tuple[int, Sequence[str]]:
    files: list[str] = []
    query = select(Application).where(_old(before)).order_by(Application.id).limit(SOME).with_for_update()
    found = db.session.scalars(query.execution_options(populate_existing=True)).all()
    for application in found:
        days, withdrawn = (clock.now() - application.saved_at).days, application.status == "withdrawn"
        files += erase_draft(application, SCHEME, "forgotten", days=days)
        if withdrawn:
            record(about(application), "forgotten", SCHEME, days=days)
    return len(found), files


KEEPERS += [
    Keeper(
        "drafts", N_("Ideas that were begun and never sent"), N_("%(days)s days after somebody wrote on them last, and two weeks after we told them"),
        N_("All that was written, and the photos."), 365, lambda before: count(_old(before)), _forget_drafts, least=60,
        warns=lambda before: count(_to_warn(before)),
    ),
    Keeper(
        "numbers", N_("Account numbers"), N_("%(days)s days after the money has arrived"), N_("The number. The last four figures stay for the books."), award.KEEP_DETAILS.days,
        lambda _before: count(Payee.id.in_(award.to_forget().with_only_columns(Payee.id))), least=0,
    ),
]  # fmt: skip
