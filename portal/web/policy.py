"""Deny by default: every route names who may use it, and an unnamed one answers nobody.

The predicates themselves live in one table in `people/access.py`; this file only asks.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_login import current_user
from flask_wtf import CSRFProtect

from portal.errors import NotYours
from portal.web.pages import see_other
from portal.words import _

View = TypeVar("View", bound=Callable[..., Any])


def allow(predicate: str, *, acts_by_get: bool = False, without_token: bool = False) -> Callable[[View], View]:
    """Name the predicate that opens this view. `allow("anyone")` is said as loudly as any other.

    `acts_by_get` marks the very few pages whose GET may write (a session's heartbeat does not count).
    `without_token` marks those that are sent by no page of ours, and therefore without a page's CSRF token: what they do hangs on a
    secret in their address.
    """

    def mark(view: View) -> View:
        view.policy = predicate  # type: ignore[attr-defined]
        view.acts_by_get = acts_by_get  # type: ignore[attr-defined]
        view.without_token = without_token  # type: ignore[attr-defined]
        return view

    return mark


def may(predicate: str, target: object = None) -> bool:
    """Whether the person of this request may; also `current_user.can(...)` in templates."""
    return bool(current_user.can(predicate, target))


def require(predicate: str, target: object = None) -> None:
    """Refuse like a missing thing when the person may not. For objects; routes use `allow`."""
    if not may(predicate, target):
        raise NotYours(_("We cannot find that page."))


def exempt(app: Flask, csrf: CSRFProtect) -> None:
    """Take the views that say `without_token` out of the CSRF check."""
    for view in app.view_functions.values():
        if getattr(view, "without_token", False):
            csrf.exempt(view)


def install(app: Flask) -> None:
    """Judge each request before its view runs."""

    @app.before_request
    def judge() -> Any:
        if request.endpoint is None:
            return None  # 404 and 405 answer for themselves
        if request.endpoint == "static":
            return None
        view = current_app.view_functions[request.endpoint]
        predicate = getattr(view, "policy", None)
        if predicate is None:
            raise RuntimeError(f"{request.endpoint} has no policy")
        if may(predicate):
            return None
        if not current_user.is_authenticated:
            if request.method == "GET":
                from urllib.parse import quote

                return see_other("/people/sign-in?next=" + quote(request.full_path.rstrip("?")))
            return see_other("/people/sign-in")
        raise NotYours(_("This page is for other people in the scheme."))
