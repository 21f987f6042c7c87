"""What every answer of the read interface is held to, whatever it is about."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.test import TestResponse

from portal.db import db
from portal.exports.api import openapi
from portal.exports.api.resource import Resource
from portal.exports.api.resources import ALL
from tests.client import _seen

MOST = 4  # queries of a page
RESOURCES = {one.name: one for one in ALL}


def valid(facts: Any, name: str) -> None:
    """What the description promises of a schema of it."""
    checker = Draft202012Validator({**openapi.document(), "$ref": f"#/components/schemas/{name}"}, format_checker=FormatChecker())
    faults = [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}" for fault in checker.iter_errors(facts)]
    assert not faults, faults[:5]


def ask(app: Flask, path: str, status: int = 200, headers: Mapping[str, str] | None = None) -> TestResponse:
    """An answer, held to what all of them promise."""
    db.session.rollback()
    _seen.clear()
    answer = app.test_client().get(path, headers=dict(headers or {}))
    assert answer.status_code == status, (path, answer.status_code, answer.text[:300])
    assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    if status == 200:
        assert answer.mimetype == "application/json" and answer.headers["Cache-Control"] == "public, max-age=60"
        assert answer.headers["ETag"].startswith('"')
    elif status >= 400:
        assert answer.mimetype == "application/problem+json"
        valid(answer.get_json(), "Problem")
        assert (
            answer.headers["Cache-Control"] == "no-store"
            and answer.get_json()["status"] == status
            and answer.get_json()["detail"].endswith((".", "]"))
        )
    return answer


def whole(app: Flask, resource: Resource, query: str = "", limit: int = 2) -> list[Mapping[str, Any]]:
    """All of a resource, a page after the other, each as described and within its budget."""
    found: list[Mapping[str, Any]] = []
    path: str | None = f"{resource.path}?limit={limit}{query}"
    while path is not None:
        answer = ask(app, path)
        asked = [one for one in _seen if one.lstrip()[:6].upper() in ("SELECT", "WITH R", "WITH I")]
        assert len(asked) <= MOST, (path, len(asked))
        valid(answer.get_json(), f"{resource.shape.name}Page")
        assert len(answer.get_json()["items"]) <= limit
        found += answer.get_json()["items"]
        path = answer.get_json()["next"]
        assert (f'<{path}>; rel="next"' in answer.headers["Link"]) == (path is not None)
        path = path.removeprefix("http://localhost") if path else None
    assert len({json.dumps(item, sort_keys=True) for item in found}) == len(found), "nothing twice"
    assert found == ask(app, f"{resource.path}?limit=100{query}").get_json()["items"], "as one page has them"
    return found
