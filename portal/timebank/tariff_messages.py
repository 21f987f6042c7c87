"""What the people of two organisations are told of their tariff, in the transaction of the fact."""

from portal.money import hours
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.timebank.members import name_of, persons_of
from portal.timebank.model import Member
from portal.timebank.tariff_model import Tariff
from portal.words import _


def about(line: Tariff) -> str:
    """How events and messages name it."""
    return f"tariff:{line.id}"


def _tell(line: Tariff, what: str, side: Member, text: Text, but: str | None) -> None:
    """One message to everybody who acts for a side, but not to who did it (`but`)."""
    for someone in persons_of(side):
        if f"person:{someone.id}" != but:
            queue(f"tariff:{line.id}:{what}:person:{someone.id}", people.addressee_of(someone), text, about=about(line))


def _values(line: Tariff, by: Member, to: Member) -> dict[str, str]:
    return {
        "name": name_of(by), "what": line.what, "time": hours(line.minutes), "giver": name_of(line.giver), "receiver": name_of(line.receiver),
        "link": address_of(f"/timebank/tariff/{line.ref}?as={to.ref}"),
    }  # fmt: skip


def proposed(line: Tariff, by: Member, to: Member) -> None:
    """Is that what it counts?"""
    values = _values(line, by, to)
    text = Text(
        subject=_("%(name)s proposes what “%(what)s” counts in hours", **values),
        body=_(
            "%(name)s proposes a line of a tariff: %(giver)s gives %(receiver)s “%(what)s”, and one of it counts %(time)s in the timebank.\n\nNothing changes until somebody of yours says yes. See it, and say yes or no:\n\n%(link)s",
            **values,
        ),
        short=_("%(name)s proposes that one “%(what)s” counts %(time)s. Yes or no: %(link)s", **values),
    )
    _tell(line, "proposed", to, text, line.entered_by)


def answered(line: Tariff, by: Member, to: Member, *, yes: bool, reason: str = "") -> None:
    """The other side agreed, or did not."""
    values = _values(line, by, to) | {"reason": reason}
    if yes:
        subject, body = _("Agreed: “%(what)s” counts %(time)s", **values), _("%(name)s agrees: one “%(what)s” counts %(time)s. From now on both of you can write down how many there were:\n\n%(link)s", **values)  # fmt: skip
    elif reason:
        subject, body = _("Not agreed: “%(what)s”", **values), _("%(name)s says no to “%(what)s” at %(time)s: %(reason)s\n\nYou can propose another figure:\n\n%(link)s", **values)  # fmt: skip
    else:
        subject, body = _("Not agreed: “%(what)s”", **values), _("%(name)s says no to “%(what)s” at %(time)s.\n\nYou can propose another figure:\n\n%(link)s", **values)  # fmt: skip
    _tell(line, "answered", to, Text(subject=subject, body=body, short=f"{subject} {values['link']}"), line.agreed_by)


def ended(line: Tariff, by: Member, to: Member, reason: str) -> None:
    """It is over from today on; what is in the books stays."""
    values = _values(line, by, to) | {"reason": reason}
    text = Text(
        subject=_("Over: “%(what)s” at %(time)s", **values),
        body=_("%(name)s has ended this line of your tariff: “%(what)s” at %(time)s. Why: %(reason)s\n\nWhat is written down already stays as it is:\n\n%(link)s", **values),
        short=_("%(name)s has ended “%(what)s” at %(time)s: %(reason)s %(link)s", **values),
    )  # fmt: skip
    _tell(line, "ended", to, text, line.over_by)
