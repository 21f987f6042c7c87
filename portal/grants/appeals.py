"""Appeals: an applicant says that a decision was not made by the rules, and somebody who had no part in it answers.

Once for each letter, on grounds of process only, and with one second look by a different person. A letter that went out
is never undone: an appeal that is right opens the bid anew (docs/decisions/0006-appeals.md). Locks: bid, appeal, award.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.grants import apply, decide, letters, queries
from portal.grants import award as awards
from portal.grants.model import APPEAL_GROUNDS, Appeal, Application, Award, Release
from portal.grants.moves import about, begin, move
from portal.grants.rules import (
    RoundRules,
    hear_by,
)
from portal.grants.ties import tied_by_nature
from portal.history import SCHEME, Actor, Event, events_of
from portal.outbox import Text, address_of, queue
from portal.panels.model import Matter, Override, Seat
from portal.panels.queries import declared_ties
from portal.people.queries import addressee_of, holders, names, person
from portal.refs import new_ref
from portal.settings import limits
from portal.settings.days_off import working_days_after, working_days_between
from portal.words import N_, _

OPEN = ("open", "second_stage")  # somebody must answer
SOON = 2  # working days before an answer is due, on which officers are reminded
OFFER_WAITS = 5  # working days after the answer is due, that an offer waits for its yes


# --- what can be appealed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Letter:
    """The letter that is in force for a bid, where its decision can be appealed: what it said, when, and until when one can."""

    against: str
    at: datetime
    reason: str
    until: date

    @property
    def late(self) -> bool:
        return clock.today() > self.until


def letter_of(bid: Application) -> Letter | None:
    """What could be appealed now: a no, a place on the reserve list, "not in this round", or open conditions of an offer."""
    if bid.status == "ineligible":
        said = db.session.scalar(
            select(Event).where(Event.about == about(bid), Event.kind == "ineligible").order_by(Event.id.desc()).limit(1)
        )
        return _letter(bid, "ineligible", said.at, said.reason or "") if said is not None else None
    if bid.released_at is None:
        return None
    if bid.status == "declined" and bid.decided == "no":
        return _letter(bid, "no", bid.released_at, bid.decision_reason)
    if bid.status == "lapsed" and bid.reserve_place is not None:
        return _letter(bid, "reserve", bid.released_at, bid.decision_reason)
    if bid.status in ("offered", "accepted") and bid.conditions:
        found = queries.award_of(bid.id)
        if found is not None and awards.unmet(found):
            return _letter(bid, "conditions", bid.released_at, bid.decision_reason)
    return None


def _letter(bid: Application, against: str, at: datetime, reason: str) -> Letter:
    assert bid.appeal_by is not None
    return Letter(against, at, reason, bid.appeal_by)


def may_appeal(bid: Application, made: Sequence[Appeal]) -> Letter | None:
    """The letter that can be appealed today, given the appeals that were made about this bid."""
    letter = letter_of(bid)
    if letter is None or letter.late or any(each.letter_at == letter.at for each in made):
        return None
    return letter


def why_not(bid: Application, letter: Letter | None, made: Sequence[Appeal]) -> str | None:
    """The sentence for whoever cannot appeal now; None when they can."""
    if letter is None:
        return _("There is no decision here that you could appeal. Call us if something else is wrong.")
    for each in made:
        if each.letter_at == letter.at:
            return _("You have appealed against this letter already: %(ref)s. One appeal for one letter.", ref=each.ref)
    if letter.late:
        return _("The time to appeal ended on %(day)s. You can still call us and talk about it.", day=letters.in_words(letter.until))
    return None


# --- the applicant -------------------------------------------------------------------------------------------------------


def make(bid_ref: str, ground: str, words: str, actor: Actor, *, once_key: str | None = None) -> str:
    """Appeal against the letter in force; returns the appeal's reference. A second tap gets the first one's.

    Refused: not about the process, no words, no such letter, too late, appealed already.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        bid = decide.locked_bid(bid_ref)
        letter = letter_of(bid)
        if (refusal := why_not(bid, letter, queries.appeals_of(bid.id))) is not None:
            raise Refused(refusal)
        assert letter is not None
        if ground not in APPEAL_GROUNDS:
            raise Refused(_("Choose what went wrong."), "ground")
        if not words:
            raise Refused(_("Write what happened, in your own words."), "words")
        appeal = Appeal(
            ref=new_ref("APL"), application_id=bid.id, against=letter.against, letter_at=letter.at, letter_reason=letter.reason, ground=ground,
            words=words, opened_at=clock.now(), answer_by=working_days_after(clock.today(), limits.of(limits.ANSWER)),
            helper_id=actor.person_id if actor.on_behalf_id else None, helper_basis=actor.basis or "",
        )  # fmt: skip
        db.session.add(appeal)
        db.session.flush()
        begin(appeal, "made", actor, ground=ground, against=letter.against, letter=letter.at.isoformat())
        helper = names([appeal.helper_id]).get(appeal.helper_id or 0, "")
        text = letters.appeal_received(bid, appeal, _offer_waits(bid, appeal, actor), helper)
        for who in {bid.person_id, appeal.helper_id or bid.person_id}:
            queue(f"{about(appeal)}:received:{who}", addressee_of(person(who)), text, about=about(bid))
        if once_key:
            once.keep(once_key, appeal.ref)
        return appeal.ref


def ask_again(ref: str, words: str, actor: Actor) -> None:
    """Ask for a second look, by a different person. A second tap changes nothing. Refused: not answered, too late, no words."""
    with transaction():
        bid, appeal = _locked(ref)
        if appeal.status == "second_stage":
            return
        if appeal.status != "answered":
            raise Refused(_("There is no answer yet that could be looked at a second time.") if appeal.status == "open" else _closed())
        assert appeal.second_by is not None
        if clock.today() > appeal.second_by:
            raise Refused(_("The time to ask for a second look ended on %(day)s.", day=letters.in_words(appeal.second_by)))
        if not words:
            raise Refused(_("Write what was not right about the answer."), "words")
        appeal.second_words, appeal.second_asked_at, appeal.reminded = words, clock.now(), ""
        appeal.answer_by = working_days_after(clock.today(), limits.of(limits.ANSWER))
        move(appeal, "second_asked", actor)
        _tell(bid, appeal, "second", letters.appeal_second_received(bid, appeal, _offer_waits(bid, appeal, actor)))


def withdraw(ref: str, actor: Actor) -> None:
    """Take an appeal back before it is answered. A second tap changes nothing. Refused: answered, closed."""
    with transaction():
        bid, appeal = _locked(ref)
        if appeal.outcome == "withdrawn":
            return
        if appeal.status not in OPEN:
            raise Refused(_("It is answered already, so there is nothing to take back."))
        appeal.outcome = "withdrawn"
        _close(appeal)
        move(appeal, "withdrawn", actor)
        _tell(bid, appeal, "closed", letters.appeal_closed(bid, appeal))


def _offer_waits(bid: Application, appeal: Appeal, actor: Actor) -> date | None:
    """An offer that is not accepted yet does not lapse while its conditions are looked at: until when it waits now."""
    if bid.status != "offered":
        return None
    assert appeal.answer_by is not None
    found = awards.locked(_award_ref(bid))[1]
    awards.wait_longer(found, working_days_after(appeal.answer_by, OFFER_WAITS), actor)
    return found.accept_by


def _award_ref(bid: Application) -> str:
    return db.session.scalars(select(Award.ref).where(Award.application_id == bid.id)).one()


def _closed() -> str:
    return _("This appeal is closed.")


# --- who may answer ------------------------------------------------------------------------------------------------------

TIED = N_("Something ties you to this idea, so its appeal is hidden from you. Somebody else answers it.")


def hidden_from(abouts: Collection[str]) -> Mapping[str, frozenset[int]]:
    """Who must not see each of these bids' appeals: whose idea it is, and who declared a tie on the panel. Two queries."""
    declared = declared_ties(list(abouts))
    return {each: persons | declared.get(each, frozenset()) for each, persons in tied_by_nature(list(abouts)).items()}


def barred(bid: Application, appeal: Appeal) -> Mapping[int, str]:
    """Who had a part in what is appealed, each with the sentence that says so. Five queries."""
    name = about(bid)
    found: dict[int, str] = dict.fromkeys(hidden_from([name])[name], _(TIED))

    def had_a_part(persons: Collection[int | None], sentence: str) -> None:
        for each in persons:
            if each is not None:
                found.setdefault(each, sentence)

    events = events_of(name)
    sat = db.session.execute(
        select(Matter, Seat, Override)
        .join(Seat, Seat.panel_id == Matter.panel_id)
        .outerjoin(Override, Override.matter_id == Matter.id)
        .where(Matter.about == name, Matter.status == "closed")
    ).all()
    had_a_part(
        [seat.person_id for matter, seat, _override in sat if _sat_through(seat, matter)],
        _("You had a seat on the panel that decided this. Somebody who was not on it answers."),
    )
    had_a_part(
        [who for _matter, _seat, each in sat if each for who in (each.proposed_by_id, each.seconded_by_id)],
        _("You changed what the panel’s rule gave to this. Somebody else answers."),
    )
    counted = [each.actor_id for each in events if each.kind == "decided"]
    had_a_part(counted, _("You counted the panel’s votes on this. Somebody else answers."))
    had_a_part([each.actor_id for each in events if each.kind == "letter_written"], _("You wrote the letter. Somebody else answers."))
    refs = {str(each.data["release"]) for each in events if "release" in each.data}
    releases = db.session.scalars(select(Release).where(Release.ref.in_(refs))).all() if refs else []
    had_a_part(
        [who for each in releases for who in (each.prepared_by_id, each.released_by_id)],
        _("You prepared or released the letters. Somebody else answers."),
    )
    refused = [each.actor_id for each in events if each.kind == "ineligible"]
    had_a_part(refused, _("You said that this cannot be taken in the round. Somebody else answers."))
    had_a_part([appeal.helper_id], _("You typed this appeal. Somebody else answers."))
    had_a_part([appeal.answered_by_id], _("You gave the first answer. A different person takes the second look."))
    return found


def _sat_through(seat: Seat, matter: Matter) -> bool:
    """Whether a seat's term held on a day on which the matter was before its panel."""
    assert matter.closed_at is not None
    opened, closed = clock.london_day(matter.opened_at), clock.london_day(matter.closed_at)
    return seat.term_start <= closed and (seat.term_end is None or seat.term_end >= opened)


# --- the answer ----------------------------------------------------------------------------------------------------------


def remedy(bid: Application, appeal: Appeal) -> str:
    """What an appeal that is right brings about, as the bid stands now: "anew", "conditions", or a word of regret alone."""
    letter = letter_of(bid)
    if letter is None or letter.at != appeal.letter_at:
        return "words"
    if letter.against == "conditions":
        return "conditions"
    return "words" if apply.same_idea_under_way(bid) else "anew"  # they asked again meanwhile: one idea has one open bid


def answer(ref: str, stage: str, upheld: bool, reasons: str, dropped: Collection[int], sure: bool, actor: Actor) -> None:
    """Answer an appeal at the stage ("open", "second_stage") that its page showed. A second tap changes nothing.

    Refused: answered or taken back meanwhile; whoever had a part in the decision; no word that nothing ties them; no reasons;
    conditions are appealed, the appeal is right, and none of them falls away.
    """
    with transaction():
        bid, appeal = _locked(ref)
        if not _waits_still(appeal, stage, actor):
            return
        if (sentence := barred(bid, appeal).get(actor.person_id or 0)) is not None:
            raise Refused(sentence)
        if not reasons:
            raise Refused(_("Write why, in plain words. It goes into the letter."), "reasons")
        if not sure:
            raise Refused(_("Say that nothing ties you to this idea. If something does, leave it to somebody else."), "sure")
        if stage == "open":
            appeal.answer, appeal.answered_by_id, appeal.answered_at = reasons, actor.person_id, clock.now()
        else:
            appeal.second_answer, appeal.second_answered_by_id, appeal.second_answered_at = reasons, actor.person_id, clock.now()
        appeal.outcome = "upheld" if upheld else "not_upheld"
        if upheld:
            _put_right(bid, appeal, dropped, actor)
        elif stage == "open":
            appeal.answer_by, appeal.second_by = None, working_days_after(clock.today(), limits.of(limits.SECOND_LOOK))
            move(appeal, "not_upheld", actor)
            _tell(bid, appeal, "answered", letters.appeal_answered(bid, appeal))
        else:
            _close(appeal)
            move(appeal, "not_upheld_again", actor)
            _tell(bid, appeal, "closed", letters.appeal_closed(bid, appeal))


def _waits_still(appeal: Appeal, stage: str, actor: Actor) -> bool:
    """Whether this stage has no answer yet. Refused when somebody else gave it, or the appeal was taken back."""
    if appeal.status == stage and stage in OPEN:
        return True
    by = appeal.answered_by_id if stage == "open" else appeal.second_answered_by_id
    if by is None:
        raise Refused(_("This appeal was taken back. There is nothing to answer."))
    if by != actor.person_id:
        raise Refused(_("%(name)s has answered this already.", name=names([by]).get(by, "")))
    return False


def _put_right(bid: Application, appeal: Appeal, dropped: Collection[int], actor: Actor) -> None:
    """The appeal is right: open the bid anew, or let conditions fall away; and say so."""
    apply.hold_hands(bid)
    appeal.remedy = remedy(bid, appeal)
    found = awards.locked(_award_ref(bid))[1] if appeal.remedy == "conditions" else None
    chosen = set(dropped) & awards.unmet(found).keys() if found is not None else set()
    if found is not None and not chosen:
        raise Refused(_("Choose which conditions fall away. If none does, the appeal is not right."), "dropped")
    _close(appeal)
    move(appeal, "upheld", actor, remedy=appeal.remedy)
    gone = awards.drop_conditions(bid, found, chosen, appeal.ref, actor) if found is not None else []
    if appeal.remedy == "anew":
        _look_anew(bid, appeal, actor)
    _tell(bid, appeal, "closed", letters.appeal_upheld(bid, appeal, gone))


def _look_anew(bid: Application, appeal: Appeal, actor: Actor) -> None:
    """Back to where it was when it was sent. What the old letter said stays in the event and on the appeal."""
    move(
        bid, "appeal_upheld", actor, appeal=appeal.ref, decided=bid.decided, told=appeal.letter_at.isoformat(), why=appeal.letter_reason,
        place=bid.reserve_place,
    )  # fmt: skip
    bid.decided, bid.decision_reason, bid.conditions, bid.reserve_place, bid.funded = None, "", [], None, None
    bid.released_at, bid.appeal_by = None, None
    bid.hear_by = hear_by(clock.today(), RoundRules.load(bid.round.rules), None)


def _close(appeal: Appeal) -> None:
    appeal.answer_by, appeal.closed_at = None, clock.now()


def _tell(bid: Application, appeal: Appeal, what: str, text: Text) -> None:
    queue(f"{about(appeal)}:{what}", addressee_of(person(bid.person_id)), text, about=about(bid))


# --- dates (the worker's work) -------------------------------------------------------------------------------------------


def close_unasked() -> int:
    """Close appeals that were answered and for which nobody asked for a second look in time."""
    today = clock.today()
    closed = 0
    for ref in db.session.scalars(select(Appeal.ref).where(Appeal.status == "answered", Appeal.second_by < today).limit(500)).all():
        with transaction():
            bid, appeal = _locked(ref)
            if appeal.status != "answered" or appeal.second_by is None or appeal.second_by >= clock.today():
                continue
            _close(appeal)
            move(appeal, "closed", SCHEME)
            _tell(bid, appeal, "closed", letters.appeal_closed(bid, appeal))
            closed += 1
    return closed


def remind() -> int:
    """Tell the officers who may answer when an answer is due within two working days, and again when it is late. Each once."""
    today = clock.today()
    horizon = working_days_after(today, SOON)
    due = select(Appeal.ref).where(
        Appeal.status.in_(OPEN),
        ((Appeal.answer_by < today) & (Appeal.reminded != "late")) | (Appeal.answer_by.between(today, horizon) & (Appeal.reminded == "")),
    )
    told = 0
    for ref in db.session.scalars(due.order_by(Appeal.id).limit(500)).all():
        with transaction():
            bid, appeal = _locked(ref)
            today = clock.today()
            if appeal.status not in OPEN or appeal.answer_by is None:
                continue
            what = "late" if appeal.answer_by < today else "soon" if appeal.answer_by <= working_days_after(today, SOON) else ""
            if not what or appeal.reminded in (what, "late"):
                continue  # somebody else was quicker
            appeal.reminded = what
            told += _remind_officers(bid, appeal, what)
    return told


def _remind_officers(bid: Application, appeal: Appeal, what: str) -> int:
    assert appeal.answer_by is not None
    kept_out = barred(bid, appeal)
    may = [each for each in holders("officer", at=bid.area_id) if each.id not in kept_out]
    values = {"ref": appeal.ref, "day": letters.in_words(appeal.answer_by), "link": address_of(f"/desk/appeals/{appeal.ref}")}
    said = (
        _("The appeal %(ref)s should have been answered by %(day)s.", **values)
        if what == "late"
        else _("The appeal %(ref)s must be answered by %(day)s.", **values)
    )
    text = Text(subject=said, body="\n\n".join((said, values["link"])), short=f"{said} {values['link']}")
    if not may:  # then somebody must be asked to: an administrator can give the role
        may = [each for each in holders("administrator") if each.id not in kept_out]
        ask = _("No officer may answer it, because all had a part in the decision. Please give the role to somebody who had none.")
        text = Text(subject=said, body=f"{said}\n\n{ask}", short=f"{said} {ask}"[:306])
    for each in may:
        queue(f"{about(appeal)}:{appeal.status}:{what}:{each.id}", addressee_of(each), text, about=about(appeal))
    return 1


# --- reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """An appeal on the desk's list: whether it is late, by how many working days (else how many are left), and how many days old it is."""

    appeal: Appeal
    bid: Application
    late: bool
    days: int
    age: int


def waiting(person_id: int, limit: int = 100, *, areas: Collection[int] | None = None) -> Sequence[Waiting]:
    """Appeals that must be answered, the one due first first, without those that are hidden from this person. Three queries.

    `areas`: only about bids there; None: all.
    """
    found = db.session.scalars(
        select(Appeal)
        .join(Appeal.application)
        .options(contains_eager(Appeal.application))
        .where(Appeal.status.in_(OPEN), queries.lies_in(areas))
        .order_by(Appeal.answer_by, Appeal.id)
        .limit(limit)
    ).all()
    today = clock.today()
    lines = []
    for each in _seen(found, person_id):
        assert each.answer_by is not None
        late, began = each.answer_by < today, each.second_asked_at or each.opened_at
        days = working_days_between(*sorted((today, each.answer_by)))
        lines.append(Waiting(each, each.application, late, days, (today - clock.london_day(began)).days))
    return lines


def answered(person_id: int, limit: int = 30, *, areas: Collection[int] | None = None) -> Sequence[Appeal]:
    """Appeals that were answered or closed, the newest first, without those that are hidden from this person. Three queries.

    `areas`: only about bids there; None: all.
    """
    found = db.session.scalars(
        select(Appeal)
        .join(Appeal.application)
        .options(contains_eager(Appeal.application))
        .where(Appeal.status.not_in(OPEN), queries.lies_in(areas))
        .order_by(func.coalesce(Appeal.closed_at, Appeal.answered_at).desc(), Appeal.id.desc())
        .limit(limit)
    ).all()
    return _seen(found, person_id)


def _seen(found: Sequence[Appeal], person_id: int) -> list[Appeal]:
    hidden = hidden_from({f"bid:{each.application_id}" for each in found}) if found else {}
    return [each for each in found if person_id not in hidden[f"bid:{each.application_id}"]]


def decided_by(bid: Application, appeal: Appeal) -> Matter | None:
    """The panel's matter that the letter told of, if the panel decided it."""
    return db.session.scalar(
        select(Matter)
        .where(Matter.about == about(bid), Matter.status == "closed", Matter.closed_at <= appeal.letter_at)
        .order_by(Matter.id.desc())
        .limit(1)
    )


def appeal_by_ref(ref: str) -> Appeal:
    """One appeal with its bid and round. NotFound."""
    found = db.session.scalar(select(Appeal).where(Appeal.ref == ref).options(joinedload(Appeal.application).joinedload(Application.round)))
    if found is None:
        raise NotFound(_("We cannot find that appeal."))
    return found


def _locked(ref: str) -> tuple[Application, Appeal]:
    """An appeal and its bid, locked in the order of the house. NotFound."""
    must_be_in_transaction()
    bid_id = db.session.scalar(select(Appeal.application_id).where(Appeal.ref == ref))
    bid = db.session.scalar(select(Application).where(Application.id == bid_id).with_for_update().execution_options(populate_existing=True))
    appeal = db.session.scalar(select(Appeal).where(Appeal.ref == ref).with_for_update(of=Appeal).execution_options(populate_existing=True))
    if bid is None or appeal is None:
        raise NotFound(_("We cannot find that appeal."))
    return bid, appeal
