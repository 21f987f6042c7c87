"""The training note and code of conduct of a panel: versions that officers publish and seats accept before they open anything."""

from sqlalchemy import select

from portal import clock
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, record
from portal.panels import queries
from portal.panels.model import Conduct, Panel, Seat
from portal.panels.seats import locked_panel, needs_reason, seat_in_term
from portal.people.access import Who
from portal.words import N_, _

MOST = 6000

# what an officer begins with; a line that ends with a colon stands as a heading
DEFAULT = N_(
    """Thank you for deciding with us. This page says how a panel works and what we promise each other. It takes three minutes to read.

What you do:

You read ideas of neighbours and say what you think of them. It takes about five minutes for each idea. You can do it on your phone, on paper or in the hall.

Be fair:

Judge the idea, not the person. Use the questions that were published before the round opened, and use the same questions for every idea. It does not matter how well something is written. If you do not understand an idea, ask.

Say what ties you:

Before you open an idea, say whether something ties you to it. It may be your family, a close friend, a group that you belong to, money, or your own street. Then you do not decide about that idea, and that is fine. Nobody thinks less of you. If you notice it only later, say so then. If somebody else sees a tie that you did not see, the chair or an officer can say it for you, and you hear of it.

Keep it to yourself:

What you read, what others say and how anybody voted stays within the panel. Tell nobody what was decided until the letters have gone out. All who asked hear on the same day.

Be kind:

Behind each idea is a neighbour who took heart and asked. Write your reasons as you would like to read them. Let everybody on the panel finish speaking.

How marks and votes work:

First you read and think alone. Where ideas get marks, you give yours before you see anybody else’s. Then all talk. Then each of you votes: yes, no, not yet, or no vote. Say why when you say no or not yet. You can change your vote until the panel counts. The rule for counting is published before the round opens, and nobody can change it afterwards.

If you cannot go on:

Tell us. A substitute takes over, and nobody asks you why."""
)


def current(panel: Panel) -> Conduct | None:
    """The version in force; None when nothing was published."""
    return db.session.scalar(select(Conduct).where(Conduct.panel_id == panel.id, Conduct.version == panel.conduct))


def publish(who: Who, panel_ref: str, words: str, reason: str, since: int) -> int:
    """A new version, which every seat accepts before it opens anything more; returns its number.

    `since` is the version that was changed. Refused: no words, no reason, somebody else published meanwhile. The same words again
    change nothing.
    """
    if not words:
        raise Refused(_("Write what the panel promises."), "words")
    needs_reason(reason)
    with transaction():
        panel = locked_panel(panel_ref)
        last = current(panel)
        if last is not None and last.words == words:
            return last.version
        if panel.conduct != since:
            raise Refused(
                _("Somebody else published version %(version)d meanwhile. Read it, and then change it.", version=panel.conduct), "words"
            )
        panel.conduct += 1
        db.session.add(
            Conduct(panel_id=panel.id, version=panel.conduct, words=words, published_at=clock.now(), published_by_id=who.id)
        )  # fmt: skip
        record(f"panel:{panel.id}", "conduct_published", Actor(who.id), reason=reason, version=panel.conduct)
        return panel.conduct


def accept(who: Who, panel_ref: str, version: int) -> None:
    """A seat accepts the version that it has read. A second tap changes nothing.

    Refused: a newer version was published meanwhile. NotFound: no seat.
    """
    with transaction():
        panel = locked_panel(panel_ref)
        seat = queries.seat_of(who.id, panel.id)
        if seat is None:
            raise NotFound(_("We cannot find that page."))
        accepted(panel, seat, version, Actor(who.id))


def accept_on_paper(who: Who, panel_ref: str, person_ref: str, version: int, sheet: str) -> None:
    """An officer writes down that a seat accepted on paper or at the telephone; `sheet` says how. Refused: no sheet, a newer version."""
    if not sheet:
        raise Refused(_("Write how they accepted it, for example the number of the sheet that they signed."), "sheet")
    with transaction():
        panel = locked_panel(panel_ref)
        seat = seat_in_term(panel, person_ref)
        accepted(panel, seat, version, Actor(who.id, on_behalf_id=seat.person_id, basis=sheet))


def accepted(panel: Panel, seat: Seat, version: int, actor: Actor) -> None:
    """A part of an action that has locked the panel."""
    must_be_in_transaction()
    if version != panel.conduct:
        raise Refused(_("The code of conduct was changed meanwhile. Please read it once more."))
    if seat.conduct != version:
        seat.conduct, seat.conduct_at = version, clock.now()
        record(f"panel:{panel.id}", "conduct_accepted", actor, seat=seat.id, version=version)
