"""What neighbours gave so that it need not be bought: read for the match, the report and the figures.

Each gift counts once. Where the same thing of the same neighbour was also written down by hand, the line by hand counts in the match.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from portal import clock
from portal.db import db
from portal.finding import words_of
from portal.gifts import asking
from portal.gifts.model import GiftParty
from portal.gifts.rules import UNDONE_WITHIN
from portal.gifts.talks_model import GiftPromise
from portal.grants.model import Application, Award, BudgetLine
from portal.grants.rules import PledgeFact
from portal.grants.wish_model import KeptGift, WishedLine
from portal.money import Pence
from portal.people.model import Organisation, Person
from portal.places.queries import within

NO_GRANT = ("lapsed", "declined", "returned")


@dataclass(frozen=True)
class Gift:
    """A gift that stands. `giver`: as neighbours are named in the record of work; "" for an organisation."""

    what: str
    pieces: int
    value: Pence
    day: date
    giver: str
    name: str  # a first name, or that of an organisation: for the applicant's side and officers
    kept_at: datetime

    @property
    def settled(self) -> bool:
        """Whether the time is over in which one of the two may say that it was not so: the check of a second person."""
        return self.kept_at < clock.now() - UNDONE_WITHIN


@dataclass(frozen=True)
class ByHand:
    """Something that was promised or written down by hand: of whom, what, and its pence."""

    giver: str
    what: str
    value: int


def standing() -> ColumnElement[bool]:
    """Gifts that were not taken back."""
    return KeptGift.taken_back_at.is_(None)


def gifts_of(application_id: int) -> Sequence[Gift]:
    """What came for a bid and stands, in order. One query."""
    rows = db.session.execute(
        select(KeptGift, WishedLine.what, GiftParty.person_id, Person.name, Organisation.name)
        .join(WishedLine, WishedLine.id == KeptGift.wished_line_id)
        .join(GiftPromise, GiftPromise.id == KeptGift.promise_id)
        .join(GiftParty, GiftParty.id == GiftPromise.giver_id)
        .outerjoin(Person, Person.id == GiftParty.person_id)
        .outerjoin(Organisation, Organisation.id == GiftParty.organisation_id)
        .where(KeptGift.application_id == application_id, standing())
        .order_by(KeptGift.id)
    ).tuples()
    return [
        Gift(what, row.pieces, row.value, row.day, f"person:{id_}" if id_ else "", group or (name or "").partition(" ")[0], row.kept_at)
        for row, what, id_, name, group in rows
    ]


def counting(gifts: Sequence[Gift], by_hand: Iterable[ByHand]) -> list[Gift]:
    """Those of the gifts that do not stand there by hand too: in the same words, or of the same neighbour with the same value."""
    found, left = [], list(by_hand)
    for gift in gifts:
        twin = next((each for each in left if is_same(gift, each)), None)
        if twin is None:
            found.append(gift)
        else:
            left.remove(twin)
    return found


def is_same(gift: Gift, other: ByHand) -> bool:
    """Whether a line by hand tells of this gift."""
    return _heard(gift.what) == _heard(other.what) or (gift.giver != "" and gift.giver == other.giver and gift.value == other.value)


def _heard(text: str) -> str:
    return " ".join(words_of(text))


def facts(gifts: Sequence[Gift], by_hand: Iterable[ByHand]) -> list[PledgeFact]:
    """The same for the match meter: goods."""
    return [PledgeFact(gift.giver, "goods", value=gift.value) for gift in counting(gifts, by_hand)]


# --- figures -------------------------------------------------------------------------------------------------------------


def of_bid() -> ScalarSelect[int]:
    """Pence that a bid does not need, as a part of a query of bids."""
    total = select(func.coalesce(func.sum(KeptGift.value), 0))
    return total.where(KeptGift.application_id == Application.id, standing()).correlate(Application).scalar_subquery()


def not_needed(*, area: str = "", first: date | None = None, last: date | None = None) -> Pence:
    """Pence that grants did not need to pay for: in the scheme, or in an area (its code) with all that lies in it; by the day of handover.

    Of ideas with a grant that stands: there a panel saw what was asked for and what came. One query.
    """
    query = (
        select(func.coalesce(func.sum(KeptGift.value), 0))
        .join(Award, Award.application_id == KeptGift.application_id)
        .where(standing(), Award.status.not_in(NO_GRANT))
    )
    if area:
        query = query.where(Award.area_id.in_(within(area)))
    if first is not None:
        query = query.where(KeptGift.day >= first)
    if last is not None:
        query = query.where(KeptGift.day <= last)
    return Pence(int(db.session.scalar(query) or 0))


# --- lines ---------------------------------------------------------------------------------------------------------------


def same_words(one: str, other: str) -> bool:
    """Whether two lines say the same."""
    return _heard(one) == _heard(other)


def is_same_thing(one: str, other: str) -> bool:
    """Whether two lines name one thing: the same words, or half of the telling words of the longer."""
    if same_words(one, other):
        return True
    some, more = asking.telling(one), asking.telling(other)
    return 2 * len(some & more) >= max(len(some), len(more)) > 0


def line_of(row: WishedLine, lines: Sequence[BudgetLine]) -> BudgetLine | None:
    """The line for which something was asked; when it was removed, the one that says it again."""
    if row.line_id is not None:
        return next((line for line in lines if line.id == row.line_id), None)
    again = [line for line in lines if is_same_thing(row.what, line.what)]
    return next((line for line in again if same_words(line.what, row.what)), again[0] if again else None)


def by_line(application_id: int, lines: Sequence[BudgetLine]) -> Mapping[int, Sequence[KeptGift]]:
    """Line → what was given for it and stands, in order; also when the line was removed and typed again. One query."""
    rows = db.session.execute(
        select(KeptGift, WishedLine)
        .join(WishedLine, WishedLine.id == KeptGift.wished_line_id)
        .where(KeptGift.application_id == application_id, standing())
        .order_by(KeptGift.id)
    ).tuples()
    found: dict[int, list[KeptGift]] = {}
    for gift, row in rows:
        if (line := line_of(row, lines)) is not None:
            found.setdefault(line.id, []).append(gift)
    return found
