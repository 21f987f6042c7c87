"""The board on paper, for who looks after a place: printing sticky notes, typing a wall of them, putting up one thing for somebody."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound
from portal.events import queries as events
from portal.gifts import forms, notes, posts, rules, wall
from portal.gifts.model import GiftPost
from portal.gifts.neighbours import Neighbour, SameName
from portal.gifts.views.boards import draft_of, event_id, groups, hub_id, neighbour, photo_again, put_up_page
from portal.people import queries as people
from portal.people.views import area_id, own_areas, sent_picture, settings
from portal.places import queries as places
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, pdf_page, see_other
from portal.web.policy import allow
from portal.web.rows import Row, Sheet, typed_sheet
from portal.words import N_, _

gift_paper = Blueprint("gift_paper", __name__)
DESK = "/gifts/desk/"
HEADS = {
    "note": N_("Number"),
    "kind": N_("G or W"),
    "sort": N_("Sort"),
    "what": N_("What"),
    "name": N_("Name"),
    "contact": N_("E-mail or mobile"),
}


def _filled(form: Any) -> Any:
    areas = own_areas()
    return form.fill(areas, events.lately([area.id for area in areas]), people.hubs(), groups())


def _start() -> dict[str, str]:
    """From the page of an event: there, and where it is."""
    event = events.for_all(request.args.get("event", ""))
    home = event.area_id if event is not None else current_user.area_id
    return {"event": event.ref if event is not None else "", "area": next((each.code for each in own_areas() if each.id == home), "")}


# --- printing ------------------------------------------------------------------------------------------------------------


@gift_paper.route("/gifts/desk/notes", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("20/minute", methods=["POST"])
def print_notes() -> Any:
    """How many notes, and for where."""
    form = _filled(forms.Notes(data=_start() if request.method == "GET" else None))
    made: list[str] = []

    def make() -> None:
        place = (area_id(form.area.data), hub_id(form.hub.data), event_id(form.event.data))
        made.append(notes.print_sheet(*place, form.pages.data or 0, current_user, once_key=form.once_key(current_user.id)))

    if done(form, make):
        return see_other(f"/gifts/desk/notes/{made[0]}")
    return form_page("gifts/notes.html", form, back=DESK)


@gift_paper.get("/gifts/desk/notes/<ref>")
@allow("help others")
def printed(ref: str) -> Any:
    """The way to the PDF, and what to do with the notes."""
    made, some = notes.sheet(ref, current_user)
    return page(
        "gifts/notes_printed.html",
        sheet=made,
        first=some[0].number,
        last=some[-1].number,
        used=sum(each.post_id is not None for each in some),
    )


@gift_paper.get("/gifts/desk/notes/<ref>.pdf")
@allow("help others")
@limiter.limit("12/minute")
def notes_pdf(ref: str) -> Response:
    """The notes themselves."""
    made, some = notes.sheet(ref, current_user)
    scheme = places.scheme()
    if scheme is None:
        raise NotFound(_("We cannot find that page."))
    return pdf_page(notes.drawn(made, some, scheme, large=request.args.get("large") == "1"), "gift-notes")


# --- a wall --------------------------------------------------------------------------------------------------------------


@gift_paper.route("/gifts/desk/wall", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("60/minute", methods=["POST"])
def type_wall() -> Any:
    """Tab from cell to cell, or rows pasted from a spreadsheet where a script runs."""
    form = _filled(forms.Wall(data=_start() if request.method == "GET" else None))

    def put_up(rows: Sequence[Row]) -> str:
        group = next((each.id for each in groups() if each.ref == form.group.data), None)
        head = wall.Head(area_id(form.area.data), hub_id(form.hub.data), event_id(form.event.data), group)
        return wall.put_up(rows, head, current_user, once_key=form.once_key(current_user.id))

    sheet = typed_sheet(form, request.form if request.method == "POST" else None, HEADS, put_up)
    if isinstance(sheet, Sheet):
        return form_page("gifts/wall.html", form, sheet=sheet)
    flash(_("The wall is typed. All of it stands on the board, but what a person looks at first."))
    return see_other(f"/gifts/desk/walls/{sheet}")


@gift_paper.get("/gifts/desk/walls/<ref>")
@allow("help others")
def typed(ref: str) -> Any:
    """What was typed from one wall."""
    some: Sequence[GiftPost] = wall.typed(ref, current_user)
    if not some:
        raise NotFound(_("We cannot find those notes."))
    today = clock.today()
    states = {post.id: rules.STATE_NAMES[rules.state_of(post, today)] for post in some}
    return page("gifts/wall_typed.html", some=some, neighbour=neighbour, states=states)


# --- one for somebody ----------------------------------------------------------------------------------------------------


@gift_paper.route("/gifts/desk/new", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("20/minute", methods=["POST"])
def put_up_for() -> Any:
    """For a neighbour without e-mail, who told it face to face, by telephone or on paper."""
    start = _start() | {"days": str(rules.USUAL), "quantity": 1, "reach": "scheme", "note": request.args.get("note", "")[:9]}
    form = forms.PostFor(data=start if request.method == "GET" else None).fill("", (), people.hubs())
    form.area.choices = [("", _("Choose")), *((area.code, area.name) for area in own_areas())]
    made: list[str] = []
    same: list[bool] = []

    def put_up() -> None:
        assert isinstance(form, forms.PostFor)
        values = form.typed_values()
        who = Neighbour(form.name.data, form.contact.data, bool(form.another.data))
        try:
            made.append(
                posts.post(
                    draft_of(values), current_user, for_person=who, basis=form.basis.data, picture=sent_picture(), data_dir=settings().data_dir,
                    note=whole_number(values["note"], 0) or None, once_key=form.once_key(current_user.id),
                )
            )  # fmt: skip
        except SameName:
            same.append(True)
            raise

    if done(form, put_up):
        return put_up_page(made[0])
    photo_again(form)
    return form_page(
        "gifts/form.html",
        form,
        post=None,
        kind="",
        groups=[],
        asks_age=False,
        desk=True,
        for_them=True,
        same=bool(same or form.another.data),
        back=DESK,
    )
