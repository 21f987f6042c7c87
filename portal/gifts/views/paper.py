"""The board on paper, for who looks after a place: printing sticky notes, typing a wall of them, putting up one thing for somebody."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, flash, request
from flask_login import current_user

from portal.errors import NotFound, Refused
from portal.events import queries as events
from portal.gifts import forms, notes, posts, rules, wall
from portal.gifts.model import GiftPost
from portal.gifts.neighbours import Neighbour, SameName
from portal.gifts.views.boards import draft_of, groups, neighbour, photo_again, put_up_page
from portal.people import queries as people
from portal.people.views import area_id, own_areas, sent_picture, settings
from portal.places import queries as places
from portal.web import rows as typed_rows
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, pdf_page, see_other
from portal.web.policy import allow
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


def _hub(ref: str) -> int | None:
    return next((each.id for each in people.hubs() if each.ref == ref), None) if ref else None


def _event(ref: str) -> int | None:
    found = events.for_all(ref)
    return found.id if found is not None else None


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
        place = (area_id(form.area.data), _hub(form.hub.data), _event(form.event.data))
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
    rows = typed_rows.sent(request.form, wall.COLUMNS)
    if request.method == "GET" or "more" in request.form:
        return _typing(form, typed_rows.padded(rows, typed_rows.AT_ONCE if "more" in request.form else 0))
    if not form.validate():
        return _typing(form, typed_rows.padded(rows))
    if "fill" in request.form:
        return _typing(form, typed_rows.filling(form, rows, wall.COLUMNS, _heads()))
    group = next((each.id for each in groups() if each.ref == form.group.data), None)
    head = wall.Head(area_id(form.area.data), _hub(form.hub.data), _event(form.event.data), group)
    try:
        ref = wall.put_up(rows, head, current_user, once_key=form.once_key(current_user.id))
    except typed_rows.Faulty as why:
        form.refuse(why.sentence)
        return _typing(form, typed_rows.padded(rows), why.by_line())
    except Refused as why:
        form.refuse(why.sentence, why.field)
        return _typing(form, typed_rows.padded(rows))
    flash(_("The wall is typed. All of it stands on the board, but what a person looks at first."))
    return see_other(f"/gifts/desk/walls/{ref}")


def _heads() -> list[str]:
    return [_(words) for words in HEADS.values()]


def _typing(form: Any, rows: Sequence[typed_rows.Row], wrong: Mapping[int, Sequence[typed_rows.Fault]] = MappingProxyType({})) -> Any:
    """The page of the table; each fault stands at its row."""
    return form_page("gifts/wall.html", form, rows=rows, heads=HEADS, wrong=wrong, most=typed_rows.MOST, columns=_heads())


@gift_paper.get("/gifts/desk/walls/<ref>")
@allow("help others")
def typed(ref: str) -> Any:
    """What was typed from one wall."""
    some: Sequence[GiftPost] = wall.typed(ref, current_user)
    if not some:
        raise NotFound(_("We cannot find those notes."))
    return page("gifts/wall_typed.html", some=some, neighbour=neighbour, states=rules.STATE_NAMES)


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
