"""Pages of panels: who sits, what waits, what ties, the vote, the count."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.panels import actions, forms, queries
from portal.panels.model import Matter, Panel, Seat
from portal.panels.rules import Threshold, quorate
from portal.people import queries as people
from portal.people.views import area_id
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

panels = Blueprint("panels", __name__, url_prefix="/panels")


@dataclass(frozen=True)
class Showing:
    """How to show what a matter is about: whoever brings matters fills `SHOWS`, and decides what a seat may see."""

    titles: Callable[[Sequence[str]], Mapping[str, str]]  # of several abouts, in one query
    asks: Callable[[str], Sequence[tuple[str, str]]]  # what a seat must know to say whether it is tied: (label, value)
    template: str  # included in the matter's page, with `shown`
    context: Callable[[str], Mapping[str, Any]]  # "title", and what the template needs


SHOWS: dict[str, Showing] = {}  # prefix of `about` → how to show it


# What else is on the page of a panel, of rooms that it does not know: lists of (words, address, what stands beside it, tone)
ALSO_ON: list[Callable[[Panel, Seat | None], Sequence[tuple[str, str, str, str]]]] = []


def _showing(about: str) -> Showing:
    return SHOWS[about.partition(":")[0]]


def _titles(abouts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in {about.partition(":")[0] for about in abouts}:
        found.update(SHOWS[kind].titles([about for about in abouts if about.startswith(kind + ":")]))
    return found


@panels.get("/")
@allow("signed in")
def index() -> Any:
    """My panels, with how much waits on each; for officers all panels."""
    mine = queries.panels_of(current_user.id)
    waiting = {}
    for panel in mine:
        seat = queries.seat_of(current_user.id, panel.id)
        assert seat is not None
        waiting[panel.id] = sum(1 for each in queries.sittings(seat) if each.vote is None)
    others = [panel for panel in queries.panels() if panel not in mine] if may("manage panels") else []
    return page("panels/index.html", mine=mine, waiting=waiting, others=others)


@panels.route("/new", methods=["GET", "POST"])
@allow("manage panels")
def new() -> Any:
    form = forms.NewPanel().fill()
    if form.validate_on_submit():
        ref = actions.create_panel(current_user, form.name.data, form.purpose.data, area_id(form.area.data))
        flash(_("The panel is there. Now give it seats."))
        return see_other(f"/panels/{ref}")
    return form_page("panels/new.html", form)


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
        open_, closed = ([vars(each) for each in queries.sittings(seat, status)] for status in ("open", "closed"))
    titles = _titles([each["matter"].about for each in (*open_, *closed)])
    return page(
        "panels/panel.html", panel=one, seat=seat, open=open_, closed=closed, titles=titles, seats=queries.seats_of(one.id), outcomes=forms.OUTCOME_WORDS,
        choices=forms.CHOICE_WORDS, holds=queries.holds, today=clock.today(), also=[line for ask in ALSO_ON for line in ask(one, seat)],
    )  # fmt: skip


@panels.route("/<ref>/seats/new", methods=["GET", "POST"])
@allow("manage panels")
def new_seat(ref: str) -> Any:
    one = queries.panel(ref)
    form = forms.NewSeat()
    if form.validate_on_submit():
        try:
            found = people.search(form.person.data, limit=2)
            if len(found) != 1:
                raise Refused(_("We know nobody by that address or number. Check it, or add the person at the desk first."), "person")
            assert form.term_start.data is not None
            actions.add_seat(
                current_user, ref, found[0].ref, term_start=form.term_start.data, term_end=form.term_end.data, reason=form.reason.data, chair=bool(form.chair.data)
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("%(name)s has a seat.", name=found[0].name))
            return see_other(f"/panels/{ref}")
    return form_page("panels/seat_new.html", form, panel=one)


@panels.route("/<ref>/seats/<person_ref>", methods=["GET", "POST"])
@allow("manage panels")
def seat(ref: str, person_ref: str) -> Any:
    """End a seat, or give or take the chair."""
    one = queries.panel(ref)
    who = people.person_by_ref(person_ref)
    held = queries.seat_of(who.id, one.id)
    if held is None:
        raise NotFound(_("They have no seat on this panel now."))
    chairing = request.form.get("act") == "chair"
    ending, chair = forms.EndSeat(), forms.Chair(prefix="chair-")
    form: Any = chair if chairing else ending
    if form.validate_on_submit():
        try:
            if chairing:
                actions.set_chair(current_user, ref, person_ref, not held.chair, chair.reason.data)
            else:
                assert ending.last_day.data is not None
                actions.end_seat(current_user, ref, person_ref, ending.last_day.data, ending.reason.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Done."))
            return see_other(f"/panels/{ref}")
    return form_page("panels/seat.html", form, panel=one, someone=who, held=held, ending=ending, chair=chair)


# --- one matter ----------------------------------------------------------------------------------------------------------


@panels.route("/<ref>/bids/<matter_ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def matter(ref: str, matter_ref: str) -> Any:
    """A seat says what ties it, reads, and votes. Officers and the chair see who has voted, and count."""
    one = queries.panel(ref)
    about = queries.matter(matter_ref, one.id)
    sitting = _sitting(one, about)
    voting = request.form.get("act") == "vote"
    tie = forms.Tie(prefix="tie-").fill()
    vote = forms.Vote(
        data={"choice": sitting.vote.choice, "reason": sitting.vote.reason} if sitting is not None and sitting.vote else None,
    ).fill()
    form: Any = vote if voting else tie
    if request.method == "POST" and form.validate():
        try:
            if voting:
                actions.vote(current_user, ref, matter_ref, vote.choice.data, vote.reason.data)
                flash(_("Your vote is in. You can change it until the panel counts."))
                return see_other(f"/panels/{ref}")
            if not actions.declare(current_user, ref, matter_ref, tie.tie.data, tie.note.data):
                flash(_("Thank you for saying so. You will not see this idea on the panel's pages any more."))
                return see_other(f"/panels/{ref}")
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/panels/{ref}/bids/{matter_ref}")
    return _matter_page(one, about, sitting, form, tie, vote)


def _sitting(panel: Panel, matter: Matter) -> queries.Sitting | None:
    """How the reader stands to a matter: as a seat, or (None) as an officer. Not found for everybody else, and when tied."""
    held = queries.seat_of(current_user.id, panel.id)
    if held is not None:
        return queries.sitting(held, matter)
    require("manage panels")
    if current_user.id in queries.tied_by_nature([matter.about]).get(matter.about, ()):
        raise NotFound(_("We cannot find that page."))
    return None


def _counts(sitting: queries.Sitting | None) -> bool:
    """Whether the reader counts the votes: an officer, or the chair who is not tied."""
    if sitting is None:
        return True
    return sitting.may_open and (sitting.seat.chair or may("manage panels"))


def _matter_page(panel: Panel, matter: Matter, sitting: queries.Sitting | None, form: Any, tie: Any, vote: Any) -> Any:
    showing = _showing(matter.about)
    opened = sitting is None or sitting.may_open
    counting = _counts(sitting)
    rule = Threshold.load(matter.rule)
    natural = sitting.natural if sitting is not None else None
    standing = queries.standing(matter, natural) if counting or matter.status == "closed" else None
    shown = showing.context(matter.about) if opened else {}
    return form_page(
        "panels/matter.html" if opened else "panels/tie.html", form, panel=panel, matter=matter, sitting=sitting, tie=tie, vote=vote, rule=rule,
        title=shown["title"] if opened else _titles([matter.about]).get(matter.about, ""), asks=[] if opened else showing.asks(matter.about),
        shown=shown, shown_template=showing.template, counting=counting, standing=standing,
        enough=standing is not None and quorate(standing.tally, rule), voted=queries.voted(matter) if standing is None else len(standing.votes), outcomes=forms.OUTCOME_WORDS,
        choices=forms.CHOICE_WORDS, today=clock.today(),
    )  # fmt: skip


@panels.route("/<ref>/bids/<matter_ref>/paper", methods=["GET", "POST"])
@allow("signed in")
def paper(ref: str, matter_ref: str) -> Any:
    """An officer or the chair enters a vote given on paper or in the hall."""
    one = queries.panel(ref)
    about = queries.matter(matter_ref, one.id)
    if not _counts(_sitting(one, about)):
        raise NotFound(_("We cannot find that page."))
    able = queries.standing(about).able
    form = forms.PaperVote().fill_for([(each.person_ref, each.name) for each in able])
    if form.validate_on_submit():
        try:
            actions.enter_vote(current_user, ref, matter_ref, form.person.data, form.choice.data, form.reason.data, form.source.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The vote is in."))
            return see_other(f"/panels/{ref}/bids/{matter_ref}")
    return form_page("panels/paper.html", form, panel=one, matter=about, title=_titles([about.about]).get(about.about, ""))


@panels.post("/<ref>/bids/<matter_ref>/close")
@allow("signed in")
def close(ref: str, matter_ref: str) -> Any:
    outcome = actions.close(current_user, ref, matter_ref)
    flash(_("Counted: %(outcome)s.", outcome=_(forms.OUTCOME_WORDS[outcome])))
    return see_other(f"/panels/{ref}/bids/{matter_ref}")
