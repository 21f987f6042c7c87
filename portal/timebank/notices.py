"""What members are told about offers, requests, conversations and promises, in the transaction of the fact. Never with an address."""

from collections.abc import Sequence

from portal.outbox import Text, address_of
from portal.people import queries as people
from portal.people.telling import SHORT, fitted, tell
from portal.places.queries import scheme
from portal.timebank.members import coordinators_of, name_of, persons_of
from portal.timebank.model import Member
from portal.timebank.posts_model import Conversation, Post, Promise, Relayed, Reported
from portal.web.filters import day as day_words
from portal.web.filters import when
from portal.words import N_, _


def first_name(member: Member) -> str:
    """What neighbours see: a first name, or the name of an organisation."""
    if member.person is None or member.person.deleted_at is not None:
        return name_of(member)
    return name_of(member).partition(" ")[0]


def page_of_post(post: Post) -> str:
    """The address of a post's page."""
    return address_of(f"/timebank/posts/{post.ref}")


def page_of(conversation: Conversation) -> str:
    """The address of a conversation's page, for its two sides."""
    return address_of(f"/timebank/conversations/{conversation.ref}")


def _by_telephone(conversation: Conversation) -> str:
    """How somebody without internet answers."""
    ours = scheme()
    return _(
        "To answer, call %(telephone)s and say this number: %(ref)s. Or tell your connector. We pass it on.",
        telephone=ours.telephone if ours is not None else "",
        ref=conversation.ref,
    )


# --- posts ---------------------------------------------------------------------------------------------------------------


def ends_soon(post: Post) -> bool:
    """Ask whether it is to stay, in time to keep it there without a gap. Whether anybody was told."""
    values = {"title": post.title, "day": day_words(post.ends_on), "link": page_of_post(post)}
    text = Text(
        subject=_("Is it still so? “%(title)s”", **values),
        body=_("You wrote: “%(title)s”\n\nIt leaves the list after %(day)s. Keep it there with one tap:\n\n%(link)s\n\nIf not, you need do nothing.", **values),
        short=_("“%(title)s” leaves the list after %(day)s. Keep it with one tap: %(link)s", **values),
        letter=_("You wrote: “%(title)s”\n\nIt leaves the list after %(day)s. Shall it stay? Then tell your connector, or call us.", **values),
    )  # fmt: skip
    return tell(f"post:{post.id}:ends:{post.ends_on}", f"post:{post.id}", persons_of(post.member), text)


def over(post: Post) -> bool:
    """It has left the list by its date. Whether anybody was told."""
    values = {"title": post.title, "link": page_of_post(post)}
    text = Text(
        subject=_("No longer in the list: “%(title)s”", **values),
        body=_("“%(title)s” has left the list, because its time is over. Put it up again with one tap whenever you like:\n\n%(link)s", **values),
        short=_("“%(title)s” has left the list. Put it up again with one tap: %(link)s", **values),
    )  # fmt: skip
    return tell(f"post:{post.id}:over:{post.ends_on}", f"post:{post.id}", persons_of(post.member), text)


def taken_down(post: Post, reason: str) -> None:
    """A coordinator took it down: why, to its owner."""
    values = {"title": post.title, "reason": reason}
    text = Text(
        subject=_("We took this down: “%(title)s”", **values),
        body=_("We took down what you wrote: “%(title)s”.\n\nWhy: %(reason)s\n\nYou may write it again in another way. Call us if you would like to talk about it.", **values),
        short=_("We took down “%(title)s”. Why: %(reason)s Call us if you would like to talk.", **values)[:SHORT],
    )  # fmt: skip
    tell(f"post:{post.id}:hidden", f"post:{post.id}", persons_of(post.member), text)


def no_longer_needed(conversation: Conversation, to: Member) -> None:
    """Whoever wrote about it and had no answer yet need not wait any more."""
    values = {"title": conversation.post.title, "link": address_of("/timebank/posts")}
    text = Text(
        subject=_("Thank you: “%(title)s” is done", **values),
        body=_("You wrote about “%(title)s”. It is not needed any more. Thank you for writing!\n\nSee what else neighbours ask and offer:\n\n%(link)s", **values),
        short=_("“%(title)s” is not needed any more. Thank you for writing! What else there is: %(link)s", **values),
    )  # fmt: skip
    tell(f"conversation:{conversation.id}:done", f"conversation:{conversation.id}", persons_of(to), text)


# --- conversations -------------------------------------------------------------------------------------------------------


def relay(conversation: Conversation, said: Relayed, sender: Member, receiver: Member) -> None:
    """Pass a message on by the receiver's own way; it carries the words, and a link instead of an address."""
    values = {"name": first_name(sender), "area": sender.area.name, "title": conversation.post.title, "link": page_of(conversation)}
    text = Text(
        subject=_("%(name)s writes: “%(title)s”", **values),
        body=_("%(name)s in %(area)s writes about “%(title)s”:\n\n%(words)s\n\nAnswer here. Your address stays with us:\n\n%(link)s", words=said.words, **values),
        short=fitted(N_("%(name)s: “%(words)s” Answer: %(link)s"), said.words, name=values["name"], link=values["link"]),
        letter=_("%(name)s in %(area)s writes about “%(title)s”:\n\n%(words)s\n\n%(how)s", words=said.words, how=_by_telephone(conversation), **values),
    )  # fmt: skip
    to = [someone for someone in persons_of(receiver) if someone.id != said.by_person_id]
    tell(f"relayed:{said.id}", f"conversation:{conversation.id}", to, text)


def no_reply_yet(conversation: Conversation, asked: Member, asker: Member) -> bool:
    """Remind who was written to. Whether anybody was told."""
    values = {"name": first_name(asker), "title": conversation.post.title, "link": page_of(conversation)}
    text = Text(
        subject=_("%(name)s waits for your answer", **values),
        body=_("%(name)s wrote to you about “%(title)s” and would like to know either way. A short yes or no is enough:\n\n%(link)s", **values),
        short=_("%(name)s waits for your answer about “%(title)s”. A yes or no is enough: %(link)s", **values),
        letter=_("%(name)s wrote to you about “%(title)s” and would like to know either way.\n\n%(how)s", how=_by_telephone(conversation), **values),
    )  # fmt: skip
    return tell(f"conversation:{conversation.id}:waits", f"conversation:{conversation.id}", persons_of(asked), text)


def no_reply(conversation: Conversation, asked: Member, asker: Member, others: Sequence[Post]) -> bool:
    """Tell who wrote first that no answer came, and what else there is. Whether anybody was told."""
    values = {"name": first_name(asked), "title": conversation.post.title, "link": address_of("/timebank/posts")}
    try_next = "".join(f"\n\n{other.title}\n{page_of_post(other)}" for other in others)
    after = (
        _("Perhaps one of these suits you:") + try_next if others else _("Perhaps there is something like it here:\n\n%(link)s", **values)
    )
    text = Text(
        subject=_("No answer yet: “%(title)s”", **values),
        body=_("%(name)s has not answered you about “%(title)s”. Life is busy; do not take it to heart.", **values) + f"\n\n{after}",
        short=_("%(name)s has not answered about “%(title)s”. See what else there is: %(link)s", **values | {"link": page_of_post(others[0]) if others else values["link"]}),
    )  # fmt: skip
    return tell(f"conversation:{conversation.id}:silent", f"conversation:{conversation.id}", persons_of(asker), text)


def reported(report: Reported, conversation: Conversation, own: Sequence[Member]) -> None:
    """Tell the connectors of the two areas, or the officers where there is none, or else an administrator; nobody about their own."""
    two = {someone.id for member in own for someone in persons_of(member)}
    found = coordinators_of([member.area_id for member in own], own) or [
        someone for someone in people.holders("administrator") if someone.id not in two
    ]
    link = address_of(f"/timebank/desk/reports/{report.id}")
    subject = _("Somebody says that something is wrong with a message")
    text = Text(
        subject=subject, body=_("%(subject)s. Please look at it soon:\n\n%(link)s", subject=subject, link=link), short=f"{subject}: {link}"
    )
    tell(f"reported:{report.id}", f"conversation:{conversation.id}", found, text)


def report_settled(report: Reported, conversation: Conversation, by: Member) -> None:
    """What came of it, to who said so."""
    text = Text(
        subject=_("We have looked at the message that you told us about"),
        body=_("Thank you for telling us. We have looked at it.\n\n%(outcome)s", outcome=report.outcome),
        short=fitted(N_("We have looked at the message that you told us about. %(words)s"), report.outcome),
    )
    tell(f"reported:{report.id}:settled", f"conversation:{conversation.id}", persons_of(by), text)


# --- promises ------------------------------------------------------------------------------------------------------------


def promise_values(promise: Promise, with_whom: Member) -> dict[str, str]:
    """What every sentence about a promise may say."""
    return {
        "name": first_name(with_whom), "when": when(promise.starts_at), "place": promise.place, "title": promise.conversation.post.title,
        "link": page_of(promise.conversation), "file": address_of(f"/timebank/promises/{promise.ref}.ics"),
    }  # fmt: skip


def proposed(promise: Promise, sender: Member, receiver: Member, said: Relayed, *, changed: bool) -> None:
    """Ask the other side whether day and place suit them."""
    values = promise_values(promise, sender)
    ask = (
        _("%(name)s asks for another day for “%(title)s”: %(when)s, %(place)s.", **values)
        if changed
        else _("%(name)s proposes a day for “%(title)s”: %(when)s, %(place)s.", **values)
    )
    text = Text(
        subject=_("Does this suit you? %(when)s", **values),
        body=_("%(ask)s\n\nSay yes, or propose another day:\n\n%(link)s", ask=ask, **values),
        short=fitted(N_("%(words)s Yes, or another day: %(link)s"), ask, link=values["link"]),
        letter=f"{ask}\n\n{_by_telephone(promise.conversation)}",
    )
    tell(f"relayed:{said.id}", f"conversation:{promise.conversation_id}", persons_of(receiver), text)


def agreed(promise: Promise, owner: Member, other: Member) -> None:
    """Both have it in writing, with a file for their calendar."""
    for side, with_whom in ((owner, other), (other, owner)):
        values = promise_values(promise, with_whom)
        text = Text(
            subject=_("Agreed: %(when)s with %(name)s", **values),
            body=_("“%(title)s”\n\n%(when)s, %(place)s, with %(name)s.\n\nPut it into your calendar:\n\n%(file)s\n\nChange it or call it off here:\n\n%(link)s", **values),
            short=fitted(N_("Agreed with %(name)s: %(when)s, %(words)s. Change it or call it off: %(link)s"), promise.place, name=values["name"], when=values["when"], link=values["link"]),
            letter=_("“%(title)s”\n\n%(when)s, %(place)s, with %(name)s.\n\nIf you cannot come: %(how)s", how=_by_telephone(promise.conversation), **values),
        )  # fmt: skip
        tell(f"promise:{promise.id}:agreed:{promise.sequence}", f"conversation:{promise.conversation_id}", persons_of(side), text)


def cancelled(promise: Promise, sender: Member, receiver: Member, said: Relayed) -> None:
    """Called off, with the kind words that came along."""
    values = promise_values(promise, sender)
    text = Text(
        subject=_("Called off: %(when)s", **values),
        body=_("%(name)s cannot make it: %(when)s, %(place)s.\n\n“%(words)s”\n\nTake it out of your calendar:\n\n%(file)s\n\nFind another day here:\n\n%(link)s", words=said.words, **values),
        short=fitted(N_("%(name)s cannot make it on %(when)s: “%(words)s” Another day: %(link)s"), said.words, name=values["name"], when=values["when"], link=values["link"]),
        letter=_("%(name)s cannot make it: %(when)s, %(place)s.\n\n“%(words)s”\n\n%(how)s", words=said.words, how=_by_telephone(promise.conversation), **values),
    )  # fmt: skip
    tell(f"relayed:{said.id}", f"conversation:{promise.conversation_id}", persons_of(receiver), text)


def how_was_it(promise: Promise, giver: Member, receiver: Member) -> bool:
    """The day after: write the hours down. Whether anybody was told."""
    told = False
    for side, with_whom, way in ((giver, receiver, "gave"), (receiver, giver, "received")):
        values = promise_values(promise, with_whom) | {"log": address_of(f"/timebank/log/{way}/{with_whom.ref}")}
        text = Text(
            subject=_("How was it with %(name)s?", **values),
            body=_("“%(title)s”, %(when)s. Did it happen? Then one of you writes the hours down, in three taps:\n\n%(log)s\n\nIf it did not, say so here:\n\n%(link)s", **values),
            short=_("How was it with %(name)s? Write the hours down: %(log)s It did not happen: %(link)s", **values),
            letter=_("“%(title)s”, %(when)s. Did it happen? Tell your connector how long it was, or call us.", **values),
        )  # fmt: skip
        told |= tell(f"promise:{promise.id}:after", f"conversation:{promise.conversation_id}", persons_of(side), text)
    return told


# --- matching ------------------------------------------------------------------------------------------------------------


def only_gives(member: Member, balance: str, period: str) -> bool:
    """To who gave a lot and never asked for anything. Whether anybody was told."""
    values = {"balance": balance, "link": address_of("/timebank/posts/new?kind=request")}
    text = Text(
        subject=_("You have given so much. What would help you?"),
        body=_("Your neighbours thank you: you have %(balance)s, and have never asked for anything. Receiving is part of it, and neighbours like to help. Is there something small?\n\n%(link)s", **values),
        short=_("You have %(balance)s and never asked for anything. Is there something small? %(link)s", **values),
    )  # fmt: skip
    return tell(f"nudge:{member.id}:{period}", f"member:{member.id}", persons_of(member), text)


def has_plenty(member: Member, balance: str, period: str) -> bool:
    """To who has a lot of time and has not used any for long. Whether anybody was told."""
    values = {"balance": balance, "link": address_of("/timebank/posts?kind=offer"), "home": address_of("/timebank/")}
    text = Text(
        subject=_("You have %(balance)s to use", **values),
        body=_("You have %(balance)s. See what neighbours offer:\n\n%(link)s\n\nOr give some hours to somebody who needs them:\n\n%(home)s", **values),
        short=_("You have %(balance)s to use. What neighbours offer: %(link)s Or give some away: %(home)s", **values),
    )  # fmt: skip
    return tell(f"nudge:{member.id}:{period}", f"member:{member.id}", persons_of(member), text)
