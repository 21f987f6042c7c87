"""A connector's desk of ideas: what waits for a look, whose yes is asked for, the log, and a wall of notes typed in one go."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, request
from flask_login import current_user

from portal.errors import NotFound, Refused
from portal.events import queries as events
from portal.ideas import care, forms, joining, prints, queries, wall
from portal.ideas.views.cards import the_scheme
from portal.people.views import area_id, own_areas
from portal.places.queries import areas as all_areas
from portal.web.filters import short_day
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, pdf_page, see_other
from portal.web.policy import allow, may, require
from portal.web.rows import Row, Sheet, typed_sheet
from portal.words import N_, _

idea_desk = Blueprint("idea_desk", __name__)
HEADS = {"idea": N_("Idea"), "more": N_("More"), "name": N_("First name"), "contact": N_("E-mail or mobile"), "area": N_("Area")}
PAGE = 25


@idea_desk.get("/ideas/desk/")
@allow("help others")
def index() -> Any:
    """What waits, the soonest due first."""
    after = whole_number(request.args.get("after"), 0) or None
    areas = current_user.areas("connector", "officer")
    looks = care.waiting(areas, after=after, limit=PAGE + 1)
    return page(
        "ideas/desk.html", looks=looks[:PAGE], kinds=care.KINDS, joins=joining.at_desk(areas), areas=own_areas(), whose=queries.whose,
        older=f"/ideas/desk/?after={looks[PAGE - 1].id}" if len(looks) > PAGE else None,
    )  # fmt: skip


@idea_desk.route("/ideas/desk/looks/<int:number>", methods=["GET", "POST"])
@allow("help others")
def look(number: int) -> Any:
    """One card that waits: it stands, or comes down."""
    found = care.look_of(number)
    require("help others", found.idea)
    form = forms.Settle(data={"version": found.idea.version}).fill()

    def settle() -> None:
        care.settle(number, form.outcome.data, form.answer.data or "", current_user, shown=whole_number(form.version.data))

    if done(form, settle):
        flash(_("Settled."))
        return see_other("/ideas/desk/")
    return form_page(
        "ideas/look.html",
        form,
        look=found,
        idea=found.idea,
        kinds=care.KINDS,
        outcomes=care.OUTCOMES,
        whose=queries.whose,
        own=queries.is_owner(current_user, found.idea),
    )


@idea_desk.route("/ideas/<ref>/hold", methods=["GET", "POST"])
@allow("help others")
def hold(ref: str) -> Any:
    """Off the wall until somebody has looked."""
    idea = queries.by_ref(ref)
    require("help others", idea)
    form = forms.Why()
    if done(form, lambda: care.hold_back(ref, form.why.data, current_user)):
        flash(_("Held. It is off the wall until it is settled."))
        return see_other("/ideas/desk/")
    return form_page(
        "ideas/why.html", form, idea=idea, back=f"/ideas/{ref}", title=_("Hold this card for a look"), do=_("Hold it"),
        sentence=_("It leaves the wall until a colleague or you have settled it, within two working days."),
    )  # fmt: skip


@idea_desk.get("/ideas/desk/log")
@allow("help others")
def log() -> Any:
    """All that was looked at or waits, newest first."""
    before = whole_number(request.args.get("before"), 0) or None
    rows = care.log(current_user.areas("connector", "officer"), before=before, limit=PAGE + 1)
    older = f"/ideas/desk/log?before={rows[PAGE - 1][0].id}" if len(rows) > PAGE else None
    return page("ideas/log.html", rows=rows[:PAGE], kinds=care.KINDS, outcomes=care.OUTCOMES, older=older)


# --- a wall of notes -----------------------------------------------------------------------------------------------------


@idea_desk.route("/ideas/desk/wall", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("60/minute", methods=["POST"])
def type_wall() -> Any:
    """Tab from cell to cell, or rows pasted from a spreadsheet where a script runs."""
    areas = own_areas()
    some = events.lately([area.id for area in areas])
    choices = [(each.ref, f"{each.title}, {short_day(each.day)}") for each in some]
    chosen = next((each for each in some if each.ref == request.args.get("event")), None)
    start = (
        {"event": chosen.ref, "area": next((each.code for each in areas if each.id == chosen.area_id), "")} if chosen is not None else None
    )
    form = forms.Wall(data=start if request.method == "GET" else None).fill(areas, choices)

    def pin(rows: Sequence[Row]) -> str:
        return wall.pin_wall(
            rows, area_id(form.area.data), current_user, event_ref=form.event.data or "", once_key=form.once_key(current_user.id)
        )

    sheet = typed_sheet(form, request.form if request.method == "POST" else None, HEADS, pin)
    if isinstance(sheet, Sheet):
        return form_page("ideas/wall.html", form, sheet=sheet, areas=areas, names=[area.name for area in all_areas()])
    flash(_("The wall is typed. Write the numbers on the notes, or print the cards."))
    return see_other(f"/ideas/desk/walls/{sheet}")


@idea_desk.get("/ideas/desk/walls/<ref>")
@allow("help others")
def typed(ref: str) -> Any:
    """The numbers to write on the notes."""
    return page("ideas/wall_typed.html", some=_of_wall(ref), ref=ref, whose=queries.whose, elsewhere=queries.not_on_the_wall)


@idea_desk.get("/ideas/desk/walls/<ref>.pdf")
@allow("help others")
@limiter.limit("12/minute")
def print_wall(ref: str) -> Response:
    """The cards of one wall, to cut out."""
    return pdf_page(prints.cards(_("Ideas from the wall"), _of_wall(ref), the_scheme(), large=request.args.get("large") == "1"), "ideas")


def _of_wall(ref: str) -> Any:
    some = queries.of_wall(ref)
    if not all(may("help others", each) for each in some):
        raise NotFound(_("We cannot find those cards."))
    return some


@idea_desk.get("/ideas/desk/cards.pdf")
@allow("help others")
@limiter.limit("12/minute")
def print_area() -> Response:
    """The newest cards on the wall of one area."""
    area = next((each for each in own_areas() if each.code == request.args.get("area", "")), None)
    if area is None:
        raise Refused(_("Choose an area on the desk of ideas first."))
    some = queries.for_printing([area.id], prints.AT_ONCE)
    if not some:
        raise Refused(_("There is no idea on the wall of this area yet, so there is nothing to print."))
    return pdf_page(
        prints.cards(_("Ideas, %(area)s", area=area.name), some, the_scheme(), large=request.args.get("large") == "1"), f"ideas-{area.code}"
    )
