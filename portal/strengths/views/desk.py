"""What coordinators look at: suggestions, reviews, entries without a keeper, two that are one, areas that have ended."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.errors import NotFound, Refused
from portal.people import queries as people
from portal.places import queries as places
from portal.refs import clean_ref
from portal.strengths import actions, desk, forms, queries, rules, today
from portal.strengths.model import Strength
from portal.strengths.views.entries import done
from portal.web.forms import whole_number
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, require
from portal.words import _

strengths_desk = Blueprint("strengths_desk", __name__)
PARTS = ("look", "offers", "review", "keepers", "retired")


@strengths_desk.get("/strengths/desk/")
@allow("help others")
def index() -> Any:
    """What waits, part by part; `?part=` opens one of them."""
    areas = current_user.areas("connector", "officer")
    numbers = today.numbers(areas)
    asked = request.args.get("part", "")
    part = asked if asked in PARTS else next((each for each in PARTS if numbers[each]), "look")
    rows = today.listed(areas, part, after=whole_number(request.args.get("after"), 0) or None, limit=queries.PAGE + 1)
    older = f"/strengths/desk/?part={part}&after={rows[queries.PAGE - 1].id}" if len(rows) > queries.PAGE else None
    parts = [(f"{today.heading(each)[0]} ({numbers[each]})", f"/strengths/desk/?part={each}", each == part) for each in PARTS]
    return page(
        "strengths/desk.html",
        parts=parts,
        part=part,
        heading=today.heading(part),
        rows=rows[: queries.PAGE],
        older=older,
        kinds=rules.KIND_WORDS,
    )


def _theirs(ref: str) -> Strength:
    row = queries.by_ref(ref)
    require("help others", row)
    return row


@strengths_desk.route("/strengths/desk/<ref>", methods=["GET", "POST"])
@allow("help others")
def one(ref: str) -> Any:
    """One entry for a coordinator: everything that may be done with it."""
    row = _theirs(ref)
    form = forms.Publish(data={"months": "12", "initiative": row.initiative, "version": row.version}).fill()

    def publish() -> None:
        desk.publish(
            ref, current_user, shown=whole_number(form.version.data), months=whole_number(form.months.data), initiative=bool(form.initiative.data)
        )  # fmt: skip

    if done(form, publish):
        flash(_("It is on the map."))
        return see_other(f"/strengths/{ref}")
    offered = people.person(row.offer_by_id) if row.offer_by_id else None
    return form_page(
        "strengths/desk_one.html", form, row=row, state=rules.STATE_WORDS[row.status], kind=rules.KIND_WORDS[row.kind], links=rules.links_of(row.links), offered=offered,
        twins=queries.twins(row.name, row.area_id, row.id), private=actions.private_contact(row), keepers=queries.keepers_of(row), why=forms.Why(formdata=None),
    )  # fmt: skip


@strengths_desk.route("/strengths/desk/<ref>/<any('turn-down', 'archive'):what>", methods=["GET", "POST"])
@allow("help others")
def say_why(ref: str, what: str) -> Any:
    """Not on the map, or not any more: with a reason."""
    row = _theirs(ref)
    form = forms.Why()
    act = desk.turn_down if what == "turn-down" else desk.archive
    if done(form, lambda: act(ref, form.reason.data, current_user)):
        flash(_("Done. Whoever suggested it reads why.") if what == "turn-down" else _("It is off the map."))
        return see_other("/strengths/desk/")
    return form_page("strengths/desk_why.html", form, row=row, what=what)


@strengths_desk.post("/strengths/desk/<ref>/restore")
@allow("help others")
def restore(ref: str) -> Any:
    desk.restore(ref, current_user)
    flash(_("It is on the map again."))
    return see_other(f"/strengths/{ref}")


@strengths_desk.post("/strengths/desk/<ref>/initiative")
@allow("help others")
def initiative(ref: str) -> Any:
    """Mark an entry as an initiative, or not any more."""
    desk.mark(ref, request.form.get("mark") == "yes", current_user)
    flash(_("Changed."))
    return see_other(f"/strengths/desk/{ref}")


@strengths_desk.post("/strengths/desk/<ref>/keeper")
@allow("help others")
def keeper(ref: str) -> Any:
    """Say yes or no to who offers to look after it, or do it oneself."""
    what = request.form.get("what", "")
    if what == "me":
        desk.keep_it_myself(ref, current_user)
    elif what in ("yes", "no"):
        desk.answer_offer(ref, what == "yes", current_user)
    else:
        raise Refused(_("Choose who looks after it."))
    flash(_("Changed."))
    return see_other(f"/strengths/desk/{ref}")


@strengths_desk.route("/strengths/desk/<ref>/merge", methods=["GET", "POST"])
@allow("help others")
def merge(ref: str) -> Any:
    """Join an entry with another one, which stays."""
    row = _theirs(ref)
    form = forms.Merge(data={"into": clean_ref(request.args.get("into", "")) or ""})

    def join() -> None:
        into = clean_ref(form.into.data)
        if into is None:
            raise Refused(_("Write its reference, like STR-2345-6789. It stands at the end of its page."), "into")
        try:
            desk.merge(ref, into, form.reason.data, current_user)
        except NotFound as why:
            raise Refused(why.sentence, "into") from why

    if done(form, join):
        flash(_("Joined. The old address leads to this one now."))
        return see_other(f"/strengths/{clean_ref(form.into.data)}")
    return form_page("strengths/desk_merge.html", form, row=row, twins=queries.twins(row.name, row.area_id, row.id))


@strengths_desk.route("/strengths/desk/move", methods=["GET", "POST"])
@allow("help others")
def move() -> Any:
    """Move everything from one area to another, for instance when an area has ended."""
    in_use, retired = places.tree()
    old = [(area.code, _("%(name)s (not used any more)", name=area.name)) for area in retired]
    old += [(area.code, area.name) for _depth, area in in_use if area.kind != "scheme"]
    form = forms.Move(data={"old": request.args.get("old", "")}).fill(old)
    moved: list[int] = []
    if done(form, lambda: moved.append(desk.move_all(form.old.data, form.new.data, form.reason.data, current_user))):
        flash(_("%(number)d entries moved.", number=moved[0]))
        return see_other("/strengths/desk/")
    return form_page("strengths/desk_move.html", form)
