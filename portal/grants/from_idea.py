"""An idea from the wall becomes an application: words, photo and neighbours come along, and each neighbour is told once.

A yes to an idea is no yes to the dates of a grant. It comes along as it honestly is: who said it themselves, with their account or
through the link that went to their address, has confirmed; all others are asked. Nothing is cut: what the round's rules do not count is
shown, and counted by the same meter as everybody else's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from portal import clock, once, photos
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.events.model import Gathering
from portal.grants import apply, match, queries
from portal.grants.idea_model import BegunFromIdea, CarriedPledge
from portal.grants.model import Application, Award, Pledge
from portal.grants.moves import about
from portal.grants.rules import Meter, PledgeFact, RoundRules, meter, needed_match
from portal.history import BASES, Actor, record
from portal.ideas import cards, counting, moves
from portal.ideas import queries as ideas
from portal.ideas.model import Idea
from portal.money import Minutes, hours
from portal.outbox import Addressee, Text, queue
from portal.people import actions as people_actions
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.places.model import Area
from portal.web.filters import day
from portal.words import _

MOST_TITLE = 80  # letters of the name of a bid
LATELY = 14  # days in which nobody is told twice that an application has begun
TOLD = ("offered", "accepted", "declined", "lapsed")


@dataclass(frozen=True)
class Coming:
    """A neighbour as they would come along. `said`: whether they count as confirmed; `reached`: whether we can tell them."""

    name: str
    minutes: Minutes
    said: bool
    reached: bool


@dataclass(frozen=True)
class Look:
    """What would come along, and what the round's rules make of its largest grant."""

    coming: Sequence[Coming]
    meter: Meter
    too_much: Sequence[str]  # first names of who promises more than one person counts for
    cap: Minutes


# --- looking first -------------------------------------------------------------------------------------------------------


def look(idea: Idea, rules: RoundRules) -> Look:
    """What would come along, for the page before anything is begun. Writes nothing."""
    some = counting.neighbours_of(idea)
    ways = counting.addressees_of([each.pledge for each in some])
    coming = [Coming(each.pledge.name, each.minutes, each.proved, each.pledge.id in ways) for each in some]
    facts = [PledgeFact(each.key, "hours", each.minutes) for each in some if each.proved]
    _needed, minutes = needed_match(rules.most, rules)
    cap = Minutes(minutes * rules.person_percent // 100)
    return Look(coming, meter(rules.most, facts, rules), [each.name for each in coming if each.minutes > cap], cap)


def open_for(idea: Idea) -> Application | None:
    """The bid that is under way from an idea, with its round. One query."""
    return db.session.scalar(
        select(Application)
        .join(BegunFromIdea, BegunFromIdea.application_id == Application.id)
        .where(BegunFromIdea.idea_id == idea.id, BegunFromIdea.ended_at.is_(None))
        .options(joinedload(Application.round))
    )


# --- beginning -----------------------------------------------------------------------------------------------------------


def start(
    idea_ref: str, round_ref: str, who: Who, *, basis: str | None = None, organisation_id: int | None = None, name: str = "",
    contact: tuple[str, str] | None = None, data_dir: Path, once_key: str,
) -> str:  # fmt: skip
    """Begin an application from an idea; returns the bid's reference. The owner begins it, or a connector for them on a basis.

    `name` and `contact`: whose it is, for a card without an account. Refused: not on the wall, the round takes none, no basis, no name.
    Conflict: an application is under way from it.
    """
    copies: list[str] = []
    try:
        with transaction():
            if (done := once.claim(once_key)) is not None:
                return done
            ideas.hold()
            idea = ideas.locked(idea_ref)
            _may_begin(idea, who, basis)
            owner = _owner(idea, who, name, contact, basis)
            actor = Actor(who.id) if who.id == owner.id else Actor(who.id, owner.id, basis)
            application = apply.begin_draft(round_ref, owner.id, actor, organisation_id)
            _carry_words(application, idea)
            moves.take(idea, about(application), actor)
            copies += _carry_photo(application, idea, actor, data_dir)
            begun = BegunFromIdea(application_id=application.id, idea_id=idea.id, begun_at=clock.now())
            db.session.add(begun)
            db.session.flush()
            _carry_neighbours(begun, application, idea, owner, actor)
            record(about(application), "began_as_idea", actor, idea=idea.ref)
            once.keep(once_key, application.ref)
            return application.ref
    except BaseException:
        for file in copies:
            photos.drop(file, data_dir)
        raise


def _may_begin(idea: Idea, who: Who, basis: str | None) -> None:
    if not ideas.is_owner(who, idea):
        if not who.can("help others", idea):
            raise NotYours(_("We cannot find that idea."))
        if basis not in BASES:
            raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    _end_what_is_over(idea)
    if idea.status == "joined":
        raise Conflict(_("This idea has joined another one. Begin from that."))
    if idea.status == "taken" or db.session.scalar(_standing(idea)) is not None:
        raise Conflict(_("An application has begun from this idea already. One idea has one at a time."))


def _standing(idea: Idea) -> Select[BegunFromIdea]:
    return select(BegunFromIdea).where(BegunFromIdea.idea_id == idea.id, BegunFromIdea.ended_at.is_(None))


def _owner(idea: Idea, who: Who, name: str, contact: tuple[str, str] | None, basis: str | None) -> Person:
    """Whose application it is: the card's owner, or the person whom the connector names, whose card it is from now on."""
    if idea.owner_id is not None:
        return people.person(idea.owner_id)
    if idea.owner_contact:
        contact = contact or (idea.owner_channel, idea.owner_contact)
    if not (name or idea.owner_name):
        raise Refused(_("Write whose idea it is. An application needs somebody who asks."), "name")
    someone = people_actions.find_or_create_person(name or idea.owner_name, contact, idea.area_id, "", Actor(who.id, None, basis))
    db.session.refresh(idea)
    cards.give_to(idea, someone)
    return someone


def _carry_words(application: Application, idea: Idea) -> None:
    """The sentence is the name where it is short enough; all words are the answer."""
    short = idea.title if len(idea.title) <= MOST_TITLE else idea.title[: MOST_TITLE - 1].rpartition(" ")[0] + "…"
    parts = [idea.title] if short != idea.title or not idea.text else []
    application.title, application.area_id = short, idea.area_id
    application.idea = "\n\n".join([*parts, *([idea.text] if idea.text else [])])
    application.version += 1


def _carry_photo(application: Application, idea: Idea, actor: Actor, data_dir: Path) -> list[str]:
    """A copy of the card's photo, so that each may lose its own."""
    if idea.photo_file is None or not photos.path(idea.photo_file, data_dir).exists():
        return []
    picture = photos.Picture(photos.path(idea.photo_file, data_dir).read_bytes(), idea.photo_width, idea.photo_height)
    file = photos.keep(picture, data_dir)
    apply.attach(about(application), file, picture, idea.photo_alt, actor, public=True)
    return [file]


def _carry_neighbours(begun: BegunFromIdea, application: Application, idea: Idea, owner: Person, actor: Actor) -> None:
    """Each neighbour once. Who cannot come along (the helper who types, one too many) is shown as `left_behind`, never dropped in silence."""
    some = counting.neighbours_of(idea)
    ways = counting.addressees_of([each.pledge for each in some])
    before = _asked_lately(begun)
    for each in some:
        way = ways.get(each.pledge.id)
        contact = (way.channel, way.address) if way is not None and way.channel in ("email", "sms") else None
        try:
            pledge = match.bring_along(application, each.pledge.name, contact, each.pledge.person_id, each.minutes, actor, said=each.proved)
        except Refused:
            continue
        db.session.add_all(CarriedPledge(begun_id=begun.id, idea_pledge_id=said.id, pledge_id=pledge.id) for said in each.all)
        again = any(said.id in before for said in each.all)
        if way is not None and not (again and each.proved):
            _tell(application, pledge, way, owner, again=again)


def _asked_lately(begun: BegunFromIdea) -> frozenset[int]:
    """Ids of who is in and heard of an earlier application from this card these days: they have their page, and are not told the same twice."""
    lately = select(BegunFromIdea.id).where(
        BegunFromIdea.idea_id == begun.idea_id, BegunFromIdea.id != begun.id, BegunFromIdea.begun_at > clock.now() - timedelta(days=LATELY)
    )
    return frozenset(db.session.scalars(select(CarriedPledge.idea_pledge_id).where(CarriedPledge.begun_id.in_(lately))))


def _tell(application: Application, pledge: Pledge, way: Addressee, owner: Person, *, again: bool) -> None:
    values = {
        "name": pledge.name, "title": application.title, "link": match.link_of(pledge), "owner": owner.name.split()[0],
        "hours": hours(pledge.minutes),
    }  # fmt: skip
    if pledge.status == "confirmed":
        ask = _(
            "Your %(hours)s go along. When the dates are there you see them on your page, and say yes again. You can change your hours or take them back there at any time:\n\n%(link)s",
            **values,
        )
    else:
        ask = _("You said %(hours)s. Is that so? Say yes or no on your page, in two taps. You need no account:\n\n%(link)s", **values)
    text = Text(
        subject=_("“%(title)s” starts anew: are you still in?", **values) if again else _("“%(title)s” goes on: are you still in?", **values),
        body=_("Hello %(name)s,\n\nyou said “I’m in” to the idea “%(title)s”. %(owner)s asks for a small grant for it now.", **values) + "\n\n" + ask,
        short=_("“%(title)s” asks for a grant now. Are you still in with %(hours)s? %(link)s", **values),
    )  # fmt: skip
    queue(f"pledge:{pledge.id}:carried", way, text, about=about(application))


# --- what became of it ---------------------------------------------------------------------------------------------------


def follow() -> int:
    """Ideas whose application came to nothing are on the wall again; those whose grant is finished have happened (the worker's work)."""
    award = select(Award.id).where(Award.application_id == Application.id, Award.status == "closed").exists()
    over = (
        select(BegunFromIdea.id)
        .join(Application, Application.id == BegunFromIdea.application_id)
        .where(BegunFromIdea.ended_at.is_(None), or_(queries.OVER, award))
        .order_by(BegunFromIdea.id)
    )
    count = 0
    for id_ in db.session.scalars(over).all():
        with transaction():
            ideas.hold()
            begun = db.session.get_one(BegunFromIdea, id_, populate_existing=True)
            count += _end_what_is_over(ideas.locked_by_id(begun.idea_id))
    return count


def open_again(bid_ref: str) -> None:
    """The same for one bid at once, after it was withdrawn; nothing for one that began elsewhere."""
    idea_id = db.session.scalar(
        select(BegunFromIdea.idea_id)
        .join(Application, Application.id == BegunFromIdea.application_id)
        .where(Application.ref == bid_ref, BegunFromIdea.ended_at.is_(None))
    )
    if idea_id is not None:
        with transaction():
            ideas.hold()
            _end_what_is_over(ideas.locked_by_id(idea_id))


def _end_what_is_over(idea: Idea) -> bool:
    must_be_in_transaction()
    begun = db.session.scalar(_standing(idea))
    if begun is None:
        return False
    award = queries.award_of(begun.application_id)
    if award is not None and award.status == "closed":
        begun.ended_at = clock.now()
        moves.happened(idea)
        return True
    if db.session.scalar(select(Application.id).where(Application.id == begun.application_id, queries.OVER)) is not None:
        begun.ended_at = clock.now()
        moves.give_back(idea)
        return True
    return False


def became(ids: Sequence[int]) -> Mapping[int, Sequence[ideas.Became]]:
    """For the pages of ideas: what became of them, as far as it is for everybody. One query."""
    rows = db.session.execute(
        select(BegunFromIdea.idea_id, Application, Award)
        .join(Application, Application.id == BegunFromIdea.application_id)
        .outerjoin(Award, Award.application_id == Application.id)
        .where(BegunFromIdea.idea_id.in_(ids))
        .order_by(BegunFromIdea.id)
    )
    found: dict[int, list[ideas.Became]] = {}
    for idea_id, application, award in rows:
        found.setdefault(idea_id, []).extend(_story(application, award))
    return found


def _story(application: Application, award: Award | None) -> list[ideas.Became]:
    if application.sent_at is None:
        return []  # nobody else's matter yet
    told = [ideas.Became(_("An application for a small grant was sent."), clock.london_day(application.sent_at))]
    if application.status == "withdrawn":
        return [*told, ideas.Became(_("The application was taken back."), clock.london_day(application.saved_at))]
    if application.told and application.released_at is not None and application.status in TOLD:
        yes = application.decided == "yes"
        sentence = _("The panel said yes.") if yes else _("The panel said: not this time.")
        told.append(ideas.Became(sentence, clock.london_day(application.released_at), f"/register/{application.ref}"))
    if award is not None and award.status == "closed":
        told.append(ideas.Became(_("It happened."), clock.london_day(award.closed_at or clock.now()), f"/register/{application.ref}"))
    return told


@dataclass(frozen=True)
class Origin:
    """Where a bid began, in words for everybody, and the address of the card while everybody may read that."""

    words: str
    href: str = ""


def origin_of(application_id: int) -> Origin | None:
    """None: it did not begin as a card. One query."""
    row = db.session.execute(
        select(Idea, Area.name, Gathering.title)
        .join(BegunFromIdea, BegunFromIdea.idea_id == Idea.id)
        .join(Area, Area.id == Idea.area_id)
        .outerjoin(Gathering, Gathering.id == Idea.event_id)
        .where(BegunFromIdea.application_id == application_id)
    ).one_or_none()
    if row is None:
        return None
    idea, area, event = row
    if idea.event_id is not None:
        words = _("It began as a card at “%(event)s” in %(area)s, %(day)s.", event=event, area=area, day=day(idea.posted_at))
    else:
        words = _("It began as a card on the wall in %(area)s, %(day)s.", area=area, day=day(idea.posted_at))
    return Origin(words, f"/ideas/{idea.ref}" if ideas.for_all(idea) else "")


def left_behind(application_id: int) -> Sequence[str]:
    """First names of who is in on the card and not in the list of the bid: for the applicant, who may ask them. Two queries, or one."""
    begun = db.session.scalar(
        select(BegunFromIdea).where(BegunFromIdea.application_id == application_id).options(joinedload(BegunFromIdea.idea))
    )
    if begun is None:
        return []
    came = set(db.session.scalars(select(CarriedPledge.idea_pledge_id).where(CarriedPledge.begun_id == begun.id)))
    return [each.pledge.name for each in counting.neighbours_of(begun.idea) if not came.intersection(said.id for said in each.all)]


def next_link(idea_pledge_id: int) -> str:
    """Where a neighbour whose "I'm in" came along says yes again; "" while it has not, or when that bid is over. One query."""
    pledge = db.session.scalar(
        select(Pledge)
        .join(CarriedPledge, CarriedPledge.pledge_id == Pledge.id)
        .join(BegunFromIdea, BegunFromIdea.id == CarriedPledge.begun_id)
        .where(CarriedPledge.idea_pledge_id == idea_pledge_id, BegunFromIdea.ended_at.is_(None))
    )
    return match.link_of(pledge) if pledge is not None else ""


ideas.BECAME.append(became)
ideas.NEXT_LINKS.append(next_link)
