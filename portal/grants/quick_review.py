"""The panel's monthly look at quick sparks: opened on the first, read by each seat, closed by the chair with a sentence.

No vote: the money is given. A seat says that it has read the list, or asks about a line; the connector or an officer
answers. Nobody looks at quick sparks of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.grants import quick
from portal.grants.model import QuickFloat, QuickRead, QuickRemark, QuickReview, QuickSpark
from portal.history import SCHEME, Actor, record
from portal.outbox import Text, address_of, queue
from portal.panels import queries as panels
from portal.panels.model import Panel, Seat
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import addressee_of, person
from portal.web.filters import month as month_words
from portal.words import _

SHOWN = 3  # closed reviews on the page of a panel


def first_of(day: date) -> date:
    """The first day of a month."""
    return day.replace(day=1)


def after(month: date) -> date:
    """The first day of the next month."""
    return first_of(month + timedelta(days=31))


# --- opening -------------------------------------------------------------------------------------------------------------


def open_reviews() -> int:
    """Put the quick sparks of the months that are over before their panels (the worker's work on the 1st). Each seat hears once."""
    this = first_of(clock.today())
    waiting = db.session.execute(
        select(QuickFloat.panel_id, QuickSpark.entered_on)
        .join(QuickFloat, QuickFloat.id == QuickSpark.float_id)
        .where(QuickSpark.review_id.is_(None), QuickSpark.entered_on < this)
        .distinct()
        .order_by(QuickSpark.entered_on, QuickFloat.panel_id)
        .limit(500)
    ).all()
    opened = 0
    for panel_id, month in dict.fromkeys((panel_id, first_of(day)) for panel_id, day in waiting):
        with transaction():
            opened += _open(panel_id, month, this)
    return opened


def _open(panel_id: int, month: date, this: date) -> bool:
    """A month's list, or a latecomer on it. Where that list is closed already, it goes on the next one."""
    db.session.scalars(select(Panel).where(Panel.id == panel_id).with_for_update()).one()
    these = and_(
        QuickSpark.review_id.is_(None), QuickSpark.entered_on >= month, QuickSpark.entered_on < after(month),
        QuickSpark.float_id.in_(select(QuickFloat.id).where(QuickFloat.panel_id == panel_id)),
    )  # fmt: skip
    ids = db.session.scalars(select(QuickSpark.id).where(these)).all()
    while (review := _of(panel_id, month)) is not None and review.closed_at is not None:
        month = after(month)
    if not ids or month >= this:
        return False
    if fresh := review is None:
        review = QuickReview(panel_id=panel_id, month=month, opened_at=clock.now())
        db.session.add(review)
        db.session.flush()
        record(f"quick-review:{review.id}", "opened", SCHEME, sparks=len(ids))
    assert review is not None
    db.session.execute(update(QuickSpark).where(QuickSpark.id.in_(ids)).values(review_id=review.id))
    if fresh:
        _tell_seats(review)
    return fresh


def _tell_seats(review: QuickReview) -> None:
    """Those who have something to look at: not whoever gave them all."""
    panel = db.session.get_one(Panel, review.panel_id)
    givers = set(db.session.scalars(select(QuickFloat.person_id).join(QuickSpark).where(QuickSpark.review_id == review.id)))
    values = {
        "month": month_words(review.month), "panel": panel.name,
        "link": address_of(f"/panels/{panel.ref}/quick/{review.month:%Y-%m}"),
    }  # fmt: skip
    text = Text(
        subject=_("The quick sparks of %(month)s", **values),
        body=_(
            "The list of quick sparks of %(month)s waits for the panel %(panel)s. Nothing to vote on: read it, and ask if something is not clear.\n\n%(link)s",
            **values,
        ),
        short=_("The quick sparks of %(month)s wait for the panel %(panel)s to read: %(link)s", **values),
    )
    seats = select(Person).join(Seat, Seat.person_id == Person.id)
    for someone in db.session.scalars(
        seats.where(Seat.panel_id == panel.id, panels.in_term(clock.today()), Person.deleted_at.is_(None)).order_by(Person.id)
    ).all():
        if givers - {someone.id}:
            queue(f"quick-review:{review.id}:person:{someone.id}", addressee_of(someone), text, about=f"quick-review:{review.id}")


# --- reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Month:
    """A month's list in one line: what the page of a panel says."""

    review: QuickReview
    number: int
    pence: int


def months_of(panel_id: int) -> Sequence[Month]:
    """The lists of a panel that are open, and the last ones that are closed; newest first. One query."""
    stands = QuickSpark.reversed_at.is_(None)
    rows = db.session.execute(
        select(QuickReview, func.count(QuickSpark.id).filter(stands), func.coalesce(func.sum(QuickSpark.amount).filter(stands), 0))
        .outerjoin(QuickSpark, QuickSpark.review_id == QuickReview.id)
        .where(
            QuickReview.panel_id == panel_id,
            or_(
                QuickReview.closed_at.is_(None),
                QuickReview.id.in_(
                    select(QuickReview.id)
                    .where(QuickReview.panel_id == panel_id, QuickReview.closed_at.is_not(None))
                    .order_by(QuickReview.month.desc())
                    .limit(SHOWN)
                ),
            ),
        )
        .group_by(QuickReview.id)
        .order_by(QuickReview.month.desc())
        .limit(24)
    )
    return [Month(review, int(number), int(pence)) for review, number, pence in rows]


@dataclass(frozen=True)
class Look:
    """A month's list as one reader may see it. `own` of its lines are the reader's, and left out."""

    review: QuickReview
    panel: Panel
    seat: Seat | None
    sparks: Sequence[QuickSpark]
    own: int
    readers: int  # seats that have read it
    seats: int
    have_read: bool
    pence: int  # of all lines that stand

    @property
    def may_read(self) -> bool:
        return self.seat is not None and bool(self.sparks) and self.review.closed_at is None


def look(who: Who, panel_ref: str, month: str) -> Look:
    """A month's list for a seat of the panel or an officer. NotFound for everybody else, and for a month without one."""
    panel, seat = _admitted(who, panel_ref)
    review = _by_month(panel, month)
    everything = db.session.scalars(
        select(QuickSpark)
        .where(QuickSpark.review_id == review.id)
        .options(joinedload(QuickSpark.float), joinedload(QuickSpark.area))
        .order_by(QuickSpark.spent_on, QuickSpark.id)
        .limit(1000)
    ).all()
    shown = [spark for spark in everything if spark.float.person_id != who.id]
    read = set(db.session.scalars(select(QuickRead.seat_id).where(QuickRead.review_id == review.id)))
    in_term = select(func.count()).select_from(Seat).where(Seat.panel_id == panel.id, panels.in_term(clock.today()))
    return Look(
        review, panel, seat, shown, len(everything) - len(shown), len(read), db.session.scalar(in_term) or 0,
        seat is not None and seat.id in read, sum(spark.amount for spark in everything if spark.reversed_at is None),
    )  # fmt: skip


def may_close(who: Who, seen: Look) -> bool:
    """The chair or an officer, if none of the lines is their own."""
    return not seen.own and (who.can("manage panels") or (seen.seat is not None and seen.seat.chair))


def _admitted(who: Who, panel_ref: str) -> tuple[Panel, Seat | None]:
    panel = panels.panel(panel_ref)
    seat = panels.seat_of(who.id, panel.id)
    if seat is None and not who.can("manage panels"):
        raise NotFound(_("We cannot find that page."))
    return panel, seat


def _by_month(panel: Panel, month: str) -> QuickReview:
    try:
        day = date.fromisoformat(f"{month}-01")
    except ValueError as why:
        raise NotFound(_("There is no list for that month.")) from why
    found = _of(panel.id, day)
    if found is None:
        raise NotFound(_("There is no list for that month."))
    return found


def _of(panel_id: int, month: date) -> QuickReview | None:
    return db.session.scalar(select(QuickReview).where(QuickReview.panel_id == panel_id, QuickReview.month == month))


# --- acting --------------------------------------------------------------------------------------------------------------


def mark_read(who: Who, panel_ref: str, month: str) -> None:
    """A seat has read the list. A second tap changes nothing. Refused: closed already, or every line is their own."""
    with transaction():
        review, seat = _before_seat(who, panel_ref, month)
        if db.session.scalar(select(func.count()).select_from(QuickSpark).where(QuickSpark.review_id == review.id, _others(who))) == 0:
            raise Refused(_("Every line here is your own. The others read them."))
        if db.session.scalar(select(QuickRead.id).where(QuickRead.review_id == review.id, QuickRead.seat_id == seat.id)) is None:
            db.session.add(QuickRead(review_id=review.id, seat_id=seat.id, read_at=clock.now()))
            record(f"quick-review:{review.id}", "read", Actor(who.id), seat=seat.id)


def question(who: Who, panel_ref: str, month: str, spark_ref: str, words: str) -> None:
    """A seat asks about a line; its connector hears of it. Refused: no words, closed already. NotFound: not on this list, or their own."""
    with transaction():
        review, seat = _before_seat(who, panel_ref, month)
        spark = db.session.scalar(select(QuickSpark).where(QuickSpark.ref == spark_ref, QuickSpark.review_id == review.id, _others(who)))
        if spark is None:
            raise NotFound(_("That line is not on this list."))
        if not words:
            raise Refused(_("Write what you would like to know."), "words")
        remark = _remark(spark, words, Actor(who.id), seat)
        values = {"what": spark.what, "words": words, "link": address_of(f"/grants/quick/{spark.ref}")}
        text = Text(
            subject=_("The panel asks about “%(what)s”", **values),
            body=_("The panel has a question about the quick spark “%(what)s”:\n\n%(words)s\n\nAnswer here:\n\n%(link)s", **values),
            short=_("The panel asks about the quick spark “%(what)s”. Answer here: %(link)s", **values),
        )
        to = addressee_of(person(spark.float.person_id))
        queue(f"quick-remark:{remark.id}", to, text, about=quick.about(spark))


def answer(spark_ref: str, words: str, actor: Actor) -> None:
    """The connector, or an officer, answers the panel. Refused: no words, nothing was asked."""
    with transaction():
        spark = quick.by_ref(spark_ref)
        if not words:
            raise Refused(_("Write your answer."), "words")
        if db.session.scalar(select(QuickRemark.id).where(QuickRemark.spark_id == spark.id).limit(1)) is None:
            raise Refused(_("The panel has asked nothing about this one."))
        _remark(spark, words, actor, None)


def _remark(spark: QuickSpark, words: str, actor: Actor, seat: Seat | None) -> QuickRemark:
    made = QuickRemark(spark_id=spark.id, seat_id=seat.id if seat else None, said_by_id=actor.person_id, words=words, said_at=clock.now())
    db.session.add(made)
    db.session.flush()
    record(quick.about(spark), "asked" if seat else "answered", actor)
    return made


def close(who: Who, panel_ref: str, month: str, outcome: str) -> None:
    """The chair, or an officer, notes what came of it: the register says that these were looked at.

    Refused: no sentence, closed already. NotYours: neither chair nor officer, or a line is their own.
    """
    with transaction():
        panel, _seat = _admitted(who, panel_ref)
        review = _locked(_by_month(panel, month).id)
        if not may_close(who, look(who, panel_ref, month)):
            raise NotYours(_("We cannot find that page."))
        if review.closed_at is not None:
            raise Refused(_("This list was closed meanwhile."))
        if not outcome:
            raise Refused(_("Write in a sentence what came of it."), "outcome")
        review.closed_at, review.closed_by_id, review.outcome = clock.now(), who.id, outcome
        db.session.execute(update(QuickSpark).where(QuickSpark.review_id == review.id).values(reviewed_on=clock.today()))
        record(f"quick-review:{review.id}", "closed", Actor(who.id), reason=outcome)


def _before_seat(who: Who, panel_ref: str, month: str) -> tuple[QuickReview, Seat]:
    panel, seat = _admitted(who, panel_ref)
    if seat is None:
        raise NotFound(_("We cannot find that page."))
    review = _locked(_by_month(panel, month).id)
    if review.closed_at is not None:
        raise Refused(_("This list was closed meanwhile."))
    return review, seat


def _others(who: Who) -> ColumnElement[bool]:
    """Quick sparks that somebody else gave."""
    return QuickSpark.float_id.not_in(select(QuickFloat.id).where(QuickFloat.person_id == who.id))


def _locked(id_: int) -> QuickReview:
    query = select(QuickReview).where(QuickReview.id == id_).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).one()
