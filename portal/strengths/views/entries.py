"""Suggesting an entry, changing one, and looking after it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.errors import NotYours
from portal.people import queries as people
from portal.strengths import actions, desk, forms, keeping, queries, rules
from portal.strengths.model import KINDS, Strength
from portal.web import pages
from portal.web.filters import day
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

strengths_entries = Blueprint("strengths_entries", __name__)


def done(form: Any, act: Callable[[], object]) -> bool:
    """As of any page; what may be the same already is kept for it in `form.twins`."""

    def or_twins() -> None:
        try:
            act()
        except actions.Twin as why:
            form.twins = why.found
            raise

    return pages.done(form, or_twins)


@strengths_entries.route("/strengths/new", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def new() -> Any:
    """Suggest something; what a coordinator suggests may go on the map at once."""
    groups = people.organisations_of(current_user.id)
    kind = request.args.get("kind", "")
    form = forms.Entry(data={"kind": kind if kind in KINDS else None}).fill(groups)
    made: list[str] = []

    def suggest() -> None:
        made.append(
            actions.suggest(form.draft(), current_user, keeper=form.keeper.data or "", again=bool(form.again.data), once_key=form.once_key(current_user.id))
        )  # fmt: skip

    if done(form, suggest):
        flash(_("Thank you! A connector of the place has a look, and you hear from us."))
        return see_other(f"/strengths/{made[0]}")
    return form_page("strengths/form.html", form, row=None, twins=getattr(form, "twins", []), back="/strengths/")


@strengths_entries.get("/strengths/mine")
@allow("signed in")
def mine() -> Any:
    """What I suggested or look after, in whatever state."""
    before = whole_number(request.args.get("before"), 0) or None
    rows = queries.mine(current_user, before=before, limit=queries.PAGE + 1)
    older = f"/strengths/mine?before={rows[queries.PAGE - 1].id}" if len(rows) > queries.PAGE else None
    return page("strengths/mine.html", rows=rows[: queries.PAGE], older=older, states=rules.STATE_WORDS, keeps=queries.looks_after)


def changeable(ref: str) -> Strength:
    """An entry that the reader may change; not found for everybody else."""
    row = queries.by_ref(ref)
    if not actions.may_change(current_user, row):
        raise NotYours(_("We cannot find that on the map. See what else there is."))
    return row


@strengths_entries.route("/strengths/<ref>/edit", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def edit(ref: str) -> Any:
    """Say it in another way."""
    row = changeable(ref)
    form, was = forms.Entry(data=forms.Entry.of(row)).fill(), row.status

    def change() -> None:
        actions.edit(ref, form.draft(), current_user, shown=whole_number(form.version.data), again=bool(form.again.data))

    if done(form, change):
        waits = was == "published" and queries.by_ref(ref).status == "suggested"
        flash(_("Thank you! A connector of the place has a look, then it is on the map again.") if waits else _("Changed."))
        return see_other(f"/strengths/{ref}")
    return form_page("strengths/form.html", form, row=row, twins=getattr(form, "twins", []), back=f"/strengths/{ref}")


@strengths_entries.get("/strengths/<ref>/history")
@allow("signed in")
def history(ref: str) -> Any:
    """What an entry said before, for those who may change it."""
    row = changeable(ref)
    versions = queries.history(row)
    return page(
        "strengths/history.html",
        row=row,
        versions=versions,
        names=people.names(version.by_id for version in versions),
        words=words_of_field,
        value=value_of_field,
    )


def value_of_field(name: str, said: object) -> str:
    """What stood in a field, in words; "" for nothing, or what is not kept."""
    if isinstance(said, bool):
        return _("yes") if said else _("no")
    words = {"kind": rules.KIND_WORDS, "ways": rules.WAY_WORDS, "access": rules.ACCESS_WORDS}.get(name)
    if words is not None:
        return ", ".join(_(words[code]) for code in str(said).split(", ") if code in words)
    return rules.degrees(said) if isinstance(said, int) else str(said or "")


def words_of_field(name: str) -> str:
    """What a field is called in the history."""
    return {
        "kind": _("What it is"), "name": _("Name"), "offers": _("What it offers"), "ways": _("How people meet"), "contact": _("How to get in touch"),
        "email": _("E-mail"), "phone": _("Telephone"), "contact_public": _("Whether the contact is public"), "area_id": _("Area"), "place": _("Where there"),
        "open_door": _("Whether everybody may come"), "access": _("Getting in"), "access_words": _("More about getting in"), "when_words": _("When"),
        "tags": _("Words to find it by"), "links": _("Web pages"), "latitude": _("Position, north"), "longitude": _("Position, east"),
    }.get(name, name)  # fmt: skip


# --- looking after it ----------------------------------------------------------------------------------------------------


@strengths_entries.route("/strengths/<ref>/review", methods=["GET", "POST"])
@allow("signed in")
def review(ref: str) -> Any:
    """Is it still so? One tap says yes."""
    row = queries.by_ref(ref)
    if not (queries.looks_after(current_user, row) or current_user.can("help others", row)):
        raise NotYours(_("We cannot find that on the map. See what else there is."))
    if row.status not in ("published", "archived"):
        return see_other(f"/strengths/{ref}")
    form = forms.Why()
    if request.method == "POST" and "yes" in request.form:
        if row.status == "archived":
            desk.restore(ref, current_user)
            flash(_("It is on the map again."))
        else:
            until = keeping.still_so(ref, current_user).review_on
            flash(_("Thank you! We ask again before %(day)s.", day=day(until)))
        return see_other(f"/strengths/{ref}")
    if done(form, lambda: desk.archive(ref, form.reason.data, current_user)):
        flash(_("It is off the map. Thank you for telling us."))
        return see_other("/strengths/mine")
    return form_page("strengths/review.html", form, row=row)


@strengths_entries.post("/strengths/<ref>/look-after")
@allow("signed in")
@limiter.limit("10/minute")
def look_after(ref: str) -> Any:
    """Offer to look after what nobody looks after."""
    actions.offer_to_keep(ref, current_user)
    flash(_("Thank you! A connector says yes when they know you, and then we tell you."))
    return see_other(f"/strengths/{ref}")


@strengths_entries.post("/strengths/<ref>/let-go")
@allow("signed in")
def let_go(ref: str) -> Any:
    """Look after it no more."""
    actions.let_go(ref, current_user)
    flash(_("Thank you for looking after it. We ask a connector to find somebody else."))
    return see_other("/strengths/mine")
