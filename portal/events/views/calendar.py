"""What is on: the list by day, month by month, what was, and the files that calendars subscribe to."""

from collections.abc import Callable, Sequence
from datetime import date, time, timedelta
from typing import Any

from flask import Blueprint, Response, request
from flask_login import current_user

from portal import clock
from portal.calendars import Happening, calendar_file
from portal.errors import Conflict, NotFound, Refused
from portal.events import queries
from portal.events.model import Gathering
from portal.events.prints import access_words
from portal.events.rules import KINDS, ends_at, published, starts_at, times
from portal.outbox import address_of
from portal.places import queries as places
from portal.places.model import Area
from portal.refs import clean_ref
from portal.web.forms import one_line, plain_day, whole_number
from portal.web.pages import page, see_other
from portal.web.policy import allow
from portal.words import _

events = Blueprint("events", __name__)

HOME = "/events/"
AT_ONCE = 20  # events of one page
FAR = 2000  # days that a calendar reaches


def act(form: Any, do: Callable[[], Any]) -> tuple[bool, Any]:
    """(whether it was done, what came of it); what was refused stands in the form."""
    try:
        return True, do()
    except (Refused, Conflict) as why:
        form.refuse(why.sentence, why.field)
    except NotFound as why:
        form.refuse(why.sentence)
    return False, None


def path(gathering: Gathering, end: str = "") -> str:
    return f"{HOME}{gathering.ref}{end}"


# --- lists ---------------------------------------------------------------------------------------------------------------


class Filter:
    """What of the calendar somebody looks at, from an address that anybody can write."""

    def __init__(self) -> None:
        self.areas: Sequence[Area] = [each for each in places.areas() if each.kind != "scheme"]
        code, kind = one_line(request.args.get("area", ""))[:40], request.args.get("kind", "")
        self.area = next((each for each in self.areas if each.code == code), None)
        self.kind = kind if kind in KINDS else ""

    @property
    def code(self) -> str:
        return self.area.code if self.area is not None else ""

    @property
    def query(self) -> str:
        return f"area={self.code}&kind={self.kind}"

    @property
    def feed(self) -> str:
        """The address of the calendar file for one area or one kind, else of the whole."""
        return (
            f"{HOME}calendar/area/{self.code}.ics"
            if self.code
            else f"{HOME}calendar/kind/{self.kind}.ics"
            if self.kind
            else f"{HOME}calendar.ics"
        )


def _key(text: str) -> queries.Key | None:
    """Where a page goes on: "2026-06-06.1030.17"; None when it is none of ours."""
    day, _dot, rest = text.partition(".")
    at, _dot, row = rest.partition(".")
    found = plain_day(day, date.min)
    if found == date.min or len(at) != 4 or not at.isascii() or not at.isdigit() or at >= "2400" or at[2:] >= "60":
        return None
    return found, time(int(at[:2]), int(at[2:])), whole_number(row, 0)


def _more(rows: Sequence[queries.Listed]) -> str:
    """The address part at which the next page goes on; empty when this is the last."""
    if len(rows) < AT_ONCE:
        return ""
    last = rows[-1][0]
    return f"{last.day}.{last.starts:%H%M}.{last.id}"


def by_day(rows: Sequence[queries.Listed]) -> list[tuple[date, list[queries.Listed]]]:
    found: dict[date, list[queries.Listed]] = {}
    for row in rows:
        found.setdefault(row[0].day, []).append(row)
    return list(found.items())


@events.get("/events/")
@allow("anyone")
def index() -> Any:
    """What is on, for everybody; one's own first."""
    chosen, after = Filter(), _key(request.args.get("after", ""))
    rows = queries.coming(chosen.code, chosen.kind, after, AT_ONCE)
    run, come = queries.mine(current_user) if current_user.is_authenticated and after is None else ((), ())
    return page(
        "events/index.html", chosen=chosen, by_day=by_day(rows), more=_more(rows), run=run, come=come, today=clock.today(), times=times, kinds=KINDS,
        first=after is None,
    )  # fmt: skip


@events.get("/events/past")
@allow("anyone")
def past() -> Any:
    """What was, with how many came where that is enough to say."""
    chosen = Filter()
    rows = queries.past(chosen.code, chosen.kind, _key(request.args.get("before", "")), AT_ONCE)
    return page("events/past.html", chosen=chosen, rows=rows, more=_more(rows), times=times, kinds=KINDS, published=published)


@events.get("/events/month")
@allow("anyone")
def month() -> Any:
    """A month as a list of its days, with the months before and after."""
    chosen, today = Filter(), clock.today()
    asked = plain_day(request.args.get("from", ""), today)
    first = (asked if abs((asked - today).days) < FAR else today).replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    rows = queries.between(first, last, chosen.code, chosen.kind)
    return page(
        "events/month.html", chosen=chosen, by_day=by_day(rows), first=first, before=first - timedelta(days=1), after=last + timedelta(days=1),
        today=today, times=times, kinds=KINDS,
    )  # fmt: skip


# --- files for calendars -------------------------------------------------------------------------------------------------


@events.get("/events/calendar.ics")
@allow("anyone")
def feed() -> Any:
    """Everything, at an address that stays, for whoever subscribes."""
    return _file(_("Events"), queries.for_calendars())


@events.get("/events/calendar/area/<code>.ics")
@allow("anyone")
def feed_of_area(code: str) -> Any:
    area = places.area(code)
    return _file(_("Events in %(area)s", area=area.name), queries.for_calendars(area=area.code))


@events.get("/events/calendar/kind/<kind>.ics")
@allow("anyone")
def feed_of_kind(kind: str) -> Any:
    if kind not in KINDS:
        raise NotFound(_("We do not know that kind of event."))
    return _file(_(KINDS[kind]), queries.for_calendars(kind=kind))


@events.get("/events/<ref>.ics")
@allow("anyone")
def file_of(ref: str) -> Any:
    gathering = queries.seen_by(ref, current_user)
    return _file("", [gathering])


def _file(name: str, some: Sequence[Gathering]) -> Response:
    response = Response(calendar_file([_happening(each) for each in some], name), mimetype="text/calendar")
    response.headers["Content-Disposition"] = "attachment; filename=events.ics"
    return response


def _happening(gathering: Gathering) -> Happening:
    host = address_of("").split("://")[-1]
    starts = starts_at(gathering)
    return Happening(
        uid=f"{gathering.ref}@{host}", sequence=gathering.version - 1, status="CANCELLED" if gathering.status == "cancelled" else "CONFIRMED",
        starts_at=starts, minutes=int((ends_at(gathering).timestamp() - starts.timestamp()) // 60), summary=gathering.title,
        place=f"{gathering.place}, {gathering.area.name}", description="\n".join([gathering.what, *access_words(gathering), gathering.food]).strip(),
        url=address_of(path(gathering)), changed_at=gathering.changed_at,
    )  # fmt: skip


@events.get("/e/<code>")
@allow("anyone")
def short(code: str) -> Any:
    """The short address of a poster."""
    ref = clean_ref("EVT" + code[:20]) or clean_ref(code[:20])
    if ref is None:
        raise NotFound(_("We cannot find that event. Look for it in the calendar."))
    return see_other(HOME + ref)
