"""Taking one neighbour's "I'm in" off a card: by its owner or a connector, with a reason that the neighbour reads; it cannot be said again."""

from portal import clock
from portal.db import transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import Actor, record
from portal.ideas import counting, notices, queries
from portal.ideas.model import GONE, Idea, IdeaPledge
from portal.ideas.queries import about, helps, hold, is_owner
from portal.people.access import Nobody, Who
from portal.words import _


def looks_after(ref: str, who: Who | Nobody) -> Idea:
    """A card for its owner and who helps there. NotYours for everybody else."""
    idea = queries.by_ref(ref)
    _must_look_after(idea, who)
    return idea


def _must_look_after(idea: Idea, who: Who | Nobody) -> None:
    if not (is_owner(who, idea) or helps(who, idea)):
        raise NotYours(_("We cannot find that idea."))


def pledge_on(idea: Idea, pledge_ref: str) -> IdeaPledge:
    """One "I'm in" that counts on this card. NotFound."""
    found = next((each for each in counting.pledges_of(idea) if each.ref == pledge_ref), None)
    if found is None:
        raise NotFound(_("They are not in on this card any more."))
    return found


def take_off(ref: str, pledge_ref: str, reason: str, who: Who) -> None:
    """Out for good, on all the cards that are this idea: the link ends, and the address or account cannot say it again. The neighbour is
    told where there is a way. Twice changes nothing. Refused: no reason, the card is under way. NotFound: never on this card.
    """
    with transaction():
        hold()
        idea = queries.locked(ref)
        _must_look_after(idea, who)
        if not reason:
            raise Refused(_("Write why, in a few words. They read it."), "why")
        if counting.by_ref(pledge_ref).link_number == GONE:
            return
        root = queries.root_of(idea)
        if root.status == "taken":
            raise Refused(_("This idea is under way now. Take them off the list of the application."))
        pledge = pledge_on(idea, pledge_ref)
        notices.taken_off(pledge, root, reason)
        key = counting.neighbour_of(pledge)
        for each in [each for each in counting.pledges_of(root) if counting.neighbour_of(each) == key]:
            each.status, each.link_number, each.changed_at = "out", GONE, clock.now()
        counting.recount(root)
        record(about(idea), "in_taken_off", Actor(who.id), reason=reason, pledge=pledge.ref)
