"""What people are told of sessions, in the transaction of the fact."""

from collections.abc import Iterable, Mapping, Sequence

from portal.money import Minutes, hours
from portal.outbox import Addressee, Text, address_of, queue, queue_all
from portal.people import queries as people
from portal.people.model import Person
from portal.people.telling import fitted
from portal.timebank.members import coordinators_of, name_of, persons_of
from portal.timebank.model import Member
from portal.timebank.rules import TimeRules
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.web.filters import day as day_words
from portal.words import N_, _, _n


def about(session: TimeSession) -> str:
    """How events, messages and the books name it."""
    return f"session:{session.id}"


def page_of(session: TimeSession) -> str:
    """The address of its page."""
    return address_of(f"/timebank/sessions/{session.ref}")


def times(session: TimeSession) -> str:
    """ "10:00 to 12:30"."""
    return _("%(starts)s to %(ends)s", starts=f"{session.starts:%H:%M}", ends=f"{session.ends:%H:%M}")


def _values(session: TimeSession) -> dict[str, str]:
    return {
        "title": session.title, "day": day_words(session.day), "times": times(session), "place": session.place, "link": page_of(session),
        "reason": session.reason,
    }  # fmt: skip


def _tell(session: TimeSession, what: str, to: Iterable[Person], text: Text) -> bool:
    """One message to each; whether any was new."""
    told = False
    for someone in to:
        if someone.deleted_at is None:
            told |= queue(f"session:{session.id}:{what}:person:{someone.id}", people.addressee_of(someone), text, about=about(session))
    return told


# --- before --------------------------------------------------------------------------------------------------------------


def moved_up(session: TimeSession, member: Member, turn: int) -> None:
    """Somebody on the waiting list has a place now. `turn`: which time it is for this member, so that each is told."""
    values = _values(session)
    text = Text(
        subject=_("You have a place: %(title)s", **values),
        body=_(
            "A place is free for you: %(title)s, %(day)s, %(times)s, %(place)s.\n\nYou need do nothing. If you cannot come, say so here, and the next person has it:\n\n%(link)s",
            **values,
        ),
        short=_("You have a place: %(title)s, %(day)s, %(times)s. Cannot come? %(link)s", **values),
        letter=_(
            "A place is free for you: %(title)s, %(day)s, %(times)s, %(place)s.\n\nYou need do nothing. If you cannot come, tell your connector or call us, and the next person has it.",
            **values,
        ),
    )
    _tell(session, f"moved_up:{turn}", persons_of(member), text)


def changed(session: TimeSession, to: Iterable[Member]) -> None:
    """Another day, time or place, to everybody who signed up."""
    values = _values(session)
    text = Text(
        subject=_("Changed: %(title)s", **values),
        body=_(
            "This has changed. It is now: %(title)s, %(day)s, %(times)s, %(place)s.\n\nIf you cannot come then, say so here:\n\n%(link)s",
            **values,
        ),
        short=_("Changed: %(title)s is now %(day)s, %(times)s, %(place)s. Cannot come? %(link)s", **values | {"place": session.place[:60]}),
        letter=_(
            "This has changed. It is now: %(title)s, %(day)s, %(times)s, %(place)s.\n\nIf you cannot come then, tell your connector, or call us.",
            **values,
        ),
    )
    _tell(session, f"changed:{session.version}", [someone for member in to for someone in persons_of(member)], text)


def cancelled(session: TimeSession, to: Iterable[Member]) -> None:
    """It does not happen, and why, to everybody who signed up or waits."""
    values = _values(session)
    text = Text(
        subject=_("Cancelled: %(title)s on %(day)s", **values),
        body=_("%(title)s on %(day)s does not take place.\n\nWhy: %(reason)s\n\nOther things to do:\n\n%(link)s", **values),
        short=_("%(title)s on %(day)s does not take place: %(reason)s", **values | {"reason": session.reason[:150]}),
    )
    _tell(session, "cancelled", [someone for member in to for someone in persons_of(member)], text)


def reason_changed(session: TimeSession, to: Iterable[Member]) -> None:
    """Why it does not happen, in other words, to everybody who signed up or waited; once for each time it is said in another way."""
    values = _values(session)
    text = Text(
        subject=_("Why %(title)s is cancelled", **values),
        body=_("%(title)s on %(day)s does not take place, as we told you. We say now in other words why:\n\n%(reason)s", **values),
        short=fitted(
            N_("Why %(title)s on %(day)s does not take place: %(words)s"), session.reason, title=session.title[:100], day=values["day"]
        ),
    )
    _tell(session, f"reason:{session.version}", [someone for member in to for someone in persons_of(member)], text)


def close_it(session: TimeSession, number: int) -> bool:
    """A word to whoever organised it: nobody has their hours yet. `number` counts the reminders."""
    values = _values(session)
    text = Text(
        subject=_("Close “%(title)s”, so that people get their hours", **values),
        body=_("%(title)s was on %(day)s. Say who was there and for how long, and close it. It takes two minutes:\n\n%(link)s", **values),
        short=_("%(title)s was on %(day)s. Close it, so that people get their hours: %(link)s", **values),
    )
    return _tell(session, f"close_it:{number}", [session.organiser], text)


def welcome(session: TimeSession, member: Member, by: str) -> None:
    """Somebody became a member at the session, by the organiser's hand: they hear of it, and can say no."""
    values = _values(session) | {"by": by, "number": member.ref, "home": address_of("/timebank/")}
    text = Text(
        subject=_("Welcome to the timebank"),
        body=_(
            "%(by)s wrote you down at “%(title)s” on %(day)s, and says that you want to be a member of the timebank. Your number is %(number)s.\n\nAn hour that you give is an hour that you can get:\n\n%(home)s\n\nDid you not say that? Tell us, and we take it back.",
            **values,
        ),
        short=_("Welcome to the timebank! %(by)s wrote you down. Your number: %(number)s. Not so? Tell us. %(home)s", **values),
        letter=_(
            "%(by)s wrote you down at “%(title)s” on %(day)s, and says that you want to be a member of the timebank. Your number is %(number)s.\n\nAn hour that you give is an hour that you can get.\n\nDid you not say that? Tell your connector or call us, and we take it back.",
            **values,
        ),
    )
    _tell(session, f"welcome:{member.id}", persons_of(member), text)


# --- after ---------------------------------------------------------------------------------------------------------------


def receipts(session: TimeSession, given: Sequence[tuple[Member, Minutes]], after: dict[int, Minutes]) -> None:
    """What is in the books now, to each, with their own balance (`after`, minutes by member)."""
    values = _values(session) | {"link": page_of(session) + "/wrong"}
    some: list[tuple[str, Addressee, Text]] = []
    for member, minutes in given:
        values |= {"time": hours(minutes), "balance": hours(after[member.id])}
        text = Text(
            subject=_("In the timebank: %(time)s for “%(title)s”", **values),
            body=_(
                "Thank you! You gave %(time)s at “%(title)s” on %(day)s. It is in the books now.\n\nYour balance: %(balance)s.\n\nIs something wrong? Tell us here:\n\n%(link)s",
                **values,
            ),
            short=_("Thank you! %(time)s for “%(title)s”, %(day)s. Your balance: %(balance)s. Something wrong? %(link)s", **values),
            letter=_(
                "Thank you! You gave %(time)s at “%(title)s” on %(day)s. It is in the books now.\n\nYour balance: %(balance)s.\n\nIs something wrong? Tell your connector when you see them, or call us.",
                **values,
            ),
        )
        for someone in [member.person] if member.person is not None else persons_of(member):  # an organisation may be paid by a pot
            some.append((f"session:{session.id}:receipt:person:{someone.id}", people.addressee_of(someone), text))
    queue_all(some, about=about(session))


def paid(session: TimeSession, payer: Member, people_count: int, total: int, after: Minutes, rules: TimeRules) -> None:
    """The receipt of who pays for it; below the soft floor with a friendly word, and one to the coordinators."""
    values = _values(session) | {"time": hours(total), "balance": hours(after), "name": name_of(payer)}
    count = _n("one person", "%(num)d people", people_count)
    crossed = after < rules.soft_floor <= after + total
    word = "\n\n" + _("That is what the timebank is for. When you can, give some time back.") if crossed else ""
    text = Text(
        subject=_("Closed: “%(title)s”, %(time)s", **values),
        body=_("%(time)s went to %(count)s for “%(title)s” on %(day)s.\n\nBalance of %(name)s: %(balance)s.%(word)s\n\n%(link)s", count=count, word=word, **values),
        short=_("%(time)s went to %(count)s for “%(title)s”. Balance of %(name)s: %(balance)s. %(link)s", count=count, **values),
    )  # fmt: skip
    _tell(session, "paid", persons_of(payer), text)
    if crossed:
        tell_coordinators(session, "soft-floor", payer, _("%(name)s is at %(balance)s", **values))


def paid_by_many(session: TimeSession, giver: Member, lines: Sequence[tuple[Member, int]], after: Mapping[int, Minutes]) -> None:
    """What each has given for what they received, with their own balance (`after`, minutes by member)."""
    values = _values(session) | {"giver": name_of(giver), "link": page_of(session) + "/wrong"}
    some: list[tuple[str, Addressee, Text]] = []
    for member, minutes in lines:
        values |= {"time": hours(minutes), "balance": hours(after[member.id])}
        text = Text(
            subject=_("From your time: %(time)s for “%(title)s”", **values),
            body=_(
                "%(giver)s gave time at “%(title)s” on %(day)s, and you were there. %(time)s of yours went to them.\n\nYour balance: %(balance)s. Below zero is fine.\n\nIs something wrong? Tell us here:\n\n%(link)s",
                **values,
            ),
            short=_("%(time)s of your time for “%(title)s”, %(day)s. Your balance: %(balance)s. Something wrong? %(link)s", **values),
            letter=_(
                "%(giver)s gave time at “%(title)s” on %(day)s, and you were there. %(time)s of yours went to them.\n\nYour balance: %(balance)s. Below zero is fine.\n\nIs something wrong? Tell your connector when you see them, or call us.",
                **values,
            ),
        )
        if member.person is not None:
            some.append((f"session:{session.id}:paid:person:{member.person.id}", people.addressee_of(member.person), text))
    queue_all(some, about=about(session))


def got_from_many(session: TimeSession, giver: Member, people_count: int, total: int, has: Minutes) -> None:
    """What the one who gave to all has got."""
    values = _values(session) | {"time": hours(total), "balance": hours(has), "name": name_of(giver)}
    count = _n("one person", "%(num)d people", people_count)
    text = Text(
        subject=_("Closed: “%(title)s”, %(time)s", **values),
        body=_("Thank you! %(time)s came from %(count)s for “%(title)s” on %(day)s.\n\nBalance of %(name)s: %(balance)s.\n\n%(link)s", count=count, **values),
        short=_("%(time)s came from %(count)s for “%(title)s”. Balance of %(name)s: %(balance)s. %(link)s", count=count, **values),
    )  # fmt: skip
    _tell(session, "got", persons_of(giver), text)


def left_out(session: TimeSession, member: Member, why: str) -> None:
    """No hours yet, or none, with the reason: nobody finds out by counting."""
    values = _values(session)
    said = {
        "own": _("You closed it yourself, so another person confirms your own hours. They have been told."),
        "payer": _("The hours came from your own account, so there are none for you."),
        "left": _("You have left the timebank, so there is no account for them."),
    }[why]
    text = Text(
        subject=_("Your own hours for “%(title)s”", **values),
        body=_("“%(title)s” on %(day)s is closed. %(said)s\n\n%(link)s", said=said, **values),
        short=_("“%(title)s” is closed. %(said)s %(link)s", said=said, **values),
    )
    _tell(session, "left_out", persons_of(member), text)


def put_right(session: TimeSession, row: Attendance, minutes: Minutes, reason: str, number: int, has: Minutes) -> None:
    """Another figure for one person, or the same after they asked; with the reason and their balance."""
    assert row.member is not None
    values = _values(session) | {"time": hours(minutes), "why": reason, "balance": hours(has)}
    text = Text(
        subject=_("Your hours for “%(title)s”: %(time)s", **values),
        body=_(
            "Your hours for “%(title)s” on %(day)s have been looked at: %(time)s.\n\nWhy: %(why)s\n\nYour balance: %(balance)s.\n\nIs something wrong? Tell us here:\n\n%(link)s/wrong",
            **values,
        ),
        short=_("Your hours for “%(title)s”: %(time)s. Your balance: %(balance)s. Why: %(link)s", **values),
        letter=_(
            "Your hours for “%(title)s” on %(day)s have been looked at: %(time)s.\n\nWhy: %(why)s\n\nYour balance: %(balance)s.\n\nIs something wrong? Tell your connector when you see them, or call us.",
            **values,
        ),
    )
    _tell(session, f"put_right:{row.id}:{number}", persons_of(row.member), text)


def reversed_all(session: TimeSession, to: Iterable[Member], reason: str) -> None:
    """All of it was taken back by a coordinator, and why."""
    values = _values(session) | {"why": reason}
    text = Text(
        subject=_("Taken back: “%(title)s”", **values),
        body=_("A coordinator has taken back the hours for “%(title)s” on %(day)s.\n\nWhy: %(why)s\n\n%(link)s", **values),
        short=_("The hours for “%(title)s” were taken back by a coordinator. Why: %(link)s", **values),
    )
    _tell(session, "reversed", [someone for member in to for someone in persons_of(member)], text)


def tell_coordinators(session: TimeSession, what: str, whose: Member, subject: str) -> None:
    """The connectors of the session's area, or the officers where there is none; nobody about their own."""
    link = address_of("/timebank/desk/sessions")
    text = Text(subject=subject, body=_("%(subject)s. See what it is:\n\n%(link)s", subject=subject, link=link), short=f"{subject}: {link}")
    _tell(session, f"coordinator:{what}", coordinators_of((session.area_id,), (whose,)), text)
