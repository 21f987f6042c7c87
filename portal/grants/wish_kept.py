"""A promise was kept: what a line of a bid does not have to buy any more, and what that changes. Once for each promise.

By rule: while the applicant may change the budget the bid asks for that much less (a draft down to nothing, a bid that was sent down to
the smallest grant of its round). Once the panel has it, and of a grant, nothing changes by itself: the officers hear of it, and what is not
spent comes back as everything does that stands on no receipt.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, exists, or_, select

from portal import clock
from portal.db import db
from portal.errors import Refused
from portal.gifts import parties, promises
from portal.gifts.model import GiftParty
from portal.gifts.talks_model import GiftPromise
from portal.grants import apply, kept, queries, wishes
from portal.grants.model import Application, Award, BudgetLine
from portal.grants.moves import about, move
from portal.grants.wish_model import KeptGift, WishedLine
from portal.history import SCHEME, record
from portal.money import Pence, pounds
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.people.telling import fitted
from portal.words import N_, _


def _on_promise(promise: GiftPromise, was_kept: bool) -> None:
    """What the boards tell, with the post and the talk locked: it was handed over, or (False) it was not so after all."""
    if was_kept:
        for row, application in _ties_of(promise):
            award = queries.award_of(application.id)
            if not wishes.is_over(application, award) and _count(row, application, award, promise):
                return
        return
    gift = db.session.scalar(select(KeptGift).where(KeptGift.promise_id == promise.id))
    if gift is not None and gift.taken_back_at is None:
        ref = select(Application.ref).where(Application.id == gift.application_id)
        _take_back(gift, apply.locked(db.session.scalars(ref).one()))


promises.KEPT.append(_on_promise)


def _ties_of(promise: GiftPromise) -> Sequence[tuple[WishedLine, Application]]:
    """The lines for which a promise may count, the latest first, and their bids, locked: of a wish its own, of a gift those for which the one
    who has it now asked. Bids are locked in the order of their ids, as when their owner leaves.
    """
    taker = db.session.get_one(GiftParty, promise.taker_id)
    group = Application.organisation_id == taker.organisation_id
    theirs = group if taker.organisation_id is not None else Application.person_id == taker.person_id
    may_count = or_(WishedLine.kind == "wish", and_(WishedLine.ended_at.is_(None), theirs))
    which = (WishedLine.application_id == Application.id, WishedLine.post_id == promise.post_id, may_count)
    refs = db.session.scalars(select(Application.ref).where(exists().where(*which)).order_by(Application.id)).all()
    bids = {bid.id: bid for bid in map(apply.locked, refs)}
    query = select(WishedLine).join(Application, which[0]).where(*which[1:]).order_by(WishedLine.id.desc())
    rows = db.session.scalars(query.execution_options(populate_existing=True)).all()
    return [(row, bids[row.application_id]) for row in rows if row.application_id in bids]


def _is_of(taker: GiftParty, application: Application) -> bool:
    group = taker.organisation_id is not None and taker.organisation_id == application.organisation_id
    return group or (taker.person_id is not None and taker.person_id == application.person_id)


# --- it counts -----------------------------------------------------------------------------------------------------------


def _count(row: WishedLine, application: Application, award: Award | None, promise: GiftPromise) -> bool:
    """Whether the promise saves something of the line: then it is kept, and the bid asks for less where it still may."""
    line = _locked_line(row, application)
    if line is None:
        return False
    came = kept.by_line(application.id, application.lines).get(line.id, [])
    value = _worth(row, line, came, promise.quantity)
    if value < 1:
        return False
    lowered = _lower(application, line, value)
    now = promise.done_at or clock.now()
    gift = KeptGift(
        promise_id=promise.id, wished_line_id=row.id, application_id=application.id, pieces=min(promise.quantity, row.pieces), value=value, lowered=lowered,
        left_to_ask=_left_to_ask(application, row, line, came, value, lowered), day=clock.london_day(now), kept_at=now,
    )  # fmt: skip
    db.session.add(gift)
    db.session.flush()
    record(about(application), "gift_kept", SCHEME, reason=row.what, gift=gift.id, value=value, lowered=lowered)
    _tell_asker(application, gift, row, line, award)
    if lowered < value and application.status != "draft":
        _tell_officers(application, gift, row, _("A neighbour gave “%(what)s”, so that %(sum)s need not be bought."), -lowered)
    return True


def _locked_line(row: WishedLine, application: Application) -> BudgetLine | None:
    """The line, as it stands in the bid that is locked; None when it is not in the budget any more."""
    query = select(BudgetLine).where(BudgetLine.application_id == application.id).order_by(BudgetLine.position)
    return kept.line_of(row, db.session.scalars(query.execution_options(populate_existing=True)).all())


def _worth(row: WishedLine, line: BudgetLine, came: Sequence[KeptGift], pieces: int) -> Pence:
    """What so many more pieces save, rounded down to the penny over all that came.

    With what came for the line before never more than it cost at its dearest, nor than it still asks for at this moment.
    """
    mine = [gift for gift in came if gift.wished_line_id == row.id]
    together = min(row.pieces, sum(gift.pieces for gift in mine) + pieces)
    whole = (row.price - row.still) * together // row.pieces - sum(gift.value for gift in mine)
    asked = db.session.scalars(select(WishedLine.price).where(WishedLine.id.in_({row.id, *(gift.wished_line_id for gift in came)})))
    most = [whole, max(asked) - sum(gift.value for gift in came)]
    if line.amount is not None:
        most.append(min([line.amount, *(gift.left_to_ask for gift in came[-1:])]))
    return Pence(max(0, min(most)))


def _lower(application: Application, line: BudgetLine, value: Pence) -> Pence:
    """Ask for less, as far as the budget may be changed; returns by how much."""
    if "money" not in apply.sections_open(application):
        return Pence(0)
    least = 0 if application.status == "draft" else queries.rules_of(application).least
    lowered = Pence(max(0, min(value, line.amount or 0, application.asked - least)))
    _change(application, line, -lowered)
    return lowered


def _left_to_ask(
    application: Application, row: WishedLine, line: BudgetLine, came: Sequence[KeptGift], value: Pence, lowered: Pence
) -> Pence:  # fmt: skip
    """What the line may ask at most from now on; where it can not be changed now, what it asks less as soon as it can."""
    if line.amount is None:  # it is being typed anew
        return Pence(max(0, row.price - sum(gift.value for gift in came) - value))
    if "money" in apply.sections_open(application):
        return line.amount
    return Pence(max(0, min([line.amount, *(gift.left_to_ask for gift in came[-1:])]) - (value - lowered)))


def _change(application: Application, line: BudgetLine, by: int) -> None:
    """The line and the ask, as `apply.save` keeps them: a page that was opened before is told that something changed."""
    if not by:
        return
    line.amount, application.asked = Pence((line.amount or 0) + by), Pence(application.asked + by)
    application.version += 1
    application.saved_at = clock.now()
    db.session.flush()
    if application.status == "sent":
        move(application, "changed", SCHEME, section="money")
        apply.snapshot(application)


# --- it was not so -------------------------------------------------------------------------------------------------------


def _take_back(gift: KeptGift, application: Application) -> None:
    """It does not count any more, and the line asks for as much as before where that may be changed, up to the most that the bid may ask
    for; else everybody concerned hears.
    """
    row = db.session.get_one(WishedLine, gift.wished_line_id)
    gift.taken_back_at = clock.now()
    line = _locked_line(row, application)
    raised = _raise_again(gift, application, line)
    record(about(application), "gift_taken_back", SCHEME, reason=row.what, gift=gift.id, value=gift.value, raised=raised)
    _tell_asker_not_so(application, gift, row, raised)
    if raised < gift.value and application.status != "draft":
        _tell_officers(
            application, gift, row, _("“%(what)s” was not given after all, so its %(sum)s do not count any more."), raised, "back"
        )


def _raise_again(gift: KeptGift, application: Application, line: BudgetLine | None) -> Pence:
    """The line may ask for what it asked less, and does so as far as it can at once; returns by how much."""
    if line is None:
        return Pence(0)
    db.session.flush()
    for later in kept.by_line(application.id, application.lines).get(line.id, []):
        if later.id > gift.id:
            later.left_to_ask = Pence(later.left_to_ask + (gift.lowered or gift.value))
    if line.amount is None or "money" not in apply.sections_open(application):
        return Pence(0)
    raised = Pence(max(0, min(gift.lowered, queries.most_for(application) - application.asked)))
    _change(application, line, raised)
    return raised


# --- what the budget may say afterwards ----------------------------------------------------------------------------------


def _no_dearer(application: Application, _before: Mapping[int, str]) -> None:
    """Refused: a line asks again for what a neighbour gave."""
    came = kept.by_line(application.id, application.lines)
    for line in application.lines:
        if line.id in came and (line.amount or 0) > (most := came[line.id][-1].left_to_ask):
            raise Refused(
                _(
                    "A neighbour gave of “%(what)s”, so this line can ask for up to %(most)s. Is something else missing? Write it as a thing of its own.",
                    what=line.what,
                    most=pounds(most),
                )
            )


def _keeps_what_is_promised(application: Application, before: Mapping[int, str]) -> None:
    """Refused: a line for which something is promised goes, or becomes something else."""
    rows = (
        select(WishedLine, GiftPromise)
        .join(GiftPromise, GiftPromise.post_id == WishedLine.post_id)
        .where(WishedLine.application_id == application.id, WishedLine.ended_at.is_(None), GiftPromise.status == "promised")
        .order_by(WishedLine.id)
        .execution_options(populate_existing=True)
    )
    now = {line.id: line.what for line in application.lines}
    for row, promise in db.session.execute(rows).tuples():
        if row.kind == "gift" and not _is_of(db.session.get_one(GiftParty, promise.taker_id), application):
            continue
        if row.line_id is None or row.line_id not in now or not kept.is_same_thing(before.get(row.line_id, ""), now[row.line_id]):
            giver = parties.first_name(db.session.get_one(GiftParty, promise.giver_id))
            raise Refused(
                _(
                    "%(name)s has promised “%(what)s”, so that line stays as it is. Do you not need it? Stop asking for it first, at “Ask neighbours first”.",
                    name=giver,
                    what=row.what,
                )
            )


apply.LINES_JUDGED.append(_keeps_what_is_promised)
apply.LINES_JUDGED.append(_no_dearer)


# --- who hears -----------------------------------------------------------------------------------------------------------


def _tell_asker(application: Application, gift: KeptGift, row: WishedLine, line: BudgetLine, award: Award | None) -> None:
    values = {"what": row.what, "title": application.title, "sum": pounds(gift.value), "lowered": pounds(gift.lowered)}
    if award is not None:
        more = _("Do not buy it. What you do not spend comes back to the fund: it is what stands on no receipt.")
    elif gift.lowered == gift.value:
        more = _("You ask for %(lowered)s less now.", **values)
    elif "money" not in apply.sections_open(application):
        more = _("Your idea is with the panel, so what you ask for stays as it is. What is not spent comes back at the end.")
    elif line.amount is None:
        more = _("Its cost is not in your budget yet. Write only what is still missing.")
    elif gift.lowered:
        more = _("You ask for %(lowered)s less now. That is the smallest grant, so the rest comes back at the end.", **values)
    else:
        more = _("You ask for the smallest grant already, so that stays as it is. What is not spent comes back at the end.")
    _tell(application, f"kept gift:{gift.id}:asker", _("“%(what)s” was given: %(sum)s not needed", **values), more)


def _tell_asker_not_so(application: Application, gift: KeptGift, row: WishedLine, raised: Pence) -> None:
    values = {"what": row.what, "sum": pounds(raised), "missing": pounds(Pence(gift.lowered - raised))}
    if not gift.lowered:
        more = _("What you ask for stays as it is. Buy it, if you need it.")
    elif raised == gift.lowered:
        more = _("You ask for %(sum)s more again.", **values)
    elif "money" not in apply.sections_open(application):
        more = _("What you ask for can not be changed just now, so it stays lower. Call us, and we find a way.")
    elif application.asked + gift.lowered - raised > queries.most_for(application):
        more = _(
            "You ask for %(sum)s more again. That is the most that you can ask for, and %(missing)s are still missing. Look at your budget, and choose what to leave out.",
            **values,
        )
    else:
        more = _("Look at your budget. If you still need it, write down what it costs.")
    _tell(application, f"kept gift:{gift.id}:asker:back", _("“%(what)s” was not given after all", **values), more)


def _tell(application: Application, key: str, subject: str, more: str) -> None:
    link = address_of(f"/grants/{application.ref}/wishes")
    text = Text(
        subject=subject, body=f"{subject}\n\n{more}\n\n{link}", short=fitted(N_("%(words)s %(link)s"), f"{subject}. {more}", link=link)
    )
    queue(key, people.addressee_of(people.person(application.person_id)), text, about=about(application))


def _tell_officers(
    application: Application, gift: KeptGift, row: WishedLine, sentence: str, changed: int, what: str = "new"
) -> None:  # fmt: skip
    """Of a bid that does not change by all of it: what is not needed, in words. `changed`: pence by which the ask rose (or, below 0, fell)."""
    values = {
        "what": row.what, "sum": pounds(gift.value), "title": application.title, "ref": application.ref, "by": pounds(Pence(abs(changed))),
    }  # fmt: skip
    if changed:
        did = _("The idea asks for %(by)s more again.", **values) if changed > 0 else _("The idea asks for %(by)s less now.", **values)
    else:
        did = _("Nothing was changed by itself.")
    said = sentence % values
    link = address_of(f"/desk/bids/{application.ref}")
    text = Text(
        subject=_("Gifts before money: “%(title)s”", **values),
        body=f"{said}\n\n{did} " + _("Look at the idea: %(link)s", link=link),
        short=fitted(N_("%(words)s %(link)s"), said, link=link),
    )
    for officer in people.holders("officer", at=application.area_id):
        queue(f"kept gift:{gift.id}:officer:{what}:{officer.id}", people.addressee_of(officer), text, about=about(application))
