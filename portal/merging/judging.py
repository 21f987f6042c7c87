"""Why two records cannot become one just now, in sentences that say what to do first; and what must still be true afterwards."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db
from portal.errors import Refused
from portal.gifts.model import GiftParty, GiftPost
from portal.grants import moves
from portal.grants.model import Application, Award, Payee, Payment, Pledge
from portal.grants.ties import owners_of, tied_by_nature
from portal.history import Actor
from portal.panels.model import Ballot, Matter, Panel, Seat, Sitting, Vote
from portal.people import merged
from portal.people.model import ActingFor, Organisation, Person, Role
from portal.people.queries import in_force
from portal.timebank.model import OPEN, Exchange, Member
from portal.words import _

MOVING = ("prepared", "approved", "released")
OPEN_GIFTS = ("held", "open", "paused")
Record = Person | Organisation


def judge(old: Record, new: Record, actor: Actor) -> None:
    """Refused: whatever keeps `old` from being folded into `new` now."""
    if old.id == new.id:
        raise Refused(_("That is the same record. Choose the other one."))
    if isinstance(old, Person) and isinstance(new, Person):
        _judge_persons(old, new, actor)
    elif isinstance(old, Organisation) and isinstance(new, Organisation):
        _judge_groups(old, new, actor)
    _judge_cards(old, new)
    _judge_gifts(old, new)


def _judge_persons(old: Person, new: Person, actor: Actor) -> None:
    if merged.person_now(old.id) is not None or merged.person_now(new.id) is not None:
        raise Refused(_("One of the two has become one with another record already. Look at that one."))
    if old.deleted_at is not None or new.deleted_at is not None:
        raise Refused(_("One of the two has left, and their details are gone. There is nothing to join."))
    if actor.person_id in (old.id, new.id):
        raise Refused(_("One of the two is you. Ask a colleague to do this."))
    if db.session.scalar(select(Role.id).where(Role.person_id == old.id).limit(1)) is not None:
        raise Refused(
            _("%(name)s (%(ref)s) has, or had, a role in the scheme. What was done in a role stays under its own record, so keep that one and fold the other in. When both had a role, they stay two.", name=old.name, ref=old.ref)
        )  # fmt: skip
    if (panel := _same_panel(old.id, new.id)) is not None:
        raise Refused(_("Both have a seat on the panel “%(panel)s”. End one of the two seats first.", panel=panel))
    if (vote := _same_open_vote(old.id, new.id)) is not None:
        raise Refused(_("Both have voted on “%(vote)s”, which is still open. Wait until it is counted.", vote=vote))
    _judge_typed(old.id, new.id)


def _judge_groups(old: Organisation, new: Organisation, actor: Actor) -> None:
    if merged.group_now(old.id) is not None or merged.group_now(new.id) is not None:
        raise Refused(_("One of the two has become one with another record already. Look at that one."))
    if old.archived_at is not None or new.archived_at is not None:
        raise Refused(_("One of the two groups is not here any more."))
    own = select(ActingFor.id).where(
        ActingFor.organisation_id.in_((old.id, new.id)), ActingFor.person_id == actor.person_id, in_force(ActingFor, clock.today())
    )
    if db.session.scalar(own.limit(1)) is not None:
        raise Refused(_("You act for one of the two. Ask a colleague to do this."))


def _same_panel(one: int, other: int) -> str | None:
    mine, theirs = aliased(Seat), aliased(Seat)
    lasts = [or_(each.term_end.is_(None), each.term_end >= clock.today()) for each in (mine, theirs)]
    query = select(Panel.name).join(mine, mine.panel_id == Panel.id).join(theirs, theirs.panel_id == Panel.id)
    return db.session.scalar(query.where(mine.person_id == one, theirs.person_id == other, *lasts).limit(1))


def _same_open_vote(one: int, other: int) -> str | None:
    mine, theirs = aliased(Ballot), aliased(Ballot)
    query = select(Sitting.name).join(mine, mine.sitting_id == Sitting.id).join(theirs, theirs.sitting_id == Sitting.id)
    return db.session.scalar(query.where(Sitting.status == "open", mine.person_id == one, theirs.person_id == other).limit(1))


def _judge_typed(old: int, new: int) -> None:
    """Hours that the one wrote down wait for a group's answer, and the other could give it."""
    groups = select(ActingFor.organisation_id).where(ActingFor.person_id == new, in_force(ActingFor, clock.today()))
    sides = exists().where(Member.id.in_((Exchange.giver_id, Exchange.receiver_id)), Member.organisation_id.in_(groups))
    query = select(Exchange.ref).where(Exchange.status.in_(OPEN), Exchange.entered_by == f"person:{old}", sides)
    if (ref := db.session.scalar(query.limit(1))) is not None:
        raise Refused(
            _("One of the two wrote hours down (%(ref)s) that the other could answer for a group. Let somebody else answer first.", ref=ref)
        )


def cards(old: Record, new: Record) -> tuple[Member | None, Member | None]:
    """Their cards of the timebank, whatever became of them."""
    column = Member.person_id if isinstance(old, Person) else Member.organisation_id
    found = {getattr(each, column.key): each for each in db.session.scalars(select(Member).where(column.in_((old.id, new.id))))}
    return found.get(old.id), found.get(new.id)


def _judge_cards(old: Record, new: Record) -> None:
    theirs, stays = cards(old, new)
    if theirs is None or stays is None or theirs.status == "left":
        return
    if stays.status == "left":
        raise Refused(_("The record that you keep had a timebank card that has ended, and the other one has a living card. Keep the other one."))  # fmt: skip
    raise Refused(
        _(
            "Both have a card of the timebank: %(old)s and %(new)s. Join the cards first. Then come back here.",
            old=theirs.ref,
            new=stays.ref,
        ),
        "cards",
    )


def _judge_gifts(old: Record, new: Record) -> None:
    column = GiftParty.person_id if isinstance(old, Person) else GiftParty.organisation_id
    both = db.session.scalar(select(func.count()).where(column.in_((old.id, new.id)))) == 2
    mine = select(GiftPost.id).join(GiftParty, GiftParty.id == GiftPost.party_id)
    if both and db.session.scalar(mine.where(column == old.id, GiftPost.status.in_(OPEN_GIFTS)).limit(1)) is not None:
        raise Refused(_("Both have things on the gift boards. Let what stands there of %(ref)s end first.", ref=old.ref))


# --- afterwards ----------------------------------------------------------------------------------------------------------


def bids_of(record_: Record) -> Sequence[Application]:
    """Ideas that are a record's own now: a person's and their groups', or a group's."""
    if isinstance(record_, Organisation):
        whose: Any = Application.organisation_id == record_.id
    else:
        groups = select(ActingFor.organisation_id).where(ActingFor.person_id == record_.id, in_force(ActingFor, clock.today()))
        whose = or_(Application.person_id == record_.id, Application.organisation_id.in_(groups))
    return db.session.scalars(select(Application).where(whose).order_by(Application.id)).all()


def must_still_be_right(new: Record, actor: Actor) -> None:
    """After everything has moved. Refused: somebody would have handled money of their own, or voted on an idea of their own."""
    bids = bids_of(new)
    _money_in_other_hands(bids)
    _votes_of_others(bids)
    if isinstance(new, Person):
        _no_promise_to_oneself(new, actor)


def _money_in_other_hands(bids: Sequence[Application]) -> None:
    rows = db.session.execute(
        select(Payment, Payee.given_by_id, Award.application_id)
        .join(Award, Award.id == Payment.award_id)
        .join(Payee, Payee.id == Payment.payee_id)
        .where(Award.application_id.in_([bid.id for bid in bids]), Payment.status.in_(MOVING))
    ).tuples()
    by_id = {bid.id: bid for bid in bids}
    for payment, given_by, bid_id in rows:
        theirs = owners_of(by_id[bid_id]) | {given_by}
        if theirs & {payment.prepared_by_id, payment.approved_by_id, payment.released_by_id}:
            raise Refused(
                _("One of the two has prepared, approved or released the payment %(ref)s, which would be their own. Wait until it has arrived, or cancel it.", ref=payment.ref)
            )  # fmt: skip


def _votes_of_others(bids: Sequence[Application]) -> None:
    tied = tied_by_nature([f"bid:{bid.id}" for bid in bids]) if bids else {}
    rows = db.session.execute(
        select(Matter.about, Seat.person_id)
        .join(Vote, Vote.matter_id == Matter.id)
        .join(Seat, Seat.id == Vote.seat_id)
        .where(Matter.about.in_(tied), Matter.status == "open")
        .distinct()
    )
    for matter, voter in rows:
        if voter in tied[matter]:
            title = next(bid.title for bid in bids if f"bid:{bid.id}" == matter)
            raise Refused(_("One of the two has voted on “%(title)s”, which would be their own idea. Wait until that vote is closed.", title=title))  # fmt: skip


def _no_promise_to_oneself(new: Person, actor: Actor) -> None:
    """A promise of somebody to their own idea is no neighbour's. What was given already stays as it was checked."""
    own = (
        select(Pledge.id)
        .join(Application, Application.id == Pledge.application_id)
        .where(Application.person_id == new.id, Pledge.worker == f"person:{new.id}", Pledge.status.in_(("invited", "confirmed")))
    )
    for pledge in db.session.scalars(select(Pledge).where(Pledge.id.in_(own))).all():
        moves.move(pledge, "refused", actor, reason=_("It was a promise to an idea of their own."))
