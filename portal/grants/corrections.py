"""What an officer puts on record or right about a bid, whatever its state: a telephone call, and where it happens."""

from datetime import date, timedelta

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import queries
from portal.grants.apply import locked
from portal.grants.model import Award
from portal.grants.moves import about
from portal.grants.ties import must_not_be_their_own
from portal.history import Actor, record
from portal.once import claim
from portal.places import queries as places
from portal.places.queries import ward_on
from portal.words import _

BACK = timedelta(days=60)  # a call of longer ago is not remembered word for word


def note_call(ref: str, on: date, words: str, actor: Actor, *, once_key: str) -> None:
    """Write down a telephone call about a bid, for its story: the applicant's side and officers read it, nobody else.

    `on`: the day of the call in London. Refused: no words, a day to come or more than 60 days back. A second sending does nothing.
    """
    with transaction():
        bid = locked(ref)
        if not words:
            raise Refused(_("Write what was said, in a sentence or two."), "words")
        if not clock.today() - BACK <= on <= clock.today():
            raise Refused(_("Choose the day of the call: today, or one of the last 60 days."), "day")
        if claim(f"call:{bid.id}:{once_key}") is None:
            record(about(bid), "called", actor, reason=words, on=on.isoformat())


def correct_area(ref: str, code: str, reason: str, actor: Actor) -> None:
    """Say that a bid happens somewhere else: on the bid and, where money was promised, on its award, whose ward is frozen anew for the day
    of its decision. Register and files say it from then on.

    Refused: no such area, the same one, no reason, one's own, while the panel is at it.
    """
    with transaction():
        bid = locked(ref)
        must_not_be_their_own([bid], actor)
        area = places.area_by_code(code)
        if area is None or area.kind == "scheme" or area.archived_at is not None:
            raise Refused(_("Choose an area from the list."), "area")
        if area.id == bid.area_id:
            raise Refused(_("It is in %(area)s already.", area=area.name), "area")
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept."), "reason")
        if bid.status in ("with_panel", "decided"):
            raise Refused(_("The panel is looking at this idea. Take it back from the panel first, or wait for the letters."))
        before = bid.area.name if bid.area is not None else ""
        bid.area_id = area.id
        bid.version += 1  # a page of the applicant's that is open would bring the old one back
        record(about(bid), "area_corrected", actor, reason=reason, before=before, now=area.name, area=area.id)
        db.session.flush()  # the database lets an award move only to where the newest correction on record says
        award: Award | None = queries.award_of(bid.id)
        if award is not None:
            ward_code, ward_name = ward_on(area, award.decided_on)
            award.area_id, award.ward_code, award.ward_name = area.id, ward_code, ward_name
