"""Pages of an area ballot: a resident's own, and the desk's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import segno
from flask import flash, request
from flask_login import current_user
from markupsafe import Markup

from portal.errors import NotFound, Refused
from portal.money import Pence
from portal.outbox import address_of
from portal.panels import ballots, forms, polling, queries, sittings
from portal.panels.model import Matter, Panel, Sitting
from portal.panels.rules import Sharing
from portal.panels.views.matters import ForResidents, hidden_names, panels, showing_of
from portal.people import queries as people
from portal.people.shield import shielded
from portal.web.forms import Form
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _


@dataclass(frozen=True)
class Line:
    """An idea on the ballot: its matter, what it costs, and what every resident reads of it, without the names of whoever asks."""

    id: int
    ref: str
    cost: Pence
    title: str
    summary: str
    where: str


def _lines(one: Sitting) -> list[Line]:
    """What can be ticked, by name. One query for the matters, one for their words, one for whose names they leave out."""
    found = [each for each in sittings.open_matters(one) if showing_of(each.about).on_ballot is not None]
    texts: dict[str, ForResidents] = {}
    for kind in {each.about.partition(":")[0] for each in found}:
        asked = showing_of(kind).on_ballot
        assert asked is not None
        texts |= asked([each.about for each in found if each.about.startswith(kind + ":")])
    hidden = hidden_names([each.about for each in found])
    lines = [_line(each, texts[each.about], hidden.get(each.about, ())) for each in found if each.about in texts]
    return sorted(lines, key=lambda line: (line.title.casefold(), line.ref))


def _line(one: Matter, text: ForResidents, hidden: Sequence[str]) -> Line:
    return Line(one.id, one.ref, one.cost or Pence(0), shielded(text.title, hidden), shielded(text.summary, hidden), text.where)


# --- for residents ---------------------------------------------------------------------------------------------------------


@panels.route("/ballots/<ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def ballot(ref: str) -> Any:
    """A resident reads the ideas and ticks those that they want; or reads why they have no vote here, or that it is over."""
    one = ballots.by_ref(ref)
    form = forms.AreaBallot()
    if form.validate_on_submit():
        try:
            ballots.cast(current_user, ref, form.idea.data or [])
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Thank you. Your ballot is in."))
            return see_other(f"/panels/ballots/{ref}")
    state = ballots.state(one)
    why_not = ballots.why_not(one, current_user)
    mine = ballots.of_person(one, current_user.id)
    reads = state == "open" and why_not is None and (mine is None or mine.way == "phone")
    lines = ballots.in_turn(one, current_user.ref, _lines(one)) if reads else []
    own = {line.ref for line in lines if mine is not None and line.id in (mine.ticks or ())}
    return form_page(
        "panels/ballot.html", form, one=one, state=state, why_not=why_not, mine=mine, lines=lines, ticked=set(form.idea.data or []) if form.errors else own, areas=ballots.areas_of(one), rule=Sharing.load(one.rule),
        came=ballots.turnout(one) if state in ("over", "short", "counted") else None, panel=queries.panel_by_id(one.panel_id),
    )  # fmt: skip


# --- for the desk ----------------------------------------------------------------------------------------------------------


def _desk(ref: str, sitting_ref: str) -> tuple[Panel, Sitting, str]:
    """The panel, the sitting of an area ballot, and the address of its desk. NotFound for whoever does not count."""
    panel, one, _matters, address = _desk_and_matters(ref, sitting_ref)
    return panel, one, address


def _desk_and_matters(ref: str, sitting_ref: str) -> tuple[Panel, Sitting, Sequence[Matter], str]:
    panel = queries.panel(ref)
    one = sittings.sitting(panel.id, sitting_ref)
    matters = sittings.matters_of(one)
    if one.votes_until is None or not sittings.access(current_user, one, matters).counts:
        raise NotFound(_("We cannot find that page."))
    return panel, one, matters, f"/panels/{ref}/sittings/{sitting_ref}/ballot"


def _desk_page(ref: str, sitting_ref: str, form: Any, *, papers: Any = None, taking: Any = None) -> Any:
    panel, one, matters, address = _desk_and_matters(ref, sitting_ref)
    public, came = address_of(f"/panels/ballots/{one.ref}"), ballots.turnout(one)
    return form_page(
        "panels/ballot_desk.html", form, panel=panel, one=one, address=address, state=ballots.state(one), areas=ballots.areas_of(one), came=came,
        joined=ballots.joined_since(one), takers=polling.takers(one), batches=polling.batches(one), rule=Sharing.load(one.rule), short=sittings.too_few(one, came),
        papers=papers or forms.PrintPapers(formdata=None), taking=taking or forms.TakePaper(formdata=None), public=public, svg=_qr(public, one), ideas=len([each for each in matters if each.status == "open"]),
    )  # fmt: skip


def _qr(address: str, one: Sitting) -> Markup:
    picture = segno.make(address, error="m").svg_inline(
        scale=4, border=2, omitsize=True, title=_("Link to the ballot %(name)s", name=one.name)
    )
    return Markup(picture)  # made by segno from our own address  # noqa: S704  # nosec


@panels.get("/<ref>/sittings/<sitting_ref>/ballot")
@allow("signed in")
def ballot_desk(ref: str, sitting_ref: str) -> Any:
    """Where the ballot stands: how many voted, who took a paper; never what anybody ticked."""
    return _desk_page(ref, sitting_ref, forms.PrintPapers(formdata=None))


@panels.post("/<ref>/sittings/<sitting_ref>/ballot/<any(open, panel):act>")
@allow("signed in")
def move_ballot(ref: str, sitting_ref: str, act: str) -> Any:
    if act == "open":
        polling.open_ballot(current_user, ref, sitting_ref)
        flash(_("The ballot is open. Tell the residents: on a poster, at the hub, at their doors."))
        return see_other(f"/panels/{ref}/sittings/{sitting_ref}/ballot")
    sittings.hand_to_panel(current_user, ref, sitting_ref)
    flash(_("The panel decides now. Its seats hear of it."))
    return see_other(f"/panels/{ref}/sittings/{sitting_ref}")


@panels.post("/<ref>/sittings/<sitting_ref>/ballot/print")
@allow("signed in")
@limiter.limit("10/minute")
def print_papers(ref: str, sitting_ref: str) -> Any:
    _panel, _one, address = _desk(ref, sitting_ref)
    form = forms.PrintPapers()
    made: list[int] = []

    def act() -> None:
        key = form.once_key(current_user.id)
        made.append(polling.print_papers(current_user, ref, sitting_ref, form.number.data or 0, once_key=key))

    if done(form, act):
        return see_other(f"{address}/papers/{made[0]}")
    return _desk_page(ref, sitting_ref, form, papers=form)


@panels.get("/<ref>/sittings/<sitting_ref>/ballot/papers/<int:number>")
@allow("signed in")
def papers(ref: str, sitting_ref: str, number: int) -> Any:
    """The papers of one batch that have not come back, a page each."""
    panel, one, address = _desk(ref, sitting_ref)
    lines = _lines(one)
    found = [(each, ballots.in_turn(one, each.serial, lines)) for each in polling.batch(one, number)]
    public = address_of(f"/panels/ballots/{one.ref}")
    return page(
        "panels/ballot_papers.html", panel=panel, one=one, address=address, papers=found, areas=ballots.areas_of(one), public=public, svg=_qr(public, one), many=len(lines) > 14,
    )  # fmt: skip


@panels.post("/<ref>/sittings/<sitting_ref>/ballot/take")
@allow("signed in")
@limiter.limit("60/minute")
def take_paper(ref: str, sitting_ref: str) -> Any:
    _panel, _one, address = _desk(ref, sitting_ref)
    form = forms.TakePaper()
    named: list[str] = []

    def act() -> None:
        found = people.search(form.person.data, limit=2, names=False) if form.person.data else ()
        if len(found) != 1:
            raise Refused(_("We know nobody by that address or number. Check it, or add the person at the desk first."), "person")
        named.append(found[0].name)
        polling.take(current_user, ref, sitting_ref, found[0].ref)

    if done(form, act):
        flash(_("%(name)s is on the roll with a paper.", name=named[0]))
        return see_other(f"{address}#roll")
    return _desk_page(ref, sitting_ref, form, taking=form)


@panels.post("/<ref>/sittings/<sitting_ref>/ballot/give-back/<person_ref>")
@allow("signed in")
def give_back_paper(ref: str, sitting_ref: str, person_ref: str) -> Any:
    _panel, _one, address = _desk(ref, sitting_ref)
    polling.give_back(current_user, ref, sitting_ref, person_ref)
    flash(_("Taken off the roll. Keep their paper, and write it down as spoilt."))
    return see_other(f"{address}#roll")


@panels.route("/<ref>/sittings/<sitting_ref>/ballot/enter", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def find_paper(ref: str, sitting_ref: str) -> Any:
    """Which paper is it? Its number leads to its page."""
    panel, one, address = _desk(ref, sitting_ref)
    form = forms.PaperNumber()
    found: list[str] = []
    if done(form, lambda: found.append(polling.paper(one, form.serial.data).serial)):
        return see_other(f"{address}/enter/{found[0]}")
    return form_page("panels/ballot_find.html", form, panel=panel, one=one, address=address, came=ballots.turnout(one))


@panels.route("/<ref>/sittings/<sitting_ref>/ballot/enter/<serial>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def enter_paper(ref: str, sitting_ref: str, serial: str) -> Any:
    """Type in one paper, in the order in which its ideas stand on it; or strike what was entered, or write down that it is spoilt."""
    panel, one, address = _desk(ref, sitting_ref)
    try:
        paper = polling.paper(one, serial)
    except Refused as slip:
        raise NotFound(slip.sentence) from slip
    ballot, why = forms.AreaBallot(), forms.Why(prefix="why-")
    act = request.form.get("act", "enter")
    form: Form = ballot if act == "enter" else why

    def do() -> None:
        if act == "enter":
            polling.enter(current_user, ref, sitting_ref, serial, ballot.idea.data or [])
        else:
            (polling.strike if act == "strike" else polling.spoil)(current_user, ref, sitting_ref, serial, why.reason.data)

    if done(form, do):
        if act == "strike":
            flash(_("Struck. It does not count, and can be entered anew."))
            return see_other(f"{address}/enter/{serial}")
        flash(
            _("%(serial)s is in. Now the next one.", serial=serial)
            if act == "enter"
            else _("%(serial)s is written down as spoilt.", serial=serial)
        )
        return see_other(f"{address}/enter")
    by = people.names([paper.settled_by_id]).get(paper.settled_by_id or 0, "")
    return form_page(
        "panels/ballot_enter.html", form, panel=panel, one=one, address=address, paper=paper, by=by, why=why, ballot=ballot,
        lines=ballots.in_turn(one, paper.serial, _lines(one)) if paper.status == "printed" else [], ticked=set(ballot.idea.data or []) if form.errors else set(),
        state=ballots.state(one),
    )  # fmt: skip
