"""A test client that looks at every page it gets, as a careful reader, a screen reader and a browser would."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import html5lib
from flask import Flask, g
from flask.testing import FlaskClient
from html5lib.constants import E
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse

from portal.db import db, transaction
from portal.people import sessions
from portal.web.interface import is_for_programs

Element = Any
NS = "{http://www.w3.org/1999/xhtml}"
WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE)\s+(?:INTO\s+|FROM\s+)?\"?(\w+)", re.IGNORECASE)
MAY_WRITE_ON_GET = {"sign_in_session", "record_look"}  # its "last seen"; who was shown whose record
LEFTOVERS = ("{{", "{%", "%(", "<function", "Undefined")
_seen: list[str] = []


@event.listens_for(Engine, "before_cursor_execute")
def _listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    _seen.append(statement)


class Inspector:
    """Somebody at a browser. `budget` is how many queries one page may take."""

    def __init__(self, app: Flask, budget: int = 20) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.budget = budget
        self.typed: tuple[str, ...] = ()  # what somebody wrote into the scheme that looks like a leftover of a template
        self.path = ""
        self.status = 0
        self.text = ""
        self.queries = 0
        self.tree: Element = None

    def sign_in(self, person_id: int) -> "Inspector":
        """As after a code: a session row and its cookie."""
        with transaction():
            token = sessions.begin(person_id, "Test")
        with self.client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True
        return self

    def get(self, path: str, status: int = 200, headers: Mapping[str, str] | None = None) -> "Inspector":
        """Open a page; judge it."""
        with self._one_request(path):
            self._take(self.client.get(path, headers=dict(headers or {})), path, status)
        written = [match[2] for match in map(WRITES.match, _seen) if match and match[2] not in MAY_WRITE_ON_GET]
        assert not written, f"GET {path} wrote to {written}"
        return self

    def post(self, path: str, data: Mapping[str, Any], status: int = 303) -> "Inspector":
        """Send something, whole as given; judge the answer."""
        with self._one_request(path):
            self._take(self.client.post(path, data=dict(data), content_type="multipart/form-data"), path, status)
        return self

    def submit(self, button: str | None = None, status: int = 303, *, form: str | None = None, **fields: Any) -> "Inspector":
        """Fill the form on this page that has `button` (its words) or posts to `form`, and send it as a browser does.

        Field names are written with _ for -. A field that the form has not is a mistake of the test.
        """
        found = self._form(button, form)
        values = self._values(found)
        for name, value in fields.items():
            known = [key for key in self._names(found) if key == name or key.replace("-", "_") == name]
            assert known, f"{self.path}: no field {name} in {sorted(self._names(found))}"
            values[known[0]] = value
        for element in found.iter(f"{NS}button"):
            if button and _words(element) == button and element.get("name"):
                values[element.get("name")] = element.get("value", "")
        return self.post(found.get("action") or self.path, values, status)

    def follow(self) -> "Inspector":
        """Go where a 303 leads."""
        assert self.status in (302, 303), (self.path, self.status)
        return self.get(self.location.split("#")[0])

    def links(self) -> Iterator[str]:
        """Addresses of this site that the page links to."""
        for element in self.tree.iter(f"{NS}a"):
            href = element.get("href", "")
            if href.startswith("/") and not href.startswith("//"):
                yield href.split("#")[0]

    def forms(self) -> list[Element]:
        """All forms of the page."""
        return list(self.tree.iter(f"{NS}form"))

    # --- inside ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def _one_request(self, path: str) -> Iterator[None]:
        for name in list(g):
            g.pop(name)  # the test's own context must not carry one request's person into the next
        db.session.rollback()
        _seen.clear()
        yield
        self.queries = len([one for one in _seen if one.lstrip()[:6].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH R")])
        assert self.queries <= self.budget, f"{path}: {self.queries} queries, more than {self.budget}"
        assert not (db.session.new or db.session.dirty or db.session.deleted), f"{path} left work uncommitted"

    def _take(self, response: TestResponse, path: str, status: int) -> None:
        self.path, self.status = path.split("#")[0], response.status_code
        self.text = response.get_data(as_text=True) if (response.mimetype or "").startswith(("text/", "application/json")) else ""
        self.location = urlsplit(response.headers.get("Location", ""))._replace(scheme="", netloc="").geturl()
        assert self.status == status, f"{path}: {self.status} instead of {status}: {self.said()}"
        self._judge_headers(response)
        self.tree = None
        if response.mimetype == "text/html" and self.text and not response.headers.get("HX-Trigger"):
            self._judge_page(path)

    def _judge_headers(self, response: TestResponse) -> None:
        headers = response.headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert all(f"{name} 'none'" in policy for name in ("default-src", "object-src", "base-uri", "frame-ancestors"))
        shared = {name.lower(): value for name, value in headers if name.lower().startswith("access-control-")}
        a_file = headers.get("Content-Disposition", "").startswith("attachment") and "ETag" in headers
        if is_for_programs(self.path.split("?")[0]) or (shared and a_file):  # open data
            assert shared["access-control-allow-origin"] == "*" and "access-control-allow-credentials" not in shared
        else:
            assert not shared, "what is here is read here"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"]
        if (response.mimetype or "").startswith("text/"):
            assert "charset=utf-8" in headers["Content-Type"]

    def _judge_page(self, path: str) -> None:
        parser = html5lib.HTMLParser(namespaceHTMLElements=True)
        whole = "<!doctype html>" in self.text[:200].lower()
        self.tree = parser.parse(self.text) if whole else parser.parseFragment(self.text)
        faults = [f"{E.get(code, code) % data} at {where}" for where, code, data in parser.errors]
        assert not faults, f"{path}: invalid HTML: {faults[:3]}"
        everything = list(self.tree.iter())
        ids = [one.get("id") for one in everything if isinstance(one.tag, str) and one.get("id")]
        assert len(ids) == len(set(ids)), f"{path}: the same id twice: {[one for one in ids if ids.count(one) > 1][:3]}"
        ours = re.sub(r"<(script|textarea)[\s\S]*?</\1>|</?strong>", "", self.text)
        for typed in self.typed:
            ours = ours.replace(typed, "")
        for leftover in LEFTOVERS:
            assert leftover not in ours, f"{path}: {leftover} on the page"
        if whole:
            heads = [_words(one) for one in self.tree.iter(f"{NS}h1")]
            assert len(heads) == 1, f"{path}: h1 {heads}"
            title = _words(next(self.tree.iter(f"{NS}title")))
            bare = title.removeprefix("Error: ")
            assert bare.startswith(heads[0]), f"{path}: the title {title!r} does not begin with {heads[0]!r}"
            assert title.startswith("Error: ") == (self.status == 422), f"{path}: title {title!r} with status {self.status}"
            assert next(self.tree.iter(f"{NS}html")).get("lang")
        self._judge_elements(path, everything, set(ids), whole)

    def _judge_elements(self, path: str, everything: list[Element], ids: set[str], whole: bool) -> None:
        labelled = {one.get("for") for one in everything if one.tag == f"{NS}label"}
        wrapped = {id(inner) for one in everything if one.tag == f"{NS}label" for inner in one.iter()}
        for one in everything:
            if not isinstance(one.tag, str):
                continue
            tag = one.tag.removeprefix(NS)
            assert not one.get("style"), f"{path}: inline style on {tag}"
            assert not [name for name in one.attrib if name.startswith("on")], f"{path}: inline script on {tag}"
            if tag == "style" or (tag == "script" and not one.get("src")):
                raise AssertionError(f"{path}: inline {tag}")
            if tag in ("input", "select", "textarea") and one.get("type") not in ("hidden", "submit"):
                named = one.get("id") in labelled or one.get("aria-label") or one.get("aria-labelledby") or id(one) in wrapped
                assert named, f"{path}: {tag} {one.get('name')} has no label"
            if tag in ("a", "button"):
                assert _words(one) or one.get("aria-label"), f"{path}: {tag} without words: {one.attrib}"
                assert not one.get("href", "").lower().startswith(("javascript:", "data:", "vbscript:")), f"{path}: {one.get('href')}"
            if tag == "img":
                assert one.get("alt") is not None and one.get("width"), f"{path}: img {one.get('src')}"
            if tag == "form" and one.get("method", "").lower() == "post":
                assert "csrf_token" in self._names(one), f"{path}: form {one.get('action')} without token"
            if whole:
                for attribute in ("aria-describedby", "aria-labelledby", "for"):
                    for target in one.get(attribute, "").split():
                        assert target in ids, f"{path}: {attribute}={target} leads nowhere"
                if one.get("href", "").startswith("#"):
                    assert one.get("href")[1:] in ids, f"{path}: {one.get('href')} leads nowhere"
        assert len([one for one in everything if one.get("autofocus") is not None]) <= 1, f"{path}: two autofocus"

    def _form(self, button: str | None, action: str | None) -> Element:
        found = [
            one
            for one in self.forms()
            if (action is None or (one.get("action") or self.path) == action)
            and (button is None or any(_words(inner) == button for inner in one.iter(f"{NS}button")))
        ]
        assert found, f"{self.path}: no form with {button or action}; buttons: {[_words(one) for one in self.tree.iter(f'{NS}button')]}"
        return found[0]

    @staticmethod
    def _names(form: Element) -> set[str]:
        return {one.get("name") for one in form.iter() if isinstance(one.tag, str) and one.get("name")}

    @staticmethod
    def _values(form: Element) -> dict[str, Any]:
        """What a browser would send untouched: checked boxes, chosen options, typed text."""
        values: dict[str, Any] = {}
        for one in form.iter():
            name = one.get("name") if isinstance(one.tag, str) else None
            if not name:
                continue
            tag, kind = one.tag.removeprefix(NS), one.get("type", "text")
            if tag == "input" and kind in ("checkbox", "radio"):
                if one.get("checked") is not None:
                    values[name] = one.get("value", "on")
            elif tag == "input" and kind != "file":
                values[name] = one.get("value", "")
            elif tag == "textarea":
                values[name] = (one.text or "").removeprefix("\n")
            elif tag == "select":
                options = list(one.iter(f"{NS}option"))
                chosen = [option for option in options if option.get("selected") is not None] or options[:1]
                if chosen:
                    values[name] = chosen[0].get("value", _words(chosen[0]))
        return values

    def said(self) -> str:
        """What the page says of a problem, for messages of tests."""
        found = re.findall(r'(?s)class="govuk-error-(?:message|summary)".*?</(?:p|div)>|<h1.*?</p>', self.text)
        return " ".join(re.sub(r"<[^>]+>", " ", " ".join(found)).split())[:400] or self.text[:200]


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
