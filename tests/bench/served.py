"""What the web server of the bench loads: the whole app, and beside it the bare limits of its pages in the same process.

/bench/empty runs through everything that every request of ours runs through, and answers an empty template.
/bare/<bytes> is Flask alone, rendering a page of that many bytes. /used says what this process has spent so far, /used/?rendering begins to watch the templates.
"""

import json
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, before_render_template, render_template, template_rendered
from jinja2 import DictLoader
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from portal.app import create_app
from portal.web.policy import allow

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

PAGE = """<!doctype html><html lang="en"><title>{{ title }}</title><h1>{{ title }}</h1>
{% for row in rows %}<p><a href="/row/{{ loop.index }}">{{ row }}</a></p>
{% endfor %}</html>"""
ROW = "Neighbours meet on the green, plant a bed of herbs, and mend what the winter has left behind. "

used = {"rendering": 0.0, "queries": 0}
_began = [0.0]
_watched = [False]  # whether rendering is timed: asking that clock costs, so never while a whole request is measured

ours = create_app()
bare = Flask("bare")
EMPTY = ours.jinja_env.from_string("")  # compiled once, as templates of ours are
bare.jinja_loader = DictLoader({"page.html": PAGE})


@ours.get("/bench/empty")
@allow("anyone")
def empty() -> str:
    return render_template(EMPTY)


@bare.get("/<int:size>")
def sized(size: int) -> str:
    return render_template("page.html", title="Bare", rows=[ROW] * max(1, (size - 90) // 134))


@before_render_template.connect_via(ours)
def _render_begins(_app: Flask, **_said: Any) -> None:
    if _watched[0]:
        _began[0] = time.thread_time()


@template_rendered.connect_via(ours)
def _render_ends(_app: Flask, **_said: Any) -> None:
    if _watched[0]:
        used["rendering"] += time.thread_time() - _began[0]


@event.listens_for(Engine, "before_cursor_execute")
def _count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    used["queries"] += statement.lstrip()[:6].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE")


def tell(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    """Processor seconds of this process since its start, those spent in templates while these are watched, queries asked."""
    _watched[0] = environ["QUERY_STRING"] == "rendering"
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"processor": time.process_time(), **used}).encode()]


app: "WSGIApplication" = DispatcherMiddleware(ours.wsgi_app, {"/bare": bare.wsgi_app, "/used": tell})
