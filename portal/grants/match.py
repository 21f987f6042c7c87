"""What neighbours put in: asked by the applicant, promised through a link of their own, given, checked by a second person.

A neighbour needs no account. The link is made from the pledge and our key, so that it can be shown again as a QR code on
the doorstep, and a higher `link_number` ends the old one.
"""

import hmac
import re
import unicodedata
from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import Text as Text_
from sqlalchemy import and_, cast, exists, func, or_, select, update

from portal import clock, once, vault
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, Refused, Unknown
from portal.grants import apply, queries, worked
from portal.grants.model import Application, Award, Delivery, Pledge, Round
from portal.grants.moves import about, begin, move
from portal.history import SCHEME, Actor, Event, record
from portal.ledger import queries as books
from portal.ledger.model import Account, State
from portal.ledger.posting import Line, open_account, post, reverse
from portal.money import MOST_MINUTES, STEP, Minutes, Pence, hours
from portal.outbox import Addressee, Message, Text, address_of, queue
from portal.people import queries as people
from portal.people.model import Person
from portal.refs import new_ref
from portal.words import _
from portal.work import actions as work
from portal.work import queries as works
from portal.work.model import Purpose, WorkRecord

MOST_PLEDGES = 60
PATIENCE = timedelta(days=3)  # before an invited neighbour is reminded, once
GRACE = timedelta(days=14)  # after the round closes an unanswered invitation expires
ROLLING_GRACE = timedelta(days=60)  # the same in a round that does not close
MAY_ASK = ("draft", "sent", "more_asked", "with_panel", "decided", "offered", "accepted")
YES = ("confirmed", "delivered", "checked")
LINK_SHOWN = "link_shown"  # an event: the applicant's side has seen the link of a neighbour who has an address
MARK = 12


def token_of(pledge: Pledge) -> str:
    """The last part of a neighbour's link."""
    return f"{pledge.ref}-{vault.marks('pledge', f'{pledge.ref}:{pledge.link_number}')[0][:MARK]}"


def link_of(pledge: Pledge) -> str:
    """The whole address of a neighbour's page."""
    return address_of(f"/m/{token_of(pledge)}")


def by_token(token: str) -> Pledge:
    """The pledge that a link opens. NotFound: we did not make it, or it was replaced."""
    pledge = db.session.scalar(select(Pledge).where(Pledge.ref == token.rpartition("-")[0]))
    return _opened(pledge, token)


def _opened(pledge: Pledge | None, token: str) -> Pledge:
    ref, _dash, mark = token.rpartition("-")
    good = pledge is not None and any(
        hmac.compare_digest(mark.encode(), each[:MARK].encode()) for each in vault.marks("pledge", f"{ref}:{pledge.link_number}")
    )
    if pledge is None or not good:
        raise Unknown(_("We cannot find that page. Copy the whole link from the message."))
    return pledge


def opened_and_locked(token: str) -> tuple[Application, Pledge]:
    """The bid and the pledge that a link opens, locked, as a part of an action: the link is judged again by what stands then."""
    application, pledge = locked_pledge(by_token(token).id)
    return application, _opened(pledge, token)


def has_no_address(pledge: Pledge) -> bool:
    """Whether nobody but the applicant has reached this neighbour: no address, no account."""
    return pledge.person_id is None and not pledge.contact


def links_seen(pledges: Collection[Pledge]) -> frozenset[int]:
    """Ids of those whose link the applicant's side has opened, to show it; also when there is a fresh one since. One query."""
    ids = {f"pledge:{pledge.id}": pledge.id for pledge in pledges}
    seen = db.session.scalars(select(Event.about).where(Event.about.in_(ids), Event.kind == LINK_SHOWN)) if ids else ()
    return frozenset(ids[each] for each in seen)


def all_at_the_door(pledges: Collection[Pledge]) -> frozenset[int]:
    """Ids of neighbours whose link proves little: it may have been opened by whoever asked them. One query."""
    return links_seen(pledges) | {pledge.id for pledge in pledges if has_no_address(pledge)}


def at_the_door(pledge: Pledge) -> bool:
    """Whether this is so of one neighbour."""
    return has_no_address(pledge) or bool(links_seen([pledge]))


def why_at_the_door(pledge: Pledge) -> str:
    """Why somebody else than the applicant's side checks what this neighbour gives: a sentence for that side."""
    if has_no_address(pledge):
        return _("An officer or a connector checks this, because %(name)s has no address in the list.", name=pledge.name)
    return _("An officer or a connector checks this, because whoever asks for this idea has seen the link of %(name)s.", name=pledge.name)


def must_check_elsewhere(pledge: Pledge, application: Application, actor: Actor) -> None:
    """Before anybody says yes on the side of the idea: Refused for the applicant's side, of a neighbour at the door."""
    if at_the_door(pledge) and not may_check_at_the_door(application, actor.person_id):
        raise Refused(why_at_the_door(pledge) + " " + _("Ask one of them to look at this page."))


def link_waits(application: Application, pledge: Pledge, person_id: int | None) -> bool:
    """Whether this person must ask first before the link is shown, because it is not theirs to see: see `show_link`."""
    return person_id in _own_side(application) and not at_the_door(pledge)


def show_link(bid_ref: str, pledge_ref: str, actor: Actor) -> None:
    """The applicant's side wants to see the link of a neighbour who has an address: put on record, and from now on an officer or a
    connector checks what this neighbour gives. Twice, and for anybody else, changes nothing.
    """
    with transaction():
        application, pledge = locked(bid_ref, pledge_ref)
        if link_waits(application, pledge, actor.person_id):
            record(about(pledge), LINK_SHOWN, actor)


def may_check_at_the_door(application: Application, person_id: int | None) -> bool:
    """Whether they may check hours of neighbours `at_the_door`: an officer or a connector who is not of the applicant's side."""
    return person_id not in _own_side(application) and person_id in {
        each.id for each in people.holders("officer", "connector", at=application.area_id)
    }


def _own_side(application: Application) -> set[int | None]:
    """The applicant, the helper who typed, and everybody who acts for the group."""
    group = people.acting_for(application.organisation_id) if application.organisation_id else ()
    return {application.person_id, application.helper_id, *(someone.id for _standing, someone in group)}


# --- asking --------------------------------------------------------------------------------------------------------------


def invite(bid_ref: str, name: str, contact: tuple[str, str] | None, actor: Actor, *, once_key: str | None = None) -> str:
    """Ask a neighbour; returns the pledge's reference. Without `contact` the link is shown as QR on the doorstep.

    Refused: oneself or the helper, the same address twice, an idea without a name, one that has ended, too many.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        application = apply.locked(bid_ref)
        pledge = _new(application, name, contact, actor)
        begin(pledge, "invited", actor)
        if contact:
            _send_link(application, pledge, "invited")
        if once_key:
            once.keep(once_key, pledge.ref)
        return pledge.ref


def enter(
    bid_ref: str, name: str, contact: tuple[str, str] | None, kind: str, minutes: Minutes, planning: Minutes, value: int, what: str, actor: Actor,
    *, once_key: str | None = None,
) -> str:  # fmt: skip
    """Type a promise that somebody gave on paper or at the door, on the actor's basis; returns the reference. Refused as for
    `invite` and `say_yes`; without a basis.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        if not actor.basis:
            raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
        application = apply.locked(bid_ref)
        pledge = _new(application, name, contact, actor)
        begin(pledge, "invited", actor)
        _promise(application, pledge, kind, minutes, planning, value, what, actor)
        if once_key:
            once.keep(once_key, pledge.ref)
        return pledge.ref


def _new(application: Application, name: str, contact: tuple[str, str] | None, actor: Actor) -> Pledge:
    if not application.title:
        raise Refused(_("Give your idea a name first, so that your neighbour knows what it is about."))
    if application.status not in MAY_ASK:
        raise Refused(_("This idea is not under way any more."))
    held = queries.pledges_of(application.id)
    if len(held) >= MOST_PLEDGES:
        raise Refused(_("%(most)d neighbours are wonderful, and as many as one idea can hold here.", most=MOST_PLEDGES))
    channel, address = contact or ("none", "")
    if contact:
        one_at_a_time(_way(address))  # two ideas may ask the same neighbour at once, who may be joining just now
    someone = people.person_at(channel, address) if contact else None
    hands = [people.person(id_) for id_ in (application.person_id, application.helper_id) if id_ is not None]
    if someone is not None and someone.id in {each.id for each in hands}:
        raise Refused(_("That is your own address. Ask somebody else: a neighbour counts, you do not need to be asked."), "contact")
    if as_heard(name) in {as_heard(said) for each in hands for said in (each.name, each.email, each.phone) if said}:
        raise Refused(
            _(
                "%(name)s is asking already, for this idea. If a neighbour has the same name, add something that tells them apart, like their street.",
                name=name,
            ),
            "name",
        )
    ways = {address} | ({someone.email, someone.phone} if someone is not None else set())  # asked before joining, by another way
    if contact and any(pledge.contact in ways - {None, ""} or (someone is not None and pledge.person_id == someone.id) for pledge in held):
        raise Refused(_("You have asked somebody at that address already. You can send the link again in the list."), "contact")
    if any(as_heard(pledge.name) == as_heard(name) and not (contact and pledge.contact) for pledge in held):
        raise Refused(
            _(
                "There is somebody called %(name)s in your list already. If it is another one, add the first letter of the family name.",
                name=name,
            ),
            "name",
        )
    pledge = Pledge(
        ref=new_ref("PLG"), application_id=application.id, name=name, channel=channel, contact=address, person_id=someone.id if someone else None,
        invited_by_id=actor.person_id, invited_at=clock.now(),
    )  # fmt: skip
    db.session.add(pledge)
    db.session.flush()
    pledge.worker = f"person:{someone.id}" if someone else (_known_at(address) if contact else None) or f"pledge:{pledge.id}"
    return pledge


def bring_along(
    application: Application,
    name: str,
    contact: tuple[str, str] | None,
    person_id: int | None,
    minutes: Minutes,
    actor: Actor,
    *,
    said: bool,
) -> Pledge:
    """A neighbour of an idea on the wall comes along into the list of its bid, as a part of the action that begins it. `said`: they have
    said these hours themselves, so they are confirmed; all others are asked, with the hours as a proposal.

    A name that the list has already gets a number behind it. Refused as for `invite`.
    """
    must_be_in_transaction()
    taken = {as_heard(each.name) for each in queries.pledges_of(application.id)}
    called = next(
        each for number in range(1, MOST_PLEDGES + 2) if as_heard(each := name if number == 1 else f"{name} {number}") not in taken
    )
    pledge = _new(application, called, contact, actor)
    if person_id is not None and pledge.person_id is None:
        pledge.person_id, pledge.worker = person_id, f"person:{person_id}"
    begin(pledge, "invited", actor)
    if said:
        _promise(application, pledge, "hours", minutes, Minutes(0), 0, "", _neighbour(pledge))
    else:
        pledge.minutes = minutes
    return pledge


def _way(address: str) -> str:
    return f"neighbour:{address}"


def _known_at(address: str) -> str | None:
    """How the neighbour without an account is named whom somebody has asked at this address before; None when nobody was.

    Never an account that had the address once: addresses pass to other people, accounts do not.
    """
    return db.session.scalar(
        select(Pledge.worker).where(Pledge.contact == address, Pledge.worker.startswith("pledge:")).order_by(Pledge.id).limit(1)
    )


def know_again(someone: Person) -> None:
    """What neighbours without an account gave at this person's addresses is this person's, as a part of the action by which they
    have them. Left as it is where an idea holds both as two people: see `work.same_worker`.
    """
    ways = [way for way in (someone.email, someone.phone) if way]
    theirs = Pledge.contact.in_(ways) & Pledge.worker.startswith("pledge:")
    # the ideas first, as everybody locks them who writes down or checks; one that asks just now waits for us, or we for it
    bids = select(Application.id).where(Application.id.in_(select(Pledge.application_id).where(theirs)))
    db.session.execute(bids.order_by(Application.id).with_for_update())
    one_at_a_time(*map(_way, ways))
    before = db.session.scalars(
        select(Pledge).where(theirs).order_by(Pledge.id).with_for_update().execution_options(populate_existing=True)
    ).all()
    for worker in dict.fromkeys(pledge.worker for pledge in before):
        if same_neighbour(worker, f"person:{someone.id}"):
            for pledge in before:
                if pledge.worker == worker:
                    pledge.worker = f"person:{someone.id}"


def same_neighbour(old: str, new: str) -> bool:
    """What one neighbour gave to ideas is another's, as a part of an action; False, and nothing is changed, where an idea holds them as two."""
    both = (old, new)
    crossed = select(Delivery.id).where(Delivery.entered_by.in_(both), Delivery.checked_by.in_(both)).limit(1)
    if db.session.scalar(crossed) is not None or not work.same_worker(old, new):
        return False
    for column in (Delivery.entered_by, Delivery.checked_by):
        db.session.execute(update(Delivery).where(column == old).values({column: new}))
    return True


people.AT_NEW_ADDRESS.append(know_again)


def as_heard(name: str) -> str:
    """A name without what eyes and ears do not tell apart: capitals, kinds of letters, spaces, characters that are not seen.

    Of something like a telephone number, its international form.
    """
    seen = "".join(each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) not in ("Cc", "Cf"))
    bare = " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())
    digits = re.sub(r"[\s().-]", "", bare)
    return "+44" + digits[1:] if re.fullmatch(r"0\d{9,10}", digits) else digits if re.fullmatch(r"\+\d{9,15}", digits) else bare


def _send_link(application: Application, pledge: Pledge, what: str) -> None:
    asker = people.person(application.person_id).name
    values = {"name": pledge.name, "asker": asker, "title": application.title, "link": link_of(pledge)}
    text = Text(
        subject=_("%(asker)s asks: can you help with “%(title)s”?", **values),
        body=_(
            "Hello %(name)s,\n\n%(asker)s has an idea: “%(title)s”. It needs neighbours who give some of their time.\n\nSee what it is and say yes, or no, in two taps. You need no account:\n\n%(link)s\n\nIf you do not know %(asker)s, you can forget this message.",
            **values,
        ),
        short=_("%(asker)s asks: can you help with “%(title)s”? Yes or no in two taps: %(link)s", **values),
    )
    queue(
        f"pledge:{pledge.id}:{what}:{pledge.link_number}",
        Addressee(pledge.name, pledge.channel, pledge.contact, pledge.person_id),
        text,
        about=about(application),
    )


def resend(bid_ref: str, pledge_ref: str, actor: Actor) -> None:
    """Make a fresh link, end the old one, and send it if there is an address. Refused: already given or checked."""
    with transaction():
        application, pledge = locked(bid_ref, pledge_ref)
        if pledge.status not in ("invited", "confirmed", "refused", "expired"):
            raise Refused(_("They have helped already. There is nothing to ask."))
        pledge.link_number += 1
        record(about(pledge), "link_renewed", actor)
        if pledge.channel in ("email", "sms"):
            _send_link(application, pledge, "again")


def remove(bid_ref: str, pledge_ref: str, actor: Actor) -> None:
    """Take a neighbour off the list (asked by mistake). Refused once they have given hours."""
    with transaction():
        _application, pledge = locked(bid_ref, pledge_ref)
        if pledge.status in ("refused", "expired"):
            return  # a second tap
        pledge.link_number += 1
        move(pledge, "refused", actor, refusal=_("They have helped already, so they stay in the list."))


# --- promising, from the link --------------------------------------------------------------------------------------------


def say_yes(token: str, kind: str, minutes: Minutes, planning: Minutes, value: int, what: str) -> None:
    """A neighbour promises, or changes what they promised. Hours in minutes; goods, room or cash in pence with what it is.

    Refused: less than a quarter of an hour, not in quarters, more than a month; planning more than all; goods without a
    value or a word; an idea that has ended; hours given already.
    """
    with transaction():
        application, pledge = opened_and_locked(token)
        _promise(application, pledge, kind, minutes, planning, value, what, _neighbour(pledge))


def _neighbour(pledge: Pledge) -> Actor:
    return Actor(pledge.person_id)


def _promise(
    application: Application, pledge: Pledge, kind: str, minutes: Minutes, planning: Minutes, value: int, what: str, actor: Actor
) -> None:
    if application.status not in MAY_ASK:
        raise Refused(_("This idea is not under way any more. Thank you all the same."))
    if kind == "hours":
        _quarters(minutes, "minutes")
        if planning and (planning % STEP or planning > minutes):
            raise Refused(_("Meetings are a part of the hours, in quarters of an hour."), "planning")
        value = 0
    else:
        if value < 1:
            raise Refused(_("Write what it is worth, as you would pay for it."), "value")
        if not what:
            raise Refused(_("Write what you bring."), "what")
        minutes = planning = Minutes(0)
    promise = {"kind": kind, "minutes": minutes, "planning_minutes": planning, "value": Pence(value), "what": what}
    if pledge.status == "confirmed" and all(getattr(pledge, name) == given for name, given in promise.items()):
        return  # a second tap
    kind_of_move = "changed" if pledge.status == "confirmed" else "confirmed"
    for name, given in promise.items():
        setattr(pledge, name, given)
    pledge.confirmed_at = clock.now()
    move(
        pledge,
        kind_of_move,
        actor,
        refusal=_("Your hours are recorded already. If something is wrong, tell us."),
        minutes=minutes,
        value=value,
    )
    record(about(application), "neighbour_yes", actor, pledge=pledge.ref)


def _quarters(minutes: Minutes, field: str) -> None:
    if minutes < STEP or minutes % STEP:
        raise Refused(_("Write the time in quarters of an hour, like 2 h or 1 h 15 min."), field)
    if minutes > MOST_MINUTES:
        raise Refused(_("That is more hours than there are in a month. Check the number."), field)


def say_no(token: str) -> None:
    """A neighbour cannot help; the page thanks them all the same. They may change their mind with the same link."""
    with transaction():
        application, pledge = opened_and_locked(token)
        if pledge.status in ("refused", "expired"):
            return
        move(pledge, "refused", _neighbour(pledge), refusal=_("Your hours are recorded already. Thank you."))
        record(about(application), "neighbour_no", _neighbour(pledge))


# --- giving and checking -------------------------------------------------------------------------------------------------


def did_it(token: str, day: date, minutes: Minutes, what: str, *, another: bool = False) -> str:
    """A neighbour says which day and how long they helped; the applicant checks it, or at the door an officer or a connector.

    Returns the record's reference.

    Refused: no grant yet, or as for `work.log_hours`; as for `must_be_another`, unless they say that it is `another` hour.
    """
    with transaction():
        _application, pledge = opened_and_locked(token)
        return _log(pledge, day, minutes, what, queries.worker_of(pledge), _neighbour(pledge), another)


def log_for(bid_ref: str, pledge_ref: str, day: date, minutes: Minutes, what: str, actor: Actor, *, another: bool = False) -> str:
    """The applicant (or a helper, on a basis) enters a neighbour's hours; the neighbour or an officer checks them. Refused as `did_it`."""
    with transaction():
        _application, pledge = locked(bid_ref, pledge_ref)
        return _log(pledge, day, minutes, what, actor.code, actor, another)


def must_be_another(about: str, worker: str, name: str, day: date, *, by_link: bool = False) -> None:
    """Refused: somebody who may be the same person (see `worked.alike`) has hours of that day for the idea, and whoever writes or checks
    has not said that it is another hour. `by_link`: told to somebody who need not know whose they are.
    """
    if (others := worked.alike(worked.standing(about), worker, name, day)) and (one := others[0]):
        values = {"name": one.worker_name, "time": hours(one.minutes), "day": clock.in_words(day)}
        if by_link:
            raise Refused(
                _("Hours of %(day)s stand here already, of somebody with a name like yours. Count an hour only once.", **values), "another"
            )
        raise Refused(_("%(name)s has %(time)s of %(day)s for this idea already. Count an hour only once.", **values), "another")


def _log(pledge: Pledge, day: date, minutes: Minutes, what: str, entered_by: str, actor: Actor, another: bool) -> str:
    award = queries.award_of(pledge.application_id)
    if award is None or award.status in ("reserved", "lapsed", "declined", "returned"):
        raise Refused(_("Hours can be recorded once the grant is accepted."))
    if pledge.status not in YES:
        raise Refused(_("They have not said yes yet. Ask them first."))
    if not another:
        worker = queries.worker_of(pledge)
        must_be_another(f"award:{award.id}", worker, pledge.name, day, by_link=entered_by == worker)
    row = work.log_hours(f"award:{award.id}", queries.worker_of(pledge), pledge.name, day, minutes, what, entered_by, actor.basis)
    if pledge.status == "confirmed":
        move(pledge, "delivered", actor)
    record(f"award:{award.id}", "hours_logged", actor, pledge=pledge.ref, minutes=minutes, day=day.isoformat())
    return row.ref


def check(bid_ref: str, record_ref: str, actor: Actor, *, shown: int | None = None, another: bool = False) -> None:
    """A second person of the applicant's side, a connector or an officer says that it is so: it counts as match and in the
    figures, once each, and stands in the books. Refused: by who entered it; other minutes than `shown`; judged already; a
    neighbour at the door, or whose link they have seen, by anybody but an officer or a connector; as for `must_be_another`, unless
    they say that it is `another` hour.
    """
    with transaction():
        application = apply.locked(bid_ref)
        found = works.record(record_ref)
        for pledge in queries.pledges_of(application.id):
            if found is not None and queries.worker_of(pledge) == found[0].worker:
                must_check_elsewhere(pledge, application, actor)
        _check(application, record_ref, actor.code, actor, shown, another)


def check_by_token(token: str, record_ref: str, *, shown: int | None = None, another: bool = False) -> None:
    """The neighbour says that what the applicant entered for them is so. Refused: at the door; other minutes than `shown`."""
    with transaction():
        application, pledge = opened_and_locked(token)
        if record_ref not in {row.ref for row in worked.hours_of(pledge)}:
            raise NotFound(_("We cannot find those hours."))
        if at_the_door(pledge):
            raise Refused(_("An officer or a connector checks these hours, so you need do nothing. If they are wrong, tell us."))
        _check(application, record_ref, queries.worker_of(pledge), _neighbour(pledge), shown, another)


def _check(application: Application, record_ref: str, by: str, actor: Actor, shown: int | None, another: bool) -> None:
    award = _award_of_hours(application, record_ref)
    found = works.record(record_ref)
    if found is not None and not another:
        must_be_another(f"award:{award.id}", found[0].worker, found[0].worker_name, found[0].day, by_link=by == found[0].worker)
    work.check_and_count(record_ref, by, actor, shown)


def _counts(row: WorkRecord, award_about: str, actor: Actor) -> None:
    """Checked hours stand in the books as match and count in the figures, once each; wherever they were written down."""
    award = _locked_award(award_about)
    application = award.application
    key = f"work:{row.ref}:match"
    given, delivered = f"neighbour:{row.worker}:given", f"award:{award.id}:delivered"
    open_account(given, "MATCH", "memo", row.worker_name)
    open_account(delivered, "MATCH", "memo", application.title)
    post(
        [Line(given, delivered, row.minutes)], key=key, kind="match", about=f"award:{award.id}", actor=actor.code, effective_on=clock.today() if books.is_closed(row.day) else row.day, basis=row.basis,
        sentence=_("A neighbour gave %(hours)s", hours=hours(row.minutes)), on_behalf=actor.on_behalf_code,
    )  # fmt: skip
    work.use(row, "match", key)
    work.use(row, "figures")
    award.delivered = Minutes(award.delivered + row.minutes)
    for pledge in queries.pledges_of(application.id):
        if queries.worker_of(pledge) == row.worker and pledge.status in ("confirmed", "delivered", "checked"):
            if pledge.status == "confirmed":
                move(pledge, "delivered", actor)
            move(pledge, "checked", actor)


def _counts_no_more(row: WorkRecord, award_about: str, reason: str, actor: Actor) -> None:
    """Their entry is reversed in the books, and the neighbour is waited for again when nothing else of theirs stands."""
    award = _locked_award(award_about)
    reverse(f"work:{row.ref}:match", reason=reason, actor=actor.code)
    award.delivered = Minutes(award.delivered - row.minutes)
    record(f"award:{award.id}", "hours_taken_back", actor, reason=reason, record=row.ref, minutes=row.minutes)
    wait_again(award.application, row.worker, actor)


def _not_theirs(award_about: str, worker: str) -> str | None:
    """Why hours of this worker are no match for that award: they are of the side that asks."""
    application = _locked_award(award_about).application
    if worker in {f"person:{id_}" for id_ in _own_side(application) if id_ is not None}:
        return _("Whoever asks for an idea does not count as its neighbour. Leave the idea out.")
    return None


def _not_checked_by(award_about: str, row: WorkRecord, person_id: int | None) -> str | None:
    """Why this person's word is not enough elsewhere: they are of the side that asks, and the worker is a neighbour at the door; or it may
    be an hour that a name in the list has already, which only the idea's page shows.
    """
    application = _locked_award(award_about).application
    try:
        must_be_another(award_about, row.worker, row.worker_name, row.day)
    except Refused as why:
        return why.sentence
    if person_id not in _own_side(application):
        return None
    known = [pledge for pledge in queries.pledges_of(application.id) if queries.worker_of(pledge) == row.worker]
    return next((why_at_the_door(pledge) for pledge in known if at_the_door(pledge)), None)


def one_person(bid_ref: str, pledge_ref: str, record_ref: str, actor: Actor) -> None:
    """A name in the list, without an address, is the member whose hours came from the timebank (`record_ref`): one neighbour from now on.
    Of a day that both have, what is not checked yet is turned down.

    Refused: they have an address or are not called alike; the member is in the list; both have checked hours of a day; one has checked
    what the other wrote.
    """
    with transaction():
        application, pledge = locked(bid_ref, pledge_ref)
        award = _award_of_hours(application, record_ref)
        rows = worked.standing(f"award:{award.id}")
        member = next((row for row in rows if row.ref == record_ref), None)
        if member is None or not has_no_address(pledge) or pledge not in worked.may_be(member, queries.pledges_of(application.id)):
            raise Refused(_("These two cannot be made one. If they are one person, turn down the hours that are there twice."))
        old, new = queries.worker_of(pledge), member.worker
        for row in rows:
            if row.worker == old:
                _once_a_day(award, row, [each for each in rows if each.worker == new and each.day == row.day], actor)
        db.session.flush()
        if not same_neighbour(old, new):
            raise Refused(_("One of them has checked what the other wrote down, so here they stay two people."))
        pledge.worker = new
        db.session.flush()
        record(about(pledge), "same_as_member", actor, record=record_ref)
        _as_given(pledge, actor)


def _once_a_day(award: Award, row: WorkRecord, twins: list[WorkRecord], actor: Actor) -> None:
    for twin in twins:
        late = row if row.checked_at is None else twin
        if late.checked_at is not None:
            raise Refused(_("Both have checked hours of %(day)s. Take one of them back first.", day=clock.in_words(row.day)))
        reason = _("The same hour as %(ref)s", ref=twin.ref if late is row else row.ref)
        work.refuse_hours(late.ref, reason)
        record(f"award:{award.id}", "hours_refused", actor, reason=reason, record=late.ref)


def _as_given(pledge: Pledge, actor: Actor) -> None:
    """The state of a neighbour who said yes, by the hours that stand now."""
    rows = worked.hours_of(pledge)
    if rows and pledge.status == "confirmed":
        move(pledge, "delivered", actor)
    if pledge.status == "delivered" and any(row.checked_at for row in rows):
        move(pledge, "checked", actor)


def _locked_award(award_about: str) -> Award:
    """The award of "award:17" with its bid, both locked, the bid first as everywhere, as a part of an action."""
    query = select(Application, Award).join_from(Application, Award, Award.application_id == Application.id)
    return db.session.execute(query.where(Award.id == int(award_about.partition(":")[2])).with_for_update()).one()[1]


work.COUNTS["award"], work.COUNTS_NO_MORE["award"] = _counts, _counts_no_more
work.NOT_FOR["award"], work.NOT_CHECKED_BY["award"] = _not_theirs, _not_checked_by


def turn_down(bid_ref: str, record_ref: str, reason: str, actor: Actor) -> None:
    """Say that it was not so, before it counts. Refused: no reason, or checked already."""
    with transaction():
        application = apply.locked(bid_ref)
        award = _award_of_hours(application, record_ref)
        row = work.refuse_hours(record_ref, reason)
        record(f"award:{award.id}", "hours_refused", actor, reason=reason, record=row.ref)
        wait_again(application, row.worker, actor)


def take_back(bid_ref: str, record_ref: str, reason: str, actor: Actor) -> None:
    """Checked hours turned out wrong: the entry is reversed in the books and they stop counting. Refused: no reason."""
    with transaction():
        _award_of_hours(apply.locked(bid_ref), record_ref)
        work.take_back_and_uncount(record_ref, reason, actor)


def wait_again(application: Application, worker: str, actor: Actor) -> None:
    """A neighbour of whom nothing stands any more, hours or other help, is waited for again, as a part of an action."""
    db.session.flush()
    award = queries.award_of(application.id)
    gave = {row.pledge_id for row in queries.deliveries_of(award.id)} if award else set()
    for pledge in queries.pledges_of(application.id):
        helped = pledge.status in ("delivered", "checked")
        if helped and queries.worker_of(pledge) == worker and pledge.id not in gave and not worked.hours_of(pledge):
            move(pledge, "not_delivered", actor)


def _award_of_hours(application: Application, record_ref: str) -> Award:
    """The bid's award, locked, when these hours were given for it. NotFound."""
    award = db.session.scalar(
        select(Award)
        .join(Purpose, Purpose.about == "award:" + cast(Award.id, Text_))
        .join(WorkRecord, WorkRecord.purpose_id == Purpose.id)
        .where(WorkRecord.ref == record_ref, Award.application_id == application.id)
        .with_for_update(of=Award)
    )
    if award is None:
        raise NotFound(_("We cannot find those hours."))
    return award


# --- dates ---------------------------------------------------------------------------------------------------------------


def remind_invited() -> int:
    """Remind neighbours who were asked three days ago and have not answered, once (the worker's work)."""
    count = 0
    query = select(Pledge.id).join(Application, Application.id == Pledge.application_id).where(
        Pledge.status == "invited", Pledge.channel.in_(("email", "sms")), Pledge.invited_at < clock.now() - PATIENCE, Application.status.in_(MAY_ASK)
    )  # fmt: skip
    for pledge_id in db.session.scalars(
        query.where(~exists().where(Message.key == "pledge:" + cast(Pledge.id, Text_) + ":reminded"))
    ).all():
        with transaction():
            application, pledge = locked_pledge(pledge_id)
            values = {"asker": people.person(application.person_id).name, "title": application.title, "link": link_of(pledge)}
            text = Text(
                subject=_("Still time to help with “%(title)s”", **values),
                body=_(
                    "%(asker)s asked whether you can help with “%(title)s”.\n\nYes or no, in two taps:\n\n%(link)s\n\nWe will not remind you again.",
                    **values,
                ),
                short=_("%(asker)s asked for help with “%(title)s”. Yes or no: %(link)s", **values),
            )
            count += queue(
                f"pledge:{pledge.id}:reminded",
                Addressee(pledge.name, pledge.channel, pledge.contact, pledge.person_id),
                text,
                about=about(application),
            )
    return count


def expire() -> int:
    """Invitations that nobody answered end two weeks after the round has closed, in a rolling round after sixty days, and with
    the idea (the worker's work).
    """
    now = clock.now()
    late = (
        select(Pledge.id)
        .join(Application, Application.id == Pledge.application_id)
        .join(Round, Round.id == Application.round_id)
        .where(
            Pledge.status == "invited",
            or_(
                Round.closes_at < now - GRACE,
                and_(Round.closes_at.is_(None), Pledge.invited_at < now - ROLLING_GRACE),
                Application.status.not_in(MAY_ASK),
            ),
        )
    )
    count = 0
    ids = db.session.scalars(late).all()
    for pledge_id in ids:
        with transaction():
            _application, pledge = locked_pledge(pledge_id)
            if pledge.status == "invited":
                move(pledge, "expired", SCHEME)
                count += 1
    return count


# --- loading -------------------------------------------------------------------------------------------------------------


def locked(bid_ref: str, pledge_ref: str) -> tuple[Application, Pledge]:
    """A bid and one of its pledges, locked, as a part of an action. NotFound."""
    application = apply.locked(bid_ref)
    pledge = db.session.scalar(
        select(Pledge)
        .where(Pledge.ref == pledge_ref, Pledge.application_id == application.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if pledge is None:
        raise NotFound(_("We cannot find that neighbour in the list."))
    return application, pledge


def locked_pledge(pledge_id: int) -> tuple[Application, Pledge]:
    """A pledge and its bid, locked in the order bid, pledge, as a part of an action."""
    must_be_in_transaction()
    ref = db.session.scalar(select(Application.ref).join(Pledge, Pledge.application_id == Application.id).where(Pledge.id == pledge_id))
    pledge_ref = db.session.scalar(select(Pledge.ref).where(Pledge.id == pledge_id))
    if ref is None or pledge_ref is None:
        raise Conflict(_("That invitation is gone."))
    return locked(ref, pledge_ref)


def broken_caches() -> list[str]:
    """Lines about awards whose delivered minutes are not what the books say (asked by the ledger check)."""
    rows = db.session.execute(
        select(Award.id, Award.delivered, func.coalesce(State.credits - State.debits, 0))
        .outerjoin(Account, Account.code == "award:" + cast(Award.id, Text_) + ":delivered")
        .outerjoin(State, State.account_id == Account.id)
        .where(Award.delivered != func.coalesce(State.credits - State.debits, 0))
        .limit(50)
    )
    return [f"award:{id_} says {said} minutes delivered, the books {booked}" for id_, said, booked in rows]
