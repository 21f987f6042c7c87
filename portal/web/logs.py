"""One JSON object a line on stderr: what was asked, what was answered, how long it took. No personal data, no tokens."""

import json
import logging
import sys
import time
import traceback
import uuid

from flask import Flask, Response, g, has_request_context, request
from flask_login import current_user

from portal import clock, vault
from portal.links import path_without_key

log = logging.getLogger("kindling")


def _trace(problem: BaseException | None) -> str:
    """Where it happened, and the first line of what was wrong: the lines below it are where a database quotes the row."""
    lines: list[str] = []
    while problem is not None:
        said = (str(problem).splitlines() or [""])[0]
        lines = [*traceback.format_tb(problem.__traceback__), f"{type(problem).__name__}: {said}\n", *lines]
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    return "".join(lines)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": clock.now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context():
            line["request"] = g.get("request_id", "")
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["trace"] = _trace(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True)  # newlines and escapes in values can never begin a new line


def refused(what: str, **fields: object) -> None:
    """A line for whoever watches for attacks: what was refused, at which page, to whom; never what was typed.

    `from` is a keyed mark of their network address: the same address can be followed through the log, and nobody reads it there.
    """
    who = {"person": getattr(current_user, "id", None), "from": vault.marks("log", request.remote_addr or "")[0][:12]}
    log.warning("refused", extra={"fields": {"what": what, "page": request.endpoint, **who, **fields}})


def install(app: Flask) -> None:
    """Log every request but those for static files; answer with its id, so that a person can quote it."""
    if not log.handlers and not app.testing:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Json())
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False

    @app.before_request
    def begin() -> None:
        g.request_id = uuid.uuid4().hex[:12]
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" in g:
            response.headers["X-Request-Id"] = g.request_id
            if request.endpoint != "static":
                fields = {
                    "method": request.method,
                    "path": path_without_key(request.path),
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - g.began) * 1000, 1),
                    "person": getattr(current_user, "id", None),
                }
                log.info("request", extra={"fields": fields})
        return response
