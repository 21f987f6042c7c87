"""What members are told about paper sheets: one message for a whole sheet, because many of them get it as a letter."""

from collections.abc import Mapping, Sequence

from portal.ledger import queries as books
from portal.money import hours
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.timebank.members import account, persons_of
from portal.timebank.model import Exchange, Member
from portal.timebank.queries import in_words
from portal.web.filters import short_day
from portal.words import _, _n


def _by_member(rows: Sequence[Exchange]) -> list[tuple[Member, list[Exchange]]]:
    """Everybody on these rows, each with their own, by the day."""
    sides: dict[int, tuple[Member, list[Exchange]]] = {}
    for one in sorted(rows, key=lambda each: (each.day, each.id)):
        for side in (one.giver, one.receiver):
            sides.setdefault(side.id, (side, []))[1].append(one)
    return list(sides.values())


def _lines(member: Member, rows: Sequence[Exchange]) -> str:
    return "\n".join(
        f"– {in_words(one, member)}: {hours(one.settled_minutes or one.minutes)}, {short_day(one.day)}, {_(one.category.name)}"
        for one in rows
    )


def _tell(key: str, member: Member, text: Text) -> None:
    for someone in persons_of(member):
        queue(f"{key}:member:{member.id}:person:{someone.id}", people.addressee_of(someone), text, about=f"member:{member.id}")


def posted(batch: str, numbers: Sequence[str], rows: Sequence[Exchange], has: Mapping[str, int]) -> None:
    """What of these sheets is in the books now, to everybody on them, with their balance (`has`, in minutes by account)."""
    sheets = ", ".join(numbers)
    for member, own in _by_member(rows):
        values = {
            "sheets": sheets,
            "balance": hours(has[account(member)]),
            "link": address_of("/timebank/statement"),
            "lines": _lines(member, own),
        }
        what = _n(
            "%(num)d row of paper sheet %(sheets)s is in the books.",
            "%(num)d rows of paper sheet %(sheets)s are in the books.",
            len(own),
            **values,
        )
        text = Text(
            subject=_("In the timebank: paper sheet %(sheets)s", **values),
            body=_("%(what)s\n\n%(lines)s\n\nYour balance: %(balance)s.\n\nIs something wrong? Tell us here:\n\n%(link)s", what=what, **values),
            short=_("%(what)s Your balance: %(balance)s. Something wrong? %(link)s", what=what, **values),
            letter=_("%(what)s\n\n%(lines)s\n\nYour balance: %(balance)s.\n\nIs something wrong? Tell your connector when you see them, or call us.", what=what, **values),
        )  # fmt: skip
        _tell(f"sheet:{batch}:posted", member, text)


def undone(ref: str, number: str, rows: Sequence[Exchange], reason: str) -> None:
    """A whole sheet was taken out of the books again, to everybody on it, with the reason and their balance."""
    sides = _by_member(rows)
    has = books.balances([account(member) for member, _own in sides])
    for member, own in sides:
        values = {
            "sheet": number,
            "reason": reason,
            "balance": hours(has[account(member)]),
            "link": address_of("/timebank/statement"),
            "lines": _lines(member, own),
        }
        text = Text(
            subject=_("Paper sheet %(sheet)s does not count any more", **values),
            body=_("A coordinator has taken paper sheet %(sheet)s out of the books. These hours do not count any more:\n\n%(lines)s\n\nWhy: %(reason)s\n\nYour balance: %(balance)s.\n\n%(link)s", **values),
            short=_("A coordinator has taken paper sheet %(sheet)s out of the books. Your balance: %(balance)s. Why: %(link)s", **values),
            letter=_("A coordinator has taken paper sheet %(sheet)s out of the books. These hours do not count any more:\n\n%(lines)s\n\nWhy: %(reason)s\n\nYour balance: %(balance)s.", **values),
        )  # fmt: skip
        _tell(f"sheet:{ref}:undone", member, text)
