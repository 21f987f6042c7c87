"""Ending an accepted award of which nothing came: nobody answers, or a condition is never met. Two people, and a reason.

Money that was paid is another matter: then the rest goes back (`pay.keep_rest`), and the report is let go.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import letters
from portal.grants.award import give_back, live_payments, locked, payable, reserved, tell
from portal.grants.model import Award, Ending
from portal.grants.moves import about, move
from portal.grants.report import let_report_go
from portal.grants.ties import must_not_be_their_own
from portal.history import Actor, record
from portal.people.queries import names
from portal.words import _
from portal.work.actions import close_purpose

MAY_END = ("conditions_open", "ready_to_pay")


def of_award(award: Award) -> Ending | None:
    """The ending of an award that waits for a second person, if one does."""
    return db.session.scalar(select(Ending).where(Ending.award_id == award.id, Ending.ended_at.is_(None), Ending.cancelled_at.is_(None)))


def waiting() -> Sequence[tuple[Ending, Award]]:
    """Endings that wait for a second person, the oldest first."""
    rows = db.session.execute(
        select(Ending, Award)
        .join(Award, Award.id == Ending.award_id)
        .join(Award.application)
        .options(contains_eager(Award.application))
        .where(Ending.ended_at.is_(None), Ending.cancelled_at.is_(None))
        .order_by(Ending.id)
        .limit(50)
    )
    return [(ending, award) for ending, award in rows]


def open_conditions(limit: int = 50) -> Sequence[Award]:
    """Accepted awards that still need something before they are paid, those that have waited longest first."""
    return db.session.scalars(
        select(Award)
        .where(Award.status == "conditions_open")
        .options(joinedload(Award.application))
        .order_by(Award.offered_at, Award.application_id)
        .limit(limit)
    ).all()


def ask(award_ref: str, reason: str, actor: Actor) -> None:
    """The first person asks to end an award. Twice changes nothing.

    Refused: no reason, not accepted, money paid or on its way, asked by somebody else already, one's own.
    """
    if not reason:
        raise Refused(_("Write why, in words for the applicant. It goes into the letter."), "reason")
    with transaction():
        bid, award = locked(award_ref)
        must_not_be_their_own([bid], actor)
        _can_end(award)
        if (before := of_award(award)) is not None:
            if before.asked_by_id == actor.person_id:
                return
            by = names([before.asked_by_id]).get(before.asked_by_id, "")
            raise Refused(_("%(name)s has asked to end this grant already. You can be the second person.", name=by))
        db.session.add(Ending(award_id=award.id, reason=reason, asked_by_id=actor.person_id, asked_at=clock.now()))
        record(about(award), "ending_asked", actor)


def cancel(award_ref: str, actor: Actor) -> None:
    """Go on with the award after all. Twice changes nothing. Refused: ended already, one's own."""
    with transaction():
        bid, award = locked(award_ref)
        must_not_be_their_own([bid], actor)
        found = of_award(award)
        if found is None:
            if award.status == "lapsed":
                raise Refused(_("The grant has ended already, and the money is back in the fund."))
            return
        found.cancelled_at = clock.now()
        record(about(award), "ending_taken_back", actor)


def end(award_ref: str, actor: Actor) -> None:
    """The second person ends it: payments that have not left are called off, the money goes back to the fund, the applicant hears.

    A second tap of the same person changes nothing. Refused: nobody asked, the same person asked, money paid or on its way
    meanwhile, one's own.
    """
    with transaction():
        bid, award = locked(award_ref)
        must_not_be_their_own([bid], actor)
        found = of_award(award)
        if found is None:
            last = db.session.scalar(select(Ending).where(Ending.award_id == award.id).order_by(Ending.id.desc()).limit(1))
            if last is not None and last.ended_by_id == actor.person_id:
                return
            raise Refused(_("Nobody asks to end this grant now. Look at its page again."))
        if found.asked_by_id == actor.person_id:
            raise Refused(_("You asked for this. A second person must end it."))
        _can_end(award)
        for payment in live_payments(award):
            move(payment, "cancelled", actor, reason=_("The grant was ended."))
        found.ended_by_id, found.ended_at = actor.person_id, clock.now()
        move(award, "ended", actor, reason=found.reason)
        move(bid, "ended", actor)
        give_back(award, [reserved(award), payable(award)], "ended", actor)
        let_report_go(award, actor, found.reason)
        close_purpose(about(award))
        tell(bid, "ended", letters.ended(bid, award.amount, found.reason), award)


def _can_end(award: Award) -> None:
    if award.status not in MAY_END:
        raise Refused(_("Only a grant that was accepted and not paid can be ended. An offer lapses by itself."))
    if any(payment.status == "released" for payment in live_payments(award)):
        raise Refused(_("A payment is on its way. Wait for the bank's answer."))
    if award.paid or any(payment.status == "settled" for payment in live_payments(award)):
        raise Refused(_("Some of this grant was paid. Give the rest back to the fund instead."))
