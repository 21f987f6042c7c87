"""Turn every way of saying no, and every accident, into a page that helps."""

import logging
import sqlite3
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException

from portal.db import db
from portal.errors import Conflict, NotFound, NotYours, Refused, Unknown
from portal.web import interface, logs
from portal.web.typed import typed
from portal.words import _

log = logging.getLogger("kindling")

KEEPS_WORDS = (400, 404, 409, 429)


def failure(status: int, sentence: str = "", template: str | None = None, way: tuple[str, str] | None = None) -> Response:
    """An error page in our layout, or in the plain one when the layout itself cannot be drawn. `way`: (address, words) of a
    page to go on with. Programs are told in their way."""
    if interface.is_for_programs(request.path):
        return interface.problem(status, sentence)
    name = template or (f"errors/{status}.html" if status in (400, 403, 404, 405, 409, 413, 429, 500, 503) else "errors/400.html")
    g.failed = status >= 500  # then the page asks the database for nothing, not even our name
    return make_response(
        render_template(name, sentence=sentence, typed=typed() if status in KEEPS_WORDS else [], status=status, way=way), status
    )


def install(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(NotYours)
    @app.errorhandler(NotFound)
    def missing(problem: NotFound | NotYours) -> Response:
        if isinstance(problem, NotYours):
            logs.refused("not theirs")
        if not isinstance(problem, Unknown):
            return failure(404)
        return failure(404, problem.sentence, way=(problem.href, _(problem.link)) if problem.href else None)

    @app.errorhandler(Conflict)
    @app.errorhandler(Refused)
    def refused(problem: Refused | Conflict) -> Response:
        return failure(409, problem.sentence)

    @app.errorhandler(CSRFError)
    def expired(_problem: CSRFError) -> Response:
        logs.refused("token")
        sentence = _("This page was open while you signed in or out somewhere else, so we could not be sure it was you who sent it.")
        return failure(400, sentence, "errors/409.html")

    @app.errorhandler(DataError)
    def unreadable(_problem: DataError) -> Response:
        """A value that no column can hold (NUL in an address): PostgreSQL says so, SQLite finds nothing."""
        db.session.rollback()
        return failure(400)

    @app.errorhandler(OperationalError)
    def database_away(problem: OperationalError) -> Response:
        if getattr(problem.orig, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR:
            return accident(problem)  # SQLite says "operational" of our own mistakes too
        log.error("database unavailable: %s", type(problem.orig).__name__)
        db.session.rollback()
        response = failure(503)
        response.headers["Retry-After"] = "30"
        return response

    @app.errorhandler(HTTPException)
    def http(problem: HTTPException) -> Any:
        if problem.code is None or problem.code < 400:
            return problem
        if problem.code in (413, 429):
            logs.refused("too much" if problem.code == 413 else "too often")
        response = failure(problem.code)
        for name, value in problem.get_headers():
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def accident(problem: Exception) -> Response:
        if app.testing:
            raise problem
        log.exception("accident at %s", request.endpoint)
        db.session.rollback()
        return failure(500)
