"""The matrix of initiatives by ward, for everybody."""

from typing import Any

from flask import Blueprint, Response, request

from portal.exports import files
from portal.exports.initiatives import matrix
from portal.exports.strengths.views import lasting
from portal.web.limits import limiter
from portal.web.pages import page
from portal.web.policy import allow

initiatives = Blueprint("initiatives", __name__)


@initiatives.get("/register/initiatives")
@allow("anyone")
@limiter.limit("60/minute")
def index() -> Any:
    return page("register/initiatives.html", matrix=matrix.read(request.args.get("year", "")))


@initiatives.get("/register/initiatives.csv")
@allow("anyone")
@limiter.limit("12/minute")
def as_csv() -> Response:
    """`?year=2026-27`."""
    found = matrix.read(request.args.get("year", ""))
    content = b"".join(files.csv_chunks(matrix.head(found), matrix.rows(found)))
    return lasting(content, files.TYPES["csv"], f"initiatives-{found.asked.year}.csv")
