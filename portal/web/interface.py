"""What programs of other sites read: JSON that is the same for everybody. No cookie is read or set there, any site's pages may ask, and
every no is told as RFC 9457 has it. Knows no domain.
"""

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.datastructures import MIMEAccept

from portal.words import N_, _

ROOT = "/api/v1"
KEPT = 60  # seconds that an answer may be shown without asking again: what is taken down is soon gone elsewhere too
JSON, PROBLEM = "application/json", "application/problem+json"
METHODS = "GET, HEAD, OPTIONS"
SENTENCES = {
    400: N_("We do not understand this question."),
    404: N_("There is nothing at this address, or it is not public any more."),
    405: N_("Here you can only read: use GET or HEAD."),
    406: N_("We answer in JSON only. Ask for application/json, or for anything."),
    412: N_("What is here now is not what If-Match names. To keep an answer fresh, send If-None-Match."),
    429: N_("You ask faster than we can answer everybody. Wait as long as the Retry-After header says."),
    500: N_("Something went wrong here. It is our mistake. Try again later."),
    503: N_("We cannot reach our data just now. Try again in half a minute."),
}


def is_for_programs(path: str) -> bool:
    """Whether an address is one of the read interface, also when nothing is there."""
    return path == ROOT or path.startswith(ROOT + "/")


def told(facts: Mapping[str, Any], links: Mapping[str, str]) -> Response:
    """An answer that caches keep and ask about: the answer to that is short (304) while nothing has changed. `links`: relation → address."""
    response = Response(json.dumps(facts, ensure_ascii=False) + "\n", content_type=JSON)
    response.headers["Cache-Control"] = f"public, max-age={KEPT}"
    response.headers["Link"] = ", ".join(f'<{address}>; rel="{relation}"' for relation, address in links.items())
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request)
    return problem(412) if response.status_code == 412 else response


def problem(status: int, sentence: str = "", **more: str) -> Response:
    """A no, with a sentence for who writes the program."""
    detail = sentence or _(SENTENCES.get(status, SENTENCES[400]))
    facts = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return Response(json.dumps(facts, ensure_ascii=False) + "\n", status, content_type=PROBLEM)


def must_take_json() -> None:
    """End the request with 406 when it names what it takes, and JSON is not among it."""
    wanted = MIMEAccept(
        [(name.partition(";")[0].strip(), quality) for name, quality in request.accept_mimetypes]
    )  # "; charset=utf-8" is no other type
    if wanted and not wanted.quality(JSON):
        abort(406)


def install(app: Flask) -> None:
    """Let pages of any site read these answers, whatever they are; nothing of them hangs on who asks."""

    @app.after_request
    def any_site_may_read(response: Response) -> Response:
        if is_for_programs(request.path):
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = (
                "ETag, Link, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
            )
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            if request.method == "OPTIONS" and response.status_code == 200:
                response.headers["Access-Control-Allow-Methods"] = METHODS
                response.headers["Access-Control-Allow-Headers"] = "Accept, If-None-Match"
                response.headers["Access-Control-Max-Age"] = "86400"
        return response
