"""Drafts that began as a card and were forgotten: whoever began one is reminded, and then the card goes back to the wall."""

from datetime import timedelta

from sqlalchemy import Select, select

from portal import clock
from portal.db import db, transaction
from portal.grants import apply, from_idea
from portal.grants.idea_model import BegunFromIdea
from portal.grants.model import Application
from portal.grants.moves import about, move
from portal.history import SCHEME
from portal.ideas import queries as ideas
from portal.outbox import Message, Text, address_of, queue
from portal.people import queries as people
from portal.web.filters import day
from portal.words import _

FORGOTTEN_DAYS = 60  # since anything was written
WARNED_DAYS = 7  # before that


def _untouched(days: int) -> Select[str]:
    return (
        select(Application.ref)
        .join(BegunFromIdea, BegunFromIdea.application_id == Application.id)
        .where(Application.status == "draft", BegunFromIdea.ended_at.is_(None), Application.saved_at < clock.now() - timedelta(days=days))
        .order_by(Application.id)
    )


def _key(application: Application) -> str:
    return f"bid:{application.id}:forgotten:{application.saved_at.isoformat()}"


def remind() -> int:
    """Tell applicants a week before that their draft keeps a card off the wall (the worker's work); once for each time they wrote."""
    count = 0
    for ref in db.session.scalars(_untouched(FORGOTTEN_DAYS - WARNED_DAYS)).all():
        with transaction():
            application = apply.locked(ref)
            if application.status != "draft":
                continue
            until = max(
                clock.london_day(application.saved_at) + timedelta(days=FORGOTTEN_DAYS), clock.today() + timedelta(days=WARNED_DAYS)
            )
            values = {"title": application.title, "day": day(until), "link": address_of(f"/grants/{ref}")}
            text = Text(
                subject=_("Will you go on with “%(title)s”?", **values),
                body=_("You began an application from the card “%(title)s” and have not sent it. While it waits, nobody can say “I’m in” on the card.\n\nWrite on it or send it by %(day)s. After that we withdraw it, and the card is on the wall again. You can begin anew at any time.\n\n%(link)s", **values),
                short=_("“%(title)s” waits for you. Go on by %(day)s, or the card is on the wall again: %(link)s", **values),
            )  # fmt: skip
            count += queue(_key(application), people.addressee_of(people.person(application.person_id)), text, about=about(application))
    return count


def let_go() -> int:
    """Withdraw drafts that nobody wrote on although they were reminded a week ago; their cards are on the wall again (the worker's work)."""
    count = 0
    for ref in db.session.scalars(_untouched(FORGOTTEN_DAYS)).all():
        with transaction():
            ideas.hold()
            application = apply.locked_before_panel(ref)
            warned = db.session.scalar(select(Message.created_at).where(Message.key == _key(application)))
            if application.status != "draft" or warned is None or warned > clock.now() - timedelta(days=WARNED_DAYS):
                continue
            move(application, "withdrawn", SCHEME, reason=_("Nobody wrote on it for two months."))
        from_idea.open_again(ref)
        count += 1
    return count
