"""Pages of panels and seats: who sits and why, the code of conduct, offers to sit, ties on evidence."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.panels import conduct, forms, offers, queries, seats, story, ties
from portal.panels.model import Matter, Panel, Seat
from portal.panels.views.matters import counts, reading_of, titles_of
from portal.people import queries as people
from portal.web.forms import Form
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

panel_seats = Blueprint("panel_seats", __name__)


def _number(text: object) -> int:
    return int(str(text)) if str(text).isascii() and str(text).isdigit() and len(str(text)) < 10 else -1


def _within(ref: str) -> tuple[Panel, Seat | None]:
    """The panel and the reader's seat, or (None) an officer; not found for everybody else."""
    one = queries.panel(ref)
    held = queries.seat_of(current_user.id, one.id)
    if held is None:
        require("manage panels")
    return one, held


# --- panels and seats, for officers --------------------------------------------------------------------------------------


@panel_seats.route("/panels/new", methods=["GET", "POST"])
@allow("manage panels")
def new() -> Any:
    form = forms.NewPanel().fill()
    made: list[str] = []
    if done(
        form,
        lambda: made.append(
            seats.create_panel(
                current_user, form.name.data, form.purpose.data, form.area_ids, takes_guests=bool(form.takes_guests.data), once_key=form.once_key(current_user.id)
            )
        ),
    ):  # fmt: skip
        flash(_("The panel is there. Now give it seats."))
        return see_other(f"/panels/{made[0]}")
    return form_page("panels/new.html", form)


@panel_seats.route("/panels/<ref>/edit", methods=["GET", "POST"])
@allow("manage panels")
def edit(ref: str) -> Any:
    one = queries.panel(ref)
    areas = [area.code for area in queries.areas_of([one.id])[one.id]]
    form = forms.EditPanel(data={"name": one.name, "purpose": one.purpose, "areas": areas, "takes_guests": one.takes_guests}).fill()
    if done(
        form,
        lambda: seats.edit_panel(
            current_user, ref, name=form.name.data, purpose=form.purpose.data, area_ids=form.area_ids, takes_guests=bool(form.takes_guests.data),
            end_guests=bool(form.end_guests.data), reason=form.reason.data,
        ),
    ):  # fmt: skip
        flash(_("The panel is changed."))
        return see_other(f"/panels/{ref}")
    return form_page("panels/panel_edit.html", form, panel=one)


@panel_seats.route("/panels/<ref>/seats/new", methods=["GET", "POST"])
@allow("manage panels")
def new_seat(ref: str) -> Any:
    one = queries.panel(ref)
    form = forms.NewSeat().fill()
    given: list[str] = []

    def give() -> None:
        found = people.search(form.person.data, limit=2)
        if len(found) != 1:
            raise Refused(_("We know nobody by that address or number. Check it, or add the person at the desk first."), "person")
        assert form.term_start.data is not None
        given.append(found[0].name)
        seats.add_seat(
            current_user, ref, found[0].ref, kind=form.kind.data, term_start=form.term_start.data, term_end=form.term_end.data, reason=form.reason.data,
            chair=bool(form.chair.data), once_key=form.once_key(current_user.id),
        )  # fmt: skip

    if done(form, give):
        flash(_("%(name)s has a seat.", name=given[0]))
        return see_other(f"/panels/{ref}")
    return form_page("panels/seat_new.html", form, panel=one)


@panel_seats.route("/panels/<ref>/seats/<person_ref>", methods=["GET", "POST"])
@allow("manage panels")
def seat(ref: str, person_ref: str) -> Any:
    """End a seat, give or take the chair, make it a member's or a substitute's, write down that the code of conduct was accepted."""
    one = queries.panel(ref)
    who = people.person_by_ref(person_ref)
    held = queries.seat_of(who.id, one.id)
    if held is None:
        raise NotFound(_("They have no seat on this panel now."))
    ending, chair = forms.EndSeat(), forms.Chair(prefix="chair-")
    kind, paper = forms.Kind(prefix="kind-", data={"kind": held.kind}).fill(), forms.OnPaper(prefix="paper-", data={"version": one.conduct})
    chairing = not held.chair

    def end() -> None:
        assert ending.last_day.data is not None
        seats.end_seat(current_user, ref, person_ref, ending.last_day.data, ending.reason.data)

    acts: dict[str, tuple[Form, Callable[[], object]]] = {
        "end": (ending, end),
        "chair": (chair, lambda: seats.set_chair(current_user, ref, person_ref, chairing, chair.reason.data)),
        "kind": (kind, lambda: seats.set_kind(current_user, ref, person_ref, kind.kind.data, kind.reason.data)),
        "paper": (paper, lambda: conduct.accept_on_paper(current_user, ref, person_ref, _number(paper.version.data), paper.sheet.data)),
    }
    form, act = acts.get(request.form.get("act", "end"), acts["end"])
    if done(form, act):
        flash(_("Done."))
        return see_other(f"/panels/{ref}")
    return form_page(
        "panels/seat.html", form, panel=one, someone=who, held=held, ending=ending, chair=chair, kind=kind, paper=paper, kinds=forms.KIND_WORDS
    )  # fmt: skip


@panel_seats.get("/panels/<ref>/history")
@allow("signed in")
def history(ref: str) -> Any:
    """Who came, went and chaired, why, and by whom. For seats and officers."""
    one, _held = _within(ref)
    return page("panels/seat_history.html", panel=one, events=story.story_of(one))


# --- the code of conduct -------------------------------------------------------------------------------------------------


@panel_seats.route("/panels/<ref>/conduct", methods=["GET", "POST"])
@allow("signed in")
def code(ref: str) -> Any:
    """How the panel works and what it promises; a seat accepts it here."""
    one, held = _within(ref)
    form = forms.Accept(data={"version": one.conduct})
    if held is not None and done(form, lambda: conduct.accept(current_user, ref, _number(form.version.data))):
        flash(_("Thank you. Now you can open what waits for you."))
        return see_other("/panels/")
    return form_page(
        "panels/seat_conduct.html", form, panel=one, held=held, text=conduct.current(one), to_accept=held is not None and not queries.accepted(held)
    )  # fmt: skip


@panel_seats.route("/panels/<ref>/conduct/edit", methods=["GET", "POST"])
@allow("manage panels")
def edit_code(ref: str) -> Any:
    one = queries.panel(ref)
    text = conduct.current(one)
    form = forms.EditConduct(data={"words": text.words if text is not None else _(conduct.DEFAULT), "since": one.conduct})
    if done(form, lambda: conduct.publish(current_user, ref, form.words.data, form.reason.data, _number(form.since.data))):
        flash(_("Published. Every seat reads and accepts it before it opens anything more."))
        return see_other(f"/panels/{ref}/conduct")
    return form_page("panels/seat_conduct_edit.html", form, panel=one, text=text)


# --- offering to sit, joining as a guest ---------------------------------------------------------------------------------


@panel_seats.route("/panels/offer/<ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def offer(ref: str) -> Any:
    """I would like to sit on this panel."""
    one = queries.panel(ref)
    known = offers.open_offer(current_user.id, one.id)
    form = forms.Offer(data={"words": known.words} if known is not None else None)
    if done(form, lambda: offers.offer(current_user, ref, form.words.data)):
        flash(_("Thank you for offering. We will tell you."))
        return see_other("/panels/")
    return form_page("panels/seat_offer.html", form, panel=one, known=known, areas=queries.areas_of([one.id])[one.id])


@panel_seats.post("/panels/offer/<ref>/withdraw")
@allow("signed in")
def withdraw_offer(ref: str) -> Any:
    offers.withdraw(current_user, ref)
    flash(_("Your offer is taken back."))
    return see_other("/panels/")


@panel_seats.route("/panels/join/<ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def join(ref: str) -> Any:
    """Take a guest seat by oneself, having read and accepted the code of conduct."""
    one = queries.panel(ref)
    if queries.seat_of(current_user.id, one.id) is not None:
        return see_other(f"/panels/{ref}")
    why_not = offers.why_not_join(people.person(current_user.id), one)
    form = forms.Accept(data={"version": one.conduct})
    if done(form, lambda: offers.join(current_user, ref, _number(form.version.data))):
        flash(_("Welcome. You will find here what comes to the panel from now on."))
        return see_other("/panels/")
    return form_page(
        "panels/seat_join.html", form, panel=one, text=conduct.current(one), why_not=why_not, last=clock.today() + offers.GUEST_TERM
    )


@panel_seats.get("/desk/seats")
@allow("manage panels")
def desk() -> Any:
    """What panels need of officers: answers to offers, ideas that too few can decide, terms that end."""
    short = queries.short_matters(current_user.id)
    return page(
        "panels/seat_desk.html", offers=offers.waiting(), short=short, titles=titles_of([one.about for one, _panel in short]),
        ending=offers.ending_soon(seats.ENDS_SOON),
    )  # fmt: skip


@panel_seats.route("/desk/seats/<ref>", methods=["GET", "POST"])
@allow("manage panels")
def answer(ref: str) -> Any:
    """Say yes to an offer, or no."""
    found = offers.by_ref(ref)
    yes, no = forms.SayYes(prefix="yes-").fill(), forms.SayNo(prefix="no-")
    saying_no = request.form.get("act") == "no"

    def give() -> None:
        assert yes.term_start.data is not None
        offers.say_yes(
            current_user, ref, kind=yes.kind.data, term_start=yes.term_start.data, term_end=yes.term_end.data, words=yes.words.data
        )

    form: Form = no if saying_no else yes
    if done(form, (lambda: offers.say_no(current_user, ref, no.words.data)) if saying_no else give):
        flash(_("Answered. They hear of it."))
        return see_other("/desk/seats")
    one = queries.panel_by_id(found.panel_id)
    return form_page("panels/seat_answer.html", form, offer=found, panel=one, someone=people.person(found.person_id), yes=yes, no=no)


# --- ties on evidence ----------------------------------------------------------------------------------------------------


@panel_seats.route("/panels/<ref>/bids/<matter_ref>/ties", methods=["GET", "POST"])
@allow("signed in")
def tie_list(ref: str, matter_ref: str) -> Any:
    """The chair or an officer sees who is tied, declares a tie for a seat, and (an officer) puts a mistake right."""
    one = queries.panel(ref)
    about: Matter = queries.matter(matter_ref, one.id)
    sitting = reading_of(one, about)
    if not counts(sitting):
        raise NotFound(_("We cannot find that page."))
    natural = sitting.natural if sitting is not None else queries.tied_by_nature([about.about]).get(about.about, frozenset())
    standing = queries.standing(about, natural)
    tie = forms.TieFor(prefix="tie-").fill_for(
        [(each.person_ref, each.name) for each in standing.able if each.seat.person_id != current_user.id]
    )
    no_tie = forms.NoTie(prefix="none-")
    correcting = request.form.get("act") == "none"
    form: Form = no_tie if correcting else tie
    if done(
        form,
        (lambda: ties.correct(current_user, ref, matter_ref, str(no_tie.person.data), no_tie.reason.data))
        if correcting
        else (lambda: ties.declare_for(current_user, ref, matter_ref, tie.person.data, tie.tie.data, tie.reason.data)),
    ):
        flash(_("Put right. They hear of it.") if correcting else _("Noted. They hear of it, and do not see this idea any more."))
        return see_other(f"/panels/{ref}/bids/{matter_ref}/ties")
    return form_page(
        "panels/seat_ties.html", form, panel=one, matter=about, title=titles_of([about.about]).get(about.about, ""), ties=ties.ties_of(about, standing, natural), tie=tie,
        no_tie=no_tie, words=forms.TIE_OF_OTHERS, officer=may("manage panels"), correcting=no_tie.person.data if correcting else None,
    )  # fmt: skip


@panel_seats.route("/panels/<ref>/said/<int:number>", methods=["GET", "POST"])
@allow("signed in")
def said(ref: str, number: int) -> Any:
    """A seat sees that a tie was declared for it, when and by whom, and may object. Never for which idea."""
    one = queries.panel(ref)
    found = ties.said_to(current_user, one, number)
    form = forms.Against()
    if done(form, lambda: ties.object_to(current_user, ref, number, form.words.data)):
        flash(_("Thank you. An officer will look at it."))
        return see_other("/panels/")
    return form_page("panels/seat_said.html", form, panel=one, said=found, objection=ties.objection_to(number), words=forms.TIE_OF_OTHERS)
