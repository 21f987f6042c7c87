"""What an applicant hopes for: one to three outcomes of the list, chosen with the idea; and what came of them, told with the report."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, Refused
from portal.grants import apply, report
from portal.grants.model import Application
from portal.grants.moves import about
from portal.grants.rules import RoundRules
from portal.history import Actor, record
from portal.outcomes import catalogue
from portal.outcomes.model import Hope, Outcome
from portal.outcomes.rules import HOW_FAR, MOST
from portal.words import _, _n

SECTION = "outcomes"  # the address of the question, beside those of the six
WITH = "who"  # the question with which it can be changed: "what will be better"


def of_bid(application_id: int) -> Sequence[Hope]:
    """What one idea hopes for, in order. One query."""
    return db.session.scalars(select(Hope).where(Hope.application_id == application_id).order_by(Hope.position)).all()


def may_choose(application: Application) -> bool:
    """Whether they can be chosen or changed now."""
    return WITH in apply.sections_open(application)


@dataclass(frozen=True)
class Choice:
    """A line to choose. An idea that has chosen it sees the words that it was shown then, also when it was retired since."""

    ref: str
    words: str
    chosen: bool


def choices(application: Application) -> Sequence[Choice]:
    """What an idea can choose from, in order. Two queries."""
    chosen = {hope.outcome_id: hope for hope in of_bid(application.id)}
    lines = [*catalogue.offered()]
    here = {line.id for line in lines}
    if gone := [id_ for id_ in chosen if id_ not in here]:
        lines += db.session.scalars(select(Outcome).where(Outcome.id.in_(gone)).order_by(Outcome.position, Outcome.id))
    return [Choice(line.ref, chosen[line.id].words if line.id in chosen else line.words, line.id in chosen) for line in lines]


def choose(ref: str, version: int, picked: Collection[str], actor: Actor) -> None:
    """Keep what was picked, by the references of the list. None may be picked where the round does not ask for it.

    Refused: it can no longer be changed; more than three; one that is not offered; none although the round asks. Conflict: the idea was
    changed on another page meanwhile.
    """
    with transaction():
        application = apply.locked(ref)
        if not may_choose(application):
            raise Refused(_("This part can no longer be changed."))
        if application.version != version:
            raise Conflict(_("This idea was changed on another page or phone meanwhile. Look at it again, and choose once more."))
        before = {hope.outcome_id: hope for hope in of_bid(application.id)}
        lines = db.session.scalars(select(Outcome).where(Outcome.ref.in_(picked)).order_by(Outcome.position, Outcome.id)).all()
        _judge(application, picked, lines, before)
        if {line.id for line in lines} == set(before):
            return
        shown = {
            line.id: (before[line.id].words, before[line.id].heading) if line.id in before else (line.words, line.heading) for line in lines
        }
        db.session.execute(delete(Hope).where(Hope.application_id == application.id))
        for position, (outcome_id, (words, heading)) in enumerate(shown.items(), start=1):
            db.session.add(Hope(application_id=application.id, outcome_id=outcome_id, position=position, words=words, heading=heading))
        application.version += 1
        application.saved_at = clock.now()
        record(
            about(application), "outcomes_chosen", actor,
            before=[hope.words for hope in before.values()], after=[words for words, _heading in shown.values()],
        )  # fmt: skip


def _judge(application: Application, picked: Collection[str], lines: Sequence[Outcome], before: Mapping[int, Hope]) -> None:
    if len(lines) < len(set(picked)) or any(line.retired_at is not None and line.id not in before for line in lines):
        raise Refused(_("The list has changed meanwhile. Choose once more."), "picked")
    if len(lines) > MOST:
        raise Refused(_n("Choose one at most.", "Choose %(num)d at most: what matters most to you.", MOST), "picked")
    if not lines and application.status != "draft" and RoundRules.load(application.round.rules).outcomes_needed and catalogue.offered():
        raise Refused(_("Choose at least one thing that you hope for."), "picked")


def _wanted(application: Application, rules: RoundRules) -> Iterator[apply.Problem]:
    if rules.outcomes_needed and not of_bid(application.id) and catalogue.offered():
        yield apply.Problem(SECTION, _("Choose at least one thing that you hope for."))


apply.ALSO_WANTED.append(_wanted)


@dataclass(frozen=True)
class Answer:
    """What came of one outcome: `how_far` of HOW_FAR or empty, and what happened in a sentence or two."""

    how_far: str
    happened: str


def tell(ref: str, version: int, answers: Mapping[int, Answer], actor: Actor) -> None:
    """What came of each outcome, by its position, as a part of the report: complete or not.

    Refused: the report was sent. Conflict: it was changed on another phone. NotFound: there is no report yet.
    """
    with transaction():
        application, found = report.begun(ref)
        if found.version != version:
            raise Conflict(_("This page was changed on another phone meanwhile. Copy your words, load the page again and add them."))
        changed = False
        for hope in of_bid(application.id):
            answer = answers.get(hope.position)
            if answer is None or (hope.how_far, hope.happened) == (answer.how_far, answer.happened):
                continue
            if answer.how_far not in ("", *HOW_FAR):
                raise Refused(_("Choose something from the list."))
            hope.how_far, hope.happened, changed = answer.how_far, answer.happened, True
        if changed:
            report.touched(found, actor)
