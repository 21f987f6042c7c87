"""How values look on pages."""

from collections.abc import Callable
from datetime import date, datetime
from typing import cast

from flask import Flask
from flask_babel import format_date, format_datetime, gettext
from jinja2 import pass_context
from jinja2.runtime import Context

from portal import clock
from portal.money import hours, pounds, round_pounds


def day(value: date | datetime | None) -> str:
    """A day with its weekday, in Europe/London: "Saturday 4 July 2026"."""
    if value is None:
        return ""
    return str(format_date(clock.london_day(value) if isinstance(value, datetime) else value, "EEEE d MMMM y"))


def short_day(value: date | datetime | None) -> str:
    """A day for tight places: "4 Jul 2026"."""
    if value is None:
        return ""
    return str(format_date(clock.london_day(value) if isinstance(value, datetime) else value, "d MMM y"))


def month(value: date | None) -> str:
    """A month as people say it: "October 2026"."""
    return "" if value is None else str(format_date(value, "MMMM y"))


def short_month(value: date) -> str:
    """A month for tight places: "Oct 2026"."""
    return str(format_date(value, "MMM y"))


def when(value: datetime | None) -> str:
    """An instant as people say it, in Europe/London: "Saturday 4 July 2026, 3:15 pm"."""
    if value is None:
        return ""
    text = str(format_datetime(value, "EEEE d MMMM y, h:mm a"))
    return text.replace("AM", "am").replace("PM", "pm")


def clock_time(value: datetime) -> str:
    """The time of day in Europe/London: "15:04"."""
    return str(format_datetime(value, "H:mm"))


def _safe_sentence(formatted: Callable[..., str]) -> Callable[..., str]:
    """`_()` of templates: what has no values to fill in is plain text.

    Jinja takes every sentence for trusted markup and for a format. But names that people typed are looked up here too (the
    kinds of help that ship are translated): those must be escaped, and may hold a "%".
    """

    @pass_context
    def sentence(context: Context, text: str, /, **values: object) -> str:
        return formatted(context, text, **values) if values else str(gettext(text)) if text else ""

    return sentence


def install(app: Flask) -> None:
    """Name them for templates."""
    app.jinja_env.globals["gettext"] = _safe_sentence(cast(Callable[..., str], app.jinja_env.globals["gettext"]))
    for each in (pounds, round_pounds, hours, day, short_day, month, when, clock_time):
        app.jinja_env.filters[each.__name__] = each
