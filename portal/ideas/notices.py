"""What owners, neighbours who are in, and connectors are told about ideas. Each in the transaction of what it tells."""

from portal.ideas import counting, queries
from portal.ideas.model import Idea, IdeaJoin, IdeaLook, IdeaPledge
from portal.outbox import Addressee, Text, address_of, queue, queue_all
from portal.people import queries as people
from portal.people.model import Person
from portal.people.telling import fitted
from portal.web.filters import day
from portal.words import N_, _


def to_owner(idea: Idea) -> Addressee | None:
    """How the owner is told; None for a card of nobody, or of a name without a way."""
    if idea.owner is not None and idea.owner.deleted_at is None:
        return people.addressee_of(idea.owner)
    return Addressee(idea.owner_name, idea.owner_channel, idea.owner_contact) if idea.owner_contact else None


def page_of(idea: Idea) -> str:
    """The whole address of a card's page."""
    return address_of(f"/ideas/{idea.ref}")


def _owner_hears(idea: Idea, what: str, subject: str, body: str, short: str) -> bool:
    to = to_owner(idea)
    return to is not None and queue(
        f"{queries.about(idea)}:{what}", to, Text(subject=subject, body=body, short=short), about=queries.about(idea)
    )


def ends_soon(idea: Idea) -> bool:
    values = {"title": idea.title, "day": day(idea.ends_on), "link": page_of(idea)}
    return _owner_hears(
        idea, f"ends_soon:{idea.ends_on.isoformat()}", _("Shall “%(title)s” stay on the wall?", **values),
        _("Your idea “%(title)s” is on the wall until %(day)s.\n\nIs it still a good idea? One tap keeps it for another half year:\n\n%(link)s\n\nIf you have no account, sign in with this address, and the card is yours.", **values),
        _("“%(title)s” is on the wall until %(day)s. Keep it with one tap: %(link)s", **values),
    )  # fmt: skip


def over(idea: Idea) -> bool:
    values = {"title": idea.title, "link": page_of(idea)}
    return _owner_hears(
        idea, f"over:{idea.ends_on.isoformat()}", _("“%(title)s” has left the wall", **values),
        _("Half a year is over, so your idea “%(title)s” has left the wall. Nothing is lost: one tap pins it up again.\n\n%(link)s", **values),
        _("“%(title)s” has left the wall. One tap pins it up again: %(link)s", **values),
    )  # fmt: skip


def held(look: IdeaLook, idea: Idea) -> bool:
    values = {"title": idea.title, "link": page_of(idea)}
    return _owner_hears(
        idea, f"held:{look.id}", _("We look at “%(title)s” first", **values),
        _("A neighbour who helps in the scheme looks at your card “%(title)s” before it is on the wall again. That takes two working days at most.\n\n%(link)s", **values),
        _("A neighbour looks at “%(title)s” first. Two working days at most. %(link)s", **values),
    )  # fmt: skip


def let_go(look: IdeaLook, idea: Idea) -> bool:
    values = {"title": idea.title, "number": idea.number, "link": page_of(idea)}
    return _owner_hears(
        idea, f"let_go:{look.id}", _("“%(title)s” is on the wall", **values),
        _("Your idea “%(title)s” is on the wall as number %(number)d.\n\nShow it to your neighbours. Who likes it says “I’m in”:\n\n%(link)s", **values),
        _("“%(title)s” is on the wall, number %(number)d: %(link)s", **values),
    )  # fmt: skip


def taken_down(idea: Idea, why: str) -> bool:
    values = {"title": idea.title, "why": why}
    return _owner_hears(
        idea, "taken_down", _("We took “%(title)s” off the wall", **values),
        _("We took your card “%(title)s” off the wall.\n\n%(why)s\n\nYou may write it again in another way. If you do not agree, call us.", **values),
        fitted(N_("We took “%(title)s” off the wall: %(words)s"), why, title=idea.title),
    )  # fmt: skip


def please_look(look: IdeaLook, idea: Idea, keeper: Person) -> bool:
    values = {"title": idea.title, "day": day(look.due_on), "link": address_of("/ideas/desk/")}
    text = Text(
        subject=_("Please look at a card: %(title)s", **values),
        body=_("The card “%(title)s” waits for somebody to look at it. It is yours until %(day)s.\n\n%(link)s", **values),
        short=_("Please look at the card “%(title)s” by %(day)s: %(link)s", **values),
    )
    return queue(f"idea_look:{look.id}:{look.due_on.isoformat()}", people.addressee_of(keeper), text, about=queries.about(idea))


def report_settled(look: IdeaLook, idea: Idea) -> bool:
    assert look.by_id is not None
    values = {"title": idea.title, "answer": look.answer or _("It stays as it is.")}
    text = Text(
        subject=_("Thank you for telling us about “%(title)s”", **values),
        body=_("We have looked at the card “%(title)s”.\n\n%(answer)s\n\nThank you for telling us.", **values),
        short=fitted(N_("We have looked at “%(title)s”: %(words)s"), values["answer"], title=idea.title),
    )
    return queue(f"idea_look:{look.id}:settled", people.addressee_of(people.person(look.by_id)), text, about=queries.about(idea))


# --- who is in -----------------------------------------------------------------------------------------------------------


def you_are_in(pledge: IdeaPledge, idea: Idea, turn: int) -> bool:
    """The link to change it and to take it back, to the address that was given."""
    values = {"name": pledge.name, "title": idea.title, "link": counting.link_of(pledge)}
    text = Text(
        subject=_("Are you in? %(title)s", **values) if counting.waits(pledge) else _("You are in: %(title)s", **values),
        body=_("Hello %(name)s,\n\nsomebody said with this address that you are in with “%(title)s”. Was it you? One tap says yes. There you can also change your hours, or take it back:\n\n%(link)s\n\nYou need no account. We write again when something comes of it.", **values),
        short=_("Somebody said that you are in with “%(title)s”. Say yes, change it or take it back: %(link)s", **values),
    )  # fmt: skip
    return queue(
        f"idea_pledge:{pledge.id}:in:{turn}", Addressee(pledge.name, pledge.channel, pledge.contact), text, about=queries.about(idea)
    )


def given_back(idea: Idea) -> None:
    """Who is in hears that nothing came of an application, and that nothing is lost; once a day."""
    values = {"title": idea.title}
    words = _(
        "The application for a small grant for “%(title)s” has ended, and nothing came of it this time. The card is on the wall again. You are still in with what you said, and need do nothing.",
        **values,
    )
    _all_hear(idea, f"back:{idea.ends_on.isoformat()}", _("“%(title)s” is on the wall again", **values), words)


def says_something_else(look: IdeaLook, idea: Idea) -> None:
    """Who is in hears that the card has other words now."""
    values = {"title": idea.title, "text": idea.text}
    words = _(
        "You said “I’m in” to a card that says something else now. It reads:\n\n%(title)s\n%(text)s\n\nIf that is not for you, you can take it back on your page.",
        **values,
    )
    _all_hear(idea, f"anew:{look.id}", _("A card that you are in on has changed: %(title)s", **values), words)


def taken_off(pledge: IdeaPledge, idea: Idea, reason: str) -> bool:
    """Who was in hears why they are not any more."""
    way = counting.addressees_of([pledge]).get(pledge.id)
    values = {"name": pledge.name, "title": idea.title, "reason": reason}
    return way is not None and queue(
        f"idea_pledge:{pledge.id}:off", way,
        Text(
            subject=_("You are not in any more: %(title)s", **values),
            body=_("Hello %(name)s,\n\nwe took your “I’m in” off the card “%(title)s”.\n\n%(reason)s\n\nIf you do not agree, call us.", **values),
            short=fitted(N_("We took your “I’m in” off “%(title)s”: %(words)s"), reason, title=idea.title),
        ),
        about=queries.about(idea),
    )  # fmt: skip


def ended(idea: Idea, how: str) -> None:
    """Who is in hears that it happened, or was taken back."""
    values = {"title": idea.title}
    subject = _("It happened: %(title)s", **values) if how == "done" else _("“%(title)s” was taken back", **values)
    words = (
        _("“%(title)s” happened. Thank you for saying that you were in.", **values) if how == "done"
        else _("Whoever had the idea “%(title)s” has taken it back. You need do nothing. Thank you for saying that you were in.", **values)
    )  # fmt: skip
    _all_hear(idea, f"{how}:{idea.ends_on.isoformat()}", subject, words)


def joined(join: IdeaJoin, idea: Idea, into: Idea) -> None:
    """Both owners hear that two are one now; and who is in on the one that joined."""
    values = {"title": idea.title, "into": into.title, "link": page_of(into)}
    subject = _("Two ideas are one now: %(into)s", **values)
    words = _("“%(title)s” and “%(into)s” want the same, so they are one idea now. Whoever was in still is, once.\n\n%(link)s", **values)
    for each in (idea, into):
        _owner_hears(each, f"joined:{join.id}", subject, words, words.replace("\n\n", " "))
    _all_hear(idea, f"joined:{join.id}", subject, words)


def apart(join: IdeaJoin, idea: Idea) -> bool:
    values = {"title": idea.title, "link": page_of(idea)}
    return _owner_hears(
        idea, f"apart:{join.id}", _("“%(title)s” is on the wall by itself again", **values),
        _("Your idea “%(title)s” is on the wall by itself again, with everybody who was in on it.\n\n%(link)s", **values),
        _("“%(title)s” is on the wall by itself again: %(link)s", **values),
    )  # fmt: skip


def asked_to_join(join: IdeaJoin, idea: Idea, into: Idea, whom: Idea) -> bool:
    """The owner who has not said yes yet is asked. `whom`: their card, one of the two."""
    other = into if whom is idea else idea
    values = {"mine": whom.title, "other": other.title, "link": address_of(f"/ideas/joins/{join.ref}")}
    return _owner_hears(
        whom, f"asked:{join.ref}", _("Are these two the same idea?"),
        _("“%(mine)s” is yours. Somebody thinks that “%(other)s” wants the same, and asks to make one idea of them. More neighbours behind one idea help it to happen.\n\nSay yes or no:\n\n%(link)s", **values),
        _("Are “%(mine)s” and “%(other)s” the same idea? Yes or no: %(link)s", **values),
    )  # fmt: skip


def not_joined(join: IdeaJoin, idea: Idea, into: Idea) -> bool:
    """Whoever asked hears that the other side said no."""
    values = {"title": idea.title, "into": into.title}
    text = Text(
        subject=_("They stay two ideas"),
        body=_(
            "“%(title)s” and “%(into)s” stay two ideas: the other side would rather go on by itself. You can still help each other.",
            **values,
        ),
        short=_("“%(title)s” and “%(into)s” stay two ideas.", **values),
    )
    return queue(f"idea_join:{join.id}:no", people.addressee_of(people.person(join.asked_by_id)), text, about=queries.about(idea))


def _all_hear(idea: Idea, what: str, subject: str, words: str) -> None:
    """Each neighbour who is in and can be reached, once."""
    some = [each.pledge for each in counting.neighbours_of(idea)]
    ways = counting.addressees_of(some)
    texts = []
    for each in some:
        if (way := ways.get(each.id)) is None:
            continue
        link = counting.link_of(each)
        said = words + "\n\n" + _("Your page: %(link)s", link=link)
        texts.append((f"idea_pledge:{each.id}:{what}", way, Text(subject=subject, body=said, short=f"{subject}. {link}")))
    queue_all(texts, about=queries.about(idea))
