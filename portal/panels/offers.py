"""Residents offer to sit on a panel, and on panels that take guests they sit down by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.outbox import Text, address_of, queue
from portal.panels import conduct, queries
from portal.panels.model import Panel, PanelArea, Seat, SeatOffer
from portal.panels.seats import give_seat, locked_panel
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import addressee_of, person
from portal.places.model import Area
from portal.refs import new_ref
from portal.words import _

GUEST_TERM = timedelta(days=90)


# --- offering ------------------------------------------------------------------------------------------------------------


def offer(who: Who, panel_ref: str, words: str) -> str:
    """Say that one would like to sit on a panel, and why; returns the offer's reference. A second tap finds the first.

    Refused: no words, they sit on it already.
    """
    if not words:
        raise Refused(_("Write in a line why you would like to."), "words")
    with transaction():
        panel = locked_panel(panel_ref)
        seat = queries.seat_of(who.id, panel.id)
        if seat is not None and seat.kind != "guest":
            raise Refused(_("You sit on this panel already."))
        known = open_offer(who.id, panel.id)
        if known is not None:
            return known.ref
        made = SeatOffer(ref=new_ref("OFR"), panel_id=panel.id, person_id=who.id, words=words, status="open", offered_at=clock.now())
        db.session.add(made)
        db.session.flush()
        record(f"offer:{made.id}", "offered", Actor(who.id), panel=panel.id)
        return made.ref


def withdraw(who: Who, panel_ref: str) -> None:
    """Take one's own open offer back; nothing when there is none."""
    with transaction():
        panel = locked_panel(panel_ref)
        known = open_offer(who.id, panel.id)
        if known is not None:
            known.status, known.answered_at = "withdrawn", clock.now()
            record(f"offer:{known.id}", "withdrawn", Actor(who.id))


def say_yes(who: Who, offer_ref: str, *, kind: str, term_start: date, term_end: date | None, words: str) -> None:
    """Give the seat that was offered for. Refused: answered or withdrawn already, a term that ends before it begins, a guest's seat."""
    with transaction():
        panel, found, someone = _locked(offer_ref)
        if kind == "guest":
            raise Refused(_("Only residents themselves take a guest seat."), "kind")
        give_seat(panel, someone, kind, term_start, term_end, Actor(who.id), words or _("They offered to sit."))
        _answer(found, "accepted", words, who)
        values = {"panel": panel.name, "words": words, "link": address_of("/panels/")}
        text = Text(
            subject=_("You have a seat on the panel %(panel)s", **values),
            body=_(
                "Thank you for offering to sit on the panel %(panel)s. We are glad, and you have a seat.\n\n%(words)s\n\nRead how the panel works and what it promises: %(link)s",
                **values,
            ).replace("\n\n\n\n", "\n\n"),
            short=_("Thank you! You have a seat on the panel %(panel)s. Read how it works: %(link)s", **values),
        )
        queue(f"offer:{found.id}:answer", addressee_of(someone), text, about=f"offer:{found.id}")


def say_no(who: Who, offer_ref: str, words: str) -> None:
    """Decline, kindly. Refused: no reason, answered or withdrawn already."""
    if not words:
        raise Refused(_("Write why, kindly. They read it."), "words")
    with transaction():
        panel, found, someone = _locked(offer_ref)
        _answer(found, "declined", words, who)
        values = {"panel": panel.name, "words": words}
        text = Text(
            subject=_("Your offer to sit on the panel %(panel)s", **values),
            body=_(
                "Thank you for offering to sit on the panel %(panel)s. We cannot give you a seat this time.\n\n%(words)s\n\nPlease do offer again another time.",
                **values,
            ),
            short=_(
                "Thank you for offering to sit on the panel %(panel)s. We cannot give you a seat this time. Sign in to read why.", **values
            ),
        )
        queue(f"offer:{found.id}:answer", addressee_of(someone), text, about=f"offer:{found.id}")


def _locked(offer_ref: str) -> tuple[Panel, SeatOffer, Person]:
    found = by_ref(offer_ref)
    panel = locked_panel(db.session.get_one(Panel, found.panel_id).ref)
    db.session.refresh(found)
    if found.status != "open":
        raise Refused(_("This offer was answered or withdrawn meanwhile."))
    return panel, found, person(found.person_id)


def _answer(found: SeatOffer, status: str, words: str, who: Who) -> None:
    found.status, found.answer, found.answered_at, found.answered_by_id = status, words, clock.now(), who.id
    record(f"offer:{found.id}", status, Actor(who.id))


# --- guests --------------------------------------------------------------------------------------------------------------


def join(who: Who, panel_ref: str, version: int) -> None:
    """Take a guest seat for a while, having accepted the code of conduct. A second tap changes nothing.

    It decides only what is opened from then on. Refused: the panel takes no guests or has no code of conduct yet, they live elsewhere, the
    code was changed meanwhile.
    """
    with transaction():
        panel = locked_panel(panel_ref)
        seat = queries.seat_of(who.id, panel.id)
        if seat is None:
            someone = person(who.id)
            why = why_not_join(someone, panel)
            if why:
                raise Refused(why)
            today = clock.today()
            seat = give_seat(panel, someone, "guest", today, today + GUEST_TERM, Actor(who.id), "")
        conduct.accepted(panel, seat, version, Actor(who.id))


def why_not_join(someone: Person, panel: Panel) -> str | None:
    """A sentence when somebody cannot take a guest seat on a panel."""
    if not panel.takes_guests:
        return _("This panel takes no guests just now. You can offer to sit on it.")
    if not panel.conduct:
        return _("This panel has not written down how it works yet. Please come back soon.")
    if _ended_early(someone, panel):
        return _("Your guest seat on this panel was ended. Talk to us if you would like to sit on it again.")
    wanted = set(db.session.scalars(select(PanelArea.area_id).where(PanelArea.panel_id == panel.id)))
    if not wanted:
        return None
    if someone.area_id is None:
        return _("Say first where you live, on the page with your name.")
    inside: dict[int, int | None] = dict(db.session.execute(select(Area.id, Area.parent_id)).tuples().all())
    here: int | None = someone.area_id
    while here is not None and here not in wanted:
        here = inside.pop(here, None)  # popped: areas that lie in each other by mistake come to an end too
    return None if here is not None else _("This panel is for residents of its areas, and you have told us that you live elsewhere.")


def _ended_early(someone: Person, panel: Panel) -> bool:
    """Whether an officer ended a guest seat of theirs, and its term would not be over yet."""
    today = clock.today()
    return any(
        seat.term_end is not None and seat.term_end < today <= seat.term_start + GUEST_TERM
        for seat in db.session.scalars(select(Seat).where(Seat.panel_id == panel.id, Seat.person_id == someone.id, Seat.kind == "guest"))
    )


# --- reading -------------------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> SeatOffer:
    """One offer. NotFound."""
    found = db.session.scalar(select(SeatOffer).where(SeatOffer.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that offer."))
    return found


def open_offer(person_id: int, panel_id: int) -> SeatOffer | None:
    """The open offer of somebody for a panel."""
    return db.session.scalar(
        select(SeatOffer).where(SeatOffer.person_id == person_id, SeatOffer.panel_id == panel_id, SeatOffer.status == "open")
    )


@dataclass(frozen=True)
class Offered:
    """An open offer, for an officer."""

    offer: SeatOffer
    panel: Panel
    person: Person
    area: str


def waiting(limit: int = 100) -> Sequence[Offered]:
    """Open offers, the oldest first. One query."""
    rows = db.session.execute(
        select(SeatOffer, Panel, Person, Area.name)
        .join(Panel, Panel.id == SeatOffer.panel_id)
        .join(Person, Person.id == SeatOffer.person_id)
        .outerjoin(Area, Area.id == Person.area_id)
        .where(SeatOffer.status == "open")
        .order_by(SeatOffer.id)
        .limit(limit)
    )
    return [Offered(row, panel, someone, area or "") for row, panel, someone, area in rows]


def ending_soon(within_days: timedelta) -> Sequence[tuple[Seat, str, Panel]]:
    """Terms that end within so many days, guests aside: the seat, whose it is, its panel. One query."""
    today = clock.today()
    rows = db.session.execute(
        select(Seat, Person.name, Panel)
        .join(Person, Person.id == Seat.person_id)
        .join(Panel, Panel.id == Seat.panel_id)
        .where(Seat.kind != "guest", queries.in_term(today), Seat.term_end <= today + within_days)
        .order_by(Seat.term_end, Seat.id)
    )
    return [(seat, name, panel) for seat, name, panel in rows]
