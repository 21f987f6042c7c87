"""Pages of a sitting: where it stands, the count, how the pot was shared, and what two people changed."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, flash, make_response, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.money import pounds
from portal.panels import ballots, explained, forms, marking, queries, sharing, sittings
from portal.panels.model import Matter, Panel, Sitting
from portal.panels.rules import Sharing, Threshold, quorate
from portal.panels.views.matters import hidden_names, panels, titles_of
from portal.people import queries as people
from portal.people.shield import shielded
from portal.tables import safe_text
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

PAGE = 30  # sittings on a page


def _found(ref: str, sitting_ref: str) -> tuple[Panel, Sitting, Sequence[Matter], sittings.Access]:
    """The panel, the sitting, its matters, and how the reader stands to it. NotFound for whoever is neither seat nor officer."""
    panel = queries.panel(ref)
    one = sittings.sitting(panel.id, sitting_ref)
    matters = sittings.matters_of(one)
    here = sittings.access(current_user, one, matters)
    if here.seat is None:
        require("manage panels")
    return panel, one, matters, here


@panels.get("/<ref>/sittings")
@allow("signed in")
def all_sittings(ref: str) -> Any:
    """The sittings of a panel from its first day on, the last first. For its seats and for officers."""
    one = queries.panel(ref)
    if queries.seat_of(current_user.id, one.id) is None:
        require("manage panels")
    before = sittings.sitting(one.id, request.args["before"]) if "before" in request.args else None
    found = sittings.sittings_of(one.id, PAGE + 1, before)
    older = f"/panels/{ref}/sittings?before={found[PAGE - 1].ref}" if len(found) > PAGE else None
    return page("panels/sittings.html", panel=one, sittings=found[:PAGE], older=older)


@panels.get("/<ref>/sittings/<sitting_ref>")
@allow("signed in")
def sitting(ref: str, sitting_ref: str) -> Any:
    """Where a sitting stands: for a seat what it still has to do, for whoever counts how far everybody is."""
    panel, one, matters, here = _found(ref, sitting_ref)
    seat, counting = here.seat, here.counts
    mine = sittings.readings(here, matters)
    whole = seat is None or may("manage panels")  # a substitute sees what it was called to
    shown = [each for each in matters if each.id not in here.tied and (whole or each.id in mine)]
    standings = queries.standings(matters, here.natural) if counting else {}
    given = marking.marks_of([each.id for each in matters]) if counting or seat else {}
    to_mark = {
        each.id: len(marking.still_to_mark(each, standings[each.id], given))
        for each in matters
        if counting and Threshold.load(each.rule).criteria
    }
    marked = {
        each.id
        for each in shown
        if seat and (asked := Threshold.load(each.rule).criteria) and len(given.get((each.id, seat.id), {})) == len(asked)
    }
    ready = [
        each for each in matters if each.status == "open" and (counting and quorate(standings[each.id].tally, Threshold.load(each.rule)))
    ]
    return page(
        "panels/sitting.html", panel=panel, one=one, rule=Sharing.load(one.rule), matters=shown, mine=mine, seat=seat, counting=counting, standings=standings,
        to_mark=to_mark, marked=marked, titles=titles_of([each.about for each in shown]), outcomes=forms.OUTCOME_WORDS, choices=forms.CHOICE_WORDS,
        ready=len(ready), open=[each for each in matters if each.status == "open"], today=clock.today(), rules=explained.RULES,
        ballot=ballots.state(one) if one.votes_until else "", short=counting and one.by_residents and sittings.too_few(one, ballots.turnout(one)), hidden_result=one.status == "counted" and not _may_read(one, here, matters), tied=bool(here.tied), accepted=seat is None or queries.accepted(seat), threshold={each.id: Threshold.load(each.rule) for each in matters},
    )  # fmt: skip


@panels.post("/<ref>/sittings/<sitting_ref>/reveal")
@allow("signed in")
def reveal_all(ref: str, sitting_ref: str) -> Any:
    """Show the marks of every idea of which enough are in."""
    shown = marking.reveal_ready(current_user, ref, sitting_ref)
    flash(_("The marks of %(number)d ideas are shown. Now talk, and vote.", number=shown))
    return see_other(f"/panels/{ref}/sittings/{sitting_ref}")


@panels.post("/<ref>/sittings/<sitting_ref>/count")
@allow("signed in")
def count(ref: str, sitting_ref: str) -> Any:
    sittings.count(current_user, ref, sitting_ref)
    flash(_("Counted. Keep it to yourself until the letters have gone out."))
    shared = Sharing.load(sittings.sitting(queries.panel(ref).id, sitting_ref).rule).shares
    return see_other(f"/panels/{ref}/sittings/{sitting_ref}" + ("/result" if shared else ""))


@panels.route("/<ref>/sittings/<sitting_ref>/undo", methods=["GET", "POST"])
@allow("manage panels")
def undo_count(ref: str, sitting_ref: str) -> Any:
    panel, one, _matters, here = _found(ref, sitting_ref)
    if not here.counts:
        raise NotFound(_("We cannot find that page."))
    form = forms.Why()
    if form.validate_on_submit():
        try:
            sittings.undo_count(current_user, ref, sitting_ref, form.reason.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The sitting is open again, with all marks and votes as they were."))
            return see_other(f"/panels/{ref}/sittings/{sitting_ref}")
    return form_page("panels/undo_count.html", form, panel=panel, one=one)


# --- how the pot was shared ------------------------------------------------------------------------------------------------


def _may_read(one: Sitting, here: sittings.Access, matters: Sequence[Matter]) -> bool:
    """Everybody once the letters have gone out; before that officers, and seats that decide all of it, but nobody who is tied to one of
    its ideas.
    """
    if one.published_at is not None:
        return True
    return (may("manage panels") and not here.tied) or sittings.decides_all(here, matters)


def _result(ref: str, sitting_ref: str) -> tuple[Panel, Sitting, Sequence[Matter], sharing.Result, sittings.Access]:
    panel = queries.panel(ref)
    one = sittings.sitting(panel.id, sitting_ref)
    matters = sittings.matters_of(one)
    outcome, here = sittings.outcome_of(one), sittings.access(current_user, one, matters)
    if outcome is None or not _may_read(one, here, matters):
        raise NotFound(_("We cannot find that page."))
    return panel, one, matters, outcome, here


def _named(matters: Sequence[Matter], hidden: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Matter's reference → what it is called where everybody may read it."""
    titles = titles_of([each.about for each in matters])
    return {each.ref: shielded(titles.get(each.about, each.ref), hidden.get(each.about, ())) for each in matters}


@panels.get("/<ref>/sittings/<sitting_ref>/result")
@allow("anyone")
def result(ref: str, sitting_ref: str) -> Any:
    """How the pot was shared, step by step in words; what another rule would have done; what two people changed and why."""
    panel, one, matters, outcome, here = _result(ref, sitting_ref)
    counting = here.counts
    line = sittings.line_of(one, matters)
    by_id = {each.id: each for each in matters}
    overrides = [each for each in sittings.overrides_of(one) if (each.dropped_at is None or each.seconded_at) and each.matter_id in by_id]
    undone = sittings.undone(one)
    hidden = hidden_names([each.about for each in matters])
    named = _named(matters, hidden)
    why = {each.id: shielded(each.reason, hidden.get(by_id[each.matter_id].about, ())) for each in overrides}
    return page(
        "panels/result.html", panel=panel, one=one, outcome=outcome, line=line, matters=matters, by_ref={each.ref: each for each in matters},
        others={rule: [ref for ref in refs if ref in named] for rule, refs in (one.result or {})["others"].items()}, overrides=overrides, why=why, named=named, by_id=by_id,
        names=people.names([id_ for each in overrides for id_ in (each.proposed_by_id, each.seconded_by_id)] + [each.actor_id for each in undone]),
        undone=[(each, (each.reason or "") if here.seat is not None or may("manage panels") else "") for each in undone],
        spent=sittings.spent(line), changed=any(each.in_force for each in overrides), counting=counting,
        failed=[each for each in matters if each.outcome in ("no", "not_yet", "no_quorum")], outcomes=forms.OUTCOME_WORDS, explained=explained,
        address=f"/panels/{ref}/sittings/{sitting_ref}",
    )  # fmt: skip


@panels.get("/<ref>/sittings/<sitting_ref>/result.<any(json, csv, pb):form>")
@allow("anyone")
def download(ref: str, sitting_ref: str, form: str) -> Response:
    """The result for programs: everything as JSON, a line a bid as CSV, or the ballots in Pabulib's format."""
    _panel, one, matters, outcome, _here = _result(ref, sitting_ref)
    named = _named(matters, hidden_names([each.about for each in matters]))
    assert one.result is not None
    if form == "json":
        text, kind = json.dumps(_as_data(one, matters, named), indent=1, ensure_ascii=False), "application/json"
    elif form == "csv":
        text, kind = _csv(outcome, sittings.line_of(one, matters), named), "text/csv"
    else:
        bids, votes = sittings.went_in(one)
        text, kind = sharing.pabulib(one.name, outcome.rule, outcome.ballots, bids, votes, outcome.pot, outcome.funded, named), "text/plain"
    response = make_response(text)
    response.headers["Content-Type"] = f"{kind}; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{one.ref}.{form}"'
    return response


def _as_data(one: Sitting, matters: Sequence[Matter], named: Mapping[str, str]) -> Mapping[str, Any]:
    """The result as the rule gave it, what two people changed, and who gets the money then."""
    refs, hidden = {each.id: each for each in matters}, hidden_names([each.about for each in matters])
    changes = [
        {
            "matter": refs[each.matter_id].ref, "funded": each.funded, "reason": shielded(each.reason, hidden.get(refs[each.matter_id].about, ())),
            "agreed_at": each.seconded_at.isoformat() if each.seconded_at else None,
        }
        for each in sittings.overrides_of(one)
        if each.in_force and each.matter_id in refs
    ]  # fmt: skip
    line = sittings.line_of(one, matters)
    return {
        "name": one.name, "titles": named, **(one.result or {}), "changes": changes, "funded": [each.matter.ref for each in line if each.funded],
        "reserve": [each.matter.ref for each in line if not each.funded],
    }  # fmt: skip


def _csv(outcome: sharing.Result, line: Sequence[sittings.Given], named: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Place", "Reference", "Idea", "Cost", "Votes or marks", "Funded by the rule", "Funded"])
    score = {step.ref: step.score for step in outcome.steps} | {one.ref: one.score for one in outcome.passed}
    for each in line:
        name = named.get(each.matter.ref, "")
        cost = pounds(each.matter.cost or 0).replace("£", "").replace(",", "")
        by_rule = each.matter.ref in outcome.funded
        writer.writerow(
            [
                each.place,
                each.matter.ref,
                safe_text(name),
                cost,
                score[each.matter.ref],
                "yes" if by_rule else "no",
                "yes" if each.funded else "no",
            ]
        )
    return out.getvalue()


# --- overrides -------------------------------------------------------------------------------------------------------------


@panels.route("/<ref>/sittings/<sitting_ref>/change", methods=["GET", "POST"])
@allow("signed in")
def change(ref: str, sitting_ref: str) -> Any:
    """The first of two people proposes to change what the rule gave."""
    panel, one, matters, here = _found(ref, sitting_ref)
    if not here.counts or one.result is None or one.published_at is not None:
        raise NotFound(_("We cannot find that page."))
    titles = titles_of([each.about for each in matters])
    form = forms.Override()
    form.matter.choices = [
        (f"take:{each.matter.ref}", _("Take the money from “%(title)s”", title=titles[each.matter.about])) if each.funded
        else (f"give:{each.matter.ref}", _("Give the money to “%(title)s”", title=titles[each.matter.about]))  # what is meant, also in an old tab
        for each in sittings.line_of(one, matters)
    ]  # fmt: skip
    if form.validate_on_submit():
        act, _colon, matter_ref = form.matter.data.partition(":")
        try:
            sittings.propose(current_user, ref, sitting_ref, matter_ref, act == "give", form.reason.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Proposed. A second person must agree before it counts."))
            return see_other(f"/panels/{ref}/sittings/{sitting_ref}/result#changes")
    return form_page("panels/change.html", form, panel=panel, one=one)


@panels.post("/<ref>/sittings/<sitting_ref>/change/<override>/<any(agree, drop):act>")
@allow("signed in")
def settle_change(ref: str, sitting_ref: str, override: str, act: str) -> Any:
    """The second person agrees, or the change is taken back."""
    if act == "agree":
        sittings.second(current_user, ref, sitting_ref, override)
        flash(_("Changed. Both names and the reason stand beside the result."))
    else:
        sittings.drop(current_user, ref, sitting_ref, override)
        flash(_("Taken back."))
    return see_other(f"/panels/{ref}/sittings/{sitting_ref}/result#changes")
