"""The open data of the map: what it holds, and the files."""

import hashlib
from typing import Any

from flask import Blueprint, Response, request

from portal.exports import files
from portal.exports.strengths import data
from portal.web.limits import limiter
from portal.web.pages import page
from portal.web.policy import allow

strengths_data = Blueprint("strengths_data", __name__)
GEOJSON = "application/geo+json; charset=utf-8"


@strengths_data.get("/strengths/data")
@allow("anyone")
def about() -> Any:
    """Every column, the licence, and where the files are."""
    return page("strengths/data.html", columns=data.COLUMNS, licence=data.LICENCE, licence_name=data.LICENCE_NAME)


@strengths_data.get("/strengths/strengths.csv")
@allow("anyone")
@limiter.limit("12/minute")
def as_csv() -> Response:
    return lasting(b"".join(files.csv_chunks(tuple(data.COLUMNS), data.rows())), files.TYPES["csv"], "strengths.csv")


@strengths_data.get("/strengths/strengths.geojson")
@allow("anyone")
@limiter.limit("12/minute")
def as_geojson() -> Response:
    return lasting(data.points().encode(), GEOJSON, "strengths.geojson")


@strengths_data.get("/strengths/areas.geojson")
@allow("anyone")
@limiter.limit("12/minute")
def areas() -> Response:
    return lasting(data.areas().encode(), GEOJSON, "areas.geojson")


def lasting(content: bytes, content_type: str, name: str) -> Response:
    """A file that caches keep and ask about: the answer is short (304) while nothing has changed. Any page may read it."""
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.set_etag(hashlib.sha256(content).hexdigest()[:24])
    response.make_conditional(request)
    return response
