"""Headers that tell the browser what this site never does."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_login import current_user
from flask_talisman import Talisman
from werkzeug.routing import RequestRedirect

from portal.links import path_without_key

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": ["'self'", "data:", "blob:"],  # blob: the preview of a photo before it is sent
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
}


class _Headers(Talisman):
    def _set_referrer_policy_headers(self, headers: Any) -> None:
        headers.setdefault("Referrer-Policy", self.referrer_policy)  # a page behind a secret link says "no-referrer" itself


def install(app: Flask, https: bool) -> None:
    """Talisman for the headers; our own rule for what may be kept in caches."""
    _Headers(
        app,
        force_https=False,  # the proxy does this; behind it we only see http
        strict_transport_security=https,
        strict_transport_security_max_age=63_072_000,
        strict_transport_security_include_subdomains=True,
        content_security_policy=POLICY,
        referrer_policy="strict-origin-when-cross-origin" if not https else "same-origin",
        frame_options="DENY",
        session_cookie_secure=https,
        session_cookie_http_only=True,
        session_cookie_samesite="Lax",
        permissions_policy=dict.fromkeys(("geolocation", "microphone", "camera", "payment", "usb", "browsing-topics"), "()"),
    )

    @app.after_request
    def slashes_lead_nowhere_else(response: Response) -> Response:
        """A missing slash is added by a redirect to the host that the sender wrote, which may be anybody's: keep the path only."""
        if isinstance(request.routing_exception, RequestRedirect):
            response.headers["Location"] = urlsplit(request.routing_exception.new_url)._replace(scheme="", netloc="").geturl()
            response.set_data(b"")
        return response

    @app.after_request
    def private_pages_are_not_kept(response: Response) -> Response:
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        keyed = path_without_key(request.path) != request.path  # behind a link that is a key
        private = keyed or g.get("private", current_user.is_authenticated)  # a view may say that what it answers is the same for everybody
        if keyed:
            response.headers["Referrer-Policy"] = "no-referrer"
        if request.endpoint != "static" and (private or response.status_code >= 400):
            response.headers["Cache-Control"] = "no-store"
        return response
