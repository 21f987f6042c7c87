"""A whole wall of notes, typed by a coordinator in one go: all of them or none, each fault at its row, what is there already asked about."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal import once
from portal.db import db, one_at_a_time, transaction
from portal.errors import Refused
from portal.gifts import lists, neighbours, notes, parties, posts, rules
from portal.gifts.model import STANDING, GiftPost
from portal.gifts.neighbours import Neighbour
from portal.gifts.rules import Draft
from portal.people import queries as persons
from portal.people.access import Who
from portal.refs import new_ref
from portal.web.forms import parse_contact, whole_number
from portal.web.rows import Fault, Faulty, Row, filled
from portal.words import _

COLUMNS = ("note", "kind", "sort", "what", "name", "contact")
BASIS = "paper sheet"
KINDS = {"gift": ("gift", "give"), "wish": ("wish",)}
SORTS = {
    "head": ("know", "head"),
    "hands": ("do", "hands"),
    "heart": ("care", "company", "heart"),
    "give": ("give", "thing", "have"),
    "lend": ("lend", "borrow"),
}
FIELDS = {"title": "what", "note": "note", "sort": "sort", "kind": "kind", "name": "name", "contact": "contact"}


@dataclass(frozen=True)
class Head:
    """What holds for all notes of a wall. `group`: in whose name notes without a name stand (an organisation for which one acts)."""

    area_id: int | None
    hub_id: int | None = None
    event_id: int | None = None
    group: int | None = None


@dataclass(frozen=True)
class _Note:
    """A row as it was understood: the draft, whose it is, and the number of its paper, if it is to be tied to that."""

    row: Row
    draft: Draft
    person_id: int | None
    number: int | None

    @property
    def order(self) -> tuple[bool, int, int]:
        """Persons before groups, each in one order: so two who post at once never wait for each other."""
        return self.person_id is None, self.person_id or 0, self.row.line


def put_up(rows: Sequence[Row], head: Head, who: Who, *, once_key: str) -> str:
    """Put up all notes; returns the reference of the wall. Rows in which nothing stands are left out.

    Faulty: names each fault; nothing was saved. Refused: no row, too many, no place. NotYours: not where they help others.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        one_at_a_time("gift wall")
        some = filled(rows)
        area = parties.place_to_write_for(who, head.area_id)
        ref = new_ref("WAL")
        reader = _Reader(some, head, area.id, who)
        read = [reader.read(row) for row in some]
        faults = [each for each in read if isinstance(each, Fault)]
        ready = sorted((each for each in read if isinstance(each, _Note)), key=lambda each: each.order)
        faults += [fault for each in ready if (fault := _put_up(each, head, who, ref)) is not None]
        if faults:
            raise Faulty(sorted(faults, key=lambda fault: fault.line))
        once.keep(once_key, ref)
        return ref


def _put_up(note: _Note, head: Head, who: Who, wall: str) -> Fault | None:
    try:
        group = None if note.person_id else head.group
        party, actor = posts.whose(note.draft, who, group, note.person_id, BASIS, False)
        posts.begin(party, note.draft, who, actor, note=note.number, wall=wall)
    except Refused as why:
        return Fault(note.row.line, FIELDS.get(why.field or "", "what"), why.sentence)
    return None


class _Reader:
    """Understands rows one after the other; knows what is on the board and what came before in this wall."""

    def __init__(self, rows: Sequence[Row], head: Head, area_id: int, who: Who) -> None:
        self.head, self.area_id, self.who = head, area_id, who
        self.printed = notes.known({number for row in rows if (number := whole_number(row["note"])) > 0})
        self.standing = _standing(area_id, {rules.same(row["what"]) for row in rows})
        self.numbers: dict[int, int] = {}  # number of a note: the row in which it came
        self.people: dict[str, int] = {}  # a name that came in this wall: the person
        self.lines: dict[str, int] = {}  # the row in which that name came
        self.said: dict[tuple[str, str, int | None], int] = {}

    def read(self, row: Row) -> _Note | Fault:
        number = self._number(row)
        if isinstance(number, Fault):
            return number
        kind, sort = _one_of(row["kind"], KINDS), _one_of(row["sort"], SORTS)
        if kind is None:
            return Fault(row.line, "kind", _("Write G for a gift or W for a wish."))
        if sort is None:
            return Fault(row.line, "sort", _("Write K, D, C, G or L: know, do, care, give or lend."))
        draft = Draft(kind, sort, row["what"], self.area_id, hub_id=self.head.hub_id, event_id=self.head.event_id)
        whose = self._whose(row)
        if isinstance(whose, Fault):
            return whose
        return self._twin(row, draft, whose) or _Note(row, draft, whose, number)

    def _number(self, row: Row) -> int | Fault | None:
        """The number of the paper; None when there is none, or it is another note although its number was used."""
        if not row["note"]:
            return None
        number = whole_number(row["note"])
        if number not in self.printed:
            return Fault(row.line, "note", _("We have printed no note with this number. Look again, or leave it empty."))
        before, post = self.numbers.get(number), self.printed[number]
        self.numbers.setdefault(number, row.line)
        if row.again and (before is not None or post is not None):
            return None
        if before is not None:
            return Fault(
                row.line,
                "note",
                _("Row %(number)d has this number too. Leave one out, or say that it is another note.", number=before),
                ("", ""),
            )
        if post is not None:
            sentence = _("This note is on the board already. Leave the row out, or say that it is another note.")
            return Fault(row.line, "note", sentence, (f"/gifts/{post.ref}", post.title))
        return number

    def _whose(self, row: Row) -> int | Fault | None:
        """The person; None for the group in whose name notes without a name stand."""
        if not row["name"] and not row["contact"]:
            return (
                None
                if self.head.group is not None
                else Fault(row.line, "name", _("Write a name, or choose above from whom such notes are."))
            )
        try:
            contact = parse_contact(row["contact"]) if row["contact"] else None
        except ValueError as why:
            return Fault(row.line, "contact", str(why))
        key = row["name"].casefold()
        if contact is None and key in self.people and not row.again:
            return self.people[key]
        if contact is not None and not row.again and (twin := self._called_the_same(key, contact, row)) is not None:
            return twin
        try:
            someone = neighbours.found(Neighbour(row["name"], contact, row.again), self.area_id, self.who, BASIS)
        except neighbours.SameName as why:
            return Fault(row.line, "name", why.sentence, ("", ""))
        except Refused as why:
            return Fault(row.line, FIELDS.get(why.field or "", "name"), why.sentence)
        db.session.flush()
        self.people.setdefault(key, someone.id)
        self.lines.setdefault(key, row.line)
        return someone.id

    def _called_the_same(self, key: str, contact: tuple[str, str], row: Row) -> Fault | None:
        """A row before has this name, and nobody knows yet whether it is the same person."""
        if key not in self.people:
            return None
        theirs = persons.person_at(*contact)
        if theirs is not None and (theirs.id == self.people[key] or theirs.name.casefold() != key):
            return None
        sentence = _(
            "Row %(number)d has this name too. Is it the same person? Then write the same e-mail or mobile there. Else say that it is somebody else.",
            number=self.lines[key],
        )
        return Fault(row.line, "name", sentence, ("", ""))

    def _twin(self, row: Row, draft: Draft, person_id: int | None) -> Fault | None:
        """The same is there already: of the same person that cannot be; of another it is asked about."""
        same = rules.same(draft.title)
        before = self.said.setdefault((draft.kind, same, person_id), row.line)
        if before != row.line:
            return Fault(row.line, "what", _("Row %(number)d says the same of the same person. Leave one out.", number=before))
        for post in self.standing.get((draft.kind, same), ()):
            theirs = post.party.person_id == person_id if person_id is not None else post.party.organisation_id == self.head.group
            if theirs:
                return Fault(row.line, "what", _("They have this on the board already. Leave the row out."))
            if not row.again:
                sentence = _(
                    "%(name)s has the same on the board. Leave the row out, or say that it is another one.",
                    name=parties.first_name(post.party),
                )
                return Fault(row.line, "what", sentence, (f"/gifts/{post.ref}", post.title))
        return None


def _standing(area_id: int, said: Collection[str]) -> Mapping[tuple[str, str], Sequence[GiftPost]]:
    """What stands in an area of all that is `said`, by what it says."""
    query = select(GiftPost).where(GiftPost.area_id == area_id, GiftPost.status.in_(STANDING), GiftPost.same.in_(said))
    found: dict[tuple[str, str], list[GiftPost]] = {}
    for post in db.session.scalars(query.options(*lists.WHOLE).order_by(GiftPost.id.desc())):
        found.setdefault((post.kind, post.same), []).append(post)
    return found


def _one_of(typed: str, known: Mapping[str, Sequence[str]]) -> str | None:
    """What a letter or a word means, when it can be one of them only."""
    plain = typed.casefold().strip()
    meant = {value for value, words in known.items() if any(word.startswith(plain) for word in words)}
    return meant.pop() if plain and len(meant) == 1 else None


def typed(ref: str, who: Who) -> Sequence[GiftPost]:
    """What was put up from one wall, for who helps others there, in the order in which it was made."""
    some = db.session.scalars(select(GiftPost).where(GiftPost.wall == ref).options(*lists.WHOLE).order_by(GiftPost.id)).unique().all()
    return [post for post in some if who.can("help others", post)]
