"""What neighbours put in beside hours: things, the use of a room, money. Written down by one, checked by a second person, counted once.

The neighbour says it by their own link, or somebody of the applicant's side writes it down. Until it is checked, whoever wrote it
puts it right or takes it out, and the other side says that it is not so; afterwards it is taken back, with a reason, and stays on record.
It is a memo for the match meter and the report: the money never was the scheme's, so none of it is in the ledger (decision 13).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Select, or_, select

from portal import clock, once, photos
from portal.db import db, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.grants import apply, kept, match, match_offers, queries
from portal.grants.model import DELIVERY_KINDS, Application, Award, Delivery, Photo, Pledge
from portal.grants.moves import about, begin, move
from portal.grants.rules import Meter, PledgeFact, meter
from portal.history import Actor
from portal.money import Pence, pounds
from portal.refs import new_ref
from portal.words import _
from portal.work.model import WorkRecord

LIVE = ("conditions_open", "ready_to_pay", "paid", "reporting")
STANDS = ("delivered", "checked")
MOST_OF_AN_IDEA = 200


@dataclass(frozen=True)
class Given:
    """What was given: its kind, in words, at cost (pence; of money, the sum), on which day."""

    kind: str
    what: str
    value: Pence
    day: date


@dataclass(frozen=True)
class ByLink:
    """The hand of a neighbour, who opened their own link."""

    token: str


@dataclass(frozen=True)
class ForIdea:
    """The hand of somebody of the applicant's side, of a connector or an officer, at one idea."""

    bid_ref: str
    actor: Actor


Hand = ByLink | ForIdea


# --- writing down --------------------------------------------------------------------------------------------------------


def say(token: str, given: Given, picture: photos.Picture | None, data_dir: Path, *, once_key: str | None = None) -> str:
    """A neighbour says what they gave; the other side checks it. Returns its reference. Refused: as for `write`."""

    def opened() -> tuple[Application, Pledge, str, Actor]:
        application, pledge = match.opened_and_locked(token)
        return application, pledge, queries.worker_of(pledge), Actor(pledge.person_id)

    return _write_once(opened, given, picture, data_dir, once_key)


def write(
    bid_ref: str,
    pledge_ref: str,
    given: Given,
    picture: photos.Picture | None,
    data_dir: Path,
    actor: Actor,
    *,
    once_key: str | None = None,
) -> str:
    """Write down for a neighbour what they gave; the neighbour, a connector or an officer checks it. Returns its reference.

    Refused: no grant under way, they have not said yes, nothing said of what it was, no value, a day to come or outside the grant, the
    same once more, very many.
    """
    return _write_once(lambda: (*match.locked(bid_ref, pledge_ref), actor.code, actor), given, picture, data_dir, once_key)


def _write_once(
    opened: Callable[[], tuple[Application, Pledge, str, Actor]], given: Given, picture: photos.Picture | None, data_dir: Path,
    once_key: str | None,
) -> str:  # fmt: skip
    file = photos.keep(picture, data_dir) if picture else None
    try:
        with transaction():
            if once_key and (done := once.claim(once_key)) is not None:
                if file:
                    photos.drop(file, data_dir)  # a second tap brought the same photo again: the first one stays
                return done
            _application, pledge, by, actor = opened()
            row = _write(pledge, given, by, actor)
            if picture and file:
                apply.attach(about(row), file, picture, given.what, actor, public=False)
            if once_key:
                once.keep(once_key, row.ref)
            return row.ref
    except BaseException:
        if file:
            photos.drop(file, data_dir)
        raise


def _write(pledge: Pledge, given: Given, by: str, actor: Actor) -> Delivery:
    award = _award(pledge.application_id)
    _judge(award, pledge, given)
    if len(queries.deliveries_of(award.id)) >= MOST_OF_AN_IDEA:
        raise Refused(_("That is a lot. Write several things of one day in one line, with what they are worth together."))
    _not_twice(award, pledge, given, by)
    row = Delivery(
        ref=new_ref("DLV"), award_id=award.id, pledge_id=pledge.id, kind=given.kind, what=given.what, value=given.value, day=given.day,
        entered_by=by, basis=actor.basis, entered_at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    begin(row, "delivered", actor, pledge=pledge.ref, of=given.kind, value=given.value, day=given.day.isoformat())
    if pledge.status == "confirmed":
        move(pledge, "delivered", actor)
    return row


def correct(hand: Hand, ref: str, shown: int, given: Given, picture: photos.Picture | None, data_dir: Path) -> None:
    """Put right what one wrote oneself, before it is checked; a photo takes the place of the old one.

    Refused: written by somebody else, checked or taken out already, and as for `write`. Conflict: changed since it was `shown`.
    """
    file, gone = photos.keep(picture, data_dir) if picture else None, list[str]()
    try:
        with transaction():
            _application, pledge, row, by, actor = _locked(hand, ref)
            if row.entered_by != by:
                raise Refused(_("Somebody else wrote this. Say that it is not right, and write it anew."))
            if row.status == "delivered" and row.version != shown:
                raise Conflict(_("This was changed meanwhile. Look at it again."))
            award = _award(pledge.application_id)
            _judge(award, pledge, given)
            _not_twice(award, pledge, given, by, row)
            move(row, "corrected", actor, refusal=_settled_already(row), of=given.kind, value=given.value, day=given.day.isoformat())
            row.kind, row.what, row.value, row.day = given.kind, given.what, given.value, given.day
            row.version, row.basis, row.entered_at = row.version + 1, actor.basis, clock.now()
            if picture and file:
                gone = _without_photos(row)
                apply.attach(about(row), file, picture, given.what, actor, public=False)
    except BaseException:
        if file:
            photos.drop(file, data_dir)
        raise
    for old in gone:
        photos.drop(old, data_dir)


def _settled_already(row: Delivery) -> str:
    if row.status == "turned_down":
        return _("This was turned down already. If it was so after all, write it down anew.")
    if row.status == "withdrawn":
        return _("This was taken out already.")
    return _("This is checked already. If it is wrong, tell us and we put it right.")


def _judge(award: Award, pledge: Pledge, given: Given) -> None:
    if award.status in ("reserved", "lapsed", "declined", "returned"):
        raise Refused(_("What neighbours give can be written down once the grant is accepted."))
    if award.status not in LIVE:
        raise Refused(_("This grant is finished, so no more can be added here."))
    if pledge.status not in match.YES:
        raise Refused(_("They have not said yes yet. Ask them first."))
    if given.kind not in DELIVERY_KINDS:
        raise Refused(_("Say whether it was things, a room or money."), "kind")
    if not given.what:
        raise Refused(_("Write what it was."), "what")
    if given.value < 1:
        raise Refused(_("Write what it is worth, as you would pay for it."), "value")
    if given.day > clock.today():
        raise Refused(_("That day is still ahead. Come back when it is done."), "day")
    # things come before the work begins: from the yes on, but not before the award (design 1)
    first = min(award.first_day, clock.london_day(award.accepted_at)) if award.accepted_at else award.first_day
    if not first <= given.day <= award.last_day:
        between = {"first": clock.in_words(first), "last": clock.in_words(award.last_day)}
        raise Refused(
            _("Only what was given between the yes and the last day of the idea counts: %(first)s to %(last)s.", **between), "day"
        )


def _not_twice(award: Award, pledge: Pledge, given: Given, by: str, itself: Delivery | None = None) -> None:
    """The same thing of one neighbour on one day counts once, also when two people write it down, and for one idea only."""
    worker = queries.worker_of(pledge)
    one_at_a_time(f"given:{worker}")  # two ideas at once
    same_day = (
        select(Delivery)
        .join(Pledge, Pledge.id == Delivery.pledge_id)
        .where(
            or_(Pledge.worker == worker, Pledge.id == pledge.id), Delivery.status.in_(STANDS), Delivery.day == given.day, Delivery.kind == given.kind
        )
        .order_by(Delivery.id)
    )  # fmt: skip
    said = kept.ByHand(worker, given.what, given.value)
    if any(kept.is_same(gift, said) for gift in kept.gifts_of(pledge.application_id)):
        raise Refused(_("This came as a gift from the board, and counts by itself. What somebody gives counts once."), "what")
    for row in db.session.scalars(same_day):
        if itself is not None and row.id == itself.id:
            continue
        thing, sum_ = match.as_heard(row.what) == match.as_heard(given.what), row.value == given.value
        if row.award_id != award.id:
            if thing and sum_:
                raise Refused(_("The same is written down elsewhere already. What somebody gives counts once."), "what")
        elif thing:
            raise Refused(
                _("“%(what)s” is written down for that day already, with %(sum)s. Put that line right if there was more.", what=row.what, sum=pounds(row.value)),
                "what",
            )  # fmt: skip
        elif sum_ and row.entered_by != by:  # the same in other words, by the other side
            raise Refused(
                _("%(sum)s of that day are written down already, as “%(what)s”. If this is something else, ask whoever wrote that to add it.", what=row.what, sum=pounds(row.value)),
                "value",
            )  # fmt: skip


# --- before it is checked ------------------------------------------------------------------------------------------------


def withdraw(hand: Hand, ref: str, data_dir: Path) -> None:
    """Take out what one wrote oneself, before it is checked. Twice changes nothing. Refused: written by somebody else, checked."""
    with transaction():
        application, pledge, row, by, actor = _locked(hand, ref)
        if row.status == "withdrawn":
            return
        if row.entered_by != by:
            raise Refused(_("Somebody else wrote this. You can say that it is not right."))
        move(row, "withdrawn", actor, refusal=_settled_already(row))
        gone = _without_photos(row)
        match.wait_again(application, queries.worker_of(pledge), actor)
    for file in gone:
        photos.drop(file, data_dir)


def turn_down(hand: Hand, ref: str, reason: str, data_dir: Path) -> None:
    """The other side says that it was not so, before it counts. Refused: no reason, checked already, written by oneself."""
    with transaction():
        application, pledge, row, by, actor = _locked(hand, ref)
        if row.entered_by == by:
            raise Refused(_("You wrote this yourself: take it out, or put it right."))
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        move(row, "turned_down", actor, reason=reason, refusal=_settled_already(row))
        gone = _without_photos(row)
        match.wait_again(application, queries.worker_of(pledge), actor)
    for file in gone:
        photos.drop(file, data_dir)


def check(hand: Hand, ref: str, shown: int, *, officer: bool = False) -> None:
    """A second person says that it is so: it counts. The same two people as for hours (`match.check`): not who wrote it, and of a
    neighbour at the door only an officer or a connector. `officer`: they act as one now, with all that this asks, so a match offer follows.

    Refused also when it is judged already, or not (any more) as it was `shown`, by its version.
    """
    with transaction():
        application, pledge, row, by, actor = _locked(hand, ref)
        if match.at_the_door(pledge) and isinstance(hand, ByLink):
            raise Refused(_("An officer or a connector checks this, so you need do nothing. If it is wrong, tell us."))
        match.must_check_elsewhere(pledge, application, actor)
        if row.status == "checked":
            raise Conflict(_("This is checked already."))
        if row.entered_by == by:
            raise Refused(_("A second person checks this, not who wrote it down."))
        if row.status == "delivered" and row.version != shown:
            raise Refused(_("This is “%(what)s”, %(sum)s, now. Look at it again.", what=row.what, sum=pounds(row.value)))
        award = _award(pledge.application_id)
        move(row, "checked", actor, refusal=_("This was taken out. It can be written down again."), value=row.value)
        row.checked_by, row.checked_at = by, clock.now()
        award.given = Pence(award.given + row.value)
        if officer and isinstance(hand, ForIdea):
            match_offers.follow(application, row, actor)
        if pledge.status in ("delivered", "checked"):
            move(pledge, "checked", actor)


# --- afterwards ----------------------------------------------------------------------------------------------------------


def take_back(bid_ref: str, ref: str, reason: str, actor: Actor) -> None:
    """What was checked turned out wrong: it stops counting, and stays on record; what an offer added for it goes back. Refused: no
    reason, never checked, or the offer's money is promised meanwhile.
    """
    with transaction():
        application, pledge, row, _by, actor = _locked(ForIdea(bid_ref, actor), ref)
        if not reason:
            raise Refused(_("Write why, in a few words."), "reason")
        move(row, "taken_back", actor, reason=reason, refusal=_("This is not checked, so it does not count."), value=row.value)
        award = _award(pledge.application_id)
        award.given = Pence(award.given - row.value)
        match_offers.undo(row, reason, actor)
        match.wait_again(application, queries.worker_of(pledge), actor)


# --- reading -------------------------------------------------------------------------------------------------------------


def meters(
    application: Application,
    pledges: Sequence[Pledge],
    rows: Sequence[WorkRecord],
    deliveries: Sequence[Delivery],
    gifts: Sequence[kept.Gift] = (),
) -> tuple[Meter, Meter]:
    """The match meter of what was given, and of what of it was checked, under the caps of the round (design 1: pledged, delivered, checked).

    `rows`: all hours that stand for the grant, whoever gave them. A gift is checked when nobody has taken it back in time.
    """
    worker = {pledge.id: queries.worker_of(pledge) for pledge in pledges}
    stages = []
    for needs_check in (False, True):
        facts = [PledgeFact(row.worker, "hours", row.minutes) for row in rows if row.checked_at is not None or not needs_check]
        facts += [
            PledgeFact(worker[row.pledge_id], row.kind, value=row.value) for row in deliveries if row.status == "checked" or not needs_check
        ]
        by_hand = [kept.ByHand(worker[row.pledge_id], row.what, row.value) for row in deliveries]
        facts += kept.facts([each for each in gifts if each.settled or not needs_check], by_hand)
        stages.append(meter(application.asked, facts, queries.rules_of(application)))
    return stages[0], stages[1]


def given_by(pledge: Pledge) -> Sequence[Delivery]:
    """Everything that was written down for one neighbour of an idea, whatever became of it, by day."""
    return db.session.scalars(select(Delivery).where(Delivery.pledge_id == pledge.id).order_by(Delivery.day, Delivery.id)).all()


def delivery_of(bid_ref: str, ref: str) -> Delivery:
    """One line of an idea, whatever became of it. NotFound."""
    found = db.session.scalar(_of_bid(bid_ref, ref))
    if found is None:
        raise NotFound(_("We cannot find that line."))
    return found


def bid_of_photo(photo: Photo) -> Application:
    """The idea for which something was given that a photo shows. NotFound."""
    found = db.session.scalar(
        select(Award.application_id).join(Delivery, Delivery.award_id == Award.id).where(Delivery.id == int(photo.about.partition(":")[2]))
    )
    if found is None:
        raise NotFound(_("That photo is gone."))
    return queries.bid_by_id(found)


def _of_bid(bid_ref: str, ref: str) -> Select[Delivery]:
    return (
        select(Delivery)
        .join(Award, Award.id == Delivery.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Delivery.ref == ref, Application.ref == bid_ref)
    )


# --- loading and locking -------------------------------------------------------------------------------------------------


def _locked(hand: Hand, ref: str) -> tuple[Application, Pledge, Delivery, str, Actor]:
    """The bid, the neighbour, the line, how the hand is named in it, and who acts; locked. NotFound: not a line that this hand reaches."""
    if isinstance(hand, ByLink):
        application, pledge = match.opened_and_locked(hand.token)
        by, actor = queries.worker_of(pledge), Actor(pledge.person_id)
    else:
        application, by, actor = apply.locked(hand.bid_ref), hand.actor.code, hand.actor
    row = db.session.scalar(_of_bid(application.ref, ref).with_for_update(of=Delivery).execution_options(populate_existing=True))
    if row is None or (isinstance(hand, ByLink) and row.pledge_id != pledge.id):
        raise NotFound(_("We cannot find that line."))
    return application, db.session.get_one(Pledge, row.pledge_id), row, by, actor


def _award(application_id: int) -> Award:
    award = db.session.scalar(
        select(Award).where(Award.application_id == application_id).with_for_update(of=Award).execution_options(populate_existing=True)
    )
    if award is None:
        raise Refused(_("What neighbours give can be written down once the grant is accepted."))
    return award


def _without_photos(row: Delivery) -> list[str]:
    """Forget the photos of a line, as a part of an action; returns their files, to be dropped when it is done."""
    held = queries.photos_of(about(row))
    for photo in held:
        db.session.delete(photo)
    db.session.flush()
    return [photo.file for photo in held]


def forget_photos(pledge: Pledge) -> list[str]:
    """Who leaves takes the pictures of what they gave along, as a part of that action; returns their files."""
    return [file for row in given_by(pledge) for file in _without_photos(row)]
