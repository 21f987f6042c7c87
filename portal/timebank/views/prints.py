"""Cards, time sheets and statements as PDF, for the desk's printer."""

from typing import Any

from flask import Blueprint, Response, request
from flask_login import current_user

from portal.errors import NotFound, Refused
from portal.people.model import Person
from portal.people.views import own_areas, saw
from portal.places.model import Area, Scheme
from portal.places.queries import scheme as the_scheme
from portal.timebank import members, prints
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import page, pdf_page
from portal.web.policy import allow
from portal.words import _

time_prints = Blueprint("time_prints", __name__)


@time_prints.get("/timebank/desk/print")
@allow("help others")
def index() -> Any:
    """What can be printed for the areas where one helps."""
    areas = own_areas()
    return page("timebank/print.html", areas=areas, parts=prints.parts_of({area.id for area in areas}))


def _scheme() -> Scheme:
    found = the_scheme()
    if found is None:
        raise NotFound(_("We cannot find that page."))
    return found


def _area() -> Area:
    found = next((area for area in own_areas() if area.code == request.args.get("area", "")), None)
    if found is None:
        raise Refused(_("Choose an area on the page “Cards and time sheets to print” first."))
    return found


def _large(person: Person | None = None) -> bool:
    """As the address says; else as the person reads."""
    said = request.args.get("large")
    return said == "1" if said is not None else person is not None and person.large_print


def _part() -> int:
    return min(max(whole_number(request.args.get("part"), 1), 1), 10_000)


def _some(area: Area) -> Any:
    found = prints.of_area(area, _part())
    if not found:
        raise Refused(_("There are no members in this area yet, so there is nothing to print."))
    return found


def _member(ref: str) -> Member:
    found = members.helped(ref, current_user)
    saw("member", found.person_id, about=ref)
    return found


@time_prints.get("/timebank/desk/print/cards.pdf")
@allow("help others")
@limiter.limit("12/minute")
def cards() -> Response:
    """Cards of everybody in an area."""
    area = _area()
    return pdf_page(
        prints.cards(_("Membership cards, %(area)s", area=area.name), _some(area), _scheme(), large=_large()), f"cards-{area.code}"
    )


@time_prints.get("/timebank/desk/print/time-sheets.pdf")
@allow("help others")
@limiter.limit("12/minute")
def time_sheets() -> Response:
    """A time sheet for everybody in an area."""
    area = _area()
    title = _("Time sheets, %(area)s", area=area.name)
    return pdf_page(prints.time_sheets(title, _some(area), None, _scheme(), large=_large()), f"time-sheets-{area.code}")


@time_prints.get("/timebank/desk/print/empty-sheet.pdf")
@allow("help others")
@limiter.limit("12/minute")
def empty_sheet() -> Response:
    """A time sheet that is nobody's: its rows name both sides, as the desk types them."""
    area = _area()
    title = _("Time sheet, %(area)s", area=area.name)
    return pdf_page(prints.time_sheets(title, [], area, _scheme(), large=_large()), f"time-sheet-{area.code}")


@time_prints.get("/timebank/desk/members/<ref>/card.pdf")
@allow("help others")
@limiter.limit("30/minute")
def card(ref: str) -> Response:
    """One member's card."""
    found = _member(ref)
    title = _("Card of %(name)s", name=name_of(found))
    return pdf_page(prints.cards(title, [found], _scheme(), large=_large(found.person)), f"card-{found.ref}")


@time_prints.get("/timebank/desk/members/<ref>/time-sheet.pdf")
@allow("help others")
@limiter.limit("30/minute")
def time_sheet(ref: str) -> Response:
    """A time sheet with one member's name on."""
    found = _member(ref)
    title = _("Time sheet of %(name)s", name=name_of(found))
    return pdf_page(prints.time_sheets(title, [found], None, _scheme(), large=_large(found.person)), f"time-sheet-{found.ref}")


@time_prints.get("/timebank/desk/members/<ref>/statement.pdf")
@allow("help others")
@limiter.limit("30/minute")
def statement(ref: str) -> Response:
    """One member's statement as a letter."""
    found = _member(ref)
    return pdf_page(prints.statement(found, _scheme(), large=_large(found.person)), f"statement-{found.ref}")
