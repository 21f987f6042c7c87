"""How long grants keep what was never sent, and where money was paid."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.db import db
from portal.grants import award
from portal.grants.leaving import erase_draft
from portal.grants.model import Application, Payee
from portal.people.keeping import KEEPERS, SOME, Keeper, count
from portal.people.model import Person
from portal.words import N_


def _old(before: datetime) -> ColumnElement[bool]:
    return (Application.status == "draft") & (Application.saved_at < before)


def _forget_drafts(before: datetime) -> tuple[int, Sequence[str]]:
    files: list[str] = []
    query = select(Application).where(_old(before)).order_by(Application.id).limit(SOME).with_for_update()
    found = db.session.scalars(query).all()
    for application in found:
        files += erase_draft(application, db.session.get_one(Person, application.person_id))
    return len(found), files


KEEPERS += [
    Keeper(
        "drafts", N_("Ideas that were begun and never sent"), N_("%(days)s days after somebody wrote on them last"), N_("All that was written, and the photos."), 365,
        lambda before: count(_old(before)), _forget_drafts, least=60,
    ),
    Keeper(
        "numbers", N_("Account numbers"), N_("%(days)s days after the money has arrived"), N_("The number. The last four figures stay for the books."), award.KEEP_DETAILS.days,
        lambda _before: count(Payee.id.in_(award.to_forget().with_only_columns(Payee.id))), least=0,
    ),
]  # fmt: skip
