"""Questions to three neighbours: what a seat reads and says, what the two and the coordinator see, and how they are asked."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g
from flask_login import current_user
from wtforms import RadioField

from portal.errors import NotFound, Refused
from portal.money import Minutes
from portal.panels import views as panel_views
from portal.panels.model import Panel, Seat
from portal.settings import limits
from portal.timebank import members, neighbour_messages, neighbour_queries, neighbours
from portal.timebank.neighbours_model import NeighbourQuestion
from portal.timebank.views.desk import exchange_of_coordinator
from portal.timebank.views.hours import NEIGHBOUR_STATES, exchange_of_side, suffix
from portal.web.filters import day as day_words
from portal.web.forms import Form, HoursField, Line, Needed
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow, may
from portal.words import N_, _

time_neighbours = Blueprint("time_neighbours", __name__)


class Ask(Form):
    words = Line(
        N_("What should they know? Write no names."), [Needed(N_("Write why, in a few words."))], most=300, description=N_("The three neighbours read this.")
    )  # fmt: skip


class Say(Form):
    time = HoursField(N_("What is fair?"), [Needed(N_("Write how long it was; 0 when it does not count."))])
    reason = Line(
        N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300, description=N_("They read this without your name. Write nothing that shows who you are.")
    )  # fmt: skip


class YesOrNo(Form):
    yes = RadioField(N_("Should they get it?"), [Needed(N_("Say yes or no."))], choices=[("yes", N_("Yes")), ("no", N_("No"))])
    reason = Line(
        N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300, description=N_("They read this without your name. Write nothing that shows who you are.")
    )  # fmt: skip


def _seen(ref: str) -> tuple[NeighbourQuestion, str]:
    """A question, and as whom this person sees it: "seat", "side" or "desk". NotFound for everybody else."""
    found = neighbour_queries.by_ref(ref)
    about = [found.exchange.giver, found.exchange.receiver] if found.exchange is not None else [found.taker]
    if any(each is not None and members.acts_as(current_user, each) for each in about):
        return found, "side"
    if any(each is not None and may("help others", each) for each in about):
        return found, "desk"
    raise NotFound(_("We cannot find that page."))


def _page(ref: str, form: Form | None = None) -> Any:
    g.private = True
    found = neighbour_queries.by_ref(ref)
    seat = neighbours.untied_seat(found, current_user)
    if seat is not None:
        role = "seat"
    else:
        found, role = _seen(ref)
    kind = Say if found.kind == "hours" else YesOrNo
    over = found.status in ("decided", "done")
    return form_page(
        "timebank/neighbours.html", form or kind(formdata=None), question=found, role=role, seat=seat if role == "seat" else None, state=NEIGHBOUR_STATES[found.status],
        names=neighbour_messages.names_of(found), said=neighbour_queries.said(found) if over or role != "seat" else [], seats=neighbours.SEATS,
        outcome=neighbour_messages.outcome(found) if found.status == "done" else "",
    )  # fmt: skip


@time_neighbours.get("/timebank/neighbours/<ref>")
@allow("signed in")
def question(ref: str) -> Any:
    """One question: to read and to answer for a seat; how far it is for the people it is about."""
    return _page(ref)


@time_neighbours.post("/timebank/neighbours/<ref>")
@allow("signed in")
@limiter.limit("30/minute")
def say(ref: str) -> Any:
    """A seat says what is fair, or yes or no."""
    found = neighbour_queries.by_ref(ref)
    form: Any = Say() if found.kind == "hours" else YesOrNo()
    if form.validate():
        minutes = form.time.data if found.kind == "hours" else found.most if form.yes.data == "yes" else Minutes(0)
        try:
            neighbours.say(ref, minutes or 0, form.reason.data, current_user)
        except NotFound:
            raise
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Thank you. Everybody it is about hears what comes of it, and nobody hears that it was you."))
            return see_other(f"/timebank/neighbours/{ref}")
    return _page(ref, form)


@time_neighbours.post("/timebank/neighbours/<ref>/tied")
@allow("signed in")
def tied(ref: str) -> Any:
    neighbours.know_them(ref, current_user)
    flash(_("Thank you for saying so. We ask another neighbour."))
    return see_other("/panels/")


# --- asking --------------------------------------------------------------------------------------------------------------


@time_neighbours.route("/timebank/exchanges/<ref>/neighbours", methods=["GET", "POST"])
@allow("signed in")
def ask(ref: str) -> Any:
    """One of the two asks that neighbours look at what was decided."""
    found, me = exchange_of_side(ref)
    if not members.acts_as(current_user, me):
        return see_other(f"/timebank/desk/exchanges/{ref}/neighbours")
    return _asking(neighbours.ask, found, f"/timebank/exchanges/{ref}{suffix(me)}")


@time_neighbours.route("/timebank/desk/exchanges/<ref>/neighbours", methods=["GET", "POST"])
@allow("help others")
def pass_on(ref: str) -> Any:
    """A coordinator leaves it to neighbours."""
    return _asking(neighbours.pass_on, exchange_of_coordinator(ref), f"/timebank/desk/exchanges/{ref}")


def _asking(act: Any, exchange: Any, back: str) -> Any:
    form = Ask()
    if form.validate_on_submit():
        try:
            made = act(exchange.ref, form.words.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Three neighbours have been asked. You hear what they say."))
            return see_other(f"/timebank/neighbours/{made}")
    return form_page(
        "timebank/neighbours_ask.html",
        form,
        exchange=exchange,
        back=back,
        days=neighbours.DAYS_TO_ASK,
        working_days=limits.of(limits.NEIGHBOURS),
    )


# --- on a panel's pages --------------------------------------------------------------------------------------------------


def _on_panel(panel: Panel, seat: Seat | None) -> Sequence[tuple[str, str, str, str]]:
    """What waits for this seat, on the page of its panel."""
    if seat is None:
        return []
    return [_line(each) for each in neighbour_queries.waiting_for(seat.person_id, panel.id)]


def _of_person(person_id: int) -> Sequence[tuple[str, str, str, str]]:
    """The same of all panels, on the page of one's sittings."""
    return [_line(each) for each in neighbour_queries.waiting_for(person_id)]


def _line(asked: neighbour_queries.Asked) -> tuple[str, str, str, str]:
    words = _("Hours in the timebank: what is fair?") if asked.question.kind == "hours" else _("Hours from the community pot: yes or no?")
    return words, f"/timebank/neighbours/{asked.question.ref}", _("Decide by %(day)s", day=day_words(asked.question.decide_by)), "warm"


panel_views.ALSO_ON.append(_on_panel)
panel_views.ALSO_FOR.append(_of_person)
