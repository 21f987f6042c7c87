"""What members are told, in the transaction of the fact: the question, the reminders, the receipts, and what a coordinator decides."""

from collections.abc import Iterable

from portal.money import Minutes, hours
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.people.model import Person
from portal.places.model import Area
from portal.timebank.members import coordinators_of, name_of, persons_of
from portal.timebank.model import Exchange, Member
from portal.timebank.rules import TimeRules
from portal.web.filters import day as day_words
from portal.words import _


def _tell(exchange: Exchange, what: str, to: Iterable[Person], text: Text) -> bool:
    """One message to each; whether any was new."""
    told = False
    for someone in to:
        told |= queue(
            f"exchange:{exchange.id}:{what}:person:{someone.id}", people.addressee_of(someone), text, about=f"exchange:{exchange.id}"
        )
    return told


def page_of(exchange: Exchange) -> str:
    """The address of its page for the two sides, who sign in."""
    return address_of(f"/timebank/exchanges/{exchange.ref}")


def ask(exchange: Exchange, logger: Member, other: Member, link: str, code: str, number: int = 0) -> bool:
    """Ask the other side whether it was so; `number` counts the reminders. Whoever typed it is not asked."""
    values = {
        "name": name_of(logger), "time": hours(exchange.minutes), "day": day_words(exchange.day), "kind": exchange.category.name, "link": link,
        "code": code, "until": day_words(exchange.settle_on), "who": name_of(other),
    }  # fmt: skip
    if exchange.logged_by == "giver":
        what = _("%(name)s says: I helped %(who)s for %(time)s on %(day)s (%(kind)s).", **values)
    else:
        what = _("%(name)s says: %(who)s helped me for %(time)s on %(day)s (%(kind)s).", **values)
    subject = _("Is it right? %(time)s with %(name)s", **values)
    text = Text(
        subject=_("Still open: %(subject)s", subject=subject) if number else subject,
        body=_(
            "%(what)s\n\nIs that right? Say yes, no, or how long it really was, in two taps. You need no password:\n\n%(link)s\n\nOr read these six digits out to %(name)s, which means yes: %(code)s\n\nIf you do nothing, it counts from %(until)s.",
            what=what, **values,
        ),
        short=_("%(what)s Right? Yes or no: %(link)s Or read out %(code)s for yes.", what=what, **values),
    )  # fmt: skip
    asked = [someone for someone in persons_of(other) if f"person:{someone.id}" != exchange.entered_by]
    return _tell(exchange, f"asked:{number}:{exchange.link_number}", asked, text)


def receipts(exchange: Exchange, giver: Member, receiver: Member, gave: Minutes, got: Minutes) -> None:
    """What is in the books now, to both, each with their own balance."""
    for side, other, has in ((giver, receiver, gave), (receiver, giver, got)):
        values = {
            "name": name_of(other), "time": hours(exchange.settled_minutes or 0), "day": day_words(exchange.day), "balance": hours(has),
            "kind": exchange.category.name, "link": page_of(exchange),
        }  # fmt: skip
        what = (
            _("You helped %(name)s for %(time)s on %(day)s (%(kind)s).", **values)
            if side is giver
            else _("%(name)s helped you for %(time)s on %(day)s (%(kind)s).", **values)
        )
        text = Text(
            subject=_("In the timebank: %(time)s with %(name)s", **values),
            body=_("%(what)s It is in the books now.\n\nYour balance: %(balance)s.\n\nIs something wrong? Tell us here:\n\n%(link)s", what=what, **values),
            short=_("%(what)s Your balance: %(balance)s. Something wrong? %(link)s", what=what, **values),
        )  # fmt: skip
        _tell(exchange, f"receipt:{exchange.entry_key}:{side.id}", persons_of(side), text)


def differs(exchange: Exchange, logger: Member, other: Member) -> None:
    """The other side says something else: who wrote it down may agree, and a coordinator looks."""
    said = exchange.answered_minutes or 0
    values = {
        "name": name_of(other), "time": hours(exchange.minutes), "theirs": hours(said), "day": day_words(exchange.day), "link": page_of(exchange),
    }  # fmt: skip
    what = (
        _("You wrote down %(time)s with %(name)s on %(day)s. %(name)s says it was %(theirs)s.", **values)
        if said
        else _("You wrote down %(time)s with %(name)s on %(day)s. %(name)s says that is not right.", **values)
    )
    text = Text(
        subject=_("%(name)s remembers it differently", **values),
        body=_("%(what)s\n\nIf you agree, say so here. If not, you need do nothing: a coordinator talks to you both.\n\n%(link)s", what=what, **values),
        short=_("%(what)s Agree, or leave it to a coordinator: %(link)s", what=what, **values),
    )  # fmt: skip
    _tell(exchange, f"differs:{said}", persons_of(logger), text)  # whoever corrects a mistaken tap is heard again
    tell_coordinators(exchange, "differs", (logger, other), _("Two members remember an exchange differently"))


def held(exchange: Exchange, giver: Member, receiver: Member) -> None:
    """It would take the receiver below the hard floor: the hours were given, so a coordinator finds a way."""
    values = {"name": name_of(giver), "who": name_of(receiver), "time": hours(exchange.minutes), "day": day_words(exchange.day)}
    text = Text(
        subject=_("A coordinator looks at your hours"),
        body=_(
            "%(who)s has received a lot of help lately, so a coordinator looks at the %(time)s of %(day)s first. Nobody did anything wrong, and the hours are not lost.",
            **values,
        ),
        short=_("A coordinator looks at the %(time)s of %(day)s first. The hours are not lost.", **values),
    )
    _tell(exchange, "held", [*persons_of(giver), *persons_of(receiver)], text)
    tell_coordinators(exchange, "held", (giver, receiver), _("An exchange waits, because of the receiver's floor"))


def withdrawn(exchange: Exchange, logger: Member, other: Member) -> None:
    """The other side need not answer any more."""
    values = {"name": name_of(logger), "time": hours(exchange.minutes), "day": day_words(exchange.day)}
    text = Text(
        subject=_("Taken back: %(time)s with %(name)s", **values),
        body=_("%(name)s has taken back what was written down for %(day)s (%(time)s). You need do nothing.", **values),
        short=_("%(name)s has taken back the %(time)s of %(day)s. You need do nothing.", **values),
    )
    _tell(exchange, "withdrawn", [someone for someone in persons_of(other) if f"person:{someone.id}" != exchange.entered_by], text)


def decided(exchange: Exchange, giver: Member, receiver: Member, reason: str) -> None:
    """What a coordinator decided, to both sides, with the reason; a figure comes with its own receipt."""
    if exchange.status == "settled":
        what = _(
            "A coordinator has looked at the hours of %(day)s: %(time)s stand.",
            day=day_words(exchange.day),
            time=hours(exchange.settled_minutes or 0),
        )
    else:
        what = _("A coordinator has looked at the hours of %(day)s: they do not count.", day=day_words(exchange.day))
    text = Text(
        subject=_("A coordinator has looked at your hours"),
        body=_("%(what)s\n\nWhy: %(reason)s\n\n%(link)s", what=what, reason=reason, link=page_of(exchange)),
        short=_("%(what)s Why: %(link)s", what=what, link=page_of(exchange)),
    )
    _tell(exchange, f"decided:{exchange.status}:{exchange.entry_key}", [*persons_of(giver), *persons_of(receiver)], text)


def wants_to_leave(exchange: Exchange, member: Member) -> None:
    """Hours that lie with a coordinator keep somebody from leaving."""
    subject = _("%(name)s wishes to leave, and hours of theirs wait for you", name=name_of(member))
    tell_coordinators(exchange, f"leaving:{member.id}", (exchange.giver, exchange.receiver), subject)


def questioned(exchange: Exchange, giver: Member, receiver: Member) -> None:
    """One side says that something in the books is wrong."""
    tell_coordinators(exchange, "questioned", (giver, receiver), _("Somebody says that an exchange is wrong"))


def soft_floor(exchange: Exchange, member: Member, has: Minutes, rules: TimeRules) -> None:
    """A friendly word to who received a lot, and to the coordinators; once each time the line is crossed."""
    values = {"balance": hours(has), "link": address_of("/timebank/"), "name": name_of(member), "floor": hours(rules.hard_floor)}
    text = Text(
        subject=_("Your time balance is %(balance)s", **values),
        body=_(
            "You have had a good deal of help lately, and your balance is %(balance)s. That is what the timebank is for. When you can, give an hour back: perhaps there is something small you like to do.\n\n%(link)s\n\nBelow %(floor)s a coordinator talks with you first.",
            **values,
        ),
        short=_("Your time balance is %(balance)s. When you can, give an hour back: %(link)s", **values),
    )
    _tell(exchange, f"soft-floor:{exchange.entry_key}", persons_of(member), text)
    tell_coordinators(exchange, f"soft-floor:{exchange.entry_key}", (member,), _("%(name)s is at %(balance)s", **values))


def area_limit(exchange: Exchange, giver: Member, receiver: Member, area: Area) -> None:
    """The coordinators of both areas hear that one has given, or received, a good deal more than the other."""
    tell_coordinators(
        exchange, f"area:{area.id}:{exchange.entry_key}", (giver, receiver), _("%(area)s and the others: time to look at the balance", area=area.name), "/timebank/areas",
    )  # fmt: skip


def given(member: Member, minutes: int, key: str) -> None:
    """Somebody, or a community pot, gave a member time."""
    values = {"time": hours(minutes), "link": address_of("/timebank/statement")}
    text = Text(
        subject=_("You have been given %(time)s", **values),
        body=_("You have been given %(time)s in the timebank. Spend it on something good:\n\n%(link)s", **values),
        short=_("You have been given %(time)s in the timebank: %(link)s", **values),
    )
    for someone in persons_of(member):
        queue(f"time-given:{key}:person:{someone.id}", people.addressee_of(someone), text, about=f"member:{member.id}")


def tell_coordinators(exchange: Exchange, what: str, whose: tuple[Member, ...], subject: str, path: str = "") -> None:
    """Tell the connectors of these members' areas, or the officers where there is none; nobody about their own."""
    found = coordinators_of([member.area_id for member in whose], whose)
    link = address_of(path or f"/timebank/desk/exchanges/{exchange.ref}")
    text = Text(subject=subject, body=_("%(subject)s. See what it is:\n\n%(link)s", subject=subject, link=link), short=f"{subject}: {link}")
    _tell(exchange, f"coordinator:{what}", found, text)


def left(member: Member, reason: str, number: int) -> None:
    """A coordinator closed their membership; where they come back, or say that it was a mistake. `number`: of the event."""
    values = {"why": reason, "link": address_of("/timebank/")}
    text = Text(
        subject=_("You are no longer a member of the timebank"),
        body=_("A coordinator has closed your membership of the timebank.\n\nWhy: %(why)s\n\nIf that is a mistake, call us. You can come back at any time:\n\n%(link)s", **values),
        short=_("A coordinator has closed your membership of the timebank. If that is a mistake, call us, or come back: %(link)s", **values),
        letter=_("A coordinator has closed your membership of the timebank.\n\nWhy: %(why)s\n\nIf that is a mistake, call us, or tell your connector. You can come back at any time.", **values),
    )  # fmt: skip
    for someone in persons_of(member):
        queue(f"left:{number}:person:{someone.id}", people.addressee_of(someone), text, about=f"member:{member.id}")
