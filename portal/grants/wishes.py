"""Gifts before money: a line of a bid is asked of neighbours first, on the gift boards; what comes of that is in `wish_kept`.

Posts are locked before bids, as when a promise is kept. So a bid that ends leaves its wishes to `follow`: at once from the page on
which it ends, and again by the worker.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zlib import crc32

from sqlalchemy import func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from portal import clock, once
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.gifts import asking, lists, posts
from portal.gifts.model import MOST_PIECES, STANDING, GiftPost
from portal.gifts.rules import Draft
from portal.grants import apply, kept, queries
from portal.grants.goods import LIVE
from portal.grants.model import Application, Award, BudgetLine, Report
from portal.grants.moves import about
from portal.grants.report import OPEN
from portal.grants.wish_model import KeptGift, WishedLine
from portal.history import BASES, SCHEME, Actor, record
from portal.money import Pence, pounds
from portal.people.access import Nobody, Who
from portal.words import N_, _

ENDED = ("closed", "returned", "lapsed", "declined")
TOLD = ("sent", "accepted", "waived")  # reports
STATES: Mapping[str, tuple[str, str]] = {
    "picked": (N_("Picked, not asked yet"), "warm"),
    "asked": (N_("Asked"), "calm"),
    "promised": (N_("Promised"), "warm"),
    "given": (N_("Given"), "good"),
    "partly": (N_("Partly given"), "good"),
    "held": (N_("A person looks at it first"), "warm"),
    "off": (N_("Not on the board now"), "warm"),
    "hidden": (N_("Taken down"), "bad"),
    "ended": (N_("Not asked any more"), ""),
}


@dataclass(frozen=True)
class Asked:
    """One line that was asked of neighbours, and what came. `saved`: pence that need not be bought."""

    row: WishedLine
    interested: int  # neighbours who wrote; of somebody else's gift: whether the applicant's side did
    promised: int  # pieces that are promised and not handed over
    given: int  # pieces that count
    handed: int  # pieces that were handed over, also when they saved nothing
    saved: Pence

    @property
    def state(self) -> str:
        if here := max(self.given, self.handed):
            return "given" if here >= self.row.pieces else "partly"
        if self.promised:
            return "promised"
        if self.row.ended_at is not None or self.row.post.status in ("ended", "gone"):
            return "ended"
        if self.row.post.status in ("held", "hidden"):
            return self.row.post.status
        if not lists.is_live(self.row.post):
            return "off"
        return "asked" if self.row.kind == "wish" or self.interested else "picked"


@dataclass(frozen=True)
class Wish:
    """What is asked of neighbours for a line. `still`: pence to be spent also when all of it is given."""

    title: str
    sort: str = "give"
    pieces: int = 1
    still: Pence = Pence(0)
    until_day: date | None = None
    text: str = ""


# --- when ----------------------------------------------------------------------------------------------------------------


def report_of(award: Award | None) -> str:
    """The state of a grant's report; "" before there is one. One query, or none."""
    return db.session.scalar(select(Report.status).where(Report.award_id == award.id)) or "" if award is not None else ""


def is_over(application: Application, award: Award | None) -> bool:
    """Whether nothing that is given from now on counts for this bid."""
    if queries.is_over(application):
        return True
    return award is not None and (award.status in ENDED or report_of(award) in TOLD)


def may_ask(application: Application, award: Award | None) -> bool:
    """Whether neighbours can be asked now: while the budget may be changed, and from the yes to the last day, or the report."""
    if "money" in apply.sections_open(application):
        return True
    if application.status != "accepted" or award is None or award.status not in LIVE or clock.today() > award.last_day:
        return False
    return report_of(award) in ("", *OPEN)


# --- reading -------------------------------------------------------------------------------------------------------------


def of_bid(application_id: int) -> Sequence[Asked]:
    """Everything that was asked for a bid, in order. One query."""
    came = [
        select(func.coalesce(func.sum(column), 0)).where(KeptGift.wished_line_id == WishedLine.id, kept.standing()).correlate(WishedLine)
        for column in (KeptGift.pieces, KeptGift.value)
    ]
    rows: Iterable[Sequence[Any]] = db.session.execute(
        select(
            WishedLine,
            asking.how_many_wrote(),
            asking.wrote_for(Application.person_id, Application.organisation_id),
            asking.how_many("promised"),
            asking.how_many("handed"),
            *(each.scalar_subquery() for each in came),
        )
        .join(WishedLine.post)
        .join(Application, Application.id == WishedLine.application_id)
        .where(WishedLine.application_id == application_id)
        .options(contains_eager(WishedLine.post).joinedload(GiftPost.party))
        .order_by(WishedLine.id)
    ).tuples()
    return [_asked(*row) for row in rows]


def _asked(row: WishedLine, wrote: int, we_wrote: int, promised: int, handed: int, given: int, saved: int) -> Asked:
    if row.kind == "wish":
        return Asked(row, wrote, int(promised), int(given), int(handed), Pence(int(saved)))
    return Asked(row, we_wrote, 0, int(given), 0, Pence(int(saved)))  # of somebody else's gift only what came of it is ours to tell


def by_line(asked: Sequence[Asked]) -> Mapping[int, Asked]:
    """Line → what was asked for it last; when that is over and nothing came of it, what came before."""
    found: dict[int, Asked] = {}
    for each in asked:
        if each.row.line_id is not None and not (each.state == "ended" and each.row.line_id in found and found[each.row.line_id].given):
            found[each.row.line_id] = each
    return found


def how_many_in(what: str) -> int:
    """How many of a thing the words of a line name: 24 of "24 jam jars"; 1 when they do not say."""
    said = next((int(word) for word in what.split() if word.isascii() and word.isdigit()), 1)
    return said if 1 <= said <= MOST_PIECES else 1


def suggested(application: Application, asked: Sequence[Asked], who: Who | Nobody) -> Mapping[int, GiftPost]:
    """Line → a gift on the boards like it, of those that the reader sees there anyway; for lines that nobody is asked for. Two queries,
    or none.
    """
    standing = {each.row.line_id for each in asked if each.row.ended_at is None}
    lines = [line for line in application.lines if line.what and line.id not in standing and line.amount]
    found = asking.like([line.what for line in lines], who) if lines else {}
    taken = {each.row.post_id for each in asked if each.row.ended_at is None}
    return {line.id: found[line.what] for line in lines if line.what in found and found[line.what].id not in taken}


# --- asking --------------------------------------------------------------------------------------------------------------


def ask(bid_ref: str, key: str, wish: Wish, who: Who, *, grown: bool = False, once_key: str) -> str:
    """Ask neighbours for a line first, named by its key (`key_of`); returns the reference of the wish. It stands there in the applicant's
    name, or in that of the group for which they ask.

    Refused: not now, no area yet, asked already, and whatever the boards refuse. Conflict: that line says something else now.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        seen = queries.bid(bid_ref)
        if seen.area_id is None:
            raise Refused(_("Say first where it happens. That is the first question."))
        if not 0 <= wish.still < _cost(line_by(seen.lines, key)):
            raise Refused(_("That is not less than the whole costs. Then a gift would save nothing."), "still")
        post = asking.put_up(
            Draft("wish", wish.sort, wish.title, seen.area_id, wish.text, quantity=wish.pieces, until_day=wish.until_day), who,
            grown=grown, **_in_whose_name(seen, who),
        )  # fmt: skip
        application, line = _judged(bid_ref, key)
        _tie(application, line, post, "wish", wish.pieces, wish.still, who)
        once.keep(once_key, post.ref)
        return post.ref


def _in_whose_name(application: Application, who: Who) -> Mapping[str, Any]:
    """The group's, where somebody who acts for it asks; the applicant's, also when a helper types for them."""
    if application.organisation_id is not None and application.organisation_id in who.acts_for:
        return {"organisation_id": application.organisation_id}
    if who.id == application.person_id:
        return {}
    said = next((basis for basis in BASES if application.helper_basis.startswith(basis)), "in person")
    return {"for_person": application.person_id, "basis": said}


def take_up(bid_ref: str, key: str, gift_ref: str, who: Who, *, pieces: int = 1) -> str:
    """The gift of somebody else is what this line would buy: from now on it counts for the line when it is handed over to the applicant.

    `pieces`: how many are needed, so that nothing must be bought. Returns the gift's reference; again changes nothing. NotFound: not a gift that they see. Refused and Conflict as for `ask`; refused
    also when it was asked for another line.
    """
    if not 1 <= pieces <= MOST_PIECES:
        raise Refused(_("Write how many you need, from 1 to %(most)d.", most=MOST_PIECES))
    with transaction():
        post = posts.locked(gift_ref)
        if post.kind != "gift" or not lists.is_seen(post, who):
            raise NotFound(_("This is not on the board any more. See what else there is."))
        application = apply.locked(bid_ref)
        line = _line(application, key)
        same = select(WishedLine).where(
            WishedLine.application_id == application.id, WishedLine.post_id == post.id, WishedLine.ended_at.is_(None)
        )
        before = db.session.scalar(same)
        if before is not None and before.line_id != line.id:
            raise Refused(_("You asked for this gift already, for another line: “%(what)s”.", what=before.what))
        if before is None:
            application, line = _judged(bid_ref, key)
            _tie(application, line, post, "gift", pieces, Pence(0), who)
        return post.ref


def key_of(line: BudgetLine) -> str:
    """What a page names a line by: a page that was opened before it was changed fits no more."""
    return f"{line.id}-{crc32(line.what.casefold().encode()):08x}"


def line_by(lines: Iterable[BudgetLine], key: str) -> BudgetLine:
    """The line with this key. Conflict: none has it now."""
    found = next((line for line in lines if key_of(line) == key), None)
    if found is None:
        raise Conflict(_("Your budget has changed since you looked at it. Look at it again, and ask from there."))
    return found


def _line(application: Application, key: str) -> BudgetLine:
    query = select(BudgetLine).where(BudgetLine.application_id == application.id).execution_options(populate_existing=True)
    return line_by(db.session.scalars(query), key)


def _cost(line: BudgetLine) -> Pence:
    if not line.what or not line.amount:
        raise Refused(_("Write what it is and what it costs first."))
    return line.amount


def _judged(bid_ref: str, key: str) -> tuple[Application, BudgetLine]:
    """The bid, locked, and the line. Refused: not now, asked already, also for another line in the same words."""
    application = apply.locked(bid_ref)
    if not may_ask(application, queries.award_of(application.id)):
        raise Refused(_("Neighbours can be asked while you write, and again from the yes to the last day. Not just now."))
    line = _line(application, key)
    cost, accepted = _cost(line), application.status == "accepted"
    if not accepted and cost > queries.rules_of(application).most and cost > (most := queries.most_for(application)):
        raise Refused(
            _("That costs more than you can ask for in this round: %(most)s. Write down what you would ask for.", most=pounds(most))
        )
    before = db.session.scalar(select(WishedLine).where(WishedLine.line_id == line.id, WishedLine.ended_at.is_(None)))
    if before is not None:
        if before.kind == "gift" or before.post.status in STANDING:
            raise Refused(_("Neighbours are asked for this already."))
        before.ended_at, before.ended_why = clock.now(), "again"
        db.session.flush()
    _must_be_asked_once(application, line)
    return application, line


def _must_be_asked_once(application: Application, line: BudgetLine) -> None:
    others = select(WishedLine).where(
        WishedLine.application_id == application.id, WishedLine.line_id != line.id, WishedLine.ended_at.is_(None)
    )
    for row in db.session.scalars(others.options(joinedload(WishedLine.post))):
        if kept.same_words(row.what, line.what) and (row.kind == "gift" or row.post.status in STANDING):
            raise Refused(
                _("Neighbours are asked for this already, for another line in the same words. If you need more of it, stop that one and ask anew for all of it.")
            )  # fmt: skip


def _tie(application: Application, line: BudgetLine, post: GiftPost, kind: str, pieces: int, still: Pence, who: Who) -> None:
    assert line.amount is not None
    if not 0 <= still < line.amount:
        raise Refused(_("That is not less than the whole costs. Then a gift would save nothing."), "still")
    db.session.add(
        WishedLine(
            application_id=application.id, line_id=line.id, post_id=post.id, kind=kind, what=line.what, price=line.amount, still=still, pieces=pieces,
            asked_at=clock.now(), asked_by_id=who.id,
        )
    )  # fmt: skip
    record(about(application), "neighbours_asked", Actor(who.id), reason=line.what)


# --- ending --------------------------------------------------------------------------------------------------------------


def stop(bid_ref: str, post_ref: str, who: Who) -> None:
    """Do not ask for a line any more. What is promised stays so, and counts when it is kept. Again changes nothing. NotFound."""
    with transaction():
        post = posts.locked(post_ref)
        application = apply.locked(bid_ref)
        row = db.session.scalar(
            select(WishedLine)
            .where(WishedLine.application_id == application.id, WishedLine.post_id == post.id)
            .order_by(WishedLine.id.desc())
        )
        if row is None:
            raise NotFound(_("We cannot find that gift or wish."))
        if row.ended_at is None:
            _end(row, post, "stopped", Actor(who.id))


def _end(row: WishedLine, post: GiftPost, why: str, actor: Actor) -> None:
    row.ended_at, row.ended_why = clock.now(), why
    if row.kind == "wish":
        asking.end(post, actor, over=why == "over")
    record(f"bid:{row.application_id}", "neighbours_not_asked", actor, reason=row.what)


def follow(bid_ref: str = "") -> int:
    """End what is asked for lines that are not in a budget any more, and for bids that have ended (the worker's work, and that of the page
    on which a bid ends).
    """
    ended = or_(
        WishedLine.line_id.is_(None),
        queries.OVER,
        Award.status.in_(ENDED),
        Report.status.in_(TOLD),
    )
    due = (
        select(WishedLine.id, GiftPost.ref, Application.ref)
        .join(GiftPost, GiftPost.id == WishedLine.post_id)
        .join(Application, Application.id == WishedLine.application_id)
        .outerjoin(Award, Award.application_id == Application.id)
        .outerjoin(Report, Report.award_id == Award.id)
        .where(WishedLine.ended_at.is_(None), ended)
        .order_by(WishedLine.id)
    )
    count = 0
    for id_, post_ref, ref in db.session.execute(due.where(Application.ref == bid_ref) if bid_ref else due).tuples().all():
        with transaction():
            post, application = posts.locked(post_ref), apply.locked(ref)
            row = db.session.get_one(WishedLine, id_, populate_existing=True)
            over = is_over(application, queries.award_of(application.id))
            if row.ended_at is None and (over or row.line_id is None):
                _end(row, post, "over" if over else "line", SCHEME)
                count += 1
    return count
