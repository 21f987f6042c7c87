"""What the desk prints for members: cards, time sheets with their name on, and their statement as a letter. As tagged PDF, also in large print.

Cards and time sheets have drawings of their own beside this file; a statement is a document like the minutes of a panel.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import segno
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.ledger import queries as books
from portal.money import hours
from portal.outbox import address_of
from portal.places.model import Area, Scheme
from portal.timebank import members, queries, sheets
from portal.timebank.members import account, name_of
from portal.timebank.model import Member
from portal.timebank.sessions import token_of
from portal.timebank.sessions_model import TimeSession
from portal.web.documents import Document, Printed, Table, Text
from portal.web.filters import day as day_words
from portal.web.filters import short_day
from portal.words import _

HERE = Path(__file__).parent
AT_ONCE = 120  # members of one PDF: some seconds to draw
MOST_LINES = 100  # of a statement
MOST_WORDS = 220  # letters of what a poster says about its session


def _picture(member: Member) -> Mapping[str, str]:
    """The QR code that opens "write down hours with this member", and what it is for who cannot see it."""
    address = address_of(f"/timebank/to/{member.ref}")
    svg = segno.make(address, error="m").svg_inline(border=2)
    return {"picture": svg, "alt": _("QR code for %(address)s", address=address)}


def of_area(area: Area, part: int) -> Sequence[Member]:
    """The members of an area by name, AT_ONCE of them; `part` from 1. One query."""
    return members.listed({area.id}, AT_ONCE, (part - 1) * AT_ONCE)


def parts_of(areas: Collection[int]) -> Mapping[int, int]:
    """For each of these areas with members how many parts its cards have. One query."""
    query = select(Member.area_id, func.count()).where(Member.area_id.in_(areas), Member.status != "left").group_by(Member.area_id)
    return {area_id: -(-count // AT_ONCE) for area_id, count in db.session.execute(query)}


def cards(title: str, whose: Sequence[Member], scheme: Scheme, *, large: bool) -> Printed:
    """Membership cards to cut out: eight on a page, four in large print. Each with name, number, the four digits for a till, QR code and our telephone number."""
    call = _("No phone? Call %(number)s.", number=scheme.telephone.replace(" ", "\u00a0"))
    made = [
        {
            "name": name_of(each),
            "number": each.ref,
            "digits": _("At a till: %(digits)s", digits=each.digits),
            "area": each.area.name,
            "call": call,
            **_picture(each),
        }
        for each in whose
    ]
    return Printed(title, scheme.name, _("Membership cards"), clock.now(), HERE / "cards.typ", {"cards": made}, large=large)


def poster(session: TimeSession, when: str, scheme: Scheme, *, large: bool) -> Printed:
    """A session's poster, one page: what it is, `when` in words, where, and two ways to check in, by QR code and by six digits."""
    address = address_of("/timebank/sessions/" + token_of(session))
    content = {
        "title": session.title, "when": f"{day_words(session.day)}, {when}", "place": f"{session.place}, {session.area.name}", "what": shortened(session.what),
        "ask": _("Are you here? Check in, and your hours go into the timebank."), "picture": segno.make(address, error="m").svg_inline(border=2),
        "alt": _("QR code for %(address)s", address=address), "code": f"{session.code[:3]} {session.code[3:]}",
        "type": _("Point your phone at this. Or open %(address)s and type", address=address_of("/timebank/sessions/")),
        "only": _("It works on %(day)s only.", day=day_words(session.day)),
        "call": _("No phone? Tell the organiser your name, or sign the register. Questions: %(number)s", number=scheme.telephone.replace(" ", "\u00a0")),
    }  # fmt: skip
    return Printed(
        _("%(title)s: poster", title=session.title), scheme.name, session.ref, clock.now(), HERE / "poster.typ", content, large=large
    )


def shortened(text: str) -> str:
    """What fits on a poster of one page, cut between words."""
    plain = " ".join(text.split())
    return plain if len(plain) <= MOST_WORDS else plain[:MOST_WORDS].rpartition(" ")[0] + " …"


def time_sheets(title: str, whose: Sequence[Member], area: Area | None, scheme: Scheme, *, large: bool) -> Printed:
    """Time sheets to write on, one page for each member; or, with an `area`, one that is nobody's, whose rows name both sides."""
    kinds = members.categories()
    letters = sheets.letters_of(kinds)
    made: list[Mapping[str, str]] = [
        {
            "name": name_of(each),
            "number": each.ref,
            "area": each.area.name,
            **_picture(each),
        }
        for each in whose
    ]
    if area is not None:
        made.append({"name": "", "number": "", "area": area.name, "picture": "", "alt": ""})
    content = {
        "sheets": made, "kinds": [{"letters": letters[kind.code], "name": _(kind.name)} for kind in kinds], "sheet": _("Sheet number: ____________"),
        "how": _("Write one line for each day and neighbour. Put a ring around the kind of help. Both sign. Give the sheet to your coordinator, or call %(number)s.", number=scheme.telephone),
        "own": [_("Day"), _("Neighbour: name or number"), _("Gave or received"), _("How long"), _("Kind of help"), _("I sign"), _("They sign")],
        "anybody": [_("Day"), _("Who gave"), _("Who received"), _("How long"), _("Kind of help"), _("Giver signs"), _("Receiver signs")],
        "ways": [_("I gave"), _("I received")],
    }  # fmt: skip
    return Printed(title, scheme.name, _("Time sheet"), clock.now(), HERE / "timesheets.typ", content, large=large)


def statement(member: Member, scheme: Scheme, *, large: bool) -> Document:
    """A member's statement as a letter: what they have, and their latest lines, newest first."""
    lines = queries.statement(member, limit=MOST_LINES + 1)
    name = name_of(member)
    postal = member.person.postal_address if member.person is not None else ""
    has = books.balance(account(member))
    told: list[Text | Table] = [
        Text(day_words(clock.now())),
        Text(member.ref, lead=_("Your number:")),
        Text(hours(has), lead=_("Your balance:")),
        Text(_meaning(has)),
    ]
    if lines:
        rows = [
            [_words(line), _days(line), hours(line.minutes) if line.minutes < 0 else f"+{hours(line.minutes)}", hours(line.after)]
            for line in lines[:MOST_LINES]
        ]
        told.append(Table(_("Your lines, the latest first"), [_("What"), _("Day"), _("Time"), _("Balance")], rows, numbers=(2, 3)))
        if len(lines) > MOST_LINES:
            told.append(Text(_("These are the latest %(number)d lines. Ask us for older ones.", number=MOST_LINES), quiet=True))
    else:
        told.append(Text(_("Nothing is in the books yet.")))
    told.append(
        Text(_("Is something wrong? Call us on %(number)s, or tell your coordinator. We put it right with you.", number=scheme.telephone))
    )
    return Document(
        _("Your time in %(scheme)s", scheme=scheme.name), scheme.name, member.ref, clock.now(), told, large=large, address=f"{name}\n{postal}".strip()
    )  # fmt: skip


def _meaning(minutes: int) -> str:
    if minutes > 0:
        return _("This is yours to spend: ask for help, or give it away.")
    return _("You have received more than you gave, and that is fine.") if minutes < 0 else _("You have given as much as you received.")


def _days(line: queries.Line) -> str:
    if line.entered == line.day:
        return short_day(line.day)
    return _("%(day)s, entered on %(entered)s", day=short_day(line.day), entered=short_day(line.entered))


def _words(line: queries.Line) -> str:
    words = f"{line.sentence}, {_(line.note)}" if line.note else line.sentence
    return _("%(what)s (put right later)", what=words) if line.undone else words
