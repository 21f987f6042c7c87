"""What people are told about gifts and wishes, in the transaction of the fact. Never with an address of anybody."""

from collections.abc import Sequence
from datetime import date

from portal.gifts.model import GiftParty, GiftPost
from portal.gifts.parties import first_name, persons_of
from portal.gifts.suggestions import Suggestion
from portal.gifts.talks_model import GiftLook, GiftPromise, GiftSaid, GiftTalk
from portal.outbox import Addressee, Text, address_of, queue
from portal.people.model import Person
from portal.people.telling import fitted, tell
from portal.places.queries import scheme
from portal.web.filters import day as day_words
from portal.web.filters import when
from portal.words import N_, _, _n

MOST_LISTED = 12  # in a weekly letter


def page_of_post(post: GiftPost) -> str:
    """The address of a post's page."""
    return address_of(f"/gifts/{post.ref}")


def page_of(talk: GiftTalk) -> str:
    """The address of a talk's page, for its two sides."""
    return address_of(f"/gifts/talks/{talk.ref}")


def _by_telephone(ref: str) -> str:
    """How somebody without internet answers."""
    ours = scheme()
    telephone = ours.telephone if ours is not None else ""
    return _("To answer, call %(telephone)s and say this number: %(ref)s. Or tell your connector.", telephone=telephone, ref=ref)


# --- posts ---------------------------------------------------------------------------------------------------------------


def held(post: GiftPost, look: GiftLook) -> None:
    """A person looks at it first: by when, to its owner."""
    values = {"title": post.title, "day": day_words(look.look_by), "link": page_of_post(post)}
    text = Text(
        subject=_("We look at this first: “%(title)s”", **values),
        body=_("Thank you! A person looks at “%(title)s” before it stands on the board. You hear from us by %(day)s at the latest.\n\n%(link)s", **values),
        short=fitted(N_("A person looks at “%(words)s” first. You hear from us by %(day)s. %(link)s"), post.title, day=values["day"], link=values["link"]),
    )  # fmt: skip
    tell(f"gift look:{look.id}:held", f"gift:{post.id}", persons_of(post.party), text)


def shown(post: GiftPost) -> None:
    """Somebody has looked, and it stands on the board."""
    values = {"title": post.title, "link": page_of_post(post)}
    text = Text(
        subject=_("On the board now: “%(title)s”", **values),
        body=_("“%(title)s” stands on the board now. Thank you!\n\n%(link)s", **values),
        short=_("“%(title)s” stands on the board now. Thank you! %(link)s", **values),
    )
    tell(f"gift:{post.id}:shown:{post.version}", f"gift:{post.id}", persons_of(post.party), text)


def taken_down(post: GiftPost, reason: str) -> None:
    """A coordinator took it down: why, to its owner."""
    values = {"title": post.title, "reason": reason}
    text = Text(
        subject=_("We took this down: “%(title)s”", **values),
        body=_("We took down what you wrote: “%(title)s”.\n\nWhy: %(reason)s\n\nYou may write it again in another way. Call us if you would like to talk about it.", **values),
        short=fitted(N_("We took down “%(title)s”. Why: %(words)s Call us if you would like to talk."), reason, title=post.title),
    )  # fmt: skip
    tell(f"gift:{post.id}:hidden", f"gift:{post.id}", persons_of(post.party), text)


def ends_soon(post: GiftPost) -> bool:
    """Ask whether it is to stay, in time to keep it there without a gap. Whether anybody was told."""
    values = {"title": post.title, "day": day_words(post.ends_on), "link": page_of_post(post)}
    text = Text(
        subject=_("Is it still so? “%(title)s”", **values),
        body=_("You wrote: “%(title)s”\n\nIt leaves the board after %(day)s. Keep it there with one tap:\n\n%(link)s\n\nIf not, you need do nothing.", **values),
        short=_("“%(title)s” leaves the board after %(day)s. Keep it with one tap: %(link)s", **values),
        letter=_("You wrote: “%(title)s”\n\nIt leaves the board after %(day)s. Shall it stay? Then tell your connector, or call us.", **values),
    )  # fmt: skip
    return tell(f"gift:{post.id}:ends:{post.ends_on}", f"gift:{post.id}", persons_of(post.party), text)


def over(post: GiftPost) -> None:
    """It has left the boards by its date."""
    values = {"title": post.title, "link": page_of_post(post)}
    text = Text(
        subject=_("No longer on the board: “%(title)s”", **values),
        body=_("“%(title)s” has left the board, because its time is over. Put it up again with one tap whenever you like:\n\n%(link)s", **values),
        short=_("“%(title)s” has left the board. Put it up again with one tap: %(link)s", **values),
    )  # fmt: skip
    tell(f"gift:{post.id}:over:{post.ends_on}", f"gift:{post.id}", persons_of(post.party), text)


def not_needed(talk: GiftTalk) -> None:
    """Who wrote about a wish hears that it is not needed any more, once."""
    values = {"title": talk.post.title, "name": first_name(talk.owner)}
    text = Text(
        subject=_("Not needed any more: “%(title)s”", **values),
        body=_("%(name)s does not need “%(title)s” any more. Thank you for offering it!", **values),
        short=_("%(name)s does not need “%(title)s” any more. Thank you for offering it!", **values),
    )
    tell(f"gift talk:{talk.id}:not_needed", f"gift talk:{talk.id}", persons_of(talk.other), text)


# --- care ----------------------------------------------------------------------------------------------------------------


def please_look(look: GiftLook, post: GiftPost, to: Sequence[Person], *, late: bool = False) -> None:
    """Ask who looks, or (`late`) all who could, because nobody did in time."""
    values = {"title": post.title, "day": day_words(look.look_by), "link": address_of(f"/gifts/desk/looks/{look.id}")}
    what = {
        "new": _("Somebody new has written: “%(title)s”", **values),
        "worry": _("Please look at this: “%(title)s”", **values),
        "report": _("A neighbour says that something is wrong: “%(title)s”", **values),
        "message": _("A neighbour says that a message is wrong, about “%(title)s”", **values),
    }[look.kind]
    by = _("It should have been looked at by %(day)s.", **values) if late else _("Please look at it by %(day)s.", **values)
    text = Text(
        subject=what,
        body=f"{what}\n\n{by}\n\n{values['link']}",
        short=fitted(N_("%(words)s %(by)s %(link)s"), what, by=by, link=values["link"]),
    )
    tell(f"gift look:{look.id}:{'late' if late else 'look'}", f"gift look:{look.id}", to, text)


def looked_at(look: GiftLook, by: GiftParty) -> None:
    """What came of it, to who reported it."""
    text = Text(
        subject=_("We have looked at what you told us about"),
        body=_(
            "Thank you for telling us about “%(title)s”. We have looked at it.\n\n%(outcome)s", title=look.post.title, outcome=look.reason
        ),
        short=fitted(N_("We have looked at what you told us about. %(words)s"), look.reason),
    )
    tell(f"gift look:{look.id}:settled", f"gift look:{look.id}", persons_of(by), text)


# --- talks ---------------------------------------------------------------------------------------------------------------


def relay(talk: GiftTalk, said: GiftSaid, sender: GiftParty, receiver: GiftParty) -> None:
    """Pass a message on by the receiver's own way; it carries the words, and a link instead of an address."""
    values = {"name": first_name(sender), "title": talk.post.title, "link": page_of(talk)}
    text = Text(
        subject=_("%(name)s writes: “%(title)s”", **values),
        body=_("%(name)s writes about “%(title)s”:\n\n%(words)s\n\nAnswer here. Your address stays with us:\n\n%(link)s", words=said.words, **values),
        short=fitted(N_("%(name)s: “%(words)s” Answer: %(link)s"), said.words, name=values["name"], link=values["link"]),
        letter=_("%(name)s writes about “%(title)s”:\n\n%(words)s\n\n%(how)s", words=said.words, how=_by_telephone(talk.ref), **values),
    )  # fmt: skip
    to = [someone for someone in persons_of(receiver) if someone.id != said.by_person_id]
    tell(f"gift said:{said.id}", f"gift talk:{talk.id}", to, text)


def waits(talk: GiftTalk) -> None:
    """Remind the owner that a neighbour waits."""
    values = {"name": first_name(talk.other), "title": talk.post.title, "link": page_of(talk)}
    text = Text(
        subject=_("%(name)s waits for your answer", **values),
        body=_("%(name)s wrote to you about “%(title)s” and would like to know either way. A short yes or no is enough:\n\n%(link)s", **values),
        short=_("%(name)s waits for your answer about “%(title)s”. A yes or no is enough: %(link)s", **values),
        letter=_("%(name)s wrote to you about “%(title)s” and would like to know either way.\n\n%(how)s", how=_by_telephone(talk.ref), **values),
    )  # fmt: skip
    tell(f"gift talk:{talk.id}:waits", f"gift talk:{talk.id}", persons_of(talk.owner), text)


# --- promises ------------------------------------------------------------------------------------------------------------


def _values(row: GiftPromise, talk: GiftTalk, with_whom: GiftParty) -> dict[str, str]:
    return {
        "name": first_name(with_whom), "title": talk.post.title, "link": page_of(talk), "when": when(row.starts_at), "place": row.place,
        "file": address_of(f"/gifts/promises/{row.ref}.ics"), "back": day_words(row.back_on), "number": str(row.quantity),
    }  # fmt: skip


def _both(talk: GiftTalk) -> tuple[tuple[GiftParty, GiftParty], tuple[GiftParty, GiftParty]]:
    return (talk.owner, talk.other), (talk.other, talk.owner)


def _side(talk: GiftTalk, party_id: int) -> tuple[GiftParty, GiftParty]:
    """(that side, the other one)"""
    return (talk.owner, talk.other) if talk.owner_id == party_id else (talk.other, talk.owner)


def promised(row: GiftPromise, talk: GiftTalk, said: GiftSaid) -> None:
    """It is theirs: to whom it was promised, or whose help is taken up."""
    values = _values(row, talk, talk.owner)
    words = (
        _("%(name)s promises it to you: “%(title)s”", **values)
        if talk.post.kind == "gift"
        else _("%(name)s says yes please: “%(title)s”", **values)
    )
    many = _("How many: %(number)s", **values) + "\n\n" if row.quantity > 1 else ""
    back = _("It comes back on %(back)s.", **values) + "\n\n" if row.back_on is not None else ""
    text = Text(
        subject=words,
        body=f"{words}\n\n{many}{back}" + _("Now say when and where you meet:\n\n%(link)s", **values),
        short=fitted(N_("%(words)s Say when and where you meet: %(link)s"), words, link=values["link"]),
        letter=f"{words}\n\n{many}{back}{_by_telephone(talk.ref)}",
    )
    tell(f"gift said:{said.id}", f"gift talk:{talk.id}", persons_of(talk.other), text)


def meeting(row: GiftPromise, talk: GiftTalk, sender: GiftParty, said: GiftSaid) -> None:
    """When and where: to both, with a file for the calendar."""
    for me, them in _both(talk):
        values = _values(row, talk, them)
        text = Text(
            subject=_("%(when)s: “%(title)s”", **values),
            body=_("“%(title)s”\n\n%(when)s, %(place)s, with %(name)s.\n\nPut it into your calendar:\n\n%(file)s\n\nChange it or call it off here:\n\n%(link)s", **values),
            short=fitted(N_("You meet %(name)s: %(when)s, %(words)s. Change it or call it off: %(link)s"), row.place, name=values["name"], when=values["when"], link=values["link"]),
            letter=_("“%(title)s”\n\n%(when)s, %(place)s, with %(name)s.\n\nIf you cannot come: %(how)s", how=_by_telephone(talk.ref), **values),
        )  # fmt: skip
        to = [someone for someone in persons_of(me) if me is not sender or someone.id == said.by_person_id]
        tell(f"gift said:{said.id}", f"gift talk:{talk.id}", to, text)


def address_shown(row: GiftPromise, talk: GiftTalk) -> None:
    """The giver lets them see the address: on the page, after signing in, not in the message."""
    taker, giver = _side(talk, row.taker_id)
    values = _values(row, talk, giver)
    text = Text(
        subject=_("%(name)s lets you see the address", **values),
        body=_("%(name)s lets you see the address for “%(title)s”. Only you can see it, here:\n\n%(link)s", **values),
        short=fitted(N_("%(name)s lets you see the address for “%(words)s”: %(link)s"), values["title"], name=values["name"], link=values["link"]),
        letter=_("%(name)s lets you know the address for “%(title)s”. %(how)s", how=_by_telephone(talk.ref), **values),
    )  # fmt: skip
    tell(f"gift promise:{row.id}:address", f"gift talk:{talk.id}", persons_of(taker), text)


def tomorrow(row: GiftPromise, talk: GiftTalk) -> None:
    """Both are reminded of the day."""
    for me, them in _both(talk):
        values = _values(row, talk, them)
        text = Text(
            subject=_("Soon: %(when)s, “%(title)s”", **values),
            body=_("“%(title)s”\n\n%(when)s, %(place)s, with %(name)s.\n\nChange it or call it off here:\n\n%(link)s", **values),
            short=fitted(N_("You meet %(name)s: %(when)s, %(words)s. Change it or call it off: %(link)s"), row.place, name=values["name"], when=values["when"], link=values["link"]),
            letter=_("“%(title)s”\n\n%(when)s, %(place)s, with %(name)s.\n\nIf you cannot come: %(how)s", how=_by_telephone(talk.ref), **values),
        )  # fmt: skip
        tell(f"gift promise:{row.id}:soon:{row.sequence}", f"gift talk:{talk.id}", persons_of(me), text)


def let_go(row: GiftPromise, talk: GiftTalk, sender: GiftParty, said: GiftSaid) -> None:
    """Called off, with the kind words that came along."""
    me = talk.other if sender.id == talk.owner_id else talk.owner
    values = _values(row, talk, sender)
    text = Text(
        subject=_("Called off: “%(title)s”", **values),
        body=_("%(name)s cannot, about “%(title)s”:\n\n“%(words)s”\n\n%(link)s", words=said.words, **values),
        short=fitted(N_("%(name)s cannot: “%(words)s” %(link)s"), said.words, name=values["name"], link=values["link"]),
        letter=_("%(name)s cannot, about “%(title)s”:\n\n“%(words)s”\n\n%(how)s", words=said.words, how=_by_telephone(talk.ref), **values),
    )  # fmt: skip
    tell(f"gift said:{said.id}", f"gift talk:{talk.id}", persons_of(me), text)


def left(row: GiftPromise, talk: GiftTalk, stays: GiftParty) -> None:
    """The other side is not with us any more: what was promised is off. Only its owner, when they stay, has it free for others again."""
    values = {"title": talk.post.title, "link": page_of_post(talk.post) if stays.id == talk.owner_id else page_of(talk)}
    if stays.id != talk.owner_id:
        body = _(
            "The neighbour with whom you had agreed about “%(title)s” has left, so it is off. Your conversation:\n\n%(link)s", **values
        )
        short = _("The neighbour with whom you had agreed about “%(title)s” has left, so it is off: %(link)s", **values)
    else:
        body = _("The neighbour with whom you had agreed about “%(title)s” has left. It is free again:\n\n%(link)s", **values)
        short = _("The neighbour with whom you had agreed about “%(title)s” has left. It is free again: %(link)s", **values)
    text = Text(subject=_("Called off: “%(title)s”", **values), body=body, short=short)
    tell(f"gift promise:{row.id}:left", f"gift:{talk.post_id}", persons_of(stays), text)


def was_for(row: GiftPromise, talk: GiftTalk) -> None:
    """What the wish was for has come to an end, and the two have agreed to meet: to the promised one, who may go on or call it off."""
    values = _values(row, talk, talk.owner)
    text = Text(
        subject=_("Still as you agreed? “%(title)s”", **values),
        body=_("What %(name)s needed “%(title)s” for has come to an end. You meet %(when)s, as you agreed, if both of you still want to. If not, call it off here:\n\n%(link)s", **values),
        short=fitted(N_("What %(name)s needed “%(words)s” for has ended. Meet all the same, or call it off: %(link)s"), values["title"], name=values["name"], link=values["link"]),
        letter=_("What %(name)s needed “%(title)s” for has come to an end. You meet %(when)s, as you agreed, if both of you still want to. %(how)s", how=_by_telephone(talk.ref), **values),
    )  # fmt: skip
    tell(f"gift promise:{row.id}:was_for", f"gift talk:{talk.id}", persons_of(talk.other), text)


def how_was_it(row: GiftPromise, talk: GiftTalk) -> None:
    """The day after: was it handed over?"""
    for me, them in _both(talk):
        values = _values(row, talk, them)
        text = Text(
            subject=_("How was it with %(name)s?", **values),
            body=_("“%(title)s”, %(when)s. Was it handed over? Say so in one tap:\n\n%(link)s", **values),
            short=_("How was it with %(name)s? Was “%(title)s” handed over? One tap: %(link)s", **values),
            letter=_("“%(title)s”, %(when)s. Was it handed over? %(how)s", how=_by_telephone(talk.ref), **values),
        )
        tell(f"gift promise:{row.id}:after:{row.sequence}", f"gift talk:{talk.id}", persons_of(me), text)


def handed(row: GiftPromise, talk: GiftTalk, sender: GiftParty) -> None:
    """It was handed over: the other side hears it; whoever received it may say thank you."""
    me = talk.other if sender.id == talk.owner_id else talk.owner
    values = _values(row, talk, sender)
    ask = _("Would you like to say thank you?", **values) if me.id == row.taker_id else _("Lovely. Thank you!")
    text = Text(
        subject=_("Handed over: “%(title)s”", **values),
        body=_("%(name)s says that “%(title)s” was handed over. %(ask)s\n\n%(link)s\n\nIf it is not so, say that there, within a week.", ask=ask, **values),
        short=fitted(N_("%(name)s says that “%(words)s” was handed over. %(ask)s %(link)s"), values["title"], name=values["name"], ask=ask, link=values["link"]),
        letter=_("%(name)s says that “%(title)s” was handed over. %(how)s", how=_by_telephone(talk.ref), **values),
    )  # fmt: skip
    tell(f"gift promise:{row.id}:handed", f"gift talk:{talk.id}", persons_of(me), text)


def thanks(row: GiftPromise, talk: GiftTalk, sender: GiftParty, said: GiftSaid) -> None:
    """A thank you, to who gave."""
    giver, _taker = _side(talk, row.giver_id)
    values = _values(row, talk, sender)
    text = Text(
        subject=_("%(name)s says thank you", **values),
        body=_("%(name)s says thank you for “%(title)s”:\n\n“%(words)s”", words=said.words, **values),
        short=fitted(N_("%(name)s says thank you: “%(words)s”"), said.words, name=values["name"]),
    )
    tell(f"gift said:{said.id}", f"gift talk:{talk.id}", persons_of(giver), text)


# --- loans ---------------------------------------------------------------------------------------------------------------


def bring_back(row: GiftPromise, talk: GiftTalk, *, late: bool) -> None:
    """Who has it is reminded; when it is late, who lent it hears that we asked."""
    taker, giver = _side(talk, row.taker_id)
    values = _values(row, talk, giver)
    ask = (
        _("%(name)s would like “%(title)s” back: it was for %(back)s.", **values)
        if late
        else _("“%(title)s” goes back to %(name)s on %(back)s.", **values)
    )
    text = Text(
        subject=_("Time to bring it back: “%(title)s”", **values),
        body=_("%(ask)s\n\nSay when you bring it, or ask to keep it longer:\n\n%(link)s", ask=ask, **values),
        short=fitted(N_("%(words)s Say when, or ask for longer: %(link)s"), ask, link=values["link"]),
        letter=f"{ask}\n\n{_by_telephone(talk.ref)}",
    )
    key = f"gift promise:{row.id}:back:{row.back_on}:{row.back_told}"
    tell(key, f"gift talk:{talk.id}", persons_of(taker), text)
    if late:
        said = _values(row, talk, taker)
        text = Text(
            subject=_("Is it back? “%(title)s”", **said),
            body=_("%(name)s has “%(title)s” since longer than %(back)s. We have asked them. Is it back? Say so in one tap, or let them keep it longer:\n\n%(link)s", **said),
            short=fitted(N_("Is “%(words)s” back? Say so, or let %(name)s keep it longer: %(link)s"), said["title"], name=said["name"], link=said["link"]),
            letter=_("%(name)s has “%(title)s” since longer than %(back)s. We have asked them. %(how)s", how=_by_telephone(talk.ref), **said),
        )  # fmt: skip
        tell(key, f"gift talk:{talk.id}", persons_of(giver), text)


def came_back(row: GiftPromise, talk: GiftTalk) -> None:
    """It is back: thank you, to who had it."""
    taker, giver = _side(talk, row.taker_id)
    values = _values(row, talk, giver)
    text = Text(
        subject=_("Back again: “%(title)s”", **values),
        body=_("%(name)s has “%(title)s” again. Thank you!", **values),
        short=_("%(name)s has “%(title)s” again. Thank you!", **values),
    )
    tell(f"gift promise:{row.id}:came_back", f"gift talk:{talk.id}", persons_of(taker), text)


# --- the weekly letter ---------------------------------------------------------------------------------------------------


def weekly(someone: Person, fitting: Sequence[Suggestion], others: Sequence[GiftPost], token: str, day: date) -> bool:
    """What is new, by e-mail, with a link that changes or stops it without signing in; the key names the day, so that it comes once.

    What may fit the reader's own posts comes first, with the reasons; of a long list the newest. Whether it was queued.
    """
    assert someone.email
    new = len(fitting) + len(others)
    lines = [_fit(each) for each in fitting[:MOST_LISTED]]
    lines += [f"{_line(each)}\n{page_of_post(each)}" for each in others[: MOST_LISTED - len(lines)]]
    if new > len(lines):
        lines.append(_n("And one more on the boards:", "And %(num)d more on the boards:", new - len(lines)) + "\n" + address_of("/gifts/"))
    subject = _n("One new gift or wish near you", "%(num)d new gifts and wishes near you", new)
    link = address_of(f"/gifts/weekly/by/{token}")
    stop = _("You asked for this letter. It comes on Thursdays, and only when something is new. Change or stop it with one tap:\n%(link)s", link=link)  # fmt: skip
    text = Text(subject=subject, body="\n\n".join((_("New on the boards:"), *lines, stop)), short=subject, way_out=link)
    to = Addressee(someone.name, "email", someone.email, someone.id)
    return queue(f"gift weekly:{day.isoformat()}:person:{someone.id}", to, text, about=f"person:{someone.id}")


def _line(post: GiftPost) -> str:
    values = {"title": post.title, "area": post.area.name}
    return _("Gift: “%(title)s”, %(area)s", **values) if post.kind == "gift" else _("Wish: “%(title)s”, %(area)s", **values)


def _fit(each: Suggestion) -> str:
    assert each.post is not None
    own = _("It may fit what you wrote: “%(title)s”. %(why)s.", title=each.mine.title, why="; ".join(each.reasons))
    return f"{_line(each.post)}\n{own}\n{page_of_post(each.post)}"
