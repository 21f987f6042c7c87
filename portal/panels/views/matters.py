"""Pages of panels: who sits, what waits, what ties, the vote, the count."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.history import Actor
from portal.panels import actions, explained, forms, marking, queries, sittings, ties
from portal.panels.model import Matter, Panel, Seat
from portal.panels.rules import Threshold, quorate
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

panels = Blueprint("panels", __name__, url_prefix="/panels")


@dataclass(frozen=True)
class ForResidents:
    """What every resident reads of a matter on an area ballot, and nothing else."""

    title: str
    summary: str
    where: str


@dataclass(frozen=True)
class Public:
    """What everybody may read of a matter before it is decided, for the big screen in a hall: what the register will print."""

    title: str
    summary: str
    facts: Sequence[tuple[str, str]]  # (label, value)


@dataclass(frozen=True)
class Showing:
    """How to show what a matter is about: whoever brings matters fills `SHOWS`, and decides what a seat may see."""

    titles: Callable[[Sequence[str]], Mapping[str, str]]  # of several abouts, in one query
    hides: Callable[[Sequence[str]], Mapping[str, Sequence[str]]]  # whose full names everybody's pages leave out
    asks: Callable[[str], Sequence[tuple[str, str]]]  # what a seat must know to say whether it is tied: (label, value)
    template: str  # included in the matter's page, with `shown`
    context: Callable[[str], Mapping[str, Any]]  # "title", and what the template needs
    sections: Mapping[str, str] = field(default_factory=dict)  # parts about which whoever asks can be asked again: name → words
    ask: Callable[[str, Sequence[str], str, date, Actor], None] | None = None  # ask them: about, sections, note, answer by, who
    public: Callable[[str], Public] | None = None  # None: nothing of it is for everybody's eyes
    on_ballot: Callable[[Sequence[str]], Mapping[str, ForResidents]] | None = None  # of several abouts, where residents may vote on them


MINUTES_EACH = 5  # to read an idea and say what one thinks of it
SHOWS: dict[str, Showing] = {}  # prefix of `about` → how to show it


# What else is on the page of a panel, of rooms that it does not know: lists of (words, address, what stands beside it, tone)
ALSO_ON: list[Callable[[Panel, Seat | None], Sequence[tuple[str, str, str, str]]]] = []

# The same of what waits for a person on any of their panels, on the page of their sittings: from their id
ALSO_FOR: list[Callable[[int], Sequence[tuple[str, str, str, str]]]] = []


def showing_of(about: str) -> Showing:
    return SHOWS[about.partition(":")[0]]


def titles_of(abouts: Sequence[str]) -> dict[str, str]:
    """Names of what matters are about."""
    found: dict[str, str] = {}
    for kind in {about.partition(":")[0] for about in abouts}:
        found.update(SHOWS[kind].titles([about for about in abouts if about.startswith(kind + ":")]))
    return found


def hidden_names(abouts: Sequence[str]) -> dict[str, Sequence[str]]:
    """Full names that text about these things leaves out where everybody may read it (people/shield.py)."""
    found: dict[str, Sequence[str]] = {}
    for kind in {about.partition(":")[0] for about in abouts}:
        found.update(SHOWS[kind].hides([about for about in abouts if about.startswith(kind + ":")]))
    return found


@panels.get("/")
@allow("signed in")
def index() -> Any:
    """My sittings: what waits on all my panels, the soonest first; then the panels that one could sit on."""
    everywhere = queries.panels_for(current_user.id)
    held = [(panel, seat) for panel, seat, _offer in everywhere if seat is not None]
    others = [(panel, offer) for panel, seat, offer in everywhere if seat is None]
    sittings = queries.my_sittings(current_user.id)
    return page(
        "panels/index.html", held=held, sittings=sittings, titles=titles_of([each.matter.about for each in sittings]), minutes=MINUTES_EACH * len(sittings),
        waiting=Counter(each.matter.panel_id for each in sittings), others=others, areas=queries.areas_of([panel.id for panel, _offer in others]) if others else {},
        panels={panel.id: panel for panel, _seat in held}, kinds=forms.KIND_WORDS,
        also=[line for ask in ALSO_FOR for line in ask(current_user.id)] if held else [],
    )  # fmt: skip


@panels.get("/<ref>")
@allow("signed in")
def panel(ref: str) -> Any:
    """One panel: what waits, what was decided, who sits. For its seats and for officers."""
    one = queries.panel(ref)
    seat = queries.seat_of(current_user.id, one.id)
    open_: list[Any]
    closed: list[Any]
    if seat is None:
        require("manage panels")
        open_ = [{"matter": each} for each in queries.matters_of(one, "open")]
        closed = [{"matter": each} for each in queries.matters_of(one, "closed", limit=30)]
    else:
        whole = seat.kind != "member" and may("manage panels")  # an officer who is a substitute sees what officers see
        open_, closed = ([vars(each) for each in some] for some in queries.open_and_closed(seat, whole=whole))
    titles = titles_of([each["matter"].about for each in (*open_, *closed)])
    return page(
        "panels/panel.html", panel=one, seat=seat, open=open_, closed=closed, titles=titles, seats=queries.seats_of(one.id), outcomes=forms.OUTCOME_WORDS,
        choices=forms.CHOICE_WORDS, holds=queries.holds, today=clock.today(), kinds=forms.KIND_WORDS, said=ties.said_of(seat) if seat else [],
        accepted=seat is None or queries.accepted(seat), areas=queries.areas_of([one.id])[one.id], sittings=sittings.sittings_of(one.id, 7),
        also=[line for ask in ALSO_ON for line in ask(one, seat)],
    )  # fmt: skip


# --- one matter ----------------------------------------------------------------------------------------------------------


@panels.route("/<ref>/bids/<matter_ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("120/minute", methods=["POST"])
def matter(ref: str, matter_ref: str) -> Any:
    """A seat says what ties it, reads, and votes. Officers and the chair see who has voted, and count."""
    one = queries.panel(ref)
    about = queries.matter(matter_ref, one.id)
    sitting = reading_of(one, about)
    if sitting is not None and not sitting.accepted:
        return see_other(f"/panels/{ref}/conduct")
    voting = request.form.get("act") == "vote"
    tie = forms.Tie(prefix="tie-").fill()
    vote = vote_form(sitting)
    form: Any = vote if voting else tie
    if request.method == "POST" and form.validate():
        try:
            if voting:
                actions.vote(current_user, ref, matter_ref, vote.choice.data, vote.reason.data)
                flash(_("Your vote is in. You can change it until the panel counts."))
                return see_other(next_path(one, about, sitting))
            if not actions.declare(current_user, ref, matter_ref, tie.tie.data, tie.note.data):
                flash(_("Thank you for saying so. You will not see this idea on the panel's pages any more."))
                return see_other(f"/panels/{ref}")
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/panels/{ref}/bids/{matter_ref}")
    return matter_page(one, about, sitting, form, tie=tie, vote=vote)


def reading_of(panel: Panel, matter: Matter) -> queries.Sitting | None:
    """How the reader stands to a matter: as a seat, or (None) as an officer. Not found for everybody else, and when tied."""
    held = queries.seat_of(current_user.id, panel.id)
    if held is not None and (not may("manage panels") or queries.is_entitled(held, matter)):
        return queries.sitting(held, matter)
    require("manage panels")
    if held is not None:
        queries.untied(held, matter)  # an officer with a seat that does not decide this, but may be tied all the same
    elif current_user.id in queries.tied_by_nature([matter.about]).get(matter.about, ()):
        raise NotFound(_("We cannot find that page."))
    return None


def counts(sitting: queries.Sitting | None) -> bool:
    """Whether the reader counts the votes: an officer, or the chair who is not tied."""
    if sitting is None:
        return True
    return sitting.may_open and (sitting.seat.chair or may("manage panels"))


def next_path(panel: Panel, matter: Matter, sitting: queries.Sitting | None) -> str:
    """Where a seat goes on after its word: in a sitting the next matter that waits for it, or the list."""
    if sitting is None or matter.sitting_id is None:
        return f"/panels/{panel.ref}"
    place = queries.place_in_line(sitting.seat, matter)
    return f"/panels/{panel.ref}/bids/{place.waiting}" if place.waiting else f"/panels/{panel.ref}"


def matter_page(
    panel: Panel,
    matter: Matter,
    sitting: queries.Sitting | None,
    form: Any,
    *,
    tie: Any = None,
    vote: Any = None,
    marks: Any = None,
    talk: Any = None,
) -> Any:
    """The page of one matter with `form`, of which the errors are shown; forms that are not given are fresh."""
    showing = showing_of(matter.about)
    opened = sitting is None or sitting.may_open
    counting = counts(sitting)
    rule = Threshold.load(matter.rule)
    natural = sitting.natural if sitting is not None else None
    ballot = matter.sitting if queries.by_residents(matter) else None
    shown = showing.context(matter.about) if opened else {}
    given = marking.marks_of([matter.id]) if opened and rule.criteria else {}
    own = given.get((matter.id, sitting.seat.id), {}) if sitting is not None else {}
    may_talk = opened and marking.may_talk(matter, sitting.seat if sitting else None, own)
    standing = queries.standing(matter, natural) if counting or matter.status == "closed" or may_talk else None
    return form_page(
        "panels/matter.html" if opened else "panels/tie.html", form, panel=panel, matter=matter, sitting=sitting, rule=rule,
        tie=tie or forms.Tie(formdata=None, prefix="tie-").fill(), vote=vote or vote_form(sitting, fresh=True), marks=marks or forms.marks(rule.criteria, own),
        talk=talk or forms.Talk(formdata=None), title=shown["title"] if opened else titles_of([matter.about]).get(matter.about, ""),
        asks=[] if opened else showing.asks(matter.about), shown=shown, shown_template=showing.template, counting=counting, standing=standing, own=own,
        to_mark=marking.still_to_mark(matter, standing, given) if standing is not None and rule.criteria else [],
        all_marks=marking.shown_marks(matter, standing, given) if may_talk and standing is not None else [], mark_words=forms.MARK_WORDS,
        remarks=marking.talk(matter, current_user) if may_talk else [], may_talk=may_talk, place=queries.place_in_line(sitting.seat, matter) if sitting else None,
        may_ask=counting and showing.ask is not None and matter.status == "open" and not (ballot is not None and ballot.votes_from), ballot=ballot, enough=standing is not None and quorate(standing.tally, rule),
        voted=len(standing.votes) if standing is not None else queries.voted(matter) if matter.revealed_at or not rule.criteria else 0, outcomes=forms.OUTCOME_WORDS, choices=forms.CHOICE_WORDS, today=clock.today(),
        typed=form.typed() if matter.status != "open" and form.errors else [],
        sources=forms.SOURCE_WORDS, alone=matter.sitting_id is None or not sittings.shares_a_pot(matter), explained=explained,
    )  # fmt: skip


def vote_form(sitting: queries.Sitting | None, *, fresh: bool = False) -> forms.Vote:
    """The form for one's own vote, with the last one in it; `fresh` does not look at what was sent."""
    given = {"choice": sitting.vote.choice, "reason": sitting.vote.reason} if sitting is not None and sitting.vote else None
    return (forms.Vote(formdata=None, data=given) if fresh else forms.Vote(data=given)).fill()


@panels.route("/<ref>/bids/<matter_ref>/paper", methods=["GET", "POST"])
@allow("signed in")
def paper(ref: str, matter_ref: str) -> Any:
    """An officer or the chair enters a vote given on paper or in the hall."""
    one = queries.panel(ref)
    about = queries.matter(matter_ref, one.id)
    if not counts(reading_of(one, about)) or queries.by_residents(about):
        raise NotFound(_("We cannot find that page."))
    able = queries.standing(about).able
    form = forms.PaperVote().fill_for([(each.person_ref, each.name) for each in able])
    if form.validate_on_submit():
        try:
            actions.enter_vote(
                current_user, ref, matter_ref, form.person.data, form.choice.data, form.reason.data, form.source.data, form.sheet.data
            )
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The vote is in."))
            return see_other(f"/panels/{ref}/bids/{matter_ref}")
    return form_page("panels/paper.html", form, panel=one, matter=about, title=titles_of([about.about]).get(about.about, ""))


@panels.post("/<ref>/bids/<matter_ref>/close")
@allow("signed in")
def close(ref: str, matter_ref: str) -> Any:
    outcome = actions.close(current_user, ref, matter_ref)
    flash(_("Counted: %(outcome)s.", outcome=_(forms.OUTCOME_WORDS[outcome])))
    return see_other(f"/panels/{ref}/bids/{matter_ref}")
