"""What an event may be, in words and numbers: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from portal import clock
from portal.errors import Refused
from portal.events.model import Gathering
from portal.few import FEW
from portal.people.cash_words import all_cash_like
from portal.people.shield import not_for_the_public
from portal.people.worry_words import looked_at
from portal.words import N_, _

KINDS = {
    "fair": N_("Ideas fair"),
    "meeting": N_("Community of practice"),
    "hub": N_("Hub session"),
    "celebration": N_("Celebration"),
}
AHEAD = timedelta(days=366)
MOST_PLACES = 500
MOST_FRIENDS = 9
SAID = ("title", "what", "place", "access", "food")  # for everybody to read
WAYS = ("place", "access")  # of these, what says where to go: an address is no reason for a look there


@dataclass(frozen=True)
class Plan:
    """An event as typed. Day and times are those of London; all words are for everybody to read. `places` None: as many as come."""

    kind: str
    title: str
    what: str
    area_id: int | None
    place: str
    day: date
    starts: time
    ends: time
    places: int | None = None
    friends: int = 0
    step_free: str = ""
    hearing_loop: str = ""
    access: str = ""
    food: str = ""


def judge(plan: Plan, names: Iterable[str], today: date) -> None:
    """Refused, at its field, for whatever does not fit. `names`: of people it may be about, who stay out of what everybody reads."""
    if plan.kind not in KINDS:
        raise Refused(_("Choose what it is."), "kind")
    if not plan.title:
        raise Refused(_("Write what it is called."), "title")
    if not plan.place:
        raise Refused(_("Write where people meet."), "place")
    for field in SAID:
        if (private := not_for_the_public(getattr(plan, field), names)) is not None:
            raise Refused(_("Everybody can read this, so take out %(what)s.", what=private), field)
    if plan.day > today + AHEAD:
        raise Refused(_("That is more than a year ahead. Choose an earlier day."), "day")
    if plan.day < today:
        raise Refused(_("That day is over. Choose a day from today on."), "day")
    if plan.ends <= plan.starts:
        raise Refused(_("It ends before it begins. Check both times."), "ends")
    if plan.places is not None and not 1 <= plan.places <= MOST_PLACES:
        raise Refused(_("Write a number of places from 1 to %(most)d, or leave it empty.", most=MOST_PLACES), "places")
    if not 0 <= plan.friends <= MOST_FRIENDS:
        raise Refused(_("Write a number of friends from 0 to %(most)d.", most=MOST_FRIENDS), "friends")
    if not {plan.step_free, plan.hearing_loop} <= {"", "yes", "no"}:
        raise Refused(_("Choose something from the list."), "step_free")


def worrying(said: str, *, ways: str = "") -> frozenset[str]:
    """What in it asks for a look before everybody reads it, what is surely like cash too. `ways`: text that may say where to go."""
    return frozenset((*looked_at(said, ways=ways), *(each.word for each in all_cash_like(f"{said} {ways}") if each.surely)))


def words_that_worry(plan: Plan | Gathering) -> frozenset[str]:
    """The same of all that an event says."""
    return worrying(
        "\n".join(getattr(plan, field) for field in SAID if field not in WAYS), ways="\n".join(getattr(plan, field) for field in WAYS)
    )


def asks_for_a_look(gathering: Gathering, plan: Plan) -> bool:
    """Whether a change by somebody who helps nobody there is held: of what a neighbour's own says or where it is; new words that worry."""
    own = gathering.organisation_id is None and any(getattr(plan, field) != getattr(gathering, field) for field in (*SAID, "area_id"))
    return own or not words_that_worry(plan) <= words_that_worry(gathering)


def starts_at(gathering: Gathering) -> datetime:
    """The instant at which it begins, as London's clocks show it on that day."""
    return datetime.combine(gathering.day, gathering.starts, clock.LONDON)


def ends_at(gathering: Gathering) -> datetime:
    return datetime.combine(gathering.day, gathering.ends, clock.LONDON)


def is_over(gathering: Gathering) -> bool:
    return clock.now() >= ends_at(gathering)


def times(gathering: Gathering) -> str:
    """ "10:00 to 12:30"."""
    return _("%(starts)s to %(ends)s", starts=f"{gathering.starts:%H:%M}", ends=f"{gathering.ends:%H:%M}")


def is_public(gathering: Gathering) -> bool:
    """Whether everybody may read it: it is on, or was on and is cancelled."""
    return gathering.status in ("open", "cancelled") and gathering.decided_at is not None


def organised_by(gathering: Gathering) -> str:
    """Who organises it, for everybody to read: an organisation, somebody by name and role, or a neighbour by first name alone."""
    name = gathering.organiser.name
    if gathering.organisation is not None:
        return gathering.organisation.public_name
    if gathering.organiser.deleted_at is not None:
        return _("the connectors of %(area)s", area=gathering.area.name) if gathering.role else _("a neighbour")
    if gathering.role == "officer":
        return _("%(name)s, council officer", name=name)
    if gathering.role == "connector":
        return _("%(name)s, connector", name=name)
    return _("%(name)s, a neighbour", name=name.split(" ")[0])


def published(count: int) -> int | None:
    """How many came, for the public; None where that are too few to say."""
    return count if count >= FEW else None
