"""Data protection at the desk: who saw what."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, stream_with_context

from portal import clock
from portal.exports import files
from portal.people import queries as people
from portal.people import seen
from portal.people.forms import ROLE_NAMES
from portal.people.model import Person
from portal.people.views import saw
from portal.web.forms import one_line, plain_day, whole_number
from portal.web.limits import limiter
from portal.web.pages import page
from portal.web.policy import allow
from portal.words import _

privacy = Blueprint("privacy", __name__, url_prefix="/desk/privacy")
PAGE = 50
COLUMNS = ("when_utc", "who", "who_number", "role", "whose", "whose_number", "what", "about")


@privacy.get("/")
@allow("look after privacy")
def index() -> Any:
    return page("privacy/index.html")


@privacy.get("/seen")
@allow("look after privacy")
def seen_by() -> Any:
    """Who was shown whose record: of one person, by one person, between two days."""
    typed, asked, missing = _asked()
    found = [] if missing else seen.looks(asked, whole_number(request.args.get("before"), 0) or None, PAGE + 1)
    if asked.whom_id is not None:
        saw("looks", asked.whom_id)
    search = urlencode({name: value for name, value in typed.items() if value})
    return page(
        "privacy/seen.html", lines=found[:PAGE], typed=typed, missing=missing, search=search, pages=seen.PAGES, roles=ROLE_NAMES,
        older=f"/desk/privacy/seen?{search}&before={found[PAGE - 1].id}" if len(found) > PAGE else None,
    )  # fmt: skip


@privacy.get("/seen.csv")
@allow("look after privacy")
@limiter.limit("12/minute")
def seen_csv() -> Response:
    """The same as a file, all of it."""
    _typed, asked, missing = _asked()
    if asked.whom_id is not None:
        saw("looks", asked.whom_id)
    rows = iter(()) if missing else _rows(asked)
    response = Response(stream_with_context(files.csv_chunks(COLUMNS, rows)), content_type=files.TYPES["csv"])
    response.headers["Content-Disposition"] = f'attachment; filename="who-saw-what-{clock.today()}.csv"'
    return response


def _rows(asked: seen.Asked) -> Iterator[tuple[str, ...]]:
    for line in seen.all_looks(asked):
        yield line.at.strftime("%Y-%m-%dT%H:%M:%SZ"), line.by, line.by_ref, line.role, line.whom, line.whom_ref, line.page, line.about


def _asked() -> tuple[dict[str, str], seen.Asked, str]:
    """What was typed, what it means, and a sentence when it names nobody."""
    typed = {name: one_line(request.args.get(name))[:100] for name in ("whom", "by", "since", "until")}
    whom, by = _person(typed["whom"]), _person(typed["by"])
    missing = next((typed[name] for name, found in (("whom", whom), ("by", by)) if typed[name] and found is None), "")
    today = clock.today()
    asked = seen.Asked(
        whom_id=whom.id if whom else None, by_id=by.id if by else None, since=plain_day(typed["since"], today) if typed["since"] else None,
        until=plain_day(typed["until"], today) if typed["until"] else None,
    )  # fmt: skip
    return (
        typed,
        asked,
        _("We know nobody by “%(text)s”. Write their number, e-mail address or telephone.", text=missing) if missing else "",
    )


def _person(text: str) -> Person | None:
    return next(iter(people.search(text, limit=1, names=False)), None) if text else None
