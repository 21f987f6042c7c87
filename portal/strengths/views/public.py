"""What everybody may see: the list, the map, one entry, the directory on paper."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from flask_login import current_user

from portal.errors import NotFound
from portal.people.forms import area_choices
from portal.places import queries as places
from portal.places.model import Area
from portal.refs import clean_ref
from portal.strengths import actions, maps, prints, queries, rules
from portal.strengths.model import ACCESS, WAYS, Strength
from portal.strengths.queries import Filters
from portal.web.forms import show_phone, whole_number
from portal.web.limits import limiter
from portal.web.pages import page, pdf_page
from portal.web.policy import allow, may
from portal.words import _

strengths = Blueprint("strengths", __name__)
HOME = "/strengths/"


@strengths.app_template_global()
def strength_facts(row: Strength) -> list[tuple[str, str]]:
    """What one needs to know to get there, for macros."""
    return prints.facts(row)


def asked() -> tuple[str, Filters, dict[str, str]]:
    """What stands in the address: words, filters, and both as they go into another address."""
    given = {name: request.args.get(name, "") for name in ("kind", "area", "way", "access")}
    filters = queries.filters_of(**given)
    typed = request.args.get("q", "")[:200]
    return typed, filters, {"q": typed, **vars(filters)}


def address(path: str, values: dict[str, str]) -> str:
    """A path with what was asked for."""
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{path}?{query}" if query else path


@strengths.get(HOME)
@allow("anyone")
@limiter.limit("120/minute")
def index() -> Any:
    """What we have here, newest first: chips, search, pages."""
    typed, filters, values = asked()
    before = whole_number(request.args.get("before"), 0) or None
    found = queries.search(typed, filters, before=before)
    older = address(HOME, values | {"before": str(found.rows[-1].id)}) if found.more else None
    return page(
        "strengths/index.html", found=found, typed=typed, filters=filters, values=values, older=older, first=before is None, kinds=rules.KIND_WORDS,
        chips=_chips("kind", rules.KIND_WORDS, _("Everything"), values), ways=_chips("way", {way: rules.WAY_WORDS[way] for way in WAYS}, _("Any way"), values),
        doors=_chips("access", {code: rules.ACCESS_WORDS[code] for code in ACCESS}, _("All"), values), areas=area_choices(_("Everywhere")),
        on_paper=address("/strengths/directory", {"kind": filters.kind, "area": filters.area}),
    )  # fmt: skip


def _chips(name: str, words: dict[str, str], everything: str, values: dict[str, str]) -> list[tuple[str, str, bool]]:
    chips = [(everything, address(HOME, values | {name: ""}), not values[name])]
    return chips + [(_(text), address(HOME, values | {name: code}), values[name] == code) for code, text in words.items()]


@strengths.get("/strengths/map")
@allow("anyone")
@limiter.limit("120/minute")
def the_map() -> Any:
    """Areas as a drawing of our own, and the same in numbers."""
    return page("strengths/map.html", map=maps.the_map(), kinds=rules.KIND_WORDS, there=maps.kinds_there)


@strengths.get("/strengths/<ref>")
@allow("anyone")
@limiter.limit("240/minute")
def one(ref: str) -> Any:
    """One entry. The address of one that was joined with another leads on."""
    known = clean_ref(ref) or ref
    if (further := queries.leads_to(known)) is not None:
        return redirect(f"/strengths/{further}", 301)
    row = queries.readable(known, current_user)
    signed_in = current_user.is_authenticated
    desk = signed_in and may("help others", row)
    keeps = queries.looks_after(current_user, row)
    return page(
        "strengths/one.html", row=row, kind=rules.KIND_WORDS[row.kind], state=rules.STATE_WORDS[row.status], links=rules.links_of(row.links), desk=desk, keeps=keeps,
        may_change=signed_in and actions.may_change(current_user, row), yours=signed_in and row.suggested_by_id == current_user.id,
        wanted=row.keeper_wanted_at is not None, offered=signed_in and row.offer_by_id == current_user.id, degrees=rules.degrees,
    )  # fmt: skip


# --- on paper ------------------------------------------------------------------------------------------------------------


@strengths.get("/strengths/directory")
@allow("anyone")
def choose_directory() -> Any:
    """Which part of the directory to print."""
    _typed, filters, _values = asked()
    return page("strengths/directory.html", filters=filters, areas=area_choices(_("Everywhere")), kinds=rules.KIND_WORDS)


@strengths.get("/strengths/directory.pdf")
@allow("anyone")
@limiter.limit("12/minute")
def directory() -> Response:
    """The directory as a tagged PDF: `?area=`, `?kind=`, `?large=1`."""
    _typed, filters, _values = asked()
    scheme = places.scheme()
    if scheme is None:
        raise NotFound(_("We cannot find that page."))
    area = _area(filters.area)
    made = prints.directory(scheme, Filters(filters.kind, filters.area), area, large=request.args.get("large") == "1")
    return pdf_page(made, f"directory-{area.code}" if area else "directory")


def _area(code: str) -> Area | None:
    return places.area(code) if code else None


@strengths.app_template_filter("phone")
def phone(number: str) -> str:
    """A number as people in the UK write it."""
    return show_phone(number)
