"""Applying: a draft saved page by page, judged when it is sent, changed until the round closes, asked about, withdrawn."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from portal import clock, once, photos
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.grants import kept, letters, queries, rounds
from portal.grants.model import Application, BudgetLine, MoreAsked, Photo, Round, Snapshot
from portal.grants.moves import about, begin, move
from portal.grants.rules import SECTIONS, Meter, RoundRules, hear_by, same_lines
from portal.grants.ties import must_not_be_their_own
from portal.history import Actor, Event, record
from portal.money import Pence, hours, pounds
from portal.outbox import Text, queue
from portal.panels import actions as panels
from portal.people import actions as people_actions
from portal.people import queries as people
from portal.people.model import Organisation, Person
from portal.people.shield import not_for_the_public
from portal.refs import new_ref
from portal.web.filters import day as day_words
from portal.words import _

MOST_LINES = 20
MOST_PHOTOS = 3
# judges of a budget that was just changed, as a part of that, with what its lines said before (by their id): each may refuse
LINES_JUDGED: list[Callable[[Application, Mapping[int, str]], None]] = []
# what rooms above want of a bid before it is sent, by the rules of its round
ALSO_WANTED: list[Callable[[Application, RoundRules], Iterable["Problem"]]] = []
OPEN_STATES = ("draft", "sent", "more_asked", "with_panel", "decided", "offered", "accepted")


@dataclass(frozen=True)
class Line:
    """A line of the budget as typed: what, how many pence (None when that is not a number yet), and the text of the box."""

    what: str
    amount: Pence | None
    typed: str = ""


@dataclass(frozen=True)
class Problem:
    """Something that keeps a bid from being sent (or, as a warning, might): the section it is about, and what to do."""

    section: str
    sentence: str


def start(round_ref: str, person_id: int, actor: Actor, *, organisation_id: int | None = None, once_key: str | None = None) -> str:
    """A new draft; returns its reference. Refused: the round takes no bids now."""
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        ref = begin_draft(round_ref, person_id, actor, organisation_id).ref
        if once_key:
            once.keep(once_key, ref)
        return ref


def start_for(
    round_ref: str,
    name: str,
    contact: tuple[str, str] | None,
    area_id: int | None,
    postal_address: str,
    basis: str,
    helper_id: int,
    *,
    once_key: str,
) -> str:
    """A helper begins a draft for somebody, known or new; who typed, for whom and on what basis is kept. Refused as for `start`."""
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        someone = people_actions.find_or_create_person(name, contact, area_id, postal_address, Actor(helper_id, None, basis))
        ref = begin_draft(round_ref, someone.id, Actor(helper_id, someone.id, basis), None).ref
        once.keep(once_key, ref)
        return ref


def begin_draft(round_ref: str, person_id: int, actor: Actor, organisation_id: int | None) -> Application:
    """The new draft, as a part of an action. Refused: the round takes no bids now."""
    must_be_in_transaction()
    round_ = rounds.locked_round(round_ref)
    if not rounds.takes_bids(round_):
        raise Refused(_("This round takes no ideas just now. Look at the open ones."))
    now = clock.now()
    application = Application(
        ref=new_ref("SPK"), round_id=round_.id, person_id=person_id, organisation_id=organisation_id, area_id=people.person(person_id).area_id,
        created_at=now, saved_at=now, helper_id=actor.person_id if actor.on_behalf_id else None, helper_basis=actor.basis or "",
    )  # fmt: skip
    db.session.add(application)
    db.session.flush()
    begin(application, "started", actor)
    return application


def locked(ref: str) -> Application:
    """The bid with its round, locked, as a part of an action. NotFound."""
    found = db.session.scalar(
        select(Application)
        .where(Application.ref == ref)
        .options(joinedload(Application.round).joinedload(Round.fund))
        .with_for_update(of=Application)
        .execution_options(populate_existing=True)  # as it stands now, whoever read it before it was locked
    )
    if found is None:
        raise NotFound(_("We cannot find that idea."))
    return found


def locked_before_panel(ref: str) -> Application:
    """The bid and its open matter, locked in the order in which a panel's count locks them, as a part of an action. NotFound."""
    panels.hold(f"bid:{queries.bid(ref).id}")
    return locked(ref)


def sections_open(application: Application, asked: MoreAsked | None = None) -> tuple[str, ...]:
    """Which of the six questions may be changed now: all, those that were asked about, or none.

    After a "not yet" all of them may, whatever its round does: the letter said that the panel looks at it again. `asked`: what is asked
    just now, where that was read already.
    """
    back = application.status == "sent" and application.told
    if application.status == "draft" or back or (application.status == "sent" and rounds.takes_bids(application.round, application.id)):
        return SECTIONS
    if application.status == "more_asked":
        asked = asked or queries.open_more_asked(application.id)
        return tuple(asked.sections) if asked else ()
    return ()


def save(ref: str, version: int, section: str, answers: Mapping[str, Any], actor: Actor, *, lines: Sequence[Line] | None = None) -> int:
    """Keep one page's answers, complete or not; returns the new version.

    Conflict: the bid was saved from another page meanwhile (lost-update guard). Refused: that section is closed; or the bid was
    sent, and would no longer be one that could be; or a helper helps elsewhere.
    """
    with transaction():
        application = locked(ref)
        if section not in sections_open(application):
            raise Refused(_("This part can no longer be changed."))
        if actor.on_behalf_id is not None and actor.person_id is not None:
            people.must_help_in(actor.person_id, answers.get("area_id"))
        if application.version != version:
            raise Conflict(
                _(
                    "This idea was changed on another page or phone meanwhile. Nothing of yours is lost: copy it, look at the newer one, and add what is missing."
                )
            )
        before = content(application)
        if application.title and answers.get("title") == "" and queries.pledges_of(application.id):
            raise Refused(_("Neighbours were asked about this idea by its name, so it keeps one."), "title")
        for name, value in answers.items():
            setattr(application, name, value)
        if lines is not None:
            _set_lines(application, lines)
        if content(application) == before:
            return application.version
        application.version += 1
        application.saved_at = clock.now()
        if application.status == "sent":
            if faults := [fault for fault in problems(application) if fault.section == section]:
                raise Refused(" ".join(fault.sentence for fault in faults))
            _one_open_bid(application)
            move(application, "changed", actor, section=section)
            snapshot(application)
        return application.version


def _set_lines(application: Application, lines: Sequence[Line]) -> None:
    """The budget as typed; `asked` is its sum. A row that nobody wrote in is no line. What was there before stays the same line."""
    filled = [line for line in lines[:MOST_LINES] if line.what or line.typed or line.amount is not None]
    if [(line.what, line.amount, line.typed) for line in filled] == [(line.what, line.amount, line.typed) for line in application.lines]:
        return
    before = {line.id: line.what for line in application.lines}
    known = same_lines([line.what for line in application.lines], [line.what for line in filled])
    rows = [BudgetLine() if place is None else application.lines[place] for place in known]
    for row in application.lines:
        row.position += MOST_LINES  # out of the way of those that take its place
    application.lines = [row for row in application.lines if row in rows]
    db.session.flush()
    for position, (row, line) in enumerate(zip(rows, filled, strict=True)):
        row.position, row.what, row.amount, row.typed = position, line.what, line.amount, line.typed
    application.lines = rows
    application.asked = Pence(sum(line.amount or 0 for line in filled))
    db.session.flush()
    for judge in LINES_JUDGED:
        judge(application, before)


def content(application: Application) -> dict[str, Any]:
    """What the bid says, for snapshots, diffs and "did anything change"."""
    return {
        "title": application.title, "idea": application.idea, "place": application.place, "area_id": application.area_id,
        "who_for": application.who_for, "better": application.better,
        "lines": [[line.what, line.amount, line.typed] for line in application.lines],
        "group_name": application.group_name,
        "first_day": application.first_day.isoformat() if application.first_day else None,
        "last_day": application.last_day.isoformat() if application.last_day else None,
        "pay_route": application.pay_route, "pay_to": application.pay_to, "public_summary": application.public_summary,
        "organisation_id": application.organisation_id,
    }  # fmt: skip


def snapshot(application: Application) -> None:
    """Keep what the bid says now, as a part of the action by which it is sent or changed."""
    db.session.flush()
    last = db.session.scalar(select(func.max(Snapshot.number)).where(Snapshot.application_id == application.id)) or 0
    db.session.add(Snapshot(application_id=application.id, number=last + 1, taken_at=clock.now(), content=content(application)))


# --- judging -------------------------------------------------------------------------------------------------------------


def problems(application: Application, today: date | None = None) -> list[Problem]:
    """What keeps the bid from being sent, in the order of the questions. Empty: it may go.

    `today`: the day by which its dates are judged, when that is not this one.
    """
    today = today or clock.today()
    rules = queries.rules_of(application)
    found: list[Problem] = []

    def wants(section: str, missing: bool, sentence: str) -> None:
        if missing:
            found.append(Problem(section, sentence))

    wants("idea", not application.title, _("Give your idea a short name."))
    wants("idea", not application.idea, _("Tell us what the idea is."))
    wants("idea", application.area_id is None, _("Choose where it happens."))
    wants("who", not application.who_for, _("Tell us who it is for."))
    wants("who", not application.better, _("Tell us what will be better."))
    wants(
        "who",
        rules.voters == "area" and not application.public_summary,
        _("Residents vote on the ideas of this round. Write one or two sentences that everybody may read."),
    )
    names = [people.person(application.person_id).name, *(pledge.name for pledge in queries.pledges_of(application.id))]
    what = not_for_the_public(application.public_summary, names) or not_for_the_public(application.title, names)
    wants(
        "who", what is not None, _("The short text and the name of your idea are for everybody to read, so take out %(what)s.", what=what)
    )
    most = rules.most_on_rung(queries.closed_awards(application.person_id, application.organisation_id))
    wants(
        "money",
        any(line.amount is None or not line.what for line in application.lines),
        _("Each line of what you will buy needs a name and an amount."),
    )
    given = bool(application.lines) and application.asked < rules.least and bool(kept.gifts_of(application.id))
    wants("money", not application.asked and not given, _("Write down what you will buy and what it costs."))
    wants("money", not application.asked and given, _("Neighbours gave everything, so you need no money. Go ahead, and thank you!"))
    wants(
        "money",
        bool(application.asked) and application.asked < rules.least,
        _(
            "Only %(sum)s are missing, thanks to your neighbours. Ask your connector: small sums are given on the spot.",
            sum=pounds(application.asked),
        )
        if given
        else _("The smallest grant is %(least)s.", least=pounds(rules.least)),
    )
    wants("money", application.asked > most, _("You can ask for up to %(most)s this time.", most=pounds(most)))
    wants("when", application.first_day is None or application.last_day is None, _("Say when it starts and when it ends."))
    if application.first_day and application.last_day:
        wants("when", application.last_day < application.first_day, _("The last day must not be before the first."))
        wants("when", application.first_day < today, _("The first day is already over. Hours before the decision do not count."))
        wants("when", application.last_day > today + timedelta(days=550), _("It should be done within a year and a half."))
    wants("pay", not application.pay_route, _("Choose how the money should reach you."))
    wants("pay", application.pay_route in ("group", "host") and not application.pay_to, _("Write the name on the bank account."))
    wants("pay", application.pay_route == "cheque" and not rules.cheques, _("This time we cannot send a cheque. Choose another way."))
    return found + [problem for ask in ALSO_WANTED for problem in ask(application, rules)]


def warnings(application: Application, meter: Meter | None = None) -> list[Problem]:
    """What is missing of the match: it may be sent all the same, and the panel sees the meter. `meter`: where it was read already."""
    meter = meter or queries.meter_of(application)
    found = []
    if meter.missing_neighbours:
        found.append(
            Problem("help", _("%(have)d of %(need)d neighbours have said yes so far.", have=meter.neighbours, need=meter.neighbours_needed))
        )
    if meter.missing:
        found.append(Problem("help", _("About %(hours)s of help are still missing.", hours=hours(meter.missing_minutes))))
    return found


def send(ref: str, version: int, actor: Actor, *, sure: bool = False, once_key: str | None = None) -> str:
    """Send a draft to its round; returns the reference. Sending twice gives the same answer.

    Refused: something is missing (the sentences say what), the match is short and `sure` is not said, the round has closed,
    or the same idea is under way already. Conflict: it was changed on another phone.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        application = locked(ref)
        if application.status != "draft":
            if application.sent_at is not None:
                return application.ref
            raise Refused(_("This idea cannot be sent any more."))
        if application.version != version:
            raise Conflict(_("This idea was changed on another phone since you looked at it. Check the answers again, then send it."))
        if not rounds.takes_bids(application.round, application.id):
            raise Refused(_("This round has closed. Your words are kept: you can use them in the next round."))
        if faults := problems(application):
            raise Refused(" ".join(fault.sentence for fault in faults))
        if not sure and warnings(application):
            raise Refused(
                _("Not all help is promised yet. Tick the box to send it all the same; neighbours can still say yes afterwards."),
                "sure",
            )
        _one_open_bid(application)
        now = clock.now()
        move(application, "sent", actor)
        application.sent_at = now
        application.hear_by = hear_by(clock.london_day(now), queries.rules_of(application), application.round.decide_by)
        snapshot(application)
        _tell_sent(application)
        if once_key:
            once.keep(once_key, application.ref)
        return application.ref


def hold_hands(application: Application) -> None:
    """Wait, as a part of an action, for whoever sends an idea of the same person or group at this moment; not for whoever only names them."""
    must_be_in_transaction()
    db.session.execute(select(Person.id).where(Person.id == application.person_id).with_for_update(key_share=True))
    if application.organisation_id is not None:
        db.session.execute(select(Organisation.id).where(Organisation.id == application.organisation_id).with_for_update(key_share=True))


def same_idea_under_way(application: Application) -> str | None:
    """The reference of an open bid for the same idea: the same title from the same person or the same group, in any round."""
    hands = Application.person_id == application.person_id
    if application.organisation_id is not None:
        hands = or_(hands, Application.organisation_id == application.organisation_id)
    same = select(Application.ref).where(
        Application.id != application.id,
        hands,
        func.lower(Application.title) == application.title.lower(),
        Application.status.in_(OPEN_STATES),
        Application.status != "draft",
    )
    return db.session.scalar(same.limit(1))


def _one_open_bid(application: Application) -> None:
    """One idea can have one open bid."""
    hold_hands(application)
    if other := same_idea_under_way(application):
        raise Refused(_("This idea is under way already as %(ref)s. One idea can have one open bid.", ref=other))


def _tell_sent(application: Application) -> None:
    assert application.hear_by is not None
    until = _("Until the panel has it") if application.round.rolling else _("Until the round closes")
    values = {"title": application.title, "ref": application.ref, "day": day_words(application.hear_by), "until": until}
    text = Text(
        subject=_("We have your idea: %(title)s", **values),
        body=_(
            "Thank you for “%(title)s”.\n\nYour reference is %(ref)s.\n\nThe panel of neighbours reads it next. You will hear by %(day)s, whatever they decide.\n\n%(until)s you can still change it.",
            **values,
        ),
        short=_("We have your idea “%(title)s” (%(ref)s). You will hear by %(day)s.", **values),
    )
    for who in {application.person_id, application.helper_id or application.person_id}:
        queue(f"{about(application)}:sent:{who}", people.addressee_of(people.person(who)), text, about=about(application))


# --- after sending -------------------------------------------------------------------------------------------------------


def withdraw(ref: str, reason: str, actor: Actor) -> None:
    """Take a bid back, by one tap, as long as no money was promised; twice changes nothing. Refused afterwards (awards have their own way)."""
    with transaction():
        application = locked_before_panel(ref)
        if application.status == "withdrawn":
            return
        if queries.award_of(application.id) is not None:
            raise Refused(_("There is a grant for this idea already. Open the grant to give it back."))
        if application.status == "decided":  # a decision that was never told is none
            application.decided, application.decision_reason, application.conditions, application.reserve_place = None, "", [], None
            application.funded = None
        move(application, "withdrawn", actor, refusal=_("This idea can no longer be withdrawn."), reason=reason or None)
        panels.withdraw_matter(about(application), actor)


def ask_more(ref: str, sections: Sequence[str], note: str, answer_by: date, actor: Actor) -> None:
    """Ask the applicant for named sections again. Refused: none named, no note, a day that is past, one's own."""
    with transaction():
        application = locked_before_panel(ref)
        must_not_be_their_own([application], actor)
        chosen = [section for section in SECTIONS if section in sections]
        if not chosen:
            raise Refused(_("Choose which parts you need to know more about."), "sections")
        if not note:
            raise Refused(_("Write what you would like to know, as you would say it at the door."), "note")
        if answer_by < clock.today():
            raise Refused(_("Choose a day that is still to come."), "answer_by")
        panels.keep_on_ballot(about(application))
        move(
            application,
            "more_asked",
            actor,
            refusal=_("We can only ask about an idea that was sent and is not decided."),
            reason=note,
            sections=chosen,
        )
        panels.withdraw_matter(about(application), actor)
        db.session.add(
            MoreAsked(
                application_id=application.id,
                sections=chosen,
                note=note,
                asked_by_id=actor.person_id,
                asked_at=clock.now(),
                answer_by=answer_by,
            )
        )
        values = {"title": application.title, "note": note, "day": day_words(answer_by)}
        number = db.session.scalar(select(func.count()).select_from(MoreAsked).where(MoreAsked.application_id == application.id)) or 0
        text = Text(
            subject=_("A question about “%(title)s”", **values),
            body=_(
                "We would like to know a little more about “%(title)s”:\n\n%(note)s\n\nPlease answer by %(day)s. Open your idea on our site to do it.",
                **values,
            ),
            short=_("A question about “%(title)s”. Please look at your idea by %(day)s.", **values),
        )
        queue(
            f"{about(application)}:more_asked:{number}",
            people.addressee_of(people.person(application.person_id)),
            text,
            about=about(application),
        )


def answer_more(ref: str, version: int, actor: Actor) -> None:
    """Say that the questions are answered. Refused: something is still missing. Conflict as for `send`."""
    with transaction():
        application = locked(ref)
        if application.version != version:
            raise Conflict(_("This idea was changed on another phone since you looked at it. Check the answers again, then send it."))
        asked = queries.open_more_asked(application.id)
        if application.status != "more_asked" or asked is None:
            raise Refused(_("There is no open question about this idea."))
        if faults := [fault for fault in problems(application) if fault.section in asked.sections]:
            raise Refused(" ".join(fault.sentence for fault in faults))
        move(application, "more_answered", actor)
        asked.answered_at = clock.now()
        snapshot(application)


def set_ineligible(ref: str, reason: str, actor: Actor) -> None:
    """Say that a bid cannot be taken in this round, with the reason that the letter gives. Refused: no reason, one's own."""
    with transaction():
        application = locked(ref)
        must_not_be_their_own([application], actor)
        if not reason:
            raise Refused(_("Write why, in words for the applicant. It goes into the letter."), "reason")
        move(application, "ineligible", actor, refusal=_("This idea is with the panel or decided already."), reason=reason)
        application.appeal_by = letters.appeal_by()
        values = {"title": application.title, "reason": reason, "appeal": letters.how_to_appeal(application)}
        text = Text(
            subject=_("About “%(title)s”", **values),
            body=_(
                "We cannot take “%(title)s” in this round.\n\n%(reason)s\n\nThat is no judgement of the idea. Call us, and we look for another way together.\n\n%(appeal)s",
                **values,
            ),
            short=_("We cannot take “%(title)s” in this round: %(reason)s Call us, we look for another way.", **values)[:300],
        )
        times = select(func.count()).where(Event.about == about(application), Event.kind == "ineligible")
        key = f"{about(application)}:ineligible:{db.session.scalar(times)}"  # once more after an appeal that was right
        queue(key, people.addressee_of(people.person(application.person_id)), text, about=about(application))


# --- photos --------------------------------------------------------------------------------------------------------------


def add_photo(ref: str, picture: photos.Picture, alt: str, data_dir: Path, actor: Actor) -> str:
    """Keep a photo with a bid; returns its reference. Refused: too many, or the idea section is closed."""
    file = photos.keep(picture, data_dir)
    try:
        with transaction():
            application = locked(ref)
            if "idea" not in sections_open(application):
                raise Refused(_("This part can no longer be changed."))
            return attach(about(application), file, picture, alt, actor, public=True).ref
    except BaseException:
        photos.drop(file, data_dir)
        raise


def attach(about_: str, file: str, picture: photos.Picture, alt: str, actor: Actor, *, public: bool) -> Photo:
    """The row of a kept picture, as a part of an action. Refused: the thing has enough of them."""
    must_be_in_transaction()
    held = db.session.scalar(select(func.count()).select_from(Photo).where(Photo.about == about_)) or 0
    if held >= MOST_PHOTOS:
        raise Refused(_("%(most)d photos are enough. Remove one to add another.", most=MOST_PHOTOS), "photo")
    row = Photo(
        ref=new_ref("PIC"), about=about_, file=file, width=picture.width, height=picture.height, alt=alt, public=public, added_by=actor.code,
        added_at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def remove_photo(ref: str, photo_ref: str, data_dir: Path, actor: Actor) -> None:
    """Take a photo off a bid; the file goes after the row is gone."""
    with transaction():
        application = locked(ref)
        if "idea" not in sections_open(application):
            raise Refused(_("This part can no longer be changed."))
        photo = db.session.scalar(select(Photo).where(Photo.ref == photo_ref, Photo.about == about(application)))
        if photo is None:
            raise NotFound(_("That photo is gone already."))
        file = photo.file
        db.session.delete(photo)
        record(about(application), "photo_removed", actor)
    photos.drop(file, data_dir)
