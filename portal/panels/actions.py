"""What panels do: matters are opened, ties declared, votes cast, matters closed. Seats: seats.py; ties on evidence: ties.py."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import Actor, record
from portal.money import Pence
from portal.outbox import Text, queue
from portal.panels import calls, queries
from portal.panels.model import CHOICES, TIES, Interest, Mark, Matter, Panel, Seat, Sitting, Vote
from portal.panels.rules import Sharing, Threshold, outcome, quorate
from portal.panels.seats import seat_in_term
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import addressee_of
from portal.refs import new_ref
from portal.words import _

# What follows when a matter is closed: whoever brings matters fills this in. Prefix of `about` → function of the closed
# matter and of who closed it, called within the closing's transaction.
CLOSED: dict[str, Callable[[Matter, Actor], None]] = {}


class Counted(Refused):
    """It is closed, so nothing more comes in."""


# --- matters -------------------------------------------------------------------------------------------------------------


def open_matter(
    panel_id: int,
    about: str,
    rule: Threshold,
    decide_by: date,
    actor: Actor,
    *,
    sitting_id: int | None = None,
    cost: Pence | None = None,
) -> Matter:
    """Put something before a panel, as a part of an action. Its seats hear of it at most once a day, without what it is.

    `sitting_id`: decided together with others, out of one pot; `cost` is what a yes takes out of it, in pence.
    """
    must_be_in_transaction()
    made = Matter(
        ref=new_ref("MAT"), panel_id=panel_id, about=about, rule=rule.store(), status="open", opened_at=clock.now(), decide_by=decide_by,
        sitting_id=sitting_id, cost=cost,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    record(f"matter:{made.id}", "opened", actor, thing=about)
    tell_seats(made)
    calls.recount(panel_id, actor, made)
    return made


def tell_seats(matter: Matter) -> None:
    """The seats hear that something waits, without what it is; at most once a day. A part of an action."""
    panel = db.session.get(Panel, matter.panel_id)
    assert panel is not None
    natural = queries.tied_by_nature([matter.about]).get(matter.about, frozenset())
    today = clock.today()
    persons = db.session.scalars(
        select(Person)
        .join(Seat, Seat.person_id == Person.id)
        .where(Seat.panel_id == panel.id, queries.in_term(today), Seat.kind != "substitute", Person.deleted_at.is_(None))
    ).all()
    text = Text(
        subject=_("Your panel has something to decide"),
        body=_("Something new waits for the panel %(panel)s.\n\nSign in and press “Read and vote”.", panel=panel.name),
        short=_("Something new waits for the panel %(panel)s. Sign in to say what you think.", panel=panel.name),
    )
    for person in persons:
        if person.id not in natural:
            queue(f"panel:{panel.id}:waiting:{today}:person:{person.id}", addressee_of(person), text, about=f"panel:{panel.id}")


def hold(about: str) -> None:
    """Lock the open matter about something, as a part of an action that will lock the thing itself too: a count locks them in this order."""
    must_be_in_transaction()
    db.session.execute(select(Matter.id).where(Matter.about == about, Matter.status == "open").with_for_update())


def keep_on_ballot(about: str) -> None:
    """Refused when residents have this on their ballot already, as a part of an action that holds the matter and would take it off."""
    must_be_in_transaction()
    query = select(Matter.id).join(Sitting, Sitting.id == Matter.sitting_id).where(Matter.about == about, Matter.status == "open")
    if db.session.scalar(query.where(Sitting.votes_from.is_not(None), Sitting.fell_short_at.is_(None))):
        raise Refused(
            _("The residents have this idea on their ballot, and a question would take it off. Call whoever has the idea instead.")
        )


def withdraw_matter(about: str, actor: Actor, reason: str | None = None) -> None:
    """Take the open matter about something back from its panel, as a part of an action; nothing when there is none."""
    must_be_in_transaction()
    matter = db.session.scalar(select(Matter).where(Matter.about == about, Matter.status == "open").with_for_update())
    if matter is not None:
        matter.status = "withdrawn"
        matter.closed_at = clock.now()
        record(f"matter:{matter.id}", "withdrawn", actor, reason=reason)


def declare(who: Who, panel_ref: str, matter_ref: str, tie: str, note: str = "") -> bool:
    """A seat says what ties it to a matter. Returns whether it may open it now.

    Refused: closed already, no such kind of tie. NotFound: not their panel, or hidden from them by a tie.
    """
    with transaction():
        try:
            _panel, matter, seat = before_seat(who, panel_ref, matter_ref)
        except Counted as why:
            raise Refused(_("This was counted meanwhile. Call us now: until the letters go out, an officer can undo the count.")) from why
        declared(matter, seat, tie, note, who.id)
        return tie == "none"


def declared(matter: Matter, seat: Seat, tie: str, note: str, by: int) -> None:
    """What ties a seat to a matter, as a part of an action that has locked the matter. A tie takes earlier marks and an earlier vote away."""
    if tie not in TIES:
        raise Refused(_("Say whether something ties you to this."), "tie")
    if tie != "none":  # what was given stays on record and counts no more
        marked = select(Mark.id).where(Mark.matter_id == matter.id, Mark.seat_id == seat.id, queries.standing_mark()).limit(1)
        if db.session.scalar(marked):
            record(f"matter:{matter.id}", "marks_withdrawn", Actor(by), seat=seat.id)
        if queries.last_votes([matter.id], seat.id):
            record(f"matter:{matter.id}", "vote_withdrawn", Actor(by), seat=seat.id)
    db.session.add(Interest(matter_id=matter.id, seat_id=seat.id, tie=tie, note=note, declared_at=clock.now(), declared_by_id=by))
    record(f"matter:{matter.id}", "tie_declared", Actor(by), seat=seat.id, tie=tie)
    if tie != "none":
        calls.recount(matter.panel_id, Actor(by), matter)


def vote(who: Who, panel_ref: str, matter_ref: str, choice: str, reason: str = "") -> None:
    """Cast or change one's own vote, on the phone. Appended; the last counts; changeable until closing.

    Refused: no tie declared yet, closed already, "no" or "not yet" without a reason. NotFound: not theirs to see.
    """
    with transaction():
        _panel, matter, seat = before_seat(who, panel_ref, matter_ref)
        if not queries.sitting(seat, matter).may_open:
            raise Refused(_("Say first whether something ties you to this idea."))
        cast(matter, seat, choice, reason, "phone", "", who.id)


def enter_vote(who: Who, panel_ref: str, matter_ref: str, person_ref: str, choice: str, reason: str, source: str, sheet: str = "") -> None:
    """An officer or the chair enters the vote that a seat gave on paper or in the hall, together with its "no tie".

    Refused: not on paper or in the hall, on paper without the number of its sheet, a sheet of somebody else, a seat that is tied or has
    voted on its phone, closed already, no reason where one is needed. NotYours: neither officer nor chair, or tied themselves.
    """
    if source not in ("paper", "hall"):
        raise Refused(_("Say whether the vote was given on paper or in the hall."), "source")
    if source == "paper" and not sheet:
        raise Refused(_("Write the number that stands on the paper sheet."), "sheet")
    with transaction():
        panel = queries.panel(panel_ref)
        matter = open_one(panel, matter_ref)
        must_count(who, panel, matter)
        seat = seat_for_paper(panel, matter, person_ref, who)
        own = queries.last_votes([matter.id], seat.id).get((matter.id, seat.id))
        if own is not None and own.source == "phone":
            raise Refused(_("They have voted on their phone. Only they can change that, there, until it is counted."), "person")
        sheet_is_theirs(Vote, matter, seat, sheet)
        cast(matter, seat, choice, reason, source, sheet, who.id)


def sheet_is_theirs(kind: type[Vote] | type[Mark], matter: Matter, seat: Seat, sheet: str) -> None:
    """A sheet of paper holds what one seat says of a matter; a part of an action. Refused: it was entered for another seat already."""
    others = select(kind.id).where(kind.matter_id == matter.id, kind.seat_id != seat.id, kind.source == "paper", kind.sheet == sheet)
    if sheet and db.session.scalar(others.limit(1)) is not None:
        raise Refused(_("This sheet was entered for somebody else. Look at its number, and at whose it is, once more."), "sheet")


def tell_of_entry(seat: Seat, by: int) -> None:
    """A seat hears that somebody else wrote something down as theirs, once a day, so that it can say if it was not; a part of an action."""
    if seat.person_id == by:
        return
    panel, name = db.session.get_one(Panel, seat.panel_id), db.session.get_one(Person, by).name
    text = Text(
        subject=_("What you said on paper or in the hall is entered"),
        body=_(
            "%(name)s has entered what you said on paper or in the hall for the panel %(panel)s. Sign in, open the panel and see whether it is right. If you did not say it, tell us at once.",
            name=name,
            panel=panel.name,
        ),
        short=_("%(name)s has entered what you said for the panel %(panel)s. Not right? Tell us at once.", name=name, panel=panel.name),
    )
    person = db.session.get_one(Person, seat.person_id)
    queue(f"panel:{panel.id}:entered:{clock.today()}:person:{person.id}", addressee_of(person), text, about=f"panel:{panel.id}")


def seat_for_paper(panel: Panel, matter: Matter, person_ref: str, who: Who) -> Seat:
    """The seat whose sheet is being entered, with its "no tie" if that was not said yet; a part of an action.

    Refused: it is tied or was not called, or has not accepted the code of conduct.
    """
    seat = seat_in_term(panel, person_ref)
    if seat.id not in {each.seat.id for each in queries.standing(matter).able}:
        raise Refused(_("That seat is tied to this idea or was not called to it, so it has no vote on it."), "person")
    if not queries.accepted(seat):
        raise Refused(
            _("They have not accepted the panel’s code of conduct. Do that with them first, on the page of their seat."), "person"
        )
    if queries.last_ties([matter.id], seat.id).get((matter.id, seat.id)) is None:
        declared(matter, seat, "none", "", who.id)
    return seat


def cast(matter: Matter, seat: Seat, choice: str, reason: str, source: str, sheet: str, by: int) -> None:
    """Append the vote of a seat that may vote on a locked matter; a part of an action. A hand that is raised gives no reason. Whose vote
    somebody else enters, from paper or as a hand in a hall, hears of it.

    Refused: the residents vote, the marks are not shown yet, no such choice, "no" or "not yet" without a reason.
    """
    if queries.by_residents(matter):
        raise Refused(_("The residents of the area vote on this idea. The panel reads it and can talk about it."))
    if Threshold.load(matter.rule).criteria and matter.revealed_at is None:
        raise Refused(_("First everybody gives their marks. The vote opens when the marks are shown."))
    if choice not in CHOICES:
        raise Refused(_("Choose yes, no, not yet or abstain."), "choice")
    if choice in ("no", "not_yet") and not reason and source != "hall":
        raise Refused(_("Write why, in a line. It helps whoever asked to do better next time."), "reason")
    db.session.add(
        Vote(
            matter_id=matter.id, seat_id=seat.id, choice=choice, reason=reason, source=source, sheet=sheet, cast_at=clock.now(), entered_by_id=by
        )
    )  # fmt: skip
    record(f"matter:{matter.id}", "voted", Actor(by), seat=seat.id, source=source)  # that, not what: votes are private until closing
    tell_of_entry(seat, by)


def close(who: Who, panel_ref: str, matter_ref: str) -> str:
    """Count and close; the outcome and the tally freeze. Returns the outcome.

    Refused: closed already; too few votes, unless the day to decide by has passed, which gives "no_quorum". NotYours: neither
    officer nor chair, or tied themselves.
    """
    with transaction():
        panel = queries.panel(panel_ref)
        matter = open_one(panel, matter_ref)
        must_count(who, panel, matter)
        rule = Threshold.load(matter.rule)
        standing = queries.standing(matter)
        tally = standing.tally
        if not quorate(tally, rule) and clock.today() <= matter.decide_by:
            raise Refused(
                _(
                    "%(voted)d of %(quorum)d votes are in. Wait for the others, or enter the votes given on paper.",
                    voted=tally.voted,
                    quorum=rule.quorum,
                )
            )
        sitting = db.session.get_one(Sitting, matter.sitting_id) if matter.sitting_id is not None else None
        if sitting is not None and Sharing.load(sitting.rule).shares:
            raise Refused(_("This idea shares a pot with others, so all of them are counted at once. Open the sitting to count."))
        result = freeze(matter, outcome(tally, rule), tally_of(standing), Actor(who.id))
        if sitting is not None and not queries.open_in(sitting.id):
            sitting.status, sitting.counted_at, sitting.counted_by_id = "counted", clock.now(), who.id
            record(f"sitting:{sitting.id}", "counted", Actor(who.id))
        return result


def ask(
    who: Who,
    panel_ref: str,
    matter_ref: str,
    carry: Callable[[str, Sequence[str], str, date, Actor], None],
    sections: Sequence[str],
    note: str,
    answer_by: date,
) -> None:
    """Ask whoever brought a matter about parts of it; `carry` does what that means for them. Refused, NotYours: as for `close`."""
    panel = queries.panel(panel_ref)
    matter = queries.matter(matter_ref, panel.id)
    must_count(who, panel, matter)
    if matter.status != "open":
        raise Refused(_("This was closed meanwhile. Your earlier vote, if you gave one, was counted."))
    carry(matter.about, sections, note, answer_by, Actor(who.id))


def tally_of(standing: queries.Standing) -> dict[str, Any]:
    """The votes of the seats, which seats could vote, and what ties were declared, as the register and the minutes print them."""
    seats = [
        {"seat": each.seat.id, "kind": each.seat.kind, "chair": each.seat.chair} for each in standing.able
    ]  # as they are now: seats change
    return standing.tally.store() | {"ties": sorted(tie for _seat, tie in standing.tied), "seats": seats}


def freeze(matter: Matter, came_out: str, tally: dict[str, Any], actor: Actor) -> str:
    """Close a locked matter with its outcome and tally, and tell whoever brought it; a part of an action. Returns the outcome."""
    must_be_in_transaction()
    matter.status = "closed"
    matter.closed_at = clock.now()
    matter.outcome, matter.tally = came_out, tally
    record(f"matter:{matter.id}", "closed", actor, outcome=matter.outcome)
    kind = matter.about.partition(":")[0]
    if kind in CLOSED:
        CLOSED[kind](matter, actor)
    return matter.outcome


# --- who may ------------------------------------------------------------------------------------------------------------


def must_count(who: Who, panel: Panel, matter: Matter) -> None:
    """Whoever closes or enters votes is an officer, the panel's chair or who stands in for it in a hall, and not tied to the matter.
    NotYours otherwise.
    """
    seat = queries.seat_of(who.id, panel.id)
    if seat is not None:
        queries.untied(seat, matter)  # NotFound when tied
    if who.id in queries.tied_by_nature([matter.about]).get(matter.about, ()):
        raise NotYours(_("We cannot find that page."))
    runs = seat is not None and queries.accepted(seat) and (seat.chair or queries.stands_in(seat, matter))
    if not (runs or who.can("manage panels")):
        raise NotYours(_("We cannot find that page."))


def before_seat(who: Who, panel_ref: str, matter_ref: str) -> tuple[Panel, Matter, Seat]:
    """The open matter, locked, and the seat from which somebody decides it. NotFound; Refused before the code of conduct is accepted."""
    panel = queries.panel(panel_ref)
    seat = queries.seat_of(who.id, panel.id)
    if seat is None:
        raise NotFound(_("We cannot find that page."))
    matter = open_one(panel, matter_ref)
    db.session.refresh(seat)  # it may have ended while we waited for the matter
    if not queries.holds(seat, clock.today()):
        raise NotFound(_("We cannot find that page."))
    if not queries.sitting(seat, matter).accepted:
        raise Refused(_("Read the panel’s code of conduct and accept it first."))
    return panel, matter, seat


def open_one(panel: Panel, matter_ref: str) -> Matter:
    """The matter, locked, so that no vote comes in while it is being closed. Refused when it is not open."""
    matter = db.session.scalar(select(Matter).where(Matter.ref == matter_ref, Matter.panel_id == panel.id).with_for_update())
    if matter is None:
        raise NotFound(_("We cannot find that page."))
    if matter.status == "withdrawn":
        raise Refused(_("This idea was taken back, so there is nothing left to decide."))
    if matter.status != "open":
        raise Counted(_("This was closed meanwhile. Your earlier vote, if you gave one, was counted."))
    return matter
