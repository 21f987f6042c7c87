"""What may be public of a grant: whether its organisation is named, and whether its words stand. The one judgement of all files, of the
register and of the minutes, or one would tell what another hides.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from portal.db import db
from portal.exports.publish.model import Summary
from portal.grants.model import Application, Award
from portal.people.known import known_as
from portal.people.model import ActingFor, Organisation, Person


def a_person() -> ColumnElement[bool]:
    """Whether the query's organisation is called like a person, was signed off as one, or has lost all who acted for it unread.

    What was judged a person stays one, whoever leaves or takes another name, until an officer vouches for the organisation's name.
    """
    left = and_(_acted(Person.deleted_at.is_not(None)), ~_acted(Person.deleted_at.is_(None)), ~_signed(Organisation.name))
    vouched = _summaries(lambda one: one.vouched == Organisation.name)
    return and_(~vouched, or_(known_as(Organisation.name), _signed(""), left))


def taken_down() -> ColumnElement[bool]:
    """Whether an officer took the words of the query's bid down: then no page and no file for everybody has them."""
    award, summary = aliased(Award), aliased(Summary)
    query = select(summary.award_id).join(award, award.id == summary.award_id)
    return exists(query.where(award.application_id == Application.id, summary.taken_down_at.is_not(None)).correlate(Application))


def names_of(ids: Collection[int]) -> Mapping[int, str]:
    """The names of those of these organisations that may be named, by id. One query, none without any."""
    if not ids:
        return {}
    query = select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids), ~a_person())
    return dict(db.session.execute(query).tuples().all())


def _signed(recipient: Any) -> ColumnElement[bool]:
    return _summaries(lambda one: one.recipient == recipient)


def _summaries(are: Any) -> ColumnElement[bool]:
    """Whether a summary of an award to the organisation is such a one."""
    bid, award, summary = aliased(Application), aliased(Award), aliased(Summary)
    query = select(summary.award_id).join(award, award.id == summary.award_id).join(bid, bid.id == award.application_id)
    return exists(query.where(bid.organisation_id == Organisation.id, are(summary)).correlate(Organisation))


def _acted(who: Any) -> ColumnElement[bool]:
    query = select(ActingFor.id).join(Person, Person.id == ActingFor.person_id)
    return exists(query.where(ActingFor.organisation_id == Organisation.id, who).correlate(Organisation))


def not_to_name(row: Any) -> list[str]:
    """Names that no public text of a grant holds: of who asked, and of their group where it is called like a person. A row with
    `applicant`, `organisation` and `a_person`.
    """
    return [row.applicant, row.organisation] if row.a_person and row.organisation else [row.applicant]
