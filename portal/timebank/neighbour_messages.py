"""What is told about questions to neighbours, in the transaction of the fact: to the seats, to the people it is about, to the coordinator."""

from collections.abc import Iterable

from portal.db import db
from portal.money import hours
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.people.model import Person
from portal.timebank import neighbour_queries
from portal.timebank.members import name_of, persons_of
from portal.timebank.model import Exchange, Member
from portal.timebank.neighbours_model import NeighbourQuestion
from portal.web.filters import day as day_words
from portal.words import _


def _tell(question: NeighbourQuestion, what: str, to: Iterable[Person], text: Text) -> None:
    for someone in to:
        if someone.deleted_at is None:
            queue(
                f"neighbours:{question.id}:{what}:person:{someone.id}",
                people.addressee_of(someone),
                text,
                about=f"neighbours:{question.id}",
            )


def page_of(question: NeighbourQuestion) -> str:
    """The address of its page."""
    return address_of(f"/timebank/neighbours/{question.ref}")


def _sides(question: NeighbourQuestion) -> list[Person]:
    """Everybody whose hours it is about."""
    if question.exchange_id is not None:
        exchange = db.session.get_one(Exchange, question.exchange_id)
        return [*persons_of(exchange.giver), *persons_of(exchange.receiver)]
    return list(persons_of(db.session.get_one(Member, question.taker_id)))


def _coordinator(question: NeighbourQuestion) -> list[Person]:
    return [people.person(int(code.removeprefix("person:"))) for code in {question.decided_by} if code]


def seat_asked(question: NeighbourQuestion, person_id: int) -> None:
    """A seat is drawn: two minutes, and nobody learns that it was them."""
    values = {"link": page_of(question), "until": day_words(question.decide_by)}
    text = Text(
        subject=_("Two minutes for your panel"),
        body=_(
            "Three neighbours of your panel are asked about hours in the timebank, and you are one of them. Read what was said, and say what you think is fair. Nobody learns that it was you.\n\n%(link)s\n\nPlease do it by %(until)s. Do you know one of the people well? Say so there, and we ask somebody else.",
            **values,
        ),
        short=_("Your panel: three neighbours are asked about hours in the timebank, and you are one of them. By %(until)s: %(link)s", **values),
    )  # fmt: skip
    _tell(question, "asked", [people.person(person_id)], text)


def seat_reminded(question: NeighbourQuestion, person_id: int) -> None:
    """Once more, a few days before the end."""
    values = {"link": page_of(question), "until": day_words(question.decide_by)}
    text = Text(
        subject=_("Still open: two minutes for your panel"),
        body=_("Neighbours wait for what you think is fair. You have until %(until)s:\n\n%(link)s", **values),
        short=_("Your panel waits for what you think is fair, until %(until)s: %(link)s", **values),
    )
    _tell(question, "reminded", [people.person(person_id)], text)


def begun(question: NeighbourQuestion, exchange: Exchange) -> None:
    """Both sides and the coordinator hear that neighbours look at it."""
    values = {"day": day_words(exchange.day), "until": day_words(question.decide_by), "link": page_of(question)}
    text = Text(
        subject=_("Neighbours look at the hours of %(day)s", **values),
        body=_(
            "Three neighbours of a panel, who know neither of you, look at the hours of %(day)s. Each says what is fair, and the middle figure counts. You need do nothing. You hear by %(until)s.\n\n%(link)s",
            **values,
        ),
        short=_("Three neighbours look at the hours of %(day)s. You hear by %(until)s: %(link)s", **values),
    )
    _tell(question, "begun", [*_sides(question), *_coordinator(question)], text)


def proposed(question: NeighbourQuestion, taker: Member) -> None:
    """The member hears that hours of the pot were asked for them."""
    values = {"time": hours(question.most), "until": day_words(question.decide_by), "link": page_of(question)}
    text = Text(
        subject=_("Hours from the community pot: neighbours are asked"),
        body=_(
            "A coordinator would like to give you %(time)s from the community pot. It is a lot, so three neighbours of a panel say yes or no. You hear by %(until)s.\n\n%(link)s",
            **values,
        ),
        short=_("A coordinator would like to give you %(time)s from the community pot. Neighbours say yes or no by %(until)s: %(link)s", **values),
    )  # fmt: skip
    _tell(question, "begun", persons_of(taker), text)


def _reasons(question: NeighbourQuestion) -> str:
    return "\n".join(f"“{each.reason}”" for each in neighbour_queries.said(question) if each.reason)


def outcome(question: NeighbourQuestion) -> str:
    """What came of it, in one sentence for everybody whom it is about."""
    if question.exchange_id is not None:
        day = day_words(db.session.get_one(Exchange, question.exchange_id).day)
        if question.figure == question.stands:
            return _("The neighbours say the same as the coordinator about the hours of %(day)s.", day=day)
        if not question.figure:
            return _("The neighbours say that the hours of %(day)s do not count.", day=day)
        return _("The neighbours say that it was %(time)s on %(day)s. That is in the books now.", time=hours(question.figure), day=day)
    if question.figure:
        return _("The neighbours say yes to %(time)s from the community pot.", time=hours(question.figure))
    return _("The neighbours say no to %(time)s from the community pot.", time=hours(question.most))


def done(question: NeighbourQuestion) -> None:
    """Both sides, or the member, and the coordinator hear what came of it, with the reasons and without the names."""
    values = {"what": outcome(question), "reasons": _reasons(question), "link": page_of(question)}
    text = Text(
        subject=_("What the neighbours say"),
        body=_("%(what)s\n\nWhy, in their own words:\n\n%(reasons)s\n\n%(link)s", **values),
        short=_("%(what)s Why: %(link)s", **values),
    )
    _tell(question, "done", [*_sides(question), *_coordinator(question)], text)


def lapsed(question: NeighbourQuestion) -> None:
    """Too few spoke in time."""
    values = {"link": page_of(question)}
    if question.exchange_id is None:
        what = _("Too few neighbours spoke in time, so no hours were given. The coordinator can ask again.")
    elif question.stands is None:
        what = _("Too few neighbours spoke in time, so the coordinator decides.")
    else:
        what = _("Too few neighbours spoke in time, so what the coordinator said stands.")
    text = Text(
        subject=_("The neighbours did not decide"),
        body=_("%(what)s\n\n%(link)s", what=what, **values),
        short=_("%(what)s %(link)s", what=what, **values),
    )
    _tell(question, "lapsed", [*_sides(question), *_coordinator(question)], text)


def waits(question: NeighbourQuestion) -> None:
    """The coordinator hears why what was decided is not in the books yet."""
    values = {"why": question.waits, "link": page_of(question)}
    text = Text(
        subject=_("Decided, but not in the books yet"),
        body=_("The neighbours have decided. It is not in the books yet: %(why)s It goes there by itself as soon as that has changed.\n\n%(link)s", **values),
        short=_("The neighbours have decided, and it waits: %(why)s %(link)s", **values),
    )  # fmt: skip
    _tell(question, "waits", _coordinator(question), text)


def names_of(question: NeighbourQuestion) -> str:
    """Whom it is about, for the seats: "Idris helped Maya", or the member's name."""
    if question.exchange is not None:
        return _("%(giver)s helped %(receiver)s", giver=name_of(question.exchange.giver), receiver=name_of(question.exchange.receiver))
    assert question.taker is not None
    return name_of(question.taker)
